"""Objects that stand in for others in tests and remember how they were used."""

import contextlib
import functools

__all__ = ("Mock", "MagicMock", "patch", "sentinel", "DEFAULT", "ANY", "call", "create_autospec", "AsyncMock",
           "NonCallableMock", "NonCallableMagicMock", "mock_open", "PropertyMock", "seal")


class _Sentinel:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return "sentinel.%s" % self.name


class _Sentinels:
    """Makes a unique object for each attribute."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = self.__dict__[name] = _Sentinel(name)
        return value


sentinel = _Sentinels()
DEFAULT = sentinel.DEFAULT
_MISSING = sentinel.MISSING


class InvalidSpecError(Exception):
    pass


class _Any:
    """Equal to everything."""

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __repr__(self):
        return "<ANY>"


ANY = _Any()


def _signature(name, args, kwargs):
    parts = [repr(arg) for arg in args] + ["%s=%r" % item for item in kwargs.items()]
    return "%s(%s)" % (name, ", ".join(parts))


class _Call(tuple):
    """A call: (name, args, kwargs), or two of these for `call_args`."""

    def __new__(cls, value=(), name="", parent=None, two=False):
        args, kwargs = (), {}
        for part in value:
            if isinstance(part, str):
                name = part
            elif isinstance(part, tuple):
                args = part
            else:
                kwargs = part
        self = tuple.__new__(cls, (args, kwargs) if two else (name, args, kwargs))
        self._name, self._parent = name, parent
        return self

    def _parts(self):
        return self if len(self) == 3 else ("", *self)

    args = property(lambda self: self._parts()[1])
    kwargs = property(lambda self: self._parts()[2])

    def __eq__(self, other):
        if not isinstance(other, tuple) or len(other) > 3:
            return False
        if not isinstance(other, _Call):
            other = _Call(other)
        (name, args, kwargs), (its_name, its_args, its_kwargs) = self._parts(), other._parts()
        if name and its_name and name != its_name:
            return False
        return (its_args, its_kwargs) == (args, kwargs) if any(a is ANY for a in its_args) else \
            (args, kwargs) == (its_args, its_kwargs)

    def __ne__(self, other):
        return not self == other

    __hash__ = None

    def __call__(self, *args, **kwargs):
        return _Call((self._name or "", args, kwargs), name=self._name)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Call(name="%s.%s" % (self._name, name) if self._name else name)

    def __repr__(self):
        name, args, kwargs = self._parts()
        name = "call" if not name else name if name.startswith("call") else "call." + name
        return _signature(name, args, kwargs)


call = _Call()


class _CallList(list):
    def __contains__(self, value):
        if not isinstance(value, list):
            return list.__contains__(self, value)
        size = len(value)
        return any(list(self[i:i + size]) == value for i in range(len(self) - size + 1))

    def __repr__(self):
        import pprint
        return pprint.pformat(list(self))


_OWN = {"return_value", "side_effect", "_children", "_name", "_parent", "_spec", "call_count", "call_args",
        "call_args_list", "mock_calls", "method_calls", "called", "_return", "_wraps", "_sealed", "_spec_class"}


class NonCallableMock:
    """Has any attribute that is asked for, a mock too."""

    def __new__(cls, *args, **kwargs):
        # A class of its own for each mock, for special methods and properties.
        return object.__new__(type(cls.__name__, (cls,), {"__doc__": cls.__doc__, "__module__": cls.__module__}))

    def __init__(self, spec=None, wraps=None, name=None, spec_set=None, parent=None, side_effect=None,
                 return_value=DEFAULT, **kwargs):
        own = self.__dict__
        spec = spec if spec is not None else spec_set
        own.update(_children={}, _name=name, _parent=parent, _wraps=wraps, _sealed=False, side_effect=None,
                   _spec=None if spec is None else set(spec) if isinstance(spec, (list, tuple)) else set(dir(spec)),
                   _spec_class=None if spec is None or isinstance(spec, (list, tuple)) else
                   spec if isinstance(spec, type) else type(spec), _return=return_value)
        self._forget()
        self.side_effect = side_effect
        for key, value in kwargs.items():
            self._set_path(key, value)

    def _forget(self):
        self.__dict__.update(called=False, call_count=0, call_args=None, call_args_list=_CallList(),
                             mock_calls=_CallList(), method_calls=_CallList())

    def _set_path(self, path, value):
        target, *rest = self, *path.split(".")
        for name in rest[:-1]:
            target = getattr(target, name)
        setattr(target, rest[-1], value)

    def configure_mock(self, /, **kwargs):
        for key, value in kwargs.items():
            self._set_path(key, value)

    def attach_mock(self, mock, attribute):
        mock.__dict__["_parent"] = None
        setattr(self, attribute, mock)

    def reset_mock(self, visited=None, *, return_value=False, side_effect=False):
        self._forget()
        if return_value:
            self.__dict__["_return"] = DEFAULT
        if side_effect:
            self.__dict__["side_effect"] = None
        for child in self._children.values():
            if isinstance(child, NonCallableMock):
                child.reset_mock(return_value=return_value, side_effect=side_effect)

    def _child(self, **kwargs):
        kind = type(self).__mro__[1]
        if kind in (NonCallableMock, NonCallableMagicMock):
            kind = {NonCallableMock: Mock, NonCallableMagicMock: MagicMock}[kind]
        return kind(**kwargs)

    def _path(self):
        if self._parent is not None:
            separator = "" if self._name == "()" else "."
            return self._parent._path() + separator + self._name
        return self._name or "mock"

    def __getattr__(self, name):
        if name in _OWN or name == "_mock_methods":
            raise AttributeError(name)
        if name.startswith("assert") or name in ("assret", "asert", "aseert", "assrt"):
            raise AttributeError("%r is not a valid assertion. Use a spec for the mock if %r is meant to be an "
                                 "attribute." % (name, name))
        if self._spec is not None and name not in self._spec:
            raise AttributeError("Mock object has no attribute %r" % name)
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        children = self._children
        if name in children:
            if children[name] is _MISSING:
                raise AttributeError(name)
            return children[name]
        if self._sealed:
            raise AttributeError("%s.%s" % (self._path(), name))
        wraps = getattr(self._wraps, name) if self._wraps is not None else None
        child = children[name] = self._child(name=name, parent=self, wraps=wraps)
        return child

    def __setattr__(self, name, value):
        if name == "return_value":
            self.__dict__["_return"] = value
            if isinstance(value, NonCallableMock) and value._parent is None and value._name is None:
                value.__dict__.update(_parent=self, _name="()")
        elif name == "side_effect":
            if value is not None and not callable(value) and not _is_exception(value):
                value = iter(value)
            self.__dict__["side_effect"] = value
        elif name.startswith("__") and name.endswith("__") and name not in ("__class__", "__dict__"):
            if isinstance(value, NonCallableMock):
                setattr(type(self), name, lambda self, *args, **kwargs: value(*args, **kwargs))
                self._children[name] = value
            else:
                setattr(type(self), name, lambda self, *args, **kwargs: value(self, *args, **kwargs))
        elif name in _OWN:
            self.__dict__[name] = value
        else:
            if isinstance(value, NonCallableMock) and value._parent is None and value._name is None:
                value.__dict__.update(_parent=self, _name=name)
            if isinstance(getattr(type(self), name, None), property):
                object.__setattr__(self, name, value)
            self._children[name] = value
            if not isinstance(value, NonCallableMock):
                self.__dict__[name] = value

    def __delattr__(self, name):
        self.__dict__.pop(name, None)
        self._children[name] = _MISSING

    @property
    def return_value(self):
        if self._return is DEFAULT:
            self.__dict__["_return"] = self._child(name="()", parent=self)
        return self._return

    @property
    def __class__(self):
        return self._spec_class or type(self)

    def __dir__(self):
        return sorted({*object.__dir__(self), *self._children} if self._spec is None else self._spec)

    def __repr__(self):
        title = type(self).__name__
        name = self._path() if self._name or self._parent else ""
        spec = " spec=%r" % self._spec_class.__name__ if self._spec_class else ""
        return "<%s%s%s id='%d'>" % (title, " name=%r" % name if name else "", spec, id(self))

    def _note(self, args, kwargs):
        own = self.__dict__
        own["called"] = True
        own["call_count"] += 1
        own["call_args"] = _Call((args, kwargs), two=True)
        own["call_args_list"].append(own["call_args"])
        own["mock_calls"].append(_Call(("", args, kwargs)))
        name, mock = self._name, self
        is_method = name != "()"
        while mock._parent is not None:
            parent = mock._parent
            if is_method:
                parent.method_calls.append(_Call((name, args, kwargs)))
            parent.mock_calls.append(_Call((name, args, kwargs)))
            if mock._name == "()":
                is_method = False
            mock = parent
            if mock._parent is not None:
                name = mock._name + ("" if name.startswith("()") else ".") + name
                is_method = is_method and mock._name != "()"

    def _expected(self, args, kwargs):
        return _signature(self._name or "mock", args, kwargs)

    def _title(self):
        return self._name or "mock"

    def _calls_text(self):
        return "\nCalls: %r." % self.mock_calls if self.mock_calls else ""

    def assert_called(self):
        if self.call_count == 0:
            raise AssertionError("Expected '%s' to have been called." % self._title())

    def assert_not_called(self):
        if self.call_count != 0:
            raise AssertionError("Expected '%s' to not have been called. Called %s times.%s"
                                 % (self._title(), self.call_count, self._calls_text()))

    def assert_called_once(self):
        if self.call_count != 1:
            raise AssertionError("Expected '%s' to have been called once. Called %s times.%s"
                                 % (self._title(), self.call_count, self._calls_text()))

    def assert_called_with(self, /, *args, **kwargs):
        if self.call_args is None:
            raise AssertionError("expected call not found.\nExpected: %s\n  Actual: not called." % self._expected(args, kwargs))
        if self.call_args != _Call((args, kwargs), two=True):
            raise AssertionError("expected call not found.\nExpected: %s\n  Actual: %s"
                                 % (self._expected(args, kwargs), self._expected(*self.call_args)))

    def assert_called_once_with(self, /, *args, **kwargs):
        if self.call_count != 1:
            raise AssertionError("Expected '%s' to be called once. Called %s times.%s"
                                 % (self._title(), self.call_count, self._calls_text()))
        self.assert_called_with(*args, **kwargs)

    def assert_any_call(self, /, *args, **kwargs):
        if _Call((args, kwargs), two=True) not in list(self.call_args_list):
            raise AssertionError("%s call not found" % self._expected(args, kwargs))

    def assert_has_calls(self, calls, any_order=False):
        calls = list(calls)
        if not any_order:
            if calls not in self.mock_calls:
                raise AssertionError("Calls not found.\nExpected: %r\n  Actual: %r" % (_CallList(calls), self.mock_calls))
            return
        left, missing = list(self.mock_calls), []
        for one in calls:
            try:
                left.remove(one)
            except ValueError:
                missing.append(one)
        if missing:
            raise AssertionError("%r does not contain all of %r in its call list, found %r instead"
                                 % (self._title(), tuple(missing), left))


def _is_exception(value):
    return isinstance(value, BaseException) or isinstance(value, type) and issubclass(value, BaseException)


class Mock(NonCallableMock):
    """A mock that can be called."""

    def __call__(self, /, *args, **kwargs):
        self._note(args, kwargs)
        return self._answer(args, kwargs)

    def _answer(self, args, kwargs):
        effect = self.side_effect
        if effect is not None:
            if _is_exception(effect):
                raise effect
            if callable(effect):
                result = effect(*args, **kwargs)
            else:
                result = next(effect)
                if _is_exception(result):
                    raise result
            if result is not DEFAULT:
                return result
        if self._return is DEFAULT and self._wraps is not None:
            return self._wraps(*args, **kwargs)
        return self.return_value


def _magic(name, default):
    def method(self, *args, **kwargs):
        child = self._children.get(name)
        if child is None:
            child = self._children[name] = MagicMock(name=name, parent=self)
            if default is not DEFAULT:
                child.return_value = default(self) if callable(default) else default
        return child(*args, **kwargs)
    return method


class _Magic:
    """Special methods that answer with a mock or a plain value."""

    def __getattr__(self, name):
        if name in _MAGIC:
            child = self._children.get(name)
            if child is None:
                child = self._children[name] = MagicMock(name=name, parent=self)
            return child
        return super().__getattr__(name)

    def __getattribute__(self, name):
        if name in _MAGIC:
            return _Magic.__getattr__(self, name)
        return object.__getattribute__(self, name)


_MAGIC = {"__len__": 0, "__bool__": True, "__int__": 1, "__float__": 1.0, "__index__": 1, "__complex__": 1j,
          "__contains__": False, "__iter__": lambda self: iter([]), "__exit__": False, "__enter__": DEFAULT,
          "__getitem__": DEFAULT, "__setitem__": DEFAULT, "__delitem__": DEFAULT}
for _name in ("add sub mul truediv floordiv mod pow lshift rshift and or xor radd rsub rmul neg pos abs invert "
              "matmul").split():
    _MAGIC["__%s__" % _name] = DEFAULT
for _name, _default in _MAGIC.items():
    setattr(_Magic, _name, _magic(_name, _default))


class NonCallableMagicMock(_Magic, NonCallableMock):
    pass


class MagicMock(_Magic, Mock):
    """A mock with the special methods of containers, numbers and context managers."""


class AsyncMock(MagicMock):
    """A mock whose calls are awaited."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.__dict__.update(await_count=0, await_args=None, await_args_list=_CallList())

    def __call__(self, /, *args, **kwargs):
        self._note(args, kwargs)
        return self._awaited(args, kwargs)

    async def _awaited(self, args, kwargs):
        own = self.__dict__
        own["await_count"] += 1
        own["await_args"] = _Call((args, kwargs), two=True)
        own["await_args_list"].append(own["await_args"])
        result = self._answer(args, kwargs)
        return await result if hasattr(type(result), "__await__") else result

    def assert_awaited(self):
        if self.await_count == 0:
            raise AssertionError("Expected %s to have been awaited." % self._title())

    def assert_awaited_once(self):
        if self.await_count != 1:
            raise AssertionError("Expected %s to have been awaited once. Awaited %s times."
                                 % (self._title(), self.await_count))

    def assert_awaited_once_with(self, /, *args, **kwargs):
        self.assert_awaited_once()
        if self.await_args != _Call((args, kwargs), two=True):
            raise AssertionError("expected await not found.\nExpected: %s\n  Actual: %s"
                                 % (self._expected(args, kwargs), self._expected(*self.await_args)))


