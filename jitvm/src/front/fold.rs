//! Folding of constant expressions, as CPython's compiler does where no one can tell the difference.

use super::hir::{Expression, ExpressionKind};
use crate::bytecode::{Constant, Op};

/// Longest string a repetition is folded to.
const LONGEST_STRING: usize = 4096;
/// Most items of a tuple that is.
const MOST_ITEMS: usize = 256;
/// Most bits of an int that CPython folds a product, power or shift to.
const MOST_BITS: u32 = 128;

/// Replaces an expression whose parts are constants by its value, where that is cheap and sure.
pub fn fold(kind: ExpressionKind) -> ExpressionKind {
    let folded = match &kind {
        ExpressionKind::Unary { operator, operand } => match &operand.kind {
            ExpressionKind::Constant(value) => unary(*operator, value),
            _ => return invert_comparison(kind),
        },
        ExpressionKind::Binary { operator, left, right } => match (&left.kind, &right.kind) {
            (ExpressionKind::Constant(left), ExpressionKind::Constant(right)) => binary(*operator, left, right),
            _ => None,
        },
        ExpressionKind::Tuple(items) => constant_items(items),
        ExpressionKind::Compare { .. } => return search_in_tuple(kind),
        _ => None,
    };
    folded.map_or(kind, ExpressionKind::Constant)
}

/// A list of constants that is only iterated over or searched is a constant tuple.
pub fn list_as_tuple(expression: &mut Expression) {
    if let ExpressionKind::List(items) = &expression.kind
        && let Some(tuple) = constant_items(items)
    {
        expression.kind = ExpressionKind::Constant(tuple);
    }
}

/// Truth of a constant.
pub fn truth(constant: &Constant) -> bool {
    match constant {
        Constant::None | Constant::False => false,
        Constant::True | Constant::Ellipsis | Constant::BigInt(_) | Constant::Code(_) => true,
        Constant::Int(value) => *value != 0,
        Constant::Float(value) => *value != 0.0,
        Constant::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
        Constant::Str(text) => !text.is_empty(),
        Constant::Surrogates(text) => !text.is_empty(),
        Constant::Bytes(bytes) => !bytes.is_empty(),
        Constant::Tuple(items) | Constant::FrozenSet(items) => !items.is_empty(),
    }
}

/// Whether `==` holds for two constants.
pub fn equal(left: &Constant, right: &Constant) -> bool {
    match (as_integer(left), as_integer(right)) {
        (Some(left), Some(right)) => left == right,
        _ => match (as_complex(left), as_complex(right)) {
            (Some(left), Some(right)) => left == right,
            _ => left == right,
        },
    }
}

fn constant_items(items: &[Expression]) -> Option<Constant> {
    let constant = |item: &Expression| match &item.kind {
        ExpressionKind::Constant(constant) => Some(constant.clone()),
        _ => None,
    };
    items.iter().map(constant).collect::<Option<_>>().map(Constant::Tuple)
}

/// `not a in b` is `a not in b`, and so for `is`; these give bools, so nothing else changes.
fn invert_comparison(kind: ExpressionKind) -> ExpressionKind {
    let ExpressionKind::Unary { operator: Op::Not, operand } = kind else { return kind };
    let Expression { kind: inner, span } = *operand;
    match inner {
        ExpressionKind::Compare { first, mut rest } if rest.len() == 1 && inverse(rest[0].0).is_some() => {
            rest[0].0 = inverse(rest[0].0).unwrap_or(rest[0].0);
            ExpressionKind::Compare { first, rest }
        }
        inner => ExpressionKind::Unary { operator: Op::Not, operand: Box::new(Expression { kind: inner, span }) },
    }
}

fn inverse(operator: Op) -> Option<Op> {
    match operator {
        Op::Is => Some(Op::IsNot),
        Op::IsNot => Some(Op::Is),
        Op::In => Some(Op::NotIn),
        Op::NotIn => Some(Op::In),
        _ => None,
    }
}

