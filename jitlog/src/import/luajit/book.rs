//! The traces of a LuaJIT run as its numbers name them, whichever file tells of them.

use std::collections::HashMap;

use crate::format::payload::{self, BytecodeIns};
use crate::import::sink::{MAIN, Sink};
use crate::*;

/// Bytecodes of a trace that are kept.
const MOST_BYTECODES: usize = 20_000;

/// One recorded bytecode.
#[derive(Clone, PartialEq)]
pub struct Step {
    pub func: FuncId,
    pub pc: u32,
    pub loc: LocId,
    pub depth: u32,
    pub note: String,
}

/// A trace while it is the one of its number.
pub struct Current {
    pub id: TraceId,
    pub loc: LocId,
    started_ns: u64,
    parent: Option<(TraceId, GuardId)>,
    pub steps: Vec<Step>,
    /// How many there were: more than are kept.
    n_steps: u32,
    guards: HashMap<u64, GuardId>,
    pub done: bool,
    pub n_ir: u32,
}

/// What the end of a trace said.
#[derive(Default)]
pub struct Ended {
    pub mcode: u32,
    pub addr: u64,
    pub n_exits: u32,
}

#[derive(Default)]
pub struct Book {
    traces: HashMap<u64, Current>,
    /// Exits whose guard's place and sort come from how the side trace differs.
    differences: HashMap<GuardId, ()>,
    pub has_exits: bool,
    pub has_code: bool,
}

impl Book {
    pub fn current(&mut self, number: u64) -> Option<&mut Current> {
        self.traces.get_mut(&number)
    }

