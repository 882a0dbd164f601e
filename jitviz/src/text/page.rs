//! The first page: the run in short, then the heads of the lists behind it. `summary` prints it, the TUI draws it.

use super::columns;
use crate::analyse::aborts::AbortRow;
use crate::analyse::findings::{Finding, Way};
use crate::analyse::guards::GuardRow;
use crate::analyse::overview::Overview;
use crate::analyse::summary::Summary;
use crate::analyse::traces::TraceRow;
use crate::model::{OpIx, Place, TraceId};
use crate::styled::{Line, Role};
use crate::units::{self, bytes, count, ns, plural};
use jitlog::PerfCounter;
use unicode_width::UnicodeWidthStr;

/// A line of the page, what explains it, and where it leads.
#[derive(Clone, Debug)]
pub struct PageLine {
    pub line: Line,
    pub term: &'static str,
    pub target: Option<Target>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub way: Way,
    /// The line it is about, where a trace is known and no instruction.
    pub line: Option<u32>,
}

impl Target {
    fn trace(trace: TraceId, op: Option<OpIx>) -> Target {
        Target { way: Way::Trace(trace, op), line: None }
    }
}

/// The column at which the values of the page begin.
const INDENT: usize = 10;
/// The column of the places in the lists.
const PLACE_AT: usize = 30;
/// The column of what stands before them.
const WHAT_AT: usize = 14;
/// Where what does not fit beside the place goes on below.
const MORE_INDENT: usize = 14;

/// The page for a screen `width` wide, where lines that are too long go on below; `None` never breaks.
pub fn lines(overview: &Overview, width: Option<usize>) -> Vec<PageLine> {
    let mut page = Page { lines: Vec::new(), width: width.unwrap_or(usize::MAX) };
    let s = &overview.summary;
    page.say("duration", program(overview));
    page.blank();
    for (name, term, parts) in facts(overview, s) {
        page.fact(name, term, parts);
    }
    let findings = &overview.findings.findings;
    // Names of findings may be longer than what the other lists have there.
    let longest = findings.iter().map(|f| f.id.len()).max().unwrap_or(0);
    let place_at = PLACE_AT.max(WHAT_AT + longest + 2);
    page.section(
        "Findings",
        "explain",
        "finding",
        findings.iter().zip(&overview.ways).map(|(f, way)| finding_row(f, *way, place_at)),
    );
    page.section("Hottest traces", "traces", "trace", overview.traces.iter().map(trace_row));
    page.section("Guards that fail most", "guards", "failures", overview.guards.iter().map(guard_row));
    page.section("Aborted recordings", "aborts", "abort", overview.aborts.iter().map(abort_row));
    if !overview.problems.is_empty() {
        page.blank();
        page.say("problem", Line::of(Role::Title, "Problems with this log"));
        for problem in &overview.problems {
            page.say("problem", Line::of(Role::Warn, format!("  {problem}")));
        }
    }
    page.lines
}

/// A row of a list: what comes first, and what may go to a line of its own.
struct Row {
    line: Line,
    more: Line,
    target: Option<Target>,
    /// What explains it, if not the section's term.
    term: Option<&'static str>,
}

struct Page {
    lines: Vec<PageLine>,
    width: usize,
}

impl Page {
    fn say(&mut self, term: &'static str, line: Line) {
        self.lines.push(PageLine { line, term, target: None });
    }

    fn blank(&mut self) {
        self.say("", Line::new());
    }

    /// A label and its parts, as many to a line as fit.
    fn fact(&mut self, name: &str, term: &'static str, parts: Parts) {
        let mut line = Line::of(Role::Title, name);
        line.pad_to(INDENT);
        let mut first = true;
        for part in parts.list {
            let between = if first { 0 } else { 3 };
            if !first && line.width() + between + part.text.width() > self.width {
                self.say(term, std::mem::replace(&mut line, Line::of(Role::Plain, " ".repeat(INDENT))));
                first = true;
            }
            if !first {
                line.push(Role::Dim, " · ");
            }
            line.push(part.role, part.text);
            first = false;
        }
        self.say(term, line);
    }

