//! View 5, Guards: what each tested, how often it failed, what was seen instead; Enter goes to its instruction.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Listing;
use super::order::Order;
use crate::analyse::guards::{self, GuardRow};
use crate::model::{Domain, GuardId, Model};
use crate::styled::{Charset, Line, Role};
use crate::text::columns::{self, GUARDS};
use crate::text::table;
use crate::tui::layout;
use crate::tui::paint::{Brush, Emphasis};
use crate::tui::scroll::Scroll;

#[derive(Debug)]
pub struct GuardsView {
    rows: Vec<GuardRow>,
    pub order: Order,
    scroll: Scroll,
}

/// The column the list is sorted by at first.
pub const FIRST_SORT: &str = "failures";

impl GuardsView {
    pub fn new(model: &Model, charset: Charset) -> GuardsView {
        let rows = guards::rows(model);
        GuardsView { order: Order::new(GUARDS, &rows, FIRST_SORT, charset), rows, scroll: Scroll::default() }
    }

    pub fn selected(&self) -> Option<&GuardRow> {
        self.rows.get(self.scroll.cursor)
    }

    pub fn select(&mut self, id: GuardId) {
        if let Some(at) = self.rows.iter().position(|r| r.id == id) {
            self.scroll.cursor = at;
        }
    }

    /// Sorts anew; the cursor stays on its guard.
    pub fn arrange(&mut self) {
        let selected = self.selected().map(|r| r.id);
        self.rows.sort_by_key(|r| r.id);
        self.order.sort.apply(GUARDS, &mut self.rows);
        if let Some(id) = selected {
            self.select(id);
        }
    }

    /// What the guard tests in words, and what the columns on screen may have no room for.
    pub fn detail(&self, model: &Model) -> Line {
        let Some(row) = self.selected() else { return Line::of(Role::Dim, "no guards in this log") };
        let mut line = Line::of(Role::Title, format!("guard {} of trace {}", row.id, row.trace));
        line.push(Role::Op, format!(" {}", row.kind));
        if let Some(expected) = &row.expected {
            line.push(Role::Plain, format!(" expects {expected}"));
        }
        if !row.observed.is_empty() {
            line.push(Role::Warn, format!(", saw {}", columns::observed(&row.observed, row.observed_exact)));
        }
        let kind = model.guards.get(&row.id).map(|g| g.kind);
        if let Some(text) = kind.and_then(|kind| model.words.reason_text(Domain::GuardKind, kind)) {
            line.push(Role::Dim, format!("  {text}"));
        }
        line
    }

    pub fn draw(&self, buf: &mut Buffer, area: Rect, brush: &Brush) {
        let shown = self.order.shown(GUARDS, area.width);
        let head = table::head(GUARDS, &shown, Some(self.order.sort), brush.charset);
        brush.item(buf, area, area.y, &head, 0, Emphasis::None);
        let rows = layout::table_rows(area);
        for row in 0..usize::from(rows.height) {
            let at = self.scroll.top + row;
            let Some(guard) = self.rows.get(at) else { break };
            let line = table::row(GUARDS, &shown, guard, brush.charset);
            let emphasis = if at == self.scroll.cursor { Emphasis::Cursor } else { Emphasis::None };
            brush.item(buf, rows, rows.y + row as u16, &line, 0, emphasis);
        }
    }
}

impl Listing for GuardsView {
    fn len(&self) -> usize {
        self.rows.len()
    }
    fn text(&self, line: usize) -> Cow<'_, str> {
        let Some(row) = self.rows.get(line) else { return Cow::Borrowed("") };
        let cells = GUARDS.iter().map(|c| (c.cell)(row)).filter(|c| !c.is_empty());
        crate::clean::clean(&cells.collect::<Vec<_>>().join("  ")).into_owned().into()
    }
    fn scroll(&self) -> &Scroll {
        &self.scroll
    }
    fn scroll_mut(&mut self) -> &mut Scroll {
        &mut self.scroll
    }
    fn term(&self) -> &'static str {
        GUARDS[self.order.sort.column].term
    }
}
