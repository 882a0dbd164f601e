"""Functions that act on or return other functions."""

from types import MappingProxyType as _MappingProxyType

__all__ = [
    "update_wrapper",
    "wraps",
    "WRAPPER_ASSIGNMENTS",
    "WRAPPER_UPDATES",
    "total_ordering",
    "cache",
    "cmp_to_key",
    "lru_cache",
    "reduce",
    "partial",
    "partialmethod",
    "singledispatch",
    "singledispatchmethod",
    "cached_property",
]

WRAPPER_ASSIGNMENTS = ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__")
WRAPPER_UPDATES = ("__dict__",)
_missing = object()


def update_wrapper(wrapper, wrapped, assigned=WRAPPER_ASSIGNMENTS, updated=WRAPPER_UPDATES):
    """Makes `wrapper` look like `wrapped`, and gives it."""
    for name in assigned:
        value = getattr(wrapped, name, _missing)
        if value is not _missing:
            setattr(wrapper, name, value)
    for name in updated:
        getattr(wrapper, name).update(getattr(wrapped, name, {}))
    wrapper.__wrapped__ = wrapped
    return wrapper


def wraps(wrapped, assigned=WRAPPER_ASSIGNMENTS, updated=WRAPPER_UPDATES):
    """A decorator that calls update_wrapper."""

    def decorate(wrapper):
        return update_wrapper(wrapper, wrapped, assigned, updated)

    return decorate


def reduce(function, iterable, initial=_missing, /):
    """The items combined from left to right by a function of two arguments."""
    iterator = iter(iterable)
    if initial is _missing:
        for value in iterator:
            break
        else:
            raise TypeError("reduce() of empty iterable with no initial value")
    else:
        value = initial
    for item in iterator:
        value = function(value, item)
    return value


# total_ordering: each missing comparison from the one given and equality.


def _not(operation):
    def method(self, other):
        result = getattr(type(self), operation)(self, other)
        return result if result is NotImplemented else not result

    return method


def _or_equal(operation):
    def method(self, other):
        result = getattr(type(self), operation)(self, other)
        return result if result is NotImplemented else result or self == other

    return method


def _and_different(operation):
    def method(self, other):
        result = getattr(type(self), operation)(self, other)
        return result if result is NotImplemented else result and self != other

    return method


def _neither(operation):
    def method(self, other):
        result = getattr(type(self), operation)(self, other)
        return result if result is NotImplemented else not result and self != other

    return method


def _not_or_equal(operation):
    def method(self, other):
        result = getattr(type(self), operation)(self, other)
        return result if result is NotImplemented else not result or self == other

    return method


_DERIVED = {
    "__lt__": (("__gt__", _neither), ("__le__", _or_equal), ("__ge__", _not)),
    "__le__": (("__ge__", _not_or_equal), ("__lt__", _and_different), ("__gt__", _not)),
    "__gt__": (("__lt__", _neither), ("__ge__", _or_equal), ("__le__", _not)),
    "__ge__": (("__le__", _not_or_equal), ("__gt__", _and_different), ("__lt__", _not)),
}


def total_ordering(cls):
    """Fills in the comparisons that a class with one of them does not define."""
    roots = [name for name in _DERIVED if getattr(cls, name, None) is not getattr(object, name, None)]
    if not roots:
        raise ValueError("must define at least one ordering operation: < > <= >=")
    # The greatest name is the first of: __lt__, __le__, __gt__, __ge__.
    root = max(roots)
    for name, make in _DERIVED[root]:
        if name not in roots:
            method = make(root)
            method.__name__ = name
            method.__qualname__ = cls.__qualname__ + "." + name
            setattr(cls, name, method)
    return cls


class _Key:
    __slots__ = ("obj", "_compare")
    __hash__ = None

    def __init__(self, obj, compare):
        self.obj = obj
        self._compare = compare

    def __lt__(self, other):
        return self._compare(self.obj, other.obj) < 0

    def __gt__(self, other):
        return self._compare(self.obj, other.obj) > 0

    def __eq__(self, other):
        return self._compare(self.obj, other.obj) == 0

    def __le__(self, other):
        return self._compare(self.obj, other.obj) <= 0

    def __ge__(self, other):
        return self._compare(self.obj, other.obj) >= 0


