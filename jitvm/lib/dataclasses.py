"""Classes whose methods are made from annotated fields."""

import copy as _copy
import keyword as _keyword
import sys as _sys
import types as _types
from abc import update_abstractmethods as _update_abstractmethods

__all__ = [
    "dataclass",
    "field",
    "Field",
    "FrozenInstanceError",
    "InitVar",
    "KW_ONLY",
    "MISSING",
    "fields",
    "asdict",
    "astuple",
    "make_dataclass",
    "replace",
    "is_dataclass",
]


class FrozenInstanceError(AttributeError):
    pass


class _MISSING_TYPE:
    pass


class _KW_ONLY_TYPE:
    pass


class _DefaultFactory:
    def __repr__(self):
        return "<factory>"


MISSING = _MISSING_TYPE()
KW_ONLY = _KW_ONLY_TYPE()
_FACTORY = _DefaultFactory()
_FIELDS = "__dataclass_fields__"
_PARAMS = "__dataclass_params__"


class InitVar:
    """A parameter of __init__ that is no field."""

    __slots__ = ("type",)

    def __init__(self, type):
        self.type = type

    def __repr__(self):
        name = self.type.__name__ if isinstance(self.type, type) else repr(self.type)
        return f"dataclasses.InitVar[{name}]"

    def __class_getitem__(cls, type):
        return InitVar(type)


class Field:
    """What a class knows of a field."""

    __slots__ = ("name", "type", "default", "default_factory", "repr", "hash", "init", "compare", "metadata",
                 "kw_only", "_field_type")  # fmt: skip

    def __init__(self, default, default_factory, init, repr, hash, compare, metadata, kw_only):
        self.name = None
        self.type = None
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.hash = hash
        self.compare = compare
        self.metadata = _types.MappingProxyType({} if metadata is None else metadata)
        self.kw_only = kw_only
        self._field_type = None

    def __repr__(self):
        return (
            f"Field(name={self.name!r},type={self.type!r},default={self.default!r},"
            f"default_factory={self.default_factory!r},init={self.init!r},repr={self.repr!r},hash={self.hash!r},"
            f"compare={self.compare!r},metadata={self.metadata!r},kw_only={self.kw_only!r},"
            f"_field_type={self._field_type})"
        )

    def __set_name__(self, owner, name):
        set_name = getattr(type(self.default), "__set_name__", None)
        if set_name is not None:
            set_name(self.default, owner, name)

    __class_getitem__ = classmethod(_types.GenericAlias)


class _Kind(str):
    def __repr__(self):
        return str(self)


_FIELD = _Kind("_FIELD")
_FIELD_CLASSVAR = _Kind("_FIELD_CLASSVAR")
_FIELD_INITVAR = _Kind("_FIELD_INITVAR")


class _Params:
    __slots__ = ("init", "repr", "eq", "order", "unsafe_hash", "frozen")

    def __init__(self, init, repr, eq, order, unsafe_hash, frozen):
        self.init = init
        self.repr = repr
        self.eq = eq
        self.order = order
        self.unsafe_hash = unsafe_hash
        self.frozen = frozen

    def __repr__(self):
        return "_DataclassParams(" + ",".join([f"{name}={getattr(self, name)!r}" for name in self.__slots__]) + ")"


def field(*, default=MISSING, default_factory=MISSING, init=True, repr=True, hash=None, compare=True, metadata=None,
          kw_only=MISSING):  # fmt: skip
    """A field that is more than a name with a default."""
    if default is not MISSING and default_factory is not MISSING:
        raise ValueError("cannot specify both default and default_factory")
    return Field(default, default_factory, init, repr, hash, compare, metadata, kw_only)


def _is_named(annotation, cls, module_name, *names):
    """True for the text of an annotation that means one of the names of a module."""
    text = annotation.split("[")[0].strip()
    prefix, dot, last = text.rpartition(".")
    if last not in names:
        return False
    module = _sys.modules.get(module_name)
    if module is None:
        return False
    own = _sys.modules.get(cls.__module__)
    namespace = own.__dict__ if own is not None else {}
    if dot:
        return namespace.get(prefix) is module
    return namespace.get(last) is getattr(module, last)


