//! What the bytecode loop asks of operands in line, and the errors it raises itself.

use crate::runtime::compare::{self, CompareKind};
use crate::runtime::object::{Cell, ShapeId};
use crate::runtime::operators;
use crate::runtime::strings;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Outcome, Raised, Vm};

/// A coroutine that has ended cannot be awaited again; RuntimeError is pending then.
#[cold]
pub fn generator_was_awaited(vm: &mut Vm, iterator: Value) -> bool {
    let again = iterator.has_shape(ShapeId::COROUTINE);
    if again {
        vm.raise(TypeId::RUNTIME_ERROR, "cannot reuse already awaited coroutine");
    }
    again
}

#[cold]
pub fn raise_init_result(vm: &mut Vm, value: Value) {
    let name = vm.type_name(value);
    vm.type_error(format!("__init__() should return None, not '{name}'"));
}

/// A special method of the operator that the top frame waits for has returned NotImplemented, and there is no other.
#[cold]
pub fn raise_unsupported(vm: &mut Vm) {
    let frame = *vm.frames.last().expect("an operator's frame waits");
    // SAFETY: the code lives as long as the VM; registers of verified bytecode lie inside the frame.
    let (ins, a, b) = unsafe {
        let ins = (&(*super::call::code_pointer(vm, frame.code)).proto.instructions)[frame.pc as usize];
        let base = vm.stack.add(frame.base as usize);
        (ins, *base.add(ins.b as usize), *base.add(ins.c as usize))
    };
    let op = operators::of_bytecode(ins.op).expect("only binary operators have such frames");
    operators::unsupported(vm, op, a, b, ins.x == 1);
}

#[inline(always)]
pub fn quick_truth(value: Value) -> Option<bool> {
    if value.is_bool() {
        Some(value == Value::TRUE)
    } else if value.is_int() {
        Some(value.0 != 0)
    } else if value == Value::NONE {
        Some(false)
    } else {
        None
    }
}

/// Compares what are not both ints, nor both floats, where that is quickly done: strs, and None with anything builtin.
#[inline(always)]
pub fn quick_compare(kind: CompareKind, left: Value, right: Value) -> Option<bool> {
    if left.has_shape(ShapeId::STR) && right.has_shape(ShapeId::STR) {
        return Some(compare::strs(kind, left, right));
    }
    let is_equality = matches!(kind, CompareKind::Equal | CompareKind::NotEqual);
    let is_none = left == Value::NONE && !right.is_instance() || right == Value::NONE && !left.is_instance();
    (is_equality && is_none).then(|| (left == right) == (kind == CompareKind::Equal))
}

/// Both operands as floats if at least one is an immediate float and the other a float or a fixnum.
#[inline(always)]
pub fn floats(left: Value, right: Value) -> Option<(f64, f64)> {
    if left.is_float() {
        if right.is_float() {
            return Some((left.as_float(), right.as_float()));
        }
        return right.is_int().then(|| (left.as_float(), right.as_fixnum() as f64));
    }
    (right.is_float() && left.is_int()).then(|| (left.as_fixnum() as f64, right.as_float()))
}

/// The fixnum of this word is a float as well.
#[inline(always)]
pub fn is_exact(fixnum: u64) -> bool {
    (fixnum as i64 >> 2).unsigned_abs() <= 1 << 53
}

/// The word of the float quotient of two ints that floats hold exactly, or `None`.
#[inline(always)]
pub fn exact_quotient(x: i64, y: i64) -> Option<i64> {
    const EXACT: u64 = 1 << 53;
    if y == 0 || x.unsigned_abs() > EXACT || y.unsigned_abs() > EXACT {
        return None;
    }
    Value::try_float(x as f64 / y as f64).map(|v| v.0 as i64)
}

#[cold]
pub fn raise_unbound(vm: &mut Vm, code: &Code, name: u16) {
    let name = &code.proto.names[name as usize];
    vm.raise_unbound_local_error(name);
}

/// The strs of an f-string joined.
pub fn join_pieces(vm: &mut Vm, pieces: &[Value]) -> Outcome {
    let mut joined = String::new();
    for &piece in pieces {
        joined.push_str(strings::text(piece));
    }
    Ok(vm.str(&joined))
}

#[cold]
pub fn raise_assertion(vm: &mut Vm, message: Value) {
    if message == Value::UNDEF {
        vm.raise_with(TypeId::ASSERTION_ERROR, &[]);
    } else {
        vm.raise_with(TypeId::ASSERTION_ERROR, &[message]);
    }
}

/// What LOAD_GLOBAL finds, out of line.
///
/// # Errors
/// NameError is pending.
///
/// # Safety
/// The cell is alive.
pub unsafe fn load_global(vm: &mut Vm, cell: *const Cell) -> Outcome {
    // SAFETY: by the caller.
    let cell = unsafe { &*cell };
    let found = [cell.value, cell.fallback].into_iter().find(|&value| value != Value::UNDEF);
    found.ok_or_else(|| {
        raise_undefined(vm, cell.name);
        Raised
    })
}

#[cold]
pub fn raise_undefined(vm: &mut Vm, name: Value) {
    vm.raise_name_error(strings::text(name));
}
