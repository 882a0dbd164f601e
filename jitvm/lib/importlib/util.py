"""What is known of modules before they are imported."""

import os
import sys

__all__ = ["find_spec"]


class _Spec:
    """Where a module would come from."""

    def __init__(self, name, origin, locations=None):
        self.name, self.origin, self.submodule_search_locations = name, origin, locations
        self.loader = None
        self.has_location = origin is not None

    @property
    def parent(self):
        return self.name if self.submodule_search_locations is not None else self.name.rpartition(".")[0]

    def __repr__(self):
        return "ModuleSpec(name=%r, loader=%r, origin=%r)" % (self.name, self.loader, self.origin)


_Spec.__name__ = _Spec.__qualname__ = "ModuleSpec"


def find_spec(name, package=None):
    """What says where a module is, or None."""
    if name.startswith("."):
        name = (package or "") + name
    module = sys.modules.get(name)
    if module is not None:
        return _Spec(name, getattr(module, "__file__", None), getattr(module, "__path__", None))
    parent, _, short = name.rpartition(".")
    if parent:
        __import__(parent)
        directories = sys.modules[parent].__path__
    else:
        directories = sys.path
    for directory in directories:
        package = os.path.join(directory or ".", short, "__init__.py")
        if os.path.isfile(package):
            return _Spec(name, package, [os.path.dirname(package)])
        file = os.path.join(directory or ".", short + ".py")
        if os.path.isfile(file):
            return _Spec(name, file)
    import _jitvm
    if _jitvm.has_module(name):
        return _Spec(name, None)
    return None
