//! The state of the UI and the one function that changes it: `update(state, action) -> state`.

use std::sync::Arc;

use super::action::{Action, Effect, ViewId};
use super::late::Waste;
use super::layout;
use super::lists::{Seen, SourceLines};
use super::overlay::Overlay;
use super::search::{Jump, Search};
use super::time::Clock;
use super::views::Listing;
use super::views::aborts::{self, AbortsView};
use super::views::diff::DiffView;
use super::views::flame::FlameView;
use super::views::guards::{self, GuardsView};
use super::views::memory::MemoryView;
use super::views::order::Change;
use super::views::overview::OverviewView;
use super::views::source::SourceView;
use super::views::timeline::TimelineView;
use super::views::trace::TraceView;
use super::views::traces::{self, TracesView};
use crate::model::{Model, OpIx, SourceId, Span, TraceId};
use crate::styled::Charset;

/// How the user wants it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub color: bool,
    pub charset: Charset,
    pub mouse: bool,
    pub source: bool,
}

/// A place to come back to with Esc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Visit {
    view: ViewId,
    trace: Option<(TraceId, Option<OpIx>)>,
}

/// How far the reading of the whole log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    Done,
    /// Of so many bytes.
    Under {
        done: u64,
        total: u64,
    },
    /// All was read; so many of the lists are made.
    Listing {
        done: u64,
    },
    /// It was stopped, and what is shown is of what had been read some time before.
    Stopped,
    /// The program still writes the log.
    Live,
}

impl Reading {
    pub fn can_be_stopped(self) -> bool {
        matches!(self, Reading::Under { .. } | Reading::Listing { .. })
    }
}

#[derive(Debug)]
pub struct App {
    /// What the views show: the whole run, or a part of its time.
    pub model: Arc<Model>,
    pub whole: Arc<Model>,
    pub(super) whole_seen: Seen,
    /// What the model that is shown was made into.
    pub(super) seen: Seen,
    pub clock: Clock,
    /// The part that was asked for and is not there yet.
    pub pending: Option<Span>,
    pub reading: Reading,
    pub options: Options,
    pub size: (u16, u16),
    pub view: ViewId,
    pub overview: OverviewView,
    pub timeline: TimelineView,
    pub traces: TracesView,
    pub trace: Option<TraceView>,
    pub guards: GuardsView,
    pub aborts: AbortsView,
    pub memory: MemoryView,
    pub flame: FlameView,
    pub diff: DiffView,
    /// Made when it is looked at: it takes the inside of every trace.
    pub(super) source: SourceView,
    /// The model whose lines are being made, and how many traces were read for it.
    lines_asked: Option<Arc<Model>>,
    lines_progress: (usize, usize),
    /// What is done once there are lines.
    pub(super) lines_then: Option<Then>,
    pub search: Search,
    /// Whether what is typed goes into the filter of the list.
    pub filtering: bool,
    pub overlay: Option<Overlay>,
    /// One line for the user, until the next key.
    pub notice: Option<String>,
    /// What the loop has to do; it empties the list.
    pub effects: Vec<Effect>,
    /// What another thread is to take apart; whoever runs the state empties the list.
    pub waste: Waste,
    pub quit: bool,
    visited: Vec<Visit>,
}

/// What waits for the lines of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The cursor goes to a line.
    Select((SourceId, u32)),
    /// The traces that hold a line are shown.
    Traces((SourceId, u32)),
}

impl App {
    pub fn new(model: Arc<Model>, options: Options, size: (u16, u16)) -> App {
        let seen = Seen::new(model.clone(), options.charset);
        let mut app = App {
            overview: OverviewView::new(seen.overview.clone()),
            timeline: TimelineView::new(model.clone(), seen.tracks.clone()),
            traces: traces::view(seen.traces.clone()),
            guards: guards::view(seen.guards.clone()),
            aborts: aborts::view(seen.aborts.clone()),
            memory: MemoryView::new(&seen),
            flame: FlameView::new(model.clone(), seen.flame.clone()),
            diff: DiffView::default(),
            trace: None,
            source: SourceView::default(),
            lines_asked: None,
            lines_progress: (0, 0),
            lines_then: None,
            whole: model.clone(),
            whole_seen: seen.clone(),
            seen,
            model,
            clock: Clock::default(),
            pending: None,
            reading: Reading::Done,
            options,
            size,
            view: ViewId::Overview,
            search: Search::default(),
            filtering: false,
            overlay: None,
            notice: None,
            effects: Vec::new(),
            waste: Waste::new(),
            quit: false,
            visited: Vec::new(),
        };
        app.follow();
        app
    }

