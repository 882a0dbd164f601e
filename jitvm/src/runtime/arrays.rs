//! Items of `array.array`, which is a class of the library written in Python: read and set without calling its methods.
//!
//! An array keeps its items in a list that nobody else has, so that traces of its methods are traces of list operations.
//! The interpreter takes the same steps here, for what is usual; the methods say all the rest.

use super::instances::slots;
use super::object::{List, ShapeId};
use super::types::type_id;
use super::value::Value;
use super::vm::Vm;

/// Which objects are arrays, and where their slots lie.
#[derive(Clone, Copy, Debug)]
pub struct Arrays {
    shape: ShapeId,
    items: u16,
    typecode: u16,
    low: u16,
    high: u16,
}

impl Default for Arrays {
    /// Nothing is an array before the module is imported.
    fn default() -> Arrays {
        Arrays { shape: ShapeId::FREE, items: 0, typecode: 0, low: 0, high: 0 }
    }
}

impl Vm {
    /// The class of arrays is this; its instances have nothing but slots.
    pub fn know_arrays(&mut self, class: Value) {
        let shape = self.root_shape(type_id(class));
        let mut slot = |name| {
            let name = self.intern(name);
            self.shapes.lookup(shape, name)
        };
        if let (Some(items), Some(typecode), Some(low), Some(high)) =
            (slot("_items"), slot("typecode"), slot("_low"), slot("_high"))
        {
            self.arrays = Arrays { shape, items, typecode, low, high };
        }
    }

    /// Slots of an array's items, typecode, least and greatest value.
    pub fn array_slots(&self) -> [u16; 4] {
        [self.arrays.items, self.arrays.typecode, self.arrays.low, self.arrays.high]
    }

    /// The list of an array's items; `None` of anything else.
    #[inline(always)]
    pub fn array_items(&self, value: Value) -> Option<Value> {
        if !value.is_pointer() || value.shape() != self.arrays.shape {
            return None;
        }
        let list = slots(value)[self.arrays.items as usize];
        list.has_shape(ShapeId::LIST).then_some(list)
    }

    /// `array[index]` with an index that counts from the start.
    #[inline(always)]
    pub fn array_get(&self, array: Value, index: Value) -> Option<Value> {
        if !index.is_int() {
            return None;
        }
        let list = self.array_items(array)?;
        // SAFETY: the shape was checked.
        unsafe {
            let list = &*list.object::<List>();
            let i = index.as_fixnum() as u64;
            (i < u64::from(list.length)).then(|| *list.data.add(i as usize))
        }
    }

    /// `array[index] = value`: whether it is done, which takes an index that counts from the start, and a float in an
    /// array of doubles or an int that its kind of ints can hold.
    #[inline(always)]
    pub fn array_set(&self, array: Value, index: Value, value: Value) -> bool {
        let Some(list) = self.array_items(array).filter(|_| index.is_int()) else { return false };
        let fields = slots(array);
        let (low, high) = (fields[self.arrays.low as usize], fields[self.arrays.high as usize]);
        let fits = if value.is_float() {
            fields[self.arrays.typecode as usize] == self.characters[usize::from(b'd')]
        } else {
            // Tagged ints are in the order of the ints.
            value.is_int()
                && low.is_int()
                && high.is_int()
                && (low.0 as i64..=high.0 as i64).contains(&(value.0 as i64))
        };
        // SAFETY: the shape was checked.
        unsafe {
            let list = &*list.object::<List>();
            let i = index.as_fixnum() as u64;
            if !fits || i >= u64::from(list.length) {
                return false;
            }
            *list.data.add(i as usize) = value;
        }
        true
    }
}
