"""What this program runs on."""

import sys


def system():
    return "Linux"


def machine():
    return "x86_64"


def processor():
    return ""


def node():
    return _kernel("hostname")


def _kernel(name):
    try:
        with open("/proc/sys/kernel/" + name) as file:
            return file.read().strip()
    except OSError:
        return ""


def release():
    return _kernel("osrelease")


def version():
    return _kernel("version")


def python_implementation():
    return "jitvm"


def python_version():
    return "%d.%d.%d" % sys.version_info[:3]


def python_version_tuple():
    return tuple(python_version().split("."))


def python_compiler():
    return "rustc"


def python_build():
    return ("", "")


def python_branch():
    return ""


def python_revision():
    return ""


def architecture(executable=None, bits="", linkage=""):
    return ("64bit", "ELF")


def libc_ver(*arguments, **keywords):
    return ("glibc", "")


def platform(aliased=False, terse=False):
    return "-".join([system(), release(), machine()])


def __getattr__(name):
    raise AttributeError("module 'platform' has no attribute %r (jitvm does not support it)" % name)
