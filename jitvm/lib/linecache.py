"""Lines of source files, kept."""

__all__ = ["getline", "clearcache", "checkcache", "lazycache"]

cache = {}


def getlines(filename, module_globals=None):
    if filename not in cache:
        return updatecache(filename, module_globals)
    return cache[filename][2]


def getline(filename, lineno, module_globals=None):
    """A line with its line break; empty if there is none."""
    lines = getlines(filename, module_globals)
    return lines[lineno - 1] if 1 <= lineno <= len(lines) else ""


def clearcache():
    cache.clear()


def checkcache(filename=None):
    import os
    for name in [filename] if filename is not None else list(cache):
        entry = cache.get(name)
        if entry is None or entry[1] is None:
            continue
        try:
            now = os.stat(entry[3])
        except OSError:
            now = None
        if now is None or (now.st_size, now.st_mtime) != entry[:2]:
            del cache[name]


def updatecache(filename, module_globals=None):
    import os
    cache.pop(filename, None)
    if not filename or filename.startswith("<") and filename.endswith(">"):
        return []
    try:
        with open(filename, encoding="utf-8") as file:
            lines = file.readlines()
        about = os.stat(filename)
    except (OSError, UnicodeDecodeError, SyntaxError):
        return []
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    cache[filename] = about.st_size, about.st_mtime, lines, filename
    return lines


def lazycache(filename, module_globals):
    return False
