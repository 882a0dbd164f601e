//! Methods of bytes and bytearrays that search, split and replace.

use super::{Arguments, Arity, BuiltinRow, Owner, builtins};
use crate::runtime::bytes::{self, as_buffer, buffer, data, is_bytearray};
use crate::runtime::codecs;
use crate::runtime::iterate::{Iteration, is_iterable_object};
use crate::runtime::numbers::{Limbs, as_i64, as_integer};
use crate::runtime::sequences::items;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

macro_rules! shared {
    ($table:ident of $owner:expr) => {
        builtins! {
            $table of $owner;
            "count" Arity::Parsed(1, 3), count, "How often a part occurs.";
            "decode" Arity::Free, decode, "The text in an encoding.";
            "endswith" Arity::Parsed(1, 3), endswith, "True if the data ends with a part.";
            "find" Arity::Parsed(1, 3), find, "Where a part first occurs, or -1.";
            "hex" Arity::Free, hex, "The data in hexadecimal.";
            "index" Arity::Parsed(1, 3), index, "Where a part first occurs.";
            "join" Arity::One, join, "The parts of an iterable with this one between them.";
            "lstrip" Arity::Range(0, 1), lstrip, "Without bytes at the start.";
            "partition" Arity::One, partition, "What is before, at and after a separator.";
            "removeprefix" Arity::One, removeprefix, "Without a prefix.";
            "removesuffix" Arity::One, removesuffix, "Without a suffix.";
            "replace" Arity::Range(2, 3), replace, "With occurrences replaced.";
            "rfind" Arity::Parsed(1, 3), rfind, "Where a part last occurs, or -1.";
            "rindex" Arity::Parsed(1, 3), rindex, "Where a part last occurs.";
            "rpartition" Arity::One, rpartition, "What is before, at and after the last separator.";
            "rsplit" Arity::Free, rsplit, "The parts between separators, split from the end.";
            "rstrip" Arity::Range(0, 1), rstrip, "Without bytes at the end.";
            "split" Arity::Free, split, "The parts between separators.";
            "splitlines" Arity::Free, splitlines, "The lines.";
            "startswith" Arity::Parsed(1, 3), startswith, "True if the data starts with a part.";
            "strip" Arity::Range(0, 1), strip, "Without bytes at both ends.";
        }
    };
}

shared!(BYTES of Owner::Type(TypeId::BYTES));
shared!(BYTEARRAY of Owner::Type(TypeId::BYTEARRAY));

/// Every table of this file.
pub const TABLES: [&[BuiltinRow]; 2] = [BYTES, BYTEARRAY];

fn receiver(arguments: Arguments) -> Value {
    arguments.positional()[0]
}

/// The receiver's data. Arguments are looked at first where that can run code of the program.
fn own<'a>(arguments: Arguments) -> &'a [u8] {
    data(receiver(arguments))
}

/// A part of the receiver as an object of its kind; the whole of a bytes is itself.
fn part(vm: &mut Vm, whole: Value, part: &[u8]) -> Outcome {
    if !is_bytearray(whole) && part.len() == data(whole).len() {
        return Ok(whole);
    }
    vm.bytes_like(whole, part)
}

/// A bound of a search, clamped to the length.
fn bound(vm: &mut Vm, value: Option<Value>, default: usize, length: usize) -> Outcome<usize> {
    let Some(value) = value.filter(|&value| value != Value::NONE) else { return Ok(default) };
    let index = match as_i64(value) {
        Some(index) => index,
        None => match as_integer(value) {
            Some(integer) if Limbs::of_big(integer).negative => i64::MIN,
            Some(_) => i64::MAX,
            None => {
                let message = "slice indices must be integers or None or have an __index__ method";
                return Err(vm.type_error(message));
            }
        },
    };
    let length = length as i64;
    Ok(if index < 0 { index.saturating_add(length).max(0) } else { index } as usize)
}

