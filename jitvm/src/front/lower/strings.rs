//! String literals and f-strings of the parser.

use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::{Lowerer, span};
use crate::bytecode::{Constant, Span};
use crate::front::error::{Fault, Feature};
use crate::front::hir::{ExpressionKind, FormatPart};

impl Lowerer<'_> {
    /// The parser puts U+FFFD where an escape names a surrogate; such a string is refused rather than changed.
    pub(super) fn check_surrogates(&self, value: &ast::StringLiteralValue, whole: Span) -> Result<(), Fault> {
        if value.chars().any(|character| character == char::REPLACEMENT_CHARACTER) {
            for literal in value {
                self.check_surrogates_in(literal.flags.prefix().is_raw(), span(literal.range), whole)?;
            }
        }
        Ok(())
    }

    fn check_surrogates_in(&self, raw: bool, literal: Span, whole: Span) -> Result<(), Fault> {
        let text = &self.text[literal.start as usize..literal.end as usize];
        if !raw && escapes_surrogate(text) { Err(Fault::unsupported(Feature::Surrogate, whole)) } else { Ok(()) }
    }

    pub(super) fn format_string(&mut self, string: &ast::ExprFString) -> Result<ExpressionKind, Fault> {
        let whole = span(string.range);
        let mut parts = Vec::new();
        for part in &string.value {
            match part {
                ast::FStringPart::Literal(literal) => {
                    self.check_surrogates_in(literal.flags.prefix().is_raw(), span(literal.range), whole)?;
                    push_literal(&mut parts, &literal.value);
                }
                ast::FStringPart::FString(string) => {
                    let raw = string.flags.prefix().is_raw();
                    self.format_parts(&string.elements, raw, &mut parts)?;
                }
            }
        }
        Ok(match parts.as_mut_slice() {
            [] => ExpressionKind::Constant(Constant::Str(String::new())),
            [FormatPart::Literal(text)] => ExpressionKind::Constant(Constant::Str(std::mem::take(text))),
            _ => ExpressionKind::FormatString(parts),
        })
    }

    fn format_parts(
        &mut self,
        elements: &ast::InterpolatedStringElements,
        raw: bool,
        parts: &mut Vec<FormatPart>,
    ) -> Result<(), Fault> {
        for element in elements {
            let field = match element {
                ast::InterpolatedStringElement::Literal(literal) => {
                    let whole = span(literal.range);
                    self.check_surrogates_in(raw, whole, whole)?;
                    push_literal(parts, &literal.value);
                    continue;
                }
                ast::InterpolatedStringElement::Interpolation(field) => field,
            };
            if let Some(text) = &field.debug_text {
                push_literal(parts, text.as_str());
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
                    lowerer.format_parts(&format.elements, raw, &mut specification)
                })?;
            }
            parts.push(FormatPart::Field { value, conversion, specification });
        }
        Ok(())
    }
}

/// Adds text, joined to the text before it.
fn push_literal(parts: &mut Vec<FormatPart>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(FormatPart::Literal(before)) => before.push_str(text),
        _ => parts.push(FormatPart::Literal(text.to_owned())),
    }
}

/// Whether a string literal holds `\ud800`..`\udfff` or `\U0000d800`..`\U0000dfff`.
fn escapes_surrogate(text: &str) -> bool {
    let mut rest = text;
    while let Some(index) = rest.find('\\') {
        let escape = &rest[index + 1..];
        let digits = match escape.as_bytes().first() {
            Some(b'u') => escape.get(1..5),
            Some(b'U') => escape.get(1..9),
            _ => None,
        };
        let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if value.is_some_and(|value| (0xd800..0xe000).contains(&value)) {
            return true;
        }
        let escaped = escape.chars().next().map_or(0, char::len_utf8);
        rest = &escape[escaped..];
    }
    false
}
