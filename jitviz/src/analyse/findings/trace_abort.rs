//! `trace-abort`: a hot loop or function whose recordings abort, with what they stumble over.
//!
//! What recording and compiling cost in vain is always known. That the place is interpreted afterwards usually costs far
//! more, but takes samples to measure; without them a place that was given up is shown whatever the known cost. Saving:
//! what is left is compiled code instead of interpreted, and nothing of the recordings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::stake::Stake;
use super::{Finding, interpreter_only, share};
use crate::analyse::blame::{GivenUp, blame};
use crate::model::{Domain, LocId, Model, Trace};
use crate::units::plural;

pub const ID: &str = "trace-abort";

/// What to do about reasons whose names begin so; the first that fits counts.
const ADVICE: &[(&str, &str)] = &[
    (
        "inner-loop",
        "Nothing is lost if nearly all time is in the inner loop, which has a trace of its own; if its turns are few, write them out or move them into a function.",
    ),
    (
        "unsupported",
        "Move the operation the evidence names out of the hot loop, or replace it by one that traces can contain.",
    ),
    ("trace-too-long", SPLIT),
    ("too-many-snapshots", SPLIT),
    ("too-", "Split the body of the loop, so that fewer calls and values are alive at once."),
    ("unstable-type", "Give each variable the same type at the end of the loop as at its start."),
    ("rare-path", "Nothing is lost: the loop is recorded again in another iteration."),
];

const SPLIT: &str = "Split the body of the loop into several loops, or move rare branches into functions of their own.";

const OTHERWISE: &str = "Look at the operation the evidence names, and keep it out of the hot loop.";

/// What to do where recordings are aborted for this.
pub fn advice(reason: &str) -> &'static str {
    ADVICE.iter().find(|(start, _)| reason.starts_with(start)).map_or(OTHERWISE, |a| a.1)
}

pub fn find(model: &Model) -> Vec<Finding> {
    let mut groups: BTreeMap<LocId, Vec<&Trace>> = BTreeMap::new();
    // Exceptions and generators have findings of their own.
    let is_other = |t: &Trace| super::exception_in_loop::is_exception(model, t) || interpreter_only::yields(model, t);
    for trace in model.traces.values().filter(|t| t.abort.is_some() && !is_other(t)) {
        groups.entry(trace.loc).or_default().push(trace);
    }
    let interpreted = blame(model).given_up;
    let none = GivenUp::default();
    let of = |loc| interpreted.get(&loc).unwrap_or(&none);
    let jit = super::places::JitTime::new(model);
    groups.into_iter().filter_map(|(loc, aborted)| finding(model, &jit, loc, &aborted, of(loc))).collect()
}

fn finding(
    model: &Model,
    jit: &super::places::JitTime,
    loc: LocId,
    aborted: &[&Trace],
    interpreted: &GivenUp,
) -> Option<Finding> {
    let last = aborted.last()?;
    let abort = last.abort.as_ref()?;
    let reason = model.words.reason(Domain::Abort, abort.reason);
    // Exits of functions that the place calls, and builtins, are on its lines too.
    let lines: BTreeSet<_> = interpreted.locs.iter().filter_map(|loc| model.program.line_of(*loc)).collect();
    let here = |loc: LocId| model.program.line_of(loc).is_some_and(|line| lines.contains(&line));
    let locs: BTreeSet<LocId> = model.samples.by_loc.keys().copied().filter(|loc| here(*loc)).collect();
    let mut stake = Stake::default();
    stake.claim(model, |cell| cell.trace.0 == 0 && locs.contains(&cell.loc));
    stake.claim_called_from(model, &lines);
    stake.claim_gc_in_proportion(model);
    let interpreted_ns = stake.cost_ns();
    stake.claim_jit(jit, aborted.iter().map(|t| t.id));
    let cost = stake.cost_ns();
    let sampled = !model.samples.is_empty();
    let given_up =
        model.blacklisted.contains(&loc) || aborted.iter().any(|t| t.abort.as_ref().is_some_and(|a| a.blacklisted));
    let compiled = model.traces.values().any(|t| t.loc == loc && t.became_code());
    let at = model.program.place(abort.loc.known().unwrap_or(loc));
    let meaning = model.words.reason_text(Domain::Abort, abort.reason).map(|t| t.trim_end_matches('.'));
    let outcome = match (given_up, compiled) {
        (true, _) => "given up, so the interpreter runs it",
        (false, true) => "compiled in the end",
        (false, false) => "not compiled up to the end of the log",
    };
    Some(Finding {
        // A loop whose variables change their types has no trace at all: the cause is the types.
        id: if reason.starts_with("unstable-type") { super::unstable_types::ID } else { ID },
        place: model.program.place(loc),
        cost_ns: Some(cost),
        share: share(cost, model),
        saving_ns: Some(stake.saving_ns()),
        cause: format!(
            "What starts here was recorded in vain {} ({reason}{}{}) and {outcome}.",
            plural(aborted.len() as u64, "time"),
            if meaning.is_some() { ": " } else { "" },
            meaning.unwrap_or_default(),
        ),
        advice: advice(&reason).into(),
        evidence: json!({
            "recordings": aborted.len(),
            "traces": aborted.iter().map(|t| t.id).collect::<Vec<_>>(),
            "reason": reason,
            "detail": abort.detail,
            "stopped_at": at,
            "given_up": given_up,
            "compiled": compiled,
            "interpreted_ns": sampled.then_some(interpreted_ns),
            "how": match sampled {
                true => "time spent recording and compiling what was thrown away, and samples in the interpreter on \
                         lines around which no other loop was given up",
                false => "time spent recording and compiling what was thrown away; interpreting the place afterwards is \
                          not in it, which takes samples to measure",
            },
        }),
        target: Some((last.id, None)),
        whatever_it_costs: given_up && !compiled && !sampled,
        stake: Some(stake),
    })
}
