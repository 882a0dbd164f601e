//! Subscripts: reading, assigning and deleting items and slices.

use super::bytes;
use super::dict;
use super::dispatch;
use super::iterate;
use super::long_range;
use super::memory_view;
use super::numbers::{as_float, as_i64, as_integer};
use super::object::{List, ShapeId, Slice};
use super::sequences::{copy_items, items, items_mut, items_to_move, range_bounds, range_length, truncate};
use super::strings::{byte_offset, is_ascii, length, text};
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};
use crate::perf::operations::{Operation, are_many, is_large};

/// `container[key]`.
#[inline]
pub fn get_item(vm: &mut Vm, container: Value, key: Value) -> Outcome {
    if key.is_int() && container.has_shape(ShapeId::LIST) {
        let values = items(container);
        if let Some(&value) = values.get(key.as_fixnum() as usize) {
            return Ok(value);
        }
    }
    if container.is_instance() && !container.has_layout(ShapeId::TYPE) {
        return dispatch::get_item(vm, container, key);
    }
    native_get_item(vm, container, key)
}

/// `container[key]` as the builtin layout of the container gives it.
pub fn native_get_item(vm: &mut Vm, container: Value, key: Value) -> Outcome {
    match container.layout() {
        ShapeId::LIST | ShapeId::TUPLE => {
            let is_list = container.has_layout(ShapeId::LIST);
            let values = items(container);
            if key.has_layout(ShapeId::SLICE) {
                let chosen = resolve_slice(vm, key, values.len())?;
                return chosen_items(vm, container, chosen);
            }
            let kind = if is_list { Kind::LIST } else { Kind::TUPLE };
            let index = resolve_index(vm, key, values.len(), kind, kind.out_of_range)?;
            Ok(values[index])
        }
        ShapeId::STR => {
            if key.has_layout(ShapeId::SLICE) {
                let chosen = resolve_slice(vm, key, length(container))?;
                return slice_str(vm, container, chosen);
            }
            let index = resolve_index(vm, key, length(container), Kind::STR, Kind::STR.out_of_range)?;
            let c = text(container)[byte_offset(vm, container, index)..].chars().next();
            Ok(vm.character(c.expect("an index below the length is that of a character")))
        }
        ShapeId::RANGE => {
            // As CPython: the items at both bounds of a slice, so the stop may lie past the range's own.
            if !key.is_int() {
                if let Some(slice) = long_range::forward_slice(vm, container, key) {
                    return Ok(slice);
                }
                return long_range::get_item(vm, container, key);
            }
            let bounds @ (start, _, step) = range_bounds(container);
            let count = range_length(bounds) as usize;
            let index = resolve_index(vm, key, count, Kind::RANGE, Kind::RANGE.out_of_range)?;
            Ok(Value::from_fixnum(start + index as i64 * step))
        }
        ShapeId::LONG_RANGE => long_range::get_item(vm, container, key),
        ShapeId::BYTES | ShapeId::BYTEARRAY => get_byte(vm, container, key),
        ShapeId::MEMORYVIEW => memory_view::get_item(vm, container, key),
        ShapeId::DICT => match dict::get(vm, container, key)? {
            Some(value) => Ok(value),
            None => missing(vm, container, key),
        },
        ShapeId::TYPE => dispatch::get_class_item(vm, container, key),
        ShapeId::GENERIC_ALIAS => super::aliases::get_item(vm, container, key),
        ShapeId::MAPPING_PROXY => match super::mapping_proxy::get(vm, container, key)? {
            Some(found) => Ok(found),
            None => Err(super::dict::raise_key_error(vm, key)),
        },
        _ => {
            let name = vm.type_name(container);
            Err(vm.type_error(format!("'{name}' object is not subscriptable")))
        }
    }
}

/// A new list or tuple of what a slice chooses of one.
pub fn chosen_items(vm: &mut Vm, container: Value, chosen: Chosen) -> Outcome {
    let is_list = container.has_layout(ShapeId::LIST);
    let before = vm.perf.enter_operation(Operation::GetItem, container, || are_many(chosen.count));
    let result = if is_list { slice_list(vm, items(container), chosen) } else { slice_tuple(vm, container, chosen) };
    vm.perf.leave_operation(before);
    result
}

