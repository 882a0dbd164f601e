//! `__length_hint__`: what iterators have left, and the question that growing a list asks an object of the program.

use super::attributes::pending_is;
use super::compare::compare_integers;
use super::iterate;
use super::numbers::as_integer;
use super::object::{IteratorObject, ShapeId};
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// How many items a builtin iterator over a container will still give.
pub fn remaining(vm: &mut Vm, iterator: Value) -> Outcome {
    // SAFETY: the method belongs to iterators of this layout alone.
    let mut state = unsafe { (*iterator.object::<IteratorObject>()).state };
    if matches!(iterator.layout(), ShapeId::REVERSED | ShapeId::LIST_REVERSE_ITERATOR) {
        return Ok(if state[0].is_pointer() { state[1] } else { Value::from_fixnum(0) });
    }
    let mut count = 0;
    loop {
        match iterate::next_of(vm, &mut state) {
            Ok(Some(_)) => count += 1,
            Ok(None) => return Ok(Value::from_fixnum(count)),
            // A table that has changed has nothing to give.
            Err(_) => {
                vm.take_exception();
                return Ok(Value::from_fixnum(0));
            }
        }
    }
}

/// Asks an object of the program how many items it has, as CPython does before it grows a list: by `__len__`, else by
/// `__length_hint__`; TypeError from either means that it does not know.
///
/// # Errors
/// What the methods raise; TypeError or ValueError for a hint that is no size.
pub fn ask(vm: &mut Vm, iterable: Value) -> Outcome<()> {
    for name in [vm.names.len, vm.names.length_hint] {
        let answer = match vm.try_special(iterable, name, &[]) {
            Ok(answer) => answer,
            Err(_) if pending_is(vm, TypeId::TYPE_ERROR) => {
                vm.take_exception();
                if name == vm.names.len {
                    continue;
                }
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let Some(answer) = answer else { continue };
        if answer == Value::NOT_IMPLEMENTED && name == vm.names.length_hint {
            return Ok(());
        }
        let method = if name == vm.names.len { "__len__" } else { "__length_hint__" };
        let Some(integer) = as_integer(answer) else {
            let given = vm.type_name(answer);
            if name == vm.names.len {
                // As for an error of its own, the hint is asked next.
                continue;
            }
            return Err(vm.type_error(format!("{method} must be an integer, not {given}")));
        };
        if compare_integers(integer, Value::from_fixnum(0)).is_lt() {
            return Err(vm.value_error(format!("{method}() should return >= 0")));
        }
        return Ok(());
    }
    Ok(())
}
