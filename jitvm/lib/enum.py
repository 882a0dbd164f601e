"""Enumerations."""

__all__ = [
    "EnumMeta", "EnumType", "Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "auto", "unique", "property", "member",
    "nonmember", "verify", "ReprEnum", "FlagBoundary", "STRICT", "CONFORM", "EJECT", "KEEP", "global_enum",
]

_property = property
_unset = object()


class auto:
    """Stands for the next value."""

    def __init__(self, value=_unset):
        self.value = value

    def __repr__(self):
        return "auto(%r)" % (None if self.value is _unset else self.value,)


class nonmember:
    def __init__(self, value):
        self.value = value


class member:
    def __init__(self, value):
        self.value = value


class property(_property):
    """An attribute of members that may share its name with a member."""

    def __get__(self, instance, owner=None):
        if instance is None:
            member = owner._member_map_.get(self._name) if hasattr(self, "_name") else None
            if member is not None:
                return member
            raise AttributeError("%r has no attribute %r" % (owner, getattr(self, "_name", "")))
        return super().__get__(instance, owner)

    def __set_name__(self, owner, name):
        self._name = name


def _is_dunder(name):
    return len(name) > 4 and name[:2] == name[-2:] == "__" and name[2] != "_" and name[-3] != "_"


def _is_sunder(name):
    return len(name) > 2 and name[0] == name[-1] == "_" and name[1] != "_" and name[-2] != "_"


def _is_private(cls_name, name):
    pattern = "_%s__" % cls_name
    return len(name) > len(pattern) and name.startswith(pattern) and not name.endswith("__")


def _is_descriptor(value):
    kind = type(value)
    return hasattr(kind, "__get__") or hasattr(kind, "__set__") or hasattr(kind, "__delete__")


class _EnumDict(dict):
    """The namespace of an enumeration's body: notes which names are members, in their order."""

    def __init__(self):
        super().__init__()
        self._member_names = {}
        self._last_values = []
        self._ignore = []
        self._auto_called = False
        self._cls_name = ""

    def __setitem__(self, key, value):
        if _is_private(self._cls_name, key):
            pass
        elif _is_sunder(key):
            if key not in ("_order_", "_flag_mask_", "_all_bits_", "_generate_next_value_", "_numeric_repr_", "_missing_", "_ignore_",
                           "_iter_member_", "_iter_member_by_value_", "_iter_member_by_def_", "_boundary_"):
                raise ValueError("_sunder_ names, such as %r, are reserved for future Enum use" % (key,))
            if key == "_generate_next_value_":
                if self._auto_called:
                    raise TypeError("_generate_next_value_ must be defined before members")
                function = value.__func__ if isinstance(value, staticmethod) else value
                self._generate_next_value = function
            elif key == "_ignore_":
                value = value.replace(",", " ").split() if isinstance(value, str) else list(value)
                self._ignore = value
        elif _is_dunder(key):
            if key == "__order__":
                key = "_order_"
        elif key in self._member_names:
            raise TypeError("%r already defined as %r" % (key, self[key]))
        elif key in self._ignore:
            pass
        elif isinstance(value, nonmember):
            value = value.value
        elif isinstance(value, member) or not _is_descriptor(value):
            if isinstance(value, member):
                value = value.value
            if key in self:
                raise TypeError("%r already defined as %r" % (key, self[key]))
            if isinstance(value, auto):
                value = self._next(key, value)
            elif isinstance(value, tuple) and any(isinstance(item, auto) for item in value):
                value = tuple([self._next(key, item) if isinstance(item, auto) else item for item in value])
            self._member_names[key] = None
            self._last_values.append(value)
        super().__setitem__(key, value)

    def _next(self, key, value):
        if value.value is _unset:
            value.value = self._generate_next_value(key, 1, len(self._member_names), self._last_values[:])
        self._auto_called = True
        return value.value


