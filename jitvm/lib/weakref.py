"""References that do not keep objects alive. A collection of garbage ends them; callbacks run soon after it, or at the
next use of this module."""

from _weakref import deaths as _deaths
from _weakref import died as _died
from _weakref import link as _link
from _weakref import references as _references
from _weakref import target as _target
from collections.abc import MutableMapping as _MutableMapping
from collections.abc import MutableSet as _MutableSet

__all__ = [
    "ref",
    "proxy",
    "getweakrefcount",
    "getweakrefs",
    "WeakKeyDictionary",
    "ReferenceType",
    "ProxyType",
    "CallableProxyType",
    "ProxyTypes",
    "WeakValueDictionary",
    "WeakSet",
    "WeakMethod",
    "finalize",
]

_Alias = type(list[int])
_REFUSED = frozenset((int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, type(None), range, slice,
                      type(...), type(NotImplemented), property))  # fmt: skip


def _check(obj):
    cls = type(obj)
    if cls in _REFUSED:
        raise TypeError(f"cannot create weak reference to '{cls.__name__}' object")
    if isinstance(obj, (int, tuple, bytes)):
        raise TypeError(f"cannot create weak reference to '{cls.__name__}' object")
    if isinstance(obj, type) or not hasattr(cls, "__slots__"):
        return
    for base in cls.__mro__[:-1]:
        slots = base.__dict__.get("__slots__")
        if slots is None or "__weakref__" in ((slots,) if isinstance(slots, str) else slots):
            return
    raise TypeError(f"cannot create weak reference to '{cls.__name__}' object")


def _deliver():
    """Calls the callbacks of the references that have died."""
    gone = _died()
    while gone is not None:
        for reference in gone:
            callback = reference.__callback__
            if callback is not None:
                reference._callback = None
                try:
                    callback(reference)
                except BaseException as error:
                    from _sys_rest import report_ignored

                    # Without this function's own entry, as CPython has it.
                    shown = error.__traceback__
                    report_ignored(error.with_traceback(shown.tb_next if shown else None), callback)
        gone = _died()


class ref:
    """A weak reference: calling it gives the object, or None when that is gone."""

    __slots__ = ("_callback", "_hash", "__weakref__")

    def __new__(cls, ob, callback=None, /, *args, **kwargs):
        _deliver()
        if callback is None and cls is ref:
            for known in _references(ob):
                if type(known) is ref and known._callback is None:
                    return known
        _check(ob)
        self = super().__new__(cls)
        self._callback = callback
        self._hash = None
        _link(self, ob)
        return self

    def __init__(self, ob, callback=None, /):
        pass

    @property
    def __callback__(self):
        return self._callback

    def __call__(self):
        return _target(self)

    def __hash__(self):
        if self._hash is None:
            ob = _target(self)
            if ob is None:
                raise TypeError("weak object has gone away")
            self._hash = hash(ob)
        return self._hash

    def __eq__(self, other):
        if not isinstance(other, ref):
            return NotImplemented
        mine, others = _target(self), _target(other)
        if mine is None or others is None:
            return self is other
        return mine is others or mine == others

    def __ne__(self, other):
        result = self.__eq__(other)
        return result if result is NotImplemented else not result

    def __repr__(self):
        ob = _target(self)
        if ob is None:
            return f"<weakref at {id(self):#x}; dead>"
        name = getattr(ob, "__name__", None)
        shown = f" ({name})" if isinstance(name, str) else ""
        return f"<weakref at {id(self):#x}; to '{type(ob).__name__}' at {id(ob):#x}{shown}>"

    __class_getitem__ = classmethod(_Alias)


ReferenceType = ref


def getweakrefs(object, /):
    """The references to an object, and the proxies."""
    _deliver()
    return _references(object)


def getweakrefcount(object, /):
    """How many references to an object there are."""
    return len(getweakrefs(object))


class _Plain:
    """A weak reference inside a container: hashed and compared by its target, and without a callback."""

    __slots__ = ("hashed", "__weakref__")
    __callback__ = None

    def __init__(self, ob):
        self.hashed = hash(ob)
        _check(ob)
        _link(self, ob)

    def __hash__(self):
        return self.hashed

    def __eq__(self, other):
        if self is other:
            return True
        mine, others = _target(self), _target(other)
        return mine is not None and others is not None and (mine is others or mine == others)


class KeyedRef(ref):
    """A reference that knows the key it is found by."""

    __slots__ = ("key",)

    def __new__(cls, ob, callback, key):
        self = super().__new__(cls, ob, callback)
        self.key = key
        return self

    def __init__(self, ob, callback, key):
        pass


