//! The module `_struct`: values packed into bytes by a format, and back. What is wrong is returned as a str, which
//! `struct` raises as its own error.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::bytes;
use crate::runtime::iterate::{as_index, to_index};
use crate::runtime::numbers::{as_f64, as_i64, as_integer};
use crate::runtime::operators::truth;
use crate::runtime::sequences::items;
use crate::runtime::strings::as_text;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("_struct");
    "pack" Arity::Range(2, 2), pack, "Values as bytes.";
    "size" Arity::One, size, "Bytes that a format describes.";
    "unpack" Arity::Range(3, 3), unpack, "A tuple of the values at an offset.";
    "unpack_whole" Arity::Range(2, 2), unpack_whole, "A tuple of the values in a buffer of their size, or None.";
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

/// One code of a format with its count.
#[derive(Clone, Copy)]
struct Field {
    code: u8,
    count: usize,
    size: usize,
    offset: usize,
}

struct Layout {
    fields: Vec<Field>,
    big: bool,
    size: usize,
    /// Values that are packed.
    values: usize,
}

/// Sizes of the codes: with standard sizes, and as C on this machine has them, which is how they are aligned too.
fn size_of_code(code: u8, native: bool) -> Option<usize> {
    Some(match code {
        b'x' | b'c' | b'b' | b'B' | b'?' | b's' | b'p' => 1,
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' => {
            if native {
                8
            } else {
                4
            }
        }
        b'q' | b'Q' | b'd' => 8,
        b'n' | b'N' | b'P' if native => 8,
        _ => return None,
    })
}

fn layout(format: &str) -> Result<Layout, String> {
    let mut text = format.as_bytes();
    let (mut native, mut big) = (true, false);
    if let Some(&first) = text.first()
        && b"@=<>!".contains(&first)
    {
        native = first == b'@';
        big = matches!(first, b'>' | b'!');
        text = &text[1..];
    }
    let mut layout = Layout { fields: Vec::new(), big, size: 0, values: 0 };
    let mut at = 0;
    while at < text.len() {
        if text[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        while at < text.len() && text[at].is_ascii_digit() {
            at += 1;
        }
        let mut count = 1;
        if at > start {
            count = format_number(&text[start..at]).ok_or("overflow in item count")?;
            if at == text.len() {
                return Err("repeat count given without format specifier".to_owned());
            }
        }
        let code = text[at];
        at += 1;
        let Some(size) = size_of_code(code, native) else {
            return Err("bad char in struct format".to_owned());
        };
        if native {
            layout.size = layout.size.next_multiple_of(size);
        }
        layout.fields.push(Field { code, count, size, offset: layout.size });
        layout.size = size
            .checked_mul(count)
            .and_then(|bytes| bytes.checked_add(layout.size))
            .ok_or("total struct size too long")?;
        layout.values += match code {
            b'x' => 0,
            b's' | b'p' => 1,
            _ => count,
        };
    }
    Ok(layout)
}

fn format_number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|&number: &usize| number < 1 << 40)
}

fn format_text(vm: &mut Vm, value: Value) -> Outcome<String> {
    if let Some(text) = as_text(value) {
        return Ok(text.to_owned());
    }
    match bytes::as_buffer(value) {
        Some(data) => Ok(String::from_utf8_lossy(&data).into_owned()),
        None => {
            let name = vm.type_name(value);
            Err(vm.type_error(format!("Struct() argument 1 must be a str or bytes object, not {name}")))
        }
    }
}

fn size(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let format = format_text(vm, arguments.positional()[0])?;
    match layout(&format) {
        Ok(layout) => Ok(Value::from_fixnum(layout.size as i64)),
        Err(message) => Ok(vm.str(&message)),
    }
}

/// Half precision, rounded to even; `None` if it is too large.
fn half(x: f64) -> Option<u16> {
    let sign = if x.is_sign_negative() { 0x8000 } else { 0 };
    if x.is_nan() {
        return Some(sign | 0x7e00);
    }
    if x.is_infinite() {
        return Some(sign | 0x7c00);
    }
    let magnitude = x.abs();
    if magnitude < 2f64.powi(-14) {
        // Steps of 2**-24; the largest rounds up into the normal numbers.
        return Some(sign | (magnitude * 2f64.powi(24)).round_ties_even() as u16);
    }
    let mut exponent = magnitude.log2().floor() as i32;
    if 2f64.powi(exponent) > magnitude {
        exponent -= 1;
    }
    let mut fraction = (magnitude / 2f64.powi(exponent) * 1024.0).round_ties_even() as u32;
    if fraction == 2048 {
        (fraction, exponent) = (1024, exponent + 1);
    }
    (exponent <= 15).then_some(sign | ((exponent + 15) as u16) << 10 | (fraction - 1024) as u16)
}

