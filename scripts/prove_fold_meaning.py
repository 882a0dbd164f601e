"""What traces mean, for scripts/prove-fold: their instructions on Z3's symbols, and whether two traces mean the same."""

import z3

LEAST, MOST = -(1 << 61), (1 << 61) - 1
#: Steps that Z3 may take for one trace, and for one of floats, whose circuits are large.
STEPS, STEPS_FLOATS = 3_000_000, 60_000_000
BITS = {"AND", "OR", "XOR", "SHLOV", "SHR", "INT_TO_FLT", "INT_TO_FLT_EXACT", "FLT_TO_INT"}


class Ins:
    """One line of a trace."""

    def __init__(self, at, ty, op, args):
        self.at, self.ty, self.op, self.args = at, ty, op, args


def parse(text):
    """Instructions by index, and what the closing state names by slot."""
    instructions, slots = {}, {}
    for line in text.splitlines():
        words = line.replace(">", " ").split()
        if not words or words[0] in (";", "--", "snap"):
            continue
        if words[0] == "closing":
            for word in words[words.index("{") + 1:]:
                if word.startswith("s") and "=" in word:
                    slot, value = word.split("=")
                    slots[int(slot[1:])] = value
            continue
        at, ty, op, *args = words
        instructions[int(at)] = Ins(int(at), ty, op, args)
    return instructions, slots


class Semantics:
    """What operations mean, in bits or in integers without bounds: each is better at some proofs."""

    def __init__(self, in_bits):
        self.in_bits = in_bits
        self.sort = z3.BitVecSort(64) if in_bits else z3.IntSort()
        word = z3.Datatype("Word" + ("Bits" if in_bits else "Ints"))
        word.declare("Int", ("int", self.sort))
        word.declare("Flt", ("flt", z3.Float64()))
        word.declare("Special", ("name", z3.IntSort()))
        word.declare("Ptr", ("object", z3.IntSort()))
        self.word = word.create()
        self.length = z3.Function("length", z3.IntSort(), self.sort)
        self.shape = z3.Function("shape", z3.IntSort(), z3.IntSort())
        self.memory = z3.Function("memory", z3.IntSort(), z3.IntSort(), self.word)
        # No word lies where a double does.
        self.doubles = z3.Function("doubles", z3.IntSort(), z3.IntSort(), z3.Float64())

    def int(self, number):
        return z3.BitVecVal(number, 64) if self.in_bits else z3.IntVal(number)

    def fits(self, value):
        return z3.And(value >= LEAST, value <= MOST)

    def run(self, instructions, assumed):
        return Run(self, instructions, assumed)


SPECIALS = {}


