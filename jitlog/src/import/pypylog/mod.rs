//! PyPy's `PYPYLOG` text: nested sections, each begun and ended with a time stamp.
//!
//! One attempt at a trace is what lies between `{jit-tracing` and `jit-tracing}`; where the filter left that section out,
//! a `jit-log-opt` section is an attempt of its own. Deoptimisations are not in such a log at all.

mod attempt;
mod rate;
mod text;
mod words;

use std::collections::HashMap;

use crate::import::sink::{LaneId, MAIN, Sink};
use crate::import::{Importer, Line};
use crate::*;
use attempt::Attempt;
pub use rate::Rate;
pub use text::is_section;
use text::{Place, Stamp, after, hex, place, stamp};

/// Sections this deep are no nesting but damage.
const DEEPEST: usize = 64;

/// A section that is open.
struct Section {
    name: String,
    start: u64,
    /// Ticks that collections inside took.
    nested: u64,
}

/// Numbers a collection's section gave.
#[derive(Default)]
struct Collection {
    after: u64,
    promoted: u64,
    phase: String,
}

pub struct Pypylog {
    rate: Rate,
    first: Option<u64>,
    last: u64,
    open: Vec<Section>,
    attempt: Option<Attempt>,
    collection: Collection,
    collections: u32,
    gc: LaneId,
    /// Guards by PyPy's own number, and their traces.
    guards: HashMap<u64, Known>,
    /// `Loop N` and what it became.
    loops: HashMap<u64, TraceId>,
    /// Bridges by the guard they start at.
    bridges: HashMap<u64, TraceId>,
    /// Labels: the trace, and whether it is the last label of it.
    tokens: HashMap<u64, TraceId>,
    last_token: HashMap<TraceId, u64>,
    /// Executions of traces by their entry, so that bridges are not counted twice.
    seen: Seen,
    places: HashMap<String, LocId>,
}

/// A guard by PyPy's own number.
#[derive(Clone, Copy)]
struct Known {
    guard: GuardId,
    trace: TraceId,
    loc: LocId,
}

/// What the log turned out to hold.
#[derive(Default)]
struct Seen {
    counts: bool,
    collections: bool,
    heap: bool,
    opt: bool,
    noopt: bool,
    tracing: bool,
    code: bool,
    backend: bool,
}

impl Pypylog {
    pub fn new(rate: Rate, out: &mut Sink) -> Pypylog {
        out.process("PyPy", "", &[], "");
        if let Some(note) = rate.note() {
            out.note(note);
        }
        Pypylog {
            rate,
            first: None,
            last: 0,
            open: Vec::new(),
            attempt: None,
            collection: Collection::default(),
            collections: 0,
            gc: out.lane("gc", StreamKind::Gc),
            guards: HashMap::new(),
            loops: HashMap::new(),
            bridges: HashMap::new(),
            tokens: HashMap::new(),
            last_token: HashMap::new(),
            seen: Seen::default(),
            places: HashMap::new(),
        }
    }

    /// Nanoseconds since the first stamp.
    fn ns(&self, ticks: u64) -> u64 {
        self.rate.ns(ticks.saturating_sub(self.first.unwrap_or(ticks)))
    }

    fn now(&self) -> u64 {
        self.ns(self.last)
    }

    fn begin(&mut self, ticks: u64, name: &str, out: &mut Sink) {
        if self.open.len() >= DEEPEST {
            out.unread(UnreadKind::Damaged, &format!("more than {DEEPEST} sections inside each other at {name}"));
            self.open.clear();
        }
        self.open.push(Section { name: name.to_string(), start: ticks, nested: 0 });
        match name {
            "jit-tracing" => {
                self.seen.tracing = true;
                self.attempt = Some(Attempt::new(self.now()));
            }
            "jit-log-opt-loop" | "jit-log-opt-bridge" if self.attempt.is_none() => {
                self.attempt = Some(Attempt::alone(self.now()));
            }
            "gc-minor" | "gc-collect-step" => self.collection = Collection::default(),
            "jit-backend-counts" => {
                self.seen.counts = true;
                out.snapshot(self.now());
            }
            _ => {}
        }
        if let Some(attempt) = &mut self.attempt {
            attempt.begin(name, ticks);
        }
    }

