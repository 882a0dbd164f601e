//! Encoding strs and decoding bytes: UTF-8, -16 and -32, ASCII and Latin-1, with CPython's error handlers.
//!
//! `lib/codecs.py` has encodings that are used less, and the handlers that a program registers.

use super::numbers::as_i64;
use super::repr::write_escape;
use super::strings::as_text;
use super::surrogates;
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

    fn find(name: &str) -> Option<Encoding> {
        let normal = name.to_ascii_lowercase().replace(['_', ' '], "-");
        NAMES.iter().find(|(known, _)| *known == normal).map(|&(_, encoding)| encoding)
    }

    /// Bytes of which a code point takes some.
    fn unit(self) -> usize {
        match self {
            Encoding::Utf8 | Encoding::Utf8Signature | Encoding::Ascii | Encoding::Latin1 => 1,
            Encoding::Utf16 | Encoding::Utf16Little | Encoding::Utf16Big => 2,
            Encoding::Utf32 | Encoding::Utf32Little | Encoding::Utf32Big => 4,
        }
    }

    fn holds(self, c: char) -> bool {
        match self {
            Encoding::Ascii => c.is_ascii(),
            Encoding::Latin1 => (c as u32) < 0x100,
            _ => surrogates::code_of(c) == c as u32,
        }
    }

    /// Why it does not hold a character.
    fn refusal(self) -> &'static str {
        match self {
            Encoding::Ascii => "ordinal not in range(128)",
            Encoding::Latin1 => "ordinal not in range(256)",
            _ => NO_SURROGATES,
        }
    }

    /// Appends a character that it holds.
    fn put(self, c: char, out: &mut Vec<u8>) {
        match self {
            Encoding::Utf8 | Encoding::Utf8Signature => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Encoding::Utf16 | Encoding::Utf16Little | Encoding::Utf16Big => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|&unit| self.put_code(u32::from(unit), out));
            }
            _ => self.put_code(c as u32, out),
        }
    }

    /// Appends one unit, or a surrogate.
    fn put_code(self, code: u32, out: &mut Vec<u8>) {
        let unit = code as u16;
        match self {
            Encoding::Ascii | Encoding::Latin1 => out.push(code as u8),
            Encoding::Utf8 | Encoding::Utf8Signature => {
                out.extend([0xe0 | (code >> 12) as u8, 0x80 | (code >> 6 & 0x3f) as u8, 0x80 | (code & 0x3f) as u8]);
            }
            Encoding::Utf16 | Encoding::Utf16Little => out.extend(unit.to_le_bytes()),
            Encoding::Utf16Big => out.extend(unit.to_be_bytes()),
            Encoding::Utf32 | Encoding::Utf32Little => out.extend(code.to_le_bytes()),
            Encoding::Utf32Big => out.extend(code.to_be_bytes()),
        }
    }

    /// The surrogate that bytes hold where they should hold a character, and its width.
    fn surrogate_at(self, data: &[u8]) -> Option<(char, usize)> {
        let (code, width) = match (self, data) {
            (Encoding::Utf8 | Encoding::Utf8Signature, &[a @ 0xe0..=0xef, b @ 0x80..=0xbf, c @ 0x80..=0xbf, ..]) => {
                (u32::from(a & 0xf) << 12 | u32::from(b & 0x3f) << 6 | u32::from(c & 0x3f), 3)
            }
            (Encoding::Utf16 | Encoding::Utf16Little, &[a, b, ..]) => (u32::from(u16::from_le_bytes([a, b])), 2),
            (Encoding::Utf16Big, &[a, b, ..]) => (u32::from(u16::from_be_bytes([a, b])), 2),
            (Encoding::Utf32 | Encoding::Utf32Little, &[a, b, c, d, ..]) => (u32::from_le_bytes([a, b, c, d]), 4),
            (Encoding::Utf32Big, &[a, b, c, d, ..]) => (u32::from_be_bytes([a, b, c, d]), 4),
            _ => return None,
        };
        let character = surrogates::from_code(code).filter(|_| (0xd800..0xe000).contains(&code))?;
        Some((character, width))
    }
}

const NO_SURROGATES: &str = "surrogates not allowed";

/// Something that cannot be encoded or decoded: where, up to where, and why.
struct Fault {
    start: usize,
    end: usize,
    reason: &'static str,
}

/// `text.encode(encoding, errors)`.
pub fn encode(vm: &mut Vm, text: Value, encoding: &str, errors: &str) -> Outcome<Vec<u8>> {
    let Some(encoding) = Encoding::find(encoding) else { return encode_elsewhere(vm, text, encoding, errors) };
    let source = super::strings::text(text);
    let has_surrogates = !super::strings::is_ascii(text) && surrogates::find(source).is_some();
    match encoding {
        Encoding::Utf8 if !has_surrogates => Ok(source.as_bytes().to_vec()),
        Encoding::Ascii | Encoding::Latin1 if source.is_ascii() => Ok(source.as_bytes().to_vec()),
        _ => encode_characters(vm, text, encoding, errors),
    }
}

