//! View 7, Source: the program by line, with heat in the margin; Enter goes to what fails or starts on the line.

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Listing;
use crate::analyse::lines::LineRow;
use crate::model::{Changes, Model, OpIx, SourceId, TraceId};
use crate::styled::{Line, Role};
use crate::text::columns;
use crate::tui::arrange::{AT_ONCE, GoOn, Lines, passing};
use crate::tui::filter::Filter;
use crate::tui::layout;
use crate::tui::lists::SourceLines;
use crate::tui::paint::{Brush, Emphasis};
use crate::tui::scroll::Scroll;
use crate::units::{count, ns, plural};

#[derive(Debug, Default)]
pub struct SourceView {
    /// `None` until somebody looked, and the inside of every trace was read.
    lines: Option<SourceLines>,
    /// Rows that the filter lets through; of many rows those of the filter before, until they are found.
    shown: Arc<Vec<usize>>,
    /// What `shown` passed, and whether it is of these lines.
    passed: Filter,
    filter: Filter,
    /// Whether the rows that are wanted were asked for.
    asked: bool,
    /// Whether there is time by line to show.
    sampled: bool,
    widths: Widths,
    scroll: Scroll,
}

/// Columns of the numbers; 0 of those without a value.
#[derive(Clone, Copy, Debug, Default)]
struct Widths {
    ran: usize,
    failures: usize,
    aborts: usize,
}

/// Rows that a filter lets through.
#[derive(Debug)]
pub struct Passed {
    rows: Arc<Vec<LineRow>>,
    filter: Filter,
    shown: Arc<Vec<usize>>,
}

/// Columns of the text without the numbers; below this the numbers go and the heat stays.
const NUMBERS_FROM: u16 = 60;

impl SourceView {
    /// The cursor starts on the hottest line.
    pub fn new(lines: SourceLines) -> SourceView {
        let rows = &lines.rows;
        let sampled = !lines.model.samples.is_empty();
        let heat = |r: &LineRow| r.heat_of(sampled);
        let hottest = (0..rows.len()).rev().max_by_key(|&i| heat(&rows[i])).unwrap_or(0);
        let shown = (0..rows.len()).collect();
        let width = |title: &str, greatest: Option<u64>| match greatest.unwrap_or(0) {
            // A column without a single value takes no room from the program.
            0 => 0,
            greatest => count(greatest).len().max(title.len()),
        };
        let ran = width("ran", rows.iter().filter_map(|row| row.executions).max());
        let failures = width("failures", rows.iter().filter_map(|row| row.failures).max());
        let aborts = width("aborts", rows.iter().map(|row| row.aborts).max());
        let scroll = Scroll { cursor: hottest, ..Scroll::default() };
        SourceView {
            lines: Some(lines),
            shown: Arc::new(shown),
            passed: Filter::default(),
            filter: Filter::default(),
            asked: false,
            sampled,
            widths: Widths { ran, failures, aborts },
            scroll,
        }
    }

    fn refilter(&mut self) {
        self.asked = false;
        if let Some(lines) = self.lines.as_ref().filter(|lines| lines.rows.len() <= AT_ONCE)
            && let Some(passed) = pass(lines.rows.clone(), self.filter.clone(), &|| true)
        {
            self.take(passed);
        }
    }

    /// Whether what is shown is not what is wanted.
    pub fn is_late(&self) -> bool {
        self.lines.is_some() && self.passed != self.filter
    }

    /// Whether somebody has to be asked for the rows.
    pub fn is_to_be_asked(&self) -> bool {
        !self.asked && self.is_late()
    }

    /// How to find the rows that are wanted.
    pub fn job(&mut self) -> impl FnOnce(GoOn<'_>) -> Option<Passed> + Send + use<> {
        self.asked = true;
        let rows = self.lines.as_ref().map(|lines| lines.rows.clone()).unwrap_or_default();
        let filter = self.filter.clone();
        move |go_on: GoOn<'_>| pass(rows, filter, go_on)
    }

