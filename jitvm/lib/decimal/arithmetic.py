"""Rounding results to a context; addition, multiplication and division of decimals."""

from .context import (BY_ZERO, CLAMPED, INEXACT, INVALID, OVERFLOW, ROUNDED, SUBNORMAL, UNDERFLOW, ROUND_05UP,
                      ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, DivisionImpossible, DivisionUndefined)
from .number import Decimal, invalid, make, nan_of
from .parsing import _INF, _QNAN
from .rounding import digits, power10, rounds_up

_new_object = object.__new__
_LONG = 1 << 4096


def fix(sign, coefficient, exponent, context):
    """A finite result rounded to the context."""
    prec = context.prec
    if coefficient == 0:
        low = context.Emin - prec + 1
        high = context.Emax - prec + 1 if context.clamp else context.Emax
        if not low <= exponent <= high:
            context.signal(CLAMPED)
            exponent = low if exponent < low else high
        return make(sign, 0, exponent)
    if coefficient > _LONG:
        # Counting its digits would take as long as computing it did; in a context of room for more it need not be exact.
        count = coefficient.bit_length() * 30102999566 // 100000000000
        if count < prec and context.Emin < exponent + count - 1 and exponent + count <= context.Emax and not context.clamp:
            return make(sign, coefficient, exponent)
    count = digits(coefficient)
    adjusted = exponent + count - 1
    if count <= prec and context.Emin <= adjusted <= context.Emax and not context.clamp:
        number = _new_object(Decimal)
        number._sign = sign
        number._int = coefficient
        number._exp = exponent
        number._kind = 0
        return number
    tiny = context.Emin - prec + 1
    top = context.Emax - prec + 1
    bits = 0
    lowest = exponent + count - prec
    if lowest > top:
        return _overflow(sign, context)
    subnormal = adjusted < context.Emin
    if subnormal:
        bits = SUBNORMAL
    if lowest < tiny:
        lowest = tiny
    if exponent < lowest:
        bits |= ROUNDED
        drop = lowest - exponent
        if drop > count + 1:
            kept, rest, unit = 0, 1, 10
        else:
            unit = power10(drop)
            kept, rest = divmod(coefficient, unit)
        if rest:
            bits |= INEXACT | UNDERFLOW if subnormal else INEXACT
            if rounds_up(sign, kept, rest, unit, context.rounding):
                kept += 1
                if digits(kept) > prec:
                    kept //= 10
                    lowest += 1
                    if lowest > top:
                        return _overflow(sign, context)
        coefficient, exponent = kept, lowest
        if not coefficient:
            bits |= CLAMPED
    if context.clamp and exponent > top:
        bits |= CLAMPED
        coefficient *= power10(exponent - top)
        exponent = top
    if bits:
        context.signal(bits)
    return make(sign, coefficient, exponent)


def _overflow(sign, context):
    context.signal(OVERFLOW | INEXACT | ROUNDED)
    mode = context.rounding
    if mode in (ROUND_DOWN, ROUND_05UP) or mode == (ROUND_FLOOR if sign == 0 else ROUND_CEILING):
        return make(sign, power10(context.prec) - 1, context.Emax - context.prec + 1)
    return make(sign, 0, 0, _INF)


def add(a, b, b_sign, context):
    """a + b with another sign of b."""
    if a._kind or b._kind:
        nan = nan_of(a, b, context)
        if nan is not None:
            return nan
        if a._kind and b._kind and a._sign != b_sign:
            return invalid(context)
        return make(a._sign, 0, 0, _INF) if a._kind else make(b_sign, 0, 0, _INF)
    x, y = a._int, b._int
    exponent = a._exp
    difference = exponent - b._exp
    if difference:
        if difference > 64 or difference < -64:
            x, y, exponent = _aligned(x, a._exp, y, b._exp, context)
        elif difference > 0:
            x *= power10(difference)
            exponent = b._exp
        else:
            y *= power10(-difference)
    sign = a._sign
    if sign == b_sign:
        return fix(sign, x + y, exponent, context)
    x -= y
    if x > 0:
        return fix(sign, x, exponent, context)
    if x < 0:
        return fix(b_sign, -x, exponent, context)
    return fix(1 if context.rounding == ROUND_FLOOR else 0, 0, exponent, context)