class EnumType(type):
    """Makes enumerations."""

    @classmethod
    def __prepare__(metacls, cls, bases, **kwds):
        namespace = _EnumDict()
        namespace._cls_name = cls
        base = metacls._first_enum(bases)
        generate = getattr(base, "_generate_next_value_", None) if base is not None else None
        namespace._generate_next_value = generate if generate is not None else _next_number
        return namespace

    @staticmethod
    def _first_enum(bases):
        for base in bases:
            if isinstance(base, EnumType):
                if base._member_map_:
                    raise TypeError("<enum %r> cannot extend %r" % ("?", base))
        for base in reversed(bases):
            if isinstance(base, EnumType):
                return base
        return None

    def __new__(metacls, cls, bases, classdict, *, boundary=None, _simple=False, **kwds):
        for base in bases:
            if isinstance(base, EnumType) and base._member_map_:
                raise TypeError("<enum %r> cannot extend %r" % (cls, base))
        names = list(classdict._member_names)
        values = [classdict[name] for name in names]
        namespace = {key: value for key, value in classdict.items() if key not in classdict._member_names}
        ignored = namespace.pop("_ignore_", None)
        for name in ignored or ():
            namespace.pop(name, None)
        order = namespace.pop("_order_", None)
        if "_generate_next_value_" in namespace and not isinstance(namespace["_generate_next_value_"], staticmethod):
            namespace["_generate_next_value_"] = staticmethod(namespace["_generate_next_value_"])
        namespace["_member_names_"] = []
        namespace["_member_map_"] = {}
        namespace["_value2member_map_"] = {}
        namespace["_unhashable_values_"] = []
        data_type = _data_type(bases)
        namespace["_member_type_"] = data_type
        enum_class = super().__new__(metacls, cls, bases, namespace, **kwds)
        if boundary is not None:
            enum_class._boundary_ = boundary
        own_new = namespace.get("__new__")
        if own_new is not None and Enum is not None:
            # Members are looked up, not made, once the class is there.
            enum_class.__new_member__ = enum_class.__new__
        if Enum is not None:
            # Also where a base such as int would come before Enum.
            enum_class.__new__ = Enum.__dict__["__new__"]
            # A data type before Enum among the bases does not decide how members look.
            for name in ("__repr__", "__str__", "__format__"):
                own = getattr(bases[-1], name) if bases else None
                if name not in namespace and own is not None and getattr(enum_class, name) in (
                        getattr(data_type, name), getattr(object, name)):
                    setattr(enum_class, name, own)
        new_member = getattr(enum_class, "__new_member__", None)
        for name, value in zip(names, values):
            enum_class._add_member(name, value, data_type, new_member)
        if order is not None:
            order = order.replace(",", " ").split() if isinstance(order, str) else list(order)
            if order != [name for name in enum_class._member_map_ if name in enum_class._member_names_]:
                raise TypeError("member order does not match _order_:\n  %r\n  %r" % (order, enum_class._member_names_))
        if Flag is not None and issubclass(enum_class, Flag):
            single = [m for m in enum_class._member_map_.values() if _is_single_bit(m._value_)]
            mask = 0
            for m in enum_class._member_map_.values():
                mask |= m._value_
            enum_class._flag_mask_ = mask
            enum_class._all_bits_ = (1 << mask.bit_length()) - 1
            enum_class._member_names_ = [m._name_ for m in single if enum_class._member_map_[m._name_] is m]
            enum_class._member_names_.sort(key=lambda n: enum_class._member_map_[n]._value_) if False else None
        return enum_class

    def _add_member(cls, name, value, data_type, new_member):
        arguments = value if isinstance(value, tuple) else (value,)
        if data_type is tuple:
            arguments = (arguments,)
        if new_member is not None:
            item = new_member(cls, *arguments)
            if not hasattr(item, "_value_"):
                item._value_ = value if data_type is object else data_type(*arguments)
        elif data_type is object:
            item = object.__new__(cls)
            item._value_ = value
        else:
            item = data_type.__new__(cls, *arguments)
            if not hasattr(item, "_value_"):
                item._value_ = value if data_type is object else data_type(*arguments)
        value = item._value_
        item._name_ = name
        item.__objclass__ = cls
        item.__init__(*arguments)
        canonical = None
        try:
            canonical = cls._value2member_map_.get(value)
        except TypeError:
            for other in cls._member_map_.values():
                if other._value_ == value:
                    canonical = other
                    break
        if canonical is not None:
            item = canonical
        else:
            item._sort_order_ = len(cls._member_names_)
            cls._member_names_.append(name)
        cls._member_map_[name] = item
        try:
            cls._value2member_map_.setdefault(value, item)
        except TypeError:
            cls._unhashable_values_.append(value)
        if not isinstance(_find_in_mro(cls, name), property):
            type.__setattr__(cls, name, item)

    def __call__(cls, value, names=_unset, *, module=None, qualname=None, type=None, start=1, boundary=None):
        if names is _unset:
            return cls.__new__(cls, value)
        return cls._create(value, names, module, qualname, type, start)

    def _create(cls, class_name, names, module, qualname, mixin, start):
        metacls = cls.__class__
        bases = (cls,) if mixin is None else (mixin, cls)
        namespace = metacls.__prepare__(class_name, bases)
        if isinstance(names, str):
            names = names.replace(",", " ").split()
        pairs = []
        if isinstance(names, (tuple, list)) and names and isinstance(names[0], str):
            last = []
            for index, name in enumerate(names):
                value = namespace._generate_next_value(name, start, index, last[:])
                last.append(value)
                pairs.append((name, value))
        elif isinstance(names, dict):
            pairs = list(names.items())
        else:
            pairs = list(names)
        for name, value in pairs:
            namespace[name] = value
        created = metacls.__new__(metacls, class_name, bases, namespace)
        if module is not None:
            created.__module__ = module
        if qualname is not None:
            created.__qualname__ = qualname
        return created

    def __contains__(cls, value):
        if not isinstance(value, Enum):
            raise TypeError("unsupported operand type(s) for 'in': '%s' and '%s'"
                            % (type(value).__qualname__, cls.__class__.__qualname__))
        return isinstance(value, cls) and value._name_ in cls._member_map_

    def __getitem__(cls, name):
        return cls._member_map_[name]

    def __iter__(cls):
        return iter([cls._member_map_[name] for name in cls._member_names_])

    def __reversed__(cls):
        return iter([cls._member_map_[name] for name in reversed(cls._member_names_)])

    def __len__(cls):
        return len(cls._member_names_)

    def __bool__(cls):
        return True

    def __repr__(cls):
        kind = "flag" if Flag is not None and issubclass(cls, Flag) else "enum"
        return "<%s %r>" % (kind, cls.__name__)

    @_property
    def __members__(cls):
        from types import MappingProxyType
        return MappingProxyType(cls._member_map_)

    def __setattr__(cls, name, value):
        if name in cls.__dict__.get("_member_map_", {}):
            raise AttributeError("cannot reassign member %r" % (name,))
        super().__setattr__(name, value)

    def __delattr__(cls, name):
        if name in cls.__dict__.get("_member_map_", {}):
            raise AttributeError("%r cannot delete member %r." % (cls.__name__, name))
        super().__delattr__(name)


