//! The module `_re`: compiled patterns by number, and what `re` does with them often enough to be done natively.

use std::cell::RefCell;
use std::rc::Rc;

use super::regex::matching::{Matcher, Mode, Narrow, Text, UNSET, Wide};
use super::regex::parse;
use super::regex::program::Program;
use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::bytes;
use crate::runtime::dict;
use crate::runtime::instances;
use crate::runtime::iterate::to_index;
use crate::runtime::object::ShapeId;
use crate::runtime::sequences::items;
use crate::runtime::strings::{as_text, byte_offset, code_point_index, is_ascii, length, text};
use crate::runtime::surrogates::code_of;
use crate::runtime::types::type_id;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("_re");
    "compile" Arity::Range(2, 2), compile, "A pattern's number, flags, groups and names; or what is wrong with it.";
    "know_matches" Arity::One, know_matches, "Tells which class is that of matches.";
    "find" Arity::Range(6, 8), find, "A match, or None.";
    "replace" Arity::Range(4, 4), replace, "A text with its matches replaced by a str that stands for itself, or None.";
    "findall" Arity::Range(4, 4), findall, "All matches as strs or tuples.";
    "split" Arity::Range(3, 3), split, "The parts of a text between matches.";
    "substitute" Arity::Range(4, 4), substitute, "A text with its matches replaced, and how many were.";
}

thread_local! {
    /// Compiled patterns; they live as long as the thread, which runs one VM.
    static PROGRAMS: RefCell<Vec<Rc<Program>>> = const { RefCell::new(Vec::new()) };
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

/// `compile(pattern, flags)`: `(number, flags, groups, names)`, or `(message, position)` for a pattern that is wrong.
fn compile(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let pattern = arguments.positional()[0];
    let flags = to_index(vm, arguments.positional()[1])? as u32;
    let (source, is_bytes): (Vec<u32>, bool) = match as_text(pattern) {
        Some(text) => (text.chars().map(code_of).collect(), false),
        None => (bytes::buffer(vm, pattern)?.iter().map(|&byte| u32::from(byte)).collect(), true),
    };
    let parsed = match parse::parse(&source, is_bytes, flags) {
        Ok(parsed) => parsed,
        Err(error) => {
            let message = vm.str(&error.message);
            let position = error.position.map_or(Value::NONE, |position| Value::from_fixnum(position as i64));
            return vm.tuple(&[message, position]);
        }
    };
    let number = PROGRAMS.with_borrow_mut(|programs| {
        programs.push(Rc::new(Program::new(&parsed, is_bytes)));
        programs.len() - 1
    });
    let names = vm.new_dict();
    for (name, group) in &parsed.names {
        let name = vm.str(name);
        dict::set(vm, names, name, Value::from_fixnum(*group as i64))?;
    }
    let [number, flags, groups] =
        [number, parsed.flags as usize, parsed.groups].map(|number| Value::from_fixnum(number as i64));
    vm.tuple(&[number, flags, groups, names])
}

/// What a pattern is applied to.
enum Subject<'a> {
    Text(Value),
    Bytes(std::borrow::Cow<'a, [u8]>),
}

fn program_of(vm: &mut Vm, value: Value) -> Outcome<Rc<Program>> {
    let number = to_index(vm, value)? as usize;
    match PROGRAMS.with_borrow(|programs| programs.get(number).cloned()) {
        Some(program) => Ok(program),
        None => Err(vm.value_error("not a compiled pattern")),
    }
}

fn subject_of<'a>(vm: &mut Vm, program: &Program, value: Value) -> Outcome<Subject<'a>> {
    if value.is_str() {
        if program.is_bytes {
            return Err(vm.type_error("cannot use a bytes pattern on a string-like object"));
        }
        return Ok(Subject::Text(value));
    }
    let Some(data) = bytes::as_buffer(value) else {
        let name = vm.type_name(value);
        return Err(vm.type_error(format!("expected string or bytes-like object, got '{name}'")));
    };
    if !program.is_bytes {
        return Err(vm.type_error("cannot use a string pattern on a bytes-like object"));
    }
    Ok(Subject::Bytes(data))
}

impl Subject<'_> {
    fn data(&self) -> &[u8] {
        match self {
            Subject::Text(value) => text(*value).as_bytes(),
            Subject::Bytes(data) => data,
        }
    }
    fn length(&self) -> usize {
        match self {
            Subject::Text(value) => length(*value),
            Subject::Bytes(data) => data.len(),
        }
    }
    /// Byte offset of a character.
    fn offset(&self, vm: &mut Vm, index: usize) -> usize {
        match self {
            Subject::Text(value) => byte_offset(vm, *value, index),
            Subject::Bytes(_) => index,
        }
    }
    /// Index of the character at a byte offset.
    fn index(&self, vm: &mut Vm, offset: usize) -> usize {
        match self {
            Subject::Text(value) => code_point_index(vm, *value, offset),
            Subject::Bytes(_) => offset,
        }
    }
    /// A part by byte offsets; nothing for a group that did not match.
    fn part(&self, vm: &mut Vm, start: usize, end: usize) -> Outcome {
        let (start, end) = if end == UNSET || start == UNSET { (0, 0) } else { (start, end) };
        match self {
            Subject::Text(value) => {
                let part = text(*value).get(start..end).unwrap_or("");
                match part.len() {
                    0 | 1 => Ok(vm.str(part)),
                    size => vm.allocate_str(size, |bytes| bytes.copy_from_slice(part.as_bytes())),
                }
            }
            Subject::Bytes(data) => vm.bytes(&data[start..end.max(start)]),
        }
    }
    /// Calls `each` with the slots of each match, first to last, until it says false. `end` is a byte offset.
    fn each(
        &self,
        program: &Program,
        from: usize,
        end: usize,
        each: &mut dyn FnMut(&[usize]) -> Outcome<bool>,
    ) -> Outcome<()> {
        match self {
            Subject::Text(value) if !is_ascii(*value) => each_match(program, Wide(&text(*value)[..end]), from, each),
            _ => each_match(program, Narrow(&self.data()[..end]), from, each),
        }
    }
}

