//! What the helper thread does so that the program's threads need not: room ahead, sealing, time series, clock.
//!
//! With a logical clock there is no thread and the same work happens at close, in the caller.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::format::layout::{
    BLOCK, BLOCKS_PER_EXTENT, COUNTERS_PER_BLOCK, DirEntry, PROLOGUE, block_offset, checksum, hot,
};
use crate::format::payload::{Delta, encode_deltas};
use crate::format::walk::{Step, Walker};
use crate::write::Shared;
use crate::write::behind::{self, Behind};
use crate::write::clock::system_ns;
use crate::write::defs::lock;
use crate::write::stream::Stream;
use crate::{BlockKind, BlockState, ClockSync, CounterDelta, LogStats};

/// Deltas per record: a record stays well below a block.
const DELTAS_PER_RECORD: usize = 2048;
/// When the clocks are compared in a log's first second; after that once per second.
const EARLY_SYNCS: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(100)];

/// The state of the work.
pub(crate) struct Housekeeping {
    shared: Arc<Shared>,
    stream: Stream,
    /// Counter values at the last snapshot, by id.
    seen: Vec<u64>,
    /// Blocks claimed but not sealed.
    unsealed: Vec<u32>,
    /// Blocks sealed in this turn.
    sealed: Vec<Range<u32>>,
    next_block: u64,
    /// CPU time of the helper thread so far; the last turn, at close, is the caller's.
    helper_cpu_ns: u64,
    last: LastWork,
    behind: Behind,
}

/// What remains to be done to the file itself once it is detached from memory.
#[derive(Default)]
pub(crate) struct LastWork {
    /// Unused ends of the blocks still open at close, to be freed.
    pub holes: Vec<(u64, u64)>,
    /// COUNTERS blocks: machine code may count on until they are detached, so their checksum comes last.
    pub counters: Vec<(u32, DirEntry)>,
}

impl Housekeeping {
    pub fn new(shared: Arc<Shared>, stream: Stream) -> Housekeeping {
        Housekeeping {
            shared,
            stream,
            seen: Vec::new(),
            unsealed: Vec::new(),
            sealed: Vec::new(),
            next_block: 1,
            helper_cpu_ns: 0,
            last: LastWork::default(),
            behind: Behind::default(),
        }
    }

    /// The helper thread.
    pub fn run(mut self, stop: &AtomicBool, counter_interval: Duration) -> Housekeeping {
        let start = Instant::now();
        let mut next_counters = counter_interval;
        let mut syncs = EARLY_SYNCS.into_iter();
        let mut next_sync = syncs.next().unwrap_or(Duration::from_secs(1));
        while !stop.load(Ordering::Acquire) {
            let now = start.elapsed();
            self.shared.space.keep_ahead();
            self.seal(false);
            if now >= next_counters {
                self.snapshot_counters();
                next_counters = now + counter_interval;
            }
            if now >= next_sync {
                self.sync_clock();
                self.log_stats();
                next_sync = syncs.next().unwrap_or(now + Duration::from_secs(1));
            }
            self.heartbeat();
            self.write_behind();
            self.helper_cpu_ns = system_ns(libc::CLOCK_THREAD_CPUTIME_ID);
            let mut pause = next_counters.min(next_sync).saturating_sub(start.elapsed());
            if self.shared.space.is_written_behind {
                pause = pause.min(behind::INTERVAL);
            }
            std::thread::park_timeout(pause);
        }
        self
    }

    fn heartbeat(&self) {
        let now = self.shared.clock.now();
        self.shared.space.hot64(hot::HEARTBEAT).store(now, Ordering::Relaxed);
    }

    fn is_full(&self) -> bool {
        self.shared.space.hot32(hot::STOP_REASON).load(Ordering::Relaxed) != 0
    }

    /// Puts the increments since the last time on the time line.
    pub fn snapshot_counters(&mut self) {
        let counters = lock(&self.shared.counters);
        self.seen.resize(counters.count() as usize, 0);
        let mut deltas = Vec::new();
        for (id, seen) in self.seen.iter_mut().enumerate().skip(1) {
            let offset = counters.offset(id as u32).expect("every id below the count has a block");
            let value = self.shared.space.map.word64(offset).load(Ordering::Relaxed);
            // It can fall only when the mapping was lost.
            let mut rest = value.saturating_sub(*seen);
            *seen = value;
            while rest > 0 {
                let delta = rest.min(u64::from(u32::MAX)) as u32;
                deltas.push(Delta { counter_id: crate::CounterId(id as u32), delta });
                rest -= u64::from(delta);
            }
        }
        drop(counters);
        if self.is_full() || self.shared.space.map.is_lost() {
            return;
        }
        for part in deltas.chunks(DELTAS_PER_RECORD) {
            self.stream.counter_delta(&CounterDelta { n: part.len() as u32, entries: &encode_deltas(part) });
        }
    }

    /// Compares the clocks, for readers of the whole log (event) and of its first pages (hot page).
    pub fn sync_clock(&mut self) {
        let now = self.shared.clock.read();
        let count = self.shared.space.hot64(hot::SYNC_COUNT).load(Ordering::Relaxed) + 1;
        let slot = hot::SYNC_SLOTS + (count & 1) as usize * hot::SYNC_SLOT;
        for (index, word) in [now.ticks, now.mono_ns, now.real_ns].into_iter().enumerate() {
            self.shared.space.hot64(slot + index * 8).store(word, Ordering::Relaxed);
        }
        self.shared.space.hot64(hot::SYNC_COUNT).store(count, Ordering::Release);
        if !self.is_full() {
            self.stream.clock_sync(&ClockSync { ticks: now.ticks, mono_ns: now.mono_ns, real_ns: now.real_ns as i64 });
        }
    }

