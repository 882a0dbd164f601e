//! The module `_digests`: MD5, SHA-1, SHA-2, CRC-32 and Adler-32, for `hashlib`, `zlib` and `binascii`.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::bytes;
use crate::runtime::iterate::to_index;
use crate::runtime::strings::as_text;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("_digests");
    "adler32" Arity::Range(2, 2), adler32_of, "Adler-32 of data after a start value.";
    "crc32" Arity::Range(2, 2), crc32_of, "CRC-32 of data after a start value.";
    "digest" Arity::Range(2, 2), digest, "The digest of data by the name of the algorithm.";
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

/// `digest(name, data)`; None for an algorithm there is not.
fn digest(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let data = bytes::buffer(vm, arguments.positional()[1])?;
    match as_text(arguments.positional()[0]) {
        Some("md5") => vm.bytes(&md5(&data)),
        Some("sha1") => vm.bytes(&sha1(&data)),
        Some("sha224") => vm.bytes(&sha256(&data, SHA224)[..28]),
        Some("sha256") => vm.bytes(&sha256(&data, fractions_32(&sha2_start()))),
        Some("sha384") => vm.bytes(&sha512(&data, SHA384)[..48]),
        Some("sha512") => vm.bytes(&sha512(&data, sha2_start())),
        _ => Ok(Value::NONE),
    }
}

/// Start values of SHA-224.
const SHA224: [u32; 8] =
    [0xc105_9ed8, 0x367c_d507, 0x3070_dd17, 0xf70e_5939, 0xffc0_0b31, 0x6858_1511, 0x64f9_8fa7, 0xbefa_4fa4];

/// Start values of SHA-384.
const SHA384: [u64; 8] = [
    0xcbbb_9d5d_c105_9ed8,
    0x629a_292a_367c_d507,
    0x9159_015a_3070_dd17,
    0x152f_ecd8_f70e_5939,
    0x6733_2667_ffc0_0b31,
    0x8eb4_4a87_6858_1511,
    0xdb0c_2e0d_64f9_8fa7,
    0x47b5_481d_befa_4fa4,
];

fn primes(count: usize) -> Vec<u64> {
    let mut found: Vec<u64> = Vec::with_capacity(count);
    let mut candidate = 2;
    while found.len() < count {
        if found.iter().all(|prime| candidate % prime != 0) {
            found.push(candidate);
        }
        candidate += 1;
    }
    found
}

/// The first 64 bits behind the point of the `power`-th root (2 or 3) of a small number, found bit by bit.
fn root_fraction(number: u64, power: u32) -> u64 {
    use dashu_int::UBig;
    let scaled = UBig::from(number) << (64 * power as usize);
    let mut root = UBig::ZERO;
    for bit in (0..70).rev() {
        let next = &root + (UBig::ONE << bit);
        if next.pow(power as usize) <= scaled {
            root = next;
        }
    }
    let low = root & UBig::from(u64::MAX);
    u64::try_from(low).unwrap_or(0)
}

/// Start values of SHA-512: square roots of the first eight primes. The upper halves are those of SHA-256.
fn sha2_start() -> [u64; 8] {
    let primes = primes(8);
    std::array::from_fn(|index| root_fraction(primes[index], 2))
}

fn fractions_32(fractions: &[u64; 8]) -> [u32; 8] {
    fractions.map(|fraction| (fraction >> 32) as u32)
}

thread_local! {
    /// Constants of the rounds of SHA-512: cube roots of the first 80 primes.
    static ROUNDS: [u64; 80] = {
        let primes = primes(80);
        std::array::from_fn(|index| root_fraction(primes[index], 3))
    };
}

/// The data with a one bit, zeros, and the number of its bits in `length` bytes, filled up to whole blocks.
fn padded(data: &[u8], block: usize, length: usize, big: bool) -> Vec<u8> {
    let mut whole = data.to_vec();
    whole.push(0x80);
    while whole.len() % block != block - length {
        whole.push(0);
    }
    let bits = (data.len() as u128) * 8;
    if big {
        whole.extend_from_slice(&bits.to_be_bytes()[16 - length..]);
    } else {
        whole.extend_from_slice(&bits.to_le_bytes()[..length]);
    }
    whole
}

fn words_32(block: &[u8], big: bool) -> [u32; 16] {
    std::array::from_fn(|index| {
        let word = [block[4 * index], block[4 * index + 1], block[4 * index + 2], block[4 * index + 3]];
        if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
    })
}

fn md5(data: &[u8]) -> [u8; 16] {
    const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let sines: [u32; 64] = std::array::from_fn(|index| (((index + 1) as f64).sin().abs() * 4_294_967_296.0) as u32);
    let mut state: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded(data, 64, 8, false).chunks_exact(64) {
        let words = words_32(block, false);
        let [mut a, mut b, mut c, mut d] = state;
        for round in 0..64 {
            let (mixed, index) = match round / 16 {
                0 => ((b & c) | (!b & d), round),
                1 => ((d & b) | (!d & c), (5 * round + 1) % 16),
                2 => (b ^ c ^ d, (3 * round + 5) % 16),
                _ => (c ^ (b | !d), (7 * round) % 16),
            };
            let sum = a.wrapping_add(mixed).wrapping_add(sines[round]).wrapping_add(words[index]);
            let next = b.wrapping_add(sum.rotate_left(SHIFTS[round / 16][round % 4]));
            (a, d, c, b) = (d, c, b, next);
        }
        for (own, new) in state.iter_mut().zip([a, b, c, d]) {
            *own = own.wrapping_add(new);
        }
    }
    let mut result = [0; 16];
    for (index, word) in state.iter().enumerate() {
        result[4 * index..4 * index + 4].copy_from_slice(&word.to_le_bytes());
    }
    result
}

