//! A chain of blocks one thread writes records to: the hot path of the log.
//!
//! A record is written behind the last one and becomes visible by one release store of its header word. Everything
//! rare (a new block, a jumbo record, a new time base, no room) is out of line.

use std::sync::atomic::Ordering;

use crate::format::layout::{BLOCK, HeaderWord, MAX_JUMBO_BLOCKS, MAX_PLAIN_RECORD, PROLOGUE, block_offset};
use crate::format::record::Record;
use crate::write::Shared;
use crate::write::space::Claim;
use crate::{BlockKind, StreamId, Timebase};

/// The end of a chain.
pub struct Cursor {
    kind: BlockKind,
    stream: StreamId,
    sequence: u64,
    /// The block being written; 0 before the first.
    block: u32,
    /// File offsets of the next record and of the block's end.
    at: usize,
    end: usize,
    /// Ticks that offsets count from.
    base: u64,
    /// See [`Claim::patient`].
    patient: bool,
}

/// Where the slow path found room.
enum Room {
    Plain,
    /// A run of blocks of its own.
    Jumbo(u32),
    None,
}

impl Cursor {
    pub fn new(kind: BlockKind, stream: StreamId) -> Cursor {
        Cursor { kind, stream, sequence: 0, block: 0, at: 0, end: 0, base: 0, patient: true }
    }

    /// A chain that a signal handler writes: it takes no lock, and drops what finds no room at once.
    pub fn impatient(kind: BlockKind, stream: StreamId) -> Cursor {
        Cursor { patient: false, ..Cursor::new(kind, stream) }
    }

    /// Writes a record, or counts it as dropped and returns false.
    #[inline]
    pub fn write<R: Record>(&mut self, shared: &Shared, ticks: u64, record: &R) -> bool {
        let body = R::FIXED + record.tail_bytes();
        let dt = ticks.wrapping_sub(self.base) >> shared.dt_shift;
        if 8 + body <= self.end - self.at && dt <= u64::from(u32::MAX) {
            self.put(shared, dt as u32, record, body);
            true
        } else {
            self.write_slow(shared, ticks, record, body)
        }
    }

    #[inline]
    fn put<R: Record>(&mut self, shared: &Shared, dt: u32, record: &R, body: usize) {
        // SAFETY: [at, end) belongs to this cursor alone; readers stop at the header word, which is still 0.
        record.encode(unsafe { shared.space.map.slice(self.at + 8, body) });
        let header = HeaderWord::new(R::TYPE, ((8 + body) / 8) as u16, dt);
        shared.space.map.word64(self.at).store(header.0, Ordering::Release);
        self.at += 8 + body;
    }

    #[cold]
    fn write_slow<R: Record>(&mut self, shared: &Shared, ticks: u64, record: &R, body: usize) -> bool {
        // Ticks of two processors may differ by a little; time never runs backwards in a chain.
        let ticks = ticks.max(self.base);
        match self.make_room(shared, ticks, 8 + body) {
            Room::Plain => {
                let dt = (ticks - self.base) >> shared.dt_shift;
                self.put(shared, dt as u32, record, body);
            }
            Room::Jumbo(block) => {
                let start = block_offset(block) as usize + PROLOGUE;
                shared.space.map.word64(start + 8).store(16 + body as u64, Ordering::Relaxed);
                // SAFETY: the run was claimed for this record alone and its header word is still 0.
                record.encode(unsafe { shared.space.map.slice(start + 16, body) });
                let header = HeaderWord::new(R::TYPE, HeaderWord::JUMBO, 0);
                shared.space.map.word64(start).store(header.0, Ordering::Release);
                shared.space.mark_full(block);
            }
            Room::None => {
                shared.space.drop_event(8 + body);
                return false;
            }
        }
        true
    }

    fn make_room(&mut self, shared: &Shared, ticks: u64, bytes: usize) -> Room {
        if bytes > MAX_PLAIN_RECORD {
            let blocks = (PROLOGUE + 8 + bytes).div_ceil(BLOCK);
            if blocks > MAX_JUMBO_BLOCKS as usize {
                return Room::None;
            }
            return match self.claim(shared, ticks, blocks as u32) {
                // Later records go to a later block, so that the chain stays in time order.
                Some(block) => {
                    self.leave(shared);
                    Room::Jumbo(block)
                }
                None => Room::None,
            };
        }
        let rebase = (ticks - self.base) >> shared.dt_shift > u64::from(u32::MAX);
        if !rebase && bytes <= self.end - self.at {
            return Room::Plain;
        }
        if self.block != 0 && rebase && 8 + Timebase::FIXED + bytes <= self.end - self.at {
            self.base = ticks;
            self.put(shared, 0, &Timebase { ticks }, Timebase::FIXED);
            return Room::Plain;
        }
        let Some(block) = self.claim(shared, ticks, 1) else {
            return Room::None;
        };
        self.leave(shared);
        self.block = block;
        self.at = block_offset(block) as usize + PROLOGUE;
        self.end = block_offset(block) as usize + BLOCK;
        self.base = ticks;
        Room::Plain
    }

    fn claim(&mut self, shared: &Shared, ticks: u64, blocks: u32) -> Option<u32> {
        let sequence = self.sequence;
        let claim = Claim { kind: self.kind, stream: self.stream, sequence, ticks, blocks, patient: self.patient };
        let block = shared.space.claim(claim)?;
        self.sequence += 1;
        Some(block)
    }

    /// Gives the current block to the sealer.
    pub fn leave(&mut self, shared: &Shared) {
        if self.block != 0 {
            shared.space.mark_full(self.block);
            self.forget();
        }
    }

    /// Has no block any more.
    pub fn forget(&mut self) {
        self.block = 0;
        self.at = 0;
        self.end = 0;
    }
}
