//! The variables of frames that run, by name: what `locals()` and `f_locals` give.

use super::dict;
use super::modules;
use super::object::{ClosureCell, ShapeId};
use super::value::Value;
use super::vm::{Code, Outcome, Vm};
use crate::bytecode::{CodeKind, CodeProto};
use crate::interp::{call, generator};

/// The variables of the innermost Python frame.
pub fn of_innermost(vm: &mut Vm) -> Outcome {
    match vm.frames.len().checked_sub(1) {
        Some(index) => of_frame(vm, index),
        None => Ok(vm.new_dict()),
    }
}

/// The variables of a frame, by its place on the stack: the namespace of a class body or module, else a new dict.
pub fn of_frame(vm: &mut Vm, index: usize) -> Outcome {
    generator::bring_back(vm, index);
    let frame = vm.frames[index];
    let code: *const Code = call::code_pointer(vm, frame.code);
    // SAFETY: codes live as long as the VM.
    let proto = unsafe { &(*code).proto };
    // Where no instruction reads a variable any more, compiled code may have left its register as it was before: with
    // something else, or with what is long gone.
    let is_kept = proto.shows_variables() || vm.jit.shows_variables;
    let register = |vm: &Vm, index: u16| {
        // SAFETY: registers of a frame lie inside the value stack.
        let value = unsafe { *vm.stack.add(frame.base as usize + index as usize) };
        let is_alive = is_kept || !value.is_pointer() || vm.heap.has_object_at(value.address());
        if is_alive { value } else { Value::UNDEF }
    };
    match proto.kind {
        CodeKind::Module => {
            let module = vm.codes[frame.code.index()].module;
            return Ok(modules::module_dict(module));
        }
        CodeKind::Namespace => return Ok(register(vm, 0)),
        _ => {}
    }
    if !is_kept {
        // Whoever looks was called under another name, and may be again.
        vm.jit.show_variables();
    }
    crate::trace::variables_shown(vm, index);
    by_name(vm, proto, register)
}

/// The variables of a generator that has not ended.
pub fn of_generator(vm: &mut Vm, value: Value) -> Outcome {
    if let Some(index) = vm.frames.iter().position(|frame| frame.generator() == Some(value)) {
        return of_frame(vm, index);
    }
    let code: *const Code = call::code_pointer(vm, generator::fields(value).code);
    // SAFETY: codes live as long as the VM.
    let proto = unsafe { &(*code).proto };
    by_name(vm, proto, |_, register| generator::register_of(value, register))
}

/// A dict of what a code's variables are bound to.
fn by_name(vm: &mut Vm, proto: &CodeProto, register: impl Fn(&Vm, u16) -> Value) -> Outcome {
    let result = vm.new_dict();
    for (index, name) in proto.local_names.iter().enumerate() {
        if name.starts_with('.') || proto.cells.iter().any(|&(_, register)| register as usize == index) {
            continue;
        }
        let value = register(vm, index as u16);
        if value != Value::UNDEF {
            let name = vm.intern(name);
            dict::set_str(vm, result, name, value)?;
        }
    }
    for (name, index) in &proto.cells {
        let cell = register(vm, *index);
        if !cell.has_shape(ShapeId::CLOSURE_CELL) {
            continue;
        }
        // SAFETY: the shape was checked.
        let value = unsafe { (*cell.object::<ClosureCell>()).value };
        if value != Value::UNDEF {
            let name = vm.intern(name);
            dict::set_str(vm, result, name, value)?;
        }
    }
    Ok(result)
}
