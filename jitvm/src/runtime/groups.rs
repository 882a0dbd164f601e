//! Exception groups: what `except*` splits and joins, and the methods of `BaseExceptionGroup`.

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
    /// Exceptions of this list, by identity.
    OneOf(Value),
}

fn holds(vm: &mut Vm, condition: Condition, value: Value) -> Outcome<bool> {
    match condition {
        Condition::Class(class) => {
            let own = vm.type_of(value);
            let classes = if class.has_layout(ShapeId::TUPLE) { items(class) } else { &[class] };
            Ok(classes.iter().any(|&class| class.has_layout(ShapeId::TYPE) && vm.is_subtype(own, type_id(class))))
        }
        Condition::Predicate(callable) => {
            let verdict = vm.call(callable, &[value])?;
            super::operators::truth(vm, verdict)
        }
        Condition::OneOf(list) => Ok(items(list).contains(&value)),
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

/// `except* classes`: what is left of an exception, and the part that matches (as a group).
pub fn split(vm: &mut Vm, value: Value, classes: Value) -> Outcome<(Value, Value)> {
    let list = if classes.has_layout(ShapeId::TUPLE) { items(classes) } else { &[classes] };
    for &class in list {
        if !class.has_layout(ShapeId::TYPE) || !vm.is_subtype(type_id(class), TypeId::BASE_EXCEPTION) {
            return Err(vm.type_error("catching classes that do not inherit from BaseException is not allowed"));
        }
        if vm.is_subtype(type_id(class), TypeId::BASE_EXCEPTION_GROUP) {
            return Err(vm.type_error("catching ExceptionGroup with except* is not allowed. Use except instead."));
        }
    }
    if !is_group(vm, value) {
        if !holds(vm, Condition::Class(classes), value)? {
            return Ok((value, Value::NONE));
        }
        // A lone exception comes in a group.
        let list = vm.list(&[value])?;
        let text = vm.str("");
        let group = new_group(vm, TypeId::EXCEPTION_GROUP, text, list)?;
        exception(group).traceback = exception(value).traceback;
        return Ok((Value::NONE, group));
    }
    let (matched, rest) = divide(vm, value, Condition::Class(classes))?;
    Ok((rest, matched))
}

/// A group without the checks of its constructor; a BaseExceptionGroup where a member is no Exception.
pub fn new_group(vm: &mut Vm, class: TypeId, message: Value, list: Value) -> Outcome {
    let tuple = vm.tuple(items(list))?;
    let only_exceptions =
        items(tuple).iter().all(|&member| vm.is_subtype(vm.type_of(member), TypeId::EXCEPTION));
    let class =
        if class == TypeId::EXCEPTION_GROUP && !only_exceptions { TypeId::BASE_EXCEPTION_GROUP } else { class };
    let args = vm.tuple(&[message, list])?;
    let group = vm.new_exception(class, args);
    exception(group).object = tuple;
    Ok(group)
}

/// After the clauses of `except*`: what is to be raised of the original exception and the list of what the clauses raised
/// and what is left, or None.
pub fn join(vm: &mut Vm, original: Value, list: Value) -> Outcome {
    let all: Vec<Value> = items(list).iter().copied().filter(|&value| value != Value::NONE).collect();
    match *all {
        [] => return Ok(Value::NONE),
        [only] if !is_group(vm, original) => return Ok(only),
        _ => {}
    }
    // Parts of the original, re-raised or left over, come together again as it was.
    let (raised, same) = (vm.list(&[])?, vm.list(&[])?);
    for &value in items(list) {
        if value == Value::NONE {
            continue;
        }
        let is_part = is_group(vm, original) && is_part_of(value, original);
        vm.push(if is_part { same } else { raised }, value)?;
    }
    let leaves = vm.list(&[])?;
    for &part in items(same) {
        collect_leaves(vm, part, leaves)?;
    }
    let reraised = if items(same).is_empty() {
        Value::NONE
    } else {
        divide(vm, original, Condition::OneOf(leaves))?.0
    };
    if items(raised).is_empty() {
        return Ok(reraised);
    }
    if reraised != Value::NONE {
        vm.push(raised, reraised)?;
    }
    if let [only] = *items(raised)
        && !is_group(vm, original)
    {
        return Ok(only);
    }
    let text = vm.str("");
    new_group(vm, TypeId::EXCEPTION_GROUP, text, raised)
}

/// A group that was split off `original` has its traceback, cause and context, as CPython compares them.
fn is_part_of(value: Value, original: Value) -> bool {
    if value == original {
        return true;
    }
    let (a, b) = (exception(value), exception(original));
    a.traceback == b.traceback && a.cause == b.cause && a.context == b.context && a.traceback != Value::NONE
}

fn collect_leaves(vm: &mut Vm, value: Value, leaves: Value) -> Outcome<()> {
    if !is_group(vm, value) {
        return vm.push(leaves, value);
    }
    let all = members(value);
    for &member in items(all) {
        collect_leaves(vm, member, leaves)?;
    }
    Ok(())
}