class WeakValueDictionary(_MutableMapping):
    """A mapping whose items vanish with their values."""

    def __init__(self, other=(), /, **kw):
        self.data = {}
        self._deaths = _deaths()
        self.update(other, **kw)

    def _tidy(self):
        """Drops the items whose values have died; there are none unless a collection has found some."""
        deaths = _deaths()
        if deaths != self._deaths:
            self._deaths = deaths
            data = self.data
            for key in [key for key, reference in data.items() if _target(reference) is None]:
                del data[key]
            _deliver()

    def __getitem__(self, key):
        value = _target(self.data[key])
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key, value):
        self._tidy()
        self.data[key] = KeyedRef(value, None, key)

    def __delitem__(self, key):
        self._tidy()
        del self.data[key]

    def __len__(self):
        self._tidy()
        return len(self.data)

    def __contains__(self, key):
        reference = self.data.get(key)
        return reference is not None and _target(reference) is not None

    def __iter__(self):
        self._tidy()
        for key, reference in self.data.items():
            if _target(reference) is not None:
                yield key

    keys = __iter__

    def items(self):
        self._tidy()
        for key, reference in self.data.items():
            value = _target(reference)
            if value is not None:
                yield key, value

    def values(self):
        for _, value in self.items():
            yield value

    def get(self, key, default=None):
        reference = self.data.get(key)
        value = None if reference is None else _target(reference)
        return default if value is None else value

    def popitem(self):
        while True:
            key, reference = self.data.popitem()
            value = _target(reference)
            if value is not None:
                return key, value

    def valuerefs(self):
        self._tidy()
        return list(self.data.values())

    itervaluerefs = valuerefs

    def copy(self):
        new = WeakValueDictionary()
        for key, value in self.items():
            new[key] = value
        return new

    __copy__ = copy

    def __deepcopy__(self, memo):
        from copy import deepcopy

        new = type(self)()
        for key, value in self.items():
            new[deepcopy(key, memo)] = value
        return new

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x}>"

    def __or__(self, other):
        if not hasattr(other, "keys"):
            return NotImplemented
        new = self.copy()
        new.update(other)
        return new

    def __ior__(self, other):
        self.update(other)
        return self


class WeakKeyDictionary(_MutableMapping):
    """A mapping whose items vanish with their keys."""

    def __init__(self, dict=None):
        self.data = {}
        self._deaths = _deaths()
        if dict is not None:
            self.update(dict)

    def _tidy(self):
        deaths = _deaths()
        if deaths != self._deaths:
            self._deaths = deaths
            for reference in [reference for reference in self.data if _target(reference) is None]:
                del self.data[reference]
            _deliver()

    def __getitem__(self, key):
        return self.data[_Plain(key)]

    def __setitem__(self, key, value):
        self._tidy()
        self.data[_Plain(key)] = value

    def __delitem__(self, key):
        self._tidy()
        del self.data[_Plain(key)]

    def __len__(self):
        self._tidy()
        return len(self.data)

    def __contains__(self, key):
        try:
            return _Plain(key) in self.data
        except TypeError:
            return False

    def __iter__(self):
        self._tidy()
        for reference in self.data:
            key = _target(reference)
            if key is not None:
                yield key

    keys = __iter__

    def items(self):
        self._tidy()
        for reference, value in self.data.items():
            key = _target(reference)
            if key is not None:
                yield key, value

    def values(self):
        for _, value in self.items():
            yield value

    def get(self, key, default=None):
        return self.data.get(_Plain(key), default)

    def popitem(self):
        while True:
            reference, value = self.data.popitem()
            key = _target(reference)
            if key is not None:
                return key, value

    def keyrefs(self):
        return [ref(key) for key in self]

    def copy(self):
        new = WeakKeyDictionary()
        for key, value in self.items():
            new[key] = value
        return new

    __copy__ = copy

    def __deepcopy__(self, memo):
        from copy import deepcopy

        new = type(self)()
        for key, value in self.items():
            new[key] = deepcopy(value, memo)
        return new

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x}>"


class WeakSet(_MutableSet):
    """A set whose items vanish."""

    def __init__(self, data=None):
        self.data = set()
        self._deaths = _deaths()
        if data is not None:
            self.update(data)

    def _tidy(self):
        deaths = _deaths()
        if deaths != self._deaths:
            self._deaths = deaths
            self.data = {reference for reference in self.data if _target(reference) is not None}
            _deliver()

    def __iter__(self):
        self._tidy()
        for reference in self.data:
            item = _target(reference)
            if item is not None:
                yield item

    def __len__(self):
        self._tidy()
        return len(self.data)

    def __contains__(self, item):
        try:
            return _Plain(item) in self.data
        except TypeError:
            return False

    def add(self, item):
        if _deaths() != self._deaths:
            self._tidy()
        self.data.add(_Plain(item))

    def discard(self, item):
        if _deaths() != self._deaths:
            self._tidy()
        self.data.discard(_Plain(item))

    def remove(self, item):
        self._tidy()
        try:
            self.data.remove(_Plain(item))
        except KeyError:
            raise KeyError(item) from None

    def pop(self):
        while self.data:
            item = _target(self.data.pop())
            if item is not None:
                return item
        raise KeyError("pop from empty WeakSet")

    def clear(self):
        self.data.clear()

    def update(self, other):
        for item in other:
            self.add(item)

    def copy(self):
        return type(self)(self)

    def union(self, other):
        return self | type(self)(other)

    def intersection(self, other):
        return self & type(self)(other)

    def difference(self, other):
        return self - type(self)(other)

    def symmetric_difference(self, other):
        return self ^ type(self)(other)

    def issubset(self, other):
        return self <= type(self)(other)

    def issuperset(self, other):
        return self >= type(self)(other)

    def __repr__(self):
        return repr(self.data)


