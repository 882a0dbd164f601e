//! From records to the model: each record finds its place, and what has none becomes a problem.
//!
//! Definitions may come after what uses them, so records only fill tables here; names are looked up when shown.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use jitlog::format::payload;
use jitlog::{CounterKind, Event, OpcodeSet};

use super::log::Growth;
use super::samples::Tick;
use super::*;

pub use super::log::{OpenError, open};

/// Takes records one by one and gives the model.
#[derive(Clone, Default)]
pub struct Loader {
    pub(super) model: Model,
    problems: Problems,
    counters: BTreeMap<CounterId, Counter>,
    last_ns: u64,
    exit_ns: Option<u64>,
    /// The name of the marks that number iterations.
    iteration: jitlog::StringId,
    /// Interned strings, for the names of types.
    strings: BTreeMap<u32, String>,
    /// Functions that have code, inlined ones included, and the places of the guards of traces that are not installed yet.
    compiled: BTreeSet<FuncId>,
    guarded: BTreeMap<TraceId, BTreeSet<LocId>>,
    /// The collection that began and has not ended yet.
    collecting: Collection,
    /// Only kept for a part of the time.
    growth: Growth,
    /// Whether what is read now comes before the part.
    before: bool,
}

/// The name of a mark at the start of a numbered iteration.
const ITERATION: &str = "iteration";
/// Lines of an imported file that were not read are counted so far.
const MOST_UNREAD: u64 = 1_000_000;
/// Interned strings that are kept.
const MOST_STRINGS: usize = 1 << 16;
/// Phases of one collection that are kept.
const MOST_PHASES: usize = 64;
/// Moments and stretches of counted work that are kept.
const MOST_MOMENTS: usize = 1 << 20;
/// Marks of iterations that are kept.
const MOST_ITERATIONS: usize = 1 << 20;

#[derive(Clone, Copy)]
struct Counter {
    kind: CounterKind,
    entity: u64,
    detail: u64,
}

/// A name from the log's numbers, where 0 means none.
fn some<T, U>(raw: T, id: fn(T) -> U) -> Option<U>
where
    T: PartialEq + Default,
{
    (raw != T::default()).then(|| id(raw))
}

impl Loader {
    pub fn new(name: &str) -> Loader {
        Loader { model: Model { name: name.to_string(), ..Model::default() }, ..Loader::default() }
    }