    fn end_section(&mut self, ticks: u64, name: &str, out: &mut Sink) {
        // Threads may tangle sections: what was opened inside and never closed ends here.
        let Some(at) = self.open.iter().rposition(|section| section.name == name) else {
            out.unread(UnreadKind::Damaged, &format!("{name} ends without having begun"));
            return;
        };
        if at + 1 < self.open.len() {
            out.unread(UnreadKind::Damaged, &format!("{} has no end", self.open[at + 1].name));
        }
        self.open.truncate(at + 1);
        let Some(section) = self.open.pop() else { return };
        let took = self.rate.ns(ticks.saturating_sub(section.start));
        match name {
            "gc-minor" | "gc-collect-step" => self.collected(&section, ticks, out),
            "jit-optimize" | "jit-backend" => {
                self.seen.backend |= name == "jit-backend";
                if let Some(attempt) = &mut self.attempt {
                    attempt.compiled(name == "jit-backend", took);
                }
            }
            "jit-tracing" => self.close_attempt(out),
            "jit-log-opt-loop" | "jit-log-opt-bridge" if self.attempt.as_ref().is_some_and(|a| a.alone) => {
                self.close_attempt(out);
            }
            _ => {}
        }
    }

    fn collected(&mut self, section: &Section, ticks: u64, out: &mut Sink) {
        self.seen.collections = true;
        let total = ticks.saturating_sub(section.start);
        if let Some(outer) = self.open.iter_mut().rev().find(|outer| outer.name.starts_with("gc-")) {
            outer.nested += total;
        }
        let minor = section.name == "gc-minor";
        let name = if minor { "nursery full" } else { self.collection.phase.as_str() };
        let cause = GcCause(out.reason(ReasonDomain::GcCause, name, ""));
        self.collections += 1;
        let gc_id = GcId(self.collections);
        let kind = if minor { GcKind::Minor } else { GcKind::Major };
        let (begin, end) = (self.ns(section.start), self.ns(ticks));
        out.emit(self.gc, begin, &GcBegin { gc_id, kind, cause });
        let ended = GcEnd {
            gc_id,
            pause_ns: self.rate.ns(total.saturating_sub(section.nested)),
            after_bytes: self.collection.after,
            promoted_bytes: self.collection.promoted,
            ..GcEnd::default()
        };
        out.emit(self.gc, end, &ended);
        if minor && self.collection.after > 0 {
            self.seen.heap = true;
            out.emit(self.gc, end, &Heap { used_bytes: self.collection.after, ..Heap::default() });
        }
    }

    /// The place a merge point or a line of tracing names.
    fn place(&mut self, text: &str, out: &mut Sink) -> LocId {
        if let Some(loc) = self.places.get(text) {
            return *loc;
        }
        let loc = match place(text) {
            Place::Python { name, file, first, line, bc_off } => {
                let func = out.func(file, name, first);
                out.loc(func, bc_off, line, 0)
            }
            Place::Other(name) => {
                let func = out.func("", name, 0);
                out.loc(func, 0, 0, 0)
            }
        };
        self.places.insert(text.to_string(), loc);
        loc
    }

    fn text(&mut self, line: &str, out: &mut Sink) {
        let Some(section) = self.open.last().map(|section| section.name.clone()) else {
            if !line.is_empty() {
                out.unread(UnreadKind::Unknown, line);
            }
            return;
        };
        let understood = match section.as_str() {
            "gc-minor" => self.minor(line),
            "gc-collect-step" => self.step(line),
            "gc-collect-done" => self.done(line, out),
            "jit-tracing" => self.tracing(line, out),
            "jit-log-noopt"
            | "jit-log-opt-loop"
            | "jit-log-opt-bridge"
            | "jit-log-rewritten-loop"
            | "jit-log-rewritten-bridge" => self.ops(&section, line, out),
            "jit-backend-addr" => self.address(line),
            "jit-backend-dump" => self.dump(line),
            "jit-backend-counts" => self.counted(line, out),
            "jit-mem-looptoken-alloc" => {
                line.starts_with("allocating Loop #") || line.starts_with("allocating Bridge #")
            }
            "jit-summary" => self.summary(line, out),
            "jit-disableinlining" => self.inlining(line, out),
            "jit-invalidate-quasi-immutable" => self.invalidated(line, out),
            "jit-abort-longest-function" => line.starts_with("found new longest"),
            // Known to hold nothing that a log of ours has a place for.
            _ => section.starts_with("gc-") || section.starts_with("jit-") || section.starts_with("vec-"),
        };
        if !understood && !line.is_empty() {
            out.unread(UnreadKind::Unknown, line);
        }
    }

    fn minor(&mut self, line: &str) -> bool {
        if let Some(total) = after(line, "minor collect, total memory used:") {
            self.collection.after = total;
        } else if let Some(surviving) = after(line, "total size of surviving objects:") {
            self.collection.promoted = surviving;
        } else {
            return line.starts_with("number of pinned objects:") || line.starts_with("time taken:");
        }
        true
    }

    fn step(&mut self, line: &str) -> bool {
        if let Some(phase) = line.strip_prefix("starting gc state:") {
            self.collection.phase = phase.trim().to_ascii_lowercase();
        }
        true
    }