class WeakMethod(ref):
    """A weak reference to a bound method, which lives as long as its object and its function."""

    __slots__ = ("_function", "_kind")

    def __new__(cls, meth, callback=None):
        try:
            receiver, function = meth.__self__, meth.__func__
        except AttributeError:
            raise TypeError(f"argument should be a bound method, not {type(meth)}") from None
        self = super().__new__(cls, receiver, callback)
        self._function = ref(function)
        self._kind = type(meth)
        return self

    def __init__(self, meth, callback=None):
        pass

    def __call__(self):
        receiver, function = _target(self), self._function()
        if receiver is None or function is None:
            return None
        return function.__get__(receiver)

    def __eq__(self, other):
        if not isinstance(other, WeakMethod):
            return False
        if _target(self) is None or _target(other) is None:
            return self is other
        return _target(self) is _target(other) and self._function == other._function

    __hash__ = ref.__hash__


class proxy:
    """Stands for an object without keeping it alive."""

    __slots__ = ("_reference", "__weakref__")

    def __new__(cls, object, callback=None, /):
        _check(object)
        self = super().__new__(CallableProxyType if callable(object) else cls)
        _proxy_set(self, "_reference", KeyedRef(object, callback, None))
        return self

    def __getattribute__(self, name):
        return getattr(_referent(self), name)

    def __setattr__(self, name, value):
        setattr(_referent(self), name, value)

    def __delattr__(self, name):
        delattr(_referent(self), name)

    def __repr__(self):
        ob = _target(_proxy_get(self, "_reference"))
        return f"<weakproxy at {id(self):#x} to {type(ob).__name__} at {id(ob):#x}>"

    def __str__(self):
        return str(_referent(self))

    def __bool__(self):
        return bool(_referent(self))

    def __hash__(self):
        raise TypeError("unhashable type: 'weakref.ProxyType'")


_proxy_set = object.__setattr__
_proxy_get = object.__getattribute__


def _referent(value):
    """What a proxy stands for; other values stand for themselves."""
    if type(value) is not proxy and type(value) is not CallableProxyType:
        return value
    result = _target(_proxy_get(value, "_reference"))
    if result is None:
        raise ReferenceError("weakly-referenced object no longer exists")
    return result


def _proxied(operation):
    def method(*args):
        return operation(*[_referent(value) for value in args])

    return method


def _proxied_reverse(operation):
    def method(self, other):
        return operation(_referent(other), _referent(self))

    return method


def _set_operations():
    import operator

    binary = "add sub mul truediv floordiv mod pow lshift rshift and or xor matmul".split()
    for name in binary:
        function = getattr(operator, f"__{name}__")
        setattr(proxy, f"__{name}__", _proxied(function))
        setattr(proxy, f"__r{name}__", _proxied_reverse(function))
    for name in "lt le eq ne gt ge getitem setitem delitem contains neg pos abs invert index".split():
        setattr(proxy, f"__{name}__", _proxied(getattr(operator, f"__{name}__")))
    for name, function in (("len", len), ("iter", iter), ("next", next), ("int", int), ("float", float),
                           ("reversed", reversed)):  # fmt: skip
        setattr(proxy, f"__{name}__", _proxied(function))


class CallableProxyType(proxy):
    """A proxy of something that can be called."""

    __slots__ = ()

    def __call__(self, *args, **kwargs):
        return _referent(self)(*args, **kwargs)


_set_operations()
ProxyType = proxy
ProxyTypes = (ProxyType, CallableProxyType)


class finalize:
    """Calls a function once when an object is gone, or at the end of the program."""

    __slots__ = ()
    _registry = {}
    _hooked = False

    def __init__(self, obj, func, /, *args, **kwargs):
        reference = ref(obj, self)
        finalize._registry[self] = [reference, func, args, kwargs, True]
        if not finalize._hooked:
            finalize._hooked = True
            try:
                from atexit import register
            except ImportError:
                return
            register(finalize._finish)

    @staticmethod
    def _finish():
        for one in reversed(list(finalize._registry)):
            if finalize._registry[one][4]:
                one()

    def __call__(self, _=None):
        known = finalize._registry.pop(self, None)
        if known is not None:
            return known[1](*known[2], **known[3])

    def detach(self):
        known = finalize._registry.get(self)
        ob = None if known is None else known[0]()
        if ob is not None:
            del finalize._registry[self]
            return ob, known[1], known[2], known[3]

    def peek(self):
        known = finalize._registry.get(self)
        ob = None if known is None else known[0]()
        if ob is not None:
            return ob, known[1], known[2], known[3]

    @property
    def alive(self):
        return self in finalize._registry

    @property
    def atexit(self):
        known = finalize._registry.get(self)
        return known is not None and known[4]

    @atexit.setter
    def atexit(self, value):
        known = finalize._registry.get(self)
        if known is not None:
            known[4] = bool(value)
