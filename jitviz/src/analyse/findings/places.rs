//! What several findings ask of a place: time on its lines, the bridges behind its guards, and what those guards test.

use std::collections::BTreeMap;

use super::exit_cost::is_unstable_type;
use crate::analyse::guards::{self, GuardRow};
use crate::model::{LocId, Model, Part, Place, Trace, TraceId, Weight};

/// Samples on all instructions of the lines of these places, in compiled code.
pub fn compiled_on(model: &Model, place: &Place) -> u64 {
    on(model, place, |time| time.compiled_ns)
}

fn on(model: &Model, place: &Place, of: fn(&crate::model::PlaceTime) -> u64) -> u64 {
    let here = model.samples.by_loc.iter().filter(|(loc, _)| model.program.place(**loc) == *place);
    here.map(|(_, time)| of(time)).fold(0, u64::saturating_add)
}

/// Time in the interpreter and in builtins of one function.
pub fn uncompiled_in(model: &Model, function: &Place) -> u64 {
    let here = |loc: &LocId| {
        let place = model.program.place(*loc);
        place.function == function.function && place.file == function.file
    };
    let times = model.samples.by_loc.iter().filter(|(loc, _)| here(loc));
    times.map(|(_, time)| time.interp_ns.saturating_add(time.native_ns)).fold(0, u64::saturating_add)
}

/// Recording and compiling of single traces. What the VM timed beyond their sum (installing, writing the log) is shared
/// out in proportion.
pub struct JitTime<'m> {
    model: &'m Model,
    scale: f64,
}

impl<'m> JitTime<'m> {
    pub fn new(model: &'m Model) -> JitTime<'m> {
        let known = model.traces.values().map(own_jit_ns).fold(0, u64::saturating_add);
        let scale = (crate::analyse::summary::jit_ns(model) as f64 / known.max(1) as f64).max(1.0);
        JitTime { model, scale }
    }

    pub fn of(&self, id: TraceId) -> u64 {
        (self.model.traces.get(&id).map_or(0, own_jit_ns) as f64 * self.scale) as u64
    }
}

fn own_jit_ns(trace: &Trace) -> u64 {
    let recording = trace.stop.as_ref().map(|s| s.record_ns).or(trace.abort.as_ref().map(|a| a.record_ns));
    recording.unwrap_or(0).saturating_add(trace.compile.as_ref().map_or(0, |c| c.compile_ns))
}

/// Time in compiled code of these traces and all bridges below them.
fn compiled_below(model: &Model, roots: &[TraceId]) -> u64 {
    let mut below: std::collections::BTreeSet<TraceId> = roots.iter().copied().collect();
    // A bridge has a greater id than the trace it leaves.
    for trace in model.traces.values() {
        if trace.parent.is_some_and(|parent| below.contains(&parent)) {
            below.insert(trace.id);
        }
    }
    below.iter().filter_map(|id| model.samples.by_trace.get(id)).map(|t| t.compiled_ns).fold(0, u64::saturating_add)
}

/// What the guards of a fork tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Types of the language: int, float, str.
    Type,
    /// Instances with other attributes, of one class.
    Layout,
    /// Instances of several classes.
    Class,
    /// What is called.
    Target,
    /// A value that was taken for a constant.
    Constant,
    /// The way a test goes.
    Branch,
}

/// A line on which traces part: its guards that fail, and the bridges behind them.
pub struct Fork {
    pub place: Place,
    pub sort: Sort,
    /// Most failures first.
    pub guards: Vec<GuardRow>,
    pub bridges: Vec<TraceId>,
    /// Failures, and entries of the bridges.
    pub passes: u64,
    /// In the interpreter after exits here; recording and compiling the bridges; compiled code on the line or, if that
    /// is more, in the bridges and those below, which go on with the rest of the loop less optimised.
    pub exits_ns: u64,
    pub jit_ns: u64,
    pub line_ns: u64,
}

impl Fork {
    /// Time at stake: all that the fork costs and the work of the line itself, which is not told apart.
    pub fn cost_ns(&self) -> u64 {
        self.exits_ns.saturating_add(self.jit_ns).saturating_add(self.line_ns)
    }
}

/// The class in the name of a layout of instances, which is `CLASS #NUMBER`; empty in logs without it.
fn class_of_layout(name: &str) -> Option<&str> {
    let (class, number) = name.rsplit_once(" #").unwrap_or(("", name));
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(class)
}

