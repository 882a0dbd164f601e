"""Escaping text for HTML."""

import re

__all__ = ["escape", "unescape"]

# The entities that pages use; the few hundred rarer ones stay as they are.
_entities = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "AMP": "&", "LT": "<", "GT": ">", "QUOT": '"',
    "hellip": "\u2026", "mdash": "\u2014", "ndash": "\u2013", "lsquo": "\u2018", "rsquo": "\u2019", "sbquo": "\u201a",
    "ldquo": "\u201c", "rdquo": "\u201d", "bdquo": "\u201e", "bull": "\u2022", "dagger": "\u2020", "Dagger": "\u2021",
    "permil": "\u2030", "lsaquo": "\u2039", "rsaquo": "\u203a", "euro": "\u20ac", "trade": "\u2122", "larr": "\u2190",
    "uarr": "\u2191", "rarr": "\u2192", "darr": "\u2193", "harr": "\u2194", "forall": "\u2200", "part": "\u2202",
    "exist": "\u2203", "empty": "\u2205", "nabla": "\u2207", "isin": "\u2208", "notin": "\u2209", "ni": "\u220b",
    "prod": "\u220f", "sum": "\u2211", "minus": "\u2212", "radic": "\u221a", "infin": "\u221e", "and": "\u2227",
    "or": "\u2228", "cap": "\u2229", "cup": "\u222a", "int": "\u222b", "there4": "\u2234", "sim": "\u223c",
    "cong": "\u2245", "asymp": "\u2248", "ne": "\u2260", "equiv": "\u2261", "le": "\u2264", "ge": "\u2265",
    "sub": "\u2282", "sup": "\u2283", "sube": "\u2286", "supe": "\u2287", "oplus": "\u2295", "otimes": "\u2297",
    "spades": "\u2660", "clubs": "\u2663", "hearts": "\u2665", "diams": "\u2666", "OElig": "\u0152", "oelig": "\u0153",
    "Scaron": "\u0160", "scaron": "\u0161", "Yuml": "\u0178", "fnof": "\u0192", "circ": "\u02c6", "tilde": "\u02dc",
    "ensp": "\u2002", "emsp": "\u2003", "thinsp": "\u2009", "zwnj": "\u200c", "zwj": "\u200d", "lrm": "\u200e",
    "rlm": "\u200f", "prime": "\u2032", "Prime": "\u2033", "oline": "\u203e", "frasl": "\u2044", "thetasym": "\u03d1",
    "upsih": "\u03d2", "piv": "\u03d6",
}
# Latin-1 from 160 on, and the Greek alphabet; an empty place has no entity.
_latin = (
    "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro "
    "para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil "
    "Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave "
    "Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml "
    "igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute "
    "thorn yuml").split()
_greek = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigmaf sigma tau " \
         "upsilon phi chi psi omega"
for _at, _name in enumerate(_latin):
    _entities[_name] = chr(160 + _at)
for _at, _name in enumerate(_greek.split()):
    _entities[_name] = chr(0x3b1 + _at)
    if _name != "sigmaf":
        _entities[_name.capitalize()] = chr(0x391 + _at)
# What may stand without its semicolon.
_bare = {*_latin, "amp", "lt", "gt", "quot", "AMP", "LT", "GT", "QUOT"}
_windows = dict(zip(range(0x80, 0xa0), (
    "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f"
    "\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178")))


def escape(s, quote=True):
    """Replaces what has a meaning in HTML."""
    s = s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if quote:
        s = s.replace('"', "&quot;").replace("'", "&#x27;")
    return s


def _replace(match):
    name = match[1]
    if name[0] == "#":
        digits = name[1:].rstrip(";")
        number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        if number in _windows:
            return _windows[number]
        if number == 0x0d:
            return "\r"
        if number == 0 or 0xd800 <= number <= 0xdfff or number > 0x10ffff:
            return "\ufffd"
        if number in (0xb, *range(1, 9), *range(0xe, 0x20), *range(0x7f, 0xa0), *range(0xfdd0, 0xfdf0)) \
                or number & 0xfffe == 0xfffe:
            return ""
        return chr(number)
    if name[-1] == ";" and name[:-1] in _entities:
        return _entities[name[:-1]]
    for end in range(len(name), 1, -1):
        if name[:end] in _bare:
            return _entities[name[:end]] + name[end:]
    return "&" + name


_reference = re.compile(r"&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)")


def unescape(s):
    """Replaces references to characters by the characters."""
    return _reference.sub(_replace, s) if "&" in s else s
