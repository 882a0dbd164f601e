//! Inline caches: what an attribute instruction found last time, by the shape of its object.
//!
//! An entry holds while the object has the shape and its class the version; both are compared before anything else of it
//! is used, so entries need not be roots: while the version holds, the class keeps the function alive. Each GET_ATTR,
//! SET_ATTR and LOAD_METHOD of a code has one entry, found through an index per instruction.

use std::cell::Cell as Slot;

use crate::bytecode::{Instruction, Op};
use crate::runtime::attributes::custom_hook;
use crate::runtime::descriptors;
use crate::runtime::instances::Place;
use crate::runtime::object::{Cell, Header, Instance, ShapeId};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

/// What an instruction does for objects of the entry's shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Plan {
    /// Never matches.
    Empty,
    /// The attribute is the word at this byte offset; UNDEF there means that it is not assigned.
    Word(u32),
    /// The attribute is added: its word's byte offset, and the shape that the object gets.
    Add(u32, ShapeId),
    /// The method of the class, to be called with the object.
    Method(Value),
}

/// One inline cache.
#[derive(Debug)]
pub struct Cache {
    shape: Slot<u32>,
    plan: Slot<Plan>,
    /// The cell with the class's version, and the word it had.
    watch: Slot<*const Cell>,
    version: Slot<Value>,
}

impl Cache {
    const fn empty() -> Cache {
        Cache {
            // FREE is no object's shape.
            shape: Slot::new(0),
            plan: Slot::new(Plan::Empty),
            watch: Slot::new(std::ptr::null()),
            version: Slot::new(Value::UNDEF),
        }
    }
}

/// The caches of one code.
#[derive(Debug, Default)]
pub struct Caches {
    /// By instruction: index of its cache (0 for those that have none).
    index: Box<[u32]>,
    caches: Box<[Cache]>,
}

impl Caches {
    pub fn new(instructions: &[Instruction]) -> Caches {
        let mut count = 0;
        let index = instructions
            .iter()
            .map(|ins| match ins.op {
                Op::GetAttr | Op::SetAttr | Op::LoadMethod => {
                    count += 1;
                    count - 1
                }
                _ => 0,
            })
            .collect();
        Caches { index, caches: (0..count).map(|_| Cache::empty()).collect() }
    }

    /// The cache of an attribute instruction.
    #[inline(always)]
    pub fn at(&self, pc: usize) -> &Cache {
        &self.caches[self.index[pc] as usize]
    }
}

#[inline(always)]
fn shape_of(value: Value) -> u32 {
    // SAFETY: a pointer value is the address of a live heap object, which starts with a Header.
    if value.is_pointer() { unsafe { (*(value.address() as *const Header)).shape.0 } } else { 0 }
}

impl Cache {
    #[inline(always)]
    fn matching(&self, value: Value) -> Plan {
        let shape = shape_of(value);
        if shape == 0 || shape != self.shape.get() {
            return Plan::Empty;
        }
        // SAFETY: an entry with a shape has the cell of its class, which never dies.
        if unsafe { (*self.watch.get()).value } != self.version.get() { Plan::Empty } else { self.plan.get() }
    }

    /// GET_ATTR: the attribute, if the entry knows it.
    #[inline(always)]
    pub fn get(&self, value: Value) -> Option<Value> {
        match self.matching(value) {
            Plan::Word(offset) => {
                // SAFETY: objects of the entry's shape have a word there.
                let found = unsafe { *((value.address() + offset as usize) as *const Value) };
                (found != Value::UNDEF).then_some(found)
            }
            _ => None,
        }
    }

    /// SET_ATTR: whether the entry knew how, and it is done.
    #[inline(always)]
    pub fn set(&self, value: Value, new: Value) -> bool {
        match self.matching(value) {
            Plan::Word(offset) => {
                // SAFETY: as in `get`.
                unsafe { *((value.address() + offset as usize) as *mut Value) = new };
                true
            }
            Plan::Add(offset, shape) => {
                // SAFETY: as in `get`; the shape that follows has the attribute there.
                unsafe {
                    *((value.address() + offset as usize) as *mut Value) = new;
                    (*(value.address() as *mut Header)).shape = shape;
                }
                true
            }
            _ => false,
        }
    }

    /// LOAD_METHOD: the function, if the entry knows it.
    #[inline(always)]
    pub fn method(&self, value: Value) -> Option<Value> {
        match self.matching(value) {
            Plan::Method(function) => Some(function),
            _ => None,
        }
    }

    fn fill(&self, vm: &Vm, shape: ShapeId, plan: Plan) {
        let class = vm.class(vm.shapes.class(shape));
        self.watch.set(class.watch.address() as *const Cell);
        self.version.set(Value::from_fixnum(class.version.into()));
        self.plan.set(plan);
        self.shape.set(shape.0);
    }

    /// Learns how GET_ATTR finds `name` in objects like `value`.
    #[cold]
    pub fn learn_get(&self, vm: &Vm, value: Value, name: Value) {
        let Some(shape) = plain_shape(value) else { return };
        let class = vm.shapes.class(shape);
        if custom_hook(vm, class, vm.names.getattribute).is_some() {
            return;
        }
        if let Place::Slot(slot) = vm.attribute_place(shape, name, vm.lookup(class, name)) {
            self.fill(vm, shape, Plan::Word(offset_of(slot)));
        }
    }

    /// Learns how SET_ATTR sets `name` in objects of the shape that `value` has before the first time.
    #[cold]
    pub fn learn_set(&self, vm: &mut Vm, value: Value, name: Value) {
        let Some(shape) = plain_shape(value) else { return };
        let class = vm.shapes.class(shape);
        if custom_hook(vm, class, vm.names.setattr).is_some() {
            return;
        }
        match vm.attribute_place(shape, name, vm.lookup(class, name)) {
            Place::Slot(slot) => return self.fill(vm, shape, Plan::Word(offset_of(slot))),
            Place::Computed => return,
            Place::None => {}
        }
        let of = vm.shapes.get(shape);
        let slot = of.keys.len() as u16;
        if of.is_dictionary || slot >= of.capacity || !vm.class(class).has_dict {
            return;
        }
        if let Some(next) = vm.shapes.transition(shape, name) {
            self.fill(vm, shape, Plan::Add(offset_of(slot), next));
        }
    }

    /// Learns which method LOAD_METHOD finds.
    #[cold]
    pub fn learn_method(&self, vm: &Vm, value: Value, name: Value) {
        let Some(shape) = plain_shape(value) else { return };
        let class = vm.shapes.class(shape);
        if vm.shapes.get(shape).is_dictionary
            || custom_hook(vm, class, vm.names.getattribute).is_some()
            || vm.shapes.lookup(shape, name).is_some()
        {
            return;
        }
        if let Some(found) = vm.lookup(class, name).filter(|&found| descriptors::is_method(vm, found)) {
            self.fill(vm, shape, Plan::Method(found));
        }
    }
}

/// The shape of a plain instance of a program class.
fn plain_shape(value: Value) -> Option<ShapeId> {
    (value.is_instance() && value.has_layout(ShapeId::INSTANCE)).then(|| value.shape())
}

fn offset_of(slot: u16) -> u32 {
    Instance::SLOTS as u32 + 8 * u32::from(slot)
}
