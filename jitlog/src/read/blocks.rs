//! Blocks one by one, in no order of time: the fastest way to see every record.

use std::ops::ControlFlow;

use crate::BlockKind;
use crate::format::record::Class;
use crate::format::walk::Step;
use crate::read::Reader;
use crate::read::directory::BlockRef;
use crate::read::events::RecordView;
use crate::read::parallel;
use crate::read::problem::Problem;
use crate::read::types::Types;

/// Blocks one thread decodes in one go.
const BLOCKS_PER_JOB: usize = 16;

/// The records of some blocks.
pub struct BlockRecords<'r> {
    reader: &'r Reader,
    types: Types,
    blocks: &'r [BlockRef],
    problems: Vec<Problem>,
}

impl BlockRecords<'_> {
    /// Shows every record of the types asked for. Within a stream they come in order.
    pub fn for_each(&mut self, mut see: impl FnMut(RecordView<'_>)) {
        let (schema, time) = (self.reader.schema(), *self.reader.time());
        let mut spare = Vec::new();
        for reference in self.blocks {
            let block = self.reader.load_into(*reference, std::mem::take(&mut spare));
            let mut walker = block.walker(self.reader.dt_shift());
            let mut records = 0;
            let found = loop {
                match walker.step(&block.data) {
                    Step::Record(record) => {
                        records += 1;
                        if self.types.contains(record.event_type) {
                            see(RecordView::new(schema, &time, &block, record));
                        }
                    }
                    Step::End => break block.miscounted(self.reader.path(), records),
                    Step::Damaged(at) => break block.damaged(self.reader.path(), at),
                }
            };
            self.problems.extend(block.problem.clone().or(found));
            spare = block.data;
        }
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
            let mut records = BlockRecords { reader: self, types, blocks, problems: Vec::new() };
            (work(&mut records), records.problems)
        };
        parallel::in_order(threads, &jobs, part, |(made, problems)| {
            problems.iter().for_each(|problem| self.note(problem));
            take(made)
        })
    }
}
