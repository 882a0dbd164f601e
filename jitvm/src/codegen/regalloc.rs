//! Linear scan over a trace: gives every value registers, spills those needed furthest away, joins the loop's ends.
//!
//! A spilled value is stored once, where it is computed; on the back jump the values carried round the loop are moved
//! to where its start has them. Values that only exits need do not hold on to registers.

use super::analysis::{self, Analysis, Hint, NONE};
use super::constraints;
use super::parallel_move::{self, Move};
use super::registers::{Register, RegisterSet};
use super::slots;
use super::{CompileFailure, Exit, Inherited, Location, Options};
use crate::ir::{Body, Field, Op, Ref, Ty};

/// Registers left free at the loop's start when spilled values are fetched for it.
const RESERVE: u32 = 2;

/// What the assembler needs besides the instructions.
#[derive(Debug, Default)]
pub(super) struct Allocation {
    /// By instruction: registers of the operands a, b, c (NONE for constants) and of the result.
    pub registers: Vec<[Register; 4]>,
    /// Moves to make before an instruction, ascending; those of LOOP are made before the loop is entered.
    pub moves: Vec<(u16, Move)>,
    /// Moves of the back jump, or of CLOSE to the LOOP of another trace.
    pub back: Vec<Move>,
    /// The latter until slots are assigned, all at once: to slots of the loop's frame, which is the same.
    pub handed_on: Vec<Move>,
    /// Where the loop's values are at its start.
    pub label: Vec<(u16, Location)>,
    /// By guard.
    pub exits: Vec<Exit>,
    /// For each BOXF and NEW: what its out-of-line call must preserve.
    pub live: Vec<(u16, RegisterSet)>,
    /// By instruction: its result goes to its spill slot as well.
    pub stored: Vec<bool>,
    /// SLOADs of parameters, with the registers in which those arrive.
    pub arrivals: Vec<(u16, Register)>,
    /// By instruction: it has nothing to load, since its parameter is in a register still.
    pub arrived: Vec<bool>,
    /// For each CALLF: where its arguments are, first to last.
    pub calls: Vec<(u16, Vec<Location>)>,
    /// Where CLOSE finds what it writes, and all registers in use there.
    pub close: Option<(Vec<Location>, RegisterSet)>,
    pub spills: u16,
}

/// xorshift64*: choices of the test mode.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % u64::from(limit)) as u32
    }
    fn member(&mut self, set: RegisterSet) -> Register {
        let n = self.below(set.len()) as usize;
        set.iter().nth(n).expect("below its length")
    }
}

struct Scan<'a> {
    body: &'a Body,
    analysis: &'a Analysis,
    random: Option<Random>,
    /// By register: the value in it, or NONE.
    holder: [u16; 32],
    occupied: RegisterSet,
    /// By value: the register it is in.
    place: Vec<Register>,
    spilled: Vec<bool>,
    /// By value: how many of its uses are behind.
    cursor: Vec<u32>,
    /// Registers at the loop's start; which of them have held their value since, and which were relied on.
    start: [u16; 32],
    unmoved: RegisterSet,
    relied: RegisterSet,
    /// Where values carried round the loop live: other values go there last.
    homes: RegisterSet,
    snapshot: usize,
    /// The instruction it has come to.
    at: usize,
    out: Allocation,
}

