"""JSONDecoder: JSON text to objects."""

import _json

__all__ = ["JSONDecoder", "JSONDecodeError"]


class JSONDecodeError(ValueError):
    """A text that is no JSON, and where."""

    def __init__(self, msg, doc, pos):
        lineno = doc.count("\n", 0, pos) + 1
        colno = pos - doc.rfind("\n", 0, pos)
        ValueError.__init__(self, "%s: line %d column %d (char %d)" % (msg, lineno, colno, pos))
        self.msg = msg
        self.doc = doc
        self.pos = pos
        self.lineno = lineno
        self.colno = colno

    def __reduce__(self):
        return self.__class__, (self.msg, self.doc, self.pos)


def _behind_blank(text, at):
    size = len(text)
    while at < size and text[at] in " \t\n\r":
        at += 1
    return at


class JSONDecoder:
    """Decodes JSON; the hooks make other objects of its parts."""

    def __init__(self, *, object_hook=None, parse_float=None, parse_int=None, parse_constant=None, strict=True,
                 object_pairs_hook=None):
        self.object_hook = object_hook
        self.parse_float = parse_float or float
        self.parse_int = parse_int or int
        self.parse_constant = parse_constant
        self.strict = strict
        self.object_pairs_hook = object_pairs_hook

    def decode(self, s):
        if not isinstance(s, str):
            raise TypeError("expected string or bytes-like object, got %r" % type(s).__name__)
        value, end = self.raw_decode(s, _behind_blank(s, 0))
        if end != len(s):
            end = _behind_blank(s, end)
            if end != len(s):
                raise JSONDecodeError("Extra data", s, end)
        return value

    def raw_decode(self, s, idx=0):
        parse_float = None if self.parse_float is float else self.parse_float
        parse_int = None if self.parse_int is int else self.parse_int
        result = _json.decode(s, idx, self.strict, self.object_hook, self.object_pairs_hook, parse_float, parse_int,
                              self.parse_constant)
        if len(result) == 3:
            raise JSONDecodeError(result[0], s, result[1])
        return result
