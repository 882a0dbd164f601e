//! `%` formatting of strs and of bytes.
//!
//! A format of bytes is handled as the text of the same numbers (Latin-1), with conversions of its own.

use super::bytes;
use super::compare::float_limbs;
use super::float_text::{self, FloatFormat};
use super::format_spec::{integer_digits, radix_prefix};
use super::numbers::{as_f64, as_float, as_i64, as_integer};
use super::object::ShapeId;
use super::repr;
use super::sequences::items;
use super::strings::{is_ascii, text};
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};

/// Flags, width and precision of one conversion.
#[derive(Clone, Copy, Debug, Default)]
struct Conversion {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
    kind: char,
}

impl Conversion {
    /// `%s` and nothing else.
    fn is_plain_text(&self) -> bool {
        self.kind == 's' && self.width == 0 && self.precision.is_none()
    }
}

/// The characters of a format.
trait Source {
    fn get(&self, at: usize) -> Option<char>;
    /// Characters up to the next `%` or the end, which are added to the text.
    fn copy_literal(&self, at: usize, out: &mut String) -> usize;
    fn part(&self, start: usize, end: usize) -> String;
}

impl Source for [char] {
    fn get(&self, at: usize) -> Option<char> {
        <[char]>::get(self, at).copied()
    }
    fn copy_literal(&self, at: usize, out: &mut String) -> usize {
        let literal = self[at..].iter().take_while(|&&c| c != '%');
        let before = out.len();
        out.extend(literal.clone());
        if out.len() == before { 0 } else { literal.count() }
    }
    fn part(&self, start: usize, end: usize) -> String {
        self[start..end].iter().collect()
    }
}

/// A format that is ASCII.
struct Ascii<'a>(&'a str);

impl Source for Ascii<'_> {
    #[inline]
    fn get(&self, at: usize) -> Option<char> {
        self.0.as_bytes().get(at).copied().map(char::from)
    }
    fn copy_literal(&self, at: usize, out: &mut String) -> usize {
        let rest = &self.0[at..];
        let length = bytes::find_byte(rest.as_bytes(), b'%').unwrap_or(rest.len());
        out.push_str(&rest[..length]);
        length
    }
    fn part(&self, start: usize, end: usize) -> String {
        self.0[start..end].to_owned()
    }
}

/// The values that conversions take, in order.
struct Operands<'a> {
    values: &'a [Value],
    next: usize,
    /// What `%(name)` looks in, if the operand can serve as such.
    mapping: Option<Value>,
    /// The value of the last `%(name)`, which its conversion takes.
    named: Option<Value>,
    /// The format is of bytes.
    bytes: bool,
}

impl Operands<'_> {
    fn take(&mut self, vm: &mut Vm) -> Outcome {
        if let Some(value) = self.named.take() {
            return Ok(value);
        }
        match self.values.get(self.next) {
            Some(&value) => {
                self.next += 1;
                Ok(value)
            }
            None => Err(vm.type_error("not enough arguments for format string")),
        }
    }
}

/// `format % operand` of a str.
pub fn format(vm: &mut Vm, format: Value, operand: Value) -> Outcome {
    let source = text(format);
    let text = if is_ascii(format) {
        format_characters(vm, &Ascii(source), operand, false)?
    } else {
        let source: Vec<char> = source.chars().collect();
        format_characters(vm, &source[..], operand, false)?
    };
    Ok(vm.str(&text))
}

/// `format % operand` of bytes.
pub fn format_bytes(vm: &mut Vm, format: &[u8], operand: Value) -> Outcome<Vec<u8>> {
    let source: Vec<char> = format.iter().copied().map(char::from).collect();
    let text = format_characters(vm, &source[..], operand, true)?;
    Ok(text.chars().map(|c| c as u8).collect())
}

