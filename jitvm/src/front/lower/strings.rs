//! String literals and f-strings of the parser.

use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::formatted::{TOO_DEEP, next_token};
use super::{Lowerer, span};
use crate::bytecode::{Constant, Span};
use crate::front::error::Fault;
use crate::front::hir::{ExpressionKind, FormatPart};

impl Lowerer<'_> {
    /// The value of a string literal.
    pub(super) fn string(&self, value: &ast::StringLiteralValue) -> Constant {
        if !value.chars().any(|character| character == char::REPLACEMENT_CHARACTER) {
            return Constant::Str(value.to_str().to_owned());
        }
        let mut whole = Constant::Str(String::new());
        for literal in value {
            join(&mut whole, self.literal(&literal.value, literal.flags.prefix().is_raw(), span(literal.range)));
        }
        whole
    }

    /// The value of a piece of text. The parser puts U+FFFD where an escape names a surrogate.
    fn literal(&self, value: &str, raw: bool, place: Span) -> Constant {
        let plain = Constant::Str(value.to_owned());
        if raw || !value.contains(char::REPLACEMENT_CHARACTER) {
            return plain;
        }
        let text = &self.text[place.start as usize..place.end as usize];
        let replaced = replaced_characters(text);
        if replaced.iter().all(|&point| point == u32::from(char::REPLACEMENT_CHARACTER)) {
            return plain;
        }
        let mut replaced = replaced.into_iter();
        let point = |character| match character {
            char::REPLACEMENT_CHARACTER => replaced.next().unwrap_or(u32::from(character)),
            character => u32::from(character),
        };
        Constant::Surrogates(value.chars().map(point).collect())
    }

    pub(super) fn format_string(&mut self, string: &ast::ExprFString) -> Result<ExpressionKind, Fault> {
        let mut parts = Vec::new();
        for part in &string.value {
            match part {
                ast::FStringPart::Literal(literal) => {
                    let raw = literal.flags.prefix().is_raw();
                    push_literal(&mut parts, self.literal(&literal.value, raw, span(literal.range)));
                }
                ast::FStringPart::FString(string) => {
                    let raw = string.flags.prefix().is_raw();
                    let end = string.range.end().to_usize();
                    self.format_parts(&string.elements, raw, (0, end), &mut parts)?;
                }
            }
        }
        Ok(match parts.as_mut_slice() {
            [] => ExpressionKind::Constant(Constant::Str(String::new())),
            [FormatPart::Literal(text)] => ExpressionKind::Constant(text.clone()),
            _ => ExpressionKind::FormatString(parts),
        })
    }

    fn format_parts(
        &mut self,
        elements: &ast::InterpolatedStringElements,
        raw: bool,
        (depth, end): (u32, usize),
        parts: &mut Vec<FormatPart>,
    ) -> Result<(), Fault> {
        for element in elements {
            let field = match element {
                ast::InterpolatedStringElement::Literal(literal) => {
                    push_literal(parts, self.literal(&literal.value, raw, span(literal.range)));
                    continue;
                }
                ast::InterpolatedStringElement::Interpolation(field) => field,
            };
            if depth >= 2 {
                return Err(Fault::syntax(TOO_DEEP, next_token(self.text, end)));
            }
            if let Some(text) = &field.debug_text {
                push_literal(parts, Constant::Str(text.as_str().to_owned()));
            }
            let value = self.expression(&field.expression)?;
            let conversion = match field.conversion {
                // `{x=}` shows the repr unless told otherwise.
                ast::ConversionFlag::None if field.debug_text.is_some() && field.format_spec.is_none() => 2,
                ast::ConversionFlag::None => 0,
                ast::ConversionFlag::Str => 1,
                ast::ConversionFlag::Repr => 2,
                ast::ConversionFlag::Ascii => 3,
            };
            let mut specification = Vec::new();
            if let Some(format) = &field.format_spec {
                self.nested(span(format.range()), |lowerer| {
                    lowerer.format_parts(&format.elements, raw, (depth + 1, end), &mut specification)
                })?;
            }
            parts.push(FormatPart::Field { value, conversion, specification });
        }
        Ok(())
    }
}

/// Adds text, joined to the text before it.
fn push_literal(parts: &mut Vec<FormatPart>, text: Constant) {
    match parts.last_mut() {
        _ if text == Constant::Str(String::new()) => {}
        Some(FormatPart::Literal(before)) => join(before, text),
        _ => parts.push(FormatPart::Literal(text)),
    }
}

/// Appends one text to another.
fn join(text: &mut Constant, more: Constant) {
    match (text, more) {
        (Constant::Str(text), Constant::Str(more)) => text.push_str(&more),
        (text, more) => *text = Constant::Surrogates([code_points(text), code_points(&more)].concat()),
    }
}

fn code_points(text: &Constant) -> Vec<u32> {
    match text {
        Constant::Str(text) => text.chars().map(u32::from).collect(),
        Constant::Surrogates(points) => points.clone(),
        _ => Vec::new(),
    }
}

/// What stands in a literal for each U+FFFD of its value: that character itself, or a surrogate's escape.
fn replaced_characters(text: &str) -> Vec<u32> {
    let replacement = u32::from(char::REPLACEMENT_CHARACTER);
    let mut found = Vec::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if u32::from(character) == replacement {
            found.push(replacement);
        }
        if character != '\\' {
            continue;
        }
        let escape = rest.as_str();
        let digits = match rest.next() {
            Some('u') => escape.get(1..5),
            Some('U') => escape.get(1..9),
            Some('N') if escape[1..].starts_with('{') => {
                let name = escape[2..].split('}').next().unwrap_or_default();
                found.extend(name.eq_ignore_ascii_case("REPLACEMENT CHARACTER").then_some(replacement));
                None
            }
            _ => None,
        };
        let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        found.extend(value.filter(|value| (0xd800..0xe000).contains(value) || *value == replacement));
    }
    found
}
