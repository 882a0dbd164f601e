//! One recorded run for each kind of finding, and runs with nothing to find: `fixtures/diagnose/logs`, made of the
//! programs there by `scripts/diagnose --keep` and packed.

use std::path::{Path, PathBuf};

use jitviz::analyse::findings::{Finding, KINDS, findings};
use jitviz::model::log::open;

fn logs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/diagnose/logs")
}

/// The findings of a run, which never claim more than there is.
fn found_in(name: &str) -> Vec<Finding> {
    let model = open(&logs().join(format!("{name}.jlogz"))).expect("the log of a run");
    for all in [false, true] {
        let list = findings(&model, all).findings;
        let costs: u64 = list.iter().filter_map(|f| f.cost_ns).sum();
        assert!(costs <= model.duration_ns, "{name}: costs of {costs} ns in {} ns", model.duration_ns);
        for finding in &list {
            let (cost, saving) = (finding.cost_ns.unwrap_or(0), finding.saving_ns.unwrap_or_default());
            assert!(
                saving[0] <= saving[1].min(cost) && saving[1] <= model.duration_ns,
                "{name}: {} of {cost} saves {saving:?}",
                finding.id
            );
        }
    }
    findings(&model, false).findings
}

/// The finding is the first, on the line, and says what it saves closely enough to be of use.
fn expect(id: &str, line: Option<u32>) {
    let found = found_in(id);
    let first = found.first().unwrap_or_else(|| panic!("{id}: nothing found"));
    assert_eq!((first.id, first.place.line), (id, line));
    assert!(first.share.is_some_and(|share| share > 0.1), "{id}: {:?} of the run", first.share);
    let [low, high] = first.saving_ns.expect("samples tell the saving");
    assert!(high <= 2 * low, "{id}: between {low} and {high} ns");
    assert!(!first.cause.is_empty() && !first.advice.is_empty() && first.evidence.is_object());
}

macro_rules! kinds {
    ($($test:ident $id:literal $line:expr;)*) => {
        $(#[test] fn $test() { expect($id, $line); })*
        const TESTED: &[&str] = &[$($id),*];
    };
}

kinds! {
    bigint_in_loop "bigint-in-loop" Some(5);
    deep_recursion "deep-recursion" Some(4);
    escaping_allocation "escaping-allocation" Some(5);
    exception_in_loop "exception-in-loop" Some(7);
    gc_pressure "gc-pressure" Some(11);
    guard_storm "guard-storm" Some(9);
    interpreter_only "interpreter-only" Some(10);
    invalidation_loop "invalidation-loop" Some(8);
    list_kind_change "list-kind-change" Some(8);
    megamorphic_call "megamorphic-call" Some(78);
    memory_overhead "memory-overhead" Some(1114);
    native_wall "native-wall" Some(5);
    never_hot "never-hot" None;
    polymorphic_shape "polymorphic-shape" Some(20);
    short_run "short-run" None;
    trace_abort "trace-abort" Some(9);
    trace_explosion "trace-explosion" Some(4);
    unstable_types "unstable-types" Some(4);
}

#[test]
fn exceptions_that_compiled_code_raises_and_catches_are_found() {
    let found = found_in("exception-in-compiled-code");
    let first = found.first().expect("something was found");
    assert_eq!((first.id, first.place.line), ("exception-in-loop", Some(7)));
    assert_eq!(first.evidence["in_a_builtin"], false);
}

#[test]
fn every_kind_has_its_run() {
    assert!(KINDS.iter().all(|kind| TESTED.contains(&kind.id)) && KINDS.len() == TESTED.len());
}

#[test]
fn runs_with_nothing_wrong_have_no_finding() {
    for name in ["clean-matrix", "clean-objects"] {
        let over: Vec<_> = found_in(name).into_iter().filter(|f| f.share.is_none_or(|share| share > 0.05)).collect();
        assert!(over.is_empty(), "{name}: {over:?}");
    }
}

/// An unknown key in two turns of three: the dict raises, the program catches, and nothing but compiled code runs.
#[test]
fn exceptions_of_operations_are_found() {
    let found = found_in("exception-in-operation");
    let first = found.first().expect("something was found");
    assert_eq!((first.id, first.place.line), ("exception-in-loop", Some(6)));
    assert_eq!((&first.evidence["in_an_operation"], first.evidence["times"].as_u64()), (&true.into(), Some(3_995_898)));
    // With a test before the program takes 43 % of the time; 40 ns fall to an exception on a processor of its own.
    let saved = first.saving_ns.unwrap().map(|ns| ns as f64 / found_run_ns("exception-in-operation"));
    assert!(saved[0] <= 0.57 && 0.57 <= saved[1], "{saved:?}");
}

fn found_run_ns(name: &str) -> f64 {
    open(&logs().join(format!("{name}.jlogz"))).expect("the log of a run").duration_ns as f64
}

/// Slices that a deque's program hands to the interpreter's own operations are a part of its loop, not all of it.
#[test]
fn objects_are_not_all_of_their_loop() {
    let found = found_in("deque-walk");
    let objects: Vec<_> = found.iter().filter(|f| f.id == "escaping-allocation").collect();
    assert!(objects.iter().all(|f| f.share.is_some_and(|share| share < 0.3)), "{objects:?}");
    assert!(objects.iter().all(|f| f.evidence["escapes_through"] == serde_json::json!(["a call"])), "as the log says");
}

#[test]
fn making_traces_takes_no_more_than_the_jit_did() {
    let model = open(&logs().join("memory-overhead.jlogz")).expect("the log of a run");
    let found = found_in("memory-overhead");
    let made = found[0].evidence["made_in_ns"].as_u64().expect("the VM timed it");
    assert!(made <= jitviz::analyse::summary::jit_ns(&model) && made > 0, "{made}");
}
