//! The heap as its users see it: allocation out of bump intervals, one per size class, and its statistics.
//!
//! Objects never move. Small ones (up to 2304 bytes) are cells of 32 KiB blocks ([`super::blocks`]), others are on their
//! own ([`super::large`]). A size class hands out cells from an interval of free cells; when that is used up, the next
//! one is found by scanning mark bits, so dead cells are never touched. Collections are in [`super::collect`].
//!
//! The caller of an allocation fills every field before the next allocation: memory is not cleared.

use super::allocation_clock::AllocationClocks;
use super::blocks::{BLOCK_BYTES, BlockSpace, GRANULE};
use super::collect::GcKind;
use super::generations::Remembered;
use super::large::LargeSpace;
use super::object::{Header, ShapeId};
use super::vm::{Outcome, Vm};

/// Largest object that lives in a block.
pub const LARGEST_CELL: usize = 2304;

/// Cell sizes: steps of 16 up to 128, then four per power of two (at most 1/4 lost to rounding). The last is for the
/// tables of dicts and sets with 128 slots.
pub const CELL_SIZES: [u16; 25] = [
    16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792,
    2048, 2304,
];

/// Size class by number of granules, rounded up.
const CLASS_OF: [u8; LARGEST_CELL / GRANULE + 1] = {
    let mut table = [0; LARGEST_CELL / GRANULE + 1];
    let mut class = 0;
    let mut granules = 0;
    while granules < table.len() {
        if granules * GRANULE > CELL_SIZES[class] as usize {
            class += 1;
        }
        table[granules] = class as u8;
        granules += 1;
    }
    table
};

/// Bytes allocated since the last collection that start the next one: less costs fixed work per collection, more memory
/// and cache.
const YOUNG_BYTES: usize = 8 << 20;

/// What a dead cell is filled with in debug builds: a pointer into nowhere.
pub const POISON: u64 = 0x0000_dead_dead_de00 + 1;

/// Allocation state of one size class. The leading fields are what machine code uses.
#[repr(C)]
#[derive(Debug, Default)]
pub struct SizeClass {
    pub cursor: usize,
    pub limit: usize,
    pub cell: usize,
    /// First address of the interval, to account for it when it is retired.
    start: usize,
    /// Blocks of this class.
    pub(super) blocks: Vec<u32>,
    /// Index in `blocks` of the block being swept.
    pub(super) position: usize,
    /// Index of the first block that was swept since the last collection. Those before it are full, or nearly.
    pub(super) first: usize,
}

/// Totals since the start, and the state after the last collection.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeapStatistics {
    pub collections: u64,
    pub pause_ns: u64,
    pub pause_max_ns: u64,
    pub allocated_bytes: u64,
    pub allocated_objects: u64,
    /// Found alive by the last collection.
    pub live_bytes: u64,
    pub live_objects: u64,
    /// Memory held: blocks in use and large objects.
    pub heap_bytes: u64,
    pub heap_peak_bytes: u64,
}

pub struct Heap {
    pub classes: [SizeClass; CELL_SIZES.len()],
    pub(super) blocks: BlockSpace,
    pub(super) large: LargeSpace,
    pub(super) statistics: HeapStatistics,
    /// Of retired intervals and large objects.
    pub(super) bytes_since_collection: usize,
    pub(super) objects_since_collection: usize,
    pub(super) trigger: usize,
    /// Bytes of objects from which on the next collection is a full one.
    pub(super) full_at: usize,
    /// References of old objects that the last young collection looked at.
    pub(super) rescanned: usize,
    /// Small objects and their bytes that the last collection left.
    pub(super) small: (usize, usize),
    pub remembered: Remembered,
    /// Check each young collection by a full marking.
    pub verify: bool,
    /// Collect at every so many-th allocation; 0 = off.
    pub stress: u32,
    stress_count: u32,
    /// Fill dead cells with [`POISON`] after each collection.
    pub poison: bool,
    /// Lowest address of the native stack of the VM's thread.
    pub(super) native_lowest: usize,
    /// Highest address of the native stack of the VM's thread.
    pub(super) native_base: usize,
    pub(super) mark_stack: Vec<usize>,
    /// Of the shapes that there were when the last collection began.
    pub(super) float_slots: super::shapes::FloatSlots,
    pub weak: super::weak::WeakTable,
    pub finalisers: super::finalisers::Finalisers,
    /// Which allocations are sampled, if any are.
    pub(crate) clocks: Option<Box<AllocationClocks>>,
    /// Told of each that is.
    pub(crate) sample_hook: Option<SampleHook>,
}

/// Shape and size of a sampled allocation, and the bytes it stands for. It must not allocate objects.
pub type SampleHook = fn(&mut Vm, shape: ShapeId, bytes: usize, weight: u64);

