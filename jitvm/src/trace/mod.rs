//! The traces there are: recording them, compiling them, entering them.
//!
//! A loop header counts down (`policy`); at zero the interpreter switches to its recording copy, which asks
//! [`record_step`] before each instruction until the header is reached again. The recording is optimised, compiled and
//! installed by patching the header to `LOOP_ENTER`. From then on the interpreter calls [`enter`] there; the trace
//! comes back through an exit (`crate::exit`), which leaves the frames and registers as the interpreter would have.

pub mod abort;
mod attempt;
pub mod concrete;
pub mod decision;
pub mod describe;
mod eager;
pub mod evict;
pub mod function;
pub mod liveness;
pub mod lockstep;
pub mod params;
pub mod policy;
mod recent;
mod record_apart;
mod record_call;
pub mod record_compare;
mod record_container;
mod record_diamond;
mod record_end;
mod record_frame;
mod record_function;
mod record_generator;
mod record_iterator;
mod record_native;
mod record_object;
pub mod record_onward;
mod record_operation;
pub mod record_raise;
mod record_range;
mod record_sequence;
mod record_side;
mod record_special;
mod record_subscript;
mod record_table;
pub mod recorder;
pub mod retire;
pub mod watch;
mod watchdog;

use std::collections::HashMap;
use std::mem::take;
use std::rc::Rc;
use std::time::Instant;

pub use abort::{AbortReason, BlacklistReason, RetireReason};
use concrete::Concrete;
use evict::Eviction;
pub use function::{Called, function_called};
use liveness::Liveness;
use lockstep::Witness;
use params::{Mode, Params};
use record_end::Outside;
use recorder::{Abort, Parent, Recorder, Step};
use watch::Watches;
use watchdog::Watchdog;

use crate::announce::{self, Announcer};
use crate::bytecode::{CodeProto, Instruction, Op as Bytecode};
use crate::codegen::{self, Arena, Artifact, Bounds, CompileFailure, Targets};
use crate::events::Events;
use crate::exit;
use crate::interp::helpers::{HELPERS, Places};
use crate::interp::{call, chain, generator};
use crate::ir::{Body, CodeId, Label, Recorded, TraceId};
use crate::optimise::{self, Clobbers, PassAbort, PassOptions};
use crate::perf::{self, State};
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Continuation, Outcome, Raised, Vm};

/// What has come of an exit.
#[derive(Clone, Debug, Default)]
pub struct ExitState {
    pub failures: u64,
    /// The side trace attached to it.
    pub side: Option<TraceId>,
    /// The guard is one of those that are likely to fail (`eager`).
    pub eager: bool,
    pub aborts: u16,
    /// No recording before so many failures.
    pub patience: u64,
    /// Where the exit goes while there is no side trace.
    pub stub: usize,
    /// Entries of the side trace by the type of the value that failed the guard; counted in the IR modes alone.
    pub seen: Vec<(u16, u64)>,
}

/// A compiled loop, or a side trace of one.
#[derive(Debug)]
pub struct Trace {
    pub id: TraceId,
    pub parent: Option<Parent>,
    /// The root trace of its tree: itself, or its parent's.
    pub root: TraceId,
    /// Side traces in the tree, counted at the root.
    pub sides: u64,
    /// How many side traces it begins behind that began at the same place, each at an exit of the one before.
    chained: u64,
    pub code: CodeId,
    pub loop_index: u16,
    /// What runs: the optimised body, or in `mode=ir-raw` the recorded one.
    pub body: Body,
    /// Machine code, unless an IR mode runs it.
    pub artifact: Option<Artifact>,
    /// Index of LOOP, if it was peeled.
    pub loop_at: Option<usize>,
    /// How other traces get to LOOP.
    pub label: Option<Label>,
    /// Of a side trace: what it and those before it, back to the root trace, may change.
    pub clobbers: Clobbers,
    /// Guards by exit number: index of the instruction.
    pub guards: Vec<u16>,
    /// By exit number.
    pub exits: Vec<ExitState>,
    /// It, or its root trace, begins where a coroutine does.
    pub begins_body: bool,
    /// Counts entries: a word of the log if there is one, else one of ours.
    pub entries: *mut u64,
    /// Exits in the first iteration, halved by each entry that got further.
    pub entry_failures: u64,
    pub retired: bool,
    /// Of a root trace: what its exits cost.
    pub watchdog: Watchdog,
    /// The root trace at which it ends.
    pub link: Option<TraceId>,
    /// Nothing enters it any more, and its memory will be used again.
    pub evicted: bool,
    /// What its entries come to, the older the less, and how many there were when it was last asked.
    pub activity: u64,
    pub entries_seen: u64,
    /// The word that counts entries goes with it.
    pub owns_counter: bool,
    /// What its CATCHes refer to.
    _places: Vec<Rc<Places>>,
}

