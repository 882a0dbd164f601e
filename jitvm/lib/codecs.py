"""Encodings: looking them up, and reading and writing with them."""

import builtins
import io
from _codecs import decode, encode

__all__ = ["register", "lookup", "open", "EncodedFile", "BOM", "BOM_BE", "BOM_LE", "BOM_UTF8", "BOM_UTF16",
           "BOM_UTF16_LE", "BOM_UTF16_BE", "BOM_UTF32", "BOM_UTF32_LE", "BOM_UTF32_BE", "CodecInfo",
           "IncrementalEncoder", "IncrementalDecoder", "getencoder", "getdecoder", "encode", "decode",
           "getincrementalencoder", "getincrementaldecoder", "iterencode", "iterdecode", "register_error",
           "lookup_error", "strict_errors", "ignore_errors", "replace_errors", "xmlcharrefreplace_errors",
           "backslashreplace_errors"]

BOM_UTF8 = b"\xef\xbb\xbf"
BOM_LE = BOM_UTF16_LE = BOM = BOM_UTF16 = b"\xff\xfe"
BOM_BE = BOM_UTF16_BE = b"\xfe\xff"
BOM_UTF32_LE = BOM_UTF32 = b"\xff\xfe\0\0"
BOM_UTF32_BE = b"\0\0\xfe\xff"

_searches = []
_found = {}


class CodecInfo(tuple):
    """The functions of an encoding."""

    def __new__(cls, encode, decode, streamreader=None, streamwriter=None, incrementalencoder=None,
                incrementaldecoder=None, name=None, *, _is_text_encoding=None):
        self = tuple.__new__(cls, (encode, decode, streamreader, streamwriter))
        self.name, self.encode, self.decode = name, encode, decode
        self.streamreader, self.streamwriter = streamreader, streamwriter
        self.incrementalencoder, self.incrementaldecoder = incrementalencoder, incrementaldecoder
        return self

    def __repr__(self):
        return "<codecs.CodecInfo object for encoding %s at %#x>" % (self.name, id(self))


class IncrementalEncoder:
    """Encodes piece by piece."""

    def __init__(self, errors="strict"):
        self.errors = errors

    def encode(self, input, final=False):
        raise NotImplementedError

    def reset(self):
        pass


class IncrementalDecoder:
    def __init__(self, errors="strict"):
        self.errors = errors

    def decode(self, input, final=False):
        raise NotImplementedError

    def reset(self):
        pass


def _rot13(text, errors="strict"):
    a, z = "abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm"
    return text.translate(str.maketrans(a + a.upper(), z + z.upper()))


def _special():
    """Encodings between bytes and bytes, or strs and strs."""
    import base64
    import binascii
    pair = lambda name, there, back: CodecInfo(lambda x, errors="strict": (there(x), len(x)),
                                               lambda x, errors="strict": (back(x), len(x)), name=name)
    rot = pair("rot13", _rot13, _rot13)
    hexadecimal = pair("hex", binascii.hexlify, binascii.unhexlify)
    base = pair("base64", base64.encodebytes, base64.decodebytes)
    return {"rot13": rot, "rot_13": rot, "hex": hexadecimal, "hex_codec": hexadecimal, "base64": base,
            "base64_codec": base}


_names = {"utf8": "utf-8", "u8": "utf-8", "utf": "utf-8", "latin1": "iso8859-1", "latin_1": "iso8859-1",
          "iso_8859_1": "iso8859-1", "iso8859_1": "iso8859-1", "l1": "iso8859-1", "us_ascii": "ascii",
          "646": "ascii", "utf16": "utf-16", "utf32": "utf-32", "utf_8": "utf-8", "utf_16": "utf-16",
          "utf_32": "utf-32", "utf_16_le": "utf-16-le", "utf_16_be": "utf-16-be", "utf_32_le": "utf-32-le",
          "utf_32_be": "utf-32-be", "utf_8_sig": "utf-8-sig", "windows_1252": "cp1252"}


def lookup(encoding, /):
    key = encoding.lower().replace("-", "_").replace(" ", "_")
    if key in _found:
        return _found[key]
    info = _special().get(key)
    for search in _searches:
        if info is None:
            info = search(key)
    if info is None:
        info = _mapped(key)
    if info is None:
        if key not in _native:
            raise LookupError(f"unknown encoding: {encoding}")

        class Encoder(IncrementalEncoder):
            def encode(self, input, final=False):
                return input.encode(encoding, self.errors)

        class Decoder(IncrementalDecoder):
            kept = b""

            def decode(self, input, final=False):
                data = self.kept + bytes(input)
                self.kept = b""
                if final:
                    return data.decode(encoding, self.errors)
                for cut in range(min(4, len(data) + 1)):
                    try:
                        text = data[:len(data) - cut].decode(encoding, self.errors)
                    except UnicodeDecodeError:
                        if cut == 3:
                            raise
                        continue
                    self.kept = data[len(data) - cut:]
                    return text
                return data.decode(encoding, self.errors)

            def reset(self):
                self.kept = b""

        info = CodecInfo(lambda text, errors="strict": (text.encode(encoding, errors), len(text)),
                         lambda data, errors="strict": (bytes(data).decode(encoding, errors), len(data)),
                         incrementalencoder=Encoder, incrementaldecoder=Decoder, name=_names.get(key, key))
    _found[key] = info
    return info


