"""The bounds of ints that the pass keeps, for scripts/prove-fold: written down a second time, proved, and compared."""

import itertools

import z3

from prove_fold_meaning import BITWISE, LEAST, MOST, STEPS, STEPS_FLOATS, WHOLE, Run, parse
from prove_fold_traces import EDGES, RANGES, Writer, is_defined, number_text


def transfer(op, a, b):
    """The bounds of a result by those of its operands, as optimise/ranges.rs has them; works on numbers and on symbols."""
    symbolic = any(isinstance(x, z3.ExprRef) for x in (*a, *b))
    choose = z3.If if symbolic else lambda c, x, y: x if c else y
    both = z3.And if symbolic else lambda *c: all(c)
    if symbolic:
        # Numbers become symbols of the same sort.
        plain = choose
        constant = lambda x: x if isinstance(x, z3.ExprRef) else next(y for y in (*a, *b) if isinstance(y, z3.ExprRef)) * 0 + x
        choose = lambda c, x, y: plain(c, constant(x), constant(y))
    least = lambda x, y: choose(x <= y, x, y)
    most = lambda x, y: choose(x >= y, x, y)
    clamp = lambda x: least(most(x, LEAST), MOST)
    if op == "ADDOV":
        return clamp(a[0] + b[0]), clamp(a[1] + b[1])
    if op == "SUBOV":
        return clamp(a[0] - b[1]), clamp(a[1] - b[0])
    if op == "MULOV":
        corners = [x * y for x in a for y in b]
        low, high = corners[0], corners[0]
        for corner in corners[1:]:
            low, high = least(low, corner), most(high, corner)
        return clamp(low), clamp(high)
    if op == "MIN":
        return least(a[0], b[0]), least(a[1], b[1])
    if op == "MAX":
        return most(a[0], b[0]), most(a[1], b[1])
    if op == "MOD":
        # By a constant, in what is asked here.
        return choose(b[0] > 0, 0, LEAST), choose(b[0] > 0, b[1] - 1, MOST)
    if op == "DIV":
        quotient = (lambda x: x / b[0]) if symbolic else (lambda x: x // b[0])
        return choose(b[0] > 0, quotient(a[0]), LEAST), choose(b[0] > 0, quotient(a[1]), MOST)
    if op == "AND":
        low = choose(both(a[0] < 0, b[0] < 0), LEAST, 0)
        high = choose(both(a[0] >= 0, b[0] >= 0), least(a[1], b[1]), choose(a[0] >= 0, a[1], choose(b[0] >= 0, b[1], MOST)))
        return low, high
    if op in ("OR", "XOR"):
        if symbolic:
            ones = a[1] | b[1]
            for step in (1, 2, 4, 8, 16, 32):
                ones = ones | z3.LShR(ones, step)
        else:
            ones = (1 << (max(a[1], 0) | max(b[1], 0)).bit_length()) - 1
        natural = both(a[0] >= 0, b[0] >= 0)
        return choose(natural, 0, LEAST), choose(natural, ones, MOST)
    if op == "SHR":
        if symbolic:
            count = choose(b[0] > 63, 63, b[0])
            return a[0] >> count, a[1] >> count
        return a[0] >> min(b[0], 63), a[1] >> min(b[0], 63)
    raise NotImplementedError(op)


#: The right operand of these has bounds of its own; of the others it is a constant.
FREE = ["ADDOV", "SUBOV", "AND", "OR", "XOR", "MIN", "MAX"]
WITH_CONSTANT = ["MULOV", "DIV", "MOD", "SHR"]


def prove_transfers():
    """For all bounds and all values in them; returns what could not be shown."""
    failed = []
    for op in FREE + WITH_CONSTANT:
        # Products and quotients are for the theory of integers, bits for the other.
        bits = op in ("AND", "OR", "XOR", "SHR")
        variable = (lambda name: z3.BitVec(name, 64)) if bits else z3.Int
        a, b, x, y = [variable("a0"), variable("a1")], [variable("b0"), variable("b1")], variable("x"), variable("y")
        premises = [limit >= LEAST for limit in (a[0], b[0])] + [limit <= MOST for limit in (a[1], b[1])]
        premises += [a[0] <= x, x <= a[1], b[0] <= y, y <= b[1]]
        cases = [(b, y, [])]
        if op == "SHR":
            cases = [(b, y, [b[0] == b[1], b[0] >= 0])]
        elif op in ("MULOV", "DIV", "MOD"):
            # One constant at a time: then it is linear.
            constants = [c for c in EDGES + [5, 100, 1 << 20] if op == "MULOV" or c > 0]
            cases = [((z3.IntVal(c), z3.IntVal(c)), z3.IntVal(c), []) for c in constants]
        for bounds, right, more in cases:
            low, high = transfer(op, a, bounds)
            result, holds = Run(BITWISE if bits else WHOLE, {}, []).arithmetic(op, [x, right])
            solver = z3.Solver()
            solver.set("rlimit", STEPS_FLOATS)
            premises_here = premises[:3] + premises[4:6] if more == [] and op in ("MULOV", "DIV", "MOD") else premises
            solver.add(*premises_here, *more, z3.BoolVal(True) if holds is None else holds, z3.Or(result < low, result > high))
            if solver.check() != z3.unsat:
                failed.append(f"{op} with {right}")
    return failed


def bounds_of(fold, cases):
    """The bounds that the pass has of the result of each `(op, a, b)`, found by asking which guards it drops."""
    low, high = [[LEAST, MOST] for _ in cases], [[LEAST, MOST] for _ in cases]

    def trace(case, op_of_guard, limit):
        op, a, b = case
        writer = Writer()
        x = writer.int_slot(0, *a)
        y = number_text(b[0]) if b[0] == b[1] else writer.int_slot(1, *b)
        r = writer.add("int", op, x, y)
        pair = (r, number_text(limit)) if op_of_guard == "high" else (number_text(limit), r)
        return writer.text(), int(writer.add("nil", "G_LE", *pair)), writer

    for side, intervals in (("high", high), ("low", low)):
        while any(first < last for first, last in intervals):
            asked, texts, guards = [], [], []
            for number, (first, last) in enumerate(intervals):
                if first >= last:
                    continue
                # The smallest limit that is known to hold from above, the greatest from below.
                middle = (first + last) // 2 if side == "high" else (first + last + 1) // 2
                _, guard, writer = trace(cases[number], side, middle)
                asked.append((number, middle))
                texts.append(writer.text())
                guards.append(guard)
            for (number, middle), (text, _), guard in zip(asked, fold(texts), guards):
                known = guard not in parse(text)[0]
                interval = intervals[number]
                if side == "high":
                    interval[1 if known else 0] = middle if known else middle + 1
                else:
                    interval[0 if known else 1] = middle if known else middle - 1
    return [(l[0], h[0]) for l, h in zip(low, high)]


def check_transfers(fold):
    """Whether the pass has the bounds that were proved; returns where not, and how many were compared."""
    cases = []
    for op in FREE + WITH_CONSTANT:
        # Fewer than all pairs: the interesting ones are at the edges of the ranges.
        rights = RANGES if op in FREE else [(c, c) for c in EDGES + [5, 63, 64] if is_defined(op, c) and c not in (0, 1, -1)]
        if op == "DIV" or op == "MOD":
            # By a power of two it becomes a shift or a mask, which have bounds of their own.
            rights = [(c, c) for c in (3, 7, 10, 255, -2, -256)]
        for a, b in itertools.product(RANGES, rights):
            if a[0] != a[1] and (op not in FREE or b[0] != b[1]):
                cases.append((op, a, b))
    wrong = []
    for case, found in zip(cases, bounds_of(fold, cases)):
        op, a, b = case
        expected = transfer(op, a, b)
        if found == expected:
            continue
        # What another rule has made of it may be known better, but must hold: an operation that changes nothing.
        if op in ("AND", "OR", "XOR", "MIN", "MAX", "MULOV", "SUBOV", "MOD", "SHR") and found[0] >= expected[0] and found[1] <= expected[1]:
            low, high = found
            run = Run(WHOLE if op in ("MULOV", "MOD", "SUBOV", "MIN", "MAX") else BITWISE, {}, [])
            x, y = (z3.Int("x"), z3.Int("y")) if not run.s.in_bits else (z3.BitVec("x", 64), z3.BitVec("y", 64))
            result, holds = run.arithmetic(op, [x, y])
            solver = z3.Solver()
            solver.set("rlimit", STEPS)
            solver.add(x >= a[0], x <= a[1], y >= b[0], y <= b[1], z3.BoolVal(True) if holds is None else holds)
            solver.add(z3.Or(result < low, result > high))
            if solver.check() == z3.unsat:
                continue
        wrong.append(f"{op} {a} {b}: the pass has {found}, proved is {expected}")
    return wrong, len(cases)