    fn section(&mut self, title: &str, command: &str, term: &'static str, rows: impl Iterator<Item = Row>) {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return;
        }
        self.blank();
        self.say(term, Line::of(Role::Title, title).with(Role::Dim, format!("  (all: jitviz {command})")));
        for Row { mut line, more, target, term: own } in rows {
            let term = own.unwrap_or(term);
            let fits = line.width() + 2 + more.width() <= self.width;
            let more = match fits || more.spans.is_empty() {
                true => {
                    line.push(Role::Plain, if more.spans.is_empty() { "" } else { "  " });
                    line.append(more);
                    None
                }
                false => Some(Line::of(Role::Plain, " ".repeat(MORE_INDENT)).join(more)),
            };
            self.lines.push(PageLine { line, term, target });
            self.lines.extend(more.map(|line| PageLine { line, term, target }));
        }
    }
}

fn program(overview: &Overview) -> Line {
    let s = &overview.summary;
    let mut line = match &s.program {
        Some(_) => Line::of(Role::Title, s.argv.join(" ")),
        None => Line::of(Role::Title, &overview.name),
    };
    line.push(
        Role::Plain,
        match s.duration_ns {
            Some(duration) => format!("  ran {}", ns(duration)),
            None => "  ran for a time that is not in the log".into(),
        },
    );
    if !overview.vm.is_empty() {
        line.push(Role::Dim, format!(" under {}", overview.vm));
    }
    match &s.exit {
        Some(exit) if exit.how == "normal" && exit.status == 0 => line.push(Role::Good, "  exit status 0"),
        Some(exit) => {
            line.push(Role::Bad, format!("  exit status {}", exit.status));
            if exit.how != "normal" {
                line.push(Role::Bad, format!(" ({})", exit.how));
            }
        }
        None => line.push(Role::Warn, "  no exit status in the log"),
    }
    line
}

fn facts(overview: &Overview, s: &Summary) -> Vec<(&'static str, &'static str, Parts)> {
    let t = &s.traces;
    let mut traces = Parts::new();
    traces.add(Role::Plain, plural(t.loops, "loop"));
    traces.add(Role::Plain, plural(t.functions, "function"));
    traces.add(Role::Plain, plural(t.bridges, "bridge"));
    let aborted = if t.aborted.is_some_and(|n| n > 0) { Role::Warn } else { Role::Plain };
    traces.add(aborted, format!("{} aborted", known(t.aborted)));
    traces.add(Role::Plain, format!("{} invalidated", known(t.invalidated)));
    let given_up = if t.blacklisted > 0 { Role::Bad } else { Role::Plain };
    traces.add(given_up, format!("{} given up", plural(t.blacklisted, "place")));

    let mut guards = Parts::new();
    guards.add(Role::Plain, format!("{} in all", known(s.guards.total)));
    guards.add(Role::Plain, format!("{} failing", known(s.guards.failing)));
    guards.add(Role::Plain, s.guards.failures.map_or("failures unknown".into(), |n| plural(n, "failure")));

    let mut memory = Parts::new();
    let m = &s.memory;
    let sized = |name: &str, value: Option<u64>| match value {
        Some(value) => format!("{name} {}", bytes(value)),
        None => format!("{name} not logged"),
    };
    memory.add(Role::Plain, sized("heap peak", m.heap_peak));
    memory.add(Role::Plain, sized("allocated", m.heap_allocated));
    if t.loops + t.functions + t.bridges > 0 {
        memory.add(Role::Plain, sized("code", m.code));
        memory.add(Role::Plain, sized("metadata", m.metadata));
    }

    let mut gc = Parts::new();
    gc.add(Role::Plain, s.gc.collections.map_or("not logged".into(), |n| plural(n, "collection")));
    if let (Some(1..), Some(all), Some(longest)) = (s.gc.collections, s.gc.pause_ns, s.gc.pause_max_ns) {
        gc.add(Role::Plain, format!("{} in all", ns(all)));
        gc.add(Role::Plain, format!("longest {}", ns(longest)));
    }

    let mut log = Parts::new();
    let clean = overview.health.is_empty();
    log.add(if clean { Role::Good } else { Role::Bad }, s.log.health.clone());
    log.add(Role::Plain, plural(s.log.events, "event"));
    log.add(if s.log.dropped > 0 { Role::Bad } else { Role::Plain }, format!("{} dropped", count(s.log.dropped)));
    log.add(Role::Plain, format!("{} on disk", bytes(m.log)));
    if !clean {
        log.add(Role::Bad, overview.health.clone());
    }

    let mut facts = vec![("Time", "states", states(s))];
    facts.extend(sampling(s).map(|parts| ("Samples", "states", parts)));
    facts.extend(kernel(s).map(|parts| ("Kernel", "states", parts)));
    facts.extend([
        ("Warm-up", "warmup", warmup(s)),
        ("Traces", "trace", traces),
        ("Guards", "guard", guards),
        ("Memory", "heap", memory),
        ("GC", "gc", gc),
        ("Log", "log", log),
    ]);
    facts
}

