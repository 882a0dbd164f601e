"""Names for annotations. Nothing is checked: they say of themselves what they are."""

import collections as _collections
import collections.abc as _abc
import contextlib as _contextlib
import sys as _sys
import types as _types
from abc import ABCMeta as _ABCMeta
from abc import abstractmethod as _abstractmethod
from types import GenericAlias as _BuiltinAlias

TYPE_CHECKING = False
_NoneType = type(None)
_UnionType = type(int | str)


def _text(value):
    """An annotation as shown inside of another."""
    if isinstance(value, _BuiltinAlias):
        return repr(value)
    if isinstance(value, type):
        return value.__qualname__ if value.__module__ == "builtins" else f"{value.__module__}.{value.__qualname__}"
    if value is ...:
        return "..."
    if isinstance(value, _types.FunctionType):
        return value.__name__
    if isinstance(value, list):
        return "[" + ", ".join([_text(item) for item in value]) + "]"
    return repr(value)


def _as_type(value, message="Parameters to generic types must be types."):
    """None is its type, a str a ForwardRef."""
    if value is None:
        return _NoneType
    if isinstance(value, str):
        return ForwardRef(value)
    if value is Generic or value is Protocol:
        raise TypeError(f"Plain {value} is not valid as type argument")
    if isinstance(value, (int, float, bytes, dict, set)) or not callable(value) and type(value) in (tuple,):
        raise TypeError(f"{message} Got {value!r:.100}.")
    return value


def _parameters_of(args):
    """The type variables in arguments, each once."""
    found = []
    for arg in args:
        if isinstance(arg, (TypeVar, ParamSpec, TypeVarTuple)):
            if arg not in found:
                found.append(arg)
        elif isinstance(arg, (list, tuple)):
            found.extend([one for one in _parameters_of(arg) if one not in found])
        elif not isinstance(arg, type):
            inner = getattr(arg, "__parameters__", ())
            if isinstance(arg, (_BuiltinAlias, _UnionType)):
                inner = _parameters_of(arg.__args__)
            found.extend([one for one in inner if one not in found])
    return tuple(found)


class _Or:
    """Annotations can be joined by a bar."""

    __slots__ = ()

    def __or__(self, other):
        return Union[self, other]

    def __ror__(self, other):
        return Union[other, self]


class _Form(_Or):
    """A name that takes arguments in brackets, such as Optional."""

    def __init__(self, name, make=None):
        self._name = name
        self._make = make

    def __repr__(self):
        return "typing." + self._name

    def __reduce__(self):
        return self._name

    def __call__(self, *args, **kwds):
        raise TypeError(f"Cannot instantiate {self!r}")

    def __mro_entries__(self, bases):
        raise TypeError(f"Cannot subclass {self!r}")

    def __instancecheck__(self, obj):
        raise TypeError(f"{self} cannot be used with isinstance()")

    def __subclasscheck__(self, cls):
        raise TypeError(f"{self} cannot be used with issubclass()")

    def __getitem__(self, parameters):
        if self._make is None:
            raise TypeError(f"{self} is not subscriptable")
        return self._make(self, parameters)


class _AnyMeta(type):
    def __instancecheck__(cls, obj):
        if cls is Any:
            raise TypeError("typing.Any cannot be used with isinstance()")
        return super().__instancecheck__(obj)

    def __repr__(cls):
        return "typing.Any" if cls is Any else super().__repr__()

    def __or__(cls, other):
        return Union[cls, other]

    def __ror__(cls, other):
        return Union[other, cls]


class Any(metaclass=_AnyMeta):
    """Any type at all."""

    def __new__(cls, *args, **kwargs):
        if cls is Any:
            raise TypeError("Any cannot be instantiated")
        return super().__new__(cls, *args, **kwargs)


