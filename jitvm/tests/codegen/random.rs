//! Random traces: machine code, in production and in random allocation mode, against the IR interpreter.

use std::cell::Cell;

use jitvm::codegen::Options;
use jitvm::ir::{Body, Op, Ref, SnapObject, SnapSlot, Ty, check, flags, interpret};
use jitvm::runtime::object::{Header, List, ShapeId};
use jitvm::runtime::value::Value;
use jitvm::runtime::vm::Vm;

use crate::allocation::words;
use crate::support::{Builder, HELPERS, Machine, Outcome, Random, box_float, fixnum, float, same, unboxed};

const LENGTH: usize = 64;
/// Of objects that traces make.
const SHAPE: u32 = 4040;

/// Values to take operands from.
struct Generator {
    b: Builder,
    random: Random,
    ints: Vec<Ref>,
    floats: Vec<Ref>,
    values: Vec<Ref>,
    /// Tagged floats: their words depend on where boxes lie.
    boxed: Vec<Ref>,
    list: Ref,
    /// Made by the trace: their addresses differ from run to run.
    objects: Vec<Ref>,
    /// Address of the list's items, until a call.
    data: Option<Ref>,
}

impl Generator {
    fn new(seed: u64) -> Generator {
        let random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut b = Builder::default();
        b.snap(&[]);
        let list = b.sload(2);
        let list = b.ins(Op::G_Shape, list, Ref::NONE, ShapeId::LIST.0);
        let (ints, floats, values, boxed) = (Vec::new(), Vec::new(), vec![list], Vec::new());
        Generator { b, random, ints, floats, values, boxed, list, objects: Vec::new(), data: None }
    }

    fn int(&mut self) -> Ref {
        if self.random.below(6) == 0 {
            let i = self.random.pick(&[0, 1, -1, 2, 5, 1000, -77, 1 << 33, 1 << 40]);
            return self.b.int(i);
        }
        // Mostly recent ones, so that others get old.
        let from = if self.random.below(3) == 0 { 0 } else { self.ints.len().saturating_sub(8) };
        let at = from + self.random.below(self.ints.len() - from);
        self.ints[at]
    }
    fn float(&mut self) -> Ref {
        if self.random.below(6) == 0 {
            let x = self.random.pick(&[0.0, 1.5, -0.25, 3e10, f64::NAN]);
            return self.b.flt(x);
        }
        let floats = self.floats.clone();
        self.random.pick(&floats)
    }
    fn value(&mut self) -> Ref {
        let (ints, values) = (self.ints.clone(), self.values.clone());
        if self.random.below(2) == 0 { self.random.pick(&ints) } else { self.random.pick(&values) }
    }
    fn masked(&mut self, a: Ref, mask: i64) -> Ref {
        let mask = self.b.int(mask);
        self.b.two(Op::And, a, mask)
    }
    fn snapshot(&mut self) {
        let count = self.random.below(12);
        let mut slots = Vec::new();
        for _ in 0..count {
            let boxed = self.boxed.clone();
            let slot = match self.random.below(8) {
                0..3 => self.int(),
                3..5 => self.float(),
                5 if !boxed.is_empty() => self.random.pick(&boxed),
                _ => self.value(),
            };
            slots.push(slot);
        }
        if !self.objects.is_empty() && self.random.below(2) == 0 {
            let objects = self.objects.clone();
            slots.push(self.random.pick(&objects));
        }
        let sunk: Vec<Ref> = (0..self.random.below(4).saturating_sub(1)).map(|_| self.sunk()).collect();
        slots.extend(&sunk);
        self.b.snap(&slots);
        let objects = sunk.iter().map(|&object| {
            let words = [self.int(), self.float(), self.value(), self.random.pick(&sunk)];
            SnapObject { object, shape: SHAPE, words: words.into() }
        });
        let objects = objects.collect();
        self.b.body.snapshots.last_mut().expect("just made").objects = objects;
    }
    /// An object that exits make.
    fn sunk(&mut self) -> Ref {
        let (bytes, about) = self.b.body.new_operands(40, 0, 0);
        let object = self.b.ins(Op::New, bytes, about, SHAPE);
        self.b.body.ins[object.index()].flags = flags::SUNK;
        object
    }
    fn object(&mut self) {
        if self.objects.is_empty() || self.random.below(3) == 0 {
            let words = [self.int(), self.value(), self.int()];
            let (bytes, about) = self.b.body.new_operands(32, 7, 9);
            let object = self.b.ins(Op::New, bytes, about, SHAPE);
            for (at, word) in words.into_iter().enumerate() {
                self.b.ins(Op::FieldStore, object, word, 8 + 8 * at as u32);
            }
            // What the object holds is in no snapshot before.
            self.snapshot();
            return self.objects.push(object);
        }
        let objects = self.objects.clone();
        let (object, field) = (self.random.pick(&objects), 8 + 8 * self.random.below(3) as u32);
        if self.random.below(4) == 0 {
            // A double in place of the word, until it is a word again.
            let double = self.float();
            let held = self.b.ins(Op::FieldLoad, object, Ref::NONE, field);
            self.b.ins(Op::FloatStore, object, double, field);
            let loaded = self.b.ins(Op::FloatLoad, object, Ref::NONE, field);
            self.floats.push(loaded);
            self.b.ins(Op::FieldStore, object, held, field);
            return self.snapshot();
        }
        if self.random.below(2) == 0 {
            let loaded = self.b.ins(Op::FieldLoad, object, Ref::NONE, field);
            self.values.push(loaded);
        } else {
            let word = self.value();
            self.b.ins(Op::FieldStore, object, word, field);
            self.snapshot();
        }
    }

