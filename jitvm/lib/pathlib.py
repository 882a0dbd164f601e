"""Paths as objects."""

import errno
import fnmatch
import io
import os
import posixpath
import re
import stat as _stat

__all__ = ["PurePath", "PurePosixPath", "PureWindowsPath", "Path", "PosixPath", "WindowsPath"]

_new = object.__new__
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP)


def _split(text):
    """(root, parts) of a POSIX path."""
    if text.startswith("/"):
        root = "//" if text.startswith("//") and not text.startswith("///") else "/"
    else:
        root = ""
    return root, [part for part in text.split("/") if part and part != "."]


class _Parents:
    """The directories above a path, nearest first."""

    def __init__(self, path):
        self._path_class = type(path)
        self._root, self._names = path._root, path._names

    def __len__(self):
        return len(self._names)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        if index >= len(self) or index < -len(self):
            raise IndexError(index)
        if index < 0:
            index += len(self)
        return self._path_class._make(self._root, self._names[:len(self._names) - index - 1])

    def __repr__(self):
        return "<%s.parents>" % self._path_class.__name__


class PurePath:
    """A path that is only looked at as text."""

    __slots__ = ("_root", "_names", "_text", "_hash")

    def __new__(cls, *args):
        if cls is PurePath:
            cls = PurePosixPath
        return cls._from(args)

    @classmethod
    def _from(cls, args):
        root, names = "", []
        for arg in args:
            if isinstance(arg, PurePath):
                its_root, its_names = arg._root, arg._names
            else:
                arg = os.fspath(arg)
                if not isinstance(arg, str):
                    raise TypeError("argument should be a str object or an os.PathLike object returning str, not %r"
                                    % type(arg))
                its_root, its_names = _split(arg)
            if its_root:
                root, names = its_root, list(its_names)
            else:
                names = names + its_names
        return cls._make(root, names)

    @classmethod
    def _make(cls, root, names):
        self = _new(cls)
        self._root, self._names = root, names
        self._text = root + "/".join(names) or "."
        return self

    def _child(self, name):
        """The path of an entry of this directory."""
        child = _new(type(self))
        child._root, child._names = self._root, self._names + [name]
        child._text = self._text + "/" + name if self._names else self._root + name
        return child

    def __reduce__(self):
        return self.__class__, tuple(self.parts)

    def __str__(self):
        return self._text

    def __fspath__(self):
        return self.__str__()

    def __repr__(self):
        return "%s(%r)" % (self.__class__.__name__, self.as_posix())

    def __bytes__(self):
        return os.fsencode(self)

    def as_posix(self):
        return self._text

    def as_uri(self):
        if not self.is_absolute():
            raise ValueError("relative path can't be expressed as a file URI")
        from urllib.parse import quote_from_bytes
        return "file://" + quote_from_bytes(bytes(self))

    def __hash__(self):
        return hash((self._root, *self._names))

    def _key(self, other):
        return isinstance(other, PurePath) and isinstance(other, PurePosixPath) == isinstance(self, PurePosixPath)

    def _order(self):
        return [self._root, *self._names] if self._root else self._names

    def __eq__(self, other):
        if not self._key(other):
            return NotImplemented
        return self._root == other._root and self._names == other._names

    def __lt__(self, other):
        return self._order() < other._order() if self._key(other) else NotImplemented

    def __le__(self, other):
        return self._order() <= other._order() if self._key(other) else NotImplemented

    def __gt__(self, other):
        return self._order() > other._order() if self._key(other) else NotImplemented

    def __ge__(self, other):
        return self._order() >= other._order() if self._key(other) else NotImplemented

    @property
    def parts(self):
        return (self._root, *self._names) if self._root else tuple(self._names)

    @property
    def drive(self):
        return ""

    @property
    def root(self):
        return self._root

    @property
    def anchor(self):
        return self._root

    @property
    def name(self):
        return self._names[-1] if self._names else ""

    @property
    def suffix(self):
        name = self.name
        dot = name.rfind(".")
        return name[dot:] if 0 < dot < len(name) - 1 else ""

    @property
    def suffixes(self):
        name = self.name
        return [] if name.endswith(".") else ["." + part for part in name.lstrip(".").split(".")[1:]]

    @property
    def stem(self):
        name = self.name
        dot = name.rfind(".")
        return name[:dot] if 0 < dot < len(name) - 1 else name

    @property
    def parent(self):
        return self._make(self._root, self._names[:-1]) if self._names else self

    @property
    def parents(self):
        return _Parents(self)

    def with_name(self, name):
        if not self.name:
            raise ValueError("%r has an empty name" % (self,))
        if not name or name[-1] == "/" or "/" in name or name == ".":
            raise ValueError("Invalid name %r" % name)
        return self._make(self._root, self._names[:-1] + [name])

    def with_stem(self, stem):
        return self.with_name(stem + self.suffix)

    def with_suffix(self, suffix):
        if "/" in suffix or suffix and not suffix.startswith(".") or suffix == ".":
            raise ValueError("Invalid suffix %r" % suffix)
        name = self.name
        if not name:
            raise ValueError("%r has an empty name" % (self,))
        old = self.suffix
        return self._make(self._root, self._names[:-1] + [(name[:-len(old)] if old else name) + suffix])

    def relative_to(self, *other):
        if not other:
            raise TypeError("need at least one argument")
        base = PurePosixPath(*other)
        count = len(base._names)
        if base._root != self._root or self._names[:count] != base._names:
            raise ValueError("%r is not in the subpath of %r OR one path is relative and the other is absolute."
                             % (str(self), str(base)))
        return self._make("", self._names[count:])

    def is_relative_to(self, *other):
        try:
            self.relative_to(*other)
            return True
        except ValueError:
            return False

    def joinpath(self, *args):
        return self._from((self, *args))

    def __truediv__(self, key):
        try:
            return self._from((self, key))
        except TypeError:
            return NotImplemented

    def __rtruediv__(self, key):
        try:
            return self._from((key, self))
        except TypeError:
            return NotImplemented

    def is_absolute(self):
        return bool(self._root)

    def is_reserved(self):
        return False

    def match(self, path_pattern):
        root, names = _split(path_pattern)
        if not root and not names:
            raise ValueError("empty pattern")
        if root and (root != self._root or len(names) != len(self._names)) or len(names) > len(self._names):
            return False
        return all(fnmatch.fnmatchcase(name, pattern) for name, pattern in zip(reversed(self._names), reversed(names)))

    def __class_getitem__(cls, type):
        return cls


