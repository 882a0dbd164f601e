//! What the tests of the IR share: helpers that traces may call, and a VM's memory for them to run in.
#![allow(dead_code, reason = "each test uses its part")]

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::mem::MaybeUninit;

use jitvm::interp::helpers::{Effects, Entry, Helper};
use jitvm::ir::interpret::{IrExit, Machine, run, scratch_needed};
use jitvm::ir::parse::{Parsed, parse_with};
use jitvm::ir::{Body, NewObject, Snapshot, TraceId, Ty};
use jitvm::runtime::object::{Header, List, ShapeId, Str, Tuple};
use jitvm::runtime::value::Value;
use jitvm::runtime::vm::Vm;

/// Fields of a module cell, of which tests need the address and the value.
pub type CellObject = jitvm::runtime::object::Cell;

/// Helpers of the tests: one of each kind.
pub static HELPERS: &[Helper] = &[
    Helper {
        name: "mix",
        entry: Entry::A2(mix),
        effects: Effects { pure: true, fresh: false, writes: false, raises: false, lists: false, gives: None },
    },
    Helper {
        name: "peek",
        entry: Entry::A1(peek),
        effects: Effects { pure: false, fresh: false, writes: false, raises: false, lists: false, gives: None },
    },
    Helper {
        name: "bump",
        entry: Entry::A2(bump),
        effects: Effects { pure: false, fresh: false, writes: true, raises: true, lists: false, gives: None },
    },
];

extern "C" fn mix(_: *mut Vm, a: u64, b: u64) -> u64 {
    Value::from_fixnum(((a >> 2).wrapping_mul(31).wrapping_add(b >> 2) & 0xffff) as i64).0
}

fn cell_at(address: u64) -> &'static Cell<u64> {
    // SAFETY: tests pass the addresses of cells that live as long as the trace runs.
    unsafe { &*((address as usize + std::mem::offset_of!(CellObject, value)) as *const Cell<u64>) }
}

extern "C" fn peek(_: *mut Vm, cell: u64) -> u64 {
    cell_at(cell).get()
}

/// Adds to an Int in a cell; raises if the sum is a multiple of 7, and if there is no Int.
extern "C" fn bump(_: *mut Vm, cell: u64, by: u64) -> u64 {
    let (held, by) = (Value(cell_at(cell).get()), Value(by));
    if !held.is_int() || !by.is_int() {
        return Value::EXC.0;
    }
    let sum = (held.as_fixnum() + by.as_fixnum()) & 0xff_ffff;
    cell_at(cell).set(Value::from_fixnum(sum).0);
    if sum % 7 == 0 { Value::EXC.0 } else { held.0 }
}

/// Boxes are never looked into by tests: one that was asked for is counted and stands as this word.
pub const BOX: u64 = 0xdead_0001;

thread_local! {
    pub static BOXES: Cell<u32> = const { Cell::new(0) };
}

extern "C" fn box_float(_: *mut Vm, _: f64) -> u64 {
    BOXES.with(|count| count.set(count.get() + 1));
    BOX
}

thread_local! {
    /// Address and number of words of every object that traces have made.
    pub static OBJECTS: RefCell<Vec<(u64, usize)>> = const { RefCell::new(Vec::new()) };
}

pub extern "C" fn allocate(_: *mut Vm, bytes: u64, shape: u64) -> u64 {
    let words = bytes as usize / 8;
    let object = Box::leak(vec![Value::EXHAUSTED.0; words].into_boxed_slice());
    object[0] = shape;
    let address = object.as_ptr() as u64;
    OBJECTS.with_borrow_mut(|objects| objects.push((address, words)));
    Value::from_address(address as usize).0
}

fn header(shape: ShapeId) -> Header {
    Header { shape, gc: 0, kind: 0, aux: 0 }
}

/// Objects at fixed addresses, a stack and cells.
pub struct World {
    vm: Box<MaybeUninit<Vm>>,
    pub slots: Vec<Value>,
    /// What side traces find in their parent's snapshot.
    pub inputs: Vec<u64>,
    pub lists: Vec<(Box<List>, Vec<Value>)>,
    pub cells: Vec<[u64; size_of::<CellObject>() / 8]>,
    /// Objects of [`SHAPE`] with three words and a double, which tests fill.
    #[allow(clippy::vec_box, reason = "objects stay where they are")]
    pub objects: Vec<Box<[Cell<u64>; 5]>>,
}

