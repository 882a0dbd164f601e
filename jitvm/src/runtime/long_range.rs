//! `range` objects with a bound that is no fixnum: their own shape, so that fast paths for ranges need not look at the
//! bounds. What is here works on both kinds.

use super::compare::{CompareKind, compare_integers, equal};
use super::iterate::as_index;
use super::numbers::{as_i64, as_integer};
use super::object::{IteratorObject, Range, ShapeId, Slice};
use super::operators::{self, Binary};
use super::sequences::{range_bounds, range_length};
use super::value::Value;
use super::vm::{Outcome, Vm};
use std::cmp::Ordering;

const ZERO: Value = Value::from_fixnum(0);
const ONE: Value = Value::from_fixnum(1);

/// A range of either kind.
pub fn is_range(value: Value) -> bool {
    matches!(value.layout(), ShapeId::RANGE | ShapeId::LONG_RANGE)
}

/// Start, stop and step.
pub fn bounds(range: Value) -> [Value; 3] {
    debug_assert!(is_range(range));
    // SAFETY: the layout was checked; both kinds have the same fields.
    unsafe {
        let range = &*range.object::<Range>();
        [range.start, range.stop, range.step]
    }
}

/// A range over ints; the step is not 0.
pub fn new(vm: &mut Vm, bounds: [Value; 3]) -> Value {
    match bounds.map(|bound| bound.is_int().then(|| bound.as_fixnum())) {
        [Some(start), Some(stop), Some(step)] => vm.range(start, stop, step),
        _ => vm.object_of(ShapeId::LONG_RANGE, bounds),
    }
}

fn arithmetic(vm: &mut Vm, op: Binary, a: Value, b: Value) -> Outcome {
    operators::binary(vm, op, a, b, false)
}

fn is_negative(integer: Value) -> bool {
    compare_integers(integer, ZERO) == Ordering::Less
}

pub fn is_empty(range: Value) -> bool {
    let [start, stop, step] = bounds(range);
    let before = if is_negative(step) { Ordering::Greater } else { Ordering::Less };
    compare_integers(start, stop) != before
}

/// Number of items, an int.
pub fn length(vm: &mut Vm, range: Value) -> Outcome {
    if is_empty(range) {
        return Ok(ZERO);
    }
    let [start, stop, step] = bounds(range);
    let (low, high, size) = match is_negative(step) {
        true => (stop, start, arithmetic(vm, Binary::Sub, ZERO, step)?),
        false => (start, stop, step),
    };
    let distance = arithmetic(vm, Binary::Sub, high, low)?;
    let last = arithmetic(vm, Binary::Sub, distance, ONE)?;
    let steps = arithmetic(vm, Binary::FloorDiv, last, size)?;
    arithmetic(vm, Binary::Add, steps, ONE)
}

/// Where item `index` is, or would be.
fn item(vm: &mut Vm, range: Value, index: Value) -> Outcome {
    let [start, _, step] = bounds(range);
    let distance = arithmetic(vm, Binary::Mul, index, step)?;
    arithmetic(vm, Binary::Add, start, distance)
}

/// A RANGE's slice without a step whose bounds are fixnums or None; `None` leaves others to [`get_item`].
pub fn forward_slice(vm: &mut Vm, range: Value, key: Value) -> Option<Value> {
    if !key.has_shape(ShapeId::SLICE) {
        return None;
    }
    // SAFETY: the shape was checked.
    let slice = unsafe { &*key.object::<Slice>() };
    let known = |bound: Value| bound == Value::NONE || bound.is_int();
    if slice.step != Value::NONE || !known(slice.start) || !known(slice.stop) {
        return None;
    }
    let bounds @ (start, _, step) = range_bounds(range);
    let count = range_length(bounds) as i64;
    let clamped = |bound: Value, default: i64| match bound {
        Value::NONE => default,
        _ if bound.as_fixnum() < 0 => (bound.as_fixnum() + count).max(0),
        _ => bound.as_fixnum().min(count),
    };
    let (first, last) = (clamped(slice.start, 0), clamped(slice.stop, count));
    let item = |index: i64| {
        index
            .checked_mul(step)
            .and_then(|offset| start.checked_add(offset))
            .filter(|&item| Value::try_fixnum(item).is_some())
    };
    Some(vm.range(item(first)?, item(last)?, step))
}

/// `range[key]`.
pub fn get_item(vm: &mut Vm, range: Value, key: Value) -> Outcome {
    let length = length(vm, range)?;
    if key.has_layout(ShapeId::SLICE) {
        let [start, stop, step] = slice_indices(vm, key, length)?;
        let own = bounds(range)[2];
        let step = arithmetic(vm, Binary::Mul, own, step)?;
        let (start, stop) = (item(vm, range, start)?, item(vm, range, stop)?);
        return Ok(new(vm, [start, stop, step]));
    }
    let key = as_index(vm, key)?.unwrap_or(key);
    let Some(index) = as_integer(key) else {
        let name = vm.type_name(key);
        return Err(vm.type_error(format!("range indices must be integers or slices, not {name}")));
    };
    let index = if is_negative(index) { arithmetic(vm, Binary::Add, index, length)? } else { index };
    if is_negative(index) || compare_integers(index, length) != Ordering::Less {
        return Err(vm.index_error("range object index out of range"));
    }
    item(vm, range, index)
}

