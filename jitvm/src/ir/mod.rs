//! Traces in SSA form: instructions of 16 bytes, constants, snapshots.
//!
//! Invariants: operands precede their uses (PHI's second operand aside); an instruction's id is its index and no pass
//! renumbers (a removed one becomes NOP); a snapshot describes the interpreter's state before the bytecode at its pc;
//! a guard leaves through the last snapshot whose `at` is not after it; values of the VM stack are written at exits
//! only, so no instruction reads a slot that a snapshot would restore.
//!
//! Shape of a loop trace after peeling: the recorded iteration (the pre-roll), `LOOP`, the copy of it that is left
//! after what the pre-roll already computed or checked was shared, and the PHIs.

pub mod check;
pub mod interpret;
pub mod label;
pub mod op;
pub mod parse;
pub mod text;

pub use label::Label;
pub use op::{Alias, Effect, Field, OPERATIONS, Op, TYPES, Ty};

use std::mem::offset_of;

use crate::runtime::heap::LARGEST_CELL;
use crate::runtime::object::Header;
use crate::runtime::value::Value;
use crate::runtime::vm::Continuation;
use crate::sizes;

/// What SLOAD calls the slot before register 0.
pub const FUNCTION_SLOT: u32 = u16::MAX as u32;

/// Reference to an instruction (its index) or, with the top bit set, to a constant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Ref(pub u16);

impl Ref {
    /// No operand.
    pub const NONE: Ref = Ref(0x7fff);
    const CONSTANT: u16 = 0x8000;

    pub const fn constant(index: usize) -> Ref {
        Ref(Ref::CONSTANT | index as u16)
    }
    pub const fn is_constant(self) -> bool {
        self.0 & Ref::CONSTANT != 0
    }
    pub const fn is_none(self) -> bool {
        self.0 == Ref::NONE.0
    }
    /// Index into the constants; the reference is one to a constant.
    pub const fn constant_index(self) -> usize {
        (self.0 & !Ref::CONSTANT) as usize
    }
    /// Index into the instructions; the reference is one to an instruction.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Instruction flags (`Ins::flags`).
pub mod flags {
    /// A NEW that is not executed: exits make the object from the words that their snapshots list.
    pub const SUNK: u8 = 1;
    /// Result carried round the loop.
    pub const PHI: u8 = 2;
    /// Defined before LOOP and used after it.
    pub const INVARIANT: u8 = 4;
    /// A guard that passes: the trace which this one starts from has established it.
    pub const GIVEN: u8 = 8;
}

/// One instruction: 16 bytes, logged as they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Ins {
    pub op: Op,
    pub ty: Ty,
    pub flags: u8,
    /// Register of the result after allocation (0..16 general, 16..32 vector, 0xff none).
    pub register: u8,
    pub a: Ref,
    pub b: Ref,
    /// Third reference, or a number, as the operation's table row says.
    pub c: u32,
    /// Scratch of the passes (chain of equal operations).
    pub previous: Ref,
    /// Spill slot of the result after allocation, 0xffff if none.
    pub spill: u16,
}

impl Ins {
    pub const NOP: Ins = Ins::new(Op::Nop, Ty::Nil, Ref::NONE, Ref::NONE, 0);

    pub const fn new(op: Op, ty: Ty, a: Ref, b: Ref, c: u32) -> Ins {
        Ins { op, ty, flags: 0, register: 0xff, a, b, c, previous: Ref::NONE, spill: 0xffff }
    }
    /// A NEW that only exits execute.
    pub fn is_sunk(self) -> bool {
        self.op == Op::New && self.flags & flags::SUNK != 0
    }
    /// The third operand as a reference; only where the table says so.
    pub const fn c_ref(self) -> Ref {
        Ref(self.c as u16)
    }
    /// The operand of a guard whose value says why it failed: the first that is no constant.
    pub fn observed(self) -> Option<Ref> {
        if self.op == Op::G_Watch {
            // The cell has it.
            return None;
        }
        self.operands().find(|r| !r.is_constant()).or_else(|| self.operands().next())
    }
    /// Every operand that is a reference.
    pub fn operands(self) -> impl Iterator<Item = Ref> {
        let [a, b, c] = self.op.fields();
        let pick = |field: Field, r: Ref| (field == Field::Ref && !r.is_none()).then_some(r);
        [pick(a, self.a), pick(b, self.b), pick(c, self.c_ref())].into_iter().flatten()
    }
}

