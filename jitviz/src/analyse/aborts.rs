//! Aborted recordings, put together by reason and place: how often, whether tried again, whether given up.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::{Domain, LocId, Model, Place, TraceId};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AbortRow {
    pub reason: String,
    /// What the reason means, in the log's words.
    pub text: Option<String>,
    #[serde(flatten)]
    pub place: Place,
    /// What the recorder stumbled over; of several, the first.
    pub detail: Option<String>,
    pub count: u64,
    /// How many of them the recorder meant to try again.
    pub retries: u64,
    pub blacklisted: bool,
    pub bytecodes: u64,
    pub record_ns: u64,
    pub first_ns: u64,
    pub last_ns: u64,
    pub traces: Vec<TraceId>,
    /// How much more than in the log it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<i64>,
}

/// One row per reason and place, the most frequent first.
pub fn rows(model: &Model) -> Vec<AbortRow> {
    let mut groups: BTreeMap<(u16, Place), AbortRow> = BTreeMap::new();
    let given_up: BTreeSet<LocId> = model.blacklisted.iter().copied().collect();
    for trace in model.traces.values() {
        let Some(abort) = &trace.abort else { continue };
        let loc = abort.loc.known().unwrap_or(trace.loc);
        let place = model.program.place(loc);
        let row = groups.entry((abort.reason, place.clone())).or_insert_with(|| AbortRow {
            reason: model.words.reason(Domain::Abort, abort.reason),
            text: model.words.reason_text(Domain::Abort, abort.reason).map(str::to_string),
            change: model.changes.get().and_then(|c| c.aborts.get(&(abort.reason, place.clone())).copied()),
            place,
            detail: None,
            count: 0,
            retries: 0,
            blacklisted: false,
            bytecodes: 0,
            record_ns: 0,
            first_ns: u64::MAX,
            last_ns: 0,
            traces: Vec::new(),
        });
        row.count += 1;
        row.retries += u64::from(abort.retry);
        row.blacklisted |= abort.blacklisted || given_up.contains(&trace.loc);
        row.bytecodes += u64::from(abort.bytecodes);
        row.record_ns = row.record_ns.saturating_add(abort.record_ns);
        row.first_ns = row.first_ns.min(abort.at_ns);
        row.last_ns = row.last_ns.max(abort.at_ns);
        if row.detail.is_none() && !abort.detail.is_empty() {
            row.detail = Some(abort.detail.clone());
        }
        row.traces.push(trace.id);
    }
    let mut rows: Vec<AbortRow> = groups.into_values().collect();
    rows.sort_by_key(|r| std::cmp::Reverse(r.count));
    rows
}
