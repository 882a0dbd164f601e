//! The register bytecode: the one table of opcodes, the instruction word, and what the front end hands over.
//!
//! An instruction is one 64-bit word `op:8 | x:8 | a:16 | b:16 | c:16`, so there are no wide forms and an operand is
//! always a whole field. Registers `R[0..]` of a frame are its parameters, then its other locals, then temporaries.
//! A callee's `R[0]` is its caller's `R[a + 1]`, so arguments are never copied.

use std::sync::Arc;

/// What an operand field means; liveness, the disassembler and the recorder derive from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// Not used.
    None,
    /// Register written.
    Write,
    /// Register read.
    Read,
    /// Register read and then written.
    Update,
    /// Register block read, from this register; its length is in the field that follows.
    ReadBlock,
    /// Register block written, from this register; its length is in the field that follows.
    WriteBlock,
    /// Iterator state: four registers from this one (see `GetIter`), read and written.
    Iterator,
    /// Iterator state written.
    WriteIterator,
    /// Length of the block before it, or another plain number.
    Count,
    /// Index into the code's constants.
    Constant,
    /// Index into the code's names (attributes, modules, keyword tuples are constants).
    Name,
    /// Index into the code's global cells.
    Global,
    /// Index of the loop in the code's loop table.
    Loop,
    /// Low half of a signed 32-bit immediate, the next field being its high half.
    Immediate,
    /// Low half of a 32-bit jump target (an instruction index), the next field being its high half.
    Target,
    /// High half of the field before.
    High,
}

use Operand::{
    Constant as K, Count as N, Global as G, High as H, Immediate as I, Iterator as It, Loop as L, Name as Nm,
    None as O, Read as R, ReadBlock as RB, Target as T, Update as U, Write as W, WriteBlock as WB, WriteIterator as WI,
};