/// A constant operand. Two are equal if they are the same word of the same type, so that a NaN equals itself.
#[derive(Clone, Debug)]
pub enum Const {
    /// Fixnum, untagged here.
    Int(i64),
    Flt(f64),
    /// Any other tagged value, with its text for listings; a GC root while the trace lives.
    Val(Value, Box<str>),
    /// Untagged address (a module cell), with its text. Its object is kept alive by the VM.
    Raw(u64, Box<str>),
}

impl Const {
    /// Memory of what constants are called in listings.
    pub fn texts(constants: &[Const]) -> usize {
        let text = |constant: &Const| match constant {
            Const::Val(_, text) | Const::Raw(_, text) => sizes::piece(text.len()),
            Const::Int(_) | Const::Flt(_) => 0,
        };
        constants.iter().map(text).sum()
    }

    pub const fn ty(&self) -> Ty {
        match self {
            Const::Int(_) => Ty::Int,
            Const::Flt(_) => Ty::Flt,
            Const::Val(value, _) if value.is_bool() => Ty::Bool,
            Const::Val(..) => Ty::Val,
            Const::Raw(..) => Ty::Raw,
        }
    }
    /// The machine word: tagged for Int and Val, raw bits otherwise.
    pub fn word(&self) -> u64 {
        match self {
            Const::Int(i) => Value::from_fixnum(*i).0,
            Const::Flt(x) => x.to_bits(),
            Const::Val(v, _) => v.0,
            Const::Raw(w, _) => *w,
        }
    }
}

impl PartialEq for Const {
    fn eq(&self, other: &Const) -> bool {
        self.ty() == other.ty() && self.word() == other.word()
    }
}

/// How the interpreter goes on after an exit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Resume {
    /// Executes the innermost frame's bytecode at its pc.
    Execute,
    /// Unwinds from that bytecode with the pending exception.
    Raise,
    /// As Execute, but only if the guard's condition does not hold: it decides on which of two ways to go on.
    Onward,
}

/// One Python frame of a snapshot; `base` is relative to the trace's anchor frame (0 for that one).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SnapFrame {
    pub code: CodeId,
    /// The bytecode to execute (innermost), or the CALL that waits for its result (outer frames).
    pub pc: u32,
    pub base: u16,
    /// What becomes of its result; of the anchor frame, `Call`.
    pub continuation: Continuation,
}

/// A slot that an exit must write; slot 0 is register 0 of the anchor frame. In a snapshot, slots ascend. A `Flt`
/// value is boxed when the slot is written; a sunk NEW is made, with the words that the snapshot lists for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SnapSlot {
    pub slot: u16,
    pub value: Ref,
}

/// An object that an exit must make: a sunk NEW as it is at the snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnapObject {
    /// The sunk NEW.
    pub object: Ref,
    /// Its shape at the snapshot.
    pub shape: u32,
    /// Its words behind the header: tagged values, floats (to be boxed), constants, other sunk objects of the snapshot.
    pub words: Vec<Ref>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// First instruction this snapshot is for.
    pub at: u16,
    pub resume: Resume,
    pub frames: Vec<SnapFrame>,
    pub slots: Vec<SnapSlot>,
    /// Every sunk object that the slots or other objects here refer to, each once.
    pub objects: Vec<SnapObject>,
}

