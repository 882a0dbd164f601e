//! Maps from interned names to values: the attributes of instances that outgrew their slots.

use super::object::ShapeId;
use super::sequences::{items, items_mut};
use super::value::Value;
use super::vm::{Outcome, Vm};

/// Layout of the maps.
pub const LAYOUT: ShapeId = ShapeId::LIST;

pub fn new(vm: &mut Vm) -> Outcome {
    vm.list(&[])
}

pub fn get(map: Value, name: Value) -> Option<Value> {
    items(map).chunks_exact(2).find(|pair| pair[0] == name).map(|pair| pair[1])
}

pub fn set(vm: &mut Vm, map: Value, name: Value, value: Value) -> Outcome<()> {
    if let Some(at) = items(map).chunks_exact(2).position(|pair| pair[0] == name) {
        items_mut(map)[at * 2 + 1] = value;
        return Ok(());
    }
    vm.push(map, name)?;
    vm.push(map, value)
}

/// False if there is no such name.
pub fn remove(_: &mut Vm, map: Value, name: Value) -> Outcome<bool> {
    let Some(at) = items(map).chunks_exact(2).position(|pair| pair[0] == name) else { return Ok(false) };
    super::subscript::remove(map, at * 2);
    super::subscript::remove(map, at * 2);
    Ok(true)
}

pub fn length(map: Value) -> usize {
    items(map).len() / 2
}

/// In the order of insertion.
pub fn entries(map: Value) -> Vec<(Value, Value)> {
    items(map).chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}