fn slice_list(vm: &mut Vm, values: &[Value], chosen: Chosen) -> Outcome {
    if let Some(part) = chosen.run(values) {
        return vm.list(part);
    }
    let list = vm.list_with_capacity(chosen.count)?;
    vm.fill_list(list, chosen.count, |new| chosen.copy(values, new));
    Ok(list)
}

fn slice_tuple(vm: &mut Vm, tuple: Value, chosen: Chosen) -> Outcome {
    let values = items(tuple);
    if chosen.count == values.len() && chosen.step == 1 && tuple.has_shape(ShapeId::TUPLE) {
        return Ok(tuple);
    }
    if chosen.count == 0 {
        return vm.tuple(&[]);
    }
    vm.tuple_with(chosen.count, |new| chosen.copy(values, new))
}

/// What a dict without the key gives: what `__missing__` of a subclass returns, or KeyError.
fn missing(vm: &mut Vm, dict: Value, key: Value) -> Outcome {
    let name = vm.names.missing;
    if dict.is_instance()
        && let Some(value) = vm.try_special(dict, name, &[key])?
    {
        return Ok(value);
    }
    Err(dict::raise_key_error(vm, key))
}

/// What index errors of a sequence type say.
#[derive(Clone, Copy)]
struct Kind {
    out_of_range: &'static str,
    /// "list indices must be integers or slices".
    wrong_type: &'static str,
    /// The type's name is in quotes.
    quoted: bool,
}

impl Kind {
    const LIST: Kind = Kind {
        out_of_range: "list index out of range",
        wrong_type: "list indices must be integers or slices, not ",
        quoted: false,
    };
    const TUPLE: Kind = Kind {
        out_of_range: "tuple index out of range",
        wrong_type: "tuple indices must be integers or slices, not ",
        quoted: false,
    };
    const STR: Kind = Kind {
        out_of_range: "string index out of range",
        wrong_type: "string indices must be integers, not ",
        quoted: true,
    };
    const BYTES: Kind = Kind {
        out_of_range: "index out of range",
        wrong_type: "byte indices must be integers or slices, not ",
        quoted: false,
    };
    const BYTEARRAY: Kind = Kind {
        out_of_range: "bytearray index out of range",
        wrong_type: "bytearray indices must be integers or slices, not ",
        quoted: false,
    };
    const RANGE: Kind = Kind {
        out_of_range: "range object index out of range",
        wrong_type: "range indices must be integers or slices, not ",
        quoted: false,
    };
}

#[inline]
fn resolve_index(vm: &mut Vm, key: Value, length: usize, kind: Kind, out_of_range: &str) -> Outcome<usize> {
    if key.is_int() {
        let index = key.as_fixnum();
        let index = if index < 0 { index + length as i64 } else { index };
        if (0..length as i64).contains(&index) {
            return Ok(index as usize);
        }
    }
    resolve_other_index(vm, key, length, kind, out_of_range)
}

#[cold]
fn resolve_other_index(vm: &mut Vm, key: Value, length: usize, kind: Kind, out_of_range: &str) -> Outcome<usize> {
    let key = iterate::as_index(vm, key)?.unwrap_or(key);
    let Some(index) = as_i64(key) else {
        let name = vm.type_name(key);
        if as_integer(key).is_some() {
            return Err(vm.index_error(format!("cannot fit '{name}' into an index-sized integer")));
        }
        let quote = if kind.quoted { "'" } else { "" };
        return Err(vm.type_error(format!("{}{quote}{name}{quote}", kind.wrong_type)));
    };
    let index = if index < 0 { index + length as i64 } else { index };
    match usize::try_from(index) {
        Ok(index) if index < length => Ok(index),
        _ => Err(vm.index_error(out_of_range)),
    }
}

/// A slice applied to a length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    pub start: i64,
    pub stop: i64,
    pub step: i64,
    pub count: usize,
}

