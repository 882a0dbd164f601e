//! Recording of generators: a FOR_ITER over one goes on in its body, as a frame above the consumer's, and a YIELD goes
//! back to the consumer.
//!
//! The generator object is at every moment what the interpreter would have made of it. Resuming one loads the registers
//! that it keeps and marks it as running; a YIELD stores them back, with where it is to go on. In a loop the loads become
//! what the iteration before has stored. Exits inside the body restore its frame with the continuation `Next`, whose
//! generator is in the register of the FOR_ITER below (`exit`).

use std::mem::offset_of;

use super::abort::{AbortReason, LeaveReason};
use super::record_end::Outside;
use super::recorder::{MAX_SLOTS, RecordFrame, RecordedBytecode, Recorder, Recording, Step, abort};
use crate::bytecode::{CodeProto, Instruction, Op as Bytecode};
use crate::interp::{call, generator};
use crate::ir::{Op, Origin, Ref};
use crate::runtime::object::{Cell, Generator, GeneratorState, ShapeId};
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Continuation, Vm};

/// Longest generator that is inlined, in bytecodes.
const LONGEST: usize = 200;
/// How often a trace passes the head of a loop in one that it inlines.
const PASSES: usize = 4;

const POSITION: u32 = offset_of!(Generator, state) as u32;
const CODE: u32 = offset_of!(Generator, register_bytes) as u32;
const FUNCTION: u32 = offset_of!(Generator, function) as u32;
const HANDLED: u32 = offset_of!(Generator, handled) as u32;

/// Byte offset of a register in the object.
const fn register_offset(register: u16) -> u32 {
    Generator::REGISTERS as u32 + 8 * register as u32
}

/// Whether a generator does nothing that only the interpreter executes, and comes to a YIELD in each of its loops: other
/// loops get traces of their own.
fn is_simple(proto: &CodeProto) -> bool {
    let instructions = &proto.instructions;
    let delegates = instructions.iter().any(|ins| matches!(ins.op, Bytecode::Send | Bytecode::GetYieldFrom));
    let yields = |start: u32| {
        let jumps_back = |ins: &Instruction| {
            matches!(ins.op, Bytecode::Jump | Bytecode::JumpIfTrue | Bytecode::JumpIfFalse) && ins.wide() == start
        };
        let end = instructions.iter().rposition(jumps_back).unwrap_or(0);
        instructions.iter().take(end).skip(start as usize).any(|ins| ins.op == Bytecode::Yield)
    };
    instructions.len() <= LONGEST && !delegates && proto.loops.iter().all(|&start| yields(start))
}

/// The registers that a generator keeps which is suspended at `pc`.
fn kept(vm: &Vm, code: &Code, pc: u32) -> Vec<u16> {
    match generator::live_when_suspended(code, vm.jit.shows_variables).get(&pc) {
        Some(live) => live.to_vec(),
        None => (0..code.proto.parameters() as u16).collect(),
    }
}