/// What `%(name)` can look in: not a tuple or str, but anything with items. A format of bytes excludes bytes too.
fn as_mapping(vm: &Vm, operand: Value, bytes: bool) -> Option<Value> {
    let usable = match operand.layout() {
        ShapeId::TUPLE | ShapeId::STR => false,
        ShapeId::BYTES | ShapeId::BYTEARRAY => !bytes,
        ShapeId::LIST
        | ShapeId::RANGE
        | ShapeId::LONG_RANGE
        | ShapeId::MEMORYVIEW
        | ShapeId::DICT
        | ShapeId::MAPPING_PROXY => true,
        _ => operand.is_instance() && vm.special(operand, vm.names.getitem).is_some(),
    };
    usable.then_some(operand)
}

fn format_characters<S: Source + ?Sized>(vm: &mut Vm, source: &S, operand: Value, bytes: bool) -> Outcome<String> {
    let single = [operand];
    let is_tuple = operand.has_layout(ShapeId::TUPLE);
    let values = if is_tuple { items(operand) } else { &single };
    let mapping = as_mapping(vm, operand, bytes);
    let mut operands = Operands { values, next: 0, mapping, named: None, bytes };
    let mut out = String::new();
    let mut at = 0;
    loop {
        at += source.copy_literal(at, &mut out);
        if source.get(at).is_none() {
            break;
        }
        at += 1;
        let start = at;
        let conversion = parse(vm, source, &mut at, &mut operands)?;
        if conversion.kind == '%' && at == start + 1 {
            out.push('%');
            continue;
        }
        let operand = operands.take(vm)?;
        if conversion.is_plain_text() && operand.has_shape(ShapeId::STR) && !bytes {
            out.push_str(text(operand));
            continue;
        }
        if bytes && matches!(conversion.kind, 's' | 'b' | 'r' | 'a' | 'c') {
            convert_bytes(vm, conversion, operand, &mut out)?;
            continue;
        }
        convert(vm, conversion, operand, at - 1, &mut out)?;
    }
    // Objects with items count as mappings, which need not be used up.
    if operands.next < values.len() && mapping.is_none() {
        let what = if bytes { "bytes" } else { "string" };
        return Err(vm.type_error(format!("not all arguments converted during {what} formatting")));
    }
    Ok(out)
}

/// The conversions of a format of bytes that differ.
fn convert_bytes(vm: &mut Vm, how: Conversion, operand: Value, out: &mut String) -> Outcome<()> {
    let whole: String = match how.kind {
        'c' => {
            if let Some([byte]) = bytes::as_buffer(operand).as_deref() {
                char::from(*byte).to_string()
            } else {
                let Some(code) = as_integer(operand) else {
                    let name = vm.type_name(operand);
                    let message = format!("%c requires an integer in range(256) or a single byte, not {name}");
                    return Err(vm.type_error(message));
                };
                match as_i64(code).and_then(|code| u8::try_from(code).ok()) {
                    Some(byte) => char::from(byte).to_string(),
                    None => return Err(vm.overflow_error("%c arg not in range(256)")),
                }
            }
        }
        'r' | 'a' => {
            let ascii = repr::to_ascii(vm, operand)?;
            text(ascii).to_owned()
        }
        _ => match bytes::as_buffer(operand) {
            Some(data) => data.iter().copied().map(char::from).collect(),
            None => {
                let name = vm.type_name(operand);
                return Err(vm.type_error(format!(
                    "%b requires a bytes-like object, or an object that implements __bytes__, not '{name}'"
                )));
            }
        },
    };
    let kept = match how.precision {
        Some(precision) if how.kind != 'c' => whole.chars().take(precision).collect(),
        _ => whole,
    };
    pad(how, "", "", &kept, false, out);
    Ok(())
}

