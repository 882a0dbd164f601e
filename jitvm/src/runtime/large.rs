//! Objects above 2304 bytes: one system allocation each, in a table that is sorted for lookups by address.
//!
//! The mark of a large object is in its header's `gc` byte, and stays until a full collection.

use std::alloc::{Layout, alloc, dealloc};

use super::object::Header;

/// In `Header::gc` of a large object that a collection has reached.
const MARKED: u8 = 1;

#[derive(Clone, Copy, Debug)]
struct LargeObject {
    address: usize,
    bytes: usize,
    /// Marked by a collection since the last full one.
    old: bool,
}

#[derive(Debug, Default)]
pub struct LargeSpace {
    /// Sorted by address up to `sorted`; newer ones behind.
    objects: Vec<LargeObject>,
    pub bytes: usize,
}

/// Sizes of large objects are multiples of this.
const ROUNDING: usize = 64;
/// What the system's allocator gives anyway.
const ALIGNMENT: usize = 16;

impl LargeSpace {
    /// Address and size of the table.
    pub fn table_range(&self) -> (usize, usize) {
        (self.objects.as_ptr() as usize, self.objects.capacity() * size_of::<LargeObject>())
    }

    pub fn usable_bytes(bytes: usize) -> usize {
        bytes.next_multiple_of(ROUNDING)
    }

    /// `None` when the system has no memory for it.
    pub fn allocate(&mut self, bytes: usize) -> Option<usize> {
        let bytes = bytes.checked_next_multiple_of(ROUNDING)?;
        let layout = Layout::from_size_align(bytes, ALIGNMENT).ok()?;
        // SAFETY: the layout's size is not zero.
        let address = unsafe { alloc(layout) } as usize;
        if address == 0 {
            return None;
        }
        self.objects.push(LargeObject { address, bytes, old: false });
        self.bytes += bytes;
        Some(address)
    }

    /// Must precede lookups: brings the table into order.
    pub fn sort(&mut self) {
        self.objects.sort_unstable_by_key(|object| object.address);
    }

    /// Start of the large object that a word points into.
    pub fn object_at(&self, address: usize) -> Option<usize> {
        let index = self.objects.partition_point(|object| object.address <= address).checked_sub(1)?;
        let object = self.objects[index];
        (address < object.address + object.bytes).then_some(object.address)
    }

    /// Size of the large object at an address.
    pub fn bytes_of(&self, address: usize) -> Option<usize> {
        let index = self.objects.binary_search_by_key(&address, |object| object.address).ok()?;
        Some(self.objects[index].bytes)
    }

    /// Each object's address and bytes.
    pub fn for_each(&self, f: &mut dyn FnMut(usize, usize)) {
        self.objects.iter().for_each(|object| f(object.address, object.bytes));
    }

    /// Marks the large object at `address`; false if it was marked already.
    pub fn mark(address: usize) -> bool {
        let header = address as *mut Header;
        // SAFETY: the caller has the address from a live reference to a large object.
        unsafe {
            let fresh = (*header).gc & MARKED == 0;
            (*header).gc |= MARKED;
            fresh
        }
    }

    /// True for a large object that this collection has marked.
    pub fn is_marked(address: usize) -> bool {
        // SAFETY: the caller has the address of an object that was not swept yet.
        unsafe { (*(address as *const Header)).gc & MARKED != 0 }
    }

    /// Before a full collection.
    pub fn clear_marks(&mut self) {
        for object in &mut self.objects {
            object.old = false;
            // SAFETY: each table entry is an allocation of this space with an object in it.
            unsafe { (*(object.address as *mut Header)).gc &= !MARKED };
        }
    }

    /// Frees what was not marked: live objects and bytes.
    pub fn sweep(&mut self) -> (usize, usize) {
        let mut live_bytes = 0;
        self.objects.retain_mut(|object| {
            let header = object.address as *mut Header;
            // SAFETY: each table entry is an allocation of this space, freed at most once since it leaves the table.
            unsafe {
                if object.old || (*header).gc & MARKED != 0 {
                    object.old = true;
                    live_bytes += object.bytes;
                    return true;
                }
                dealloc(object.address as *mut u8, layout_of(object));
            }
            false
        });
        self.bytes = live_bytes;
        (self.objects.len(), live_bytes)
    }
}

/// Larger pieces have mappings of their own.
const MMAP_ABOVE: libc::c_int = 64 << 20;

/// Makes the C allocator keep what it has freed: large objects come and go between collections, and giving each back
/// to the system costs a page fault for every 4 KiB of the next (half the time of a program that grows a long str).
pub fn keep_freed_memory() {
    const KEEP: libc::c_int = 256 << 20;
    // SAFETY: sets parameters of the allocator, which checks them; a refusal leaves the defaults.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MMAP_ABOVE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEEP);
        libc::mallopt(libc::M_TOP_PAD, 16 << 20);
    }
}

/// Runs `f`, whose large allocations get mappings of their own: big tables that are hardly touched would lie where
/// others grow, which would have to be moved.
pub fn outside_the_arena<T>(f: impl FnOnce() -> T) -> T {
    // SAFETY: as above. How a piece of memory was allocated is known to the allocator when it is freed.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, 256 << 10) };
    // What is free at the top is used before a mapping is made: nothing is.
    // SAFETY: gives only free memory back.
    unsafe { libc::malloc_trim(0) };
    let result = f();
    // SAFETY: as above.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, MMAP_ABOVE) };
    result
}

fn layout_of(object: &LargeObject) -> Layout {
    Layout::from_size_align(object.bytes, ALIGNMENT).expect("the layout was valid when the object was allocated")
}

impl Drop for LargeSpace {
    fn drop(&mut self) {
        for object in &self.objects {
            // SAFETY: as in `sweep`; the table goes away with its objects.
            unsafe { dealloc(object.address as *mut u8, layout_of(object)) };
        }
    }
}