fn encode_characters(vm: &mut Vm, text: Value, encoding: Encoding, errors: &str) -> Outcome<Vec<u8>> {
    let characters: Vec<char> = super::strings::text(text).chars().collect();
    let mut out = Vec::with_capacity(characters.len());
    if matches!(encoding, Encoding::Utf8Signature | Encoding::Utf16 | Encoding::Utf32) {
        encoding.put('\u{feff}', &mut out);
    }
    let mut at = 0;
    while at < characters.len() {
        if encoding.holds(characters[at]) {
            encoding.put(characters[at], &mut out);
            at += 1;
            continue;
        }
        let run = characters[at..].iter().take_while(|&&c| !encoding.holds(c)).count();
        let wide = !matches!(encoding.unit(), 1);
        let end = if wide { at + 1 } else { at + run };
        let wrong = &characters[at..end];
        let mut fault = Fault { start: at, end, reason: encoding.refusal() };
        let mut replacement = String::new();
        match errors {
            "ignore" => {}
            "replace" => replacement.extend(wrong.iter().map(|_| '?')),
            "backslashreplace" => wrong.iter().for_each(|&c| write_escape(c, &mut replacement)),
            "xmlcharrefreplace" => {
                wrong.iter().for_each(|&c| replacement += &format!("&#{};", surrogates::code_of(c)));
            }
            "surrogateescape" if !wide => {
                let escaped = wrong.iter().map(|&c| surrogates::code_of(c));
                let escaped = escaped.take_while(|code| (0xdc80..=0xdcff).contains(code)).map(|code| code as u8);
                out.extend(escaped.clone());
                fault.start += escaped.count();
                if fault.start < end {
                    return Err(raise_unicode_error(vm, TypeId::UNICODE_ENCODE_ERROR, encoding, text, &fault));
                }
            }
            "surrogatepass" if encoding.refusal() == NO_SURROGATES => {
                wrong.iter().for_each(|&c| encoding.put_code(surrogates::code_of(c), &mut out));
            }
            "strict" | "surrogateescape" | "surrogatepass" => {
                return Err(raise_unicode_error(vm, TypeId::UNICODE_ENCODE_ERROR, encoding, text, &fault));
            }
            _ => {
                let raised = raise_unicode_error(vm, TypeId::UNICODE_ENCODE_ERROR, encoding, text, &fault);
                let (replaced, next) = ask_handler(vm, errors, raised, characters.len())?;
                match as_text(replaced) {
                    Some(text) if text.chars().all(|c| encoding.holds(c)) => replacement.push_str(text),
                    Some(_) => {
                        return Err(raise_unicode_error(vm, TypeId::UNICODE_ENCODE_ERROR, encoding, text, &fault));
                    }
                    None => out.extend_from_slice(super::bytes::data(replaced)),
                }
                replacement.chars().for_each(|c| encoding.put(c, &mut out));
                at = next;
                continue;
            }
        }
        replacement.chars().for_each(|c| encoding.put(c, &mut out));
        at = end;
    }
    Ok(out)
}

/// Encodings and error handlers that are Python's, of `codecs`.
fn of_codecs(vm: &mut Vm, name: &str, arguments: &[Value]) -> Outcome {
    let module = crate::interp::import::import_module(vm, "codecs")?;
    let name = vm.intern(name);
    let function = super::attributes::get_attr(vm, module, name)?;
    vm.call(function, arguments)
}

fn encode_elsewhere(vm: &mut Vm, text: Value, encoding: &str, errors: &str) -> Outcome<Vec<u8>> {
    let arguments = [text, vm.str(encoding), vm.str(errors)];
    let result = of_codecs(vm, "_encode_text", &arguments)?;
    Ok(super::bytes::data(result).to_vec())
}

/// What a handler that the program registered puts in place of a fault, a str or bytes, and where to go on.
fn ask_handler(vm: &mut Vm, errors: &str, _: Raised, length: usize) -> Outcome<(Value, usize)> {
    let error = vm.take_exception().unwrap_or(Value::NONE);
    let name = vm.str(errors);
    let answer = of_codecs(vm, "_handle", &[name, error, Value::from_fixnum(length as i64)])?;
    let parts = super::sequences::items(answer);
    Ok((parts[0], as_i64(parts[1]).map_or(length, |next| next as usize)))
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
        let mut shown = String::new();
        write_escape(c, &mut shown);
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
    let Some(encoding) = Encoding::find(encoding) else {
        let arguments = [vm.bytes(data)?, vm.str(encoding), vm.str(errors)];
        let result = of_codecs(vm, "_decode_text", &arguments)?;
        return Ok(super::strings::text(result).to_owned());
    };
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
            _ => {
                let wrong = data[fault.start..fault.end].iter().take_while(|&&byte| byte >= 0x80).take(4);
                let escaped = wrong.clone().filter_map(|&byte| surrogates::from_code(0xdc00 + u32::from(byte)));
                if errors == "surrogateescape" && wrong.clone().count() > 0 {
                    out.extend(escaped);
                    at = fault.start + wrong.count();
                    continue;
                }
                if errors == "surrogatepass"
                    && let Some((c, width)) = encoding.surrogate_at(&data[fault.start..])
                {
                    out.push(c);
                    at = fault.start + width;
                    continue;
                }
                let object = vm.bytes(data)?;
                let raised = raise_unicode_error(vm, TypeId::UNICODE_DECODE_ERROR, encoding, object, &fault);
                if matches!(errors, "strict" | "surrogateescape" | "surrogatepass") {
                    return Err(raised);
                }
                let (replaced, next) = ask_handler(vm, errors, raised, data.len())?;
                out.push_str(as_text(replaced).unwrap_or_default());
                at = next;
            }
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
