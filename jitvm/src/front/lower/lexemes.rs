//! What CPython's tokenizer refuses or warns of and the parser's does not, or says otherwise: numbers, escapes, brackets,
//! indentation.

use ruff_python_ast::token::{Token, TokenKind};
use ruff_text_size::Ranged;

use super::syntax::indentation;
use crate::bytecode::Span;
use crate::front::error::{ErrorKind, Fault, Warning};

/// Most brackets within each other.
const MOST_BRACKETS: usize = 200;
/// Most indentations within each other, and one.
const MOST_INDENTS: usize = 100;

/// The parser skips it anywhere.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What is said of a character that is no part of any token.
pub(super) fn unprintable(letter: char, at: u32) -> Fault {
    let code = u32::from(letter);
    let message = if crate::runtime::repr::is_printable(letter) {
        format!("invalid character '{letter}' (U+{code:04X})")
    } else {
        format!("invalid non-printable character U+{code:04X}")
    };
    Fault::syntax(message, Span { start: at, end: at + 1 })
}

/// Faults of texts that the parser may take; adds what is warned of.
pub(super) fn check(text: &str, tokens: &[Token], warnings: &mut Vec<Warning>) -> Option<Fault> {
    if let Some(at) = text.find('\0') {
        let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
        let span = Span { start: line as u32, end: line as u32 };
        let mut fault = Fault::syntax("source code cannot contain null bytes", span);
        (fault.underlined, fault.excerpt) = (false, Some((text[line..at].to_owned(), Span::default())));
        return Some(fault);
    }
    let (mut brackets, mut indents, mut strings) = (0, 0_usize, 0);
    let mut marks = text.char_indices().filter(|&(_, letter)| letter == BYTE_ORDER_MARK).map(|(at, _)| at);
    let mut mark = marks.next();
    for token in tokens {
        let is_text = matches!(token.kind(), TokenKind::String | TokenKind::FStringMiddle | TokenKind::Comment);
        while let Some(at) = mark.filter(|&at| at < token.end().to_usize()) {
            if !is_text || at < token.start().to_usize() {
                return Some(unprintable(BYTE_ORDER_MARK, at as u32));
            }
            mark = marks.next();
        }
        match token.kind() {
            TokenKind::Indent => indents += 1,
            TokenKind::Dedent => indents = indents.saturating_sub(1),
            TokenKind::FStringStart => strings += 1,
            TokenKind::FStringEnd => strings -= 1,
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace if strings == 0 => brackets += 1,
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace if strings == 0 => brackets -= 1,
            _ => {}
        }
        let start = token.start().to_u32();
        if brackets > MOST_BRACKETS as i32 {
            return Some(Fault::syntax("too many nested parentheses", Span { start, end: start + 1 }));
        }
        if indents >= MOST_INDENTS {
            let start = token.end().to_u32();
            return Some(indentation("too many levels of indentation".to_owned(), Span { start, end: start }, false));
        }
        let may_be_number =
            matches!(token.kind(), TokenKind::Int | TokenKind::Float | TokenKind::Complex | TokenKind::Unknown);
        if may_be_number && let Some(fault) = number_at(text, start as usize, warnings) {
            return Some(fault);
        }
    }
    None
}

/// Whether an indentation could mean another depth with other tabs, before the line that starts at `end` or in it.
pub(super) fn inconsistent_tabs(text: &str, tokens: &[Token], end: u32) -> Option<Fault> {
    let mut levels = vec![(0, 0)];
    let mut at_start = true;
    for token in tokens {
        if std::mem::replace(&mut at_start, token.kind() == TokenKind::Newline) {
            let start = token.start().to_usize();
            let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
            if let Some(fault) = tabs_of(text, line, &mut levels) {
                return Some(fault);
            }
            if token.start().to_u32() > end {
                return None;
            }
        }
    }
    let line = text.get(..end as usize)?.rfind('\n').map_or(0, |at| at + 1);
    tabs_of(text, line, &mut levels)
}

