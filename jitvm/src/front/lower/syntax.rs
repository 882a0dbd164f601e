//! The parser's errors in CPython's words and places, as far as these can be had cheaply.

use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{self as ast};
use ruff_python_parser::{InterpolatedStringErrorType, LexicalErrorType, ParseError, ParseErrorType};
use ruff_text_size::Ranged;

use super::{formatted, lexemes, span, stumbles};
use crate::bytecode::Span;
use crate::front::error::{ErrorKind, Fault, NOT_ASCII, Warning};

pub(super) const INVALID: &str = "invalid syntax";

pub(super) const UNEXPECTED_INDENT: &str = "unexpected indent";

/// What is said of a bracket once the text has ended.
const NEVER_CLOSED: &str = "was never closed";

/// Levels of the tree that are searched for the expressions of an error.
const DEEPEST_SEARCHED: u32 = 5000;

/// The error of a text that does not parse; adds what is warned of. `earlier` is what Python 3.11 does not parse before the
/// first error.
pub(super) fn check(
    text: &str,
    errors: &[ParseError],
    tokens: &[Token],
    body: &[ast::Stmt],
    earlier: Option<Fault>,
    warnings: &mut Vec<Warning>,
) -> Result<(), Fault> {
    // A number that the parser cannot read is no token of it.
    let numbers = errors.iter().filter(|error| matches!(error.error, ParseErrorType::Lexical(_)));
    let tokenizers = lexemes::check(text, tokens, warnings).or_else(|| {
        numbers.into_iter().find_map(|error| lexemes::number_at(text, error.location.start().to_usize(), warnings))
    });
    let Some(error) = errors.iter().min_by_key(|error| error.location.start()) else {
        return tokenizers.map_or(Ok(()), Err);
    };
    let all = tokens;
    let tokens: Vec<Token> = all.iter().copied().filter(|token| !is_trivia(token.kind())).collect();
    let place = Place { text, all, tokens, body, error: span(error.location) };
    let fault = match stumbles::value_missing(errors, error, &place.tokens) {
        Some(equal) => Fault::syntax(INVALID, equal),
        None => place.translate(&error.error),
    };
    if fault.kind == ErrorKind::Indentation
        && let Some(tabs) = lexemes::inconsistent_tabs(text, &place.tokens, place.error.start)
    {
        return Err(tabs);
    }
    // CPython compares with the line its parser has come to.
    let reached = if fault.message == INVALID { fault.span.start } else { place.error.start };
    // An indentation is told at once.
    let indented = fault.message == UNEXPECTED_INDENT;
    let brackets = place.bracket_fault(place.error.start, reached, &error.error);
    let brackets = brackets.filter(|bracket| !indented || bracket.span.start < place.error.start);
    // CPython reads all tokens before it tells what its parser found, and the first that is none ends that.
    let lexical = match (&brackets, &error.error) {
        (Some(fault), _) if fault.message.ends_with(NEVER_CLOSED) => None,
        (Some(fault), _) => Some(fault.span.start),
        // The end, since the fault of a number that is none lies within it.
        (None, ParseErrorType::Lexical(_) | ParseErrorType::FStringError(_)) => Some(place.error.end),
        (None, ParseErrorType::UnexpectedIndentation) => Some(place.error.start),
        _ => None,
    };
    let silent = matches!(error.error, ParseErrorType::Lexical(_) | ParseErrorType::UnexpectedIndentation)
        && !stumbles::is_of_one_character(&error.error)
        || indented;
    if !silent
        && let Some(stop) = stumbles::raising_stop(errors, error)
        && lexical.is_none_or(|start| stop.location.start().to_u32() < start)
        && tokenizers.as_ref().is_none_or(|fault| stop.location.start().to_u32() < fault.span.start)
    {
        return Err(Place { error: span(stop.location), ..place }.translate(&stop.error));
    }
    if let Some(fault) = tokenizers.filter(|fault| lexical.is_none_or(|start| fault.span.start <= start)) {
        return Err(fault);
    }
    if let (Some(fault), None, None) = (earlier, &brackets, lexical) {
        return Err(fault);
    }
    if let Some(fault) = formatted::check(text, all, place.error.end) {
        return Err(fault);
    }
    Err(brackets.unwrap_or(fault))
}

fn is_trivia(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Comment | TokenKind::NonLogicalNewline | TokenKind::Indent | TokenKind::Dedent)
}

