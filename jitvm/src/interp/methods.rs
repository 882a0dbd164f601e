//! Special methods that no call instruction names: those of operators, comparisons, subscripts and properties get a frame
//! if they are Python functions; all else is called natively.
//!
//! The frame lies above the registers of the one that waits, as the recorder has it (`trace::record_special`), which
//! pushes such frames itself; so these functions push none while recording.

use super::begin::Begun;
use super::call;
use crate::runtime::compare::{self, CompareKind};
use crate::runtime::object::ShapeId;
use crate::runtime::operators::{self, Binary};
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Continuation, Outcome, Vm};
use crate::runtime::{dispatch, subscript};

/// Pushes a frame for a method that is a Python function of just these parameters. False if it is anything else, or there
/// is no room.
///
/// # Errors
/// RecursionError is pending.
fn begin<const N: usize>(
    vm: &mut Vm,
    method: Value,
    operands: [Value; N],
    continuation: Continuation,
) -> Outcome<bool> {
    let Some(function) = call::as_function(method) else { return Ok(false) };
    // SAFETY: its class keeps the function alive; code objects live as long as the VM.
    let (id, layout) = unsafe { ((*function).code, &(*call::code_pointer(vm, (*function).code)).layout) };
    if layout.plain_arguments as usize != N {
        return Ok(false);
    }
    let frame = vm.frames.last().expect("an instruction is executed in a frame");
    // SAFETY: as above; the registers of frames lie inside the stack, and its end is checked before anything is written.
    unsafe {
        let registers = (*call::code_pointer(vm, frame.code)).layout.registers;
        let window = vm.stack.add(frame.base as usize + registers as usize + 1);
        if window.add(N) >= vm.stack_end {
            return Ok(false);
        }
        *window.sub(1) = method;
        for (i, operand) in operands.into_iter().enumerate() {
            *window.add(i) = operand;
        }
        call::push_continuation(vm, id, window, continuation, Value::UNDEF)?;
    }
    Ok(true)
}

/// `container[key]`.
///
/// # Errors
/// The exception is pending.
pub fn get_item<const RECORD: bool>(vm: &mut Vm, container: Value, key: Value) -> Outcome<Begun> {
    if !RECORD && let Some(item) = vm.array_get(container, key) {
        return Ok(Begun::Done(item));
    }
    if !RECORD
        && container.is_instance()
        && !container.has_layout(ShapeId::TYPE)
        && let Some(method) = vm.special(container, vm.names.getitem)
        && begin(vm, method, [container, key], Continuation::Call)?
    {
        return Ok(Begun::Frame);
    }
    subscript::get_item(vm, container, key).map(Begun::Done)
}

/// `container[key] = value`: whether a frame was pushed.
///
/// # Errors
/// The exception is pending.
pub fn set_item<const RECORD: bool>(vm: &mut Vm, container: Value, key: Value, value: Value) -> Outcome<bool> {
    if !RECORD && vm.array_set(container, key, value) {
        return Ok(false);
    }
    if !RECORD
        && container.is_instance()
        && let Some(method) = vm.special(container, vm.names.setitem)
        && begin(vm, method, [container, key, value], Continuation::Discard)?
    {
        return Ok(true);
    }
    subscript::set_item(vm, container, key, value)?;
    Ok(false)
}

/// `a op b`.
///
/// # Errors
/// The exception is pending.
pub fn binary<const RECORD: bool>(vm: &mut Vm, op: Binary, a: Value, b: Value, augmented: bool) -> Outcome<Begun> {
    if !RECORD && (a.is_instance() || b.is_instance()) {
        if let Some(result) = vm.decimal_operator(op, a, b) {
            return Ok(Begun::Done(result));
        }
        if let Some(method) = dispatch::only_method(vm, op, a, b, augmented) {
            if begin(vm, method, [a, b], Continuation::Operator)? {
                return Ok(Begun::Frame);
            }
        } else if let Some(method) = dispatch::only_reflected_method(vm, op, a, b)
            && begin(vm, method, [b, a], Continuation::Operator)?
        {
            return Ok(Begun::Frame);
        }
    }
    operators::binary(vm, op, a, b, augmented).map(Begun::Done)
}

/// `a < b` and the like.
///
/// # Errors
/// The exception is pending.
pub fn compare<const RECORD: bool>(vm: &mut Vm, kind: CompareKind, a: Value, b: Value) -> Outcome<Begun> {
    if !RECORD && let Some(answer) = vm.decimal_comparison(kind, a, b) {
        return Ok(Begun::Done(Value::from_bool(answer)));
    }
    if !RECORD
        && a.is_instance()
        && let Some(method) = dispatch::first_comparison(vm, kind, a, b)
        && begin(vm, method, [a, b], Continuation::Compare)?
    {
        return Ok(Begun::Frame);
    }
    compare::compare(vm, kind, a, b).map(Begun::Done)
}

/// The left operand's method of the comparison that the top frame, of `code`, is at has returned NotImplemented.
///
/// # Errors
/// The exception is pending.
///
/// # Safety
/// The registers of the frame are at `base`, and its bytecode is verified.
pub unsafe fn compare_further(vm: &mut Vm, code: &Code, base: *mut Value) -> Outcome {
    let frame = vm.frames.last().expect("a comparison's frame waits");
    let ins = code.proto.instructions[frame.pc as usize];
    // SAFETY: by the caller.
    let (a, b) = unsafe { (*base.add(ins.b as usize), *base.add(ins.c as usize)) };
    let kind = CompareKind::of_bytecode(ins.op).expect("only comparisons have such frames");
    dispatch::compare_further(vm, kind, a, b)
}

/// An attribute that is a property with this getter.
///
/// # Errors
/// The exception is pending.
pub fn property(vm: &mut Vm, getter: Value, object: Value) -> Outcome<Begun> {
    if begin(vm, getter, [object], Continuation::Call)? {
        return Ok(Begun::Frame);
    }
    vm.call(getter, &[object]).map(Begun::Done)
}
