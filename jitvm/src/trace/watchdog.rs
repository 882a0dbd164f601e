//! The exit-cost watchdog: blacklists loops whose traces are left so often that interpreting them is cheaper.
//!
//! Counts, no clocks, so that a run is repeatable. Exits that no side trace will ever take are counted at the root; at
//! 512 of them, and after each doubling, the next 16 entries run in the IR interpreter, which tells exactly how many
//! instructions pass between an entry and its exit. Loops without such exits are never measured.

use super::abort::{BlacklistReason, RetireReason};
use super::{Trace, policy};
use crate::ir::{Op, Resume, TraceId};
use crate::runtime::vm::Vm;

/// Entries measured before judging.
const SAMPLE: u32 = 16;

/// What is known of the exits of a trace and its side traces; kept at the root.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watchdog {
    /// Exits that go to the interpreter for good.
    lost: u64,
    /// Measures again at so many; 0 = not set yet.
    next: u64,
    /// Entries still to measure.
    measuring: u32,
    instructions: u64,
    exits: u64,
}

impl Watchdog {
    pub const fn is_measuring(&self) -> bool {
        self.measuring > 0
    }
}

/// Whether an exit that was taken will go on being taken: there will be no side trace for it.
fn is_lost(vm: &Vm, trace: &Trace, exit: usize) -> bool {
    let index = trace.guards[exit] as usize;
    let snapshot = trace.body.snapshot_of(index);
    let resumes = snapshot.is_some_and(|snapshot| trace.body.snapshots[snapshot].resume != Resume::Raise);
    let given_up = u64::from(trace.exits[exit].aborts) >= vm.jit.params.abort_limit;
    let used_up = vm.jit.trace(trace.root).sides >= vm.jit.params.side_limit;
    resumes && trace.body.ins[index].op != Op::G_Poll && (given_up || used_up)
}

/// A trace was left through an exit from which nothing is going to be recorded now.
pub(super) fn exited(vm: &mut Vm, trace: &Trace, exit: usize) {
    if !is_lost(vm, trace, exit) {
        return;
    }
    let interval = vm.jit.params.watchdog.max(1);
    if trace.is_called() {
        return function_exited(vm, trace.root, interval);
    }
    let watchdog = &mut vm.jit.trace_mut(trace.root).watchdog;
    watchdog.lost += 1;
    if watchdog.lost >= watchdog.next.max(interval) && watchdog.measuring == 0 {
        *watchdog = Watchdog { lost: watchdog.lost, next: watchdog.lost * 2, measuring: SAMPLE, ..Watchdog::default() };
    }
}

/// The same of a function: its traces are called by others, so entries are counted, not measured. If one of four ends in
/// such an exit, which runs the rest of the activation natively nested, the function is interpreted.
fn function_exited(vm: &mut Vm, id: TraceId, interval: u64) {
    let root = vm.jit.trace_mut(id);
    root.watchdog.lost += 1;
    if root.watchdog.lost < root.watchdog.next.max(interval) || root.retired || root.evicted {
        return;
    }
    root.watchdog.next = root.watchdog.lost * 2;
    // SAFETY: points into the mapped log, which stays mapped, or to a leaked word.
    let entries = unsafe { *root.entries };
    if 4 * root.watchdog.lost > entries {
        retire(vm, id);
    }
}

/// An entry was measured: so many instructions, and whether an exit ended it. Judges after the last one.
pub(super) fn measured(vm: &mut Vm, id: TraceId, instructions: u64, exited: bool) {
    let cost = vm.jit.params.exit_cost;
    let trace = vm.jit.trace_mut(id);
    let watchdog = &mut trace.watchdog;
    if watchdog.measuring == 0 {
        // Entries nest where a trace calls out; an inner one was the last to be measured.
        return;
    }
    watchdog.instructions += instructions;
    watchdog.exits += u64::from(exited);
    watchdog.measuring -= 1;
    if watchdog.measuring > 0 || 2 * cost * watchdog.exits <= watchdog.instructions || trace.retired || trace.evicted {
        return;
    }
    retire(vm, id);
}

fn retire(vm: &mut Vm, id: TraceId) {
    let trace = vm.jit.trace_mut(id);
    trace.retired = true;
    let (code, loop_index) = (trace.code, trace.loop_index);
    vm.jit.totals.retired += 1;
    if let Some(mut events) = vm.jit.events.take() {
        events.retire(vm, id, RetireReason::ExitCost);
        vm.jit.events = Some(events);
    }
    policy::blacklist(vm, code, loop_index, BlacklistReason::ExitCost);
}