fn parse<S: Source + ?Sized>(vm: &mut Vm, source: &S, at: &mut usize, operands: &mut Operands) -> Outcome<Conversion> {
    let mut conversion = Conversion::default();
    if source.get(*at) == Some('(') {
        let Some(mapping) = operands.mapping else { return Err(vm.type_error("format requires a mapping")) };
        let key = mapping_key(vm, source, at)?;
        let key = if operands.bytes {
            let data: Vec<u8> = key.chars().map(|c| c as u8).collect();
            vm.bytes(&data)?
        } else {
            vm.str(&key)
        };
        operands.named = Some(super::subscript::get_item(vm, mapping, key)?);
        // As in CPython, the positional operand is the mapping itself, and used up.
        operands.next = operands.values.len();
    }
    while let Some(flag) = source.get(*at) {
        match flag {
            '-' => conversion.left = true,
            '+' => conversion.plus = true,
            ' ' => conversion.space = true,
            '0' => conversion.zero = true,
            '#' => conversion.alternate = true,
            _ => break,
        }
        *at += 1;
    }
    if let Some(width) = number(vm, source, at, operands, "width too big")? {
        conversion.left |= width < 0;
        conversion.width = width.unsigned_abs() as usize;
    }
    if source.get(*at) == Some('.') {
        *at += 1;
        let precision = number(vm, source, at, operands, "precision too big")?.unwrap_or(0);
        conversion.precision = Some(precision.max(0) as usize);
    }
    if let Some('l' | 'h' | 'L') = source.get(*at) {
        *at += 1;
    }
    match source.get(*at) {
        Some(kind) => {
            conversion.kind = kind;
            *at += 1;
            Ok(conversion)
        }
        None => Err(vm.value_error("incomplete format")),
    }
}

/// The name in parentheses, which may nest.
fn mapping_key<S: Source + ?Sized>(vm: &mut Vm, source: &S, at: &mut usize) -> Outcome<String> {
    *at += 1;
    let start = *at;
    let mut depth = 1;
    while let Some(c) = source.get(*at) {
        *at += 1;
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok(source.part(start, *at - 1));
        }
    }
    Err(vm.value_error("incomplete format key"))
}

/// Digits, or `*` for the next operand.
fn number<S: Source + ?Sized>(
    vm: &mut Vm,
    source: &S,
    at: &mut usize,
    operands: &mut Operands,
    too_big: &str,
) -> Outcome<Option<i64>> {
    let limit = i64::from(i32::MAX);
    if source.get(*at) == Some('*') {
        *at += 1;
        let value = operands.take(vm)?;
        if as_integer(value).is_none() {
            return Err(vm.type_error("* wants int"));
        }
        return match as_i64(value).filter(|number| number.abs() <= limit) {
            Some(number) => Ok(Some(number)),
            None => Err(vm.overflow_error("Python int too large to convert to C int")),
        };
    }
    let mut result = None;
    while let Some(digit) = source.get(*at).and_then(|c| c.to_digit(10)) {
        let number = result.unwrap_or(0_i64) * 10 + i64::from(digit);
        if number > limit {
            return Err(vm.value_error(too_big));
        }
        result = Some(number);
        *at += 1;
    }
    Ok(result)
}

fn convert(vm: &mut Vm, how: Conversion, operand: Value, index: usize, out: &mut String) -> Outcome<()> {
    match how.kind {
        's' | 'r' | 'a' => {
            let whole = match how.kind {
                's' => repr::str_text(vm, operand)?,
                'r' => repr::repr_text(vm, operand)?,
                _ => {
                    let ascii = repr::to_ascii(vm, operand)?;
                    text(ascii).to_owned()
                }
            };
            let kept = match how.precision {
                Some(precision) => whole.chars().take(precision).collect(),
                None => whole,
            };
            pad(how, "", "", &kept, false, out);
        }
        'c' => {
            let c = character(vm, operand)?;
            pad(how, "", "", c.encode_utf8(&mut [0; 4]), false, out);
        }
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
            let integer = integer_operand(vm, how.kind, operand)?;
            let (negative, mut digits) = integer_digits(vm, integer, how.kind)?;
            if let Some(missing) = how.precision.and_then(|precision| precision.checked_sub(digits.len())) {
                digits.insert_str(0, &"0".repeat(missing));
            }
            let prefix = if how.alternate { radix_prefix(how.kind) } else { "" };
            pad(how, sign(how, negative), prefix, &digits, how.zero, out);
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let x = float_operand(vm, operand)?;
            let format = FloatFormat {
                kind: how.kind.to_ascii_lowercase(),
                precision: how.precision.unwrap_or(6),
                alternate: how.alternate,
                upper: how.kind.is_ascii_uppercase(),
                point_zero: false,
            };
            let mut digits = match float_text::not_finite(x) {
                Some(name) => name.trim_start_matches('-').to_owned(),
                None => float_text::format(x, format),
            };
            if format.upper {
                digits = digits.to_ascii_uppercase();
            }
            let negative = x.is_sign_negative() && !x.is_nan();
            pad(how, sign(how, negative), "", &digits, how.zero, out);
        }
        kind => return Err(unsupported(vm, kind, index)),
    }
    Ok(())
}

