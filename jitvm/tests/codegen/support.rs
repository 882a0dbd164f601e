//! Builds traces by hand, runs them as machine code, and collects what their exits restore.

use std::cell::{Cell, RefCell};
use std::mem::offset_of;

use jitvm::codegen::{Arena, Artifact, Bounds, Exit, ExitState, Options, Targets, compile, enter};
use jitvm::interp::helpers::{Effects, Entry, Helper};
use jitvm::ir::{Body, CodeId, Const, Ins, Op, Origin, Ref, Resume, SnapFrame, SnapSlot, Snapshot, TraceId, Ty};
use jitvm::runtime::heap::{Heap, SizeClass};
use jitvm::runtime::value::Value;
use jitvm::runtime::vm::Continuation;
use jitvm::runtime::vm::Vm;

/// Writes traces.
#[derive(Default)]
pub struct Builder {
    pub body: Body,
}

impl Builder {
    pub fn int(&mut self, i: i64) -> Ref {
        self.body.constant(Const::Int(i))
    }
    pub fn flt(&mut self, x: f64) -> Ref {
        self.body.constant(Const::Flt(x))
    }
    pub fn val(&mut self, value: Value) -> Ref {
        self.body.constant(Const::Val(value, format!("{value:?}").into()))
    }
    pub fn raw(&mut self, word: u64) -> Ref {
        self.body.constant(Const::Raw(word, "address".into()))
    }
    pub fn ins(&mut self, op: Op, a: Ref, b: Ref, c: u32) -> Ref {
        let ty = if op == Op::Phi { self.body.ty(a) } else { op.result() };
        self.body.ins.push(Ins::new(op, ty, a, b, c));
        self.body.origins.push(Origin { code: CodeId(0), pc: 0 });
        Ref((self.body.ins.len() - 1) as u16)
    }
    pub fn sload(&mut self, slot: u32) -> Ref {
        self.ins(Op::Sload, Ref::NONE, Ref::NONE, slot)
    }
    /// A slot that holds a fixnum.
    pub fn int_slot(&mut self, slot: u32) -> Ref {
        let loaded = self.sload(slot);
        self.one(Op::G_Int, loaded)
    }
    /// A slot that holds an immediate float.
    pub fn flt_slot(&mut self, slot: u32) -> Ref {
        let loaded = self.sload(slot);
        self.one(Op::G_Flt, loaded)
    }
    pub fn none(&mut self, op: Op) -> Ref {
        self.ins(op, Ref::NONE, Ref::NONE, 0)
    }
    pub fn one(&mut self, op: Op, a: Ref) -> Ref {
        self.ins(op, a, Ref::NONE, 0)
    }
    pub fn two(&mut self, op: Op, a: Ref, b: Ref) -> Ref {
        self.ins(op, a, b, 0)
    }
    pub fn call(&mut self, helper: u32, arguments: &[Ref]) -> Ref {
        let mut chain = Ref::NONE;
        for &argument in arguments {
            chain = self.two(Op::CArg, chain, argument);
        }
        self.ins(Op::CallH, chain, Ref::NONE, helper)
    }
    /// A snapshot for the instructions that follow.
    pub fn snap(&mut self, values: &[Ref]) {
        let slots = values.iter().enumerate().map(|(n, &value)| SnapSlot { slot: n as u16, value }).collect();
        let frames = vec![SnapFrame { code: CodeId(0), pc: 0, base: 0, continuation: Continuation::Call }];
        let at = self.body.ins.len() as u16;
        self.body.snapshots.push(Snapshot { at, resume: Resume::Execute, frames, slots, objects: Vec::new() });
    }
    /// Ends with a loop whose first iteration leaves and shows the values.
    pub fn show(mut self, values: &[Ref]) -> Body {
        self.snap(values);
        self.none(Op::Loop);
        self.none(Op::G_Poll);
        self.body
    }
}

/// What a run ended with.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// Index of the guard.
    pub guard: usize,
    /// Raw bits of the snapshot's values.
    pub values: Vec<u64>,
    pub observed: Option<u64>,
}

thread_local! {
    static EXITS: RefCell<(Vec<Exit>, Vec<Const>)> = const { RefCell::new((Vec::new(), Vec::new())) };
    static OUTCOME: RefCell<Option<Outcome>> = const { RefCell::new(None) };
    #[allow(clippy::vec_box, reason = "boxes stay where they are")]
    static BOXED: RefCell<Vec<Box<[u64; 2]>>> = const { RefCell::new(Vec::new()) };
    pub static CALLS: Cell<u64> = const { Cell::new(0) };
}

