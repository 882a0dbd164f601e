"""How long small pieces of code take."""

import gc
import time

__all__ = ["Timer", "timeit", "repeat", "default_timer"]

default_timer = time.perf_counter
default_number = 1000000
default_repeat = 5


class Timer:
    """Times a statement, given as source or callable, after a setup."""

    def __init__(self, stmt="pass", setup="pass", timer=default_timer, globals=None):
        self.timer = timer
        names = {} if globals is None else dict(globals)
        for role, code in (("setup", setup), ("stmt", stmt)):
            if isinstance(code, str):
                compile(code, "<timeit-src>", "exec")
            elif not callable(code):
                raise ValueError("%s is neither a string nor callable" % role)

        def indented(code, name, depth):
            if callable(code):
                names[name] = code
                code = name + "()"
            return "".join(" " * depth + line + "\n" for line in code.splitlines()) or " " * depth + "pass\n"

        source = ("def _inner(_iterations, _timer):\n" + indented(setup, "_setup", 4) + "    _start = _timer()\n"
                  "    for _ in _iterations:\n" + indented(stmt, "_stmt", 8) + "        pass\n"
                  "    return _timer() - _start\n")
        self.src = source
        exec(compile(source, "<timeit-src>", "exec"), names)
        self.inner = names["_inner"]

    def timeit(self, number=default_number):
        return self.inner(range(number), self.timer)

    def repeat(self, repeat=default_repeat, number=default_number):
        return [self.timeit(number) for _ in range(repeat)]

    def autorange(self, callback=None):
        scale = 1
        while True:
            for step in (1, 2, 5):
                number = scale * step
                taken = self.timeit(number)
                if callback:
                    callback(number, taken)
                if taken >= 0.2:
                    return number, taken
            scale *= 10

    def print_exc(self, file=None):
        import traceback
        traceback.print_exc(file=file)


def timeit(stmt="pass", setup="pass", timer=default_timer, number=default_number, globals=None):
    return Timer(stmt, setup, timer, globals).timeit(number)


def repeat(stmt="pass", setup="pass", timer=default_timer, repeat=default_repeat, number=default_number, globals=None):
    return Timer(stmt, setup, timer, globals).repeat(repeat, number)
