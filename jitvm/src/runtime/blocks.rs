//! The space of 32 KiB blocks: cells of one size each, mark bits on the side, and the lazy sweep.
//!
//! All blocks lie in one reserved range of addresses, so "is this a cell?" is a comparison, and the mark bit of an
//! address is bit `(address - base) / 16` of one bitmap. No allocation bits are needed: sweeping goes upwards through
//! a block, so a cell is an object if it lies below the block's `swept` mark, or if its mark bit is set.

/// Bytes of a block, and its alignment.
pub const BLOCK_BYTES: usize = 32 << 10;
/// Objects are multiples of this many bytes, and one mark bit stands for so many.
pub const GRANULE: usize = 16;

const WORDS_PER_BLOCK: usize = BLOCK_BYTES / GRANULE / 64;
/// Address space asked for; halved until the system agrees.
const RESERVE_BYTES: usize = 64 << 30;
/// Blocks that become part of core files together.
const DUMPED_BLOCKS: usize = 512;
/// Blocks with more than so many eighths of their cells alive are not worth sweeping before the next full collection.
const FULL_EIGHTHS: u32 = 7;
/// Free blocks kept for reuse before memory goes back to the system.
const FREE_BLOCKS_KEPT: usize = 256;

#[derive(Clone, Copy, Debug)]
struct Block {
    /// Bytes of a cell; 0: the block is free.
    cell: u32,
    /// Offset below which every cell is an object or was one at the last collection and is swept.
    swept: u32,
    /// Cells that the last collection found alive.
    live: u32,
}

pub(super) struct BlockSpace {
    /// Start of the reserved range, and of its first aligned block.
    reserved: usize,
    base: usize,
    /// Blocks that fit the reserved range.
    capacity: usize,
    marks: *mut u64,
    blocks: Vec<Block>,
    free: Vec<u32>,
    /// So many of the first entries of `free` have no memory any more.
    released: usize,
}

impl BlockSpace {
    pub(super) fn new() -> BlockSpace {
        let mut bytes = RESERVE_BYTES;
        loop {
            let reserved = reserve(bytes + BLOCK_BYTES);
            let marks = reserve(bytes / GRANULE / 8);
            if let (Some(address), Some(marks)) = (reserved, marks) {
                let base = address.next_multiple_of(BLOCK_BYTES);
                let capacity = bytes / BLOCK_BYTES;
                // Or gdb would write all of the reserved range into a core file.
                advise(address, bytes + BLOCK_BYTES, libc::MADV_DONTDUMP);
                advise(marks, bytes / GRANULE / 8, libc::MADV_DONTDUMP);
                let (blocks, free) = (Vec::new(), Vec::new());
                let marks = marks as *mut u64;
                return BlockSpace { reserved: address, base, capacity, marks, blocks, free, released: 0 };
            }
            release(reserved, bytes + BLOCK_BYTES);
            release(marks, bytes / GRANULE / 8);
            bytes /= 2;
            assert!(bytes >= BLOCK_BYTES, "the system grants address space for at least one block");
        }
    }

    /// Address and size of what has ever been used: of blocks and of marks.
    pub fn ranges(&self) -> [(usize, usize); 2] {
        let bytes = self.blocks.len() * BLOCK_BYTES;
        [(self.base, bytes), (self.marks as usize, bytes / GRANULE / 8)]
    }

    pub fn blocks_in_use(&self) -> usize {
        self.blocks.len() - self.free.len()
    }

