//! `memoryview` of one dimension: items of a `struct` format over a bytes or bytearray.
//!
//! CPython refuses to resize a bytearray while a view of it exists. Here no one knows when the last view goes, so the
//! bytearray is resized, and a view whose items are gone is as good as released.

use std::borrow::Cow;

use super::bytes::{data, data_mut, is_any_bytes, is_bytearray};
use super::numbers::{as_f64, as_i64, as_integer};
use super::object::{MemoryView, ShapeId};
use super::sequences::items;
use super::subscript::resolve_slice;
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// The formats that items can have, with their sizes.
const FORMATS: &[(u8, u8)] = &[
    (b'B', 1),
    (b'b', 1),
    (b'c', 1),
    (b'?', 1),
    (b'h', 2),
    (b'H', 2),
    (b'i', 4),
    (b'I', 4),
    (b'l', 8),
    (b'L', 8),
    (b'q', 8),
    (b'Q', 8),
    (b'f', 4),
    (b'd', 8),
];

pub fn is_memory_view(value: Value) -> bool {
    value.has_layout(ShapeId::MEMORYVIEW)
}

pub fn fields<'a>(view: Value) -> &'a mut MemoryView {
    debug_assert!(is_memory_view(view));
    // SAFETY: the caller passes a memoryview; no reference is kept over anything that could make a second one.
    unsafe { &mut *view.object::<MemoryView>() }
}

/// Items and bytes lie one after the other.
pub fn is_contiguous(view: Value) -> bool {
    let view = fields(view);
    view.length <= 1 || view.stride == i64::from(view.item_size)
}

/// The bytes of a view's items in order; `None` if it is released.
pub fn bytes_of<'a>(view: Value) -> Option<Cow<'a, [u8]>> {
    let contiguous = is_contiguous(view);
    if is_released(view) {
        return None;
    }
    let view = fields(view);
    let source = data(view.source);
    let size = i64::from(view.item_size);
    if contiguous {
        let start = view.start as usize;
        return Some(Cow::Borrowed(&source[start..start + (view.length * size) as usize]));
    }
    let mut result = Vec::with_capacity((view.length * size) as usize);
    for index in 0..view.length {
        let start = (view.start + index * view.stride) as usize;
        result.extend_from_slice(&source[start..start + size as usize]);
    }
    Some(Cow::Owned(result))
}

/// The view was released, or its bytearray no longer has the bytes.
pub fn is_released(view: Value) -> bool {
    let view = fields(view);
    if view.source == Value::NONE {
        return true;
    }
    let last = view.start + (view.length - 1) * view.stride;
    view.length > 0 && view.start.max(last) + i64::from(view.item_size) > data(view.source).len() as i64
}

/// Raises ValueError for a released view.
pub fn check(vm: &mut Vm, view: Value) -> Outcome<()> {
    if is_released(view) {
        return Err(vm.value_error("operation forbidden on released memoryview object"));
    }
    Ok(())
}

fn new_view(vm: &mut Vm, content: MemoryView) -> Value {
    let view = vm.allocate(size_of::<MemoryView>(), ShapeId::MEMORYVIEW).cast::<MemoryView>();
    // SAFETY: the allocation has room for a `MemoryView`, whose header is written already.
    unsafe {
        let header = (*view).header;
        view.write(MemoryView { header, ..content });
    }
    Value::of(view)
}

/// `memoryview(source)`.
pub fn new(vm: &mut Vm, source: Value) -> Outcome {
    if is_memory_view(source) {
        check(vm, source)?;
        let fields = fields(source);
        let copy = MemoryView { header: fields.header, unused: [0; 5], ..*fields };
        return Ok(new_view(vm, copy));
    }
    if !is_any_bytes(source) {
        let name = vm.type_name(source);
        return Err(vm.type_error(format!("memoryview: a bytes-like object is required, not '{name}'")));
    }
    let content = MemoryView {
        // SAFETY: bytes and bytearrays are heap objects.
        header: unsafe { *source.object() },
        source,
        start: 0,
        length: data(source).len() as i64,
        stride: 1,
        format: b'B',
        item_size: 1,
        readonly: !is_bytearray(source),
        unused: [0; 5],
    };
    Ok(new_view(vm, content))
}

/// `view.release()`.
pub fn release(view: Value) {
    fields(view).source = Value::NONE;
}

