//! Makes text that comes from a log safe to show: what could steer a terminal or reorder a line is written as an escape.
//!
//! Names, source lines and messages in a log were chosen by a program we know nothing about. Escapes show what was there
//! (`\x1b`, `\u{202e}`) instead of hiding it, so two different names never look the same.

use std::borrow::Cow;
use std::fmt::Write;

/// True for a character that must not reach a terminal: controls (C0, DEL, C1), line separators, bidirectional
/// controls, and characters that take no room or are unassigned fillers, behind which text can hide.
pub fn is_hostile(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with every hostile character written as an escape.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hostile(c) { escape(c, &mut out) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Writes one character as an escape a reader of Python or Rust knows.
pub fn escape(c: char, out: &mut String) {
    let written = match c {
        '\t' => out.write_str("\\t"),
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        c if (c as u32) < 0x100 => write!(out, "\\x{:02x}", c as u32),
        c => write!(out, "\\u{{{:x}}}", c as u32),
    };
    written.expect("writing to a String cannot fail");
}

/// Tabs of a source line as spaces up to the next multiple of four columns, as most editors show Python.
pub fn expand_tabs(line: &str) -> Cow<'_, str> {
    if !line.contains('\t') {
        return Cow::Borrowed(line);
    }
    let mut out = String::new();
    for c in line.chars() {
        if c == '\t' {
            let room = 4 - out.chars().count() % 4;
            out.extend(std::iter::repeat_n(' ', room));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(clean("naïve_größe = 名前"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(clean("a\x1b[2Jb"), "a\\x1b[2Jb");
        assert_eq!(clean("\u{9b}31m"), "\\x9b31m");
        assert_eq!(clean("x\u{202e}y\u{200b}z"), "x\\u{202e}y\\u{200b}z");
        assert_eq!(clean("two\nlines\r\t"), "two\\nlines\\r\\t");
    }

    #[test]
    fn no_control_character_survives() {
        for c in (0..=0x10ffff).filter_map(char::from_u32) {
            let shown = clean(&c.to_string()).into_owned();
            assert!(!shown.chars().any(char::is_control), "{c:?} came through as {shown:?}");
        }
    }

    #[test]
    fn tabs_reach_the_next_stop() {
        assert_eq!(expand_tabs("\tx\ty"), "    x   y");
    }
}