    fn done(&mut self, line: &str, out: &mut Sink) -> bool {
        if let Some(used) = after(line, "bytes used in arenas:") {
            let now = self.now();
            self.seen.heap = true;
            out.emit(self.gc, now, &Heap { used_bytes: used, ..Heap::default() });
        }
        true
    }

    fn tracing(&mut self, line: &str, out: &mut Sink) -> bool {
        if let Some(reason) = line.strip_prefix("~~~ ABORTING TRACING") {
            if let Some(attempt) = &mut self.attempt {
                attempt.aborted = Some(reason.trim().to_string());
            }
            return true;
        }
        if line.starts_with("JIT starting") || line == "compiled new loop" || line.starts_with("~~~ ") {
            return true;
        }
        if !matches!(place(line), Place::Python { .. }) && !line.contains(' ') && !line.contains('[') {
            // Other drivers name their places as they like, on one line each.
        }
        let loc = self.place(line, out);
        if let Some(attempt) = &mut self.attempt {
            attempt.recorded(loc, line);
        }
        true
    }

    fn ops(&mut self, section: &str, line: &str, out: &mut Sink) -> bool {
        let Some(mut attempt) = self.attempt.take() else { return true };
        self.seen.opt |= section.starts_with("jit-log-opt");
        self.seen.noopt |= section == "jit-log-noopt";
        let understood = attempt.line(section, line, out, |text, out| self.place(text, out));
        // A bridge goes on where its guard is.
        if let Some(known) = attempt.parent().and_then(|number| self.guards.get(&number)) {
            attempt.goes_on_at(known.loc);
        }
        self.attempt = Some(attempt);
        understood
    }

    fn address(&mut self, line: &str) -> bool {
        let Some(attempt) = &mut self.attempt else { return true };
        if let Some((_, range)) = line.split_once(" has address ") {
            let mut ends = range.split(" to ").map(|end| hex(end.split(' ').next().unwrap_or_default()));
            if let (Some(Some(from)), Some(Some(to))) = (ends.next(), ends.next()) {
                attempt.address(from, to);
                return true;
            }
            return false;
        }
        if let Some(end) = line.trim_start().strip_prefix("end:") {
            return hex(end.trim()).map(|end| attempt.end_of_code = end).is_some();
        }
        line.contains(": 0x")
    }

    fn dump(&mut self, line: &str) -> bool {
        let Some(dump) = line.strip_prefix("CODE_DUMP @") else {
            return line.starts_with("BACKEND ") || line.starts_with("SYS_EXECUTABLE ");
        };
        let mut words = dump.split_whitespace();
        let (Some(base), Some(offset), Some(bytes)) = (words.next(), words.next(), words.next()) else { return false };
        let (Ok(base), Ok(offset)) = (u64::from_str_radix(base, 16), offset.parse::<u64>()) else { return false };
        self.seen.code = true;
        match &mut self.attempt {
            Some(attempt) => attempt.code(base.wrapping_add(offset), bytes),
            None => true,
        }
    }

    fn counted(&mut self, line: &str, out: &mut Sink) -> bool {
        let Some((what, count)) = line.rsplit_once(':') else { return false };
        let Ok(count) = count.parse::<u64>() else { return false };
        if let Some(number) = what.strip_prefix("entry ") {
            let trace = number.parse().ok().and_then(|number| self.loops.get(&number));
            if let Some(trace) = trace {
                out.count(CounterKind::TraceExec, trace.0, count);
            }
            return number.parse::<u64>().is_ok();
        }
        if let Some(guard) = what.strip_prefix("bridge ") {
            let Ok(guard) = guard.parse::<u64>() else { return false };
            if let Some(trace) = self.bridges.get(&guard) {
                out.count(CounterKind::TraceExec, trace.0, count);
            }
            if let Some(known) = self.guards.get(&guard) {
                out.count(CounterKind::GuardFail, known.guard.0, count);
            }
            return true;
        }
        let token = what.strip_prefix("TargetToken(").and_then(|rest| rest.strip_suffix(')'));
        let Some(token) = token.and_then(|token| token.parse::<u64>().ok()) else { return false };
        // The last label is the loop; those before are ways into it.
        if let Some(trace) = self.tokens.get(&token)
            && self.last_token.get(trace) == Some(&token)
        {
            out.count(CounterKind::LoopIter, trace.0, count);
        }
        true
    }

    /// PyPy's own totals, as marks.
    fn summary(&mut self, line: &str, out: &mut Sink) -> bool {
        let Some((name, values)) = line.rsplit_once(':') else { return false };
        let mut numbers = values.split_whitespace();
        let Some(first) = numbers.next() else { return false };
        let seconds = numbers.next().or(first.contains('.').then_some(first));
        let name_str = out.string(name.trim());
        let mark = Mark {
            name_str,
            value: seconds.and_then(|text| text.parse().ok()).unwrap_or(0.0),
            count: first.parse().unwrap_or(0),
            text: "jit-summary",
        };
        let now = self.now();
        out.emit(MAIN, now, &mark);
        first.parse::<f64>().is_ok()
    }

