# Times public suites where they are installed, for scripts/bench: Are We Fast Yet under jitvm, PyPy, CPython, LuaJIT and
# node, and the programs of pyperformance under the first three. Each program runs many iterations in one process; what
# counts is the best one and the sum of the first five. Processes are interleaved, and the best of several counts.
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

import programs

# Name, problem size of an iteration, iterations (of CPython at most 5 and of long ones fewer). The harness knows the
# results for these sizes and fails otherwise.
AWFY = [
    ("DeltaBlue", 1000, 100),
    ("Richards", 3, 100),
    ("Json", 10, 60),
    ("CD", 100, 12),
    ("Havlak", 15, 5),
    ("Bounce", 100, 150),
    ("List", 100, 100),
    ("Mandelbrot", 500, 12),
    ("NBody", 250000, 12),
    ("Permute", 100, 60),
    ("Queens", 100, 100),
    ("Sieve", 200, 100),
    ("Storage", 100, 50),
    ("Towers", 50, 60),
]
FIRST = 5
# Interpreters run fewer iterations.
SLOW, SLOW_ITERATIONS = ("python3", "jit off"), 5
# Processor seconds that a program of pyperformance iterates for, and the most iterations.
BUDGET_S, MOST = 2.5, 2000
LIMIT_S = 180.0
RUNTIME = re.compile(r"^(\S.*): iterations=1 runtime: (\d+)us$", re.MULTILINE)


class Peer:
    """A label, and the words before the program's; `language` is its folder in Are We Fast Yet."""

    def __init__(self, label, command, language="Python", suffix="py"):
        self.label, self.command, self.language, self.suffix = label, [str(word) for word in command], language, suffix


def peers(jitvm, interpreter, only_python=False):
    """What is installed here; jitvm comes first, and without its JIT second if that is asked for."""
    found = [Peer("jitvm", [jitvm])]
    if interpreter:
        found.append(Peer("jit off", [jitvm, "--jit", "off"]))
    if pypy := programs.interpreter("pypy3"):
        found.append(Peer("pypy3", [pypy]))
    found.append(Peer("python3", [programs.cpython_3_11()]))
    for label, language, suffix in [("luajit", "Lua", "lua"), ("node", "JavaScript", "js")]:
        path = None if only_python else programs.shutil.which(label)
        if path:
            found.append(Peer(label, [path], language, suffix))
    return found


class Failure(Exception):
    pass


def run(command, folder, environment):
    """What a process printed, its peak resident bytes, and its processor seconds."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=errors)
        late = threading.Timer(LIMIT_S, process.kill)
        late.start()
        _, status, usage = os.wait4(process.pid, 0)
        hung = late.finished.is_set()
        late.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        text, message = out.read().decode(errors="replace"), errors.read().decode(errors="replace").strip()
    if hung:
        raise Failure(f"ran longer than {LIMIT_S:g} s")
    if process.returncode != 0:
        raise Failure(f"status {process.returncode}: {message.splitlines()[-1] if message else 'no message'}")
    return text, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime


class Row:
    """One program's figures under one peer."""

    def __init__(self):
        self.best_us = self.first_us = self.peak_bytes = None
        self.failure = None

    def add(self, text, peak):
        names = {}
        for name, us in RUNTIME.findall(text):
            names.setdefault(name, []).append(max(int(us), 1))
        if not names:
            raise Failure("no iteration was reported")
        # A program with several benchmarks counts as their sum.
        best = sum(min(times) for times in names.values())
        # What runs fewer iterations than are compared has the rest at its best.
        first = sum(sum(times[:FIRST]) + min(times) * max(FIRST - len(times), 0) for times in names.values())
        self.best_us = min(best, self.best_us or best)
        self.first_us = min(first, self.first_us or first)
        self.peak_bytes = min(peak, self.peak_bytes or peak)

    def as_json(self):
        return {key: value for key, value in vars(self).items() if value is not None}


