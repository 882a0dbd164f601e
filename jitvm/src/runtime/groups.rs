//! Exception groups: what they hold, and dividing them.

use super::descriptors;
use super::exceptions::exception;
use super::object::ShapeId;
use super::sequences::items;
use super::types::{TypeId, type_id};
use super::value::Value;
use super::vm::{Outcome, Vm};

pub fn is_group(vm: &Vm, value: Value) -> bool {
    value.has_layout(ShapeId::EXCEPTION) && vm.is_subtype(vm.type_of(value), TypeId::BASE_EXCEPTION_GROUP)
}

/// The tuple of exceptions in a group.
pub fn members(group: Value) -> Value {
    exception(group).object
}

/// The message of a group.
pub fn message(group: Value) -> Value {
    items(exception(group).args).first().copied().unwrap_or(Value::NONE)
}

/// How a group is divided.
#[derive(Clone, Copy)]
pub enum Condition {
    /// A class, or a tuple of classes.
    Class(Value),
    /// A callable.
    Predicate(Value),
    /// A list of exceptions that are no groups.
    OneOf(Value),
}

fn holds(vm: &mut Vm, condition: Condition, value: Value) -> Outcome<bool> {
    match condition {
        Condition::Class(class) => {
            let own = vm.type_of(value);
            let classes = if class.has_layout(ShapeId::TUPLE) { items(class) } else { &[class] };
            Ok(classes.iter().any(|&class| class.has_layout(ShapeId::TYPE) && vm.is_subtype(own, type_id(class))))
        }
        Condition::OneOf(list) => Ok(items(list).contains(&value)),
        Condition::Predicate(callable) => {
            let verdict = vm.call(callable, &[value])?;
            super::operators::truth(vm, verdict)
        }
    }
}

/// The parts of an exception that match and that do not; None stands for nothing.
pub fn divide(vm: &mut Vm, value: Value, condition: Condition) -> Outcome<(Value, Value)> {
    if holds(vm, condition, value)? {
        return Ok((value, Value::NONE));
    }
    if !is_group(vm, value) {
        return Ok((Value::NONE, value));
    }
    vm.enter_native(" in exceptiongroup_split_recursive")?;
    let result = divide_group(vm, value, condition);
    vm.leave_native();
    result
}

fn divide_group(vm: &mut Vm, group: Value, condition: Condition) -> Outcome<(Value, Value)> {
    let (matched, rest) = (vm.list(&[])?, vm.list(&[])?);
    let all = members(group);
    for &member in items(all) {
        let (inside, outside) = divide(vm, member, condition)?;
        if inside != Value::NONE {
            vm.push(matched, inside)?;
        }
        if outside != Value::NONE {
            vm.push(rest, outside)?;
        }
    }
    let matched = derive(vm, group, matched)?;
    let rest = derive(vm, group, rest)?;
    Ok((matched, rest))
}

/// A group like `group` with the exceptions of a list; None for an empty one.
fn derive(vm: &mut Vm, group: Value, list: Value) -> Outcome {
    if items(list).is_empty() {
        return Ok(Value::NONE);
    }
    let name = vm.intern("derive");
    let Some(method) = vm.special(group, name) else { return Ok(Value::NONE) };
    let new = descriptors::call_unbound(vm, method, group, &[list])?;
    if !is_group(vm, new) {
        return Err(vm.type_error("derive must return an instance of BaseExceptionGroup"));
    }
    let from = exception(group);
    let to = exception(new);
    (to.traceback, to.cause, to.context) = (from.traceback, from.cause, from.context);
    to.suppress_context = from.suppress_context;
    let notes = vm.names.notes;
    if let Some(list) = vm.instance_get(group, notes) {
        let copy = super::iterate::list_of(vm, list)?;
        vm.instance_set(new, notes, copy)?;
    }
    Ok(new)
}
