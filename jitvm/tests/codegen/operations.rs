//! Every operation by itself, on edge values, with operands in registers and as constants.

use jitvm::codegen::{CompileFailure, Options, compile};
use jitvm::ir::{Body, OPERATIONS, Op, Ref, TraceId, Ty};
use jitvm::runtime::object::{Cell, FloatBox, Header, List, ShapeId, Str, Tuple};
use jitvm::runtime::value::{FIXNUM_MAX, FIXNUM_MIN, Value};

use crate::evaluate::{self, Effect};
use crate::support::{Builder, Machine, TARGETS, fixnum, float, same, unboxed};

const INTS: &[i64] = &[
    0,
    1,
    -1,
    2,
    3,
    -3,
    7,
    -8,
    10,
    31,
    60,
    61,
    64,
    1000003,
    (1 << 29) - 1,
    1 << 29,
    i32::MAX as i64,
    i32::MIN as i64,
    1 << 32,
    1 << 53,
    (1 << 53) + 1,
    -(1 << 53),
    -(1 << 53) - 1,
    1 << 60,
    FIXNUM_MAX - 1,
    FIXNUM_MAX,
    FIXNUM_MIN,
    FIXNUM_MIN + 1,
];

const FLOATS: &[f64] = &[
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.5,
    1e10,
    5e-324,
    f64::MAX,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    2305843009213693952.0,
    2305843009213693696.0,
    -2305843009213693952.0,
    -2305843009213694464.0,
    9.3e18,
    1.0000000000000002,
];

/// Where an operand comes from.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Form {
    Slot,
    Constant,
}

/// Whether the table of operations leaves the result open.
fn undefined(op: Op, i: i64, j: i64) -> bool {
    match op {
        Op::Div | Op::Mod => j == 0 || j == -1,
        Op::Add | Op::Sub => evaluate::operation(op, fixnum(i), fixnum(j)) == Effect::Exit,
        Op::Shr => j < 0,
        _ => false,
    }
}

fn operand(b: &mut Builder, ty: Ty, form: Form, slot: u32, bits: u64) -> Ref {
    match (ty, form) {
        (Ty::Flt, Form::Slot) => b.flt_slot(slot),
        (Ty::Flt, Form::Constant) => b.flt(f64::from_bits(bits)),
        (Ty::Int, Form::Slot) => b.int_slot(slot),
        (Ty::Int, Form::Constant) => b.int(bits as i64 >> 2),
        (_, Form::Slot) => b.sload(slot),
        (_, Form::Constant) => b.val(Value(bits)),
    }
}

/// A trace for one operation; with `live`, its operands are needed afterwards.
fn single(op: Op, ty: Ty, forms: [Form; 2], bits: [u64; 2], unary: bool, live: bool) -> Body {
    let mut b = Builder::default();
    b.snap(&[]);
    let x = operand(&mut b, ty, forms[0], 0, bits[0]);
    let y = if unary { Ref::NONE } else { operand(&mut b, ty, forms[1], 1, bits[1]) };
    if live {
        let values = if unary { vec![x] } else { vec![x, y] };
        b.snap(&values);
    }
    let result = b.two(op, x, y);
    let mut shown = if live { vec![x] } else { Vec::new() };
    if live && !unary {
        shown.push(y);
    }
    if op.result() != Ty::Nil {
        shown.push(result);
    }
    b.show(&shown)
}

fn check(machine: &mut Machine, body: &Body, stack: &[u64], options: &Options) {
    let artifact = machine.compile(body, options);
    check_compiled(machine, body, &artifact, stack);
}

fn check_compiled(machine: &mut Machine, body: &Body, artifact: &jitvm::codegen::Artifact, stack: &[u64]) {
    let expected = evaluate::trace(body, stack, 0);
    let outcome = machine.run(artifact, &body.constants, &mut stack.to_vec(), true);
    assert_eq!(outcome.guard, expected.guard, "{stack:x?}\n{body}");
    let snapshot = &body.snapshots[body.snapshot_of(outcome.guard).expect("guards have snapshots")];
    for (slot, (got, want)) in snapshot.slots.iter().zip(outcome.values.iter().zip(&expected.values)) {
        assert!(
            same(body.ty(slot.value), *got, *want),
            "{:?}: {got:#x}, not {want:#x}\n{stack:x?}\n{body}",
            slot.value
        );
    }
    assert_eq!(outcome.observed, expected.observed, "{stack:x?}\n{body}");
}

