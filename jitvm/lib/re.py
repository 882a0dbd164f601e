"""Regular expressions: the objects and functions of the module re, over the matcher of _re."""

import enum as _enum
import _re

__all__ = ["match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer", "compile", "purge",
           "template", "escape", "error", "Pattern", "Match", "A", "I", "L", "M", "S", "X", "U", "ASCII",
           "IGNORECASE", "LOCALE", "MULTILINE", "DOTALL", "VERBOSE", "UNICODE", "NOFLAG", "RegexFlag"]


class RegexFlag(_enum.IntFlag, boundary=_enum.KEEP):
    NOFLAG = 0
    ASCII = A = 256
    IGNORECASE = I = 2
    LOCALE = L = 4
    UNICODE = U = 32
    MULTILINE = M = 8
    DOTALL = S = 16
    VERBOSE = X = 64
    TEMPLATE = T = 1
    DEBUG = 128

    def __repr__(self):
        value = self._value_
        if value and not value & 511:
            return "re.RegexFlag(%d)" % value
        return _flags_text(value, _OWN_ORDER) or "re.NOFLAG"

    __str__ = object.__str__


NOFLAG = RegexFlag.NOFLAG
A = ASCII = RegexFlag.ASCII
I = IGNORECASE = RegexFlag.IGNORECASE
L = LOCALE = RegexFlag.LOCALE
U = UNICODE = RegexFlag.UNICODE
M = MULTILINE = RegexFlag.MULTILINE
S = DOTALL = RegexFlag.DOTALL
X = VERBOSE = RegexFlag.VERBOSE
T = TEMPLATE = RegexFlag.TEMPLATE
DEBUG = RegexFlag.DEBUG

# In the order in which patterns show them; RegexFlag shows them in its own.
_FLAG_NAMES = [(1, "TEMPLATE"), (2, "IGNORECASE"), (4, "LOCALE"), (8, "MULTILINE"), (16, "DOTALL"), (32, "UNICODE"),
               (64, "VERBOSE"), (128, "DEBUG"), (256, "ASCII")]
_OWN_ORDER = [(256, "ASCII"), (2, "IGNORECASE"), (4, "LOCALE"), (32, "UNICODE"), (8, "MULTILINE"), (16, "DOTALL"),
              (64, "VERBOSE"), (1, "TEMPLATE"), (128, "DEBUG")]


def _flags_text(flags, order=_FLAG_NAMES):
    names = []
    for value, name in order:
        if flags & value:
            names.append("re." + name)
            flags &= ~value
    if flags:
        names.append(hex(flags))
    return "|".join(names)


class error(Exception):
    """A pattern or template that is wrong."""

    __module__ = "re"

    def __init__(self, msg, pattern=None, pos=None):
        self.msg = msg
        self.pattern = pattern
        self.pos = pos
        if pattern is not None and pos is not None:
            msg = "%s at position %d" % (msg, pos)
            newline = "\n" if isinstance(pattern, str) else b"\n"
            self.lineno = pattern.count(newline, 0, pos) + 1
            self.colno = pos - pattern.rfind(newline, 0, pos)
            if newline in pattern:
                msg = "%s (line %d, column %d)" % (msg, self.lineno, self.colno)
        else:
            self.lineno = self.colno = None
        super().__init__(msg)


