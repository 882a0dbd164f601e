"""The traces that scripts/prove-fold has rewritten: each operation with constants of interest, pairs, and random ones."""

import itertools

from prove_fold_meaning import LEAST, MOST

EDGES = [0, 1, -1, 2, -2, 3, 7, 8, 10, 255, -256, 1 << 31, (1 << 32) - 1, 1 << 53, -(1 << 53), 1 << 60, MOST, LEAST, LEAST + 1]
RANGES = [(0, 0), (0, 1), (0, 9), (1, 7), (-1, 1), (-8, -1), (-5, 300), (0, (1 << 31) - 1), (-(1 << 40), 1 << 40), (5, MOST),
          (LEAST, -3), (LEAST, MOST), (0, MOST), (MOST - 3, MOST), (LEAST, LEAST + 2)]
INT_OPS = ["ADDOV", "SUBOV", "MULOV", "DIV", "MOD", "AND", "OR", "XOR", "SHLOV", "SHR", "MIN", "MAX"]
GUARDED = {"ADDOV", "SUBOV", "MULOV", "SHLOV", "G_INT", "G_FLT", "G_SHAPE", "G_EQ", "G_NE", "G_LT", "G_LE", "G_ULT", "GF_LT",
           "GF_NLT", "GF_LE", "GF_NLE", "GF_EQ", "GF_NE", "G_NOEXC", "INT_TO_FLT_EXACT", "FLT_TO_INT"}


class Writer:
    """Makes the text of a trace."""

    def __init__(self):
        self.lines, self.kept = [], []

    def add(self, ty, op, *args, keep=True):
        at = len(self.lines)
        mark = ">" if op in GUARDED else " "
        self.lines.append(f"{at:04} {mark} {ty} {op} {' '.join(args)}")
        if keep and ty != "nil":
            self.kept.append(f"{at:04}")
        return f"{at:04}"

    def int_slot(self, number, low=LEAST, high=MOST):
        x = self.add("int", "G_INT", self.add("val", "SLOAD", f"#{number}", keep=False))
        if low > LEAST:
            self.add("nil", "G_LE", number_text(low), x)
        if high < MOST:
            self.add("nil", "G_LE", x, number_text(high))
        return x

    def float_slot(self, number):
        return self.add("flt", "G_FLT", self.add("val", "SLOAD", f"#{number}", keep=False))

    def text(self):
        slots = " ".join(f"s{10 + n}={value}" for n, value in enumerate(self.kept))
        head = "snap #0 at 0000 execute [code 0 pc 3 base 0] { }\n"
        return f"{head}\n" + "\n".join(self.lines) + f"\nclosing at {len(self.lines):04} execute [code 0 pc 3 base 0] {{ {slots} }}\n"


def number_text(number):
    return f"{number:+d}"


def is_defined(op, b):
    """Whether the recorder makes the operation with this constant on the right."""
    if op in ("DIV", "MOD"):
        return b not in (0, -1)
    if op == "SHLOV":
        return 0 <= b <= 60
    return op != "SHR" or b >= 0


def single_operations():
    for op in INT_OPS:
        counts = list(range(0, 64)) if op in ("SHR", "SHLOV") else []
        powers = [1 << k for k in range(61)] if op in ("DIV", "MOD", "AND", "MULOV") else []
        masks = [(1 << k) - 1 for k in range(61)] if op == "AND" else []
        for constant in dict.fromkeys(EDGES + counts + powers + masks):
            writer = Writer()
            x = writer.int_slot(0)
            if is_defined(op, constant):
                writer.add("int", op, x, number_text(constant))
            if op not in ("DIV", "MOD", "SHLOV", "SHR") or (op in ("SHLOV", "SHR") and constant == 0):
                writer.add("int", op, number_text(constant), x)
            yield writer.text()
        writer = Writer()
        x, y = writer.int_slot(0), writer.int_slot(1)
        if op not in ("DIV", "MOD", "SHLOV", "SHR"):
            writer.add("int", op, x, x)
            writer.add("int", op, x, y)
            writer.add("int", op, y, x)
        yield writer.text()
        for a in EDGES:
            # All in one trace, but for those that leave it.
            writer = Writer()
            for b in (b for b in EDGES if is_defined(op, b)):
                into = writer if fits(op, a, b) else Writer()
                into.add("int", op, number_text(a), number_text(b))
                if into is not writer:
                    yield into.text()
            yield writer.text()


def fits(op, a, b):
    result = {"ADDOV": a + b, "SUBOV": a - b, "MULOV": a * b, "SHLOV": a << b if op == "SHLOV" else 0}.get(op, 0)
    return LEAST <= result <= MOST


