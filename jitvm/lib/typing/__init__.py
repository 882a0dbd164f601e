"""Names for annotations. Nothing is checked: they say of themselves what they are."""

import collections as _collections
import collections.abc as _abc
import contextlib as _contextlib
import sys as _sys
import types as _types
from abc import abstractmethod as _abstractmethod
from typing.forms import (
    Annotated,
    Any,
    ClassVar,
    Concatenate,
    Final,
    ForwardRef,
    Generic,
    Literal,
    LiteralString,
    Never,
    NoReturn,
    NotRequired,
    Optional,
    ParamSpec,
    ParamSpecArgs,
    ParamSpecKwargs,
    Protocol,
    Required,
    Self,
    TypeAlias,
    TypeGuard,
    TypeVar,
    TypeVarTuple,
    Union,
    Unpack,
    _Alias,
    _AnnotatedAlias,
    _Bare,
    _LiteralAlias,
    _NoneType,
    _Or,
    _UnionType,
    _as_type,
    _caller_module,
    runtime_checkable,
)
from types import GenericAlias as _BuiltinAlias

TYPE_CHECKING = False


def _namedtuple(name, fields, defaults, module):
    result = _collections.namedtuple(name, [field for field, _ in fields], defaults=defaults, module=module)
    kinds = {field: _as_type(kind, f"field {field} annotation must be a type") for field, kind in fields}
    result.__annotations__ = result.__new__.__annotations__ = kinds
    return result


class _NamedTupleMeta(type):
    def __new__(cls, name, bases, namespace):
        annotations = namespace.get("__annotations__", {})
        defaults = []
        for field in annotations:
            if field in namespace:
                defaults.append(namespace[field])
            elif defaults:
                last = [one for one in annotations if one in namespace][0]
                raise TypeError(
                    f"Non-default namedtuple field {field} cannot follow default field {last}"
                )
        result = _namedtuple(name, list(annotations.items()), defaults, namespace["__module__"])
        rest = tuple([base for base in bases if base is not _NamedTupleBase])
        if rest:
            result = type(name, (result, *rest), {"__slots__": (), "__module__": namespace["__module__"]})
        for key, value in namespace.items():
            if key in ("__new__", "__init__", "__slots__", "__getnewargs__", "_fields", "_field_defaults", "_make",
                       "_replace", "_asdict"):  # fmt: skip
                raise AttributeError("Cannot overwrite NamedTuple attribute " + key)
            if key not in ("__annotations__", "__module__", "__qualname__", "__orig_bases__", "__classcell__"):
                if key not in result._fields:
                    setattr(result, key, value)
        result.__qualname__ = namespace.get("__qualname__", name)
        result.__orig_bases__ = namespace.get("__orig_bases__", (NamedTuple,))
        return result


_NamedTupleBase = type.__new__(_NamedTupleMeta, "_NamedTupleBase", (), {})


class _NamedTuple:
    """The base of classes of tuples whose items have names and types."""

    __name__ = __qualname__ = "NamedTuple"

    def __call__(self, typename, fields=None, /, **kwargs):
        if fields is None:
            fields = kwargs.items()
        elif kwargs:
            raise TypeError("Either list of fields or keywords can be provided to NamedTuple, not both")
        return _namedtuple(typename, list(fields), None, _caller_module())

    def __mro_entries__(self, bases):
        return (_NamedTupleBase,)

    def __repr__(self):
        return "<function NamedTuple>"


NamedTuple = _NamedTuple()


