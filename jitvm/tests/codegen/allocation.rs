//! Objects that traces make: inline from the size class, out of line when it is used up, and those left to exits.

use jitvm::codegen::{Location, Options};
use jitvm::ir::{Body, Op, Ref, SnapObject, Ty, check, flags};
use jitvm::runtime::value::Value;

use crate::support::{Builder, HELPERS, Machine, fixnum, float};

/// An object of shape 40, kind 3 and aux 5 with these words, filled.
fn new(b: &mut Builder, words: &[Ref]) -> Ref {
    let (bytes, about) = b.body.new_operands(8 + 8 * words.len() as u32, 3, 5);
    let object = b.ins(Op::New, bytes, about, 40);
    for (i, &word) in words.iter().enumerate() {
        b.ins(Op::FieldStore, object, word, 8 * (i as u32 + 1));
    }
    object
}

/// Words of an object, as machine code has left them.
pub fn words(value: u64, count: usize) -> Vec<u64> {
    let first = Value(value).address() as *const u64;
    // SAFETY: tests ask for as many words as the object has, and it is never freed.
    (0..count).map(|i| unsafe { first.add(i).read_volatile() }).collect()
}

#[test]
fn new_objects_are_taken_from_the_size_class_until_it_is_used_up() {
    for random_ra in [None, Some(1), Some(2), Some(3)] {
        let mut b = Builder::default();
        b.snap(&[]);
        // Many values live over both allocations, of both kinds.
        let ints: Vec<Ref> = (0..11).map(|slot| b.int_slot(slot)).collect();
        let floats: Vec<Ref> = (11..26).map(|slot| b.flt_slot(slot)).collect();
        let raw = b.raw(2);
        let one = new(&mut b, &[raw, ints[0], ints[1]]);
        let two = new(&mut b, &[raw, one, ints[2]]);
        let loaded = b.ins(Op::FieldLoad, two, Ref::NONE, 16);
        b.ins(Op::ShapeStore, one, Ref::NONE, 41);
        let shape = b.ins(Op::G_Shape, one, Ref::NONE, 41);
        let mut shown = vec![one, two, loaded, shape];
        shown.extend(ints.iter().chain(&floats));
        let body = b.show(&shown);
        assert_eq!(check::check(&body, None, HELPERS), []);
        let mut stack: Vec<u64> = (0..11).map(|i| fixnum(i + 100)).collect();
        stack.extend((0..15).map(|i| float(f64::from(i) + 0.5)));
        for cells in 0..=2 {
            let mut machine = Machine::new();
            let memory = Box::leak(vec![0u64; 4 * 2].into_boxed_slice()).as_ptr() as u64;
            machine.set_cell_memory(32, memory, memory + 32 * cells);
            let artifact = machine.compile(&body, &Options { random_ra, ..Options::default() });
            let values = machine.run(&artifact, &body.constants, &mut stack.clone(), true).values;
            assert_eq!(machine.cursor(32), memory + 32 * cells);
            let [one, two, loaded, shape] = [values[0], values[1], values[2], values[3]];
            assert_eq!((loaded, shape), (one, one));
            for (n, object) in [one, two].into_iter().enumerate() {
                let inline = memory + 32 * n as u64 + 1 == object;
                assert_eq!(inline, (n as u64) < cells, "{cells}");
            }
            let header = |shape: u64| shape | 3 << 40 | 5 << 48;
            assert_eq!(words(one, 4), [header(41), 2, fixnum(100), fixnum(101)]);
            assert_eq!(words(two, 4), [header(40), 2, one, fixnum(102)]);
            assert_eq!(values[4..15], stack[..11]);
            let expected: Vec<u64> = (0..15).map(|i| (f64::from(i) + 0.5f64).to_bits()).collect();
            assert_eq!(values[15..], expected);
        }
    }
}

/// A sunk object has neither code nor register; an exit finds its words behind the values of the slots.
#[test]
fn words_of_sunk_objects_are_found_at_the_exit() {
    let mut b = Builder::default();
    b.snap(&[]);
    let i = b.int_slot(0);
    let x = b.flt_slot(1);
    let (bytes, about) = b.body.new_operands(32, 0, 0);
    let [one, two] = [40, 41].map(|shape| {
        let object = b.ins(Op::New, bytes, about, shape);
        b.body.ins[object.index()].flags = flags::SUNK;
        object
    });
    let length = b.raw(2);
    let mut body: Body = b.show(&[two, i, two]);
    body.snapshots[1].objects = vec![
        SnapObject { object: two, shape: 41, words: vec![length, one, x] },
        SnapObject { object: one, shape: 99, words: vec![length, i, two] },
    ];
    assert_eq!(check::check(&body, None, HELPERS), []);
    for random_ra in [None, Some(5)] {
        let mut machine = Machine::new();
        let artifact = machine.compile(&body, &Options { random_ra, ..Options::default() });
        let exit = artifact.exits.last().expect("the poll");
        let sunk: Vec<bool> = exit.locations.iter().map(|l| matches!(l, Location::Sunk(_))).collect();
        assert_eq!(sunk, [true, false, true, false, true, false, false, false, true]);
        assert_eq!((exit.locations[0], exit.locations[4]), (Location::Sunk(0), Location::Sunk(1)));
        let values = machine.run(&artifact, &body.constants, &mut [fixnum(7), float(2.5)], true).values;
        assert_eq!(
            (values[1], values[3], values[5], values[6], values[7]),
            (fixnum(7), 2, 2.5f64.to_bits(), 2, fixnum(7))
        );
        assert!(body.ins.iter().filter(|ins| ins.is_sunk()).all(|ins| ins.ty == Ty::Obj));
    }
}
