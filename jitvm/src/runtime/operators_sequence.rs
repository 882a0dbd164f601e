//! `+` and `*` of strs, lists and tuples, and their in-place forms.

use super::bytes;
use super::dict_views;
use super::iterate;
use super::numbers::{as_i64, as_integer};
use super::object::{List, ShapeId};
use super::operators::Binary;
use super::sequences::{LONGEST, items};
use super::set_operations;
use super::strings::text;
use super::value::Value;
use super::vm::{Outcome, Vm};
use crate::interp::consume::{Consumer, consume};
use crate::perf::operations::{Operation, are_many, is_large};

fn is_sequence(value: Value) -> bool {
    matches!(value.layout(), ShapeId::STR | ShapeId::LIST | ShapeId::TUPLE | ShapeId::BYTES | ShapeId::BYTEARRAY)
}

/// Sequences and mappings of types without `*`.
fn is_plain_collection(value: Value) -> bool {
    dict_views::is_table(value)
        || matches!(value.layout(), ShapeId::RANGE | ShapeId::LONG_RANGE | ShapeId::MEMORYVIEW | ShapeId::MAPPING_PROXY)
}

/// What is asked most: `+` of two exact lists, tuples or strs, and one of them by an int. `None` if it is not this.
#[inline]
pub fn usual(vm: &mut Vm, op: Binary, a: Value, b: Value, augmented: bool) -> Option<Outcome> {
    let shape = a.shape();
    if !matches!(shape, ShapeId::LIST | ShapeId::TUPLE | ShapeId::STR) {
        return None;
    }
    match op {
        Binary::Add if b.has_shape(shape) => Some(concatenate(vm, a, b, augmented)),
        Binary::Mul if b.is_int() => Some(repeat(vm, a, b, augmented)),
        _ => None,
    }
}

/// `None` if neither operand is a sequence with this operator.
pub fn binary(vm: &mut Vm, op: Binary, a: Value, b: Value, augmented: bool) -> Option<Outcome> {
    if op == Binary::BitOr
        && let Some(result) = dict_views::union(vm, a, b, augmented)
    {
        return Some(result);
    }
    if let Some(result) = set_operations::binary(vm, op, a, b, augmented).or_else(|| dict_views::binary(vm, op, a, b)) {
        return Some(result);
    }
    match op {
        Binary::Add if bytes::is_any_bytes(a) => Some(bytes::concatenate(vm, a, b, augmented)),
        Binary::Add if is_sequence(a) => Some(concatenate(vm, a, b, augmented)),
        Binary::Mul if is_sequence(a) => Some(repeat(vm, a, b, augmented)),
        // In place, types with `in` but no `*` of their own do not ask the other operand.
        Binary::Mul if is_sequence(b) && !(augmented && is_plain_collection(a)) => Some(repeat(vm, b, a, false)),
        _ => None,
    }
}

fn concatenate(vm: &mut Vm, a: Value, b: Value, augmented: bool) -> Outcome {
    if augmented && a.has_layout(ShapeId::LIST) {
        extend(vm, a, b)?;
        return Ok(a);
    }
    if a.layout() != b.layout() {
        let (own, other) = (vm.type_name(a), vm.type_name(b));
        return Err(vm.type_error(format!("can only concatenate {own} (not \"{other}\") to {own}")));
    }
    match a.layout() {
        ShapeId::STR => vm.concatenate(a, b),
        ShapeId::LIST => {
            let (left, right) = (items(a), items(b));
            let list = vm.list_with_capacity(left.len() + right.len())?;
            append_items(vm, list, left)?;
            append_items(vm, list, right)?;
            Ok(list)
        }
        _ => {
            let (left, right) = (items(a), items(b));
            match (left, right) {
                ([], _) => Ok(b),
                (_, []) => Ok(a),
                _ => vm.tuple_with(left.len() + right.len(), |result| {
                    result[..left.len()].copy_from_slice(left);
                    result[left.len()..].copy_from_slice(right);
                }),
            }
        }
    }
}

/// `a + b` of two exact lists.
pub fn join_lists(vm: &mut Vm, a: Value, b: Value) -> Outcome {
    let (left, right) = (items(a), items(b));
    let length = left.len() + right.len();
    if are_many(length) {
        return super::operators::add(vm, a, b, false);
    }
    let list = vm.list_with_capacity(length)?;
    vm.fill_new_list_from(list, [left, right]);
    Ok(list)
}

/// Appends values that lie in another object.
pub fn append_items(vm: &mut Vm, list: Value, values: &[Value]) -> Outcome<()> {
    vm.reserve(list, values.len())?;
    if values.is_empty() {
        return Ok(());
    }
    let object = list.object::<List>();
    // SAFETY: there is room for the items; `values` may be the list's own, which lie before their copies if they are
    // still there, and in the storage that it had before otherwise.
    unsafe {
        let end = (*object).data.add((*object).length as usize);
        std::ptr::copy(values.as_ptr(), end, values.len());
        (*object).length += values.len() as u32;
        vm.heap.written(object);
    }
    Ok(())
}