fn each_match<T: Text>(
    program: &Program,
    text: T,
    from: usize,
    each: &mut dyn FnMut(&[usize]) -> Outcome<bool>,
) -> Outcome<()> {
    let mut matcher = Matcher::new(program, text);
    let (mut at, mut advance) = (from, false);
    while let Some(slots) = matcher.find(at, Mode::Search, advance) {
        let (start, end) = (slots[0], slots[1]);
        if !each(slots)? {
            break;
        }
        (at, advance) = (end, start == end);
    }
    Ok(())
}

/// The part of a text that `pos` and `endpos` choose, as byte offsets; `None` if they leave nothing to match.
fn range(vm: &mut Vm, subject: &Subject, start: Value, end: Value) -> Outcome<Option<(usize, usize)>> {
    let length = subject.length() as i64;
    let start = to_index(vm, start)?.clamp(0, length);
    let end = match end {
        Value::NONE => length,
        end => to_index(vm, end)?.clamp(0, length),
    };
    if start > end {
        return Ok(None);
    }
    Ok(Some((subject.offset(vm, start as usize), subject.offset(vm, end as usize))))
}

/// `know_matches(class)`: the slots of its instances are filled here.
fn know_matches(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let shape = vm.root_shape(type_id(arguments.positional()[0]));
    let slots = FIELDS.map(|name| {
        let name = vm.intern(name);
        vm.shapes.lookup(shape, name)
    });
    if let [Some(re), Some(string), Some(pos), Some(endpos), Some(spans)] = slots {
        let slots = [re, string, pos, endpos, spans];
        vm.matches = Some(Matches { shape, capacity: vm.shapes.get(shape).capacity, slots });
    }
    Ok(Value::NONE)
}

/// Attributes of a match.
const FIELDS: [&str; 5] = ["re", "string", "pos", "endpos", "_spans"];

/// The class of matches: its shape and where its instances have [`FIELDS`].
#[derive(Clone, Copy, Debug)]
pub struct Matches {
    shape: ShapeId,
    capacity: u16,
    slots: [u16; FIELDS.len()],
}

