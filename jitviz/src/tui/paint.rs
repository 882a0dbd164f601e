//! Styled lines on ratatui's buffer: the theme's colours, the character set, cutting and the cursor's bar.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::styled::{Charset, Line, Role};
use crate::theme::{Ink, look_of};

/// How the terminal wants to be painted.
#[derive(Clone, Copy, Debug)]
pub struct Brush {
    pub color: bool,
    pub charset: Charset,
}

/// How a line stands out among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emphasis {
    None,
    /// Belongs to the line under the cursor of another pane.
    Linked,
    /// Under the cursor of a pane that does not have the keys.
    Faint,
    /// Under the cursor.
    Cursor,
}

impl Brush {
    /// Without colour every colour is `Reset`: crossterm answers `NO_COLOR` with a full reset, which would erase the
    /// cursor's bar too.
    pub fn style(&self, role: Role) -> Style {
        let look = look_of(role);
        let mut style = Style::new();
        if self.color {
            style = style.fg(match look.ink {
                Ink::Default => Color::Reset,
                Ink::Red => Color::Red,
                Ink::Green => Color::Green,
                Ink::Yellow => Color::Yellow,
                Ink::Blue => Color::Blue,
                Ink::Magenta => Color::Magenta,
                Ink::Cyan => Color::Cyan,
            });
        }
        if look.bold {
            style = style.add_modifier(Modifier::BOLD);
        }
        if look.dim {
            style = style.add_modifier(Modifier::DIM);
        }
        style
    }

    /// Paints a line into row `y` of an area, from column `left` of the line on. What is cut ends in an ellipsis.
    pub fn line(&self, buf: &mut Buffer, area: Rect, y: u16, line: &Line, left: usize) {
        let area = area.intersection(buf.area);
        if y < area.top() || y >= area.bottom() || area.width == 0 {
            return;
        }
        let (mut skip, mut x) = (left, area.left());
        for span in &line.spans {
            let style = self.style(span.role);
            let text = self.charset.show(&span.text);
            for cluster in text.graphemes(true) {
                let width = cluster.width();
                if skip > 0 {
                    skip = skip.saturating_sub(width);
                    continue;
                }
                if usize::from(x) + width > usize::from(area.right()) {
                    self.cut(buf, area, y);
                    return;
                }
                if width > 0 {
                    buf.set_stringn(x, y, cluster, width, style);
                    x += width as u16;
                }
            }
        }
    }

    /// Marks that a line goes on beyond the right border.
    fn cut(&self, buf: &mut Buffer, area: Rect, y: u16) {
        let sign = if self.charset.ascii { ">" } else { "…" };
        buf.set_stringn(area.right() - 1, y, sign, 1, self.style(Role::Dim));
    }

    /// A line of a list: two columns tell where the cursor is, so that it shows without colour too.
    pub fn item(&self, buf: &mut Buffer, area: Rect, y: u16, line: &Line, left: usize, emphasis: Emphasis) {
        let area = area.intersection(buf.area);
        if y < area.top() || y >= area.bottom() || area.width == 0 {
            return;
        }
        let sign = match emphasis {
            Emphasis::None => " ",
            Emphasis::Linked => "│",
            Emphasis::Faint | Emphasis::Cursor => "▸",
        };
        let role = if emphasis == Emphasis::Linked { Role::Source } else { Role::Title };
        buf.set_stringn(area.x, y, self.charset.show(sign), 1, self.style(role));
        let body = Rect { x: area.x + 1, width: area.width - 1, ..area };
        self.line(buf, body, y, line, left);
        let row = Rect { y, height: 1, ..area };
        match emphasis {
            Emphasis::None | Emphasis::Faint => {}
            Emphasis::Linked => buf.set_style(row, Style::new().add_modifier(Modifier::BOLD)),
            Emphasis::Cursor => {
                let bar = Style::new().remove_modifier(Modifier::DIM).add_modifier(Modifier::REVERSED);
                buf.set_style(row, bar);
            }
        }
    }

    /// A title with a rule to the right border.
    pub fn rule(&self, buf: &mut Buffer, area: Rect, y: u16, title: &Line) {
        let area = area.intersection(buf.area);
        if y < area.top() || y >= area.bottom() {
            return;
        }
        let rule = self.charset.show("─").repeat(area.width.into());
        buf.set_stringn(area.x, y, rule, area.width.into(), self.style(Role::Dim));
        self.line(buf, area, y, title, 0);
    }
}
