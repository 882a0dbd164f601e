//! F-strings that do not parse, as CPython 3.11 reads them: a plain string literal first, whose fields are looked for
//! afterwards, and each expression a text of its own.

use ruff_python_ast::Mod;
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

use super::lexemes;
use crate::bytecode::Span;
use crate::front::error::Fault;

/// Fields may have fields in their formats, but no deeper.
pub(super) const TOO_DEEP: &str = "f-string: expressions nested too deeply";

/// The first fault of the f-strings that begin up to the offset `last`.
pub(super) fn check(text: &str, tokens: &[Token], last: u32) -> Option<Fault> {
    let starts = tokens.iter().filter(|token| token.kind() == TokenKind::FStringStart);
    let mut end = 0;
    for start in starts.map(|token| token.start().to_usize()).take_while(|&start| start as u32 <= last) {
        // Those within another one are part of it.
        if start < end {
            continue;
        }
        let literal = Literal::read(text, start)?;
        end = literal.end;
        let mut reader = Reader { text, at: literal.body, end: literal.body_end, raw: literal.raw };
        match reader.parts(0) {
            Ok(()) => {}
            Err(Problem::Message(message)) => return Some(Fault::syntax(message, next_token(text, end))),
            Err(Problem::Fault(fault)) => return Some(*fault),
        }
    }
    None
}

enum Problem {
    /// Told at the token behind the literal.
    Message(String),
    Fault(Box<Fault>),
}

fn problem<T>(message: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::Message(message.into()))
}

/// A string literal by its places in the text.
struct Literal {
    raw: bool,
    body: usize,
    body_end: usize,
    end: usize,
}

impl Literal {
    /// The literal whose prefix or quote is at an offset, if there is one and it ends.
    fn read(text: &str, start: usize) -> Option<Literal> {
        let bytes = text.as_bytes();
        let prefix = bytes[start..].iter().take(2).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let raw = bytes[start..start + prefix].iter().any(|byte| matches!(byte, b'r' | b'R'));
        let open = start + prefix;
        let quote = *bytes.get(open).filter(|byte| matches!(byte, b'"' | b'\''))?;
        let triple = bytes[open..].starts_with(&[quote; 3]);
        let quotes = if triple { 3 } else { 1 };
        let body = open + quotes;
        let mut at = body;
        loop {
            match *bytes.get(at)? {
                b'\\' => at += 2,
                b'\n' if !triple => return None,
                byte if byte == quote && (!triple || bytes[at..].starts_with(&[quote; 3])) => {
                    return Some(Literal { raw, body, body_end: at, end: at + quotes });
                }
                _ => at += 1,
            }
        }
    }
}

