//! The module `_letters`: data as text of 64, 32 or 85 letters and back, for `binascii` and `base64`. What decodes gives
//! bytes, or a str that says what is wrong.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::bytes;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("_letters");
    "ascii85_decode" Arity::Range(3, 3), ascii85_decode, "The data of Ascii85 text; whether y is four spaces, and what to ignore.";
    "base32_decode" Arity::Range(2, 2), base32_decode, "The data of Base32 text, in the alphabet that is that of hexadecimal digits or not.";
    "base32_encode" Arity::Range(2, 2), base32_encode, "Data as Base32 text, in the alphabet that is that of hexadecimal digits or not.";
    "base64_decode" Arity::Range(2, 2), base64_decode, "The data of Base64 text.";
    "base64_encode" Arity::One, base64_encode, "Data as Base64 text.";
    "base85_decode" Arity::One, base85_decode, "The data of Base85 text.";
    "base85_encode" Arity::Range(4, 4), base85_encode, "Data as text of 85 letters: whether it is Ascii85, all of the last group is wanted, and y is four spaces.";
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE32_HEX: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
const BASE85: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// In tables of values: the byte is no letter.
const NONE: u8 = 0xff;

/// The value of each byte as a letter of an alphabet.
const fn values(alphabet: &[u8]) -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut value = 0;
    while value < alphabet.len() {
        table[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    table
}

const BASE64_VALUES: [u8; 256] = values(BASE64);
const BASE32_VALUES: [u8; 256] = values(BASE32);
const BASE32_HEX_VALUES: [u8; 256] = values(BASE32_HEX);
const BASE85_VALUES: [u8; 256] = values(BASE85);

fn flag(arguments: &Arguments, index: usize) -> bool {
    arguments.positional()[index] == Value::TRUE
}

/// The data, or what is wrong with it.
fn decoded(vm: &mut Vm, result: Result<Vec<u8>, String>) -> Outcome {
    match result {
        Ok(data) => vm.bytes(&data),
        Err(message) => Ok(vm.str(&message)),
    }
}

fn base64_encode(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let data = bytes::buffer(vm, arguments.positional()[0])?;
    let mut out = Vec::with_capacity(data.len().div_ceil(3) * 4);
    let letter = |bits: u32, shift: u32| BASE64[(bits >> shift & 63) as usize];
    let whole = data.chunks_exact(3);
    let rest = whole.remainder();
    for part in whole {
        let bits = u32::from(part[0]) << 16 | u32::from(part[1]) << 8 | u32::from(part[2]);
        out.extend([letter(bits, 18), letter(bits, 12), letter(bits, 6), letter(bits, 0)]);
    }
    match *rest {
        [first] => {
            let bits = u32::from(first) << 16;
            out.extend([letter(bits, 18), letter(bits, 12), b'=', b'=']);
        }
        [first, second] => {
            let bits = u32::from(first) << 16 | u32::from(second) << 8;
            out.extend([letter(bits, 18), letter(bits, 12), letter(bits, 6), b'=']);
        }
        _ => {}
    }
    vm.bytes(&out)
}

fn base64_decode(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let data = bytes::buffer(vm, arguments.positional()[0])?;
    let strict = flag(&arguments, 1);
    decoded(vm, base64_data(&data, strict))
}

fn base64_data(mut data: &[u8], strict: bool) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(data.len() / 4 * 3 + 3);
    // Groups of four letters, up to the first that has something else.
    while let Some((group, rest)) = data.split_first_chunk::<4>() {
        let [a, b, c, d] = group.map(|letter| BASE64_VALUES[letter as usize]);
        if (a | b | c | d) == NONE {
            break;
        }
        let bits = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
        data = rest;
    }
    let before = out.len() / 3 * 4;
    if strict && before == 0 && data.first() == Some(&b'=') {
        return Err("Leading padding not allowed".into());
    }
    let (mut bits, mut count, mut padding, mut letters) = (0_u32, 0, 0, before);
    let mut padded = false;
    for (index, &byte) in data.iter().enumerate() {
        if byte == b'=' {
            padded = true;
            if count >= 2 {
                padding += 1;
                if count + padding >= 4 {
                    if strict && index + 1 < data.len() {
                        return Err("Excess data after padding".into());
                    }
                    return Ok(out);
                }
            }
            continue;
        }
        let value = BASE64_VALUES[byte as usize];
        if value == NONE {
            if strict {
                return Err("Only base64 data is allowed".into());
            }
            continue;
        }
        if strict && padded {
            return Err("Discontinuous padding not allowed".into());
        }
        padding = 0;
        letters += 1;
        bits = bits << 6 | u32::from(value);
        count += 1;
        match count {
            1 => {}
            2 => out.push((bits >> 4) as u8),
            3 => out.push((bits >> 2) as u8),
            _ => {
                out.push(bits as u8);
                count = 0;
            }
        }
    }
    match count {
        0 => Ok(out),
        1 => Err(format!(
            "Invalid base64-encoded string: number of data characters ({letters}) cannot be 1 more than a multiple of 4"
        )),
        _ => Err("Incorrect padding".into()),
    }
}