/// `slice.indices(length)`; the length is an int that is not negative.
pub fn slice_indices(vm: &mut Vm, slice: Value, length: Value) -> Outcome<[Value; 3]> {
    // SAFETY: the caller has checked the shape.
    let (start, stop, step) = unsafe {
        let slice = &*slice.object::<Slice>();
        (slice.start, slice.stop, slice.step)
    };
    let step = if step == Value::NONE { ONE } else { slice_bound(vm, step)? };
    if compare_integers(step, ZERO) == Ordering::Equal {
        return Err(vm.value_error("slice step cannot be zero"));
    }
    let backwards = is_negative(step);
    let (low, high) = match backwards {
        true => (Value::from_fixnum(-1), arithmetic(vm, Binary::Sub, length, ONE)?),
        false => (ZERO, length),
    };
    let clamped = |vm: &mut Vm, bound: Value, default: Value| {
        if bound == Value::NONE {
            return Ok(default);
        }
        let index = slice_bound(vm, bound)?;
        let index = if is_negative(index) { arithmetic(vm, Binary::Add, index, length)? } else { index };
        Ok(match (compare_integers(index, low), compare_integers(index, high)) {
            (Ordering::Less, _) => low,
            (_, Ordering::Greater) => high,
            _ => index,
        })
    };
    let start = clamped(vm, start, if backwards { high } else { low })?;
    let stop = clamped(vm, stop, if backwards { low } else { high })?;
    Ok([start, stop, step])
}

fn slice_bound(vm: &mut Vm, value: Value) -> Outcome {
    let value = as_index(vm, value)?.unwrap_or(value);
    match as_integer(value) {
        Some(bound) => Ok(bound),
        None => Err(vm.type_error("slice indices must be integers or None or have an __index__ method")),
    }
}

/// Position of an int in the range.
pub fn position(vm: &mut Vm, range: Value, integer: Value) -> Outcome<Option<Value>> {
    let [start, _, step] = bounds(range);
    let distance = arithmetic(vm, Binary::Sub, integer, start)?;
    let rest = arithmetic(vm, Binary::Mod, distance, step)?;
    if rest != ZERO {
        return Ok(None);
    }
    let position = arithmetic(vm, Binary::FloorDiv, distance, step)?;
    let length = length(vm, range)?;
    let inside = !is_negative(position) && compare_integers(position, length) == Ordering::Less;
    Ok(inside.then_some(position))
}

/// The parts that decide about equality: length, start unless it is empty, step if it has more than one item.
pub fn key(vm: &mut Vm, range: Value) -> Outcome<[Value; 3]> {
    let length = length(vm, range)?;
    let [start, _, step] = bounds(range);
    let start = if length == ZERO { Value::NONE } else { start };
    let step = if length == ZERO || length == ONE { Value::NONE } else { step };
    Ok([length, start, step])
}

pub fn equal_ranges(vm: &mut Vm, a: Value, b: Value) -> Outcome<bool> {
    let (x, y) = (key(vm, a)?, key(vm, b)?);
    for (p, q) in x.into_iter().zip(y) {
        if !equal(vm, p, q)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `==` and `!=` of two ranges of either kind.
pub fn compare(vm: &mut Vm, kind: CompareKind, a: Value, b: Value) -> Outcome<bool> {
    Ok(equal_ranges(vm, a, b)? == (kind == CompareKind::Equal))
}

/// An iterator over a range, whatever its bounds: next item, items left, step.
pub fn iterator(vm: &mut Vm, range: Value) -> Outcome {
    let count = length(vm, range)?;
    let [start, _, step] = bounds(range);
    Ok(vm.iterator(ShapeId::LONG_RANGE_ITERATOR, [start, count, step, ZERO], ZERO))
}

/// As [`iterator`], from the last item down.
pub fn reversed(vm: &mut Vm, range: Value) -> Outcome {
    let count = length(vm, range)?;
    let last = arithmetic(vm, Binary::Sub, count, ONE)?;
    let start = item(vm, range, last)?;
    let step = arithmetic(vm, Binary::Sub, ZERO, bounds(range)[2])?;
    Ok(vm.iterator(ShapeId::LONG_RANGE_ITERATOR, [start, count, step, ZERO], ZERO))
}

/// The next item of a LONG_RANGE_ITERATOR.
pub fn next(vm: &mut Vm, iterator: Value) -> Outcome<Option<Value>> {
    debug_assert!(iterator.has_layout(ShapeId::LONG_RANGE_ITERATOR));
    // SAFETY: the layout was checked, and int arithmetic runs no code of the program.
    let state = unsafe { &mut (*iterator.object::<IteratorObject>()).state };
    let [item, left, step, _] = *state;
    if left == ZERO {
        return Ok(None);
    }
    let following = arithmetic(vm, Binary::Add, item, step)?;
    state[1] = arithmetic(vm, Binary::Sub, left, ONE)?;
    state[0] = following;
    Ok(Some(item))
}

/// `len(range)`.
pub fn checked_length(vm: &mut Vm, range: Value) -> Outcome<i64> {
    let length = length(vm, range)?;
    match as_i64(length) {
        Some(length) => Ok(length),
        None => Err(vm.overflow_error("Python int too large to convert to C ssize_t")),
    }
}