    /// A definition.
    pub fn define(&mut self, event: &Event<'_>) {
        let model = &mut self.model;
        match event {
            Event::ProcessDef(d) => {
                model.program.process = Process {
                    vm_name: d.vm_name.to_string(),
                    vm_version: d.vm_version.to_string(),
                    vm_commit: d.vm_commit.to_string(),
                    argv: argv(d.argv, &mut self.problems),
                    config: if d.config == "{}" { String::new() } else { d.config.to_string() },
                    machine: [d.os, d.arch, d.cpu_model].map(str::trim).join(" ").trim().to_string(),
                }
            }
            Event::SourceDef(d) => {
                let source = model.program.sources.entry(SourceId(d.source_id.0)).or_default();
                (source.path, source.hash) = (d.path.to_string(), d.content_hash.0);
            }
            Event::FuncDef(d) => {
                let func = Func { source: SourceId(d.source_id.0), name: d.name.to_string() };
                model.program.funcs.insert(FuncId(d.func_id.0), func);
            }
            Event::LocDef(d) => {
                let loc = Loc { func: FuncId(d.func_id.0), line: d.line };
                model.program.locs.insert(LocId(d.loc_id.0), loc);
            }
            Event::StackDef(d) => {
                let stack = Stack { parent: some(d.parent_stack.0, StackId), loc: LocId(d.loc_id.0) };
                model.program.stacks.insert(StackId(d.stack_id.0), stack);
            }
            Event::CounterDef(d) => {
                let counter = Counter { kind: d.kind, entity: d.entity, detail: d.detail };
                self.counters.insert(CounterId(d.counter_id.0), counter);
            }
            Event::OpcodeDef(d) if d.set == OpcodeSet::Ir => {
                let def = OpDef { name: d.name.to_string(), flags: OpFlags(d.flags) };
                model.words.ir_ops.insert(d.op, def);
            }
            Event::IrTypeDef(d) => {
                model.words.ir_types.insert(d.ty, d.name.to_string());
            }
            Event::PassDef(d) => {
                model.words.passes.insert(PassId(d.pass_id.0), d.name.to_string());
            }
            Event::ReasonDef(d) => {
                let reason = Reason { name: d.name.to_string(), text: d.text.to_string() };
                model.words.reasons.insert((d.domain, d.code), reason);
            }
            Event::StringDef(d) => {
                if d.text == ITERATION {
                    self.iteration = d.id;
                }
                if self.strings.len() < MOST_STRINGS {
                    self.strings.insert(d.id.0, d.text.to_string());
                }
            }
            Event::MappingDef(d) => model.samples.native.mapping(d),
            Event::AbsentDef(d) => {
                model.absent.insert(d.fact, d.switch.to_string());
            }
            Event::UnreadDef(d) => {
                let (kind, about) = match d.kind {
                    jitlog::UnreadKind::Unknown => (ProblemKind::Unknown, "imported line"),
                    _ => (ProblemKind::Damage, "imported file"),
                };
                for _ in 0..d.count.clamp(1, MOST_UNREAD) {
                    let at = if d.line > 0 { format!(":{}", d.line) } else { format!(": byte {}", d.byte) };
                    self.problems.add(kind, about, || format!("{}{at}: {}: {}", d.file, d.kind, d.text));
                }
            }
            Event::GuardDef(d) => {
                let id = GuardId(d.guard_id.0);
                let guard = model.guards.entry(id).or_insert_with(|| Guard::new(id, TraceId(d.trace_id.0)));
                guard.trace = TraceId(d.trace_id.0);
                guard.ordinal = d.ordinal;
                guard.kind = d.kind.0;
                guard.op = OpIx(d.ir_op_id.0);
                guard.loc = LocId(d.loc_id.0);
                self.guarded.entry(TraceId(d.trace_id.0)).or_default().insert(LocId(d.loc_id.0));
                guard.expected = d.expected.to_string();
                guard.fingerprint = d.guard_fp.0;
            }
            _ => {}
        }
    }

