//! Code memory that is full: which traces go, and when their memory is used again.
//!
//! What goes is a root trace with all that cannot be without it: its side traces, and the traces that end at one of
//! these roots, since the jump there is part of their code. They are unlinked at once: nothing new enters them, and
//! the exits that led to side traces lead to the interpreter again. What still runs goes on in the old code until it
//! leaves it.
//!
//! Memory is used again when nothing can come back to it. Whoever runs in a trace and is not its innermost activation
//! has a return address in its code on the native stack, or is run by the IR interpreter, which says so. From there
//! control can only get to the side traces and the end of that trace, so these stay as well, with what is known of them.

use std::collections::HashSet;

use super::abort::RetireReason;
use super::function::{self, ENTRY};
use super::params::Params;
use super::policy;
use super::{Jit, Trace, TraceId};
use crate::announce;
use crate::bytecode::Op;
use crate::perf;
use crate::runtime::vm::Vm;

/// When code memory is full, a part of it is freed.
const PART: usize = 8;

/// What eviction has to remember.
#[derive(Debug, Default)]
pub struct Eviction {
    /// Of the test mode: how often it could have evicted something.
    chances: u64,
    /// What the IR interpreter runs: for each run the trace it began with and the one it is in.
    pub interpreted: Vec<[TraceId; 2]>,
    /// Traces unlinked, and those whose memory is free again.
    pub evicted: u64,
    pub freed: u64,
    /// Unlinked traces whose memory is not free yet.
    waiting: usize,
}

/// Traces that a recording or compilation refers to.
pub type Pins<'a> = &'a [Option<TraceId>];

/// Evicts what was used least until a piece of code of so many bytes fits. Returns whether it does.
#[cold]
pub fn make_room(vm: &mut Vm, bytes: usize, pins: Pins<'_>) -> bool {
    let fits = |vm: &Vm, bytes: usize| vm.jit.arena.as_ref().is_some_and(|arena| arena.has_room(bytes));
    if !vm.jit.arena.as_ref().is_some_and(|arena| arena.could_have_room(bytes)) {
        return false;
    }
    let limit = vm.jit.arena.as_ref().map_or(0, |arena| arena.limit());
    let enough = |vm: &Vm| {
        fits(vm, bytes) && vm.jit.arena.as_ref().is_some_and(|arena| arena.used() + bytes + limit / PART <= limit)
    };
    let active = active(vm);
    sweep(vm, &active);
    for root in by_use(vm, &active) {
        if enough(vm) {
            break;
        }
        if evict(vm, root, pins) {
            sweep(vm, &active);
        }
    }
    fits(vm, bytes)
}

/// A moment at which the test mode may evict something, whatever room there is.
#[inline]
pub fn chance(vm: &mut Vm, pins: Pins<'_>) {
    if vm.jit.params.evict_stress != 0 {
        evict_by_chance(vm, pins);
    }
}

#[cold]
fn evict_by_chance(vm: &mut Vm, pins: Pins<'_>) {
    let every = vm.jit.params.evict_stress;
    vm.jit.eviction.chances += 1;
    let chances = vm.jit.eviction.chances;
    if !chances.is_multiple_of(every) {
        return;
    }
    let roots: Vec<TraceId> = vm.jit.living().filter(|trace| trace.parent.is_none()).map(|trace| trace.id).collect();
    // Now old ones, now new ones: a multiple of the golden ratio comes everywhere.
    let turn = (chances / every).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    if let Some(&root) = roots.get((turn % roots.len().max(1) as u64) as usize) {
        evict(vm, root, pins);
    }
    let active = active(vm);
    sweep(vm, &active);
}

impl Jit {
    /// Traces that have not been evicted.
    pub fn living(&self) -> impl Iterator<Item = &Trace> {
        self.traces.iter().map(|trace| &**trace).filter(|trace| !trace.evicted)
    }

    fn remove(&mut self, id: TraceId) -> Box<Trace> {
        let index = std::mem::replace(&mut self.by_id[id.index()], u32::MAX) as usize;
        let trace = self.traces.swap_remove(index);
        self.changes += 1;
        if let Some(moved) = self.traces.get(index) {
            self.by_id[moved.id.index()] = index as u32;
        }
        trace
    }
}

