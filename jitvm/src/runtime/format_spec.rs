//! The format mini-language of `format` and f-strings, for ints, floats and strs.

use super::float_text::{self, FloatFormat};
use super::numbers::{Limbs, as_f64, as_float, as_integer};
use super::object::ShapeId;
use super::repr;
use super::strings::text;
use super::value::Value;
use super::vm::{Outcome, Vm};
use crate::perf::operations::{Operation, is_large};

/// A parsed format specifier.
#[derive(Clone, Copy, Debug)]
struct Spec {
    fill: char,
    align: char,
    /// `+`, `-`, space, or nothing.
    sign: Option<char>,
    /// `z`: negative zero becomes zero.
    no_negative_zero: bool,
    alternate: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

/// `format(value, spec)` as a str.
pub fn format(vm: &mut Vm, value: Value, spec: &str) -> Outcome {
    if value.is_instance()
        && let Some(text) = super::dispatch::format(vm, value, spec)?
    {
        return Ok(text);
    }
    native_format(vm, value, spec)
}

/// `format(value, spec)` as the builtin layout of the value gives it.
pub fn native_format(vm: &mut Vm, value: Value, spec: &str) -> Outcome {
    if spec.is_empty() {
        return repr::to_str(vm, value);
    }
    let text = native_format_text(vm, value, spec)?;
    Ok(vm.str(&text))
}

pub fn format_text(vm: &mut Vm, value: Value, spec: &str) -> Outcome<String> {
    if value.is_instance() {
        let formatted = format(vm, value, spec)?;
        return Ok(text(formatted).to_owned());
    }
    native_format_text(vm, value, spec)
}

fn native_format_text(vm: &mut Vm, value: Value, spec: &str) -> Outcome<String> {
    if spec.is_empty() {
        return repr::str_text(vm, value);
    }
    let name = vm.type_name(value);
    if value.is_str() {
        let spec = parse(vm, spec, name, '<')?;
        return format_str(vm, text(value), spec);
    }
    if let Some(integer) = as_integer(value) {
        let spec = parse(vm, spec, name, '>')?;
        return format_integer(vm, integer, name, spec);
    }
    if let Some(x) = as_float(value) {
        let spec = parse(vm, spec, name, '>')?;
        return format_float(vm, x, name, spec);
    }
    if super::complex::is_complex(value) {
        let spec = parse(vm, spec, name, '>')?;
        return format_complex(vm, super::complex::parts_of(value), name, spec);
    }
    Err(vm.type_error(format!("unsupported format string passed to {name}.__format__")))
}

fn is_alignment(c: char) -> bool {
    matches!(c, '<' | '>' | '=' | '^')
}

fn parse(vm: &mut Vm, source: &str, type_name: &str, default_align: char) -> Outcome<Spec> {
    let characters: Vec<char> = source.chars().collect();
    let mut rest = &characters[..];
    let mut spec = Spec {
        fill: ' ',
        align: default_align,
        sign: None,
        no_negative_zero: false,
        alternate: false,
        width: 0,
        grouping: None,
        precision: None,
        kind: None,
    };
    let (mut has_fill, mut has_align) = (false, false);
    match *rest {
        [fill, align, ..] if is_alignment(align) => {
            (spec.fill, spec.align, has_fill, has_align) = (fill, align, true, true);
            rest = &rest[2..];
        }
        [align, ..] if is_alignment(align) => {
            (spec.align, has_align) = (align, true);
            rest = &rest[1..];
        }
        _ => {}
    }
    let mut take = |accepted: &[char]| match *rest {
        [c, ..] if accepted.contains(&c) => {
            rest = &rest[1..];
            Some(c)
        }
        _ => None,
    };
    spec.sign = take(&['+', '-', ' ']);
    spec.no_negative_zero = take(&['z']).is_some();
    spec.alternate = take(&['#']).is_some();
    if !has_fill && take(&['0']).is_some() {
        spec.fill = '0';
        if !has_align && default_align == '>' {
            spec.align = '=';
        }
    }
    spec.width = take_number(vm, &mut rest)?.unwrap_or(0);
    for _ in 0..2 {
        if let [c @ (',' | '_'), ..] = *rest {
            match spec.grouping {
                None => spec.grouping = Some(c),
                Some(first) if first != c => return Err(vm.value_error("Cannot specify both ',' and '_'.")),
                Some(_) => return Err(vm.value_error(format!("Cannot specify '{c}' with '{c}'."))),
            }
            rest = &rest[1..];
        }
    }
    if let ['.', ..] = *rest {
        rest = &rest[1..];
        spec.precision = take_number(vm, &mut rest)?;
        if spec.precision.is_none() {
            return Err(vm.value_error("Format specifier missing precision"));
        }
    }
    match *rest {
        [] => {}
        [kind] => spec.kind = Some(kind),
        _ => {
            let message = format!("Invalid format specifier '{source}' for object of type '{type_name}'");
            return Err(vm.value_error(message));
        }
    }
    let default_kind = (type_name == "str").then_some('s');
    if let (Some(separator), Some(kind)) = (spec.grouping, spec.kind.or(default_kind)) {
        let allowed = matches!(kind, 'd' | 'e' | 'f' | 'g' | 'E' | 'G' | '%' | 'F')
            || separator == '_' && matches!(kind, 'b' | 'o' | 'x' | 'X');
        if !allowed {
            return Err(vm.value_error(format!("Cannot specify '{separator}' with '{kind}'.")));
        }
    }
    Ok(spec)
}

fn take_number(vm: &mut Vm, rest: &mut &[char]) -> Outcome<Option<usize>> {
    let digits = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    if digits == 0 {
        return Ok(None);
    }
    let number: String = rest[..digits].iter().collect();
    *rest = &rest[digits..];
    match number.parse::<i64>() {
        Ok(number) => Ok(Some(number as usize)),
        Err(_) => Err(vm.value_error("Too many decimal digits in format string")),
    }
}

fn format_str(vm: &mut Vm, text: &str, spec: Spec) -> Outcome<String> {
    if let Some(kind) = spec.kind.filter(|&kind| kind != 's') {
        return Err(unknown_code(vm, kind, "str"));
    }
    let message = match spec {
        Spec { sign: Some(' '), .. } => "Space not allowed in string format specifier",
        Spec { sign: Some(_), .. } => "Sign not allowed in string format specifier",
        Spec { no_negative_zero: true, .. } => "Negative zero coercion (z) not allowed in string format specifier",
        Spec { alternate: true, .. } => "Alternate form (#) not allowed in string format specifier",
        Spec { align: '=', .. } => "'=' alignment not allowed in string format specifier",
        _ => {
            let kept: String = match spec.precision {
                Some(precision) => text.chars().take(precision).collect(),
                None => text.to_owned(),
            };
            return pad(vm, "", "", kept, spec);
        }
    };
    Err(vm.value_error(message))
}

fn unknown_code(vm: &mut Vm, kind: char, type_name: &str) -> super::vm::Raised {
    let shown = if kind > ' ' && (kind as u32) < 128 { kind.to_string() } else { format!("\\x{:x}", kind as u32) };
    vm.value_error(format!("Unknown format code '{shown}' for object of type '{type_name}'"))
}

fn format_integer(vm: &mut Vm, value: Value, type_name: &str, spec: Spec) -> Outcome<String> {
    let kind = spec.kind.unwrap_or('d');
    match kind {
        'b' | 'c' | 'd' | 'n' | 'o' | 'x' | 'X' => {}
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%' => {
            return match as_f64(value) {
                Some(x) => format_float(vm, x, type_name, spec),
                None => Err(vm.overflow_error("int too large to convert to float")),
            };
        }
        _ => return Err(unknown_code(vm, kind, type_name)),
    }
    if spec.precision.is_some() {
        return Err(vm.value_error("Precision not allowed in integer format specifier"));
    }
    if spec.no_negative_zero {
        return Err(vm.value_error("Negative zero coercion (z) not allowed in integer format specifier"));
    }
    if kind == 'c' {
        if spec.sign.is_some() {
            return Err(vm.value_error("Sign not allowed with integer format specifier 'c'"));
        }
        if spec.alternate {
            return Err(vm.value_error("Alternate form (#) not allowed with integer format specifier 'c'"));
        }
        let Some(code) = super::numbers::as_i64(value) else {
            return Err(vm.overflow_error("Python int too large to convert to C long"));
        };
        return match u32::try_from(code).ok().and_then(super::surrogates::from_code) {
            Some(c) => pad(vm, "", "", c.to_string(), spec),
            None => Err(vm.overflow_error("%c arg not in range(0x110000)")),
        };
    }
    let (negative, digits) = integer_digits(vm, value, kind)?;
    let prefix = if spec.alternate { radix_prefix(kind) } else { "" };
    pad(vm, sign_of(negative, spec.sign), prefix, digits, spec)
}