/// Shape of the world's objects, one that a program would make. It and the next have a double as their fourth word.
pub const SHAPE: u32 = 4040;
/// Byte offset of that.
pub const DOUBLE: u32 = 32;

impl World {
    pub fn new(slots: &[Value], lists: &[&[Value]], cells: &[Value]) -> World {
        let lists = lists.iter().map(|items| {
            let mut items = items.to_vec();
            let length = items.len() as u32;
            let data = items.as_mut_ptr();
            (Box::new(List { header: header(ShapeId::LIST), length, capacity: length, data }), items)
        });
        let cells = cells.iter().map(|value| {
            let mut words = [0; size_of::<CellObject>() / 8];
            words[std::mem::offset_of!(CellObject, value) / 8] = value.0;
            words
        });
        World {
            vm: Box::new(MaybeUninit::zeroed()),
            slots: slots.to_vec(),
            inputs: Vec::new(),
            lists: lists.collect(),
            cells: cells.collect(),
            objects: Vec::new(),
        }
    }

    /// Gives the objects their first contents again.
    pub fn reset(&mut self, slots: &[Value], lists: &[&[Value]], cells: &[Value]) {
        self.slots.copy_from_slice(slots);
        for ((list, _), items) in self.lists.iter().zip(lists) {
            for (at, item) in items.iter().enumerate() {
                // SAFETY: the list has as many items as when it was made.
                unsafe { list.data.add(at).write(*item) };
            }
        }
        for (index, value) in cells.iter().enumerate() {
            cell_at(self.cell(index)).set(value.0);
        }
    }

    pub fn list(&self, index: usize) -> Value {
        Value::from_address(&raw const *self.lists[index].0 as usize)
    }

    /// An object with these words and this double.
    pub fn object(&mut self, index: usize, words: [Value; 3], double: f64) -> Value {
        while self.objects.len() <= index {
            self.objects.push(Box::new([const { Cell::new(0) }; 5]));
        }
        let object = &self.objects[index];
        object[0].set(SHAPE.into());
        object[1..].iter().zip(words).for_each(|(word, value)| word.set(value.0));
        object[DOUBLE as usize / 8].set(double.to_bits());
        Value::from_address(object.as_ptr() as usize)
    }

    /// Makes the sunk objects of a snapshot, as an exit does.
    fn make_objects(body: &Body, snapshot: &Snapshot, values: &[Cell<u64>]) -> Vec<u64> {
        let layouts = snapshot.objects.iter().map(|object| {
            let layout = body.new_object(body.ins[object.object.index()]).expect("a NEW");
            NewObject { shape: object.shape, ..layout }
        });
        let made: Vec<u64> =
            layouts.clone().map(|new| allocate(std::ptr::null_mut(), new.bytes.into(), new.shape.into())).collect();
        let mut values = values.get(snapshot.slots.len()..).unwrap_or_default().iter();
        for ((object, &address), layout) in snapshot.objects.iter().zip(&made).zip(layouts) {
            let words = Value(address).address() as *mut u64;
            let filling = object.words.iter().map(|word| {
                let value = values.next().expect("a value for each word").get();
                snapshot.object(*word).map_or(value, |other| made[other])
            });
            for (at, word) in std::iter::once(layout.header()).chain(filling).enumerate() {
                let is_double = at == DOUBLE as usize / 8 && [SHAPE, SHAPE + 1].contains(&layout.shape);
                let word = if is_double && Value(word).is_float() { Value(word).as_float().to_bits() } else { word };
                // SAFETY: the object has been made with so many words.
                unsafe { words.add(at).write(word) };
            }
        }
        made
    }

    /// Words of the objects that values lead to, and the values with a number in place of the address of each object
    /// that a trace has made: the same for two runs that made the same objects.
    pub fn reached(&self, values: &mut [Value]) -> Vec<Vec<Value>> {
        let mut order: Vec<u64> = self.objects.iter().map(|object| object.as_ptr() as u64).collect();
        let sizes: HashMap<u64, usize> = OBJECTS.with_borrow(|objects| objects.iter().copied().collect());
        let number = |order: &mut Vec<u64>, value: Value| {
            let address = value.0.wrapping_sub(1);
            if !value.is_pointer() || !(sizes.contains_key(&address) || order.contains(&address)) {
                return value;
            }
            let known = order.iter().position(|other| *other == address).unwrap_or_else(|| {
                order.push(address);
                order.len() - 1
            });
            Value(0x7000_0000_0001 + 8 * known as u64)
        };
        values.iter_mut().for_each(|value| *value = number(&mut order, *value));
        let mut contents = Vec::new();
        let mut next = 0;
        while next < order.len() {
            let size = sizes.get(&order[next]).copied().unwrap_or(5);
            // SAFETY: objects of the world and those that traces have made have so many words and are never freed.
            let words = (0..size).map(|at| Value(unsafe { (order[next] as *const u64).add(at).read_volatile() }));
            let words: Vec<Value> = words.collect();
            contents.push(words.into_iter().map(|word| number(&mut order, word)).collect());
            next += 1;
        }
        contents
    }

