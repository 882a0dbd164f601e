//! The events of all streams as one sequence in time order.
//!
//! Each stream's chain of blocks is read block by block; a heap picks the chain whose next record is earliest, and
//! stays with it while it remains so. Memory is one block per chain.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::Arc;

use crate::format::event::{Event, Timebase};
use crate::format::layout::DirEntry;
use crate::format::record::Class;
use crate::format::time::TimeScale;
use crate::format::walk::{RawRecord, Step, Walker};
use crate::read::block::Block;
use crate::read::problem::{Problem, ProblemKind};
use crate::read::types::Types;
use crate::read::{Reader, directory};
use crate::{BlockKind, StreamId};

/// One record with its time and stream. It keeps its block alive; [`Entry::event`] decodes it.
#[derive(Clone)]
pub struct Entry {
    /// Nanoseconds since the log was created.
    pub t_ns: u64,
    pub stream: StreamId,
    pub event_type: u16,
    block: Arc<Block>,
    body: (usize, usize),
    fixed: usize,
}

impl Entry {
    pub(crate) fn new(reader: &Reader, block: &Arc<Block>, record: RawRecord) -> Entry {
        Entry::timed(reader, reader.time(), block, record)
    }

    /// A record with its time on another scale than the reader's own.
    pub(crate) fn timed(reader: &Reader, time: &TimeScale, block: &Arc<Block>, record: RawRecord) -> Entry {
        Entry {
            t_ns: time.nanoseconds(record.ticks),
            stream: block.reference.entry.stream,
            event_type: record.event_type,
            block: block.clone(),
            body: record.body,
            fixed: reader.schema().fixed(record.event_type),
        }
    }

    /// The decoded record; strings and bytes borrow from the entry.
    pub fn event(&self) -> Event<'_> {
        let body = self.block.data.get(self.body.0..self.body.1).unwrap_or_default();
        Event::decode(self.event_type, body, self.fixed)
    }

    /// Bytes of the record without its header.
    pub fn bytes(&self) -> usize {
        self.body.1 - self.body.0
    }

    /// Whether a checksum vouches for the record.
    pub fn is_verified(&self) -> bool {
        self.block.is_verified()
    }
}

/// A chain of blocks being read.
struct Source {
    stream: StreamId,
    /// Indices into the directory's blocks, not yet read.
    blocks: std::vec::IntoIter<usize>,
    block: Option<Arc<Block>>,
    walker: Walker,
    records: u32,
    /// Ticks of the last record seen.
    last: u64,
    head: Head,
}

/// What a source gives next.
enum Head {
    Record(RawRecord),
    /// A problem, placed in time behind what was read of the source.
    Problem(u64, Box<Problem>),
    End,
}

impl Head {
    fn ticks(&self) -> Option<u64> {
        match self {
            Head::Record(record) => Some(record.ticks),
            Head::Problem(ticks, _) => Some(*ticks),
            Head::End => None,
        }
    }
}

/// Iterator over a log's events. By default all events of class E but the clock's own; choose with [`Events::types`].
pub struct Events {
    reader: Reader,
    types: Types,
    known: Types,
    /// Half-open, in ticks.
    range: Range<u64>,
    started: bool,
    sources: Vec<Source>,
    waiting: BinaryHeap<Reverse<(u64, usize)>>,
    current: Option<usize>,
    truncation_said: bool,
    events: u64,
    last_ns: u64,
    unknown: u64,
}

impl Events {
    pub(crate) fn new(reader: Reader) -> Events {
        Events {
            reader,
            types: Types::class(Class::E).without(Timebase::TYPE),
            range: 0..u64::MAX,
            known: Types::known(),
            started: false,
            sources: Vec::new(),
            waiting: BinaryHeap::new(),
            current: None,
            truncation_said: false,
            events: 0,
            last_ns: 0,
            unknown: 0,
        }
    }

    /// Only these types. Definitions and bulk records come along in time order if they are among them.
    pub fn types(mut self, types: Types) -> Events {
        self.types = types;
        self
    }

    /// Only this time, in nanoseconds since creation, the end excluded.
    pub fn range(mut self, range: Range<u64>) -> Events {
        let time = self.reader.time();
        self.range = time.ticks(range.start)..if range.end == u64::MAX { u64::MAX } else { time.ticks(range.end) };
        self
    }

    /// Records of types this version does not know that were skipped so far.
    pub fn unknown_skipped(&self) -> u64 {
        self.unknown
    }

    /// Records given so far.
    pub fn count_so_far(&self) -> u64 {
        self.events
    }

