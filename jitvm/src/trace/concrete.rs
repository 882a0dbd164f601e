//! The values that instructions had while they were recorded; in debug builds, what passes make of them is held
//! against these.
//!
//! Behind each recorded bytecode, and before it is executed, the IR interpreter evaluates the instructions it led to,
//! on the heap as it is: what computes, loads or guards. Results of calls are known once the bytecode has run and they
//! are in their register. What cannot be known (a load behind a store of the same bytecode) stays open.

use std::cell::Cell;

use super::lockstep;
use crate::interp::helpers;
use crate::ir::interpret::Run;
use crate::ir::{Body, Effect, Ins, Op, Ref, Ty};
use crate::runtime::numbers::as_float;
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

/// By instruction: its word, where it is known.
#[derive(Clone, Debug, Default)]
pub struct Concrete {
    words: Vec<Cell<u64>>,
    known: Vec<bool>,
}

impl Concrete {
    pub fn get(&self, body: &Body, r: Ref) -> Option<u64> {
        if r.is_none() {
            return None;
        }
        if r.is_constant() {
            return Some(body.constants[r.constant_index()].word());
        }
        (*self.known.get(r.index())?).then(|| self.words[r.index()].get())
    }

    fn set(&mut self, index: usize, word: Option<u64>) {
        self.known[index] = word.is_some();
        self.words[index].set(word.unwrap_or(0));
    }

    /// Forgets the instructions from `length` on.
    pub(super) fn truncate(&mut self, length: usize) {
        self.words.truncate(length);
        self.known.truncate(length);
    }

    /// The program has this value for a result that was not known.
    pub(super) fn learn(&mut self, body: &Body, r: Ref, value: Value) {
        // An item of a str can be a new str each time: which of the equal ones it is, no program may rely on.
        let is_open = |index: usize| {
            let ins = body.ins[index];
            self.known.get(index) == Some(&false)
                && matches!(ins.op, Op::CallH | Op::CallF)
                && !(ins.op == Op::CallH && ins.c == u32::from(helpers::STR_ITEM.0))
        };
        if !r.is_none() && !r.is_constant() && is_open(r.index()) {
            self.set(r.index(), Some(value.0));
        }
    }

    /// Evaluates the instructions that have come since; `base` is register 0 of the anchor's frame, `inputs` gives what
    /// a side trace inherits.
    ///
    /// # Panics
    /// A guard was recorded that does not hold.
    pub(super) fn evaluate(&mut self, vm: &mut Vm, body: &Body, base: *mut Value, inputs: &[(u16, Ref)]) {
        let first = self.words.len();
        self.words.resize(body.ins.len(), Cell::new(0));
        self.known.resize(body.ins.len(), false);
        let mut memory_changed = false;
        for index in first..body.ins.len() {
            let ins = body.ins[index];
            let known = ins.operands().all(|r| self.get(body, r).is_some());
            let word = match ins.op.effect() {
                Effect::Store | Effect::Call => {
                    memory_changed = true;
                    None
                }
                Effect::Load if memory_changed => None,
                _ if ins.op == Op::Parent => inherited(ins, index, base, inputs),
                _ if ins.op == Op::BoxF => {
                    let float = self.get(body, ins.a).map(f64::from_bits);
                    float.and_then(Value::try_float).map(|value| value.0)
                }
                Effect::Guard | Effect::Pure | Effect::Load if known && ins.op != Op::G_Poll => {
                    let words = std::mem::take(&mut self.words);
                    let done = Run { machine: lockstep::machine(vm, base, &words), body, first_phi: 0 }.step(ins);
                    self.words = words;
                    // Arithmetic is recorded for its types, whether or not it overflows this time.
                    let may_overflow = matches!(ins.op, Op::AddOv | Op::SubOv | Op::MulOv | Op::ShlOv);
                    assert!(
                        done.is_ok() || may_overflow,
                        "{index:04} {} was recorded and does not hold\n{body}",
                        ins.op.name()
                    );
                    done.ok()
                }
                _ => None,
            };
            self.set(index, word);
        }
    }
}

/// The exit has written what a side trace inherits to its slots.
fn inherited(ins: Ins, index: usize, base: *mut Value, inputs: &[(u16, Ref)]) -> Option<u64> {
    let (slot, _) = inputs.iter().find(|(_, r)| !r.is_constant() && r.index() == index)?;
    // SAFETY: a slot of the frames that the exit has restored.
    let value = unsafe { base.add(*slot as usize).read() };
    if ins.ty == Ty::Flt { as_float(value).map(f64::to_bits) } else { Some(value.0) }
}

impl Concrete {
    /// A pass takes `new` for the value of the recorded instruction `old`.
    ///
    /// # Panics
    /// They had different values while recording.
    pub fn assert_same(&self, old: usize, ty: Ty, body: &Body, new: Ref) {
        let was = self.known.get(old).copied().unwrap_or(false).then(|| self.words[old].get());
        let (Some(was), Some(is)) = (was, self.get(body, new)) else { return };
        let number = |ty: Ty, word: u64| {
            if ty == Ty::Flt { Some(f64::from_bits(word)) } else { as_float_word(word) }
        };
        let same = match (number(ty, was), number(body.ty(new), is)) {
            (Some(a), Some(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            _ => was == is,
        };
        assert!(same, "{old:04} was {was:#x} while recording; {new:?}, which stands for it now, was {is:#x}");
    }
}

fn as_float_word(word: u64) -> Option<f64> {
    let value = Value(word);
    value.is_float().then(|| value.as_float())
}