/// All pairs of words as operands, in registers and as constants.
fn pairs(op: Op, ty: Ty, words: &[u64], to_slot: fn(u64) -> u64, undefined: fn(Op, u64, u64) -> bool) {
    let mut machine = Machine::new();
    let random = Options { random_ra: Some(op as u64), ..Options::default() };
    for live in [false, true] {
        for options in [Options::default(), random] {
            let body = single(op, ty, [Form::Slot; 2], [0; 2], false, live);
            let artifact = machine.compile(&body, &options);
            for &x in words {
                for &y in words.iter().filter(|&&y| !undefined(op, x, y)) {
                    check_compiled(&mut machine, &body, &artifact, &[to_slot(x), to_slot(y)]);
                }
            }
        }
        for &constant in words {
            let first = single(op, ty, [Form::Constant, Form::Slot], [constant; 2], false, live);
            let first_code = machine.compile(&first, &Options::default());
            let second = single(op, ty, [Form::Slot, Form::Constant], [constant; 2], false, live);
            let second_code = machine.compile(&second, &Options::default());
            for &other in words {
                if !undefined(op, constant, other) {
                    check_compiled(&mut machine, &first, &first_code, &[0, to_slot(other)]);
                }
                if !undefined(op, other, constant) {
                    check_compiled(&mut machine, &second, &second_code, &[to_slot(other), 0]);
                }
            }
            if !undefined(op, constant, constant) {
                let both = single(op, ty, [Form::Constant; 2], [constant; 2], false, live);
                check(&mut machine, &both, &[0, 0], &Options::default());
            }
        }
    }
}

fn integers(ops: &[Op]) {
    let words: Vec<u64> = INTS.iter().map(|&i| fixnum(i)).collect();
    for &op in ops {
        pairs(op, Ty::Int, &words, |word| word, |op, x, y| undefined(op, x as i64 >> 2, y as i64 >> 2));
    }
}

#[test]
fn integer_arithmetic() {
    integers(&[Op::AddOv, Op::SubOv, Op::MulOv, Op::Add, Op::Sub, Op::And, Op::Or, Op::Xor, Op::Min, Op::Max]);
}

#[test]
fn division_rounds_down() {
    integers(&[Op::Div, Op::Mod]);
}

#[test]
fn shifts_check_their_range() {
    integers(&[Op::ShlOv, Op::Shr]);
}

#[test]
fn integer_guards() {
    integers(&[Op::G_Eq, Op::G_Ne, Op::G_Lt, Op::G_Le, Op::G_Ult]);
}

#[test]
fn float_arithmetic_and_guards() {
    let words: Vec<u64> = FLOATS.iter().map(|x| x.to_bits()).collect();
    for op in [Op::AddF, Op::SubF, Op::MulF, Op::DivF, Op::G_FltLt, Op::G_FltNlt, Op::G_FltLe, Op::G_FltNle] {
        pairs(op, Ty::Flt, &words, |bits| float(f64::from_bits(bits)), |_, _, _| false);
    }
    for op in [Op::G_FltEq, Op::G_FltNe] {
        pairs(op, Ty::Flt, &words, |bits| float(f64::from_bits(bits)), |_, _, _| false);
    }
}

#[test]
fn comparisons_give_bools() {
    integers(&[Op::Lt, Op::Le, Op::Eq]);
    let words: Vec<u64> = FLOATS.iter().map(|x| x.to_bits()).collect();
    for op in [Op::LtF, Op::LeF, Op::EqF] {
        pairs(op, Ty::Flt, &words, |bits| float(f64::from_bits(bits)), |_, _, _| false);
    }
}

