//! The tests of `match` statements.

use super::special;
use crate::runtime::object::ShapeId;
use crate::runtime::sequences::items;
use crate::runtime::strings::text;
use crate::runtime::types::{TypeId, type_id};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{attributes, dict};

/// Builtin types whose subject, as the one positional pattern, is the object itself.
const SELF_MATCHING: &[TypeId] = &[
    TypeId::BOOL,
    TypeId::BYTEARRAY,
    TypeId::BYTES,
    TypeId::DICT,
    TypeId::FLOAT,
    TypeId::FROZENSET,
    TypeId::INT,
    TypeId::LIST,
    TypeId::SET,
    TypeId::STR,
    TypeId::TUPLE,
];

/// Registered or inherited from `collections.abc.Sequence` or the like: a class says so in `__abc_tpflags__`, as the
/// embedded `collections.abc` sets it.
fn has_flag(vm: &mut Vm, value: Value, flag: i64) -> Outcome<bool> {
    if !value.is_instance() {
        return Ok(false);
    }
    let class = vm.type_object(vm.type_of(value));
    Ok(match special::attribute(vm, class, "__abc_tpflags__")? {
        Some(flags) if flags.is_int() => flags.as_fixnum() & flag != 0,
        _ => false,
    })
}

/// A list, a tuple, a range, or what is like them; strs and bytes are not.
///
/// # Errors
/// What looking at its class raised.
pub fn is_sequence(vm: &mut Vm, value: Value) -> Outcome<bool> {
    let native = [ShapeId::LIST, ShapeId::TUPLE, ShapeId::RANGE, ShapeId::LONG_RANGE, ShapeId::MEMORYVIEW];
    if native.iter().any(|&layout| value.has_layout(layout)) {
        return Ok(true);
    }
    has_flag(vm, value, 1 << 5)
}

/// A dict or what is like it.
///
/// # Errors
/// What looking at its class raised.
pub fn is_mapping(vm: &mut Vm, value: Value) -> Outcome<bool> {
    if value.has_layout(ShapeId::DICT) {
        return Ok(true);
    }
    has_flag(vm, value, 1 << 6)
}

/// The values of a mapping for a tuple of keys, or None if it lacks one.
///
/// # Errors
/// ValueError for a key that is there twice; what the mapping raised.
pub fn match_keys(vm: &mut Vm, mapping: Value, keys: Value) -> Outcome {
    let values = vm.list(&[])?;
    let seen = vm.new_dict();
    for index in 0..items(keys).len() {
        let key = items(keys)[index];
        if dict::get(vm, seen, key)?.is_some() {
            let shown = crate::runtime::repr::to_repr(vm, key)?;
            let message = format!("mapping pattern checks duplicate key ({})", text(shown));
            return Err(vm.value_error(message));
        }
        dict::set(vm, seen, key, Value::TRUE)?;
        let value = if mapping.has_shape(ShapeId::DICT) {
            dict::get(vm, mapping, key)?
        } else {
            // `get` does not make entries, as the item of a defaultdict would.
            let name = vm.intern("get");
            let get = attributes::get_attr(vm, mapping, name)?;
            let missing = vm.list(&[])?;
            let found = vm.call(get, &[key, missing])?;
            (found != missing).then_some(found)
        };
        match value {
            Some(value) => vm.push(values, value)?,
            None => return Ok(Value::NONE),
        }
    }
    vm.tuple(items(values))
}

/// The attributes that a class pattern takes apart, or None if the subject is no instance or lacks one.
///
/// # Errors
/// TypeError for patterns the class does not allow.
pub fn match_class(vm: &mut Vm, subject: Value, class: Value, names: Value, positional: usize) -> Outcome {
    if !class.has_layout(ShapeId::TYPE) {
        return Err(vm.type_error("called match pattern must be a type"));
    }
    if special::call_builtin_function(vm, "isinstance", &[subject, class])? != Value::TRUE {
        return Ok(Value::NONE);
    }
    let found = vm.list(&[])?;
    let seen = vm.list(&[])?;
    let class_name = vm.class_name(type_id(class));
    if positional > 0 {
        let mut allowed = 0;
        let mut takes_self = false;
        let arguments = special::attribute(vm, class, "__match_args__")?;
        match arguments {
            Some(arguments) if !arguments.has_layout(ShapeId::TUPLE) => {
                let kind = vm.type_name(arguments);
                return Err(vm.type_error(format!("{class_name}.__match_args__ must be a tuple (got {kind})")));
            }
            Some(arguments) => allowed = items(arguments).len(),
            None => {
                let id = type_id(class);
                if SELF_MATCHING.iter().any(|&native| vm.is_subtype(id, native)) {
                    (allowed, takes_self) = (1, true);
                }
            }
        }
        if allowed < positional {
            let s = if allowed == 1 { "" } else { "s" };
            let message = format!("{class_name}() accepts {allowed} positional sub-pattern{s} ({positional} given)");
            return Err(vm.type_error(message));
        }
        if takes_self {
            vm.push(found, subject)?;
        } else {
            for index in 0..positional {
                let name = items(arguments.unwrap_or(Value::NONE))[index];
                if !name.is_str() {
                    let kind = vm.type_name(name);
                    return Err(vm.type_error(format!("__match_args__ elements must be strings (got {kind})")));
                }
                if !match_attribute(vm, subject, name, class_name, found, seen)? {
                    return Ok(Value::NONE);
                }
            }
        }
    }
    for index in 0..items(names).len() {
        let name = items(names)[index];
        if !match_attribute(vm, subject, name, class_name, found, seen)? {
            return Ok(Value::NONE);
        }
    }
    vm.tuple(items(found))
}

fn match_attribute(
    vm: &mut Vm,
    subject: Value,
    name: Value,
    class_name: &str,
    found: Value,
    seen: Value,
) -> Outcome<bool> {
    if items(seen).iter().any(|&known| text(known) == text(name)) {
        let name = text(name);
        return Err(vm.type_error(format!("{class_name}() got multiple sub-patterns for attribute '{name}'")));
    }
    vm.push(seen, name)?;
    match special::attribute(vm, subject, text(name))? {
        Some(value) => {
            vm.push(found, value)?;
            Ok(true)
        }
        None => Ok(false),
    }
}
