//! The write barrier in machine code: a test of the header after a store, and what remembers the object, out of line.
//!
//! There is none
//!
//! * for what is no reference, and for constants: they are roots of each collection as long as the trace is there, and the
//!   first after it has gone is a full one;
//! * for objects that the trace has made: they are in its registers or native frame, which is enough
//!   (`runtime::generations`);
//! * for objects tested since the last instruction that can collect;
//! * for what was loaded from the same object: if that is old and not remembered, what is in it is old. If there was a
//!   collection in between, it has marked what was loaded, since that is in a register;
//! * for floats: one is a reference only if its exponent is rare, and after such a one was made for compiled code
//!   (`exit::box_float`) the next collection is a full one.

use std::mem::offset_of;

use super::assemble::{Assembler, SCRATCH};
use super::emit::emit;
use super::registers::Register;
use crate::ir::{Ins, Op, Ref, Ty};
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
        if self.may_refer(ins.b) && !self.comes_from(ins.b, Op::FieldLoad, ins.a) && self.has_barrier(ins.a) {
            self.barrier(ins.a, base, -1);
        }
    }

    /// After an ELEM_STORE into the list items at the address in `base`, which lie in a storage object.
    pub fn item_barrier(&mut self, ins: Ins, base: u8) {
        let item = ins.c_ref();
        if self.may_refer(item) && !self.comes_from(item, Op::ElemLoad, ins.a) {
            self.barrier(ins.a, base, -(STORAGE_ITEMS as i32));
        }
    }

    /// The word was loaded from there.
    fn comes_from(&self, word: Ref, load: Op, object: Ref) -> bool {
        let ins = self.body.ins[word.index()];
        ins.op == load && ins.a == object
    }

    /// The word may be the address of an object.
    fn may_refer(&self, word: Ref) -> bool {
        !word.is_constant()
            && !matches!(self.body.ty(word), Ty::Int | Ty::Flt | Ty::Bool)
            && self.body.ins[word.index()].op != Op::BoxF
    }

    /// Nothing that is known of the object says that young collections scan it anyway.
    fn has_barrier(&self, object: Ref) -> bool {
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

    fn barrier(&mut self, object: Ref, base: u8, displacement: i32) {
        if self.barriers.contains(&object) {
            return;
        }
        let (label, back) = (self.emitter.label(), self.emitter.label());
        self.barriers.push(object);
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
        let incomplete = remembered(offset_of!(Remembered, incomplete));
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
            ; mov BYTE [r15 + incomplete], 1
            ; jmp =>done
        );
    }
}
