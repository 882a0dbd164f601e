//! `v8.log`: one event per line, fields between commas, times in microseconds. The order of the file is that of the events.

use std::collections::HashMap;

use super::addresses::Addresses;
use super::left;
use super::place::{function, inlined, unescape};
use crate::import::exits::Exits;
use crate::import::sink::{MAIN, Sink};
use crate::*;

/// Events that are known and hold nothing a log of ours has a place for.
const PASSED_OVER: &[&str] = &[
    "v8-platform",
    "shared-library",
    "shared-library-end",
    "profiler",
    "new",
    "delete",
    "heap-capacity",
    "heap-available",
    "function",
    "map",
    "map-create",
    "map-details",
    "feedback-vector",
    "code-source-info",
    "code-disassemble",
    "script",
    "script-details",
    "sfi-move",
    "snapshot-code-name",
    "code-disable-optimization",
    "bytecode-flush",
    "active-runtime-timer",
    "processor",
    "heap-sample-begin",
    "heap-sample-end",
    "heap-sample-item",
    "suspect-read",
    "compilation-cache",
    "current-time",
    "event",
    "code-feedback",
];

/// `--prof` samples this often unless told otherwise.
const TICK_NS: u64 = 1_000_000;
/// Frames of a tick's stack that are kept.
const DEEPEST: usize = 256;

/// A piece of code.
struct Piece {
    tier: Tier,
    trace: TraceId,
    func: FuncId,
    loc: LocId,
}

#[derive(Clone, Copy, PartialEq)]
enum Tier {
    Interpreted,
    Compiled,
    Builtin,
}

#[derive(Default)]
pub struct Seen {
    pub version: bool,
    pub code: bool,
    pub deopts: bool,
    pub ticks: bool,
    pub source: bool,
    pub times: bool,
}

#[derive(Default)]
pub struct Csv {
    pub seen: Seen,
    pieces: Vec<Piece>,
    addresses: Addresses,
    exits: Exits,
    /// Stubs that the interpreter and the collector are made of.
    builtins: HashMap<String, LocId>,
}

fn number(text: Option<&&str>) -> Result<u64, ()> {
    let text = text.ok_or(())?;
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).map_err(|_| ()),
        None => text.parse().map_err(|_| ()),
    }
}

/// Microseconds as nanoseconds.
fn time(text: Option<&&str>) -> Result<u64, ()> {
    number(text).map(|us| us.saturating_mul(1000).min(1 << 62))
}

impl Csv {
    /// Whether the line is of a kind that is known; an error if it is and is not whole.
    pub fn line(&mut self, line: &str, out: &mut Sink) -> Result<bool, ()> {
        let fields: Vec<&str> = line.split(',').collect();
        let Some(name) = fields.first() else { return Ok(false) };
        match *name {
            "v8-version" => self.version(&fields, out),
            "code-creation" => self.code(&fields, out)?,
            "code-deopt" => self.deopt(&fields, out)?,
            "code-move" => {
                let (from, to) = (number(fields.get(1))?, number(fields.get(2))?);
                self.addresses.move_to(from, to);
            }
            "code-delete" => self.addresses.remove(number(fields.get(1))?),
            "script-source" => self.source(&fields, out)?,
            "tick" => self.tick(&fields, out)?,
            "timer-event-start" | "timer-event-end" => {
                let t_ns = time(fields.get(2))?;
                let name_str = out.string(&unescape(fields.get(1).ok_or(())?));
                if name.ends_with("start") {
                    out.emit(MAIN, t_ns, &SpanBegin { name_str, ..SpanBegin::default() });
                } else {
                    out.emit(MAIN, t_ns, &SpanEnd { name_str, ..SpanEnd::default() });
                }
            }
            ic if ic.ends_with("IC") => self.inline_cache(ic, &fields, out)?,
            other => return Ok(PASSED_OVER.contains(&other)),
        }
        Ok(true)
    }

    fn version(&mut self, fields: &[&str], out: &mut Sink) {
        let numbers = fields.get(1..5.min(fields.len())).unwrap_or_default().join(".");
        let embedder = fields.get(5).copied().unwrap_or_default();
        if !std::mem::replace(&mut self.seen.version, true) {
            out.process("V8", &format!("{numbers}{embedder}"), &[], "");
        }
    }

