//! The emitter: every instruction a pass writes goes through it, and may turn out not to be needed.
//!
//! In order: operands are put into canonical order, the fold rules rewrite the instruction until none applies, an equal
//! earlier instruction is reused (for a guard: it need not be checked twice), a load takes the value of an earlier load
//! or store of the same place, and a store of what the place holds already is dropped. Each emission takes exactly one
//! index, with a NOP when nothing is left to do, so that a pass can tell where the copy of an instruction is.
//!
//! A reference means the same value wherever it is used, so what was proved about one before LOOP also holds after it:
//! the peeled copy proves it again for the value the next iteration carries. Memory is followed backwards through the
//! pre-roll, which contains the same stores as the iteration that ran before.

use super::fold_rules::{self, Applied, Fold, RULES};
use crate::interp::helpers::{Effects, Helper};
use crate::ir::{Body, Const, Effect, Field, Ins, OPERATIONS, Op, Origin, Ref, Ty};
use crate::runtime::object::SHAPES;

/// Effects of a helper that the table does not know.
const UNKNOWN: Effects = Effects { pure: false, fresh: false, writes: true, raises: true, lists: true, gives: None };

/// Effects of a call.
pub(super) fn effects_of(helpers: &[Helper], call: Ins) -> Effects {
    let helper = if call.op == Op::CallH { helpers.get(call.c as usize) } else { None };
    helper.map_or(UNKNOWN, |helper| helper.effects)
}

/// Shapes of builtin types: an object that has one keeps it.
pub(super) fn shape_is_stable(shape: u32) -> bool {
    SHAPES.iter().any(|entry| entry.0.0 == shape)
}

pub(super) struct Emitter<'h> {
    pub body: Body,
    pub helpers: &'h [Helper],
    /// Newest instruction of each operation; `Ins::previous` leads to the one before.
    heads: [Ref; OPERATIONS.len()],
    /// One past the last helper call, 0 if there was none: addresses are not kept across it.
    after_call: usize,
    /// One past the last helper call that may write lists, cells or fields.
    after_write: usize,
    /// One past the last helper call that may write lists.
    after_lists: usize,
    /// Index of LOOP, once it is there.
    loop_index: Option<usize>,
    /// By value from before LOOP: after it, nothing is known of it but its type, and what is said by `natural`.
    pub opaque: Vec<bool>,
    /// By value: it is opaque, but not negative.
    pub natural: Vec<bool>,
    /// NEWs whose objects something else in memory or outside may refer to by now.
    pub escaped: Vec<Ref>,
    /// NEWs that have not escaped, and what was stored in them that is a NEW as well.
    pub contained: Vec<(Ref, Ref)>,
    /// Something came out other than it went in.
    pub changed: bool,
    /// What rewrote.
    pub applied: Applied,
}

impl<'h> Emitter<'h> {
    /// Goes on behind what `body` has.
    pub fn new(body: Body, helpers: &'h [Helper]) -> Self {
        let mut emitter = Emitter {
            body,
            helpers,
            heads: [Ref::NONE; OPERATIONS.len()],
            after_call: 0,
            after_write: 0,
            after_lists: 0,
            loop_index: None,
            opaque: Vec::new(),
            natural: Vec::new(),
            escaped: Vec::new(),
            contained: Vec::new(),
            changed: false,
            applied: [0; RULES.len()],
        };
        for index in 0..emitter.body.ins.len() {
            emitter.link(index);
        }
        emitter
    }

    /// The body, without the emitter's chains.
    pub fn finish(mut self) -> Body {
        for ins in &mut self.body.ins {
            ins.previous = Ref::NONE;
        }
        self.body
    }

