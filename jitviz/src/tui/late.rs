//! What the state leaves to other threads, so that no frame takes longer for a longer log: arranging and searching long
//! lists, and taking apart what is not needed any more.

use std::any::Any;
use std::sync::Arc;

use super::action::{Effect, ViewId};
use super::app::App;
use super::arrange::{AT_ONCE, Finding, Found, Job, Made};
use super::lists::Seen;
use super::search::Jump;
use super::views::diff::DiffPage;
use super::views::trace::TraceView;
use crate::model::Span;

/// Values whose memory is given back elsewhere: a model of a long run is millions of pieces.
pub type Waste = Vec<Box<dyn Any + Send>>;

impl App {
    /// Shows another model of the same log; every view stays where it is. Long lists follow when they are arranged.
    pub(super) fn adopt(&mut self, seen: Seen) {
        self.model = seen.model.clone();
        let overview = self.overview.renew(seen.overview.clone());
        let lists = (
            self.traces.renew(seen.traces.clone()),
            self.guards.renew(seen.guards.clone()),
            self.aborts.renew(seen.aborts.clone()),
            self.memory.renew(&seen),
            self.flame.renew(seen.model.clone(), seen.flame.clone()),
        );
        let seen = std::mem::replace(&mut self.seen, seen);
        self.discard((overview, lists, seen));
        if let Some(trace) = &self.trace {
            match trace.renewed(&self.model, self.options.source) {
                Some(renewed) => self.show_trace(renewed),
                None => self.notice = Some(format!("trace {} was not there at that time", trace.id())),
            }
        }
        self.find();
    }

    pub(super) fn show_trace(&mut self, trace: TraceView) {
        let old = self.trace.replace(trace);
        self.discard(old);
    }

    /// Has something taken apart elsewhere.
    pub(super) fn discard(&mut self, what: impl Any + Send) {
        self.waste.push(Box::new(what));
    }

    /// Asks for the lists that are not as they are wanted, unless somebody is at it.
    pub(super) fn ask_for_arrangement(&mut self) {
        let is_to_be_asked = self.traces.is_to_be_asked()
            || self.guards.is_to_be_asked()
            || self.aborts.is_to_be_asked()
            || self.memory.table.is_to_be_asked()
            || self.source.is_to_be_asked()
            || self.flame.is_to_be_asked();
        if is_to_be_asked && !self.effects.contains(&Effect::Arrange) {
            self.effects.push(Effect::Arrange);
        }
    }

    /// Whether the list on screen is not as it is wanted yet.
    pub fn list_is_late(&self) -> bool {
        match self.view {
            ViewId::Traces => self.traces.is_late(),
            ViewId::Guards => self.guards.is_late(),
            ViewId::Aborts => self.aborts.is_late(),
            ViewId::Memory => self.memory.table.is_late(),
            ViewId::Source => self.source.is_late(),
            ViewId::Flame => self.flame.is_late(),
            _ => false,
        }
    }

    /// How to make the lists that are not as they are wanted: all of them, since whoever makes them gives up what was
    /// asked before. The one on screen comes first.
    pub fn arranging(&mut self) -> Vec<Job> {
        let mut jobs: Vec<(ViewId, Job)> = Vec::new();
        if self.traces.is_late() {
            let job = self.traces.job();
            jobs.push((ViewId::Traces, Box::new(move |go_on| job(go_on).map(Made::Traces))));
        }
        if self.guards.is_late() {
            let job = self.guards.job();
            jobs.push((ViewId::Guards, Box::new(move |go_on| job(go_on).map(Made::Guards))));
        }
        if self.aborts.is_late() {
            let job = self.aborts.job();
            jobs.push((ViewId::Aborts, Box::new(move |go_on| job(go_on).map(Made::Aborts))));
        }
        if self.memory.table.is_late() {
            let job = self.memory.table.job();
            jobs.push((ViewId::Memory, Box::new(move |go_on| job(go_on).map(Made::Sites))));
        }
        if self.source.is_late() {
            let job = self.source.job();
            jobs.push((ViewId::Source, Box::new(move |go_on| job(go_on).map(Made::Source))));
        }
        if self.flame.is_late() {
            let job = self.flame.job();
            jobs.push((ViewId::Flame, Box::new(move |go_on| job(go_on).map(Made::Flame))));
        }
        jobs.sort_by_key(|(view, _)| *view != self.view);
        jobs.into_iter().map(|(_, job)| job).collect()
    }

