//! The register bytecode: the one table of opcodes, the instruction word, and what the front end hands over.
//!
//! An instruction is one 64-bit word `op:8 | x:8 | a:16 | b:16 | c:16`, so there are no wide forms and an operand is
//! always a whole field. Registers `R[0..]` of a frame are its parameters, then its other locals, then temporaries.
//! A callee's `R[0]` is its caller's `R[a + 1]`, so arguments are never copied.

use std::sync::Arc;

use crate::sizes;

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
    /// `R[a] = R[b] + R[c]`; x = 1 marks the augmented form (for all thirteen arithmetic operators).
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
    /// `R[a] = R[b] @ R[c]`.
    MatMul "MAT_MUL" W R R;
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
    /// `R[a] = iter(R[b])`: the argument of a comprehension's function, which will do no more than `GetIter` on it. What
    /// `GetIter` takes apart (an exact list, tuple, str or range) may thus stay as it is.
    GetIterator "GET_ITERATOR" W R O;
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
    /// The function `R[a]` gets the tuple of cells `R[b]` as its closure.
    SetClosure "SET_CLOSURE" R R O;
    /// The function `R[a]` gets `R[b]` as its annotations: a tuple of name, value, name, value, ...
    SetAnnotations "SET_ANNOTATIONS" R R O;
    /// `R[a] = ` module named b, imported; x = 1: the top package of a dotted name. c is the level (leading dots).
    Import "IMPORT" W Nm N;
    /// Binds all public names of module `R[a]` in the globals, or in the namespace `R[b]` with x = 1.
    ImportStar "IMPORT_STAR" R R O;
    /// `R[a] = ` attribute c of module `R[b]`, or ImportError.
    ImportFrom "IMPORT_FROM" W R Nm;
    /// Raises `R[a]`; with x = 1 from `R[b]`; with x = 2 the exception being handled again (bare raise; no operands).
    Raise "RAISE" R R O;
    /// Hands `R[a]` to `sys.displayhook` (expression statements of interactive code).
    Display "DISPLAY" R O O;
    /// Raises AssertionError with message `R[a]`; with x = 1 without one (`R[a]` is not read).
    AssertFail "ASSERT_FAIL" R O O;

    // Variables that inner functions share.
    /// `R[a] = ` a new cell holding `R[b]`, which may be unassigned.
    MakeCell "MAKE_CELL" W R O;
    /// `R[a] = ` cell b of the running function's closure (the function is in `R[-1]`).
    LoadFree "LOAD_FREE" W N O;
    /// `R[a] = ` content of the cell `R[b]`; c names it. Empty: NameError (x = 0: free variable) or UnboundLocalError
    /// (x = 1: the function's own).
    LoadCell "LOAD_CELL" W R Nm;
    /// Content of the cell `R[a]` becomes `R[b]`.
    StoreCell "STORE_CELL" R R O;
    /// Empties the cell `R[a]`; errors as `LoadCell`.
    DeleteCell "DELETE_CELL" R Nm O;

    // Names of class bodies and of `exec`, looked up in a mapping.
    /// `R[a] = ` item b of the namespace `R[c]` by name, else the global, else the builtin, else NameError.
    LoadName "LOAD_NAME" W Nm R;
    /// `R[a] = ` item b of the namespace `R[c]` by name, or unassigned where it has none.
    FindName "FIND_NAME" W Nm R;
    /// Item b of the namespace `R[c]` becomes `R[a]`.
    StoreName "STORE_NAME" R Nm R;
    /// Deletes item b of the namespace `R[c]`, or NameError.
    DeleteName "DELETE_NAME" O Nm R;
    /// Goes to the target if `R[a]` is assigned.
    JumpIfBound "JUMP_IF_BOUND" R T H;
    /// `R[a] = __build_class__`, which is called with the body's function, the name, and the bases.
    LoadBuildClass "LOAD_BUILD_CLASS" W O O;
    /// Makes `__annotations__` a dict if there is none: in the globals, or with x = 1 in the namespace `R[a]`.
    SetupAnnotations "SETUP_ANNOTATIONS" R O O;
    /// `del R[a].name[b]`.
    DeleteAttr "DELETE_ATTR" R Nm O;

    // Displays, starred and variadic.
    /// `R[a] = {R[b]: R[b+1], ...}`, c registers.
    BuildDict "BUILD_DICT" W RB N;
    /// `R[a] = {R[b], ...}`, c items.
    BuildSet "BUILD_SET" W RB N;
    /// Adds `R[b]` to the set `R[a]`.
    SetAdd "SET_ADD" R R O;
    /// `R[a][R[b]] = R[c]` for the dict of a display or comprehension.
    DictAdd "DICT_ADD" R R R;
    /// Appends all items of `R[b]` to the list `R[a]`; x = 1: in a call of `R[c]`, which words the error.
    ListExtend "LIST_EXTEND" R R R;
    /// Adds all items of `R[b]` to the set `R[a]`.
    SetUpdate "SET_UPDATE" R R O;
    /// Updates the dict `R[a]` with the mapping `R[b]` (`**` in a display).
    DictUpdate "DICT_UPDATE" R R O;
    /// Adds the mapping `R[b]` to the keywords `R[a]` of a call of `R[c]`: TypeError on names given twice.
    DictMerge "DICT_MERGE" R R R;
    /// `R[a] = tuple(R[b])` for a list that nobody else sees.
    ListToTuple "LIST_TO_TUPLE" W R O;
    /// Calls `R[a]` with the tuple `R[b]` and the dict of keywords `R[b + 1]` (or None); b is a + 1 and c is 2.
    CallVariadic "CALL_VARIADIC" U RB N;
    /// `R[a..a+b] = R[c]` unpacked; the one before the last x of them takes a list of what is left.
    UnpackStar "UNPACK_STAR" WB N R;

    // Exceptions. A handler's range (see `ExceptionRange`) puts the exception in a register.
    /// The exception being handled becomes `R[a]`; the one before it goes to `R[b]`.
    EnterHandler "ENTER_HANDLER" R W O;
    /// The exception being handled becomes `R[a]`, as `EnterHandler` left it in its b.
    LeaveHandler "LEAVE_HANDLER" R O O;
    /// `R[a] = ` whether the exception `R[b]` is an instance of the class, or of one of the tuple of classes, `R[c]`.
    MatchException "MATCH_EXCEPTION" W R R;
    /// `except*`: `R[c] = ` the part of the exception `R[a]` that matches `R[b]`, or None; `R[a] = ` the rest, or None.
    /// `R[a]` may be None from the start.
    SplitGroup "SPLIT_GROUP" U R W;
    /// After the clauses of `except*`: `R[a] = ` what is to be raised, or None, of the exception `R[b]` and the list
    /// `R[c]` of what the clauses raised and, last, what is left (perhaps None).
    JoinGroup "JOIN_GROUP" W R R;
    /// Raises `R[a]` once more as it is: context and traceback gain nothing here.
    Reraise "RERAISE" R O O;

    // Context managers.
    /// `R[a] = ` bound `__exit__` of `R[b]`, then `R[c] = ` result of its `__enter__()`; x = 1: `__aexit__` and what
    /// `__aenter__()` returns, to be awaited.
    EnterContext "ENTER_CONTEXT" W R W;
    /// `R[a] = R[b](type(e), e, e.__traceback__)` for the exception e in `R[c]`.
    ExitContext "EXIT_CONTEXT" W R R;

    // Generators and coroutines.
    /// First instruction of every code that is one: returns the new generator, coroutine or asynchronous generator; goes
    /// on behind when first resumed.
    Generator "GENERATOR" O O O;
    /// `R[a] = ` what is sent in for yielding `R[b]`. x = 1: on behalf of the iterator `R[c]`, which gets what is sent
    /// and thrown; it stands behind `Send` and that one's JUMP, which is where to go on, with its result in `R[a]`, if
    /// the iterator returns when something is thrown. x = 2: an item of an asynchronous generator.
    Yield "YIELD" W R R;
    /// `R[a] = ` the iterator for `yield from R[b]`.
    GetYieldFrom "GET_YIELD_FROM" W R O;
    /// `R[a] = ` the iterator for `await R[b]`; x = 1 of `__aenter__`, x = 2 of `__aexit__` (words the error).
    GetAwaitable "GET_AWAITABLE" W R O;
    /// Sends `R[a]` to the iterator `R[b]`. If it yields, that goes to `R[a]`, skipping the next instruction (a JUMP);
    /// if it returns, its result goes to `R[a]`, going on to that instruction.
    Send "SEND" U R O;
    /// `R[a] = R[b].__aiter__()`.
    GetAsyncIter "GET_ASYNC_ITER" W R O;
    /// `R[a] = ` iterator that awaits the next item of the asynchronous iterator `R[b]`, ready for `Send`.
    GetAsyncNext "GET_ASYNC_NEXT" W R O;
    /// Goes on if the exception `R[a]` is StopAsyncIteration, else raises it as `Reraise`.
    EndAsyncFor "END_ASYNC_FOR" R O O;

    // Pattern matching.
    /// `R[a] = ` whether `R[b]` is a sequence that patterns take apart.
    MatchSequence "MATCH_SEQUENCE" W R O;
    /// `R[a] = ` whether `R[b]` is a mapping.
    MatchMapping "MATCH_MAPPING" W R O;
    /// `R[a] = ` tuple of the values of the mapping `R[b]` for the tuple of keys `R[c]`, or None if one is missing.
    MatchKeys "MATCH_KEYS" W R R;
    /// `R[a] = ` tuple of attributes, or None: subject, class and tuple of keyword names are in the c = 3 registers from
    /// b; x is the number of positional patterns.
    MatchClass "MATCH_CLASS" W RB N;
    /// `R[a] = len(R[b])`.
    GetLength "GET_LENGTH" W R O;

    // What the interpreter executes in place of the first of several instructions, which see `interp/words.rs`. No code
    // has these, and logs do not list them.
    /// `Less` and the jump on its result that follows; x = 1 if it is JUMP_IF_TRUE (for all of these).
    LessJump "LESS_JUMP" W R R;
    /// `LessEqual` and the jump that follows.
    LessEqualJump "LESS_EQUAL_JUMP" W R R;
    /// `Equal` and the jump that follows.
    EqualJump "EQUAL_JUMP" W R R;
    /// `NotEqual` and the jump that follows.
    NotEqualJump "NOT_EQUAL_JUMP" W R R;
    /// `Greater` and the jump that follows.
    GreaterJump "GREATER_JUMP" W R R;
    /// `GreaterEqual` and the jump that follows.
    GreaterEqualJump "GREATER_EQUAL_JUMP" W R R;
    /// `Is` and the jump that follows.
    IsJump "IS_JUMP" W R R;
    /// `IsNot` and the jump that follows.
    IsNotJump "IS_NOT_JUMP" W R R;
    /// A constant to the right of `Is`, which follows with its jump.
    IsConstJump "IS_CONST_JUMP" W O O;
    /// A constant to the right of `IsNot`, which follows with its jump.
    IsNotConstJump "IS_NOT_CONST_JUMP" W O O;
    /// A fixnum to the right of `Less`, which follows with its jump.
    LessIntJump "LESS_INT_JUMP" W O O;
    /// A fixnum to the right of `LessEqual`, which follows with its jump.
    LessEqualIntJump "LESS_EQUAL_INT_JUMP" W O O;
    /// A fixnum to the right of `Equal`, which follows with its jump.
    EqualIntJump "EQUAL_INT_JUMP" W O O;
    /// A fixnum to the right of `NotEqual`, which follows with its jump.
    NotEqualIntJump "NOT_EQUAL_INT_JUMP" W O O;
    /// A fixnum to the right of `Greater`, which follows with its jump.
    GreaterIntJump "GREATER_INT_JUMP" W O O;
    /// A fixnum to the right of `GreaterEqual`, which follows with its jump.
    GreaterEqualIntJump "GREATER_EQUAL_INT_JUMP" W O O;
    /// A fixnum to the right of `Add`, which follows.
    AddInt "ADD_INT" W O O;
    /// A fixnum to the right of `Sub`, which follows.
    SubInt "SUB_INT" W O O;
    /// `LoadConst` and the `Return` of it that follows.
    ReturnConst "RETURN_CONST" W O O;
    /// `Move` and another `Move`.
    MoveTwo "MOVE_TWO" W R O;
    /// `GetAttr` and another `GetAttr`.
    GetAttrTwo "GET_ATTR_TWO" W R Nm;
    /// `Jump` to a `LoopHeader`.
    JumpLoop "JUMP_LOOP" O T H;
    /// `GetAttr` and the `GetItem` that follows; so the others of these names.
    GetAttrGetItem "GET_ATTR_GET_ITEM" W R Nm;
    /// `GetAttr`, `SetItem`.
    GetAttrSetItem "GET_ATTR_SET_ITEM" W R Nm;
    /// `GetAttr`, `Add`.
    GetAttrAdd "GET_ATTR_ADD" W R Nm;
    /// `GetAttr`, `Sub`.
    GetAttrSub "GET_ATTR_SUB" W R Nm;
    /// `GetAttr`, `Mul`.
    GetAttrMul "GET_ATTR_MUL" W R Nm;
    /// `GetAttr`, `JumpIfFalse`.
    GetAttrJumpIfFalse "GET_ATTR_JUMP_IF_FALSE" W R Nm;
    /// `GetAttr`, `Return`.
    GetAttrReturn "GET_ATTR_RETURN" W R Nm;
    /// `GetAttr`, `LoadMethod`.
    GetAttrLoadMethod "GET_ATTR_LOAD_METHOD" W R Nm;
    /// `GetAttr`, `CallMethod`.
    GetAttrCallMethod "GET_ATTR_CALL_METHOD" W R Nm;
    /// `SetAttr`, `GetAttr`.
    SetAttrGetAttr "SET_ATTR_GET_ATTR" R R Nm;
    /// `LoadMethod`, `CallMethod`.
    LoadMethodCallMethod "LOAD_METHOD_CALL_METHOD" W R Nm;
    /// `LoadMethod`, `Move`.
    LoadMethodMove "LOAD_METHOD_MOVE" W R Nm;
    /// `Move`, `CallMethod`.
    MoveCallMethod "MOVE_CALL_METHOD" W R O;
    /// `LoadGlobal`, `GetAttr`.
    LoadGlobalGetAttr "LOAD_GLOBAL_GET_ATTR" W G O;
    /// `Add`, `SetAttr`.
    AddSetAttr "ADD_SET_ATTR" W R R;
    /// `Sub`, `SetAttr`.
    SubSetAttr "SUB_SET_ATTR" W R R;
    /// `Mul`, `Mul`.
    MulMul "MUL_MUL" W R R;
    /// `Mul`, `Add`.
    MulAdd "MUL_ADD" W R R;
    /// `Mul`, `Sub`.
    MulSub "MUL_SUB" W R R;
    /// `GetItem`, `JumpIfFalse`.
    GetItemJumpIfFalse "GET_ITEM_JUMP_IF_FALSE" W R R;
    /// `BuildSlice`, `GetItem`, where nothing else reads the slice.
    GetSlice "GET_SLICE" W RB N;
}

