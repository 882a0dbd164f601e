//! `hash`, with CPython's values for PYTHONHASHSEED=0.

use super::compare::float_limbs;
use super::numbers::{Limbs, as_float, as_integer};
use super::object::{ShapeId, Str};
use super::sequences::items;
use super::strings::{is_ascii, text};
use super::surrogates::code_of;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// Numbers hash modulo this prime, `2^61 - 1`.
const MODULUS: u64 = (1 << 61) - 1;

/// `hash(None)`, an address in CPython 3.11 and a constant in later versions.
const HASH_OF_NONE: i64 = 0xfca8_6420;

pub fn hash(vm: &mut Vm, value: Value) -> Outcome<i64> {
    if value.is_int() {
        return Ok(hash_small(value.as_fixnum()));
    }
    if value.is_instance() {
        return super::dispatch::hash(vm, value);
    }
    native_hash(vm, value)
}

/// The hash of a value as its builtin layout gives it.
pub fn native_hash(vm: &mut Vm, value: Value) -> Outcome<i64> {
    match value.shape() {
        ShapeId::STR => return Ok(hash_str(value)),
        ShapeId::BYTES => return Ok(super::bytes::hash(value)),
        _ => {}
    }
    if value.has_layout(ShapeId::TUPLE) {
        vm.enter_native("")?;
        let result = hash_tuple(vm, items(value));
        vm.leave_native();
        return result;
    }
    if let Some(integer) = as_integer(value) {
        let mut buffer = [0];
        return Ok(hash_limbs(Limbs::of(integer, &mut buffer)));
    }
    if let Some(x) = as_float(value) {
        return Ok(hash_float(x));
    }
    match value.layout() {
        ShapeId::STR => Ok(hash_str(value)),
        ShapeId::RANGE | ShapeId::LONG_RANGE => {
            let parts = super::long_range::key(vm, value)?;
            hash_tuple(vm, &parts)
        }
        ShapeId::FROZENSET => Ok(super::set::hash(value)),
        ShapeId::COMPLEX => super::complex::hash_of(vm, value),
        ShapeId::BYTES => Ok(super::bytes::hash(value)),
        ShapeId::MEMORYVIEW => super::memory_view::hash(vm, value),
        ShapeId::LIST
        | ShapeId::SLICE
        | ShapeId::DICT
        | ShapeId::SET
        | ShapeId::BYTEARRAY
        | ShapeId::CLOSURE_CELL
        | ShapeId::DICT_KEYS
        | ShapeId::DICT_ITEMS => {
            let name = vm.type_name(value);
            Err(vm.type_error(format!("unhashable type: '{name}'")))
        }
        ShapeId::FREE if value == Value::NONE => Ok(HASH_OF_NONE),
        ShapeId::FREE => Ok(value.0 as i64),
        _ => match super::aliases::hash_parts(vm, value)? {
            Some(hash) => Ok(avoid_minus_one(hash)),
            None => Ok(identity_hash(value)),
        },
    }
}

/// `object.__hash__`.
pub fn identity_hash(value: Value) -> i64 {
    if value.is_pointer() { (value.address() as u64).rotate_right(4) as i64 } else { value.0 as i64 }
}

/// -1 is the error value of CPython's hash functions.
fn avoid_minus_one(hash: i64) -> i64 {
    if hash == -1 { -2 } else { hash }
}

fn hash_small(i: i64) -> i64 {
    let hash = (i.unsigned_abs() % MODULUS) as i64;
    avoid_minus_one(if i < 0 { -hash } else { hash })
}

fn hash_limbs(number: Limbs) -> i64 {
    if let [limb] = *number.limbs {
        let hash = (limb % MODULUS) as i64;
        return avoid_minus_one(if number.negative { -hash } else { hash });
    }
    let modulus = u128::from(MODULUS);
    let fold = |hash: u128, &limb: &u64| ((hash << 64) | u128::from(limb)) % modulus;
    let hash = number.limbs.iter().rev().fold(0, fold) as i64;
    avoid_minus_one(if number.negative { -hash } else { hash })
}