    fn integer(&mut self) {
        const OPS: &[Op] = &[
            Op::AddOv,
            Op::AddOv,
            Op::SubOv,
            Op::MulOv,
            Op::Add,
            Op::Sub,
            Op::And,
            Op::Or,
            Op::Xor,
            Op::Min,
            Op::Max,
            Op::Div,
            Op::Mod,
            Op::ShlOv,
            Op::Shr,
        ];
        let op = self.random.pick(OPS);
        let (mut a, mut b) = (self.int(), self.int());
        if !op.is_guard() || self.random.below(4) > 0 {
            match op {
                Op::Add | Op::Sub | Op::MulOv | Op::AddOv | Op::SubOv => {
                    a = self.masked(a, 0xfff_ffff);
                    b = self.masked(b, 0xfff_ffff);
                }
                Op::Shr => b = self.masked(b, 127),
                Op::ShlOv => {
                    a = self.masked(a, 0xffff);
                    b = self.masked(b, 31);
                }
                Op::Div | Op::Mod => {
                    b = if self.random.below(2) == 0 {
                        let divisor = self.random.pick(&[1, 2, 8, 10, 1 << 20, 1000003, -3, -2, -4, 1 << 35]);
                        self.b.int(divisor)
                    } else {
                        let b = self.masked(b, 0xffff);
                        let one = self.b.int(1);
                        self.b.two(Op::Or, b, one)
                    }
                }
                _ => {}
            }
        }
        let result = self.b.two(op, a, b);
        self.ints.push(result);
    }

    /// Choices by a comparison right before them, or by one that is needed later too.
    fn choice(&mut self) {
        let by = if self.random.below(2) == 0 {
            let (op, a, b) = (self.random.pick(&[Op::Lt, Op::Le, Op::Eq]), self.int(), self.int());
            self.b.two(op, a, b)
        } else {
            let (op, a, b) = (self.random.pick(&[Op::LtF, Op::LeF, Op::EqF]), self.float(), self.float());
            self.b.two(op, a, b)
        };
        for _ in 0..1 + self.random.below(3) {
            if self.random.below(2) == 0 {
                let (a, b) = (self.value(), self.value());
                let chosen = self.b.ins(Op::Sel, a, b, by.0.into());
                self.values.push(chosen);
            } else {
                let (a, b) = (self.float(), self.float());
                let chosen = self.b.ins(Op::SelF, a, b, by.0.into());
                self.floats.push(chosen);
            }
        }
        if self.random.below(2) == 0 {
            self.values.push(by);
        }
    }

