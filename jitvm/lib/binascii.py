"""Bytes as text and checksums."""

import _digests
import _letters


class Error(ValueError):
    __module__ = "binascii"


class Incomplete(Exception):
    __module__ = "binascii"


def _data(data):
    if isinstance(data, str):
        try:
            return data.encode("ascii")
        except UnicodeEncodeError:
            raise ValueError("string argument should contain only ASCII characters") from None
    return data


def hexlify(data, sep=None, bytes_per_sep=1):
    if not isinstance(data, bytes):
        data = bytes(memoryview(data))
    text = data.hex() if sep is None else data.hex(sep, bytes_per_sep)
    return text.encode("ascii")


b2a_hex = hexlify


def unhexlify(hexstr):
    data = bytes(_data(hexstr))
    if len(data) % 2:
        raise Error("Odd-length string")
    if data.translate(None, b"0123456789abcdefABCDEF"):
        raise Error("Non-hexadecimal digit found")
    return bytes.fromhex(data.decode("ascii"))


a2b_hex = unhexlify


def crc32(data, crc=0, /):
    return _digests.crc32(data, crc & 0xffffffff)


def b2a_base64(data, /, *, newline=True):
    result = _letters.base64_encode(data)
    return result + b"\n" if newline else result


def a2b_base64(data, /, *, strict_mode=False):
    result = _letters.base64_decode(_data(data), strict_mode)
    if isinstance(result, str):
        raise Error(result)
    return result
