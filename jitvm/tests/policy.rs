//! What becomes of traces that are left too often, what the test modes count, and a program whose log has no room.

mod support;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;

use jitlog::{Event, Reader, ReasonDomain, StopReason};
use serde_json::Value;
use support::{Ended, finish, jitvm};

/// Leaves the loop's trace at every second iteration if no side trace may be made.
const SHORT: &str = "
def main(n):
    total = 0
    for i in range(n):
        if i % 2 == 0:
            total = total + 1
        else:
            total = total + 2
    return total
print(main(20000))
";

/// The same with work in between, which a trace does faster by more than an exit costs.
const LONG: &str = "
def main(n):
    total = 0
    for i in range(n):
        for_one = i ^ 3 ^ total ^ (i + 1) ^ (i + 2) ^ (i + 3) ^ (i + 4) ^ (i + 5) ^ (i + 6) ^ (i + 7) ^ (i + 8)
        for_two = i ^ 4 ^ total ^ (i - 1) ^ (i - 2) ^ (i - 3) ^ (i - 4) ^ (i - 5) ^ (i - 6) ^ (i - 7) ^ (i - 8)
        if i % 2 == 0:
            total = (total + for_one) & 1023
        else:
            total = (total + for_two) & 1023
    return total
print(main(20000))
";

/// Standard output, and the statistics from the last line of standard error. Branches are no choices here: it is exits that
/// are looked at.
fn run(options: &[&str], code: &str) -> (String, Value) {
    let finished =
        finish(jitvm().args(["--jit-param", "if-convert=0"]).args(options).args(["--stats=json", "-c", code]));
    assert_eq!(finished.ended, Ended::Status(0), "{}", finished.stderr);
    let last = finished.stderr.lines().last().expect("--stats=json prints a line");
    (finished.stdout, serde_json::from_str(last).expect("the line is JSON"))
}

fn count(statistics: &Value, key: &str) -> u64 {
    statistics["traces"][key].as_u64().unwrap_or_else(|| panic!("no count {key} in {statistics}"))
}

/// Ids of the reasons for which the log says that loops were blacklisted.
fn blacklisted(log: &Path) -> Vec<String> {
    let reader = Reader::open(log).expect("the log is readable");
    let mut reasons = Vec::new();
    for entry in reader.events() {
        if let Event::Blacklist(event) = entry.expect("the log is whole").event() {
            let reason = reader.defs().reason(ReasonDomain::Exit, event.reason.0);
            reasons.push(reason.map_or_else(|| event.reason.0.to_string(), |reason| reason.name.to_string()));
        }
    }
    reasons
}

#[test]
fn a_loop_whose_exits_cost_more_than_it_saves_is_blacklisted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for mode in ["mode=machine", "mode=ir"] {
        let log = folder.path().join(mode);
        let log_option = log.to_str().expect("a plain name");
        let options = ["--jit-param", "side-limit=0", "--jit-param", mode, "--log", log_option];
        let (output, statistics) = run(&options, SHORT);
        assert_eq!(output, "30000\n");
        assert_eq!(count(&statistics, "blacklisted"), 1, "{mode}");
        assert!(count(&statistics, "exits") < 1000, "{mode}: {statistics}");
        assert_eq!(blacklisted(&log), ["exit-cost"], "{mode}");
    }
}

#[test]
fn side_traces_keep_the_watchdog_away() {
    let (_, statistics) = run(&[], SHORT);
    assert_eq!((count(&statistics, "blacklisted"), count(&statistics, "bridges")), (0, 1));
}

#[test]
fn a_loop_that_is_worth_its_exits_stays() {
    let (with_exits, statistics) = run(&["--jit-param", "side-limit=0"], LONG);
    assert_eq!(count(&statistics, "blacklisted"), 0);
    assert!(count(&statistics, "exits") > 9000, "{statistics}");
    let (interpreted, _) = run(&["--jit", "off"], LONG);
    assert_eq!(with_exits, interpreted);
}

