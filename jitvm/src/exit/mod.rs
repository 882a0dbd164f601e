//! Leaving a trace: counts the exit, puts registers and frames back, and decides about the trace's future.
//!
//! Machine code and the IR interpreter both come through [`leave`], so both are counted, logged and restored alike.

use crate::codegen::ExitState;
use std::cell::Cell;
use std::time::Instant;

use crate::interp::helpers::HELPERS;
use crate::interp::{activation, call, generator};
use crate::ir::{Body, Const, NewObject, Op, Ref, Resume, Snapshot, TraceId, Ty, interpret};
use crate::runtime::numbers::exact_float;
use crate::runtime::object::{Cell as ModuleCell, Instance, ShapeId};
use crate::runtime::shapes::{MOST_SLOTS, SlotKind};
use crate::runtime::value::Value;
use crate::runtime::vm::{Frame, Vm};
use crate::trace::{lockstep, policy};

/// What machine code calls to box a float.
#[allow(clippy::not_unsafe_ptr_arg_deref, reason = "machine code passes the VM it runs in; the type is the ABI's")]
pub extern "C" fn box_float(vm: *mut Vm, bits: u64) -> u64 {
    // SAFETY: traces pass the VM they run in, and hold no other reference to it.
    let vm = unsafe { &mut *vm };
    let boxed = vm.float(f64::from_bits(bits));
    if boxed.is_pointer() {
        // Stores of floats have no barrier.
        vm.heap.remembered.is_incomplete();
    }
    boxed.0
}

/// What traces call for the memory of a new object, whose words they fill before anything else.
#[allow(clippy::not_unsafe_ptr_arg_deref, reason = "machine code passes the VM it runs in; the type is the ABI's")]
pub extern "C" fn allocate(vm: *mut Vm, bytes: u64, shape: u64) -> u64 {
    // SAFETY: as in `box_float`.
    let vm = unsafe { &mut *vm };
    Value::of(vm.allocate(bytes as usize, ShapeId(shape as u32))).0
}

/// What the IR interpreter calls to box a float.
extern "C" fn box_float_of(vm: *mut Vm, x: f64) -> u64 {
    box_float(vm, x.to_bits())
}

/// What the common exit path of machine code calls.
#[allow(clippy::not_unsafe_ptr_arg_deref, reason = "the exit path passes what it has just made; the type is the ABI's")]
pub extern "C" fn on_exit(vm: *mut Vm, state: *mut ExitState) -> u64 {
    // SAFETY: the exit path passes the VM and a state on the native stack; nothing else refers to either.
    let (vm, state) = unsafe { (&mut *vm, &*state) };
    // Before anything else: what it takes to leave is the exit's time, not the trace's.
    vm.perf.leaving();
    let id = TraceId(state.trace);
    lockstep::exits(vm, state);
    let trace: *const crate::trace::Trace = vm.jit.trace(id);
    // SAFETY: traces are boxed, and one that is left is not dropped before it is; what `leave` changes are counters.
    let (body, exit) = unsafe {
        let artifact = (*trace).artifact.as_ref().expect("machine code exits");
        (&(*trace).body, &artifact.exits[state.exit as usize])
    };
    let read = |vm: &mut Vm, i: usize, value: Ref| {
        let bits = state.read(exit.locations[i], &body.constants);
        if body.ty(value) == Ty::Flt { vm.float(f64::from_bits(bits)) } else { Value(bits) }
    };
    let observed = exit.observed.map(|location| state.read(location, &body.constants));
    let depth = vm.frames.len();
    leave(vm, id, state.exit as usize, exit.snapshot as usize, &read, observed);
    let resume = body.snapshots[exit.snapshot as usize].resume;
    if state.is_entered_by_interpreter(vm) { left(resume) } else { activation::finish(vm, depth, resume) }
}

/// What the interpreter is told of an exit.
const fn left(resume: Resume) -> u64 {
    match resume {
        Resume::Execute | Resume::Onward => Value::LEFT.0,
        Resume::Raise => Value::LEFT_RAISING.0,
    }
}