def _kind_of(annotation, cls):
    if isinstance(annotation, str):
        if _is_named(annotation, cls, "typing", "ClassVar"):
            return _FIELD_CLASSVAR
        if _is_named(annotation, cls, "dataclasses", "InitVar"):
            return _FIELD_INITVAR
        return _FIELD
    typing = _sys.modules.get("typing")
    if typing is not None:
        if annotation is typing.ClassVar or getattr(annotation, "__origin__", None) is typing.ClassVar:
            return _FIELD_CLASSVAR
    if annotation is InitVar or type(annotation) is InitVar:
        return _FIELD_INITVAR
    return _FIELD


def _make_field(cls, name, annotation, kw_only):
    default = getattr(cls, name, MISSING)
    if isinstance(default, Field):
        made = default
    else:
        if isinstance(default, _types.MemberDescriptorType):
            # A name in __slots__ has no default.
            default = MISSING
        made = field(default=default)
    made.name = name
    made.type = annotation
    made._field_type = _kind_of(annotation, cls)
    if made._field_type is not _FIELD and made.default_factory is not MISSING:
        raise TypeError(f"field {name} cannot have a default factory")
    if made._field_type is _FIELD_CLASSVAR:
        if made.kw_only is not MISSING:
            raise TypeError(f"field {name} is a ClassVar but specifies kw_only")
    elif made.kw_only is MISSING:
        made.kw_only = kw_only
    if made._field_type is _FIELD and made.default is not MISSING and type(made.default).__hash__ is None:
        raise ValueError(
            f"mutable default {type(made.default)} for field {name} is not allowed: use default_factory"
        )
    return made


def _function(cls, name, parameters, lines, variables):
    """A method from source: with the names of the fields in it, it is as fast as one that was written."""
    source = f"def {name}({', '.join(parameters)}):\n" + "".join([f" {line}\n" for line in lines])
    variables["__name__"] = cls.__module__
    exec(source, variables)
    result = variables.pop(name)
    result.__qualname__ = f"{cls.__qualname__}.{name}"
    return result


def _init(cls, all_fields, frozen, self_name, slots):
    """__init__ for fields; those that are keyword only come last."""
    ordered = [f for f in all_fields if f._field_type is not _FIELD_CLASSVAR]
    positional = [f for f in ordered if f.init and not f.kw_only]
    keyword_only = [f for f in ordered if f.init and f.kw_only]
    with_default = None
    for f in positional:
        if f.default is MISSING and f.default_factory is MISSING:
            if with_default:
                raise TypeError(f"non-default argument {f.name!r} follows default argument")
        else:
            with_default = f.name
    variables = {"_FACTORY": _FACTORY, "_set": object.__setattr__}
    annotations = {}

    def parameter(f):
        annotations[f.name] = f.type.type if type(f.type) is InitVar else f.type
        if f.default is not MISSING:
            variables[f"_default_{f.name}"] = f.default
            return f"{f.name}=_default_{f.name}"
        return f.name + ("=_FACTORY" if f.default_factory is not MISSING else "")

    parameters = [self_name] + [parameter(f) for f in positional]
    if keyword_only:
        parameters += ["*"] + [parameter(f) for f in keyword_only]
    lines = []
    for f in ordered:
        value = f.name
        if f.default_factory is not MISSING:
            variables[f"_factory_{f.name}"] = f.default_factory
            value = f"_factory_{f.name}()"
            if f.init:
                value += f" if {f.name} is _FACTORY else {f.name}"
        elif not f.init:
            if not (slots and f.default is not MISSING):
                continue
            variables[f"_default_{f.name}"] = f.default
            value = f"_default_{f.name}"
        if f._field_type is _FIELD_INITVAR:
            continue
        lines.append(f"_set({self_name}, {f.name!r}, {value})" if frozen else f"{self_name}.{f.name} = {value}")
    if hasattr(cls, "__post_init__"):
        arguments = ", ".join([f.name for f in ordered if f._field_type is _FIELD_INITVAR])
        lines.append(f"{self_name}.__post_init__({arguments})")
    result = _function(cls, "__init__", parameters, lines or ["pass"], variables)
    annotations["return"] = None
    result.__annotations__ = annotations
    return result


_being_shown = set()


def _repr(cls, shown):
    parts = ", ".join([f"{f.name}={{self.{f.name}!r}}" for f in shown])
    lines = [
        "key = id(self)",
        "if key in shown: return '...'",
        "shown.add(key)",
        "try:",
        f" return f'{{self.__class__.__qualname__}}({parts})'",
        "finally:",
        " shown.discard(key)",
    ]
    return _function(cls, "__repr__", ["self"], lines, {"shown": _being_shown})