class _TypedDictMeta(type):
    def __new__(cls, name, bases, namespace, total=True):
        result = type.__new__(_TypedDictMeta, name, (dict,), namespace)
        annotations, required, optional = {}, set(), set()
        for base in bases:
            annotations.update(base.__dict__.get("__annotations__", {}))
            required |= base.__dict__.get("__required_keys__", set())
            optional |= base.__dict__.get("__optional_keys__", set())
        for key, kind in namespace.get("__annotations__", {}).items():
            kind = ForwardRef(kind, module=result.__module__) if isinstance(kind, str) else _as_type(kind)
            annotations[key] = kind
            origin = get_origin(kind)
            if origin is Annotated:
                origin = get_origin(kind.__origin__)
            if origin is Required or origin is not NotRequired and total:
                required.add(key)
                optional.discard(key)
            else:
                optional.add(key)
                required.discard(key)
        result.__annotations__ = annotations
        result.__required_keys__ = frozenset(required)
        result.__optional_keys__ = frozenset(optional)
        result.__total__ = total
        return result

    def __init__(cls, name, bases, namespace, total=True):
        pass

    def __call__(cls, *args, **kwargs):
        return dict(*args, **kwargs)

    def __instancecheck__(cls, instance):
        raise TypeError("TypedDict does not support instance and class checks")

    __subclasscheck__ = __instancecheck__


_TypedDictBase = type.__new__(_TypedDictMeta, "_TypedDictBase", (dict,), {})


class _TypedDict:
    """The base of classes that say which keys a dict has."""

    __name__ = __qualname__ = "TypedDict"

    def __call__(self, typename, fields=None, /, *, total=True, **kwargs):
        if fields is None:
            fields = kwargs
        namespace = {"__annotations__": dict(fields), "__module__": _caller_module()}
        return _TypedDictMeta(typename, (), namespace, total=total)

    def __mro_entries__(self, bases):
        return (_TypedDictBase,)

    def __repr__(self):
        return "<function TypedDict>"


TypedDict = _TypedDict()


def is_typeddict(tp):
    return isinstance(type(tp), type) and type(tp) is _TypedDictMeta and tp is not _TypedDictBase


class NewType(_Or):
    """A name for a type; calling it gives the value itself."""

    def __init__(self, name, tp):
        self.__qualname__ = name
        self.__name__ = name.rpartition(".")[2]
        self.__supertype__ = tp
        self.__module__ = _caller_module()

    def __call__(self, x):
        return x

    def __repr__(self):
        return f"{self.__module__}.{self.__qualname__}"

    def __mro_entries__(self, bases):
        raise TypeError(f"Cannot subclass an instance of NewType. Perhaps you were looking for: "
                        f"`{bases[-1]} = NewType({str(bases[-1])!r}, {self.__name__})`")  # fmt: skip


def cast(typ, val):
    return val


def assert_type(val, typ, /):
    return val


def reveal_type(obj, /):
    print(f"Runtime type is {type(obj).__name__!r}", file=_sys.stderr)
    return obj


def assert_never(arg, /):
    raise AssertionError(f"Expected code to be unreachable, but got: {arg!r:.100}")


def no_type_check(arg):
    try:
        arg.__no_type_check__ = True
    except TypeError:
        pass
    return arg


def final(f):
    try:
        f.__final__ = True
    except (AttributeError, TypeError):
        pass
    return f


def dataclass_transform(**kwargs):
    def decorate(cls_or_fn):
        cls_or_fn.__dataclass_transform__ = kwargs
        return cls_or_fn

    return decorate


_overloads = {}


def _not_callable(*args, **kwds):
    raise NotImplementedError(
        "You should not call an overloaded function. A series of @overload-decorated functions outside a stub module "
        "should always be followed by an implementation that is not @overload-ed."
    )


def overload(func):
    function = getattr(func, "__func__", func)
    _overloads.setdefault((function.__module__, function.__qualname__), []).append(func)
    return _not_callable


def get_overloads(func):
    function = getattr(func, "__func__", func)
    return list(_overloads.get((function.__module__, function.__qualname__), []))


def clear_overloads():
    _overloads.clear()


