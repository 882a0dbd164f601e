"""Paths as text: the module os.path."""

import posix as _posix

curdir = "."
pardir = ".."
extsep = "."
sep = "/"
pathsep = ":"
defpath = "/bin:/usr/bin"
altsep = None
devnull = "/dev/null"
supports_unicode_filenames = False


def _letters(path):
    return (b"/", b".", b"..", b"~") if isinstance(path, bytes) else ("/", ".", "..", "~")


def normcase(s):
    return _posix.fspath(s)


def isabs(s):
    s = _posix.fspath(s)
    return s.startswith(_letters(s)[0])


def join(a, *p):
    a = _posix.fspath(a)
    slash = _letters(a)[0]
    path = a
    for part in p:
        try:
            part = _posix.fspath(part)
        except TypeError:
            raise TypeError("join() argument must be str, bytes, or os.PathLike object, not %r"
                            % type(part).__name__) from None
        if isinstance(part, str) != isinstance(path, str):
            raise TypeError("Can't mix strings and bytes in path components")
        if part.startswith(slash):
            path = part
        elif not path or path.endswith(slash):
            path += part
        else:
            path += slash + part
    return path


def split(p):
    p = _posix.fspath(p)
    slash = _letters(p)[0]
    at = p.rfind(slash) + 1
    head, tail = p[:at], p[at:]
    if head and head != slash * len(head):
        head = head.rstrip(slash)
    return head, tail


def basename(p):
    p = _posix.fspath(p)
    return p[p.rfind(_letters(p)[0]) + 1:]


def dirname(p):
    return split(p)[0]


def splitext(p):
    p = _posix.fspath(p)
    slash, dot = _letters(p)[:2]
    start = p.rfind(slash) + 1
    at = p.rfind(dot)
    if at > start:
        # Dots at the beginning are part of the name.
        if p[start:at].strip(dot):
            return p[:at], p[at:]
    return p, p[:0]


def splitdrive(p):
    p = _posix.fspath(p)
    return p[:0], p


def _status(path):
    try:
        return _posix.stat(path)
    except (OSError, ValueError):
        return None


def exists(path):
    return _status(path) is not None


def lexists(path):
    try:
        _posix.lstat(path)
    except (OSError, ValueError):
        return False
    return True


def isfile(path):
    status = _status(path)
    return status is not None and status[0] & 0o170000 == 0o100000


def isdir(s):
    status = _status(s)
    return status is not None and status[0] & 0o170000 == 0o040000


def islink(path):
    try:
        return _posix.lstat(path)[0] & 0o170000 == 0o120000
    except (OSError, ValueError):
        return False


def ismount(path):
    try:
        own = _posix.lstat(path)
        parent = _posix.lstat(join(path, b".." if isinstance(path, bytes) else ".."))
    except (OSError, ValueError):
        return False
    return own[2] != parent[2] or own[1] == parent[1]


def getsize(filename):
    return _posix.stat(filename)[6]


def getmtime(filename):
    import os
    return os.stat(filename).st_mtime


def getatime(filename):
    import os
    return os.stat(filename).st_atime


def getctime(filename):
    import os
    return os.stat(filename).st_ctime


def samefile(f1, f2):
    return _posix.stat(f1)[1:3] == _posix.stat(f2)[1:3]


def normpath(path):
    path = _posix.fspath(path)
    slash, dot, dots, _ = _letters(path)
    if not path:
        return dot
    lead = slash if path.startswith(slash) else path[:0]
    if path.startswith(slash * 2) and not path.startswith(slash * 3):
        lead = slash * 2
    parts = []
    for part in path.split(slash):
        if not part or part == dot:
            continue
        if part != dots or not lead and not parts or parts and parts[-1] == dots:
            parts.append(part)
        elif parts:
            parts.pop()
    return (lead + slash.join(parts)) or dot


def abspath(path):
    path = _posix.fspath(path)
    if not isabs(path):
        cwd = _posix.getcwd()
        path = join(cwd.encode() if isinstance(path, bytes) else cwd, path)
    return normpath(path)


def realpath(filename, *, strict=False):
    filename = _posix.fspath(filename)
    if strict:
        _posix.stat(filename)
    real = _posix.realpath(filename)
    if real is None:
        return abspath(filename)
    return real.encode() if isinstance(filename, bytes) else real


def relpath(path, start=None):
    if not path:
        raise ValueError("no path specified")
    path = _posix.fspath(path)
    slash, dot, dots, _ = _letters(path)
    start = dot if start is None else _posix.fspath(start)
    own = [part for part in abspath(path).split(slash) if part]
    base = [part for part in abspath(start).split(slash) if part]
    same = 0
    for a, b in zip(own, base):
        if a != b:
            break
        same += 1
    return slash.join([dots] * (len(base) - same) + own[same:]) or dot


def commonprefix(m):
    if not m:
        return ""
    low = min(m)
    high = max(m)
    for index, c in enumerate(low):
        if c != high[index]:
            return low[:index]
    return low


def commonpath(paths):
    if not paths:
        raise ValueError("commonpath() arg is an empty sequence")
    paths = [_posix.fspath(path) for path in paths]
    slash, dot = _letters(paths[0])[:2]
    absolute = {path.startswith(slash) for path in paths}
    if len(absolute) != 1:
        raise ValueError("Can't mix absolute and relative paths")
    split_paths = [[part for part in path.split(slash) if part and part != dot] for path in paths]
    common = commonprefix(split_paths)
    return (slash if absolute.pop() else paths[0][:0]) + slash.join(common)


def expanduser(path):
    path = _posix.fspath(path)
    slash, _, _, tilde = _letters(path)
    if not path.startswith(tilde):
        return path
    end = path.find(slash, 1)
    if end < 0:
        end = len(path)
    if end != 1:
        return path
    from os import environ
    home = environ.get("HOME")
    if home is None:
        return path
    if isinstance(path, bytes):
        home = home.encode()
    return (home.rstrip(slash) + path[end:]) or slash


def expandvars(path):
    path = _posix.fspath(path)
    if not isinstance(path, str) or "$" not in path:
        return path
    import re
    from os import environ

    def value(found):
        name = found.group(1) or found.group(2)
        return environ.get(name, found.group())

    return re.sub(r"\$(?:(\w+)|\{([^}]*)\})", value, path, flags=re.ASCII)
