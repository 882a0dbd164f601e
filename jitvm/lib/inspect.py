"""Looking into functions, classes and modules."""

import enum
import linecache
import sys
import types
from collections import OrderedDict, namedtuple

CO_OPTIMIZED, CO_NEWLOCALS, CO_VARARGS, CO_VARKEYWORDS, CO_NESTED, CO_GENERATOR = 1, 2, 4, 8, 16, 32
CO_NOFREE, CO_COROUTINE, CO_ITERABLE_COROUTINE, CO_ASYNC_GENERATOR = 64, 128, 256, 512
GEN_CREATED, GEN_RUNNING, GEN_SUSPENDED, GEN_CLOSED = "GEN_CREATED", "GEN_RUNNING", "GEN_SUSPENDED", "GEN_CLOSED"
CORO_CREATED, CORO_RUNNING, CORO_SUSPENDED, CORO_CLOSED = "CORO_CREATED", "CORO_RUNNING", "CORO_SUSPENDED", "CORO_CLOSED"

_Builtin = types.BuiltinFunctionType
_Slot = type(object.__init__)
_MethodDescriptor = type(str.join)


def ismodule(object):
    return isinstance(object, types.ModuleType)


def isclass(object):
    return isinstance(object, type)


def ismethod(object):
    return isinstance(object, types.MethodType)


def isfunction(object):
    return isinstance(object, types.FunctionType)


def isbuiltin(object):
    return isinstance(object, _Builtin)


def iscode(object):
    return isinstance(object, types.CodeType)


def isframe(object):
    return isinstance(object, types.FrameType)


def istraceback(object):
    return isinstance(object, types.TracebackType)


def isgenerator(object):
    return isinstance(object, types.GeneratorType)


def iscoroutine(object):
    return isinstance(object, types.CoroutineType)


def isasyncgen(object):
    return isinstance(object, types.AsyncGeneratorType)


def isroutine(object):
    return isbuiltin(object) or isfunction(object) or ismethod(object) or ismethoddescriptor(object)


def ismethoddescriptor(object):
    if isclass(object) or ismethod(object) or isfunction(object):
        return False
    kind = type(object)
    return hasattr(kind, "__get__") and not hasattr(kind, "__set__")


def isdatadescriptor(object):
    if isclass(object) or ismethod(object) or isfunction(object):
        return False
    kind = type(object)
    return hasattr(kind, "__set__") or hasattr(kind, "__delete__")


def ismemberdescriptor(object):
    return isinstance(object, types.MemberDescriptorType)


def isgetsetdescriptor(object):
    return isinstance(object, types.GetSetDescriptorType)


def isawaitable(object):
    return isinstance(object, types.CoroutineType) or hasattr(type(object), "__await__")


def isabstract(object):
    return isinstance(object, type) and bool(getattr(object, "__abstractmethods__", ()))


def _flags(value):
    while True:
        if ismethod(value):
            value = value.__func__
        elif type(value).__name__ == "partial" and hasattr(value, "func"):
            value = value.func
        else:
            break
    return value.__code__.co_flags if isfunction(value) else 0


def isgeneratorfunction(obj):
    return bool(_flags(obj) & CO_GENERATOR)


def iscoroutinefunction(obj):
    return bool(_flags(obj) & CO_COROUTINE)


def isasyncgenfunction(obj):
    return bool(_flags(obj) & CO_ASYNC_GENERATOR)


def getmembers(object, predicate=None):
    """The attributes of an object by name, as pairs."""
    names = dir(object)
    if isclass(object):
        for base in object.__bases__:
            names += [name for name, value in base.__dict__.items()
                      if isinstance(value, types.DynamicClassAttribute) and name not in names] \
                if hasattr(types, "DynamicClassAttribute") else []
    result = []
    for name in names:
        try:
            value = getattr(object, name)
        except AttributeError:
            continue
        if not predicate or predicate(value):
            result.append((name, value))
    result.sort(key=lambda pair: pair[0])
    return result


def getmro(cls):
    return cls.__mro__


Attribute = namedtuple("Attribute", "name kind defining_class object")


