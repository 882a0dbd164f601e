//! Who gets which block: growth of the file, claims, directory entries, and what happens when there is no room.
//!
//! A block is claimed by advancing one counter in the mapped hot page, so a killed process leaves exactly what it
//! had. Growth goes through one lock and is normally done ahead of need by the helper thread.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::thread::Thread;
use std::time::Instant;

use crate::format::layout::{
    BLOCK, BLOCK_MAGIC, BLOCKS_PER_EXTENT, DirEntry, ExtentHeader, HOT_PAGE, HotPage, SUPER_BLOCK, block_offset,
    checksum, entry_offset, hot,
};
use crate::write::defs::lock;
use crate::write::housekeeping::LastWork;
use crate::write::map::{self, Map};
use crate::{BlockKind, BlockState, StopReason, StreamId};

/// Offset of the hot page in the file.
const HOT: usize = SUPER_BLOCK as usize * BLOCK + HOT_PAGE;
/// Blocks of the first allocation, 1 MiB.
pub const FIRST_BLOCKS: u64 = 16;
/// Blocks of the largest allocation step, 64 MiB.
const LARGEST_STEP: u64 = 1024;
/// Blocks populated at a time, 1 MiB: as long as a writer ever waits for another thread's growth.
const POPULATE_STEP: u64 = 16;
/// Blocks kept for definitions, counters and the clock when events run out of room: 4 MiB, or a quarter.
const RESERVE: u64 = 64;

/// What a claim asks for.
#[derive(Clone, Copy)]
pub struct Claim {
    pub kind: BlockKind,
    pub stream: StreamId,
    pub sequence: u64,
    pub ticks: u64,
    /// Contiguous blocks; more than one for a jumbo record.
    pub blocks: u32,
    /// May wait for the file to grow. A signal handler may not: it takes what is ready or nothing.
    pub patient: bool,
}

/// The file, its mapping and its bounds.
pub struct Space {
    pub map: &'static Map,
    /// Whether the file cannot be mapped: then the map is memory, and the helper writes it behind.
    pub is_written_behind: bool,
    file: File,
    header: ExtentHeader,
    /// Blocks the file may have: max_bytes at first, what is there once an allocation failed.
    limit: AtomicU64,
    limit_reason: AtomicU32,
    limit_errno: AtomicU32,
    closed: AtomicBool,
    /// Claims under way: closing waits for them, so that none appears behind the sealer.
    claiming: AtomicU32,
    /// Blocks the file has; those from `ready_blocks` on are not populated yet.
    growing: Mutex<u64>,
    prefault_ns: AtomicU64,
    helper: OnceLock<Thread>,
}

impl Space {
    /// Allocates the first blocks and puts the extent header in place.
    pub fn new(file: File, header: ExtentHeader, max_bytes: u64, mapped: bool) -> io::Result<Space> {
        let limit = (max_bytes / BLOCK as u64).clamp(FIRST_BLOCKS, u64::from(u32::MAX));
        // Where address space is short, a shorter mapping is better than none.
        let (mut blocks, mut mapped) = (limit, mapped);
        let map = loop {
            match Map::new(mapped.then_some(&file), blocks as usize * BLOCK) {
                Ok(map) => break map,
                // File systems without shared mappings.
                Err(error) if mapped && cannot_be_mapped(&error) => mapped = false,
                Err(_) if blocks > LARGEST_STEP => blocks /= 2,
                Err(error) => return Err(error),
            }
        };
        let space = Space {
            map,
            is_written_behind: !mapped,
            file,
            header,
            limit: AtomicU64::new(blocks),
            limit_reason: AtomicU32::new(StopReason::MaxBytes.0),
            limit_errno: AtomicU32::new(0),
            closed: AtomicBool::new(false),
            claiming: AtomicU32::new(0),
            growing: Mutex::new(0),
            prefault_ns: AtomicU64::new(0),
            helper: OnceLock::new(),
        };
        *lock(&space.growing) = FIRST_BLOCKS;
        map::allocate(&space.file, 0, FIRST_BLOCKS * BLOCK as u64)?;
        space.populate(0, FIRST_BLOCKS)?;
        space.hot64(hot::CLAIMED).store(u64::from(SUPER_BLOCK) + 1, Ordering::Relaxed);
        Ok(space)
    }

    /// A u64 of the hot page.
    pub fn hot64(&self, field: usize) -> &AtomicU64 {
        self.map.word64(HOT + field)
    }