/// Takes one line's indentation, in columns of 8 and of 1 for a tab.
fn tabs_of(text: &str, line: usize, levels: &mut Vec<(usize, usize)>) -> Option<Fault> {
    let (mut column, mut other) = (0, 0);
    for byte in text[line..].bytes() {
        match byte {
            b' ' => (column, other) = (column + 1, other + 1),
            b'\t' => (column, other) = ((column / 8 + 1) * 8, other + 1),
            b'\x0c' => (column, other) = (0, 0),
            _ => break,
        }
    }
    while levels.len() > 1 && levels.last().is_some_and(|level| column < level.0) {
        levels.pop();
    }
    let &(top, other_top) = levels.last()?;
    let bad = if column == top { other != other_top } else { column > top && other <= other_top };
    if column > top {
        levels.push((column, other));
    }
    let span = Span { start: line as u32, end: line as u32 };
    bad.then(|| Fault {
        kind: ErrorKind::Tab,
        underlined: false,
        ..Fault::syntax("inconsistent use of tabs and spaces in indentation", span)
    })
}

/// A number as CPython reads it.
struct Number<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Number<'_> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Skips digits with single underscores between them. What follows an underscore must be a digit.
    fn digits(&mut self, is_digit: impl Fn(u8) -> bool) -> Result<(), ()> {
        loop {
            while is_digit(self.peek()) {
                self.at += 1;
            }
            if self.peek() != b'_' {
                return Ok(());
            }
            self.at += 1;
            if !is_digit(self.peek()) {
                return Err(());
            }
        }
    }

    /// The kind of number; an error with its message at the byte before `at`, or at it for a digit that is none.
    fn read(&mut self) -> Result<&'static str, (String, usize)> {
        let start = self.at;
        let decimal = |byte: u8| byte.is_ascii_digit();
        type Radix = (&'static str, fn(u8) -> bool);
        let radix: Option<Radix> = match (self.peek(), self.bytes.get(start + 1).map(u8::to_ascii_lowercase)) {
            (b'0', Some(b'x')) => Some(("hexadecimal", |byte| byte.is_ascii_hexdigit())),
            (b'0', Some(b'o')) => Some(("octal", |byte| (b'0'..b'8').contains(&byte))),
            (b'0', Some(b'b')) => Some(("binary", |byte| matches!(byte, b'0' | b'1'))),
            _ => None,
        };
        if let Some((kind, is_digit)) = radix {
            self.at += 2;
            if self.peek() == b'_' {
                self.at += 1;
            }
            let complete = is_digit(self.peek()) && self.digits(is_digit).is_ok();
            let next = self.peek();
            if next.is_ascii_digit() {
                return Err((format!("invalid digit '{}' in {kind} literal", char::from(next)), self.at));
            }
            return if complete { Ok(kind) } else { Err((format!("invalid {kind} literal"), self.at - 1)) };
        }
        let invalid = |number: &Number| Err(("invalid decimal literal".to_owned(), number.at - 1));
        let mut kind = "decimal";
        if self.digits(decimal).is_err() {
            return invalid(self);
        }
        let integer = self.at;
        if self.peek() == b'.' {
            self.at += 1;
            if decimal(self.peek()) && self.digits(decimal).is_err() {
                return invalid(self);
            }
        }
        if matches!(self.peek(), b'e' | b'E') {
            let sign = self.bytes.get(self.at + 1).is_some_and(|byte| matches!(byte, b'+' | b'-'));
            let first = self.at + 1 + usize::from(sign);
            if self.bytes.get(first).is_some_and(u8::is_ascii_digit) {
                self.at = first;
                if self.digits(decimal).is_err() {
                    return invalid(self);
                }
            } else if sign {
                self.at = first;
                return invalid(self);
            }
        }
        if matches!(self.peek(), b'j' | b'J') {
            self.at += 1;
            kind = "imaginary";
        }
        let text = &self.bytes[start..self.at];
        if self.at == integer && text[0] == b'0' && text.iter().any(|byte| (b'1'..=b'9').contains(byte)) {
            let message =
                "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers";
            return Err((message.to_owned(), start));
        }
        Ok(kind)
    }
}

