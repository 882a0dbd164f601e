//! Code memory: one bounded region near the program, written and executed in turns, never both at once.
//!
//! Code goes where most room is: at first that is behind all other code, later where code was that is gone. Whoever
//! gives a piece back vouches that nothing will execute it; it is filled with traps.

use std::io;
use std::ptr;

use super::entry::{self, ExitHandler};

/// Most that there can be: every call and jump in it must reach the program.
pub const LARGEST: usize = 64 << 20;
/// Least that is of use: the exit path and some traces.
pub const SMALLEST: usize = 16 << 10;
const PAGE: usize = 4096;
/// Memory is made usable in steps of this size, and its pages are touched at once: a first write costs a page fault.
const STEP: usize = 256 << 10;
/// Start of every piece of code; a cache line.
pub const ALIGNMENT: usize = 64;

/// A piece of installed code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeRange {
    pub start: usize,
    pub size: usize,
}

impl CodeRange {
    pub const fn end(self) -> usize {
        self.start + self.size
    }
    pub const fn contains(self, address: usize) -> bool {
        address >= self.start && address < self.end()
    }
}

/// How much memory there is for code, and what becomes of that of code that is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Most bytes of code at a time.
    pub limit: usize,
    /// Bytes that stay free behind each piece of code.
    pub gap: usize,
    /// No address is used twice, since somebody believes for good what was once said of it.
    pub keeps_addresses: bool,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { limit: LARGEST, gap: 0, keeps_addresses: false }
    }
}

#[derive(Debug)]
pub struct Arena {
    base: usize,
    /// Bytes of address space.
    size: usize,
    bounds: Bounds,
    /// Bytes of code installed and not given back, with their alignment.
    used: usize,
    committed: usize,
    /// What is free, by address; no two of them touch.
    free: Vec<CodeRange>,
    exit_path: CodeRange,
}