EnumMeta = EnumType
Enum = None
Flag = None


def _find_in_mro(cls, name):
    for base in cls.__mro__[1:]:
        if name in base.__dict__:
            return base.__dict__[name]
    return None


def _data_type(bases):
    for chain in bases:
        for base in chain.__mro__:
            if base is object:
                continue
            if isinstance(base, EnumType):
                if base._member_type_ is not object:
                    return base._member_type_
                continue
            if "__new__" in base.__dict__ or base in (int, str, float, bytes, tuple):
                return base
    return object


def _next_number(name, start, count, last_values):
    if not last_values:
        return start
    numbers = [value for value in last_values if isinstance(value, int)]
    if not numbers:
        raise TypeError("unable to sort non-numeric values") if last_values else TypeError()
    return max(numbers) + 1


def _is_single_bit(value):
    return value > 0 and value & (value - 1) == 0


class Enum(metaclass=EnumType):
    """A set of named values."""

    def __new__(cls, value):
        if type(value) is cls:
            return value
        try:
            found = cls._value2member_map_.get(value)
            if found is not None:
                return found
        except TypeError:
            for item in cls._member_map_.values():
                if item._value_ == value:
                    return item
        try:
            result = cls._missing_(value)
        except Exception as error:
            if isinstance(error, ValueError) and error.__context__ is None:
                raise
            raise error
        if isinstance(result, cls):
            return result
        if result is None:
            raise ValueError("%r is not a valid %s" % (value, cls.__qualname__))
        raise TypeError("error in %s._missing_: returned %r instead of None or a valid member"
                        % (cls.__name__, result))

    def __init__(self, *args, **kwds):
        pass

    @staticmethod
    def _generate_next_value_(name, start, count, last_values):
        return _next_number(name, start, count, last_values)

    @classmethod
    def _missing_(cls, value):
        return None

    def __repr__(self):
        return "<%s.%s: %s>" % (self.__class__.__name__, self._name_, repr(self._value_))

    def __str__(self):
        return "%s.%s" % (self.__class__.__name__, self._name_)

    def __dir__(self):
        return ["__class__", "__doc__", "__eq__", "__hash__", "__module__", "name", "value"]

    def __format__(self, format_spec):
        return str.__format__(str(self), format_spec)

    def __hash__(self):
        return hash(self._name_)

    def __reduce_ex__(self, proto):
        return self.__class__, (self._value_,)

    def __deepcopy__(self, memo):
        return self

    def __copy__(self):
        return self

    @property
    def name(self):
        return self._name_

    @property
    def value(self):
        return self._value_