class _Alias(_Or):
    """A generic type with arguments."""

    def __init__(self, origin, args, name=None):
        self.__origin__ = origin
        self.__args__ = args
        self.__parameters__ = _parameters_of(args)
        self._name = name
        self.__module__ = "typing" if name else getattr(origin, "__module__", "typing")

    def __repr__(self):
        name = "typing." + self._name if self._name else _text(self.__origin__)
        if self.__origin__ is _abc.Callable:
            *arguments, result = self.__args__
            if arguments == [...]:
                inside = "..."
            elif len(arguments) == 1 and isinstance(arguments[0], ParamSpec):
                inside = repr(arguments[0])
            else:
                inside = "[" + ", ".join([_text(arg) for arg in arguments]) + "]"
            return f"{name}[{inside}, {_text(result)}]"
        return f"{name}[{', '.join([_text(arg) for arg in self.__args__]) or '()'}]"

    def __eq__(self, other):
        if not isinstance(other, _Alias):
            return NotImplemented
        return self.__origin__ == other.__origin__ and self.__args__ == other.__args__

    def __hash__(self):
        return hash((self.__origin__, self.__args__))

    def __call__(self, *args, **kwargs):
        result = self.__origin__(*args, **kwargs)
        try:
            result.__orig_class__ = self
        except (AttributeError, TypeError):
            pass
        return result

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return getattr(self.__dict__["__origin__"], name)

    def __getitem__(self, parameters):
        if not self.__parameters__:
            raise TypeError(f"{self} is not a generic class")
        if not isinstance(parameters, tuple):
            parameters = (parameters,)
        known = self.__parameters__
        if any([isinstance(one, TypeVarTuple) for one in known]):
            place = [isinstance(one, TypeVarTuple) for one in known].index(True)
            extra = len(parameters) - len(known) + 1
            parameters = (*parameters[:place], parameters[place : place + extra], *parameters[place + extra :])
        elif len(known) == 1 and isinstance(known[0], ParamSpec) and not isinstance(parameters[0], (list, ParamSpec)) and parameters[0] is not ...:
            parameters = (list(parameters),)
        if len(parameters) != len(known):
            few = "few" if len(parameters) < len(known) else "many"
            raise TypeError(
                f"Too {few} arguments for {self}; actual {len(parameters)}, expected {len(known)}"
            )
        values = dict(zip(known, [one if isinstance(one, (list, tuple)) else _as_type(one) for one in parameters]))
        return self._with(_substituted(self.__args__, values))

    def _with(self, args):
        if self.__origin__ is Union:
            return Union[args]
        return type(self)(self.__origin__, args, self._name)

    def __mro_entries__(self, bases):
        if self.__origin__ is Union:
            raise TypeError(f"Cannot subclass {self!r}")
        later = [base for base in bases[bases.index(self) + 1 :] if _is_generic(base)]
        if self.__origin__ is Generic:
            return () if later or Protocol in bases else (Generic,)
        result = [] if self.__origin__ in bases else [self.__origin__]
        if self._name and self.__origin__ is not Protocol and not later and Generic not in bases:
            result.append(Generic)
        return tuple(result)

    def __instancecheck__(self, obj):
        if self.__origin__ is Union:
            return isinstance(obj, self.__args__)
        raise TypeError("Subscripted generics cannot be used with class and instance checks")

    def __subclasscheck__(self, cls):
        if self.__origin__ is Union:
            return issubclass(cls, self.__args__)
        raise TypeError("Subscripted generics cannot be used with class and instance checks")

    def __iter__(self):
        yield Unpack[self]


def _is_generic(base):
    return isinstance(base, (_Alias, _Bare)) or isinstance(base, type) and issubclass(base, Generic)


def _substituted(args, values):
    result = []
    for arg in args:
        if isinstance(arg, (TypeVar, ParamSpec)) and arg in values:
            value = values[arg]
            if isinstance(value, (list, tuple)):
                result.extend(value)
            else:
                result.append(value)
        elif isinstance(arg, _Alias) and arg.__origin__ is Unpack and arg.__args__[0] in values:
            result.extend(values[arg.__args__[0]])
        elif isinstance(arg, _Alias) and arg.__parameters__:
            result.append(arg._with(_substituted(arg.__args__, values)))
        elif isinstance(arg, _BuiltinAlias) and _parameters_of(arg.__args__):
            result.append(_BuiltinAlias(arg.__origin__, _substituted(arg.__args__, values)))
        elif isinstance(arg, list):
            result.append(list(_substituted(arg, values)))
        else:
            result.append(arg)
    return tuple(result)