/// `a if x op y else b`, twice with the same comparison, which is also needed itself or not.
fn choice(op: Op, forms: [Form; 4], words: [u64; 4], is_float: bool, shows_bool: bool, live: bool) -> Body {
    let mut b = Builder::default();
    b.snap(&[]);
    let compared = if matches!(op, Op::LtF | Op::LeF | Op::EqF) { Ty::Flt } else { Ty::Int };
    let bits = |word: u64, ty: Ty| if ty == Ty::Flt { Value(word).as_float().to_bits() } else { word };
    let chosen = if is_float { Ty::Flt } else { Ty::Val };
    let types = [compared, compared, chosen, chosen];
    let of: Vec<Ref> =
        (0..4).map(|i| operand(&mut b, types[i], forms[i], i as u32, bits(words[i], types[i]))).collect();
    if live {
        b.snap(&of);
    }
    let by = b.two(op, of[0], of[1]);
    let select = if is_float { Op::SelF } else { Op::Sel };
    let first = b.ins(select, of[2], of[3], by.0.into());
    let second = b.ins(select, of[3], of[2], by.0.into());
    let mut shown = vec![first, second];
    if shows_bool {
        shown.push(by);
    }
    if live {
        shown.extend(of);
    }
    b.show(&shown)
}

#[test]
fn choices_by_every_comparison() {
    let mut machine = Machine::new();
    let ints = [fixnum(0), fixnum(-3), fixnum(7), fixnum(1 << 40)];
    let floats = [0.0, -0.0, f64::NAN, 2.5].map(float);
    let chosen = [[fixnum(5), Value::NONE.0], [Value::TRUE.0, float(1.5)], [fixnum(1 << 50), fixnum(-1)]];
    let chosen_floats = [[1.5, -0.0], [f64::NAN, 0.0], [2.0, 3.0]].map(|pair| pair.map(float));
    for op in [Op::Lt, Op::Le, Op::Eq, Op::LtF, Op::LeF, Op::EqF] {
        let compared = if matches!(op, Op::LtF | Op::LeF | Op::EqF) { floats } else { ints };
        for number in 0..128u32 {
            let form = |bit: u32| if number >> bit & 1 == 1 { Form::Constant } else { Form::Slot };
            let forms = [form(0), form(1), form(2), form(3)];
            let [is_float, shows_bool, live] = [4, 5, 6].map(|bit| number >> bit & 1 == 1);
            for (at, [a, b]) in (if is_float { chosen_floats } else { chosen }).into_iter().enumerate() {
                for (x, y) in compared.iter().flat_map(|&x| compared.iter().map(move |&y| (x, y))) {
                    let words = [x, y, a, b];
                    let body = choice(op, forms, words, is_float, shows_bool, live);
                    let random_ra = (at == 2).then_some(u64::from(number));
                    check(&mut machine, &body, &words, &Options { random_ra, ..Options::default() });
                }
            }
        }
    }
}

#[test]
fn a_choice_by_a_bool_from_elsewhere() {
    let mut machine = Machine::new();
    for live in [false, true] {
        for by in [Value::TRUE, Value::FALSE] {
            let mut b = Builder::default();
            b.snap(&[]);
            let (x, y, f, g) = (b.int_slot(0), b.int_slot(1), b.flt_slot(2), b.flt_slot(3));
            let (zero, half) = (b.int(0), b.flt(0.5));
            let truth = b.two(Op::Lt, x, y);
            let sum = b.two(Op::Add, x, y);
            let int = b.ins(Op::Sel, sum, zero, truth.0.into());
            let constant = b.val(by);
            let other = b.ins(Op::Sel, int, y, constant.0.into());
            let float_ = b.ins(Op::SelF, f, g, truth.0.into());
            let mixed = b.ins(Op::SelF, half, float_, truth.0.into());
            let body = b.show(&[int, other, float_, mixed, x, f, truth][..if live { 7 } else { 4 }]);
            for (i, j) in [(1, 2), (2, 1), (2, 2)] {
                let stack = [fixnum(i), fixnum(j), float(1.5), float(f64::NAN)];
                for random_ra in [None, Some(i as u64)] {
                    check(&mut machine, &body, &stack, &Options { random_ra, ..Options::default() });
                }
            }
        }
    }
}

#[test]
fn one_value_in_both_operands() {
    let mut machine = Machine::new();
    for op in
        [Op::AddOv, Op::SubOv, Op::MulOv, Op::Xor, Op::Min, Op::ShlOv, Op::Shr, Op::Div, Op::Mod, Op::G_Lt, Op::G_Le]
    {
        for live in [false, true] {
            for &i in INTS.iter().filter(|&&i| !undefined(op, i, i)) {
                let mut b = Builder::default();
                b.snap(&[]);
                let x = b.int_slot(0);
                b.snap(&[x][..usize::from(live)]);
                let result = b.two(op, x, x);
                let shown = if op.result() == Ty::Nil { vec![x] } else { vec![result, x] };
                let body = b.show(if live { &shown } else { &shown[..1] });
                for random_ra in [None, Some(i as u64)] {
                    check(&mut machine, &body, &[fixnum(i)], &Options { random_ra, ..Options::default() });
                }
            }
        }
    }
}