    /// A place as LuaJIT names it: `file:line`, `[builtin]` or `function file:line`.
    pub fn place(text: &str, first: u32, out: &mut Sink) -> (FuncId, LocId) {
        match text.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse::<u32>().ok()?))) {
            Some((file, line)) => {
                let name = if first > 0 { format!("function at {first}") } else { String::from("main chunk") };
                let name = if first == 0 && line > 0 { String::new() } else { name };
                let func = out.func(file, &name, first);
                (func, out.loc(func, line, line, 0))
            }
            None => {
                let func = out.func("", text, 0);
                (func, out.loc(func, 0, 0, 0))
            }
        }
    }

    pub fn start(&mut self, t_ns: u64, number: u64, at: &str, parent: Option<(u64, Option<u64>)>, out: &mut Sink) {
        let (_, loc) = Book::place(at, 0, out);
        self.start_at(t_ns, number, loc, parent, out);
    }

    /// `parent` is a trace's number and its exit; without an exit it is stitched to a builtin's return.
    pub fn start_at(&mut self, t_ns: u64, number: u64, loc: LocId, parent: Option<(u64, Option<u64>)>, out: &mut Sink) {
        let id = out.new_trace();
        let parent_guard = parent.map(|(trace, exit)| self.guard(trace, exit.unwrap_or(STITCH), out));
        let parent_trace = parent.and_then(|(trace, _)| self.traces.get(&trace)).map(|trace| trace.id);
        let start = TraceStart {
            trace_id: id,
            kind: if parent.is_some() { TraceKind::Bridge } else { TraceKind::Loop },
            tier: 0,
            loc_id: loc,
            parent_trace: parent_trace.unwrap_or_default(),
            parent_guard: parent_guard.unwrap_or_default(),
        };
        out.emit(MAIN, t_ns, &start);
        let current = Current {
            id,
            loc,
            started_ns: t_ns,
            parent: parent_trace.zip(parent_guard),
            steps: Vec::new(),
            n_steps: 0,
            guards: HashMap::new(),
            done: false,
            n_ir: 0,
        };
        self.traces.insert(number, current);
    }

    /// The guard that an exit of a trace is, defined when first named.
    pub fn guard(&mut self, number: u64, exit: u64, out: &mut Sink) -> GuardId {
        let Some(trace) = self.traces.get_mut(&number) else {
            out.unread(UnreadKind::Damaged, &format!("exit {exit} of trace {number}, which the log does not start"));
            return GuardId::NONE;
        };
        if let Some(guard) = trace.guards.get(&exit) {
            return *guard;
        }
        let guard_id = out.new_guard();
        trace.guards.insert(exit, guard_id);
        let kind = out.guard_kind(if exit == STITCH { "stitch" } else { "exit" });
        let (trace_id, loc_id) = (trace.id, trace.loc);
        let ordinal = exit.min(u64::from(u16::MAX)) as u16;
        let expected = if exit == STITCH { "return of a builtin" } else { "" };
        out.guard(&GuardDef { guard_id, trace_id, ordinal, kind, loc_id, expected, ..GuardDef::default() });
        guard_id
    }

    /// Describes an exit by the guards that lead to it.
    pub fn describe(&mut self, number: u64, exit: u64, op: u32, guards: u32, expected: &str, out: &mut Sink) {
        let guard_id = self.guard(number, exit, out);
        let Some(trace) = self.traces.get(&number) else { return };
        let more = if guards > 1 { format!(" and {} more", guards - 1) } else { String::new() };
        let kind = out.guard_kind("exit");
        out.guard(&GuardDef {
            guard_id,
            trace_id: trace.id,
            ordinal: exit.min(u64::from(u16::MAX)) as u16,
            kind,
            ir_op_id: IrOpId(op),
            loc_id: trace.loc,
            expected: &format!("{expected}{more}"),
            ..GuardDef::default()
        });
    }

    pub fn step(&mut self, number: u64, step: Step) {
        let Some(trace) = self.traces.get_mut(&number) else { return };
        trace.n_steps += 1;
        if trace.steps.len() < MOST_BYTECODES {
            trace.steps.push(step);
        }
    }

    fn bytecode(&self, t_ns: u64, number: u64, out: &mut Sink) -> u32 {
        let Some(trace) = self.traces.get(&number).filter(|trace| !trace.steps.is_empty()) else { return 0 };
        let steps = trace.steps.iter().map(|s| BytecodeIns { word: s.pc.into(), loc_id: s.loc, depth: s.depth });
        let steps: Vec<BytecodeIns> = steps.collect();
        let record = Bytecode {
            trace_id: trace.id,
            format: payload::FORMAT_1,
            n: steps.len() as u32,
            bytes: &payload::encode_bytecode(&steps),
            notes: &payload::encode_texts(trace.steps.iter().map(|s| s.note.as_str())),
        };
        out.emit(MAIN, t_ns, &record);
        trace.n_steps
    }

    pub fn stop(&mut self, t_ns: u64, number: u64, link: &str, ended: &Ended, out: &mut Sink) {
        let n_bytecodes = self.bytecode(t_ns, number, out);
        let target = link.strip_prefix("-> ").unwrap_or(link);
        let word = target.split(' ').next().unwrap_or_default();
        let linked = word.parse::<u64>().ok();
        let link_trace = linked.and_then(|number| self.traces.get(&number)).map(|trace| trace.id).unwrap_or_default();
        let words = if linked.is_some() { target.split_once(' ').map_or("root", |(_, kind)| kind) } else { word };
        let link_kind = out.link_kind(if target.starts_with("-- ") { "interpreter" } else { words });
        let Some(trace) = self.traces.get_mut(&number) else {
            out.unread(UnreadKind::Damaged, &format!("trace {number} stops without having started"));
            return;
        };
        trace.done = true;
        let (trace_id, record_ns, parent) = (trace.id, t_ns.saturating_sub(trace.started_ns), trace.parent);
        let n_ir = trace.n_ir;
        let stop = TraceStop { trace_id, n_bytecodes, n_ir, record_ns, link_kind, link_trace, ..TraceStop::default() };
        out.emit(MAIN, t_ns, &stop);
        let end = CompileEnd {
            trace_id,
            outcome: CompileOutcome::Installed,
            addr: Address(ended.addr),
            code_bytes: ended.mcode,
            n_guards: ended.n_exits,
            ..CompileEnd::default()
        };
        out.emit(MAIN, t_ns, &end);
        self.has_code |= ended.mcode > 0;
        out.emit(MAIN, t_ns, &CodeInstall { trace_id, addr: Address(ended.addr), bytes: ended.mcode });
        if let Some((parent_trace, guard_id)) = parent {
            let attach = BridgeAttach { guard_id, bridge_trace: trace_id, ..BridgeAttach::default() };
            out.emit(MAIN, t_ns, &attach);
            self.difference(number, parent_trace, guard_id, out);
        }
        for exit in 0..u64::from(ended.n_exits.min(u16::MAX.into())) {
            self.guard(number, exit, out);
        }
    }

    /// Where a side trace goes another way than its parent did: that is what the parent's guard tested. If the first that
    /// differs is the function called, the callee, and so what it was called on, was another.
    fn difference(&mut self, number: u64, parent: TraceId, guard_id: GuardId, out: &mut Sink) {
        if self.differences.insert(guard_id, ()).is_some() {
            return;
        }
        let Some(side) = self.traces.get(&number) else { return };
        let Some(trace) = self.traces.values().find(|trace| trace.id == parent) else { return };
        let Some(first) = side.steps.first() else { return };
        let from = trace.steps.iter().position(|step| step.func == first.func && step.pc == first.pc);
        let Some(from) = from else { return };
        let same = (trace.steps[from..].iter().zip(&side.steps))
            .take_while(|(one, other)| one.func == other.func && one.pc == other.pc && one.depth == other.depth);
        let same = same.count();
        let (Some(was), Some(is)) = (trace.steps.get(from + same), side.steps.get(same)) else { return };
        if same == 0 || was.loc.is_none() {
            return;
        }
        let at = &side.steps[same - 1];
        let ordinal = trace.guards.iter().find(|(_, id)| **id == guard_id).map_or(0, |(exit, _)| *exit);
        let called = was.func != is.func && was.depth > at.depth;
        let kind = out.guard_kind(if called { "exit (type of the callee)" } else { "exit (branch)" });
        let expected = if called { format!("function at {}", was.note) } else { format!("go on to {}", was.note) };
        out.guard(&GuardDef {
            guard_id,
            trace_id: parent,
            ordinal: ordinal.min(u64::from(u16::MAX)) as u16,
            kind,
            loc_id: at.loc,
            expected: &expected,
            ..GuardDef::default()
        });
        if called {
            let ty = out.observed_type(&format!("function at {}", is.note));
            out.observed(guard_id, ty, 0);
            let bailout = Bailout {
                guard_id,
                trace_id: parent,
                loc_id: at.loc,
                observed_type: ty,
                weight: 1,
                ..Bailout::default()
            };
            let now = out.last_ns();
            out.emit(MAIN, now, &bailout);
        }
    }

    pub fn abort(&mut self, t_ns: u64, number: u64, at: &str, error: &str, out: &mut Sink) {
        let n_bytecodes = self.bytecode(t_ns, number, out);
        let (_, loc_id) = Book::place(at, 0, out);
        // `NYI: bytecode FNEW`: what stopped it is the detail, the rest is the reason.
        let (reason, detail) = match error.strip_prefix("NYI: ") {
            Some(rest) => match rest.rsplit_once(' ') {
                Some((what, which)) if which.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()) => {
                    (format!("NYI: {what}"), which)
                }
                _ => (error.to_string(), ""),
            },
            None => (error.to_string(), ""),
        };
        let reason = out.abort_reason(&reason);
        let Some(trace) = self.traces.remove(&number) else {
            out.unread(UnreadKind::Damaged, &format!("trace {number} aborts without having started"));
            return;
        };
        let abort = TraceAbort {
            trace_id: trace.id,
            reason,
            loc_id,
            n_bytecodes,
            record_ns: t_ns.saturating_sub(trace.started_ns),
            blacklisted: u8::from(error == "blacklisted"),
            detail,
            ..TraceAbort::default()
        };
        out.emit(MAIN, t_ns, &abort);
    }

    pub fn exit(&mut self, t_ns: u64, number: u64, exit: u64, n: u32, out: &mut Sink) {
        self.has_exits = true;
        let guard_id = self.guard(number, exit, out);
        let Some(trace) = self.traces.get(&number).filter(|_| !guard_id.is_none()) else { return };
        out.count(CounterKind::GuardFail, guard_id.0, n.into());
        let bailout = Bailout { guard_id, trace_id: trace.id, loc_id: trace.loc, weight: n, ..Bailout::default() };
        out.emit(MAIN, t_ns, &bailout);
    }

    pub fn flush(&mut self, t_ns: u64, out: &mut Sink) {
        let reason = CodeFreeReason(out.reason(ReasonDomain::CodeFree, "flush", "all traces were thrown away"));
        out.emit(MAIN, t_ns, &CodememFlush { reason, freed_bytes: 0 });
        for trace in self.traces.values().filter(|trace| trace.done) {
            out.emit(MAIN, t_ns, &CodeFree { trace_id: trace.id, reason, ..CodeFree::default() });
        }
        self.traces.clear();
    }

    /// Exits that were watched and never taken have a count of 0.
    pub fn end(&mut self, out: &mut Sink) {
        if !self.has_exits {
            return;
        }
        for guard in self.traces.values().flat_map(|trace| trace.guards.values()) {
            out.count(CounterKind::GuardFail, guard.0, 0);
        }
    }
}

/// Stands for the return of a builtin that a trace is stitched to.
const STITCH: u64 = u64::MAX;
