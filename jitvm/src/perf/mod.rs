//! Where the time goes: what the VM publishes about itself, and the sampler that looks at it.
//!
//! The thread publishes its state at transitions by plain stores; a signal handler ([`sampler`]) reads them at any
//! moment, so each cell is a word of its own and any mixture of old and new ones is harmless. States that begin and
//! end rarely (gc, jit, idle) are timed here; the others come from samples. With sampling off a transition costs one
//! test of a flag.

mod code_table;
mod kernel_counters;
mod kernel_sampler;
mod memory_account;
pub mod operations;
mod sampler;
mod stack_table;
mod timer;

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use crate::events::Events;
use crate::interp::words::Word;
use crate::ir::{CodeId, Origin, TraceId};
use crate::runtime::large;
use crate::runtime::object::{BoundMethod, Builtin, ShapeId};
use crate::runtime::types::type_id;
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;
use crate::trace::Trace;
use jitlog::{GuardId, LocId};
use kernel_counters::KernelCounters;
use kernel_sampler::KernelSampler;
use sampler::Sampler;

pub use sampler::BuiltinIds;
pub use timer::{Chosen, MAX_HZ, Rate, Source};

/// What the thread is doing. The numbers are the log's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum State {
    Interp = 0,
    /// In a trace, or in a function of the runtime that a trace calls.
    Compiled = 1,
    /// In a builtin, or an operator with much to do ([`operations`]).
    Native = 2,
    Gc = 3,
    Record = 4,
    Optimise = 5,
    /// On the way from a trace back to the interpreter.
    Deopt = 7,
    /// Blocked because the program asked to wait.
    Idle = 8,
}

impl State {
    /// States that are timed at their transitions.
    const TIMED: [State; 4] = [State::Gc, State::Record, State::Optimise, State::Idle];
}

/// How builtins are numbered: functions by their index, types from here on.
const TYPES_FROM: u32 = 1 << 16;
/// And operations of builtin types from here on.
const OPERATIONS_FROM: u32 = 1 << 17;

/// The number of what a call of this value runs, if that is a builtin function or a type that has no code of the
/// program's.
fn builtin_number(callee: Value) -> Option<u32> {
    if !callee.is_pointer() {
        return None;
    }
    match callee.shape() {
        // SAFETY: the shape says what it is, here and below.
        ShapeId::BUILTIN => Some(unsafe { (*callee.object::<Builtin>()).index } as u32),
        ShapeId::TYPE => Some(type_id(callee)).filter(|id| !id.is_dynamic()).map(|id| TYPES_FROM + id.0),
        // SAFETY: as above.
        ShapeId::BOUND_METHOD => builtin_number(unsafe { (*callee.object::<BoundMethod>()).function }),
        _ => None,
    }
}

/// The published cells. Only the VM's thread writes them; its signal handler reads them.
#[derive(Default)]
pub struct Published {
    on: AtomicBool,
    /// A [`State`], and above it the builtin of the state native.
    state: AtomicU64,
    /// The trace that was entered, from which everything below was called; 0 in the interpreter.
    trace: AtomicU32,
    /// An address in the native frame that entered it.
    trace_stack: AtomicUsize,
    /// The instruction being interpreted. It may be another code object's than the top frame's.
    pc: AtomicPtr<Word>,
    /// The guard that compiled code was left through last, and above it how often that has happened.
    left_through: AtomicU64,
    /// Nanoseconds in timed states that have ended, each without those inside it.
    timed_ns: AtomicU64,
    /// When the outermost timed state began, or 0; and `timed_ns` then.
    timed_since: AtomicU64,
    timed_before: AtomicU64,
    /// Nanoseconds by timed state that the log does not have yet.
    pending: [AtomicU64; State::TIMED.len()],
    sampler: AtomicPtr<Sampler>,
    /// Not for the handler.
    periodic: RefCell<Periodic>,
}

/// What is looked at now and then while samples are taken.
#[derive(Default)]
struct Periodic {
    counters: KernelCounters,
    /// When it was done last.
    last_ns: u64,
    /// Resident bytes at the last account of memory.
    resident: u64,
    /// What the allocator had given out before the program began.
    runtime_bytes: u64,
}

/// What was published before a transition, to go back to.
#[derive(Clone, Copy, Default)]
pub struct Outer {
    state: u64,
    trace: u32,
    trace_stack: usize,
}

/// As [`Outer`], for a timed state.
#[derive(Clone, Copy, Default)]
pub struct Timed {
    outer: u64,
    began_ns: u64,
    timed_ns: u64,
    outermost: bool,
}

