"""Reports of exceptions as text."""

import sys
import _jitvm

__all__ = ["extract_stack", "extract_tb", "format_exception", "format_exception_only", "format_list", "format_stack",
           "format_tb", "print_exc", "format_exc", "print_exception", "print_last", "print_stack", "print_tb",
           "StackSummary", "FrameSummary", "TracebackException", "walk_tb"]

_UNSET = object()


def __getattr__(name):
    raise AttributeError("module 'traceback' has no attribute %r (jitvm does not support it)" % name)


def _source_line(filename, lineno):
    try:
        with open(filename, encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if number == lineno:
                    return line.strip()
    except (OSError, ValueError):
        pass
    return ""


class FrameSummary:
    """A place that an exception passed."""

    def __init__(self, filename, lineno, name, *, lookup_line=True, locals=None, line=None, end_lineno=None,
                 colno=None, end_colno=None):
        self.filename = filename
        self.lineno = lineno
        self.name = name
        self.locals = locals
        self._line = line
        self._text = None

    @property
    def line(self):
        if self._line is None:
            self._line = _source_line(self.filename, self.lineno)
        return self._line

    def __iter__(self):
        return iter([self.filename, self.lineno, self.name, self.line])

    def __getitem__(self, index):
        return (self.filename, self.lineno, self.name, self.line)[index]

    def __len__(self):
        return 4

    def __eq__(self, other):
        if isinstance(other, FrameSummary):
            return tuple(self) == tuple(other)
        if isinstance(other, tuple):
            return tuple(self) == other
        return NotImplemented

    def __repr__(self):
        return "<FrameSummary file %s, line %d in %s>" % (self.filename, self.lineno, self.name)


class StackSummary(list):
    """Places, outermost first."""

    @classmethod
    def extract(cls, frames, *, limit=None, lookup_lines=True, capture_locals=False):
        frames = list(frames)
        return cls(_limited(frames, limit))

    @classmethod
    def from_list(cls, frames):
        result = cls()
        for frame in frames:
            if not isinstance(frame, FrameSummary):
                filename, lineno, name, line = frame
                frame = FrameSummary(filename, lineno, name, line=line)
            result.append(frame)
        return result

    def format(self):
        result = []
        last, count = None, 0
        for frame in self:
            place = (frame.filename, frame.lineno, frame.name)
            if place != last:
                result.extend(_repeated(count))
                last, count = place, 0
            count += 1
            if count > 3:
                continue
            if frame._text is not None:
                result.append(frame._text)
                continue
            text = '  File "%s", line %d, in %s\n' % (frame.filename, frame.lineno, frame.name)
            if frame.line:
                text += "    %s\n" % frame.line
            result.append(text)
        result.extend(_repeated(count))
        return result


def _repeated(count):
    if count <= 3:
        return []
    return ["  [Previous line repeated %d more time%s]\n" % (count - 3, "s" if count > 4 else "")]


def _limited(frames, limit):
    if limit is None:
        limit = getattr(sys, "tracebacklimit", None)
    if limit is None:
        return frames
    return frames[:limit] if limit >= 0 else frames[limit:]


def walk_tb(tb):
    while tb is not None:
        yield tb.tb_frame, tb.tb_lineno
        tb = tb.tb_next


def extract_tb(tb, limit=None):
    frames = []
    import _jitvm
    while tb is not None:
        code = tb.tb_frame.f_code
        frame = FrameSummary(code.co_filename, tb.tb_lineno, code.co_name)
        # With what is underlined.
        frame._text = _jitvm.format_place(tb)
        frames.append(frame)
        tb = tb.tb_next
    return StackSummary(_limited(frames, limit))


def walk_stack(f):
    """Frames and their lines from `f`, or the caller's, outwards."""
    if f is None:
        f = sys._getframe(1)
    while f is not None:
        yield f, f.f_lineno
        f = f.f_back


def extract_stack(f=None, limit=None):
    frames = [FrameSummary(frame.f_code.co_filename, line, frame.f_code.co_name)
              for frame, line in walk_stack(sys._getframe(1) if f is None else f)]
    frames.reverse()
    if limit is not None:
        frames = frames[-limit:] if limit > 0 else frames[:-limit]
    return StackSummary(frames)


def format_list(extracted_list):
    return StackSummary.from_list(extracted_list).format()


def format_tb(tb, limit=None):
    return extract_tb(tb, limit).format()


def print_tb(tb, limit=None, file=None):
    _write("".join(format_tb(tb, limit)), file)


def print_list(extracted_list, file=None):
    _write("".join(format_list(extracted_list)), file)


def format_stack(f=None, limit=None):
    return extract_stack(sys._getframe(1) if f is None else f, limit).format()


def print_stack(f=None, limit=None, file=None):
    _write("".join(extract_stack(sys._getframe(1) if f is None else f, limit).format()), file)


def _write(text, file):
    (sys.stderr if file is None else file).write(text)


def _exception(exc, value):
    if value is _UNSET:
        if exc is None:
            return None
        if not isinstance(exc, BaseException):
            raise TypeError("Exception expected for value, %s found" % type(exc).__name__)
        return exc
    return value


def _lines(text):
    return text.splitlines(True)


def format_exception_only(exc, /, value=_UNSET):
    value = _exception(exc, value)
    if value is None:
        return ["NoneType: None\n"]
    return [_jitvm.summary(value) + "\n"]


def format_exception(exc, /, value=_UNSET, tb=_UNSET, limit=None, chain=True):
    value = _exception(exc, value)
    if value is None:
        return ["NoneType: None\n"]
    if chain and limit is None:
        # One item for each place, with the lines that belong to it.
        result = []
        for line in _lines(_jitvm.format_exception(value)):
            if result and line.startswith("    ") and result[-1].startswith("  File "):
                result[-1] += line
            else:
                result.append(line)
        return result
    result = []
    trace = value.__traceback__ if tb is _UNSET else tb
    if trace is not None:
        result.append("Traceback (most recent call last):\n")
        result.extend(format_tb(trace, limit))
    result.extend(format_exception_only(value))
    return result


def print_exception(exc, /, value=_UNSET, tb=_UNSET, limit=None, file=None, chain=True):
    _write("".join(format_exception(exc, value, tb, limit, chain)), file)


def format_exc(limit=None, chain=True):
    return "".join(format_exception(sys.exception(), limit=limit, chain=chain))


def print_exc(limit=None, file=None, chain=True):
    _write("".join(format_exception(sys.exception(), limit=limit, chain=chain)), file)


def print_last(limit=None, file=None, chain=True):
    raise ValueError("no last exception")


def clear_frames(tb):
    pass


class TracebackException:
    """An exception kept as text."""

    def __init__(self, exc_type, exc_value, exc_traceback, *, limit=None, lookup_lines=True, capture_locals=False,
                 compact=False, max_group_width=15, max_group_depth=10):
        self.exc_type = exc_type
        self.stack = extract_tb(exc_traceback, limit)
        self._text = format_exception(exc_value)
        self._only = format_exception_only(exc_value)
        self._str = str(exc_value)

    @classmethod
    def from_exception(cls, exc, *arguments, **keywords):
        return cls(type(exc), exc, exc.__traceback__, *arguments, **keywords)

    def format(self, *, chain=True):
        yield from self._text

    def format_exception_only(self):
        yield from self._only

    def print(self, *, file=None, chain=True):
        _write("".join(self._text), file)

    def __str__(self):
        return self._str
