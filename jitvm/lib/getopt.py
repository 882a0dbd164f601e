"""Options of command lines, as C programs read them."""

import os

__all__ = ["GetoptError", "error", "getopt", "gnu_getopt"]


class GetoptError(Exception):
    def __init__(self, msg, opt=""):
        self.msg = msg
        self.opt = opt
        Exception.__init__(self, msg, opt)

    def __str__(self):
        return self.msg


error = GetoptError


def _long(opts, option, longopts, args):
    option, given, value = option.partition("=")
    candidates = [name for name in longopts if name.startswith(option)]
    if not candidates:
        raise GetoptError("option --%s not recognized" % option, option)
    if option in candidates:
        takes = False
    elif option + "=" in candidates:
        takes = True
    else:
        if len(candidates) > 1:
            raise GetoptError("option --%s not a unique prefix" % option, option)
        takes = candidates[0].endswith("=")
        option = candidates[0].rstrip("=")
    if takes:
        if not given:
            if not args:
                raise GetoptError("option --%s requires argument" % option, option)
            value, args = args[0], args[1:]
    elif given:
        raise GetoptError("option --%s must not have an argument" % option, option)
    opts.append(("--" + option, value if takes else ""))
    return args


def _short(opts, letters, shortopts, args):
    while letters:
        letter, letters = letters[0], letters[1:]
        at = shortopts.find(letter)
        if at < 0 or letter == ":":
            raise GetoptError("option -%s not recognized" % letter, letter)
        value = ""
        if shortopts[at + 1:at + 2] == ":":
            if not letters:
                if not args:
                    raise GetoptError("option -%s requires argument" % letter, letter)
                letters, args = args[0], args[1:]
            value, letters = letters, ""
        opts.append(("-" + letter, value))
    return args


def _parse(args, shortopts, longopts, mixed):
    opts = []
    rest = []
    longopts = [longopts] if isinstance(longopts, str) else list(longopts)
    if shortopts.startswith("+"):
        shortopts = shortopts[1:]
        mixed = False
    if os.environ.get("POSIXLY_CORRECT"):
        mixed = False
    while args:
        first = args[0]
        if first == "--":
            rest += args[1:]
            break
        if first.startswith("--"):
            args = _long(opts, first[2:], longopts, args[1:])
        elif first.startswith("-") and first != "-":
            args = _short(opts, first[1:], shortopts, args[1:])
        elif mixed:
            rest.append(first)
            args = args[1:]
        else:
            rest += args
            break
    return opts, rest


def getopt(args, shortopts, longopts=[]):
    return _parse(list(args), shortopts, longopts, False)


def gnu_getopt(args, shortopts, longopts=[]):
    return _parse(list(args), shortopts, longopts, True)