/// `0x` and the like.
pub fn radix_prefix(kind: char) -> &'static str {
    match kind {
        'b' => "0b",
        'o' => "0o",
        'x' => "0x",
        'X' => "0X",
        _ => "",
    }
}

/// Sign and digits of an int in the radix of a format type.
pub fn integer_digits(vm: &mut Vm, value: Value, kind: char) -> Outcome<(bool, String)> {
    let mut buffer = [0];
    let number = Limbs::of(value, &mut buffer);
    let magnitude = number.to_ibig().into_parts().1;
    let digits = match kind {
        'b' => format!("{magnitude:b}"),
        'o' => format!("{magnitude:o}"),
        'x' => format!("{magnitude:x}"),
        'X' => format!("{magnitude:X}"),
        _ => {
            let text = repr::integer_text(vm, value)?;
            text.trim_start_matches('-').to_owned()
        }
    };
    Ok((number.negative, digits))
}

fn sign_of(negative: bool, sign: Option<char>) -> &'static str {
    match (negative, sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    }
}

/// Longest precision: beyond it CPython runs out of memory, and so would the text here.
const LARGEST_PRECISION: usize = i32::MAX as usize;

fn format_float(vm: &mut Vm, x: f64, type_name: &str, spec: Spec) -> Outcome<String> {
    let letter = spec.kind.unwrap_or('r');
    if !matches!(letter, 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'n' | '%' | 'r') || spec.kind == Some('r') {
        return Err(unknown_code(vm, letter, type_name));
    }
    if spec.precision.is_some_and(|precision| precision > LARGEST_PRECISION) {
        return Err(vm.value_error("precision too big"));
    }
    let how = FloatFormat {
        kind: match letter {
            'r' if spec.precision.is_none() => 'r',
            'f' | 'F' | '%' => 'f',
            'e' | 'E' => 'e',
            _ => 'g',
        },
        precision: spec.precision.unwrap_or(6),
        alternate: spec.alternate,
        upper: letter.is_ascii_uppercase(),
        point_zero: letter == 'r',
    };
    let x = if letter == '%' { x * 100.0 } else { x };
    let mut digits = match float_text::not_finite(x) {
        Some(name) => name.trim_start_matches('-').to_owned(),
        None => float_text::format(x, how),
    };
    if how.upper {
        digits = digits.to_ascii_uppercase();
    }
    let mut negative = x.is_sign_negative() && !x.is_nan();
    if spec.no_negative_zero && x.is_finite() && !digits.bytes().any(|c| matches!(c, b'1'..=b'9')) {
        negative = false;
    }
    if letter == '%' {
        digits.push('%');
    }
    pad(vm, sign_of(negative, spec.sign), "", digits, spec)
}

