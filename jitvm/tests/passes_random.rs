//! Random traces mean the same before and after each choice of passes.
//!
//! A seeded generator plays the recorder: bytecode by bytecode it emits guards, an effect at the end, and a snapshot
//! before each. The raw trace (closed with CLOSE) and its optimised forms run in the IR interpreter on the same slots,
//! lists and cells, and must leave at the same bytecode with the same state of all of them.

mod ir_support;

use ir_support::{BOXES, DOUBLE, Exit, HELPERS, OBJECTS as MADE, SHAPE, World};
use jitvm::ir::text::print;
use jitvm::ir::{
    Body, CodeId, Const, Ins, Op, Origin, Recorded, Ref, Resume, SnapFrame, SnapSlot, Snapshot, TraceId, Ty,
};
use jitvm::optimise::{self, PASSES, PassAbort, PassOptions};
use jitvm::runtime::object::ShapeId;
use jitvm::runtime::value::{FIXNUM_MAX, FIXNUM_MIN, Value};
use jitvm::runtime::vm::Continuation;

/// Slots: counter, limit, ints, floats, anything, lists (perhaps the same one twice).
const COUNTER: u16 = 0;
const LIMIT: u16 = 1;
const INTS: std::ops::Range<u16> = 2..5;
const FLOATS: std::ops::Range<u16> = 5..8;
const ANY: std::ops::Range<u16> = 8..10;
const LISTS: std::ops::Range<u16> = 10..12;
/// Objects of the world's shape, or made by the trace.
const OBJECTS: std::ops::Range<u16> = 12..15;
const SLOTS: usize = 15;
const LIST_LENGTH: i64 = 4;
/// Where side traces go.
const ROOT: TraceId = TraceId(7);

/// xorshift64*: the same sequence everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
    fn slot(&mut self, from: std::ops::Range<u16>) -> u16 {
        from.start + self.below(u64::from(from.end - from.start)) as u16
    }
    fn int(&mut self) -> i64 {
        match self.below(8) {
            0 => FIXNUM_MAX - self.below(3) as i64,
            1 => FIXNUM_MIN + self.below(3) as i64,
            2 => self.pick(&[1 << 53, (1 << 53) + 1, -(1 << 53) - 1, 1 << 60, 255, 256]),
            3 => -(self.below(100) as i64),
            _ => self.below(12) as i64,
        }
    }
    fn float(&mut self) -> f64 {
        match self.below(6) {
            0 => self.pick(&[0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-300, 5e-324]),
            1 => self.pick(&[1.0, -1.0, 0.5, 4.0, 2f64.powi(61), -(2f64.powi(61)), 9e15]),
            _ => (self.below(2000) as f64 - 1000.0) / 8.0,
        }
    }
    fn value(&mut self) -> Value {
        match self.below(5) {
            0 => Value::try_float(self.float()).unwrap_or(Value::NONE),
            1 => self.pick(&[Value::NONE, Value::TRUE, Value::FALSE]),
            _ => Value::from_fixnum(self.int()),
        }
    }
}

/// The recorder's part: current value of each slot, and values at hand by type.
struct Generator<'w> {
    random: Random,
    world: &'w World,
    body: Body,
    slots: [Option<Ref>; SLOTS],
    changed: [bool; SLOTS],
    ints: Vec<Ref>,
    floats: Vec<Ref>,
    values: Vec<Ref>,
    objects: Vec<Ref>,
    pc: u32,
    /// Records a side trace: every slot comes from the parent, and what memory holds there is out of date.
    is_side: bool,
    /// Works on objects mostly.
    makes_objects: bool,
}

