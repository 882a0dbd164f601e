//! Recording of exceptions that are caught within the trace: a `raise`, or an instruction that raised this time, goes on
//! at its handler.
//!
//! What raises leaves the exception pending; CATCH adds to its traceback the places that it passes, and takes it. The
//! frames inside the one that catches are gone. An instruction that may raise is followed by a guard for the way that
//! was not taken: if it did not raise while recording, a side trace begins at the handler; if it did, one behind it.

use std::mem::offset_of;
use std::rc::Rc;

use super::abort::LeaveReason;
use super::record_end::Outside;
use super::recorder::{Recorder, Recording, Step};
use crate::bytecode::{Instruction, Op as Bytecode};
use crate::interp::helpers::{self, HelperId, Places};
use crate::interp::{call, unwind::Cause};
use crate::ir::{CodeId, Const, Op, Ref, Snapshot};
use crate::runtime::object::{Exception, ShapeId};
use crate::runtime::types::{TypeId, type_id};
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Continuation, Vm};

/// The frame that catches what the innermost one raises, by its number, and the register for the exception. What passes
/// a generator finishes it, which is left to the interpreter.
fn catcher(
    frames: impl DoubleEndedIterator<Item = (*const Code, u32, Continuation)>,
    count: usize,
) -> Option<(usize, u16)> {
    let mut depth = count;
    for (code, pc, continuation) in frames.rev() {
        depth -= 1;
        // SAFETY: code objects live as long as the VM.
        let ranges = unsafe { &(*code).proto.exception_ranges };
        if let Some(range) = ranges.iter().find(|range| (range.start..range.end).contains(&pc)) {
            return Some((depth, range.register));
        }
        if !matches!(
            continuation,
            Continuation::Call | Continuation::Init | Continuation::Operator | Continuation::Discard
        ) {
            return None;
        }
    }
    None
}

/// Whether what leaves through a snapshot with an exception is caught in one of its frames.
pub fn is_caught(vm: &Vm, snapshot: &Snapshot) -> bool {
    let frames = snapshot.frames.iter().map(|frame| (call::code_pointer(vm, frame.code), frame.pc, frame.continuation));
    catcher(frames, snapshot.frames.len()).is_some()
}

/// What `raise` makes of the value runs no code of the program.
fn is_builtin_exception(vm: &Vm, value: Value) -> bool {
    value.has_layout(ShapeId::EXCEPTION)
        || value.has_shape(ShapeId::TYPE)
            && !type_id(value).is_dynamic()
            && vm.is_subtype(type_id(value), TypeId::BASE_EXCEPTION)
}

impl Recorder {
    fn catcher(&self) -> Option<(usize, u16)> {
        let frames = self.frames.iter().map(|frame| (frame.code, frame.pc, frame.continuation));
        catcher(frames, self.frames.len())
    }

    /// The pending exception goes to its handler.
    fn catch(&mut self, (depth, register): (usize, u16), cause: Cause) {
        // What is raised again has the place in its traceback already.
        let known = usize::from(cause == Cause::Reraised);
        let places: Places = self.frames[depth..].iter().rev().skip(known).map(|frame| (frame.id, frame.pc)).collect();
        let text = format!("{} places", places.len());
        let places = Rc::new(places);
        let address = Rc::as_ptr(&places) as u64;
        self.places.push(places);
        let places = self.constant_raw(address, text);
        let caught = self.call(helpers::CATCH, &[places]);
        while self.frames.len() > depth + 1 {
            self.drop_frame();
        }
        self.set(register, caught);
    }

    /// A side trace that begins with a pending exception.
    pub(super) fn begin_at_handler(&mut self) {
        if let Some(catcher) = self.catcher() {
            self.catch(catcher, Cause::Raised);
        }
    }

    /// Raises what a call of a helper leaves pending.
    fn throw(&mut self, helper: HelperId, arguments: &[Ref], catcher: (usize, u16), cause: Cause) {
        self.call(helper, arguments);
        self.catch(catcher, cause);
        self.raises = true;
    }

    /// RAISE and its like.
    pub(super) fn record_raise(&mut self, vm: &mut Vm, ins: Instruction, base: *const Value) -> Recording<Step> {
        // SAFETY: registers of a verified instruction lie inside its frame.
        let at = |register: u16| unsafe { *base.add(register as usize) };
        let leave =
            |recorder: &mut Recorder| recorder.leave_before(Outside::ForGood, LeaveReason::Raise, ins.op.name());
        let Some(catcher) = self.catcher() else { return leave(self) };
        match (ins.op, ins.x) {
            (Bytecode::Raise, 0 | 1) => {
                let value = self.get(ins.a);
                let value = match at(ins.a) {
                    class if class.has_shape(ShapeId::TYPE) => self.same_word(vm, value, class),
                    object if object.has_layout(ShapeId::EXCEPTION) => self.object(value, object.shape()),
                    _ => value,
                };
                let cause = if ins.x == 1 { self.get(ins.b) } else { self.constant(vm, Value::UNDEF) };
                if ins.x == 0 && is_builtin_exception(vm, at(ins.a)) {
                    self.throw(helpers::RAISE_BUILTIN, &[value, cause], catcher, Cause::Raised);
                } else {
                    // `__init__` may run, and look at lines; no guard behind the call tells its place.
                    let pc = self.constant_int(self.frames[0].pc.into());
                    self.throw(helpers::RAISE, &[value, cause, pc], catcher, Cause::Raised);
                }
            }
            (Bytecode::Raise, _) if vm.handled.has_layout(ShapeId::EXCEPTION) => {
                let handled = self.handled_cell(vm);
                let handled = self.emit(Op::CellLoad, handled, Ref::NONE, 0);
                let handled = self.object(handled, vm.handled.shape());
                self.throw(helpers::RERAISE, &[handled], catcher, Cause::Reraised);
            }
            (Bytecode::Reraise, _) => {
                let value = self.get(ins.a);
                self.throw(helpers::RERAISE, &[value], catcher, Cause::Reraised);
            }
            _ => return leave(self),
        }
        Ok(Step::Interpret)
    }

