//! When to record, when to give up, and what a signal does to a running loop.

use std::cell::Cell;

use super::abort::{BlacklistReason, RetireReason};
use super::recorder::Recorder;
use crate::bytecode::Op;
use crate::ir::{CodeId, TraceId};
use crate::runtime::types::TypeId;
use crate::runtime::vm::{Code, Outcome, Vm};

/// Hotness and trace of one loop.
#[derive(Clone, Debug)]
pub struct LoopState {
    /// Iterations left until it is recorded.
    pub countdown: Cell<u32>,
    pub aborts: u16,
    /// Traces it has had.
    pub versions: u16,
    pub trace: Option<TraceId>,
    pub blacklisted: bool,
}

impl Default for LoopState {
    fn default() -> LoopState {
        LoopState { countdown: Cell::new(u32::MAX), aborts: 0, versions: 0, trace: None, blacklisted: false }
    }
}

/// Iterations before a loop is recorded again after so many aborts: twice as many each time.
fn threshold(vm: &Vm, aborts: u16) -> u32 {
    if !vm.jit.enabled {
        return u32::MAX;
    }
    (vm.jit.params.loop_threshold.clamp(1, 1 << 24) as u32) << aborts.min(7)
}

/// Sets the countdowns of a code object that has just been linked.
pub fn code_linked(vm: &mut Vm, id: CodeId) {
    let start = threshold(vm, 0);
    for state in &mut vm.codes[id.index()].loops {
        state.countdown.set(start);
    }
}

/// A loop's countdown reached zero. Returns whether a recording began.
#[cold]
pub fn loop_is_hot(vm: &mut Vm, code: &Code, loop_index: u16, floor: usize) -> bool {
    let aborts = code.loops[loop_index as usize].aborts;
    let again = threshold(vm, aborts);
    if !vm.jit.enabled || vm.jit.recorder.is_some() {
        vm.codes[code.id.index()].loops[loop_index as usize].countdown.set(again);
        return false;
    }
    vm.codes[code.id.index()].loops[loop_index as usize].countdown.set(u32::MAX);
    let trace = vm.jit.new_trace_id();
    let live = vm.jit.liveness(code.id, &code.proto);
    let header = code.proto.loops[loop_index as usize];
    let recorder = Recorder::new(trace, code, code.id, live, loop_index, header, floor, &vm.jit.params);
    vm.jit.totals.recorded += 1;
    if let Some(mut events) = vm.jit.events.take() {
        events.trace_start(vm, &recorder, again);
        vm.jit.events = Some(events);
    }
    vm.jit.recorder = Some(Box::new(recorder));
    true
}

/// Replaces the loop's header instruction.
fn patch_header(vm: &mut Vm, id: CodeId, loop_index: u16, op: Op) {
    let proto = &mut vm.codes[id.index()].proto;
    let header = proto.loops[loop_index as usize] as usize;
    proto.instructions[header].op = op;
}

/// A recording of this loop was given up. Returns whether that blacklisted it.
pub fn recording_aborted(vm: &mut Vm, id: CodeId, loop_index: u16) -> bool {
    let limit = vm.jit.params.abort_limit.max(1);
    let aborts = {
        let state = &mut vm.codes[id.index()].loops[loop_index as usize];
        state.aborts += 1;
        state.aborts
    };
    if u64::from(aborts) >= limit {
        blacklist(vm, id, loop_index, BlacklistReason::Aborts);
        return true;
    }
    vm.codes[id.index()].loops[loop_index as usize].countdown.set(threshold(vm, aborts));
    false
}

fn blacklist(vm: &mut Vm, id: CodeId, loop_index: u16, reason: BlacklistReason) {
    let state = &mut vm.codes[id.index()].loops[loop_index as usize];
    state.blacklisted = true;
    state.trace = None;
    vm.jit.totals.blacklisted += 1;
    patch_header(vm, id, loop_index, Op::LoopCold);
    if let Some(mut events) = vm.jit.events.take() {
        events.blacklist(vm, id, loop_index, reason);
        vm.jit.events = Some(events);
    }
}

pub fn trace_installed(vm: &mut Vm, id: CodeId, loop_index: u16, trace: TraceId) {
    let state = &mut vm.codes[id.index()].loops[loop_index as usize];
    state.trace = Some(trace);
    state.versions += 1;
    patch_header(vm, id, loop_index, Op::LoopEnter);
}

/// A trace was left: in its first iteration, or later. Retires it when entering it does not pay any more.
pub fn trace_exited(vm: &mut Vm, trace: TraceId, in_first_iteration: bool) {
    let limit = vm.jit.params.entry_failures.max(1);
    let t = vm.jit.trace_mut(trace);
    if !in_first_iteration {
        t.entry_failures /= 2;
        return;
    }
    t.entry_failures += 1;
    if t.entry_failures < limit || t.retired {
        return;
    }
    t.retired = true;
    let (id, loop_index) = (t.code, t.loop_index);
    vm.jit.totals.retired += 1;
    if let Some(mut events) = vm.jit.events.take() {
        events.retire(vm, trace, RetireReason::EntryFails);
        vm.jit.events = Some(events);
    }
    let again = threshold(vm, 0);
    let version_limit = vm.jit.params.version_limit;
    let state = &mut vm.codes[id.index()].loops[loop_index as usize];
    state.trace = None;
    state.countdown.set(again);
    if u64::from(state.versions) >= version_limit {
        blacklist(vm, id, loop_index, BlacklistReason::Unstable);
    } else {
        patch_header(vm, id, loop_index, Op::LoopHeader);
    }
}

/// Does what a request that interrupted the running code asks for.
///
/// # Errors
/// KeyboardInterrupt is pending.
#[cold]
pub fn poll(vm: &mut Vm) -> Outcome<()> {
    vm.poll = 0;
    if crate::interp::signal::take_interrupt() {
        super::abort_recording(vm, super::AbortReason::Interrupted, "SIGINT");
        return Err(vm.raise_with(TypeId::KEYBOARD_INTERRUPT, &[]));
    }
    Ok(())
}