/// Totals of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub recorded: u64,
    pub loops: u64,
    pub bridges: u64,
    pub functions: u64,
    pub aborted: u64,
    pub retired: u64,
    pub blacklisted: u64,
    /// NEWs that traces do not execute, or only at exits.
    pub sunk: u64,
    pub entries: u64,
    pub exits: u64,
    pub record_ns: u64,
    pub compile_ns: u64,
}

/// All traces and what decides about them.
#[derive(Default)]
pub struct Jit {
    pub enabled: bool,
    pub params: Params,
    pub recorder: Option<Box<Recorder>>,
    pub traces: Vec<Box<Trace>>,
    pub totals: Totals,
    /// The event log, if there is one: the only cost of having none is this test.
    pub events: Option<Box<Events>>,
    pub arena: Option<Arena>,
    /// Tells perf and gdb about code, if asked to.
    pub announcer: Option<Box<Announcer>>,
    /// Compares running machine code with its IR, if asked to.
    pub witness: Option<Box<Witness>>,
    /// See [`record_onward::iteration_cells`].
    pub iteration_cells: Option<[Value; 3]>,
    /// An exit just taken that is to be recorded from, with its snapshot.
    pub hot_exit: Option<(Parent, usize)>,
    pub eviction: Eviction,
    pub(crate) watches: Watches,
    next_trace: u32,
    /// How often a trace was installed or freed.
    pub(crate) changes: usize,
    /// By id: index into `traces`. A table, since every entry and exit of a trace asks.
    by_id: Vec<u32>,
    liveness: HashMap<CodeId, Rc<Liveness>>,
    /// The program may look at the variables of any frame: those of each code are kept.
    pub(crate) shows_variables: bool,
}

impl Jit {
    /// Objects that the recording refers to. Those of traces are fixed roots.
    pub fn visit_roots(&self, f: &mut dyn FnMut(Value)) {
        if let Some(recorder) = &self.recorder {
            recorder.visit_roots(f);
        }
    }

    pub(crate) fn liveness(&mut self, id: CodeId, proto: &CodeProto) -> Rc<Liveness> {
        let shows = self.shows_variables;
        Rc::clone(self.liveness.entry(id).or_insert_with(|| Rc::new(Liveness::compute(proto, shows))))
    }

    /// From now on the program may look at the variables of any frame.
    pub(crate) fn show_variables(&mut self) {
        if !self.shows_variables {
            self.shows_variables = true;
            self.liveness.clear();
        }
    }

    /// Other codes take the numbers of `count` codes from `first` on.
    pub(crate) fn forget_codes(&mut self, first: CodeId, count: usize) {
        for index in first.0..first.0 + count as u32 {
            self.liveness.remove(&CodeId(index));
        }
        if let Some(events) = &mut self.events {
            events.forget_codes(first, count);
        }
    }

    fn new_trace_id(&mut self) -> TraceId {
        self.next_trace += 1;
        TraceId(self.next_trace)
    }

    pub fn trace(&self, id: TraceId) -> &Trace {
        &self.traces[self.by_id[id.index()] as usize]
    }