def _items(name, chosen):
    return "(" + "".join([f"{name}.{f.name}, " for f in chosen]) + ")"


def _comparison(cls, name, operator, chosen):
    lines = [
        "if other.__class__ is self.__class__:",
        f" return {_items('self', chosen)} {operator} {_items('other', chosen)}",
        "return NotImplemented",
    ]
    return _function(cls, name, ["self", "other"], lines, {})


def _frozen_methods(cls, names):
    def __setattr__(self, name, value):
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self, name):
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return __setattr__, __delattr__


def _set_new(cls, name, value):
    """Sets an attribute unless the class defines it; True if it does."""
    if name in cls.__dict__:
        return True
    if isinstance(value, _types.FunctionType):
        value.__qualname__ = f"{cls.__qualname__}.{value.__name__}"
    setattr(cls, name, value)
    return False


def _process(cls, init, repr, eq, order, unsafe_hash, frozen, match_args, kw_only, slots, weakref_slot):
    known = {}
    any_frozen_base = has_base = False
    all_frozen_bases = None
    for base in cls.__mro__[-1:0:-1]:
        base_fields = base.__dict__.get(_FIELDS)
        if base_fields is not None:
            has_base = True
            known.update(base_fields)
            is_frozen = base.__dict__[_PARAMS].frozen
            all_frozen_bases = is_frozen and all_frozen_bases is not False
            any_frozen_base = any_frozen_base or is_frozen
    annotations = cls.__dict__.get("__annotations__", {})
    own = []
    keywords_follow = kw_only
    seen_marker = False
    for name, annotation in annotations.items():
        is_marker = annotation is KW_ONLY or (
            isinstance(annotation, str) and _is_named(annotation, cls, "dataclasses", "KW_ONLY")
        )
        if is_marker:
            if seen_marker:
                raise TypeError(f"{name!r} is KW_ONLY, but KW_ONLY has already been specified")
            seen_marker = keywords_follow = True
        else:
            own.append(_make_field(cls, name, annotation, keywords_follow))
    for f in own:
        known[f.name] = f
        if isinstance(getattr(cls, f.name, None), Field):
            if f.default is MISSING:
                delattr(cls, f.name)
            else:
                setattr(cls, f.name, f.default)
    for name, value in cls.__dict__.items():
        if isinstance(value, Field) and name not in annotations:
            raise TypeError(f"{name!r} is a field but has no type annotation")
    if has_base:
        if any_frozen_base and not frozen:
            raise TypeError("cannot inherit non-frozen dataclass from a frozen one")
        if all_frozen_bases is False and frozen:
            raise TypeError("cannot inherit frozen dataclass from a non-frozen one")
    setattr(cls, _FIELDS, known)
    setattr(cls, _PARAMS, _Params(init, repr, eq, order, unsafe_hash, frozen))
    class_hash = cls.__dict__.get("__hash__", MISSING)
    # A class that defines __eq__ gets None for __hash__, which is not its own doing.
    explicit_hash = not (class_hash is MISSING or (class_hash is None and "__eq__" in cls.__dict__))
    if order and not eq:
        raise ValueError("eq must be true if order is true")
    everything = list(known.values())
    if init:
        self_name = "__dataclass_self__" if "self" in known else "self"
        _set_new(cls, "__init__", _init(cls, everything, frozen, self_name, slots))
    real = [f for f in everything if f._field_type is _FIELD]
    if repr:
        _set_new(cls, "__repr__", _repr(cls, [f for f in real if f.repr]))
    compared = [f for f in real if f.compare]
    if eq:
        _set_new(cls, "__eq__", _comparison(cls, "__eq__", "==", compared))
    if order:
        for name, operator in (("__lt__", "<"), ("__le__", "<="), ("__gt__", ">"), ("__ge__", ">=")):
            if _set_new(cls, name, _comparison(cls, name, operator, compared)):
                raise TypeError(
                    f"Cannot overwrite attribute {name} in class {cls.__name__}. Consider using functools.total_ordering"
                )
    if frozen:
        for method in _frozen_methods(cls, [f.name for f in real]):
            if _set_new(cls, method.__name__, method):
                raise TypeError(f"Cannot overwrite attribute {method.__name__} in class {cls.__name__}")
    if unsafe_hash and explicit_hash:
        raise TypeError(f"Cannot overwrite attribute __hash__ in class {cls.__name__}")
    if unsafe_hash or (eq and frozen and not explicit_hash):
        hashed = [f for f in real if (f.compare if f.hash is None else f.hash)]
        cls.__hash__ = _function(cls, "__hash__", ["self"], [f"return hash({_items('self', hashed)})"], {})
    elif eq and not explicit_hash:
        cls.__hash__ = None
    if not cls.__dict__.get("__doc__"):
        try:
            cls.__doc__ = cls.__name__ + _signature_text(everything)
        except (AttributeError, TypeError):
            pass
    if match_args:
        _set_new(cls, "__match_args__", tuple([f.name for f in everything
                                               if f.init and not f.kw_only and f._field_type is not _FIELD_CLASSVAR]))  # fmt: skip
    if weakref_slot and not slots:
        raise TypeError("weakref_slot is True but slots is False")
    if slots:
        cls = _with_slots(cls, frozen, [f.name for f in real], weakref_slot)
    _update_abstractmethods(cls)
    return cls