    fn step(&mut self) {
        match self.random.below(23) {
            20.. => self.object(),
            0..8 => self.integer(),
            8..11 => {
                let op = self.random.pick(&[Op::AddF, Op::SubF, Op::MulF, Op::DivF, Op::NegF, Op::AbsF]);
                let (a, b) = (self.float(), self.float());
                let unary = matches!(op, Op::NegF | Op::AbsF);
                let result = self.b.two(op, a, if unary { Ref::NONE } else { b });
                self.floats.push(result);
            }
            11 => {
                let a = self.int();
                let result = self.b.one(Op::IntToFlt, a);
                self.floats.push(result);
            }
            12 => {
                let a = self.float();
                let boxed = self.b.one(Op::BoxF, a);
                self.boxed.push(boxed);
                if self.random.below(2) == 0 {
                    let result = self.b.one(Op::G_Flt, boxed);
                    self.floats.push(result);
                }
            }
            13 => {
                let value = self.value();
                if self.b.body.ty(value) == Ty::Val {
                    let result = self.b.one(Op::G_Int, value);
                    self.ints.push(result);
                }
            }
            14 if self.random.below(2) == 0 => self.choice(),
            14 => {
                let (a, b) = (self.int(), self.int());
                let least = self.b.two(Op::Min, a, b);
                self.b.two(Op::G_Le, least, a);
                self.ints.push(least);
            }
            15 => {
                let (a, b) = (self.float(), self.float());
                self.b.two(Op::G_FltNe, a, b);
            }
            16 => {
                let count = 1 + self.random.below(5);
                let arguments: Vec<Ref> = (0..count).map(|_| self.value()).collect();
                let called = self.b.call(count as u32 - 1, &arguments);
                self.data = None;
                self.b.one(Op::G_NoExc, called);
                self.values.push(called);
                self.snapshot();
            }
            17 | 18 => {
                let a = self.int();
                let index = self.masked(a, LENGTH as i64 - 1);
                let length = self.b.one(Op::ListLen, self.list);
                self.b.two(Op::G_Ult, index, length);
                let data = self.data.unwrap_or_else(|| self.b.one(Op::ListData, self.list));
                self.data = Some(data);
                if self.random.below(2) == 0 {
                    let loaded = self.b.two(Op::ElemLoad, data, index);
                    self.values.push(loaded);
                } else {
                    let stored = self.value();
                    self.b.ins(Op::ElemStore, data, index, u32::from(stored.0));
                    self.snapshot();
                }
            }
            _ => self.snapshot(),
        }
    }

    /// Loads the slots; the counter and its limit are returned.
    fn slots(&mut self) -> (Ref, Ref) {
        let i = self.b.int_slot(0);
        let n = self.b.int_slot(1);
        self.ints.push(i);
        for slot in 3..8 {
            let value = self.b.int_slot(slot);
            self.ints.push(value);
            // The same word before its guard.
            self.values.push(Ref(value.0 - 1));
            let loaded = self.b.sload(slot + 3);
            self.values.push(loaded);
        }
        for slot in 11..14 {
            let value = self.b.flt_slot(slot);
            self.floats.push(value);
        }
        (i, n)
    }

    /// One iteration that writes its slots and starts again.
    fn open(mut self, size: usize) -> Body {
        let (i, n) = self.slots();
        let one = self.b.int(1);
        self.b.two(Op::G_Lt, i, n);
        let k = self.b.two(Op::Add, i, one);
        for _ in 0..size {
            self.step();
        }
        self.b.snap(&[k]);
        let closing: Vec<SnapSlot> = (3..14)
            .map(|slot| {
                let value = match slot {
                    3..8 => self.int(),
                    8..11 => self.value(),
                    _ => self.float(),
                };
                SnapSlot { slot, value }
            })
            .collect();
        let snapshot = self.b.body.snapshots.last_mut().expect("just made");
        snapshot.slots.extend(closing);
        self.b.none(Op::Close);
        self.b.body
    }

    /// A loop of random instructions that runs up to the limit in slot 1.
    fn peeled(mut self, size: usize) -> Body {
        let (i, n) = self.slots();
        let one = self.b.int(1);
        for _ in 0..size {
            self.step();
        }
        let before = (self.ints.len(), self.floats.len(), self.values.len());
        self.snapshot();
        self.b.none(Op::Loop);
        self.data = None;
        self.b.two(Op::G_Lt, i, n);
        let k = self.b.two(Op::Add, i, one);
        self.ints.push(k);
        for _ in 0..size {
            self.step();
        }
        let mut carried = vec![i];
        self.b.two(Op::Phi, i, k);
        for _ in 0..self.random.below(14) {
            let (left, right) = match self.random.below(4) {
                0 | 1 => (self.ints[self.random.below(before.0)], self.int()),
                2 => (self.floats[self.random.below(before.1)], self.float()),
                _ => (self.values[self.random.below(before.2)], self.value()),
            };
            let body = &self.b.body;
            if !carried.contains(&left) && left != self.list && left != right && body.ty(left) == body.ty(right) {
                carried.push(left);
                self.b.two(Op::Phi, left, right);
            }
        }
        self.b.body
    }
}

extern "C" fn box_for_interpreter(vm: *mut Vm, x: f64) -> u64 {
    box_float(vm, x.to_bits())
}

/// Same word, or the same float in another box.
fn same_word(a: u64, b: u64) -> bool {
    let object = |word: u64| Value(word).is_pointer() && words(word, 1)[0] as u32 == SHAPE;
    if object(a) && object(b) {
        return words(a, 4).into_iter().zip(words(b, 4)).all(|(a, b)| a == b || (a & 3 != 0 && same_word(a, b)));
    }
    let float = |word: u64| Value(word).is_float() || Value(word).is_pointer();
    a == b || (float(a) && float(b) && same(Ty::Flt, unboxed(a), unboxed(b)))
}

