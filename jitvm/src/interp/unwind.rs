//! From a pending exception to its handler: exception ranges, frames dropped on the way, and what is being handled.

use super::{call, coroutine, generator};
use crate::bytecode::Op;
use crate::runtime::attributes::pending_is;
use crate::runtime::exceptions::exception;
use crate::runtime::object::ShapeId;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Continuation, Frame, Vm};

/// How an exception came up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// Raised: the top frame's line becomes part of the traceback.
    Raised,
    /// Raised again as it was, so that line is there already.
    Reraised,
}

/// Finds the handler of the pending exception among the frames above `floor`, dropping those that have none. If there
/// is one, its frame is on top with `pc` at the handler, and nothing is pending any more.
#[cold]
#[inline(never)]
pub fn unwind(vm: &mut Vm, floor: usize, cause: Cause) -> bool {
    let mut cause = cause;
    while vm.frames.len() > floor {
        let frame = *vm.frames.last().expect("frames above the floor");
        if cause == Cause::Raised {
            vm.add_traceback_entry(frame.code, frame.pc);
        }
        cause = Cause::Raised;
        // SAFETY: the code lives as long as the VM.
        let ranges = unsafe { &(*call::code_pointer(vm, frame.code)).proto.exception_ranges };
        if let Some(range) = ranges.iter().find(|range| (range.start..range.end).contains(&frame.pc)) {
            let value = vm.take_exception().unwrap_or(Value::NONE);
            // SAFETY: the verifier checked the register; the frame lies inside the stack.
            unsafe { *vm.stack.add(frame.base as usize + range.register as usize) = value };
            vm.frames.last_mut().expect("frames above the floor").pc = range.target;
            return true;
        }
        if ends_quietly(vm, frame) {
            return true;
        }
        vm.frames.pop();
        dropped(vm, frame);
    }
    false
}

/// StopIteration in an iterator that is made of a generator ends it: the top frame goes on with its last two instructions,
/// which return None. A loop without end has no such.
fn ends_quietly(vm: &mut Vm, frame: Frame) -> bool {
    // SAFETY: the code lives as long as the VM.
    let code = unsafe { &*call::code_pointer(vm, frame.code) };
    let [.., load, end] = &code.proto.instructions[..] else { return false };
    let is_quiet = code.iterator_class.get() != TypeId::GENERATOR && (load.op, end.op) == (Op::LoadConst, Op::Return);
    if !is_quiet || !pending_is(vm, TypeId::STOP_ITERATION) {
        return false;
    }
    vm.take_exception();
    vm.frames.last_mut().expect("the generator's frame").pc = code.proto.instructions.len() as u32 - 2;
    true
}

/// A frame is gone because of an exception.
fn dropped(vm: &mut Vm, frame: Frame) {
    match frame.continuation {
        Continuation::Call
        | Continuation::Init
        | Continuation::Operator
        | Continuation::Compare
        | Continuation::Discard => {}
        Continuation::Send => {
            generator::failed(vm, frame.value);
            generator::delegate_ended(vm);
        }
        Continuation::Next | Continuation::Called | Continuation::Resume => generator::failed(vm, frame.value),
        Continuation::Step => {
            generator::failed(vm, frame.value);
            coroutine::step_of_top_ended(vm);
        }
    }
}

/// `EnterHandler`: `caught` is being handled from here on. The result is what was before.
pub fn enter_handler(vm: &mut Vm, caught: Value) -> Value {
    std::mem::replace(&mut vm.handled, caught)
}

/// What a bare `raise` raises: the exception being handled, or RuntimeError. True if it is raised again as it was.
pub fn raise_again(vm: &mut Vm) -> Cause {
    if vm.handled.has_shape(ShapeId::EXCEPTION) || vm.handled.is_pointer() {
        vm.exception = vm.handled;
        return Cause::Reraised;
    }
    vm.raise(crate::runtime::types::TypeId::RUNTIME_ERROR, "No active exception to reraise");
    Cause::Raised
}

/// Sets the context of a newly raised exception to the one being handled, without making a ring.
pub fn set_context(vm: &mut Vm, raised: Value) {
    let handled = vm.handled;
    if !handled.is_pointer() || handled == raised {
        return;
    }
    // Whoever has the new exception in its own chain of contexts forgets it.
    let mut at = handled;
    loop {
        let context = exception(at).context;
        if context == Value::NONE {
            break;
        }
        if context == raised {
            exception(at).context = Value::NONE;
            break;
        }
        at = context;
    }
    exception(raised).context = handled;
}