def _signature_text(everything):
    def text(f):
        kind = f.type.type if type(f.type) is InitVar else f.type
        kind = repr(kind) if isinstance(kind, str) or not isinstance(kind, type) else _class_text(kind)
        result = f"{f.name}: {kind}"
        if f.default is not MISSING:
            result += f" = {f.default!r}"
        elif f.default_factory is not MISSING:
            result += " = <factory>"
        return result

    chosen = [f for f in everything if f.init and f._field_type is not _FIELD_CLASSVAR]
    parts = [text(f) for f in chosen if not f.kw_only]
    keywords = [text(f) for f in chosen if f.kw_only]
    if keywords:
        parts += ["*"] + keywords
    return "(" + ", ".join(parts) + ")"


def _class_text(kind):
    if kind.__module__ == "builtins":
        return kind.__qualname__ if not hasattr(kind, "__origin__") else repr(kind)
    return f"{kind.__module__}.{kind.__qualname__}"


def _with_slots(cls, frozen, names, weakref_slot):
    """The class made once more, with slots for the fields."""
    if "__slots__" in cls.__dict__:
        raise TypeError(f"{cls.__name__} already specifies __slots__")
    namespace = dict(cls.__dict__)
    inherited = set()
    for base in cls.__mro__[1:-1]:
        slots = base.__dict__.get("__slots__", ())
        inherited.update((slots,) if isinstance(slots, str) else slots)
    slots = [name for name in names if name not in inherited]
    if weakref_slot and "__weakref__" not in inherited:
        slots.append("__weakref__")
    namespace["__slots__"] = tuple(slots)
    for name in names:
        namespace.pop(name, None)
    namespace.pop("__dict__", None)
    namespace.pop("__weakref__", None)
    qualname = getattr(cls, "__qualname__", None)
    new = type(cls)(cls.__name__, cls.__bases__, namespace)
    if qualname is not None:
        new.__qualname__ = qualname
    if frozen:
        # The methods look past the class that they were made for.
        for method in _frozen_methods(new, names):
            method.__qualname__ = f"{new.__qualname__}.{method.__name__}"
            setattr(new, method.__name__, method)
        if "__getstate__" not in namespace:
            new.__getstate__ = _get_state
        if "__setstate__" not in namespace:
            new.__setstate__ = _set_state
    return new


def _get_state(self):
    return [getattr(self, f.name) for f in fields(self)]


def _set_state(self, state):
    for f, value in zip(fields(self), state):
        object.__setattr__(self, f.name, value)


def dataclass(cls=None, /, *, init=True, repr=True, eq=True, order=False, unsafe_hash=False, frozen=False,
              match_args=True, kw_only=False, slots=False, weakref_slot=False):  # fmt: skip
    """A decorator that adds methods made from the annotated fields of a class."""

    def wrap(cls):
        return _process(
            cls, init, repr, eq, order, unsafe_hash, frozen, match_args, kw_only, slots, weakref_slot
        )

    return wrap if cls is None else wrap(cls)


def fields(class_or_instance):
    """The fields of a dataclass or an instance of one."""
    known = getattr(class_or_instance, _FIELDS, None)
    if known is None:
        raise TypeError("must be called with a dataclass type or instance") from None
    return tuple([f for f in known.values() if f._field_type is _FIELD])


def _is_instance(obj):
    return hasattr(type(obj), _FIELDS)


