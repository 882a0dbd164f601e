//! The recorder's core: abstract registers, snapshots, guards and helper calls. What each bytecode does is in
//! `record_operation` and `record_call`.
//!
//! The interpreter's second copy calls [`Recorder::step`] before each instruction, with the registers as they are. A
//! register of the anchor frame is loaded (SLOAD) on its first use and its type is guarded when first needed, not at
//! the loop's entry; what a guard learned replaces the register's reference, so nothing is checked twice.

use std::rc::Rc;
use std::time::Instant;

use super::abort::{AbortReason, LeaveReason};
use super::attempt::Attempt;
use super::concrete::Concrete;
use super::decision::RecorderDecision;
use super::liveness::{Liveness, reads_implicitly};
use super::params::Params;
use super::recent::Recent;
use super::record_end::{Outside, SHORTEST};
use super::record_onward::Pending;
use crate::bytecode::{Instruction, Op as Bytecode};
use crate::interp::helpers::{HELPERS, HelperId, Places};
use crate::ir::{Body, CodeId, Const, Ins, Op, Origin, Ref, Resume, SnapFrame, SnapSlot, Snapshot, TraceId, Ty};
use crate::runtime::object::ShapeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Continuation, Vm};

/// What the interpreter does after the recorder has seen an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Executes it.
    Interpret,
    /// Leaves the recording copy of the loop: the recording ended, before this instruction.
    Leave,
    /// Goes on behind it: a loop header that the trace does not end at.
    Pass,
    /// Executes the call as the trace will: natively nested and unrecorded.
    CallOut,
    /// Goes on in the frame that the recorder has pushed for it.
    Entered,
    /// Runs the rest of the top frame's activation as the trace will: natively nested and unrecorded. The recorder is in
    /// its caller already.
    Rest,
    /// As `Entered`, once the generator of a call of `next` or the like was resumed in a frame of its own.
    Resume,
}

/// Why a recording cannot go on; the text names the operation.
#[derive(Clone, Debug)]
pub struct Abort {
    pub reason: AbortReason,
    pub detail: String,
}

/// `Ok(())`, or the recording is over.
pub type Recording<T = ()> = Result<T, Abort>;

pub(super) fn abort<T>(reason: AbortReason, detail: impl Into<String>) -> Recording<T> {
    Err(Abort { reason, detail: detail.into() })
}

/// An inlined (or the anchor) frame while recording.
#[derive(Clone, Debug)]
pub(super) struct RecordFrame {
    pub code: *const Code,
    pub id: CodeId,
    /// Slot of its register 0, relative to the anchor frame.
    pub base: u16,
    /// The instruction being recorded, or the call that waits.
    pub pc: u32,
    pub live: Rc<Liveness>,
    pub continuation: Continuation,
    /// The function that runs, of an inlined frame.
    pub function: Option<Ref>,
    /// Index of its first IR instruction, if this recording has entered it.
    pub start: Option<usize>,
}

/// What is known of one slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// NONE: untouched so far.
    pub value: Ref,
    /// Differs from the word in the VM stack.
    pub dirty: bool,
}

/// A recorded bytecode, for the log.
#[derive(Clone, Copy, Debug)]
pub struct RecordedBytecode {
    pub instruction: Instruction,
    pub origin: Origin,
    pub depth: u32,
}

/// Slots a trace can address.
pub(super) const MAX_SLOTS: usize = 2048;

/// Where a side trace starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parent {
    pub trace: TraceId,
    /// Number of the exit.
    pub exit: usize,
}

