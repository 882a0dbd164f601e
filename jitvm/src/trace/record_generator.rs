//! Recording of generators: what resumes one (FOR_ITER, SEND, a call of `next` or `send`) goes on in its body, as a frame
//! above the consumer's, and a YIELD goes back to the consumer.
//!
//! The generator object is at every moment what the interpreter would have made of it. Resuming one loads the registers
//! that it keeps and marks it as running; a YIELD stores them back, with where it is to go on. In a loop the loads become
//! what the iteration before has stored. Exits inside the body restore its frame with the continuation `Next`, `Send`
//! or `Called`, whose generator is in a register of the instruction below (`exit`).

use std::mem::offset_of;

use super::abort::{AbortReason, LeaveReason};
use super::decision::CallDecision;
use super::describe;
use super::record_end::Outside;
use super::recorder::{MAX_SLOTS, RecordFrame, RecordedBytecode, Recorder, Recording, Step, abort};
use crate::bytecode::{CodeKind, Instruction, Op as Bytecode};
use crate::interp::{call, chain, generator, helpers};
use crate::ir::{Op, Origin, Ref};
use crate::runtime::object::{Cell, Generator, GeneratorState, ShapeId};
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Continuation, Vm};

/// Longest generator that is inlined, in bytecodes.
const LONGEST: usize = 200;
/// How often a trace passes the head of a loop in one that it inlines.
const PASSES: usize = 4;

/// A generator with more registers is made by a call.
const MOST_REGISTERS_IN_LINE: u16 = 12;

const POSITION: u32 = offset_of!(Generator, state) as u32;
const CODE: u32 = offset_of!(Generator, register_bytes) as u32;
const FUNCTION: u32 = offset_of!(Generator, function) as u32;
const HANDLED: u32 = offset_of!(Generator, handled) as u32;
const DELEGATE: u32 = offset_of!(Generator, delegate) as u32;

/// Byte offset of a register in the object.
const fn register_offset(register: u16) -> u32 {
    Generator::REGISTERS as u32 + 8 * register as u32
}

/// The registers that a generator keeps which is suspended at `pc`.
fn kept(vm: &Vm, code: &Code, pc: u32) -> Vec<u16> {
    match &generator::live_when_suspended(code, vm.jit.shows_variables)[pc as usize] {
        Some(live) => live.to_vec(),
        None => (0..code.proto.parameters() as u16).collect(),
    }
}

