"""Warnings: which are shown, once or always, and which are errors."""

import sys

__all__ = ["warn", "warn_explicit", "showwarning", "formatwarning", "filterwarnings", "simplefilter", "resetwarnings",
           "catch_warnings"]

# (action, message pattern or None, category, module pattern or None, line), the first that fits decides.
filters = [
    ("default", None, DeprecationWarning, "__main__", 0),
    ("ignore", None, DeprecationWarning, None, 0),
    ("ignore", None, PendingDeprecationWarning, None, 0),
    ("ignore", None, ImportWarning, None, 0),
    ("ignore", None, ResourceWarning, None, 0),
]
_defaultaction = defaultaction = "default"
_once = {}
_registries = {}


class WarningMessage:
    """A warning that was recorded."""

    def __init__(self, message, category, filename, lineno, file=None, line=None, source=None):
        self.message = message
        self.category = category
        self.filename = filename
        self.lineno = lineno
        self.file = file
        self.line = line
        self.source = source
        self._category_name = category.__name__ if category else None

    def __str__(self):
        return "{message : %r, category : %r, filename : %r, lineno : %s, line : %r}" % (
            self.message, self._category_name, self.filename, self.lineno, self.line)


def formatwarning(message, category, filename, lineno, line=None):
    text = "%s:%s: %s: %s\n" % (filename, lineno, category.__name__, message)
    if line is None:
        import traceback
        line = traceback._source_line(filename, lineno)
    line = line.strip()
    return text + "  %s\n" % line if line else text


def showwarning(message, category, filename, lineno, file=None, line=None):
    file = sys.stderr if file is None else file
    if file is not None:
        file.write(formatwarning(message, category, filename, lineno, line))


_original_showwarning = showwarning


def _insert(item, append):
    if append:
        if item not in filters:
            filters.append(item)
    else:
        if item in filters:
            filters.remove(item)
        filters.insert(0, item)
    _registries.clear()


def filterwarnings(action, message="", category=Warning, module="", lineno=0, append=False):
    """Adds a filter by patterns."""
    assert action in ("error", "ignore", "always", "default", "module", "once"), "invalid action: %r" % (action,)
    assert isinstance(message, str), "message must be a string"
    assert isinstance(category, type), "category must be a class"
    assert issubclass(category, Warning), "category must be a Warning subclass"
    if message or module:
        import re
    message = re.compile(message, re.I) if message else None
    module = re.compile(module) if module else None
    _insert((action, message, category, module, lineno), append)


def simplefilter(action, category=Warning, lineno=0, append=False):
    """Adds a filter by category."""
    assert action in ("error", "ignore", "always", "default", "module", "once"), "invalid action: %r" % (action,)
    _insert((action, None, category, None, lineno), append)


def resetwarnings():
    filters[:] = []
    _registries.clear()


def _fits(pattern, text):
    if pattern is None:
        return True
    if isinstance(pattern, str):
        return pattern == text
    return pattern.match(text) is not None


def warn(message, category=None, stacklevel=1, source=None):
    """Warns of something at the caller, or further out."""
    if isinstance(message, Warning):
        category = message.__class__
    if category is None:
        category = UserWarning
    if not (isinstance(category, type) and issubclass(category, Warning)):
        raise TypeError("category must be a Warning subclass, not '%s'" % type(category).__name__)
    filename = "sys"
    module = "sys"
    lineno = 1
    try:
        frame = sys._getframe(max(stacklevel, 1))
        filename = frame.f_code.co_filename
        lineno = frame.f_lineno
        module = frame.f_globals.get("__name__", "<string>")
    except ValueError:
        pass
    warn_explicit(message, category, filename, lineno, module, source=source)


def _warn_unawaited_coroutine(coroutine):
    frame = sys._getframe(0)
    while frame is not None and frame.f_code.co_filename.startswith("<embedded "):
        frame = frame.f_back
    place = ("sys", 1, "sys")
    if frame is not None:
        place = (frame.f_code.co_filename, frame.f_lineno, frame.f_globals.get("__name__", "<string>"))
    text = "coroutine '%s' was never awaited" % coroutine.__qualname__
    warn_explicit(text, RuntimeWarning, *place, source=coroutine)


