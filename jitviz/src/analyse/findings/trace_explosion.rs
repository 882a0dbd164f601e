//! `trace-explosion`: so many bridges for one loop that compiling them, and finding the way through them, costs more than
//! the loop. Cost: their recording, compiling, and time in them and in exits of the tree. Saving: about all of it.

use std::collections::BTreeMap;

use serde_json::json;

use super::places::{JitTime, Sort, forks};
use super::{Finding, about, share};
use crate::model::{Model, TraceId};
use crate::units::{ns, plural};

pub const ID: &str = "trace-explosion";

/// Fewer bridges are what branches in a loop need.
const MANY: usize = 16;

pub fn find(model: &Model) -> Vec<Finding> {
    // Types and targets have findings of their own.
    let others: Vec<TraceId> = forks(model)
        .into_iter()
        .filter(|f| f.sort != Sort::Branch && f.bridges.len() >= 6)
        .flat_map(|f| f.bridges)
        .collect();
    let mut trees: BTreeMap<TraceId, Vec<TraceId>> = BTreeMap::new();
    for trace in model.traces.values().filter(|t| t.became_code() && t.parent.is_some() && !others.contains(&t.id)) {
        let mut root = trace.id;
        for _ in 0..model.traces.len() {
            match model.traces.get(&root).and_then(|t| t.parent) {
                Some(parent) if parent != root => root = parent,
                _ => break,
            }
        }
        trees.entry(root).or_default().push(trace.id);
    }
    let jit_time = JitTime::new(model);
    let finding = |(root, bridges): (TraceId, Vec<TraceId>)| {
        let trace = model.traces.get(&root).filter(|_| bridges.len() >= MANY)?;
        let time = |id: &TraceId| model.samples.by_trace.get(id).map_or(0, |t| t.compiled_ns);
        let inside = bridges.iter().map(time).fold(0, u64::saturating_add);
        let jit = bridges.iter().map(|id| jit_time.of(*id)).fold(0, u64::saturating_add);
        let of_tree = |id: &TraceId| *id == root || bridges.contains(id);
        let exits =
            model.guards.values().filter(|g| of_tree(&g.trace)).filter_map(|g| model.samples.by_guard.get(&g.id));
        let exits = exits.map(|w| w.ns).fold(0, u64::saturating_add);
        let cost = inside.saturating_add(jit).saturating_add(exits).min(model.duration_ns);
        Some(Finding {
            id: ID,
            place: model.program.place(trace.loc),
            cost_ns: Some(cost),
            share: share(cost, model),
            saving_ns: Some(about(model, cost)),
            cause: format!(
                "This loop has {}, one for each way through its branches; making them, running in them and leaving them takes {}.",
                plural(bridges.len() as u64, "bridge"),
                ns(cost),
            ),
            advice:
                "Replace chains of tests by a table that is looked up, or by arithmetic, so that every turn takes the \
                     same way."
                    .into(),
            evidence: json!({
                "bridges": bridges.len(),
                "in_bridges_ns": inside,
                "recording_and_compiling_ns": jit,
                "exits_ns": exits,
                "how": "samples in the bridges and after exits of the loop's traces, and the time the JIT took for them",
            }),
            target: Some((root, None)),
            whatever_it_costs: false,
        })
    };
    trees.into_iter().filter_map(finding).collect()
}
