//! Memory: the heap and the pauses of the collector, machine code, and which lines allocate what.

use std::collections::BTreeMap;

use serde::Serialize;

use super::summary::{Gc, Memory, Summary, summary};
use super::timeline;
use crate::model::{LocId, Model, Place};

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
    #[serde(skip)]
    pub loc: LocId,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemoryReport {
    pub memory: Memory,
    pub gc: Gc,
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
        gc: summary.gc.clone(),
        heap: timeline::heap(model),
        code: timeline::code(model),
        pauses: model.collections.iter().map(|c| (c.at_ns, c.pause_ns)).collect(),
        sites: sites(model),
    }
}

/// One row per line and type, most bytes first.
pub fn sites(model: &Model) -> Vec<SiteRow> {
    let all = model.allocations.values().fold(0_u64, |sum, a| sum.saturating_add(a.bytes));
    // Several places of one line are one row.
    let mut rows: BTreeMap<(Place, String), SiteRow> = BTreeMap::new();
    for (&(loc, ty), allocated) in &model.allocations {
        let place = model.program.place(loc);
        let ty = model.words.types.get(&ty).cloned().unwrap_or_else(|| format!("#{ty}"));
        let row = rows.entry((place.clone(), ty.clone())).or_insert_with(|| SiteRow {
            bytes: 0,
            permille: 0,
            ty,
            samples: 0,
            place,
            loc,
        });
        row.bytes = row.bytes.saturating_add(allocated.bytes);
        row.samples += allocated.samples;
    }
    let mut rows: Vec<SiteRow> = rows.into_values().collect();
    for row in &mut rows {
        row.permille = (u128::from(row.bytes) * 1_000).checked_div(u128::from(all)).unwrap_or(0) as u64;
    }
    rows.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.place.cmp(&b.place)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Allocated;

    #[test]
    fn places_of_one_line_are_one_row() {
        let mut model = Model::default();
        for (loc, ty, bytes) in [(1, 1, 600), (2, 1, 100), (1, 2, 300)] {
            model.allocations.insert((LocId(loc), ty), Allocated { samples: 1, bytes });
        }
        let rows = sites(&model);
        assert_eq!(rows.iter().map(|r| (r.bytes, r.permille)).collect::<Vec<_>>(), [(700, 700), (300, 300)]);
    }
}
