//! JSON text written by hand, for exports whose speed or size a serializer would cost: the same text as serde_json's,
//! with characters that are unsafe to print escaped.

use jitlog::Value;

use crate::tool::show::is_unsafe;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Whether a byte stands for itself in a JSON string and is printable.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7F {
        plain[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    plain
};

/// A string with its quotes.
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text.bytes().all(|byte| PLAIN[usize::from(byte)]) {
        out.extend_from_slice(text.as_bytes());
    } else {
        escaped(out, text);
    }
    out.push(b'"');
}

fn escaped(out: &mut Vec<u8>, text: &str) {
    let mut units = [0u16; 2];
    let mut utf8 = [0u8; 4];
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            _ if is_unsafe(character) => {
                for unit in character.encode_utf16(&mut units) {
                    out.extend_from_slice(b"\\u");
                    out.extend([12, 8, 4, 0].map(|shift| HEX[usize::from(*unit >> shift & 15)]));
                }
            }
            _ => out.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes()),
        }
    }
}

pub fn unsigned(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn signed(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// A number, or null for what JSON has no number for.
fn float(out: &mut Vec<u8>, number: f64) {
    serde_json::to_writer(out, &number).expect("memory takes what is written");
}

fn hexadecimal(out: &mut Vec<u8>, number: u64) {
    let digits = (64 - number.leading_zeros()).div_ceil(4).max(1);
    out.extend_from_slice(b"\"0x");
    out.extend((0..digits).rev().map(|digit| HEX[(number >> (digit * 4) & 15) as usize]));
    out.push(b'"');
}

fn hex_bytes(out: &mut Vec<u8>, data: &[u8]) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + data.len() * 2, 0);
    for (pair, byte) in out[start..].chunks_exact_mut(2).zip(data) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
    out.push(b'"');
}

/// A field's value, as `cat --json` shows it.
pub fn value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Unsigned(raw) | Value::Id(_, raw) | Value::Name(None, raw) => unsigned(out, raw),
        Value::Signed(raw) => signed(out, raw),
        Value::Float(raw) => float(out, raw),
        Value::Hex(raw) => hexadecimal(out, raw),
        Value::Hash(raw) => hex_bytes(out, &raw.to_be_bytes()),
        Value::Name(Some(name), _) => string(out, name),
        Value::Text(text) => string(out, text),
        Value::Bytes(data) => hex_bytes(out, data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::show::json_line;

    fn both(shown: Value<'_>) -> (String, String) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        value(&mut ours, shown);
        json_line(&mut theirs, &shown).expect("memory takes it");
        theirs.pop();
        (String::from_utf8(ours).expect("JSON is text"), String::from_utf8(theirs).expect("JSON is text"))
    }

    #[test]
    fn it_is_the_text_the_serializer_writes() {
        let hostile = "a\"b\\c\n\r\t\u{8}\u{c}\u{0}\u{1b}\u{7f}\u{9b}\u{202e}\u{E0041}naïve 🦀";
        for shown in [Value::Text(hostile), Value::Text(""), Value::Text("plain"), Value::Name(Some("x\u{7}"), 1)] {
            let (ours, theirs) = both(shown);
            assert_eq!(ours, theirs);
            assert!(ours.chars().all(|character| !is_unsafe(character)));
        }
        for number in [0, 1, 15, 16, 0xDEAD_BEEF, u64::MAX] {
            for shown in [Value::Unsigned(number), Value::Hex(number), Value::Name(None, number)] {
                assert_eq!(both(shown).0, both(shown).1);
            }
        }
        for number in [0.0, -0.0, 0.5, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(both(Value::Float(number)).0, both(Value::Float(number)).1);
        }
        for shown in [Value::Signed(i64::MIN), Value::Hash(u128::MAX - 5), Value::Hash(7), Value::Bytes(&[0, 255, 16])]
        {
            assert_eq!(both(shown).0, both(shown).1);
        }
    }
}
