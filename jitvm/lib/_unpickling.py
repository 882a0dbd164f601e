"""Reading pickles, and the names and errors that writing them shares."""

import struct
import sys

HIGHEST_PROTOCOL = 5

# Names of protocols 0 to 2 for modules that were renamed in Python 3, and back.
_OLD_MODULES = {"builtins": "__builtin__", "copyreg": "copy_reg", "queue": "Queue", "configparser": "ConfigParser",
                "functools": "functools"}
_NEW_MODULES = {old: new for new, old in _OLD_MODULES.items()}
_OLD_NAMES = {("builtins", "range"): ("__builtin__", "xrange"), ("functools", "reduce"): ("__builtin__", "reduce"),
              ("builtins", "str"): ("__builtin__", "unicode"), ("builtins", "chr"): ("__builtin__", "unichr"),
              ("builtins", "int"): ("__builtin__", "long"), ("builtins", "zip"): ("itertools", "izip"),
              ("builtins", "map"): ("itertools", "imap"), ("builtins", "filter"): ("itertools", "ifilter"),
              ("collections", "UserDict"): ("UserDict", "IterableUserDict"),
              ("collections", "UserList"): ("UserList", "UserList"),
              ("collections", "UserString"): ("UserString", "UserString")}
_NEW_NAMES = {old: new for new, old in _OLD_NAMES.items()}
_OLD_EXCEPTIONS = ("ArithmeticError AssertionError AttributeError BaseException BufferError BytesWarning "
                   "DeprecationWarning EOFError EnvironmentError Exception FloatingPointError FutureWarning "
                   "GeneratorExit IOError ImportError ImportWarning IndentationError IndexError KeyError "
                   "KeyboardInterrupt LookupError MemoryError NameError NotImplementedError OSError OverflowError "
                   "PendingDeprecationWarning ReferenceError RuntimeError RuntimeWarning StandardError StopIteration "
                   "SyntaxError SyntaxWarning SystemError SystemExit TabError TypeError UnboundLocalError "
                   "UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError UnicodeWarning "
                   "UserWarning ValueError Warning ZeroDivisionError").split()
for _name in _OLD_EXCEPTIONS:
    if _name not in ("EnvironmentError", "IOError", "StandardError"):
        _OLD_NAMES["builtins", _name] = "exceptions", _name
    _NEW_NAMES["exceptions", _name] = "builtins", _name


class PickleError(Exception):
    pass


class PicklingError(PickleError):
    pass


class UnpicklingError(PickleError):
    pass


for _class in (PickleError, PicklingError, UnpicklingError):
    _class.__module__ = "_pickle"


def _found(value, path):
    for part in path.split("."):
        if part == "<locals>":
            raise AttributeError("Can't get local attribute %r on %r" % (path, value))
        try:
            value = getattr(value, part)
        except AttributeError:
            raise AttributeError("Can't get attribute %r on %r" % (path, value)) from None
    return value


