//! The pass `sink`: does without the objects that only exits need.
//!
//! A NEW stays unexecuted if nothing uses it but stores into it, snapshots, the PHI that carries it to another such NEW,
//! and stores of it into another such object. Its stores go away, and each snapshot that refers to it lists its words as
//! they are there. An object that is carried round the loop becomes its words: where the object at LOOP and the one at
//! the end of the iteration differ in a word, a PHI carries that word. What is stored at CLOSE has to be an object.

use std::collections::BTreeMap;

use super::dce;
use super::fold::unboxed;
use super::peel::mark_flags;
use super::{PassAbort, Unit};
use crate::ir::{Body, Ins, NewObject, Op, Ref, SnapObject, Snapshot, flags};
use crate::trace::decision::{AllocationDecision, Decision, PassDecision};

/// An object at some point of the trace.
#[derive(Clone, Debug)]
struct State {
    shape: u32,
    /// NONE: not filled yet.
    words: Vec<Ref>,
}

/// By NEW.
type States = BTreeMap<Ref, State>;

/// Instructions of a trace.
#[derive(Clone)]
struct Marks {
    marked: Vec<bool>,
    count: usize,
}

impl Marks {
    /// None yet of so many.
    fn new(length: usize) -> Marks {
        Marks { marked: vec![false; length], count: 0 }
    }

    fn contains(&self, r: Ref) -> bool {
        self.marked.get(usize::from(r.0)) == Some(&true)
    }

    /// Neither constants nor what is absent are instructions.
    fn add(&mut self, r: Ref) {
        if let Some(mark) = self.marked.get_mut(usize::from(r.0)) {
            self.count += usize::from(!*mark);
            *mark = true;
        }
    }

    fn remove(&mut self, r: Ref) {
        if let Some(mark) = self.marked.get_mut(usize::from(r.0)) {
            self.count -= usize::from(*mark);
            *mark = false;
        }
    }
}

/// Objects that cross LOOP.
#[derive(Default)]
struct Carried {
    /// What they are at LOOP.
    states: States,
    /// PHIs to add for their words.
    phis: Vec<(Ref, Ref)>,
}

pub(super) fn sink(unit: &mut Unit<'_>) -> Result<bool, PassAbort> {
    if !unit.body.ins.iter().any(|ins| ins.op == Op::New) {
        return Ok(false);
    }
    let needed = dce::needed(unit);
    let mut sink = Sink::new(&unit.body, needed);
    sink.close_keeps(unit.closing.as_ref());
    let result = loop {
        sink.settle();
        if sink.candidates.count == 0 {
            break None;
        }
        let carried = sink.carried().map_err(|new| (new, AllocationDecision::Differs));
        let listed = |carried| match sink.snapshots(&carried) {
            Ok(snapshots) => Ok((carried, snapshots)),
            Err(new) => Err((new, AllocationDecision::HalfMade)),
        };
        match carried.and_then(listed) {
            Ok(result) => break Some(result),
            Err((new, reason)) => sink.keep(new, reason, None),
        }
    };
    unit.decisions = sink.decisions(result.as_ref().map_or(&[], |(_, snapshots)| snapshots));
    let Sink { candidates, needed, .. } = sink;
    let Some((carried, snapshots)) = result else { return Ok(false) };
    unit.sunk += candidates.count;
    for (index, objects) in snapshots {
        unit.body.snapshots[index].objects = objects;
    }
    remove(&mut unit.body, &candidates, &needed);
    let origin = unit.body.origins[unit.body.loop_index().unwrap_or(0)];
    for (first, next) in carried.phis {
        unit.body.ins.push(Ins::new(Op::Phi, unit.body.ty(first), first, next, 0));
        unit.body.origins.push(origin);
    }
    mark_flags(&mut unit.body);
    Ok(true)
}

struct Sink<'a> {
    body: &'a Body,
    /// By instruction.
    needed: Vec<bool>,
    /// NEWs that may still turn out not to be executed.
    candidates: Marks,
    /// Index of LOOP, or the number of instructions.
    loop_at: usize,
    /// PHIs, by the value at LOOP.
    phis: BTreeMap<Ref, Ref>,
    /// Values that needed PHIs carry.
    carried: Marks,
    /// Values from before LOOP that something after it uses.
    used_in_loop: Marks,
    /// Why which objects are made.
    kept: Vec<PassDecision>,
}

