"""Tables as text: values separated by commas and the like."""

__version__ = "1.0"
__doc__ = "CSV parsing and writing.\n"

QUOTE_MINIMAL, QUOTE_ALL, QUOTE_NONNUMERIC, QUOTE_NONE = 0, 1, 2, 3
__all__ = ["QUOTE_MINIMAL", "QUOTE_ALL", "QUOTE_NONNUMERIC", "QUOTE_NONE", "Error", "Dialect", "__doc__", "excel",
           "excel_tab", "field_size_limit", "reader", "writer", "register_dialect", "get_dialect", "list_dialects",
           "Sniffer", "unregister_dialect", "DictReader", "DictWriter", "unix_dialect"]


class Error(Exception):
    pass


Error.__module__ = "_csv"


class Dialect:
    """How a table is written."""

    _name = ""
    _valid = False
    delimiter = None
    quotechar = None
    escapechar = None
    doublequote = None
    skipinitialspace = None
    lineterminator = None
    quoting = None

    def __init__(self):
        if self.__class__ != Dialect:
            self._valid = True
        try:
            _Settings(self)
        except TypeError as e:
            raise Error(str(e))


class excel(Dialect):
    delimiter = ","
    quotechar = '"'
    doublequote = True
    skipinitialspace = False
    lineterminator = "\r\n"
    quoting = QUOTE_MINIMAL


class excel_tab(excel):
    delimiter = "\t"


class unix_dialect(Dialect):
    delimiter = ","
    quotechar = '"'
    doublequote = True
    skipinitialspace = False
    lineterminator = "\n"
    quoting = QUOTE_ALL


_DEFAULTS = {"delimiter": ",", "doublequote": True, "escapechar": None, "lineterminator": "\r\n", "quotechar": '"',
             "quoting": QUOTE_MINIMAL, "skipinitialspace": False, "strict": False}
_dialects = {}
_limit = 131072


class _Settings:
    """A dialect with all its values checked."""

    def __init__(self, dialect=None, options={}):
        if isinstance(dialect, str):
            dialect = get_dialect(dialect)
        values = dict(_DEFAULTS)
        if dialect is not None:
            for name in values:
                if hasattr(dialect, name):
                    values[name] = getattr(dialect, name)
        for name, value in options.items():
            if name not in values:
                raise TypeError("this function got an unexpected keyword argument '%s'" % name)
            values[name] = value
        if "quotechar" not in options and values["quotechar"] is None and "quoting" not in options and dialect is None:
            values["quoting"] = QUOTE_NONE
        for name in ("delimiter", "escapechar", "quotechar"):
            value = values[name]
            if value is None and name != "delimiter":
                continue
            if not isinstance(value, str):
                form = '"%s" must be string, not %s' if name == "delimiter" else '"%s" must be string or None, not %s'
                raise TypeError(form % (name, type(value).__name__))
            if len(value) != 1 and not (name != "delimiter" and value == "" and False):
                raise TypeError('"%s" must be a 1-character string' % name)
        if not isinstance(values["lineterminator"], str):
            raise TypeError('"lineterminator" must be a string, not %s' % type(values["lineterminator"]).__name__)
        quoting = values["quoting"]
        if type(quoting) is not int:
            raise TypeError('"quoting" must be an integer, not %s' % type(quoting).__name__)
        if not 0 <= quoting <= 3:
            raise TypeError('bad "quoting" value')
        if quoting != QUOTE_NONE and values["quotechar"] is None:
            raise TypeError("quotechar must be set if quoting enabled")
        for name in ("doublequote", "skipinitialspace", "strict"):
            values[name] = bool(values[name])
        self.__dict__.update(values)


_Settings.__name__ = _Settings.__qualname__ = "Dialect"
_Settings.__module__ = "_csv"


def register_dialect(name, dialect=None, **fmtparams):
    if not isinstance(name, str):
        raise TypeError("dialect name must be a string")
    _dialects[name] = _Settings(dialect, fmtparams)


def unregister_dialect(name):
    if name not in _dialects:
        raise Error("unknown dialect")
    del _dialects[name]


def get_dialect(name):
    if name not in _dialects:
        raise Error("unknown dialect")
    return _dialects[name]


def list_dialects():
    return list(_dialects)


def field_size_limit(*new):
    global _limit
    old = _limit
    if new:
        if type(new[0]) is not int:
            raise TypeError("limit must be an integer")
        _limit = new[0]
    return old


register_dialect("excel", excel)
register_dialect("excel-tab", excel_tab)
register_dialect("unix", unix_dialect)