def classify_class_attrs(cls):
    result = []
    for name in dir(cls):
        for owner in cls.__mro__:
            if name in owner.__dict__:
                value = owner.__dict__[name]
                kind = "static method" if isinstance(value, staticmethod) else \
                    "class method" if isinstance(value, classmethod) else \
                    "property" if isinstance(value, property) else "method" if isroutine(value) else "data"
                result.append(Attribute(name, kind, owner, value))
                break
    return result


def unwrap(func, *, stop=None):
    seen = {id(func)}
    while hasattr(func, "__wrapped__") and not (stop is not None and stop(func)):
        func = func.__wrapped__
        if id(func) in seen:
            raise ValueError("wrapper loop when unwrapping {!r}".format(func))
        seen.add(id(func))
    return func


def cleandoc(doc):
    """A docstring without its indentation."""
    try:
        lines = doc.expandtabs().split("\n")
    except UnicodeError:
        return None
    margin = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=None)
    lines[0] = lines[0].lstrip()
    if margin is not None:
        lines[1:] = [line[margin:] for line in lines[1:]]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        del lines[0]
    return "\n".join(lines)


def getdoc(object):
    doc = getattr(object, "__doc__", None)
    if doc is None:
        owners, name = (), getattr(object, "__name__", None)
        if isclass(object):
            for base in object.__mro__[1:]:
                if base is not builtins_object and base.__doc__ is not None:
                    doc = base.__doc__
                    break
        elif ismethod(object):
            owners = type(object.__self__).__mro__
        for owner in owners:
            doc = getattr(owner.__dict__.get(name), "__doc__", None)
            if doc is not None:
                break
    return cleandoc(doc) if isinstance(doc, str) else None


builtins_object = object


def getmodule(object, _filename=None):
    if ismodule(object):
        return object
    return sys.modules.get(getattr(object, "__module__", None))


def getmodulename(path):
    import os
    name = os.path.basename(path)
    return name[:-3] if name.endswith(".py") else None


def _code(object):
    if ismethod(object):
        object = object.__func__
    if isfunction(object):
        object = object.__code__
    if istraceback(object):
        object = object.tb_frame
    if isframe(object):
        object = object.f_code
    return object


def getfile(object):
    if ismodule(object):
        if getattr(object, "__file__", None):
            return object.__file__
        raise TypeError("{!r} is a built-in module".format(object))
    if isclass(object):
        module = sys.modules.get(object.__module__)
        if getattr(module, "__file__", None):
            return module.__file__
        if object.__module__ == "__main__":
            raise OSError("source code not available")
        raise TypeError("{!r} is a built-in class".format(object))
    code = _code(object)
    if iscode(code):
        return code.co_filename
    raise TypeError("module, class, method, function, traceback, frame, or code object was expected, got {}".format(
        type(object).__name__))


def getsourcefile(object):
    import os
    name = getfile(object)
    return name if os.path.exists(name) else None


def getblock(lines):
    """The first block of some lines: all up to the next one that is indented no deeper."""
    margin = len(lines[0]) - len(lines[0].lstrip())
    end, header, depth = 0, True, 0
    last = 0
    quote = None
    for number, line in enumerate(lines):
        text = line.strip()
        open_before = depth > 0 or quote is not None
        at = 0
        while at < len(line):
            if quote:
                found = line.find(quote, at)
                if found < 0:
                    break
                at, quote = found + len(quote), None
                continue
            c = line[at]
            if c == "#":
                break
            if line[at:at + 3] in ('"' * 3, "'" * 3):
                quote = line[at:at + 3]
                at += 3
                continue
            if c in "\"'":
                at += 1
                while at < len(line) and line[at] != c:
                    at += 2 if line[at] == "\\" else 1
            elif c in "([{":
                depth += 1
            elif c in ")]}":
                depth -= 1
            at += 1
        if not text:
            continue
        indent = len(line) - len(line.lstrip())
        if not header and not open_before and indent <= margin:
            break
        if not text.startswith("#") or open_before or indent > margin:
            last = number
        if header and depth == 0 and quote is None and not text.startswith("@") and not text.startswith("#"):
            header = False
    return lines[:last + 1]