/// How often and by what samples were taken, if the log says so.
fn sampling(s: &Summary) -> Option<Parts> {
    let sampling = s.sampling.as_ref()?;
    let mut parts = Parts::new();
    parts.add(Role::Plain, format!("{} a second, by {}", count(sampling.hz.into()), sampling.source));
    match (sampling.asked_hz, sampling.tick_ns) {
        (Some(asked), _) if asked != sampling.hz => {
            parts.add(Role::Warn, format!("{} were asked for", count(asked.into())))
        }
        (Some(_), _) => parts.add(Role::Dim, "as asked for"),
        (None, Some(tick)) => parts.add(Role::Dim, format!("chosen, since a tick takes {} here", ns(tick))),
        (None, None) => {}
    }
    let took = s.kernel.iter().find(|row| row.counter == PerfCounter::TakingSamples.to_string());
    if let Some(took) = took.and_then(|row| row.value) {
        let part = s
            .duration_ns
            .and_then(|run| units::share(took, run))
            .map(|part| format!(", {part} of the run"))
            .unwrap_or_default();
        parts.add(Role::Dim, format!("taking them took {}{part}", ns(took)));
    }
    if let Some(note) = &sampling.note {
        parts.add(Role::Warn, note.clone());
    }
    Some(parts)
}

/// A run that had a processor for a smaller part of its time, in thousandths, was held up.
const BUSY: u64 = 800;

/// What the kernel counted, then what it could not, the same reasons together.
fn kernel(s: &Summary) -> Option<Parts> {
    let mut parts = Parts::new();
    for row in s.kernel.iter().filter(|row| row.counter != PerfCounter::TakingSamples.to_string()) {
        let Some(value) = row.value else { continue };
        let text = match row.counter.strip_suffix(" ns") {
            Some(name) => format!("{name} {}", ns(value)),
            None => format!("{} {}", count(value), row.counter),
        };
        let turns = row.running_permille.filter(|permille| *permille < 990);
        let turns = turns.and_then(|permille| units::share(permille, 1_000));
        let waited = s.processor_permille.filter(|permille| row.counter.starts_with("task clock") && *permille < BUSY);
        let waited = waited.and_then(|permille| units::share(permille, 1_000));
        if let Some(part) = waited {
            let what = "the machine was busy, and every time here is longer than it had to be";
            parts.add(Role::Warn, format!("{text}, {part} of the run: {what}"));
            continue;
        }
        parts.add(Role::Plain, text + &turns.map(|part| format!(" (counted {part} of the time)")).unwrap_or_default());
    }
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (row, reason) in s.kernel.iter().filter_map(|row| Some((row, row.missing.as_deref()?))) {
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, counters)) => counters.push(&row.counter),
            None => reasons.push((reason, vec![&row.counter])),
        }
    }
    for (reason, counters) in reasons {
        parts.add(Role::Dim, format!("no {}: {reason}", counters.join(", ")));
    }
    (!parts.list.is_empty()).then_some(parts)
}

/// A number, or that nobody knows it.
fn known(value: Option<u64>) -> String {
    value.map_or("unknown".into(), count)
}

/// The facts as plain text: label and value.
pub fn fact_texts(overview: &Overview) -> Vec<(&'static str, String)> {
    let text = |parts: Parts| parts.list.into_iter().map(|p| p.text).collect::<Vec<_>>().join(" · ");
    facts(overview, &overview.summary).into_iter().map(|(name, _, parts)| (name, text(parts))).collect()
}

/// `interp 12.1 ms (40.1 %) · compiled …`, or what is known when nobody sampled.
fn states(s: &Summary) -> Parts {
    let mut parts = Parts::new();
    let sampled = s.states.interp.is_some();
    for (name, value) in s.states.list() {
        let Some(value) = value else { continue };
        match s.duration_ns.and_then(|duration| units::share(value, duration)) {
            // States the program was never in would only take room.
            _ if value == 0 && sampled && name != "unaccounted" => {}
            Some(share) => parts.add(Role::Plain, format!("{name} {} ({share})", ns(value))),
            None => parts.add(Role::Plain, format!("{name} {}", ns(value))),
        }
    }
    if !sampled {
        let rest = if parts.list.is_empty() { "not sampled" } else { "the rest not sampled" };
        parts.add(Role::Dim, rest);
    }
    parts
}

