//! Samples from the kernel: a perf event of the VM's thread that ticks with its processor time, whose native call chains
//! the handler finds in a ring of memory that the kernel writes.
//!
//! It needs no privilege: only the thread's own user code is looked at. Chains go by frame pointers, which the VM and
//! its traces have; where a library has none, a chain skips its callers or ends.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};

use perf_event::events::Software;
use perf_event::{Builder, Counter};

/// Bytes of the ring without its first page; a power of two.
const RING: usize = 256 << 10;
const PAGE: usize = 4096;
/// Where in the first page the kernel's and our position are.
const HEAD: usize = 1024;
const TAIL: usize = 1032;
/// `PERF_SAMPLE_CALLCHAIN`, the only thing in a sample.
const CALLCHAIN: u64 = 1 << 5;
/// `PERF_RECORD_SAMPLE`.
const SAMPLE: u32 = 9;
/// Addresses from here on say in which context the ones that follow are.
const CONTEXTS: u64 = -4095_i64 as u64;
/// Innermost native frames that are kept.
pub const DEPTH: usize = 127;

/// The event and its ring.
pub struct KernelSampler {
    counter: Counter,
    ring: *mut u8,
    tail: u64,
}

impl KernelSampler {
    /// An event of the calling thread, which gets SIGPROF at every tick of `period_ns`. Does not tick yet.
    ///
    /// # Errors
    /// The kernel refuses: perf events may be off for this program.
    pub fn new(period_ns: u64) -> io::Result<KernelSampler> {
        let mut builder = Builder::new().kind(Software::CPU_CLOCK);
        builder.exclude_callchain_kernel(true).sample_period(period_ns).wakeup_events(1);
        builder.attrs_mut().sample_type = CALLCHAIN;
        let counter = builder.build()?;
        let (protection, file) = (libc::PROT_READ | libc::PROT_WRITE, counter.as_raw_fd());
        // SAFETY: a fresh mapping affects no existing memory.
        let ring = unsafe { libc::mmap(std::ptr::null_mut(), PAGE + RING, protection, libc::MAP_SHARED, file, 0) };
        if ring == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let sampler = KernelSampler { counter, ring: ring.cast(), tail: 0 };
        let owner = Owner { kind: F_OWNER_TID, thread: this_thread() };
        // SAFETY: the calls are given the file of the event and the structure that the kernel reads.
        let refused = unsafe {
            libc::fcntl(file, libc::F_SETFL, libc::O_ASYNC | libc::O_NONBLOCK) < 0
                || libc::fcntl(file, F_SETSIG, libc::SIGPROF) < 0
                || libc::fcntl(file, F_SETOWN_EX, &raw const owner) < 0
        };
        if refused { Err(io::Error::last_os_error()) } else { Ok(sampler) }
    }

    /// Begins to tick.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn enable(&mut self) -> io::Result<()> {
        self.counter.enable()
    }

    fn position(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: the ring's first page has an aligned word there for as long as the mapping exists.
        unsafe { &*self.ring.add(offset).cast::<AtomicU64>() }
    }

    fn word(&self, at: u64) -> u64 {
        let offset = PAGE + (at as usize & (RING - 1) & !7);
        // SAFETY: inside the ring, whose records are aligned to words. The kernel does not change what it has written
        // before we say that it was read.
        unsafe { std::ptr::read_volatile(self.ring.add(offset).cast::<u64>()) }
    }

    /// The native frames of the latest sample, innermost first, as bytes; what came before is dropped. Allocates nothing.
    pub fn latest<'a>(&mut self, buffer: &'a mut [u8; DEPTH * 8]) -> &'a [u8] {
        let head = self.position(HEAD).load(Ordering::Acquire);
        let mut length = 0;
        while self.tail < head {
            let header = self.word(self.tail);
            let (kind, size) = (header as u32, header >> 48);
            if kind == SAMPLE {
                length = 0;
                let count = self.word(self.tail + 8).min(size.saturating_sub(16) / 8);
                for number in 0..count {
                    let address = self.word(self.tail + 16 + 8 * number);
                    if address < CONTEXTS
                        && let Some(place) = buffer.get_mut(length..length + 8)
                    {
                        place.copy_from_slice(&address.to_le_bytes());
                        length += 8;
                    }
                }
            }
            // A record has at least its header.
            self.tail += size.max(8);
        }
        self.position(TAIL).store(self.tail, Ordering::Release);
        &buffer[..length]
    }
}

impl Drop for KernelSampler {
    fn drop(&mut self) {
        // An event that is going away need not be stopped first.
        let _ = self.counter.disable();
        // SAFETY: the mapping is ours, and nothing reads it any more.
        unsafe { libc::munmap(self.ring.cast(), PAGE + RING) };
    }
}

/// `struct f_owner_ex`.
#[repr(C)]
struct Owner {
    kind: libc::c_int,
    thread: libc::pid_t,
}
const F_OWNER_TID: libc::c_int = 0;
const F_SETSIG: libc::c_int = 10;
const F_SETOWN_EX: libc::c_int = 15;

fn this_thread() -> libc::pid_t {
    // SAFETY: has no preconditions.
    unsafe { libc::gettid() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_come_from_the_ring_or_there_is_a_reason() {
        let sampler = KernelSampler::new(1_000_000);
        match sampler {
            Ok(mut sampler) => assert_eq!(sampler.latest(&mut [0; DEPTH * 8]).len(), 0, "it does not tick yet"),
            Err(error) => assert!(error.raw_os_error().is_some()),
        }
    }
}