    /// Something that happened, `t_ns` after the start of the log.
    pub fn event(&mut self, t_ns: u64, event: &Event<'_>) {
        // What follows the end of the program is the closing of the log.
        let t_ns = self.exit_ns.map_or(t_ns, |exit| t_ns.min(exit));
        self.last_ns = self.last_ns.max(t_ns);
        self.model.health.events += 1;
        match event {
            Event::TraceStart(e) => {
                let trace = self.trace(e.trace_id);
                trace.kind = e.kind;
                trace.loc = LocId(e.loc_id.0);
                trace.parent = some(e.parent_trace.0, TraceId);
                trace.parent_guard = some(e.parent_guard.0, GuardId);
                trace.started_ns = t_ns;
                self.moment(t_ns, What::Recording(TraceId(e.trace_id.0)));
            }
            Event::TraceAbort(e) => {
                let abort = Abort {
                    at_ns: t_ns,
                    reason: e.reason.0,
                    loc: LocId(e.loc_id.0),
                    bytecodes: e.n_bytecodes,
                    ops: e.n_ir,
                    record_ns: e.record_ns,
                    retry: e.retry != 0,
                    blacklisted: e.blacklisted != 0,
                    detail: e.detail.to_string(),
                };
                self.known_trace(e.trace_id, "trace_abort").abort = Some(abort);
                self.moment(t_ns, What::Aborted(TraceId(e.trace_id.0)));
            }
            Event::TraceStop(e) => {
                let stop = Stop {
                    bytecodes: e.n_bytecodes,
                    ops: e.n_ir,
                    record_ns: e.record_ns,
                    link_kind: e.link_kind.0,
                    link: some(e.link_trace.0, TraceId),
                    fingerprint: e.trace_fp.0,
                };
                self.known_trace(e.trace_id, "trace_stop").stop = Some(stop);
                self.moment(t_ns, What::Recorded(TraceId(e.trace_id.0)));
            }
            Event::PassEnd(e) => {
                let pass = Pass {
                    id: PassId(e.pass_id.0),
                    stage: StageIx(e.index),
                    dur_ns: e.dur_ns,
                    ops_in: e.ops_in,
                    ops_out: e.ops_out,
                    guards_in: e.guards_in,
                    guards_out: e.guards_out,
                    changed: e.changed != 0,
                    rules: Vec::new(),
                };
                self.known_trace(e.trace_id, "pass_end").passes.push(pass);
            }
            Event::RuleUse(e) => {
                let passes = &mut self.known_trace(e.trace_id, "rule").passes;
                if let Some(pass) = passes.iter_mut().rfind(|pass| pass.stage == StageIx(e.index)) {
                    pass.rules.push((e.rule, e.count));
                }
            }
            Event::Decision(e) => {
                let decision = Decision {
                    about: e.about,
                    reason: e.reason.0,
                    stage: StageIx(e.pass_index),
                    index: e.index,
                    loc: LocId(e.loc_id.0),
                    callee: FuncId(e.func_id.0),
                    because: LocId(e.because_loc.0),
                };
                self.known_trace(e.trace_id, "decision").decisions.push(decision);
            }
            Event::CompileEnd(e) => {
                let compile = Compile {
                    outcome: e.outcome,
                    reason: e.reason.0,
                    compile_ns: e.compile_ns,
                    code_bytes: e.code_bytes,
                    data_bytes: e.data_bytes,
                };
                self.known_trace(e.trace_id, "compile_end").compile = Some(compile);
            }
            Event::CodeInstall(e) => {
                let trace = self.known_trace(e.trace_id, "code_install");
                trace.installed_ns = Some(t_ns);
                trace.address = some(e.addr.0, |address| address);
                let start = trace.loc;
                let inside = self.guarded.remove(&TraceId(e.trace_id.0)).unwrap_or_default();
                let places = inside.iter().chain([&start]);
                self.compiled.extend(places.filter_map(|loc| Some(self.model.program.locs.get(loc)?.func)));
                self.moment(t_ns, What::Installed(TraceId(e.trace_id.0)));
            }
            Event::CodeFree(e) => {
                self.known_trace(e.trace_id, "code_free").freed_ns = Some(t_ns);
                self.moment(t_ns, What::Freed(TraceId(e.trace_id.0)));
            }
            Event::CodememFlush(_) => self.moment(t_ns, What::Flushed),
            Event::BridgeAttach(e) => {
                if let Some(guard) = self.guard(e.guard_id, "bridge_attach") {
                    guard.bridge = Some(TraceId(e.bridge_trace.0));
                }
                let (guard, bridge) = (GuardId(e.guard_id.0), TraceId(e.bridge_trace.0));
                self.moment(t_ns, What::Attached { guard, bridge });
            }
            Event::Bailout(e) => {
                if self.before {
                    if let Some(guard) = self.model.guards.get_mut(&GuardId(e.guard_id.0)) {
                        guard.left(t_ns, e.weight, true);
                    }
                } else if let Some(guard) = self.guard(e.guard_id, "bailout") {
                    let first = guard.first_ns.is_none();
                    guard.left(t_ns, e.weight, false);
                    guard.bailouts.add(e.observed_type.0, e.observed_text, e.weight, e.cost_ns);
                    if first {
                        self.moment(t_ns, What::FirstFailure(GuardId(e.guard_id.0)));
                    }
                }
            }
            Event::Invalidate(e) => {
                let reason = e.reason.0;
                let trace = self.known_trace(e.trace_id, "invalidate");
                trace.invalidated.push(reason);
                trace.invalidated_ns.get_or_insert(t_ns);
                self.moment(t_ns, What::Invalidated(TraceId(e.trace_id.0)));
            }
            Event::Blacklist(e) => {
                self.model.blacklisted.push(LocId(e.loc_id.0));
                self.moment(t_ns, What::GivenUp(LocId(e.loc_id.0)));
            }
            Event::Sample(e) => {
                let is_early = self.is_early(e);
                let (end_ns, weight_ns) = self.cut(t_ns, e.weight_ns);
                self.model.samples.add(end_ns, &jitlog::Sample { weight_ns, ..*e }, is_early);
            }
            Event::Sampling(e) => {
                self.model.samples.tick = Tick::new(e.hz, e.source != jitlog::SampleSource::Perf);
                self.model.samples.sampling = Some(Sampling {
                    hz: e.hz,
                    asked_hz: some(e.asked_hz, |hz| hz),
                    source: e.source.to_string(),
                    tick_ns: some(e.tick_ns, |ns| ns),
                    note: Some(e.note.to_string()).filter(|note| !note.is_empty()),
                });
            }
            Event::PerfCount(e) => {
                let running = (u128::from(e.running_ns) * 1_000).checked_div(u128::from(e.enabled_ns));
                let count = KernelCount {
                    counter: e.counter.to_string(),
                    value: Some(e.value),
                    running_permille: running.map(|permille| permille.min(1_000) as u64),
                    missing: None,
                };
                self.model.samples.kernel.insert(e.counter.0, count);
            }
            Event::PerfMissing(e) => {
                let (counter, missing) = (e.counter.to_string(), Some(e.reason.to_string()));
                let count = KernelCount { counter, value: None, running_permille: None, missing };
                self.model.samples.kernel.insert(e.counter.0, count);
            }
            Event::NativeStack(e) => self.model.samples.native.stack(e.addresses),
            Event::StateTime(e) => self.timed(t_ns, e.state, e.dur_ns),
            Event::AllocSample(e) => {
                self.model.allocs.add(LocId(e.loc_id.0), e.type_str.0, e.weight_bytes);
            }
            Event::HeapType(e) => {
                self.model.objects.living(e.gc_id.0, t_ns, (e.type_str.0, e.objs, e.bytes));
            }
            Event::Shape(e) => {
                let shape = objects::Shape {
                    parent: e.parent_shape.0,
                    class: e.class_str.0,
                    attribute: e.attribute_str.0,
                    loc: LocId(e.loc_id.0),
                    attributes: e.attributes,
                    is_dictionary: e.is_dictionary != 0,
                };
                self.model.objects.shape(e.shape_id.0, shape);
            }
            Event::CacheMiss(e) => {
                self.model.objects.missed(LocId(e.loc_id.0), e.kind, e.type_str.0, e.misses, e.entries);
            }
            Event::Mark(e) => self.mark(t_ns, e.name_str),
            Event::SamplesLost(e) => {
                self.model.samples.lost += u64::from(e.n);
                self.problems.add(ProblemKind::Dropped, "samples", || format!("{} samples could not be taken", e.n));
            }
            Event::CounterDelta(e) => self.deltas(t_ns, e.entries),
            Event::GcBegin(e) => self.collecting = Collection { cause: Some(e.cause.0), ..Collection::default() },
            // Bounded by what is known of any collector: more are of a damaged log.
            Event::GcPhase(e) if self.collecting.phases.len() < MOST_PHASES => {
                self.collecting.phases.push((e.phase.0, e.dur_ns));
            }
            Event::GcEnd(e) => {
                let collection = Collection {
                    at_ns: t_ns,
                    pause_ns: e.pause_ns,
                    before_bytes: e.before_bytes,
                    after_bytes: e.after_bytes,
                    freed_objects: e.freed_objs,
                    ..std::mem::take(&mut self.collecting)
                };
                self.moment(t_ns, What::Collected(self.model.collections.len()));
                self.model.collections.push(collection);
                self.timed(t_ns, jitlog::SampleState::Gc, e.pause_ns);
            }
            Event::ExitStatus(e) => {
                self.exit_ns = Some(t_ns);
                self.model.exit = Some(Exit { how: e.how.to_string(), status: e.status });
                self.moment(t_ns, What::Ended);
            }
            Event::Memory(e) => {
                let account =
                    Resident { at_ns: t_ns, bytes: e.resident_bytes, peak_bytes: e.peak_bytes, parts: Vec::new() };
                self.model.resident.push(account);
            }
            Event::MemoryPart(e) => {
                // A purpose has 8 bits: more parts are of a damaged log.
                let last = self.model.resident.last_mut();
                if let Some(account) = last.filter(|account| account.parts.len() <= usize::from(u8::MAX)) {
                    account.parts.push((e.part, e.bytes));
                }
            }
            Event::Heap(e) => {
                let heap = Heap {
                    at_ns: t_ns,
                    used: e.used_bytes,
                    committed: e.committed_bytes,
                    allocated_total: e.allocated_total_bytes,
                    live_objects: e.live_objs,
                };
                self.model.heap.push(heap);
            }
            Event::Codemem(e) => {
                self.model.code_mem_used = Some(e.used_bytes);
                self.model.code_mem.push((t_ns, e.used_bytes));
                self.model.code_committed.push((t_ns, e.committed_bytes));
            }
            _ => {}
        }
    }

