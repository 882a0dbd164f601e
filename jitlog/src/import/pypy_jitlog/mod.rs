//! PyPy's `JITLOG`, binary, version 4: IR at three stages, merge points with file and line, machine code, counters; no times.

mod bytes;

use std::collections::{HashMap, HashSet};
use std::io;

use crate::format::payload::{self, CodeMapEntry};
use crate::import::input::Input;
use crate::import::ir::TextIr;
use crate::import::sink::{MAIN, Sink};
use crate::*;
use bytes::{Stop, blob, bytes, text, u8_of, u16_of, u64_of};

const HEADER: u8 = 0x1e;
const VERSION: u16 = 4;
/// Machine code beyond this is no trace.
const MOST_CODE: usize = 16 << 20;

/// True for the first bytes of such a log.
pub fn is_one(head: &[u8]) -> bool {
    head.len() > 8
        && head[0] == HEADER
        && u16::from_le_bytes([head[1], head[2]]) <= 16
        && head[3] <= 1
        && head[8] >= b' '
}

/// One trace while its records come.
#[derive(Default)]
struct Open {
    id: TraceId,
    bridge_of: Option<u64>,
    number: u64,
    started: bool,
    stage: u16,
    stages: [TextIr; 3],
    present: [bool; 3],
    guards_at: [u32; 3],
    /// Where a bridge goes on.
    from: LocId,
    loc: LocId,
    guards: Vec<(u64, String, u32, LocId, String)>,
    tokens: Vec<u64>,
    addr: (u64, u64),
    code: Vec<u8>,
    code_base: u32,
    last_offset: u16,
    map: Vec<CodeMapEntry>,
    /// Results that are the map of an object: a test of one is a test of a shape.
    maps: HashSet<String>,
    aborted: bool,
}

#[derive(Default)]
struct State {
    small: bool,
    ops: HashMap<u16, String>,
    slots: Vec<(u8, u8)>,
    prefixes: HashMap<u8, String>,
    open: Option<Open>,
    guards: HashMap<u64, (GuardId, TraceId)>,
    /// Where the guards are: a bridge goes on there.
    places: HashMap<u64, LocId>,
    loops: HashMap<u64, TraceId>,
    bridges: HashMap<u64, TraceId>,
    tokens: HashMap<u64, TraceId>,
    last_token: HashMap<TraceId, u64>,
    counts: bool,
}

/// Reads one log to its last byte, or says where it breaks off.
pub fn read(input: &mut Input, out: &mut Sink) -> io::Result<()> {
    let mut state = State::default();
    let result = loop {
        let at = input.bytes();
        let mut mark = [0];
        if !input.exactly(&mut mark)? {
            break Ok(());
        }
        out.at_byte(at);
        if let Err(stop) = state.record(mark[0], input, out) {
            break Err(stop);
        }
    };
    state.close(out);
    match result {
        Ok(()) => {}
        Err(Stop::Cut) => out.unread(UnreadKind::Cut, "the file ends inside this record"),
        Err(Stop::Damaged(what)) => out.unread(UnreadKind::Damaged, &what),
        Err(Stop::Io(error)) => return Err(error),
    }
    state.absent(out);
    Ok(())
}

impl State {
    fn addr(&self, input: &mut Input) -> Result<u64, Stop> {
        if self.small { Ok(u32::from_le_bytes(bytes(input)?).into()) } else { u64_of(input) }
    }