pub(super) fn allocate(
    body: &mut Body,
    analysis: &Analysis,
    inherited: Option<&Inherited<'_>>,
    options: &Options,
) -> Result<Allocation, CompileFailure> {
    let count = body.ins.len();
    let mut scan = Scan {
        body,
        analysis,
        random: options.random_ra.map(|seed| Random(seed.wrapping_mul(2).wrapping_add(1))),
        holder: [NONE; 32],
        occupied: RegisterSet::EMPTY,
        place: vec![Register::NONE; count],
        spilled: vec![false; count],
        cursor: vec![0; count],
        start: [NONE; 32],
        unmoved: RegisterSet::EMPTY,
        relied: RegisterSet::EMPTY,
        homes: RegisterSet::EMPTY,
        snapshot: 0,
        at: 0,
        out: Allocation {
            registers: vec![[Register::NONE; 4]; count],
            arrived: vec![false; count],
            ..Allocation::default()
        },
    };
    for at in 0..count {
        if body.ins[at].op == Op::Parent {
            scan.inherit(at, inherited)?;
        }
    }
    scan.receive(options.parameters);
    for at in 0..count {
        scan.at = at;
        scan.release_dead(at);
        match body.ins[at].op {
            Op::Nop | Op::CArg | Op::Phi | Op::Parent => {}
            Op::Sload if !scan.place[at].is_none() => {
                scan.out.arrived[at] = true;
                scan.out.registers[at][3] = scan.place[at];
            }
            Op::New if body.ins[at].is_sunk() => {}
            Op::Loop => scan.enter_loop(at)?,
            Op::CallH => scan.call(at)?,
            Op::CallF => scan.call_function(at),
            Op::Close => scan.close(at, inherited)?,
            _ => scan.ordinary(at)?,
        }
    }
    scan.back_jump();
    let Scan { spilled, mut out, .. } = scan;
    out.stored = spilled;
    slots::assign(body, analysis, inherited, &mut out)?;
    Ok(out)
}

