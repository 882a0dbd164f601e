//! Pure functions from the model to numbers: the only place where a number shown anywhere is computed.
//!
//! Each answer is a plain value that serialises to the JSON of its command; text and TUI lay the same value out.

pub mod aborts;
pub mod account;
pub mod allocs;
pub mod asm;
pub mod blame;
pub mod break_even;
pub mod change;
pub mod charges;
pub mod classify;
pub mod decisions;
pub mod diff;
pub mod expected;
pub mod findings;
pub mod flame;
pub mod guards;
pub mod ir;
pub mod lines;
pub mod memory;
pub mod missing;
pub mod objects;
pub mod overview;
pub mod own;
pub mod passes;
pub mod series;
pub mod several;
pub mod summary;
pub mod timeline;
pub mod trace;
pub mod traces;
pub mod tracks;
pub mod warmup;

use crate::model::{GuardId, Model, TraceId};
use std::collections::BTreeMap;

/// What the guards of one trace add up to.
#[derive(Clone, Copy, Debug, Default)]
pub struct GuardSum {
    pub guards: u64,
    pub failing: u64,
    /// `None` while no guard of the trace has a counter.
    pub failures: Option<u64>,
}

/// Sums over the guards of every trace, in one pass.
pub fn guard_sums(model: &Model) -> BTreeMap<TraceId, GuardSum> {
    let mut sums: BTreeMap<TraceId, GuardSum> = BTreeMap::new();
    for guard in model.guards.values() {
        let sum = sums.entry(guard.trace).or_default();
        sum.guards += 1;
        if let Some(failures) = guard.failures {
            sum.failing += u64::from(failures > 0);
            sum.failures = Some(sum.failures.unwrap_or(0).saturating_add(failures));
        }
    }
    sums
}

/// A guard as a line of IR or a table refers to it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct GuardNote {
    pub id: GuardId,
    pub kind: String,
    pub expected: String,
    pub failures: Option<u64>,
    pub bridge: Option<TraceId>,
}