fn unsupported(vm: &mut Vm, kind: char, index: usize) -> Raised {
    let shown = if (' '..='~').contains(&kind) { kind } else { '?' };
    let code = kind as u32;
    vm.value_error(format!("unsupported format character '{shown}' (0x{code:x}) at index {index}"))
}

fn sign(how: Conversion, negative: bool) -> &'static str {
    match (negative, how.plus, how.space) {
        (true, _, _) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}

fn pad(how: Conversion, sign: &str, prefix: &str, digits: &str, zero: bool, out: &mut String) {
    let length = sign.len() + prefix.len() + digits.chars().count();
    let missing = how.width.saturating_sub(length);
    let (left, middle, right) = match (how.left, zero) {
        (true, _) => (0, 0, missing),
        (false, true) => (0, missing, 0),
        (false, false) => (missing, 0, 0),
    };
    out.extend(std::iter::repeat_n(' ', left));
    out.push_str(sign);
    out.push_str(prefix);
    out.extend(std::iter::repeat_n('0', middle));
    out.push_str(digits);
    out.extend(std::iter::repeat_n(' ', right));
}

fn character(vm: &mut Vm, operand: Value) -> Outcome<char> {
    if operand.is_str() {
        let mut characters = text(operand).chars();
        if let (Some(c), None) = (characters.next(), characters.next()) {
            return Ok(c);
        }
    } else if as_integer(operand).is_some() {
        let code = as_i64(operand).and_then(|code| u32::try_from(code).ok());
        return match code.and_then(super::surrogates::from_code) {
            Some(c) => Ok(c),
            None => Err(vm.overflow_error("%c arg not in range(0x110000)")),
        };
    }
    Err(vm.type_error("%c requires int or char"))
}

fn integer_operand(vm: &mut Vm, kind: char, operand: Value) -> Outcome {
    if let Some(integer) = as_integer(operand) {
        return Ok(integer);
    }
    let decimal = matches!(kind, 'd' | 'i' | 'u');
    if let (true, Some(x)) = (decimal, as_float(operand)) {
        return float_to_integer(vm, x);
    }
    let (what, name) = (if decimal { "a real number" } else { "an integer" }, vm.type_name(operand));
    Err(vm.type_error(format!("%{kind} format: {what} is required, not {name}")))
}

fn float_operand(vm: &mut Vm, operand: Value) -> Outcome<f64> {
    match as_f64(operand) {
        Some(x) => Ok(x),
        None => vm.to_f64(operand),
    }
}

/// `int(x)`: truncated, with the errors for infinities and NaN.
pub fn float_to_integer(vm: &mut Vm, x: f64) -> Outcome {
    if x.is_nan() {
        return Err(vm.value_error("cannot convert float NaN to integer"));
    }
    if x.is_infinite() {
        return Err(vm.overflow_error("cannot convert float infinity to integer"));
    }
    let mut buffer = [0; 17];
    let limbs = float_limbs(x.trunc(), &mut buffer);
    vm.try_integer_from_limbs(limbs.negative, limbs.limbs)
}
