//! Floats: arithmetic, comparisons that are right for NaN, conversions, boxing to tagged values.

use super::assemble::{Assembler, SCRATCH, SlowCall, SlowPath, VECTOR_SCRATCH};
use super::emit::{Alu, Condition, Source, Sse, emit};
use super::registers::{Register, RegisterSet};
use crate::ir::{Ins, Op};
use dynasmrt::{DynasmApi, DynasmLabelApi};

impl Assembler<'_> {
    pub fn float(&mut self, ins: Ins, registers: [Register; 4]) {
        let [ra, rb, _, to] = registers;
        let to = to.number();
        match ins.op {
            Op::AddF => self.float_two_operand(ins, ra, rb, to, Sse::Add),
            Op::SubF => self.float_two_operand(ins, ra, rb, to, Sse::Sub),
            Op::MulF => self.float_two_operand(ins, ra, rb, to, Sse::Mul),
            Op::DivF => self.float_two_operand(ins, ra, rb, to, Sse::Div),
            Op::NegF => {
                let a = self.vector(ins.a, ra, to);
                self.emitter.copy_vector(to, a);
                // All ones shifted: the sign bit alone.
                emit!(self.emitter.ops
                    ; pcmpeqd Rx(VECTOR_SCRATCH), Rx(VECTOR_SCRATCH)
                    ; psllq Rx(VECTOR_SCRATCH), 63
                    ; xorpd Rx(to), Rx(VECTOR_SCRATCH)
                );
            }
            Op::AbsF => {
                let a = self.vector(ins.a, ra, to);
                self.emitter.copy_vector(to, a);
                emit!(self.emitter.ops
                    ; pcmpeqd Rx(VECTOR_SCRATCH), Rx(VECTOR_SCRATCH)
                    ; psrlq Rx(VECTOR_SCRATCH), 1
                    ; andpd Rx(to), Rx(VECTOR_SCRATCH)
                );
            }
            Op::SqrtF => {
                let source = self.float_source(ins.a, ra);
                if source != Source::Register(to) {
                    // sqrtsd keeps the upper half of its target: without this it waits for the old value.
                    emit!(self.emitter.ops ; xorps Rx(to), Rx(to));
                }
                self.emitter.sse(Sse::Sqrt, to, source);
            }
            _ => unreachable!("not a float operation"),
        }
    }

    fn float_two_operand(&mut self, ins: Ins, ra: Register, rb: Register, to: u8, operation: Sse) {
        let (mut a, mut ra, mut b, mut rb) = (ins.a, ra, ins.b, rb);
        let replaces_b = !b.is_constant() && rb.number() == to && (a.is_constant() || ra.number() != to);
        if ins.op.is_commutative() && replaces_b {
            (a, b) = (b, a);
            (ra, rb) = (rb, ra);
        }
        let source = self.float_source(b, rb);
        let target = if source == Source::Register(to) && ra.number() != to { VECTOR_SCRATCH } else { to };
        let from = self.vector(a, ra, target);
        self.emitter.copy_vector(target, from);
        self.emitter.sse(operation, target, source);
        self.emitter.copy_vector(to, target);
    }

    /// ucomisd sets the carry for less and for unordered, so that "above" alone means ordered.
    pub fn float_guard(&mut self, ins: Ins, registers: [Register; 4]) {
        let [ra, rb, ..] = registers;
        let (a, ra, b, rb) = match ins.op {
            // Equality is symmetric: a constant goes second, into memory.
            Op::G_FltEq | Op::G_FltNe if ins.b.is_constant() => (ins.b, rb, ins.a, ra),
            _ => (ins.a, ra, ins.b, rb),
        };
        // a < b is b above a.
        let first = self.vector(b, rb, VECTOR_SCRATCH);
        let second = self.float_source(a, ra);
        self.emitter.sse(Sse::Compare, first, second);
        match ins.op {
            Op::G_FltLt => self.exit_if(Condition::NotAbove),
            Op::G_FltNlt => self.exit_if(Condition::Above),
            Op::G_FltLe => self.exit_if(Condition::Below),
            Op::G_FltNle => self.exit_if(Condition::NotBelow),
            Op::G_FltEq => {
                self.exit_if(Condition::NotEqual);
                self.exit_if(Condition::Parity);
            }
            Op::G_FltNe => {
                emit!(self.emitter.ops ; jp BYTE >differ);
                self.exit_if(Condition::Equal);
                emit!(self.emitter.ops ; differ:);
            }
            _ => unreachable!("not a float guard"),
        }
    }

    pub fn convert(&mut self, ins: Ins, registers: [Register; 4]) {
        let [ra, _, _, to] = registers;
        let to = to.number();
        match ins.op {
            Op::IntToFlt => {
                let from = self.source(ins.a, ra);
                self.emitter.load_source(SCRATCH, from);
                self.untagged_to_float(to);
            }
            Op::IntToFltExact => {
                // -2^53 <= i <= 2^53 as one unsigned comparison; words are 4 i.
                let from = self.source(ins.a, ra);
                self.emitter.set(SCRATCH, 1 << 55);
                self.emitter.alu(Alu::Add, SCRATCH, from);
                let span = self.emitter.word(1 << 56);
                self.emitter.alu(Alu::Cmp, SCRATCH, span);
                self.exit_if(Condition::Above);
                self.emitter.load_source(SCRATCH, from);
                self.untagged_to_float(to);
            }
            Op::FltToInt => {
                let a = self.vector(ins.a, ra, VECTOR_SCRATCH);
                // NaN and what does not fit give the smallest word, which overflows when doubled like the rest.
                emit!(self.emitter.ops ; cvttsd2si Rq(SCRATCH), Rx(a) ; add Rq(SCRATCH), Rq(SCRATCH));
                self.exit_if(Condition::Overflow);
                emit!(self.emitter.ops ; add Rq(SCRATCH), Rq(SCRATCH));
                self.exit_if(Condition::Overflow);
                self.emitter.copy(to, SCRATCH);
            }
            _ => unreachable!("not a conversion"),
        }
    }
    fn untagged_to_float(&mut self, to: u8) {
        emit!(self.emitter.ops
            ; sar Rq(SCRATCH), 2
            ; xorps Rx(to), Rx(to)
            ; cvtsi2sd Rx(to), Rq(SCRATCH)
        );
    }

    pub fn box_float(&mut self, at: usize, ins: Ins, registers: [Register; 4]) {
        let [ra, _, _, to] = registers;
        let from = self.vector(ins.a, ra, VECTOR_SCRATCH);
        let live = self.live(at);
        self.tag_float(to.number(), from, live);
    }
    /// Writes the tagged value of a float to a general register.
    pub fn tag_float(&mut self, to: u8, from: u8, live: RegisterSet) {
        let (label, back) = (self.emitter.label(), self.emitter.label());
        emit!(self.emitter.ops
            ; movq Rq(to), Rx(from)
            ; rol Rq(to), 4
            ; add Rq(to), BYTE 3
        );
        self.emitter.test_byte(to, 2);
        emit!(self.emitter.ops ; je =>label ; =>back);
        self.slow_paths.push(SlowPath { label, back, to, live, call: SlowCall::Box { from }, at: self.at });
    }
}