impl Chosen {
    /// Of bounds that are clamped already.
    pub fn of(start: i64, stop: i64, step: i64) -> Chosen {
        let count = match step {
            1 => (stop - start).max(0) as usize,
            -1 => (start - stop).max(0) as usize,
            _ => range_length((start, stop, step)) as usize,
        };
        Chosen { start, stop, step, count }
    }
    /// Index of the item at a position of the slice.
    pub fn index(&self, position: usize) -> usize {
        (self.start + position as i64 * self.step) as usize
    }
    /// The chosen items, if they are neighbours and in order.
    fn run<'a, T>(&self, from: &'a [T]) -> Option<&'a [T]> {
        let start = self.start as usize;
        if self.count == 0 {
            return Some(&[]);
        }
        (self.step == 1).then(|| &from[start..start + self.count])
    }
    fn copy(&self, from: &[Value], to: &mut [Value]) {
        if self.step == 1 {
            let start = self.start as usize;
            let from = &from[start..start + self.count];
            assert!(to.len() == from.len(), "there is room for what was chosen");
            // SAFETY: both are of that length, and `to` is borrowed alone.
            unsafe { copy_items(from.as_ptr(), to.as_mut_ptr(), from.len()) };
            return;
        }
        if self.step == -1 && self.count > 0 {
            let first = self.index(self.count - 1);
            let taken = from[first..first + self.count].iter().rev();
            to.iter_mut().zip(taken).for_each(|(slot, &item)| *slot = item);
            return;
        }
        for (position, slot) in to.iter_mut().enumerate() {
            *slot = from[self.index(position)];
        }
    }
}

/// Bounds of a slice for a sequence of `length` items, clamped as Python does.
pub fn resolve_slice(vm: &mut Vm, slice: Value, length: usize) -> Outcome<Chosen> {
    // SAFETY: the caller has checked the shape.
    let (start, stop, step) = unsafe {
        let slice = &*slice.object::<Slice>();
        (slice.start, slice.stop, slice.step)
    };
    // The usual ones need no program code.
    let is_usual = |bound: Value| bound == Value::NONE || bound.is_int();
    if step == Value::NONE && is_usual(start) && is_usual(stop) {
        return Ok(run_of(start, stop, length));
    }
    let step = if step == Value::NONE { 1 } else { slice_bound(vm, step)? };
    if step == 0 {
        return Err(vm.value_error("slice step cannot be zero"));
    }
    stepped(start, stop, step, length, |bound| slice_bound(vm, bound))
}

/// What `[start:stop]` chooses of so many items; the bounds are ints or None.
#[inline(always)]
pub fn run_of(start: Value, stop: Value, length: usize) -> Chosen {
    let length = length as i64;
    let bound = |value: Value, default: i64| {
        if value == Value::NONE {
            return default;
        }
        let index = value.as_fixnum();
        (if index < 0 { index + length } else { index }).clamp(0, length)
    };
    let (start, stop) = (bound(start, 0), bound(stop, length));
    Chosen { start, stop, step: 1, count: (stop - start).max(0) as usize }
}

/// What `[start:stop:step]` chooses of so many items; the step is not 0, and `number` makes numbers of bounds.
///
/// # Errors
/// Those of `number`.
#[inline(always)]
pub fn stepped<E>(
    start: Value,
    stop: Value,
    step: i64,
    length: usize,
    mut number: impl FnMut(Value) -> Result<i64, E>,
) -> Result<Chosen, E> {
    let step = step.max(-i64::MAX);
    let length = length as i64;
    let (low, high) = if step < 0 { (-1, length - 1) } else { (0, length) };
    let mut bound = |value: Value, default: i64| {
        if value == Value::NONE {
            return Ok(default);
        }
        let index = number(value)?;
        let index = if index < 0 { index.saturating_add(length) } else { index };
        Ok(index.clamp(low, high))
    };
    let start = bound(start, if step < 0 { high } else { low })?;
    let stop = bound(stop, if step < 0 { low } else { high })?;
    Ok(Chosen::of(start, stop, step))
}

/// A bound of a slice; huge ints are clamped.
fn slice_bound(vm: &mut Vm, value: Value) -> Outcome<i64> {
    if value.is_int() {
        return Ok(value.as_fixnum());
    }
    let value = iterate::as_index(vm, value)?.unwrap_or(value);
    if let Some(index) = as_i64(value) {
        return Ok(index);
    }
    if as_integer(value).is_some() {
        return Ok(if super::numbers::Limbs::of_big(value).negative { i64::MIN } else { i64::MAX });
    }
    Err(vm.type_error("slice indices must be integers or None or have an __index__ method"))
}

