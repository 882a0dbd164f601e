//! The pass `reenter`: lets a side trace end at LOOP of the trace it comes to, instead of at its start.
//!
//! The body of a peeled loop relies on what its pre-roll has computed, checked and found in memory, and nothing else
//! (`peel` takes care of that: of values that are carried round, the body knows only their types). Those instructions of
//! the iteration that the body does not do again (`Label::shared`) are done here, on the state in which the side trace
//! comes to the header, as PyPy's short preamble does: what the side trace has computed and checked itself is shared
//! with it by the emitter. What they yield is what CLOSE hands on.
//!
//! A guard among them leaves to the interpreter at the header. Where one is certain to fail, where two values that are
//! one in the loop differ, or where a store would have to be made before its time, the trace ends at the start after all.

use super::emit::{Emitter, effects_of, shape_is_stable, substituted};
use super::fold_rules::{Applied, never_passes};
use super::{PassAbort, Unit};
use crate::interp::helpers::Helper;
use crate::ir::{Alias, Body, Const, Effect, Ins, Label, Op, Origin, Ref, SnapSlot, Snapshot, Ty};

pub(super) fn reenter(unit: &mut Unit<'_>) -> Result<bool, PassAbort> {
    let (Some(target), Some(link)) = (&unit.target, unit.link) else { return Ok(false) };
    // A side trace that starts at the header has failed to get in already.
    let does_something = |ins: &Ins| !matches!(ins.op, Op::Nop | Op::Parent | Op::Sload | Op::G_Poll);
    if unit.closing.is_none() || target.is_of_side && !unit.body.ins.iter().any(does_something) {
        return Ok(false);
    }
    let Some(closing) = unit.closing.take() else { return Ok(false) };
    let entry = Entry::new(&unit.body, unit.helpers, target, &closing);
    match entry.and_then(|entry| entry.finish(link.0)) {
        Some((body, applied)) => {
            unit.note_rules(&applied);
            unit.body = body;
            Ok(true)
        }
        None => {
            unit.closing = Some(closing);
            Ok(false)
        }
    }
}

/// Whether all that the body relies on can be done at the header.
pub(super) fn is_enterable(label: &Label) -> bool {
    let available = available(label);
    if (0..label.iteration.len()).any(|at| available[at] && loses_its_guard(label, at)) {
        return false;
    }
    (0..label.iteration.len()).filter(|&at| label.shared[at] && !available[at]).all(|at| {
        let becomes = label.becomes[at];
        match label.iteration[at].op.effect() {
            Effect::Store => false,
            Effect::Load | Effect::Call if becomes.is_constant() => false,
            // It stands for something that is not its own: what the loop found in memory, or knew of an object.
            _ => becomes.is_none() || becomes.is_constant() || becomes.index() > label.iteration.len(),
        }
    })
}

/// Whether an item is loaded that is there only because of a guard which the body does again, later than the load would
/// be done: how many items a closure has follows from the function's code.
fn loses_its_guard(label: &Label, load: usize) -> bool {
    if label.iteration[load].op != Op::ItemLoad {
        return false;
    }
    let mut leads_here = vec![false; load + 1];
    leads_here[load] = true;
    for at in (0..=load).rev().filter(|at| label.iteration[*at].op != Op::Nop) {
        if leads_here[at] {
            label.iteration[at].operands().filter(|r| !r.is_constant()).for_each(|r| leads_here[r.index()] = true);
        }
    }
    (0..load).any(|at| {
        let guard = label.iteration[at];
        let is_of_the_same = |r: Ref| {
            let checked = label.iteration[r.index()];
            matches!(checked.op, Op::FieldLoad | Op::FloatLoad)
                && checked.operands().any(|of| !of.is_constant() && leads_here[of.index()])
        };
        guard.op.is_guard() && !label.shared[at] && guard.operands().any(|r| !r.is_constant() && is_of_the_same(r))
    })
}

/// By instruction of the iteration: its operands are known at the header, and it is not done again after LOOP.
fn available(label: &Label) -> Vec<bool> {
    let count = label.iteration.len();
    let mut available = vec![false; count];
    for at in 0..count {
        let ins = label.iteration[at];
        let mut operands = ins.operands().filter(|r| !r.is_constant());
        let becomes = label.becomes[at];
        let is_at_header = ins.ty == Ty::Nil || becomes.is_constant() || becomes.index() < count;
        available[at] = match ins.op {
            Op::Sload => true,
            Op::Nop => false,
            Op::CArg => operands.all(|r| available[r.index()]),
            _ => label.shared[at] && is_at_header && operands.all(|r| available[r.index()]),
        };
    }
    available
}

