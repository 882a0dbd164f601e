//! From an optimised trace to machine code: what the allocator and assembler take and return.

use crate::ir::Ref;

/// Where a value is when an exit is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Location {
    /// General register by its hardware number.
    General(u8),
    /// Vector register by its hardware number.
    Vector(u8),
    /// 8-byte slot of the native frame: `[rbp - 8 * (slot + 1 + reserved)]` as `ExitState::spill` computes.
    Spill(u16),
    /// A constant of the trace.
    Constant(Ref),
}

/// One way out of a trace: one per guard.
#[derive(Clone, PartialEq, Debug)]
pub struct Exit {
    /// Index of the guard.
    pub guard: u16,
    /// Index of its snapshot.
    pub snapshot: u16,
    /// By slot of the snapshot.
    pub locations: Vec<Location>,
    /// The value that failed the guard (its operand `a`), where it has one.
    pub observed: Option<Location>,
    /// Offset in the code of the guard's conditional jump displacement, for patching.
    pub patch: u32,
}
