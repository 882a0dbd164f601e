//! `isinstance` and `issubclass`.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::aliases;
use crate::runtime::attributes;
use crate::runtime::descriptors::fields;
use crate::runtime::object::ShapeId;
use crate::runtime::sequences::items;
use crate::runtime::types::{TypeId, type_id};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Builtins;
    "isinstance" Arity::Range(2, 2), isinstance, "True if the value is of the type or one of the types.";
    "issubclass" Arity::Range(2, 2), issubclass, "True if the type is or derives from the other.";
}

fn isinstance(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    is_instance(vm, values[0], values[1]).map(Value::from_bool)
}

fn issubclass(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    is_subclass(vm, values[0], values[1]).map(Value::from_bool)
}

/// `isinstance(value, classes)`.
pub fn is_instance(vm: &mut Vm, value: Value, classes: Value) -> Outcome<bool> {
    if classes.has_shape(ShapeId::TYPE) {
        return native_is_instance(vm, value, classes);
    }
    if classes.has_layout(ShapeId::TUPLE) || classes.has_shape(ShapeId::UNION) {
        let parts = if classes.has_shape(ShapeId::UNION) { fields(classes)[0] } else { classes };
        vm.enter_native(" in __instancecheck__")?;
        let mut result = Ok(false);
        for &part in items(parts) {
            result = is_instance(vm, value, part);
            if result != Ok(false) {
                break;
            }
        }
        vm.leave_native();
        return result;
    }
    let is_class = classes.has_layout(ShapeId::TYPE);
    if is_class && vm.type_of(value) == type_id(classes) {
        return Ok(true);
    }
    let question = match is_class.then(|| vm.abstract_instance(classes, value)).flatten() {
        Some(Ok(answer)) => return Ok(answer),
        Some(Err(question)) => Some(question),
        None => None,
    };
    let name = vm.names.instancecheck;
    if !classes.has_layout(ShapeId::GENERIC_ALIAS)
        && let Some(verdict) = vm.try_special(classes, name, &[value])?
    {
        let answer = crate::runtime::operators::truth(vm, verdict)?;
        if let Some(question) = question {
            vm.remember_answer(question, answer);
        }
        return Ok(answer);
    }
    native_is_instance(vm, value, classes)
}

/// `type.__instancecheck__`: by type, or by what `__class__` claims.
pub fn native_is_instance(vm: &mut Vm, value: Value, class: Value) -> Outcome<bool> {
    if class.has_layout(ShapeId::GENERIC_ALIAS) {
        return Err(vm.type_error("isinstance() argument 2 cannot be a parameterized generic"));
    }
    if !class.has_layout(ShapeId::TYPE) {
        return Err(vm.type_error("isinstance() arg 2 must be a type, a tuple of types, or a union"));
    }
    let (own, other) = (vm.type_of(value), type_id(class));
    if vm.is_subtype(own, other) {
        return Ok(true);
    }
    let name = vm.names.class;
    let is_usual = |id| {
        vm.lookup(id, name) == vm.lookup(TypeId::OBJECT, name)
            && attributes::custom_hook(vm, id, vm.names.getattribute).is_none()
    };
    if !own.is_dynamic() || is_usual(own) {
        return Ok(false);
    }
    match attributes::try_attr(vm, value, name)? {
        Some(claimed) if claimed.has_layout(ShapeId::TYPE) => Ok(vm.is_subtype(type_id(claimed), other)),
        _ => Ok(false),
    }
}

/// `issubclass(class, classes)`.
pub fn is_subclass(vm: &mut Vm, class: Value, classes: Value) -> Outcome<bool> {
    if classes.has_shape(ShapeId::TYPE) {
        return native_is_subclass(vm, class, classes);
    }
    if classes.has_layout(ShapeId::TUPLE) || classes.has_shape(ShapeId::UNION) {
        let parts = if classes.has_shape(ShapeId::UNION) { fields(classes)[0] } else { classes };
        vm.enter_native(" in __subclasscheck__")?;
        let mut result = Ok(false);
        for &part in items(parts) {
            result = is_subclass(vm, class, part);
            if result != Ok(false) {
                break;
            }
        }
        vm.leave_native();
        return result;
    }
    let are_classes = classes.has_layout(ShapeId::TYPE) && class.has_layout(ShapeId::TYPE);
    let question = match are_classes.then(|| vm.abstract_subclass(classes, type_id(class))).flatten() {
        Some(Ok(answer)) => return Ok(answer),
        Some(Err(question)) => Some(question),
        None => None,
    };
    let name = vm.names.subclasscheck;
    if let Some(verdict) = vm.try_special(classes, name, &[class])? {
        let answer = crate::runtime::operators::truth(vm, verdict)?;
        if let Some(question) = question {
            vm.remember_answer(question, answer);
        }
        return Ok(answer);
    }
    native_is_subclass(vm, class, classes)
}

/// `type.__subclasscheck__`.
pub fn native_is_subclass(vm: &mut Vm, class: Value, other: Value) -> Outcome<bool> {
    if !class.has_layout(ShapeId::TYPE) {
        return Err(vm.type_error("issubclass() arg 1 must be a class"));
    }
    if aliases::is_alias(other) {
        return Err(vm.type_error("issubclass() argument 2 cannot be a parameterized generic"));
    }
    if !other.has_layout(ShapeId::TYPE) {
        return Err(vm.type_error("issubclass() arg 2 must be a class, a tuple of classes, or a union"));
    }
    let (own, other): (TypeId, TypeId) = (type_id(class), type_id(other));
    Ok(vm.is_subtype(own, other))
}