/// What is around an error.
pub(super) struct Place<'a> {
    pub text: &'a str,
    /// With what `tokens` leaves out.
    pub all: &'a [Token],
    pub tokens: Vec<Token>,
    body: &'a [ast::Stmt],
    pub error: Span,
}

impl<'a> Place<'a> {
    fn translate(&self, error: &ParseErrorType) -> Fault {
        let here = self.error;
        let first = Span { start: here.start, end: here.start + 1 };
        match error {
            ParseErrorType::Lexical(error) => self.lexical(error),
            ParseErrorType::FStringError(error) => self.format_string(error),
            ParseErrorType::UnexpectedIndentation => {
                let place = Span { start: here.end.saturating_sub(1).max(here.start), end: here.end };
                indentation(UNEXPECTED_INDENT.to_owned(), place, false)
            }
            ParseErrorType::InvalidAssignmentTarget => self.assignment_target(),
            ParseErrorType::InvalidAugmentedAssignmentTarget => {
                let name = self.kind_of_target();
                Fault::syntax(format!("'{name}' is an illegal expression for augmented assignment"), here)
            }
            ParseErrorType::InvalidNamedAssignmentTarget => {
                Fault::syntax(format!("cannot use assignment expressions with {}", self.kind_of_target()), here)
            }
            ParseErrorType::InvalidDeleteTarget => {
                Fault::syntax(format!("cannot delete {}", self.kind_of_target()), here)
            }
            ParseErrorType::InvalidAnnotatedAssignmentTarget => Fault::syntax("illegal target for annotation", here),
            ParseErrorType::PositionalAfterKeywordArgument => {
                Fault::syntax("positional argument follows keyword argument", self.after_arguments())
            }
            ParseErrorType::PositionalAfterKeywordUnpacking => {
                Fault::syntax("positional argument follows keyword argument unpacking", self.after_arguments())
            }
            ParseErrorType::InvalidArgumentUnpackingOrder => {
                Fault::syntax("iterable argument unpacking follows keyword argument unpacking", first)
            }
            ParseErrorType::NonDefaultParamAfterDefaultParam => {
                Fault::syntax("non-default argument follows default argument", here)
            }
            ParseErrorType::ExpectedKeywordParam => {
                let next = self.token_after(here.end).filter(|_| self.in_lambda());
                Fault::syntax("named arguments must follow bare *", next.map_or(first, |token| span(token.range())))
            }
            ParseErrorType::UnparenthesizedGeneratorExpression if self.in_class_line() => {
                let word = self.tokens.iter().find(|token| {
                    matches!(token.kind(), TokenKind::For | TokenKind::Async) && token.start().to_u32() > here.start
                });
                Fault::syntax(INVALID, word.map_or(here, |token| span(token.range())))
            }
            ParseErrorType::UnparenthesizedGeneratorExpression => {
                Fault::syntax("Generator expression must be parenthesized", here)
            }
            ParseErrorType::ParamAfterVarKeywordParam => {
                Fault::syntax("arguments cannot follow var-keyword argument", first)
            }
            ParseErrorType::ExpectedRealNumber => Fault::syntax("real number required in complex literal", here),
            ParseErrorType::ExpectedImaginaryNumber => {
                Fault::syntax("imaginary number required in complex literal", here)
            }
            ParseErrorType::UnparenthesizedTupleExpression => {
                // CPython stumbles over the comma.
                let comma = self.tokens.iter().find(|token| {
                    token.kind() == TokenKind::Comma && (here.start..here.end).contains(&token.start().to_u32())
                });
                Fault::syntax(INVALID, comma.map_or(here, |token| span(token.range())))
            }
            ParseErrorType::InvalidStarredExpressionUsage => match self.token_before().map(Token::kind) {
                Some(TokenKind::Lpar) if here.end > first.end => {
                    Fault::syntax("cannot use starred expression here", here)
                }
                Some(TokenKind::Lpar) => {
                    let next = self.token_after(here.end).map_or(here, |token| span(token.range()));
                    Fault::syntax(INVALID, next)
                }
                Some(TokenKind::Colon) => Fault::syntax("cannot use a starred expression in a dictionary value", here),
                _ => self.invalid(),
            },
            ParseErrorType::ExpectedExpression => self.expected_expression(),
            ParseErrorType::ExpectedToken { expected, found } => self.expected(*expected, *found),
            ParseErrorType::SimpleStatementsOnSameLine | ParseErrorType::SimpleAndCompoundStatementOnSameLine => {
                self.same_line()
            }
            ParseErrorType::OtherError(message) => self.other(message),
            _ => self.invalid(),
        }
    }