class PropertyMock(Mock):
    """A mock to be used as a property of a class."""

    def __get__(self, obj, obj_type=None):
        return self()

    def __set__(self, obj, val):
        self(val)


def seal(mock):
    mock.__dict__["_sealed"] = True
    for child in mock._children.values():
        if isinstance(child, NonCallableMock):
            seal(child)


def create_autospec(spec, spec_set=False, instance=False, _parent=None, _name=None, **kwargs):
    return MagicMock(spec=spec, name=_name, **kwargs)


def mock_open(mock=None, read_data=""):
    """A stand-in for `open` whose files hold `read_data`."""
    import io
    mock = MagicMock(name="open") if mock is None else mock

    def make(*args, **kwargs):
        data = io.BytesIO(read_data) if isinstance(read_data, bytes) else io.StringIO(read_data)
        for name in ("read", "readline", "readlines"):
            getattr(handle, name).side_effect = getattr(data, name)
        handle.__iter__ = lambda self: iter(data)
        return DEFAULT

    handle = MagicMock()
    handle.__enter__.return_value = handle
    mock.side_effect = make
    mock.return_value = handle
    return mock


def _imported(path):
    name, *rest = path.split(".")
    value = __import__(name)
    for part in rest:
        name += "." + part
        try:
            value = getattr(value, part)
        except AttributeError:
            __import__(name)
            value = getattr(value, part)
    return value


