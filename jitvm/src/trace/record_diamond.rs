//! If-conversion: both arms of a small diamond are recorded, and choices (SEL) take the place of the branch.
//!
//! At a conditional jump the recorder looks ahead: `x if c else y`, `if c: x = y`, `if c: n += 1`, `a and b` are two
//! straight pieces of code that meet again. Where each has only a few instructions that compute numbers, and nothing else,
//! the trace does both, without a guard, and what the registers hold where they meet depends on the condition: there is
//! no branch to predict wrongly, no exit that is taken half of the time, and no side trace.
//!
//! The arms are recorded at once, in place of the comparison (or of the jump, where a bool or an int is tested), on a copy
//! of the registers that they are executed on here. The interpreter then goes through the arm it takes and the recorder
//! waits where both meet ([`Recorder::waits_for_join`]). Guards in the arms, of types and of overflow, thus leave to the
//! state before the condition, as if nothing of it had happened; an arm that would fail now is not converted.

use super::decision::BranchDecision;
use super::recorder::{Recorder, Recording, Slot};
use crate::bytecode::{Instruction, Op as Bytecode};
use crate::interp::words::rarer_way;
use crate::ir::{Ins, Op, Ref, Resume, Ty};
use crate::runtime::compare::CompareKind as Compare;
use crate::runtime::value::{FIXNUM_MIN, Value};
use crate::runtime::vm::Vm;

/// Longest arm, moves and constants included.
const LONGEST: usize = 6;

/// How often of seven times a branch has to have gone each way for a choice between floats, which takes longer than one
/// between ints: three nanoseconds where a sum over the iterations waits for it.
const RARER_OF_FLOATS: u32 = 2;

/// A condition: an operation that gives a bool, or a bool that is there already.
#[derive(Clone, Copy)]
pub(super) struct Condition {
    test: Test,
    /// It holds where the test does not.
    not: bool,
}

#[derive(Clone, Copy)]
enum Test {
    Compare(Op, Ref, Ref),
    Bool(Ref),
}

impl Condition {
    /// Of two Ints or two Flts.
    pub(super) fn of(kind: Compare, is_float: bool, left: Ref, right: Ref) -> Condition {
        let (less, less_equal, equal) = if is_float { (Op::LtF, Op::LeF, Op::EqF) } else { (Op::Lt, Op::Le, Op::Eq) };
        let (op, a, b) = match kind {
            Compare::Less => (less, left, right),
            Compare::LessEqual => (less_equal, left, right),
            Compare::Greater => (less, right, left),
            Compare::GreaterEqual => (less_equal, right, left),
            Compare::Equal | Compare::NotEqual => (equal, left, right),
        };
        Condition { test: Test::Compare(op, a, b), not: kind == Compare::NotEqual }
    }

    /// That two tagged values are the same word, or are not.
    pub(super) const fn same(left: Ref, right: Ref, not: bool) -> Condition {
        Condition { test: Test::Compare(Op::Eq, left, right), not }
    }

    pub(super) const fn bool(r: Ref) -> Condition {
        Condition { test: Test::Bool(r), not: false }
    }

    pub(super) const fn negated(self) -> Condition {
        Condition { not: !self.not, ..self }
    }
}

/// Two ways from a conditional jump to where they meet.
struct Diamond {
    /// Instructions of the way that does not jump, and of the one that does.
    arms: [std::ops::Range<usize>; 2],
    join: u32,
}

/// The diamond that a conditional jump at `pc` begins, if its arms are short and do nothing but compute; or what hinders,
/// if it is a diamond.
fn diamond(instructions: &[Instruction], pc: usize, most: usize) -> Result<Diamond, Option<BranchDecision>> {
    let target = instructions[pc].wide() as usize;
    let first = pc + 1;
    if target < first {
        return Err(None);
    }
    let end = (first..target).find(|&at| instructions[at].op == Bytecode::Jump).unwrap_or(target);
    let (rest, join) = if end == target {
        (target..target, target)
    } else {
        // The jump over the other arm is the last instruction of this one.
        let join = instructions[end].wide() as usize;
        if end + 1 != target || join < target {
            return Err(None);
        }
        (target..join, join)
    };
    let arms = [first..end, rest];
    for arm in &arms {
        let arm = &instructions[arm.clone()];
        if !arm.iter().all(|ins| computes(ins.op) || brings(ins.op)) {
            return Err(Some(BranchDecision::ArmDoesMore));
        }
        let computing = arm.iter().filter(|ins| computes(ins.op)).count();
        if arm.len() > LONGEST || computing > most {
            return Err(Some(BranchDecision::ArmTooLong));
        }
    }
    Ok(Diamond { arms, join: join as u32 })
}

