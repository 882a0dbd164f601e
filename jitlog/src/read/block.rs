//! One block in memory, verified as far as it can be.

use std::path::Path;
use std::sync::Arc;

use crate::BlockKind;
use crate::format::bytes;
use crate::format::layout::{BLOCK, BLOCK_MAGIC, PROLOGUE, block_offset, checksum};
use crate::format::walk::{Step, Walker};
use crate::read::directory::BlockRef;
use crate::read::file::LogFile;
use crate::read::problem::{Problem, ProblemKind};

/// A block's bytes. What of them is trustworthy is in `data`; what is wrong, if anything, in `problem`.
pub struct Block {
    pub number: u32,
    pub reference: BlockRef,
    /// From the prologue to the last usable byte; empty if the block was left out.
    pub data: Vec<u8>,
    pub problem: Option<Problem>,
}

impl Block {
    /// Reads and verifies. A sealed block is checked by its checksum, an open one by its structure alone.
    pub fn load(file: &LogFile, reference: BlockRef) -> Block {
        Block::load_into(file, reference, Vec::new())
    }

    /// The same into memory that served before.
    pub fn load_into(file: &LogFile, reference: BlockRef, spare: Vec<u8>) -> Block {
        let BlockRef { number, entry } = reference;
        let bytes = if entry.is_sealed() { entry.used as usize } else { entry.blocks as usize * BLOCK };
        let mut block = Block { number, reference, data: spare, problem: None };
        if let Err(error) = file.read_into(block_offset(number), bytes, &mut block.data) {
            return block.left_out(&file.path, ProblemKind::Io(error.raw_os_error().unwrap_or(0)), 0);
        }
        if block.data.len() < bytes {
            let kind = ProblemKind::Truncated { expected: bytes as u64, found: block.data.len() as u64 };
            block.problem = Some(Problem::new(&file.path, kind, number, block.data.len()).of_stream(entry.stream));
        } else if entry.is_sealed() && checksum(&block.data) != entry.crc {
            let kind = ProblemKind::Checksum { expected: entry.crc, found: checksum(&block.data) };
            return block.left_out(&file.path, kind, 0);
        }
        let whole_prologue = block.data.len() >= PROLOGUE;
        let as_said = bytes::u32_at(&block.data, 0) == BLOCK_MAGIC
            && bytes::u32_at(&block.data, 4) == entry.stream.0
            && bytes::u64_at(&block.data, 8) == entry.t_first;
        if whole_prologue && !as_said {
            return block.left_out(&file.path, ProblemKind::Prologue, 0);
        }
        block
    }

    /// Whether a checksum vouches for the data.
    pub fn is_verified(&self) -> bool {
        self.reference.entry.vouches() && self.problem.is_none()
    }

    fn left_out(mut self, path: &Arc<Path>, kind: ProblemKind, offset: usize) -> Block {
        self.data = Vec::new();
        self.problem = Some(Problem::new(path, kind, self.number, offset).of_stream(self.reference.entry.stream));
        self
    }

    pub fn walker(&self, dt_shift: u8) -> Walker {
        Walker::new(self.reference.entry.t_first, dt_shift)
    }

    /// Counts the records, calling back for each; what is wrong with their structure.
    pub fn scan(
        &self,
        path: &Arc<Path>,
        dt_shift: u8,
        mut each: impl FnMut(&crate::format::walk::RawRecord),
    ) -> Option<Problem> {
        if self.reference.entry.kind == BlockKind::Counters {
            return None;
        }
        let mut walker = self.walker(dt_shift);
        let mut records = 0;
        loop {
            match walker.step(&self.data) {
                Step::Record(record) => {
                    records += 1;
                    each(&record);
                }
                Step::End => break,
                Step::Damaged(at) => return self.damaged(path, at),
            }
        }
        self.miscounted(path, records)
    }

    /// A header word that is none. In a block that is cut short anyway, the cut explains it.
    pub fn damaged(&self, path: &Arc<Path>, at: usize) -> Option<Problem> {
        let entry = self.reference.entry;
        match &self.problem {
            Some(_) => None,
            None => Some(Problem::new(path, ProblemKind::Header, self.number, at).of_stream(entry.stream)),
        }
    }

    /// A sealed block with another number of records than it was sealed with.
    pub fn miscounted(&self, path: &Arc<Path>, found: u32) -> Option<Problem> {
        let entry = self.reference.entry;
        let kind = ProblemKind::Count { expected: entry.records, found };
        (entry.is_sealed() && self.problem.is_none() && found != entry.records)
            .then(|| Problem::new(path, kind, self.number, 0).of_stream(entry.stream))
    }
}