    fn record(&mut self, mark: u8, input: &mut Input, out: &mut Sink) -> Result<(), Stop> {
        match mark {
            HEADER => {
                let version = u16_of(input)?;
                self.small = u8_of(input)? == 1;
                let machine = text(input)?;
                if version != VERSION {
                    return Err(Stop::Damaged(format!("version {version}; version {VERSION} is read")));
                }
                out.process("PyPy", "", &[], &serde_json::json!({ "machine": machine }).to_string());
            }
            0x12 => {
                for _ in 0..u16_of(input)? {
                    let number = u16_of(input)?;
                    let name = text(input)?;
                    self.ops.insert(number, name);
                }
            }
            0x1b => self.start(input, out)?,
            0x17..=0x19 => {
                self.addr(input)?;
                if let Some(open) = &mut self.open {
                    open.stage = u16::from(mark - 0x17);
                    open.present[usize::from(open.stage)] = true;
                    open.loc = open.from;
                }
            }
            0x11 => {
                let names = text(input)?;
                if let Some(open) = &mut self.open {
                    let stage = &mut open.stages[usize::from(open.stage)];
                    for name in names.split(',').filter(|name| !name.is_empty()) {
                        stage.op(out, "input", Some(name), type_of(name), &[], LocId::NONE, false);
                    }
                }
            }
            0x15 => {
                let range = (self.addr(input)?, self.addr(input)?);
                if let Some(open) = &mut self.open {
                    open.addr = range;
                }
            }
            0x1d => {
                self.slots.clear();
                self.prefixes.clear();
                for _ in 0..u16_of(input)? {
                    let slot = (u8_of(input)?, u8_of(input)?);
                    self.slots.push(slot);
                }
            }
            0x20 => {
                let slot = u8_of(input)?;
                let prefix = text(input)?;
                self.prefixes.insert(slot, prefix);
            }
            0x1f => self.merge_point(input, out)?,
            0x13 => {
                let number = u16_of(input)?;
                let (args, fails) = (text(input)?, text(input)?);
                self.op(number, &args, None, &fails, out);
            }
            0x14 => {
                let number = u16_of(input)?;
                let args = text(input)?;
                let descr = self.addr(input)?;
                let fails = text(input)?;
                self.op(number, &args, Some(descr), &fails, out);
            }
            0x16 => {
                let offset = u16_of(input)?;
                let code = blob(input)?;
                self.asm(offset, &code);
            }
            0x1a => {
                let (guard, target) = (self.addr(input)?, self.addr(input)?);
                self.stitch(guard, target, out);
            }
            0x1c => {
                let id = self.addr(input)?;
                let kind = u8_of(input)?;
                let count = u64_of(input)?;
                self.count(id, kind, count, out)?;
            }
            0x21 => {
                self.addr(input)?;
                if let Some(open) = &mut self.open {
                    open.aborted = true;
                }
                self.close(out);
            }
            0x22 => {
                let name = text(input)?;
                let source = blob(input)?;
                let source_id = out.source(&name);
                out.emit(MAIN, 0, &SourceText { source_id, bytes: &source });
            }
            0x23 => {
                for _ in 0..3 {
                    self.addr(input)?;
                }
            }
            0x24 => {
                self.addr(input)?;
                u64_of(input)?;
            }
            other => {
                return Err(Stop::Damaged(format!("record of unknown kind {other:#x}: what follows cannot be found")));
            }
        }
        Ok(())
    }

    fn start(&mut self, input: &mut Input, out: &mut Sink) -> Result<(), Stop> {
        self.close(out);
        let number = self.addr(input)?;
        let kind = text(input)?;
        let other = self.addr(input)?;
        let _driver = text(input)?;
        let bridge_of = (kind == "bridge").then_some(other);
        let from = bridge_of.and_then(|guard| self.places.get(&guard)).copied().unwrap_or_default();
        self.open = Some(Open { id: out.new_trace(), bridge_of, number, from, loc: from, ..Open::default() });
        Ok(())
    }

    /// Where the operations that follow are.
    fn merge_point(&mut self, input: &mut Input, out: &mut Sink) -> Result<(), Stop> {
        let (mut file, mut line, mut index, mut scope) = (String::new(), 0, 0, String::new());
        for (slot, (semantic, kind)) in self.slots.iter().enumerate() {
            let flag = u8_of(input)?;
            let prefix = || self.prefixes.get(&(slot as u8)).cloned().unwrap_or_default();
            match kind {
                b'i' => {
                    let number = u64_of(input)? as u32;
                    match semantic {
                        2 => line = number,
                        4 => index = number,
                        _ => {}
                    }
                }
                _ => {
                    let value = match flag {
                        0xef => prefix(),
                        0xff => text(input)?,
                        _ => prefix() + &text(input)?,
                    };
                    match semantic {
                        1 => file = value,
                        8 => scope = value,
                        _ => {}
                    }
                }
            }
        }
        let func = out.func(&file, &scope, 0);
        let loc = out.loc(func, index, line, 0);
        if let Some(open) = &mut self.open {
            open.loc = loc;
            Self::begin(open, &self.guards, out);
        }
        Ok(())
    }

    /// A trace starts where its first merge point is.
    fn begin(open: &mut Open, guards: &HashMap<u64, (GuardId, TraceId)>, out: &mut Sink) {
        if std::mem::replace(&mut open.started, true) {
            return;
        }
        let parent = open.bridge_of.and_then(|guard| guards.get(&guard)).copied();
        let (parent_guard, parent_trace) = parent.unwrap_or_default();
        let kind = if open.bridge_of.is_some() { TraceKind::Bridge } else { TraceKind::Loop };
        let start = TraceStart { trace_id: open.id, kind, tier: 0, loc_id: open.loc, parent_trace, parent_guard };
        out.emit(MAIN, 0, &start);
    }

