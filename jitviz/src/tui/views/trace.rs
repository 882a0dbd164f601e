//! View 4, Trace: source, IR at a chosen stage and machine code, tied together: moving in one moves the others.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Listing;
use crate::analyse::ir::IrListing;
use crate::analyse::trace::{Content, TraceReport, report};
use crate::clean::expand_tabs;
use crate::model::{GuardId, LocId, Model, OpIx, SourceId, TraceId};
use crate::styled::{Line, Role};
use crate::text::trace::{Context, StageLine, head, lines, snapshot, title};
use crate::tui::layout;
use crate::tui::paint::{Brush, Emphasis};
use crate::tui::scroll::Scroll;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    Source,
    /// The bytecode or the IR at the chosen stage.
    Ir,
    Asm,
}

impl Pane {
    pub const ALL: [Pane; 3] = [Pane::Source, Pane::Ir, Pane::Asm];
}

/// What a line is about, by which lines of other panes find it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Link {
    op: Option<OpIx>,
    loc: LocId,
    line: Option<(SourceId, u32)>,
}

impl Link {
    /// How closely two lines belong together: the same instruction, the same place, the same line of source.
    fn closeness(&self, other: &Link) -> u8 {
        if self.op.is_some() && self.op == other.op {
            3
        } else if self.op.is_some() && other.op.is_some() {
            // Both know their instruction, and it is another one: only the line of source may still join them.
            u8::from(self.line.is_some() && self.line == other.line)
        } else if self.loc.known().is_some() && self.loc == other.loc {
            2
        } else {
            u8::from(self.line.is_some() && self.line == other.line)
        }
    }
}

#[derive(Debug)]
struct Item {
    line: Line,
    link: Link,
    term: &'static str,
    is_comment: bool,
    remark: Option<Line>,
}

#[derive(Debug, Default)]
struct List {
    items: Vec<Item>,
    scroll: Scroll,
    /// Lines that belong to the one under the cursor of the pane with the keys.
    linked: Vec<usize>,
}

#[derive(Debug)]
pub struct TraceView {
    pub report: TraceReport,
    head: Vec<Line>,
    /// Index into the report's stages of the one shown; the machine code has its own pane.
    pub stage: usize,
    pub focus: Pane,
    /// The pane below the source where only one fits.
    pub lower: Pane,
    /// The file the source pane shows.
    source: Option<(SourceId, String)>,
    lists: [List; 3],
}

impl TraceView {
    /// Opens a trace at its last stage, the cursor on `op` or at the start.
    pub fn open(model: &Model, id: TraceId, op: Option<OpIx>, with_source: bool) -> Option<TraceView> {
        let report = report(model, id)?;
        let stage = report.last_ir().unwrap_or(0);
        let mut view = TraceView {
            head: head(&report),
            report,
            stage,
            focus: Pane::Ir,
            lower: Pane::Ir,
            source: None,
            lists: Default::default(),
        };
        view.show_stage(model);
        view.show_asm(model);
        let list = &mut view.lists[Pane::Ir as usize];
        let wanted = op.and_then(|op| list.items.iter().position(|i| i.link.op == Some(op)));
        let first = list.items.iter().position(|i| !i.is_comment).unwrap_or(0);
        list.scroll.cursor = wanted.unwrap_or(first);
        if list.items.is_empty() && !view.lists[Pane::Asm as usize].items.is_empty() {
            (view.focus, view.lower) = (Pane::Asm, Pane::Asm);
        }
        view.link(model, with_source);
        if view.lists[Pane::Source as usize].items.is_empty() {
            view.show_source(model, model.traces.get(&id).and_then(|t| model.program.line_of(t.loc)), with_source);
        }
        Some(view)
    }

    pub fn id(&self) -> TraceId {
        self.report.trace.id
    }

    fn list(&self, pane: Pane) -> &List {
        &self.lists[pane as usize]
    }

    /// The trace's stages without the machine code.
    pub fn stages(&self) -> usize {
        self.report.stages.iter().filter(|s| !matches!(s.content, Content::Asm(_))).count()
    }

    /// Shows another stage; the cursor stays on its instruction, or on the next one left.
    pub fn change_stage(&mut self, model: &Model, by: isize) -> bool {
        let last = self.stages().saturating_sub(1);
        let wanted = self.stage.saturating_add_signed(by).min(last);
        if wanted == self.stage {
            return false;
        }
        self.stage = wanted;
        let before = self.lists[Pane::Ir as usize].current();
        self.show_stage(model);
        let list = &mut self.lists[Pane::Ir as usize];
        if let Some(before) = before {
            let next = list.items.iter().position(|i| i.link.op.is_some() && i.link.op >= before.op);
            let found = next.filter(|_| before.op.is_some()).or_else(|| list.closest(&before));
            list.scroll.cursor = found.unwrap_or(0);
        }
        true
    }

