//! `-XX:+LogCompilation`: compilations, what they inlined, and every deoptimisation with its reason.
//!
//! Threads write by turns, which `<writer>` says; the logs of the compiler threads are appended when the VM ends.

use std::collections::HashMap;

use super::element::{Element, parse};
use super::known::PASSED_OVER;
use super::method;
use crate::import::exits::{Exit, Exits, invalidate};
use crate::import::ir::TextIr;
use crate::import::sink::{LaneId, MAIN, Sink};
use crate::*;

/// A compilation as its id names it.
#[derive(Clone)]
struct Compilation {
    trace: TraceId,
    loc: LocId,
    queued_ns: u64,
    bytes: u32,
    addr: u64,
}

/// A deoptimisation whose frames follow.
struct Leaving {
    element: String,
    id: String,
    reason: String,
    action: String,
    at_ns: u64,
    frames: Vec<(FuncId, u32)>,
}

/// What a compiler thread is at.
#[derive(Default)]
struct Task {
    id: String,
    begin_ns: u64,
    guards: u32,
    failure: Option<String>,
    klasses: HashMap<u64, String>,
    methods: HashMap<u64, String>,
    call: String,
    inlining: TextIr,
    phases: Vec<(String, u64, u32)>,
    passes: u16,
    /// Receivers that were predicted, by offset.
    predicted: Vec<(u32, String)>,
}

#[derive(Default)]
pub struct Xml {
    pub seen: bool,
    writer: u64,
    version: Vec<String>,
    in_release: bool,
    processed: bool,
    compilations: HashMap<String, Compilation>,
    leaving: HashMap<u64, Leaving>,
    exits: Exits,
    lane: Option<LaneId>,
    task: Option<Task>,
    /// Receivers predicted, by trace and offset; and the guards that test them.
    predicted: HashMap<(TraceId, u32), String>,
    type_guards: Vec<(GuardId, TraceId, LocId, u32, String)>,
    open_root: bool,
    fragment: bool,
    now_ns: u64,
}

impl Xml {
    /// Whether the line was understood.
    pub fn line(&mut self, line: &str, out: &mut Sink) -> bool {
        self.seen = true;
        if line.contains("<fragment>") || line.starts_with("<![CDATA[") {
            self.fragment = true;
        }
        let Some(element) = parse(line) else {
            if line.contains("</fragment>") || line.contains("]]>") {
                self.fragment = false;
                return true;
            }
            if self.in_release && !line.starts_with('<') {
                self.version.push(line.trim().to_string());
            }
            // Texts between elements: properties, assembly, fragments. What begins as an element and is none is damage.
            return !line.starts_with('<') || line.starts_with("<?xml") || line.starts_with("<!") || self.fragment;
        };
        if let Some(stamp) = element.stamp() {
            self.now_ns = stamp;
        }
        self.element(&element, out)
    }

