# Random programs of the whole language for scripts/fuzz: hot loops out of named statements (fuzz_snippets.py).
import re

from fuzz_program import Program
from fuzz_snippets import STATEMENTS, TOPS, ZOO

# What the statements use. Nothing here depends on the seed.
DEFINITIONS = '''\
import dataclasses, enum, collections, functools, gc, itertools, math, signal, sys, types
class Mine(Exception): pass
class Guard:
    depth = 0
    def __init__(self, quiet): self.quiet = quiet
    def __enter__(self): self.depth += 1; return self
    def __exit__(self, *error): return self.quiet and error[0] is Mine
class Described:
    def __get__(self, thing, owner): return 4
    def __set__(self, thing, value): thing.x = value
class Base:
    kind = 3
    described = Described()
    def __init__(self, x=1): self.x = x; self.y = 2; self.f = 0.5
    def go(self, n): return n + 1
    @property
    def size(self): return self.x
    @size.setter
    def size(self, value): self.x = value % 97
    @staticmethod
    def plain(n): return n * 2
    @classmethod
    def make(cls, n): return cls(n)
    def __add__(self, other): return type(self)(2 if isinstance(other, Base) else other)
    def __lt__(self, other): return self.y < 3
    def __eq__(self, other): return self is other
    __hash__ = None
    def __len__(self): return 3
    def __getitem__(self, at):
        if at == 3: raise IndexError
        return 5
    def __call__(self, n=1): return n + 3
    def __matmul__(self, n): return n * 3
    def __imatmul__(self, n): self.y = n; return self
class Plain: pass
class Derived(Base):
    kind = 4
    def go(self, n): return super().go(n) * 2
class Third(Base):
    def go(self, n): return n - self.x if isinstance(self.x, int) else n
class Slotted:
    __slots__ = ("x", "w")
    def __init__(self, x): self.x = x
Pair = collections.namedtuple("Pair", "left right")
@dataclasses.dataclass
class Data:
    u: int
    v: int = 2
class Colour(enum.Enum):
    RED = 1
    BLUE = 2
class Iterable:
    def __init__(self, n): self.n = n
    def __iter__(self):
        for q in range(self.n): yield q
    def __contains__(self, q): return q == self.n
class Final:
    gone = 0
    def __init__(self, n): self.n = n
    def __del__(self): Final.gone += 1
def one_of(u=1, v=2): return u + v if u != 77 else v
def two_of(u=3, v=1):
    if u % 3 == 0: return v
    return u * 2 - v
def looped(u=2, v=1):
    for q in range(5): v += q * u % 7
    return v % 1009
def everything(*args, **names): return len(args) + len(names)
def wide(a, b, c, d, e, f, g, h, i, j): return a + b + c + d + e + f + g + h + i + (j > 2)
def gather(u, into=[]):
    into.append(u)
    if len(into) > 5: into.clear()
    return len(into)
def nothing(): return 5
def make_counter():
    count = 0
    def more():
        nonlocal count
        count += 1
        return count % 50
    return more
counter = make_counter(); other_counter = make_counter()
def down(n): return 0 if n <= 0 else 1 + down(n - 1)
def ack(m, n): return n + 1 if m == 0 else ack(m - 1, 1) if n == 0 else ack(m - 1, ack(m, n - 1))
def even(n): return 1 if n <= 0 else odd(n - 1)
def odd(n): return 0 if n <= 0 else even(n - 1)
def deep(n, a, b, c, d, e):
    q, r, s, t, u, v, w, x, y, z = a, b, c, d, e, a + 1, b + 1, c + 1, d + 1, e + 1
    return q + z + deep(n - 1, r, s, t, u, v) if n > 0 else w + x + y
def twice(f): return lambda *args: f(*args) * 2
@twice
def doubled(n): return n + 1
@functools.lru_cache(maxsize=3)
def cached(n): return n * 3
def risky(n):
    if n % 3 == 0: raise KeyError(n)
    if n % 7 == 0: raise Mine(n)
    return n
def kind_of(x):
    if isinstance(x, bool): return 1
    if isinstance(x, (int, float)): return 2
    if x is None: return 3
    return 4 if type(x) is str else 5
def gen_none():
    yield 1
    yield 2
def gen_one(n):
    for q in range(n): yield q
def gen_two(n, m):
    for q in range(n % 5):
        yield q + m
def gen_three(a, b, c):
    while a < 6:
        yield c
        a += b
def gen_many(a, b, c, d):
    try:
        yield a; yield b
        yield c + d
    finally: a = 3
def gen_branchy(n):
    for q in range(n):
        if q % 2: yield q
        else: yield from gen_one(2)
    return 7
def gen_five(a, b, c, d, e):
    for q in range(a): yield q + b + c
    yield d + e
def gen_star(*args):
    for q in args: yield q
def tried_none():
    try: yield 1
    finally: pass
def tried_two(n, m):
    for q in range(n):
        try:
            if q == m: raise KeyError
            yield q
        except KeyError: yield 9
def tried_three(a, b, c):
    try:
        yield a
        yield b // c
    except ZeroDivisionError: yield 3
def tried_five(a, b, c, d, e):
    try: yield a + b
    finally: a = c + d + e
def delegate(n):
    r = yield from gen_branchy(n)
    yield r
def echo():
    got = 0
    while True: got = (yield got) or 1
def tree_of(n):
    if n > 0:
        yield from tree_of(n - 1)
        yield n
        for q in tree_of(n - 2): yield q
def long_generator(n):
    for q in range(3):
        r = q * n; s = r + 1; t = s % 7; u = t * 2 - r; v = u // 3; w = v + s
        r = w * n; s = r + t; t = s % 9; u = t * 3 - r; v = u // 5; w = v + s
        r = w % n if n else 1; s = r - t; t = s % 5; u = t * 4 - r; v = u // 7; w = v * s
        yield w % 1009
class Awaited:
    def __init__(self, n): self.n = n
    def __await__(self):
        q = yield self.n
        return q or self.n
async def co_none(): return 2
async def co_one(n): return await Awaited(n) + 1
async def co_two(n, m):
    total = 0
    for q in range(m + 2): total += await co_one(q + n)
    return total
async def co_three(a, b, c): return a + b + await co_none() + c
async def co_four(a, b, c, d):
    try: return await co_three(a, b, c) + d
    finally: d = 1
async def co_down(n): return 0 if n <= 0 else 1 + await co_down(n - 1)
async def co_tree(n):
    total = await Awaited(n) if n == 3 else 1
    for q in range(2):
        if n > q: total += await co_tree(n - 1 - q)
    return total
async def agen(n):
    for q in range(n):
        if q % 3 == 1: await Awaited(q)
        yield q
async def over_async(n):
    total = 0
    async for q in agen(n): total += q
    return total
async def list_async(n): return len([q async for q in agen(n) if q != 1])
class Around:
    async def __aenter__(self): return 3
    async def __aexit__(self, *error): return False
async def within_async(n):
    async with Around() as q: return q + await co_one(n)
def drive(co):
    sent = None
    try:
        while True: sent = co.send(sent)
    except StopIteration as end: return end.value % 1009
def traceback_of():
    try: raise Mine
    except Mine as error: return error.__traceback__
co_kept = co_one(3); co_kept.send(None)
union = int | str; total = 1; kept = []
signal.signal(signal.SIGUSR1, lambda number, frame: kept.append(number))
'''

