//! The time at stake in a finding, and what of it a fix leaves: the models of all savings are made of these parts.
//!
//! A stake is a set of cells of samples, of recordings and of time of the collector, so that findings that overlap can
//! be told from those that add up. Its cost is their sum: the useful work in it is not told apart by samples. What the
//! fixed program still needs for that work is a part of each kind of time, between two bounds that were measured.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::Calls;
use super::places::{JitTime, Shares, gc_ns};
use crate::model::{Cell, FuncId, LocId, Model, Part, SourceId, Trace, TraceId, TraceKind};

/// What a fix leaves of a kind of time, at least and at most.
pub type Left = [f64; 2];

/// Interpreted code that becomes compiled: 8 to 60 times faster on `fixtures/diagnose`, 2.3 times where it is all floats
/// in the heap or long bodies that take much compiling.
pub const COMPILED_INSTEAD: Left = [0.0, 0.45];
/// An operation that raises what is caught, in compiled code: a test remains, and the operation where it goes well. Making
/// and catching takes about 40 ns (30 million and 6.7 million unknown keys, an index out of range in 5 turns of 8).
pub const TESTED_INSTEAD: Left = [0.0, 0.3];
/// Compiled code that need no longer tell types, targets or ways apart: what remains is the loop's own work.
pub const STRAIGHT_INSTEAD: Left = [0.0, 0.4];
/// A loop that tells two types apart, both of them compiled: the tests go, and with them the ways that the processor
/// foretells wrongly, and the values need no boxes; the arithmetic of both stays.
pub const ONE_TYPE_INSTEAD: Left = [0.15, 0.55];
/// The same where the processor foretells the way and the bridge comes back into the body of the loop with what is known
/// there: the other type's arithmetic has to be done in any case.
pub const ONE_WAY_INSTEAD: Left = [0.7, 0.85];
/// A loop whose bridges follow objects of several shapes: the tests go, and the ways that the processor foretells wrongly;
/// what is done with the attributes stays. Measured on six programs that compute, look up and join texts with them.
pub const ONE_SHAPE_INSTEAD: Left = [0.55, 0.8];
/// A loop that makes objects: its other work stays, and so do the stores that keep the values instead.
pub const NO_OBJECTS_INSTEAD: Left = [0.27, 0.63];
/// Time that goes altogether, except for what takes its place.
pub const GONE: Left = [0.0, 0.2];

/// What is left of each kind of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaves {
    pub interp: Left,
    pub compiled: Left,
    pub native: Left,
    pub gc: Left,
}

