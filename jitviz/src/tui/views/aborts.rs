//! View 6, Aborts: recordings that were given up, by reason and place; Enter goes to one of them.

use std::sync::Arc;

use super::table::TableView;
use crate::analyse::aborts::AbortRow;
use crate::styled::{Line, Role};
use crate::text::columns::ABORTS;
use crate::tui::arrange::Kind;
use crate::tui::lists::Rows;
use crate::units::plural;

pub type AbortsView = TableView<AbortRow>;

static KIND: Kind<AbortRow> = Kind {
    columns: ABORTS,
    first_sort: "count",
    same: |a, b| (&a.reason, &a.place) == (&b.reason, &b.place),
    forest: None,
    empty: "no recording was aborted",
};

pub fn view(list: Arc<Rows<AbortRow>>) -> AbortsView {
    TableView::new(&KIND, list)
}

/// What the reason means and which recordings it took.
pub fn detail(view: &AbortsView) -> Line {
    let Some(row) = view.selected() else { return Line::new() };
    let mut line = Line::of(Role::Bad, &row.reason);
    if let Some(detail) = &row.detail {
        line.push(Role::Plain, format!(" ({detail})"));
    }
    let ids: Vec<String> = row.traces.iter().take(6).map(|id| id.to_string()).collect();
    let more = if row.traces.len() > ids.len() { ", …" } else { "" };
    line.push(Role::Plain, format!("  {} {}{more}", if ids.len() == 1 { "trace" } else { "traces" }, ids.join(", ")));
    if row.retries > 0 {
        line.push(Role::Plain, format!(", {} meant to be tried again", plural(row.retries, "time")));
    }
    if row.blacklisted {
        line.push(Role::Warn, ", given up for good");
    }
    if let Some(text) = &row.text {
        line.push(Role::Dim, format!("  {text}"));
    }
    line
}
