//! View 3, Traces: every recording in a table, bridges below the traces they leave.

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Listing;
use super::order::{Change, Order};
use crate::analyse::traces::{self, TraceRow};
use crate::model::TraceId;
use crate::styled::{Line, Role};
use crate::text::columns::TRACES;
use crate::text::table::{self, Sort};
use crate::tui::filter::Filter;
use crate::tui::layout;
use crate::tui::lists::Rows;
use crate::tui::paint::{Brush, Emphasis};
use crate::tui::scroll::Scroll;
use crate::units;

#[derive(Debug)]
pub struct TracesView {
    list: Arc<Rows<TraceRow>>,
    /// Depth and index of each line.
    order: Vec<(usize, usize)>,
    pub columns: Order,
    pub tree: bool,
    filter: Filter,
    scroll: Scroll,
}

/// The column that carries the branches of the tree.
const TREE_COLUMN: &str = "kind";
/// Deeper branches are drawn at this depth.
const DEEPEST: usize = 8;

/// The column the list is sorted by at first: what ran most comes first.
pub const FIRST_SORT: &str = "executions";

impl TracesView {
    pub fn new(list: Arc<Rows<TraceRow>>) -> TracesView {
        let mut view = TracesView {
            columns: Order::new(TRACES, &list.widths, FIRST_SORT),
            list,
            order: Vec::new(),
            tree: true,
            filter: Filter::default(),
            scroll: Scroll::default(),
        };
        view.arrange();
        view.scroll = Scroll::default();
        view
    }

    pub fn selected(&self) -> Option<&TraceRow> {
        self.order.get(self.scroll.cursor).map(|&(_, i)| &self.list.rows[i])
    }

    pub fn select(&mut self, id: TraceId) {
        if let Some(at) = self.order.iter().position(|&(_, i)| self.list.rows[i].id == id) {
            self.scroll.cursor = at;
        }
    }

    /// Takes order, filter and cursor from the view it replaces.
    pub fn resume(&mut self, old: &TracesView) {
        (self.tree, self.columns.sort) = (old.tree, old.columns.sort);
        (self.filter, self.scroll) = (old.filter.clone(), old.scroll);
        self.arrange();
        if let Some(id) = old.selected().map(|t| t.id) {
            self.select(id);
        }
    }

    /// Sorts and filters anew; the cursor stays on its trace.
    pub fn arrange(&mut self) {
        let selected = self.selected().map(|r| r.id);
        let (rows, filter) = (&self.list.rows, &self.filter);
        // Rows come in the order of their ids.
        let mut sorted: Vec<usize> = (0..rows.len()).collect();
        sorted.retain(|&i| filter.is_empty() || filter.accepts(&line_of(&rows[i]), &rows[i]));
        self.columns.sort.apply_to(TRACES, rows, &mut sorted);
        // Of a tree with holes nobody can tell what belongs to what.
        self.order = match self.tree && filter.is_empty() {
            true => {
                let in_order: Vec<&TraceRow> = sorted.iter().map(|&i| &rows[i]).collect();
                traces::forest(&in_order).into_iter().map(|(depth, at)| (depth, sorted[at])).collect()
            }
            false => sorted.into_iter().map(|i| (0, i)).collect(),
        };
        if let Some(id) = selected {
            self.select(id);
        }
    }

    /// What the columns on screen may have no room for.
    pub fn detail(&self) -> Line {
        let Some(row) = self.selected() else { return Line::of(Role::Dim, "no traces in this log") };
        let mut line = Line::of(Role::Title, format!("{} {}", row.kind, row.id));
        line.push(Role::Plain, format!(" {}", row.state.name()));
        if let Some(reason) = &row.reason {
            line.push(Role::Bad, format!(": {reason}"));
        }
        if let Some(detail) = &row.detail {
            line.push(Role::Plain, format!(" ({detail})"));
        }
        if let Some(file) = &row.place.file {
            line.push(Role::Name, format!("  {file}:{}", row.place.line.unwrap_or(0)));
        }
        if row.guards > 0 {
            line.push(Role::Plain, format!("  {} of {} fail", row.guards_failing, units::plural(row.guards, "guard")));
        }
        line
    }

    pub fn draw(&self, buf: &mut Buffer, area: Rect, brush: &Brush) {
        let shown = self.columns.shown(TRACES, area.width);
        let head = table::head(TRACES, &shown, Some(self.columns.sort), brush.charset);
        brush.item(buf, area, area.y, &head, 0, Emphasis::None);
        let rows = layout::table_rows(area);
        for row in 0..usize::from(rows.height) {
            let at = self.scroll.top + row;
            let Some(&(depth, i)) = self.order.get(at) else { break };
            let branch = match depth {
                0 => String::new(),
                depth => format!("{}└ ", "  ".repeat(depth.min(DEEPEST) - 1)),
            };
            let line = table::row_with(TRACES, &shown, &self.list.rows[i], brush.charset, |column, cell| {
                if column.key == TREE_COLUMN { format!("{branch}{cell}") } else { cell }
            });
            let emphasis = if at == self.scroll.cursor { Emphasis::Cursor } else { Emphasis::None };
            brush.item(buf, rows, rows.y + row as u16, &line, 0, emphasis);
        }
    }
}

/// Widens the column that carries the branches of the tree by their depth.
pub fn make_room(list: &mut Rows<TraceRow>) {
    let rows: Vec<&TraceRow> = list.rows.iter().collect();
    let deepest = traces::forest(&rows).iter().map(|(depth, _)| *depth).max().unwrap_or(0);
    if let Some(at) = TRACES.iter().position(|c| c.key == TREE_COLUMN) {
        list.widths[at] += deepest.min(DEEPEST) * 2;
    }
}

fn line_of(row: &TraceRow) -> String {
    let cells = TRACES.iter().map(|c| (c.cell)(row)).filter(|c| !c.is_empty());
    crate::clean::clean(&cells.collect::<Vec<_>>().join("  ")).into_owned()
}

impl Listing for TracesView {
    fn len(&self) -> usize {
        self.order.len()
    }
    fn text(&self, line: usize) -> Cow<'_, str> {
        let Some(&(_, i)) = self.order.get(line) else { return Cow::Borrowed("") };
        line_of(&self.list.rows[i]).into()
    }
    fn scroll(&self) -> &Scroll {
        &self.scroll
    }
    fn scroll_mut(&mut self) -> &mut Scroll {
        &mut self.scroll
    }
    fn term(&self) -> &'static str {
        TRACES[self.columns.sort.column].term
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
            Change::Next => self.columns.next(TRACES, width),
            Change::Reverse => self.columns.sort = self.columns.sort.reversed(),
            Change::Click(x) => self.columns.click(TRACES, x, width),
            Change::First => {
                self.tree = true;
                self.columns.sort = Sort::by(TRACES, FIRST_SORT).unwrap_or(self.columns.sort);
            }
        }
        self.arrange();
        true
    }
}
