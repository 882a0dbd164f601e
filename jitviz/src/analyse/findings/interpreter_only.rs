//! `interpreter-only`: traces end here, turn after turn, before what the interpreter alone executes: a `yield` to native
//! code, a `raise` that leaves the trace, a loop that has no trace. No guard was wrong about anything, so no other way
//! through the line helps. Cost and saving are those of exits (`guard_storm`), and of what takes a generator's values. Where
//! the VM gives a generator's loop up because it yields too soon for a trace, the generator is interpreted: then it is all
//! of the generator, what it alone calls, and what takes its values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::exit_cost::{Exits, exits};
use super::places::JitTime;
use super::stake::Stake;
use super::{Finding, share};
use crate::analyse::blame;
use crate::analyse::guards::GuardRow;
use crate::model::{Domain, FuncId, LocId, Model, Trace};
use crate::units::{count, ns};

pub const ID: &str = "interpreter-only";

/// The operation that ends such a trace.
pub const KIND: &str = "LEAVE";

/// Why recordings of such a loop are aborted.
const YIELDS: &str = "yields-soon";

/// What the VM calls it, what it is to a Python programmer, what to do about it.
const REASONS: &[(&str, &str, &str)] = &[
    (
        "yield",
        "a generator hands a value here to a builtin (`zip`, `enumerate`, `map`, `dict`, `next` and the like), not to a \
         loop, and the interpreter does that",
        "Take the values in a `for` loop, which runs the generator's body in compiled code: count in the loop instead \
         of enumerate(), keep an index instead of zip(). Or let the function return a list.",
    ),
    (
        YIELDS,
        "it hands each value after a few instructions to a builtin (`zip`, `enumerate`, `map`, `dict`, `next` and the \
         like), for which it would be left at once, so the interpreter runs it",
        "Take the values in a `for` loop, which runs the generator's body in compiled code: count in the loop instead \
         of enumerate(), keep an index instead of zip(). Or let the function return a list.",
    ),
    (
        "yield-loop",
        "a generator hands a value here to a `for` loop that runs in compiled code without the generator's body, which \
         is one that it cannot take in: it is very long, calls itself, or has a loop inside that seldom yields",
        "Make the generator one short loop with its `yield` in it, or do its work in the loop that takes its values.",
    ),
    (
        "yield-other",
        "a generator hands a value here to another generator, or while it handles an exception, which the interpreter \
         does",
        "Put the two generators together, or write `for value in …: yield value` instead of `yield from`; and do not \
         yield inside `except`.",
    ),
    (
        "not-inlined",
        "a generator steps another one here whose body compiled code cannot take in: it is very long, or the same \
         generator again",
        "Walk nested data with a list as the stack instead of a generator that steps itself, and keep the inner \
         generator short.",
    ),
    (
        "exhausted",
        "a generator that `next` steps is at its end here, so StopIteration is raised, which the interpreter carries to \
         its handler",
        "Take the values in a `for` loop, or give `next` a default.",
    ),
    (
        "await",
        "the program waits here for a coroutine or a delegated generator, which the interpreter resumes",
        "Wait less often: hand over several items at once, and make coroutines that never wait plain functions.",
    ),
    (
        "generator",
        "a generator is made here, which the interpreter does",
        "Make the generator once before the loop, or let a plain function return a list.",
    ),
    (
        "raise",
        "the program raises an exception here, which the interpreter carries to its handler",
        "Test before, or return a value that says what was wrong: exceptions are for what is rare.",
    ),
    (
        "raised",
        "an operation raised here, and the interpreter carries the exception to its handler",
        "Test before: dict.get or `in` instead of KeyError, str.isdigit instead of ValueError, a bound instead of \
         IndexError.",
    ),
    (
        "loop",
        "another loop begins here that has no trace of its own, so the interpreter runs it",
        "Let the inner loop run longer each time, or take it apart: `jitviz aborts` says why it has no trace.",
    ),
    (
        "frame",
        "a builtin looks here at the variables of the function that calls it (eval, exec, locals, dir, super), which the \
         interpreter has to show it",
        "Call it once before the loop, or pass the names it needs as arguments.",
    ),
];

/// True if the trace ends at this guard on purpose.
pub fn is_leave(guard: &GuardRow) -> bool {
    guard.kind == KIND
}

/// What the VM calls what it leaves for, from what the guard expects.
pub fn reason(expected: &str) -> &str {
    expected.rsplit(": ").next().unwrap_or_default()
}

/// What the VM leaves for in words, and what to do about it.
pub fn known(reason: &str) -> Option<(&'static str, &'static str)> {
    REASONS.iter().find(|row| row.0 == reason).map(|row| (row.1, row.2))
}

pub fn find(model: &Model) -> Vec<Finding> {
    let finding = |e: Exits| {
        let (cost, saving) = e.cost_and_saving(model);
        let first = e.guards.first();
        let reason = first.and_then(|guard| guard.expected.as_deref()).map(reason).unwrap_or_default();
        let otherwise = ("the interpreter alone executes what comes here", "Take this line out of the hot loop.");
        let (what, advice) = known(reason).unwrap_or(otherwise);
        Finding {
            id: ID,
            cost_ns: Some(cost),
            share: share(cost, model),
            saving_ns: Some(saving),
            cause: format!("Compiled code ended here {} times: {what}.", count(e.exits)),
            advice: advice.into(),
            evidence: json!({
                "exits": e.exits,
                "guards": e.ids(),
                "traces": e.traces(),
                "reason": reason,
                "exit_cost": e.cost,
            }),
            target: first.map(|g| (g.trace, Some(g.op))),
            whatever_it_costs: false,
            place: e.place,
            stake: e.stake,
        }
    };
    let is_yield =
        |e: &Exits| e.guards.iter().filter_map(|guard| guard.expected.as_deref()).any(|text| is_yield(reason(text)));
    let all = exits(model, is_leave).into_iter();
    let left = all.map(|e| if is_yield(&e) { with_consumers(model, e) } else { e }).map(finding);
    left.chain(given_up(model)).collect()
}

