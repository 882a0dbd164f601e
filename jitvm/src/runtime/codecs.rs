//! Encoding strs and decoding bytes: UTF-8, -16 and -32, ASCII and Latin-1, with CPython's error handlers.
//!
//! A str is UTF-8, so it cannot hold lone surrogates; handlers that would make one (`surrogateescape`,
//! `surrogatepass`) raise what `strict` raises.

use super::numbers::as_i64;
use super::strings::as_text;
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    Utf8,
    /// With a byte order mark.
    Utf8Signature,
    Ascii,
    Latin1,
    Utf16,
    Utf16Little,
    Utf16Big,
    Utf32,
    Utf32Little,
    Utf32Big,
}

/// Encodings by the names that programs use, in lower case with `_` as `-`.
const NAMES: &[(&str, Encoding)] = &[
    ("utf-8", Encoding::Utf8),
    ("utf8", Encoding::Utf8),
    ("u8", Encoding::Utf8),
    ("cp65001", Encoding::Utf8),
    ("utf-8-sig", Encoding::Utf8Signature),
    ("ascii", Encoding::Ascii),
    ("us-ascii", Encoding::Ascii),
    ("646", Encoding::Ascii),
    ("latin-1", Encoding::Latin1),
    ("latin1", Encoding::Latin1),
    ("latin", Encoding::Latin1),
    ("l1", Encoding::Latin1),
    ("iso-8859-1", Encoding::Latin1),
    ("iso8859-1", Encoding::Latin1),
    ("8859", Encoding::Latin1),
    ("cp819", Encoding::Latin1),
    ("utf-16", Encoding::Utf16),
    ("utf16", Encoding::Utf16),
    ("u16", Encoding::Utf16),
    ("utf-16-le", Encoding::Utf16Little),
    ("utf-16le", Encoding::Utf16Little),
    ("utf-16-be", Encoding::Utf16Big),
    ("utf-16be", Encoding::Utf16Big),
    ("utf-32", Encoding::Utf32),
    ("utf32", Encoding::Utf32),
    ("u32", Encoding::Utf32),
    ("utf-32-le", Encoding::Utf32Little),
    ("utf-32le", Encoding::Utf32Little),
    ("utf-32-be", Encoding::Utf32Big),
    ("utf-32be", Encoding::Utf32Big),
];

impl Encoding {
    /// As errors name it.
    fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 | Encoding::Utf8Signature => "utf-8",
            Encoding::Ascii => "ascii",
            Encoding::Latin1 => "latin-1",
            Encoding::Utf16 => "utf-16",
            Encoding::Utf16Little => "utf-16-le",
            Encoding::Utf16Big => "utf-16-be",
            Encoding::Utf32 => "utf-32",
            Encoding::Utf32Little => "utf-32-le",
            Encoding::Utf32Big => "utf-32-be",
        }
    }

    fn find(vm: &mut Vm, name: &str) -> Outcome<Encoding> {
        let normal = name.to_ascii_lowercase().replace(['_', ' '], "-");
        match NAMES.iter().find(|(known, _)| *known == normal) {
            Some(&(_, encoding)) => Ok(encoding),
            None => Err(vm.raise(TypeId::LOOKUP_ERROR, format!("unknown encoding: {name}"))),
        }
    }
}

/// Something that cannot be encoded or decoded: where, up to where, and why.
struct Fault {
    start: usize,
    end: usize,
    reason: &'static str,
}

