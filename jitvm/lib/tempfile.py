"""Files and directories for the time being."""

import errno
import io
import os
import shutil
from random import Random

__all__ = ["NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile", "TemporaryDirectory", "mkstemp", "mkdtemp",
           "mktemp", "TMP_MAX", "gettempprefix", "tempdir", "gettempdir", "gettempprefixb", "gettempdirb"]

TMP_MAX = 10000
template = "tmp"
tempdir = None


class _RandomNameSequence:
    """Names of eight random characters."""

    characters = "abcdefghijklmnopqrstuvwxyz0123456789_"

    def __init__(self):
        self._random = Random(int.from_bytes(os.urandom(16), "big"))

    def __iter__(self):
        return self

    def __next__(self):
        return "".join(self._random.choices(self.characters, k=8))


_names = None


def _get_candidate_names():
    global _names
    if _names is None:
        _names = _RandomNameSequence()
    return _names


def gettempprefix():
    return template


def gettempprefixb():
    return os.fsencode(template)


def gettempdir():
    """The directory for temporary files."""
    global tempdir
    if tempdir is None:
        candidates = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")]
        candidates += ["/tmp", "/var/tmp", "/usr/tmp", os.getcwd()]
        for directory in candidates:
            if directory and os.path.isdir(directory) and os.access(directory, os.W_OK | os.X_OK):
                tempdir = os.path.abspath(directory)
                break
        else:
            raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in %s" % candidates)
    return tempdir


def gettempdirb():
    return os.fsencode(gettempdir())


def _parts(prefix, suffix, directory):
    as_bytes = None
    for value in (prefix, suffix, directory):
        if value is None:
            continue
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        is_bytes = isinstance(value, bytes)
        if as_bytes is not None and as_bytes != is_bytes:
            raise TypeError("Can't mix bytes and non-bytes in path components.")
        as_bytes = is_bytes
    if as_bytes:
        encode = os.fsencode
        return encode(prefix or template), encode(suffix or ""), encode(directory or gettempdir()), encode
    return (template if prefix is None else prefix, "" if suffix is None else suffix,
            gettempdir() if directory is None else directory, lambda name: name)


def _attempt(prefix, suffix, directory, make):
    prefix, suffix, directory, encode = _parts(prefix, suffix, directory)
    for _ in range(TMP_MAX):
        path = os.path.join(directory, prefix + encode(next(_get_candidate_names())) + suffix)
        try:
            return make(path), os.path.abspath(path)
        except FileExistsError:
            continue
    raise FileExistsError(errno.EEXIST, "No usable temporary file name found")


def mkstemp(suffix=None, prefix=None, dir=None, text=False):
    """Makes a file of its own; gives its open descriptor and path."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    return _attempt(prefix, suffix, dir, lambda path: os.open(path, flags, 0o600))


def mkdtemp(suffix=None, prefix=None, dir=None):
    return _attempt(prefix, suffix, dir, lambda path: os.mkdir(path, 0o700))[1]


def mktemp(suffix="", prefix=template, dir=None):
    directory = gettempdir() if dir is None else dir
    while True:
        path = os.path.join(directory, prefix + next(_get_candidate_names()) + suffix)
        if not os.path.lexists(path):
            return path


class _TemporaryFileWrapper:
    """A file that is removed when it is closed."""

    def __init__(self, file, name, delete=True):
        self.file, self.name, self.delete = file, name, delete

    def __getattr__(self, name):
        value = getattr(self.__dict__["file"], name)
        if not isinstance(value, (int, str)):
            self.__dict__[name] = value
        return value

    def __enter__(self):
        self.file.__enter__()
        return self

    def __exit__(self, exc, value, tb):
        self.close()

    def close(self):
        was_closed = self.file.closed
        self.file.close()
        if self.delete and not was_closed:
            try:
                os.unlink(self.name)
            except FileNotFoundError:
                pass

    def __iter__(self):
        for line in self.file:
            yield line

    def __repr__(self):
        return "<%s %r>" % (type(self).__name__, self.file)


def NamedTemporaryFile(mode="w+b", buffering=-1, encoding=None, newline=None, suffix=None, prefix=None, dir=None,
                       delete=True, *, errors=None):
    descriptor, name = mkstemp(suffix, prefix, dir)
    try:
        file = io.open(descriptor, mode, buffering, encoding, errors, newline)
    except BaseException:
        os.unlink(name)
        os.close(descriptor)
        raise
    if delete:
        import atexit
        atexit.register(_remove, name)
    return _TemporaryFileWrapper(file, name, delete)


def _remove(name):
    try:
        os.unlink(name)
    except OSError:
        pass


def TemporaryFile(mode="w+b", buffering=-1, encoding=None, newline=None, suffix=None, prefix=None, dir=None, *,
                  errors=None):
    """A file without a name."""
    descriptor, name = mkstemp(suffix, prefix, dir)
    os.unlink(name)
    try:
        return io.open(descriptor, mode, buffering, encoding, errors, newline)
    except BaseException:
        os.close(descriptor)
        raise


class SpooledTemporaryFile:
    """A file in memory, until it is larger than `max_size`."""

    def __init__(self, max_size=0, mode="w+b", buffering=-1, encoding=None, newline=None, suffix=None, prefix=None,
                 dir=None, *, errors=None):
        self._file = io.BytesIO() if "b" in mode else io.StringIO(newline="\n" if newline is None else newline)
        self._max_size, self._rolled, self._mode = max_size, False, mode
        self._arguments = dict(mode=mode, buffering=buffering, encoding=encoding, newline=newline, suffix=suffix,
                               prefix=prefix, dir=dir, errors=errors)

    def rollover(self):
        if self._rolled:
            return
        old, self._file = self._file, TemporaryFile(**self._arguments)
        place = old.tell()
        self._file.write(old.getvalue())
        self._file.seek(place)
        self._rolled = True

    def _check(self):
        if not self._rolled and self._max_size and self._file.tell() > self._max_size:
            self.rollover()

    def write(self, s):
        result = self._file.write(s)
        self._check()
        return result

    def writelines(self, lines):
        self._file.writelines(lines)
        self._check()

    @property
    def mode(self):
        return self._mode

    @property
    def name(self):
        return self._file.name if self._rolled else None

    def __getattr__(self, name):
        return getattr(self.__dict__["_file"], name)

    def __iter__(self):
        return self._file.__iter__()

    def __enter__(self):
        if self._file.closed:
            raise ValueError("Cannot enter context with closed file")
        return self

    def __exit__(self, exc, value, tb):
        self._file.close()


class TemporaryDirectory:
    """A directory that goes with all in it at the end of the with statement, or of the program."""

    def __init__(self, suffix=None, prefix=None, dir=None, ignore_cleanup_errors=False):
        self.name = mkdtemp(suffix, prefix, dir)
        self._ignore = ignore_cleanup_errors
        self._gone = False
        import atexit
        atexit.register(self._at_exit)

    def __repr__(self):
        return "<%s %r>" % (self.__class__.__name__, self.name)

    def __enter__(self):
        return self.name

    def __exit__(self, exc, value, tb):
        self.cleanup()

    def _at_exit(self):
        if not self._gone and os.path.exists(self.name):
            shutil.rmtree(self.name, ignore_errors=True)

    def cleanup(self):
        if not self._gone or os.path.exists(self.name):
            self._gone = True
            import atexit
            atexit.unregister(self._at_exit)
            shutil.rmtree(self.name, ignore_errors=self._ignore)
