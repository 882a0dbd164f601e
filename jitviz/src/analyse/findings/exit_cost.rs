//! What one exit to the interpreter costs, and the exits of all guards on one line: the base of two findings.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::places::{JitTime, Trees, burden};
use super::stake::Stake;
use crate::analyse::guards::{self, GuardRow};
use crate::model::{Costs, Guard, GuardId, LocId, Model, Part, Place, TraceId, Weight};

/// From the guard to the next entry of compiled code: frames restored, bytecodes interpreted up to the loop's head.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ExitCost {
    pub low_ns: u64,
    pub middle_ns: u64,
    pub high_ns: u64,
    pub how: &'static str,
}

/// Measured on programs that leave a loop in every turn (jitvm, built for development): 160 to 290 ns where little
/// follows the exit, 730 ns where most of the loop does.
const ASSUMED: ExitCost = ExitCost {
    low_ns: 100,
    middle_ns: 250,
    high_ns: 700,
    how: "exits times an assumed cost of one exit: frames restored, and interpreted up to where compiled code begins again",
};

/// What of [`ASSUMED`] restoring the frames takes; the rest is what is interpreted after it.
const RESTORING_NS: u64 = 100;

/// The cost of an exit through one of these guards: restoring the frames from its bailouts if the VM timed them, the rest
/// assumed.
pub fn of<'m>(guards: impl Iterator<Item = &'m Guard>) -> ExitCost {
    guards.filter_map(|guard| guard.bailouts.costs).reduce(Costs::with).map_or(ASSUMED, |timed| ExitCost {
        low_ns: timed.least_ns,
        middle_ns: timed.average_ns().saturating_add(ASSUMED.middle_ns - RESTORING_NS),
        high_ns: timed.average_ns().saturating_add(ASSUMED.high_ns - RESTORING_NS),
        how: "exits times what the VM timed of restoring the frames, and what interpreting up to where compiled code begins again is assumed to take",
    })
}

/// Twice the standard deviation of a count of samples: what an exit costs, low, middle, high.
fn sampled<'g>(model: &Model, guards: impl Iterator<Item = &'g GuardRow>, exits: u64) -> ExitCost {
    let mut sum = Weight::default();
    for weight in guards.filter_map(|g| model.samples.by_guard.get(&g.id)) {
        sum.samples += weight.samples;
        sum.ns = sum.ns.saturating_add(weight.ns);
    }
    let each = sum.ns.checked_div(sum.samples).unwrap_or(0);
    let spread = (each as f64 * 2.0 * (sum.samples as f64).sqrt()) as u64;
    let of = |ns: u64| ns / exits.max(1);
    let (low_ns, high_ns) = (of(sum.ns.saturating_sub(spread)), of(sum.ns.saturating_add(spread)));
    ExitCost { low_ns, middle_ns: of(sum.ns), high_ns, how: SAMPLED }
}

const SAMPLED: &str =
    "samples taken in the interpreter between an exit through these guards and the next compiled code";

/// Guards of one line that send the program back to the interpreter.
pub struct Exits {
    pub place: Place,
    /// Most failures first.
    pub guards: Vec<GuardRow>,
    /// Failures that no bridge took over.
    pub exits: u64,
    pub cost: ExitCost,
    /// What samples say they cost; `None` when nobody sampled.
    pub stake: Option<Stake>,
}

impl Exits {
    pub fn ids(&self) -> Vec<GuardId> {
        self.guards.iter().map(|g| g.id).collect()
    }

    pub fn traces(&self) -> Vec<TraceId> {
        let mut traces: Vec<TraceId> = self.guards.iter().map(|g| g.trace).collect();
        traces.sort();
        traces.dedup();
        traces
    }

    /// Time lost and what of it a fix saves. Without samples exits times what one is thought to cost.
    pub fn cost_and_saving(&self, model: &Model) -> (u64, [u64; 2]) {
        if let Some(stake) = &self.stake {
            return (stake.cost_ns(), stake.saving_ns());
        }
        let of = |ns: u64| self.exits.saturating_mul(ns).min(model.duration_ns);
        (of(self.cost.middle_ns), [of(self.cost.low_ns), of(self.cost.middle_ns)])
    }
}

/// Fewer exits than this are how every program goes.
const FEW: u64 = 1_000;

/// The lines that guards of one sort fail on, with what goes back to the interpreter there.
pub fn exits(model: &Model, wanted: impl Fn(&GuardRow) -> bool) -> Vec<Exits> {
    let mut groups: BTreeMap<Place, Vec<GuardRow>> = BTreeMap::new();
    for row in guards::rows(model).into_iter().filter(|g| unbridged(model, g) > 0 && wanted(g)) {
        groups.entry(row.place.clone()).or_default().push(row);
    }
    let (jit, trees) = (JitTime::new(model), Trees::new(model));
    let exits = groups.into_iter().map(|(place, guards)| {
        let exits = guards.iter().map(|g| unbridged(model, g)).fold(0, u64::saturating_add);
        let stake = (!model.samples.is_empty()).then(|| stake(model, &guards, &jit, &trees));
        let cost = match &stake {
            Some(_) => sampled(model, guards.iter(), exits),
            None => of(guards.iter().filter_map(|g| model.guards.get(&g.id))),
        };
        Exits { exits, cost, stake, place, guards }
    });
    exits.filter(|e| e.exits >= FEW).collect()
}

