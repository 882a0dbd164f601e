//! Code memory that is full: what is evicted, when its bytes are used again, and that no program can tell.

mod support;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use jitlog::{Event, Reader, ReasonDomain, TraceKind};
use serde_json::Value;
use support::{Ended, finish, jitvm};

/// What the log says of code memory, in order.
#[derive(Debug)]
enum Change {
    Installed { trace: u32, start: u64, bytes: u64 },
    Unlinked { trace: u32 },
    Freed { trace: u32, start: u64, bytes: u64 },
    Mark(String),
}

struct Told {
    changes: Vec<Change>,
    functions: Vec<u32>,
    most_used: u64,
    limit: u64,
}

fn told(log: &Path) -> Told {
    let reader = Reader::open(log).expect("the log is readable");
    let mut told = Told { changes: Vec::new(), functions: Vec::new(), most_used: 0, limit: 0 };
    for entry in reader.events() {
        match entry.expect("the log is whole").event() {
            Event::TraceStart(event) if event.kind == TraceKind::Func => told.functions.push(event.trace_id.0),
            Event::CodeInstall(event) => told.changes.push(Change::Installed {
                trace: event.trace_id.0,
                start: event.addr.0,
                bytes: event.bytes.into(),
            }),
            Event::Invalidate(event) => {
                let reason = reader.defs().reason(ReasonDomain::Invalidate, event.reason.0);
                if reason.is_some_and(|reason| reason.name == "evicted") {
                    told.changes.push(Change::Unlinked { trace: event.trace_id.0 });
                }
            }
            Event::CodeFree(event) => {
                let reason = reader.defs().reason(ReasonDomain::CodeFree, event.reason.0);
                assert_eq!(reason.map(|reason| reason.name), Some("evicted"));
                told.changes.push(Change::Freed {
                    trace: event.trace_id.0,
                    start: event.addr.0,
                    bytes: event.bytes.into(),
                });
            }
            Event::Codemem(event) => {
                told.most_used = told.most_used.max(event.used_bytes);
                told.limit = event.limit_bytes;
            }
            Event::Mark(event) => {
                let name = reader.defs().string(event.name_str).unwrap_or_default();
                told.changes.push(Change::Mark(name.to_string()));
            }
            _ => {}
        }
    }
    told
}

/// Every piece of code lies where no other is, from its installation until it is freed, after it was unlinked.
fn lives_are_apart(changes: &[Change]) {
    let mut there: HashMap<u32, (u64, u64)> = HashMap::new();
    let mut unlinked = Vec::new();
    for change in changes {
        match change {
            Change::Installed { trace, start, bytes } => {
                let end = start + bytes;
                let other = there.iter().find(|(_, at)| *start < at.1 && at.0 < end);
                assert!(other.is_none(), "trace {trace} is where {other:?} still is");
                there.insert(*trace, (*start, end));
            }
            Change::Unlinked { trace } => unlinked.push(*trace),
            Change::Freed { trace, start, bytes } => {
                assert!(unlinked.contains(trace), "trace {trace} was freed without being unlinked");
                assert_eq!(there.remove(trace), Some((*start, start + bytes)), "trace {trace}");
            }
            Change::Mark(_) => {}
        }
    }
}

/// Runs a program: its output, the statistics of its traces, and what the log says.
fn run(options: &[&str], code: &str) -> (String, Value, Told) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (log, program) = (folder.path().join("run.jlog"), folder.path().join("program.py"));
    fs::write(&program, code).expect("a temporary file");
    let finished = finish(jitvm().args(options).args(["--stats=json", "--log"]).arg(&log).arg(&program));
    assert_eq!(finished.ended, Ended::Status(0), "{}", finished.stderr);
    let last = finished.stderr.lines().last().expect("--stats=json prints a line");
    let statistics: Value = serde_json::from_str(last).expect("the line is JSON");
    (finished.stdout, statistics["traces"].clone(), told(&log))
}

/// `more(k)` makes a function with a loop of its own and runs it hot; `work(n, bottom)` recurs in compiled code.
const FUNCTIONS: &str = "
import jitvm

SOURCE = '''
def loop(n):
    total = %d
    for i in range(n):
        if i %% 3:
            total += i * %d
        else:
            total -= i & %d
    return total
'''

def more(k):
    names = {}
    exec(SOURCE % (k, k + 1, k + 2), names)
    return names['loop'](200)

def expected(k):
    return k + sum(i * (k + 1) if i % 3 else -(i & (k + 2)) for i in range(200))

def work(n, bottom):
    if n == 0:
        return bottom()
    if n % 2:
        return work(n - 1, bottom) + n
    return work(n - 1, bottom) - n
";

