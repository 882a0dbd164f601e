//! `repr` of what stands for code that runs or may run: generators and their kin, code objects, frames, cells.

use super::dict;
use super::frame_variables;
use super::numbers::as_i64;
use super::object::{ClosureCell, ShapeId};
use super::operators;
use super::repr::repr_text;
use super::strings::as_text;
use super::traceback_objects::{code_field, generator_field};
use super::value::Value;
use super::vm::{Outcome, Vm};
use crate::interp::generator;

/// The text, or `None` for another kind of object.
pub fn of(vm: &mut Vm, value: Value) -> Outcome<Option<String>> {
    let address = value.address();
    Ok(Some(match value.shape() {
        ShapeId::GENERATOR | ShapeId::COROUTINE | ShapeId::ASYNC_GENERATOR => {
            if let Some(text) = of_itertools(vm, value)? {
                return Ok(Some(text));
            }
            let name = generator_field(vm, value, "__qualname__");
            let name = name.and_then(as_text).unwrap_or("?").to_owned();
            format!("<{} object {name} at {address:#x}>", vm.type_name(value))
        }
        ShapeId::CODE => {
            let (name, file) = (code_text(vm, value, "co_name"), code_text(vm, value, "co_filename"));
            let line = code_field(vm, value, "co_firstlineno").and_then(as_i64).unwrap_or(0);
            format!("<code object {name} at {address:#x}, file \"{file}\", line {line}>")
        }
        ShapeId::FRAME => {
            let (code, line) = (vm.intern("f_code"), vm.intern("f_lineno"));
            let code = super::attributes::get_attr(vm, value, code)?;
            let line = super::attributes::get_attr(vm, value, line)?;
            let line = as_i64(line).unwrap_or(0);
            let (name, file) = (code_text(vm, code, "co_name"), code_text(vm, code, "co_filename"));
            format!("<frame at {address:#x}, file '{file}', line {line}, code {name}>")
        }
        ShapeId::CLOSURE_CELL => {
            // SAFETY: the shape was checked.
            let content = unsafe { (*value.object::<ClosureCell>()).value };
            match content {
                Value::UNDEF => format!("<cell at {address:#x}: empty>"),
                _ => format!("<cell at {address:#x}: {} object at {:#x}>", vm.type_name(content), content.0),
            }
        }
        _ => return Ok(None),
    }))
}

fn code_text(vm: &mut Vm, code: Value, name: &str) -> String {
    code_field(vm, code, name).and_then(as_text).unwrap_or("?").to_owned()
}

/// The generators that `itertools` is made of look like the classes that they stand for.
fn of_itertools(vm: &mut Vm, value: Value) -> Outcome<Option<String>> {
    let code = &vm.codes[generator::fields(value).code.index()];
    if code.source.path != "<embedded itertools>" {
        return Ok(None);
    }
    let function = code.proto.name.clone();
    let name = match function.trim_start_matches('_') {
        "repeat_forever" | "repeat_times" => "repeat",
        name => name,
    };
    if !matches!(name, "count" | "repeat") {
        return Ok(Some(format!("<itertools.{name} object at {:#x}>", value.address())));
    }
    let variables = frame_variables::of_generator(vm, value)?;
    let mut variable = |name: &str| {
        let name = vm.intern(name);
        dict::get_str(variables, name)
    };
    let shown = match name {
        "count" => {
            let (start, step, given) = (variable("start"), variable("step"), variable("n"));
            let step = step.unwrap_or(Value::NONE);
            // What was given last is kept in `n`.
            let next = match given {
                Some(given) => operators::add(vm, given, step, false)?,
                None => start.unwrap_or(Value::NONE),
            };
            if step == Value::from_fixnum(1) { vec![next] } else { vec![next, step] }
        }
        _ => [variable("item"), variable("times")].into_iter().flatten().collect(),
    };
    if shown.is_empty() {
        // One that has ended keeps nothing.
        return Ok(Some(format!("<itertools.{name} object at {:#x}>", value.address())));
    }
    let mut parts = Vec::with_capacity(shown.len());
    for part in shown {
        parts.push(repr_text(vm, part)?);
    }
    Ok(Some(format!("{name}({})", parts.join(", "))))
}
