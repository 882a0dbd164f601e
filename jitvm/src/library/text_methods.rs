//! Methods of strs: searching, splitting, joining, replacing.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::iterate::{self, to_c_int, to_index};
use crate::runtime::number_text::is_space;
use crate::runtime::numbers::{as_i64, as_integer};
use crate::runtime::object::ShapeId;
use crate::runtime::sequences::items;
use crate::runtime::strings::{LONGEST, as_text, byte_offset, code_point_index, length, text};
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    METHODS of Owner::Type(TypeId::STR);
    "count" Arity::Parsed(1, 3), count, "How often a str occurs.";
    "endswith" Arity::Parsed(1, 3), endswith, "True if the str ends with another.";
    "find" Arity::Parsed(1, 3), find, "Where a str first occurs, or -1.";
    "index" Arity::Parsed(1, 3), index, "Where a str first occurs.";
    "join" Arity::One, join, "The strs of an iterable with this one between them.";
    "lstrip" Arity::Range(0, 1), lstrip, "Without characters at the start.";
    "partition" Arity::One, partition, "What is before, at and after a separator.";
    "removeprefix" Arity::One, removeprefix, "Without a prefix.";
    "removesuffix" Arity::One, removesuffix, "Without a suffix.";
    "replace" Arity::Range(2, 3), replace, "With occurrences replaced.";
    "rfind" Arity::Parsed(1, 3), rfind, "Where a str last occurs, or -1.";
    "rindex" Arity::Parsed(1, 3), rindex, "Where a str last occurs.";
    "rpartition" Arity::One, rpartition, "What is before, at and after the last separator.";
    "rsplit" Arity::Free, rsplit, "The parts between separators, split from the end.";
    "rstrip" Arity::Range(0, 1), rstrip, "Without characters at the end.";
    "split" Arity::Free, split, "The parts between separators.";
    "splitlines" Arity::Free, splitlines, "The lines.";
    "startswith" Arity::Parsed(1, 3), startswith, "True if the str starts with another.";
    "strip" Arity::Range(0, 1), strip, "Without characters at both ends.";
}

/// The receiver's text.
fn own<'a>(arguments: Arguments) -> &'a str {
    text(arguments.positional()[0])
}

fn str_argument<'a>(vm: &mut Vm, value: Value) -> Outcome<&'a str> {
    match as_text(value) {
        Some(text) => Ok(text),
        None => {
            let name = vm.type_name(value);
            Err(vm.type_error(format!("must be str, not {name}")))
        }
    }
}

/// Byte range of the optional start and end arguments, which are code point indices; `None` if start is past the end.
fn search_range(vm: &mut Vm, arguments: Arguments) -> Outcome<Option<(usize, usize)>> {
    let string = arguments.positional()[0];
    let count = length(string) as i64;
    let mut bound = |value: Option<Value>, default: i64| match value {
        None | Some(Value::NONE) => Ok(default),
        Some(value) => {
            let index = match as_i64(value) {
                Some(index) => index,
                None if as_integer(value).is_some() => i64::MAX,
                None => {
                    let message = "slice indices must be integers or None or have an __index__ method";
                    return Err(vm.type_error(message));
                }
            };
            Ok(if index < 0 { index.saturating_add(count).max(0) } else { index })
        }
    };
    let (start, end) = (bound(arguments.get(2), 0)?, bound(arguments.get(3), count)?.min(count));
    if start > end {
        return Ok(None);
    }
    Ok(Some((byte_offset(vm, string, start as usize), byte_offset(vm, string, end as usize))))
}

/// Byte offset of an occurrence in the searched range.
fn search(vm: &mut Vm, arguments: Arguments, last: bool) -> Outcome<Option<usize>> {
    let range = search_range(vm, arguments)?;
    let needle = str_argument(vm, arguments.positional()[1])?;
    let Some((start, end)) = range else { return Ok(None) };
    let haystack = &own(arguments)[start..end];
    let found = match last {
        true => haystack.rfind(needle),
        false => crate::runtime::bytes::find(haystack.as_bytes(), needle.as_bytes()),
    };
    Ok(found.map(|offset| start + offset))
}