/// Root traces, the one that was used least first. Of each trace the entries since the last time count, and half as
/// much those before.
fn by_use(vm: &mut Vm, active: &HashSet<TraceId>) -> Vec<TraceId> {
    let mut weights: Vec<(u64, TraceId)> = Vec::new();
    let mut parts: Vec<(TraceId, u64)> = Vec::new();
    for trace in vm.jit.traces.iter_mut().filter(|trace| !trace.evicted) {
        // SAFETY: points into the mapped log, which stays mapped, or to a word of the trace's own.
        let entries = unsafe { *trace.entries };
        trace.activity = trace.activity / 2 + (entries - trace.entries_seen);
        trace.entries_seen = entries;
        // One that runs now will be used.
        let weight = trace.activity + u64::from(active.contains(&trace.id));
        if trace.parent.is_none() {
            weights.push((0, trace.id));
        }
        parts.push((trace.root, weight));
        parts.extend(trace.link.filter(|&link| link != trace.root).map(|link| (link, weight)));
    }
    weights.sort_unstable_by_key(|entry| entry.1);
    for (root, weight) in parts {
        if let Ok(at) = weights.binary_search_by_key(&root, |entry| entry.1) {
            weights[at].0 += weight;
        }
    }
    weights.sort_unstable();
    weights.into_iter().map(|entry| entry.1).collect()
}

/// The traces that go with this one.
fn dependents(jit: &Jit, first: TraceId) -> HashSet<TraceId> {
    let mut gone = HashSet::from([first]);
    loop {
        let before = gone.len();
        for trace in jit.living() {
            let parent = trace.parent.is_some_and(|parent| gone.contains(&parent.trace));
            if parent || trace.link.is_some_and(|link| gone.contains(&link)) {
                gone.insert(trace.id);
            }
        }
        if gone.len() == before {
            return gone;
        }
    }
}

/// Unlinks a root trace and what cannot be without it. Returns whether it could.
fn evict(vm: &mut Vm, root: TraceId, pins: Pins<'_>) -> bool {
    if vm.jit.living().all(|trace| trace.id != root) {
        return false;
    }
    let mut gone: Vec<TraceId> = dependents(&vm.jit, root).into_iter().collect();
    let recording = vm.jit.recorder.as_ref().and_then(|recorder| recorder.parent).map(|parent| parent.trace);
    if gone.iter().any(|id| pins.contains(&Some(*id)) || recording == Some(*id)) {
        return false;
    }
    gone.sort_unstable();
    if !gone.iter().all(|&id| detach(vm, id, &gone)) {
        return false;
    }
    for id in gone {
        unlink(vm, id);
    }
    true
}

/// Makes the exit that leads to a side trace lead to the interpreter again, unless it goes as well.
fn detach(vm: &mut Vm, id: TraceId, gone: &[TraceId]) -> bool {
    let (root, Some(parent)) = (vm.jit.trace(id).root, vm.jit.trace(id).parent) else { return true };
    if gone.contains(&parent.trace) || vm.jit.trace(parent.trace).exits[parent.exit].side != Some(id) {
        return true;
    }
    let penalty = !is_stress(&vm.jit.params);
    let again = vm.jit.params.side_threshold;
    let of = vm.jit.trace(parent.trace);
    let site = of.artifact.as_ref().map(|artifact| artifact.code.start + artifact.exits[parent.exit].patch as usize);
    let stub = of.exits[parent.exit].stub;
    if let (Some(site), Some(arena)) = (site, &mut vm.jit.arena)
        && arena.patch_rel32(site, stub).is_err()
    {
        return false;
    }
    let exit = &mut vm.jit.trace_mut(parent.trace).exits[parent.exit];
    exit.side = None;
    exit.patience = if penalty { exit.failures.max(exit.patience) * 2 + again } else { 0 };
    let root = vm.jit.trace_mut(root);
    root.sides = root.sides.saturating_sub(1);
    true
}