    /// The trace of this number, if it is still there.
    pub fn find(&self, id: TraceId) -> Option<&Trace> {
        let index = *self.by_id.get(id.index())?;
        self.traces.get(index as usize).map(|trace| &**trace)
    }

    pub fn trace_mut(&mut self, id: TraceId) -> &mut Trace {
        &mut self.traces[self.by_id[id.index()] as usize]
    }

    /// `Trace::chained` of a side trace at this exit.
    fn chained_to(&self, parent: Parent) -> u64 {
        let of = self.trace(parent.trace);
        let place = |parent: Parent| self.find(parent.trace).and_then(|trace| trace.place(parent.exit));
        let is_at_same_place =
            of.parent.is_some_and(|before| place(before).is_some_and(|at| place(parent) == Some(at)));
        if is_at_same_place { of.chained + 1 } else { 0 }
    }
}

/// Shows the recorder the instruction that the interpreter is about to execute.
pub fn record_step(vm: &mut Vm, ins: Instruction, base: *const Value) -> Step {
    let timed = vm.perf.enter_timed(State::Record);
    let step = show(vm, ins, base);
    vm.perf.leave_timed(State::Record, timed);
    if matches!(step, Step::Leave) {
        perf::flush(vm);
    }
    step
}

fn show(vm: &mut Vm, ins: Instruction, base: *const Value) -> Step {
    let Some(mut recorder) = vm.jit.recorder.take() else { return Step::Leave };
    let frame = *vm.frames.last().expect("a recording runs in a frame");
    recorder.depth = vm.frames.len();
    match recorder.step(vm, ins, frame.pc, base) {
        Ok(Some(step)) => {
            vm.jit.recorder = Some(recorder);
            if step == Step::Resume {
                // SAFETY: the interpreter's top frame is at this instruction, and the recorder has looked at it.
                unsafe { generator::enter_called(vm, ins, base) }
                    .expect("the recorder has seen that it can be resumed");
                return Step::Entered;
            }
            step
        }
        Ok(None) => {
            finish(vm, recorder);
            Step::Leave
        }
        Err(abort) => {
            give_up(vm, &recorder, &abort);
            Step::Leave
        }
    }
}

/// The instruction just recorded has raised. Returns whether the recording goes on, at the handler; else it ends behind
/// the instruction, where the trace goes on if it does not raise.
#[cold]
pub fn recording_raised(vm: &mut Vm, ins: Instruction) -> bool {
    let Some(mut recorder) = vm.jit.recorder.take() else { return false };
    // The exception is no result of the recording's, and stays the program's.
    let top = *vm.frames.last().expect("an instruction runs in a frame");
    if recorder.goes_to_handler(vm, ins, top.code, top.pc) {
        vm.jit.recorder = Some(recorder);
        return true;
    }
    if recorder.leave_behind(ins, top.code, top.pc) {
        finish(vm, recorder);
    } else {
        let abort = Abort { reason: AbortReason::Exception, detail: ins.op.name().to_owned() };
        give_up(vm, &recorder, &abort);
    }
    false
}

/// Gives up the recording in progress, if there is one.
pub fn abort_recording(vm: &mut Vm, reason: AbortReason, detail: &str) {
    if let Some(recorder) = vm.jit.recorder.take() {
        give_up(vm, &recorder, &Abort { reason, detail: detail.to_owned() });
    }
}

/// Something that the instruction being recorded calls, not it itself, looks at the variables of a frame. The trace
/// would have them in registers, so there is to be none.
pub fn variables_shown(vm: &mut Vm, frame: usize) {
    let is_recorded = |recorder: &Recorder| frame < recorder.depth && frame + recorder.frames.len() >= recorder.depth;
    if vm.jit.recorder.as_deref().is_some_and(is_recorded) {
        abort_recording(vm, AbortReason::NothingToRecord, "something called looks at the variables of the frame");
    }
}

