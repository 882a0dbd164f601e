//! View 1, Overview: the run on one page; Enter goes to the trace a line is about.

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Listing;
use crate::analyse::overview::Overview;
use crate::styled::Line;
use crate::text::page::{self, PageLine, Target};
use crate::tui::paint::Brush;
use crate::tui::scroll::Scroll;

#[derive(Debug)]
pub struct OverviewView {
    overview: Arc<Overview>,
    lines: Vec<PageLine>,
    scroll: Scroll,
    width: u16,
}

impl OverviewView {
    pub fn new(overview: Arc<Overview>) -> OverviewView {
        OverviewView { overview, lines: Vec::new(), scroll: Scroll::default(), width: 0 }
    }

    /// Shows another model, the cursor where it was. Returns what is not needed any more.
    pub fn renew(&mut self, overview: Arc<Overview>) -> OverviewView {
        let old = std::mem::replace(self, OverviewView::new(overview));
        self.resume(&old);
        old
    }

    fn resume(&mut self, old: &OverviewView) {
        self.fit(old.width);
        // A page without anything to go to was drawn before the log was read: the cursor goes where it would at first.
        if old.lines.iter().all(|l| l.target.is_none()) {
            return;
        }
        let (target, term) = (old.target(), old.term());
        let same = self.lines.iter().position(|l| l.target == target && l.term == term && target.is_some());
        self.scroll = Scroll { cursor: same.unwrap_or(old.scroll.cursor), ..old.scroll };
    }

    /// Breaks the page anew for a screen of another width.
    pub fn fit(&mut self, width: u16) {
        if width == self.width && !self.lines.is_empty() {
            return;
        }
        let fresh = self.lines.is_empty();
        let (target, term) = (self.target(), self.term());
        self.width = width;
        // One column is for the sign of the cursor.
        self.lines = page::lines(&self.overview, Some(usize::from(width).saturating_sub(1)));
        let same = |l: &PageLine| l.target == target && l.term == term;
        let first = self.lines.iter().position(|l| if fresh { l.target.is_some() } else { same(l) });
        self.scroll.cursor = first.unwrap_or(0);
    }

    pub fn target(&self) -> Option<Target> {
        self.lines.get(self.scroll.cursor)?.target
    }

    /// The line under the cursor, if the screen cuts it.
    pub fn detail(&self) -> Line {
        let line = self.lines.get(self.scroll.cursor).map(|l| &l.line);
        line.filter(|l| l.width() + 1 > usize::from(self.width)).cloned().unwrap_or_default()
    }

    pub fn draw(&self, buf: &mut Buffer, area: Rect, brush: &Brush) {
        super::page::draw(buf, area, brush, &self.scroll, self.lines.iter().map(|l| &l.line));
    }
}

impl Listing for OverviewView {
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
        self.lines.get(self.scroll.cursor).map_or("", |l| l.term)
    }
}