    fn lexical(&self, error: &LexicalErrorType) -> Fault {
        let start = self.error.start;
        let first = Span { start, end: start + 1 };
        match error {
            LexicalErrorType::IndentationError => {
                let end = self.line_end(start);
                let message = "unindent does not match any outer indentation level".to_owned();
                indentation(message, Span { start: end, end: end + 1 }, true)
            }
            LexicalErrorType::UnclosedStringError => self.unterminated(start),
            LexicalErrorType::InvalidByteLiteral => {
                let literal = self.tokens.iter().find(|token| token.end().to_u32() > start);
                let place = literal.map_or(self.error, |token| span(token.range()));
                Fault::syntax(NOT_ASCII, place)
            }
            LexicalErrorType::Eof if self.text.trim_end().ends_with('\\') => {
                let line = self.text.trim_end().len() as u32;
                Fault::syntax("unexpected EOF while parsing", Span { start: line, end: line })
            }
            LexicalErrorType::FStringError(error) => self.format_string(error),
            LexicalErrorType::UnrecognizedToken { tok } if tok.is_ascii() => Fault::syntax(INVALID, first),
            LexicalErrorType::UnrecognizedToken { tok } => lexemes::unprintable(*tok, start),
            LexicalErrorType::LineContinuationError if self.text.len() as u32 <= start + 1 => {
                let end = self.text.len() as u32;
                Fault::syntax("unexpected EOF while parsing", Span { start: end, end })
            }
            LexicalErrorType::LineContinuationError => {
                let span = Span { start: start + 1, end: start + 2 };
                Fault::syntax("unexpected character after line continuation character", span)
            }
            LexicalErrorType::UnicodeError
            | LexicalErrorType::MissingUnicodeLbrace
            | LexicalErrorType::MissingUnicodeRbrace => {
                let literal = self.tokens.iter().find(|token| token.end().to_u32() > start);
                let told = literal.and_then(|token| formatted::escape_fault(self.text, token.start().to_usize()));
                told.unwrap_or_else(|| Fault::syntax("(unicode error) invalid escape in a string literal", first))
            }
            LexicalErrorType::OtherError(message) => self.other(message),
            _ => self.invalid(),
        }
    }

    fn format_string(&self, error: &InterpolatedStringErrorType) -> Fault {
        let message = match error {
            InterpolatedStringErrorType::UnterminatedString
            | InterpolatedStringErrorType::UnterminatedTripleQuotedString => {
                let opening = self.tokens.iter().rev().filter(|token| token.start().to_u32() <= self.error.start);
                let opening = opening.into_iter().find(|token| token.kind() == TokenKind::FStringStart);
                return self.unterminated(opening.map_or(self.error.start, |token| token.start().to_u32()));
            }
            InterpolatedStringErrorType::InvalidConversionFlag => {
                "f-string: invalid conversion character: expected 's', 'r', or 'a'"
            }
            InterpolatedStringErrorType::UnclosedLbrace => "f-string: expecting '}'",
            InterpolatedStringErrorType::SingleRbrace => "f-string: single '}' is not allowed",
            _ => "f-string: invalid syntax",
        };
        Fault::syntax(message, self.error)
    }

    fn unterminated(&self, start: u32) -> Fault {
        let literal = self.text.get(start as usize..).unwrap_or_default();
        let quotes = literal.trim_start_matches(|character: char| character.is_ascii_alphabetic());
        let triple = quotes.starts_with("'''") || quotes.starts_with("\"\"\"");
        let end = if triple { self.text.trim_end_matches('\n').len() } else { start as usize };
        let line = self.line_of(end);
        let kind = if triple { "triple-quoted string literal" } else { "string literal" };
        let message = format!("unterminated {kind} (detected at line {line})");
        Fault::syntax(message, Span { start, end: start + 1 })
    }

