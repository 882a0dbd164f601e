"""Whole files and trees of them."""

import errno
import fnmatch
import os
import stat
from collections import namedtuple

__all__ = ["copyfileobj", "copyfile", "copymode", "copystat", "copy", "copy2", "copytree", "move", "rmtree", "Error",
           "SpecialFileError", "ExecError", "SameFileError", "ignore_patterns", "which", "get_terminal_size",
           "disk_usage"]

COPY_BUFSIZE = 64 * 1024
_Usage = namedtuple("usage", "total used free")


class Error(OSError):
    pass


class SameFileError(Error):
    """Source and destination are the same file."""


class SpecialFileError(OSError):
    pass


class ExecError(OSError):
    pass


class ReadError(OSError):
    pass


class RegistryError(Exception):
    pass


def copyfileobj(fsrc, fdst, length=0):
    """Copies what is left of one open file to another."""
    length = length or COPY_BUFSIZE
    while True:
        piece = fsrc.read(length)
        if not piece:
            break
        fdst.write(piece)


def _same(src, dst):
    try:
        one, other = os.stat(src), os.stat(dst)
    except OSError:
        return False
    return (one.st_ino, one.st_dev) == (other.st_ino, other.st_dev)


def copyfile(src, dst, *, follow_symlinks=True):
    """Copies a file's content; gives the destination."""
    if _same(src, dst):
        raise SameFileError("{!r} and {!r} are the same file".format(src, dst))
    if not follow_symlinks and os.path.islink(src):
        os.symlink(os.readlink(src), dst)
        return dst
    with open(src, "rb") as fsrc, open(dst, "wb") as fdst:
        copyfileobj(fsrc, fdst)
    return dst


def copymode(src, dst, *, follow_symlinks=True):
    os.chmod(dst, stat.S_IMODE(os.stat(src).st_mode))


def copystat(src, dst, *, follow_symlinks=True):
    if not follow_symlinks and os.path.islink(src):
        return
    about = os.stat(src)
    os.utime(dst, ns=(about.st_atime_ns, about.st_mtime_ns))
    os.chmod(dst, stat.S_IMODE(about.st_mode))


def _place(src, dst):
    return os.path.join(dst, os.path.basename(src)) if os.path.isdir(dst) else dst


def copy(src, dst, *, follow_symlinks=True):
    dst = _place(src, dst)
    copyfile(src, dst, follow_symlinks=follow_symlinks)
    copymode(src, dst, follow_symlinks=follow_symlinks)
    return dst


def copy2(src, dst, *, follow_symlinks=True):
    dst = _place(src, dst)
    copyfile(src, dst, follow_symlinks=follow_symlinks)
    copystat(src, dst, follow_symlinks=follow_symlinks)
    return dst


def ignore_patterns(*patterns):
    """What copytree takes to leave out names that match."""
    def ignored(path, names):
        return {name for name in names for pattern in patterns if fnmatch.fnmatch(name, pattern)}
    return ignored


def copytree(src, dst, symlinks=False, ignore=None, copy_function=copy2, ignore_dangling_symlinks=False,
             dirs_exist_ok=False):
    """Copies a directory and all below it."""
    names = os.listdir(src)
    left_out = ignore(os.fspath(src), names) if ignore is not None else ()
    os.makedirs(dst, exist_ok=dirs_exist_ok)
    errors = []
    for name in names:
        if name in left_out:
            continue
        one, other = os.path.join(src, name), os.path.join(dst, name)
        try:
            if os.path.islink(one) and symlinks:
                os.symlink(os.readlink(one), other)
            elif os.path.isdir(one):
                copytree(one, other, symlinks, ignore, copy_function, ignore_dangling_symlinks, dirs_exist_ok)
            elif not (ignore_dangling_symlinks and os.path.islink(one) and not os.path.exists(one)):
                copy_function(one, other)
        except Error as e:
            errors.extend(e.args[0])
        except OSError as e:
            errors.append((one, other, str(e)))
    try:
        copystat(src, dst)
    except OSError as e:
        errors.append((src, dst, str(e)))
    if errors:
        raise Error(errors)
    return dst


def rmtree(path, ignore_errors=False, onerror=None, *, dir_fd=None):
    """Removes a directory and all below it."""
    import sys

    def failed(function, path):
        if onerror is not None:
            onerror(function, path, sys.exc_info())
        elif not ignore_errors:
            raise

    try:
        if os.path.islink(path):
            raise OSError("Cannot call rmtree on a symbolic link")
        mode = os.lstat(path).st_mode
    except OSError:
        failed(os.lstat, path)
        return
    if not stat.S_ISDIR(mode):
        try:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        except OSError:
            failed(os.scandir, path)
        return

    def below(path):
        try:
            with os.scandir(path) as found:
                entries = list(found)
        except OSError:
            failed(os.scandir, path)
            return
        for entry in entries:
            try:
                is_directory = entry.is_dir(follow_symlinks=False)
            except OSError:
                is_directory = False
            if is_directory:
                below(entry.path)
            else:
                try:
                    os.unlink(entry.path)
                except OSError:
                    failed(os.unlink, entry.path)
        try:
            os.rmdir(path)
        except OSError:
            failed(os.rmdir, path)

    below(path)


def move(src, dst, copy_function=copy2):
    """Moves a file or directory, into `dst` if that is a directory; gives where it is then."""
    place = dst
    if os.path.isdir(dst):
        if _same(src, dst):
            os.rename(src, dst)
            return None
        place = os.path.join(dst, os.path.basename(os.fspath(src).rstrip("/")))
        if os.path.exists(place):
            raise Error("Destination path '%s' already exists" % place)
    try:
        os.rename(src, place)
    except OSError:
        if os.path.islink(src):
            os.symlink(os.readlink(src), place)
            os.unlink(src)
        elif os.path.isdir(src):
            inside = os.path.abspath(dst).startswith(os.path.abspath(src).rstrip("/") + "/")
            if inside:
                raise Error("Cannot move a directory '%s' into itself '%s'." % (src, dst))
            copytree(src, place, copy_function=copy_function, symlinks=True)
            rmtree(src)
        else:
            copy_function(src, place)
            os.unlink(src)
    return place


def which(cmd, mode=os.F_OK | os.X_OK, path=None):
    """The file that a command's name stands for, or None."""
    def runs(name):
        return os.path.exists(name) and os.access(name, mode) and not os.path.isdir(name)

    if os.path.dirname(cmd):
        return cmd if runs(cmd) else None
    if path is None:
        path = os.environ.get("PATH", os.defpath)
    for directory in dict.fromkeys(path.split(os.pathsep) if path else []):
        name = os.path.join(directory, cmd)
        if runs(name):
            return name
    return None


def get_terminal_size(fallback=(80, 24)):
    sizes = []
    for name, default in zip(("COLUMNS", "LINES"), fallback):
        try:
            size = int(os.environ[name])
        except (KeyError, ValueError):
            size = 0
        sizes.append(size)
    if min(sizes) <= 0:
        try:
            actual = os.get_terminal_size(1)
        except (AttributeError, ValueError, OSError):
            actual = fallback
        sizes = [size if size > 0 else have or default for size, have, default in zip(sizes, actual, fallback)]
    return os.terminal_size(sizes)
