//! The time at stake in a finding, and what of it a fix leaves: the models of all savings are made of these parts.
//!
//! A stake is a set of cells of samples, of recordings and of time of the collector, so that findings that overlap can
//! be told from those that add up. Its cost is their sum: the useful work in it is not told apart by samples. What the
//! fixed program still needs for that work is a part of each kind of time, between two bounds that were measured.

use std::collections::BTreeMap;

use super::places::{JitTime, gc_ns};
use crate::model::{Cell, LocId, Model, Part, TraceId};

/// What a fix leaves of a kind of time, at least and at most.
pub type Left = [f64; 2];

/// Interpreted code that becomes compiled: 8 to 60 times faster on `fixtures/diagnose`, 4 times where it is all division.
pub const COMPILED_INSTEAD: Left = [0.0, 0.25];
/// Compiled code that need no longer tell types, targets or ways apart: what remains is the loop's own work.
pub const STRAIGHT_INSTEAD: Left = [0.0, 0.4];
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

    /// Takes in the cells that fit.
    pub fn claim(&mut self, model: &Model, fits: impl Fn(&Cell) -> bool) {
        self.cells.extend(model.samples.cells.iter().filter(|(cell, _)| fits(cell)).map(|(cell, ns)| (*cell, *ns)));
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

    pub fn locs(&self) -> impl Iterator<Item = LocId> {
        self.cells.keys().map(|cell| cell.loc)
    }

    pub fn cost_ns(&self) -> u64 {
        self.sampled_ns().saturating_add(self.jit.values().sum()).saturating_add(self.gc_ns)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GuardId;

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
        assert_eq!((stake.cost_ns(), stake.saving_ns()), (525, [300 + 60 + 20, 525]));
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
}