impl Recorder {
    /// The innermost frame is that of a generator which the trace has resumed.
    pub(super) fn is_in_generator(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.continuation == Continuation::Next)
    }

    /// A slot holds the generator whose frame is above the slot's own.
    pub(super) fn holds_running_generator(&self, slot: u16) -> bool {
        self.frames
            .windows(2)
            .any(|pair| pair[1].continuation == Continuation::Next && pair[0].base + waiting(&pair[0]).b == slot)
    }

    /// FOR_ITER over a generator that waits: goes on in its body, which the interpreter is about to enter. False leaves
    /// it to a call.
    pub(super) fn resume_generator(&mut self, vm: &mut Vm, ins: Instruction, value: Value) -> Recording<bool> {
        let fields = generator::fields(value);
        let (id, state, pc, code_word) = (fields.code, fields.state, fields.pc, fields.code_word());
        let waits = matches!(state, GeneratorState::Created | GeneratorState::Suspended);
        let code = call::code_pointer(vm, id);
        // SAFETY: code objects live as long as the VM.
        let of = unsafe { &*code };
        let caller = self.frames.last().expect("the anchor frame stays");
        // SAFETY: as above.
        let above = unsafe { (*caller.code).proto.registers };
        let base = self.slot_of(above) + 1;
        let top = vm.frames.last().map_or(0, |frame| frame.base as usize) + above as usize;
        // SAFETY: only the address is computed.
        let is_in_place = call::stack_top(vm) == unsafe { vm.stack.add(top) };
        if !waits
            || fields.handled != Value::UNDEF
            || self.frames.len() > self.inline_depth
            || self.frames.iter().any(|frame| frame.code == code)
            || of.function.grows_too_long.get()
            || !is_simple(&of.proto)
            || !is_in_place
            || base as usize + of.proto.registers as usize > MAX_SLOTS
        {
            return Ok(false);
        }
        let holder = self.get(ins.b);
        let object = self.object(holder, ShapeId::GENERATOR);
        let load = |recorder: &mut Recorder, offset: u32| recorder.emit(Op::FieldLoad, object, Ref::NONE, offset);
        let expected = [(CODE, code_word), (POSITION, Generator::position(state, pc)), (HANDLED, Value::UNDEF)];
        for (offset, now) in expected {
            let word = load(self, offset);
            self.same_word(vm, word, now);
        }
        let function = load(self, FUNCTION);
        let registers: Vec<(u16, Ref)> =
            kept(vm, of, pc).into_iter().map(|register| (register, load(self, register_offset(register)))).collect();
        let handled = self.handled_cell(vm);
        let handled = self.emit(Op::CellLoad, handled, Ref::NONE, 0);
        self.emit(Op::FieldStore, object, handled, HANDLED);
        let running = self.constant(vm, Generator::position(GeneratorState::Running, pc));
        self.emit(Op::FieldStore, object, running, POSITION);

        let live = vm.jit.liveness(id, &of.proto);
        let start = Some(self.body.ins.len());
        self.put(base - 1, function);
        let continuation = Continuation::Next;
        self.frames.push(RecordFrame { code, id, base, pc: pc + 1, live, continuation, function: None, start });
        let unbound = self.constant(vm, Value::UNDEF);
        for local in 0..of.proto.local_names.len() as u16 {
            self.set(local, unbound);
        }
        for (register, value) in registers {
            self.set(register, value);
        }
        if state == GeneratorState::Suspended {
            let sent = self.constant(vm, Value::NONE);
            self.set(of.proto.instructions[pc as usize].a, sent);
        }
        Ok(true)
    }

    /// The word with what is being handled, taken for a cell.
    pub(super) fn handled_cell(&mut self, vm: &Vm) -> Ref {
        let address = (&raw const vm.handled as usize).wrapping_sub(offset_of!(Cell, value));
        self.constant_raw(address as u64, "exception being handled".to_owned())
    }

    /// YIELD in a generator that the trace has resumed, which handles nothing but what its consumer does.
    pub(super) fn can_suspend(&self, vm: &Vm, ins: Instruction) -> bool {
        let frame = vm.frames.last().expect("a recording runs in a frame");
        ins.x == 0 && self.is_in_generator() && generator::fields(frame.value).handled == vm.handled
    }

    /// The generator whose frame is the innermost.
    fn running_generator(&mut self) -> Ref {
        let caller = &self.frames[self.frames.len() - 2];
        let slot = caller.base + waiting(caller).b;
        let holder = self.in_slot(slot);
        self.object(holder, ShapeId::GENERATOR)
    }

    /// Forgets the registers that a generator had when it was resumed at `pc`, but for those in `stored`.
    fn forget_registers(&mut self, vm: &mut Vm, object: Ref, pc: u32, stored: &[u16]) {
        let unbound = self.constant(vm, Value::UNDEF);
        let code = self.frames.last().expect("the generator's frame").code;
        // SAFETY: code objects live as long as the VM.
        for register in kept(vm, unsafe { &*code }, pc) {
            if !stored.contains(&register) {
                self.emit(Op::FieldStore, object, unbound, register_offset(register));
            }
        }
        self.emit(Op::FieldStore, object, unbound, HANDLED);
    }

    /// YIELD: what the generator keeps goes to its object, and the value to the consumer.
    pub(super) fn suspend_generator(&mut self, vm: &mut Vm, ins: Instruction) -> Recording {
        let object = self.running_generator();
        let result = self.get(ins.b);
        let frame = self.frames.last().expect("the generator's frame");
        let (code, pc) = (frame.code, frame.pc);
        let resumed_at = generator::fields(vm.frames.last().expect("the generator's frame").value).pc;
        // SAFETY: code objects live as long as the VM.
        let live = kept(vm, unsafe { &*code }, pc);
        let mut words = Vec::with_capacity(live.len());
        for &register in &live {
            let value = self.get(register);
            words.push((register, self.tagged(value)));
        }
        for (register, word) in words {
            self.emit(Op::FieldStore, object, word, register_offset(register));
        }
        self.forget_registers(vm, object, resumed_at, &live);
        let suspended = self.constant(vm, Generator::position(GeneratorState::Suspended, pc));
        self.emit(Op::FieldStore, object, suspended, POSITION);
        self.drop_frame();
        let item = waiting(self.frames.last().expect("the consumer's frame")).a;
        self.set(item, result);
        Ok(())
    }

    /// RETURN of a generator: its consumer's loop is over.
    pub(super) fn finish_generator(&mut self, vm: &mut Vm) -> Recording {
        let consumer = &self.frames[self.frames.len() - 2];
        if !self.may_leave() && self.frames.len() == 2 && consumer.pc == self.header + 1 {
            return abort(AbortReason::LeftLoop, self.place());
        }
        let value = vm.frames.last().expect("the generator's frame").value;
        if generator::fields(value).handled != vm.handled {
            return abort(AbortReason::Exception, "a generator that returns from a handler");
        }
        let resumed_at = generator::fields(value).pc;
        let object = self.running_generator();
        self.forget_registers(vm, object, resumed_at, &[]);
        let finished = self.constant(vm, Generator::position(GeneratorState::Finished, resumed_at));
        self.emit(Op::FieldStore, object, finished, POSITION);
        self.drop_frame();
        let state = waiting(self.frames.last().expect("the consumer's frame")).b;
        let exhausted = self.constant(vm, Value::EXHAUSTED);
        self.set(state, exhausted);
        Ok(())
    }

    /// The generator whose frame is the innermost is called from now on. It comes to a loop that a trace cannot pass, or
    /// resumes another that is not inlined, such as itself on another level: calls from inlined frames are not counted
    /// for the recursion limit, so a recursion would go deeper than it may.
    pub(super) fn give_up_generator(&mut self) -> Recording<Step> {
        let code = self.frames.last().expect("the generator's frame").code;
        // SAFETY: code objects live as long as the VM.
        unsafe { (*code).function.grows_too_long.set(true) };
        if self.is_of_loop() {
            return abort(AbortReason::InnerLoop, self.place());
        }
        self.leave_before(Outside::ForNow, LeaveReason::Loop, "a loop")
    }

    /// The head of a loop in an inlined generator, which may come back to it without a YIELD a few times.
    pub(super) fn header_of_generator(
        &mut self,
        ins: Instruction,
        origin: Origin,
        depth: usize,
    ) -> Recording<Option<Step>> {
        if self.passed.iter().filter(|passed| **passed == origin).count() >= PASSES {
            return self.give_up_generator().map(|_| None);
        }
        self.passed.push(origin);
        self.bytecodes.push(RecordedBytecode { instruction: ins, origin, depth: depth as u32 });
        Ok(Some(Step::Pass))
    }
}

/// The FOR_ITER that a frame waits at.
fn waiting(frame: &RecordFrame) -> Instruction {
    // SAFETY: code objects live as long as the VM.
    unsafe { (&(*frame.code).proto.instructions)[frame.pc as usize] }
}
