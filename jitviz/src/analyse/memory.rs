//! Memory: the heap and the pauses of the collector, machine code, and which lines allocate what.

use std::collections::BTreeMap;

use serde::Serialize;

use super::account::{Account, Collections, account, collections};
use super::objects::{self, Living};
use super::summary::{Gc, Memory, Summary, summary};
use super::{allocs, timeline};
use crate::model::{LocId, Model, Place, TraceId};

/// What one line allocates of one type, from sampled allocations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SiteRow {
    /// Bytes allocated over the time, whether they are still in use or not.
    pub bytes: u64,
    /// Of all sampled allocation, in thousandths.
    pub permille: u64,
    #[serde(rename = "type")]
    pub ty: String,
    pub samples: u64,
    #[serde(flatten)]
    pub place: Place,
    /// How many bytes more than in the log it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<i64>,
    #[serde(skip)]
    pub loc: LocId,
}

/// What is allocated of one type, wherever.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TypeRow {
    #[serde(rename = "type")]
    pub ty: String,
    pub bytes: u64,
    /// Of all sampled allocation, in thousandths.
    pub permille: u64,
    pub samples: u64,
}

/// Allocations that the optimiser took out of traces of one line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RemovedRow {
    #[serde(flatten)]
    pub place: Place,
    /// In the IR as recorded, and those of them left after the last pass.
    pub recorded: u64,
    pub left: u64,
}

/// What one trace holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceMemory {
    pub trace: TraceId,
    #[serde(flatten)]
    pub place: Place,
    pub code: u64,
    pub metadata: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemoryReport {
    pub memory: Memory,
    pub account: Account,
    pub gc: Gc,
    pub collections: Collections,
    /// Bytes that sampled allocations stand for; beside it stands `memory.heap_allocated`, which is counted.
    pub sampled_bytes: Option<u64>,
    pub types: Vec<TypeRow>,
    /// When a collection left most alive, by type.
    pub alive_most: Option<Living>,
    pub removed: Vec<RemovedRow>,
    /// Largest first.
    pub traces: Vec<TraceMemory>,
    /// Time and bytes in use.
    pub heap: Vec<(u64, u64)>,
    /// Time and bytes of machine code with what belongs to it.
    pub code: Vec<(u64, u64)>,
    /// End and length of each pause of the collector.
    pub pauses: Vec<(u64, u64)>,
    pub sites: Vec<SiteRow>,
}

pub fn memory(model: &Model) -> MemoryReport {
    report(model, &summary(model))
}

/// The same for whoever has the summary already.
pub fn report(model: &Model, summary: &Summary) -> MemoryReport {
    MemoryReport {
        memory: summary.memory.clone(),
        account: account(model),
        gc: summary.gc.clone(),
        collections: collections(model),
        sampled_bytes: (!model.allocs.is_empty()).then(|| model.allocs.bytes()),
        types: types(model),
        alive_most: objects::objects(model).alive_most,
        removed: removed(model),
        traces: traces(model),
        heap: timeline::heap(model),
        code: timeline::code(model),
        pauses: model.collections.iter().map(|c| (c.at_ns, c.pause_ns)).collect(),
        sites: sites(model),
    }
}

fn types(model: &Model) -> Vec<TypeRow> {
    let all = model.allocs.bytes();
    let mut rows: BTreeMap<String, TypeRow> = BTreeMap::new();
    for (&(_, ty), allocated) in &model.allocs.by_site {
        let ty = model.words.type_name(ty);
        let row = rows.entry(ty.clone()).or_insert_with(|| TypeRow { ty, bytes: 0, permille: 0, samples: 0 });
        row.bytes = row.bytes.saturating_add(allocated.bytes);
        row.samples += allocated.samples;
    }
    let mut rows: Vec<TypeRow> = rows.into_values().collect();
    for row in &mut rows {
        row.permille = permille(row.bytes, all);
    }
    rows.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.ty.cmp(&b.ty)));
    rows
}

/// Lines where fewer allocations are left than were recorded, most removed first.
fn removed(model: &Model) -> Vec<RemovedRow> {
    let rows = allocs::rows(model).into_iter().filter(|row| row.recorded > row.left);
    let rows = rows.map(|row| RemovedRow { place: row.place, recorded: row.recorded, left: row.left });
    let mut rows: Vec<RemovedRow> = rows.collect();
    rows.sort_by(|a, b| (b.recorded - b.left).cmp(&(a.recorded - a.left)).then_with(|| a.place.cmp(&b.place)));
    rows
}

fn traces(model: &Model) -> Vec<TraceMemory> {
    let held = model.traces.values().filter(|trace| trace.freed_ns.is_none() && trace.became_code());
    let rows = held.filter_map(|trace| {
        let compile = trace.compile.as_ref()?;
        let (code, metadata) = (u64::from(compile.code_bytes), u64::from(compile.data_bytes));
        Some(TraceMemory { trace: trace.id, place: model.program.place(trace.loc), code, metadata })
    });
    let mut rows: Vec<TraceMemory> = rows.filter(|row| row.code + row.metadata > 0).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.code + row.metadata), row.trace));
    rows
}

fn permille(part: u64, all: u64) -> u64 {
    (u128::from(part) * 1_000).checked_div(u128::from(all)).unwrap_or(0) as u64
}

/// One row per line and type, most bytes first.
pub fn sites(model: &Model) -> Vec<SiteRow> {
    let all = model.allocs.bytes();
    let changes = model.changes.get();
    // Several places of one line are one row.
    let mut rows: BTreeMap<(Place, String), SiteRow> = BTreeMap::new();
    for (&(loc, ty), allocated) in &model.allocs.by_site {
        let place = model.program.place(loc);
        let ty = model.words.type_name(ty);
        let row = rows.entry((place.clone(), ty.clone())).or_insert_with(|| SiteRow {
            bytes: 0,
            permille: 0,
            samples: 0,
            change: changes.and_then(|c| c.sites.get(&(ty.clone(), place.clone())).copied()),
            ty,
            place,
            loc,
        });
        row.bytes = row.bytes.saturating_add(allocated.bytes);
        row.samples += allocated.samples;
    }
    let mut rows: Vec<SiteRow> = rows.into_values().collect();
    for row in &mut rows {
        row.permille = permille(row.bytes, all);
    }
    rows.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.place.cmp(&b.place)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_one_line_are_one_row() {
        let mut model = Model::default();
        for (loc, ty, bytes) in [(1, 1, 600), (2, 1, 100), (1, 2, 300)] {
            model.allocs.add(LocId(loc), ty, bytes);
        }
        let rows = sites(&model);
        assert_eq!(rows.iter().map(|r| (r.bytes, r.permille)).collect::<Vec<_>>(), [(700, 700), (300, 300)]);
        model.words.types.insert(1, "tuple".into());
        let shown: Vec<_> = types(&model).iter().map(|r| (r.ty.clone(), r.bytes, r.samples)).collect();
        assert_eq!(shown, [("tuple".to_string(), 700, 2), ("#2".to_string(), 300, 1)]);
        let report = memory(&model);
        assert_eq!(report.sampled_bytes, Some(report.types.iter().map(|row| row.bytes).sum()));
    }
}