/// What the instruction being recorded calls, not it itself, looks at the frames. A trace has those of functions that it
/// calls, and then the ones inlined around the call; for what a helper calls they are as they were last written back.
pub fn frames_shown(vm: &mut Vm) {
    if vm.jit.recorder.as_deref().is_some_and(|recorder| !is_pushed(vm, recorder)) {
        abort_recording(vm, AbortReason::NothingToRecord, "something called looks at the frames");
    }
}

/// What the instruction being recorded calls looks for the first frame outside its own module.
pub fn caller_shown(vm: &mut Vm) {
    let Some(recorder) = vm.jit.recorder.as_deref() else { return };
    let (depth, own) = (recorder.depth, recorder.frames.len());
    let Some(here) = vm.frames.get(depth.saturating_sub(own)..depth) else { return };
    if depth == vm.frames.len() {
        // The instruction itself: the recorder knows it.
        return;
    }
    let module = |frame: &crate::runtime::vm::Frame| vm.codes[frame.code.index()].module;
    let asker = vm.frames.last().map(module);
    let all_inside = here.iter().all(|frame| Some(module(frame)) == asker);
    if !all_inside && !is_pushed(vm, recorder) {
        abort_recording(vm, AbortReason::NothingToRecord, "something called looks for its caller");
    }
}

/// The instruction being recorded calls something for which a trace has all frames: a function, natively, or anything where
/// nothing is inlined around it.
fn is_pushed(vm: &Vm, recorder: &Recorder) -> bool {
    let depth = recorder.depth;
    let (Some(callee), Some(top)) = (vm.frames.get(depth), depth.checked_sub(1).and_then(|top| vm.frames.get(top)))
    else {
        return false;
    };
    let Some(ins) = vm.codes[top.code.index()].proto.instructions.get(top.pc as usize) else { return false };
    if !matches!(ins.op, Bytecode::Call | Bytecode::CallMethod) || callee.continuation != Continuation::Call {
        return false;
    }
    recorder.frames.len() == 1 || {
        // SAFETY: the register that holds what is called, of a frame that waits for it.
        let called = unsafe { *vm.stack.add(top.base as usize + ins.a as usize) };
        function::is_called_natively(vm, called, callee.code)
    }
}

fn give_up(vm: &mut Vm, recorder: &Recorder, abort: &Abort) {
    let ns = recorder.started.elapsed().as_nanos() as u64;
    vm.jit.totals.record_ns += ns;
    vm.jit.totals.aborted += 1;
    if matches!(abort.reason, AbortReason::TraceTooLong | AbortReason::TooManySnapshots)
        && let Some(code) = recorder.grown_by()
    {
        // SAFETY: code objects live as long as the VM.
        unsafe { (*code).function.grows_too_long.set(true) };
    }
    let blacklisted = policy::aborted(vm, recorder.parent, recorder.anchor, recorder.loop_index, abort.reason);
    if let Some(mut events) = vm.jit.events.take() {
        events.trace_abort(vm, recorder, abort, ns, blacklisted);
        vm.jit.events = Some(events);
    }
}