    fn show_stage(&mut self, model: &Model) {
        let items = match self.report.stages.get(self.stage) {
            Some(stage) if !matches!(stage.content, Content::Asm(_)) => {
                items(model, lines(Context { model, with_source: false }, stage, None))
            }
            _ => Vec::new(),
        };
        self.lists[Pane::Ir as usize].items = items;
    }

    fn show_asm(&mut self, model: &Model) {
        let asm = self.report.stages.iter().find(|s| matches!(s.content, Content::Asm(_)));
        let cx = Context { model, with_source: false };
        self.lists[Pane::Asm as usize].items =
            asm.map(|stage| items(model, lines(cx, stage, self.final_ir()))).unwrap_or_default();
    }

    fn final_ir(&self) -> Option<&IrListing> {
        match &self.report.stages[self.report.last_ir()?].content {
            Content::Ir(listing) => Some(listing),
            _ => None,
        }
    }

    /// Shows the file a line is in and puts the cursor there.
    fn show_source(&mut self, model: &Model, at: Option<(SourceId, u32)>, with_source: bool) {
        let Some((source, line)) = at else { return };
        if self.source.as_ref().map(|s| s.0) != Some(source) {
            let known = model.program.sources.get(&source);
            self.source = Some((source, known.map(|s| s.path.clone()).unwrap_or_default()));
            let text = model.source(source).filter(|_| with_source);
            let used: std::collections::BTreeSet<u32> = (self.lists.iter().skip(1))
                .flat_map(|l| l.items.iter().filter_map(|i| i.link.line))
                .filter(|(s, _)| *s == source)
                .map(|(_, line)| line)
                .collect();
            self.lists[Pane::Source as usize].items = match text {
                Some(lines) => lines.iter().zip(1..).map(|(text, n)| source_item(source, n, text, &used)).collect(),
                None => Vec::new(),
            };
        }
        let list = &mut self.lists[Pane::Source as usize];
        list.scroll.cursor = (line as usize - 1).min(list.items.len().saturating_sub(1));
    }

    /// Moves the other panes to what the line under the cursor is about.
    pub fn link(&mut self, model: &Model, with_source: bool) {
        let Some(link) = self.list(self.focus).current() else { return };
        if self.focus != Pane::Source {
            self.show_source(model, link.line, with_source);
        }
        for pane in Pane::ALL {
            let list = &mut self.lists[pane as usize];
            list.linked = if pane == self.focus { Vec::new() } else { list.belonging(&link) };
            let first = list.linked.iter().find(|&&i| !list.items[i].is_comment).or(list.linked.first());
            if let Some(&first) = first
                && !list.linked.contains(&list.scroll.cursor)
            {
                list.scroll.cursor = first;
            }
        }
    }

    /// Keeps every cursor on screen.
    pub fn follow(&mut self, body: Rect) {
        for (pane, area) in layout::trace(body, self.focus, self.lower).panes {
            let height = usize::from(layout::pane_lines(area).height);
            let list = &mut self.lists[pane as usize];
            let len = list.items.len();
            match pane == self.focus {
                true => list.scroll.follow(height, len),
                false => list.scroll.center(height, len),
            }
        }
    }

    pub fn focus_on(&mut self, pane: Pane) {
        self.focus = pane;
        if pane != Pane::Source {
            self.lower = pane;
        }
    }

    pub fn focus_next(&mut self, by: usize) {
        let at = self.focus as usize + by;
        self.focus_on(Pane::ALL[at % Pane::ALL.len()]);
    }

    /// Puts the cursor of a pane on the line at a row of the screen.
    pub fn click(&mut self, body: Rect, x: u16, y: u16) {
        for (pane, area) in layout::trace(body, self.focus, self.lower).panes {
            if !area.contains((x, y).into()) {
                continue;
            }
            let rows = layout::pane_lines(area);
            let list = &mut self.lists[pane as usize];
            let line = list.scroll.top + usize::from(y.saturating_sub(rows.y));
            if y >= rows.y && line < list.items.len() {
                list.scroll.cursor = line;
            }
            return self.focus_on(pane);
        }
    }

    pub fn pane_at(&self, body: Rect, x: u16, y: u16) -> Option<Pane> {
        let panes = layout::trace(body, self.focus, self.lower).panes;
        panes.into_iter().find(|(_, area)| area.contains((x, y).into())).map(|(pane, _)| pane)
    }

