"""Bytes as text of 64, 32 or 16 letters."""

import binascii

_STANDARD = b"+/"


def _bytes(s):
    if isinstance(s, str):
        try:
            return s.encode("ascii")
        except UnicodeEncodeError:
            raise ValueError("string argument should contain only ASCII characters") from None
    if isinstance(s, (bytes, bytearray)):
        return s
    try:
        return bytes(memoryview(s))
    except TypeError:
        raise TypeError("argument should be a bytes-like object or ASCII string, not %r"
                        % s.__class__.__name__) from None


def b64encode(s, altchars=None):
    result = binascii.b2a_base64(s, newline=False)
    if altchars is not None:
        assert len(altchars) == 2, repr(altchars)
        result = result.translate(bytes.maketrans(_STANDARD, altchars))
    return result


def b64decode(s, altchars=None, validate=False):
    s = _bytes(s)
    if altchars is not None:
        altchars = _bytes(altchars)
        assert len(altchars) == 2, repr(altchars)
        s = s.translate(bytes.maketrans(altchars, _STANDARD))
    return binascii.a2b_base64(s, strict_mode=validate)


def standard_b64encode(s):
    return b64encode(s)


def standard_b64decode(s):
    return b64decode(s)


def urlsafe_b64encode(s):
    return b64encode(s, b"-_")


def urlsafe_b64decode(s):
    return b64decode(_bytes(s).translate(bytes.maketrans(b"-_", _STANDARD)))


def b16encode(s):
    return binascii.hexlify(s).upper()


def b16decode(s, casefold=False):
    s = _bytes(s)
    if casefold:
        s = s.upper()
    for byte in s:
        if byte not in b"0123456789ABCDEF":
            raise binascii.Error("Non-base16 digit found")
    return binascii.unhexlify(s)


_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def b32encode(s):
    s = bytes(memoryview(s))
    result = bytearray()
    for start in range(0, len(s), 5):
        part = s[start:start + 5]
        number = int.from_bytes(part + bytes(5 - len(part)), "big")
        letters = [_LETTERS[number >> shift & 31] for shift in range(35, -1, -5)]
        used = (len(part) * 8 + 4) // 5
        result += bytes(letters[:used]) + b"=" * (8 - used)
    return bytes(result)


def b32decode(s, casefold=False, map01=None):
    s = _bytes(s)
    if len(s) % 8:
        raise binascii.Error("Incorrect padding")
    if casefold:
        s = s.upper()
    text = s.rstrip(b"=")
    result = bytearray()
    for start in range(0, len(text), 8):
        part = text[start:start + 8]
        number = 0
        for byte in part:
            value = _LETTERS.find(byte)
            if value < 0:
                raise binascii.Error("Non-base32 digit found")
            number = number << 5 | value
        number <<= 5 * (8 - len(part))
        result += number.to_bytes(5, "big")[:len(part) * 5 // 8]
    return bytes(result)


def encodebytes(s):
    s = bytes(memoryview(s))
    return b"".join([binascii.b2a_base64(s[start:start + 57]) for start in range(0, len(s), 57)])


def decodebytes(s):
    return binascii.a2b_base64(s)


_B85 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_A85 = bytes(range(33, 118))


def _to_85(data, letters, pad):
    """Groups of five letters for groups of four bytes."""
    missing = -len(data) % 4
    data += b"\0" * missing
    groups = []
    for start in range(0, len(data), 4):
        number, group = int.from_bytes(data[start:start + 4], "big"), bytearray()
        for _ in range(5):
            number, digit = divmod(number, 85)
            group.append(letters[digit])
        group.reverse()
        groups.append(bytes(group))
    if missing and not pad:
        groups[-1] = groups[-1][:-missing]
    return groups


def b85encode(b, pad=False):
    return b"".join(_to_85(bytes(memoryview(b)), _B85, pad))


def b85decode(b):
    b = _bytes(b)
    missing = -len(b) % 5
    data, result = b + b"~" * missing, bytearray()
    for start in range(0, len(data), 5):
        number = 0
        for at, c in enumerate(data[start:start + 5]):
            digit = _B85.find(c)
            if digit < 0:
                raise ValueError("bad base85 character at position %d" % (start + at))
            number = number * 85 + digit
        if number > 0xffffffff:
            raise ValueError("base85 overflow in hunk starting at byte %d" % start)
        result += number.to_bytes(4, "big")
    return bytes(result[:-missing] if missing else result)


def a85encode(b, *, foldspaces=False, wrapcol=0, pad=False, adobe=False):
    b = bytes(memoryview(b))
    groups = _to_85(b, _A85, pad)
    for index, group in enumerate(groups):
        if group == b"!!!!!" and (index < len(groups) - 1 or len(b) % 4 == 0):
            groups[index] = b"z"
        elif foldspaces and group == b"+<VdL":
            groups[index] = b"y"
    result = b"".join(groups)
    if adobe:
        result = b"<~" + result
    if wrapcol:
        wrapcol = max(2 if adobe else 1, wrapcol)
        lines = [result[i:i + wrapcol] for i in range(0, len(result), wrapcol)]
        if adobe and len(lines[-1]) + 2 > wrapcol:
            lines.append(b"")
        result = b"\n".join(lines)
    return result + b"~>" if adobe else result


def a85decode(b, *, foldspaces=False, adobe=False, ignorechars=b" \t\n\r\v"):
    b = _bytes(b)
    if adobe:
        if not b.endswith(b"~>"):
            raise ValueError("Ascii85 encoded byte sequences must end with b'~>'")
        b = b[2:-2] if b.startswith(b"<~") else b[:-2]
    result, group = bytearray(), []
    for c in b + b"u" * 4:
        if 33 <= c <= 117:
            group.append(c - 33)
            if len(group) == 5:
                number = 0
                for digit in group:
                    number = number * 85 + digit
                if number > 0xffffffff:
                    raise ValueError("Ascii85 overflow")
                result += number.to_bytes(4, "big")
                group = []
        elif c == 122:
            if group:
                raise ValueError("z inside Ascii85 5-tuple")
            result += b"\0\0\0\0"
        elif foldspaces and c == 121:
            if group:
                raise ValueError("y inside Ascii85 5-tuple")
            result += b"    "
        elif c not in ignorechars:
            raise ValueError("Non-Ascii85 digit found: %c" % c)
    missing = 4 - len(group)
    return bytes(result[:-missing] if missing else result)
