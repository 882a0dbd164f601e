//! The pass `fold`: emits every recorded instruction anew.
//!
//! Instruction i stays at index i, or becomes a NOP whose uses refer to what stands for it.

use std::mem::take;

use super::emit::{Emitter, substituted};
use super::{PassAbort, Unit};
use crate::ir::{Body, Op, Ref, SnapSlot, Snapshot};

pub(super) fn fold(unit: &mut Unit<'_>) -> Result<bool, PassAbort> {
    let recorded = take(&mut unit.body);
    let mut stands_for: Vec<Ref> = Vec::with_capacity(recorded.ins.len());
    let start = Body {
        ins: Vec::with_capacity(recorded.ins.len()),
        origins: Vec::with_capacity(recorded.ins.len()),
        constants: recorded.constants,
        snapshots: Vec::new(),
        kept: recorded.kept,
        in_slots: recorded.in_slots,
        given: recorded.given,
    };
    let mut emitter = Emitter::new(start, unit.helpers);
    for (ins, origin) in recorded.ins.into_iter().zip(recorded.origins) {
        let ins = substituted(ins, |r| replaced(&stands_for, r));
        let stands = emitter.emit(ins, origin);
        if cfg!(debug_assertions)
            && let Some(concrete) = unit.concrete
        {
            concrete.assert_same(stands_for.len(), ins.ty, &emitter.body, stands);
        }
        stands_for.push(stands);
    }
    let mut changed = emitter.changed;
    unit.note_rules(&emitter.applied);
    let mut body = emitter.finish();
    body.snapshots = recorded.snapshots;
    body.kept.iter_mut().for_each(|kept| kept.here = replaced(&stands_for, kept.here));
    body.in_slots.iter_mut().for_each(|entry| entry.value = replaced(&stands_for, entry.value));
    let mut snapshots = take(&mut body.snapshots);
    for snapshot in snapshots.iter_mut().chain(unit.closing.as_mut()) {
        let count = snapshot.slots.len();
        for entry in &mut snapshot.slots {
            let value = unboxed(&body, replaced(&stands_for, entry.value));
            changed |= value != entry.value;
            entry.value = value;
        }
        snapshot.slots.retain(|entry| !is_untouched(&body, *entry));
        changed |= snapshot.slots.len() != count;
    }
    body.snapshots = snapshots;
    unit.body = body;
    Ok(changed)
}

fn replaced(stands_for: &[Ref], r: Ref) -> Ref {
    if r.is_constant() || r.is_none() { r } else { stands_for[r.index()] }
}

/// A float in a snapshot need not be boxed before an exit is taken.
pub(super) fn unboxed(body: &Body, r: Ref) -> Ref {
    if r.is_constant() {
        return r;
    }
    match body.ins[r.index()] {
        ins if ins.op == Op::BoxF => ins.a,
        _ => r,
    }
}

/// Whether a slot is to be given the value that it had at trace entry, and still has.
pub(super) fn is_untouched(body: &Body, entry: SnapSlot) -> bool {
    !entry.value.is_constant()
        && body.ins[entry.value.index()].op == Op::Sload
        && body.ins[entry.value.index()].c == u32::from(entry.slot)
}

/// Value of a slot in a snapshot.
pub(super) fn slot_value(snapshot: &Snapshot, slot: u16) -> Option<Ref> {
    snapshot.slots.binary_search_by_key(&slot, |entry| entry.slot).ok().map(|at| snapshot.slots[at].value)
}