/// `view.cast(format)`.
pub fn cast(vm: &mut Vm, view: Value, format: &str) -> Outcome {
    check(vm, view)?;
    if !is_contiguous(view) {
        return Err(vm.type_error("memoryview: casts are restricted to C-contiguous views"));
    }
    let name = format.strip_prefix('@').unwrap_or(format);
    let row = FORMATS.iter().find(|(known, _)| name.as_bytes() == [*known]);
    let Some(&(format, item_size)) = row else {
        let message = "memoryview: destination format must be a native single character format prefixed with an \
                       optional '@'";
        return Err(vm.value_error(message));
    };
    let old = fields(view);
    if old.item_size != 1 && item_size != 1 {
        return Err(vm.type_error("memoryview: cannot cast between two non-byte formats"));
    }
    let bytes = old.length * i64::from(old.item_size);
    if bytes % i64::from(item_size) != 0 {
        return Err(vm.type_error("memoryview: length is not a multiple of itemsize"));
    }
    let length = bytes / i64::from(item_size);
    let content = MemoryView {
        header: old.header,
        unused: [0; 5],
        length,
        stride: i64::from(item_size),
        format,
        item_size,
        ..*old
    };
    Ok(new_view(vm, content))
}

/// `view.toreadonly()`.
pub fn to_readonly(vm: &mut Vm, view: Value) -> Outcome {
    check(vm, view)?;
    let old = fields(view);
    let content = MemoryView { header: old.header, unused: [0; 5], readonly: true, ..*old };
    Ok(new_view(vm, content))
}

/// `view[index]` for an index that has been checked.
pub fn item(vm: &mut Vm, view: Value, index: i64) -> Outcome {
    let fields = fields(view);
    let start = (fields.start + index * fields.stride) as usize;
    let raw = &data(fields.source)[start..start + fields.item_size as usize];
    let mut wide = [0; 8];
    wide[..raw.len()].copy_from_slice(raw);
    let unsigned = u64::from_le_bytes(wide);
    let shift = 64 - 8 * u32::from(fields.item_size);
    let signed = (unsigned << shift) as i64 >> shift;
    Ok(match fields.format {
        b'c' => return vm.bytes(raw),
        b'?' => Value::from_bool(raw[0] != 0),
        b'f' => vm.float(f64::from(f32::from_bits(unsigned as u32))),
        b'd' => vm.float(f64::from_bits(unsigned)),
        b'b' | b'h' | b'i' | b'l' | b'q' => vm.integer(signed),
        _ => vm.integer_wide(i128::from(unsigned)),
    })
}

fn checked_index(vm: &mut Vm, view: Value, key: Value) -> Outcome<i64> {
    // A tuple has an index for each dimension.
    let key = match key.has_layout(ShapeId::TUPLE).then(|| items(key)) {
        Some([only]) if as_integer(*only).is_some() => *only,
        _ => key,
    };
    if as_integer(key).is_none() {
        return Err(vm.type_error("memoryview: invalid slice key"));
    }
    let Some(index) = as_i64(key) else {
        return Err(vm.index_error("cannot fit 'int' into an index-sized integer"));
    };
    let length = fields(view).length;
    let resolved = if index < 0 { index + length } else { index };
    if !(0..length).contains(&resolved) {
        return Err(vm.index_error("index out of bounds on dimension 1"));
    }
    Ok(resolved)
}

/// `view[key]`.
pub fn get_item(vm: &mut Vm, view: Value, key: Value) -> Outcome {
    check(vm, view)?;
    if key.has_layout(ShapeId::SLICE) {
        return slice(vm, view, key);
    }
    let index = checked_index(vm, view, key)?;
    item(vm, view, index)
}

fn slice(vm: &mut Vm, view: Value, key: Value) -> Outcome {
    let old = fields(view);
    let chosen = resolve_slice(vm, key, old.length as usize)?;
    // What chooses nothing may begin before the first item.
    let first = if chosen.count == 0 { 0 } else { chosen.start };
    let content = MemoryView {
        header: old.header,
        unused: [0; 5],
        start: old.start + first * old.stride,
        length: chosen.count as i64,
        stride: old.stride * chosen.step,
        ..*old
    };
    Ok(new_view(vm, content))
}

/// `view[key] = value`.
pub fn set_item(vm: &mut Vm, view: Value, key: Value, value: Value) -> Outcome<()> {
    check(vm, view)?;
    if fields(view).readonly {
        return Err(vm.type_error("cannot modify read-only memory"));
    }
    if key.has_layout(ShapeId::SLICE) {
        let target = slice(vm, view, key)?;
        let new = super::bytes::buffer(vm, value)?.into_owned();
        let view = fields(target);
        let (format, size) =
            if is_memory_view(value) { (fields(value).format, fields(value).item_size) } else { (b'B', 1) };
        if format != view.format || new.len() as i64 != view.length * i64::from(size) {
            release(target);
            return Err(vm.value_error("memoryview assignment: lvalue and rvalue have different structures"));
        }
        for (index, chunk) in new.chunks_exact(size as usize).enumerate() {
            let start = (view.start + index as i64 * view.stride) as usize;
            data_mut(view.source)[start..start + size as usize].copy_from_slice(chunk);
        }
        release(target);
        return Ok(());
    }
    let index = checked_index(vm, view, key)?;
    let raw = encode(vm, fields(view).format, value)?;
    let fields = fields(view);
    let start = (fields.start + index * fields.stride) as usize;
    let size = fields.item_size as usize;
    data_mut(fields.source)[start..start + size].copy_from_slice(&raw[..size]);
    Ok(())
}

