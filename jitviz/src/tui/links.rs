//! Ways from one view to another: Enter to the evidence, `o` to the source, `t` to the traces.

use super::action::ViewId;
use super::app::{App, Then};
use super::views::Listing;
use crate::analyse::diff::ways;
use crate::analyse::findings::{Way, Whole};
use crate::model::{LocId, OpIx, SourceId, TraceId};

/// Where what the facts of the first page sum up is listed, by the term that explains them.
fn list_of(term: &str) -> Option<ViewId> {
    match term {
        "states" | "warmup" => Some(ViewId::Timeline),
        "trace" => Some(ViewId::Traces),
        "guard" | "failures" => Some(ViewId::Guards),
        "abort" => Some(ViewId::Aborts),
        "heap" | "gc" => Some(ViewId::Memory),
        _ => None,
    }
}

/// A line in more traces shows the first of them.
const MOST: usize = 64;

impl App {
    pub(super) fn enter(&mut self) {
        match (self.view, &self.trace) {
            (ViewId::Overview, _) => match (self.overview.target(), list_of(self.overview.term())) {
                (Some(target), _) => self.go(target.way, target.line),
                (None, Some(view)) => self.show(view),
                (None, None) => self.notice = Some("this line leads nowhere".into()),
            },
            (ViewId::Timeline, _) => match self.timeline.target() {
                Some(id) => self.open(id, None),
                None => self.notice = Some("this event is not about a trace".into()),
            },
            (ViewId::Traces, _) => {
                if let Some(id) = self.traces.selected().map(|t| t.id) {
                    self.open(id, None);
                }
            }
            (ViewId::Trace, Some(trace)) => match trace.bridge() {
                Some(bridge) => self.open(bridge, None),
                None => self.notice = Some("no bridge starts here".into()),
            },
            (ViewId::Guards, _) => {
                if let Some((trace, op)) = self.guards.selected().map(|g| (g.trace, g.op)) {
                    self.open(trace, Some(op));
                }
            }
            (ViewId::Aborts, _) => {
                if let Some(id) = self.aborts.selected().and_then(|row| row.traces.first().copied()) {
                    self.open(id, None);
                }
            }
            (ViewId::Source, _) => match self.source().target() {
                Some((trace, op)) => self.open(trace, op),
                None => self.notice = Some("nothing was recorded, failed or aborted on this line".into()),
            },
            (ViewId::Diff, _) => match self.diff.target() {
                Some(ways::Way::Trace(id, op)) => self.open(id, op),
                Some(ways::Way::Line(_)) => self.go_to_source(),
                None => self.notice = Some(self.diff.no_way().into()),
            },
            (ViewId::Memory, _) => self.go_to_source(),
            (ViewId::Flame, _) => self.flame.zoom(),
            (ViewId::Trace, None) => {}
        }
    }

    /// The way of a line of the first page; `about` is the line of source it speaks of.
    fn go(&mut self, way: Way, about: Option<u32>) {
        match way {
            Way::Trace(trace, op) => {
                self.open(trace, op);
                if let (None, Some(line), ViewId::Trace, Some(trace)) = (op, about, self.view, &mut self.trace) {
                    trace.go_to_line(line);
                }
            }
            Way::Line(source, line) => self.go_to_line((source, line)),
            Way::Whole(Whole::Timeline) => self.show(ViewId::Timeline),
            Way::Whole(Whole::Memory) => self.show(ViewId::Memory),
            Way::Whole(Whole::Flame) => self.show(ViewId::Flame),
        }
    }

