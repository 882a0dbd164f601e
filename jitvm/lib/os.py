"""The operating system: files, directories, the environment and processes."""

import sys as _sys
import posix as _posix
import posixpath as path
from posix import (F_OK, R_OK, W_OK, X_OK, O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_CLOEXEC,
                   O_DIRECTORY, O_NONBLOCK, O_SYNC, EX_OK, _exit, chdir, close, cpu_count, dup, fspath, fstat, getcwd, getpid,
                   getppid, getuid, isatty, link, lseek, lstat, read, readlink, rename, rmdir, stat, strerror, urandom,
                   write)
from posixpath import curdir, pardir, sep, pathsep, defpath, extsep, altsep, devnull

_sys.modules["os.path"] = path

name = "posix"
linesep = "\n"
error = OSError
SEEK_SET = 0
SEEK_CUR = 1
SEEK_END = 2
replace = rename


def __getattr__(name):
    raise AttributeError("module 'os' has no attribute %r (jitvm does not support it)" % name)


class stat_result(tuple):
    """What is known of a file: ten numbers as a tuple; times with their fractions and the rest as attributes alone."""

    _names = ("st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size", "st_atime", "st_mtime", "st_ctime")
    n_fields = 19
    n_sequence_fields = 10
    n_unnamed_fields = 3

    def __new__(cls, sequence, dict={}):
        values = tuple(sequence)
        if len(values) < 10:
            raise TypeError("os.stat_result() takes an at least 10-sequence (%d-sequence given)" % len(values))
        if len(values) > 19:
            raise TypeError("os.stat_result() takes an at most 19-sequence (%d-sequence given)" % len(values))
        # Times without fractions stand in for those that are not given.
        whole = values + values[7:10] if len(values) == 10 else values
        result = tuple.__new__(cls, values[:10])
        object.__setattr__(result, "_given", whole + (None,) * (19 - len(whole)))
        return result

    def __repr__(self):
        return "os.stat_result(%s)" % ", ".join("%s=%r" % pair for pair in zip(self._names, self))

    def __setattr__(self, name, value):
        if hasattr(type(self), name):
            raise AttributeError("readonly attribute")
        raise AttributeError("'%s' object has no attribute %r" % ("os.stat_result", name))

    def __reduce__(self):
        return stat_result, ((*self, *[getattr(self, name) for name in _further]),)


def _named(index):
    def get(self):
        # What the system told is kept by the VM, a field of another result with the others it was made of.
        value = _posix.stat_field(self, index)
        return self._given[index] if value is None else value
    return property(get)


for _index, _name in enumerate(stat_result._names[:7]):
    setattr(stat_result, _name, property(lambda self, index=_index: self[index]))
_further = ["st_" + _name for _name in
            ("atime", "mtime", "ctime", "atime_ns", "mtime_ns", "ctime_ns", "blksize", "blocks", "rdev")]
for _index, _name in enumerate(_further):
    setattr(stat_result, _name, _named(10 + _index))
_posix.know_stat_result(stat_result)


def open(path, flags, mode=0o777, *, dir_fd=None):
    return _posix.open(path, flags, mode)


def fdopen(fd, *arguments, **keywords):
    if not isinstance(fd, int):
        raise TypeError("invalid fd type (%s, expected integer)" % type(fd))
    import io
    return io.open(fd, *arguments, **keywords)


def listdir(path=None):
    return _posix.listdir("." if path is None else path)


def mkdir(path, mode=0o777, *, dir_fd=None):
    _posix.mkdir(path, mode)


def remove(path, *, dir_fd=None):
    _posix.unlink(path)


def unlink(path, *, dir_fd=None):
    _posix.unlink(path)


def symlink(src, dst, target_is_directory=False, *, dir_fd=None):
    _posix.symlink(src, dst)


def chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
    _posix.chmod(path, mode)


def access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True):
    return _posix.access(path, mode)


def truncate(path, length):
    if isinstance(path, int):
        _posix.ftruncate(path, length)
    else:
        _posix.truncate(path, length)


def ftruncate(fd, length):
    _posix.ftruncate(fd, length)


def utime(path, times=None, *, ns=None, dir_fd=None, follow_symlinks=True):
    if times is not None and ns is not None:
        raise ValueError("utime: you may specify either 'times' or 'ns' but not both")
    name, given = ("times", times) if ns is None else ("ns", ns)
    if given is None:
        import time
        given, name = (time.time_ns(),) * 2, "ns"
    elif not isinstance(given, tuple) or len(given) != 2:
        what = "either a tuple of two ints or None" if name == "times" else "a tuple of two ints"
        raise TypeError("utime: '%s' must be %s" % (name, what))
    _posix.utime(path, given[0], given[1], name == "ns", follow_symlinks)


def getcwdb():
    return fsencode(getcwd())


def makedirs(name, mode=0o777, exist_ok=False):
    """Makes a directory and those it is in."""
    head, tail = path.split(name)
    if not tail:
        head, tail = path.split(head)
    if head and tail and not path.exists(head):
        try:
            makedirs(head, exist_ok=exist_ok)
        except FileExistsError:
            pass
        if tail == curdir:
            return
    try:
        mkdir(name, mode)
    except OSError:
        if not exist_ok or not path.isdir(name):
            raise


def removedirs(name):
    rmdir(name)
    head, tail = path.split(name)
    if not tail:
        head, tail = path.split(head)
    while head and tail:
        try:
            rmdir(head)
        except OSError:
            break
        head, tail = path.split(head)


def renames(old, new):
    head, tail = path.split(new)
    if head and tail and not path.exists(head):
        makedirs(head)
    rename(old, new)