def findsource(object):
    name = getfile(object)
    lines = linecache.getlines(name)
    if not lines:
        raise OSError("could not get source code")
    if ismodule(object):
        return lines, 0
    if isclass(object):
        import re
        path = object.__qualname__.replace(".<locals>", "").split(".")
        place = -1
        for part in path:
            pattern = re.compile(r"^\s*(?:class|def|async\s+def)\s+%s\b" % re.escape(part))
            for number in range(place + 1, len(lines)):
                if pattern.match(lines[number]):
                    place = number
                    break
            else:
                raise OSError("could not find class definition")
        while place > 0 and lines[place - 1].lstrip().startswith("@"):
            place -= 1
        return lines, place
    return lines, max(_code(object).co_firstlineno - 1, 0)


def getsourcelines(object):
    object = unwrap(object)
    lines, place = findsource(object)
    if ismodule(object):
        return lines, 0
    return getblock(lines[place:]), place + 1


def getsource(object):
    return "".join(getsourcelines(object)[0])


def getcomments(object):
    try:
        lines, place = findsource(object)
    except (OSError, TypeError):
        return None
    end = place
    while place > 0 and lines[place - 1].lstrip().startswith("#"):
        place -= 1
    return "".join(line.lstrip() for line in lines[place:end]) or None


class _Empty:
    """Marks what a signature does not have."""


_Empty.__name__ = _Empty.__qualname__ = "_empty"


class _ParameterKind(enum.IntEnum):
    POSITIONAL_ONLY = 0
    POSITIONAL_OR_KEYWORD = 1
    VAR_POSITIONAL = 2
    KEYWORD_ONLY = 3
    VAR_KEYWORD = 4

    def __str__(self):
        return self._name_

    @property
    def description(self):
        return ("positional-only", "positional or keyword", "variadic positional", "keyword-only",
                "variadic keyword")[self]


def formatannotation(annotation, base_module=None):
    if getattr(annotation, "__module__", None) == "typing":
        return repr(annotation).replace("typing.", "")
    if isinstance(annotation, types.GenericAlias):
        return str(annotation)
    if isinstance(annotation, type):
        if annotation.__module__ in ("builtins", base_module):
            return annotation.__qualname__
        return annotation.__module__ + "." + annotation.__qualname__
    return repr(annotation)


