"""Encodings of one byte a character beside Latin-1, and those that write escapes."""

import codecs

# What differs from Latin-1, from a byte on.
_tables = {
    "cp1252": (0x80, "\u20ac\0\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\0\u017d\0"
                     "\0\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\0\u017e\u0178"),
    "cp437": (0x80, "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
                    "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\xa0"),
    "iso8859_15": (0xa4, "\u20ac\xa5\u0160\xa7\u0161\xa9\xaa\xab\xac\xad\xae\xaf\xb0\xb1\xb2\xb3\u017d\xb5\xb6\xb7"
                         "\u017e\xb9\xba\xbb\u0152\u0153\u0178"),
    "cp1251": (0x80, "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\0™љ›њќћџ\xa0ЎўЈ¤Ґ¦§Ё©Є«¬\xad®Ї°±Ііґµ¶·ё№є»јЅѕї"
                     "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя"),
}
_aliases = {"windows_1252": "cp1252", "1252": "cp1252", "windows_1251": "cp1251", "437": "cp437", "ibm437": "cp437",
            "iso_8859_15": "iso8859_15", "latin_9": "iso8859_15", "latin9": "iso8859_15", "l9": "iso8859_15"}


def _characters(name):
    first, part = _tables[name]
    table = [chr(code) for code in range(256)]
    table[first:first + len(part)] = [None if c == "\0" else c for c in part]
    return table


def _table_codec(name, table):
    shown = "charmap"
    codes = {c: code for code, c in enumerate(table) if c is not None}

    def encode(text, errors="strict"):
        out, at = bytearray(), 0
        while at < len(text):
            if text[at] in codes:
                out.append(codes[text[at]])
                at += 1
                continue
            end = at
            while end < len(text) and text[end] not in codes:
                end += 1
            error = UnicodeEncodeError(shown, text, at, end, "character maps to <undefined>")
            piece, at = codecs._handle(errors, error, len(text))
            if isinstance(piece, bytes):
                out += piece
                continue
            for c in piece:
                if c not in codes:
                    raise error
                out.append(codes[c])
        return bytes(out), len(text)

    def decode(data, errors="strict"):
        data = bytes(data)
        out, at = [], 0
        while at < len(data):
            c = table[data[at]]
            if c is not None:
                out.append(c)
                at += 1
                continue
            error = UnicodeDecodeError(shown, data, at, at + 1, "character maps to <undefined>")
            piece, at = codecs._handle(errors, error, len(data))
            out.append(piece)
        return "".join(out), len(data)

    return codecs.CodecInfo(encode, decode, incrementalencoder=_incremental_encoder(encode),
                            incrementaldecoder=_incremental_decoder(decode), name=name.replace("8859_", "8859-"))


def _incremental_encoder(encode):
    class Encoder(codecs.IncrementalEncoder):
        def encode(self, input, final=False):
            return encode(input, self.errors)[0]
    return Encoder


def _incremental_decoder(decode):
    class Decoder(codecs.IncrementalDecoder):
        def decode(self, input, final=False):
            return decode(input, self.errors)[0]
    return Decoder


_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape_encode(text, errors="strict"):
    out = []
    for c in text:
        code = ord(c)
        if c in _SHORT:
            out.append(_SHORT[c])
        elif 32 <= code < 127:
            out.append(c)
        else:
            out.append(f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}")
    return "".join(out).encode("ascii"), len(text)


def _raw_encode(text, errors="strict"):
    out = bytearray()
    for c in text:
        code = ord(c)
        out += (bytes([code]) if code < 256 else f"\\u{code:04x}".encode() if code < 65536 else f"\\U{code:08x}".encode())
    return bytes(out), len(text)


_SIMPLE = {"\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
           "\n": ""}
_WIDTHS = {"x": (2, "truncated \\xXX escape"), "u": (4, "truncated \\uXXXX escape"),
           "U": (8, "truncated \\UXXXXXXXX escape")}


def _unescape(data, errors, name, raw):
    data = data.encode() if isinstance(data, str) else bytes(data)
    text = data.decode("latin-1")
    out, at = [], 0
    while at < len(text):
        if text[at] != "\\":
            out.append(text[at])
            at += 1
            continue
        kind = text[at + 1:at + 2]
        start = at
        if kind in _WIDTHS and (not raw or kind != "x") and kind:
            width, reason = _WIDTHS[kind]
            digits = ""
            for c in text[at + 2:at + 2 + width]:
                if c not in "0123456789abcdefABCDEF":
                    break
                digits += c
            end = at + 2 + len(digits)
            if len(digits) == width and int(digits, 16) <= 0x10ffff:
                out.append(chr(int(digits, 16)))
                at = end
                continue
            if len(digits) == width:
                reason = "illegal Unicode character"
        elif raw:
            out.append("\\" + kind)
            at += 1 + len(kind)
            continue
        elif kind in _SIMPLE and kind:
            out.append(_SIMPLE[kind])
            at += 2
            continue
        elif kind and kind in "01234567":
            end = at + 1
            while end < min(at + 4, len(text)) and text[end] in "01234567":
                end += 1
            out.append(chr(int(text[at + 1:end], 8)))
            at = end
            continue
        elif kind:
            out.append("\\" + kind)
            at += 2
            continue
        else:
            end, reason = at + 1, "\\ at end of string"
        piece, at = codecs._handle(errors, UnicodeDecodeError(name, data, start, end, reason), len(data))
        out.append(piece)
    return "".join(out), len(data)


def find(key):
    """The codec of a name in lower case with _ between its parts, or None."""
    key = _aliases.get(key, key)
    if key in _tables:
        return _table_codec(key, _characters(key))
    if key in ("unicode_escape", "unicodeescape"):
        return codecs.CodecInfo(_escape_encode, lambda data, errors="strict": _unescape(data, errors, "unicodeescape", False),
                                name="unicode-escape")
    if key in ("raw_unicode_escape", "rawunicodeescape"):
        return codecs.CodecInfo(_raw_encode, lambda data, errors="strict": _unescape(data, errors, "rawunicodeescape", True),
                                name="raw-unicode-escape")
    return None
