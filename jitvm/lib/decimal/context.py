"""Contexts of decimal arithmetic: precision, rounding, limits, and the signals with their flags and traps."""

ROUND_DOWN = 'ROUND_DOWN'
ROUND_HALF_UP = 'ROUND_HALF_UP'
ROUND_HALF_EVEN = 'ROUND_HALF_EVEN'
ROUND_CEILING = 'ROUND_CEILING'
ROUND_FLOOR = 'ROUND_FLOOR'
ROUND_UP = 'ROUND_UP'
ROUND_HALF_DOWN = 'ROUND_HALF_DOWN'
ROUND_05UP = 'ROUND_05UP'
_ROUNDINGS = (ROUND_UP, ROUND_DOWN, ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,
              ROUND_05UP)

MAX_PREC = 999999999999999999
MAX_EMAX = 999999999999999999
MIN_EMIN = -999999999999999999
MIN_ETINY = -1999999999999999997


class DecimalException(ArithmeticError):
    pass


class Clamped(DecimalException):
    pass


class InvalidOperation(DecimalException):
    pass


class ConversionSyntax(InvalidOperation):
    pass


class DivisionByZero(DecimalException, ZeroDivisionError):
    pass


class DivisionImpossible(InvalidOperation):
    pass


class DivisionUndefined(InvalidOperation, ZeroDivisionError):
    pass


class Inexact(DecimalException):
    pass


class InvalidContext(InvalidOperation):
    pass


class Rounded(DecimalException):
    pass


class Subnormal(DecimalException):
    pass


class Overflow(Inexact, Rounded):
    pass


class Underflow(Inexact, Rounded, Subnormal):
    pass


class FloatOperation(DecimalException, TypeError):
    pass


for _kind in (DecimalException, Clamped, InvalidOperation, ConversionSyntax, DivisionByZero, DivisionImpossible,
              DivisionUndefined, Inexact, InvalidContext, Rounded, Subnormal, Overflow, Underflow, FloatOperation):
    _kind.__module__ = 'decimal'
del _kind

# One bit per signal; the order is that in which trapped ones are raised.
_SIGNALS = (InvalidOperation, FloatOperation, DivisionByZero, Overflow, Underflow, Subnormal, Inexact, Rounded, Clamped)
_BITS = {signal: 1 << i for i, signal in enumerate(_SIGNALS)}
INVALID, FLOAT, BY_ZERO, OVERFLOW, UNDERFLOW, SUBNORMAL, INEXACT, ROUNDED, CLAMPED = _BITS.values()


class SignalDict:
    """The flags or the traps of a context as a mapping."""

    __slots__ = ('_context', '_name')

    def __init__(self, context, name):
        self._context = context
        self._name = name

    def _bits(self):
        return getattr(self._context, self._name)

    def __getitem__(self, signal):
        return bool(self._bits() & _bit(signal))

    def __setitem__(self, signal, value):
        bit = _bit(signal)
        setattr(self._context, self._name, self._bits() | bit if value else self._bits() & ~bit)

    def __delitem__(self, signal):
        raise ValueError('signal keys cannot be deleted')

    def __iter__(self):
        return iter(_SIGNALS)

    def __len__(self):
        return len(_SIGNALS)

    def __contains__(self, signal):
        return signal in _BITS

    def keys(self):
        return list(_SIGNALS)

    def values(self):
        return [self[signal] for signal in _SIGNALS]

    def items(self):
        return [(signal, self[signal]) for signal in _SIGNALS]

    def get(self, signal, default=None):
        return self[signal] if signal in _BITS else default

    def copy(self):
        return dict(self.items())

    def update(self, other):
        for signal in other:
            self[signal] = other[signal]

    def __eq__(self, other):
        if isinstance(other, SignalDict):
            return self._bits() == other._bits()
        if isinstance(other, dict):
            return self.copy() == other
        return NotImplemented

    def __repr__(self):
        return '{%s}' % ', '.join(['%r:%r' % item for item in self.items()])


def _bit(signal):
    bit = _BITS.get(signal)
    if bit is None:
        raise KeyError('invalid error flag')
    return bit


def _bits_of(signals):
    bits = 0
    if isinstance(signals, (dict, SignalDict)):
        signals = [signal for signal in signals if signals[signal]]
    for signal in signals:
        bits |= _bit(signal)
    return bits


def _checked(name, value, low, high):
    if not isinstance(value, int):
        raise TypeError("'%s' object cannot be interpreted as an integer" % type(value).__name__)
    if not low <= value <= high:
        shown = {'prec': '[1, MAX_PREC]', 'Emin': '[MIN_EMIN, 0]', 'Emax': '[0, MAX_EMAX]', 'capitals': '[0, 1]',
                 'clamp': '[0, 1]'}[name]
        if shown == '[0, 1]':
            raise ValueError('valid values for %s are 0 or 1' % name)
        raise ValueError('valid range for %s is %s' % (name, shown))
    return value