impl Snapshot {
    /// Everything it refers to: the values of the slots, then the words of each object. Locations of an exit, words of
    /// the IR interpreter's exit and the numbers of PARENT are in this order.
    pub fn values(&self) -> impl Iterator<Item = Ref> + '_ {
        let words = self.objects.iter().flat_map(|object| object.words.iter().copied());
        self.slots.iter().map(|slot| slot.value).chain(words)
    }
    /// Index in `objects` of a sunk NEW.
    pub fn object(&self, new: Ref) -> Option<usize> {
        self.objects.iter().position(|object| object.object == new)
    }
}

/// Size and header of what a NEW makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewObject {
    /// All of it, a multiple of 8.
    pub bytes: u32,
    pub shape: u32,
    pub kind: u8,
    pub aux: u16,
}

impl NewObject {
    /// The object's first word.
    pub const fn header(self) -> u64 {
        (self.shape as u64) << (8 * offset_of!(Header, shape))
            | (self.kind as u64) << (8 * offset_of!(Header, kind))
            | (self.aux as u64) << (8 * offset_of!(Header, aux))
    }
    /// Words behind the header.
    pub const fn words(self) -> usize {
        self.bytes as usize / 8 - 1
    }
}

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident;)*) => { $(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
        #[repr(transparent)]
        pub struct $name(pub u32);
        impl $name { #[inline(always)] pub const fn index(self) -> usize { self.0 as usize } }
    )* };
}

ids! {
    /// A code object of the running program.
    CodeId;
    /// A trace, in the order recordings were started, from 1; aborted ones have ids too.
    TraceId;
    /// An exit of a trace, in the order of its guards.
    ExitId;
}

/// Where an instruction comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    pub code: CodeId,
    pub pc: u32,
}

/// The instructions of a trace with all they refer to; what each pass takes and returns.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Body {
    pub ins: Vec<Ins>,
    pub constants: Vec<Const>,
    /// Sorted by `at`.
    pub snapshots: Vec<Snapshot>,
    /// By instruction index.
    pub origins: Vec<Origin>,
    /// Values of the loop around that stay as they are: each exit after LOOP, or of a trace without one, hands them on to
    /// its side trace, behind the values of its snapshot.
    pub kept: Vec<Kept>,
    /// Of a side trace: slots of the stack that hold, where it starts, what is inherited as well.
    pub in_slots: Vec<SnapSlot>,
    /// Of a side trace: guards that pass where it starts. `dce` takes them here from among the instructions.
    pub given: Vec<Ins>,
}

/// A value that no iteration of a loop changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept {
    /// What it is in the loop's trace.
    pub of_loop: Ref,
    /// What it is here.
    pub here: Ref,
}

/// A trace as the recorder leaves it: one iteration of the anchor loop, not closed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub body: Body,
    /// The state at the end of the iteration: `at` is the number of instructions, one frame (the anchor's, base 0)
    /// at the loop header with `Resume::Execute`, and every slot that the iteration changed.
    pub closing: Snapshot,
    /// The root trace whose loop header a side trace came to.
    pub link: Option<TraceId>,
}