    fn element(&mut self, element: &Element<'_>, out: &mut Sink) -> bool {
        match (element.name, element.closes) {
            ("hotspot_log", closes) => self.open_root = !closes,
            ("release", closes) => {
                self.in_release = !closes;
                if closes && !std::mem::replace(&mut self.processed, true) {
                    out.process("OpenJDK", self.version.first().map_or("", String::as_str), &[], "");
                }
            }
            ("writer", _) => self.writer = element.number("thread").unwrap_or(0),
            ("compilation_log", false) => {
                let name = format!("compiler thread {}", element.text("thread"));
                self.lane = Some(out.lane(&name, StreamKind::Compiler));
            }
            ("compilation_log", true) => (self.lane, self.task) = (None, None),
            ("task_queued", _) => {
                self.compilation(element, out);
            }
            ("nmethod", _) => self.installed(element, out),
            ("uncommon_trap" | "deoptimized", false) => return self.left(element, out),
            ("uncommon_trap" | "deoptimized", true) => self.leave(out),
            ("jvms", false) => self.frame(element, out),
            ("make_not_entrant" | "make_zombie", _) => {
                let compilation = self.compilation(element, out);
                let lane = self.lane.unwrap_or(MAIN);
                let reason = element.name.trim_start_matches("make_").replace('_', " ");
                let reason = element.get("reason").map_or(reason.clone(), |why| format!("{reason}: {why}"));
                invalidate(out, lane, self.now_ns, compilation.trace, compilation.loc, &reason);
            }
            ("dependency_failed", _) => {
                let name_str = out.string("dependency failed");
                let part = |name: &str| element.get(name).map(|value| format!("{name} {value}")).unwrap_or_default();
                let text = ["type", "ctxk", "x", "witness"].map(part).join(" ");
                out.emit(MAIN, self.now_ns, &Mark { name_str, value: 0.0, count: 0, text: text.trim() });
            }
            ("code_cache_full", _) => {
                let name_str = out.string("code cache full");
                out.emit(MAIN, self.now_ns, &Mark { name_str, value: 0.0, count: 0, text: "" });
            }
            (_, false) if self.task.is_some() || element.name == "task" => return self.in_task(element, out),
            ("task" | "phase" | "call" | "klass" | "method" | "failure", true) => {}
            (
                "klass" | "method" | "call" | "phase" | "phase_done" | "failure" | "inline_success" | "inline_fail",
                _,
            ) => {}
            ("task_done" | "predicted_call", _) => {}
            (name, _) => return PASSED_OVER.contains(&name),
        }
        true
    }

    /// The compilation of an element with an id; its start is what told of it first.
    fn compilation(&mut self, element: &Element<'_>, out: &mut Sink) -> Compilation {
        let id = element.text("compile_id");
        if let Some(known) = self.compilations.get(&id) {
            return known.clone();
        }
        let kind = element.text("compile_kind");
        let loc = match element.get("method") {
            Some(named) => {
                let func = func_of(&named, out);
                out.loc(func, element.number("osr_bci").unwrap_or(0) as u32, 0, 0)
            }
            None => LocId::NONE,
        };
        let trace = out.new_trace();
        let start = TraceStart {
            trace_id: trace,
            kind: match kind.as_str() {
                "osr" => TraceKind::Loop,
                "c2n" => TraceKind::Entry,
                _ => TraceKind::Func,
            },
            // Only levels below the highest are written down where the compilation is queued.
            tier: element.number("level").unwrap_or(4).min(255) as u8,
            loc_id: loc,
            ..TraceStart::default()
        };
        out.emit(MAIN, self.now_ns, &start);
        let compilation = Compilation { trace, loc, queued_ns: self.now_ns, bytes: 0, addr: 0 };
        self.compilations.insert(id, compilation.clone());
        compilation
    }

    fn installed(&mut self, element: &Element<'_>, out: &mut Sink) {
        let compilation = self.compilation(element, out);
        let (bytes, addr) = (element.number("size").unwrap_or(0) as u32, element.number("address").unwrap_or(0));
        if let Some(known) = self.compilations.get_mut(&element.text("compile_id")) {
            (known.bytes, known.addr) = (bytes, addr);
        }
        let trace_id = compilation.trace;
        let end = CompileEnd {
            trace_id,
            outcome: CompileOutcome::Installed,
            addr: Address(addr),
            code_bytes: bytes,
            ..CompileEnd::default()
        };
        out.emit(MAIN, self.now_ns, &end);
        out.emit(MAIN, self.now_ns, &CodeInstall { trace_id, addr: Address(addr), bytes });
    }