/// Most slots of a snapshot that a side trace may inherit in the IR interpreter.
const INPUTS: usize = 4096;

/// Runs a trace in the IR interpreter, and the side traces and roots it leads to.
pub fn interpret(vm: &mut Vm, id: TraceId, base: *mut Value) -> u64 {
    let saved = vm.stack_high;
    vm.jit.eviction.interpreted.push([id, id]);
    let (word, _) = interpret_tree(vm, id, base, None);
    vm.jit.eviction.interpreted.pop();
    vm.stack_high = saved;
    word
}

/// As [`interpret`], but counts the instructions and leaves after some 10 000. Also tells how many there were, and
/// whether the trace was left through an exit.
pub fn measure(vm: &mut Vm, id: TraceId, base: *mut Value) -> (u64, u64, bool) {
    const ENOUGH: u64 = 10_000;
    let saved = vm.stack_high;
    let count = Cell::new(0);
    vm.jit.eviction.interpreted.push([id, id]);
    let (word, exited) = interpret_tree(vm, id, base, Some((&count, ENOUGH)));
    vm.jit.eviction.interpreted.pop();
    vm.stack_high = saved;
    (word, count.get(), exited)
}

/// Runs traces until one is left: what machine code would return, and whether it was through an exit.
fn interpret_tree(vm: &mut Vm, first: TraceId, base: *mut Value, measure: Option<(&Cell<u64>, u64)>) -> (u64, bool) {
    let area = call::stack_top(vm);
    let mut id = first;
    let mut at_label = false;
    // SAFETY: only the address is computed.
    let inputs = if unsafe { area.add(INPUTS) } < vm.stack_end {
        // SAFETY: inside the value stack, above every frame.
        unsafe { std::slice::from_raw_parts(area.cast::<Cell<u64>>(), INPUTS) }
    } else {
        vm.raise_recursion_error();
        return (left(Resume::Raise), true);
    };
    inputs.iter().for_each(|word| word.set(0));
    loop {
        if let Some([_, current]) = vm.jit.eviction.interpreted.last_mut() {
            *current = id;
        }
        let trace: *const crate::trace::Trace = vm.jit.trace(id);
        // SAFETY: as in `on_exit`.
        let (body, guards) = unsafe { (&(*trace).body, &(*trace).guards) };
        let needed = interpret::scratch_needed(body);
        // SAFETY: only addresses are computed.
        let (scratch, end) = unsafe { (area.add(INPUTS), area.add(INPUTS + needed)) };
        if end >= vm.stack_end {
            vm.raise_recursion_error();
            return (left(Resume::Raise), true);
        }
        // SAFETY: the words lie inside the value stack, above every frame; `stack_high` keeps other users above them
        // and shows them to the collector.
        let words = unsafe {
            vm.stack_high = end.offset_from(vm.stack) as u32;
            std::slice::from_raw_parts(scratch.cast::<Cell<u64>>(), needed)
        };
        words.iter().for_each(|word| word.set(0));
        // SAFETY: as above.
        let label = unsafe { (*trace).label.as_ref() }.filter(|_| at_label).map(|label| (&label.values[..], inputs));
        let machine = interpret::Machine {
            vm,
            base,
            scratch: words,
            helpers: HELPERS,
            inputs,
            box_float: box_float_of,
            allocate,
            back_edges: u64::MAX,
            guard_fail: vm.jit.params.guard_fail.min(i32::MAX as u64) as u32,
            label,
            measure,
        };
        // SAFETY: the trace was made for this VM and loop; the checker passed it.
        let outcome =
            unsafe { interpret::run(&machine, body) }.expect("a trace ends through a guard or at another trace");
        if let Some(word) = outcome.returned {
            return (word, false);
        }
        if let Some(root) = outcome.linked {
            id = root;
            at_label = !outcome.values.is_empty();
            inputs.iter().zip(outcome.values).for_each(|(input, word)| input.set(word.get()));
            continue;
        }
        at_label = false;
        let exit = guards.iter().position(|&g| g as usize == outcome.guard).expect("an exit is a guard's");
        let read = |_: &mut Vm, i: usize, _: Ref| Value(outcome.values[i].get());
        if outcome.measured {
            return (left(restore(vm, body, outcome.snapshot, &read)), false);
        }
        // SAFETY: as in `on_exit`.
        if let Some(side) = unsafe { (&(*trace).exits)[exit].side } {
            count_type(vm, id, exit, outcome.observed);
            inputs.iter().zip(outcome.values).for_each(|(input, value)| input.set(value.get()));
            id = side;
            // SAFETY: points into the mapped log, which stays mapped, or to a leaked word.
            unsafe { *vm.jit.trace(id).entries += 1 };
            continue;
        }
        count_type(vm, id, exit, outcome.observed);
        leave(vm, id, exit, outcome.snapshot, &read, outcome.observed.map(|(_, bits)| bits));
        return (left(body.snapshots[outcome.snapshot].resume), true);
    }
}

