//! Making and reading `str` objects: UTF-8 with a flag for ASCII, interned names, shared one-character strings.

use super::object::{ShapeId, Str};
use super::value::Value;
use super::vm::{Outcome, Vm};

/// `Header::aux` of a str whose bytes are all ASCII.
pub const ASCII: u16 = 1;

/// Longest str in bytes: its length is a `u32`.
pub const LONGEST: usize = u32::MAX as usize;

/// The text of a str. The collector finds the reference on the native stack, so the object outlives it.
#[inline]
pub fn text<'a>(value: Value) -> &'a str {
    debug_assert!(value.is_str());
    let object = value.object::<Str>();
    // SAFETY: the caller has checked the shape; the bytes were copied from a `str` when the object was made.
    unsafe {
        let bytes = std::slice::from_raw_parts(object.byte_add(Str::BYTES).cast(), (*object).bytes as usize);
        std::str::from_utf8_unchecked(bytes)
    }
}

/// As [`Value::is_str`].
pub fn is_text(value: Value) -> bool {
    value.is_str()
}

/// The text, or `None` if the value is no str.
pub fn as_text<'a>(value: Value) -> Option<&'a str> {
    value.is_str().then(|| text(value))
}

/// Number of code points.
#[inline]
pub fn length(value: Value) -> usize {
    debug_assert!(value.is_str());
    // SAFETY: the caller has checked the shape.
    unsafe { (*value.object::<Str>()).length as usize }
}

#[inline]
pub fn is_ascii(value: Value) -> bool {
    // SAFETY: the caller has checked the shape.
    unsafe { (*value.object::<Str>()).header.aux & ASCII != 0 }
}

/// Byte offset of code point `index`, which is at most the length.
pub fn byte_offset(value: Value, index: usize) -> usize {
    if is_ascii(value) {
        return index;
    }
    let text = text(value);
    text.char_indices().nth(index).map_or(text.len(), |(offset, _)| offset)
}

/// Number of code points before a byte offset.
pub fn code_point_index(value: Value, offset: usize) -> usize {
    if is_ascii(value) { offset } else { text(value)[..offset].chars().count() }
}

impl Vm {
    /// A str of text that fits memory: text of the VM itself, or of a size that has been checked.
    pub fn str(&mut self, text: &str) -> Value {
        match *text.as_bytes() {
            [] => self.empty_str,
            [byte] if byte < 128 => self.characters[byte as usize],
            _ => self.new_str(text),
        }
    }

    fn new_str(&mut self, text: &str) -> Value {
        self.allocate_str(text.len(), |bytes| bytes.copy_from_slice(text.as_bytes())).unwrap_or(Value::EXC)
    }

    /// A str of `bytes` bytes, which `fill` writes as valid UTF-8 without allocating.
    pub fn allocate_str(&mut self, bytes: usize, fill: impl FnOnce(&mut [u8])) -> Outcome {
        if bytes > LONGEST {
            return Err(self.raise_memory_error());
        }
        let object = self.try_allocate(Str::BYTES + bytes, ShapeId::STR)?.cast::<Str>();
        // SAFETY: the allocation has room for the header and the bytes, and no one else has seen it.
        unsafe {
            let slice = std::slice::from_raw_parts_mut(object.byte_add(Str::BYTES).cast::<u8>(), bytes);
            fill(slice);
            let ascii = slice.is_ascii();
            (*object).header.aux = if ascii { ASCII } else { 0 };
            // Continuation bytes are not counted.
            let points = if ascii { bytes } else { slice.iter().filter(|&&byte| byte as i8 >= -0x40).count() };
            (*object).length = points as u32;
            (*object).bytes = bytes as u32;
            (*object).hash = 0;
        }
        Ok(Value::of(object))
    }

    pub fn character(&mut self, c: char) -> Value {
        self.str(c.encode_utf8(&mut [0; 4]))
    }

    /// `a + b` of two strs.
    pub fn concatenate(&mut self, a: Value, b: Value) -> Outcome {
        let (left, right) = (text(a), text(b));
        if left.is_empty() {
            return Ok(b);
        }
        if right.is_empty() {
            return Ok(a);
        }
        self.allocate_str(left.len() + right.len(), |bytes| {
            bytes[..left.len()].copy_from_slice(left.as_bytes());
            bytes[left.len()..].copy_from_slice(right.as_bytes());
        })
    }

    /// The one str object of a name.
    pub fn intern(&mut self, name: &str) -> Value {
        if let Some(&value) = self.interned.get(name) {
            return value;
        }
        let value = self.str(name);
        self.interned.insert(name.into(), value);
        value
    }

    /// The interned str equal to `value`, if there is one: an attribute no one has named does not exist.
    pub fn interned_name(&self, value: Value) -> Option<Value> {
        self.interned.get(text(value)).copied()
    }
}