/// The place of the token behind a literal and those that are joined to it.
pub(super) fn next_token(text: &str, end: usize) -> Span {
    let mut at = end;
    loop {
        at += text[at..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\x0c')).count();
        match Literal::read(text, at.min(text.len())) {
            Some(literal) => at = literal.end,
            None => break,
        }
    }
    let word = text[at..].chars().take_while(|character| character.is_alphanumeric() || *character == '_');
    let length = word.map(char::len_utf8).sum::<usize>().max(1);
    Span { start: at as u32, end: (at + length) as u32 }
}

/// What is wrong with the escapes of a literal that is no f-string, at the token behind it.
pub(super) fn escape_fault(text: &str, start: usize) -> Option<Fault> {
    let literal = Literal::read(text, start)?;
    let is_bytes = text[start..literal.body].contains(['b', 'B']);
    let message = lexemes::escape_fault(&text[literal.body..literal.body_end], is_bytes)?;
    Some(Fault::syntax(message, next_token(text, literal.end)))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    raw: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        (self.at < self.end).then(|| self.text.as_bytes()[self.at])
    }

    fn after(&self, count: usize) -> Option<u8> {
        (self.at + count < self.end).then(|| self.text.as_bytes()[self.at + count])
    }

    /// Text and fields up to the end, or in a format up to its brace.
    fn parts(&mut self, depth: u32) -> Result<(), Problem> {
        loop {
            let start = self.at;
            while let Some(byte) = self.peek() {
                match byte {
                    b'\\' if !self.raw && self.after(1) == Some(b'N') && self.after(2) == Some(b'{') => {
                        let name = self.text[self.at..self.end].find('}');
                        self.at = name.map_or(self.end, |length| self.at + length + 1);
                    }
                    // A brace behind a backslash is one all the same.
                    b'\\' if !self.raw && !matches!(self.after(1), Some(b'{' | b'}')) => {
                        self.at = (self.at + 2).min(self.end);
                    }
                    b'{' | b'}' if depth == 0 && self.after(1) == Some(byte) => self.at += 2,
                    b'}' if depth == 0 => return problem("f-string: single '}' is not allowed"),
                    b'{' | b'}' => break,
                    _ => self.at += 1,
                }
            }
            if !self.raw
                && let Some(message) = self.text.get(start..self.at).and_then(|part| lexemes::escape_fault(part, false))
            {
                return problem(message);
            }
            match self.peek() {
                Some(b'{') => self.field(depth)?,
                _ => return Ok(()),
            }
        }
    }

    fn field(&mut self, depth: u32) -> Result<(), Problem> {
        const UNFINISHED: &str = "f-string: expecting '}'";
        if depth >= 2 {
            return problem(TOO_DEEP);
        }
        self.at += 1;
        let start = self.at;
        self.expression()?;
        self.compiles(start)?;
        if self.peek() == Some(b'=') {
            self.at += 1;
            while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
                self.at += 1;
            }
        }
        if self.peek() == Some(b'!') {
            self.at += 1;
            let start = self.at;
            while self.peek().is_some_and(|byte| !matches!(byte, b'}' | b':')) {
                self.at += 1;
            }
            if self.peek().is_none() {
                return problem(UNFINISHED);
            }
            if !matches!(&self.text[start..self.at], "s" | "r" | "a") {
                return problem("f-string: invalid conversion character: expected 's', 'r', or 'a'");
            }
        }
        if self.peek() == Some(b':') {
            self.at += 1;
            self.parts(depth + 1)?;
        }
        if self.peek() != Some(b'}') {
            return problem(UNFINISHED);
        }
        self.at += 1;
        Ok(())
    }

    /// Goes to what ends a field's expression.
    fn expression(&mut self) -> Result<(), Problem> {
        let mut quote: Option<(u8, usize)> = None;
        let mut open = Vec::new();
        while let Some(byte) = self.peek() {
            if byte == b'\\' {
                return problem("f-string expression part cannot include a backslash");
            }
            let triple = self.after(1) == Some(byte) && self.after(2) == Some(byte);
            if let Some((opening, count)) = quote {
                if byte == opening && (count == 1 || triple) {
                    quote = None;
                    self.at += count;
                } else {
                    self.at += 1;
                }
                continue;
            }
            match byte {
                b'\'' | b'"' => {
                    let count = if triple { 3 } else { 1 };
                    quote = Some((byte, count));
                    self.at += count - 1;
                }
                b'(' | b'[' | b'{' => open.push(byte),
                b'#' => return problem("f-string expression part cannot include '#'"),
                b'!' | b'=' | b'<' | b'>' if open.is_empty() && self.after(1) == Some(b'=') => self.at += 1,
                b'!' | b':' | b'}' | b'=' if open.is_empty() => break,
                b')' | b']' | b'}' => {
                    let closing = char::from(byte);
                    match open.pop() {
                        None => return problem(format!("f-string: unmatched '{closing}'")),
                        Some(opening) if matches!((opening, byte), (b'(', b')') | (b'[', b']') | (b'{', b'}')) => {}
                        Some(opening) => {
                            let opening = char::from(opening);
                            return problem(format!(
                                "f-string: closing parenthesis '{closing}' does not match opening parenthesis '{opening}'"
                            ));
                        }
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        match (quote, open.last()) {
            (Some(_), _) => problem("f-string: unterminated string"),
            (None, Some(&opening)) => problem(format!("f-string: unmatched '{}'", char::from(opening))),
            (None, None) if self.peek().is_none() => problem("f-string: expecting '}'"),
            (None, None) => Ok(()),
        }
    }

    /// Whether the expression that begins at `start` and ends here compiles.
    fn compiles(&self, start: usize) -> Result<(), Problem> {
        let Some(expression) = self.text.get(start..self.at) else { return Ok(()) };
        if expression.trim_matches([' ', '\t', '\n', '\x0c', '\r']).is_empty() {
            return match self.peek() {
                Some(byte @ (b'!' | b':' | b'=')) => {
                    problem(format!("f-string: expression required before '{}'", char::from(byte)))
                }
                _ => problem("f-string: empty expression not allowed"),
            };
        }
        let whole = format!("({expression})");
        let options = ParseOptions::from(Mode::Module).with_target_version(super::VERSION);
        let parsed = parse_unchecked(&whole, options);
        let body = match parsed.syntax() {
            Mod::Module(module) => module.body.as_slice(),
            Mod::Expression(_) => &[],
        };
        let checked = super::syntax::check(&whole, parsed.errors(), parsed.tokens(), body, None, &mut Vec::new());
        let Err(mut fault) = checked else { return Ok(()) };
        if !fault.message.starts_with("f-string") {
            fault.message = format!("f-string: {}", fault.message);
        }
        if fault.excerpt.is_none() && !whole.contains('\n') {
            fault.excerpt = Some((whole, fault.span));
        }
        fault.span = Span { start: start as u32, end: start as u32 + 1 };
        Err(Problem::Fault(Box::new(fault)))
    }
}
