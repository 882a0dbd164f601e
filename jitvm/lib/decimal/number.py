"""Decimal: a sign, a coefficient as an int, and an exponent; infinities and NaNs are a kind of their own."""

from _jitvm import decimal_quantize as _quantize

from . import context as _c
from .context import (BY_ZERO, CLAMPED, FLOAT, INEXACT, INVALID, OVERFLOW, ROUNDED, SUBNORMAL, UNDERFLOW,
                      ConversionSyntax, ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, getcontext)
from .parsing import _INF, _QNAN, _SNAN, _from_tuple, _parse
from .rounding import POWERS, digits, power10, rounds_up, to_text

_new_object = object.__new__
_HASH_MODULUS = (1 << 61) - 1
_HASH_TENTH = pow(10, _HASH_MODULUS - 2, _HASH_MODULUS)


def make(sign, coefficient, exponent, kind=0):
    number = _new_object(Decimal)
    number._sign = sign
    number._int = coefficient
    number._exp = exponent
    number._kind = kind
    return number


def invalid(context, condition=None):
    context.signal(INVALID, condition)
    return make(0, 0, 0, _QNAN)


def nan_of(a, b, context):
    """The NaN that an operation on a NaN gives; None if neither is one."""
    ka, kb = a._kind, b._kind
    if ka < 2 and kb < 2:
        return None
    if ka == _SNAN or kb == _SNAN:
        signalling = a if ka == _SNAN else b
        context.signal(INVALID)
        return _shortened(make(signalling._sign, signalling._int, 0, _QNAN), context)
    return _shortened(a if ka == _QNAN else b, context)


def _shortened(nan, context):
    """The NaN with no more digits than the context has."""
    if nan._int:
        limit = power10(context.prec - context.clamp)
        if nan._int >= limit:
            return make(nan._sign, nan._int % limit, 0, _QNAN)
    return nan


