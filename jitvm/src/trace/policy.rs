//! When to record, when to give up, and what a signal does to a running loop.

use std::cell::Cell;

use super::Trace;
use super::abort::{AbortReason, BlacklistReason, RetireReason};
use super::evict;
use super::function::{self, ENTRY};
use super::params::Params;
use super::record_raise;
use super::recorder::{Parent, Recorder};
use super::retire::retire;
use super::watchdog;
use crate::bytecode::Op;
use crate::codegen::entry::interpret_rest;
use crate::ir::{CodeId, Op as IrOp, Resume, Snapshot, TraceId};
use crate::runtime::object::ShapeId;
use crate::runtime::sequences;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Outcome, Vm};

/// Hotness and trace of one loop.
#[derive(Clone, Debug)]
pub struct LoopState {
    /// Iterations left until it is recorded.
    pub countdown: Cell<u32>,
    /// Aborted recordings, by their weight.
    pub aborts: u16,
    /// Traces it has had.
    pub versions: u16,
    pub trace: Option<TraceId>,
    pub blacklisted: bool,
    /// It got hot in a generator once before, which then was to be inlined.
    pub postponed: Cell<bool>,
    /// Traces it has lost because code memory was full.
    pub evictions: u16,
    /// Of a function: recordings that inlined it grew too long, so it is called.
    pub grows_too_long: Cell<bool>,
    /// Of a function with loops that recordings have inlined: it has returned before it came to one, it came to one.
    pub returns_before_loops: Cell<bool>,
    pub comes_to_loops: Cell<bool>,
    /// What compiled code calls that has inlined the function up to the loop: the loop's trace, or what interprets.
    pub entry: Cell<*const u8>,
}

impl Default for LoopState {
    fn default() -> LoopState {
        LoopState {
            countdown: Cell::new(u32::MAX),
            aborts: 0,
            versions: 0,
            trace: None,
            blacklisted: false,
            postponed: Cell::new(false),
            evictions: 0,
            grows_too_long: Cell::new(false),
            returns_before_loops: Cell::new(false),
            comes_to_loops: Cell::new(false),
            entry: Cell::new(interpret_rest as *const u8),
        }
    }
}

/// A loop in a generator has to get so many times as hot as others: the loop that resumes the generator is hot about as
/// soon, and its trace inlines it.
const POSTPONED: u32 = 8;
/// How often loops and exits get hot in calls that a recording waits for until it is given up: some thousand iterations,
/// about what compiling takes.
const HOT_IN_CALLS: u32 = 16;
/// So many failures of a guard that would get a side trace count as a loop that gets hot.
const FAILURES_IN_CALLS: u64 = 16;

/// Iterations (or calls) before a loop (or a function) is recorded again after so many aborts: twice as many each time.
pub(super) fn threshold(vm: &Vm, loop_index: u16, aborts: u16) -> u32 {
    let params = &vm.jit.params;
    if !vm.jit.enabled || loop_index == ENTRY && !params.functions {
        return u32::MAX;
    }
    let first = if loop_index == ENTRY { params.function_threshold } else { params.loop_threshold };
    (first.clamp(1, 1 << 24) as u32) << aborts.min(7)
}

/// The same after its trace was evicted: what comes and goes is recorded ever more rarely.
pub(super) fn threshold_after_eviction(vm: &mut Vm, id: CodeId, loop_index: u16) -> u32 {
    let evictions = state(vm, id, loop_index).evictions;
    threshold(vm, loop_index, if evict::is_stress(&vm.jit.params) { 0 } else { evictions })
}

/// Of a loop, or of the function itself.
pub(super) fn state(vm: &mut Vm, id: CodeId, loop_index: u16) -> &mut LoopState {
    let code = &mut vm.codes[id.index()];
    if loop_index == ENTRY { &mut code.function } else { &mut code.loops[loop_index as usize] }
}

/// Sets the countdowns of a code object that has just been linked.
pub fn code_linked(vm: &mut Vm, id: CodeId) {
    let start = threshold(vm, 0, 0);
    for state in &mut vm.codes[id.index()].loops {
        state.countdown.set(start);
    }
    let called = threshold(vm, ENTRY, 0);
    let code = &vm.codes[id.index()];
    // A call of a generator only makes it.
    let makes_generator = code.proto.instructions.first().is_some_and(|ins| ins.op == Op::Generator);
    code.function.countdown.set(if makes_generator { u32::MAX } else { called });
    crate::perf::code_linked(vm, id);
}

