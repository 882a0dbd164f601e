//! Methods of strs with tables and encodings: `maketrans`, `translate`, `encode`.

use super::bytes_methods::{after_receiver, encoding_and_errors};
use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::attributes::pending_is;
use crate::runtime::iterate::to_index;
use crate::runtime::numbers::as_integer;
use crate::runtime::strings::{as_text, length, text};
use crate::runtime::surrogates::{code_of, from_code};
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{codecs, dict, subscript};

builtins! {
    METHODS of Owner::Type(TypeId::STR);
    "encode" Arity::Free, encode, "The bytes in an encoding.";
    "translate" Arity::One, translate, "With characters replaced by a table.";
}

builtins! {
    STATIC of Owner::Static(TypeId::STR);
    "maketrans" Arity::Range(1, 3), maketrans, "A table for translate().";
}

fn encode(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [encoding, errors] = after_receiver(arguments).bind(vm, "encode", ["encoding", "errors"])?;
    let (encoding, errors) = encoding_and_errors(vm, "encode", encoding, errors)?;
    let source = arguments.positional()[0];
    // All of these have the same bytes for it.
    if crate::runtime::strings::is_ascii(source) && matches!(encoding, "utf-8" | "utf8" | "ascii" | "latin-1") {
        return vm.bytes(text(source).as_bytes());
    }
    let data = codecs::encode(vm, source, encoding, errors)?;
    vm.bytes(&data)
}

fn maketrans(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let table = vm.new_dict();
    let from = arguments.positional()[0];
    let Some(to) = arguments.get(1) else {
        if !from.has_shape(crate::runtime::object::ShapeId::DICT) {
            return Err(vm.type_error("if you give only one argument to maketrans it must be a dict"));
        }
        let mut position = 0;
        while let Some((key, value)) = dict::entry_at(from, &mut position) {
            let key = match as_text(key) {
                Some(_) if length(key) != 1 => {
                    return Err(vm.value_error("string keys in translate table must be of length 1"));
                }
                Some(text) => Value::from_fixnum(text.chars().next().map_or(0, |c| i64::from(code_of(c)))),
                None if as_integer(key).is_some() => key,
                None => return Err(vm.type_error("keys in translate table must be strings or integers")),
            };
            dict::set(vm, table, key, value)?;
        }
        return Ok(table);
    };
    let Some(target) = as_text(to) else {
        let name = vm.argument_type_name(to);
        return Err(vm.type_error(format!("maketrans() argument 2 must be str, not {name}")));
    };
    let Some(source) = as_text(from) else {
        return Err(vm.type_error("first maketrans argument must be a string if there is a second argument"));
    };
    if length(from) != length(to) {
        return Err(vm.value_error("the first two maketrans arguments must have equal length"));
    }
    let code = |c: char| Value::from_fixnum(i64::from(code_of(c)));
    for (from, to) in source.chars().zip(target.chars()) {
        dict::set(vm, table, code(from), code(to))?;
    }
    if let Some(gone) = arguments.get(2) {
        let Some(gone) = as_text(gone) else {
            let name = vm.argument_type_name(gone);
            return Err(vm.type_error(format!("maketrans() argument 3 must be str, not {name}")));
        };
        for c in gone.chars() {
            dict::set(vm, table, code(c), Value::NONE)?;
        }
    }
    Ok(table)
}

fn translate(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [string, table] = [0, 1].map(|index| arguments.positional()[index]);
    let source = text(string);
    let mut out = String::with_capacity(source.len());
    for c in source.chars() {
        let key = Value::from_fixnum(i64::from(code_of(c)));
        let found = if table.has_shape(crate::runtime::object::ShapeId::DICT) {
            dict::get(vm, table, key)?
        } else {
            match subscript::get_item(vm, table, key) {
                Ok(value) => Some(value),
                Err(_) if pending_is(vm, TypeId::LOOKUP_ERROR) => {
                    vm.take_exception();
                    None
                }
                Err(raised) => return Err(raised),
            }
        };
        match found {
            None => out.push(c),
            Some(Value::NONE) => {}
            Some(value) => match as_text(value) {
                Some(text) => out.push_str(text),
                None if as_integer(value).is_some() => {
                    let code = to_index(vm, value)?;
                    match u32::try_from(code).ok().and_then(from_code) {
                        Some(c) => out.push(c),
                        None => return Err(vm.value_error("character mapping must be in range(0x110000)")),
                    }
                }
                None => return Err(vm.type_error("character mapping must return integer, None or str")),
            },
        }
    }
    Ok(vm.str(&out))
}
