//! Comparisons that give a bool, and choices between two values by one: no jumps, so nothing to predict.
//!
//! A comparison that only the choices right behind it need (`analysis::fused`) leaves its result in the flags: `cmp`, then
//! `cmov` for each.

use super::assemble::{Assembler, SCRATCH, VECTOR_SCRATCH};
use super::emit::{Alu, Condition, Source, Sse, emit};
use super::registers::Register;
use crate::ir::{Const, Ins, Op, Ref};
use crate::runtime::value::Value;
use dynasmrt::DynasmApi;

const RAX: u8 = Register::RAX.number();

/// What the flags of a comparison say where it holds.
const fn condition(ins: Ins) -> Condition {
    // A constant is compared with, not compared.
    let is_mirrored = ins.a.is_constant() && !ins.b.is_constant();
    match (ins.op, is_mirrored) {
        (Op::Lt, false) => Condition::Less,
        (Op::Lt, true) => Condition::Greater,
        (Op::Le, false) => Condition::NotGreater,
        (Op::Le, true) => Condition::NotLess,
        // a < b is b above a, which unordered ones are not.
        (Op::LtF, _) => Condition::Above,
        (Op::LeF, _) => Condition::NotBelow,
        _ => Condition::Equal,
    }
}

impl Assembler<'_> {
    /// What the flags say where the choice is the first value, if its condition is there.
    pub fn condition_in_flags(&self, choice: Ins) -> Option<Condition> {
        let by = choice.c_ref();
        if !matches!(choice.op, Op::Sel | Op::SelF) || by.is_constant() {
            return None;
        }
        let comparison = self.body.ins[by.index()];
        let compares = matches!(comparison.op, Op::Lt | Op::Le | Op::Eq | Op::LtF | Op::LeF);
        let in_flags = compares && self.allocation.registers[by.index()][3].is_none();
        in_flags.then(|| condition(comparison))
    }

    pub fn comparison(&mut self, ins: Ins, registers: [Register; 4]) {
        let [ra, rb, _, to] = registers;
        match ins.op {
            Op::LtF | Op::LeF | Op::EqF => {
                let first = self.vector(ins.b, rb, VECTOR_SCRATCH);
                let second = self.float_source(ins.a, ra);
                self.emitter.sse(Sse::Compare, first, second);
            }
            _ if ins.a.is_constant() && !ins.b.is_constant() => {
                let source = self.source(ins.a, ra);
                self.emitter.alu(Alu::Cmp, rb.number(), source);
            }
            _ => {
                let a = self.general(ins.a, ra, SCRATCH);
                match self.source(ins.b, rb) {
                    // The flags of a comparison with zero.
                    Source::Immediate(0) => emit!(self.emitter.ops ; test Rq(a), Rq(a)),
                    source => self.emitter.alu(Alu::Cmp, a, source),
                }
            }
        }
        if to.is_none() {
            return;
        }
        let to = to.number();
        self.emitter.set(to, Value::FALSE.0);
        self.emitter.set(SCRATCH, Value::TRUE.0);
        self.emitter.move_if(condition(ins), to, SCRATCH);
        if ins.op == Op::EqF {
            self.emitter.set(SCRATCH, Value::FALSE.0);
            self.emitter.move_if(Condition::Parity, to, SCRATCH);
        }
    }

    /// Flags that decide a choice; the condition that holds where it is the first value.
    fn decide(&mut self, ins: Ins, by: Register) -> Condition {
        if let Some(condition) = self.condition_in_flags(ins) {
            return condition;
        }
        let by = self.general(ins.c_ref(), by, SCRATCH);
        self.emitter.alu(Alu::Cmp, by, Source::Immediate(Value::TRUE.0 as i32));
        Condition::Equal
    }

    /// `to` = a or b, tagged words. Everything here leaves the flags to further choices.
    pub fn choose(&mut self, ins: Ins, registers: [Register; 4]) {
        let [ra, rb, rc, to] = registers;
        let condition = self.decide(ins, rc);
        let to = to.number();
        if !ins.b.is_constant() && rb.number() == to {
            let a = self.general(ins.a, ra, SCRATCH);
            return self.emitter.move_if(condition, to, a);
        }
        if !ins.a.is_constant() && ra.number() == to {
            let b = self.general(ins.b, rb, SCRATCH);
            return self.emitter.move_unless(condition, to, b);
        }
        let from = self.source(ins.b, rb);
        self.emitter.load_source(to, from);
        let a = self.general(ins.a, ra, SCRATCH);
        self.emitter.move_if(condition, to, a);
    }

    /// `to` = a or b, floats: by way of general registers, which have a conditional move.
    pub fn choose_float(&mut self, ins: Ins, registers: [Register; 4]) {
        let [ra, rb, rc, to] = registers;
        let condition = self.decide(ins, rc);
        self.bits_of(SCRATCH, ins.b, rb);
        self.bits_of(RAX, ins.a, ra);
        self.emitter.move_if(condition, SCRATCH, RAX);
        emit!(self.emitter.ops ; movq Rx(to.number()), Rq(SCRATCH));
    }

    /// `to` = the bits of a float.
    fn bits_of(&mut self, to: u8, operand: Ref, register: Register) {
        match operand.is_constant().then(|| &self.body.constants[operand.constant_index()]) {
            Some(constant) => self.emitter.set(to, Const::word(constant)),
            None => emit!(self.emitter.ops ; movq Rq(to), Rx(register.number())),
        }
    }
}