# Functions with more registers than a few of them may have in a trace; only where they are called.
NAMES = ", ".join(f"v{number}" for number in range(750))
LARGE = f'''\
def locals_a(n):
    {NAMES} = (n,) * 750
    return v0 + v749 + locals_b(n)
def locals_b(n):
    {NAMES} = range(750)
    return v1 + n + v748 + locals_c(n)
def locals_c(n):
    {NAMES} = range(n, n + 750)
    return v2 - n
'''

# Deeper than calls are inlined, and longer than what is.
LARGER = "".join(f"def chain_{n}(n): return chain_{n + 1}(n + {n}) - {n}\n" for n in range(14)) + "def chain_14(n): return n % 9\n"
LARGER += "def lengthy(n, m):\n" + "".join(f"    if n % {n} == m: m = n * {n} % 89\n" for n in range(2, 60)) + "    return m\n"
LARGER += """\
def head_and_loop(n, m):
    total = n * 2
    if n % 3: total += m
    for q in range(m): total = (total * 3 + q) % 1009
    return total
"""

# Statements with others inside, and those that end a loop.
NESTED = [name for name, text in STATEMENTS.items() if "$B" in text]
FUNCTIONS = ["one_of", "two_of", "looped", "down", "kind_of", "o.go", "Base.plain", "everything"]
# These take two arguments by the names u and v.
WITH_NAMES = ["one_of", "two_of", "looped"]
GENERATORS = ["gen_one", "gen_branchy", "delegate", "tree_of", "Iterable", "range"]
ITERATORS = ["gen_one", "gen_branchy", "delegate", "tree_of"]
CLASSES = ["Base", "Derived", "Third"]
#: A weight each is high enough that nested statements, which multiply the work, stay rare.
TABLE = {name: 6 if name in ("if", "if one") else 1 for name in STATEMENTS}
FLAT = {name: weight for name, weight in TABLE.items() if name not in NESTED}
ENTRIES = {str(place): 1 for place in range(len(ZOO))}


