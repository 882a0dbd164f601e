//! What `int` and `float` offer beyond the methods of numbers: bytes of ints, hexadecimal floats.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::bytes;
use crate::runtime::iterate::to_index;
use crate::runtime::numbers::{Limbs, as_integer};
use crate::runtime::operators::truth;
use crate::runtime::strings::as_text;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    INT of Owner::Type(TypeId::INT);
    "to_bytes" Arity::Free, to_bytes, "The int as bytes.";
}

builtins! {
    INT_CLASS of Owner::Class(TypeId::INT);
    "from_bytes" Arity::Free, from_bytes, "The int that bytes stand for.";
}

builtins! {
    FLOAT_CLASS of Owner::Class(TypeId::FLOAT);
    "fromhex" Arity::One, fromhex, "The float that a str in hexadecimal stands for.";
}

/// True for "big".
fn byte_order(vm: &mut Vm, function: &str, order: Option<Value>) -> Outcome<bool> {
    let Some(order) = order else { return Ok(true) };
    match as_text(order) {
        Some("big") => Ok(true),
        Some("little") => Ok(false),
        Some(_) => Err(vm.value_error("byteorder must be either 'little' or 'big'")),
        None => {
            let name = vm.argument_type_name(order);
            Err(vm.type_error(format!("{function}() argument 'byteorder' must be str, not {name}")))
        }
    }
}

/// Positional arguments behind the receiver and the two that may also be given by name, then `signed`.
fn bind(vm: &mut Vm, arguments: Arguments, function: &str, first: &str) -> Outcome<(Option<Value>, bool, bool)> {
    let [named, order, signed] = arguments.only_keywords(vm, function, [first, "byteorder", "signed"])?;
    let positional = arguments.positional();
    if positional.len() > 3 {
        let given = positional.len() - 1;
        return Err(vm.type_error(format!("{function}() takes at most 2 positional arguments ({given} given)")));
    }
    let first = named.or(positional.get(1).copied());
    let big = byte_order(vm, function, order.or(positional.get(2).copied()))?;
    let signed = match signed {
        Some(signed) => truth(vm, signed)?,
        None => false,
    };
    Ok((first, big, signed))
}

fn to_bytes(vm: &mut Vm, arguments: Arguments) -> Outcome {
    // The length is converted before the byte order is looked at.
    if let Some(length) = arguments.get(1).filter(|_| arguments.positional().len() <= 3) {
        to_index(vm, length)?;
    }
    let (length, big, signed) = bind(vm, arguments, "to_bytes", "length")?;
    let length = match length {
        Some(length) => to_index(vm, length)?,
        None => 1,
    };
    let Ok(length) = usize::try_from(length) else {
        return Err(vm.value_error("length argument must be non-negative"));
    };
    if length > bytes::LONGEST {
        return Err(vm.raise_memory_error());
    }
    let value = as_integer(arguments.positional()[0]).unwrap_or(Value::from_fixnum(0));
    let mut buffer = [0];
    let number = Limbs::of(value, &mut buffer);
    if number.negative && !signed {
        return Err(vm.overflow_error("can't convert negative int to unsigned"));
    }
    let mut data: Vec<u8> = number.limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    while data.last() == Some(&0) {
        data.pop();
    }
    let fits = if signed {
        // One bit more for the sign, but the lowest negative number needs none.
        let bits = number.bit_length() as usize;
        let lowest = number.negative && data.iter().map(|byte| byte.count_ones()).sum::<u32>() == 1;
        bits + usize::from(!lowest) <= length * 8 || (bits == 0)
    } else {
        data.len() <= length
    };
    if !fits {
        return Err(vm.overflow_error("int too big to convert"));
    }
    data.resize(length.max(data.len()), 0);
    if number.negative {
        let mut carry = true;
        for byte in &mut data {
            let (sum, overflow) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (sum, overflow);
        }
    }
    data.truncate(length);
    if big {
        data.reverse();
    }
    vm.bytes(&data)
}

