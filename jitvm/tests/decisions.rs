//! Decisions that the log tells: each reason of the tables comes from a program that gives cause for it, at its line.

mod support;

use std::collections::BTreeSet;
use std::fs;

use jitlog::{Event, Reader, ReasonDomain};
use jitvm::trace::decision::{AllocationDecision, Decision};
use support::{Ended, finish, jitvm};

/// A line, what is decided there, the callee, and the line that an object is needed at.
type Told = (u32, String, String, u32);

/// What the log of a program tells, each decision once.
fn told(options: &[&str], code: &str) -> BTreeSet<Told> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (log, program) = (folder.path().join("log"), folder.path().join("program.py"));
    fs::write(&program, code).expect("a program is written");
    let finished = finish(jitvm().arg("--log").arg(&log).args(options).arg(&program));
    assert_eq!(finished.ended, Ended::Status(0), "{}", finished.stderr);
    let interpreted = finish(jitvm().args(["--jit", "off"]).arg(&program));
    assert_eq!(finished.stdout, interpreted.stdout);
    let reader = Reader::open(&log).expect("the log is readable");
    let line = |loc| reader.defs().loc(loc).map_or(0, |loc| loc.line);
    let mut told = BTreeSet::new();
    for entry in reader.events() {
        if let Event::Decision(event) = entry.expect("the log is whole").event() {
            let reason = reader.defs().reason(ReasonDomain::Decision, event.reason.0).expect("its reason is defined");
            let callee = reader.defs().func(event.func_id).map_or(String::new(), |func| func.name.to_string());
            told.insert((line(event.loc_id), reason.name.to_string(), callee, line(event.because_loc)));
        }
    }
    told
}

const CALLS: &str = "\
class P:
    def __init__(self, x):
        self.x = x
def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)
def total(xs):
    s = 0
    for x in xs:
        s += x
    return s
def leaf(node):
    if not node:
        return 1
    s = 0
    for child in node:
        s += leaf(child)
    return s
def walk(n):
    s = 1
    for i in range(3):
        if n:
            s += walk(n - 1)
    return s
def pair(n):
    yield n
    yield n + 1
def squares(xs):
    return sum(x * x for x in xs)
class Adder:
    def __call__(self, x):
        return x + 1
def main():
    tree = [[[], []], [[], [[], []]]]
    adder = Adder()
    ended = pair(1)
    list(ended)
    k = 0
    for i in range(3000):
        k += P(i).x
        k += depth(3) + total([1, 2, 3])
        k += leaf(tree)
        for x in pair(i):
            k += x
        k += squares([1, 2])
        k += adder(i)
        k += next(ended, 0)
        k += len(str(i))
    for i in range(300):
        k += walk(2)
    return k
print(main())
";

const SEVERAL_DEEP: &str = "\
def a(x):
    return b(x) + 1
def b(x):
    return x + 1
k = 0
for i in range(3000):
    k += a(i)
print(k)
";

const GROWING: &str = "\
def work(x):
    return len(str(x) + 'a' + str(x + 1) + 'b' + str(x + 2) + 'c' + str(x + 3) + 'd')
def main():
    k = 0
    for i in range(3000):
        k += work(i)
    return k
print(main())
";

const OBJECTS: &str = "\
class P:
    def __init__(self, x, y):
        self.x = x
        self.y = y
class Node:
    def __init__(self, x, follows):
        self.x = x
        self.follows = follows
class Keeper:
    def __init__(self):
        self.kept = None
last = None
def made(n):
    if n == 0:
        return P(n, n)
    return P(made(n - 1).x + n, n)
def main():
    global last
    items = [None, None]
    keeper = Keeper()
    a = P(0, 0)
    k = 0
    for i in range(3000):
        items[0] = P(i, 1)
        keeper.kept = P(i, 2)
        last = P(i, 3)
        items.append(P(i, 4))
        del items[2:]
        k += made(3).x
        a = P(a.x + 1, i)
        k += P(i, 5).y
        t = (i, i + 1, i + 2, i + 3)
        k += t[i & 3]
    b = P(0, 0)
    for i in range(3000):
        a, b = b, P(a.x + 1, i)
    node = Node(0, None)
    for i in range(3000):
        node = Node(i, node)
        if i % 50 == 0:
            node = Node(i, None)
    return k, a.x, node.x
print(main())
";

const BRANCHES: &str = "\
def main():
    k, f, t, n, u = 0, 0.0, 0, 0, 0
    big = 1 << 61
    for i in range(3000):
        if i & 1:
            k += 1
        if i < 100000:
            k += 2
        if i & 7 == 7:
            f += 0.5
        if i & 1:
            t = t + 1 ^ 3 ^ t ^ 4 ^ t ^ 5
        x = 1 if i & 1 else 1.5
        y = big + big if i & 1 else 5
        if i & 1:
            n += len('abc')
        u += x
    return k, f, t, n, u, y
print(main())
";

/// Two classes in turn, and twenty in turn.
const SHAPES: &str = "\
class A:
    def __init__(self):
        self.x = 1
class B:
    def __init__(self):
        self.y, self.x = 1, 2