/// Instructions that compute a number or a bool from registers.
const fn computes(op: Bytecode) -> bool {
    matches!(
        op,
        Bytecode::Add
            | Bytecode::Sub
            | Bytecode::Mul
            | Bytecode::BitAnd
            | Bytecode::BitOr
            | Bytecode::BitXor
            | Bytecode::RightShift
            | Bytecode::Negate
            | Bytecode::Not
            | Bytecode::Less
            | Bytecode::LessEqual
            | Bytecode::Equal
            | Bytecode::NotEqual
            | Bytecode::Greater
            | Bytecode::GreaterEqual
    )
}

/// Instructions that bring a value to a register.
const fn brings(op: Bytecode) -> bool {
    matches!(op, Bytecode::LoadConst | Bytecode::LoadInt | Bytecode::Move | Bytecode::CheckBound)
}

/// What a value is to a choice: both values are of one kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int,
    Float,
    Bool,
}

fn kind(value: Value) -> Option<Kind> {
    match value {
        v if v.is_int() => Some(Kind::Int),
        v if v.is_float() => Some(Kind::Float),
        v if v.is_bool() => Some(Kind::Bool),
        _ => None,
    }
}

/// Executes one instruction of an arm; `None` if that gives neither an immediate number nor a bool, or raises.
fn execute(constants: &[Value], ins: Instruction, registers: &mut [Value]) -> Option<()> {
    let at = |register: u16| registers[register as usize];
    let result = match ins.op {
        Bytecode::LoadConst => constants[ins.b as usize],
        Bytecode::LoadInt => Value::from_fixnum((ins.wide() as i32).into()),
        Bytecode::Move => at(ins.b),
        Bytecode::CheckBound => return (at(ins.a) != Value::UNDEF).then_some(()),
        Bytecode::Negate => match at(ins.b) {
            x if x.is_int() && x.as_fixnum() != FIXNUM_MIN => Value::from_fixnum(-x.as_fixnum()),
            x if x.is_float() => Value::try_float(-x.as_float())?,
            _ => return None,
        },
        Bytecode::Not if at(ins.b).is_bool() => Value::from_bool(at(ins.b) == Value::FALSE),
        Bytecode::Not => return None,
        op => {
            let (x, y) = (at(ins.b), at(ins.c));
            if x.is_int() && y.is_int() {
                on_ints(op, x.as_fixnum(), y.as_fixnum())?
            } else {
                on_floats(op, number(x)?, number(y)?)?
            }
        }
    };
    registers[ins.a as usize] = result;
    Some(())
}

/// Of a float, or of an int that is one exactly.
fn number(value: Value) -> Option<f64> {
    const EXACT: u64 = 1 << 53;
    match value {
        v if v.is_float() => Some(v.as_float()),
        v if v.is_int() && v.as_fixnum().unsigned_abs() <= EXACT => Some(v.as_fixnum() as f64),
        _ => None,
    }
}

fn on_ints(op: Bytecode, x: i64, y: i64) -> Option<Value> {
    match op {
        Bytecode::Add => Value::try_fixnum(x.checked_add(y)?),
        Bytecode::Sub => Value::try_fixnum(x.checked_sub(y)?),
        Bytecode::Mul => Value::try_fixnum(x.checked_mul(y)?),
        Bytecode::BitAnd => Value::try_fixnum(x & y),
        Bytecode::BitOr => Value::try_fixnum(x | y),
        Bytecode::BitXor => Value::try_fixnum(x ^ y),
        Bytecode::RightShift if y >= 0 => Value::try_fixnum(x >> y.min(63)),
        _ => compared(op, x, y),
    }
}

fn on_floats(op: Bytecode, x: f64, y: f64) -> Option<Value> {
    match op {
        Bytecode::Add => Value::try_float(x + y),
        Bytecode::Sub => Value::try_float(x - y),
        Bytecode::Mul => Value::try_float(x * y),
        _ => compared(op, x, y),
    }
}

fn compared<T: PartialOrd>(op: Bytecode, x: T, y: T) -> Option<Value> {
    let holds = match op {
        Bytecode::Less => x < y,
        Bytecode::LessEqual => x <= y,
        Bytecode::Equal => x == y,
        Bytecode::NotEqual => x != y,
        Bytecode::Greater => x > y,
        Bytecode::GreaterEqual => x >= y,
        _ => return None,
    };
    Some(Value::from_bool(holds))
}

