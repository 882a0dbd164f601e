//! `deep-recursion`: a function calls itself where a loop would do. Cost: all samples in the functions that are four
//! times or more on the stack of most of their samples. Saving: a loop does what the calls did in less time, and often
//! less often; what it still needs is taken for what straight code leaves of compiled code.

use std::collections::BTreeSet;

use serde_json::json;

use super::stake::Stake;
use super::{Finding, share};
use crate::model::{LocId, Model};
use crate::units::ns;

pub const ID: &str = "deep-recursion";

/// Calls of itself that make it recursion.
pub const TIMES: usize = 4;
const LEAST: f64 = 0.1;

pub fn find(model: &Model) -> Vec<Finding> {
    let found = super::places::recursion(model, TIMES);
    let found = found.into_iter().filter(|(_, cost)| *cost as f64 >= model.duration_ns as f64 * LEAST);
    let finding = |(function, deep_ns): (crate::model::Place, u64)| {
        let here = |loc: LocId| crate::model::Place { line: None, ..model.program.place(loc) } == function;
        let locs: BTreeSet<LocId> = model.samples.by_loc.keys().copied().filter(|loc| here(*loc)).collect();
        let mut stake = Stake::default();
        stake.claim(model, |cell| locs.contains(&cell.loc));
        let cost = stake.cost_ns();
        (deep_ns >= cost / 2).then(|| Finding {
        id: ID,
        place: super::places::lines_of_function(model, &function).unwrap_or(function),
        cost_ns: Some(cost),
        share: share(cost, model),
        saving_ns: Some(stake.saving_ns()),
        cause: format!(
            "This function calls itself; {} were spent in calls within its own calls, where a loop would go on.",
            ns(cost)
        ),
        advice: "Write it as a loop, with a list as the stack if one is needed, or keep results it computes again."
            .into(),
        evidence: json!({ "deeper_than": TIMES, "how": "samples in the function, most of them with it so many times on the stack" }),
        target: None,
        whatever_it_costs: false,
        stake: Some(stake),
    })
    };
    found.filter_map(finding).collect()
}