    /// A u32 of the hot page.
    pub fn hot32(&self, field: usize) -> &AtomicU32 {
        self.map.word32(HOT + field)
    }

    pub fn claimed(&self) -> u64 {
        self.hot64(hot::CLAIMED).load(Ordering::Relaxed)
    }

    /// Nanoseconds spent allocating and populating.
    pub fn prefault_ns(&self) -> u64 {
        self.prefault_ns.load(Ordering::Relaxed)
    }

    /// The thread to wake when room ahead gets short.
    pub fn set_helper(&self, thread: Thread) {
        // A second helper cannot exist: only Log::create starts one.
        let _ = self.helper.set(thread);
    }

    /// Takes blocks. None if there is no room, or the log is closed.
    pub fn claim(&self, claim: Claim) -> Option<u32> {
        // Sequentially consistent with `stop`: either it sees this claim, or this claim sees it.
        self.claiming.fetch_add(1, Ordering::SeqCst);
        let shut = self.closed.load(Ordering::SeqCst) || self.map.is_lost();
        let claimed = if shut { None } else { self.take(claim) };
        self.claiming.fetch_sub(1, Ordering::SeqCst);
        if claimed.is_some() || !claim.patient {
            self.wake_helper_if_short();
        }
        claimed
    }

    fn take(&self, claim: Claim) -> Option<u32> {
        let wanted = u64::from(claim.blocks);
        let per_extent = u64::from(BLOCKS_PER_EXTENT);
        let cursor = self.hot64(hot::CLAIMED);
        let mut claimed = cursor.load(Ordering::Relaxed);
        if claimed <= u64::from(SUPER_BLOCK) {
            // The page reads as zeros: the file was cut and has grown again.
            self.map.lose();
            return None;
        }
        let first = loop {
            // A run lies inside one extent, after its directory.
            let mut first = claimed;
            if first % per_extent + wanted > per_extent {
                first = first.next_multiple_of(per_extent);
            }
            if first.is_multiple_of(per_extent) {
                first += 1;
            }
            let end = first + wanted;
            if !claim.patient && self.hot64(hot::READY).load(Ordering::Acquire) < end {
                return None;
            }
            if end > self.limit_for(claim.kind) || !self.ensure(end) || end > self.limit_for(claim.kind) {
                self.refuse();
                return None;
            }
            match cursor.compare_exchange_weak(claimed, end, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => {
                    self.publish_pad(claimed as u32, first as u32);
                    break first as u32;
                }
                Err(now) => claimed = now,
            }
        };
        self.publish(first, claim);
        Some(first)
    }

    /// Marks the blocks a run skipped at the end of an extent.
    fn publish_pad(&self, from: u32, to: u32) {
        for block in (from..to).filter(|block| !block.is_multiple_of(BLOCKS_PER_EXTENT)) {
            self.map.word64(entry_offset(block) as usize).store(u64::from(BlockKind::Pad.0), Ordering::Release);
        }
    }

    fn publish(&self, first: u32, claim: Claim) {
        let start = block_offset(first) as usize;
        self.map.word64(start).store(u64::from(BLOCK_MAGIC) | u64::from(claim.stream.0) << 32, Ordering::Relaxed);
        self.map.word64(start + 8).store(claim.ticks, Ordering::Relaxed);
        for index in 1..claim.blocks {
            self.store_entry(
                first + index,
                &DirEntry { kind: BlockKind::Continuation, blocks: 1, ..DirEntry::claimed(claim) },
            );
        }
        self.store_entry(first, &DirEntry::claimed(claim));
    }

    /// Stores an entry, its kind and state last, so that an entry is absent or whole.
    pub fn store_entry(&self, block: u32, entry: &DirEntry) {
        let at = entry_offset(block) as usize;
        let raw = entry.encode();
        self.map.store(at + 8, &raw[8..]);
        let head = u64::from_le_bytes(raw[..8].try_into().expect("8 bytes of 64"));
        self.map.word64(at).store(head, Ordering::Release);
    }

    /// An entry as it is now.
    pub fn entry(&self, block: u32) -> DirEntry {
        DirEntry::decode(&self.map.load(entry_offset(block) as usize, 64))
    }

    /// The writer of a block left it.
    pub fn mark_full(&self, block: u32) {
        self.map.byte(entry_offset(block) as usize + 1).store(BlockState::Full.0, Ordering::Release);
    }

