//! The virtual machine's state: stack, frames, pending exception, heap, codes and modules.
//!
//! Machine code reaches the leading fields through r15, so their order and types are part of the code generator's
//! contract (`offset_of!` there). The VM is single-threaded; native code holds a `*mut Vm`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::blocks;
use super::classes::{Class, MethodCache};
use super::collect::GcRecord;
use super::frame_stack::FrameStack;
use super::heap::Heap;
use super::names::Names;
use super::object::Cell;
use super::output::Output;
use super::shapes::ShapeTable;
use super::types::TypeId;
use super::value::Value;
use crate::bytecode::{CodeProto, Source};
use crate::interp::words::Word;
use crate::ir::CodeId;
use crate::library::BuiltinRow;
use crate::sizes;

/// Says that [`Vm::exception`] is set; the error type of everything that can raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised;

pub type Outcome<T = Value> = Result<T, Raised>;

/// What becomes of a frame's result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Continuation {
    /// It goes to the register that the caller's call instruction names.
    Call,
    /// An `__init__`: it must be None, and the caller's register keeps the instance, which is there already.
    Init,
    /// Of a special method of a binary operator: it goes to the register that the caller's instruction names, but
    /// NotImplemented is a TypeError, as there is no other method to ask.
    Operator,
    /// Of the left operand's method of a comparison: as a call's, but after NotImplemented the right operand is asked.
    /// Recording does not enter it.
    Compare,
    /// Dropped: the caller's instruction has no result.
    Discard,
    /// The generator `Frame::value`, resumed by a FOR_ITER.
    Next,
    /// The generator `Frame::value`, resumed by a SEND.
    Send,
    /// The generator `Frame::value`, resumed by a call of `next` or of a method of it that recording has entered: what it
    /// yields is the call's result.
    Called,
    /// The generator `Frame::value`, resumed from native code.
    Resume,
    /// The asynchronous generator `Frame::value`, resumed by a SEND to a step of it: an item that it yields is what the step
    /// returns. Recording does not enter it.
    Step,
}

impl Continuation {
    /// Every continuation and its word in listings.
    const WORDS: &[(Continuation, &str)] = &[
        (Continuation::Call, ""),
        (Continuation::Init, "init"),
        (Continuation::Operator, "operator"),
        (Continuation::Compare, "compare"),
        (Continuation::Discard, "discard"),
        (Continuation::Next, "next"),
        (Continuation::Send, "send"),
        (Continuation::Called, "called"),
        (Continuation::Resume, "resume"),
        (Continuation::Step, "step"),
    ];
    /// The frame is a generator's whose consumer is the one below, and which has its register.
    #[inline(always)]
    pub const fn is_resumed(self) -> bool {
        matches!(self, Continuation::Next | Continuation::Send | Continuation::Called)
    }
    /// The frame is a generator's, which is its value.
    #[inline(always)]
    pub const fn resumes(self) -> bool {
        self.is_resumed() || matches!(self, Continuation::Resume | Continuation::Step)
    }
    pub fn word(self) -> &'static str {
        Continuation::WORDS[self as usize].1
    }
    pub fn of_word(word: &str) -> Option<Continuation> {
        Continuation::WORDS.iter().find(|entry| entry.1 == word).map(|entry| entry.0)
    }
}

/// One Python activation. Its registers are `stack[base .. base + code.proto.registers]`, and the function that runs is
/// in the slot before them.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Frame {
    /// Index into the value stack.
    pub base: u32,
    pub continuation: Continuation,
    pub code: CodeId,
    /// Instruction being executed (for frames below the top: the call that waits).
    pub pc: u32,
    /// The generator, if the continuation resumes one; else nobody reads it, and compiled code does not write it.
    pub value: Value,
}

impl Frame {
    /// The generator whose frame it is.
    pub fn generator(&self) -> Option<Value> {
        self.continuation.resumes().then_some(self.value)
    }
}

/// What pushing a frame has to know of a code.
#[derive(Clone, Copy, Debug)]
pub struct FrameLayout {
    pub registers: u16,
    /// Registers that a call fills, and those from there on that begin unassigned.
    pub parameters: u16,
    pub locals: u16,
    /// A call without keywords that passes so many values has bound all parameters; `u16::MAX`: none has.
    pub plain_arguments: u16,
}

impl FrameLayout {
    pub fn of(proto: &CodeProto) -> FrameLayout {
        FrameLayout {
            registers: proto.registers,
            parameters: proto.parameters() as u16,
            locals: proto.local_names.len() as u16,
            plain_arguments: if proto.is_plain() { proto.positional } else { u16::MAX },
        }
    }
}

