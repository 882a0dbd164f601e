//! Which blocks a log has: its extents' directories, judged.

use std::collections::HashMap;
use std::io;

use crate::format::layout::{BLOCK, BLOCKS_PER_EXTENT, DirEntry, ENTRY, EXTENT, ExtentHeader, MAGIC, block_offset};
use crate::read::file::LogFile;
use crate::read::problem::{Problem, ProblemKind};
use crate::{BlockKind, StreamId};

/// A block that may be read.
#[derive(Clone, Copy, Debug)]
pub struct BlockRef {
    pub number: u32,
    pub entry: DirEntry,
}

/// All blocks of a log, by kind and in stream order.
#[derive(Default)]
pub struct Directory {
    pub blocks: Vec<BlockRef>,
    /// Indices into `blocks` per chain, in sequence order.
    pub chains: Vec<Chain>,
    /// Blocks of kinds this version does not know.
    pub unknown: Vec<BlockRef>,
    /// One past the last block with an entry.
    pub end: u32,
}

/// The blocks of one kind of one stream.
pub struct Chain {
    pub kind: BlockKind,
    pub stream: StreamId,
    pub blocks: Vec<usize>,
    /// Whether each block begins no earlier than the one before, as it is unless something is damaged.
    pub is_sorted: bool,
}

/// What reading the directories depends on.
pub struct Expectation {
    pub file_len: u64,
    /// Of a closed log, the blocks it has: each must have an entry.
    pub closed: Option<u64>,
    /// Whether its blocks must be sealed: it was closed, even if its state page no longer says how.
    pub was_closed: bool,
    pub live: bool,
}

impl Directory {
    pub fn read(file: &LogFile, expect: &Expectation, problems: &mut Vec<Problem>) -> io::Result<Directory> {
        let mut directory = Directory::default();
        let extents = expect.file_len.div_ceil(EXTENT).min(u64::from(u32::MAX / BLOCKS_PER_EXTENT));
        for extent in 0..extents as u32 {
            let raw = file.read(u64::from(extent) * EXTENT, BLOCK)?;
            directory.read_extent(file, extent, &raw, expect, problems);
        }
        directory.chain(file, problems);
        Ok(directory)
    }

    fn read_extent(
        &mut self,
        file: &LogFile,
        extent: u32,
        raw: &[u8],
        expect: &Expectation,
        problems: &mut Vec<Problem>,
    ) {
        let first = extent * BLOCKS_PER_EXTENT;
        if extent > 0 && (!ExtentHeader::is_intact(raw) || !raw.starts_with(&MAGIC)) {
            problems.push(Problem::new(&file.path, ProblemKind::ExtentHeader, first, 0));
        }
        for (index, raw_entry) in raw.chunks_exact(ENTRY).enumerate().skip(1) {
            let number = first + index as u32;
            let mut entry = DirEntry::decode(raw_entry);
            let problem = |kind| Problem::new(&file.path, kind, first, index * ENTRY);
            if entry.is_sealed() && !entry.is_intact() {
                if !expect.live {
                    problems.push(Problem { block: number, ..problem(ProblemKind::Entry) });
                    self.end = self.end.max(number + 1);
                    continue;
                }
                // The writer may be sealing this very entry: the block is as good as open.
                entry.entry_crc = 0;
            }
            if entry.kind == BlockKind::Free {
                let zeroed = expect.closed.is_some_and(|blocks| u64::from(number) < blocks);
                let held = block_offset(number) < expect.file_len;
                if zeroed && held {
                    problems.push(Problem { block: number, ..problem(ProblemKind::Entry) });
                }
                continue;
            }
            self.end = self.end.max(number + 1);
            match entry.kind {
                BlockKind::Defs | BlockKind::Events | BlockKind::Bulk | BlockKind::Counters => {}
                BlockKind::Super | BlockKind::Continuation | BlockKind::Pad => continue,
                _ => {
                    self.unknown.push(BlockRef { number, entry });
                    continue;
                }
            }
            let run = u64::from(entry.blocks) * BLOCK as u64;
            let fits = entry.blocks >= 1 && (index as u32).saturating_add(entry.blocks) <= BLOCKS_PER_EXTENT;
            // Counters are the process's: a block of a stream that says it is one was something else.
            let strange = entry.kind == BlockKind::Counters && !entry.stream.is_none();
            if !fits || strange || u64::from(entry.used) > run || entry.codec != 0 {
                problems.push(Problem { block: number, ..problem(ProblemKind::Contradiction) }.of_stream(entry.stream));
                continue;
            }
            if expect.was_closed && !entry.is_sealed() {
                problems.push(Problem { block: number, ..problem(ProblemKind::Unsealed) }.of_stream(entry.stream));
            }
            self.end = self.end.max(number + entry.blocks);
            self.blocks.push(BlockRef { number, entry });
        }
    }

    fn chain(&mut self, file: &LogFile, problems: &mut Vec<Problem>) {
        let mut by_key: HashMap<(u8, u32), Vec<usize>> = HashMap::new();
        for (index, block) in self.blocks.iter().enumerate() {
            by_key.entry((block.entry.kind.0, block.entry.stream.0)).or_default().push(index);
        }
        let mut keys: Vec<_> = by_key.into_iter().collect();
        keys.sort_unstable_by_key(|(key, _)| *key);
        for ((kind, stream), mut blocks) in keys {
            blocks.sort_by_key(|index| self.blocks[*index].entry.sequence);
            // A block already reported missing explains a gap.
            if problems.is_empty() {
                for (expected, index) in blocks.iter().enumerate() {
                    let BlockRef { number, entry } = self.blocks[*index];
                    if entry.sequence != expected as u64 {
                        let kind = ProblemKind::Gap { expected: expected as u64, found: entry.sequence };
                        problems.push(Problem::new(&file.path, kind, number, 0).of_stream(entry.stream));
                        break;
                    }
                }
            }
            let is_sorted = blocks.is_sorted_by_key(|index| self.blocks[*index].entry.t_first);
            self.chains.push(Chain { kind: BlockKind(kind), stream: StreamId(stream), blocks, is_sorted });
        }
    }

    /// The first block whose bytes the file does not hold.
    pub fn first_cut(&self, file_len: u64) -> Option<BlockRef> {
        let cut =
            |block: &&BlockRef| block_offset(block.number) + u64::from(block.entry.blocks) * BLOCK as u64 > file_len;
        self.blocks.iter().filter(cut).min_by_key(|block| block.number).copied()
    }
}