/// Optimises, compiles and installs a complete recording.
fn finish(vm: &mut Vm, mut recorder: Box<Recorder>) {
    let record_ns = recorder.started.elapsed().as_nanos() as u64;
    if let Some(mut events) = vm.jit.events.take() {
        events.trace_stop(vm, &recorder, record_ns);
        vm.jit.events = Some(events);
    }
    let (trace, anchor, loop_index, parent) = (recorder.trace, recorder.anchor, recorder.loop_index, recorder.parent);
    let (started, ends_outside) = (recorder.started, recorder.ends_outside);
    let bytecodes = take(&mut recorder.bytecodes);
    let concrete = recorder.concrete.clone();
    let places = recorder.places.clone();
    let chosen = recorder.chosen_branches();
    let recorded = recorder.close();
    let link = recorded.link;
    let pins = [parent.map(|parent| parent.trace), link];
    evict::chance(vm, &pins);
    let began = Instant::now();
    let (entries, owns_counter) = match &mut vm.jit.events {
        Some(events) => (events.entry_counter(trace), false),
        None => (Box::into_raw(Box::new(0)), true),
    };
    let timed = vm.perf.enter_timed(State::Optimise);
    // Entries of a loop's trace are counted by who enters it.
    let begins_body = loop_index != function::ENTRY && {
        let proto = &vm.codes[anchor.index()].proto;
        proto.begins_body(proto.loops[loop_index as usize])
    };
    let counter = (parent.is_some() || loop_index == function::ENTRY || begins_body).then_some(entries);
    let is_function = loop_index == function::ENTRY && parent.is_none();
    let own_frame = parent.is_none() && (is_function || begins_body || link.is_some());
    let of_loop = parent.is_none().then_some((anchor, loop_index));
    let result = compile(vm, trace, of_loop, parent, own_frame, counter, recorded, &concrete);
    vm.perf.leave_timed(State::Optimise, timed);
    let compile_ns = began.elapsed().as_nanos() as u64;
    vm.jit.totals.record_ns += record_ns;
    vm.jit.totals.compile_ns += compile_ns;
    match result {
        Ok((body, label, artifact, codegen_ns)) => {
            match parent {
                None if is_function => vm.jit.totals.functions += 1,
                None => vm.jit.totals.loops += 1,
                Some(_) => vm.jit.totals.bridges += 1,
            }
            let mut clobbers =
                parent.map_or_else(Clobbers::default, |parent| vm.jit.trace(parent.trace).clobbers.clone());
            clobbers.add(&body, HELPERS);
            let guards: Vec<u16> =
                body.ins.iter().enumerate().filter(|(_, i)| i.op.is_guard()).map(|(i, _)| i as u16).collect();
            let root = parent.map_or(trace, |parent| vm.jit.trace(parent.trace).root);
            let is_eager = |guard: u16| eager::is_eager(vm, &body, &chosen, guard);
            let of_guard = |&guard: &u16| ExitState { eager: is_eager(guard), ..ExitState::default() };
            let mut exits: Vec<ExitState> = guards.iter().map(of_guard).collect();
            match (ends_outside, exits.last_mut()) {
                // Nothing can be recorded from there.
                (Some(Outside::ForGood), Some(end)) => {
                    end.aborts = vm.jit.params.abort_limit.min(u64::from(u16::MAX)) as u16;
                }
                // The loop gets its trace first; the exception may be rare.
                (Some(Outside::ForNow), Some(end)) => {
                    end.patience = vm.jit.params.loop_threshold + vm.jit.params.side_threshold;
                }
                _ => {}
            }
            let place = parent.and_then(|parent| vm.jit.trace(parent.trace).place(parent.exit));
            let chained = parent.map_or(0, |parent| vm.jit.chained_to(parent));
            if chained >= vm.jit.params.chain_limit {
                let again = exits.iter_mut().zip(&guards);
                again.filter(|(_, guard)| body.origins.get(usize::from(**guard)) == place.as_ref()).for_each(
                    |(exit, _)| {
                        exit.aborts = vm.jit.params.abort_limit.min(u64::from(u16::MAX)) as u16;
                    },
                );
            }
            let installed = Trace {
                id: trace,
                parent,
                root,
                sides: 0,
                chained,
                code: anchor,
                loop_index,
                loop_at: body.loop_index(),
                label,
                clobbers,
                exits,
                guards,
                body,
                artifact,
                entries,
                entry_failures: 0,
                retired: false,
                watchdog: Watchdog::default(),
                link,
                begins_body,
                evicted: false,
                activity: 0,
                entries_seen: 0,
                owns_counter,
                _places: places,
            };
            if let Some(mut events) = vm.jit.events.take() {
                events.compiled(vm, &installed, compile_ns, codegen_ns);
                vm.jit.events = Some(events);
            }
            announce::compiled(vm, &installed);
            let room = vm.jit.by_id.len().max(trace.index() + 1);
            vm.jit.watches.installed(&installed);
            vm.jit.by_id.resize(room, u32::MAX);
            vm.jit.by_id[trace.index()] = vm.jit.traces.len() as u32;
            vm.jit.traces.push(Box::new(installed));
            vm.jit.changes += 1;
            match parent {
                None => policy::trace_installed(vm, anchor, loop_index, trace),
                Some(parent) => attach(vm, parent, trace),
            }
        }
        Err(abort) => {
            vm.jit.totals.aborted += 1;
            let blacklisted = policy::aborted(vm, parent, anchor, loop_index, abort.reason);
            if let Some(mut events) = vm.jit.events.take() {
                events.compile_failed(vm, trace, &bytecodes, &abort, started.elapsed().as_nanos() as u64, blacklisted);
                vm.jit.events = Some(events);
            }
        }
    }
}