def sum_of(items):
    k = 0
    for item in items:
        k += item.x
    return k
def many(items):
    k = 0
    for item in items:
        k += item.x
    return k
def called(functions):
    k = 0
    for function in functions:
        k += function()
    return k
few = [A(), B(), A()] * 1000
classes = [type('C%d' % i, (A,), {}) for i in range(20)]
mixed = [classes[i * 7 % 20]() for i in range(20000)]
functions = [eval('lambda: %d' % i) for i in range(20)]
print(sum_of(few), many(mixed), called([functions[i * 7 % 20] for i in range(20000)]))
";

fn long_function() -> String {
    let body: String = (0..120).map(|i| format!("    x = x ^ {i} ^ (x & {})\n", 3 * i)).collect();
    format!("def long(x):\n{body}    return x\nk = 0\nfor i in range(3000):\n    k = long(k)\nprint(k)\n")
}

/// Of a line: what is decided, the callee, the line that an object is needed at.
fn expect(told: &BTreeSet<Told>, line: u32, reason: &str, callee: &str, because: u32) {
    let wanted = (line, reason.to_owned(), callee.to_owned(), because);
    assert!(told.contains(&wanted), "no {wanted:?} in {told:#?}");
}

#[test]
fn calls_are_inlined_or_not_for_a_reason() {
    let calls = told(&[], CALLS);
    for (line, reason, callee) in [
        (5, "inlined", "depth"),
        (5, "recursion", "depth"),
        (16, "inlined-to-loop", "leaf"),
        (22, "comes-to-loop", "walk"),
        (28, "makes-generator", "squares.<locals>.<genexpr>"),
        (28, "builtin", ""),
        (39, "inlined", "P.__init__"),
        (40, "has-loop", "total"),
        (42, "resumed-in-line", "pair"),
        (44, "consumes-generators", "squares"),
        (45, "general", ""),
        (46, "not-resumable", "pair"),
        (47, "own-form", ""),
    ] {
        // An inlined function is left to its loop at the loop.
        let line = if reason == "inlined-to-loop" { 15 } else { line };
        expect(&calls, line, reason, callee, 0);
    }
    expect(&told(&["--jit-param", "inline-depth=1"], SEVERAL_DEEP), 2, "too-deep", "b", 0);
    expect(&told(&["--jit-param", "max-ir=40"], GROWING), 6, "grows-too-long", "work", 0);
    expect(&told(&[], &long_function()), 125, "too-long", "long", 0);
}

#[test]
fn objects_are_made_or_left_to_exits_for_a_reason() {
    let objects = told(&[], OBJECTS);
    for (line, reason, because) in [
        (16, "returned", 16),
        (24, "element", 24),
        (25, "attribute", 25),
        (26, "variable", 26),
        (27, "passed", 27),
        (30, "sunk", 0),
        (32, "operand", 33),
        (36, "next-turn", 35),
        (39, "differs", 0),
        (41, "end-of-trace", 38),
    ] {
        expect(&objects, line, reason, "", because);
    }
    // A range that a loop is over is made of what is known.
    expect(&told(&[], CALLS), 20, "unused", "", 0);
}

#[test]
fn branches_become_choices_or_not_for_a_reason() {
    let branches = told(&[], BRANCHES);
    for (line, reason) in [
        (5, "both-ways"),
        (7, "one-way"),
        (9, "rare-for-floats"),
        (11, "arm-too-long"),
        (13, "kinds-differ"),
        (14, "arm-fails"),
        (15, "arm-does-more"),
    ] {
        expect(&branches, line, reason, "", 0);
    }
    expect(&branches, 4, "hoisted", "", 0);
    // Arms that are both done, and ways that were not taken, are no reason to hurry.
    let eager: Vec<u32> = branches.iter().filter(|told| told.1 == "eager").map(|told| told.0).collect();
    assert!(!eager.contains(&5) && !eager.contains(&7), "{eager:?}");
    assert!(eager.contains(&11) && eager.contains(&13), "{eager:?}");
}

#[test]
fn places_that_come_to_several_things_are_told() {
    let shapes = told(&["--jit-param", "shapes=4"], SHAPES);
    expect(&shapes, 10, "eager", "", 0);
    expect(&shapes, 15, "many-shapes", "", 0);
    expect(&shapes, 20, "many-functions", "", 0);
}

#[test]
fn there_is_a_program_for_each_reason() {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (options, code) in [
        (&[][..], CALLS),
        (&["--jit-param", "inline-depth=1"], SEVERAL_DEEP),
        (&["--jit-param", "max-ir=40"], GROWING),
        (&[], &long_function()),
        (&[], OBJECTS),
        (&[], BRANCHES),
        (&["--jit-param", "shapes=4"], SHAPES),
    ] {
        seen.extend(told(options, code).into_iter().map(|told| told.1));
    }
    // The recorder fills objects at once; the optimiser does not rely on that.
    seen.insert(AllocationDecision::HalfMade.id().to_owned());
    let unseen: Vec<&str> = Decision::all().map(|row| row.1).filter(|id| !seen.contains(*id)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}