def cmp_to_key(mycmp):
    """A key function for sorting, from a function that compares two values."""

    def key(obj):
        return _Key(obj, mycmp)

    return key


class partial:
    """A function with some of its arguments given."""

    def __new__(cls, func, /, *args, **keywords):
        if not callable(func):
            raise TypeError("the first argument must be callable")
        if isinstance(func, partial):
            args = func.args + args
            keywords = {**func.keywords, **keywords}
            func = func.func
        self = super().__new__(cls)
        self.func = func
        self.args = args
        self.keywords = keywords
        return self

    def __init__(self, func, /, *args, **keywords):
        pass

    def __call__(self, /, *args, **keywords):
        if self.keywords:
            return self.func(*self.args, *args, **{**self.keywords, **keywords})
        if keywords:
            return self.func(*self.args, *args, **keywords)
        return self.func(*self.args, *args)

    def __repr__(self):
        parts = [repr(self.func)]
        parts.extend([repr(value) for value in self.args])
        parts.extend([f"{name}={value!r}" for name, value in self.keywords.items()])
        name = type(self).__qualname__
        if type(self).__module__ == "functools":
            name = "functools." + name
        return name + "(" + ", ".join(parts) + ")"

    def __reduce__(self):
        return type(self), (self.func,), (self.func, self.args, self.keywords, None)

    def __setstate__(self, state):
        self.func, self.args, self.keywords, namespace = state
        if namespace:
            self.__dict__.update(namespace)


class partialmethod:
    """A method with some of its arguments given."""

    def __init__(self, func, /, *args, **keywords):
        if not callable(func) and not hasattr(func, "__get__"):
            raise TypeError(f"{func!r} is not callable or a descriptor")
        if isinstance(func, partialmethod):
            self.func = func.func
            self.args = func.args + args
            self.keywords = {**func.keywords, **keywords}
        else:
            self.func = func
            self.args = args
            self.keywords = keywords

    def __repr__(self):
        parts = [repr(self.func)]
        parts.extend([repr(value) for value in self.args])
        parts.extend([f"{name}={value!r}" for name, value in self.keywords.items()])
        return "functools.partialmethod(" + ", ".join(parts) + ")"

    def _method(self):
        def method(self_or_class, /, *args, **keywords):
            return self.func(self_or_class, *self.args, *args, **{**self.keywords, **keywords})

        method.__isabstractmethod__ = self.__isabstractmethod__
        method._partialmethod = self
        return method

    def __get__(self, instance, owner=None):
        get = getattr(type(self.func), "__get__", None)
        if get is not None:
            bound = get(self.func, instance, owner)
            if bound is not self.func:
                result = partial(bound, *self.args, **self.keywords)
                receiver = getattr(bound, "__self__", None)
                if receiver is not None:
                    result.__self__ = receiver
                return result
        return self._method().__get__(instance, owner)

    @property
    def __isabstractmethod__(self):
        return getattr(self.func, "__isabstractmethod__", False)


class CacheInfo(tuple):
    """What a cache has done: hits, misses, maxsize, currsize."""

    __slots__ = ()
    _fields = ("hits", "misses", "maxsize", "currsize")

    def __new__(cls, hits, misses, maxsize, currsize):
        return tuple.__new__(cls, (hits, misses, maxsize, currsize))

    hits = property(lambda self: self[0])
    misses = property(lambda self: self[1])
    maxsize = property(lambda self: self[2])
    currsize = property(lambda self: self[3])

    def __repr__(self):
        return "CacheInfo(hits=%r, misses=%r, maxsize=%r, currsize=%r)" % tuple(self)


class _CallKey(list):
    """A key of many parts that keeps its hash."""

    __slots__ = ("hashed",)

    def __init__(self, parts):
        self[:] = parts
        self.hashed = hash(parts)

    def __hash__(self):
        return self.hashed


_KEYWORDS = (object(),)


def _make_key(args, kwds, typed):
    key = args
    if kwds:
        key = args + _KEYWORDS
        for item in kwds.items():
            key += item
    if typed:
        key += tuple([type(value) for value in args])
        if kwds:
            key += tuple([type(value) for value in kwds.values()])
    elif len(key) == 1 and type(key[0]) in (int, str):
        return key[0]
    return key


