//! Parsing ints and floats from text, as `int(...)` and `float(...)` do.

use dashu_int::{IBig, UBig};

use super::repr;
use super::strings::text;
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};

/// `int(string, base)`; base 0 goes by the prefix.
pub fn parse_integer(vm: &mut Vm, string: Value, base: u32) -> Outcome {
    let source = text(string);
    // The fast way: few digits and nothing else.
    if base == 10 && source.len() <= 18 && !source.is_empty() && source.bytes().all(|c| c.is_ascii_digit()) {
        let value = source.bytes().fold(0, |value: i64, c| value * 10 + i64::from(c - b'0'));
        return Ok(vm.integer(value));
    }
    let normal = to_ascii_digits(source);
    let trimmed = normal.trim_matches(is_space);
    let (negative, unsigned) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (radix, digits, prefixed) = split_prefix(unsigned, base);
    let Some(digits) = remove_underscores(digits, prefixed) else { return Err(invalid_integer(vm, string, base)) };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(invalid_integer(vm, string, base));
    }
    // Base 0 takes literals as the language does: no leading zeros.
    if base == 0 && !prefixed && digits.starts_with('0') && digits.bytes().any(|c| c != b'0') {
        return Err(invalid_integer(vm, string, base));
    }
    let limit = vm.int_max_str_digits as usize;
    if !radix.is_power_of_two() && limit != 0 && digits.len() > limit {
        let count = digits.len();
        return Err(vm.value_error(format!(
            "Exceeds the limit ({limit} digits) for integer string conversion: value has {count} digits; \
             use sys.set_int_max_str_digits() to increase the limit"
        )));
    }
    match UBig::from_str_radix(&digits, radix) {
        Ok(magnitude) => {
            let value = IBig::from(magnitude);
            vm.integer_big(&if negative { -value } else { value })
        }
        Err(_) => Err(invalid_integer(vm, string, base)),
    }
}

fn invalid_integer(vm: &mut Vm, string: Value, base: u32) -> Raised {
    let mut shown = String::new();
    repr::write_str_repr(text(string), false, &mut shown);
    vm.value_error(format!("invalid literal for int() with base {base}: {shown}"))
}

/// What Python strips from numbers.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// Zeros of scripts other than ASCII's; the other digits of a script follow.
const ZEROS: &[u32] = &[
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

/// The value of a decimal digit of any script.
pub fn decimal_digit(c: char) -> Option<u32> {
    let zero = ZEROS.iter().find(|&&zero| (zero..zero + 10).contains(&(c as u32)));
    c.to_digit(10).or(zero.map(|zero| c as u32 - zero))
}

fn to_ascii_digits(source: &str) -> String {
    if source.is_ascii() {
        return source.to_owned();
    }
    let digit = |c: char| decimal_digit(c).and_then(|digit| char::from_digit(digit, 10));
    source.chars().map(|c| digit(c).unwrap_or(c)).collect()
}

/// Radix, digits and whether there was a prefix.
fn split_prefix(source: &str, base: u32) -> (u32, &str, bool) {
    let lower = source.get(..2).unwrap_or("").to_ascii_lowercase();
    let radix = match &*lower {
        "0x" => 16,
        "0o" => 8,
        "0b" => 2,
        _ => 0,
    };
    if radix != 0 && (base == 0 || base == radix) {
        return (radix, &source[2..], true);
    }
    (if base == 0 { 10 } else { base }, source, false)
}

/// Single underscores between digits (or after a prefix) are removed; others are an error.
fn remove_underscores(digits: &str, prefixed: bool) -> Option<String> {
    if !digits.contains('_') {
        return Some(digits.to_owned());
    }
    let first = digits.starts_with('_') && !prefixed;
    if first || digits.ends_with('_') || digits.contains("__") {
        return None;
    }
    Some(digits.replace('_', ""))
}

/// `float(string)`.
pub fn parse_float(vm: &mut Vm, string: Value) -> Outcome {
    match parse_float_text(text(string)) {
        Some(x) => Ok(vm.float(x)),
        None => {
            let mut shown = String::new();
            repr::write_str_repr(text(string), false, &mut shown);
            Err(vm.value_error(format!("could not convert string to float: {shown}")))
        }
    }
}

/// The float that a text stands for, white space around it allowed.
pub fn parse_float_text(source: &str) -> Option<f64> {
    let normal = to_ascii_digits(source);
    let trimmed = normal.trim_matches(is_space);
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    match &*unsigned.to_ascii_lowercase() {
        "inf" | "infinity" => {
            return Some(if trimmed.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        "nan" => return Some(if trimmed.starts_with('-') { -f64::NAN } else { f64::NAN }),
        _ => {}
    }
    // Underscores stand between digits only.
    let bytes = unsigned.as_bytes();
    for (index, _) in bytes.iter().enumerate().filter(|&(_, &c)| c == b'_') {
        let is_digit = |at: Option<&u8>| at.is_some_and(u8::is_ascii_digit);
        if index == 0 || !is_digit(bytes.get(index - 1)) || !is_digit(bytes.get(index + 1)) {
            return None;
        }
    }
    let plain = trimmed.replace('_', "");
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    // What is left is what Rust accepts too.
    if plain.is_empty() || !plain.chars().all(allowed) { None } else { plain.parse().ok() }
}