fn from_half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 != 0 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

/// The bytes of an int, low ones first, or what is wrong.
fn integer_bytes(vm: &mut Vm, field: Field, value: Value) -> Outcome<Result<u64, String>> {
    let Some(integer) = as_index(vm, value)?.and_then(as_integer) else {
        return Ok(Err("required argument is not an integer".to_owned()));
    };
    let signed = field.code.is_ascii_lowercase();
    let bits = 8 * field.size as u32;
    let wide = match as_i64(integer) {
        Some(number) => Some(i128::from(number)),
        None => {
            let mut small = [0];
            let limbs = crate::runtime::numbers::Limbs::of(integer, &mut small);
            let fits = limbs.bit_length() <= 64;
            let text = crate::runtime::repr::integer_text(vm, integer)?;
            if fits { text.parse().ok() } else { None }
        }
    };
    let (low, high) =
        if signed { (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1) } else { (0, (1_i128 << bits) - 1) };
    match wide {
        Some(number) if (low..=high).contains(&number) => Ok(Ok(number as u64)),
        _ => {
            let code = char::from(field.code);
            // What C's integers hold is told apart from what the field holds.
            let held = wide.is_some_and(|number| match field.code {
                b'I' | b'L' => (0..=i128::from(u64::MAX)).contains(&number),
                _ => i64::try_from(number).is_ok(),
            });
            Ok(Err(match field.code {
                b'P' => "int too large to convert".to_owned(),
                _ if !held || field.size == 8 => "argument out of range".to_owned(),
                b'b' => "byte format requires -128 <= number <= 127".to_owned(),
                b'B' => "ubyte format requires 0 <= number <= 255".to_owned(),
                b'h' => "short format requires -32768 <= number <= 32767".to_owned(),
                b'H' => "ushort format requires 0 <= number <= 65535".to_owned(),
                _ => format!("'{code}' format requires {low} <= number <= {high}"),
            }))
        }
    }
}

fn pack(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let format = format_text(vm, arguments.positional()[0])?;
    let values = items(arguments.positional()[1]);
    let layout = match layout(&format) {
        Ok(layout) => layout,
        Err(message) => return Ok(vm.str(&message)),
    };
    if values.len() != layout.values {
        let message = format!("pack expected {} items for packing (got {})", layout.values, values.len());
        return Ok(vm.str(&message));
    }
    let mut out = vec![0; layout.size];
    let mut next = 0;
    for &field in &layout.fields {
        if field.code == b'x' {
            continue;
        }
        if matches!(field.code, b's' | b'p') {
            let Some(data) = bytes::as_buffer(values[next]) else {
                let message = format!("argument for '{}' must be a bytes object", char::from(field.code));
                return Ok(vm.str(&message));
            };
            next += 1;
            if field.code == b's' {
                let length = data.len().min(field.count);
                out[field.offset..field.offset + length].copy_from_slice(&data[..length]);
            } else if field.count > 0 {
                let length = data.len().min(field.count - 1).min(255);
                out[field.offset] = length as u8;
                out[field.offset + 1..field.offset + 1 + length].copy_from_slice(&data[..length]);
            }
            continue;
        }
        for index in 0..field.count {
            let value = values[next];
            next += 1;
            let bits = match field.code {
                b'c' => match bytes::as_buffer(value) {
                    Some(data) if data.len() == 1 => u64::from(data[0]),
                    _ => return Ok(vm.str("char format requires a bytes object of length 1")),
                },
                b'?' => u64::from(truth(vm, value)?),
                b'e' | b'f' | b'd' => {
                    let Some(x) = as_f64(value) else { return Ok(vm.str("required argument is not a float")) };
                    match field.code {
                        b'd' => x.to_bits(),
                        b'f' if (x as f32).is_infinite() && x.is_finite() => {
                            return Err(vm.overflow_error("float too large to pack with f format"));
                        }
                        b'f' => u64::from((x as f32).to_bits()),
                        _ => match half(x) {
                            Some(bits) => u64::from(bits),
                            None => return Err(vm.overflow_error("float too large to pack with e format")),
                        },
                    }
                }
                _ => match integer_bytes(vm, field, value)? {
                    Ok(bits) => bits,
                    Err(message) => return Ok(vm.str(&message)),
                },
            };
            let place = &mut out[field.offset + index * field.size..][..field.size];
            place.copy_from_slice(&bits.to_le_bytes()[..field.size]);
            if layout.big {
                place.reverse();
            }
        }
    }
    vm.bytes(&out)
}