class _Patch:
    """Replaces an attribute for a while: a decorator or context manager, or by start and stop."""

    def __init__(self, get, attribute, new, spec, create, new_callable, kwargs):
        self._get, self._attribute, self._new, self._spec = get, attribute, new, spec
        self._create, self._new_callable, self._kwargs = create, new_callable, kwargs

    def __enter__(self):
        target, name = self._get(), self._attribute
        own = getattr(target, "__dict__", {})
        self._local = name in own
        old = own[name] if self._local else getattr(target, name, _MISSING)
        if old is _MISSING and not self._create:
            raise AttributeError("%s does not have the attribute %r" % (target, name))
        new = self._new
        if new is DEFAULT:
            maker = self._new_callable
            if maker is None:
                import inspect
                maker = AsyncMock if inspect.iscoroutinefunction(old) else MagicMock
            arguments = dict(self._kwargs)
            if self._spec is not None:
                arguments["spec"] = old if self._spec is True else self._spec
            if isinstance(maker, type) and issubclass(maker, NonCallableMock):
                arguments.setdefault("name", name)
            new = maker(**arguments)
        self._target, self._old = target, old
        setattr(target, name, new)
        return new

    def __exit__(self, *exc_info):
        if self._old is _MISSING or not self._local:
            delattr(self._target, self._attribute)
            if not self._local and self._old is not _MISSING and not hasattr(self._target, self._attribute):
                setattr(self._target, self._attribute, self._old)
        else:
            setattr(self._target, self._attribute, self._old)
        return False

    def start(self):
        result = self.__enter__()
        _started.append(self)
        return result

    def stop(self):
        if self in _started:
            _started.remove(self)
            self.__exit__(None, None, None)

    def __call__(self, function):
        if isinstance(function, type):
            for name in dir(function):
                value = getattr(function, name)
                if name.startswith(patch.TEST_PREFIX) and callable(value):
                    setattr(function, name, self._copy()(value))
            return function
        patches = getattr(function, "patchings", None)
        if patches is not None:
            patches.append(self)
            return function

        @functools.wraps(function)
        def patched(*args, **kwargs):
            with contextlib.ExitStack() as stack:
                for one in patched.patchings:
                    value = stack.enter_context(one)
                    if one._new is DEFAULT:
                        args += (value,)
                return function(*args, **kwargs)

        patched.patchings = [self]
        return patched

    def _copy(self):
        return _Patch(self._get, self._attribute, self._new, self._spec, self._create, self._new_callable, self._kwargs)


