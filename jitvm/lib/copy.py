"""Shallow and deep copies."""

import copyreg as _copyreg
from types import BuiltinFunctionType, CodeType, EllipsisType, FunctionType, GenericAlias, NotImplementedType, UnionType

__all__ = ["Error", "copy", "deepcopy"]


class Error(Exception):
    pass


error = Error

_ATOMS = frozenset(
    (
        type(None), int, float, bool, complex, str, bytes, type, range, property, EllipsisType,
        NotImplementedType, CodeType, BuiltinFunctionType, FunctionType, GenericAlias, UnionType,
    )
)  # fmt: skip
_missing = object()


def _same(x):
    return x


_COPIERS = {list: list.copy, dict: dict.copy, set: set.copy, bytearray: bytearray.copy}
for _kind in (*_ATOMS, tuple, frozenset, slice):
    _COPIERS[_kind] = _same
del _kind


def _parts(x, cls):
    """What the object says it is made of."""
    reducer = _copyreg.dispatch_table.get(cls)
    if reducer is not None:
        return reducer(x)
    return cls.__reduce_ex__(x, 4)


def copy(x):
    """A new object with the same contents."""
    cls = type(x)
    copier = _COPIERS.get(cls)
    if copier is not None:
        return copier(x)
    if issubclass(cls, type):
        return x
    copier = getattr(cls, "__copy__", None)
    if copier is not None:
        return copier(x)
    parts = _parts(x, cls)
    return x if isinstance(parts, str) else _rebuild(x, None, *parts)


def deepcopy(x, memo=None, _nil=[]):
    """A new object with copies of the contents."""
    cls = type(x)
    if cls in _ATOMS:
        return x
    if memo is None:
        memo = {}
    key = id(x)
    result = memo.get(key, _nil)
    if result is not _nil:
        return result
    if cls is list:
        result = []
        memo[key] = result
        for item in x:
            result.append(deepcopy(item, memo))
    elif cls is dict:
        result = {}
        memo[key] = result
        for name, item in x.items():
            result[deepcopy(name, memo)] = deepcopy(item, memo)
    elif cls is tuple:
        result = _deep_tuple(x, key, memo)
    elif issubclass(cls, type):
        return x
    else:
        copier = getattr(x, "__deepcopy__", None)
        if copier is not None:
            result = copier(memo)
        elif cls in _DEEP_COPIERS:
            result = _DEEP_COPIERS[cls](x, memo)
        else:
            parts = _parts(x, cls)
            result = x if isinstance(parts, str) else _rebuild(x, memo, *parts)
    if result is not x:
        memo[key] = result
        # The object stays alive as long as the memo, so that its id means it.
        try:
            memo[id(memo)].append(x)
        except KeyError:
            memo[id(memo)] = [x]
    return result


def _deep_tuple(x, key, memo):
    items = [deepcopy(item, memo) for item in x]
    # A copy of the tuple may have been made inside one of its items.
    known = memo.get(key)
    if known is not None:
        return known
    for old, new in zip(x, items):
        if old is not new:
            return tuple(items)
    return x


def _deep_method(x, memo):
    return type(x)(x.__func__, deepcopy(x.__self__, memo))


_DEEP_COPIERS = {
    type(Error().with_traceback): lambda x, memo: x,
    set: lambda x, memo: {deepcopy(item, memo) for item in x},
    frozenset: lambda x, memo: frozenset([deepcopy(item, memo) for item in x]),
    bytearray: lambda x, memo: bytearray(x),
    slice: lambda x, memo: slice(deepcopy(x.start, memo), deepcopy(x.stop, memo), deepcopy(x.step, memo)),
}


class _Probe:
    def method(self):
        pass


_DEEP_COPIERS[type(_Probe().method)] = _deep_method
_COPIERS[type(_Probe().method)] = _same


def _rebuild(x, memo, make, args, state=None, list_items=None, dict_items=None, setter=None):
    """Makes an object from its parts; copies them if there is a memo."""
    deep = memo is not None
    if deep and args:
        args = [deepcopy(arg, memo) for arg in args]
    result = make(*args)
    if deep:
        memo[id(x)] = result
    if state is not None:
        if deep:
            state = deepcopy(state, memo)
        if setter is not None:
            setter(result, state)
        elif hasattr(result, "__setstate__"):
            result.__setstate__(state)
        else:
            slots = None
            if isinstance(state, tuple) and len(state) == 2:
                state, slots = state
            if state is not None:
                result.__dict__.update(state)
            if slots is not None:
                for name, value in slots.items():
                    setattr(result, name, value)
    if list_items is not None:
        for item in list_items:
            result.append(deepcopy(item, memo) if deep else item)
    if dict_items is not None:
        for key, value in dict_items:
            if deep:
                key, value = deepcopy(key, memo), deepcopy(value, memo)
            result[key] = value
    return result
