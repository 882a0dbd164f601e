//! The module `_json`, the other half: JSON text to objects, with the hooks of `json.loads`.

use super::{Arguments, Arity, Owner, builtins, json_encode};
use crate::runtime::dict::{self, build};
use crate::runtime::iterate::to_index;
use crate::runtime::known_keys::Following;
use crate::runtime::number_text::parse_integer;
use crate::runtime::operators::truth;
use crate::runtime::strings::{as_text, byte_offset, code_point_index, is_ascii, text};
use crate::runtime::surrogates;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Raised, Vm};
use std::arch::x86_64::{
    _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
};
use std::mem::MaybeUninit;

builtins! {
    FUNCTIONS of Owner::Module("_json");
    "decode" Arity::Range(8, 8), decode, "A value at a place of a JSON text, and where it ends.";
    "encode" Arity::Range(3, 3), json_encode::encode, "An object as JSON text.";
    "encode_text" Arity::Range(2, 2), json_encode::encode_text, "A str as a JSON string.";
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

/// Items of an array that are gathered on the native stack, before the list is made.
const GATHERED: usize = 64;

struct Decoder<'a> {
    text: &'a str,
    at: usize,
    /// All of the text is ASCII.
    ascii: bool,
    strict: bool,
    object_hook: Value,
    pairs_hook: Value,
    float_hook: Value,
    int_hook: Value,
    constant_hook: Value,
    /// Why the text is no JSON, and the byte offset; with `Raised`, of which it is the reason in place of an exception.
    fault: Option<(&'static str, usize)>,
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
    let mut decoder = Decoder {
        text,
        at,
        ascii: is_ascii(values[0]),
        strict,
        object_hook: values[3],
        pairs_hook: values[4],
        float_hook: values[5],
        int_hook: values[6],
        constant_hook: values[7],
        fault: None,
    };
    let result = decoder.value(vm);
    match (result, decoder.fault) {
        (Ok(value), _) => {
            let end = code_point_index(vm, values[0], decoder.at);
            vm.tuple(&[value, Value::from_fixnum(end as i64)])
        }
        (Err(Raised), None) => Err(Raised),
        (Err(Raised), Some((message, offset))) => {
            let offset = code_point_index(vm, values[0], offset);
            let message = vm.str(message);
            vm.tuple(&[message, Value::from_fixnum(offset as i64), Value::FALSE])
        }
    }
}

/// The first byte from `at` on that does not stand for itself in a string, or the end.
#[inline(always)]
fn end_of_plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let found = not_plain(chunk);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
    }
    while bytes.get(at).is_some_and(|&byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        at += 1;
    }
    at
}

/// A bit for each byte that is a quote, a backslash or a control character.
#[inline(always)]
fn not_plain(chunk: &[u8; 16]) -> u32 {
    // SAFETY: these instructions belong to every x86-64 processor, and the chunk has sixteen bytes.
    unsafe {
        let word = _mm_loadu_si128(chunk.as_ptr().cast());
        let quotes = _mm_cmpeq_epi8(word, _mm_set1_epi8(b'"' as i8));
        let backslashes = _mm_cmpeq_epi8(word, _mm_set1_epi8(b'\\' as i8));
        let controls = _mm_cmpeq_epi8(_mm_min_epu8(word, _mm_set1_epi8(0x1f)), word);
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls)) as u32
    }
}

/// Whether two slices are equal; keys are short, and a call of `memcmp` takes longer than to compare them.
#[inline(always)]
fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    if left.len() < 8 {
        return match (left.first_chunk::<4>(), right.first_chunk::<4>()) {
            (Some(first), Some(other)) => first == other && left.last_chunk::<4>() == right.last_chunk::<4>(),
            _ => left.iter().zip(right).all(|(left, right)| left == right),
        };
    }
    let whole = (left.len() - 1) / 8;
    let word = |bytes: &[u8], at: usize| bytes[at * 8..].first_chunk::<8>().copied();
    left.last_chunk::<8>() == right.last_chunk::<8>() && (0..whole).all(|at| word(left, at) == word(right, at))
}

/// What a string is made of.
enum Piece<'a> {
    /// A part of the text as it is. The flag: no byte of it is a control character.
    Part(&'a [u8], bool),
    Made(String),
}