_started = []


def patch(target, new=DEFAULT, spec=None, create=False, spec_set=None, autospec=None, new_callable=None, **kwargs):
    """Replaces what a dotted name stands for."""
    try:
        owner, attribute = target.rsplit(".", 1)
    except (TypeError, ValueError, AttributeError):
        raise TypeError("Need a valid target to patch. You supplied: %r" % (target,)) from None
    return _Patch(lambda: _imported(owner), attribute, new, spec or spec_set or autospec, create, new_callable, kwargs)


def _patch_object(target, attribute, new=DEFAULT, spec=None, create=False, spec_set=None, autospec=None,
                  new_callable=None, **kwargs):
    return _Patch(lambda: target, attribute, new, spec or spec_set or autospec, create, new_callable, kwargs)


class _PatchDict:
    """Changes a mapping for a while."""

    def __init__(self, in_dict, values=(), clear=False, **kwargs):
        self._given, self._values, self._clear = in_dict, {**dict(values), **kwargs}, clear
        self._new = None

    def __enter__(self):
        self._target = _imported(self._given) if isinstance(self._given, str) else self._given
        self._old = dict(self._target)
        if self._clear:
            self._target.clear()
        self._target.update(self._values)
        return self._target

    def __exit__(self, *exc_info):
        self._target.clear()
        self._target.update(self._old)
        return False

    start = _Patch.start
    stop = _Patch.stop
    __call__ = _Patch.__call__

    def _copy(self):
        return _PatchDict(self._given, self._values, self._clear)


def _stop_all():
    for one in reversed(list(_started)):
        one.stop()


patch.object = _patch_object
patch.dict = _PatchDict
patch.stopall = _stop_all
patch.TEST_PREFIX = "test"
