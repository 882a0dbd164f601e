//! Code memory: one region near the program, written and executed in turns, never both at once.

use std::io;
use std::ptr;

use super::entry::{self, ExitHandler};

const LIMIT: usize = 64 << 20;
const PAGE: usize = 4096;
/// Memory is made usable in steps of this size, and its pages are touched at once: a first write costs a page fault.
const STEP: usize = 256 << 10;
/// Start of every piece of code; a cache line.
pub(super) const ALIGNMENT: usize = 64;

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

#[derive(Debug)]
pub struct Arena {
    base: usize,
    used: usize,
    committed: usize,
    exit_path: CodeRange,
    /// Bytes that stay free behind each piece of code.
    gap: usize,
}

/// A message for a failed system call, with what it was for.
fn failure(what: &str) -> io::Error {
    let error = io::Error::last_os_error();
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

impl Arena {
    /// Reserves the region and installs the exit path, which calls `handler`.
    pub fn new(handler: ExitHandler, gap: usize) -> io::Result<Arena> {
        let base = reserve()?;
        let nowhere = CodeRange { start: base, size: 0 };
        let mut arena = Arena { base, used: 0, committed: 0, exit_path: nowhere, gap };
        let code = entry::exit_path(base, handler);
        let range = arena.install(&code)?.expect("a fresh arena has room for the exit path");
        arena.exit_path = range;
        crate::defect::machine_code_is_at(CodeRange { start: base, size: LIMIT });
        Ok(arena)
    }

    /// First address and size of what can be used so far.
    pub const fn range(&self) -> (usize, usize) {
        (self.base, self.committed)
    }

    /// Bytes of code installed, with their alignment.
    pub const fn used(&self) -> usize {
        self.used
    }
    /// Bytes of memory in use for it.
    pub const fn committed(&self) -> usize {
        self.committed
    }
    /// Bytes it may grow to.
    pub const fn limit(&self) -> usize {
        LIMIT
    }
    /// The bytes of an installed piece.
    pub fn bytes(&self, range: CodeRange) -> &[u8] {
        assert!(self.contains(range.start) && range.end() <= self.base + self.used, "code outside the arena");
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
    /// Address the next installed piece will have.
    pub const fn next(&self) -> usize {
        self.base + self.used
    }
    /// Whether a `call rel32` from anywhere in the arena gets there.
    pub fn reaches(&self, target: usize) -> bool {
        [self.base, self.base + LIMIT].iter().all(|from| i32::try_from(target.wrapping_sub(*from) as isize).is_ok())
    }
    pub const fn contains(&self, address: usize) -> bool {
        address >= self.base && address < self.base + self.used
    }

    /// Copies code that was assembled for [`Arena::next`] there; `None` if it does not fit.
    pub fn install(&mut self, code: &[u8]) -> io::Result<Option<CodeRange>> {
        let start = self.next();
        if code.len() > LIMIT - self.used {
            return Ok(None);
        }
        let end = self.used + code.len();
        if end > self.committed {
            self.commit(end)?;
        }
        self.write(start, code)?;
        self.used = (end + self.gap).next_multiple_of(ALIGNMENT).min(LIMIT);
        Ok(Some(CodeRange { start, size: code.len() }))
    }

    /// Makes the jump or call whose displacement is at `address` go to `target`.
    pub fn patch_rel32(&mut self, address: usize, target: usize) -> io::Result<()> {
        assert!(self.contains(address) && self.contains(address + 3), "patch outside the arena");
        let distance = target.wrapping_sub(address + 4) as isize;
        let displacement =
            i32::try_from(distance).map_err(|_| io::Error::other(format!("{target:#x} is out of a jump's reach")))?;
        self.write(address, &displacement.to_le_bytes())
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
        let target = needed.next_multiple_of(STEP).min(LIMIT);
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
        unsafe { libc::munmap(self.base as *mut libc::c_void, LIMIT) };
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
fn reserve() -> io::Result<usize> {
    let program = entry::enter as *const () as usize;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let near = |address: usize| address.abs_diff(program) < (1 << 31) - 2 * LIMIT;
    for step in 1..16 {
        let hint = (program & !(LIMIT - 1)).saturating_sub(step * LIMIT);
        // SAFETY: a fresh mapping where nothing is: a hint is not MAP_FIXED.
        let address = unsafe { libc::mmap(hint as *mut libc::c_void, LIMIT, libc::PROT_NONE, flags, -1, 0) };
        if address == libc::MAP_FAILED {
            return Err(failure("reserving code memory"));
        }
        if near(address as usize) || step == 15 {
            return Ok(address as usize);
        }
        // SAFETY: the mapping was just made and nothing refers to it.
        unsafe { libc::munmap(address, LIMIT) };
    }
    unreachable!("the last step returns")
}
