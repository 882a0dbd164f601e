//! What is wrong with the program's way through the JIT, most costly first: the list `jitviz explain` prints.
//!
//! One file per kind of finding, and one table of them. A cost is given only where the log supports an estimate; how it
//! was made stands in the evidence.

pub mod exit_cost;
mod guard_storm;
mod never_hot;
mod taken_over;
mod trace_abort;
mod unstable_types;

use serde::Serialize;

use crate::model::{Model, OpIx, Place, TraceId};

/// A kind of finding.
pub struct Kind {
    pub id: &'static str,
    find: fn(&Model) -> Vec<Finding>,
}

/// Everything that is looked for. Terms of the same ids explain the kinds.
pub const KINDS: &[Kind] = &[
    Kind { id: unstable_types::ID, find: unstable_types::find },
    Kind { id: trace_abort::ID, find: trace_abort::find },
    Kind { id: guard_storm::ID, find: guard_storm::find },
    Kind { id: never_hot::ID, find: never_hot::find },
];

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub id: &'static str,
    #[serde(flatten)]
    pub place: Place,
    /// `None` where the log does not say enough for an estimate.
    pub cost_ns: Option<u64>,
    /// The cost as a part of the run.
    pub share: Option<f64>,
    /// Between what and what the run would be shorter.
    pub saving_ns: Option<[u64; 2]>,
    pub cause: String,
    pub advice: String,
    pub evidence: serde_json::Value,
    /// Where the evidence is in the log.
    #[serde(skip)]
    pub target: Option<(TraceId, Option<OpIx>)>,
    /// Shown even if the cost that is known is small, because most of the cost is not in the log.
    #[serde(skip)]
    pub whatever_it_costs: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Findings {
    pub findings: Vec<Finding>,
    /// How many more there are that cost less than [`WORTH_SHOWING`] of the run, or of a run too short to matter.
    pub not_shown: u64,
    pub looked_for: Vec<&'static str>,
}

/// A finding that costs a smaller part of the run is shown only if asked for.
pub const WORTH_SHOWING: f64 = 0.02;

/// All findings, or those worth showing; most costly first, those of unknown cost last.
pub fn findings(model: &Model, all: bool) -> Findings {
    let mut list: Vec<Finding> = KINDS.iter().flat_map(|kind| (kind.find)(model)).collect();
    let found = list.len();
    list.retain(|f| all || f.whatever_it_costs || f.share.is_some_and(|share| share >= WORTH_SHOWING));
    list.sort_by_key(|f| std::cmp::Reverse(f.cost_ns));
    Findings {
        not_shown: (found - list.len()) as u64,
        findings: list,
        looked_for: KINDS.iter().map(|kind| kind.id).collect(),
    }
}

/// A part of the run, to a millionth: more would pretend a precision that estimates do not have.
fn share(cost_ns: u64, model: &Model) -> Option<f64> {
    let share = cost_ns as f64 / model.duration_ns as f64;
    (model.duration_ns > 0).then(|| (share * 1e6).round() / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_which_nothing_happened_has_no_finding() {
        let none = findings(&Model::default(), true);
        assert_eq!((none.findings.len(), none.not_shown), (0, 0));
        assert_eq!(none.looked_for, ["unstable-types", "trace-abort", "guard-storm", "never-hot"]);
    }

    #[test]
    fn every_kind_is_explained() {
        for kind in KINDS {
            assert!(crate::terms::term(kind.id).is_some(), "{}", kind.id);
        }
    }
}
