//! The file as mapped memory: the only module that turns file offsets into pointers.
//!
//! The mapping is made once, as long as the file may ever become, so pointers into it never move. Only the part below
//! `ready_blocks` may be touched; beyond it there is no file, and an access would raise SIGBUS. `space` keeps that.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// A shared mapping of a file that may be shorter than the mapping, or memory in place of one.
///
/// It is never unmapped, only shortened at close: machine code may hold counter addresses for the life of the process.
pub struct Map {
    base: NonNull<u8>,
    bytes: AtomicUsize,
    /// Whether the mapping is the file: one of the states below.
    state: AtomicU8,
    /// Whether it ever ceased to be the file before its time.
    lost: AtomicBool,
    /// The map made before this one.
    next: AtomicPtr<Map>,
}

/// Stores reach the file.
const ATTACHED: u8 = 0;
/// A thread is just replacing the mapping.
const REPLACING: u8 = 1;
/// Memory of the process's own: the file was cut, or this is a forked child.
const REPLACED: u8 = 2;
/// A private copy: the log is closed.
const DETACHED: u8 = 3;

/// Every map of the process, the newest first, for signal and fork handlers.
static MAPS: AtomicPtr<Map> = AtomicPtr::new(std::ptr::null_mut());

// SAFETY: the mapping belongs to the process, not to a thread; access is atomic or, in `slice`, exclusive.
unsafe impl Send for Map {}
// SAFETY: as for Send.
unsafe impl Sync for Map {}

