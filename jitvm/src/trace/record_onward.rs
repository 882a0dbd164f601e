//! Recording of bytecodes that call out and then go one of two ways: iteration by `__next__` and truth by `__bool__`.
//!
//! What has been called cannot be called again, so the guard on its answer leaves to where the *other* way goes on
//! (`Resume::Onward`), with the registers as they are there. Which way it was is known at the next bytecode.

use super::abort::AbortReason;
use super::recorder::{Recorder, Recording, Step, abort};
use super::watch;
use crate::bytecode::{Instruction, Op as Bytecode};
use crate::interp::helpers;
use crate::ir::{Op, Ref};
use crate::runtime::iterate;
use crate::runtime::object::{Generator, GeneratorState, ShapeId};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

/// A bytecode that has called out, until the next one is known.
#[derive(Clone)]
pub(super) struct Pending {
    /// Its result.
    answer: Ref,
    way: Way,
}

#[derive(Clone)]
enum Way {
    /// FOR_ITER: the item's register, the state's first one, and what its others become.
    Next { item: u16, state: u16, rest: Option<[Ref; 3]> },
    /// SEND to an iterator that is no generator: the register of its item.
    Send { item: u16 },
    /// SEND to a coroutine that had not begun: the register of what it yields or returns, and where it is now.
    Resume { item: u16, position: Ref },
    /// JUMP_IF_TRUE or JUMP_IF_FALSE: where it jumps, and on which answer.
    Branch { target: u32, on: Value },
}

impl Recorder {
    /// GET_ITER of what has no form of its own.
    pub(super) fn get_iter_state(&mut self, vm: &mut Vm, ins: Instruction) {
        let source = self.get(ins.b);
        let first = self.call(helpers::GET_ITER, &[source]);
        let rest = self.rest_of_state(vm);
        self.set(ins.a, first);
        for (i, word) in rest.into_iter().enumerate() {
            self.set(ins.a + 1 + i as u16, word);
        }
    }

    /// The words of an iteration state that a helper has left beside its result.
    fn rest_of_state(&mut self, vm: &mut Vm) -> [Ref; 3] {
        iteration_cells(vm).map(|cell| {
            let cell = self.constant_raw(cell.address() as u64, "iteration state".to_owned());
            self.emit(Op::CellLoad, cell, Ref::NONE, 0)
        })
    }

    /// FOR_ITER over anything else than a range, list, tuple or str: a call, which answers EXHAUSTED at the end.
    pub(super) fn iterator_object(
        &mut self,
        vm: &mut Vm,
        ins: Instruction,
        [iterable, index]: [Value; 2],
    ) -> Recording<Step> {
        let state = ins.b;
        let holder = self.get(state);
        if !iterable.is_pointer() {
            // It has ended before, and has nothing to give ever after.
            if self.is_to_stay() {
                return abort(AbortReason::LeftLoop, self.place());
            }
            self.same_word(vm, holder, iterable);
            return Ok(Step::Interpret);
        }
        let holder = self.object(holder, iterable.shape());
        // An instance may also be iterated as the container that it is laid out as.
        let is_itself = !iterable.is_instance() || index == Value::NONE;
        let (answer, rest) = if is_itself && iterate::is_iterator_object(vm, iterable) {
            if iterable.is_instance() {
                let index = self.get(state + 1);
                self.same_word(vm, index, Value::NONE);
            }
            (self.call(helpers::NEXT, &[holder]), None)
        } else {
            let others: Vec<Ref> = (1..4).map(|i| self.get(state + i)).collect();
            let answer = self.call(helpers::NEXT_OF_STATE, &[holder, others[0], others[1], others[2]]);
            (answer, Some(self.rest_of_state(vm)))
        };
        self.pending = Some(Pending { answer, way: Way::Next { item: ins.a, state, rest } });
        Ok(Step::CallOut)
    }

    /// SEND of None to an iterator object that is none of a generator: as a FOR_ITER, and its result is None.
    pub(super) fn send_to_iterator(&mut self, vm: &mut Vm, ins: Instruction, iterator: Value) {
        let sent = self.get(ins.a);
        self.same_word(vm, sent, Value::NONE);
        let holder = self.get(ins.b);
        let holder = self.object(holder, iterator.shape());
        let answer = self.call(helpers::NEXT, &[holder]);
        self.pending = Some(Pending { answer, way: Way::Send { item: ins.a } });
    }

