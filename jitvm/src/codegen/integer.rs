//! Integer arithmetic on tagged fixnums (`i << 2`): overflow of 64 bits is overflow of the fixnum range.

use super::assemble::{Assembler, SCRATCH, Undo};
use super::emit::{Alu, Condition, Source, emit};
use super::registers::Register;
use crate::ir::{Const, Ins, Op, Ref};
use dynasmrt::{DynasmApi, DynasmLabelApi};

const RAX: u8 = Register::RAX.number();
const RCX: u8 = Register::RCX.number();
const RDX: u8 = Register::RDX.number();

impl Assembler<'_> {
    pub fn integer(&mut self, ins: Ins, registers: [Register; 4]) {
        let [ra, rb, _, to] = registers;
        let to = to.number();
        match ins.op {
            Op::AddOv => self.checked(ins, ra, rb, to, Alu::Add, Alu::Sub),
            Op::SubOv => self.checked(ins, ra, rb, to, Alu::Sub, Alu::Add),
            Op::MulOv => self.multiply(ins, ra, rb, to),
            Op::Add => self.add(ins, ra, rb, to),
            Op::Sub => self.two_operand(ins, ra, rb, to, Alu::Sub),
            Op::And => self.two_operand(ins, ra, rb, to, Alu::And),
            Op::Or => self.two_operand(ins, ra, rb, to, Alu::Or),
            Op::Xor => self.two_operand(ins, ra, rb, to, Alu::Xor),
            Op::Div | Op::Mod => self.divide(ins, ra, rb, to),
            Op::ShlOv => self.shift_left(ins, ra, rb, to),
            Op::Shr => self.shift_right(ins, ra, rb, to),
            Op::Min => self.select(ins, ra, rb, to, Condition::Greater),
            Op::Max => self.select(ins, ra, rb, to, Condition::Less),
            _ => unreachable!("not an integer operation"),
        }
    }

    /// The untagged value of a constant Int.
    fn fixnum(&self, operand: Ref) -> Option<i64> {
        if !operand.is_constant() {
            return None;
        }
        match self.body.constants[operand.constant_index()] {
            Const::Int(i) => Some(i),
            _ => None,
        }
    }

    /// a op b with an exit on overflow, at which both operands are intact.
    fn checked(&mut self, ins: Ins, ra: Register, rb: Register, to: u8, operation: Alu, inverse: Alu) {
        let (mut a, mut ra, mut b, mut rb) = (ins.a, ra, ins.b, rb);
        if a.is_constant() && ins.op.is_commutative() {
            (a, b) = (b, a);
            (ra, rb) = (rb, ra);
        }
        let source = self.source(b, rb);
        let in_place = !a.is_constant() && ra.number() == to && source != Source::Register(to);
        if in_place {
            self.emitter.alu(operation, to, source);
            self.undo(Undo { operation: inverse, register: to, source });
            return self.exit_if(Condition::Overflow);
        }
        let target = if source == Source::Register(to) || ra.number() == to { SCRATCH } else { to };
        let from = self.source(a, ra);
        self.emitter.load_source(target, from);
        self.emitter.alu(operation, target, source);
        self.exit_if(Condition::Overflow);
        self.emitter.copy(to, target);
    }

    fn multiply(&mut self, ins: Ins, ra: Register, rb: Register, to: u8) {
        let (mut a, mut ra, mut b, mut rb) = (ins.a, ra, ins.b, rb);
        if a.is_constant() {
            (a, b) = (b, a);
            (ra, rb) = (rb, ra);
        }
        let factor = self.fixnum(b).and_then(|i| i32::try_from(i).ok());
        if let (Some(factor), false) = (factor, a.is_constant()) {
            let target = if ra.number() == to { SCRATCH } else { to };
            match i8::try_from(factor) {
                Ok(short) => emit!(self.emitter.ops ; imul Rq(target), Rq(ra.number()), BYTE short),
                Err(_) => emit!(self.emitter.ops ; imul Rq(target), Rq(ra.number()), DWORD factor),
            }
            self.exit_if(Condition::Overflow);
            return self.emitter.copy(to, target);
        }
        let from = self.source(a, ra);
        let source = self.source(b, rb);
        let target = if source == Source::Register(to) || from == Source::Register(to) { SCRATCH } else { to };
        self.emitter.load_source(target, from);
        emit!(self.emitter.ops ; sar Rq(target), 2);
        match source {
            Source::Register(b) => emit!(self.emitter.ops ; imul Rq(target), Rq(b)),
            Source::Immediate(word) => emit!(self.emitter.ops ; imul Rq(target), Rq(target), DWORD word),
            Source::Pool(label) => emit!(self.emitter.ops ; imul Rq(target), [=>label]),
        }
        self.exit_if(Condition::Overflow);
        self.emitter.copy(to, target);
    }

    fn add(&mut self, ins: Ins, ra: Register, rb: Register, to: u8) {
        let (mut a, mut ra, mut b, mut rb) = (ins.a, ra, ins.b, rb);
        if a.is_constant() {
            (a, b) = (b, a);
            (ra, rb) = (rb, ra);
        }
        let source = self.source(b, rb);
        match source {
            Source::Register(b) if !a.is_constant() && ra.number() != to && b != to => {
                emit!(self.emitter.ops ; lea Rq(to), [Rq(ra.number()) + Rq(b)]);
            }
            Source::Immediate(term) if !a.is_constant() && ra.number() != to => {
                self.emitter.address(to, ra.number(), term);
            }
            _ => self.two_operand(Ins { a, b, ..ins }, ra, rb, to, Alu::Add),
        }
    }

    fn two_operand(&mut self, ins: Ins, ra: Register, rb: Register, to: u8, operation: Alu) {
        let (mut a, mut ra, mut b, mut rb) = (ins.a, ra, ins.b, rb);
        let replaces_b = !b.is_constant() && rb.number() == to && (a.is_constant() || ra.number() != to);
        if ins.op.is_commutative() && replaces_b {
            (a, b) = (b, a);
            (ra, rb) = (rb, ra);
        }
        let source = self.source(b, rb);
        let from = self.source(a, ra);
        let target = if source == Source::Register(to) && from != source { SCRATCH } else { to };
        self.emitter.load_source(target, from);
        self.emitter.alu(operation, target, source);
        self.emitter.copy(to, target);
    }

    /// The smaller or larger: b where comparing a with b gives the condition.
    fn select(&mut self, ins: Ins, ra: Register, rb: Register, to: u8, take_b: Condition) {
        let (mut a, mut ra, mut b, mut rb) = (ins.a, ra, ins.b, rb);
        if a.is_constant() || (!b.is_constant() && rb.number() == to) {
            (a, b) = (b, a);
            (ra, rb) = (rb, ra);
        }
        // Now the result does not replace b, unless a is the same.
        let b = self.general(b, rb, SCRATCH);
        let from = self.source(a, ra);
        self.emitter.load_source(to, from);
        self.emitter.alu(Alu::Cmp, to, Source::Register(b));
        match take_b {
            Condition::Greater => emit!(self.emitter.ops ; cmovg Rq(to), Rq(b)),
            _ => emit!(self.emitter.ops ; cmovl Rq(to), Rq(b)),
        }
    }

    /// Clears the tag bits of what a shift left there.
    fn retag(&mut self, register: u8) {
        self.emitter.alu(Alu::And, register, Source::Immediate(-4));
    }

    fn shift_right(&mut self, ins: Ins, ra: Register, rb: Register, to: u8) {
        let from = self.source(ins.a, ra);
        if let Some(count) = self.fixnum(ins.b) {
            self.emitter.load_source(to, from);
            if count != 0 {
                emit!(self.emitter.ops ; sar Rq(to), count.clamp(0, 63) as i8);
                self.retag(to);
            }
            return;
        }
        self.emitter.load_source(SCRATCH, from);
        self.emitter.copy(RCX, rb.number());
        // Counts are tagged too; the hardware takes them modulo 64.
        emit!(self.emitter.ops
            ; cmp rcx, DWORD 63 << 2
            ; jbe BYTE >fits
            ; mov ecx, DWORD 63 << 2
            ; fits:
            ; shr ecx, 2
            ; sar Rq(SCRATCH), cl
        );
        self.retag(SCRATCH);
        self.emitter.copy(to, SCRATCH);
    }

    fn shift_left(&mut self, ins: Ins, ra: Register, rb: Register, to: u8) {
        let from = self.source(ins.a, ra);
        let fixed = self.fixnum(ins.b);
        match fixed {
            Some(count) if !(0..=60).contains(&count) => return self.exit_always(),
            Some(_) => {}
            None => {
                self.emitter.alu(Alu::Cmp, rb.number(), Source::Immediate(60 << 2));
                self.exit_if(Condition::Above);
                self.emitter.copy(RCX, rb.number());
                emit!(self.emitter.ops ; shr ecx, 2);
            }
        }
        let shift = |assembler: &mut Self, register: u8, left: bool| match (fixed, left) {
            (Some(count), true) => emit!(assembler.emitter.ops ; shl Rq(register), count as i8),
            (Some(count), false) => emit!(assembler.emitter.ops ; sar Rq(register), count as i8),
            (None, true) => emit!(assembler.emitter.ops ; shl Rq(register), cl),
            (None, false) => emit!(assembler.emitter.ops ; sar Rq(register), cl),
        };
        self.emitter.load_source(SCRATCH, from);
        shift(self, SCRATCH, true);
        shift(self, SCRATCH, false);
        self.emitter.alu(Alu::Cmp, SCRATCH, from);
        self.exit_if(Condition::NotEqual);
        self.emitter.load_source(to, from);
        shift(self, to, true);
    }

    fn divide(&mut self, ins: Ins, ra: Register, rb: Register, to: u8) {
        if let Some(exponent) = self.power_of_two(ins.b) {
            let from = self.source(ins.a, ra);
            self.emitter.load_source(to, from);
            if ins.op == Op::Div {
                if exponent > 0 {
                    emit!(self.emitter.ops ; sar Rq(to), exponent as i8);
                    self.retag(to);
                }
            } else {
                let mask = self.emitter.word(((1u64 << exponent) - 1) << 2);
                self.emitter.alu(Alu::And, to, mask);
            }
            return;
        }
        let remainder = ins.op == Op::Mod;
        let divisor = self.source(ins.b, rb);
        let dividend = self.source(ins.a, ra);
        // Read before rax and rdx are written.
        self.emitter.load_source(SCRATCH, divisor);
        self.emitter.load_source(RAX, dividend);
        // Non-negative 32-bit words divide several times faster, and need no rounding down. The quotient of two
        // tagged words is untagged, the remainder is tagged.
        emit!(self.emitter.ops
            ; mov rdx, rax
            ; or rdx, Rq(SCRATCH)
            ; shr rdx, 32
            ; jne BYTE >wide
            ; div Rd(SCRATCH)
            ; jmp BYTE >done
            ; wide:
            ; cqo
            ; idiv Rq(SCRATCH)
            ; test rdx, rdx
            ; je BYTE >done
        );
        if remainder {
            emit!(self.emitter.ops ; mov rax, rdx ; xor rax, Rq(SCRATCH) ; jns BYTE >done ; add rdx, Rq(SCRATCH) ; done:);
            self.emitter.copy(to, RDX);
        } else {
            emit!(self.emitter.ops ; xor rdx, Rq(SCRATCH) ; sar rdx, 63 ; add rax, rdx ; done:);
            self.emitter.copy(to, RAX);
            emit!(self.emitter.ops ; shl Rq(to), 2);
        }
    }
}