class _Reader:
    """The rows of an iterable of lines."""

    def __init__(self, lines, dialect, options):
        self.dialect = _Settings(dialect, options)
        self.line_num = 0
        try:
            self._lines = iter(lines)
        except TypeError:
            raise TypeError("'%s' object is not iterable" % type(lines).__name__) from None

    def __iter__(self):
        return self

    def __next__(self):
        dialect = self.dialect
        delimiter, quote, escape = dialect.delimiter, dialect.quotechar, dialect.escapechar
        quoting, strict = dialect.quoting, dialect.strict
        numeric = quoting == QUOTE_NONNUMERIC
        if quoting == QUOTE_NONE:
            quote = None
        row, field, quoted = [], [], False
        # Where in a row the reader is: START of one, FIELD start, IN a field, QUOTED, or behind a QUOTE in one.
        state = "start"

        def save():
            nonlocal field, quoted
            text = "".join(field)
            row.append(float(text) if numeric and not quoted else text)
            field, quoted = [], False

        while True:
            try:
                line = next(self._lines)
            except StopIteration:
                if state in ("escape", "escape quoted", "quoted") or field:
                    if strict:
                        raise Error("unexpected end of data")
                    if state == "escape":
                        field.append("\n")
                    save()
                    return row
                if state == "start":
                    raise
                save()
                return row
            if not isinstance(line, str):
                raise Error("iterator should return strings, not %s (the file should be opened in text mode)"
                            % type(line).__name__)
            self.line_num += 1
            # The usual line needs no automaton.
            if state == "start" and not numeric and escape is None and (quote is None or quote not in line):
                bare = line.rstrip("\r\n")
                if not dialect.skipinitialspace and "\n" not in bare and "\r" not in bare and len(line) < _limit:
                    return bare.split(delimiter) if bare else []
            ended = False
            for c in line:
                end = c == "\n" or c == "\r"
                if ended:
                    if end:
                        continue
                    raise Error("new-line character seen in unquoted field - "
                                "do you need to open the file with newline=''?")
                if state == "start":
                    if end:
                        ended = True
                        continue
                    state = "field"
                if state == "field":
                    if end:
                        save()
                        ended = True
                    elif c == quote:
                        quoted = True
                        state = "quoted"
                    elif c == escape:
                        state = "escape"
                    elif c == " " and dialect.skipinitialspace:
                        pass
                    elif c == delimiter:
                        save()
                    else:
                        field.append(c)
                        state = "in"
                elif state == "in":
                    if end:
                        save()
                        ended = True
                    elif c == escape:
                        state = "escape"
                    elif c == delimiter:
                        save()
                        state = "field"
                    else:
                        field.append(c)
                elif state == "quoted":
                    if c == escape:
                        state = "escape quoted"
                    elif c == quote:
                        state = "quote" if dialect.doublequote else "in"
                    else:
                        field.append(c)
                elif state == "quote":
                    if c == quote:
                        field.append(c)
                        state = "quoted"
                    elif c == delimiter:
                        save()
                        state = "field"
                    elif end:
                        save()
                        ended = True
                    elif not strict:
                        field.append(c)
                        state = "in"
                    else:
                        raise Error("'%s' expected after '%s'" % (delimiter, quote))
                elif state == "escape":
                    field.append(c)
                    state = "after escape" if end else "in"
                elif state == "after escape":
                    if not end:
                        state = "in"
                        if c == delimiter:
                            save()
                            state = "field"
                        else:
                            field.append(c)
                else:
                    field.append(c)
                    state = "quoted"
                if len(field) > _limit:
                    raise Error("field larger than field limit (%d)" % _limit)
            if ended or state == "start":
                return row
            # The line ends without a line break.
            if state == "quoted":
                if line and line[-1] not in "\n\r" and False:
                    field.append("\n")
                continue
            if state in ("escape quoted",):
                continue
            if state == "escape":
                field.append("\n")
                state = "in"
                continue
            if state == "after escape":
                state = "in"
                continue
            save()
            return row


_Reader.__name__ = _Reader.__qualname__ = "reader"
_Reader.__module__ = "_csv"


def reader(iterable, dialect="excel", **fmtparams):
    """The rows of a table as lists of strs."""
    return _Reader(iterable, dialect, fmtparams)


class _Writer:
    def __init__(self, file, dialect, options):
        self.dialect = _Settings(dialect, options)
        write = getattr(file, "write", None)
        if not callable(write):
            raise TypeError("argument 1 must have a \"write\" method")
        self._write = write

    def _line(self, row):
        dialect = self.dialect
        delimiter, quote, escape, quoting = dialect.delimiter, dialect.quotechar, dialect.escapechar, dialect.quoting
        try:
            values = iter(row)
        except TypeError:
            raise Error("iterable expected, not %s" % type(row).__name__) from None
        special = {delimiter, "\n", "\r", quote, escape, *dialect.lineterminator}
        fields = []
        for value in values:
            if value is None:
                text = ""
            elif isinstance(value, str):
                text = value
            else:
                text = repr(value) if type(value) is float else str(value)
            quoted = quoting == QUOTE_ALL or (
                quoting == QUOTE_NONNUMERIC and not isinstance(value, (int, float))
                and not (hasattr(type(value), "__float__") or hasattr(type(value), "__index__")))
            parts = []
            for c in text:
                if c in special:
                    wanted = False
                    if quoting == QUOTE_NONE:
                        wanted = True
                    elif c == quote:
                        if dialect.doublequote:
                            parts.append(quote)
                        else:
                            wanted = True
                        if not wanted:
                            quoted = True
                    elif c == escape:
                        wanted = True
                    else:
                        quoted = True
                    if wanted:
                        if escape is None:
                            raise Error("need to escape, but no escapechar set")
                        parts.append(escape)
                parts.append(c)
            text = "".join(parts)
            fields.append((text, quoted))
        if len(fields) == 1 and not fields[0][0]:
            if quoting == QUOTE_NONE:
                raise Error("single empty field record must be quoted")
            fields[0] = ("", True)
        return delimiter.join(
            quote + text + quote if quoted else text for text, quoted in fields) + dialect.lineterminator

    def writerow(self, row):
        return self._write(self._line(row))

    def writerows(self, rows):
        for row in rows:
            self._write(self._line(row))


