"""Patterns of file names with `*`, `?` and `[...]`."""

import os
import re

__all__ = ["filter", "fnmatch", "fnmatchcase", "translate"]

_compiled = {}


def translate(pat):
    """The regular expression of a pattern."""
    parts = []
    at = 0
    while at < len(pat):
        c = pat[at]
        at += 1
        if c == "*":
            if not parts or parts[-1] is not None:
                parts.append(None)
        elif c == "?":
            parts.append(".")
        elif c == "[":
            end = at
            if pat[end:end + 1] == "!":
                end += 1
            if pat[end:end + 1] == "]":
                end += 1
            end = pat.find("]", end)
            if end < 0:
                parts.append("\\[")
                continue
            inside = pat[at:end].replace("\\", "\\\\")
            at = end + 1
            if inside[0] == "!":
                inside = "^" + inside[1:]
            elif inside[0] in "^[":
                inside = "\\" + inside
            inside = re.sub(r"([&~|])", r"\\\1", inside)
            parts.append("[%s]" % inside)
        else:
            parts.append(re.escape(c))
    # Between two stars the shortest text that fits is enough.
    result = []
    fixed = []
    pieces = []
    for part in parts:
        if part is None:
            pieces.append("".join(fixed))
            fixed = []
        else:
            fixed.append(part)
    last = "".join(fixed)
    if not pieces:
        return r"(?s:%s)\Z" % last
    result.append(pieces[0])
    for piece in pieces[1:]:
        result.append("(?>.*?%s)" % piece)
    result.append(".*" + last)
    return r"(?s:%s)\Z" % "".join(result)


def _matcher(pat):
    found = _compiled.get(pat)
    if found is None:
        if isinstance(pat, bytes):
            found = re.compile(translate(pat.decode("latin-1")).encode("latin-1")).match
        else:
            found = re.compile(translate(pat)).match
        _compiled[pat] = found
    return found


def fnmatch(name, pat):
    return fnmatchcase(os.fspath(name), os.fspath(pat))


def fnmatchcase(name, pat):
    return _matcher(pat)(name) is not None


def filter(names, pat):
    match = _matcher(pat)
    return [name for name in names if match(os.fspath(name)) is not None]
