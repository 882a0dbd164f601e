//! Replays an allocation on symbolic registers (debug builds): every read finds the value it is meant to.

use std::collections::HashMap;

use super::analysis::{self, Analysis, NONE};
use super::constraints;
use super::parallel_move::Move;
use super::regalloc::Allocation;
use super::registers::{Register, RegisterSet};
use super::{Exit, Inherited, Location, Target};
use crate::ir::{Body, Field, Op, Ref, Ty};

/// What a place holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Held {
    Value(u16),
    Constant(Ref),
    /// The VM pointer.
    Vm,
}

struct Replay<'a> {
    body: &'a Body,
    analysis: &'a Analysis,
    holds: HashMap<Place, Held>,
    /// Places not written since LOOP, with what they held there.
    since_loop: HashMap<Place, Held>,
    relied: HashMap<Place, Held>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Place {
    Register(u8),
    Slot(u16),
}

/// Panics, naming the instruction, if the allocation is wrong.
pub(super) fn verify(body: &Body, analysis: &Analysis, inherited: Option<&Inherited<'_>>, allocation: &Allocation) {
    let empty = HashMap::new;
    let mut replay = Replay { body, analysis, holds: empty(), since_loop: HashMap::new(), relied: HashMap::new() };
    if let Some(parent) = inherited {
        for (at, ins) in body.ins.iter().enumerate().filter(|(_, ins)| ins.op == Op::Parent) {
            replay.write(parent.locations[ins.c as usize], Held::Value(at as u16));
        }
    }
    for &(at, register) in &allocation.arrivals {
        replay.write(register.location(), Held::Value(at));
    }
    let mut moves = allocation.moves.iter().peekable();
    let mut exits = allocation.exits.iter();
    for at in 0..body.ins.len() {
        while let Some((_, m)) = moves.next_if(|(before, _)| *before as usize == at) {
            replay.step(at, *m);
        }
        replay.instruction(at, allocation, &mut exits, inherited.and_then(|inherited| inherited.link));
    }
    assert!(moves.next().is_none() && exits.next().is_none(), "moves or exits of no instruction");
    replay.back_jump(allocation);
}