    /// A trap: one that the compiler put into code, or one that was run into.
    fn left(&mut self, element: &Element<'_>, out: &mut Sink) -> bool {
        if element.get("thread").is_none() {
            if let Some(task) = &mut self.task {
                task.guards += 1;
            }
            return true;
        }
        let leaving = Leaving {
            element: element.name.to_string(),
            id: element.text("compile_id"),
            reason: element.text("reason"),
            action: element.text("action"),
            at_ns: self.now_ns,
            frames: Vec::new(),
        };
        self.compilation(element, out);
        self.leaving.insert(self.writer, leaving);
        if element.empty {
            self.leave(out);
        }
        true
    }

    fn frame(&mut self, element: &Element<'_>, out: &mut Sink) {
        let Some(leaving) = self.leaving.get_mut(&self.writer) else { return };
        let func = func_of(&element.text("method"), out);
        leaving.frames.push((func, element.number("bci").unwrap_or(0) as u32));
    }

    fn leave(&mut self, out: &mut Sink) {
        let Some(leaving) = self.leaving.remove(&self.writer) else { return };
        let Some(compilation) = self.compilations.get(&leaving.id).cloned() else { return };
        let mut stack_id = StackId::NONE;
        let mut loc_id = compilation.loc;
        let locs: Vec<LocId> = leaving.frames.iter().map(|(func, bci)| out.loc(*func, *bci, 0, 0)).collect();
        for loc in locs.iter().rev() {
            stack_id = out.stack(stack_id, *loc, FrameKind::Compiled);
            loc_id = *loc;
        }
        let is_type = is_type(&leaving.reason);
        let exit = Exit { trace_id: compilation.trace, loc_id, stack_id, reason: &leaving.reason, is_type };
        let guard = self.exits.left(out, MAIN, leaving.at_ns, &exit);
        if is_type && !self.type_guards.iter().any(|(known, ..)| *known == guard) {
            let bci = leaving.frames.first().map_or(0, |(_, bci)| *bci);
            self.type_guards.push((guard, compilation.trace, loc_id, bci, leaving.reason.clone()));
        }
        let thrown_away = leaving.element == "deoptimized"
            || matches!(leaving.action.as_str(), "reinterpret" | "make_not_entrant" | "make_not_compilable");
        if thrown_away {
            let reason = if leaving.action.is_empty() {
                leaving.reason
            } else {
                format!("{} ({})", leaving.reason, leaving.action)
            };
            invalidate(out, MAIN, leaving.at_ns, compilation.trace, loc_id, &reason);
        }
    }

    fn in_task(&mut self, element: &Element<'_>, out: &mut Sink) -> bool {
        let lane = self.lane.unwrap_or(MAIN);
        if element.name == "task" {
            let compilation = self.compilation(element, out);
            let queue_ns = self.now_ns.saturating_sub(compilation.queued_ns);
            let tier = element.number("level").unwrap_or(4).min(255) as u8;
            out.emit(lane, self.now_ns, &CompileStart { trace_id: compilation.trace, tier, queue_ns });
            self.task = Some(Task { id: element.text("compile_id"), begin_ns: self.now_ns, ..Task::default() });
            return true;
        }
        let now = self.now_ns;
        let Some(task) = &mut self.task else { return false };
        let id = |name: &str| element.number(name).unwrap_or(0);
        match element.name {
            "klass" => {
                task.klasses.insert(id("id"), element.text("name"));
            }
            "method" => {
                let holder = task.klasses.get(&id("holder")).cloned().unwrap_or_default();
                task.methods.insert(id("id"), format!("{holder}::{}", element.text("name")));
            }
            "call" => task.call = task.methods.get(&id("method")).cloned().unwrap_or_default(),
            "inline_success" | "inline_fail" => {
                let word = element.name.trim_start_matches("inline_");
                let op = if word == "success" { "inline" } else { "call" };
                let (call, reason) = (task.call.clone(), element.text("reason"));
                task.inlining.op(out, op, None, "", &[&call, &reason], LocId::NONE, false);
            }
            "predicted_call" => {
                let klass = task.klasses.get(&id("klass")).cloned().unwrap_or_default();
                task.predicted.push((id("bci") as u32, klass));
            }
            "phase" => task.phases.push((element.text("name"), now, id("nodes") as u32)),
            "phase_done" => {
                let Some((name, begin, nodes)) = task.phases.pop() else { return true };
                let Some(compilation) = self.compilations.get(&task.id) else { return true };
                task.passes = task.passes.saturating_add(1);
                let pass = PassEnd {
                    trace_id: compilation.trace,
                    pass_id: out.pass(&name),
                    index: task.passes,
                    dur_ns: now.saturating_sub(begin),
                    ops_in: nodes,
                    ops_out: id("nodes") as u32,
                    ..PassEnd::default()
                };
                out.emit(lane, now, &pass);
            }
            "failure" => task.failure = Some(element.text("reason")),
            "task_done" => self.task_done(element, lane, out),
            name => return PASSED_OVER.contains(&name),
        }
        true
    }