/// The str of what a slice chooses of one.
pub fn slice_str(vm: &mut Vm, string: Value, chosen: Chosen) -> Outcome {
    let before = vm.perf.enter_operation(Operation::GetItem, string, || is_large(string));
    let result = part_of_str(vm, string, chosen);
    vm.perf.leave_operation(before);
    Ok(result)
}

fn part_of_str(vm: &mut Vm, string: Value, chosen: Chosen) -> Value {
    if chosen.count == 0 {
        return vm.empty_str;
    }
    let source = text(string);
    if chosen.step == 1 {
        if chosen.count == length(string) && string.has_shape(ShapeId::STR) {
            return string;
        }
        if is_ascii(string) {
            return vm.ascii_str(&source.as_bytes()[chosen.start as usize..][..chosen.count]);
        }
        let start = byte_offset(vm, string, chosen.start as usize);
        let end = byte_offset(vm, string, chosen.start as usize + chosen.count);
        return vm.str(&source[start..end]);
    }
    if is_ascii(string) {
        let bytes = source.as_bytes();
        let picked: String = (0..chosen.count).map(|position| char::from(bytes[chosen.index(position)])).collect();
        return vm.str(&picked);
    }
    let characters: Vec<char> = source.chars().collect();
    let picked: String = (0..chosen.count).map(|position| characters[chosen.index(position)]).collect();
    vm.str(&picked)
}

/// `container[key] = value`.
#[inline]
pub fn set_item(vm: &mut Vm, container: Value, key: Value, value: Value) -> Outcome<()> {
    if container.is_instance() {
        return dispatch::set_item(vm, container, key, value);
    }
    native_set_item(vm, container, key, value)
}

/// `container[key] = value` as the builtin layout of the container does it.
pub fn native_set_item(vm: &mut Vm, container: Value, key: Value, value: Value) -> Outcome<()> {
    if key.is_int()
        && container.has_layout(ShapeId::LIST)
        && let Some(slot) = items_mut(vm, container).get_mut(key.as_fixnum() as usize)
    {
        *slot = value;
        return Ok(());
    }
    set_item_slowly(vm, container, key, value)
}

fn set_item_slowly(vm: &mut Vm, container: Value, key: Value, value: Value) -> Outcome<()> {
    match container.layout() {
        ShapeId::BYTEARRAY => return set_byte(vm, container, key, value),
        ShapeId::MEMORYVIEW => return memory_view::set_item(vm, container, key, value),
        _ => {}
    }
    if dict::is_dict(container) {
        return dict::set(vm, container, key, value);
    }
    if !container.has_layout(ShapeId::LIST) {
        if container.has_layout(ShapeId::SET) {
            small_index(vm, key)?;
        }
        return Err(unsupported(vm, container, "item assignment"));
    }
    if key.has_layout(ShapeId::SLICE) {
        let before = vm.perf.enter_operation(Operation::SetItem, container, || is_large(container) || is_large(value));
        let result = assign_slice(vm, container, key, value);
        vm.perf.leave_operation(before);
        return result;
    }
    let length = items(container).len();
    let index = resolve_index(vm, key, length, Kind::LIST, "list assignment index out of range")?;
    items_mut(vm, container)[index] = value;
    Ok(())
}

/// IndexError for an int that is too large to be an index.
fn small_index(vm: &mut Vm, key: Value) -> Outcome<()> {
    if as_integer(key).is_some() && as_i64(key).is_none() {
        let name = vm.type_name(key);
        return Err(vm.index_error(format!("cannot fit '{name}' into an index-sized integer")));
    }
    Ok(())
}

fn unsupported(vm: &mut Vm, container: Value, what: &str) -> Raised {
    let name = vm.type_name(container);
    vm.type_error(format!("'{name}' object does not support {what}"))
}

/// `del container[key]`.
pub fn delete_item(vm: &mut Vm, container: Value, key: Value) -> Outcome<()> {
    if container.is_instance() {
        return dispatch::delete_item(vm, container, key);
    }
    native_delete_item(vm, container, key)
}

