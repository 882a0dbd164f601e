"""Logging: loggers in a tree of names, records, handlers, formatters, levels."""

import sys as _sys
import time as _time
from _jitvm import caller as _caller

CRITICAL = FATAL = 50
ERROR = 40
WARNING = WARN = 30
INFO = 20
DEBUG = 10
NOTSET = 0

raiseExceptions = True
logThreads = logMultiprocessing = logProcesses = True

_names = {CRITICAL: 'CRITICAL', ERROR: 'ERROR', WARNING: 'WARNING', INFO: 'INFO', DEBUG: 'DEBUG', NOTSET: 'NOTSET'}
_levels = {'CRITICAL': CRITICAL, 'FATAL': FATAL, 'ERROR': ERROR, 'WARN': WARNING, 'WARNING': WARNING, 'INFO': INFO,
           'DEBUG': DEBUG, 'NOTSET': NOTSET}
_started = _time.time()
_handlers = []


def getLevelNamesMapping():
    return dict(_levels)


def getLevelName(level):
    name = _names.get(level)
    if name is not None:
        return name
    number = _levels.get(level)
    return 'Level %s' % level if number is None else number


def addLevelName(level, levelName):
    _names[level] = levelName
    _levels[levelName] = level


def _check_level(level):
    if isinstance(level, int):
        return level
    if isinstance(level, str):
        if level not in _levels:
            raise ValueError('Unknown level: %r' % (level,))
        return _levels[level]
    raise TypeError('Level not an integer or a valid string: %r' % (level,))


def _exception_text(info):
    try:
        from traceback import format_exception
    except ImportError:
        return 'Traceback (most recent call last):\n%s: %s' % (info[0].__name__, info[1])
    text = ''.join(format_exception(*info))
    return text[:-1] if text[-1:] == '\n' else text


# The last parts of paths, and the same without the suffix: a program logs from few files.
_path_parts = {}


def _parts_of(path):
    name = path.rpartition('/')[2]
    if len(_path_parts) > 1000:
        _path_parts.clear()
    parts = _path_parts[path] = name, name.rpartition('.')[0] or name
    return parts


class LogRecord:
    def __init__(self, name, level, pathname, lineno, msg, args, exc_info, func=None, sinfo=None, **kwargs):
        now = _time.time()
        if args and len(args) == 1 and isinstance(args[0], dict) and args[0]:
            args = args[0]
        self.name = name
        self.msg = msg
        self.args = args
        self.levelname = getLevelName(level)
        self.levelno = level
        self.pathname = pathname
        self.filename, self.module = _path_parts.get(pathname) or _parts_of(pathname)
        self.exc_info = exc_info
        self.exc_text = None
        self.stack_info = sinfo
        self.lineno = lineno
        self.funcName = func
        self.created = now
        self.msecs = int((now - int(now)) * 1000) + 0.0
        self.relativeCreated = (now - _started) * 1000
        self.thread = 1
        self.threadName = 'MainThread'
        self.processName = 'MainProcess'
        self.process = _process_id()

    def __repr__(self):
        return '<LogRecord: %s, %s, %s, %s, "%s">' % (self.name, self.levelno, self.pathname, self.lineno, self.msg)

    def getMessage(self):
        message = str(self.msg)
        return message % self.args if self.args else message


_process = None


def _process_id():
    global _process
    if _process is None:
        try:
            from os import getpid
            _process = getpid()
        except (ImportError, AttributeError):
            _process = 0
    return _process


_record_factory = LogRecord


def setLogRecordFactory(factory):
    global _record_factory
    _record_factory = factory


def getLogRecordFactory():
    return _record_factory


def makeLogRecord(dict):
    record = _record_factory(None, None, '', 0, '', (), None, None)
    record.__dict__.update(dict)
    return record


BASIC_FORMAT = '%(levelname)s:%(name)s:%(message)s'
_DEFAULT_FORMATS = {'%': '%(message)s', '{': '{message}', '$': '${message}'}


# Attributes that each record has, or gets before its message is formatted.
_FIELDS = frozenset((
    'name', 'msg', 'args', 'levelname', 'levelno', 'pathname', 'filename', 'module', 'exc_info', 'exc_text', 'stack_info',
    'lineno', 'funcName', 'created', 'msecs', 'relativeCreated', 'thread', 'threadName', 'processName', 'process',
    'message', 'asctime'))