class Run:
    """A trace executed on symbols."""

    def __init__(self, semantics, instructions, assumed):
        self.s, self.assumed = semantics, assumed
        self.values, self.types, self.conditions = {}, {}, {}
        self.stores, self.float_stores, self.shapes, self.lengths, self.slots = [], [], [], {}, {}
        # By condition: how much of these there is when it is tested.
        self.written = {}
        for ins in (instructions[at] for at in sorted(instructions)):
            self.types[ins.at] = ins.ty
            self.step(ins)

    def value(self, text):
        """A reference or constant: its type and its value."""
        if text.isdigit():
            return self.types[int(text)], self.values[int(text)]
        if text.startswith("val:") and text[4:].lstrip("-")[:1].isdigit():
            return "val", self.s.word.Flt(z3.FPVal(float(text[4:]), z3.Float64()))
        if text.startswith(("val:", "raw:")):
            name = SPECIALS.setdefault(text.removeprefix("val:"), len(SPECIALS))
            return "val", self.s.word.Special(name)
        if "." in text or "e" in text or "nan" in text or "inf" in text:
            # Which NaN it is no program can tell.
            return "flt", z3.FPVal(float(text.split(":")[0]), z3.Float64())
        return "int", self.s.int(int(text))

    def as_word(self, text):
        ty, value = self.value(text)
        if ty == "int":
            return self.s.word.Int(value)
        if ty == "flt":
            return self.s.word.Flt(value)
        if ty == "obj":
            return self.s.word.Ptr(value)
        return value

    def found(self, object, offset, stores=None):
        """What a field holds after the first so many stores, or after all so far."""
        loaded = self.s.memory(object, offset)
        self.assumed.append(self.s.word.is_Ptr(loaded) == z3.And(self.s.word.is_Ptr(loaded), self.s.word.object(loaded) < 0))
        self.assumed.append(z3.Implies(self.s.word.is_Int(loaded), self.s.fits(self.s.word.int(loaded))))
        for where, at, value in self.stores[:stores]:
            loaded = z3.If(z3.And(where == object, z3.IntVal(at) == offset), value, loaded)
        return loaded

    def found_double(self, object, offset, stores=None):
        """What a field holds that has a double."""
        loaded = self.s.doubles(object, offset)
        for where, at, value in self.float_stores[:stores]:
            loaded = z3.If(z3.And(where == object, z3.IntVal(at) == offset), value, loaded)
        return loaded

    def as_bool(self, truth):
        return z3.If(truth, self.as_word("val:True"), self.as_word("val:False"))

    def shape_of(self, object, stores=None):
        shape = self.s.shape(object)
        for where, value in self.shapes[:stores]:
            shape = z3.If(where == object, z3.IntVal(value), shape)
        return shape

    def step(self, ins):
        s, op, args = self.s, ins.op, ins.args
        result, holds = None, None
        if op in ("NOP", "G_POLL"):
            return
        if op == "SLOAD":
            name = "slot" + args[0][1:]
            self.slots[name] = result = z3.Const(name, s.word)
            self.assumed.append(z3.Implies(s.word.is_Int(result), s.fits(s.word.int(result))))
            self.assumed.append(z3.Implies(s.word.is_Ptr(result), s.word.object(result) < 0))
        elif op == "G_INT":
            word = self.as_word(args[0])
            holds, result = s.word.is_Int(word), s.word.int(word)
        elif op == "G_FLT":
            word = self.as_word(args[0])
            holds, result = s.word.is_Flt(word), s.word.flt(word)
        elif op == "BOXF":
            result = s.word.Flt(self.value(args[0])[1])
        elif op == "G_SHAPE":
            word = self.as_word(args[0])
            object = s.word.object(word)
            holds, result = z3.And(s.word.is_Ptr(word), self.shape_of(object) == number_of_shape(args[1])), object
        elif op == "NEW":
            result = z3.IntVal(ins.at)
            self.shapes.append((result, number_of_shape(args[2])))
            self.lengths[ins.at] = (int(args[0]) - 16) // 8
        elif op == "SHAPE_STORE":
            self.shapes.append((self.value(args[0])[1], number_of_shape(args[1])))
        elif op == "FIELD_STORE":
            self.stores.append((self.value(args[0])[1], int(args[2][1:-1]), self.as_word(args[1])))
        elif op == "FIELD_LOAD":
            result = self.found(self.value(args[0])[1], int(args[1][1:-1]))
        elif op == "FLOAT_STORE":
            self.float_stores.append((self.value(args[0])[1], int(args[2][1:-1]), self.value(args[1])[1]))
        elif op == "FLOAT_LOAD":
            result = self.found_double(self.value(args[0])[1], int(args[1][1:-1]))
        elif op in ("STR_LEN", "TUPLE_LEN"):
            object = self.value(args[0])[1]
            result = s.length(object)
            for new, length in self.lengths.items():
                result = z3.If(object == new, s.int(length), result)
            limit = (1 << 32) - 1 if op == "STR_LEN" else 1 << 44
            self.assumed.append(z3.And(result >= 0, result <= limit))
        elif op in ("G_EQ", "G_NE"):
            same = self.as_word(args[0]) == self.as_word(args[1])
            holds = same if op == "G_EQ" else z3.Not(same)
        elif op in ("LT", "LE", "LTF", "LEF", "EQF"):
            a, b = (self.value(arg)[1] for arg in args)
            truth = {"LT": lambda: a < b, "LE": lambda: a <= b, "LTF": lambda: z3.fpLT(a, b), "LEF": lambda: z3.fpLEQ(a, b),
                     "EQF": lambda: z3.fpEQ(a, b)}[op]()
            result = self.as_bool(truth)
        elif op == "EQ":
            result = self.as_bool(self.as_word(args[0]) == self.as_word(args[1]))
        elif op in ("SEL", "SELF"):
            first = self.as_word(args[2]) == self.as_word("val:True")
            words = ins.ty in ("val", "bool")
            one, other = (self.as_word(arg) if words else self.value(arg)[1] for arg in args[:2])
            result = z3.If(first, one, other)
        elif op == "G_NOEXC":
            holds = self.as_word(args[0]) != self.as_word("val:EXC")
        else:
            result, holds = self.arithmetic(op, [self.value(arg)[1] for arg in args])
        if holds is not None:
            self.conditions[ins.at] = holds
            self.written[ins.at] = len(self.stores), len(self.float_stores), len(self.shapes)
        if result is not None:
            self.values[ins.at] = result

    def arithmetic(self, op, args):
        s, bits = self.s, self.s.in_bits
        a, b = args[0], args[-1]
        near = z3.RNE()
        if op in ("ADDOV", "SUBOV", "ADD", "SUB"):
            result = a + b if op.startswith("ADD") else a - b
            return (result, s.fits(result) if op.endswith("OV") else None)
        if op == "MULOV" or op == "SHLOV":
            if not bits:
                return a * b, s.fits(a * b)
            a, b = z3.SignExt(64, a), z3.SignExt(64, b)
            wide = a * b if op == "MULOV" else a << b
            inside = z3.And(wide >= LEAST, wide <= MOST)
            if op == "SHLOV":
                inside = z3.And(b >= 0, b <= 60, inside)
            return z3.Extract(63, 0, wide), inside
        if op in ("DIV", "MOD"):
            quotient = self.exact_quotient(a, b) if bits else None
            quotient = floor_division(a, b, bits) if quotient is None else quotient
            return (quotient if op == "DIV" else a - b * quotient), None
        if op in ("AND", "OR", "XOR", "SHR"):
            if not bits:
                raise NotImplementedError(op)
            count = z3.If(b > 63, s.int(63), b) if op == "SHR" else b
            return {"AND": a & b, "OR": a | b, "XOR": a ^ b, "SHR": a >> count}[op], None
        if op in ("MIN", "MAX"):
            return z3.If((a <= b) if op == "MIN" else (a >= b), a, b), None
        if op in ("G_LT", "G_LE"):
            return None, a < b if op == "G_LT" else a <= b
        if op == "G_ULT":
            if bits:
                return None, z3.ULT(a, b)
            unsigned = [z3.If(x < 0, x + (1 << 62), x) for x in (a, b)]
            return None, unsigned[0] < unsigned[1]
        if op.startswith("GF_"):
            less, or_equal, equal = z3.fpLT(a, b), z3.fpLEQ(a, b), z3.fpEQ(a, b)
            return None, {"GF_LT": less, "GF_NLT": z3.Not(less), "GF_LE": or_equal, "GF_NLE": z3.Not(or_equal),
                          "GF_EQ": equal, "GF_NE": z3.Not(equal)}[op]
        if op in ("ADDF", "SUBF", "MULF", "DIVF"):
            return {"ADDF": z3.fpAdd, "SUBF": z3.fpSub, "MULF": z3.fpMul, "DIVF": z3.fpDiv}[op](near, a, b), None
        if op in ("NEGF", "ABSF"):
            return (z3.fpNeg if op == "NEGF" else z3.fpAbs)(a), None
        if op == "SQRTF":
            return z3.fpSqrt(near, a), None
        if op in ("INT_TO_FLT", "INT_TO_FLT_EXACT"):
            if not bits:
                raise NotImplementedError(op)
            exact = z3.And(a >= -(1 << 53), a <= 1 << 53) if op.endswith("EXACT") else None
            return z3.fpSignedToFP(near, a, z3.Float64()), exact
        if op == "FLT_TO_INT":
            if not bits:
                raise NotImplementedError(op)
            whole = z3.fpRoundToIntegral(z3.RTZ(), a)
            limit = z3.FPVal(2.0**61, z3.Float64())
            inside = z3.And(z3.fpGEQ(whole, z3.fpNeg(limit)), z3.fpLT(whole, limit))
            return z3.fpToSBV(z3.RTZ(), a, z3.BitVecSort(64)), inside
        raise NotImplementedError(op)

    def exact_quotient(self, a, b):
        """By a power of two: the number whose product with it is the greatest that is not above `a`. Said like that, since
        circuits of a divider are too much for Z3."""
        b = z3.simplify(b)
        divisor = b.as_long() if z3.is_bv_value(b) else 0
        if divisor < 2 or divisor & (divisor - 1):
            return None
        quotient = z3.FreshConst(z3.BitVecSort(64), "quotient")
        wide, product = z3.SignExt(64, a), z3.SignExt(64, quotient) << (divisor.bit_length() - 1)
        self.assumed.append(z3.And(self.s.fits(quotient), product <= wide, wide - product < divisor))
        return quotient