/// What a trace, those it comes from back to the loop's body, and the body itself may have changed in memory. The body
/// counts since it may put back at its end what it has changed, and a side trace leaves it before.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Clobbers {
    calls: bool,
    /// By calls: anything.
    writes: bool,
    /// By calls: lists.
    lists: bool,
    shapes: bool,
    elements: bool,
    /// Cells and fields.
    places: Vec<Place>,
    /// There are too many of those.
    any_place: bool,
}

/// Where something was stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Cell(u64),
    /// A field of an object, with the shape that a guard has found it to have.
    Field {
        offset: u32,
        shape: Option<u32>,
    },
}

/// More places than this are not told apart.
const MOST_PLACES: usize = 32;

impl Clobbers {
    fn stores(&mut self, place: Option<Place>) {
        match place {
            Some(place) if self.places.contains(&place) => {}
            Some(place) if self.places.len() < MOST_PLACES => self.places.push(place),
            _ => self.any_place = true,
        }
    }

    /// Memory beside itself.
    pub fn bytes(&self) -> usize {
        crate::sizes::list(&self.places)
    }

    /// Whether a place may have been stored to. As long as no shape has changed, objects of different shapes are different
    /// ones.
    fn may_store(&self, place: Option<Place>) -> bool {
        let are_different = |one: u32, other: u32| {
            one != other && (shape_is_stable(one) || shape_is_stable(other) || !(self.writes || self.shapes))
        };
        let may_be = |stored: &Place, place: Place| match (*stored, place) {
            (Place::Cell(one), Place::Cell(other)) => one == other,
            (Place::Field { offset, shape: one }, Place::Field { offset: at, shape: other }) => {
                offset == at && !one.zip(other).is_some_and(|(one, other)| are_different(one, other))
            }
            _ => false,
        };
        self.any_place || place.is_none_or(|place| self.places.iter().any(|stored| may_be(stored, place)))
    }

    pub fn add(&mut self, body: &Body, helpers: &[Helper]) {
        for ins in &body.ins {
            let is_of_new = !ins.a.is_constant() && body.ins.get(ins.a.index()).is_some_and(|made| made.op == Op::New);
            match ins.op {
                Op::CallH | Op::CallF => {
                    self.calls = true;
                    let effects = effects_of(helpers, *ins);
                    self.writes |= effects.writes;
                    self.lists |= effects.writes || effects.lists;
                }
                Op::CellStore => self.stores(place(&body.ins, &body.constants, *ins)),
                Op::ElemStore => self.elements = true,
                Op::FieldStore | Op::FloatStore if !is_of_new => self.stores(place(&body.ins, &body.constants, *ins)),
                Op::ShapeStore => self.shapes |= !is_of_new,
                _ => {}
            }
        }
    }

    /// Whether an instruction of an iteration would still give what it gave to the loop.
    fn spare(&self, label: &Label, ins: Ins) -> bool {
        if ins.ty == Ty::Raw && self.calls {
            return false;
        }
        match (ins.op, ins.op.alias()) {
            (Op::G_Shape, _) => shape_is_stable(ins.c) || !(self.writes || self.shapes),
            (_, Alias::None | Alias::Slot | Alias::Immutable) => true,
            (_, Alias::Cell | Alias::Field | Alias::FloatField) => {
                !self.writes && !self.may_store(place(&label.iteration, &label.constants, ins))
            }
            (_, Alias::ListHeader) => !self.lists,
            (_, Alias::Element) => !(self.lists || self.elements),
        }
    }
}

/// The cell or field that an instruction loads or stores.
fn place(code: &[Ins], constants: &[Const], ins: Ins) -> Option<Place> {
    let of = ins.a;
    match ins.op.alias() {
        Alias::Cell if of.is_constant() => match constants[of.constant_index()] {
            Const::Raw(address, _) => Some(Place::Cell(address)),
            _ => None,
        },
        Alias::Field | Alias::FloatField => {
            let guard = (!of.is_constant()).then(|| code[of.index()]).filter(|guard| guard.op == Op::G_Shape);
            Some(Place::Field { offset: ins.c, shape: guard.map(|guard| guard.c) })
        }
        _ => None,
    }
}

/// The loop that a trace comes to.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    pub label: &'a Label,
    /// Of a trace that comes from that loop's body: what may have changed on the way to where it starts.
    pub since: Option<Clobbers>,
    /// Of a trace that starts at an exit of another one.
    pub is_of_side: bool,
}

