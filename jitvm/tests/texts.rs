//! Programs that evaluate ever different texts: their code is given back.

mod support;

use std::fs;

use support::{Ended, finish, jitvm};

/// Bytes of memory before and after evaluating many texts, each once, in ways that can be forgotten.
const PROGRAM: &str = r#"
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def work(first, count):
    total = 0
    for n in range(first, first + count):
        total += eval(f"{n} * 2 + len('text {n}')")
        total += eval("n + 1", {"n": n})
        exec(f"made = [n for n in range({n} % 5)]")
        total += len(eval(f"[{n}] * 300, " + "1 + " * 300 + "1")[0])
    return total

print(work(0, 1000))
before = resident()
print(work(1000, 4000))
grown = resident() - before
print("grown by", grown if grown > 16_000_000 else "little")
"#;

#[test]
fn texts_that_cannot_run_again_are_forgotten() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("case.py"), PROGRAM).expect("it is writable");
    let finished = finish(jitvm().current_dir(folder.path()).arg("case.py"));
    assert!(matches!(finished.ended, Ended::Status(0)), "{}", finished.stderr);
    let lines: Vec<&str> = finished.stdout.lines().collect();
    assert_eq!(lines[2], "grown by little", "{}", finished.stdout);
}