/// What is searched for: a part, or a byte by its number.
fn needle(vm: &mut Vm, value: Value) -> Outcome<Vec<u8>> {
    if let Some(data) = as_buffer(value) {
        return Ok(data.into_owned());
    }
    if as_integer(value).is_some() {
        return Ok(vec![bytes::to_byte(vm, value, "byte must be in range(0, 256)")?]);
    }
    let name = vm.type_name(value);
    Err(vm.type_error(format!("argument should be integer or bytes-like object, not '{name}'")))
}

/// The searched bytes and their offset; `None` if the bounds exclude even an empty part.
fn searched<'a>(vm: &mut Vm, arguments: Arguments) -> Outcome<Option<(&'a [u8], usize)>> {
    let length = own(arguments).len();
    let start = bound(vm, arguments.get(2), 0, length)?;
    let end = bound(vm, arguments.get(3), length, length)?.min(length);
    Ok((start <= end).then(|| (&own(arguments)[start..end], start)))
}

fn search(vm: &mut Vm, arguments: Arguments, last: bool) -> Outcome<Option<usize>> {
    let range = searched(vm, arguments)?;
    let needle = needle(vm, arguments.positional()[1])?;
    let Some((haystack, offset)) = range else { return Ok(None) };
    let found = if last { bytes::find_last(haystack, &needle) } else { bytes::find(haystack, &needle) };
    Ok(found.map(|at| at + offset))
}

fn position_or(vm: &mut Vm, found: Option<usize>, must: bool) -> Outcome {
    match found {
        Some(at) => Ok(Value::from_fixnum(at as i64)),
        None if must => Err(vm.value_error("subsection not found")),
        None => Ok(Value::from_fixnum(-1)),
    }
}

fn find(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let found = search(vm, arguments, false)?;
    position_or(vm, found, false)
}

fn rfind(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let found = search(vm, arguments, true)?;
    position_or(vm, found, false)
}

fn index(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let found = search(vm, arguments, false)?;
    position_or(vm, found, true)
}

fn rindex(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let found = search(vm, arguments, true)?;
    position_or(vm, found, true)
}

/// Offsets of the occurrences that do not overlap; of an empty part before each byte and at the end.
fn occurrences(haystack: &[u8], needle: &[u8]) -> Vec<usize> {
    if needle.is_empty() {
        return (0..=haystack.len()).collect();
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = bytes::find(&haystack[at..], needle) {
        found.push(at + next);
        at += next + needle.len();
    }
    found
}

fn count(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let range = searched(vm, arguments)?;
    let needle = needle(vm, arguments.positional()[1])?;
    let count = match range {
        Some((haystack, _)) => occurrences(haystack, &needle).len(),
        None => 0,
    };
    Ok(Value::from_fixnum(count as i64))
}

fn startswith(vm: &mut Vm, arguments: Arguments) -> Outcome {
    affix(vm, arguments, "startswith", |data, part| data.starts_with(part))
}

fn endswith(vm: &mut Vm, arguments: Arguments) -> Outcome {
    affix(vm, arguments, "endswith", |data, part| data.ends_with(part))
}

fn affix(vm: &mut Vm, arguments: Arguments, function: &str, matches: fn(&[u8], &[u8]) -> bool) -> Outcome {
    let wanted = arguments.positional()[1];
    let single = [wanted];
    let is_tuple = wanted.has_layout(crate::runtime::object::ShapeId::TUPLE);
    let candidates = if is_tuple { items(wanted) } else { &single };
    let range = searched(vm, arguments)?;
    for &candidate in candidates {
        let Some(part) = as_buffer(candidate) else {
            let name = vm.type_name(candidate);
            return Err(vm.type_error(if is_tuple {
                format!("a bytes-like object is required, not '{name}'")
            } else {
                format!("{function} first arg must be bytes or a tuple of bytes, not {name}")
            }));
        };
        if range.is_some_and(|(data, _)| matches(data, &part)) {
            return Ok(Value::TRUE);
        }
    }
    Ok(Value::FALSE)
}

fn text_argument<'a>(vm: &mut Vm, value: Value, function: &str, name: &str) -> Outcome<&'a str> {
    match crate::runtime::strings::as_text(value) {
        Some(text) => Ok(text),
        None => {
            let given = vm.argument_type_name(value);
            Err(vm.type_error(format!("{function}() argument '{name}' must be str, not {given}")))
        }
    }
}

/// The encoding and the error handler of `encode`, `decode` and constructors.
pub fn encoding_and_errors<'a>(
    vm: &mut Vm,
    function: &str,
    encoding: Option<Value>,
    errors: Option<Value>,
) -> Outcome<(&'a str, &'a str)> {
    let encoding = match encoding {
        Some(value) => text_argument(vm, value, function, "encoding")?,
        None => "utf-8",
    };
    let errors = match errors {
        Some(value) => text_argument(vm, value, function, "errors")?,
        None => "strict",
    };
    Ok((encoding, errors))
}

