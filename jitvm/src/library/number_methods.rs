//! Methods of ints, floats and ranges.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::compare::{compare_integers, contains, equal};
use crate::runtime::float_text::not_finite;
use crate::runtime::numbers::{Limbs, as_float, as_integer, bool_to_int};
use crate::runtime::operators::{self, Binary};
use crate::runtime::percent_format::float_to_integer;
use crate::runtime::repr;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{iterate, long_range};

builtins! {
    INT of Owner::Type(TypeId::INT);
    "as_integer_ratio" Arity::Zero, integer_ratio, "The int itself over 1.";
    "bit_count" Arity::Zero, bit_count, "Number of ones of the magnitude.";
    "bit_length" Arity::Zero, bit_length, "Bits the magnitude takes.";
    "conjugate" Arity::Zero, conjugate, "The number itself.";
}

builtins! {
    FLOAT of Owner::Type(TypeId::FLOAT);
    "as_integer_ratio" Arity::Zero, float_ratio, "The exact quotient of two ints.";
    "conjugate" Arity::Zero, conjugate, "The number itself.";
    "hex" Arity::Zero, hex, "The float in hexadecimal.";
    "is_integer" Arity::Zero, is_integer, "True if there is no fraction.";
}

builtins! {
    SLICE of Owner::Type(TypeId::SLICE);
    "indices" Arity::One, slice_indices, "Start, stop and step for a sequence of a length.";
}

builtins! {
    RANGE of Owner::Type(TypeId::RANGE);
    "count" Arity::One, range_count, "1 if the value is in the range, else 0.";
    "index" Arity::One, range_index, "Where a value is found.";
}

fn receiver(arguments: Arguments) -> Value {
    bool_to_int(arguments.positional()[0])
}

/// The receiver as an exact int or float.
fn number(vm: &mut Vm, arguments: Arguments) -> Value {
    let value = receiver(arguments);
    match (as_integer(value), as_float(value)) {
        (Some(integer), _) => integer,
        (_, Some(x)) => vm.float(x),
        _ => value,
    }
}

fn conjugate(vm: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(number(vm, arguments))
}

fn integer_ratio(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = number(vm, arguments);
    vm.tuple(&[value, Value::from_fixnum(1)])
}

fn bit_length(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (value, mut buffer) = (number(vm, arguments), [0]);
    Ok(vm.integer(Limbs::of(value, &mut buffer).bit_length() as i64))
}

fn bit_count(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let mut buffer = [0];
    let limbs = Limbs::of(number(vm, arguments), &mut buffer).limbs;
    Ok(vm.integer(limbs.iter().map(|limb| i64::from(limb.count_ones())).sum()))
}

fn float_of(arguments: Arguments) -> f64 {
    as_float(arguments.positional()[0]).unwrap_or(f64::NAN)
}

fn is_integer(_: &mut Vm, arguments: Arguments) -> Outcome {
    let x = float_of(arguments);
    Ok(Value::from_bool(x.is_finite() && x.fract() == 0.0))
}

fn float_ratio(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let x = float_of(arguments);
    if x.is_nan() {
        return Err(vm.value_error("cannot convert NaN to integer ratio"));
    }
    if x.is_infinite() {
        return Err(vm.overflow_error("cannot convert Infinity to integer ratio"));
    }
    // The denominator is the smallest power of two that leaves no fraction. Both factors stay exact.
    let mut scaled = x;
    let mut shift = 0_i64;
    while scaled.fract() != 0.0 {
        scaled *= 2.0;
        shift += 1;
    }
    let numerator = float_to_integer(vm, scaled)?;
    let (one, shift) = (Value::from_fixnum(1), Value::from_fixnum(shift));
    let denominator = operators::binary(vm, Binary::LeftShift, one, shift, false)?;
    vm.tuple(&[numerator, denominator])
}

fn hex(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let x = float_of(arguments);
    if let Some(text) = not_finite(x) {
        return Ok(vm.str(text));
    }
    let sign = if x.is_sign_negative() { "-" } else { "" };
    let bits = x.to_bits();
    let (raw, fraction) = ((bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
    let text = match (raw, fraction) {
        (0, 0) => format!("{sign}0x0.0p+0"),
        (0, _) => format!("{sign}0x0.{fraction:013x}p-1022"),
        _ => format!("{sign}0x1.{fraction:013x}p{:+}", raw - 1023),
    };
    Ok(vm.str(&text))
}

fn range_count(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let found = contains(vm, values[0], values[1])?;
    Ok(Value::from_fixnum(i64::from(found)))
}

fn range_index(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    if let Some(integer) = as_integer(values[1])
        && let Some(position) = long_range::position(vm, values[0], integer)?
    {
        return Ok(position);
    }
    if as_integer(values[1]).is_none() {
        // As CPython, which searches the items.
        let mut items = iterate::Iteration::new(vm, values[0])?;
        let mut position = 0;
        while let Some(item) = items.next(vm)? {
            if equal(vm, item, values[1])? {
                return Ok(vm.integer(position));
            }
            position += 1;
        }
        return Err(vm.value_error("sequence.index(x): x not in sequence"));
    }
    let shown = repr::repr_text(vm, values[1])?;
    Err(vm.value_error(format!("{shown} is not in range")))
}

fn slice_indices(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let length = iterate::as_index(vm, values[1])?.unwrap_or(values[1]);
    let Some(length) = as_integer(length) else {
        let name = vm.type_name(length);
        return Err(vm.type_error(format!("'{name}' object cannot be interpreted as an integer")));
    };
    if compare_integers(length, Value::from_fixnum(0)) == std::cmp::Ordering::Less {
        return Err(vm.value_error("length should not be negative"));
    }
    let indices = long_range::slice_indices(vm, values[0], length)?;
    vm.tuple(&indices)
}