/// The end of a trace being made.
struct Entry<'a> {
    emitter: Emitter<'a>,
    label: &'a Label,
    closing: &'a Snapshot,
    origin: Origin,
    /// The loop's constants.
    constants: Vec<Ref>,
    /// By value of the loop: what it is here; NONE if that is not known yet.
    values: Vec<Ref>,
    /// By value of the loop: what it is here if it is as the loop has left it, or NONE.
    kept: Vec<Ref>,
    /// What may have changed since, if it comes from the loop's body.
    since: Option<Clobbers>,
    /// By instruction of the iteration: what stands for it here, if it was needed so far.
    here: Vec<Ref>,
    /// By instruction of the iteration: it would give what it gave to the loop.
    same: Vec<bool>,
}

impl<'a> Entry<'a> {
    /// `None`: the loop cannot be entered from here.
    fn new(
        body: &Body,
        helpers: &'a [Helper],
        Target { label, since, .. }: &Target<'a>,
        closing: &'a Snapshot,
    ) -> Option<Entry<'a>> {
        let frame = closing.frames.first()?;
        let origin = Origin { code: frame.code, pc: frame.pc };
        let mut body = body.clone();
        body.snapshots.push(closing.clone());
        let constants = label.constants.iter().map(|constant| body.constant(constant.clone())).collect();
        let emitter = Emitter::new(body, helpers);
        let count = label.iteration.len();
        let mut kept = vec![Ref::NONE; count];
        for value in emitter.body.kept.iter().filter(|_| since.is_some()) {
            if let Some(kept) = kept.get_mut(usize::from(value.of_loop.0)) {
                *kept = value.here;
            }
        }
        let since = since.clone().map(|mut since| {
            since.add(&emitter.body, helpers);
            since
        });
        let mut entry = Entry {
            emitter,
            label,
            closing,
            origin,
            constants,
            values: vec![Ref::NONE; count],
            kept,
            since,
            here: vec![Ref::NONE; count],
            same: vec![false; count],
        };
        for slot in &label.slots {
            entry.slot(*slot)?;
        }
        entry.iteration()?;
        for &value in &label.natural {
            entry.natural(value)?;
        }
        Some(entry)
    }

    /// A slot that the body takes to be what the iteration before left in it.
    fn slot(&mut self, entry: SnapSlot) -> Option<()> {
        let here = self.slot_value(entry.slot.into());
        if entry.value.is_constant() {
            return (self.constants[entry.value.constant_index()] == here).then_some(());
        }
        let is_used = self.label.values.binary_search(&entry.value).is_ok();
        if is_used { self.is(entry.value, here) } else { Some(()) }
    }

    /// Does again what the body does not, unless it would give what it gave to the loop.
    fn iteration(&mut self) -> Option<()> {
        let label = self.label;
        let available = available(label);
        for at in (0..label.iteration.len()).filter(|&at| available[at]) {
            let ins = label.iteration[at];
            self.same[at] = self.is_same(at);
            let becomes = label.becomes[at];
            let is_value = ins.ty != Ty::Nil && !becomes.is_none();
            let is_asked_for = is_value
                && (becomes.is_constant()
                    || becomes.index() < self.here.len() && label.values.binary_search(&becomes).is_ok());
            if ins.op == Op::CArg || self.same[at] && !is_asked_for {
                continue;
            }
            let here = self.evaluate(at)?;
            if is_asked_for && becomes.is_constant() {
                if self.constants[becomes.constant_index()] != here {
                    return None;
                }
            } else if is_asked_for {
                self.is(becomes, here)?;
            }
        }
        Some(())
    }

    /// Whether an instruction would give what it gave to the loop: no iteration changes that, and nothing on the way here.
    fn is_same(&self, at: usize) -> bool {
        let ins = self.label.iteration[at];
        let Some(since) = &self.since else { return false };
        let is_invariant = ins.ty == Ty::Nil || self.label.becomes[at] == Ref(at as u16);
        let is_there = match ins.op {
            Op::Sload => {
                let left = u16::try_from(ins.c).ok().and_then(|slot| super::fold::slot_value(self.closing, slot));
                left.is_none_or(|left| self.kept[at] == left)
            }
            _ => ins.operands().all(|r| r.is_constant() || self.same[r.index()]),
        };
        is_invariant && is_there && since.spare(self.label, ins)
    }

    /// What stands for an available instruction of the iteration.
    fn evaluate(&mut self, at: usize) -> Option<Ref> {
        if !self.here[at].is_none() {
            return Some(self.here[at]);
        }
        let ins = self.label.iteration[at];
        if self.same[at] && !self.kept[at].is_none() && self.emitter.ty(self.kept[at]) == ins.ty {
            self.here[at] = self.kept[at];
            return Some(self.kept[at]);
        }
        let here = match ins.op {
            Op::CallH | Op::CallF | Op::New => return None,
            Op::Sload => {
                let value = self.slot_value(ins.c);
                self.tagged(value)
            }
            _ => {
                for operand in ins.operands().filter(|r| !r.is_constant()) {
                    self.evaluate(operand.index())?;
                }
                let ins = Ins { flags: 0, register: 0xff, spill: 0xffff, previous: Ref::NONE, ..ins };
                let here =
                    |r: Ref| if r.is_constant() { self.constants[r.constant_index()] } else { self.here[r.index()] };
                let ins = substituted(ins, here);
                self.emit(ins)?
            }
        };
        self.here[at] = here;
        Some(here)
    }

    /// The value is not negative.
    fn natural(&mut self, value: Ref) -> Option<()> {
        let here = self.value(value)?;
        if self.emitter.bounds(here).is_natural() {
            return Some(());
        }
        let zero = self.emitter.body.constant(Const::Int(0));
        self.emit(Ins::new(Op::G_Le, Ty::Nil, zero, here, 0)).map(|_| ())
    }

    /// A value of the loop is this one, in the type that the loop knows it by.
    fn is(&mut self, value: Ref, here: Ref) -> Option<()> {
        let here = self.coerced(here, self.label.iteration[value.index()].ty)?;
        let known = &mut self.values[value.index()];
        if known.is_none() {
            *known = here;
        }
        (*known == here).then_some(())
    }

    /// What a value of the loop is here, if that is known.
    fn value(&self, of_loop: Ref) -> Option<Ref> {
        self.values.get(of_loop.index()).copied().filter(|here| !here.is_none())
    }

    fn coerced(&mut self, r: Ref, ty: Ty) -> Option<Ref> {
        match (self.emitter.ty(r), ty) {
            (Ty::Flt, Ty::Val) => Some(self.tagged(r)),
            (from, to) if from == to || to == Ty::Val && from.is_tagged() => Some(r),
            (Ty::Val, Ty::Int) => self.emit(Ins::new(Op::G_Int, Ty::Int, r, Ref::NONE, 0)),
            (Ty::Val, Ty::Flt) => self.emit(Ins::new(Op::G_Flt, Ty::Flt, r, Ref::NONE, 0)),
            _ => None,
        }
    }

    /// What a slot holds when the trace comes to the header.
    fn slot_value(&mut self, slot: u32) -> Ref {
        let left = u16::try_from(slot).ok().and_then(|slot| super::fold::slot_value(self.closing, slot));
        let inherited = || {
            let held = self.emitter.body.in_slots.iter().find(|held| u32::from(held.slot) == slot);
            held.map(|held| held.value)
        };
        left.or_else(inherited)
            .unwrap_or_else(|| self.emitter.emit(Ins::new(Op::Sload, Ty::Val, Ref::NONE, Ref::NONE, slot), self.origin))
    }

    fn tagged(&mut self, r: Ref) -> Ref {
        if self.emitter.ty(r) != Ty::Flt {
            return r;
        }
        self.emitter.emit(Ins::new(Op::BoxF, Ty::Val, r, Ref::NONE, 0), self.origin)
    }

    /// What stands for an instruction; `None` if it is a guard that fails, or would write.
    fn emit(&mut self, ins: Ins) -> Option<Ref> {
        if never_passes(&self.emitter, ins) {
            return None;
        }
        let result = self.emitter.emit(ins, self.origin);
        let done = *self.emitter.body.ins.last()?;
        let fails = done.op.is_guard() && done.op != Op::G_Poll && done.operands().all(Ref::is_constant);
        let writes = done.op.effect() == Effect::Store;
        (!fails && !writes).then_some(result)
    }

    /// The closed trace: slots that the loop's exits do not write are written, the loop's values handed on.
    fn finish(mut self, link: u32) -> Option<(Body, Applied)> {
        let mut chain = Ref::NONE;
        for value in &self.label.values {
            let here = self.value(*value)?;
            chain = self.emitter.push(Ins::new(Op::CArg, Ty::Nil, chain, here, 0), self.origin);
        }
        let at = self.emitter.body.ins.len() as u16;
        if at >= Ref::NONE.0 {
            return None;
        }
        self.emitter.push(Ins::new(Op::Close, Ty::Nil, chain, Ref::NONE, link), self.origin);
        let applied = self.emitter.applied;
        let mut body = self.emitter.finish();
        let mut slots = self.closing.slots.clone();
        slots.retain(|entry| !self.label.slots.iter().any(|covered| covered.slot == entry.slot));
        body.snapshots.push(Snapshot { at, slots, ..self.closing.clone() });
        Some((body, applied))
    }
}
