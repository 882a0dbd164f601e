//! The pass `peel`: makes the recorded iteration the pre-roll of a loop, by copying it behind LOOP.
//!
//! Every instruction is emitted a second time with its operands replaced by what they have become one iteration on: a
//! slot read at trace entry is what the recorded iteration left in it. What the emitter finds to be there already is
//! invariant, and a guard it drops has been checked once before the loop: nothing is moved, so nothing moves over an
//! effect. Values of the pre-roll that are used after LOOP and have become another one carry a PHI. An exit from the
//! loop restores what the iterations before it left in the slots, overlaid with what this one has changed.
//!
//! `close` is what is done instead when the pass is off.

use std::mem::take;

use super::emit::{Emitter, substituted};
use super::fold::{is_untouched, slot_value, unboxed};
use super::fold_rules::{Applied, never_passes};
use super::{Decision, GuardDecision, PassAbort, PassDecision, Unit};
use crate::interp::helpers::Helper;
use crate::ir::{Body, Ins, Label, Op, Origin, Ref, SnapSlot, Snapshot, Ty, flags};

/// References are 15 bits, one of which means none.
const INSTRUCTIONS_MAX: usize = Ref::NONE.0 as usize;

pub(super) fn peel(unit: &mut Unit<'_>) -> Result<bool, PassAbort> {
    let Some(closing) = unit.closing.take() else { return Ok(false) };
    let count = unit.body.ins.len();
    // Each instruction, its copy, LOOP, and a PHI for each.
    if 3 * count + 1 > INSTRUCTIONS_MAX {
        return Err(PassAbort::TooLong { instructions: count });
    }
    let iteration = take(&mut unit.body);
    let plain = Peeled::of(&iteration, unit.helpers, &closing, &[])?;
    if unit.avoids_rare_path
        && let Some(at) = plain.certain_failure(&iteration)
    {
        return Err(PassAbort::RarePath { at });
    }
    match enterable(&iteration, &plain, unit.helpers, &closing) {
        Some(peeled) => {
            unit.label = peeled.label(&iteration, &closing);
            unit.note_rules(&peeled.applied);
            unit.decisions = peeled.hoisted(&iteration);
            unit.body = peeled.body;
        }
        None => {
            unit.note_rules(&plain.applied);
            unit.decisions = plain.hoisted(&iteration);
            unit.body = plain.body;
        }
    }
    Ok(true)
}

/// How often values that turn out to be carried make the iteration be copied anew.
const ATTEMPTS: usize = 3;

/// The loop such that nothing is known at LOOP of what is carried, so that other traces may go on there. `None` if that
/// costs too much: objects that the trace makes and carries round are known to no one else.
fn enterable(iteration: &Body, plain: &Peeled, helpers: &[Helper], closing: &Snapshot) -> Option<Peeled> {
    let count = iteration.ins.len();
    let is_new = |r: Ref| !r.is_constant() && r.index() < count && iteration.ins[r.index()].op == Op::New;
    let in_snapshots = plain.body.snapshots.iter().filter(|snapshot| snapshot.at as usize > count);
    if plain.body.ins[count..].iter().flat_map(|ins| ins.operands()).any(is_new)
        || in_snapshots.flat_map(Snapshot::values).any(is_new)
    {
        return None;
    }
    let mut opaque = vec![false; count];
    let mut peeled: Option<Peeled> = None;
    for _ in 0..ATTEMPTS {
        let becomes = &peeled.as_ref().unwrap_or(plain).becomes;
        let more: Vec<usize> = (0..count).filter(|&at| !opaque[at] && is_carried(becomes, Ref(at as u16))).collect();
        if more.is_empty() && peeled.is_some() {
            return peeled;
        }
        more.into_iter().for_each(|at| opaque[at] = true);
        peeled = Some(Peeled::of(iteration, helpers, closing, &opaque).ok()?);
    }
    None
}

/// A loop made of an iteration.
struct Peeled {
    body: Body,
    /// By instruction of the iteration: what its result is in the next one.
    becomes: Vec<Ref>,
    /// Values of which it is known at LOOP only that they are not negative.
    natural: Vec<Ref>,
    /// Rules that the copy used.
    applied: Applied,
}

