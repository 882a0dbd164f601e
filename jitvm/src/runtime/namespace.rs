//! Dicts as the object model uses them: attributes and class bodies, by interned names.

use super::dict;
use super::object::ShapeId;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// Layout of the maps.
pub const LAYOUT: ShapeId = ShapeId::DICT;

pub fn new(vm: &mut Vm) -> Outcome {
    Ok(vm.new_dict())
}

pub fn get(map: Value, name: Value) -> Option<Value> {
    dict::get_str(map, name)
}

pub fn set(vm: &mut Vm, map: Value, name: Value, value: Value) -> Outcome<()> {
    dict::set_str(vm, map, name, value)
}

/// False if there is no such name.
pub fn remove(vm: &mut Vm, map: Value, name: Value) -> Outcome<bool> {
    Ok(dict::remove_str(vm, map, name).is_some())
}

pub fn length(map: Value) -> usize {
    dict::length(map)
}

/// In the order of insertion.
pub fn entries(map: Value) -> Vec<(Value, Value)> {
    let mut position = 0;
    std::iter::from_fn(|| dict::entry_at(map, &mut position)).collect()
}