impl Replay<'_> {
    fn read(&mut self, at: usize, location: Location) -> Held {
        let place = match location {
            Location::Constant(constant) => return Held::Constant(constant),
            Location::Spill(slot) => Place::Slot(slot),
            Location::Sunk(_) => panic!("{at}: a sunk object is read"),
            Location::General(_) | Location::Vector(_) => {
                let register = Register::of(location).expect("a register");
                if register == Register::VM {
                    return Held::Vm;
                }
                Place::Register(register.0)
            }
        };
        if let Some(held) = self.since_loop.get(&place) {
            self.relied.insert(place, *held);
        }
        *self.holds.get(&place).unwrap_or_else(|| panic!("{at}: {location:?} is read before it is written"))
    }
    fn write(&mut self, location: Location, held: Held) {
        let place = match location {
            Location::Spill(slot) => Place::Slot(slot),
            _ => Place::Register(Register::of(location).expect("constants are not written").0),
        };
        self.since_loop.remove(&place);
        self.holds.insert(place, held);
    }
    fn lose(&mut self, registers: RegisterSet) {
        for register in registers.iter() {
            self.since_loop.remove(&Place::Register(register.0));
            self.holds.remove(&Place::Register(register.0));
        }
    }
    fn step(&mut self, at: usize, m: Move) {
        let held = self.read(at, m.from);
        self.write(m.to, held);
        // The assembler's scratch registers carry nothing but what a sequence of moves puts there itself.
    }
    fn expected(&self, operand: Ref) -> Held {
        match self.analysis.value(operand) {
            NONE => Held::Constant(operand),
            value => Held::Value(value),
        }
    }
    fn check(&mut self, at: usize, location: Location, operand: Ref) {
        let expected = self.expected(operand);
        let held = self.read(at, location);
        assert_eq!(held, expected, "{at}: {:?} reads {location:?}", self.body.ins[at]);
    }

    fn instruction<'e>(
        &mut self,
        at: usize,
        allocation: &Allocation,
        exits: &mut impl Iterator<Item = &'e Exit>,
        target: Option<Target<'_>>,
    ) {
        let ins = self.body.ins[at];
        let registers = allocation.registers[at];
        match ins.op {
            Op::Nop | Op::CArg | Op::Phi => return,
            Op::New if ins.is_sunk() => return,
            Op::Sload if allocation.arrived[at] => {
                self.check(at, registers[3].location(), Ref(at as u16));
                if allocation.stored[at] {
                    self.write(Location::Spill(ins.spill), Held::Value(at as u16));
                }
                return;
            }
            Op::Parent => {
                if allocation.stored[at] {
                    self.write(Location::Spill(ins.spill), Held::Value(at as u16));
                }
                return;
            }
            Op::Loop => {
                // Only what the back jump maintains may be relied on from here.
                self.holds.retain(|_, held| matches!(held, Held::Value(v) if self.analysis.loop_live[*v as usize]));
                self.since_loop = self.holds.clone();
                return;
            }
            Op::Close => {
                let (locations, _) = allocation.close.as_ref().expect("noted for CLOSE");
                let slots = &self.body.snapshots.last().expect("CLOSE has a snapshot").slots;
                for (&location, slot) in locations.iter().zip(slots) {
                    self.check(at, location, slot.value);
                }
                self.hand_on(at, allocation, target);
                return;
            }
            Op::CallF => {
                let (_, locations) = allocation.calls.iter().find(|call| call.0 as usize == at).expect("noted");
                let arguments: Vec<Ref> = analysis::arguments(self.body, at).collect();
                assert_eq!(arguments.len(), locations.len());
                for (&argument, &location) in arguments.iter().rev().zip(locations) {
                    self.check(at, location, argument);
                }
                self.lose(RegisterSet::GENERAL.or(RegisterSet::VECTOR));
            }
            Op::CallH => {
                let count = analysis::arguments(self.body, at).count();
                for (i, argument) in analysis::arguments(self.body, at).enumerate() {
                    self.check(at, Register::ARGUMENTS[count - 1 - i].location(), argument);
                }
                assert_eq!(self.read(at, Register::RDI.location()), Held::Vm);
                self.lose(RegisterSet::GENERAL.or(RegisterSet::VECTOR));
            }
            _ => {
                for ((operand, field), register) in
                    [ins.a, ins.b, ins.c_ref()].into_iter().zip(ins.op.fields()).zip(registers)
                {
                    if field == Field::Ref && self.analysis.value(operand) != NONE {
                        self.check(at, register.location(), operand);
                    }
                }
            }
        }
        let clobbers = constraints::clobbers(self.body, ins);
        if ins.op.is_guard() {
            let exit = exits.next().expect("a guard has an exit");
            assert_eq!(exit.guard as usize, at);
            let snapshot = &self.body.snapshots[exit.snapshot as usize];
            let kept = self.body.kept_at(at);
            assert_eq!(snapshot.values().count() + kept.len(), exit.locations.len());
            let observed = exit.observed.zip(ins.observed());
            let values = snapshot.values().chain(kept.iter().map(|kept| kept.here));
            let restored = exit.locations.iter().copied().zip(values);
            for (location, value) in restored.chain(observed) {
                if self.body.is_sunk(value) {
                    assert_eq!(Some(location), snapshot.object(value).map(|n| Location::Sunk(n as u16)), "{at}");
                    continue;
                }
                self.check(at, location, value);
                let Some(register) = Register::of(location) else { continue };
                assert!(!clobbers.contains(register), "{at}: the exit reads {register:?}, which is used up");
                let keeps = constraints::undoes(ins.op) || constraints::passes_on(ins.op);
                let intact = register != registers[3] || (keeps && register == registers[0]);
                assert!(intact, "{at}: the result overwrites {register:?}, which the exit reads");
            }
        }
        self.lose(clobbers);
        if let Some((_, live)) = allocation.live.iter().find(|(boxing, _)| *boxing as usize == at) {
            self.lose(RegisterSet::GENERAL.or(RegisterSet::VECTOR).without(*live));
        }
        let root = self.analysis.root[at];
        if ins.ty != Ty::Nil && root as usize == at && !self.analysis.fused[at] {
            assert!(RegisterSet::of(ins.ty).contains(registers[3]), "{at}: result in {:?}", registers[3]);
            self.write(registers[3].location(), Held::Value(root));
            if allocation.stored[at] {
                self.write(Location::Spill(ins.spill), Held::Value(root));
            }
        }
    }

    /// The loop that CLOSE goes to finds its values where it has them.
    fn hand_on(&mut self, at: usize, allocation: &Allocation, target: Option<Target<'_>>) {
        let close = self.body.ins[at];
        let Some(target) = target.filter(|_| !close.a.is_none()) else { return };
        for m in &allocation.back {
            self.step(at, *m);
        }
        let arguments = self.body.arguments(close.a);
        assert_eq!(arguments.len(), target.values.len(), "{at}: values for LOOP");
        for (value, location) in &target.artifact.label {
            let number = target.values.iter().position(|(_, lies_as)| lies_as == value).expect("the label has it");
            self.check(at, *location, arguments[number]);
        }
    }

    fn back_jump(&mut self, allocation: &Allocation) {
        if self.analysis.loop_at == self.analysis.end {
            return;
        }
        for m in &allocation.back {
            self.step(self.analysis.end, *m);
        }
        let next: HashMap<u16, Held> =
            self.analysis.phis.iter().map(|&(left, right)| (left, self.expected(right))).collect();
        for (place, held) in self.relied.clone() {
            let expected = match held {
                Held::Value(value) => next.get(&value).copied().unwrap_or(held),
                other => other,
            };
            assert_eq!(self.holds.get(&place), Some(&expected), "{place:?} at the back jump");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Options, analysis, regalloc};
    use super::*;
    use crate::ir::{Const, Ins, Resume, SnapSlot, Snapshot};

    /// Two carried values that swap, one sum of them, all shown by the poll guard.
    fn swapping() -> Body {
        let mut body = Body::default();
        let five = body.constant(Const::Int(5));
        let mut push = |op: Op, a: Ref, b: Ref, c: u32| {
            body.ins.push(Ins::new(op, op.result(), a, b, c));
            Ref((body.ins.len() - 1) as u16)
        };
        let x = push(Op::Sload, Ref::NONE, Ref::NONE, 0);
        let y = push(Op::Sload, Ref::NONE, Ref::NONE, 1);
        push(Op::Loop, Ref::NONE, Ref::NONE, 0);
        push(Op::G_Poll, Ref::NONE, Ref::NONE, 0);
        let next = push(Op::Add, x, five, 0);
        push(Op::Phi, x, y, 0);
        push(Op::Phi, y, next, 0);
        let slots = [x, y].map(|value| SnapSlot { slot: value.0, value }).into();
        let objects = Vec::new();
        body.snapshots.push(Snapshot { at: 3, resume: Resume::Execute, frames: Vec::new(), slots, objects });
        body
    }

    fn finds(damage: impl Fn(&mut Allocation)) -> bool {
        let mut body = swapping();
        let analysis = analysis::analyse(&body).expect("well-formed");
        let mut allocation = regalloc::allocate(&mut body, &analysis, None, &Options::default()).expect("few values");
        verify(&body, &analysis, None, &allocation);
        damage(&mut allocation);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| verify(&body, &analysis, None, &allocation))).is_err()
    }

    #[test]
    fn codegen_verifier_finds_wrong_registers_exits_and_moves() {
        assert!(!finds(|_| {}));
        assert!(finds(|allocation| allocation.registers[4][0] = allocation.registers[1][3]));
        assert!(finds(|allocation| allocation.registers[1][3] = allocation.registers[0][3]));
        assert!(finds(|allocation| allocation.exits[0].locations.swap(0, 1)));
        assert!(finds(|allocation| allocation.back.truncate(1)));
        assert!(finds(|allocation| allocation.back.reverse()));
    }
}
