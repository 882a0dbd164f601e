//! CPython's generic error: what its parser stumbles over.

use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_parser::{InterpolatedStringErrorType, LexicalErrorType, ParseError, ParseErrorType};
use ruff_text_size::{Ranged, TextSize};

use super::span;
use super::syntax::{INVALID, Place, UNEXPECTED_INDENT, indentation};
use crate::bytecode::Span;
use crate::front::error::Fault;

/// The `=` behind what an error calls no target, if no value follows it: CPython then stumbles over the `=` alone, in
/// brackets.
pub(super) fn value_missing(errors: &[ParseError], error: &ParseError, tokens: &[Token]) -> Option<Span> {
    let equal = tokens.iter().find(|token| token.start() >= error.location.end())?;
    if error.error != ParseErrorType::InvalidAssignmentTarget || equal.kind() != TokenKind::Equal {
        return None;
    }
    let depth_at = |place: TextSize| {
        let opened = tokens.iter().take_while(|token| token.end() <= place);
        opened.fold(0, |depth, token| match token.kind() {
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => depth + 1,
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => depth - 1,
            _ => depth,
        })
    };
    let depth = depth_at(equal.start());
    let missing = errors.iter().map(|other| (other, other.location.start())).any(|(other, place)| {
        let between = |token: &Token| token.start() >= equal.end() && token.end() <= place;
        place >= equal.end()
            && (other.error == ParseErrorType::ExpectedExpression || depth_at(place) > depth)
            && !tokens.iter().any(|token| token.kind() == TokenKind::Newline && between(token))
    });
    (missing && depth > 0).then(|| span(equal.range()))
}

/// Characters that CPython's tokenizer takes for tokens, and its parser for none.
pub(super) const CHARACTERS: [&str; 4] = ["?", "!", "$", "`"];

/// One of these was met.
pub(super) fn is_of_one_character(error: &ParseErrorType) -> bool {
    let ParseErrorType::Lexical(LexicalErrorType::UnrecognizedToken { tok }) = error else { return false };
    CHARACTERS.iter().any(|known| known.starts_with(*tok))
}

/// What CPython's tokenizer raises when it reads on behind an error of the parser: strings without an end, and characters
/// of no token. Other things that are no token end the reading without a word; single ASCII characters do not even that.
pub(super) fn raising_stop<'a>(errors: &'a [ParseError], error: &ParseError) -> Option<&'a ParseError> {
    let behind = errors.iter().filter(|other| other.location.start() > error.location.start());
    let stops = behind.filter_map(|other| {
        let raises = match &other.error {
            ParseErrorType::Lexical(LexicalErrorType::UnclosedStringError) => true,
            ParseErrorType::Lexical(LexicalErrorType::FStringError(kind)) | ParseErrorType::FStringError(kind) => {
                matches!(
                    kind,
                    InterpolatedStringErrorType::UnterminatedString
                        | InterpolatedStringErrorType::UnterminatedTripleQuotedString
                )
            }
            ParseErrorType::Lexical(LexicalErrorType::UnrecognizedToken { tok }) if tok.is_ascii() => return None,
            ParseErrorType::Lexical(LexicalErrorType::UnrecognizedToken { .. }) => true,
            ParseErrorType::Lexical(
                LexicalErrorType::LineContinuationError | LexicalErrorType::IndentationError | LexicalErrorType::Eof,
            ) => false,
            _ => return None,
        };
        Some((other, raises))
    });
    stops.min_by_key(|(other, _)| other.location.start()).filter(|(_, raises)| *raises).map(|(other, _)| other)
}

