//! The list of traces: what was recorded where, what became of it, what it cost and how often it ran.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::break_even::BreakEvens;
use super::guard_sums;
use crate::model::{Domain, GuardId, Model, Place, Trace, TraceId, TraceKind};

/// What became of a recording, as of the end of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// The log ends while it was being recorded.
    Recording,
    Aborted,
    /// Recorded, and the log ends before it was compiled.
    Recorded,
    /// The compiler refused it.
    Failed,
    Installed,
    Invalidated,
    Freed,
}

impl Fate {
    pub fn name(self) -> &'static str {
        match self {
            Fate::Recording => "recording",
            Fate::Aborted => "aborted",
            Fate::Recorded => "recorded",
            Fate::Failed => "failed",
            Fate::Installed => "installed",
            Fate::Invalidated => "invalidated",
            Fate::Freed => "freed",
        }
    }

    pub fn of(trace: &Trace) -> Fate {
        if trace.freed_ns.is_some() {
            Fate::Freed
        } else if !trace.invalidated.is_empty() {
            Fate::Invalidated
        } else if trace.became_code() {
            Fate::Installed
        } else if trace.abort.is_some() {
            Fate::Aborted
        } else if trace.compile.is_some() {
            Fate::Failed
        } else if trace.stop.is_some() {
            Fate::Recorded
        } else {
            Fate::Recording
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceRow {
    pub id: TraceId,
    pub kind: String,
    pub state: Fate,
    #[serde(flatten)]
    pub place: Place,
    pub parent: Option<TraceId>,
    pub parent_guard: Option<GuardId>,
    pub bridges: u64,
    pub link: Option<String>,
    pub link_trace: Option<TraceId>,
    pub time_ns: Option<u64>,
    pub native_ns: Option<u64>,
    pub executions: Option<u64>,
    pub iterations: Option<u64>,
    pub exits: Option<u64>,
    pub bytecodes: Option<u64>,
    pub ir_recorded: Option<u64>,
    pub ir_final: Option<u64>,
    pub guards: u64,
    pub guards_failing: u64,
    pub code_bytes: Option<u64>,
    pub data_bytes: Option<u64>,
    pub record_ns: Option<u64>,
    pub compile_ns: Option<u64>,
    /// What its code saved, at least and at most, and how long after it was installed that was its price (see
    /// `break_even.rs`); `None` is not as long as it was there.
    pub saved_ns: Option<[u64; 2]>,
    pub break_even_ns: Option<[Option<u64>; 2]>,
    pub started_ns: u64,
    pub installed_ns: Option<u64>,
    pub reason: Option<String>,
    pub detail: Option<String>,
    /// How much more than in the log it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<i64>,
}

/// One row per recording, in the order of their ids.
pub fn rows(model: &Model) -> Vec<TraceRow> {
    let sums = guard_sums(model);
    let earned = BreakEvens::new(model);
    let mut bridges: BTreeMap<TraceId, u64> = BTreeMap::new();
    for parent in model.traces.values().filter(|t| t.became_code()).filter_map(|t| t.parent) {
        *bridges.entry(parent).or_default() += 1;
    }
    model
        .traces
        .values()
        .map(|trace| {
            let sum = sums.get(&trace.id).copied().unwrap_or_default();
            let mut row = row(model, trace);
            row.bridges = bridges.get(&trace.id).copied().unwrap_or(0);
            row.guards = sum.guards;
            row.guards_failing = sum.failing;
            row.exits = sum.failures;
            let earned = earned.of(trace);
            (row.saved_ns, row.break_even_ns) = (earned.map(|e| e.saved_ns), earned.map(|e| e.after_ns));
            row
        })
        .collect()
}

fn row(model: &Model, trace: &Trace) -> TraceRow {
    let state = Fate::of(trace);
    let compile = trace.compile.as_ref().filter(|c| c.succeeded());
    let mut passes: Vec<_> = trace.passes.iter().collect();
    passes.sort_by_key(|p| p.stage);
    let (reason, detail) = why(model, trace, state);
    let time = model.samples.by_trace.get(&trace.id);
    TraceRow {
        id: trace.id,
        kind: kind_name(trace.kind),
        state,
        place: model.program.place(trace.loc),
        parent: trace.parent,
        parent_guard: trace.parent_guard,
        bridges: 0,
        link: trace.stop.as_ref().map(|s| model.words.reason(Domain::LinkKind, s.link_kind)),
        link_trace: trace.stop.as_ref().and_then(|s| s.link),
        time_ns: time.map(|t| t.compiled_ns),
        native_ns: time.map(|t| t.native_ns),
        executions: model.counts.trace_exec.get(&trace.id).copied(),
        iterations: model.counts.loop_iter.get(&trace.id).copied(),
        exits: None,
        bytecodes: trace
            .stop
            .as_ref()
            .map(|s| s.bytecodes)
            .or(trace.abort.as_ref().map(|a| a.bytecodes))
            .map(u64::from),
        ir_recorded: trace.stop.as_ref().map(|s| s.ops).or(trace.abort.as_ref().map(|a| a.ops)).map(u64::from),
        ir_final: compile.and(passes.last()).map(|p| p.ops_out.into()),
        guards: 0,
        guards_failing: 0,
        code_bytes: compile.map(|c| c.code_bytes.into()),
        data_bytes: compile.map(|c| c.data_bytes.into()),
        record_ns: trace.stop.as_ref().map(|s| s.record_ns).or(trace.abort.as_ref().map(|a| a.record_ns)),
        compile_ns: trace.compile.as_ref().map(|c| c.compile_ns),
        saved_ns: None,
        break_even_ns: None,
        started_ns: trace.started_ns,
        installed_ns: trace.installed_ns,
        reason,
        detail,
        change: model.changes.get().and_then(|c| c.traces.get(&trace.id).copied()),
    }
}

/// The kind in full words; one this version does not know is its number.
pub(super) fn kind_name(kind: TraceKind) -> String {
    match kind {
        TraceKind::Func => "function".to_string(),
        kind => kind.to_string(),
    }
}

/// Why a recording is not running code: the reason in the log's words and, of an abort, what it was about.
fn why(model: &Model, trace: &Trace, state: Fate) -> (Option<String>, Option<String>) {
    match state {
        Fate::Aborted => {
            let abort = trace.abort.as_ref();
            let detail = abort.map(|a| a.detail.clone()).filter(|d| !d.is_empty());
            (abort.map(|a| model.words.reason(Domain::Abort, a.reason)), detail)
        }
        Fate::Failed => (trace.compile.as_ref().map(|c| model.words.reason(Domain::Abort, c.reason)), None),
        Fate::Invalidated | Fate::Freed => {
            (trace.invalidated.last().map(|i| model.words.reason(Domain::Invalidate, *i)), None)
        }
        Fate::Recording | Fate::Recorded | Fate::Installed => (None, None),
    }
}

/// The rows as a forest: each bridge below the trace it leaves, brothers in the order given. Yields (depth, index).
///
/// A trace whose parent is unknown is a root; a circle of parents (a damaged log) is cut, so every row comes once.
pub fn forest(rows: &[&TraceRow]) -> Vec<(usize, usize)> {
    let index: BTreeMap<TraceId, usize> = rows.iter().enumerate().map(|(i, r)| (r.id, i)).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    let mut roots = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        match row.parent.filter(|p| *p != row.id).and_then(|p| index.get(&p)) {
            Some(&parent) => children[parent].push(i),
            None => roots.push(i),
        }
    }
    let mut out = Vec::with_capacity(rows.len());
    let mut seen = BTreeSet::new();
    let walk = |root: usize, out: &mut Vec<(usize, usize)>, seen: &mut BTreeSet<usize>| {
        let mut open = vec![(0, root)];
        while let Some((depth, i)) = open.pop() {
            if seen.insert(i) {
                out.push((depth, i));
                open.extend(children[i].iter().rev().map(|&c| (depth + 1, c)));
            }
        }
    };
    for root in roots {
        walk(root, &mut out, &mut seen);
    }
    for i in 0..rows.len() {
        walk(i, &mut out, &mut seen);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_parents(parents: &[(u32, Option<u32>)]) -> Vec<TraceRow> {
        let mut model = Model::default();
        for &(id, parent) in parents {
            let mut trace = Trace::new(TraceId(id));
            trace.parent = parent.map(TraceId);
            model.traces.insert(TraceId(id), trace);
        }
        rows(&model)
    }

    #[test]
    fn bridges_stand_below_their_parents() {
        let rows = with_parents(&[(1, None), (2, Some(4)), (3, Some(1)), (4, None)]);
        let shown: Vec<(usize, u32)> =
            forest(&rows.iter().collect::<Vec<_>>()).into_iter().map(|(d, i)| (d, rows[i].id.0)).collect();
        assert_eq!(shown, [(0, 1), (1, 3), (0, 4), (1, 2)]);
    }

    #[test]
    fn a_circle_of_parents_is_cut() {
        let rows = with_parents(&[(1, Some(2)), (2, Some(1)), (3, Some(3)), (4, Some(99))]);
        let mut ids: Vec<u32> =
            forest(&rows.iter().collect::<Vec<_>>()).into_iter().map(|(_, i)| rows[i].id.0).collect();
        ids.sort();
        assert_eq!(ids, [1, 2, 3, 4]);
    }
}
