//! What compiles but is hardly meant: CPython's SyntaxWarnings about comparisons, calls, subscripts and assertions.

use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::Lowerer;
use crate::front::error::Warning;

impl Lowerer<'_> {
    fn warn(&mut self, place: &impl Ranged, message: String) {
        self.warnings.push(Warning { offset: place.start().to_u32(), message });
    }

    /// `is` with a literal.
    pub(super) fn suspect_comparison(&mut self, comparison: &ast::ExprCompare) {
        let mut left = &*comparison.left;
        for (operator, right) in comparison.ops.iter().zip(&comparison.comparators) {
            let message = match operator {
                ast::CmpOp::Is => "\"is\" with a literal. Did you mean \"==\"?",
                ast::CmpOp::IsNot => "\"is not\" with a literal. Did you mean \"!=\"?",
                _ => "",
            };
            if !message.is_empty() && (is_value(left) || is_value(right)) {
                self.warn(comparison, message.to_owned());
                return;
            }
            left = right;
        }
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
fn is_value(expression: &ast::Expr) -> bool {
    match expression {
        ast::Expr::StringLiteral(_) | ast::Expr::BytesLiteral(_) | ast::Expr::NumberLiteral(_) => true,
        ast::Expr::UnaryOp(operation) => {
            !matches!(operation.op, ast::UnaryOp::Not) && matches!(&*operation.operand, ast::Expr::NumberLiteral(_))
        }
        ast::Expr::Tuple(tuple) => tuple.elts.iter().all(|item| is_value(item) || is_single(item)),
        _ => false,
    }
}

fn is_single(expression: &ast::Expr) -> bool {
    expression.is_none_literal_expr() || expression.is_boolean_literal_expr() || expression.is_ellipsis_literal_expr()
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
