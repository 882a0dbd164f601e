"""Importing modules whose names a program computes."""

import sys

__all__ = ["__import__", "import_module", "invalidate_caches", "reload"]

__import__ = __import__


def import_module(name, package=None):
    """The module of a name; dots before it are relative to `package`."""
    level = len(name) - len(name.lstrip("."))
    if level:
        if not package:
            raise TypeError("the 'package' argument is required to perform a relative import for %r" % name)
        base = package
        for _ in range(level - 1):
            if "." not in base:
                raise ImportError("attempted relative import beyond top-level package")
            base = base.rpartition(".")[0]
        name = base + "." + name[level:] if name[level:] else base
    __import__(name)
    return sys.modules[name]


def invalidate_caches():
    pass


def reload(module):
    """Runs a module's source again, in the module."""
    name = getattr(module, "__name__", None)
    if not isinstance(module, type(sys)):
        raise TypeError("reload() argument must be a module")
    if sys.modules.get(name) is not module:
        raise ImportError("module %s not in sys.modules" % name, name=name)
    path = getattr(module, "__file__", None)
    if not path or not path.endswith(".py"):
        return module
    try:
        with open(path, encoding="utf-8") as file:
            source = file.read()
    except FileNotFoundError:
        # An embedded module has no file.
        return module
    exec(compile(source, path, "exec"), module.__dict__)
    return sys.modules[name]