class ReprEnum(Enum):
    """Only changes the repr of its data type."""


class IntEnum(int, ReprEnum):
    """Members are ints."""

    __str__ = int.__repr__
    __format__ = int.__format__
    __hash__ = int.__hash__


class StrEnum(str, ReprEnum):
    """Members are strs."""

    def __new__(cls, *values):
        if len(values) > 3:
            raise TypeError("too many arguments for str(): %r" % (values,))
        if len(values) == 1 and not isinstance(values[0], str):
            raise TypeError("%r is not a string" % (values[0],))
        item = str.__new__(cls, *values)
        item._value_ = str(*values)
        return item

    __str__ = str.__str__
    __format__ = str.__format__
    __hash__ = str.__hash__

    @staticmethod
    def _generate_next_value_(name, start, count, last_values):
        return name.lower()


class FlagBoundary(StrEnum):
    STRICT = auto()
    CONFORM = auto()
    EJECT = auto()
    KEEP = auto()


STRICT, CONFORM, EJECT, KEEP = FlagBoundary


class Flag(Enum):
    """Members are bits that combine."""

    _boundary_ = STRICT
    _flag_mask_ = 0
    _all_bits_ = 0

    @staticmethod
    def _generate_next_value_(name, start, count, last_values):
        if not last_values:
            return start if start is not None else 1
        return 1 << max(last_values).bit_length()

    @classmethod
    def _missing_(cls, value):
        if not isinstance(value, int):
            raise ValueError("%r is not a valid %s" % (value, cls.__qualname__))
        mask, every = cls._flag_mask_, cls._all_bits_
        if not ~every <= value <= every or value & (every ^ mask):
            if cls._boundary_ is STRICT:
                width = max(value.bit_length(), mask.bit_length())
                raise ValueError("%r invalid value %r\n    given %s\n  allowed %s"
                                 % (cls, value, _bits(value, width), _bits(mask, width)))
            if cls._boundary_ is CONFORM:
                value = value & mask
            elif cls._boundary_ is EJECT:
                return value
            elif value < 0:
                value = max(every + 1, 1 << value.bit_length()) + value
        if value < 0:
            value += every + 1
        known = cls._value2member_map_.get(value)
        if known is not None:
            return known
        if cls._member_type_ is object:
            item = object.__new__(cls)
        else:
            item = cls._member_type_.__new__(cls, value)
        item._value_ = value
        parts = [m for m in cls if m._value_ & value]
        rest = value
        for part in parts:
            rest &= ~part._value_
        names = [part._name_ for part in parts]
        if rest and names:
            names.append(str(rest))
        item._name_ = "|".join(names) if parts else None
        cls._value2member_map_[value] = item
        return item

    def __iter__(self):
        for item in self.__class__:
            if item._value_ & self._value_:
                yield item

    def __len__(self):
        return self._value_.bit_count()

    def __contains__(self, other):
        if not isinstance(other, self.__class__):
            raise TypeError("unsupported operand type(s) for 'in': %r and %r"
                            % (type(other).__qualname__, self.__class__.__qualname__))
        return other._value_ & self._value_ == other._value_

    def __repr__(self):
        if self._name_ is None:
            return "<%s: %r>" % (self.__class__.__name__, self._value_)
        return "<%s.%s: %r>" % (self.__class__.__name__, self._name_, self._value_)

    def __str__(self):
        if self._name_ is None:
            return "%s(%r)" % (self.__class__.__name__, self._value_)
        return "%s.%s" % (self.__class__.__name__, self._name_)

    def __bool__(self):
        return bool(self._value_)

    def _operand(self, other):
        if isinstance(other, self.__class__):
            return other._value_
        if self._member_type_ is not object and isinstance(other, self._member_type_):
            return other
        return NotImplemented

    def __or__(self, other):
        other = self._operand(other)
        return other if other is NotImplemented else self.__class__(self._value_ | other)

    def __and__(self, other):
        other = self._operand(other)
        return other if other is NotImplemented else self.__class__(self._value_ & other)

    def __xor__(self, other):
        other = self._operand(other)
        return other if other is NotImplemented else self.__class__(self._value_ ^ other)

    def __invert__(self):
        if self._boundary_ in (EJECT, KEEP):
            return self.__class__(~self._value_)
        return self.__class__(self._flag_mask_ & ~self._value_)

    __ror__ = __or__
    __rand__ = __and__
    __rxor__ = __xor__


