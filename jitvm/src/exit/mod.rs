//! Leaving a trace: counts the exit, puts registers and frames back, and decides about the trace's future.
//!
//! Machine code and the IR interpreter both come through [`leave`], so both are counted, logged and restored alike.

use crate::codegen::ExitState;
use std::cell::Cell;

use crate::interp::call;
use crate::interp::helpers::HELPERS;
use crate::ir::{Resume, TraceId, Ty, interpret};
use crate::runtime::value::Value;
use crate::runtime::vm::{Frame, Vm};
use crate::trace::policy;

/// What machine code calls to box a float.
pub extern "C" fn box_float(vm: *mut Vm, bits: u64) -> u64 {
    // SAFETY: traces pass the VM they run in, and hold no other reference to it.
    unsafe { (*vm).float(f64::from_bits(bits)).0 }
}

/// What the IR interpreter calls to box a float.
extern "C" fn box_float_of(vm: *mut Vm, x: f64) -> u64 {
    box_float(vm, x.to_bits())
}

/// What the common exit path of machine code calls.
pub extern "C" fn on_exit(vm: *mut Vm, state: *mut ExitState) -> u64 {
    // SAFETY: the exit path passes the VM and a state on the native stack; nothing else refers to either.
    let (vm, state) = unsafe { (&mut *vm, &*state) };
    let id = TraceId(state.trace);
    let trace: *const crate::trace::Trace = vm.jit.trace(id);
    // SAFETY: traces are boxed and never dropped while the VM runs; what `leave` changes of this one are counters.
    let (body, exit) = unsafe {
        let artifact = (*trace).artifact.as_ref().expect("machine code exits");
        (&(*trace).body, &artifact.exits[state.exit as usize])
    };
    let snapshot = &body.snapshots[exit.snapshot as usize];
    let read = |vm: &mut Vm, i: usize| {
        let bits = state.read(exit.locations[i], &body.constants);
        if body.ty(snapshot.slots[i].value) == Ty::Flt { vm.float(f64::from_bits(bits)) } else { Value(bits) }
    };
    let observed = exit.observed.map(|location| state.read(location, &body.constants));
    leave(vm, id, state.exit as usize, exit.snapshot as usize, &read, observed) as u64
}

/// Runs a trace in the IR interpreter.
pub fn interpret(vm: &mut Vm, id: TraceId, base: *mut Value) -> u64 {
    let trace: *const crate::trace::Trace = vm.jit.trace(id);
    // SAFETY: as in `on_exit`.
    let (body, guards) = unsafe { (&(*trace).body, &(*trace).guards) };
    let needed = interpret::scratch_needed(body);
    let scratch = call::stack_top(vm);
    // SAFETY: only the address is computed.
    if unsafe { scratch.add(needed) } >= vm.stack_end {
        // No room to run: as if the first guard had failed at once is not possible, so the stack is what ends.
        vm.raise_recursion_error();
        return Resume::Raise as u64;
    }
    // SAFETY: the words lie inside the value stack, above every frame; `stack_high` keeps other users above them and
    // shows them to the collector.
    let (words, above) = unsafe {
        (std::slice::from_raw_parts(scratch.cast::<Cell<u64>>(), needed), scratch.add(needed).offset_from(vm.stack) as u32)
    };
    words.iter().for_each(|word| word.set(0));
    let saved = std::mem::replace(&mut vm.stack_high, above);
    let machine = interpret::Machine {
        vm,
        base,
        scratch: words,
        helpers: HELPERS,
        box_float: box_float_of,
        back_edges: u64::MAX,
    };
    // SAFETY: the trace was made for this VM and loop; the checker passed it.
    let left = unsafe { interpret::run(&machine, body) }.expect("a trace ends through a guard");
    let exit = guards.iter().position(|&g| g as usize == left.guard).expect("an exit is a guard's");
    let read = |_: &mut Vm, i: usize| Value(left.values[i].get());
    let resume = leave(vm, id, exit, left.snapshot, &read, left.observed.map(|(_, bits)| bits));
    vm.stack_high = saved;
    resume as u64
}

/// Restores the interpreter's state from a snapshot whose values `read` gives.
fn leave(
    vm: &mut Vm,
    id: TraceId,
    exit: usize,
    snapshot: usize,
    read: &dyn Fn(&mut Vm, usize) -> Value,
    observed: Option<u64>,
) -> Resume {
    vm.jit.totals.exits += 1;
    let trace = vm.jit.trace_mut(id);
    trace.failures[exit] += 1;
    let count = trace.failures[exit];
    let guard = trace.guards[exit] as usize;
    let in_first_iteration = trace.loop_at.is_some_and(|at| guard < at);
    let trace: *const crate::trace::Trace = trace;
    // SAFETY: as in `on_exit`.
    let body = unsafe { &(*trace).body };
    let snapshot = &body.snapshots[snapshot];
    let anchor = vm.frames.last_mut().expect("a trace runs in its anchor's frame");
    anchor.pc = snapshot.frames[0].pc;
    let base = anchor.base;
    for (i, slot) in snapshot.slots.iter().enumerate() {
        let value = read(vm, i);
        // SAFETY: slots of a snapshot lie in its frames, which the recorder checked against the stack.
        unsafe { *vm.stack.add(base as usize + slot.slot as usize) = value };
    }
    for frame in &snapshot.frames[1..] {
        vm.frames.push(Frame { code: frame.code, pc: frame.pc, base: base + u32::from(frame.base) });
    }
    if vm.jit.events.is_some() {
        log_exit(vm, id, exit, count, observed);
    }
    policy::trace_exited(vm, id, in_first_iteration);
    snapshot.resume
}

#[cold]
fn log_exit(vm: &mut Vm, id: TraceId, exit: usize, count: u64, observed: Option<u64>) {
    if let Some(mut events) = vm.jit.events.take() {
        events.bailout(vm, id, exit, count, observed);
        vm.jit.events = Some(events);
    }
}