fn position(vm: &mut Vm, arguments: Arguments, offset: usize) -> Value {
    Value::from_fixnum(code_point_index(vm, arguments.positional()[0], offset) as i64)
}

fn find(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let found = search(vm, arguments, false)?;
    Ok(found.map_or(Value::from_fixnum(-1), |offset| position(vm, arguments, offset)))
}

fn rfind(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let found = search(vm, arguments, true)?;
    Ok(found.map_or(Value::from_fixnum(-1), |offset| position(vm, arguments, offset)))
}

fn index(vm: &mut Vm, arguments: Arguments) -> Outcome {
    match search(vm, arguments, false)? {
        Some(offset) => Ok(position(vm, arguments, offset)),
        None => Err(vm.value_error("substring not found")),
    }
}

fn rindex(vm: &mut Vm, arguments: Arguments) -> Outcome {
    match search(vm, arguments, true)? {
        Some(offset) => Ok(position(vm, arguments, offset)),
        None => Err(vm.value_error("substring not found")),
    }
}

fn count(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let range = search_range(vm, arguments)?;
    let needle = str_argument(vm, arguments.positional()[1])?;
    let Some((start, end)) = range else { return Ok(Value::from_fixnum(0)) };
    let haystack = &own(arguments)[start..end];
    let count = if needle.is_empty() { haystack.chars().count() + 1 } else { haystack.matches(needle).count() };
    Ok(Value::from_fixnum(count as i64))
}

fn startswith(vm: &mut Vm, arguments: Arguments) -> Outcome {
    affix(vm, arguments, "startswith", |text, affix| text.starts_with(affix))
}

fn endswith(vm: &mut Vm, arguments: Arguments) -> Outcome {
    affix(vm, arguments, "endswith", |text, affix| text.ends_with(affix))
}

fn affix(vm: &mut Vm, arguments: Arguments, function: &str, matches: fn(&str, &str) -> bool) -> Outcome {
    let range = search_range(vm, arguments)?;
    let matches = |affix: &str| range.is_some_and(|(start, end)| matches(&own(arguments)[start..end], affix));
    let affix = arguments.positional()[1];
    if let Some(affix) = as_text(affix) {
        return Ok(Value::from_bool(matches(affix)));
    }
    let name = vm.type_name(affix);
    if !affix.has_layout(ShapeId::TUPLE) {
        let message = format!("{function} first arg must be str or a tuple of str, not {name}");
        return Err(vm.type_error(message));
    }
    for &item in items(affix) {
        match as_text(item) {
            Some(affix) if matches(affix) => return Ok(Value::TRUE),
            Some(_) => {}
            None => {
                let name = vm.type_name(item);
                return Err(vm.type_error(format!("tuple for {function} must only contain str, not {name}")));
            }
        }
    }
    Ok(Value::FALSE)
}

fn join(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let iterable = arguments.positional()[1];
    if !iterate::is_iterable_object(vm, iterable) {
        return Err(vm.type_error("can only join an iterable"));
    }
    // A list or tuple is read in place, since nothing runs meanwhile that could change it.
    let parts = match crate::runtime::sequences::as_items(iterable) {
        Some(_) => iterable,
        None => iterate::list_of(vm, iterable)?,
    };
    let parts = items(parts);
    if let [only] = *parts
        && only.is_str()
    {
        return Ok(only);
    }
    let mut total = 0;
    for (index, &part) in parts.iter().enumerate() {
        let Some(part) = as_text(part) else {
            let name = vm.type_name(part);
            let message = format!("sequence item {index}: expected str instance, {name} found");
            return Err(vm.type_error(message));
        };
        total += part.len();
    }
    let separator = own(arguments);
    total += separator.len() * parts.len().saturating_sub(1);
    if total == 0 {
        return Ok(vm.str(""));
    }
    vm.allocate_str(total, |mut bytes| {
        for (index, &part) in parts.iter().enumerate() {
            let between = if index == 0 { "" } else { separator };
            for piece in [between, text(part)] {
                let (place, rest) = std::mem::take(&mut bytes).split_at_mut(piece.len());
                place.copy_from_slice(piece.as_bytes());
                bytes = rest;
            }
        }
    })
}