#[test]
fn unary_operations() {
    let mut machine = Machine::new();
    let floats: Vec<(u64, u64)> = FLOATS.iter().map(|x| (x.to_bits(), float(*x))).collect();
    let ints: Vec<(u64, u64)> = INTS.iter().map(|&i| (fixnum(i), fixnum(i))).collect();
    let cases = [
        (Op::NegF, Ty::Flt),
        (Op::AbsF, Ty::Flt),
        (Op::SqrtF, Ty::Flt),
        (Op::FltToInt, Ty::Flt),
        (Op::IntToFlt, Ty::Int),
        (Op::IntToFltExact, Ty::Int),
    ];
    for (op, ty) in cases {
        for live in [false, true] {
            for form in [Form::Slot, Form::Constant] {
                for &(bits, word) in if ty == Ty::Flt { &floats } else { &ints } {
                    let body = single(op, ty, [form; 2], [bits; 2], true, live);
                    check(&mut machine, &body, &[word], &Options::default());
                }
            }
        }
    }
}

/// Words of every kind; the pointers are to the given objects.
fn words(objects: &[Box<[u64; 4]>]) -> Vec<u64> {
    let specials = [Value::NONE, Value::FALSE, Value::TRUE, Value::EXC, Value::UNDEF, Value::EXHAUSTED];
    let pointers = objects.iter().map(|object| object.as_ptr() as u64 + 1);
    let floats = FLOATS.iter().map(|&x| float(x));
    INTS.iter().map(|&i| fixnum(i)).chain(floats).chain(specials.map(|v| v.0)).chain(pointers).collect()
}

#[test]
fn type_guards_on_every_kind_of_word() {
    let objects: Vec<Box<[u64; 4]>> = [1, 4, 5, 200, 0x7fff_ffff, 4].map(|shape| Box::new([shape, 0, 0, 0])).into();
    let words = words(&objects);
    let mut machine = Machine::new();
    for op in [Op::G_Int, Op::G_Flt, Op::G_NoExc] {
        for live in [false, true] {
            let body = single(op, Ty::Val, [Form::Slot; 2], [0; 2], true, live);
            let artifact = machine.compile(&body, &Options::default());
            for &word in &words {
                check_compiled(&mut machine, &body, &artifact, &[word]);
                let constant = single(op, Ty::Val, [Form::Constant; 2], [word; 2], true, live);
                check(&mut machine, &constant, &[0], &Options::default());
            }
        }
    }
    for op in [Op::G_Eq, Op::G_Ne] {
        let same_words = [words[3], words[30], Value::TRUE.0, words[words.len() - 1]];
        pairs(op, Ty::Val, &same_words, |word| word, |_, _, _| false);
    }
    for shape in [1u32, 4, 200, 0x7fff_ffff] {
        for form in [Form::Slot, Form::Constant] {
            for &word in &words {
                let mut b = Builder::default();
                b.snap(&[]);
                let x = operand(&mut b, Ty::Val, form, 0, word);
                b.snap(&[x]);
                let guarded = b.ins(Op::G_Shape, x, Ref::NONE, shape);
                let guard = guarded.index();
                // The second guard needs no check that this is a pointer.
                let again = b.ins(Op::G_Shape, guarded, Ref::NONE, shape);
                let body = b.show(&[again, x]);
                let outcome = machine.once(&body, &[word]);
                let matches = Value(word).is_pointer()
                    && objects.iter().any(|o| o.as_ptr() as u64 + 1 == word && o[0] == u64::from(shape));
                assert_eq!(outcome.guard, if matches { body.ins.len() - 1 } else { guard }, "{word:#x}\n{body}");
                assert!(outcome.values.iter().all(|&v| v == word) && outcome.observed.is_none_or(|v| v == word));
            }
        }
    }
}