    /// `code-creation,TYPE,KIND,TIME,ADDR,SIZE,NAME[,SFI,STATE]`.
    fn code(&mut self, fields: &[&str], out: &mut Sink) -> Result<(), ()> {
        let (kind, t_ns) = (number(fields.get(2))?, time(fields.get(3))?);
        let (addr, size) = (number(fields.get(4))?, number(fields.get(5))?);
        let name = unescape(fields.get(6).ok_or(())?);
        self.seen.code = true;
        self.seen.times |= t_ns > 0;
        let tier = match (fields.get(1).copied(), fields.get(8).copied()) {
            (_, Some("~")) => None,
            (_, Some("^")) => Some(1),
            (_, Some("+" | "+'")) => Some(2),
            (_, Some("*" | "*'")) => Some(3),
            (Some("RegExp" | "Wasm" | "WasmFunction"), _) => Some(3),
            (Some("JS" | "Script" | "Eval" | "Function"), _) => (kind >= 11).then(|| (kind - 10).min(3)),
            _ => {
                let loc = self.builtin(&name, out);
                let piece = Piece { tier: Tier::Builtin, trace: TraceId::NONE, func: FuncId::NONE, loc };
                self.add(addr, size, piece);
                return Ok(());
            }
        };
        let (function, file, line, col) = function(&name);
        let shown = if function.is_empty() { "(top level)" } else { function };
        let func = out.func(file, shown, line);
        let loc = out.loc(func, 0, line, col);
        let trace = match tier {
            None => TraceId::NONE,
            Some(tier) => compiled(out, t_ns, tier as u8, loc, addr, size),
        };
        let tier = if tier.is_none() { Tier::Interpreted } else { Tier::Compiled };
        self.add(addr, size, Piece { tier, trace, func, loc });
        Ok(())
    }

    fn builtin(&mut self, name: &str, out: &mut Sink) -> LocId {
        if let Some(loc) = self.builtins.get(name) {
            return *loc;
        }
        let loc = out.place("", name, 0);
        self.builtins.insert(name.to_string(), loc);
        loc
    }

    fn add(&mut self, addr: u64, size: u64, piece: Piece) {
        self.addresses.add(addr, size, self.pieces.len());
        self.pieces.push(piece);
    }

    fn piece(&self, addr: u64) -> Option<&Piece> {
        self.pieces.get(self.addresses.at(addr)?)
    }

    /// `code-deopt,TIME,CODESIZE,CODEADDR,INLININGID,SCRIPTOFFSET,KIND,<file:line:col>[ inlined at <..>],REASON`.
    fn deopt(&mut self, fields: &[&str], out: &mut Sink) -> Result<(), ()> {
        let (t_ns, addr) = (time(fields.get(1))?, number(fields.get(3))?);
        let kind = fields.get(6).ok_or(())?;
        let at = unescape(fields.get(7).ok_or(())?);
        let reason = unescape(fields.get(8).ok_or(())?);
        self.seen.deopts = true;
        let (trace, func) = match self.piece(addr) {
            Some(piece) if !piece.trace.is_none() => (piece.trace, piece.func),
            // Its creation is not in the log: the code is known by this alone.
            _ => {
                let trace = compiled(out, t_ns, 3, LocId::NONE, addr, number(fields.get(2))?);
                (trace, FuncId::NONE)
            }
        };
        let loc = match inlined(&at).next() {
            Some((file, line, col)) => {
                let inlined_here = at.contains(" inlined at ");
                let func = if func.is_none() || inlined_here { out.func(file, "", 0) } else { func };
                let offset = number(fields.get(5)).unwrap_or(0) as u32;
                out.loc(func, offset, line, col)
            }
            None => LocId::NONE,
        };
        left(&mut self.exits, out, t_ns, trace, loc, kind, &reason);
        Ok(())
    }

    /// `LoadIC,PC,TIME,LINE,COL,OLD,NEW,MAP,KEY,MODIFIER,SLOWREASON`; before 8.6 without the time.
    fn inline_cache(&mut self, name: &str, fields: &[&str], out: &mut Sink) -> Result<(), ()> {
        let pc = number(fields.get(1))?;
        let timed = fields.len() >= 11;
        let at = if timed { 3 } else { 2 };
        let t_ns = if timed { time(fields.get(2))? } else { 0 };
        let (line, col) = (number(fields.get(at))?, number(fields.get(at + 1))?);
        let (old, new) = (fields.get(at + 2).ok_or(())?, fields.get(at + 3).ok_or(())?);
        if !is_state(old) || !is_state(new) {
            return Err(());
        }
        self.seen.times |= t_ns > 0;
        let key = unescape(fields.get(at + 5).copied().unwrap_or_default());
        let slow = unescape(fields.get(at + 7).copied().unwrap_or_default());
        let func = match self.piece(pc) {
            Some(piece) if piece.tier != Tier::Builtin => piece.func,
            _ => out.func("", "(unknown function)", 0),
        };
        let loc = out.loc(func, 0, u32::try_from(line).unwrap_or(0), col.min(u16::MAX.into()) as u16);
        out.count(CounterKind::IcMiss, loc.0, 1);
        let name_str = out.string(&format!("{name} {old}→{new}"));
        let slow = if slow.is_empty() { String::new() } else { format!(" ({slow})") };
        let mark = Mark { name_str, value: 0.0, count: i64::from(loc.0), text: &format!("{key}{slow}") };
        out.emit(MAIN, t_ns, &mark);
        Ok(())
    }

