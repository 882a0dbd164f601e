//! Hidden classes of instances: which attribute lies in which slot, and which shape follows when one is added.

use super::object::ShapeId;
use super::types::TypeId;
use super::value::Value;
use super::vm::{Vm, WordMap};

/// Most slots that instances of a class have; those with more attributes keep them in a dict.
pub const MOST_SLOTS: usize = 64;
/// Most shapes one class may lead to before its instances keep their attributes in dicts: attribute names are data then.
const MOST_SHAPES: u32 = 2000;
/// From so many attributes on there is an index.
const INDEXED: usize = 8;

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
    index: Option<WordMap<Value, u16>>,
    transitions: Vec<(Value, ShapeId)>,
    /// The shape without attributes that this one came from.
    pub root: ShapeId,
    /// The shape with all but the last of the attributes; FREE of a root.
    pub parent: ShapeId,
    /// Of a root: how many shapes came from it.
    descendants: u32,
}

/// All dynamic shapes.
#[derive(Debug, Default)]
pub struct ShapeTable {
    shapes: Vec<Shape>,
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
    pub fn transition(&mut self, from: ShapeId, name: Value) -> Option<ShapeId> {
        let shape = self.get(from);
        if let Some(&(_, next)) = shape.transitions.iter().find(|&&(key, _)| key == name) {
            return Some(next);
        }
        if shape.keys.len() >= shape.capacity as usize || shape.is_dictionary {
            return None;
        }
        let (class, layout, capacity, root) = (shape.class, shape.layout, shape.capacity, shape.root);
        let keys: Box<[Value]> = shape.keys.iter().copied().chain([name]).collect();
        if self.get(root).descendants >= MOST_SHAPES {
            return None;
        }
        self.get_mut(root).descendants += 1;
        let indexed = keys.len() > INDEXED;
        let index = indexed.then(|| keys.iter().enumerate().map(|(slot, &key)| (key, slot as u16)).collect());
        let id = self.new_root(class, layout, capacity, false);
        let new = self.get_mut(id);
        (new.keys, new.index, new.root, new.parent) = (keys, index, root, from);
        self.get_mut(from).transitions.push((name, id));
        Some(id)
    }

    /// Turns a shape that no object has yet into one whose further attributes are in a dict.
    pub fn make_dictionary(&mut self, id: ShapeId) {
        self.get_mut(id).is_dictionary = true;
    }

    /// The path of shapes with other class: `__class__` assignment replays the keys.
    pub fn replay(&mut self, root: ShapeId, keys: &[Value]) -> Option<ShapeId> {
        keys.iter().try_fold(root, |shape, &key| self.transition(shape, key))
    }
}

impl Vm {
    /// The slot of an attribute in instances of a shape; `name` is interned.
    #[inline]
    pub fn shape_lookup(&self, shape: ShapeId, name: Value) -> Option<u16> {
        self.shapes.lookup(shape, name)
    }
}
