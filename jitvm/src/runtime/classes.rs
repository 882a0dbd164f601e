//! Classes as the VM sees them: bases, resolution order, attributes, versions, and the lookup of attributes in them.

use std::cell::Cell;

use super::names::Names;
use super::object::{Cell as VersionCell, ShapeId, TypeObject};
use super::strings::text;
use super::types::{TYPES, TypeId, type_id};
use super::value::Value;
use super::vm::{Outcome, Vm, WordMap};

/// Attributes of a class in the order they were first set; keys are interned names.
#[derive(Debug, Default)]
pub struct Attributes {
    entries: Vec<(Value, Value)>,
    index: WordMap<Value, u32>,
}

impl Attributes {
    pub fn get(&self, name: Value) -> Option<Value> {
        self.index.get(&name).map(|&at| self.entries[at as usize].1)
    }
    pub fn set(&mut self, name: Value, value: Value) {
        match self.index.get(&name) {
            Some(&at) => self.entries[at as usize].1 = value,
            None => {
                self.index.insert(name, self.entries.len() as u32);
                self.entries.push((name, value));
            }
        }
    }
    pub fn remove(&mut self, name: Value) -> Option<Value> {
        let at = self.index.remove(&name)? as usize;
        let (_, value) = self.entries.remove(at);
        for (_, other) in self.index.iter_mut().filter(|(_, other)| **other as usize > at) {
            *other -= 1;
        }
        Some(value)
    }
    pub fn entries(&self) -> &[(Value, Value)] {
        &self.entries
    }
}

/// What a class is to the VM. Classes never die, and a record keeps its address.
#[derive(Debug)]
pub struct Class {
    /// The TYPE object, or an instance of the metaclass.
    pub object: Value,
    /// Interned `__name__`; a builtin type's with its module where errors say so.
    pub name: Value,
    pub qualname: Value,
    pub bases: Vec<TypeId>,
    /// Itself first.
    pub mro: Vec<TypeId>,
    pub attributes: Attributes,
    /// Of its instances.
    pub layout: ShapeId,
    /// The nearest builtin type it derives from with that layout.
    pub native: TypeId,
    pub metaclass: TypeId,
    pub subclasses: Vec<TypeId>,
    /// Another number, never used before, each time an attribute found through the class may have changed.
    pub version: u32,
    /// A CELL that holds the version as an int, for machine code to compare.
    pub watch: Value,
    /// Instances may have any attribute.
    pub has_dict: bool,
    /// Names of the slots of instances, those of bases first.
    pub slots: Vec<Value>,
    /// Shapes of instances without attributes, by capacity.
    pub roots: Vec<(u16, ShapeId)>,
    /// Shape of instances whose attributes are in a dict.
    pub dictionary_shape: Option<ShapeId>,
    /// Slots that the next instance gets.
    pub capacity: u16,
    /// Of a class of an embedded module: the function that is called in its place, which lives as long as the VM. Else UNDEF.
    pub maker: Value,
    /// How instances are made and whether `==` is identity, as last found out.
    pub(super) instantiation: Cell<Option<Instantiation>>,
    pub(super) equality: Cell<(u32, bool)>,
    /// The version in which instances were found to be true, having nothing to say about it.
    pub(super) always_true: Cell<u32>,
    /// `Py_TPFLAGS_BASETYPE` is missing: nothing derives from it.
    pub is_final: bool,
}

/// What the class and its metaclass say of making an instance while they have these versions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instantiation {
    pub versions: (u32, u32),
    /// The Python function, or UNDEF; the class keeps it alive.
    pub init: Value,
    pub watched: bool,
}

/// One remembered lookup.
#[derive(Clone, Copy, Debug)]
struct Remembered {
    class: TypeId,
    version: u32,
    name: Value,
    /// UNDEF: there is no such attribute.
    value: Value,
}

/// Lookups by class and name; an entry holds while the class has its version.
pub struct MethodCache {
    entries: Box<[Cell<Remembered>]>,
}

const CACHE_SIZE: usize = 2048;

impl Default for MethodCache {
    fn default() -> MethodCache {
        let empty = Remembered { class: TypeId(u32::MAX), version: 0, name: Value::UNDEF, value: Value::UNDEF };
        MethodCache { entries: vec![Cell::new(empty); CACHE_SIZE].into() }
    }
}

impl MethodCache {
    #[inline]
    fn slot(&self, class: TypeId, name: Value) -> &Cell<Remembered> {
        let hash = (name.0 >> 4) as usize ^ (class.0 as usize).wrapping_mul(0x9e37_79b1);
        &self.entries[hash % CACHE_SIZE]
    }
}