    /// SEND of None to a coroutine that has not begun, as a call: what it yields or returns.
    pub(super) fn send_to_coroutine(&mut self, vm: &mut Vm, ins: Instruction) {
        let sent = self.get(ins.a);
        self.same_word(vm, sent, Value::NONE);
        let coroutine = self.get(ins.b);
        let coroutine = self.object(coroutine, ShapeId::COROUTINE);
        let here = self.frames.last().expect("the anchor frame stays").pc;
        let here = self.constant_int(here.into());
        let answer = self.call(helpers::AWAIT, &[coroutine, here]);
        let position = self.position_of(coroutine);
        self.pending = Some(Pending { answer, way: Way::Resume { item: ins.a, position } });
    }

    /// JUMP_IF_TRUE and JUMP_IF_FALSE of an instance whose class has `__bool__` or `__len__`.
    pub(super) fn branch_on_call(&mut self, ins: Instruction) {
        let operand = self.get(ins.a);
        let answer = self.call(helpers::TRUTH, &[operand]);
        let on = Value::from_bool(ins.op == Bytecode::JumpIfTrue);
        self.pending = Some(Pending { answer, way: Way::Branch { target: ins.wide(), on } });
    }

    /// The bytecode before has called out, and `pc` comes next.
    pub(super) fn resolve(&mut self, vm: &mut Vm, pending: Pending, pc: u32) -> Recording {
        let Pending { answer, way } = pending;
        let here = self.frames.last().expect("the anchor frame stays").pc;
        match way {
            Way::Branch { target, on } => {
                if target == here + 1 {
                    return Ok(());
                }
                let jumps = pc == target;
                let other = if jumps { here + 1 } else { target };
                let expected = self.constant(vm, on);
                self.guard_onward(if jumps { Op::G_Eq } else { Op::G_Ne }, answer, expected, other);
            }
            Way::Send { item } => {
                let exhausted = self.constant(vm, Value::EXHAUSTED);
                let none = self.constant(vm, Value::NONE);
                let ended = pc == here + 1;
                let [other, own] = if ended { [answer, none] } else { [none, answer] };
                self.set(item, other);
                let (check, way) = if ended { (Op::G_Eq, here + 2) } else { (Op::G_Ne, here + 1) };
                self.guard_onward(check, answer, exhausted, way);
                self.set(item, own);
            }
            Way::Resume { item, position } => {
                // One that was never suspended is still where it began.
                let finished = self.constant(vm, Generator::position(GeneratorState::Finished, 0));
                let ended = pc == here + 1;
                let (check, way) = if ended { (Op::G_Eq, here + 2) } else { (Op::G_Ne, here + 1) };
                self.set(item, answer);
                self.guard_onward(check, position, finished, way);
            }
            Way::Next { item, state, rest } => {
                let ended = pc == here + 1;
                if ended && self.is_to_stay_at(here) {
                    return abort(AbortReason::LeftLoop, self.place());
                }
                let exhausted = self.constant(vm, Value::EXHAUSTED);
                let slots = [item, state].map(|register| self.slot_state(register));
                for (i, word) in rest.into_iter().flatten().enumerate() {
                    self.set(state + 1 + i as u16, word);
                }
                if ended {
                    self.set(item, answer);
                    self.guard_onward(Op::G_Eq, answer, exhausted, here + 2);
                    self.put_back(item, slots[0]);
                    self.set(state, exhausted);
                } else {
                    self.set(state, exhausted);
                    self.guard_onward(Op::G_Ne, answer, exhausted, here + 1);
                    self.put_back(state, slots[1]);
                    self.set(item, answer);
                }
            }
        }
        Ok(())
    }
}

/// The cells in which helpers leave further results, such as the second to fourth word of an iteration state.
pub fn iteration_cells(vm: &mut Vm) -> [Value; 3] {
    if let Some(cells) = vm.jit.iteration_cells {
        return cells;
    }
    let cells = [0; 3].map(|start| vm.new_watch(start));
    cells.iter().for_each(|&cell| watch::never(cell));
    vm.jit.iteration_cells = Some(cells);
    cells
}

/// Leaves what a helper has made of an iteration state.
pub fn leave_state(vm: &mut Vm, state: [Value; 4]) -> Value {
    leave_words(vm, &state[1..]);
    state[0]
}

/// Leaves up to three more results of a helper than the one that it returns.
pub fn leave_words(vm: &mut Vm, words: &[Value]) {
    for (cell, &word) in iteration_cells(vm).into_iter().zip(words) {
        debug_assert!(cell.has_shape(ShapeId::CELL));
        // SAFETY: they are CELLs, which live as long as the VM.
        unsafe { (*(cell.address() as *mut crate::runtime::object::Cell)).value = word };
    }
}