def floor_division(a, b, bits):
    """Rounds towards minus infinity. Z3's quotient of bits rounds towards zero, that of integers so that the remainder is
    not negative."""
    if bits:
        quotient = a / b
        return z3.If(z3.And(z3.SRem(a, b) != 0, (a < 0) != (b < 0)), quotient - 1, quotient)
    return z3.If(b > 0, a / b, z3.If(a % b == 0, a / b, -((a / -b) + 1)))


def number_of_shape(text):
    return SPECIALS.setdefault("shape " + text, len(SPECIALS))


def violation(semantics, before, after):
    """A formula that holds where the two differ; None where they are the same to the letter."""
    assumed = []
    one = semantics.run(before[0], assumed)
    other = semantics.run(after[0], assumed)
    for at, ins in before[0].items():
        if ins.op in ("ADD", "SUB"):
            # The recorder's word that it stays in range.
            assumed.append(semantics.fits(one.values[at]))
    passed, differences = [], []
    for at in sorted(set(one.conditions) | set(other.conditions)):
        expected, found = one.conditions.get(at), other.conditions.get(at)
        if expected is None:
            return z3.BoolVal(True)
        if found is None:
            differences.append(z3.And(*passed, z3.Not(expected)))
        elif not expected.eq(found):
            differences.append(z3.And(*passed, expected != found))
        if found is not None and (apart_then := memories_apart(one, other, one.written[at], other.written[at])):
            # Who leaves there finds another memory.
            differences.append(z3.And(*passed, z3.Not(expected), z3.Or(*apart_then)))
        passed.append(expected)
    if after[1].keys() - before[1].keys():
        return z3.BoolVal(True)
    ends = []
    for slot, text in before[1].items():
        if slot not in after[1]:
            # Left out: it is still what it was at the start.
            expected, found = one.as_word(text), z3.Const(f"slot{slot}", semantics.word)
        else:
            (ty, expected), (kind, found) = one.value(text), other.value(after[1][slot])
            if ty != kind:
                expected, found = one.as_word(text), other.as_word(after[1][slot])
        if not expected.eq(found):
            ends.append(expected != found)
    ends += memories_apart(one, other, (None, None, None), (None, None, None))
    if ends:
        differences.append(z3.And(*passed, z3.Or(*ends)))
    if not differences:
        return None
    return apart(semantics, assumed, z3.Or(*differences), {**one.slots, **other.slots})