impl Default for Leaves {
    fn default() -> Leaves {
        Leaves { interp: COMPILED_INSTEAD, compiled: STRAIGHT_INSTEAD, native: STRAIGHT_INSTEAD, gc: GONE }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stake {
    cells: BTreeMap<Cell, u64>,
    jit: BTreeMap<TraceId, u64>,
    gc_ns: u64,
    leaves: Leaves,
}

impl Stake {
    pub fn that(leaves: Leaves) -> Stake {
        Stake { leaves, ..Stake::default() }
    }

    pub fn leaves(&mut self, leaves: Leaves) {
        self.leaves = leaves;
    }

    /// Takes in the cells that fit.
    pub fn claim(&mut self, model: &Model, fits: impl Fn(&Cell) -> bool) {
        self.cells.extend(model.samples.cells.iter().filter(|(cell, _)| fits(cell)).map(|(cell, ns)| (*cell, *ns)));
    }

    /// Takes in the cells that fit, of which the rest of the time is not at stake.
    pub fn claim_at_most(&mut self, model: &Model, most_ns: u64, fits: impl Fn(&Cell) -> bool) {
        let cells = || model.samples.cells.iter().filter(|(cell, _)| fits(cell));
        let all: u64 = cells().map(|(_, ns)| *ns).fold(0, u64::saturating_add);
        let part = (most_ns as f64 / all.max(1) as f64).min(1.0);
        self.cells.extend(cells().map(|(cell, ns)| (*cell, (*ns as f64 * part) as u64)));
    }

    /// Takes in what is called from these lines only, except loops that are compiled, which have their own work to do.
    pub fn claim_called_from(&mut self, model: &Model, lines: &BTreeSet<(SourceId, u32)>) {
        let functions = called_from(model, lines);
        let is_called = |loc: LocId| model.program.locs.get(&loc).is_some_and(|at| functions.contains(&at.func));
        let locs: BTreeSet<LocId> = model.samples.by_loc.keys().copied().filter(|loc| is_called(*loc)).collect();
        let is_loop = |trace: TraceId| {
            let root = super::places::root_of(model, trace);
            let own = |trace: &Trace| trace.kind == TraceKind::Loop && !is_of_builtin(model, trace);
            model.traces.get(&root).is_some_and(own)
        };
        let loops: BTreeSet<TraceId> = model.samples.by_trace.keys().copied().filter(|id| is_loop(*id)).collect();
        self.claim(model, |cell| locs.contains(&cell.loc) && !loops.contains(&cell.trace));
    }

    /// Takes in the compiled loops of builtins that are called from functions with these lines, and what those call back. A
    /// frame below compiled code stands at the head of its loop, so the line of the call is not known.
    pub fn claim_loops_of_builtins(&mut self, model: &Model, lines: &BTreeSet<(SourceId, u32)>) {
        let of_lines = model.program.locs.values().filter(|loc| {
            let source = model.program.funcs.get(&loc.func).map(|func| func.source);
            source.is_some_and(|source| lines.contains(&(source, loc.line)))
        });
        let callers: BTreeSet<FuncId> = of_lines.map(|loc| loc.func).collect();
        let is_of_callers = |id: LocId| model.program.locs.get(&id).is_some_and(|loc| callers.contains(&loc.func));
        let all = model.program.locs.keys().filter(|id| is_of_callers(**id));
        let functions = called_from(model, &all.filter_map(|id| model.program.line_of(*id)).collect());
        let is_called = |id: LocId| model.program.locs.get(&id).is_some_and(|loc| functions.contains(&loc.func));
        let is_loop = |id: TraceId| {
            let root = model.traces.get(&super::places::root_of(model, id));
            root.is_some_and(|trace| is_of_builtin(model, trace))
        };
        self.claim(model, |cell| cell.trace.0 != 0 && is_called(cell.loc) && is_loop(cell.trace));
    }

    /// Time in compiled code.
    pub fn compiled_ns(&self) -> u64 {
        self.cells.iter().filter(|(cell, _)| cell.part == Part::Compiled).map(|(_, ns)| *ns).sum()
    }

    /// Lets go of the time of these calls.
    pub fn leave_out(&mut self, calls: &Calls) {
        for (cell, ns) in self.cells.iter_mut().filter(|(cell, _)| cell.part == Part::Compiled) {
            *ns = ns.saturating_sub(calls.ns(cell.trace, cell.loc));
        }
    }

    /// The lines of all samples in it.
    pub fn lines(&self, model: &Model) -> BTreeSet<(SourceId, u32)> {
        self.cells.keys().filter_map(|cell| model.program.line_of(cell.loc)).collect()
    }

    pub fn claim_everything(&mut self, model: &Model) {
        self.claim(model, |_| true);
        self.claim_jit(&JitTime::new(model), model.traces.keys().copied());
        self.claim_gc(model);
    }

    /// Recording and compiling of these.
    pub fn claim_jit(&mut self, jit: &JitTime, traces: impl IntoIterator<Item = TraceId>) {
        self.jit.extend(traces.into_iter().map(|id| (id, jit.of(id))));
    }

    /// The time of the collector that falls to the claimed part of the program's own time.
    pub fn claim_gc_in_proportion(&mut self, model: &Model) {
        let all: u64 = model.samples.cells.values().sum();
        self.gc_ns = (gc_ns(model) as f64 * self.sampled_ns() as f64 / all.max(1) as f64) as u64;
    }

    pub fn claim_gc(&mut self, model: &Model) {
        self.gc_ns = gc_ns(model);
    }

    pub fn claim_part_of_gc(&mut self, ns: u64) {
        self.gc_ns = ns;
    }

    pub fn gc_ns(&self) -> u64 {
        self.gc_ns
    }

    pub fn sampled_ns(&self) -> u64 {
        self.cells.values().sum()
    }

    pub fn cost_ns(&self) -> u64 {
        self.sampled_ns().saturating_add(self.jit.values().sum()).saturating_add(self.gc_ns)
    }

    /// The same with more or less time in each of its parts.
    pub fn scaled(mut self, shares: Shares) -> Stake {
        let scale = |ns: &mut u64, by: f64| *ns = (*ns as f64 * by) as u64;
        self.cells.values_mut().for_each(|ns| scale(ns, shares.sampled));
        self.jit.values_mut().for_each(|ns| scale(ns, shares.timed));
        scale(&mut self.gc_ns, shares.timed);
        self
    }

    /// Between what and what the run gets shorter: never more than the cost.
    pub fn saving_ns(&self) -> [u64; 2] {
        let mut saving = [0.0, 0.0];
        let mut add = |ns: u64, [least, most]: Left| {
            saving[0] += ns as f64 * (1.0 - most);
            saving[1] += ns as f64 * (1.0 - least);
        };
        for (cell, ns) in &self.cells {
            let left = match cell.part {
                Part::Compiled => self.leaves.compiled,
                Part::Native => self.leaves.native,
                _ => self.leaves.interp,
            };
            add(*ns, left);
        }
        self.jit.values().for_each(|ns| add(*ns, GONE));
        add(self.gc_ns, self.leaves.gc);
        saving.map(|ns| (ns as u64).min(self.cost_ns()))
    }

    /// The standard deviation of the cost, since samples are counted: of so many as the whole run has this part fell here.
    /// One sample at least: where all of them fell here, there is still time in which none fell.
    pub fn deviation_ns(&self, all_ns: f64, period_ns: u64) -> f64 {
        let sampled = self.sampled_ns() as f64;
        let others = (1.0 - sampled / all_ns.max(1.0)).max(0.0);
        ((sampled * others).max(period_ns as f64) * period_ns as f64).sqrt()
    }

    /// What both claim.
    pub fn shared_ns(&self, other: &Stake) -> u64 {
        let cells = self.cells.iter().filter(|(cell, _)| other.cells.contains_key(cell)).map(|(_, ns)| ns);
        let jit = self.jit.iter().filter(|(id, _)| other.jit.contains_key(id)).map(|(_, ns)| ns);
        cells.chain(jit).sum::<u64>().saturating_add(self.gc_ns.min(other.gc_ns))
    }

    /// Gives up what another finding has; `gc_ns` is all there is of that.
    pub fn give_up(&mut self, other: &Stake, gc_ns: u64) {
        self.cells.retain(|cell, _| !other.cells.contains_key(cell));
        self.jit.retain(|id, _| !other.jit.contains_key(id));
        self.gc_ns = self.gc_ns.min(gc_ns.saturating_sub(other.gc_ns));
    }
}

/// All time that stakes can claim.
pub fn everything(model: &Model) -> u64 {
    let mut all = Stake::default();
    all.claim_everything(model);
    all.cost_ns()
}

/// Where jitvm keeps loops of builtins that are written in Python: they are the builtin's work, not the program's.
const LOOPS_OF_BUILTINS: &str = "<loops of builtin functions>";

fn is_of_builtin(model: &Model, trace: &Trace) -> bool {
    model.program.place(trace.loc).file.as_deref() == Some(LOOPS_OF_BUILTINS)
}

/// This much of the time of a function is spent in calls from the lines, if it belongs to them.
const NEARLY_ALL: f64 = 0.9;

/// Functions that are called from these lines and hardly from elsewhere.
fn called_from(model: &Model, lines: &BTreeSet<(SourceId, u32)>) -> BTreeSet<FuncId> {
    let mut sums: BTreeMap<FuncId, [u64; 2]> = BTreeMap::new();
    for ((stack, _, _), weight) in &model.samples.by_stack {
        let frames = model.program.frames(*stack, 512);
        let Some(at) = frames.first().and_then(|loc| model.program.locs.get(loc)) else { continue };
        let below =
            frames.iter().skip(1).filter_map(|loc| model.program.line_of(*loc)).any(|line| lines.contains(&line));
        let sum = sums.entry(at.func).or_default();
        sum[0] += weight.ns;
        sum[1] += if below { weight.ns } else { 0 };
    }
    let nearly = |[all, below]: &[u64; 2]| *below > 0 && *below as f64 >= *all as f64 * NEARLY_ALL;
    sums.iter().filter(|(_, sum)| nearly(sum)).map(|(function, _)| *function).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Func, GuardId, Loc, Stack, StackId, Weight};

    fn model() -> Model {
        let mut model = Model::default();
        for (part, loc, ns) in [(Part::Interp, 1, 400), (Part::Compiled, 2, 100), (Part::Native, 3, 500)] {
            let cell = Cell { part, trace: TraceId(0), guard: GuardId(0), loc: LocId(loc) };
            model.samples.cells.insert(cell, ns);
        }
        model.collections.push(crate::model::Collection { pause_ns: 50, ..Default::default() });
        model
    }

    #[test]
    fn a_saving_is_part_of_the_cost() {
        let model = model();
        let mut stake = Stake::default();
        stake.claim(&model, |cell| cell.part != Part::Native);
        stake.claim_gc_in_proportion(&model);
        assert_eq!((stake.cost_ns(), stake.saving_ns()), (525, [220 + 60 + 20, 525]));
    }

    #[test]
    fn of_what_is_claimed_in_part_the_rest_is_not_at_stake() {
        let model = model();
        let mut stake = Stake::default();
        stake.claim_at_most(&model, 90, |cell| cell.part != Part::Compiled);
        assert_eq!(stake.cost_ns(), 90);
        stake.claim_at_most(&model, 5_000, |cell| cell.part == Part::Native);
        assert_eq!(stake.cost_ns(), 40 + 500, "no more than there is");
    }

    #[test]
    fn a_count_of_samples_has_an_error() {
        let model = model();
        let mut stake = Stake::that(Leaves { native: GONE, ..Leaves::default() });
        stake.claim(&model, |cell| cell.part == Part::Native);
        assert!((stake.deviation_ns(1_000.0, 40) - 100.0).abs() < 1e-9);
        assert_eq!(stake.deviation_ns(500.0, 40), 40.0, "where it is all there is");
    }

    #[test]
    fn calls_that_are_left_out_are_neither_cost_nor_saving() {
        let model = model();
        let mut stake = Stake::default();
        stake.claim(&model, |cell| cell.part != Part::Native);
        let calls = |ns| Calls::at(&[(TraceId(0), LocId(2), ns), (TraceId(0), LocId(1), ns)]);
        stake.leave_out(&calls(70));
        assert_eq!((stake.cost_ns(), stake.saving_ns()), (430, [220 + 18, 430]), "only of compiled code");
        stake.leave_out(&calls(500));
        assert_eq!(stake.cost_ns(), 400);
    }

    #[test]
    fn what_is_claimed_twice_counts_once() {
        let model = model();
        let (mut all, mut some) = (Stake::default(), Stake::default());
        all.claim(&model, |_| true);
        all.claim_gc(&model);
        some.claim(&model, |cell| cell.part == Part::Interp);
        some.claim_gc_in_proportion(&model);
        assert_eq!(all.shared_ns(&some), 420);
        all.give_up(&some, 50);
        assert_eq!((all.cost_ns(), some.cost_ns()), (630, 420));
    }

    #[test]
    fn a_function_belongs_to_the_lines_that_call_it() {
        let mut model = Model::default();
        for (id, line) in [(1, 10), (2, 20), (3, 30)] {
            model.program.funcs.insert(FuncId(id), Func { source: SourceId(1), name: format!("f{id}") });
            model.program.locs.insert(LocId(id), Loc { func: FuncId(id), line });
            model.program.stacks.insert(StackId(id), Stack { parent: None, loc: LocId(id) });
        }
        model.program.stacks.insert(StackId(4), Stack { parent: Some(StackId(1)), loc: LocId(2) });
        let mut sample = |stack, ns| {
            model.samples.by_stack.insert((StackId(stack), Part::Interp, FuncId(0)), Weight { samples: 1, ns });
        };
        sample(4, 100);
        sample(3, 100);
        sample(2, 5);
        let lines = BTreeSet::from([(SourceId(1), 10)]);
        assert_eq!(called_from(&model, &lines), BTreeSet::from([FuncId(2)]));
        model.samples.by_stack.insert((StackId(2), Part::Native, FuncId(0)), Weight { samples: 1, ns: 50 });
        assert!(called_from(&model, &lines).is_empty(), "others call it too");
    }
}
