//! Attributes of Python functions: names, defaults, closure, annotations.

use super::dict;
use super::namespace;
use super::object::{Function, ShapeId};
use super::sequences::items;
use super::strings::{self, text};
use super::value::Value;
use super::vm::{Outcome, Vm};

/// The fields of a FUNCTION.
pub fn function<'a>(value: Value) -> &'a mut Function {
    // SAFETY: the caller has checked the shape.
    unsafe { &mut *value.object::<Function>() }
}

/// `__name__`.
pub fn name(vm: &Vm, value: Value) -> String {
    match Vm::map_get(value, vm.names.name) {
        Some(name) if name.is_str() => text(name).to_owned(),
        _ => vm.codes[function(value).code.index()].proto.name.clone(),
    }
}

/// `__qualname__`.
pub fn qualname(vm: &Vm, value: Value) -> String {
    match Vm::map_get(value, vm.names.qualname) {
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
        "__defaults__" | "__kwdefaults__" => {
            let new = if new == Value::UNDEF { Value::NONE } else { new };
            let (layout, kind) =
                if name == "__defaults__" { (ShapeId::TUPLE, "tuple") } else { (ShapeId::DICT, "dict") };
            if new != Value::NONE && !new.has_layout(layout) {
                return Err(vm.type_error(format!("{name} must be set to a {kind} object")));
            }
            set_defaults(vm, value, name == "__defaults__", new)?;
            Ok(true)
        }
        "__closure__" | "__globals__" | "__code__" => Err(vm.attribute_error("readonly attribute")),
        _ => Ok(false),
    }
}

/// Sets the defaults of the positional or of the keyword-only parameters. Which parameters have one is the code's: where
/// that changes, the function gets another code, which is the same but for it. A trace that knows the function may go on
/// in the old one: it has bound what the new one binds, or depends on the tuple, which is another.
fn set_defaults(vm: &mut Vm, value: Value, positional: bool, new: Value) -> Outcome<()> {
    let (id, old) = (function(value).code, function(value).defaults);
    let proto = &vm.codes[id.index()].proto;
    let old = if old == Value::NONE { &[] } else { items(old) };
    let mut all: Vec<(u16, Value)> = proto.defaulted.iter().copied().zip(old.iter().copied()).collect();
    all.retain(|&(parameter, _)| (parameter < proto.positional) != positional);
    if new == Value::NONE {
        // None are left of this kind.
    } else if positional {
        let given = items(new);
        let count = given.len().min(proto.positional as usize);
        let first = proto.positional - count as u16;
        all.extend(given[given.len() - count..].iter().zip(first..).map(|(&default, parameter)| (parameter, default)));
    } else {
        let names = &proto.local_names;
        let mut position = 0;
        while let Some((name, default)) = dict::entry_at(new, &mut position) {
            let found = (proto.positional..proto.positional + proto.keyword_only)
                .find(|&p| strings::as_text(name) == Some(names[p as usize].as_str()));
            if let Some(parameter) = found {
                all.push((parameter, default));
            }
        }
    }
    all.sort_unstable_by_key(|&(parameter, _)| parameter);
    let (defaulted, values): (Vec<u16>, Vec<Value>) = all.into_iter().unzip();
    let code = vm.code_with_defaults(id, defaulted);
    let tuple = vm.tuple(&values)?;
    function(value).code = code;
    function(value).defaults = tuple;
    Ok(())
}