    fn trace(&mut self, id: jitlog::TraceId) -> &mut Trace {
        let id = TraceId(id.0);
        self.model.traces.entry(id).or_insert_with(|| Trace::new(id))
    }

    /// The trace, which an earlier event should have started.
    fn known_trace(&mut self, id: jitlog::TraceId, event: &'static str) -> &mut Trace {
        if !self.model.traces.contains_key(&TraceId(id.0)) {
            self.problems
                .add(ProblemKind::Dangling, event, || format!("{event} for trace {id}, whose start is not in the log"));
        }
        self.trace(id)
    }

    fn guard(&mut self, id: jitlog::GuardId, event: &'static str) -> Option<&mut Guard> {
        let guard = self.model.guards.get_mut(&GuardId(id.0));
        if guard.is_none() {
            self.problems
                .add(ProblemKind::Dangling, event, || format!("{event} for guard {id}, which the log does not define"));
        }
        guard
    }

    fn moment(&mut self, at_ns: u64, what: What) {
        if self.model.moments.len() < MOST_MOMENTS {
            self.model.moments.push(Moment { at_ns, what });
        } else {
            self.problems.add(ProblemKind::Dropped, "moments", || {
                format!("events after the first {MOST_MOMENTS} cannot be stepped through")
            });
        }
    }