/// A way through a diamond, executed on a copy of the registers.
struct Way {
    arm: std::ops::Range<usize>,
    /// Slot -1 of the frame, which the function is in, then its registers: before the arm, and behind it.
    before: Vec<Value>,
    after: Vec<Value>,
    /// The condition holds on this way.
    holds: bool,
}

impl Recorder {
    /// The instruction that follows the one being recorded, if it is a conditional jump on this register.
    pub(super) fn jump_on(&self, register: u16) -> Option<(u32, Instruction)> {
        let frame = self.frames.last().expect("the anchor frame stays");
        // SAFETY: code objects live as long as the VM.
        let following = unsafe { &*frame.code }.proto.instructions.get(frame.pc as usize + 1).copied()?;
        let is_test = matches!(following.op, Bytecode::JumpIfTrue | Bytecode::JumpIfFalse) && following.a == register;
        (is_test && !self.in_arm).then_some((frame.pc + 1, following))
    }

    /// A condition as a value.
    pub(super) fn bool_of(&mut self, vm: &mut Vm, condition: Condition) -> Ref {
        let test = self.test(condition.test);
        if condition.not {
            let (yes, no) = (self.constant(vm, Value::TRUE), self.constant(vm, Value::FALSE));
            self.choose(Ty::Bool, test, no, yes)
        } else {
            test
        }
    }

    fn test(&mut self, test: Test) -> Ref {
        match test {
            Test::Compare(op, a, b) => self.emit(op, a, b, 0),
            Test::Bool(r) => r,
        }
    }

    /// `yes if test else no`, of a type.
    fn choose(&mut self, ty: Ty, test: Ref, yes: Ref, no: Ref) -> Ref {
        let op = if ty == Ty::Flt { Op::SelF } else { Op::Sel };
        let ins = Ins::new(op, ty, yes, no, test.0.into());
        self.shared(ins)
    }

    /// The recorder has recorded both arms of a diamond already, and this instruction is of one.
    pub(super) fn waits_for_join(&mut self, pc: u32) -> bool {
        if self.join == Some(pc) {
            self.join = None;
        }
        self.join.is_some()
    }

    /// Records both arms of the diamond that the conditional jump at `pc` begins, if it is one that is to be converted.
    /// `decides` is the register that a comparison before the jump writes and the jump tests.
    ///
    /// # Errors
    /// Recording an arm ends the recording.
    pub(super) fn convert(
        &mut self,
        vm: &mut Vm,
        (pc, jump): (u32, Instruction),
        base: *const Value,
        condition: Condition,
        decides: Option<u16>,
    ) -> Recording<bool> {
        if self.in_arm || self.most_in_arm == 0 {
            return Ok(false);
        }
        let frame = self.frames.last().expect("the anchor frame stays");
        // SAFETY: code objects live as long as the VM.
        let code = unsafe { &*frame.code };
        let rarer = rarer_way(code.words[pc as usize]);
        let Diamond { arms, join } = match diamond(&code.proto.instructions, pc as usize, self.most_in_arm) {
            Ok(_) if rarer == 0 => return Ok(self.stays_branch(pc, BranchDecision::OneWay)),
            Ok(found) => found,
            // A branch that goes one way has no need of a reason.
            Err(Some(reason)) if rarer > 0 => return Ok(self.stays_branch(pc, reason)),
            Err(_) => return Ok(false),
        };
        let jumps_if = jump.op == Bytecode::JumpIfTrue;
        // SAFETY: the frame's registers, and the slot before them.
        let registers = unsafe { std::slice::from_raw_parts(base.sub(1), code.proto.registers as usize + 1) };
        let mut ways = Vec::with_capacity(2);
        for (arm, holds) in arms.into_iter().zip([!jumps_if, jumps_if]) {
            let mut before = registers.to_vec();
            if let Some(register) = decides {
                before[register as usize + 1] = Value::from_bool(holds);
            }
            let mut after = before.clone();
            for at in arm.clone() {
                if execute(&code.constants, code.proto.instructions[at], &mut after[1..]).is_none() {
                    return Ok(self.stays_branch(pc, BranchDecision::ArmFails));
                }
            }
            ways.push(Way { arm, before, after, holds });
        }
        let [one, other] = <[Way; 2]>::try_from(ways).unwrap_or_else(|_| unreachable!("two arms"));
        let mut written: Vec<u16> = decides.into_iter().collect();
        for at in one.arm.clone().chain(other.arm.clone()) {
            let ins = code.proto.instructions[at];
            if ins.op != Bytecode::CheckBound && !written.contains(&ins.a) {
                written.push(ins.a);
            }
        }
        let live: Vec<(u16, bool)> =
            written.into_iter().map(|register| (register, self.is_live_at(join, register))).collect();
        let is_choice = |&(register, is_live): &(u16, bool)| {
            let [x, y] = [&one, &other].map(|way| way.after[register as usize + 1]);
            !is_live || kind(x).is_some() && kind(x) == kind(y)
        };
        let is_float = |&(register, is_live): &(u16, bool)| is_live && one.after[register as usize + 1].is_float();
        let least = if live.iter().any(is_float) { RARER_OF_FLOATS } else { 1 };
        if rarer < least {
            return Ok(self.stays_branch(pc, BranchDecision::RareForFloats));
        }
        if !live.iter().all(is_choice) {
            return Ok(self.stays_branch(pc, BranchDecision::KindsDiffer));
        }
        self.decide_branch(pc, BranchDecision::BothWays);
        let instructions = &code.proto.instructions;
        self.record_ways(vm, instructions, [one, other], &live, condition, decides)?;
        self.join = Some(join);
        Ok(true)
    }

