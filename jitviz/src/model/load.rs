//! From records to the model: each record finds its place, and what has none becomes a problem.
//!
//! Definitions may come after what uses them, so records only fill tables here; names are looked up when shown.

use std::collections::BTreeMap;

use std::fmt;
use std::path::Path;

use jitlog::format::payload;
use jitlog::{Class, CounterKind, Event, OpcodeSet, ReadError, Reader, Types};

use super::{foreign, *};

/// Why there is no model at all.
#[derive(Debug)]
pub enum OpenError {
    Empty(String),
    /// It is another VM's log, and could not be imported.
    Import(jitlog::import::ImportError),
    /// Standard input is a pipe, in which one cannot go back.
    Pipe,
    Read(ReadError),
}

impl fmt::Display for OpenError {
    /// What is wrong, and what to do about it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match self {
            OpenError::Empty(name) => {
                return write!(f, "{name}: the file is empty; nothing was logged yet, or it was not written as a log");
            }
            OpenError::Pipe => {
                return f
                    .write_str("standard input is a pipe, but a log is read out of order; redirect a file: - < LOG");
            }
            OpenError::Import(error) => return error.fmt(f),
            OpenError::Read(error) => {
                write!(f, "{error}")?;
                match error {
                    ReadError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                        "check the name, or write a log with: jitvm --log FILE.jlog PROGRAM.py"
                    }
                    ReadError::Io { .. } => return Ok(()),
                    ReadError::NotALog { .. } => "write one with: jitvm --log FILE.jlog PROGRAM.py",
                    ReadError::Version { .. } | ReadError::Features { .. } => {
                        "use the jitviz that came with its writer"
                    }
                    ReadError::Damaged(_) => "jitlog check says what is still readable",
                }
            }
        };
        write!(f, "; {advice}")
    }
}

/// Opens a log. Once it is known to be one this never fails: what is wrong with it is in the model's problems.
pub fn open(path: &Path) -> Result<Model, OpenError> {
    let stdin = Path::new("/dev/stdin");
    let path = if path == Path::new("-") { stdin } else { path };
    let name = path.display().to_string();
    if std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() == 0) {
        return Err(OpenError::Empty(name));
    }
    let reader = match Reader::open(path) {
        Err(error @ ReadError::NotALog { .. }) => foreign::open(path).unwrap_or(Err(OpenError::Read(error)))?,
        Err(error) => return Err(failed(error)),
        Ok(reader) => reader,
    };
    Ok(read(&name, reader))
}

fn failed(error: ReadError) -> OpenError {
    match error {
        ReadError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotSeekable => OpenError::Pipe,
        error => OpenError::Read(error),
    }
}

fn read(name: &str, reader: Reader) -> Model {
    let mut loader = Loader::new(name);
    // Definitions first: events may be in blocks before those of what they name.
    for entry in reader.events().types(Types::class(Class::D)).flatten() {
        loader.define(&entry.event());
    }
    let mut events = reader.events();
    for entry in events.by_ref().flatten() {
        loader.event(entry.t_ns, &entry.event());
    }
    loader.unknown(events.unknown_skipped());
    for counter in reader.counters() {
        loader.counter(counter.definition.counter_id, counter.value);
    }
    // What stopped the iterators is among the reader's problems.
    for damage in reader.problems() {
        loader.problem(ProblemKind::Damage, "file", || damage.to_string());
    }
    let health = Health {
        word: reader.health().name().to_string(),
        text: health_text(&reader),
        dropped: reader.loss().dropped_events,
        file_bytes: reader.file_len(),
        events: 0,
    };
    let mut model = loader.finish(health);
    model.bodies = Bodies::Log(reader);
    model
}

/// What the log's state means; nothing if it is clean.
fn health_text(reader: &Reader) -> String {
    match reader.health() {
        jitlog::Health::Clean => String::new(),
        jitlog::Health::Open => "the program is still writing it".into(),
        jitlog::Health::Killed { last_ns } => {
            format!("the program was killed; the log is whole up to {}", crate::units::ns(last_ns))
        }
        jitlog::Health::Truncated { at } => format!("the file was cut at byte {at}; what is left was read"),
        jitlog::Health::Corrupt(_) => "parts are damaged and were left out, see the problems".into(),
    }
}

/// Takes records one by one and gives the model.
#[derive(Default)]
pub struct Loader {
    model: Model,
    problems: Problems,
    counters: BTreeMap<CounterId, Counter>,
    last_ns: u64,
    exit_ns: Option<u64>,
    /// The name of the marks that number iterations.
    iteration: jitlog::StringId,
    /// Interned strings, for the names of types.
    strings: BTreeMap<u32, String>,
}

