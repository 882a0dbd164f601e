//! View 0, Diff: what changed from the log before to the one that is shown; Enter goes to what a line is about.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Listing;
use crate::analyse::diff::Status;
use crate::analyse::diff::ways::{Comparison, Way};
use crate::styled::{Line, Role};
use crate::text::diff::{self, PageLine};
use crate::tui::paint::{Brush, Emphasis};
use crate::tui::scroll::Scroll;

/// Empty unless there are two logs.
#[derive(Debug, Default)]
pub struct DiffView {
    lines: Vec<PageLine>,
    ways: Vec<Option<Way>>,
    found: Option<Comparison>,
    /// What is said while there is no comparison yet.
    waiting: Option<Line>,
    scroll: Scroll,
}

impl DiffView {
    /// The other log is being read.
    pub fn wait_for(&mut self, name: &str) {
        let text = format!("comparing with {name}: both logs are read first");
        self.waiting = Some(Line::of(Role::Dim, text));
    }

    /// Whether there is a second log.
    pub fn is_open(&self) -> bool {
        self.found.is_some() || self.waiting.is_some()
    }

    pub fn show(&mut self, found: Comparison) {
        // What does not fit is scrolled to.
        self.lines = diff::page(&found.diff, usize::MAX);
        for problem in &found.diff.problems {
            let line = Line::of(Role::Warn, format!("problem: {problem}"));
            self.lines.push(PageLine { line, about: None });
        }
        let tables = diff::tables(&found.diff);
        self.ways = self.lines.iter().map(|l| l.about.and_then(|(t, row)| found.way(t, &tables[t].1[row]))).collect();
        self.scroll = Scroll::default();
        (self.found, self.waiting) = (Some(found), None);
    }

    /// Where the line under the cursor leads.
    pub fn target(&self) -> Option<Way> {
        self.ways.get(self.scroll.cursor).copied().flatten()
    }

    /// Why it leads nowhere.
    pub fn no_way(&self) -> &'static str {
        let about = self.lines.get(self.scroll.cursor).and_then(|l| l.about);
        let row = self.found.as_ref().zip(about).map(|(found, (table, row))| &diff::tables(&found.diff)[table].1[row]);
        match row.map(|r| r.status) {
            Some(Status::Lost) => "this is only in the log before; jitviz BEFORE shows it",
            _ => "this line leads nowhere; functions, traces, guards and aborts below do",
        }
    }

    /// What the line under the cursor is, or the line itself where the screen cuts it.
    pub fn detail(&self, width: u16) -> Line {
        let Some(line) = self.lines.get(self.scroll.cursor) else { return Line::new() };
        if line.line.width() + 1 > usize::from(width) {
            return line.line.clone();
        }
        let row = self.found.as_ref().zip(line.about);
        let row = row.map(|(found, (table, row))| &diff::tables(&found.diff)[table].1[row]);
        let Some(row) = row else { return Line::of(Role::Dim, "both whole runs, whatever time the other views show") };
        let text = match (row.status, &row.first_difference) {
            (Status::New, _) => "only in the log after".to_string(),
            (Status::Lost, _) => "only in the log before".into(),
            (Status::Both, Some(stage)) => format!("in both; the IR differs first at the stage {stage}"),
            (Status::Both, None) => "in both".into(),
        };
        Line::of(Role::Dim, text)
    }

    pub fn draw(&self, buf: &mut Buffer, area: Rect, brush: &Brush) {
        if let Some(line) = &self.waiting {
            return brush.item(buf, area, area.y, line, 0, Emphasis::None);
        }
        for row in 0..usize::from(area.height) {
            let at = self.scroll.top + row;
            let Some(item) = self.lines.get(at) else { break };
            let emphasis = if at == self.scroll.cursor { Emphasis::Cursor } else { Emphasis::None };
            brush.item(buf, area, area.y + row as u16, &item.line, self.scroll.left, emphasis);
        }
    }
}

impl Listing for DiffView {
    fn len(&self) -> usize {
        self.lines.len()
    }
    fn text(&self, line: usize) -> Cow<'_, str> {
        self.lines.get(line).map(|l| l.line.plain()).unwrap_or_default().into()
    }
    fn scroll(&self) -> &Scroll {
        &self.scroll
    }
    fn scroll_mut(&mut self) -> &mut Scroll {
        &mut self.scroll
    }
    fn term(&self) -> &'static str {
        "diff"
    }
}
