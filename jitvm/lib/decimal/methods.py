"""The operations as methods of contexts: their operands may be ints, and they use that context."""

from _jitvm import decimal_quantize as _quickly

from . import functions, number
from .context import Context, ConversionSyntax
from .number import Decimal, invalid, make, operand
from .rounding import power10


def _binary(compute):
    def method(self, a, b, /):
        return compute(operand(a), operand(b), self)
    return method


Context.add = _binary(lambda a, b, context: number.add(a, b, b._sign, context))
Context.subtract = _binary(lambda a, b, context: number.add(a, b, 1 - b._sign, context))
Context.multiply = _binary(number.multiply)
Context.divide = _binary(number.divide)
Context.divide_int = _binary(lambda a, b, context: number.divide_whole(a, b, context)[0])
Context.remainder = _binary(lambda a, b, context: number.divide_whole(a, b, context, 1)[1])
Context.divmod = _binary(lambda a, b, context: number.divide_whole(a, b, context, 2))


def _power(self, a, b, modulo=None):
    return functions.power(operand(a), operand(b), modulo, self)


def _quantize(self, a, b, /):
    number = _quickly(a, b, None, self)
    if number is not None:
        return number
    if type(a) is not Decimal:
        a = operand(a)
    return a.quantize(b, None, self)


Context.power = _power
Context.quantize = _quantize


def _by_name(name, others):
    """A method of Decimal that takes so many other operands and the context."""
    plain = getattr(Decimal, name)

    if others == 0:
        def method(self, a, /):
            return plain(operand(a), context=self)
    elif others == 1:
        def method(self, a, b, /):
            return plain(operand(a), operand(b), context=self)
    else:
        def method(self, a, b, c, /):
            return plain(operand(a), operand(b), operand(c), context=self)
    method.__name__ = name
    setattr(Context, name, method)


for _name in ('sqrt', 'exp', 'ln', 'log10', 'logb', 'normalize', 'next_plus', 'next_minus', 'number_class', 'is_normal',
              'is_subnormal', 'to_integral_value', 'to_integral_exact', 'to_eng_string'):
    _by_name(_name, 0)
for _name in ('compare', 'compare_signal', 'compare_total', 'compare_total_mag', 'max', 'min', 'max_mag', 'min_mag',
              'next_toward', 'remainder_near', 'same_quantum', 'scaleb', 'copy_sign'):
    _by_name(_name, 1)
_by_name('fma', 2)
Context.to_integral = Context.to_integral_value
Context.plus = lambda self, a, /: operand(a).__pos__(self)
Context.minus = lambda self, a, /: operand(a).__neg__(self)
Context.abs = lambda self, a, /: operand(a).__abs__(True, self)
Context.copy_abs = lambda self, a, /: operand(a).copy_abs()
Context.copy_negate = lambda self, a, /: operand(a).copy_negate()
Context.copy_decimal = lambda self, a, /: operand(a)
Context.canonical = lambda self, a, /: operand(a)
Context.radix = lambda self: make(0, 10, 0)
Context.to_sci_string = lambda self, a, /: operand(a)._text(self.capitals)
for _name in ('is_nan', 'is_qnan', 'is_snan', 'is_infinite', 'is_finite', 'is_signed', 'is_zero', 'is_canonical'):
    setattr(Context, _name, (lambda plain: lambda self, a, /: plain(operand(a)))(getattr(Decimal, _name)))


def _create(self, value='0', /):
    if isinstance(value, str) and (value != value.strip() or '_' in value):
        return invalid(self, ConversionSyntax)
    number = Decimal(value, self)
    if number._kind > 1:
        if number._int >= power10(self.prec - self.clamp):
            return invalid(self, ConversionSyntax)
        return number
    return number._fixed(self)


def _create_from_float(self, value, /):
    return Decimal.from_float(value)._fixed(self)


Context.create_decimal = _create
Context.create_decimal_from_float = _create_from_float