class Match:
    """A match of a pattern."""

    __module__ = "re"
    # Made by _re, which knows the slots by these names.
    __slots__ = ("re", "string", "pos", "endpos", "_spans")

    def __init__(self, *arguments):
        raise TypeError("cannot create 're.Match' instances")

    def _number(self, group):
        if type(group) is int:
            if 0 <= group <= self.re.groups:
                return group
            raise IndexError("no such group")
        if isinstance(group, str):
            number = self.re._index.get(group)
            if number is not None:
                return number
        elif hasattr(group, "__index__"):
            return self._number(group.__index__())
        raise IndexError("no such group")

    def group(self, *groups):
        spans = self._spans
        if not groups:
            start, end = spans[0], spans[1]
        elif len(groups) == 1:
            number = groups[0]
            if type(number) is not int or not 0 <= number <= self.re.groups:
                number = self._number(number)
            start = spans[2 * number]
            end = spans[2 * number + 1]
            if start < 0:
                return None
        else:
            return tuple([self.group(group) for group in groups])
        part = self.string[start:end]
        return part if type(part) is str or type(part) is bytes else _plain(part)

    def __getitem__(self, group):
        return self.group(group)

    def groups(self, default=None):
        spans = self._spans
        string = self.string
        result = []
        for index in range(2, 2 * self.re.groups + 2, 2):
            start = spans[index]
            if start < 0:
                result.append(default)
            else:
                part = string[start:spans[index + 1]]
                result.append(part if type(part) is str or type(part) is bytes else _plain(part))
        return tuple(result)

    def groupdict(self, default=None):
        result = {}
        for name, number in self.re._index.items():
            value = self.group(number)
            result[name] = default if value is None else value
        return result

    def start(self, group=0, /):
        return self._spans[2 * self._number(group)]

    def end(self, group=0, /):
        return self._spans[2 * self._number(group) + 1]

    def span(self, group=0, /):
        index = 2 * self._number(group)
        return self._spans[index], self._spans[index + 1]

    @property
    def regs(self):
        spans = self._spans
        return tuple([(spans[index], spans[index + 1]) for index in range(0, len(spans) - 1, 2)])

    @property
    def lastindex(self):
        return self._spans[-1]

    @property
    def lastgroup(self):
        number = self._spans[-1]
        if number is not None:
            for name, index in self.re._index.items():
                if index == number:
                    return name
        return None

    def expand(self, template):
        return _expand(_template(self.re, template), self)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        return "<re.Match object; span=%r, match=%r>" % (self.span(), self.group())


_re.know_matches(Match)


def _plain(part):
    return str(part) if isinstance(part, str) else bytes(part)


class Pattern:
    """A compiled pattern."""

    __module__ = "re"
    __slots__ = ("pattern", "flags", "groups", "_index", "_number", "_text", "__weakref__")

    def __init__(self, *arguments):
        raise TypeError("cannot create 're.Pattern' instances")

    @property
    def groupindex(self):
        return dict(self._index)

    def match(self, string, pos=0, endpos=9223372036854775807):
        return _re.find(self, self._number, string, pos, endpos, 1)

    def fullmatch(self, string, pos=0, endpos=9223372036854775807):
        return _re.find(self, self._number, string, pos, endpos, 2)

    def search(self, string, pos=0, endpos=9223372036854775807):
        return _re.find(self, self._number, string, pos, endpos, 0)

    def findall(self, string, pos=0, endpos=9223372036854775807):
        return _re.findall(self._number, string, pos, endpos)

    def finditer(self, string, pos=0, endpos=9223372036854775807):
        # What is wrong with the arguments is said before the first match is asked for.
        _re.find(self, self._number, string, 1, 0, 1)
        return self._iterate(string, pos, endpos)

    def _iterate(self, string, pos, endpos):
        number = self._number
        find = _re.find
        at = pos
        advance = False
        while True:
            found = find(self, number, string, pos, endpos, 0, at, advance)
            if found is None:
                return
            # The program may do with the match what it wants, but not change its spans.
            spans = found._spans
            yield found
            at = spans[1]
            advance = spans[0] == at

    def scanner(self, string, pos=0, endpos=9223372036854775807):
        return _Scanner(self, string, pos, endpos)

    def split(self, string, maxsplit=0):
        return _re.split(self._number, string, maxsplit)

    def sub(self, repl, string, count=0):
        result = _re.replace(self._number, repl, string, count)
        if result is not None:
            return result
        return self.subn(repl, string, count)[0]

    def subn(self, repl, string, count=0):
        if not callable(repl):
            return _re.substitute(self._number, _template(self, repl), string, count)
        number = self._number
        find = _re.find
        parts = []
        last = at = done = 0
        advance = False
        while count <= 0 and not count < 0 or done < count:
            found = find(self, number, string, 0, None, 0, at, advance)
            if found is None:
                break
            spans = found._spans
            start = spans[0]
            at = spans[1]
            parts.append(string[last:start])
            new = repl(found)
            if new is not None:
                parts.append(new)
            last = at
            advance = start == at
            done += 1
        if not done:
            return string[:] if type(string) in (str, bytes) else _plain(string), 0
        parts.append(string[last:])
        return (b"" if not isinstance(string, str) else "").join(parts), done

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return compile, (self.pattern, self.flags)

    def __eq__(self, other):
        if not isinstance(other, Pattern):
            return NotImplemented
        return self.flags == other.flags and self.pattern == other.pattern and self._text == other._text

    def __hash__(self):
        return hash((self.flags, self.pattern))

    def __repr__(self):
        text = repr(self.pattern)[:200]
        flags = self.flags & ~32 if self._text else self.flags
        if flags:
            return "re.compile(%s, %s)" % (text, _flags_text(flags))
        return "re.compile(%s)" % text

    @classmethod
    def __class_getitem__(cls, item):
        return cls


