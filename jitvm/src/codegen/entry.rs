//! The two borders of generated code: `enter` goes in, the common exit path comes out through an [`ExitState`].

use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynasmApi, VecAssembler, dynasm};
use std::mem::offset_of;

use super::Location;
use super::registers::Register;
use crate::ir::Const;
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

/// Called by every exit of a trace; what it returns is the result of [`enter`].
pub type ExitHandler = extern "C" fn(vm: *mut Vm, state: *mut ExitState) -> u64;

/// The machine state at an exit, on the native stack (where the collector looks for references).
#[derive(Debug)]
#[repr(C)]
pub struct ExitState {
    /// Index into the artifact's exits.
    pub exit: u32,
    pub trace: u32,
    /// By hardware number; r11 is not that of the trace.
    pub gpr: [u64; 16],
    pub xmm: [f64; 16],
    /// Of the trace's frame, which is still there: spill slots are below it.
    pub rbp: u64,
}

impl ExitState {
    /// Whether the interpreter has entered the activation, not compiled code.
    pub fn is_entered_by_interpreter(&self, vm: &Vm) -> bool {
        // SAFETY: rbp is that of a trace's native frame, above which is its return address.
        unsafe { *((self.rbp + 8) as *const usize) == vm.entered_from }
    }
}

impl ExitState {
    /// The raw bits of a value: a tagged word, an address, or those of a float.
    pub fn read(&self, location: Location, constants: &[Const]) -> u64 {
        match location {
            Location::General(number) => self.gpr[number as usize],
            Location::Vector(number) => self.xmm[number as usize].to_bits(),
            Location::Spill(slot) => {
                let address = self.rbp - 8 * (u64::from(slot) + 1);
                // SAFETY: the frame that rbp points to is live during the exit handler and has the slots of its trace.
                unsafe { *(address as *const u64) }
            }
            Location::Constant(constant) => constants[constant.constant_index()].word(),
            Location::Sunk(_) => 0,
        }
    }
}

// `enter` and `call` load what `Register::PARAMETERS` says, before the code's address in rdx is called.
const _: () = assert!(matches!(Register::PARAMETERS, [Register::RCX, Register::RSI, Register::RDI, Register::R8]));

/// How the functions here begin, with a native frame that unwinders know.
macro_rules! begin_frame {
    () => {
        "
        .cfi_startproc
        push rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        mov rbp, rsp
        .cfi_def_cfa_register rbp
        "
    };
}

/// And how they end.
macro_rules! end_frame {
    () => {
        "
        pop rbp
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc
        "
    };
}

/// The text of a function that calls code in rdx as the trace of the VM in rdi, from the slot in rsi on; first executes
/// the given instructions.
macro_rules! calling {
    ($($first:literal),* ; $($operands:tt)*) => {
        // Six pushes and 8 bytes keep the stack aligned for the call.
        core::arch::naked_asm!(
            begin_frame!(),
            "push rbx",
            "push r12",
            "push r13",
            "push r14",
            "push r15",
            "sub rsp, 8",
            "mov r15, rdi",
            "mov r14, rsi",
            $($first,)*
            "mov rcx, [r14]",
            "mov rsi, [r14 + 8]",
            "mov rdi, [r14 + 16]",
            "mov r8, [r14 + 24]",
            "call rdx",
            "2:",
            "add rsp, 8",
            "pop r15",
            "pop r14",
            "pop r13",
            "pop r12",
            "pop rbx",
            end_frame!(),
            $($operands)*
        )
    };
}

/// Runs a trace until it exits: `base` is the slot that the trace calls 0.
///
/// # Safety
/// `code` is the entry of an installed trace, `base` points into the VM's stack with room for what the trace was
/// recorded on, and four words at least, and the slots there have live values.
#[unsafe(naked)]
pub unsafe extern "C" fn enter(vm: *mut Vm, base: *mut Value, code: *const u8) -> u64 {
    calling!(
        "lea rax, [rip + 2f]", "mov [rdi + {entered_from}], rax";
        entered_from = const offset_of!(Vm, entered_from),
    )
}

/// As [`enter`], on behalf of compiled code: an exit runs the rest of the activation in the interpreter and gives its
/// result.
///
/// # Safety
/// As there; `code` is the entry of a trace that begins where the activation of the top frame does.
#[unsafe(naked)]
pub unsafe extern "C" fn call(vm: *mut Vm, base: *mut Value, code: *const u8) -> u64 {
    calling!(;)
}

/// The text of a function that compiled code calls as it calls traces, and that has Rust code run the activation whose
/// frame the caller has pushed.
macro_rules! interpreting {
    ($run:path) => {
        core::arch::naked_asm!(
            begin_frame!(),
            "mov rdi, r15",
            "call {run}",
            end_frame!(),
            run = sym $run,
        )
    };
}

/// What code without a trace has for its entry: runs the activation in the interpreter.
///
/// # Safety
/// Called by compiled code alone: r15 is the VM.
#[unsafe(naked)]
pub unsafe extern "C" fn interpret_activation() -> u64 {
    interpreting!(crate::interp::activation::interpret)
}

/// What loops without a trace have for their entry: as [`interpret_activation`], from the frame's instruction on.
///
/// # Safety
/// As there.
#[unsafe(naked)]
pub unsafe extern "C" fn interpret_rest() -> u64 {
    interpreting!(crate::interp::activation::interpret_rest)
}

/// The code every trace's stubs end in. On entry the exit number and the trace number have been pushed, rbp is the
/// trace's frame and r15 the VM; all other registers are the trace's.
pub(super) fn exit_path(base: usize, handler: ExitHandler) -> Vec<u8> {
    const SIZE: i32 = size_of::<ExitState>() as i32;
    const GPR: i32 = offset_of!(ExitState, gpr) as i32;
    const XMM: i32 = offset_of!(ExitState, xmm) as i32;
    const _: () = assert!(size_of::<ExitState>().is_multiple_of(16));
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
        ; lea rax, [rsp + SIZE + 16]
        ; mov [rsp + GPR + 8 * 4], rax
        ; mov eax, [rsp + SIZE + 8]
        ; mov [rsp + offset_of!(ExitState, exit) as i32], eax
        ; mov eax, [rsp + SIZE]
        ; mov [rsp + offset_of!(ExitState, trace) as i32], eax
        ; mov [rsp + offset_of!(ExitState, rbp) as i32], rbp
        ; mov rdi, r15
        ; mov rsi, rsp
        ; mov rax, QWORD handler as usize as i64
        ; call rax
        ; leave
        ; ret
    );
    ops.finalize().expect("straight-line code has no labels to resolve")
}