def pairs_of_operations():
    for op in ["ADDOV", "SUBOV", "ADD", "AND", "OR", "XOR", "SHR"]:
        for one, other in itertools.product([0, 1, 3, 5, 60, 63, -1, -7, 255, 1 << 60, MOST, LEAST], repeat=2):
            if not (is_defined(op, one) and is_defined(op, other)):
                continue
            writer = Writer()
            x = writer.int_slot(0)
            y = writer.add("int", op, x, number_text(one))
            writer.add("int", op, y, number_text(other))
            yield writer.text()


def guards():
    constants = [0, 1, -1, 10, MOST, LEAST]
    for one, other in itertools.product(["G_LT", "G_LE", "G_ULT"], repeat=2):
        for c, d, swapped, unsigned in itertools.product(constants, constants, (False, True), (False, True)):
            writer = Writer()
            x = writer.int_slot(0)
            if unsigned:
                writer.add("nil", "G_ULT", x, "+100")
            writer.add("nil", one, x, number_text(c))
            writer.add("nil", other, *((number_text(d), x) if swapped else (x, number_text(d))))
            yield writer.text()
    for ops in itertools.product(["G_LT", "G_LE", "G_ULT", "G_EQ", "G_NE"], repeat=3):
        for order in ("xyxyxy", "xyyxxy", "xyyxyx", "xxxyyx"):
            writer = Writer()
            names = {"x": writer.int_slot(0), "y": writer.int_slot(1)}
            for op, pair in zip(ops, (order[:2], order[2:4], order[4:])):
                writer.add("nil", op, names[pair[0]], names[pair[1]])
            yield writer.text()
    words = ["val:True", "val:False", "val:None", "val:EXC", "+0", "+1"]
    for op, a, b in itertools.product(["G_EQ", "G_NE"], words, words):
        writer = Writer()
        writer.add("nil", op, a, b)
        x = writer.int_slot(0)
        writer.add("nil", op, *sorted((x, b), key=lambda w: not w.isdigit()))
        yield writer.text()
    writer = Writer()
    x, y = writer.int_slot(0), writer.float_slot(1)
    z = writer.add("val", "SLOAD", "#2")
    again = writer.add("int", "G_INT", x)
    for word in (x, again, writer.add("val", "BOXF", y), z, "val:True", "val:EXC"):
        writer.add("nil", "G_NOEXC", word)
    yield writer.text()
    for word in ("val:True", "+7"):
        writer = Writer()
        writer.add("nil", "G_NOEXC", word)
        yield writer.text()


def choices():
    """Comparisons as values, choices by them, guards on them, before and behind guards that decide them."""
    true, false = "val:True", "val:False"
    for op, guard, swapped in itertools.product(["LT", "LE", "EQ"], [None, "G_LT", "G_LE", "G_EQ", "G_NE"], (False, True)):
        for a, b in (("x", "y"), ("x", "x"), ("x", "+5"), ("+5", "x"), ("+3", "+5"), ("+5", "+5")):
            for wanted in (true, false):
                writer = Writer()
                names = {"x": writer.int_slot(0), "y": writer.int_slot(1)}
                first, second = names.get(a, a), names.get(b, b)
                if guard:
                    pair = (names["y"], names["x"]) if swapped else (names["x"], names["y"])
                    writer.add("nil", guard, *pair)
                by = writer.add("bool", op, first, second)
                turned = writer.add("bool", "SEL", false, true, by)
                writer.add("bool", "SEL", true, false, by)
                writer.add("bool", "SEL", false, true, turned)
                writer.add("int", "SEL", first, second, by)
                writer.add("int", "SEL", second, first, by)
                writer.add("int", "SEL", names["x"], "+7", turned)
                writer.add("int", "SEL", first, first, by)
                chosen = writer.add("int", "SEL", "+1", "+2", by)
                mixed = writer.add("val", "SEL", "+1", "val:None", turned)
                writer.add("bool", "LT", chosen, "+3")
                writer.add("int", "SEL", names["x"], names["y"], true)
                if swapped:
                    writer.add("nil", "G_EQ", turned, wanted)
                else:
                    writer.add("nil", "G_EQ", by, wanted)
                yield writer.text()
                if not guard:
                    for word in (chosen, mixed):
                        lines = Writer()
                        lines.lines, lines.kept = writer.lines[:-1], list(writer.kept)
                        lines.add("nil", "G_EQ", word, "+1" if wanted == true else "+2")
                        yield lines.text()
    constants = ["+0.0", "-0.0", "+1.0", "+nan", "+inf"]
    for op, guard in itertools.product(["LTF", "LEF", "EQF"], [None, "GF_LT", "GF_NLT", "GF_LE", "GF_NLE", "GF_EQ", "GF_NE"]):
        for a, b in (("x", "y"), ("y", "x"), ("x", "x"), ("x", "+1.0"), *(itertools.product(constants, constants) if not guard else ())):
            for wanted in (true, false):
                writer = Writer()
                names = {"x": writer.float_slot(0), "y": writer.float_slot(1)}
                if guard:
                    writer.add("nil", guard, names["x"], names["y"])
                by = writer.add("bool", op, names.get(a, a), names.get(b, b))
                writer.add("flt", "SELF", names["x"], "+0.5", by)
                writer.add("flt", "SELF", names["x"], names["x"], by)
                writer.add("flt", "SELF", names["x"], names["y"], writer.add("bool", "SEL", false, true, by))
                writer.add("nil", "G_EQ", by, wanted)
                yield writer.text()


