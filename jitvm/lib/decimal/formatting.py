"""Formatting decimals after a format specification."""

from .context import ROUND_HALF_EVEN, getcontext
from .number import _INF, Decimal, make
from .rounding import digits, power10, to_text


def _parse(specification):
    text = specification
    fill, align, sign = ' ', '', '-'
    if len(text) > 1 and text[1] in '<>=^':
        fill, align, text = text[0], text[1], text[2:]
    elif text[:1] and text[0] in '<>=^':
        align, text = text[0], text[1:]
    if text[:1] and text[0] in '+- ':
        sign, text = text[0], text[1:]
    no_negative_zero = text[:1] == 'z'
    if no_negative_zero:
        text = text[1:]
    if text[:1] == '0':
        text = text[1:]
        if not align:
            fill, align = '0', '='
    position = 0
    while position < len(text) and text[position].isdigit():
        position += 1
    width, text = int(text[:position] or '0'), text[position:]
    separator = ''
    if text[:1] == ',':
        separator, text = ',', text[1:]
    precision = None
    if text[:1] == '.':
        position = 1
        while position < len(text) and text[position].isdigit():
            position += 1
        if position == 1:
            raise ValueError('invalid format string')
        precision, text = int(text[1:position]), text[position:]
    if len(text) > 1 or text and text not in 'eEfFgGn%':
        raise ValueError('invalid format string')
    return fill, align or '>', sign, no_negative_zero, width, separator, precision, text


def _rounded(number, precision, kind, mode):
    """The number with so many digits after the point (e, f, %) or altogether (g)."""
    if kind in 'fF%':
        return number._at(-precision, mode) if number._exp < -precision or kind else number
    wanted = precision + 1 if kind in 'eE' else max(precision, 1)
    count = digits(number._int)
    if count <= wanted:
        return number
    result = number._at(number._exp + count - wanted, mode)
    if digits(result._int) > wanted:
        result = make(result._sign, result._int // 10, result._exp + 1)
    return result


def _grouped(text, separator, least):
    groups = []
    text = text.rjust(least, '0') if separator == '' else text
    if not separator:
        return text
    while True:
        if len(text) <= 3:
            break
        groups.append(text[-3:])
        text = text[:-3]
    groups.append(text)
    while sum([len(group) for group in groups]) + len(groups) - 1 < least:
        if len(groups[-1]) < 3:
            groups[-1] = '0' + groups[-1]
        else:
            groups.append('0')
    return separator.join(groups[::-1])


def format_decimal(number, specification):
    if not isinstance(specification, str):
        raise TypeError('format argument must be str')
    context = getcontext()
    if specification == '':
        return str(number)
    fill, align, sign, no_negative_zero, width, separator, precision, kind = _parse(specification)
    mode = context.rounding
    suffix = ''
    if number._kind:
        body = number.copy_abs()._text()
        negative = number._sign
        if fill == '0' and align == '=':
            fill, align = ' ', '>'
        if kind == '%':
            suffix = '%'
        whole = body + suffix
        lead = '-' if negative else '' if sign == '-' else sign
        return _padded(lead, whole, fill, align, width)
    if kind == '%':
        number = make(number._sign, number._int, number._exp + 2)
        suffix = '%'
    upper = kind in 'EG' if kind else context.capitals == 1
    original = number
    if precision is not None:
        number = _rounded(number, precision, kind or 'g', mode)
    if not number._int and number._exp > 0 and kind and kind in 'fF%':
        number = make(number._sign, 0, 0)
    text = to_text(number._int)
    exponent = number._exp
    left = exponent + len(text)
    if kind and kind in 'eE':
        if not number._int and precision is not None:
            point = 1 - precision
        else:
            point = 1
    elif kind and kind in 'fF%':
        point = left
    elif exponent <= 0 and left > -6:
        point = left
    else:
        point = 1
    if point < 0 or point == 0:
        whole, fraction = '0', '0' * -point + text
        if kind and kind in 'eE':
            whole, fraction = '0', '0' * (precision or 0)
            left, point = left + (precision or 0) if precision else left, left
            left = exponent + precision + 1 if precision is not None else left
            point = 1
            if not number._int:
                left = exponent + (precision or 0) + 1
    elif point > len(text):
        whole, fraction = text + '0' * (point - len(text)), ''
    else:
        whole, fraction = text[:point], text[point:]
        if not whole:
            whole = '0'
    if kind and kind in 'eE' and precision is not None and len(fraction) < precision and number._int:
        fraction += '0' * (precision - len(fraction))
    power = left - point
    if fraction:
        fraction = '.' + fraction
    if power or kind and kind in 'eE':
        fraction += '%s%+d' % ('E' if upper else 'e', power)
    negative = number._sign
    if no_negative_zero and not number._int:
        negative = 0
    lead = '-' if negative else '' if sign == '-' else sign
    least = width - len(lead) - len(fraction) - len(suffix) if fill == '0' and align == '=' else 0
    return _padded(lead, _grouped(whole, separator, least) + fraction + suffix, fill, align, width)


def _padded(lead, body, fill, align, width):
    missing = width - len(lead) - len(body)
    if missing <= 0:
        return lead + body
    if align == '<':
        return lead + body + fill * missing
    if align == '>':
        return fill * missing + lead + body
    if align == '=':
        return lead + fill * missing + body
    half = missing // 2
    return fill * half + lead + body + fill * (missing - half)