    fn assignment_target(&self) -> Fault {
        let name = self.kind_of_target();
        let sole = |statement: &ast::Stmt| match statement {
            ast::Stmt::Assign(assign) => {
                matches!(assign.targets.as_slice(), [target] if span(target.range()) == self.error)
            }
            _ => false,
        };
        if name == "yield expression" {
            return Fault::syntax("assignment to yield expression not possible", self.error);
        }
        let comparable =
            !matches!(name, "list" | "tuple" | "generator expression" | "True" | "False" | "None" | "comparison");
        if comparable && self.search().statements.iter().any(|statement| sole(statement)) {
            let message = format!("cannot assign to {name} here. Maybe you meant '==' instead of '='?");
            return Fault::syntax(message, self.error);
        }
        Fault::syntax(format!("cannot assign to {name}"), self.error)
    }

    /// What CPython calls the expression an error is about.
    fn kind_of_target(&self) -> &'static str {
        let found = self.search();
        found
            .expressions
            .iter()
            .find(|found| span(found.range()) == self.error)
            .map_or("expression", |found| kind(found))
    }

    /// Something stands where an expression should.
    fn expected_expression(&self) -> Fault {
        let before = self.token_before().map(Token::kind);
        let Some(token) = self.tokens.iter().find(|token| token.start().to_u32() >= self.error.start) else {
            return self.invalid();
        };
        let text = &self.text[token.range()];
        let opened = |token: &&Token| token.end().to_u32() <= self.error.start;
        let depth = self.tokens.iter().filter(opened).fold(0, |depth: i32, token| match token.kind() {
            TokenKind::FStringStart => depth + 1,
            TokenKind::FStringEnd => depth - 1,
            _ => depth,
        });
        match (before, token.kind()) {
            (Some(TokenKind::Lbrace), TokenKind::Rbrace) if depth > 0 => {
                Fault::syntax("f-string: empty expression not allowed", self.error)
            }
            (Some(TokenKind::Lbrace), TokenKind::Exclamation | TokenKind::Colon | TokenKind::Equal) if depth > 0 => {
                Fault::syntax(format!("f-string: expression required before '{text}'"), self.error)
            }
            (Some(TokenKind::Lbrace), _) if depth > 0 => Fault::syntax("f-string: invalid syntax", self.error),
            (Some(TokenKind::Colon), TokenKind::Comma | TokenKind::Rbrace) if self.in_dict() => {
                let colon = self.token_before().map_or(self.error, |token| span(token.range()));
                Fault::syntax("expression expected after dictionary key and ':'", colon)
            }
            (Some(TokenKind::Equal), TokenKind::Comma | TokenKind::Rpar) => match self.token_before() {
                Some(equal) if self.in_parameters() => {
                    Fault::syntax("expected default value expression", span(equal.range()))
                }
                _ => self.invalid(),
            },
            _ => self.invalid(),
        }
    }

    pub fn line_before(&self) -> &str {
        self.text[..self.error.start as usize].rsplit('\n').next().unwrap_or_default()
    }

    fn in_lambda(&self) -> bool {
        self.line_before().contains("lambda ")
    }

    fn in_class_line(&self) -> bool {
        self.line_before().trim_start().starts_with("class ")
    }

    /// Whether the line of the error is that of a `def` or `lambda`.
    fn in_parameters(&self) -> bool {
        self.line_before().trim_start().starts_with("def ") || self.in_lambda()
    }

    fn expected(&self, expected: TokenKind, found: TokenKind) -> Fault {
        match (expected, found) {
            (TokenKind::Lpar, _) if self.token_before().is_some_and(|token| token.kind() == TokenKind::Name) => {
                Fault::syntax("expected '('", self.error)
            }
            (TokenKind::Rpar, TokenKind::Lpar) if self.in_parameters() => {
                let close = self
                    .tokens
                    .iter()
                    .find(|token| token.kind() == TokenKind::Rpar && token.start().to_u32() > self.error.start);
                let end = close.map_or(self.error.end, |token| token.end().to_u32());
                Fault::syntax("Function parameters cannot be parenthesized", Span { end, ..self.error })
            }
            (TokenKind::Rsqb | TokenKind::Rbrace, TokenKind::For) => match self.before_comprehension() {
                Some(place) => Fault::syntax("did you forget parentheses around the comprehension target?", place),
                None => self.invalid(),
            },
            (TokenKind::Colon, TokenKind::Rbrace | TokenKind::Comma) if self.in_dict() => match self.token_before() {
                Some(key) => {
                    let span = Span { start: key.end().to_u32() - 1, end: key.end().to_u32() };
                    Fault::syntax("':' expected after dictionary key", span)
                }
                None => self.invalid(),
            },
            (TokenKind::Comma, TokenKind::Equal) => match self.expression_before() {
                Some(before)
                    if self.text[before.start as usize..].starts_with(|c: char| c.is_alphabetic() || c == '_') =>
                {
                    let end = self.token_after(self.error.end).map_or(self.error.end, |token| token.end().to_u32());
                    let message = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
                    Fault::syntax(message, Span { start: before.start, end })
                }
                _ => self.invalid(),
            },
            (TokenKind::Colon, TokenKind::If)
                if self.token_before().is_some_and(|token| token.kind() == TokenKind::Else) =>
            {
                Fault::syntax("expected ':'", self.error)
            }
            (TokenKind::Colon, TokenKind::Newline | TokenKind::EndOfFile) => Fault::syntax("expected ':'", self.error),
            (TokenKind::Colon, TokenKind::Equal) => match self.expression_before() {
                Some(before) => {
                    let end = self.token_after(self.error.end).map_or(self.error.end, |token| token.end().to_u32());
                    let message = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
                    Fault::syntax(message, Span { start: before.start, end })
                }
                None => self.invalid(),
            },
            (TokenKind::Else, _) => {
                let end = self.token_before().map_or(0, |token| token.end().to_u32());
                let found = self.search();
                let conditional =
                    found.expressions.iter().find(|found| found.is_if_expr() && found.end().to_u32() == end);
                match conditional {
                    Some(found) => Fault::syntax("expected 'else' after 'if' expression", span(found.range())),
                    None => self.invalid(),
                }
            }
            (TokenKind::Comma, _) if found.is_operator() && found != TokenKind::Equal && self.at_augmented() => {
                match self.token_before() {
                    Some(last) => {
                        let message = "'tuple' is an illegal expression for augmented assignment";
                        let line = self.line_before();
                        let start = self.error.start - line.trim_start().len() as u32;
                        Fault::syntax(message, Span { start, end: last.end().to_u32() })
                    }
                    None => self.invalid(),
                }
            }
            (TokenKind::Comma | TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace, _) => self.forgotten_comma(),
            _ => self.invalid(),
        }
    }

    /// Whether the error is in braces that hold a colon already.
    fn in_dict(&self) -> bool {
        let (mut depth, mut colon) = (0, false);
        let before = self.tokens.iter().rev().filter(|token| token.end().to_u32() <= self.error.start);
        for token in before {
            match token.kind() {
                TokenKind::Rbrace | TokenKind::Rpar | TokenKind::Rsqb => depth += 1,
                TokenKind::Lbrace if depth == 0 => return colon,
                TokenKind::Lpar | TokenKind::Lsqb if depth == 0 => return false,
                TokenKind::Lbrace | TokenKind::Lpar | TokenKind::Lsqb => depth -= 1,
                TokenKind::Colon if depth == 0 => colon = true,
                _ => {}
            }
        }
        false
    }

    /// From the bracket around to the `for` of a comprehension that begins with several expressions.
    fn before_comprehension(&self) -> Option<Span> {
        let mut depth = 0;
        let mut start = None;
        for token in self.tokens.iter().rev().filter(|token| token.end().to_u32() <= self.error.start) {
            match token.kind() {
                TokenKind::Rbrace | TokenKind::Rpar | TokenKind::Rsqb => depth += 1,
                TokenKind::Lbrace | TokenKind::Lpar | TokenKind::Lsqb if depth == 0 => break,
                TokenKind::Lbrace | TokenKind::Lpar | TokenKind::Lsqb => depth -= 1,
                _ => {}
            }
            start = Some(token.start().to_u32());
        }
        let end = self.token_before()?.end().to_u32();
        start.map(|start| Span { start, end })
    }

    fn at_augmented(&self) -> bool {
        let token = self.text.get(self.error.start as usize..self.error.end as usize).unwrap_or_default();
        token.len() > 1 && token.ends_with('=') && !matches!(token, "==" | "!=" | "<=" | ">=" | ":=")
    }

    /// Two expressions in brackets with nothing between them.
    fn forgotten_comma(&self) -> Fault {
        let begins_expression =
            self.tokens.iter().find(|token| token.start().to_u32() == self.error.start).filter(|token| {
                matches!(token.kind(), TokenKind::Name | TokenKind::Int | TokenKind::Float | TokenKind::String)
            });
        match (self.expression_before(), begins_expression) {
            (Some(before), Some(token)) => {
                let span = Span { start: before.start, end: token.end().to_u32() };
                Fault::syntax("invalid syntax. Perhaps you forgot a comma?", span)
            }
            _ => self.invalid(),
        }
    }

    fn after_import(&self) -> bool {
        let line = self.line_before();
        line.trim_start().starts_with("from ") && line.contains(" import ")
    }

    /// A number with a letter right behind it.
    fn bad_number(&self, before: &Token) -> Fault {
        let end = before.end().to_u32();
        let kind = match self.text[before.range()].get(..2) {
            Some("0x" | "0X") => "hexadecimal",
            Some("0o" | "0O") => "octal",
            Some("0b" | "0B") => "binary",
            _ => "decimal",
        };
        Fault::syntax(format!("invalid {kind} literal"), Span { start: end - 1, end })
    }

    fn same_line(&self) -> Fault {
        let Some(before) = self.token_before() else { return self.invalid() };
        let end = before.end().to_u32();
        let number = matches!(before.kind(), TokenKind::Int | TokenKind::Float | TokenKind::Complex);
        if number && end == self.error.start {
            return self.bad_number(before);
        }
        let word = &self.text[before.range()];
        if before.kind() == TokenKind::Name && matches!(word, "print" | "exec") {
            let message = format!("Missing parentheses in call to '{word}'. Did you mean {word}(...)?");
            let span = Span { start: before.start().to_u32(), end: self.line_end(self.error.start) };
            return Fault::syntax(message, span);
        }
        self.invalid()
    }

    fn other(&self, message: &str) -> Fault {
        let start = self.error.start;
        if let Some(rest) = message.strip_prefix("Expected an indented block ") {
            let header = self.token_before().map_or(0, |token| token.start().to_usize());
            // CPython calls them all statements.
            let rest = rest.replace('`', "'");
            let named = rest.strip_suffix(" clause").or(rest.strip_suffix(" block"));
            let rest = named.map_or(rest.clone(), |rest| format!("{rest} statement"));
            let line = self.line_of(header);
            let message = format!("expected an indented block {rest} on line {line}");
            // A body that is missing altogether is missed where the text goes on, with nothing underlined.
            let next = self.tokens.iter().find(|token| {
                token.start().to_u32() >= start && token.kind() != TokenKind::Newline && !token.range().is_empty()
            });
            let Some(next) = next.map(|token| token.start().to_usize()) else {
                return indentation(message, self.last_line(), false);
            };
            if self.line_of(next) > self.line_of(start as usize) {
                let begin = self.text[..next].rfind('\n').map_or(0, |at| at as u32 + 1);
                return indentation(message, Span { start: begin, end: begin + 1 }, false);
            }
            return indentation(message, Span { start, end: start + 1 }, true);
        }
        let (message, end) = match message {
            "Expected `except` or `finally` after `try` block"
                if self.text.get(start as usize..).unwrap_or_default().trim().is_empty() =>
            {
                let fault = Fault::syntax("expected 'except' or 'finally' block", self.last_line());
                return Fault { underlined: false, ..fault };
            }
            "Expected `except` or `finally` after `try` block" => {
                ("expected 'except' or 'finally' block", self.error.end)
            }
            "Only single target (not tuple) can be annotated" => {
                ("only single target (not tuple) can be annotated", self.error.end)
            }
            "Only single target (not list) can be annotated" => {
                ("only single target (not list) can be annotated", self.error.end)
            }
            "Star import must be the only import" | "Star import cannot be parenthesized" => {
                return self.starred_import();
            }
            "Trailing comma not allowed"
                if self.token_before().is_some_and(|token| token.kind() == TokenKind::Star) =>
            {
                return Fault::syntax(INVALID, Span { start, end: start + 1 });
            }
            "Only one '/' separator allowed" => ("/ may appear only once", start + 1),
            "'/' parameter must appear before '*' parameter" => ("/ must be ahead of *", start + 1),
            "Position-only parameter separator not allowed as first parameter" => {
                ("at least one argument must precede /", start + 1)
            }
            "Only one '*' parameter allowed" => ("* argument may appear only once", start + 1),
            "Cannot have both 'except' and 'except*' on the same 'try'" => {
                let end = self.token_after(start).map_or(self.error.end, |token| {
                    if token.kind() == TokenKind::Star { token.end().to_u32() } else { start + 6 }
                });
                ("cannot have both 'except' and 'except*' on the same 'try'", end)
            }
            "Expected one or more exception types" => ("expected one or more exception types", self.error.end),
            "Positional patterns cannot follow keyword patterns" => {
                ("positional patterns follow keyword patterns", self.error.end)
            }
            "Trailing comma not allowed" if self.line_of(start as usize) == 1 || self.after_import() => {
                let span = Span { start: start + 1, end: start + 2 };
                return Fault::syntax("trailing comma not allowed without surrounding parentheses", span);
            }
            message if message.starts_with("Multiple exception types must be parenthesized") => {
                let colon = self
                    .tokens
                    .iter()
                    .find(|token| token.kind() == TokenKind::Colon && token.start().to_u32() >= self.error.end);
                let end = colon.map_or(self.error.end, |token| token.start().to_u32());
                ("multiple exception types must be parenthesized", end)
            }
            "Invalid decimal integer literal" => {
                let message = "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal \
                               integers";
                (message, start + 1)
            }
            "Expected a parameter name" => {
                let end = self.token_after(self.error.start).map_or(self.error.end, |token| token.end().to_u32());
                match &self.text[self.error.start as usize..self.error.end as usize] {
                    "True" => ("cannot assign to True", end),
                    "False" => ("cannot assign to False", end),
                    "None" => ("cannot assign to None", end),
                    _ => {
                        let equal =
                            self.token_after(self.error.end).map_or(self.error.end, |token| token.end().to_u32());
                        ("expression cannot contain assignment, perhaps you meant \"==\"?", equal)
                    }
                }
            }
            _ => return self.invalid(),
        };
        Fault::syntax(message, Span { start, end })
    }

    /// Brackets that do not match are told before what the parser makes of them.
    fn bracket_fault(&self, error: u32, reached: u32, kind: &ParseErrorType) -> Option<Fault> {
        let mut open: Vec<(char, u32)> = Vec::new();
        for token in &self.tokens {
            let start = token.start().to_u32();
            let bracket = match token.kind() {
                TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                    open.extend(self.text[token.range()].chars().next().map(|bracket| (bracket, start)));
                    continue;
                }
                TokenKind::Rpar => ')',
                TokenKind::Rsqb => ']',
                TokenKind::Rbrace => '}',
                // Reading on ends at what is no token; indentation is told at once.
                TokenKind::Unknown if start > error && !stumbles::CHARACTERS.contains(&&self.text[token.range()]) => {
                    break;
                }
                _ => continue,
            };
            if start > error && matches!(kind, ParseErrorType::UnexpectedIndentation) {
                return None;
            }
            let message = match open.pop() {
                Some(('(', _)) if bracket == ')' => continue,
                Some(('[', _)) if bracket == ']' => continue,
                Some(('{', _)) if bracket == '}' => continue,
                None => format!("unmatched '{bracket}'"),
                Some((opening, place)) => {
                    let (line, other) = (self.line_of(start as usize), self.line_of(place as usize));
                    let on = if line == other { String::new() } else { format!(" on line {other}") };
                    format!("closing parenthesis '{bracket}' does not match opening parenthesis '{opening}'{on}")
                }
            };
            // CPython reads on to the end of the text when its parser gives up: later brackets count as well.
            let reads_on = !matches!(kind, ParseErrorType::Lexical(_)) || stumbles::is_of_one_character(kind);
            let first = start <= error || reads_on;
            return first.then(|| Fault::syntax(message, span(token.range())));
        }
        let &(bracket, start) = open.last()?;
        let at_end = self.text.get(error as usize..).unwrap_or_default().trim().is_empty();
        let reached = error.max(reached) as usize;
        let later = start < error && (at_end || self.line_of(reached) > self.line_of(start as usize));
        let lexical = matches!(kind, ParseErrorType::Lexical(error) if *error != LexicalErrorType::Eof);
        (later && !lexical)
            .then(|| Fault::syntax(format!("'{bracket}' {NEVER_CLOSED}"), Span { start, end: start + 1 }))
    }

    pub fn token_before(&self) -> Option<&Token> {
        let before = |token: &&Token| token.end().to_u32() <= self.error.start && token.kind() != TokenKind::Newline;
        self.tokens.iter().rev().find(before)
    }

    /// The token that starts at an offset or after it, past the one that starts at the error.
    pub fn token_after(&self, offset: u32) -> Option<&Token> {
        self.tokens.iter().find(|token| token.start().to_u32() >= offset && token.start().to_u32() > self.error.start)
    }

    /// The longest expression that ends with the token before the error.
    fn expression_before(&self) -> Option<Span> {
        let found = self.search();
        let ending_at = |end: u32| {
            let spans = found.expressions.iter().map(|found| span(found.range()));
            spans.filter(|span| span.end == end && span.start < end).min_by_key(|span| span.start)
        };
        // Of one in parentheses only what is in them counts.
        let mut before = self.tokens.iter().rev().skip_while(|token| token.end().to_u32() > self.error.start);
        let mut token = before.find(|token| token.kind() != TokenKind::Newline)?;
        loop {
            if let Some(span) = ending_at(token.end().to_u32()) {
                return Some(span);
            }
            if token.kind() != TokenKind::Rpar {
                return None;
            }
            token = before.next()?;
        }
    }

    fn search(&self) -> Search<'a> {
        let mut search = Search { depth: 0, statements: Vec::new(), expressions: Vec::new() };
        self.body.iter().for_each(|statement| search.visit_stmt(statement));
        search
    }

    pub fn line_of(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|&&byte| byte == b'\n').count() + 1
    }

    fn line_end(&self, offset: u32) -> u32 {
        let rest = self.text.get(offset as usize..).unwrap_or_default();
        offset + rest.find('\n').unwrap_or(rest.len()) as u32
    }
}

