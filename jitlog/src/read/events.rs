//! The events of all streams as one sequence in time order.
//!
//! Each stream's chain of blocks is read block by block; a heap picks the chain whose next record is earliest, and
//! stays with it while it remains so. Memory is one block per chain.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use crate::format::event::{Event, Timebase};
use crate::format::layout::DirEntry;
use crate::format::record::Class;
use crate::format::schema::FileSchema;
use crate::format::time::TimeScale;
use crate::format::walk::{RawRecord, Step, Walker};
use crate::read::Reader;
use crate::read::block::Block;
use crate::read::directory::Chain;
use crate::read::parallel;
use crate::read::problem::{Problem, ProblemKind};
use crate::read::types::Types;
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

    /// Whether a checksum vouches for the record. None does in a block that was never sealed, and none can in the block
    /// a cut goes through: what is left of it is given as it is.
    pub fn is_verified(&self) -> bool {
        self.block.is_verified()
    }
}

/// One record where it lies. What [`Entry`] is to keep, this is to look at: it costs no reference count.
#[derive(Clone, Copy)]
pub struct RecordView<'a> {
    /// Nanoseconds since the log was created.
    pub t_ns: u64,
    pub stream: StreamId,
    pub event_type: u16,
    body: &'a [u8],
    schema: &'a FileSchema,
    verified: bool,
}

impl<'a> RecordView<'a> {
    #[inline]
    pub(crate) fn new(schema: &'a FileSchema, time: &TimeScale, block: &'a Block, record: RawRecord) -> RecordView<'a> {
        RecordView {
            t_ns: time.nanoseconds(record.ticks),
            stream: block.reference.entry.stream,
            event_type: record.event_type,
            body: block.data.get(record.body.0..record.body.1).unwrap_or_default(),
            schema,
            verified: block.is_verified(),
        }
    }

    /// The decoded record.
    #[inline]
    pub fn event(&self) -> Event<'a> {
        Event::decode(self.event_type, self.body, self.schema.fixed(self.event_type))
    }

    /// The record as it was written, without its header.
    #[inline]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Whether a checksum vouches for the record, as [`Entry::is_verified`].
    #[inline]
    pub fn is_verified(&self) -> bool {
        self.verified
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
    /// Memory for the next block.
    spare: Vec<u8>,
}

/// Blocks of a slice of time that one thread decodes in one go, 1 MiB.
const SLICE_BLOCKS: u32 = 16;

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

/// What the current source needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Nothing,
    /// Its head was given: it must advance, and may then be later than another.
    Advance,
    /// It has advanced and may be later than another.
    Compare,
}

/// Iterator over a log's events. By default all events of class E but the clock's own; choose with [`Events::types`].
///
/// [`Events::visit`] shows the same records without keeping them, in half the time.
pub struct Events {
    reader: Reader,
    types: Types,
    known: Types,
    /// Half-open, in ticks.
    range: Range<u64>,
    started: bool,
    sources: Vec<Source>,
    waiting: BinaryHeap<Reverse<(u64, usize)>>,
    /// The source of the next record, or of the one just given.
    current: Option<usize>,
    /// What has to be done to the current source before the next record is known.
    due: Due,
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
            due: Due::Nothing,
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

    /// The same records on several threads, in the same order: the time is cut into slices, `work` gets the events of
    /// each, and `take` gets what it made of them, slice after slice, on the calling thread. `take` may end it early.
    ///
    /// Memory is what `work` returns for four slices per thread at most; a slice is about 1 MiB of the log. A problem
    /// may come in more than one slice; [`Reader::problems`] has each once.
    pub fn in_parallel<T: Send, B>(
        self,
        threads: usize,
        work: impl Fn(Events) -> T + Sync,
        take: impl FnMut(T) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let slices = if threads > 1 { self.slices() } else { vec![self.range.clone()] };
        let part = |range: &Range<u64>| {
            work(Events { range: range.clone(), types: self.types, ..Events::new(self.reader.clone()) })
        };
        parallel::in_order(threads, &slices, part, take)
    }

