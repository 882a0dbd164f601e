"""Coefficients as ints: counting and converting their digits, rounding, and elementary functions in fixed point."""

from math import isqrt

from .context import (ROUND_05UP, ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN,
                      ROUND_HALF_UP, ROUND_UP)

POWERS = [10 ** _i for _i in range(64)]


def power10(n):
    return POWERS[n] if n < 64 else 10 ** n


def digits(n):
    """Decimal digits of a positive int; 1 of zero."""
    if n < 10:
        return 1
    bits = n.bit_length()
    # log10(2) from below: the count is this or one more.
    count = bits * 30102999566 // 100000000000
    return count + 1 if n >= power10(count) else count


def to_text(n):
    """Digits of an int of any size (`str` has a limit)."""
    if n < 10 ** 600:
        return str(n)
    half = digits(n) // 2
    high, low = divmod(n, 10 ** half)
    return to_text(high) + to_text(low).rjust(half, '0')


def from_text(text):
    if len(text) <= 600:
        return int(text)
    half = len(text) // 2
    return from_text(text[:-half]) * 10 ** half + from_text(text[-half:])


def rounds_up(sign, kept, rest, unit, mode):
    """Whether `kept` and a positive `rest` of a unit become the next larger magnitude."""
    if mode == ROUND_HALF_EVEN:
        twice = rest * 2
        return twice > unit or twice == unit and kept & 1 == 1
    if mode == ROUND_DOWN:
        return False
    if mode == ROUND_HALF_UP:
        return rest * 2 >= unit
    if mode == ROUND_HALF_DOWN:
        return rest * 2 > unit
    if mode == ROUND_UP:
        return True
    if mode == ROUND_CEILING:
        return sign == 0
    if mode == ROUND_FLOOR:
        return sign == 1
    return kept % 5 == 0


def _exp_small(x, places):
    """exp of x / 10**places, |x| at most about 3, in the same scale with an error of some units."""
    guard = 20
    scale = power10(places + guard)
    halvings = 8 + isqrt(places)
    x = x * power10(guard) >> halvings
    total = term = scale
    n = 1
    while term:
        term = term * x // scale
        if term == -1:
            term = 0
        term //= n
        if term == -1:
            term = 0
        total += term
        n += 1
    for _ in range(halvings):
        total = total * total // scale
    return total // power10(guard)


def ln_fixed(x, places):
    """ln of x / 10**places for x of that size, in the same scale, with an error of some units."""
    roots = 6 + isqrt(places) // 2
    guard = 10 + roots
    scale = power10(places + guard)
    x *= power10(guard)
    for _ in range(roots):
        x = isqrt(x * scale)
    y = (x - scale) * scale // (x + scale)
    square = y * y // scale
    total, n = 0, 1
    while y and y != -1:
        total += y // n
        y = y * square // scale
        n += 2
    return (total << roots + 1) // power10(guard)


_ln10 = {}


def ln10(places):
    value = _ln10.get(places)
    if value is None:
        _ln10.clear()
        value = _ln10[places] = 2 * ln_fixed(power10(places + 20) * 31622776601683793319988935444327185337196 // 10 ** 40, places + 20) // 1
        # The square root was cut off: add ln(10 / root**2).
        root = 31622776601683793319988935444327185337196
        rest = 10 ** (81 + places + 20) // (root * root)
        value = _ln10[places] = (value + ln_fixed(rest, places + 20)) // power10(20)
    return value


def ln_of(coefficient, exponent, places):
    """ln of a positive decimal in units of 10**-places."""
    adjusted = exponent + digits(coefficient) - 1
    # m is from 0.3 to 3, so that no digits cancel near 1.
    shift = -(adjusted + 1) if coefficient * 3 >= power10(digits(coefficient)) else -adjusted
    if adjusted == 0 and coefficient * 2 < 5 * power10(digits(coefficient) - 1):
        shift = 0
    work = places + 12
    power = exponent + shift + work
    m = coefficient * power10(power) if power >= 0 else coefficient // power10(-power)
    value = ln_fixed(m, work)
    if shift:
        value -= shift * ln10(work + len(str(shift))) // power10(len(str(shift)))
    return value // power10(12)


def exp_of(x, places):
    """exp of x / 10**places: a coefficient of about `places` digits and its exponent."""
    tens_log = ln10(places)
    tens, rest = divmod(x, tens_log)
    if tens:
        extra = len(str(abs(tens))) + 2
        tens, rest = divmod(x * power10(extra), ln10(places + extra))
        rest //= power10(extra)
    return _exp_small(rest, places), tens - places
