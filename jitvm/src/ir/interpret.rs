//! Executes a trace, recorded or optimised, one instruction after the other, on the real heap and stack.
//!
//! It is the definition of what operations mean that tests can run, and what machine code is compared with. It takes
//! traces in every form that is closed (LOOP with PHIs, or CLOSE) and ends like machine code, with an exit through the
//! snapshot of a guard.

use std::cell::Cell;
use std::mem::offset_of;

use super::{Body, Effect, FUNCTION_SLOT, Ins, Op, Ref, TraceId, Ty};
use crate::interp::activation::CallSite;
use crate::interp::helpers::Helper;
use crate::runtime::numbers::as_float;
use crate::runtime::object::{Cell as ModuleCell, Header, List, STORAGE_ITEMS, Str, Tuple};
use crate::runtime::value::{FIXNUM_MAX, FIXNUM_MIN, Value};
use crate::runtime::vm::Vm;

/// What a trace runs on.
#[derive(Clone, Copy)]
pub struct Machine<'s> {
    pub vm: *mut Vm,
    /// Register 0 of the anchor's frame.
    pub base: *mut Value,
    /// At least [`scratch_needed`] words that the collector scans conservatively, out of the reach of the frames that
    /// helpers push: a part of the VM's value stack above the frames. Values of the trace live here while it runs.
    pub scratch: &'s [Cell<u64>],
    pub helpers: &'s [Helper],
    /// Makes the box of a float that no word can hold.
    pub box_float: extern "C" fn(*mut Vm, f64) -> u64,
    /// Memory for an object of so many bytes and of a shape, as a tagged pointer.
    pub allocate: extern "C" fn(*mut Vm, u64, u64) -> u64,
    /// What a side trace starts with: by value of its parent's snapshot, tagged words in memory that the collector sees.
    pub inputs: &'s [Cell<u64>],
    /// How many times the loop may be closed before `run` gives up.
    pub back_edges: u64,
    /// Makes every so many-th guard fail (`Vm::guard_countdown`; 0 = none).
    pub guard_fail: u32,
    /// The trace begins at LOOP, with these values there.
    pub label: Option<(&'s [Ref], &'s [Cell<u64>])>,
    /// Counts the instructions executed; past so many the trace is left at the next poll.
    pub measure: Option<(&'s Cell<u64>, u64)>,
}

/// How a trace was left.
#[derive(Clone, Copy, Debug)]
pub struct IrExit<'s> {
    /// The root trace it went on to, its slots written; then no other field means anything but `values`: what it is to
    /// begin with at LOOP, by `Label::values` (nothing: it begins at its start). Floats are bits.
    pub linked: Option<TraceId>,
    /// Index of the guard that failed.
    pub guard: usize,
    /// Index of its snapshot.
    pub snapshot: usize,
    /// By value of the snapshot: the tagged words to write, floats boxed (sunk objects are still to be made: 0); then what
    /// is handed on besides. In the scratch memory.
    pub values: &'s [Cell<u64>],
    /// The value that failed the guard (`Ins::observed`) with its type, where it has one: a tagged word, the bits of a
    /// float, or an address.
    pub observed: Option<(Ty, u64)>,
    /// How many times the loop was closed.
    pub back_edges: u64,
    /// Nothing failed: the trace was left because it had been measured for long enough.
    pub measured: bool,
    /// The tagged word that RET returned; then no other field means anything.
    pub returned: Option<u64>,
}

/// Words of scratch memory that a trace needs: one per instruction, and room for a snapshot or the PHIs.
pub fn scratch_needed(body: &Body) -> usize {
    let slots = body.snapshots.iter().map(|snapshot| snapshot.values().count()).max().unwrap_or(0) + body.kept.len();
    let phis = body.ins.iter().filter(|ins| ins.op == Op::Phi).count();
    let handed_on = body.ins.iter().find(|ins| ins.op == Op::Close).map_or(0, |close| body.arguments(close.a).len());
    body.ins.len() + slots.max(phis).max(handed_on)
}

/// Runs the trace until a guard fails; `None` if the loop has been closed `back_edges` times.
///
/// # Safety
/// `vm`, `base` and what lies in the slots that the trace reads must be those of a VM whose state the trace was made
/// for: objects have the layouts that the trace's guards check. The body is well-formed (`check`).
pub unsafe fn run<'s>(machine: &Machine<'s>, body: &Body) -> Option<IrExit<'s>> {
    assert!(machine.scratch.len() >= scratch_needed(body), "the scratch memory is too small for the trace");
    let first_phi = body.ins.iter().position(|ins| ins.op == Op::Phi).unwrap_or(body.ins.len());
    Run { machine: *machine, body, first_phi }.run()
}