    /// A list was arranged.
    pub fn arranged(&mut self, made: Made) {
        let view = match &made {
            Made::Traces(_) => ViewId::Traces,
            Made::Guards(_) => ViewId::Guards,
            Made::Aborts(_) => ViewId::Aborts,
            Made::Sites(_) => ViewId::Memory,
            Made::Source(_) => ViewId::Source,
            Made::Flame(_) => ViewId::Flame,
        };
        match made {
            Made::Traces(made) => {
                let old = self.traces.take(made);
                self.discard(old);
            }
            Made::Guards(made) => {
                let old = self.guards.take(made);
                self.discard(old);
            }
            Made::Aborts(made) => {
                let old = self.aborts.take(made);
                self.discard(old);
            }
            Made::Sites(made) => {
                let old = self.memory.table.take(made);
                self.discard(old);
            }
            Made::Source(made) => self.source.take(made),
            Made::Flame(made) => {
                self.flame.take(&made);
                self.discard(made);
            }
        }
        if view == self.view {
            self.find();
        }
        self.follow();
    }

    /// Finds what the search matches in the list on screen: in a short one at once.
    pub(super) fn find(&mut self) {
        self.search.number += 1;
        self.search.late = None;
        self.search.time_ns = None;
        if self.search.text.is_empty() {
            self.search.matches.clear();
            return;
        }
        match self.finding() {
            Some(finding) if finding.lines.len() > AT_ONCE => {
                self.search.matches.clear();
                self.search.late = Some(Jump::Nowhere);
                if !self.effects.contains(&Effect::Find) {
                    self.effects.push(Effect::Find);
                }
            }
            Some(finding) => {
                if let Some(found) = finding.find(&|| true) {
                    self.found(found);
                }
            }
            // Lists that are never long.
            None => {
                let mut search = std::mem::take(&mut self.search);
                let list = self.list();
                search.find((0..list.len()).map(|i| list.text(i)));
                self.search = search;
            }
        }
    }

    /// The search that is to be made.
    pub fn finding(&self) -> Option<Finding> {
        let lines = self.list().lines()?;
        Some(Finding { number: self.search.number, text: self.search.text.clone(), lines })
    }

    /// It is known where a search matches.
    pub fn found(&mut self, found: Found) {
        if found.number != self.search.number {
            return;
        }
        (self.search.matches, self.search.time_ns) = (found.matches, found.time_ns);
        if let Some(jump) = self.search.late.take() {
            self.jump(jump);
            self.follow();
        }
    }

    /// Goes to a match, now or as soon as it is known.
    pub(super) fn jump(&mut self, jump: Jump) {
        if self.search.late.is_some() {
            self.search.late = Some(jump);
            return;
        }
        let line = self.list().scroll().cursor;
        let origin = self.search.origin;
        match jump {
            Jump::Nowhere => {}
            Jump::Origin => self.go_to(self.search.at_or_after(origin).or(Some(origin))),
            Jump::After => self.go_to(self.search.after(line)),
            Jump::Before => self.go_to(self.search.before(line)),
        }
    }

    /// What the other log and this one differ in was found; of the whole run with the lists that have a column for it.
    pub fn compared(&mut self, page: Arc<DiffPage>, span: Option<Span>, seen: Option<Seen>) {
        if let Some(seen) = seen.filter(|seen| Arc::ptr_eq(&seen.model, &self.whole)) {
            let is_shown = Arc::ptr_eq(&self.model, &self.whole);
            let old = std::mem::replace(&mut self.whole_seen, seen.clone());
            self.discard(old);
            if is_shown {
                self.adopt(seen);
            }
        }
        let old = self.diff.show(page, span);
        self.discard(old);
        if self.view == ViewId::Diff {
            self.find();
        }
        self.follow();
    }
}