/// `list.extend(iterable)`.
pub fn extend(vm: &mut Vm, list: Value, iterable: Value) -> Outcome<()> {
    let before = vm.perf.enter_operation(Operation::Extend, list, || is_large(iterable));
    let result = extend_by_all(vm, list, iterable);
    vm.perf.leave_operation(before);
    result
}

fn extend_by_all(vm: &mut Vm, list: Value, iterable: Value) -> Outcome<()> {
    if let Some(values) = super::sequences::as_items(iterable) {
        // `a.extend(a)`: growing must not happen under the slice that is read.
        vm.reserve(list, values.len())?;
        return append_items(vm, list, &items(iterable)[..values.len()]);
    }
    let mut state = iterate::Iteration::new(vm, iterable)?;
    if iterable.is_instance() {
        super::length_hint::ask(vm, iterable)?;
    }
    if list.has_shape(ShapeId::LIST) && consume(vm, Consumer::Collect, state.source(), list)?.is_some() {
        return Ok(());
    }
    while let Some(value) = state.next(vm)? {
        vm.push(list, value)?;
    }
    Ok(())
}

/// How often to repeat: an int, capped below at 0.
fn repetitions(vm: &mut Vm, count: Value) -> Outcome<usize> {
    if count.is_int() {
        return Ok(count.as_fixnum().max(0) as usize);
    }
    let count = iterate::as_index(vm, count)?.unwrap_or(count);
    if let Some(count) = as_i64(count) {
        return Ok(count.max(0) as usize);
    }
    if as_integer(count).is_some() {
        return Err(vm.overflow_error("cannot fit 'int' into an index-sized integer"));
    }
    let name = vm.type_name(count);
    Err(vm.type_error(format!("can't multiply sequence by non-int of type '{name}'")))
}

fn repeat(vm: &mut Vm, sequence: Value, count: Value, augmented: bool) -> Outcome {
    let count = repetitions(vm, count)?;
    if bytes::is_any_bytes(sequence) {
        return bytes::repeat(vm, sequence, count, augmented);
    }
    if sequence.is_str() {
        let source = text(sequence).as_bytes();
        let Some(total) = source.len().checked_mul(count).filter(|&total| total <= i64::MAX as usize) else {
            return Err(vm.overflow_error("repeated string is too long"));
        };
        return match (total, count) {
            (0, _) => Ok(vm.str("")),
            (_, 1) => Ok(sequence),
            _ => vm.allocate_str(total, |bytes| match *source {
                [byte] => bytes.fill(byte),
                _ => bytes.chunks_exact_mut(source.len()).for_each(|chunk| chunk.copy_from_slice(source)),
            }),
        };
    }
    let length = items(sequence).len();
    let Some(total) = length.checked_mul(count).filter(|&total| total <= LONGEST) else {
        return Err(vm.raise_memory_error());
    };
    if sequence.has_layout(ShapeId::TUPLE) {
        if total == 0 {
            return Ok(vm.empty_tuple);
        }
        return vm.tuple_with(total, |result| fill(result, items(sequence)));
    }
    if augmented {
        if count == 0 {
            super::sequences::truncate(sequence, 0);
            return Ok(sequence);
        }
        vm.reserve(sequence, total - length)?;
        for index in 0..total - length {
            vm.push(sequence, items(sequence)[index])?;
        }
        return Ok(sequence);
    }
    repeated_list(vm, sequence, total)
}

/// `list * count` of exactly these types.
pub fn repeat_list(vm: &mut Vm, list: Value, count: Value) -> Outcome {
    match items(list).len().checked_mul(count.as_fixnum().max(0) as usize) {
        Some(total) if !are_many(total) => repeated_list(vm, list, total),
        _ => super::operators::mul(vm, list, count, false),
    }
}

/// `[item] * count` of an int.
pub fn repeat_item(vm: &mut Vm, item: Value, count: Value) -> Outcome {
    let total = count.as_fixnum().max(0) as usize;
    if are_many(total) {
        let list = vm.list(&[item])?;
        return super::operators::mul(vm, list, count, false);
    }
    let list = vm.list_with_capacity(total)?;
    vm.fill_list_with(list, total, item);
    Ok(list)
}

fn repeated_list(vm: &mut Vm, sequence: Value, total: usize) -> Outcome {
    let list = vm.list_with_capacity(total)?;
    match *items(sequence) {
        [value] => vm.fill_list_with(list, total, value),
        _ => vm.fill_list(list, total, |result| fill(result, items(sequence))),
    }
    Ok(list)
}

fn fill(result: &mut [Value], pattern: &[Value]) {
    match *pattern {
        [value] => result.fill(value),
        _ => result.chunks_exact_mut(pattern.len().max(1)).for_each(|chunk| chunk.copy_from_slice(pattern)),
    }
}
