//! The state of the UI and the one function that changes it: `update(state, action) -> state`.

use std::cell::OnceCell;
use std::rc::Rc;

use super::action::{Action, Effect, ViewId};
use super::layout;
use super::overlay::Overlay;
use super::search::Search;
use super::views::Listing;
use super::views::guards::{self, GuardsView};
use super::views::overview::OverviewView;
use super::views::source::SourceView;
use super::views::trace::TraceView;
use super::views::traces::{self, TracesView};
use crate::model::{Model, OpIx, TraceId};
use crate::styled::Charset;
use crate::text::columns::{GUARDS, TRACES};
use crate::text::table::Sort;

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

#[derive(Debug)]
pub struct App {
    pub model: Rc<Model>,
    pub options: Options,
    pub size: (u16, u16),
    pub view: ViewId,
    pub overview: OverviewView,
    pub traces: TracesView,
    pub trace: Option<TraceView>,
    pub guards: GuardsView,
    /// Made when it is first looked at: it reads the inside of every trace.
    source: OnceCell<SourceView>,
    pub search: Search,
    pub overlay: Option<Overlay>,
    /// One line for the user, until the next key.
    pub notice: Option<String>,
    /// What the loop has to do; it empties the list.
    pub effects: Vec<Effect>,
    pub quit: bool,
    visited: Vec<Visit>,
}

impl App {
    pub fn new(model: Rc<Model>, options: Options, size: (u16, u16)) -> App {
        let mut app = App {
            overview: OverviewView::new(&model),
            traces: TracesView::new(&model, options.charset),
            guards: GuardsView::new(&model, options.charset),
            trace: None,
            source: OnceCell::new(),
            model,
            options,
            size,
            view: ViewId::Overview,
            search: Search::default(),
            overlay: None,
            notice: None,
            effects: Vec::new(),
            quit: false,
            visited: Vec::new(),
        };
        app.follow();
        app
    }

    /// The list that has the keys.
    pub fn list(&self) -> &dyn Listing {
        match (self.view, &self.trace) {
            (ViewId::Traces, _) => &self.traces,
            (ViewId::Trace, Some(trace)) => trace,
            (ViewId::Guards, _) => &self.guards,
            (ViewId::Source, _) => self.source(),
            _ => &self.overview,
        }
    }

    fn list_mut(&mut self) -> &mut dyn Listing {
        if self.view == ViewId::Source {
            return self.source_mut();
        }
        match (self.view, &mut self.trace) {
            (ViewId::Traces, _) => &mut self.traces,
            (ViewId::Trace, Some(trace)) => trace,
            (ViewId::Guards, _) => &mut self.guards,
            _ => &mut self.overview,
        }
    }

    /// The program by line.
    pub fn source(&self) -> &SourceView {
        self.source.get_or_init(|| SourceView::new(&self.model, self.options.source))
    }

    fn source_mut(&mut self) -> &mut SourceView {
        self.source();
        self.source.get_mut().expect("the view was made above")
    }

    fn body(&self) -> ratatui::layout::Rect {
        layout::screen(self.size).map(|s| s.body).unwrap_or_default()
    }

    /// Lines of the list on screen.
    fn height(&self) -> usize {
        let body = self.body();
        let height = match (self.view, &self.trace) {
            (ViewId::Traces | ViewId::Guards | ViewId::Source, _) => layout::table_rows(body).height,
            (ViewId::Trace, Some(trace)) => {
                let panes = layout::trace(body, trace.focus, trace.lower).panes;
                let own = panes.iter().find(|p| p.0 == trace.focus);
                own.map_or(0, |(_, area)| layout::pane_lines(*area).height)
            }
            _ => body.height,
        };
        height.into()
    }

    /// Brings cursors on screen and linked panes in step; after every change.
    fn follow(&mut self) {
        let body = self.body();
        let height = self.height();
        let source = self.options.source;
        self.overview.fit(self.size.0);
        match (self.view, &mut self.trace) {
            (ViewId::Trace, Some(trace)) => {
                trace.link(&self.model, source);
                trace.follow(body);
            }
            _ => {
                let list = self.list_mut();
                let len = list.len();
                list.scroll_mut().follow(height, len);
            }
        }
    }

    fn find(&mut self) {
        let mut search = std::mem::take(&mut self.search);
        let list = self.list();
        search.find((0..list.len()).map(|i| list.text(i)));
        self.search = search;
    }