class PurePosixPath(PurePath):
    __slots__ = ()


class PureWindowsPath(PurePath):
    __slots__ = ()

    def __new__(cls, *args):
        raise NotImplementedError("jitvm does not support Windows paths")


def _walked(path):
    """The entries of a directory, none if it cannot be read."""
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except PermissionError:
        return []


def _names(path):
    """The names in a directory, none if it cannot be read."""
    try:
        return os.listdir(path)
    except PermissionError:
        return []


def _is_directory(entry):
    try:
        return entry.is_dir()
    except OSError:
        return False


def _select(path, patterns):
    """The paths below one that match a list of patterns, one for each name."""
    if not patterns:
        yield path
        return
    pattern, rest = patterns[0], patterns[1:]
    if pattern == "**":
        seen = set()
        for directory in _directories(path):
            for found in _select(directory, rest):
                if found not in seen:
                    seen.add(found)
                    yield found
    elif pattern == "..":
        yield from _select(path._from((path, "..")), rest)
    elif not re.search(r"[*?\[]", pattern):
        below = path._from((path, pattern))
        if (below.is_dir() if rest else below.exists()):
            yield from _select(below, rest)
    else:
        matches = re.compile(fnmatch.translate(pattern)).fullmatch
        if rest:
            for entry in _walked(path):
                if _is_directory(entry) and matches(entry.name):
                    yield from _select(path._child(entry.name), rest)
        else:
            for name in _names(path):
                if matches(name):
                    yield path._child(name)


def _directories(path):
    yield path
    for entry in _walked(path):
        try:
            is_directory = entry.is_dir(follow_symlinks=False)
        except OSError:
            continue
        if is_directory:
            yield from _directories(path._child(entry.name))


