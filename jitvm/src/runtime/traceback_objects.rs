//! Tracebacks and frames as objects of the program. The exception keeps a plain list of places; objects are made of it
//! when asked for.

use super::descriptors::fields;
use super::exceptions::exception;
use super::object::ShapeId;
use super::sequences::items;
use super::value::Value;
use super::vm::{Outcome, Vm};
use crate::ir::CodeId;

/// `__traceback__`: a chain of TRACEBACK objects, outermost frame first, or None. Fields: rest of the chain, the place
/// as the exception has it.
pub fn traceback_of(vm: &mut Vm, value: Value) -> Value {
    let list = exception(value).traceback;
    if list == Value::NONE {
        return Value::NONE;
    }
    let mut chain = Value::NONE;
    let mut index = 0;
    // The list has the innermost frame first, which is the end of the chain.
    while let Some(&place) = items(list).get(index) {
        chain = vm.descriptor(ShapeId::TRACEBACK, [chain, place, Value::NONE, Value::NONE]);
        index += 1;
    }
    chain
}

/// `exception.__traceback__ = traceback`.
pub fn set_traceback(vm: &mut Vm, value: Value, traceback: Value) -> Outcome<()> {
    if traceback == Value::NONE {
        exception(value).traceback = Value::NONE;
        return Ok(());
    }
    if !traceback.has_shape(ShapeId::TRACEBACK) {
        return Err(vm.type_error("__traceback__ must be a traceback or None"));
    }
    let mut places = Vec::new();
    let mut at = traceback;
    while at != Value::NONE {
        places.push(fields(at)[1]);
        at = fields(at)[0];
    }
    places.reverse();
    // Fixnums: nothing for the collector to find.
    let list = vm.list(&places)?;
    exception(value).traceback = list;
    Ok(())
}

fn place_of(place: Value) -> (CodeId, u32) {
    (CodeId((place.as_fixnum() >> 32) as u32), place.as_fixnum() as u32)
}

fn line_of(vm: &Vm, place: Value) -> u32 {
    let (code, pc) = place_of(place);
    let code = &vm.codes[code.index()];
    let position = code.proto.positions.get(pc as usize).copied().unwrap_or_default();
    code.source.line_column(position.span.start).0
}

/// An attribute of a TRACEBACK.
pub fn field(vm: &mut Vm, traceback: Value, name: &str) -> Option<Value> {
    let [next, place, ..] = *fields(traceback);
    match name {
        "tb_next" => Some(next),
        "tb_lineno" => Some(Value::from_fixnum(i64::from(line_of(vm, place)))),
        "tb_lasti" => Some(Value::from_fixnum(i64::from(place_of(place).1))),
        "tb_frame" => Some(vm.descriptor(ShapeId::FRAME, [place, Value::NONE, Value::NONE, Value::NONE])),
        _ => None,
    }
}

/// An attribute of a FRAME.
pub fn frame_field(vm: &mut Vm, frame: Value, name: &str) -> Option<Value> {
    let place = fields(frame)[0];
    match name {
        "f_lineno" => Some(Value::from_fixnum(i64::from(line_of(vm, place)))),
        "f_code" => Some(frame),
        "co_name" | "co_qualname" => {
            let proto = &vm.codes[place_of(place).0.index()].proto;
            let text = if name == "co_name" { proto.name.clone() } else { proto.qualname.clone() };
            Some(vm.str(&text))
        }
        "co_filename" => {
            let path = vm.codes[place_of(place).0.index()].source.path.clone();
            Some(vm.str(&path))
        }
        "co_firstlineno" => Some(Value::from_fixnum(i64::from(vm.codes[place_of(place).0.index()].proto.first_line))),
        "f_globals" => Some(super::modules::module_dict(vm.codes[place_of(place).0.index()].module)),
        "f_back" => Some(Value::NONE),
        _ => None,
    }
}