    fn link(&mut self, index: usize) {
        self.note_escapes(self.body.ins[index]);
        let ins = &mut self.body.ins[index];
        let head = &mut self.heads[ins.op as usize];
        ins.previous = *head;
        *head = Ref(index as u16);
        match ins.op {
            Op::CallH | Op::CallF => {
                self.after_call = index + 1;
                let effects = effects_of(self.helpers, *ins);
                if effects.writes {
                    self.after_write = index + 1;
                }
                if effects.writes || effects.lists {
                    self.after_lists = index + 1;
                }
            }
            Op::Loop => {
                self.loop_index = Some(index);
                if self.after_call > 0 {
                    // The call comes again between this use and the next of what was made before LOOP.
                    self.after_call = index + 1;
                }
            }
            _ => {}
        }
    }

    /// Appends an instruction as it is.
    pub fn push(&mut self, ins: Ins, origin: Origin) -> Ref {
        let index = self.body.ins.len();
        self.body.ins.push(ins);
        self.body.origins.push(origin);
        self.link(index);
        Ref(index as u16)
    }

    /// Appends an instruction or, where that suffices, a NOP; returns what stands for its result.
    pub fn emit(&mut self, ins: Ins, origin: Origin) -> Ref {
        let (kept, result) = match self.simplify(ins) {
            Fold::Ins(kept) => (Some(kept), Ref::NONE),
            Fold::Use(found) => (None, found),
            Fold::Gone => (None, Ref::NONE),
        };
        self.changed |= kept != Some(ins);
        match kept {
            Some(kept) => self.push(kept, origin),
            None => {
                self.push(Ins::NOP, origin);
                result
            }
        }
    }

    fn simplify(&mut self, mut ins: Ins) -> Fold {
        loop {
            self.order_operands(&mut ins);
            match fold_rules::apply(self, ins) {
                Some(Fold::Ins(simpler)) => ins = simpler,
                Some(done) => return done,
                None => break,
            }
        }
        let found = match ins.op.effect() {
            Effect::Pure | Effect::Guard => self.equal(ins),
            Effect::Load => self.loaded(ins),
            Effect::Call => self.equal_call(ins),
            Effect::Store if self.is_stored(ins) => return Fold::Gone,
            Effect::Store | Effect::New | Effect::Marker => None,
        };
        found.map_or(Fold::Ins(ins), Fold::Use)
    }

    /// Constants to the right, older references to the left.
    fn order_operands(&self, ins: &mut Ins) {
        if ins.op.is_commutative() && ins.a > ins.b && !ins.b.is_constant() {
            (ins.a, ins.b) = (ins.b, ins.a);
        }
    }

