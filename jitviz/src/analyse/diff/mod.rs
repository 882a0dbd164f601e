//! Two runs, or two sets of runs, of a program: what changed, and which changes explain the difference in time.
//!
//! Everything is matched by source ([`key`]), summed per run, and compared over runs ([`measure`]).

pub mod changes;
pub mod explain;
pub mod key;
pub mod measure;
mod rank;
pub mod ways;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::own::Own;
use super::series::Unit;
use super::summary::{Summary, summary};
use super::traces::Fate;
use crate::model::{Domain, Model, Place, Problem, TraceId, TraceKind};
use key::Key;
use measure::{CHANCE, Compared, compare, compare_at};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff {
    pub before: Vec<String>,
    pub after: Vec<String>,
    pub duration: Compared,
    /// Without what the runs waited for a processor; where all runs tell it, all other times are without that too.
    pub own: Option<Compared>,
    /// Time by state.
    pub states: Vec<Compared>,
    pub memory: Vec<Compared>,
    pub counts: Vec<Compared>,
    /// Time by function, from samples.
    pub functions: Vec<Row>,
    /// Loops and functions that were compiled, with their bridges.
    pub loops: Vec<Row>,
    pub bridges: Vec<Row>,
    pub guards: Vec<Row>,
    pub aborts: Vec<Row>,
    pub passes: Vec<Row>,
    /// Where the time went, the largest difference first, with the changes of the JIT there.
    pub explanations: Vec<explain::Explanation>,
    /// Of one run a side only: lines that allocate more or less, and time by stack.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allocations: Vec<changes::SiteChange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<changes::FrameChange>,
    pub problems: Vec<Problem>,
}

/// Something that is in both sides or in one of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub name: String,
    #[serde(flatten)]
    pub place: Place,
    pub status: Status,
    /// Something about it changed: significantly where several runs tell, else by more than [`NOTABLE`] percent.
    pub changed: bool,
    /// The first stage at which the IR of the two sides differs; loops and functions only.
    pub first_difference: Option<String>,
    pub numbers: Vec<Compared>,
    #[serde(skip)]
    pub key: Key,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Both,
    /// Only before.
    Lost,
    /// Only after.
    New,
}

/// With one run a side nothing tells the noise; smaller changes, in percent, are taken for it.
pub const NOTABLE: f64 = 5.0;

impl Compared {
    pub fn is_change(&self) -> bool {
        match (self.significant, self.percent, self.change) {
            (Some(significant), _, _) => significant,
            (None, Some(percent), _) => percent.abs() >= NOTABLE,
            (None, None, Some(change)) => change != 0.0,
            (None, None, None) => false,
        }
    }
}

/// Whether the run became too much slower.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    pub limit_percent: f64,
    pub change_percent: f64,
    pub over: bool,
}

impl Verdict {
    pub fn sentence(&self) -> String {
        let than = if self.over { "over" } else { "within" };
        format!("the run changed by {:+.1} %, {than} the limit of {} %", self.change_percent, self.limit_percent)
    }
}

impl Diff {
    /// What the runs are compared by: their own time, or the clock where nothing tells that.
    pub fn whole(&self) -> &Compared {
        self.own.as_ref().unwrap_or(&self.duration)
    }

    /// Over the limit, and where several runs tell, more than noise.
    pub fn verdict(&self, limit_percent: f64) -> Verdict {
        let whole = self.whole();
        let change_percent = whole.percent.unwrap_or(0.0);
        let over = change_percent > limit_percent && whole.significant != Some(false);
        Verdict { limit_percent, change_percent, over }
    }
}

impl Row {
    pub fn number(&self, name: &str) -> Option<&Compared> {
        self.numbers.iter().find(|n| n.name == name)
    }
}

/// One thing in one run.
#[derive(Clone, Debug, Default)]
struct Item {
    name: String,
    place: Place,
    /// The time on its line, if it has more.
    hottest: Option<u64>,
    numbers: BTreeMap<&'static str, f64>,
    /// Of its recordings, and of each stage of their IR the number of instructions.
    recordings: BTreeSet<u64>,
    stages: Vec<(String, u32)>,
}

type Items = BTreeMap<Key, Item>;
/// What one run has, and whether it was sampled.
type Side = (Items, bool);

/// Numbers that only samples tell.
const FROM_SAMPLES: [&str; 4] = ["time_ns", "interp_ns", "compiled_ns", "native_ns"];

impl Item {
    fn add(&mut self, name: &'static str, value: f64) {
        *self.numbers.entry(name).or_default() += value;
    }
}