    /// Seals a block: facts first, then the word with the checksum, then the state.
    pub fn seal(&self, block: u32, entry: DirEntry) {
        let sealed = DirEntry { entry_crc: entry.seal_crc(), ..entry };
        let at = entry_offset(block) as usize;
        let raw = sealed.encode();
        self.map.store(at + 24, &raw[24..56]);
        let last = u64::from_le_bytes(raw[56..].try_into().expect("8 bytes of 64"));
        self.map.word64(at + 56).store(last, Ordering::Release);
        self.map.byte(at + 1).store(BlockState::Sealed.0, Ordering::Release);
    }

    /// Allocates and populates ahead of the writers: half of what is claimed, between 512 KiB and 16 MiB.
    pub fn keep_ahead(&self) {
        while let ready = self.hot64(hot::READY).load(Ordering::Acquire)
            && self.is_short(ready)
            && self.ensure(ready + 1)
        {}
    }

    fn is_short(&self, ready: u64) -> bool {
        let claimed = self.claimed();
        ready < claimed + Space::ahead(claimed) && ready < self.limit.load(Ordering::Relaxed)
    }

    fn ahead(claimed: u64) -> u64 {
        (claimed / 2).clamp(FIRST_BLOCKS / 2, 256)
    }

    fn wake_helper_if_short(&self) {
        if self.is_short(self.hot64(hot::READY).load(Ordering::Relaxed))
            && let Some(helper) = self.helper.get()
        {
            helper.unpark();
        }
    }

    fn limit_for(&self, kind: BlockKind) -> u64 {
        let limit = self.limit.load(Ordering::Relaxed);
        match kind {
            BlockKind::Events | BlockKind::Bulk => limit - RESERVE.min(limit / 4),
            _ => limit,
        }
    }

    /// Makes blocks up to `end` ready. After a failure the limit is what is there.
    fn ensure(&self, end: u64) -> bool {
        if self.hot64(hot::READY).load(Ordering::Acquire) >= end {
            return true;
        }
        let mut allocated = lock(&self.growing);
        let ready = self.hot64(hot::READY).load(Ordering::Acquire);
        let limit = self.limit.load(Ordering::Relaxed);
        if ready >= end {
            return true;
        }
        if end > limit || self.closed.load(Ordering::Acquire) || self.is_cut(*allocated * BLOCK as u64) {
            return false;
        }
        let start = Instant::now();
        let grown = self.grow(&mut allocated, ready, end, limit);
        self.prefault_ns.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        if let Err(error) = &grown {
            self.set_limit(ready, error);
        }
        grown.is_ok()
    }

    /// Writes to the file itself, for a log that is not mapped.
    pub fn write_at(&self, data: &[u8], offset: usize) -> io::Result<()> {
        self.file.write_all_at(data, offset as u64)
    }

    /// Puts on disk what the file holds.
    pub fn sync(&self) {
        if !self.map.is_lost() {
            // Whoever asked for it cannot be told; the next time may work.
            let _ = self.file.sync_data();
        }
    }

    /// The file takes no more: events stop where they are.
    pub fn give_up(&self, error: &io::Error) {
        self.set_limit(self.claimed(), error);
    }