impl<'a> Decoder<'a> {
    #[cold]
    fn wrong(&mut self, message: &'static str, at: usize) -> Raised {
        self.fault = Some((message, at));
        Raised
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    #[inline]
    fn value(&mut self, vm: &mut Vm) -> Outcome {
        let start = self.at;
        match self.peek() {
            Some(b'"') => {
                let end = end_of_plain(self.text.as_bytes(), start + 1);
                match self.plain_string(end) {
                    Some(bytes) if self.ascii => Ok(vm.ascii_str(bytes)),
                    Some(bytes) => Ok(self.str_of(vm, &Piece::Part(bytes, true))),
                    None => {
                        let piece = self.unusual_string(end)?;
                        Ok(self.str_of(vm, &piece))
                    }
                }
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
            Some(b'-' | b'0'..=b'9') => match self.short_integer() {
                Some(number) if self.int_hook == Value::NONE => Ok(Value::from_fixnum(number)),
                _ => {
                    self.at = start;
                    self.number(vm)
                }
            },
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
                Err(self.wrong("Expecting value", start))
            }
        }
    }

    fn constant(&mut self, vm: &mut Vm, word: &str) -> Outcome {
        self.at += word.len();
        if self.constant_hook != Value::NONE {
            let word = vm.str(word);
            return vm.call(self.constant_hook, &[word]);
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

    /// An integer of up to 17 digits, if that is what comes next.
    #[inline]
    fn short_integer(&mut self) -> Option<i64> {
        let bytes = self.text.as_bytes();
        let negative = bytes[self.at] == b'-';
        let start = self.at + usize::from(negative);
        let (mut at, mut number) = (start, 0);
        while at < start + 17
            && let Some(&digit @ b'0'..=b'9') = bytes.get(at)
        {
            number = number * 10 + i64::from(digit - b'0');
            at += 1;
        }
        let leading_zero = bytes.get(start) == Some(&b'0') && at > start + 1;
        if at == start || leading_zero || matches!(bytes.get(at), Some(b'0'..=b'9' | b'.' | b'e' | b'E')) {
            return None;
        }
        self.at = at;
        Some(if negative { -number } else { number })
    }

    #[inline(never)]
    fn number(&mut self, vm: &mut Vm) -> Outcome {
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
            return Err(self.wrong("Expecting value", start));
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
            return vm.call(hook, &[text]);
        }
        if is_float {
            return Ok(vm.float(text.parse().unwrap_or(f64::NAN)));
        }
        match text.parse::<i64>() {
            Ok(number) => Ok(vm.integer(number)),
            Err(_) => {
                let text = vm.str(text);
                parse_integer(vm, text, 10)
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

    #[inline(never)]
    fn str_of(&self, vm: &mut Vm, piece: &Piece) -> Value {
        match piece {
            Piece::Part(bytes, _) if self.ascii => vm.ascii_str(bytes),
            // SAFETY: the part lies between two quotes or the like, so it is whole characters of the text.
            Piece::Part(bytes, _) => vm.str(unsafe { std::str::from_utf8_unchecked(bytes) }),
            Piece::Made(text) => vm.str(text),
        }
    }

    /// A string, whose quote is next and of which all stands for itself: up to `end`, if there is the quote behind it.
    /// (What it gives fits registers: a `Piece` would be written to memory and read at once in other units, which waits.)
    #[inline(always)]
    fn plain_string(&mut self, end: usize) -> Option<&'a [u8]> {
        let begin = self.at + 1;
        let bytes = self.text.as_bytes();
        if bytes.get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        bytes.get(begin..end)
    }

    /// A string, whose quote is next; `at` is the place of the first byte that does not stand for itself.
    #[cold]
    #[inline(never)]
    fn unusual_string(&mut self, mut at: usize) -> Outcome<Piece<'a>> {
        let begin = self.at;
        let bytes = self.text.as_bytes();
        let mut plain = begin + 1;
        let mut out: Option<String> = None;
        loop {
            at = end_of_plain(bytes, at);
            match bytes.get(at) {
                None => return Err(self.wrong("Unterminated string starting at", begin)),
                Some(b'"') => {
                    let rest = &self.text[plain..at];
                    self.at = at + 1;
                    return Ok(match out {
                        None => Piece::Part(rest.as_bytes(), false),
                        Some(out) => Piece::Made(out + rest),
                    });
                }
                Some(b'\\') => {
                    let out = out.get_or_insert_with(String::new);
                    out.push_str(&self.text[plain..at]);
                    let escape = match bytes.get(at + 1) {
                        None => return Err(self.wrong("Unterminated string starting at", begin)),
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
                                return Err(self.wrong("Invalid \\uXXXX escape", at + 1));
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
                        _ => return Err(self.wrong("Invalid \\escape", at)),
                    };
                    out.push(c);
                    at += 2;
                    plain = at;
                }
                Some(0..=0x1f) if self.strict => {
                    return Err(self.wrong("Invalid control character at", at));
                }
                Some(_) => at += 1,
            }
        }
    }

    /// A key, and whether it is written as it is, without control characters.
    fn key(&mut self, vm: &mut Vm) -> Outcome<(Value, bool)> {
        let end = end_of_plain(self.text.as_bytes(), self.at + 1);
        let piece = match self.plain_string(end) {
            Some(bytes) => Piece::Part(bytes, true),
            None => self.unusual_string(end)?,
        };
        let Piece::Part(bytes, plain) = piece else { return Ok((self.str_of(vm, &piece), false)) };
        if let Some(key) = vm.known_keys.key(bytes) {
            return Ok((key, plain));
        }
        let key = self.str_of(vm, &piece);
        if key == Value::EXC {
            return Err(Raised);
        }
        vm.known_keys.remember_key(key);
        Ok((key, plain))
    }

    /// Goes past a certain key, one that is written as it is, if it comes next.
    #[inline]
    fn passes(&mut self, key: Value) -> bool {
        let expected = text(key).as_bytes();
        let begin = self.at + 1;
        let end = begin + expected.len();
        let bytes = self.text.as_bytes();
        let is_next =
            bytes.get(end) == Some(&b'"') && bytes[self.at] == b'"' && same_bytes(&bytes[begin..end], expected);
        if is_next {
            self.at = end + 1;
        }
        is_next
    }

    #[inline(never)]
    fn object(&mut self, vm: &mut Vm) -> Outcome {
        let as_pairs = self.pairs_hook != Value::NONE;
        // The first pairs, before the dict or list is made; the collector finds them here. No more than `count` are
        // written.
        let mut first = [const { MaybeUninit::<(Value, Value)>::uninit() }; build::OUTLINED];
        let mut count = 0;
        let mut following: Option<Following> = None;
        // All keys so far are written as they are.
        let mut all_plain = true;
        let mut result = Value::UNDEF;
        self.at += 1;
        self.skip_blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                let expected = following.and_then(|following| {
                    vm.known_keys.outline(following).and_then(|outline| outline.keys.get(count)).map(|&(key, _)| key)
                });
                let key = match expected {
                    Some(key) if self.passes(key) => key,
                    _ => {
                        if self.peek() != Some(b'"') {
                            let message = "Expecting property name enclosed in double quotes";
                            return Err(self.wrong(message, self.at));
                        }
                        let (key, plain) = self.key(vm)?;
                        all_plain &= plain;
                        following = if count == 0 && plain { vm.known_keys.begins(key) } else { None };
                        key
                    }
                };
                self.skip_blank();
                if self.peek() != Some(b':') {
                    return Err(self.wrong("Expecting ':' delimiter", self.at));
                }
                self.at += 1;
                self.skip_blank();
                let value = self.value(vm)?;
                if count == first.len() && result == Value::UNDEF {
                    result = Decoder::gathered(vm, &first, count, as_pairs)?;
                }
                if result == Value::UNDEF {
                    first[count].write((key, value));
                    count += 1;
                } else if as_pairs {
                    let pair = vm.tuple(&[key, value])?;
                    vm.push(result, pair)?;
                } else {
                    dict::set(vm, result, key, value)?;
                }
                self.skip_blank();
                match self.peek() {
                    Some(b'}') => break,
                    Some(b',') => {}
                    _ => return Err(self.wrong("Expecting ',' delimiter", self.at)),
                }
                self.at += 1;
                self.skip_blank();
            }
            self.at += 1;
        }
        if result == Value::UNDEF {
            let is_outlined = !as_pairs
                && following.is_some_and(|following| {
                    vm.known_keys.outline(following).is_some_and(|outline| outline.keys.len() == count)
                });
            result = match following {
                Some(following) if is_outlined => build::from_outline(vm, following, written(&first, count))?,
                _ => Decoder::gathered(vm, &first, count, as_pairs)?,
            };
            if !is_outlined && !as_pairs && all_plain && dict::length(result) == count {
                build::remember_outline(vm, result);
            }
        }
        if as_pairs {
            return vm.call(self.pairs_hook, &[result]);
        }
        if self.object_hook != Value::NONE {
            return vm.call(self.object_hook, &[result]);
        }
        Ok(result)
    }

    /// A dict, or a list of tuples, of the pairs gathered.
    fn gathered(vm: &mut Vm, first: &[MaybeUninit<(Value, Value)>], count: usize, as_pairs: bool) -> Outcome {
        let pairs = written(first, count);
        if !as_pairs {
            return build::from_pairs(vm, pairs);
        }
        let list = vm.list_with_capacity(pairs.len())?;
        for &(key, value) in pairs {
            let pair = vm.tuple(&[key, value])?;
            vm.push(list, pair)?;
        }
        Ok(list)
    }

    #[inline(never)]
    fn array(&mut self, vm: &mut Vm) -> Outcome {
        let mut first = [const { MaybeUninit::<Value>::uninit() }; GATHERED];
        let mut count = 0;
        let mut result = Value::UNDEF;
        self.at += 1;
        self.skip_blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return vm.list(&[]);
        }
        loop {
            let value = self.value(vm)?;
            if count == first.len() && result == Value::UNDEF {
                result = vm.list(written(&first, count))?;
            }
            if result == Value::UNDEF {
                first[count].write(value);
                count += 1;
            } else {
                vm.push(result, value)?;
            }
            self.skip_blank();
            match self.peek() {
                Some(b']') => break,
                Some(b',') => {}
                _ => return Err(self.wrong("Expecting ',' delimiter", self.at)),
            }
            self.at += 1;
            self.skip_blank();
        }
        self.at += 1;
        if result == Value::UNDEF {
            result = vm.list(written(&first, count))?;
        }
        Ok(result)
    }
}

/// The items of an array of which `count` have been written.
fn written<T>(items: &[MaybeUninit<T>], count: usize) -> &[T] {
    // SAFETY: the caller has written these.
    unsafe { std::slice::from_raw_parts(items.as_ptr().cast(), count.min(items.len())) }
}
