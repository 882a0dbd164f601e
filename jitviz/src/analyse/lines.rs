//! The program by line: which traces contain a line, how often those that start there ran, what fails and aborts there.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;

use super::guards;
use crate::model::{GuardId, Model, OpIx, SourceId, TraceId};

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LineRow {
    pub file: String,
    pub line: u32,
    pub function: Option<String>,
    /// From 0 for nothing to 8 for the hottest, by orders of magnitude: time if the run was sampled, else executions and
    /// failures together.
    pub heat: u64,
    /// From samples: the sum, and in the interpreter, in compiled code and in builtins called from here.
    pub time_ns: Option<u64>,
    pub interp_ns: Option<u64>,
    pub compiled_ns: Option<u64>,
    pub native_ns: Option<u64>,
    /// Of the traces that start on this line.
    pub executions: Option<u64>,
    pub failures: Option<u64>,
    pub aborts: u64,
    /// Traces that became code and contain this line.
    pub traces: Vec<TraceId>,
    /// Traces that start here.
    pub starts: Vec<TraceId>,
    /// Guards of this line that failed, most failures first.
    pub guards: Vec<GuardId>,
    pub text: Option<String>,
    /// How much more than in the log it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<i64>,
    #[serde(skip)]
    pub source: SourceId,
    /// Where the evidence is: the guard that fails most, else an aborted recording, else a trace.
    #[serde(skip)]
    pub target: Option<(TraceId, Option<OpIx>)>,
}

impl LineRow {
    /// What heat is made of: in microseconds if the run was sampled.
    pub fn heat_of(&self, sampled: bool) -> u64 {
        match sampled {
            true => self.time_ns.unwrap_or(0).div_ceil(1_000),
            false => self.executions.unwrap_or(0).saturating_add(self.failures.unwrap_or(0)),
        }
    }
}

/// How many steps of heat there are.
pub const HOTTEST: u64 = 8;

/// One row per line of every source the log carries, in order; of others, the lines that something happened on.
pub fn rows(model: &Model, with_source: bool) -> Vec<LineRow> {
    rows_watched(model, with_source, &mut |_| ControlFlow::Continue(())).expect("nobody stopped it")
}

/// The same; tells before each trace, whose inside it reads, how many are done; `None` if that said to stop.
pub fn rows_watched(
    model: &Model,
    with_source: bool,
    watch: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Option<Vec<LineRow>> {
    let mut rows: BTreeMap<(SourceId, u32), LineRow> = BTreeMap::new();
    for &id in model.program.sources.keys() {
        let lines = model.source(id).unwrap_or_default();
        for (text, line) in lines.iter().zip(1..) {
            let text = with_source.then(|| text.clone());
            rows.insert((id, line), LineRow { text, ..LineRow::default() });
        }
    }
    traces(model, &mut rows, watch)?;
    failures(model, &mut rows);
    times(model, &mut rows);
    let functions: BTreeMap<(SourceId, u32), &str> = (model.program.locs.iter())
        .filter_map(|(id, loc)| Some((model.program.line_of(*id)?, model.program.funcs.get(&loc.func)?.name.as_str())))
        .collect();
    let sampled = !model.samples.is_empty();
    let heat = |r: &LineRow| r.heat_of(sampled);
    let hottest = rows.values().map(heat).max().unwrap_or(0);
    let finish = |((source, line), mut row): ((SourceId, u32), LineRow)| {
        row.file = model.program.sources.get(&source).map(|s| s.path.clone()).unwrap_or_default();
        row.function = functions.get(&(source, line)).map(|name| name.to_string());
        row.change = model.changes.get().and_then(|c| c.lines.get(&(source, line)).copied());
        (row.heat, row.source, row.line) = (step(heat(&row), hottest), source, line);
        row
    };
    Some(rows.into_iter().map(finish).collect())
}

/// Where on a scale of orders of magnitude a number stands.
fn step(value: u64, highest: u64) -> u64 {
    let size = |n: u64| (n as f64 + 1.0).ln();
    match value {
        0 => 0,
        value => (size(value) / size(highest) * HOTTEST as f64).ceil().clamp(1.0, HOTTEST as f64) as u64,
    }
}

type Rows = BTreeMap<(SourceId, u32), LineRow>;

fn traces(model: &Model, rows: &mut Rows, watch: &mut dyn FnMut(usize) -> ControlFlow<()>) -> Option<()> {
    for (done, trace) in model.traces.values().enumerate() {
        if watch(done).is_break() {
            return None;
        }
        if let Some(at) = model.program.line_of(trace.loc) {
            let row = rows.entry(at).or_default();
            row.starts.push(trace.id);
            row.target.get_or_insert((trace.id, None));
            if let Some(n) = model.counts.trace_exec.get(&trace.id) {
                row.executions = Some(row.executions.unwrap_or(0).saturating_add(*n));
            }
        }
        if let Some(abort) = &trace.abort
            && let Some(at) = model.program.line_of(abort.loc.known().unwrap_or(trace.loc))
        {
            let row = rows.entry(at).or_default();
            row.aborts += 1;
            row.target.get_or_insert((trace.id, None));
        }
        if trace.became_code() {
            let (body, _) = model.body(trace.id);
            let mut recorded: Vec<_> =
                body.stages.first().map(|s| s.ins.as_slice()).unwrap_or_default().iter().zip(0..).collect();
            recorded.dedup_by_key(|(ins, _)| ins.loc);
            for (ins, op) in recorded {
                let Some(at) = model.program.line_of(ins.loc) else { continue };
                let row = rows.entry(at).or_default();
                if row.traces.last() != Some(&trace.id) {
                    row.traces.push(trace.id);
                    row.target.get_or_insert((trace.id, Some(OpIx(op))));
                }
            }
        }
    }
    Some(())
}

fn failures(model: &Model, rows: &mut Rows) {
    // Most failures first, so the first of a line is the one to look at.
    for guard in guards::rows(model).into_iter().filter(|g| g.failures.is_some_and(|n| n > 0)) {
        let known = model.guards.get(&guard.id).and_then(|g| model.program.line_of(g.loc));
        let Some(at) = known else { continue };
        let row = rows.entry(at).or_default();
        if row.guards.is_empty() {
            row.target = Some((guard.trace, Some(guard.op)));
        }
        row.guards.push(guard.id);
        row.failures = Some(row.failures.unwrap_or(0).saturating_add(guard.failures.unwrap_or(0)));
    }
}

fn times(model: &Model, rows: &mut Rows) {
    for (loc, time) in &model.samples.by_loc {
        let Some(at) = model.program.line_of(*loc) else { continue };
        let row = rows.entry(at).or_default();
        for (sum, ns) in [
            (&mut row.interp_ns, time.interp_ns),
            (&mut row.compiled_ns, time.compiled_ns),
            (&mut row.native_ns, time.native_ns),
            (&mut row.time_ns, time.interp_ns.saturating_add(time.compiled_ns).saturating_add(time.native_ns)),
        ] {
            *sum = Some(sum.unwrap_or(0).saturating_add(ns));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heat_has_a_step_for_everything_that_happened() {
        assert_eq!((step(0, 10), step(1, 1_000_000), step(1_000_000, 1_000_000)), (0, 1, 8));
        assert_eq!((step(1, 1), step(0, 0)), (8, 0));
    }
}
