//! Calls of classes: those whose instances are plain objects get theirs here, and `__init__` a frame like any function.

use super::call;
use crate::runtime::object::{Function, ShapeId};
use crate::runtime::types::{TypeId, type_id};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

/// How instances of a class come about.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub class: TypeId,
    /// The shape of the new object, and its slots.
    pub shape: ShapeId,
    pub capacity: u16,
    /// `__init__`, if the program defines one.
    pub init: Option<*const Function>,
}

/// The plan of a class that uses `object.__new__` and whose `__init__` is a Python function or `object`'s.
pub fn plan(vm: &mut Vm, class: Value) -> Option<Plan> {
    if !class.has_layout(ShapeId::TYPE) {
        return None;
    }
    let id = type_id(class);
    if !id.is_dynamic() || vm.class(id).layout != ShapeId::INSTANCE {
        return None;
    }
    // A metaclass may define what calling its classes does.
    let names = vm.names;
    let metaclass = vm.type_of(class);
    if metaclass != TypeId::TYPE && vm.lookup(metaclass, names.call) != vm.lookup(TypeId::TYPE, names.call) {
        return None;
    }
    if vm.lookup(id, names.new) != vm.lookup(TypeId::OBJECT, names.new) || vm.is_abstract(id) {
        return None;
    }
    let init = vm.lookup(id, names.init)?;
    let init = if Some(init) == vm.lookup(TypeId::OBJECT, names.init) { None } else { Some(call::as_function(init)?) };
    let shape = vm.root_shape(id);
    Some(Plan { class: id, shape, capacity: vm.shapes.get(shape).capacity, init })
}