/// A recording in progress.
#[derive(Clone)]
pub struct Recorder {
    /// The exit it starts at, of a side trace.
    pub parent: Option<Parent>,
    /// The root trace it came to, of a complete recording that does not end where it began.
    pub link: Option<TraceId>,
    /// Of a loop: it may be left while recording, and the trace goes on with what follows.
    pub leaves: bool,
    /// The instruction that it begins with is to serve any shape or function.
    pub(super) for_any: bool,
    /// What it has found so, to be called.
    pub(super) any_method: Option<Ref>,
    /// How often a loop or an exit got hot in a call that this recording waited for.
    pub hot_in_calls: u32,
    /// It ended before something that only the interpreter executes.
    pub ends_outside: Option<Outside>,
    /// Of the functions inlined here, called from frames that were there before: the longest one.
    pub(super) largest: Option<(*const Code, usize)>,
    /// Headers of uncompiled loops a side trace has passed.
    pub(super) passed: Vec<Origin>,
    pub trace: TraceId,
    pub anchor: CodeId,
    /// Index of the anchor's loop and of its header instruction.
    pub loop_index: u16,
    pub header: u32,
    /// The interpreter execution it belongs to.
    pub floor: usize,
    pub started: Instant,
    pub bytecodes: Vec<RecordedBytecode>,
    /// In the order of the bytecodes.
    pub decisions: Vec<RecorderDecision>,
    pub(super) body: Body,
    /// Values while recording, in debug builds.
    pub concrete: Concrete,
    recent: Recent,
    /// Slots of the parent's snapshot with what stands for them.
    pub(super) inputs: Vec<(u16, Ref)>,
    pub(super) frames: Vec<RecordFrame>,
    /// Calls whose callees are inlined unless they come to a loop.
    pub(super) attempts: Vec<Attempt>,
    pub(super) slots: Vec<Slot>,
    /// The current instruction has its snapshot.
    pub(super) snapshot_taken: bool,
    /// It has called a helper.
    pub(super) after_call: bool,
    /// A class is not what the trace has found it to be before: an earlier guard will not pass.
    pub(super) outdated: bool,
    /// Where the arms of a diamond meet that has been recorded, until the interpreter is there.
    pub(super) join: Option<u32>,
    /// An arm of a diamond is being recorded.
    pub(super) in_arm: bool,
    /// The state that guards in it leave to, if no guard of the instruction has come before.
    pub(super) state_before: Option<Snapshot>,
    /// Most instructions of an arm that compute something.
    pub(super) most_in_arm: usize,
    /// The instruction before has called out, and its result decides where it goes on.
    pub(super) pending: Option<Pending>,
    /// The instruction is recorded as one that raises, and what comes next is its handler.
    pub(super) raises: bool,
    /// What its CATCHes refer to; the trace keeps it.
    pub(super) places: Vec<Rc<Places>>,
    /// Lists from which objects were read: with what they are now.
    pub(super) rows: Vec<(Ref, Value)>,
    /// Instances from which floats were read: with what they are now.
    pub(super) float_owners: Vec<(Ref, Value)>,
    /// What the instruction has overwritten: slots with what they held, in order.
    pub(super) overwritten: Vec<(u16, Slot)>,
    max_ir: usize,
    max_snapshots: usize,
    pub(super) inline_depth: usize,
    /// Functions have traces, and calls of them may be native.
    pub(super) functions: bool,
    pub(super) recursion: usize,
    /// Frames there were at the instruction being recorded.
    pub(super) depth: usize,
}

impl Recorder {
    pub fn new(
        trace: TraceId,
        code: *const Code,
        id: CodeId,
        live: Rc<Liveness>,
        loop_index: u16,
        header: u32,
        floor: usize,
        params: &Params,
    ) -> Recorder {
        Recorder {
            parent: None,
            link: None,
            leaves: false,
            for_any: false,
            any_method: None,
            hot_in_calls: 0,
            ends_outside: None,
            largest: None,
            passed: Vec::new(),
            trace,
            anchor: id,
            loop_index,
            header,
            floor,
            started: Instant::now(),
            bytecodes: Vec::new(),
            decisions: Vec::new(),
            body: Body::default(),
            concrete: Concrete::default(),
            recent: Recent::new(),
            inputs: Vec::new(),
            frames: vec![RecordFrame {
                code,
                id,
                base: 0,
                pc: header,
                live,
                continuation: Continuation::Call,
                function: None,
                start: None,
            }],
            attempts: Vec::new(),
            slots: Vec::new(),
            snapshot_taken: false,
            after_call: false,
            outdated: false,
            join: None,
            in_arm: false,
            state_before: None,
            most_in_arm: params.most_in_arm as usize,
            pending: None,
            raises: false,
            rows: Vec::new(),
            float_owners: Vec::new(),
            overwritten: Vec::new(),
            places: Vec::new(),
            max_ir: params.max_ir as usize,
            max_snapshots: params.max_snapshots as usize,
            inline_depth: params.inline_depth as usize,
            functions: params.functions,
            recursion: params.inline_recursion as usize,
            depth: 0,
        }
    }