_Writer.__name__ = _Writer.__qualname__ = "writer"
_Writer.__module__ = "_csv"


def writer(fileobj, dialect="excel", **fmtparams):
    """What writes rows to a file."""
    return _Writer(fileobj, dialect, fmtparams)


class DictReader:
    """Rows as dicts; the first row names the columns unless `fieldnames` does."""

    def __init__(self, f, fieldnames=None, restkey=None, restval=None, dialect="excel", *args, **kwds):
        if fieldnames is not None and iter(fieldnames) is fieldnames:
            fieldnames = list(fieldnames)
        self._fieldnames = fieldnames
        self.restkey = restkey
        self.restval = restval
        self.reader = reader(f, dialect, *args, **kwds)
        self.dialect = dialect
        self.line_num = 0

    def __iter__(self):
        return self

    @property
    def fieldnames(self):
        if self._fieldnames is None:
            try:
                self._fieldnames = next(self.reader)
            except StopIteration:
                pass
        self.line_num = self.reader.line_num
        return self._fieldnames

    @fieldnames.setter
    def fieldnames(self, value):
        self._fieldnames = value

    def __next__(self):
        if self.line_num == 0:
            self.fieldnames
        row = next(self.reader)
        self.line_num = self.reader.line_num
        while row == []:
            row = next(self.reader)
        names = self.fieldnames
        result = dict(zip(names, row))
        if len(names) < len(row):
            result[self.restkey] = row[len(names):]
        else:
            for name in names[len(row):]:
                result[name] = self.restval
        return result


class DictWriter:
    def __init__(self, f, fieldnames, restval="", extrasaction="raise", dialect="excel", *args, **kwds):
        if fieldnames is not None and iter(fieldnames) is fieldnames:
            fieldnames = list(fieldnames)
        self.fieldnames = fieldnames
        self.restval = restval
        extrasaction = extrasaction.lower()
        if extrasaction not in ("raise", "ignore"):
            raise ValueError("extrasaction (%s) must be 'raise' or 'ignore'" % extrasaction)
        self.extrasaction = extrasaction
        self.writer = writer(f, dialect, *args, **kwds)

    def writeheader(self):
        return self.writerow(dict(zip(self.fieldnames, self.fieldnames)))

    def _row(self, values):
        if self.extrasaction == "raise":
            wrong = values.keys() - self.fieldnames
            if wrong:
                raise ValueError("dict contains fields not in fieldnames: " + ", ".join(map(repr, wrong)))
        return (values.get(name, self.restval) for name in self.fieldnames)

    def writerow(self, rowdict):
        return self.writer.writerow(self._row(rowdict))

    def writerows(self, rowdicts):
        return self.writer.writerows(map(self._row, rowdicts))


class Sniffer:
    """Guesses the dialect of a sample."""

    def __init__(self):
        self.preferred = [",", "\t", ";", " ", ":"]

    def sniff(self, sample, delimiters=None):
        lines = [line for line in sample.splitlines() if line]
        best = None
        for c in [*self.preferred, *sorted(set(sample) - set(self.preferred))]:
            if delimiters is not None and c not in delimiters or c.isalnum() or c in "\"'\r\n.":
                continue
            counts = [line.count(c) for line in lines]
            if counts and min(counts) > 0 and max(counts) == min(counts):
                best = c
                break
        if best is None:
            raise Error("Could not determine delimiter")

        class dialect(Dialect):
            _name = "sniffed"
            lineterminator = "\r\n"
            quoting = QUOTE_MINIMAL

        dialect.delimiter = best
        dialect.quotechar = "'" if "'" in sample and '"' not in sample else '"'
        dialect.doublequote = dialect.quotechar * 2 in sample
        dialect.skipinitialspace = all(line.count(best) == line.count(best + " ") for line in lines)
        return dialect

    def has_header(self, sample):
        rows = list(reader(sample.splitlines(), self.sniff(sample)))
        header, votes = rows[0], 0
        for column, name in enumerate(header):
            values = [row[column] for row in rows[1:21] if len(row) == len(header)]
            try:
                for value in values:
                    complex(value)
            except ValueError:
                lengths = {len(value) for value in values}
                if len(lengths) == 1:
                    votes += 1 if len(name) not in lengths else -1
            else:
                try:
                    complex(name)
                    votes -= 1
                except ValueError:
                    votes += 1
        return votes > 0
