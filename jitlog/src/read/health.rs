//! Whether a log is whole, and what its writer had to leave out.

use crate::BlockKind;
use crate::StopReason;
use crate::format::layout::block_offset;
use crate::read::Reader;
use crate::read::problem::{Problem, ProblemKind};

/// The state of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Closed by its writer, nothing known to be wrong.
    Clean,
    /// Its writer still writes.
    Open,
    /// Its writer ended without closing it. Nothing committed is lost; the last sign of life was at this time.
    Killed { last_ns: u64 },
    /// The file ends at this byte, before its contents do.
    Truncated { at: u64 },
    /// Something else is damaged; the first of the problems known.
    Corrupt(Problem),
}

impl Health {
    /// One word.
    pub fn name(&self) -> &'static str {
        match self {
            Health::Clean => "clean",
            Health::Open => "open",
            Health::Killed { .. } => "killed",
            Health::Truncated { .. } => "truncated",
            Health::Corrupt(_) => "corrupt",
        }
    }
}

/// What the writer dropped for want of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    pub dropped_events: u64,
    pub dropped_bytes: u64,
    pub stopped: Option<StopReason>,
    pub errno: u32,
}

impl Reader {
    /// The log's state as far as it was read. Blocks are verified when they are read; [`Reader::verify`] reads all.
    pub fn health(&self) -> Health {
        let problems = self.problems();
        let cut = problems.iter().find(|problem| matches!(problem.kind, ProblemKind::Truncated { .. }));
        if let Some(cut) = cut {
            return Health::Truncated { at: cut.byte };
        }
        if let Some(first) = problems.into_iter().next() {
            return Health::Corrupt(first);
        }
        match (self.inner.closed, self.inner.live) {
            (true, _) => Health::Clean,
            (false, true) => Health::Open,
            (false, false) => Health::Killed { last_ns: self.last_ns() },
        }
    }

    /// What the writer dropped.
    pub fn loss(&self) -> Loss {
        let hot = &self.inner.hot;
        Loss {
            dropped_events: hot.dropped_events,
            dropped_bytes: hot.dropped_bytes,
            stopped: (hot.stop_reason != StopReason::None).then_some(hot.stop_reason),
            errno: hot.stop_errno,
        }
    }

    /// Blocks no checksum vouches for: their writer had not left them, nobody was there to seal them, or a repair sealed
    /// what it found.
    pub fn unverified_blocks(&self) -> usize {
        self.directory().blocks.iter().filter(|block| !block.entry.vouches()).count()
    }

    /// The last time the log knows of: of its last record, or the writer's heartbeat.
    pub fn last_ns(&self) -> u64 {
        let mut last = if self.inner.closed { 0 } else { self.inner.hot.heartbeat_ticks };
        for block in &self.directory().blocks {
            let entry = &block.entry;
            if entry.is_sealed() {
                last = last.max(entry.t_last);
            } else if entry.kind != BlockKind::Counters && block_offset(block.number) < self.inner.file_len {
                let loaded = self.load(*block);
                loaded.scan(self.path(), self.dt_shift(), |record| last = last.max(record.ticks));
            }
        }
        self.time().nanoseconds(last)
    }
}
