//! Inline caches: what an attribute instruction found last time, by the shape of its object.
//!
//! An entry holds while the object has the shape and its class the version (of a module: while the global holds what it
//! did); both are compared before anything else of it
//! is used, so entries need not be roots: while the version holds, the class keeps its attribute alive. Each GET_ATTR,
//! SET_ATTR and LOAD_METHOD of a code has two entries, found through an index per instruction: what is learned is the
//! first, and what was the first the second. Sites with many misses learn only what they miss twice in a row: shapes that
//! take turns are then not learned again and again, and those that come in runs are.

use std::cell::Cell as Slot;

use crate::bytecode::{Instruction, Op};
use crate::events::CacheKind;
use crate::runtime::attributes::custom_hook;
use crate::runtime::descriptors;
use crate::runtime::heap::Heap;
use crate::runtime::instances::Place;
use crate::runtime::native_attributes::is_type_data;
use crate::runtime::numbers::exact_float;
use crate::runtime::object::{Cell, Header, Instance, ShapeId};
use crate::runtime::shapes::SlotKind;
use crate::runtime::strings::text;
use crate::runtime::types::{TypeId, type_id};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;
use crate::sizes;

/// What an instruction does for objects of a shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Plan {
    /// The attribute is the word at this byte offset; UNDEF there means that it is not assigned.
    Word(u32),
    /// The attribute is the double at this byte offset.
    Float(u32),
    /// The attribute is added: its word's byte offset, and the shape that the object gets.
    Add(u32, ShapeId),
    /// As `Add`, of a double.
    AddFloat(u32, ShapeId),
    /// The attribute, which the class has.
    Constant(Value),
    /// The attribute of this very TYPE or MODULE object, which is no method of it.
    OfType(Value, Value),
    /// The method of the class, to be called with the object.
    Method(Value),
    /// The static method of the class, whose function is called without the object.
    Static(Value),
    /// The property of the class.
    Property(Value),
}

/// What [`Entry::place`] says where it is no offset, which is [`Instance::SLOTS`] at least.
const CONSTANT: u32 = 1;
const METHOD: u32 = 2;
const STATIC: u32 = 3;
const PROPERTY: u32 = 4;
/// `target` is the offset of the double, as a fixnum.
const FLOAT: u32 = 5;

/// What is known of the objects of one shape: a [`Plan`], laid out so that the usual ones are found with few tests.
#[derive(Debug)]
struct Entry {
    shape: Slot<u32>,
    place: Slot<u32>,
    /// The cell with the class's version, and the word it had.
    watch: Slot<*const Cell>,
    version: Slot<Value>,
    /// The method or constant.
    target: Slot<Value>,
    /// The one object that a constant belongs to; of an added attribute, the shape that follows as a fixnum. Or UNDEF.
    key: Slot<Value>,
}

/// One inline cache.
#[derive(Debug)]
pub struct Cache {
    entries: [Entry; 2],
    /// As far as [`OFTEN`].
    misses: Slot<u16>,
    /// All of them while a log is written, as far as a u16 goes.
    logged: Slot<u16>,
    /// The shape that was missed last, unless it was learned.
    missed: Slot<u32>,
    /// A bit for each shape that was missed, or several share one.
    seen: Slot<u64>,
}

/// So many misses are learned from, each.
const OFTEN: u16 = 64;
/// So many misses of modules are not.
const FEW: u16 = 4;

impl Entry {
    const fn empty() -> Entry {
        Entry {
            // FREE is no object's shape.
            shape: Slot::new(0),
            place: Slot::new(0),
            watch: Slot::new(std::ptr::null()),
            version: Slot::new(Value::UNDEF),
            target: Slot::new(Value::UNDEF),
            key: Slot::new(Value::UNDEF),
        }
    }

    fn copy(&self, other: &Entry) {
        self.shape.set(other.shape.get());
        self.place.set(other.place.get());
        self.watch.set(other.watch.get());
        self.version.set(other.version.get());
        self.target.set(other.target.get());
        self.key.set(other.key.get());
    }

