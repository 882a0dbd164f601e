//! Young and old: which objects a young collection looks at again, the write barrier, and the check of both.
//!
//! Marks are sticky. A young collection leaves those of the last one in place: what is marked is old, is taken for
//! reachable, and is not scanned; only what was allocated since can die. A full collection clears all marks first. Objects
//! do not move, so an object is old simply because its mark is set.
//!
//! An old object may refer to a young one only if the next collection scans it all the same. There are three ways:
//!
//! * **The barrier**: objects that programs have many of and change (lists, dicts, sets, instances, and whatever has a word
//!   for attributes) carry [`OLD`] in their header once they are marked. Who stores a reference calls [`Heap::written`]
//!   after the last allocation before the store, or after it: it takes the bit away and remembers the object. Compiled
//!   code has the same test after its stores, against the storage of a list for items, since it has no more than the
//!   items' address; what is in a remembered storage is judged like words of the stack.
//! * **Always**: old objects of other layouts that can change (cells, functions, generators, iterators, exceptions, ...) are
//!   in a list and scanned by each young collection. Where that comes to much, young collections become rarer.
//! * **In hand**: what native frames and registers refer to when a collection runs is scanned by it and by the next one, so
//!   that code may fill an object while it allocates others, and compiled code need not test the objects that it made.
//!
//! Tuples, strs, numbers and the like do not change once they can be seen.
//!
//! Debug builds and stress modes verify it: after the marking of a young collection everything is marked a second time, from
//! the same roots, on a map of its own, and what is reached must be marked.

use std::collections::HashSet;

use super::heap::Heap;
use super::large::LargeSpace;
use super::object::{Header, STORAGE_ITEMS, ShapeId};
use super::references::for_each_reference;

/// In `Header::gc`: old, and not yet remembered; of objects with a barrier.
pub const OLD: u8 = 2;

/// Objects that fit the remembered set at first. Compiled code cannot make it grow; a collection can.
const ROOM: usize = 16 << 10;

/// Bytes allocated for each reference that a young collection looked at again, at least: so that takes a small part
/// of the time.
const BYTES_PER_RESCANNED: usize = 32;

/// What must be done about stores into an old object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stores {
    /// There are none.
    Never,
    /// They go through the barrier.
    Barrier,
    /// Nothing tells of them: young collections look.
    Unseen,
}

/// How objects of a builtin layout change.
pub const fn stores(layout: ShapeId) -> Stores {
    match layout {
        ShapeId::LIST | ShapeId::STORAGE | ShapeId::DICT | ShapeId::SET | ShapeId::FROZENSET | ShapeId::INSTANCE => {
            Stores::Barrier
        }
        ShapeId::FLOAT_BOX
        | ShapeId::BIG_INT
        | ShapeId::STR
        | ShapeId::TUPLE
        | ShapeId::RANGE
        | ShapeId::LONG_RANGE
        | ShapeId::SLICE
        | ShapeId::BUILTIN
        | ShapeId::BOUND_METHOD
        | ShapeId::BYTES
        | ShapeId::COMPLEX => Stores::Never,
        _ => Stores::Unseen,
    }
}

/// [`stores`] by the header's `kind`.
static BY_KIND: [Stores; 256] = {
    let mut table = [Stores::Unseen; 256];
    let mut kind = 0;
    while kind < table.len() {
        table[kind] = stores(ShapeId(kind as u32));
        kind += 1;
    }
    table
};

/// The old objects that the next young collection scans. The leading fields are what machine code uses.
#[repr(C)]
#[derive(Debug)]
pub struct Remembered {
    /// Where the next address goes, and the end of the room.
    pub cursor: *mut usize,
    pub limit: *mut usize,
    /// Compiled code found no room: the next collection is a full one.
    pub overflow: u8,
    room: Vec<usize>,
    /// Old objects that are scanned each time.
    unseen: Vec<usize>,
}

impl Remembered {
    pub(super) fn new() -> Remembered {
        let mut room = vec![0; ROOM];
        let range = room.as_mut_ptr_range();
        Remembered { cursor: range.start, limit: range.end, overflow: 0, room, unseen: Vec::new() }
    }

    /// Has room for so many, of which the first `used` are kept.
    fn set_room(&mut self, room: usize, used: usize) {
        self.room.resize(room, 0);
        let range = self.room.as_mut_ptr_range();
        self.cursor = range.start.wrapping_add(used);
        self.limit = range.end;
    }

    fn len(&self) -> usize {
        (self.cursor as usize - self.room.as_ptr() as usize) / size_of::<usize>()
    }

    fn push(&mut self, address: usize) {
        if self.cursor == self.limit {
            let used = self.room.len();
            self.set_room(used * 2, used);
        }
        // SAFETY: the cursor is inside the room.
        unsafe { self.cursor.write(address) };
        self.cursor = self.cursor.wrapping_add(1);
    }

    /// What is remembered, which is forgotten.
    fn take(&mut self) -> Vec<usize> {
        let used = self.len();
        let taken = self.room[..used].to_vec();
        // Where most of the room was used, compiled code would soon have found none.
        let room = if used > self.room.len() / 2 { self.room.len() * 2 } else { self.room.len() };
        self.set_room(room, 0);
        taken
    }

    /// Addresses and sizes of the lists.
    pub(super) fn ranges(&self) -> [(usize, usize); 2] {
        [&self.room, &self.unseen].map(|list| (list.as_ptr() as usize, list.capacity() * size_of::<usize>()))
    }
}

