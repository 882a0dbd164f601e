//! Arithmetic on ints and floats with Python's rounding, signs and errors.

use super::bigint;
use super::numbers::{Limbs, as_f64};
use super::operators::Binary;
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};

/// An operator on two fixnums.
pub fn fixnums(vm: &mut Vm, op: Binary, a: i64, b: i64) -> Outcome {
    match op {
        // Sums of 62-bit integers fit 64 bits.
        Binary::Add => Ok(vm.integer(a + b)),
        Binary::Sub => Ok(vm.integer(a - b)),
        Binary::Mul => Ok(vm.integer_wide(i128::from(a) * i128::from(b))),
        Binary::BitAnd => Ok(Value::from_fixnum(a & b)),
        Binary::BitOr => Ok(Value::from_fixnum(a | b)),
        Binary::BitXor => Ok(Value::from_fixnum(a ^ b)),
        Binary::FloorDiv | Binary::Mod | Binary::TrueDiv if b == 0 => Err(integer_division_by_zero(vm, op)),
        Binary::FloorDiv => Ok(vm.integer(floor_divide(a, b))),
        Binary::Mod => Ok(Value::from_fixnum(floor_modulo(a, b))),
        Binary::LeftShift if (0..64).contains(&b) => Ok(vm.integer_wide(i128::from(a) << b)),
        Binary::RightShift if b >= 0 => Ok(Value::from_fixnum(a >> b.min(63))),
        Binary::Pow if (0..64).contains(&b) => match small_power(a, b as u32) {
            Some(result) => Ok(vm.integer_wide(result)),
            None => integers(vm, op, Value::from_fixnum(a), Value::from_fixnum(b)),
        },
        _ => {
            let (a, b) = (Value::from_fixnum(a), Value::from_fixnum(b));
            let before = vm.perf.enter_binary(op, a, b);
            let result = integers(vm, op, a, b);
            vm.perf.leave_operation(before);
            result
        }
    }
}

/// Quotient rounded down; `b` is not 0 and the result fits (fixnum operands).
pub fn floor_divide(a: i64, b: i64) -> i64 {
    let quotient = a / b;
    if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
}

/// Remainder with the sign of `b`, which is not 0.
pub fn floor_modulo(a: i64, b: i64) -> i64 {
    let remainder = a % b;
    if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder }
}

fn small_power(base: i64, exponent: u32) -> Option<i128> {
    i128::from(base).checked_pow(exponent)
}

fn integer_division_by_zero(vm: &mut Vm, op: Binary) -> Raised {
    vm.zero_division_error(match op {
        Binary::FloorDiv => "integer division or modulo by zero",
        Binary::Mod => "integer modulo by zero",
        _ => "division by zero",
    })
}

/// An operator on two ints of any size.
pub fn integers(vm: &mut Vm, op: Binary, a: Value, b: Value) -> Outcome {
    let (mut left, mut right) = ([0], [0]);
    let (x, y) = (Limbs::of(a, &mut left), Limbs::of(b, &mut right));
    match op {
        Binary::Add => bigint::add(vm, x, y, false),
        Binary::Sub => bigint::add(vm, x, y, true),
        Binary::Mul => bigint::multiply(vm, x, y),
        Binary::BitAnd => bigint::bitwise(vm, x, y, |p, q| p & q),
        Binary::BitOr => bigint::bitwise(vm, x, y, |p, q| p | q),
        Binary::BitXor => bigint::bitwise(vm, x, y, |p, q| p ^ q),
        Binary::FloorDiv | Binary::Mod | Binary::TrueDiv if y.limbs.is_empty() => Err(integer_division_by_zero(vm, op)),
        Binary::FloorDiv => bigint::floor_divide(vm, x, y),
        Binary::Mod => Ok(bigint::divide(vm, x, y)?.1),
        Binary::TrueDiv => match bigint::true_divide(x, y) {
            Some(quotient) => Ok(vm.float(quotient)),
            None => Err(vm.overflow_error("integer division result too large for a float")),
        },
        Binary::LeftShift | Binary::RightShift if y.negative => Err(vm.value_error("negative shift count")),
        Binary::LeftShift => bigint::shift_left(vm, x, y),
        Binary::RightShift => bigint::shift_right(vm, x, y),
        Binary::Pow if y.negative => {
            let (base, exponent) = (to_float(vm, a)?, to_float(vm, b)?);
            float_power(vm, base, exponent)
        }
        Binary::MatMul => unreachable!("no number has it: operators::binary refuses it first"),
        Binary::Pow => bigint::power(vm, x, y),
    }
}

