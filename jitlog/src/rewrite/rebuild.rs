//! Blocks whose directory entry is lost, found by their prologue.
//!
//! A prologue says stream and time; the kind follows from the records, and the place in the chain from the block's
//! number, since a stream claims its blocks one after the other.

use std::collections::BTreeSet;

use crate::format::bytes;
use crate::format::layout::{
    BLOCK, BLOCK_MAGIC, BLOCKS_PER_EXTENT, COUNTERS_PROLOGUE, DirEntry, HeaderWord, MAX_JUMBO_BLOCKS, PROLOGUE,
    SUPER_BLOCK, block_offset,
};
use crate::format::record::{Class, spec_of};
use crate::format::walk::{Step, Walker};
use crate::read::Reader;
use crate::read::directory::BlockRef;
use crate::{BlockKind, BlockState, StreamId};

/// Stands for the place in a chain until the chain is numbered.
pub const UNKNOWN_SEQUENCE: u64 = u64::MAX;

/// The blocks no usable entry speaks of, with their readable bytes, by number.
pub fn lost_blocks(reader: &Reader) -> impl Iterator<Item = (BlockRef, Vec<u8>)> {
    let directory = reader.directory();
    let known = directory.blocks.iter().chain(&directory.unknown);
    let known: BTreeSet<u32> = known
        .flat_map(|block| {
            let run = block.entry.blocks.clamp(1, MAX_JUMBO_BLOCKS);
            block.number..block.number.saturating_add(run)
        })
        .collect();
    let end = (reader.file_len().div_ceil(BLOCK as u64)).min(u64::from(u32::MAX)) as u32;
    let mut number = SUPER_BLOCK + 1;
    std::iter::from_fn(move || {
        while number < end {
            let at = number;
            number += 1;
            if known.contains(&at) || at.is_multiple_of(BLOCKS_PER_EXTENT) {
                continue;
            }
            if let Some((entry, data)) = rebuild(reader, at) {
                number = at + entry.blocks;
                return Some((BlockRef { number: at, entry }, data));
            }
        }
        None
    })
}

fn rebuild(reader: &Reader, number: u32) -> Option<(DirEntry, Vec<u8>)> {
    let head = reader.raw(block_offset(number), PROLOGUE + 16).ok()?;
    if bytes::u32_at(&head, 0) != BLOCK_MAGIC {
        return None;
    }
    let word = HeaderWord(bytes::u64_at(&head, PROLOGUE));
    let jumbo = word.words() == HeaderWord::JUMBO;
    let length = if jumbo { bytes::u64_at(&head, PROLOGUE + 8) } else { 0 };
    let blocks = length.saturating_add(PROLOGUE as u64).div_ceil(BLOCK as u64).max(1);
    let room = u64::from((BLOCKS_PER_EXTENT - number % BLOCKS_PER_EXTENT).min(MAX_JUMBO_BLOCKS));
    let blocks = u32::try_from(blocks.min(room)).ok()?;
    let data = reader.raw(block_offset(number), blocks as usize * BLOCK).ok()?;
    let (stream, ticks) = (StreamId(bytes::u32_at(&data, 4)), bytes::u64_at(&data, 8));
    let kind = kind_of(reader, stream, ticks, &data)?;
    Some((entry(kind, stream, ticks, blocks), data))
}

/// The kind of a block, from its first known record.
fn kind_of(reader: &Reader, stream: StreamId, ticks: u64, data: &[u8]) -> Option<BlockKind> {
    let mut walker = Walker::new(ticks, reader.dt_shift());
    while let Step::Record(record) = walker.step(data) {
        if let Some(spec) = spec_of(record.event_type) {
            return Some(match spec.class {
                Class::D => BlockKind::Defs,
                Class::E => BlockKind::Events,
                Class::B => BlockKind::Bulk,
            });
        }
    }
    let is_counters = stream.is_none()
        && data.get(PROLOGUE..COUNTERS_PROLOGUE)?.iter().all(|byte| *byte == 0)
        && data.get(COUNTERS_PROLOGUE..)?.iter().any(|byte| *byte != 0);
    is_counters.then_some(BlockKind::Counters)
}

/// An entry as its block's claim wrote it, but for the sequence.
pub fn entry(kind: BlockKind, stream: StreamId, ticks: u64, blocks: u32) -> DirEntry {
    DirEntry {
        kind,
        state: BlockState::Sealed,
        codec: 0,
        flags: 0,
        stream,
        sequence: UNKNOWN_SEQUENCE,
        t_first: ticks,
        t_last: ticks,
        type_mask: 0,
        records: 0,
        used: 0,
        raw_len: 0,
        crc: 0,
        blocks,
        entry_crc: 0,
    }
}

/// The first bytes of a block.
pub fn prologue(stream: StreamId, ticks: u64) -> Vec<u8> {
    let mut out = BLOCK_MAGIC.to_le_bytes().to_vec();
    out.extend_from_slice(&stream.0.to_le_bytes());
    out.extend_from_slice(&ticks.to_le_bytes());
    out
}
