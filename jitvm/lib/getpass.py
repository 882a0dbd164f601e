"""Who the user is, and asking for a password."""

import os

__all__ = ["getpass", "getuser", "GetPassWarning"]


class GetPassWarning(UserWarning):
    pass


def getpass(prompt="Password: ", stream=None):
    """Asks; the answer is shown as it is typed."""
    import sys
    import warnings
    warnings.warn("Can not control echo on the terminal.", GetPassWarning, stacklevel=2)
    stream = stream or sys.stderr
    stream.write(prompt)
    stream.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def getuser():
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        user = os.environ.get(name)
        if user:
            return user
    number = str(os.getuid())
    with open("/etc/passwd") as file:
        for line in file:
            fields = line.split(":")
            if len(fields) > 2 and fields[2] == number:
                return fields[0]
    raise KeyError("getpwuid(): uid not found: " + number)