class Path(PurePath):
    """A path of the file system."""

    __slots__ = ()

    def __new__(cls, *args, **kwargs):
        if cls is Path:
            cls = PosixPath
        return cls._from(args)

    def __enter__(self):
        return self

    def __exit__(self, t, v, tb):
        pass

    @classmethod
    def cwd(cls):
        return cls(os.getcwd())

    @classmethod
    def home(cls):
        return cls("~").expanduser()

    def expanduser(self):
        if not self._root and self._names and self._names[0][:1] == "~":
            home = os.path.expanduser(self._names[0])
            if home[:1] == "~":
                raise RuntimeError("Could not determine home directory.")
            return self._from((home, *self._names[1:]))
        return self

    def absolute(self):
        return self if self._root else self._from((os.getcwd(), self))

    def resolve(self, strict=False):
        try:
            text = os.path.realpath(self, strict=strict)
        except OSError as e:
            if e.errno == errno.ELOOP:
                raise RuntimeError("Symlink loop from %r" % e.filename)
            raise
        return self._from((text,))

    def readlink(self):
        return self._from((os.readlink(self),))

    def stat(self, *, follow_symlinks=True):
        # Asking here what the path is saves the system call's function a call of Python code.
        return os.stat(self.__fspath__()) if follow_symlinks else os.lstat(self)

    def lstat(self):
        return os.lstat(self)

    def owner(self):
        uid = str(self.stat().st_uid)
        with open("/etc/passwd") as file:
            for line in file:
                fields = line.split(":")
                if fields[2:3] == [uid]:
                    return fields[0]
        raise KeyError("getpwuid(): uid not found: " + uid)

    def _mode(self, follow=True):
        try:
            return (os.stat(self) if follow else os.lstat(self)).st_mode
        except OSError as e:
            if e.errno not in _ABSENT:
                raise
            return None
        except ValueError:
            return None

    def exists(self):
        return self._mode() is not None

    def is_dir(self):
        return _stat.S_ISDIR(self._mode() or 0)

    def is_file(self):
        return _stat.S_ISREG(self._mode() or 0)

    def is_symlink(self):
        return _stat.S_ISLNK(self._mode(False) or 0)

    def is_block_device(self):
        return _stat.S_ISBLK(self._mode() or 0)

    def is_char_device(self):
        return _stat.S_ISCHR(self._mode() or 0)

    def is_fifo(self):
        return _stat.S_ISFIFO(self._mode() or 0)

    def is_socket(self):
        return _stat.S_ISSOCK(self._mode() or 0)

    def is_mount(self):
        if not self.is_dir():
            return False
        own, parent = self.stat(), self.parent.stat()
        return own.st_dev != parent.st_dev or own.st_ino == parent.st_ino

    def samefile(self, other_path):
        own, other = self.stat(), os.stat(other_path)
        return own.st_ino == other.st_ino and own.st_dev == other.st_dev

    def open(self, mode="r", buffering=-1, encoding=None, errors=None, newline=None):
        return io.open(self, mode, buffering, encoding, errors, newline)

    def read_bytes(self):
        with self.open("rb") as file:
            return file.read()

    def read_text(self, encoding=None, errors=None):
        with self.open("r", encoding=encoding, errors=errors) as file:
            return file.read()

    def write_bytes(self, data):
        view = memoryview(data)
        with self.open("wb") as file:
            return file.write(view)

    def write_text(self, data, encoding=None, errors=None, newline=None):
        if not isinstance(data, str):
            raise TypeError("data must be str, not %s" % data.__class__.__name__)
        with self.open("w", encoding=encoding, errors=errors, newline=newline) as file:
            return file.write(data)

    def touch(self, mode=0o666, exist_ok=True):
        if exist_ok:
            try:
                os.utime(self, None)
                return
            except OSError:
                pass
        flags = os.O_CREAT | os.O_WRONLY
        if not exist_ok:
            flags |= os.O_EXCL
        os.close(os.open(self, flags, mode))

    def mkdir(self, mode=0o777, parents=False, exist_ok=False):
        try:
            os.mkdir(self, mode)
        except FileNotFoundError:
            if not parents or self.parent == self:
                raise
            self.parent.mkdir(parents=True, exist_ok=True)
            self.mkdir(mode, parents=False, exist_ok=exist_ok)
        except OSError:
            if not exist_ok or not self.is_dir():
                raise

    def rmdir(self):
        os.rmdir(self)

    def unlink(self, missing_ok=False):
        try:
            os.unlink(self)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def rename(self, target):
        os.rename(self, target)
        return self._from((target,))

    def replace(self, target):
        os.replace(self, target)
        return self._from((target,))

    def chmod(self, mode, *, follow_symlinks=True):
        os.chmod(self, mode)

    def symlink_to(self, target, target_is_directory=False):
        os.symlink(target, self)

    def hardlink_to(self, target):
        os.link(target, self)

    def iterdir(self):
        for name in os.listdir(self):
            yield self._child(name)

    def _patterns(self, pattern):
        if not pattern:
            raise ValueError("Unacceptable pattern: %r" % pattern)
        root, names = _split(pattern)
        if root:
            raise NotImplementedError("Non-relative patterns are unsupported")
        for name in names:
            if "**" in name and name != "**":
                raise ValueError("Invalid pattern: '**' can only be an entire path component")
        return names

    def glob(self, pattern):
        """The paths below that match a pattern; `**` stands for any number of directories."""
        names = self._patterns(pattern)
        # A pattern that ends in a slash is for directories.
        wants_directory = pattern.endswith("/")
        for path in _select(self, names):
            if not wants_directory or path.is_dir():
                yield path

    def rglob(self, pattern):
        for path in _select(self, ["**", *self._patterns(pattern)]):
            if not pattern.endswith("/") or path.is_dir():
                yield path


class PosixPath(Path, PurePosixPath):
    __slots__ = ()


class WindowsPath(Path, PureWindowsPath):
    __slots__ = ()

    def __new__(cls, *args, **kwargs):
        raise NotImplementedError("cannot instantiate %r on your system" % cls.__name__)