def is_dataclass(obj):
    """True for a dataclass and an instance of one."""
    cls = obj if isinstance(obj, type) else type(obj)
    return hasattr(cls, _FIELDS)


def asdict(obj, *, dict_factory=dict):
    """The fields as a dict, also those of dataclasses inside."""
    if not _is_instance(obj):
        raise TypeError("asdict() should be called on dataclass instances")
    return _as_dict(obj, dict_factory)


def _as_dict(obj, factory):
    if _is_instance(obj):
        return factory([(f.name, _as_dict(getattr(obj, f.name), factory)) for f in fields(obj)])
    if isinstance(obj, tuple) and hasattr(obj, "_fields"):
        return type(obj)(*[_as_dict(value, factory) for value in obj])
    if isinstance(obj, (list, tuple)):
        return type(obj)([_as_dict(value, factory) for value in obj])
    if isinstance(obj, dict):
        pairs = [(_as_dict(key, factory), _as_dict(value, factory)) for key, value in obj.items()]
        if hasattr(type(obj), "default_factory"):
            result = type(obj)(obj.default_factory)
            result.update(pairs)
            return result
        return type(obj)(pairs)
    return _copy.deepcopy(obj)


def astuple(obj, *, tuple_factory=tuple):
    """The fields as a tuple, also those of dataclasses inside."""
    if not _is_instance(obj):
        raise TypeError("astuple() should be called on dataclass instances")
    return _as_tuple(obj, tuple_factory)


def _as_tuple(obj, factory):
    if _is_instance(obj):
        return factory([_as_tuple(getattr(obj, f.name), factory) for f in fields(obj)])
    if isinstance(obj, tuple) and hasattr(obj, "_fields"):
        return type(obj)(*[_as_tuple(value, factory) for value in obj])
    if isinstance(obj, (list, tuple)):
        return type(obj)([_as_tuple(value, factory) for value in obj])
    if isinstance(obj, dict):
        pairs = [(_as_tuple(key, factory), _as_tuple(value, factory)) for key, value in obj.items()]
        if hasattr(type(obj), "default_factory"):
            result = type(obj)(obj.default_factory)
            result.update(pairs)
            return result
        return type(obj)(pairs)
    return _copy.deepcopy(obj)


def make_dataclass(cls_name, fields, *, bases=(), namespace=None, init=True, repr=True, eq=True, order=False,
                   unsafe_hash=False, frozen=False, match_args=True, kw_only=False, slots=False,
                   weakref_slot=False):  # fmt: skip
    """A dataclass from names, or tuples of name, type and perhaps a field."""
    body = {} if namespace is None else dict(namespace)
    annotations = {}
    for item in fields:
        if isinstance(item, str):
            name, kind = item, "typing.Any"
        elif len(item) == 2:
            name, kind = item
        elif len(item) == 3:
            name, kind, body[item[0]] = item
        else:
            raise TypeError(f"Invalid field: {item!r}")
        if not isinstance(name, str) or not name.isidentifier():
            raise TypeError(f"Field names must be valid identifiers: {name!r}")
        if _keyword.iskeyword(name):
            raise TypeError(f"Field names must not be keywords: {name!r}")
        if name in annotations:
            raise TypeError(f"Field name duplicated: {name!r}")
        annotations[name] = kind
    body["__annotations__"] = annotations
    cls = _types.new_class(cls_name, bases, {}, lambda target: target.update(body))
    return dataclass(cls, init=init, repr=repr, eq=eq, order=order, unsafe_hash=unsafe_hash, frozen=frozen,
                     match_args=match_args, kw_only=kw_only, slots=slots, weakref_slot=weakref_slot)  # fmt: skip


def replace(obj, /, **changes):
    """A new object of the same class with some fields changed."""
    if not _is_instance(obj):
        raise TypeError("replace() should be called on dataclass instances")
    for f in getattr(obj, _FIELDS).values():
        if f._field_type is _FIELD_CLASSVAR:
            continue
        if not f.init:
            if f.name in changes:
                raise ValueError(f"field {f.name} is declared with init=False, it cannot be specified with replace()")
            continue
        if f.name not in changes:
            if f._field_type is _FIELD_INITVAR and f.default is MISSING:
                raise ValueError(f"InitVar {f.name!r} must be specified with replace()")
            changes[f.name] = getattr(obj, f.name)
    return obj.__class__(**changes)