/// `del container[key]` as the builtin layout of the container does it.
pub fn native_delete_item(vm: &mut Vm, container: Value, key: Value) -> Outcome<()> {
    match container.layout() {
        ShapeId::BYTEARRAY => return delete_bytes(vm, container, key),
        ShapeId::MEMORYVIEW => {
            memory_view::check(vm, container)?;
            let readonly = memory_view::fields(container).readonly;
            let message = if readonly { "cannot modify read-only memory" } else { "cannot delete memory" };
            return Err(vm.type_error(message));
        }
        _ => {}
    }
    if dict::is_dict(container) {
        return match dict::remove(vm, container, key)? {
            Some(_) => Ok(()),
            None => Err(dict::raise_key_error(vm, key)),
        };
    }
    if !container.has_layout(ShapeId::LIST) {
        // Sets pass for sequences here until their key is no index.
        if container.has_layout(ShapeId::SET) {
            match as_integer(key) {
                None => return Err(unsupported(vm, container, "item deletion")),
                Some(_) => small_index(vm, key)?,
            }
        }
        let name = vm.type_name(container);
        return Err(vm.type_error(format!("'{name}' object doesn't support item deletion")));
    }
    let length = items(container).len();
    if key.has_layout(ShapeId::SLICE) {
        let chosen = resolve_slice(vm, key, length)?;
        let before = vm.perf.enter_operation(Operation::DeleteItem, container, || are_many(length));
        delete_chosen(container, chosen);
        vm.perf.leave_operation(before);
        return Ok(());
    }
    let index = resolve_index(vm, key, length, Kind::LIST, "list assignment index out of range")?;
    let before = vm.perf.enter_operation(Operation::DeleteItem, container, || are_many(length - index));
    remove(container, index);
    vm.perf.leave_operation(before);
    Ok(())
}

fn get_byte(vm: &mut Vm, container: Value, key: Value) -> Outcome {
    let data = bytes::data(container);
    if key.has_layout(ShapeId::SLICE) {
        let chosen = resolve_slice(vm, key, data.len())?;
        return slice_bytes(vm, container, chosen);
    }
    let kind = if bytes::is_bytearray(container) { Kind::BYTEARRAY } else { Kind::BYTES };
    let index = resolve_index(vm, key, data.len(), kind, kind.out_of_range)?;
    Ok(Value::from_fixnum(i64::from(bytes::data(container)[index])))
}

/// The bytes or bytearray of what a slice chooses of one.
pub fn slice_bytes(vm: &mut Vm, container: Value, chosen: Chosen) -> Outcome {
    let data = bytes::data(container);
    if chosen.count == data.len() && chosen.step == 1 && container.has_shape(ShapeId::BYTES) {
        return Ok(container);
    }
    let before = vm.perf.enter_operation(Operation::GetItem, container, || is_large(container));
    let result = match chosen.run(data) {
        Some(part) => vm.bytes_like(container, part),
        None => {
            let picked: Vec<u8> = (0..chosen.count).map(|position| data[chosen.index(position)]).collect();
            vm.bytes_like(container, &picked)
        }
    };
    vm.perf.leave_operation(before);
    result
}

fn set_byte(vm: &mut Vm, array: Value, key: Value, value: Value) -> Outcome<()> {
    if !key.has_layout(ShapeId::SLICE) {
        let kind = Kind::BYTEARRAY;
        // The index's type comes first, then the byte, then whether the index is in range.
        if as_i64(key).is_none() {
            small_index(vm, key)?;
        }
        if iterate::as_index(vm, key)?.is_none() && as_integer(key).is_none() {
            resolve_index(vm, key, bytes::data(array).len(), kind, kind.out_of_range)?;
        }
        let byte = bytes::to_byte(vm, value, "byte must be in range(0, 256)")?;
        let index = resolve_index(vm, key, bytes::data(array).len(), kind, kind.out_of_range)?;
        match bytes::data_mut(array).get_mut(index) {
            Some(slot) => *slot = byte,
            None => return Err(vm.index_error(kind.out_of_range)),
        }
        return Ok(());
    }
    if value.is_str() || as_integer(value).is_some() || as_float(value).is_some() {
        let message = "can assign only bytes, buffers, or iterables of ints in range(0, 256)";
        return Err(vm.type_error(message));
    }
    let new = bytes::from_source(vm, value, true)?;
    let chosen = resolve_slice(vm, key, bytes::data(array).len())?;
    if chosen.step == 1 {
        return bytes::splice(vm, array, chosen.start as usize, chosen.count, &new);
    }
    if new.is_empty() {
        return delete_bytes(vm, array, key);
    }
    if new.len() != chosen.count {
        return Err(bytes::size_error(vm, new.len(), chosen.count));
    }
    for (position, byte) in new.into_iter().enumerate() {
        bytes::data_mut(array)[chosen.index(position)] = byte;
    }
    Ok(())
}

