//! What the parser reads but Python 3.11 does not.

use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_parser::{ParseError, ParseErrorType, UnsupportedSyntaxError, UnsupportedSyntaxErrorKind};
use ruff_text_size::Ranged;

use super::{formatted, span};
use crate::bytecode::Span;
use crate::front::error::Fault;

/// The first use of a later language, as 3.11 refuses it. Python before 3.11 is Python 3.11, all but one thing.
pub(super) fn check(text: &str, tokens: &[Token], errors: &[UnsupportedSyntaxError]) -> Result<(), Fault> {
    errors.iter().find_map(|error| refuse(text, tokens, error)).map_or(Ok(()), Err)
}

/// A use of a later language before the first error of the parser: CPython's stops there.
pub(super) fn check_before_errors(
    text: &str,
    tokens: &[Token],
    errors: &[UnsupportedSyntaxError],
    others: &[ParseError],
) -> Result<(), Fault> {
    let first = others.iter().min_by_key(|error| error.location.start());
    let Some(first) = first.filter(|error| !matches!(error.error, ParseErrorType::Lexical(_))) else { return Ok(()) };
    let mut earlier = errors.iter().filter(|error| error.range().end() <= first.location.start());
    earlier.find_map(|error| refuse(text, tokens, error)).map_or(Ok(()), Err)
}

/// Where the parser of 3.11 stops that finds types without parentheses behind `except`.
fn exception_types(tokens: &[Token], here: Span) -> Fault {
    let mut within = tokens.iter().filter(|token| (here.start..here.end).contains(&token.start().to_u32()));
    let comma = within.clone().find(|token| token.kind() == TokenKind::Comma);
    let open = within.next_back().is_some_and(|token| token.kind() == TokenKind::Comma);
    let next = tokens.iter().find(|token| token.start().to_u32() >= here.end);
    let ends = next.is_some_and(|token| matches!(token.kind(), TokenKind::Colon | TokenKind::As));
    match comma {
        Some(comma) if open || !ends => Fault::syntax("invalid syntax", span(comma.range())),
        _ => Fault::syntax("multiple exception types must be parenthesized", here),
    }
}

fn refuse(text: &str, tokens: &[Token], error: &UnsupportedSyntaxError) -> Option<Fault> {
    use UnsupportedSyntaxErrorKind as Kind;
    let here = span(error.range());
    let found = text.get(here.start as usize..here.end as usize).unwrap_or_default();
    // The name after a soft keyword is where 3.11 stumbles.
    let second = || {
        let skipped = found.find(char::is_whitespace).unwrap_or(0);
        let start = here.start + (found.len() - found[skipped..].trim_start().len()) as u32;
        let word = text[start as usize..].bytes().take_while(|byte| byte.is_ascii_alphanumeric()).count() as u32;
        Span { start, end: start + word.max(1) }
    };
    let (message, span) = match error.kind {
        Kind::ParenthesizedKeywordArgumentName => {
            ("expression cannot contain assignment, perhaps you meant \"==\"?", here)
        }
        Kind::TypeParameterList | Kind::TypeParamDefault => {
            let line = text[..here.start as usize].rsplit('\n').next().unwrap_or_default().trim_start();
            let message = if line.starts_with("class") { "invalid syntax" } else { "expected '('" };
            (message, Span { start: here.start, end: here.start + 1 })
        }
        Kind::TypeAliasStatement | Kind::LazyImportStatement => ("invalid syntax", second()),
        Kind::TemplateStrings => {
            let prefix = found.bytes().take_while(u8::is_ascii_alphabetic).count() as u32;
            ("invalid syntax", Span { start: here.start + prefix, ..here })
        }
        Kind::UnparenthesizedExceptionTypes => return Some(exception_types(tokens, here)),
        Kind::Pep701FString(_) => {
            if let Some(fault) = formatted::check(text, tokens, here.end) {
                return Some(fault);
            }
            let message = match found.bytes().next() {
                Some(b'\\') => "f-string expression part cannot include a backslash",
                Some(b'#') => "f-string expression part cannot include '#'",
                _ => "f-string: expecting '}'",
            };
            (message, here)
        }
        Kind::UnpackingInComprehension(_) if found.starts_with("**") => {
            let stars = Span { end: here.start + 2, ..here };
            ("dict unpacking cannot be used in dict comprehension", stars)
        }
        Kind::UnpackingInComprehension(_) => ("iterable unpacking cannot be used in comprehension", here),
        _ => return None,
    };
    Some(Fault::syntax(message, span))
}
