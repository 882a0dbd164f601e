//! Lines of a page on screen, scrolled, with the cursor: what Overview and Diff draw.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::styled::Line;
use crate::tui::paint::{Brush, Emphasis};
use crate::tui::scroll::Scroll;

pub fn draw<'l>(
    buf: &mut Buffer,
    area: Rect,
    brush: &Brush,
    scroll: &Scroll,
    lines: impl ExactSizeIterator<Item = &'l Line>,
) {
    let shown = lines.enumerate().skip(scroll.top).take(area.height.into());
    for (y, (at, line)) in (area.y..).zip(shown) {
        let emphasis = if at == scroll.cursor { Emphasis::Cursor } else { Emphasis::None };
        brush.item(buf, area, y, line, scroll.left, emphasis);
    }
}