fn base32_encode(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let data = bytes::buffer(vm, arguments.positional()[0])?;
    let alphabet = if flag(&arguments, 1) { BASE32_HEX } else { BASE32 };
    let mut out = Vec::with_capacity(data.len().div_ceil(5) * 8);
    for part in data.chunks(5) {
        let mut word = [0; 8];
        word[3..3 + part.len()].copy_from_slice(part);
        let bits = u64::from_be_bytes(word);
        let used = (part.len() * 8).div_ceil(5);
        out.extend((0..8).map(|index| match index < used {
            true => alphabet[(bits >> (35 - 5 * index) & 31) as usize],
            false => b'=',
        }));
    }
    vm.bytes(&out)
}

fn base32_decode(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let data = bytes::buffer(vm, arguments.positional()[0])?;
    let table = if flag(&arguments, 1) { &BASE32_HEX_VALUES } else { &BASE32_VALUES };
    decoded(vm, base32_data(&data, table))
}

fn base32_data(text: &[u8], table: &[u8; 256]) -> Result<Vec<u8>, String> {
    let incorrect = || Err("Incorrect padding".into());
    if !text.len().is_multiple_of(8) {
        return incorrect();
    }
    let letters = text.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    for part in text[..letters].chunks(8) {
        let mut bits = 0;
        for &byte in part {
            let value = table[byte as usize];
            if value == NONE {
                return Err("Non-base32 digit found".into());
            }
            bits = bits << 5 | u64::from(value);
        }
        bits <<= 5 * (8 - part.len());
        out.extend_from_slice(&bits.to_be_bytes()[3..][..part.len() * 5 / 8]);
    }
    match text.len() - letters {
        0 | 1 | 3 | 4 | 6 => Ok(out),
        _ => incorrect(),
    }
}

fn base85_encode(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let data = bytes::buffer(vm, arguments.positional()[0])?;
    let (is_ascii85, padded, spaces) = (flag(&arguments, 1), flag(&arguments, 2), flag(&arguments, 3));
    let mut out = Vec::with_capacity(data.len().div_ceil(4) * 5);
    for part in data.chunks(4) {
        let mut word = [0; 4];
        word[..part.len()].copy_from_slice(part);
        let mut rest = u32::from_be_bytes(word);
        let is_whole = part.len() == 4 || padded;
        if is_ascii85 && is_whole && rest == 0 {
            out.push(b'z');
            continue;
        }
        if is_ascii85 && spaces && rest == 0x2020_2020 {
            out.push(b'y');
            continue;
        }
        let mut group = [0; 5];
        for place in group.iter_mut().rev() {
            let digit = (rest % 85) as u8;
            *place = if is_ascii85 { digit + b'!' } else { BASE85[digit as usize] };
            rest /= 85;
        }
        out.extend_from_slice(if is_whole { &group } else { &group[..=part.len()] });
    }
    vm.bytes(&out)
}

fn base85_decode(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let data = bytes::buffer(vm, arguments.positional()[0])?;
    decoded(vm, base85_data(&data))
}

fn base85_data(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len().div_ceil(5) * 4);
    for (index, part) in text.chunks(5).enumerate() {
        let start = 5 * index;
        let mut number = 0_u64;
        for at in 0..5 {
            // The last group is filled with the letter of the largest value.
            let value = part.get(at).map_or(84, |&byte| BASE85_VALUES[byte as usize]);
            if value == NONE {
                return Err(format!("bad base85 character at position {}", start + at));
            }
            number = number * 85 + u64::from(value);
        }
        let Ok(word) = u32::try_from(number) else {
            return Err(format!("base85 overflow in hunk starting at byte {start}"));
        };
        out.extend_from_slice(&word.to_be_bytes()[..part.len() - 1]);
    }
    Ok(out)
}

fn ascii85_decode(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let data = bytes::buffer(vm, arguments.positional()[0])?;
    let ignored = bytes::buffer(vm, arguments.positional()[2])?;
    let spaces = flag(&arguments, 1);
    decoded(vm, ascii85_data(&data, spaces, &ignored))
}

fn ascii85_data(text: &[u8], spaces: bool, ignored: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len() / 5 * 4 + 4);
    let (mut number, mut count) = (0_u64, 0);
    for &byte in text.iter().chain(b"uuuu") {
        match byte {
            b'!'..=b'u' => {
                number = number * 85 + u64::from(byte - b'!');
                count += 1;
                if count == 5 {
                    let word = u32::try_from(number).map_err(|_| "Ascii85 overflow")?;
                    out.extend_from_slice(&word.to_be_bytes());
                    (number, count) = (0, 0);
                }
            }
            b'z' | b'y' if byte == b'z' || spaces => {
                if count > 0 {
                    return Err(format!("{} inside Ascii85 5-tuple", char::from(byte)));
                }
                out.extend_from_slice(if byte == b'z' { &[0; 4] } else { b"    " });
            }
            _ if ignored.contains(&byte) => {}
            _ => return Err(format!("Non-Ascii85 digit found: {}", char::from(byte))),
        }
    }
    out.truncate(out.len().saturating_sub(4 - count));
    Ok(out)
}