pub(super) fn indentation(message: String, span: Span, underlined: bool) -> Fault {
    Fault { kind: ErrorKind::Indentation, underlined, ..Fault::syntax(message, span) }
}

/// All statements and expressions of what could be parsed.
struct Search<'a> {
    depth: u32,
    statements: Vec<&'a ast::Stmt>,
    expressions: Vec<&'a ast::Expr>,
}

impl<'a> Visitor<'a> for Search<'a> {
    fn visit_stmt(&mut self, statement: &'a ast::Stmt) {
        self.statements.push(statement);
        if self.depth < DEEPEST_SEARCHED {
            self.depth += 1;
            walk_stmt(self, statement);
            self.depth -= 1;
        }
    }

    fn visit_expr(&mut self, expression: &'a ast::Expr) {
        self.expressions.push(expression);
        if self.depth < DEEPEST_SEARCHED {
            self.depth += 1;
            walk_expr(self, expression);
            self.depth -= 1;
        }
    }
}

/// CPython's name for a kind of expression.
fn kind(expression: &ast::Expr) -> &'static str {
    match expression {
        ast::Expr::Attribute(_) => "attribute",
        ast::Expr::Subscript(_) => "subscript",
        ast::Expr::Starred(_) => "starred",
        ast::Expr::Name(_) => "name",
        ast::Expr::List(_) => "list",
        ast::Expr::Tuple(_) => "tuple",
        ast::Expr::Lambda(_) => "lambda",
        ast::Expr::Call(_) => "function call",
        ast::Expr::Generator(_) => "generator expression",
        ast::Expr::Yield(_) | ast::Expr::YieldFrom(_) => "yield expression",
        ast::Expr::Await(_) => "await expression",
        ast::Expr::ListComp(_) => "list comprehension",
        ast::Expr::SetComp(_) => "set comprehension",
        ast::Expr::DictComp(_) => "dict comprehension",
        ast::Expr::Dict(_) => "dict literal",
        ast::Expr::Set(_) => "set display",
        ast::Expr::FString(_) | ast::Expr::TString(_) => "f-string expression",
        ast::Expr::StringLiteral(_) | ast::Expr::BytesLiteral(_) | ast::Expr::NumberLiteral(_) => "literal",
        ast::Expr::BooleanLiteral(literal) if literal.value => "True",
        ast::Expr::BooleanLiteral(_) => "False",
        ast::Expr::NoneLiteral(_) => "None",
        ast::Expr::EllipsisLiteral(_) => "ellipsis",
        ast::Expr::Compare(_) => "comparison",
        ast::Expr::If(_) => "conditional expression",
        ast::Expr::Named(_) => "named expression",
        _ => "expression",
    }
}
