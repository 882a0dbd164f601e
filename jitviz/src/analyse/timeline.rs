//! The run along its time: one lane per thing that happens, and the events in words.

use serde::Serialize;

use super::expected::expected;
use crate::model::{Domain, Model, Moment, Part, What};
use crate::units;

/// One thing over time. `None` where it was not measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lane {
    pub id: &'static str,
    pub unit: LaneUnit,
    /// What explains it (see `terms.rs`).
    #[serde(skip)]
    pub term: &'static str,
    pub cells: Vec<Option<u64>>,
    /// The sum over the cells of what is counted or timed, the greatest of what is held.
    pub total: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LaneUnit {
    /// Nanoseconds within the cell.
    Nanoseconds,
    Count,
    /// Bytes held at the end of the cell.
    Bytes,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lanes {
    pub from_ns: u64,
    pub to_ns: u64,
    pub lanes: Vec<Lane>,
}

/// An event in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MomentRow {
    pub at_ns: u64,
    pub what: &'static str,
    pub text: String,
}

struct Cells {
    from_ns: u64,
    to_ns: u64,
    columns: usize,
}

impl Cells {
    /// The cell a moment is in.
    fn of(&self, at_ns: u64) -> Option<usize> {
        if at_ns < self.from_ns || at_ns >= self.to_ns {
            return None;
        }
        let length = u128::from(self.to_ns - self.from_ns);
        Some((u128::from(at_ns - self.from_ns) * self.columns as u128 / length) as usize)
    }

    fn start(&self, column: usize) -> u64 {
        let length = u128::from(self.to_ns - self.from_ns);
        self.from_ns + (length * column as u128).div_ceil(self.columns.max(1) as u128) as u64
    }

    fn counts(&self, times: impl Iterator<Item = (u64, u64)>) -> Vec<Option<u64>> {
        let mut cells = vec![0_u64; self.columns];
        for (at, n) in times {
            if let Some(cell) = self.of(at) {
                cells[cell] = cells[cell].saturating_add(n);
            }
        }
        cells.into_iter().map(|n| (n > 0).then_some(n)).collect()
    }

    /// What was held at the end of each cell; `points` in the order of time.
    fn held(&self, points: &[(u64, u64)]) -> Vec<Option<u64>> {
        let value = |column: usize| {
            let (start, end) = (self.start(column), self.start(column + 1).max(self.start(column) + 1));
            let until = points.partition_point(|p| p.0 < end);
            // A peak within the cell is worth more than where it ends.
            let since = points.partition_point(|p| p.0 < start);
            let within = points[since.min(until)..until].iter().map(|p| p.1).max();
            within.or(until.checked_sub(1).map(|last| points[last].1))
        };
        (0..self.columns).map(value).collect()
    }
}

/// The lanes between two moments in so many cells of equal length.
pub fn lanes(model: &Model, from_ns: u64, to_ns: u64, columns: usize) -> Lanes {
    let to_ns = to_ns.max(from_ns.saturating_add(1));
    let cells = Cells { from_ns, to_ns, columns };
    let mut lanes = Vec::new();
    let mut lane = |id, unit, term, cells: Vec<Option<u64>>| {
        let known = cells.iter().flatten().copied();
        let total = match unit {
            LaneUnit::Bytes => known.max().unwrap_or(0),
            _ => known.fold(0, u64::saturating_add),
        };
        lanes.push(Lane { id, unit, term, cells, total });
    };
    let sampled = !model.samples.is_empty();
    for (part, name) in Part::ALL {
        let is_timed = matches!(part, Part::Gc | Part::Jit | Part::Idle);
        if sampled || is_timed && model.samples.timeline.stretches.iter().any(|s| s[part as usize] > 0) {
            lane(name, LaneUnit::Nanoseconds, "states", states(model, &cells, part));
        }
    }
    let moments =
        |is: fn(What) -> bool| cells.counts(model.moments.iter().filter(move |m| is(m.what)).map(|m| (m.at_ns, 1)));
    lane("recordings", LaneUnit::Count, "recording", moments(|w| matches!(w, What::Recording(_))));
    lane("aborted", LaneUnit::Count, "abort", moments(|w| matches!(w, What::Aborted(_))));
    lane("installed", LaneUnit::Count, "code", moments(|w| matches!(w, What::Installed(_))));
    lane("bridges", LaneUnit::Count, "bridge", moments(|w| matches!(w, What::Attached { .. })));
    lane("invalidated", LaneUnit::Count, "invalidated", moments(|w| matches!(w, What::Invalidated(_))));
    lane("given up", LaneUnit::Count, "blacklist", moments(|w| matches!(w, What::GivenUp(_))));
    let failures = model.guards.values().flat_map(|g| g.failed_at.iter().copied());
    lane("failures", LaneUnit::Count, "failures", cells.counts(failures));
    lane("heap", LaneUnit::Bytes, "heap", cells.held(&heap(model)));
    lane("code", LaneUnit::Bytes, "code", cells.held(&code(model)));
    Lanes { from_ns, to_ns, lanes }
}

/// Time in a state per cell, from stretches that may be longer or shorter than a cell.
fn states(model: &Model, cells: &Cells, part: Part) -> Vec<Option<u64>> {
    let timeline = &model.samples.timeline;
    let within = |column: usize| {
        let (start, end) = (cells.start(column), cells.start(column + 1));
        let first = (start / timeline.stretch_ns) as usize;
        let mut sum = 0_u64;
        for (stretch, at) in timeline.stretches.iter().zip(0_u64..).skip(first) {
            let (low, high) = (at * timeline.stretch_ns, (at + 1) * timeline.stretch_ns);
            if low >= end {
                break;
            }
            let shared = high.min(end).saturating_sub(low.max(start));
            let part = u128::from(stretch[part as usize]) * u128::from(shared) / u128::from(timeline.stretch_ns);
            sum += part as u64;
        }
        (sum > 0).then_some(sum)
    };
    (0..cells.columns).map(within).collect()
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

    #[test]
    fn a_cell_shows_the_peak_of_what_is_held() {
        let cells = Cells { from_ns: 0, to_ns: 100, columns: 4 };
        assert_eq!(cells.held(&[(30, 9), (45, 2), (80, 3)]), [None, Some(9), Some(2), Some(3)]);
    }
}
