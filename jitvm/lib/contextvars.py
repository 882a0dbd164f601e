"""Variables whose values belong to a context, such as that of a task."""

from types import GenericAlias

__all__ = ("Context", "ContextVar", "Token", "copy_context")

_MISSING = object()


class Token:
    """What a variable was before it was set."""

    MISSING = _MISSING

    def __init__(self, context, variable, old):
        self._context, self._variable, self._old, self._used = context, variable, old, False

    @property
    def var(self):
        return self._variable

    @property
    def old_value(self):
        return self._old

    def __repr__(self):
        return "<Token%s var=%r at %#x>" % (" used" if self._used else "", self._variable, id(self))

    __class_getitem__ = classmethod(GenericAlias)


class Context:
    """Values of variables."""

    def __init__(self):
        self._values = {}
        self._outer = None

    def run(self, callable, /, *args, **kwargs):
        global _current
        if self._outer is not None:
            raise RuntimeError("cannot enter context: %r is already entered" % self)
        self._outer, _current = _current, self
        try:
            return callable(*args, **kwargs)
        finally:
            _current, self._outer = self._outer, None

    def copy(self):
        other = Context()
        other._values = dict(self._values)
        return other

    def __getitem__(self, var):
        if not isinstance(var, ContextVar):
            raise TypeError("a ContextVar key was expected, got %r" % (var,))
        return self._values[var]

    def get(self, var, default=None):
        return self._values.get(var, default)

    def __contains__(self, var):
        if not isinstance(var, ContextVar):
            raise TypeError("a ContextVar key was expected, got %r" % (var,))
        return var in self._values

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def keys(self):
        return self._values.keys()

    def values(self):
        return self._values.values()

    def items(self):
        return self._values.items()


_current = Context()


class ContextVar:
    def __init__(self, name, *, default=_MISSING):
        if not isinstance(name, str):
            raise TypeError("context variable name must be a str")
        self._name, self._default = name, default

    @property
    def name(self):
        return self._name

    def get(self, default=_MISSING, /):
        value = _current._values.get(self, _MISSING)
        if value is not _MISSING:
            return value
        if default is not _MISSING:
            return default
        if self._default is not _MISSING:
            return self._default
        raise LookupError(self)

    def set(self, value, /):
        token = Token(_current, self, _current._values.get(self, _MISSING))
        _current._values[self] = value
        return token

    def reset(self, token, /):
        if token._used:
            raise RuntimeError("%r has already been used once" % token)
        if token._variable is not self:
            raise ValueError("%r was created by a different ContextVar" % token)
        if token._context is not _current:
            raise ValueError("%r was created in a different Context" % token)
        token._used = True
        if token._old is _MISSING:
            del _current._values[self]
        else:
            _current._values[self] = token._old

    def __repr__(self):
        default = "" if self._default is _MISSING else " default=%r" % (self._default,)
        return "<ContextVar name=%r%s at %#x>" % (self._name, default, id(self))

    __class_getitem__ = classmethod(GenericAlias)


def copy_context():
    return _current.copy()
