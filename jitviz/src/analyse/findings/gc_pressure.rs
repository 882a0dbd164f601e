//! `gc-pressure`: the program spends its time collecting. Cost: the pauses and, where they are much of the
//! run, the loops that make the objects. Saving: both go with the objects, except for what keeps the
//! values instead.

use std::collections::BTreeSet;

use serde_json::json;

use super::stake::{Leaves, STRAIGHT_INSTEAD, Stake};
use super::{Finding, share};
use crate::analyse::allocs;
use crate::model::{Cell, LocId, Model, Part, Place};
use crate::text::columns;
use crate::units::{bytes, ns, plural};

pub const ID: &str = "gc-pressure";

const LEAST: f64 = 0.05;
/// A heap that grows to its size is collected a few times, whatever the program does.
const FEWEST: usize = 6;
/// Of the time of the loops that make the objects and of collecting them: from here on they are a matter of the collector
/// first; below, of the code that makes them.
const MUCH: f64 = 0.15;

/// The line, and what is made there.
fn site(row: &allocs::AllocRow) -> String {
    let place = columns::place(&row.place);
    row.r#type.as_ref().map_or_else(|| place.clone(), |of| format!("{place} {of}"))
}

pub fn find(model: &Model) -> Vec<Finding> {
    let cost = super::places::gc_ns(model);
    if model.collections.len() < FEWEST || (cost as f64) < model.duration_ns as f64 * LEAST {
        return Vec::new();
    }
    // By sampled bytes; without such samples by the lines of traces that still allocate, hottest first.
    let mut sites: Vec<_> = allocs::rows(model).into_iter().filter(|r| r.bytes.is_some() || r.left > 0).collect();
    sites.sort_by_key(|r| std::cmp::Reverse((r.bytes, super::places::compiled_on(model, &r.place))));
    let place = sites.first().map_or_else(Place::default, |r| r.place.clone());
    let leaves = Leaves { gc: STRAIGHT_INSTEAD, ..Leaves::default() };
    let mut stake = Stake::that(leaves.clone());
    stake.claim_gc(model);
    // Samples of allocations tell who keeps the collector busy.
    let sampled: u64 = sites.iter().filter_map(|r| r.bytes).fold(0, u64::saturating_add);
    let is_much = |bytes: Option<u64>| sampled == 0 || bytes.unwrap_or(0) as f64 >= sampled as f64 * LEAST;
    let busy: Vec<_> = sites.iter().filter(|r| is_much(r.bytes)).collect();
    let places: BTreeSet<&Place> = busy.iter().map(|r| &r.place).collect();
    let locs: BTreeSet<LocId> =
        model.samples.by_loc.keys().copied().filter(|l| places.contains(&model.program.place(*l))).collect();
    let (jit, trees) = (super::places::JitTime::new(model), super::places::Trees::new(model));
    // An allocation whose place in compiled code is not known is sampled at the head of its loop.
    let makes = |cell: &Cell| cell.part == Part::Compiled && locs.contains(&cell.loc);
    let inside = model.samples.cells.keys().filter(|cell| makes(cell)).map(|cell| cell.trace);
    let heads = model.traces.values().filter(|t| t.became_code() && places.contains(&model.program.place(t.loc)));
    let traces = busy.iter().flat_map(|r| r.traces.iter().copied()).chain(inside).chain(heads.map(|t| t.id));
    let mut making = trees.stake(model, &trees.roots(traces), &jit);
    making.claim(model, makes);
    if cost as f64 >= (cost + making.cost_ns()) as f64 * MUCH {
        stake = making;
        stake.leaves(leaves);
        stake.claim_gc(model);
    }
    let live = model.collections.iter().map(|c| c.after_bytes).max().unwrap_or(0);
    vec![Finding {
        id: ID,
        cost_ns: Some(stake.cost_ns()),
        share: share(stake.cost_ns(), model),
        saving_ns: Some(stake.saving_ns()),
        cause: format!(
            "{} of the garbage collector took {}; each goes through all that is alive, up to {}.",
            plural(model.collections.len() as u64, "run"),
            ns(cost),
            bytes(live),
        ),
        advice:
            "Make fewer objects in the hot loops: reuse lists, return numbers instead of tuples, keep large tables \
                 out of the heap that is gone through, and let go of what is not needed."
                .into(),
        evidence: json!({
            "collections": model.collections.len(),
            "allocated_bytes": model.heap.iter().map(|h| h.allocated_total).max(),
            "live_bytes": live,
            "sites": sites.iter().take(5).map(site).collect::<Vec<_>>(),
            "pauses_ns": cost,
            "how": "pauses as the VM timed them, and samples in compiled code on the lines that make the objects",
        }),
        target: sites.first().and_then(|r| r.traces.first()).map(|t| (*t, None)),
        whatever_it_costs: false,
        place,
        stake: Some(stake),
    }]
}
