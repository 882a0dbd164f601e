//! Complex numbers: arithmetic as CPython computes it, text both ways.

use super::float_text;
use super::hash::hash;
use super::number_text::{is_space, parse_float_text};
use super::numbers::{as_f64, as_float, as_integer};
use super::object::{Complex, ShapeId};
use super::operators::Binary;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// Real and imaginary part.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Parts {
    pub real: f64,
    pub imaginary: f64,
}

pub const fn parts(real: f64, imaginary: f64) -> Parts {
    Parts { real, imaginary }
}

#[inline]
pub fn is_complex(value: Value) -> bool {
    value.has_layout(ShapeId::COMPLEX)
}

/// Of a complex object.
pub fn parts_of(value: Value) -> Parts {
    debug_assert!(is_complex(value));
    // SAFETY: the caller passes a complex.
    let complex = unsafe { &*value.object::<Complex>() };
    parts(complex.real, complex.imaginary)
}

/// Any number as a complex; OverflowError for ints beyond floats. `None` for what is no number.
pub fn as_complex(vm: &mut Vm, value: Value) -> Outcome<Option<Parts>> {
    if is_complex(value) {
        return Ok(Some(parts_of(value)));
    }
    if let Some(x) = as_f64(value) {
        return Ok(Some(parts(x, 0.0)));
    }
    if as_integer(value).is_some() {
        return Err(vm.overflow_error("int too large to convert to float"));
    }
    Ok(None)
}

impl Vm {
    pub fn complex(&mut self, value: Parts) -> Value {
        let object = self.allocate(size_of::<Complex>(), ShapeId::COMPLEX).cast::<Complex>();
        // SAFETY: the allocation has room for a `Complex`.
        unsafe {
            (*object).real = value.real;
            (*object).imaginary = value.imaginary;
        }
        Value::of(object)
    }
}

impl Parts {
    pub fn plus(self, other: Parts) -> Parts {
        parts(self.real + other.real, self.imaginary + other.imaginary)
    }

    pub fn minus(self, other: Parts) -> Parts {
        parts(self.real - other.real, self.imaginary - other.imaginary)
    }

    pub fn times(self, other: Parts) -> Parts {
        parts(
            self.real * other.real - self.imaginary * other.imaginary,
            self.real * other.imaginary + self.imaginary * other.real,
        )
    }

    /// `None` for a division by zero.
    pub fn over(self, other: Parts) -> Option<Parts> {
        // Smith's way: divide by the larger part of the divisor.
        if other.real.abs() >= other.imaginary.abs() {
            if other.real.abs() == 0.0 {
                return None;
            }
            let ratio = other.imaginary / other.real;
            let denominator = other.real + other.imaginary * ratio;
            return Some(parts(
                (self.real + self.imaginary * ratio) / denominator,
                (self.imaginary - self.real * ratio) / denominator,
            ));
        }
        if other.imaginary.abs() >= other.real.abs() {
            let ratio = other.real / other.imaginary;
            let denominator = other.real * ratio + other.imaginary;
            return Some(parts(
                (self.real * ratio + self.imaginary) / denominator,
                (self.imaginary * ratio - self.real) / denominator,
            ));
        }
        Some(parts(f64::NAN, f64::NAN))
    }

    pub fn negated(self) -> Parts {
        parts(-self.real, -self.imaginary)
    }

    pub fn abs(self) -> f64 {
        self.real.hypot(self.imaginary)
    }

    fn is_infinite(self) -> bool {
        self.real.is_infinite() || self.imaginary.is_infinite()
    }
}

enum PowerError {
    ZeroBase,
    Overflow,
}

fn power(base: Parts, exponent: Parts) -> Result<Parts, PowerError> {
    let whole = exponent.imaginary == 0.0 && exponent.real == exponent.real.floor() && exponent.real.abs() <= 100.0;
    let result = if whole {
        whole_power(base, exponent.real as i64)?
    } else if exponent.real == 0.0 && exponent.imaginary == 0.0 {
        parts(1.0, 0.0)
    } else if base.real == 0.0 && base.imaginary == 0.0 {
        if exponent.imaginary != 0.0 || exponent.real < 0.0 {
            return Err(PowerError::ZeroBase);
        }
        parts(0.0, 0.0)
    } else {
        let magnitude = base.abs();
        let mut length = magnitude.powf(exponent.real);
        let angle = base.imaginary.atan2(base.real);
        let mut phase = angle * exponent.real;
        if exponent.imaginary != 0.0 {
            length /= (angle * exponent.imaginary).exp();
            phase += exponent.imaginary * magnitude.ln();
        }
        // As the C library has it: there is no cosine of an infinity.
        if phase.is_infinite() {
            return Err(PowerError::ZeroBase);
        }
        parts(length * phase.cos(), length * phase.sin())
    };
    let overflow = result.is_infinite() && !base.is_infinite() && !exponent.is_infinite();
    if overflow { Err(PowerError::Overflow) } else { Ok(result) }
}