def jit_figures(jitviz, command, folder, environment, runs):
    """What logs say: counts of traces, and the cost of making one, log included. It is measured by a wall clock, which goes
    on while others have the processor, so the cheapest of several runs counts."""
    found = [figures for _ in range(runs) if (figures := jit_figures_of_run(jitviz, command, folder, environment))]
    return min(found, key=lambda figures: figures["ms_per_trace"], default={})


def jit_figures_of_run(jitviz, command, folder, environment):
    with tempfile.TemporaryDirectory() as temporary:
        log = pathlib.Path(temporary, "run.jlog")
        run([command[0], "--log", str(log), *command[1:]], folder, environment)
        summary = subprocess.run([str(jitviz), "summary", str(log), "--json"], capture_output=True, text=True)
        if summary.returncode != 0:
            return {}
        summary = json.loads(summary.stdout)
    traces = summary["traces"]
    made = traces["loops"] + traces["functions"] + traces["bridges"]
    recordings = made + traces["aborted"]
    return {
        "traces": traces["loops"] + traces["functions"],
        "bridges": traces["bridges"],
        "aborts": traces["aborted"],
        "aborted_share": traces["aborted"] / recordings if recordings else 0.0,
        "ms_per_trace": (summary["states"]["jit"] or 0) / 1e6 / made if made else 0.0,
    }


def geomean(values):
    values = [value for value in values if value]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def table(title, names, command_of, folder_of, all_peers, runs, jitviz, environment, check=None):
    """Runs and prints one suite; gives its figures by program and peer."""
    own, others = all_peers[0].label, [peer.label for peer in all_peers[1:]]
    print(f"\n{title}: best iteration in ms; then how many times {own}'s best, first {FIRST} and peak memory the others take")
    heads = "".join(f"{peer.label:>10}" for peer in all_peers) + " |" + "".join(f"{label + '/best':>14}" for label in others)
    heads += " |" + "".join(f"{label + '/first':>14}" for label in others) + " |" + "".join(f"{label + '/mem':>12}" for label in others)
    print(f"{'program':22}{heads}   traces bridges aborts ms/trace", flush=True)
    figures, wrong = {}, 0
    ratios = {(label, what): [] for label in others for what in ("best_us", "first_us", "peak_bytes")}
    for name in names:
        rows = {peer.label: Row() for peer in all_peers}
        expected = None
        for number in range(runs):
            turn = number % len(all_peers)
            for peer in all_peers[turn:] + all_peers[:turn]:
                row = rows[peer.label]
                if row.failure or (row.best_us and peer.label in SLOW and number > 1):
                    continue
                try:
                    text, peak, _ = run(command_of(peer, name), folder_of(peer, name), environment)
                    if check and (digest := check(text)) is not None:
                        expected = expected or digest
                        if digest != expected:
                            raise Failure("another result than the peers'")
                    row.add(text, peak)
                except Failure as failure:
                    row.failure = str(failure)
        line = "".join(f"{row.best_us / 1000:10.2f}" if row.best_us and not row.failure else f"{'failed':>10}" for row in rows.values())
        for what, width in (("best_us", 13), ("first_us", 13), ("peak_bytes", 11)):
            line += " |"
            for label in others:
                mine, theirs = getattr(rows[own], what), getattr(rows[label], what)
                good = mine and theirs and not rows[own].failure and not rows[label].failure
                if good:
                    ratios[label, what].append(theirs / mine)
                line += f"{theirs / mine:{width}.2f}x" if good else f"{'-':>{width + 1}}"
        counts = {}
        if jitviz and not rows[own].failure:
            try:
                command, folder = command_of(all_peers[0], name), folder_of(all_peers[0], name)
                counts = jit_figures(jitviz, command, folder, environment, runs)
                line += f"   {counts['traces']:6} {counts['bridges']:7} {counts['aborts']:6} {counts['ms_per_trace']:8.3f}"
            except (Failure, KeyError) as failure:
                line += f"   log: {failure}"
        print(f"{name:22}{line}", flush=True)
        for label, row in rows.items():
            if row.failure:
                wrong += 1
                print(f"  {label}: {row.failure}", flush=True)
        figures[name] = {label: row.as_json() for label, row in rows.items()} | ({"jit": counts} if counts else {})
    line = " " * 10 * len(all_peers)
    for what, width in (("best_us", 13), ("first_us", 13), ("peak_bytes", 11)):
        line += " |"
        for label in others:
            mean = geomean(ratios[label, what])
            line += f"{mean:{width}.2f}x" if mean else f"{'-':>{width + 1}}"
    print(f"{'geomean':22}{line}")
    for label in others:
        slower = [name for name, row in figures.items() if row[label].get("best_us", math.inf) < row[own].get("best_us", 0)]
        print(f"  {own}'s best is slower than {label}'s on {len(slower)} of {len(figures)}: {', '.join(slower) or 'none'}")
    ratios = [
        row["python3"]["best_us"] / row["jit off"]["best_us"]
        for row in figures.values()
        if row.get("jit off", {}).get("best_us") and row["python3"].get("best_us") and "failure" not in row["jit off"]
    ]
    if ratios:
        slower = sum(ratio < 1 for ratio in ratios)
        print(f"  python3 takes {geomean(ratios):.2f} times as long as jit off, geomean of {len(ratios)}; jit off is slower on {slower}")
    jits = [row["jit"] for row in figures.values() if row.get("jit")]
    if jits:
        made = sum(jit["traces"] + jit["bridges"] for jit in jits)
        aborted = sum(jit["aborts"] for jit in jits)
        spent = sum(jit["ms_per_trace"] * (jit["traces"] + jit["bridges"]) for jit in jits)
        share = 100 * aborted / max(made + aborted, 1)
        print(f"  {made} traces and bridges at {spent / max(made, 1):.3f} ms; {aborted} recordings aborted, {share:.1f} %")
    return figures, wrong


