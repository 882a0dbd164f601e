//! Making and reading `str` objects: UTF-8 with a flag for ASCII, interned names, shared one-character strings, and the
//! buffers of strs that grow by `+`.
//!
//! A str that is the start of a chain of `+` is a *prefix* of a buffer with room behind it: the object holds its length
//! and the buffer's address in place of the bytes. The next `+` writes behind the bytes in use, if those end where its
//! left operand ends, and makes another prefix. What is in use never changes, so prefixes of one buffer do not disturb
//! each other, and nothing has to be evaluated later: reading a str needs no VM.

use super::heap::Heap;
use super::object::{Header, STORAGE_ITEMS, ShapeId, Str};
use super::value::Value;
use super::vm::{Outcome, Vm};

/// `Header::aux` of a str whose bytes are all ASCII.
pub const ASCII: u16 = 1;

/// `Header::aux` of a str whose bytes are at the start of a buffer.
const PREFIX: u16 = 2;

/// `Header::aux` of the result of a `+`: if it is a left operand in turn, it is a chain, and gets a buffer.
const CONCATENATED: u16 = 4;

/// Shorter strs are copied by `+` rather than put in a buffer.
const SHORTEST_PREFIX: usize = 256;

/// A STORAGE object that prefixes share. Its bytes are as far from its start as those of a plain str.
#[repr(C)]
struct Buffer {
    header: Header,
    used: u64,
    capacity: u64,
    // Bytes follow.
}

const _: () = assert!(size_of::<Buffer>() == Str::BYTES && std::mem::offset_of!(Buffer, used) == STORAGE_ITEMS);

/// The buffer of a str that has one: the only reference of a str to another object.
///
/// # Safety
/// `object` is an object of layout STR.
#[inline]
pub unsafe fn buffer(object: *mut Str) -> Option<Value> {
    // SAFETY: by the caller; prefixes have room for the address.
    unsafe {
        ((*object).header.aux & PREFIX != 0)
            .then(|| Value::from_address(object.byte_add(Str::BYTES).cast::<usize>().read()))
    }
}

/// Longest str in bytes: its length is a `u32`.
pub const LONGEST: usize = u32::MAX as usize;

/// The text of a str. The collector finds the reference on the native stack, so the object outlives it.
#[inline]
pub fn text<'a>(value: Value) -> &'a str {
    debug_assert!(value.is_str());
    let object = value.object::<Str>();
    // SAFETY: the caller has checked the shape; the bytes were copied from a `str` when the object was made.
    unsafe {
        let holder = match (*object).header.aux & PREFIX {
            0 => object.cast::<u8>(),
            _ => object.byte_add(Str::BYTES).cast::<*mut u8>().read(),
        };
        let bytes = std::slice::from_raw_parts(holder.byte_add(Str::BYTES), (*object).bytes as usize);
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

/// Code points from one entry of an index to the next.
const INDEX_STEP: usize = 64;

/// How many strs have an index at a time.
const INDEXED: usize = 4;

/// Byte offsets of every 64th code point of the strs last indexed: non-ASCII ones are searched by these. They go by
/// address, so a collection, after which an address can be that of another object, drops them all.
#[derive(Default)]
pub struct TextIndexes {
    entries: [TextIndex; INDEXED],
    next: usize,
}

#[derive(Default)]
struct TextIndex {
    /// Of the str; 0: unused.
    address: usize,
    offsets: Vec<u32>,
}

impl TextIndexes {
    pub fn clear(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.address = 0);
    }

    fn of(&mut self, value: Value) -> &[u32] {
        let address = value.address();
        let place = match self.entries.iter().position(|entry| entry.address == address) {
            Some(place) => place,
            None => {
                let place = self.next;
                self.next = (place + 1) % INDEXED;
                let entry = &mut self.entries[place];
                entry.address = address;
                entry.offsets.clear();
                let starts = text(value).bytes().enumerate().filter(|&(_, byte)| is_start(byte));
                entry.offsets.extend(starts.step_by(INDEX_STEP).map(|(offset, _)| offset as u32));
                place
            }
        };
        &self.entries[place].offsets
    }
}

/// A byte that begins a code point.
fn is_start(byte: u8) -> bool {
    byte as i8 >= -0x40
}

fn count_starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| is_start(byte)).count()
}

