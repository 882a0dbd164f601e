//! Attributes of Python functions: names, defaults, closure, annotations.

use super::namespace;
use super::object::{Function, ShapeId};
use super::sequences::items;
use super::strings::text;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// The fields of a FUNCTION.
pub fn function<'a>(value: Value) -> &'a mut Function {
    // SAFETY: the caller has checked the shape.
    unsafe { &mut *value.object::<Function>() }
}

/// `__name__`.
pub fn name(vm: &Vm, value: Value) -> String {
    match vm.instance_get(value, vm.names.name) {
        Some(name) if name.is_str() => text(name).to_owned(),
        _ => vm.codes[function(value).code.index()].proto.name.clone(),
    }
}

/// `__qualname__`.
pub fn qualname(vm: &Vm, value: Value) -> String {
    match vm.instance_get(value, vm.names.qualname) {
        Some(name) if name.is_str() => text(name).to_owned(),
        _ => vm.codes[function(value).code.index()].proto.qualname.clone(),
    }
}

/// `__defaults__`: those of the positional parameters, or None.
pub fn defaults(vm: &mut Vm, value: Value) -> Option<Value> {
    let (all, code) = (function(value).defaults, function(value).code);
    if all == Value::NONE {
        return Some(Value::NONE);
    }
    let proto = &vm.codes[code.index()].proto;
    let positional = proto.defaulted.iter().filter(|&&parameter| parameter < proto.positional).count();
    let values = &items(all)[..positional];
    if values.is_empty() { Some(Value::NONE) } else { vm.tuple(values).ok() }
}

/// `__kwdefaults__`: of the keyword-only parameters by name, or None.
pub fn keyword_defaults(vm: &mut Vm, value: Value) -> Option<Value> {
    let (all, code) = (function(value).defaults, function(value).code);
    if all == Value::NONE {
        return Some(Value::NONE);
    }
    let proto = &vm.codes[code.index()].proto;
    let parameters = proto.defaulted.iter().zip(items(all));
    let named: Vec<(String, Value)> = parameters
        .filter(|&(&parameter, _)| parameter >= proto.positional)
        .map(|(&parameter, &default)| (proto.local_names[parameter as usize].clone(), default))
        .collect();
    if named.is_empty() {
        return Some(Value::NONE);
    }
    let map = namespace::new(vm).ok()?;
    for (name, default) in named {
        let name = vm.intern(&name);
        namespace::set(vm, map, name, default).ok()?;
    }
    Some(map)
}

/// `__annotations__`: the dict, made of the tuple the first time.
pub fn annotations(vm: &mut Vm, value: Value) -> Outcome {
    let given = function(value).annotations;
    if given != Value::NONE && !given.has_shape(ShapeId::TUPLE) {
        return Ok(given);
    }
    let map = namespace::new(vm)?;
    if given != Value::NONE {
        for pair in items(given).chunks_exact(2) {
            namespace::set(vm, map, pair[0], pair[1])?;
        }
    }
    function(value).annotations = map;
    Ok(map)
}

/// `__module__`: the name of the module whose globals the code uses.
pub fn module(vm: &mut Vm, value: Value) -> Value {
    let owner = vm.codes[function(value).code.index()].module;
    let name = vm.names.name;
    vm.global(owner, name).unwrap_or(Value::NONE)
}

/// `__globals__`.
pub fn globals(vm: &mut Vm, value: Value) -> Option<Value> {
    Some(super::modules::module_dict(vm.codes[function(value).code.index()].module))
}

/// Sets what is no ordinary attribute of a function; false for others.
pub fn set_attribute(vm: &mut Vm, value: Value, name: &str, new: Value) -> Outcome<bool> {
    match name {
        "__name__" | "__qualname__" if !new.is_str() => {
            Err(vm.type_error(format!("{name} must be set to a string object")))
        }
        "__annotations__" => {
            function(value).annotations = if new == Value::UNDEF { Value::NONE } else { new };
            Ok(true)
        }
        "__defaults__" => {
            let new = if new == Value::UNDEF { Value::NONE } else { new };
            let code = function(value).code;
            let proto = &vm.codes[code.index()].proto;
            let positional = proto.defaulted.iter().filter(|&&parameter| parameter < proto.positional).count();
            let given = if new == Value::NONE { 0 } else { items(new).len() };
            if given != positional {
                return Err(vm.value_error("changing how many parameters have defaults is not supported"));
            }
            let rest = if function(value).defaults == Value::NONE {
                Vec::new()
            } else {
                items(function(value).defaults)[positional..].to_vec()
            };
            let own: &[Value] = if new == Value::NONE { &[] } else { items(new) };
            let all: Vec<Value> = own.iter().chain(&rest).copied().collect();
            let all = vm.tuple(&all)?;
            function(value).defaults = all;
            Ok(true)
        }
        "__closure__" | "__globals__" | "__code__" | "__kwdefaults__" => Err(vm.attribute_error("readonly attribute")),
        _ => Ok(false),
    }
}
