//! A plan as the blocks of a closed log, given to whatever stores them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::format::layout::{
    BLOCK, BLOCKS_PER_EXTENT, COMPATIBLE_REPAIRED, DirEntry, ENTRY, ExtentHeader, HOT_PAGE, KNOWN_INCOMPATIBLE,
    SCHEMA_OFFSET, STATIC_COPY, SUPER_BLOCK, StaticPage, block_offset, checksum,
};
use crate::read::Reader;
use crate::rewrite::plan::{Kept, Plan};
use crate::rewrite::rebuild;
use crate::{BlockKind, BlockState, StreamId};

/// Takes the blocks of a log in any order. What no block says is zeros.
pub trait Sink {
    /// How many blocks the log has; said first.
    fn begin(&mut self, _blocks: u32) {}

    /// The first bytes of a block or of a run; blocks of one group resemble each other.
    fn put(&mut self, block: u32, group: (u8, u32), data: &[u8]) -> io::Result<()>;

    /// What was put so far is needed to understand what follows.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An ordinary log file.
impl Sink for &File {
    fn put(&mut self, block: u32, _group: (u8, u32), data: &[u8]) -> io::Result<()> {
        self.write_all_at(data, block_offset(block))
    }
}

/// Gives the plan's blocks to the sink; how many blocks the log has.
pub fn write(reader: &Reader, plan: &Plan, repaired: bool, sink: &mut impl Sink) -> io::Result<u32> {
    let mut image = Image { end: SUPER_BLOCK + 1, directories: BTreeMap::new() };
    image.enter(SUPER_BLOCK, rebuild::entry(BlockKind::Super, StreamId::NONE, 0, 1));
    let places: Vec<u32> = plan.blocks.iter().map(|block| image.enter_run(block.entry)).collect();
    sink.begin(image.end);
    image.put_directories(reader, repaired, sink)?;
    sink.flush()?;
    for (block, first) in plan.blocks.iter().zip(places) {
        put_block(reader, block, first, sink)?;
    }
    Ok(image.end)
}

/// Takes a sealed block with its entry, of a stream the plan does not have.
#[cfg(feature = "import")]
pub type Put<'p> = dyn FnMut(DirEntry, &[u8]) -> io::Result<()> + 'p;

/// The plan's blocks and more, one after the other as they are made, so that they need no memory. The file must be
/// empty.
#[cfg(feature = "import")]
pub fn write_with(
    reader: &Reader,
    plan: &Plan,
    repaired: bool,
    mut file: &File,
    more: impl FnOnce(&mut Put<'_>) -> io::Result<()>,
) -> io::Result<u32> {
    let mut image = Image { end: SUPER_BLOCK + 1, directories: BTreeMap::new() };
    image.enter(SUPER_BLOCK, rebuild::entry(BlockKind::Super, StreamId::NONE, 0, 1));
    for block in &plan.blocks {
        let first = image.enter_run(block.entry);
        put_block(reader, block, first, &mut file)?;
    }
    more(&mut |entry, data| file.put(image.enter_run(entry), (0, 0), data))?;
    image.put_directories(reader, repaired, &mut file)?;
    Ok(image.end)
}

fn put_block(reader: &Reader, block: &Kept, first: u32, sink: &mut impl Sink) -> io::Result<()> {
    let group = (block.entry.kind.0, block.entry.stream.0);
    match &block.data {
        Some(data) => sink.put(first, group, data),
        None => sink.put(first, group, &reader.raw(block_offset(block.from), block.entry.used as usize)?),
    }
}

struct Image {
    /// One past the last block.
    end: u32,
    /// By extent.
    directories: BTreeMap<u32, Vec<u8>>,
}

impl Image {
    /// Directories and state, once it is known what is in the log.
    fn put_directories(&mut self, reader: &Reader, repaired: bool, sink: &mut impl Sink) -> io::Result<()> {
        // A damaged header was read as it is; what it says of features must not make the new log unreadable.
        let old = reader.header();
        let compatible = old.compatible | if repaired { COMPATIBLE_REPAIRED } else { 0 };
        // So must not its flags: what is written here is not packed.
        let header = ExtentHeader { compatible, incompatible: old.incompatible & KNOWN_INCOMPATIBLE, flags: 0, ..*old };
        for (extent, mut directory) in std::mem::take(&mut self.directories) {
            directory[..ENTRY].copy_from_slice(&ExtentHeader { extent, ..header }.encode());
            sink.put(extent * BLOCKS_PER_EXTENT, (0, 0), &directory)?;
        }
        sink.put(SUPER_BLOCK, (0, 0), &super_block(reader, u64::from(self.end)))
    }

    /// Room for a run inside one extent, after its directory; what is skipped is marked.
    fn place(&mut self, blocks: u32) -> u32 {
        let mut first = self.end;
        if first % BLOCKS_PER_EXTENT + blocks > BLOCKS_PER_EXTENT {
            first = first.next_multiple_of(BLOCKS_PER_EXTENT);
        }
        for pad in (self.end..first).filter(|block| !block.is_multiple_of(BLOCKS_PER_EXTENT)) {
            self.enter(pad, rebuild::entry(BlockKind::Pad, StreamId::NONE, 0, 1));
        }
        if first.is_multiple_of(BLOCKS_PER_EXTENT) {
            first += 1;
        }
        self.end = first + blocks;
        first
    }

    /// Gives a run its place and its entries.
    fn enter_run(&mut self, entry: DirEntry) -> u32 {
        let first = self.place(entry.blocks);
        for index in 1..entry.blocks {
            let part = rebuild::entry(BlockKind::Continuation, entry.stream, entry.t_first, 1);
            self.enter(first + index, DirEntry { sequence: entry.sequence, ..part });
        }
        self.enter(first, entry);
        first
    }

    /// Seals an entry and puts it into its directory.
    fn enter(&mut self, block: u32, entry: DirEntry) {
        let sequence = if entry.sequence == rebuild::UNKNOWN_SEQUENCE { 0 } else { entry.sequence };
        let entry = DirEntry { state: BlockState::Sealed, sequence, ..entry };
        let sealed = DirEntry { entry_crc: entry.seal_crc(), ..entry };
        let directory = self.directories.entry(block / BLOCKS_PER_EXTENT).or_insert_with(|| vec![0u8; BLOCK]);
        let at = (block % BLOCKS_PER_EXTENT) as usize * ENTRY;
        directory[at..at + ENTRY].copy_from_slice(&sealed.encode());
    }
}

fn super_block(reader: &Reader, blocks: u64) -> Vec<u8> {
    let schema = reader.schema().text().as_bytes();
    let page =
        StaticPage { schema_len: schema.len() as u32, schema_crc: checksum(schema), ..*reader.static_page() }.encode();
    let mut raw = vec![0u8; BLOCK];
    raw[..page.len()].copy_from_slice(&page);
    raw[STATIC_COPY..STATIC_COPY + page.len()].copy_from_slice(&page);
    let hot = reader.state().encode_closed(blocks);
    raw[HOT_PAGE..HOT_PAGE + hot.len()].copy_from_slice(&hot);
    raw[SCHEMA_OFFSET..SCHEMA_OFFSET + schema.len()].copy_from_slice(schema);
    raw
}