fn sort_of(row: &GuardRow) -> Sort {
    let expected = row.expected.as_deref().unwrap_or_default();
    let is_call =
        |text: &str| ["function", "method", "class", "builtin", "type"].iter().any(|word| text.contains(word));
    match row.kind.as_str() {
        "G_SHAPE" if class_of_layout(expected).is_some() => Sort::Layout,
        "G_EQ" if is_call(expected) => Sort::Target,
        "G_EQ"
            if expected
                .strip_prefix("== ")
                .is_some_and(|value| value.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())) =>
        {
            Sort::Constant
        }
        _ if is_unstable_type(row) => Sort::Type,
        _ => Sort::Branch,
    }
}

/// Every line with guards of one sort that fail or have bridges.
pub fn forks(model: &Model) -> Vec<Fork> {
    let mut groups: BTreeMap<(Place, u8), Fork> = BTreeMap::new();
    let jit = JitTime::new(model);
    for row in guards::rows(model) {
        if row.failures.unwrap_or(0) == 0 && row.bridge.is_none() {
            continue;
        }
        let sort = sort_of(&row);
        let fork = groups.entry((row.place.clone(), sort as u8)).or_insert_with(|| Fork {
            line_ns: compiled_on(model, &row.place),
            place: row.place.clone(),
            sort,
            guards: Vec::new(),
            bridges: Vec::new(),
            passes: 0,
            exits_ns: 0,
            jit_ns: 0,
        });
        fork.passes =
            fork.passes.saturating_add(row.failures.unwrap_or(0)).saturating_add(row.bridge_entries.unwrap_or(0));
        fork.exits_ns = fork.exits_ns.saturating_add(model.samples.by_guard.get(&row.id).map_or(0, |w| w.ns));
        fork.jit_ns = fork.jit_ns.saturating_add(row.bridge.map_or(0, |id| jit.of(id)));
        fork.bridges.extend(row.bridge);
        fork.guards.push(row);
    }
    let mut forks: Vec<Fork> = groups.into_values().collect();
    for fork in &mut forks {
        fork.line_ns = fork.line_ns.max(compiled_below(model, &fork.bridges));
    }
    for fork in forks.iter_mut().filter(|f| f.sort == Sort::Layout) {
        // The values seen are instances; the log writes the name of their class.
        let mut names: Vec<&str> =
            fork.guards.iter().flat_map(|g| &g.observed).filter_map(|o| o.example.as_deref()).collect();
        let expected = fork.guards.iter().filter_map(|g| class_of_layout(g.expected.as_deref()?));
        names.extend(expected.filter(|class| !class.is_empty()));
        names.sort_unstable();
        names.dedup();
        if names.len() > 1 {
            fork.sort = Sort::Class;
        }
    }
    forks
}

/// Nanoseconds of samples whose stack has a function at least so many times, by the function.
pub fn recursion(model: &Model, times: usize) -> BTreeMap<Place, u64> {
    let mut found: BTreeMap<Place, u64> = BTreeMap::new();
    for ((stack, part, _), Weight { ns, .. }) in &model.samples.by_stack {
        if !matches!(part, Part::Interp | Part::Native) {
            continue;
        }
        let frames = model.program.frames(*stack, 512);
        let functions: Vec<_> = frames.iter().filter_map(|loc| model.program.locs.get(loc)).map(|l| l.func).collect();
        let Some(innermost) = functions.first() else { continue };
        if functions.iter().filter(|f| *f == innermost).count() >= times {
            let place = model.program.place(frames[0]);
            let sum = found.entry(Place { line: None, ..place }).or_default();
            *sum = sum.saturating_add(*ns);
        }
    }
    found
}

/// Time of the collector.
pub fn gc_ns(model: &Model) -> u64 {
    model.collections.iter().map(|c| c.pause_ns).fold(0, u64::saturating_add)
}

/// A place with the time on its line, hottest first.
pub fn lines_of_function(model: &Model, function: &Place) -> Option<Place> {
    let here = model.samples.by_loc.iter().map(|(loc, time)| (model.program.place(*loc), time));
    let same = here.filter(|(p, _)| p.function == function.function && p.file == function.file);
    same.max_by_key(|(_, time)| time.interp_ns).map(|(place, _)| place)
}