/// Builtin types that classes of the program cannot derive from.
const FINAL: &[TypeId] = &[
    TypeId::BOOL,
    TypeId::RANGE,
    TypeId::SLICE,
    TypeId::NONE_TYPE,
    TypeId::ELLIPSIS,
    TypeId::NOT_IMPLEMENTED,
    TypeId::FUNCTION,
    TypeId::BUILTIN,
    TypeId::METHOD,
    TypeId::METHOD_DESCRIPTOR,
    TypeId::SLOT_WRAPPER,
    TypeId::GETSET,
    TypeId::MEMBER,
    TypeId::TRACEBACK,
    TypeId::FRAME,
    TypeId::MAPPING_PROXY,
    TypeId::UNION,
    TypeId::CELL,
    TypeId::CODE,
];

/// The layout of a builtin type's instances.
fn native_layout(id: TypeId) -> ShapeId {
    match id {
        TypeId::OBJECT => ShapeId::INSTANCE,
        TypeId::INT | TypeId::BOOL => ShapeId::BIG_INT,
        TypeId::FLOAT => ShapeId::FLOAT_BOX,
        TypeId::METHOD | TypeId::BUILTIN | TypeId::METHOD_DESCRIPTOR => ShapeId::BOUND_METHOD,
        TypeId::STREAM => ShapeId::STREAM,
        _ => {
            let name = id.name();
            // The tables of shapes and types name them alike.
            let found = super::object::SHAPES.iter().find(|&&(_, shape_name)| shape_name == name);
            found.map_or(ShapeId::FREE, |&(shape, _)| shape)
        }
    }
}