    fn inlining(&mut self, line: &str, out: &mut Sink) -> bool {
        let now = self.now();
        if let Some(at) = line.strip_prefix("disabled inlining ") {
            let loc_id = self.place(at, out);
            let reason = out.exit_reason("inlining disabled");
            out.emit(MAIN, now, &Blacklist { loc_id, reason, until_count: 0 });
            return true;
        }
        true
    }

    fn invalidated(&mut self, line: &str, out: &mut Sink) -> bool {
        let name_str = out.string("quasi-immutable invalidated");
        let count = line.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0);
        let now = self.now();
        out.emit(MAIN, now, &Mark { name_str, value: 0.0, count, text: line });
        line.starts_with("fieldname ")
    }

    fn close_attempt(&mut self, out: &mut Sink) {
        let Some(attempt) = self.attempt.take().filter(Attempt::says_something) else { return };
        let now = self.now();
        let trace = out.new_trace();
        let parent = attempt.parent().and_then(|guard| self.guards.get(&guard)).map(|known| (known.guard, known.trace));
        if attempt.parent().is_some() && parent.is_none() {
            out.unread(UnreadKind::Damaged, "a bridge starts at a guard that the log does not define");
        }
        let written = attempt.write(out, trace, parent, now);
        for (number, guard, loc) in written.guards {
            self.guards.insert(number, Known { guard, trace, loc });
        }
        for token in written.tokens {
            self.tokens.insert(token, trace);
            self.last_token.insert(trace, token);
        }
        match (attempt.parent(), attempt.number()) {
            (Some(guard), _) => {
                self.bridges.insert(guard, trace);
            }
            (None, Some(number)) => {
                self.loops.insert(number, trace);
            }
            _ => {}
        }
    }
}

impl Importer for Pypylog {
    fn line(&mut self, line: &Line<'_>, out: &mut Sink) {
        match stamp(line.text) {
            Some(Stamp { ticks, name, begins }) => {
                self.first.get_or_insert(ticks);
                if ticks < self.last && self.last - ticks > self.rate.second() {
                    out.unread(UnreadKind::Damaged, line.text);
                }
                self.last = self.last.max(ticks);
                if begins {
                    self.begin(ticks, name, out);
                } else {
                    self.end_section(ticks, name, out);
                }
            }
            None if line.cut => {}
            None => self.text(line.text, out),
        }
    }

    fn end_of_file(&mut self, out: &mut Sink) {
        if let Some(section) = self.open.first() {
            let text = format!("the file ends inside {}", section.name);
            out.unread(UnreadKind::Cut, &text);
            self.close_attempt(out);
        }
    }

    fn end(&mut self, out: &mut Sink) {
        let name_str = out.string("end of the log");
        let now = self.now();
        out.emit(MAIN, now, &Mark { name_str, value: 0.0, count: 0, text: "" });
        out.absent(Fact::Samples, "vmprof");
        out.absent(Fact::ObservedTypes, "");
        out.absent(Fact::Bytecode, "PYPYLOG=jit-tracing:FILE");
        out.absent(Fact::SourceText, "");
        out.absent(Fact::Iterations, "");
        let seen = &self.seen;
        let wanted = [
            (seen.counts, Fact::Executions, "PYPYLOG=jit-backend-counts:FILE, and a program that ends by itself"),
            (seen.counts, Fact::GuardFailures, "PYPYLOG=jit-backend-counts:FILE, and a program that ends by itself"),
            (seen.collections, Fact::Collections, "PYPYLOG=gc:FILE"),
            (seen.collections, Fact::GcPauses, "PYPYLOG=gc:FILE"),
            (seen.heap, Fact::Heap, "PYPYLOG=gc:FILE"),
            (seen.opt, Fact::Guards, "PYPYLOG=jit-log-opt:FILE"),
            (seen.opt || seen.noopt, Fact::Ir, "PYPYLOG=jit-log-opt,jit-log-noopt:FILE"),
            (seen.opt || seen.tracing, Fact::Traces, "PYPYLOG=jit:FILE"),
            (seen.tracing, Fact::Aborts, "PYPYLOG=jit-tracing,jit-abort:FILE"),
            (seen.code, Fact::MachineCode, "PYPYLOG=jit-backend-dump:FILE"),
            (seen.backend, Fact::CodeSize, "PYPYLOG=jit-backend:FILE"),
            (seen.backend, Fact::CompileTimes, "PYPYLOG=jit-backend,jit-optimize:FILE"),
        ];
        for (has, fact, switch) in wanted {
            if !has {
                out.absent(fact, switch);
            }
        }
        if self.seen.tracing {
            out.present(Fact::Bytecode);
        }
    }
}
