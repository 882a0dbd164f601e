"""The values of the module sys that few programs use; each is made when it is first asked for."""

import sys
import posix


class _Record:
    """Named values, shown as a structure or namespace of `sys`."""

    def __init__(self, title, form, **values):
        self.__dict__.update(values)
        object.__setattr__(self, "_shown", (title, form, tuple(values)))

    def __repr__(self):
        title, form, names = self._shown
        return form % (title, ", ".join("%s=%r" % (name, getattr(self, name)) for name in names))


def displayhook(value):
    """Prints the value of an interactive expression."""
    if value is not None:
        import builtins
        builtins._ = None
        sys.stdout.write(repr(value) + "\n")
        builtins._ = value


def excepthook(exctype, value, traceback):
    """Prints the report of an exception that no one handles."""
    import _jitvm
    sys.stderr.write(_jitvm.format_exception(value))


def unraisablehook(unraisable, /):
    """Prints the report of an exception that no one can handle."""
    import _jitvm
    where = unraisable.object
    text = ""
    if where is not None:
        try:
            shown = repr(where)
        except BaseException:
            shown = "<object repr() failed>"
        text = "%s: %s\n" % (unraisable.err_msg or "Exception ignored in", shown)
    elif unraisable.err_msg:
        text = unraisable.err_msg + ":\n"
    sys.stderr.write(text + _jitvm.format_exception(unraisable.exc_value))


def report_ignored(exception, where):
    """Has the hook told of an exception that a finaliser or callback raised."""
    sys.unraisablehook(_Record("UnraisableHookArgs", "%s(%s)", exc_type=type(exception), exc_value=exception,
                               exc_traceback=exception.__traceback__, err_msg=None, object=where))


def _stdin():
    import io
    return io._standard(0)


def _executable():
    try:
        return posix.readlink("/proc/self/exe")
    except OSError:
        return ""


def _warning_options():
    items = posix.environ_items()
    given = dict(zip(items[::2], items[1::2])).get("PYTHONWARNINGS", "")
    return given.split(",") if given else []


def _flags():
    return _Record("sys.flags", "%s(%s)", debug=0, inspect=0, interactive=0, optimize=0, dont_write_bytecode=1,
                   no_user_site=0, no_site=0, ignore_environment=0, verbose=0, bytes_warning=0, quiet=0,
                   hash_randomization=0, isolated=0, dev_mode=False, utf8_mode=0, warn_default_encoding=0,
                   safe_path=False, int_max_str_digits=4300)


def _implementation():
    return _Record("namespace", "%s(%s)", name="jitvm", cache_tag="jitvm-311", version=sys.version_info,
                   hexversion=sys.hexversion, _multiarch="x86_64-linux-gnu")


class _AsyncgenHooks(tuple):
    firstiter = property(lambda self: self[0])
    finalizer = property(lambda self: self[1])

    def __repr__(self):
        return "asyncgen_hooks(firstiter=%r, finalizer=%r)" % self[:]


_unset = object()


def _get_asyncgen_hooks():
    import _jitvm
    return _AsyncgenHooks(_jitvm.asyncgen_hooks())


def _set_asyncgen_hooks(firstiter=_unset, finalizer=_unset):
    import _jitvm
    hooks = list(_jitvm.asyncgen_hooks())
    for index, (name, hook) in enumerate((("firstiter", firstiter), ("finalizer", finalizer))):
        if hook is _unset:
            continue
        if hook is not None and not callable(hook):
            raise TypeError("callable %s expected, got %s" % (name, type(hook).__name__))
        hooks[index] = hook
    _jitvm.set_asyncgen_hooks(*hooks)


_MAKERS = {
    "stdin": _stdin,
    "__stdin__": lambda: sys.stdin,
    "__stdout__": lambda: sys.stdout,
    "__stderr__": lambda: sys.stderr,
    "displayhook": lambda: displayhook,
    "__displayhook__": lambda: displayhook,
    "excepthook": lambda: excepthook,
    "__excepthook__": lambda: excepthook,
    "unraisablehook": lambda: unraisablehook,
    "__unraisablehook__": lambda: unraisablehook,
    "executable": _executable,
    "_base_executable": _executable,
    "flags": _flags,
    "implementation": _implementation,
    "prefix": lambda: "/usr",
    "exec_prefix": lambda: "/usr",
    "base_prefix": lambda: "/usr",
    "base_exec_prefix": lambda: "/usr",
    "copyright": lambda: "",
    "api_version": lambda: 1013,
    "dont_write_bytecode": lambda: True,
    "warnoptions": _warning_options,
    "orig_argv": lambda: list(sys.argv),
    "meta_path": list,
    "path_hooks": list,
    "path_importer_cache": dict,
    "builtin_module_names": lambda: ("_struct", "builtins", "gc", "marshal", "math", "posix", "sys", "time"),
    "float_repr_style": lambda: "short",
    "platlibdir": lambda: "lib",
    "hash_info": lambda: _Record("sys.hash_info", "%s(%s)", width=64, modulus=2305843009213693951, inf=314159,
                                 nan=0, imag=1000003, algorithm="siphash13", hash_bits=64, seed_bits=128, cutoff=0),
    "int_info": lambda: _Record("sys.int_info", "%s(%s)", bits_per_digit=30, sizeof_digit=4,
                                default_max_str_digits=4300, str_digits_check_threshold=640),
    "thread_info": lambda: _Record("sys.thread_info", "%s(%s)", name="pthread", lock="semaphore", version=None),
    "getfilesystemencodeerrors": lambda: lambda: "surrogateescape",
    "getswitchinterval": lambda: lambda: 0.005,
    "setswitchinterval": lambda: lambda interval: None,
    "gettrace": lambda: lambda: None,
    "settrace": lambda: lambda function: None,
    "getprofile": lambda: lambda: None,
    "setprofile": lambda: lambda function: None,
    "get_asyncgen_hooks": lambda: _get_asyncgen_hooks,
    "set_asyncgen_hooks": lambda: _set_asyncgen_hooks,
    "is_finalizing": lambda: lambda: False,
    "getallocatedblocks": lambda: lambda: 0,
    "audit": lambda: lambda event, *arguments: None,
    "addaudithook": lambda: lambda hook: None,
}


def make(name):
    maker = _MAKERS.get(name)
    return NotImplemented if maker is None else maker()
