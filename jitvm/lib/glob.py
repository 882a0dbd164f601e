"""File names that match a pattern."""

import fnmatch
import os
import re

__all__ = ["escape", "glob", "iglob", "has_magic"]

_magic = re.compile("[*?[]")


def has_magic(s):
    return _magic.search(s) is not None


def escape(pathname):
    return re.sub("([*?[])", r"[\1]", pathname)


def _names(directory):
    try:
        return os.listdir(directory or ".")
    except OSError:
        return []


def _below(directory):
    """All names below a directory, without hidden ones."""
    for name in _names(directory):
        if name.startswith("."):
            continue
        yield name
        full = os.path.join(directory, name)
        if os.path.isdir(full):
            for inner in _below(full):
                yield os.path.join(name, inner)


def _find(pathname, recursive, hidden):
    directory, base = os.path.split(pathname)
    if not has_magic(pathname):
        if base and os.path.lexists(pathname) or not base and os.path.isdir(directory):
            yield pathname
        return
    if directory and directory != pathname and has_magic(directory):
        directories = _find(directory, recursive, hidden)
    else:
        directories = [directory]
    for directory in directories:
        if base == "**" and recursive:
            if directory:
                yield os.path.join(directory, "")
            for name in _below(directory):
                yield os.path.join(directory, name)
        elif has_magic(base):
            names = _names(directory)
            if not hidden and not base.startswith("."):
                names = [name for name in names if not name.startswith(".")]
            for name in fnmatch.filter(names, base):
                yield os.path.join(directory, name)
        elif not base and os.path.isdir(directory) or base and os.path.lexists(os.path.join(directory, base)):
            yield os.path.join(directory, base)


def iglob(pathname, *, root_dir=None, dir_fd=None, recursive=False, include_hidden=False):
    seen = set()
    if root_dir is not None:
        prefix = os.path.join(os.fspath(root_dir), "")
        for name in _find(prefix + pathname, recursive, include_hidden):
            yield name[len(prefix):]
        return
    for name in _find(os.fspath(pathname), recursive, include_hidden):
        if name not in seen:
            seen.add(name)
            yield name


def glob(pathname, *, root_dir=None, dir_fd=None, recursive=False, include_hidden=False):
    return list(iglob(pathname, root_dir=root_dir, recursive=recursive, include_hidden=include_hidden))
