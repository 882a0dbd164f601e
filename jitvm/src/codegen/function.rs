//! CALLF and RET: native calls between compiled functions (`interp::activation` says how they work together).
//!
//! The caller writes the arguments to the VM stack and the frames that wait, its callee's included, to the stack of
//! frames; r14 goes to the callee's register 0 and back. Whatever keeps a call from being native is out of line.
//!
//! The first arguments are in registers as well (`Register::PARAMETERS`), so that a callee need not wait for what has just
//! been stored; whoever else calls an entry loads them (`entry`).

use std::mem::offset_of;
use std::rc::Rc;

use super::assemble::{Assembler, SCRATCH, SlowCall, SlowPath, slot_offset};
use super::emit::{Condition, emit};
use super::parallel_move::{self, Move};
use super::registers::{Register, RegisterSet};
use super::{CompileFailure, Location};
use crate::interp::activation::{self, CallSite};
use crate::ir::{Ins, SnapFrame};
use crate::runtime::frame_stack::FrameStack;
use crate::runtime::value::Value;
use crate::runtime::vm::{Frame, Vm};
use dynasmrt::{DynasmApi, DynasmLabelApi};

const VM: u8 = Register::VM.number();
const BASE: u8 = Register::BASE.number();
const RAX: u8 = Register::RAX.number();
const RDX: u8 = Register::RDX.number();

const FRAMES: i32 = offset_of!(Vm, frames) as i32;
const TOP: i32 = FRAMES + offset_of!(FrameStack, top) as i32;
const ROOM: i32 = FRAMES + offset_of!(FrameStack, room_for_call) as i32;
const FRAME: i32 = size_of::<Frame>() as i32;
const PC: i32 = offset_of!(Frame, pc) as i32;
const FRAME_BASE: i32 = offset_of!(Frame, base) as i32;
const VALUE: i32 = offset_of!(Frame, value) as i32;

// What `push_frame` relies on: four halves of two words.
const _: () = assert!(FRAME == 24 && FRAME_BASE == 0 && offset_of!(Frame, continuation) == 4);
const _: () = assert!(offset_of!(Frame, code) == 8 && PC == 12);

impl Assembler<'_> {
    /// Leaves rax to the caller; the native frame goes.
    pub fn return_value(&mut self, ins: Ins, registers: [Register; 4]) {
        let from = self.general(ins.a, registers[0], RAX);
        self.emitter.copy(RAX, from);
        emit!(self.emitter.ops ; leave ; ret);
    }

    pub fn call_function(&mut self, at: usize) -> Result<(), CompileFailure> {
        let site = CallSite::of(self.body, at).ok_or(CompileFailure::Malformed("CALLF of nothing"))?;
        let found = self.allocation.calls.iter().find(|call| call.0 as usize == at);
        let (_, arguments) = found.ok_or(CompileFailure::Malformed("CALLF without arguments"))?;
        let in_registers = if site.is_rest { 0 } else { Register::PARAMETERS.len() };
        let mut moves = Vec::with_capacity(in_registers);
        for (i, &location) in arguments.iter().enumerate() {
            let displacement = slot_offset(u32::from(site.slot) - 1 + i as u32)?;
            match location {
                from if (1..=in_registers).contains(&i) => {
                    moves.push(Move { to: Register::PARAMETERS[i - 1].location(), from });
                }
                Location::General(from) => self.emitter.store(BASE, displacement, from),
                // A register that is not read any more.
                Location::Constant(constant) if self.body.is_nothing(constant) => {}
                Location::Constant(constant) => {
                    let word = self.constant(constant);
                    self.emitter.store_word(BASE, displacement, word);
                }
                _ => {
                    self.emitter.transfer(Location::General(SCRATCH), location, &self.body.constants);
                    self.emitter.store(BASE, displacement, SCRATCH);
                }
            }
        }
        let count = moves.len();
        let mut ordered = Vec::with_capacity(count);
        parallel_move::order(&mut moves, &mut ordered);
        for m in ordered {
            self.emitter.transfer(m.to, m.from, &self.body.constants);
        }
        for (i, register) in Register::PARAMETERS[..count].iter().enumerate() {
            let displacement = slot_offset(u32::from(site.slot) + i as u32)?;
            self.emitter.store(BASE, displacement, register.number());
        }
        let (slow, back) = (self.emitter.label(), self.emitter.label());
        let pushed = site.frames.len() as i32 * FRAME;
        let (slot, entry) = (slot_offset(site.slot.into())?, site.entry);

        // rdx: behind the innermost frame.
        self.emitter.load(RDX, VM, TOP);
        self.emitter.compare_memory(RDX, VM, ROOM);
        self.emitter.jump_if(Condition::Above, slow);
        self.emitter.compare_memory(Register::RSP.number(), VM, offset_of!(Vm, native_limit) as i32);
        self.emitter.jump_if(Condition::NotAbove, slow);
        self.emitter.compare_memory(BASE, VM, offset_of!(Vm, stack_end_for_calls) as i32);
        self.emitter.jump_if(Condition::NotBelow, slow);

        // xmm1: the base of the innermost frame in the first of four halves of words.
        emit!(self.emitter.ops ; movd xmm1, [rdx + FRAME_BASE - FRAME]);
        self.emitter.store_half(RDX, PC - FRAME, site.anchor_pc);
        for (i, frame) in site.frames.iter().enumerate() {
            // Its own frame the callee before has changed.
            if self.pushed.get(i) != Some(frame) || i + 1 == site.frames.len() {
                self.push_frame(i as i32 * FRAME, frame);
            }
        }
        self.pushed = site.frames[..site.frames.len() - 1].to_vec();
        emit!(self.emitter.ops ; add QWORD [r15 + TOP], pushed);
        self.emitter.address(BASE, BASE, slot);
        emit!(self.emitter.ops ; mov Rq(SCRATCH), QWORD entry as i64 ; call QWORD [Rq(SCRATCH)]);
        self.emitter.address(BASE, BASE, -slot);
        emit!(self.emitter.ops ; sub QWORD [r15 + TOP], pushed ; =>back);
        let site = Rc::new(site);
        let call = SlowCall::Function(Rc::as_ptr(&site));
        self.sites.push(site);
        self.slow_paths.push(SlowPath { label: slow, back, to: RAX, live: RegisterSet::EMPTY, call, at: self.at });
        Ok(())
    }

    /// Before a call of what may run code of the program, which may look at line numbers: rax is free.
    pub fn tell_place(&mut self, pc: u32) {
        self.emitter.load(RAX, VM, TOP);
        self.emitter.store_half(RAX, PC - FRAME, pc);
    }

    fn push_frame(&mut self, place: i32, frame: &SnapFrame) {
        let code = u64::from(frame.pc) << 32 | u64::from(frame.code.0);
        let base = u64::from(frame.continuation as u32) << 32 | u64::from(frame.base);
        let words = self.emitter.pool_of_two([base, code]);
        emit!(self.emitter.ops ; movups xmm0, [=>words] ; paddd xmm0, xmm1 ; movups [rdx + place], xmm0);
        if frame.continuation.resumes() {
            self.emitter.store_word(RDX, place + VALUE, Value::UNDEF.0);
        }
    }

    /// Out of line.
    pub fn call_slowly(&mut self, site: *const CallSite) {
        emit!(self.emitter.ops ; mov rdi, r15 ; mov rsi, r14 ; mov rdx, QWORD site as usize as i64);
        self.call_address(activation::call_slowly as *const () as usize);
    }
}
