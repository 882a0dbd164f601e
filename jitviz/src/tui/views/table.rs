//! A list of rows in columns with order, filter and cursor: what Traces, Guards, Aborts and Memory are made of.

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::Serialize;

use super::Listing;
use super::order::Order;
use crate::styled::{Line, Role};
use crate::text::table::{self, Sort};
use crate::tui::arrange::{AT_ONCE, Arranged, GoOn, Kind, Lines, Shown, Wish, arrange, line_of};
use crate::tui::filter::Filter;
use crate::tui::layout;
use crate::tui::lists::Rows;
use crate::tui::paint::{Brush, Emphasis};
use crate::tui::scroll::Scroll;

/// The column that carries the branches of a tree.
pub const TREE_COLUMN: &str = "kind";
/// Deeper branches are drawn at this depth.
pub const DEEPEST: usize = 8;

pub struct TableView<R: 'static> {
    kind: &'static Kind<R>,
    /// The rows there are to show.
    list: Arc<Rows<R>>,
    /// The rows that are shown: of a long list those of before, until they are arranged as they are wanted now.
    arranged: Arranged<R>,
    pub columns: Order,
    filter: Filter,
    tree: bool,
    /// Whether the arrangement that is wanted was asked for.
    asked: bool,
    scroll: Scroll,
}

impl<R: Serialize + Send + Sync> TableView<R> {
    pub fn new(kind: &'static Kind<R>, list: Arc<Rows<R>>) -> TableView<R> {
        let columns = Order::new(kind.columns, &list.widths, kind.first_sort);
        let wish = Wish { filter: Filter::default(), sort: columns.sort, tree: true };
        let mut view = TableView {
            kind,
            // Of no list yet.
            arranged: Arranged {
                list: Arc::new(Rows { rows: Vec::new(), widths: Vec::new() }),
                wish,
                shown: Arc::default(),
            },
            list,
            columns,
            filter: Filter::default(),
            tree: true,
            asked: false,
            scroll: Scroll::default(),
        };
        view.rearrange();
        view.scroll = Scroll::default();
        view
    }

    /// Shows the rows of another model, in the same order and through the same filter. Returns what is not needed any
    /// more.
    pub fn renew(&mut self, list: Arc<Rows<R>>) -> Arc<Rows<R>> {
        self.columns.widths.clone_from(&list.widths);
        let old = std::mem::replace(&mut self.list, list);
        self.rearrange();
        old
    }

    pub fn selected(&self) -> Option<&R> {
        self.arranged.shown.get(self.scroll.cursor).map(|shown| &self.arranged.list.rows[shown.row])
    }

    pub fn select(&mut self, is: impl Fn(&R) -> bool) -> bool {
        let found = self.arranged.shown.iter().position(|shown| is(&self.arranged.list.rows[shown.row]));
        self.scroll.cursor = found.unwrap_or(self.scroll.cursor);
        found.is_some()
    }

    fn wish(&self) -> Wish {
        Wish { filter: self.filter.clone(), sort: self.columns.sort, tree: self.tree }
    }

    /// Something else is wanted: a short list is arranged at once.
    fn rearrange(&mut self) {
        self.asked = false;
        if self.list.rows.len() <= AT_ONCE
            && let Some(made) = arrange(self.kind, self.list.clone(), self.wish(), &|| true)
        {
            self.take(made);
        }
    }

    /// Whether what is shown is not what is wanted.
    pub fn is_late(&self) -> bool {
        !self.is_wanted(&self.arranged)
    }

    fn is_wanted(&self, made: &Arranged<R>) -> bool {
        Arc::ptr_eq(&made.list, &self.list)
            && (&made.wish.filter, made.wish.sort, made.wish.tree) == (&self.filter, self.columns.sort, self.tree)
    }

    /// Whether somebody has to be asked for the arrangement.
    pub fn is_to_be_asked(&self) -> bool {
        !self.asked && self.is_late()
    }

    /// How to make the arrangement that is wanted.
    pub fn job(&mut self) -> impl FnOnce(GoOn<'_>) -> Option<Arranged<R>> + Send + use<R> {
        self.asked = true;
        let (kind, list, wish) = (self.kind, self.list.clone(), self.wish());
        move |go_on: GoOn<'_>| arrange(kind, list, wish, go_on)
    }