/// `find(pattern, number, text, pos, endpos, mode, at, advance)`: the match, of which `pos` and `endpos` are attributes and
/// which is looked for from `at` on, if there is one.
fn find(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [pattern, number, value, from, end, mode] = [0, 1, 2, 3, 4, 5].map(|index| arguments.positional()[index]);
    let program = program_of(vm, number)?;
    let subject = subject_of(vm, &program, value)?;
    let length = subject.length() as i64;
    let first = clamped(vm, from, length)?;
    let last = if end == Value::NONE { length } else { clamped(vm, end, length)? };
    let at = match arguments.get(6) {
        Some(at) => clamped(vm, at, length)?,
        None => first,
    };
    if at > last {
        return Ok(Value::NONE);
    }
    let (start, end) = (subject.offset(vm, at as usize), subject.offset(vm, last as usize));
    let mode = match mode.as_fixnum() {
        0 => Mode::Search,
        1 => Mode::Match,
        _ => Mode::FullMatch,
    };
    let advance = arguments.get(7) == Some(Value::TRUE);
    let spans = match &subject {
        Subject::Text(value) if !is_ascii(*value) => {
            let text = &text(*value)[..end];
            spans_of(vm, &program, &subject, Matcher::new(&program, Wide(text)).find(start, mode, advance))
        }
        subject => {
            let bytes = &subject.data()[..end];
            spans_of(vm, &program, subject, Matcher::new(&program, Narrow(bytes)).find(start, mode, advance))
        }
    };
    let (Some(spans), Some(matches)) = (spans?, vm.matches) else { return Ok(Value::NONE) };
    let made = vm.new_instance_of(matches.shape, matches.capacity);
    let fields = instances::slots(made);
    let values = [pattern, value, Value::from_fixnum(first), Value::from_fixnum(last), spans];
    for (slot, value) in matches.slots.into_iter().zip(values) {
        fields[slot as usize] = value;
    }
    Ok(made)
}

/// An index into a text of so many characters; those outside are at its ends.
fn clamped(vm: &mut Vm, value: Value, length: i64) -> Outcome<i64> {
    let index = if value.is_int() { value.as_fixnum() } else { to_index(vm, value)? };
    Ok(index.clamp(0, length))
}

/// A tuple of start and end of each group by characters, -1 for those that did not match, and the last group.
fn spans_of(vm: &mut Vm, program: &Program, subject: &Subject, slots: Option<&[usize]>) -> Outcome<Option<Value>> {
    let Some(slots) = slots else { return Ok(None) };
    let count = 2 * program.groups + 3;
    let last = slots[Program::last_group(program.groups)];
    let last = if last == UNSET { Value::NONE } else { Value::from_fixnum(last as i64) };
    // Small ints: nothing for the collector to find.
    let (mut few, mut many) = ([Value::NONE; 23], Vec::new());
    let fields = match few.get_mut(..count) {
        Some(few) => few,
        None => {
            many.resize(count, Value::NONE);
            &mut many[..]
        }
    };
    for group in 0..=program.groups {
        let matched = slots[2 * group] != UNSET && slots[2 * group + 1] != UNSET;
        for slot in [2 * group, 2 * group + 1] {
            let index = if matched { subject.index(vm, slots[slot]) as i64 } else { -1 };
            fields[slot] = Value::from_fixnum(index);
        }
    }
    fields[count - 1] = last;
    Ok(Some(vm.tuple(fields)?))
}

/// `findall(number, text, pos, endpos)`.
fn findall(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [number, value, start, end] = [0, 1, 2, 3].map(|index| arguments.positional()[index]);
    let program = program_of(vm, number)?;
    let subject = subject_of(vm, &program, value)?;
    let result = vm.list(&[])?;
    let Some((start, end)) = range(vm, &subject, start, end)? else { return Ok(result) };
    subject.each(&program, start, end, &mut |slots| {
        let item = match program.groups {
            0 => subject.part(vm, slots[0], slots[1])?,
            1 => subject.part(vm, slots[2], slots[3])?,
            groups => {
                let parts = vm.list(&[])?;
                for group in 1..=groups {
                    let part = subject.part(vm, slots[2 * group], slots[2 * group + 1])?;
                    vm.push(parts, part)?;
                }
                vm.tuple(items(parts))?
            }
        };
        vm.push(result, item)?;
        Ok(true)
    })?;
    Ok(result)
}