/// Makes an exit go to its side trace from now on.
fn attach(vm: &mut Vm, parent: Parent, side: TraceId) {
    let root = vm.jit.trace(side).root;
    vm.jit.trace_mut(root).sides += 1;
    let target = vm.jit.trace(side).artifact.as_ref().map(|artifact| artifact.entry as usize);
    let of = vm.jit.trace_mut(parent.trace);
    of.exits[parent.exit].side = Some(side);
    let site = of.artifact.as_ref().map(|a| a.code.start + a.exits[parent.exit].patch as usize);
    let stub = site.zip(vm.jit.arena.as_ref()).map_or(0, |(site, arena)| arena.target_of(site));
    vm.jit.trace_mut(parent.trace).exits[parent.exit].stub = stub;
    if let (Some(site), Some(target), Some(arena)) = (site, target, &mut vm.jit.arena) {
        // If the page cannot be made writable the exit stays as it is: slower, not wrong.
        if arena.patch_rel32(site, target).is_err() {
            return;
        }
    }
    if let Some(mut events) = vm.jit.events.take() {
        events.bridge_attached(parent, side, site.unwrap_or(0), target.unwrap_or(0));
        vm.jit.events = Some(events);
    }
}

fn pass_options(params: &Params) -> PassOptions {
    let mut options = PassOptions::default();
    for pass in optimise::PASSES {
        let off = params.mode == Mode::IrRaw || params.passes_off.iter().any(|name| name == pass.name);
        options.set(pass.name, !off);
    }
    options
}