/// The fault of the number that starts at an offset, if one does. Warns of a keyword that follows it without a space.
pub(super) fn number_at(text: &str, start: usize, warnings: &mut Vec<Warning>) -> Option<Fault> {
    let bytes = text.as_bytes();
    let first = *bytes.get(start)?;
    let is_point = first == b'.' && bytes.get(start + 1).is_some_and(u8::is_ascii_digit);
    if !(first.is_ascii_digit() || is_point) {
        return None;
    }
    let mut number = Number { bytes, at: start };
    let kind = match number.read() {
        Ok(kind) => kind,
        Err((message, at)) => {
            let at = at as u32;
            return Some(Fault::syntax(message, Span { start: at, end: at + 1 }));
        }
    };
    let rest = &bytes[number.at..];
    let next = *rest.first()?;
    if !(next.is_ascii_alphanumeric() || next == b'_' || next >= 128) {
        return None;
    }
    if ["and", "else", "for", "if", "in", "is", "or", "not"].iter().any(|word| rest.starts_with(word.as_bytes())) {
        warnings.push(Warning { offset: start as u32, message: format!("invalid {kind} literal") });
        return None;
    }
    let at = number.at as u32 - 1;
    Some(Fault::syntax(format!("invalid {kind} literal"), Span { start: at, end: at + 1 }))
}

/// What is wrong with the escapes in the body of a literal that is not raw: CPython's message.
pub(super) fn escape_fault(body: &str, is_bytes: bool) -> Option<String> {
    let bytes = body.as_bytes();
    let (mut at, mut place) = (0, 0);
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            // CPython's codec sees other characters as escapes of ten.
            let character = body[at..].chars().next()?;
            at += character.len_utf8();
            place += if character.is_ascii() || is_bytes { character.len_utf8() } else { 10 };
            continue;
        }
        let escape = *bytes.get(at + 1)?;
        let is_hex = |byte: &&u8| byte.is_ascii_hexdigit();
        let digits = |most: usize| bytes[at + 2..].iter().take(most).take_while(is_hex).count();
        let refuse = |length: usize, what: &str| {
            let end = place + length - 1;
            Some(format!("(unicode error) 'unicodeescape' codec can't decode bytes in position {place}-{end}: {what}"))
        };
        let length = match escape {
            b'x' if is_bytes => {
                if digits(2) < 2 {
                    return Some(format!("(value error) invalid \\x escape at position {place}"));
                }
                4
            }
            b'x' if digits(2) < 2 => return refuse(2 + digits(2), "truncated \\xXX escape"),
            b'u' if !is_bytes && digits(4) < 4 => return refuse(2 + digits(4), "truncated \\uXXXX escape"),
            b'U' if !is_bytes && digits(8) < 8 => return refuse(2 + digits(8), "truncated \\UXXXXXXXX escape"),
            b'U' if !is_bytes && u32::from_str_radix(&body[at + 2..at + 10], 16).ok()? > 0x10ffff => {
                return refuse(10, "illegal Unicode character");
            }
            b'N' if !is_bytes => {
                let name = body[at + 2..].strip_prefix('{');
                match name.map(|name| name.find('}')) {
                    None => return refuse(2, "malformed \\N character escape"),
                    Some(None) => return refuse(bytes.len() - at, "malformed \\N character escape"),
                    Some(Some(0)) => return refuse(3, "malformed \\N character escape"),
                    Some(Some(end)) => {
                        let name = &body[at + 3..at + 3 + end];
                        if !is_known(name) {
                            return refuse(4 + end, "unknown Unicode character name");
                        }
                        4 + end
                    }
                }
            }
            _ => 1 + body[at + 1..].chars().next()?.len_utf8(),
        };
        at += length;
        place += length;
    }
    None
}

/// The parser knows the names of characters.
fn is_known(name: &str) -> bool {
    let literal = format!("\"\\N{{{name}}}\"");
    ruff_python_parser::parse_expression(&literal).is_ok()
}