def lru_cache(maxsize=128, typed=False):
    """A decorator that keeps the results of the latest calls."""
    if isinstance(maxsize, int):
        if maxsize < 0:
            maxsize = 0
    elif callable(maxsize) and isinstance(typed, bool):
        return _with_parameters(_cached(maxsize, 128, typed), 128, typed, maxsize)
    elif maxsize is not None:
        raise TypeError("Expected first argument to be an integer, a callable, or None")

    def decorating_function(user_function):
        if not callable(user_function):
            raise TypeError("the first argument must be callable")
        return _with_parameters(_cached(user_function, maxsize, typed), maxsize, typed, user_function)

    return decorating_function


def cache(user_function, /):
    """Keeps the results of all calls."""
    return lru_cache(maxsize=None)(user_function)


def _with_parameters(wrapper, maxsize, typed, function):
    wrapper.cache_parameters = lambda: {"maxsize": maxsize, "typed": typed}
    return update_wrapper(wrapper, function)


def _cached(function, maxsize, typed):
    if maxsize == 0:
        return _counted(function)
    if maxsize is None:
        return _kept(function, typed)
    return _kept_latest(function, maxsize, typed)


def _counted(function):
    misses = 0

    def wrapper(*args, **kwds):
        nonlocal misses
        misses += 1
        return function(*args, **kwds)

    def cache_info():
        return CacheInfo(0, misses, 0, 0)

    def cache_clear():
        nonlocal misses
        misses = 0

    wrapper.cache_info = cache_info
    wrapper.cache_clear = cache_clear
    return wrapper


def _kept(function, typed):
    results = {}
    get = results.get
    hits = misses = 0

    def wrapper(*args, **kwds):
        nonlocal hits, misses
        if kwds or typed:
            key = _make_key(args, kwds, typed)
        elif len(args) == 1 and type(args[0]) in (int, str):
            key = args[0]
        else:
            key = args
        result = get(key, _missing)
        if result is not _missing:
            hits += 1
            return result
        misses += 1
        result = function(*args, **kwds)
        results[key] = result
        return result

    def cache_info():
        return CacheInfo(hits, misses, None, len(results))

    def cache_clear():
        nonlocal hits, misses
        results.clear()
        hits = misses = 0

    wrapper.cache_info = cache_info
    wrapper.cache_clear = cache_clear
    return wrapper


def _kept_latest(function, maxsize, typed):
    # A ring of links [previous, next, key, result]; `root` is before the oldest and after the newest.
    links = {}
    get = links.get
    root = []
    root[:] = [root, root, None, None]
    hits = misses = 0

    def wrapper(*args, **kwds):
        nonlocal hits, misses
        key = _make_key(args, kwds, typed)
        link = get(key)
        if link is not None:
            before, after, _, result = link
            before[1] = after
            after[0] = before
            newest = root[0]
            newest[1] = root[0] = link
            link[0] = newest
            link[1] = root
            hits += 1
            return result
        misses += 1
        result = function(*args, **kwds)
        if key in links:
            return result
        if len(links) >= maxsize:
            oldest = root[1]
            after = oldest[1]
            root[1] = after
            after[0] = root
            del links[oldest[2]]
        newest = root[0]
        links[key] = newest[1] = root[0] = [newest, root, key, result]
        return result

    def cache_info():
        return CacheInfo(hits, misses, maxsize, len(links))

    def cache_clear():
        nonlocal hits, misses
        links.clear()
        root[:] = [root, root, None, None]
        hits = misses = 0

    wrapper.cache_info = cache_info
    wrapper.cache_clear = cache_clear
    return wrapper


class cached_property:
    """A property computed once and then kept in the instance."""

    def __init__(self, func):
        self.func = func
        self.attrname = None
        self.__doc__ = getattr(func, "__doc__", None)

    def __set_name__(self, owner, name):
        if self.attrname is None:
            self.attrname = name
        elif name != self.attrname:
            raise TypeError(
                "Cannot assign the same cached_property to two different names "
                f"({self.attrname!r} and {name!r})."
            )

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        name = self.attrname
        if name is None:
            raise TypeError("Cannot use cached_property instance without calling __set_name__ on it.")
        try:
            values = instance.__dict__
        except AttributeError:
            raise TypeError(
                f"No '__dict__' attribute on {type(instance).__name__!r} "
                f"instance to cache {name!r} property."
            ) from None
        value = values.get(name, _missing)
        if value is _missing:
            value = self.func(instance)
            values[name] = value
        return value


