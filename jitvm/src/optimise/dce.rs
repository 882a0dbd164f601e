//! The pass `dce`: removes values that nothing needs, and stores that nobody can see (`dead_stores`).
//!
//! Needed are guards, stores, helper calls that are not pure, and what those, the snapshots that some guard leaves
//! through, and the PHIs that are needed themselves refer to. A PHI is needed if its carried value is used after LOOP
//! by something needed, other than the computation of its own next value. Snapshots that no guard is left for go too.

use super::dead_stores;
use super::emit::effects_of;
use super::peel::mark_flags;
use super::{PassAbort, Unit};
use crate::interp::helpers::Helper;
use crate::ir::{Body, Effect, Ins, Op, Ref, flags};

pub(super) fn dce(unit: &mut Unit<'_>) -> Result<bool, PassAbort> {
    let snapshots_before = unit.body.snapshots.len();
    let used = used_snapshots(&unit.body);
    let mut keep = used.iter();
    unit.body.snapshots.retain(|_| keep.next() == Some(&true));
    let mut removed = dead_stores::drop_dead(&mut unit.body);
    let needed = needed(unit);
    for (ins, &needed) in unit.body.ins.iter_mut().zip(&needed) {
        if ins.op != Op::Nop && !needed {
            if ins.flags & flags::GIVEN != 0 {
                unit.body.given.push(*ins);
            }
            *ins = Ins::NOP;
            removed = true;
        }
    }
    let is_there = |r: Ref| r.is_constant() || needed[r.index()];
    unit.body.given.retain(|ins| ins.operands().all(is_there));
    unit.body.in_slots.retain(|entry| is_there(entry.value));
    mark_flags(&mut unit.body);
    Ok(removed || unit.body.snapshots.len() != snapshots_before)
}

/// By instruction: whether something needs it.
pub(super) fn needed(unit: &Unit<'_>) -> Vec<bool> {
    Needed::of(unit)
}

fn used_snapshots(body: &Body) -> Vec<bool> {
    let mut used = vec![false; body.snapshots.len()];
    for (index, ins) in body.ins.iter().enumerate() {
        if (ins.op.is_guard() || ins.op == Op::Close)
            && let Some(snapshot) = body.snapshot_of(index)
        {
            used[snapshot] = true;
        }
    }
    used
}

/// Whether an instruction is there for more than its result.
fn is_root(ins: Ins, helpers: &[Helper]) -> bool {
    match ins.op.effect() {
        Effect::Guard if ins.flags & flags::GIVEN != 0 => false,
        Effect::Guard | Effect::Store => true,
        Effect::Call => {
            let effects = effects_of(helpers, ins);
            !effects.pure && !effects.fresh
        }
        Effect::Pure | Effect::Load | Effect::New => false,
        Effect::Marker => matches!(ins.op, Op::Loop | Op::Close | Op::Ret),
    }
}

struct Needed<'a> {
    body: &'a Body,
    /// By instruction: needed at all; for a value from before LOOP: needed after it.
    marks: Vec<bool>,
    carried: Vec<bool>,
    /// By instruction: the PHI that carries it.
    phi: Vec<Option<Ref>>,
    loop_index: usize,
    work: Vec<Ref>,
}

impl<'a> Needed<'a> {
    fn of(unit: &'a Unit<'_>) -> Vec<bool> {
        let body = &unit.body;
        let count = body.ins.len();
        let mut needed = Needed {
            body,
            marks: vec![false; count],
            carried: vec![false; count],
            phi: vec![None; count],
            loop_index: body.loop_index().unwrap_or(count),
            work: Vec::new(),
        };
        for (index, ins) in body.ins.iter().enumerate().filter(|(_, ins)| ins.op == Op::Phi) {
            needed.phi[ins.a.index()] = Some(Ref(index as u16));
        }
        for (index, ins) in body.ins.iter().enumerate() {
            if is_root(*ins, unit.helpers) {
                needed.mark(Ref(index as u16), index);
            }
        }
        for snapshot in body.snapshots.iter().chain(unit.closing.as_ref()) {
            for value in snapshot.values() {
                needed.mark(value, snapshot.at as usize);
            }
        }
        if let Some(guard) = body.ins.iter().rposition(|ins| ins.op.is_guard()) {
            for kept in &body.kept {
                needed.mark(kept.here, guard);
            }
        }
        needed.follow();
        needed.marks
    }

    /// `r` is needed by what stands at `user`.
    fn mark(&mut self, r: Ref, user: usize) {
        if r.is_constant() || r.is_none() {
            return;
        }
        let index = r.index();
        if !self.marks[index] {
            self.marks[index] = true;
            self.work.push(r);
        }
        if user > self.loop_index && !self.carried[index] {
            self.carried[index] = true;
            if let Some(phi) = self.phi[index] {
                self.mark(phi, phi.index());
            }
        }
    }

    fn follow(&mut self) {
        while let Some(r) = self.work.pop() {
            let ins = self.body.ins[r.index()];
            for operand in ins.operands() {
                self.mark(operand, r.index());
            }
        }
    }
}