class _Bare(_Or):
    """A generic type of this module without arguments, such as List."""

    def __init__(self, name, origin, count):
        self._name = name
        self.__origin__ = origin
        self._count = count

    def __repr__(self):
        return "typing." + self._name

    def __call__(self, *args, **kwargs):
        return self.__origin__(*args, **kwargs)

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return getattr(self.__dict__["__origin__"], name)

    def __mro_entries__(self, bases):
        return (self.__origin__,) if Generic in bases else (self.__origin__, Generic)

    def __instancecheck__(self, obj):
        return isinstance(obj, self.__origin__)

    def __subclasscheck__(self, cls):
        if isinstance(cls, _Bare):
            cls = cls.__origin__
        return issubclass(cls, self.__origin__)

    def __reduce__(self):
        return self._name

    def __getitem__(self, parameters):
        if self._name == "Callable":
            return _callable(parameters)
        if not isinstance(parameters, tuple):
            parameters = (parameters,)
        if self._name == "Tuple":
            if parameters == ((),):
                parameters = ()
        elif self._count and len(parameters) != self._count:
            few = "few" if len(parameters) < self._count else "many"
            raise TypeError(
                f"Too {few} arguments for {self}; actual {len(parameters)}, expected {self._count}"
            )
        return _Alias(self.__origin__, tuple([_as_type(one) for one in parameters]), self._name)


def _callable(parameters):
    if not isinstance(parameters, tuple) or len(parameters) != 2:
        raise TypeError("Callable must be used as Callable[[arg, ...], result].")
    arguments, result = parameters
    if isinstance(arguments, (list, tuple)):
        arguments = [_as_type(one) for one in arguments]
    elif arguments is ... or isinstance(arguments, (ParamSpec, _Alias)):
        arguments = [arguments]
    else:
        raise TypeError(f"Callable[args, result]: args must be a list. Got {arguments!r}")
    return _Alias(_abc.Callable, (*arguments, _as_type(result)), "Callable")


class ForwardRef(_Or):
    """An annotation as text."""

    def __init__(self, arg, is_argument=True, module=None, *, is_class=False):
        if not isinstance(arg, str):
            raise TypeError(f"Forward reference must be a string -- got {arg!r}")
        try:
            compile(arg, "<string>", "eval")
        except SyntaxError:
            raise SyntaxError(f"Forward reference must be an expression -- got {arg!r}") from None
        self.__forward_arg__ = arg
        self.__forward_module__ = module

    def __eq__(self, other):
        if not isinstance(other, ForwardRef):
            return NotImplemented
        return self.__forward_arg__ == other.__forward_arg__

    def __hash__(self):
        return hash(self.__forward_arg__)

    def __repr__(self):
        return f"ForwardRef({self.__forward_arg__!r})"


def _variance(kind):
    return "+" if kind.__covariant__ else "-" if kind.__contravariant__ else "~"


def _caller_module():
    try:
        return _sys._getframe(2).f_globals.get("__name__", "__main__")
    except AttributeError:
        return "__main__"


class TypeVar(_Or):
    """A type variable."""

    def __init__(self, name, *constraints, bound=None, covariant=False, contravariant=False):
        if covariant and contravariant:
            raise ValueError("Bivariant types are not supported.")
        if constraints and bound is not None:
            raise TypeError("Constraints cannot be combined with bound=...")
        if len(constraints) == 1:
            raise TypeError("A single constraint is not allowed")
        self.__name__ = name
        self.__constraints__ = tuple([_as_type(one) for one in constraints])
        self.__bound__ = None if bound is None else _as_type(bound)
        self.__covariant__ = bool(covariant)
        self.__contravariant__ = bool(contravariant)
        self.__module__ = _caller_module()

    def __repr__(self):
        return _variance(self) + self.__name__

    def __mro_entries__(self, bases):
        raise TypeError(f"Cannot subclass an instance of {type(self).__name__}")

    def __call__(self, *args):
        raise TypeError(f"'{type(self).__name__}' object is not callable")