impl Generator<'_> {
    fn push(&mut self, op: Op, a: Ref, b: Ref, c: u32) -> Ref {
        self.push_as(op, op.result(), a, b, c)
    }

    fn push_as(&mut self, op: Op, ty: Ty, a: Ref, b: Ref, c: u32) -> Ref {
        self.body.ins.push(Ins::new(op, ty, a, b, c));
        self.body.origins.push(Origin { code: CodeId(0), pc: self.pc });
        Ref((self.body.ins.len() - 1) as u16)
    }

    fn state(&self, resume: Resume) -> Snapshot {
        let slots = (0..SLOTS).filter(|slot| self.changed[*slot]);
        Snapshot {
            at: self.body.ins.len() as u16,
            resume,
            frames: vec![SnapFrame { code: CodeId(0), pc: self.pc, base: 0, continuation: Continuation::Call }],
            slots: slots
                .map(|slot| SnapSlot { slot: slot as u16, value: self.slots[slot].expect("changed slots have values") })
                .collect(),
            objects: Vec::new(),
        }
    }

    fn snapshot(&mut self, resume: Resume) {
        self.pc += 1;
        let snapshot = self.state(resume);
        self.body.snapshots.retain(|earlier| earlier.at != snapshot.at);
        self.body.snapshots.push(snapshot);
    }

    fn slot(&mut self, slot: u16) -> Ref {
        if let Some(r) = self.slots[slot as usize] {
            return r;
        }
        let loaded = self.push(Op::Sload, Ref::NONE, Ref::NONE, u32::from(slot));
        let r = match slot {
            s if INTS.contains(&s) || s == COUNTER || s == LIMIT => self.push(Op::G_Int, loaded, Ref::NONE, 0),
            s if FLOATS.contains(&s) => self.push(Op::G_Flt, loaded, Ref::NONE, 0),
            s if LISTS.contains(&s) => self.push(Op::G_Shape, loaded, Ref::NONE, ShapeId::LIST.0),
            s if OBJECTS.contains(&s) => self.push(Op::G_Shape, loaded, Ref::NONE, SHAPE),
            _ => loaded,
        };
        self.slots[slot as usize] = Some(r);
        r
    }

    fn assign(&mut self, slot: u16, r: Ref) {
        self.slots[slot as usize] = Some(r);
        self.changed[slot as usize] = true;
    }

    fn int(&mut self) -> Ref {
        match self.random.below(6) {
            0 => {
                let i = self.random.int();
                self.body.constant(Const::Int(i))
            }
            1 | 2 => {
                let slot = self.random.slot(INTS);
                self.slot(slot)
            }
            3 => self.slot(COUNTER),
            _ if self.ints.is_empty() => self.slot(COUNTER),
            _ => {
                let ints = self.ints.clone();
                self.random.pick(&ints)
            }
        }
    }

    fn float(&mut self) -> Ref {
        match self.random.below(4) {
            0 => {
                let x = self.random.float();
                self.body.constant(Const::Flt(x))
            }
            1 | 2 if !self.floats.is_empty() => {
                let floats = self.floats.clone();
                self.random.pick(&floats)
            }
            _ => {
                let slot = self.random.slot(FLOATS);
                self.slot(slot)
            }
        }
    }

    /// Something tagged.
    fn value(&mut self) -> Ref {
        match self.random.below(6) {
            5 => self.object(),
            0 => {
                let value = self.random.pick(&[Value::NONE, Value::TRUE, Value::FALSE]);
                let text = value.special_name().unwrap_or("?");
                self.body.constant(Const::Val(value, text.into()))
            }
            1 => {
                let x = self.float();
                self.push(Op::BoxF, x, Ref::NONE, 0)
            }
            2 if !self.values.is_empty() => {
                let values = self.values.clone();
                self.random.pick(&values)
            }
            _ => self.int(),
        }
    }

    fn cell(&mut self) -> Ref {
        let index = self.random.below(self.world.cells.len() as u64) as usize;
        let name = format!("cell{index}").into_boxed_str();
        self.body.constant(Const::Raw(self.world.cell(index), name))
    }

    /// A list with an index that is inside of it, its items' address last.
    fn item(&mut self) -> (Ref, Ref) {
        let slot = self.random.slot(LISTS);
        let list = self.slot(slot);
        let index = if self.random.one_in(2) {
            let i = self.random.below(LIST_LENGTH as u64) as i64;
            self.body.constant(Const::Int(i))
        } else {
            let i = self.int();
            let mask = self.body.constant(Const::Int(LIST_LENGTH - 1));
            self.push(Op::And, i, mask, 0)
        };
        let length = self.push(Op::ListLen, list, Ref::NONE, 0);
        self.push(Op::G_Ult, index, length, 0);
        let data = self.push(Op::ListData, list, Ref::NONE, 0);
        (data, index)
    }

    fn arguments(&mut self, arguments: &[Ref]) -> Ref {
        arguments.iter().fold(Ref::NONE, |chain, argument| self.push(Op::CArg, chain, *argument, 0))
    }

    fn keep_int(&mut self, r: Ref) {
        self.ints.push(r);
        if self.random.one_in(3) {
            let slot = self.random.slot(INTS);
            self.assign(slot, r);
        }
    }

    fn keep_float(&mut self, r: Ref) {
        self.floats.push(r);
        if self.random.one_in(3) {
            let slot = self.random.slot(FLOATS);
            self.assign(slot, r);
        }
    }

    fn keep_value(&mut self, r: Ref) {
        self.values.push(r);
        if self.random.one_in(2) {
            let slot = self.random.slot(ANY);
            self.assign(slot, r);
        }
        match self.random.below(6) {
            0 | 1 => {
                let i = self.push(Op::G_Int, r, Ref::NONE, 0);
                self.ints.push(i);
            }
            2 => {
                let x = self.push(Op::G_Flt, r, Ref::NONE, 0);
                self.floats.push(x);
            }
            3 if self.makes_objects => {
                let object = self.push(Op::G_Shape, r, Ref::NONE, SHAPE);
                self.objects.push(object);
            }
            _ => {}
        }
    }

    fn integer_bytecode(&mut self) {
        let (a, mut b) = (self.int(), self.int());
        let op = self.random.pick(&[
            Op::AddOv,
            Op::AddOv,
            Op::SubOv,
            Op::MulOv,
            Op::Div,
            Op::Mod,
            Op::And,
            Op::Or,
            Op::Xor,
            Op::ShlOv,
            Op::Shr,
            Op::Min,
            Op::Max,
        ]);
        let constants: &[i64] = match op {
            Op::Div | Op::Mod => &[1, 2, 3, 7, 8, -2, -8, 1 << 40],
            Op::Shr => &[0, 1, 2, 60, 63, 70],
            Op::ShlOv => &[0, 1, 3, 60, 61, -1],
            Op::AddOv | Op::SubOv | Op::MulOv if self.random.one_in(2) => &[0, 1, 2, -1, 3],
            Op::And | Op::Or | Op::Xor if self.random.one_in(2) => &[0, -1, 7, 255],
            _ => &[],
        };
        if !constants.is_empty() {
            let i = self.random.pick(constants);
            b = self.body.constant(Const::Int(i));
        }
        let swaps = matches!(op, Op::AddOv | Op::And | Op::Or | Op::MulOv) && self.random.one_in(3);
        let r = if swaps { self.push(op, b, a, 0) } else { self.push(op, a, b, 0) };
        self.keep_int(r);
    }

    fn float_bytecode(&mut self) {
        let (a, b) = (self.float(), self.float());
        let r = match self.random.below(10) {
            0 => {
                let i = self.int();
                self.push(Op::IntToFlt, i, Ref::NONE, 0)
            }
            1 => {
                let i = self.int();
                self.push(Op::IntToFltExact, i, Ref::NONE, 0)
            }
            2 => {
                let i = self.push(Op::FltToInt, a, Ref::NONE, 0);
                return self.keep_int(i);
            }
            3 => {
                let op = self.random.pick(&[Op::NegF, Op::AbsF, Op::SqrtF]);
                self.push(op, a, Ref::NONE, 0)
            }
            n => {
                let op = self.random.pick(&[Op::AddF, Op::SubF, Op::MulF, Op::DivF]);
                let special = self.random.pick(&[0.0, -0.0, 1.0, 2.0, 0.25]);
                let b = if n < 6 { self.body.constant(Const::Flt(special)) } else { b };
                self.push(op, a, b, 0)
            }
        };
        self.keep_float(r);
    }

    /// A comparison, and choices by it; or a guard on one, which has its own.
    fn choice_bytecode(&mut self) {
        let by = if self.random.one_in(2) {
            let (op, a, b) = (self.random.pick(&[Op::Lt, Op::Le, Op::Eq]), self.int(), self.int());
            self.push(op, a, b, 0)
        } else {
            let (op, a, b) = (self.random.pick(&[Op::LtF, Op::LeF, Op::EqF]), self.float(), self.float());
            self.push(op, a, b, 0)
        };
        let [yes, no] = [Value::TRUE, Value::FALSE]
            .map(|value| self.body.constant(Const::Val(value, value.special_name().expect("a bool").into())));
        let by = if self.random.one_in(3) { self.push_as(Op::Sel, Ty::Bool, no, yes, by.0.into()) } else { by };
        match self.random.below(4) {
            0 => {
                let wanted = self.random.pick(&[yes, no]);
                self.push(Op::G_Eq, by, wanted, 0);
            }
            1 => {
                let (a, b) = (self.float(), self.float());
                let r = self.push(Op::SelF, a, b, by.0.into());
                self.keep_float(r);
            }
            2 => {
                // It is no number that other bytecodes could ask for.
                let slot = self.random.slot(ANY);
                self.assign(slot, by);
            }
            _ => {
                let (a, b) = (self.int(), self.int());
                let r = self.push_as(Op::Sel, Ty::Int, a, b, by.0.into());
                self.keep_int(r);
            }
        }
    }

    fn guard_bytecode(&mut self) {
        if self.random.one_in(3) {
            return self.choice_bytecode();
        }
        match self.random.below(5) {
            0 => {
                let (a, b) = (self.int(), self.int());
                let op = self.random.pick(&[Op::G_Lt, Op::G_Le, Op::G_Ne, Op::G_Ult]);
                self.push(op, a, b, 0);
            }
            1 => {
                // Mostly passes, and bounds what follows.
                let a = self.int();
                let limit = self.body.constant(Const::Int(1 << 55));
                let op = self.random.pick(&[Op::G_Lt, Op::G_Le]);
                self.push(op, a, limit, 0);
                let low = self.body.constant(Const::Int(-1000));
                self.push(op, low, a, 0);
            }
            2 => {
                let (a, b) = (self.float(), self.float());
                let op =
                    self.random.pick(&[Op::G_FltLt, Op::G_FltNlt, Op::G_FltLe, Op::G_FltNle, Op::G_FltEq, Op::G_FltNe]);
                self.push(op, a, b, 0);
            }
            3 => {
                let slot = self.random.slot(ANY);
                let (a, b) = (self.slot(slot), self.value());
                self.push(Op::G_Ne, a, b, 0);
            }
            _ => {
                let slot = self.random.slot(ANY);
                let r = self.slot(slot);
                self.keep_value(r);
            }
        }
    }

    fn memory_bytecode(&mut self) {
        match self.random.below(4) {
            0 => {
                let (data, index) = self.item();
                let r = self.push(Op::ElemLoad, data, index, 0);
                self.keep_value(r);
            }
            1 => {
                let value = self.value();
                let (data, index) = self.item();
                self.push(Op::ElemStore, data, index, u32::from(value.0));
            }
            2 => {
                let cell = self.cell();
                let r = self.push(Op::CellLoad, cell, Ref::NONE, 0);
                self.keep_value(r);
            }
            _ => {
                let (cell, value) = (self.cell(), self.value());
                self.push(Op::CellStore, cell, value, 0);
            }
        }
    }

    fn object(&mut self) -> Ref {
        if self.objects.is_empty() || self.random.one_in(2) {
            let slot = self.random.slot(OBJECTS);
            return self.slot(slot);
        }
        let objects = self.objects.clone();
        self.random.pick(&objects)
    }

    fn field(&mut self) -> u32 {
        8 + 8 * self.random.below(3) as u32
    }

    fn make(&mut self, shape: u32, words: &[Ref]) -> Ref {
        let (bytes, about) = self.body.new_operands(8 + 8 * words.len() as u32, 3, 1);
        let made = self.push(Op::New, bytes, about, shape);
        for (at, word) in words.iter().enumerate() {
            self.push(Op::FieldStore, made, *word, 8 + 8 * at as u32);
        }
        made
    }

    fn object_bytecode(&mut self) {
        match self.random.below(15) {
            12 | 13 => {
                let object = self.object();
                let r = self.push(Op::FloatLoad, object, Ref::NONE, DOUBLE);
                self.keep_float(r);
            }
            14 => {
                let (object, double) = (self.object(), self.float());
                self.push(Op::FloatStore, object, double, DOUBLE);
            }
            10 | 11 => {
                // Copied, or the two change places.
                let (one, other) = (self.random.slot(OBJECTS), self.random.slot(OBJECTS));
                let (a, b) = (self.slot(one), self.slot(other));
                self.assign(one, b);
                if self.random.one_in(2) {
                    self.assign(other, a);
                }
            }
            0..=2 => {
                let undefined = self.body.constant(Const::Val(Value::UNDEF, "UNDEF".into()));
                let (words, double) = ([self.value(), self.value(), self.value(), undefined], self.float());
                let made = self.make(SHAPE, &words);
                self.push(Op::FloatStore, made, double, DOUBLE);
                self.objects.push(made);
                if !self.random.one_in(4) {
                    let slot = self.random.slot(OBJECTS);
                    self.assign(slot, made);
                }
            }
            3 | 4 => {
                let (object, field) = (self.object(), self.field());
                let r = self.push(Op::FieldLoad, object, Ref::NONE, field);
                self.keep_value(r);
            }
            5 | 6 => {
                let (object, value, field) = (self.object(), self.value(), self.field());
                self.push(Op::FieldStore, object, value, field);
            }
            7 => {
                // As an attribute that is added, and one that another class has.
                let object = self.object();
                self.push(Op::ShapeStore, object, Ref::NONE, SHAPE + 1);
                self.snapshot(Resume::Execute);
                let (i, n) = (self.slot(COUNTER), self.int());
                self.push(Op::G_Ne, i, n, 0);
                let object = self.push(Op::G_Shape, object, Ref::NONE, SHAPE + 1);
                if self.random.one_in(2) {
                    self.push(Op::ShapeStore, object, Ref::NONE, SHAPE);
                }
            }
            8 => {
                let object = self.object();
                let shape = SHAPE + u32::from(self.random.one_in(8));
                let checked = self.push(Op::G_Shape, object, Ref::NONE, shape);
                let other = self.object();
                if self.random.one_in(3) {
                    self.push(Op::G_Ne, checked, other, 0);
                }
                self.objects.push(checked);
            }
            _ => {
                let (one, other) = (self.value(), self.value());
                let length = self.body.constant(Const::Raw(2, "2".into()));
                let tuple = self.make(ShapeId::TUPLE.0, &[length, one, other]);
                if self.random.one_in(2) {
                    let slot = self.random.slot(ANY);
                    self.assign(slot, tuple);
                }
                self.snapshot(Resume::Execute);
                let tuple = self.push(Op::G_Shape, tuple, Ref::NONE, ShapeId::TUPLE.0);
                let length = self.push(Op::TupleLen, tuple, Ref::NONE, 0);
                let two = self.body.constant(Const::Int(2));
                self.push(Op::G_Eq, length, two, 0);
                let data = self.push(Op::TupleData, tuple, Ref::NONE, 0);
                for at in 0..2 {
                    let index = if self.random.one_in(12) {
                        let i = self.int();
                        let one = self.body.constant(Const::Int(1));
                        self.push(Op::And, i, one, 0)
                    } else {
                        self.body.constant(Const::Int(at))
                    };
                    let item = self.push(Op::ItemLoad, data, index, 0);
                    self.keep_value(item);
                }
            }
        }
    }

    fn call_bytecode(&mut self) {
        match self.random.below(4) {
            0 | 1 => {
                let (a, b) = (self.int(), self.int());
                let chain = self.arguments(&[a, b]);
                let r = self.push(Op::CallH, chain, Ref::NONE, 0);
                self.keep_value(r);
            }
            2 => {
                let cell = self.cell();
                let chain = self.arguments(&[cell]);
                let r = self.push(Op::CallH, chain, Ref::NONE, 1);
                self.values.push(r);
            }
            _ => {
                let (cell, by) = (self.cell(), self.int());
                let chain = self.arguments(&[cell, by]);
                let r = self.push(Op::CallH, chain, Ref::NONE, 2);
                self.snapshot(Resume::Raise);
                self.push(Op::G_NoExc, r, Ref::NONE, 0);
                self.snapshot(Resume::Execute);
                self.values.push(r);
            }
        }
    }

    fn inherit(&mut self) {
        for slot in 0..SLOTS as u16 {
            let r = self.push(Op::Parent, Ref::NONE, Ref::NONE, u32::from(slot));
            self.body.ins[r.index()].ty = match slot {
                s if INTS.contains(&s) || s == COUNTER || s == LIMIT => Ty::Int,
                s if FLOATS.contains(&s) => Ty::Flt,
                s if LISTS.contains(&s) || OBJECTS.contains(&s) => Ty::Obj,
                _ => Ty::Val,
            };
            self.assign(slot, r);
        }
    }

    fn record(mut self) -> Recorded {
        if self.is_side {
            self.inherit();
        }
        self.snapshot(Resume::Execute);
        let (i, n) = (self.slot(COUNTER), self.slot(LIMIT));
        self.push(Op::G_Lt, i, n, 0);
        for _ in 0..3 + self.random.below(14) {
            self.snapshot(Resume::Execute);
            let first = if self.makes_objects { 12 } else { 0 };
            match first + self.random.below(26 - first) {
                0..=7 => self.integer_bytecode(),
                8..=11 => self.float_bytecode(),
                12 => self.guard_bytecode(),
                13..=16 => self.memory_bytecode(),
                17 => self.call_bytecode(),
                18..=23 => self.object_bytecode(),
                _ => {
                    let (one, other) = (self.random.slot(INTS), self.random.slot(INTS));
                    let (a, b) = (self.slot(one), self.slot(other));
                    self.assign(one, b);
                    self.assign(other, a);
                }
            }
        }
        self.snapshot(Resume::Execute);
        let one = self.body.constant(Const::Int(1));
        let next = self.push(Op::AddOv, i, one, 0);
        self.assign(COUNTER, next);
        self.pc = 0;
        let closing = self.state(Resume::Execute);
        Recorded { body: self.body, closing, link: self.is_side.then_some(ROOT) }
    }
}