fn compile(
    vm: &mut Vm,
    trace: TraceId,
    of_loop: Option<(CodeId, u16)>,
    parent: Option<Parent>,
    own_frame: bool,
    counter: Option<*mut u64>,
    recorded: Recorded,
    concrete: &Concrete,
) -> Result<(Body, Option<Label>, Option<Artifact>, u64), Abort> {
    let mut events = vm.jit.events.take();
    if let Some(events) = &mut events {
        events.ir_recorded(vm, trace, &recorded.body);
    }
    let mut options = pass_options(&vm.jit.params);
    options.avoids_rare_path = of_loop.is_some_and(|(code, index)| policy::avoids_rare_path(vm, code, index));
    let (link, anchor) = (recorded.link, recorded.closing.frames.first().map(|frame| frame.code));
    let mut sunk = 0;
    let root: Option<*const Trace> = link.map(|root| &raw const *vm.jit.trace(root));
    // SAFETY: traces are boxed, and nothing evicts this one while it is linked to.
    let label = root.and_then(|root| unsafe { (*root).label.as_ref() });
    // Only a trace of that loop's own tree, and from its body, finds anything where the loop has left it.
    let since = parent.and_then(|parent| {
        let of = vm.jit.trace(parent.trace);
        let is_of_body = !of.body.kept_at(of.guards[parent.exit] as usize).is_empty();
        (Some(of.root) == link && is_of_body).then(|| of.clobbers.clone())
    });
    let target = label.map(|label| optimise::Target { label, since, is_of_side: parent.is_some() });
    watch::is_stored_by(vm, &recorded.body);
    let may_watch = |cell: u64, word: u64| watch::may_watch(vm, cell, word);
    let optimised = optimise::run_on(recorded, Some(concrete), target, &may_watch, &options, &mut |report| {
        sunk += report.sunk as u64;
        if let Some(events) = &mut events {
            events.pass(vm, trace, &report);
        }
    });
    vm.jit.events = events;
    vm.jit.totals.sunk += sunk;
    let (mut body, label) = optimised.map_err(|abort| match abort {
        PassAbort::UnstableType { slot } => {
            Abort { reason: AbortReason::UnstableType, detail: slot_name(vm, anchor, slot) }
        }
        PassAbort::UnstableValue { .. } => Abort { reason: AbortReason::UnstableType, detail: abort.to_string() },
        PassAbort::RarePath { .. } => Abort { reason: AbortReason::RarePath, detail: abort.to_string() },
        PassAbort::TooLong { .. } => Abort { reason: AbortReason::TraceTooLong, detail: abort.to_string() },
    })?;
    body.shrink();
    if vm.jit.params.mode != Mode::Machine {
        return Ok((body, label, None, 0));
    }
    let began = Instant::now();
    if vm.jit.arena.is_none() {
        let announcer = vm.jit.announcer.as_ref();
        let bounds = Bounds {
            limit: usize::try_from(vm.jit.params.code_limit).unwrap_or(usize::MAX).saturating_mul(1 << 10),
            gap: announcer.map_or(0, |announcer| announcer.gap()),
            keeps_addresses: announcer.is_some_and(|announcer| announcer.is_believed_for_good()),
        };
        let arena = Arena::new(exit::on_exit, bounds)
            .map_err(|error| Abort { reason: AbortReason::CodeMemoryFull, detail: error.to_string() })?;
        vm.jit.arena = Some(arena);
    }
    let targets = Targets { box_float: exit::box_float, allocate: exit::allocate, helpers: HELPERS };
    let options = codegen::Options {
        random_ra: vm.jit.params.random_registers,
        guard_fail: vm.jit.params.guard_fail.min(i32::MAX as u64) as u32,
        checkpoints: Witness::routine(&mut vm.jit),
        own_frame,
        in_frame: true,
        parameters: of_loop
            .filter(|of| of.1 == function::ENTRY)
            .map_or(0, |(code, _)| u16::try_from(vm.codes[code.index()].proto.parameters()).unwrap_or(u16::MAX)),
    };
    let mut locations: &[codegen::Location] = &[];
    let (mut spills, mut linked) = (0, None);
    let mut values = Vec::new();
    if let Some(parent) = parent {
        let of: *const Trace = vm.jit.trace(parent.trace);
        // SAFETY: traces are boxed, and nothing evicts this one while it gets a side trace.
        let artifact = unsafe { (*of).artifact.as_ref().expect("machine code has sides of machine code") };
        locations = &artifact.exits[parent.exit].locations;
        spills = artifact.spills;
    }
    if let Some(root) = link {
        let root: *const Trace = vm.jit.trace(root);
        // SAFETY: as above.
        let root = unsafe { &*root };
        let artifact = root.artifact.as_ref().expect("machine code links to machine code");
        if let Some(label) = root.label.as_ref() {
            let lies_as = codegen::shared_values(&root.body);
            values = label.values.iter().map(|&value| (value, lies_as[value.index()])).collect();
        }
        linked = Some((artifact, &values));
    }
    let target = linked.map(|(artifact, values)| codegen::Target { artifact, values });
    let inherited = codegen::Inherited { locations, spills, link: target, counter };
    let inherited = (parent.is_some() || own_frame).then_some(&inherited);
    let pins = [parent.map(|parent| parent.trace), link];
    let assemble = |vm: &mut Vm, body: &mut Body| {
        let arena = vm.jit.arena.as_mut().expect("made above");
        codegen::compile(body, trace, inherited, &options, &targets, arena)
    };
    let made = match assemble(vm, &mut body) {
        Err(CompileFailure::NoCodeMemory(bytes)) if evict::make_room(vm, bytes, &pins) => assemble(vm, &mut body),
        made => made,
    };
    match made {
        Ok(artifact) => Ok((body, label, Some(artifact), began.elapsed().as_nanos() as u64)),
        Err(failure) => Err(Abort {
            reason: match failure {
                CompileFailure::NoCodeMemory(_) => AbortReason::CodeMemoryFull,
                CompileFailure::TooBig => AbortReason::TraceTooLong,
                CompileFailure::Malformed(_) => AbortReason::NotEncodable,
            },
            detail: failure.to_string(),
        }),
    }
}

