//! The write barrier in machine code: a test of the header after a store, and what remembers the object, out of line.
//!
//! There is none for what is no reference, for objects that the trace has made (they are in its registers or native frame,
//! which is enough: `runtime::generations`), and for objects tested since the last instruction that can collect.

use std::mem::offset_of;

use super::assemble::{Assembler, SCRATCH};
use super::emit::emit;
use super::registers::Register;
use crate::ir::{Const, Ins, Op, Ref, Ty};
use crate::runtime::generations::{OLD, Remembered, Stores, stores};
use crate::runtime::heap::Heap;
use crate::runtime::object::{Header, STORAGE_ITEMS, ShapeId};
use crate::runtime::vm::Vm;
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

/// The part of a barrier that is out of line.
pub(super) struct Remember {
    label: DynamicLabel,
    back: DynamicLabel,
    /// The header is at the address in this register plus the displacement.
    base: u8,
    displacement: i32,
}

/// Displacement of a field of the remembered set from the VM.
const fn remembered(field: usize) -> i32 {
    (offset_of!(Vm, heap) + offset_of!(Heap, remembered) + field) as i32
}

impl Assembler<'_> {
    /// After a FIELD_STORE into the object whose tagged address is in `base`.
    pub fn field_barrier(&mut self, ins: Ins, base: u8) {
        if !self.may_refer(ins.b) || !self.needs_barrier(ins.a) {
            return;
        }
        self.barrier(base, -1);
    }

    /// After an ELEM_STORE into the list items at the address in `base`, which lie in a storage object.
    pub fn item_barrier(&mut self, ins: Ins, base: u8) {
        if !self.may_refer(ins.c_ref()) || self.barriers.contains(&ins.a) {
            return;
        }
        self.barriers.push(ins.a);
        self.barrier(base, -(STORAGE_ITEMS as i32));
    }

    /// The word may be the address of an object.
    fn may_refer(&self, word: Ref) -> bool {
        if word.is_constant() {
            return match &self.body.constants[word.constant_index()] {
                Const::Val(value, _) => value.is_pointer(),
                _ => false,
            };
        }
        !matches!(self.body.ty(word), Ty::Int | Ty::Flt | Ty::Bool)
    }

    /// Nothing that is known of the object says that young collections scan it anyway. From now on they do.
    fn needs_barrier(&mut self, object: Ref) -> bool {
        if self.barriers.contains(&object) {
            return false;
        }
        self.barriers.push(object);
        if object.is_constant() {
            return true;
        }
        let ins = self.body.ins[object.index()];
        let shape = ShapeId(ins.c);
        match ins.op {
            Op::New => false,
            Op::G_Shape => shape.is_dynamic() || stores(shape) == Stores::Barrier,
            _ => true,
        }
    }

    fn barrier(&mut self, base: u8, displacement: i32) {
        let (label, back) = (self.emitter.label(), self.emitter.label());
        let gc = displacement + offset_of!(Header, gc) as i32;
        emit!(self.emitter.ops ; test BYTE [Rq(base) + gc], OLD as i8 ; jnz =>label ; =>back);
        self.remembers.push(Remember { label, back, base, displacement });
    }

    /// Out of line: takes the bit away and appends the object's address. Without room the bit stays, and the next collection
    /// is a full one.
    pub fn remember(&mut self, barrier: &Remember) {
        const OTHER: u8 = Register::RAX.number();
        let Remember { label, back, base, displacement } = *barrier;
        let cursor = remembered(offset_of!(Remembered, cursor));
        let limit = remembered(offset_of!(Remembered, limit));
        let overflow = remembered(offset_of!(Remembered, overflow));
        let gc = offset_of!(Header, gc) as i32;
        let full = self.emitter.label();
        let done = self.emitter.label();
        self.emitter.bind(label);
        emit!(self.emitter.ops
            ; lea Rq(SCRATCH), [Rq(base) + displacement]
            ; push Rq(OTHER)
            ; mov Rq(OTHER), [r15 + cursor]
            ; cmp Rq(OTHER), [r15 + limit]
            ; je =>full
            ; mov [Rq(OTHER)], Rq(SCRATCH)
            ; add QWORD [r15 + cursor], BYTE 8
            ; and BYTE [Rq(SCRATCH) + gc], !OLD as i8
            ; =>done
            ; pop Rq(OTHER)
            ; jmp =>back
            ; =>full
            ; mov BYTE [r15 + overflow], 1
            ; jmp =>done
        );
    }
}