/// By instruction: the registers that a generator keeps there, if that is a YIELD.
pub type Suspensions = Box<[Option<Box<[u16]>>]>;

/// A linked code object.
#[derive(Debug)]
pub struct Code {
    pub id: CodeId,
    pub proto: CodeProto,
    pub source: Arc<Source>,
    /// The module object whose globals it uses.
    pub module: Value,
    /// GC roots; `Constant::Code(i)` is a fixnum holding the `CodeId`.
    pub constants: Box<[Value]>,
    /// By global index.
    pub globals: Box<[*mut Cell]>,
    /// By name index: interned strs, GC roots.
    pub names: Box<[Value]>,
    /// Names of the parameters by register: interned strs, GC roots.
    pub parameters: Box<[Value]>,
    /// Of a generator, by YIELD: the registers that are live when it goes on. Made when the first one suspends.
    pub suspensions: std::cell::OnceCell<Suspensions>,
    /// What the interpreter executes, by instruction.
    pub words: Box<[Word]>,
    pub layout: FrameLayout,
    /// Of the attribute instructions.
    pub caches: crate::interp::cache::Caches,
    /// Hotness and trace of each loop.
    pub loops: Vec<crate::trace::policy::LoopState>,
    /// Hotness and trace of the function, and what a native call of it calls.
    pub function: crate::trace::policy::LoopState,
    pub entry: std::cell::Cell<*const u8>,
    /// Of a coroutine: where the trace of its body begins, or null.
    pub body: std::cell::Cell<*const u8>,
    /// The class that its generators say they are of: `generator`, or an iterator class of an embedded module. StopIteration
    /// ends the latter, whoever raises it.
    pub iterator_class: std::cell::Cell<TypeId>,
}

impl Code {
    /// Memory of the code object without its inline caches and its source.
    pub fn bytes(&self) -> u64 {
        let bytes = sizes::piece(size_of::<Code>())
            + self.proto.bytes()
            + sizes::boxed(&self.constants)
            + sizes::boxed(&self.globals)
            + sizes::boxed(&self.names)
            + sizes::boxed(&self.parameters)
            + size_of_val(&*self.words)
            + self.suspensions.get().map_or(0, |live| {
                sizes::boxed(live) + live.iter().flatten().map(|registers| sizes::boxed(registers)).sum::<usize>()
            })
            + sizes::list(&self.loops);
        bytes as u64
    }
}

/// Calls a Python function; the last of the arguments are named by the strs `names`.
pub type CallHook = fn(&mut Vm, callee: Value, arguments: &[Value], names: &[Value]) -> Outcome;

#[repr(C)]
pub struct Vm {
    /// Where machine code looks for the shape of what is no object: the number of none.
    pub no_shape: u32,
    /// Not 0 when the running code must stop at its next poll (a signal came).
    pub poll: u32,
    /// Guards until the next is made to fail, in the test mode `guard-fail`.
    pub guard_countdown: u32,
    /// The pending exception object, or UNDEF.
    pub exception: Value,
    /// First and one past the last slot of the value stack.
    pub stack: *mut Value,
    pub stack_end: *mut Value,
    /// Register 0 of a frame that calls natively lies before this: what the code of the call and its callee can name
    /// is then inside the stack.
    pub stack_end_for_calls: *mut Value,
    pub frames: FrameStack,
    /// The exception being handled (`sys.exc_info`), or UNDEF.
    pub handled: Value,
    #[allow(clippy::vec_box, reason = "machine code and the interpreter hold addresses of codes")]
    pub codes: Vec<Box<Code>>,
    pub heap: Heap,
    /// Objects that the VM itself keeps alive: builtins, type objects, constants of traces.
    pub permanent: Vec<Value>,
    /// `sys.modules`: a dict of the imported modules by name; UNDEF until there is one.
    pub modules: Value,
    /// Hooks for the first step and the end of asynchronous generators: a list, or UNDEF.
    pub async_generator_hooks: Value,
    /// The function of `asyncio` that notes an asynchronous generator for an event loop, or UNDEF.
    pub notes_async_generators: Value,
    /// What code objects of the program stand for.
    pub texts: super::texts::Texts,
    /// Loops that builtin functions run.
    pub consumers: crate::interp::consume::Consumers,
    /// The generators that the one resumed last passes on to.
    pub chain: crate::interp::chain::Chain,
    /// Where modules are looked for, as `sys.path` begins.
    pub search_path: Vec<String>,
    /// `sys.argv`.
    pub arguments: Vec<String>,
    pub jit: crate::trace::Jit,
    /// What the sampler sees.
    pub perf: crate::perf::Published,