/// A loop's countdown reached zero. Returns whether a recording began.
#[cold]
pub fn loop_is_hot(vm: &mut Vm, code: &Code, loop_index: u16, floor: usize) -> bool {
    let aborts = code.loops[loop_index as usize].aborts;
    let again = threshold(vm, loop_index, aborts / weight(AbortReason::InnerLoop));
    if !vm.jit.enabled || vm.jit.recorder.is_some() && !gives_way(vm, Some(floor)) {
        vm.codes[code.id.index()].loops[loop_index as usize].countdown.set(again);
        return false;
    }
    let header = code.proto.loops[loop_index as usize];
    if is_about_to_end(vm, code, header) {
        code.loops[loop_index as usize].countdown.set(3);
        return false;
    }
    let begins_body = code.proto.begins_body(header);
    let is_of_generator = vm.frames.last().is_some_and(|frame| frame.generator().is_some());
    if is_of_generator && !begins_body && !code.loops[loop_index as usize].postponed.replace(true) {
        code.loops[loop_index as usize].countdown.set(again.saturating_mul(POSTPONED));
        return false;
    }
    vm.codes[code.id.index()].loops[loop_index as usize].countdown.set(u32::MAX);
    let trace = vm.jit.new_trace_id();
    let live = vm.jit.liveness(code.id, &code.proto);
    let mut recorder = Recorder::new(trace, code, code.id, live, loop_index, header, floor, &vm.jit.params);
    // One that was left while it was recorded is left often enough: its trace may end elsewhere.
    recorder.leaves = begins_body || aborts >= weight(AbortReason::LeftLoop);
    vm.jit.totals.recorded += 1;
    if let Some(mut events) = vm.jit.events.take() {
        events.trace_start(vm, &recorder, again);
        vm.jit.events = Some(events);
    }
    vm.jit.recorder = Some(Box::new(recorder));
    true
}

/// A loop, or an exit, is hot inside a call that a recording waits for, where nothing else can be recorded. Such a call may
/// take as long as the whole program, so that the recording is given up when this has happened some times. Returns whether
/// it was.
fn gives_way(vm: &mut Vm, floor: Option<usize>) -> bool {
    let Some(recorder) = vm.jit.recorder.as_deref_mut().filter(|recorder| Some(recorder.floor) != floor) else {
        return false;
    };
    recorder.hot_in_calls += 1;
    let gives_way = recorder.hot_in_calls >= HOT_IN_CALLS;
    if gives_way {
        super::abort_recording(vm, AbortReason::InnerLoop, "in a call that is not inlined");
    }
    gives_way
}

/// Whether the FOR_ITER behind a loop's header is going to find the end of what it goes through.
fn is_about_to_end(vm: &Vm, code: &Code, header: u32) -> bool {
    let Some(ins) = code.proto.instructions.get(header as usize + 1).filter(|ins| ins.op == Op::ForIter) else {
        return false;
    };
    let base = vm.frames.last().expect("a loop runs in a frame").base as usize;
    // SAFETY: the registers of a verified instruction lie inside its frame, which is on top.
    let [iterable, next, stop, step] = [0, 1, 2, 3].map(|i| unsafe { *vm.stack.add(base + ins.b as usize + i) });
    if iterable == Value::RANGE_STATE {
        let (next, stop) = (next.as_fixnum(), stop.as_fixnum());
        return if step.as_fixnum() > 0 { next >= stop } else { next <= stop };
    }
    if !iterable.is_pointer() {
        return true;
    }
    matches!(iterable.shape(), ShapeId::LIST | ShapeId::TUPLE)
        && next.as_fixnum() as usize >= sequences::items(iterable).len()
}

/// A function's countdown reached zero, and it has no trace. Returns whether a recording began.
#[cold]
pub fn function_is_hot(vm: &mut Vm, code: &Code, floor: usize) -> bool {
    let function = &code.function;
    let again = threshold(vm, ENTRY, function.aborts / weight(AbortReason::InnerLoop));
    function.countdown.set(if function.blacklisted { u32::MAX } else { again });
    if !vm.jit.enabled || vm.jit.recorder.is_some() || function.blacklisted || again == u32::MAX {
        return false;
    }
    let trace = vm.jit.new_trace_id();
    let live = vm.jit.liveness(code.id, &code.proto);
    let mut recorder = Recorder::new(trace, code, code.id, live, ENTRY, 0, floor, &vm.jit.params);
    recorder.leaves = true;
    recorder.unbind_locals(vm);
    recorder.know_function();
    vm.jit.totals.recorded += 1;
    if let Some(mut events) = vm.jit.events.take() {
        events.trace_start(vm, &recorder, again);
        vm.jit.events = Some(events);
    }
    vm.jit.recorder = Some(Box::new(recorder));
    true
}

