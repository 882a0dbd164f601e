# Random programs about objects for scripts/fuzz: classes, closures, dicts, sets, exceptions and generators in hot loops.
from fuzz_program import Program

# What statements of hot loops are about, with its weight; a profile multiplies them.
STATEMENT = {"ask": 26, "exchange": 4, "store": 4, "make": 6, "change": 4, "table": 12, "call": 6, "generate": 7, "try": 13, "loop over generator": 1, "with": 2, "branch": 7, "loop": 4, "break": 2, "assign": 2}


class Objects(Program):
    """One program. Numbers stay small ints or floats; what raises is mostly caught and printed."""

    KIND = "objects"

    def __init__(self, seed, profile=None):
        super().__init__(seed, profile)
        self.classes = []
        self.makers = []
        self.generators = []
        self.raisers = []
        self.recursions = []
        self.numbers = ["a", "b"]
        self.loop_names = []
        self.work = 1
        self.slotted = False
        # Attributes that hold floats, mostly.
        self.floats = [key for key in "xyzw" if self.chance(40)]

    def attribute(self):
        return self.one("x", "y", "z", "w")

    def method(self):
        return self.one("go", "step", "mix")

    def literal(self):
        return self.one("0", "1", "2", "-3", "7", "0.5", "2.0", "True", "63", "2**61", "1000")

    # Expressions of numbers; `names` are the numbers in sight.
    def value(self, names, depth=2):
        if depth <= 0 or self.chance(25):
            return self.random.choice(names) if names and self.chance(75) else self.literal()
        v = lambda: self.value(names, depth - 1)
        return self.one(
            lambda: f"({v()} {self.one('+', '-', '*', '+')} {v()})",
            lambda: f"({v()} {self.one('+', '-', '*', '+')} {v()})",
            lambda: f"({v()} % {self.number(2, 99)})",
            lambda: f"({v()} // {self.number(2, 9)})",
            lambda: f"({v()} if {self.test(names)} else {v()})",
            lambda: f"(-{v()})",
        )()

    def test(self, names):
        if self.loop_names and self.chance(50):
            i = self.random.choice(self.loop_names)
            m = self.number(2, 9)
            return self.one(f"{i} % {m} == {self.number(0, m - 1)}", f"{i} > {self.number(3, 90)}", f"{i} == {self.number(2, 90)}", f"{i} & {self.one(1, 2, 4)}")
        return f"{self.value(names, 1)} {self.one('<', '<=', '>', '==', '!=')} {self.value(names, 1)}"

    def of_object(self, thing, names):
        """A number asked of an object."""
        return self.among(
            "ask",
            lambda: f"{thing}.{self.attribute()}",
            lambda: f"{thing}.{self.attribute()}",
            lambda: f"{thing}.{self.method()}({self.value(names, 1)})",
            lambda: f"{thing}.{self.method()}({self.value(names, 1)})",
            lambda: f"{thing}.kind",
            lambda: f"{thing}.size",
            lambda: f"({thing} + {self.one('other', '3', 'a', thing)}).{self.attribute()}",
            lambda: f"({thing} < other)",
            lambda: f"({thing} == other)",
            lambda: f"len({thing})",
            lambda: f"{thing}[{self.value(names, 1)}]",
            lambda: f"(1 if {thing} else 2)",
            lambda: f"getattr({thing}, {self.attribute()!r}, 5)",
            lambda: f"isinstance({thing}, {self.one(*self.classes)})",
            lambda: f"{thing}({self.value(names, 1)})",
            lambda: f"{thing}.make({self.value(names, 1)}).{self.attribute()}",
            lambda: f"{thing}.plain({self.value(names, 1)})",
            lambda: f"type({thing}).kind",
        )()

    # Definitions.
    def define_class(self):
        name = self.name("C")
        base = self.one(*self.classes) if self.classes and self.chance(65) else None
        self.line(f"class {name}{'(' + base + ')' if base else ''}:")
        self.indent += 1
        self.line(f"tag = {self.number(0, 9)}")
        if not base and self.chance(15):
            self.slotted = True
            self.line("__slots__ = ('x', 'y', 'z', 'w')")
        if not base or self.chance(40):
            self.line(f"kind = {self.literal()}")
        old, self.loop_names = self.loop_names, []
        own = ["self.x", "self.y", "n", "self.z"]
        if not base or self.chance(60):
            order = self.random.sample(["x", "y", "z", "w"], 4)
            self.line(f"def __init__(self, n=1{', m=2' if self.chance(30) else ''}):")
            self.indent += 1
            if base and self.chance(75):
                self.line(self.one("super().__init__(n)", f"{base}.__init__(self, n + 1)", "super().__init__()"))
            if self.chance(40):
                self.line(f"if n % 3 == 0: self.{order[2]} = {self.value(['n'], 1)}")
            for key in order if not base or self.chance(30) else order[:2]:
                self.line(f"self.{key} = {self.kept(key, self.value(['n'], 1))}")
            self.indent -= 1
        for method in ("go", "step", "mix"):
            if not base or self.chance(40):
                self.line(f"def {method}(self, n):")
                self.indent += 1
                self.body(own, base, method)
                self.indent -= 1
        operators = [
            ("__add__", "other", f"return {name}(self.x + (other if isinstance(other, (int, float)) else other.x))"),
            ("__radd__", "other", "return self.y + other"),
            ("__lt__", "other", "return self.x < other.x"),
            ("__eq__", "other", "return self is other or self.y == getattr(other, 'y', None)"),
            ("__len__", None, f"return {self.number(0, 5)}"),
            ("__bool__", None, self.one("return self.x > 3", "return True")),
            ("__getitem__", "n", f"return {self.value(own, 1)}"),
            ("__call__", "n", f"return {self.value(own, 1)}"),
            ("__iter__", None, self.one("return iter([self.x, self.y])", "yield self.x; yield 2")),
            ("__getattr__", "name", self.one("raise AttributeError(name)", "return 11")),
            ("__contains__", "n", "return n == self.x"),
            ("__setitem__", "n, v", "self.y = n"),
        ]
        for method, parameters, text in operators:
            if self.chance(22 if base else 50) and (method != "__getattr__" or self.chance(15)):
                self.line(f"def {method}(self{', ' + parameters if parameters else ''}): {text}")
        if not base or self.chance(30):
            self.line("@property")
            self.line(f"def size(self): return {self.value(own[:2], 1)}")
            self.line("@classmethod")
            self.line("def make(cls, n): return cls(n)")
            self.line("@staticmethod")
            self.line(f"def plain(n): return {self.value(['n'], 1)}")
        self.indent -= 1
        self.loop_names = old
        self.line("")
        self.classes.append(name)

    def kept(self, key, value):
        """What an attribute gets."""
        return f"({value}) * {self.one('0.5', '1.0', '1e-90')}" if key in self.floats and self.chance(92) else value

    def body(self, own, base, method):
        for _ in range(self.number(0, 2)):
            key = self.attribute()
            self.line(self.one(f"self.{key} = {self.kept(key, self.value(own) + ' % 1009')}", f"self.{key} = {self.kept(key, 'n')}", f"if n == {self.number(1, 40)}: self.{self.one('late', 'later')} = n", f"if {self.test(own)}: return n", f"type(self).kind = n" if self.chance(10) else "pass"))
        if base and self.chance(50):
            self.line(f"return super().{method}(n) {self.one('+', '-')} {self.value(own, 1)}")
        else:
            self.line(f"return {self.value(own)}")

    def define_maker(self):
        """A function that returns closures."""
        name = self.name("maker")
        self.line(f"def {name}(n):")
        self.line(f"    total = {self.literal()}")
        self.line("    def inner(k):")
        if self.chance(75):
            self.line("        nonlocal total")
            self.line(f"        total = {self.value(['total', 'k', 'n'])} % 1009")
        self.line(f"        return {self.value(['k', 'n', 'total'], 1)}")
        if self.chance(40):
            self.line(f"    n = {self.value(['n'], 1)}")
        self.line("    return inner")
        self.line("")
        self.makers.append(name)

    def define_generator(self):
        name = self.name("gen")
        self.line(f"def {name}(n):")
        self.indent += 1
        i = self.name("i")
        guarded = self.chance(30)
        if guarded:
            self.line("try:")
            self.indent += 1
        others = [f"for {i} in {self.one(*self.generators)}(n):"] if self.generators else []
        self.line(self.one(f"for {i} in range({self.one('n % 7', '5', '3', 'int(n) % 40', '70')}):", *others))
        value = self.value([i, "n"], 1)
        if self.chance(25):
            self.line(f"    if {i} % {self.number(2, 5)} == 1: n = yield {value}")
            self.line("    if not isinstance(n, (int, float)): n = 3")
        elif self.chance(25):
            self.line("    try:")
            self.line(f"        if {i} % {self.number(2, 9)} == 0: raise {self.one('KeyError', 'Mine', 'ValueError')}({i})")
            self.line(f"        yield {value}")
            self.line(f"    except {self.one('KeyError', '(Mine, ValueError)', 'Exception')} as error:")
            self.line(f"        {self.one('yield len(error.args)', 'n = 4', 'raise', 'continue')}")
        else:
            self.line(f"    yield {value}")
        if self.chance(40):
            self.line(f"    if {i} == {self.number(2, 30)}: {self.one('return', 'raise ValueError(n)', 'yield 99')}")
        if guarded:
            self.indent -= 1
            self.line("finally:")
            # Nothing to be seen: when a generator that is dropped ends is not the language's business.
            self.line("    n = 3")
        elif self.chance(25) and self.generators:
            self.line(f"yield from {self.one(*self.generators)}(n)")
        self.indent -= 1
        self.line("")
        self.generators.append(name)

    def define_raiser(self):
        name = self.name("risky")
        self.line(f"def {name}(n):")
        error = self.one("ValueError(n)", "KeyError(n)", "Mine(n)", "Mine('x')", "IndexError")
        fault = self.among("fault", f"raise {error}", f"raise {error}", "return [1, 2][7]", "return {}[3]", "return 1 // 0", "return None.x", "return 'a' + 1", "assert n is None, 'no'")
        test = self.one(f"n % {self.number(2, 9)} == 0", f"n > {self.number(10, 300)}", f"n == {self.number(3, 80)}")
        if self.chance(50):
            self.line(f"    if {test}: {fault}")
        else:
            self.line("    try:")
            self.line(f"        if {test}: {fault}")
            if self.chance(60):
                self.line(f"    except {self.one('ValueError', 'KeyError', '(KeyError, Mine)', 'LookupError')} as error:")
                self.line(f"        {self.one('return str(error)', 'n = 5', 'raise', 'raise Mine(n) from error', 'raise TypeError(3)')}")
                if self.chance(30):
                    self.line("    else: n += 1")
                if self.chance(40):
                    self.line(f"    finally: counts['f'] = counts.get('f', 0) + {self.number(1, 4)}")
            else:
                self.line(f"    finally: {self.one('n = 3', chr(99) + 'ounts[0] = n')}")
        self.line(f"    return {self.value(['n'], 1)}")
        self.line("")
        self.raisers.append(name)

    def define_recursion(self):
        """A function that calls itself in a loop, and returns before that at the end of the recursion."""
        name = self.name("tree")
        raises = self.chance(30)
        self.line(f"def {name}(n, k{', *rest' if self.chance(15) else ''}):")
        self.indent += 1
        if self.chance(40):
            self.line(f"counts['{name}'] = counts.get('{name}', 0) + 1")
        self.line(f"if n {self.one('<= 0', '< 1', '<= 1', '< 2')}:")
        if raises:
            self.line(f"    if k % {self.number(3, 9)} == 1: raise Mine(n)")
        self.line(f"    return {self.value(['k', 'n'], 1)} % 1009")
        self.line(f"total = {self.literal()}")
        if self.chance(30):
            self.line(f"def each(q): return q + {self.one('total', 'n', 'k')}")
            total = "each(total)"
        else:
            total = "total"
        call = f"{name}(n - {self.one('1', '1', '2', '1 - i % 2')} - {self.one('0', '0', 'i % 2')}, {self.value(['k', 'n', 'i'], 1)} % 1009)"
        call = call.replace("n - 1 - i % 2 -", "n - 1 -")
        times = self.number(1, 3)
        loop = self.among("recursion", f"for i in range({times}):", f"for i in {tuple(range(times))}:", f"for i, j in enumerate('abc'[:{times}]):", "while i:", f"for i in range(n, n - {times}, -1):", "for i in range(n - 1, -1, -1):")
        if loop == "while i:":
            self.line(f"i = {times}")
        self.line(loop)
        self.indent += 1
        if loop == "while i:":
            self.line("i -= 1")
        if raises:
            self.line("try:")
            self.line(f"    total = ({total} + {call}) % 1009")
            self.line(f"except {self.one('Mine', 'Exception', 'Mine')} as error:")
            self.line(f"    {self.one('total += 1', 'continue', 'break', 'total += len(error.args)', 'raise')}")
        else:
            self.line(f"total = ({total} + {call}) % 1009")
        if self.chance(25):
            self.line(f"if total % {self.number(5, 40)} == 0: {self.one('break', 'continue', 'return total', 'total += 3')}")
        self.indent -= 1
        if self.chance(20):
            self.line(f"for j in range({self.number(1, 2)}): total += {self.one('j', 'n', f'{name}(n - 3, j)')}")
        self.line("return total")
        self.indent -= 1
        self.line("")
        self.recursions.append((name, raises))

    # Statements of a hot loop.
    def clamp(self, name):
        self.line(f"if not -10**6 < {name} < 10**6: {name} = {name} % 1009")

    def assign(self, text):
        name = self.one("a", "b")
        self.line(f"{name} = {text}" if self.chance(70) else f"{name} += {text}")
        self.clamp(name)

    def recursion(self, i, names):
        name, raises = self.one(*self.recursions)
        # What raises does so at the end of a recursion alone.
        return f"{name}({f'{i} % 4 + 2' if raises else f'{i} % {self.number(2, 6)}'}, {self.value(names, 1)} % 1009)"

    def exchange(self, i, thing):
        """Items, and fields of objects that may be one: read, and stored the other way round, or as floats."""
        p, q = (self.one(f"{i} % len(row)", f"{i} * 3 % len(row)", str(self.number(0, 3)), "-1") for _ in "pq")
        x, y = self.attribute(), self.attribute()
        for _ in range(self.number(1, 3)):
            self.line(
                self.one(
                    f"row[{p}], row[{q}] = row[{q}], row[{p}]",
                    f"row[{p}], row[{q}] = row[{q}], row[{p}]",
                    f"row[{q}] = row[{p}] % 1009 + {self.one('0.5', '1')}",
                    f"a = row[{p}] - row[{q}]",
                    f"obj.{x}, {thing}.{x} = {thing}.{x}, obj.{x}",
                    f"obj.{x} = obj.{x} * 0.5 + {thing}.{y} % 7.0",
                    f"{thing}.{x} = {thing}.{x} * 0.25 - obj.{x} % 9",
                    f"obj.{x} = {thing}.{y} + 0.5",
                )
            )
        self.clamp("a")

    def statement(self, depth):
        i = self.loop_names[-1]
        n = self.numbers + [i]
        thing = self.one("obj", "other", f"objs[{i} % len(objs)]", f"objs[{i} % 2]", "obj")
        k = self.choose("statement", STATEMENT)
        if k == "ask":
            self.assign(self.of_object(thing, n))
        elif k == "exchange":
            self.exchange(i, thing)
        elif k == "store":
            target = self.one(f"{thing}.{self.attribute()}", f"{thing}.{self.attribute()}", f"{thing}.{self.one('late', 'extra')}")
            self.line(f"{target} = {self.value(n)} % 1009" if self.chance(75) else f"{thing}.{self.attribute()} {self.one('+=', '-=')} {self.value(n, 1)}")
        elif k == "make":
            made = self.one("obj", "other", "fresh")
            self.line(f"{made} = {self.one(*self.classes)}({self.value(n, 1)})")
            if self.chance(50):
                self.assign(f"{made}.{self.attribute()}")
            if self.chance(25):
                self.line(f"objs[{i} % len(objs)] = {made}")
        elif k == "change":
            at = self.number(20, 120)
            cls = self.one(*self.classes)
            change = self.among(
                "change",
                f"{cls}.kind = {self.literal()}",
                f"{cls}.{self.method()} = lambda self, n: n + {self.number(1, 9)}",
                # A class attribute in place of one of `__slots__` is not what this is about.
                f"{cls}.{'tag' if self.slotted else self.attribute()} = {self.literal()}",
                f"{cls}.size = property(lambda self: {self.number(1, 9)})",
                f"{cls}.__add__ = lambda self, o: self",
                f"setattr(obj, {self.attribute()!r}, {self.literal()})",
                f"obj.{self.method()} = lambda n: n",
                "obj.__class__ = " + cls,
                f"del obj.{self.attribute()}",
                f"obj.__dict__[{self.attribute()!r}] = 5",
            )
            self.line(f"if {i} {self.one('==', '%')} {at}{' == 7' if self.chance(50) else ''}: {change}")
        elif k == "table":
            key = self.one(f"{i} % {self.number(2, 20)}", f"str({i} % 5)", f"({i} % 3, 1)", "a", "'k'")
            self.line(
                self.among(
                    "table",
                    f"counts[{key}] = counts.get({key}, 0) + 1",
                    f"table[{key}] = {self.value(n, 1)}",
                    f"if {key} in table: a = len(table)",
                    f"table.pop({key}, None)",
                    f"seen.add({key})",
                    f"seen.discard({key})",
                    f"b = table.setdefault({key}, 4)",
                    f"del table[{key}]",
                    f"b = table[{key}]",
                    f"a = sum(1 for q in table if q != {key})",
                    "b = len({q: 1 for q in seen})",
                    f"pairs = [(q, w) for q, w in counts.items()][:{self.number(1, 5)}]",
                )
            )
        elif k == "call":
            self.assign(self.among("call", f"{self.one('count1', 'count2')}({self.value(n, 1)})", f"{self.one(*self.makers)}({i})({self.value(n, 1)})", f"(lambda q: q + {self.one(*n)})({i})", self.recursion(i, n)))
        elif k == "generate":
            g = self.one(*self.generators)
            item = self.name("g")
            text = self.among("generate", f"for {item} in {g}({i}): a += {item}", f"b = sum({g}({i}))", f"a = next({g}({i}), 3)", f"for {item} in {thing}: b = {item}", f"a, *rest = {g}(5)", "a = next(running)")
            self.line(text)
            self.clamp("a")
            self.clamp("b")
        elif k == "try" and depth > 0:
            self.line("try:")
            self.block(depth - 1, first=f"a = {self.one(*self.raisers)}({i})" if self.chance(80) else None)
            if self.chance(80):
                self.line(f"except {self.among('except', 'ValueError', 'KeyError', 'Exception', 'Exception', '(LookupError, Mine)', 'ArithmeticError')} as e:")
                self.line(f"    {self.one('log.append(type(e).__name__)', 'a = len(str(e))', 'b += 1', 'e = None')}")
                if self.chance(25):
                    self.line(f"    {self.one('continue', 'break', 'continue')}")
                if self.chance(25):
                    self.line("else:")
                    self.line("    b = 1")
                if self.chance(30):
                    self.line("finally:")
                    self.line(f"    {self.one('a = b', 'b += 1', 'log.append(2)')}")
            else:
                self.line("finally:")
                self.line(f"    {self.one('a = b', 'b += 1', 'log.append(2)')}")
            self.line("if not isinstance(a, (int, float)): a = len(str(a))")
        elif k == "loop over generator" and depth > 0 and self.work < 60:
            # A loop of the program's over a generator, which other statements may use too.
            name = self.name("y")
            self.line(f"waiting = {self.one(*self.generators)}({i})")
            self.line(f"for {name} in waiting:")
            self.line(f"    a += {name}")
            self.work *= 12
            self.loop_names.append(name)
            self.block(depth - 1)
            self.loop_names.pop()
            self.work //= 12
            if self.chance(40):
                self.line(f"    {self.one(f'if b > {self.number(3, 40)}: break', 'b = next(waiting, 2)', 'if a > 50: waiting.close()')}")
            self.clamp("a")
        elif k == "with":
            self.line(f"with Guard({self.one('True', 'False')}):")
            self.block(0)
        elif k == "branch" and depth > 0:
            self.line(f"if {self.test(n)}:")
            self.block(depth - 1)
            if self.chance(50):
                self.line("else:")
                self.block(depth - 1)
        elif k == "loop" and depth > 0 and self.work < 60:
            name = self.name("i")
            self.line(self.one(f"for {name} in range({self.number(2, 12)}):", f"for {name}, thing in enumerate(objs):"))
            self.loop_names.append(name)
            self.work *= 12
            self.block(depth - 1)
            self.work //= 12
            self.loop_names.pop()
        elif k == "break":
            self.line(f"if {self.test(n)}: {self.one('continue', 'break', 'continue')}")
        else:
            self.assign(self.value(n))

    def block(self, depth, first=None):
        self.indent += 1
        if first:
            self.line(first)
        for _ in range(self.number(1, 3)):
            self.statement(depth)
        self.indent -= 1

    def hot(self, number):
        name = f"hot{number}"
        self.line(f"def {name}(obj, other, objs):")
        self.indent += 1
        self.line("global table" if self.chance(20) else "table = {0: 1}")
        self.line("a = b = 1")
        self.line("seen = set(); log = []; fresh = obj; row = [4, 0.5, 3, -2.25, 7]")
        self.line(f"count1 = {self.one(*self.makers)}(3); count2 = {self.one(*self.makers)}(4)")
        self.line(f"running = {self.one(*self.generators)}(50)")
        self.line("try:") if (caught := self.chance(70)) else None
        self.indent += caught
        i = self.name("i")
        self.line(f"for {i} in range({self.number(100, 300)}):")
        self.loop_names = [i]
        self.indent += 1
        careful = self.chance(60)
        if careful:
            self.line("try:")
        self.indent += careful
        for _ in range(self.many(2, 6)):
            self.statement(2)
        self.indent -= careful
        if careful:
            self.line(f"except {self.one('AttributeError', 'Exception', '(TypeError, AttributeError, KeyError)')} as e:")
            self.line("    log.append(str(e)[:60])")
            self.line("    if len(log) > 400: break")
        self.line(f"if {i} % {self.number(20, 60)} == 1: print(a, b, len(log), sorted(map(str, table)))")
        self.indent -= 1
        self.indent -= caught
        if caught:
            self.line("except Exception as e:")
            self.line("    print(type(e).__name__, e)")
        self.line("print(a, b, len(seen), row, log[-3:], [[k, v] for k, v in sorted(getattr(obj, '__dict__', {}).items()) if isinstance(v, (int, float))])")
        self.line("return a")
        self.indent -= 1
        self.line("")

    def program(self):
        self.lines += [
            "class Mine(Exception): pass",
            "class Guard:",
            "    def __init__(self, quiet): self.quiet = quiet",
            "    def __enter__(self): counts['in'] = counts.get('in', 0) + 1; return self",
            "    def __exit__(self, *error): counts['out'] = counts.get('out', 0) + 1; return self.quiet",
            "counts = {}",
            "table = {1: 2}",
            "",
        ]
        for _ in range(self.many(2, 4)):
            self.define_class()
        for _ in range(2):
            self.define_maker()
            self.define_generator()
            self.define_raiser()
            self.define_recursion()
        loops = self.many(1, 3)
        for number in range(loops):
            self.hot(number)
        for number in range(loops):
            for _ in range(self.number(1, 2)):
                things = ", ".join(f"{self.one(*self.classes)}({self.number(0, 9)})" for _ in range(self.number(2, 5)))
                self.line(f"print(hot{number}({self.one(*self.classes)}(2), {self.one(*self.classes)}(3), [{things}]))")
        self.line("print(sorted((str(k), v) for k, v in counts.items()))")
        return "\n".join(self.lines) + "\n"