    /// The line of source of what is under the cursor.
    pub fn line(&self) -> Option<(SourceId, u32)> {
        self.list(self.focus).current()?.line
    }

    /// Puts the cursor on the first instruction of a line, if there is one.
    pub fn go_to_line(&mut self, line: u32) {
        let list = &mut self.lists[self.focus as usize];
        let is = |item: &Item| !item.is_comment && item.link.line.is_some_and(|(_, of)| of == line);
        list.scroll.cursor = list.items.iter().position(is).unwrap_or(list.scroll.cursor);
    }

    /// The bridge of the guard under the cursor.
    pub fn bridge(&self) -> Option<TraceId> {
        let op = self.list(self.focus).current()?.op?;
        self.report.guards.iter().find(|g| g.op == op)?.bridge
    }

    /// The instruction under the cursor.
    pub fn op(&self) -> Option<OpIx> {
        self.list(self.focus).current()?.op
    }

    /// The guard under the cursor.
    pub fn guard(&self) -> Option<GuardId> {
        let op = self.op()?;
        self.report.guards.iter().find(|g| g.op == op).map(|g| g.id)
    }

    /// The same trace in another part of the time: stage, panes and cursors stay.
    pub fn renewed(&self, model: &Model, with_source: bool) -> Option<TraceView> {
        let mut view = TraceView::open(model, self.id(), self.op(), with_source)?;
        (view.focus, view.lower) = (self.focus, self.lower);
        view.stage = self.stage.min(view.stages().saturating_sub(1));
        view.show_stage(model);
        for (new, old) in view.lists.iter_mut().zip(&self.lists) {
            new.scroll = old.scroll;
        }
        Some(view)
    }

    /// Shows the stage in which the instruction under the cursor first appears, and names it.
    pub fn show_origin(&mut self, model: &Model) -> Option<String> {
        let op = self.op()?;
        let holds = |content: &Content| match content {
            Content::Ir(listing) => listing.lines.iter().any(|l| l.id == op),
            _ => false,
        };
        let first = self.report.stages.iter().position(|s| holds(&s.content))?;
        let by = first as isize - self.stage as isize;
        self.focus_on(Pane::Ir);
        self.change_stage(model, by);
        let list = &mut self.lists[Pane::Ir as usize];
        list.scroll.cursor = list.items.iter().position(|i| i.link.op == Some(op)).unwrap_or(list.scroll.cursor);
        self.report.stages.get(first).map(title)
    }

    /// What was decided about the line under the cursor, or what its guard restores.
    fn remark(&self) -> Option<Line> {
        let list = self.list(self.focus);
        let op = list.current().and_then(|l| l.op);
        let listing = match self.report.stages.get(self.stage).map(|s| &s.content) {
            Some(Content::Ir(listing)) => Some(listing),
            _ => self.final_ir(),
        };
        let ins = op.and_then(|op| listing?.lines.iter().find(|l| l.id == op));
        let decided = list.items.get(list.scroll.cursor).and_then(|item| item.remark.clone());
        match (decided, ins.and_then(snapshot)) {
            (Some(decided), Some(restored)) => Some(decided.with(Role::Plain, "; ").join(restored)),
            (decided, restored) => decided.or(restored),
        }
    }

    /// The remark on the line under the cursor; else the line itself if its pane cuts it.
    pub fn detail(&self, body: Rect) -> Line {
        if let Some(remark) = self.remark() {
            return remark;
        }
        let list = self.list(self.focus);
        let panes = layout::trace(body, self.focus, self.lower).panes;
        let room = panes.iter().find(|p| p.0 == self.focus).map_or(0, |(_, area)| usize::from(area.width));
        let line = list.items.get(list.scroll.cursor).map(|i| &i.line);
        line.filter(|l| l.width() + 1 > room).cloned().unwrap_or_default()
    }

    pub fn draw(&self, buf: &mut Buffer, body: Rect, brush: &Brush) {
        let screen = layout::trace(body, self.focus, self.lower);
        for (row, line) in self.head.iter().take(screen.head.height.into()).enumerate() {
            brush.line(buf, screen.head, screen.head.y + row as u16, line, 0);
        }
        for (pane, area) in screen.panes {
            self.draw_pane(buf, pane, area, brush);
        }
    }

