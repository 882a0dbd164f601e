//! The first page: the run in short, then the heads of the lists behind it. `summary` prints it, the TUI draws it.

use super::columns;
use crate::analyse::aborts::AbortRow;
use crate::analyse::guards::GuardRow;
use crate::analyse::overview::Overview;
use crate::analyse::summary::Summary;
use crate::analyse::traces::TraceRow;
use crate::model::{OpIx, TraceId};
use crate::styled::{Line, Role};
use crate::units::{self, bytes, count, ns, plural};

/// A line of the page, what explains it, and the trace it leads to.
#[derive(Clone, Debug)]
pub struct PageLine {
    pub line: Line,
    pub term: &'static str,
    pub target: Option<Target>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub trace: TraceId,
    pub op: Option<OpIx>,
}

/// The column at which the values of the page begin.
const INDENT: usize = 10;

pub fn lines(overview: &Overview) -> Vec<PageLine> {
    let mut page = Page::default();
    let s = &overview.summary;
    page.say("duration", program(overview));
    page.blank();
    for (name, term, line) in facts(overview, s) {
        let mut whole = Line::of(Role::Title, name);
        whole.pad_to(INDENT);
        whole.append(line);
        page.say(term, whole);
    }
    page.section("Hottest traces", "traces", "trace", overview.traces.iter().map(trace_line));
    page.section("Guards that fail most", "guards", "failures", overview.guards.iter().map(guard_line));
    page.section("Aborted recordings", "aborts", "abort", overview.aborts.iter().map(abort_line));
    if !overview.problems.is_empty() {
        page.blank();
        page.say("problem", Line::of(Role::Title, "Problems with this log"));
        for problem in &overview.problems {
            page.say("problem", Line::of(Role::Warn, format!("  {problem}")));
        }
    }
    page.lines
}

#[derive(Default)]
struct Page {
    lines: Vec<PageLine>,
}

impl Page {
    fn say(&mut self, term: &'static str, line: Line) {
        self.lines.push(PageLine { line, term, target: None });
    }

    fn blank(&mut self) {
        self.say("", Line::new());
    }

    fn section(
        &mut self,
        title: &str,
        command: &str,
        term: &'static str,
        rows: impl Iterator<Item = (Line, Option<Target>)>,
    ) {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return;
        }
        self.blank();
        self.say(term, Line::of(Role::Title, title).with(Role::Dim, format!("  (all: jitviz {command})")));
        for (line, target) in rows {
            self.lines.push(PageLine { line, term, target });
        }
    }
}

fn program(overview: &Overview) -> Line {
    let s = &overview.summary;
    let mut line = match &s.program {
        Some(_) => Line::of(Role::Title, s.argv.join(" ")),
        None => Line::of(Role::Title, &overview.name),
    };
    line.push(Role::Plain, format!("  ran {}", ns(s.duration_ns)));
    if !overview.vm.is_empty() {
        line.push(Role::Dim, format!(" under {}", overview.vm));
    }
    line
}

fn facts(overview: &Overview, s: &Summary) -> Vec<(&'static str, &'static str, Line)> {
    let t = &s.traces;
    let mut traces = Parts::new();
    traces.add(Role::Plain, plural(t.loops, "loop"));
    traces.add(Role::Plain, plural(t.functions, "function"));
    traces.add(Role::Plain, plural(t.bridges, "bridge"));
    traces.add(if t.aborted > 0 { Role::Warn } else { Role::Plain }, format!("{} aborted", count(t.aborted)));
    traces.add(Role::Plain, format!("{} invalidated", count(t.invalidated)));
    let given_up = if t.blacklisted > 0 { Role::Bad } else { Role::Plain };
    traces.add(given_up, format!("{} given up", plural(t.blacklisted, "place")));

    let mut guards = Parts::new();
    guards.add(Role::Plain, format!("{} in all", count(s.guards.total)));
    guards.add(Role::Plain, format!("{} failing", count(s.guards.failing)));
    guards.add(Role::Plain, plural(s.guards.failures, "failure"));

    let mut memory = Parts::new();
    let m = &s.memory;
    let sized = |name: &str, value: Option<u64>| match value {
        Some(value) => format!("{name} {}", bytes(value)),
        None => format!("{name} not logged"),
    };
    memory.add(Role::Plain, sized("heap peak", m.heap_peak));
    memory.add(Role::Plain, sized("allocated", m.heap_allocated));
    memory.add(Role::Plain, sized("code", m.code));
    memory.add(Role::Plain, sized("metadata", m.metadata));
    memory.add(Role::Plain, format!("log {}", bytes(m.log)));

    let mut gc = Parts::new();
    gc.add(Role::Plain, plural(s.gc.collections, "collection"));
    if s.gc.collections > 0 {
        gc.add(Role::Plain, format!("{} in all", ns(s.gc.pause_ns)));
        gc.add(Role::Plain, format!("longest {}", ns(s.gc.pause_max_ns)));
    }

    let mut log = Parts::new();
    let clean = overview.health.is_empty();
    log.add(if clean { Role::Good } else { Role::Bad }, &s.log.health);
    log.add(Role::Plain, plural(s.log.events, "event"));
    log.add(if s.log.dropped > 0 { Role::Bad } else { Role::Plain }, format!("{} dropped", count(s.log.dropped)));
    if !clean {
        log.add(Role::Bad, &overview.health);
    }

    vec![
        ("Time", "states", states(s)),
        ("Traces", "trace", traces.line),
        ("Guards", "guard", guards.line),
        ("Memory", "heap", memory.line),
        ("GC", "gc", gc.line),
        ("Log", "log", log.line),
    ]
}

