//! Escapes and places of V8's logs.

use std::borrow::Cow;

/// Undoes `\n`, `\\`, `\x2C` and `\u1234`.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let digits = match rest.as_bytes().first() {
            Some(b'n') => {
                out.push('\n');
                0
            }
            Some(b'\\') => {
                out.push('\\');
                0
            }
            Some(b'x') => 2,
            Some(b'u') => 4,
            _ => {
                out.push('\\');
                continue;
            }
        };
        let code = rest.get(1..1 + digits).filter(|_| digits > 0).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match code {
            Some(code) => out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
            None if digits > 0 => out.push(char::REPLACEMENT_CHARACTER),
            None => {}
        }
        let taken = if code.is_some() { 1 + digits } else { 1 };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// `file:line:col`, both numbers from 1.
pub fn position(text: &str) -> Option<(&str, u32, u16)> {
    let (rest, col) = text.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file, line.parse().ok()?, col.parse::<u32>().ok()?.min(u16::MAX.into()) as u16))
}

/// `name file:line:col`: the name may be empty or have spaces, the file too.
pub fn function(text: &str) -> (&str, &str, u32, u16) {
    match position(text) {
        Some((before, line, col)) => {
            let at = before.find(" /").or_else(|| before.find(" file:")).or_else(|| before.find(" node:"));
            match at.or_else(|| before.find(' ')) {
                Some(at) => (&before[..at], before[at + 1..].trim(), line, col),
                None => (before, "", line, col),
            }
        }
        None => (text, "", 0, 0),
    }
}

/// The innermost of `<file:l:c> inlined at <file:l:c>`, and those around it.
pub fn inlined(text: &str) -> impl Iterator<Item = (&str, u32, u16)> {
    text.split(" inlined at ").filter_map(|at| position(at.trim().strip_prefix('<')?.strip_suffix('>')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape(r"a\x2C b\n\\c\u0041\q"), "a, b\n\\cA\\q");
        assert_eq!(unescape("\\"), "\\");
        assert_eq!(unescape("\\x"), "\u{fffd}");
    }

    #[test]
    fn places_are_taken_apart() {
        assert_eq!(function("total /a b/p.js:15:15"), ("total", "/a b/p.js", 15, 15));
        assert_eq!(function(" /p.js:1:1"), ("", "/p.js", 1, 1));
        assert_eq!(function("RecordWrite"), ("RecordWrite", "", 0, 0));
        assert_eq!(inlined("</p.js:19:33> inlined at </p.js:3:1>").count(), 2);
    }
}