macro_rules! opcodes {
    ($($(#[doc = $doc:literal])+ $name:ident $mnemonic:literal $a:ident $b:ident $c:ident;)*) => {
        /// Operation of an instruction word.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Op { $($(#[doc = $doc])+ $name,)* }

        /// Every opcode: itself, its name in listings, what its three operands are, one sentence of meaning.
        pub const OPCODES: &[(Op, &str, [Operand; 3], &str)] =
            &[$((Op::$name, $mnemonic, [$a, $b, $c], concat!($($doc),+)),)*];
    };
}

opcodes! {
    /// `R[a] = constants[b]`.
    LoadConst "LOAD_CONST" W K O;
    /// `R[a] = ` the signed 32-bit immediate in b and c.
    LoadInt "LOAD_INT" W I H;
    /// `R[a] = R[b]`.
    Move "MOVE" W R O;
    /// Raises UnboundLocalError if `R[a]` is unassigned; b names the variable.
    CheckBound "CHECK_BOUND" R Nm O;
    /// Unbinds the local `R[a]`; b names it (raises UnboundLocalError if it was unassigned).
    DeleteLocal "DELETE_LOCAL" U Nm O;
    /// `R[a] = globals[b]`, else the builtin of that name, else NameError.
    LoadGlobal "LOAD_GLOBAL" W G O;
    /// `globals[b] = R[a]`.
    StoreGlobal "STORE_GLOBAL" R G O;
    /// Unbinds `globals[b]`, or NameError.
    DeleteGlobal "DELETE_GLOBAL" O G O;
    /// `R[a] = R[b] + R[c]`; x = 1 marks the augmented form (for all twelve arithmetic operators).
    Add "ADD" W R R;
    /// `R[a] = R[b] - R[c]`.
    Sub "SUB" W R R;
    /// `R[a] = R[b] * R[c]`.
    Mul "MUL" W R R;
    /// `R[a] = R[b] / R[c]`.
    TrueDiv "TRUE_DIV" W R R;
    /// `R[a] = R[b] // R[c]`.
    FloorDiv "FLOOR_DIV" W R R;
    /// `R[a] = R[b] % R[c]`.
    Mod "MOD" W R R;
    /// `R[a] = R[b] ** R[c]`.
    Pow "POW" W R R;
    /// `R[a] = R[b] << R[c]`.
    LeftShift "LEFT_SHIFT" W R R;
    /// `R[a] = R[b] >> R[c]`.
    RightShift "RIGHT_SHIFT" W R R;
    /// `R[a] = R[b] & R[c]`.
    BitAnd "BIT_AND" W R R;
    /// `R[a] = R[b] | R[c]`.
    BitOr "BIT_OR" W R R;
    /// `R[a] = R[b] ^ R[c]`.
    BitXor "BIT_XOR" W R R;
    /// `R[a] = -R[b]`.
    Negate "NEGATE" W R O;
    /// `R[a] = +R[b]`.
    Plus "PLUS" W R O;
    /// `R[a] = ~R[b]`.
    Invert "INVERT" W R O;
    /// `R[a] = not R[b]`.
    Not "NOT" W R O;
    /// `R[a] = R[b] < R[c]`.
    Less "LESS" W R R;
    /// `R[a] = R[b] <= R[c]`.
    LessEqual "LESS_EQUAL" W R R;
    /// `R[a] = R[b] == R[c]`.
    Equal "EQUAL" W R R;
    /// `R[a] = R[b] != R[c]`.
    NotEqual "NOT_EQUAL" W R R;
    /// `R[a] = R[b] > R[c]`.
    Greater "GREATER" W R R;
    /// `R[a] = R[b] >= R[c]`.
    GreaterEqual "GREATER_EQUAL" W R R;
    /// `R[a] = R[b] is R[c]`.
    Is "IS" W R R;
    /// `R[a] = R[b] is not R[c]`.
    IsNot "IS_NOT" W R R;
    /// `R[a] = R[b] in R[c]`.
    In "IN" W R R;
    /// `R[a] = R[b] not in R[c]`.
    NotIn "NOT_IN" W R R;
    /// Goes to the target in b and c.
    Jump "JUMP" O T H;
    /// Goes to the target if `R[a]` is true.
    JumpIfTrue "JUMP_IF_TRUE" R T H;
    /// Goes to the target if `R[a]` is false.
    JumpIfFalse "JUMP_IF_FALSE" R T H;
    /// Target of a loop's back jump: counts, and is where traces are anchored. a is the loop's index.
    LoopHeader "LOOP_HEADER" L O O;
    /// A loop header whose loop has a trace: enters it. Only the VM makes these, in place of `LoopHeader`.
    LoopEnter "LOOP_ENTER" L O O;
    /// A loop header that is not counted any more (blacklisted). Only the VM makes these.
    LoopCold "LOOP_COLD" L O O;
    /// Iterator state in four registers from a, for iterable `R[b]`. `R[a]` is then either RANGE_STATE (next, stop and
    /// step are in a+1, a+2, a+3), or the list, tuple or str itself (index in a+1), or an iterator object.
    GetIter "GET_ITER" WI R O;
    /// Next item of the iterator state at b into `R[a]`, skipping the next instruction (a JUMP out of the loop);
    /// when there is none, just goes on to that instruction.
    ForIter "FOR_ITER" W It O;
    /// Calls `R[a]` with the b arguments that follow it. c = 0, or 1 + index of a constant tuple naming the last
    /// arguments (keywords). The result goes to `R[a]`.
    Call "CALL" U N N;
    /// Method of `R[b]` named c: `R[a]` = callable, `R[a + 1]` = self, or UNDEF where the attribute is no method.
    LoadMethod "LOAD_METHOD" W R Nm;
    /// Calls as `Call`, after `LoadMethod`: `R[a]` with self in a+1 and b further arguments from a+2.
    CallMethod "CALL_METHOD" U N N;
    /// Returns `R[a]`.
    Return "RETURN" R O O;
    /// `R[a] = [R[b], ...]`, c items.
    BuildList "BUILD_LIST" W RB N;
    /// `R[a] = (R[b], ...)`, c items.
    BuildTuple "BUILD_TUPLE" W RB N;
    /// `R[a] = slice(R[b], R[b+1], R[b+2])`; c is 3.
    BuildSlice "BUILD_SLICE" W RB N;
    /// `R[a] = ` the c strings from b joined (f-strings).
    BuildString "BUILD_STRING" W RB N;
    /// `R[a] = format(R[b], R[c])`; x = 0 none, 1 str, 2 repr, 3 ascii applied first. `R[c]` is the format string.
    FormatValue "FORMAT_VALUE" W R R;
    /// Appends `R[b]` to the list `R[a]` (comprehensions).
    ListAppend "LIST_APPEND" R R O;
    /// `R[a] = R[b][R[c]]`.
    GetItem "GET_ITEM" W R R;
    /// `R[a][R[b]] = R[c]`.
    SetItem "SET_ITEM" R R R;
    /// `del R[a][R[b]]`.
    DeleteItem "DELETE_ITEM" R R O;
    /// `R[a..a+b] = R[c]` unpacked into exactly b items.
    Unpack "UNPACK" WB N R;
    /// `R[a] = R[b].name[c]`.
    GetAttr "GET_ATTR" W R Nm;
    /// `R[a].name[c] = R[b]`.
    SetAttr "SET_ATTR" R R Nm;
    /// `R[a] = ` the function of code constant b, with the tuple of defaults `R[c]` (or None), which are those of the
    /// code's `defaulted` parameters.
    MakeFunction "MAKE_FUNCTION" W K R;
    /// `R[a] = ` module named b, imported; x = 1: the top package of a dotted name.
    Import "IMPORT" W Nm O;
    /// `R[a] = ` attribute c of module `R[b]`, or ImportError.
    ImportFrom "IMPORT_FROM" W R Nm;
    /// Raises `R[a]`; with x = 1 from `R[b]`; with x = 2 there is nothing to raise again (bare raise).
    Raise "RAISE" R R O;
    /// Raises AssertionError with message `R[a]`; with x = 1 without one (`R[a]` is not read).
    AssertFail "ASSERT_FAIL" R O O;
}

impl Op {
    pub const fn name(self) -> &'static str {
        OPCODES[self as usize].1
    }
    pub const fn operands(self) -> [Operand; 3] {
        OPCODES[self as usize].2
    }
}

/// One instruction word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C, align(8))]
pub struct Instruction {
    pub op: Op,
    pub x: u8,
    pub a: u16,
    pub b: u16,
    pub c: u16,
}

impl Instruction {
    pub const fn new(op: Op, a: u16, b: u16, c: u16) -> Instruction {
        Instruction { op, x: 0, a, b, c }
    }
    pub const fn with_target(op: Op, a: u16, target: u32) -> Instruction {
        Instruction { op, x: 0, a, b: target as u16, c: (target >> 16) as u16 }
    }
    /// Immediate or jump target held in b and c.
    #[inline(always)]
    pub const fn wide(self) -> u32 {
        self.b as u32 | (self.c as u32) << 16
    }
    /// The word as logged: op, x, a, b, c from the lowest bits up.
    pub const fn to_word(self) -> u64 {
        self.op as u64 | (self.x as u64) << 8 | (self.a as u64) << 16 | (self.b as u64) << 32 | (self.c as u64) << 48
    }
}

/// A constant of the source, before it has a place in the heap.
#[derive(Clone, PartialEq, Debug)]
pub enum Constant {
    None,
    True,
    False,
    Ellipsis,
    Int(i64),
    /// Decimal digits, perhaps after a minus sign, of an integer that does not fit `i64`.
    BigInt(String),
    Float(f64),
    Str(String),
    Tuple(Vec<Constant>),
    /// Index into [`Module::codes`].
    Code(u32),
}

/// Half-open range of byte offsets in the source text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

/// What the source position of an instruction is underlined with in a traceback, as CPython 3.11 does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Position {
    pub span: Span,
    /// For binary operators and subscripts, the operator (or bracket) itself: `~~^~~`. Empty otherwise.
    pub anchor: Span,
}

