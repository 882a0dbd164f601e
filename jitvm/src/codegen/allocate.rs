//! NEW: takes a cell from the heap's size class inline; what does not go inline (a collection, the box of a float) is a
//! call out of line.

use std::mem::offset_of;

use super::CompileFailure;
use super::assemble::{Assembler, SCRATCH, SlowCall, SlowPath};
use super::emit::{Condition, emit};
use super::registers::Register;
use crate::ir::Ins;
use crate::runtime::heap::{CELL_SIZES, Heap, SizeClass};
use crate::runtime::vm::Vm;
use dynasmrt::{DynasmApi, DynasmLabelApi};

/// Displacement of a size class from the VM.
const fn size_class(index: usize) -> i32 {
    (offset_of!(Vm, heap) + offset_of!(Heap, classes) + index * size_of::<SizeClass>()) as i32
}

impl Assembler<'_> {
    pub fn new_object(&mut self, at: usize, ins: Ins, registers: [Register; 4]) -> Result<(), CompileFailure> {
        const VM: u8 = Register::VM.number();
        let new = self.body.new_object(ins).ok_or(CompileFailure::Malformed("NEW of no object"))?;
        let to = registers[3].number();
        let class = Heap::class_of(new.bytes as usize);
        let cursor = size_class(class) + offset_of!(SizeClass, cursor) as i32;
        let limit = size_class(class) + offset_of!(SizeClass, limit) as i32;
        let (label, back) = (self.emitter.label(), self.emitter.label());
        self.emitter.load(to, VM, cursor);
        self.emitter.compare_memory(to, VM, limit);
        self.emitter.jump_if(Condition::NotBelow, label);
        self.emitter.address(SCRATCH, to, CELL_SIZES[class].into());
        self.emitter.store(VM, cursor, SCRATCH);
        self.emitter.address(to, to, 1);
        self.emitter.bind(back);
        self.emitter.store_word(to, -1, new.header());
        let live = self.live(at);
        self.slow_paths.push(SlowPath { label, back, to, live, call: SlowCall::New(new), at: self.at });
        Ok(())
    }

    /// Out of line: calls the helper with all live registers saved on the stack, where the collector looks for
    /// references.
    pub fn slow_path(&mut self, slow: SlowPath) {
        let frame = (slow.live.len() as i32 * 8 + 15) & !15;
        self.emitter.bind(slow.label);
        if frame > 0 {
            emit!(self.emitter.ops ; sub rsp, frame);
        }
        const RSP: u8 = Register::RSP.number();
        for (k, register) in slow.live.iter().enumerate() {
            let place = 8 * k as i32;
            if register.is_vector() {
                self.emitter.store_vector(RSP, place, register.number());
            } else {
                self.emitter.store(RSP, place, register.number());
            }
        }
        match slow.call {
            SlowCall::Box { from } => {
                emit!(self.emitter.ops ; movq rsi, Rx(from) ; mov rdi, r15);
                self.call_address(self.targets.box_float as usize);
            }
            SlowCall::New(new) => {
                self.emitter.set(Register::RSI.number(), new.bytes.into());
                self.emitter.set(Register::RDX.number(), new.shape.into());
                emit!(self.emitter.ops ; mov rdi, r15);
                self.call_address(self.targets.allocate as usize);
            }
            SlowCall::Function(site) => self.call_slowly(site),
        }
        self.emitter.copy(slow.to, Register::RAX.number());
        for (k, register) in slow.live.iter().enumerate() {
            let place = 8 * k as i32;
            if register.is_vector() {
                self.emitter.load_vector(register.number(), RSP, place);
            } else {
                self.emitter.load(register.number(), RSP, place);
            }
        }
        if frame > 0 {
            emit!(self.emitter.ops ; add rsp, frame);
        }
        emit!(self.emitter.ops ; jmp =>slow.back);
    }
}
