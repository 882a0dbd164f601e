//! `memory-overhead`: much machine code that ran less than it took to make. Cost: recording and compiling of the traces
//! in whose code less time was spent, and interpreting until they were hot. Saving: all of it, less what
//! the code that takes their place needs.

use std::collections::BTreeSet;

use serde_json::json;

use super::places::JitTime;
use super::stake::Stake;
use super::{Finding, share};
use crate::model::{LocId, Model, Part, Trace};
use crate::units::{bytes, ns, plural};

pub const ID: &str = "memory-overhead";

pub fn find(model: &Model) -> Vec<Finding> {
    let jit = JitTime::new(model);
    let earned = |t: &Trace| model.samples.by_trace.get(&t.id).map_or(0, |time| time.compiled_ns);
    let idle: Vec<&Trace> = model.traces.values().filter(|t| t.became_code() && earned(t) < jit.of(t.id)).collect();
    if idle.len() < super::short_run::MANY_TRACES || model.samples.is_empty() {
        return Vec::new();
    }
    let mut stake = Stake::default();
    stake.claim_jit(&jit, idle.iter().map(|t| t.id));
    // Each had to get hot first.
    let functions: BTreeSet<_> = idle.iter().filter_map(|t| model.program.locs.get(&t.loc)).map(|at| at.func).collect();
    let here = |loc: LocId| model.program.locs.get(&loc).is_some_and(|at| functions.contains(&at.func));
    stake.claim(model, |cell| cell.part == Part::Interp && here(cell.loc));
    let (cost, interp_ns) = (stake.cost_ns(), stake.sampled_ns());
    let made_ns = cost.saturating_sub(interp_ns);
    let held: u64 =
        idle.iter().filter_map(|t| t.compile.as_ref()).map(|c| u64::from(c.code_bytes) + u64::from(c.data_bytes)).sum();
    let worst = idle.iter().max_by_key(|t| jit.of(t.id));
    vec![Finding {
        id: ID,
        place: worst.map(|t| model.program.place(t.loc)).unwrap_or_default(),
        cost_ns: Some(cost),
        share: share(cost, model),
        saving_ns: Some(stake.saving_ns()),
        cause: format!(
            "{} hold {} of code and metadata and took {} to make, more than was ever spent in them{}.",
            plural(idle.len() as u64, "trace"),
            bytes(held),
            ns(made_ns),
            if interp_ns > 0 {
                format!("; before, {} went by in the interpreter", ns(interp_ns))
            } else {
                String::new()
            },
        ),
        advice: "Write one function with parameters instead of many alike; if the code is that varied by nature, a \
                 higher threshold compiles less of it (--jit-param loop=1000)."
            .into(),
        evidence: json!({
            "traces": idle.len(),
            "bytes": held,
            "made_in_ns": made_ns,
            "interpreted_ns": interp_ns,
            "how": "the time of recording and compiling traces that have less time in their code, and what was interpreted in their functions, by samples",
        }),
        target: worst.map(|t| (t.id, None)),
        whatever_it_costs: false,
        stake: Some(stake),
    }]
}
