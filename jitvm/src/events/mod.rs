//! What the VM writes down: the only module of jitvm that knows jitlog.
//!
//! Events are written at transitions (a recording starts, a pass ends, a trace is left), never per iteration; what
//! happens more often is counted in slots of the mapped log. With the log off none of this is reached.

mod decisions;
mod dump;
mod objects;
mod places;
mod vocabulary;

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use jitlog::{
    AllocSample, Bailout, Blacklist, BridgeAttach, Bytecode, Code as CodeBytes, CodeFree, CodeFreeReason, CodeInstall,
    CodeMap, Codemem, CompileEnd, CompileOutcome, CompileStart, CounterKind, CounterSlot, Defs, ExitHow, ExitReason,
    ExitStatus, Fingerprint, FuncId, GcBegin, GcCause, GcEnd, GcId, GcKind, GcPhase, GcPhaseKind, GuardAction,
    GuardDef, GuardHot, GuardId, GuardKind, Heap, Hot, HotWhat, Invalidate, InvalidateReason, Ir, IrOpId, LinkKind,
    LocId, Log, LogOptions, MappingDef, Mark, Memory, MemoryPart, ObservedType, PassEnd, PerfCount, PerfCounter,
    PerfMissing, Places, RawWord, RuleUse, SampleSource, SampleState, Sampling, SignalStream, SourceId, StackId,
    StateTime, Stream, StreamKind, TraceAbort, TraceKind, TraceStart, TraceStop, VmInfo,
};

use dump::Dump;
pub use jitlog::CacheKind;
use places::PlaceTable;
use vocabulary::{define_tables, expectation, expected_type, observed, observed_text};
pub use vocabulary::{observed_name, observed_type};

use crate::codegen::CodeRange;
use crate::interp::call;
use crate::ir::{Body, CodeId, Op, Origin, Snapshot, TraceId, Ty};
use crate::library::BuiltinRow;
use crate::optimise::{PASSES, PassReport, RULES};
use crate::perf::{self, BuiltinIds};
use crate::runtime::collect::{GcKind as GcKindOfHeap, GcRecord};
use crate::runtime::types::TypeId;
use crate::runtime::vm::Vm;
use crate::sizes;
use crate::trace::Trace;
use crate::trace::abort::{BlacklistReason, RetireReason};
use crate::trace::policy::side_threshold;
use crate::trace::recorder::{Abort, Parent, RecordedBytecode, Recorder};

/// How much is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// Events and counters only.
    Events,
    /// IR, bytecode and machine code too.
    Full,
}

/// What the log knows of a guard.
struct LoggedGuard {
    id: GuardId,
    loc: LocId,
    kind: Op,
    failures: CounterSlot,
    /// By observed type.
    observed: Vec<(u16, CounterSlot)>,
    /// Failures when the last bailout was written.
    reported: u64,
}

/// The log of a running VM.
pub struct Events {
    log: Log,
    /// The log's file as the kernel names it.
    path: String,
    stream: Stream,
    level: Level,
    /// Failures of a guard written one by one before only some are.
    bailouts_logged: u64,
    places: PlaceTable,
    dump: Dump,
    /// By trace id: a table, since every exit of a trace asks.
    guards: Vec<Vec<LoggedGuard>>,
    fingerprints: HashMap<TraceId, Fingerprint>,
    next_pass: u16,
    collections: u32,
    /// Hidden classes that the log knows.
    shapes: usize,
    /// When objects are counted by type again.
    next_census: Instant,
}

