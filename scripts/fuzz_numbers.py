# Random programs about numbers for scripts/fuzz: ints beyond 62 bits, floats, lists, branches and nested loops.
from fuzz_program import Program

EDGES = [0, 1, -1, 2, 3, -3, 7, -7, 10, 63, 64, 100, -128, 255, 1000003, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53, 2**53 + 1]
EDGES += [s * 2**p + d for s in (1, -1) for p in (60, 61, 62, 63, 64) for d in (-1, 0, 1)]
FLOATS = ["0.0", "-0.0", "0.5", "-1.5", "0.1", "1e16", "1e308", "-1e308", "5e-324", "2.5", "3.0", "-7.0", "1e22", "4611686018427387904.0"]
FLOATS += ["9.3e18", "float('inf')", "float('-inf')", "float('nan')", "2305843009213693952.0", "-2305843009213693952.0"]
WORDS = ["", "a", "xyz", "hello world", "Å", "日本", "😀x", "0", " ", "%"]


def integer(value):
    for power in (61, 62, 63, 64):
        for sign in (1, -1):
            rest = value - sign * 2**power
            if abs(rest) <= 1:
                text = f"{'-' if sign < 0 else ''}2**{power}"
                return f"({text}{rest:+})" if rest else f"({text})"
    return str(value) if value >= 0 else f"({value})"


# What is drawn from, with its weight; a profile multiplies them.
INT = {"arithmetic": 9, "divide": 3, "divide by constant": 1, "shift left": 1, "shift right": 1, "unary": 1, "abs": 1, "extremes": 1, "len": 1, "of bool": 1, "with bool": 1, "weigh": 1, "item": 3, "of tuple": 1, "choice": 1, "builtin": 1}
FLOAT = {"arithmetic": 5, "with int": 1, "divide": 1, "floor": 1, "ints": 1, "negate": 1, "convert": 1, "abs": 1, "choice": 1}
BOOL = {"ints": 4, "numbers": 1, "chain": 1, "not": 1, "and or": 1, "isinstance": 1, "none": 1, "any": 1, "other": 1}
STR = {"join": 2, "str": 1, "slice": 1, "format": 1, "repeat": 1, "item": 1, "method": 1}
LIST = {"slice": 1, "join": 1, "comprehension": 1, "repeat": 1, "range": 1, "sorted": 1, "display": 1}
DIAMOND = {"if": 1, "augmented": 1, "if else": 1, "conditional": 1, "and or": 1, "other": 1}
STORE = {"item": 2, "augmented": 1, "append": 1, "method": 1, "swap": 1, "divide": 1}
LOOP = {"range": 6, "numbers": 1, "any": 1, "while": 2}
TYPES = {"int": 3, "float": 2, "num": 1, "bool": 1, "str": 1, "list": 1, "tuple": 1, "any": 1}
STATEMENT = {"assign": 26, "diamond": 12, "swap": 6, "store": 10, "change": 8, "show": 4, "branch": 12, "loop": 15, "break": 3, "return": 1, "fault": 1, "plain": 2}