class Formatter:
    converter = _time.localtime if hasattr(_time, 'localtime') else None
    default_time_format = '%Y-%m-%d %H:%M:%S'
    default_msec_format = '%s,%03d'

    def __init__(self, fmt=None, datefmt=None, style='%', validate=True, *, defaults=None):
        if style not in _DEFAULT_FORMATS:
            raise ValueError('Style must be one of: %s' % ','.join(_DEFAULT_FORMATS))
        if not fmt:
            fmt = _DEFAULT_FORMATS[style]
        elif validate:
            if style == '%' and '%(' not in fmt:
                raise ValueError("Invalid format '%s' for '%s' style" % (fmt, style))
            if style == '{' and '{' not in fmt or style == '$' and '$' not in fmt:
                raise ValueError('invalid format: no fields')
        self._fmt = fmt
        self._kind = style
        self._defaults = defaults
        self.datefmt = datefmt
        marks = {'%': ('%(asctime)',), '{': ('{asctime',), '$': ('$asctime', '${asctime}')}[style]
        self._parsed = self._fields = self._is_message = None
        self._uses_time = any([mark in fmt for mark in marks])

    def usesTime(self):
        return self._uses_time

    def formatTime(self, record, datefmt=None):
        when = type(self).converter(record.created)
        if datefmt:
            return _time.strftime(datefmt, when)
        text = _time.strftime(self.default_time_format, when)
        return self.default_msec_format % (text, record.msecs) if self.default_msec_format else text

    def formatException(self, ei):
        return _exception_text(ei)

    def formatStack(self, stack_info):
        return stack_info

    def _parse(self):
        """Notes the fields of the format, if all are attributes that records have of their own."""
        self._parsed = self._fmt
        self._is_message = self._fmt == _DEFAULT_FORMATS['%']
        fields = {part.partition(')')[0]: None for part in self._fmt.split('%(')[1:]}
        self._fields = list(fields) if _FIELDS.issuperset(fields) else None

    def formatMessage(self, record):
        if self._kind == '%' and type(record) is LogRecord and not self._defaults:
            # Asking for its __dict__ would make a dict of every record.
            if self._parsed != self._fmt:
                self._parse()
            if self._fields is not None:
                try:
                    if self._is_message:
                        return str(record.message)
                    return self._fmt % {name: getattr(record, name) for name in self._fields}
                except AttributeError:
                    pass
        values = record.__dict__
        if self._defaults:
            values = {**self._defaults, **values}
        try:
            if self._kind == '%':
                return self._fmt % values
            if self._kind == '{':
                return self._fmt.format(**values)
            from string import Template
            return Template(self._fmt).substitute(**values)
        except KeyError as error:
            raise ValueError('Formatting field not found in record: %s' % error)

    def format(self, record):
        record.message = record.getMessage()
        if self._uses_time:
            record.asctime = self.formatTime(record, self.datefmt)
        text = self.formatMessage(record)
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            text = text + ('' if text[-1:] == '\n' else '\n') + record.exc_text
        if record.stack_info:
            text = text + ('' if text[-1:] == '\n' else '\n') + self.formatStack(record.stack_info)
        return text


_default_formatter = Formatter()


class Filter:
    def __init__(self, name=''):
        self.name = name

    def filter(self, record):
        return not self.name or record.name == self.name or record.name.startswith(self.name + '.')


class Filterer:
    def __init__(self):
        self.filters = []

    def addFilter(self, filter):
        if filter not in self.filters:
            self.filters.append(filter)

    def removeFilter(self, filter):
        if filter in self.filters:
            self.filters.remove(filter)

    def filter(self, record):
        for one in self.filters:
            passes = one.filter(record) if hasattr(one, 'filter') else one(record)
            if not passes:
                return False
        return True