    /// Takes the rows if they are those that are wanted; the cursor stays on its line.
    pub fn take(&mut self, passed: Passed) {
        let is_of_these = self.lines.as_ref().is_some_and(|lines| Arc::ptr_eq(&lines.rows, &passed.rows));
        if !is_of_these || passed.filter != self.filter {
            return;
        }
        let before = self.place();
        (self.shown, self.passed) = (passed.shown, passed.filter);
        let same = |&i: &usize| Some((self.rows()[i].source, self.rows()[i].line)) == before;
        self.scroll.cursor = self.shown.iter().position(same).unwrap_or(0);
    }

    /// Takes filter and cursor from the view it replaces.
    pub fn resume(&mut self, old: &SourceView) {
        if old.lines.is_none() {
            // A filter may have been typed while there was nothing to see.
            if !old.filter.is_empty() {
                self.set_filter(&old.filter.text);
            }
            return;
        }
        self.scroll = old.scroll;
        self.set_filter(&old.filter.text);
        if let Some(at) = old.place() {
            self.select(at);
        }
    }

    pub fn rows(&self) -> &[LineRow] {
        self.lines.as_ref().map_or(&[], |lines| lines.rows.as_slice())
    }

    /// Whether the lines are of this model.
    pub fn is_of(&self, model: &Arc<Model>) -> bool {
        self.lines.as_ref().is_some_and(|lines| Arc::ptr_eq(&lines.model, model))
    }

    /// To the other log, once both were compared, which may be after the lines were made.
    fn changes(&self) -> Option<&Changes> {
        self.lines.as_ref()?.model.changes.get()
    }

    fn selected(&self) -> Option<&LineRow> {
        self.shown.get(self.scroll.cursor).map(|&i| &self.rows()[i])
    }

    /// The line under the cursor.
    pub fn place(&self) -> Option<(SourceId, u32)> {
        self.selected().map(|row| (row.source, row.line))
    }

    /// Puts the cursor on a line; false if it is not in the list.
    pub fn select(&mut self, at: (SourceId, u32)) -> bool {
        let is = |&i: &usize| (self.rows()[i].source, self.rows()[i].line) == at;
        if !self.shown.iter().any(is) && self.rows().iter().any(|r| (r.source, r.line) == at) {
            // A way to a line outranks a filter that hides it. Without a filter there is nothing to look for.
            self.filter = Filter::default();
            self.passed = Filter::default();
            self.shown = Arc::new((0..self.rows().len()).collect());
        }
        let found = self.shown.iter().position(|&i| (self.rows()[i].source, self.rows()[i].line) == at);
        self.scroll.cursor = found.unwrap_or(self.scroll.cursor);
        found.is_some()
    }

    /// The evidence behind the line under the cursor.
    pub fn target(&self) -> Option<(TraceId, Option<OpIx>)> {
        self.selected()?.target
    }

    fn line(&self, row: &LineRow, numbers: bool) -> Line {
        let (mut line, widths) = (start_of(row), self.widths);
        if numbers {
            if self.sampled {
                let time = row.time_ns.filter(|ns| *ns > 0).map(ns).unwrap_or_default();
                line.push(Role::Plain, format!("{time:>8} "));
            }
            if let Some(changes) = self.changes() {
                let show = if changes.sampled { ns } else { count };
                let change = changes.lines.get(&(row.source, row.line));
                let change = change.map(|change| columns::signed(*change, show)).unwrap_or_default();
                line.push(Role::Warn, format!("{change:>9} "));
            }
            let number = |n: Option<u64>| n.filter(|n| *n > 0).map(count).unwrap_or_default();
            if widths.ran > 0 {
                line.push(Role::Plain, format!("{:>1$} ", number(row.executions), widths.ran));
            }
            if widths.failures > 0 {
                line.push(Role::Warn, format!("{:>1$} ", number(row.failures), widths.failures));
            }
            if widths.aborts > 0 {
                line.push(Role::Bad, format!("{:>1$} ", number(Some(row.aborts)), widths.aborts));
            }
            line.push(Role::Plain, " ");
        }
        line.join(end_of(row))
    }

