//! Source texts that are damaged, huge or deep: always bytecode that verifies or an error, never a panic.

use jitvm::front::error::Feature;
use jitvm::front::verify::verify;
use jitvm::front::{CompileError, compile};

const PROGRAMS: &[&str] = &[
    "def f(a, b=1, *, c):\n    while a < b and not c:\n        a += 1\n    else:\n        return [x * y for x, y in c if x]\n",
    "for i, (j, k) in x[1:2, ::3]:\n    if i: continue\n    elif j is not k: break\n    del x[i], j\n",
    "import a.b as c\nfrom d import e\nprint(f'{x!r:>{w}}' \"q\", *y)\nassert x, (1, 2.5, 0xff)\n",
    "class A:\n    def m(self): yield\ntry:\n    x = {1: 2}\nexcept E as e: raise\nfinally: pass\n",
    "async def f(*a, b: int, **c) -> d:\n    async with a as (x, *y), b:\n        return [z async for z in await b if (q := z)]\n    for i in c:\n        try:\n            if i: continue\n            elif b: break\n            yield i\n        except* A as e: g(lambda: e)\n        finally:\n            nonlocal_ = {**c, 'a': 1}\n",
    "@a.b\nclass A(B, *c, m=d):\n    'doc'\n    x: int = 1\n    def f(self):\n        nonlocal_ = 1\n        def g():\n            nonlocal nonlocal_\n            return super().f(), {y for y in nonlocal_}\n        return (yield from g())\n",
    "def f(v):\n    match v:\n        case [1, x, *_] | {'k': x, **r} if x: return x\n        case A.B(-1, c=(None | 'a') as d): del v.x, d\n        case _: raise E from v\n    from ..a import (b, c as d)\n",
    "def g(é):\n    global q\n    q = lambda z, /: (t := z) if é else -z ** ~2\n    return q.r.s(1)(k='''a\nb''')\n",
];

fn refused(source: &str) -> CompileError {
    compile("test.py", source).map(|module| module.codes.len()).expect_err("refused")
}

/// Compiles; what comes out must verify, and an error must be printable.
fn survives(source: &str) {
    match compile("test.py", source) {
        Ok(module) => {
            module.codes.iter().for_each(|code| verify(code).unwrap_or_else(|error| panic!("{error}: {source}")))
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[test]
fn mutated_programs_never_panic() {
    let alphabet = b" \n\t()[]{}:=,.*'\"\\#@!<>+-019abfxyz_\xc3\xa9\0;~%&|^";
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..3000 {
        let mut bytes = PROGRAMS[round % PROGRAMS.len()].as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let place = random.below(bytes.len());
            match random.below(4) {
                0 => _ = bytes.remove(place),
                1 => bytes.insert(place, bytes[place]),
                2 => bytes[place] = alphabet[random.below(alphabet.len())],
                _ => {
                    let end = (place + random.below(12)).min(bytes.len());
                    let piece = bytes[place..end].to_vec();
                    let target = random.below(bytes.len());
                    bytes.splice(target..target, piece);
                }
            }
        }
        survives(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn every_prefix_is_survived() {
    for program in PROGRAMS {
        program.char_indices().for_each(|(end, _)| survives(&program[..end]));
    }
}

#[test]
fn big_programs_compile() {
    let function = |index: usize| {
        format!(
            "def f{index}(a, b={index}):\n    t = 0\n    for i in range(b):\n        if i % 3 == a:\n            t += i * {index}.5\n    \
             return t, 'text {index}'\n"
        )
    };
    let source: String = (0..5000).map(function).collect();
    let module = compile("big.py", &source).unwrap();
    assert_eq!(module.codes.len(), 5001);
    let items: Vec<String> = (0..100_000).map(|item| item.to_string()).collect();
    let module = compile("list.py", &format!("x = [f, {}]\n", items.join(", "))).unwrap();
    assert!(module.codes[0].registers < 8);
    let chain: String = (0..5000).map(|index| format!("elif x == {index}: y = {index}\n")).collect();
    survives(&format!("if x: pass\n{chain}"));
}

#[test]
fn what_does_not_fit_the_instructions_is_refused() {
    let floats: Vec<String> = (0..70_000).map(|item| format!("{item}.5")).collect();
    assert_eq!(refused(&format!("x = [y, {}]\n", floats.join(", "))).message, Feature::Size.name());
    let arguments = vec!["x"; 70_000].join(", ");
    assert_eq!(refused(&format!("f({arguments})\n")).message, Feature::Size.name());
    let names: String = (0..70_000).map(|index| format!("    x{index} = 1\n")).collect();
    assert_eq!(refused(&format!("def f():\n{names}")).message, Feature::Size.name());
}

#[test]
fn deep_programs_are_compiled_or_refused() {
    let sum = |terms: usize| format!("x = {}\n", vec!["y"; terms].join(" + "));
    assert!(compile("deep.py", &sum(2500)).is_ok());
    for source in
        [sum(100_000), format!("x = y{}\n", ".z".repeat(300_000)), format!("x = {}1\n", "lambda: ".repeat(10_000))]
    {
        assert_eq!(refused(&source).message, Feature::Nesting.name());
    }
    // CPython's tokenizer counts parentheses.
    for source in [
        format!("x = {}y{}\n", "(".repeat(10_000) + &"-".repeat(10_000), ")".repeat(10_000)),
        format!("x = {}{}\n", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{} = y\n", "(x, ".repeat(5000) + &")".repeat(5000)),
    ] {
        assert_eq!(refused(&source).message, "too many nested parentheses");
    }
    survives(&format!("x = {}", "(".repeat(50_000)));
    survives(&format!("x = {}$\n", "-".repeat(100_000)));
}
