//! What a load would read: the value of an earlier load or store of the same place, if nothing between may write it.
//!
//! Alias classes never overlap. Within one, two places are the same, different or unknown (`Meeting`): module cells are
//! told apart by their constant address, fields by offset, by object, by the builtin shapes of the objects and by who
//! made them, list items by index where the indices are constants or differ by one, and by guards on the lists. A helper that writes ends every
//! search but that in an object that only the trace knows.

use super::emit::{Emitter, first_after_operands, same_operands, shape_is_stable};
use crate::ir::{Alias, Ins, Op, Ref, Ty};

/// How two accesses of one alias class lie to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Meeting {
    Same,
    Never,
    Maybe,
}

impl Emitter<'_> {
    /// What holds the value that the load would read.
    pub fn loaded(&self, load: Ins) -> Option<Ref> {
        if load.op == Op::ItemLoad
            && let Some(item) = self.item_of_new(load.a, load.b)
        {
            return Some(item);
        }
        let mut floor = match load.op.alias() {
            Alias::None | Alias::Slot | Alias::Immutable => 0,
            Alias::Field | Alias::FloatField if self.fresh(load.a).is_some() => 0,
            Alias::Cell | Alias::Field | Alias::FloatField => self.after_write(),
            Alias::ListHeader | Alias::Element => self.after_lists(),
        };
        if load.ty == Ty::Raw {
            floor = floor.max(self.after_call());
        }
        let mut stored = None;
        if let Some(op) = store_of(load.op) {
            for (at, store) in self.chain(op, floor) {
                match self.meet(load, (at, store)) {
                    Meeting::Never => continue,
                    Meeting::Maybe if is_field_store(op) && self.is_older_than_new(load.a, (at, store)) => continue,
                    Meeting::Same => stored = Some(stored_value(store)),
                    Meeting::Maybe => stored = self.exchanged(load, (at, store), floor),
                }
                floor = at.index() + 1;
                break;
            }
        }
        let floor = floor.max(first_after_operands(load));
        let again = self.chain(load.op, floor).find(|(_, other)| same_operands(load, *other)).map(|found| found.0);
        again.or(stored.filter(|r| {
            let ty = self.ty(*r);
            ty == load.ty || (load.ty == Ty::Val && ty.is_tagged())
        }))
    }

    /// What an item is after two have been exchanged: `a[i], a[j] = a[j], a[i]` stores to `a[i]` what `a[j]` was, and then
    /// to `a[j]`, which may be the same item; but then the two were one value.
    fn exchanged(&self, load: Ins, (second_at, second): (Ref, Ins), floor: usize) -> Option<Ref> {
        if load.op != Op::ElemLoad || load.a != second.a {
            return None;
        }
        let mut earlier = self.chain(Op::ElemStore, floor).filter(|(at, _)| *at < second_at);
        let (_, first) = earlier.next()?;
        if first.a != load.a || self.meet_indices(first.b, load.b) != Meeting::Same {
            return None;
        }
        let floor = self.loop_start().map_or(floor, |start| floor.max(start));
        let is_item = |r: Ref, index: Ref| {
            let item = self.root(r);
            let ins = self.ins_of(item, Op::ElemLoad)?;
            let is_it = ins.a == load.a && self.meet_indices(ins.b, index) == Meeting::Same && item.index() >= floor;
            is_it.then_some(item)
        };
        let (now, before) = (stored_value(first), stored_value(second));
        let oldest = is_item(now, second.b)?.min(is_item(before, load.b)?);
        // Both were loaded from the same state.
        earlier.next().is_none_or(|(at, _)| at < oldest).then_some(now)
    }

    /// Whether the place holds the value already.
    pub fn is_stored(&self, store: Ins) -> bool {
        let load = match store.op {
            Op::CellStore => Ins::new(Op::CellLoad, Ty::Val, store.a, Ref::NONE, 0),
            Op::FieldStore => Ins::new(Op::FieldLoad, Ty::Val, store.a, Ref::NONE, store.c),
            Op::FloatStore => Ins::new(Op::FloatLoad, Ty::Flt, store.a, Ref::NONE, store.c),
            Op::ElemStore => Ins::new(Op::ElemLoad, Ty::Val, store.a, store.b, 0),
            _ => return false,
        };
        self.loaded(load).is_some_and(|held| self.root(held) == self.root(stored_value(store)))
    }

    fn meet(&self, load: Ins, (at, store): (Ref, Ins)) -> Meeting {
        match load.op.alias() {
            Alias::Cell if load.a == store.a => Meeting::Same,
            Alias::Cell if load.a.is_constant() && store.a.is_constant() => Meeting::Never,
            Alias::Field | Alias::FloatField => self.meet_fields(load, (at, store)),
            Alias::Element if load.a != store.a && self.are_different_lists(load.a, store.a) => Meeting::Never,
            Alias::Element if load.a != store.a => Meeting::Maybe,
            Alias::Element => self.meet_indices(load.b, store.b),
            _ => Meeting::Maybe,
        }
    }

    fn meet_fields(&self, load: Ins, (at, store): (Ref, Ins)) -> Meeting {
        if load.c == store.c && self.root(load.a) == self.root(store.a) {
            return Meeting::Same;
        }
        let never = load.c != store.c
            || self.are_different_by_origin(load.a, store.a)
            || self.are_different_objects(load.a, store.a)
            || self.are_told_apart(load.a, at, store.a);
        if never { Meeting::Never } else { Meeting::Maybe }
    }

    fn are_different_objects(&self, one: Ref, other: Ref) -> bool {
        let (Some(one_guard), Some(other_guard)) = (self.ins_of(one, Op::G_Shape), self.ins_of(other, Op::G_Shape))
        else {
            return false;
        };
        // Shapes that change tell if none could between the guards, nor since.
        one_guard.c != other_guard.c
            && (shape_is_stable(one_guard.c)
                || shape_is_stable(other_guard.c)
                || self.shapes_are_kept(one.index().min(other.index())))
    }

    /// Whether a guard has told an object from one that was stored to. What was stored to before LOOP stands for what the
    /// iteration before has stored to, which has passed that guard too; of what is carried nothing else is known.
    fn are_told_apart(&self, loaded: Ref, store: Ref, stored: Ref) -> bool {
        let is_before_loop = self.loop_start().is_some_and(|start| store.index() < start);
        !self.is_opaque(loaded)
            && (is_before_loop || !self.is_opaque(stored))
            && (self.is_guarded(Op::G_Ne, loaded, stored) || self.is_guarded(Op::G_Ne, stored, loaded))
    }

    /// Whether no object has got another shape since this instruction.
    fn shapes_are_kept(&self, since: usize) -> bool {
        self.after_write() <= since && self.chain(Op::ShapeStore, since).next().is_none()
    }

    /// Whether a guard has told the lists apart that have these items.
    fn are_different_lists(&self, one: Ref, other: Ref) -> bool {
        match (self.ins_of(one, Op::ListData), self.ins_of(other, Op::ListData)) {
            (Some(one), Some(other)) => {
                self.is_guarded(Op::G_Ne, one.a, other.a) || self.is_guarded(Op::G_Ne, other.a, one.a)
            }
            _ => false,
        }
    }

    fn meet_indices(&self, one: Ref, other: Ref) -> Meeting {
        let (one_base, one_offset) = self.base_and_offset(one);
        let (other_base, other_offset) = self.base_and_offset(other);
        match (one_base == other_base, one_offset == other_offset) {
            (true, true) => Meeting::Same,
            (true, false) => Meeting::Never,
            (false, _) => Meeting::Maybe,
        }
    }

    /// An Int as another one (NONE for 0) plus a number.
    fn base_and_offset(&self, r: Ref) -> (Ref, i64) {
        if let Some(i) = self.int(r) {
            return (Ref::NONE, i);
        }
        let sum = self.ins(r).filter(|ins| matches!(ins.op, Op::Add | Op::AddOv));
        match sum.and_then(|ins| Some((ins.a, self.int(ins.b)?))) {
            Some((base, offset)) => (base, offset),
            None => (r, 0),
        }
    }
}

const fn store_of(load: Op) -> Option<Op> {
    match load {
        Op::CellLoad => Some(Op::CellStore),
        Op::FieldLoad => Some(Op::FieldStore),
        Op::FloatLoad => Some(Op::FloatStore),
        Op::ElemLoad => Some(Op::ElemStore),
        _ => None,
    }
}

const fn is_field_store(op: Op) -> bool {
    matches!(op, Op::FieldStore | Op::FloatStore)
}

const fn stored_value(store: Ins) -> Ref {
    match store.op {
        Op::ElemStore => store.c_ref(),
        _ => store.b,
    }
}