    /// Slices of time with about as many blocks each.
    fn slices(&self) -> Vec<Range<u64>> {
        let directory = self.reader.directory();
        let chains: Vec<&Chain> = directory.chains.iter().filter(|chain| self.wants_chain(chain)).collect();
        let blocks = chains.iter().flat_map(|chain| self.blocks_of(chain));
        let mut starts: Vec<(u64, u32)> = blocks
            .map(|index| directory.blocks[index].entry)
            .map(|entry| (entry.t_first.max(self.range.start), entry.blocks))
            .collect();
        starts.sort_unstable();
        // A block at the border of two slices is read for both.
        let enough = (SLICE_BLOCKS).max(2 * chains.len() as u32);
        let mut slices = Vec::new();
        let (mut from, mut sum) = (self.range.start, 0);
        for (start, blocks) in starts {
            if sum >= enough && start > from {
                slices.push(from..start);
                (from, sum) = (start, 0);
            }
            sum += blocks;
        }
        slices.push(from..self.range.end);
        slices
    }

    fn wants_chain(&self, chain: &Chain) -> bool {
        match chain.kind {
            BlockKind::Events => self.types.has_class(Class::E),
            BlockKind::Defs => self.types.has_class(Class::D),
            BlockKind::Bulk => self.types.has_class(Class::B),
            _ => false,
        }
    }

