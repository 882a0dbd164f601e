//! View 3, Traces: every recording in a table, bridges below the traces they leave.

use std::sync::Arc;

use super::table::{DEEPEST, TREE_COLUMN, TableView};
use crate::analyse::traces::{self, TraceRow};
use crate::styled::{Line, Role};
use crate::text::columns::TRACES;
use crate::tui::arrange::Kind;
use crate::tui::lists::Rows;
use crate::units;

pub type TracesView = TableView<TraceRow>;

/// What ran most comes first.
static KIND: Kind<TraceRow> = Kind {
    columns: TRACES,
    first_sort: "executions",
    same: |a, b| a.id == b.id,
    forest: Some(traces::forest),
    empty: "no traces in this log",
};

pub fn view(list: Arc<Rows<TraceRow>>) -> TracesView {
    TableView::new(&KIND, list)
}

/// What the columns on screen may have no room for.
pub fn detail(view: &TracesView) -> Line {
    let Some(row) = view.selected() else { return Line::of(Role::Dim, "no traces in this log") };
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

/// Widens the column that carries the branches of the tree by their depth.
pub fn make_room(list: &mut Rows<TraceRow>) {
    let rows: Vec<&TraceRow> = list.rows.iter().collect();
    let deepest = traces::forest(&rows).iter().map(|(depth, _)| *depth).max().unwrap_or(0);
    if let Some(at) = TRACES.iter().position(|c| c.key == TREE_COLUMN) {
        list.widths[at] += deepest.min(DEEPEST) * 2;
    }
}