    /// Instructions recorded so far.
    pub fn ir_length(&self) -> usize {
        self.body.ins.len()
    }

    /// Objects the recording refers to.
    pub fn visit_roots(&self, f: &mut dyn FnMut(Value)) {
        for constant in &self.body.constants {
            if let Const::Val(value, _) = constant {
                f(*value);
            }
        }
    }

    /// Records one instruction before it is executed.
    ///
    /// Returns `Ok(None)` once the anchor is reached again: the recording is complete.
    ///
    /// # Errors
    /// The recording cannot go on.
    pub fn step(&mut self, vm: &mut Vm, ins: Instruction, pc: u32, base: *const Value) -> Recording<Option<Step>> {
        if let Some(pending) = self.pending.take() {
            self.resolve(vm, pending, pc)?;
        }
        let depth = self.frames.len() - 1;
        if self.waits_for_join(pc) {
            let origin = Origin { code: self.frames[depth].id, pc };
            self.bytecodes.push(RecordedBytecode { instruction: ins, origin, depth: depth as u32 });
            return Ok(Some(Step::Interpret));
        }
        let frame = self.frames.last_mut().expect("the anchor frame stays");
        frame.pc = pc;
        debug_assert_eq!(Some(frame.id), vm.frames.last().map(|top| top.code), "the interpreter is in another frame");
        let origin = Origin { code: frame.id, pc };
        self.snapshot_taken = false;
        self.after_call = false;
        self.raises = false;
        self.overwritten.clear();
        let is_header = matches!(ins.op, Bytecode::LoopHeader | Bytecode::LoopEnter | Bytecode::LoopCold);
        let is_of_loop = self.is_of_loop();
        let may_return = self.functions && self.may_leave();
        if is_header && is_of_loop && depth == 0 && pc == self.header {
            if self.bytecodes.is_empty() {
                // The anchor itself, at the start.
                self.bytecodes.push(RecordedBytecode { instruction: ins, origin, depth: 0 });
                return Ok(Some(Step::Interpret));
            }
            return Ok(None);
        }
        // SAFETY: code objects live as long as the VM.
        if is_header && depth > 0 && unsafe { (*self.frames[depth].code).proto.begins_body(pc) } {
            return Ok(Some(Step::Pass));
        }
        if is_header && self.is_in_generator() {
            return self.header_of_generator(ins, origin, depth);
        }
        if is_header && depth > 0 && self.passes_short_loop(pc) {
            self.bytecodes.push(RecordedBytecode { instruction: ins, origin, depth: depth as u32 });
            return Ok(Some(Step::Pass));
        }
        if is_header && depth > 0 {
            self.learn_results(base);
            return self.rest_of_callee(vm, ins, origin, base).map(Some);
        }
        if is_header {
            return self.other_header(ins, origin);
        }
        if may_return && ins.op == Bytecode::Return && depth == 0 {
            self.learn_results(base);
            self.record_return(ins, origin);
            return Ok(None);
        }
        self.bytecodes.push(RecordedBytecode { instruction: ins, origin, depth: depth as u32 });
        if self.body.ins.len() > self.max_ir {
            return abort(AbortReason::TraceTooLong, format!("{} instructions", self.body.ins.len()));
        }
        if self.body.snapshots.len() > self.max_snapshots {
            return abort(AbortReason::TooManySnapshots, format!("{} snapshots", self.body.snapshots.len()));
        }
        self.learn_results(base);
        let anchor = self.anchor_base(base);
        let mut step = self.operation(vm, ins, base);
        if let Err(Abort { reason: AbortReason::Exception, detail }) = &step
            && self.may_leave()
            && !self.after_call
            && self.bytecodes.len() > SHORTEST
        {
            step = self.leave_before(Outside::ForNow, LeaveReason::Raised, detail);
        }
        if self.ends_outside.is_some() {
            return step.map(|_| None);
        }
        if self.outdated {
            return abort(AbortReason::ClassChanged, self.place());
        }
        self.evaluate(vm, anchor);
        step.map(Some)
    }

