//! What decoding JSON remembers of the texts before: the strs of keys, and which keys follow each other in objects.
//!
//! Nothing here keeps anything alive: each collection empties it, so that what it holds is never dead.

use super::strings::text;
use super::value::Value;

/// Keys, and outlines, that are remembered. Each has one place, where later ones replace it.
const PLACES: usize = 256;

/// The keys of an object, in order, with their hashes, and the index of a dict that has just these.
#[derive(Default)]
pub struct Outline {
    pub keys: Vec<(Value, i64)>,
    pub index: Vec<u8>,
    /// Tells it from those that were in its place before.
    number: u64,
}

/// Which outline an object follows so far.
#[derive(Clone, Copy)]
pub struct Following {
    place: usize,
    number: u64,
}

pub struct KnownKeys {
    keys: Box<[Value; PLACES]>,
    outlines: Box<[Outline; PLACES]>,
    /// Outlines made so far.
    made: u64,
    is_empty: bool,
}

impl Default for KnownKeys {
    fn default() -> KnownKeys {
        KnownKeys {
            keys: Box::new([Value::UNDEF; PLACES]),
            outlines: Box::new(std::array::from_fn(|_| Outline::default())),
            made: 0,
            is_empty: true,
        }
    }
}

/// A number of the first and last eight bytes and the length.
fn place_of(bytes: &[u8]) -> usize {
    let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(&first), Some(&last)) => (u64::from_le_bytes(first), u64::from_le_bytes(last)),
        _ => (bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)), 0),
    };
    let mixed = (first ^ last.rotate_left(23) ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 56) as usize
}

impl KnownKeys {
    /// Forgets all, at a collection.
    pub fn clear(&mut self) {
        if !self.is_empty {
            self.keys.fill(Value::UNDEF);
            self.outlines.iter_mut().for_each(|outline| outline.number = 0);
            self.is_empty = true;
        }
    }

    /// A str of these bytes, if one is known.
    #[inline]
    pub fn key(&self, bytes: &[u8]) -> Option<Value> {
        let key = self.keys[place_of(bytes)];
        (key != Value::UNDEF && text(key).as_bytes() == bytes).then_some(key)
    }

    pub fn remember_key(&mut self, key: Value) {
        self.keys[place_of(text(key).as_bytes())] = key;
        self.is_empty = false;
    }

    /// The outline of objects that begin with this key.
    #[inline]
    pub fn begins(&self, key: Value) -> Option<Following> {
        let place = outline_place(key);
        let outline = &self.outlines[place];
        (outline.number != 0 && outline.keys[0].0 == key).then_some(Following { place, number: outline.number })
    }

    /// An outline, if it is still there.
    #[inline]
    pub fn outline(&self, following: Following) -> Option<&Outline> {
        let outline = &self.outlines[following.place];
        (outline.number == following.number).then_some(outline)
    }

    /// Remembers the outline of an object of at least one key; `write` has the empty lists of keys and of the index.
    pub fn remember_outline(&mut self, first: Value, write: impl FnOnce(&mut Vec<(Value, i64)>, &mut Vec<u8>)) {
        self.made += 1;
        self.is_empty = false;
        let outline = &mut self.outlines[outline_place(first)];
        outline.number = self.made;
        outline.keys.clear();
        outline.index.clear();
        write(&mut outline.keys, &mut outline.index);
        debug_assert!(outline.keys[0].0 == first);
    }
}

fn outline_place(key: Value) -> usize {
    key.address() / 16 % PLACES
}
