//! The log an importer writes: streams with their times, places, names of codes, what is missing and what was not read.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use crate::import::input::{Input, Line};
use crate::import::{Report, Unread};
use crate::*;

/// What could not be read is kept in full this often; the rest is counted.
const MOST_UNREAD: usize = 100;
/// Bytes of it that are kept.
const UNREAD_TEXT: usize = 200;
/// Records between two turns of sealing: what is sealed leaves the memory.
const SEAL_EVERY: u64 = 4096;

/// One stream of an imported log and the time of its last record.
struct Lane {
    stream: Stream,
    last_ns: u64,
}

/// Which stream: an index of [`Sink`]'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LaneId(usize);

/// The stream all importers have.
pub const MAIN: LaneId = LaneId(0);

pub struct Sink {
    log: Log,
    defs: Defs,
    lanes: Vec<Lane>,
    lane_names: HashMap<String, LaneId>,
    sources: HashMap<String, SourceId>,
    functions: HashMap<(SourceId, String, u32), FuncId>,
    reasons: HashMap<(ReasonDomain, String), u16>,
    reason_counts: HashMap<ReasonDomain, u16>,
    strings: HashMap<String, StringId>,
    pub(super) opcodes: HashMap<(String, u32), u8>,
    ir_types: HashMap<String, u8>,
    last_trace: u32,
    last_ns: u64,
    records: u64,
    report: Report,
    file: String,
    line: u64,
    byte: u64,
}

impl Sink {
    pub fn create(to: &Path, run_id: [u8; 16]) -> io::Result<Sink> {
        let log = Log::create(LogOptions::new(to).imported(run_id).max_bytes(64 << 30))?;
        let main = Lane { stream: log.stream("main", StreamKind::Mutator), last_ns: 0 };
        Ok(Sink {
            defs: log.defs(),
            lanes: vec![main],
            lane_names: HashMap::new(),
            sources: HashMap::new(),
            functions: HashMap::new(),
            reasons: HashMap::new(),
            reason_counts: HashMap::new(),
            strings: HashMap::new(),
            opcodes: HashMap::new(),
            ir_types: HashMap::new(),
            last_trace: 0,
            last_ns: 0,
            records: 0,
            report: Report::default(),
            file: String::new(),
            line: 0,
            byte: 0,
            log,
        })
    }

    /// Describes the process once it is known.
    pub fn process(&mut self, vm_name: &str, vm_version: &str, argv: &[&str], config: &str) {
        let argv = serde_json::to_string(argv).unwrap_or_default();
        self.log.other_process(&ProcessDef { vm_name, vm_version, argv: &argv, config, ..ProcessDef::default() });
    }

    /// A kind of fact that the imported log does not hold, and the switch that would supply it.
    pub fn absent(&mut self, fact: Fact, switch: &str) {
        if !self.report.absent.iter().any(|(known, _)| *known == fact) {
            self.report.absent.push((fact, switch.to_string()));
        }
    }

    /// The fact turned out to be in the log after all.
    pub fn present(&mut self, fact: Fact) {
        self.report.absent.retain(|(known, _)| *known != fact);
    }

    pub fn note(&mut self, text: String) {
        self.report.notes.push(text);
    }

    // Where the importer reads.

    pub fn file(&mut self, name: &str) {
        self.file = name.to_string();
        (self.line, self.byte) = (0, 0);
    }

    pub fn here(&mut self, line: &Line<'_>) {
        (self.line, self.byte) = (line.number, line.byte);
    }

    /// For binary files.
    pub fn at_byte(&mut self, byte: u64) {
        self.byte = byte;
    }

    /// What is here could not be read.
    pub fn unread(&mut self, kind: UnreadKind, text: &str) {
        self.report.unread_count += 1;
        if self.report.unread.len() >= MOST_UNREAD {
            return;
        }
        let text = text[..text.floor_char_boundary(UNREAD_TEXT)].to_string();
        let unread = Unread { kind, file: self.file.clone(), line: self.line, byte: self.byte, text };
        self.report.unread.push(unread);
    }

    // Time and streams.

    /// The stream of a name; asked again, the same one.
    pub fn lane(&mut self, name: &str, kind: StreamKind) -> LaneId {
        if let Some(id) = self.lane_names.get(name) {
            return *id;
        }
        let id = LaneId(self.lanes.len());
        self.lanes.push(Lane { stream: self.log.stream(name, kind), last_ns: 0 });
        self.lane_names.insert(name.to_string(), id);
        id
    }

    /// Writes a record at a time since the start; within a stream time never falls.
    pub fn emit<R: Record>(&mut self, lane: LaneId, t_ns: u64, record: &R) {
        let lane = &mut self.lanes[lane.0];
        lane.last_ns = lane.last_ns.max(t_ns);
        self.last_ns = self.last_ns.max(lane.last_ns);
        self.log.set_time(lane.last_ns);
        lane.stream.emit(record);
        self.records += 1;
        if self.records.is_multiple_of(SEAL_EVERY) {
            self.log.seal_left();
        }
    }

    pub fn last_ns(&self) -> u64 {
        self.last_ns
    }

    // Names.

    pub fn string(&mut self, text: &str) -> StringId {
        if let Some(id) = self.strings.get(text) {
            return *id;
        }
        let id = self.defs.string(text);
        self.strings.insert(text.to_string(), id);
        id
    }

    pub fn source(&mut self, path: &str) -> SourceId {
        if path.is_empty() {
            return SourceId::NONE;
        }
        if let Some(id) = self.sources.get(path) {
            return *id;
        }
        let id = self.defs.source(path, path.as_bytes());
        self.sources.insert(path.to_string(), id);
        id
    }

