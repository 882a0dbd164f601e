//! `round`: to an int, or to decimal digits, halves to even.

use dashu_int::ops::{BitTest, DivRem};
use dashu_int::{IBig, Sign, UBig};

use super::float_text::Decimal;
use super::iterate::to_index;
use super::numbers::{Limbs, as_float, as_integer};
use super::percent_format::float_to_integer;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// `round(number)` or `round(number, digits)`.
pub fn round(vm: &mut Vm, number: Value, digits: Option<Value>) -> Outcome {
    if let Some(integer) = as_integer(number) {
        return match digits {
            None => Ok(integer),
            Some(digits) => {
                let digits = to_index(vm, digits)?;
                round_integer(vm, integer, digits)
            }
        };
    }
    let Some(x) = as_float(number) else {
        let name = vm.type_name(number);
        return Err(vm.type_error(format!("type {name} doesn't define __round__ method")));
    };
    match digits {
        None => float_to_integer(vm, x.round_ties_even()),
        Some(digits) => {
            let digits = to_index(vm, digits)?;
            round_float(vm, x, digits)
        }
    }
}

fn round_integer(vm: &mut Vm, integer: Value, digits: i64) -> Outcome {
    if digits >= 0 {
        return Ok(integer);
    }
    let mut buffer = [0];
    let number = Limbs::of(integer, &mut buffer);
    // More zeros than the number has digits.
    if digits.unsigned_abs() > number.bit_length() / 3 + 2 {
        return Ok(Value::from_fixnum(0));
    }
    let (sign, magnitude) = number.to_ibig().into_parts();
    let unit = UBig::from(10_u8).pow(digits.unsigned_abs() as usize);
    let (mut quotient, remainder) = magnitude.div_rem(&unit);
    let odd = quotient.bit(0);
    let twice = remainder << 1;
    if twice > unit || (twice == unit && odd) {
        quotient += 1_u8;
    }
    let result = IBig::from(quotient * unit);
    vm.integer_big(&if sign == Sign::Negative { -result } else { result })
}

fn round_float(vm: &mut Vm, x: f64, digits: i64) -> Outcome {
    // Beyond these the result is the number itself, or a zero.
    if !x.is_finite() || x == 0.0 || digits > 323 {
        return Ok(vm.float(x));
    }
    let exponent = i64::from(Decimal::shortest(x).point) - 1;
    let kept = exponent + 1 + digits;
    let magnitude = if kept >= 1 {
        // So many significant digits, rounded exactly. More than 800 are never needed.
        format!("{:.*e}", (kept as usize).min(800) - 1, x.abs())
    } else if kept == 0 && is_above_half(x) {
        format!("1e{}", -digits)
    } else {
        "0".to_owned()
    };
    let result = magnitude.parse::<f64>().expect("a float in decimal notation");
    if result.is_infinite() {
        return Err(vm.overflow_error("rounded value too large to represent"));
    }
    Ok(vm.float(result.copysign(x)))
}

/// `x`, whose first digit stands for so many of the unit below the one rounded to, is more than half of that.
fn is_above_half(x: f64) -> bool {
    let exact = format!("{:.800e}", x.abs());
    exact.split('e').next().is_some_and(|mantissa| mantissa.trim_end_matches('0') > "5.")
}
