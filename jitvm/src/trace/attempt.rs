//! Inlining of functions that have loops.
//!
//! A recursion that goes through a loop (over the children of a node, over what may come next) often ends without coming
//! to it, at the leaves. Such a function is inlined into itself up to the loop, whose trace then is called for the rest of
//! the activation (`Recorder::native_rest`): most of its calls are of leaves, and those become a few instructions. One
//! that goes through its loop each time gains nothing by that, and is called. So are functions with loops elsewhere: their
//! own tree of traces knows all their ways, which each place that inlines them would have to learn again (measured: a
//! parser that skips white space everywhere 9 % slower, though Havlak 12 % faster).
//!
//! Whether a function returns before its loop shows at the first recording that inlines it. Until it has, inlining it is
//! an attempt: the recorder keeps what it was at the call, and where a loop comes first it is that again, and records the
//! call. What the callee has executed by then is part of what the call is going to do.

use std::rc::Rc;

use super::abort::AbortReason;
use super::decision::CallDecision;
use super::recorder::{Recorder, Recording, abort};
use crate::bytecode::Op as Bytecode;
use crate::ir::{Const, Ref};
use crate::runtime::value::Value;
use crate::runtime::vm::Code;

/// So many iterations of a loop are inlined, where there are no more.
const MOST_ITEMS: i64 = 2;

/// A call as it was before its callee was inlined.
#[derive(Clone)]
pub(super) struct Attempt {
    /// Frames there were.
    depth: usize,
    before: Rc<Recorder>,
    callee: Ref,
    first: u16,
    parameters: Vec<Ref>,
}

impl Recorder {
    /// A function with loops may be inlined.
    pub(super) fn may_come_to_loops(&self, code: *const Code) -> bool {
        // SAFETY: code objects live as long as the VM.
        let function = unsafe { &(*code).function };
        function.returns_before_loops.get() || !function.comes_to_loops.get()
    }

    /// The callee is going to be inlined.
    pub(super) fn begin_attempt(&mut self, code: *const Code, callee: Ref, first: u16, parameters: &[Ref]) {
        // SAFETY: code objects live as long as the VM.
        let code = unsafe { &*code };
        if !code.proto.loops.is_empty() && !code.function.returns_before_loops.get() {
            let (depth, parameters) = (self.frames.len(), parameters.to_vec());
            let attempt = Attempt { depth, before: Rc::new(self.clone()), callee, first, parameters };
            self.attempts.push(attempt);
        }
    }

    /// The innermost frame's function returns.
    pub(super) fn end_attempt(&mut self) {
        let frame = self.frames.last().expect("the anchor frame stays");
        // SAFETY: code objects live as long as the VM.
        unsafe { (*frame.code).function.returns_before_loops.set(true) };
        self.drop_attempt();
    }

    /// The innermost frame goes.
    pub(super) fn drop_attempt(&mut self) {
        self.attempts.retain(|attempt| attempt.depth < self.frames.len() - 1);
    }

    /// Whether the innermost frame, of an inlined function, goes on into the loop with the header at `pc`: one over a range
    /// of which the trace knows that it has but an item or two to come. No trace of its own is as short.
    pub(super) fn passes_short_loop(&mut self, pc: u32) -> bool {
        let frame = self.frames.last().expect("the anchor frame stays");
        // SAFETY: code objects live as long as the VM.
        let following = unsafe { (&(*frame.code).proto.instructions)[pc as usize + 1] };
        if following.op != Bytecode::ForIter {
            return false;
        }
        let first = frame.base + following.b;
        let known = [0, 1, 2, 3].map(|i| {
            let value = self.slot_mut(first + i).value;
            value.is_constant().then(|| self.body.constants[value.constant_index()].clone())
        });
        let [
            Some(Const::Val(Value::RANGE_STATE, _)),
            Some(Const::Int(next)),
            Some(Const::Int(stop)),
            Some(Const::Int(step)),
        ] = known
        else {
            return false;
        };
        let left = if step > 0 { stop.checked_sub(next) } else { next.checked_sub(stop) };
        let is_short = step.abs() == 1 && left.is_some_and(|left| left <= MOST_ITEMS);
        if is_short {
            // It is inlined whole, whatever comes.
            self.attempts.retain(|attempt| attempt.depth < self.frames.len() - 1);
        }
        is_short
    }

    /// The innermost frame's function, inlined as an attempt, has come to a loop: records the call instead. `None`: it was
    /// none.
    pub(super) fn take_back(&mut self) -> Option<Recording<Ref>> {
        let attempt = self.attempts.pop_if(|attempt| attempt.depth == self.frames.len() - 1)?;
        let frame = self.frames.last().expect("the anchor frame stays");
        let code = frame.code;
        // SAFETY: code objects live as long as the VM.
        unsafe { (*code).function.comes_to_loops.set(true) };
        let mut concrete = std::mem::take(&mut self.concrete);
        concrete.truncate(attempt.before.ir_length());
        *self = (*attempt.before).clone();
        self.concrete = concrete;
        // SAFETY: as above.
        self.decide_call(CallDecision::ComesToLoop, Some(unsafe { (*code).id }));
        let called = self.native_call(code, attempt.callee, attempt.first, &attempt.parameters);
        Some(called.map_or_else(|| abort(AbortReason::InnerLoop, self.place()), Ok))
    }
}