    fn task_done(&mut self, element: &Element<'_>, lane: LaneId, out: &mut Sink) {
        let Some(task) = self.task.take() else { return };
        let Some(compilation) = self.compilations.get(&task.id).cloned() else { return };
        let trace_id = compilation.trace;
        let now = self.now_ns;
        if !task.inlining.is_empty() {
            task.inlining.write(out, lane, now, trace_id, 0);
        }
        for (bci, klass) in task.predicted {
            let known = self.predicted.entry((trace_id, bci)).or_default();
            if !known.split(" or ").any(|one| one == klass) {
                let between = if known.is_empty() { "" } else { " or " };
                *known = format!("{known}{between}{klass}");
            }
        }
        let failed = element.get("success").as_deref() == Some("0");
        let word = task.failure.unwrap_or_else(|| String::from("not said"));
        let reason = if failed { out.abort_reason(&word) } else { AbortReason::NONE };
        let compile_ns = now.saturating_sub(task.begin_ns);
        if failed {
            let abort = TraceAbort { trace_id, reason, loc_id: compilation.loc, ..TraceAbort::default() };
            out.emit(lane, now, &abort);
        }
        let bytes =
            if compilation.bytes > 0 { compilation.bytes } else { element.number("nmsize").unwrap_or(0) as u32 };
        let end = CompileEnd {
            trace_id,
            outcome: if failed { CompileOutcome::Aborted } else { CompileOutcome::Installed },
            reason,
            compile_ns,
            addr: Address(compilation.addr),
            code_bytes: bytes,
            n_guards: task.guards,
            ..CompileEnd::default()
        };
        out.emit(lane, now, &end);
    }

    pub fn end_of_file(&mut self, out: &mut Sink) {
        if self.open_root {
            out.unread(UnreadKind::Cut, "the log has no end: the VM was killed or still runs");
        }
        let open: Vec<u64> = self.leaving.keys().copied().collect();
        for writer in open {
            self.writer = writer;
            self.leave(out);
        }
        (self.task, self.lane, self.open_root) = (None, None, false);
    }

    /// What the compiler expected is known only once its own log was read.
    pub fn end(&mut self, out: &mut Sink) {
        for (guard, trace_id, loc_id, bci, reason) in &self.type_guards {
            let Some(expected) = self.predicted.get(&(*trace_id, *bci)) else { continue };
            let exit = Exit { trace_id: *trace_id, loc_id: *loc_id, stack_id: StackId::NONE, reason, is_type: true };
            self.exits.describe(out, *guard, &exit, 0, expected);
        }
    }
}

/// `java.lang.String charAt (I)C`.
fn func_of(named: &str, out: &mut Sink) -> FuncId {
    let mut words = named.split(' ');
    let (class, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    method(out, class, name)
}

/// Reasons that mean that a value was of another class than those seen before.
fn is_type(reason: &str) -> bool {
    ["class_check", "bimorphic", "type_check", "array_check", "speculate_class", "null_check"]
        .iter()
        .any(|word| reason.contains(word) && reason != "null_check")
}
