"""Numerals and tuples as the parts of a decimal: sign, coefficient, exponent, kind."""

from .rounding import from_text

# Kinds of numbers that are not finite; 0 is a finite one.
_INF, _QNAN, _SNAN = 1, 2, 3


def _parse(text):
    """Sign, coefficient, exponent, kind of a numeral; None if it is none."""
    text = text.strip().replace('_', '').lower()
    sign = 0
    if text[:1] in ('+', '-') and text:
        sign = 1 if text[0] == '-' else 0
        text = text[1:]
    if text in ('inf', 'infinity'):
        return sign, 0, 0, _INF
    for prefix, kind in (('snan', _SNAN), ('nan', _QNAN)):
        if text.startswith(prefix):
            payload = text[len(prefix):]
            if payload and not payload.isdecimal():
                return None
            return sign, from_text(payload) if payload else 0, 0, kind
    mantissa, mark, exponent = text.partition('e')
    power = 0
    if mark:
        unsigned = exponent[1:] if exponent[:1] in ('+', '-') else exponent
        if not unsigned.isdecimal():
            return None
        power = from_text(unsigned)
        if exponent[0] == '-':
            power = -power
    whole, point, fraction = mantissa.partition('.')
    all_digits = whole + fraction
    if not all_digits.isdecimal():
        return None
    return sign, from_text(all_digits), power - len(fraction), 0


def _from_tuple(value):
    if len(value) != 3:
        raise ValueError('argument must be a sequence of length 3')
    sign, coefficient, exponent = value
    if sign not in (0, 1):
        raise ValueError('sign must be an integer with the value 0 or 1')
    for digit in coefficient:
        if not isinstance(digit, int) or not 0 <= digit <= 9:
            raise ValueError('coefficient must be a tuple of digits')
    number = from_text(''.join([str(digit) for digit in coefficient]) or '0')
    if exponent == 'F':
        return sign, 0, 0, _INF
    if exponent in ('n', 'N'):
        return sign, number, 0, _QNAN if exponent == 'n' else _SNAN
    if not isinstance(exponent, int):
        raise ValueError("string argument in the third position must be 'F', 'n' or 'N'")
    return sign, number, exponent, 0
