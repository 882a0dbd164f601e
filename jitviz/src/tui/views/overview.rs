//! View 1, Overview: the run on one page; Enter goes to the trace a line is about.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Listing;
use crate::analyse::overview::overview;
use crate::model::Model;
use crate::text::page::{self, PageLine, Target};
use crate::tui::paint::{Brush, Emphasis};
use crate::tui::scroll::Scroll;

#[derive(Debug)]
pub struct OverviewView {
    lines: Vec<PageLine>,
    scroll: Scroll,
}

impl OverviewView {
    pub fn new(model: &Model) -> OverviewView {
        let lines = page::lines(&overview(model));
        // Start on the first line that leads somewhere.
        let cursor = lines.iter().position(|l| l.target.is_some()).unwrap_or(0);
        OverviewView { lines, scroll: Scroll { cursor, ..Scroll::default() } }
    }

    pub fn target(&self) -> Option<Target> {
        self.lines.get(self.scroll.cursor)?.target
    }

    pub fn draw(&self, buf: &mut Buffer, area: Rect, brush: &Brush) {
        for row in 0..usize::from(area.height) {
            let at = self.scroll.top + row;
            let Some(item) = self.lines.get(at) else { break };
            let emphasis = if at == self.scroll.cursor { Emphasis::Cursor } else { Emphasis::None };
            brush.item(buf, area, area.y + row as u16, &item.line, self.scroll.left, emphasis);
        }
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
