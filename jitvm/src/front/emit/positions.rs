//! Where CPython 3.11 places instructions in the source, and what its tracebacks underline.

use super::{Emitter, at};
use crate::bytecode::{Position, Span};
use crate::front::hir::{Expression, ExpressionKind};

impl Emitter<'_, '_> {
    /// Where CPython 3.11 places an expression's instructions, with the anchor its traceback derives from the text.
    pub(super) fn position(&self, expression: &Expression) -> Position {
        let span = expression.span;
        let anchor = match &expression.kind {
            ExpressionKind::Binary { left, right, .. } => self.operator(left.span.end, right.span.start),
            ExpressionKind::Subscript { object, .. } => self.bracket(object.span.end, span.end),
            ExpressionKind::Attribute { name_span, .. } => return at(self.attribute_span(span, *name_span)),
            ExpressionKind::Call { function, .. } => match function.kind {
                ExpressionKind::Attribute { name_span, .. } => return at(self.attribute_span(span, name_span)),
                _ => Span::default(),
            },
            _ => Span::default(),
        };
        Position { span, anchor }
    }

    /// The operator between two operands: the first character that is neither a space nor closes a parenthesis, and the
    /// next unless it is a space.
    fn operator(&self, start: u32, end: u32) -> Span {
        let bytes = self.program.source.text.as_bytes().get(start as usize..end as usize).unwrap_or_default();
        let Some(first) = bytes.iter().position(|&byte| !byte.is_ascii_whitespace() && byte != b')') else {
            return Span::default();
        };
        let wide = bytes.get(first + 1).is_some_and(|byte| !byte.is_ascii_whitespace());
        let start = start + first as u32;
        Span { start, end: start + 1 + u32::from(wide) }
    }

    /// The brackets of a subscript, from the first after the object to the end of the expression.
    fn bracket(&self, start: u32, end: u32) -> Span {
        let bytes = self.program.source.text.as_bytes().get(start as usize..end as usize).unwrap_or_default();
        let opening = bytes.iter().position(|&byte| byte == b'[').unwrap_or(0) as u32;
        Span { start: start + opening, end }
    }

    /// An attribute on another line than its expression's start is placed from its name on.
    fn attribute_span(&self, span: Span, name: Span) -> Span {
        let before = self.program.source.text.get(span.start as usize..name.start as usize).unwrap_or_default();
        if before.contains('\n') { Span { start: name.start, end: span.end } } else { span }
    }
}