fn search_in_tuple(mut kind: ExpressionKind) -> ExpressionKind {
    if let ExpressionKind::Compare { rest, .. } = &mut kind
        && let [(Op::In | Op::NotIn, operand)] = rest.as_mut_slice()
    {
        list_as_tuple(operand);
    }
    kind
}

fn unary(operator: Op, value: &Constant) -> Option<Constant> {
    if operator == Op::Not {
        return Some(boolean(!truth(value)));
    }
    if let Constant::Float(value) = value {
        return match operator {
            Op::Negate => Some(Constant::Float(-value)),
            Op::Plus => Some(Constant::Float(*value)),
            _ => None,
        };
    }
    if let (Op::Negate, Constant::Complex(real, imaginary)) = (operator, value) {
        return Some(Constant::Complex(-real, -imaginary));
    }
    if let (Op::Negate, Constant::BigInt(digits)) = (operator, value) {
        let negated = digits.strip_prefix('-').map_or_else(|| format!("-{digits}"), str::to_owned);
        return Some(integer_from(&negated));
    }
    let value = as_integer(value)?;
    let result = match operator {
        Op::Negate => value.checked_neg()?,
        Op::Plus => value,
        Op::Invert => !value,
        _ => return None,
    };
    Some(integer(result))
}

fn binary(operator: Op, left: &Constant, right: &Constant) -> Option<Constant> {
    let bools = [left, right].iter().all(|c| matches!(c, Constant::True | Constant::False));
    if let (Some(left), Some(right)) = (as_integer(left), as_integer(right)) {
        let folded = integers(operator, left, right);
        // Logic on two bools gives a bool.
        return match folded {
            Some(Constant::Int(value)) if bools && matches!(operator, Op::BitAnd | Op::BitOr | Op::BitXor) => {
                Some(boolean(value != 0))
            }
            folded => folded,
        };
    }
    if let (Some(left), Some(right)) = (as_float(left), as_float(right)) {
        return floats(operator, left, right);
    }
    if let (Some((left, left_imaginary)), Some((right, right_imaginary))) = (as_complex(left), as_complex(right)) {
        return match operator {
            Op::Add => Some(Constant::Complex(left + right, left_imaginary + right_imaginary)),
            Op::Sub => Some(Constant::Complex(left - right, left_imaginary - right_imaginary)),
            _ => None,
        };
    }
    match (operator, left, right) {
        (Op::Add, Constant::Str(left), Constant::Str(right)) if left.len() + right.len() <= LONGEST_STRING => {
            Some(Constant::Str(format!("{left}{right}")))
        }
        (Op::Mul, Constant::Str(text), Constant::Int(count)) | (Op::Mul, Constant::Int(count), Constant::Str(text)) => {
            let count = usize::try_from((*count).max(0)).ok()?;
            let length = text.len().checked_mul(count)?;
            (length <= LONGEST_STRING).then(|| Constant::Str(text.repeat(count)))
        }
        (Op::Add, Constant::Bytes(left), Constant::Bytes(right)) => {
            Some(Constant::Bytes([left.as_slice(), right].concat()))
        }
        (Op::Add, Constant::Tuple(left), Constant::Tuple(right)) => {
            Some(Constant::Tuple([left.as_slice(), right].concat()))
        }
        (Op::Mul, Constant::Tuple(items), Constant::Int(count))
        | (Op::Mul, Constant::Int(count), Constant::Tuple(items)) => {
            let count = usize::try_from((*count).max(0)).ok()?;
            let length = items.len().checked_mul(count)?;
            (length <= MOST_ITEMS).then(|| Constant::Tuple(items.iter().cycle().take(length).cloned().collect()))
        }
        _ => None,
    }
}

/// Bits of a magnitude.
fn bits(value: i128) -> u32 {
    128 - value.unsigned_abs().leading_zeros()
}

