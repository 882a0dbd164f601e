//! Dead stores: what is stored where the next store to the same place comes before anyone could look.
//!
//! Whoever leaves the trace looks, so do calls; loads of the same class of memory may. What a new object begins with stays,
//! since the collector reads every word of it. Places are compared by their references: within one part of a trace, before LOOP
//! or after it, equal references are one value.

use crate::ir::{Alias, Body, Effect, Ins, Op, Ref};

/// Drops them; returns whether there were any.
pub(super) fn drop_dead(body: &mut Body) -> bool {
    let mut dropped = false;
    // Places that are going to be stored to, nearest first, seen from behind.
    let mut overwritten: Vec<Place> = Vec::new();
    for index in (0..body.ins.len()).rev() {
        let ins = body.ins[index];
        match ins.op.effect() {
            Effect::Store => match Place::of(body, ins) {
                Some(place) if overwritten.contains(&place) => {
                    body.ins[index] = Ins::NOP;
                    dropped = true;
                }
                Some(place) => overwritten.push(place),
                None => overwritten.clear(),
            },
            Effect::Load => overwritten.retain(|place| !place.may_be_read_by(ins)),
            Effect::Guard | Effect::Call | Effect::Marker if !matches!(ins.op, Op::CArg | Op::Nop) => {
                overwritten.clear()
            }
            Effect::Guard | Effect::Call | Effect::Marker | Effect::Pure | Effect::New => {}
        }
    }
    dropped
}

/// A word that a store writes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    alias: Alias,
    a: Ref,
    b: Ref,
    offset: u32,
}

impl Place {
    /// `None` of stores of another kind, and to objects that the trace has made.
    fn of(body: &Body, store: Ins) -> Option<Place> {
        let is_new = !store.a.is_constant() && body.ins[store.a.index()].op == Op::New;
        let alias = store.op.alias();
        match store.op {
            Op::FieldStore | Op::FloatStore if !is_new => {
                Some(Place { alias, a: store.a, b: Ref::NONE, offset: store.c })
            }
            Op::ElemStore => Some(Place { alias, a: store.a, b: store.b, offset: 0 }),
            Op::CellStore => Some(Place { alias, a: store.a, b: Ref::NONE, offset: 0 }),
            _ => None,
        }
    }

    fn may_be_read_by(self, load: Ins) -> bool {
        self.alias == load.op.alias() && (!matches!(load.op, Op::FieldLoad | Op::FloatLoad) || self.offset == load.c)
    }
}
