//! What the body of a peeled loop relies on at LOOP, for traces that come to the loop's header from elsewhere.
//!
//! An instruction of the recorded iteration that the body does not do again was done before LOOP with the values that
//! the state at the header gives it. Whoever does the same instructions with the values of another state at the header
//! has what the body needs, and may go on at LOOP instead of at the start of the trace.

use super::{Body, Const, Ins, Op, Ref, SnapSlot};

/// The way into the body of one loop.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Label {
    /// The iteration that the loop was made of, and its constants.
    pub iteration: Vec<Ins>,
    pub constants: Vec<Const>,
    /// By instruction of the iteration: what its result is in the next one, at LOOP or after it.
    pub becomes: Vec<Ref>,
    /// By instruction of the iteration: the body does not do it again.
    pub shared: Vec<bool>,
    /// Slots that exits from the body write, with their values at LOOP. All others are as the VM stack has them.
    pub slots: Vec<SnapSlot>,
    /// Values at LOOP that are not negative, which the body relies on.
    pub natural: Vec<Ref>,
    /// The values from before LOOP that the body uses.
    pub values: Vec<Ref>,
    /// Those of them that no iteration changes: side traces of the body find them where the loop has them.
    pub invariants: Vec<Ref>,
}

impl Label {
    /// Memory beside itself.
    pub fn bytes(&self) -> usize {
        use crate::sizes::list as of;
        of(&self.iteration)
            + of(&self.constants)
            + Const::texts(&self.constants)
            + of(&self.becomes)
            + of(&self.shared)
            + of(&self.slots)
            + of(&self.natural)
            + of(&self.values)
            + of(&self.invariants)
    }

    /// Type of a reference of the iteration.
    pub fn ins(&self, r: Ref) -> Option<Ins> {
        (!r.is_constant() && !r.is_none()).then(|| self.iteration[r.index()])
    }

    /// Fills in which values the finished body uses; false if there are some that nothing at the header leads to.
    pub fn finish(&mut self, body: &Body) -> bool {
        let Some(start) = body.loop_index() else { return false };
        let after = || body.ins[start..].iter().filter(|ins| ins.op != Op::Nop);
        let snapshots = body.snapshots.iter().filter(|snapshot| snapshot.at as usize > start);
        let objects = snapshots.clone().flat_map(|snapshot| snapshot.objects.iter().map(|object| object.object));
        let mut used: Vec<Ref> = after().flat_map(|ins| ins.operands()).collect();
        used.extend(snapshots.flat_map(super::Snapshot::values).chain(objects));
        used.retain(|r| !r.is_constant() && !r.is_none() && r.index() < start);
        used.sort_unstable();
        used.dedup();
        self.values = used;
        // An argument of a call is no value.
        self.values.retain(|r| body.ins[r.index()].op != Op::CArg);
        let leads_to = |value: &Ref| {
            let by_slot = self.slots.iter().any(|entry| entry.value == *value);
            by_slot || self.becomes.iter().zip(&self.shared).any(|(becomes, shared)| *shared && becomes == value)
        };
        let computes = |r: &Ref| after().any(|ins| ins.op != Op::Phi && ins.operands().any(|operand| operand == *r));
        self.natural.retain(|r| self.values.binary_search(r).is_ok() && computes(r));
        let is_carried = |r: &Ref| after().any(|ins| ins.op == Op::Phi && ins.a == *r);
        self.invariants = self.values.iter().copied().filter(|r| !is_carried(r)).collect();
        let is_sunk = self.values.iter().any(|r| body.ins[r.index()].is_sunk());
        !self.values.is_empty() && !is_sunk && self.values.iter().all(leads_to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_memory_is_that_of_its_lists_and_texts() {
        assert_eq!(Label::default().bytes(), 0);
        let shared = Label { shared: vec![true; 100], ..Label::default() };
        assert_eq!(shared.bytes(), 112, "a piece of the allocator");
        let raw = |text: &str| Label { constants: vec![Const::Raw(1, text.into())], ..Label::default() };
        assert_eq!(raw(&"x".repeat(1000)).bytes() - raw("x").bytes(), 1008 - 32);
        assert_eq!(raw("x").bytes() - raw("").bytes(), 32);
    }
}