def get_origin(tp):
    """The generic type of one with arguments, or None."""
    if isinstance(tp, _AnnotatedAlias):
        return Annotated
    if isinstance(tp, (_Alias, _BuiltinAlias, _Bare, ParamSpecArgs, ParamSpecKwargs)):
        return tp.__origin__
    if tp is Generic:
        return Generic
    return _UnionType if isinstance(tp, _UnionType) else None


def get_args(tp):
    """The arguments of a generic type."""
    if isinstance(tp, _AnnotatedAlias):
        return (tp.__origin__, *tp.__metadata__)
    if isinstance(tp, (_Alias, _BuiltinAlias)):
        args = tp.__args__
        if tp.__origin__ is _abc.Callable and not (len(args) == 2 and (args[0] is ... or isinstance(args[0], ParamSpec))):
            return list(args[:-1]), args[-1]
        return args
    return tp.__args__ if isinstance(tp, _UnionType) else ()


def _evaluated(value, global_names, local_names):
    """An annotation without text in it."""
    if value is None:
        return _NoneType
    if isinstance(value, str):
        value = eval(value, global_names, local_names)
        return _evaluated(value, global_names, local_names)
    if isinstance(value, ForwardRef):
        return _evaluated(value.__forward_arg__, global_names, local_names)
    if isinstance(value, _LiteralAlias):
        return value
    if isinstance(value, (_Alias, _BuiltinAlias)):
        args = tuple([one if one is ... or isinstance(one, (list, tuple)) else _evaluated(one, global_names, local_names)
                      for one in value.__args__])  # fmt: skip
        if args == value.__args__:
            return value
        return value._with(args) if isinstance(value, _Alias) else _BuiltinAlias(value.__origin__, args)
    return value


def _without_notes(value):
    if isinstance(value, _AnnotatedAlias):
        return _without_notes(value.__origin__)
    if isinstance(value, _Alias) and value.__origin__ in (Required, NotRequired):
        return _without_notes(value.__args__[0])
    if isinstance(value, _LiteralAlias):
        return value
    if isinstance(value, (_Alias, _BuiltinAlias)):
        args = tuple([_without_notes(one) for one in value.__args__])
        if args != value.__args__:
            return value._with(args) if isinstance(value, _Alias) else _BuiltinAlias(value.__origin__, args)
    return value


def _names(namespace):
    """The dict that eval() wants: functions have their module itself."""
    return vars(namespace) if isinstance(namespace, _types.ModuleType) else namespace


def get_type_hints(obj, globalns=None, localns=None, include_extras=False):
    """The annotations of a function, a class or a module, text being evaluated."""
    hints = {}
    if isinstance(obj, type):
        for base in reversed(obj.__mro__):
            module = _sys.modules.get(base.__module__)
            global_names = globalns
            if global_names is None:
                global_names = vars(module) if module is not None else {}
            local_names = dict(vars(base)) if localns is None else localns
            for name, value in base.__dict__.get("__annotations__", {}).items():
                hints[name] = _evaluated(value, global_names, local_names)
    else:
        function = obj
        while hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        if globalns is None:
            globalns = obj if isinstance(obj, _types.ModuleType) else getattr(function, "__globals__", {})
        globalns = _names(globalns)
        annotations = getattr(obj, "__annotations__", None)
        if annotations is None:
            if isinstance(obj, (_types.BuiltinFunctionType, _types.MethodDescriptorType)):
                return {}
            raise TypeError(f"{obj!r} is not a module, class, method, or function.")
        for name, value in annotations.items():
            hints[name] = _evaluated(value, globalns, globalns if localns is None else localns)
    if include_extras:
        return hints
    return {name: _without_notes(value) for name, value in hints.items()}


AnyStr = TypeVar("AnyStr", bytes, str)
T = TypeVar("T")
KT = TypeVar("KT")
VT = TypeVar("VT")
T_co = TypeVar("T_co", covariant=True)
for _variable in (AnyStr, T, KT, VT, T_co):
    _variable.__module__ = "typing"
Text = str