impl Published {
    #[inline(always)]
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    fn get(&self) -> Outer {
        Outer {
            state: self.state.load(Ordering::Relaxed),
            trace: self.trace.load(Ordering::Relaxed),
            trace_stack: self.trace_stack.load(Ordering::Relaxed),
        }
    }

    fn set(&self, to: Outer) {
        self.trace.store(to.trace, Ordering::Relaxed);
        self.trace_stack.store(to.trace_stack, Ordering::Relaxed);
        self.state.store(to.state, Ordering::Release);
    }

    /// The interpreter begins to run frames.
    #[inline(always)]
    pub fn enter_interpreter(&self) -> Outer {
        if !self.is_on() {
            return Outer::default();
        }
        let outer = self.get();
        self.set(Outer { state: State::Interp as u64, ..Outer::default() });
        outer
    }

    /// A trace is entered. Inlined, so that the address of a local is one in the caller's frame.
    #[inline(always)]
    pub fn enter_trace(&self, trace: TraceId) -> Outer {
        if !self.is_on() {
            return Outer::default();
        }
        let outer = self.get();
        let here = &raw const outer as usize;
        self.set(Outer { state: State::Compiled as u64, trace: trace.0, trace_stack: here });
        outer
    }

    /// The interpreter calls a value. Gives the state to go back to. Calls from traces are not published: the sampler
    /// finds them by their return addresses. What else is published stays for traces further up.
    #[inline(always)]
    pub fn enter_call(&self, callee: Value) -> u64 {
        if !self.is_on() {
            return 0;
        }
        let outer = self.state.load(Ordering::Relaxed);
        if let Some(builtin) = builtin_number(callee) {
            self.state.store(State::Native as u64 | u64::from(builtin) << 32, Ordering::Relaxed);
        }
        outer
    }

    /// The call is over.
    #[inline(always)]
    pub fn leave_call(&self, outer: u64) {
        if self.is_on() {
            self.state.store(outer, Ordering::Relaxed);
        }
    }

    /// What was entered has been left, by whatever way.
    #[inline(always)]
    pub fn leave(&self, outer: Outer) {
        if self.is_on() {
            self.set(outer);
        }
    }

    /// What compiled code had called was left and is finished: its caller goes on.
    pub fn compiled_again(&self) {
        if self.is_on() {
            self.state.store(State::Compiled as u64, Ordering::Relaxed);
        }
    }

    /// The instruction that the interpreter executes next.
    #[inline(always)]
    pub fn at_instruction(&self, pc: *const Word) {
        self.pc.store(pc.cast_mut(), Ordering::Relaxed);
    }

    /// Compiled code is on its way to the interpreter.
    #[inline(always)]
    pub fn leaving(&self) {
        if self.is_on() {
            self.state.store(State::Deopt as u64, Ordering::Relaxed);
        }
    }

    /// Compiled code was left through a guard; until the interpreter goes on, the thread is on its way there.
    pub fn left_through(&self, guard: GuardId) {
        if self.is_on() {
            let count = (self.left_through.load(Ordering::Relaxed) >> 32).wrapping_add(1);
            self.left_through.store(count << 32 | u64::from(guard.0), Ordering::Relaxed);
            self.state.store(State::Deopt as u64, Ordering::Relaxed);
        }
    }

    /// A timed state begins.
    #[inline]
    pub fn enter_timed(&self, state: State) -> Timed {
        if !self.is_on() {
            return Timed::default();
        }
        let now = timer::now_ns();
        let timed = Timed {
            outer: self.state.load(Ordering::Relaxed),
            began_ns: now,
            timed_ns: self.timed_ns.load(Ordering::Relaxed),
            outermost: self.timed_since.load(Ordering::Relaxed) == 0,
        };
        if timed.outermost {
            self.timed_before.store(timed.timed_ns, Ordering::Relaxed);
            self.timed_since.store(now, Ordering::Release);
        }
        self.state.store(state as u64, Ordering::Release);
        timed
    }

    /// It ends.
    #[inline]
    pub fn leave_timed(&self, state: State, timed: Timed) {
        if !self.is_on() || timed.began_ns == 0 {
            return;
        }
        let inner = self.timed_ns.load(Ordering::Relaxed) - timed.timed_ns;
        let own = timer::now_ns().saturating_sub(timed.began_ns).saturating_sub(inner);
        self.timed_ns.store(timed.timed_ns + inner + own, Ordering::Relaxed);
        if let Some(at) = State::TIMED.iter().position(|&s| s == state) {
            let pending = &self.pending[at];
            pending.store(pending.load(Ordering::Relaxed) + own, Ordering::Relaxed);
        }
        if timed.outermost {
            self.timed_since.store(0, Ordering::Release);
        }
        self.state.store(timed.outer, Ordering::Release);
    }

