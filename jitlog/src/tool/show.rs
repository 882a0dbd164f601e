//! Text from a log made safe to print: nothing in it can move the cursor, colour the screen or reorder the line.

use std::borrow::Cow;
use std::io::{self, Write};

/// Whether a character must not reach a terminal: controls, and the invisible ones that reorder or hide text.
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// The text with unsafe characters as Rust escapes.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let escape = |character: char| -> Box<dyn Iterator<Item = char>> {
        if is_unsafe(character) { Box::new(character.escape_default()) } else { Box::new(std::iter::once(character)) }
    };
    Cow::Owned(text.chars().flat_map(escape).collect())
}

/// JSON on one line whose strings are safe to print, and still the same strings.
pub struct SafeJson;

impl serde_json::ser::Formatter for SafeJson {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if !fragment.chars().any(is_unsafe) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut units = [0u16; 2];
        let mut utf8 = [0u8; 4];
        for character in fragment.chars() {
            if is_unsafe(character) {
                for unit in character.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                writer.write_all(character.encode_utf8(&mut utf8).as_bytes())?;
            }
        }
        Ok(())
    }
}

/// Writes a value as one line of JSON.
pub fn json_line<W: Write>(out: &mut W, value: &impl serde::Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, SafeJson);
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_raw() {
        assert_eq!(plain("a\u{1b}[31mb\u{9b}c\u{202e}d"), "a\\u{1b}[31mb\\u{9b}c\\u{202e}d");
        assert_eq!(plain("naïve"), "naïve");
        let mut out = Vec::new();
        json_line(&mut out, &"x\u{1b}\u{7f}\u{9b}\u{202e}y\u{E0041}").expect("memory takes it");
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        assert!(text.trim_end().chars().all(|character| (' '..='~').contains(&character)), "{text}");
        let back: String = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(back, "x\u{1b}\u{7f}\u{9b}\u{202e}y\u{E0041}");
    }
}
