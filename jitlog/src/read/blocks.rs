//! Blocks one by one, in no order of time: the fastest way to see every record.

use std::ops::ControlFlow;

use crate::format::record::Class;
use crate::format::walk::{Step, Walker};
use crate::read::Reader;
use crate::read::block::Block;
use crate::read::directory::BlockRef;
use crate::read::events::RecordView;
use crate::read::parallel;
use crate::read::problem::Problem;
use crate::read::types::Types;
use crate::{BlockKind, StreamId};

/// Blocks one thread decodes in one go.
const BLOCKS_PER_JOB: usize = 16;

/// The records of some blocks.
pub struct BlockRecords<'r> {
    reader: &'r Reader,
    types: Types,
    blocks: std::slice::Iter<'r, BlockRef>,
    block: Option<Block>,
    walker: Walker,
    records: u32,
    problems: Vec<Problem>,
}

impl BlockRecords<'_> {
    /// The next record of the types asked for. Within a stream they come in order.
    pub fn next_view(&mut self) -> Option<RecordView<'_>> {
        let record = loop {
            let Some(block) = &self.block else {
                let reference = *self.blocks.next()?;
                self.open(reference, Vec::new());
                continue;
            };
            match self.walker.step(&block.data) {
                Step::Record(record) => {
                    self.records += 1;
                    if self.types.contains(record.event_type) {
                        break record;
                    }
                }
                step => {
                    let spare = self.close(step);
                    let reference = *self.blocks.next()?;
                    self.open(reference, spare);
                }
            }
        };
        let block = self.block.as_ref().expect("a record's block is open");
        Some(RecordView::new(self.reader, block, record))
    }

    /// The stream of the record given last.
    pub fn stream(&self) -> StreamId {
        self.block.as_ref().map_or(StreamId::NONE, |block| block.reference.entry.stream)
    }

    fn open(&mut self, reference: BlockRef, spare: Vec<u8>) {
        let block = self.reader.load_into(reference, spare);
        self.walker = block.walker(self.reader.dt_shift());
        self.records = 0;
        self.block = Some(block);
    }

    #[cold]
    fn close(&mut self, step: Step) -> Vec<u8> {
        let Some(block) = self.block.take() else {
            return Vec::new();
        };
        let found = match step {
            Step::Damaged(at) => block.damaged(self.reader.path(), at),
            _ => block.miscounted(self.reader.path(), self.records),
        };
        self.problems.extend(block.problem.clone().or(found));
        block.data
    }
}

impl Reader {
    /// Every record of these types on several threads: `work` gets the records of about 1 MiB of blocks at a time, in the
    /// order of the file, and `take` gets what it made of them in the same order. What is damaged is among
    /// [`Reader::problems`] afterwards.
    pub fn blocks_in_parallel<T: Send, B>(
        &self,
        types: Types,
        threads: usize,
        work: impl Fn(&mut BlockRecords<'_>) -> T + Sync,
        mut take: impl FnMut(T) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let wanted = |block: &&BlockRef| {
            let class = match block.entry.kind {
                BlockKind::Events => Class::E,
                BlockKind::Defs => Class::D,
                BlockKind::Bulk => Class::B,
                _ => return false,
            };
            types.has_class(class) && (!block.entry.is_sealed() || block.entry.type_mask & types.mask() != 0)
        };
        let blocks: Vec<BlockRef> = self.directory().blocks.iter().filter(wanted).copied().collect();
        let jobs: Vec<&[BlockRef]> = blocks.chunks(BLOCKS_PER_JOB).collect();
        let part = |blocks: &&[BlockRef]| {
            let mut records = BlockRecords {
                reader: self,
                types,
                blocks: blocks.iter(),
                block: None,
                walker: Walker::new(0, 0),
                records: 0,
                problems: Vec::new(),
            };
            (work(&mut records), records.problems)
        };
        parallel::in_order(threads, &jobs, part, |(made, problems)| {
            problems.iter().for_each(|problem| self.note(problem));
            take(made)
        })
    }
}