impl Heap {
    pub fn new() -> Heap {
        let class = |&cell: &u16| SizeClass { cell: cell as usize, ..SizeClass::default() };
        let (native_lowest, native_base) = super::roots::native_stack();
        Heap {
            classes: CELL_SIZES.each_ref().map(class),
            blocks: BlockSpace::new(),
            large: LargeSpace::default(),
            statistics: HeapStatistics::default(),
            bytes_since_collection: 0,
            objects_since_collection: 0,
            trigger: YOUNG_BYTES,
            full_at: 0,
            rescanned: 0,
            small: (0, 0),
            remembered: Remembered::new(),
            verify: cfg!(debug_assertions),
            stress: 0,
            stress_count: 0,
            poison: cfg!(debug_assertions),
            native_lowest,
            native_base,
            float_slots: Default::default(),
            mark_stack: Vec::new(),
            weak: super::weak::WeakTable::default(),
            finalisers: super::finalisers::Finalisers::default(),
            clocks: None,
            sample_hook: None,
        }
    }

    /// From now on allocations are sampled, and `hook` is told.
    pub fn sample_allocations(&mut self, hook: SampleHook) {
        // Intervals that are open were not cut at a sample.
        (0..self.classes.len()).for_each(|class| self.retire(class));
        self.clocks = Some(Box::new(AllocationClocks::default()));
        self.sample_hook = Some(hook);
    }

    /// Bytes allocated that no sample stands for, at the end.
    pub fn not_sampled(&mut self) -> u64 {
        (0..self.classes.len()).for_each(|class| self.retire(class));
        self.clocks.as_ref().map_or(0, |clocks| clocks.rest())
    }

    /// Index of the size class of an object of at most [`LARGEST_CELL`] bytes.
    pub const fn class_of(bytes: usize) -> usize {
        CLASS_OF[bytes.div_ceil(GRANULE)] as usize
    }

    /// Bytes a cell for an object of `bytes` really has, so that a growing buffer can use the rest.
    pub fn usable_bytes(bytes: usize) -> usize {
        if bytes <= LARGEST_CELL {
            CELL_SIZES[CLASS_OF[bytes.div_ceil(GRANULE)] as usize] as usize
        } else {
            LargeSpace::usable_bytes(bytes)
        }
    }

    /// Statistics that include what was allocated since the last collection.
    pub fn statistics(&self) -> HeapStatistics {
        let mut result = self.statistics;
        let (open_bytes, open_objects) = self.classes.iter().fold((0, 0), |(bytes, objects), class| {
            let used = class.cursor - class.start;
            (bytes + used, objects + used / class.cell)
        });
        result.allocated_bytes += (self.bytes_since_collection + open_bytes) as u64;
        result.allocated_objects += (self.objects_since_collection + open_objects) as u64;
        result.heap_bytes = self.heap_bytes() as u64;
        result.heap_peak_bytes = result.heap_peak_bytes.max(result.heap_bytes);
        result
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.blocks.blocks_in_use() * BLOCK_BYTES + self.large.bytes
    }

    /// Of the memory of small objects: address and size of what blocks and marks have ever used.
    pub fn block_ranges(&self) -> [(usize, usize); 2] {
        self.blocks.ranges()
    }

    /// Bytes of large objects, dead ones that are not yet swept included.
    pub fn large_bytes(&self) -> u64 {
        self.large.bytes as u64
    }

    /// Addresses and sizes of the collector's own lists, of which much may never have been touched.
    pub fn collector_ranges(&self) -> [(usize, usize); 4] {
        let mark_stack = (self.mark_stack.as_ptr() as usize, self.mark_stack.capacity() * size_of::<usize>());
        let [remembered, unseen] = self.remembered.ranges();
        [mark_stack, self.large.table_range(), remembered, unseen]
    }

    /// Lowest address and size of the native stack.
    pub fn native_stack(&self) -> (usize, usize) {
        (self.native_lowest, self.native_base - self.native_lowest)
    }

    /// Bytes and objects allocated since the last collection.
    pub(super) fn take_allocated(&mut self) -> (usize, usize) {
        (std::mem::take(&mut self.bytes_since_collection), std::mem::take(&mut self.objects_since_collection))
    }

    /// Ends the interval of a class: its cells below the cursor are objects.
    pub(super) fn retire(&mut self, index: usize) {
        let class = &mut self.classes[index];
        let used = class.cursor - class.start;
        if class.limit != 0 {
            let block = class.blocks[class.position];
            self.blocks.set_swept(block, class.cursor);
        }
        if let Some(clocks) = &mut self.clocks {
            clocks.pass(index, used as u64);
        }
        self.bytes_since_collection += used;
        self.objects_since_collection += used / class.cell;
        (class.start, class.cursor, class.limit) = (0, 0, 0);
    }

    /// Begins sweeping anew, after a collection.
    pub(super) fn reset_sweep(&mut self, kind: GcKind) {
        for class in &mut self.classes {
            class.position = class.first;
        }
        if kind == GcKind::Full {
            self.plan_full();
        }
        self.trigger = self.next_trigger(YOUNG_BYTES);
    }

