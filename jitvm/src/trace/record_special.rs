//! Recording of methods that no call instruction names: property getters, `__getitem__`, `__setitem__` and those of binary
//! operators are entered as frames.
//!
//! The interpreter calls them natively, where nothing is recorded; so here the recorder pushes their frame itself, above
//! the registers of the one that waits, and recording goes on in it. Its result goes to R[a] of the instruction, that of
//! `__setitem__` nowhere.

use super::recorder::{Recorder, Recording, Step};
use crate::bytecode::Instruction;
use crate::interp::call;
use crate::ir::Ref;
use crate::runtime::attributes;
use crate::runtime::descriptors;
use crate::runtime::object::ShapeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Continuation, Vm};
use crate::runtime::{dispatch, operators};

impl Recorder {
    /// GET_ATTR of a property with a getter in Python; `None` leaves it to others.
    pub(super) fn property(&mut self, vm: &mut Vm, object: Ref, value: Value, name: Value) -> Recording<Option<Step>> {
        if !value.is_instance() || !value.has_layout(ShapeId::INSTANCE) {
            return Ok(None);
        }
        let (class, names) = (vm.type_of(value), vm.names);
        let is_usual = attributes::custom_hook(vm, class, names.getattribute).is_none()
            && vm.lookup(class, names.getattr).is_none();
        let property = vm.lookup(class, name).filter(|found| is_usual && found.has_shape(ShapeId::PROPERTY));
        let Some(getter) = property.map(|property| descriptors::fields(property)[0]) else { return Ok(None) };
        self.enter_method(vm, getter, &[(object, value)], Continuation::Call)
    }

    /// GET_ITEM or SET_ITEM of an instance whose class has that method in Python; `None` leaves it to others.
    pub(super) fn item_method(
        &mut self,
        vm: &mut Vm,
        name: Value,
        operands: &[(Ref, Value)],
        continuation: Continuation,
    ) -> Recording<Option<Step>> {
        let value = operands[0].1;
        if !value.is_instance() || !value.has_layout(ShapeId::INSTANCE) {
            return Ok(None);
        }
        match vm.special(value, name) {
            Some(method) => self.enter_method(vm, method, operands, continuation),
            None => Ok(None),
        }
    }

    /// A binary operator of an instance whose class alone decides what it does; `None` leaves it to others.
    pub(super) fn operator_method(
        &mut self,
        vm: &mut Vm,
        ins: Instruction,
        operands: [(Ref, Value); 2],
    ) -> Recording<Option<Step>> {
        let [(_, a), (right, b)] = operands;
        let Some(op) = operators::of_bytecode(ins.op).filter(|_| a.is_instance() && a.has_layout(ShapeId::INSTANCE))
        else {
            return Ok(None);
        };
        // The native operation is faster than what the trace of the method would be.
        if vm.is_decimal(a) {
            return Ok(None);
        }
        let Some(method) = dispatch::only_method(vm, op, a, b, ins.x == 1) else { return Ok(None) };
        if b.is_pointer() && !b.has_layout(ShapeId::INSTANCE) || !self.can_enter(vm, method, 2) {
            return Ok(None);
        }
        self.guard_type(vm, right, b);
        let right = self.get(ins.c);
        self.enter_method(vm, method, &[operands[0], (right, b)], Continuation::Operator)
    }

    /// Whether a method can be inlined for so many operands.
    fn can_enter(&mut self, vm: &Vm, method: Value, operands: usize) -> bool {
        let Some(function) = call::as_function(method) else { return false };
        // SAFETY: the class keeps its function alive; code objects live as long as the VM.
        let code = unsafe { call::code_pointer(vm, (*function).code) };
        // SAFETY: as above.
        let proto = unsafe { &(*code).proto };
        if !proto.is_plain() || proto.positional as usize != operands {
            return false;
        }
        let reason = self.why_not_inlined_whole(vm, code);
        if let Some(reason) = reason {
            // SAFETY: as above.
            self.decide_call(reason, Some(unsafe { (*code).id }));
        }
        reason.is_none()
    }

    /// Enters a function that the class of the first operand has, if it can be inlined.
    fn enter_method(
        &mut self,
        vm: &mut Vm,
        method: Value,
        operands: &[(Ref, Value)],
        continuation: Continuation,
    ) -> Recording<Option<Step>> {
        let Some(function) = call::as_function(method).filter(|_| self.can_enter(vm, method, operands.len())) else {
            return Ok(None);
        };
        // SAFETY: the class keeps its function alive.
        let id = unsafe { (*function).code };
        let caller = self.frames.last().expect("the anchor frame stays");
        // SAFETY: as above.
        let above = unsafe { (*caller.code).proto.registers } + 1;
        let base = self.slot_of(above);
        let frame = vm.frames.last().expect("a recording runs in a frame");
        // SAFETY: only addresses are computed.
        let (window, end) = unsafe {
            let window = vm.stack.add(frame.base as usize + above as usize);
            (window, window.add(operands.len()))
        };
        if end >= vm.stack_end {
            return Ok(None);
        }
        // SAFETY: inside the value stack, above the top frame's registers.
        unsafe {
            *window.sub(1) = method;
            for (i, operand) in operands.iter().enumerate() {
                *window.add(i) = operand.1;
            }
            if call::push_continuation(vm, id, window, continuation, Value::UNDEF).is_err() {
                vm.exception = Value::UNDEF;
                return Ok(None);
            }
        }
        let (receiver, value) = operands[0];
        let receiver = self.object(receiver, value.shape());
        self.class_unchanged(vm, vm.type_of(value));
        let rest = operands[1..].iter().map(|operand| operand.0);
        let references: Vec<Ref> = std::iter::once(receiver).chain(rest).collect();
        let function = self.constant(vm, method);
        self.push_continuation(vm, id, base, &references, continuation, function)?;
        Ok(Some(Step::Entered))
    }
}