class DirEntry:
    """A name in a directory, as scandir gives it: what the directory says of it needs no further system call."""

    __slots__ = ("name", "_directory", "_kind", "_followed", "_own")

    def __init__(self, directory, name, kind):
        self.name, self._directory, self._kind = name, directory, kind
        self._followed = self._own = None

    @property
    def path(self):
        return path.join(self._directory, self.name)

    def _is(self, kind, follow_symlinks):
        """Whether this is a file of a kind, which modes have in four bits too; not if it is gone or a link to nothing."""
        own = self._kind
        if own == 0 or own == 10 and follow_symlinks:
            try:
                return self.stat(follow_symlinks=follow_symlinks).st_mode >> 12 & 15 == kind
            except FileNotFoundError:
                return False
        return own == kind

    def is_dir(self, *, follow_symlinks=True):
        return self._is(4, follow_symlinks)

    def is_file(self, *, follow_symlinks=True):
        return self._is(8, follow_symlinks)

    def is_symlink(self):
        return self._is(10, False)

    def stat(self, *, follow_symlinks=True):
        if follow_symlinks and (self._kind == 10 or self._kind == 0):
            if self._followed is None:
                self._followed = stat(self.path)
            return self._followed
        if self._own is None:
            self._own = lstat(self.path)
        return self._own

    def inode(self):
        return self.stat(follow_symlinks=False).st_ino

    def __fspath__(self):
        return self.path

    def __repr__(self):
        return "<DirEntry %r>" % self.name


class _Scan:
    def __init__(self, directory):
        found = _posix.scan(directory)
        self._entries = map(DirEntry, [fspath(directory)] * (len(found) // 2), found[::2], found[1::2])

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._entries)

    def close(self):
        self._entries = iter(())

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def scandir(path=None):
    return _Scan("." if path is None else path)


def walk(top, topdown=True, onerror=None, followlinks=False):
    """Directories below one, each with its directories and other files."""
    top = fspath(top)
    try:
        entries = list(scandir(top))
    except OSError as error:
        if onerror is not None:
            onerror(error)
        return
    directories = []
    files = []
    for entry in entries:
        try:
            is_directory = entry.is_dir()
        except OSError:
            is_directory = False
        (directories if is_directory else files).append(entry.name)
    if topdown:
        yield top, directories, files
    for name in directories:
        full = path.join(top, name)
        if followlinks or not path.islink(full):
            yield from walk(full, topdown, onerror, followlinks)
    if not topdown:
        yield top, directories, files


class _Environment:
    """The environment: a mapping of strs."""

    def __init__(self, data):
        self._data = data

    @staticmethod
    def _check(value):
        if not isinstance(value, str):
            raise TypeError("str expected, not %s" % type(value).__name__)
        return value

    def __getitem__(self, key):
        self._check(key)
        try:
            return self._data[key]
        except KeyError:
            raise KeyError(key) from None

    def __setitem__(self, key, value):
        self._data[self._check(key)] = self._check(value)

    def __delitem__(self, key):
        self._check(key)
        try:
            del self._data[key]
        except KeyError:
            raise KeyError(key) from None

    def __iter__(self):
        return iter(list(self._data))

    def __len__(self):
        return len(self._data)

    def __contains__(self, key):
        return self._check(key) in self._data

    def __eq__(self, other):
        return dict(self._data) == dict(other)

    def __repr__(self):
        return "environ({%s})" % ", ".join("%r: %r" % item for item in self._data.items())

    def get(self, key, default=None):
        return self._data.get(self._check(key), default)

    def keys(self):
        return self._data.keys()

    def values(self):
        return self._data.values()

    def items(self):
        return self._data.items()

    def pop(self, key, *default):
        return self._data.pop(key, *default)

    def popitem(self):
        return self._data.popitem()

    def clear(self):
        self._data.clear()

    def setdefault(self, key, value):
        if key not in self:
            self[key] = value
        return self[key]

    def update(self, other=(), **keywords):
        for key, value in dict(other, **keywords).items():
            self[key] = value

    def copy(self):
        return dict(self._data)

    def __or__(self, other):
        return {**self._data, **other}


def _environment():
    items = _posix.environ_items()
    return _Environment(dict(zip(items[::2], items[1::2])))


environ = _environment()


def getenv(key, default=None):
    return environ.get(key, default)


def putenv(name, value, /):
    environ[name] = value


def unsetenv(name, /):
    environ.pop(name, None)


def fsencode(filename):
    filename = fspath(filename)
    return filename.encode("utf-8", "surrogateescape") if isinstance(filename, str) else filename


def fsdecode(filename):
    filename = fspath(filename)
    return filename.decode("utf-8", "surrogateescape") if isinstance(filename, bytes) else filename


class _PathLikeType(type):
    def __instancecheck__(cls, value):
        return hasattr(type(value), "__fspath__")

    def __subclasscheck__(cls, subclass):
        return hasattr(subclass, "__fspath__")


class PathLike(metaclass=_PathLikeType):
    """What has a path."""

    def __fspath__(self):
        raise NotImplementedError

    def __class_getitem__(cls, item):
        return cls


class terminal_size(tuple):
    __slots__ = ()
    columns = property(lambda self: self[0])
    lines = property(lambda self: self[1])


def get_terminal_size(fd=1):
    raise OSError(25, "Inappropriate ioctl for device")


def sched_getaffinity(pid):
    return set(range(cpu_count() or 1))


def getlogin():
    return environ.get("LOGNAME") or environ.get("USER", "")