impl Op {
    /// The opcodes from here on stand for several instructions, and only in what the interpreter executes.
    pub const FIRST_FUSED: Op = Op::LessJump;

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
    /// The imaginary part of a complex literal's value comes second.
    Complex(f64, f64),
    Str(String),
    /// A str that holds surrogates, as its code points.
    Surrogates(Vec<u32>),
    Bytes(Vec<u8>),
    Tuple(Vec<Constant>),
    /// The elements of a set display, in the order they are written. As in CPython such a display updates an empty set
    /// with a frozenset, which iteration order shows.
    FrozenSet(Vec<Constant>),
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

/// What calling a code does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CodeKind {
    #[default]
    Function,
    /// The body of a file.
    Module,
    /// A class body or code for `exec`: its one parameter is the namespace that its names live in.
    Namespace,
    Generator,
    Coroutine,
    AsyncGenerator,
}

/// Where an exception raised in a range of instructions goes. A code's ranges are ordered so that the first one that
/// holds an instruction is the innermost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExceptionRange {
    /// First instruction, and the one past the last.
    pub start: u32,
    pub end: u32,
    /// Where execution goes on.
    pub target: u32,
    /// Receives the exception object.
    pub register: u16,
}

/// A comprehension compiled in place, which tracebacks show as a function of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InlinedFrame {
    /// First instruction, and the one past the last.
    pub start: u32,
    pub end: u32,
    /// Index among the code's names: `<listcomp>`, `<dictcomp>` or `<setcomp>`.
    pub name: u16,
    /// Position of the comprehension as its caller's traceback line shows it.
    pub position: Position,
}