/// Replaces the loop's header instruction.
pub(super) fn patch_header(vm: &mut Vm, id: CodeId, loop_index: u16, op: Op) {
    if loop_index == ENTRY {
        return;
    }
    let trace = vm.codes[id.index()].loops[loop_index as usize].trace.filter(|_| op == Op::LoopEnter);
    let entry = trace.and_then(|trace| vm.jit.trace(trace).native_entry()).unwrap_or(interpret_rest as *const u8);
    let code = &mut vm.codes[id.index()];
    code.loops[loop_index as usize].entry.set(entry);
    let header = code.proto.loops[loop_index as usize] as usize;
    if code.proto.begins_body(header as u32) {
        let trace = code.loops[loop_index as usize].trace;
        let entry = trace.filter(|_| op == Op::LoopEnter).and_then(|trace| vm.jit.trace(trace).native_entry());
        code.body.set(entry.unwrap_or(std::ptr::null()));
    }
    let code = &mut vm.codes[id.index()];
    code.proto.instructions[header].op = op;
    code.words[header].ins.op = op;
}

/// An exit has failed often: records from where it left the program.
#[cold]
pub fn exit_is_hot(vm: &mut Vm, parent: Parent, snapshot: usize, floor: usize) {
    if vm.jit.recorder.is_some() {
        return;
    }
    let trace = vm.jit.new_trace_id();
    let recorder = Recorder::new_side(vm, trace, parent, snapshot, floor);
    vm.jit.totals.recorded += 1;
    if let Some(mut events) = vm.jit.events.take() {
        let count = vm.jit.trace(parent.trace).exits[parent.exit].failures;
        events.side_start(vm, &recorder, parent, count);
        vm.jit.events = Some(events);
    }
    vm.jit.recorder = Some(Box::new(recorder));
}

/// Failures of a guard before a side trace is recorded there.
pub fn side_threshold(params: &Params, eager: bool) -> u64 {
    if eager { params.eager_threshold.min(params.side_threshold) } else { params.side_threshold }
}

/// Whether an exit that was just taken is to get a side trace.
fn wants_side(vm: &Vm, trace: &Trace, exit: usize, snapshot: &Snapshot) -> bool {
    let state = &trace.exits[exit];
    let params = &vm.jit.params;
    let op = trace.body.ins[trace.guards[exit] as usize].op;
    state.side.is_none()
        && state.failures >= side_threshold(params, state.eager).max(state.patience)
        && u64::from(state.aborts) < params.abort_limit
        && (snapshot.resume != Resume::Raise || record_raise::is_caught(vm, snapshot))
        && op != IrOp::G_Poll
        && vm.jit.trace(trace.root).sides < params.side_limit
        && (versions_used_up(vm, trace) || !is_entry_type(trace, exit) || is_mixed(params, state.failures))
}

/// Whether the guard checks the type of what a variable held when the trace was entered. Then a new root trace for the
/// new type serves better than a side trace.
fn is_entry_type(trace: &Trace, exit: usize) -> bool {
    let index = trace.guards[exit] as usize;
    let ins = trace.body.ins[index];
    let loaded = !ins.a.is_constant()
        && !ins.a.is_none()
        && matches!(trace.body.ins[ins.a.index()].op, IrOp::Sload | IrOp::CellLoad);
    trace.loop_at.is_some_and(|at| index < at) && loaded && matches!(ins.op, IrOp::G_Int | IrOp::G_Flt | IrOp::G_Shape)
}

/// Whether an entry guard has failed so often that its types must be taking turns: a trace that is entered with others in
/// between is not retired.
const fn is_mixed(params: &Params, failures: u64) -> bool {
    failures >= 64 * params.entry_failures
}

fn versions_used_up(vm: &Vm, trace: &Trace) -> bool {
    let code = &vm.codes[trace.code.index()];
    let state = if trace.is_of_function() { &code.function } else { &code.loops[trace.loop_index as usize] };
    u64::from(state.versions.saturating_sub(state.evictions)) >= vm.jit.params.version_limit
}

/// How much of an abort it was: one that a better moment avoids counts for little.
const fn weight(reason: AbortReason) -> u16 {
    match reason {
        AbortReason::LeftLoop
        | AbortReason::LeftFunction
        | AbortReason::Exception
        | AbortReason::Interrupted
        | AbortReason::ClassChanged
        | AbortReason::RarePath => 1,
        AbortReason::NothingToRecord => 16,
        _ => 4,
    }
}

/// How much a loop's recordings may have been aborted for another one to be given up because of what it recorded.
const MOST_FOR_RARE_PATH: u16 = 3;

/// Whether a recording of a loop's iteration that cannot follow itself is to be given up: every entry of its trace would
/// leave it in the first iteration. Some loops have no other iterations, so not for ever.
pub(super) fn avoids_rare_path(vm: &mut Vm, id: CodeId, loop_index: u16) -> bool {
    loop_index != ENTRY && state(vm, id, loop_index).aborts < MOST_FOR_RARE_PATH
}