    /// Nanoseconds in timed states up to `now`.
    fn timed_until(&self, now: u64) -> u64 {
        match self.timed_since.load(Ordering::Acquire) {
            0 => self.timed_ns.load(Ordering::Relaxed),
            since => self.timed_before.load(Ordering::Relaxed) + now.saturating_sub(since),
        }
    }

    /// Takes what the log does not have yet: nanoseconds by state, those in which time has passed. Collections are
    /// events of their own.
    pub fn take_pending(&self) -> impl Iterator<Item = (State, u64)> + '_ {
        let taken = State::TIMED.into_iter().zip(&self.pending);
        taken.map(|(state, ns)| (state, ns.swap(0, Ordering::Relaxed))).filter(|&(s, ns)| ns > 0 && s != State::Gc)
    }

    /// The sampler, which lives as long as the process once it has been made.
    #[allow(clippy::mut_from_ref, reason = "the cell holds the only way to it")]
    fn sampler(&self) -> Option<&mut Sampler> {
        // SAFETY: made by `Box::leak`. The VM's thread changes only what the handler does not look at before the
        // change is complete.
        unsafe { self.sampler.load(Ordering::Relaxed).as_mut() }
    }
}

/// Begins to sample the calling thread, which runs this VM. `note` says why the source is not what was asked for.
///
/// # Errors
/// The system has no timer for us. Nothing has changed then.
///
/// # Safety
/// The VM lives as long as the process.
pub unsafe fn start(vm: &mut Vm, rate: Chosen, source: Source, note: &str) -> std::io::Result<()> {
    let hz = rate.hz;
    let kernel = match source {
        Source::Timer => None,
        Source::Perf => Some(KernelSampler::new(1_000_000_000 / u64::from(hz.clamp(1, MAX_HZ)))?),
    };
    let Some(events) = &mut vm.jit.events else { return Ok(()) };
    let stream = events.signal_stream();
    let builtins = events.builtins(&vm.builtin_table);
    let defs = events.definitions();
    vm.perf.periodic.get_mut().runtime_bytes = memory_account::given_out();
    let sampler: *mut Sampler = large::outside_the_arena(|| {
        sampler::reserve_frames(&mut vm.frames);
        // SAFETY: by the caller.
        Box::leak(Box::new(unsafe { Sampler::new(vm, stream, defs, builtins) }))
    });
    vm.perf.sampler.store(sampler, Ordering::Relaxed);
    vm.perf.on.store(true, Ordering::Relaxed);
    let started = match (kernel, vm.perf.sampler(), &vm.jit.events) {
        (Some(kernel), Some(to), Some(events)) => {
            to.set_kernel(kernel);
            memory_account::code_files(&mut |mapping| events.mapping(mapping));
            timer::start_kernel(sampler)
        }
        _ => timer::start(sampler, rate),
    };
    started.inspect_err(|_| stop(vm))?;
    if let Some(events) = &mut vm.jit.events {
        events.sampling(rate, source, note);
    }
    start_counting(vm);
    Ok(())
}

/// Begins to count in the kernel and to sample allocations.
fn start_counting(vm: &mut Vm) {
    let mut counters = KernelCounters::default();
    if let Some(events) = &mut vm.jit.events {
        counters = KernelCounters::start(&mut |counter, reason| events.counter_missing(counter, reason));
    }
    vm.perf.periodic.get_mut().counters = counters;
    vm.heap.sample_allocations(|vm, shape, bytes, weight| {
        if let Some(sampler) = vm.perf.sampler() {
            sampler.allocation(vm, shape, bytes, weight);
        }
    });
    // What was allocated before has no site.
    let before = vm.heap.statistics().allocated_bytes;
    if let Some(events) = &mut vm.jit.events {
        events.allocated_unseen("(start-up)", before);
    }
}

/// Nanoseconds between two looks at what the kernel says, at least.
const PERIOD_NS: u64 = 100_000_000;

/// Writes what the kernel has counted and, if there is more of it than ever, an account of memory. Called at
/// collections, and at the end (`at_end`).
pub fn look_around(vm: &Vm, events: &mut Events, at_end: bool) {
    if !vm.perf.is_on() {
        return;
    }
    let mut periodic = vm.perf.periodic.borrow_mut();
    let now = timer::now_ns();
    if !at_end && now < periodic.last_ns + PERIOD_NS {
        return;
    }
    periodic.last_ns = now;
    periodic.counters.read(&mut |count| events.counted(count));
    if let Some(sampler) = vm.perf.sampler() {
        events.counted(sampler.cost());
    }
    let resident = memory_account::resident_now();
    // An account looks at every page, so it is made only as memory grows, and for what there is in the end.
    if at_end || resident > periodic.resident + periodic.resident / 8 {
        periodic.resident = resident;
        memory_account::write(vm, periodic.runtime_bytes, events);
    }
}

