//! Reading everything: each block verified, each record counted.

use std::collections::BTreeMap;

use crate::format::layout::{BLOCK, block_offset};
use crate::read::Reader;
use crate::read::problem::Problem;
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
    /// Blocks without a checksum whose structure holds.
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

impl Reader {
    /// Reads and verifies every block.
    pub fn verify(&self) -> Verification {
        let mut result =
            Verification { unknown_blocks: self.directory().unknown.len() as u32, ..Verification::default() };
        for reference in &self.directory().blocks {
            let entry = reference.entry;
            let block = self.load(*reference);
            let mut records = 0;
            let mut end = 0;
            let scanned = block.scan(self.path(), self.dt_shift(), |record| {
                records += 1;
                end = record.body.1;
                *result.by_type.entry(record.event_type).or_default() += 1;
            });
            let problem = block.problem.clone().or(scanned);
            let use_ = result.by_kind.entry(entry.kind).or_default();
            use_.blocks += u64::from(entry.blocks);
            use_.bytes += u64::from(entry.blocks) * BLOCK as u64;
            use_.used += if entry.is_sealed() { u64::from(entry.used) } else { end as u64 };
            use_.records += records;
            if entry.kind != BlockKind::Counters {
                *result.by_stream.entry(entry.stream).or_default() += records;
            }
            match problem {
                Some(mut problem) => {
                    result.damaged += 1;
                    problem.stream = Some((entry.stream, self.defs().stream(entry.stream).map(|def| def.name.into())));
                    debug_assert!(problem.byte >= block_offset(reference.number));
                    self.note(&problem);
                }
                None if entry.is_sealed() => result.verified += 1,
                None => result.unverified += 1,
            }
        }
        // Definitions are blocks too, but their decoding may find more.
        self.defs();
        result.problems = self.problems();
        result
    }
}