/// The arguments after the receiver, as of a call.
pub fn after_receiver<'a>(arguments: Arguments<'a>) -> Arguments<'a> {
    Arguments { values: &arguments.values[1..], names: arguments.names }
}

fn decode(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [encoding, errors] = after_receiver(arguments).bind(vm, "decode", ["encoding", "errors"])?;
    let (encoding, errors) = encoding_and_errors(vm, "decode", encoding, errors)?;
    if own(arguments).is_empty() {
        return Ok(vm.str(""));
    }
    let text = codecs::decode(vm, own(arguments), encoding, errors)?;
    Ok(vm.str(&text))
}

/// `data.hex(sep, bytes_per_sep)`.
pub fn hex_of(vm: &mut Vm, data: &[u8], arguments: Arguments) -> Outcome {
    let [separator, group] = after_receiver(arguments).bind(vm, "hex", ["sep", "bytes_per_sep"])?;
    let group = match group {
        Some(value) => crate::runtime::iterate::to_index(vm, value)?,
        None => 1,
    };
    let separator = match separator {
        None => None,
        Some(value) => {
            if crate::library::functions::length(vm, value)? != 1 {
                return Err(vm.value_error("sep must be length 1."));
            }
            let text: Vec<char> = match crate::runtime::strings::as_text(value) {
                Some(text) => text.chars().collect(),
                None if bytes::is_bytes(value) => bytes::data(value).iter().copied().map(char::from).collect(),
                None => return Err(vm.type_error("sep must be str or bytes.")),
            };
            match text[..] {
                [c] if c.is_ascii() => Some(c),
                [_] => return Err(vm.value_error("sep must be ASCII.")),
                _ => return Err(vm.value_error("sep must be length 1.")),
            }
        }
    };
    let size = group.unsigned_abs() as usize;
    let mut out = String::with_capacity(data.len() * 2);
    for (index, byte) in data.iter().enumerate() {
        // Groups count from the end, or from the start if negative.
        let from_edge = if group > 0 { data.len() - index } else { index };
        if let Some(separator) = separator
            && index > 0
            && size > 0
            && from_edge % size == 0
        {
            out.push(separator);
        }
        use std::fmt::Write;
        let _ = write!(out, "{byte:02x}");
    }
    Ok(vm.str(&out))
}

fn hex(vm: &mut Vm, arguments: Arguments) -> Outcome {
    hex_of(vm, own(arguments), arguments)
}