/// A value as an item, little end first.
fn encode(vm: &mut Vm, format: u8, value: Value) -> Outcome<[u8; 8]> {
    let name = char::from(format);
    let invalid_type = |vm: &mut Vm| Err(vm.type_error(format!("memoryview: invalid type for format '{name}'")));
    let invalid_value = |vm: &mut Vm| Err(vm.value_error(format!("memoryview: invalid value for format '{name}'")));
    let (low, high) = match format {
        b'c' => {
            let Some([byte]) = super::bytes::is_bytes(value).then(|| data(value)) else {
                return if super::bytes::is_bytes(value) { invalid_value(vm) } else { invalid_type(vm) };
            };
            return Ok(u64::from(*byte).to_le_bytes());
        }
        b'?' => return Ok(u64::from(super::operators::truth(vm, value)?).to_le_bytes()),
        b'f' | b'd' => {
            let Some(x) = as_f64(value) else { return invalid_type(vm) };
            let bits = if format == b'f' { u64::from((x as f32).to_bits()) } else { x.to_bits() };
            return Ok(bits.to_le_bytes());
        }
        b'b' => (-(1 << 7), (1 << 7) - 1),
        b'B' => (0, (1 << 8) - 1),
        b'h' => (-(1 << 15), (1 << 15) - 1),
        b'H' => (0, (1 << 16) - 1),
        b'i' => (-(1 << 31), (1 << 31) - 1),
        b'I' => (0, (1 << 32) - 1),
        b'l' | b'q' => (i128::from(i64::MIN), i128::from(i64::MAX)),
        _ => (0, i128::from(u64::MAX)),
    };
    let Some(integer) = as_integer(value) else { return invalid_type(vm) };
    let wide = as_i64(integer).map(i128::from).or_else(|| {
        let limbs = super::numbers::Limbs::of_big(integer);
        (!limbs.negative && limbs.limbs.len() == 1).then(|| i128::from(limbs.limbs[0]))
    });
    match wide {
        Some(number) if (low..=high).contains(&number) => Ok((number as u64).to_le_bytes()),
        _ => invalid_value(vm),
    }
}

/// `a == b` where one is a view and both have buffers.
pub fn equal(vm: &mut Vm, a: Value, b: Value) -> Outcome<bool> {
    let format = |value| if is_memory_view(value) { fields(value).format } else { b'B' };
    let released = |value| is_memory_view(value) && is_released(value);
    if released(a) || released(b) {
        return Ok(a == b);
    }
    let (Some(x), Some(y)) = (super::bytes::as_buffer(a), super::bytes::as_buffer(b)) else { return Ok(false) };
    if format(a) == format(b) && !matches!(format(a), b'f' | b'd') {
        return Ok(x == y);
    }
    let (a, b) = (new(vm, a)?, new(vm, b)?);
    let length = fields(a).length;
    let mut same = length == fields(b).length;
    for index in 0..length {
        if !same {
            break;
        }
        let (p, q) = (item(vm, a, index)?, item(vm, b, index)?);
        same = super::compare::equal(vm, p, q)?;
    }
    release(a);
    release(b);
    Ok(same)
}

/// `hash(view)`: that of the bytes, if it is read-only.
pub fn hash(vm: &mut Vm, view: Value) -> Outcome<i64> {
    check(vm, view)?;
    if !fields(view).readonly {
        return Err(vm.value_error("cannot hash writable memoryview object"));
    }
    if !matches!(fields(view).format, b'B' | b'b' | b'c') {
        return Err(vm.value_error("memoryview: hashing is restricted to formats 'B', 'b' or 'c'"));
    }
    if is_bytearray(fields(view).source) {
        return Err(vm.raise(TypeId::TYPE_ERROR, "unhashable type: 'bytearray'"));
    }
    let data = bytes_of(view).unwrap_or_default();
    Ok(super::hash::hash_bytes(&data))
}

/// Attributes that are values.
pub fn attribute(vm: &mut Vm, view: Value, name: &str) -> Option<Value> {
    let number = |i: i64| Value::from_fixnum(i);
    let fields = fields(view);
    if is_released(view) {
        return None;
    }
    match name {
        "obj" => Some(fields.source),
        "format" => Some(vm.character(char::from(fields.format))),
        "itemsize" => Some(number(i64::from(fields.item_size))),
        "nbytes" => Some(number(fields.length * i64::from(fields.item_size))),
        "ndim" => Some(number(1)),
        "readonly" => Some(Value::from_bool(fields.readonly)),
        "shape" => vm.tuple(&[number(fields.length)]).ok(),
        "strides" => vm.tuple(&[number(fields.stride)]).ok(),
        "suboffsets" => Some(vm.empty_tuple),
        "contiguous" | "c_contiguous" | "f_contiguous" => Some(Value::from_bool(is_contiguous(view))),
        _ => None,
    }
}