/// `interp 40.1 % · compiled …`, or what is known when nobody sampled.
fn states(s: &Summary) -> Line {
    let mut parts = Parts::new();
    let sampled = s.states.interp.is_some();
    for (name, value) in s.states.list() {
        let Some(value) = value else { continue };
        match units::share(value, s.duration_ns).filter(|_| sampled) {
            Some(share) => parts.add(Role::Plain, format!("{name} {share}")),
            None => parts.add(Role::Plain, format!("{name} {}", ns(value))),
        }
    }
    if !sampled {
        parts.add(Role::Dim, "the rest not sampled");
    }
    parts.line
}

fn trace_line(t: &TraceRow) -> (Line, Option<Target>) {
    let mut line = Line::of(Role::Plain, format!("  {:>10}  ", t.executions.map(count).unwrap_or_default()));
    line.push(Role::Plain, format!("{} {}", t.kind, t.id));
    line.pad_to(28);
    line.push(Role::Name, columns::place(&t.place));
    if let Some(time) = t.time_ns {
        line.push(Role::Plain, format!("  {}", ns(time)));
    }
    if let Some(exits) = t.exits.filter(|n| *n > 0) {
        line.push(Role::Dim, format!("  {}", plural(exits, "exit")));
    }
    (line, Some(Target { trace: t.id, op: None }))
}

fn guard_line(g: &GuardRow) -> (Line, Option<Target>) {
    let mut line = Line::of(Role::Plain, format!("  {:>10}  ", g.failures.map(count).unwrap_or_default()));
    line.push(Role::Op, &g.kind);
    line.pad_to(28);
    line.push(Role::Name, columns::place(&g.place));
    if let Some(expected) = &g.expected {
        line.push(Role::Plain, format!("  expected {expected}"));
    }
    if !g.observed.is_empty() {
        line.push(Role::Plain, ", saw ");
        line.push(Role::Warn, columns::observed(&g.observed, g.observed_exact));
    }
    match g.bridge {
        Some(bridge) => line.push(Role::Dim, format!("  → bridge {bridge}")),
        None => line.push(Role::Dim, "  no bridge"),
    }
    (line, Some(Target { trace: g.trace, op: Some(g.op) }))
}

fn abort_line(a: &AbortRow) -> (Line, Option<Target>) {
    let mut line = Line::of(Role::Plain, format!("  {:>10}  ", count(a.count)));
    line.push(Role::Bad, &a.reason);
    line.pad_to(28);
    line.push(Role::Name, columns::place(&a.place));
    if let Some(detail) = &a.detail {
        line.push(Role::Plain, format!("  {detail}"));
    }
    if a.blacklisted {
        line.push(Role::Bad, "  given up");
    }
    (line, a.traces.first().map(|&trace| Target { trace, op: None }))
}

/// Parts of a line with a dot between them.
struct Parts {
    line: Line,
}

impl Parts {
    fn new() -> Parts {
        Parts { line: Line::new() }
    }

    fn add(&mut self, role: Role, text: impl AsRef<str>) {
        if !self.line.spans.is_empty() {
            self.line.push(Role::Dim, " · ");
        }
        self.line.push(role, text);
    }
}
