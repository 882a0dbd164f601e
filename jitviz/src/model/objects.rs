//! What the log says of objects: counts of the living by type, hidden classes, and inline caches that had no entry.

use std::collections::BTreeMap;

use jitlog::CacheKind;

use super::LocId;

/// What a collection left alive, by type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Census {
    /// The number of the collection.
    pub collection: u32,
    pub at_ns: u64,
    /// Number of the type's name (`Words::types`), objects, bytes.
    pub types: Vec<(u32, u64, u64)>,
}

impl Census {
    pub fn bytes(&self) -> u64 {
        self.types.iter().fold(0, |sum, row| sum.saturating_add(row.2))
    }
}

/// A hidden class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// 0 of the first of a class.
    pub parent: u32,
    /// Numbers of names, as of types.
    pub class: u32,
    pub attribute: u32,
    pub loc: LocId,
    pub attributes: u16,
    pub is_dictionary: bool,
}

/// Misses of the inline cache of one instruction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Misses {
    pub misses: u32,
    /// Entries that it had at the last of them.
    pub entries: u8,
    /// Numbers of the types' names, and at how many of the logged misses.
    pub types: BTreeMap<u32, u32>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objects {
    /// The last count of the living, and the one with the most bytes.
    pub last: Census,
    pub largest: Census,
    /// By number.
    pub shapes: BTreeMap<u32, Shape>,
    pub caches: BTreeMap<(LocId, CacheKind), Misses>,
}

/// Types of one census and of one cache that are kept: more are of a damaged log.
const MOST_TYPES: usize = 1 << 10;
/// Hidden classes and caches that are kept.
const MOST: usize = 1 << 18;

impl Objects {
    /// One type of a census.
    pub fn living(&mut self, collection: u32, at_ns: u64, row: (u32, u64, u64)) {
        if self.last.collection != collection {
            self.settle();
            self.last = Census { collection, at_ns, types: Vec::new() };
        }
        if self.last.types.len() < MOST_TYPES {
            self.last.types.push(row);
        }
    }

    /// The last census is complete.
    pub fn settle(&mut self) {
        if self.last.bytes() > self.largest.bytes() {
            self.largest = self.last.clone();
        }
    }

    pub fn shape(&mut self, id: u32, shape: Shape) {
        if self.shapes.len() < MOST {
            self.shapes.insert(id, shape);
        }
    }

    pub fn missed(&mut self, loc: LocId, kind: CacheKind, ty: u32, misses: u32, entries: u8) {
        if self.caches.len() >= MOST && !self.caches.contains_key(&(loc, kind)) {
            return;
        }
        let cache = self.caches.entry((loc, kind)).or_default();
        cache.misses = cache.misses.max(misses);
        cache.entries = entries;
        if cache.types.len() < MOST_TYPES {
            *cache.types.entry(ty).or_default() += 1;
        }
    }

    /// Numbers of all names that are used.
    pub fn names(&self) -> impl Iterator<Item = u32> + '_ {
        let living = [&self.last, &self.largest].into_iter().flat_map(|census| census.types.iter().map(|row| row.0));
        let shapes = self.shapes.values().flat_map(|shape| [shape.class, shape.attribute]);
        let caches = self.caches.values().flat_map(|cache| cache.types.keys().copied());
        living.chain(shapes).chain(caches)
    }
}