    fn draw_pane(&self, buf: &mut Buffer, pane: Pane, area: Rect, brush: &Brush) {
        let role = if pane == self.focus { Role::Title } else { Role::Dim };
        let sign = if pane == self.focus { "▸" } else { "─" };
        brush.rule(buf, area, area.y, &Line::of(role, format!("{sign}{} ", self.pane_title(pane))));
        let rows = layout::pane_lines(area);
        let list = self.list(pane);
        if list.items.is_empty() {
            let why = self.why_empty(pane);
            return brush.item(buf, rows, rows.y, &Line::of(Role::Dim, why), 0, Emphasis::None);
        }
        for row in 0..usize::from(rows.height) {
            let at = list.scroll.top + row;
            let Some(item) = list.items.get(at) else { break };
            let emphasis = if at == list.scroll.cursor && pane == self.focus {
                Emphasis::Cursor
            } else if list.linked.binary_search(&at).is_ok() {
                Emphasis::Linked
            } else if at == list.scroll.cursor && list.linked.is_empty() {
                Emphasis::Faint
            } else {
                Emphasis::None
            };
            brush.item(buf, rows, rows.y + row as u16, &item.line, list.scroll.left, emphasis);
        }
    }

    fn pane_title(&self, pane: Pane) -> String {
        match pane {
            Pane::Source => {
                let Some((_, path)) = &self.source else { return "source".into() };
                let file = path.rsplit('/').next().unwrap_or(path);
                let shown = self.list(pane).current().and_then(|l| l.line).map(|l| l.1);
                shown.map_or(file.to_string(), |line| format!("{file}:{line}"))
            }
            Pane::Ir => match self.report.stages.get(self.stage) {
                Some(stage) if self.stages() > 0 => {
                    format!("[{}/{}] {}", self.stage + 1, self.stages(), title(stage))
                }
                _ => "IR".into(),
            },
            Pane::Asm => {
                let asm = self.report.stages.iter().find(|s| matches!(s.content, Content::Asm(_)));
                asm.map_or("machine code".into(), title)
            }
        }
    }

    fn why_empty(&self, pane: Pane) -> &'static str {
        match pane {
            Pane::Source if self.source.is_some() => "the log does not carry this source, or --no-source hides it",
            Pane::Source => "no line of source belongs to this",
            Pane::Ir => "the log has no stages of this trace",
            Pane::Asm => "the log has no machine code of this trace",
        }
    }
}

impl List {
    fn current(&self) -> Option<Link> {
        self.items.get(self.scroll.cursor).map(|i| i.link)
    }

    /// The lines closest to a link, if any is close at all.
    fn belonging(&self, link: &Link) -> Vec<usize> {
        let best = self.items.iter().map(|i| i.link.closeness(link)).max().unwrap_or(0);
        match best {
            0 => Vec::new(),
            best => (0..self.items.len()).filter(|&i| self.items[i].link.closeness(link) == best).collect(),
        }
    }

    fn closest(&self, link: &Link) -> Option<usize> {
        self.belonging(link).first().copied()
    }
}

fn items(model: &Model, lines: Vec<StageLine>) -> Vec<Item> {
    let item = |l: StageLine| Item {
        link: Link { op: l.op, loc: l.loc, line: model.program.line_of(l.loc) },
        line: l.line,
        term: l.term,
        is_comment: l.is_comment,
        remark: l.remark,
    };
    lines.into_iter().map(item).collect()
}

fn source_item(source: SourceId, n: u32, text: &str, used: &std::collections::BTreeSet<u32>) -> Item {
    let in_trace = used.contains(&n);
    let mut line = Line::of(Role::Dim, format!("{n:>5} "));
    line.push(if in_trace { Role::Good } else { Role::Dim }, if in_trace { "● " } else { "  " });
    line.push(if in_trace { Role::Plain } else { Role::Dim }, expand_tabs(text));
    let link = Link { op: None, loc: LocId(0), line: Some((source, n)) };
    Item { line, link, term: "source", is_comment: false, remark: None }
}

impl Listing for TraceView {
    fn len(&self) -> usize {
        self.list(self.focus).items.len()
    }
    fn text(&self, line: usize) -> Cow<'_, str> {
        self.list(self.focus).items.get(line).map(|i| i.line.plain()).unwrap_or_default().into()
    }
    fn scroll(&self) -> &Scroll {
        &self.list(self.focus).scroll
    }
    fn scroll_mut(&mut self) -> &mut Scroll {
        &mut self.lists[self.focus as usize].scroll
    }
    fn term(&self) -> &'static str {
        let list = self.list(self.focus);
        list.items.get(list.scroll.cursor).map_or("", |i| i.term)
    }
    fn said(&self) -> Option<String> {
        self.remark().map(|line| line.plain())
    }
}