/// The name of a mark at the start of a numbered iteration.
const ITERATION: &str = "iteration";
/// Lines of an imported file that were not read are counted so far.
const MOST_UNREAD: u64 = 1_000_000;
/// Interned strings that are kept.
const MOST_STRINGS: usize = 1 << 16;
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
                    argv: argv(d.argv, &mut self.problems),
                }
            }
            Event::SourceDef(d) => {
                model.program.sources.entry(SourceId(d.source_id.0)).or_default().path = d.path.to_string();
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
                };
                self.known_trace(e.trace_id, "pass_end").passes.push(pass);
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
            }
            Event::CodeFree(e) => self.known_trace(e.trace_id, "code_free").freed_ns = Some(t_ns),
            Event::BridgeAttach(e) => {
                if let Some(guard) = self.guard(e.guard_id, "bridge_attach") {
                    guard.bridge = Some(TraceId(e.bridge_trace.0));
                }
            }
            Event::Bailout(e) => {
                let bailout = Bailout {
                    observed_type: e.observed_type.0,
                    observed_text: e.observed_text.to_string(),
                    weight: e.weight,
                    cost_ns: e.cost_ns,
                };
                if let Some(guard) = self.guard(e.guard_id, "bailout") {
                    guard.seen_at(t_ns);
                    guard.bailouts.push(bailout);
                }
            }
            Event::Invalidate(e) => {
                let reason = e.reason.0;
                let trace = self.known_trace(e.trace_id, "invalidate");
                trace.invalidated.push(reason);
                trace.invalidated_ns.get_or_insert(t_ns);
            }
            Event::Blacklist(e) => self.model.blacklisted.push(LocId(e.loc_id.0)),
            Event::Sample(e) => self.model.samples.add(t_ns, e),
            Event::StateTime(e) => self.model.samples.timed(t_ns, e.state, e.dur_ns),
            Event::AllocSample(e) => {
                let name = self.strings.get(&e.type_str.0).map(String::as_str).unwrap_or("?");
                self.model.allocs.add(LocId(e.loc_id.0), name, e.weight_bytes);
            }
            Event::Mark(e) => self.mark(t_ns, e.name_str),
            Event::SamplesLost(e) => {
                self.model.samples.lost += u64::from(e.n);
                self.problems.add(ProblemKind::Dropped, "samples", || format!("{} samples could not be taken", e.n));
            }
            Event::CounterDelta(e) => self.deltas(t_ns, e.entries),
            Event::GcEnd(e) => {
                let collection = Collection {
                    at_ns: t_ns,
                    pause_ns: e.pause_ns,
                    before_bytes: e.before_bytes,
                    after_bytes: e.after_bytes,
                };
                self.model.collections.push(collection);
                self.model.samples.timed(t_ns, jitlog::SampleState::Gc, e.pause_ns);
            }
            Event::ExitStatus(e) => {
                self.exit_ns = Some(t_ns);
                self.model.exit = Some(Exit { how: e.how.to_string(), status: e.status });
            }
            Event::Heap(e) => {
                let heap = Heap { at_ns: t_ns, used: e.used_bytes, allocated_total: e.allocated_total_bytes };
                self.model.heap.push(heap);
            }
            Event::Codemem(e) => self.model.code_mem_used = Some(e.used_bytes),
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
            let counter = self.counters.get(&CounterId(delta.counter_id.0));
            if counter.is_some_and(|c| matches!(c.kind, CounterKind::LoopIter | CounterKind::CallCount)) {
                work = work.saturating_add(u64::from(delta.delta));
            }
            let Some(counter) = counter.filter(|c| c.kind == CounterKind::GuardFail) else { continue };
            if let Some(guard) = id_of(counter.entity).and_then(|id| self.model.guards.get_mut(&GuardId(id))) {
                guard.seen_at(t_ns);
                guard.failed_at.push((t_ns, u64::from(delta.delta)));
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
    fn unknown(&mut self, count: u64) {
        if count > 0 {
            self.problem(ProblemKind::Unknown, "event type", || {
                format!("{count} events of kinds that this version of jitviz does not know were skipped")
            });
        }
    }

    /// Adds what the reader noticed about the file itself.
    fn problem(&mut self, kind: ProblemKind, about: &'static str, text: impl FnOnce() -> String) {
        self.problems.add(kind, about, text);
    }

    pub fn finish(mut self, mut health: Health) -> Model {
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
