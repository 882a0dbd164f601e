//! View 7, Source: the program by line, with heat in the margin; Enter goes to what fails or starts on the line.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Listing;
use crate::analyse::lines::{self, LineRow};
use crate::model::{Model, OpIx, SourceId, TraceId};
use crate::styled::{Line, Role};
use crate::text::columns;
use crate::tui::layout;
use crate::tui::paint::{Brush, Emphasis};
use crate::tui::scroll::Scroll;
use crate::units::{count, ns, plural};

#[derive(Debug)]
pub struct SourceView {
    rows: Vec<LineRow>,
    /// Whether there is time by line to show.
    sampled: bool,
    scroll: Scroll,
}

/// Columns of the text without the numbers; below this the numbers go and the heat stays.
const NUMBERS_FROM: u16 = 60;

impl SourceView {
    /// The cursor starts on the hottest line.
    pub fn new(model: &Model, with_source: bool) -> SourceView {
        let rows = lines::rows(model, with_source);
        let sampled = !model.samples.is_empty();
        let heat = |r: &LineRow| r.heat_of(sampled);
        let hottest = (0..rows.len()).rev().max_by_key(|&i| heat(&rows[i])).unwrap_or(0);
        SourceView { rows, sampled, scroll: Scroll { cursor: hottest, ..Scroll::default() } }
    }

    /// Puts the cursor on a line; false if it is not in the list.
    pub fn select(&mut self, at: (SourceId, u32)) -> bool {
        let found = self.rows.iter().position(|r| (r.source, r.line) == at);
        self.scroll.cursor = found.unwrap_or(self.scroll.cursor);
        found.is_some()
    }

    /// The evidence behind the line under the cursor.
    pub fn target(&self) -> Option<(TraceId, Option<OpIx>)> {
        self.rows.get(self.scroll.cursor)?.target
    }

    fn line(&self, row: &LineRow, numbers: bool) -> Line {
        let mut line = Line::of(heat_role(row.heat), format!("{:1}", columns::heat(row.heat)));
        line.push(if row.traces.is_empty() { Role::Dim } else { Role::Good }, format!("{:>5} ", row.line));
        if numbers {
            if self.sampled {
                let time = row.time_ns.filter(|ns| *ns > 0).map(ns).unwrap_or_default();
                line.push(Role::Plain, format!("{time:>8} "));
            }
            let number = |n: Option<u64>| n.filter(|n| *n > 0).map(count).unwrap_or_default();
            line.push(Role::Plain, format!("{:>11} ", number(row.executions)));
            line.push(Role::Warn, format!("{:>11} ", number(row.failures)));
            line.push(Role::Bad, format!("{:>6}  ", number(Some(row.aborts))));
        }
        let text = row.text.as_deref().map(crate::clean::expand_tabs).unwrap_or_default();
        line.push(if row.traces.is_empty() { Role::Dim } else { Role::Plain }, text);
        line
    }

    /// Everything about the line under the cursor.
    pub fn detail(&self) -> Line {
        let Some(row) = self.rows.get(self.scroll.cursor) else {
            return Line::of(Role::Dim, "no source in this log");
        };
        let file = row.file.rsplit('/').next().unwrap_or_default();
        let mut line = Line::of(Role::Name, format!("{file}:{}", row.line));
        if let Some(function) = &row.function {
            line.push(Role::Name, format!(" {function}"));
        }
        let mut facts = Vec::new();
        if !row.traces.is_empty() {
            facts.push(format!("in {}", plural(row.traces.len() as u64, "trace")));
        }
        for (what, time) in [("interp", row.interp_ns), ("compiled", row.compiled_ns), ("builtins", row.native_ns)] {
            facts.extend(time.filter(|time| *time > 0).map(|time| format!("{what} {}", ns(time))));
        }
        facts.extend(row.executions.map(|n| format!("ran {}", count(n))));
        facts.extend(
            row.failures.map(|n| format!("{} of {}", plural(n, "failure"), plural(row.guards.len() as u64, "guard"))),
        );
        if row.aborts > 0 {
            facts.push(format!("{} aborted", plural(row.aborts, "recording")));
        }
        line.push(Role::Plain, format!("  {}", facts.join(" · ")));
        line
    }

    pub fn draw(&self, buf: &mut Buffer, area: Rect, brush: &Brush) {
        let numbers = area.width >= NUMBERS_FROM;
        let head = match numbers {
            true => {
                let time = if self.sampled { format!("{:>8} ", "time") } else { String::new() };
                format!("{:1}{:>5} {time}{:>11} {:>11} {:>6}  source", "", "line", "ran", "failures", "aborts")
            }
            false => format!("{:1}{:>5} source", "", "line"),
        };
        brush.item(buf, area, area.y, &Line::of(Role::Title, head), 0, Emphasis::None);
        let rows = layout::table_rows(area);
        if self.rows.is_empty() {
            let why = "the log carries no source";
            return brush.item(buf, rows, rows.y, &Line::of(Role::Dim, why), 0, Emphasis::None);
        }
        for row in 0..usize::from(rows.height) {
            let at = self.scroll.top + row;
            let Some(source) = self.rows.get(at) else { break };
            let emphasis = if at == self.scroll.cursor { Emphasis::Cursor } else { Emphasis::None };
            brush.item(buf, rows, rows.y + row as u16, &self.line(source, numbers), self.scroll.left, emphasis);
        }
    }
}

fn heat_role(heat: u64) -> Role {
    match heat {
        0..=2 => Role::Dim,
        3..=5 => Role::Warn,
        _ => Role::Bad,
    }
}

impl Listing for SourceView {
    fn len(&self) -> usize {
        self.rows.len()
    }
    fn text(&self, line: usize) -> Cow<'_, str> {
        self.rows.get(line).map(|row| self.line(row, false).plain()).unwrap_or_default().into()
    }
    fn scroll(&self) -> &Scroll {
        &self.scroll
    }
    fn scroll_mut(&mut self) -> &mut Scroll {
        &mut self.scroll
    }
    fn term(&self) -> &'static str {
        "heat"
    }
}
