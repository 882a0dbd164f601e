//! Slices of lists whose bounds are ints or None, for traces: no slice object is made.

use crate::perf::operations::are_many;
use crate::runtime::sequences::{items, items_mut};
use crate::runtime::subscript::{self, Chosen};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

/// Where `[start:stop]` begins in so many items, and how many of them it chooses.
fn run_of(start: Value, stop: Value, length: usize) -> (usize, usize) {
    let length = length as i64;
    let bound = |value: Value, default: i64| {
        if value == Value::NONE {
            return default;
        }
        let index = value.as_fixnum();
        (if index < 0 { index + length } else { index }).clamp(0, length)
    };
    let start = bound(start, 0);
    (start as usize, (bound(stop, length) - start).max(0) as usize)
}

/// What `[start:stop:step]` chooses of so many items; the step is not 0.
fn chosen(bounds: [Value; 3], length: usize) -> Chosen {
    let [start, stop, step] = bounds;
    let step = if step == Value::NONE { 1 } else { step.as_fixnum() };
    let length = length as i64;
    let (low, high) = if step < 0 { (-1, length - 1) } else { (0, length) };
    let bound = |value: Value, default: i64| {
        if value == Value::NONE {
            return default;
        }
        let index = value.as_fixnum();
        (if index < 0 { index + length } else { index }).clamp(low, high)
    };
    let start = bound(start, if step < 0 { high } else { low });
    let stop = bound(stop, if step < 0 { low } else { high });
    Chosen::of(start, stop, step)
}

/// `list[start:stop:step]`.
///
/// # Errors
/// There is no memory for it: the exception is pending.
pub fn get(vm: &mut Vm, list: Value, bounds: [Value; 3]) -> Outcome {
    let length = items(list).len();
    if bounds[2] == Value::NONE && !are_many(length) {
        let (start, count) = run_of(bounds[0], bounds[1], length);
        return vm.list(&items(list)[start..start + count]);
    }
    // The first items from an index down.
    if bounds[1] == Value::NONE
        && bounds[2] == Value::from_fixnum(-1)
        && bounds[0].is_int()
        && (0..length as i64).contains(&bounds[0].as_fixnum())
        && !are_many(length)
    {
        let first = bounds[0].as_fixnum() as usize;
        let new = vm.list_with_capacity(first + 1)?;
        let taken = items(list)[..=first].iter().rev();
        vm.fill_new_list(new, taken.copied());
        return Ok(new);
    }
    subscript::chosen_items(vm, list, chosen(bounds, length))
}

/// `list[start:stop] = new`, another list or a tuple.
///
/// # Errors
/// There is no memory for it: the exception is pending.
pub fn set(vm: &mut Vm, list: Value, bounds: [Value; 2], new: Value) -> Outcome<()> {
    let (start, chosen) = run_of(bounds[0], bounds[1], items(list).len());
    let count = items(new).len();
    if chosen == count && list != new && !are_many(count) {
        items_mut(vm, list)[start..start + count].copy_from_slice(items(new));
        return Ok(());
    }
    let slice = vm.slice(bounds[0], bounds[1], Value::NONE);
    subscript::set_item(vm, list, slice, new)
}
