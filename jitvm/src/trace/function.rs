//! Function traces: when a function is recorded from its entry, how the interpreter runs its trace, how calls of
//! functions are recorded. How activations of compiled code work together is told in `interp::activation`.

use std::cell::Cell;

use super::abort::LinkKind;
use super::recorder::{RecordedBytecode, Recorder};
use super::{Trace, evict, policy};
use crate::bytecode::{Instruction, Op as Bytecode};
use crate::interp::call;
use crate::ir::{CodeId, Const, FUNCTION_SLOT, Ins, Label, Op, Origin, Ref, Resume, Ty};
use crate::runtime::object::{BoundMethod, ShapeId};
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Vm};

/// Instead of the index of a loop: the trace is anchored at the function's entry.
pub const ENTRY: u16 = u16::MAX;

/// Most arguments of a native call.
const MOST_ARGUMENTS: usize = 16;

/// What has come of a call whose frame is on top.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Called {
    /// The frames are as the interpreter goes on.
    Interpret,
    /// The same, in the recording copy.
    Record,
    /// The activation is over; its frame is still on top.
    Returned(Value),
    /// An exception is pending at the top frame's instruction.
    Raised,
}

/// A function's countdown, in which traces are counted as well, has come to zero: runs its trace, or begins to record it.
#[inline(never)]
pub fn function_called(vm: &mut Vm, floor: usize) -> Called {
    let frame = *vm.frames.last().expect("a call has pushed its frame");
    let code = call::code_pointer(vm, frame.code);
    // SAFETY: code objects live as long as the VM.
    let code = unsafe { &*code };
    evict::chance(vm, &[]);
    let Some(id) = code.function.trace else {
        // One that has just been evicted gets hot again later.
        if code.function.countdown.get() != 0 {
            return Called::Interpret;
        }
        return if policy::function_is_hot(vm, code, floor) { Called::Record } else { Called::Interpret };
    };
    code.function.countdown.set(1);
    if !vm.frames.has_room_for_trace() {
        return Called::Interpret;
    }
    // SAFETY: the frame's registers lie inside the stack.
    let left = unsafe {
        let base = vm.stack.add(frame.base as usize);
        super::enter(vm, id, base, floor)
    };
    match left {
        Ok(Some(value)) => Called::Returned(value),
        Ok(None) if vm.jit.recorder.as_ref().is_some_and(|recorder| recorder.floor == floor) => Called::Record,
        Ok(None) => Called::Interpret,
        Err(_) => Called::Raised,
    }
}

impl Trace {
    /// The place of the program that an exit is at.
    pub(super) fn place(&self, exit: usize) -> Option<Origin> {
        self.body.origins.get(usize::from(*self.guards.get(exit)?)).copied()
    }

    /// Memory of what the VM keeps of it beside its machine code: IR, snapshots, what exits restore, and the iteration
    /// that other traces may enter.
    pub fn metadata_bytes(&self) -> u64 {
        use crate::sizes::{list as of, piece};
        let body = &self.body;
        let in_snapshots = |s: &crate::ir::Snapshot| {
            of(&s.frames) + of(&s.slots) + of(&s.objects) + s.objects.iter().map(|o| of(&o.words)).sum::<usize>()
        };
        let of_body = of(&body.ins)
            + of(&body.constants)
            + of(&body.snapshots)
            + of(&body.origins)
            + of(&body.kept)
            + of(&body.in_slots)
            + of(&body.given)
            + Const::texts(&body.constants)
            + body.snapshots.iter().map(in_snapshots).sum::<usize>();
        let of_code = self.artifact.as_ref().map_or(0, |artifact| {
            let locations = artifact.exits.iter().map(|exit| of(&exit.locations)).sum::<usize>();
            of(&artifact.exits)
                + of(&artifact.map)
                + of(&artifact.slow_map)
                + of(&artifact.label)
                + of(&artifact.checkpoints)
                + locations
        });
        let seen = self.exits.iter().map(|exit| of(&exit.seen)).sum::<usize>();
        let of_label = self.label.as_ref().map_or(0, Label::bytes) + self.clobbers.bytes();
        (piece(size_of::<Trace>()) + of_body + of_code + of_label + of(&self.guards) + of(&self.exits) + seen) as u64
    }

    /// Belongs to a function, not to a loop.
    pub fn is_of_function(&self) -> bool {
        self.loop_index == ENTRY
    }
    /// Compiled code enters it too: it is of a function, or of a coroutine from where its body begins.
    pub fn is_called(&self) -> bool {
        self.is_of_function() || self.begins_body
    }
    /// What native calls of the function call.
    pub fn native_entry(&self) -> Option<*const u8> {
        self.artifact.as_ref().map(|artifact| artifact.entry)
    }
}

/// A function's trace is there, or (`None`) not any more.
pub fn set_entry(vm: &mut Vm, id: CodeId, entry: Option<*const u8>) {
    let cell: &Cell<*const u8> = &vm.codes[id.index()].entry;
    cell.set(entry.unwrap_or(crate::codegen::entry::interpret_activation as *const u8));
}

/// Whether a call of this value runs the code, and traces make it natively.
pub(super) fn is_called_natively(vm: &Vm, called: Value, code: CodeId) -> bool {
    let function = match called.has_shape(ShapeId::BOUND_METHOD) {
        // SAFETY: the shape is known, and its parts are alive.
        true => unsafe { (*called.object::<BoundMethod>()).function },
        false => called,
    };
    // SAFETY: functions that something refers to are alive.
    let is_of_code = call::as_function(function).is_some_and(|function| unsafe { (*function).code } == code);
    is_of_code && vm.codes[code.index()].proto.parameters() <= MOST_ARGUMENTS
}

