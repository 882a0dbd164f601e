//! Reading everything: each block verified, each record counted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::format::layout::BLOCK;
use crate::read::directory::BlockRef;
use crate::read::problem::Problem;
use crate::read::{Reader, parallel};
use crate::{BlockKind, StreamId};

/// What the blocks of one kind hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindUse {
    pub blocks: u64,
    /// Bytes of the file they occupy.
    pub bytes: u64,
    /// Bytes of them in use.
    pub used: u64,
    pub records: u64,
}

/// The outcome of reading a whole log.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// Blocks whose checksum holds.
    pub verified: u64,
    /// Blocks without a checksum, or with a repair's own, whose structure holds.
    pub unverified: u64,
    /// Blocks that are damaged or cut.
    pub damaged: u64,
    pub by_kind: BTreeMap<BlockKind, KindUse>,
    /// Records by event number.
    pub by_type: BTreeMap<u16, u64>,
    /// Readable records by stream.
    pub by_stream: BTreeMap<StreamId, u64>,
    /// Blocks of kinds this version does not know.
    pub unknown_blocks: u32,
    pub problems: Vec<Problem>,
}

impl Verification {
    /// Readable records in all.
    pub fn records(&self) -> u64 {
        self.by_type.values().sum()
    }
}

/// Blocks one thread verifies in one go.
const BLOCKS_PER_JOB: usize = 16;

/// What a few blocks came to.
struct Part {
    sum: Verification,
    /// With the stream, whose name is looked up when all are known.
    problems: Vec<Problem>,
}

impl Verification {
    fn add(&mut self, other: Verification) {
        self.verified += other.verified;
        self.unverified += other.unverified;
        self.damaged += other.damaged;
        for (kind, use_) in other.by_kind {
            let mine = self.by_kind.entry(kind).or_default();
            mine.blocks += use_.blocks;
            mine.bytes += use_.bytes;
            mine.used += use_.used;
            mine.records += use_.records;
        }
        other.by_type.into_iter().for_each(|(number, count)| *self.by_type.entry(number).or_default() += count);
        other.by_stream.into_iter().for_each(|(stream, count)| *self.by_stream.entry(stream).or_default() += count);
    }
}

impl Reader {
    /// Reads and verifies every block, on as many threads as there are processors.
    pub fn verify(&self) -> Verification {
        self.verify_on(std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// The same on this many threads.
    pub fn verify_on(&self, threads: usize) -> Verification {
        let mut result =
            Verification { unknown_blocks: self.directory().unknown.len() as u32, ..Verification::default() };
        let jobs: Vec<&[BlockRef]> = self.directory().blocks.chunks(BLOCKS_PER_JOB).collect();
        let done: ControlFlow<()> = parallel::in_order(
            threads,
            &jobs,
            |blocks| self.verify_blocks(blocks),
            |part| {
                result.add(part.sum);
                for mut problem in part.problems {
                    if let Some((stream, name)) = &mut problem.stream {
                        *name = self.defs().stream(*stream).map(|def| def.name.into());
                    }
                    self.note(&problem);
                }
                ControlFlow::Continue(())
            },
        );
        debug_assert!(done.is_continue());
        // Definitions are blocks too, but their decoding may find more.
        self.defs();
        result.problems = self.problems();
        result
    }

    fn verify_blocks(&self, blocks: &[BlockRef]) -> Part {
        let mut part = Part { sum: Verification::default(), problems: Vec::new() };
        let sum = &mut part.sum;
        // A map would cost more than all the rest.
        let mut by_type = [0u64; 1 << 12];
        let mut spare = Vec::new();
        for reference in blocks {
            let entry = reference.entry;
            let block = self.load_into(*reference, std::mem::take(&mut spare));
            let mut records = 0;
            let mut end = 0;
            let scanned = block.scan(self.path(), self.dt_shift(), |record| {
                records += 1;
                end = record.body.1;
                by_type[usize::from(record.event_type & 0xFFF)] += 1;
            });
            let use_ = sum.by_kind.entry(entry.kind).or_default();
            use_.blocks += u64::from(entry.blocks);
            use_.bytes += u64::from(entry.blocks) * BLOCK as u64;
            use_.used += if entry.is_sealed() { u64::from(entry.used) } else { end as u64 };
            use_.records += records;
            if entry.kind != BlockKind::Counters {
                *sum.by_stream.entry(entry.stream).or_default() += records;
            }
            match block.problem.clone().or(scanned) {
                Some(mut problem) => {
                    sum.damaged += 1;
                    problem.stream = Some((entry.stream, None));
                    part.problems.push(problem);
                }
                None if entry.vouches() => sum.verified += 1,
                None => sum.unverified += 1,
            }
            spare = block.data;
        }
        let counted = by_type.iter().enumerate().filter(|(_, count)| **count > 0);
        sum.by_type = counted.map(|(number, count)| (number as u16, *count)).collect();
        part
    }
}