class Unpickler:
    """Reads objects from a file."""

    def __init__(self, file, *, fix_imports=True, encoding="ASCII", errors="strict", buffers=None):
        if not (hasattr(file, "read") and hasattr(file, "readline")):
            raise TypeError("file must have 'read' and 'readline' attributes")
        self._file = file
        self.memo = {}
        self._fix_imports, self._encoding, self._errors = fix_imports, encoding, errors
        self._buffers = None if buffers is None else iter(buffers)
        self.proto = 0

    def persistent_load(self, pid):
        raise UnpicklingError("A load persistent id instruction was encountered, but no persistent_load function was "
                              "specified.")

    def find_class(self, module, name):
        if self.proto < 3 and self._fix_imports:
            if (module, name) in _NEW_NAMES:
                module, name = _NEW_NAMES[module, name]
            else:
                module = _NEW_MODULES.get(module, module)
        __import__(module, level=0)
        if self.proto >= 4:
            return _found(sys.modules[module], name)
        try:
            return getattr(sys.modules[module], name)
        except AttributeError:
            raise AttributeError("Can't get attribute %r on %r" % (name, sys.modules[module])) from None

    def _read(self, size):
        data = self._file.read(size)
        if len(data) < size:
            raise (EOFError("Ran out of input") if not data and not self._begun
                   else UnpicklingError("pickle data was truncated"))
        return data

    def _line(self):
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise UnpicklingError("pickle data was truncated")
        return line[:-1]

    def _number(self, size, signed=False):
        return int.from_bytes(self._read(size), "little", signed=signed)

    def load(self):
        stack = self.stack = []
        self._marks = []
        self._begun = False
        codes = _LOADERS
        while True:
            code = self._file.read(1)
            if not code:
                raise EOFError("Ran out of input")
            self._begun = True
            if code == b".":
                return self.stack.pop()
            loader = codes.get(code[0])
            if loader is None:
                raise UnpicklingError("invalid load key, '%s'." % (
                    chr(code[0]) if 32 <= code[0] < 127 else "\\x%02x" % code[0]))
            try:
                loader(self)
            except IndexError:
                raise UnpicklingError("unpickling stack underflow") from None

    def _to_mark(self):
        if not self._marks:
            raise UnpicklingError("could not find MARK")
        items = self.stack
        self.stack = self._marks.pop()
        return items

    def _mark(self):
        self._marks.append(self.stack)
        self.stack = []

    def _push(self, value):
        self.stack.append(value)

    def _string(self, data):
        if self._encoding == "bytes":
            return data
        return data.decode(self._encoding, self._errors)

    def _proto(self):
        proto = self._read(1)[0]
        if proto > HIGHEST_PROTOCOL:
            raise ValueError("unsupported pickle protocol: %d" % proto)
        self.proto = proto

    def _text_int(self):
        line = self._line()
        self._push(False if line == b"00" else True if line == b"01" else int(line, 0))

    def _text_long(self):
        line = self._line()
        self._push(int(line[:-1] if line.endswith(b"L") else line, 0))

    def _text_string(self):
        line = self._line()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b'"', b"'"):
            raise UnpicklingError("the STRING opcode argument must be quoted")
        import codecs
        self._push(self._string(codecs.escape_decode(line[1:-1])[0]))

    def _text_unicode(self):
        data = self._line()
        if b"\\" not in data:
            self._push(data.decode("latin-1"))
            return
        import re
        self._push(re.sub(r"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})", lambda m: chr(int(m[1] or m[2], 16)),
                          data.decode("latin-1")))

    def _get_memo(self, index):
        try:
            self._push(self.memo[index])
        except KeyError:
            raise UnpicklingError("Memo value not found at index %d" % index) from None

    def _tuple(self, count):
        values = tuple(self.stack[-count:])
        if len(values) < count:
            raise IndexError
        self.stack[-count:] = [values]

    def _reduce(self):
        args = self.stack.pop()
        self.stack[-1] = self.stack[-1](*args)

    def _newobj(self):
        args = self.stack.pop()
        cls = self.stack.pop()
        self._push(cls.__new__(cls, *args))

    def _newobj_ex(self):
        kwargs, args, cls = self.stack.pop(), self.stack.pop(), self.stack.pop()
        self._push(cls.__new__(cls, *args, **kwargs))

    def _stack_global(self):
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise UnpicklingError("STACK_GLOBAL requires str")
        self._push(self.find_class(module, name))

    def _global(self):
        module = self._line().decode("utf-8")
        self._push(self.find_class(module, self._line().decode("utf-8")))

    def _instantiate(self, cls, args):
        self._push(cls(*args) if args or not isinstance(cls, type) or hasattr(cls, "__getinitargs__")
                   else cls.__new__(cls))

    def _inst(self):
        module = self._line().decode("ascii")
        cls = self.find_class(module, self._line().decode("ascii"))
        self._instantiate(cls, self._to_mark())

    def _obj(self):
        cls, *args = self._to_mark()
        self._instantiate(cls, args)

    def _append(self):
        value = self.stack.pop()
        self.stack[-1].append(value)

    def _appends(self):
        items = self._to_mark()
        target = self.stack[-1]
        if hasattr(target, "extend"):
            target.extend(items)
        else:
            for value in items:
                target.append(value)

    def _setitem(self):
        value, key = self.stack.pop(), self.stack.pop()
        self.stack[-1][key] = value

    def _setitems(self):
        items = self._to_mark()
        target = self.stack[-1]
        for i in range(0, len(items), 2):
            target[items[i]] = items[i + 1]

    def _additems(self):
        items = self._to_mark()
        target = self.stack[-1]
        if isinstance(target, set):
            target.update(items)
        else:
            for value in items:
                target.add(value)

    def _build(self):
        state = self.stack.pop()
        obj = self.stack[-1]
        setstate = getattr(obj, "__setstate__", None)
        if setstate is not None:
            setstate(state)
            return
        slots = None
        if isinstance(state, tuple) and len(state) == 2:
            state, slots = state
        if state:
            for name, value in state.items():
                if type(name) is str:
                    name = sys.intern(name)
                obj.__dict__[name] = value
        if slots:
            for name, value in slots.items():
                setattr(obj, name, value)

    def _pop(self):
        if self.stack:
            self.stack.pop()
        else:
            self._to_mark()

    def _dict(self):
        items = self._to_mark()
        self._push({items[i]: items[i + 1] for i in range(0, len(items), 2)})

    def _next_buffer(self):
        if self._buffers is None:
            raise UnpicklingError("pickle stream refers to out-of-band data but no *buffers* argument was given")
        try:
            self._push(next(self._buffers))
        except StopIteration:
            raise UnpicklingError("not enough out-of-band buffers") from None

    def _long(self, size):
        self._push(int.from_bytes(self._read(size), "little", signed=True))