    /// The collector looks at the value stack up to the top frame's last register and up to this slot: for whoever
    /// keeps live values above the top frame.
    pub stack_high: u32,
    /// Nested calls of native code that recurses over objects (comparisons, reprs).
    pub(crate) native_depth: u32,
    /// Longest chain of Python frames (`sys.setrecursionlimit`); the interpreter enforces it.
    pub recursion_limit: u32,
    /// Address that natively nested execution must not come below.
    pub native_limit: usize,
    /// Where compiled code returns to that the interpreter has entered; anything else is a native call from a trace.
    pub entered_from: usize,
    /// Digits of an int that `str` and `int` convert; 0 = no limit.
    pub int_max_str_digits: u32,
    /// `sys.stdout`.
    pub out: Output,

    pub gc_hook: Option<fn(&mut Vm, &GcRecord)>,
    /// `jitvm.mark(name)` and `jitvm.iteration(n)`.
    pub mark_hook: Option<fn(&mut Vm, &str, Option<i64>)>,
    /// How builtins call functions of the program; set by the interpreter.
    pub call_hook: CallHook,

    pub(crate) empty_str: Value,
    pub(crate) empty_tuple: Value,
    /// One-character ASCII strs.
    pub(crate) characters: [Value; 128],
    /// The bytes objects of no byte and of one: programs compare them with `is`, and have lists of many.
    pub(crate) empty_bytes: Value,
    pub(crate) single_bytes: [Value; 256],
    pub(crate) interned: HashMap<Box<str>, Value>,
    pub(crate) fixed_roots: super::fixed_roots::FixedRoots,
    pub(crate) text_indexes: super::strings::TextIndexes,
    pub(crate) known_keys: super::known_keys::KnownKeys,
    /// Classes by `TypeId`.
    #[allow(clippy::vec_box, reason = "machine code holds addresses of their versions")]
    pub(crate) classes: Vec<Box<Class>>,
    /// Shapes of instances of program classes.
    pub shapes: ShapeTable,
    pub(crate) method_cache: MethodCache,
    /// The version last given to a class.
    pub(crate) class_epoch: u32,
    pub names: Names,
    /// Classes of the library whose usual operations need no call.
    pub(crate) abstracts: super::abstract_classes::AbstractAnswers,
    pub(crate) arrays: super::arrays::Arrays,
    pub(crate) decimals: super::decimals::Decimals,
    pub(crate) text_files: super::text_files::TextFiles,
    /// Room for the next JSON text.
    pub(crate) json_buffer: String,
    /// The class of what `stat` gives; that of tuples before `os` is imported.
    pub(crate) stat_result: TypeId,
    /// What `_jitvm.caller` said of places, which lives for good.
    pub(crate) callers: std::collections::HashMap<u64, Value>,
    /// The class of matches of regular expressions, once `re` is imported.
    pub(crate) matches: Option<crate::library::re::Matches>,
    /// What the index of a BUILTIN object means.
    pub(crate) builtin_table: Vec<&'static BuiltinRow>,
    /// Builtin names, by interned str.
    pub(crate) builtins: WordMap<Value, Value>,
}

/// A map with small fixed-size keys.
pub type WordMap<K, V> = HashMap<K, V, BuildHasherDefault<WordHasher>>;

