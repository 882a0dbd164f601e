//! Steps over the records of one block, without knowing what they mean.
//!
//! The sealer and the reader share it. It never reads outside the slice and never loops without progress.

use crate::format::bytes;
use crate::format::event::Timebase;
use crate::format::layout::{HeaderWord, PROLOGUE};

/// One committed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawRecord {
    /// Offset of the header word in the block run.
    pub at: usize,
    pub event_type: u16,
    pub ticks: u64,
    /// Where the body starts and ends in the block run.
    pub body: (usize, usize),
}

/// What stands at the walker's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Record(RawRecord),
    /// No further committed record.
    End,
    /// A header word that cannot be one, at this offset.
    Damaged(usize),
}

/// A position in a block run.
#[derive(Clone, Copy, Debug)]
pub struct Walker {
    at: usize,
    base: u64,
    dt_shift: u8,
}

impl Walker {
    #[inline]
    pub fn new(t_first: u64, dt_shift: u8) -> Walker {
        Walker { at: PROLOGUE, base: t_first, dt_shift }
    }

    /// Bytes from the start of the block to the end of the last record seen.
    #[inline]
    pub fn position(&self) -> usize {
        self.at
    }

    /// The record at the position, and past it.
    #[inline]
    pub fn step(&mut self, run: &[u8]) -> Step {
        let at = self.at;
        if at + 8 > run.len() {
            return Step::End;
        }
        let header = HeaderWord(bytes::u64_at(run, at));
        if header.is_end() {
            return Step::End;
        }
        let (start, bytes) = match header.words() {
            HeaderWord::JUMBO => (at + 16, usize::try_from(bytes::u64_at(run, at + 8)).unwrap_or(usize::MAX)),
            words => (at + 8, usize::from(words) * 8),
        };
        let Some(end) = at.checked_add(bytes).filter(|end| *end >= start && *end <= run.len()) else {
            return Step::Damaged(at);
        };
        if header.event_type() == 0 {
            return Step::Damaged(at);
        }
        self.at = end;
        if header.event_type() == Timebase::TYPE {
            self.base = bytes::u64_at(run, start);
        }
        let ticks = self.base.saturating_add(u64::from(header.dt()) << self.dt_shift);
        Step::Record(RawRecord { at, event_type: header.event_type(), ticks, body: (start, end) })
    }
}
