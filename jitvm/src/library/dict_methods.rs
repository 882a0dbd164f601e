//! Methods of dicts and their views.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::dict;
use crate::runtime::dict_views;
use crate::runtime::iterate::Iteration;
use crate::runtime::object::ShapeId;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    DICT of Owner::Type(TypeId::DICT);
    "clear" Arity::Zero, clear, "Removes all entries.";
    "copy" Arity::Zero, copy, "A dict of the same entries.";
    "get" Arity::Range(1, 2), get, "The value of a key, or a default.";
    "items" Arity::Zero, items, "A view of the pairs of keys and values.";
    "keys" Arity::Zero, keys, "A view of the keys.";
    "pop" Arity::Range(1, 2), pop, "Takes out a key; its value, or a default.";
    "popitem" Arity::Zero, popitem, "Takes out the last pair of key and value.";
    "setdefault" Arity::Range(1, 2), setdefault, "The value of a key, which is set to a default if absent.";
    "update" Arity::Free, update, "Sets the entries of a mapping, of pairs, and of keywords.";
    "values" Arity::Zero, values, "A view of the values.";
}

builtins! {
    CLASS of Owner::Class(TypeId::DICT);
    "fromkeys" Arity::Range(1, 2), fromkeys, "A dict of the keys of an iterable, all with one value.";
}

builtins! {
    INIT of Owner::Type(TypeId::DICT);
    "__init__" Arity::Free, init, "Sets the entries of a mapping, of pairs, and of keywords.";
}

builtins! {
    KEYS of Owner::Type(TypeId::DICT_KEYS);
    "isdisjoint" Arity::One, isdisjoint, "True if no key is in the other.";
}

builtins! {
    ITEMS of Owner::Type(TypeId::DICT_ITEMS);
    "isdisjoint" Arity::One, isdisjoint, "True if no pair is in the other.";
}

fn clear(vm: &mut Vm, arguments: Arguments) -> Outcome {
    dict::clear(vm, arguments.positional()[0]);
    Ok(Value::NONE)
}

fn copy(vm: &mut Vm, arguments: Arguments) -> Outcome {
    dict::copy(vm, arguments.positional()[0])
}

/// The receiver, the key and the default.
fn key_and_default(arguments: Arguments) -> (Value, Value, Option<Value>) {
    (arguments.positional()[0], arguments.positional()[1], arguments.get(2))
}

fn get(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (dict, key, default) = key_and_default(arguments);
    Ok(dict::get(vm, dict, key)?.or(default).unwrap_or(Value::NONE))
}

fn pop(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (dict, key, default) = key_and_default(arguments);
    let found = if dict::length(dict) == 0 { None } else { dict::remove(vm, dict, key)? };
    match found.or(default) {
        Some(value) => Ok(value),
        None => Err(dict::raise_key_error(vm, key)),
    }
}

fn popitem(vm: &mut Vm, arguments: Arguments) -> Outcome {
    match dict::pop_last(vm, arguments.positional()[0]) {
        Some((key, value)) => vm.tuple(&[key, value]),
        None => Err(vm.raise(TypeId::KEY_ERROR, "popitem(): dictionary is empty")),
    }
}

fn setdefault(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (dict, key, default) = key_and_default(arguments);
    dict::set_default(vm, dict, key, default.unwrap_or(Value::NONE))
}

fn update(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let Some(&dict) = arguments.positional().first() else {
        return Err(vm.type_error("unbound method dict.update() needs an argument"));
    };
    update_from(vm, dict, "update", arguments.positional().get(1..).unwrap_or_default(), arguments)?;
    Ok(Value::NONE)
}

/// What `dict(...)` and `dict.update(...)` do with their arguments after the receiver.
pub fn update_from(
    vm: &mut Vm,
    dict: Value,
    function: &str,
    positional: &[Value],
    arguments: Arguments,
) -> Outcome<()> {
    match *positional {
        [] => {}
        [other] => dict_views::update(vm, dict, other)?,
        [..] => {
            let given = positional.len();
            return Err(vm.type_error(format!("{function} expected at most 1 argument, got {given}")));
        }
    }
    for (name, value) in arguments.keywords() {
        let name = vm.intern(name);
        dict::set_str(vm, dict, name, value)?;
    }
    Ok(())
}

fn init(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let Some((&dict, others)) = arguments.positional().split_first() else {
        return Err(vm.type_error("descriptor '__init__' of 'dict' object needs an argument"));
    };
    update_from(vm, dict, "dict", others, arguments)?;
    Ok(Value::NONE)
}

fn fromkeys(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [class, iterable] = [0, 1].map(|index| arguments.positional()[index]);
    let value = arguments.get(2).unwrap_or(Value::NONE);
    let dict = vm.call(class, &[])?;
    let mut iteration = Iteration::new(vm, iterable)?;
    while let Some(key) = iteration.next(vm)? {
        if dict.has_shape(ShapeId::DICT) {
            dict::set(vm, dict, key, value)?;
        } else {
            crate::runtime::subscript::set_item(vm, dict, key, value)?;
        }
    }
    Ok(dict)
}

fn keys(vm: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(vm.dict_view(ShapeId::DICT_KEYS, arguments.positional()[0]))
}

fn values(vm: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(vm.dict_view(ShapeId::DICT_VALUES, arguments.positional()[0]))
}

fn items(vm: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(vm.dict_view(ShapeId::DICT_ITEMS, arguments.positional()[0]))
}

fn isdisjoint(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [view, other] = [0, 1].map(|index| arguments.positional()[index]);
    dict_views::is_disjoint(vm, view, other).map(Value::from_bool)
}
