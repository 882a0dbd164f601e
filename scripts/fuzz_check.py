# Runs one program of scripts/fuzz under CPython and under jitvm in many modes, and says how they differ.
import re
import resource
import signal
import subprocess

import programs

# Name and options; {seed} is the program's number.
MODES = [
    ("off", "--jit off"),
    ("default", ""),
    ("side1", "--jit-param loop=2 --jit-param side=1"),
    ("drawn", ""),
    ("drawn-check", "--jit-check --jit-param random-ra={seed}"),
    ("loop7", "--jit-param loop=7"),
    ("ir", "--jit-param mode=ir --jit-param loop=3"),
    ("ir-raw", "--jit-param mode=ir-raw"),
    ("gc-stress", "--jit-param gc-stress=30"),
    ("random-ra", "--jit-param random-ra={seed} --jit-param loop=3"),
    ("guard-fail", "--jit-param guard-fail=3 --jit-param loop=3"),
    ("ir-guard-fail", "--jit-param guard-fail=5 --jit-param loop=3 --jit-param mode=ir"),
    ("check", "--jit-check --jit-param loop=3 --jit-param random-ra={seed}"),
    ("check-plain", "--jit-check"),
    ("evict", "--jit-param evict-stress=3 --jit-param loop=3"),
    ("generic", "--jit-param shapes=1 --jit-param side-eager=1 --jit-param loop=3"),
    ("no-peel", "--jit-param pass.peel=off"),
    ("no-fold", "--jit-param pass.fold=off"),
    ("no-dce", "--jit-param pass.dce=off"),
    ("no-watch", "--jit-param pass.watch=off"),
    ("no-sink", "--jit-param pass.sink=off --jit-param loop=3"),
]
# Modes that write a log, which the guidance reads; "drawn" has the parameters of the profile, "drawn-check" as well.
LOGGED = ("default", "side1", "drawn")


# What jitvm does not warn of (jitvm/README.md, allowed differences).
UNTOLD = r".*: DeprecationWarning: NotImplemented should not be used in a boolean context\n  .*\n"


class Late(Exception):
    pass


def run(command, path, timeout):
    """Output, errors and status. The timeout is in seconds of the processor, so that a busy machine makes nothing late."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (timeout, timeout + 1))
    try:
        done = subprocess.run([*command, path.name], cwd=path.parent, env=programs.environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=20 * timeout + 60, preexec_fn=limit)
    except subprocess.TimeoutExpired:
        raise Late from None
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise Late
    errors = re.sub(UNTOLD, "", done.stderr.decode(errors="replace"))
    return done.stdout.decode(errors="replace"), errors.replace(f'File "{path.parent}/', 'File "'), done.returncode


def compare(expected, found):
    """What kind of difference, and its first line; None if there is none."""
    if expected == found:
        return None
    stderr = found[1]
    if "panicked at" in stderr:
        place = re.search(r"panicked at ([^\n]*)\n?([^\n]*)", stderr)
        return "panic " + place[1].rsplit("/", 1)[-1].split(":")[0] + ":" + ":".join(place[1].split(":")[1:2]), place[0]
    if found[2] < 0:
        return f"signal {-found[2]}", stderr[-300:]
    if found[2] == 2 and expected[2] != 2:
        return "unsupported", stderr[-300:]
    wanted, got = (text.splitlines() for text in (expected[0], found[0]))
    last = lambda text: (text.splitlines() or [""])[-1]
    if wanted != got:
        at = next((k for k in range(min(len(wanted), len(got))) if wanted[k] != got[k]), min(len(wanted), len(got)))
        line = lambda lines: lines[at] if at < len(lines) else "(end)"
        return "stdout", f"line {at + 1}\n  expected {line(wanted)}\n  got      {line(got)}\n  stderr   {last(expected[1])} | {last(found[1])}"
    if last(expected[1]) != last(found[1]) or expected[2] != found[2]:
        return "error", f"\n  expected {last(expected[1])} ({expected[2]})\n  got      {last(found[1])} ({found[2]})"
    wanted, got = (text.splitlines() for text in (expected[1], found[1]))
    at = next((k for k in range(min(len(wanted), len(got))) if wanted[k] != got[k]), min(len(wanted), len(got)))
    line = lambda lines: lines[at] if at < len(lines) else "(end)"
    return "traceback", f"line {at + 1}\n  expected {line(wanted)}\n  got      {line(got)}"


class Check:
    def __init__(self, python, jitvm, folder):
        self.python, self.jitvm, self.folder = python, jitvm, folder
        self.runs = self.stalled = 0

    def reference(self, text, timeout=3):
        path = self.folder / "program.py"
        path.write_text(text, encoding="utf-8")
        return run([self.python], path, timeout)

    def mode(self, expected, words, timeout=60):
        self.runs += 1
        try:
            return compare(expected, run([self.jitvm, *words], self.folder / "program.py", timeout))
        except Late:
            pass
        # A machine that is busy may have stood still: what is late is late twice.
        try:
            found = compare(expected, run([self.jitvm, *words], self.folder / "program.py", timeout))
            self.stalled += 1
            return found
        except Late:
            return "late", f"still running after {timeout} s, twice"