def _native_names():
    """The names, without marks between their parts, of encodings that strs know."""
    return {name.replace("-", "_") for name in (
        "utf_8 utf8 u8 utf cp65001 utf_8_sig ascii us_ascii 646 latin_1 latin1 latin l1 iso_8859_1 iso8859_1 8859 cp819 "
        "utf_16 utf16 u16 utf_16_le utf_16le utf_16_be utf_16be utf_32 utf32 u32 utf_32_le utf_32le utf_32_be "
        "utf_32be").split()}


_native = _native_names()


def _mapped(key):
    import _charmaps
    return _charmaps.find(key)


def _text_codec(encoding, function):
    key = encoding.lower().replace("-", "_").replace(" ", "_")
    info = None if key in _special() else lookup(encoding)
    if info is None:
        raise LookupError(f"'{encoding}' is not a text encoding; use codecs.{function}() to handle arbitrary codecs")
    return info


def _encode_text(text, encoding, errors):
    """What str.encode does for encodings it does not know itself."""
    return _text_codec(encoding, 'encode').encode(text, errors)[0]


def _decode_text(data, encoding, errors):
    return _text_codec(encoding, 'decode').decode(data, errors)[0]


_handlers = {}


def register_error(errors, handler, /):
    if not callable(handler):
        raise TypeError("handler must be callable")
    _handlers[errors] = handler


def lookup_error(name, /):
    if name in _handlers:
        return _handlers[name]
    if name in _plain_handlers:
        return _plain_handlers[name]
    raise LookupError(f"unknown error handler name '{name}'")


def _handle(name, error, length):
    """Asks a handler: what it puts in place, and where to go on."""
    answer = lookup_error(name)(error)
    kinds = (str,) if isinstance(error, UnicodeDecodeError) else (str, bytes)
    if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], kinds) and isinstance(answer[1], int)):
        kind = "decoding" if len(kinds) == 1 else "encoding"
        expected = "(str, int)" if len(kinds) == 1 else "(str/bytes, int)"
        raise TypeError(f"{kind} error handler must return {expected} tuple")
    replacement, position = answer
    if position < 0:
        position += length
    if not 0 <= position <= length:
        raise IndexError(f"position {answer[1]} from error handler out of bounds")
    return replacement, position


def strict_errors(exception, /):
    raise exception


def ignore_errors(exception, /):
    return "", exception.end


def replace_errors(exception, /):
    count = exception.end - exception.start
    return ("\ufffd" if isinstance(exception, UnicodeDecodeError) else "?" * count), exception.end


def _wrong(exception):
    return exception.object[exception.start:exception.end]


def xmlcharrefreplace_errors(exception, /):
    return "".join(f"&#{ord(c)};" for c in _wrong(exception)), exception.end


def backslashreplace_errors(exception, /):
    wrong = _wrong(exception)
    if isinstance(wrong, bytes):
        return "".join(f"\\x{byte:02x}" for byte in wrong), exception.end
    return wrong.encode("ascii", "backslashreplace").decode(), exception.end


_plain_handlers = {"strict": strict_errors, "ignore": ignore_errors, "replace": replace_errors,
                   "xmlcharrefreplace": xmlcharrefreplace_errors, "backslashreplace": backslashreplace_errors}


def register(search_function, /):
    if not callable(search_function):
        raise TypeError("argument must be callable")
    _searches.append(search_function)


def getencoder(encoding):
    return lookup(encoding).encode


def getdecoder(encoding):
    return lookup(encoding).decode


def getincrementalencoder(encoding):
    maker = lookup(encoding).incrementalencoder
    if maker is None:
        raise LookupError(encoding)
    return maker


def getincrementaldecoder(encoding):
    maker = lookup(encoding).incrementaldecoder
    if maker is None:
        raise LookupError(encoding)
    return maker


def iterencode(iterator, encoding, errors="strict", **kwargs):
    encoder = getincrementalencoder(encoding)(errors, **kwargs)
    for piece in iterator:
        output = encoder.encode(piece)
        if output:
            yield output


def iterdecode(iterator, encoding, errors="strict", **kwargs):
    decoder = getincrementaldecoder(encoding)(errors, **kwargs)
    for piece in iterator:
        output = decoder.decode(piece)
        if output:
            yield output
    output = decoder.decode(b"", True)
    if output:
        yield output


def open(filename, mode="r", encoding=None, errors="strict", buffering=-1):
    if encoding is None:
        return builtins.open(filename, mode, buffering)
    return io.open(filename, mode.replace("b", ""), buffering, encoding, errors, newline="")


def utf_8_encode(text, errors="strict", /):
    return text.encode("utf-8", errors), len(text)


def utf_8_decode(data, errors="strict", final=False, /):
    return bytes(data).decode("utf-8", errors), len(data)


def escape_decode(data, errors="strict", /):
    """The bytes that the text between quotes of a bytes literal stands for."""
    import re
    simple = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\n": "", "\\": "\\",
              "'": "'", '"': '"'}

    def replaced(match):
        code = match[1]
        if code[0] == "x":
            return chr(int(code[1:], 16))
        if code[0] in "01234567":
            return chr(int(code, 8) & 255)
        return simple.get(code, "\\" + code)

    text = bytes(data).decode("latin-1")
    return re.sub(r"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)", replaced, text, flags=re.DOTALL).encode("latin-1"), len(data)