    fn set(&self, plan: Plan) {
        let (place, target, key) = match plan {
            Plan::Word(offset) => (offset, Value::UNDEF, Value::UNDEF),
            Plan::Float(offset) => (FLOAT, Value::from_fixnum(offset.into()), Value::UNDEF),
            Plan::Add(offset, shape) => (offset, Value::UNDEF, Value::from_fixnum(shape.0.into())),
            Plan::AddFloat(offset, shape) => {
                (FLOAT, Value::from_fixnum(offset.into()), Value::from_fixnum(shape.0.into()))
            }
            Plan::Constant(value) => (CONSTANT, value, Value::UNDEF),
            Plan::OfType(class, value) => (CONSTANT, value, class),
            Plan::Method(function) => (METHOD, function, Value::UNDEF),
            Plan::Static(method) => (STATIC, method, Value::UNDEF),
            // No object is this key: `Cache::get` has no answer.
            Plan::Property(property) => (PROPERTY, property, Value::EXC),
        };
        self.place.set(place);
        self.target.set(target);
        self.key.set(key);
    }
}

impl Cache {
    const fn empty() -> Cache {
        Cache {
            entries: [Entry::empty(), Entry::empty()],
            misses: Slot::new(0),
            logged: Slot::new(0),
            missed: Slot::new(0),
            seen: Slot::new(0),
        }
    }
}

/// The caches of one code.
#[derive(Debug, Default)]
pub struct Caches {
    /// By instruction: index of its cache (0 for those that have none). Attribute instructions have one in `caches`.
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

    /// Memory it has.
    pub fn bytes(&self) -> u64 {
        (sizes::boxed(&self.index) + sizes::boxed(&self.caches)) as u64
    }

    /// The cache of an attribute instruction.
    ///
    /// # Safety
    /// `pc` is the index of a GET_ATTR, SET_ATTR or LOAD_METHOD among the instructions that these caches were made for.
    #[inline(always)]
    pub unsafe fn at(&self, pc: usize) -> &Cache {
        debug_assert!(self.index[pc] < self.caches.len() as u32);
        // SAFETY: `new` has counted a cache for each such instruction.
        unsafe { self.caches.get_unchecked(*self.index.get_unchecked(pc) as usize) }
    }
}

#[inline(always)]
fn shape_of(value: Value) -> u32 {
    // SAFETY: a pointer value is the address of a live heap object, which starts with a Header.
    if value.is_pointer() { unsafe { (*(value.address() as *const Header)).shape.0 } } else { 0 }
}

impl Cache {
    #[inline(always)]
    fn matching(&self, value: Value) -> Option<&Entry> {
        if !value.is_pointer() {
            return None;
        }
        let shape = shape_of(value);
        let mut entry = &self.entries[0];
        if shape != entry.shape.get() {
            entry = &self.entries[1];
            if shape != entry.shape.get() {
                return None;
            }
        }
        // SAFETY: an entry with a shape has the cell of its class, which never dies.
        (unsafe { (*entry.watch.get()).value } == entry.version.get()).then_some(entry)
    }

    /// How many shapes it has come to, or more.
    pub const fn shapes(&self) -> u32 {
        self.seen.get().count_ones()
    }

    fn note_shape(&self, value: Value) {
        self.seen.set(self.seen.get() | 1 << (shape_of(value) % u64::BITS));
    }

    /// Counts a miss of an object like this, and tells whether to learn of it.
    #[inline]
    fn is_to_learn(&self, value: Value) -> bool {
        let (misses, shape) = (self.misses.get(), shape_of(value));
        if misses < OFTEN {
            self.misses.set(misses + 1);
            return true;
        }
        let again = self.missed.get() == shape;
        self.missed.set(if again { 0 } else { shape });
        again
    }

    /// Tells the log of a miss: which are worth it the event's description says.
    #[cold]
    fn log_miss(&self, vm: &mut Vm, kind: CacheKind, value: Value) {
        let count = self.logged.get().saturating_add(1);
        if count == self.logged.replace(count) || !(count == 3 || count > 1 && count.is_power_of_two()) {
            return;
        }
        let entries = self.entries.iter().filter(|entry| entry.shape.get() != 0).count();
        if let Some(mut events) = vm.jit.events.take() {
            let name = vm.type_name(value);
            events.cache_miss(vm, kind, name, u32::from(count), entries as u8);
            vm.jit.events = Some(events);
        }
    }

