//! View 0, Diff: what changed from the log before to the one that is shown; Enter goes to what a line is about.

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Listing, page};
use crate::analyse::diff::Status;
use crate::analyse::diff::ways::{Comparison, Way};
use crate::model::Span;
use crate::styled::{Line, Role};
use crate::text::diff::{self, PageLine};
use crate::tui::arrange::Lines;
use crate::tui::paint::{Brush, Emphasis};
use crate::tui::scroll::Scroll;
use crate::units;

/// How far the comparison is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Work {
    /// Nobody asked for it yet.
    #[default]
    None,
    /// Of this part of the time of both logs; and how much of the log before is read.
    Asked(Option<Span>, Option<(u64, u64)>),
    Done(Option<Span>),
    Stopped(Option<Span>),
}

/// A comparison as it is shown, made where the logs are compared.
#[derive(Debug, Default)]
pub struct DiffPage {
    lines: Vec<PageLine>,
    ways: Vec<Option<Way>>,
    found: Option<Comparison>,
}

impl DiffPage {
    pub fn new(found: Comparison) -> DiffPage {
        // What does not fit is scrolled to.
        let mut lines = diff::page(&found.diff, usize::MAX);
        for problem in &found.diff.problems {
            let line = Line::of(Role::Warn, format!("problem: {problem}"));
            lines.push(PageLine { line, about: None });
        }
        let tables = diff::tables(&found.diff);
        let ways = lines.iter().map(|l| l.about.and_then(|(t, row)| found.way(t, &tables[t].1[row]))).collect();
        DiffPage { lines, ways, found: Some(found) }
    }
}

impl DiffPage {
    pub fn found(&self) -> Option<&Comparison> {
        self.found.as_ref()
    }
}

impl Lines for Arc<DiffPage> {
    fn len(&self) -> usize {
        self.lines.len()
    }
    fn text(&self, line: usize) -> String {
        self.lines.get(line).map(|l| l.line.plain()).unwrap_or_default()
    }
}

/// Empty unless there are two logs.
#[derive(Debug, Default)]
pub struct DiffView {
    /// What was found; with nothing in it until something was.
    page: Arc<DiffPage>,
    /// The log before; `None` if there is none.
    before: Option<String>,
    work: Work,
    scroll: Scroll,
}

impl DiffView {
    /// There is another log.
    pub fn wait_for(&mut self, name: &str) {
        self.before = Some(name.to_string());
    }

    /// Whether there is a second log.
    pub fn is_open(&self) -> bool {
        self.before.is_some()
    }

    /// Whether a comparison of this part of the time is there, under way, or was stopped.
    pub fn has(&self, span: Option<Span>) -> bool {
        matches!(self.work, Work::Asked(of, _) | Work::Done(of) | Work::Stopped(of) if of == span)
    }

    pub fn is_asked(&mut self, span: Option<Span>) {
        self.work = Work::Asked(span, None);
    }

    pub fn is_under_way(&self) -> bool {
        matches!(self.work, Work::Asked(..))
    }

    /// Whether anything was compared or is.
    pub fn is_begun(&self) -> bool {
        self.work != Work::None
    }

    /// How far the log before is read.
    pub fn progress(&mut self, done_bytes: u64, total_bytes: u64) {
        if let Work::Asked(_, progress) = &mut self.work {
            *progress = Some((done_bytes, total_bytes));
        }
    }

    pub fn stop(&mut self) {
        if let Work::Asked(span, _) = self.work {
            self.work = Work::Stopped(span);
        }
    }

    /// A comparison that was stopped is made after all.
    pub fn start_again(&mut self) {
        if let Work::Stopped(_) = self.work {
            self.work = Work::None;
        }
    }