    /// `script-source,ID,URL,TEXT`.
    fn source(&mut self, fields: &[&str], out: &mut Sink) -> Result<(), ()> {
        number(fields.get(1))?;
        let url = unescape(fields.get(2).ok_or(())?);
        let text = unescape(fields.get(3).ok_or(())?);
        self.seen.source = true;
        if !url.is_empty() {
            let source_id = out.source(&url);
            let now = out.last_ns();
            out.emit(MAIN, now, &SourceText { source_id, bytes: text.as_bytes() });
        }
        Ok(())
    }

    /// `tick,PC,TIME,IS_EXTERNAL,TOS_OR_CALLBACK,VMSTATE[,overflow][,STACK..]`.
    fn tick(&mut self, fields: &[&str], out: &mut Sink) -> Result<(), ()> {
        let (pc, t_ns) = (number(fields.get(1))?, time(fields.get(2))?);
        let vm_state = number(fields.get(5))?;
        if !std::mem::replace(&mut self.seen.ticks, true) {
            out.note("ticks: each stands for 1 ms, V8's default".into());
        }
        self.seen.times = true;
        let mut addresses = vec![pc];
        let mut last = pc;
        for entry in fields.iter().skip(6).filter(|entry| **entry != "overflow").take(DEEPEST) {
            last = match (entry.strip_prefix('+'), entry.strip_prefix('-')) {
                (Some(more), _) => last.wrapping_add(hex(more)?),
                (_, Some(less)) => last.wrapping_sub(hex(less)?),
                _ => number(Some(entry))?,
            };
            addresses.push(last);
        }
        let frames: Vec<&Piece> = addresses.iter().filter_map(|addr| self.piece(*addr)).collect();
        let inner = frames.iter().find(|piece| piece.tier != Tier::Builtin);
        let state = match vm_state {
            0 => match frames.first().map(|piece| piece.tier) {
                Some(Tier::Compiled) => SampleState::Trace,
                Some(Tier::Builtin) if inner.is_some_and(|piece| piece.tier == Tier::Compiled) => SampleState::Native,
                _ => SampleState::Interp,
            },
            1 => SampleState::Gc,
            2..=4 => SampleState::Opt,
            8 => SampleState::Idle,
            _ => SampleState::Native,
        };
        let mut stack_id = StackId::NONE;
        for piece in frames.iter().rev().filter(|piece| piece.tier != Tier::Builtin) {
            let kind = if piece.tier == Tier::Compiled { FrameKind::Compiled } else { FrameKind::Interp };
            stack_id = out.stack(stack_id, piece.loc, kind);
        }
        let sample = Sample {
            state,
            trace_id: if state == SampleState::Trace {
                inner.map_or(TraceId::NONE, |p| p.trace)
            } else {
                TraceId::NONE
            },
            loc_id: inner.or(frames.first()).map_or(LocId::NONE, |piece| piece.loc),
            stack_id,
            weight_ns: TICK_NS,
            ..Sample::default()
        };
        out.emit(MAIN, t_ns, &sample);
        Ok(())
    }

    pub fn end(&mut self, _out: &mut Sink) {}
}

fn hex(text: &str) -> Result<u64, ()> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).map_err(|_| ())
}

/// What an inline cache's state is written as.
fn is_state(text: &str) -> bool {
    text.len() == 1 && "0.1^PNDGX".contains(text)
}

/// A function compiled by a tier: all its events at once.
fn compiled(out: &mut Sink, t_ns: u64, tier: u8, loc_id: LocId, addr: u64, size: u64) -> TraceId {
    let trace_id = out.new_trace();
    out.emit(MAIN, t_ns, &TraceStart { trace_id, kind: TraceKind::Func, tier, loc_id, ..TraceStart::default() });
    let bytes = u32::try_from(size).unwrap_or(0);
    let end = CompileEnd {
        trace_id,
        outcome: CompileOutcome::Installed,
        addr: Address(addr),
        code_bytes: bytes,
        ..CompileEnd::default()
    };
    out.emit(MAIN, t_ns, &end);
    out.emit(MAIN, t_ns, &CodeInstall { trace_id, addr: Address(addr), bytes });
    trace_id
}