impl Recorder {
    /// The innermost frame is that of a generator which the trace has resumed.
    pub(super) fn is_in_generator(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.continuation.is_resumed())
    }

    /// A slot holds the generator whose frame is above the slot's own.
    pub(super) fn holds_running_generator(&self, slot: u16) -> bool {
        let register = |frame: &RecordFrame| generator::resumed_register(waiting(frame));
        self.frames
            .windows(2)
            .any(|pair| pair[1].continuation.is_resumed() && pair[0].base + register(&pair[0]) == slot)
    }

    /// A call of `next`, `__next__` or `send` with a generator as the first argument; `None` leaves it to a call.
    pub(super) fn resume_by_call(
        &mut self,
        vm: &mut Vm,
        ins: Instruction,
        callee: Value,
        references: &[Ref],
        values: &[Value],
    ) -> Recording<Option<Step>> {
        let Some(name) = describe::builtin_name(vm, callee) else { return Ok(None) };
        let sent = match (ins.op, name.as_str(), references, values) {
            (Bytecode::Call, "next", [_] | [_, _], _) | (Bytecode::CallMethod, "generator.__next__", [_], _) => None,
            (Bytecode::CallMethod, "generator.send", &[_, sent], &[_, value]) => Some((sent, value)),
            _ => return Ok(None),
        };
        // The recorder can see that it will be resumed, but not go back.
        let room = self.inline_depth + 1;
        if vm.frames.len() + room >= vm.recursion_limit as usize {
            return Ok(None);
        }
        let is_resumed = self.resume_generator(vm, ins, values[0], sent, Continuation::Called)?;
        Ok(is_resumed.then_some(Step::Resume))
    }

    /// SEND to a generator, a coroutine or another iterator; `None` leaves it to the interpreter.
    pub(super) fn record_send(
        &mut self,
        vm: &mut Vm,
        ins: Instruction,
        [sent, iterator]: [Value; 2],
    ) -> Recording<Option<Step>> {
        if matches!(iterator.shape(), ShapeId::GENERATOR | ShapeId::COROUTINE) {
            let word = self.get(ins.a);
            if self.resume_generator(vm, ins, iterator, Some((word, sent)), Continuation::Send)? {
                return Ok(Some(Step::Interpret));
            }
            if self.calls_coroutine(iterator, sent) {
                self.send_to_coroutine(vm, ins);
                return Ok(Some(Step::CallOut));
            }
            if self.is_in_generator() {
                return self.give_up_generator().map(Some);
            }
            return self.leave_before(Outside::ForGood, LeaveReason::NotInlined, ins.op.name()).map(Some);
        }
        if sent != Value::NONE || !iterator.is_pointer() || iterator.is_instance() || is_awaitable(iterator) {
            return Ok(None);
        }
        self.send_to_iterator(vm, ins, iterator);
        Ok(Some(Step::CallOut))
    }

    /// A coroutine awaits another one that has not begun, such as itself on another level: most come to their end without
    /// being suspended, so that it is a call. The frames above must be all there are, since the recursion counts.
    fn calls_coroutine(&self, coroutine: Value, sent: Value) -> bool {
        // SAFETY: code objects live as long as the VM.
        let is_in_coroutine = unsafe { (*self.frames[0].code).proto.kind } == CodeKind::Coroutine;
        is_in_coroutine
            && self.frames.len() == 1
            && sent == Value::NONE
            && coroutine.has_shape(ShapeId::COROUTINE)
            && generator::fields(coroutine).state == GeneratorState::Created
    }

    /// GET_AWAITABLE of a coroutine that awaits nothing is that coroutine.
    pub(super) fn awaits_itself(&mut self, vm: &mut Vm, ins: Instruction, value: Value) -> bool {
        if !value.has_shape(ShapeId::COROUTINE) || generator::fields(value).delegate != Value::UNDEF {
            return false;
        }
        let coroutine = self.get(ins.b);
        let coroutine = self.object(coroutine, ShapeId::COROUTINE);
        let delegate = self.emit(Op::FieldLoad, coroutine, Ref::NONE, DELEGATE);
        self.same_word(vm, delegate, Value::UNDEF);
        self.set(ins.a, coroutine);
        true
    }

    /// A call of a generator function, with a value for each parameter: it only makes the generator. `None`: it is another
    /// function, or has too many.
    pub(super) fn called_generator(
        &mut self,
        vm: &mut Vm,
        code: *const Code,
        callee: Ref,
        parameters: &[Ref],
    ) -> Option<Ref> {
        // SAFETY: code objects live as long as the VM.
        let proto = unsafe { &(*code).proto };
        let makers = match proto.kind {
            CodeKind::Generator => helpers::GENERATOR,
            CodeKind::Coroutine => helpers::COROUTINE,
            _ => return None,
        };
        debug_assert_eq!(proto.instructions[0].op, Bytecode::Generator);
        // Those with handlers are watched for finalisers.
        let is_plain = proto.kind == CodeKind::Generator && proto.exception_ranges.is_empty();
        if is_plain && proto.registers <= MOST_REGISTERS_IN_LINE {
            return Some(self.new_generator(vm, code, callee, parameters));
        }
        let helper = *makers.get(parameters.len())?;
        let mut words = vec![callee];
        words.extend_from_slice(parameters);
        Some(self.call(helper, &words))
    }

    /// What `generator::called` makes, without a call.
    fn new_generator(&mut self, vm: &mut Vm, code: *const Code, function: Ref, parameters: &[Ref]) -> Ref {
        // SAFETY: code objects live as long as the VM.
        let (id, registers) = unsafe { ((*code).id, (*code).proto.registers) };
        let position = self.constant(vm, Generator::position(GeneratorState::Created, 0));
        let code_word = self.constant(vm, Generator::code_word_of(id, registers.into()));
        let [undefined, none] = [Value::UNDEF, Value::NONE].map(|value| self.constant(vm, value));
        let mut words = vec![position, code_word, function, undefined, undefined, none];
        words.extend(parameters.iter().map(|&parameter| self.tagged(parameter)));
        words.resize(Generator::REGISTERS / 8 - 1 + registers as usize, undefined);
        self.new_object(ShapeId::GENERATOR, ShapeId::GENERATOR.0 as u8, 0, &words)
    }

    /// GET_YIELD_FROM of a generator is that generator.
    pub(super) fn is_own_iterator(&self, ins: Instruction, value: Value) -> bool {
        ins.op == Bytecode::GetYieldFrom && value.has_shape(ShapeId::GENERATOR)
    }

    /// A generator that waits goes on in its body, which the interpreter is about to enter: resumed by FOR_ITER, SEND or
    /// a call, which sends the given value. False leaves it to a call.
    pub(super) fn resume_generator(
        &mut self,
        vm: &mut Vm,
        ins: Instruction,
        value: Value,
        sent: Option<(Ref, Value)>,
        continuation: Continuation,
    ) -> Recording<bool> {
        chain::unpark(vm);
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
        let raises = state == GeneratorState::Created && sent.is_some_and(|(_, value)| value != Value::NONE);
        let is_running = self.frames.iter().any(|frame| frame.code == code);
        let reasons = [
            (!waits || raises || fields.handled != Value::UNDEF || !is_in_place, CallDecision::NotResumable),
            (self.frames.len() > self.inline_depth, CallDecision::TooDeep),
            (is_running, CallDecision::Recursion),
            (of.function.grows_too_long.get(), CallDecision::GrowsTooLong),
            (of.proto.instructions.len() > LONGEST, CallDecision::TooLong),
            (base as usize + of.proto.registers as usize > MAX_SLOTS, CallDecision::TooLong),
        ];
        let reason = reasons.into_iter().find_map(|(holds, reason)| holds.then_some(reason));
        self.decide_call(reason.unwrap_or(CallDecision::Resumed), Some(id));
        if reason.is_some() {
            return Ok(false);
        }
        let holder = self.get(generator::resumed_register(ins));
        let object = self.object(holder, value.shape());
        let load = |recorder: &mut Recorder, offset: u32| recorder.emit(Op::FieldLoad, object, Ref::NONE, offset);
        let expected = [(CODE, code_word), (POSITION, Generator::position(state, pc)), (HANDLED, Value::UNDEF)];
        for (offset, now) in expected {
            let word = load(self, offset);
            self.same_word(vm, word, now);
        }
        let sent = match sent {
            Some((word, value)) if state == GeneratorState::Created => self.same_word(vm, word, value),
            Some((word, _)) => word,
            None => self.constant(vm, Value::NONE),
        };
        let function = load(self, FUNCTION);
        let registers: Vec<(u16, Ref)> =
            kept(vm, of, pc).into_iter().map(|register| (register, load(self, register_offset(register)))).collect();
        let handled = self.handled_cell(vm);
        let handled = self.emit(Op::CellLoad, handled, Ref::NONE, 0);
        self.emit(Op::FieldStore, object, handled, HANDLED);
        let running = self.constant(vm, Generator::position(GeneratorState::Running, pc));
        self.emit(Op::FieldStore, object, running, POSITION);
        let position = of.proto.instructions[pc as usize];
        if delegates(position) {
            let unbound = self.constant(vm, Value::UNDEF);
            self.emit(Op::FieldStore, object, unbound, DELEGATE);
        }

        let live = vm.jit.liveness(id, &of.proto);
        let start = Some(self.body.ins.len());
        self.put(base - 1, function);
        self.frames.push(RecordFrame { code, id, base, pc: pc + 1, live, continuation, function: None, start });
        let unbound = self.constant(vm, Value::UNDEF);
        for local in 0..of.proto.local_names.len() as u16 {
            self.set(local, unbound);
        }
        for (register, value) in registers {
            self.set(register, value);
        }
        if state == GeneratorState::Suspended {
            self.set(position.a, sent);
        }
        Ok(true)
    }

    /// The word that says what a generator is doing, and where.
    pub(super) fn position_of(&mut self, object: Ref) -> Ref {
        self.emit(Op::FieldLoad, object, Ref::NONE, POSITION)
    }

    /// It is a generator of the same code, which says what class it is of.
    pub(super) fn same_generator_code(&mut self, vm: &mut Vm, object: Ref, generator: Value) {
        let word = self.emit(Op::FieldLoad, object, Ref::NONE, CODE);
        self.same_word(vm, word, generator::fields(generator).code_word());
    }

    /// The word with what is being handled, taken for a cell.
    pub(super) fn handled_cell(&mut self, vm: &Vm) -> Ref {
        let address = (&raw const vm.handled as usize).wrapping_sub(offset_of!(Cell, value));
        self.constant_raw(address as u64, "exception being handled".to_owned())
    }

    /// YIELD in a generator that the trace has resumed, which handles nothing but what its consumer does.
    pub(super) fn can_suspend(&self, vm: &Vm, ins: Instruction) -> bool {
        let frame = vm.frames.last().expect("a recording runs in a frame");
        ins.x < 2 && self.is_in_generator() && generator::fields(frame.value).handled == vm.handled
    }

    /// The generator whose frame is the innermost.
    fn running_generator(&mut self) -> Ref {
        let caller = &self.frames[self.frames.len() - 2];
        let slot = caller.base + generator::resumed_register(waiting(caller));
        let shape = match self.frames.last().map(|frame| frame.code) {
            // SAFETY: code objects live as long as the VM.
            Some(code) if unsafe { (*code).proto.kind } == CodeKind::Coroutine => ShapeId::COROUTINE,
            _ => ShapeId::GENERATOR,
        };
        let holder = self.in_slot(slot);
        self.object(holder, shape)
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
        if delegates(ins) {
            let delegate = self.get(ins.c);
            let delegate = self.tagged(delegate);
            self.emit(Op::FieldStore, object, delegate, DELEGATE);
        }
        self.drop_frame();
        let item = waiting(self.frames.last().expect("the consumer's frame")).a;
        self.set(item, result);
        Ok(())
    }

    /// RETURN of a generator: its consumer's loop is over, or has its result.
    pub(super) fn finish_generator(&mut self, vm: &mut Vm, ins: Instruction) -> Recording<Step> {
        let consumer = &self.frames[self.frames.len() - 2];
        let waits = waiting(consumer);
        let continuation = self.frames.last().expect("the generator's frame").continuation;
        let ends_loop = continuation == Continuation::Next;
        if ends_loop && !self.may_leave() && self.frames.len() == 2 && consumer.pc == self.header + 1 {
            return abort(AbortReason::LeftLoop, self.place());
        }
        let default = (waits.op == Bytecode::Call && waits.b == 2).then_some(consumer.base + waits.a + 2);
        if continuation == Continuation::Called && default.is_none() {
            return self.leave_before(Outside::ForNow, LeaveReason::Exhausted, ins.op.name());
        }
        let value = vm.frames.last().expect("the generator's frame").value;
        if generator::fields(value).handled != vm.handled {
            return abort(AbortReason::Exception, "a generator that returns from a handler");
        }
        let resumed_at = generator::fields(value).pc;
        let returned = self.get(ins.a);
        let object = self.running_generator();
        self.forget_registers(vm, object, resumed_at, &[]);
        let finished = self.constant(vm, Generator::position(GeneratorState::Finished, resumed_at));
        self.emit(Op::FieldStore, object, finished, POSITION);
        self.drop_frame();
        match continuation {
            Continuation::Next => {
                let exhausted = self.constant(vm, Value::EXHAUSTED);
                self.set(waits.b, exhausted);
            }
            Continuation::Called => {
                let default = default.expect("else it was left");
                let result = self.in_slot(default);
                self.set(waits.a, result);
            }
            _ => self.set(waits.a, returned),
        }
        Ok(Step::Interpret)
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
        self.leave_before(Outside::ForNow, LeaveReason::NotInlined, "a generator")
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

/// A YIELD on behalf of another iterator.
fn delegates(ins: Instruction) -> bool {
    ins.op == Bytecode::Yield && ins.x == 1
}

/// What makes one step of a coroutine or asynchronous generator.
fn is_awaitable(iterator: Value) -> bool {
    matches!(iterator.shape(), ShapeId::COROUTINE_WRAPPER | ShapeId::ASYNC_GENERATOR_STEP | ShapeId::ASYNC_GENERATOR)
}