def _implementation(registry, cls):
    """The function registered for the nearest class: in the mro, or an abstract class that it counts as."""
    mro = cls.__mro__
    for base in mro:
        if base is not object and base in registry:
            candidates = [base]
            break
    else:
        candidates = []
    for kind in registry:
        if kind in mro or not isinstance(kind, type) or not issubclass(cls, kind):
            continue
        # An explicit base is nearer than an abstract class, unless that one is more special.
        if candidates and candidates[0] in mro and not issubclass(kind, candidates[0]):
            continue
        nearer = [other for other in candidates if issubclass(other, kind) and other is not kind]
        if nearer:
            continue
        candidates = [other for other in candidates if not issubclass(kind, other)] + [kind]
    if len(candidates) > 1:
        raise RuntimeError(f"Ambiguous dispatch: {candidates[0]} or {candidates[1]}")
    return registry[candidates[0] if candidates else object]


def singledispatch(func):
    """A function with an implementation for each type of its first argument."""
    registry = {object: func}
    found = {}
    name = getattr(func, "__name__", "singledispatch function")

    def dispatch(cls):
        implementation = found.get(cls)
        if implementation is None:
            implementation = registry.get(cls)
            if implementation is None:
                implementation = _implementation(registry, cls)
            found[cls] = implementation
        return implementation

    def classes_of(cls):
        if isinstance(cls, type) and not hasattr(cls, "__origin__"):
            return (cls,)
        if type(cls) is type(int | str) or getattr(cls, "__origin__", None) is _union():
            if all([isinstance(one, type) for one in cls.__args__]):
                return cls.__args__
        return None

    def register(cls, func=None):
        classes = classes_of(cls)
        if classes is None:
            if func is not None:
                raise TypeError(f"Invalid first argument to `register()`. {cls!r} is not a class or union type.")
            annotations = getattr(cls, "__annotations__", {})
            if not annotations:
                raise TypeError(
                    f"Invalid first argument to `register()`: {cls!r}. "
                    "Use either `@register(some_class)` or plain `@register` on an annotated function."
                )
            func = cls
            from typing import get_type_hints

            argument, cls = next(iter(get_type_hints(func).items()))
            classes = classes_of(cls)
            if classes is None:
                raise TypeError(f"Invalid annotation for {argument!r}. {cls!r} is not a class.")
        elif func is None:
            return lambda f: register(cls, f)
        for one in classes:
            registry[one] = func
        found.clear()
        return func

    def wrapper(*args, **kw):
        if not args:
            raise TypeError(f"{name} requires at least 1 positional argument")
        return dispatch(args[0].__class__)(*args, **kw)

    wrapper.register = register
    wrapper.dispatch = dispatch
    wrapper.registry = _MappingProxyType(registry)
    wrapper._clear_cache = found.clear
    return update_wrapper(wrapper, func)


def _union():
    import sys

    typing = sys.modules.get("typing")
    return typing.Union if typing is not None else _missing


class singledispatchmethod:
    """A method with an implementation for each type of its first argument after self."""

    def __init__(self, func):
        if not callable(func) and not hasattr(func, "__get__"):
            raise TypeError(f"{func!r} is not callable or a descriptor")
        self.dispatcher = singledispatch(func)
        self.func = func

    def register(self, cls, method=None):
        return self.dispatcher.register(cls, func=method)

    def __get__(self, instance, owner=None):
        def method(*args, **kwargs):
            found = self.dispatcher.dispatch(args[0].__class__)
            return found.__get__(instance, owner)(*args, **kwargs)

        method.__isabstractmethod__ = self.__isabstractmethod__
        method.register = self.register
        return update_wrapper(method, self.func)

    @property
    def __isabstractmethod__(self):
        return getattr(self.func, "__isabstractmethod__", False)