    /// The place in the program of what is under the cursor.
    fn place(&self) -> Option<(SourceId, u32)> {
        let of_trace = |id| self.model.traces.get(&id).map(|t: &crate::model::Trace| t.loc);
        let of_guard = |(trace, op): (TraceId, Option<OpIx>)| {
            let guard = op.and_then(|op| self.model.guards_of(trace).into_iter().find(|g| g.op == op));
            guard.map(|g| g.loc).or(of_trace(trace))
        };
        let loc: Option<LocId> = match (self.view, &self.trace) {
            (ViewId::Trace, Some(trace)) => return trace.line(),
            (ViewId::Overview, _) => match self.overview.target().map(|t| t.way) {
                Some(Way::Trace(trace, op)) => of_guard((trace, op)),
                Some(Way::Line(source, line)) => return Some((source, line)),
                Some(Way::Whole(_)) | None => None,
            },
            (ViewId::Timeline, _) => self.timeline.target().and_then(of_trace),
            (ViewId::Traces, _) => self.traces.selected().and_then(|t| of_trace(t.id)),
            (ViewId::Guards, _) => self.guards.selected().and_then(|row| self.model.guards.get(&row.id)).map(|g| g.loc),
            (ViewId::Aborts, _) => {
                let trace = self.aborts.selected().and_then(|row| row.traces.first());
                let trace = trace.and_then(|id| self.model.traces.get(id));
                trace.map(|t| t.abort.as_ref().and_then(|a| a.loc.known()).unwrap_or(t.loc))
            }
            (ViewId::Memory, _) => self.memory.loc(),
            (ViewId::Flame, _) => self.flame.loc(),
            (ViewId::Diff, _) => match self.diff.target() {
                Some(ways::Way::Trace(id, op)) => of_guard((id, op)),
                Some(ways::Way::Line(loc)) => Some(loc),
                None => None,
            },
            (ViewId::Source | ViewId::Trace, _) => None,
        };
        self.model.program.line_of(loc?)
    }

    /// Shows the line of source of what is under the cursor.
    pub(super) fn go_to_source(&mut self) {
        if self.view == ViewId::Source {
            return;
        }
        match self.place() {
            Some(at) => self.go_to_line(at),
            None => self.notice = Some("no line of source belongs to this".into()),
        }
    }

    fn go_to_line(&mut self, at: (SourceId, u32)) {
        if self.source.is_of(&self.model) {
            return self.now_that_there_are_lines(Then::Select(at));
        }
        // What is there is shown meanwhile.
        self.show(ViewId::Source);
        self.lines_then = Some(Then::Select(at));
    }

    pub(super) fn now_that_there_are_lines(&mut self, then: Then) {
        match then {
            Then::Select(at) if self.source.select(at) => self.show(ViewId::Source),
            Then::Select(_) => self.notice = Some("no line of source belongs to this".into()),
            Then::Traces(line) => self.show_traces_of(line),
        }
    }

    /// Shows the traces that hold the line under the cursor, or the guard in the list of guards.
    pub(super) fn go_to_row(&mut self) {
        if let (ViewId::Trace, Some(trace)) = (self.view, &self.trace) {
            let (id, guard) = (trace.id(), trace.guard());
            match guard {
                Some(guard) => {
                    self.guards.select(|row| row.id == guard);
                    return self.show(ViewId::Guards);
                }
                None => {
                    self.traces.select(|row| row.id == id);
                    return self.show(ViewId::Traces);
                }
            }
        }
        let line = match self.view {
            ViewId::Source => self.source().place(),
            _ => self.place(),
        };
        match line {
            Some(line) if self.source.is_of(&self.model) => self.show_traces_of(line),
            Some(line) => {
                self.lines_then = Some(Then::Traces(line));
                self.notice = Some("the traces of the line are shown as soon as their inside is read".into());
            }
            None => self.notice = Some("no line of source belongs to this".into()),
        }
    }

    fn show_traces_of(&mut self, (source, line): (SourceId, u32)) {
        let holds = |row: &&crate::analyse::lines::LineRow| (row.source, row.line) == (source, line);
        let ids: Vec<TraceId> = self.source().rows().iter().find(holds).map(|r| r.traces.clone()).unwrap_or_default();
        match ids.first() {
            Some(first) => {
                let text = ids.iter().take(MOST).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
                self.show(ViewId::Traces);
                self.traces.set_filter(&format!("id:{text}"));
                self.traces.select(|row| row.id == *first);
            }
            None => self.notice = Some("no trace holds this line".into()),
        }
    }
}