fn join(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let iterable = arguments.positional()[1];
    if !is_iterable_object(vm, iterable) {
        return Err(vm.type_error("can only join an iterable"));
    }
    let mut out = Vec::new();
    let mut iteration = Iteration::new(vm, iterable)?;
    let mut index = 0;
    while let Some(item) = iteration.next(vm)? {
        if index > 0 {
            out.extend_from_slice(own(arguments));
        }
        match as_buffer(item) {
            Some(data) => out.extend_from_slice(&data),
            None => {
                let name = vm.type_name(item);
                let message = format!("sequence item {index}: expected a bytes-like object, {name} found");
                return Err(vm.type_error(message));
            }
        }
        index += 1;
    }
    vm.bytes_like(receiver(arguments), &out)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn stripped<'a>(vm: &mut Vm, arguments: Arguments, start: bool, end: bool) -> Outcome<&'a [u8]> {
    let set = match arguments.get(1).filter(|&value| value != Value::NONE) {
        Some(value) => Some(buffer(vm, value)?.into_owned()),
        None => None,
    };
    let goes = |byte: &u8| set.as_ref().map_or(is_space(*byte), |set| set.contains(byte));
    let mut rest: &[u8] = own(arguments);
    while let Some((_, tail)) = rest.split_first().filter(|(byte, _)| start && goes(byte)) {
        rest = tail;
    }
    while let Some((_, head)) = rest.split_last().filter(|(byte, _)| end && goes(byte)) {
        rest = head;
    }
    Ok(rest)
}

fn strip(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let rest = stripped(vm, arguments, true, true)?;
    part(vm, receiver(arguments), rest)
}

fn lstrip(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let rest = stripped(vm, arguments, true, false)?;
    part(vm, receiver(arguments), rest)
}

fn rstrip(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let rest = stripped(vm, arguments, false, true)?;
    part(vm, receiver(arguments), rest)
}

fn removeprefix(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let prefix = buffer(vm, arguments.positional()[1])?;
    let rest = own(arguments).strip_prefix(&*prefix).unwrap_or(own(arguments));
    part(vm, receiver(arguments), rest)
}

fn removesuffix(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let suffix = buffer(vm, arguments.positional()[1])?;
    let rest = own(arguments).strip_suffix(&*suffix).unwrap_or(own(arguments));
    part(vm, receiver(arguments), rest)
}

fn partition(vm: &mut Vm, arguments: Arguments) -> Outcome {
    partition_at(vm, arguments, false)
}

fn rpartition(vm: &mut Vm, arguments: Arguments) -> Outcome {
    partition_at(vm, arguments, true)
}

fn partition_at(vm: &mut Vm, arguments: Arguments, last: bool) -> Outcome {
    let (whole, separator) = (receiver(arguments), arguments.positional()[1]);
    let wanted = buffer(vm, separator)?.into_owned();
    if wanted.is_empty() {
        return Err(vm.value_error("empty separator"));
    }
    let source = data(whole);
    let found = if last { bytes::find_last(source, &wanted) } else { bytes::find(source, &wanted) };
    let (before, middle, after) = match found {
        Some(at) => (&source[..at], &wanted[..], &source[at + wanted.len()..]),
        None if last => (&[][..], &[][..], source),
        None => (source, &[][..], &[][..]),
    };
    let parts = vm.list_with_capacity(3)?;
    for (index, piece) in [before, middle, after].into_iter().enumerate() {
        // A bytes gives the separator itself back.
        let itself = index == 1 && !middle.is_empty() && !bytes::is_bytearray(whole);
        let piece = if itself { separator } else { part(vm, whole, piece)? };
        vm.push(parts, piece)?;
    }
    vm.tuple(items(parts))
}

fn replace(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let old = buffer(vm, arguments.positional()[1])?.into_owned();
    let new = buffer(vm, arguments.positional()[2])?.into_owned();
    let limit = match arguments.get(3) {
        Some(count) => crate::runtime::iterate::to_index(vm, count)?,
        None => -1,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let source = own(arguments);
    let mut out = Vec::with_capacity(source.len());
    let mut copied = 0;
    for at in occurrences(source, &old).into_iter().take(limit) {
        out.extend_from_slice(&source[copied..at]);
        out.extend_from_slice(&new);
        copied = at + old.len();
    }
    out.extend_from_slice(&source[copied..]);
    vm.bytes_like(receiver(arguments), &out)
}

/// The separator (white space if `None`) and how often to split at most.
fn split_arguments(vm: &mut Vm, arguments: Arguments, function: &str) -> Outcome<(Option<Vec<u8>>, usize)> {
    let [separator, limit] = after_receiver(arguments).bind(vm, function, ["sep", "maxsplit"])?;
    let limit = match limit {
        Some(limit) => crate::runtime::iterate::to_index(vm, limit)?,
        None => -1,
    };
    let separator = match separator.filter(|&value| value != Value::NONE) {
        Some(value) => Some(buffer(vm, value)?.into_owned()),
        None => None,
    };
    if separator.as_ref().is_some_and(Vec::is_empty) {
        return Err(vm.value_error("empty separator"));
    }
    Ok((separator, usize::try_from(limit).unwrap_or(usize::MAX)))
}

/// A list of ranges of the receiver.
fn list_of_ranges(vm: &mut Vm, whole: Value, ranges: &[(usize, usize)]) -> Outcome {
    let list = vm.list_with_capacity(ranges.len())?;
    for &(start, end) in ranges {
        let piece = part(vm, whole, &data(whole)[start..end])?;
        vm.push(list, piece)?;
    }
    Ok(list)
}

fn split(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (separator, limit) = split_arguments(vm, arguments, "split")?;
    let source = own(arguments);
    let mut ranges = Vec::new();
    let mut at = 0;
    match separator {
        Some(separator) => {
            while ranges.len() < limit
                && let Some(next) = bytes::find(&source[at..], &separator)
            {
                ranges.push((at, at + next));
                at += next + separator.len();
            }
            ranges.push((at, source.len()));
        }
        None => loop {
            at += source[at..].iter().take_while(|&&byte| is_space(byte)).count();
            if at == source.len() {
                break;
            }
            if ranges.len() == limit {
                ranges.push((at, source.len()));
                break;
            }
            let length = source[at..].iter().take_while(|&&byte| !is_space(byte)).count();
            ranges.push((at, at + length));
            at += length;
        },
    }
    list_of_ranges(vm, receiver(arguments), &ranges)
}

fn rsplit(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (separator, limit) = split_arguments(vm, arguments, "rsplit")?;
    let source = own(arguments);
    let mut ranges = Vec::new();
    let mut end = source.len();
    match separator {
        Some(separator) => {
            while ranges.len() < limit
                && let Some(found) = bytes::find_last(&source[..end], &separator)
            {
                ranges.push((found + separator.len(), end));
                end = found;
            }
            ranges.push((0, end));
        }
        None => loop {
            end -= source[..end].iter().rev().take_while(|&&byte| is_space(byte)).count();
            if end == 0 {
                break;
            }
            if ranges.len() == limit {
                ranges.push((0, end));
                break;
            }
            let length = source[..end].iter().rev().take_while(|&&byte| !is_space(byte)).count();
            ranges.push((end - length, end));
            end -= length;
        },
    }
    ranges.reverse();
    list_of_ranges(vm, receiver(arguments), &ranges)
}

fn splitlines(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [keep] = after_receiver(arguments).bind(vm, "splitlines", ["keepends"])?;
    let keep = match keep {
        Some(keep) => crate::runtime::iterate::to_c_int(vm, keep)? != 0,
        None => false,
    };
    let source = own(arguments);
    let (mut ranges, mut at) = (Vec::new(), 0);
    while at < source.len() {
        let length = source[at..].iter().take_while(|&&byte| byte != b'\n' && byte != b'\r').count();
        let end = at + length;
        let line_end = match source[end..] {
            [b'\r', b'\n', ..] => end + 2,
            [_, ..] => end + 1,
            [] => end,
        };
        ranges.push((at, if keep { line_end } else { end }));
        at = line_end;
    }
    list_of_ranges(vm, receiver(arguments), &ranges)
}