# Names with brackets: the class behind each, and how many arguments it takes (0: any number).
for _name, _origin, _count in (
    ("Callable", _abc.Callable, 2),
    ("Tuple", tuple, 0),
    ("List", list, 1),
    ("Dict", dict, 2),
    ("Set", set, 1),
    ("FrozenSet", frozenset, 1),
    ("Type", type, 1),
    ("DefaultDict", _collections.defaultdict, 2),
    ("OrderedDict", _collections.OrderedDict, 2),
    ("Counter", _collections.Counter, 1),
    ("ChainMap", _collections.ChainMap, 2),
    ("Deque", _collections.deque, 1),
    ("ContextManager", _contextlib.AbstractContextManager, 1),
    ("AsyncContextManager", _contextlib.AbstractAsyncContextManager, 1),
    ("Awaitable", _abc.Awaitable, 1),
    ("Coroutine", _abc.Coroutine, 3),
    ("AsyncIterable", _abc.AsyncIterable, 1),
    ("AsyncIterator", _abc.AsyncIterator, 1),
    ("AsyncGenerator", _abc.AsyncGenerator, 2),
    ("Iterable", _abc.Iterable, 1),
    ("Iterator", _abc.Iterator, 1),
    ("Generator", _abc.Generator, 3),
    ("Reversible", _abc.Reversible, 1),
    ("Container", _abc.Container, 1),
    ("Collection", _abc.Collection, 1),
    ("AbstractSet", _abc.Set, 1),
    ("MutableSet", _abc.MutableSet, 1),
    ("Mapping", _abc.Mapping, 2),
    ("MutableMapping", _abc.MutableMapping, 2),
    ("Sequence", _abc.Sequence, 1),
    ("MutableSequence", _abc.MutableSequence, 1),
    ("MappingView", _abc.MappingView, 1),
    ("KeysView", _abc.KeysView, 1),
    ("ItemsView", _abc.ItemsView, 2),
    ("ValuesView", _abc.ValuesView, 1),
    ("Hashable", _abc.Hashable, 0),
    ("Sized", _abc.Sized, 0),
    ("ByteString", _abc.ByteString, 0),
):
    globals()[_name] = _Bare(_name, _origin, _count)
del _name, _origin, _count, _variable


def __getattr__(name):
    # Loaded when asked for: regular expressions are a large module.
    if name in ("Pattern", "Match"):
        import re

        found = globals()[name] = _Bare(name, getattr(re, name), 1)
        return found
    raise AttributeError(f"module 'typing' has no attribute {name!r} (jitvm does not support it)")


@runtime_checkable
class SupportsInt(Protocol):
    __slots__ = ()

    @_abstractmethod
    def __int__(self):
        pass


@runtime_checkable
class SupportsFloat(Protocol):
    __slots__ = ()

    @_abstractmethod
    def __float__(self):
        pass


@runtime_checkable
class SupportsComplex(Protocol):
    __slots__ = ()

    @_abstractmethod
    def __complex__(self):
        pass


@runtime_checkable
class SupportsBytes(Protocol):
    __slots__ = ()

    @_abstractmethod
    def __bytes__(self):
        pass


@runtime_checkable
class SupportsIndex(Protocol):
    __slots__ = ()

    @_abstractmethod
    def __index__(self):
        pass


@runtime_checkable
class SupportsAbs(Protocol[T_co]):
    __slots__ = ()

    @_abstractmethod
    def __abs__(self):
        pass


@runtime_checkable
class SupportsRound(Protocol[T_co]):
    __slots__ = ()

    @_abstractmethod
    def __round__(self, ndigits=0):
        pass


class IO(Generic[AnyStr]):
    """A file, for annotations."""

    __slots__ = ()


class BinaryIO(IO[bytes]):
    __slots__ = ()


class TextIO(IO[str]):
    __slots__ = ()


__all__ = [name for name in globals() if not name.startswith("_") and name not in ("T", "KT", "VT", "T_co", "ABCMeta")]
