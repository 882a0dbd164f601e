//! What `except*` does with exceptions: splits them by class and puts together what is left.

use super::special;
use crate::runtime::exceptions::exception;
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
    if super::rare::match_exception(vm, raised, class)? {
        if is_group(vm, raised) {
            return Ok((Value::NONE, raised));
        }
        // A naked exception is wrapped.
        let message = vm.str("");
        let list = vm.list(&[raised])?;
        let class = vm.type_object(TypeId::EXCEPTION_GROUP);
        let group = vm.call(class, &[message, list])?;
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
    all.extend(again.iter().copied());
    if let [only] = all[..] {
        return Ok(only);
    }
    let message = vm.str("");
    let list = vm.list(&all)?;
    let class = vm.type_object(TypeId::EXCEPTION_GROUP);
    vm.call(class, &[message, list])
}
