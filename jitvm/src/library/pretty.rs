//! The module `_pprint`: what `pprint` shows of plain objects on one line.

use std::fmt::Write;

use super::structures::structure_of;
use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::bytes::{data, repr_of_data};
use crate::runtime::object::ShapeId;
use crate::runtime::repr::write_str_repr;
use crate::runtime::sequences::items;
use crate::runtime::strings::text;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{dict, float_text};

builtins! {
    FUNCTIONS of Owner::Module("_pprint");
    "plain" Arity::Range(3, 3), plain, "The text of a plain object, or None.";
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

/// Containers in containers that are looked into.
const DEEPEST: usize = 100;

/// `plain(object, context, sort_dicts)`: the object's `repr`, dicts sorted by their keys if that is asked for. None if it is
/// not all of builtin types, has keys that are not all strs or all small ints, or something in it is in `context`, a dict
/// by `id`, or in itself.
fn plain(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [value, context, sort] = [0, 1, 2].map(|index| arguments.positional()[index]);
    if !context.has_shape(ShapeId::DICT) {
        return Ok(Value::NONE);
    }
    let mut writer = Writer { out: String::new(), context, sorted: sort == Value::TRUE, open: Vec::new() };
    match writer.value(vm, value)? {
        true => Ok(vm.str(&writer.out)),
        false => Ok(Value::NONE),
    }
}

struct Writer {
    out: String,
    context: Value,
    sorted: bool,
    /// Containers around what is written, which the caller's object refers to.
    open: Vec<Value>,
}

impl Writer {
    /// False, with `out` of no use, for what is not plain.
    fn value(&mut self, vm: &mut Vm, value: Value) -> Outcome<bool> {
        if value.is_int() {
            return Ok(write!(self.out, "{}", value.as_fixnum()).is_ok());
        }
        if value.is_float() {
            self.out.push_str(&float_text::repr(value.as_float()));
            return Ok(true);
        }
        let name = match value {
            Value::NONE => "None",
            Value::TRUE => "True",
            Value::FALSE => "False",
            _ => "",
        };
        self.out.push_str(name);
        if !name.is_empty() || !value.is_pointer() {
            return Ok(!name.is_empty());
        }
        match value.shape() {
            ShapeId::STR => write_str_repr(text(value), false, &mut self.out),
            ShapeId::BYTES => repr_of_data(data(value), &mut self.out),
            ShapeId::LIST | ShapeId::DICT => return self.container(vm, value),
            ShapeId::TUPLE if structure_of(value).is_none() => return self.container(vm, value),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn container(&mut self, vm: &mut Vm, value: Value) -> Outcome<bool> {
        let known = dict::length(self.context) > 0
            && dict::get(vm, self.context, Value::from_fixnum(value.address() as i64))?.is_some();
        if known || self.open.len() >= DEEPEST || self.open.contains(&value) {
            return Ok(false);
        }
        self.open.push(value);
        let plain = match value.shape() {
            ShapeId::DICT => self.dict(vm, value)?,
            ShapeId::LIST => self.sequence(vm, items(value), "[", "]")?,
            _ => self.sequence(vm, items(value), "(", if items(value).len() == 1 { ",)" } else { ")" })?,
        };
        self.open.pop();
        Ok(plain)
    }

    /// Nothing here runs code of the program, so the items stay as they are.
    fn sequence(&mut self, vm: &mut Vm, items: &[Value], start: &str, end: &str) -> Outcome<bool> {
        self.out.push_str(start);
        for (index, &item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push_str(", ");
            }
            if !self.value(vm, item)? {
                return Ok(false);
            }
        }
        self.out.push_str(end);
        Ok(true)
    }

    fn dict(&mut self, vm: &mut Vm, dict: Value) -> Outcome<bool> {
        let (mut entries, mut position) = (Vec::new(), 0);
        while let Some(entry) = dict::entry_at(dict, &mut position) {
            entries.push(entry);
        }
        if self.sorted && entries.len() > 1 {
            if entries.iter().all(|(key, _)| key.is_int()) {
                entries.sort_by_key(|(key, _)| key.as_fixnum());
            } else if entries.iter().all(|(key, _)| key.has_shape(ShapeId::STR) && text(*key).is_ascii()) {
                entries.sort_by_key(|(key, _)| text(*key));
            } else {
                return Ok(false);
            }
        }
        self.out.push('{');
        for (index, &(key, value)) in entries.iter().enumerate() {
            if index > 0 {
                self.out.push_str(", ");
            }
            if !self.value(vm, key)? {
                return Ok(false);
            }
            self.out.push_str(": ");
            if !self.value(vm, value)? {
                return Ok(false);
            }
        }
        self.out.push('}');
        Ok(true)
    }
}