fn format_complex(vm: &mut Vm, value: super::complex::Parts, type_name: &str, spec: Spec) -> Outcome<String> {
    if let Some(kind) = spec.kind
        && !matches!(kind, 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'n')
    {
        return Err(unknown_code(vm, kind, type_name));
    }
    if spec.fill == '0' && spec.align == '=' {
        return Err(vm.value_error("Zero padding is not allowed in complex format specifier"));
    }
    if spec.align == '=' {
        return Err(vm.value_error("'=' alignment flag is not allowed in complex format specifier"));
    }
    let mut part = |x: f64, sign: Option<char>| {
        if spec.kind.is_none() && spec.precision.is_none() && spec.grouping.is_none() {
            let digits = super::complex::short(x.abs());
            return Ok(format!("{}{digits}", sign_of(x.is_sign_negative() && !x.is_nan(), sign)));
        }
        let kind = spec.kind.or(Some('g'));
        format_float(vm, x, type_name, Spec { width: 0, align: '>', fill: ' ', sign, kind, ..spec })
    };
    let imaginary = part(value.imaginary, Some('+'))?;
    let whole = if spec.kind.is_some() {
        format!("{}{imaginary}j", part(value.real, spec.sign)?)
    } else if value.real == 0.0 && value.real.is_sign_positive() {
        format!("{}j", part(value.imaginary, spec.sign)?)
    } else {
        format!("({}{imaginary}j)", part(value.real, spec.sign)?)
    };
    pad(vm, "", "", whole, Spec { grouping: None, ..spec })
}

