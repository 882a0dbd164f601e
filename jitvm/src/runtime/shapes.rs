//! Hidden classes of instances: which attribute lies in which slot, and which shape follows when one is added.
//!
//! **Float slots.** A slot holds a tagged value, or, where the shape says so, the bits of a double: compiled code then reads
//! and writes it with one instruction. Whether an attribute gets such a slot is decided once for its class: if the first
//! object that gets it gets a float, all do, until one is to hold something else. That object, and each that comes by
//! later, changes to a shape where the slot holds values (`Vm::open_float_slot`), and the class gets another version, so
//! that what was compiled for it is compiled anew. Members of `__slots__` always hold values: they can be empty.

use std::collections::HashMap;
use std::rc::Rc;

use super::numbers::exact_float;
use super::object::ShapeId;
use super::types::TypeId;
use super::value::Value;
use super::vm::{Vm, WordMap};
use crate::trace::retire;

/// Most slots that instances of a class have; those with more attributes keep them in a dict.
pub const MOST_SLOTS: usize = 64;
/// Most shapes one class may lead to before its instances keep their attributes in dicts: attribute names are data then.
const MOST_SHAPES: u32 = 2000;
/// From so many attributes on there is an index.
const INDEXED: usize = 8;

/// What a slot holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SlotKind {
    /// A tagged value.
    Any,
    /// The bits of a double.
    Float,
}

/// What the instances of a shape look like.
#[derive(Debug)]
pub struct Shape {
    pub class: TypeId,
    /// Of the objects; `INSTANCE` ones have slots.
    pub layout: ShapeId,
    /// Slots that the object has.
    pub capacity: u16,
    /// Attributes are in `Instance::extra`, a dict.
    pub is_dictionary: bool,
    /// Interned names by slot.
    pub keys: Box<[Value]>,
    /// A bit for each slot that holds a double.
    pub float_slots: u64,
    index: Option<WordMap<Value, u16>>,
    transitions: Vec<(Value, SlotKind, ShapeId)>,
    /// The shape without attributes that this one came from.
    pub root: ShapeId,
    /// The shape with all but the last of the attributes; FREE of a root.
    pub parent: ShapeId,
    /// Of a root: how many shapes came from it.
    descendants: u32,
}

const _: () = assert!(MOST_SLOTS <= u64::BITS as usize, "a bit of Shape::float_slots for each slot");

impl Shape {
    /// Each attribute is a tagged value in a slot.
    pub const fn has_values(&self) -> bool {
        !self.is_dictionary && self.float_slots == 0
    }

    /// What a slot holds.
    #[inline]
    pub const fn kind(&self, slot: u16) -> SlotKind {
        if self.float_slots >> slot & 1 == 1 { SlotKind::Float } else { SlotKind::Any }
    }
}

/// All dynamic shapes.
#[derive(Debug, Default)]
pub struct ShapeTable {
    shapes: Vec<Shape>,
    /// What slots of an attribute of a class hold from now on.
    kinds: HashMap<(TypeId, Value), SlotKind>,
}

/// The slots with doubles of each dynamic shape, for the collector: by number of the shape, as far as there are any.
#[derive(Clone, Debug, Default)]
pub struct FloatSlots(Rc<[u64]>);

impl FloatSlots {
    /// A bit for each slot that holds a double.
    #[inline(always)]
    pub fn of(&self, shape: ShapeId) -> u64 {
        self.0.get(shape.0.wrapping_sub(ShapeId::FIRST_DYNAMIC) as usize).copied().unwrap_or(0)
    }
}

impl ShapeTable {
    #[inline]
    pub fn get(&self, id: ShapeId) -> &Shape {
        &self.shapes[(id.0 - ShapeId::FIRST_DYNAMIC) as usize]
    }
    fn get_mut(&mut self, id: ShapeId) -> &mut Shape {
        &mut self.shapes[(id.0 - ShapeId::FIRST_DYNAMIC) as usize]
    }
    /// How many there are.
    pub fn count(&self) -> usize {
        self.shapes.len()
    }
    /// The shapes from the given number of them on, in the order in which they came to be.
    pub fn since(&self, known: usize) -> impl Iterator<Item = (ShapeId, &Shape)> {
        let first = ShapeId::FIRST_DYNAMIC + known as u32;
        self.shapes[known..].iter().enumerate().map(move |(index, shape)| (ShapeId(first + index as u32), shape))
    }
    #[inline]
    pub fn class(&self, id: ShapeId) -> TypeId {
        self.get(id).class
    }

    /// A new shape without attributes.
    pub fn new_root(&mut self, class: TypeId, layout: ShapeId, capacity: u16, is_dictionary: bool) -> ShapeId {
        let id = ShapeId(ShapeId::FIRST_DYNAMIC + self.shapes.len() as u32);
        self.shapes.push(Shape {
            class,
            layout,
            capacity,
            is_dictionary,
            keys: Box::default(),
            float_slots: 0,
            index: None,
            transitions: Vec::new(),
            root: id,
            parent: ShapeId::FREE,
            descendants: 0,
        });
        id
    }