#[test]
fn machine_code_does_what_the_interpreter_does() {
    let mut machine = Machine::new();
    let mut exits = [0; 2];
    for seed in 0..220u64 {
        if seed % 64 == 63 {
            // Code memory is not reused.
            machine = Machine::new();
        }
        let size = 4 + (seed as usize * 7) % 60;
        let generator = Generator::new(seed);
        let body = if seed % 4 == 0 { generator.open(size) } else { generator.peeled(size) };
        let problems = check::check(&body, None, HELPERS);
        assert!(problems.is_empty(), "{problems:?}\n{body}");

        let items: Vec<Value> = (0..LENGTH as i64).map(|i| Value::from_fixnum(i * i * 31)).collect();
        // One list for all runs, reached by pointers alone: values of the trace depend on where it lies.
        let data = Box::leak(items.clone().into_boxed_slice()).as_mut_ptr();
        let header = Header { shape: ShapeId::LIST, gc: 0, kind: 0, aux: 0 };
        let list = Box::leak(Box::new(List { header, length: LENGTH as u32, capacity: LENGTH as u32, data }));
        // SAFETY: the items are those leaked above; nothing else runs.
        let read_items = || unsafe { std::slice::from_raw_parts(data, LENGTH) }.to_vec();
        let mut start = vec![fixnum(0), fixnum(seed as i64 % 9), std::ptr::from_mut(list) as u64 + 1];
        start.extend([3, -5, 1 << 20, 12345, 7, 70, 71, 72].map(fixnum));
        start.extend([1.25, -3.0, 1e-3].map(float));

        let mut stack = start.clone();
        let scratch = vec![Cell::new(0); interpret::scratch_needed(&body)];
        let mut vm = vec![0u64; size_of::<Vm>() / 8 + 1];
        let interpreter = interpret::Machine {
            inputs: &[],
            vm: vm.as_mut_ptr().cast(),
            base: stack.as_mut_ptr().cast(),
            scratch: &scratch,
            helpers: HELPERS,
            box_float: box_for_interpreter,
            allocate: crate::support::allocate,
            back_edges: u64::MAX,
            guard_fail: 0,
            label: None,
            measure: None,
        };
        // SAFETY: the trace reads the slots above, checks the list's shape, and bounds indices by its length.
        let expected = unsafe { interpret::run(&interpreter, &body) }.expect("the loop ends at its limit");
        exits[usize::from(body.ins[expected.guard].op == Op::G_Lt)] += 1;
        let mutated = read_items();
        for random_ra in [None, Some(seed), Some(seed + 1000), Some(seed + 2000)] {
            // SAFETY: as above.
            unsafe { std::ptr::copy_nonoverlapping(items.as_ptr(), data, LENGTH) };
            let mut slots = start.clone();
            let artifact =
                machine.compile(&body, &Options { random_ra, parameters: (seed % 4) as u16, ..Options::default() });
            // The first cells are there, then the slow path is taken.
            let cells = Box::leak(vec![0u64; 4 * 8].into_boxed_slice()).as_ptr_range();
            machine.set_cell_memory(32, cells.start as u64, cells.end as u64);
            let outcome = machine.run(&artifact, &body.constants, &mut slots, false);
            compare(&body, &expected, &outcome, seed, random_ra);
            let equal = slots.iter().zip(&stack).all(|(a, b)| same_word(*a, *b));
            assert!(equal, "seed {seed} {random_ra:?}: slots differ\n{body}");
            let equal = read_items().iter().zip(&mutated).all(|(a, b)| same_word(a.0, b.0));
            assert!(equal, "seed {seed} {random_ra:?}: items differ\n{body}");
        }
    }
    assert!(exits[0] > 20 && exits[1] > 60, "most runs should reach their limit, some leave early: {exits:?}");
}

fn compare(body: &Body, expected: &interpret::IrExit, outcome: &Outcome, seed: u64, random_ra: Option<u64>) {
    assert_eq!(outcome.guard, expected.guard, "seed {seed} {random_ra:?}\n{body}");
    let values = body.snapshots[expected.snapshot].values();
    for ((value, got), want) in values.zip(&outcome.values).zip(expected.values) {
        if body.is_sunk(value) {
            continue;
        }
        let equal = match body.ty(value) {
            Ty::Flt => same(Ty::Flt, *got, unboxed(want.get())),
            _ => same_word(*got, want.get()),
        };
        assert!(equal, "seed {seed} {random_ra:?}: {value:?} is {got:#x}, not {:#x}\n{body}", want.get());
    }
    if let Some((ty, word)) = expected.observed {
        let got = outcome.observed.expect("observed");
        assert!(same(ty, got, word) || same_word(got, word), "seed {seed} {random_ra:?}: observed {got:#x}\n{body}");
    }
}
