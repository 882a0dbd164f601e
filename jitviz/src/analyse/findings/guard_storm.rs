//! `guard-storm`: the program leaves compiled code again and again through exits without a bridge. Cost:
//! interpreting between exit and next trace, and the loop that is left, if that burdens it. Saving: the turns that were
//! interpreted run compiled, without leaving and entering.

use serde_json::json;

use super::exit_cost::{exits, is_exception, is_unstable_type};
use super::{Finding, share};
use crate::model::Model;
use crate::units::{count, plural};

pub const ID: &str = "guard-storm";

pub fn find(model: &Model) -> Vec<Finding> {
    // Failing types and exceptions have findings of their own.
    let storms = exits(model, |guard| !is_unstable_type(guard) && !is_exception(guard));
    let finding = |e: super::exit_cost::Exits| {
        let (cost, saving) = e.cost_and_saving(model);
        let first = e.guards.first();
        Finding {
            id: ID,
            cost_ns: Some(cost),
            share: share(cost, model),
            saving_ns: Some(saving),
            cause: format!(
                "Compiled code was left here {} times through {} to go on in the interpreter, because the program took \
                 a way that was not recorded.",
                count(e.exits),
                plural(e.guards.len() as u64, "guard"),
            ),
            advice:
                "Make the common way through this line always the same: split the loop by case, take the rare case \
                     out of it, or let a short inner loop run longer."
                    .into(),
            evidence: json!({
                "exits": e.exits,
                "guards": e.ids(),
                "traces": e.traces(),
                "kind": first.map(|g| &g.kind),
                "expected": first.and_then(|g| g.expected.as_ref()),
                "observed": first.map(|g| &g.observed),
                "exit_cost": e.cost,
            }),
            target: first.map(|g| (g.trace, Some(g.op))),
            whatever_it_costs: false,
            place: e.place,
            stake: e.stake,
        }
    };
    storms.into_iter().map(finding).collect()
}