#[test]
fn boxing_keeps_what_is_live_and_calls_out_for_rare_exponents() {
    let mut machine = Machine::new();
    let rare = [1e-77 / 8.0, 1e78, -1e154, 1e-154, 3e200];
    for random_ra in [None, Some(3), Some(4), Some(5)] {
        for &x in FLOATS.iter().chain(&rare) {
            for width in [0u32, 3, 12] {
                let mut b = Builder::default();
                b.snap(&[]);
                let ints: Vec<Ref> = (0..width).map(|k| b.int_slot(k)).collect();
                let floats: Vec<Ref> = ints.iter().map(|&i| b.one(Op::IntToFlt, i)).collect();
                let (one, constant) = (b.flt(1.0), b.flt(x));
                let computed = if x.is_nan() { constant } else { b.two(Op::MulF, constant, one) };
                let boxed = b.one(Op::BoxF, computed);
                let again = b.one(Op::BoxF, constant);
                let mut shown = vec![boxed, again];
                shown.extend(ints.iter().chain(&floats));
                let body = b.show(&shown);
                let artifact = machine.compile(&body, &Options { random_ra, ..Options::default() });
                let stack: Vec<u64> = (0..width).map(|k| fixnum(i64::from(k) + 50)).collect();
                let outcome = machine.run(&artifact, &body.constants, &mut stack.clone(), true);
                for word in &outcome.values[..2] {
                    assert_eq!(unboxed(*word), x.to_bits());
                    assert_eq!(Value(*word).is_float(), Value::try_float(x).is_some());
                }
                let (ints, floats) = outcome.values[2..].split_at(width as usize);
                assert_eq!(ints, stack);
                let expected: Vec<u64> = (0..width).map(|k| (f64::from(k) + 50.0).to_bits()).collect();
                assert_eq!(floats, expected);
            }
        }
    }
}

/// A pointer to an object with its header.
fn tagged<T>(object: &T) -> u64 {
    object as *const T as u64 + 1
}

#[test]
fn loads_and_stores_reach_fields_and_items() {
    let header = |shape| Header { shape, gc: 0, kind: 0, aux: 0 };
    let big = Value(0x1234_5678_9abc_def0);
    for random_ra in [None, Some(1), Some(2)] {
        let mut items: Vec<Value> = (0..200).map(Value::from_fixnum).collect();
        let list = List { header: header(ShapeId::LIST), length: 200, capacity: 300, data: items.as_mut_ptr() };
        let tuple = [ShapeId::TUPLE.0.into(), 3u64, fixnum(7), fixnum(8), fixnum(9)];
        let string = Str { header: header(ShapeId::STR), length: u32::MAX, bytes: 5, hash: 0 };
        let [undef, ten] = [Value::UNDEF, Value::from_fixnum(10)];
        let cell = Box::new(Cell { header: header(ShapeId::CELL), value: ten, fallback: undef, name: undef });
        let number = FloatBox { header: header(ShapeId::FLOAT_BOX), value: 2.5 };
        let doubles = [0.0, 0.0].map(|value| Box::new(FloatBox { header: header(ShapeId::FLOAT_BOX), value }));

        let mut b = Builder::default();
        b.snap(&[]);
        let [l, t, s, i, f] = [0, 1, 2, 3, 4].map(|slot| b.sload(slot));
        let i = b.one(Op::G_Int, i);
        let length = b.one(Op::ListLen, l);
        let data = b.one(Op::ListData, l);
        let (five, last, known) = (b.int(5), b.int(199), b.val(big));
        let at_i = b.two(Op::ElemLoad, data, i);
        let at_5 = b.two(Op::ElemLoad, data, five);
        b.ins(Op::ElemStore, data, i, u32::from(at_5.0));
        b.ins(Op::ElemStore, data, five, u32::from(known.0));
        b.ins(Op::ElemStore, data, last, u32::from(five.0));
        let j = b.two(Op::AddOv, i, five);
        b.ins(Op::ElemStore, data, j, u32::from(known.0));
        let k = b.two(Op::AddOv, j, five);
        b.ins(Op::ElemStore, data, k, u32::from(five.0));
        let tuple_length = b.one(Op::TupleLen, t);
        let tuple_data = b.one(Op::TupleData, t);
        let two = b.int(2);
        let item = b.two(Op::ItemLoad, tuple_data, two);
        let string_length = b.one(Op::StrLen, s);
        let address = b.raw(&*cell as *const Cell as u64);
        let before = b.one(Op::CellLoad, address);
        b.two(Op::CellStore, address, i);
        let between = b.one(Op::CellLoad, address);
        b.two(Op::CellStore, address, known);
        let field = b.ins(Op::FieldLoad, f, Ref::NONE, 8);
        let object = b.val(Value(tagged(&*cell)));
        b.ins(Op::FieldStore, object, known, 16);
        b.ins(Op::FieldStore, object, i, 24);
        let (double, half) = (b.ins(Op::FloatLoad, f, Ref::NONE, 8), b.flt(0.5));
        let sum = b.two(Op::AddF, double, half);
        for (object, x) in doubles.iter().zip([sum, half]) {
            let object = b.val(Value(tagged(&**object)));
            b.ins(Op::FloatStore, object, x, 8);
        }
        let body = b.show(&[length, at_i, at_5, tuple_length, item, string_length, before, between, field]);
        let stack = [tagged(&list), tagged(&tuple), tagged(&string), fixnum(20), tagged(&number)];
        let artifact = machine_run(&body, &stack, random_ra);
        let expected = [200, 20, 5, 3, 9, i64::from(u32::MAX), 10, 20].map(fixnum);
        assert_eq!(artifact[..8], expected);
        assert_eq!(artifact[8], 2.5f64.to_bits());
        // SAFETY: machine code has written these objects behind the compiler's back.
        let (items, cell) =
            unsafe { (items.as_ptr().cast::<[Value; 200]>().read_volatile(), (&raw const *cell).read_volatile()) };
        assert_eq!(
            (items[5], items[20], items[25], items[30], items[199]),
            (big, Value::from_fixnum(5), big, Value::from_fixnum(5), Value::from_fixnum(5))
        );
        assert_eq!((cell.value, cell.fallback, cell.name), (big, big, Value::from_fixnum(20)));
        // SAFETY: as above.
        let doubles = doubles.map(|object| unsafe { (&raw const object.value).read_volatile() });
        assert_eq!(doubles, [3.0, 0.5]);
        assert_eq!(size_of::<Tuple>(), Tuple::ITEMS);
    }
}

