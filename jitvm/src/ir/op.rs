//! The one table of IR operations: operands, result type, guards and effects.
//!
//! Machine representation of the types: `Val Int Bool Obj` are tagged words in general registers (an `Int` is
//! `i << 2`, the very bits of its `Value`), `Raw` is an untagged word, `Flt` is an f64 in a vector register.

/// Static type of an instruction's result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Ty {
    /// No result.
    Nil,
    /// Any tagged value.
    Val,
    /// Tagged fixnum.
    Int,
    /// Raw f64.
    Flt,
    /// `True` or `False`.
    Bool,
    /// Tagged pointer to a heap object (whose shape a guard has checked).
    Obj,
    /// Untagged machine word: an address inside an object, not kept across a GC point.
    Raw,
}

pub const TYPES: &[(Ty, &str)] = &[
    (Ty::Nil, "nil"),
    (Ty::Val, "val"),
    (Ty::Int, "int"),
    (Ty::Flt, "flt"),
    (Ty::Bool, "bool"),
    (Ty::Obj, "obj"),
    (Ty::Raw, "raw"),
];

impl Ty {
    pub const fn name(self) -> &'static str {
        TYPES[self as usize].1
    }
    /// Represented by a tagged word in a general register.
    pub const fn is_tagged(self) -> bool {
        matches!(self, Ty::Val | Ty::Int | Ty::Bool | Ty::Obj)
    }
}

/// What an operand field of an instruction holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// Not used.
    No,
    /// Reference to an instruction or a constant.
    Ref,
    /// Plain number: a slot, an offset, a shape, a helper.
    Number,
}

/// What an operation does besides yielding its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Depends on its operands alone: may be shared or dropped.
    Pure,
    /// Leaves the trace when its check fails; may be shared when repeated, never dropped or moved over a `Store`.
    Guard,
    /// Reads memory of its alias class: may be shared while no store intervenes.
    Load,
    /// Writes memory of its alias class.
    Store,
    /// Calls out: effects by the helper's entry.
    Call,
    /// Makes an object: never shared, and needed only if something uses it.
    New,
    /// Structure of the trace itself (LOOP, PHI, CARG, NOP).
    Marker,
}

/// Memory an operation reads or writes; two classes never alias.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alias {
    None,
    /// Slots of the VM stack at trace entry; never written inside a trace.
    Slot,
    /// Module cells, by the constant cell.
    Cell,
    /// Fields of objects, by byte offset (c).
    Field,
    /// Fields of instances that hold doubles, by byte offset (c): as long as an object has its shape, a field of it is one
    /// of these or of the other.
    FloatField,
    /// Length and data pointer of lists.
    ListHeader,
    /// Elements of lists.
    Element,
    /// Contents of objects that never change (tuples, str, ranges).
    Immutable,
}

use Field::{No, Number as Num, Ref};