class Handler(Filterer):
    def __init__(self, level=NOTSET):
        Filterer.__init__(self)
        self._name = None
        self.level = _check_level(level)
        self.formatter = None
        _handlers.append(self)
        self.createLock()

    def __repr__(self):
        return '<%s (%s)>' % (type(self).__name__, getLevelName(self.level))

    @property
    def name(self):
        return self._name

    @name.setter
    def name(self, name):
        self._name = name

    def get_name(self):
        return self._name

    def set_name(self, name):
        self._name = name

    def createLock(self):
        self.lock = None

    def acquire(self):
        pass

    def release(self):
        pass

    def setLevel(self, level):
        self.level = _check_level(level)

    def setFormatter(self, fmt):
        self.formatter = fmt

    def format(self, record):
        return (self.formatter or _default_formatter).format(record)

    def emit(self, record):
        raise NotImplementedError('emit must be implemented by Handler subclasses')

    def handle(self, record):
        passes = not self.filters or self.filter(record)
        if passes:
            self.emit(record)
        return passes

    def flush(self):
        pass

    def close(self):
        if self in _handlers:
            _handlers.remove(self)

    def handleError(self, record):
        if raiseExceptions and _sys.stderr:
            _sys.stderr.write('--- Logging error ---\n')
            _sys.stderr.write(_exception_text(_sys.exc_info()) + '\n')
            _sys.stderr.write('Message: %r\nArguments: %s\n' % (record.msg, record.args))


class StreamHandler(Handler):
    terminator = '\n'

    def __init__(self, stream=None):
        Handler.__init__(self)
        self.stream = _sys.stderr if stream is None else stream

    def __repr__(self):
        name = str(getattr(self.stream, 'name', ''))
        return '<%s %s(%s)>' % (type(self).__name__, name + ' ' if name else '', getLevelName(self.level))

    def flush(self):
        if self.stream and hasattr(self.stream, 'flush'):
            self.stream.flush()

    def setStream(self, stream):
        if stream is self.stream:
            return None
        old = self.stream
        self.flush()
        self.stream = stream
        return old

    def emit(self, record):
        try:
            text = self.format(record)
            self.stream.write(text + self.terminator)
            self.flush()
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)


class FileHandler(StreamHandler):
    def __init__(self, filename, mode='a', encoding=None, delay=False, errors=None):
        import os

        self.baseFilename = os.path.abspath(os.fspath(filename))
        self.mode = mode
        self.encoding = encoding
        self.errors = errors
        self.delay = delay
        Handler.__init__(self)
        self.stream = None if delay else self._open()

    def __repr__(self):
        return '<%s %s (%s)>' % (type(self).__name__, self.baseFilename, getLevelName(self.level))

    def _open(self):
        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors)

    def emit(self, record):
        if self.stream is None:
            self.stream = self._open()
        StreamHandler.emit(self, record)

    def close(self):
        if self.stream is not None:
            self.flush()
            self.stream.close()
            self.stream = None
        Handler.close(self)


class NullHandler(Handler):
    def handle(self, record):
        pass

    def emit(self, record):
        pass


class _StderrHandler(StreamHandler):
    """Writes to what sys.stderr is at that moment."""

    def __init__(self, level=NOTSET):
        Handler.__init__(self, level)

    @property
    def stream(self):
        return _sys.stderr


lastResort = _StderrHandler(WARNING)


