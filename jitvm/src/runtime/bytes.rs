//! Making, reading and changing `bytes` and `bytearray` objects, and the bytes of whatever has a buffer.

use std::borrow::Cow;

use super::heap::Heap;
use super::iterate::{Iteration, is_iterable_object};
use super::memory_view;
use super::numbers::{as_i64, as_integer};
use super::object::{ByteArray, Bytes, STORAGE_ITEMS, ShapeId};
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};

/// Longest bytes or bytearray; more is a MemoryError.
pub const LONGEST: usize = 1 << 40;

#[inline]
pub fn is_bytes(value: Value) -> bool {
    value.has_layout(ShapeId::BYTES)
}

#[inline]
pub fn is_bytearray(value: Value) -> bool {
    value.has_layout(ShapeId::BYTEARRAY)
}

/// bytes or bytearray.
pub fn is_any_bytes(value: Value) -> bool {
    is_bytes(value) || is_bytearray(value)
}

fn array_fields<'a>(array: Value) -> &'a mut ByteArray {
    debug_assert!(is_bytearray(array));
    // SAFETY: the caller passes a bytearray; no reference is kept over anything that could make a second one.
    unsafe { &mut *array.object::<ByteArray>() }
}

/// The data of a bytes or bytearray. As with [`super::sequences::items`], the caller does not use it any more once a
/// bytearray may have changed.
#[inline]
pub fn data<'a>(value: Value) -> &'a [u8] {
    debug_assert!(is_any_bytes(value));
    // SAFETY: the shape says which layout; the data holds `length` bytes.
    unsafe {
        if is_bytearray(value) {
            let array = &*value.object::<ByteArray>();
            if array.length == 0 {
                return &[];
            }
            return std::slice::from_raw_parts(array.data, array.length as usize);
        }
        let bytes = value.object::<Bytes>();
        std::slice::from_raw_parts(bytes.byte_add(Bytes::DATA).cast(), (*bytes).length as usize)
    }
}

/// The data of a bytearray, to change in place; nothing else reads it meanwhile.
pub fn data_mut<'a>(array: Value) -> &'a mut [u8] {
    let array = array_fields(array);
    if array.length == 0 {
        return &mut [];
    }
    // SAFETY: the data holds `length` bytes.
    unsafe { std::slice::from_raw_parts_mut(array.data, array.length as usize) }
}

/// The bytes of an object with a buffer: bytes, bytearray, memoryview; `None` for others.
pub fn as_buffer<'a>(value: Value) -> Option<Cow<'a, [u8]>> {
    match value.layout() {
        _ if is_any_bytes(value) => Some(Cow::Borrowed(data(value))),
        ShapeId::MEMORYVIEW => memory_view::bytes_of(value),
        _ => None,
    }
}

/// As [`as_buffer`], but only of bytes that lie one after the other.
pub fn as_contiguous<'a>(value: Value) -> Option<Cow<'a, [u8]>> {
    let scattered = memory_view::is_memory_view(value) && !memory_view::is_contiguous(value);
    if scattered { None } else { as_buffer(value) }
}

/// As [`as_buffer`], with CPython's error.
pub fn buffer<'a>(vm: &mut Vm, value: Value) -> Outcome<Cow<'a, [u8]>> {
    match as_buffer(value) {
        Some(data) => Ok(data),
        None => {
            let name = vm.type_name(value);
            Err(vm.type_error(format!("a bytes-like object is required, not '{name}'")))
        }
    }
}

/// A number as a byte.
pub fn to_byte(vm: &mut Vm, value: Value, range_error: &str) -> Outcome<u8> {
    if as_integer(value).is_none() {
        let name = vm.type_name(value);
        return Err(vm.type_error(format!("'{name}' object cannot be interpreted as an integer")));
    }
    match as_i64(value).and_then(|number| u8::try_from(number).ok()) {
        Some(byte) => Ok(byte),
        None => Err(vm.value_error(range_error)),
    }
}

/// What `bytes(iterable)` and the like hold.
pub fn collect(vm: &mut Vm, iterable: Value, array: bool) -> Outcome<Vec<u8>> {
    if let Some(data) = as_buffer(iterable) {
        return Ok(data.into_owned());
    }
    let range_error = if array { "byte must be in range(0, 256)" } else { "bytes must be in range(0, 256)" };
    let mut result = Vec::new();
    let mut iteration = Iteration::new(vm, iterable)?;
    while let Some(item) = iteration.next(vm)? {
        result.push(to_byte(vm, item, range_error)?);
    }
    Ok(result)
}

