//! Samples of running programs: which states and places they name, and that they add up. Nothing here depends on how long
//! anything takes, except that the programs work for many sampling periods: those are of a timer that ticks while they work.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use jitlog::{Event, Health, Reader, Sample, SampleState};
use support::{Ended, finish, jitvm};

/// One sample, in words.
#[derive(Debug)]
struct Seen {
    state: SampleState,
    /// Line of the innermost frame.
    line: u32,
    /// Functions, innermost first.
    functions: Vec<String>,
    builtin: String,
    raw: Sample,
}

fn run(code: &str, options: &[&str]) -> (tempfile::TempDir, Reader) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.jlog");
    let log = path.to_str().expect("a plain name");
    let finished = finish(jitvm().args(["--log", log]).args(options).args(["-c", code]));
    assert_eq!(finished.ended, Ended::Status(0), "{}", finished.stderr);
    assert_eq!(finished.stderr, "", "{}", finished.stdout);
    let reader = Reader::open(Path::new(log)).expect("the log opens");
    assert_eq!((reader.health(), reader.problems()), (Health::Clean, vec![]));
    (folder, reader)
}

fn samples(reader: &Reader) -> Vec<Seen> {
    let defs = reader.defs();
    let name = |func| defs.func(func).map_or(String::new(), |def| def.name.to_owned());
    let mut seen = Vec::new();
    for entry in reader.events() {
        if let Event::Sample(raw) = entry.expect("the log is whole").event() {
            let frames = defs.frames(raw.stack_id).collect::<Vec<_>>();
            assert!(raw.stack_id.is_none() || frames[0].loc_id == raw.loc_id, "the stack begins at the place");
            let function = |loc| defs.loc(loc).map_or(String::new(), |def| name(def.func_id));
            seen.push(Seen {
                state: raw.state,
                line: defs.loc(raw.loc_id).map_or(0, |loc| loc.line),
                functions: frames.iter().map(|frame| function(frame.loc_id)).collect(),
                builtin: name(raw.builtin),
                raw,
            });
        }
    }
    seen
}

const PROGRAM: &str = "\
import time
def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)
def loop(n):
    total = 0
    for i in range(n):
        total += i * 3 % 7
    return total
def outer(values, n):
    total = 0
    for i in range(n):
        total += sum(values)
    return total
values = list(range(1000))
fib(20)
loop(60000000)
outer(values, 60000)
time.sleep(0.3)
";

#[test]
fn samples_name_the_state_the_place_and_the_builtin() {
    let (_folder, reader) = run(PROGRAM, &[]);
    let seen = samples(&reader);
    let mut count: BTreeMap<SampleState, usize> = BTreeMap::new();
    seen.iter().for_each(|s| *count.entry(s.state).or_default() += 1);
    for state in [SampleState::Trace, SampleState::Native, SampleState::Idle] {
        assert!(count.get(&state).is_some_and(|&n| n > 5), "{state}: {count:?}");
    }
    let of = |state, function: &str| {
        let of = seen.iter().filter(|s| s.state == state && s.functions.first().is_some_and(|f| f == function));
        of.collect::<Vec<_>>()
    };
    let compiled = of(SampleState::Trace, "loop");
    assert!(compiled.len() > 5 && compiled.iter().all(|s| !s.raw.trace_id.is_none()), "{compiled:?}");
    let on_body = compiled.iter().filter(|s| s.line == 9).count();
    assert!(on_body * 2 > compiled.len(), "the body has most of the loop: {compiled:?}");
    let summing: Vec<_> = seen.iter().filter(|s| s.builtin == "sum").collect();
    assert!(summing.len() > 5 && summing.iter().all(|s| s.state == SampleState::Native));
    let on_call = summing.iter().filter(|s| s.line == 14 && s.functions[0] == "outer").count();
    assert!(on_call * 10 >= summing.len() * 9, "the builtin is charged to the line that calls it: {summing:?}");
    assert!(of(SampleState::Idle, "<module>").iter().all(|s| s.line == 20));
    for sample in &seen {
        let in_builtin = sample.state == SampleState::Native;
        assert_eq!(in_builtin, !sample.builtin.is_empty(), "{sample:?}");
    }
}

