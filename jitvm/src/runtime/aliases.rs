//! Parametrised classes (`list[int]`) and unions of classes (`int | None`).

use super::attributes;
use super::descriptors::fields;
use super::object::ShapeId;
use super::sequences::items;
use super::strings::text;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// `origin[arguments]` of a builtin class.
pub fn new_alias(vm: &mut Vm, origin: Value, arguments: Value) -> Outcome {
    let arguments = if arguments.has_layout(ShapeId::TUPLE) { arguments } else { vm.tuple(&[arguments])? };
    Ok(vm.descriptor(ShapeId::GENERIC_ALIAS, [origin, arguments, Value::FALSE, Value::NONE]))
}

/// `*alias`, the only item of an alias, as a tuple of it.
pub fn unpacked(vm: &mut Vm, alias: Value) -> Outcome {
    let [origin, arguments, ..] = *fields(alias);
    let starred = vm.descriptor(ShapeId::GENERIC_ALIAS, [origin, arguments, Value::TRUE, Value::NONE]);
    vm.tuple(&[starred])
}

/// An attribute of an alias: its own, or its origin's.
pub fn find(vm: &mut Vm, alias: Value, name: Value) -> Outcome<Option<Value>> {
    let [origin, arguments, unpacked, _] = *fields(alias);
    match text(name) {
        "__origin__" => Ok(Some(origin)),
        "__unpacked__" => Ok(Some(unpacked)),
        "__args__" => Ok(Some(arguments)),
        "__parameters__" => match typing_function(vm, "_parameters_of")? {
            Some(function) => vm.call(function, &[arguments]).map(Some),
            None => Ok(Some(vm.empty_tuple)),
        },
        "__class__" => Ok(Some(vm.type_object(vm.type_of(alias)))),
        "__mro_entries__" => attributes::generic_find(vm, alias, name),
        _ => attributes::find_attr(vm, origin, name),
    }
}

/// A function of `typing.forms`, which is there if there are type variables.
fn typing_function(vm: &mut Vm, name: &str) -> Outcome<Option<Value>> {
    let Some(module) = vm.find_module("typing.forms") else { return Ok(None) };
    let name = vm.intern(name);
    attributes::find_attr(vm, module, name)
}

/// `alias[key]`: the alias with its type variables replaced.
///
/// # Errors
/// TypeError if it has none.
pub fn get_item(vm: &mut Vm, alias: Value, key: Value) -> Outcome {
    match typing_function(vm, "_alias_item")? {
        Some(function) => vm.call(function, &[alias, key]),
        None => {
            let name = alias_text(vm, alias)?;
            Err(vm.type_error(format!("{name} is not a generic class")))
        }
    }
}

/// `a | b` of classes; `None` unless both are classes, aliases, unions or None, and one is no None.
pub fn union_of(vm: &mut Vm, a: Value, b: Value) -> Option<Outcome> {
    if !have_union(a, b) {
        return None;
    }
    // A metaclass may define the operator; that of the second is asked where the first's has none or is derived from.
    let asks_second = a == Value::NONE || vm.is_subtype(vm.type_of(b), vm.type_of(a));
    let is_asked = defines_operator(vm, a, "__or__") || asks_second && defines_operator(vm, b, "__ror__");
    if is_asked { None } else { Some(make_union(vm, a, b)) }
}

/// The class's metaclass has an operator of its own.
fn defines_operator(vm: &mut Vm, class: Value, name: &str) -> bool {
    if !class.has_layout(ShapeId::TYPE) || !class.is_instance() {
        return false;
    }
    let name = vm.intern(name);
    vm.special(class, name).is_some_and(|method| !method.has_shape(ShapeId::BUILTIN))
}

/// `a | b` as `type` does it, after metaclasses that are asked have declined: one of the two must leave it to `type`.
pub fn native_union(vm: &mut Vm, a: Value, b: Value) -> Option<Outcome> {
    let mut is_of_program = |value| defines_operator(vm, value, "__or__") || defines_operator(vm, value, "__ror__");
    let is_left_to_type = !is_of_program(a) || !is_of_program(b);
    (have_union(a, b) && is_left_to_type).then(|| make_union(vm, a, b))
}

/// `type.__or__`, which asks no metaclass.
pub fn plain_union(vm: &mut Vm, a: Value, b: Value) -> Outcome {
    if have_union(a, b) { make_union(vm, a, b) } else { Ok(Value::NOT_IMPLEMENTED) }
}