    /// GET_ATTR: the attribute, if an entry knows it.
    #[inline(always)]
    pub fn get(&self, value: Value) -> Option<Value> {
        let entry = self.matching(value)?;
        let place = entry.place.get();
        if place >= Instance::SLOTS as u32 {
            // SAFETY: objects of the entry's shape have a word there.
            let found = unsafe { *((value.address() + place as usize) as *const Value) };
            return (found != Value::UNDEF).then_some(found);
        }
        if place == FLOAT {
            // SAFETY: objects of the entry's shape have a double there.
            let found = unsafe { *((value.address() + entry.target.get().as_fixnum() as usize) as *const f64) };
            // Those that need a box are left to who can make one.
            return Value::try_float(found);
        }
        let key = entry.key.get();
        (key == Value::UNDEF || key == value).then(|| entry.target.get())
    }

    /// GET_ATTR, where `get` has no answer: the getter that gives the attribute, if an entry knows that it does.
    pub fn getter(&self, value: Value) -> Option<Value> {
        let entry = self.matching(value).filter(|entry| entry.place.get() == PROPERTY)?;
        // It is read each time: `__init__` can set it.
        let getter = descriptors::fields(entry.target.get())[0];
        getter.has_shape(ShapeId::FUNCTION).then_some(getter)
    }

    /// SET_ATTR: whether an entry knew how, and it is done.
    #[inline(always)]
    pub fn set(&self, heap: &mut Heap, value: Value, new: Value) -> bool {
        let Some(entry) = self.matching(value) else { return false };
        let next = entry.key.get();
        let (mut place, mut word) = (entry.place.get(), new);
        if place == FLOAT {
            let Some(x) = exact_float(new) else { return false };
            (place, word) = (entry.target.get().as_fixnum() as u32, Value(x.to_bits()));
        }
        // SAFETY: as in `get`; the shape that follows has the attribute there.
        unsafe {
            *((value.address() + place as usize) as *mut Value) = word;
            if next != Value::UNDEF {
                (*(value.address() as *mut Header)).shape = ShapeId(next.as_fixnum() as u32);
            }
        }
        heap.written(value.object::<Header>());
        true
    }

    /// LOAD_METHOD: what to call and the receiver to pass first (UNDEF for none), if an entry knows it.
    #[inline(always)]
    pub fn method(&self, value: Value) -> Option<(Value, Value)> {
        let entry = self.matching(value)?;
        let target = entry.target.get();
        match entry.place.get() {
            METHOD => Some((target, value)),
            STATIC => Some((descriptors::fields(target)[0], Value::UNDEF)),
            place if place >= Instance::SLOTS as u32 => {
                // SAFETY: objects of the entry's shape have a word there.
                let found = unsafe { *((value.address() + place as usize) as *const Value) };
                (found != Value::UNDEF).then_some((found, Value::UNDEF))
            }
            _ => (entry.key.get() == value).then_some((target, Value::UNDEF)),
        }
    }

    fn fill(&self, vm: &Vm, class: TypeId, shape: ShapeId, plan: Plan) {
        let class = vm.class(class);
        let [first, second] = &self.entries;
        if first.shape.get() != shape.0 {
            second.copy(first);
        }
        first.watch.set(class.watch.address() as *const Cell);
        first.version.set(Value::from_fixnum(class.version.into()));
        first.set(plan);
        first.shape.set(shape.0);
    }

    /// Learns how GET_ATTR finds `name` in objects like `value`.
    #[cold]
    pub fn learn_get(&self, vm: &mut Vm, value: Value, name: Value) {
        if vm.jit.events.is_some() {
            self.log_miss(vm, CacheKind::Get, value);
        }
        settle(vm, value);
        self.note_shape(value);
        if value.has_layout(ShapeId::TYPE) {
            return self.learn_of_type(vm, value, name);
        }
        if value.has_shape(ShapeId::MODULE) {
            return self.learn_of_module(vm, value, name);
        }
        let Some(shape) = plain_shape(value).filter(|_| self.is_to_learn(value)) else { return };
        let class = vm.shapes.class(shape);
        if custom_hook(vm, class, vm.names.getattribute).is_some() {
            return;
        }
        let of_class = vm.lookup(class, name);
        if let Some(property) = of_class.filter(|found| found.has_shape(ShapeId::PROPERTY)) {
            // A `__getattr__` is asked if the getter raises AttributeError.
            if vm.lookup(class, vm.names.getattr).is_some() {
                return;
            }
            return self.fill(vm, class, shape, Plan::Property(property));
        }
        match vm.attribute_place(shape, name, of_class) {
            Place::Slot(slot) => self.fill(vm, class, shape, slot_plan(vm, shape, slot)),
            Place::None if !vm.shapes.get(shape).is_dictionary => {
                if let Some(constant) = of_class.filter(|&value| is_constant(vm, value)) {
                    self.fill(vm, class, shape, Plan::Constant(constant));
                }
            }
            _ => {}
        }
    }