/// Nothing enters the trace from now on.
fn unlink(vm: &mut Vm, id: TraceId) {
    let trace = vm.jit.trace_mut(id);
    trace.evicted = true;
    let (code, loop_index, is_root) = (trace.code, trace.loop_index, trace.parent.is_none());
    vm.jit.eviction.evicted += 1;
    vm.jit.eviction.waiting += 1;
    if let Some(mut events) = vm.jit.events.take() {
        events.retire(vm, id, RetireReason::Evicted);
        vm.jit.events = Some(events);
    }
    let state = policy::state(vm, code, loop_index);
    if !is_root || state.trace != Some(id) {
        return;
    }
    state.trace = None;
    state.evictions = state.evictions.saturating_add(1);
    let again = policy::threshold_after_eviction(vm, code, loop_index);
    policy::state(vm, code, loop_index).countdown.set(again);
    if loop_index == ENTRY {
        function::set_entry(vm, code, None);
    }
    policy::patch_header(vm, code, loop_index, Op::LoopHeader);
}

/// Evicts at every chance: then what is evicted comes back at once.
pub fn is_stress(params: &Params) -> bool {
    params.evict_stress != 0
}

/// Frees what was evicted and cannot be come back to.
fn sweep(vm: &mut Vm, active: &HashSet<TraceId>) {
    if vm.jit.eviction.waiting == 0 {
        return;
    }
    let jit = &vm.jit;
    let mut kept: HashSet<TraceId> = HashSet::new();
    let mut open: Vec<TraceId> = active.iter().copied().collect();
    while let Some(id) = open.pop() {
        let Some(trace) = jit.find(id).filter(|trace| trace.evicted) else { continue };
        if kept.insert(id) {
            open.extend(trace.exits.iter().filter_map(|exit| exit.side));
            open.extend(trace.link);
            // Exits ask about these.
            open.push(trace.root);
            open.extend(trace.parent.map(|parent| parent.trace));
        }
    }
    let free: Vec<TraceId> =
        jit.traces.iter().filter(|trace| trace.evicted && !kept.contains(&trace.id)).map(|trace| trace.id).collect();
    for id in free {
        release(vm, id);
    }
}

fn release(vm: &mut Vm, id: TraceId) {
    let trace = vm.jit.remove(id);
    // Its constants were roots, so its code has stored them without a barrier.
    vm.heap.remembered.is_incomplete();
    vm.jit.eviction.freed += 1;
    vm.jit.eviction.waiting -= 1;
    vm.jit.watches.freed(&trace);
    perf::trace_freed(vm, &trace);
    announce::freed(vm, &trace);
    if let (Some(artifact), Some(arena)) = (&trace.artifact, &mut vm.jit.arena) {
        // If its pages cannot be made writable, they stay as they are.
        let _ = arena.release(artifact.code);
    }
    if let Some(mut events) = vm.jit.events.take() {
        events.freed(vm, &trace);
        vm.jit.events = Some(events);
    }
    if trace.owns_counter {
        // SAFETY: it was leaked for this trace, whose code was the last to know it.
        drop(unsafe { Box::from_raw(trace.entries) });
    }
}

/// Traces that somebody comes back to: those with a return address on the native stack, and what is interpreted.
/// Words that only look like return addresses do no harm.
fn active(vm: &Vm) -> HashSet<TraceId> {
    let jit = &vm.jit;
    let mut active: HashSet<TraceId> = jit.eviction.interpreted.iter().flatten().copied().collect();
    let Some(arena) = &jit.arena else { return active };
    let region = arena.region();
    let code = |trace: &Trace| trace.artifact.as_ref().map(|artifact| (artifact.code, trace.id));
    let mut pieces: Vec<_> = jit.traces.iter().filter_map(|trace| code(trace)).collect();
    pieces.sort_unstable_by_key(|piece| piece.0.start);
    vm.heap.native_words(&mut |word| {
        // A call may be the last instruction: then its return address is where the code ends.
        let address = word.wrapping_sub(1);
        if region.contains(address) {
            let at = pieces.partition_point(|piece| piece.0.start <= address);
            active
                .extend(at.checked_sub(1).map(|at| pieces[at]).filter(|piece| piece.0.contains(address)).map(|p| p.1));
        }
    });
    active
}