    /// Everything about the line under the cursor.
    pub fn detail(&self) -> Line {
        let Some(row) = self.selected() else {
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
                let title = |title: &str, width: usize| match width {
                    0 => String::new(),
                    width => format!("{title:>width$} "),
                };
                let ran = title("ran", self.widths.ran);
                let failures = title("failures", self.widths.failures);
                let aborts = title("aborts", self.widths.aborts);
                let change = if self.changes().is_some() { format!("{:>9} ", "change") } else { String::new() };
                format!("{:1}{:>5} {time}{change}{ran}{failures}{aborts} source", "", "line")
            }
            false => format!("{:1}{:>5} source", "", "line"),
        };
        brush.item(buf, area, area.y, &Line::of(Role::Title, head), 0, Emphasis::None);
        let rows = layout::table_rows(area);
        if self.shown.is_empty() {
            let why = match (&self.lines, self.rows().is_empty()) {
                (None, _) => "the inside of the traces is being read",
                (_, true) => "the log carries no source",
                _ if self.is_late() => "the lines are being looked through",
                (_, false) => "no line passes the filter; Esc ends it",
            };
            return brush.item(buf, rows, rows.y, &Line::of(Role::Dim, why), 0, Emphasis::None);
        }
        for row in 0..usize::from(rows.height) {
            let at = self.scroll.top + row;
            let Some(source) = self.shown.get(at).map(|&i| &self.rows()[i]) else { break };
            let emphasis = if at == self.scroll.cursor { Emphasis::Cursor } else { Emphasis::None };
            brush.item(buf, rows, rows.y + row as u16, &self.line(source, numbers), self.scroll.left, emphasis);
        }
    }
}

/// A line without its numbers, as it is searched, filtered and copied.
fn text_of(row: &LineRow) -> String {
    plain_line(row).plain()
}

/// The heat, the number and the text of a line.
fn plain_line(row: &LineRow) -> Line {
    start_of(row).join(end_of(row))
}

fn start_of(row: &LineRow) -> Line {
    let mut line = Line::of(heat_role(row.heat), format!("{:1}", columns::heat(row.heat)));
    line.push(if row.traces.is_empty() { Role::Dim } else { Role::Good }, format!("{:>5} ", row.line));
    line
}

fn end_of(row: &LineRow) -> Line {
    let text = row.text.as_deref().map(crate::clean::expand_tabs).unwrap_or_default();
    Line::of(if row.traces.is_empty() { Role::Dim } else { Role::Plain }, text)
}

fn pass(rows: Arc<Vec<LineRow>>, filter: Filter, go_on: GoOn<'_>) -> Option<Passed> {
    let shown = Arc::new(passing(&rows, &filter, text_of, go_on)?);
    Some(Passed { rows, filter, shown })
}

/// The lines that are shown.
struct ShownLines {
    rows: Arc<Vec<LineRow>>,
    shown: Arc<Vec<usize>>,
}

impl Lines for ShownLines {
    fn len(&self) -> usize {
        self.shown.len()
    }
    fn text(&self, line: usize) -> String {
        self.shown.get(line).map(|&i| text_of(&self.rows[i])).unwrap_or_default()
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
        self.shown.len()
    }
    fn text(&self, line: usize) -> Cow<'_, str> {
        self.shown.get(line).map(|&i| text_of(&self.rows()[i])).unwrap_or_default().into()
    }
    fn lines(&self) -> Option<Box<dyn Lines>> {
        let rows = self.lines.as_ref()?.rows.clone();
        Some(Box::new(ShownLines { rows, shown: self.shown.clone() }))
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
    fn filter(&self) -> Option<&Filter> {
        Some(&self.filter)
    }
    fn set_filter(&mut self, text: &str) {
        self.filter = Filter::new(text);
        self.refilter();
    }
    fn total(&self) -> usize {
        self.rows().len()
    }
    fn unknown_key(&self) -> Option<String> {
        self.filter.unknown_key(self.rows().first()?).filter(|key| key != "state")
    }
}