    /// What there is to say before the lines: that they are missing, or of another time.
    fn waiting(&self) -> Option<Line> {
        let name = self.before.as_deref().unwrap_or_default();
        let text = match self.work {
            Work::Done(_) => return None,
            Work::None => format!("comparing with {name}: both logs are read first"),
            Work::Asked(_, None) => format!("comparing with {name}; Esc stops"),
            Work::Asked(_, Some((done, total))) => {
                format!("comparing: reading {} of {} of {name}; Esc stops", units::bytes(done), units::bytes(total))
            }
            Work::Stopped(_) => "the comparison was stopped; R makes it".into(),
        };
        Some(Line::of(Role::Dim, text))
    }

    /// Shows what was found if it is what was asked for. Returns what is not needed any more.
    pub fn show(&mut self, page: Arc<DiffPage>, span: Option<Span>) -> Arc<DiffPage> {
        if !matches!(self.work, Work::Asked(of, _) if of == span) {
            return page;
        }
        self.scroll.cursor = self.scroll.cursor.min(page.lines.len().saturating_sub(1));
        self.work = Work::Done(span);
        std::mem::replace(&mut self.page, page)
    }

    /// Where the line under the cursor leads.
    pub fn target(&self) -> Option<Way> {
        self.page.ways.get(self.scroll.cursor).copied().flatten()
    }

    /// Why it leads nowhere.
    pub fn no_way(&self) -> &'static str {
        let about = self.page.lines.get(self.scroll.cursor).and_then(|l| l.about);
        let row =
            self.page.found.as_ref().zip(about).map(|(found, (table, row))| &diff::tables(&found.diff)[table].1[row]);
        match row.map(|r| r.status) {
            Some(Status::Lost) => "this is only in the log before; jitviz BEFORE shows it",
            _ => "this line leads nowhere; functions, traces, guards and aborts below do",
        }
    }

    /// What the line under the cursor is, or the line itself where the screen cuts it.
    pub fn detail(&self, width: u16) -> Line {
        if let Some(line) = self.waiting() {
            return if self.page.lines.is_empty() { Line::new() } else { line };
        }
        let Some(line) = self.page.lines.get(self.scroll.cursor) else { return Line::new() };
        if line.line.width() + 1 > usize::from(width) {
            return line.line.clone();
        }
        let row = self.page.found.as_ref().zip(line.about);
        let row = row.map(|(found, (table, row))| &diff::tables(&found.diff)[table].1[row]);
        let Some(row) = row else { return Line::of(Role::Dim, self.time()) };
        let text = match (row.status, &row.first_difference) {
            (Status::New, _) => "only in the log after".to_string(),
            (Status::Lost, _) => "only in the log before".into(),
            (Status::Both, Some(stage)) => format!("in both; the IR differs first at the stage {stage}"),
            (Status::Both, None) => "in both".into(),
        };
        Line::of(Role::Dim, text)
    }

    /// The time that is compared.
    fn time(&self) -> String {
        match self.work {
            Work::Done(Some(span)) if span.from_ns == 0 => {
                format!("the first {} of both runs; w shows the whole", units::ns(span.to_ns))
            }
            Work::Done(Some(span)) => {
                let (from, to) = (units::ns(span.from_ns), units::ns(span.to_ns));
                format!("{from} to {to} after the start of each run; w shows the whole")
            }
            _ => "both whole runs".into(),
        }
    }

    pub fn draw(&self, buf: &mut Buffer, area: Rect, brush: &Brush) {
        if let Some(line) = self.waiting().filter(|_| self.page.lines.is_empty()) {
            return brush.item(buf, area, area.y, &line, 0, Emphasis::None);
        }
        page::draw(buf, area, brush, &self.scroll, self.page.lines.iter().map(|l| &l.line));
    }
}

impl Listing for DiffView {
    fn len(&self) -> usize {
        self.page.lines.len()
    }
    fn text(&self, line: usize) -> Cow<'_, str> {
        self.page.lines.get(line).map(|l| l.line.plain()).unwrap_or_default().into()
    }
    fn lines(&self) -> Option<Box<dyn Lines>> {
        Some(Box::new(self.page.clone()))
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