class Logger(Filterer):
    def __init__(self, name, level=NOTSET):
        Filterer.__init__(self)
        self.name = name
        self.level = _check_level(level)
        self.parent = None
        self.propagate = True
        self.handlers = []
        self.disabled = False
        # What levels are enabled, until a level changes anywhere.
        self._cache = {}

    def __repr__(self):
        return '<%s %s (%s)>' % (type(self).__name__, self.name, getLevelName(self.getEffectiveLevel()))

    def setLevel(self, level):
        self.level = _check_level(level)
        manager._forget_levels()

    def getEffectiveLevel(self):
        logger = self
        while logger:
            if logger.level:
                return logger.level
            logger = logger.parent
        return NOTSET

    def isEnabledFor(self, level):
        if self.disabled:
            return False
        enabled = self._cache.get(level)
        if enabled is None:
            enabled = self._cache[level] = manager.disable < level and level >= self.getEffectiveLevel()
        return enabled

    def getChild(self, suffix):
        return manager.getLogger(suffix if self is root else self.name + '.' + suffix)

    def debug(self, msg, *args, **kwargs):
        if self.isEnabledFor(DEBUG):
            if kwargs:
                self._log(DEBUG, msg, args, **kwargs)
            else:
                self._log(DEBUG, msg, args)

    def info(self, msg, *args, **kwargs):
        if self.isEnabledFor(INFO):
            if kwargs:
                self._log(INFO, msg, args, **kwargs)
            else:
                self._log(INFO, msg, args)

    def warning(self, msg, *args, **kwargs):
        if self.isEnabledFor(WARNING):
            if kwargs:
                self._log(WARNING, msg, args, **kwargs)
            else:
                self._log(WARNING, msg, args)

    warn = warning

    def error(self, msg, *args, **kwargs):
        if self.isEnabledFor(ERROR):
            if kwargs:
                self._log(ERROR, msg, args, **kwargs)
            else:
                self._log(ERROR, msg, args)

    def exception(self, msg, *args, exc_info=True, **kwargs):
        self.error(msg, *args, exc_info=exc_info, **kwargs)

    def critical(self, msg, *args, **kwargs):
        if self.isEnabledFor(CRITICAL):
            if kwargs:
                self._log(CRITICAL, msg, args, **kwargs)
            else:
                self._log(CRITICAL, msg, args)

    fatal = critical

    def log(self, level, msg, *args, **kwargs):
        if not isinstance(level, int):
            if raiseExceptions:
                raise TypeError('level must be an integer')
            return
        if self.isEnabledFor(level):
            if kwargs:
                self._log(level, msg, args, **kwargs)
            else:
                self._log(level, msg, args)

    def _log(self, level, msg, args, exc_info=None, extra=None, stack_info=False, stacklevel=1):
        try:
            path, line, function, stack = self.findCaller(stack_info, stacklevel)
        except ValueError:
            path, line, function, stack = '(unknown file)', 0, '(unknown function)', None
        if exc_info:
            if isinstance(exc_info, BaseException):
                exc_info = type(exc_info), exc_info, exc_info.__traceback__
            elif not isinstance(exc_info, tuple):
                exc_info = _sys.exc_info()
        self.handle(self.makeRecord(self.name, level, path, line, msg, args, exc_info, function, extra, stack))

    def findCaller(self, stack_info=False, stacklevel=1):
        """File, line and function of who logs, and the text of the stack if it is asked for."""
        place = path, line, function = _caller(stacklevel)
        if not stack_info:
            return path, line, function, None
        import traceback
        frame = _sys._getframe(1)
        while frame is not None and (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name) != place:
            frame = frame.f_back
        stack = 'Stack (most recent call last):\n' + ''.join(traceback.format_stack(frame))
        return path, line, function, stack.removesuffix('\n')

    def makeRecord(self, name, level, fn, lno, msg, args, exc_info, func=None, extra=None, sinfo=None):
        record = _record_factory(name, level, fn, lno, msg, args, exc_info, func, sinfo)
        if extra is not None:
            for key in extra:
                if key in ('message', 'asctime') or key in record.__dict__:
                    raise KeyError('Attempt to overwrite %r in LogRecord' % key)
                record.__dict__[key] = extra[key]
        return record

    def handle(self, record):
        if not self.disabled and (not self.filters or self.filter(record)):
            self.callHandlers(record)

    def addHandler(self, hdlr):
        if hdlr not in self.handlers:
            self.handlers.append(hdlr)

    def removeHandler(self, hdlr):
        if hdlr in self.handlers:
            self.handlers.remove(hdlr)

    def hasHandlers(self):
        logger = self
        while logger:
            if logger.handlers:
                return True
            if not logger.propagate:
                return False
            logger = logger.parent
        return False

    def callHandlers(self, record):
        logger, found = self, 0
        while logger:
            for handler in logger.handlers:
                found += 1
                if record.levelno >= handler.level:
                    handler.handle(record)
            logger = logger.parent if logger.propagate else None
        if not found and lastResort and record.levelno >= lastResort.level:
            lastResort.handle(record)


class RootLogger(Logger):
    def __init__(self, level):
        Logger.__init__(self, 'root', level)


_logger_class = Logger


def setLoggerClass(klass):
    global _logger_class
    if not issubclass(klass, Logger):
        raise TypeError('logger not derived from logging.Logger: ' + klass.__name__)
    _logger_class = klass


def getLoggerClass():
    return _logger_class


class Manager:
    def __init__(self, rootnode):
        self.root = rootnode
        self.disable = 0
        self.loggerDict = {}

    def getLogger(self, name):
        if not isinstance(name, str):
            raise TypeError('A logger name must be a string')
        logger = self.loggerDict.get(name)
        if logger is not None:
            return logger
        logger = _logger_class(name)
        parent = name.rpartition('.')[0]
        while parent and parent not in self.loggerDict:
            parent = parent.rpartition('.')[0]
        logger.parent = self.loggerDict[parent] if parent else self.root
        # Loggers below that were made before this one.
        for other_name, other in self.loggerDict.items():
            if other_name.startswith(name + '.') and not other.parent.name.startswith(name + '.'):
                other.parent = logger
        self.loggerDict[name] = logger
        self._forget_levels()
        return logger

    def _forget_levels(self):
        self.root._cache = {}
        for logger in self.loggerDict.values():
            logger._cache = {}


