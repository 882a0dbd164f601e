//! `unstable-types` where a bridge or new code took the other type over, so that nobody counts exits: what logs of other
//! VMs say of types, and guards on a type whose bridge runs often.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Finding, unstable_types};
use crate::analyse::guards::{self, GuardRow};
use crate::model::{Model, Place};
use crate::units::{count, plural};

/// A bridge that runs less often took nothing much over.
const OFTEN: u64 = 1_000;

pub fn find(model: &Model, found: &[Finding]) -> Vec<Finding> {
    let mut places: BTreeMap<Place, Vec<GuardRow>> = BTreeMap::new();
    for guard in guards::rows(model).into_iter().filter(|g| asks_type(g) && matters(model, g)) {
        if guard.place.line.is_some() || guard.place.function.is_some() {
            places.entry(guard.place.clone()).or_default().push(guard);
        }
    }
    places.retain(|place, _| found.iter().all(|finding| finding.place != *place));
    places.into_iter().map(|(place, guards)| finding(model, place, &guards)).collect()
}

fn asks_type(guard: &GuardRow) -> bool {
    let kind = guard.kind.to_ascii_lowercase();
    kind.contains("type") || kind.contains("shape") || ["g_int", "g_flt"].contains(&kind.as_str())
}

/// Code that was thrown away matters the first time, a bridge if it is entered often.
fn matters(model: &Model, guard: &GuardRow) -> bool {
    let entries = guard.bridge_entries.or(guard.failures).unwrap_or(0);
    let thrown_away = || model.traces.get(&guard.trace).is_some_and(|trace| !trace.invalidated.is_empty());
    match guard.bridge {
        // LuaJIT does not count what a side trace takes over.
        Some(_) if model.is_imported() && guard.bridge_entries.is_none() => true,
        Some(_) => entries >= OFTEN,
        None => model.is_imported() && guard.failures.is_some_and(|n| n > 0) && (thrown_away() || entries >= OFTEN),
    }
}

fn finding(model: &Model, place: Place, guards: &[GuardRow]) -> Finding {
    let first = guards.first();
    let failures: u64 = guards.iter().filter_map(|g| g.failures).fold(0, u64::saturating_add);
    let entries: Vec<u64> = guards.iter().filter_map(|g| g.bridge_entries).collect();
    let bridged = guards.iter().any(|g| g.bridge.is_some());
    let expected = first.and_then(|g| g.expected.clone()).unwrap_or_default();
    let was = if expected.is_empty() { "of another type".to_string() } else { expected.clone() };
    let cause = match (bridged, entries.iter().sum::<u64>()) {
        (true, 0) => format!(
            "A value on this line was {was} when the trace was recorded and another later, for which a bridge was compiled."
        ),
        (true, n) => format!(
            "A value on this line was {was} when the trace was recorded and another later: a bridge took it over {} times.",
            count(n)
        ),
        _ => format!(
            "A value on this line was {was} when the code was compiled and another later, which left compiled code {} and had it thrown away.",
            plural(failures, "time")
        ),
    };
    Finding {
        id: unstable_types::ID,
        cost_ns: None,
        share: None,
        saving_ns: None,
        cause,
        advice: "Keep one type in the variable, or handle the types in loops of their own.".into(),
        evidence: json!({
            "failures": guards.iter().any(|g| g.failures.is_some()).then_some(failures),
            "bridge_entries": (!entries.is_empty()).then(|| entries.iter().sum::<u64>()),
            "guards": guards.iter().map(|g| g.id).collect::<Vec<_>>(),
            "kind": first.map(|g| &g.kind),
            "expected": expected,
            "observed": first.map(|g| &g.observed),
        }),
        target: first.map(|g| (g.trace, Some(g.op))),
        whatever_it_costs: model.is_imported(),
        place,
        stake: None,
    }
}