    /// From here on come events before the part of the time that is asked for.
    pub(super) fn begin_before(&mut self) {
        self.before = true;
    }

    /// From here on come events of the part.
    pub(super) fn begin_within(&mut self) {
        self.before = false;
        self.model.health.events = 0;
        self.model.moments.clear();
    }

    /// Of something that took so long up to a moment, what is in the part: when that ends, and how long it is.
    fn cut(&self, t_ns: u64, ns: u64) -> (u64, u64) {
        let Some(span) = self.model.span else { return (t_ns, ns) };
        let end_ns = t_ns.min(span.to_ns);
        (end_ns, ns.min(t_ns).min(end_ns.saturating_sub(span.from_ns.max(t_ns.saturating_sub(ns)))))
    }

    fn timed(&mut self, t_ns: u64, state: jitlog::SampleState, ns: u64) {
        let (end_ns, ns) = self.cut(t_ns, ns);
        self.model.samples.timed(end_ns, state, ns);
    }

    /// An event after the part: the time that it tells may have begun within. The first sample is the last of these.
    pub(super) fn reaches_in(&mut self, t_ns: u64, event: &Event<'_>) -> ControlFlow<()> {
        let (state, ns) = match event {
            Event::StateTime(e) => (e.state, e.dur_ns),
            Event::GcEnd(e) => (jitlog::SampleState::Gc, e.pause_ns),
            Event::Sample(e) => {
                let is_early = self.is_early(e);
                let (end_ns, weight_ns) = self.cut(t_ns, e.weight_ns);
                if weight_ns > 0 {
                    self.model.samples.add_part(end_ns, &jitlog::Sample { weight_ns, ..*e }, is_early);
                }
                return ControlFlow::Break(());
            }
            _ => return ControlFlow::Continue(()),
        };
        if self.cut(t_ns, ns).1 > 0 {
            self.timed(t_ns, state, ns);
        }
        ControlFlow::Continue(())
    }

