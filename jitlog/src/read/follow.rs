//! A log that grows: what was committed since the last look.
//!
//! Nothing is subscribed to; stores to a mapping raise no notice. A look costs a few small reads where nothing happened,
//! so fifty looks a second cost next to nothing, and each sees whatever was committed before it began.

use std::sync::Arc;

use crate::format::bytes;
use crate::format::layout::{
    BLOCK, BLOCKS_PER_EXTENT, DirEntry, ENTRY, HOT_PAGE, HotPage, SUPER_BLOCK, block_offset, entry_offset, hot,
};
use crate::format::time::TimeScale;
use crate::format::walk::{Step, Walker};
use crate::read::Reader;
use crate::read::block::Block;
use crate::read::definitions::Definitions;
use crate::read::directory::BlockRef;
use crate::read::events::Entry;
use crate::read::problem::{Problem, ProblemKind};
use crate::read::types::Types;
use crate::{BlockKind, BlockState};

/// Blocks taken up in one look, 16 MiB: a long log is caught up with in parts.
const BLOCKS_PER_LOOK: u32 = 256;

/// What became of the process that writes the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    Writing,
    /// It closed the log.
    Finished,
    /// It ended without closing the log.
    Dead,
}

/// A growing log. Call [`Follow::poll`] again and again; between two calls sleep as long as news may wait.
pub struct Follow {
    reader: Reader,
    time: TimeScale,
    types: Types,
    from_ns: u64,
    definitions: Definitions,
    /// The first block number not looked at yet.
    next: u32,
    /// One past the last block claimed.
    claimed: u32,
    /// Claimed, but its entry was not there yet.
    unpublished: Vec<u32>,
    tails: Vec<Tail>,
    /// Read, but earlier records may still be found in blocks not looked at.
    held: Found,
    cut_said: bool,
    writer: Writer,
    over: bool,
    events: u64,
    last_ns: u64,
}

/// A block whose end was not reached.
struct Tail {
    reference: BlockRef,
    walker: Walker,
    records: u32,
    last: u64,
}

/// What one look found, with the ticks to order it by.
type Found = Vec<(u64, Result<Entry, Problem>)>;

impl Follow {
    pub(crate) fn new(reader: Reader) -> Follow {
        Follow {
            time: *reader.time(),
            types: Types::all(),
            from_ns: 0,
            definitions: Definitions::default(),
            next: SUPER_BLOCK + 1,
            claimed: 0,
            unpublished: Vec::new(),
            held: Vec::new(),
            cut_said: false,
            tails: Vec::new(),
            writer: Writer::Writing,
            over: false,
            events: 0,
            last_ns: 0,
            reader,
        }
    }

    /// Only these types; by default all, definitions and bulk records included.
    pub fn types(mut self, types: Types) -> Follow {
        self.types = types;
        self
    }

    /// Only from this time on, in nanoseconds since creation.
    pub fn from(mut self, nanoseconds: u64) -> Follow {
        self.from_ns = nanoseconds;
        self
    }

    /// The definitions seen so far: all that the records given so far refer to.
    pub fn defs(&self) -> &Definitions {
        &self.definitions
    }

    /// What was known of the writer at the last look.
    pub fn writer(&self) -> Writer {
        self.writer
    }

    /// What was committed since the last call, possibly nothing; None once the writer has ended and all was given.
    ///
    /// Times never fall within a batch. A stream's records come in their order; one whose thread was interrupted between
    /// reading the clock and committing comes in a later batch than later records of other streams.
    pub fn poll(&mut self) -> Option<Vec<Result<Entry, Problem>>> {
        if self.over {
            return None;
        }
        // Asked first: whatever a writer that has ended wrote is then found below.
        let live = self.reader.inner.file.is_being_written();
        let mut found = std::mem::take(&mut self.held);
        self.look(live, &mut found);
        found.sort_by_key(|(ticks, _)| *ticks);
        if self.is_behind() {
            // Blocks are claimed in time order: what comes later starts after this.
            let horizon = self.entry(self.next).map_or(0, |entry| entry.t_first);
            self.held = found.split_off(found.partition_point(|(ticks, _)| *ticks <= horizon));
        } else if !live {
            self.over = true;
            let hot = self.hot_page();
            let crc = bytes::u32_at(&hot, hot::CLOSE_CRC);
            let closed = crc != 0 && crc == HotPage::close_crc(&hot);
            self.writer = if closed { Writer::Finished } else { Writer::Dead };
        }
        Some(found.into_iter().map(|(_, record)| self.counted(record)).collect())
    }

    /// Whether the next call will give more at once: a long log is caught up with in parts.
    pub fn is_behind(&self) -> bool {
        self.next < self.claimed
    }

    fn hot_page(&self) -> Vec<u8> {
        let at = block_offset(SUPER_BLOCK) + HOT_PAGE as u64;
        self.reader.inner.file.read(at, hot::END).unwrap_or_default()
    }

    fn counted(&mut self, record: Result<Entry, Problem>) -> Result<Entry, Problem> {
        match record {
            Ok(entry) => {
                self.events += 1;
                self.last_ns = entry.t_ns;
                Ok(entry)
            }
            Err(mut problem) => {
                problem.progress = Some((self.events, self.last_ns));
                self.reader.note(&problem);
                Err(problem)
            }
        }
    }