#[test]
fn the_interpreter_names_line_and_stack() {
    let code = "\
def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)
fib(33)
";
    let (_folder, reader) = run(code, &["--jit", "off", "--sample", "1000"]);
    let seen = samples(&reader);
    let recursive: Vec<_> = seen.iter().filter(|s| s.functions.first().is_some_and(|f| f == "fib")).collect();
    // A fifth of the time is on the rarer line: of so many samples, it has some.
    assert!(recursive.len() > 100, "{seen:?}");
    for sample in &recursive {
        assert_eq!(sample.state, SampleState::Interp);
        assert!((2..=4).contains(&sample.line), "{sample:?}");
        assert_eq!(sample.functions.last().map(String::as_str), Some("<module>"));
    }
    assert!(recursive.iter().any(|s| s.functions.len() > 5), "the stack has the whole recursion");
    // Lines share the time as instructions do: none has all of it.
    for line in [2, 4] {
        let on_line = recursive.iter().filter(|s| s.line == line).count();
        assert!(on_line > 0 && on_line < recursive.len(), "line {line}: {on_line} of {}", recursive.len());
    }
}

#[test]
fn the_account_does_not_exceed_the_run() {
    let (_folder, reader) = run(PROGRAM, &["--sample", "4000"]);
    let (mut weights, mut timed, mut pauses, mut last_ns) = (0, 0, 0, 0);
    for entry in reader.events() {
        let entry = entry.expect("the log is whole");
        last_ns = entry.t_ns;
        match entry.event() {
            Event::Sample(s)
                if [SampleState::Interp, SampleState::Trace, SampleState::Native, SampleState::Deopt]
                    .contains(&s.state) =>
            {
                weights += s.weight_ns;
            }
            Event::StateTime(e) => timed += e.dur_ns,
            Event::GcEnd(e) => pauses += e.pause_ns,
            _ => {}
        }
    }
    let sum = weights + timed + pauses;
    assert!(sum <= last_ns + last_ns / 50, "{weights} + {timed} + {pauses} of {last_ns}");
    assert!(sum >= last_ns / 2, "{weights} + {timed} + {pauses} of {last_ns}");
}

#[test]
fn exits_are_blamed_on_their_guards() {
    // Types that alternate from a list: the loop is left through the same guard each time.
    let code = "\
values = [1, 2.5] * 50000
def add(values):
    total = 0
    for v in values:
        total += v
    return total
for i in range(60):
    add(values)
";
    let (_folder, reader) = run(code, &["--jit-param", "side=1000000000", "--jit-param", "side-eager=1000000000"]);
    let seen = samples(&reader);
    let blamed: Vec<_> = seen.iter().filter(|s| !s.raw.guard_id.is_none()).collect();
    for sample in &blamed {
        assert!([SampleState::Interp, SampleState::Deopt].contains(&sample.state), "{sample:?}");
        assert!(reader.defs().guard(sample.raw.guard_id).is_some(), "{sample:?}");
    }
    assert!(!blamed.is_empty(), "{} samples", seen.len());
}

#[test]
fn no_samples_are_taken_unless_asked_for() {
    let (_folder, reader) = run(PROGRAM, &["--sample", "0"]);
    assert_eq!(samples(&reader).len(), 0);
    assert!(!reader.events().any(|entry| matches!(entry.expect("whole").event(), Event::StateTime(_))));
    assert_eq!(finish(jitvm().args(["--sample", "100000", "-c", "pass"])).ended, Ended::Status(2));
}

#[test]
fn deep_recursion_and_collections_are_sampled_without_harm() {
    let code = "\
import sys
sys.setrecursionlimit(100000)
def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)
total = 0
for i in range(300):
    total += deep(20000)
    held = list(range(3000))
print(total)
";
    let (_folder, reader) = run(code, &["--sample", "10000", "--jit-param", "gc-stress=2"]);
    let seen = samples(&reader);
    // Compiled code adds the frames that it has inlined.
    assert!(seen.iter().any(|s| s.functions.len() >= 65), "the innermost 64 frames and the place");
    assert!(seen.iter().any(|s| s.state == SampleState::Gc));
}

/// Allocates a list of a thousand on line 4, and a class's instances on line 9.
const ALLOCATES: &str = "\
def lists(n):
    kept = None
    for i in range(n):
        kept = [i] * 1000
    return kept
class Point:
    def __init__(self, x):
        self.x = x
def points(n):
    return [Point(i) for i in range(n)]
lists(4000)
for i in range(20):
    points(5000)
";

