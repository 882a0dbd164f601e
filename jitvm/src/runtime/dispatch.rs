//! Operators on instances of program classes: their special methods, with reflections.

use super::value::Value;
use super::vm::{Outcome, Vm};

impl Vm {
    /// Calls the special method of a value that a lookup in its class found.
    pub fn call_special(&mut self, method: Value, receiver: Value, arguments: &[Value]) -> Outcome {
        super::descriptors::call_unbound(self, method, receiver, arguments)
    }
}

/// `bool(value)` of an instance.
pub fn truth(vm: &mut Vm, value: Value) -> Outcome<bool> {
    let names = vm.names;
    if let Some(method) = vm.special(value, names.bool) {
        let result = vm.call_special(method, value, &[])?;
        if result.is_bool() {
            return Ok(result == Value::TRUE);
        }
        let name = vm.type_name(result);
        return Err(vm.type_error(format!("__bool__ should return bool, returned {name}")));
    }
    if vm.special(value, names.len).is_some() {
        return Ok(super::dispatch::length(vm, value)? != 0);
    }
    Ok(super::operators::native_truth(value))
}

/// `len(value)` of an instance that has `__len__`.
pub fn length(vm: &mut Vm, value: Value) -> Outcome<i64> {
    let names = vm.names;
    let Some(method) = vm.special(value, names.len) else {
        let name = vm.type_name(value);
        return Err(vm.type_error(format!("object of type '{name}' has no len()")));
    };
    let result = vm.call_special(method, value, &[])?;
    let length = super::iterate::to_index(vm, result)?;
    if length < 0 {
        return Err(vm.value_error("__len__() should return >= 0"));
    }
    Ok(length)
}