pub extern "C" fn on_exit(vm: *mut Vm, state: *mut ExitState) -> u64 {
    assert!(!vm.is_null());
    assert_eq!(state as usize % 16, 0, "the stack is aligned at calls");
    // SAFETY: the exit path passes the state it has just written, on the stack below this frame.
    let state = unsafe { &*state };
    EXITS.with_borrow(|(exits, constants)| {
        let exit = &exits[state.exit as usize];
        let values = exit.locations.iter().map(|&location| state.read(location, constants)).collect();
        let observed = exit.observed.map(|location| state.read(location, constants));
        OUTCOME.set(Some(Outcome { guard: exit.guard as usize, values, observed }));
    });
    0xfeed_0000_0000 + u64::from(state.trace)
}

/// Destroys what calls may destroy.
pub fn clobber() {
    // SAFETY: only registers that the C ABI lets a function change, all declared.
    unsafe {
        core::arch::asm!(
            "mov rcx, -1", "mov rdx, rcx", "mov rsi, rcx", "mov rdi, rcx", "mov r8, rcx", "mov r9, rcx",
            "mov r10, rcx", "mov r11, rcx", "movq xmm0, rcx", "movq xmm1, rcx", "movq xmm2, rcx", "movq xmm3, rcx",
            "movq xmm4, rcx", "movq xmm5, rcx", "movq xmm6, rcx", "movq xmm7, rcx", "movq xmm8, rcx",
            "movq xmm9, rcx", "movq xmm10, rcx", "movq xmm11, rcx", "movq xmm12, rcx", "movq xmm13, rcx",
            "movq xmm14, rcx", "movq xmm15, rcx",
            out("rcx") _, out("rdx") _, out("rsi") _, out("rdi") _, out("r8") _, out("r9") _, out("r10") _,
            out("r11") _, out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
            out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
            out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
        );
    }
}

/// A FloatBox: the header word names its shape, the second word has the bits.
pub extern "C" fn box_float(vm: *mut Vm, bits: u64) -> u64 {
    assert!(!vm.is_null());
    let mut object = Box::new([1, bits]);
    let address = object.as_mut_ptr() as u64;
    BOXED.with_borrow_mut(|boxed| boxed.push(object));
    clobber();
    address + 1
}

/// Memory for a new object, with the shape written.
pub extern "C" fn allocate(vm: *mut Vm, bytes: u64, shape: u64) -> u64 {
    assert!(!vm.is_null());
    assert!(bytes.is_multiple_of(8));
    let object = Box::leak(vec![0x5555_5555_5555_5555; bytes as usize / 8].into_boxed_slice());
    object[0] = shape;
    clobber();
    object.as_ptr() as u64 + 1
}

extern "C" fn mix1(_: *mut Vm, a: u64) -> u64 {
    CALLS.set(CALLS.get() + 1);
    clobber();
    mixed(&[a])
}
extern "C" fn mix2(_: *mut Vm, a: u64, b: u64) -> u64 {
    clobber();
    mixed(&[a, b])
}
extern "C" fn mix3(_: *mut Vm, a: u64, b: u64, c: u64) -> u64 {
    clobber();
    mixed(&[a, b, c])
}
extern "C" fn mix4(_: *mut Vm, a: u64, b: u64, c: u64, d: u64) -> u64 {
    clobber();
    mixed(&[a, b, c, d])
}
extern "C" fn mix5(vm: *mut Vm, a: u64, b: u64, c: u64, d: u64, e: u64) -> u64 {
    assert!(!vm.is_null());
    clobber();
    mixed(&[a, b, c, d, e])
}

/// What the helpers compute: depends on the arguments and their order; EXC for the arguments 13, 13.
pub fn mixed(words: &[u64]) -> u64 {
    if words == [13 << 2, 13 << 2] {
        return Value::EXC.0;
    }
    let sum = words.iter().enumerate().fold(0u64, |sum, (n, w)| sum.wrapping_add(w.wrapping_mul(2 * n as u64 + 3)));
    sum << 2
}

const PURE: Effects = Effects { pure: true, fresh: false, writes: false, raises: false, lists: false, gives: None };
/// Helper n takes n + 1 arguments.
pub static HELPERS: &[Helper] = &[
    Helper { name: "mix1", entry: Entry::A1(mix1), effects: PURE },
    Helper { name: "mix2", entry: Entry::A2(mix2), effects: PURE },
    Helper { name: "mix3", entry: Entry::A3(mix3), effects: PURE },
    Helper { name: "mix4", entry: Entry::A4(mix4), effects: PURE },
    Helper { name: "mix5", entry: Entry::A5(mix5), effects: PURE },
];
pub const TARGETS: Targets = Targets { box_float, allocate, helpers: HELPERS };

