//! What compiles but is hardly meant: CPython's SyntaxWarnings about comparisons, calls, subscripts and assertions.

use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::Lowerer;
use crate::bytecode::{Constant, Op};
use crate::front::error::Warning;
use crate::front::hir::{Expression, ExpressionKind};

const IS_LITERAL: &str = "\"is\" with a literal. Did you mean \"==\"?";
const IS_NOT_LITERAL: &str = "\"is not\" with a literal. Did you mean \"!=\"?";

impl Lowerer<'_> {
    fn warn(&mut self, place: &impl Ranged, message: String) {
        self.warnings.push(Warning { offset: place.start().to_u32(), message });
    }

    /// `is` with a literal, or what is folded to one. Warns before the operands do, whose warnings begin at `at`.
    pub(super) fn suspect_comparison(
        &mut self,
        comparison: &ast::ExprCompare,
        at: usize,
        first: &Expression,
        rest: &[(Op, Expression)],
    ) {
        let sources = [&*comparison.left].into_iter().chain(&comparison.comparators);
        let values: Vec<bool> = sources
            .zip([first].into_iter().chain(rest.iter().map(|(_, operand)| operand)))
            .map(|(source, lowered)| !source.is_f_string_expr() && is_value(lowered))
            .collect();
        for (index, operator) in comparison.ops.iter().enumerate() {
            let message = match operator {
                ast::CmpOp::Is => IS_LITERAL,
                ast::CmpOp::IsNot => IS_NOT_LITERAL,
                _ => continue,
            };
            if values[index] || values[index + 1] {
                let offset = comparison.start().to_u32();
                self.warnings.insert(at, Warning { offset, message: message.to_owned() });
                return;
            }
        }
    }

    /// `not (a is b)` is compiled as `a is not b`, and warned of as that. Its operand's warnings begin at `at`.
    pub(super) fn suspect_negation(&mut self, operand: &ast::Expr, at: usize) {
        let mut operand = operand;
        while let ast::Expr::UnaryOp(ast::ExprUnaryOp { op: ast::UnaryOp::Not, operand: inner, .. }) = operand {
            operand = inner;
        }
        let ast::Expr::Compare(comparison) = operand else { return };
        if comparison.ops.len() == 1
            && let Some(warning) = self.warnings.get_mut(at)
            && warning.offset == comparison.start().to_u32()
        {
            let other = [(IS_LITERAL, IS_NOT_LITERAL), (IS_NOT_LITERAL, IS_LITERAL)];
            if let Some((_, other)) = other.into_iter().find(|(message, _)| warning.message == *message) {
                other.clone_into(&mut warning.message);
            }
        }
    }

    /// CPython compiles what has been warned of from `start` to `end` after what has been warned of since.
    pub(super) fn warned_of_later(&mut self, start: usize, end: usize) {
        self.warnings[start..].rotate_left(end - start);
    }

    /// A call of what cannot be called.
    pub(super) fn suspect_call(&mut self, call: &ast::ExprCall) {
        let callable = matches!(&*call.func, ast::Expr::Lambda(_));
        if !callable && let Some(class) = class_of(&call.func) {
            self.warn(call, format!("'{class}' object is not callable; perhaps you missed a comma?"));
        }
    }

    /// A subscript of what has none, or of another type than it takes.
    pub(super) fn suspect_subscript(&mut self, subscript: &ast::ExprSubscript) {
        let Some(class) = class_of(&subscript.value) else { return };
        if matches!(
            class,
            "NoneType" | "ellipsis" | "int" | "bool" | "float" | "complex" | "set" | "generator" | "function"
        ) {
            self.warn(subscript, format!("'{class}' object is not subscriptable; perhaps you missed a comma?"));
            return;
        }
        let Some(index) = class_of(&subscript.slice).filter(|index| !matches!(*index, "int" | "bool")) else { return };
        if matches!(class, "str" | "bytes" | "tuple" | "list") {
            let message =
                format!("{class} indices must be integers or slices, not {index}; perhaps you missed a comma?");
            self.warn(subscript, message);
        }
    }

    /// An assertion of a tuple that is not empty.
    pub(super) fn suspect_assertion(&mut self, assert: &ast::StmtAssert) {
        if matches!(&*assert.test, ast::Expr::Tuple(tuple) if !tuple.elts.is_empty()) {
            self.warn(assert, "assertion is always true, perhaps remove parentheses?".to_owned());
        }
    }
}

/// A constant whose identity means nothing.
fn is_value(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Constant(constant) => {
            !matches!(constant, Constant::None | Constant::True | Constant::False | Constant::Ellipsis)
        }
        _ => false,
    }
}

/// The type of a display or literal.
fn class_of(expression: &ast::Expr) -> Option<&'static str> {
    Some(match expression {
        ast::Expr::Tuple(_) => "tuple",
        ast::Expr::List(_) | ast::Expr::ListComp(_) => "list",
        ast::Expr::Dict(_) | ast::Expr::DictComp(_) => "dict",
        ast::Expr::Set(_) | ast::Expr::SetComp(_) => "set",
        ast::Expr::Generator(_) => "generator",
        ast::Expr::Lambda(_) => "function",
        ast::Expr::StringLiteral(_) | ast::Expr::FString(_) => "str",
        ast::Expr::BytesLiteral(_) => "bytes",
        ast::Expr::NumberLiteral(literal) => match literal.value {
            ast::Number::Int(_) => "int",
            ast::Number::Float(_) => "float",
            ast::Number::Complex { .. } => "complex",
        },
        ast::Expr::BooleanLiteral(_) => "bool",
        ast::Expr::NoneLiteral(_) => "NoneType",
        ast::Expr::EllipsisLiteral(_) => "ellipsis",
        _ => return None,
    })
}
