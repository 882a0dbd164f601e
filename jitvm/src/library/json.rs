//! The module `_json`, the other half: JSON text to objects, with the hooks of `json.loads`.

use super::{Arguments, Arity, Owner, builtins, json_encode};
use crate::runtime::dict;
use crate::runtime::iterate::to_index;
use crate::runtime::number_text::parse_integer;
use crate::runtime::operators::truth;
use crate::runtime::sequences;
use crate::runtime::strings::{as_text, byte_offset, code_point_index};
use crate::runtime::surrogates;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Raised, Vm};

builtins! {
    FUNCTIONS of Owner::Module("_json");
    "decode" Arity::Range(8, 8), decode, "A value at a place of a JSON text, and where it ends.";
    "encode" Arity::Range(9, 9), json_encode::encode, "An object as JSON text.";
    "encode_text" Arity::Range(2, 2), json_encode::encode_text, "A str as a JSON string.";
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

/// Why a text is no JSON, or that an exception is pending.
enum Failure {
    /// What is wrong, and the byte offset.
    Syntax(&'static str, usize),
    Raised,
}

impl From<Raised> for Failure {
    fn from(_: Raised) -> Failure {
        Failure::Raised
    }
}

type Result<T = Value> = std::result::Result<T, Failure>;

/// Keys that are remembered.
const KEYS: usize = 64;

struct Decoder<'a> {
    text: &'a str,
    at: usize,
    strict: bool,
    object_hook: Value,
    pairs_hook: Value,
    float_hook: Value,
    int_hook: Value,
    constant_hook: Value,
    /// Keys met before, each in a place that depends on its text, where later ones replace it: it need not be made again.
    keys: [Option<(&'a str, Value)>; KEYS],
    /// Keeps them for the collector.
    kept: Value,
}

/// `decode(text, index, strict, object_hook, object_pairs_hook, parse_float, parse_int, parse_constant)`: the value and
/// the index behind it; or what is wrong, where, and False.
fn decode(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let Some(text) = as_text(values[0]) else {
        let name = vm.type_name(values[0]);
        return Err(vm.type_error(format!("first argument must be a string, not {name}")));
    };
    let start = to_index(vm, values[1])?;
    let Ok(start) = usize::try_from(start) else { return Err(vm.value_error("idx cannot be negative")) };
    let strict = truth(vm, values[2])?;
    let at = byte_offset(vm, values[0], start);
    let kept = vm.list(&[Value::NONE; KEYS])?;
    let mut decoder = Decoder {
        text,
        at,
        strict,
        object_hook: values[3],
        pairs_hook: values[4],
        float_hook: values[5],
        int_hook: values[6],
        constant_hook: values[7],
        keys: [None; KEYS],
        kept,
    };
    let result = decoder.value(vm);
    std::hint::black_box(kept);
    match result {
        Ok(value) => {
            let end = code_point_index(vm, values[0], decoder.at);
            vm.tuple(&[value, Value::from_fixnum(end as i64)])
        }
        Err(Failure::Raised) => Err(Raised),
        Err(Failure::Syntax(message, offset)) => {
            let offset = code_point_index(vm, values[0], offset);
            let message = vm.str(message);
            vm.tuple(&[message, Value::from_fixnum(offset as i64), Value::FALSE])
        }
    }
}

/// Bytes that stand for themselves in a string.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut control = 0;
    while control < 0x20 {
        plain[control] = false;
        control += 1;
    }
    plain[b'"' as usize] = false;
    plain[b'\\' as usize] = false;
    plain
};

impl<'a> Decoder<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, vm: &mut Vm) -> Result {
        let start = self.at;
        match self.peek() {
            Some(b'"') => {
                let text = self.string()?;
                Ok(vm.str(&text))
            }
            Some(b'{') => {
                vm.enter_native(" while decoding a JSON object from a unicode string")?;
                let result = self.object(vm);
                vm.leave_native();
                result
            }
            Some(b'[') => {
                vm.enter_native(" while decoding a JSON array from a unicode string")?;
                let result = self.array(vm);
                vm.leave_native();
                result
            }
            Some(b'-' | b'0'..=b'9') => self.number(vm),
            _ => {
                const WORDS: [(&str, Value); 3] =
                    [("null", Value::NONE), ("true", Value::TRUE), ("false", Value::FALSE)];
                for (word, value) in WORDS {
                    if self.text[start..].starts_with(word) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                for word in ["NaN", "Infinity"] {
                    if self.text[start..].starts_with(word) {
                        return self.constant(vm, word);
                    }
                }
                Err(Failure::Syntax("Expecting value", start))
            }
        }
    }

    fn constant(&mut self, vm: &mut Vm, word: &str) -> Result {
        self.at += word.len();
        if self.constant_hook != Value::NONE {
            let word = vm.str(word);
            return Ok(vm.call(self.constant_hook, &[word])?);
        }
        Ok(vm.float(match word {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            _ => f64::NEG_INFINITY,
        }))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self, vm: &mut Vm) -> Result {
        let start = self.at;
        if self.peek() == Some(b'-') {
            if self.text[start..].starts_with("-Infinity") {
                return self.constant(vm, "-Infinity");
            }
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else if self.digits() == 0 {
            self.at = start;
            return Err(Failure::Syntax("Expecting value", start));
        }
        let mut end = self.at;
        let mut is_float = false;
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() > 0 {
                is_float = true;
                end = self.at;
            } else {
                self.at = end;
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() > 0 {
                is_float = true;
                end = self.at;
            }
        }
        self.at = end;
        let text = &self.text[start..end];
        let hook = if is_float { self.float_hook } else { self.int_hook };
        if hook != Value::NONE {
            let text = vm.str(text);
            return Ok(vm.call(hook, &[text])?);
        }
        if is_float {
            return Ok(vm.float(text.parse().unwrap_or(f64::NAN)));
        }
        match text.parse::<i64>() {
            Ok(number) => Ok(vm.integer(number)),
            Err(_) => {
                let text = vm.str(text);
                Ok(parse_integer(vm, text, 10)?)
            }
        }
    }

    fn unit(&self, at: usize) -> Option<u32> {
        let digits = self.text.as_bytes().get(at..at + 4)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    /// A string, whose quote is next.
    fn string(&mut self) -> Result<std::borrow::Cow<'a, str>> {
        use std::borrow::Cow;
        let begin = self.at;
        let bytes = self.text.as_bytes();
        let mut plain = begin + 1;
        let mut at = plain;
        let mut out: Option<String> = None;
        loop {
            at += bytes[at..].iter().position(|&byte| !PLAIN[usize::from(byte)]).unwrap_or(bytes.len() - at);
            match bytes.get(at) {
                None => return Err(Failure::Syntax("Unterminated string starting at", begin)),
                Some(b'"') => {
                    let rest = &self.text[plain..at];
                    self.at = at + 1;
                    return Ok(match out {
                        None => Cow::Borrowed(rest),
                        Some(out) => Cow::Owned(out + rest),
                    });
                }
                Some(b'\\') => {
                    let out = out.get_or_insert_with(String::new);
                    out.push_str(&self.text[plain..at]);
                    let escape = match bytes.get(at + 1) {
                        None => return Err(Failure::Syntax("Unterminated string starting at", begin)),
                        Some(&escape) => escape,
                    };
                    let c = match escape {
                        b'"' | b'\\' | b'/' => char::from(escape),
                        b'b' => '\x08',
                        b'f' => '\x0c',
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        b'u' => {
                            let Some(first) = self.unit(at + 2) else {
                                return Err(Failure::Syntax("Invalid \\uXXXX escape", at + 1));
                            };
                            let mut code = first;
                            at += 4;
                            if (0xd800..0xdc00).contains(&first)
                                && bytes.get(at + 2..at + 4) == Some(b"\\u")
                                && let Some(second @ 0xdc00..=0xdfff) = self.unit(at + 4)
                            {
                                code = 0x10000 + ((first & 0x3ff) << 10 | second & 0x3ff);
                                at += 6;
                            }
                            surrogates::from_code(code).unwrap_or('\u{fffd}')
                        }
                        _ => return Err(Failure::Syntax("Invalid \\escape", at)),
                    };
                    out.push(c);
                    at += 2;
                    plain = at;
                }
                Some(0..=0x1f) if self.strict => {
                    return Err(Failure::Syntax("Invalid control character at", at));
                }
                Some(_) => at += 1,
            }
        }
    }

    fn key(&mut self, vm: &mut Vm) -> Result {
        let text = match self.string()? {
            std::borrow::Cow::Owned(text) => return Ok(vm.str(&text)),
            std::borrow::Cow::Borrowed(text) => text,
        };
        let bytes = text.as_bytes();
        let place = match *bytes {
            [] => 0,
            [first, .., last] => {
                let middle = bytes[bytes.len() / 2];
                (bytes.len() * 5 + usize::from(first) * 7 + usize::from(middle) * 3 + usize::from(last)) % KEYS
            }
            [only] => usize::from(only) % KEYS,
        };
        if let Some((known, key)) = self.keys[place]
            && known == text
        {
            return Ok(key);
        }
        let key = vm.str(text);
        sequences::items_mut(vm, self.kept)[place] = key;
        self.keys[place] = Some((text, key));
        Ok(key)
    }

    fn object(&mut self, vm: &mut Vm) -> Result {
        let as_pairs = self.pairs_hook != Value::NONE;
        let result = if as_pairs { vm.list(&[])? } else { vm.new_dict() };
        self.at += 1;
        self.skip_blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                if self.peek() != Some(b'"') {
                    let message = "Expecting property name enclosed in double quotes";
                    return Err(Failure::Syntax(message, self.at));
                }
                let key = self.key(vm)?;
                self.skip_blank();
                if self.peek() != Some(b':') {
                    return Err(Failure::Syntax("Expecting ':' delimiter", self.at));
                }
                self.at += 1;
                self.skip_blank();
                let value = self.value(vm)?;
                if as_pairs {
                    let pair = vm.tuple(&[key, value])?;
                    vm.push(result, pair)?;
                } else {
                    dict::set(vm, result, key, value)?;
                }
                self.skip_blank();
                match self.peek() {
                    Some(b'}') => break,
                    Some(b',') => {}
                    _ => return Err(Failure::Syntax("Expecting ',' delimiter", self.at)),
                }
                self.at += 1;
                self.skip_blank();
            }
            self.at += 1;
        }
        if as_pairs {
            return Ok(vm.call(self.pairs_hook, &[result])?);
        }
        if self.object_hook != Value::NONE {
            return Ok(vm.call(self.object_hook, &[result])?);
        }
        Ok(result)
    }

    fn array(&mut self, vm: &mut Vm) -> Result {
        let result = vm.list(&[])?;
        self.at += 1;
        self.skip_blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(result);
        }
        loop {
            let value = self.value(vm)?;
            vm.push(result, value)?;
            self.skip_blank();
            match self.peek() {
                Some(b']') => break,
                Some(b',') => {}
                _ => return Err(Failure::Syntax("Expecting ',' delimiter", self.at)),
            }
            self.at += 1;
            self.skip_blank();
        }
        self.at += 1;
        Ok(result)
    }
}
