//! One attempt at a trace: what was recorded, its IR before and after the optimiser, its machine code or why there is none.

use crate::format::payload::{self, BytecodeIns, CodeMapEntry};
use crate::import::ir::TextIr;
use crate::import::sink::{MAIN, Sink};
use crate::*;

use super::text::{self, hex};
use super::words::{guard_words, token, type_of};

/// Bytecodes of a recording that are kept.
const MOST_BYTECODES: usize = 20_000;
/// Machine code beyond this is no trace.
const MOST_CODE: usize = 8 << 20;

/// A guard as the optimised IR shows it.
struct GuardLine {
    number: u64,
    kind: String,
    op: u32,
    code_off: u32,
    loc: LocId,
    live: u16,
    expected: String,
}

/// One stage of IR.
#[derive(Default)]
struct Stage {
    ir: TextIr,
    loc: LocId,
    guards: u32,
    present: bool,
}

#[derive(Default)]
pub struct Attempt {
    /// A section of optimised IR that stands outside `jit-tracing`.
    pub alone: bool,
    pub aborted: Option<String>,
    pub end_of_code: u64,
    begin_ns: u64,
    recorded: Vec<BytecodeIns>,
    notes: Vec<String>,
    n_recorded: u32,
    head: LocId,
    last: LocId,
    noopt: Stage,
    opt: Stage,
    rewritten: Stage,
    guards: Vec<GuardLine>,
    tokens: Vec<u64>,
    number: Option<u64>,
    parent: Option<u64>,
    optimise_ns: u64,
    backend_ns: u64,
    has_backend: bool,
    addr: u64,
    end: u64,
    code_addr: u64,
    code: Vec<u8>,
    map: Vec<CodeMapEntry>,
    /// Which field each pointer was loaded from, to tell a test of a shape.
    maps: std::collections::HashSet<String>,
}

/// What the rest of the log refers to.
pub struct Written {
    pub guards: Vec<(u64, GuardId, LocId)>,
    pub tokens: Vec<u64>,
}

impl Attempt {
    pub fn new(begin_ns: u64) -> Attempt {
        Attempt { begin_ns, ..Attempt::default() }
    }

    pub fn alone(begin_ns: u64) -> Attempt {
        Attempt { alone: true, ..Attempt::new(begin_ns) }
    }

    pub fn parent(&self) -> Option<u64> {
        self.parent
    }

    pub fn number(&self) -> Option<u64> {
        self.number
    }

    /// The first section of a log has no recording in it.
    pub fn says_something(&self) -> bool {
        self.n_recorded > 0 || self.noopt.present || self.opt.present || self.aborted.is_some()
    }

    pub fn begin(&mut self, section: &str, _ticks: u64) {
        match section {
            "jit-log-noopt" => self.noopt = Stage { present: true, ..Stage::default() },
            "jit-log-opt-loop" | "jit-log-opt-bridge" => {
                self.opt = Stage { present: true, ..Stage::default() };
                (self.guards, self.tokens, self.map) = Default::default();
                self.maps.clear();
            }
            "jit-log-rewritten-loop" | "jit-log-rewritten-bridge" => {
                self.rewritten = Stage { present: true, ..Stage::default() };
            }
            "jit-backend" => self.code.clear(),
            _ => {}
        }
    }

    /// Where operations before the first merge point are.
    pub fn goes_on_at(&mut self, loc: LocId) {
        for place in [&mut self.opt.loc, &mut self.head] {
            if place.is_none() {
                *place = loc;
            }
        }
    }

    pub fn compiled(&mut self, backend: bool, took_ns: u64) {
        if backend {
            self.has_backend = true;
            self.backend_ns += took_ns;
        } else {
            self.optimise_ns += took_ns;
        }
    }

    pub fn recorded(&mut self, loc: LocId, line: &str) {
        self.n_recorded += 1;
        if self.head.is_none() {
            self.head = loc;
        }
        self.last = loc;
        if self.recorded.len() < MOST_BYTECODES {
            self.recorded.push(BytecodeIns { word: 0, loc_id: loc, depth: 0 });
            self.notes.push(line.rsplit_once("~#").map_or(line, |(_, operation)| operation).to_string());
        }
    }

    pub fn address(&mut self, from: u64, to: u64) {
        (self.addr, self.end) = (from, to);
    }

    pub fn code(&mut self, addr: u64, digits: &str) -> bool {
        let bytes: Vec<u8> = (digits.as_bytes().chunks_exact(2))
            .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        if bytes.len() * 2 != digits.len() {
            return false;
        }
        // A dump is the code or a correction of it.
        match addr.checked_sub(self.code_addr).and_then(|at| usize::try_from(at).ok()) {
            Some(at) if !self.code.is_empty() && at < self.code.len() && at + bytes.len() <= self.code.len() => {
                self.code[at..at + bytes.len()].copy_from_slice(&bytes);
            }
            _ if bytes.len() > self.code.len() && bytes.len() <= MOST_CODE => {
                (self.code_addr, self.code) = (addr, bytes);
            }
            _ => {}
        }
        true
    }

