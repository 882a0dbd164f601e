//! What the recorder and the optimiser decided about instructions, and why: calls that are inlined or not, objects that are
//! made or left to exits, branches that become choices, guards that are tested before the loop, attributes of many shapes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::{Decision, Domain, Model, Place, StageIx, TraceId};

/// A decision as a line of a listing tells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecisionNote {
    /// What kind of thing it is about: `call`, `allocation`, `branch`, `guard`, `attribute`.
    pub about: String,
    pub reason: String,
    /// What the reason means, in the log's words.
    pub text: Option<String>,
    /// The function that is called.
    pub callee: Option<String>,
    /// Where an object is needed as one.
    pub because: Option<Place>,
}

impl DecisionNote {
    fn of(model: &Model, decision: &Decision) -> DecisionNote {
        DecisionNote {
            about: decision.about.to_string(),
            reason: model.words.reason(Domain::Decision, decision.reason),
            text: model.words.reason_text(Domain::Decision, decision.reason).map(str::to_string),
            callee: model.program.title(decision.callee).map(str::to_string),
            because: decision.because.known().map(|loc| model.program.place(loc)),
        }
    }

    /// `call area: inlined`, `allocation: element at shapes.py:7`
    pub fn short(&self) -> String {
        let mut text = self.about.clone();
        if let Some(callee) = &self.callee {
            text.push_str(&format!(" {callee}"));
        }
        text.push_str(&format!(": {}", self.reason));
        if let Some(because) = &self.because {
            text.push_str(&format!(" at {}", because.short()));
        }
        text
    }
}

/// A decision of one trace, and where it belongs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceDecision {
    /// The pass; 0: decided while recording.
    pub stage: StageIx,
    /// Among the recorded bytecodes, or in the IR of the pass.
    pub index: u32,
    #[serde(flatten)]
    pub note: DecisionNote,
    #[serde(flatten)]
    pub place: Place,
}

/// What was decided for a trace, in the order of the log.
pub fn of_trace(model: &Model, id: TraceId) -> Vec<TraceDecision> {
    let decisions = model.traces.get(&id).map_or(&[][..], |trace| &trace.decisions);
    let told = decisions.iter().map(|decision| TraceDecision {
        stage: decision.stage,
        index: decision.index,
        note: DecisionNote::of(model, decision),
        place: model.program.place(decision.loc),
    });
    told.collect()
}

/// The same decision at the same place, of all traces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecisionRow {
    #[serde(flatten)]
    pub note: DecisionNote,
    #[serde(flatten)]
    pub place: Place,
    pub count: u64,
    /// Those that became code.
    pub compiled: u64,
    /// Samples in compiled code at this place, all that is on its line, and in what it called from there.
    pub time_ns: Option<u64>,
    pub traces: Vec<TraceId>,
}

/// One row per decision, reason and place: those where most time goes first, then the most frequent.
pub fn rows(model: &Model) -> Vec<DecisionRow> {
    // A line has many places of bytecode, and a row is about the line.
    let mut times: BTreeMap<Place, u64> = BTreeMap::new();
    for (loc, time) in &model.samples.by_loc {
        let sum = times.entry(model.program.place(*loc)).or_default();
        *sum = sum.saturating_add(time.compiled_ns).saturating_add(time.native_ns);
    }
    let mut groups: BTreeMap<(u16, String, Place), (DecisionRow, BTreeSet<TraceId>)> = BTreeMap::new();
    for trace in model.traces.values() {
        for decision in &trace.decisions {
            let place = model.program.place(decision.loc);
            let note = DecisionNote::of(model, decision);
            let (row, traces) = groups.entry((decision.reason, note.short(), place.clone())).or_insert_with(|| {
                let time_ns = times.get(&place).filter(|_| place.line.is_some()).copied();
                (DecisionRow { note, place, count: 0, compiled: 0, time_ns, traces: Vec::new() }, BTreeSet::new())
            });
            row.count += 1;
            row.compiled += u64::from(trace.became_code());
            if traces.insert(trace.id) {
                row.traces.push(trace.id);
            }
        }
    }
    let mut rows: Vec<DecisionRow> = groups.into_values().map(|(row, _)| row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.time_ns.unwrap_or(0), row.count)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Func, FuncId, Loc, LocId, PlaceTime, Reason, Trace};

    #[test]
    fn the_time_of_a_row_is_that_of_its_line() {
        let mut model = Model::default();
        model.program.funcs.insert(FuncId(1), Func { name: "f".into(), ..Func::default() });
        for (loc, line, ns) in [(1, 7, 0), (2, 7, 30), (3, 7, 12), (4, 8, 5)] {
            model.program.locs.insert(LocId(loc), Loc { func: FuncId(1), line });
            let time = PlaceTime { compiled_ns: ns, interp_ns: 1_000, ..PlaceTime::default() };
            model.samples.by_loc.extend((ns > 0).then_some((LocId(loc), time)));
        }
        let decision = |reason, loc| Decision { reason, loc: LocId(loc), ..Decision::default() };
        let mut trace = Trace::new(TraceId(1));
        trace.decisions = vec![decision(1, 4), decision(1, 4), decision(1, 1), decision(2, 2)];
        model.traces.insert(TraceId(1), trace);
        let told: Vec<_> = rows(&model).iter().map(|r| (r.place.line, r.time_ns, r.count)).collect();
        assert_eq!(told, [(Some(7), Some(42), 1), (Some(7), Some(42), 1), (Some(8), Some(5), 2)]);
    }

    #[test]
    fn decisions_are_put_together_by_place_and_reason() {
        let mut model = Model::default();
        let reason = Reason { name: "recursion".into(), text: "as often as may be".into() };
        model.words.reasons.insert((Domain::Decision, 7), reason);
        let decision = |reason, loc| Decision { reason, loc: LocId(loc), ..Decision::default() };
        for (id, decisions) in [(1, vec![decision(7, 1), decision(7, 1), decision(8, 1)]), (2, vec![decision(7, 1)])] {
            let mut trace = Trace::new(TraceId(id));
            trace.decisions = decisions;
            trace.installed_ns = (id == 1).then_some(5);
            model.traces.insert(TraceId(id), trace);
        }
        let rows = rows(&model);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].compiled, 2, "each decision for a trace that became code");
        assert_eq!((rows[0].count, &rows[0].traces[..]), (3, &[TraceId(1), TraceId(2)][..]));
        assert_eq!(
            (rows[0].note.reason.as_str(), rows[0].note.text.as_deref()),
            ("recursion", Some("as often as may be"))
        );
        assert_eq!(rows[1].note.reason, "#8");
    }
}