def to_decimal(value):
    """An operand as a Decimal, or None."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return make(1, -int(value), 0) if value < 0 else make(0, int(value), 0)
    return None


def operand(value):
    number = to_decimal(value)
    if number is None:
        raise TypeError('conversion from %s to Decimal is not supported' % type(value).__name__)
    return number


def _from_float(value):
    if value != value:
        return make(0, 0, 0, _QNAN)
    sign = 1 if str(value)[0] == '-' else 0
    if value in (float('inf'), float('-inf')):
        return make(sign, 0, 0, _INF)
    numerator, denominator = abs(value).as_integer_ratio()
    twos = denominator.bit_length() - 1
    return make(sign, numerator * 5 ** twos, -twos)


class Decimal:
    __slots__ = ('_sign', '_int', '_exp', '_kind')

    def __new__(cls, value='0', context=None):
        if isinstance(value, str):
            parts = _parse(value)
            if parts is None:
                number = invalid(context or getcontext(), ConversionSyntax)
                parts = number._sign, number._int, number._exp, number._kind
        elif isinstance(value, int):
            parts = (1, -int(value), 0, 0) if value < 0 else (0, int(value), 0, 0)
        elif isinstance(value, Decimal):
            if cls is Decimal and type(value) is Decimal:
                return value
            parts = value._sign, value._int, value._exp, value._kind
        elif isinstance(value, (tuple, list)):
            parts = _from_tuple(value)
        elif isinstance(value, float):
            (context or getcontext()).signal(FLOAT)
            number = _from_float(value)
            parts = number._sign, number._int, number._exp, number._kind
        else:
            raise TypeError('conversion from %s to Decimal is not supported' % type(value).__name__)
        number = _new_object(cls)
        number._sign, number._int, number._exp, number._kind = parts
        return number

    @classmethod
    def from_float(cls, value, /):
        if isinstance(value, int):
            return cls(value)
        if not isinstance(value, float):
            raise TypeError('argument must be int or float')
        number = _from_float(value)
        return number if cls is Decimal else cls(number)

    # --- text -------------------------------------------------------------------------------------------------------

    def _text(self, capitals=1, engineering=False):
        sign = '-' if self._sign else ''
        kind = self._kind
        if kind:
            if kind == _INF:
                return sign + 'Infinity'
            return sign + ('NaN' if kind == _QNAN else 'sNaN') + (to_text(self._int) if self._int else '')
        text = to_text(self._int)
        exponent = self._exp
        if exponent == 0 and not engineering:
            return sign + text
        left = exponent + len(text)
        if exponent <= 0 and left > -6:
            point = left
        elif not engineering:
            point = 1
        elif text == '0':
            point = (left + 1) % 3 - 1
        else:
            point = (left - 1) % 3 + 1
        if point <= 0:
            body = '0.' + '0' * -point + text
        elif point >= len(text):
            body = text + '0' * (point - len(text))
        else:
            body = text[:point] + '.' + text[point:]
        if left != point:
            body += '%s%+d' % ('E' if capitals else 'e', left - point)
        return sign + body

    def __str__(self):
        # The most frequent shape, without the general rules.
        exponent = self._exp
        if not self._kind and -7 < exponent < 0 and self._int < 1000000000000000000:
            text = str(self._int)
            if len(text) <= -exponent:
                text = '0' * (1 - exponent - len(text)) + text
            text = text[:exponent] + '.' + text[exponent:]
            return '-' + text if self._sign else text
        return self._text(getcontext().capitals)

    def __repr__(self):
        return "Decimal('%s')" % self._text(getcontext().capitals)

    def to_eng_string(self, context=None):
        return self._text((context or getcontext()).capitals, True)

    def __format__(self, specification):
        from .formatting import format_decimal
        return format_decimal(self, specification)

    # --- what it is -------------------------------------------------------------------------------------------------

    def as_tuple(self):
        from collections import namedtuple
        global _DecimalTuple
        if _DecimalTuple is None:
            _DecimalTuple = namedtuple('DecimalTuple', 'sign digits exponent', module='decimal')
        if self._kind == _INF:
            return _DecimalTuple(self._sign, (0,), 'F')
        text = '' if self._kind and not self._int else to_text(self._int)
        exponent = self._exp if not self._kind else 'n' if self._kind == _QNAN else 'N'
        return _DecimalTuple(self._sign, tuple([int(digit) for digit in text]), exponent)

    def as_integer_ratio(self):
        if self._kind:
            if self._kind == _INF:
                raise OverflowError('cannot convert Infinity to integer ratio')
            raise ValueError('cannot convert NaN to integer ratio')
        numerator, denominator = self._int, 1
        if self._exp >= 0:
            numerator *= power10(self._exp)
        else:
            from math import gcd
            denominator = power10(-self._exp)
            common = gcd(numerator, denominator)
            numerator //= common
            denominator //= common
        return -numerator if self._sign else numerator, denominator

    def is_nan(self):
        return self._kind > 1

    def is_qnan(self):
        return self._kind == _QNAN

    def is_snan(self):
        return self._kind == _SNAN

    def is_infinite(self):
        return self._kind == _INF

    def is_finite(self):
        return self._kind == 0

    def is_signed(self):
        return self._sign == 1

    def is_zero(self):
        return self._kind == 0 and self._int == 0

    def is_canonical(self):
        return True

    def canonical(self):
        return self

    def is_normal(self, context=None):
        return not self._kind and self._int != 0 and self.adjusted() >= (context or getcontext()).Emin

    def is_subnormal(self, context=None):
        return not self._kind and self._int != 0 and self.adjusted() < (context or getcontext()).Emin

    def number_class(self, context=None):
        if self._kind > 1:
            return 'NaN' if self._kind == _QNAN else 'sNaN'
        sign = '-' if self._sign else '+'
        if self._kind:
            return sign + 'Infinity'
        if not self._int:
            return sign + 'Zero'
        return sign + ('Subnormal' if self.is_subnormal(context) else 'Normal')

    def adjusted(self):
        return 0 if self._kind else self._exp + digits(self._int) - 1

    def radix(self):
        return make(0, 10, 0)

    @property
    def real(self):
        return self

    @property
    def imag(self):
        return make(0, 0, 0)

    def conjugate(self):
        return self

    def __bool__(self):
        return self._kind != 0 or self._int != 0

    def __hash__(self):
        if self._kind:
            if self._kind == _SNAN:
                raise TypeError('Cannot hash a signaling NaN value')
            if self._kind == _QNAN:
                return object.__hash__(self)
            return -314159 if self._sign else 314159
        power = pow(10, self._exp, _HASH_MODULUS) if self._exp >= 0 else pow(_HASH_TENTH, -self._exp, _HASH_MODULUS)
        value = self._int * power % _HASH_MODULUS
        if self._sign:
            value = -value
        return -2 if value == -1 else value

    def __reduce__(self):
        return Decimal, (str(self),)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    # --- conversions ------------------------------------------------------------------------------------------------

    def _whole(self):
        if self._kind:
            if self._kind == _INF:
                raise OverflowError('cannot convert Infinity to integer')
            raise ValueError('cannot convert NaN to integer')

    def __int__(self):
        self._whole()
        value = self._int * power10(self._exp) if self._exp >= 0 else self._int // power10(-self._exp)
        return -value if self._sign else value

    __trunc__ = __int__

    def _rounded_int(self, mode):
        self._whole()
        number = self._at(0, mode)
        value = number._int * power10(number._exp)
        return -value if self._sign else value

    def __floor__(self):
        return self._rounded_int(ROUND_FLOOR)

    def __ceil__(self):
        return self._rounded_int(ROUND_CEILING)

    def __round__(self, n=None):
        if n is None:
            return self._rounded_int(ROUND_HALF_EVEN)
        return self.quantize(make(0, 1, -n))

    def __float__(self):
        if self._kind > 1:
            if self._kind == _SNAN:
                raise ValueError('cannot convert signaling NaN to float')
            return float('-nan' if self._sign else 'nan')
        return float(self._text())

    def __complex__(self):
        return complex(float(self))

    # --- comparison -------------------------------------------------------------------------------------------------

    def _order(self, other):
        """-1, 0, 1 of numbers that are no NaNs."""
        if self._kind or other._kind:
            a = (-1 if self._sign else 1) if self._kind else 0
            b = (-1 if other._sign else 1) if other._kind else 0
            return (a > b) - (a < b)
        x, y = self._int, other._int
        if not x or not y:
            a = 0 if not x else -1 if self._sign else 1
            b = 0 if not y else -1 if other._sign else 1
            return (a > b) - (a < b)
        if self._sign != other._sign:
            return -1 if self._sign else 1
        difference = self._exp - other._exp
        if difference:
            a, b = self._exp + digits(x), other._exp + digits(y)
            if a != b:
                return ((a > b) - (a < b)) * (-1 if self._sign else 1)
            if difference > 0:
                x *= power10(difference)
            else:
                y *= power10(-difference)
        return ((x > y) - (x < y)) * (-1 if self._sign else 1)

    def _comparable(self, other, equality=False):
        if isinstance(other, Decimal):
            return other
        if isinstance(other, float):
            context = getcontext()
            if equality:
                context._flags |= FLOAT
            else:
                context.signal(FLOAT)
            return _from_float(other)
        number = to_decimal(other)
        if number is None and equality and isinstance(other, complex) and other.imag == 0:
            return _from_float(other.real)
        return number

    def __eq__(self, other):
        other = self._comparable(other, True)
        if other is None:
            return NotImplemented
        if self._kind > 1 or other._kind > 1:
            if self._kind == _SNAN or other._kind == _SNAN:
                getcontext().signal(INVALID)
            return False
        return self._order(other) == 0

    def _ordered(self, other):
        """The order as a number; None among NaNs; NotImplemented."""
        other = self._comparable(other)
        if other is None:
            return NotImplemented
        if self._kind > 1 or other._kind > 1:
            getcontext().signal(INVALID)
            return None
        return self._order(other)

    def __lt__(self, other):
        order = self._ordered(other)
        return order if order is NotImplemented else order is not None and order < 0

    def __le__(self, other):
        order = self._ordered(other)
        return order if order is NotImplemented else order is not None and order <= 0

    def __gt__(self, other):
        order = self._ordered(other)
        return order if order is NotImplemented else order is not None and order > 0

    def __ge__(self, other):
        order = self._ordered(other)
        return order if order is NotImplemented else order is not None and order >= 0

    def compare(self, other, context=None):
        context = context or getcontext()
        other = operand(other)
        nan = nan_of(self, other, context)
        if nan is not None:
            return nan
        order = self._order(other)
        return make(1 if order < 0 else 0, abs(order), 0)

    def compare_signal(self, other, context=None):
        context = context or getcontext()
        other = operand(other)
        if self._kind > 1 or other._kind > 1:
            context.signal(INVALID)
        return self.compare(other, context)

    def compare_total(self, other, context=None):
        other = operand(other)
        if self._sign != other._sign:
            return make(self._sign, 1, 0)
        rank = (self._kind > 1) * self._kind, (other._kind > 1) * other._kind
        # A signalling NaN is below a quiet one.
        rank = tuple([{0: 0, _SNAN: 1, _QNAN: 2}[kind] for kind in rank])
        if rank[0] or rank[1]:
            a, b = (rank[0], self._int if rank[0] else 0), (rank[1], other._int if rank[1] else 0)
            order = (a > b) - (a < b)
        else:
            order = self._order(other) * (-1 if self._sign else 1)
            if order == 0 and not self._kind:
                order = (self._exp > other._exp) - (self._exp < other._exp)
        if self._sign:
            order = -order
        return make(1 if order < 0 else 0, abs(order), 0)

    def compare_total_mag(self, other, context=None):
        return self.copy_abs().compare_total(operand(other).copy_abs())

    def _extreme(self, other, context, wanted, magnitudes=False):
        context = context or getcontext()
        other = operand(other)
        if self._kind > 1 or other._kind > 1:
            if self._kind == _QNAN and other._kind < 2:
                return other._fixed(context)
            if other._kind == _QNAN and self._kind < 2:
                return self._fixed(context)
            return nan_of(self, other, context)
        a, b = (self.copy_abs(), other.copy_abs()) if magnitudes else (self, other)
        order = a._order(b) or int(self.compare_total(other))
        return (self if order * wanted >= 0 else other)._fixed(context)

    def max(self, other, context=None):
        return self._extreme(other, context, 1)

    def min(self, other, context=None):
        return self._extreme(other, context, -1)

    def max_mag(self, other, context=None):
        return self._extreme(other, context, 1, True)

    def min_mag(self, other, context=None):
        return self._extreme(other, context, -1, True)

    def same_quantum(self, other, context=None):
        other = operand(other)
        if self._kind or other._kind:
            return self._kind == other._kind or self._kind > 1 and other._kind > 1
        return self._exp == other._exp

    # --- signs ------------------------------------------------------------------------------------------------------

    def copy_abs(self):
        return make(0, self._int, self._exp, self._kind)

    def copy_negate(self):
        return make(1 - self._sign, self._int, self._exp, self._kind)

    def copy_sign(self, other, context=None):
        return make(operand(other)._sign, self._int, self._exp, self._kind)

    def _fixed(self, context):
        """This number rounded to the context."""
        if self._kind:
            return nan_of(self, self, context) if self._kind > 1 else self
        return fix(self._sign, self._int, self._exp, context)

    def __neg__(self, context=None):
        context = context or getcontext()
        if self._kind > 1:
            return nan_of(self, self, context)
        if not self._kind and not self._int:
            return fix(1 if context.rounding == ROUND_FLOOR else 0, 0, self._exp, context)
        return make(1 - self._sign, self._int, self._exp, self._kind)._fixed(context)

    def __pos__(self, context=None):
        context = context or getcontext()
        if not self._kind and not self._int:
            return fix(1 if context.rounding == ROUND_FLOOR and self._sign else 0, 0, self._exp, context)
        return self._fixed(context)

    def __abs__(self, round=True, context=None):
        context = context or getcontext()
        if self._kind > 1:
            return nan_of(self, self, context)
        return self.copy_abs()._fixed(context)

    # --- the operators ----------------------------------------------------------------------------------------------

    def __add__(self, other):
        if type(other) is not Decimal:
            other = to_decimal(other)
            if other is None:
                return NotImplemented
        return add(self, other, other._sign, getcontext())

    __radd__ = __add__

    def __sub__(self, other):
        if type(other) is not Decimal:
            other = to_decimal(other)
            if other is None:
                return NotImplemented
        return add(self, other, 1 - other._sign, getcontext())

    def __rsub__(self, other):
        other = to_decimal(other)
        return NotImplemented if other is None else other - self

    def __mul__(self, other):
        if type(other) is not Decimal:
            other = to_decimal(other)
            if other is None:
                return NotImplemented
        return multiply(self, other, getcontext())

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = to_decimal(other)
        return NotImplemented if other is None else divide(self, other, getcontext())

    def __rtruediv__(self, other):
        other = to_decimal(other)
        return NotImplemented if other is None else divide(other, self, getcontext())

    def __floordiv__(self, other):
        other = to_decimal(other)
        return NotImplemented if other is None else divide_whole(self, other, getcontext())[0]

    def __rfloordiv__(self, other):
        other = to_decimal(other)
        return NotImplemented if other is None else other // self

    def __mod__(self, other):
        other = to_decimal(other)
        return NotImplemented if other is None else divide_whole(self, other, getcontext(), 1)[1]

    def __rmod__(self, other):
        other = to_decimal(other)
        return NotImplemented if other is None else other % self

    def __divmod__(self, other):
        other = to_decimal(other)
        return NotImplemented if other is None else divide_whole(self, other, getcontext(), 2)

    def __rdivmod__(self, other):
        other = to_decimal(other)
        return NotImplemented if other is None else divmod(other, self)

    def __pow__(self, other, modulo=None):
        other = to_decimal(other)
        if other is None:
            return NotImplemented
        from .functions import power
        return power(self, other, modulo, getcontext())

    def __rpow__(self, other):
        other = to_decimal(other)
        return NotImplemented if other is None else other ** self

    # --- rounding ---------------------------------------------------------------------------------------------------

    def _at(self, exponent, mode):
        """A finite number with this exponent, however many digits that takes."""
        drop = exponent - self._exp
        if drop <= 0:
            return make(self._sign, self._int * power10(-drop), exponent)
        unit = power10(drop)
        kept, rest = divmod(self._int, unit)
        if rest and rounds_up(self._sign, kept, rest, unit, mode):
            kept += 1
        return make(self._sign, kept, exponent)

    def quantize(self, exp, rounding=None, context=None):
        number = _quantize(self, exp, rounding, context)
        if number is not None:
            return number
        if context is None:
            context = getcontext()
        if rounding is None:
            rounding = context.rounding
        elif rounding not in _c._ROUNDINGS:
            raise TypeError('valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n'
                            '   ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   ROUND_05UP]')
        if type(exp) is not Decimal:
            exp = operand(exp)
        if self._kind or exp._kind:
            nan = nan_of(self, exp, context)
            if nan is not None:
                return nan
            return self if self._kind and exp._kind else invalid(context)
        wanted, drop = exp._exp, exp._exp - self._exp
        if not context.Emin - context.prec < wanted <= context.Emax:
            return invalid(context)
        coefficient = self._int
        bits = 0
        if drop > 0:
            bits = ROUNDED if coefficient else 0
            if drop < 64:
                unit = POWERS[drop]
                coefficient, rest = divmod(coefficient, unit)
            elif coefficient and drop > digits(coefficient):
                coefficient, rest, unit = 0, 1, 10
            else:
                unit = power10(drop)
                coefficient, rest = divmod(coefficient, unit)
            if rest:
                bits = ROUNDED | INEXACT
                if rounds_up(self._sign, coefficient, rest, unit, rounding):
                    coefficient += 1
        elif drop < 0 and coefficient:
            if digits(coefficient) - drop > context.prec:
                return invalid(context)
            coefficient *= power10(-drop)
        if coefficient:
            count = digits(coefficient)
            if count > context.prec or wanted + count - 1 > context.Emax:
                return invalid(context)
            if wanted + count - 1 < context.Emin:
                bits |= SUBNORMAL
        if bits:
            context.signal(bits)
        if context.clamp:
            return fix(self._sign, coefficient, wanted, context)
        return make(self._sign, coefficient, wanted)

    def to_integral_value(self, rounding=None, context=None):
        context = context or getcontext()
        if self._kind:
            return nan_of(self, self, context) if self._kind > 1 else self
        if self._exp >= 0:
            return self
        return self._at(0, rounding or context.rounding)

    to_integral = to_integral_value

    def to_integral_exact(self, rounding=None, context=None):
        context = context or getcontext()
        result = self.to_integral_value(rounding, context)
        if not self._kind and self._exp < 0 and self._int:
            context.signal(ROUNDED | INEXACT if result._order(self) else ROUNDED)
        return result

    def normalize(self, context=None):
        context = context or getcontext()
        number = self._fixed(context)
        if number._kind:
            return number
        coefficient, exponent = number._int, number._exp
        if not coefficient:
            return make(number._sign, 0, 0)
        top = context.Emax - context.prec + 1 if context.clamp else context.Emax
        while exponent < top:
            shorter, rest = divmod(coefficient, 10)
            if rest:
                break
            coefficient = shorter
            exponent += 1
        return make(number._sign, coefficient, exponent)

    # --- the rest, by name ------------------------------------------------------------------------------------------

    def remainder_near(self, other, context=None):
        from . import functions
        return functions.remainder_near(self, operand(other), context or getcontext())

    def fma(self, other, third, context=None):
        context = context or getcontext()
        from . import functions
        return functions.fma(self, operand(other), operand(third), context)

    def sqrt(self, context=None):
        from . import functions
        return functions.sqrt(self, context or getcontext())

    def exp(self, context=None):
        from . import functions
        return functions.exp(self, context or getcontext())

    def ln(self, context=None):
        from . import functions
        return functions.ln(self, context or getcontext())

    def log10(self, context=None):
        from . import functions
        return functions.log10(self, context or getcontext())

    def logb(self, context=None):
        context = context or getcontext()
        if self._kind:
            return nan_of(self, self, context) if self._kind > 1 else make(0, 0, 0, _INF)
        if not self._int:
            context.signal(BY_ZERO)
            return make(1, 0, 0, _INF)
        return to_decimal(self.adjusted())._fixed(context)

    def scaleb(self, other, context=None):
        context = context or getcontext()
        other = operand(other)
        nan = nan_of(self, other, context)
        if nan is not None:
            return nan
        if other._kind or other._exp != 0 or other._int > 2 * (context.Emax + context.prec):
            return invalid(context)
        if self._kind:
            return self
        return fix(self._sign, self._int, self._exp + int(other), context)

    def _digits_of_bits(self, context):
        """The digits of a logical operand as a number of base 2, or None if it is none."""
        if self._kind or self._sign or self._exp != 0:
            return None
        digits = str(self._int)
        if len(digits) > context.prec or digits.strip("01"):
            return None
        return int(digits, 2)

    def _logical(self, other, context, operation):
        context = context or getcontext()
        a = self._digits_of_bits(context)
        b = operand(other)._digits_of_bits(context)
        if a is None or b is None:
            return invalid(context)
        return make(0, int(format(operation(a, b), "b")), 0)

    def logical_and(self, other, context=None):
        return self._logical(other, context, lambda a, b: a & b)

    def logical_or(self, other, context=None):
        return self._logical(other, context, lambda a, b: a | b)

    def logical_xor(self, other, context=None):
        return self._logical(other, context, lambda a, b: a ^ b)

    def logical_invert(self, context=None):
        context = context or getcontext()
        return self._logical(make(0, int("1" * context.prec), 0), context, lambda a, b: a ^ b)

    def _moved(self, other, context, move):
        """With its digits, as many as the context has, moved to the left."""
        context = context or getcontext()
        other = operand(other)
        nan = nan_of(self, other, context)
        if nan is not None:
            return nan
        if other._kind or other._exp != 0 or other._int > context.prec:
            return invalid(context)
        if self._kind:
            return self
        digits = str(self._int)[-context.prec:].rjust(context.prec, "0")
        return make(self._sign, int(move(digits, int(other))), self._exp)

    def rotate(self, other, context=None):
        return self._moved(other, context, lambda digits, by: digits[by:] + digits[:by])

    def shift(self, other, context=None):
        def move(digits, by):
            return (digits + "0" * by)[-len(digits):] if by >= 0 else digits[:by] or "0"
        return self._moved(other, context, move)

    def next_plus(self, context=None):
        from . import functions
        return functions.neighbour(self, 0, context or getcontext())

    def next_minus(self, context=None):
        from . import functions
        return functions.neighbour(self, 1, context or getcontext())

    def next_toward(self, other, context=None):
        context = context or getcontext()
        other = operand(other)
        nan = nan_of(self, other, context)
        if nan is not None:
            return nan
        order = self._order(other)
        if order == 0:
            return self.copy_sign(other)
        from . import functions
        result = functions.neighbour(self, 0 if order < 0 else 1, context)
        if result._kind:
            context.signal(OVERFLOW | INEXACT | ROUNDED)
        elif result.adjusted() < context.Emin:
            context.signal(UNDERFLOW | SUBNORMAL | INEXACT | ROUNDED | (0 if result._int else CLAMPED))
        return result


_DecimalTuple = None


# Last: it needs what is above.
from .arithmetic import add, divide, divide_whole, fix, multiply
