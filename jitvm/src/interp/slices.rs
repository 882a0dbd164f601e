//! Slices whose bounds are ints or None: no slice object is made.

use std::convert::Infallible;

use crate::perf::operations::are_many;
use crate::runtime::bytes;
use crate::runtime::object::ShapeId;
use crate::runtime::sequences::{copy_items, items, items_mut};
use crate::runtime::strings::length;
use crate::runtime::subscript::{self, Chosen};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

/// What `[start:stop:step]` chooses of so many items; the step is not 0.
fn chosen(bounds: [Value; 3], length: usize) -> Chosen {
    let [start, stop, step] = bounds;
    if step == Value::NONE {
        return subscript::run_of(start, stop, length);
    }
    let Ok(chosen) =
        subscript::stepped(start, stop, step.as_fixnum(), length, |bound| Ok::<_, Infallible>(bound.as_fixnum()));
    chosen
}

/// `container[start:stop:step]` of an exact builtin sequence; UNDEF, and nothing has happened, of what needs a slice
/// object.
///
/// # Errors
/// There is no memory for it: the exception is pending.
///
/// # Safety
/// Start, stop and step are at `bounds`.
#[inline(never)]
pub unsafe fn quick(vm: &mut Vm, container: Value, bounds: *const Value) -> Outcome {
    // SAFETY: by the caller.
    let bounds = unsafe { bounds.cast::<[Value; 3]>().read() };
    let is_usual = |bound: Value| bound == Value::NONE || bound.is_int();
    if !container.is_pointer() || !bounds.into_iter().all(is_usual) || bounds[2] == Value::from_fixnum(0) {
        return Ok(Value::UNDEF);
    }
    match container.shape() {
        ShapeId::LIST => get(vm, container, bounds),
        ShapeId::TUPLE => subscript::chosen_items(vm, container, chosen(bounds, items(container).len())),
        ShapeId::STR => subscript::slice_str(vm, container, chosen(bounds, length(container))),
        ShapeId::BYTES => subscript::slice_bytes(vm, container, chosen(bounds, bytes::data(container).len())),
        _ => Ok(Value::UNDEF),
    }
}

/// `list[start:stop:step]`.
///
/// # Errors
/// There is no memory for it: the exception is pending.
pub fn get(vm: &mut Vm, list: Value, bounds: [Value; 3]) -> Outcome {
    let length = items(list).len();
    if bounds[2] == Value::NONE && !are_many(length) {
        let run = subscript::run_of(bounds[0], bounds[1], length);
        return vm.list(&items(list)[run.start as usize..][..run.count]);
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
    let run = subscript::run_of(bounds[0], bounds[1], items(list).len());
    let count = items(new).len();
    if run.count == count && list != new && !are_many(count) {
        let to = &mut items_mut(vm, list)[run.start as usize..][..count];
        // SAFETY: there are `count` of both, of different lists.
        unsafe { copy_items(items(new).as_ptr(), to.as_mut_ptr(), count) };
        return Ok(());
    }
    let slice = vm.slice(bounds[0], bounds[1], Value::NONE);
    subscript::set_item(vm, list, slice, new)
}
