//! What several findings ask of a place: time on its lines, the bridges behind its guards, and what those guards test.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::Calls;
use super::exit_cost::is_unstable_type;
use super::stake::{Leaves, ONE_SHAPE_INSTEAD, ONE_TYPE_INSTEAD, ONE_WAY_INSTEAD, STRAIGHT_INSTEAD, Stake};
use crate::analyse::guards::{self, GuardRow};
use crate::analyse::own::Own;
use crate::analyse::summary;
use crate::model::{Cell, GuardId, LocId, Model, Operand, Part, Place, Trace, TraceId, Weight};

/// Samples on all instructions of the lines of these places, in compiled code.
pub fn compiled_on(model: &Model, place: &Place) -> u64 {
    on(model, place, |time| time.compiled_ns)
}

fn on(model: &Model, place: &Place, of: fn(&crate::model::PlaceTime) -> u64) -> u64 {
    let here = model.samples.by_loc.iter().filter(|(loc, _)| model.program.place(**loc) == *place);
    here.map(|(_, time)| of(time)).fold(0, u64::saturating_add)
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

/// The loop or function that a bridge belongs to.
pub fn root_of(model: &Model, trace: TraceId) -> TraceId {
    let mut root = trace;
    // A damaged log may lead back to where it came from.
    for _ in 0..model.traces.len() {
        match model.traces.get(&root).and_then(|t| t.parent) {
            Some(parent) if parent != root => root = parent,
            _ => break,
        }
    }
    root
}

/// Traces by the loop or function they belong to.
pub struct Trees {
    roots: BTreeMap<TraceId, TraceId>,
    /// By root: it and all that belongs to it.
    members: BTreeMap<TraceId, Vec<TraceId>>,
    bridges: BTreeMap<TraceId, Vec<TraceId>>,
}

impl Trees {
    pub fn new(model: &Model) -> Trees {
        let (mut roots, mut members, mut bridges) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        // A bridge has a greater id than the trace it leaves.
        for trace in model.traces.values() {
            let root = trace.parent.and_then(|parent| roots.get(&parent)).copied().unwrap_or(trace.id);
            roots.insert(trace.id, root);
            members.entry(root).or_insert_with(Vec::new).push(trace.id);
            if let Some(parent) = trace.parent {
                bridges.entry(parent).or_insert_with(Vec::new).push(trace.id);
            }
        }
        Trees { roots, members, bridges }
    }

    pub fn root(&self, trace: TraceId) -> TraceId {
        self.roots.get(&trace).copied().unwrap_or(trace)
    }

    /// The loops of these traces.
    pub fn roots(&self, traces: impl IntoIterator<Item = TraceId>) -> BTreeSet<TraceId> {
        traces.into_iter().map(|trace| self.root(trace)).collect()
    }

    /// These loops and all of their bridges.
    fn members(&self, roots: &BTreeSet<TraceId>) -> BTreeSet<TraceId> {
        self.of_roots(roots).collect()
    }

    fn of_roots<'a>(&'a self, roots: &'a BTreeSet<TraceId>) -> impl Iterator<Item = TraceId> + 'a {
        roots.iter().filter_map(|root| self.members.get(root)).flatten().copied()
    }

    /// Everything of these loops: compiled code and builtins it calls, exits, and making the bridges.
    pub fn stake(&self, model: &Model, roots: &BTreeSet<TraceId>, jit: &JitTime) -> Stake {
        let within = |trace: TraceId| trace.0 != 0 && roots.contains(&self.root(trace));
        let mut stake = Stake::default();
        let leaves = |guard: GuardId| model.guards.get(&guard).is_some_and(|guard| within(guard.trace));
        // What builtins do is theirs, whichever way the traces around them go.
        stake.claim(model, |cell| cell.part != Part::Native && (within(cell.trace) || leaves(cell.guard)));
        stake.claim_jit(jit, self.of_roots(roots).filter(|id| !roots.contains(id)));
        stake
    }

    /// The traces and all bridges below them.
    pub fn below(&self, tops: &[TraceId]) -> BTreeSet<TraceId> {
        let mut below = BTreeSet::new();
        let mut left = tops.to_vec();
        while let Some(trace) = left.pop() {
            if below.insert(trace) {
                left.extend(self.bridges.get(&trace).into_iter().flatten());
            }
        }
        below
    }
}

/// A cause that takes this much of its loop burdens all of it: values stay boxed around it, and what was known is
/// tested again.
pub const BURDENS_ALL: f64 = 0.15;

/// The whole loop if the cause burdens it, else the cause alone.
pub fn burden(own: Stake, all: Stake) -> Stake {
    if own.cost_ns() as f64 >= all.cost_ns() as f64 * BURDENS_ALL { all } else { own }
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
    /// How often the line was not as recorded: failures, and entries of the bridges, of guards that are in no bridge of
    /// the line. What one of those tests further is the same passing.
    pub passes: u64,
    /// In the interpreter after exits here; recording and compiling the bridges; compiled code on the line or, if that
    /// is more, in the bridges and those below, which go on with the rest of the loop less optimised.
    pub exits_ns: u64,
    pub jit_ns: u64,
    pub line_ns: u64,
    /// Exits here, the bridges and the code below them, and what compiled code does on the line; all of the loop if that
    /// burdens it. The useful work in it is not told apart.
    pub stake: Stake,
}

impl Fork {
    pub fn how(&self) -> &'static str {
        match self.sort {
            Sort::Layout => {
                "samples after exits here, in compiled code on the line and in the bridges, without what that calls for \
                 other than attributes, and the time these took to make; where that is much of the loop, all of its time"
            }
            _ => {
                "samples after exits here, in compiled code on the line and in the bridges, and the time these took to \
                 make; where that is much of the loop, all of its time"
            }
        }
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
    let is_target = |text: &str| ["function", "method", "class", "builtin"].contains(&text);
    match row.kind.as_str() {
        "G_SHAPE" if class_of_layout(expected).is_some() => Sort::Layout,
        "G_EQ" if is_call(expected) || row.types.iter().any(|seen| is_target(&seen.r#type)) => Sort::Target,
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

/// A constant that changes has so many values; fewer are the ways of a test.
const CHANGES: usize = 4;

/// What an instruction takes that is not held up: the fixtures of `list-kind-change` run 0.07 ns each where their types
/// take turns in an order that the processor foretells, and 0.27 ns where the order is random.
const UNHELD_NS: f64 = 0.15;

/// True if the bridges come back into the bodies of loops with what is known there, and the loops ran no longer than their
/// instructions take: nothing else of them suffers from the bridges. It is the time of the whole loop that counts, since
/// what holds a processor up that foretold the wrong way falls on either side of it.
fn is_cheap(model: &Model, fork: &Fork, trees: &Trees) -> bool {
    let name = |op: u8| model.words.ir_ops.get(&u16::from(op)).map_or("", |def| def.name.as_str());
    for id in &fork.bridges {
        let (body, _) = model.body(*id);
        let Some(last) = body.stages.last() else { return false };
        let closes = last.ins.iter().rev().find(|ins| !ins.is_nop());
        // A CLOSE with arguments hands them to the body; without any it goes to the beginning of a trace.
        let reenters = closes.is_some_and(|ins| {
            name(ins.op) == "CLOSE" && matches!(ins.a.operand(), Operand::Op(at) if (at.0 as usize) < last.ins.len())
        });
        if !reenters {
            return false;
        }
    }
    let roots = trees.roots(fork.guards.iter().map(|g| g.trace));
    let (mut spent, mut needed) = (0.0, 0.0);
    for (id, time) in model.samples.by_trace.iter().filter(|(id, _)| roots.contains(&trees.root(**id))) {
        let (body, _) = model.body(*id);
        let Some(last) = body.stages.last() else { return false };
        // What stands before the body of a loop runs once.
        let body_at = last.ins.iter().position(|ins| name(ins.op) == "LOOP").map_or(0, |at| at + 1);
        let instructions = last.ins[body_at..].iter().filter(|ins| !ins.is_nop()).count();
        let of = |counts: &BTreeMap<TraceId, u64>| counts.get(id).copied().unwrap_or(0);
        let turns = of(&model.counts.loop_iter).max(of(&model.counts.trace_exec));
        spent += time.ran_ns as f64;
        needed += turns as f64 * instructions as f64 * UNHELD_NS;
    }
    // The standard deviation of a count of samples: of a short run a few of them are no proof that it takes longer.
    let spread = (spent * model.samples.tick.period_ns() as f64).sqrt();
    !fork.bridges.is_empty() && spent - spread <= needed
}

/// What one passing that was not as recorded takes at most, beside its bridge: tests, a way that the processor foretold
/// wrongly, and what the loop has to put into memory and look at again. Turns of loops are not counted, so this tells a
/// guard that fails at the end of each list from one that fails in every other turn.
const MOST_NS: f64 = 100.0;

/// Every line with guards of one sort that fail or have bridges.
pub fn forks(model: &Model) -> Vec<Fork> {
    let mut groups: BTreeMap<(Place, u8), Fork> = BTreeMap::new();
    for row in guards::rows(model) {
        if row.failures.unwrap_or(0) == 0 && row.bridge.is_none() {
            continue;
        }
        let sort = sort_of(&row);
        let fork = groups.entry((row.place.clone(), sort as u8)).or_insert_with(|| Fork {
            line_ns: 0,
            place: row.place.clone(),
            sort,
            guards: Vec::new(),
            bridges: Vec::new(),
            passes: 0,
            exits_ns: 0,
            jit_ns: 0,
            stake: Stake::default(),
        });
        fork.exits_ns = fork.exits_ns.saturating_add(model.samples.by_guard.get(&row.id).map_or(0, |w| w.ns));
        fork.bridges.extend(row.bridge);
        fork.guards.push(row);
    }
    let (jit, trees) = (JitTime::new(model), Trees::new(model));
    let mut forks: Vec<Fork> = groups.into_values().collect();
    for fork in forks.iter_mut().filter(|f| f.sort == Sort::Constant) {
        let values: BTreeSet<_> = fork.guards.iter().filter_map(|g| g.expected.as_deref()).collect();
        if values.len() < CHANGES {
            fork.sort = Sort::Branch;
        }
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
    let stretch = Own::of(model).map_or(1.0, |own| model.duration_ns as f64 / own.total_ns.max(1) as f64);
    for fork in &mut forks {
        let guards: BTreeSet<GuardId> = fork.guards.iter().map(|g| g.id).collect();
        let below = trees.below(&fork.bridges);
        let heads = fork.guards.iter().filter(|g| !below.contains(&g.trace));
        let passes = heads.map(|g| g.failures.unwrap_or(0).saturating_add(g.bridge_entries.unwrap_or(0)));
        fork.passes = passes.fold(0, u64::saturating_add);
        let is_line = |loc: LocId| model.program.place(loc) == fork.place;
        let lines: BTreeSet<LocId> = model.samples.by_loc.keys().copied().filter(|loc| is_line(*loc)).collect();
        let mut own = Stake::default();
        let most_ns = (fork.passes as f64 * MOST_NS * stretch) as u64;
        let on_line = |cell: &Cell| cell.part != Part::Native && cell.trace.0 != 0 && lines.contains(&cell.loc);
        let beside = |cell: &Cell| on_line(cell) && !below.contains(&cell.trace);
        own.claim_at_most(model, most_ns, beside);
        own.claim(model, |cell| {
            cell.part != Part::Native && (below.contains(&cell.trace) || guards.contains(&cell.guard))
        });
        own.claim_jit(&jit, fork.bridges.iter().copied());
        fork.jit_ns = fork.bridges.iter().map(|id| jit.of(*id)).fold(0, u64::saturating_add);
        let roots = trees.roots(fork.guards.iter().map(|g| g.trace));
        // What is called for values of other types may be for the types' sake; what is called with instances is not.
        let calls = match fork.sort {
            Sort::Layout => Calls::new(model, &trees.members(&roots)),
            _ => Calls::default(),
        };
        let is_cheap = fork.sort == Sort::Type && fork.exits_ns == 0 && is_cheap(model, fork, &trees);
        let mut all = trees.stake(model, &roots, &jit);
        own.leave_out(&calls);
        fork.line_ns = own.sampled_ns().saturating_sub(fork.exits_ns);
        all.leave_out(&calls);
        let is_seldom = (most_ns as f64) < all.cost_ns() as f64 * BURDENS_ALL;
        fork.stake = if is_cheap || is_seldom { own } else { burden(own, all) };
        let compiled = match fork.sort {
            _ if is_cheap => ONE_WAY_INSTEAD,
            Sort::Type => ONE_TYPE_INSTEAD,
            Sort::Layout if !calls.look_up(fork.stake.compiled_ns()) => ONE_SHAPE_INSTEAD,
            _ => STRAIGHT_INSTEAD,
        };
        fork.stake.leaves(Leaves { compiled, ..Leaves::default() });
    }
    forks
}

/// Nanoseconds of samples whose stack has a function at least so many times, by the function.
pub fn recursion(model: &Model, times: usize) -> BTreeMap<Place, u64> {
    let mut found: BTreeMap<Place, u64> = BTreeMap::new();
    for ((stack, part, _), Weight { ns, .. }) in &model.samples.by_stack {
        if !matches!(part, Part::Interp | Part::Compiled | Part::Native) {
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

/// By what time is multiplied that a finding claims. Time that neither samples nor events cover, after the program began,
/// is shared out in proportion, and so is what the run waited for a processor: where the machine held it up says nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    pub sampled: f64,
    /// Of time that events tell.
    pub timed: f64,
}

impl Shares {
    pub fn of(model: &Model) -> Shares {
        let own = Own::of(model);
        let timed = own.map_or(1.0, |own| own.of_rest);
        let wall = model.samples.cells.values().fold(0, |sum: u64, ns| sum.saturating_add(*ns));
        let ran = model.samples.ran_ns.iter().fold(0, |sum: u64, ns| sum.saturating_add(*ns));
        let sampled = own.filter(|_| wall > 0).map_or(1.0, |own| ran as f64 * own.of_samples / wall as f64);
        let whole = own.map_or(1.0, |own| model.duration_ns as f64 / own.total_ns.max(1) as f64);
        let all = whole * uncovered(model, timed, own.map_or(model.duration_ns, |own| own.total_ns));
        Shares { sampled: sampled * all, timed: timed * all }
    }
}

/// By how much more costs are than the samples and events of them tell, of a run of `all_ns` of which what no sample
/// tells counts for a part.
fn uncovered(model: &Model, part: f64, all_ns: u64) -> f64 {
    let traces = model.traces.values().map(|t| t.started_ns).filter(|ns| *ns > 0).min();
    let timeline = &model.samples.timeline;
    let sampled = timeline.stretches.iter().zip(0..).find(|(s, _)| s.iter().any(|ns| *ns > 0));
    let sampled = sampled.map(|(_, at): (_, u64)| at.saturating_mul(timeline.stretch_ns));
    let (Some(began), Some(none)) = (traces.into_iter().chain(sampled).min(), summary::states(model).unaccounted)
    else {
        return 1.0;
    };
    let covered = all_ns as f64 - none as f64 * part;
    // A log that lacks more has lost samples, not time of the run.
    (1.0 + none.saturating_sub(began) as f64 * part / covered.max(1.0)).min(1.2)
}

/// A place with the time on its line, hottest first.
pub fn lines_of_function(model: &Model, function: &Place) -> Option<Place> {
    let here = model.samples.by_loc.iter().map(|(loc, time)| (model.program.place(*loc), time));
    let same = here.filter(|(p, _)| p.function == function.function && p.file == function.file);
    same.max_by_key(|(_, time)| time.interp_ns).map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Domain, Func, FuncId, Guard, Loc, Reason, SourceId};

    /// A loop of 100 ms whose guard fails on a type, with a bridge whose guard fails there as well, with a bridge of its own.
    fn chain(times: [u64; 2]) -> Model {
        let mut model = Model { duration_ns: 200_000_000, ..Model::default() };
        model.program.funcs.insert(FuncId(1), Func { source: SourceId(1), name: "f".into() });
        for line in [4, 5] {
            model.program.locs.insert(LocId(line), Loc { func: FuncId(1), line });
        }
        model.words.reasons.insert((Domain::GuardKind, 1), Reason { name: "G_INT".into(), text: String::new() });
        for id in 1..=3 {
            let mut trace = Trace::new(TraceId(id));
            trace.parent = (id > 1).then_some(TraceId(id - 1));
            trace.installed_ns = Some(1);
            model.traces.insert(trace.id, trace);
        }
        for (id, times) in [(1, times[0]), (2, times[1])] {
            let mut guard = Guard::new(GuardId(id), TraceId(id));
            (guard.kind, guard.loc, guard.expected) = (1, LocId(5), "int".into());
            (guard.failures, guard.bridge) = (Some(8), Some(TraceId(id + 1)));
            guard.observed.insert(7, 8);
            model.guards.insert(guard.id, guard);
            model.counts.trace_exec.insert(TraceId(id + 1), times);
        }
        for (trace, loc, ns) in [(1, 4, 60_000_000), (1, 5, 40_000_000), (2, 5, 1_000_000)] {
            let cell = Cell { part: Part::Compiled, trace: TraceId(trace), guard: GuardId(0), loc: LocId(loc) };
            model.samples.cells.insert(cell, ns);
            model.samples.by_loc.entry(cell.loc).or_default().compiled_ns += ns;
            model.samples.by_trace.entry(cell.trace).or_default().compiled_ns += ns;
        }
        model
    }

    #[test]
    fn what_a_chain_of_bridges_tests_one_after_another_is_one_passing() {
        let found = forks(&chain([1_000_000, 400_000]));
        assert_eq!((found.len(), found[0].sort, found[0].bridges.len()), (1, Sort::Type, 2));
        assert_eq!(found[0].passes, 1_000_008);
        assert_eq!(found[0].stake.cost_ns(), 101_000_000, "it burdens the loop");
    }

    #[test]
    fn a_guard_that_seldom_fails_burdens_no_loop() {
        let found = forks(&chain([1_000, 0]));
        assert_eq!(found[0].passes, 1_008);
        assert_eq!(found[0].stake.cost_ns(), 1_000_000 + 100_800, "its bridges, and what failing may take on the line");
    }
}