/// Ends it. Nothing of the sampler is written after this.
pub fn stop(vm: &Vm) {
    if vm.perf.is_on() {
        timer::stop();
        if let Some(sampler) = vm.perf.sampler() {
            sampler.close();
        }
        vm.perf.periodic.borrow_mut().counters = KernelCounters::default();
        vm.perf.on.store(false, Ordering::Relaxed);
    }
}

/// A code object was linked; so were all with smaller ids.
pub fn code_linked(vm: &mut Vm, id: CodeId) {
    if vm.perf.is_on()
        && let Some(mut events) = vm.jit.events.take()
    {
        while let Some(sampler) = vm.perf.sampler()
            && let Some(next) = sampler.next_code().filter(|next| *next <= id)
        {
            let (func, places) = events.places(vm, next);
            sampler.add_code(vm, next, func, places);
        }
        vm.jit.events = Some(events);
    }
}

/// A trace was compiled; `loc` gives the log's name of a place.
pub fn trace_compiled(vm: &Vm, trace: &Trace, loc: &mut dyn FnMut(Origin) -> LocId) {
    if vm.perf.is_on()
        && let Some(sampler) = vm.perf.sampler()
        && let Some(arena) = &vm.jit.arena
    {
        sampler.add_trace(trace, arena.region(), loc);
    }
}

/// A trace's code is about to be gone.
pub fn trace_freed(vm: &Vm, trace: &Trace) {
    if vm.perf.is_on()
        && let (Some(sampler), Some(artifact)) = (vm.perf.sampler(), &trace.artifact)
    {
        sampler.remove_trace(artifact.code);
    }
}

/// Writes the time of timed states that has not been written yet.
pub fn flush(vm: &mut Vm) {
    if vm.perf.is_on()
        && let Some(events) = &mut vm.jit.events
    {
        vm.perf.take_pending().for_each(|(state, ns)| events.state_time(state, ns));
    }
}

/// Writes what is known only at the end, and ends it as [`stop`] does.
pub fn finish(vm: &mut Vm) {
    flush(vm);
    if vm.perf.is_on()
        && let Some(mut events) = vm.jit.events.take()
    {
        events.allocated_unseen("(since the last samples)", vm.heap.not_sampled());
        look_around(vm, &mut events, true);
        vm.jit.events = Some(events);
    }
    stop(vm);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timed_state_does_not_count_those_inside_it() {
        let perf = Published::default();
        perf.on.store(true, Ordering::Relaxed);
        let record = perf.enter_timed(State::Record);
        let gc = perf.enter_timed(State::Gc);
        while timer::now_ns() - gc.began_ns < 200_000 {}
        perf.leave_timed(State::Gc, gc);
        perf.leave_timed(State::Record, record);
        let total = perf.timed_ns.load(Ordering::Relaxed);
        let own: u64 = perf.pending.iter().map(|ns| ns.load(Ordering::Relaxed)).sum();
        assert_eq!(total, own);
        assert!(perf.pending[1].load(Ordering::Relaxed) < total - 100_000, "the collection is counted twice");
        assert_eq!(perf.timed_until(u64::MAX), total);
        assert_eq!(perf.take_pending().map(|(state, _)| state).collect::<Vec<_>>(), [State::Record]);
    }

    #[test]
    fn transitions_nest() {
        let perf = Published::default();
        perf.on.store(true, Ordering::Relaxed);
        let trace = perf.enter_trace(TraceId(7));
        let call = perf.enter_call(Value::NONE);
        perf.state.store(State::Native as u64 | 3 << 32, Ordering::Relaxed);
        let interpreter = perf.enter_interpreter();
        assert_eq!((perf.get().state, perf.get().trace), (State::Interp as u64, 0));
        perf.leave(interpreter);
        assert_eq!((perf.get().state, perf.get().trace), (State::Native as u64 | 3 << 32, 7));
        perf.leave_call(call);
        assert_eq!(perf.get().state, State::Compiled as u64);
        perf.left_through(GuardId(9));
        assert_eq!(perf.left_through.load(Ordering::Relaxed), 1 << 32 | 9);
        perf.leave(trace);
        assert_eq!((perf.get().state, perf.get().trace), (State::Interp as u64, 0));
    }
}