pub fn diff(before: &[Model], after: &[Model]) -> Diff {
    diff_of(&before.iter().collect::<Vec<_>>(), &after.iter().collect::<Vec<_>>())
}

/// One run, and what of its time is its own, if all runs tell.
struct Run<'m> {
    model: &'m Model,
    own: Option<Own>,
}

impl Run<'_> {
    /// Of time that samples tell.
    fn sampled(&self, wall_ns: u64, ran_ns: u64) -> f64 {
        self.own.map_or(wall_ns as f64, |own| ran_ns as f64 * own.of_samples)
    }

    /// Of time that events tell.
    fn timed(&self, wall_ns: u64) -> f64 {
        wall_ns as f64 * self.own.map_or(1.0, |own| own.of_rest)
    }

    fn states(&self, summary: &Summary) -> Vec<(&'static str, Option<f64>)> {
        let ran = self.model.samples.ran_ns.iter();
        let sampled = ["interp", "compiled", "native"].into_iter().zip(ran).collect::<BTreeMap<_, _>>();
        let own = |(name, ns): (&'static str, Option<u64>)| {
            let value = match sampled.get(name) {
                Some(ran_ns) => ns.map(|ns| self.sampled(ns, **ran_ns)),
                None if name == "idle" => ns.map(|ns| ns as f64),
                None => ns.map(|ns| self.timed(ns)),
            };
            (name, value)
        };
        summary.states.list().into_iter().map(own).collect()
    }
}

