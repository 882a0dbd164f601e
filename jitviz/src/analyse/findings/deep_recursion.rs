//! `deep-recursion`: a function calls itself where a loop would be compiled. Cost: samples with the function four times
//! or more on the stack. Saving: about all of it.

use serde_json::json;

use super::{Finding, about, share};
use crate::model::Model;
use crate::units::ns;

pub const ID: &str = "deep-recursion";

/// Calls of itself that make it recursion.
pub const TIMES: usize = 4;
const LEAST: f64 = 0.1;

pub fn find(model: &Model) -> Vec<Finding> {
    let found = super::places::recursion(model, TIMES);
    let found = found.into_iter().filter(|(_, cost)| *cost as f64 >= model.duration_ns as f64 * LEAST);
    let finding = |(function, cost): (crate::model::Place, u64)| Finding {
        id: ID,
        place: super::places::lines_of_function(model, &function).unwrap_or(function),
        cost_ns: Some(cost),
        share: share(cost, model),
        saving_ns: Some(about(model, cost)),
        cause: format!(
            "This function calls itself; {} were spent in calls within its own calls, which no loop trace contains.",
            ns(cost)
        ),
        advice: "Write it as a loop, with a list as the stack if one is needed, or keep results it computes again."
            .into(),
        evidence: json!({ "deeper_than": TIMES, "how": "samples in the interpreter and builtins with the function so many times on the stack" }),
        target: None,
        whatever_it_costs: false,
    };
    found.map(finding).collect()
}
