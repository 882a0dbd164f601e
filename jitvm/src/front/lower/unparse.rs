//! Expressions back to text, as annotations that are kept as strings.

use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::span;
use crate::bytecode::Constant;

/// The text of an expression.
pub(super) fn unparse(text: &str, expression: &ast::Expr) -> String {
    let span = span(expression.range());
    let text = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `repr` of a constant.
pub(super) fn constant_repr(constant: &Constant) -> String {
    match constant {
        Constant::None => "None".to_owned(),
        Constant::True => "True".to_owned(),
        Constant::False => "False".to_owned(),
        Constant::Ellipsis => "Ellipsis".to_owned(),
        Constant::Int(value) => value.to_string(),
        Constant::BigInt(digits) => digits.clone(),
        Constant::Float(value) => crate::runtime::float_text::repr(*value),
        Constant::Complex(_, imaginary) => format!("{imaginary}j"),
        Constant::Str(text) => string_repr(text),
        Constant::Surrogates(_) | Constant::Code(_) | Constant::FrozenSet(_) => String::new(),
        Constant::Bytes(bytes) => format!("b'{}'", bytes.escape_ascii()),
        Constant::Tuple(items) => {
            let items: Vec<String> = items.iter().map(constant_repr).collect();
            if let [item] = items.as_slice() { format!("({item},)") } else { format!("({})", items.join(", ")) }
        }
    }
}

fn string_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut result = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => result.push_str("\\\\"),
            '\n' => result.push_str("\\n"),
            '\t' => result.push_str("\\t"),
            '\r' => result.push_str("\\r"),
            character if character == quote => {
                result.push('\\');
                result.push(quote);
            }
            character => result.push(character),
        }
    }
    result.push(quote);
    result
}