/// Counts what failed a guard that has a side trace, or is about to be an exit.
fn count_type(vm: &mut Vm, id: TraceId, exit: usize, observed: Option<(Ty, u64)>) {
    let code = observed.map_or(0, |(ty, bits)| crate::events::observed_type(bits, ty == Ty::Flt));
    let seen = &mut vm.jit.trace_mut(id).exits[exit].seen;
    match seen.iter_mut().find(|(known, _)| *known == code) {
        Some((_, count)) => *count += 1,
        None => seen.push((code, 1)),
    }
}

/// Restores the interpreter's state from a snapshot whose values `read` gives, by their number and reference.
fn restore(vm: &mut Vm, body: &Body, snapshot: usize, read: &dyn Fn(&mut Vm, usize, Ref) -> Value) -> Resume {
    let snapshot = &body.snapshots[snapshot];
    let anchor = vm.frames.last_mut().expect("a trace runs in its anchor's frame");
    anchor.pc = snapshot.frames[0].pc;
    let base = anchor.base;
    // On the list of roots while boxes are made for floats.
    let made = vm.permanent.len();
    make_objects(vm, body, snapshot, read);
    for (i, slot) in snapshot.slots.iter().enumerate() {
        let value = match snapshot.object(slot.value) {
            Some(object) => vm.permanent[made + object],
            None => read(vm, i, slot.value),
        };
        // SAFETY: slots of a snapshot lie in its frames, which the recorder checked against the stack.
        unsafe { *vm.stack.add(base as usize + slot.slot as usize) = value };
    }
    vm.permanent.truncate(made);
    for frame in &snapshot.frames[1..] {
        let value = if frame.continuation.is_resumed() { resumed(vm) } else { Value::UNDEF };
        vm.frames.push(Frame {
            code: frame.code,
            pc: frame.pc,
            base: base + u32::from(frame.base),
            continuation: frame.continuation,
            value,
        });
    }
    snapshot.resume
}

/// The generator that the top frame's instruction has resumed.
fn resumed(vm: &Vm) -> Value {
    let frame = vm.frames.last().expect("the frame that waits");
    // SAFETY: code objects live as long as the VM; the frame's registers are restored.
    unsafe {
        let ins = (&(*call::code_pointer(vm, frame.code)).proto.instructions)[frame.pc as usize];
        *vm.stack.add(frame.base as usize + generator::resumed_register(ins) as usize)
    }
}