/// Byte offset of code point `index`, which is at most the length.
#[inline]
pub fn byte_offset(vm: &mut Vm, value: Value, index: usize) -> usize {
    if is_ascii(value) { index } else { searched_offset(vm, value, index) }
}

fn searched_offset(vm: &mut Vm, value: Value, index: usize) -> usize {
    let bytes = text(value).as_bytes();
    let length = length(value);
    if index >= length {
        return bytes.len();
    }
    let (from, skip) = match length > 2 * INDEX_STEP {
        true => (vm.text_indexes.of(value)[index / INDEX_STEP] as usize, index % INDEX_STEP),
        false => (0, index),
    };
    let starts = bytes[from..].iter().enumerate().filter(|&(_, &byte)| is_start(byte));
    starts.map(|(offset, _)| from + offset).nth(skip).unwrap_or(bytes.len())
}

/// Number of code points before a byte offset, which is that of one.
pub fn code_point_index(vm: &mut Vm, value: Value, offset: usize) -> usize {
    if is_ascii(value) {
        return offset;
    }
    let bytes = text(value).as_bytes();
    if length(value) <= 2 * INDEX_STEP {
        return count_starts(&bytes[..offset]);
    }
    let offsets = vm.text_indexes.of(value);
    let entry = offsets.partition_point(|&start| start as usize <= offset) - 1;
    entry * INDEX_STEP + count_starts(&bytes[offsets[entry] as usize..offset])
}