class Language(Program):
    """One program: functions with a hot loop each, out of statements that a table holds by name."""

    KIND = "language"

    def __init__(self, seed, profile=None):
        super().__init__(seed, profile)
        self.loops = []
        self.work = 1
        # A program is about some of the statements, so that its loops are small and hot.
        count = self.many(4, 14)
        self.table = self.some(TABLE, count, "statement")
        self.flat = {name: weight for name, weight in self.table.items() if name in FLAT} or {"assign": 1}

    def some(self, table, count, group):
        """A part of a table: names drawn by weight, each at most once."""
        rest, found = dict(table), {}
        while rest and len(found) < count:
            name = self.choose(group, rest)
            found[name] = rest.pop(name)
        return found

    def value(self, depth=1):
        if depth <= 0 or self.chance(50):
            return self.one("a", "b", self.loops[-1], self.loops[0], str(self.number(0, 9)), self.one("0.5", "2**61", "-3", "True"))
        return f"({self.value(depth - 1)} {self.one('+', '-', '*')} {self.value(depth - 1)})"

    def test(self):
        loop = self.one(*self.loops)
        modulus = self.number(2, 9)
        return self.one(f"{loop} % {modulus} == {self.number(0, modulus - 1)}", f"{loop} & {self.one(1, 2, 4)}", f"{loop} > {self.number(20, 120)}", f"{loop} == {self.number(30, 140)}", f"a < {self.value()}", f"b != {self.value()}", "len(l) > 4")

    def thing(self):
        """Values of several types: by turns, or one after the other."""
        loop = self.loops[0]
        step = self.one(f"{loop} // {self.one(7, 30, 70)}", f"{loop} * {self.number(1, 5)}", loop)
        return self.one(f"zoo[{step} % len(zoo)]", f"zoo[{step} % len(zoo)]", f"zoo[{step} % 2]", "o", "l[0]")

    def statement(self, depth):
        name = self.choose("statement", self.table if depth > 0 and self.work < 300 else self.flat)
        text = STATEMENTS[name]
        digit, few = str(self.number(2, 9)), str(self.number(0, 3))
        new = self.name("v")
        if name in ("for", "while", "for else", "for list", "nested hot"):
            inner = 70 if name == "nested hot" else 6
            if self.work * inner > 5000:
                return self.statement(0)
        else:
            inner = 1
        names = "v=" in text or "'v'" in text or "u=" in text or "$e)" in text
        known = {
            "i": lambda: self.loops[-1], "e": self.value, "t": self.test, "n": lambda: digit, "k": lambda: few, "x": self.thing, "v": lambda: new,
            "F": lambda: self.one(*(WITH_NAMES if names else FUNCTIONS)),
            "G": lambda: self.one(*(ITERATORS if ".close" in text or ".throw" in text or "next(" in text else GENERATORS)),
            "A": lambda: self.one("co_one", "co_one", "over_async", "list_async", "within_async"),
            "C": lambda: self.one(*CLASSES),
        }  # fmt: skip
        guarded = self.chance(20) and "$B" not in text and "global" not in text
        if guarded:
            self.line("try:")
            self.indent += 1
        for line in text.split("\n"):
            spaces = len(line) - len(line.lstrip())
            if line.strip() == "$B":
                self.indent += spaces // 4
                self.work *= inner
                if inner > 1:
                    self.loops.append(new)
                for _ in range(self.number(1, 2)):
                    self.statement(depth - 1)
                if inner > 1:
                    self.loops.pop()
                self.work //= inner
                self.indent -= spaces // 4
            else:
                self.line(re.sub(r"\$([a-zA-Z])", lambda found: str(known[found[1]]()), line))
        if guarded:
            self.indent -= 1
            self.line("except (TypeError, ValueError) as error: b = len(error.args)")
        self.clamp(text)

    def clamp(self, text):
        for name in "ab":
            if re.search(rf"\b{name}\b[^=\n]*(?<![=!<>])=(?!=)", text):
                self.line(f"if not -10**6 < {name} < 10**6: {name} = {self.number(0, 9)}")
        if re.search(r"\bs \+?=", text):
            self.line("s = s[-12:] or 'ab'")
        if re.search(r"\bl(\.| [+*]?=|\[)|\[q, \*r\]", text):
            self.line("l = l[-9:] or [1, 2]")

    def hot(self, number):
        self.line(f"def hot{number}(zoo, zoo_called, o, p):")
        self.indent += 1
        # Each name at most once: `global` may not come after a use, and none of the statements needs another.
        self.line("global total")
        self.line("a = b = q0 = 1; s = 'abc'; l = [3, 1, 2]; d = {1: 2, 3: 4}; t = (1, 2, 3); z = {1, 2}")
        self.line("y = b'abc'; w = bytearray(b'xyz'); running = gen_one(90); keep = None; acc = 1.0")
        loop = self.name("i")
        self.loops, self.work = [loop], 1
        self.line(self.among("loop", f"for {loop} in range({self.number(130, 260)}):", f"for {loop} in list(range({self.number(130, 200)})):", f"for {loop} in gen_one({self.number(130, 200)}):", f"for {loop}, j in enumerate('ab' * {self.number(70, 99)}):"))
        self.indent += 1
        careful = self.chance(40)
        if careful:
            self.line("try:")
            self.indent += 1
        for _ in range(self.many(2, 6)):
            self.statement(2)
        if careful:
            self.indent -= 1
            self.line("except (ArithmeticError, LookupError, Mine) as error: b = len(error.args)")
        self.indent -= 1
        self.line("print(a, b, s, l, sorted(map(str, d))[:9], t, len(z), y, w, o.x, p.x, total, len(kept))")
        self.line("return a")
        self.indent -= 1
        self.line("")

    def program(self):
        self.lines += DEFINITIONS.splitlines() + LARGER.splitlines() + (LARGE.splitlines() if "many locals" in self.table else [])
        places = self.some(ENTRIES, self.number(2, 6), "zoo")
        loops = self.many(1, 3)
        for number in range(loops):
            self.hot(number)
        if self.chance(30):
            name = self.choose("top", {name: 1 for name in TOPS})
            digit = str(self.number(2, 9))
            text = TOPS[name].replace("$n", digit).replace("$F", self.one(*WITH_NAMES))
            self.lines += text.split("\n")
        things = ", ".join(ZOO[int(place)] for place in places)
        for number in range(loops):
            for _ in range(self.number(1, 2)):
                classes = self.one("Base(2), Base(3)", "Base(2), Derived(1)", "Third(4), Derived(2)")
                call = f"hot{number}([{things}], [len, one_of, Base, Plain, (lambda u: u), [].append, type, int], {classes})"
                if self.chance(70):
                    self.line("try:")
                    self.line(f"    {call}")
                    self.line("except Exception as error: print(type(error).__name__, str(error)[:60])")
                else:
                    self.line(call)
        self.line("print(total)")
        return "\n".join(self.lines) + "\n"