def memories_apart(one, other, written, others_written):
    """Formulas one of which holds where two runs have left different things in some place, after so many stores each."""
    object, offset = z3.Int("object"), z3.Int("offset")
    asks = [(Run.found, (object, offset)), (Run.found_double, (object, offset)), (Run.shape_of, (object,))]
    pairs = [(ask(one, *place, first), ask(other, *place, second))
             for (ask, place), first, second in zip(asks, written, others_written)]
    return [expected != found for expected, found in pairs if not expected.eq(found)]


def apart(semantics, assumed, formula, slots):
    """The formula without words of slots, if it only asks what is in them: each answer is a variable then, which gives it
    more models at most, and needs no theory of words."""
    word, pairs = semantics.word, []
    for name, slot in slots.items():
        answers = {"is int": (word.is_Int, z3.BoolSort()), "int": (word.int, semantics.sort), "is float": (word.is_Flt, z3.BoolSort()),
                   "float": (word.flt, z3.Float64()), "is object": (word.is_Ptr, z3.BoolSort()), "object": (word.object, z3.IntSort())}
        pairs += [(ask(slot), z3.Const(f"{what} of {name}", sort)) for what, (ask, sort) in answers.items()]
    known = variables(z3.substitute(formula, *pairs))
    if known & set(slots):
        return z3.And(*assumed, formula)
    # Nor what is assumed of others than those that it speaks of: one theory less may make all the difference.
    rest, kept = [z3.substitute(term, *pairs) for term in assumed], [z3.substitute(formula, *pairs)]
    while found := [term for term in rest if variables(term) & known]:
        rest = [term for term in rest if not any(term.eq(other) for other in found)]
        kept += found
        known = known.union(*map(variables, found))
    return z3.And(*kept)


def variables(formula):
    """The names of what is free in it."""
    names, left, seen = set(), [formula], set()
    while left:
        term = left.pop()
        if term.get_id() not in seen:
            seen.add(term.get_id())
            if z3.is_const(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED:
                names.add(term.decl().name())
            left.extend(term.children())
    return names


BITWISE, WHOLE = Semantics(True), Semantics(False)


def decide(before, after, steps=STEPS):
    """`same`, `proved`, `unknown`, or a counterexample."""
    needs_bits = any(ins.op in BITS for part in (before, after) for ins in part[0].values())
    many = any(ins.op in ("MULOV", "DIV", "MOD") for ins in before[0].values())
    order = [BITWISE] if needs_bits else [WHOLE, BITWISE] if many else [BITWISE, WHOLE]
    for semantics in order:
        try:
            formula = violation(semantics, before, after)
        except NotImplementedError:
            continue
        if formula is None:
            return "same"
        solver = z3.Solver()
        solver.set("rlimit", steps)
        solver.add(formula)
        verdict = solver.check()
        if verdict == z3.unsat:
            return "proved"
        if verdict == z3.sat:
            return solver.model()
    return "unknown"