class _ParamSpecPart:
    def __init__(self, origin):
        self.__origin__ = origin

    def __eq__(self, other):
        return type(self) is type(other) and self.__origin__ == other.__origin__

    def __hash__(self):
        return hash((type(self), self.__origin__))


class ParamSpecArgs(_ParamSpecPart):
    def __repr__(self):
        return self.__origin__.__name__ + ".args"


class ParamSpecKwargs(_ParamSpecPart):
    def __repr__(self):
        return self.__origin__.__name__ + ".kwargs"


class ParamSpec(_Or):
    """A variable for the parameters of a function."""

    def __init__(self, name, *, bound=None, covariant=False, contravariant=False):
        self.__name__ = name
        self.__bound__ = bound
        self.__covariant__ = bool(covariant)
        self.__contravariant__ = bool(contravariant)
        self.__module__ = _caller_module()

    @property
    def args(self):
        return ParamSpecArgs(self)

    @property
    def kwargs(self):
        return ParamSpecKwargs(self)

    def __repr__(self):
        return _variance(self) + self.__name__


class TypeVarTuple:
    """A variable for any number of types."""

    def __init__(self, name):
        self.__name__ = name
        self.__module__ = _caller_module()

    def __iter__(self):
        yield Unpack[self]

    def __repr__(self):
        return self.__name__


def _union(form, parameters):
    if parameters == ():
        raise TypeError("Cannot take a Union of no types.")
    if not isinstance(parameters, tuple):
        parameters = (parameters,)
    flat = []
    for one in parameters:
        one = _as_type(one, "Union[arg, ...]: each arg must be a type.")
        if isinstance(one, _Alias) and one.__origin__ is Union or isinstance(one, _UnionType):
            inner = one.__args__
        else:
            inner = (one,)
        for part in inner:
            if part not in flat:
                flat.append(part)
    if len(flat) == 1:
        return flat[0]
    return _UnionAlias(Union, tuple(flat))


class _UnionAlias(_Alias):
    def __repr__(self):
        args = self.__args__
        if _NoneType in args:
            rest = [one for one in args if one is not _NoneType]
            if len(rest) == 1:
                return f"typing.Optional[{_text(rest[0])}]"
        return f"typing.Union[{', '.join([_text(one) for one in args])}]"

    def __eq__(self, other):
        if isinstance(other, (_UnionAlias, _UnionType)):
            return set(self.__args__) == set(other.__args__)
        return NotImplemented

    def __hash__(self):
        return hash(frozenset(self.__args__))


class _LiteralAlias(_Alias):
    def __repr__(self):
        return f"typing.Literal[{', '.join([repr(one) for one in self.__args__])}]"

    def __eq__(self, other):
        if not isinstance(other, _LiteralAlias):
            return NotImplemented
        return set([(one, type(one)) for one in self.__args__]) == set([(one, type(one)) for one in other.__args__])

    def __hash__(self):
        return hash(frozenset([(one, type(one)) for one in self.__args__]))


def _literal(form, parameters):
    if not isinstance(parameters, tuple):
        parameters = (parameters,)
    flat = []
    for one in parameters:
        for value in one.__args__ if isinstance(one, _LiteralAlias) else (one,):
            if not any([value == known and type(value) is type(known) for known in flat]):
                flat.append(value)
    alias = _LiteralAlias(form, tuple(flat), "Literal")
    alias.__parameters__ = ()
    return alias


def _one(form, parameters):
    if isinstance(parameters, tuple):
        raise TypeError(f"{form} accepts only single type. Got {parameters!r:.100}.")
    return _Alias(form, (_as_type(parameters),), form._name)


def _several(form, parameters):
    return _Alias(form, tuple([_as_type(one) for one in parameters]), form._name)


class _Unpacked(_Alias):
    def __repr__(self):
        return "*" + repr(self.__args__[0])


def _unpack(form, parameters):
    return _Unpacked(form, (parameters,), "Unpack")