/// `bytes(source)` or `bytearray(source)`: the data.
pub fn from_source(vm: &mut Vm, source: Value, array: bool) -> Outcome<Vec<u8>> {
    if source.is_str() {
        return Err(vm.type_error("string argument without an encoding"));
    }
    if as_buffer(source).is_none() && as_integer(source).is_some() {
        let Some(count) = as_i64(source) else {
            return Err(vm.overflow_error("cannot fit 'int' into an index-sized integer"));
        };
        return match usize::try_from(count) {
            Ok(count) if count <= LONGEST => Ok(vec![0; count]),
            Ok(_) => Err(vm.raise_memory_error()),
            Err(_) => Err(vm.value_error("negative count")),
        };
    }
    if as_buffer(source).is_none() && !is_iterable_object(vm, source) {
        let (name, class) = (vm.type_name(source), if array { "bytearray" } else { "bytes" });
        return Err(vm.type_error(format!("cannot convert '{name}' object to {class}")));
    }
    collect(vm, source, array)
}

impl Vm {
    /// A bytes object.
    pub fn bytes(&mut self, data: &[u8]) -> Outcome {
        self.bytes_with(data.len(), |new| new.copy_from_slice(data))
    }

    /// A bytes object whose data `fill` writes without allocating.
    pub fn bytes_with(&mut self, length: usize, fill: impl FnOnce(&mut [u8])) -> Outcome {
        match length {
            0 => {
                fill(&mut []);
                Ok(self.empty_bytes)
            }
            1 => {
                let mut data = [0];
                fill(&mut data);
                Ok(self.single_bytes[data[0] as usize])
            }
            2..=LONGEST => self.new_bytes(length, fill),
            _ => Err(self.raise_memory_error()),
        }
    }

    /// One that nobody else has.
    pub(super) fn new_bytes(&mut self, length: usize, fill: impl FnOnce(&mut [u8])) -> Outcome {
        let bytes = self.try_allocate(Bytes::DATA + length, ShapeId::BYTES)?.cast::<Bytes>();
        // SAFETY: the allocation has room for the data, and no one else has seen it.
        unsafe {
            (*bytes).length = length as u64;
            (*bytes).hash = 0;
            let data = bytes.byte_add(Bytes::DATA).cast::<u8>();
            data.write_bytes(0, length);
            fill(std::slice::from_raw_parts_mut(data, length));
        }
        Ok(Value::of(bytes))
    }

    /// A bytearray with a copy of `data`.
    pub fn bytearray(&mut self, data: &[u8]) -> Outcome {
        let array = self.allocate(size_of::<ByteArray>(), ShapeId::BYTEARRAY).cast::<ByteArray>();
        // SAFETY: the allocation has room for a `ByteArray`.
        unsafe {
            ((*array).length, (*array).capacity) = (0, 0);
            (*array).data = std::ptr::null_mut();
        }
        let array = Value::of(array);
        splice(self, array, 0, 0, data)?;
        Ok(array)
    }

    /// A bytes or bytearray, as `like` is one.
    pub fn bytes_like(&mut self, like: Value, data: &[u8]) -> Outcome {
        if is_bytearray(like) { self.bytearray(data) } else { self.bytes(data) }
    }
}

/// Replaces `count` bytes of a bytearray from `start` on; `new` does not lie in it.
pub fn splice(vm: &mut Vm, array: Value, start: usize, count: usize, new: &[u8]) -> Outcome<()> {
    let old_length = array_fields(array).length as usize;
    let length = old_length - count + new.len();
    if length > array_fields(array).capacity as usize {
        if length > LONGEST {
            return Err(vm.raise_memory_error());
        }
        let capacity = if old_length == 0 { length } else { length + length / 8 + 6 };
        let bytes = STORAGE_ITEMS + capacity;
        let storage = vm.try_allocate(bytes, ShapeId::STORAGE)?;
        let fields = array_fields(array);
        // SAFETY: the new storage is larger than the old data.
        unsafe {
            let data = storage.byte_add(STORAGE_ITEMS).cast::<u8>();
            if old_length > 0 {
                data.copy_from_nonoverlapping(fields.data, old_length);
            }
            fields.data = data;
        }
        fields.capacity = (Heap::usable_bytes(bytes) - STORAGE_ITEMS) as u64;
    }
    let fields = array_fields(array);
    // SAFETY: there is room for the new length; source and destination of the tail may overlap.
    unsafe {
        let tail = start + count;
        if tail < old_length {
            fields.data.add(start + new.len()).copy_from(fields.data.add(tail), old_length - tail);
        }
        if !new.is_empty() {
            fields.data.add(start).copy_from_nonoverlapping(new.as_ptr(), new.len());
        }
    }
    fields.length = length as u64;
    Ok(())
}

/// `byte in data` or `part in data`.
pub fn contains(vm: &mut Vm, container: Value, wanted: Value) -> Outcome<bool> {
    if as_integer(wanted).is_some() {
        let byte = to_byte(vm, wanted, "byte must be in range(0, 256)")?;
        return Ok(data(container).contains(&byte));
    }
    let part = buffer(vm, wanted)?;
    if memory_view::is_memory_view(wanted) && !memory_view::is_contiguous(wanted) {
        return Err(vm.raise(TypeId::BUFFER_ERROR, "memoryview: underlying buffer is not C-contiguous"));
    }
    Ok(find(data(container), &part).is_some())
}