    fn op(&mut self, number: u16, args: &str, descr: Option<u64>, _fails: &str, out: &mut Sink) {
        let name = self.ops.get(&number).cloned().unwrap_or_else(|| format!("op{number}"));
        let Some(open) = &mut self.open else { return };
        let mut words = args.split(',');
        let result = words.next().filter(|result| *result != "?" && !result.is_empty());
        let mut operands: Vec<&str> = words.collect();
        let is_guard = name.starts_with("guard_");
        let descr_text = if descr.is_some() { operands.pop() } else { None };
        if let Some(text) = descr_text.filter(|text| !is_guard && !text.is_empty()) {
            operands.push(text);
        }
        if let (Some(result), Some(text)) = (result, descr_text)
            && text.contains("inst_map ")
        {
            open.maps.insert(result.to_string());
        }
        let ty = result.map_or("", type_of);
        let at = usize::from(open.stage.min(2));
        let index = open.stages[at].op(out, &name, result, ty, &operands, open.loc, is_guard);
        open.guards_at[at] += u32::from(is_guard);
        if at == 0 {
            return;
        }
        // Guards have their numbers where they have been compiled; before that the optimised ones are the same.
        if is_guard && let Some(number) = descr {
            let known = open.guards.iter_mut().find(|(known, ..)| *known == number);
            let expected = operands.get(1).copied().unwrap_or_default();
            let class = matches!(name.as_str(), "guard_class" | "guard_nonnull_class" | "guard_exact_class");
            let shape = name == "guard_value" && operands.first().is_some_and(|operand| open.maps.contains(*operand));
            let (name, expected) = match (class, shape) {
                (true, _) => (format!("{name} (type)"), expected.to_string()),
                (_, true) => (format!("{name} (shape)"), format!("shape {expected}")),
                _ => (name.clone(), expected.to_string()),
            };
            let guard = (number, name, index, open.loc, expected);
            match known {
                // Merge points and fields are in the optimised stage alone; the operation is that of the last.
                Some(known) if !known.3.is_none() => known.2 = index,
                Some(known) => *known = guard,
                None => open.guards.push(guard),
            }
        }
        if name == "label"
            && let Some(token) = descr
            && !open.tokens.contains(&token)
        {
            open.tokens.push(token);
        }
    }

    /// Machine code of the operation just before; the offset has 16 bits and wraps.
    fn asm(&mut self, offset: u16, code: &[u8]) {
        let Some(open) = &mut self.open else { return };
        if offset < open.last_offset && open.last_offset - offset > 0x8000 {
            open.code_base += 0x1_0000;
        }
        open.last_offset = offset;
        let at = (open.code_base + u32::from(offset)) as usize;
        if at + code.len() > MOST_CODE {
            return;
        }
        if open.code.len() < at + code.len() {
            open.code.resize(at + code.len(), 0);
        }
        open.code[at..at + code.len()].copy_from_slice(code);
        let op = open.stages[usize::from(open.stage.min(2))].len().saturating_sub(1);
        open.map.push(CodeMapEntry { code_off: at as u32, ir_op_id: IrOpId(op as u32), loc_id: open.loc });
    }

    fn stitch(&mut self, guard: u64, target: u64, out: &mut Sink) {
        self.close(out);
        let known = self.guards.get(&guard).copied();
        let bridge = self.bridges.get(&guard).copied();
        match (known, bridge) {
            (Some((guard_id, _)), Some(bridge_trace)) => {
                let target_addr = Address(target);
                out.emit(MAIN, 0, &BridgeAttach { guard_id, bridge_trace, patch_addr: Address(0), target_addr });
            }
            _ => out.unread(UnreadKind::Damaged, "a bridge is stitched to a guard that the log does not define"),
        }
    }

    fn count(&mut self, id: u64, kind: u8, count: u64, out: &mut Sink) -> Result<(), Stop> {
        self.close(out);
        self.counts = true;
        match kind {
            b'e' => {
                if let Some(trace) = self.loops.get(&id) {
                    out.count(CounterKind::TraceExec, trace.0, count);
                }
            }
            b'l' => {
                if let Some(trace) = self.tokens.get(&id)
                    && self.last_token.get(trace) == Some(&id)
                {
                    out.count(CounterKind::LoopIter, trace.0, count);
                }
            }
            b'b' => {
                if let Some(trace) = self.bridges.get(&id) {
                    out.count(CounterKind::TraceExec, trace.0, count);
                }
                if let Some((guard, _)) = self.guards.get(&id) {
                    out.count(CounterKind::GuardFail, guard.0, count);
                }
            }
            other => return Err(Stop::Damaged(format!("a counter of unknown kind {other:#x}"))),
        }
        Ok(())
    }