Union = _Form("Union", _union)
Optional = _Form("Optional", lambda form, parameter: Union[parameter, None])
Literal = _Form("Literal", _literal)
ClassVar = _Form("ClassVar", _one)
Final = _Form("Final", _one)
Required = _Form("Required", _one)
NotRequired = _Form("NotRequired", _one)
TypeGuard = _Form("TypeGuard", _one)
Concatenate = _Form("Concatenate", _several)
Unpack = _Form("Unpack", _unpack)
NoReturn = _Form("NoReturn")
Never = _Form("Never")
Self = _Form("Self")
LiteralString = _Form("LiteralString")
TypeAlias = _Form("TypeAlias")


class _AnnotatedAlias(_Alias):
    """A type with notes."""

    def __init__(self, origin, metadata):
        if isinstance(origin, _AnnotatedAlias):
            metadata = origin.__metadata__ + metadata
            origin = origin.__origin__
        super().__init__(origin, (origin,), "Annotated")
        self.__metadata__ = metadata

    def _with(self, args):
        return _AnnotatedAlias(args[0], self.__metadata__)

    def __repr__(self):
        return f"typing.Annotated[{_text(self.__origin__)}, {', '.join([repr(one) for one in self.__metadata__])}]"

    def __eq__(self, other):
        if not isinstance(other, _AnnotatedAlias):
            return NotImplemented
        return self.__origin__ == other.__origin__ and self.__metadata__ == other.__metadata__

    def __hash__(self):
        return hash((self.__origin__, self.__metadata__))

    def __mro_entries__(self, bases):
        return (self.__origin__,)


class Annotated:
    """Annotated[type, note, ...]."""

    def __new__(cls, *args, **kwargs):
        raise TypeError("Type Annotated cannot be instantiated.")

    def __class_getitem__(cls, parameters):
        if not isinstance(parameters, tuple) or len(parameters) < 2:
            raise TypeError("Annotated[...] should be used with at least two arguments (a type and an annotation).")
        return _AnnotatedAlias(_as_type(parameters[0]), tuple(parameters[1:]))


class Generic:
    """The base of classes with type variables."""

    __slots__ = ()
    _is_protocol = False

    def __class_getitem__(cls, parameters):
        if not isinstance(parameters, tuple):
            parameters = (parameters,)
        if cls is Generic or cls is Protocol:
            if not parameters:
                raise TypeError(f"Parameter list to {cls.__qualname__}[...] cannot be empty")
            for one in parameters:
                if not isinstance(one, (TypeVar, ParamSpec, TypeVarTuple)) and getattr(one, "__origin__", None) is not Unpack:
                    raise TypeError(f"Parameters to {cls.__name__}[...] must all be type variables or parameter specification variables.")
            if len(set(parameters)) != len(parameters):
                raise TypeError(f"Parameters to {cls.__name__}[...] must all be unique")
            return _Alias(cls, parameters, cls.__name__)
        known = cls.__parameters__
        if not known:
            raise TypeError(f"{cls} is not a generic class")
        if any([isinstance(one, TypeVarTuple) for one in known]):
            return _Alias(cls, tuple([_as_type(one) for one in parameters]))
        if len(known) == 1 and isinstance(known[0], ParamSpec) and not isinstance(parameters[0], (list, ParamSpec)):
            parameters = (list(parameters),)
        if len(parameters) != len(known):
            few = "few" if len(parameters) < len(known) else "many"
            raise TypeError(f"Too {few} arguments for {cls}; actual {len(parameters)}, expected {len(known)}")
        args = [tuple(one) if isinstance(one, list) else _as_type(one) for one in parameters]
        return _Alias(cls, tuple(args))

    def __init_subclass__(cls, *args, **kwargs):
        super().__init_subclass__(*args, **kwargs)
        bases = cls.__dict__.get("__orig_bases__", ())
        found = []
        explicit = None
        for base in bases:
            if isinstance(base, _Alias) and base.__origin__ in (Generic, Protocol):
                explicit = base.__parameters__
            for one in getattr(base, "__parameters__", ()) if not isinstance(base, type) else ():
                if one not in found:
                    found.append(one)
            if isinstance(base, _BuiltinAlias):
                found.extend([one for one in _parameters_of(base.__args__) if one not in found])
        if Generic in bases and cls.__name__ != "Protocol":
            raise TypeError("Cannot inherit from plain Generic")
        if explicit is not None:
            missing = [one for one in found if one not in explicit]
            if missing:
                names = ", ".join([str(one) for one in missing])
                raise TypeError(f"Some type variables ({names}) are not listed in Generic[{', '.join(map(str, explicit))}]")
        cls.__parameters__ = tuple(found) if explicit is None else tuple(explicit)