/// Which characters the strip methods take off.
fn stripped<'a>(vm: &mut Vm, arguments: Arguments, function: &str, start: bool, end: bool) -> Outcome<&'a str> {
    let characters = match arguments.get(1) {
        None | Some(Value::NONE) => None,
        Some(value) => match as_text(value) {
            Some(characters) => Some(characters),
            None => return Err(vm.type_error(format!("{function} arg must be None or str"))),
        },
    };
    let matches = |c: char| characters.map_or_else(|| is_space(c), |characters| characters.contains(c));
    let mut result = own(arguments);
    if start {
        result = result.trim_start_matches(matches);
    }
    if end {
        result = result.trim_end_matches(matches);
    }
    Ok(result)
}

/// A part of a str: the str itself if it is all of it.
fn part(vm: &mut Vm, whole: Value, part: &str) -> Value {
    if part.len() == text(whole).len() { whole } else { vm.str(part) }
}

fn strip(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let result = stripped(vm, arguments, "strip", true, true)?;
    Ok(part(vm, arguments.positional()[0], result))
}

fn lstrip(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let result = stripped(vm, arguments, "lstrip", true, false)?;
    Ok(part(vm, arguments.positional()[0], result))
}

fn rstrip(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let result = stripped(vm, arguments, "rstrip", false, true)?;
    Ok(part(vm, arguments.positional()[0], result))
}

fn affix_argument<'a>(vm: &mut Vm, arguments: Arguments, function: &str) -> Outcome<&'a str> {
    let value = arguments.positional()[1];
    match as_text(value) {
        Some(affix) => Ok(affix),
        None => {
            let name = vm.argument_type_name(value);
            Err(vm.type_error(format!("{function}() argument must be str, not {name}")))
        }
    }
}

fn removeprefix(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let prefix = affix_argument(vm, arguments, "removeprefix")?;
    let string = own(arguments);
    Ok(part(vm, arguments.positional()[0], string.strip_prefix(prefix).unwrap_or(string)))
}

fn removesuffix(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let suffix = affix_argument(vm, arguments, "removesuffix")?;
    let string = own(arguments);
    Ok(part(vm, arguments.positional()[0], string.strip_suffix(suffix).unwrap_or(string)))
}

fn partition(vm: &mut Vm, arguments: Arguments) -> Outcome {
    partition_at(vm, arguments, false)
}

fn rpartition(vm: &mut Vm, arguments: Arguments) -> Outcome {
    partition_at(vm, arguments, true)
}

fn partition_at(vm: &mut Vm, arguments: Arguments, last: bool) -> Outcome {
    let separator_value = arguments.positional()[1];
    let separator = str_argument(vm, separator_value)?;
    if separator.is_empty() {
        return Err(vm.value_error("empty separator"));
    }
    let string = own(arguments);
    let found = if last { string.rsplit_once(separator) } else { string.split_once(separator) };
    let (whole, empty) = (arguments.positional()[0], vm.str(""));
    match found {
        Some((before, after)) => {
            let before = vm.str(before);
            let after = vm.str(after);
            vm.tuple(&[before, separator_value, after])
        }
        None if last => vm.tuple(&[empty, empty, whole]),
        None => vm.tuple(&[whole, empty, empty]),
    }
}