/// What is interpreted and called between an exit and the next trace, and all of the loop if that burdens it.
fn stake(model: &Model, guards: &[GuardRow], jit: &JitTime, trees: &Trees) -> Stake {
    let ids: BTreeSet<GuardId> = guards.iter().map(|g| g.id).collect();
    let mut own = Stake::default();
    own.claim(model, |cell| ids.contains(&cell.guard));
    let mut all = trees.stake(model, &trees.roots(guards.iter().map(|g| g.trace)), jit);
    let lines = own.lines(model);
    all.claim_called_from(model, &lines);
    let on_lines = |loc| model.program.line_of(loc).is_some_and(|line| lines.contains(&line));
    let called: BTreeSet<LocId> = model.samples.by_loc.keys().copied().filter(|loc| on_lines(*loc)).collect();
    all.claim(model, |cell| cell.part == Part::Native && cell.trace.0 == 0 && called.contains(&cell.loc));
    let mut stake = burden(own, all);
    stake.claim_gc_in_proportion(model);
    stake
}

/// Failures that did not enter a bridge: the counter of a guard counts those too.
fn unbridged(model: &Model, guard: &GuardRow) -> u64 {
    let entered = guard.bridge.and_then(|bridge| model.counts.trace_exec.get(&bridge)).copied().unwrap_or(0);
    guard.failures.unwrap_or(0).saturating_sub(entered)
}

/// True if the guard fails when what was called raised.
pub fn is_exception(guard: &GuardRow) -> bool {
    guard.expected.as_deref() == Some("no exception")
}

/// True if the guard asks for a type and met another.
pub fn is_unstable_type(guard: &GuardRow) -> bool {
    let Some(expected) = &guard.expected else { return false };
    let kind = guard.kind.to_ascii_lowercase();
    let asks_type = kind.contains("shape") || kind.contains("type") || ["g_int", "g_flt"].contains(&kind.as_str());
    asks_type && guard.observed.iter().any(|o| o.r#type != *expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Cell;

    #[test]
    fn timed_exits_outrank_the_assumption() {
        let mut guard = Guard::new(GuardId(1), TraceId(1));
        assert_eq!(of([&guard].into_iter()), ASSUMED);
        [90, 0, 110].into_iter().for_each(|cost_ns| guard.bailouts.add(0, "", 1, cost_ns));
        let cost = of([&guard].into_iter());
        assert_eq!((cost.low_ns, cost.middle_ns, cost.high_ns), (90, 100 + 150, 100 + 600));
    }

    #[test]
    fn samples_outrank_what_one_exit_is_thought_to_cost() {
        let mut model = Model { duration_ns: 1_000_000_000, ..Model::default() };
        let mut guard = Guard::new(GuardId(1), TraceId(1));
        guard.failures = Some(5_000);
        model.guards.insert(GuardId(1), guard);
        let assumed = [ASSUMED.low_ns, ASSUMED.middle_ns].map(|ns| 5_000 * ns);
        assert_eq!(exits(&model, |_| true)[0].cost_and_saving(&model), (assumed[1], assumed));
        let weight = Weight { samples: 100, ns: 100_000_000 };
        model.samples.by_state.insert(jitlog::SampleState::Interp, weight);
        let mut cell = Cell { part: Part::Interp, trace: TraceId(0), guard: GuardId(0), loc: LocId(1) };
        model.samples.cells.insert(cell, 60_000_000);
        assert_eq!(exits(&model, |_| true)[0].cost_and_saving(&model), (0, [0, 0]), "none of it after these exits");
        cell.guard = GuardId(1);
        model.samples.cells.insert(cell, 40_000_000);
        model.samples.by_guard.insert(GuardId(1), weight);
        let found = &exits(&model, |_| true)[0];
        assert_eq!(found.cost_and_saving(&model), (40_000_000, [22_000_000, 40_000_000]));
        assert_eq!((found.cost.middle_ns, found.cost.how), (20_000, SAMPLED));
    }

    #[test]
    fn what_a_bridge_took_over_is_no_exit() {
        let mut model = Model { duration_ns: 1_000_000_000, ..Model::default() };
        let mut guard = Guard::new(GuardId(1), TraceId(1));
        (guard.failures, guard.bridge) = (Some(5_000), Some(TraceId(2)));
        model.guards.insert(GuardId(1), guard);
        assert_eq!(exits(&model, |_| true)[0].exits, 5_000);
        model.counts.trace_exec.insert(TraceId(2), 4_990);
        assert!(exits(&model, |_| true).is_empty());
    }
}
