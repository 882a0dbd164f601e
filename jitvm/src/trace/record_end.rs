//! How recordings end: where they began, at another loop's trace, in a return, or before what only the interpreter
//! executes.
//!
//! A loop's first recording has to come back to its header; once one was left on the way, the next may end elsewhere as
//! well, like those of functions and of exits: the trace of a loop that is often left after an iteration or two.

use super::abort::{AbortReason, LeaveReason};
use super::decision::CallDecision;
use super::recorder::{RecordedBytecode, Recorder, Recording, Step, abort};
use crate::bytecode::{Instruction, Op as Bytecode};
use crate::ir::{CodeId, Op, Origin, Recorded, Ref, Resume, Snapshot, Ty};
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Continuation, Vm};

/// What a recording ended before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outside {
    /// An operation without a recording, or a loop that is not recorded any more.
    ForGood,
    /// A loop that may get a trace, or an operation that raised this time.
    ForNow,
}

/// A recording of no more bytecodes than this that ends in the interpreter is worth nothing.
pub(super) const SHORTEST: usize = 4;
/// A loop in a generator that comes to its YIELD after no more than so many is not worth a trace of its own: about as
/// many are executed in the time that it takes to enter a trace and to leave it.
const SHORTEST_TO_YIELD: usize = 40;

impl Recorder {
    /// The recording has come to a loop header that is not its own. It ends where a root trace begins; loops without one
    /// are passed once.
    pub(super) fn other_header(&mut self, ins: Instruction, origin: Origin) -> Recording<Option<Step>> {
        let frame = self.frames.last().expect("the anchor frame stays");
        // SAFETY: code objects live as long as the VM.
        let state = unsafe { &(&(*frame.code).loops)[ins.a as usize] };
        if let Some(root) = state.trace {
            self.link = Some(root);
            return Ok(None);
        }
        if self.passed.contains(&origin) {
            if !self.may_leave() && !state.blacklisted {
                return abort(AbortReason::InnerLoop, self.place());
            }
            let what = if state.blacklisted { Outside::ForGood } else { Outside::ForNow };
            self.leave_before(what, LeaveReason::Loop, "a loop")?;
            return Ok(None);
        }
        self.passed.push(origin);
        self.bytecodes.push(RecordedBytecode { instruction: ins, origin, depth: 0 });
        Ok(Some(Step::Interpret))
    }

    /// An inlined function has come to a loop.
    pub(super) fn rest_of_callee(
        &mut self,
        vm: &mut Vm,
        ins: Instruction,
        origin: Origin,
        base: *const Value,
    ) -> Recording<Step> {
        let depth = self.frames.len() as u32 - 1;
        self.bytecodes.push(RecordedBytecode { instruction: ins, origin, depth });
        if self.frames[depth as usize].continuation != Continuation::Call {
            return abort(AbortReason::InnerLoop, self.place());
        }
        if let Some(result) = self.take_back() {
            let result = result?;
            self.set_result(result);
            return Ok(Step::Rest);
        }
        self.decide_call(CallDecision::InlinedToLoop, Some(origin.code));
        match self.native_rest(vm, ins.a, base) {
            Some(result) => {
                self.set_result(result);
                Ok(Step::Rest)
            }
            None => abort(AbortReason::InnerLoop, self.place()),
        }
    }

    /// Ends a complete recording: the poll guard and the state at the back jump.
    pub fn close(mut self) -> Recorded {
        let closing = self.snapshot_here(Resume::Execute);
        if self.body.ins.last().is_some_and(|ins| matches!(ins.op, Op::Ret | Op::Leave)) {
            return Recorded { body: self.body, closing, link: None };
        }
        self.snapshot_taken = false;
        self.after_call = false;
        self.guard(Op::G_Poll, Ty::Nil, Ref::NONE, Ref::NONE, 0);
        let at = self.body.ins.len() as u16;
        Recorded { body: self.body, closing: Snapshot { at, ..closing }, link: self.link }
    }

    /// The loop that is recorded may not be left at the innermost frame's instruction.
    pub(super) fn is_to_stay(&self) -> bool {
        self.is_to_stay_at(self.frames.last().expect("the anchor frame stays").pc)
    }

    /// As [`Recorder::is_to_stay`], for a FOR_ITER at `pc` of the innermost frame.
    pub(super) fn is_to_stay_at(&self, pc: u32) -> bool {
        !self.may_leave() && self.frames.len() == 1 && pc == self.header + 1
    }

    pub(super) fn is_of_loop(&self) -> bool {
        self.parent.is_none() && !self.is_of_function()
    }

    /// The trace need not come back to where it began.
    pub(super) fn may_leave(&self) -> bool {
        self.leaves || !self.is_of_loop()
    }

    /// Ends the recording before an instruction that the interpreter alone executes.
    pub(super) fn leave_before(&mut self, what: Outside, why: LeaveReason, text: &str) -> Recording<Step> {
        if self.bytecodes.len() <= SHORTEST {
            return abort(AbortReason::NothingToRecord, text);
        }
        // Its whole iteration is too short for what entering and leaving the trace costs each time.
        if self.is_of_loop() && why.is_of_yield() && self.bytecodes.len() <= SHORTEST_TO_YIELD {
            return abort(AbortReason::YieldsSoon, text);
        }
        self.guard(Op::Leave, Ty::Nil, Ref::NONE, Ref::NONE, why as u32);
        self.ends_outside = Some(what);
        Ok(Step::Leave)
    }

    /// Ends the recording behind an instruction that has just been recorded, and raised: it may not the next time.
    /// Returns false if that cannot be.
    pub fn leave_behind(&mut self, ins: Instruction, code: CodeId, pc: u32) -> bool {
        let frame = self.frames.last().expect("the anchor frame stays");
        let goes_on = !matches!(ins.op, Bytecode::ForIter | Bytecode::Return)
            && !matches!(ins.op, Bytecode::JumpIfTrue | Bytecode::JumpIfFalse | Bytecode::LoopHeader);
        // An inlined callee that could not begin is the recorder's innermost frame already.
        let is_here = frame.id == code && frame.pc == pc && self.pending.is_none() && self.after_call;
        if !goes_on || !is_here || !self.may_leave() || self.bytecodes.len() <= SHORTEST {
            return false;
        }
        self.guard_onward(Op::Leave, Ref::NONE, Ref::NONE, pc + 1);
        self.body.ins.last_mut().expect("just recorded").c = LeaveReason::Raised as u32;
        self.ends_outside = Some(Outside::ForNow);
        true
    }

    /// The function whose inlining has made the recording as long as it is, if there is one.
    pub fn grown_by(&self) -> Option<*const Code> {
        let open = self.frames.iter().find_map(|frame| Some((frame.code, self.body.ins.len() - frame.start?)));
        let [one, other] = [open, self.largest];
        let longest = if open.map(|o| o.1) > self.largest.map(|l| l.1) { one } else { other };
        longest.map(|(code, _)| code)
    }
}
