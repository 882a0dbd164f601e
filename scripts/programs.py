# What the Python scripts share: the programs of fixtures/, their headers, the modes, the Pythons installed.
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "fixtures" / "programs"
HEADER_KEYS = ("args", "bench-args", "gc-stress", "jit")

# The pure-Python programs of pyperformance.
PYPERFORMANCE = """nbody fannkuch spectral_norm richards richards_super deltablue chaos float go pyflate pidigits meteor_contest
generators coroutines telco deepcopy json_dumps comprehensions logging pprint regex_v8 async_generators hexiom nqueens
raytrace scimark unpack_sequence pathlib pickle json_loads crypto_pyaes typing_runtime_protocols async_tree barnes_hut
bpe_tokeniser decimal_factorial decimal_pi regex_dna regex_effbot argparse base64""".split()

# Arguments of the programs that must have some.
PYPERFORMANCE_ARGS = {
    "argparse": ["many_optionals"],
    "pickle": ["--pure-python", "pickle"],
    "logging": ["format"],
    "async_tree": ["none"],
}


class Program:
    """One file of fixtures/programs, or any other Python file."""

    def __init__(self, path):
        self.path = pathlib.Path(path).resolve()
        self.name = self.path.stem
        self.header = {}
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            if not line.startswith("#"):
                break
            match = re.match(r"# ([a-z-]+): (.*)$", line)
            if match and match[1] in HEADER_KEYS:
                self.header[match[1]] = match[2].strip()

    @property
    def args(self):
        return self.header.get("args", "").split()

    @property
    def bench_args(self):
        return self.header.get("bench-args", "").split()

    @property
    def gc_stress(self):
        return self.header.get("gc-stress", "50")

    def short_paths(self, text):
        """Tracebacks name the file as it was given or in full; tests compare the bare name."""
        return text.replace(f'File "{self.path.parent}/', 'File "')


def all_programs():
    return [Program(path) for path in sorted(PROGRAMS.glob("*.py"))]


def modes():
    """Name and options of each line of fixtures/modes."""
    result = []
    for line in (ROOT / "fixtures" / "modes").read_text().splitlines():
        words = shlex.split(line, comments=True)
        if words:
            result.append((words[0], words[1:]))
    return result


def environment():
    """Python's output must not depend on the caller's settings."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "JITVM"))}
    env.update(PYTHONHASHSEED="0", PYTHONIOENCODING="utf-8", PYTHONDONTWRITEBYTECODE="1", NO_COLOR="1")
    return env


def interpreter(command):
    """The program behind a name such as python3, past the shims of version managers; None where there is none."""
    found = shutil.which(command)
    if not found:
        return None
    probe = subprocess.run([found, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True)
    return probe.stdout.strip() or None


def cpython_3_11():
    """The path of CPython 3.11; without one, a message and exit status 2."""
    check = "import sys; print(sys.implementation.name, *sys.version_info[:2])"
    for command in ("python3.11", "python3"):
        path = interpreter(command)
        if path and subprocess.run([path, "-c", check], capture_output=True, text=True).stdout == "cpython 3 11\n":
            return path
    print(f"{os.path.basename(sys.argv[0])}: needs CPython 3.11, which decides what is right", file=sys.stderr)
    sys.exit(2)


def build(profile, *packages):
    """Builds with cargo (profile `release` or `dev`) and gives the folder of the programs."""
    if not shutil.which("cargo"):
        print("cargo is missing: install Rust 1.95 or newer (https://rustup.rs)", file=sys.stderr)
        sys.exit(2)
    command = ["cargo", "build", "--quiet", "--profile", profile]
    command += [word for package in packages for word in ("-p", package)]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        sys.exit(2)
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    return target / ("release" if profile == "release" else "debug")