/// Multiplicative hashing of the words written; for keys that no program chooses.
#[derive(Default)]
pub struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }
    fn write_u8(&mut self, i: u8) {
        self.write_u64(u64::from(i));
    }
    fn write_u32(&mut self, i: u32) {
        self.write_u64(u64::from(i));
    }
    fn write_u64(&mut self, i: u64) {
        let mixed = (self.0.rotate_left(5) ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// Bytes reserved for the value stack; memory comes when it is touched.
const STACK_BYTES: usize = 256 << 20;
/// Bytes from a frame's register 0 to the last register of a frame whose base is one of its slots.
const MOST_REACHED: usize = 2 * (u16::MAX as usize + 1) * size_of::<Value>();
/// Bytes from a frame's register 0 that whoever enters compiled code loads, however few registers the frame has.
const LOADED_AT_ENTRY: usize = 4 * size_of::<Value>();

impl Vm {
    /// A VM on the calling thread. `arguments` becomes `sys.argv`.
    pub fn new(arguments: Vec<String>) -> Box<Vm> {
        let stack = blocks::reserve(STACK_BYTES).expect("address space for the value stack");
        let mut vm = Box::new(Vm {
            no_shape: u32::MAX,
            poll: 0,
            guard_countdown: 0,
            exception: Value::UNDEF,
            stack: stack as *mut Value,
            stack_end: (stack + STACK_BYTES - LOADED_AT_ENTRY) as *mut Value,
            stack_end_for_calls: (stack + STACK_BYTES - MOST_REACHED) as *mut Value,
            frames: FrameStack::new(1000),
            handled: Value::UNDEF,
            codes: Vec::new(),
            heap: Heap::new(),
            permanent: Vec::new(),
            modules: Value::UNDEF,
            async_generator_hooks: Value::UNDEF,
            notes_async_generators: Value::UNDEF,
            texts: Default::default(),
            consumers: Default::default(),
            chain: Default::default(),
            search_path: Vec::new(),
            arguments,
            jit: crate::trace::Jit::default(),
            perf: crate::perf::Published::default(),
            stack_high: 0,
            native_depth: 0,
            recursion_limit: 1000,
            native_limit: 0,
            entered_from: 0,
            int_max_str_digits: 4300,
            out: Output::stdout(),
            gc_hook: None,
            mark_hook: None,
            call_hook: |vm, callee, _, _| Err(vm.type_error(format!("no interpreter to call {callee:?}"))),
            empty_str: Value::UNDEF,
            empty_tuple: Value::UNDEF,
            characters: [Value::UNDEF; 128],
            empty_bytes: Value::UNDEF,
            single_bytes: [Value::UNDEF; 256],
            text_indexes: Default::default(),
            known_keys: Default::default(),
            interned: HashMap::new(),
            fixed_roots: Default::default(),
            classes: Vec::new(),
            shapes: ShapeTable::default(),
            method_cache: MethodCache::default(),
            class_epoch: 0,
            names: Names::UNSET,
            abstracts: Default::default(),
            arrays: Default::default(),
            decimals: Default::default(),
            text_files: Default::default(),
            stat_result: TypeId::TUPLE,
            json_buffer: String::new(),
            callers: Default::default(),
            matches: None,
            builtin_table: Vec::new(),
            builtins: WordMap::default(),
        });
        vm.make_shared_objects();
        crate::library::install(&mut vm);
        vm
    }

    fn make_shared_objects(&mut self) {
        let no_memory = "the heap holds the first objects";
        self.empty_str = self.allocate_str(0, |_| ()).expect(no_memory);
        self.empty_tuple = self.tuple(&[]).expect(no_memory);
        for byte in 0..128 {
            self.characters[byte as usize] = self.allocate_str(1, |bytes| bytes[0] = byte).expect(no_memory);
        }
        self.empty_bytes = self.new_bytes(0, |_| ()).expect(no_memory);
        for byte in 0..=u8::MAX {
            self.single_bytes[byte as usize] = self.new_bytes(1, |data| data[0] = byte).expect(no_memory);
        }
        self.make_builtin_classes();
    }

    /// Before native code recurses over an object; raises RecursionError, `place` being part of the message.
    pub(crate) fn enter_native(&mut self, place: &str) -> Outcome<()> {
        let frames = self.frames.len() as u32;
        if self.native_depth + frames >= self.recursion_limit || self.heap.native_stack_is_short() {
            let message = format!("maximum recursion depth exceeded{place}");
            return Err(self.raise(TypeId::RECURSION_ERROR, message));
        }
        self.native_depth += 1;
        Ok(())
    }

    pub(crate) fn leave_native(&mut self) {
        self.native_depth -= 1;
    }

    /// Slots of the value stack that may hold live values.
    pub fn stack_in_use(&self) -> usize {
        let top = self
            .frames
            .last()
            .map_or(0, |frame| frame.base as usize + self.codes[frame.code.index()].proto.registers as usize);
        let size = (self.stack_end as usize - self.stack as usize) / size_of::<Value>();
        top.max(self.stack_high as usize).min(size)
    }

    /// Calls `f` with every value the VM itself refers to, but for fixed ones: the precise roots.
    pub fn visit_roots(&self, f: &mut dyn FnMut(Value)) {
        f(self.exception);
        f(self.handled);
        self.frames.iter().filter_map(Frame::generator).for_each(&mut *f);
        f(self.empty_str);
        f(self.empty_tuple);
        self.characters.iter().for_each(|&value| f(value));
        f(self.empty_bytes);
        self.single_bytes.iter().for_each(|&value| f(value));
        self.builtins.values().for_each(|&value| f(value));
        self.permanent.iter().for_each(|&value| f(value));
        f(self.modules);
        self.consumers.visit_roots(f);
        self.jit.visit_roots(f);
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        blocks::release(Some(self.stack as usize), STACK_BYTES);
    }
}