def _aligned(x, x_exponent, y, y_exponent, context):
    """Both coefficients at one exponent; of one far below the last digit of the result only that it is there."""
    if x and y:
        large_x = x_exponent > y_exponent
        if large_x:
            lowest = min(x_exponent + digits(x) - context.prec, x_exponent) - 3
            if y_exponent + digits(y) < lowest:
                y, y_exponent = 1, lowest
        else:
            lowest = min(y_exponent + digits(y) - context.prec, y_exponent) - 3
            if x_exponent + digits(x) < lowest:
                x, x_exponent = 1, lowest
    elif x or y:
        # A zero only asks for its exponent, as far as the precision goes.
        if x and y_exponent < x_exponent:
            y_exponent = max(y_exponent, x_exponent + digits(x) - context.prec - 1)
            y_exponent = min(y_exponent, x_exponent)
        elif y and x_exponent < y_exponent:
            x_exponent = min(max(x_exponent, y_exponent + digits(y) - context.prec - 1), y_exponent)
        elif x:
            return x, 0, x_exponent
        else:
            return 0, y, y_exponent
    exponent = min(x_exponent, y_exponent)
    if not x and not y:
        return 0, 0, exponent
    return x * power10(x_exponent - exponent), y * power10(y_exponent - exponent), exponent


def multiply(a, b, context):
    sign = a._sign ^ b._sign
    if a._kind or b._kind:
        nan = nan_of(a, b, context)
        if nan is not None:
            return nan
        return make(sign, 0, 0, _INF) if a and b else invalid(context)
    return fix(sign, a._int * b._int, a._exp + b._exp, context)


def divide(a, b, context):
    sign = a._sign ^ b._sign
    if a._kind or b._kind:
        nan = nan_of(a, b, context)
        if nan is not None:
            return nan
        if a._kind:
            return invalid(context) if b._kind else make(sign, 0, 0, _INF)
        context.signal(CLAMPED)
        return make(sign, 0, context.Etiny())
    x, y = a._int, b._int
    if not y:
        if not x:
            return invalid(context, DivisionUndefined)
        context.signal(BY_ZERO)
        return make(sign, 0, 0, _INF)
    ideal = a._exp - b._exp
    if not x:
        return fix(sign, 0, ideal, context)
    shift = digits(y) - digits(x) + context.prec + 1
    exponent = ideal - shift
    if shift >= 0:
        quotient, rest = divmod(x * power10(shift), y)
    else:
        quotient, rest = divmod(x, y * power10(-shift))
    if rest:
        # One digit more says that something follows.
        quotient = quotient * 10 + 1
        exponent -= 1
    else:
        while exponent < ideal:
            shorter, last = divmod(quotient, 10)
            if last:
                break
            quotient = shorter
            exponent += 1
    return fix(sign, quotient, exponent, context)


def divide_whole(a, b, context, wanted=0):
    """Quotient towards zero (wanted 0), remainder (1), or both (2)."""
    nan = nan_of(a, b, context)
    if nan is not None:
        return nan, nan
    sign = a._sign ^ b._sign
    if a._kind:
        if b._kind or wanted:
            nan = invalid(context)
            return (nan if b._kind else make(sign, 0, 0, _INF)), nan
        return make(sign, 0, 0, _INF), None
    if not b._kind and not b._int:
        if not a._int:
            nan = invalid(context, DivisionUndefined)
            return nan, nan
        if wanted == 1:
            nan = invalid(context)
            return nan, nan
        if wanted == 2:
            context.signal(BY_ZERO | INVALID)
            return make(sign, 0, 0, _INF), make(0, 0, 0, _QNAN)
        context.signal(BY_ZERO)
        return make(sign, 0, 0, _INF), None
    if b._kind:
        return _parts(sign, 0, a._sign, a._int, a._exp, context, wanted)
    exponent = min(a._exp, b._exp)
    if a._int and a.adjusted() - b.adjusted() > context.prec + 1:
        nan = invalid(context, DivisionImpossible)
        return nan, nan
    if a.adjusted() < b.adjusted() - 1:
        rest = a._int
        if rest:
            # With one digit more than the context has, for rounding to say that there are more.
            exponent = max(exponent, a._exp - max(context.prec - digits(rest), 0) - 1)
            rest *= power10(a._exp - exponent)
        return _parts(sign, 0, a._sign, rest, exponent, context, wanted)
    quotient, rest = divmod(a._int * power10(a._exp - exponent), b._int * power10(b._exp - exponent))
    if digits(quotient) > context.prec:
        nan = invalid(context, DivisionImpossible)
        return nan, nan
    return _parts(sign, quotient, a._sign, rest, exponent, context, wanted)


def _parts(sign, quotient, rest_sign, rest, exponent, context, wanted):
    """The quotient unless only the remainder is wanted (1), the remainder unless only the quotient is (0)."""
    return (fix(sign, quotient, 0, context) if wanted != 1 else None,
            fix(rest_sign, rest, exponent, context) if wanted else None)
