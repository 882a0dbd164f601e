//! The run along its time: one lane per thing that happens, and the events in words.

use serde::Serialize;

use super::expected::expected;
use crate::model::{Domain, Model, Moment, What};
use crate::units;

pub use super::tracks::{Lane, LaneUnit, Lanes, Tracks};

/// An event in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MomentRow {
    pub at_ns: u64,
    pub what: &'static str,
    pub text: String,
}

/// The lanes between two moments in so many cells of equal length.
pub fn lanes(model: &Model, from_ns: u64, to_ns: u64, columns: usize) -> Lanes {
    Tracks::of(model).lanes(from_ns, to_ns, columns)
}

/// The heap in use as it was measured: by the collector, and where it never ran by the heap itself.
pub fn heap(model: &Model) -> Vec<(u64, u64)> {
    let mut points: Vec<(u64, u64)> = (model.collections.iter())
        .flat_map(|c| [(c.at_ns.saturating_sub(c.pause_ns), c.before_bytes), (c.at_ns, c.after_bytes)])
        .collect();
    if points.is_empty() {
        points = model.heap.iter().filter(|h| h.used > 0).map(|h| (h.at_ns, h.used)).collect();
    }
    points.sort_by_key(|p| p.0);
    points
}

/// Machine code in use, with what belongs to it: as the VM said, else what was installed and not freed.
pub fn code(model: &Model) -> Vec<(u64, u64)> {
    if !model.code_mem.is_empty() {
        return model.code_mem.clone();
    }
    let bytes = |t: &crate::model::Trace| {
        t.compile.as_ref().filter(|c| c.succeeded()).map_or(0, |c| i128::from(c.code_bytes) + i128::from(c.data_bytes))
    };
    let mut changes: Vec<(u64, i128)> = Vec::new();
    for trace in model.traces.values() {
        changes.extend(trace.installed_ns.map(|at| (at, bytes(trace))));
        changes.extend(trace.installed_ns.and(trace.freed_ns).map(|at| (at, -bytes(trace))));
    }
    changes.sort();
    let mut sum = 0_i128;
    let mut running = |(at, change): (u64, i128)| {
        sum += change;
        (at, u64::try_from(sum).unwrap_or(0))
    };
    changes.into_iter().map(&mut running).collect()
}

/// An event in words.
pub fn row(model: &Model, moment: &Moment) -> MomentRow {
    let trace = |id| {
        let known = model.traces.get(&id);
        let kind = known.and_then(|t| t.kind.name()).unwrap_or("trace");
        let place = known.map(|t| model.program.place(t.loc)).filter(|p| p.is_known());
        match place {
            Some(place) => format!("{kind} {id} at {}", place.short()),
            None => format!("{kind} {id}"),
        }
    };
    let (what, text) = match moment.what {
        What::Recording(id) => ("recording", trace(id)),
        What::Recorded(id) => {
            let ops = model.traces.get(&id).and_then(|t| t.stop.as_ref()).map_or(0, |s| s.ops);
            ("recorded", format!("{}, {}", trace(id), units::plural(ops.into(), "instruction")))
        }
        What::Aborted(id) => {
            let abort = model.traces.get(&id).and_then(|t| t.abort.as_ref());
            let why = abort.map(|a| model.words.reason(Domain::Abort, a.reason)).unwrap_or_default();
            let detail = abort.map(|a| a.detail.as_str()).filter(|d| !d.is_empty());
            ("aborted", format!("{}: {why}{}", trace(id), detail.map(|d| format!(" ({d})")).unwrap_or_default()))
        }
        What::Installed(id) => {
            let compile = model.traces.get(&id).and_then(|t| t.compile.as_ref());
            let bytes = compile.map(|c| format!(", {}", units::bytes(c.code_bytes.into()))).unwrap_or_default();
            ("installed", format!("{}{bytes}", trace(id)))
        }
        What::Freed(id) => ("freed", trace(id)),
        What::Invalidated(id) => {
            let why = model.traces.get(&id).and_then(|t| t.invalidated.first());
            let why = why.map(|code| format!(": {}", model.words.reason(Domain::Invalidate, *code)));
            ("invalidated", format!("{}{}", trace(id), why.unwrap_or_default()))
        }
        What::Attached { guard, bridge } => ("attached", format!("{} takes over from guard {guard}", trace(bridge))),
        What::GivenUp(loc) => ("given up", model.program.place(loc).short()),
        What::FirstFailure(id) => {
            let guard = model.guards.get(&id);
            let expected = guard.and_then(|g| expected(&g.expected));
            let place = guard.map(|g| model.program.place(g.loc).short()).unwrap_or_default();
            let expected = expected.map(|e| format!(", expected {e}")).unwrap_or_default();
            ("first failure", format!("guard {id} at {place}{expected}"))
        }
        What::Collected(at) => {
            let found = model.collections.get(at);
            let text = found.map(|c| {
                let (pause, before, after) = (c.pause_ns, c.before_bytes, c.after_bytes);
                format!("{}: {} to {}", units::ns(pause), units::bytes(before), units::bytes(after))
            });
            ("collection", text.unwrap_or_default())
        }
        What::Flushed => ("flushed", "all machine code was thrown away".into()),
        What::Ended => ("end", "the program ended".into()),
    };
    MomentRow { at_ns: moment.at_ns, what, text }
}

/// The first event after a moment.
pub fn next(model: &Model, after_ns: u64, of_traces: bool) -> Option<u64> {
    let at = model.moments.partition_point(|m| m.at_ns <= after_ns);
    model.moments[at..].iter().find(|m| !of_traces || m.what.is_of_a_trace()).map(|m| m.at_ns)
}

/// The last event before a moment.
pub fn previous(model: &Model, before_ns: u64, of_traces: bool) -> Option<u64> {
    let at = model.moments.partition_point(|m| m.at_ns < before_ns);
    model.moments[..at].iter().rev().find(|m| !of_traces || m.what.is_of_a_trace()).map(|m| m.at_ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TraceId;

    fn model() -> Model {
        let what = |id| What::Installed(TraceId(id));
        let moments = [(10, 1), (10, 2), (40, 3), (99, 4)];
        Model {
            duration_ns: 100,
            moments: moments.into_iter().map(|(at_ns, id)| Moment { at_ns, what: what(id) }).collect(),
            ..Model::default()
        }
    }

    #[test]
    fn every_event_is_in_one_cell_at_every_width() {
        for columns in 1..120 {
            let lanes = lanes(&model(), 0, 100, columns);
            let installed = lanes.lanes.iter().find(|l| l.id == "installed").unwrap();
            assert_eq!((installed.cells.len(), installed.total), (columns, 4));
        }
        let part = lanes(&model(), 11, 99, 7);
        assert_eq!(part.lanes.iter().find(|l| l.id == "installed").unwrap().total, 1);
    }

    #[test]
    fn steps_go_from_event_to_event() {
        let model = model();
        assert_eq!(
            (next(&model, 0, false), next(&model, 10, false), next(&model, 99, false)),
            (Some(10), Some(40), None)
        );
        assert_eq!((previous(&model, 99, true), previous(&model, 10, false)), (Some(40), None));
    }
}