fn delete_bytes(vm: &mut Vm, array: Value, key: Value) -> Outcome<()> {
    let data = bytes::data(array);
    if !key.has_layout(ShapeId::SLICE) {
        let index = resolve_index(vm, key, data.len(), Kind::BYTEARRAY, Kind::BYTEARRAY.out_of_range)?;
        return bytes::splice(vm, array, index, 1, &[]);
    }
    let chosen = resolve_slice(vm, key, data.len())?;
    if chosen.step == 1 {
        return bytes::splice(vm, array, chosen.start as usize, chosen.count, &[]);
    }
    let goes: std::collections::HashSet<usize> = (0..chosen.count).map(|position| chosen.index(position)).collect();
    let data = bytes::data(array);
    let kept: Vec<u8> = (0..data.len()).filter(|index| !goes.contains(index)).map(|index| data[index]).collect();
    bytes::splice(vm, array, 0, data.len(), &kept)
}

/// Takes item `index` out of a list.
pub fn remove(list: Value, index: usize) -> Value {
    let values = items_to_move(list);
    let removed = values[index];
    values.copy_within(index + 1.., index);
    truncate(list, values.len() - 1);
    removed
}

/// Puts an item into a list before `index`, which is at most its length.
pub fn insert(vm: &mut Vm, list: Value, index: usize, value: Value) -> Outcome<()> {
    vm.push(list, value)?;
    items_to_move(list)[index..].rotate_right(1);
    Ok(())
}

fn delete_chosen(list: Value, chosen: Chosen) {
    if chosen.count == 0 {
        return;
    }
    let values = items_to_move(list);
    let last = chosen.index(chosen.count - 1);
    let (first, step) = if chosen.step > 0 {
        (chosen.start as usize, chosen.step as usize)
    } else {
        (last, chosen.step.unsigned_abs() as usize)
    };
    let mut write = first;
    for read in first..values.len() {
        let distance = read - first;
        if distance % step == 0 && distance / step < chosen.count {
            continue;
        }
        values[write] = values[read];
        write += 1;
    }
    truncate(list, values.len() - chosen.count);
}

fn assign_slice(vm: &mut Vm, list: Value, key: Value, value: Value) -> Outcome<()> {
    let chosen = resolve_slice(vm, key, items(list).len())?;
    if !iterate::is_iterable_object(vm, value) {
        let extended = chosen.step != 1;
        return Err(vm.type_error(if extended {
            "must assign iterable to extended slice"
        } else {
            "can only assign an iterable"
        }));
    }
    // A copy, which may be of the list itself, unless it is another list or a tuple.
    let is_plain = value != list && matches!(value.shape(), ShapeId::LIST | ShapeId::TUPLE);
    let new = if is_plain { value } else { iterate::list_of(vm, value)? };
    let chosen = match chosen.step {
        // The iteration may have changed the list's length.
        1 => resolve_slice(vm, key, items(list).len())?,
        _ => chosen,
    };
    let (old_length, added) = (items(list).len(), items(new).len());
    if chosen.step != 1 {
        if chosen.count != added {
            let message =
                format!("attempt to assign sequence of size {added} to extended slice of size {}", chosen.count);
            return Err(vm.value_error(message));
        }
        for (position, &item) in items(new).iter().enumerate() {
            items_mut(vm, list)[chosen.index(position)] = item;
        }
        return Ok(());
    }
    let start = chosen.start as usize;
    let tail = start + chosen.count;
    if added > chosen.count {
        vm.reserve(list, added - chosen.count)?;
    }
    let new_length = old_length - chosen.count + added;
    let object = list.object::<List>();
    // SAFETY: there is room for the new length; source and destination of the tail may overlap.
    unsafe {
        let data = (*object).data;
        if old_length > tail {
            std::ptr::copy(data.add(tail), data.add(start + added), old_length - tail);
        }
        if added > 0 {
            copy_items(items(new).as_ptr(), data.add(start), added);
        }
        (*object).length = new_length as u32;
        vm.heap.written(object);
    }
    Ok(())
}
