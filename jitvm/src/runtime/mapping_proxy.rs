//! `class.__dict__`: a read-only view of a class's attributes.

use super::descriptors::fields;
use super::types::type_id;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// Names and values, in the order they were set.
pub fn entries(vm: &Vm, proxy: Value) -> Vec<(Value, Value)> {
    vm.class(type_id(fields(proxy)[0])).attributes.entries().to_vec()
}

/// The value of a name, which is no str of ours unless it is interned.
pub fn get(vm: &Vm, proxy: Value, key: Value) -> Option<Value> {
    if !key.is_str() {
        return None;
    }
    let name = vm.interned_name(key)?;
    vm.class(type_id(fields(proxy)[0])).attributes.get(name)
}

/// A dict with the same contents.
pub fn to_dict(vm: &mut Vm, proxy: Value) -> Outcome {
    let dict = super::namespace::new(vm)?;
    for (name, value) in entries(vm, proxy) {
        super::namespace::set(vm, dict, name, value)?;
    }
    Ok(dict)
}