/// The same of models that are kept elsewhere.
pub fn diff_of(before: &[&Model], after: &[&Model]) -> Diff {
    let total = |side: &[&Model], of: &dyn Fn(&Model) -> Option<u64>| -> Vec<Option<f64>> {
        side.iter().map(|m| of(m).map(|n| n as f64)).collect()
    };
    let whole =
        |name, unit, of: &dyn Fn(&Model) -> Option<u64>| compare(name, unit, &total(before, of), &total(after, of));
    let owns: Vec<Option<Own>> = before.iter().chain(after).map(|m| Own::of(m)).collect();
    let is_own = owns.iter().all(Option::is_some);
    let mut owns = owns.into_iter().map(|own| own.filter(|_| is_own));
    let mut run = |model| Run { model, own: owns.next().flatten() };
    let old: Vec<Run> = before.iter().map(|model| run(*model)).collect();
    let new: Vec<Run> = after.iter().map(|model| run(*model)).collect();
    let summaries = |side: &[&Model]| side.iter().map(|m| summary(m)).collect::<Vec<_>>();
    let (a, b) = (summaries(before), summaries(after));
    let sums = |name, unit, of: &dyn Fn(&Summary) -> Option<u64>| {
        let values = |side: &[Summary]| side.iter().map(|s| of(s).map(|n| n as f64)).collect::<Vec<_>>();
        compare(name, unit, &values(&a), &values(&b))
    };
    let states = |runs: &[Run], summaries: &[Summary]| -> Vec<_> {
        runs.iter().zip(summaries).map(|(run, summary)| run.states(summary)).collect()
    };
    let (was, is) = (states(&old, &a), states(&new, &b));
    let state = |i: usize, name| {
        let values = |side: &[Vec<(&'static str, Option<f64>)>]| side.iter().map(|run| run[i].1).collect::<Vec<_>>();
        compare(name, Unit::Nanoseconds, &values(&was), &values(&is))
    };
    let names = ["interp", "compiled", "native", "gc", "jit", "idle", "unaccounted"];
    let states = names.into_iter().enumerate().map(|(i, name)| state(i, name)).collect();
    let rows = |of: fn(&Run) -> Items, units: &[(&'static str, Unit)]| {
        let side = |runs: &[Run]| runs.iter().map(|run| (of(run), !run.model.samples.is_empty())).collect::<Vec<_>>();
        table(&side(&old), &side(&new), units)
    };
    use Unit::{Bytes, Count, Nanoseconds};
    let mut out = Diff {
        before: before.iter().map(|m| m.name.clone()).collect(),
        after: after.iter().map(|m| m.name.clone()).collect(),
        duration: whole("duration_ns", Nanoseconds, &|m| Some(m.duration_ns)),
        own: is_own.then(|| whole("own_ns", Nanoseconds, &|m| Own::of(m).map(|own| own.total_ns))),
        states,
        memory: vec![
            sums("heap_peak", Bytes, &|s| s.memory.heap_peak),
            sums("heap_allocated", Bytes, &|s| s.memory.heap_allocated),
            sums("code", Bytes, &|s| s.memory.code),
            sums("metadata", Bytes, &|s| s.memory.metadata),
        ],
        counts: vec![
            sums("loops", Count, &|s| Some(s.traces.loops)),
            sums("functions", Count, &|s| Some(s.traces.functions)),
            sums("bridges", Count, &|s| Some(s.traces.bridges)),
            sums("aborted", Count, &|s| s.traces.aborted),
            sums("invalidated", Count, &|s| s.traces.invalidated),
            sums("blacklisted", Count, &|s| Some(s.traces.blacklisted)),
            sums("guard_failures", Count, &|s| s.guards.failures),
            sums("collections", Count, &|s| s.gc.collections),
        ],
        functions: rows(
            functions,
            &[
                ("time_ns", Nanoseconds),
                ("interp_ns", Nanoseconds),
                ("compiled_ns", Nanoseconds),
                ("native_ns", Nanoseconds),
            ],
        ),
        loops: rows(
            loops,
            &[
                ("time_ns", Nanoseconds),
                ("turns", Count),
                ("executions", Count),
                ("traces", Count),
                ("bridges", Count),
                ("ir_final", Count),
                ("code_bytes", Bytes),
            ],
        ),
        bridges: rows(bridges, &[("executions", Count), ("traces", Count)]),
        guards: rows(guards, &[("failures", Count), ("guards", Count), ("bridged", Count)]),
        aborts: rows(aborts, &[("count", Count), ("given_up", Count), ("record_ns", Nanoseconds)]),
        passes: rows(passes, &[("dur_ns", Nanoseconds), ("ops_in", Count), ("ops_out", Count), ("guards_out", Count)]),
        explanations: Vec::new(),
        allocations: Vec::new(),
        frames: Vec::new(),
        problems: before.iter().chain(after).flat_map(|m| m.problems.iter().cloned()).collect(),
    };
    out.explanations = explain::explanations(&out);
    if let ([before], [after]) = (before, after) {
        let changes = changes::changes(before, after);
        (out.allocations, out.frames) = (changes.of_sites(), changes.of_frames(after));
    }
    out
}

/// Sums up to one table what each run of the two sides has.
fn table(before: &[Side], after: &[Side], numbers: &[(&'static str, Unit)]) -> Vec<Row> {
    let keys: BTreeSet<&Key> = before.iter().chain(after).flat_map(|side| side.0.keys()).collect();
    let chance = ChanceOfTime::new(before, after);
    let mut rows: Vec<Row> = keys.into_iter().map(|key| row(key, before, after, numbers, &chance)).collect();
    let size = |row: &Row| row.numbers.first().and_then(|n| n.change).unwrap_or(0.0).abs();
    rows.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| a.key.cmp(&b.key)));
    rows
}

/// What takes less of the time than this is one of many.
const MAIN: f64 = 0.05;
/// How often one of a table's main times may seem to differ that does not. With [`measure::CHANCE`] for the hundreds of
/// other numbers a page of two runs of the same program still shows a difference in fewer than 5 of 100.
const CHANCE_OF_MAIN: f64 = 1e-2;

/// How sure a difference of a time has to be: a program has a few functions and loops that take most of its time, and
/// what they take is what somebody asks who compares.
struct ChanceOfTime<'k> {
    main: BTreeSet<&'k Key>,
}

impl<'k> ChanceOfTime<'k> {
    fn new(before: &'k [Side], after: &'k [Side]) -> ChanceOfTime<'k> {
        let mut sums: BTreeMap<&Key, f64> = BTreeMap::new();
        for (key, item) in before.iter().chain(after).flat_map(|side| &side.0) {
            *sums.entry(key).or_default() += item.numbers.get("time_ns").copied().unwrap_or(0.0);
        }
        let least = sums.values().sum::<f64>() * MAIN;
        let main = sums.into_iter().filter(|(_, sum)| *sum > 0.0 && *sum >= least).map(|(key, _)| key).collect();
        ChanceOfTime { main }
    }

    fn of(&self, key: &Key, name: &str) -> f64 {
        let is_main = name == "time_ns" && self.main.contains(key);
        if is_main { (CHANCE_OF_MAIN / self.main.len() as f64).max(CHANCE) } else { CHANCE }
    }
}

fn row(key: &Key, before: &[Side], after: &[Side], numbers: &[(&'static str, Unit)], chance: &ChanceOfTime<'_>) -> Row {
    let find = |side: &[Side]| side.iter().filter_map(|(items, _)| items.get(key)).next_back().cloned();
    let (old, new) = (find(before), find(after));
    // What a run does not have happened there not at all; time that nobody measured is not known.
    let value = |(items, sampled): &Side, name: &str| {
        let known = items.get(key).and_then(|i| i.numbers.get(name)).copied().unwrap_or(0.0);
        (*sampled || !FROM_SAMPLES.contains(&name)).then_some(known)
    };
    let values = |side: &[Side], name: &str| side.iter().map(|run| value(run, name)).collect::<Vec<_>>();
    let compared = |&(name, unit): &(&'static str, Unit)| {
        compare_at(chance.of(key, name), name, unit, &values(before, name), &values(after, name))
    };
    let numbers: Vec<Compared> = numbers.iter().map(compared).collect();
    let status = match (&old, &new) {
        (Some(_), None) => Status::Lost,
        (None, Some(_)) => Status::New,
        _ => Status::Both,
    };
    let first_difference = match (&old, &new) {
        (Some(old), Some(new)) => first_difference(old, new),
        _ => None,
    };
    let one = new.or(old).unwrap_or_default();
    Row {
        name: one.name,
        place: one.place,
        status,
        changed: numbers.iter().any(Compared::is_change),
        first_difference,
        numbers,
        key: key.clone(),
    }
}

/// The first stage whose IR has another length; `recorded` if the recordings themselves differ.
fn first_difference(old: &Item, new: &Item) -> Option<String> {
    if old.recordings != new.recordings && old.recordings.intersection(&new.recordings).next().is_none() {
        return Some("recorded".into()).filter(|_| !old.stages.is_empty() && old.stages != new.stages);
    }
    let pairs = old.stages.iter().zip(&new.stages);
    pairs.filter(|(a, b)| a != b).map(|(_, b)| b.0.clone()).next()
}

fn functions(run: &Run) -> Items {
    let model = run.model;
    let mut items = Items::new();
    for (loc, time) in &model.samples.by_loc {
        let item = items.entry(key::function(model, *loc)).or_default();
        let place = model.program.place(*loc);
        item.name = place.function.clone().unwrap_or_default();
        let all = time.interp_ns.saturating_add(time.compiled_ns).saturating_add(time.native_ns);
        let own = run.sampled(all, time.ran_ns);
        let part = |ns: u64| if all > 0 { own * ns as f64 / all as f64 } else { 0.0 };
        item.add("interp_ns", part(time.interp_ns));
        item.add("compiled_ns", part(time.compiled_ns));
        item.add("native_ns", part(time.native_ns));
        item.add("time_ns", own);
        // A function is at the line that takes most of its time.
        if item.hottest.is_none_or(|hottest| hottest < all) {
            (item.hottest, item.place) = (Some(all), place);
        }
    }
    items
}

/// The loop or function that a trace leads back to.
fn root(model: &Model, id: TraceId) -> TraceId {
    let mut at = id;
    // A damaged log may go round in circles.
    for _ in 0..model.traces.len() {
        match model.traces.get(&at).and_then(|t| t.parent) {
            Some(parent) if parent != at => at = parent,
            _ => break,
        }
    }
    at
}

fn loops(run: &Run) -> Items {
    let model = run.model;
    let mut items = Items::new();
    for trace in model.traces.values().filter(|t| t.became_code()) {
        let Some(head) = model.traces.get(&root(model, trace.id)) else { continue };
        let item = items.entry(key::trace(model, head)).or_default();
        let time = model.samples.by_trace.get(&trace.id).copied().unwrap_or_default();
        item.add("time_ns", run.sampled(time.compiled_ns.saturating_add(time.native_ns), time.ran_ns));
        let compile = trace.compile.clone().unwrap_or_default();
        item.add("code_bytes", f64::from(compile.code_bytes));
        item.add("ir_final", trace.passes.iter().max_by_key(|p| p.stage).map_or(0.0, |p| p.ops_out.into()));
        if trace.id != head.id {
            item.add("bridges", 1.0);
            continue;
        }
        item.name = super::traces::kind_name(trace.kind);
        item.place = model.program.place(trace.loc);
        item.add("traces", 1.0);
        item.add("executions", model.counts.trace_exec.get(&trace.id).copied().unwrap_or(0) as f64);
        item.add("turns", model.counts.loop_iter.get(&trace.id).copied().unwrap_or(0) as f64);
        item.recordings.extend(trace.stop.iter().map(|s| s.fingerprint));
        let mut stages: Vec<_> = trace.passes.iter().map(|p| (p.stage, model.words.pass(p.id), p.ops_out)).collect();
        stages.sort();
        item.stages = stages.into_iter().map(|(_, name, ops)| (name, ops)).collect();
    }
    items
}

fn bridges(run: &Run) -> Items {
    let model = run.model;
    let mut items = Items::new();
    for trace in model.traces.values().filter(|t| t.kind == TraceKind::Bridge && Fate::of(t) == Fate::Installed) {
        let item = items.entry(key::trace(model, trace)).or_default();
        let guard = trace.parent_guard.and_then(|id| model.guards.get(&id));
        item.name = guard.map(|g| model.words.reason(Domain::GuardKind, g.kind)).unwrap_or_default();
        item.place = model.program.place(guard.map_or(trace.loc, |g| g.loc));
        item.add("traces", 1.0);
        item.add("executions", model.counts.trace_exec.get(&trace.id).copied().unwrap_or(0) as f64);
    }
    items
}

fn guards(run: &Run) -> Items {
    let model = run.model;
    let mut items = Items::new();
    for guard in model.guards.values().filter(|g| g.failures.unwrap_or(0) > 0) {
        let item = items.entry(key::guard(model, guard)).or_default();
        let kind = model.words.reason(Domain::GuardKind, guard.kind);
        let expected = super::expected::expected(&guard.expected).unwrap_or_default();
        item.name = format!("{kind} {expected}").trim().to_string();
        item.place = model.program.place(guard.loc);
        item.add("failures", guard.failures.unwrap_or(0) as f64);
        item.add("guards", 1.0);
        item.add("bridged", f64::from(u8::from(guard.bridge.is_some())));
    }
    items
}

fn aborts(run: &Run) -> Items {
    let model = run.model;
    let mut items = Items::new();
    for trace in model.traces.values() {
        let Some(abort) = &trace.abort else { continue };
        let loc = abort.loc.known().unwrap_or(trace.loc);
        let reason = model.words.reason(Domain::Abort, abort.reason);
        let key = key::abort(model, &reason, loc);
        let item = items.entry(key).or_default();
        item.name = reason;
        item.place = model.program.place(loc);
        item.add("count", 1.0);
        item.add("given_up", f64::from(u8::from(abort.blacklisted)));
        item.add("record_ns", run.timed(abort.record_ns));
    }
    items
}

fn passes(run: &Run) -> Items {
    let model = run.model;
    let mut items = Items::new();
    for pass in model.traces.values().flat_map(|t| &t.passes) {
        let name = model.words.pass(pass.id);
        let item = items.entry(Key(name.clone())).or_default();
        item.name = name;
        item.add("dur_ns", run.timed(pass.dur_ns));
        item.add("ops_in", pass.ops_in.into());
        item.add("ops_out", pass.ops_out.into());
        item.add("guards_out", pass.guards_out.into());
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Func, FuncId, Loc, LocId, PlaceTime, SourceId};

    fn run(ns: [u64; 2]) -> Model {
        let mut model = Model { duration_ns: ns.iter().sum(), ..Model::default() };
        let sampled = crate::model::Weight { samples: 100, ns: model.duration_ns };
        model.samples.by_state.insert(crate::model::SampleState::Trace, sampled);
        for (id, name, ns) in [(1, "fast", ns[0]), (2, "slow", ns[1])] {
            model.program.funcs.insert(FuncId(id), Func { source: SourceId(1), name: name.into() });
            model.program.locs.insert(LocId(id), Loc { func: FuncId(id), line: id * 10 });
            model.samples.by_loc.insert(LocId(id), PlaceTime { compiled_ns: ns, ..PlaceTime::default() });
        }
        model
    }

    #[test]
    fn the_function_that_got_slower_explains_the_time() {
        let side = |slow: u64| (0..10).map(|i| run([1_000_000 + i * 100, slow + i * 300])).collect::<Vec<_>>();
        let found = diff(&side(2_000_000), &side(2_100_000));
        assert_eq!(found.duration.significant, Some(true));
        assert_eq!((found.functions[0].name.as_str(), found.functions[0].changed), ("slow", true));
        assert!(!found.functions[1].changed);
        assert_eq!(found.explanations.len(), 1, "{:?}", found.explanations);
        assert_eq!(found.explanations[0].name, "slow");
        let same = diff(&side(2_000_000), &side(2_000_000));
        assert!(same.explanations.is_empty() && same.functions.iter().all(|f| !f.changed));
    }

    #[test]
    fn with_one_run_small_differences_are_taken_for_noise() {
        let found = diff(&[run([1_000_000, 2_000_000])], &[run([1_020_000, 3_000_000])]);
        assert_eq!(found.functions.iter().map(|f| f.changed).collect::<Vec<_>>(), [true, false]);
        assert_eq!(found.duration.significant, None);
    }
}