    /// Where the anchor's registers are.
    pub(super) fn anchor_base(&self, base: *const Value) -> *mut Value {
        base.wrapping_sub(self.frames[self.frames.len() - 1].base as usize).cast_mut()
    }

    /// What has been recorded is executed with the values of now, in debug builds.
    pub(super) fn evaluate(&mut self, vm: &mut Vm, anchor: *mut Value) {
        if cfg!(debug_assertions) {
            let inputs = std::mem::take(&mut self.inputs);
            self.concrete.evaluate(vm, &self.body, anchor, &inputs);
            self.inputs = inputs;
        }
    }

    /// What calls of the bytecode before have returned is in registers by now.
    fn learn_results(&mut self, base: *const Value) {
        if cfg!(debug_assertions) {
            let first = self.frames.last().map_or(0, |frame| frame.base as usize);
            for (i, slot) in self.slots.iter().enumerate().skip(first).filter(|(_, slot)| slot.dirty) {
                // SAFETY: a register of the innermost frame.
                self.concrete.learn(&self.body, slot.value, unsafe { base.add(i - first).read() });
            }
        }
    }

    // --- instructions -------------------------------------------------------------------------------------------

    pub(super) fn origin(&self) -> Origin {
        let frame = self.frames.last().expect("the anchor frame stays");
        Origin { code: frame.id, pc: frame.pc }
    }

    /// Appends an instruction that is no guard.
    pub(super) fn emit(&mut self, op: Op, a: Ref, b: Ref, c: u32) -> Ref {
        debug_assert!(!op.is_guard(), "{op:?} needs a snapshot");
        self.shared(Ins::new(op, op.result(), a, b, c))
    }

    /// Appends an instruction, unless there is such a one.
    pub(super) fn shared(&mut self, ins: Ins) -> Ref {
        self.recent.find(ins).unwrap_or_else(|| self.push(ins))
    }

    pub(super) fn push(&mut self, ins: Ins) -> Ref {
        let index = self.body.ins.len();
        self.body.ins.push(ins);
        let origin = self.origin();
        self.body.origins.push(origin);
        let result = Ref(index as u16);
        self.recent.note(ins, result);
        result
    }

    /// Appends a guard, which leaves to the state before the current bytecode.
    pub(super) fn guard(&mut self, op: Op, ty: Ty, a: Ref, b: Ref, c: u32) -> Ref {
        // After a call the state before this bytecode does not exist any more.
        debug_assert!(!self.after_call, "{op:?} after a call in one bytecode");
        let ins = Ins::new(op, ty, a, b, c);
        if let Some(known) = self.recent.find(ins) {
            return known;
        }
        if !self.snapshot_taken {
            let snapshot = match self.state_before.take() {
                Some(before) => Snapshot { at: self.body.ins.len() as u16, ..before },
                None => self.snapshot_here(Resume::Execute),
            };
            self.body.snapshots.push(snapshot);
            self.snapshot_taken = true;
        }
        self.push(ins)
    }

    /// Appends a guard that leaves to the state as it is now, before instruction `pc` of the innermost frame.
    pub(super) fn guard_onward(&mut self, op: Op, a: Ref, b: Ref, pc: u32) {
        let frame = self.frames.last_mut().expect("the anchor frame stays");
        let here = std::mem::replace(&mut frame.pc, pc);
        let snapshot = self.snapshot_here(Resume::Onward);
        self.frames.last_mut().expect("the anchor frame stays").pc = here;
        self.body.snapshots.push(snapshot);
        self.push(Ins::new(op, Ty::Nil, a, b, 0));
    }

