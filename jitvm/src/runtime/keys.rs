//! Keys of dicts and elements of sets: their hashes, and which are equal without running code of the program.

use super::compare::equal;
use super::hash::hash;
use super::object::{ShapeId, Str};
use super::strings::text;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// Whether two different keys of the same hash are equal, where no code of the program decides.
#[inline]
pub(super) fn equal_natively(a: Value, b: Value) -> Option<bool> {
    if a.is_str() && b.is_str() {
        return Some(text(a) == text(b));
    }
    (a.is_int() && b.is_int()).then_some(false)
}

/// `hash(key)` of a fixnum that is its own hash.
#[inline(always)]
pub(super) fn hash_of_int(key: Value) -> Option<i64> {
    // From 2^61 - 1 on hashes are a remainder, and -1 is taken.
    (key.is_int() && (0..(1 << 61) - 1).contains(&key.as_fixnum())).then(|| key.as_fixnum())
}

/// `hash(key)`, fast for fixnums and strs.
#[inline]
pub fn hash_of_key(vm: &mut Vm, key: Value) -> Outcome<i64> {
    if let Some(hash) = hash_of_int(key) {
        return Ok(hash);
    }
    if key.is_str() {
        // SAFETY: the shape was checked.
        let known = unsafe { (*key.object::<Str>()).hash };
        if known != 0 {
            return Ok(known as i64);
        }
    }
    hash(vm, key)
}

/// No code of the program decides whether it equals another such value, nor what its hash is.
#[inline]
pub fn is_plain_key(key: Value) -> bool {
    if !key.is_pointer() {
        return true;
    }
    matches!(
        key.shape(),
        ShapeId::STR
            | ShapeId::BYTES
            | ShapeId::BIG_INT
            | ShapeId::FLOAT_BOX
            | ShapeId::TYPE
            | ShapeId::FUNCTION
            | ShapeId::BUILTIN
            | ShapeId::MODULE
    )
}

/// Whether two plain keys of the same hash are equal; `None` if the first is not plain.
#[inline]
pub(super) fn equal_plainly(vm: &mut Vm, stored: Value, key: Value) -> Option<bool> {
    match equal_natively(stored, key) {
        Some(same) => Some(same),
        None if is_plain_key(stored) => equal(vm, stored, key).ok(),
        None => None,
    }
}

/// Only code of the program could tell, or only that can do it; nothing has been done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unknown;