#[test]
fn guards_fail_on_the_same_schedule_in_machine_code_and_in_the_ir_interpreter() {
    for number in ["guard-fail=1", "guard-fail=4", "guard-fail=31"] {
        let counts = ["mode=machine", "mode=ir"].map(|mode| {
            let (output, statistics) = run(&["--jit-param", number, "--jit-param", mode], LONG);
            (output, count(&statistics, "exits"), count(&statistics, "bridges"))
        });
        assert_eq!(counts[0], counts[1], "{number}");
        assert!(counts[0].1 > 100, "{number}: {counts:?}");
    }
}

#[test]
fn checked_runs_compare_and_agree() {
    let finished = finish(jitvm().args(["--jit-check", "--stats", "-c", LONG]));
    assert_eq!(finished.ended, Ended::Status(0), "{}", finished.stderr);
    let line = finished.stderr.lines().find(|line| line.contains("checked")).expect("statistics of the check");
    let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert!(numbers[1] > 100_000, "{line}");
}

/// Calls itself, returns from within a loop, and meets other types once it is compiled.
const RECURSIVE: &str = "
def weigh(n):
    for i in range(3):
        if n < 2:
            return n
    return weigh(n - 1) + weigh(n - 2)
print(weigh(18), weigh(17.0), weigh(5))
";

#[test]
fn functions_are_compiled_and_call_each_other() {
    let (out, statistics) = run(&[], RECURSIVE);
    assert_eq!(out, "2584 1597.0 5\n");
    assert!(count(&statistics, "functions") > 0, "{statistics}");
    // Nearly all calls are native: the interpreter enters the traces of few.
    assert!(count(&statistics, "entries") < 4000, "{statistics}");
    let (out, statistics) = run(&["--jit-param", "func=off"], RECURSIVE);
    assert_eq!(out, "2584 1597.0 5\n");
    assert_eq!(count(&statistics, "functions"), 0);
}

/// Its callee's argument has another type each time, which no side trace is made for.
const FICKLE: &str = "
class A: pass
class B: pass
class C: pass
def kind(x):
    return x.name
def main(n):
    for c in (A, B, C):
        c.name = 'x'
    things = [A(), B(), C()]
    total = 0
    for i in range(n):
        for thing in things:
            total += len(kind(thing))
    return total
print(main(2000))
";

#[test]
fn a_function_that_is_mostly_left_is_interpreted() {
    let options = ["--jit-param", "side-limit=0", "--jit-param", "inline-depth=0", "--jit-param", "loop=100000"];
    let options: Vec<&str> = options.into_iter().chain(["--jit-param", "watchdog=64"]).collect();
    let (out, statistics) = run(&options, FICKLE);
    assert_eq!(out, "6000\n");
    assert_eq!((count(&statistics, "functions"), count(&statistics, "blacklisted")), (1, 1), "{statistics}");
}

#[test]
fn a_log_without_room_leaves_the_program_alone_and_says_what_is_missing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("full.jlog");
    let code =
        "import jitvm\nfor i in range(200000):\n    jitvm.iteration(i)\n    if i % 1000 == 0:\n        print(i)\n";
    let mut command = jitvm();
    command.arg("--log").arg(&log).args(["-c", code]);
    // A limit on the size of files is to the log what a full disk is: no room to grow into.
    // SAFETY: `setrlimit` is async-signal-safe and touches no memory of the parent.
    unsafe {
        command.pre_exec(|| {
            let limit = libc::rlimit { rlim_cur: 3 << 20, rlim_max: 3 << 20 };
            libc::setrlimit(libc::RLIMIT_FSIZE, &limit);
            Ok(())
        });
    }
    let finished = finish(&mut command);
    assert_eq!(finished.ended, Ended::Status(0), "{}", finished.stderr);
    let expected: String = (0..200).map(|i| format!("{}\n", i * 1000)).collect();
    assert_eq!(finished.stdout, expected);
    assert!(finished.stderr.contains("the log is incomplete"), "{}", finished.stderr);
    let reader = Reader::open(&log).expect("what was written is readable");
    let loss = reader.loss();
    assert_eq!(loss.stopped, Some(StopReason::NoSpace));
    let kept = reader
        .events()
        .filter(|entry| entry.as_ref().is_ok_and(|entry| matches!(entry.event(), Event::Mark(_))))
        .count();
    assert!(loss.dropped_events > 0 && kept > 1000, "kept {kept} marks, {loss:?}");
    assert!(fs::metadata(&log).expect("the log is there").len() <= 3 << 20);
}