macro_rules! operations {
    ($($(#[doc = $doc:literal])+ $name:ident $text:literal $ty:ident $a:ident $b:ident $c:ident $effect:ident $alias:ident;)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[allow(non_camel_case_types, reason = "the field writes guards as G_INT")]
        pub enum Op { $($(#[doc = $doc])+ $name,)* }

        /// Every operation: itself, its name in listings, result type, operands, effect, alias class, meaning.
        pub const OPERATIONS: &[(Op, &str, Ty, [Field; 3], Effect, Alias, &str)] =
            &[$((Op::$name, $text, Ty::$ty, [$a, $b, $c], Effect::$effect, Alias::$alias, concat!($($doc),+)),)*];
    };
}

operations! {
    /// Removed instruction; keeps its index so that no pass renumbers.
    Nop "NOP" Nil No No No Marker None;
    /// Value stack slot c (0 = register 0 of the frame the trace is anchored in) as it was at trace entry; 65535 is the
    /// slot before register 0, which holds the function that runs.
    Sload "SLOAD" Val No No Num Load Slot;
    /// What slot c of the parent's snapshot held at the exit this side trace starts from, in the parent's register or
    /// spill slot; its type is the instruction's. Only at the start of a trace.
    Parent "PARENT" Val No No Num Load Slot;

    /// Fixnum or exit; the result is `a` itself.
    G_Int "G_INT" Int Ref No No Guard None;
    /// Immediate float or exit (a boxed float exits); the result is the unboxed float.
    G_Flt "G_FLT" Flt Ref No No Guard None;
    /// Heap object of shape c or exit; the result is `a` itself.
    G_Shape "G_SHAPE" Obj Ref No Num Guard None;
    /// Same word or exit (both `Val`-like or both `Raw`).
    G_Eq "G_EQ" Nil Ref Ref No Guard None;
    /// Different words or exit.
    G_Ne "G_NE" Nil Ref Ref No Guard None;
    /// a < b on Ints or exit.
    G_Lt "G_LT" Nil Ref Ref No Guard None;
    /// a <= b on Ints or exit.
    G_Le "G_LE" Nil Ref Ref No Guard None;
    /// a < b as unsigned words or exit: 0 <= a < b when b is not negative. Bounds check.
    G_Ult "G_ULT" Nil Ref Ref No Guard None;
    /// a < b on floats or exit.
    G_FltLt "GF_LT" Nil Ref Ref No Guard None;
    /// not (a < b) on floats or exit: true for NaN.
    G_FltNlt "GF_NLT" Nil Ref Ref No Guard None;
    /// a <= b on floats or exit.
    G_FltLe "GF_LE" Nil Ref Ref No Guard None;
    /// not (a <= b) on floats or exit.
    G_FltNle "GF_NLE" Nil Ref Ref No Guard None;
    /// a == b on floats or exit.
    G_FltEq "GF_EQ" Nil Ref Ref No Guard None;
    /// not (a == b) on floats or exit.
    G_FltNe "GF_NE" Nil Ref Ref No Guard None;
    /// The helper's result `a` is not EXC, or exit with the exception pending.
    G_NoExc "G_NOEXC" Nil Ref No No Guard None;
    /// The module cell a (a constant) holds the constant b, or exit. Machine code does not look: who changes the cell makes
    /// the guard fail (`trace/watch.rs`).
    G_Watch "G_WATCH" Nil Ref Ref No Guard None;
    /// No signal or other request is waiting (`Vm::poll` is 0), or exit.
    G_Poll "G_POLL" Nil No No No Guard None;

    /// a + b, exit on leaving the fixnum range.
    AddOv "ADDOV" Int Ref Ref No Guard None;
    /// a - b, exit on leaving the fixnum range.
    SubOv "SUBOV" Int Ref Ref No Guard None;
    /// a * b, exit on leaving the fixnum range.
    MulOv "MULOV" Int Ref Ref No Guard None;
    /// a + b, known to stay in range.
    Add "ADD" Int Ref Ref No Pure None;
    /// a - b, known to stay in range.
    Sub "SUB" Int Ref Ref No Pure None;
    /// Floor division; b is known to be neither 0 nor -1.
    Div "DIV" Int Ref Ref No Pure None;
    /// Floor remainder; b is known to be neither 0 nor -1.
    Mod "MOD" Int Ref Ref No Pure None;
    /// a & b.
    And "AND" Int Ref Ref No Pure None;
    /// a | b.
    Or "OR" Int Ref Ref No Pure None;
    /// a ^ b.
    Xor "XOR" Int Ref Ref No Pure None;
    /// a << b, exit if b is not in 0..=60 or the result leaves the fixnum range.
    ShlOv "SHLOV" Int Ref Ref No Guard None;
    /// a >> b (arithmetic); b is known not to be negative, and shifts of 63 and more give the sign.
    Shr "SHR" Int Ref Ref No Pure None;
    /// The smaller of two Ints.
    Min "MIN" Int Ref Ref No Pure None;
    /// The larger of two Ints.
    Max "MAX" Int Ref Ref No Pure None;

    /// Whether a < b, of Ints.
    Lt "LT" Bool Ref Ref No Pure None;
    /// Whether a <= b, of Ints.
    Le "LE" Bool Ref Ref No Pure None;
    /// Whether two tagged values are the same word.
    Eq "EQ" Bool Ref Ref No Pure None;
    /// Whether a < b, of floats.
    LtF "LTF" Bool Ref Ref No Pure None;
    /// Whether a <= b, of floats.
    LeF "LEF" Bool Ref Ref No Pure None;
    /// Whether a == b, of floats.
    EqF "EQF" Bool Ref Ref No Pure None;
    /// a if the Bool c is True, else b: tagged values of the result's type, or any for Val.
    Sel "SEL" Val Ref Ref Ref Pure None;
    /// a if the Bool c is True, else b: floats.
    SelF "SELF" Flt Ref Ref Ref Pure None;

    /// a + b.
    AddF "ADDF" Flt Ref Ref No Pure None;
    /// a - b.
    SubF "SUBF" Flt Ref Ref No Pure None;
    /// a * b.
    MulF "MULF" Flt Ref Ref No Pure None;
    /// a / b; the recorder guards against zero.
    DivF "DIVF" Flt Ref Ref No Pure None;
    /// -a.
    NegF "NEGF" Flt Ref No No Pure None;
    /// |a|.
    AbsF "ABSF" Flt Ref No No Pure None;
    /// Square root; the recorder guards against negative operands.
    SqrtF "SQRTF" Flt Ref No No Pure None;
    /// Int to float, rounded to nearest even as Python does.
    IntToFlt "INT_TO_FLT" Flt Ref No No Pure None;
    /// Int to float, exit unless |a| <= 2^53, so that the result is exact.
    IntToFltExact "INT_TO_FLT_EXACT" Flt Ref No No Guard None;
    /// Float to Int, truncated; exit on NaN or outside the fixnum range.
    FltToInt "FLT_TO_INT" Int Ref No No Guard None;
    /// The tagged value of a float; rare exponents are boxed on the heap.
    BoxF "BOXF" Val Ref No No Pure None;

    /// Number of items of a list.
    ListLen "LIST_LEN" Int Ref No No Load ListHeader;
    /// Address of the items of a list.
    ListData "LIST_DATA" Raw Ref No No Load ListHeader;
    /// Number of items of a tuple.
    TupleLen "TUPLE_LEN" Int Ref No No Load Immutable;
    /// Address of the items of a tuple.
    TupleData "TUPLE_DATA" Raw Ref No No Pure None;
    /// Number of code points of a str.
    StrLen "STR_LEN" Int Ref No No Load Immutable;
    /// Item b (an Int) of the list items at address a.
    ElemLoad "ELEM_LOAD" Val Ref Ref No Load Element;
    /// Stores c (Val, Int, Bool or Obj) as item b of the list items at address a.
    ElemStore "ELEM_STORE" Nil Ref Ref Ref Store Element;
    /// Item b (an Int) of the tuple items at address a.
    ItemLoad "ITEM_LOAD" Val Ref Ref No Load Immutable;
    /// The word at byte offset c of object a (from its header).
    FieldLoad "FIELD_LOAD" Val Ref No Num Load Field;
    /// Stores b (a tagged value or a constant word) at byte offset c of object a.
    FieldStore "FIELD_STORE" Nil Ref Ref Num Store Field;
    /// The double at byte offset c of object a, whose shape says that there is one.
    FloatLoad "FLOAT_LOAD" Flt Ref No Num Load FloatField;
    /// Stores the float b as a double at byte offset c of object a, whose shape says, or the SHAPE_STORE that follows, that
    /// there is one.
    FloatStore "FLOAT_STORE" Nil Ref Ref Num Store FloatField;
    /// Makes c the shape of object a.
    ShapeStore "SHAPE_STORE" Nil Ref No Num Store Field;
    /// A new object of shape c, a bytes long (a constant, 16..=2048, a multiple of 8), whose header has kind b % 256 and
    /// aux b / 256 (a constant). FIELD_STOREs of all its other words follow at once, before anything else. A sunk one
    /// (flag) is not executed: snapshots list its words, and an exit makes it.
    New "NEW" Obj Ref Ref Num New None;
    /// Value of the module cell a (a constant).
    CellLoad "CELL_LOAD" Val Ref No No Load Cell;
    /// Stores b (Val, Int, Bool or Obj) into the module cell a (a constant).
    CellStore "CELL_STORE" Nil Ref Ref No Store Cell;

    /// An argument: b, after those of the CARG a (or NONE for the first).
    CArg "CARG" Nil Ref Ref No Marker None;
    /// Calls helper c with the arguments of the CARG chain a (or NONE).
    CallH "CALLH" Val Ref No Num Call None;
    /// Calls the code object at address b (a constant) natively; its register 0 is slot c. The arguments of the CARG
    /// chain a are the function and one value for each parameter; they are written to the slots from c - 1 on. With l + 1
    /// in the upper half of c it is the rest of an activation from the header of loop l on, and the arguments are the
    /// function and registers, of which those that are constants at address 0 are not written. The G_NOEXC that follows
    /// at once says by its snapshot which frames wait for the result.
    CallF "CALLF" Val Ref Ref Num Call None;

    /// End of the pre-roll; the back jump comes here.
    Loop "LOOP" Nil No No No Marker None;
    /// a before the loop's first iteration, b at the end of each; the type is a's. After LOOP, a stands for the
    /// carried value; the back jump assigns all PHIs at once (b may be the a of another PHI, or a constant).
    Phi "PHI" Nil Ref Ref No Marker None;
    /// End of a trace without LOOP (last instruction). Writes the slots of its snapshot (the last one of the trace,
    /// whose `at` is this instruction) to the VM stack as an exit would, floats boxed, and jumps to the trace's first
    /// instruction (c = 0) or to that of root trace c, which reads them again. With a CARG chain a it jumps to the LOOP
    /// of root trace c instead, whose values there (`Label::values`) are the arguments. All values are read before the
    /// first is written.
    Close "CLOSE" Nil Ref No Num Marker None;
    /// End of a trace (last instruction): never holds, so the trace is left through its snapshot, for the interpreter to
    /// execute what it alone can; c is a `LeaveReason`. A side trace may go on behind it.
    Leave "LEAVE" Nil No No Num Guard None;
    /// End of a trace (last instruction): its activation returns a to whoever entered it, interpreter or compiled code,
    /// which drops the anchor's frame.
    Ret "RET" Nil Ref No No Marker None;
}

impl Op {
    pub fn from_byte(byte: u8) -> Option<Op> {
        OPERATIONS.get(byte as usize).map(|entry| entry.0)
    }
    pub const fn name(self) -> &'static str {
        OPERATIONS[self as usize].1
    }
    pub const fn result(self) -> Ty {
        OPERATIONS[self as usize].2
    }
    pub const fn fields(self) -> [Field; 3] {
        OPERATIONS[self as usize].3
    }
    pub const fn effect(self) -> Effect {
        OPERATIONS[self as usize].4
    }
    pub const fn alias(self) -> Alias {
        OPERATIONS[self as usize].5
    }
    pub const fn is_guard(self) -> bool {
        matches!(self.effect(), Effect::Guard)
    }
    pub const fn is_commutative(self) -> bool {
        matches!(
            self,
            Op::AddOv
                | Op::MulOv
                | Op::Add
                | Op::And
                | Op::Or
                | Op::Xor
                | Op::Min
                | Op::Max
                | Op::Eq
                | Op::EqF
                | Op::AddF
                | Op::MulF
                | Op::G_Eq
                | Op::G_Ne
                | Op::G_FltEq
                | Op::G_FltNe
        )
    }
}