impl Scan<'_> {
    fn class(&self, value: u16) -> RegisterSet {
        RegisterSet::of(self.body.ins[value as usize].ty)
    }
    fn last(&self, value: u16) -> usize {
        self.analysis.last[value as usize] as usize
    }
    fn place(&self, value: u16) -> Register {
        self.place[value as usize]
    }

    fn claim(&mut self, register: Register, value: u16) {
        self.holder[register.index()] = value;
        self.place[value as usize] = register;
        self.occupied.add(register);
    }
    fn release(&mut self, register: Register) {
        self.place[self.holder[register.index()] as usize] = Register::NONE;
        self.holder[register.index()] = NONE;
        self.occupied.remove(register);
        self.unmoved.remove(register);
    }
    fn release_dead(&mut self, at: usize) {
        for register in self.occupied.iter() {
            if self.last(self.holder[register.index()]) < at {
                self.release(register);
            }
        }
    }
    /// Notes that code after LOOP reads what the register held there.
    fn touch(&mut self, register: Register) {
        if self.unmoved.contains(register) {
            self.relied.add(register);
        }
    }
    /// Where a value can be read now.
    fn locate(&mut self, value: u16) -> Location {
        let register = self.place(value);
        if register.is_none() {
            debug_assert!(self.spilled[value as usize], "value {value} is nowhere");
            // Named by the value until slots are assigned.
            return Location::Spill(value);
        }
        self.touch(register);
        register.location()
    }
    fn locate_operand(&mut self, operand: Ref) -> Location {
        match self.analysis.value(operand) {
            NONE => Location::Constant(operand),
            value => self.locate(value),
        }
    }

    /// First position after `at` that needs the value in a register.
    fn next_use(&mut self, value: u16, at: usize) -> usize {
        let uses = self.analysis.uses(value);
        let cursor = &mut self.cursor[value as usize];
        while uses.get(*cursor as usize).is_some_and(|&u| u as usize <= at) {
            *cursor += 1;
        }
        let v = value as usize;
        match uses.get(*cursor as usize) {
            Some(&u) => u as usize,
            None if self.analysis.loop_live[v]
                && !self.analysis.phi_left[v]
                && self.analysis.first_in_loop[v] != NONE =>
            {
                self.analysis.end + self.analysis.first_in_loop[v] as usize - self.analysis.loop_at
            }
            None => usize::MAX,
        }
    }

    /// A register of the class for the instruction at `at`, emptied if need be; none of `pinned`.
    fn pick(
        &mut self,
        class: RegisterSet,
        pinned: RegisterSet,
        wish: Register,
        avoid: RegisterSet,
        at: usize,
    ) -> Result<Register, CompileFailure> {
        let free = class.without(self.occupied).without(pinned);
        let held = class.and(self.occupied).without(pinned);
        if let Some(random) = &mut self.random {
            let evict = free.is_empty() || (!held.is_empty() && random.below(4) == 0);
            let register = if evict { held } else { free };
            if register.is_empty() {
                return Err(CompileFailure::Malformed("more operands than registers"));
            }
            let register = random.member(register);
            if evict {
                self.evict(register);
            }
            return Ok(register);
        }
        if free.contains(wish) {
            return Ok(wish);
        }
        let register = free.without(avoid).without(self.homes).first();
        if !register.is_none() {
            return Ok(register);
        }
        if !free.is_empty() {
            return Ok(if free.without(avoid).is_empty() { free.first() } else { free.without(avoid).first() });
        }
        let furthest = held.iter().max_by_key(|register| {
            let value = self.holder[register.index()];
            (self.next_use(value, at), self.spilled[value as usize])
        });
        let register = furthest.ok_or(CompileFailure::Malformed("more operands than registers"))?;
        self.evict(register);
        Ok(register)
    }
    fn evict(&mut self, register: Register) {
        let value = self.holder[register.index()] as usize;
        // A parameter that nothing has asked for yet is in its slot.
        let is_parameter = value > self.at && self.body.ins[value].op == Op::Sload;
        self.spilled[value] |= !is_parameter;
        self.release(register);
    }

    /// Register wished for a result; NONE if any will do.
    fn wish(&self, at: usize) -> Register {
        match self.analysis.hints[at] {
            Hint::No => Register::NONE,
            Hint::Register(register) => register,
            Hint::LoopStart(left) => self.home(left),
        }
    }
    /// Register a value has at the loop's start.
    fn home(&self, value: u16) -> Register {
        let found = self.start.iter().position(|&v| v == value);
        found.map_or(Register::NONE, |n| Register(n as u8))
    }

    /// Takes over a value of the parent where the parent's exit left it.
    fn inherit(&mut self, at: usize, inherited: Option<&Inherited<'_>>) -> Result<(), CompileFailure> {
        let slot = self.body.ins[at].c as usize;
        let location = inherited.and_then(|parent| parent.locations.get(slot));
        match location {
            Some(Location::Spill(_)) => self.spilled[at] = true,
            Some(&location @ (Location::General(_) | Location::Vector(_))) => {
                let register = Register::of(location).expect("a register");
                if self.occupied.contains(register) {
                    return Err(CompileFailure::Malformed("two PARENTs of one value"));
                }
                self.claim(register, at as u16);
                self.out.registers[at][3] = register;
            }
            _ => return Err(CompileFailure::Malformed("PARENT of nothing")),
        }
        Ok(())
    }

    /// A function's parameters are in registers when it is called, until those are needed for something else.
    fn receive(&mut self, parameters: u16) {
        for (at, ins) in self.body.ins.iter().enumerate().filter(|(_, ins)| ins.op == Op::Sload) {
            let register = Register::PARAMETERS.get(ins.c as usize).filter(|_| ins.c < parameters.into());
            if let Some(&register) = register.filter(|register| !self.occupied.contains(**register)) {
                self.claim(register, at as u16);
                self.out.arrivals.push((at as u16, register));
            }
        }
    }

    fn ordinary(&mut self, at: usize) -> Result<(), CompileFailure> {
        let ins = self.body.ins[at];
        let mut values = [NONE; 3];
        for (k, (operand, field)) in [ins.a, ins.b, ins.c_ref()].into_iter().zip(ins.op.fields()).enumerate() {
            if field == Field::Ref {
                values[k] = self.analysis.value(operand);
            }
        }
        let values_used = values.into_iter().filter(|&v| v != NONE);
        let mut pinned = RegisterSet::EMPTY;
        for value in values_used.clone() {
            if !self.place(value).is_none() {
                pinned.add(self.place(value));
            }
        }
        for value in values_used.clone() {
            if self.place(value).is_none() {
                let from = self.locate(value);
                let wish = self.home(value);
                let register = self.pick(self.class(value), pinned, wish, RegisterSet::EMPTY, at)?;
                self.claim(register, value);
                pinned.add(register);
                self.out.moves.push((at as u16, Move { to: register.location(), from }));
            }
        }
        let clobbers = constraints::clobbers(self.body, ins);
        self.vacate(clobbers, &values, &mut pinned, at)?;
        let mut registers = [Register::NONE; 4];
        for (k, &value) in values.iter().enumerate().filter(|&(_, &v)| v != NONE) {
            registers[k] = self.place(value);
            self.touch(registers[k]);
        }
        if ins.op.is_guard() {
            registers[3] = self.guard(at, &values, &registers, pinned.or(clobbers))?;
        } else if ins.ty != Ty::Nil && !self.analysis.fused[at] {
            registers[3] = self.result(at, &values, &registers)?;
        }
        self.out.registers[at] = registers;
        Ok(())
    }

    /// Moves what lives on out of registers that the instruction's code uses up.
    fn vacate(
        &mut self,
        clobbers: RegisterSet,
        values: &[u16; 3],
        pinned: &mut RegisterSet,
        at: usize,
    ) -> Result<(), CompileFailure> {
        let guard = self.body.ins[at].op.is_guard();
        for register in clobbers.and(self.occupied).iter() {
            let value = self.holder[register.index()];
            if !guard && self.last(value) <= at {
                continue;
            }
            let class = self.class(value).without(clobbers);
            let operand = values.contains(&value);
            let to = if operand {
                self.pick(class, *pinned, Register::NONE, RegisterSet::EMPTY, at)?
            } else {
                class.without(self.occupied).first()
            };
            if to.is_none() {
                self.evict(register);
                continue;
            }
            self.touch(register);
            self.release(register);
            self.claim(to, value);
            if operand {
                pinned.remove(register);
                pinned.add(to);
            }
            self.out.moves.push((at as u16, Move { to: to.location(), from: register.location() }));
        }
        Ok(())
    }

    /// Places the result of a guard, which is never where an exit still needs something, and notes the exit.
    fn guard(
        &mut self,
        at: usize,
        values: &[u16; 3],
        registers: &[Register; 4],
        pinned: RegisterSet,
    ) -> Result<Register, CompileFailure> {
        let ins = self.body.ins[at];
        let a = values[0];
        if ins.ty == Ty::Nil || self.analysis.root[at] as usize != at {
            self.note_exit(at)?;
            return Ok(if ins.ty == Ty::Nil { Register::NONE } else { registers[0] });
        }
        let replaces = constraints::undoes(ins.op) && registers[0] != registers[1] || constraints::passes_on(ins.op);
        if replaces && a != NONE && self.last(a) == at {
            self.note_exit(at)?;
            self.release(registers[0]);
            self.claim(registers[0], at as u16);
            return Ok(registers[0]);
        }
        let to = self.pick(RegisterSet::of(ins.ty), pinned, self.wish(at), RegisterSet::EMPTY, at)?;
        self.note_exit(at)?;
        self.claim(to, at as u16);
        Ok(to)
    }

    /// Places the result of an operation that does not exit; it may replace operands used for the last time.
    fn result(&mut self, at: usize, values: &[u16; 3], registers: &[Register; 4]) -> Result<Register, CompileFailure> {
        let ins = self.body.ins[at];
        let mut pinned = RegisterSet::EMPTY;
        for (k, &value) in values.iter().enumerate().filter(|&(_, &v)| v != NONE) {
            if self.last(value) > at {
                pinned.add(registers[k]);
            } else if self.place(value) == registers[k] {
                self.release(registers[k]);
            }
        }
        let class = RegisterSet::of(ins.ty);
        let free = class.without(self.occupied);
        let mut avoid = RegisterSet::EMPTY;
        if !registers[1].is_none() && registers[1] != registers[0] && !ins.op.is_commutative() {
            avoid.add(registers[1]);
        }
        let fixed = constraints::result(self.body, ins);
        let wishes =
            [fixed, self.wish(at), if constraints::two_operand(ins.op) { registers[0] } else { Register::NONE }];
        let wish = wishes.into_iter().find(|&r| free.contains(r)).unwrap_or(Register::NONE);
        let to = self.pick(class, pinned, wish, avoid, at)?;
        self.claim(to, at as u16);
        if matches!(ins.op, Op::BoxF | Op::New) {
            self.out.live.push((at as u16, self.occupied.without(to.set())));
        }
        Ok(to)
    }

    /// Where everything in the snapshot for `at` is, with room for as many more.
    fn snapshot(&mut self, at: usize, more: usize) -> Vec<Location> {
        let body = self.body;
        while body.snapshots.get(self.snapshot + 1).is_some_and(|s| s.at as usize <= at) {
            self.snapshot += 1;
        }
        let snapshot = &body.snapshots[self.snapshot];
        let words = snapshot.objects.iter().map(|object| object.words.len()).sum::<usize>();
        let mut locations = Vec::with_capacity(snapshot.slots.len() + words + more);
        for value in snapshot.values() {
            locations.push(match snapshot.object(value) {
                Some(index) => Location::Sunk(index as u16),
                None => self.locate_operand(value),
            });
        }
        locations
    }
    fn close(&mut self, at: usize, inherited: Option<&Inherited<'_>>) -> Result<(), CompileFailure> {
        let locations = self.snapshot(at, 0);
        self.out.close = Some((locations, self.occupied));
        let close = self.body.ins[at];
        if close.a.is_none() {
            return Ok(());
        }
        let target = inherited.and_then(|inherited| inherited.link);
        let target = target.ok_or(CompileFailure::Malformed("values are handed on to no trace"))?;
        let arguments = self.body.arguments(close.a);
        let mut moves = Vec::with_capacity(target.artifact.label.len());
        for &(value, to) in &target.artifact.label {
            let argument = target.values.iter().position(|(_, lies_as)| *lies_as == value);
            let argument = argument.and_then(|number| arguments.get(number));
            let argument = *argument.ok_or(CompileFailure::Malformed("a value of the loop is missing"))?;
            moves.push(Move { to, from: self.locate_operand(argument) });
        }
        self.out.handed_on = moves;
        Ok(())
    }
    fn note_exit(&mut self, at: usize) -> Result<(), CompileFailure> {
        let body = self.body;
        let before_loop = self.analysis.loop_at != self.analysis.end && at < self.analysis.loop_at;
        let kept = if before_loop { &[][..] } else { &body.kept };
        let mut locations = self.snapshot(at, kept.len());
        locations.extend(kept.iter().map(|kept| self.locate_operand(kept.here)));
        let snapshot = self.snapshot;
        let ins = body.ins[at];
        let observed = ins.observed().map(|operand| self.locate_operand(operand));
        let narrow = |n: usize| u16::try_from(n).map_err(|_| CompileFailure::TooBig);
        self.out.exits.push(Exit { guard: at as u16, snapshot: narrow(snapshot)?, locations, observed, patch: 0 });
        Ok(())
    }

    fn call(&mut self, at: usize) -> Result<(), CompileFailure> {
        let arguments: Vec<Ref> = analysis::arguments(self.body, at).collect();
        if arguments.len() > Register::ARGUMENTS.len() {
            return Err(CompileFailure::Malformed("more arguments than registers for them"));
        }
        let mut moves = vec![Move { to: Register::RDI.location(), from: Register::VM.location() }];
        for (&argument, register) in arguments.iter().rev().zip(Register::ARGUMENTS) {
            moves.push(Move { to: register.location(), from: self.locate_operand(argument) });
        }
        let mut ordered = Vec::with_capacity(moves.len());
        parallel_move::order(&mut moves, &mut ordered);
        self.out.moves.extend(ordered.into_iter().map(|m| (at as u16, m)));
        self.forget_registers(at);
        Ok(())
    }

    /// A call of compiled code takes its arguments from wherever they are to the VM stack.
    fn call_function(&mut self, at: usize) {
        let mut arguments: Vec<Ref> = analysis::arguments(self.body, at).collect();
        arguments.reverse();
        let locations = arguments.into_iter().map(|argument| self.locate_operand(argument)).collect();
        self.out.calls.push((at as u16, locations));
        self.forget_registers(at);
    }

    /// A call uses all registers; its result is in rax.
    fn forget_registers(&mut self, at: usize) {
        for register in self.occupied.iter() {
            if self.last(self.holder[register.index()]) > at {
                self.evict(register);
            } else {
                self.release(register);
            }
        }
        self.claim(Register::RAX, at as u16);
        self.out.registers[at][3] = Register::RAX;
    }

    /// Fixes where the loop's values are at its start.
    fn enter_loop(&mut self, at: usize) -> Result<(), CompileFailure> {
        for register in self.occupied.iter() {
            if !self.analysis.loop_live[self.holder[register.index()] as usize] {
                self.release(register);
            }
        }
        // Spilled values that fit are fetched once instead of in each iteration, the first needed first.
        let first = |v: u16| self.analysis.first_in_loop[v as usize];
        let wanted = |v: u16| {
            let early = first(v) != NONE && (first(v) as usize) < self.analysis.first_call;
            early && self.analysis.loop_live[v as usize] && self.place(v).is_none()
        };
        let mut fetch: Vec<u16> = (0..at as u16).filter(|&v| wanted(v)).collect();
        fetch.sort_by_key(|&v| first(v));
        for value in fetch {
            let free = self.class(value).without(self.occupied);
            if free.len() > RESERVE {
                let from = self.locate(value);
                let to = self.pick(free, RegisterSet::EMPTY, Register::NONE, RegisterSet::EMPTY, at)?;
                self.claim(to, value);
                self.out.moves.push((at as u16, Move { to: to.location(), from }));
            }
        }
        self.start = self.holder;
        self.unmoved = self.occupied;
        for register in self.occupied.iter() {
            if self.analysis.phi_left[self.holder[register.index()] as usize] {
                self.homes.add(register);
            }
        }
        Ok(())
    }

    /// Brings everything back to where the loop's start relies on it.
    fn back_jump(&mut self) {
        let analysis = self.analysis;
        let carried: Vec<(u16, Location)> = analysis
            .phis
            .iter()
            .filter(|(left, _)| analysis.loop_live[*left as usize])
            .map(|&(left, right)| (left, self.locate_operand(right)))
            .collect();
        let mut moves = Vec::new();
        for (left, from) in carried {
            let home = self.home(left);
            if self.relied.contains(home) {
                moves.push(Move { to: home.location(), from });
            }
            if self.spilled[left as usize] {
                moves.push(Move { to: Location::Spill(left), from });
            }
        }
        for register in self.relied.iter() {
            let value = self.start[register.index()];
            if !analysis.phi_left[value as usize] {
                moves.push(Move { to: register.location(), from: self.locate(value) });
            }
        }
        parallel_move::order(&mut moves, &mut self.out.back);
        let in_registers = self.relied.iter().map(|register| (self.start[register.index()], register.location()));
        let spilled =
            (0..analysis.loop_at as u16).filter(|&v| analysis.loop_live[v as usize] && self.spilled[v as usize]);
        self.out.label = in_registers.chain(spilled.map(|value| (value, Location::Spill(value)))).collect();
    }
}