/// What a run leaves behind, NaNs made equal.
#[derive(Debug, PartialEq)]
struct Outcome {
    linked: Option<TraceId>,
    frames: Vec<(u32, u32, u16)>,
    words: Vec<Value>,
    objects: Vec<Vec<Value>>,
}

fn outcome(world: &World, exit: &Exit) -> Outcome {
    let cells = (0..world.cells.len()).map(|index| world.cell_value(index));
    let lists = (0..world.lists.len()).flat_map(|index| world.items(index));
    let plain = |value: Value| {
        let is_nan = value.is_float() && value.as_float().is_nan();
        if is_nan { Value::try_float(f64::NAN).unwrap_or(value) } else { value }
    };
    let mut words: Vec<Value> = world.slots.iter().copied().chain(cells).chain(lists).collect();
    let plain_object = |mut words: Vec<Value>| {
        if let Some(double) = words.get_mut(DOUBLE as usize / 8).filter(|word| f64::from_bits(word.0).is_nan()) {
            *double = Value(f64::NAN.to_bits());
        }
        words.into_iter().map(plain).collect()
    };
    let objects = world.reached(&mut words).into_iter().map(plain_object).collect();
    let words = words.into_iter().map(plain).collect();
    Outcome { linked: exit.linked, frames: exit.frames.clone(), words, objects }
}