/// A recording was given up. Returns whether that blacklisted its loop (or its exit).
pub fn aborted(vm: &mut Vm, parent: Option<Parent>, id: CodeId, loop_index: u16, reason: AbortReason) -> bool {
    let Some(parent) = parent else { return recording_aborted(vm, id, loop_index, reason) };
    let limit = vm.jit.params.abort_limit;
    let state = &mut vm.jit.trace_mut(parent.trace).exits[parent.exit];
    state.aborts = match reason {
        AbortReason::NothingToRecord => limit.min(u64::from(u16::MAX)) as u16,
        _ => state.aborts + 1,
    };
    state.patience = state.failures * 2;
    u64::from(state.aborts) >= limit
}

/// A recording of this loop was given up. Returns whether that blacklisted it.
fn recording_aborted(vm: &mut Vm, id: CodeId, loop_index: u16, reason: AbortReason) -> bool {
    let limit = vm.jit.params.abort_limit.max(1) * u64::from(weight(AbortReason::InnerLoop));
    let aborts = {
        let state = state(vm, id, loop_index);
        // The recording after an exception may end with one, unless it comes at once: that will not get better.
        let again = reason == AbortReason::Exception && state.aborts > 0;
        state.aborts += if again { weight(AbortReason::InnerLoop) } else { weight(reason) };
        state.aborts
    };
    if u64::from(aborts) >= limit {
        blacklist(vm, id, loop_index, BlacklistReason::Aborts);
        return true;
    }
    // The low part varies, so that a loop of few iterations is not caught at the same one each time.
    let doublings = aborts / weight(AbortReason::InnerLoop);
    let again = threshold(vm, loop_index, doublings).saturating_add(u32::from(aborts) * 7 % 16);
    state(vm, id, loop_index).countdown.set(again);
    false
}

pub(super) fn blacklist(vm: &mut Vm, id: CodeId, loop_index: u16, reason: BlacklistReason) {
    let state = state(vm, id, loop_index);
    state.blacklisted = true;
    state.trace = None;
    if loop_index == ENTRY {
        state.countdown.set(u32::MAX);
        function::set_entry(vm, id, None);
    }
    vm.jit.totals.blacklisted += 1;
    patch_header(vm, id, loop_index, Op::LoopCold);
    if let Some(mut events) = vm.jit.events.take() {
        events.blacklist(vm, id, loop_index, reason);
        vm.jit.events = Some(events);
    }
}

pub fn trace_installed(vm: &mut Vm, id: CodeId, loop_index: u16, trace: TraceId) {
    let state = state(vm, id, loop_index);
    state.trace = Some(trace);
    state.versions = state.versions.saturating_add(1);
    if loop_index == ENTRY {
        state.countdown.set(1);
        let entry = vm.jit.trace(trace).native_entry();
        function::set_entry(vm, id, entry);
    }
    patch_header(vm, id, loop_index, Op::LoopEnter);
}

/// A trace was left through an exit: decides whether to record from there, and retires a trace whose variables have
/// other types now each time it is entered.
pub fn trace_exited(vm: &mut Vm, id: TraceId, exit: usize, snapshot_index: usize) {
    let limit = vm.jit.params.entry_failures.max(1);
    let trace: *const Trace = vm.jit.trace(id);
    // SAFETY: traces are boxed, and none is dropped here; what changes below is read before.
    let trace = unsafe { &*trace };
    if trace.evicted {
        return;
    }
    let wants_side = wants_side(vm, trace, exit, &trace.body.snapshots[snapshot_index]);
    // A trace runs while something is recorded only in a call that the recording waits for.
    let is_often = trace.exits[exit].failures.is_multiple_of(FAILURES_IN_CALLS);
    if wants_side && (vm.jit.recorder.is_none() || is_often && gives_way(vm, None)) {
        vm.jit.hot_exit = Some((Parent { trace: id, exit }, snapshot_index));
        return;
    }
    watchdog::exited(vm, trace, exit);
    let entry_type = is_entry_type(trace, exit);
    let used_up = versions_used_up(vm, trace);
    let trace = id;
    let t = vm.jit.trace_mut(trace);
    if !entry_type || used_up {
        t.entry_failures /= 2;
        return;
    }
    t.entry_failures += 1;
    if t.entry_failures < limit || t.retired {
        return;
    }
    retire(vm, trace, RetireReason::EntryFails);
}

/// Does what a request that interrupted the running code asks for.
///
/// # Errors
/// KeyboardInterrupt is pending.
#[cold]
pub fn poll(vm: &mut Vm) -> Outcome<()> {
    vm.poll = 0;
    while let Some(number) = crate::interp::signal::take() {
        super::abort_recording(vm, super::AbortReason::Interrupted, "a signal");
        crate::interp::signal::deliver(vm, number)?;
    }
    vm.collect_as_asked();
    if vm.has_due_finalisers() {
        super::abort_recording(vm, super::AbortReason::Interrupted, "a finaliser");
        vm.run_finalisers();
    }
    Ok(())
}
