//! A list of rows in columns with order, filter and cursor: what Guards, Aborts and Memory are made of.

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::Serialize;

use super::Listing;
use super::order::Order;
use crate::styled::{Line, Role};
use crate::text::table::{self, Column, Sort};
use crate::tui::filter::Filter;
use crate::tui::layout;
use crate::tui::lists::Rows;
use crate::tui::paint::{Brush, Emphasis};
use crate::tui::scroll::Scroll;

pub struct TableView<R: 'static> {
    columns: &'static [Column<R>],
    /// The column the list is sorted by at first.
    first_sort: &'static str,
    list: Arc<Rows<R>>,
    /// Rows that the filter lets through, in their order.
    shown: Vec<usize>,
    pub order: Order,
    filter: Filter,
    scroll: Scroll,
    /// Said when there is no row.
    empty: &'static str,
}

impl<R: Serialize> TableView<R> {
    pub fn new(
        columns: &'static [Column<R>],
        first_sort: &'static str,
        list: Arc<Rows<R>>,
        empty: &'static str,
    ) -> TableView<R> {
        let order = Order::new(columns, &list.widths, first_sort);
        let mut view = TableView {
            columns,
            first_sort,
            list,
            shown: Vec::new(),
            order,
            filter: Filter::default(),
            scroll: Scroll::default(),
            empty,
        };
        view.arrange();
        view
    }

    /// Takes order, filter and scrolling from the view it replaces; `same` finds the row under the cursor again.
    pub fn resume(&mut self, old: &TableView<R>, same: impl Fn(&R, &R) -> bool) {
        self.order.sort = old.order.sort;
        self.filter = old.filter.clone();
        self.scroll = old.scroll;
        self.arrange();
        if let Some(before) = old.selected() {
            self.select(|row| same(row, before));
        }
    }

    pub fn selected(&self) -> Option<&R> {
        self.shown.get(self.scroll.cursor).map(|&i| &self.list.rows[i])
    }

    pub fn select(&mut self, is: impl Fn(&R) -> bool) -> bool {
        let found = self.shown.iter().position(|&i| is(&self.list.rows[i]));
        self.scroll.cursor = found.unwrap_or(self.scroll.cursor);
        found.is_some()
    }

    /// Rows before the filter.
    pub fn total(&self) -> usize {
        self.list.rows.len()
    }

    /// Sorts and filters anew; the cursor stays on its row if that is still there.
    pub fn arrange(&mut self) {
        let selected = self.shown.get(self.scroll.cursor).copied();
        let rows = &self.list.rows;
        // The text of a row is made only for a filter to look at.
        let passes =
            |i: &usize| self.filter.is_empty() || self.filter.accepts(&line_of(self.columns, &rows[*i]), &rows[*i]);
        self.shown = (0..rows.len()).filter(passes).collect();
        self.order.sort.apply_to(self.columns, rows, &mut self.shown);
        if let Some(at) = selected.and_then(|selected| self.shown.iter().position(|&i| i == selected)) {
            self.scroll.cursor = at;
        }
    }

    pub fn draw(&self, buf: &mut Buffer, area: Rect, brush: &Brush) {
        let shown = self.order.shown(self.columns, area.width);
        let head = table::head(self.columns, &shown, Some(self.order.sort), brush.charset);
        brush.item(buf, area, area.y, &head, 0, Emphasis::None);
        let rows = layout::table_rows(area);
        if self.shown.is_empty() {
            let why = if self.list.rows.is_empty() { self.empty } else { "no row passes the filter; Esc ends it" };
            return brush.item(buf, rows, rows.y, &Line::of(Role::Dim, why), 0, Emphasis::None);
        }
        for row in 0..usize::from(rows.height) {
            let at = self.scroll.top + row;
            let Some(&i) = self.shown.get(at) else { break };
            let line = table::row(self.columns, &shown, &self.list.rows[i], brush.charset);
            let emphasis = if at == self.scroll.cursor { Emphasis::Cursor } else { Emphasis::None };
            brush.item(buf, rows, rows.y + row as u16, &line, 0, emphasis);
        }
    }
}

impl<R> std::fmt::Debug for TableView<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableView").field("rows", &self.list.rows.len()).field("scroll", &self.scroll).finish()
    }
}

fn line_of<R>(columns: &[Column<R>], row: &R) -> String {
    let cells = columns.iter().map(|c| (c.cell)(row)).filter(|c| !c.is_empty());
    crate::clean::clean(&cells.collect::<Vec<_>>().join("  ")).into_owned()
}

impl<R: Serialize> Listing for TableView<R> {
    fn len(&self) -> usize {
        self.shown.len()
    }
    fn text(&self, line: usize) -> Cow<'_, str> {
        let Some(&i) = self.shown.get(line) else { return Cow::Borrowed("") };
        line_of(self.columns, &self.list.rows[i]).into()
    }
    fn scroll(&self) -> &Scroll {
        &self.scroll
    }
    fn scroll_mut(&mut self) -> &mut Scroll {
        &mut self.scroll
    }
    fn term(&self) -> &'static str {
        self.columns[self.order.sort.column].term
    }
    fn filter(&self) -> Option<&Filter> {
        Some(&self.filter)
    }
    fn set_filter(&mut self, text: &str) {
        self.filter = Filter::new(text);
        self.arrange();
    }
    fn total(&self) -> usize {
        self.list.rows.len()
    }
    fn unknown_key(&self) -> Option<String> {
        self.filter.unknown_key(self.list.rows.first()?)
    }
    fn sort(&mut self, change: Change, width: u16) -> bool {
        match change {
            Change::Next => self.order.next(self.columns, width),
            Change::Reverse => self.order.sort = self.order.sort.reversed(),
            Change::Click(x) => self.order.click(self.columns, x, width),
            Change::First => self.order.sort = Sort::by(self.columns, self.first_sort).unwrap_or(self.order.sort),
        }
        self.arrange();
        true
    }
}

pub use super::order::Change;