class Numbers(Program):
    """One program. A variable keeps its kind for life (`num`: int, float or bool; `any`: everything)."""

    KIND = "numbers"

    def __init__(self, seed, profile=None):
        super().__init__(seed, profile)
        self.functions = []

    def variable(self, kind):
        names = [name for name, k in self.scope.items() if k == kind]
        return self.random.choice(names) if names else None

    # Expressions.
    def expression(self, kind, depth=2):
        name = self.variable(kind)
        if name and self.chance(35 if depth > 0 else 75):
            return name
        if depth > 0 and self.chance(8):
            found = [f for f in self.functions if f["kind"] == kind and f["cost"] * self.loops <= 6000]
            if found:
                return self.call(self.random.choice(found), depth)
        if depth > 0 and self.chance(5):
            return f"({self.expression(kind, depth - 1)} if {self.condition(depth - 1)} else {self.expression(kind, depth - 1)})"
        return getattr(self, kind)(depth)

    def call(self, function, depth):
        words = []
        keyword = False
        for name, kind, default in function["parameters"]:
            if default and self.chance(40):
                keyword = True
                continue
            value = self.expression(kind, depth - 1)
            keyword = keyword or self.chance(15)
            words.append(f"{name}={value}" if keyword else value)
        return f"{function['name']}({', '.join(words)})"

    def int(self, depth):
        if depth <= 0:
            name = self.variable("int")
            if name and self.chance(60):
                return name
            return integer(self.random.choice(EDGES)) if self.chance(40) else str(self.number(0, 20))
        e = lambda kind="int": self.expression(kind, depth - 1)
        k = self.choose("int", INT)
        if k == "arithmetic":
            return f"({e()} {self.one('+', '-', '+', '-', '*', '&', '|', '^')} {e()})"
        if k == "divide":
            return f"({e()} {self.one('//', '%')} ({e()} {self.one('| 1', 'or 3', 'or -5')}))"
        if k == "divide by constant":
            return f"({e()} {self.one('//', '%')} {self.one('2', '(-2)', '3', '(-7)', '8', '64', '1', '(-1)', '10', '(2**61)', '(-2**62)')})"
        if k == "shift left":
            return f"({e()} << ({e()} & {self.one(3, 15, 63)}))"
        if k == "shift right":
            return f"({e()} >> ({e()} & {self.one(3, 63, 127)}))"
        if k == "unary":
            return f"({self.one('-', '~', '+', '-')}{e()})"
        if k == "abs":
            return f"abs({e()})"
        if k == "extremes":
            return f"{self.one('min', 'max')}({e()}, {e()}{self.one('', ', ' + e())})"
        if k == "len":
            return f"len({e(self.one('str', 'list', 'tuple'))})"
        if k == "of bool":
            return f"int({e('bool')})"
        if k == "with bool":
            return f"({e('bool')} {self.one('+', '-', '*', '&')} {e()})"
        if k == "weigh":
            return f"weigh({e(self.one('any', 'num', 'float', 'list', 'str', 'bool'))})"
        if k == "item":
            name = self.variable("list") or "[5, -6, 7]"
            return f"{name}[{e()} % len({name})]"
        if k == "of tuple":
            name = self.variable("tuple")
            return f"{name}[{self.one(0, 1, -1, -2)}]" if name else e()
        if k == "choice":
            return self.one(f"({e()} {self.one('and', 'or')} {e()})", f"({self.pick('int', depth)} if {self.test()} else {self.pick('int', depth)})")
        return self.among("builtin", f"sum({e('list')}[:5])", f"(({e()} % 1000) ** {self.number(0, 3)})", f"round({e()})", f"({e()} * {e()} % 1000003)")

    def test(self):
        """A comparison that goes both ways as a loop goes on."""
        a = self.variable("int") or "3"
        b = self.one(self.variable("int") or "7", str(self.number(0, 20)))
        if self.loop_names and self.chance(70):
            name = self.random.choice(self.loop_names)
            a = self.one(f"({name} * {self.one(7, 37, 1103)} & {self.one(3, 15, 255)})", f"({name} & {self.one(1, 2, 4, 3)})", f"({name} % {self.number(2, 9)})", a)
        return self.one(f"{a} {self.one('<', '<=', '>', '>=', '==', '!=')} {b}", f"{a} & {self.one(1, 2, 3)}", f"{a} {self.one('<', '>')} {b}")

    def pick(self, kind, depth):
        """Values for the two ways of a choice: mostly of one kind, as cheap as what traces do without a branch."""
        if self.chance(70):
            name = self.variable(kind)
            if kind == "int":
                plain = self.one(str(self.number(-3, 20)), integer(self.random.choice(EDGES)), name or "4")
                return self.one(plain, name or "2", f"{name or 5} {self.one('+', '-', '*', '&', '|', '^')} {plain}", f"-{name or 6}")
            if kind == "float":
                return self.one(self.random.choice(FLOATS), name or "0.5", f"{name or 1.5} {self.one('+', '-', '*')} {self.random.choice(FLOATS)}", f"-{name or 2.5}")
        return self.expression(self.one(kind, kind, kind, "num", "any"), depth - 1) if kind in ("num", "any") else self.expression(kind, depth - 1)

    def diamond(self):
        """A small `if` that assigns numbers, or a comparison that is stored."""
        kind = self.one("int", "int", "int", "float", "num", "bool")
        name = self.variable(kind)
        if name is None or name in self.loop_names:
            return self.assign()
        value = lambda: self.expression("bool", 1) if kind == "bool" else self.pick(kind, 1)
        form = self.choose("diamond", DIAMOND)
        if form == "if":
            self.line(f"if {self.test()}: {name} = {value()}")
        elif form == "augmented" and kind != "bool":
            self.line(f"if {self.test()}: {name} {self.one('+=', '-=', '*=')} {value()}")
        elif form == "if else":
            self.line(f"if {self.test()}:")
            self.line(f"    {name} = {value()}")
            self.line("else:")
            self.line(f"    {name} = {value()}")
        elif form == "conditional":
            self.line(f"{name} = {value()} if {self.test()} else {value()}")
        elif form == "and or" and kind == "int":
            self.line(f"{name} = {name} {self.one('and', 'or')} {value()}")
        elif kind == "bool":
            self.line(f"{name} = {self.test()}" if self.chance(50) else f"{name} = not {name}")
        else:
            self.line(f"if {name} {self.one('<', '>')} {value()}: {name} = {value()}")
        self.scope[name] = kind if kind != "bool" else "any"
        if kind != "bool":
            self.clamp(name, kind)

    def float(self, depth):
        if depth <= 0:
            return self.random.choice(FLOATS)
        e = lambda kind="float": self.expression(kind, depth - 1)
        k = self.choose("float", FLOAT)
        if k == "arithmetic":
            return f"({e()} {self.one('+', '-', '*')} {e(self.one('float', 'float', 'int', 'bool'))})"
        if k == "with int":
            return f"({e('int')} {self.one('+', '-', '*')} {e()})"
        if k == "divide":
            return f"({e(self.one('int', 'float'))} / ({e()} or 0.25))"
        if k == "floor":
            return f"({e()} {self.one('//', '%')} ({e(self.one('int', 'float'))} or 1.5))"
        if k == "ints":
            return f"({e('int')} / ({e('int')} | 1))"
        if k == "negate":
            return f"(-{e()})"
        if k == "convert":
            return f"float({e(self.one('int', 'bool'))})"
        if k == "abs":
            return f"abs({e()})"
        return self.one(f"{self.one('min', 'max')}({e()}, {e()})", f"({self.pick('float', depth)} if {self.test()} else {self.pick('float', depth)})")

    def num(self, depth):
        if depth > 0 and self.chance(50):
            return f"({self.expression('num', depth - 1)} {self.one('+', '-', '*')} {self.expression(self.one('num', 'int', 'float'), depth - 1)})"
        if depth > 0 and self.chance(20):
            return f"({self.expression('num', depth - 1)} {self.one('//', '%', '/')} ({self.expression('num', depth - 1)} or 3))"
        return self.expression(self.one("int", "float", "bool", "int"), depth)

    def bool(self, depth):
        if depth <= 0:
            return self.one("True", "False")
        e = lambda kind: self.expression(kind, depth - 1)
        op = lambda: self.one("<", "<=", ">", ">=", "==", "!=")
        k = self.choose("bool", BOOL)
        if k == "ints":
            return f"({e('int')} {op()} {e('int')})"
        if k == "numbers":
            return f"({e(self.one('num', 'float', 'int'))} {op()} {e(self.one('float', 'num'))})"
        if k == "chain":
            return f"({e('int')} {op()} {e('num')} {op()} {e('int')})"
        if k == "not":
            return f"(not {e(self.one('bool', 'any', 'list', 'float', 'int'))})"
        if k == "and or":
            return f"({e('bool')} {self.one('and', 'or')} {e('bool')})"
        if k == "isinstance":
            return f"isinstance({e(self.one('any', 'num'))}, {self.one('int', 'float', 'str', 'bool', 'list', '(int, str)')})"
        if k == "none":
            return f"({e('any')} {self.one('is', 'is not')} None)"
        if k == "any":
            return f"({e('any')} {self.one('==', '!=')} {e('any')})"
        return self.one(f"({e('str')} {op()} {e('str')})", f"({e('int')} {self.one('in', 'not in')} {e('list')})", f"bool({e('any')})")

    def condition(self, depth):
        if self.chance(12):
            return self.expression(self.one("any", "num", "int", "float", "str", "list"), depth)
        if self.loop_names and self.chance(55):
            name = self.random.choice(self.loop_names)
            m = self.number(2, 9)
            return self.one(f"{name} % {m} == {self.number(0, m - 1)}", f"{name} & {self.one(1, 2, 4, 3)}", f"{name} > {self.number(3, 120)}", f"{name} < {self.number(3, 120)}", f"{name} == {self.number(2, 90)}")
        return self.expression("bool", depth)

    def str(self, depth):
        if depth <= 0:
            return repr(self.random.choice(WORDS))
        e = lambda kind: self.expression(kind, depth - 1)
        k = self.choose("str", STR)
        if k == "join":
            return f"({e('str')}[:30] + {e('str')}[:30])"
        if k == "str":
            return f"str({e('any')})[:40]"
        if k == "slice":
            return f"{e('str')}{self.slice(depth)}"
        if k == "format":
            return "f'" + self.one("{", "a{") + self.inner("num") + self.one("}", ":.3f}", ":>12}", "!r}") + "-{" + self.inner("any") + "}'[:60]"
        if k == "repeat":
            return f"({e('str')}[:9] * {self.number(0, 3)})"
        if k == "item":
            return f"({e('str')} or 'k')[{self.one('0', '-1')}]"
        return f"{e('str')}.{self.one('upper()', 'strip()', 'replace(' + chr(39) + 'a' + chr(39) + ', ' + chr(39) + 'bc' + chr(39) + ')[:30]')}"

    def inner(self, kind):
        return self.variable(kind) or self.variable("int") or "17"

    def slice(self, depth):
        part = lambda: self.one("", "", str(self.number(-6, 6)), str(self.number(-6, 6)), f"{self.variable('int') or 2}")
        step = self.one("", "", "", ":2", ":-1", ":-2", ":3")
        return f"[{part()}:{part()}{step}]"

    def list(self, depth):
        """Lists of ints, never empty in a variable."""
        if depth <= 0:
            return "[" + ", ".join(self.int(0) for _ in range(self.number(1, 4))) + "]"
        e = lambda kind: self.expression(kind, depth - 1)
        k = self.choose("list", LIST)
        if k == "slice":
            return f"({e('list')}{self.slice(depth)} or [{e('int')}])"
        if k == "join":
            return f"({e('list')}[:8] + {e('list')}[:8])"
        if k == "comprehension":
            name = self.name("c")
            old, self.scope = self.scope, {**self.scope, name: "int"}
            body = self.expression("int", depth - 1)
            self.scope = old
            return f"[{body} for {name} in {self.one(f'range({self.number(1, 9)})', f'{self.list(0)}')}]"
        if k == "repeat":
            return f"({e('list')}[:5] * {self.number(1, 3)})"
        if k == "range":
            return f"list(range({self.number(-3, 3)}, {self.number(4, 12)}))"
        if k == "sorted":
            return f"sorted({e('list')}[:12])"
        return "[" + ", ".join(e("int") for _ in range(self.number(1, 4))) + "]"

    def tuple(self, depth):
        return f"({self.expression('int', depth - 1)}, {self.expression('int', depth - 1)})"

    def any(self, depth):
        if self.chance(12):
            return "None"
        return self.expression(self.one("int", "int", "float", "bool", "str", "list", "tuple"), depth)

    # Statements.
    def clamp(self, name, kind):
        """Keeps values from growing with the iterations."""
        if kind == "int":
            limit = self.one("2**61", "2**62", "2**63", "2**64", "2**70", "10**6", "2**61 + 5")
            self.line(
                self.one(
                    f"if not -({limit}) <= {name} <= {limit}: {name} = {self.one('0', '1', '-3', f'{name} % 1000003', f'{name} % ({limit})', f'-({name} % 997)', f'{name} & 0xffff')}",
                    f"{name} = {name} % ({limit})",
                    f"{name} &= {self.one('0xffff', '2**61 - 1', '2**62 - 1', '2**64 - 1')}",
                    f"{name} = max(-({limit}), min({limit}, {name}))",
                )
            )
        elif kind == "num":
            self.line(f"if not -2**{self.one(20, 61, 62, 64)} < {name} < 2**{self.one(20, 61, 63)}: {name} = {self.one('1', '0.5', 'True', '-2')}")
        elif kind == "str":
            self.line(f"{name} = {name}[-{self.number(5, 30)}:]")
        elif kind == "list":
            self.line(f"{name} = {name}[-{self.number(3, 14)}:]")

    def assign(self):
        kind = self.choose("type", TYPES)
        name = self.variable(kind) if self.chance(80) else None
        if name is None or name in self.loop_names:
            if self.loops > 1 or self.in_branch:
                names = [n for n in self.scope if n not in self.loop_names]
                if not names:
                    return self.line("pass")
                name = self.random.choice(names)
                kind = self.scope[name]
            else:
                name = self.name("v")
        if kind in ("int", "num", "float") and name in self.scope and self.chance(45):
            op = self.one("+=", "-=", "+=", "-=", "*=", "^=", "|=", "&=") if kind == "int" else self.one("+=", "-=", "*=")
            self.line(f"{name} {op} {self.expression('int' if kind == 'int' else self.one('int', 'float', kind), 1)}")
        else:
            self.line(f"{name} = {self.expression(kind, self.number(1, 3))}")
        self.scope[name] = kind
        self.clamp(name, kind)

    def swap(self):
        names = [n for n, k in self.scope.items() if k == "int" and n not in self.loop_names]
        if len(names) < 2:
            return self.assign()
        a, b = self.random.sample(names, 2)
        self.line(self.one(f"{a}, {b} = {b}, {a}", f"{a}, {b} = {b} + 1, {a} - {b}", f"({a}, {b}) = [{b}, {a} ^ 5]", f"{a} = {b} = {self.expression('int', 1)}"))
        self.clamp(a, "int")
        self.clamp(b, "int")

    def store(self):
        name = self.variable("list")
        if not name:
            return self.assign()
        value = self.expression("int", 2)
        self.line(f"if not {name}: {name}.append({self.number(0, 9)})")
        at = f"{self.expression('int', 1)} % len({name})"
        choice = self.choose("store", STORE)
        if choice == "item":
            self.line(f"{name}[{at}] = {value}")
            self.line(f"if abs({name}[-1]) > 2**66: {name}[-1] = 1")
        elif choice == "augmented":
            self.line(f"{name}[{self.one(at, '0', '-1')}] {self.one('+=', '-=', '^=')} {value}")
        elif choice == "append":
            self.line(f"{name}.append({value})")
        elif choice == "method":
            self.line(f"if len({name}) > 2: {name}.{self.one('pop()', 'pop(0)', 'reverse()', 'sort()', 'insert(1, 5)')}")
        elif choice == "swap":
            self.line(f"{name}[0], {name}[-1] = {name}[-1], {name}[0]")
        else:
            self.line(f"{name}[0] %= 1000003")
        self.line(f"{name} = [x9 % (2**65) for x9 in {name}[-{self.number(4, 12)}:]]" if self.chance(30) else f"if len({name}) > {self.number(8, 16)}: {name} = [x9 % (2**65) for x9 in {name}[3:]]")

    def change(self):
        """A variable that changes its type midway or by turns."""
        name = self.variable(self.one("any", "num"))
        if not name or not self.loop_names or name in self.loop_names:
            return self.assign()
        kinds = ("int", "float", "bool") if self.scope[name] == "num" else ("int", "float", "str", "list", "bool", "tuple")
        loop = self.random.choice(self.loop_names)
        m = self.number(2, 7)
        test = self.one(f"{loop} == {self.number(3, 100)}", f"{loop} % {m} == 0", f"{loop} > {self.number(3, 90)}")
        self.line(f"if {test}: {name} = {self.expression(self.one(*kinds), 1)}")
        if self.chance(60):
            self.line(f"else: {name} = {self.expression(self.one(*kinds), 1)}")

    def show(self):
        chosen = self.random.sample(sorted(self.scope), min(len(self.scope), 4))
        text = f"print({', '.join(chosen)})"
        if self.loop_names:
            self.line(f"if {self.loop_names[-1]} % {self.number(5, 60)} == 1: {text}")
        else:
            self.line(text)

    def branch(self, depth):
        self.line(f"if {self.condition(2)}:")
        self.block(depth - 1)
        while self.chance(25):
            self.line(f"elif {self.condition(2)}:")
            self.block(depth - 1)
        if self.chance(50):
            self.line("else:")
            self.block(depth - 1)

    def block(self, depth, most=3):
        self.indent += 1
        was, self.in_branch = self.in_branch, True
        for _ in range(self.many(1, most)):
            self.statement(depth)
        self.in_branch = was
        self.indent -= 1

    def loop(self, depth):
        budget = self.limit // self.loops
        if budget < 3 or depth <= 0:
            return self.assign()
        outer = self.loops
        times = self.number(50, 400) if budget > 400 and self.chance(75) else self.number(2, min(40, budget))
        times = min(times, budget)
        kind = self.choose("loop", LOOP)
        name = self.name("i")
        self.loops *= times
        if kind == "range":
            start = self.one(0, 0, 1, -5, 2**60 - times // 2, 2**61 - 1 - 7 * times, -(2**61) + 7 * times, -(times // 2)) if self.chance(40) else 0
            step = self.one(1, 1, 1, 2, 3, -1, -2, -7)
            stop = start + times * step
            start, stop = (integer(v) for v in (start, stop))
            if start == "0" and step == 1:
                text = stop
                if self.chance(20):
                    text = f"{stop} - ({self.expression('int', 1)} & 7)"
            else:
                text = f"{start}, {stop}" + (f", {step}" if step != 1 else "")
            self.line(f"for {name} in range({text}):")
            bound = "int"
        elif kind == "numbers":
            self.line(f"for {name} in {self.one('(3, 4.5, True, 7, -1.0, 2**62)', '[1, 2, 3.5, 4, False, 2**61]')} * {max(1, times // 6)}:")
            bound = "num"
        elif kind == "any":
            self.line(f"for {name} in {self.one('(3, None, 2.5, 7)', '[1, (1, 2), 3, [4]]', '[1, 2, 3, 4, 5]')} * {max(1, times // 5)}:")
            bound = "any"
        else:
            self.line(f"{name} = {self.one(0, 0, -3)}")
            self.line(f"while {name} < {times}{self.one('', '', ' and ' + self.condition(1) if self.chance(30) else '')}:")
            self.indent += 1
            self.line(f"{name} += {self.one(1, 1, 2, 3)}")
            self.indent -= 1
            bound = "int"
        old = dict(self.scope)
        index = name
        if bound != "int":
            self.indent += 1
            self.lines.insert(len(self.lines) - 1, "    " * (self.indent - 1) + f"{name}n = 0")
            index = name + "n"
            self.line(f"{index} += 1")
            self.indent -= 1
            self.scope[index] = "int"
        self.scope[name] = bound
        self.loop_names.append(index)
        if bound != "int":
            self.loop_names.insert(0, name) if bound == "int" else None
        self.fixed.append(name)
        self.breaks += 1
        self.block(depth - 1, 6 if outer == 1 else 3)
        if self.chance(20):
            self.indent += 1
            self.line(f"if {self.expression('bool', 2)}: {self.one('break', 'continue', 'continue')}")
            self.assign()
            self.indent -= 1
        self.breaks -= 1
        self.loop_names.pop()
        self.loops = outer
        self.scope = old
        if self.chance(15):
            self.line("else:")
            self.block(0, 2)
        if self.loops == 1:
            self.line(f"print({', '.join(sorted(self.scope)[-9:])})" if self.scope else "pass")

    def statement(self, depth):
        k = self.choose("statement", STATEMENT)
        if k == "assign":
            self.assign()
        elif k == "diamond":
            self.diamond()
        elif k == "swap":
            self.swap()
        elif k == "store":
            self.store()
        elif k == "change":
            self.change()
        elif k == "show":
            self.show()
        elif k == "branch" and depth > 0:
            self.branch(depth)
        elif k == "loop" and depth > 0:
            self.loop(depth)
        elif k == "break" and self.breaks and self.in_branch:
            self.line(f"if {self.condition(1)}: {self.one('break', 'continue', 'continue')}")
        elif k == "return" and self.returns:
            self.line(f"if {self.condition(1)}: return {self.expression(self.returns, 1)}")
        elif k == "fault":
            # Falls over sometimes: an index out of range, a zero, a wrong type, an unbound name.
            if self.chance(25):
                self.line(f"if {self.condition(1)}: {self.fault()}")
            else:
                self.assign()
        else:
            self.assign()

    def fault(self):
        a = self.variable("int") or "3"
        b = self.variable("any") or "None"
        c = self.variable("list") or "[1]"
        return self.among("fault", f"print({a} // ({a} - {a}))", f"print({a} + {b})", f"print({c}[{a}])", f"print({a} % 0.0)", f"{c}[99] = 1", f"print({b} < {a})", f"print(1 << -{self.number(1, 9)})", f"q, r = {c}", f"print({b}[{a}])", f"{a}()", f"print({a} / False)", f"int({a} * float('inf'))", f"print(len({a}))")

    def enter(self, scope, limit, returns=None):
        self.scope = scope
        self.loops = 1
        self.loop_names = []
        self.fixed = []
        self.breaks = 0
        self.in_branch = False
        self.limit = limit
        self.returns = returns

    def initial(self, count):
        for kind in ["int", "int", "float", "list", "num", "any"][:count] + [self.choose("type", TYPES) for _ in range(self.number(0, 3))]:
            name = self.name("v")
            self.line(f"{name} = {self.expression(kind, 1)}")
            self.scope[name] = kind

    def function(self):
        name = self.name("f")
        kind = self.one("int", "int", "float", "num", "any", "list", "str", "bool")
        loops = self.chance(45)
        parameters = [[self.name("p"), self.one("int", "int", "float", "num", "any", "list", "str"), None] for _ in range(self.number(0, 4))]
        self.enter({}, 60 if loops else 1, kind)
        for parameter in parameters[len(parameters) - self.number(0, 2) :]:
            parameter[2] = self.expression(parameter[1], 0)
        seen = False
        for parameter in parameters:
            seen = seen or parameter[2] is not None
            if seen and parameter[2] is None:
                parameter[2] = self.expression(parameter[1], 0)
        recursive = kind == "int" and self.chance(25)
        head = (["depth"] if recursive else []) + [f"{n}={d}" if d else n for n, _, d in parameters]
        self.line(f"def {name}({', '.join(head)}):")
        self.indent += 1
        if self.globals and self.chance(40):
            chosen = self.one(*self.globals)
            self.line(f"global {chosen}")
            self.scope[chosen] = self.globals[chosen]
        self.scope.update({n: k for n, k, _ in parameters})
        for n, k, _ in parameters:
            if k in ("int", "num", "str", "list") and self.chance(60):
                self.clamp(n, k)
        if recursive:
            self.line("if depth <= 0:")
            self.indent += 1
            self.line(f"return {self.expression('int', 2)}")
            self.indent -= 1
        for _ in range(self.number(1, 4)):
            self.statement(2 if loops else 1)
        if loops and self.chance(60):
            self.loop(2)
        if recursive:
            values = ", ".join(self.expression(k, 1) for n, k, _ in parameters if True)
            self.line(f"return ({name}(depth - {self.number(1, 2)}{', ' + values if values else ''}) + {self.expression('int', 1)}) % {self.one('2**61', '2**63', '1000003')}")
            self.scope = {}
        else:
            value = self.expression(kind, 2)
            if kind == "int":
                value = f"{value} % {self.one('2**62', '2**64', '1009', '(-2**61)')}" if self.chance(70) else f"max(-2**65, min(2**65, {value}))"
            if kind == "num":
                value = self.expression("num", 0)
            if kind == "str":
                value = f"({value})[:40]"
            if kind == "list":
                value = f"({value})[:9]"
            self.line(f"return {value}")
        self.indent -= 1
        self.line("")
        self.functions.append({"name": name, "kind": kind, "parameters": ([("depth", "small", None)] if recursive else []) + [tuple(p) for p in parameters], "cost": (60 if loops else 3) * (15 if recursive else 1) + 3 * len(self.functions)})

    def small(self, depth):
        return str(self.number(0, 12))

    def program(self):
        self.indent = 0
        self.globals = {}
        self.enter({}, 1)
        self.lines += ["def weigh(x):"]
        self.lines += ["    if x is None: return 3", "    if isinstance(x, bool): return 1 if x else -1", "    if isinstance(x, int): return x % 1009"]
        self.lines += ["    if isinstance(x, float): return int(x * 4) % 1009 if -1e30 < x < 1e30 else 7", "    if isinstance(x, str): return len(x)", "    return len(x) + weigh(x[0]) if x else 0", ""]
        for kind in ("int", self.one("num", "float", "list", "any", "int")):
            name = self.name("g")
            self.line(f"{name} = {self.expression(kind, 0)}")
            self.globals[name] = kind
        for _ in range(self.many(1, 4)):
            self.function()
        inside = self.chance(60)
        if inside:
            self.enter({}, 4000)
            self.line("def main():")
            self.indent = 1
            for name in self.globals:
                if self.chance(60):
                    self.line(f"global {name}")
                    self.scope[name] = self.globals[name]
        else:
            self.enter(dict(self.globals), 4000)
        self.initial(5)
        for _ in range(self.many(1, 3)):
            self.loop(3)
            for _ in range(self.number(0, 3)):
                self.statement(2)
        self.line(f"print({', '.join(sorted(self.scope))})")
        if self.chance(25):
            self.line(self.fault())
        if inside:
            self.indent = 0
            self.line("main()")
            self.line(f"print({', '.join(sorted(self.globals))})")
        return "\n".join(self.lines) + "\n"
