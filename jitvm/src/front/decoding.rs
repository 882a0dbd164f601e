//! The bytes of a source file to its text: byte order mark and declared encoding (PEP 263).

use std::borrow::Cow;

use super::error::{CompileError, ErrorKind};

/// What a declaration can name, in lower case with `-` for `_`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Ascii,
    Latin1,
}

fn find(name: &str) -> Option<Encoding> {
    Some(match name {
        "utf-8" | "utf8" | "u8" | "utf-8-sig" => Encoding::Utf8,
        "ascii" | "us-ascii" => Encoding::Ascii,
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "l1" => Encoding::Latin1,
        _ => return None,
    })
}

/// The encoding that one of the first two lines declares; the second only if the first is a comment or empty.
fn declared(bytes: &[u8]) -> Option<String> {
    for line in bytes.split(|&byte| byte == b'\n').take(2) {
        let line = line.trim_ascii_start();
        if let Some(b'#') = line.first() {
            let text = String::from_utf8_lossy(line);
            for (at, _) in text.match_indices("coding") {
                let Some(rest) = text[at + 6..].strip_prefix([':', '=']) else { continue };
                let name = rest.trim_start_matches([' ', '\t']);
                let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                let name = &name[..name.find(|c| !is_part(c)).unwrap_or(name.len())];
                if !name.is_empty() {
                    return Some(name.to_owned());
                }
            }
        } else if !line.is_empty() {
            return None;
        }
    }
    None
}

/// The text of a source file. A program's own file is told of in other words than what is imported or compiled.
///
/// # Errors
/// Text that its encoding does not allow, and encodings that are not known.
pub fn decode(path: &str, bytes: &[u8], is_program: bool) -> Result<String, CompileError> {
    let refuse = |line: usize, message: String| CompileError {
        kind: ErrorKind::Syntax,
        message,
        path: path.to_owned(),
        line: line as u32,
        column: 0,
        end_column: 0,
        text: String::new(),
    };
    let marked = bytes.strip_prefix(b"\xef\xbb\xbf");
    let bytes = marked.unwrap_or(bytes);
    let name = declared(bytes);
    let encoding = match &name {
        None => Encoding::Utf8,
        Some(name) => match find(&name.to_ascii_lowercase().replace('_', "-")) {
            Some(Encoding::Utf8) => Encoding::Utf8,
            Some(Encoding::Latin1) if marked.is_some() => {
                return Err(refuse(0, "encoding problem: iso-8859-1 with BOM".to_owned()));
            }
            Some(_) if marked.is_some() => return Err(refuse(0, format!("encoding problem: {name} with BOM"))),
            Some(encoding) => encoding,
            None if is_program => return Err(refuse(0, format!("encoding problem: {name}"))),
            None => return Err(refuse(0, format!("unknown encoding: {name}"))),
        },
    };
    if encoding == Encoding::Latin1 {
        return Ok(bytes.iter().copied().map(char::from).collect());
    }
    let wrong = match std::str::from_utf8(bytes) {
        Ok(text) if encoding == Encoding::Utf8 || text.is_ascii() => return Ok(text.to_owned()),
        Ok(_) => bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(0),
        Err(error) => error.valid_up_to(),
    };
    let line = bytes[..wrong].iter().filter(|&&byte| byte == b'\n').count() + 1;
    let byte = bytes[wrong];
    Err(match (encoding, is_program) {
        (Encoding::Utf8, true) => refuse(
            0,
            format!(
                "Non-UTF-8 code starting with '\\x{byte:02x}' in file {path} on line {line}, but no encoding declared; \
                 see https://peps.python.org/pep-0263/ for details"
            ),
        ),
        (Encoding::Utf8, false) => {
            let reason = "(unicode error) 'utf-8' codec can't decode byte";
            let start = bytes[..wrong].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            let end = bytes[wrong..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| wrong + at);
            let text: Cow<'_, str> = String::from_utf8_lossy(&bytes[start..end]);
            let error =
                refuse(line, format!("{reason} 0x{byte:02x} in position {}: invalid start byte", wrong - start));
            CompileError { text: text.into_owned(), ..error }
        }
        (_, true) => refuse(0, format!("encoding problem: {}", name.unwrap_or_default())),
        (_, false) => refuse(
            0,
            format!("'ascii' codec can't decode byte 0x{byte:02x} in position {wrong}: ordinal not in range(128)"),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn declarations_are_found_where_they_count() {
        let text = |bytes: &[u8]| decode("a.py", bytes, true).map_err(|error| error.message);
        assert_eq!(text(b"# -*- coding: latin-1 -*-\n'\xe9'").as_deref(), Ok("# -*- coding: latin-1 -*-\n'\u{e9}'"));
        assert_eq!(
            text(b"#!x\n# vim: set fileencoding=l1 :\n\xe9").as_deref(),
            Ok("#!x\n# vim: set fileencoding=l1 :\n\u{e9}")
        );
        assert!(text(b"x = 1\n# coding: latin-1\n\xe9").is_err_and(|message| message.contains("on line 3")));
        assert_eq!(text(b"\xef\xbb\xbfx").as_deref(), Ok("x"));
        assert_eq!(text(b"# coding: foo").err().as_deref(), Some("encoding problem: foo"));
    }
}
