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