impl Body {
    /// Interns by word and type.
    pub fn constant(&mut self, constant: Const) -> Ref {
        let found = self.constants.iter().position(|c| *c == constant);
        let index = found.unwrap_or_else(|| {
            self.constants.push(constant);
            self.constants.len() - 1
        });
        Ref::constant(index)
    }
    /// The argument of a CALLF that is not written: its register is not read any more.
    pub fn nothing(&mut self) -> Ref {
        self.constant(Const::Raw(0, "-".into()))
    }
    pub fn is_nothing(&self, r: Ref) -> bool {
        r.is_constant() && matches!(self.constants[r.constant_index()], Const::Raw(0, _))
    }
    /// Type of an operand.
    pub fn ty(&self, r: Ref) -> Ty {
        if r.is_none() {
            Ty::Nil
        } else if r.is_constant() {
            self.constants[r.constant_index()].ty()
        } else {
            self.ins[r.index()].ty
        }
    }
    /// Arguments of a CARG chain, first to last.
    pub fn arguments(&self, chain: Ref) -> Vec<Ref> {
        let mut arguments = Vec::new();
        let mut next = chain;
        while !next.is_none() {
            let ins = self.ins[next.index()];
            arguments.push(ins.b);
            next = ins.a;
        }
        arguments.reverse();
        arguments
    }
    /// Adds the constants of a NEW: its operands a and b.
    pub fn new_operands(&mut self, bytes: u32, kind: u8, aux: u16) -> (Ref, Ref) {
        let about = i64::from(kind) + 256 * i64::from(aux);
        (self.constant(Const::Int(bytes.into())), self.constant(Const::Int(about)))
    }
    /// What a NEW makes; `None` if its operands are not as they must be.
    pub fn new_object(&self, new: Ins) -> Option<NewObject> {
        let number = |r: Ref| match self.constants.get(r.constant_index()) {
            Some(Const::Int(i)) if r.is_constant() => u32::try_from(*i).ok(),
            _ => None,
        };
        let (bytes, about) = (number(new.a)?, number(new.b)?);
        let fits = bytes >= 16 && bytes as usize <= LARGEST_CELL && bytes.is_multiple_of(8);
        let (kind, aux) = (about as u8, u16::try_from(about >> 8).ok()?);
        (new.op == Op::New && fits).then_some(NewObject { bytes, shape: new.c, kind, aux })
    }
    /// Whether a reference is to a NEW that is not executed.
    pub fn is_sunk(&self, r: Ref) -> bool {
        !r.is_constant() && self.ins.get(r.index()).is_some_and(|ins| ins.is_sunk())
    }
    /// Index of the snapshot a guard at `index` leaves through.
    pub fn snapshot_of(&self, index: usize) -> Option<usize> {
        self.snapshots.partition_point(|s| s.at as usize <= index).checked_sub(1)
    }
    /// Where in the anchor's code the helper that the instruction at `index` calls is called, if it may raise: the guard
    /// behind it leaves to there, or, if it raised while recording, behind it.
    pub fn pc_of_call(&self, index: usize) -> Option<u32> {
        let snapshot = &self.snapshots[self.snapshot_of(index + 1)?];
        let is_of_call = snapshot.at as usize == index + 1;
        match (snapshot.resume, snapshot.frames.as_slice()) {
            (Resume::Raise, [anchor, ..]) | (Resume::Onward, [anchor, _, ..]) if is_of_call => Some(anchor.pc),
            (Resume::Onward, [_]) if is_of_call => Some(self.origins[index].pc),
            _ => None,
        }
    }
    /// Whether the guard at `index` could leave at any time: after a helper that raised the bytecode is not executed
    /// again, so without an exception there is no state to go on from.
    pub fn may_be_forced(&self, index: usize) -> bool {
        self.snapshot_of(index).is_some_and(|snapshot| self.snapshots[snapshot].resume == Resume::Execute)
    }
    /// What the exit of the guard at `index` hands on behind its snapshot's values.
    pub fn kept_at(&self, index: usize) -> &[Kept] {
        let before_loop = !self.kept.is_empty() && self.loop_index().is_some_and(|start| index < start);
        if before_loop { &[] } else { &self.kept }
    }
    /// Gives back memory that nothing will be added in.
    pub fn shrink(&mut self) {
        self.ins.shrink_to_fit();
        self.constants.shrink_to_fit();
        self.origins.shrink_to_fit();
        self.snapshots.shrink_to_fit();
        for snapshot in &mut self.snapshots {
            snapshot.frames.shrink_to_fit();
            snapshot.slots.shrink_to_fit();
            snapshot.objects.shrink_to_fit();
        }
    }
    /// Index of LOOP, if the trace has been peeled.
    pub fn loop_index(&self) -> Option<usize> {
        self.ins.iter().position(|i| i.op == Op::Loop)
    }
}

const _: () = assert!(size_of::<Ins>() == 16);