class _Scanner:
    """Matches of a pattern one after the other."""

    def __init__(self, pattern, string, pos, endpos):
        self.pattern = pattern
        self._arguments = (string, pos, endpos)
        self._at = pos
        self._advance = False

    def _next(self, mode):
        string, pos, endpos = self._arguments
        if self._at is None:
            return None
        found = _re.find(self.pattern, self.pattern._number, string, pos, endpos, mode, self._at, self._advance)
        if found is None:
            self._at = None
            return None
        spans = found._spans
        self._at = spans[1]
        self._advance = spans[0] == spans[1]
        return found

    def match(self):
        return self._next(1)

    def search(self):
        return self._next(0)


_CHARACTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_templates = {}


def _template(pattern, source):
    """The parts of a replacement: text and numbers of groups."""
    key = (pattern._number, type(source), source)
    try:
        return _templates[key]
    except KeyError:
        pass
    except TypeError:
        key = None
    parts = _parse_template(pattern, source)
    if key is not None:
        if len(_templates) >= 512:
            _templates.clear()
        _templates[key] = parts
    return parts


def _parse_template(pattern, source):
    if isinstance(source, str):
        text = source
        encode = str
    else:
        text = str(source, "latin-1")
        encode = lambda part: part.encode("latin-1")
    if "\\" not in text:
        return [source if type(source) is str else encode(text)]
    parts = []
    literal = []

    def add_group(number, position):
        if number > pattern.groups:
            raise error("invalid group reference %d" % number, source, position)
        if literal:
            parts.append(encode("".join(literal)))
            literal.clear()
        parts.append(number)

    at = 0
    size = len(text)
    while at < size:
        c = text[at]
        if c != "\\":
            end = text.find("\\", at)
            if end < 0:
                end = size
            literal.append(text[at:end])
            at = end
            continue
        start = at
        at += 1
        if at >= size:
            raise error("bad escape (end of pattern)", source, start)
        c = text[at]
        at += 1
        if c == "g":
            if text[at:at + 1] != "<":
                raise error("missing <", source, at)
            at += 1
            end = text.find(">", at)
            if end < 0:
                if at >= size:
                    raise error("missing group name", source, at)
                raise error("missing >, unterminated name", source, at)
            name = text[at:end]
            if not name:
                raise error("missing group name", source, at)
            if name.isdecimal() and name.isascii():
                number = int(name)
                if number > pattern.groups:
                    raise error("invalid group reference %d" % number, source, at)
            else:
                if not name.isidentifier() or encode is not str and not name.isascii():
                    shown = name if encode is str else name.encode("latin-1")
                    raise error("bad character in group name %r" % name, source, at)
                if name not in pattern._index:
                    raise IndexError("unknown group name %r" % name)
                number = pattern._index[name]
            add_group(number, at)
            at = end + 1
        elif c == "0":
            digits = c
            while len(digits) < 3 and text[at:at + 1] in tuple("01234567"):
                digits += text[at]
                at += 1
            literal.append(chr(int(digits, 8) & 0xff))
        elif "1" <= c <= "9":
            digits = c
            if text[at:at + 1].isdecimal() and text[at].isascii():
                digits += text[at]
                at += 1
                if c in "01234567" and digits[1] in "01234567" and text[at:at + 1] in tuple("01234567"):
                    digits += text[at]
                    at += 1
                    value = int(digits, 8)
                    if value > 0o377:
                        raise error("octal escape value \\%s outside of range 0-0o377" % digits, source, start)
                    literal.append(chr(value))
                    continue
            add_group(int(digits), start + 1)
        elif c in _CHARACTERS:
            literal.append(_CHARACTERS[c])
        elif c.isascii() and c.isalpha():
            raise error("bad escape \\%s" % c, source, start)
        else:
            literal.append("\\" + c)
    if literal:
        parts.append(encode("".join(literal)))
    return parts