fn have_union(a: Value, b: Value) -> bool {
    let part = |value: Value| {
        value == Value::NONE || matches!(value.layout(), ShapeId::TYPE | ShapeId::GENERIC_ALIAS | ShapeId::UNION)
    };
    part(a) && part(b) && (a != Value::NONE || b != Value::NONE)
}

fn make_union(vm: &mut Vm, a: Value, b: Value) -> Outcome {
    let list = vm.list(&[])?;
    for value in [a, b] {
        let value = if value == Value::NONE { vm.type_object(super::types::TypeId::NONE_TYPE) } else { value };
        let parts = if value.has_shape(ShapeId::UNION) { items(fields(value)[0]) } else { &[value] };
        for &part in parts {
            if !items(list).contains(&part) {
                vm.push(list, part)?;
            }
        }
    }
    if let [only] = *items(list) {
        return Ok(only);
    }
    let parts = vm.tuple(items(list))?;
    Ok(vm.descriptor(ShapeId::UNION, [parts, Value::NONE, Value::NONE, Value::NONE]))
}

/// `list[int]` as its repr shows it.
pub fn alias_text(vm: &mut Vm, alias: Value) -> Outcome<String> {
    let [origin, arguments, unpacked, _] = *fields(alias);
    let mut parts = Vec::new();
    for &argument in items(arguments) {
        parts.push(part_text(vm, argument)?);
    }
    let origin = part_text(vm, origin)?;
    let star = if unpacked == Value::TRUE { "*" } else { "" };
    Ok(format!("{star}{origin}[{}]", parts.join(", ")))
}

/// `int | None` as its repr shows it.
pub fn union_text(vm: &mut Vm, union: Value) -> Outcome<String> {
    let mut parts = Vec::new();
    for &part in items(fields(union)[0]) {
        let none = vm.type_object(super::types::TypeId::NONE_TYPE);
        parts.push(if part == none { "None".to_owned() } else { part_text(vm, part)? });
    }
    Ok(parts.join(" | "))
}

fn part_text(vm: &mut Vm, part: Value) -> Outcome<String> {
    if part == Value::ELLIPSIS {
        return Ok("...".to_owned());
    }
    if part.has_layout(ShapeId::TYPE) {
        return Ok(super::repr::qualified_name(vm, super::types::type_id(part)));
    }
    super::repr::repr_text(vm, part)
}

/// Equality of objects that are equal if their parts are: aliases, unions, bound methods. `None` for others.
pub fn equal_parts(vm: &mut Vm, a: Value, b: Value) -> Outcome<Option<bool>> {
    if a.layout() != b.layout() {
        return Ok(None);
    }
    match a.layout() {
        ShapeId::GENERIC_ALIAS => {
            let ([x, p, s, _], [y, q, t, _]) = (*fields(a), *fields(b));
            Ok(Some(x == y && s == t && super::compare::equal(vm, p, q)?))
        }
        ShapeId::UNION => {
            let (x, y) = (items(fields(a)[0]), items(fields(b)[0]));
            Ok(Some(x.len() == y.len() && x.iter().all(|part| y.contains(part))))
        }
        ShapeId::BOUND_METHOD => {
            let ((f, x), (g, y)) = (super::descriptors::bound_parts(a), super::descriptors::bound_parts(b));
            Ok(Some(x == y && super::compare::equal(vm, f, g)?))
        }
        _ => Ok(None),
    }
}

/// The hash of such an object; `None` for others.
pub fn hash_parts(vm: &mut Vm, value: Value) -> Outcome<Option<i64>> {
    match value.layout() {
        ShapeId::GENERIC_ALIAS => {
            let [origin, arguments, ..] = *fields(value);
            let (x, y) = (super::hash::hash(vm, origin)?, super::hash::hash(vm, arguments)?);
            Ok(Some(x ^ y))
        }
        ShapeId::UNION => {
            let mut result = 0;
            for &part in items(fields(value)[0]) {
                result ^= super::hash::hash(vm, part)?;
            }
            Ok(Some(result))
        }
        ShapeId::BOUND_METHOD => {
            let (function, receiver) = super::descriptors::bound_parts(value);
            Ok(Some(super::hash::identity_hash(function) ^ super::hash::identity_hash(receiver)))
        }
        _ => Ok(None),
    }
}

pub fn is_alias(value: Value) -> bool {
    value.has_layout(ShapeId::GENERIC_ALIAS)
}