/// A message for a failed system call, with what it was for.
fn failure(what: &str) -> io::Error {
    let error = io::Error::last_os_error();
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

impl Arena {
    /// Reserves the region and installs the exit path, which calls `handler`.
    pub fn new(handler: ExitHandler, bounds: Bounds) -> io::Result<Arena> {
        let limit = bounds.limit.clamp(SMALLEST, LARGEST).next_multiple_of(PAGE);
        let size = if bounds.keeps_addresses { LARGEST } else { limit };
        let base = reserve(size)?;
        let whole = CodeRange { start: base, size };
        let exit_path = CodeRange { start: base, size: 0 };
        let bounds = Bounds { limit, ..bounds };
        let mut arena = Arena { base, size, bounds, used: 0, committed: 0, free: vec![whole], exit_path };
        let code = entry::exit_path(base, handler);
        let range = arena.install(&code)?.expect("a fresh arena has room for the exit path");
        arena.exit_path = range;
        crate::defect::machine_code_is_at(whole);
        Ok(arena)
    }

    /// First address and size of what can be used so far.
    pub const fn range(&self) -> (usize, usize) {
        (self.base, self.committed)
    }

    /// Bytes of code installed and not given back, with their alignment.
    pub const fn used(&self) -> usize {
        self.used
    }
    /// Bytes of memory in use for it.
    pub const fn committed(&self) -> usize {
        self.committed
    }
    /// Bytes it may grow to.
    pub const fn limit(&self) -> usize {
        self.bounds.limit
    }
    /// The whole region.
    pub const fn region(&self) -> CodeRange {
        CodeRange { start: self.base, size: self.size }
    }
    /// The bytes of an installed piece.
    pub fn bytes(&self, range: CodeRange) -> &[u8] {
        assert!(self.contains(range.start) && range.end() <= self.base + self.committed, "code outside the arena");
        // SAFETY: the range lies in the used part of the mapping, which is readable and changes only through `self`.
        unsafe { std::slice::from_raw_parts(range.start as *const u8, range.size) }
    }
    /// Where every stub goes in the end.
    pub(super) const fn exit_path(&self) -> usize {
        self.exit_path.start
    }
    /// The path that all exits share.
    pub const fn exit_code(&self) -> CodeRange {
        self.exit_path
    }
    /// Where most room is.
    fn largest(&self) -> CodeRange {
        let by_size = self.free.iter().max_by_key(|range| (range.size, std::cmp::Reverse(range.start)));
        by_size.copied().unwrap_or(CodeRange { start: self.base, size: 0 })
    }
    /// Address the next installed piece will have.
    pub fn next(&self) -> usize {
        self.largest().start
    }
    /// Whether a `call rel32` from anywhere in the arena gets there.
    pub fn reaches(&self, target: usize) -> bool {
        [self.base, self.base + self.size].iter().all(|from| i32::try_from(target.wrapping_sub(*from) as isize).is_ok())
    }
    pub const fn contains(&self, address: usize) -> bool {
        address >= self.base && address < self.base + self.committed
    }

    /// What a piece of so many bytes takes up.
    const fn taken(&self, bytes: usize) -> usize {
        (bytes + self.bounds.gap).next_multiple_of(ALIGNMENT)
    }
    /// Whether a piece of so many bytes fits now.
    pub fn has_room(&self, bytes: usize) -> bool {
        let taken = self.taken(bytes);
        taken <= self.largest().size && self.used + taken <= self.bounds.limit
    }
    /// Whether it would with no other code there.
    pub fn could_have_room(&self, bytes: usize) -> bool {
        self.taken(self.exit_path.size) + self.taken(bytes) <= self.bounds.limit
    }

    /// Copies code that was assembled for [`Arena::next`] there; `None` if it does not fit.
    pub fn install(&mut self, code: &[u8]) -> io::Result<Option<CodeRange>> {
        if !self.has_room(code.len()) {
            return Ok(None);
        }
        let start = self.next();
        let end = start + code.len() - self.base;
        if end > self.committed {
            self.commit(end)?;
        }
        self.write(start, code)?;
        let taken = self.taken(code.len());
        self.used += taken;
        let free = self.free.iter().position(|range| range.start == start).expect("next() is the start of one");
        self.free[free] = CodeRange { start: start + taken, size: self.free[free].size - taken };
        if self.free[free].size == 0 {
            self.free.remove(free);
        }
        Ok(Some(CodeRange { start, size: code.len() }))
    }

    /// Gives back the memory of an installed piece, which nothing will execute any more.
    pub fn release(&mut self, range: CodeRange) -> io::Result<()> {
        const TRAP: u8 = 0xcc;
        let freed = CodeRange { start: range.start, size: self.taken(range.size) };
        self.write(range.start, &vec![TRAP; range.size])?;
        self.used -= freed.size;
        if self.bounds.keeps_addresses {
            return Ok(());
        }
        let at = self.free.partition_point(|free| free.start < freed.start);
        debug_assert!(self.free.get(at).is_none_or(|next| freed.end() <= next.start), "released twice");
        self.free.insert(at, freed);
        if self.free.get(at + 1).is_some_and(|next| next.start == freed.end()) {
            self.free[at].size += self.free.remove(at + 1).size;
        }
        if at > 0 && self.free[at - 1].end() == freed.start {
            self.free[at - 1].size += self.free.remove(at).size;
        }
        Ok(())
    }

    /// Where the jump or call whose displacement is at `address` goes.
    pub fn target_of(&self, address: usize) -> usize {
        let bytes = self.bytes(CodeRange { start: address, size: 4 });
        let displacement = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        (address + 4).wrapping_add_signed(displacement as isize)
    }

    /// Makes the jump or call whose displacement is at `address` go to `target`.
    pub fn patch_rel32(&mut self, address: usize, target: usize) -> io::Result<()> {
        assert!(self.contains(address) && self.contains(address + 3), "patch outside the arena");
        let distance = target.wrapping_sub(address + 4) as isize;
        let displacement =
            i32::try_from(distance).map_err(|_| io::Error::other(format!("{target:#x} is out of a jump's reach")))?;
        self.write(address, &displacement.to_le_bytes())
    }

    /// Makes the five bytes at `address` a jump to `target`.
    pub fn divert(&mut self, address: usize, target: usize) -> io::Result<()> {
        const JUMP: u8 = 0xe9;
        self.write(address, &[JUMP])?;
        self.patch_rel32(address + 1, target)
    }

    /// Writes to committed memory, which is not executable meanwhile.
    fn write(&mut self, address: usize, bytes: &[u8]) -> io::Result<()> {
        let first = address / PAGE * PAGE;
        let size = (address + bytes.len()).next_multiple_of(PAGE) - first;
        protect(first, size, libc::PROT_READ | libc::PROT_WRITE)?;
        // SAFETY: the range lies in this mapping, was just made writable, and no thread executes it: the VM has one.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), address as *mut u8, bytes.len()) };
        protect(first, size, libc::PROT_READ | libc::PROT_EXEC)
    }

    /// Makes the first `needed` bytes usable, rounded up.
    fn commit(&mut self, needed: usize) -> io::Result<()> {
        let target = needed.next_multiple_of(STEP).min(self.size);
        let (start, size) = (self.base + self.committed, target - self.committed);
        protect(start, size, libc::PROT_READ | libc::PROT_WRITE)?;
        for page in (start..start + size).step_by(PAGE) {
            // SAFETY: the page lies in this mapping, is writable and unused. int3 traps a stray jump.
            unsafe { ptr::write_bytes(page as *mut u8, 0xcc, PAGE) };
        }
        protect(start, size, libc::PROT_READ | libc::PROT_EXEC)?;
        self.committed = target;
        Ok(())
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the mapping is this arena's own and as long.
        unsafe { libc::munmap(self.base as *mut libc::c_void, self.size) };
    }
}

fn protect(address: usize, size: usize, protection: i32) -> io::Result<()> {
    // SAFETY: callers pass page-aligned ranges of the arena's own mapping.
    match unsafe { libc::mprotect(address as *mut libc::c_void, size, protection) } {
        0 => Ok(()),
        _ => Err(failure("changing the protection of code memory")),
    }
}

/// Address space for the whole arena, below the program where it can be had: above it the heap grows.
fn reserve(size: usize) -> io::Result<usize> {
    let program = entry::enter as *const () as usize;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let near = |address: usize| address.abs_diff(program) < (1 << 31) - 2 * LARGEST;
    for step in 1..16 {
        let hint = (program & !(LARGEST - 1)).saturating_sub(step * LARGEST);
        // SAFETY: a fresh mapping where nothing is: a hint is not MAP_FIXED.
        let address = unsafe { libc::mmap(hint as *mut libc::c_void, size, libc::PROT_NONE, flags, -1, 0) };
        if address == libc::MAP_FAILED {
            return Err(failure("reserving code memory"));
        }
        if near(address as usize) || step == 15 {
            return Ok(address as usize);
        }
        // SAFETY: the mapping was just made and nothing refers to it.
        unsafe { libc::munmap(address, size) };
    }
    unreachable!("the last step returns")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::ExitState;
    use crate::runtime::vm::Vm;

    extern "C" fn no_exit(_: *mut Vm, _: *mut ExitState) -> u64 {
        0
    }

    fn arena(bounds: Bounds) -> Arena {
        Arena::new(no_exit, bounds).expect("memory for code")
    }

    fn install(arena: &mut Arena, size: usize) -> Option<CodeRange> {
        arena.install(&vec![0x90; size]).expect("system calls work")
    }

    #[test]
    fn memory_of_code_that_is_gone_is_used_again_and_neighbours_are_joined() {
        let mut arena = arena(Bounds { limit: SMALLEST, ..Bounds::default() });
        let mut pieces: Vec<CodeRange> = std::iter::from_fn(|| install(&mut arena, 1000)).collect();
        assert!(pieces.len() >= 14 && pieces.windows(2).all(|two| two[0].end() <= two[1].start));
        assert!(!arena.has_room(1000) && arena.used() <= arena.limit());
        let (one, other) = (pieces.remove(7), pieces.remove(6));
        let before = arena.used();
        arena.release(one).expect("system calls work");
        assert!(arena.has_room(1000) && !arena.has_room(2000));
        assert_eq!(arena.bytes(one)[0], 0xcc);
        arena.release(other).expect("system calls work");
        assert_eq!(before - arena.used(), 2048);
        assert_eq!(install(&mut arena, 2000).map(|range| range.start), Some(other.start));
        for range in pieces {
            arena.release(range).expect("system calls work");
        }
        assert!(arena.could_have_room(8000) && !arena.could_have_room(SMALLEST));
    }

    #[test]
    fn an_address_that_is_believed_for_good_is_not_used_again() {
        let mut arena = arena(Bounds { limit: SMALLEST, gap: 128, keeps_addresses: true });
        let mut last = 0;
        for _ in 0..50 {
            let range = install(&mut arena, 10_000).expect("the limit is on what is there at a time");
            assert!(range.start > last && install(&mut arena, 10_000).is_none());
            last = range.end();
            arena.release(range).expect("system calls work");
        }
    }
}
