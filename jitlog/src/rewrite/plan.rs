//! Which blocks of a log are kept, in which order, and what their new directory entries say.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::bytes;
use crate::format::event::{CounterDelta, Event};
use crate::format::layout::{
    BLOCK, COUNTERS_PER_BLOCK, COUNTERS_PROLOGUE, DirEntry, FLAG_UNVERIFIED, PROLOGUE, checksum,
};
use crate::format::payload::parse_deltas;
use crate::format::walk::{Step, Walker};
use crate::read::block::Block;
use crate::read::directory::BlockRef;
use crate::read::{ProblemKind, Reader, Types};
use crate::rewrite::{Keep, Repaired, rebuild};
use crate::{BlockKind, BlockState, StreamId};

/// A block of the new log.
pub struct Kept {
    /// The block of the old log its bytes come from.
    pub from: u32,
    /// Sealed, with its place in the new chain.
    pub entry: DirEntry,
    /// Bytes that replace those of the old log.
    pub data: Option<Vec<u8>>,
}

/// All blocks of the new log, in their order.
pub struct Plan {
    keep: Keep,
    pub blocks: Vec<Kept>,
    /// COUNTERS blocks that were cut: sequence and what is left.
    cut_counters: BTreeMap<u64, Vec<u8>>,
    pub kept: Repaired,
}

impl Plan {
    pub fn new(reader: &Reader, keep: Keep) -> Plan {
        let (blocks, cut_counters) = (Vec::new(), BTreeMap::new());
        let mut plan = Plan { keep, blocks, cut_counters, kept: Repaired::default() };
        let directory = reader.directory();
        for reference in &directory.blocks {
            plan.judge(reader, *reference);
        }
        for reference in &directory.unknown {
            // Nothing is known of their inside, but a checksum holds for any bytes.
            let data = reader.raw(crate::format::layout::block_offset(reference.number), reference.entry.used as usize);
            let sound = data.is_ok_and(|data| reference.entry.is_sealed() && checksum(&data) == reference.entry.crc);
            if sound { plan.keep_whole(*reference) } else { plan.kept.lost += 1 }
        }
        for (reference, data) in rebuild::lost_blocks(reader) {
            if reference.entry.kind == BlockKind::Counters {
                plan.kept.rebuilt += 1;
                plan.keep_counters(reference, data);
            } else if let Some(entry) = seal(reference.entry, &data, reader.dt_shift()) {
                plan.kept.rebuilt += 1;
                plan.keep_unverified(reference.number, entry);
            }
        }
        plan.blocks.sort_by_key(|block| block.from);
        let highest = reader.defs().counters().map(|counter| counter.counter_id.0 / COUNTERS_PER_BLOCK).max();
        // Noise in an unsealed definition must not ask for more blocks than the file ever had.
        let defined = highest.map_or(0, |block| u64::from(block) + 1).min(reader.file_len().div_ceil(BLOCK as u64));
        plan.number_chains(defined);
        plan.complete_counters(reader, defined);
        plan
    }

    fn judge(&mut self, reader: &Reader, reference: BlockRef) {
        let block = reader.load(reference);
        let problem = block.problem.clone().or_else(|| block.scan(reader.path(), reader.dt_shift(), |_| {}));
        if let Some(problem) = &problem {
            reader.note(problem);
        }
        let usable = match &problem {
            None => true,
            Some(problem) => {
                matches!(problem.kind, ProblemKind::Truncated { .. } | ProblemKind::Header | ProblemKind::Count { .. })
            }
        };
        match (usable, problem.is_none() && reference.entry.is_sealed()) {
            (false, _) => self.kept.lost += 1,
            (true, true) => self.keep_whole(reference),
            (true, _) if reference.entry.kind == BlockKind::Counters && problem.is_some() => {
                self.kept.partial += 1;
                self.cut_counters.insert(reference.entry.sequence, block.data);
            }
            (true, false) if reference.entry.kind == BlockKind::Counters => {
                self.kept.partial += 1;
                self.keep_counters(reference, block.data);
            }
            (true, false) => self.keep_part(reader, &block),
        }
    }

    fn keep_whole(&mut self, reference: BlockRef) {
        self.kept.whole += 1;
        let records = u64::from(reference.entry.records);
        // A log that was repaired before has blocks that only its repair sealed.
        if !reference.entry.vouches() {
            if self.keep == Keep::Verified && reference.entry.kind != BlockKind::Counters {
                self.kept.left_out += records;
                return;
            }
            self.kept.unverified += records;
        }
        self.kept.records += records;
        self.blocks.push(Kept { from: reference.number, entry: reference.entry, data: None });
    }

    fn keep_part(&mut self, reader: &Reader, block: &Block) {
        match seal(block.reference.entry, &block.data, reader.dt_shift()) {
            Some(entry) => {
                self.kept.partial += 1;
                self.keep_unverified(block.number, entry);
            }
            // A block that was claimed and not written to is no loss.
            None if block.problem.is_none() => {}
            None => self.kept.lost += 1,
        }
    }