/// What may be beyond 128 bits is left to the running program, as are errors.
fn integers(operator: Op, left: i128, right: i128) -> Option<Constant> {
    let result = match operator {
        Op::Add => left.checked_add(right)?,
        Op::Sub => left.checked_sub(right)?,
        Op::Mul if bits(left) + bits(right) > MOST_BITS => return None,
        Op::Mul => left.checked_mul(right)?,
        Op::FloorDiv => floor_division(left, right)?.0,
        Op::Mod => floor_division(left, right)?.1,
        Op::Pow if right < 0 => return floats(Op::Pow, left as f64, right as f64).filter(|_| is_exact(left)),
        Op::Pow => {
            let exponent = u32::try_from(right).ok()?;
            left.checked_pow(exponent).filter(|_| exponent == 0 || bits(left) <= MOST_BITS / exponent)?
        }
        Op::LeftShift => {
            let shift = u32::try_from(right).ok().filter(|&shift| shift < 127 && bits(left) <= MOST_BITS - shift)?;
            left.checked_mul(1i128 << shift)?
        }
        Op::RightShift => left >> u32::try_from(right).ok()?.min(127),
        Op::BitAnd => left & right,
        Op::BitOr => left | right,
        Op::BitXor => left ^ right,
        Op::TrueDiv => return exact_division(left, right),
        _ => return None,
    };
    Some(integer(result))
}

fn floor_division(left: i128, right: i128) -> Option<(i128, i128)> {
    let (quotient, remainder) = (left.checked_div(right)?, left.checked_rem(right)?);
    let down = remainder != 0 && (remainder < 0) != (right < 0);
    Some(if down { (quotient - 1, remainder + right) } else { (quotient, remainder) })
}

/// The float nearest to the quotient.
fn exact_division(left: i128, right: i128) -> Option<Constant> {
    let (dividend, divisor) = (left.unsigned_abs(), right.unsigned_abs());
    let (mut quotient, mut remainder) = (dividend.checked_div(divisor)?, dividend.checked_rem(divisor)?);
    // Two bits more than a float has, the last one for all that follows: then one rounding is all.
    let mut scale = 1.0;
    while dividend != 0 && quotient >> 55 == 0 {
        let doubled = remainder.checked_mul(2)?;
        let bit = doubled >= divisor;
        (quotient, remainder) = (quotient << 1 | u128::from(bit), doubled - if bit { divisor } else { 0 });
        scale /= 2.0;
    }
    let magnitude = (quotient | u128::from(remainder != 0)) as f64 * scale;
    Some(Constant::Float(if (left < 0) == (right < 0) { magnitude } else { -magnitude }))
}

/// Whether a float has the value.
fn is_exact(value: i128) -> bool {
    bits(value) < 127 && (value as f64) as i128 == value
}

fn floats(operator: Op, left: f64, right: f64) -> Option<Constant> {
    let result = match operator {
        Op::Add => left + right,
        Op::Sub => left - right,
        Op::Mul => left * right,
        Op::TrueDiv if right != 0.0 => left / right,
        Op::Pow if left > 0.0 && left.powf(right).is_finite() => left.powf(right),
        _ => return None,
    };
    Some(Constant::Float(result))
}

fn boolean(value: bool) -> Constant {
    if value { Constant::True } else { Constant::False }
}

fn integer(value: i128) -> Constant {
    i64::try_from(value).map_or_else(|_| Constant::BigInt(value.to_string()), Constant::Int)
}

fn integer_from(digits: &str) -> Constant {
    digits.parse().map_or_else(|_| Constant::BigInt(digits.to_owned()), Constant::Int)
}

fn as_integer(constant: &Constant) -> Option<i128> {
    match constant {
        Constant::Int(value) => Some(i128::from(*value)),
        Constant::True => Some(1),
        Constant::False => Some(0),
        Constant::BigInt(digits) => digits.parse().ok(),
        _ => None,
    }
}

fn as_complex(constant: &Constant) -> Option<(f64, f64)> {
    match constant {
        Constant::Complex(real, imaginary) => Some((*real, *imaginary)),
        constant => as_float(constant).map(|real| (real, 0.0)),
    }
}

fn as_float(constant: &Constant) -> Option<f64> {
    match constant {
        Constant::Float(value) => Some(*value),
        constant => as_integer(constant).map(|value| value as f64),
    }
}