fn options(mask: u32) -> PassOptions {
    let mut options = PassOptions::default();
    options.helpers = HELPERS;
    for (index, pass) in PASSES.iter().enumerate() {
        options.set(pass.name, mask & (1 << index) != 0);
    }
    options
}

#[test]
fn ir_passes_keep_the_meaning_of_random_traces() {
    let (mut compared, mut looped, mut boxed, mut unstable, mut made) = (0, 0, 0, 0, 0);
    let seeds = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(4000u64);
    for seed in 1..=seeds {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let lists: Vec<Vec<Value>> = (0..2).map(|_| (0..LIST_LENGTH).map(|_| random.value()).collect()).collect();
        let lists: Vec<&[Value]> = lists.iter().map(Vec::as_slice).collect();
        let cells: Vec<Value> = (0..3).map(|_| random.value()).collect();
        let mut world = World::new(&[Value::NONE; SLOTS], &lists, &cells);
        let given: Vec<Value> = (0..3).map(|at| world.object(at, [Value::NONE; 3], 0.0)).collect();
        let recorded = Generator {
            random: Random(random.next() | 1),
            world: &world,
            body: Body::default(),
            slots: [None; SLOTS],
            changed: [false; SLOTS],
            ints: Vec::new(),
            floats: Vec::new(),
            values: Vec::new(),
            objects: Vec::new(),
            pc: 0,
            is_side: seed % 4 == 0,
            makes_objects: seed % 3 == 0,
        }
        .record();
        let raw = optimise::run(recorded.clone(), &options(0), &mut |_| {}).expect("closing does not fail");
        let forms: Vec<(u32, Result<Body, PassAbort>)> = (1..1 << PASSES.len())
            .map(|mask| (mask, optimise::run(recorded.clone(), &options(mask), &mut |_| {})))
            .collect();
        for _ in 0..4 {
            let mut slots = [Value::NONE; SLOTS];
            for (slot, value) in slots.iter_mut().enumerate() {
                *value = match slot as u16 {
                    COUNTER => Value::from_fixnum(random.below(4) as i64),
                    LIMIT => Value::from_fixnum(random.below(12) as i64),
                    s if INTS.contains(&s) => Value::from_fixnum(random.int()),
                    s if FLOATS.contains(&s) => Value::try_float(random.float()).unwrap_or(Value::NONE),
                    s if ANY.contains(&s) => random.value(),
                    s if LISTS.contains(&s) => world.list(random.below(2) as usize),
                    _ => given[random.below(given.len() as u64) as usize],
                };
            }
            if recorded.link.is_some() {
                world.inputs = slots.iter().map(|value| value.0).collect();
                slots = [Value::UNDEF; SLOTS];
            }
            let contents: Vec<([Value; 3], f64)> =
                given.iter().map(|_| ([(); 3].map(|()| random.value()), random.float())).collect();
            let prepare = |world: &mut World| {
                world.reset(&slots, &lists, &cells);
                for (at, (words, double)) in contents.iter().enumerate() {
                    world.object(at, *words, *double);
                }
                MADE.take();
                BOXES.set(0);
            };
            prepare(&mut world);
            let exit = world.run(&raw, 100).expect("the counter reaches its limit");
            let expected = outcome(&world, &exit);
            if BOXES.get() > 0 {
                // A float without an immediate form: whether it was ever boxed decides where a G_FLT leaves.
                boxed += 1;
                continue;
            }
            looped += u32::from(exit.back_edges >= 3);
            for (mask, form) in &forms {
                let body = match form {
                    Ok(body) => body,
                    // Of a float slot: the generator also asks for an int where it has asked for a float before.
                    Err(PassAbort::UnstableType { slot })
                        if ANY.contains(slot) || FLOATS.contains(slot) || OBJECTS.contains(slot) =>
                    {
                        unstable += 1;
                        continue;
                    }
                    Err(abort) => panic!("seed {seed} passes {mask:03b}: {abort}"),
                };
                prepare(&mut world);
                let exit = world.run(body, 100).expect("the counter reaches its limit");
                if BOXES.get() > 0 {
                    boxed += 1;
                    continue;
                }
                let found = outcome(&world, &exit);
                made += u32::from(exit.made > 0 && exit.back_edges >= 2);
                assert_eq!(
                    found,
                    expected,
                    "seed {seed} passes {mask:03b} slots {slots:?}\n{}\n{}",
                    print(&recorded.body, Some(&recorded.closing), HELPERS),
                    print(body, None, HELPERS)
                );
                compared += 1;
            }
        }
    }
    // The generator must keep making traces that say something.
    assert!(compared > 50_000, "{compared} comparisons");
    assert!(looped > 500, "{looped} runs of some iterations");
    assert!(made > 1000, "{made} exits from loops that made objects");
    assert!(boxed < compared / 5 && unstable < compared / 5, "{boxed} boxed, {unstable} unstable");
}
