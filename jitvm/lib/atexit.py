"""Functions to call when the program ends."""

_calls = []


def register(func, /, *args, **kwargs):
    """Has a function called at the end, the last registered first; returns it."""
    if not callable(func):
        raise TypeError("the first argument must be callable")
    _calls.append((func, args, kwargs))
    return func


def unregister(func):
    _calls[:] = [call for call in _calls if not (call[0] == func)]


def _clear():
    _calls.clear()


def _ncallbacks():
    return len(_calls)


def _run_exitfuncs():
    """Calls them all. What they raise is reported and ends nothing."""
    while _calls:
        func, args, kwargs = _calls.pop()
        try:
            func(*args, **kwargs)
        except BaseException as e:
            import _jitvm
            import sys
            shown = e.__traceback__
            e = e.with_traceback(shown.tb_next if shown else None)
            sys.stderr.write("Exception ignored in atexit callback: %r\n" % (func,) + _jitvm.format_exception(e))