impl Vm {
    /// The record of a class.
    #[inline]
    pub fn class(&self, id: TypeId) -> &Class {
        &self.classes[id.0 as usize]
    }
    pub fn class_mut(&mut self, id: TypeId) -> &mut Class {
        &mut self.classes[id.0 as usize]
    }
    /// `__name__`, as error messages give it.
    pub fn class_name(&self, id: TypeId) -> &'static str {
        text(self.class(id).name)
    }
    /// The object of a class.
    pub fn type_object(&self, id: TypeId) -> Value {
        self.class(id).object
    }
    /// `a` is `b` or derives from it.
    pub fn is_subtype(&self, a: TypeId, b: TypeId) -> bool {
        a == b || self.class(a).mro.contains(&b)
    }
    /// As [`Vm::is_subtype`].
    pub fn is_subclass(&self, a: TypeId, b: TypeId) -> bool {
        self.is_subtype(a, b)
    }
    pub fn is_exception_class(&self, id: TypeId) -> bool {
        self.class(id).layout == ShapeId::EXCEPTION
    }

    /// The records and objects of the builtin types.
    pub(super) fn make_builtin_classes(&mut self) {
        for id in TypeId::builtin() {
            let object = self.allocate(size_of::<TypeObject>(), ShapeId::TYPE).cast::<TypeObject>();
            // SAFETY: the allocation has room for a `TypeObject`.
            unsafe { (*object).id = u64::from(id.0) };
            let object = Value::of(object);
            self.permanent.push(object);
            let watch = self.new_watch(0);
            let name = self.intern(id.name());
            let qualname = self.intern(id.name().rsplit('.').next().unwrap_or_default());
            let bases = match id {
                TypeId::OBJECT => Vec::new(),
                TypeId::EXCEPTION_GROUP => vec![TypeId::BASE_EXCEPTION_GROUP, TypeId::EXCEPTION],
                _ => vec![TYPES[id.0 as usize].base],
            };
            self.classes.push(Box::new(Class {
                object,
                name,
                qualname,
                bases,
                mro: Vec::new(),
                attributes: Attributes::default(),
                layout: native_layout(id),
                native: id,
                metaclass: TypeId::TYPE,
                subclasses: Vec::new(),
                version: 0,
                watch,
                has_dict: false,
                slots: Vec::new(),
                roots: Vec::new(),
                dictionary_shape: None,
                capacity: 0,
                maker: Value::UNDEF,
                instantiation: Default::default(),
                equality: Default::default(),
                always_true: Cell::new(u32::MAX),
                is_final: FINAL.contains(&id),
            }));
        }
        for id in TypeId::builtin() {
            self.class_epoch += 1;
            let version = self.class_epoch;
            let bases = self.class(id).bases.clone();
            for &base in &bases {
                self.class_mut(base).subclasses.push(id);
            }
            let mro = self.linearise(id, &bases).expect("the builtin types have an order");
            // Exceptions share one layout.
            let layout = if mro.contains(&TypeId::BASE_EXCEPTION) { ShapeId::EXCEPTION } else { self.class(id).layout };
            let class = self.class_mut(id);
            (class.mro, class.version, class.layout) = (mro, version, layout);
            let watch = class.watch;
            self.set_watch(watch, version);
        }
        self.names = Names::new(self);
    }

    fn set_watch(&mut self, watch: Value, version: u32) {
        // SAFETY: a watch is a CELL.
        unsafe { self.set_cell(watch.object::<VersionCell>(), Value::from_fixnum(i64::from(version))) };
    }

    /// The cell of a class's version; it lives as long as the VM.
    pub fn new_watch(&mut self, version: u32) -> Value {
        let cell = self.allocate(size_of::<VersionCell>(), ShapeId::CELL).cast::<VersionCell>();
        // SAFETY: the allocation has room for a `Cell`.
        unsafe {
            (*cell).value = Value::from_fixnum(i64::from(version));
            (*cell).fallback = Value::UNDEF;
            (*cell).name = self.empty_str;
        }
        let cell = Value::of(cell);
        self.permanent.push(cell);
        cell
    }

    /// C3: the resolution order of a class with these bases, or `None` where they contradict each other.
    pub(super) fn linearise(&self, id: TypeId, bases: &[TypeId]) -> Option<Vec<TypeId>> {
        let mut lists: Vec<Vec<TypeId>> = bases.iter().map(|&base| self.class_order(base)).collect();
        lists.push(bases.to_vec());
        let mut result = vec![id];
        loop {
            lists.retain(|list| !list.is_empty());
            if lists.is_empty() {
                return Some(result);
            }
            let good = |&candidate: &TypeId| lists.iter().all(|list| !list[1..].contains(&candidate));
            let next = lists.iter().map(|list| list[0]).find(|candidate| good(candidate))?;
            result.push(next);
            for list in &mut lists {
                if list[0] == next {
                    list.remove(0);
                }
            }
        }
    }

    /// The order of a class that may not have been computed yet (builtin types refer forward).
    fn class_order(&self, id: TypeId) -> Vec<TypeId> {
        let class = self.class(id);
        if !class.mro.is_empty() {
            return class.mro.clone();
        }
        self.linearise(id, &class.bases).expect("the builtin types have an order")
    }

    /// The attribute of a class or of one of its bases, as it is; `name` is interned.
    #[inline]
    pub fn lookup(&self, id: TypeId, name: Value) -> Option<Value> {
        let version = self.class(id).version;
        let slot = self.method_cache.slot(id, name);
        let entry = slot.get();
        if entry.class == id && entry.name == name && entry.version == version {
            return (entry.value != Value::UNDEF).then_some(entry.value);
        }
        let found = self.lookup_slowly(id, name).map(|(_, value)| value);
        slot.set(Remembered { class: id, version, name, value: found.unwrap_or(Value::UNDEF) });
        found
    }

    /// As [`Vm::lookup`], with the class that has it.
    pub fn lookup_slowly(&self, id: TypeId, name: Value) -> Option<(TypeId, Value)> {
        self.class(id).mro.iter().find_map(|&at| self.class(at).attributes.get(name).map(|value| (at, value)))
    }

    /// The attribute of the classes behind `after` in the order of `id`: what `super` finds.
    pub fn lookup_after(&self, id: TypeId, after: TypeId, name: Value) -> Option<Value> {
        let mro = &self.class(id).mro;
        let start = mro.iter().position(|&at| at == after)? + 1;
        mro[start..].iter().find_map(|&at| self.class(at).attributes.get(name))
    }

    /// The special method of a value: looked up in its class, not bound.
    #[inline]
    pub fn special(&self, value: Value, name: Value) -> Option<Value> {
        self.lookup(self.type_of(value), name)
    }

    /// Sets or removes (`None`) an attribute of a class itself, without any checks.
    pub fn set_class_attribute(&mut self, id: TypeId, name: Value, value: Option<Value>) -> bool {
        let attributes = &mut self.class_mut(id).attributes;
        let had = attributes.get(name).is_some();
        let found = match value {
            Some(value) => {
                attributes.set(name, value);
                true
            }
            None => attributes.remove(name).is_some(),
        };
        self.class_changed(id);
        if name == self.names.del && value.is_some() && !had {
            self.watch_existing(id);
        }
        found
    }

    /// Attributes found through any class may have changed: objects that have been no descriptors may be, or a metaclass
    /// has changed.
    pub fn becomes_descriptor(&mut self) {
        self.class_changed(TypeId::OBJECT);
    }

    /// What it says of its instances is part of how attributes of others are found: they are descriptors or classes.
    pub fn is_descriptor_class(&self, id: TypeId) -> bool {
        let names = &self.names;
        self.is_subtype(id, TypeId::TYPE)
            || [names.get, names.set, names.delete].iter().any(|&name| self.lookup(id, name).is_some())
    }

    /// New versions for a class and all that derive from it.
    pub fn class_changed(&mut self, id: TypeId) {
        let mut pending = vec![id];
        while let Some(id) = pending.pop() {
            self.renew_version(id);
            pending.extend_from_slice(&self.class(id).subclasses);
        }
    }

    /// What is known of the class's instances is to be looked up again.
    pub fn renew_version(&mut self, id: TypeId) {
        self.class_epoch += 1;
        let version = self.class_epoch;
        let class = self.class_mut(id);
        class.version = version;
        let watch = class.watch;
        self.set_watch(watch, version);
    }

    /// The class behind a TYPE object, or TypeError with this message.
    pub fn expect_class(&mut self, value: Value, message: &str) -> Outcome<TypeId> {
        if value.has_layout(ShapeId::TYPE) { Ok(type_id(value)) } else { Err(self.type_error(message)) }
    }
}
