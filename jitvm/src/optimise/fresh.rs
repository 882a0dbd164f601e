//! Objects that the trace itself has made: while nothing else refers to one, no helper and no store elsewhere changes it.
//!
//! After LOOP, a NEW of the pre-roll stands for the object that the iteration before has made. What happened to it then
//! is what stands in the pre-roll, which is why its escapes there count.

use super::emit::{Emitter, effects_of, shape_is_stable};
use crate::ir::{Ins, Op, Ref};

impl Emitter<'_> {
    /// The NEW that a reference is the result of.
    pub fn made_by(&self, r: Ref) -> Option<Ref> {
        let root = self.root(r);
        self.ins_of(root, Op::New).map(|_| root)
    }

    /// The NEW that a reference is the result of, if only the trace knows the object.
    pub fn fresh(&self, r: Ref) -> Option<Ref> {
        self.made_by(r).filter(|new| !self.escaped.contains(new))
    }

    /// Notes which objects others may refer to after an instruction.
    pub fn note_escapes(&mut self, ins: Ins) {
        match ins.op {
            Op::CArg | Op::CellStore => self.escape(ins.b),
            Op::ElemStore => self.escape(ins.c_ref()),
            // Its result is another name of the object.
            Op::Sel => {
                self.escape(ins.a);
                self.escape(ins.b);
            }
            Op::FieldStore => match self.fresh(ins.a) {
                None => self.escape(ins.b),
                Some(container) => {
                    if let Some(content) = self.fresh(ins.b) {
                        self.contained.push((container, content));
                    }
                }
            },
            // What was not forwarded may be anything that lies there.
            Op::FieldLoad | Op::ItemLoad => {
                let object = self.ins_of(ins.a, Op::TupleData).map_or(ins.a, |data| data.a);
                if let Some(container) = self.fresh(object) {
                    self.escape_contents(container);
                }
            }
            _ => {}
        }
    }

    fn escape(&mut self, r: Ref) {
        if let Some(new) = self.fresh(r) {
            self.escaped.push(new);
            self.escape_contents(new);
        }
    }

    fn escape_contents(&mut self, container: Ref) {
        let contents: Vec<Ref> = self.contained.iter().filter(|pair| pair.0 == container).map(|pair| pair.1).collect();
        for content in contents {
            self.escape(content);
        }
    }

    /// Whether two references cannot be to one object, since the trace has made one of them.
    pub fn are_different_by_origin(&self, one: Ref, other: Ref) -> bool {
        let differs = |new: Ref, other: Ref| {
            let other = self.root(other);
            // What was there before the object, a constant included, is not it.
            self.root(new) != other
                && self.made_by(new).is_some_and(|new| {
                    other.is_constant()
                        || other.index() < new.index()
                        || self.made_by(other).is_some()
                        || self.fresh(new).is_some()
                })
        };
        differs(one, other) || differs(other, one)
    }

    /// Whether a store of the pre-roll is in an object that each iteration makes anew, and that one was there before which
    /// no iteration changes. This counts behind LOOP as well: whoever comes there by another way has not executed the store.
    pub fn is_older_than_new(&self, object: Ref, (at, store): (Ref, Ins)) -> bool {
        let (object, new) = (self.root(object), store.a);
        self.is_from_before_loop(at)
            && !new.is_constant()
            && self.body.ins[new.index()].op == Op::New
            && !self.is_opaque(object)
            && (object.is_constant() || object.index() < new.index())
    }

    /// The shape that an object is known to have here, and a reference to it that says it is an object.
    pub fn known_shape(&self, r: Ref) -> Option<(u32, Ref)> {
        let root = self.root(r);
        let is_fresh = self.fresh(root).is_some();
        let mut floor = if is_fresh { 0 } else { self.after_write() };
        for (at, store) in self.chain(Op::ShapeStore, floor) {
            if self.root(store.a) == root {
                return Some((store.c, store.a));
            }
            if !self.are_different_by_origin(store.a, root) && !self.is_older_than_new(root, (at, store)) {
                floor = at.index() + 1;
                break;
            }
        }
        let is_known = |at: Ref, shape: u32| shape_is_stable(shape) || at.index() >= floor;
        // Of an opaque object only its own guard counts, which whoever comes to LOOP by another way does as well.
        let first = if self.is_opaque(root) && r != root { self.first_about(root) } else { 0 };
        let is_about = |guard: Ins| self.root(guard.a) == root;
        let guarded = self.chain(Op::G_Shape, first).find(|(at, guard)| is_about(*guard) && is_known(*at, guard.c));
        if let Some((at, guard)) = guarded {
            return Some((guard.c, at));
        }
        let made = self.ins_of(root, Op::New).filter(|new| is_fresh || is_known(root, new.c));
        let given = || self.ins_of(root, Op::CallH).and_then(|call| effects_of(self.helpers, call).gives);
        made.map(|new| (new.c, root)).or_else(|| given().map(|shape| (shape.0, root)))
    }

    /// What a field of an object that the trace has made was filled with, for objects that do not change.
    pub fn item_of_new(&self, data: Ref, index: Ref) -> Option<Ref> {
        let object = self.ins_of(data, Op::TupleData)?.a;
        let new = self.made_by(object)?;
        let index = u32::try_from(self.int(index)?).ok()?;
        let offset = 16 + 8 * index;
        let mut stores = self.chain(Op::FieldStore, new.index());
        stores.find(|(_, store)| store.a == new && store.c == offset).map(|(_, store)| store.b)
    }
}