    /// Learns an attribute of a class that its metaclass does not decide on (an attribute that a metaclass gets changes
    /// the versions of all classes). Sites that see many classes soon stop to learn.
    fn learn_of_type(&self, vm: &Vm, value: Value, name: Value) {
        let (id, metaclass) = (type_id(value), vm.type_of(value));
        let is_usual = !is_type_data(text(name))
            && vm.lookup(metaclass, name).is_none_or(|found| !descriptors::is_data(vm, found))
            && custom_hook(vm, metaclass, vm.names.getattribute).is_none();
        if !is_usual || self.misses.get() >= OFTEN {
            return;
        }
        self.misses.set(self.misses.get() + 1);
        let constant = match vm.lookup(id, name) {
            Some(found) if matches!(found.shape(), ShapeId::FUNCTION | ShapeId::BUILTIN) => found,
            Some(found) if is_constant(vm, found) => found,
            _ => return,
        };
        self.fill(vm, id, value.shape(), Plan::OfType(value, constant));
    }

    /// Learns a global of a module: its cell is what is watched, and what it holds the version. The module must not die
    /// before the entry, so it is kept for good, which is why the site must have come to it more than a few times.
    fn learn_of_module(&self, vm: &mut Vm, module: Value, name: Value) {
        let misses = self.misses.get();
        if misses >= OFTEN || text(name).starts_with("__") {
            return;
        }
        self.misses.set(misses + 1);
        if misses < FEW || vm.global(module, name).is_none() {
            return;
        }
        let cell = vm.global_cell(module, name);
        // SAFETY: cells live as long as their module.
        let held = unsafe { (*cell).value };
        if held == Value::UNDEF {
            return;
        }
        if !vm.permanent.contains(&module) {
            vm.permanent.push(module);
        }
        let [first, second] = &self.entries;
        second.copy(first);
        first.watch.set(cell.cast_const());
        first.version.set(held);
        first.set(Plan::OfType(module, held));
        first.shape.set(ShapeId::MODULE.0);
    }

    /// Learns how SET_ATTR sets `name` in objects of the shape that `value` has before the first time.
    #[cold]
    pub fn learn_set(&self, vm: &mut Vm, value: Value, name: Value, new: Value) {
        if vm.jit.events.is_some() {
            self.log_miss(vm, CacheKind::Set, value);
        }
        settle(vm, value);
        self.note_shape(value);
        let Some(shape) = plain_shape(value).filter(|_| self.is_to_learn(value)) else { return };
        let class = vm.shapes.class(shape);
        if custom_hook(vm, class, vm.names.setattr).is_some() {
            return;
        }
        match vm.attribute_place(shape, name, vm.lookup(class, name)) {
            // Where the object is going to have another shape there is nothing to learn yet.
            Place::Slot(slot) if vm.shapes.get(shape).kind(slot) == SlotKind::Float && exact_float(new).is_none() => {
                return;
            }
            Place::Slot(slot) => return self.fill(vm, class, shape, slot_plan(vm, shape, slot)),
            Place::Computed => return,
            Place::None => {}
        }
        let of = vm.shapes.get(shape);
        let slot = of.keys.len() as u16;
        if of.is_dictionary || slot >= of.capacity || !vm.class(class).has_dict {
            return;
        }
        let kind = vm.kind_of_slot(class, name, new);
        if let Some(next) = vm.shapes.transition(shape, name, kind) {
            let plan = if kind == SlotKind::Float { Plan::AddFloat } else { Plan::Add };
            self.fill(vm, class, shape, plan(offset_of(slot), next));
        }
        if let Some(mut events) = vm.jit.events.take() {
            events.shapes(vm, true);
            vm.jit.events = Some(events);
        }
    }

