//! `trace-explosion`: so many bridges for one loop that compiling them, and finding the way through them, costs more than
//! the loop. Cost: their recording, compiling, and time in them and in exits of the tree; all of the loop if that is
//! much of it. Saving: one straight way is left.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::places::{JitTime, Sort, Trees, burden, forks};
use super::stake::Stake;
use super::{Finding, share};
use crate::model::{GuardId, Model, TraceId};
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
    let by_root = Trees::new(model);
    let mut trees: BTreeMap<TraceId, Vec<TraceId>> = BTreeMap::new();
    for trace in model.traces.values().filter(|t| t.became_code() && t.parent.is_some() && !others.contains(&t.id)) {
        trees.entry(by_root.root(trace.id)).or_default().push(trace.id);
    }
    let jit_time = JitTime::new(model);
    let finding = |(root, bridges): (TraceId, Vec<TraceId>)| {
        let trace = model.traces.get(&root).filter(|_| bridges.len() >= MANY)?;
        let jit = bridges.iter().map(|id| jit_time.of(*id)).fold(0, u64::saturating_add);
        let of_tree = |id: &TraceId| *id == root || bridges.contains(id);
        let guards: BTreeSet<GuardId> = model.guards.values().filter(|g| of_tree(&g.trace)).map(|g| g.id).collect();
        let mut own = Stake::default();
        own.claim(model, |cell| guards.contains(&cell.guard));
        let exits = own.cost_ns();
        own.claim(model, |cell| bridges.contains(&cell.trace));
        let inside = own.cost_ns() - exits;
        own.claim_jit(&jit_time, bridges.iter().copied());
        let stake = burden(own, by_root.stake(model, &BTreeSet::from([root]), &jit_time));
        let cost = stake.cost_ns();
        Some(Finding {
            id: ID,
            place: model.program.place(trace.loc),
            cost_ns: Some(cost),
            share: share(cost, model),
            saving_ns: Some(stake.saving_ns()),
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
                "in_bridges_ns": (inside > 0).then_some(inside),
                "recording_and_compiling_ns": jit,
                "exits_ns": (exits > 0).then_some(exits),
                "how": "samples in the bridges and after exits of the loop's traces, and the time the JIT took for them",
            }),
            target: Some((root, None)),
            whatever_it_costs: false,
            stake: Some(stake),
        })
    };
    trees.into_iter().filter_map(finding).collect()
}