/// Code memory and a VM of which only the leading fields are real.
pub struct Machine {
    pub arena: Arena,
    vm: Vec<u64>,
}

impl Machine {
    pub fn new() -> Machine {
        Machine {
            arena: Arena::new(on_exit, Bounds::default()).expect("code memory"),
            vm: vec![0; size_of::<Vm>() / 8 + 1],
        }
    }
    /// Gives the heap's size class for objects of so many bytes the memory from `start` to `end`.
    pub fn set_cell_memory(&mut self, bytes: usize, start: u64, end: u64) {
        let class = self.class_words(bytes);
        (self.vm[class.0], self.vm[class.1]) = (start, end);
    }
    /// Where the size class goes on.
    pub fn cursor(&self, bytes: usize) -> u64 {
        self.vm[self.class_words(bytes).0]
    }
    fn class_words(&self, bytes: usize) -> (usize, usize) {
        let class = offset_of!(Vm, heap) + offset_of!(Heap, classes) + Heap::class_of(bytes) * size_of::<SizeClass>();
        ((class + offset_of!(SizeClass, cursor)) / 8, (class + offset_of!(SizeClass, limit)) / 8)
    }
    pub fn compile(&mut self, body: &Body, options: &Options) -> Artifact {
        let mut body = body.clone();
        compile(&mut body, TraceId(7), None, options, &TARGETS, &mut self.arena)
            .unwrap_or_else(|failure| panic!("{failure}\n{body}"))
    }
    pub fn run(&mut self, artifact: &Artifact, constants: &[Const], stack: &mut [u64], poll: bool) -> Outcome {
        let vm = self.vm.as_mut_ptr().cast::<Vm>();
        // SAFETY: the words are those of a VM.
        unsafe {
            (&raw mut (*vm).poll).write(poll.into());
            (&raw mut (*vm).no_shape).write(u32::MAX);
        }
        EXITS.set((artifact.exits.clone(), constants.to_vec()));
        OUTCOME.set(None);
        let result = self.enter(artifact, stack);
        assert_eq!(result, 0xfeed_0000_0007);
        OUTCOME.take().expect("the trace exits through its handler")
    }
    fn enter(&mut self, artifact: &Artifact, stack: &mut [u64]) -> u64 {
        // Who enters a trace loads what may be parameters of a function.
        let mut slots = stack.to_vec();
        slots.resize(stack.len().max(4), 0);
        // SAFETY: the trace was installed in this arena, touches only the VM's poll field and these slots.
        let result = unsafe { enter(self.vm.as_mut_ptr().cast(), slots.as_mut_ptr().cast(), artifact.entry) };
        stack.copy_from_slice(&slots[..stack.len()]);
        result
    }
    /// Runs a trace that ends with RET; what it returns.
    pub fn returned(&mut self, artifact: &Artifact, stack: &mut [u64]) -> u64 {
        OUTCOME.set(None);
        let result = self.enter(artifact, stack);
        assert!(OUTCOME.take().is_none(), "the trace has left through an exit");
        result
    }
    /// Compiles and runs once, with the poll flag set.
    pub fn once(&mut self, body: &Body, stack: &[u64]) -> Outcome {
        let artifact = self.compile(body, &Options::default());
        self.run(&artifact, &body.constants, &mut stack.to_vec(), true)
    }
}

pub fn fixnum(i: i64) -> u64 {
    Value::from_fixnum(i).0
}

/// The word of a float that needs no box.
pub fn float(x: f64) -> u64 {
    Value::try_float(x).expect("immediate").0
}

/// Bits of a float behind a value, boxed or not.
pub fn unboxed(word: u64) -> u64 {
    let value = Value(word);
    if value.is_float() {
        return value.as_float().to_bits();
    }
    assert!(value.is_pointer());
    // SAFETY: pointers to floats in these tests are those of `box_float`.
    unsafe { *((value.address() + 8) as *const u64) }
}

/// Same bits, or both NaN.
pub fn same(ty: Ty, a: u64, b: u64) -> bool {
    let nan = |bits: u64| f64::from_bits(bits).is_nan();
    a == b || (ty == Ty::Flt && nan(a) && nan(b))
}

/// Deterministic choices.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 11) as usize % limit
    }
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
