"""Objects as text, over several lines if they are long."""

import sys as _sys
from _pprint import plain as _plain

__all__ = ["pprint", "pformat", "isreadable", "isrecursive", "saferepr", "PrettyPrinter", "pp"]


def pprint(object, stream=None, indent=1, width=80, depth=None, *, compact=False, sort_dicts=True,
           underscore_numbers=False):  # fmt: skip
    PrettyPrinter(indent, width, depth, stream, compact=compact, sort_dicts=sort_dicts,
                  underscore_numbers=underscore_numbers).pprint(object)  # fmt: skip


def pformat(object, indent=1, width=80, depth=None, *, compact=False, sort_dicts=True, underscore_numbers=False):
    return PrettyPrinter(indent, width, depth, compact=compact, sort_dicts=sort_dicts,
                         underscore_numbers=underscore_numbers).pformat(object)  # fmt: skip


def pp(object, *args, sort_dicts=False, **kwargs):
    pprint(object, *args, sort_dicts=sort_dicts, **kwargs)


def saferepr(object):
    return PrettyPrinter()._safe_repr(object, {}, None, 0)[0]


def isreadable(object):
    return PrettyPrinter()._safe_repr(object, {}, None, 0)[1]


def isrecursive(object):
    return PrettyPrinter()._safe_repr(object, {}, None, 0)[2]


# Their `repr` is on one line and can be read back.
_SCALARS = frozenset((str, bytes, bytearray, float, complex, bool, type(None)))