    /// A block that has no checksum of its writer's: the new entry says so.
    fn keep_unverified(&mut self, from: u32, entry: DirEntry) {
        let records = u64::from(entry.records);
        if self.keep == Keep::Verified {
            self.kept.left_out += records;
            return;
        }
        self.kept.records += records;
        self.kept.unverified += records;
        let entry = DirEntry { flags: entry.flags | FLAG_UNVERIFIED, ..entry };
        self.blocks.push(Kept { from, entry, data: None });
    }

    fn keep_counters(&mut self, reference: BlockRef, mut data: Vec<u8>) {
        data.resize(BLOCK, 0);
        let slots = data[COUNTERS_PROLOGUE..].chunks_exact(8).rposition(|slot| slot.iter().any(|byte| *byte != 0));
        let records = slots.map_or(0, |last| last as u32 + 1);
        self.kept.records += u64::from(records);
        self.kept.unverified += u64::from(records);
        let flags = reference.entry.flags | FLAG_UNVERIFIED;
        let entry = DirEntry { flags, records, used: BLOCK as u32, crc: checksum(&data), ..reference.entry };
        self.blocks.push(Kept { from: reference.number, entry, data: Some(data) });
    }

    /// Chains without gaps.
    fn number_chains(&mut self, counter_blocks: u64) {
        let mut next: BTreeMap<(u8, u32), u64> = BTreeMap::new();
        for block in self.blocks.iter_mut().filter(|block| block.entry.kind != BlockKind::Counters) {
            let entry = &mut block.entry;
            let next = next.entry((entry.kind.0, entry.stream.0)).or_default();
            entry.sequence = *next;
            *next += 1;
        }
        self.number_counters(counter_blocks);
    }

    /// A counter's id comes from its block's place, so counters keep theirs unless it is unknown or none of this log's.
    fn number_counters(&mut self, defined: u64) {
        let counters = self.blocks.iter_mut().filter(|block| block.entry.kind == BlockKind::Counters);
        let counters: Vec<&mut DirEntry> = counters.map(|block| &mut block.entry).collect();
        let end = defined.max(counters.len() as u64);
        let mut taken = BTreeSet::new();
        let (_, lost): (Vec<_>, Vec<_>) =
            counters.into_iter().partition(|entry| entry.sequence < end && taken.insert(entry.sequence));
        let free: Vec<u64> = (0..end).filter(|sequence| !taken.contains(sequence)).collect();
        lost.into_iter().zip(free).for_each(|(entry, sequence)| entry.sequence = sequence);
    }

    /// Lost counters are replaced by what their time series add up to, which is what is known of them.
    fn complete_counters(&mut self, reader: &Reader, wanted: u64) {
        let counters = self.blocks.iter().filter(|block| block.entry.kind == BlockKind::Counters);
        let present: Vec<u64> = counters.map(|block| block.entry.sequence).collect();
        let missing: Vec<u64> = (0..wanted).filter(|sequence| !present.contains(sequence)).collect();
        if missing.is_empty() {
            return;
        }
        let mut sums: BTreeMap<u32, u64> = BTreeMap::new();
        for entry in reader.events().types(Types::of(&[CounterDelta::TYPE])).flatten() {
            if let Event::CounterDelta(record) = entry.event() {
                parse_deltas(record.entries)
                    .for_each(|delta| *sums.entry(delta.counter_id.0).or_default() += u64::from(delta.delta));
            }
        }
        for sequence in missing {
            let ticks = reader.static_page().start_ticks;
            let mut data = self.cut_counters.remove(&sequence).unwrap_or_default();
            data.resize(BLOCK, 0);
            data[..PROLOGUE].copy_from_slice(&rebuild::prologue(StreamId::NONE, ticks));
            let first = sequence as u32 * COUNTERS_PER_BLOCK;
            for (id, sum) in sums.range(first..first + COUNTERS_PER_BLOCK) {
                let at = COUNTERS_PROLOGUE + (id - first) as usize * 8;
                let known = bytes::u64_at(&data, at).max(*sum);
                data[at..at + 8].copy_from_slice(&known.to_le_bytes());
            }
            let entry = DirEntry { sequence, ..rebuild::entry(BlockKind::Counters, StreamId::NONE, ticks, 1) };
            // Blocks are written in this order, and a new one may stand anywhere.
            self.keep_counters(BlockRef { number: u32::MAX, entry }, data);
        }
    }
}

/// The entry of a block sealed with the whole records it has; None if it has none.
pub fn seal(entry: DirEntry, data: &[u8], dt_shift: u8) -> Option<DirEntry> {
    let mut walker = Walker::new(entry.t_first, dt_shift);
    let mut sealed = DirEntry { records: 0, type_mask: 0, t_last: entry.t_first, ..entry };
    while let Step::Record(record) = walker.step(data) {
        sealed.records += 1;
        sealed.t_last = record.ticks;
        sealed.type_mask |= 1 << (record.event_type & 63);
    }
    let used = walker.position().max(PROLOGUE);
    sealed.used = used as u32;
    sealed.crc = checksum(data.get(..used)?);
    sealed.state = BlockState::Sealed;
    debug_assert_eq!(bytes::u64_at(data, 8), entry.t_first);
    (sealed.records > 0).then_some(sealed)
}