    fn log_stats(&mut self) {
        if self.is_full() {
            return;
        }
        let space = &self.shared.space;
        let stats = LogStats {
            bytes_written: space.claimed() * BLOCK as u64,
            dropped_events: space.hot64(hot::DROPPED_EVENTS).load(Ordering::Relaxed),
            helper_cpu_ns: self.helper_cpu_ns,
            prefault_ns: space.prefault_ns(),
        };
        self.stream.log_stats(&stats);
    }

    /// One turn of the helper where there is no helper thread.
    pub fn seal_left(&mut self) {
        self.shared.space.keep_ahead();
        self.seal(false);
        self.write_behind();
    }

    /// Seals the blocks their writers have left; at close, all.
    fn seal(&mut self, all: bool) {
        let claimed = self.shared.space.claimed();
        // A directory has no entry: its extent's header stands in its place.
        let new = self.next_block as u32..claimed as u32;
        self.unsealed.extend(new.filter(|block| !block.is_multiple_of(BLOCKS_PER_EXTENT)));
        self.next_block = claimed;
        let mut unsealed = std::mem::take(&mut self.unsealed);
        unsealed.retain(|block| !self.seal_block(*block, all));
        self.unsealed = unsealed;
        if !self.shared.space.is_written_behind {
            self.release();
        }
    }

    /// Brings the file of a log that is not mapped up to date, and lets go of what need not stay in memory.
    pub fn write_behind(&mut self) {
        let space = &self.shared.space;
        if space.is_written_behind {
            match self.behind.flush(space) {
                Ok(()) => self.release(),
                Err(error) => space.give_up(&error),
            }
        }
    }

    /// Lets go of the memory of what was sealed, in as few calls as possible: otherwise all of the log would count as the
    /// program's memory.
    fn release(&mut self) {
        for run in std::mem::take(&mut self.sealed).chunk_by(|one, next| one.end == next.start) {
            if let (Some(first), Some(last)) = (run.first(), run.last()) {
                let bytes = (last.end - first.start) as usize * BLOCK;
                self.shared.space.map.release(block_offset(first.start) as usize, bytes);
            }
        }
    }

    /// Whether nothing remains to be done for the block.
    fn seal_block(&mut self, block: u32, all: bool) -> bool {
        let entry = self.shared.space.entry(block);
        match entry.kind {
            // A claim is about to be published.
            BlockKind::Free => return all,
            // Sealed with the first block of the run, or nothing to seal.
            BlockKind::Continuation | BlockKind::Pad => return true,
            _ if entry.state != BlockState::Full && !all => return false,
            _ => {}
        }
        let sealed = match entry.kind {
            BlockKind::Events | BlockKind::Defs | BlockKind::Bulk => self.sealed_records(block, entry),
            BlockKind::Counters => {
                let described = self.described_counters(entry);
                self.last.counters.push((block, described));
                return true;
            }
            _ => DirEntry { records: 0, ..entry },
        };
        let space = &self.shared.space;
        for index in 1..entry.blocks {
            let continuation = space.entry(block + index);
            space.seal(block + index, continuation);
        }
        space.seal(block, sealed);
        if !all {
            self.sealed.push(block..block + entry.blocks);
        }
        true
    }

    fn sealed_records(&mut self, block: u32, entry: DirEntry) -> DirEntry {
        let start = block_offset(block);
        let run = self.shared.space.map.load(start as usize, entry.blocks as usize * BLOCK);
        let mut walker = Walker::new(entry.t_first, self.shared.dt_shift);
        let mut sealed = DirEntry { t_last: entry.t_first, ..entry };
        while let Step::Record(record) = walker.step(&run) {
            sealed.records += 1;
            sealed.t_last = record.ticks;
            sealed.type_mask |= 1 << (record.event_type & 63);
        }
        let used = walker.position().max(PROLOGUE);
        sealed.used = used as u32;
        sealed.crc = checksum(&run[..used]);
        // Only the last block of each chain can be mostly unused; freeing little bits of the others takes long.
        let (from, to) = (used.next_multiple_of(4096) as u64, run.len() as u64);
        if from < to && entry.state == BlockState::Open {
            self.last.holes.push((start + from, start + to));
        }
        sealed
    }

    fn described_counters(&self, entry: DirEntry) -> DirEntry {
        let first = entry.sequence * u64::from(COUNTERS_PER_BLOCK);
        let records = u64::from(lock(&self.shared.counters).count()).saturating_sub(first);
        DirEntry {
            records: records.min(u64::from(COUNTERS_PER_BLOCK)) as u32,
            t_last: self.shared.clock.now(),
            used: BLOCK as u32,
            ..entry
        }
    }

    /// The last turn: series, clock, seals.
    pub fn finish(mut self) -> LastWork {
        self.snapshot_counters();
        self.sync_clock();
        if !self.shared.is_logical() {
            self.log_stats();
        }
        self.heartbeat();
        self.shared.space.stop();
        self.seal(true);
        self.stream.forget();
        self.write_behind();
        self.last
    }
}