    fn start(&mut self) {
        self.started = true;
        let reader = self.reader.clone();
        let wanted = |chain: &&directory::Chain| match chain.kind {
            BlockKind::Events => self.types.has_class(Class::E),
            BlockKind::Defs => self.types.has_class(Class::D),
            BlockKind::Bulk => self.types.has_class(Class::B),
            _ => false,
        };
        for chain in reader.directory().chains.iter().filter(wanted) {
            self.sources.push(Source {
                stream: chain.stream,
                blocks: chain.blocks.clone().into_iter(),
                block: None,
                walker: Walker::new(0, 0),
                records: 0,
                last: 0,
                head: Head::End,
            });
        }
        for index in 0..self.sources.len() {
            self.advance(index);
            if let Some(ticks) = self.sources[index].head.ticks() {
                self.waiting.push(Reverse((ticks, index)));
            }
        }
        self.current = self.waiting.pop().map(|Reverse((_, index))| index);
    }

    /// Whether a block can hold anything that is wanted.
    fn wants(&self, entry: &DirEntry) -> bool {
        let in_time = entry.t_first < self.range.end && (!entry.is_sealed() || entry.t_last >= self.range.start);
        let in_types = !entry.is_sealed() || entry.type_mask & self.types.mask() != 0;
        in_time && in_types
    }

    /// Moves a source to its next wanted record or problem.
    fn advance(&mut self, index: usize) {
        let dt_shift = self.reader.dt_shift();
        loop {
            let source = &mut self.sources[index];
            if let Some(block) = &source.block {
                match source.walker.step(&block.data) {
                    Step::Record(record) => {
                        source.records += 1;
                        source.last = record.ticks;
                        let mut wanted = self.types.contains(record.event_type);
                        if !wanted && !self.known.contains(record.event_type) {
                            wanted = self.types.wants_unknown();
                            self.unknown += u64::from(!wanted);
                        }
                        if wanted && self.range.contains(&record.ticks) {
                            source.head = Head::Record(record);
                            return;
                        }
                    }
                    step => {
                        let path = self.reader.path();
                        let found = match step {
                            Step::Damaged(at) => block.damaged(path, at),
                            _ => block.miscounted(path, source.records),
                        };
                        let problem = block.problem.clone().or(found);
                        let ticks = source.last.max(block.reference.entry.t_first);
                        source.block = None;
                        if let Some(problem) = problem
                            && self.is_new(&problem)
                        {
                            self.sources[index].head = Head::Problem(ticks, Box::new(problem));
                            return;
                        }
                    }
                }
                continue;
            }
            let Some(next) = source.blocks.next() else {
                source.head = Head::End;
                return;
            };
            let reference = self.reader.directory().blocks[next];
            if self.wants(&reference.entry) {
                let block = self.reader.load(reference);
                let source = &mut self.sources[index];
                source.walker = block.walker(dt_shift);
                source.records = 0;
                source.block = Some(Arc::new(block));
            }
        }
    }

    /// The whole file is cut at one place: that is said once, not once per block behind it.
    fn is_new(&mut self, problem: &Problem) -> bool {
        match problem.kind {
            ProblemKind::Truncated { .. } => !std::mem::replace(&mut self.truncation_said, true),
            _ => true,
        }
    }

    fn give(&mut self, index: usize) -> Option<Result<Entry, Problem>> {
        let source = &mut self.sources[index];
        match std::mem::replace(&mut source.head, Head::End) {
            Head::Record(record) => {
                let block = source.block.as_ref().expect("a record's block is the one being read");
                let entry = Entry::new(&self.reader, block, record);
                self.events += 1;
                self.last_ns = entry.t_ns;
                Some(Ok(entry))
            }
            Head::Problem(_, problem) => {
                let mut problem = *problem;
                problem.progress = Some((self.events, self.last_ns));
                problem.stream = Some((source.stream, self.reader.stream_name(source.stream)));
                self.reader.note(&problem);
                Some(Err(problem))
            }
            Head::End => None,
        }
    }
}

impl Iterator for Events {
    type Item = Result<Entry, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.started {
            self.start();
        }
        let index = self.current?;
        let given = self.give(index);
        self.advance(index);
        self.current = match (self.sources[index].head.ticks(), self.waiting.peek()) {
            (Some(ticks), Some(Reverse(earliest))) if (ticks, index) > *earliest => {
                let Reverse((_, next)) = self.waiting.pop().expect("the heap was just peeked");
                self.waiting.push(Reverse((ticks, index)));
                Some(next)
            }
            (Some(_), _) => Some(index),
            (None, _) => self.waiting.pop().map(|Reverse((_, next))| next),
        };
        given
    }
}