    fn go_to(&mut self, line: Option<usize>) {
        if let Some(line) = line {
            self.list_mut().scroll_mut().cursor = line;
        }
    }

    fn here(&self) -> Visit {
        let trace = self.trace.as_ref().map(|t| (t.id(), None));
        Visit { view: self.view, trace }
    }

    fn show(&mut self, view: ViewId) {
        if view == ViewId::Trace && self.trace.is_none() {
            // Nothing was opened yet: the first of the list is as good a start as any.
            return match self.traces.selected().map(|t| t.id) {
                Some(id) => self.open(id, None),
                None => self.notice = Some("there is no trace in this log".into()),
            };
        }
        if view != self.view {
            self.visited.push(self.here());
            self.view = view;
            self.find();
        }
    }

    fn open(&mut self, id: TraceId, op: Option<OpIx>) {
        match TraceView::open(&self.model, id, op, self.options.source) {
            Some(trace) => {
                self.visited.push(self.here());
                self.view = ViewId::Trace;
                self.traces.select(id);
                self.trace = Some(trace);
                self.find();
            }
            None => self.notice = Some(format!("trace {id} is not in this log")),
        }
    }

    fn back(&mut self) {
        if self.search.is_active() {
            // A search that was not kept leaves no trace.
            let origin = self.search.typing.then_some(self.search.origin);
            self.search = Search::default();
            self.go_to(origin);
        } else if let Some(visit) = self.visited.pop() {
            let shown = self.trace.as_ref().map(TraceView::id);
            if let Some((id, op)) = visit.trace.filter(|(id, _)| Some(*id) != shown) {
                self.trace = TraceView::open(&self.model, id, op, self.options.source);
            }
            self.view = visit.view;
        } else if self.view != ViewId::Overview {
            self.view = ViewId::Overview;
        }
    }