root = RootLogger(WARNING)
manager = Manager(root)
Logger.root = root
Logger.manager = manager


def getLogger(name=None):
    if not name or isinstance(name, str) and name == 'root':
        return root
    return manager.getLogger(name)


def disable(level=CRITICAL):
    manager.disable = _check_level(level)
    manager._forget_levels()


def basicConfig(*, filename=None, filemode='a', format=None, datefmt=None, style='%', level=None, stream=None,
                handlers=None, force=False, encoding=None, errors='backslashreplace'):
    if force:
        for handler in root.handlers[:]:
            root.removeHandler(handler)
            handler.close()
    if root.handlers:
        return
    if handlers is None:
        if stream is not None and filename is not None:
            raise ValueError("'stream' and 'filename' should not be specified together")
        handlers = [FileHandler(filename, filemode, encoding, errors=errors) if filename else StreamHandler(stream)]
    elif stream is not None or filename is not None:
        raise ValueError("'stream' or 'filename' should not be specified together with 'handlers'")
    if style not in _DEFAULT_FORMATS:
        raise ValueError('Style must be one of: %s' % ','.join(_DEFAULT_FORMATS))
    if format is None:
        format = {'%': BASIC_FORMAT, '{': '{levelname}:{name}:{message}',
                  '$': '${levelname}:${name}:${message}'}[style]
    formatter = Formatter(format, datefmt, style)
    for handler in handlers:
        if handler.formatter is None:
            handler.setFormatter(formatter)
        root.addHandler(handler)
    if level is not None:
        root.setLevel(level)


def _on_root(name):
    method = getattr(RootLogger, name)

    def log(msg, *args, **kwargs):
        if not root.handlers:
            basicConfig()
        method(root, msg, *args, **kwargs)
    log.__name__ = name
    return log


debug = _on_root('debug')
info = _on_root('info')
warning = warn = _on_root('warning')
error = _on_root('error')
exception = _on_root('exception')
critical = fatal = _on_root('critical')
log = _on_root('log')


class LoggerAdapter:
    def __init__(self, logger, extra=None):
        self.logger = logger
        self.extra = extra

    def __repr__(self):
        return '<%s %s (%s)>' % (type(self).__name__, self.logger.name, getLevelName(self.logger.getEffectiveLevel()))

    def process(self, msg, kwargs):
        kwargs['extra'] = self.extra
        return msg, kwargs

    def log(self, level, msg, *args, **kwargs):
        if self.logger.isEnabledFor(level):
            msg, kwargs = self.process(msg, kwargs)
            self.logger.log(level, msg, *args, **kwargs)

    def debug(self, msg, *args, **kwargs):
        self.log(DEBUG, msg, *args, **kwargs)

    def info(self, msg, *args, **kwargs):
        self.log(INFO, msg, *args, **kwargs)

    def warning(self, msg, *args, **kwargs):
        self.log(WARNING, msg, *args, **kwargs)

    def error(self, msg, *args, **kwargs):
        self.log(ERROR, msg, *args, **kwargs)

    def exception(self, msg, *args, exc_info=True, **kwargs):
        self.log(ERROR, msg, *args, exc_info=exc_info, **kwargs)

    def critical(self, msg, *args, **kwargs):
        self.log(CRITICAL, msg, *args, **kwargs)

    def isEnabledFor(self, level):
        return self.logger.isEnabledFor(level)

    def setLevel(self, level):
        self.logger.setLevel(level)

    def getEffectiveLevel(self):
        return self.logger.getEffectiveLevel()

    @property
    def name(self):
        return self.logger.name


def captureWarnings(capture):
    import warnings
    global _shown_before
    if capture and _shown_before is None:
        _shown_before = warnings.showwarning

        def show(message, category, filename, lineno, file=None, line=None):
            getLogger('py.warnings').warning('%s', warnings.formatwarning(message, category, filename, lineno, line))
        warnings.showwarning = show
    elif not capture and _shown_before is not None:
        warnings.showwarning = _shown_before
        _shown_before = None


_shown_before = None


def shutdown():
    for handler in _handlers[::-1]:
        handler.flush()
        handler.close()
