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

/// Where no more is alive, each collection is a full one. It takes hardly longer, and leaves none of the dead that others
/// are scattered between: memory is used again in one piece, and in the caches.
const FEW_BYTES: usize = 2 << 20;

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
    /// Not 0: the next collection is a full one, since compiled code found no room, or a trace has gone whose constants it
    /// had stored.
    pub incomplete: u8,
    room: Vec<usize>,
    /// Old objects that are scanned each time.
    unseen: Vec<usize>,
}

impl Remembered {
    pub(super) fn new() -> Remembered {
        let mut room = vec![0; ROOM];
        let range = room.as_mut_ptr_range();
        Remembered { cursor: range.start, limit: range.end, incomplete: 0, room, unseen: Vec::new() }
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

    /// There may be old objects that refer to young ones and are not remembered.
    pub fn is_incomplete(&mut self) {
        self.incomplete = 1;
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

    /// The same of an object that is just being made: a collection may have come since it was allocated, and have made it
    /// old before it was whole. So this is for all layouts, also those that do not change once they can be seen.
    pub fn filled<T>(&mut self, object: *mut T) {
        if self.is_live(object as usize) {
            self.remember(object.cast());
        }
    }

    #[cold]
    #[inline(never)]
    fn remember(&mut self, header: *mut Header) {
        // SAFETY: as in `written`.
        unsafe { (*header).gc &= !OLD };
        self.remembered.push(header as usize);
    }

    /// Whether the next collection is to be a full one: there is little to mark, or the old have doubled, or nobody knows
    /// which have changed.
    pub(super) fn full_is_due(&self) -> bool {
        let live = self.statistics.live_bytes as usize;
        live < FEW_BYTES || live >= self.full_at || self.remembered.incomplete != 0
    }

    /// After a full collection: when the next one is due.
    pub(super) fn plan_full(&mut self) {
        self.full_at = (2 * self.statistics.live_bytes as usize).max(2 * FEW_BYTES);
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
        let float_slots = self.float_slots.clone();
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
                for_each_reference(header, &float_slots, &mut |value| {
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
        self.remembered.incomplete = 0;
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
    /// Those without a barrier as well: a tuple may be in the making.
    pub(super) fn remember_in_hand(&mut self, in_hand: &[usize]) {
        for &address in in_hand {
            let header = address as *mut Header;
            // SAFETY: native words were judged, so this is an object.
            let Header { gc, kind, .. } = unsafe { *header };
            if gc & OLD != 0 || BY_KIND[kind as usize] == Stores::Never {
                self.remember(header);
            }
        }
    }

    /// Bytes to allocate before the next collection: at least half of what is alive, since what grows would be marked for
    /// nothing many times before the rest has died.
    pub(super) fn next_trigger(&self, least: usize) -> usize {
        let live = self.statistics.live_bytes as usize;
        let least = least.max(live / 2);
        (self.rescanned * BYTES_PER_RESCANNED).clamp(least, least.max(live))
    }

    /// After marking: an object that the roots reach and that is not marked, and which refers to it. There is one if a
    /// store into an old object went past the barrier.
    pub(super) fn missed(&self, roots: &[usize]) -> Option<String> {
        let mut missed = None;
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
                for_each_reference(address as *mut Header, &self.float_slots, &mut |value| {
                    if value.is_pointer() && seen.insert(value.address()) {
                        if self.is_live(value.address()) {
                            pending.push(value.address());
                        } else {
                            missed = Some(format!("{}, which {} refers to", about(value.address()), about(address)));
                        }
                    }
                });
            }
        }
        missed
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

#[cfg(test)]
mod tests {
    use super::super::collect::{GcCause, GcKind};
    use super::super::object::{ClosureCell, Instance, List, Tuple};
    use super::super::sequences::{items, items_mut};
    use super::super::strings::text;
    use super::super::types::TypeId;
    use super::super::value::Value;
    use super::super::vm::Vm;
    use super::super::{dict, set};
    use super::*;

    const MANY: i64 = 300;

    /// A VM whose collections are all young but the first, and which says so.
    fn vm() -> Box<Vm> {
        let mut vm = Vm::new(Vec::new());
        let kept = vm.bytes(&vec![0; 2 * FEW_BYTES]).expect("memory");
        vm.permanent.push(kept);
        vm.collect(GcCause::Explicit);
        vm.gc_hook = Some(|_, record| assert_eq!(record.kind, GcKind::Young));
        vm
    }

    /// An object that nothing but the VM's permanent roots refers to, and that is old.
    #[inline(never)]
    fn old(vm: &mut Vm, make: impl FnOnce(&mut Vm) -> Value) -> usize {
        let object = make(vm);
        vm.permanent.push(object);
        std::hint::black_box(&mut [0_u64; 512]);
        // The second one finds it no longer on the native stack.
        young(vm);
        young(vm);
        vm.permanent.len() - 1
    }

    #[inline(never)]
    fn young(vm: &mut Vm) {
        std::hint::black_box(&mut [0_u64; 512]);
        vm.collect(GcCause::Allocation);
    }

    #[inline(never)]
    fn name(vm: &mut Vm, index: i64) -> Value {
        vm.str(&format!("young {index}"))
    }

    fn is_name(value: Value, index: i64) -> bool {
        text(value) == format!("young {index}")
    }

    #[test]
    fn old_lists_keep_what_is_put_into_them() {
        let mut vm = vm();
        let at = old(&mut vm, |vm| vm.list(&[Value::NONE; MANY as usize]).expect("memory"));
        for index in 0..MANY {
            let item = name(&mut vm, index);
            let list = vm.permanent[at];
            items_mut(&mut vm, list)[index as usize] = item;
            let item = name(&mut vm, index);
            vm.push(list, item).expect("memory");
            if index % 50 == 0 {
                young(&mut vm);
            }
        }
        young(&mut vm);
        let found = items(vm.permanent[at]);
        assert_eq!(found.len(), 2 * MANY as usize);
        assert!((0..2 * MANY).all(|index| is_name(found[index as usize], index % MANY)));
    }

    #[test]
    fn old_dicts_and_sets_keep_what_is_put_into_them() {
        let mut vm = vm();
        let of_dict = old(&mut vm, |vm| vm.new_dict());
        let of_set = old(&mut vm, |vm| vm.new_set());
        for index in 0..MANY {
            let (key, value) = (name(&mut vm, index), name(&mut vm, index));
            let (table, elements) = (vm.permanent[of_dict], vm.permanent[of_set]);
            dict::set(&mut vm, table, key, value).expect("memory");
            set::add(&mut vm, elements, key).expect("memory");
            if index % 50 == 0 {
                young(&mut vm);
            }
        }
        young(&mut vm);
        for index in 0..MANY {
            let (key, table, elements) = (name(&mut vm, index), vm.permanent[of_dict], vm.permanent[of_set]);
            let found = dict::get(&mut vm, table, key).expect("plain keys").expect("it is there");
            assert!(is_name(found, index));
            assert!(set::contains(&mut vm, elements, key).expect("plain keys"));
        }
    }

    #[test]
    fn old_instances_cells_and_modules_keep_what_is_put_into_them() {
        let mut vm = vm();
        let cell = old(&mut vm, |vm| vm.closure_cell(Value::UNDEF));
        let instance = old(&mut vm, |vm| vm.new_instance(TypeId::OBJECT));
        for index in 0..MANY {
            let content = name(&mut vm, index);
            // SAFETY: both objects are of these layouts.
            unsafe {
                (*vm.permanent[cell].object::<ClosureCell>()).value = content;
                let object = vm.permanent[instance].object::<Instance>();
                (*object).extra = content;
                vm.heap.written(object);
            }
            young(&mut vm);
            // SAFETY: as above.
            unsafe {
                assert!(is_name((*vm.permanent[cell].object::<ClosureCell>()).value, index));
                assert!(is_name((*vm.permanent[instance].object::<Instance>()).extra, index));
            }
        }
    }

    #[test]
    fn remembered_storage_is_looked_through() {
        let mut vm = vm();
        let at = old(&mut vm, |vm| vm.list(&[Value::NONE; 1000]).expect("memory"));
        for index in 0..MANY {
            let item = name(&mut vm, index);
            // SAFETY: as compiled code stores an item: it has the address of the items alone.
            unsafe {
                let data = (*vm.permanent[at].object::<List>()).data;
                data.add(index as usize * 3).write(item);
                vm.heap.written(data.byte_sub(STORAGE_ITEMS));
            }
        }
        young(&mut vm);
        let found = items(vm.permanent[at]);
        assert!((0..MANY).all(|index| is_name(found[index as usize * 3], index)));
    }

    #[inline(never)]
    fn fill_tuple(vm: &mut Vm, tuple: &Value) {
        for index in 0..MANY {
            let item = name(vm, index);
            // SAFETY: the tuple has so many items; as compiled code fills one that holds others.
            unsafe { tuple.object::<Value>().byte_add(Tuple::ITEMS).add(index as usize).write(item) };
        }
    }

    #[test]
    fn tuples_in_hand_are_filled_after_a_collection() {
        let mut vm = vm();
        let tuple = vm.tuple(&[Value::NONE; MANY as usize]).expect("memory");
        for _ in 0..3 {
            young(&mut vm);
            fill_tuple(&mut vm, std::hint::black_box(&tuple));
        }
        young(&mut vm);
        assert!((0..MANY).all(|index| is_name(items(tuple)[index as usize], index)));
    }

    #[test]
    fn more_objects_are_remembered_than_there_was_room_for() {
        let mut vm = vm();
        let count = ROOM + 100;
        let at = old(&mut vm, |vm| {
            let outer = vm.list(&[]).expect("memory");
            for _ in 0..count {
                let inner = vm.list(&[Value::NONE]).expect("memory");
                vm.push(outer, inner).expect("memory");
            }
            outer
        });
        for index in 0..count {
            let item = name(&mut vm, index as i64);
            let inner = items(vm.permanent[at])[index];
            items_mut(&mut vm, inner)[0] = item;
        }
        young(&mut vm);
        let inner = items(vm.permanent[at]);
        assert!((0..count).all(|index| is_name(items(inner[index])[0], index as i64)));
        // Compiled code that finds no room asks for a full collection.
        vm.heap.remembered.incomplete = 1;
        vm.gc_hook = Some(|_, record| assert_eq!(record.kind, GcKind::Full));
        young(&mut vm);
        assert_eq!(vm.heap.remembered.incomplete, 0);
    }

    #[inline(never)]
    fn store_silently(vm: &mut Vm, at: usize) {
        for index in 0..MANY {
            let item = name(vm, index);
            // SAFETY: the list has so many items.
            unsafe { (*vm.permanent[at].object::<List>()).data.add(index as usize).write(item) };
        }
    }

    #[test]
    fn a_store_past_the_barrier_is_found() {
        let mut vm = vm();
        vm.heap.verify = false;
        let at = old(&mut vm, |vm| vm.list(&[Value::NONE; MANY as usize]).expect("memory"));
        store_silently(&mut vm, at);
        young(&mut vm);
        let list = vm.permanent[at].address();
        assert!(vm.heap.missed(&[list]).expect("the items died").contains("refers to"));
    }

    /// The stack is read conservatively: a word left over from an earlier call may keep any one of these lists.
    const LISTS: i64 = 100;
    const EACH: i64 = 10;
    const KEPT_BY_CHANCE: u64 = 200;

    #[inline(never)]
    fn fill(vm: &mut Vm, at: usize) {
        for index in 0..LISTS {
            let inner = items(vm.permanent[at])[index as usize];
            for number in 0..EACH {
                let item = name(vm, number);
                items_mut(vm, inner)[number as usize] = item;
                name(vm, number);
            }
        }
    }

    #[test]
    fn young_collections_free_the_young_and_full_ones_the_old() {
        let mut vm = vm();
        let at = old(&mut vm, |vm| {
            let outer = vm.list(&[]).expect("memory");
            for _ in 0..LISTS {
                let inner = vm.list(&[Value::NONE; EACH as usize]).expect("memory");
                vm.push(outer, inner).expect("memory");
            }
            outer
        });
        let live = |vm: &Vm| vm.heap.statistics.live_objects;
        let (before, stored) = (live(&vm), (LISTS * EACH) as u64);
        fill(&mut vm, at);
        young(&mut vm);
        let kept = live(&vm) - before;
        assert!((stored..stored + KEPT_BY_CHANCE).contains(&kept), "{kept} of {stored}");
        for index in 0..LISTS as usize {
            let inner = items(vm.permanent[at])[index];
            items_mut(&mut vm, inner).fill(Value::NONE);
        }
        young(&mut vm);
        assert!(live(&vm) - before >= stored, "the old are not freed by a young collection");
        vm.gc_hook = None;
        vm.collect(GcCause::Explicit);
        assert!(live(&vm) < before + KEPT_BY_CHANCE, "{} of {before}", live(&vm));
    }
}
