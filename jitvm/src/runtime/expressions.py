"""Writes what CPython 3.11 says to the expressions of a file: expressions*.in to expressions*.txt, or the files named
as arguments. Run with PYTHONHASHSEED=0."""
import math, os, sys, time  # noqa: F401  (names for the expressions)


def outcome(source):
    try:
        return repr(eval(source))
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def main(source, target):
    out = []
    for line in open(source).read().splitlines():
        if line and not line.startswith("#"):
            result = outcome(line)
            assert "\n" not in result and " => " not in result, line
            line = f"{line} => {result}"
        out.append(line)
    with open(target, "w") as file:
        file.write("\n".join(out) + "\n")


here = os.path.dirname(os.path.abspath(__file__))
if len(sys.argv) > 1:
    main(*sys.argv[1:])
else:
    for name in ("expressions", "expressions_containers", "expressions_numbers"):
        main(*(os.path.join(here, f"{name}.{end}") for end in ("in", "txt")))
