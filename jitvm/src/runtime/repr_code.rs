//! `repr` of what stands for code that runs or may run: generators and their kin, code objects, frames, cells.

use super::numbers::as_i64;
use super::object::{ClosureCell, ShapeId};
use super::strings::as_text;
use super::traceback_objects::{code_field, generator_field};
use super::value::Value;
use super::vm::{Outcome, Vm};

/// The text, or `None` for another kind of object.
pub fn of(vm: &mut Vm, value: Value) -> Outcome<Option<String>> {
    let address = value.address();
    Ok(Some(match value.shape() {
        ShapeId::GENERATOR | ShapeId::COROUTINE | ShapeId::ASYNC_GENERATOR => {
            // An iterator of an embedded module, which is laid out as a generator.
            if vm.type_of(value).is_dynamic() {
                let shown = super::dispatch::text_method(vm, value, vm.names.repr)?.and_then(as_text);
                return Ok(Some(shown.unwrap_or_default().to_owned()));
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
