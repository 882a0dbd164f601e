//! Python's arithmetic operators: which code handles which operand types, and the errors for the others.

use super::dispatch;
use super::numbers::{as_float, as_integer, bool_to_int};
use super::object::ShapeId;
use super::value::Value;
use super::vm::{Outcome, Vm};
use super::{bigint, operators_number, operators_sequence, percent_format};

macro_rules! binary_operators {
    ($($(#[doc = $doc:literal])+ $name:ident $function:ident $symbol:literal $augmented:literal;)*) => {
        /// A binary arithmetic operator.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Binary { $($name,)* }

        impl Binary {
            pub const ALL: [Binary; Binary::COUNT] = [$(Binary::$name,)*];
            pub const COUNT: usize = [$(Binary::$name,)*].len();
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
    /// `a @ b`, or `a @= b`.
    MatMul matrix_multiply "@" "@=";
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
    if a.is_int() && b.is_int() && op != Binary::MatMul {
        return operators_number::fixnums(vm, op, a.as_fixnum(), b.as_fixnum());
    }
    if a.is_instance() || b.is_instance() {
        if op == Binary::BitOr
            && let Some(union) = super::aliases::union_of(vm, a, b)
        {
            return union;
        }
        // A str formats whatever is no str of a subclass, which alone may come first with its `__rmod__`.
        if op == Binary::Mod && a.is_str() && !a.is_instance() && !b.has_layout(ShapeId::STR) {
            return percent_format::format(vm, a, b);
        }
        return dispatch::binary(vm, op, a, b, augmented);
    }
    match native(vm, op, a, b, augmented) {
        Some(result) => result,
        None => Err(unsupported(vm, op, a, b, augmented)),
    }
}

/// A binary operator as the builtin layouts of the operands give it; `None` if they have no such operator.
pub fn native(vm: &mut Vm, op: Binary, a: Value, b: Value, augmented: bool) -> Option<Outcome> {
    if op == Binary::MatMul {
        return None;
    }
    let before = vm.perf.enter_binary(op, a, b);
    let result = of_layouts(vm, op, a, b, augmented);
    vm.perf.leave_operation(before);
    result
}

#[inline]
fn of_layouts(vm: &mut Vm, op: Binary, a: Value, b: Value, augmented: bool) -> Option<Outcome> {
    if let Some(result) = operators_sequence::usual(vm, op, a, b, augmented) {
        return Some(result);
    }
    if let (Some(x), Some(y)) = (as_integer(a), as_integer(b)) {
        if a.is_bool() && b.is_bool() {
            let (p, q) = (a == Value::TRUE, b == Value::TRUE);
            match op {
                Binary::BitAnd => return Some(Ok(Value::from_bool(p & q))),
                Binary::BitOr => return Some(Ok(Value::from_bool(p | q))),
                Binary::BitXor => return Some(Ok(Value::from_bool(p ^ q))),
                _ => {}
            }
        }
        return Some(operators_number::integers(vm, op, x, y));
    }
    if is_number(a) && is_number(b) {
        return operators_number::floats(vm, op, a, b);
    }
    if let Some(result) = super::complex::binary(vm, op, a, b) {
        return Some(result);
    }
    if op == Binary::Mod && a.is_str() {
        return Some(percent_format::format(vm, a, b));
    }
    if op == Binary::Mod && super::bytes::is_any_bytes(a) {
        let new = percent_format::format_bytes(vm, super::bytes::data(a), b);
        return Some(new.and_then(|new| vm.bytes_like(a, &new)));
    }
    if op == Binary::BitOr
        && let Some(union) = super::aliases::native_union(vm, a, b)
    {
        return Some(union);
    }
    operators_sequence::binary(vm, op, a, b, augmented)
}

/// The operator of an arithmetic instruction.
pub const fn of_bytecode(op: crate::bytecode::Op) -> Option<Binary> {
    use crate::bytecode::Op;
    Some(match op {
        Op::Add => Binary::Add,
        Op::Sub => Binary::Sub,
        Op::Mul => Binary::Mul,
        Op::TrueDiv => Binary::TrueDiv,
        Op::FloorDiv => Binary::FloorDiv,
        Op::Mod => Binary::Mod,
        Op::Pow => Binary::Pow,
        Op::MatMul => Binary::MatMul,
        Op::LeftShift => Binary::LeftShift,
        Op::RightShift => Binary::RightShift,
        Op::BitAnd => Binary::BitAnd,
        Op::BitOr => Binary::BitOr,
        Op::BitXor => Binary::BitXor,
        _ => return None,
    })
}

/// TypeError of a binary operator.
#[cold]
pub fn unsupported(vm: &mut Vm, op: Binary, a: Value, b: Value, augmented: bool) -> super::vm::Raised {
    let (symbol, left, right) = (op.symbol(augmented), vm.type_name(a), vm.type_name(b));
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
    if a.is_instance()
        && let Some(result) = dispatch::unary(vm, op, a)?
    {
        return Ok(result);
    }
    native_unary(vm, op, a)
}

/// A unary operator as the builtin layout of the operand gives it.
pub fn native_unary(vm: &mut Vm, op: Unary, a: Value) -> Outcome {
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
    if super::complex::is_complex(a) && op != Unary::Invert {
        if op == Unary::Plus && !a.is_instance() {
            return Ok(a);
        }
        let value = super::complex::parts_of(a);
        return Ok(vm.complex(if op == Unary::Plus { value } else { value.negated() }));
    }
    let (symbol, name) = (op.symbol(), vm.type_name(a));
    Err(vm.type_error(format!("bad operand type for unary {symbol}: '{name}'")))
}

/// `bool(a)`.
#[inline]
pub fn truth(vm: &mut Vm, a: Value) -> Outcome<bool> {
    Ok(match a {
        Value::TRUE => true,
        Value::FALSE | Value::NONE => false,
        _ if a.is_int() => a.as_fixnum() != 0,
        _ if a.is_float() => a.as_float() != 0.0,
        _ if a.is_instance() => return dispatch::truth(vm, a),
        _ => native_truth(a),
    })
}

/// The truth of a value as its builtin layout gives it; runs no code of the program.
pub fn native_truth(a: Value) -> bool {
    if let Some(x) = as_float(a) {
        return x != 0.0;
    }
    if let Some(integer) = as_integer(a) {
        return integer != Value::from_fixnum(0);
    }
    match a.layout() {
        ShapeId::STR => !super::strings::text(a).is_empty(),
        ShapeId::LIST | ShapeId::TUPLE => !super::sequences::items(a).is_empty(),
        ShapeId::BYTES | ShapeId::BYTEARRAY => !super::bytes::data(a).is_empty(),
        ShapeId::COMPLEX => super::complex::parts_of(a) != super::complex::parts(0.0, 0.0),
        ShapeId::MEMORYVIEW => super::memory_view::fields(a).length != 0,
        _ if super::dict_views::is_table(a) => super::dict_views::length(a) != 0,
        ShapeId::LONG_RANGE => !super::long_range::is_empty(a),
        ShapeId::RANGE => super::sequences::range_length(super::sequences::range_bounds(a)) != 0,
        _ => a != Value::NONE,
    }
}

/// `a is b`. Boxed numbers compare by value, as immediate ones do.
pub fn is_same(a: Value, b: Value) -> bool {
    a == b
}

/// `not a`.
pub fn not(vm: &mut Vm, a: Value) -> Outcome {
    Ok(Value::from_bool(!truth(vm, a)?))
}

/// Absolute value, for `abs`.
pub fn absolute(vm: &mut Vm, a: Value) -> Outcome {
    let name = vm.names.abs;
    if a.is_instance()
        && let Some(result) = vm.try_special(a, name, &[])?
    {
        return Ok(result);
    }
    native_absolute(vm, a)
}

/// `abs` as the builtin layout of the operand gives it.
pub fn native_absolute(vm: &mut Vm, a: Value) -> Outcome {
    if let Some(x) = as_float(a) {
        return Ok(vm.float(x.abs()));
    }
    if super::complex::is_complex(a) {
        let value = super::complex::parts_of(a);
        let result = value.abs();
        if result.is_infinite() && value.real.is_finite() && value.imaginary.is_finite() {
            return Err(vm.overflow_error("absolute value too large"));
        }
        return Ok(vm.float(result));
    }
    let Some(x) = as_integer(a) else {
        let name = vm.type_name(a);
        return Err(vm.type_error(format!("bad operand type for abs(): '{name}'")));
    };
    let negative = if x.is_int() { x.as_fixnum() < 0 } else { super::numbers::Limbs::of_big(x).negative };
    if negative { negate(vm, x) } else { Ok(bool_to_int(x)) }
}
