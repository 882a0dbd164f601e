//! A plan as the bytes of a closed log.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::format::layout::{
    BLOCK, BLOCKS_PER_EXTENT, DirEntry, ExtentHeader, HOT_PAGE, KNOWN_INCOMPATIBLE, SCHEMA_OFFSET, STATIC_COPY,
    SUPER_BLOCK, StaticPage, block_offset, checksum, entry_offset,
};
use crate::read::Reader;
use crate::rewrite::plan::{Kept, Plan};
use crate::rewrite::rebuild;
use crate::{BlockKind, BlockState, StreamId};

/// Writes the plan to an empty file; its length.
pub fn write(reader: &Reader, plan: &Plan, compatible: u64, out: &File) -> io::Result<u64> {
    // A damaged header was read as it is; what it says of features must not make the new log unreadable.
    let incompatible = reader.header().incompatible & KNOWN_INCOMPATIBLE;
    let header = ExtentHeader { compatible: reader.header().compatible | compatible, incompatible, ..*reader.header() };
    let mut end = SUPER_BLOCK + 1;
    write_entry(out, SUPER_BLOCK, rebuild::entry(BlockKind::Super, StreamId::NONE, 0, 1))?;
    for block in &plan.blocks {
        let first = place(out, &mut end, block.entry.blocks)?;
        write_block(reader, block, first, out)?;
    }
    for extent in 0..end.div_ceil(BLOCKS_PER_EXTENT) {
        let raw = ExtentHeader { extent, ..header }.encode();
        out.write_all_at(&raw, block_offset(extent * BLOCKS_PER_EXTENT))?;
    }
    let bytes = block_offset(end);
    out.set_len(bytes)?;
    write_super_block(reader, u64::from(end), out)?;
    Ok(bytes)
}

/// Room for a run inside one extent, after its directory; what is skipped is marked.
fn place(out: &File, end: &mut u32, blocks: u32) -> io::Result<u32> {
    let mut first = *end;
    if first % BLOCKS_PER_EXTENT + blocks > BLOCKS_PER_EXTENT {
        first = first.next_multiple_of(BLOCKS_PER_EXTENT);
    }
    for pad in (*end..first).filter(|block| !block.is_multiple_of(BLOCKS_PER_EXTENT)) {
        write_entry(out, pad, rebuild::entry(BlockKind::Pad, StreamId::NONE, 0, 1))?;
    }
    if first.is_multiple_of(BLOCKS_PER_EXTENT) {
        first += 1;
    }
    *end = first + blocks;
    Ok(first)
}

fn write_block(reader: &Reader, block: &Kept, first: u32, out: &File) -> io::Result<()> {
    let used = block.entry.used as usize;
    match &block.data {
        Some(data) => out.write_all_at(data, block_offset(first))?,
        None => out.write_all_at(&reader.raw(block_offset(block.from), used)?, block_offset(first))?,
    }
    for index in 1..block.entry.blocks {
        let part = rebuild::entry(BlockKind::Continuation, block.entry.stream, block.entry.t_first, 1);
        write_entry(out, first + index, DirEntry { sequence: block.entry.sequence, ..part })?;
    }
    write_entry(out, first, block.entry)
}

fn write_entry(out: &File, block: u32, entry: DirEntry) -> io::Result<()> {
    let sequence = if entry.sequence == rebuild::UNKNOWN_SEQUENCE { 0 } else { entry.sequence };
    let entry = DirEntry { state: BlockState::Sealed, sequence, ..entry };
    let sealed = DirEntry { entry_crc: entry.seal_crc(), ..entry };
    out.write_all_at(&sealed.encode(), entry_offset(block))
}

fn write_super_block(reader: &Reader, blocks: u64, out: &File) -> io::Result<()> {
    let schema = reader.schema().text().as_bytes();
    let page =
        StaticPage { schema_len: schema.len() as u32, schema_crc: checksum(schema), ..*reader.static_page() }.encode();
    let start = block_offset(SUPER_BLOCK);
    let mut raw = vec![0u8; BLOCK];
    raw[..page.len()].copy_from_slice(&page);
    raw[STATIC_COPY..STATIC_COPY + page.len()].copy_from_slice(&page);
    let hot = reader.state().encode_closed(blocks);
    raw[HOT_PAGE..HOT_PAGE + hot.len()].copy_from_slice(&hot);
    raw[SCHEMA_OFFSET..SCHEMA_OFFSET + schema.len()].copy_from_slice(schema);
    out.write_all_at(&raw, start)
}