_RANGES = {'prec': (1, MAX_PREC), 'Emin': (MIN_EMIN, 0), 'Emax': (0, MAX_EMAX), 'capitals': (0, 1), 'clamp': (0, 1)}


class Context:
    def __init__(self, prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None,
                 traps=None):
        base = DefaultContext
        self.prec = base.prec if prec is None else prec
        self.rounding = base.rounding if rounding is None else rounding
        self.Emin = base.Emin if Emin is None else Emin
        self.Emax = base.Emax if Emax is None else Emax
        self.capitals = base.capitals if capitals is None else capitals
        self.clamp = base.clamp if clamp is None else clamp
        self._flags = 0 if flags is None else _bits_of(flags)
        self._traps = base._traps if traps is None else _bits_of(traps)

    def __setattr__(self, name, value):
        if name in _RANGES:
            _checked(name, value, *_RANGES[name])
        elif name == 'rounding':
            if value not in _ROUNDINGS:
                raise TypeError('valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n'
                                '   ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   ROUND_05UP]')
        elif name == 'flags':
            name, value = '_flags', _bits_of(value)
        elif name == 'traps':
            name, value = '_traps', _bits_of(value)
        elif name not in ('_flags', '_traps', '_outer'):
            raise AttributeError("'decimal.Context' object has no attribute '%s'" % name)
        object.__setattr__(self, name, value)

    @property
    def flags(self):
        return SignalDict(self, '_flags')

    @property
    def traps(self):
        return SignalDict(self, '_traps')

    def __repr__(self):
        names = [[signal.__name__ for signal in _SHOWN if bits & _BITS[signal]] for bits in (self._flags, self._traps)]
        return ('Context(prec=%d, rounding=%s, Emin=%d, Emax=%d, capitals=%d, clamp=%d, flags=[%s], traps=[%s])' % (
            self.prec, self.rounding, self.Emin, self.Emax, self.capitals, self.clamp, ', '.join(names[0]),
            ', '.join(names[1])))

    def Etiny(self):
        return self.Emin - self.prec + 1

    def Etop(self):
        return self.Emax - self.prec + 1

    def clear_flags(self):
        self._flags = 0

    def clear_traps(self):
        self._traps = 0

    def copy(self):
        other = object.__new__(Context)
        for name in ('prec', 'rounding', 'Emin', 'Emax', 'capitals', 'clamp', '_flags', '_traps'):
            object.__setattr__(other, name, getattr(self, name))
        return other

    __copy__ = copy

    def signal(self, bits, condition=None):
        """Sets flags and raises what is trapped of them; `condition` is the kind of invalid operation."""
        object.__setattr__(self, '_flags', self._flags | bits)
        trapped = bits & self._traps
        if trapped:
            signals = [signal for signal in _SIGNALS if trapped & _BITS[signal]]
            raised = signals[0]
            if condition is not None:
                signals[0] = condition
            raise raised(signals)


_SHOWN = (Clamped, InvalidOperation, DivisionByZero, Inexact, FloatOperation, Overflow, Rounded, Subnormal, Underflow)


class _Default:
    prec, rounding, Emin, Emax, capitals, clamp = 28, ROUND_HALF_EVEN, -999999, 999999, 1, 0
    _traps = INVALID | BY_ZERO | OVERFLOW


DefaultContext = _Default
DefaultContext = Context()
Context.__module__ = 'decimal'
BasicContext = Context(prec=9, rounding=ROUND_HALF_UP,
                       traps=[DivisionByZero, Overflow, InvalidOperation, Clamped, Underflow])
ExtendedContext = Context(prec=9, rounding=ROUND_HALF_EVEN, traps=[])

_current = None


def getcontext():
    global _current
    if _current is None:
        _current = DefaultContext.copy()
        _current._flags = 0
    return _current


def setcontext(context):
    global _current
    if not isinstance(context, Context):
        raise TypeError('optional argument must be a context')
    if context in (DefaultContext, BasicContext, ExtendedContext):
        context = context.copy()
        context.clear_flags()
    _current = context


class ContextManager:
    __module__ = "decimal"

    def __init__(self, context):
        self._new = context.copy()

    def __enter__(self):
        self._saved = getcontext()
        setcontext(self._new)
        return self._new

    def __exit__(self, exc_type, exc, tb):
        setcontext(self._saved)


def localcontext(ctx=None, **kwargs):
    if ctx is not None and not isinstance(ctx, Context):
        raise TypeError("optional argument must be a context")
    manager = ContextManager(getcontext() if ctx is None else ctx)
    for name, value in kwargs.items():
        if name not in ('prec', 'rounding', 'Emin', 'Emax', 'capitals', 'clamp', 'flags', 'traps'):
            raise TypeError("'%s' is an invalid keyword argument for this function" % name)
        setattr(manager._new, name, value)
    return manager