    /// True for an address inside a block, used or free.
    #[inline(always)]
    pub fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.base) < self.blocks.len() * BLOCK_BYTES
    }

    /// Start of the object that an arbitrary word points into, going by the marks of the last collection.
    pub fn object_at(&self, address: usize) -> Option<usize> {
        if !self.contains(address) {
            return None;
        }
        let offset = address - self.base;
        let block = &self.blocks[offset / BLOCK_BYTES];
        if block.cell == 0 {
            return None;
        }
        let within = (offset % BLOCK_BYTES) as u32;
        let start = within / block.cell * block.cell;
        if start + block.cell > BLOCK_BYTES as u32 {
            return None;
        }
        let cell = address - (within - start) as usize;
        (start < block.swept || self.is_marked(cell)).then_some(cell)
    }

    /// Bytes of the cell at an address; `None` outside of blocks.
    pub fn cell_bytes(&self, address: usize) -> Option<usize> {
        self.contains(address).then(|| self.blocks[(address - self.base) / BLOCK_BYTES].cell as usize)
    }

    #[inline(always)]
    fn mark_position(&self, address: usize) -> (*mut u64, u64) {
        let bit = (address - self.base) / GRANULE;
        // SAFETY: the address lies in a block, and the bitmap has one bit for each granule of the reserved range.
        (unsafe { self.marks.add(bit / 64) }, 1 << (bit % 64))
    }

    #[inline(always)]
    pub fn is_marked(&self, address: usize) -> bool {
        let (word, bit) = self.mark_position(address);
        // SAFETY: `mark_position` points into the bitmap.
        unsafe { *word & bit != 0 }
    }

    /// Marks a cell; false if it was marked already.
    #[inline(always)]
    pub fn mark(&mut self, address: usize) -> bool {
        let (word, bit) = self.mark_position(address);
        // SAFETY: `mark_position` points into the bitmap.
        unsafe {
            let before = *word;
            *word = before | bit;
            before & bit == 0
        }
    }

    /// All cells that are marked.
    pub fn all_marked(&self) -> Vec<usize> {
        let mut found = Vec::new();
        for (index, block) in self.blocks.iter().enumerate().filter(|(_, block)| block.cell != 0) {
            let start = self.base + index * BLOCK_BYTES;
            let cell = block.cell as usize;
            let cells = (0..=BLOCK_BYTES - cell).step_by(cell).map(|offset| start + offset);
            found.extend(cells.filter(|&address| self.is_marked(address)));
        }
        found
    }

    /// Each marked cell and its bytes.
    pub fn for_each_marked(&self, f: &mut dyn FnMut(usize, usize)) {
        for (index, block) in self.blocks.iter().enumerate().filter(|(_, block)| block.cell != 0) {
            // SAFETY: as in `mark_words`.
            let words = unsafe { std::slice::from_raw_parts(self.marks.add(index * WORDS_PER_BLOCK), WORDS_PER_BLOCK) };
            let start = self.base + index * BLOCK_BYTES;
            for (position, &word) in words.iter().enumerate() {
                let mut rest = word;
                while rest != 0 {
                    f(start + (position * 64 + rest.trailing_zeros() as usize) * GRANULE, block.cell as usize);
                    rest &= rest - 1;
                }
            }
        }
    }

    fn mark_words(&mut self, block: usize) -> &mut [u64] {
        // SAFETY: the bitmap has `WORDS_PER_BLOCK` words for each block of the range, and `block` is below its length.
        unsafe { std::slice::from_raw_parts_mut(self.marks.add(block * WORDS_PER_BLOCK), WORDS_PER_BLOCK) }
    }

    pub fn clear_marks(&mut self) {
        for block in 0..self.blocks.len() {
            self.mark_words(block).fill(0);
        }
    }

    /// A block for cells of the given size; `None` when the range is used up.
    pub fn take(&mut self, cell: u32) -> Option<u32> {
        let block = match self.free.pop() {
            Some(block) => {
                self.released = self.released.min(self.free.len());
                block
            }
            None if self.blocks.len() < self.capacity => {
                if self.blocks.len().is_multiple_of(DUMPED_BLOCKS) {
                    let start = self.base + self.blocks.len() * BLOCK_BYTES;
                    advise(start, DUMPED_BLOCKS * BLOCK_BYTES, libc::MADV_DODUMP);
                }
                self.blocks.push(Block { cell: 0, swept: 0, live: 0 });
                self.blocks.len() as u32 - 1
            }
            None => return None,
        };
        self.blocks[block as usize] = Block { cell, swept: 0, live: 0 };
        self.mark_words(block as usize).fill(0);
        Some(block)
    }

    /// Everything in the block below `address` has been handed out or is alive.
    pub fn set_swept(&mut self, block: u32, address: usize) {
        self.blocks[block as usize].swept = (address - self.address_of(block)) as u32;
    }

    fn address_of(&self, block: u32) -> usize {
        self.base + block as usize * BLOCK_BYTES
    }

    /// Next run of free cells of a block as start and end addresses; `None` when it is swept through.
    pub fn next_free(&mut self, block: u32) -> Option<(usize, usize)> {
        let Block { cell, swept, .. } = self.blocks[block as usize];
        let base = self.address_of(block);
        let end = BLOCK_BYTES as u32 / cell * cell;
        let mut at = swept;
        while at < end && self.is_marked(base + at as usize) {
            at += cell;
        }
        self.blocks[block as usize].swept = at;
        if at >= end {
            return None;
        }
        let limit = self.next_mark(block, at).unwrap_or(end);
        Some((base + at as usize, base + limit as usize))
    }

    /// Offset of the first marked cell after `offset`, whose own mark is clear.
    fn next_mark(&mut self, block: u32, offset: u32) -> Option<u32> {
        let words = self.mark_words(block as usize);
        let bit = offset as usize / GRANULE;
        let mut index = bit / 64;
        let mut word = words[index] & (!0 << (bit % 64));
        while word == 0 {
            index += 1;
            word = *words.get(index)?;
        }
        Some(((index * 64 + word.trailing_zeros() as usize) * GRANULE) as u32)
    }

    /// After marking: counts live cells and bytes, frees the empty blocks of a class, and starts its sweep anew.
    pub fn finish_class(&mut self, blocks: &mut Vec<u32>, cell: usize) -> (usize, usize) {
        let mut live = 0;
        blocks.retain(|&block| {
            let count: u32 = self.mark_words(block as usize).iter().map(|word| word.count_ones()).sum();
            live += count as usize;
            let kept = count != 0;
            self.blocks[block as usize] = Block { cell: if kept { cell as u32 } else { 0 }, swept: 0, live: count };
            if !kept {
                self.free.push(block);
            }
            kept
        });
        (live, live * cell)
    }

    /// After the marking of a young collection: as [`BlockSpace::finish_class`], but looks only at the blocks from `first`
    /// to `last`, which were swept since the last collection. Moves those with hardly any free cells to the front, and
    /// says where the others begin, and how many more objects live than before.
    pub fn finish_young(&mut self, blocks: &mut Vec<u32>, first: usize, last: usize, cell: usize) -> (usize, isize) {
        let enough = (BLOCK_BYTES / cell) as u32 * FULL_EIGHTHS / 8;
        let (mut full, mut others, mut more) = (Vec::new(), Vec::new(), 0);
        let last = last.min(blocks.len().saturating_sub(1));
        for &block in blocks.get(first..=last).unwrap_or_default() {
            let count: u32 = self.mark_words(block as usize).iter().map(|word| word.count_ones()).sum();
            more += count as isize - self.blocks[block as usize].live as isize;
            let kept = count != 0;
            self.blocks[block as usize] = Block { cell: if kept { cell as u32 } else { 0 }, swept: 0, live: count };
            if !kept {
                self.free.push(block);
            } else if count > enough {
                full.push(block);
            } else {
                others.push(block);
            }
        }
        let begin = first + full.len();
        if first < blocks.len() {
            blocks.splice(first..=last, full.into_iter().chain(others));
        }
        (begin, more)
    }

    /// Gives the memory of free blocks above a reserve back to the system.
    pub fn release_free(&mut self) {
        let kept = FREE_BLOCKS_KEPT.max(self.blocks_in_use() / 2);
        let released = self.released.min(self.free.len());
        self.released = released.max(self.free.len().saturating_sub(kept));
        for &block in &self.free[released..self.released] {
            let address = self.base + block as usize * BLOCK_BYTES;
            // SAFETY: the block is free: nothing refers to its memory, which stays mapped and reads as zero.
            unsafe { libc::madvise(address as *mut libc::c_void, BLOCK_BYTES, libc::MADV_DONTNEED) };
        }
    }

    /// Fills every dead cell of a block with `poison`.
    pub fn poison(&mut self, block: u32, poison: u64) {
        let cell = self.blocks[block as usize].cell as usize;
        let base = self.address_of(block);
        for index in 0..BLOCK_BYTES / cell {
            let address = base + index * cell;
            if !self.is_marked(address) {
                // SAFETY: an unmarked cell after marking is dead; the words are within the block.
                unsafe { std::slice::from_raw_parts_mut(address as *mut u64, cell / 8).fill(poison) };
            }
        }
    }
}