impl Peeled {
    fn of(iteration: &Body, helpers: &[Helper], closing: &Snapshot, opaque: &[bool]) -> Result<Peeled, PassAbort> {
        let count = iteration.ins.len();
        let origin = closing_origin(closing);
        let mut emitter = Emitter::new(iteration.clone(), helpers);
        let is_natural = |r: &Ref| emitter.ty(*r) == Ty::Int && emitter.bounds(*r).is_natural();
        let is_opaque = |r: &Ref| opaque.get(r.index()) == Some(&true);
        let natural: Vec<Ref> = (0..count as u16).map(Ref).filter(|r| is_opaque(r) && is_natural(r)).collect();
        emitter.natural = vec![false; count];
        natural.iter().for_each(|r| emitter.natural[r.index()] = true);
        emitter.opaque = opaque.to_vec();
        emitter.push(Ins::new(Op::Loop, Ty::Nil, Ref::NONE, Ref::NONE, 0), origin);
        let mut becomes: Vec<Ref> = Vec::with_capacity(count);
        for index in 0..count {
            let copy = copy(&mut emitter, &becomes, closing, index)?;
            becomes.push(copy);
        }
        let applied = emitter.applied;
        let mut body = emitter.finish();
        copy_snapshots(&mut body, &becomes, closing);
        add_phis(&mut body, &becomes, origin)?;
        mark_flags(&mut body);
        Ok(Peeled { body, becomes, natural, applied })
    }

    /// A guard that the iteration passes, and the next one cannot.
    fn certain_failure(&self, iteration: &Body) -> Option<u16> {
        let is_decided = |ins: &Ins| {
            ins.op.is_guard() && !matches!(ins.op, Op::G_Poll | Op::G_Watch) && ins.operands().all(Ref::is_constant)
        };
        let count = iteration.ins.len();
        let copies = &self.body.ins[count + 1..];
        let fails = |at: &usize| copies.get(*at).is_some_and(is_decided) && !is_decided(&iteration.ins[*at]);
        (0..count).find(fails).map(|at| at as u16)
    }

    /// Guards that the iteration has and the loop has not, since what they test does not change from one turn to the next.
    fn hoisted(&self, iteration: &Body) -> Vec<PassDecision> {
        let count = iteration.ins.len();
        let decision = Decision::Guard(GuardDecision::Hoisted);
        let is_same = |r: Ref| r.is_constant() || self.becomes[r.index()] == r;
        let is_hoisted = |at: &usize| {
            let ins = iteration.ins[*at];
            ins.op.is_guard() && self.body.ins[count + 1 + at].op == Op::Nop && ins.operands().all(is_same)
        };
        let hoisted = (0..count).filter(is_hoisted);
        hoisted.map(|at| PassDecision { at: Ref(at as u16), decision, because: None }).collect()
    }

    /// How other traces get to LOOP, if what the body does not do again can be done by them.
    fn label(&self, iteration: &Body, closing: &Snapshot) -> Option<Label> {
        let count = iteration.ins.len();
        let shared: Vec<bool> = (0..count)
            .map(|at| iteration.ins[at].op != Op::Nop && self.body.ins[count + 1 + at].op == Op::Nop)
            .collect();
        let label = Label {
            iteration: iteration.ins.clone(),
            constants: self.body.constants.clone(),
            becomes: self.becomes.clone(),
            shared,
            slots: closing.slots.clone(),
            natural: self.natural.clone(),
            values: Vec::new(),
            invariants: Vec::new(),
        };
        super::reenter::is_enterable(&label).then_some(label)
    }
}

/// Ends the trace with CLOSE and its snapshot.
pub(super) fn close(unit: &mut Unit<'_>) -> Result<bool, PassAbort> {
    let Some(mut closing) = unit.closing.take() else { return Ok(false) };
    let body = &mut unit.body;
    if body.ins.len() + 1 > INSTRUCTIONS_MAX {
        return Err(PassAbort::TooLong { instructions: body.ins.len() });
    }
    closing.at = body.ins.len() as u16;
    let link = unit.link.map_or(0, |trace| trace.0);
    body.ins.push(Ins::new(Op::Close, Ty::Nil, Ref::NONE, Ref::NONE, link));
    body.origins.push(closing_origin(&closing));
    body.snapshots.push(closing);
    Ok(true)
}

fn closing_origin(closing: &Snapshot) -> Origin {
    let frame = closing.frames.first().expect("a snapshot has the anchor's frame");
    Origin { code: frame.code, pc: frame.pc }
}

fn replaced(becomes: &[Ref], r: Ref) -> Ref {
    if r.is_constant() || r.is_none() { r } else { becomes[r.index()] }
}

