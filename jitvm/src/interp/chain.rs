//! Chains of delegation: generators that wait in a `yield from` or `await`, each for the next, resumed and left together.
//!
//! What the innermost yields goes past all the others (`generator`, state `Passing`), each of which would be resumed and
//! suspended for that. So the VM keeps the frames of the chain that has yielded last. While it is *parked* its generators
//! are `Passing` with no frame on the stack. Whoever resumes the first of them gets all frames back by one copy; everyone
//! else that asks what a generator is doing has them suspended first ([`unpark`]), and so does each collection.

use super::call;
use super::generator::{begins_to_pass, fields};
use crate::runtime::object::{GeneratorState, ShapeId};
use crate::runtime::value::Value;
use crate::runtime::vm::{Continuation, Frame, Vm};

/// Shorter ones are suspended one by one.
const SHORTEST: usize = 3;

/// The chain that was resumed last.
#[derive(Debug)]
pub struct Chain {
    /// Of the generators that pass on, outermost first.
    frames: Vec<Frame>,
    /// Index of the first on the stack of frames, unless they are parked.
    start: usize,
    parked: bool,
    /// What was being handled where the first was resumed.
    handled: Value,
}

impl Default for Chain {
    fn default() -> Chain {
        Chain { frames: Vec::new(), start: 0, parked: false, handled: Value::UNDEF }
    }
}

impl Chain {
    /// It is to be resumed by [`resume_parked`] alone.
    #[inline(always)]
    pub fn is_parked(&self) -> bool {
        self.parked
    }

    /// What is resumed now will be on the stack of frames from `start` on.
    pub(super) fn begin(&mut self, start: usize, handled: Value) {
        debug_assert!(!self.parked);
        self.frames.clear();
        (self.start, self.handled) = (start, handled);
    }

    /// A frame that passes on has been pushed as number `index`.
    #[inline(always)]
    pub(super) fn note(&mut self, frame: Frame, index: usize) {
        if index == self.start + self.frames.len() {
            self.frames.push(frame);
        }
    }

    /// The frame of this number does not pass on any more.
    #[inline(always)]
    pub(super) fn end_at(&mut self, index: usize) {
        if !self.parked {
            self.frames.truncate(index.saturating_sub(self.start));
        }
    }
}

/// The generator on top was suspended: if all that is above `floor` from the start of the chain on passes its item on, they
/// are parked. The frame of the first is the result. Those that the chain has grown by pass on from now on.
#[inline(never)]
pub fn park(vm: &mut Vm, floor: usize) -> Option<Frame> {
    let chain = &vm.chain;
    let (start, mut count) = (chain.start, chain.frames.len());
    let length = vm.frames.len();
    if chain.parked || count == 0 || length < start + count.max(SHORTEST) || start < floor {
        return None;
    }
    let is_there = |i: usize| vm.frames[start + i].value == chain.frames[i].value;
    if !is_there(0) || !is_there(count - 1) {
        return None;
    }
    let handled = chain.handled;
    if length > start + count {
        // A recording sees each of them suspended.
        if vm.jit.recorder.is_some()
            || vm.handled != handled
            || fields(chain.frames[count - 1].value).state != GeneratorState::Passing
        {
            return None;
        }
        for index in start + count..length {
            if !begins_to_pass(vm, index, handled) {
                return None;
            }
            let frame = vm.frames[index];
            vm.chain.frames.push(frame);
        }
        count = length - start;
    }
    let chain = &mut vm.chain;
    debug_assert!((0..count).all(|i| {
        let there = vm.frames[start + i].value == chain.frames[i].value;
        there && fields(chain.frames[i].value).state == GeneratorState::Passing
    }));
    let first = chain.frames[0];
    chain.parked = true;
    vm.frames.truncate(start);
    // Its consumer may come to pass on as well, and asks what it is doing.
    if first.continuation == Continuation::Send {
        unpark(vm);
    }
    Some(first)
}

/// Puts the frames of the parked chain back if it begins with a generator that is to be resumed. The result is what the
/// last of them delegates to, which is suspended; the frames of both have room. Else nothing is parked any more.
pub(super) fn resume_parked(vm: &mut Vm, generator: Value, continuation: Continuation) -> Option<Value> {
    if !vm.chain.parked {
        return None;
    }
    let delegate = next_of_parked(vm, generator);
    if delegate.is_none() {
        unpark(vm);
        return None;
    }
    // SAFETY: only the address is computed.
    let base = unsafe { call::stack_top(vm).add(1).offset_from(vm.stack) } as u32;
    let Vm { chain, frames, .. } = vm;
    let shift = base.wrapping_sub(chain.frames[0].base);
    chain.frames[0].continuation = continuation;
    if shift != 0 {
        chain.frames.iter_mut().for_each(|frame| frame.base = frame.base.wrapping_add(shift));
    }
    chain.start = frames.len();
    chain.parked = false;
    frames.push_all(&chain.frames);
    delegate
}

/// What [`resume_parked`] is to give.
fn next_of_parked(vm: &Vm, generator: Value) -> Option<Value> {
    let chain = &vm.chain;
    let (first, last) = (chain.frames.first()?, chain.frames.last()?);
    let delegate = fields(last.value).delegate;
    if first.value != generator
        || chain.handled != vm.handled
        || !matches!(delegate.shape(), ShapeId::GENERATOR | ShapeId::COROUTINE)
        || fields(delegate).state != GeneratorState::Suspended
        || vm.frames.len() + chain.frames.len() + 1 > vm.recursion_limit as usize
    {
        return None;
    }
    let used = (last.base - first.base) as usize + fields(last.value).count() + fields(delegate).count();
    // SAFETY: only addresses are computed.
    let has_room = unsafe { call::stack_top(vm).add(used + 2) < vm.stack_end };
    has_room.then_some(delegate)
}

/// Suspends the generators of a parked chain, as they would have been one by one.
#[inline(always)]
pub fn unpark(vm: &mut Vm) {
    if vm.chain.parked {
        suspend_all(vm);
    }
}

#[inline(never)]
fn suspend_all(vm: &mut Vm) {
    for frame in vm.chain.frames.drain(..) {
        let object = fields(frame.value);
        object.state = GeneratorState::Suspended;
        object.handled = Value::UNDEF;
    }
    vm.chain.parked = false;
}