fn whole_power(base: Parts, exponent: i64) -> Result<Parts, PowerError> {
    let one = parts(1.0, 0.0);
    let (mut result, mut square, mut left) = (one, base, exponent.unsigned_abs());
    while left > 0 {
        if left & 1 == 1 {
            result = result.times(square);
        }
        square = square.times(square);
        left >>= 1;
    }
    if exponent > 0 { Ok(result) } else { one.over(result).ok_or(PowerError::ZeroBase) }
}

/// Arithmetic where one operand is complex; `None`: the other is no number, or there is no such operator.
pub fn binary(vm: &mut Vm, op: Binary, a: Value, b: Value) -> Option<Outcome> {
    if !is_complex(a) && !is_complex(b) {
        return None;
    }
    if !matches!(op, Binary::Add | Binary::Sub | Binary::Mul | Binary::TrueDiv | Binary::Pow) {
        return None;
    }
    let mut operand = |value| match as_complex(vm, value) {
        Ok(None) => Err(None),
        Ok(Some(value)) => Ok(value),
        Err(raised) => Err(Some(Err(raised))),
    };
    let (x, y) = match (operand(a), operand(b)) {
        (Ok(x), Ok(y)) => (x, y),
        (Err(None), _) | (_, Err(None)) => return None,
        (Err(failed), _) | (_, Err(failed)) => return failed,
    };
    let result = match op {
        Binary::Add => x.plus(y),
        Binary::Sub => x.minus(y),
        Binary::Mul => x.times(y),
        Binary::TrueDiv => match x.over(y) {
            Some(quotient) => quotient,
            None => return Some(Err(vm.zero_division_error("complex division by zero"))),
        },
        _ => match power(x, y) {
            Ok(result) => result,
            Err(PowerError::ZeroBase) => {
                return Some(Err(vm.zero_division_error("0.0 to a negative or complex power")));
            }
            Err(PowerError::Overflow) => return Some(Err(vm.overflow_error("complex exponentiation"))),
        },
    };
    Some(Ok(vm.complex(result)))
}

/// `(-x) ** y` for floats whose result is no real number.
pub fn power_of_negative(vm: &mut Vm, base: f64, exponent: f64) -> Outcome {
    match power(parts(base, 0.0), parts(exponent, 0.0)) {
        Ok(result) => Ok(vm.complex(result)),
        Err(PowerError::ZeroBase) => Err(vm.zero_division_error("0.0 to a negative or complex power")),
        Err(PowerError::Overflow) => Err(vm.overflow_error("complex exponentiation")),
    }
}

/// `a == b` where one is complex.
pub fn equal(vm: &mut Vm, a: Value, b: Value) -> Outcome<bool> {
    if is_complex(a) && is_complex(b) {
        return Ok(parts_of(a) == parts_of(b));
    }
    let (complex, other) = if is_complex(a) { (a, b) } else { (b, a) };
    let Parts { real, imaginary } = parts_of(complex);
    if as_float(other).is_none() && as_integer(other).is_none() {
        return Ok(false);
    }
    // An int is compared exactly.
    let real = vm.float(real);
    Ok(imaginary == 0.0 && super::compare::equal(vm, real, other)?)
}

/// `hash(value)` of a complex.
pub fn hash_of(vm: &mut Vm, value: Value) -> Outcome<i64> {
    let Parts { real, imaginary } = parts_of(value);
    let (real, imaginary) = (vm.float(real), vm.float(imaginary));
    let sum = hash(vm, real)?.wrapping_add(hash(vm, imaginary)?.wrapping_mul(1_000_003));
    Ok(if sum == -1 { -2 } else { sum })
}

/// `repr` of a float without a fraction of zero.
pub(super) fn short(x: f64) -> String {
    let text = float_text::repr(x);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// `repr` of a complex.
pub fn repr(value: Parts) -> String {
    let imaginary = short(value.imaginary);
    if value.real == 0.0 && value.real.is_sign_positive() {
        return format!("{imaginary}j");
    }
    let sign = if imaginary.starts_with('-') { "" } else { "+" };
    format!("({}{sign}{imaginary}j)", short(value.real))
}

/// `complex(text)`.
pub fn parse(vm: &mut Vm, source: &str) -> Outcome<Parts> {
    let trimmed = source.trim_matches(is_space);
    let inner = match trimmed.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => inner.trim_matches(is_space),
        None => trimmed,
    };
    match parse_parts(inner) {
        Some(value) => Ok(value),
        None => Err(vm.value_error("complex() arg is a malformed string")),
    }
}

fn parse_parts(text: &str) -> Option<Parts> {
    let Some(body) = text.strip_suffix(['j', 'J']) else { return Some(parts(parse_float_text(text)?, 0.0)) };
    // The sign of the imaginary part: the last one that is not of an exponent.
    let bytes = body.as_bytes();
    let split = (1..bytes.len())
        .rev()
        .find(|&at| matches!(bytes[at], b'+' | b'-') && !matches!(bytes[at - 1], b'e' | b'E'))
        .unwrap_or(0);
    let (real, imaginary) = body.split_at(split);
    let imaginary = match imaginary {
        "" | "+" => 1.0,
        "-" => -1.0,
        _ => parse_float_text(imaginary)?,
    };
    let real = if real.is_empty() { 0.0 } else { parse_float_text(real)? };
    Some(parts(real, imaginary))
}