    /// Takes an arrangement if it is the one that is wanted; the cursor stays on its row if that is still there. Returns
    /// what is not needed any more.
    pub fn take(&mut self, made: Arranged<R>) -> Arranged<R> {
        if !self.is_wanted(&made) {
            return made;
        }
        let old = std::mem::replace(&mut self.arranged, made);
        let new = &self.arranged;
        if let Some(before) = old.shown.get(self.scroll.cursor) {
            let row = &old.list.rows[before.row];
            let same_list = Arc::ptr_eq(&old.list, &new.list);
            let is = |shown: &Shown| match same_list {
                true => shown.row == before.row,
                false => (self.kind.same)(&new.list.rows[shown.row], row),
            };
            self.scroll.cursor = new.shown.iter().position(is).unwrap_or(self.scroll.cursor);
        }
        old
    }

    /// Rows below those they belong to, or a flat list.
    pub fn toggle_tree(&mut self) {
        self.tree = !self.tree;
        self.rearrange();
    }

    pub fn draw(&self, buf: &mut Buffer, area: Rect, brush: &Brush) {
        let (kind, list) = (self.kind, &self.arranged.list);
        let columns = self.columns.shown(kind.columns, area.width);
        let mut head = table::head(kind.columns, &columns, Some(self.columns.sort), brush.charset);
        if self.is_late() {
            head.push(Role::Warn, " …");
        }
        brush.item(buf, area, area.y, &head, 0, Emphasis::None);
        let rows = layout::table_rows(area);
        if self.arranged.shown.is_empty() {
            let why = match (self.list.rows.is_empty(), self.is_late()) {
                (true, _) => kind.empty,
                (false, true) => "the rows are being put in order",
                (false, false) => "no row passes the filter; Esc ends it",
            };
            return brush.item(buf, rows, rows.y, &Line::of(Role::Dim, why), 0, Emphasis::None);
        }
        for row in 0..usize::from(rows.height) {
            let at = self.scroll.top + row;
            let Some(&Shown { depth, row: i }) = self.arranged.shown.get(at) else { break };
            let branch = match depth {
                0 => String::new(),
                depth => format!("{}└ ", "  ".repeat(depth.min(DEEPEST) - 1)),
            };
            let line = table::row_with(kind.columns, &columns, &list.rows[i], brush.charset, |column, cell| {
                if depth > 0 && column.key == TREE_COLUMN { format!("{branch}{cell}") } else { cell }
            });
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

/// The rows that are shown, as lines.
struct TableLines<R: 'static> {
    kind: &'static Kind<R>,
    list: Arc<Rows<R>>,
    shown: Arc<Vec<Shown>>,
}

impl<R: Send + Sync> Lines for TableLines<R> {
    fn len(&self) -> usize {
        self.shown.len()
    }
    fn text(&self, line: usize) -> String {
        self.shown.get(line).map(|at| line_of(self.kind.columns, &self.list.rows[at.row])).unwrap_or_default()
    }
}

impl<R: Serialize + Send + Sync> Listing for TableView<R> {
    fn len(&self) -> usize {
        self.arranged.shown.len()
    }
    fn text(&self, line: usize) -> Cow<'_, str> {
        let Some(shown) = self.arranged.shown.get(line) else { return Cow::Borrowed("") };
        line_of(self.kind.columns, &self.arranged.list.rows[shown.row]).into()
    }
    fn lines(&self) -> Option<Box<dyn Lines>> {
        let (list, shown) = (self.arranged.list.clone(), self.arranged.shown.clone());
        Some(Box::new(TableLines { kind: self.kind, list, shown }))
    }
    fn scroll(&self) -> &Scroll {
        &self.scroll
    }
    fn scroll_mut(&mut self) -> &mut Scroll {
        &mut self.scroll
    }
    fn term(&self) -> &'static str {
        self.kind.columns[self.columns.sort.column].term
    }
    fn filter(&self) -> Option<&Filter> {
        Some(&self.filter)
    }
    fn set_filter(&mut self, text: &str) {
        self.filter = Filter::new(text);
        self.rearrange();
    }
    fn total(&self) -> usize {
        self.list.rows.len()
    }
    fn unknown_key(&self) -> Option<String> {
        self.filter.unknown_key(self.list.rows.first()?)
    }
    fn sort(&mut self, change: Change, width: u16) -> bool {
        let columns = self.kind.columns;
        match change {
            Change::Next => self.columns.next(columns, width),
            Change::Reverse => self.columns.sort = self.columns.sort.reversed(),
            Change::Click(x) => self.columns.click(columns, x, width),
            Change::First => {
                self.tree = true;
                self.columns.sort = Sort::by(columns, self.kind.first_sort).unwrap_or(self.columns.sort);
            }
        }
        self.rearrange();
        true
    }
}

pub use super::order::Change;