impl Place<'_> {
    /// CPython's generic error, at the token the parser stumbled over.
    pub fn invalid(&self) -> Fault {
        let mut at = self.tokens.iter().skip_while(|token| token.end().to_u32() <= self.error.start);
        let token = match at.next() {
            // After an expression it could be the beginning of `not in`.
            Some(token) if token.kind() == TokenKind::Not && self.follows_expression() => at.next(),
            // In brackets a line's end is no token.
            Some(token) if token.kind() == TokenKind::Newline && self.in_brackets() => {
                at.find(|token| token.kind() != TokenKind::Newline && !token.range().is_empty()).or(Some(token))
            }
            token => token,
        };
        if let Some(fault) = self.indentation_before(token) {
            return fault;
        }
        Fault::syntax(INVALID, token.map_or(self.error, |token| span(token.range())))
    }

    /// Where CPython has got when it finds the error's argument misplaced: at the end of the arguments, or of the next
    /// positional one behind further keywords.
    pub fn after_arguments(&self) -> Span {
        let (mut depth, mut begins, mut has_keywords, mut misplaced) = (0, false, false, false);
        let rest = self.tokens.iter().skip_while(|token| token.start().to_u32() < self.error.end);
        let rest: Vec<&Token> = rest.collect();
        for (i, token) in rest.iter().enumerate() {
            let kind = token.kind();
            let closes = matches!(kind, TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace);
            if depth == 0 && (closes || kind == TokenKind::Comma && misplaced) {
                return span(token.range());
            }
            if std::mem::replace(&mut begins, depth == 0 && kind == TokenKind::Comma) {
                let named = rest.get(i + 1).is_some_and(|next| next.kind() == TokenKind::Equal);
                if named || kind == TokenKind::DoubleStar {
                    has_keywords = true;
                } else if kind != TokenKind::Star {
                    misplaced = has_keywords;
                }
            }
            match kind {
                TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => depth += 1,
                _ if closes => depth -= 1,
                _ => {}
            }
        }
        self.error
    }

    /// Of a token that begins a line with another indentation, CPython's parser stumbles over that; at the end of the
    /// text, nothing is underlined. Both come of decorators, and of a block in a line of its own that goes on deeper: what
    /// else a block must begin with has errors of its own.
    fn indentation_before(&self, token: Option<&Token>) -> Option<Fault> {
        let place = match token {
            Some(token) => {
                let start = token.start().to_usize();
                let line = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
                let place = start.saturating_sub(1).max(line) as u32;
                Span { start: place, end: place }
            }
            None => self.last_line(),
        };
        let end = token.map_or(u32::MAX, |token| token.start().to_u32());
        let before =
            self.all.iter().rev().skip_while(|token| token.start().to_u32() > end || token.end().to_u32() > end);
        let mut kinds = before.map(|token| (token.kind(), token.start().to_usize()));
        let mut change = None;
        // Newlines of empty width at the very end are the parser's own.
        let (decorator, deeper) = loop {
            match kinds.next()? {
                (TokenKind::Indent, _) => change = change.or(Some(UNEXPECTED_INDENT)),
                (TokenKind::Dedent, _) => change = change.or(Some("unexpected unindent")),
                (TokenKind::Comment | TokenKind::NonLogicalNewline, _) => {}
                (TokenKind::Newline, at) => {
                    let begins_block = kinds.next().is_some_and(|(kind, _)| kind == TokenKind::Colon);
                    let decorator = self.text[..at].rsplit('\n').next()?.trim_start().starts_with('@');
                    break (decorator, change == Some(UNEXPECTED_INDENT) && !begins_block);
                }
                _ => return None,
            }
        };
        if !decorator && (!deeper || self.in_brackets()) {
            return None;
        }
        match (change, token) {
            (Some(message), _) => Some(indentation(message.to_owned(), place, false)),
            (None, None) => Some(Fault { underlined: false, ..Fault::syntax(INVALID, place) }),
            (None, Some(_)) => None,
        }
    }

    /// The end of the text's last line, which is where CPython has got at its end.
    pub fn last_line(&self) -> Span {
        let text = self.text.strip_suffix('\n').unwrap_or(self.text);
        let end = text.len() as u32;
        Span { start: end, end }
    }

    /// A `*` among the names of an import: it is wrong itself, or what follows it is.
    pub fn starred_import(&self) -> Fault {
        let names = self.tokens.iter().skip_while(|token| token.end().to_u32() <= self.error.start);
        let mut names = names.skip_while(|token| token.kind() == TokenKind::Import);
        let wrong = match names.next() {
            Some(first) if first.kind() == TokenKind::Star => names.next(),
            first => first.into_iter().chain(names).find(|token| token.kind() == TokenKind::Star),
        };
        Fault::syntax(INVALID, wrong.map_or(self.error, |token| span(token.range())))
    }

    /// Whether a bracket that opens before the error is not closed before it.
    fn in_brackets(&self) -> bool {
        let before = self.tokens.iter().take_while(|token| token.end().to_u32() <= self.error.start);
        let depth = before.fold(0, |depth: i32, token| match token.kind() {
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => depth + 1,
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => depth - 1,
            _ => depth,
        });
        depth > 0
    }

    fn follows_expression(&self) -> bool {
        self.token_before().is_some_and(|token| {
            let kind = token.kind();
            matches!(
                kind,
                TokenKind::Name
                    | TokenKind::Int
                    | TokenKind::Float
                    | TokenKind::Complex
                    | TokenKind::String
                    | TokenKind::Rpar
                    | TokenKind::Rsqb
                    | TokenKind::Rbrace
                    | TokenKind::None
                    | TokenKind::True
                    | TokenKind::False
            )
        })
    }
}