fn sha1(data: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in padded(data, 64, 8, true).chunks_exact(64) {
        let mut words = [0; 80];
        words[..16].copy_from_slice(&words_32(block, true));
        for index in 16..80 {
            let mixed = words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16];
            words[index] = mixed.rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (round, word) in words.iter().enumerate() {
            let (mixed, constant) = match round / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let sum = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e);
            let next = sum.wrapping_add(constant).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (own, new) in state.iter_mut().zip([a, b, c, d, e]) {
            *own = own.wrapping_add(new);
        }
    }
    let mut result = [0; 20];
    for (index, word) in state.iter().enumerate() {
        result[4 * index..4 * index + 4].copy_from_slice(&word.to_be_bytes());
    }
    result
}

/// One round of SHA-2: the sums of a word's rotations, the other operations being the same for both sizes.
macro_rules! sha2 {
    ($name:ident $word:ty, $bytes:literal, $rounds:literal, $length:literal, $narrow:expr,
     $small0:expr, $small1:expr, $large0:expr, $large1:expr) => {
        fn $name(data: &[u8], start: [$word; 8]) -> [u8; 8 * $bytes] {
            let constants: [$word; $rounds] =
                ROUNDS.with(|rounds| std::array::from_fn(|index| ($narrow)(rounds[index])));
            let mut state = start;
            for block in padded(data, 16 * $bytes, $length, true).chunks_exact(16 * $bytes) {
                let mut words = [0 as $word; $rounds];
                for (word, part) in words.iter_mut().zip(block.chunks_exact($bytes)) {
                    *word = part.iter().fold(0, |word, &byte| word << 8 | <$word>::from(byte));
                }
                for index in 16..$rounds {
                    words[index] = words[index - 16]
                        .wrapping_add(($small0)(words[index - 15]))
                        .wrapping_add(words[index - 7])
                        .wrapping_add(($small1)(words[index - 2]));
                }
                let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
                for (constant, word) in constants.iter().zip(words) {
                    let choice = (e & f) ^ (!e & g);
                    let majority = (a & b) ^ (a & c) ^ (b & c);
                    let first =
                        h.wrapping_add(($large1)(e)).wrapping_add(choice).wrapping_add(*constant).wrapping_add(word);
                    let second = ($large0)(a).wrapping_add(majority);
                    (h, g, f, e) = (g, f, e, d.wrapping_add(first));
                    (d, c, b, a) = (c, b, a, first.wrapping_add(second));
                }
                for (own, new) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
                    *own = own.wrapping_add(new);
                }
            }
            let mut result = [0; 8 * $bytes];
            for (index, word) in state.iter().enumerate() {
                result[$bytes * index..$bytes * (index + 1)].copy_from_slice(&word.to_be_bytes());
            }
            result
        }
    };
}

sha2!(sha256 u32, 4, 64, 8, |word: u64| (word >> 32) as u32,
    |x: u32| x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3),
    |x: u32| x.rotate_right(17) ^ x.rotate_right(19) ^ (x >> 10),
    |x: u32| x.rotate_right(2) ^ x.rotate_right(13) ^ x.rotate_right(22),
    |x: u32| x.rotate_right(6) ^ x.rotate_right(11) ^ x.rotate_right(25));

sha2!(sha512 u64, 8, 80, 16, |word: u64| word,
    |x: u64| x.rotate_right(1) ^ x.rotate_right(8) ^ (x >> 7),
    |x: u64| x.rotate_right(19) ^ x.rotate_right(61) ^ (x >> 6),
    |x: u64| x.rotate_right(28) ^ x.rotate_right(34) ^ x.rotate_right(39),
    |x: u64| x.rotate_right(14) ^ x.rotate_right(18) ^ x.rotate_right(41));

/// What eight steps make of each byte.
const CRC_32: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let (mut crc, mut step) = (byte as u32, 0);
        while step < 8 {
            crc = if crc & 1 != 0 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
            step += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

fn crc32_of(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let data = bytes::buffer(vm, arguments.positional()[0])?;
    let start = to_index(vm, arguments.positional()[1])? as u32;
    let crc = data.iter().fold(!start, |crc, &byte| crc >> 8 ^ CRC_32[(crc as u8 ^ byte) as usize]);
    Ok(Value::from_fixnum(i64::from(!crc)))
}

fn adler32_of(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let data = bytes::buffer(vm, arguments.positional()[0])?;
    let start = to_index(vm, arguments.positional()[1])? as u32;
    let (mut a, mut b) = (start & 0xffff, start >> 16);
    for &byte in data.iter() {
        a = (a + u32::from(byte)) % 65521;
        b = (b + a) % 65521;
    }
    Ok(Value::from_fixnum(i64::from(b << 16 | a)))
}
