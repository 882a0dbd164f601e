"""Constants and templates for text."""

__all__ = [
    "ascii_letters",
    "ascii_lowercase",
    "ascii_uppercase",
    "capwords",
    "digits",
    "hexdigits",
    "octdigits",
    "printable",
    "punctuation",
    "whitespace",
    "Formatter",
    "Template",
]

whitespace = " \t\n\r\v\f"
ascii_lowercase = "abcdefghijklmnopqrstuvwxyz"
ascii_uppercase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ascii_letters = ascii_lowercase + ascii_uppercase
digits = "0123456789"
hexdigits = digits + "abcdef" + "ABCDEF"
octdigits = "01234567"
punctuation = r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"""
printable = digits + ascii_letters + punctuation + whitespace


def capwords(s, sep=None):
    """The words with capitals, joined by one separator."""
    return (sep or " ").join([word.capitalize() for word in s.split(sep)])


def _is_start(character):
    return character == "_" or character in ascii_letters


def _is_part(character):
    return _is_start(character) or character in digits


class _Flags:
    """The flags of Template.pattern, as a member of re.RegexFlag."""

    def __get__(self, instance, owner=None):
        import re

        return re.IGNORECASE


class _Pattern:
    """The pattern of what a class of templates replaces."""

    def __get__(self, instance, owner=None):
        return _compiled(owner)


def _compiled(cls):
    import re

    pattern = next(vars(base)["pattern"] for base in cls.__mro__ if "pattern" in vars(base))
    if isinstance(pattern, _Pattern):
        delimiter, name = re.escape(cls.delimiter), cls.idpattern
        pattern = (
            f"{delimiter}(?:(?P<escaped>{delimiter})|(?P<named>{name})|"
            f"{{(?P<braced>{cls.braceidpattern or name})}}|(?P<invalid>))"
        )
    return re.compile(pattern, cls.flags | re.VERBOSE) if isinstance(pattern, str) else pattern


class Template:
    """Text with $name and ${name} to fill in."""

    delimiter = "$"
    idpattern = "(?a:[_a-z][_a-z0-9]*)"
    braceidpattern = None
    flags = _Flags()
    pattern = _Pattern()

    def _matches(self):
        """What _pieces gives, of a class with a pattern of its own."""
        place = 0
        for match in _compiled(type(self)).finditer(self.template):
            yield "text", self.template[place:match.start()], "", place
            place = match.end()
            groups = match.groupdict()
            name = groups.get("named") or groups.get("braced")
            if name is not None:
                yield "name", name, match.group(), match.start()
            elif groups.get("escaped") is not None:
                yield "escape", self.delimiter, match.group(), match.start()
            else:
                yield "invalid", match.group(), match.group(), match.start("invalid")
        yield "text", self.template[place:], "", place

    def __init__(self, template):
        self.template = template

    def _pieces(self):
        """(kind, text, position): 'text', 'name' (with what stands there), 'escape' or 'invalid'."""
        for base in type(self).__mro__:
            if base is Template:
                break
            if not vars(base).keys().isdisjoint(("idpattern", "braceidpattern", "flags", "pattern")):
                yield from self._matches()
                return
        template, delimiter = self.template, self.delimiter
        place = 0
        while True:
            found = template.find(delimiter, place)
            if found < 0:
                yield "text", template[place:], template[place:], place
                return
            yield "text", template[place:found], template[place:found], place
            after = found + len(delimiter)
            if template.startswith(delimiter, after):
                place = after + len(delimiter)
                yield "escape", delimiter, template[found:place], found
                continue
            braced = template.startswith("{", after)
            start = end = after + braced
            while end < len(template) and (_is_start if end == start else _is_part)(template[end]):
                end += 1
            if end == start or braced and not template.startswith("}", end):
                place = after
                yield "invalid", delimiter, delimiter, place
                continue
            place = end + braced
            yield "name", template[start:end], template[found:place], found

    def _invalid(self, position):
        lines = self.template[:position].splitlines(keepends=True)
        column = position - len("".join(lines[:-1]))
        raise ValueError("Invalid placeholder in string: line %d, col %d" % (len(lines), column))

    def substitute(self, mapping={}, /, **kws):
        result = []
        for kind, text, _, position in self._pieces():
            if kind == "name":
                result.append(str(kws[text] if text in kws else mapping[text]))
            elif kind == "invalid":
                self._invalid(position)
            else:
                result.append(text)
        return "".join(result)

    def safe_substitute(self, mapping={}, /, **kws):
        result = []
        for kind, text, source, _ in self._pieces():
            if kind == "name":
                try:
                    result.append(str(kws[text] if text in kws else mapping[text]))
                except KeyError:
                    result.append(source)
            else:
                result.append(text)
        return "".join(result)

    def is_valid(self):
        return all([kind != "invalid" for kind, _, _, _ in self._pieces()])

    def get_identifiers(self):
        return list(dict.fromkeys([text for kind, text, _, _ in self._pieces() if kind == "name"]))


class Formatter:
    """str.format with steps that can be overridden."""

    def format(self, format_string, /, *args, **kwargs):
        return self.vformat(format_string, args, kwargs)

    def vformat(self, format_string, args, kwargs):
        used = set()
        result, _ = self._vformat(format_string, args, kwargs, used, 2, 0)
        self.check_unused_args(used, args, kwargs)
        return result

    def _vformat(self, format_string, args, kwargs, used, depth, automatic):
        if depth < 0:
            raise ValueError("Max string recursion exceeded")
        result = []
        for literal, field, spec, conversion in self.parse(format_string):
            if literal:
                result.append(literal)
            if field is None:
                continue
            if field == "":
                if automatic is False:
                    raise ValueError("cannot switch from manual field specification to automatic field numbering")
                field = str(automatic)
                automatic += 1
            elif field.isdigit():
                if automatic:
                    raise ValueError("cannot switch from manual field specification to automatic field numbering")
                automatic = False
            value, first = self.get_field(field, args, kwargs)
            used.add(first)
            value = self.convert_field(value, conversion)
            spec, automatic = self._vformat(spec, args, kwargs, used, depth - 1, automatic)
            result.append(self.format_field(value, spec))
        return "".join(result), automatic

    def get_value(self, key, args, kwargs):
        return args[key] if isinstance(key, int) else kwargs[key]

    def check_unused_args(self, used_args, args, kwargs):
        pass

    def format_field(self, value, format_spec):
        return format(value, format_spec)

    def convert_field(self, value, conversion):
        if conversion is None:
            return value
        if conversion == "s":
            return str(value)
        if conversion == "r":
            return repr(value)
        if conversion == "a":
            return ascii(value)
        raise ValueError(f"Unknown conversion specifier {conversion!s}")

    def parse(self, format_string):
        place, length = 0, len(format_string)
        while place < length:
            literal = []
            while place < length:
                character = format_string[place]
                if character in "{}":
                    if format_string.startswith(character, place + 1):
                        place += 1
                    elif character == "{":
                        break
                    else:
                        raise ValueError("Single '}' encountered in format string")
                literal.append(character)
                place += 1
            if place >= length:
                yield "".join(literal), None, None, None
                return
            start = place = place + 1
            depth = 1
            while place < length:
                character = format_string[place]
                if character == "{":
                    depth += 1
                elif character == "}":
                    depth -= 1
                    if depth == 0:
                        break
                place += 1
            else:
                raise ValueError(
                    "expected '}' before end of string" if place > start else "Single '{' encountered in format string"
                )
            field = format_string[start:place]
            place += 1
            end = 0
            while end < len(field) and field[end] not in "!:":
                end = field.index("]", end) + 1 if field[end] == "[" and "]" in field[end:] else end + 1
            name, rest = field[:end], field[end:]
            conversion = None
            if rest.startswith("!"):
                conversion, rest = rest[1:2], rest[2:]
            yield "".join(literal), name, rest[1:], conversion

    def get_field(self, field_name, args, kwargs):
        end = 0
        while end < len(field_name) and field_name[end] not in ".[":
            end += 1
        first, rest = field_name[:end], field_name[end:]
        if first.isdigit():
            first = int(first)
        value = self.get_value(first, args, kwargs)
        while rest:
            if rest[0] == "[":
                key, _, rest = rest[1:].partition("]")
                value = value[int(key) if key.isdigit() else key]
            else:
                end = 1
                while end < len(rest) and rest[end] not in ".[":
                    end += 1
                value, rest = getattr(value, rest[1:end]), rest[end:]
        return value, first
