//! The file of a log that cannot be mapped: memory of the process's own, written behind with `write(2)`.
//!
//! The helper thread brings the file up to date every few milliseconds: the records committed since, then the directory
//! entries that changed, then the state page. So the file is a log at every moment, as the mapped one is; a kill loses
//! what was committed since the last time.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::BlockKind;
use crate::BlockState;
use crate::format::layout::{
    BLOCK, BLOCKS_PER_EXTENT, DirEntry, ENTRY, HOT_PAGE, HeaderWord, PROLOGUE, SUPER_BLOCK, block_offset, entry_offset,
    hot,
};
use crate::write::space::Space;

/// Time between two writings: what a kill can lose.
pub const INTERVAL: Duration = Duration::from_millis(20);

/// What of a log is in its file.
#[derive(Default)]
pub struct Behind {
    /// The first block never looked at.
    next: u32,
    /// Blocks that may still change.
    open: BTreeMap<u32, Open>,
    state: Vec<u8>,
}

/// A block that may still change.
#[derive(Default)]
struct Open {
    /// Bytes from the block's start that are in the file.
    written: usize,
    entry: Vec<u8>,
    /// A COUNTERS block as it is in the file: its words change in place.
    counters: Vec<u8>,
}

impl Behind {
    /// Brings the file up to date.
    pub fn flush(&mut self, space: &Space) -> io::Result<()> {
        if space.map.is_lost() {
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        let claimed = space.claimed() as u32;
        for block in self.next..claimed {
            if block.is_multiple_of(BLOCKS_PER_EXTENT) {
                // The extent's header; the entries follow one by one.
                self.copy(space, block_offset(block) as usize, ENTRY)?;
            } else {
                self.open.insert(block, Open::default());
            }
        }
        self.next = self.next.max(claimed);
        let mut open = std::mem::take(&mut self.open);
        let mut result = Ok(());
        open.retain(|block, state| match result {
            Ok(()) => match update(space, *block, state) {
                Ok(changes) => changes,
                Err(error) => {
                    result = Err(error);
                    true
                }
            },
            Err(_) => true,
        });
        self.open = open;
        result?;
        let at = block_offset(SUPER_BLOCK) as usize + HOT_PAGE;
        let state = space.map.load(at, hot::END);
        if state != self.state {
            space.write_at(&state, at)?;
            self.state = state;
        }
        Ok(())
    }

    fn copy(&self, space: &Space, at: usize, bytes: usize) -> io::Result<()> {
        space.write_at(&space.map.load(at, bytes), at)
    }
}

/// Writes what is new of a block; whether it may change further.
fn update(space: &Space, block: u32, open: &mut Open) -> io::Result<bool> {
    let start = block_offset(block) as usize;
    let at = entry_offset(block) as usize;
    // The entry is read before the data: what a sealed entry speaks of is all there.
    let raw = space.map.load(at, ENTRY);
    let entry = DirEntry::decode(&raw);
    let end = match entry.kind {
        // Claimed, about to be published.
        BlockKind::Free => return Ok(true),
        BlockKind::Defs | BlockKind::Events | BlockKind::Bulk => {
            committed(space, start, open.written, entry.blocks as usize * BLOCK)
        }
        BlockKind::Super => BLOCK,
        _ => 0,
    };
    if end > open.written {
        space.write_at(&space.map.load(start + open.written, end - open.written), start + open.written)?;
        open.written = end;
    }
    if entry.kind == BlockKind::Counters {
        let counters = space.map.load(start, BLOCK);
        if counters != open.counters {
            space.write_at(&counters, start)?;
            open.counters = counters;
        }
    }
    if raw != open.entry {
        space.write_at(&raw, at)?;
        open.entry = raw;
    }
    Ok(entry.state != BlockState::Sealed && entry.kind != BlockKind::Pad)
}

/// Where the committed records of a run end, from a place where one does.
fn committed(space: &Space, start: usize, from: usize, run: usize) -> usize {
    let mut at = from.max(PROLOGUE);
    while at + 8 <= run {
        let word = HeaderWord(space.map.word64(start + at).load(Ordering::Acquire));
        if word.is_end() {
            break;
        }
        at += match word.words() {
            HeaderWord::JUMBO => space.map.word64(start + at + 8).load(Ordering::Relaxed) as usize,
            words => usize::from(words) * 8,
        };
    }
    at.min(run)
}