class Parameter:
    """A parameter of a function."""

    __slots__ = ("_name", "_kind", "_default", "_annotation")
    POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD, VAR_POSITIONAL, KEYWORD_ONLY, VAR_KEYWORD = _ParameterKind
    empty = _Empty

    def __init__(self, name, kind, *, default=_Empty, annotation=_Empty):
        try:
            self._kind = _ParameterKind(kind)
        except ValueError:
            raise ValueError("value {!r} is not a valid Parameter.kind".format(kind)) from None
        if default is not _Empty and self._kind in (2, 4):
            raise ValueError("{} parameters cannot have default values".format(self._kind.description))
        if not isinstance(name, str):
            raise TypeError("name must be a str, not a {}".format(type(name).__name__))
        if not name.isidentifier():
            raise ValueError("{!r} is not a valid parameter name".format(name))
        self._name, self._default, self._annotation = name, default, annotation

    name = property(lambda self: self._name)
    default = property(lambda self: self._default)
    annotation = property(lambda self: self._annotation)
    kind = property(lambda self: self._kind)

    def replace(self, *, name=_Empty, kind=_Empty, annotation=_Empty, default=_Empty):
        pick = lambda new, old: old if new is _Empty else new
        return type(self)(pick(name, self._name), pick(kind, self._kind), default=pick(default, self._default),
                          annotation=pick(annotation, self._annotation))

    def __str__(self):
        text = self._name
        if self._annotation is not _Empty:
            text += ": " + formatannotation(self._annotation)
        if self._default is not _Empty:
            text += (" = " if self._annotation is not _Empty else "=") + repr(self._default)
        return "*" * (self._kind // 2 if self._kind in (2, 4) else 0) + text

    def __repr__(self):
        return '<{} "{}">'.format(type(self).__name__, self)

    def _all(self):
        return self._name, self._kind, self._default, self._annotation

    def __eq__(self, other):
        return self._all() == other._all() if isinstance(other, Parameter) else NotImplemented

    def __hash__(self):
        return hash(self._all())


class BoundArguments:
    """The arguments of a call by the names of its parameters."""

    def __init__(self, signature, arguments):
        self.arguments, self._signature = arguments, signature

    signature = property(lambda self: self._signature)

    @property
    def args(self):
        args = []
        for name, parameter in self._signature.parameters.items():
            if parameter.kind in (3, 4) or name not in self.arguments:
                break
            value = self.arguments[name]
            args.extend(value) if parameter.kind == 2 else args.append(value)
        return tuple(args)

    @property
    def kwargs(self):
        kwargs, by_name = {}, False
        for name, parameter in self._signature.parameters.items():
            if not by_name and parameter.kind in (3, 4):
                by_name = True
            elif not by_name and name not in self.arguments:
                by_name = True
                continue
            if by_name and name in self.arguments:
                value = self.arguments[name]
                kwargs.update(value) if parameter.kind == 4 else kwargs.__setitem__(name, value)
        return kwargs

    def apply_defaults(self):
        new = {}
        for name, parameter in self._signature.parameters.items():
            if name in self.arguments:
                new[name] = self.arguments[name]
            elif parameter.default is not _Empty:
                new[name] = parameter.default
            elif parameter.kind == 2:
                new[name] = ()
            elif parameter.kind == 4:
                new[name] = {}
        self.arguments = new

    def __eq__(self, other):
        if not isinstance(other, BoundArguments):
            return NotImplemented
        return self._signature == other._signature and self.arguments == other.arguments

    def __repr__(self):
        return "<{} ({})>".format(type(self).__name__, ", ".join("%s=%r" % item for item in self.arguments.items()))


class Signature:
    """The parameters of a callable and the annotation of what it returns."""

    empty = _Empty

    def __init__(self, parameters=None, *, return_annotation=_Empty, __validate_parameters__=True):
        found, kind, had_default = OrderedDict(), 0, False
        for parameter in parameters or ():
            if parameter.kind < kind:
                raise ValueError("wrong parameter order: {} parameter before {} parameter".format(
                    _ParameterKind(kind).description, parameter.kind.description))
            if parameter.kind > kind:
                kind = parameter.kind
            if parameter.kind in (0, 1):
                if parameter.default is not _Empty:
                    had_default = True
                elif had_default:
                    raise ValueError("non-default argument follows default argument")
            if parameter.name in found:
                raise ValueError("duplicate parameter name: {!r}".format(parameter.name))
            found[parameter.name] = parameter
        self._parameters = types.MappingProxyType(dict(found))
        self._return = return_annotation

    parameters = property(lambda self: self._parameters)
    return_annotation = property(lambda self: self._return)

    @classmethod
    def from_callable(cls, obj, *, follow_wrapped=True, globals=None, locals=None, eval_str=False):
        return signature(obj, follow_wrapped=follow_wrapped)

    def replace(self, *, parameters=_Empty, return_annotation=_Empty):
        return type(self)(self._parameters.values() if parameters is _Empty else parameters,
                          return_annotation=self._return if return_annotation is _Empty else return_annotation)

    def _bind(self, args, kwargs, partial=False):
        arguments = {}
        parameters = list(self._parameters.values())
        left = list(args)
        kwargs = dict(kwargs)
        rest_name = None
        for parameter in parameters:
            name, kind = parameter.name, parameter.kind
            if kind == 2:
                if left:
                    arguments[name] = tuple(left)
                    left = []
            elif kind == 4:
                rest_name = name
            elif kind in (0, 1) and left:
                if kind == 1 and name in kwargs:
                    raise TypeError("multiple values for argument {!r}".format(name))
                arguments[name] = left.pop(0)
            elif kind != 0 and name in kwargs:
                arguments[name] = kwargs.pop(name)
            elif parameter.default is _Empty and not partial:
                if kind == 0 and name in kwargs:
                    raise TypeError("{!r} parameter is positional only, but was passed as a keyword".format(name))
                raise TypeError("missing a required argument: {!r}".format(name))
        if left:
            raise TypeError("too many positional arguments")
        if kwargs:
            if rest_name is None:
                raise TypeError("got an unexpected keyword argument {!r}".format(next(iter(kwargs))))
            arguments[rest_name] = kwargs
        return BoundArguments(self, arguments)

    def bind(self, /, *args, **kwargs):
        return self._bind(args, kwargs)

    def bind_partial(self, /, *args, **kwargs):
        return self._bind(args, kwargs, True)

    def __eq__(self, other):
        if not isinstance(other, Signature):
            return NotImplemented
        return dict(self._parameters) == dict(other._parameters) and self._return == other._return

    def __hash__(self):
        return hash((tuple(self._parameters.values()), self._return))

    def __repr__(self):
        return "<{} {}>".format(type(self).__name__, self)

    def __str__(self):
        parts, only_positional, star = [], False, False
        for parameter in self._parameters.values():
            if parameter.kind == 0:
                only_positional = True
            elif only_positional:
                parts.append("/")
                only_positional = False
            if parameter.kind == 2:
                star = True
            elif parameter.kind == 3 and not star:
                parts.append("*")
                star = True
            parts.append(str(parameter))
        if only_positional:
            parts.append("/")
        result = "(%s)" % ", ".join(parts)
        return result if self._return is _Empty else result + " -> " + formatannotation(self._return)


def _of_function(function):
    code = function.__code__
    names = code.co_varnames
    count, keyword_only = code.co_argcount, code.co_kwonlyargcount
    defaults = function.__defaults__ or ()
    named = function.__kwdefaults__ or {}
    annotations = function.__annotations__
    first_default = count - len(defaults)
    parameters = []
    for index, name in enumerate(names[:count]):
        parameters.append(Parameter(
            name, 0 if index < code.co_posonlyargcount else 1, annotation=annotations.get(name, _Empty),
            default=defaults[index - first_default] if index >= first_default else _Empty))
    at = count + keyword_only
    if code.co_flags & CO_VARARGS:
        parameters.append(Parameter(names[at], 2, annotation=annotations.get(names[at], _Empty)))
        at += 1
    for name in names[count:count + keyword_only]:
        parameters.append(Parameter(name, 3, default=named.get(name, _Empty), annotation=annotations.get(name, _Empty)))
    if code.co_flags & CO_VARKEYWORDS:
        parameters.append(Parameter(names[at], 4, annotation=annotations.get(names[at], _Empty)))
    return Signature(parameters, return_annotation=annotations.get("return", _Empty))


def _bound(found):
    """A signature without its first parameter."""
    parameters = list(found.parameters.values())
    if not parameters or parameters[0].kind in (3, 4):
        raise ValueError("invalid method signature")
    return found.replace(parameters=parameters if parameters[0].kind == 2 else parameters[1:])


def _of_partial(obj):
    found = signature(obj.func)
    try:
        bound = found.bind_partial(*obj.args, **obj.keywords)
    except TypeError as e:
        raise ValueError("partial object {!r} has incorrect arguments".format(obj)) from e
    parameters, by_name = [], False
    positional = len(obj.args)
    for index, (name, parameter) in enumerate(found.parameters.items()):
        if parameter.kind in (0, 1) and index < positional:
            continue
        if name in obj.keywords and parameter.kind != 4:
            parameters.append(parameter.replace(default=bound.arguments[name], kind=3))
            by_name = True
        elif by_name and parameter.kind == 1:
            parameters.append(parameter.replace(kind=3))
        elif not (by_name and parameter.kind == 2):
            parameters.append(parameter)
    return found.replace(parameters=parameters)


def signature(obj, *, follow_wrapped=True, globals=None, locals=None, eval_str=False):
    """The signature of a callable."""
    if not callable(obj):
        raise TypeError("{!r} is not a callable object".format(obj))
    if ismethod(obj):
        return _bound(signature(obj.__func__, follow_wrapped=follow_wrapped))
    if follow_wrapped:
        obj = unwrap(obj, stop=lambda f: hasattr(f, "__signature__") or ismethod(f))
        if ismethod(obj):
            return signature(obj)
    own = getattr(obj, "__signature__", None)
    if own is not None:
        if not isinstance(own, Signature):
            raise TypeError("unexpected object {!r} in __signature__ attribute".format(own))
        return own
    if isfunction(obj):
        return _of_function(obj)
    if type(obj).__name__ == "partial" and hasattr(obj, "func"):
        return _of_partial(obj)
    if isinstance(obj, type):
        for owner, name in ((type(obj), "__call__"), (obj, "__new__"), (obj, "__init__")):
            method = getattr(owner, name, None)
            if isfunction(method):
                return _bound(signature(method))
        if obj.__init__ is object.__init__ and obj.__new__ is object.__new__ and obj is not builtins_object:
            return Signature([])
        raise ValueError("no signature found for builtin type {!r}".format(obj))
    method = getattr(type(obj), "__call__", None)
    if isfunction(method):
        return _bound(signature(method))
    raise ValueError("no signature found for builtin {!r}".format(obj))


FullArgSpec = namedtuple("FullArgSpec", "args, varargs, varkw, defaults, kwonlyargs, kwonlydefaults, annotations")


def getfullargspec(func):
    """The parameters of a function as lists of names."""
    try:
        found = _of_function(func.__func__ if ismethod(func) else func) if isfunction(func) or ismethod(func) \
            else signature(func, follow_wrapped=False)
    except Exception as e:
        raise TypeError("unsupported callable") from e
    args, only, defaults, varargs, varkw, named, annotations = [], [], [], None, None, {}, {}
    if found.return_annotation is not _Empty:
        annotations["return"] = found.return_annotation
    for name, parameter in found.parameters.items():
        if parameter.kind in (0, 1):
            args.append(name)
            if parameter.default is not _Empty:
                defaults.append(parameter.default)
        elif parameter.kind == 2:
            varargs = name
        elif parameter.kind == 3:
            only.append(name)
            if parameter.default is not _Empty:
                named[name] = parameter.default
        else:
            varkw = name
        if parameter.annotation is not _Empty:
            annotations[name] = parameter.annotation
    return FullArgSpec(args, varargs, varkw, tuple(defaults) or None, only, named or None, annotations)


def getcallargs(func, /, *positional, **named):
    """Which parameter gets which argument in a call."""
    receiver = (func.__self__,) if ismethod(func) else ()
    bound = _of_function(func.__func__ if ismethod(func) else func).bind(*receiver, *positional, **named)
    bound.apply_defaults()
    return bound.arguments


ClosureVars = namedtuple("ClosureVars", "nonlocals globals builtins unbound")
Traceback = namedtuple("Traceback", "filename lineno function code_context index")
FrameInfo = namedtuple("FrameInfo", "frame filename lineno function code_context index")


def currentframe():
    return sys._getframe(1)


def getframeinfo(frame, context=1):
    line = frame.tb_lineno if istraceback(frame) else frame.f_lineno
    if istraceback(frame):
        frame = frame.tb_frame
    name = frame.f_code.co_filename
    text = linecache.getline(name, line)
    return Traceback(name, line, frame.f_code.co_name, [text] if text and context else None, 0 if text else None)


def _frames(frame):
    result = []
    while frame is not None:
        result.append(FrameInfo(frame, *getframeinfo(frame)))
        frame = frame.f_back
    return result


def stack(context=1):
    return _frames(sys._getframe(1))


def trace(context=1):
    result, tb = [], sys.exc_info()[2]
    while tb is not None:
        result.append(FrameInfo(tb.tb_frame, *getframeinfo(tb)))
        tb = tb.tb_next
    return result


def getgeneratorstate(generator):
    if generator.gi_running:
        return GEN_RUNNING
    if generator.gi_frame is None:
        return GEN_CLOSED
    return GEN_SUSPENDED if getattr(generator, "gi_suspended", False) else GEN_CREATED


def getcoroutinestate(coroutine):
    if coroutine.cr_running:
        return CORO_RUNNING
    if coroutine.cr_frame is None:
        return CORO_CLOSED
    return CORO_SUSPENDED if getattr(coroutine, "cr_suspended", False) else CORO_CREATED


def getattr_static(obj, attr, default=_Empty):
    """An attribute found without running descriptors or __getattr__."""
    if not isinstance(obj, type):
        own = getattr(obj, "__dict__", {})
        if attr in own:
            return own[attr]
        classes = type(obj).__mro__
    else:
        classes = (*obj.__mro__, *type(obj).__mro__)
    for cls in classes:
        if attr in cls.__dict__:
            return cls.__dict__[attr]
    if default is not _Empty:
        return default
    raise AttributeError(attr)


def get_annotations(obj, *, globals=None, locals=None, eval_str=False):
    found = obj.__dict__.get("__annotations__", {}) if isinstance(obj, type) else getattr(obj, "__annotations__", None) or {}
    if not eval_str:
        return dict(found)
    names = globals if globals is not None else vars(sys.modules.get(getattr(obj, "__module__", None), sys))
    return {key: eval(value, names, locals) if isinstance(value, str) else value for key, value in found.items()}
