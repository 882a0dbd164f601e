//! The module `_random`: the Mersenne Twister MT19937 that `random` draws from. Its state is a bytearray.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::bytes;
use crate::runtime::iterate::to_index;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("_random");
    "below" Arity::Range(2, 2), below, "A random int from 0 to below another (a state, the other, which is less than 2**62).";
    "getrandbits" Arity::Range(2, 2), getrandbits, "An int of so many random bits (a state, how many).";
    "random" Arity::One, random, "A random float from 0 to below 1 (a state).";
    "seed" Arity::Range(2, 2), seed, "Sets a state from bytes, four for each word of the key.";
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

/// Words of the state.
const WORDS: usize = 624;
/// How far the recurrence looks ahead.
const AHEAD: usize = 397;
/// Bytes of a state: the words, then the number of those used up, all little-endian.
const STATE_BYTES: usize = (WORDS + 1) * 4;

fn word(state: &[u8], index: usize) -> u32 {
    let bytes = &state[index * 4..index * 4 + 4];
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn set_word(state: &mut [u8], index: usize, word: u32) {
    state[index * 4..index * 4 + 4].copy_from_slice(&word.to_le_bytes());
}

/// The bytes of a state.
fn state_of<'a>(vm: &mut Vm, arguments: Arguments) -> Outcome<&'a mut [u8]> {
    let state = arguments.positional()[0];
    if !bytes::is_bytearray(state) || bytes::data(state).len() != STATE_BYTES {
        return Err(vm.type_error("the state must be a bytearray of 2500 bytes"));
    }
    Ok(bytes::data_mut(state))
}

/// The next 32 random bits.
fn next(state: &mut [u8]) -> u32 {
    let mut used = word(state, WORDS) as usize;
    if used >= WORDS {
        refill(state);
        used = 0;
    }
    set_word(state, WORDS, used as u32 + 1);
    let mut y = word(state, used);
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c_5680;
    y ^= y << 15 & 0xefc6_0000;
    y ^ y >> 18
}

/// Replaces all words by the following ones.
fn refill(state: &mut [u8]) {
    for i in 0..WORDS {
        let y = word(state, i) & 0x8000_0000 | word(state, (i + 1) % WORDS) & 0x7fff_ffff;
        let mixed = if y & 1 == 1 { 0x9908_b0df } else { 0 };
        let new = word(state, (i + AHEAD) % WORDS) ^ y >> 1 ^ mixed;
        set_word(state, i, new);
    }
}

fn seed(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let state = state_of(vm, arguments)?;
    let key = bytes::buffer(vm, arguments.positional()[1])?;
    if key.is_empty() || key.len() % 4 != 0 {
        return Err(vm.value_error("the key must be whole words"));
    }
    let key: Vec<u32> = (0..key.len() / 4).map(|index| word(&key, index)).collect();
    let mut words = [0u32; WORDS];
    words[0] = 19_650_218;
    for i in 1..WORDS {
        words[i] = 1_812_433_253_u32.wrapping_mul(words[i - 1] ^ words[i - 1] >> 30).wrapping_add(i as u32);
    }
    let (mut i, mut j) = (1, 0);
    let advance = |words: &mut [u32; WORDS], i: &mut usize| {
        *i += 1;
        if *i >= WORDS {
            words[0] = words[WORDS - 1];
            *i = 1;
        }
    };
    for _ in 0..WORDS.max(key.len()) {
        let mixed = (words[i - 1] ^ words[i - 1] >> 30).wrapping_mul(1_664_525);
        words[i] = (words[i] ^ mixed).wrapping_add(key[j]).wrapping_add(j as u32);
        advance(&mut words, &mut i);
        j = (j + 1) % key.len();
    }
    for _ in 1..WORDS {
        let mixed = (words[i - 1] ^ words[i - 1] >> 30).wrapping_mul(1_566_083_941);
        words[i] = (words[i] ^ mixed).wrapping_sub(i as u32);
        advance(&mut words, &mut i);
    }
    words[0] = 0x8000_0000;
    for (index, &value) in words.iter().enumerate() {
        set_word(state, index, value);
    }
    set_word(state, WORDS, WORDS as u32);
    Ok(Value::NONE)
}

fn random(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let state = state_of(vm, arguments)?;
    let (high, low) = (next(state) >> 5, next(state) >> 6);
    Ok(vm.float((f64::from(high) * 67_108_864.0 + f64::from(low)) * (1.0 / 9_007_199_254_740_992.0)))
}

/// Up to 64 random bits.
fn few_bits(state: &mut [u8], count: u32) -> u64 {
    match count {
        0 => 0,
        1..=32 => u64::from(next(state) >> (32 - count)),
        _ => {
            let low = u64::from(next(state));
            low | u64::from(next(state) >> (64 - count)) << 32
        }
    }
}

fn getrandbits(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let count = to_index(vm, arguments.positional()[1])?;
    let state = state_of(vm, arguments)?;
    if count < 0 {
        return Err(vm.value_error("number of bits must be non-negative"));
    }
    if count <= 62 {
        let bits = few_bits(state, count as u32);
        return Ok(vm.integer(bits as i64));
    }
    if count as usize > bytes::LONGEST {
        return Err(vm.raise_memory_error());
    }
    let mut limbs = Vec::with_capacity(count as usize / 64 + 1);
    let mut left = count as usize;
    while left > 0 {
        let now = left.min(64);
        limbs.push(few_bits(state, now as u32));
        left -= now;
    }
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
    vm.try_integer_from_limbs(false, &limbs)
}

fn below(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let limit = to_index(vm, arguments.positional()[1])?;
    let state = state_of(vm, arguments)?;
    if limit <= 0 || limit >= 1 << 62 {
        return Err(vm.value_error("the limit must be positive and less than 2**62"));
    }
    let bits = 64 - limit.leading_zeros();
    loop {
        let drawn = few_bits(state, bits) as i64;
        if drawn < limit {
            return Ok(vm.integer(drawn));
        }
    }
}
