"""Powers, roots, logarithms and the rarer operations of decimals."""

from math import isqrt

from .context import BY_ZERO, DivisionImpossible, ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN
from .number import _INF, divide, fix, invalid, make, multiply, nan_of
from .rounding import digits, exp_of, ln10, ln_of, power10


def _even(context):
    """The context with the rounding of functions."""
    other = context.copy()
    other.rounding = ROUND_HALF_EVEN
    other._flags = 0
    return other


def _fix_even(sign, coefficient, exponent, context):
    used = _even(context)
    try:
        return fix(sign, coefficient, exponent, used)
    finally:
        context._flags |= used._flags


def _inexact(sign, coefficient, exponent, context):
    """A result of which only more digits than the precision are known: never exact."""
    return _fix_even(sign, coefficient * 10 + 1, exponent - 1, context)


def _decided(value, prec):
    """Whether a value with an error of some units is rounded to `prec` digits for certain."""
    unit = 5 * power10(max(digits(abs(value)) - prec - 1, 0))
    return digits(abs(value)) > prec + 2 and (value - 30) // unit == (value + 30) // unit


def sqrt(a, context):
    if a._kind or not a._int:
        if a._kind > 1:
            return nan_of(a, a, context)
        if not a._kind:
            return fix(a._sign, 0, a._exp >> 1, context)
        return invalid(context) if a._sign else a
    if a._sign:
        return invalid(context)
    ideal = a._exp >> 1
    coefficient, exponent = a._int, a._exp
    if exponent & 1:
        coefficient *= 10
        exponent -= 1
    shift = max(context.prec + 1 - (digits(coefficient) + 1) // 2, 0)
    scaled = coefficient * power10(2 * shift)
    root = isqrt(scaled)
    exponent = exponent // 2 - shift
    if root * root == scaled:
        while exponent < ideal:
            shorter, last = divmod(root, 10)
            if last:
                break
            root = shorter
            exponent += 1
    else:
        root = root * 10 + 1
        exponent -= 1
    return _fix_even(0, root, exponent, context)


def exp(a, context):
    if a._kind:
        if a._kind > 1:
            return nan_of(a, a, context)
        return make(0, 0, 0) if a._sign else a
    if not a._int:
        return make(0, 1, 0)
    adjusted = a.adjusted()
    if adjusted > 20:
        return _inexact(0, 1, -(10 ** 20) if a._sign else 10 ** 20, context)
    if adjusted < -context.prec - 1:
        nines = context.prec + 1
        return _inexact(0, power10(nines) - 1 if a._sign else power10(nines), -nines, context)
    places = context.prec + 8 + max(adjusted, 0)
    while True:
        shift = a._exp + places
        x = a._int * power10(shift) if shift >= 0 else a._int // power10(-shift)
        value, exponent = exp_of(-x if a._sign else x, places)
        if _decided(value, context.prec):
            return _inexact(0, value, exponent, context)
        places += places // 2


def _logarithm(a, context, exact, compute):
    if a._kind > 1:
        return nan_of(a, a, context)
    if not a._kind and not a._int:
        return make(1, 0, 0, _INF)
    if a._sign:
        return invalid(context)
    if a._kind:
        return a
    known = exact(a)
    if known is not None:
        return known
    # Of a number near 1 the logarithm is small: as many digits more.
    places = context.prec + 8
    while True:
        value = compute(a, places)
        if _decided(value, context.prec):
            return _inexact(1 if value < 0 else 0, abs(value), -places, context)
        places += max(context.prec - digits(abs(value)) + 8, places // 2)


def ln(a, context):
    def exact(a):
        return make(0, 0, 0) if a._int == power10(digits(a._int) - 1) and a.adjusted() == 0 else None

    return _logarithm(a, context, exact, lambda a, places: ln_of(a._int, a._exp, places))


def log10(a, context):
    def exact(a):
        if a._int != power10(digits(a._int) - 1):
            return None
        power = a.adjusted()
        return fix(1 if power < 0 else 0, abs(power), 0, context)

    def compute(a, places):
        work = places + 10
        return ln_of(a._int, a._exp, work) * power10(work) // ln10(work) // power10(10)

    return _logarithm(a, context, exact, compute)


def _is_whole(a):
    if a._exp >= 0 or not a._int:
        return True
    return -a._exp < digits(a._int) + 1 and a._int % power10(-a._exp) == 0


def power(a, b, modulo, context):
    if modulo is not None:
        return _power_modulo(a, b, modulo, context)
    nan = nan_of(a, b, context)
    if nan is not None:
        return nan
    if not b._kind and not b._int:
        return make(0, 1, 0) if a._kind or a._int else invalid(context)
    whole = not b._kind and _is_whole(b)
    odd = whole and (b._int * power10(b._exp) if b._exp >= 0 else b._int // power10(-b._exp)) & 1 == 1 \
        if whole and b._exp < 1 else False
    sign = a._sign if odd else 0
    if a._sign and not whole and (a._kind or a._int):
        if not (a._kind and b._kind):
            return invalid(context)
        if a._kind == _INF and b._kind == _INF:
            return make(0, 0, 0) if b._sign else make(0, 0, 0, _INF)
    if not a._kind and not a._int:
        return make(sign, 0, 0, _INF) if b._sign else make(sign, 0, 0)
    if a._kind:
        return make(sign, 0, 0) if b._sign else make(sign, 0, 0, _INF)
    if b._kind:
        order = a.copy_abs()._order(make(0, 1, 0))
        if order == 0:
            return _inexact_one(0, context)
        return make(0, 0, 0, _INF) if (order > 0) == (b._sign == 0) else make(0, 0, 0)
    if whole and b.adjusted() < 19:
        n = abs(int(b))
        if a._int == 1 and a._exp == 0:
            return make(sign, 1, 0)
        if digits(a._int) * n <= 4 * context.prec + 1000:
            coefficient, exponent = a._int ** n, a._exp * n
            if b._sign:
                return divide(make(0, 1, 0), make(sign, coefficient, exponent), context)
            return fix(sign, coefficient, exponent, context)
    if a._int == power10(digits(a._int) - 1) and a.adjusted() == 0:
        return _inexact_one(sign, context)
    extra = max(b.adjusted(), 0) + len(str(abs(a.adjusted()))) + 4
    places = context.prec + 12 + extra
    logarithm = ln_of(a._int, a._exp, places)
    if logarithm and digits(abs(logarithm)) < context.prec:
        places += context.prec - digits(abs(logarithm))
        logarithm = ln_of(a._int, a._exp, places)
    x = logarithm * b._int * (-1 if b._sign else 1)
    x = x * power10(b._exp) if b._exp >= 0 else x // power10(-b._exp)
    if digits(abs(x)) - places > 20:
        return _inexact(sign, 1, -(10 ** 20) if x < 0 else 10 ** 20, context)
    value, exponent = exp_of(x, places)
    # Rounded to the digits that are certain; never exact, so one digit more follows.
    value = (value + 5000) // 10000
    return fix(sign, value * 10 + 1, exponent + 3, context)


def _inexact_one(sign, context):
    from .context import INEXACT, ROUNDED
    context.signal(INEXACT | ROUNDED)
    return make(sign, power10(context.prec - 1), 1 - context.prec)


def _power_modulo(a, b, modulo, context):
    from .number import operand
    modulo = operand(modulo)
    for x in (a, b, modulo):
        if x._kind or x._exp < 0 and x._int % power10(-x._exp):
            return invalid(context)
    x, y, m = int(a), int(b), int(modulo)
    if y < 0 or m == 0 or x == 0 and y == 0:
        return invalid(context)
    value = pow(abs(x), y, abs(m))
    return make(1 if x < 0 and y & 1 else 0, value, 0)


def remainder_near(a, b, context):
    nan = nan_of(a, b, context)
    if nan is not None:
        return nan
    if a._kind or not b._kind and not b._int:
        return invalid(context)
    if b._kind:
        return a._fixed(context)
    exponent = min(a._exp, b._exp)
    if a._int and a.adjusted() - b.adjusted() > context.prec + 1:
        return invalid(context, DivisionImpossible)
    x, y = a._int * power10(a._exp - exponent), b._int * power10(b._exp - exponent)
    quotient, rest = divmod(x, y)
    sign = a._sign
    if 2 * rest + (quotient & 1) > y:
        rest -= y
        quotient += 1
    if digits(quotient) > context.prec:
        return invalid(context, DivisionImpossible)
    if rest < 0:
        sign, rest = 1 - sign, -rest
    return fix(sign, rest, exponent, context)


def fma(a, b, third, context):
    wide = context.copy()
    wide.prec = max(digits(a._int) + digits(b._int), 1)
    wide.Emax, wide.Emin, wide.clamp = 999999999999999999, -999999999999999999, 0
    wide._flags = 0
    try:
        product = multiply(a, b, wide)
    finally:
        context._flags |= wide._flags
    from .number import add
    return add(product, third, third._sign, context)


def neighbour(a, down, context):
    """The next number of the context above, or below."""
    if a._kind > 1:
        return nan_of(a, a, context)
    if a._kind:
        if a._sign == down:
            return a
        return make(a._sign, power10(context.prec) - 1, context.Etop())
    used = context.copy()
    used.rounding = ROUND_FLOOR if down else ROUND_CEILING
    used.clear_traps()
    rounded = a._fixed(used)
    if rounded._order(a):
        return rounded
    from .number import add
    return add(a, make(down, 1, context.Etiny() - 1), down, used)