    /// The list that has the keys.
    pub fn list(&self) -> &dyn Listing {
        match (self.view, &self.trace) {
            (ViewId::Overview, _) => &self.overview,
            (ViewId::Timeline, _) => &self.timeline,
            (ViewId::Traces | ViewId::Trace, None) | (ViewId::Traces, _) => &self.traces,
            (ViewId::Trace, Some(trace)) => trace,
            (ViewId::Guards, _) => &self.guards,
            (ViewId::Aborts, _) => &self.aborts,
            (ViewId::Source, _) => &self.source,
            (ViewId::Memory, _) => &self.memory.table,
            (ViewId::Flame, _) => &self.flame,
            (ViewId::Diff, _) => &self.diff,
        }
    }

    pub(super) fn list_mut(&mut self) -> &mut dyn Listing {
        match (self.view, &mut self.trace) {
            (ViewId::Overview, _) => &mut self.overview,
            (ViewId::Source, _) => &mut self.source,
            (ViewId::Timeline, _) => &mut self.timeline,
            (ViewId::Traces | ViewId::Trace, None) | (ViewId::Traces, _) => &mut self.traces,
            (ViewId::Trace, Some(trace)) => trace,
            (ViewId::Guards, _) => &mut self.guards,
            (ViewId::Aborts, _) => &mut self.aborts,
            (ViewId::Memory, _) => &mut self.memory.table,
            (ViewId::Flame, _) => &mut self.flame,
            (ViewId::Diff, _) => &mut self.diff,
        }
    }

    /// The program by line.
    pub fn source(&self) -> &SourceView {
        &self.source
    }

    /// Asks for the lines of the model that is shown, if somebody waits for them. While a program writes the log, those
    /// that are being made are waited for: asking anew for each of its models would end none.
    fn ask_for_lines(&mut self) {
        let is_wanted = self.view == ViewId::Source || self.lines_then.is_some();
        let is_asked = self.lines_asked.as_ref().is_some_and(|model| model.span == self.model.span);
        if is_wanted && !is_asked && !self.source.is_of(&self.model) {
            let before = self.lines_asked.replace(self.model.clone());
            self.discard(before);
            self.lines_progress = (0, 0);
            self.effects.push(Effect::Lines);
        }
    }

    /// So many traces were read for the lines of the source.
    pub fn lines_under_way(&mut self, done: usize, total: usize) {
        self.lines_progress = (done, total);
    }

    /// How far the lines of the source are, where they are of another time than the other views.
    pub fn lines_late(&self) -> Option<(usize, usize)> {
        (self.view == ViewId::Source && self.lines_asked.is_some()).then_some(self.lines_progress)
    }

    /// Lines of the source were made.
    pub fn lines_arrived(&mut self, lines: SourceLines) {
        if self.lines_asked.as_ref().is_some_and(|asked| Arc::ptr_eq(asked, &lines.model)) {
            let asked = self.lines_asked.take();
            self.discard(asked);
        }
        if lines.model.span == self.model.span {
            let old = std::mem::replace(&mut self.source, SourceView::new(lines));
            self.source.resume(&old);
            self.discard(old);
            if self.view == ViewId::Source {
                self.find();
            }
            if let Some(then) = self.lines_then.take() {
                self.now_that_there_are_lines(then);
            }
        } else {
            self.discard(lines);
        }
        self.follow();
    }