_LOADERS = {
    0x80: Unpickler._proto,
    0x95: lambda u: u._read(8),
    ord("N"): lambda u: u._push(None),
    0x88: lambda u: u._push(True),
    0x89: lambda u: u._push(False),
    ord("I"): Unpickler._text_int,
    ord("K"): lambda u: u._push(u._number(1)),
    ord("M"): lambda u: u._push(u._number(2)),
    ord("J"): lambda u: u._push(u._number(4, True)),
    ord("L"): Unpickler._text_long,
    0x8a: lambda u: u._long(u._number(1)),
    0x8b: lambda u: u._long(u._number(4)),
    ord("F"): lambda u: u._push(float(u._line())),
    ord("G"): lambda u: u._push(struct.unpack(">d", u._read(8))[0]),
    ord("S"): Unpickler._text_string,
    ord("T"): lambda u: u._push(u._string(u._read(u._number(4)))),
    ord("U"): lambda u: u._push(u._string(u._read(u._number(1)))),
    ord("B"): lambda u: u._push(u._read(u._number(4))),
    ord("C"): lambda u: u._push(u._read(u._number(1))),
    0x8e: lambda u: u._push(u._read(u._number(8))),
    0x96: lambda u: u._push(bytearray(u._read(u._number(8)))),
    ord("V"): Unpickler._text_unicode,
    ord("X"): lambda u: u._push(u._read(u._number(4)).decode("utf-8", "surrogatepass")),
    0x8c: lambda u: u._push(u._read(u._number(1)).decode("utf-8", "surrogatepass")),
    0x8d: lambda u: u._push(u._read(u._number(8)).decode("utf-8", "surrogatepass")),
    ord("("): Unpickler._mark,
    ord(")"): lambda u: u._push(()),
    ord("t"): lambda u: _push_marked(u, tuple),
    0x85: lambda u: u._tuple(1),
    0x86: lambda u: u._tuple(2),
    0x87: lambda u: u._tuple(3),
    ord("]"): lambda u: u._push([]),
    ord("l"): lambda u: _push_marked(u, list),
    ord("}"): lambda u: u._push({}),
    ord("d"): Unpickler._dict,
    0x8f: lambda u: u._push(set()),
    0x91: lambda u: _push_marked(u, frozenset),
    ord("a"): Unpickler._append,
    ord("e"): Unpickler._appends,
    ord("s"): Unpickler._setitem,
    ord("u"): Unpickler._setitems,
    0x90: Unpickler._additems,
    ord("0"): Unpickler._pop,
    ord("1"): lambda u: u._to_mark() and None,
    ord("2"): lambda u: u._push(u.stack[-1]),
    ord("p"): lambda u: u.memo.__setitem__(int(u._line()), u.stack[-1]),
    ord("q"): lambda u: u.memo.__setitem__(u._number(1), u.stack[-1]),
    ord("r"): lambda u: u.memo.__setitem__(u._number(4), u.stack[-1]),
    0x94: lambda u: u.memo.__setitem__(len(u.memo), u.stack[-1]),
    ord("g"): lambda u: u._get_memo(int(u._line())),
    ord("h"): lambda u: u._get_memo(u._number(1)),
    ord("j"): lambda u: u._get_memo(u._number(4)),
    ord("c"): Unpickler._global,
    0x93: Unpickler._stack_global,
    ord("R"): Unpickler._reduce,
    ord("b"): Unpickler._build,
    ord("i"): Unpickler._inst,
    ord("o"): Unpickler._obj,
    0x81: Unpickler._newobj,
    0x92: Unpickler._newobj_ex,
    ord("P"): lambda u: u._push(u.persistent_load(u._line().decode("ascii"))),
    ord("Q"): lambda u: u._push(u.persistent_load(u.stack.pop())),
    0x97: Unpickler._next_buffer,
    0x98: lambda u: u.stack.__setitem__(-1, memoryview(u.stack[-1]).toreadonly()),
}


def _push_marked(unpickler, make):
    items = unpickler._to_mark()
    unpickler._push(make(items))