fn replace(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let mut strings = [""; 2];
    for (index, slot) in strings.iter_mut().enumerate() {
        let value = arguments.positional()[index + 1];
        *slot = match as_text(value) {
            Some(text) => text,
            None => {
                let (position, name) = (index + 1, vm.argument_type_name(value));
                return Err(vm.type_error(format!("replace() argument {position} must be str, not {name}")));
            }
        };
    }
    let [old, new] = strings;
    let limit = match arguments.get(3) {
        Some(limit) => to_index(vm, limit)?,
        None => -1,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let string = own(arguments);
    let occurrences = match old {
        "" => string.chars().count() + 1,
        _ => string.matches(old).count(),
    };
    let occurrences = occurrences.min(limit);
    if occurrences == 0 {
        return Ok(arguments.positional()[0]);
    }
    let added = new.len().saturating_sub(old.len()).saturating_mul(occurrences);
    if added.saturating_add(string.len()) > LONGEST {
        return Err(vm.raise_memory_error());
    }
    let result = string.replacen(old, new, occurrences);
    Ok(vm.str(&result))
}

/// Separator and largest number of splits.
fn split_arguments<'a>(vm: &mut Vm, arguments: Arguments, function: &str) -> Outcome<(Option<&'a str>, usize)> {
    let given = arguments.positional().len().saturating_sub(1);
    if given > 2 {
        return Err(vm.type_error(format!("{function}() takes at most 2 arguments ({given} given)")));
    }
    let [separator, limit] = arguments.only_keywords(vm, function, ["sep", "maxsplit"])?;
    let limit = match limit.or(arguments.get(2)) {
        Some(limit) => to_index(vm, limit)?,
        None => -1,
    };
    let separator = match separator.or(arguments.get(1)) {
        None | Some(Value::NONE) => None,
        Some(value) => match as_text(value) {
            Some("") => return Err(vm.value_error("empty separator")),
            Some(separator) => Some(separator),
            None => {
                let name = vm.type_name(value);
                return Err(vm.type_error(format!("must be str or None, not {name}")));
            }
        },
    };
    Ok((separator, usize::try_from(limit).unwrap_or(usize::MAX)))
}

fn list_of_parts<'a>(vm: &mut Vm, parts: impl Iterator<Item = &'a str>) -> Outcome {
    let list = vm.list(&[])?;
    for part in parts {
        let part = vm.str(part);
        vm.push(list, part)?;
    }
    Ok(list)
}

fn split(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (separator, limit) = split_arguments(vm, arguments, "split")?;
    let string = own(arguments);
    match separator {
        Some(separator) => list_of_parts(vm, string.splitn(limit.saturating_add(1), separator)),
        None => {
            let mut rest = string.trim_start_matches(is_space);
            let mut splits = 0;
            list_of_parts(
                vm,
                std::iter::from_fn(|| {
                    if rest.is_empty() {
                        return None;
                    }
                    let end = if splits < limit { rest.find(is_space).unwrap_or(rest.len()) } else { rest.len() };
                    splits += 1;
                    let part = &rest[..end];
                    rest = rest[end..].trim_start_matches(is_space);
                    Some(part)
                }),
            )
        }
    }
}

fn rsplit(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (separator, limit) = split_arguments(vm, arguments, "rsplit")?;
    let string = own(arguments);
    let list = match separator {
        Some(separator) => list_of_parts(vm, string.rsplitn(limit.saturating_add(1), separator))?,
        None => {
            let mut rest = string.trim_end_matches(is_space);
            let mut splits = 0;
            list_of_parts(
                vm,
                std::iter::from_fn(|| {
                    if rest.is_empty() {
                        return None;
                    }
                    let space = rest.char_indices().rev().find(|&(_, c)| is_space(c));
                    let start = match space {
                        Some((at, c)) if splits < limit => at + c.len_utf8(),
                        _ => 0,
                    };
                    splits += 1;
                    let part = &rest[start..];
                    rest = rest[..start].trim_end_matches(is_space);
                    Some(part)
                }),
            )?
        }
    };
    crate::runtime::sequences::items_to_move(list).reverse();
    Ok(list)
}

/// Ends of lines as `str.splitlines` sees them.
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn splitlines(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [keep] = arguments.rest().bind(vm, "splitlines", ["keepends"])?;
    let keep = match keep {
        Some(keep) => to_c_int(vm, keep)? != 0,
        None => false,
    };
    let mut rest = own(arguments);
    list_of_parts(
        vm,
        std::iter::from_fn(|| {
            if rest.is_empty() {
                return None;
            }
            let end = rest.find(is_line_end).unwrap_or(rest.len());
            let after = match rest[end..].chars().next() {
                None => end,
                Some('\r') if rest[end + 1..].starts_with('\n') => end + 2,
                Some(c) => end + c.len_utf8(),
            };
            let line = if keep { &rest[..after] } else { &rest[..end] };
            rest = &rest[after..];
            Some(line)
        }),
    )
}