/// Notes that an object that was just marked is old.
///
/// # Safety
/// `header` is an object of the heap.
#[inline(always)]
pub(super) unsafe fn grow_old(header: *mut Header, unseen: &mut Vec<usize>) {
    // SAFETY: by the caller.
    let Header { shape, gc, kind, .. } = unsafe { *header };
    match BY_KIND[kind as usize] {
        Stores::Unseen => unseen.push(header as usize),
        // The word for attributes changes.
        Stores::Never if !shape.is_dynamic() => {}
        Stores::Never | Stores::Barrier => {
            if gc & OLD == 0 {
                // SAFETY: by the caller.
                unsafe { (*header).gc = gc | OLD };
            }
        }
    }
}

impl Heap {
    /// The barrier: a reference is being stored into the object.
    #[inline(always)]
    pub fn written<T>(&mut self, object: *mut T) {
        let header = object.cast::<Header>();
        // SAFETY: the caller passes an object of the heap.
        if unsafe { (*header).gc } & OLD != 0 {
            self.remember(header);
        }
    }

    #[cold]
    #[inline(never)]
    fn remember(&mut self, header: *mut Header) {
        // SAFETY: as in `written`.
        unsafe { (*header).gc &= !OLD };
        self.remembered.push(header as usize);
    }

    /// Whether the next collection is to be a full one: the old have doubled, or nobody knows which have changed.
    pub(super) fn full_is_due(&self) -> bool {
        self.remembered.overflow != 0 || self.statistics.live_bytes as usize >= self.full_at
    }

    /// The old objects that a young collection scans, remembered ones first, and that their number is known to the
    /// trigger of the next one. `in_hand` are those that native frames refer to.
    pub(super) fn take_rescanned(&mut self, in_hand: &[usize]) -> Vec<usize> {
        let mut taken = self.remembered.take();
        for &address in &taken {
            // SAFETY: what was remembered is old, so it was kept.
            unsafe { (*(address as *mut Header)).gc |= OLD };
        }
        taken.extend(in_hand.iter().copied().filter(|&address| self.is_live(address)));
        taken.extend_from_slice(&self.remembered.unseen);
        taken
    }

    /// What old objects refer to; counts the references.
    pub(super) fn rescan(&mut self, objects: &[usize], pending: &mut Vec<usize>) {
        let mut references = 0;
        for &address in objects {
            let header = address as *mut Header;
            // SAFETY: the addresses are those of old objects.
            if unsafe { (*header).shape } == ShapeId::STORAGE {
                // Who owns it is not known, nor how much of it is in use.
                let first = self.mark_stack.len();
                let bytes = self.blocks.cell_bytes(address).or_else(|| self.large.bytes_of(address)).unwrap_or(0);
                // SAFETY: the range is that of the object.
                unsafe { self.scan_conservatively(address + STORAGE_ITEMS, address + bytes) };
                references += bytes / size_of::<usize>();
                for found in self.mark_stack.split_off(first) {
                    self.mark_object(found, pending);
                }
                continue;
            }
            // SAFETY: as above.
            unsafe {
                for_each_reference(header, &mut |value| {
                    references += 1;
                    if value.is_pointer() {
                        self.mark_object(value.address(), pending);
                    }
                });
            }
        }
        self.rescanned = references;
    }

    /// Before all marks are cleared: nothing is old any more.
    pub(super) fn forget_generations(&mut self) {
        self.remembered.take();
        self.remembered.unseen.clear();
        self.remembered.overflow = 0;
        self.rescanned = 0;
    }

    /// The list that [`grow_old`] adds to, to be given back by [`Heap::set_unseen`].
    pub(super) fn take_unseen(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.remembered.unseen)
    }

    pub(super) fn set_unseen(&mut self, unseen: Vec<usize>) {
        self.remembered.unseen = unseen;
    }

    /// After marking: the objects that native frames refer to may be changed by them without a barrier.
    pub(super) fn remember_in_hand(&mut self, in_hand: &[usize]) {
        in_hand.iter().for_each(|&address| self.written(address as *mut Header));
    }

    /// Bytes to allocate before the next collection.
    pub(super) fn next_trigger(&self, least: usize) -> usize {
        (self.rescanned * BYTES_PER_RESCANNED).clamp(least, least.max(self.statistics.live_bytes as usize))
    }

    /// After marking: everything that the roots reach is marked.
    ///
    /// # Panics
    /// Something is not: a store into an old object went past the barrier.
    pub(super) fn verify_marks(&self, roots: &[usize]) {
        let mut seen: HashSet<usize> = roots.iter().copied().collect();
        let mut pending: Vec<usize> = seen.iter().copied().collect();
        let about = |address: usize| {
            // SAFETY: only addresses of objects are asked for.
            let Header { shape, gc, kind, aux } = unsafe { *(address as *const Header) };
            format!("{address:#x} (shape {}, kind {kind}, gc {gc}, aux {aux})", shape.0)
        };
        while let Some(address) = pending.pop() {
            // SAFETY: roots were judged, and the heap is precise.
            unsafe {
                for_each_reference(address as *mut Header, &mut |value| {
                    if value.is_pointer() && seen.insert(value.address()) {
                        assert!(
                            self.is_live(value.address()),
                            "a young collection missed {}, which {} refers to",
                            about(value.address()),
                            about(address),
                        );
                        pending.push(value.address());
                    }
                });
            }
        }
    }

    /// Marks an object that the collector itself keeps, and does not scan it. False: it was marked.
    pub(super) fn keep(&mut self, address: usize) -> bool {
        let fresh = if self.blocks.contains(address) { self.blocks.mark(address) } else { LargeSpace::mark(address) };
        if fresh {
            // SAFETY: the caller passes an object.
            unsafe { grow_old(address as *mut Header, &mut self.remembered.unseen) };
        }
        fresh
    }
}