    /// The instruction just recorded has raised: whether the recording goes on at its handler. If it was not recorded as
    /// one that does, its guard is turned round: the trace leaves behind the instruction if it does not raise.
    pub fn goes_to_handler(&mut self, vm: &mut Vm, ins: Instruction, code: CodeId, pc: u32) -> bool {
        if self.raises {
            return true;
        }
        let frame = self.frames.last().expect("the anchor frame stays");
        let is_here = frame.id == code && frame.pc == pc && self.pending.is_none() && self.after_call;
        let is_plain = !matches!(
            ins.op,
            Bytecode::ForIter | Bytecode::Return | Bytecode::JumpIfTrue | Bytecode::JumpIfFalse | Bytecode::Send
        );
        let Some(guard) = self.body.ins.len().checked_sub(1).filter(|_| is_here && is_plain && self.may_leave()) else {
            return false;
        };
        let (Some(catcher), check) = (self.catcher(), self.body.ins[guard]) else { return false };
        let is_of_helper = check.op == Op::G_NoExc && check.a.index() + 1 == guard;
        if !is_of_helper || self.body.ins[guard - 1].op != Op::CallH {
            return false;
        }
        self.body.ins.pop();
        self.body.origins.pop();
        self.body.snapshots.retain(|snapshot| (snapshot.at as usize) < guard);
        self.concrete.truncate(guard);
        let raised = self.body.constant(Const::Val(Value::EXC, "EXC".into()));
        self.guard_onward(Op::G_Eq, check.a, raised, pc + 1);
        for (slot, before) in std::mem::take(&mut self.overwritten).into_iter().rev() {
            *self.slot_mut(slot) = before;
        }
        self.catch(catcher, Cause::Raised);
        debug_assert!(vm.exception != Value::UNDEF, "an exception is pending");
        true
    }

    /// ENTER_HANDLER and LEAVE_HANDLER: what is being handled.
    pub(super) fn handler(&mut self, vm: &mut Vm, ins: Instruction) {
        let cell = self.handled_cell(vm);
        let value = self.get(ins.a);
        let value = self.tagged(value);
        if ins.op == Bytecode::EnterHandler {
            let before = self.emit(Op::CellLoad, cell, Ref::NONE, 0);
            self.set(ins.b, before);
        }
        self.emit(Op::CellStore, cell, value, 0);
    }

    /// MATCH_EXCEPTION: whether an exception is of a class, or of one in a tuple, is known with the classes.
    pub(super) fn match_exception(
        &mut self,
        vm: &mut Vm,
        ins: Instruction,
        [raised, class]: [Value; 2],
    ) -> Recording<Step> {
        let is_class = |vm: &Vm, class: Value| {
            class.has_shape(ShapeId::TYPE) && vm.is_subtype(type_id(class), TypeId::BASE_EXCEPTION)
        };
        let classes = match class.has_shape(ShapeId::TUPLE) {
            true => call::tuple_items(class).to_vec(),
            false => vec![class],
        };
        if !raised.has_layout(ShapeId::EXCEPTION) || !classes.iter().all(|&class| is_class(vm, class)) {
            self.execute_apart(vm, ins)?;
            return Ok(Step::Interpret);
        }
        let of = self.get(ins.c);
        if class.has_shape(ShapeId::TUPLE) && self.is_made_here(of) {
            for (i, &class) in classes.iter().enumerate() {
                let item = self.item_of(of, i as i64);
                self.same_word(vm, item, class);
            }
        } else {
            self.same_word(vm, of, class);
        }
        let value = self.get(ins.b);
        let value = self.object(value, raised.shape());
        if raised.has_shape(ShapeId::EXCEPTION) {
            let class = self.emit(Op::FieldLoad, value, Ref::NONE, offset_of!(Exception, class) as u32);
            let is = crate::runtime::exceptions::exception(raised).class;
            self.same_word(vm, class, is);
        }
        let of = vm.type_of(raised);
        if of.is_dynamic() {
            // Its bases may be others later.
            self.class_unchanged(vm, of);
        }
        let matches = classes.iter().any(|&class| vm.is_subtype(of, type_id(class)));
        let answer = self.constant(vm, Value::from_bool(matches));
        self.set(ins.a, answer);
        Ok(Step::Interpret)
    }

    /// An object that the trace itself makes.
    fn is_made_here(&self, r: Ref) -> bool {
        !r.is_constant() && self.body.ins[r.index()].op == Op::New
    }
}