    /// A line of IR; whether it was understood.
    pub fn line(
        &mut self,
        section: &str,
        line: &str,
        out: &mut Sink,
        mut place: impl FnMut(&str, &mut Sink) -> LocId,
    ) -> bool {
        if let Some(title) = line.strip_prefix("# ") {
            return self.title(section, title, &mut place, out);
        }
        let is_opt = section.starts_with("jit-log-opt");
        let stage = match section {
            "jit-log-noopt" => &mut self.noopt,
            _ if is_opt => &mut self.opt,
            _ => &mut self.rewritten,
        };
        if let Some(inputs) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            for input in inputs.split(", ").filter(|input| !input.is_empty()) {
                let ty = type_of(input);
                stage.ir.op(out, "input", Some(input), ty, &[], stage.loc, false);
            }
            return true;
        }
        let (offset, rest) = text::offset(line);
        if rest == "--end of the loop--" || rest.is_empty() {
            return true;
        }
        let Some(op) = text::op(line) else { return false };
        if op.name == "debug_merge_point" {
            let at = op.args.last().map(|at| at.trim_matches('\'')).unwrap_or_default();
            stage.loc = place(at, out);
            if is_opt && self.head.is_none() {
                self.head = stage.loc;
            }
            return true;
        }
        if op.name == "jit_debug" {
            return true;
        }
        let is_guard = op.name.starts_with("guard_");
        stage.guards += u32::from(is_guard);
        let mut operands = op.args.clone();
        let guard_number =
            op.descr.and_then(|descr| descr.strip_prefix("<Guard")).and_then(|rest| hex(rest.strip_suffix('>')?));
        if let Some(descr) = op.descr.filter(|_| guard_number.is_none()) {
            operands.push(descr);
        }
        let ty = op.result.map_or("", type_of);
        let index = stage.ir.op(out, op.name, op.result, ty, &operands, stage.loc, is_guard);
        let loc = stage.loc;
        if !is_opt {
            return true;
        }
        if let Some(result) = op.result.filter(|_| op.descr.is_some_and(|descr| descr.contains("inst_map "))) {
            self.maps.insert(result.to_string());
        }
        if let Some(code_off) = op.code_off.or(offset) {
            self.map.push(CodeMapEntry { code_off, ir_op_id: IrOpId(index), loc_id: loc });
        }
        if op.name == "label" {
            self.tokens.extend(op.descr.and_then(token));
        }
        if let Some(number) = guard_number.filter(|_| is_guard) {
            let on_map = op.args.first().is_some_and(|arg| self.maps.contains(*arg));
            let (kind, expected) = guard_words(op.name, &op.args, on_map);
            self.guards.push(GuardLine {
                number,
                kind,
                op: index,
                code_off: op.code_off.unwrap_or(0),
                loc,
                live: op.live.min(usize::from(u16::MAX)) as u16,
                expected,
            });
        }
        true
    }

    fn title(
        &mut self,
        section: &str,
        title: &str,
        place: &mut impl FnMut(&str, &mut Sink) -> LocId,
        out: &mut Sink,
    ) -> bool {
        if section == "jit-log-noopt" {
            return title.starts_with("Traced loop or bridge with ");
        }
        if let Some(rest) = title.strip_prefix("Loop ") {
            let Some((number, rest)) = rest.split_once(" (") else { return false };
            self.number = number.parse().ok();
            if let Some((at, _)) = rest.rsplit_once(") : ") {
                // The loop's own place is better than where its recording began.
                self.head = place(at, out);
            }
            return self.number.is_some();
        }
        if let Some(rest) = title.strip_prefix("bridge out of Guard ") {
            self.parent = rest.split(' ').next().and_then(hex);
            return self.parent.is_some();
        }
        title.starts_with("Loop") || title.starts_with("bridge")
    }

    /// Writes all of it; the times of what happened inside are those of its begin and end.
    pub fn write(&self, out: &mut Sink, trace_id: TraceId, parent: Option<(GuardId, TraceId)>, now: u64) -> Written {
        let lane = MAIN;
        let bridge = self.parent.is_some();
        let (parent_guard, parent_trace) = parent.unwrap_or_default();
        let compile_ns = self.optimise_ns.saturating_add(self.backend_ns);
        let recorded_at = now.saturating_sub(compile_ns).max(self.begin_ns);
        let record_ns = if self.alone { 0 } else { recorded_at - self.begin_ns };
        let start = TraceStart {
            trace_id,
            kind: if bridge { TraceKind::Bridge } else { TraceKind::Loop },
            tier: 0,
            loc_id: self.head,
            parent_trace,
            parent_guard,
        };
        out.emit(lane, self.begin_ns, &start);
        let n_ir = self.noopt.ir.len() as u32;
        if self.n_recorded > 0 {
            let bytecode = Bytecode {
                trace_id,
                format: payload::FORMAT_1,
                n: self.recorded.len() as u32,
                bytes: &payload::encode_bytecode(&self.recorded),
                notes: &payload::encode_texts(&self.notes),
            };
            out.emit(lane, recorded_at, &bytecode);
        }
        if self.noopt.present {
            self.noopt.ir.write(out, lane, recorded_at, trace_id, 0);
        }
        if !self.opt.present {
            let reason = self.aborted.as_deref().unwrap_or("not in the log");
            let reason = out.abort_reason(reason);
            let abort = TraceAbort {
                trace_id,
                reason,
                loc_id: self.last,
                n_bytecodes: self.n_recorded,
                n_ir,
                record_ns,
                ..TraceAbort::default()
            };
            out.emit(lane, now, &abort);
            return Written { guards: Vec::new(), tokens: Vec::new() };
        }
        let link_kind = out.link_kind(if bridge { "jump" } else { "loop" });
        let stop =
            TraceStop { trace_id, n_bytecodes: self.n_recorded, n_ir, record_ns, link_kind, ..TraceStop::default() };
        out.emit(lane, recorded_at, &stop);
        self.passes(out, trace_id, now);
        let guards = self.define_guards(out, trace_id);
        let code_bytes = self.end.max(self.end_of_code).saturating_sub(self.addr);
        let code_bytes = u32::try_from(code_bytes).unwrap_or(0);
        let ended = CompileEnd {
            trace_id,
            outcome: CompileOutcome::Installed,
            compile_ns,
            codegen_ns: self.backend_ns,
            addr: Address(self.addr),
            code_bytes,
            n_guards: self.guards.len() as u32,
            ..CompileEnd::default()
        };
        out.emit(lane, now, &ended);
        self.machine_code(out, trace_id, now);
        out.emit(lane, now, &CodeInstall { trace_id, addr: Address(self.addr), bytes: code_bytes });
        if bridge && !parent_guard.is_none() {
            let attach = BridgeAttach {
                guard_id: parent_guard,
                bridge_trace: trace_id,
                target_addr: Address(self.addr),
                ..BridgeAttach::default()
            };
            out.emit(lane, now, &attach);
        }
        Written { guards, tokens: self.tokens.clone() }
    }

    fn passes(&self, out: &mut Sink, trace_id: TraceId, now: u64) {
        let stages =
            [("optimize", &self.noopt, &self.opt, self.optimise_ns), ("rewrite", &self.opt, &self.rewritten, 0)];
        let mut index = 0;
        for (name, before, after, dur_ns) in stages {
            if !after.present {
                continue;
            }
            index += 1;
            let pass = PassEnd {
                trace_id,
                pass_id: out.pass(name),
                index,
                dur_ns,
                ops_in: before.ir.len() as u32,
                ops_out: after.ir.len() as u32,
                guards_in: before.guards,
                guards_out: after.guards,
                changed: 1,
            };
            out.emit(MAIN, now, &pass);
            after.ir.write(out, MAIN, now, trace_id, index);
            if after.ir.lost > 0 {
                out.unread(UnreadKind::Cut, &format!("{} operations of one trace beyond 32768", after.ir.lost));
            }
        }
    }

    fn define_guards(&self, out: &mut Sink, trace_id: TraceId) -> Vec<(u64, GuardId, LocId)> {
        let mut defined = Vec::new();
        for (ordinal, guard) in self.guards.iter().enumerate() {
            let guard_id = out.new_guard();
            let kind = out.guard_kind(&guard.kind);
            out.guard(&GuardDef {
                guard_id,
                trace_id,
                ordinal: ordinal.min(usize::from(u16::MAX)) as u16,
                kind,
                ir_op_id: IrOpId(guard.op),
                code_off: guard.code_off,
                loc_id: guard.loc,
                live_values: guard.live,
                expected: &guard.expected,
                ..GuardDef::default()
            });
            defined.push((guard.number, guard_id, guard.loc));
        }
        defined
    }

    fn machine_code(&self, out: &mut Sink, trace_id: TraceId, now: u64) {
        if self.code.is_empty() {
            return;
        }
        let code = Code { trace_id, addr: Address(self.code_addr), arch: Arch::X86_64, bytes: &self.code };
        out.emit(MAIN, now, &code);
        let entries = payload::encode_code_map(&self.map);
        out.emit(MAIN, now, &CodeMap { trace_id, n: self.map.len() as u32, entries: &entries });
    }
}