fn machine_run(body: &Body, stack: &[u64], random_ra: Option<u64>) -> Vec<u64> {
    let mut machine = Machine::new();
    let artifact = machine.compile(body, &Options { random_ra, ..Options::default() });
    machine.run(&artifact, &body.constants, &mut stack.to_vec(), true).values
}

#[test]
fn calls_pass_up_to_five_words_in_order() {
    let mut machine = Machine::new();
    for count in 1..=5u32 {
        for random_ra in [None, Some(9)] {
            let mut b = Builder::default();
            b.snap(&[]);
            let big = b.val(Value(0x1122_3344_5566_7788));
            let slots: Vec<Ref> = (0..count).map(|k| b.int_slot(k)).collect();
            let backwards: Vec<Ref> = slots.iter().rev().copied().collect();
            let first = b.call(count - 1, &slots);
            let second = b.call(count - 1, &backwards);
            let constants = vec![big; count as usize];
            let third = b.call(count - 1, &constants);
            let mut shown = vec![first, second, third];
            shown.extend(&slots);
            let body = b.show(&shown);
            let stack: Vec<u64> = (0..count).map(|k| fixnum(100 + i64::from(k))).collect();
            check(&mut machine, &body, &stack, &Options { random_ra, ..Options::default() });
        }
    }
}

#[test]
fn malformed_traces_are_refused() {
    use jitvm::ir::TraceId;
    let mut machine = Machine::new();
    let mut refuse = |mut body: Body| {
        let result =
            compile(&mut body, TraceId(1), None, &Options::default(), &crate::support::TARGETS, &mut machine.arena);
        assert!(matches!(result, Err(CompileFailure::Malformed(_))), "{result:?}\n{body}");
    };
    let mut b = Builder::default();
    b.sload(0);
    refuse(b.body);
    let mut b = Builder::default();
    b.none(Op::G_Poll);
    b.snap(&[]);
    b.none(Op::Loop);
    refuse(b.body);
    let mut b = Builder::default();
    b.snap(&[]);
    b.one(Op::G_Int, Ref(5));
    b.none(Op::Loop);
    refuse(b.body);
    let mut b = Builder::default();
    b.snap(&[Ref(3)]);
    b.none(Op::Loop);
    b.none(Op::G_Poll);
    refuse(b.body);
}