/// A guard did not hold.
pub(crate) struct Failed;

/// The instructions of a trace, one at a time.
pub(crate) struct Run<'s, 'b> {
    pub machine: Machine<'s>,
    pub body: &'b Body,
    /// Index of the first PHI.
    pub first_phi: usize,
}

impl<'s> Run<'s, '_> {
    fn run(&self) -> Option<IrExit<'s>> {
        let start = self.body.loop_index().map_or(0, |index| index + 1);
        let mut back_edges = 0;
        let mut index = 0;
        if let Some((values, words)) = self.machine.label {
            values.iter().zip(words).for_each(|(value, word)| self.set(value.index(), word.get()));
            index = start;
        }
        loop {
            // Past the last instruction there are only PHIs, if the trace has LOOP.
            let op = self.body.ins.get(index).map_or(Op::Phi, |ins| ins.op);
            match op {
                Op::Phi => self.carry_phis(),
                Op::Close => {
                    self.write_back(index);
                    let link = self.body.ins[index].c;
                    if link != 0 {
                        return Some(IrExit {
                            linked: Some(TraceId(link)),
                            guard: index,
                            snapshot: 0,
                            values: self.handed_on(index),
                            observed: None,
                            back_edges,
                            measured: false,
                            returned: None,
                        });
                    }
                }
                Op::Ret => {
                    let word = self.word(self.body.ins[index].a);
                    let values = &[];
                    return Some(IrExit {
                        linked: None,
                        guard: index,
                        snapshot: 0,
                        values,
                        observed: None,
                        back_edges,
                        measured: false,
                        returned: Some(word),
                    });
                }
                Op::CallF => {
                    let ins = self.body.ins[index];
                    let arguments: Vec<Value> =
                        self.body.arguments(ins.a).into_iter().map(|r| Value(self.word(r))).collect();
                    let site = CallSite::of(self.body, index).expect("the checker has seen it");
                    self.set(index, site.call_interpreted(self.machine.vm, &arguments));
                    index += 1;
                    continue;
                }
                op => {
                    if op.is_guard() && self.is_forced(index) {
                        return Some(self.exit(index, back_edges));
                    }
                    if op != Op::Nop && self.is_measured_enough(op) {
                        return Some(IrExit { measured: true, ..self.exit(index, back_edges) });
                    }
                    if op == Op::CallH {
                        self.tell_place(index);
                    }
                    match self.step(self.body.ins[index]) {
                        Ok(word) => self.set(index, word),
                        Err(Failed) => return Some(self.exit(index, back_edges)),
                    }
                    index += 1;
                    continue;
                }
            }
            back_edges += 1;
            if back_edges == self.machine.back_edges {
                return None;
            }
            index = start;
        }
    }

    /// Counts a guard in the mode that makes them fail, as machine code does.
    fn is_forced(&self, index: usize) -> bool {
        if self.machine.guard_fail == 0 || !self.body.may_be_forced(index) {
            return false;
        }
        // SAFETY: the VM is alive and its fields are not borrowed while a trace runs.
        let countdown = unsafe { &mut (*self.machine.vm).guard_countdown };
        *countdown = countdown.wrapping_sub(1);
        if *countdown != 0 {
            return false;
        }
        *countdown = self.machine.guard_fail;
        true
    }

    fn is_measured_enough(&self, op: Op) -> bool {
        let Some((count, limit)) = self.machine.measure else { return false };
        count.set(count.get() + 1);
        op == Op::G_Poll && count.get() > limit
    }

    fn set(&self, index: usize, word: u64) {
        self.machine.scratch[index].set(word);
    }

    pub(crate) fn word(&self, r: Ref) -> u64 {
        if r.is_constant() {
            self.body.constants[r.constant_index()].word()
        } else {
            self.machine.scratch[r.index()].get()
        }
    }

    fn int(&self, r: Ref) -> i64 {
        Value(self.word(r)).as_fixnum()
    }

    fn float(&self, r: Ref) -> f64 {
        f64::from_bits(self.word(r))
    }

    fn boxed(&self, x: f64) -> u64 {
        Value::try_float(x).map_or_else(|| (self.machine.box_float)(self.machine.vm, x), |value| value.0)
    }

    /// The tagged words of a snapshot, behind the values in the scratch memory, where the collector sees those that
    /// are done while it makes boxes for others.
    fn capture(&self, snapshot: usize, at: usize) -> &'s [Cell<u64>] {
        let snapshot = &self.body.snapshots[snapshot];
        let first = self.body.ins.len();
        let kept = self.body.kept_at(at);
        let words = &self.machine.scratch[first..first + snapshot.values().count() + kept.len()];
        for (word, value) in words.iter().zip(snapshot.values().chain(kept.iter().map(|kept| kept.here))) {
            let is_float = self.body.ty(value) == Ty::Flt;
            word.set(if is_float { self.boxed(self.float(value)) } else { self.word(value) });
        }
        words
    }

    fn exit(&self, guard: usize, back_edges: u64) -> IrExit<'s> {
        let ins = self.body.ins[guard];
        let snapshot = self.body.snapshot_of(guard).expect("a guard has a snapshot");
        let observed = ins.observed().map(|operand| (self.body.ty(operand), self.word(operand)));
        IrExit {
            linked: None,
            guard,
            snapshot,
            values: self.capture(snapshot, guard),
            observed,
            back_edges,
            measured: false,
            returned: None,
        }
    }

    fn write_back(&self, close: usize) {
        let snapshot = self.body.snapshot_of(close).expect("CLOSE has a snapshot");
        let words = self.capture(snapshot, close);
        for (word, entry) in words.iter().zip(&self.body.snapshots[snapshot].slots) {
            // SAFETY: snapshots name registers of the anchor's frame, which `base` is the first of.
            unsafe { self.machine.base.add(entry.slot as usize).write(Value(word.get())) };
        }
    }

    /// The arguments of CLOSE, behind the values in the scratch memory.
    fn handed_on(&self, close: usize) -> &'s [Cell<u64>] {
        let arguments = self.body.arguments(self.body.ins[close].a);
        let first = self.body.ins.len();
        let words = &self.machine.scratch[first..first + arguments.len()];
        words.iter().zip(arguments).for_each(|(word, argument)| word.set(self.word(argument)));
        words
    }

    fn carry_phis(&self) {
        let (scratch, body) = (self.machine.scratch, self.body);
        let phis = || body.ins[self.first_phi..].iter().filter(|ins| ins.op == Op::Phi);
        let next = &scratch[body.ins.len()..];
        for (word, phi) in next.iter().zip(phis()) {
            word.set(self.word(phi.b));
        }
        for (word, phi) in next.iter().zip(phis()) {
            self.set(phi.a.index(), word.get());
        }
    }

    pub(crate) fn step(&self, ins: Ins) -> Result<u64, Failed> {
        match ins.op.effect() {
            Effect::Guard => self.guard(ins),
            Effect::Pure => Ok(self.compute(ins)),
            Effect::Load => Ok(self.load(ins)),
            Effect::Store => {
                self.store(ins);
                Ok(0)
            }
            Effect::Call => Ok(self.call(ins)),
            Effect::New if !ins.is_sunk() => Ok(self.new_object(ins)),
            Effect::New | Effect::Marker => Ok(0),
        }
    }

    fn guard(&self, ins: Ins) -> Result<u64, Failed> {
        let (a, b) = (|| self.word(ins.a), || self.word(ins.b));
        let ints = || (self.int(ins.a), self.int(ins.b));
        let floats = || (self.float(ins.a), self.float(ins.b));
        let holds = match ins.op {
            Op::G_Int => Value(a()).is_int(),
            Op::G_Flt => {
                let value = Value(a());
                return if value.is_float() { Ok(value.as_float().to_bits()) } else { Err(Failed) };
            }
            Op::G_Shape => Value(a()).is_pointer() && self.shape(a()) == ins.c,
            Op::G_Eq => a() == b(),
            Op::G_Ne => a() != b(),
            Op::G_Lt => ints().0 < ints().1,
            Op::G_Le => ints().0 <= ints().1,
            Op::G_Ult => a() < b(),
            Op::G_FltLt => floats().0 < floats().1,
            Op::G_FltNlt => !matches!(floats(), (a, b) if a < b),
            Op::G_FltLe => floats().0 <= floats().1,
            Op::G_FltNle => !matches!(floats(), (a, b) if a <= b),
            Op::G_FltEq => floats().0 == floats().1,
            Op::G_FltNe => floats().0 != floats().1,
            Op::G_NoExc => a() != Value::EXC.0,
            Op::G_Watch => self.cell_value(a()) == b(),
            Op::Leave => false,
            // SAFETY: the VM is alive; a signal handler may write the field at any time.
            Op::G_Poll => unsafe { (&raw const (*self.machine.vm).poll).read_volatile() == 0 },
            _ => return self.guarded_computation(ins),
        };
        if holds { Ok(self.guarded_word(ins)) } else { Err(Failed) }
    }

    /// Result of a guard that only checks: its operand, if it has a result.
    fn guarded_word(&self, ins: Ins) -> u64 {
        if ins.ty == Ty::Nil { 0 } else { self.word(ins.a) }
    }

    fn guarded_computation(&self, ins: Ins) -> Result<u64, Failed> {
        let fixnum = |i: i128| {
            let inside = i >= i128::from(FIXNUM_MIN) && i <= i128::from(FIXNUM_MAX);
            if inside { Ok(Value::from_fixnum(i as i64).0) } else { Err(Failed) }
        };
        let a = || i128::from(self.int(ins.a));
        let b = || i128::from(self.int(ins.b));
        match ins.op {
            Op::AddOv => fixnum(a() + b()),
            Op::SubOv => fixnum(a() - b()),
            Op::MulOv => fixnum(a() * b()),
            Op::ShlOv if (0..=60).contains(&b()) => fixnum(a() << b()),
            Op::ShlOv => Err(Failed),
            Op::IntToFltExact if a().abs() <= 1 << 53 => Ok((self.int(ins.a) as f64).to_bits()),
            Op::IntToFltExact => Err(Failed),
            Op::FltToInt => {
                let x = self.float(ins.a).trunc();
                // False for NaN; 2^61 is the first float above the range.
                let inside = x >= FIXNUM_MIN as f64 && x < -(FIXNUM_MIN as f64);
                if inside { fixnum(x as i128) } else { Err(Failed) }
            }
            _ => unreachable!("{} is no guard", ins.op.name()),
        }
    }

    fn compute(&self, ins: Ins) -> u64 {
        let ints = || (self.int(ins.a), self.int(ins.b));
        let floats = || (self.float(ins.a), self.float(ins.b));
        let float = |x: f64| x.to_bits();
        let int = |i: i64| Value::from_fixnum(i).0;
        match ins.op {
            Op::Add => int(ints().0 + ints().1),
            Op::Sub => int(ints().0 - ints().1),
            Op::Div => int(floor_division(ints().0, ints().1)),
            Op::Mod => int(ints().0 - ints().1 * floor_division(ints().0, ints().1)),
            Op::And => int(ints().0 & ints().1),
            Op::Or => int(ints().0 | ints().1),
            Op::Xor => int(ints().0 ^ ints().1),
            Op::Shr => int(ints().0 >> ints().1.min(63)),
            Op::Min => int(ints().0.min(ints().1)),
            Op::Max => int(ints().0.max(ints().1)),
            Op::Lt => Value::from_bool(ints().0 < ints().1).0,
            Op::Le => Value::from_bool(ints().0 <= ints().1).0,
            Op::Eq => Value::from_bool(self.word(ins.a) == self.word(ins.b)).0,
            Op::LtF => Value::from_bool(floats().0 < floats().1).0,
            Op::LeF => Value::from_bool(floats().0 <= floats().1).0,
            Op::EqF => Value::from_bool(floats().0 == floats().1).0,
            Op::Sel | Op::SelF => self.word(if self.word(ins.c_ref()) == Value::TRUE.0 { ins.a } else { ins.b }),
            Op::AddF => float(floats().0 + floats().1),
            Op::SubF => float(floats().0 - floats().1),
            Op::MulF => float(floats().0 * floats().1),
            Op::DivF => float(floats().0 / floats().1),
            Op::NegF => float(-self.float(ins.a)),
            Op::AbsF => float(self.float(ins.a).abs()),
            Op::SqrtF => float(self.float(ins.a).sqrt()),
            Op::IntToFlt => float(self.int(ins.a) as f64),
            Op::BoxF => self.boxed(self.float(ins.a)),
            Op::TupleData => (self.address(ins.a) + Tuple::ITEMS) as u64,
            _ => unreachable!("{} is not pure", ins.op.name()),
        }
    }

    fn load(&self, ins: Ins) -> u64 {
        let item = || self.word(ins.a) as usize + 8 * self.int(ins.b) as usize;
        match ins.op {
            // SAFETY: the slot before the anchor's registers is the function's.
            Op::Sload if ins.c == FUNCTION_SLOT => unsafe { self.machine.base.sub(1).read().0 },
            // SAFETY: a slot of the anchor's frame or of one above it, on the VM's stack.
            Op::Sload => unsafe { self.machine.base.add(ins.c as usize).read().0 },
            Op::Parent => {
                let word = self.machine.inputs[ins.c as usize].get();
                if ins.ty == Ty::Flt { as_float(Value(word)).map_or(0, f64::to_bits) } else { word }
            }
            Op::ListLen => Value::from_fixnum(i64::from(read::<u32>(self.address(ins.a) + offset_of!(List, length)))).0,
            Op::ListData => read::<u64>(self.address(ins.a) + offset_of!(List, data)),
            Op::TupleLen => Value::from_fixnum(read::<u64>(self.address(ins.a) + offset_of!(Tuple, length)) as i64).0,
            Op::StrLen => Value::from_fixnum(i64::from(read::<u32>(self.address(ins.a) + offset_of!(Str, length)))).0,
            Op::ElemLoad | Op::ItemLoad => read::<u64>(item()),
            Op::FieldLoad | Op::FloatLoad => read::<u64>(self.address(ins.a) + ins.c as usize),
            Op::CellLoad => self.cell_value(self.word(ins.a)),
            _ => unreachable!("{} is no load", ins.op.name()),
        }
    }

    fn cell_value(&self, cell: u64) -> u64 {
        read::<u64>(cell as usize + offset_of!(ModuleCell, value))
    }

    fn new_object(&self, ins: Ins) -> u64 {
        let new = self.body.new_object(ins).expect("the checker has seen it");
        let word = (self.machine.allocate)(self.machine.vm, new.bytes.into(), new.shape.into());
        // SAFETY: the object has just been allocated with room for its header.
        unsafe { (Value(word).address() as *mut u64).write(new.header()) };
        word
    }

    fn store(&self, ins: Ins) {
        if ins.op == Op::ShapeStore {
            let address = self.address(ins.a) + offset_of!(Header, shape);
            // SAFETY: as below; the shape is a half of the header.
            return unsafe { (address as *mut u32).write(ins.c) };
        }
        let (address, word) = self.store_target(ins);
        // SAFETY: the trace's guards have checked the object and the index, which is what the caller of `run` vouches
        // for.
        unsafe { (address as *mut u64).write(word) };
        let written = match ins.op {
            Op::ElemStore => self.word(ins.a) as usize - STORAGE_ITEMS,
            Op::FieldStore => self.address(ins.a),
            _ => return,
        };
        // SAFETY: by the caller of `run` the VM is one, and nothing else uses its heap meanwhile.
        unsafe { (*self.machine.vm).heap.written(written as *mut Header) };
    }

    /// Where a store of a word writes, and what.
    pub(crate) fn store_target(&self, ins: Ins) -> (usize, u64) {
        match ins.op {
            Op::ElemStore => (self.word(ins.a) as usize + 8 * self.int(ins.b) as usize, self.word(ins.c_ref())),
            Op::FieldStore | Op::FloatStore => (self.address(ins.a) + ins.c as usize, self.word(ins.b)),
            Op::CellStore => (self.word(ins.a) as usize + offset_of!(ModuleCell, value), self.word(ins.b)),
            _ => unreachable!("{} is no store", ins.op.name()),
        }
    }

    /// Before a call of what may run code of the program, which may look at line numbers.
    fn tell_place(&self, at: usize) {
        let helper = self.machine.helpers[self.body.ins[at].c as usize];
        if let Some(pc) = self.body.pc_of_call(at).filter(|_| helper.effects.may_show_frames()) {
            // SAFETY: the VM is alive, and nothing refers to its frames while a trace is interpreted.
            unsafe { (*self.machine.vm).frames.stand_at(pc) };
        }
    }

    fn call(&self, ins: Ins) -> u64 {
        let helper = self.machine.helpers[ins.c as usize];
        let arguments: Vec<u64> = self.body.arguments(ins.a).into_iter().map(|r| self.word(r)).collect();
        // The words are in the scratch memory or constants too, so the collector finds the objects.
        helper.entry.call(self.machine.vm, &arguments)
    }

    fn address(&self, r: Ref) -> usize {
        Value(self.word(r)).address()
    }

    fn shape(&self, word: u64) -> u32 {
        read::<u32>(Value(word).address() + offset_of!(Header, shape))
    }
}

fn read<T: Copy>(address: usize) -> T {
    // SAFETY: as for stores: the trace's guards have checked what lies there, and the caller of `run` vouches for that.
    unsafe { (address as *const T).read() }
}

/// Rounds towards minus infinity; the divisor is neither 0 nor -1.
fn floor_division(a: i64, b: i64) -> i64 {
    let quotient = a / b;
    if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
}