    pub fn func(&mut self, path: &str, name: &str, line_first: u32) -> FuncId {
        let source = self.source(path);
        let key = (source, name.to_string(), line_first);
        if let Some(id) = self.functions.get(&key) {
            return *id;
        }
        let id = self.defs.func(source, name, line_first, line_first);
        self.functions.insert(key, id);
        id
    }

    pub fn loc(&mut self, func: FuncId, bc_off: u32, line: u32, col: u16) -> LocId {
        self.defs.loc(func, bc_off, line, col)
    }

    /// A place of a file and line in a function that is known by its name alone.
    pub fn place(&mut self, path: &str, name: &str, line: u32) -> LocId {
        let func = self.func(path, name, 0);
        self.loc(func, line, line, 0)
    }

    pub fn stack(&mut self, parent: StackId, loc: LocId, kind: FrameKind) -> StackId {
        self.defs.stack(parent, loc, kind)
    }

    /// The code of a word in a domain; 0 is none.
    pub fn reason(&mut self, domain: ReasonDomain, name: &str, text: &str) -> u16 {
        let key = (domain, name.to_string());
        if let Some(code) = self.reasons.get(&key) {
            return *code;
        }
        let last = self.reason_counts.entry(domain).or_default();
        // More words than codes can only be damage; they share the last.
        *last = last.saturating_add(1);
        let code = *last;
        self.reasons.insert(key, code);
        self.defs.reason(domain, code, name, text);
        code
    }

    pub fn abort_reason(&mut self, name: &str) -> AbortReason {
        AbortReason(self.reason(ReasonDomain::Abort, name, ""))
    }

    pub fn guard_kind(&mut self, name: &str) -> GuardKind {
        GuardKind(self.reason(ReasonDomain::GuardKind, name, ""))
    }

    pub fn exit_reason(&mut self, name: &str) -> ExitReason {
        ExitReason(self.reason(ReasonDomain::Exit, name, ""))
    }

    pub fn link_kind(&mut self, name: &str) -> LinkKind {
        LinkKind(self.reason(ReasonDomain::LinkKind, name, "").min(255) as u8)
    }

    pub fn observed_type(&mut self, name: &str) -> ObservedType {
        ObservedType(self.reason(ReasonDomain::ObservedType, name, "").into())
    }

    pub fn pass(&mut self, name: &str) -> PassId {
        self.defs.pass(name)
    }

    /// The number of an IR operation with its operands' flags; 255 once there are too many.
    pub(super) fn opcode(&mut self, name: &str, flags: u32) -> u8 {
        let key = (name.to_string(), flags);
        if let Some(op) = self.opcodes.get(&key) {
            return *op;
        }
        // 0 is an instruction that was removed, 255 stands for all that found no number.
        let op = (self.opcodes.len() + 1).min(255) as u8;
        let shown = if op == 255 { "other" } else { name };
        self.defs.opcode(OpcodeSet::Ir, op.into(), flags, shown);
        self.opcodes.insert(key, op);
        op
    }

    pub(super) fn ir_type(&mut self, name: &str) -> u8 {
        if let Some(ty) = self.ir_types.get(name) {
            return *ty;
        }
        let ty = self.ir_types.len().min(255) as u8;
        self.defs.ir_type(ty, name);
        self.ir_types.insert(name.to_string(), ty);
        ty
    }

    // Traces, guards, counters.

    pub fn new_trace(&mut self) -> TraceId {
        self.last_trace += 1;
        TraceId(self.last_trace)
    }

    pub fn new_guard(&mut self) -> GuardId {
        self.defs.new_guard_id()
    }

    pub fn guard(&mut self, guard: &GuardDef<'_>) {
        self.defs.guard(guard);
    }

    /// Adds to a counter, and makes it: a count of 0 is a count.
    pub fn count(&mut self, kind: CounterKind, entity: u32, amount: u64) -> CounterId {
        let slot = self.log.counter(kind, entity, 0);
        slot.add(amount);
        slot.id()
    }

    pub fn observed(&mut self, guard: GuardId, ty: ObservedType, amount: u64) {
        self.log.counter(CounterKind::GuardObserved, guard.0, ty.0.into()).add(amount);
    }

    /// Puts what was counted so far on the time line.
    pub fn snapshot(&mut self, t_ns: u64) {
        self.last_ns = self.last_ns.max(t_ns);
        self.log.set_time(self.last_ns);
        self.log.snapshot_counters();
    }

    /// Closes the log.
    pub fn finish(mut self, inputs: &[Input]) -> Report {
        self.log.set_time(self.last_ns);
        for (fact, switch) in &self.report.absent {
            self.log.absent(*fact, switch);
        }
        let rest = self.report.unread_count.saturating_sub(self.report.unread.len() as u64);
        for (index, unread) in self.report.unread.iter().enumerate() {
            let last = index + 1 == self.report.unread.len();
            self.log.unread(&UnreadDef {
                kind: unread.kind,
                count: if last { 1 + rest } else { 1 },
                line: unread.line,
                byte: unread.byte,
                file: &unread.file,
                text: &unread.text,
            });
        }
        drop(std::mem::take(&mut self.lanes));
        self.report.dropped = self.log.close().dropped_events;
        self.report.events = self.records;
        self.report.bytes = inputs.iter().map(Input::bytes).sum();
        self.report.lines = inputs.iter().map(Input::lines).sum();
        self.report
    }
}