impl Drop for BlockSpace {
    fn drop(&mut self) {
        release(Some(self.reserved), (self.capacity + 1) * BLOCK_BYTES);
        release(Some(self.marks as usize), self.capacity * BLOCK_BYTES / GRANULE / 8);
    }
}

/// Address space that gets memory when touched.
pub fn reserve(bytes: usize) -> Option<usize> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a fresh anonymous mapping affects no existing memory.
    let address = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    (address != libc::MAP_FAILED).then_some(address as usize)
}

/// Tells the system something about a range from [`reserve`]; that it may not listen does no harm.
fn advise(address: usize, bytes: usize, advice: i32) {
    // SAFETY: the range is part of a mapping of ours, and the advice given here leaves its contents alone.
    unsafe { libc::madvise(address as *mut libc::c_void, bytes, advice) };
}

/// Gives a range from [`reserve`] back.
pub fn release(address: Option<usize>, bytes: usize) {
    if let Some(address) = address {
        // SAFETY: the range came from `reserve` and its owner is going away.
        unsafe { libc::munmap(address as *mut libc::c_void, bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_runs_lie_between_marked_cells() {
        let mut space = BlockSpace::new();
        let block = space.take(48).expect("memory");
        let base = space.address_of(block);
        let end = base + BLOCK_BYTES / 48 * 48;
        assert_eq!(space.next_free(block), Some((base, end)));
        for cell in [0, 1, 5, 100] {
            assert!(space.mark(base + cell * 48));
            assert!(!space.mark(base + cell * 48));
        }
        let mut runs = Vec::new();
        while let Some((start, limit)) = space.next_free(block) {
            runs.push(((start - base) / 48, (limit - base) / 48));
            space.set_swept(block, limit);
        }
        assert_eq!(runs, [(2, 5), (6, 100), (101, BLOCK_BYTES / 48)]);
    }

    #[test]
    fn words_are_resolved_to_objects_only_where_there_are_some() {
        let mut space = BlockSpace::new();
        let block = space.take(2048).expect("memory");
        let base = space.address_of(block);
        space.mark(base + 3 * 2048);
        space.set_swept(block, base + 2048);
        assert_eq!(space.object_at(base + 2047), Some(base));
        assert_eq!(space.object_at(base + 2048), None);
        assert_eq!(space.object_at(base + 3 * 2048 + 17), Some(base + 3 * 2048));
        assert_eq!(space.object_at(base + BLOCK_BYTES), None);
        assert_eq!(space.object_at(base - 1), None);
    }
}