impl Recorder {
    pub fn is_of_function(&self) -> bool {
        self.loop_index == ENTRY
    }

    /// How a complete recording ends.
    pub fn end(&self) -> LinkKind {
        match self.body.ins.last() {
            _ if self.link.is_some() => LinkKind::Root,
            _ if self.ends_outside.is_some() => LinkKind::Interpreter,
            Some(ins) if ins.op == Op::Ret => LinkKind::Return,
            _ => LinkKind::Loop,
        }
    }

    /// How often a function may be inlined where it runs already.
    pub(super) fn inline_recursion(&self, has_loops: bool) -> usize {
        if self.is_of_function() || has_loops { self.recursion } else { 0 }
    }

    /// A local that is no parameter is unbound when a function begins; nobody writes that to the stack.
    pub(super) fn unbind_locals(&mut self, vm: &mut Vm) {
        // SAFETY: code objects live as long as the VM.
        let proto = unsafe { &(*self.frames[0].code).proto };
        let unbound = self.constant(vm, Value::UNDEF);
        for register in proto.parameters()..proto.local_names.len() {
            self.set(register as u16, unbound);
        }
    }

    /// What a closure's prologue takes its cells from.
    pub(super) fn know_function(&mut self) {
        // SAFETY: code objects live as long as the VM.
        let proto = unsafe { &(*self.frames[0].code).proto };
        if proto.instructions.iter().any(|ins| ins.op == Bytecode::LoadFree) {
            let function = self.emit(Op::Sload, Ref::NONE, Ref::NONE, FUNCTION_SLOT);
            let function = self.object(function, ShapeId::FUNCTION);
            self.frames[0].function = Some(function);
        }
    }

    /// The anchor's function returns: the end of a trace that may end so.
    pub(super) fn record_return(&mut self, ins: Instruction, origin: Origin) {
        self.bytecodes.push(RecordedBytecode { instruction: ins, origin, depth: 0 });
        let result = self.get(ins.a);
        let word = self.tagged(result);
        self.emit(Op::Ret, word, Ref::NONE, 0);
    }

    /// A call of a function of the program that is not inlined, with a value for each parameter; `first` is the
    /// register of the first. `None`: it has to be made otherwise.
    pub(super) fn native_call(
        &mut self,
        code: *const Code,
        callee: Ref,
        first: u16,
        parameters: &[Ref],
    ) -> Option<Ref> {
        // SAFETY: code objects live as long as the VM.
        let code = unsafe { &*code };
        let slot = self.slot_of(first);
        if !self.functions || parameters.len() > MOST_ARGUMENTS || parameters.len() != code.proto.parameters() {
            return None;
        }
        // Nothing else asks for the function that runs.
        let asks = |ins: &Instruction| matches!(ins.op, Bytecode::LoadFree | Bytecode::Generator);
        let is_asked_for = code.proto.instructions.iter().any(asks);
        let mut words = vec![if is_asked_for { self.tagged(callee) } else { self.body.nothing() }];
        for &parameter in parameters {
            words.push(self.tagged(parameter));
        }
        let mut chain = Ref::NONE;
        for word in words {
            chain = self.emit(Op::CArg, chain, word, 0);
        }
        let address = self.constant_raw(&raw const *code as u64, format!("code {}", code.proto.qualname));
        let result = self.emit(Op::CallF, chain, address, slot.into());
        self.check_exception(result);
        Some(result)
    }

    /// The innermost frame, inlined, has come to the header of a loop: the rest of its activation is a native call, of the
    /// loop's trace if there is one then. `None`: it has too many registers for that.
    pub(super) fn native_rest(&mut self, vm: &mut Vm, loop_index: u16, stack: *const Value) -> Option<Ref> {
        let frame = self.frames.last().expect("the anchor frame stays");
        let (base, pc) = (frame.base, frame.pc);
        // SAFETY: code objects live as long as the VM.
        let code = unsafe { &*frame.code };
        let innermost = self.frames.len() - 1;
        let live: Vec<u16> = (0..code.proto.registers).filter(|r| self.is_live(base + r, innermost)).collect();
        if live.len() > MOST_ARGUMENTS {
            return None;
        }
        // The word before the registers is the function, which is needed at the beginning alone.
        let nothing = self.body.nothing();
        let mut words = vec![nothing];
        for register in 0..live.last().map_or(0, |last| last + 1) {
            let is_live = live.contains(&register);
            let value = if is_live { self.get(register) } else { nothing };
            words.push(if is_live { self.tagged(value) } else { nothing });
        }
        debug_assert_eq!(pc, code.proto.loops[loop_index as usize]);
        let anchor = self.anchor_base(stack);
        self.evaluate(vm, anchor);
        self.drop_frame();
        self.depth -= 1;
        let chain = words.into_iter().fold(Ref::NONE, |chain, word| self.emit(Op::CArg, chain, word, 0));
        let address = self.constant_raw(&raw const *code as u64, format!("code {}", code.proto.qualname));
        let result = self.emit(Op::CallF, chain, address, u32::from(loop_index + 1) << 16 | u32::from(base));
        self.check_exception(result);
        Some(result)
    }

    /// After a call that may have raised: whoever leaves here unwinds, and must not execute the bytecode again.
    pub(super) fn check_exception(&mut self, result: Ref) {
        let snapshot = self.snapshot_here(Resume::Raise);
        self.body.snapshots.push(snapshot);
        self.push(Ins::new(Op::G_NoExc, Ty::Nil, result, Ref::NONE, 0));
        self.after_call = true;
    }
}
