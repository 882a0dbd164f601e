//! Parametrised classes (`list[int]`) and unions of classes (`int | None`).

use super::attributes;
use super::descriptors::fields;
use super::object::ShapeId;
use super::strings::text;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// `origin[arguments]` of a builtin class.
pub fn new_alias(vm: &mut Vm, origin: Value, arguments: Value) -> Outcome {
    let arguments = if arguments.has_layout(ShapeId::TUPLE) { arguments } else { vm.tuple(&[arguments])? };
    Ok(vm.descriptor(ShapeId::GENERIC_ALIAS, [origin, arguments, Value::NONE, Value::NONE]))
}

/// An attribute of an alias: its own, or its origin's.
pub fn find(vm: &mut Vm, alias: Value, name: Value) -> Outcome<Option<Value>> {
    let [origin, arguments, ..] = *fields(alias);
    match text(name) {
        "__origin__" => Ok(Some(origin)),
        "__args__" => Ok(Some(arguments)),
        "__parameters__" => Ok(Some(vm.empty_tuple)),
        "__class__" => Ok(Some(vm.type_object(vm.type_of(alias)))),
        "__mro_entries__" => attributes::generic_find(vm, alias, name),
        _ => attributes::find_attr(vm, origin, name),
    }
}
