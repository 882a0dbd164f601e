//! `guard-storm`: the program leaves compiled code again and again through exits without a bridge.

use serde_json::json;

use super::exit_cost::{exits, is_unstable_type};
use super::{Finding, about, share};
use crate::model::Model;
use crate::units::{count, plural};

pub const ID: &str = "guard-storm";

pub fn find(model: &Model) -> Vec<Finding> {
    // Failing types have a finding of their own.
    let storms = exits(model, |guard| !is_unstable_type(guard));
    let finding = |e: super::exit_cost::Exits| {
        let [low, cost, high] = e.cost_ns(model);
        let [least, most] = about(model, cost);
        let first = e.guards.first();
        Finding {
            id: ID,
            cost_ns: Some(cost),
            share: share(cost, model),
            // Few samples leave more open than the fix does.
            saving_ns: Some([low.min(least), high.max(most)]),
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
        }
    };
    storms.into_iter().map(finding).collect()
}
