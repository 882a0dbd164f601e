//! The virtual machine's state: stack, frames, pending exception, heap, codes and modules.
//!
//! Machine code reaches the leading fields through r15, so their order and types are part of the code generator's
//! contract (`offset_of!` there). The VM is single-threaded; native code holds a `*mut Vm`.

use std::sync::Arc;

use super::heap::Heap;
use super::object::Cell;
use super::value::Value;
use crate::bytecode::{CodeProto, Source};
use crate::ir::CodeId;

/// Says that [`Vm::exception`] is set; the error type of everything that can raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised;

pub type Outcome<T = Value> = Result<T, Raised>;

/// One Python activation. Its registers are `stack[base .. base + code.proto.registers]`.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub code: CodeId,
    /// Instruction being executed (for frames below the top: the call that waits).
    pub pc: u32,
    /// Index into the value stack.
    pub base: u32,
}

/// A linked code object.
#[derive(Debug)]
pub struct Code {
    pub id: CodeId,
    pub proto: CodeProto,
    pub source: Arc<Source>,
    /// GC roots; `Constant::Code(i)` is a fixnum holding the `CodeId`.
    pub constants: Box<[Value]>,
    /// By global index.
    pub globals: Box<[*mut Cell]>,
    /// By name index: interned strs, GC roots.
    pub names: Box<[Value]>,
    /// Hotness and trace of each loop.
    pub loops: Vec<crate::trace::policy::LoopState>,
}

#[repr(C)]
pub struct Vm {
    /// Not 0 when the running code must stop at its next poll (a signal came).
    pub poll: u32,
    pub unused: u32,
    /// The pending exception object, or UNDEF.
    pub exception: Value,
    /// First and one past the last slot of the value stack.
    pub stack: *mut Value,
    pub stack_end: *mut Value,
    pub frames: Vec<Frame>,
    pub codes: Vec<Box<Code>>,
    pub heap: Heap,
    /// Objects that the VM itself keeps alive: builtins, type objects, constants of traces.
    pub permanent: Vec<Value>,
    /// Imported modules by name.
    pub modules: Vec<(String, Value)>,
    /// `sys.argv`.
    pub arguments: Vec<String>,
    pub jit: crate::trace::Jit,
}