    fn look(&mut self, live: bool, found: &mut Found) {
        self.find_blocks(found);
        let (definitions, mut tails): (Vec<Tail>, Vec<Tail>) =
            std::mem::take(&mut self.tails).into_iter().partition(Tail::is_definitions);
        tails.retain_mut(|tail| self.read_tail(tail, live, found));
        self.tails = definitions;
        // Whatever an event refers to was defined before it, so definitions are read last, with the blocks that came
        // into being meanwhile.
        if !self.is_behind() {
            self.find_blocks(found);
        }
        let (mut definitions, new): (Vec<Tail>, Vec<Tail>) =
            std::mem::take(&mut self.tails).into_iter().partition(Tail::is_definitions);
        definitions.retain_mut(|tail| self.read_tail(tail, live, found));
        self.tails = tails.into_iter().chain(definitions).chain(new).collect();
    }

    /// Takes up the blocks claimed since the last look.
    fn find_blocks(&mut self, found: &mut Found) {
        let hot = HotPage::decode(&self.hot_page());
        self.time = TimeScale::new(self.reader.static_page(), &hot);
        let claimed = hot.claimed_blocks.min(self.reader.inner.file.len().unwrap_or(0).div_ceil(BLOCK as u64)) as u32;
        self.claimed = claimed.max(self.next);
        let mut numbers = std::mem::take(&mut self.unpublished);
        let end = self.claimed.min(self.next.saturating_add(BLOCKS_PER_LOOK));
        numbers.extend((self.next..end).filter(|number| !number.is_multiple_of(BLOCKS_PER_EXTENT)));
        self.next = end;
        if self.is_behind() && self.next.is_multiple_of(BLOCKS_PER_EXTENT) {
            // A directory has no entry, thus no time.
            self.next += 1;
        }
        for number in numbers {
            match self.entry(number) {
                Some(entry) if entry.kind == BlockKind::Free => self.unpublished.push(number),
                Some(entry) => self.take_up(number, entry, found),
                None => {}
            }
        }
    }

    /// A block's entry now. One that is just being sealed counts as open.
    fn entry(&self, number: u32) -> Option<DirEntry> {
        let raw = self.reader.inner.file.read(entry_offset(number), ENTRY).ok()?;
        let entry = DirEntry::decode(&raw);
        Some(if entry.is_intact() { entry } else { DirEntry { entry_crc: 0, ..entry } })
    }

    fn take_up(&mut self, number: u32, entry: DirEntry, found: &mut Found) {
        if !matches!(entry.kind, BlockKind::Defs | BlockKind::Events | BlockKind::Bulk) {
            return;
        }
        let index = number % BLOCKS_PER_EXTENT;
        let run = u64::from(entry.blocks) * BLOCK as u64;
        if entry.blocks < 1 || index.saturating_add(entry.blocks) > BLOCKS_PER_EXTENT || u64::from(entry.used) > run {
            let problem = Problem::new(self.reader.path(), ProblemKind::Contradiction, number, 0);
            found.push((entry.t_first, Err(problem.of_stream(entry.stream))));
            return;
        }
        let walker = Walker::new(entry.t_first, self.reader.dt_shift());
        let reference = BlockRef { number, entry };
        self.tails.push(Tail { reference, walker, records: 0, last: entry.t_first });
    }

    /// Reads what is new in a block; whether more may come.
    fn read_tail(&mut self, tail: &mut Tail, live: bool, found: &mut Found) -> bool {
        let number = tail.reference.number;
        // The state is read before the data: who has left a block adds nothing to it.
        if let Some(entry) = self.entry(number).filter(|entry| tail.is_same(entry)) {
            tail.reference.entry = entry;
        }
        let more = live && tail.reference.entry.state == BlockState::Open;
        let at = tail.walker.position();
        let file = &self.reader.inner.file;
        let next = file.read(block_offset(number) + at as u64, 8).unwrap_or_default();
        if more && bytes::u64_at(&next, 0) == 0 {
            return true;
        }
        let path = self.reader.path().clone();
        let block = Arc::new(Block::load(file, tail.reference));
        let structural = loop {
            match tail.walker.step(&block.data) {
                Step::Record(record) => {
                    tail.records += 1;
                    tail.last = record.ticks;
                    let entry = Entry::timed(&self.reader, &self.time, &block, record);
                    if tail.is_definitions() {
                        self.definitions.add(entry.clone());
                    }
                    if self.types.contains(entry.event_type) | self.is_unknown_wanted(entry.event_type)
                        && entry.t_ns >= self.from_ns
                    {
                        found.push((record.ticks, Ok(entry)));
                    }
                }
                Step::End if more => break None,
                Step::End => break block.miscounted(&path, tail.records),
                Step::Damaged(at) => break block.damaged(&path, at),
            }
        };
        match block.problem.clone().or(structural) {
            Some(problem) => {
                // A file is cut at one place: that is said once.
                let cut = matches!(problem.kind, ProblemKind::Truncated { .. });
                if !cut || !std::mem::replace(&mut self.cut_said, true) {
                    found.push((tail.last, Err(problem)));
                }
                false
            }
            None => more,
        }
    }

    fn is_unknown_wanted(&self, event_type: u16) -> bool {
        self.types.wants_unknown() && !Types::known().contains(event_type)
    }
}

impl Tail {
    fn is_definitions(&self) -> bool {
        self.reference.entry.kind == BlockKind::Defs
    }

    /// Whether an entry still describes this block; only its state and what sealing adds may change.
    fn is_same(&self, entry: &DirEntry) -> bool {
        let mine = &self.reference.entry;
        (entry.kind, entry.stream, entry.sequence, entry.t_first, entry.blocks)
            == (mine.kind, mine.stream, mine.sequence, mine.t_first, mine.blocks)
    }
}