    /// The VM times the work of its JIT: none within the part is none, not unknown.
    pub(super) fn times_jit(&mut self) {
        self.model.samples.timed_ns.entry(jitlog::SampleState::Record).or_default();
    }

    fn is_early(&self, sample: &jitlog::Sample) -> bool {
        let function = self.model.program.locs.get(&LocId(sample.loc_id.0)).map(|loc| loc.func);
        function.is_none_or(|function| !self.compiled.contains(&function))
    }

    /// What a counter grew by within the part, up to the end, from its total.
    pub(super) fn since(&self, id: jitlog::CounterId, total: u64) -> u64 {
        total.saturating_sub(self.growth.before(id))
    }

    /// What a counter grew by within the part, as far as it was read.
    pub(super) fn grown(&self, id: jitlog::CounterId) -> u64 {
        self.growth.within(id)
    }

    /// Whoever watched the reading has stopped it.
    pub(super) fn stopped(&mut self) {
        let at = crate::units::ns(self.last_ns);
        self.problem(ProblemKind::Dropped, "reading", || {
            format!("reading was stopped: numbers from events are of the time up to {at}")
        });
    }

    fn mark(&mut self, t_ns: u64, name: jitlog::StringId) {
        if name != self.iteration || name.is_none() {
            return;
        }
        if self.model.iterations.len() < MOST_ITERATIONS {
            self.model.iterations.push(t_ns);
        } else {
            self.problems.add(ProblemKind::Dropped, "iterations", || {
                format!("iterations after the first {MOST_ITERATIONS} are not looked at")
            });
        }
    }

    /// Increments of counters place a guard's failures in time.
    fn deltas(&mut self, t_ns: u64, entries: &[u8]) {
        let mut work = 0_u64;
        for delta in payload::parse_deltas(entries).filter(|d| d.delta > 0) {
            if self.model.span.is_some() {
                self.growth.add(delta.counter_id, u64::from(delta.delta), self.before);
            }
            let counter = self.counters.get(&CounterId(delta.counter_id.0));
            if !self.before && counter.is_some_and(|c| matches!(c.kind, CounterKind::LoopIter | CounterKind::CallCount))
            {
                work = work.saturating_add(u64::from(delta.delta));
            }
            let Some(counter) = counter.filter(|c| c.kind == CounterKind::GuardFail) else { continue };
            if let Some(guard) = id_of(counter.entity).and_then(|id| self.model.guards.get_mut(&GuardId(id))) {
                guard.counted(t_ns, delta.delta.into(), self.before);
            }
        }
        if work > 0 {
            self.model.work.push((t_ns, work));
        }
    }