/// `text.encode(encoding, errors)`.
pub fn encode(vm: &mut Vm, text: Value, encoding: &str, errors: &str) -> Outcome<Vec<u8>> {
    let encoding = Encoding::find(vm, encoding)?;
    let source = super::strings::text(text);
    let units_16 = |big: bool, mark: bool| {
        let mark = mark.then_some(0xfeff);
        mark.into_iter()
            .chain(source.encode_utf16())
            .flat_map(move |unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    let units_32 = |big: bool, mark: bool| {
        let mark = mark.then_some(0xfeff);
        mark.into_iter()
            .chain(source.chars().map(|c| c as u32))
            .flat_map(move |unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    Ok(match encoding {
        Encoding::Utf8 => source.as_bytes().to_vec(),
        Encoding::Utf8Signature => ["\u{feff}", source].concat().into_bytes(),
        Encoding::Utf16 => units_16(false, true),
        Encoding::Utf16Little => units_16(false, false),
        Encoding::Utf16Big => units_16(true, false),
        Encoding::Utf32 => units_32(false, true),
        Encoding::Utf32Little => units_32(false, false),
        Encoding::Utf32Big => units_32(true, false),
        Encoding::Ascii | Encoding::Latin1 if source.is_ascii() => source.as_bytes().to_vec(),
        Encoding::Ascii => encode_bytewise(vm, text, encoding, 0x80, errors)?,
        Encoding::Latin1 => encode_bytewise(vm, text, encoding, 0x100, errors)?,
    })
}

fn encode_bytewise(vm: &mut Vm, text: Value, encoding: Encoding, limit: u32, errors: &str) -> Outcome<Vec<u8>> {
    use std::io::Write;
    let characters: Vec<char> = super::strings::text(text).chars().collect();
    let mut out = Vec::with_capacity(characters.len());
    let mut at = 0;
    while at < characters.len() {
        let code = characters[at] as u32;
        if code < limit {
            out.push(code as u8);
            at += 1;
            continue;
        }
        let run = characters[at..].iter().take_while(|&&c| c as u32 >= limit);
        let end = at + run.count();
        let reason = if limit == 0x80 { "ordinal not in range(128)" } else { "ordinal not in range(256)" };
        let wrong = &characters[at..end];
        match errors {
            "ignore" => {}
            "replace" => out.extend(wrong.iter().map(|_| b'?')),
            "backslashreplace" => {
                for &c in wrong {
                    let code = c as u32;
                    let _ = match code {
                        0..=0xff => write!(out, "\\x{code:02x}"),
                        0x100..=0xffff => write!(out, "\\u{code:04x}"),
                        _ => write!(out, "\\U{code:08x}"),
                    };
                }
            }
            "xmlcharrefreplace" => {
                for &c in wrong {
                    let _ = write!(out, "&#{};", c as u32);
                }
            }
            "strict" | "surrogateescape" | "surrogatepass" => {
                let fault = Fault { start: at, end, reason };
                return Err(raise_unicode_error(vm, TypeId::UNICODE_ENCODE_ERROR, encoding, text, &fault));
            }
            _ => return Err(unknown_handler(vm, errors)),
        }
        at = end;
    }
    Ok(out)
}

fn unknown_handler(vm: &mut Vm, errors: &str) -> Raised {
    vm.raise(TypeId::LOOKUP_ERROR, format!("unknown error handler name '{errors}'"))
}

/// Raises with the arguments that CPython's classes take.
fn raise_unicode_error(vm: &mut Vm, class: TypeId, encoding: Encoding, object: Value, fault: &Fault) -> Raised {
    let (encoding, reason) = (vm.str(encoding.name()), vm.str(fault.reason));
    let [start, end] = [fault.start, fault.end].map(|index| Value::from_fixnum(index as i64));
    vm.raise_with(class, &[encoding, object, start, end, reason])
}

/// `str` of an exception with the arguments of a UnicodeEncodeError or UnicodeDecodeError; `None` for other arguments.
pub fn error_text(args: &[Value]) -> Option<String> {
    let &[encoding, object, start, end, reason] = args else { return None };
    let (name, reason) = (as_text(encoding)?, as_text(reason)?);
    let [start, end] = [start, end].map(|index| as_i64(index).unwrap_or(0));
    let single = end == start + 1;
    let at = usize::try_from(start).unwrap_or(0);
    if let Some(text) = as_text(object) {
        let Some(c) = text.chars().nth(at).filter(|_| single) else {
            return Some(format!("'{name}' codec can't encode characters in position {start}-{}: {reason}", end - 1));
        };
        let code = c as u32;
        let shown = match code {
            0..=0xff => format!("\\x{code:02x}"),
            0x100..=0xffff => format!("\\u{code:04x}"),
            _ => format!("\\U{code:08x}"),
        };
        return Some(format!("'{name}' codec can't encode character '{shown}' in position {start}: {reason}"));
    }
    let data = super::bytes::as_buffer(object)?;
    let Some(byte) = data.get(at).filter(|_| single) else {
        return Some(format!("'{name}' codec can't decode bytes in position {start}-{}: {reason}", end - 1));
    };
    Some(format!("'{name}' codec can't decode byte 0x{byte:02x} in position {start}: {reason}"))
}

/// The character at an offset and the offset behind it.
type Next = fn(&[u8], usize) -> Result<(char, usize), Fault>;

/// `data.decode(encoding, errors)`.
pub fn decode(vm: &mut Vm, data: &[u8], encoding: &str, errors: &str) -> Outcome<String> {
    let encoding = Encoding::find(vm, encoding)?;
    // A byte order mark decides, and is skipped.
    let (encoding, start) = match (encoding, data) {
        (Encoding::Utf8Signature, [0xef, 0xbb, 0xbf, ..]) => {
            return decode(vm, &data[3..], "utf-8", errors);
        }
        (Encoding::Utf32, [0xff, 0xfe, 0, 0, ..]) => (Encoding::Utf32Little, 4),
        (Encoding::Utf32, [0, 0, 0xfe, 0xff, ..]) => (Encoding::Utf32Big, 4),
        (Encoding::Utf32, _) => (Encoding::Utf32Little, 0),
        (Encoding::Utf16, [0xff, 0xfe, ..]) => (Encoding::Utf16Little, 2),
        (Encoding::Utf16, [0xfe, 0xff, ..]) => (Encoding::Utf16Big, 2),
        (Encoding::Utf16, _) => (Encoding::Utf16Little, 0),
        _ => (encoding, 0),
    };
    let next: Next = match encoding {
        Encoding::Utf8 | Encoding::Utf8Signature => match std::str::from_utf8(data) {
            Ok(text) => return Ok(text.to_owned()),
            Err(_) => next_utf8,
        },
        Encoding::Latin1 => return Ok(data.iter().copied().map(char::from).collect()),
        Encoding::Ascii => next_ascii,
        Encoding::Utf16 | Encoding::Utf16Little => next_utf16::<false>,
        Encoding::Utf16Big => next_utf16::<true>,
        Encoding::Utf32 | Encoding::Utf32Little => next_utf32::<false>,
        Encoding::Utf32Big => next_utf32::<true>,
    };
    let mut out = String::with_capacity(data.len());
    let mut at = start;
    while at < data.len() {
        let fault = match next(data, at) {
            Ok((c, behind)) => {
                out.push(c);
                at = behind;
                continue;
            }
            Err(fault) => fault,
        };
        at = fault.end;
        match errors {
            "ignore" => {}
            "replace" => out.push('\u{fffd}'),
            "backslashreplace" => {
                use std::fmt::Write;
                for byte in &data[fault.start..fault.end] {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
            "strict" | "surrogateescape" | "surrogatepass" => {
                let object = vm.bytes(data)?;
                return Err(raise_unicode_error(vm, TypeId::UNICODE_DECODE_ERROR, encoding, object, &fault));
            }
            _ => return Err(unknown_handler(vm, errors)),
        }
    }
    Ok(out)
}

fn next_ascii(data: &[u8], at: usize) -> Result<(char, usize), Fault> {
    match data[at] {
        byte if byte < 0x80 => Ok((char::from(byte), at + 1)),
        _ => Err(Fault { start: at, end: at + 1, reason: "ordinal not in range(128)" }),
    }
}

fn next_utf8(data: &[u8], at: usize) -> Result<(char, usize), Fault> {
    let rest = &data[at..(at + 4).min(data.len())];
    let valid = match std::str::from_utf8(rest) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or(""),
        Err(error) => {
            let (length, reason) = match error.error_len() {
                None if at + rest.len() == data.len() => (rest.len(), "unexpected end of data"),
                None => (rest.len(), "invalid continuation byte"),
                Some(length) => (length, invalid_utf8(rest[0])),
            };
            return Err(Fault { start: at, end: at + length, reason });
        }
    };
    let c = valid.chars().next().unwrap_or('\u{fffd}');
    Ok((c, at + c.len_utf8()))
}

fn invalid_utf8(first: u8) -> &'static str {
    match first {
        0xc2..=0xf4 => "invalid continuation byte",
        _ => "invalid start byte",
    }
}

fn next_utf16<const BIG: bool>(data: &[u8], at: usize) -> Result<(char, usize), Fault> {
    let unit = |at: usize| {
        let pair: [u8; 2] = data.get(at..at + 2)?.try_into().ok()?;
        Some(if BIG { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    };
    let Some(first) = unit(at) else {
        return Err(Fault { start: at, end: data.len(), reason: "truncated data" });
    };
    match first {
        0xd800..=0xdbff => match unit(at + 2) {
            None => Err(Fault { start: at, end: data.len(), reason: "unexpected end of data" }),
            Some(second @ 0xdc00..=0xdfff) => {
                let code = 0x10000 + (u32::from(first & 0x3ff) << 10 | u32::from(second & 0x3ff));
                Ok((char::from_u32(code).unwrap_or('\u{fffd}'), at + 4))
            }
            Some(_) => Err(Fault { start: at, end: at + 2, reason: "illegal UTF-16 surrogate" }),
        },
        0xdc00..=0xdfff => Err(Fault { start: at, end: at + 2, reason: "illegal encoding" }),
        _ => Ok((char::from_u32(u32::from(first)).unwrap_or('\u{fffd}'), at + 2)),
    }
}

fn next_utf32<const BIG: bool>(data: &[u8], at: usize) -> Result<(char, usize), Fault> {
    let Some(four) = data.get(at..at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok()) else {
        return Err(Fault { start: at, end: data.len(), reason: "truncated data" });
    };
    let code = if BIG { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) };
    match char::from_u32(code) {
        Some(c) => Ok((c, at + 4)),
        None => {
            let reason = if code < 0x11_0000 {
                "code point in surrogate code point range(0xd800, 0xe000)"
            } else {
                "code point not in range(0x110000)"
            };
            Err(Fault { start: at, end: at + 4, reason })
        }
    }
}
