//! `interpreter-only`: traces end here, turn after turn, before what the interpreter alone executes: a `yield` to native
//! code, a `raise` that leaves the trace, a loop that has no trace. No guard was wrong about anything, so no other way through the line helps. Cost and
//! saving are those of exits (`guard_storm`).

use serde_json::json;

use super::exit_cost::exits;
use super::{Finding, share};
use crate::analyse::guards::GuardRow;
use crate::model::Model;
use crate::units::count;

pub const ID: &str = "interpreter-only";

/// The operation that ends such a trace.
const KIND: &str = "LEAVE";

/// What the VM calls it, what it is to a Python programmer, what to do about it.
const REASONS: &[(&str, &str, &str)] = &[
    (
        "yield",
        "a generator hands a value here to a builtin, `next` or `yield from`, which the interpreter does",
        "Take the values in a `for` loop, which runs the generator's body in compiled code: not by sum(), max() and the \
         like, `next` or `yield from`. Or return a list.",
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

/// What the VM calls what it leaves for.
fn reason(guard: &GuardRow) -> &str {
    let text = guard.expected.as_deref().unwrap_or_default();
    text.rsplit(": ").next().unwrap_or_default()
}

pub fn find(model: &Model) -> Vec<Finding> {
    let finding = |e: super::exit_cost::Exits| {
        let (cost, saving) = e.cost_and_saving(model);
        let first = e.guards.first();
        let reason = first.map(reason).unwrap_or_default();
        let known = REASONS.iter().find(|row| row.0 == reason);
        let what = known.map_or("the interpreter alone executes what comes here", |row| row.1);
        let advice = known.map_or("Take this line out of the hot loop.", |row| row.2);
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
    exits(model, is_leave).into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Domain, Guard, GuardId, Reason, TraceId};

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
