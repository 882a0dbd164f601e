//! The way out to a witness and back, before each instruction, for traces compiled to be checked.

use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynasmApi, VecAssembler, dynasm};
use std::mem::offset_of;

use super::assemble::Assembler;
use super::emit::emit;
use super::entry::{ExitHandler, ExitState};
use super::registers::Register;
use super::{Arena, CompileFailure, Location};
use crate::ir::{Op, TraceId};

/// An instruction that machine code announces before it executes it, and where its operands are by then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Index of the instruction.
    pub at: u16,
    /// Operands a, b, c (of a call: its arguments), where they are in registers.
    pub operands: Vec<Option<Location>>,
}

/// Installs the code that every checkpoint calls: saves all registers, calls `witness` with them (`exit` is the index
/// of the instruction), and restores them. Gives its address.
pub fn install(arena: &mut Arena, witness: ExitHandler) -> std::io::Result<Option<usize>> {
    let code = routine(arena.next(), witness);
    Ok(arena.install(&code)?.map(|range| range.start))
}

/// On entry the stack has the return address, the trace number and the index of the instruction.
fn routine(base: usize, witness: ExitHandler) -> Vec<u8> {
    const SIZE: i32 = size_of::<ExitState>() as i32 + 8;
    const GPR: i32 = offset_of!(ExitState, gpr) as i32;
    const XMM: i32 = offset_of!(ExitState, xmm) as i32;
    let mut ops: VecAssembler<X64Relocation> = VecAssembler::new(base);
    dynasm!(ops ; .arch x64 ; sub rsp, SIZE);
    for number in 0..16u8 {
        dynasm!(ops
            ; .arch x64
            ; mov [rsp + GPR + 8 * i32::from(number)], Rq(number)
            ; movsd [rsp + XMM + 8 * i32::from(number)], Rx(number)
        );
    }
    dynasm!(ops
        ; .arch x64
        ; mov eax, [rsp + SIZE + 16]
        ; mov [rsp + offset_of!(ExitState, exit) as i32], eax
        ; mov eax, [rsp + SIZE + 8]
        ; mov [rsp + offset_of!(ExitState, trace) as i32], eax
        ; mov [rsp + offset_of!(ExitState, rbp) as i32], rbp
        ; mov rdi, r15
        ; mov rsi, rsp
        ; mov rax, QWORD witness as usize as i64
        ; call rax
    );
    for number in (0..16u8).filter(|&number| number != Register::RSP.number()) {
        dynasm!(ops
            ; .arch x64
            ; mov Rq(number), [rsp + GPR + 8 * i32::from(number)]
            ; movsd Rx(number), [rsp + XMM + 8 * i32::from(number)]
        );
    }
    dynasm!(ops
        ; .arch x64
        ; movsd xmm4, [rsp + XMM + 8 * i32::from(Register::RSP.number())]
        ; add rsp, SIZE
        ; ret 16
    );
    ops.finalize().expect("straight-line code has no labels to resolve")
}

impl Assembler<'_> {
    /// Announces the instruction, if somebody wants to know.
    pub fn checkpoint(&mut self, at: usize, trace: TraceId) -> Result<(), CompileFailure> {
        let Some(routine) = self.options.checkpoints else { return Ok(()) };
        let ins = self.body.ins[at];
        let in_register = |register: Register| (!register.is_none()).then(|| register.location());
        let operands = if ins.op == Op::CallF {
            Vec::new()
        } else if ins.op == Op::CallH {
            let count = self.body.arguments(ins.a).len();
            Register::ARGUMENTS.iter().take(count).map(|&register| in_register(register)).collect()
        } else {
            self.allocation.registers[at][..3].iter().map(|&register| in_register(register)).collect()
        };
        self.checkpoints.push(Checkpoint { at: at as u16, operands });
        // What the instruction before has found is in the flags, which the witness does not keep.
        let reads_flags = self.condition_in_flags(ins).is_some();
        if reads_flags {
            emit!(self.emitter.ops ; lea rsp, [rsp - 8] ; pushfq);
        }
        emit!(self.emitter.ops ; push DWORD at as i32 ; push DWORD trace.0 as i32);
        self.call_address(routine);
        if reads_flags {
            emit!(self.emitter.ops ; popfq ; lea rsp, [rsp + 8]);
        }
        Ok(())
    }
}