/// Name of the variable in a slot of the anchor frame.
fn slot_name(vm: &Vm, anchor: Option<CodeId>, slot: u16) -> String {
    let Some(code) = anchor else { return format!("slot {slot}") };
    // SAFETY: code objects live as long as the VM.
    let proto = unsafe { &(*call::code_pointer(vm, code)).proto };
    proto.local_names.get(slot as usize).map_or_else(|| format!("temporary {slot}"), |name| format!("'{name}'"))
}

/// Runs the trace of a loop, from its header on: see [`enter`].
///
/// # Errors
/// # Safety
/// As of [`enter`].
pub unsafe fn enter_loop(
    vm: &mut Vm,
    code: &Code,
    loop_index: u16,
    base: *mut Value,
    floor: usize,
) -> Outcome<Option<Value>> {
    if !vm.frames.has_room_for_trace() {
        return interpret_iteration(vm);
    }
    evict::chance(vm, &[]);
    let Some(id) = code.loops[loop_index as usize].trace else {
        // It has just been evicted.
        return interpret_iteration(vm);
    };
    // SAFETY: by the caller.
    unsafe { enter(vm, id, base, floor) }
}

fn interpret_iteration(vm: &mut Vm) -> Outcome<Option<Value>> {
    vm.frames.last_mut().expect("a loop runs in a frame").pc += 1;
    Ok(None)
}

/// Runs a trace until it is left. After an exit (`None`) the top frame is where the interpreter goes on; otherwise its
/// activation has come to its end with this result, and it is still there.
///
/// # Errors
/// The trace left because an exception is pending.
///
/// # Safety
/// `base` is register 0 of the top frame, which is where the trace starts.
unsafe fn enter(vm: &mut Vm, id: TraceId, base: *mut Value, floor: usize) -> Outcome<Option<Value>> {
    // Compiled code compares what generators say they are doing.
    chain::unpark(vm);
    let machine: *mut Vm = vm;
    vm.jit.totals.entries += 1;
    let trace = vm.jit.trace_mut(id);
    let counts_itself = trace.is_called() && trace.artifact.is_some();
    if !counts_itself {
        // SAFETY: points into the mapped log, which stays mapped, or to a leaked word.
        unsafe { *trace.entries += 1 };
    }
    let measured = trace.watchdog.is_measuring();
    // What it takes to get here is the interpreter's.
    let outer = vm.perf.enter_trace(id);
    let resume = match &trace.artifact {
        _ if measured => {
            let (resume, instructions, exited) = exit::measure(vm, id, base);
            watchdog::measured(vm, id, instructions, exited);
            resume
        }
        Some(artifact) => {
            let entry = artifact.entry;
            let watched = vm.jit.witness.as_mut().map(|witness| witness.enter(id, base));
            // SAFETY: the trace was compiled for this loop, whose registers are at `base`; no reference into the VM
            // is used until it returns.
            let resume = unsafe { codegen::enter(machine, base, entry) };
            if let (Some(witness), Some(watched)) = (&mut vm.jit.witness, watched) {
                witness.leave(watched);
            }
            resume
        }
        None => exit::interpret(vm, id, base),
    };
    vm.perf.leave(outer);
    if !matches!(Value(resume), Value::LEFT | Value::LEFT_RAISING) {
        return Ok(Some(Value(resume)));
    }
    if let Some((parent, snapshot)) = vm.jit.hot_exit.take() {
        policy::exit_is_hot(vm, parent, snapshot, floor);
    }
    if Value(resume) == Value::LEFT_RAISING { Err(Raised) } else { Ok(None) }
}
