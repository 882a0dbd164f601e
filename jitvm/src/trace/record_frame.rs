//! Recording of frames: functions that are inlined get one above their caller's, and their result is the caller's.

use super::abort::AbortReason;
use super::decision::CallDecision;
use super::recorder::{MAX_SLOTS, RecordFrame, Recorder, Recording, Slot, abort};
use crate::interp::call;
use crate::ir::{CodeId, Op, Ref, Ty};
use crate::runtime::value::Value;
use crate::runtime::vm::{Continuation, Vm};

impl Recorder {
    /// Enters an inlined function whose parameters are `arguments`.
    pub(super) fn push_frame(
        &mut self,
        vm: &mut Vm,
        id: CodeId,
        base: u16,
        arguments: &[Ref],
        function: Ref,
    ) -> Recording {
        self.push_continuation(vm, id, base, arguments, Continuation::Call, function)
    }

    /// As [`Recorder::push_frame`], for a frame whose result does not simply go to the caller's register.
    pub(super) fn push_continuation(
        &mut self,
        vm: &mut Vm,
        id: CodeId,
        base: u16,
        arguments: &[Ref],
        continuation: Continuation,
        function: Ref,
    ) -> Recording {
        let code = call::code_pointer(vm, id);
        // SAFETY: code objects live as long as the VM.
        let proto = unsafe { &(*code).proto };
        if base as usize + proto.registers as usize > MAX_SLOTS {
            return abort(AbortReason::TooManySlots, proto.qualname.clone());
        }
        self.decide_call(CallDecision::Inlined, Some(id));
        let live = vm.jit.liveness(id, proto);
        *self.slot_mut(base - 1) = Slot { value: function, dirty: true };
        let start = Some(self.body.ins.len());
        self.frames.push(RecordFrame { code, id, base, pc: 0, live, continuation, function: Some(function), start });
        for (i, &argument) in arguments.iter().enumerate() {
            self.set(i as u16, argument);
        }
        let unbound = self.constant(vm, Value::UNDEF);
        for i in arguments.len()..proto.local_names.len() {
            self.set(i as u16, unbound);
        }
        Ok(())
    }

    /// Leaves the innermost inlined function with its result.
    pub(super) fn pop_frame(&mut self, vm: &mut Vm, result: Ref) -> Recording {
        if self.frames.len() == 1 {
            return abort(AbortReason::LeftFunction, "return");
        }
        let frame = self.frames.last().expect("more than the anchor frame");
        match frame.continuation {
            Continuation::Call | Continuation::Discard => {}
            Continuation::Init => self.none_result(vm, result)?,
            Continuation::Operator => self.implemented_result(vm, result)?,
            // Generators return elsewhere.
            other => return abort(AbortReason::LeftFunction, other.word()),
        }
        self.end_attempt();
        let frame = self.drop_frame();
        if !matches!(frame.continuation, Continuation::Init | Continuation::Discard) {
            self.set_result(result);
        }
        Ok(())
    }

    /// The call that the innermost frame is at has this result.
    pub(super) fn set_result(&mut self, result: Ref) {
        let caller = self.frames.last().expect("the anchor frame stays");
        // SAFETY: code objects live as long as the VM.
        let destination = unsafe { (&(*caller.code).proto.instructions)[caller.pc as usize].a };
        self.set(destination, result);
    }

    /// The innermost frame is gone.
    pub(super) fn drop_frame(&mut self) -> RecordFrame {
        self.drop_attempt();
        let frame = self.frames.pop().expect("more than the anchor frame");
        if let Some(start) = frame.start
            && self.frames.iter().all(|outer| outer.start.is_none())
        {
            let length = self.body.ins.len() - start;
            self.largest = self.largest.filter(|largest| largest.1 >= length).or(Some((frame.code, length)));
        }
        // The callee's registers are dead; forgetting them keeps snapshots small.
        for slot in self.slots.iter_mut().skip(frame.base as usize) {
            *slot = Slot { value: Ref::NONE, dirty: false };
        }
        frame
    }

    /// `__init__` must return None.
    fn none_result(&mut self, vm: &mut Vm, result: Ref) -> Recording {
        if !result.is_constant() {
            let none = self.constant(vm, Value::NONE);
            let result = self.tagged(result);
            self.guard(Op::G_Eq, Ty::Nil, result, none, 0);
        }
        Ok(())
    }

    /// The method of an operator did not return NotImplemented.
    fn implemented_result(&mut self, vm: &mut Vm, result: Ref) -> Recording {
        if self.ty(result) == Ty::Val && !result.is_constant() {
            let other = self.constant(vm, Value::NOT_IMPLEMENTED);
            self.guard(Op::G_Ne, Ty::Nil, result, other, 0);
        }
        Ok(())
    }
}