    fn set_limit(&self, blocks: u64, error: &io::Error) {
        let reason = match error.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG) => StopReason::NoSpace,
            _ => StopReason::IoError,
        };
        self.limit_reason.store(reason.0, Ordering::Relaxed);
        self.limit_errno.store(error.raw_os_error().unwrap_or(0) as u32, Ordering::Relaxed);
        self.limit.store(blocks, Ordering::Relaxed);
    }

    /// Whether the file is shorter than it was made. Growing it again would hide that.
    fn is_cut(&self, expected: u64) -> bool {
        if self.file.metadata().is_ok_and(|metadata| metadata.len() < expected) {
            self.map.lose();
        }
        self.map.is_lost()
    }

    /// The descriptor, for a forked child to give up.
    pub fn descriptor(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    /// Holds growth until the guard is dropped.
    pub fn hold_growth(&self) -> MutexGuard<'_, u64> {
        lock(&self.growing)
    }

    /// The file grows in large steps, so that it lies well on disk; memory in small ones.
    fn grow(&self, allocated: &mut u64, ready: u64, end: u64, limit: u64) -> io::Result<()> {
        if end > *allocated {
            let step = (*allocated).clamp(FIRST_BLOCKS, LARGEST_STEP);
            let generous = (*allocated + step).max(end).min(limit);
            let add = |to: u64| {
                map::allocate(&self.file, *allocated * BLOCK as u64, (to - *allocated) * BLOCK as u64).map(|()| to)
            };
            *allocated = add(generous).or_else(|_| add(end))?;
        }
        self.populate(ready, (ready + POPULATE_STEP).max(end).min(*allocated))
    }

    fn populate(&self, from: u64, to: u64) -> io::Result<()> {
        self.map.populate(from as usize * BLOCK, (to - from) as usize * BLOCK)?;
        for block in (from..to).filter(|block| block.is_multiple_of(u64::from(BLOCKS_PER_EXTENT))) {
            let extent = (block / u64::from(BLOCKS_PER_EXTENT)) as u32;
            self.map.store(block as usize * BLOCK, &ExtentHeader { extent, ..self.header }.encode());
        }
        self.hot64(hot::READY).store(to, Ordering::Release);
        Ok(())
    }

    fn refuse(&self) {
        let reason = self.limit_reason.load(Ordering::Relaxed);
        if self.hot32(hot::STOP_REASON).swap(reason, Ordering::Relaxed) == 0 {
            self.hot32(hot::STOP_ERRNO).store(self.limit_errno.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Counts an event that found no room.
    pub fn drop_event(&self, bytes: usize) {
        self.hot64(hot::DROPPED_EVENTS).fetch_add(1, Ordering::Relaxed);
        self.hot64(hot::DROPPED_BYTES).fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// No claims and no growth from here on.
    pub fn stop(&self) {
        self.closed.store(true, Ordering::SeqCst);
        while self.claiming.load(Ordering::SeqCst) > 0 {
            std::thread::yield_now();
        }
    }

    /// Marks the log closed and cuts the file to what is claimed; returns the state page as it was left.
    ///
    /// The mapping is detached first: a thread that still counts or writes then hits private memory, and the file no
    /// longer changes under its last checksums.
    pub fn finish(&self, last: &LastWork) -> (HotPage, io::Result<u64>) {
        let bytes = self.claimed() * BLOCK as u64;
        let mut page = self.map.load(HOT, hot::END);
        // Nothing beyond what is claimed will exist.
        page[hot::READY..hot::READY + 8].copy_from_slice(&self.claimed().to_le_bytes());
        page[hot::STATE..hot::STATE + 4].copy_from_slice(&1u32.to_le_bytes());
        let crc = HotPage::close_crc(&page);
        page[hot::CLOSE_CRC..hot::CLOSE_CRC + 4].copy_from_slice(&crc.to_le_bytes());
        (HotPage::decode(&page), self.finish_file(last, &page, bytes).map(|()| bytes))
    }

    fn finish_file(&self, last: &LastWork, page: &[u8], bytes: u64) -> io::Result<()> {
        if self.is_cut(bytes) {
            // The file is somebody else's now.
            self.file.unlock()?;
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        self.map.detach((!self.is_written_behind).then_some(&self.file), bytes as usize)?;
        let mut run = vec![0u8; BLOCK];
        for (block, entry) in &last.counters {
            self.file.read_exact_at(&mut run, block_offset(*block))?;
            let entry = DirEntry { crc: checksum(&run), state: BlockState::Sealed, ..*entry };
            let sealed = DirEntry { entry_crc: entry.seal_crc(), ..entry };
            self.file.write_all_at(&sealed.encode(), entry_offset(*block))?;
        }
        self.file.write_all_at(page, HOT as u64)?;
        for (from, to) in &last.holes {
            map::punch_hole(&self.file, *from, to - from);
        }
        self.file.set_len(bytes)?;
        self.file.unlock()
    }
}

/// Whether an error means that no file there can be mapped, rather than that this mapping is too long.
fn cannot_be_mapped(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENODEV | libc::EACCES | libc::EPERM | libc::EINVAL | libc::EOPNOTSUPP))
}

impl DirEntry {
    fn claimed(claim: Claim) -> DirEntry {
        DirEntry {
            kind: claim.kind,
            state: BlockState::Open,
            codec: 0,
            flags: 0,
            stream: claim.stream,
            sequence: claim.sequence,
            t_first: claim.ticks,
            t_last: 0,
            type_mask: 0,
            records: 0,
            used: 0,
            raw_len: 0,
            crc: 0,
            blocks: claim.blocks,
            entry_crc: 0,
        }
    }
}
