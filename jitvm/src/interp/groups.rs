//! What `except*` does with exceptions: splits them by class and puts together what is left.

use super::special;
use crate::runtime::exceptions::exception;
use crate::runtime::groups::{Condition, divide, members};
use crate::runtime::iterate;
use crate::runtime::sequences::items;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

fn is_group(vm: &Vm, value: Value) -> bool {
    vm.is_subtype(vm.type_of(value), TypeId::BASE_EXCEPTION_GROUP)
}

/// SPLIT_GROUP: the rest and the part that matches; each may be None.
///
/// # Errors
/// TypeError for a class that `except*` may not name; what splitting raised.
pub fn split(vm: &mut Vm, raised: Value, class: Value) -> Outcome<(Value, Value)> {
    if raised == Value::NONE {
        return Ok((Value::NONE, Value::NONE));
    }
    super::rare::refuse_group_classes(vm, class)?;
    if super::rare::match_exception(vm, raised, class)? {
        if is_group(vm, raised) {
            return Ok((Value::NONE, raised));
        }
        // A naked exception is wrapped.
        let message = vm.str("");
        let members = vm.tuple(&[raised])?;
        let plain = vm.is_subtype(vm.type_of(raised), TypeId::EXCEPTION);
        let class = if plain { TypeId::EXCEPTION_GROUP } else { TypeId::BASE_EXCEPTION_GROUP };
        let class = vm.type_object(class);
        let group = vm.call(class, &[message, members])?;
        exception(group).traceback = exception(raised).traceback;
        return Ok((Value::NONE, group));
    }
    if !is_group(vm, raised) {
        return Ok((raised, Value::NONE));
    }
    let split = special::attribute(vm, raised, "split")?.unwrap_or(Value::NONE);
    let pair = vm.call(split, &[class])?;
    let pair = iterate::tuple_of(vm, pair)?;
    match *items(pair) {
        [matched, rest] => Ok((rest, matched)),
        _ => Err(vm.type_error("split() must return a tuple of two")),
    }
}

/// JOIN_GROUP: what is raised after all clauses of `except*`, or None.
///
/// # Errors
/// What making the group raised.
pub fn join(vm: &mut Vm, original: Value, parts: Value) -> Outcome {
    let given: Vec<Value> = items(parts).iter().copied().filter(|&part| part != Value::NONE).collect();
    if given.is_empty() {
        return Ok(Value::NONE);
    }
    if !is_group(vm, original) {
        return Ok(given[0]);
    }
    // What comes from the original, unhandled or raised again, stays in its structure; the rest was raised anew.
    let of_original = |part: Value| is_group(vm, part) && exception(part).traceback == exception(original).traceback;
    let (again, raised): (Vec<Value>, Vec<Value>) = given.into_iter().partition(|&part| of_original(part));
    let mut all = raised;
    if !again.is_empty() {
        let leaves = vm.list(&[])?;
        for &part in &again {
            gather_leaves(vm, part, leaves)?;
        }
        let (kept, _) = divide(vm, original, Condition::OneOf(leaves))?;
        all.extend((kept != Value::NONE).then_some(kept));
    }
    if let [only] = all[..] {
        return Ok(only);
    }
    let message = vm.str("");
    let list = vm.list(&all)?;
    let class = vm.type_object(TypeId::BASE_EXCEPTION_GROUP);
    vm.call(class, &[message, list])
}

/// Adds the exceptions that are no groups, at any depth, to a list.
fn gather_leaves(vm: &mut Vm, value: Value, leaves: Value) -> Outcome<()> {
    if !is_group(vm, value) {
        return vm.push(leaves, value);
    }
    let all = members(value);
    for index in 0..items(all).len() {
        gather_leaves(vm, items(all)[index], leaves)?;
    }
    Ok(())
}