/// Copies bytes of which there are at least two, mostly few: in line, since a call of `memcpy` takes longer.
///
/// # Safety
/// As of `copy_nonoverlapping`.
#[inline(always)]
unsafe fn copy_short(from: *const u8, to: *mut u8, count: usize) {
    debug_assert!(count >= 2);
    // SAFETY: each piece begins and ends within the bytes, both are read before the first is written.
    unsafe {
        macro_rules! ends {
            ($type:ty) => {{
                let last = count - size_of::<$type>();
                let pair = (from.cast::<$type>().read_unaligned(), from.add(last).cast::<$type>().read_unaligned());
                to.cast::<$type>().write_unaligned(pair.0);
                to.add(last).cast::<$type>().write_unaligned(pair.1);
            }};
        }
        match count {
            0..4 => ends!(u16),
            4..8 => ends!(u32),
            8..16 => ends!(u64),
            16..=32 => ends!(u128),
            _ => std::ptr::copy_nonoverlapping(from, to, count),
        }
    }
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

    /// As [`Vm::str`] of bytes that are known to be ASCII.
    #[inline]
    pub fn ascii_str(&mut self, text: &[u8]) -> Value {
        debug_assert!(text.is_ascii());
        match *text {
            [] => return self.empty_str,
            [byte] => return self.characters[byte as usize],
            _ => {}
        }
        if text.len() > LONGEST {
            self.raise_memory_error();
            return Value::EXC;
        }
        let object = match self.try_allocate(Str::BYTES + text.len(), ShapeId::STR) {
            Ok(object) => object.cast::<Str>(),
            Err(_) => return Value::EXC,
        };
        // SAFETY: as in `allocate_str`.
        unsafe {
            (*object).header.aux = ASCII;
            (*object).length = text.len() as u32;
            (*object).bytes = text.len() as u32;
            (*object).hash = 0;
            copy_short(text.as_ptr(), object.byte_add(Str::BYTES).cast(), text.len());
            Value::of(object)
        }
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
            let points = if ascii { bytes } else { count_starts(slice) };
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
        if left.is_empty() && b.has_shape(ShapeId::STR) {
            return Ok(b);
        }
        if right.is_empty() && a.has_shape(ShapeId::STR) {
            return Ok(a);
        }
        let total = left.len() + right.len();
        // SAFETY: both are strs.
        let flags = unsafe { (*a.object::<Str>()).header.aux };
        if total < SHORTEST_PREFIX || flags & (PREFIX | CONCATENATED) == 0 {
            let result = self.allocate_str(total, |bytes| {
                bytes[..left.len()].copy_from_slice(left.as_bytes());
                bytes[left.len()..].copy_from_slice(right.as_bytes());
            })?;
            // SAFETY: the str is new.
            unsafe { (*result.object::<Str>()).header.aux |= CONCATENATED };
            return Ok(result);
        }
        self.append(a, b)
    }

    /// `a + b` of two strs, where `a` is likely not to be used again.
    fn append(&mut self, a: Value, b: Value) -> Outcome {
        let (left, right) = (text(a), text(b));
        let total = left.len() + right.len();
        if total > LONGEST {
            return Err(self.raise_memory_error());
        }
        // SAFETY: `a` is a str. The buffer has room for what is written behind its bytes in use, which no str reads
        // yet; a new one is a fresh allocation. No allocation comes between that of the result and its last field.
        unsafe {
            let own = buffer(a.object::<Str>())
                .map(|buffer| buffer.object::<Buffer>())
                .filter(|&buffer| (*buffer).used as usize == left.len() && (*buffer).capacity as usize >= total);
            let buffer = match own {
                Some(buffer) => buffer,
                None => {
                    let bytes = Str::BYTES + total + total / 2;
                    let buffer = self.try_allocate(bytes, ShapeId::STORAGE)?.cast::<Buffer>();
                    (*buffer).capacity = (Heap::usable_bytes(bytes) - Str::BYTES) as u64;
                    (*buffer).used = left.len() as u64;
                    let data = buffer.byte_add(Str::BYTES).cast::<u8>();
                    std::ptr::copy_nonoverlapping(left.as_ptr(), data, left.len());
                    buffer
                }
            };
            let data = buffer.byte_add(Str::BYTES).cast::<u8>();
            std::ptr::copy_nonoverlapping(right.as_ptr(), data.add(left.len()), right.len());
            (*buffer).used = total as u64;
            let object = self.try_allocate(Str::BYTES + size_of::<usize>(), ShapeId::STR)?.cast::<Str>();
            (*object).header.aux = PREFIX | ((is_ascii(a) && is_ascii(b)) as u16 * ASCII);
            (*object).length = (length(a) + length(b)) as u32;
            (*object).bytes = total as u32;
            (*object).hash = 0;
            object.byte_add(Str::BYTES).cast::<*mut Buffer>().write(buffer);
            Ok(Value::of(object))
        }
    }

    /// The str itself, or a copy whose bytes are in the object.
    pub fn plain_str(&mut self, value: Value) -> Outcome {
        // SAFETY: the caller passes a str.
        if unsafe { buffer(value.object::<Str>()) }.is_none() {
            return Ok(value);
        }
        let text = text(value);
        self.allocate_str(text.len(), |bytes| bytes.copy_from_slice(text.as_bytes()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_strs_leave_the_shorter_ones_as_they_are() {
        let mut vm = Vm::new(Vec::new());
        vm.heap.stress = 3;
        let mut expected = String::new();
        let mut value = vm.str("");
        let kept = vm.list(&[]).expect("memory");
        let mut lengths = Vec::new();
        for step in 0..600 {
            let piece = ["a", "bc", "\u{e9}", "\u{1f600}"][step % 4];
            expected.push_str(piece);
            let right = vm.str(piece);
            value = vm.concatenate(value, right).expect("memory");
            if step % 7 == 0 {
                vm.push(kept, value).expect("memory");
                lengths.push(expected.len());
                // A second extension of the same str must not write over the first.
                let other = vm.str("?!");
                let branch = vm.concatenate(value, other).expect("memory");
                assert!(text(branch).ends_with("?!") && text(branch).starts_with(&expected));
            }
            assert_eq!(text(value), expected);
            assert_eq!(length(value), expected.chars().count());
        }
        for (index, &length) in lengths.iter().enumerate() {
            assert_eq!(text(super::super::sequences::items(kept)[index]), &expected[..length]);
        }
        let plain = vm.plain_str(value).expect("memory");
        assert_eq!(text(plain), expected);
    }

    #[test]
    fn code_points_are_found_by_the_index() {
        let mut vm = Vm::new(Vec::new());
        for count in [1, 63, 64, 128, 129, 700] {
            let content: String = (0..count).map(|i| ['a', '\u{e9}', '\u{65e5}', '\u{1f600}'][i * 7 / 3 % 4]).collect();
            let value =
                vm.allocate_str(content.len(), |bytes| bytes.copy_from_slice(content.as_bytes())).expect("memory");
            for (index, (offset, _)) in content.char_indices().enumerate() {
                assert_eq!(byte_offset(&mut vm, value, index), offset);
                assert_eq!(code_point_index(&mut vm, value, offset), index);
            }
            assert_eq!(byte_offset(&mut vm, value, count), content.len());
            assert_eq!(code_point_index(&mut vm, value, content.len()), count);
        }
    }
}
