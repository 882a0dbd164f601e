//! View 5, Guards: what each tested, how often it failed, what was seen instead; Enter goes to its instruction.

use std::sync::Arc;

use super::table::TableView;
use crate::analyse::guards::GuardRow;
use crate::model::{Domain, Model};
use crate::styled::{Line, Role};
use crate::text::columns::{self, GUARDS};
use crate::tui::arrange::Kind;
use crate::tui::lists::Rows;

pub type GuardsView = TableView<GuardRow>;

static KIND: Kind<GuardRow> = Kind {
    columns: GUARDS,
    first_sort: "failures",
    same: |a, b| a.id == b.id,
    forest: None,
    empty: "no guards in this log",
};

pub fn view(list: Arc<Rows<GuardRow>>) -> GuardsView {
    TableView::new(&KIND, list)
}

/// What the guard tests in words, and what the columns on screen may have no room for.
pub fn detail(view: &GuardsView, model: &Model) -> Line {
    let Some(row) = view.selected() else { return Line::new() };
    let mut line = Line::of(Role::Title, format!("guard {} of trace {}", row.id, row.trace));
    line.push(Role::Op, format!(" {}", row.kind));
    if let Some(expected) = &row.expected {
        line.push(Role::Plain, format!(" expects {expected}"));
    }
    if !row.observed.is_empty() {
        line.push(Role::Warn, format!(", saw {}", columns::observed(&row.observed, row.observed_exact)));
    }
    if let Some(bridge) = row.bridge {
        line.push(Role::Good, format!(", bridge {bridge}"));
    }
    let kind = model.guards.get(&row.id).map(|g| g.kind);
    if let Some(text) = kind.and_then(|kind| model.words.reason_text(Domain::GuardKind, kind)) {
        line.push(Role::Dim, format!("  {text}"));
    }
    line
}