#[test]
fn code_evicted_from_the_bottom_of_a_recursion_is_not_overwritten_before_it_returns() {
    let program = FUNCTIONS.to_owned()
        + "
def large(lines):
    text = ''.join(f'        total = (total * {k + 3} ^ i) & 1048575\\n' for k in range(lines))
    names = {}
    exec('def main(n):\\n    total = 1\\n    for i in range(n):\\n' + text + '    return total\\n', names)
    return names['main'](100)

def bottom():
    jitvm.mark('bottom')
    total = sum(more(k) - expected(k) for k in range(40)) + sum(map(large, range(10, 130, 6)))
    jitvm.mark('returning')
    return total

for i in range(5):
    work(400, lambda: 0)
print(work(500, bottom))
for k in range(40, 80):
    if more(k) != expected(k):
        print(k)
print(work(500, bottom), work(499, lambda: 7))
";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("program.py");
    fs::write(&file, &program).expect("a temporary file");
    let plain = finish(jitvm().args(["--jit", "off"]).arg(&file));
    let (output, statistics, told) = run(&["--jit-param", "code-limit=16"], &program);
    assert_eq!(output, plain.stdout);
    lives_are_apart(&told.changes);
    // While compiled code of the recursion was to be returned to, it was unlinked, and others came and went; only
    // afterwards was it freed.
    let position = |name: &str| told.changes.iter().position(|c| matches!(c, Change::Mark(found) if found == name));
    let (from, to) = (position("bottom").expect("a mark"), position("returning").expect("a mark"));
    let inside = &told.changes[from..to];
    let unlinked = |id: u32| inside.iter().any(|c| matches!(c, Change::Unlinked { trace } if *trace == id));
    let freed =
        |id: u32, among: &[Change]| among.iter().any(|c| matches!(c, Change::Freed { trace, .. } if *trace == id));
    let held: Vec<u32> = told.functions.iter().copied().filter(|&id| unlinked(id) && !freed(id, inside)).collect();
    assert!(held.iter().any(|&id| freed(id, &told.changes[to..])), "{:?}", told.changes);
    assert!(inside.iter().filter(|c| matches!(c, Change::Freed { .. })).count() > 20, "{inside:?}");
    assert!(statistics["evicted"].as_u64() >= statistics["freed"].as_u64(), "{statistics}");
}

#[test]
fn more_traces_than_there_is_memory_for() {
    let program = FUNCTIONS.to_owned()
        + "
wrong = 0
for round in range(2):
    for k in range(300):
        wrong += more(k) != expected(k)
print(wrong, work(300, lambda: 1))
";
    let (output, statistics, told) = run(&["--jit-param", "code-limit=32"], &program);
    assert_eq!(output, "0 -149\n");
    lives_are_apart(&told.changes);
    assert!(told.limit == 32 << 10 && told.most_used <= told.limit, "{} of {}", told.most_used, told.limit);
    assert!(told.most_used > told.limit / 2, "{}", told.most_used);
    let count = |name: &str| statistics[name].as_u64().expect("a count");
    assert!(count("loops") + count("bridges") > 600 && count("freed") > 400, "{statistics}");
    assert_eq!(count("aborted"), 0, "{statistics}");
}

#[test]
fn what_is_used_stays_and_what_was_evicted_comes_back() {
    let program = FUNCTIONS.to_owned()
        + "
def used(n):
    total = 0
    for i in range(n):
        total += i
    return total

for k in range(200):
    more(k)
    used(100)
    used(100)
names = {}
exec(SOURCE % (1, 2, 3), names)
for round in range(3):
    for i in range(40):
        names['loop'](100)
    for k in range(40):
        more(k)
jitvm.mark('end')
print(used(1000), names['loop'](100))
";
    let (output, statistics, told) = run(&["--jit-param", "code-limit=24"], &program);
    assert_eq!(
        output,
        format!("499500 {}\n", 1 + (0..100).map(|i| if i % 3 != 0 { i * 2 } else { -(i & 3) }).sum::<i64>())
    );
    lives_are_apart(&told.changes);
    assert!(statistics["freed"].as_u64() > Some(200), "{statistics}");
}

#[test]
fn a_trace_larger_than_all_code_memory_is_given_up() {
    let lines: String = (0..400).map(|i| format!("        total = (total * {} ^ i) & 1048575\n", i + 3)).collect();
    let program =
        format!("def main(n):\n    total = 1\n    for i in range(n):\n{lines}    return total\nprint(main(300))\n");
    let plain = finish(jitvm().args(["--jit", "off", "-c", &program]));
    let finished = finish(jitvm().args(["--jit-param", "code-limit=16", "--stats=json", "-c", &program]));
    assert_eq!((finished.ended, &finished.stdout), (Ended::Status(0), &plain.stdout), "{}", finished.stderr);
    let last = finished.stderr.lines().last().expect("--stats=json prints a line");
    let statistics: Value = serde_json::from_str(last).expect("the line is JSON");
    assert_eq!((&statistics["traces"]["loops"], &statistics["traces"]["evicted"]), (&0.into(), &0.into()));
    assert!(statistics["traces"]["aborted"].as_u64() > Some(0), "{statistics}");
}
