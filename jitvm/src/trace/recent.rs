//! What a recording has already: an operation that would give what an earlier one gave is not recorded again.
//!
//! The optimiser would find the same. But a recording has a limit, and long straight code that looks at the same objects
//! over and over (four hundred unpackings of one tuple) stays below it this way. The table forgets: an entry gives way
//! to the next one that falls on its place.

use crate::interp::helpers::HELPERS;
use crate::ir::{Alias, Effect, Ins, Op, Ref, Ty};

const PLACES: usize = 512;
const CLASSES: usize = Alias::Immutable as usize + 1;

#[derive(Clone, Copy)]
struct Entry {
    ins: Ins,
    result: Ref,
    /// How often its class of memory had been written by then.
    writes: u32,
    /// How many instructions that may collect came before it.
    collections: u32,
}

/// Operations recorded lately.
#[derive(Clone)]
pub(super) struct Recent {
    entries: Box<[Entry; PLACES]>,
    /// By alias class.
    writes: [u32; CLASSES],
    collections: u32,
}

impl Recent {
    pub fn new() -> Recent {
        let none = Entry { ins: Ins::NOP, result: Ref::NONE, writes: 0, collections: 0 };
        Recent { entries: Box::new([none; PLACES]), writes: [0; CLASSES], collections: 0 }
    }

    /// The result of the same operation, if it is known and still what it was.
    pub fn find(&self, ins: Ins) -> Option<Ref> {
        let entry = self.entries[place(ins)];
        let is_same = is_shared(ins.op) && entry.ins == ins && entry.writes == self.writes[ins.op.alias() as usize];
        // Addresses inside objects are not kept across what may collect.
        (is_same && (ins.ty != Ty::Raw || entry.collections == self.collections)).then_some(entry.result)
    }

    /// An operation has been recorded.
    pub fn note(&mut self, ins: Ins, result: Ref) {
        if matches!(ins.op.effect(), Effect::Call | Effect::New) {
            self.collections += 1;
        }
        match ins.op.effect() {
            Effect::Store => self.writes[ins.op.alias() as usize] += 1,
            Effect::Call => {
                let of_helper = (ins.op == Op::CallH).then(|| HELPERS[ins.c as usize].effects);
                if of_helper.is_none_or(|effects| effects.writes) {
                    self.writes.iter_mut().for_each(|count| *count += 1);
                } else if of_helper.is_some_and(|effects| effects.lists) {
                    self.writes[Alias::ListHeader as usize] += 1;
                    self.writes[Alias::Element as usize] += 1;
                }
            }
            _ if is_shared(ins.op) => {
                let writes = self.writes[ins.op.alias() as usize];
                self.entries[place(ins)] = Entry { ins, result, writes, collections: self.collections };
            }
            _ => {}
        }
    }
}

/// Whether its operands, and the memory of its class, say all about it.
fn is_shared(op: Op) -> bool {
    match op.effect() {
        Effect::Pure | Effect::Load => true,
        Effect::Guard => !matches!(op, Op::G_NoExc | Op::G_Poll | Op::Leave),
        Effect::Store | Effect::Call | Effect::New | Effect::Marker => false,
    }
}

/// Of all that says what an operation does; the upper bits of a product depend on each of them.
fn place(ins: Ins) -> usize {
    let operands = u64::from(ins.a.0) << 48 | u64::from(ins.b.0) << 32 | u64::from(ins.c);
    let mixed = (operands ^ (ins.op as u64) << 24).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (u64::BITS - PLACES.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interp::helpers;

    fn load(op: Op, a: u16, c: u32) -> Ins {
        Ins::new(op, op.result(), Ref(a), Ref::NONE, c)
    }

    #[test]
    fn loads_are_known_until_their_memory_is_written() {
        let mut recent = Recent::new();
        let (field, item) = (load(Op::FieldLoad, 3, 16), load(Op::ItemLoad, 3, 0));
        recent.note(field, Ref(7));
        recent.note(item, Ref(8));
        assert_eq!((recent.find(field), recent.find(item)), (Some(Ref(7)), Some(Ref(8))));
        assert_eq!(recent.find(load(Op::FieldLoad, 3, 24)), None);
        recent.note(Ins::new(Op::ElemStore, Ty::Nil, Ref(1), Ref(2), 3), Ref(9));
        assert_eq!(recent.find(field), Some(Ref(7)), "lists are other memory");
        recent.note(Ins::new(Op::FieldStore, Ty::Nil, Ref(1), Ref(2), 16), Ref(10));
        assert_eq!((recent.find(field), recent.find(item)), (None, Some(Ref(8))), "tuples do not change");
        recent.note(field, Ref(11));
        recent.note(Ins::new(Op::CallH, Ty::Val, Ref(1), Ref::NONE, helpers::GET_ITEM.0.into()), Ref(12));
        assert_eq!(recent.find(field), None, "whatever is called may write");
    }

    #[test]
    fn addresses_are_read_again_after_what_may_collect() {
        let mut recent = Recent::new();
        let (data, length) = (load(Op::ListData, 3, 0), load(Op::ListLen, 3, 0));
        recent.note(data, Ref(7));
        recent.note(length, Ref(8));
        assert_eq!(recent.find(data), Some(Ref(7)));
        recent.note(load(Op::New, 1, 2), Ref(9));
        assert_eq!((recent.find(data), recent.find(length)), (None, Some(Ref(8))));
    }

    #[test]
    fn what_depends_on_more_than_operands_is_recorded_again() {
        let mut recent = Recent::new();
        for op in [Op::G_Poll, Op::G_NoExc, Op::New, Op::CallF] {
            let ins = load(op, 3, 16);
            recent.note(ins, Ref(4));
            assert_eq!(recent.find(ins), None, "{op:?}");
        }
        let shape = load(Op::G_Shape, 3, 5);
        recent.note(shape, Ref(6));
        assert_eq!(recent.find(shape), Some(Ref(6)), "what held once holds");
    }
}