impl<'a> Sink<'a> {
    fn new(body: &'a Body, needed: Vec<bool>) -> Sink<'a> {
        let count = body.ins.len();
        let loop_at = body.loop_index().unwrap_or(count);
        let (mut candidates, mut carried, mut used_in_loop) =
            (Marks::new(count), Marks::new(count), Marks::new(loop_at));
        let mut phis = BTreeMap::new();
        for (at, ins) in body.ins.iter().enumerate() {
            match ins.op {
                Op::New if needed[at] && !ins.is_sunk() => candidates.add(Ref(at as u16)),
                Op::Phi => {
                    phis.insert(ins.a, ins.b);
                    if needed[at] {
                        carried.add(ins.a);
                        used_in_loop.add(ins.b);
                    }
                }
                _ if needed[at] && at > loop_at => ins.operands().for_each(|r| used_in_loop.add(r)),
                _ => {}
            }
        }
        let snapshots = body.snapshots.iter().filter(|snapshot| snapshot.at as usize > loop_at);
        snapshots.flat_map(Snapshot::values).for_each(|r| used_in_loop.add(r));
        Sink { body, candidates, loop_at, phis, carried, used_in_loop, needed, kept: Vec::new() }
    }

    fn is_candidate(&self, r: Ref) -> bool {
        self.candidates.contains(r)
    }

    /// The object has to be made where the trace makes it.
    fn keep(&mut self, new: Ref, reason: AllocationDecision, because: Option<Ref>) {
        if self.candidates.contains(new) {
            self.kept.push(PassDecision { at: new, decision: Decision::Allocation(reason), because });
            self.candidates.remove(new);
        }
    }

    /// What became of each object of the trace, of which `lists` has those that exits make.
    fn decisions(&mut self, lists: &[(usize, Vec<SnapObject>)]) -> Vec<PassDecision> {
        let mut decisions = std::mem::take(&mut self.kept);
        let mut listed = Marks::new(self.body.ins.len());
        lists.iter().flat_map(|list| &list.1).for_each(|object| listed.add(object.object));
        for at in (0..self.body.ins.len() as u16).map(Ref).filter(|at| self.is_candidate(*at)) {
            let reason = if listed.contains(at) { AllocationDecision::Sunk } else { AllocationDecision::Unused };
            decisions.push(PassDecision { at, decision: Decision::Allocation(reason), because: None });
        }
        decisions.sort_by_key(|decision| decision.at);
        decisions
    }

    /// CLOSE writes to the stack, and what it writes has to be there.
    fn close_keeps(&mut self, closing: Option<&Snapshot>) {
        let close = self.body.ins.iter().position(|ins| ins.op == Op::Close);
        let at_close = close.and_then(|at| self.body.snapshot_of(at)).map(|index| &self.body.snapshots[index]);
        let close = close.map(|at| Ref(at as u16));
        for entry in at_close.into_iter().chain(closing).flat_map(|snapshot| &snapshot.slots) {
            self.keep(entry.value, AllocationDecision::EndOfTrace, close);
        }
    }

    fn layout(&self, new: Ref) -> Option<NewObject> {
        let layout = self.body.new_object(*self.body.ins.get(new.index())?)?;
        Some(NewObject { shape: 0, ..layout })
    }

    /// Takes away the candidates that something needs as an object, until nothing changes.
    fn settle(&mut self) {
        loop {
            let before = self.candidates.count;
            for at in 0..self.body.ins.len() {
                if self.needed[at] {
                    self.settle_uses(Ref(at as u16), self.body.ins[at]);
                }
            }
            if self.candidates.count == before {
                return;
            }
        }
    }

    fn settle_uses(&mut self, at: Ref, ins: Ins) {
        match ins.op {
            Op::ShapeStore => {}
            Op::FieldStore | Op::FloatStore => {
                let is_word = |new: NewObject| ins.c.is_multiple_of(8) && (8..new.bytes).contains(&ins.c);
                if self.is_candidate(ins.a) && !self.layout(ins.a).is_some_and(is_word) {
                    self.keep(ins.a, AllocationDecision::Operand, Some(at));
                }
                if !self.is_candidate(ins.a) {
                    self.keep(ins.b, AllocationDecision::Attribute, Some(at));
                }
            }
            Op::Phi => {
                let both = self.is_candidate(ins.a) && self.is_candidate(ins.b);
                if !both || self.layout(ins.a) != self.layout(ins.b) {
                    self.keep(ins.a, AllocationDecision::NextTurn, Some(at));
                    self.keep(ins.b, AllocationDecision::NextTurn, Some(at));
                }
            }
            op => ins.operands().for_each(|r| self.keep(r, escape(op), Some(at))),
        }
    }

    /// What an instruction makes of the objects.
    fn apply(&self, states: &mut States, at: usize) {
        let ins = self.body.ins[at];
        match ins.op {
            Op::New if self.is_candidate(Ref(at as u16)) => {
                let words = self.body.new_object(ins).map_or(0, NewObject::words);
                states.insert(Ref(at as u16), State { shape: ins.c, words: vec![Ref::NONE; words] });
            }
            Op::FieldStore | Op::FloatStore => {
                if let Some(state) = states.get_mut(&ins.a) {
                    state.words[ins.c as usize / 8 - 1] = ins.b;
                }
            }
            Op::ShapeStore => {
                if let Some(state) = states.get_mut(&ins.a) {
                    state.shape = ins.c;
                }
            }
            _ => {}
        }
    }

    /// How objects cross LOOP; or one that cannot.
    fn carried(&self) -> Result<Carried, Ref> {
        let mut carried = Carried::default();
        let (mut at_loop, mut states) = (States::new(), States::new());
        for at in 0..self.body.ins.len() {
            if at == self.loop_at {
                at_loop = states.clone();
            }
            self.apply(&mut states, at);
        }
        let at_end = states;
        let crosses = |new: Ref| self.carried.contains(new) || self.used_in_loop.contains(new);
        let mut work: Vec<(Ref, Ref)> =
            at_loop.keys().filter(|new| crosses(**new)).map(|&new| (new, self.next(new))).collect();
        work.sort_unstable();
        let mut reached: BTreeMap<Ref, Ref> = BTreeMap::new();
        while let Some((first, next)) = work.pop() {
            if let Some(known) = reached.get(&first) {
                if *known == next {
                    continue;
                }
                return Err(first);
            }
            // Two objects that become one are one object from then on, which two lists of words cannot say.
            let merges = reached.values().any(|other| *other == next);
            if merges || next != self.next(first) && crosses(first) {
                return Err(first);
            }
            reached.insert(first, next);
            let (Some(from), Some(to)) = (at_loop.get(&first), at_end.get(&next)) else { return Err(first) };
            if from.shape != to.shape || self.layout(first) != self.layout(next) {
                return Err(first);
            }
            let mut words = Vec::with_capacity(from.words.len());
            for (&one, &other) in from.words.iter().zip(&to.words) {
                if self.is_candidate(one) && self.is_candidate(other) {
                    work.push((one, other));
                    words.push(one);
                    continue;
                }
                words.push(self.carry(&mut carried.phis, one, other).ok_or(first)?);
            }
            carried.states.insert(first, State { shape: from.shape, words });
        }
        Ok(carried)
    }

    /// What a value from before LOOP is in the next iteration.
    fn next(&self, r: Ref) -> Ref {
        self.phis.get(&r).copied().unwrap_or(r)
    }

    /// Lets a word at LOOP stand for the other at the end of the iteration; what stands for it, without its box if it is
    /// a float.
    fn carry(&self, phis: &mut Vec<(Ref, Ref)>, one: Ref, other: Ref) -> Option<Ref> {
        if one.is_none() || other.is_none() || self.is_candidate(one) || self.is_candidate(other) {
            return None;
        }
        let (float, next) = (unboxed(self.body, one), unboxed(self.body, other));
        if float != one && next != other && self.carry_value(phis, float, next) {
            return Some(float);
        }
        self.carry_value(phis, one, other).then_some(one)
    }

    fn carry_value(&self, phis: &mut Vec<(Ref, Ref)>, one: Ref, other: Ref) -> bool {
        if one.is_constant() {
            return one == other;
        }
        let known = self.phis.get(&one).copied().or_else(|| phis.iter().find(|phi| phi.0 == one).map(|phi| phi.1));
        if let Some(known) = known {
            return known == other;
        }
        if one == other {
            return true;
        }
        let (ty, next) = (self.body.ty(one), self.body.ty(other));
        let agrees = ty == next || (ty == crate::ir::Ty::Val && next.is_tagged());
        // Without a PHI, what the loop uses is the same in each iteration.
        if !agrees || self.used_in_loop.contains(one) {
            return false;
        }
        phis.push((one, other));
        true
    }

    /// The sunk objects that snapshots refer to, by index of those that do; or an object that cannot be listed.
    fn snapshots(&self, carried: &Carried) -> Result<Vec<(usize, Vec<SnapObject>)>, Ref> {
        let mut lists = Vec::new();
        let mut states = States::new();
        let mut at = 0;
        for (index, snapshot) in self.body.snapshots.iter().enumerate() {
            while at < (snapshot.at as usize).min(self.body.ins.len()) {
                self.apply(&mut states, at);
                if at == self.loop_at {
                    states.clone_from(&carried.states);
                }
                at += 1;
            }
            let values = snapshot.slots.iter().rev().map(|entry| entry.value);
            let mut found: Vec<Ref> = values.filter(|r| self.is_candidate(*r)).collect();
            if found.is_empty() {
                continue;
            }
            let mut objects = snapshot.objects.clone();
            while let Some(new) = found.pop() {
                if objects.iter().any(|object| object.object == new) {
                    continue;
                }
                let state = states.get(&new).filter(|state| !state.words.contains(&Ref::NONE)).ok_or(new)?;
                let words: Vec<Ref> = state.words.iter().map(|word| self.listed(snapshot, *word)).collect();
                found.extend(words.iter().rev().filter(|word| self.is_candidate(**word)));
                objects.push(SnapObject { object: new, shape: state.shape, words });
            }
            lists.push((index, objects));
        }
        Ok(lists)
    }

    /// A word in a snapshot: exits make the boxes of floats. What a box from before LOOP was made of may not be what it
    /// holds in the loop, where it is carried by itself.
    fn listed(&self, snapshot: &Snapshot, word: Ref) -> Ref {
        let in_loop = snapshot.at as usize > self.loop_at;
        let crosses = in_loop && !word.is_constant() && word.index() < self.loop_at;
        if crosses { word } else { unboxed(self.body, word) }
    }
}

/// What becomes of an object that an instruction takes.
const fn escape(op: Op) -> AllocationDecision {
    match op {
        Op::CArg | Op::CallH | Op::CallF => AllocationDecision::Passed,
        Op::ElemStore => AllocationDecision::Element,
        Op::CellStore => AllocationDecision::Variable,
        Op::Ret => AllocationDecision::Returned,
        _ => AllocationDecision::Operand,
    }
}

/// Takes out what is not executed any more.
fn remove(body: &mut Body, sunk: &Marks, needed: &[bool]) {
    let mut listed = Marks::new(body.ins.len());
    let objects = body.snapshots.iter().flat_map(|snapshot| &snapshot.objects);
    objects.for_each(|object| listed.add(object.object));
    let mut gone = sunk.clone();
    for (at, ins) in body.ins.iter_mut().enumerate() {
        let here = Ref(at as u16);
        if sunk.contains(here) && listed.contains(here) {
            ins.flags |= flags::SUNK;
        } else if sunk.contains(here) || ins.operands().any(|r| gone.contains(r)) {
            // Whatever else uses a sunk object is one of its stores, its PHI, or not needed.
            let is_part = matches!(ins.op, Op::New | Op::FieldStore | Op::FloatStore | Op::ShapeStore | Op::Phi);
            debug_assert!(!needed[at] || is_part);
            *ins = Ins::NOP;
            gone.add(here);
        }
    }
}