/// Where a byte comes first.
pub fn find_byte(data: &[u8], byte: u8) -> Option<usize> {
    // SAFETY: the bytes searched are those of the slice.
    let found = unsafe { libc::memchr(data.as_ptr().cast(), i32::from(byte), data.len()) };
    (!found.is_null()).then(|| found as usize - data.as_ptr() as usize)
}

/// Where `part` first occurs.
pub fn find(data: &[u8], part: &[u8]) -> Option<usize> {
    let (first, rest) = match part {
        [] => return Some(0),
        [byte] => return find_byte(data, *byte),
        [first, rest @ ..] => (*first, rest),
    };
    let last = data.len().checked_sub(part.len())?;
    let (mut at, mut vain) = (0, 0);
    while at <= last {
        at += find_byte(&data[at..=last], first)?;
        if data[at + 1..].starts_with(rest) {
            return Some(at);
        }
        at += 1;
        vain += 1;
        // Where the first byte is common, the search for all of them is faster.
        if vain * 16 > at + 128 {
            let data = &data[at..];
            // SAFETY: the bytes searched and searched for are those of the slices.
            let found = unsafe { libc::memmem(data.as_ptr().cast(), data.len(), part.as_ptr().cast(), part.len()) };
            return (!found.is_null()).then(|| at + (found as usize - data.as_ptr() as usize));
        }
    }
    None
}

/// Where `part` last occurs.
pub fn find_last(data: &[u8], part: &[u8]) -> Option<usize> {
    let last = data.len().checked_sub(part.len())?;
    (0..=last).rev().find(|&at| data[at..].starts_with(part))
}

/// `a + b` where `a` is a bytes or bytearray; in place for bytearrays.
pub fn concatenate(vm: &mut Vm, a: Value, b: Value, augmented: bool) -> Outcome {
    let Some(right) = as_contiguous(b) else {
        let (left, right) = (vm.type_name(b), vm.type_name(a));
        return Err(vm.type_error(format!("can't concat {left} to {right}")));
    };
    if augmented && is_bytearray(a) {
        let right = right.into_owned();
        splice(vm, a, data(a).len(), 0, &right)?;
        return Ok(a);
    }
    if a.has_shape(ShapeId::BYTES) {
        let left = data(a);
        return vm.bytes_with(left.len() + right.len(), |new| {
            new[..left.len()].copy_from_slice(left);
            new[left.len()..].copy_from_slice(&right);
        });
    }
    let joined = [data(a), &right].concat();
    vm.bytes_like(a, &joined)
}

/// `data * count`.
pub fn repeat(vm: &mut Vm, value: Value, count: usize, augmented: bool) -> Outcome {
    let source = data(value);
    let Some(total) = source.len().checked_mul(count).filter(|&total| total <= LONGEST) else {
        return Err(vm.raise_memory_error());
    };
    if count == 1 && value.has_shape(ShapeId::BYTES) {
        return Ok(value);
    }
    let fill = |new: &mut [u8], source: &[u8]| match *source {
        [byte] => new.fill(byte),
        _ => new.chunks_exact_mut(source.len().max(1)).for_each(|chunk| chunk.copy_from_slice(source)),
    };
    if is_bytearray(value) {
        let mut result = vec![0; total];
        fill(&mut result, source);
        if augmented {
            splice(vm, value, 0, data(value).len(), &result)?;
            return Ok(value);
        }
        return vm.bytearray(&result);
    }
    vm.bytes_with(total, |new| fill(new, source))
}

/// `repr` of bytes.
pub fn repr_of_data(data: &[u8], out: &mut String) {
    use std::fmt::Write;
    let quote = if data.contains(&b'\'') && !data.contains(&b'"') { '"' } else { '\'' };
    out.push('b');
    out.push(quote);
    for &byte in data {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ if char::from(byte) == quote => {
                out.push('\\');
                out.push(quote);
            }
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(quote);
}

/// The hash of bytes, kept in them: that of a str of the same bytes.
pub fn hash(value: Value) -> i64 {
    if !value.has_shape(ShapeId::BYTES) {
        return super::hash::hash_bytes(data(value));
    }
    let object = value.object::<Bytes>();
    // SAFETY: the shape has just been checked.
    let known = unsafe { (*object).hash };
    if known != 0 {
        return known as i64;
    }
    let hash = super::hash::hash_bytes(data(value));
    // SAFETY: as above.
    unsafe { (*object).hash = hash as u64 };
    hash
}

/// `data[start:stop:step] = new` and `del data[...]` report sizes that do not fit so.
pub fn size_error(vm: &mut Vm, given: usize, expected: usize) -> Raised {
    vm.value_error(format!("attempt to assign bytes of size {given} to extended slice of size {expected}"))
}