fn to_float(vm: &mut Vm, value: Value) -> Outcome<f64> {
    match as_f64(value) {
        Some(x) => Ok(x),
        None => Err(vm.overflow_error("int too large to convert to float")),
    }
}

/// An operator on two numbers of which one is a float; `None` if floats do not have it.
pub fn floats(vm: &mut Vm, op: Binary, a: Value, b: Value) -> Option<Outcome> {
    use Binary::{BitAnd, BitOr, BitXor, LeftShift, RightShift};
    if matches!(op, BitAnd | BitOr | BitXor | LeftShift | RightShift) {
        return None;
    }
    let (x, y) = match (to_float(vm, a), to_float(vm, b)) {
        (Ok(x), Ok(y)) => (x, y),
        (Err(raised), _) | (_, Err(raised)) => return Some(Err(raised)),
    };
    let result = match op {
        Binary::Add => x + y,
        Binary::Sub => x - y,
        Binary::Mul => x * y,
        Binary::TrueDiv if y == 0.0 => return Some(Err(vm.zero_division_error("float division by zero"))),
        Binary::FloorDiv if y == 0.0 => return Some(Err(vm.zero_division_error("float floor division by zero"))),
        Binary::Mod if y == 0.0 => return Some(Err(vm.zero_division_error("float modulo"))),
        Binary::TrueDiv => x / y,
        Binary::FloorDiv => float_divide(x, y).0,
        Binary::Mod => float_divide(x, y).1,
        _ => return Some(float_power(vm, x, y)),
    };
    Some(Ok(vm.float(result)))
}

/// Floor quotient and remainder of floats; `y` is not 0.
pub fn float_divide(x: f64, y: f64) -> (f64, f64) {
    let mut remainder = x % y;
    let mut quotient = (x - remainder) / y;
    if remainder == 0.0 {
        remainder = 0f64.copysign(y);
    } else if (y < 0.0) != (remainder < 0.0) {
        remainder += y;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0f64.copysign(x / y), remainder);
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, remainder)
}

/// `x ** y` with the special cases C leaves to the platform.
pub fn float_power(vm: &mut Vm, x: f64, y: f64) -> Outcome {
    if y == 0.0 || x == 1.0 {
        return Ok(vm.float(1.0));
    }
    if x.is_nan() || y.is_nan() {
        return Ok(vm.float(if x.is_nan() { x } else { y }));
    }
    if x == 0.0 && y < 0.0 && y.is_finite() {
        return Err(vm.zero_division_error("0.0 cannot be raised to a negative power"));
    }
    if x < 0.0 && x.is_finite() && y.is_finite() && y.fract() != 0.0 {
        return super::complex::power_of_negative(vm, x, y);
    }
    let result = x.powf(y);
    if result.is_infinite() && x.is_finite() && y.is_finite() {
        return Err(raise_range_error(vm));
    }
    Ok(vm.float(result))
}

/// What C's ERANGE becomes.
pub fn raise_range_error(vm: &mut Vm) -> Raised {
    let message = vm.str("Numerical result out of range");
    vm.raise_with(TypeId::OVERFLOW_ERROR, &[Value::from_fixnum(i64::from(libc::ERANGE)), message])
}