    pub fn cell(&self, index: usize) -> u64 {
        &raw const self.cells[index] as u64
    }

    pub fn cell_value(&self, index: usize) -> Value {
        Value(cell_at(self.cell(index)).get())
    }

    /// A list's items as they are in memory now.
    pub fn items(&self, index: usize) -> Vec<Value> {
        let list = &self.lists[index].0;
        // SAFETY: the items' vector is not touched while the world lives.
        (0..list.length as usize).map(|at| unsafe { list.data.add(at).read() }).collect()
    }

    /// `val:list0`, `raw:cell0` and so on are the world's.
    pub fn parse(&self, text: &str) -> Parsed {
        let number = |name: &str, kind: &str| name.strip_prefix(kind).and_then(|n| n.parse::<usize>().ok());
        parse_with(text, HELPERS, &mut |ty, name| match ty {
            Ty::Val => number(name, "list").map(|at| self.list(at).0),
            _ => number(name, "cell").map(|at| self.cell(at)),
        })
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    pub fn set_poll(&mut self, poll: u32) {
        // SAFETY: the field is inside of the allocation.
        unsafe { (&raw mut (*self.vm.as_mut_ptr()).poll).write(poll) };
    }

    /// Runs a trace and writes what its exit restores to the slots; `None` if the loop went on.
    pub fn run(&mut self, body: &Body, back_edges: u64) -> Option<Exit> {
        let scratch = vec![Cell::new(0); scratch_needed(body)];
        let inputs: Vec<Cell<u64>> = self.inputs.iter().copied().map(Cell::new).collect();
        let machine = Machine {
            inputs: &inputs,
            vm: self.vm.as_mut_ptr(),
            base: self.slots.as_mut_ptr(),
            scratch: &scratch,
            helpers: HELPERS,
            box_float,
            allocate,
            back_edges,
            guard_fail: 0,
            label: None,
            measure: None,
        };
        // SAFETY: the slots, lists and cells are the world's, and tests give traces what they guard for.
        let exit: IrExit<'_> = unsafe { run(&machine, body) }?;
        let linked = exit.linked;
        let snapshot = match linked {
            Some(_) => body.snapshots.last().expect("CLOSE has a snapshot"),
            None => &body.snapshots[exit.snapshot],
        };
        let made = World::make_objects(body, snapshot, exit.values);
        for (entry, word) in snapshot.slots.iter().zip(exit.values) {
            let object = snapshot.object(entry.value).map(|object| made[object]);
            self.slots[entry.slot as usize] = Value(object.unwrap_or(word.get()));
        }
        let frames = snapshot.frames.iter().map(|frame| (frame.code.0, frame.pc, frame.base)).collect();
        let (guard, observed, back_edges) = (exit.guard, exit.observed, exit.back_edges);
        Some(Exit { linked, guard, frames, observed, back_edges, made: made.len() })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Exit {
    pub linked: Option<TraceId>,
    pub guard: usize,
    pub frames: Vec<(u32, u32, u16)>,
    pub observed: Option<(Ty, u64)>,
    pub back_edges: u64,
    /// Sunk objects that the exit made.
    pub made: usize,
}

/// A tuple and a str as the IR reads them.
#[repr(C)]
pub struct TupleOf<const N: usize> {
    pub head: Tuple,
    pub items: [Value; N],
}

pub fn tuple<const N: usize>(items: [Value; N]) -> Box<TupleOf<N>> {
    Box::new(TupleOf { head: Tuple { header: header(ShapeId::TUPLE), length: N as u64 }, items })
}

pub fn str_of_length(length: u32) -> Box<Str> {
    Box::new(Str { header: header(ShapeId::STR), length, bytes: length, hash: 0 })
}