class IntFlag(int, ReprEnum, Flag, boundary=KEEP):
    """Flags that are ints."""

    # Those of int come first in the order of the bases.
    __or__ = Flag.__or__
    __and__ = Flag.__and__
    __xor__ = Flag.__xor__
    __ror__ = Flag.__or__
    __rand__ = Flag.__and__
    __rxor__ = Flag.__xor__
    __invert__ = Flag.__invert__
    __str__ = int.__repr__
    __format__ = int.__format__


def _bits(number, width):
    if number < 0:
        text = bin(number + (1 << width))[2:].rjust(width, "1")
        return "0b1 " + text
    return "0b0 " + bin(number)[2:].rjust(width, "0")


def unique(enumeration):
    """Refuses two names for one value."""
    duplicates = [(name, item.name) for name, item in enumeration.__members__.items() if name != item.name]
    if duplicates:
        details = ", ".join(["%s -> %s" % pair for pair in duplicates])
        raise ValueError("duplicate values found in %r: %s" % (enumeration, details))
    return enumeration


class verify:
    def __init__(self, *checks):
        self.checks = checks

    def __call__(self, enumeration):
        for check in self.checks:
            if check == "one to one, no aliases" or getattr(check, "name", "") == "UNIQUE":
                unique(enumeration)
        return enumeration


class EnumCheck(StrEnum):
    CONTINUOUS = "no skipped integer values"
    NAMED_FLAGS = "multi-flag aliases may not contain unnamed flags"
    UNIQUE = "one name per value"


CONTINUOUS, NAMED_FLAGS, UNIQUE = EnumCheck


def global_enum(cls, update_str=False):
    import sys
    sys.modules[cls.__module__].__dict__.update(cls.__members__)
    return cls