def floats():
    constants = ["+0.0", "-0.0", "+1.0", "-1.0", "+2.0", "+0.5", "+0.25", "+3.0", "+1e308", "+5e-324", "+inf", "-inf", "+nan"]
    for op in ("ADDF", "SUBF", "MULF", "DIVF"):
        for constant in constants:
            writer = Writer()
            x = writer.float_slot(0)
            # Z3 cannot prove products of floats; those that fold leaves alone are the same to the letter.
            writer.add("flt", op, x, constant)
            yield writer.text()
        for a, b in itertools.product(constants, constants):
            writer = Writer()
            writer.add("flt", op, a, b)
            yield writer.text()
    writer = Writer()
    x = writer.float_slot(0)
    negated, magnitude = writer.add("flt", "NEGF", x), writer.add("flt", "ABSF", x)
    writer.add("flt", "NEGF", negated)
    writer.add("flt", "ABSF", negated)
    writer.add("flt", "ABSF", magnitude)
    writer.add("flt", "NEGF", magnitude)
    boxed = writer.add("val", "BOXF", x)
    writer.add("flt", "G_FLT", boxed)
    writer.add("flt", "G_FLT", writer.add("val", "BOXF", negated))
    for constant in ("+2.5", "-0.0", "+1e100"):
        writer.add("flt", "G_FLT", writer.add("val", "BOXF", constant))
        writer.add("flt", "SQRTF", constant if constant != "-0.0" else "+4.0")
        writer.add("flt", "NEGF", constant)
        writer.add("flt", "ABSF", constant)
    yield writer.text()
    for op in ("GF_LT", "GF_NLT", "GF_LE", "GF_NLE", "GF_EQ", "GF_NE"):
        for a, b in itertools.product(constants, constants):
            writer = Writer()
            writer.add("nil", op, a, b)
            yield writer.text()
        writer = Writer()
        x, y = writer.float_slot(0), writer.float_slot(1)
        for pair in ((x, x), (x, y), (y, x), (x, y)):
            writer.add("nil", op, *pair)
        yield writer.text()
    for low, high in [(0, 9), (-8, -1), (-(1 << 40), 1 << 40), (0, 1 << 53), (-(1 << 53), (1 << 53) + 1), (LEAST, MOST)]:
        writer = Writer()
        x = writer.int_slot(0, low, high)
        exact = writer.add("flt", "INT_TO_FLT_EXACT", x)
        writer.add("int", "FLT_TO_INT", exact)
        yield writer.text()
        writer = Writer()
        x = writer.int_slot(0, low, high)
        writer.add("int", "FLT_TO_INT", writer.add("flt", "INT_TO_FLT", x))
        yield writer.text()
    for constant in EDGES:
        writer = Writer()
        for op in ("INT_TO_FLT", "INT_TO_FLT_EXACT"):
            writer.add("flt", op, number_text(constant))
            yield writer.text()
            writer = Writer()
    for constant in constants + ["+2305843009213693951.0", "-2305843009213693952.0", "+1.9", "-1.9"]:
        writer = Writer()
        writer.add("int", "FLT_TO_INT", constant)
        yield writer.text()


def objects(random):
    """Shapes and fields of objects that the trace has found or made."""
    shapes = ["shape:4040", "shape:4041", "tuple", "str"]
    for _ in range(200):
        writer = Writer()
        first = [random.choice(shapes) for _ in range(2)]
        known = [writer.add("obj", "G_SHAPE", writer.add("val", "SLOAD", f"#{n}"), first[n]) for n in range(2)]
        # What has the shape of a builtin type keeps it.
        changing = [object for object, shape in zip(known, first) if shape in shapes[:2]]
        number = writer.int_slot(2)
        made = []
        for _ in range(random.randint(4, 10)):
            object = random.choice(known + made)
            match random.randrange(7):
                case 0 if len(made) < 2:
                    length = random.randrange(3)
                    new = writer.add("obj", "NEW", f"+{16 + 8 * length}", "+0", "tuple")
                    made.append(new)
                    writer.add("nil", "FIELD_STORE", new, f"raw:{length}", "[8]")
                    for item in range(length):
                        writer.add("nil", "FIELD_STORE", new, random.choice([number, "+7", *known]), f"[{16 + 8 * item}]")
                    writer.add("int", "TUPLE_LEN", new)
                case 1:
                    writer.add("obj", "G_SHAPE", object, random.choice(shapes))
                case 2 if object in changing:
                    writer.add("nil", "SHAPE_STORE", object, random.choice(shapes[:2]))
                case 3 | 4:
                    value = random.choice([number, "+7", "val:None", *known])
                    writer.add("nil", "FIELD_STORE", object, value, f"[{random.choice([16, 24])}]")
                case 5:
                    writer.add("val", "FIELD_LOAD", object, f"[{random.choice([16, 24])}]")
                case _:
                    writer.add("nil", random.choice(["G_EQ", "G_NE"]), object, random.choice(known + made))
        yield writer.text()