def _expand(parts, match):
    empty = "" if isinstance(match.string, str) else b""
    result = []
    for part in parts:
        if isinstance(part, int):
            part = match.group(part)
            if part is None:
                part = empty
        result.append(part)
    return empty.join(result)


_cache = {}


def compile(pattern, flags=0):
    """The Pattern of a regular expression."""
    if type(flags) is not int and isinstance(flags, RegexFlag):
        flags = flags.value
    try:
        return _cache[type(pattern), pattern, flags]
    except KeyError:
        pass
    if isinstance(pattern, Pattern):
        if flags:
            raise ValueError("cannot process flags argument with a compiled pattern")
        return pattern
    if not isinstance(pattern, (str, bytes)):
        if not isinstance(pattern, (bytearray, memoryview)):
            raise TypeError("first argument must be string or compiled pattern")
    is_text = isinstance(pattern, str)
    if is_text:
        if flags & 4:
            raise ValueError("cannot use LOCALE flag with a str pattern")
        if flags & 256 and flags & 32:
            raise ValueError("ASCII and UNICODE flags are incompatible")
    else:
        if flags & 32:
            raise ValueError("cannot use UNICODE flag with a bytes pattern")
        if flags & 4 and flags & 256:
            raise ValueError("ASCII and LOCALE flags are incompatible")
    compiled = _re.compile(pattern, flags)
    if len(compiled) == 2:
        message, position = compiled
        if message == "the repetition number is too large":
            raise OverflowError(message)
        raise error(message, pattern, position)
    result = object.__new__(Pattern)
    result.pattern = pattern
    result._number, result.flags, result.groups, result._index = compiled
    result._text = is_text
    if not flags & 128:
        if len(_cache) >= 512:
            del _cache[next(iter(_cache))]
        _cache[type(pattern), pattern, flags] = result
    return result


def purge():
    _cache.clear()
    _templates.clear()


def template(pattern, flags=0):
    return compile(pattern, flags)


def match(pattern, string, flags=0):
    return compile(pattern, flags).match(string)


def fullmatch(pattern, string, flags=0):
    return compile(pattern, flags).fullmatch(string)


def search(pattern, string, flags=0):
    return compile(pattern, flags).search(string)


def sub(pattern, repl, string, count=0, flags=0):
    return compile(pattern, flags).subn(repl, string, count)[0]


def subn(pattern, repl, string, count=0, flags=0):
    return compile(pattern, flags).subn(repl, string, count)


def split(pattern, string, maxsplit=0, flags=0):
    return compile(pattern, flags).split(string, maxsplit)


def findall(pattern, string, flags=0):
    return compile(pattern, flags).findall(string)


def finditer(pattern, string, flags=0):
    return compile(pattern, flags).finditer(string)


_SPECIAL = {ord(c): "\\" + c for c in "()[]{}?*+-|^$\\.&~# \t\n\r\v\f"}


def escape(pattern):
    """The pattern that matches a text literally."""
    if isinstance(pattern, str):
        return pattern.translate(_SPECIAL)
    return str(pattern, "latin1").translate(_SPECIAL).encode("latin1")


class Scanner:
    """Splits a text into tokens, each found by the first of several patterns that matches."""

    def __init__(self, lexicon, flags=0):
        self.lexicon = lexicon
        self._patterns = [(compile(phrase, flags), action) for phrase, action in lexicon]

    def scan(self, string):
        result = []
        at = 0
        while True:
            for pattern, action in self._patterns:
                found = pattern.match(string, at)
                if found is not None:
                    break
            else:
                break
            end = found.end()
            if end == at:
                break
            if callable(action):
                self.match = found
                action = action(self, found.group())
            if action is not None:
                result.append(action)
            at = end
        return result, string[at:]
