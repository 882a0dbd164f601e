//! Lines of text whose parts carry a role: laid out once, painted by the plain-text output and by the TUI alike.
//!
//! Everything shown passes through [`Line`], which cleans it, so no text of a log reaches a terminal raw.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::clean::clean;

/// What a piece of text is; the theme decides what that looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Plain,
    /// Beside the point: line numbers, units, frames.
    Dim,
    /// The name of a section, pane or column.
    Title,
    /// A name from the log: function, file, type.
    Name,
    /// An operation of a bytecode, of the IR or of the machine.
    Op,
    Good,
    Warn,
    Bad,
    /// In this stage and not in the one before.
    Added,
    /// In the stage before and not in this one.
    Removed,
    /// In both, but different.
    Changed,
    /// A comment line that ties the text to its source.
    Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub role: Role,
    pub text: String,
}

/// One line of spans, already safe to print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub spans: Vec<Span>,
}

impl Line {
    pub fn new() -> Line {
        Line::default()
    }

    pub fn of(role: Role, text: impl AsRef<str>) -> Line {
        Line::new().with(role, text)
    }

    pub fn with(mut self, role: Role, text: impl AsRef<str>) -> Line {
        self.push(role, text);
        self
    }

    pub fn push(&mut self, role: Role, text: impl AsRef<str>) {
        let text = text.as_ref();
        if !text.is_empty() {
            self.spans.push(Span { role, text: clean(text).into_owned() });
        }
    }

    pub fn append(&mut self, other: Line) {
        self.spans.extend(other.spans);
    }

    /// This line and the other behind it.
    pub fn join(mut self, other: Line) -> Line {
        self.append(other);
        self
    }

    /// Appends blanks up to a column; at least one if anything stands there already.
    pub fn pad_to(&mut self, column: usize) {
        let room = column.saturating_sub(self.width()).max(usize::from(!self.spans.is_empty()));
        self.push(Role::Plain, " ".repeat(room));
    }

    pub fn width(&self) -> usize {
        self.spans.iter().map(|s| s.text.width()).sum()
    }

    /// The text without its roles.
    pub fn plain(&self) -> String {
        self.spans.iter().map(|s| s.text.as_str()).collect()
    }
}

/// Which characters the terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charset {
    pub ascii: bool,
}

/// Every character beyond ASCII that jitviz itself writes, and what stands for it in ASCII mode. All but the dots and
/// arrows keep their width.
pub const ASCII_FOR: &[(char, &str)] = &[
    ('…', "..."),
    ('→', "->"),
    ('←', "<-"),
    ('·', "-"),
    ('µ', "u"),
    ('│', "|"),
    ('─', "-"),
    ('├', "|"),
    ('└', "`"),
    ('╭', "+"),
    ('╮', "+"),
    ('╰', "+"),
    ('╯', "+"),
    ('▲', "^"),
    ('▼', "v"),
    ('▸', ">"),
    ('●', "*"),
    ('×', "x"),
    ('↑', "^"),
    ('↓', "v"),
    ('▁', "1"),
    ('▂', "2"),
    ('▃', "3"),
    ('▄', "4"),
    ('▅', "5"),
    ('▆', "6"),
    ('▇', "7"),
    ('█', "8"),
];

impl Charset {
    pub const UNICODE: Charset = Charset { ascii: false };
    pub const ASCII: Charset = Charset { ascii: true };

    /// The text in this character set: in ASCII mode our own symbols have stand-ins and all else is escaped.
    pub fn show<'a>(self, text: &'a str) -> Cow<'a, str> {
        if !self.ascii || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match ASCII_FOR.iter().find(|(from, _)| *from == c) {
                Some((_, to)) => out.push_str(to),
                None if c.is_ascii() => out.push(c),
                None => crate::clean::escape(c, &mut out),
            }
        }
        Cow::Owned(out)
    }

    pub fn ellipsis(self) -> &'static str {
        if self.ascii { "..." } else { "…" }
    }

    /// The width of the text as shown in this character set.
    pub fn width(self, text: &str) -> usize {
        self.show(text).width()
    }

    /// The text as shown, cut at a grapheme border to at most `room` columns, with an ellipsis where it was cut.
    pub fn fit(self, text: &str, room: usize) -> String {
        let shown = self.show(text);
        if shown.width() <= room {
            return shown.into_owned();
        }
        let dots = self.ellipsis();
        let room_for_text = room.saturating_sub(dots.width());
        let mut out = take(&shown, room_for_text);
        if dots.width() <= room {
            out.push_str(dots);
        }
        out
    }

    /// Like [`Charset::fit`], but keeps the end: of a path the file name matters most.
    pub fn fit_end(self, text: &str, room: usize) -> String {
        let shown = self.show(text);
        let width = shown.width();
        if width <= room {
            return shown.into_owned();
        }
        let dots = self.ellipsis();
        if dots.width() > room {
            return take(&shown, room);
        }
        let mut over = (width + dots.width()) - room;
        let mut rest = "";
        for (at, cluster) in shown.grapheme_indices(true) {
            if over == 0 {
                rest = &shown[at..];
                break;
            }
            over = over.saturating_sub(cluster.width());
        }
        format!("{dots}{rest}")
    }
}

/// The longest start of the text that fits.
fn take(text: &str, room: usize) -> String {
    let mut used = 0;
    let mut out = String::new();
    for cluster in text.graphemes(true) {
        used += cluster.width();
        if used > room {
            break;
        }
        out.push_str(cluster);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_text_never_exceeds_its_room() {
        for text in ["", "plain", "größe", "名前がある", "e\u{301}e\u{301}e\u{301}", "👩🏽 x"] {
            for room in 0..12 {
                for set in [Charset::UNICODE, Charset::ASCII] {
                    assert!(set.fit(text, room).width() <= room, "{text:?} in {room}: {:?}", set.fit(text, room));
                    assert!(
                        set.fit_end(text, room).width() <= room,
                        "{text:?} in {room}: {:?}",
                        set.fit_end(text, room)
                    );
                }
            }
        }
    }

    #[test]
    fn the_end_of_a_path_is_kept() {
        assert_eq!(Charset::UNICODE.fit_end("/very/long/demo.py:12", 12), "…/demo.py:12");
        assert_eq!(Charset::UNICODE.fit("/very/long/demo.py:12", 12), "/very/long/…");
    }

    #[test]
    fn ascii_mode_leaves_nothing_but_ascii() {
        assert_eq!(Charset::ASCII.show("a → größe … 8 µs"), "a -> gr\\xf6\\xdfe ... 8 us");
        for (from, to) in ASCII_FOR {
            assert!(!from.is_ascii() && to.is_ascii());
        }
    }

    #[test]
    fn a_line_is_clean_from_the_start() {
        assert_eq!(Line::of(Role::Name, "x\x1b[31m").plain(), "x\\x1b[31m");
    }
}