class _Key:
    """Orders what cannot be compared by type and identity."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        try:
            return self.value < other.value
        except TypeError:
            return (str(type(self.value)), id(self.value)) < (str(type(other.value)), id(other.value))


def _item_key(item):
    return _Key(item[0]), _Key(item[1])


class PrettyPrinter:
    def __init__(self, indent=1, width=80, depth=None, stream=None, *, compact=False, sort_dicts=True,
                 underscore_numbers=False):  # fmt: skip
        if int(indent) < 0:
            raise ValueError("indent must be >= 0")
        if depth is not None and depth <= 0:
            raise ValueError("depth must be > 0")
        if not width:
            raise ValueError("width must be != 0")
        self._indent = int(indent)
        self._width = int(width)
        self._depth = depth
        self._stream = stream
        self._compact = bool(compact)
        self._sort_dicts = sort_dicts
        self._underscore_numbers = underscore_numbers

    def pprint(self, object):
        stream = _sys.stdout if self._stream is None else self._stream
        stream.write(self.pformat(object) + "\n")

    def pformat(self, object):
        out = []
        self._format(object, out, 0, 0, {}, 0)
        return "".join(out)

    def isreadable(self, object):
        _, readable, recursive = self.format(object, {}, 0, 0)
        return readable and not recursive

    def isrecursive(self, object):
        return self.format(object, {}, 0, 0)[2]

    def format(self, object, context, maxlevels, level):
        return self._safe_repr(object, context, maxlevels, level)

    def _repr(self, object, context, level):
        if self._is_usual():
            text = _plain(object, context, self._sort_dicts)
            if text is not None:
                return text
        return self.format(object, context.copy(), self._depth, level)[0]

    def _is_usual(self):
        """Whether plain objects are shown as ever: no method is another, and no option asks for something else."""
        return (self._depth is None and not self._underscore_numbers and type(self).format is _usual_format
                and type(self)._safe_repr is _usual_repr and type(self._sort_dicts) is bool
                and "format" not in self.__dict__ and "_safe_repr" not in self.__dict__)  # fmt: skip

    def _format(self, object, out, indent, allowance, context, level):
        key = id(object)
        if key in context:
            out.append(f"<Recursion on {type(object).__name__} with id={key}>")
            return
        text = self._repr(object, context, level)
        if len(text) > self._width - indent - allowance:
            method = self._method(object)
            if method is not None:
                context[key] = 1
                method(object, out, indent, allowance, context, level + 1)
                del context[key]
                return
        out.append(text)

    def _method(self, object):
        """How an object of its type is laid out over lines."""
        show = type(object).__repr__
        if show is dict.__repr__:
            return self._format_dict
        if show is list.__repr__:
            return lambda *rest: self._bracketed("[", "]", *rest)
        if show is tuple.__repr__:
            return self._format_tuple
        if show is set.__repr__ or show is frozenset.__repr__:
            return self._format_set
        if show is str.__repr__:
            return self._format_str
        import collections

        if show is collections.OrderedDict.__repr__:
            return self._format_ordered
        if show is collections.defaultdict.__repr__:
            return self._format_default
        if show is collections.Counter.__repr__:
            return self._format_counter
        if show is collections.deque.__repr__:
            return self._format_deque
        if show is collections.UserDict.__repr__ or show is collections.UserList.__repr__:
            return lambda object, *rest: self._format(object.data, *rest[:-1], rest[-1] - 1)
        if type(object).__name__ in ("SimpleNamespace",) and hasattr(object, "__dict__"):
            return self._format_namespace
        if hasattr(type(object), "__dataclass_fields__") and not isinstance(object, type):
            if object.__dataclass_params__.repr and show.__qualname__ == type(object).__qualname__ + ".__repr__":
                return self._format_dataclass
        return None

    def _format_dict(self, object, out, indent, allowance, context, level):
        out.append("{")
        if self._indent > 1:
            out.append((self._indent - 1) * " ")
        if object:
            items = sorted(object.items(), key=_item_key) if self._sort_dicts else object.items()
            self._dict_items(items, out, indent, allowance + 1, context, level)
        out.append("}")

    def _dict_items(self, items, out, indent, allowance, context, level):
        indent += self._indent
        separator = ",\n" + " " * indent
        items = list(items)
        for index, (key, value) in enumerate(items):
            last = index == len(items) - 1
            text = self._repr(key, context, level)
            out.append(text + ": ")
            self._format(value, out, indent + len(text) + 2, allowance if last else 1, context, level)
            if not last:
                out.append(separator)

    def _format_ordered(self, object, out, indent, allowance, context, level):
        if not object:
            out.append(repr(object))
            return
        name = type(object).__name__
        out.append(name + "(")
        self._format(list(object.items()), out, indent + len(name) + 1, allowance + 1, context, level)
        out.append(")")

    def _format_default(self, object, out, indent, allowance, context, level):
        if not object:
            out.append(repr(object))
            return
        factory = self._repr(object.default_factory, context, level)
        name = type(object).__name__
        indent += len(name) + 1
        out.append(f"{name}({factory},\n{' ' * indent}")
        self._format_dict(object, out, indent, allowance + 1, context, level)
        out.append(")")

    def _format_counter(self, object, out, indent, allowance, context, level):
        if not object:
            out.append(repr(object))
            return
        name = type(object).__name__
        out.append(name + "({")
        if self._indent > 1:
            out.append((self._indent - 1) * " ")
        self._dict_items(object.most_common(), out, indent + len(name) + 1, allowance + 2, context, level)
        out.append("})")

    def _format_deque(self, object, out, indent, allowance, context, level):
        if not object:
            out.append(repr(object))
            return
        name = type(object).__name__
        out.append(name + "(")
        indent += len(name) + 1
        if object.maxlen is None:
            self._bracketed("[", "]", object, out, indent, allowance + 1, context, level)
            out.append(")")
        else:
            self._bracketed("[", "]", object, out, indent, 2, context, level)
            out.append(f",\n{' ' * indent}maxlen={self._repr(object.maxlen, context, level)})")

    def _format_tuple(self, object, out, indent, allowance, context, level):
        self._bracketed("(", ",)" if len(object) == 1 else ")", object, out, indent, allowance, context, level)

    def _format_set(self, object, out, indent, allowance, context, level):
        if not object:
            out.append(repr(object))
            return
        if type(object) is set:
            start, end = "{", "}"
        else:
            start, end = type(object).__name__ + "({", "})"
            indent += len(type(object).__name__) + 1
        self._bracketed(start, end, sorted(object, key=_Key), out, indent, allowance, context, level)

    def _bracketed(self, start, end, items, out, indent, allowance, context, level):
        out.append(start)
        items = list(items)
        indent += self._indent
        if self._indent > 1:
            out.append((self._indent - 1) * " ")
        allowance += len(end)
        separator = ",\n" + " " * indent
        width = room = self._width - indent + 1
        between = ""
        for index, item in enumerate(items):
            last = index == len(items) - 1
            if last:
                room -= allowance
                width -= allowance
            if self._compact:
                text = self._repr(item, context, level)
                length = len(text) + 2
                if room < length:
                    room = width
                    if between:
                        between = separator
                if room >= length:
                    room -= length
                    out.append(between + text)
                    between = ", "
                    continue
            out.append(between)
            between = separator
            self._format(item, out, indent, allowance if last else 1, context, level)
        out.append(end)

    def _format_str(self, object, out, indent, allowance, context, level):
        if not object:
            out.append(repr(object))
            return
        lines = object.splitlines(True)
        if level == 1:
            indent += 1
            allowance += 1
        whole = longest = self._width - indent
        pieces = []
        shown = ""
        for index, line in enumerate(lines):
            shown = repr(line)
            if index == len(lines) - 1:
                longest -= allowance
            if len(shown) <= longest:
                pieces.append(shown)
                continue
            # Words with the blanks after them, as many on a line as fit.
            words = _words(line)
            room = whole
            current = ""
            for number, word in enumerate(words):
                candidate = current + word
                if number == len(words) - 1 and index == len(lines) - 1:
                    room -= allowance
                if len(repr(candidate)) > room:
                    if current:
                        pieces.append(repr(current))
                    current = word
                else:
                    current = candidate
            if current:
                pieces.append(repr(current))
        if len(pieces) == 1:
            out.append(shown)
            return
        text = ("\n" + " " * indent).join(pieces)
        out.append(f"({text})" if level == 1 else text)

    def _format_namespace(self, object, out, indent, allowance, context, level):
        name = "namespace" if type(object).__module__ == "types" else type(object).__name__
        self._fields(name, list(object.__dict__.items()), out, indent, allowance, context, level)

    def _format_dataclass(self, object, out, indent, allowance, context, level):
        fields = [
            (field.name, getattr(object, field.name)) for field in object.__dataclass_fields__.values() if field.repr
        ]
        self._fields(type(object).__name__, fields, out, indent, allowance, context, level)

    def _fields(self, name, fields, out, indent, allowance, context, level):
        indent += len(name) + 1
        out.append(name + "(")
        for index, (key, value) in enumerate(fields):
            last = index == len(fields) - 1
            out.append(key + "=")
            if id(value) in context:
                out.append("...")
            else:
                self._format(value, out, indent + len(key) + 1, allowance if last else 1, context, level)
            if not last:
                out.append(",\n" + " " * indent)
        out.append(")")

    def _safe_repr(self, object, context, maxlevels, level):
        """(text, whether it can be read back, whether the object is inside of itself)."""
        kind = type(object)
        if kind in _SCALARS:
            return repr(object), True, False
        show = getattr(kind, "__repr__", None)
        if show is int.__repr__:
            return f"{object:_d}" if self._underscore_numbers else repr(object), True, False
        is_dict = show is dict.__repr__
        if not is_dict and show is not list.__repr__ and show is not tuple.__repr__:
            text = repr(object)
            return text, bool(text) and not text.startswith("<"), False
        if not object:
            return repr(object), True, False
        if not maxlevels and self._is_usual():
            text = _plain(object, context, self._sort_dicts)
            if text is not None:
                return text, True, False
        brackets = "{}" if is_dict else "[]" if show is list.__repr__ else "()"
        if maxlevels and level >= maxlevels:
            if brackets == "()" and len(object) == 1:
                return "(...,)", False, False
            return brackets[0] + "..." + brackets[1], False, False
        key = id(object)
        if key in context:
            return f"<Recursion on {kind.__name__} with id={key}>", False, True
        context[key] = 1
        readable, recursive, pieces = True, False, []
        level += 1
        if is_dict:
            items = sorted(object.items(), key=_item_key) if self._sort_dicts else object.items()
            for name, value in items:
                left = self.format(name, context, maxlevels, level)
                right = self.format(value, context, maxlevels, level)
                pieces.append(f"{left[0]}: {right[0]}")
                readable = readable and left[1] and right[1]
                recursive = recursive or left[2] or right[2]
        else:
            for item in object:
                text, can_read, repeats = self.format(item, context, maxlevels, level)
                pieces.append(text)
                readable = readable and can_read
                recursive = recursive or repeats
        del context[key]
        inside = ", ".join(pieces)
        if brackets == "()" and len(object) == 1:
            inside += ","
        return brackets[0] + inside + brackets[1], readable, recursive


_usual_format = PrettyPrinter.format
_usual_repr = PrettyPrinter._safe_repr


def _words(line):
    """Runs of non-blanks, each with the blanks after it."""
    words = []
    start = place = 0
    while place < len(line):
        while place < len(line) and not line[place].isspace():
            place += 1
        while place < len(line) and line[place].isspace():
            place += 1
        words.append(line[start:place])
        start = place
    return words
