//! Guards on types, identity and order of general registers.

use super::assemble::{Assembler, SCRATCH};
use super::emit::{Alu, Condition, Source, emit};
use super::registers::Register;
use crate::ir::{Ins, Op, Ty};
use crate::runtime::object::Header;
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;
use dynasmrt::DynasmApi;
use std::mem::offset_of;

// Where a shape guard looks if there is no object.
const _: () = assert!(offset_of!(Vm, no_shape) == offset_of!(Header, shape));

impl Assembler<'_> {
    pub fn guard(&mut self, ins: Ins, registers: [Register; 4]) {
        let [ra, rb, _, to] = registers;
        match ins.op {
            Op::G_Int => {
                let a = self.general(ins.a, ra, SCRATCH);
                self.emitter.test_byte(a, 3);
                self.exit_if(Condition::NotEqual);
                self.emitter.copy(to.number(), a);
            }
            Op::G_Flt => {
                let a = self.general(ins.a, ra, SCRATCH);
                self.emitter.test_byte(a, 2);
                self.exit_if(Condition::Equal);
                self.emitter.address(SCRATCH, a, -3);
                emit!(self.emitter.ops ; ror Rq(SCRATCH), 4 ; movq Rx(to.number()), Rq(SCRATCH));
            }
            Op::G_Shape => self.shape_guard(ins, ra, to),
            Op::G_Eq => self.compare(ins, ra, rb, Condition::NotEqual, Condition::NotEqual),
            Op::G_Ne => self.compare(ins, ra, rb, Condition::Equal, Condition::Equal),
            Op::G_Lt => self.compare(ins, ra, rb, Condition::NotLess, Condition::NotGreater),
            Op::G_Le => self.compare(ins, ra, rb, Condition::Greater, Condition::Less),
            Op::G_Ult => self.compare(ins, ra, rb, Condition::NotBelow, Condition::NotAbove),
            Op::G_NoExc => {
                let a = self.general(ins.a, ra, SCRATCH);
                self.emitter.alu(Alu::Cmp, a, Source::Immediate(Value::EXC.0 as i32));
                self.exit_if(Condition::Equal);
            }
            Op::G_Poll => {
                self.emitter.compare_half(Register::VM.number(), offset_of!(Vm, poll) as i32, 0);
                self.exit_if(Condition::NotEqual);
            }
            _ => unreachable!("not a guard on general registers"),
        }
    }

    /// Exits on `leave` after comparing a with b, or on `mirrored` after comparing b with a constant a.
    fn compare(&mut self, ins: Ins, ra: Register, rb: Register, leave: Condition, mirrored: Condition) {
        if ins.a.is_constant() && !ins.b.is_constant() {
            let source = self.source(ins.a, ra);
            self.emitter.alu(Alu::Cmp, rb.number(), source);
            return self.exit_if(mirrored);
        }
        let a = self.general(ins.a, ra, SCRATCH);
        match self.source(ins.b, rb) {
            // The flags of a comparison with zero.
            Source::Immediate(0) => emit!(self.emitter.ops ; test Rq(a), Rq(a)),
            source => self.emitter.alu(Alu::Cmp, a, source),
        }
        self.exit_if(leave);
    }

    fn shape_guard(&mut self, ins: Ins, ra: Register, to: Register) {
        const SHAPE: i32 = offset_of!(Header, shape) as i32 - 1;
        if ins.a.is_constant() && !Value(self.constant(ins.a)).is_pointer() {
            return self.exit_always();
        }
        let a = self.general(ins.a, ra, SCRATCH);
        let may_be_anything = !ins.a.is_constant() && self.ty(ins.a) != Ty::Obj;
        if may_be_anything && self.body.ins[ins.a.index()].op == Op::Parent {
            // What the parent knows no shape of, or another one: the sooner it is told, the better.
            self.emitter.address(SCRATCH, a, -1);
            self.emitter.test_byte(SCRATCH, 7);
            self.exit_if(Condition::NotEqual);
            self.emitter.compare_half(a, SHAPE, ins.c);
        } else if may_be_anything {
            // One jump instead of two: a processor executes but two in a cycle, and they are every third instruction of a trace.
            self.emitter.address(SCRATCH, a, -1);
            self.emitter.test_byte(SCRATCH, 7);
            emit!(self.emitter.ops ; cmovne Rq(SCRATCH), r15);
            self.emitter.compare_half(SCRATCH, SHAPE + 1, ins.c);
        } else {
            self.emitter.compare_half(a, SHAPE, ins.c);
        }
        self.exit_if(Condition::NotEqual);
        self.emitter.copy(to.number(), a);
    }
}
