//! Python's arithmetic operators: which code handles which operand types, and the errors for the others.

use super::numbers::{as_float, as_integer, bool_to_int};
use super::object::ShapeId;
use super::types::type_name;
use super::value::Value;
use super::vm::{Outcome, Vm};
use super::{bigint, operators_number, operators_sequence, percent_format};

macro_rules! binary_operators {
    ($($(#[doc = $doc:literal])+ $name:ident $function:ident $symbol:literal $augmented:literal;)*) => {
        /// A binary arithmetic operator.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Binary { $($name,)* }

        impl Binary {
            /// As error messages name it.
            pub const fn symbol(self, augmented: bool) -> &'static str {
                match (self, augmented) { $((Binary::$name, false) => $symbol, (Binary::$name, true) => $augmented,)* }
            }
        }

        $($(#[doc = $doc])+
        pub fn $function(vm: &mut Vm, a: Value, b: Value, augmented: bool) -> Outcome {
            binary(vm, Binary::$name, a, b, augmented)
        })*
    };
}

binary_operators! {
    /// `a + b`, or `a += b`.
    Add add_slowly "+" "+=";
    /// `a - b`, or `a -= b`.
    Sub sub_slowly "-" "-=";
    /// `a * b`, or `a *= b`.
    Mul mul_slowly "*" "*=";
    /// `a / b`, or `a /= b`.
    TrueDiv true_divide "/" "/=";
    /// `a // b`, or `a //= b`.
    FloorDiv floor_divide "//" "//=";
    /// `a % b`, or `a %= b`.
    Mod modulo "%" "%=";
    /// `a ** b`, or `a **= b`.
    Pow power "** or pow()" "**=";
    /// `a << b`, or `a <<= b`.
    LeftShift left_shift "<<" "<<=";
    /// `a >> b`, or `a >>= b`.
    RightShift right_shift ">>" ">>=";
    /// `a & b`, or `a &= b`.
    BitAnd bit_and "&" "&=";
    /// `a | b`, or `a |= b`.
    BitOr bit_or "|" "|=";
    /// `a ^ b`, or `a ^= b`.
    BitXor bit_xor "^" "^=";
}

/// `a + b`, or `a += b`.
#[inline]
pub fn add(vm: &mut Vm, a: Value, b: Value, augmented: bool) -> Outcome {
    if a.is_int() && b.is_int() {
        // Fixnums are tagged with zeros, so the tagged sum is the tagged words' sum, and overflow the range check.
        if let Some(sum) = (a.0 as i64).checked_add(b.0 as i64) {
            return Ok(Value(sum as u64));
        }
    } else if a.is_float() && b.is_float() {
        return Ok(vm.float(a.as_float() + b.as_float()));
    } else if let Some(sum) = bigint::near_sum(vm, a, b, false) {
        return Ok(sum);
    }
    add_slowly(vm, a, b, augmented)
}

/// `a - b`, or `a -= b`.
#[inline]
pub fn sub(vm: &mut Vm, a: Value, b: Value, augmented: bool) -> Outcome {
    if a.is_int() && b.is_int() {
        if let Some(difference) = (a.0 as i64).checked_sub(b.0 as i64) {
            return Ok(Value(difference as u64));
        }
    } else if a.is_float() && b.is_float() {
        return Ok(vm.float(a.as_float() - b.as_float()));
    } else if let Some(difference) = bigint::near_sum(vm, a, b, true) {
        return Ok(difference);
    }
    sub_slowly(vm, a, b, augmented)
}

/// `a * b`, or `a *= b`.
#[inline]
pub fn mul(vm: &mut Vm, a: Value, b: Value, augmented: bool) -> Outcome {
    if a.is_int() && b.is_int() {
        if let Some(product) = a.as_fixnum().checked_mul(b.0 as i64) {
            return Ok(Value(product as u64));
        }
    } else if a.is_float() && b.is_float() {
        return Ok(vm.float(a.as_float() * b.as_float()));
    }
    mul_slowly(vm, a, b, augmented)
}

/// Any binary operator; `augmented` is the in-place form, which changes lists in place and words errors its own way.
pub fn binary(vm: &mut Vm, op: Binary, a: Value, b: Value, augmented: bool) -> Outcome {
    if a.is_int() && b.is_int() {
        return operators_number::fixnums(vm, op, a.as_fixnum(), b.as_fixnum());
    }
    if let (Some(x), Some(y)) = (as_integer(a), as_integer(b)) {
        if a.is_bool() && b.is_bool() {
            let (p, q) = (a == Value::TRUE, b == Value::TRUE);
            match op {
                Binary::BitAnd => return Ok(Value::from_bool(p & q)),
                Binary::BitOr => return Ok(Value::from_bool(p | q)),
                Binary::BitXor => return Ok(Value::from_bool(p ^ q)),
                _ => {}
            }
        }
        return operators_number::integers(vm, op, x, y);
    }
    if is_number(a) && is_number(b) {
        if let Some(result) = operators_number::floats(vm, op, a, b) {
            return result;
        }
    } else if op == Binary::Mod && a.is_str() {
        return percent_format::format(vm, a, b);
    } else if let Some(result) = operators_sequence::binary(vm, op, a, b, augmented) {
        return result;
    }
    Err(unsupported(vm, op, a, b, augmented))
}

#[cold]
fn unsupported(vm: &mut Vm, op: Binary, a: Value, b: Value, augmented: bool) -> super::vm::Raised {
    let (symbol, left, right) = (op.symbol(augmented), type_name(a), type_name(b));
    vm.type_error(format!("unsupported operand type(s) for {symbol}: '{left}' and '{right}'"))
}

fn is_number(value: Value) -> bool {
    as_float(value).is_some() || as_integer(value).is_some()
}

macro_rules! unary_operators {
    ($($name:ident $function:ident $symbol:literal;)*) => {
        /// A unary arithmetic operator.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Unary { $($name,)* }

        impl Unary {
            pub const fn symbol(self) -> &'static str {
                match self { $(Unary::$name => $symbol,)* }
            }
        }

        $(pub fn $function(vm: &mut Vm, a: Value) -> Outcome {
            unary(vm, Unary::$name, a)
        })*
    };
}

unary_operators! {
    Negate negate "-";
    Plus plus "+";
    Invert invert "~";
}

pub fn unary(vm: &mut Vm, op: Unary, a: Value) -> Outcome {
    if let Some(x) = as_float(a) {
        match op {
            Unary::Negate => return Ok(vm.float(-x)),
            Unary::Plus => return Ok(a),
            Unary::Invert => {}
        }
    } else if let Some(x) = as_integer(a) {
        return match op {
            Unary::Plus => Ok(x),
            Unary::Negate => binary(vm, Binary::Sub, Value::from_fixnum(0), x, false),
            Unary::Invert => binary(vm, Binary::Sub, Value::from_fixnum(-1), x, false),
        };
    }
    let (symbol, name) = (op.symbol(), type_name(a));
    Err(vm.type_error(format!("bad operand type for unary {symbol}: '{name}'")))
}

/// `bool(a)`.
#[inline]
pub fn truth(a: Value) -> bool {
    match a {
        Value::TRUE => true,
        Value::FALSE | Value::NONE => false,
        _ if a.is_int() => a.as_fixnum() != 0,
        _ if a.is_float() => a.as_float() != 0.0,
        _ => truth_of_object(a),
    }
}

fn truth_of_object(a: Value) -> bool {
    match a.shape() {
        ShapeId::STR => !super::strings::text(a).is_empty(),
        ShapeId::LIST | ShapeId::TUPLE => !super::sequences::items(a).is_empty(),
        ShapeId::RANGE => super::sequences::range_length(super::sequences::range_bounds(a)) != 0,
        _ => true,
    }
}

/// `a is b`. Boxed numbers compare by value, as immediate ones do.
pub fn is_same(a: Value, b: Value) -> bool {
    a == b
}

/// `not a`.
pub fn not(a: Value) -> Value {
    Value::from_bool(!truth(a))
}

/// Absolute value, for `abs`.
pub fn absolute(vm: &mut Vm, a: Value) -> Outcome {
    if let Some(x) = as_float(a) {
        return Ok(vm.float(x.abs()));
    }
    let Some(x) = as_integer(a) else {
        let name = type_name(a);
        return Err(vm.type_error(format!("bad operand type for abs(): '{name}'")));
    };
    let negative = if x.is_int() { x.as_fixnum() < 0 } else { super::numbers::Limbs::of_big(x).negative };
    if negative { negate(vm, x) } else { Ok(bool_to_int(x)) }
}