    /// The final value of a counter.
    pub fn counter(&mut self, id: jitlog::CounterId, value: u64) {
        let Some(counter) = self.counters.get(&CounterId(id.0)) else {
            if value > 0 {
                self.problems.add(ProblemKind::Dangling, "counter", || {
                    format!("counter {id} counted to {value}, but the log does not say what it counts")
                });
            }
            return;
        };
        let Some(entity) = id_of(counter.entity) else { return };
        let counts = &mut self.model.counts;
        let sum = match counter.kind {
            CounterKind::TraceExec => counts.trace_exec.entry(TraceId(entity)).or_default(),
            CounterKind::LoopIter => counts.loop_iter.entry(TraceId(entity)).or_default(),
            CounterKind::GuardFail | CounterKind::GuardObserved => {
                let Some(guard) = self.model.guards.get_mut(&GuardId(entity)) else {
                    self.problems.add(ProblemKind::Dangling, "guard counter", || {
                        format!("counter {id} counts failures of guard {entity}, which the log does not define")
                    });
                    return;
                };
                if counter.kind == CounterKind::GuardFail {
                    guard.failures.get_or_insert_default()
                } else {
                    guard.observed.entry(counter.detail as u32).or_default()
                }
            }
            _ => return,
        };
        *sum = sum.saturating_add(value);
    }

    /// Events were skipped because they are of a newer version.
    pub(super) fn unknown(&mut self, count: u64) {
        if count > 0 {
            self.problem(ProblemKind::Unknown, "event type", || {
                format!("{count} events of kinds that this version of jitviz does not know were skipped")
            });
        }
    }

    /// Adds what the reader noticed about the file itself.
    pub(super) fn problem(&mut self, kind: ProblemKind, about: &'static str, text: impl FnOnce() -> String) {
        self.problems.add(kind, about, text);
    }

    /// Of a part of the time: only what was there then.
    fn confine(&mut self, span: Span) {
        let model = &mut self.model;
        let gone = |at: Option<u64>| at.is_some_and(|at| at < span.from_ns);
        model.traces.retain(|_, t| !gone(t.abort.as_ref().map(|a| a.at_ns)) && !gone(t.freed_ns));
        let traces = &model.traces;
        model.guards.retain(|_, g| traces.get(&g.trace).is_some_and(|t| t.became_code()));
        model.counts.trace_exec.retain(|id, _| traces.contains_key(id));
        model.counts.loop_iter.retain(|id, _| traces.contains_key(id));
        if span.to_ns != u64::MAX {
            self.last_ns = span.to_ns;
        }
        self.last_ns = self.last_ns.saturating_sub(span.from_ns);
    }

    pub fn finish(mut self, mut health: Health) -> Model {
        self.model.samples.settle();
        if let Some(span) = self.model.span {
            self.confine(span);
        }
        for guard in self.model.guards.values_mut() {
            guard.failures = guard.failures.map(|counted| guard.failures_of(counted));
        }
        for guard in self.model.guards.values().filter(|g| !self.model.traces.contains_key(&g.trace)) {
            self.problems.add(ProblemKind::Dangling, "guard", || {
                format!("guard {} belongs to trace {}, whose start is not in the log", guard.id, guard.trace)
            });
        }
        if health.dropped > 0 {
            let dropped = health.dropped;
            self.problems.add(ProblemKind::Dropped, "events", || {
                format!("{dropped} events were dropped while the program ran: counts from events are too low, counters are exact")
            });
        }
        self.model.objects.settle();
        let named = self.model.allocs.by_site.keys().map(|key| key.1).chain(self.model.objects.names());
        let name = |id: u32| Some((id, self.strings.get(&id)?.clone()));
        self.model.words.types = named.filter_map(name).collect();
        health.events = self.model.health.events;
        self.model.health = health;
        self.model.duration_ns = self.last_ns;
        self.model.problems = self.problems.into_vec();
        self.model
    }
}

/// Counters name what they count in 64 bits; ids have 32.
fn id_of(entity: u64) -> Option<u32> {
    u32::try_from(entity).ok()
}

/// The arguments, a JSON list.
fn argv(json: &str, problems: &mut Problems) -> Vec<String> {
    if json.is_empty() {
        return Vec::new();
    }
    serde_json::from_str(json).unwrap_or_else(|_| {
        problems.add(ProblemKind::Malformed, "argv", || "the program's arguments are not a JSON list".into());
        Vec::new()
    })
}