    /// The slot of an attribute; `name` is interned.
    #[inline]
    pub fn lookup(&self, shape: ShapeId, name: Value) -> Option<u16> {
        let shape = self.get(shape);
        match &shape.index {
            Some(index) => index.get(&name).copied(),
            None => shape.keys.iter().position(|&key| key == name).map(|slot| slot as u16),
        }
    }

    /// The shape of an object that gets one more attribute, in slot `keys.len()`; `None` when there is no slot left, or
    /// too many shapes.
    pub fn transition(&mut self, from: ShapeId, name: Value, kind: SlotKind) -> Option<ShapeId> {
        let shape = self.get(from);
        if let Some(&(.., next)) = shape.transitions.iter().find(|&&(key, of, _)| (key, of) == (name, kind)) {
            return Some(next);
        }
        if shape.keys.len() >= shape.capacity as usize || shape.is_dictionary {
            return None;
        }
        let (class, layout, capacity, root) = (shape.class, shape.layout, shape.capacity, shape.root);
        let float_slots = shape.float_slots | u64::from(kind == SlotKind::Float) << shape.keys.len();
        let keys: Box<[Value]> = shape.keys.iter().copied().chain([name]).collect();
        if self.get(root).descendants >= MOST_SHAPES {
            return None;
        }
        self.get_mut(root).descendants += 1;
        let indexed = keys.len() > INDEXED;
        let index = indexed.then(|| keys.iter().enumerate().map(|(slot, &key)| (key, slot as u16)).collect());
        let id = self.new_root(class, layout, capacity, false);
        let new = self.get_mut(id);
        (new.keys, new.float_slots, new.index, new.root, new.parent) = (keys, float_slots, index, root, from);
        self.get_mut(from).transitions.push((name, kind, id));
        Some(id)
    }

    /// What the slot of an attribute is to hold that an instance of a class gets, with a float or something else in it; and
    /// whether slots of that attribute have held doubles so far, and no longer do.
    fn kind_of_new(&mut self, class: TypeId, name: Value, is_float: bool) -> (SlotKind, bool) {
        let of_value = if is_float { SlotKind::Float } else { SlotKind::Any };
        let kind = self.kinds.entry((class, name)).or_insert(of_value);
        let opens = *kind == SlotKind::Float && !is_float;
        if opens {
            *kind = SlotKind::Any;
        }
        (*kind, opens)
    }

    /// From now on the attribute's slots in new objects of the class hold any value; whether that is news.
    pub fn opens(&mut self, class: TypeId, name: Value) -> bool {
        self.kinds.insert((class, name), SlotKind::Any) == Some(SlotKind::Float)
    }

    /// Of the slots with doubles those of attributes that still get such slots.
    pub fn still_float(&self, shape: ShapeId) -> u64 {
        let shape = self.get(shape);
        let is_still = |slot: &usize| self.kinds.get(&(shape.class, shape.keys[*slot])) == Some(&SlotKind::Float);
        let slots = (0..shape.keys.len()).filter(|slot| shape.float_slots >> slot & 1 == 1);
        slots.filter(is_still).fold(0, |slots, slot| slots | 1 << slot)
    }

    /// Brings the collector's table up to date.
    pub fn copy_float_slots(&self, to: &mut FloatSlots) {
        let used = self.shapes.iter().rposition(|shape| shape.float_slots != 0).map_or(0, |last| last + 1);
        if used != to.0.len() {
            to.0 = self.shapes[..used].iter().map(|shape| shape.float_slots).collect();
        }
    }

    /// Turns a shape that no object has yet into one whose further attributes are in a dict.
    pub fn make_dictionary(&mut self, id: ShapeId) {
        self.get_mut(id).is_dictionary = true;
    }

    /// The path of shapes with other class: `__class__` assignment replays the keys.
    pub fn replay(&mut self, root: ShapeId, keys: &[Value], float_slots: u64) -> Option<ShapeId> {
        keys.iter().enumerate().try_fold(root, |shape, (slot, &key)| {
            let is_float = float_slots >> slot & 1 == 1;
            self.transition(shape, key, if is_float { SlotKind::Float } else { SlotKind::Any })
        })
    }
}

impl Vm {
    /// What the slot of an attribute is to hold that an instance of a class gets, with this value in it.
    pub fn kind_of_slot(&mut self, class: TypeId, name: Value, value: Value) -> SlotKind {
        let (kind, opens) = self.shapes.kind_of_new(class, name, exact_float(value).is_some());
        if opens {
            self.shapes_opened(class);
        }
        kind
    }

    /// Instances of a class that are made from now on get other shapes: what was made for those there are is made anew.
    #[cold]
    pub fn shapes_opened(&mut self, class: TypeId) {
        self.renew_version(class);
        retire::made_for(self, class);
    }

    /// The slot of an attribute in instances of a shape; `name` is interned.
    #[inline]
    pub fn shape_lookup(&self, shape: ShapeId, name: Value) -> Option<u16> {
        self.shapes.lookup(shape, name)
    }
}