/// One Python function (or the module's body) as the front end leaves it.
#[derive(Clone, PartialEq, Debug)]
pub struct CodeProto {
    pub name: String,
    pub qualname: String,
    /// 1-based line of the `def`, or 1 for a module.
    pub first_line: u32,
    /// Positional parameters come first in the registers, keyword-only ones after them.
    pub positional: u16,
    pub positional_only: u16,
    pub keyword_only: u16,
    /// Registers of the parameters that have a default, in the order of `MakeFunction`'s tuple.
    pub defaulted: Vec<u16>,
    /// Names of parameters, then of the other locals, by register.
    pub local_names: Vec<String>,
    /// All registers of a frame, temporaries and the windows of calls included.
    pub registers: u16,
    pub instructions: Vec<Instruction>,
    pub positions: Vec<Position>,
    pub constants: Vec<Constant>,
    pub names: Vec<String>,
    pub globals: Vec<String>,
    /// Instruction index of each `LoopHeader`, by loop index.
    pub loops: Vec<u32>,
}

/// A source file: its path as given, its text, and where its lines start.
#[derive(Debug)]
pub struct Source {
    pub path: String,
    pub text: String,
    pub line_starts: Vec<u32>,
}

impl Source {
    pub fn new(path: String, text: String) -> Source {
        let mut line_starts = vec![0];
        line_starts.extend(text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(i, _)| i as u32 + 1));
        Source { path, text, line_starts }
    }
    /// 1-based line and 0-based column (in bytes) of an offset.
    pub fn line_column(&self, offset: u32) -> (u32, u32) {
        let line = self.line_starts.partition_point(|&start| start <= offset).max(1);
        (line as u32, offset - self.line_starts[line - 1])
    }
    /// Text of a 1-based line without its end; empty past the end of the file.
    pub fn line_text(&self, line: u32) -> &str {
        let Some(&start) = (line as usize).checked_sub(1).and_then(|i| self.line_starts.get(i)) else { return "" };
        let end = self.line_starts.get(line as usize).map_or(self.text.len(), |&e| e as usize);
        self.text[start as usize..end].trim_end_matches(['\n', '\r'])
    }
}

/// A compiled source file. `codes[0]` is its body.
#[derive(Debug)]
pub struct Module {
    pub source: Arc<Source>,
    pub codes: Vec<CodeProto>,
}