/// Takes an exit: counts and logs it, restores the interpreter's state, and asks what is to become of the trace.
fn leave(
    vm: &mut Vm,
    id: TraceId,
    exit: usize,
    snapshot: usize,
    read: &dyn Fn(&mut Vm, usize, Ref) -> Value,
    observed: Option<u64>,
) {
    vm.jit.totals.exits += 1;
    let trace = vm.jit.trace_mut(id);
    trace.exits[exit].failures += 1;
    let count = trace.exits[exit].failures;
    let trace: *const crate::trace::Trace = trace;
    // Only of exits that the log tells one by one.
    let began = vm.jit.events.as_ref().filter(|events| events.tells_exit(count)).map(|_| Instant::now());
    if vm.perf.is_on()
        && let Some(guard) = vm.jit.events.as_ref().and_then(|events| events.guard_id(id, exit))
    {
        vm.perf.left_through(guard);
    }
    // SAFETY: as in `on_exit`.
    let body = unsafe { &(*trace).body };
    restore(vm, body, snapshot, read);
    let observed = observed.or_else(|| {
        // SAFETY: as in `on_exit`.
        let guard = body.ins[unsafe { (&(*trace).guards)[exit] } as usize];
        // SAFETY: watched cells are alive.
        (guard.op == Op::G_Watch)
            .then(|| unsafe { (*(body.constants[guard.a.constant_index()].word() as *const ModuleCell)).value.0 })
    });
    if vm.jit.events.is_some() {
        let cost_ns = began.map_or(0, |began| began.elapsed().as_nanos() as u64);
        log_exit(vm, id, exit, count, cost_ns, observed);
    }
    policy::trace_exited(vm, id, exit, snapshot);
}

/// Makes the sunk objects of a snapshot and pushes them on the list of permanent roots, in order.
fn make_objects(vm: &mut Vm, body: &Body, snapshot: &Snapshot, read: &dyn Fn(&mut Vm, usize, Ref) -> Value) {
    let made = vm.permanent.len();
    for object in &snapshot.objects {
        let new = body.new_object(body.ins[object.object.index()]).expect("the checker has seen it");
        let new = NewObject { shape: object.shape, ..new };
        let header = vm.allocate(new.bytes as usize, ShapeId(new.shape)).cast::<u64>();
        for (i, word) in object.words.iter().enumerate() {
            // Lengths are constants, and there at once: a collection may come before the rest is.
            let constant = word.is_constant().then(|| &body.constants[word.constant_index()]);
            let known = constant.filter(|constant| constant.ty() != Ty::Flt).map(Const::word);
            // SAFETY: the object has been allocated with so many words behind its header.
            unsafe { header.add(1 + i).write(known.unwrap_or(Value::UNDEF.0)) };
        }
        // SAFETY: as above.
        unsafe { header.write(new.header()) };
        vm.permanent.push(Value::of(header));
    }
    let mut number = snapshot.slots.len();
    for (index, object) in snapshot.objects.iter().enumerate() {
        for (i, &word) in object.words.iter().enumerate() {
            let value = match snapshot.object(word) {
                Some(other) => vm.permanent[made + other],
                None => read(vm, number, word),
            };
            let header = vm.permanent[made + index].object::<u64>();
            // Words of other objects need not be values.
            let double = if holds_double(vm, object.shape, i) { exact_float(value) } else { None };
            let word = double.map_or(value.0, f64::to_bits);
            // SAFETY: as above.
            unsafe { header.add(1 + i).write(word) };
            // The value may have been made after a collection that saw this object.
            vm.heap.filled(header);
            number += 1;
        }
    }
}

/// Whether a word of an object of this shape, counted from behind its header, is a double.
pub fn holds_double(vm: &Vm, shape: u32, word: usize) -> bool {
    const FIRST: usize = Instance::SLOTS / 8 - 1;
    let shape = ShapeId(shape);
    let slot = word.checked_sub(FIRST).and_then(|slot| u16::try_from(slot).ok());
    let is_of = |slot: u16| usize::from(slot) < MOST_SLOTS && vm.shapes.get(shape).kind(slot) == SlotKind::Float;
    shape.is_dynamic() && slot.is_some_and(is_of)
}

#[cold]
fn log_exit(vm: &mut Vm, id: TraceId, exit: usize, count: u64, cost_ns: u64, observed: Option<u64>) {
    if let Some(mut events) = vm.jit.events.take() {
        events.bailout(vm, id, exit, count, cost_ns, observed);
        vm.jit.events = Some(events);
    }
}