fn hash_float(x: f64) -> i64 {
    if x.is_nan() {
        return 0;
    }
    if x.is_infinite() {
        return if x > 0.0 { 314_159 } else { -314_159 };
    }
    if x.fract() == 0.0 {
        let mut buffer = [0; 17];
        return hash_limbs(float_limbs(x, &mut buffer));
    }
    // significand * 2^exponent modulo the prime, where 2^61 is 1.
    let bits = x.to_bits();
    let raw = (bits >> 52 & 0x7ff) as i64;
    let significand = bits & ((1 << 52) - 1) | u64::from(raw != 0) << 52;
    let exponent = (raw.max(1) - 1075).rem_euclid(61);
    let wide = u128::from(significand) << exponent;
    // Less than 2^114: two parts, whose sum is less than twice the prime.
    let sum = (wide as u64 & MODULUS) + (wide >> 61) as u64;
    let hash = (if sum >= MODULUS { sum - MODULUS } else { sum }) as i64;
    avoid_minus_one(if x < 0.0 { -hash } else { hash })
}

fn hash_tuple(vm: &mut Vm, items: &[Value]) -> Outcome<i64> {
    const PRIME_1: u64 = 11_400_714_785_074_694_791;
    const PRIME_2: u64 = 14_029_467_366_897_019_727;
    const PRIME_5: u64 = 2_870_177_450_012_600_261;
    let mut result = PRIME_5;
    for &item in items {
        let lane = super::dict::hash_of_key(vm, item)? as u64;
        result = result.wrapping_add(lane.wrapping_mul(PRIME_2)).rotate_left(31).wrapping_mul(PRIME_1);
    }
    result = result.wrapping_add(items.len() as u64 ^ (PRIME_5 ^ 3_527_539));
    Ok(if result == u64::MAX { 1_546_275_796 } else { result as i64 })
}

/// The hash of a str, kept in it.
pub fn hash_str(value: Value) -> i64 {
    let object = value.object::<Str>();
    // SAFETY: the caller has checked the shape.
    let known = unsafe { (*object).hash };
    if known != 0 {
        return known as i64;
    }
    let string = text(value);
    let hash = if string.is_empty() {
        0
    } else if is_ascii(value) {
        siphash_1_3(string.as_bytes())
    } else {
        siphash_1_3(&cpython_bytes(string))
    };
    let hash = avoid_minus_one(hash as i64);
    // SAFETY: as above.
    unsafe { (*object).hash = hash as u64 };
    hash
}

/// The hash of bytes: that of an ASCII str of the same bytes.
pub fn hash_bytes(data: &[u8]) -> i64 {
    if data.is_empty() { 0 } else { avoid_minus_one(siphash_1_3(data) as i64) }
}

/// The string as CPython stores it: one, two or four bytes for each code point.
fn cpython_bytes(string: &str) -> Vec<u8> {
    let widest = string.chars().map(code_of).max().unwrap_or(0);
    let width = if widest < 0x100 {
        1
    } else if widest < 0x10000 {
        2
    } else {
        4
    };
    string.chars().flat_map(|c| code_of(c).to_le_bytes().into_iter().take(width)).collect()
}

/// SipHash-1-3 with a key of zeros.
fn siphash_1_3(bytes: &[u8]) -> u64 {
    let mut v = [0x736f_6d65_7073_6575_u64, 0x646f_7261_6e64_6f6d, 0x6c79_6765_6e65_7261, 0x7465_6462_7974_6573];
    let round = |v: &mut [u64; 4]| {
        v[0] = v[0].wrapping_add(v[1]);
        v[2] = v[2].wrapping_add(v[3]);
        v[1] = v[1].rotate_left(13) ^ v[0];
        v[3] = v[3].rotate_left(16) ^ v[2];
        v[0] = v[0].rotate_left(32);
        v[2] = v[2].wrapping_add(v[1]);
        v[0] = v[0].wrapping_add(v[3]);
        v[1] = v[1].rotate_left(17) ^ v[2];
        v[3] = v[3].rotate_left(21) ^ v[0];
        v[2] = v[2].rotate_left(32);
    };
    let chunks = bytes.chunks_exact(8);
    let mut last = (bytes.len() as u64) << 56;
    for (index, &byte) in chunks.remainder().iter().enumerate() {
        last |= u64::from(byte) << (8 * index);
    }
    for chunk in chunks {
        let word = u64::from_le_bytes(chunk.try_into().expect("chunks of eight bytes"));
        v[3] ^= word;
        round(&mut v);
        v[0] ^= word;
    }
    v[3] ^= last;
    round(&mut v);
    v[0] ^= last;
    v[2] ^= 0xff;
    round(&mut v);
    round(&mut v);
    round(&mut v);
    v[0] ^ v[1] ^ v[2] ^ v[3]
}