/// One Python function (or the module's body) as the front end leaves it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CodeProto {
    pub name: String,
    pub qualname: String,
    /// 1-based line of the `def`, or 1 for a module.
    pub first_line: u32,
    pub kind: CodeKind,
    /// Positional parameters come first in the registers, keyword-only ones after them, then `*args`, then `**kwargs`.
    pub positional: u16,
    pub positional_only: u16,
    pub keyword_only: u16,
    /// There is a `*args` parameter.
    pub star_arguments: bool,
    /// There is a `**kwargs` parameter.
    pub star_keywords: bool,
    /// The docstring.
    pub documentation: Option<String>,
    /// Registers that hold cells after the prologue, with the variable's name; the free ones (`LoadFree`) come first,
    /// in the order of the closure.
    pub cells: Vec<(String, u16)>,
    /// How many of `cells` are free variables.
    pub free: u16,
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
    pub exception_ranges: Vec<ExceptionRange>,
    pub inlined_frames: Vec<InlinedFrame>,
}

/// Names of what gives a caller's variables by name.
const SHOWS_VARIABLES: &[&str] =
    &["locals", "eval", "exec", "vars", "dir", "_getframe", "currentframe", "f_locals", "breakpoint"];

impl CodeProto {
    /// The LOOP_HEADER at `pc` is where the body of a coroutine begins.
    pub fn begins_body(&self, pc: u32) -> bool {
        self.kind == CodeKind::Coroutine && pc == 1
    }
    /// Registers that a call fills.
    pub fn parameters(&self) -> usize {
        self.positional as usize
            + self.keyword_only as usize
            + self.star_arguments as usize
            + self.star_keywords as usize
    }
    /// Memory that it has beside itself.
    pub fn bytes(&self) -> usize {
        sizes::text(&self.name)
            + sizes::text(&self.qualname)
            + self.documentation.as_ref().map_or(0, sizes::text)
            + sizes::list(&self.cells)
            + self.cells.iter().map(|(name, _)| sizes::text(name)).sum::<usize>()
            + sizes::list(&self.defaulted)
            + sizes::texts(&self.local_names)
            + sizes::list(&self.instructions)
            + sizes::list(&self.positions)
            + sizes::list(&self.constants)
            + self.constants.iter().map(Constant::bytes).sum::<usize>()
            + sizes::texts(&self.names)
            + sizes::texts(&self.globals)
            + sizes::list(&self.loops)
            + sizes::list(&self.exception_ranges)
            + sizes::list(&self.inlined_frames)
    }
    /// Whether something that it names may look at its variables by name: they are kept even where no instruction
    /// reads them any more.
    pub fn shows_variables(&self) -> bool {
        self.globals.iter().chain(&self.names).any(|name| SHOWS_VARIABLES.contains(&name.as_str()))
    }
    /// A call only has to pass as many values as there are positional parameters.
    pub fn is_plain(&self) -> bool {
        self.keyword_only == 0 && !self.star_arguments && !self.star_keywords
    }
}

impl Constant {
    /// Memory that it has beside itself.
    fn bytes(&self) -> usize {
        match self {
            Constant::BigInt(text) | Constant::Str(text) => sizes::text(text),
            Constant::Surrogates(points) => sizes::list(points),
            Constant::Bytes(bytes) => sizes::list(bytes),
            Constant::Tuple(items) | Constant::FrozenSet(items) => {
                sizes::list(items) + items.iter().map(Constant::bytes).sum::<usize>()
            }
            _ => 0,
        }
    }
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
    /// Memory it has.
    pub fn bytes(&self) -> usize {
        sizes::piece(size_of::<Source>() + 16)
            + sizes::text(&self.path)
            + sizes::text(&self.text)
            + sizes::list(&self.line_starts)
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
    /// What CPython warns of when it compiles the source (`SyntaxWarning`): lines and messages.
    pub warnings: Vec<(u32, String)>,
}