    /// Instructions of an operation from `floor` on, newest first.
    pub fn chain(&self, op: Op, floor: usize) -> impl Iterator<Item = (Ref, Ins)> + '_ {
        let mut next = self.heads[op as usize];
        std::iter::from_fn(move || {
            if next.is_none() || next.index() < floor {
                return None;
            }
            let here = next;
            let ins = self.body.ins[here.index()];
            next = ins.previous;
            Some((here, ins))
        })
    }

    /// An earlier instruction with the same result, of those that do not read memory.
    fn equal(&self, ins: Ins) -> Option<Ref> {
        let mut floor = first_after_operands(ins);
        match ins.op {
            // Another one may be waiting by now.
            Op::G_Poll => return None,
            // What is known of shapes that change is told by a rule.
            Op::G_Shape if !shape_is_stable(ins.c) => return None,
            _ => {}
        }
        if ins.ty == Ty::Raw {
            floor = floor.max(self.after_call);
        }
        std::iter::once(ins.op)
            .chain(same_value(ins.op))
            .find_map(|op| self.chain(op, floor).find(|(_, other)| same_operands(ins, *other)))
            .map(|found| found.0)
    }

    /// An earlier call of the same pure helper with the same arguments.
    fn equal_call(&self, ins: Ins) -> Option<Ref> {
        if !effects_of(self.helpers, ins).pure {
            return None;
        }
        let arguments = self.body.arguments(ins.a);
        self.chain(Op::CallH, 0)
            .find(|(_, other)| other.c == ins.c && other.ty == ins.ty && self.body.arguments(other.a) == arguments)
            .map(|found| found.0)
    }

    /// Index of LOOP, once it is there.
    pub fn loop_start(&self) -> Option<usize> {
        self.loop_index
    }

    pub fn after_write(&self) -> usize {
        self.after_write
    }

    pub fn after_lists(&self) -> usize {
        self.after_lists
    }

    pub fn after_call(&self) -> usize {
        self.after_call
    }

    /// Whether a value used after LOOP comes from before it, and so may be one that is carried.
    pub fn is_from_before_loop(&self, r: Ref) -> bool {
        self.loop_index.is_some_and(|start| !r.is_constant() && r.index() < start)
    }

    pub fn ty(&self, r: Ref) -> Ty {
        self.body.ty(r)
    }

    /// Whether a value is carried round the loop and may have come to LOOP by another way than through the pre-roll.
    pub fn is_opaque(&self, r: Ref) -> bool {
        self.loop_index.is_some() && !r.is_constant() && self.opaque.get(r.index()) == Some(&true)
    }

    /// First instruction that may tell something of a value.
    pub fn first_about(&self, r: Ref) -> usize {
        if self.is_opaque(r) { self.loop_index.unwrap_or(0) } else { r.index() + 1 }
    }

    /// The instruction behind a reference, if it is one, and known to have computed it.
    pub fn ins(&self, r: Ref) -> Option<Ins> {
        (!r.is_constant() && !r.is_none() && !self.is_opaque(r)).then(|| self.body.ins[r.index()])
    }

    /// The instruction behind a reference, if it is of this operation.
    pub fn ins_of(&self, r: Ref, op: Op) -> Option<Ins> {
        self.ins(r).filter(|ins| ins.op == op)
    }

    pub fn constant(&self, r: Ref) -> Option<&Const> {
        r.is_constant().then(|| &self.body.constants[r.constant_index()])
    }

    pub fn int(&self, r: Ref) -> Option<i64> {
        match self.constant(r) {
            Some(Const::Int(i)) => Some(*i),
            _ => None,
        }
    }

    pub fn float(&self, r: Ref) -> Option<f64> {
        match self.constant(r) {
            Some(Const::Flt(x)) => Some(*x),
            _ => None,
        }
    }

    /// The reference whose very word `r` is: guards that return their operand are looked through.
    pub fn root(&self, mut r: Ref) -> Ref {
        while let Some(ins) = self.ins(r).filter(|ins| matches!(ins.op, Op::G_Int | Op::G_Shape)) {
            r = ins.a;
        }
        r
    }

    /// Whether a guard has established `op a b` already.
    pub fn is_guarded(&self, op: Op, a: Ref, b: Ref) -> bool {
        self.equal(Ins::new(op, Ty::Nil, a, b, 0)).is_some()
    }
}

/// Operations that yield the same value when both succeed.
fn same_value(op: Op) -> Option<Op> {
    match op {
        Op::Add => Some(Op::AddOv),
        Op::AddOv => Some(Op::Add),
        Op::Sub => Some(Op::SubOv),
        Op::SubOv => Some(Op::Sub),
        Op::IntToFlt => Some(Op::IntToFltExact),
        _ => None,
    }
}

pub(super) fn same_operands(one: Ins, other: Ins) -> bool {
    (one.a, one.b, one.c, one.ty) == (other.a, other.b, other.c, other.ty)
}

/// No instruction with these operands is older than they are.
pub(super) fn first_after_operands(ins: Ins) -> usize {
    ins.operands().filter(|r| !r.is_constant()).map(|r| r.index() + 1).max().unwrap_or(0)
}

/// The instruction with every operand replaced.
pub(super) fn substituted(mut ins: Ins, of: impl Fn(Ref) -> Ref) -> Ins {
    let [a, b, c] = ins.op.fields();
    if a == Field::Ref {
        ins.a = of(ins.a);
    }
    if b == Field::Ref {
        ins.b = of(ins.b);
    }
    if c == Field::Ref {
        ins.c = u32::from(of(ins.c_ref()).0);
    }
    ins
}