    /// The blocks of a chain that can hold anything of the time asked for.
    fn blocks_of<'c>(&self, chain: &'c Chain) -> impl Iterator<Item = usize> + use<'c> {
        let all = &self.reader.directory().blocks;
        let first = |index: &usize| all[*index].entry.t_first;
        // Damage apart, a block ends where the next begins.
        let (from, to) = match chain.is_sorted {
            true => (
                chain.blocks.partition_point(|index| first(index) < self.range.start).saturating_sub(1),
                chain.blocks.partition_point(|index| first(index) < self.range.end),
            ),
            false => (0, chain.blocks.len()),
        };
        chain.blocks.get(from..to).unwrap_or_default().iter().copied()
    }

    fn start(&mut self) {
        self.started = true;
        let reader = self.reader.clone();
        let chains = reader.directory().chains.iter().filter(|chain| self.wants_chain(chain));
        self.sources = chains
            .map(|chain| Source {
                stream: chain.stream,
                blocks: self.blocks_of(chain).collect::<Vec<_>>().into_iter(),
                block: None,
                walker: Walker::new(0, 0),
                records: 0,
                last: 0,
                head: Head::End,
                spare: Vec::new(),
            })
            .collect();
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
        loop {
            let source = &mut self.sources[index];
            let Some(block) = &source.block else {
                if !self.open_next_block(index) {
                    self.sources[index].head = Head::End;
                    return;
                }
                continue;
            };
            match source.walker.step(&block.data) {
                Step::Record(mut record) => {
                    source.records += 1;
                    // Whoever reads events in order may rely on it, whatever noise in an unsealed block says.
                    record.ticks = record.ticks.max(source.last);
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
                    if self.close_block(index, step) {
                        return;
                    }
                }
            }
        }
    }

    /// Leaves a source's block; whether there is a problem to tell.
    #[cold]
    fn close_block(&mut self, index: usize, step: Step) -> bool {
        let source = &mut self.sources[index];
        let Some(block) = source.block.take() else {
            return false;
        };
        let path = self.reader.path();
        let found = match step {
            Step::Damaged(at) => block.damaged(path, at),
            _ => block.miscounted(path, source.records),
        };
        let ticks = source.last.max(block.reference.entry.t_first);
        let problem = block.problem.clone().or(found);
        // Nobody holds a record of it: its memory serves the next block.
        source.spare = Arc::try_unwrap(block).map(|block| block.data).unwrap_or_default();
        match problem {
            Some(problem) if self.is_new(&problem) => {
                self.sources[index].head = Head::Problem(ticks, Box::new(problem));
                true
            }
            _ => false,
        }
    }

    #[cold]
    fn open_next_block(&mut self, index: usize) -> bool {
        while let Some(next) = self.sources[index].blocks.next() {
            let reference = self.reader.directory().blocks[next];
            if self.wants(&reference.entry) {
                let source = &mut self.sources[index];
                let block = self.reader.load_into(reference, std::mem::take(&mut source.spare));
                source.walker = block.walker(self.reader.dt_shift());
                source.records = 0;
                source.block = Some(Arc::new(block));
                return true;
            }
        }
        false
    }

    /// The whole file is cut at one place: that is said once, not once per block behind it.
    fn is_new(&mut self, problem: &Problem) -> bool {
        match problem.kind {
            ProblemKind::Truncated { .. } => !std::mem::replace(&mut self.truncation_said, true),
            _ => true,
        }
    }

    /// Goes to the next record or problem; the source that has it.
    fn turn(&mut self) -> Option<usize> {
        if !self.started {
            self.start();
        } else if self.due != Due::Nothing {
            let index = self.current?;
            if self.due == Due::Advance {
                self.advance(index);
            }
            self.current = match (self.sources[index].head.ticks(), self.waiting.peek_mut()) {
                (Some(ticks), Some(mut earliest)) if (ticks, index) > earliest.0 => {
                    let Reverse((_, next)) = std::mem::replace(&mut *earliest, Reverse((ticks, index)));
                    Some(next)
                }
                (Some(_), _) => Some(index),
                (None, Some(earliest)) => Some(PeekMut::pop(earliest).0.1),
                (None, None) => None,
            };
        }
        self.due = Due::Advance;
        self.current
    }

    /// Shows every record, or what is wrong in its place, until `see` breaks off. The fastest way through a log in time
    /// order.
    pub fn visit<B>(
        &mut self,
        mut see: impl FnMut(Result<RecordView<'_>, Problem>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        while let Some(index) = self.turn() {
            match self.sources[index].head {
                Head::Record(record) => self.run(index, record, &mut see)?,
                _ => {
                    if let Some(problem) = self.tell(index) {
                        see(Err(problem))?;
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Shows the records of one block for as long as no other source has an earlier one.
    fn run<B>(
        &mut self,
        index: usize,
        mut record: RawRecord,
        see: &mut impl FnMut(Result<RecordView<'_>, Problem>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let (schema, time) = (self.reader.schema(), *self.reader.time());
        let next = self.waiting.peek().map_or((u64::MAX, usize::MAX), |next| next.0);
        let source = &mut self.sources[index];
        let block = source.block.as_ref().expect("a record's block is the one being read");
        let mut walker = source.walker;
        let result = 'given: loop {
            self.events += 1;
            let view = RecordView::new(schema, &time, block, record);
            self.last_ns = view.t_ns;
            let result = see(Ok(view));
            if result.is_break() {
                break result;
            }
            loop {
                // At the block's end nothing has moved, and advancing finds it again.
                let Step::Record(mut found) = walker.step(&block.data) else {
                    break 'given result;
                };
                source.records += 1;
                found.ticks = found.ticks.max(source.last);
                source.last = found.ticks;
                let mut wanted = self.types.contains(found.event_type);
                if !wanted && !self.known.contains(found.event_type) {
                    wanted = self.types.wants_unknown();
                    self.unknown += u64::from(!wanted);
                }
                if wanted && self.range.contains(&found.ticks) {
                    record = found;
                    break;
                }
            }
            if (record.ticks, index) > next {
                source.head = Head::Record(record);
                self.due = Due::Compare;
                break result;
            }
        };
        source.walker = walker;
        result
    }

    /// The problem a source has come to.
    #[cold]
    fn tell(&mut self, index: usize) -> Option<Problem> {
        let source = &mut self.sources[index];
        let Head::Problem(_, problem) = std::mem::replace(&mut source.head, Head::End) else {
            return None;
        };
        let mut problem = *problem;
        problem.progress = Some((self.events, self.last_ns));
        problem.stream = Some((source.stream, self.reader.stream_name(source.stream)));
        self.reader.note(&problem);
        Some(problem)
    }
}

impl Iterator for Events {
    type Item = Result<Entry, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.turn()?;
        match self.sources[index].head {
            Head::Record(record) => {
                let block = self.sources[index].block.as_ref().expect("a record's block is the one being read");
                let entry = Entry::new(&self.reader, block, record);
                self.events += 1;
                self.last_ns = entry.t_ns;
                Some(Ok(entry))
            }
            _ => self.tell(index).map(Err),
        }
    }
}