    /// Finds the next interval of a class, and gives the bytes that its first cell stands for as a sample (0 if it is
    /// none). `None`: there is no memory left.
    fn refill(&mut self, index: usize) -> Option<u64> {
        self.retire(index);
        let class = &mut self.classes[index];
        loop {
            let Some(&block) = class.blocks.get(class.position) else {
                let block = self.blocks.take(class.cell as u32)?;
                class.position = class.blocks.len();
                class.blocks.push(block);
                continue;
            };
            if let Some((start, mut end)) = self.blocks.next_free(block) {
                if self.stress != 0 {
                    end = start + class.cell;
                }
                let cell = class.cell;
                let mut weight = 0;
                if let Some(clocks) = &mut self.clocks {
                    weight = clocks.weight(index, cell as u64);
                    // The interval ends before the next cell that is sampled.
                    end = end.min(start + (clocks.until(index) as usize / cell).max(1) * cell);
                }
                (class.start, class.cursor, class.limit) = (start, start, end);
                return Some(weight);
            }
            class.position += 1;
        }
    }

    fn must_collect(&mut self, bytes: usize) -> bool {
        self.bytes_since_collection + bytes > self.trigger
    }

    fn stress_is_due(&mut self) -> bool {
        if self.stress == 0 {
            return false;
        }
        self.stress_count += 1;
        if self.stress_count < self.stress {
            return false;
        }
        self.stress_count = 0;
        true
    }
}

impl Default for Heap {
    fn default() -> Heap {
        Heap::new()
    }
}

impl Vm {
    /// Memory for an object with its header written. May collect garbage. The rest is for the caller to fill before
    /// the next allocation. Ends the process when memory runs out; see [`Vm::try_allocate`] for sizes that the
    /// program chooses.
    #[inline]
    pub fn allocate(&mut self, bytes: usize, shape: ShapeId) -> *mut Header {
        if bytes <= LARGEST_CELL {
            let class = &mut self.heap.classes[CLASS_OF[bytes.div_ceil(GRANULE)] as usize];
            let address = class.cursor;
            if address < class.limit {
                class.cursor = address + class.cell;
                return write_header(address, shape);
            }
        }
        match self.allocate_slowly(bytes, shape) {
            Some(header) => header,
            None => out_of_memory(bytes),
        }
    }

    /// As [`Vm::allocate`], but raises MemoryError.
    pub fn try_allocate(&mut self, bytes: usize, shape: ShapeId) -> Outcome<*mut Header> {
        if bytes <= LARGEST_CELL {
            return Ok(self.allocate(bytes, shape));
        }
        match self.allocate_slowly(bytes, shape) {
            Some(header) => Ok(header),
            None => Err(self.raise_memory_error()),
        }
    }

    #[cold]
    #[inline(never)]
    fn allocate_slowly(&mut self, bytes: usize, shape: ShapeId) -> Option<*mut Header> {
        use super::collect::GcCause;
        if self.heap.stress_is_due() {
            self.collect(GcCause::Stress);
        }
        if bytes > LARGEST_CELL {
            if self.heap.must_collect(bytes) {
                self.collect(GcCause::Allocation);
            }
            let address = self.heap.large.allocate(bytes)?;
            self.heap.bytes_since_collection += bytes;
            self.heap.objects_since_collection += 1;
            let clocks = self.heap.clocks.as_mut();
            let weight = clocks.map_or(0, |clocks| {
                let weight = clocks.weight(CELL_SIZES.len(), bytes as u64);
                clocks.pass(CELL_SIZES.len(), bytes as u64);
                weight
            });
            let header = write_header(address, shape);
            self.allocation_sampled(shape, bytes, weight);
            return Some(header);
        }
        if self.heap.must_collect(0) {
            self.collect(GcCause::Allocation);
        }
        let index = CLASS_OF[bytes.div_ceil(GRANULE)] as usize;
        let weight = match self.heap.refill(index) {
            Some(weight) => weight,
            None => {
                self.collect(GcCause::Exhausted);
                self.heap.refill(index)?
            }
        };
        let class = &mut self.heap.classes[index];
        let address = class.cursor;
        class.cursor += class.cell;
        let (bytes, header) = (class.cell, write_header(address, shape));
        self.allocation_sampled(shape, bytes, weight);
        Some(header)
    }

    fn allocation_sampled(&mut self, shape: ShapeId, bytes: usize, weight: u64) {
        if weight > 0
            && let Some(hook) = self.heap.sample_hook
        {
            hook(self, shape, bytes, weight);
        }
    }
}

#[inline(always)]
fn write_header(address: usize, shape: ShapeId) -> *mut Header {
    let header = address as *mut Header;
    // SAFETY: the address is that of a free cell or large object of at least 16 bytes that no one else refers to.
    unsafe { header.write(Header::new(shape)) };
    header
}

#[cold]
fn out_of_memory(bytes: usize) -> ! {
    eprintln!("jitvm: out of memory: an allocation of {bytes} bytes failed");
    std::process::exit(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_gets_the_smallest_class_that_holds_it() {
        for bytes in 1..=LARGEST_CELL {
            let usable = Heap::usable_bytes(bytes);
            assert!(usable >= bytes);
            let best = CELL_SIZES.iter().map(|&c| c as usize).find(|&c| c >= bytes);
            assert_eq!(Some(usable), best, "{bytes}");
        }
    }
}