    /// The views that have something to show: Diff is only of two logs.
    pub fn views(&self) -> impl Iterator<Item = ViewId> + '_ {
        ViewId::ALL.into_iter().filter(|view| *view != ViewId::Diff || self.diff.is_open())
    }

    /// Asks for the comparison of the time that is shown: at first as soon as the log was read, then when it is looked at.
    fn ask_for_comparison(&mut self) {
        let is_read = matches!(self.reading, Reading::Done | Reading::Stopped) && self.pending.is_none();
        let is_wanted = self.view == ViewId::Diff || !self.diff.is_begun();
        if self.diff.is_open() && is_read && is_wanted && !self.diff.has(self.model.span) {
            self.diff.is_asked(self.model.span);
            self.effects.push(Effect::Compare);
        }
    }

    fn body(&self) -> ratatui::layout::Rect {
        layout::screen(self.size).map(|s| s.body).unwrap_or_default()
    }

    /// The rows of the list on screen, without its titles.
    fn rows(&self) -> ratatui::layout::Rect {
        let body = self.body();
        match (self.view, &self.trace) {
            (ViewId::Traces | ViewId::Guards | ViewId::Aborts | ViewId::Source, _) => layout::table_rows(body),
            (ViewId::Memory, _) => layout::table_rows(layout::memory(body, self.memory.account_lines()).table),
            (ViewId::Timeline, _) => layout::timeline(body, self.timeline.lanes_shown()).list,
            (ViewId::Trace, Some(trace)) => {
                let panes = layout::trace(body, trace.focus, trace.lower).panes;
                let own = panes.iter().find(|p| p.0 == trace.focus);
                own.map_or_else(Default::default, |(_, area)| layout::pane_lines(*area))
            }
            _ => body,
        }
    }

    /// Brings cursors on screen and linked panes in step; after every change.
    pub(super) fn follow(&mut self) {
        let body = self.body();
        let source = self.options.source;
        self.overview.fit(self.size.0);
        self.ask_for_lines();
        self.ask_for_comparison();
        self.ask_for_arrangement();
        match self.view {
            ViewId::Timeline => self.timeline.fit(self.size.0),
            ViewId::Memory => self.memory.fit(&self.seen, self.size.0),
            _ => {}
        }
        let height = usize::from(self.rows().height);
        match (self.view, &mut self.trace) {
            (ViewId::Trace, Some(trace)) => {
                trace.link(&self.model, source);
                trace.follow(body);
            }
            (ViewId::Flame, _) => self.flame.follow(body.height),
            (ViewId::Timeline, _) => {
                let len = self.timeline.len();
                self.timeline.scroll_mut().center(height, len);
            }
            _ => {
                let list = self.list_mut();
                let len = list.len();
                list.scroll_mut().follow(height, len);
            }
        }
    }

    pub(super) fn go_to(&mut self, line: Option<usize>) {
        if let Some(line) = line {
            self.list_mut().scroll_mut().cursor = line;
            self.moved();
        }
    }

    /// The cursor of a list that is more than a list moved.
    fn moved(&mut self) {
        if self.view == ViewId::Timeline
            && let Some(at) = self.timeline.moment()
        {
            let cursor = self.timeline.scroll().cursor;
            self.clock.playing = false;
            self.set_now(at);
            // Of several events at one moment the one that was chosen.
            self.timeline.scroll_mut().cursor = cursor;
        }
    }

    fn here(&self) -> Visit {
        let trace = self.trace.as_ref().map(|t| (t.id(), t.op()));
        Visit { view: self.view, trace }
    }

    pub(super) fn show(&mut self, view: ViewId) {
        if view == ViewId::Trace && self.trace.is_none() {
            // Nothing was opened yet: the first of the list is as good a start as any.
            return match self.traces.selected().map(|t| t.id) {
                Some(id) => self.open(id, None),
                None => self.notice = Some("there is no trace in this log".into()),
            };
        }
        if view == ViewId::Diff && !self.diff.is_open() {
            self.notice = Some("there is no second log to compare with; jitviz BEFORE AFTER opens two".into());
            return;
        }
        if view != self.view {
            self.visited.push(self.here());
            self.view = view;
            self.find();
        }
    }

    pub(super) fn open(&mut self, id: TraceId, op: Option<OpIx>) {
        match TraceView::open(&self.model, id, op, self.options.source) {
            Some(trace) => {
                self.visited.push(self.here());
                self.view = ViewId::Trace;
                self.traces.select(|row| row.id == id);
                self.show_trace(trace);
                self.find();
            }
            None if self.whole.traces.contains_key(&id) => {
                self.notice = Some(format!("trace {id} is not there in this part of the run; w shows the whole"));
            }
            None => self.notice = Some(format!("trace {id} is not in this log")),
        }
    }

    /// One level back: what is typed, the search, the filter, the zoom, the reading, the view before.
    fn back(&mut self) {
        let filter = self.list().filter().is_some_and(|f| !f.text.is_empty());
        if self.search.is_active() {
            // A search that was not kept leaves no trace.
            let origin = self.search.typing.then_some(self.search.origin);
            self.search.reset();
            self.go_to(origin);
        } else if self.filtering || filter {
            self.filtering = false;
            self.filter("");
        } else if self.view == ViewId::Flame && self.flame.is_zoomed() {
            self.flame.unzoom();
        } else if self.view == ViewId::Timeline && self.timeline.is_zoomed() {
            self.timeline.show_all();
        } else if self.view == ViewId::Diff && self.diff.is_under_way() {
            self.diff.stop();
            self.effects.push(Effect::StopComparing);
        } else if self.reading.can_be_stopped() {
            self.effects.push(Effect::Stop);
        } else if let Some(visit) = self.visited.pop() {
            let shown = self.trace.as_ref().map(|t| (t.id(), t.op()));
            if let Some((id, op)) = visit.trace.filter(|visit| Some(*visit) != shown) {
                let focus = self.trace.as_ref().filter(|t| t.id() == id).map(|t| (t.focus, t.lower));
                self.trace = TraceView::open(&self.model, id, op, self.options.source).or(self.trace.take());
                if let (Some(trace), Some((focus, lower))) = (&mut self.trace, focus) {
                    (trace.focus, trace.lower) = (focus, lower);
                }
            }
            self.view = visit.view;
        } else if self.view != ViewId::Overview {
            self.view = ViewId::Overview;
        }
    }

    fn sort(&mut self, change: Change) {
        let width = self.size.0;
        if !self.list_mut().sort(change, width) {
            self.notice = Some("this view has one order".into());
        }
        self.find();
    }

    fn filter(&mut self, text: &str) {
        self.list_mut().set_filter(text);
        self.find();
    }

    fn next(&mut self, forward: bool) {
        if let (ViewId::Trace, Some(trace)) = (self.view, &mut self.trace) {
            trace.focus_next(if forward { 1 } else { 2 });
            return self.find();
        }
        let views: Vec<ViewId> = self.views().collect();
        let at = views.iter().position(|v| *v == self.view).unwrap_or(0);
        let step = if forward { 1 } else { views.len() - 1 };
        self.show(views[(at + step) % views.len()]);
    }

    fn stage(&mut self, by: isize) {
        let model = self.model.clone();
        let Some(trace) = &mut self.trace else { return };
        if !trace.change_stage(&model, by) {
            let which = if by > 0 { "last" } else { "first" };
            self.notice = Some(format!("this is the {which} stage"));
        }
        self.find();
    }

    fn origin(&mut self) {
        let model = self.model.clone();
        let found = self.trace.as_mut().and_then(|trace| trace.show_origin(&model));
        self.notice = Some(match found {
            Some(stage) => format!("first seen {stage}"),
            None => "no instruction of the IR is under the cursor".into(),
        });
        self.find();
    }

    fn reset(&mut self) {
        self.search.reset();
        self.filtering = false;
        self.filter("");
        self.list_mut().scroll_mut().left = 0;
        match self.view {
            ViewId::Timeline => self.timeline.show_all(),
            ViewId::Diff => self.diff.start_again(),
            _ => {}
        }
        let width = self.size.0;
        self.list_mut().sort(Change::First, width);
    }

    fn click(&mut self, x: u16, y: u16) {
        let Some(screen) = layout::screen(self.size) else { return };
        if screen.tabs.contains((x, y).into()) {
            if let Some(view) = super::draw::tab_at(self, x) {
                self.show(view);
            }
            return;
        }
        if !screen.body.contains((x, y).into()) {
            return;
        }
        if let (ViewId::Trace, Some(trace)) = (self.view, &mut self.trace) {
            trace.click(screen.body, x, y);
            return self.find();
        }
        if self.view == ViewId::Flame {
            let found = self.flame.at(x, y - screen.body.y, screen.body.width);
            return match found {
                Some(frame) if frame == self.flame.scroll().cursor => self.flame.zoom(),
                Some(frame) => self.flame.select(frame),
                None => {}
            };
        }
        let rows = self.rows();
        if y < rows.y {
            return match self.view {
                ViewId::Timeline => {
                    if let Some(at) = self.timeline.at(x) {
                        self.set_now(at);
                    }
                }
                ViewId::Memory if y + 1 < rows.y => {}
                _ => self.sort(Change::Click(x)),
            };
        }
        let list = self.list_mut();
        let line = list.scroll().top + usize::from(y - rows.y);
        if line >= list.len() {
            return;
        }
        // A second click on the same line opens it.
        if list.scroll().cursor == line {
            return self.enter();
        }
        self.go_to(Some(line));
    }

    fn wheel(&mut self, x: u16, y: u16, lines: isize) {
        let body = self.body();
        if let (ViewId::Trace, Some(trace)) = (self.view, &mut self.trace)
            && let Some(pane) = trace.pane_at(body, x, y)
        {
            trace.focus_on(pane);
        }
        if self.view == ViewId::Timeline && y < self.rows().y {
            let around = self.timeline.at(x).unwrap_or(0);
            return self.timeline.zoom(lines < 0, around);
        }
        self.move_by(lines);
    }

    fn move_by(&mut self, lines: isize) {
        if self.view == ViewId::Flame {
            return self.flame.descend(lines.clamp(-64, 64));
        }
        let list = self.list_mut();
        let len = list.len();
        list.scroll_mut().move_by(lines, len);
        self.moved();
    }

    fn shift(&mut self, columns: isize) {
        match self.view {
            ViewId::Timeline => {
                let now = self.clock.now.unwrap_or(self.timeline.end());
                let step = self.timeline.step();
                self.clock.playing = false;
                self.set_now(if columns < 0 { now.saturating_sub(step) } else { now.saturating_add(step) });
            }
            ViewId::Flame => self.flame.across(columns, self.size.0),
            _ => {
                let scroll = self.list_mut().scroll_mut();
                scroll.left = scroll.left.saturating_add_signed(columns).min(4096);
            }
        }
    }

    fn zoom(&mut self, closer: bool) {
        match self.view {
            ViewId::Timeline => {
                let around = self.clock.now.unwrap_or(self.timeline.end());
                self.timeline.zoom(closer, around);
            }
            ViewId::Flame if closer => self.flame.zoom(),
            ViewId::Flame => self.flame.unzoom(),
            _ => {}
        }
    }

    fn fit_width(&mut self) {
        match (self.view, self.clock.range) {
            (ViewId::Timeline, Some(range)) => self.timeline.show(range),
            (ViewId::Timeline, None) => self.timeline.show_all(),
            _ => self.flame.zoom(),
        }
    }

    /// Takes a change of what is typed.
    fn typed(&mut self, change: impl Fn(&mut String)) {
        if self.filtering {
            let mut text = self.list().filter().map(|f| f.text.clone()).unwrap_or_default();
            change(&mut text);
            return self.filter(&text);
        }
        change(&mut self.search.text);
        self.find();
        self.jump(Jump::Origin);
    }
}