_NOT_MEMBERS = frozenset(
    "__abstractmethods__ __annotations__ __dict__ __doc__ __init__ __module__ __new__ __slots__ __subclasshook__ "
    "__weakref__ __class_getitem__ __parameters__ __orig_bases__ __orig_class__ __qualname__ __init_subclass__ "
    "_is_protocol _is_runtime_protocol _abc_registry __match_args__ __abc_tpflags__ __protocol_attrs__ __static_attributes__".split()
)


def _members(cls):
    """The names that a protocol asks for."""
    names = set()
    for base in cls.__mro__[:-1]:
        if base.__name__ in ("Protocol", "Generic"):
            continue
        for name in (*base.__dict__, *base.__dict__.get("__annotations__", {})):
            if name not in _NOT_MEMBERS and not name.startswith("_abc_"):
                names.add(name)
    return names


class _ProtocolMeta(_ABCMeta):
    def __instancecheck__(cls, instance):
        if not getattr(cls, "_is_protocol", False):
            return super().__instancecheck__(instance)
        if not getattr(cls, "_is_runtime_protocol", False):
            raise TypeError("Instance and class checks can only be used with @runtime_checkable protocols")
        if super().__instancecheck__(instance):
            return True
        for name in _members(cls):
            if not hasattr(instance, name):
                return False
            if getattr(instance, name) is None and callable(getattr(cls, name, None)):
                return False
        return True


def _no_init(self, *args, **kwargs):
    if type(self)._is_protocol:
        raise TypeError("Protocols cannot be instantiated")


class Protocol(Generic, metaclass=_ProtocolMeta):
    """The base of classes that say what others must have."""

    __slots__ = ()
    _is_protocol = True
    _is_runtime_protocol = False

    def __init_subclass__(cls, *args, **kwargs):
        super().__init_subclass__(*args, **kwargs)
        if "_is_protocol" not in cls.__dict__:
            cls._is_protocol = Protocol in cls.__bases__
        if "__subclasshook__" not in cls.__dict__:
            cls.__subclasshook__ = classmethod(_protocol_hook)
        if cls._is_protocol and "__init__" not in cls.__dict__:
            cls.__init__ = _no_init
        elif not cls._is_protocol and cls.__init__ is _no_init:
            # The class itself has no __init__: that of a base that is no protocol counts.
            for base in cls.__mro__[1:]:
                if base.__dict__.get("__init__", _no_init) is not _no_init:
                    cls.__init__ = base.__dict__["__init__"]
                    break


def _protocol_hook(cls, other):
    if not cls.__dict__.get("_is_protocol", False):
        return NotImplemented
    if not cls._is_runtime_protocol:
        if _is_internal_check():
            return NotImplemented
        raise TypeError("Instance and class checks can only be used with @runtime_checkable protocols")
    for name in _members(cls):
        for base in other.__mro__:
            if name in base.__dict__:
                if base.__dict__[name] is None:
                    return NotImplemented
                break
            if name in base.__dict__.get("__annotations__", {}):
                break
        else:
            return NotImplemented
    return True


def _is_internal_check():
    # isinstance() of this module's metaclass asks only for protocols that can be checked.
    return True


def runtime_checkable(cls):
    """Lets isinstance() look at the attributes that a protocol asks for."""
    if not isinstance(cls, type) or not getattr(cls, "_is_protocol", False):
        raise TypeError(f"@runtime_checkable can be only applied to protocol classes, got {cls!r}")
    cls._is_runtime_protocol = True
    return cls


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
            kind = _as_type(kind)
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