    fn enter(&mut self) {
        match (self.view, &self.trace) {
            (ViewId::Overview, _) => match self.overview.target() {
                Some(target) => self.open(target.trace, target.op),
                None => self.notice = Some("this line leads nowhere; lines about traces, guards and aborts do".into()),
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
            (ViewId::Source, _) => match self.source().target() {
                Some((trace, op)) => self.open(trace, op),
                None => self.notice = Some("nothing was recorded, failed or aborted on this line".into()),
            },
            (ViewId::Trace, None) => {}
        }
    }

    /// Shows the line of source of what is under the cursor.
    fn go_to_source(&mut self) {
        let of_trace = |id| self.model.traces.get(&id).map(|t: &crate::model::Trace| t.loc);
        let of_guard = |(trace, op): (TraceId, Option<OpIx>)| {
            let guard = op.and_then(|op| self.model.guards_of(trace).into_iter().find(|g| g.op == op));
            guard.map(|g| g.loc).or(of_trace(trace))
        };
        let at = match (self.view, &self.trace) {
            (ViewId::Trace, Some(trace)) => trace.line(),
            (ViewId::Overview, _) => {
                let loc = self.overview.target().and_then(|t| of_guard((t.trace, t.op)));
                loc.and_then(|loc| self.model.program.line_of(loc))
            }
            (ViewId::Traces, _) => {
                let loc = self.traces.selected().and_then(|t| of_trace(t.id));
                loc.and_then(|loc| self.model.program.line_of(loc))
            }
            (ViewId::Guards, _) => {
                let guard = self.guards.selected().and_then(|row| self.model.guards.get(&row.id));
                guard.and_then(|g| self.model.program.line_of(g.loc))
            }
            _ => return,
        };
        match at {
            Some(at) if self.source_mut().select(at) => self.show(ViewId::Source),
            _ => self.notice = Some("no line of source belongs to this".into()),
        }
    }

    fn sort(&mut self, change: impl Fn(&mut super::views::order::Order, u16)) {
        let width = self.size.0;
        match self.view {
            ViewId::Traces => {
                change(&mut self.traces.columns, width);
                self.traces.arrange();
            }
            ViewId::Guards => {
                change(&mut self.guards.order, width);
                self.guards.arrange();
            }
            _ => return,
        }
        self.find();
    }

    fn next_column(&mut self) {
        match self.view {
            ViewId::Guards => self.sort(|order, width| order.next(GUARDS, width)),
            _ => self.sort(|order, width| order.next(TRACES, width)),
        }
    }

    fn click_title(&mut self, x: u16) {
        match self.view {
            ViewId::Guards => self.sort(|order, width| order.click(GUARDS, x, width)),
            _ => self.sort(|order, width| order.click(TRACES, x, width)),
        }
    }

    fn next(&mut self, forward: bool) {
        if let (ViewId::Trace, Some(trace)) = (self.view, &mut self.trace) {
            trace.focus_next(if forward { 1 } else { 2 });
            return self.find();
        }
        let at = ViewId::ALL.iter().position(|v| *v == self.view).unwrap_or(0);
        let step = if forward { 1 } else { ViewId::ALL.len() - 1 };
        self.show(ViewId::ALL[(at + step) % ViewId::ALL.len()]);
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

    fn reset(&mut self) {
        self.search = Search::default();
        self.list_mut().scroll_mut().left = 0;
        self.traces.tree |= self.view == ViewId::Traces;
        let first = match self.view {
            ViewId::Guards => Sort::by(GUARDS, guards::FIRST_SORT),
            _ => Sort::by(TRACES, traces::FIRST_SORT),
        };
        self.sort(|order, _| order.sort = first.unwrap_or(order.sort));
    }

    fn click(&mut self, x: u16, y: u16) {
        let Some(screen) = layout::screen(self.size) else { return };
        if screen.tabs.contains((x, y).into()) {
            if let Some(view) = super::draw::tab_at(x) {
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
        let rows = if self.view == ViewId::Overview { screen.body } else { layout::table_rows(screen.body) };
        if y < rows.y {
            return self.click_title(x);
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
        list.scroll_mut().cursor = line;
    }

    fn wheel(&mut self, x: u16, y: u16, lines: isize) {
        let body = self.body();
        if let (ViewId::Trace, Some(trace)) = (self.view, &mut self.trace)
            && let Some(pane) = trace.pane_at(body, x, y)
        {
            trace.focus_on(pane);
        }
        self.move_by(lines);
    }

    fn move_by(&mut self, lines: isize) {
        let list = self.list_mut();
        let len = list.len();
        list.scroll_mut().move_by(lines, len);
    }

    fn type_into_search(&mut self) {
        self.find();
        let origin = self.search.origin;
        self.go_to(self.search.at_or_after(origin).or(Some(origin)));
    }
}

/// What an action makes of a state. Everything it causes outside is left in `effects`.
pub fn update(mut app: App, action: Action) -> App {
    app.notice = None;
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
    match action {
        Action::Quit => app.quit = true,
        Action::Back => app.back(),
        Action::Help => app.overlay = Some(Overlay::help(app.view)),
        Action::View(view) => app.show(view),
        Action::Next => app.next(true),
        Action::Previous => app.next(false),
        Action::Move(lines) => app.move_by(lines),
        Action::HalfPages(halves) => {
            let half = (app.height() / 2).max(1) as isize;
            app.move_by(half * halves);
        }
        Action::Top => app.go_to(Some(0)),
        Action::Bottom => {
            let last = app.list().len().saturating_sub(1);
            app.go_to(Some(last));
        }
        Action::Shift(columns) => {
            let scroll = app.list_mut().scroll_mut();
            scroll.left = scroll.left.saturating_add_signed(columns).min(4096);
        }
        Action::Open => app.enter(),
        Action::Line => app.go_to_source(),
        Action::Search => {
            let origin = app.list().scroll().cursor;
            app.search = Search { typing: true, origin, ..Search::default() };
        }
        Action::Type(c) => {
            app.search.text.push(c);
            app.type_into_search();
        }
        Action::Erase => {
            app.search.text.pop();
            app.type_into_search();
        }
        Action::Enter => app.search.typing = false,
        Action::NextMatch | Action::PreviousMatch if app.search.text.is_empty() => {
            app.notice = Some("nothing to search for yet; / starts a search".into());
        }
        Action::NextMatch => {
            let line = app.list().scroll().cursor;
            app.go_to(app.search.after(line));
        }
        Action::PreviousMatch => {
            let line = app.list().scroll().cursor;
            app.go_to(app.search.before(line));
        }
        Action::SortNext => {
            app.next_column();
        }
        Action::SortReverse => {
            app.sort(|order, _| order.sort = order.sort.reversed());
        }
        Action::Tree => {
            app.traces.tree = !app.traces.tree;
            app.traces.arrange();
            app.find();
        }
        Action::StageNext => app.stage(1),
        Action::StagePrevious => app.stage(-1),
        Action::Explain => match Overlay::explain(app.list().term()) {
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
