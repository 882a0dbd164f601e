"""Writes expressions.txt: what CPython 3.11 says to expressions of this file. Run with PYTHONHASHSEED=0."""
import math, sys, time  # noqa: F401  (names for the expressions)

EXPRESSIONS = open(__file__.replace("expressions.py", "expressions.in")).read().splitlines()


def outcome(source):
    try:
        return repr(eval(source))
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def main():
    out = []
    for source in EXPRESSIONS:
        if not source or source.startswith("#"):
            out.append(source)
            continue
        result = outcome(source)
        assert "\n" not in result and " => " not in result, source
        out.append(f"{source} => {result}")
    open(__file__.replace(".py", ".txt"), "w").write("\n".join(out) + "\n")


main()