#[test]
fn a_function_returns_to_whoever_entered_it() {
    let mut b = Builder::default();
    b.snap(&[]);
    let x = b.int_slot(0);
    let five = b.int(5);
    let sum = b.two(Op::AddOv, x, five);
    b.one(Op::Ret, sum);
    let mut machine = Machine::new();
    let artifact = machine.compile(&b.body, &Options::default());
    assert_eq!(machine.returned(&artifact, &mut [fixnum(37)]), fixnum(42));
    let mut b = Builder::default();
    let none = b.val(Value::NONE);
    b.one(Op::Ret, none);
    let mut machine = Machine::new();
    let artifact = machine.compile(&b.body, &Options::default());
    assert_eq!(machine.returned(&artifact, &mut []), Value::NONE.0);
}

#[test]
fn a_trace_may_end_before_what_only_the_interpreter_executes() {
    let mut b = Builder::default();
    b.snap(&[]);
    let x = b.int_slot(0);
    let two = b.int(2);
    let sum = b.two(Op::AddOv, x, two);
    b.snap(&[sum]);
    let end = b.none(Op::Leave);
    let outcome = Machine::new().once(&b.body, &[fixnum(40)]);
    assert_eq!((outcome.guard, outcome.values, outcome.observed), (end.index(), vec![fixnum(42)], None));
    // Nothing may follow it.
    b.none(Op::G_Poll);
    let mut machine = Machine::new();
    let result = compile(&mut b.body, TraceId(7), None, &Options::default(), &TARGETS, &mut machine.arena);
    assert!(matches!(result, Err(CompileFailure::Malformed(_))), "{result:?}");
}

#[test]
fn a_call_of_what_is_no_code_is_refused() {
    // Calls that work need a VM: `fixtures/programs/native_calls.py`.
    let mut b = Builder::default();
    let callee = b.sload(0);
    let chain = b.ins(Op::CArg, Ref::NONE, callee, 0);
    let number = b.int(1);
    let result = b.ins(Op::CallF, chain, number, 3);
    b.snap(&[]);
    b.one(Op::G_NoExc, result);
    b.one(Op::Ret, result);
    let mut machine = Machine::new();
    let result = compile(&mut b.body, TraceId(7), None, &Options::default(), &TARGETS, &mut machine.arena);
    assert!(matches!(result, Err(CompileFailure::Malformed(_))), "{result:?}");
}

#[test]
fn every_operation_has_a_test_here() {
    // Those of memory, calls and structure are in tests with these words in their names.
    let source = concat!(
        include_str!("operations.rs"),
        include_str!("loops.rs"),
        include_str!("support.rs"),
        include_str!("sides.rs"),
        include_str!("allocation.rs")
    );
    for entry in OPERATIONS {
        let name = format!("Op::{:?}", entry.0);
        assert!(entry.0 == Op::Nop || source.contains(&name), "{name}");
    }
}

#[test]
fn a_watch_passes_until_it_is_made_a_jump() {
    let mut b = Builder::default();
    b.snap(&[]);
    let x = b.int_slot(0);
    b.snap(&[x]);
    let (cell, word) = (b.raw(0x7000), b.val(Value::NONE));
    b.two(Op::G_Watch, cell, word);
    let one = b.int(1);
    let sum = b.two(Op::Add, x, one);
    b.one(Op::Ret, sum);
    let mut machine = Machine::new();
    let artifact = machine.compile(&b.body, &Options::default());
    let [point] = artifact.watches[..] else { panic!("one watch: {:?}", artifact.watches) };
    assert_eq!(point.cell, 0x7000);
    assert_eq!(machine.returned(&artifact, &mut [fixnum(41)]), fixnum(42));
    let at = |offset: u32| artifact.code.start + offset as usize;
    machine.arena.divert(at(point.at), at(point.stub)).expect("code can be written to");
    let left = machine.run(&artifact, &b.body.constants, &mut [fixnum(41)], false);
    assert_eq!(left.values, [fixnum(41)]);
}