/// `unpack(format, buffer, offset)`.
fn unpack(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let format = format_text(vm, arguments.positional()[0])?;
    let data = bytes::buffer(vm, arguments.positional()[1])?;
    let offset = to_index(vm, arguments.positional()[2])?.max(0) as usize;
    let layout = match known_layout(&format) {
        Ok(layout) => layout,
        Err(message) => return Ok(vm.str(&message)),
    };
    let Some(data) = data.get(offset..offset.saturating_add(layout.size)) else {
        let message = format!("unpack requires a buffer of {} bytes", layout.size);
        return Ok(vm.str(&message));
    };
    values_of(vm, &layout, data)
}

/// `unpack_whole(format, buffer)`: None where the format is wrong or the buffer has not its size.
fn unpack_whole(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let format = format_text(vm, values[0])?;
    let Ok(layout) = known_layout(&format) else { return Ok(Value::NONE) };
    match bytes::as_contiguous(values[1]).filter(|data| data.len() == layout.size) {
        Some(data) => values_of(vm, &layout, &data),
        None => Ok(Value::NONE),
    }
}

thread_local! {
    /// What formats mean that were used before.
    static LAYOUTS: RefCell<HashMap<String, Rc<Layout>>> = RefCell::default();
}

/// Formats remembered.
const MOST_LAYOUTS: usize = 100;

fn known_layout(format: &str) -> Result<Rc<Layout>, String> {
    if let Some(known) = LAYOUTS.with_borrow(|known| known.get(format).cloned()) {
        return Ok(known);
    }
    let made = Rc::new(layout(format)?);
    LAYOUTS.with_borrow_mut(|known| {
        if known.len() >= MOST_LAYOUTS {
            known.clear();
        }
        known.insert(format.to_owned(), made.clone());
    });
    Ok(made)
}

/// Values for a tuple: few are on the native stack, where the collector sees them, others in a list.
struct Values {
    few: [Value; 8],
    count: usize,
    many: Option<Value>,
}

impl Values {
    fn add(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        if let Some(list) = self.many {
            return vm.push(list, value);
        }
        self.few[self.count] = value;
        self.count += 1;
        if self.count == self.few.len() {
            self.many = Some(vm.list(&self.few)?);
        }
        Ok(())
    }
}

fn values_of(vm: &mut Vm, layout: &Layout, data: &[u8]) -> Outcome {
    let mut result = Values { few: [Value::NONE; 8], count: 0, many: None };
    for field in &layout.fields {
        let place = |index: usize| {
            let mut word = [0; 8];
            let part = &data[field.offset + index * field.size..][..field.size];
            word[..field.size].copy_from_slice(part);
            if layout.big {
                word[..field.size].reverse();
            }
            u64::from_le_bytes(word)
        };
        match field.code {
            b'x' => continue,
            b's' => {
                let value = vm.bytes(&data[field.offset..field.offset + field.count])?;
                result.add(vm, value)?;
                continue;
            }
            b'p' => {
                let part = &data[field.offset..field.offset + field.count];
                let length = part.first().map_or(0, |&length| usize::from(length).min(field.count - 1));
                let value = vm.bytes(part.get(1..1 + length).unwrap_or(&[]))?;
                result.add(vm, value)?;
                continue;
            }
            _ => {}
        }
        for index in 0..field.count {
            let bits = place(index);
            let value = match field.code {
                b'c' => vm.bytes(&[bits as u8])?,
                b'?' => Value::from_bool(bits != 0),
                b'd' => vm.float(f64::from_bits(bits)),
                b'f' => vm.float(f64::from(f32::from_bits(bits as u32))),
                b'e' => vm.float(from_half(bits as u16)),
                code if code.is_ascii_lowercase() => {
                    let unused = 64 - 8 * field.size as u32;
                    vm.integer(((bits << unused) as i64) >> unused)
                }
                _ => vm.integer_wide(i128::from(bits)),
            };
            result.add(vm, value)?;
        }
    }
    match result.many {
        Some(list) => vm.tuple(items(list)),
        None => vm.tuple(&result.few[..result.count]),
    }
}
