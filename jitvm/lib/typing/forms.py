"""Generic types, type variables, forms such as Union, and the classes Generic and Protocol."""

import collections.abc as _abc
import sys as _sys
import types as _types
from abc import ABCMeta as _ABCMeta
from types import GenericAlias as _BuiltinAlias

# The classes belong to the package.
__name__ = "typing"
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
    if type(value) is tuple:
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


def _alias_item(alias, parameters):
    """Replaces the type variables of an alias such as list[T]; called by the VM."""
    known = _parameters_of(alias.__args__)
    if not known:
        raise TypeError(f"{alias} is not a generic class")
    if not isinstance(parameters, tuple):
        parameters = (parameters,)
    if len(parameters) != len(known):
        few = "few" if len(parameters) < len(known) else "many"
        raise TypeError(f"Too {few} arguments for {alias}; actual {len(parameters)}, expected {len(known)}")
    made = _BuiltinAlias(alias.__origin__, _substituted(alias.__args__, dict(zip(known, parameters))))
    return next(iter(made)) if alias.__unpacked__ else made


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
        module = "" if self.__forward_module__ is None else f", module={self.__forward_module__!r}"
        return f"ForwardRef({self.__forward_arg__!r}{module})"


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
        return NotImplemented
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


def runtime_checkable(cls):
    """Lets isinstance() look at the attributes that a protocol asks for."""
    if not isinstance(cls, type) or not getattr(cls, "_is_protocol", False):
        raise TypeError(f"@runtime_checkable can be only applied to protocol classes, got {cls!r}")
    cls._is_runtime_protocol = True
    return cls
