//! `unstable-types`: guards on a type fail because a value has now this type and now that.

use serde_json::json;

use super::exit_cost::{Exits, exits, is_unstable_type};
use super::list_kind_change::reads_a_list;
use super::places::{Fork, Sort, forks};
use super::{Finding, fork_finding, share, taken_over};
use crate::model::Model;
use crate::units::{count, plural};

pub const ID: &str = "unstable-types";

pub fn find(model: &Model) -> Vec<Finding> {
    let mut found: Vec<Finding> = exits(model, is_unstable_type).into_iter().map(|e| finding(model, e)).collect();
    // What bridges took over costs less, but not nothing.
    let wanted = |f: &Fork| f.sort == Sort::Type && f.passes >= 1_000 && !reads_a_list(model, f);
    for fork in forks(model).into_iter().filter(wanted) {
        if found.iter().any(|f| f.place == fork.place) {
            continue;
        }
        let cause = format!(
            "A value on this line has now one type and now another: {} times another than the one recorded, with {}.",
            count(fork.passes),
            plural(fork.bridges.len() as u64, "bridge"),
        );
        found.push(fork_finding(model, ID, fork, cause, ADVICE));
    }
    found.extend(taken_over::find(model, &found));
    found
}

const ADVICE: &str = "Keep one type in the variable from the start, such as 0.0 instead of 0 for a sum of floats, or handle the \
                      types in loops of their own.";

fn finding(model: &Model, e: Exits) -> Finding {
    let (cost, saving) = e.cost_and_saving(model);
    let first = e.guards.first();
    let expected = first.and_then(|g| g.expected.clone()).unwrap_or_default();
    let seen: Vec<&str> = first.map(|g| g.observed.iter().map(|o| o.r#type.as_str()).collect()).unwrap_or_default();
    Finding {
        id: ID,
        cost_ns: Some(cost),
        share: share(cost, model),
        saving_ns: Some(saving),
        cause: format!(
            "A value on this line was {expected} when the trace was recorded and {} later, which left compiled code {} \
             times.",
            seen.join(" or "),
            count(e.exits),
        ),
        advice: ADVICE.into(),
        evidence: json!({
            "exits": e.exits,
            "guards": e.ids(),
            "traces": e.traces(),
            "expected": expected,
            "observed": first.map(|g| &g.observed),
            "observed_exact": first.map(|g| g.observed_exact),
            "exit_cost": e.cost,
        }),
        target: first.map(|g| (g.trace, Some(g.op))),
        whatever_it_costs: false,
        place: e.place,
        stake: e.stake,
    }
}
