"""Bytes as text of 64, 32, 16 or 85 letters."""

import _letters
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


def _data(s):
    return s if isinstance(s, (bytes, bytearray)) else memoryview(s).tobytes()


def _checked(result, error):
    """What was decoded; a str says what is wrong."""
    if isinstance(result, str):
        raise error(result)
    return result


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
    if s.translate(None, b"0123456789ABCDEF"):
        raise binascii.Error("Non-base16 digit found")
    return binascii.unhexlify(s)


def _b32decode(s, casefold, map01, is_hex):
    s = _bytes(s)
    if len(s) % 8:
        raise binascii.Error("Incorrect padding")
    if map01 is not None:
        map01 = _bytes(map01)
        assert len(map01) == 1, repr(map01)
        s = s.translate(bytes.maketrans(b"01", b"O" + map01))
    if casefold:
        s = s.upper()
    return _checked(_letters.base32_decode(s, is_hex), binascii.Error)


def b32encode(s):
    return _letters.base32_encode(_data(s), False)


def b32decode(s, casefold=False, map01=None):
    return _b32decode(s, casefold, map01, False)


def b32hexencode(s):
    return _letters.base32_encode(_data(s), True)


def b32hexdecode(s, casefold=False):
    return _b32decode(s, casefold, None, True)


def encodebytes(s):
    s = bytes(memoryview(s))
    return b"".join([binascii.b2a_base64(s[start:start + 57]) for start in range(0, len(s), 57)])


def decodebytes(s):
    return binascii.a2b_base64(s)


def b85encode(b, pad=False):
    return _letters.base85_encode(_data(b), False, bool(pad), False)


def b85decode(b):
    return _checked(_letters.base85_decode(_bytes(b)), ValueError)


def a85encode(b, *, foldspaces=False, wrapcol=0, pad=False, adobe=False):
    result = _letters.base85_encode(_data(b), True, bool(pad), bool(foldspaces))
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
    return _checked(_letters.ascii85_decode(b, bool(foldspaces), ignorechars), ValueError)