impl Events {
    /// Creates the log and describes the VM in it.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(
        path: &Path,
        max_bytes: Option<u64>,
        level: Level,
        bailouts_logged: u64,
        arguments: &[String],
        config: &str,
    ) -> std::io::Result<Events> {
        let mut options = LogOptions::new(path);
        if let Some(bytes) = max_bytes {
            options = options.max_bytes(bytes);
        }
        let log = Log::create(options)?;
        log.process(VmInfo {
            name: "jitvm",
            version: env!("CARGO_PKG_VERSION"),
            commit: option_env!("JITVM_COMMIT").unwrap_or(""),
            argv: arguments,
            config,
        });
        let stream = log.stream("main", StreamKind::Mutator);
        define_tables(&log);
        let path = path.canonicalize().map_or_else(|_| String::new(), |path| path.display().to_string());
        Ok(Events {
            log,
            path,
            stream,
            level,
            bailouts_logged,
            places: PlaceTable::default(),
            dump: Dump::default(),
            guards: Vec::new(),
            fingerprints: HashMap::new(),
            next_pass: 0,
            collections: 0,
            shapes: 0,
            next_census: Instant::now(),
        })
    }

    // --- places -------------------------------------------------------------------------------------------------

    fn loc(&mut self, vm: &Vm, origin: Origin) -> LocId {
        self.places.loc(&self.log, &mut self.stream, vm, origin)
    }

    fn stack(&mut self, vm: &Vm, snapshot: &Snapshot) -> StackId {
        self.places.stack(&self.log, &mut self.stream, vm, snapshot)
    }

    /// Other codes take the numbers of `count` codes from `first` on.
    pub fn forget_codes(&mut self, first: CodeId, count: usize) {
        self.places.forget(first, count);
    }

    // --- samples ------------------------------------------------------------------------------------------------

    /// A stream for the sampler's signal handler.
    pub fn signal_stream(&self) -> SignalStream {
        self.log.signal_stream("samples")
    }

    pub fn definitions(&self) -> Defs {
        self.log.defs()
    }

    /// The log's file as the kernel names it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A mapped file of machine code.
    pub fn mapping(&self, mapping: &MappingDef) {
        self.log.defs().mapping(mapping);
    }

    /// How samples are taken.
    pub fn sampling(&mut self, rate: perf::Chosen, source: perf::Source, note: &str) {
        let source = match source {
            perf::Source::Timer => SampleSource::Timer,
            perf::Source::Perf => SampleSource::Perf,
        };
        let perf::Chosen { hz, asked_hz, tick_ns, grid_ns: _ } = rate;
        self.stream.sampling(&Sampling { hz, asked_hz, source, tick_ns, note });
    }

    /// Memory of the log beside its file, about.
    pub fn table_bytes(&self) -> u64 {
        let guards = self
            .guards
            .iter()
            .map(|guards| sizes::list(guards) + guards.iter().map(|guard| sizes::list(&guard.observed)).sum::<usize>());
        let own = guards.sum::<usize>()
            + sizes::list(&self.guards)
            + self.places.table_bytes()
            + self.dump.table_bytes()
            + sizes::table(&self.fingerprints);
        (own + self.log.table_bytes()) as u64
    }

    /// A counter that the kernel does not have.
    pub fn counter_missing(&mut self, counter: PerfCounter, reason: &str) {
        self.stream.perf_missing(&PerfMissing { counter, reason });
    }

    pub fn counted(&mut self, count: PerfCount) {
        self.stream.perf_count(&count);
    }

    /// What was allocated where no sample tells of it: `when` says when.
    pub fn allocated_unseen(&mut self, when: &str, weight_bytes: u64) {
        let type_str = self.log.defs().string(when);
        self.stream.alloc_sample(&AllocSample { type_str, weight_bytes, ..AllocSample::default() });
    }

    /// An account of memory.
    pub fn memory(&mut self, account: &Memory, parts: impl IntoIterator<Item = MemoryPart>) {
        self.stream.memory(account);
        parts.into_iter().for_each(|part| self.stream.memory_part(&part));
    }

    /// Names the builtins: functions by index, types by id, operations by number.
    pub fn builtins(&self, table: &[&'static BuiltinRow]) -> BuiltinIds {
        let name = |name: &str| self.log.defs().func(SourceId::NONE, name, 0, 0);
        BuiltinIds {
            functions: table.iter().map(|row| name(&row.full_name())).collect(),
            types: TypeId::builtin().map(|id| name(id.name())).collect(),
            operations: perf::operations::names().map(|text| text.map_or(FuncId::NONE, |text| name(&text))).collect(),
        }
    }

    /// A code object's function, and what its places are defined with.
    pub fn places(&mut self, vm: &Vm, code: CodeId) -> (FuncId, Places) {
        let function = self.places.function(&self.log, &mut self.stream, vm, code);
        (function, self.log.defs().places(function))
    }

    /// Time in a state that is timed at its transitions.
    pub fn state_time(&mut self, state: perf::State, dur_ns: u64) {
        self.stream.state_time(&StateTime { state: SampleState(state as u8), dur_ns });
    }

    // --- recording ----------------------------------------------------------------------------------------------

    pub fn trace_start(&mut self, vm: &Vm, recorder: &Recorder, threshold: u32) {
        let (what, kind, pc) = match recorder.is_of_function() {
            true => (HotWhat::Func, TraceKind::Func, 0),
            false => (HotWhat::Loop, TraceKind::Loop, recorder.header),
        };
        let loc_id = self.loc(vm, Origin { code: recorder.anchor, pc });
        self.stream.hot(&Hot { loc_id, count: threshold, threshold, what });
        self.stream.trace_start(&TraceStart {
            trace_id: jitlog::TraceId(recorder.trace.0),
            kind,
            tier: 2,
            loc_id,
            ..TraceStart::default()
        });
    }

    /// A recording starts at an exit.
    pub fn side_start(&mut self, vm: &Vm, recorder: &Recorder, parent: Parent, count: u64) {
        let guard = self.guards.get(parent.trace.index()).and_then(|guards| guards.get(parent.exit));
        let (parent_guard, loc_id) = guard.map_or((GuardId::NONE, LocId::NONE), |guard| (guard.id, guard.loc));
        let eager = vm.jit.trace(parent.trace).exits[parent.exit].eager;
        let threshold = side_threshold(&vm.jit.params, eager) as u32;
        self.stream.hot(&Hot { loc_id, count: count as u32, threshold, what: HotWhat::Guard });
        self.stream.guard_hot(&GuardHot { guard_id: parent_guard, count: count as u32, action: GuardAction::Bridge });
        self.stream.trace_start(&TraceStart {
            trace_id: jitlog::TraceId(recorder.trace.0),
            kind: TraceKind::Bridge,
            tier: 2,
            loc_id,
            parent_trace: jitlog::TraceId(parent.trace.0),
            parent_guard,
        });
    }

    /// An exit was patched to enter its side trace.
    pub fn bridge_attached(&mut self, parent: Parent, side: TraceId, site: usize, target: usize) {
        let guard = self.guards.get(parent.trace.index()).and_then(|guards| guards.get(parent.exit));
        self.stream.bridge_attach(&BridgeAttach {
            guard_id: guard.map_or(GuardId::NONE, |guard| guard.id),
            bridge_trace: jitlog::TraceId(side.0),
            patch_addr: (site as u64).into(),
            target_addr: (target as u64).into(),
        });
    }

    /// The word in the log that counts a trace's entries.
    pub fn entry_counter(&mut self, trace: TraceId) -> *mut u64 {
        self.log.new_counter(CounterKind::TraceExec, trace.0, 0).as_ptr()
    }

    pub fn trace_stop(&mut self, vm: &Vm, recorder: &Recorder, record_ns: u64) {
        let trace_id = jitlog::TraceId(recorder.trace.0);
        self.bytecode(vm, recorder.trace, &recorder.bytecodes);
        self.recorder_decisions(vm, recorder);
        let defs = self.log.defs();
        let mut parts: Vec<[u8; 8]> = Vec::with_capacity(recorder.bytecodes.len() + 1);
        parts.push([0; 8]);
        for recorded in &recorder.bytecodes {
            let loc = self.loc(vm, recorded.origin);
            parts.push(defs.loc_fingerprint(loc).0.to_le_bytes());
        }
        let trace_fp = jitlog::fingerprint(parts.iter().map(|p| p.as_slice()));
        self.fingerprints.insert(recorder.trace, trace_fp);
        self.stream.trace_stop(&TraceStop {
            trace_id,
            n_bytecodes: recorder.bytecodes.len() as u32,
            n_ir: recorder.ir_length() as u32,
            record_ns,
            link_kind: LinkKind(recorder.end() as u16 as _),
            link_trace: recorder.link.map_or(trace_id, |root| jitlog::TraceId(root.0)),
            trace_fp,
        });
        self.next_pass = 0;
        self.stream.compile_start(&CompileStart { trace_id, tier: 2, queue_ns: 0 });
    }

    pub fn trace_abort(&mut self, vm: &Vm, recorder: &Recorder, abort: &Abort, record_ns: u64, blacklisted: bool) {
        self.bytecode(vm, recorder.trace, &recorder.bytecodes);
        self.recorder_decisions(vm, recorder);
        let loc_id = match recorder.bytecodes.last() {
            Some(last) => self.loc(vm, last.origin),
            None => self.loc(vm, Origin { code: recorder.anchor, pc: recorder.header }),
        };
        self.stream.trace_abort(&TraceAbort {
            trace_id: jitlog::TraceId(recorder.trace.0),
            reason: jitlog::AbortReason(abort.reason as u16),
            loc_id,
            n_bytecodes: recorder.bytecodes.len() as u32,
            n_ir: recorder.ir_length() as u32,
            record_ns,
            retry: u8::from(!blacklisted),
            // An exit that is given up is no loop that is.
            blacklisted: u8::from(blacklisted && recorder.parent.is_none()),
            detail: &abort.detail,
        });
    }

    pub fn compile_failed(
        &mut self,
        vm: &Vm,
        trace: TraceId,
        bytecodes: &[RecordedBytecode],
        abort: &Abort,
        ns: u64,
        blacklisted: bool,
    ) {
        let trace_id = jitlog::TraceId(trace.0);
        let reason = jitlog::AbortReason(abort.reason as u16);
        self.stream.compile_end(&CompileEnd {
            trace_id,
            outcome: CompileOutcome::Aborted,
            reason,
            compile_ns: ns,
            ..CompileEnd::default()
        });
        let loc_id = bytecodes.first().map_or(LocId::NONE, |first| self.loc(vm, first.origin));
        self.stream.trace_abort(&TraceAbort {
            trace_id,
            reason,
            loc_id,
            n_bytecodes: bytecodes.len() as u32,
            n_ir: 0,
            record_ns: ns,
            retry: u8::from(!blacklisted),
            blacklisted: u8::from(blacklisted),
            detail: &abort.detail,
        });
    }

    fn bytecode(&mut self, vm: &Vm, trace: TraceId, bytecodes: &[RecordedBytecode]) {
        if self.level != Level::Full {
            return;
        }
        let mut bytes = Vec::with_capacity(bytecodes.len() * 16);
        let mut notes = Vec::new();
        for recorded in bytecodes {
            let loc = self.loc(vm, recorded.origin);
            bytes.extend_from_slice(&recorded.instruction.to_word().to_le_bytes());
            bytes.extend_from_slice(&loc.0.to_le_bytes());
            bytes.extend_from_slice(&recorded.depth.to_le_bytes());
            self.places.note(vm, recorded.origin, &mut notes);
        }
        let trace_id = jitlog::TraceId(trace.0);
        self.stream.bytecode(&Bytecode {
            trace_id,
            format: 1,
            n: bytecodes.len() as u32,
            bytes: &bytes,
            notes: &notes,
        });
    }

    // --- compiling ----------------------------------------------------------------------------------------------

    pub fn ir_recorded(&mut self, vm: &Vm, trace: TraceId, body: &Body) {
        self.ir(vm, trace, 0, body);
    }

    fn ir(&mut self, vm: &Vm, trace: TraceId, pass_index: u16, body: &Body) {
        if self.level != Level::Full {
            return;
        }
        self.dump.fill(body, |origin| self.places.loc(&self.log, &mut self.stream, vm, origin));
        self.stream.ir(&Ir {
            trace_id: jitlog::TraceId(trace.0),
            pass_index,
            format: 1,
            n_ops: body.ins.len() as u32,
            ops: &self.dump.ops,
            consts: &self.dump.consts,
            locs: &self.dump.locs,
            snaps: &self.dump.snaps,
        });
    }

    pub fn pass(&mut self, vm: &Vm, trace: TraceId, report: &PassReport<'_>) {
        self.pass_end(vm, trace, report.pass.name, report);
    }

    fn pass_end(&mut self, vm: &Vm, trace: TraceId, name: &str, report: &PassReport<'_>) {
        let pass_id = self.log.defs().pass(name);
        self.next_pass += 1;
        self.stream.pass_end(&PassEnd {
            trace_id: jitlog::TraceId(trace.0),
            pass_id,
            index: self.next_pass,
            dur_ns: report.ns,
            ops_in: report.ops_in as u32,
            ops_out: report.ops_out as u32,
            guards_in: report.guards_in as u32,
            guards_out: report.guards_out as u32,
            changed: u8::from(report.changed),
        });
        if self.level == Level::Full {
            for (rule, &count) in (0..).zip(&report.applied).filter(|(_, count)| **count > 0) {
                let (trace_id, index) = (jitlog::TraceId(trace.0), self.next_pass);
                self.stream.rule(&RuleUse { trace_id, index, rule, count });
            }
        }
        self.pass_decisions(vm, trace, report);
        if report.changed {
            self.ir(vm, trace, self.next_pass, report.body);
        }
    }

    /// A trace is ready.
    pub fn compiled(&mut self, vm: &Vm, trace: &Trace, compile_ns: u64, codegen_ns: u64) {
        let trace_id = jitlog::TraceId(trace.id.0);
        let live = |body: &Body| body.ins.iter().filter(|i| i.op != Op::Nop).count();
        if trace.artifact.is_some() {
            let count = live(&trace.body);
            let report = PassReport {
                // Register allocation and assembly are no pass over the IR, but are told like one.
                pass: &PASSES[0],
                index: self.next_pass as usize,
                closing: None,
                ns: codegen_ns,
                ops_in: count,
                ops_out: count,
                guards_in: trace.guards.len(),
                guards_out: trace.guards.len(),
                changed: true,
                sunk: 0,
                decisions: &[],
                applied: [0; RULES.len()],
                body: &trace.body,
            };
            self.pass_end(vm, trace.id, "registers", &report);
        }
        self.define_guards(vm, trace);
        self.eager_exits(vm, trace);
        perf::trace_compiled(vm, trace, &mut |origin| self.loc(vm, origin));
        let (mut addr, mut code_bytes, mut data_bytes) = (0, 0, 0);
        if let Some(artifact) = &trace.artifact {
            let code = vm.jit.arena.as_ref().map_or(&[][..], |arena| arena.bytes(artifact.code));
            addr = artifact.code.start as u64;
            code_bytes = code.len() as u32;
            data_bytes = trace.metadata_bytes().min(u64::from(u32::MAX)) as u32;
            if self.level == Level::Full {
                self.stream.code(&CodeBytes { trace_id, addr: addr.into(), arch: jitlog::Arch::X86_64, bytes: code });
                let mut entries = Vec::with_capacity(artifact.map.len() * 12);
                for &(offset, ins) in &artifact.map {
                    let loc = trace.body.origins.get(ins as usize).map_or(LocId::NONE, |&o| self.loc(vm, o));
                    entries.extend_from_slice(&offset.to_le_bytes());
                    entries.extend_from_slice(&u32::from(ins).to_le_bytes());
                    entries.extend_from_slice(&loc.0.to_le_bytes());
                }
                self.stream.code_map(&CodeMap { trace_id, n: artifact.map.len() as u32, entries: &entries });
            }
        }
        self.stream.compile_end(&CompileEnd {
            trace_id,
            outcome: CompileOutcome::Installed,
            compile_ns,
            codegen_ns,
            addr: addr.into(),
            code_bytes,
            data_bytes,
            n_guards: trace.guards.len() as u32,
            ..CompileEnd::default()
        });
        self.stream.code_install(&CodeInstall { trace_id, addr: addr.into(), bytes: code_bytes });
        self.code_memory(vm, vm.jit.traces.len() + 1);
    }

    fn define_guards(&mut self, vm: &Vm, trace: &Trace) {
        let trace_fp = self.fingerprints.get(&trace.id).copied().unwrap_or_default();
        let mut guards = Vec::with_capacity(trace.guards.len());
        let (defs, mut expected) = (self.log.defs(), String::new());
        for (ordinal, &index) in trace.guards.iter().enumerate() {
            let ins = trace.body.ins[index as usize];
            let loc_id = trace.body.origins.get(index as usize).map_or(LocId::NONE, |&o| self.loc(vm, o));
            let snapshot = trace.body.snapshot_of(index as usize).map(|s| &trace.body.snapshots[s]);
            let resume_stack_id = snapshot.map_or(StackId::NONE, |s| self.stack(vm, s));
            let id = defs.new_guard_id();
            let failures = self.log.new_counter(CounterKind::GuardFail, id.0, 0);
            let loc_fp = defs.loc_fingerprint(loc_id);
            let guard_fp = jitlog::fingerprint([
                trace_fp.0.to_le_bytes().as_slice(),
                &(ordinal as u16).to_le_bytes(),
                &(ins.op as u16).to_le_bytes(),
                &loc_fp.0.to_le_bytes(),
            ]);
            let code_off = trace
                .artifact
                .as_ref()
                .and_then(|a| a.map.get(a.map.partition_point(|&(_, i)| i < index)))
                .map_or(0, |&(offset, i)| if i == index { offset } else { 0 });
            expected.clear();
            expectation(vm, &trace.body, &ins, &mut expected);
            defs.guard(&GuardDef {
                guard_id: id,
                trace_id: jitlog::TraceId(trace.id.0),
                ordinal: ordinal as u16,
                kind: GuardKind(ins.op as u16),
                ir_op_id: IrOpId(index.into()),
                code_off,
                loc_id,
                resume_stack_id,
                live_values: snapshot.map_or(0, |s| s.slots.len() as u16),
                counter_id: failures.id(),
                guard_fp,
                expected: &expected,
            });
            guards.push(LoggedGuard { id, loc: loc_id, kind: ins.op, failures, observed: Vec::new(), reported: 0 });
        }
        let index = trace.id.index();
        if self.guards.len() <= index {
            self.guards.resize_with(index + 1, Vec::new);
        }
        self.guards[index] = guards;
    }

    // --- running ------------------------------------------------------------------------------------------------

    /// The log's id of an exit's guard.
    pub fn guard_id(&self, id: TraceId, exit: usize) -> Option<GuardId> {
        self.guards.get(id.index())?.get(exit).map(|guard| guard.id)
    }

    /// Whether the `count`-th time that an exit is taken is told by an event of its own.
    pub const fn tells_exit(&self, count: u64) -> bool {
        count <= self.bailouts_logged || count.is_power_of_two()
    }

    /// A trace was left through exit number `exit`, for the `count`-th time; restoring the interpreter's state took
    /// `cost_ns`, if that was measured.
    pub fn bailout(&mut self, vm: &mut Vm, id: TraceId, exit: usize, count: u64, cost_ns: u64, observed: Option<u64>) {
        let trace: *const Trace = vm.jit.trace(id);
        // SAFETY: traces are boxed, and one that is left is not dropped before it is.
        let trace = unsafe { &*trace };
        let is_told = self.tells_exit(count);
        let Some(guard) = self.guards.get_mut(id.index()).and_then(|guards| guards.get_mut(exit)) else { return };
        guard.failures.increment();
        let ins = trace.body.ins[trace.guards[exit] as usize];
        let of_float = ins.observed().is_some_and(|operand| trace.body.ty(operand) == Ty::Flt);
        let code = observed.map_or(observed::NONE, |bits| observed_type(bits, of_float));
        match guard.observed.iter().find(|(known, _)| *known == code) {
            Some((_, slot)) => slot.increment(),
            None => {
                let slot = self.log.new_counter(CounterKind::GuardObserved, guard.id.0, u64::from(code));
                slot.increment();
                guard.observed.push((code, slot));
            }
        }
        if !is_told {
            return;
        }
        let weight = (count - guard.reported).min(u64::from(u32::MAX)) as u32;
        guard.reported = count;
        let (guard_id, loc_id, kind) = (guard.id, guard.loc, guard.kind);
        let stack_id = match trace.body.snapshot_of(trace.guards[exit] as usize) {
            Some(snapshot) => self.stack(vm, &trace.body.snapshots[snapshot]),
            None => StackId::NONE,
        };
        let described = observed.map_or(String::new(), |bits| observed_text(vm, bits, of_float));
        self.stream.bailout(&Bailout {
            guard_id,
            trace_id: jitlog::TraceId(id.0),
            loc_id,
            stack_id,
            cost_ns,
            weight,
            expected: ObservedType(expected_type(kind, &ins).into()),
            observed_type: ObservedType(u32::from(code)),
            observed_value: RawWord(observed.unwrap_or(0)),
            observed_text: &described,
            ..Bailout::default()
        });
    }

    pub fn blacklist(&mut self, vm: &Vm, code: CodeId, loop_index: u16, reason: BlacklistReason) {
        let loc_id = self.header(vm, code, loop_index);
        self.stream.blacklist(&Blacklist { loc_id, reason: ExitReason(reason as u16), until_count: 0 });
    }

    pub fn retire(&mut self, vm: &Vm, trace: TraceId, reason: RetireReason) {
        let (code, loop_index) = {
            let t = vm.jit.trace(trace);
            (t.code, t.loop_index)
        };
        let loc_id = self.header(vm, code, loop_index);
        self.stream.invalidate(&Invalidate {
            trace_id: jitlog::TraceId(trace.0),
            reason: InvalidateReason(reason as u16),
            loc_id,
        });
    }

    /// A trace's code is gone.
    pub fn freed(&mut self, vm: &Vm, trace: &Trace) {
        let code = trace.artifact.as_ref().map_or(CodeRange { start: 0, size: 0 }, |artifact| artifact.code);
        self.stream.code_free(&CodeFree {
            trace_id: jitlog::TraceId(trace.id.0),
            addr: (code.start as u64).into(),
            bytes: code.size as u32,
            reason: CodeFreeReason(RetireReason::Evicted as u16),
        });
        if let Some(guards) = self.guards.get_mut(trace.id.index()) {
            *guards = Vec::new();
        }
        self.fingerprints.remove(&trace.id);
        self.code_memory(vm, vm.jit.traces.len());
    }

    fn code_memory(&mut self, vm: &Vm, traces: usize) {
        if let Some(arena) = &vm.jit.arena {
            self.stream.codemem(&Codemem {
                used_bytes: arena.used() as u64,
                committed_bytes: arena.committed() as u64,
                limit_bytes: arena.limit() as u64,
                n_traces: traces as u32,
            });
        }
    }

    fn header(&mut self, vm: &Vm, code: CodeId, loop_index: u16) -> LocId {
        // SAFETY: code objects live as long as the VM.
        let loops = unsafe { &(*call::code_pointer(vm, code)).proto.loops };
        // A function's trace begins at its entry.
        let pc = loops.get(loop_index as usize).copied().unwrap_or(0);
        self.loc(vm, Origin { code, pc })
    }

    pub fn collected(&mut self, vm: &Vm, record: &GcRecord) {
        self.collections += 1;
        let gc_id = GcId(self.collections);
        let kind = match record.kind {
            GcKindOfHeap::Young => GcKind::Minor,
            GcKindOfHeap::Full => GcKind::Full,
        };
        self.stream.gc_begin(&GcBegin { gc_id, kind, cause: GcCause(record.cause as u16) });
        for (phase, dur_ns) in [record.roots_ns, record.mark_ns, record.sweep_ns].into_iter().enumerate() {
            self.stream.gc_phase(&GcPhase { gc_id, phase: GcPhaseKind(phase as u16), dur_ns });
        }
        self.stream.gc_end(&GcEnd {
            gc_id,
            pause_ns: record.pause_ns,
            before_bytes: record.before_bytes,
            after_bytes: record.after_bytes,
            promoted_bytes: record.promoted_bytes,
            freed_objs: record.freed_objects,
        });
        if record.kind == GcKindOfHeap::Full {
            self.census(vm, gc_id);
        }
        self.heap(vm);
        perf::look_around(vm, self, false);
    }

    fn heap(&mut self, vm: &Vm) {
        let statistics = vm.heap.statistics();
        self.stream.heap(&Heap {
            used_bytes: statistics.live_bytes,
            committed_bytes: statistics.heap_bytes,
            limit_bytes: 0,
            allocated_total_bytes: statistics.allocated_bytes,
            live_objs: statistics.live_objects,
        });
    }

    /// A mark of the program: `jitvm.mark(name)` or `jitvm.iteration(n)`.
    pub fn mark(&mut self, name: &str, count: Option<i64>) {
        let name_str = self.log.defs().string(name);
        self.stream.mark(&Mark { name_str, value: 0.0, count: count.unwrap_or(0), text: "" });
    }

    /// Writes how the program ended and closes the log. Returns what could not be written, as a sentence.
    pub fn close(mut self, vm: &Vm, status: i32, how: ProgramEnd) -> Option<String> {
        self.heap(vm);
        self.shapes(vm, false);
        let how = match how {
            ProgramEnd::Normal => ExitHow::Normal,
            ProgramEnd::Exception => ExitHow::Exception,
            ProgramEnd::Signal => ExitHow::Signal,
        };
        self.stream.exit_status(&ExitStatus { status, how });
        let Events { log, stream, .. } = self;
        drop(stream);
        let closed = log.close();
        (closed.dropped_events > 0).then(|| {
            let why = closed.stopped.map_or_else(|| "no room".to_owned(), |reason| reason.to_string());
            format!(
                "the log is incomplete: {} events ({} bytes) dropped: {why}",
                closed.dropped_events, closed.dropped_bytes
            )
        })
    }
}

/// How the program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProgramEnd {
    Normal,
    Exception,
    Signal,
}