def warn_explicit(message, category, filename, lineno, module=None, registry=None, module_globals=None, source=None):
    if module is None:
        module = filename or "<unknown>"
        if module.endswith(".py"):
            module = module[:-3]
    if registry is None:
        registry = _registries.setdefault(module, {})
    if isinstance(message, Warning):
        text = str(message)
        category = message.__class__
    else:
        text = message
        message = category(message)
    key = (text, category, lineno)
    if registry.get(key):
        return
    for action, pattern, kind, place, line in filters:
        if (_fits(pattern, text) and issubclass(category, kind) and _fits(place, module)
                and (line == 0 or line == lineno)):
            break
    else:
        action = defaultaction
    if action == "ignore":
        return
    if action == "error":
        raise message
    if action == "once":
        registry[key] = 1
        if _once.get((text, category)):
            return
        _once[text, category] = 1
    elif action == "module":
        registry[key] = 1
        if registry.get((text, category, 0)):
            return
        registry[text, category, 0] = 1
    elif action == "default":
        registry[key] = 1
    elif action != "always":
        raise RuntimeError("Unrecognized action (%r) in warnings.filters:\n %s" % (action, filters))
    _show(WarningMessage(message, category, filename, lineno, None, None, source))


def _warn_of_syntax(message, filename, lineno):
    """Warns of what a source says, as often as it is compiled; as an error it is one of syntax."""
    try:
        warn_explicit(message, SyntaxWarning, filename, lineno, registry={})
    except SyntaxWarning:
        import linecache
        line = linecache.getline(filename, lineno)
        raise SyntaxError(message, (filename, lineno, 1, line, lineno, 1)) from None


_log = None


def _show(record):
    if _log is not None:
        _log.append(record)
        return
    if record.source is not None and showwarning is _original_showwarning:
        text = formatwarning(record.message, record.category, record.filename, record.lineno, record.line)
        hint = "%s: Enable tracemalloc to get the object allocation traceback\n" % record.category.__name__
        (sys.stderr if record.file is None else record.file).write(text + hint)
        return
    showwarning(record.message, record.category, record.filename, record.lineno, record.file, record.line)


class _OptionError(Exception):
    """A filter of PYTHONWARNINGS that cannot be read."""


def _filter_of(option):
    """Adds a filter written `action:message:category:module:line`, of which all but the first may be left out."""
    parts = [part.strip() for part in option.split(":")]
    if len(parts) > 5:
        raise _OptionError("too many fields (max 5): %r" % (option,))
    action, message, category, module, line = parts + [""] * (5 - len(parts))
    known = ("default", "always", "ignore", "module", "once", "error")
    action = "always" if action == "all" else action or "default"
    found = [name for name in known if name.startswith(action)]
    if not found:
        raise _OptionError("invalid action: %r" % (action,))
    kind = _category_of(category)
    try:
        line = int(line or 0)
        if line < 0:
            raise ValueError
    except ValueError:
        raise _OptionError("invalid lineno %r" % (line,)) from None
    if message or module:
        import re
        message = re.compile(re.escape(message), re.I) if message else None
        module = re.compile(re.escape(module) + r"\Z") if module else None
    _insert((found[0], message or None, kind, module or None, line), False)


def _category_of(name):
    if not name:
        return Warning
    place, dot, last = name.rpartition(".")
    import builtins
    try:
        kind = getattr(__import__(place, None, None, [last]) if dot else builtins, last)
    except (ImportError, AttributeError):
        raise _OptionError("unknown warning category: %r" % (name,)) from None
    if not (isinstance(kind, type) and issubclass(kind, Warning)):
        raise _OptionError("invalid warning category: %r" % (name,))
    return kind


def _read_options():
    for option in sys.warnoptions:
        try:
            _filter_of(option)
        except _OptionError as error:
            print("Invalid -W option ignored:", error, file=sys.stderr)


class catch_warnings:
    """Restores filters at the end of a block, and records warnings in it if told to."""

    def __init__(self, *, record=False, module=None, action=None, category=Warning, lineno=0, append=False):
        self._record = record
        self._entered = False
        self._filter = None if action is None else (action, category, lineno, append)

    def __repr__(self):
        return "catch_warnings(%s)" % ("record=True" if self._record else "")

    def __enter__(self):
        global _log, showwarning
        if self._entered:
            raise RuntimeError("Cannot enter %r twice" % self)
        self._entered = True
        self._saved = (filters[:], _log, showwarning)
        _registries.clear()
        log = None
        if self._record:
            log = _log = []
        if self._filter is not None:
            simplefilter(*self._filter)
        return log

    def __exit__(self, *exception):
        global _log, showwarning
        if not self._entered:
            raise RuntimeError("Cannot exit %r without entering first" % self)
        filters[:], _log, showwarning = self._saved
        _registries.clear()


def __getattr__(name):
    raise AttributeError("module 'warnings' has no attribute %r (jitvm does not support it)" % name)


_read_options()
