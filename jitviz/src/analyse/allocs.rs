//! Allocations by line and type: what samples say the program allocated there, and what the optimiser took out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{LocId, Model, Place, TraceId};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AllocRow {
    #[serde(flatten)]
    pub place: Place,
    /// The type of the objects; `None` where only the IR tells of them.
    pub r#type: Option<String>,
    /// Bytes allocated over the whole run, by samples; `None` if nobody sampled allocations.
    pub bytes: Option<u64>,
    pub samples: u64,
    /// The part of all sampled bytes, in thousandths.
    pub share_permille: Option<u64>,
    /// Allocations in the IR of traces as recorded here, and those left after the last pass.
    pub recorded: u64,
    pub left: u64,
    /// Traces that still allocate here.
    pub traces: Vec<TraceId>,
}

impl AllocRow {
    fn new(place: Place) -> AllocRow {
        let (r#type, bytes, share_permille, traces) = (None, None, None, Vec::new());
        AllocRow { place, r#type, bytes, samples: 0, share_permille, recorded: 0, left: 0, traces }
    }
}

/// The operations that make an object.
const MAKES_AN_OBJECT: [&str; 2] = ["NEW", "BOXF"];

/// Allocations in the IR of one place.
#[derive(Clone, Debug, Default)]
struct InTraces {
    recorded: u64,
    left: u64,
    traces: Vec<TraceId>,
}

/// One row per line and type that was sampled, and one per line that only traces tell of; most bytes first.
pub fn rows(model: &Model) -> Vec<AllocRow> {
    let mut rows: BTreeMap<(Place, Option<String>), AllocRow> = BTreeMap::new();
    for (&(loc, ty), sum) in &model.allocs.by_site {
        let place = model.program.place(loc);
        let type_name = model.words.type_name(ty);
        let key = (place.clone(), Some(type_name.clone()));
        let row = rows.entry(key).or_insert_with(|| AllocRow::new(place));
        row.r#type = Some(type_name);
        row.bytes = Some(row.bytes.unwrap_or(0).saturating_add(sum.bytes));
        row.samples += sum.samples;
    }
    for (place, found) in in_traces(model) {
        // What the IR says of a line goes to the row with most of its bytes.
        let first = rows.iter().filter(|((at, _), _)| *at == place).max_by_key(|(_, row)| row.bytes);
        let key = first.map_or((place.clone(), None), |(key, _)| key.clone());
        let row = rows.entry(key).or_insert_with(|| AllocRow::new(place));
        (row.recorded, row.left, row.traces) = (found.recorded, found.left, found.traces);
    }
    let mut rows: Vec<AllocRow> = rows.into_values().collect();
    let all = rows.iter().filter_map(|r| r.bytes).fold(0, u64::saturating_add);
    for row in &mut rows {
        let share = |bytes: u64| (u128::from(bytes) * 1_000 / u128::from(all.max(1))) as u64;
        row.share_permille = row.bytes.filter(|_| all > 0).map(share);
    }
    rows.sort_by_key(|row| std::cmp::Reverse((row.bytes, row.left, row.recorded)));
    rows
}

fn in_traces(model: &Model) -> BTreeMap<Place, InTraces> {
    let mut found: BTreeMap<Place, InTraces> = BTreeMap::new();
    let makes = |op: u8| {
        let def = model.words.ir_ops.get(&u16::from(op));
        def.is_some_and(|def| MAKES_AN_OBJECT.contains(&def.name.as_str()))
    };
    for trace in model.traces.values().filter(|t| t.became_code()) {
        let (body, _) = model.body(trace.id);
        let (Some(first), Some(last)) = (body.stages.first(), body.stages.last()) else { continue };
        let mut at = |loc: LocId, is_left: bool| {
            let sum = found.entry(model.program.place(loc)).or_default();
            match is_left {
                false => sum.recorded += 1,
                true => {
                    sum.left += 1;
                    if sum.traces.last() != Some(&trace.id) {
                        sum.traces.push(trace.id);
                    }
                }
            }
        };
        first.ins.iter().filter(|ins| makes(ins.op)).for_each(|ins| at(ins.loc, false));
        // Copies that peeling made come after what was recorded and stand for the same place.
        let body = &last.ins[..last.ins.len().min(first.ins.len())];
        body.iter().filter(|ins| makes(ins.op) && !ins.is_sunk()).for_each(|ins| at(ins.loc, true));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Func, FuncId, Loc, SourceId};

    #[test]
    fn samples_of_one_line_and_type_add_up() {
        let mut model = Model::default();
        model.program.funcs.insert(FuncId(1), Func { source: SourceId(1), name: "f".into() });
        for (loc, line) in [(1, 7), (2, 7), (3, 9)] {
            model.program.locs.insert(LocId(loc), Loc { func: FuncId(1), line });
        }
        model.words.types.extend([(7, "tuple".to_string()), (8, "list".to_string()), (9, "str".to_string())]);
        for (loc, of, bytes) in [(1, 7, 100), (2, 7, 200), (3, 8, 700), (2, 9, 0)] {
            model.allocs.add(LocId(loc), of, bytes);
        }
        let rows = rows(&model);
        let shown: Vec<_> =
            rows.iter().map(|r| (r.place.line, r.r#type.as_deref(), r.bytes, r.share_permille)).collect();
        assert_eq!(
            shown,
            [
                (Some(9), Some("list"), Some(700), Some(700)),
                (Some(7), Some("tuple"), Some(300), Some(300)),
                (Some(7), Some("str"), Some(0), Some(0))
            ]
        );
    }
}