/// Emits the copy of an instruction of the pre-roll; returns what its result has become.
fn copy(emitter: &mut Emitter<'_>, becomes: &[Ref], closing: &Snapshot, index: usize) -> Result<Ref, PassAbort> {
    let ins = emitter.body.ins[index];
    let origin = emitter.body.origins[index];
    match ins.op {
        Op::Nop => {
            emitter.push(Ins::NOP, origin);
            Ok(Ref::NONE)
        }
        Op::Sload => {
            let value = slot_value(closing, ins.c as u16).unwrap_or(Ref(index as u16));
            if emitter.ty(value) == Ty::Flt {
                // Where the slot was used as any value, it takes a tagged one; mostly a G_FLT takes it apart again.
                return Ok(emitter.emit(Ins::new(Op::BoxF, Ty::Val, value, Ref::NONE, 0), origin));
            }
            emitter.push(Ins::NOP, origin);
            Ok(value)
        }
        _ => {
            let copy = substituted(Ins { flags: 0, ..ins }, |r| replaced(becomes, r));
            let slot = emitter.ins_of(emitter.root(ins.a), Op::Sload).map(|load| load.c as u16);
            match slot {
                Some(slot) if never_passes(emitter, copy) && !never_passes(emitter, ins) => {
                    Err(PassAbort::UnstableType { slot })
                }
                _ => Ok(emitter.emit(copy, origin)),
            }
        }
    }
}

fn copy_snapshots(body: &mut Body, becomes: &[Ref], closing: &Snapshot) {
    let offset = becomes.len() as u16 + 1;
    let mut copies = Vec::with_capacity(body.snapshots.len());
    for snapshot in &body.snapshots {
        let mut slots: Vec<SnapSlot> = snapshot
            .slots
            .iter()
            .map(|entry| SnapSlot { slot: entry.slot, value: unboxed(body, replaced(becomes, entry.value)) })
            .collect();
        let left = closing.slots.iter().filter(|entry| slot_value(snapshot, entry.slot).is_none());
        slots.extend(left.map(|entry| SnapSlot { slot: entry.slot, value: unboxed(body, entry.value) }));
        slots.sort_by_key(|entry| entry.slot);
        slots.retain(|entry| !is_untouched(body, *entry) || is_carried(becomes, entry.value));
        copies.push(Snapshot { at: snapshot.at + offset, slots, ..snapshot.clone() });
    }
    body.snapshots.extend(copies);
}

/// Whether a value has become another one by the next iteration.
fn is_carried(becomes: &[Ref], r: Ref) -> bool {
    !r.is_constant() && r.index() < becomes.len() && becomes[r.index()] != r
}

fn add_phis(body: &mut Body, becomes: &[Ref], origin: Origin) -> Result<(), PassAbort> {
    let count = becomes.len();
    let mut needed = vec![false; count];
    let mut work: Vec<Ref> = body.ins[count..].iter().flat_map(|ins| ins.operands()).collect();
    let after_loop = body.snapshots.iter().filter(|snapshot| snapshot.at as usize > count);
    work.extend(after_loop.flat_map(|snapshot| snapshot.slots.iter().map(|entry| entry.value)));
    while let Some(r) = work.pop() {
        if is_carried(becomes, r) && !needed[r.index()] {
            needed[r.index()] = true;
            work.push(becomes[r.index()]);
        }
    }
    for index in (0..count).filter(|index| needed[*index]) {
        let (first, next) = (Ref(index as u16), becomes[index]);
        let (ty, next_ty) = (body.ty(first), body.ty(next));
        if ty != next_ty && !(ty == Ty::Val && next_ty.is_tagged()) {
            return Err(PassAbort::UnstableValue { at: first.0 });
        }
        body.ins.push(Ins::new(Op::Phi, ty, first, next, 0));
        body.origins.push(origin);
    }
    Ok(())
}

/// Sets the flags that say what part a value has in the loop.
pub(super) fn mark_flags(body: &mut Body) {
    for ins in &mut body.ins {
        ins.flags &= !(flags::PHI | flags::INVARIANT);
    }
    let Some(start) = body.loop_index() else { return };
    let mut used: Vec<Ref> = body.ins[start..].iter().flat_map(|ins| ins.operands()).collect();
    let after_loop = body.snapshots.iter().filter(|snapshot| snapshot.at as usize > start);
    used.extend(after_loop.flat_map(Snapshot::values));
    for r in used.into_iter().filter(|r| !r.is_constant() && r.index() < start) {
        // A sunk object is no value.
        let flag = if body.is_sunk(r) { 0 } else { flags::INVARIANT };
        body.ins[r.index()].flags |= flag;
    }
    let phis: Vec<Ins> = body.ins[start..].iter().copied().filter(|ins| ins.op == Op::Phi).collect();
    for r in phis.iter().flat_map(|phi| [phi.a, phi.b]).filter(|r| !r.is_constant()) {
        let ins = &mut body.ins[r.index()];
        if r.index() > start || phis.iter().any(|phi| phi.a == r) {
            ins.flags = (ins.flags & !flags::INVARIANT) | flags::PHI;
        }
    }
}
