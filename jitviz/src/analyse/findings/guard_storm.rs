//! `guard-storm`: the program leaves compiled code again and again through exits without a bridge. Cost:
//! interpreting between exit and next trace, and the loop that is left, if that burdens it. Saving: the turns that were
//! interpreted run compiled, without leaving and entering. Where the VM tried to record a bridge and gave up, it is said why.

use serde_json::json;

use super::exit_cost::{Exits, exits, is_exception, is_unstable_type};
use super::interpreter_only::{self, is_leave};
use super::{Finding, share, trace_abort};
use crate::model::{Abort, Domain, Model};
use crate::units::{count, plural};

pub const ID: &str = "guard-storm";

const OTHERWISE: &str = "Make the common way through this line always the same: split the loop by case, take the rare case out of it, or let \
     a short inner loop run longer.";

/// The last recording of a bridge from here that was given up.
fn given_up<'m>(model: &'m Model, exits: &Exits) -> Option<&'m Abort> {
    let from_here = |trace: &&crate::model::Trace| {
        trace.parent_guard.is_some_and(|guard| exits.guards.iter().any(|row| row.id == guard))
    };
    model.traces.values().filter(from_here).filter_map(|trace| trace.abort.as_ref()).next_back()
}

/// Why there is no bridge, to be said behind what happened, and what to do about it.
fn why(model: &Model, abort: Option<&Abort>) -> (String, &'static str) {
    let Some(abort) = abort else { return (String::new(), OTHERWISE) };
    let reason = model.words.reason(Domain::Abort, abort.reason);
    let alone = abort.detail.split_once(": ").and_then(|(id, _)| interpreter_only::known(id));
    if let Some((what, advice)) = alone {
        return (format!(" No bridge could be recorded: {what}."), advice);
    }
    let meaning = model.words.reason_text(Domain::Abort, abort.reason).map(|t| t.trim_end_matches('.'));
    let meaning = meaning.map_or(String::new(), |meaning| format!(": {meaning}"));
    (format!(" No bridge could be recorded ({reason}{meaning})."), trace_abort::advice(&reason))
}

pub fn find(model: &Model) -> Vec<Finding> {
    // Failing types, exceptions and traces that end on purpose have findings of their own.
    let storms = exits(model, |guard| !is_unstable_type(guard) && !is_exception(guard) && !is_leave(guard));
    let finding = |e: super::exit_cost::Exits| {
        let abort = given_up(model, &e);
        let (why, advice) = why(model, abort);
        let yields = abort.is_some_and(|abort| interpreter_only::is_yield(&abort.detail));
        let e = if yields { interpreter_only::with_consumers(model, e) } else { e };
        let (cost, saving) = e.cost_and_saving(model);
        let first = e.guards.first();
        let mut evidence = json!({
            "exits": e.exits,
            "guards": e.ids(),
            "traces": e.traces(),
            "kind": first.map(|g| &g.kind),
            "expected": first.and_then(|g| g.expected.as_ref()),
            "observed": first.map(|g| &g.observed),
            "exit_cost": e.cost,
        });
        if let Some(abort) = abort {
            let reason = model.words.reason(Domain::Abort, abort.reason);
            evidence["recording"] = json!({ "reason": reason, "detail": abort.detail });
        }
        Finding {
            id: ID,
            cost_ns: Some(cost),
            share: share(cost, model),
            saving_ns: Some(saving),
            cause: format!(
                "Compiled code was left here {} times through {} to go on in the interpreter, because the program took \
                 a way that was not recorded.{why}",
                count(e.exits),
                plural(e.guards.len() as u64, "guard"),
            ),
            advice: advice.into(),
            evidence,
            target: first.map(|g| (g.trace, Some(g.op))),
            whatever_it_costs: false,
            place: e.place,
            stake: e.stake,
        }
    };
    storms.into_iter().map(finding).collect()
}