    /// A new object of this header with these words behind it, all tagged or constant.
    pub(super) fn new_object(&mut self, shape: ShapeId, kind: u8, aux: u16, words: &[Ref]) -> Ref {
        let (bytes, about) = self.body.new_operands(8 * (1 + words.len() as u32), kind, aux);
        let made = self.emit(Op::New, bytes, about, shape.0);
        for (i, &word) in words.iter().enumerate() {
            self.emit(Op::FieldStore, made, word, 8 * (i as u32 + 1));
        }
        made
    }

    /// `list items at data [index] = word`.
    pub(super) fn store_element(&mut self, data: Ref, index: Ref, word: Ref) {
        self.push(Ins::new(Op::ElemStore, Ty::Nil, data, index, word.0.into()));
    }

    /// A guarding operation with its table result type.
    pub(super) fn checked(&mut self, op: Op, a: Ref, b: Ref) -> Ref {
        self.guard(op, op.result(), a, b, 0)
    }

    pub(super) fn constant_int(&mut self, i: i64) -> Ref {
        self.body.constant(Const::Int(i))
    }

    pub(super) fn constant_float(&mut self, x: f64) -> Ref {
        self.body.constant(Const::Flt(x))
    }

    /// A constant for any value.
    pub(super) fn constant(&mut self, vm: &mut Vm, value: Value) -> Ref {
        if value.is_int() {
            self.constant_int(value.as_fixnum())
        } else if value.is_float() {
            self.constant_float(value.as_float())
        } else {
            let text = super::describe::describe(vm, value);
            self.body.constant(Const::Val(value, text.into()))
        }
    }

    pub(super) fn constant_raw(&mut self, word: u64, text: String) -> Ref {
        self.body.constant(Const::Raw(word, text.into()))
    }

    pub(super) fn ty(&self, r: Ref) -> Ty {
        self.body.ty(r)
    }

    /// Calls a helper. Floats are boxed; a helper that can raise is checked at once.
    pub(super) fn call(&mut self, helper: HelperId, arguments: &[Ref]) -> Ref {
        let entry = &HELPERS[helper.0 as usize];
        debug_assert_eq!(entry.entry.arguments(), arguments.len(), "{}", entry.name);
        let words: Vec<Ref> = arguments.iter().map(|&r| self.tagged(r)).collect();
        let mut chain = Ref::NONE;
        for word in words {
            chain = self.emit(Op::CArg, chain, word, 0);
        }
        let ty = if entry.effects.gives.is_some() { Ty::Obj } else { Op::CallH.result() };
        let result = self.shared(Ins::new(Op::CallH, ty, chain, Ref::NONE, helper.0.into()));
        if entry.effects.raises {
            self.check_exception(result);
        }
        // A helper that only looks, or makes an object, may be called again by the interpreter.
        self.after_call |= entry.effects.writes || entry.effects.raises;
        result
    }

    /// The reference as a tagged word (boxes floats).
    pub(super) fn tagged(&mut self, r: Ref) -> Ref {
        if self.ty(r) != Ty::Flt {
            return r;
        }
        if r.is_constant() {
            // A float constant that has an immediate word is its own value.
            if let Const::Flt(x) = self.body.constants[r.constant_index()]
                && let Some(value) = Value::try_float(x)
            {
                return self.body.constant(Const::Val(value, format!("{x:?}").into()));
            }
        }
        self.emit(Op::BoxF, r, Ref::NONE, 0)
    }

    // --- registers ----------------------------------------------------------------------------------------------

    pub(super) fn slot_of(&self, register: u16) -> u16 {
        self.frames.last().expect("the anchor frame stays").base + register
    }