#[test]
fn weights_of_allocations_add_up() {
    let (_folder, reader) = run(ALLOCATES, &[]);
    let (mut sum, mut total) = (0, 0);
    let mut by_type: std::collections::BTreeMap<String, u64> = Default::default();
    let mut on_line = 0;
    for entry in reader.events() {
        match entry.expect("the log is whole").event() {
            Event::AllocSample(e) => {
                sum += e.weight_bytes;
                let name = reader.defs().string(e.type_str).unwrap_or("?").to_owned();
                *by_type.entry(name).or_default() += e.weight_bytes;
                if reader.defs().loc(e.loc_id).is_some_and(|loc| loc.line == 4) {
                    on_line += e.weight_bytes;
                }
            }
            Event::Heap(e) => total = e.allocated_total_bytes,
            _ => {}
        }
    }
    assert!(sum.abs_diff(total) <= total / 1000, "{sum} of {total}: {by_type:?}");
    assert!(by_type.contains_key("Point"), "{by_type:?}");
    // 4000 times 1000 words of 8 bytes.
    assert!(on_line > 30_000_000 && on_line < 34_500_000, "{on_line}");
}

const KEEPS: &str = "\
class Node:
    def __init__(self, value):
        self.value = value

kept = [None] * 1000
for number in range(1_000_000):
    place = number % 1000
    kept[place] = Node(number)
print(kept[0].value)
";

#[test]
fn objects_of_compiled_code_are_on_the_line_that_makes_them() {
    let (_folder, reader) = run(KEEPS, &[]);
    let mut by_line: std::collections::BTreeMap<u32, u64> = Default::default();
    for entry in reader.events() {
        if let Event::AllocSample(e) = entry.expect("the log is whole").event()
            && reader.defs().string(e.type_str) == Some("Node")
        {
            let line = reader.defs().loc(e.loc_id).map_or(0, |loc| loc.line);
            *by_line.entry(line).or_default() += e.weight_bytes;
        }
    }
    let all: u64 = by_line.values().sum();
    assert!(all > 10_000_000, "{by_line:?}");
    assert!(by_line.get(&8).is_some_and(|&bytes| bytes > all * 9 / 10), "{by_line:?}");
}

#[test]
fn the_kernel_counts_and_memory_is_accounted_for() {
    let (_folder, reader) = run(ALLOCATES, &[]);
    let mut counters = std::collections::BTreeSet::new();
    let (mut resident, mut parts) = (0, 0);
    for entry in reader.events() {
        match entry.expect("the log is whole").event() {
            Event::PerfCount(e) => {
                counters.insert(e.counter);
            }
            Event::PerfMissing(e) => {
                assert!(!e.reason.is_empty());
                counters.insert(e.counter);
            }
            Event::Memory(e) => {
                assert!(e.peak_bytes >= e.resident_bytes);
                (resident, parts) = (e.resident_bytes, 0);
            }
            Event::MemoryPart(e) => parts += e.bytes,
            _ => {}
        }
    }
    assert_eq!(counters.len(), jitlog::PerfCounter::ALL.len(), "each is counted, or the log says why not");
    assert!(resident > 0 && parts > resident / 2, "{parts} of {resident}");
    let (_folder, reader) = run(ALLOCATES, &["--sample", "0"]);
    let is_of_them = |event: Event<'_>| {
        matches!(event, Event::AllocSample(_) | Event::PerfCount(_) | Event::PerfMissing(_) | Event::Memory(_))
    };
    assert!(!reader.events().any(|entry| is_of_them(entry.expect("whole").event())), "nothing unless asked for");
}

#[test]
fn the_kernel_samples_with_native_chains_or_says_why_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("run.jlog");
    let arguments = ["--sample", "1000", "--sample-source", "perf", "-c", PROGRAM];
    let finished = finish(jitvm().arg("--log").arg(&log).args(arguments));
    assert_eq!(finished.ended, Ended::Status(0), "{}", finished.stderr);
    let reader = Reader::open(&log).expect("the log opens");
    assert!(!samples(&reader).is_empty(), "whatever ticks, there are samples");
    let (mut chains, mut mapped) = (0, 0);
    let events = reader.events().map(|entry| entry.expect("the log is whole"));
    for entry in events {
        if let Event::NativeStack(stack) = entry.event() {
            assert_eq!(stack.addresses.len(), stack.n as usize * 8);
            chains += 1;
            mapped += usize::from(stack.n > 1);
        }
    }
    if finished.stderr.is_empty() {
        assert!(chains > 0 && mapped > 0, "{chains} chains, {mapped} of several frames");
    } else {
        assert!(finished.stderr.contains("the timer samples"), "{}", finished.stderr);
    }
}