/// The class and from when on it is steady, if anything tells.
fn warmup(s: &Summary) -> Parts {
    let mut parts = Parts::new();
    match (&s.warmup.class, s.warmup.steady_from_ns) {
        (None, _) if s.warmup.too_short.is_some() => {
            parts.add(Role::Dim, s.warmup.too_short.clone().unwrap_or_default())
        }
        (None, _) => parts.add(Role::Dim, "nothing in the log tells; jitvm.iteration(n) marks iterations"),
        (Some(class), None) => parts.add(Role::Warn, class.clone()),
        (Some(class), Some(_)) if class == "flat" => parts.add(Role::Plain, class.clone()),
        (Some(class), Some(from)) => {
            parts.add(if class == "slow-down" { Role::Warn } else { Role::Plain }, class.clone());
            parts.add(Role::Plain, format!("steady from {} on", ns(from)));
        }
    }
    if let Some(paid) = &s.warmup.paid {
        parts.add(Role::Plain, paid.sentence());
    }
    parts
}

/// `     1,000  loop 1        ` and the place.
fn row_start(number: Option<u64>, role: Role, what: &str, place: &Place) -> Line {
    let mut line = Line::of(Role::Plain, format!("  {:>10}  ", number.map(count).unwrap_or_default()));
    line.push(role, what);
    line.pad_to(PLACE_AT);
    line.push(Role::Name, columns::place(place));
    line
}

/// `     1.07 s  guard-storm     ` and the place; the sentence behind it names the cause.
fn finding_row(f: &Finding, way: Way, place_at: usize) -> Row {
    let cost = f.cost_ns.map_or("unknown".into(), ns);
    let mut line = Line::of(Role::Plain, format!("  {cost:>10}  "));
    line.push(Role::Bad, f.id);
    line.pad_to(place_at);
    line.push(Role::Name, columns::place(&f.place));
    Row {
        line,
        more: Line::of(
            Role::Plain,
            f.share.map(|share| format!("{} of the run", units::percent(share))).unwrap_or_default(),
        ),
        target: Some(Target { way, line: f.place.line }),
        term: Some(f.id),
    }
}

fn trace_row(t: &TraceRow) -> Row {
    let mut facts = Vec::new();
    facts.extend(t.time_ns.map(ns));
    facts.extend(t.iterations.filter(|n| *n > 0).map(|n| plural(n, "turn")));
    facts.extend(t.exits.filter(|n| *n > 0).map(|n| plural(n, "exit")));
    Row {
        line: row_start(t.executions, Role::Plain, &format!("{} {}", t.kind, t.id), &t.place),
        more: Line::of(Role::Plain, facts.join("  ")),
        target: Some(Target::trace(t.id, None)),
        term: None,
    }
}

fn guard_row(g: &GuardRow) -> Row {
    let mut more = Line::new();
    if let Some(expected) = &g.expected {
        more.push(Role::Plain, format!("expected {expected}"));
    }
    if !g.observed.is_empty() {
        more.push(Role::Plain, if more.spans.is_empty() { "saw " } else { ", saw " });
        more.push(Role::Warn, columns::observed(&g.observed, g.observed_exact));
    }
    let bridge = g.bridge.map_or("no bridge".to_string(), |bridge| format!("→ bridge {bridge}"));
    more.push(Role::Dim, if more.spans.is_empty() { bridge } else { format!("  {bridge}") });
    Row {
        line: row_start(g.failures, Role::Op, &g.kind, &g.place),
        more,
        target: Some(Target::trace(g.trace, Some(g.op))),
        term: None,
    }
}

fn abort_row(a: &AbortRow) -> Row {
    let mut more = Line::new();
    if let Some(detail) = &a.detail {
        more.push(Role::Plain, detail);
    }
    if a.blacklisted {
        more.push(Role::Bad, if more.spans.is_empty() { "given up" } else { "  given up" });
    }
    Row {
        line: row_start(Some(a.count), Role::Bad, &a.reason, &a.place),
        more,
        target: a.traces.first().map(|&trace| Target::trace(trace, None)),
        term: None,
    }
}

/// Parts of a line with a dot between them.
struct Parts {
    list: Vec<Part>,
}

struct Part {
    role: Role,
    text: String,
}

impl Parts {
    fn new() -> Parts {
        Parts { list: Vec::new() }
    }

    fn add(&mut self, role: Role, text: impl Into<String>) {
        self.list.push(Part { role, text: text.into() });
    }
}