    pub(super) fn slot_mut(&mut self, slot: u16) -> &mut Slot {
        let slot = slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize(slot + 1, Slot { value: Ref::NONE, dirty: false });
        }
        &mut self.slots[slot]
    }

    pub(super) fn slot_state(&mut self, register: u16) -> Slot {
        let slot = self.slot_of(register);
        *self.slot_mut(slot)
    }

    /// Makes a register what [`Recorder::slot_state`] told.
    pub(super) fn put_back(&mut self, register: u16, state: Slot) {
        let slot = self.slot_of(register);
        *self.slot_mut(slot) = state;
    }

    /// The reference in a register of the innermost frame.
    pub(super) fn get(&mut self, register: u16) -> Ref {
        let slot = self.slot_of(register);
        let known = self.slot_mut(slot).value;
        if !known.is_none() {
            return known;
        }
        let load = self.emit(Op::Sload, Ref::NONE, Ref::NONE, slot.into());
        self.slot_mut(slot).value = load;
        load
    }

    /// What a slot that is known holds, or the function slot before the registers.
    pub(super) fn in_slot(&mut self, slot: u16) -> Ref {
        let known = self.slot_mut(slot).value;
        if known.is_none() { self.emit(Op::Sload, Ref::NONE, Ref::NONE, slot.into()) } else { known }
    }

    /// Writes a register of the innermost frame.
    pub(super) fn set(&mut self, register: u16, value: Ref) {
        let slot = self.slot_of(register);
        let before = std::mem::replace(self.slot_mut(slot), Slot { value, dirty: true });
        self.overwritten.push((slot, before));
    }

    /// Writes a slot of the anchor's window.
    pub(super) fn put(&mut self, slot: u16, value: Ref) {
        *self.slot_mut(slot) = Slot { value, dirty: true };
    }

    /// Replaces a reference by a better known one in every slot that holds it.
    pub(super) fn refine(&mut self, from: Ref, to: Ref) {
        for slot in &mut self.slots {
            if slot.value == from {
                slot.value = to;
            }
        }
    }

    // --- types --------------------------------------------------------------------------------------------------

    /// The operand as an Int; the concrete value is a fixnum.
    pub(super) fn int(&mut self, r: Ref) -> Ref {
        if self.ty(r) == Ty::Int {
            return r;
        }
        let checked = self.guard(Op::G_Int, Ty::Int, r, Ref::NONE, 0);
        self.refine(r, checked);
        checked
    }

    /// The operand as a Flt; the concrete value is an immediate float.
    pub(super) fn float(&mut self, r: Ref) -> Ref {
        if self.ty(r) == Ty::Flt {
            return r;
        }
        let checked = self.guard(Op::G_Flt, Ty::Flt, r, Ref::NONE, 0);
        self.refine(r, checked);
        checked
    }

    /// The operand as an object of this shape, which the concrete value has.
    pub(super) fn object(&mut self, r: Ref, shape: ShapeId) -> Ref {
        // A float of a rare exponent is a boxed one for the interpreter only: here it is unboxed like any other.
        if r.is_constant() || self.ty(r) == Ty::Flt {
            return r;
        }
        let ins = self.body.ins[r.index()];
        let made = ins.op == Op::CallH && HELPERS[ins.c as usize].effects.gives == Some(shape);
        if made || ins.op == Op::G_Shape && ins.c == shape.0 {
            return r;
        }
        let checked = self.guard(Op::G_Shape, Ty::Obj, r, Ref::NONE, shape.0);
        self.refine(r, checked);
        checked
    }

    /// The operand as the very word it is now.
    pub(super) fn same_word(&mut self, vm: &mut Vm, r: Ref, value: Value) -> Ref {
        if r.is_constant() {
            return r;
        }
        let constant = self.constant(vm, value);
        match self.ty(r) {
            Ty::Flt => {
                self.guard(Op::G_FltEq, Ty::Nil, r, constant, 0);
            }
            _ => {
                let word = self.tagged(constant);
                self.guard(Op::G_Eq, Ty::Nil, r, word, 0);
            }
        }
        self.refine(r, constant);
        constant
    }

    // --- snapshots ----------------------------------------------------------------------------------------------

    /// The state before the current bytecode, by what is live.
    pub(super) fn snapshot_here(&mut self, resume: Resume) -> Snapshot {
        let mut slots = Vec::new();
        let innermost = self.frames.len() - 1;
        let frame = |f: &RecordFrame| SnapFrame { code: f.id, pc: f.pc, base: f.base, continuation: f.continuation };
        let frames: Vec<SnapFrame> = self.frames.iter().map(frame).collect();
        for (i, slot) in self.slots.iter().enumerate() {
            if !slot.dirty || slot.value.is_none() {
                continue;
            }
            let is_needed = match resume {
                Resume::Execute | Resume::Onward => self.is_live(i as u16, innermost),
                Resume::Raise => self.is_live_in_handler(i as u16),
            };
            if is_needed || self.holds_running_generator(i as u16) {
                slots.push(SnapSlot { slot: i as u16, value: slot.value });
            }
        }
        Snapshot { at: self.body.ins.len() as u16, resume, frames, slots, objects: Vec::new() }
    }

    /// Whether some frame may still read a slot. Windows overlap: a slot belongs to each frame it lies in.
    pub(super) fn is_live(&self, slot: u16, innermost: usize) -> bool {
        self.is_live_among(slot, self.frames.len(), innermost)
    }

    /// As [`Recorder::is_live`], for the outermost `count` frames.
    fn is_live_among(&self, slot: u16, count: usize, innermost: usize) -> bool {
        self.frames[..count].iter().enumerate().any(|(depth, frame)| {
            // SAFETY: code objects live as long as the VM.
            let proto = unsafe { &(*frame.code).proto };
            let Some(register) = slot.checked_sub(frame.base) else {
                // The prologue takes cells from the function that runs.
                return slot + 1 == frame.base && proto.instructions[frame.pc as usize].op == Bytecode::LoadFree;
            };
            if register >= proto.registers {
                return false;
            }
            if reads_implicitly(proto, register) {
                return true;
            }
            if depth == innermost {
                return frame.live.is_live(frame.pc, register);
            }
            if frame.live.is_live_in_handler(proto, frame.pc, register) {
                return true;
            }
            // What has resumed a generator goes on in two ways once that yields or returns.
            if self.frames[depth + 1].continuation.is_resumed() {
                return frame.live.is_live(frame.pc, register);
            }
            // A frame that waits for a call's result needs what is live after it, but for the result itself; the
            // instance that an `__init__` fills is there already.
            let destination = proto.instructions[frame.pc as usize].a;
            let above = self.frames[depth + 1].continuation;
            if register == destination && above != Continuation::Discard {
                return above == Continuation::Init;
            }
            // Operands of an operator may be asked again.
            let again = above == Continuation::Operator;
            frame.live.is_live(frame.pc + 1, register) || (again && frame.live.is_live(frame.pc, register))
        })
    }

    /// Whether a slot may be read after an exception that comes up here: by the innermost handler, or by the frames
    /// around its own, which go on as after any call.
    fn is_live_in_handler(&self, slot: u16) -> bool {
        // SAFETY: code objects live as long as the VM.
        let proto = |frame: &RecordFrame| unsafe { &(*frame.code).proto };
        let catches = |frame: &RecordFrame| {
            proto(frame).exception_ranges.iter().any(|range| (range.start..range.end).contains(&frame.pc))
        };
        let Some(catcher) = self.frames.iter().rposition(catches) else { return false };
        let frame = &self.frames[catcher];
        let in_handler = slot.checked_sub(frame.base).is_some_and(|register| {
            register < proto(frame).registers && frame.live.is_live_in_handler(proto(frame), frame.pc, register)
        });
        // Frames inside the catching one are gone: none of the rest is the innermost.
        in_handler || self.is_live_among(slot, catcher, usize::MAX)
    }

    /// The constant operands of a NEW.
    pub(super) fn new_operands(&mut self, bytes: u32, kind: u8, aux: u16) -> (Ref, Ref) {
        self.body.new_operands(bytes, kind, aux)
    }
}
