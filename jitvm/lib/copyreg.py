"""How objects are taken apart, for copying and pickling."""

__all__ = ["pickle", "constructor", "add_extension", "remove_extension", "clear_extension_cache"]

dispatch_table = {}


def pickle(ob_type, pickle_function, constructor_ob=None):
    """Says how objects of a type are taken apart."""
    if not callable(pickle_function):
        raise TypeError("reduction functions must be callable")
    dispatch_table[ob_type] = pickle_function
    if constructor_ob is not None:
        constructor(constructor_ob)


def constructor(object):
    if not callable(object):
        raise TypeError("constructors must be callable")


def __newobj__(cls, *args):
    return cls.__new__(cls, *args)


def __newobj_ex__(cls, args, kwargs):
    return cls.__new__(cls, *args, **kwargs)


def slot_names(cls):
    """The names of the slots of a class and its bases, as attributes."""
    names = []
    for base in cls.__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name in ("__dict__", "__weakref__"):
                continue
            if name.startswith("__") and not name.endswith("__") and base.__name__.strip("_"):
                name = "_" + base.__name__.lstrip("_") + name
            names.append(name)
    return names


def state_of(value):
    """What __getstate__ of object gives: None, the attributes, or (attributes, slots)."""
    method = type(value).__getstate__
    if method is not object.__getstate__:
        return method(value)
    return default_state(value)


def default_state(value):
    """object.__getstate__."""
    attributes = getattr(value, "__dict__", None) or None
    slots = {}
    for name in slot_names(type(value)):
        try:
            slots[name] = getattr(value, name)
        except AttributeError:
            pass
    return (attributes, slots) if slots else attributes


def reduce(value):
    """(callable, arguments, state, list items, dict items) of an instance, as object.__reduce_ex__ of protocol 2."""
    cls = type(value)
    if isinstance(value, BaseException):
        return cls, value.args, getattr(value, "__dict__", None) or None
    get_ex = getattr(cls, "__getnewargs_ex__", None)
    get = getattr(cls, "__getnewargs__", None)
    if get_ex is not None:
        args, kwargs = get_ex(value)
        make, arguments = __newobj_ex__, (cls, args, kwargs)
    else:
        if get is not None:
            args = get(value)
        elif isinstance(value, (int, float, str, bytes, complex, tuple, frozenset)):
            base = [base for base in cls.__mro__ if base in _PLAIN][0]
            args = (base(value),) if base is not tuple else (tuple(value),)
        else:
            args = ()
        make, arguments = __newobj__, (cls, *args)
    state = state_of(value)
    list_items = iter(value) if isinstance(value, list) else None
    dict_items = iter(value.items()) if isinstance(value, dict) else None
    return make, arguments, state, list_items, dict_items


def _generator():
    yield


async def _coroutine():
    pass


_started = _coroutine()
_started.close()
_UNPICKLABLE = frozenset(
    (
        type(_generator()), type(_started), type(__import__("sys")), type(_generator.__code__), memoryview, property,
        staticmethod, classmethod, type(type.__dict__), type({}.keys()), type({}.values()), type({}.items()),
    )
)  # fmt: skip
del _started


def reduce_ex(value, protocol):
    """object.__reduce_ex__: what the class has in __reduce__, else the parts by the protocol."""
    own = type(value).__reduce__
    if own is not object.__reduce__:
        return own(value)
    return reduce_default(value, protocol)


def reduce_default(value, protocol):
    """object.__reduce__ of a protocol."""
    cls = type(value)
    if cls in _UNPICKLABLE or cls.__module__ == "builtins" and cls.__name__ in ("frame", "traceback", "cell"):
        raise TypeError("cannot pickle %r object" % cls.__name__)
    return reduce_old(value) if protocol < 2 else reduce(value)


def reduce_old(value):
    """How protocols 0 and 1 take an instance apart."""
    cls = type(value)
    if isinstance(value, BaseException):
        return reduce(value)
    base, state = object, None
    for candidate in cls.__mro__:
        if candidate in _OLD_BASES:
            if candidate is cls:
                raise TypeError("cannot pickle %r object" % cls.__name__)
            base, state = candidate, candidate(value)
            break
    if cls.__getstate__ is object.__getstate__:
        if getattr(cls, "__slots__", None):
            raise TypeError("a class that defines __slots__ without defining __getstate__ cannot be pickled")
        attributes = getattr(value, "__dict__", None) or None
    else:
        attributes = value.__getstate__() or None
    arguments = (cls, base, state)
    return (_reconstructor, arguments, attributes) if attributes else (_reconstructor, arguments)


def _reconstructor(cls, base, state):
    if base is object:
        return object.__new__(cls)
    obj = base.__new__(cls, state)
    if base.__init__ is not object.__init__:
        base.__init__(obj, state)
    return obj


_OLD_BASES = (int, float, complex, str, bytes, tuple, list, dict, set, frozenset, bytearray)
_PLAIN = (int, float, str, bytes, complex, tuple, frozenset)