def doubles(random, count):
    """Fields that hold doubles, of objects that may be one, beside fields with words, and what is computed of them."""
    for _ in range(count):
        writer = Writer()
        known = [writer.add("obj", "G_SHAPE", writer.add("val", "SLOAD", f"#{n}"), "shape:4040") for n in range(2)]
        numbers = [writer.float_slot(2), "+0.0", "-0.0", "+1.5"]
        x = writer.int_slot(3)
        made = []
        for _ in range(random.randint(4, 9)):
            object, place = random.choice(known + made), f"[{random.choice([32, 40])}]"
            match random.randrange(9):
                case 0 if not made:
                    # All fields of a new object are stored before one is read.
                    made.append(writer.add("obj", "NEW", "+48", "+0", "shape:4040"))
                    for offset in range(8, 48, 8):
                        writer.add("nil", "FIELD_STORE", made[0], "val:None", f"[{offset}]")
                    for offset in (16, 24):
                        writer.add("nil", "FIELD_STORE", made[0], random.choice([x, *known]), f"[{offset}]")
                    for offset in (32, 40):
                        writer.add("nil", "FLOAT_STORE", made[0], random.choice(numbers), f"[{offset}]")
                case 1 | 2 | 3:
                    writer.add("nil", "FLOAT_STORE", object, random.choice(numbers), place)
                case 4 | 5 | 6:
                    numbers.append(writer.add("flt", "FLOAT_LOAD", object, place))
                case 7:
                    if random.random() < 0.5:
                        writer.add("nil", "FIELD_STORE", object, random.choice([x, "val:None", *known]), f"[{random.choice([16, 24])}]")
                    else:
                        writer.add("val", "FIELD_LOAD", object, f"[{random.choice([16, 24])}]")
                case _:
                    # One form that rules know, and guards of what was loaded.
                    loaded = random.choice(numbers)
                    if loaded.isdigit():
                        op = random.choice(["NEGF", "ABSF", "GF_EQ", "GF_NE", "BOXF"])
                        if op.startswith("GF_"):
                            writer.add("nil", op, loaded, random.choice(["+0.0", "+1.5", loaded]))
                        elif op == "BOXF":
                            writer.add("flt", "G_FLT", writer.add("val", "BOXF", loaded))
                        else:
                            numbers.append(writer.add("flt", op, loaded))
        if random.random() < 0.3:
            writer.add("nil", random.choice(["G_EQ", "G_NE"]), *known)
        yield writer.text()


def chains(random, count):
    """Guards, then operations on what passed them, then guards that ask what became known."""
    for _ in range(count):
        writer = Writer()
        ints = []
        for number in range(random.randint(1, 3)):
            low, high = random.choice(RANGES)
            ints.append(writer.int_slot(number, low, high))
        if len(ints) > 1 and random.random() < 0.6:
            writer.add("nil", random.choice(["G_LT", "G_LE", "G_ULT"]), *random.sample(ints, 2))
        heavy = 0
        for _ in range(random.randint(1, 5)):
            op = random.choice(INT_OPS)
            a = random.choice(ints)
            b = random.choice(ints) if op in ("ADDOV", "SUBOV", "AND", "OR", "XOR", "MIN", "MAX") and random.random() < 0.5 else None
            if op in ("MULOV", "DIV", "MOD"):
                heavy += 1
                if heavy > 1:
                    continue
            if b is None:
                constant = random.choice([0, 1, 2, 3, 4, 7, 8, 10, 16, 63, 255, 256, -1, -2, -8, 1 << 31, 1 << 60])
                if not is_defined(op, constant):
                    continue
                b = number_text(constant)
            ints.append(writer.add("int", op, a, b))
        for _ in range(random.randint(1, 4)):
            a = random.choice(ints)
            b = random.choice([*ints, *(number_text(n) for n in (-1, 0, 1, 8, 10, 255, 256, 1 << 31, MOST, LEAST))])
            pair = [a, b] if random.random() < 0.5 else [b, a]
            writer.add("nil", random.choice(["G_LT", "G_LE", "G_ULT"]), *pair)
        yield writer.text()