    /// Tells why a diamond is not converted.
    fn stays_branch(&mut self, pc: u32, reason: BranchDecision) -> bool {
        self.decide_branch(pc, reason);
        false
    }

    fn is_live_at(&mut self, pc: u32, register: u16) -> bool {
        let innermost = self.frames.len() - 1;
        let slot = self.slot_of(register);
        let here = std::mem::replace(&mut self.frames[innermost].pc, pc);
        let is_live = self.is_live(slot, innermost);
        self.frames[innermost].pc = here;
        is_live
    }

    fn record_ways(
        &mut self,
        vm: &mut Vm,
        instructions: &[Instruction],
        ways: [Way; 2],
        live: &[(u16, bool)],
        condition: Condition,
        decides: Option<u16>,
    ) -> Recording {
        if !self.snapshot_taken {
            // What guards in the arms leave to: registers are as they are now.
            self.state_before = Some(self.snapshot_here(Resume::Execute));
        }
        let before = self.slots.clone();
        let mut values: [Vec<Ref>; 2] = [Vec::new(), Vec::new()];
        for (way, values) in ways.iter().zip(&mut values) {
            self.slots.clone_from(&before);
            if let Some(register) = decides {
                let truth = self.constant(vm, Value::from_bool(way.holds));
                self.set(register, truth);
            }
            self.in_arm = true;
            let done = self.record_arm(vm, instructions, way);
            self.in_arm = false;
            done?;
            for &(register, _) in live.iter().filter(|(_, is_live)| *is_live) {
                let value = self.get(register);
                let value = match kind(way.after[register as usize + 1]) {
                    Some(Kind::Int) => self.int(value),
                    Some(Kind::Float) => self.float(value),
                    _ => value,
                };
                values.push(value);
            }
        }
        self.state_before = None;
        self.slots = before;
        let test = self.test(condition.test);
        let [one, other] = values;
        let [yes, no] = if ways[0].holds == condition.not { [other, one] } else { [one, other] };
        let mut chosen = yes.into_iter().zip(no);
        for &(register, is_live) in live {
            let value = if is_live {
                let (yes, no) = chosen.next().expect("one of each live register");
                let (ty, other) = (self.ty(yes), self.ty(no));
                let ty = if ty == other && matches!(ty, Ty::Int | Ty::Flt | Ty::Bool) { ty } else { Ty::Val };
                if yes == no { yes } else { self.choose(ty, test, yes, no) }
            } else {
                // Nothing reads it.
                self.constant(vm, Value::NONE)
            };
            let slot = self.slot_of(register);
            *self.slot_mut(slot) = Slot { value, dirty: true };
        }
        self.overwritten.clear();
        Ok(())
    }

    fn record_arm(&mut self, vm: &mut Vm, instructions: &[Instruction], way: &Way) -> Recording {
        let frame = self.frames.last().expect("the anchor frame stays");
        // SAFETY: code objects live as long as the VM.
        let constants = unsafe { &(*frame.code).constants };
        let mut registers = way.before.clone();
        for at in way.arm.clone() {
            let ins = instructions[at];
            self.operation(vm, ins, registers[1..].as_ptr())?;
            execute(constants, ins, &mut registers[1..]).expect("it has been tried");
        }
        Ok(())
    }
}