impl Map {
    /// A mapping of the file or, of None, of memory of the process's own.
    pub fn new(file: Option<&File>, bytes: usize) -> io::Result<&'static Map> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let (kind, descriptor) = match file {
            Some(file) => (libc::MAP_SHARED, file.as_raw_fd()),
            None => (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1),
        };
        // SAFETY: a new mapping at an address of the kernel's choice; nothing of ours is replaced.
        let mapped =
            unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, kind | libc::MAP_NORESERVE, descriptor, 0) };
        match NonNull::new(mapped.cast()) {
            Some(base) if mapped != libc::MAP_FAILED => {
                // A child that does not run our fork handler must not have the file either. Best effort.
                // SAFETY: the range is the mapping just made.
                unsafe { libc::madvise(mapped, bytes, libc::MADV_DONTFORK) };
                let map = Map {
                    base,
                    bytes: AtomicUsize::new(bytes),
                    state: AtomicU8::new(ATTACHED),
                    lost: AtomicBool::new(false),
                    next: AtomicPtr::default(),
                };
                let map: &'static Map = Box::leak(Box::new(map));
                map.enlist();
                Ok(map)
            }
            _ => Err(io::Error::last_os_error()),
        }
    }

    fn enlist(&'static self) {
        let mut head = MAPS.load(Ordering::Acquire);
        loop {
            self.next.store(head, Ordering::Relaxed);
            let this = std::ptr::from_ref(self).cast_mut();
            match MAPS.compare_exchange_weak(head, this, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// All maps of the process. Takes no lock and no memory, so signal handlers may call it.
    pub fn all() -> impl Iterator<Item = &'static Map> {
        let get = |pointer: &AtomicPtr<Map>| {
            // SAFETY: the list holds only leaked maps, which live for ever and are only shared.
            unsafe { pointer.load(Ordering::Acquire).as_ref() }
        };
        std::iter::successors(get(&MAPS), move |map| get(&map.next))
    }

    /// Whether an address lies in the mapping.
    pub fn contains(&self, address: usize) -> bool {
        let start = self.base.as_ptr() as usize;
        (start..start + self.bytes.load(Ordering::Relaxed)).contains(&address)
    }

    /// Whether the mapping ceased to be the file before the log was closed.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Whether stores still reach the file.
    pub fn is_attached(&self) -> bool {
        self.state.load(Ordering::Acquire) == ATTACHED
    }

    /// Puts memory of the process's own, zeros, in place of the mapping. Addresses stay valid; nothing reaches the file
    /// any more. May be called from a signal handler. False if the system refuses.
    pub fn lose(&self) -> bool {
        let swap = |old, new| self.state.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire);
        if swap(ATTACHED, REPLACING).or_else(|_| swap(DETACHED, REPLACING)).is_err() {
            // Another thread is at it, or was.
            while self.state.load(Ordering::Acquire) == REPLACING {
                std::hint::spin_loop();
            }
            return self.state.load(Ordering::Acquire) == REPLACED;
        }
        self.lost.store(true, Ordering::Release);
        // SAFETY: replaces exactly our own mapping; what is stored there is plain numbers without invariants.
        let mapped = unsafe {
            libc::mmap(
                self.base.as_ptr().cast(),
                self.bytes.load(Ordering::Relaxed),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        let done = mapped != libc::MAP_FAILED;
        self.state.store(if done { REPLACED } else { ATTACHED }, Ordering::Release);
        done
    }

    /// Lets go of the memory of a range that nobody needs soon; the file keeps its contents.
    pub fn release(&self, offset: usize, bytes: usize) {
        let start = self.pointer(offset, bytes);
        // SAFETY: the range is part of our shared mapping: the next access finds the same contents in the file.
        unsafe { libc::madvise(start.cast(), bytes, libc::MADV_DONTNEED) };
    }

    #[inline]
    fn pointer(&self, offset: usize, bytes: usize) -> *mut u8 {
        let end = offset.checked_add(bytes);
        assert!(end.is_some_and(|end| end <= self.bytes.load(Ordering::Relaxed)), "an offset lies inside the mapping");
        // SAFETY: offset + bytes is within the mapping, which is never unmapped there.
        unsafe { self.base.as_ptr().add(offset) }
    }

    /// An aligned word of a ready block.
    pub fn word64(&self, offset: usize) -> &AtomicU64 {
        let pointer = self.pointer(offset, 8);
        assert!(offset.is_multiple_of(8), "a word is aligned");
        // SAFETY: in bounds and aligned (the mapping starts at a page); shared words are only accessed atomically.
        unsafe { AtomicU64::from_ptr(pointer.cast()) }
    }

    /// An aligned half word of a ready block.
    pub fn word32(&self, offset: usize) -> &AtomicU32 {
        let pointer = self.pointer(offset, 4);
        assert!(offset.is_multiple_of(4), "a half word is aligned");
        // SAFETY: as for word64.
        unsafe { AtomicU32::from_ptr(pointer.cast()) }
    }

    /// A byte of a ready block.
    pub fn byte(&self, offset: usize) -> &AtomicU8 {
        // SAFETY: in bounds; bytes need no alignment and are only accessed atomically.
        unsafe { AtomicU8::from_ptr(self.pointer(offset, 1)) }
    }

    /// Part of a ready block to write to.
    ///
    /// # Safety
    /// No other thread may access that part until the caller publishes it with a release store outside of it.
    #[allow(clippy::mut_from_ref)]
    #[inline]
    pub unsafe fn slice(&self, offset: usize, bytes: usize) -> &mut [u8] {
        // SAFETY: in bounds, and the caller has the part to itself.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(offset, bytes), bytes) }
    }

    /// Stores bytes, a multiple of 8 at an aligned offset, word by word.
    pub fn store(&self, offset: usize, data: &[u8]) {
        for (index, word) in data.chunks_exact(8).enumerate() {
            let word = u64::from_le_bytes(word.try_into().expect("a chunk of 8 has 8 bytes"));
            self.word64(offset + index * 8).store(word, Ordering::Relaxed);
        }
    }

    /// Copies out whole words; sound also while another thread stores to them.
    pub fn load(&self, offset: usize, bytes: usize) -> Vec<u8> {
        let mut data = vec![0u8; bytes];
        for (index, word) in data.chunks_exact_mut(8).enumerate() {
            word.copy_from_slice(&self.word64(offset + index * 8).load(Ordering::Acquire).to_le_bytes());
        }
        data
    }

    /// Gives a newly allocated part its pages now, so that no thread faults on them later, and so that a full disk is
    /// an error here rather than a signal there.
    pub fn populate(&self, offset: usize, bytes: usize) -> io::Result<()> {
        let start = self.pointer(offset, bytes);
        // SAFETY: the range is part of our mapping; populating changes no contents.
        if unsafe { libc::madvise(start.cast(), bytes, libc::MADV_POPULATE_WRITE) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINVAL) {
            return Err(error);
        }
        // Kernels before 5.14: touch the pages. The file has its blocks already.
        for page in (offset..offset + bytes).step_by(4096) {
            self.byte(page).fetch_or(0, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Detaches the first `bytes` from the file and unmaps the rest. What was written stays readable; what is written
    /// from now on stays in memory, so addresses that outlive the log remain valid and harmless.
    ///
    /// Memory that never was the file's only gets shorter.
    pub fn detach(&self, file: Option<&File>, bytes: usize) -> io::Result<()> {
        let whole = self.bytes.swap(bytes, Ordering::Relaxed);
        let start = self.pointer(0, bytes);
        if bytes < whole {
            // SAFETY: the tail was never handed out: claims end below `bytes`.
            unsafe { libc::munmap(start.add(bytes).cast(), whole - bytes) };
        }
        let Some(file) = file else {
            self.state.store(DETACHED, Ordering::Release);
            return Ok(());
        };
        // SAFETY: replaces exactly pages of our own mapping by private pages of the same file.
        let mapped = unsafe {
            libc::mmap(
                start.cast(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_FIXED | libc::MAP_NORESERVE,
                file.as_raw_fd(),
                0,
            )
        };
        if mapped == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        self.state.store(DETACHED, Ordering::Release);
        Ok(())
    }
}

/// Gives the file blocks on disk for a range beyond its end, and that length.
pub fn allocate(file: &File, offset: u64, bytes: u64) -> io::Result<()> {
    // Asked before, since the kernel answers a transgression with a signal.
    if offset + bytes > file_size_limit() {
        return Err(io::Error::from_raw_os_error(libc::EFBIG));
    }
    loop {
        // SAFETY: a plain system call on a descriptor that `file` keeps open.
        let status = unsafe { libc::fallocate(file.as_raw_fd(), 0, offset as libc::off_t, bytes as libc::off_t) };
        if status == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            // File systems without fallocate: zeros allocate just as well.
            Some(libc::EOPNOTSUPP | libc::ENOSYS) => return write_zeros(file, offset, bytes),
            _ => return Err(error),
        }
    }
}

fn write_zeros(file: &File, offset: u64, bytes: u64) -> io::Result<()> {
    use std::os::unix::fs::FileExt;
    let zeros = vec![0u8; 1 << 16];
    let mut at = offset;
    while at < offset + bytes {
        let part = (offset + bytes - at).min(zeros.len() as u64) as usize;
        file.write_all_at(&zeros[..part], at)?;
        at += part as u64;
    }
    Ok(())
}

/// Frees the disk space of a range inside the file. Best effort: where it fails the file is merely larger.
pub fn punch_hole(file: &File, offset: u64, bytes: u64) {
    let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    // SAFETY: a plain system call on a descriptor that `file` keeps open.
    unsafe { libc::fallocate(file.as_raw_fd(), mode, offset as libc::off_t, bytes as libc::off_t) };
}

fn file_size_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: `limit` is a valid rlimit that lives through the call.
    unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &mut limit) };
    limit.rlim_cur
}