/// Puts sign, prefix and digits into the field, with separators between digits.
fn pad(vm: &mut Vm, sign: &str, prefix: &str, digits: String, spec: Spec) -> Outcome<String> {
    let before = sign.len() + prefix.len();
    let zero_padded = spec.fill == '0' && spec.align == '=';
    if spec.width > super::strings::LONGEST {
        return Err(vm.raise_memory_error());
    }
    let digits = match spec.grouping {
        Some(separator) if digits.starts_with(|c: char| c.is_ascii_hexdigit()) => {
            let group = if matches!(spec.kind, Some('b' | 'o' | 'x' | 'X')) { 4 } else { 3 };
            let least = if zero_padded { spec.width.saturating_sub(before) } else { 0 };
            group_digits(&digits, separator, group, least)
        }
        _ => digits,
    };
    let missing = spec.width.saturating_sub(before + digits.chars().count());
    let (left, middle, right) = match spec.align {
        '<' => (0, 0, missing),
        '^' => (missing / 2, 0, missing - missing / 2),
        '=' => (0, missing, 0),
        _ => (missing, 0, 0),
    };
    let mut out = String::with_capacity(spec.width + digits.len());
    let fill = |out: &mut String, count| out.extend(std::iter::repeat_n(spec.fill, count));
    fill(&mut out, left);
    out.push_str(sign);
    out.push_str(prefix);
    fill(&mut out, middle);
    out.push_str(&digits);
    fill(&mut out, right);
    Ok(out)
}

/// Separators in the whole part of a number, which gets leading zeros up to `least` characters in all.
fn group_digits(digits: &str, separator: char, group: usize, least: usize) -> String {
    let is_digit = |c: char| if group == 4 { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
    let whole_end = digits.find(|c| !is_digit(c)).unwrap_or(digits.len());
    let (whole, rest) = digits.split_at(whole_end);
    let mut reversed = String::new();
    let mut count = 0;
    let mut source = whole.chars().rev();
    loop {
        let next = source.next();
        if next.is_none() && reversed.len() + rest.len() >= least {
            break;
        }
        if count > 0 && count % group == 0 {
            reversed.push(separator);
        }
        reversed.push(next.unwrap_or('0'));
        count += 1;
    }
    reversed.chars().rev().chain(rest.chars()).collect()
}

/// `FormatValue`: conversion (0 none, 1 str, 2 repr, 3 ascii), then the format.
pub fn format_value(vm: &mut Vm, value: Value, conversion: u8, spec: Value) -> Outcome {
    let before = vm.perf.enter_operation(Operation::Format, value, || is_large(value));
    let result = format_converted(vm, value, conversion, spec);
    vm.perf.leave_operation(before);
    result
}

fn format_converted(vm: &mut Vm, value: Value, conversion: u8, spec: Value) -> Outcome {
    let value = match conversion {
        1 => repr::to_str(vm, value)?,
        2 => repr::to_repr(vm, value)?,
        3 => repr::to_ascii(vm, value)?,
        _ => value,
    };
    debug_assert!(spec.has_layout(ShapeId::STR));
    format(vm, value, text(spec))
}