/// `split(number, text, maxsplit)`.
fn split(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [number, value, most] = [0, 1, 2].map(|index| arguments.positional()[index]);
    let program = program_of(vm, number)?;
    let subject = subject_of(vm, &program, value)?;
    let most = to_index(vm, most)?;
    let result = vm.list(&[])?;
    let (mut last, mut count) = (0, 0);
    let end = subject.data().len();
    subject.each(&program, 0, end, &mut |slots| {
        if most < 0 || most > 0 && count >= most {
            return Ok(false);
        }
        count += 1;
        let part = subject.part(vm, last, slots[0])?;
        vm.push(result, part)?;
        last = slots[1];
        for group in 1..=program.groups {
            let part = match slots[2 * group + 1] {
                UNSET => Value::NONE,
                end => subject.part(vm, slots[2 * group], end)?,
            };
            vm.push(result, part)?;
        }
        Ok(true)
    })?;
    let part = subject.part(vm, last, end)?;
    vm.push(result, part)?;
    Ok(result)
}

/// `replace(number, replacement, text, count)`: the text, if all are as simple as can be.
fn replace(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [number, replacement, value, most] = [0, 1, 2, 3].map(|index| arguments.positional()[index]);
    let plain = |value: Value| value.has_shape(ShapeId::STR);
    if !plain(replacement) || !plain(value) || !most.is_int() || text(replacement).contains('\\') {
        return Ok(Value::NONE);
    }
    let program = program_of(vm, number)?;
    let subject = subject_of(vm, &program, value)?;
    Ok(substituted(vm, &program, &subject, value, &[replacement], most.as_fixnum())?.0)
}

/// `substitute(number, parts, text, count)`: the parts are text and numbers of groups; the result and how many.
fn substitute(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [number, parts, value, most] = [0, 1, 2, 3].map(|index| arguments.positional()[index]);
    let program = program_of(vm, number)?;
    let subject = subject_of(vm, &program, value)?;
    let most = to_index(vm, most)?;
    let (result, count) = substituted(vm, &program, &subject, value, items(parts), most)?;
    vm.tuple(&[result, Value::from_fixnum(count)])
}

/// A text with up to `most` of its matches replaced by parts, and how many were.
fn substituted(
    vm: &mut Vm,
    program: &Program,
    subject: &Subject,
    value: Value,
    parts: &[Value],
    most: i64,
) -> Outcome<(Value, i64)> {
    let mut out: Vec<u8> = Vec::new();
    let (mut last, mut count) = (0, 0);
    let source = subject.data();
    subject.each(program, 0, source.len(), &mut |slots| {
        if most < 0 || most > 0 && count >= most {
            return Ok(false);
        }
        count += 1;
        out.extend_from_slice(&source[last..slots[0]]);
        last = slots[1];
        for &part in parts {
            if part.is_int() {
                let group = part.as_fixnum() as usize;
                let (start, end) = (slots[2 * group], slots[2 * group + 1]);
                if start != UNSET && end != UNSET {
                    out.extend_from_slice(&source[start..end]);
                }
            } else if let Some(text) = as_text(part) {
                out.extend_from_slice(text.as_bytes());
            } else if let Some(data) = bytes::as_buffer(part) {
                out.extend_from_slice(&data);
            }
        }
        Ok(true)
    })?;
    let result = if count == 0 && (value.has_shape(ShapeId::STR) || value.has_shape(ShapeId::BYTES)) {
        value
    } else {
        out.extend_from_slice(&source[last..]);
        match subject {
            Subject::Text(_) => vm.allocate_str(out.len(), |bytes| bytes.copy_from_slice(&out))?,
            Subject::Bytes(_) => vm.bytes(&out)?,
        }
    };
    Ok((result, count))
}
