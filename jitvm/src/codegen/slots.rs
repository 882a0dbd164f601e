//! Gives spilled values slots of the native frame; values that are not alive together share one.

use super::analysis::Analysis;
use super::parallel_move::{self, Move};
use super::regalloc::Allocation;
use super::{CompileFailure, Inherited, Location};
use crate::ir::{Body, Op, Ty};

/// A frame of 32 KB, far inside the guard pages of a stack.
const MOST: usize = 4096;

/// Replaces spill locations named by their value with slots, and writes the results into the instructions.
pub(super) fn assign(
    body: &mut Body,
    analysis: &Analysis,
    inherited: Option<&Inherited<'_>>,
    allocation: &mut Allocation,
) -> Result<(), CompileFailure> {
    // By slot: last position of the value that has it.
    let mut busy: Vec<usize> = Vec::new();
    let mut slot_of = vec![u16::MAX; body.ins.len()];
    if let Some(parent) = inherited {
        // What the parent has spilled stays in its slot; its other slots are free.
        busy.resize(parent.spills.into(), 0);
        for (value, ins) in body.ins.iter().enumerate().filter(|(_, ins)| ins.op == Op::Parent) {
            if let Location::Spill(index) = parent.locations[ins.c as usize] {
                slot_of[value] = index;
                busy[index as usize] = analysis.last[value] as usize;
                // It is there already.
                allocation.stored[value] = false;
            }
        }
    }
    for (value, slot) in slot_of.iter_mut().enumerate() {
        if !allocation.stored[value] {
            continue;
        }
        let last = if analysis.loop_live[value] { analysis.end } else { analysis.last[value] as usize };
        let free = busy.iter().position(|&until| until < value);
        let index = free.unwrap_or_else(|| {
            busy.push(0);
            busy.len() - 1
        });
        busy[index] = last;
        *slot = index as u16;
    }
    if busy.len() > MOST {
        return Err(CompileFailure::TooBig);
    }
    allocation.spills = busy.len() as u16;

    let resolve = |location: &mut Location| {
        if let Location::Spill(value) = location {
            *location = Location::Spill(slot_of[*value as usize]);
        }
    };
    let resolve_move = |m: &mut Move| {
        resolve(&mut m.to);
        resolve(&mut m.from);
    };
    allocation.moves.iter_mut().for_each(|(_, m)| resolve_move(m));
    allocation.back.iter_mut().for_each(resolve_move);
    for exit in &mut allocation.exits {
        exit.locations.iter_mut().chain(&mut exit.observed).for_each(resolve);
    }
    allocation.label.iter_mut().for_each(|(_, location)| resolve(location));
    allocation.handed_on.iter_mut().for_each(|m| resolve(&mut m.from));
    parallel_move::order(&mut allocation.handed_on, &mut allocation.back);
    allocation.calls.iter_mut().flat_map(|(_, locations)| locations).for_each(resolve);
    if let Some((locations, _)) = &mut allocation.close {
        locations.iter_mut().for_each(resolve);
    }
    for (at, ins) in body.ins.iter_mut().enumerate().filter(|(_, ins)| ins.ty != Ty::Nil) {
        ins.register = allocation.registers[at][3].0;
        ins.spill = slot_of[analysis.root[at] as usize];
    }
    Ok(())
}