def awfy(folder, jitvm, jitviz, runs, chosen, interpreter):
    """Are We Fast Yet: `folder` is the suite's folder `benchmarks`, or that of one language in it."""
    folder = folder.resolve()
    base = folder.parent if (folder / "harness.py").is_file() else folder
    if not (base / "Python" / "harness.py").is_file():
        sys.exit(f"scripts/bench: no Python/harness.py in {base}")
    sizes = {name: (inner, iterations) for name, inner, iterations in AWFY}
    available = [peer for peer in peers(jitvm, interpreter) if (base / peer.language / f"harness.{peer.suffix}").is_file()]

    def command(peer, name):
        inner, iterations = sizes[name]
        if peer.label in SLOW:
            iterations = min(iterations, SLOW_ITERATIONS)
        return [*peer.command, f"harness.{peer.suffix}", name, str(iterations), str(inner)]

    names = [name for name in sizes if chosen(name)]
    return table(
        "Are We Fast Yet", names, command, lambda peer, _: base / peer.language, available, runs, jitviz, programs.environment()
    )


def pyperformance(folder, jitvm, jitviz, runs, chosen, interpreter, suite, arguments):
    """The pure-Python programs of an installed pyperformance, through the stand-in for its runner."""
    benchmarks = folder.resolve() / "pyperformance/data-files/benchmarks"
    if not benchmarks.is_dir():
        sys.exit(f"scripts/bench: no pyperformance/data-files/benchmarks in {folder}")
    environment = programs.environment()
    environment["PYTHONPATH"] = str(programs.ROOT / "fixtures/pyperf")
    environment["PYPERF_BUDGET_S"], environment["PYPERF_MOST"] = str(BUDGET_S), str(MOST)
    names = [name for name in suite if chosen(name) and (benchmarks / f"bm_{name}" / "run_benchmark.py").is_file()]

    def command(peer, name):
        return [*peer.command, str(benchmarks / f"bm_{name}" / "run_benchmark.py"), *arguments.get(name, [])]

    def digest(text):
        lines = [line for line in text.splitlines() if not RUNTIME.match(line)]
        return re.sub(r"/tmp/tmp\w+", "TEMPORARY", "\n".join(lines))

    with tempfile.TemporaryDirectory() as temporary:
        return table(
            "pyperformance", names, command, lambda *_: temporary, peers(jitvm, interpreter, True), runs, jitviz, environment, digest
        )