fn from_bytes(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (source, big, signed) = bind(vm, arguments, "from_bytes", "bytes")?;
    let Some(source) = source else {
        return Err(vm.type_error("from_bytes() missing required argument 'bytes' (pos 1)"));
    };
    if source.is_str() || (bytes::as_buffer(source).is_none() && as_integer(source).is_some()) {
        let name = vm.type_name(source);
        return Err(vm.type_error(format!("cannot convert '{name}' object to bytes")));
    }
    let mut data = bytes::from_source(vm, source, false)?;
    if big {
        data.reverse();
    }
    let negative = signed && data.last().is_some_and(|byte| byte & 0x80 != 0);
    if negative {
        let mut carry = true;
        for byte in &mut data {
            let (sum, overflow) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (sum, overflow);
        }
    }
    let limb = |chunk: &[u8]| chunk.iter().rev().fold(0_u64, |limb, &byte| limb << 8 | u64::from(byte));
    let mut limbs: Vec<u64> = data.chunks(8).map(limb).collect();
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
    let value = vm.try_integer_from_limbs(negative, &limbs)?;
    let class = arguments.positional()[0];
    if class == vm.type_object(TypeId::INT) { Ok(value) } else { vm.call(class, &[value]) }
}

fn fromhex(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [class, source] = [0, 1].map(|index| arguments.positional()[index]);
    let Some(source) = as_text(source) else { return Err(vm.type_error("bad argument type for built-in operation")) };
    let value = match parse_hex(source.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c'])) {
        Some(x) if x.is_infinite() && !source.to_ascii_lowercase().contains("inf") => {
            return Err(vm.overflow_error("hexadecimal value too large to represent as a float"));
        }
        Some(x) => vm.float(x),
        None => return Err(vm.value_error("invalid hexadecimal floating-point string")),
    };
    if class == vm.type_object(TypeId::FLOAT) { Ok(value) } else { vm.call(class, &[value]) }
}

fn parse_hex(source: &str) -> Option<f64> {
    let (negative, unsigned) = match source.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, source.strip_prefix('+').unwrap_or(source)),
    };
    let lower = unsigned.to_ascii_lowercase();
    let magnitude = match &*lower {
        "inf" | "infinity" => f64::INFINITY,
        "nan" => f64::NAN,
        _ => {
            let body = lower.strip_prefix("0x").unwrap_or(&lower);
            let (digits, exponent) = match body.split_once('p') {
                Some((digits, exponent)) => (digits, exponent.parse::<i64>().ok()?),
                None => (body, 0),
            };
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            if whole.is_empty() && fraction.is_empty() {
                return None;
            }
            let (mut significand, mut shift, mut sticky) = (0_u128, 0_i64, false);
            for (index, c) in whole.chars().chain(fraction.chars()).enumerate() {
                let digit = u128::from(c.to_digit(16)?);
                let after_point = index >= whole.len();
                if significand >> 100 == 0 {
                    significand = significand << 4 | digit;
                    shift -= if after_point { 4 } else { 0 };
                } else {
                    sticky |= digit != 0;
                    shift += if after_point { 0 } else { 4 };
                }
            }
            scale(significand, sticky, shift.saturating_add(exponent))
        }
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// `significand * 2^exponent` rounded to even; `sticky`: there is a little more.
fn scale(significand: u128, sticky: bool, exponent: i64) -> f64 {
    if significand == 0 {
        return 0.0;
    }
    let bits = 128 - i64::from(significand.leading_zeros());
    let top = exponent.saturating_add(bits);
    if top > 1024 {
        return f64::INFINITY;
    }
    if top < -1080 {
        return 0.0;
    }
    // Bits to drop: all below the 53rd, or below 2^-1074.
    let drop = (bits - 53).max(-1074 - exponent).max(0);
    let (kept, half, low) = if drop > 127 {
        (0, false, true)
    } else if drop == 0 {
        (significand, false, false)
    } else {
        let half = significand >> (drop - 1) & 1 == 1;
        (significand >> drop, half, significand & ((1 << (drop - 1)) - 1) != 0)
    };
    let rounded = kept + u128::from(half && (low || sticky || kept & 1 == 1));
    // Two steps, so that no power of two overflows or vanishes.
    let power = exponent + drop;
    let first = power.clamp(-500, 500);
    let rest = power - first;
    let second = rest.clamp(-700, 700);
    rounded as f64 * 2f64.powi(first as i32) * 2f64.powi(second as i32)
}