/// True if the recording was aborted because a generator's loop hands values over too soon.
pub fn yields(model: &Model, trace: &Trace) -> bool {
    trace.abort.as_ref().is_some_and(|abort| model.words.reason(Domain::Abort, abort.reason) == YIELDS)
}

/// Generators whose loops were given up for that.
fn given_up(model: &Model) -> Vec<Finding> {
    let given_up = blame::given_up(model);
    let function = |loc: LocId| model.program.locs.get(&loc).map(|at| at.func);
    let mut generators: BTreeMap<FuncId, Vec<&Trace>> = BTreeMap::new();
    for trace in model.traces.values().filter(|t| yields(model, t) && given_up.contains(&t.loc)) {
        if let Some(function) = function(trace.loc) {
            generators.entry(function).or_default().push(trace);
        }
    }
    let jit = JitTime::new(model);
    let finding = |(generator, aborted): (FuncId, Vec<&Trace>)| {
        let mut stake = Stake::default();
        stake.claim(model, |cell| cell.trace.0 == 0 && function(cell.loc) == Some(generator));
        stake.claim_called_from(model, &stake.lines(model));
        claim_consumers(model, &mut stake, &BTreeSet::from([generator]));
        stake.claim_gc_in_proportion(model);
        stake.claim_jit(&jit, aborted.iter().map(|t| t.id));
        let (cost, last) = (stake.cost_ns(), *aborted.last()?);
        let at = last.abort.as_ref().and_then(|abort| abort.loc.known()).unwrap_or(last.loc);
        let (what, advice) = known(YIELDS).unwrap_or_default();
        Some(Finding {
            id: ID,
            place: model.program.place(at),
            cost_ns: Some(cost),
            share: share(cost, model),
            saving_ns: Some(stake.saving_ns()),
            cause: format!("This generator is never compiled: {what}. It and what takes its values take {}.", ns(cost)),
            advice: advice.into(),
            evidence: json!({
                "recordings": aborted.len(),
                "traces": aborted.iter().map(|t| t.id).collect::<Vec<_>>(),
                "reason": YIELDS,
                "how": "samples in the generator, in what it alone calls, and on the lines that take its values",
            }),
            target: Some((last.id, None)),
            whatever_it_costs: false,
            stake: Some(stake),
        })
    };
    generators.into_iter().filter_map(finding).collect()
}

/// True of reasons to hand a generator's value over.
pub fn is_yield(reason: &str) -> bool {
    reason.to_ascii_lowercase().starts_with("yield")
}

/// Adds what a generator's consumer does for each value that compiled code does not hand over: the lines from which the
/// generator is called, in the interpreter, in the builtin and in what compiled code calls to step that.
pub fn with_consumers(model: &Model, mut exits: Exits) -> Exits {
    let Some(stake) = &mut exits.stake else { return exits };
    let function = |loc: LocId| model.program.locs.get(&loc).map(|at| at.func);
    let generators: BTreeSet<FuncId> = exits
        .guards
        .iter()
        .filter_map(|row| model.guards.get(&row.id))
        .filter_map(|guard| function(guard.loc))
        .collect();
    claim_consumers(model, stake, &generators);
    exits
}

/// Claims the lines from which generators are called.
fn claim_consumers(model: &Model, stake: &mut Stake, generators: &BTreeSet<FuncId>) {
    let function = |loc: LocId| model.program.locs.get(&loc).map(|at| at.func);
    let mut lines = BTreeSet::new();
    for (stack, _, _) in model.samples.by_stack.keys() {
        let frames = model.program.frames(*stack, 512);
        for pair in frames.windows(2) {
            if function(pair[0]).is_some_and(|f| generators.contains(&f)) {
                lines.extend(model.program.line_of(pair[1]));
            }
        }
    }
    stake.claim(model, |cell| model.program.line_of(cell.loc).is_some_and(|line| lines.contains(&line)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Guard, GuardId, Reason, TraceId};

    #[test]
    fn what_the_interpreter_does_is_told_and_no_guard_is_blamed() {
        let mut model = Model { duration_ns: 1_000_000_000, ..Model::default() };
        let kind = Reason { name: KIND.into(), text: String::new() };
        model.words.reasons.insert((Domain::GuardKind, 7), kind);
        let mut guard = Guard::new(GuardId(1), TraceId(1));
        (guard.failures, guard.kind, guard.expected) = (Some(5_000), 7, "the interpreter: yield".into());
        model.guards.insert(GuardId(1), guard);
        let found = find(&model);
        assert_eq!((found[0].id, found[0].evidence["reason"].as_str()), (ID, Some("yield")));
        assert!(found[0].cause.contains("5,000 times: a generator hands a value"), "{}", found[0].cause);
        assert!(super::super::guard_storm::find(&model).is_empty());
    }
}