    /// Learns which method LOAD_METHOD finds.
    #[cold]
    pub fn learn_method(&self, vm: &mut Vm, value: Value, name: Value) {
        if vm.jit.events.is_some() {
            self.log_miss(vm, CacheKind::Method, value);
        }
        settle(vm, value);
        self.note_shape(value);
        if value.has_layout(ShapeId::TYPE) {
            return self.learn_of_type(vm, value, name);
        }
        if value.has_shape(ShapeId::MODULE) {
            return self.learn_of_module(vm, value, name);
        }
        if !self.is_to_learn(value) {
            return;
        }
        let class = vm.type_of(value);
        let shape = if WITHOUT_ATTRIBUTES.contains(&value.shape()) {
            value.shape()
        } else {
            let Some(shape) = plain_shape(value) else { return };
            if vm.shapes.get(shape).is_dictionary || custom_hook(vm, class, vm.names.getattribute).is_some() {
                return;
            }
            if vm.shapes.lookup(shape, name).is_some() {
                // What the instance itself has is called without it.
                if let Place::Slot(slot) = vm.attribute_place(shape, name, vm.lookup(class, name))
                    && vm.shapes.get(shape).kind(slot) == SlotKind::Any
                {
                    self.fill(vm, class, shape, Plan::Word(offset_of(slot)));
                }
                return;
            }
            shape
        };
        let Some(found) = vm.lookup(class, name) else { return };
        if descriptors::is_method(vm, found) {
            self.fill(vm, class, shape, Plan::Method(found));
        } else if found.has_shape(ShapeId::STATIC_METHOD) {
            // Its function is read each time: `__init__` can set it.
            self.fill(vm, class, shape, Plan::Static(found));
        }
    }
}

/// Builtin types whose objects have no attributes but those of the type.
const WITHOUT_ATTRIBUTES: [ShapeId; 8] = [
    ShapeId::STR,
    ShapeId::LIST,
    ShapeId::TUPLE,
    ShapeId::DICT,
    ShapeId::SET,
    ShapeId::FROZENSET,
    ShapeId::BYTES,
    ShapeId::BYTEARRAY,
];

/// A value that, found in a class, is the attribute itself for whoever asks; that its class gets a `__get__` changes the
/// versions of all classes (`Vm::becomes_descriptor`).
fn is_constant(vm: &Vm, value: Value) -> bool {
    match value.shape() {
        ShapeId::FREE
        | ShapeId::FLOAT_BOX
        | ShapeId::BIG_INT
        | ShapeId::STR
        | ShapeId::LIST
        | ShapeId::TUPLE
        | ShapeId::DICT
        | ShapeId::SET
        | ShapeId::FROZENSET
        | ShapeId::TYPE => true,
        _ => value.is_instance() && vm.special(value, vm.names.get).is_none() && !descriptors::is_data(vm, value),
    }
}

/// The shape of a plain instance of a program class.
fn plain_shape(value: Value) -> Option<ShapeId> {
    (value.is_instance() && value.has_layout(ShapeId::INSTANCE)).then(|| value.shape())
}

/// How the attribute in a slot is read and, if it stays of its kind, written.
fn slot_plan(vm: &Vm, shape: ShapeId, slot: u16) -> Plan {
    match vm.shapes.get(shape).kind(slot) {
        SlotKind::Any => Plan::Word(offset_of(slot)),
        SlotKind::Float => Plan::Float(offset_of(slot)),
    }
}

/// Gives an instance the shape that those of its class have which are made now.
pub fn settle(vm: &mut Vm, value: Value) {
    if let Some(shape) = plain_shape(value)
        && vm.shapes.get(shape).float_slots != 0
    {
        // Storing a str key in a dict fails only for want of memory, which ends the process.
        let _ = vm.settle_float_slots(value);
    }
}

fn offset_of(slot: u16) -> u32 {
    Instance::SLOTS as u32 + 8 * u32::from(slot)
}
