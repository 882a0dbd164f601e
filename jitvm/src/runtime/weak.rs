//! Weak references: a table beside the heap, from which each collection drops what it did not mark.

use std::collections::BTreeMap;

use super::heap::Heap;
use super::value::Value;

/// An asynchronous generator that has taken its first step.
#[derive(Clone, Copy, Debug)]
struct Begun {
    /// The event loop that ends it.
    owner: Value,
    generator: Value,
}

/// Who refers weakly to what. Addresses stay valid because objects do not move. Ordered, so that what happens to the
/// references of one collection happens in the same order each time.
#[derive(Default)]
pub struct WeakTable {
    /// Address of each reference object: that of its target.
    targets: BTreeMap<usize, usize>,
    /// The other direction: reference objects in the order they were made.
    references: BTreeMap<usize, Vec<usize>>,
    /// Living reference objects whose targets have died, until the program asks for them: roots.
    pub died: Vec<Value>,
    /// How many references have died so far.
    pub deaths: u64,
    /// Asynchronous generators that event loops have been told of, in the order in which they began.
    begun: Vec<Begun>,
}

impl WeakTable {
    /// `reference` refers to `target` from now on; both are objects of the heap.
    pub fn link(&mut self, reference: Value, target: Value) {
        self.targets.insert(reference.address(), target.address());
        self.references.entry(target.address()).or_default().push(reference.address());
    }

    /// The target of a reference, while it lives.
    pub fn target(&self, reference: Value) -> Option<Value> {
        self.targets.get(&reference.address()).map(|&address| Value::from_address(address))
    }

    /// The reference objects of a target.
    pub fn references(&self, target: Value) -> Vec<Value> {
        let known = self.references.get(&target.address());
        known.into_iter().flatten().map(|&address| Value::from_address(address)).collect()
    }

    /// An asynchronous generator begins on behalf of an event loop, neither of which is kept alive by that.
    #[inline]
    pub fn begins(&mut self, owner: Value, generator: Value) {
        self.begun.push(Begun { owner, generator });
    }

    /// How many generators have begun on behalf of an event loop and were not swept yet.
    pub fn count_begun(&self, owner: Value) -> usize {
        self.begun.iter().filter(|begun| begun.owner == owner).count()
    }

    /// The generators that have begun on behalf of an event loop and were not swept yet; they are forgotten.
    pub fn take_begun(&mut self, owner: Value) -> Vec<Value> {
        let own = self.begun.iter().filter(|begun| begun.owner == owner).map(|begun| begun.generator).collect();
        self.begun.retain(|begun| begun.owner != owner);
        own
    }

    /// References whose targets have died since the last call.
    pub fn take_died(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.died)
    }
}

impl Heap {
    /// Between marking and sweeping: forgets dead references and dead targets.
    pub(super) fn sweep_weak(&mut self) {
        let mut begun = std::mem::take(&mut self.weak.begun);
        begun.retain(|begun| self.is_live(begun.owner.address()) && self.is_live(begun.generator.address()));
        self.weak.begun = begun;
        if self.weak.targets.is_empty() {
            return;
        }
        let mut weak = std::mem::take(&mut self.weak);
        let is_live = |address: usize| self.is_live(address);
        for (_, references) in weak.references.iter().filter(|&(&target, _)| !is_live(target)) {
            // The newest callback is called first.
            for &reference in references.iter().rev().filter(|&&reference| is_live(reference)) {
                weak.died.push(Value::from_address(reference));
                weak.deaths += 1;
            }
        }
        weak.targets.retain(|&reference, &mut target| is_live(reference) && is_live(target));
        weak.references.retain(|&target, references| {
            references.retain(|&reference| is_live(reference));
            !references.is_empty() && is_live(target)
        });
        self.weak = weak;
    }
}