/// What an action makes of a state. Everything it causes outside is left in `effects`.
pub fn update(mut app: App, action: Action) -> App {
    if action != Action::Tick {
        app.notice = None;
    }
    if let Action::Resize(width, height) = action {
        app.size = (width, height);
        app.follow();
        return app;
    }
    if let Some(overlay) = app.overlay.take() {
        match overlay.update(action, app.size) {
            Ok(overlay) => {
                app.overlay = overlay;
                return app;
            }
            Err(action) => return act(app, action),
        }
    }
    act(app, action)
}

fn act(mut app: App, action: Action) -> App {
    if action != Action::Tick {
        // Whoever does something else does not wait any more.
        app.lines_then = None;
    }
    match action {
        Action::Quit => app.quit = true,
        Action::Back => app.back(),
        Action::Help => app.overlay = Some(Overlay::help(app.view)),
        Action::View(view) => app.show(view),
        Action::Next => app.next(true),
        Action::Previous => app.next(false),
        Action::Move(lines) => app.move_by(lines),
        Action::HalfPages(halves) => {
            let half = (app.rows().height / 2).max(1) as isize;
            app.move_by(half * halves);
        }
        Action::Top => app.go_to(Some(0)),
        Action::Bottom => {
            let last = app.list().len().saturating_sub(1);
            app.go_to(Some(last));
        }
        Action::Shift(columns) => app.shift(columns),
        Action::Open => app.enter(),
        Action::Line => app.go_to_source(),
        Action::Row => app.go_to_row(),
        Action::Search => {
            let origin = app.list().scroll().cursor;
            app.search.reset();
            (app.search.typing, app.search.origin) = (true, origin);
        }
        Action::Filter => match app.list().filter() {
            Some(_) => {
                app.search.reset();
                app.filtering = true;
            }
            None => app.notice = Some("this view leaves nothing out; filters work in lists".into()),
        },
        Action::Type(c) => app.typed(|text| text.push(c)),
        Action::Erase => app.typed(|text| {
            text.pop();
        }),
        Action::Enter => {
            app.search.typing = false;
            app.filtering = false;
        }
        Action::NextMatch | Action::PreviousMatch if app.search.text.is_empty() => {
            app.notice = Some("nothing to search for yet; / starts a search".into());
        }
        Action::NextMatch => app.jump(Jump::After),
        Action::PreviousMatch => app.jump(Jump::Before),
        Action::SortNext => app.sort(Change::Next),
        Action::SortReverse => app.sort(Change::Reverse),
        Action::Tree => {
            app.traces.toggle_tree();
            app.find();
        }
        Action::StageNext => app.stage(1),
        Action::StagePrevious => app.stage(-1),
        Action::Origin => app.origin(),
        Action::Step { forward, of_traces } => app.step(forward, of_traces),
        Action::Play => app.play(),
        Action::Speed(by) => app.speed(by),
        Action::Tick => app.tick(),
        Action::RangeStart => app.mark(true),
        Action::RangeEnd => app.mark(false),
        Action::WholeRun => app.whole_run(),
        Action::Zoom(closer) => app.zoom(closer),
        Action::Fit => app.fit_width(),
        Action::Explain => match Overlay::explain(app.list().term(), app.list().said()) {
            Some(overlay) => app.overlay = Some(overlay),
            None => app.notice = Some("there is nothing to explain on this line".into()),
        },
        Action::Copy => {
            let list = app.list();
            let text = list.text(list.scroll().cursor).trim().to_string();
            app.notice = Some(format!("sent {} characters to the clipboard", text.chars().count()));
            app.effects.push(Effect::Copy(text));
        }
        Action::Reset => app.reset(),
        Action::ToggleMouse => {
            app.options.mouse = !app.options.mouse;
            let text =
                if app.options.mouse { "the mouse is ours; m lets go of it" } else { "the mouse is yours again" };
            app.notice = Some(text.into());
            app.effects.push(Effect::Mouse(app.options.mouse));
        }
        Action::Suspend => app.effects.push(Effect::Suspend),
        Action::Click(x, y) => app.click(x, y),
        Action::Wheel(x, y, lines) => app.wheel(x, y, lines),
        Action::Resize(..) => {}
    }
    app.follow();
    app
}
