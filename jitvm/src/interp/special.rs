//! Attributes and special methods as the interpreter asks for them: absent is an answer, not an error.

use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Raised, Vm};
use crate::runtime::{attributes, descriptors, iterate};

/// `getattr(value, name)`, or `None` where that raises AttributeError.
///
/// # Errors
/// Whatever else looking it up raised.
pub fn attribute(vm: &mut Vm, value: Value, name: &str) -> Outcome<Option<Value>> {
    let name = vm.intern(name);
    match attributes::get_attr(vm, value, name) {
        Ok(found) => Ok(Some(found)),
        Err(Raised) => {
            if !attributes::pending_is(vm, TypeId::ATTRIBUTE_ERROR) {
                return Err(Raised);
            }
            vm.take_exception();
            Ok(None)
        }
    }
}

/// The special method `name` of a value, found on its type only: what to call, and the receiver to pass first unless
/// that is UNDEF.
///
/// # Errors
/// What a descriptor raised.
pub fn method(vm: &mut Vm, value: Value, name: &str) -> Outcome<Option<(Value, Value)>> {
    let name = vm.intern(name);
    let Some(found) = vm.special(value, name) else { return Ok(None) };
    if descriptors::is_method(vm, found) {
        return Ok(Some((found, value)));
    }
    let owner = vm.type_of(value);
    descriptors::get(vm, found, value, owner).map(|bound| Some((bound, Value::UNDEF)))
}

/// Calls a builtin function by its name.
///
/// # Errors
/// What it raised.
pub fn call_builtin_function(vm: &mut Vm, name: &str, arguments: &[Value]) -> Outcome {
    let name = vm.intern(name);
    let function = vm.builtins.get(&name).copied().unwrap_or(Value::NONE);
    vm.call(function, arguments)
}

/// `iter(value)` would not be a TypeError.
pub fn is_iterable(vm: &mut Vm, value: Value) -> bool {
    let names = vm.names;
    iterate::is_builtin_iterable(value)
        || vm.special(value, names.iter).is_some()
        || vm.special(value, names.getitem).is_some()
}

/// Calls a special method without arguments; `None` if the type has none.
///
/// # Errors
/// What it raised.
pub fn call_method(vm: &mut Vm, value: Value, name: &str) -> Outcome<Option<Value>> {
    match method(vm, value, name)? {
        Some((callable, Value::UNDEF)) => vm.call(callable, &[]).map(Some),
        Some((callable, receiver)) => vm.call(callable, &[receiver]).map(Some),
        None => Ok(None),
    }
}