    fn close(&mut self, out: &mut Sink) {
        let Some(mut open) = self.open.take() else { return };
        Self::begin(&mut open, &self.guards, out);
        let trace_id = open.id;
        for (stage, name) in [(0, ""), (1, "optimize"), (2, "assemble")] {
            if !open.present[stage] {
                continue;
            }
            if stage > 0 {
                let pass = PassEnd {
                    trace_id,
                    pass_id: out.pass(name),
                    index: stage as u16,
                    ops_in: open.stages[stage - 1].len() as u32,
                    ops_out: open.stages[stage].len() as u32,
                    guards_in: open.guards_at[stage - 1],
                    guards_out: open.guards_at[stage],
                    changed: 1,
                    ..PassEnd::default()
                };
                out.emit(MAIN, 0, &pass);
            }
            open.stages[stage].write(out, MAIN, 0, trace_id, stage as u16);
        }
        let n_ir = open.stages[0].len() as u32;
        if !open.present[2] {
            let reason = out.abort_reason(if open.aborted { "reason not in the log" } else { "not finished" });
            out.emit(MAIN, 0, &TraceAbort { trace_id, reason, loc_id: open.loc, n_ir, ..TraceAbort::default() });
            return;
        }
        let link_kind = out.link_kind(if open.bridge_of.is_some() { "jump" } else { "loop" });
        out.emit(MAIN, 0, &TraceStop { trace_id, n_ir, link_kind, ..TraceStop::default() });
        for (ordinal, (number, name, op, loc_id, expected)) in open.guards.iter().enumerate() {
            let guard_id = out.new_guard();
            let kind = out.guard_kind(name);
            out.guard(&GuardDef {
                guard_id,
                trace_id,
                ordinal: ordinal.min(usize::from(u16::MAX)) as u16,
                kind,
                ir_op_id: IrOpId(*op),
                loc_id: *loc_id,
                expected,
                ..GuardDef::default()
            });
            self.guards.insert(*number, (guard_id, trace_id));
            self.places.insert(*number, *loc_id);
        }
        let addr = Address(open.addr.0);
        let code_bytes = u32::try_from(open.addr.1.saturating_sub(open.addr.0)).unwrap_or(0);
        let end = CompileEnd {
            trace_id,
            outcome: CompileOutcome::Installed,
            addr,
            code_bytes,
            n_guards: open.guards.len() as u32,
            ..CompileEnd::default()
        };
        out.emit(MAIN, 0, &end);
        if !open.code.is_empty() {
            out.emit(MAIN, 0, &Code { trace_id, addr, arch: Arch::X86_64, bytes: &open.code });
            open.map.sort_by_key(|entry| entry.code_off);
            let entries = payload::encode_code_map(&open.map);
            out.emit(MAIN, 0, &CodeMap { trace_id, n: open.map.len() as u32, entries: &entries });
        }
        out.emit(MAIN, 0, &CodeInstall { trace_id, addr, bytes: code_bytes });
        for token in &open.tokens {
            self.tokens.insert(*token, trace_id);
            self.last_token.insert(trace_id, *token);
        }
        match open.bridge_of {
            Some(guard) => self.bridges.insert(guard, trace_id),
            None => self.loops.insert(open.number, trace_id),
        };
    }

    fn absent(&self, out: &mut Sink) {
        let times = "PYPYLOG=jit,gc:FILE";
        for fact in [Fact::Times, Fact::CompileTimes, Fact::Collections, Fact::GcPauses, Fact::Heap, Fact::AbortReasons]
        {
            out.absent(fact, times);
        }
        for fact in [Fact::ObservedTypes, Fact::Bytecode, Fact::Iterations, Fact::SourceText] {
            out.absent(fact, "");
        }
        out.absent(Fact::Samples, "vmprof");
        if !self.counts {
            out.absent(Fact::Executions, "a program that ends by itself");
            out.absent(Fact::GuardFailures, "a program that ends by itself");
        }
    }
}

/// The type letter of a variable.
fn type_of(name: &str) -> &'static str {
    match name.as_bytes().first() {
        Some(b'i') => "int",
        Some(b'p' | b'r') => "ref",
        Some(b'f') => "float",
        _ => "",
    }
}
