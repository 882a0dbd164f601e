//! Read-only views: `class.__dict__` of a class's attributes, and `view.mapping` of a dict.

use super::descriptors::fields;
use super::dict;
use super::object::ShapeId;
use super::types::type_id;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// A view of a class or a dict.
pub fn of(vm: &mut Vm, source: Value) -> Value {
    vm.descriptor(ShapeId::MAPPING_PROXY, [source, Value::NONE, Value::NONE, Value::NONE])
}

/// Names and values, in the order they were set.
pub fn entries(vm: &Vm, proxy: Value) -> Vec<(Value, Value)> {
    let source = fields(proxy)[0];
    if dict::is_dict(source) {
        let mut position = 0;
        return std::iter::from_fn(|| dict::entry_at(source, &mut position)).collect();
    }
    vm.class(type_id(source)).attributes.entries().to_vec()
}

/// The value of a key. Those of a class are interned strs.
pub fn get(vm: &mut Vm, proxy: Value, key: Value) -> Outcome<Option<Value>> {
    let source = fields(proxy)[0];
    if dict::is_dict(source) {
        return dict::get(vm, source, key);
    }
    if !key.is_str() {
        return Ok(None);
    }
    let Some(name) = vm.interned_name(key) else { return Ok(None) };
    Ok(vm.class(type_id(source)).attributes.get(name))
}

/// A dict with the same contents.
pub fn to_dict(vm: &mut Vm, proxy: Value) -> Outcome {
    let copy = super::namespace::new(vm)?;
    for (name, value) in entries(vm, proxy) {
        dict::set(vm, copy, name, value)?;
    }
    Ok(copy)
}
