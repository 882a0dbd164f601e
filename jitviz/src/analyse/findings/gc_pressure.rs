//! `gc-pressure`: the program spends its time collecting. Saving: about all of the pauses, as fewer objects are made.

use serde_json::json;

use super::{Finding, about, share};
use crate::analyse::allocs;
use crate::model::{Model, Place};
use crate::text::columns;
use crate::units::{bytes, ns, plural};

pub const ID: &str = "gc-pressure";

const LEAST: f64 = 0.05;

pub fn find(model: &Model) -> Vec<Finding> {
    let cost = super::places::gc_ns(model);
    if cost == 0 || (cost as f64) < model.duration_ns as f64 * LEAST {
        return Vec::new();
    }
    // By sampled bytes; without such samples by the lines of traces that still allocate, hottest first.
    let mut sites: Vec<_> = allocs::rows(model).into_iter().filter(|r| r.bytes.is_some() || r.left > 0).collect();
    sites.sort_by_key(|r| std::cmp::Reverse((r.bytes, super::places::compiled_on(model, &r.place))));
    let place = sites.first().map_or_else(Place::default, |r| r.place.clone());
    let live = model.collections.iter().map(|c| c.after_bytes).max().unwrap_or(0);
    vec![Finding {
        id: ID,
        cost_ns: Some(cost),
        share: share(cost, model),
        saving_ns: Some(about(model, cost)),
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
            "sites": sites.iter().take(5).map(|r| columns::place(&r.place)).collect::<Vec<_>>(),
            "how": "pauses as the VM timed them",
        }),
        target: sites.first().and_then(|r| r.traces.first()).map(|t| (*t, None)),
        whatever_it_costs: false,
        place,
    }]
}
