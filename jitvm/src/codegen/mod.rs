//! From an optimised trace to machine code: what the allocator and assembler take and return.

#![allow(clippy::useless_conversion, reason = "dynasm converts register numbers, which are u8 here already")]

pub mod arena;
pub mod entry;

mod allocate;
mod analysis;
mod assemble;
mod barrier;
mod call;
pub mod checkpoint;
mod constraints;
mod emit;
mod float;
mod function;
mod guard;
mod integer;
mod memory;
mod parallel_move;
mod regalloc;
mod registers;
mod select;

mod slots;
mod verify;

pub use analysis::shared_values;
use std::fmt;
use std::rc::Rc;

use crate::interp::activation::CallSite;
use crate::interp::helpers::Helper;
use crate::ir::{Body, Ref, TraceId};
use crate::runtime::vm::Vm;
use crate::trace::watch::WatchPoint;

pub use arena::{Arena, Bounds, CodeRange};
pub use entry::{ExitHandler, ExitState, call, enter};

/// Where a value is when an exit is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Location {
    /// General register by its hardware number.
    General(u8),
    /// Vector register by its hardware number.
    Vector(u8),
    /// 8-byte slot of the native frame: `[rbp - 8 * (slot + 1)]`.
    Spill(u16),
    /// A constant of the trace.
    Constant(Ref),
    /// Nowhere: an object that the exit makes, by its index in the snapshot's list.
    Sunk(u16),
}

/// One way out of a trace: one per guard.
#[derive(Clone, PartialEq, Debug)]
pub struct Exit {
    /// Index of the guard.
    pub guard: u16,
    /// Index of its snapshot.
    pub snapshot: u16,
    /// By value of the snapshot (`Snapshot::values`), then by value handed on besides (`Body::kept_at`).
    pub locations: Vec<Location>,
    /// The value that failed the guard (`Ins::observed`), where it has one.
    pub observed: Option<Location>,
    /// Offset in the code of the 4-byte displacement to patch: control then reaches the new target with every value
    /// where `locations` says (r11 and xmm15 hold nothing).
    pub patch: u32,
}

/// Choices of the code generator; the default is what runs in production.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// Picks registers and evictions at random from this seed: a test mode that finds wrong assumptions.
    pub random_ra: Option<u64>,
    /// Makes every so many-th guard executed fail (`Vm::guard_countdown`; 0 = none): a test mode too.
    pub guard_fail: u32,
    /// Address of what to call before each instruction (`checkpoint::install`): a test mode as well.
    pub checkpoints: Option<usize>,
    /// A root trace that inherits something all the same: it makes a native frame of its own.
    pub own_frame: bool,
    /// Of a function's trace, from its entry: how many parameters the function has. The first of them arrive in registers.
    pub parameters: u16,
    /// The trace runs in a frame of a VM: what runs code of the program is told where in the anchor's code it is called.
    pub in_frame: bool,
}

/// What a side trace takes over from the exit it starts at.
#[derive(Clone, Copy, Debug)]
pub struct Inherited<'a> {
    /// Where the values of the parent's snapshot are (`Snapshot::values`; `PARENT` names them so).
    pub locations: &'a [Location],
    /// 8-byte slots of the parent's native frame, which the side trace goes on using.
    pub spills: u16,
    /// Where the trace goes in the end: the root trace that CLOSE names.
    pub link: Option<Target<'a>>,
    /// A word to increment at each entry.
    pub counter: Option<*mut u64>,
}

/// The trace at which another one ends.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    pub artifact: &'a Artifact,
    /// What the arguments of CLOSE are there (`Label::values`), with the value that each lies as
    /// ([`shared_values`]).
    pub values: &'a [(Ref, u16)],
}

/// Functions outside that generated code calls.
#[derive(Clone, Copy)]
pub struct Targets {
    /// Boxes the float of the given bits on the heap and returns its value; does not fail.
    pub box_float: extern "C" fn(*mut Vm, u64) -> u64,
    /// Memory for an object of so many bytes and of a shape, as a tagged pointer; does not fail.
    pub allocate: extern "C" fn(*mut Vm, u64, u64) -> u64,
    /// What `CALLH` indexes.
    pub helpers: &'static [Helper],
}

/// A compiled trace.
#[derive(Clone, PartialEq, Debug)]
pub struct Artifact {
    /// Everything: code, stubs, constants.
    pub code: CodeRange,
    /// What `enter` is given.
    pub entry: *const u8,
    /// Where other traces come in, which have given the native frame its size.
    pub inner_entry: usize,
    /// In the order of the guards; an `ExitState::exit` indexes it.
    pub exits: Vec<Exit>,
    /// Code offset where an instruction's code starts, with the instruction; ascending.
    pub map: Vec<(u32, u16)>,
    /// The same of the out-of-line parts behind the stubs of exits; `u16::MAX` comes from no instruction.
    pub slow_map: Vec<(u32, u16)>,
    /// 8-byte slots of the native frame.
    pub spills: u16,
    /// Offset of the loop's first instruction (0 without a loop).
    pub loop_start: u32,
    /// Where the loop has its values at its start, by value; one may be in two places.
    pub label: Vec<(u16, Location)>,
    /// Offset of the out-of-line part: guard stubs, slow paths, then constants.
    pub stubs: u32,
    /// In the order of the code; empty unless asked for.
    pub checkpoints: Vec<checkpoint::Checkpoint>,
    /// What its calls of functions are about, which its code refers to.
    pub sites: Vec<Rc<CallSite>>,
    /// Its guards that are made to fail from outside.
    pub watches: Vec<WatchPoint>,
}

/// Why a trace has no machine code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompileFailure {
    /// Code memory has no room for so many bytes.
    NoCodeMemory(usize),
    /// More instructions, exits or spill slots than the formats hold.
    TooBig,
    /// The trace breaks a rule of the IR that the code generator relies on.
    Malformed(&'static str),
}

impl fmt::Display for CompileFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileFailure::NoCodeMemory(bytes) => write!(f, "code memory has no room for {bytes} bytes"),
            CompileFailure::TooBig => f.write_str("too big"),
            CompileFailure::Malformed(what) => write!(f, "malformed: {what}"),
        }
    }
}

/// Allocates registers (filling in `register` and `spill` of each instruction), assembles and installs a trace.
pub fn compile(
    body: &mut Body,
    trace: TraceId,
    inherited: Option<&Inherited<'_>>,
    options: &Options,
    targets: &Targets,
    arena: &mut Arena,
) -> Result<Artifact, CompileFailure> {
    let analysis = analysis::analyse(body)?;
    let allocation = regalloc::allocate(body, &analysis, inherited, options)?;
    if cfg!(debug_assertions) {
        verify::verify(body, &analysis, inherited, &allocation);
    }
    assemble::assemble(body, trace, inherited, allocation, options, targets, arena)
}
