//! Counters: plain `u64`s in the mapped log that machine code increments in place.
//!
//! Nothing has to be flushed, so a killed process leaves exact totals. The helper thread turns them into time series.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::format::layout::{COUNTERS_PER_BLOCK, COUNTERS_PROLOGUE, block_offset};
use crate::write::Shared;
use crate::write::defs::{lock, table};
use crate::write::space::Claim;
use crate::write::words::WordMap;
use crate::{BlockKind, CounterDef, CounterId, CounterKind, StreamId};

/// Which slots are taken.
pub(crate) struct Counters {
    /// The COUNTERS blocks, in order.
    blocks: Vec<u32>,
    /// The next slot's id; 0 stays unused, since id 0 means none.
    next: u32,
    known: WordMap<(CounterKind, u64, u64), CounterSlot>,
}

impl Counters {
    pub fn new() -> Counters {
        Counters { blocks: Vec::new(), next: 1, known: WordMap::default() }
    }

    /// Memory of the tables, about.
    pub fn table_bytes(&self) -> usize {
        table(&self.known) + self.blocks.capacity() * size_of::<u32>()
    }

    /// Ids in use, the unused 0 included.
    pub fn count(&self) -> u32 {
        self.next
    }

    /// Where a slot lies in the file.
    pub fn offset(&self, id: u32) -> Option<usize> {
        let block = *self.blocks.get((id / COUNTERS_PER_BLOCK) as usize)?;
        Some(block_offset(block) as usize + COUNTERS_PROLOGUE + (id % COUNTERS_PER_BLOCK) as usize * 8)
    }
}

/// A counter. Increments through it and through its pointer are the same; both cost a plain memory increment.
///
/// One thread increments a slot; any may read it. The memory stays valid for the life of the process; what is counted
/// after the log is closed does not reach the file.
#[derive(Clone, Copy, Debug)]
pub struct CounterSlot {
    id: CounterId,
    word: &'static AtomicU64,
}

impl CounterSlot {
    /// The id that guard definitions and the counter's own definition carry; none if the log was full.
    pub fn id(self) -> CounterId {
        self.id
    }

    /// The address for machine code: `inc qword ptr [slot]`.
    pub fn as_ptr(self) -> *mut u64 {
        self.word.as_ptr()
    }

    pub fn get(self) -> u64 {
        self.word.load(Ordering::Relaxed)
    }

    /// Adds without a locked instruction: one thread per counter.
    #[inline]
    pub fn add(self, amount: u64) {
        let word = self.word;
        word.store(word.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
    }

    #[inline]
    pub fn increment(self) {
        self.add(1);
    }
}

/// Finds or makes the counter for an entity.
pub(crate) fn counter(shared: &Arc<Shared>, kind: CounterKind, entity: u64, detail: u64) -> CounterSlot {
    let mut counters = lock(&shared.counters);
    if let Some(slot) = counters.known.get(&(kind, entity, detail)) {
        return *slot;
    }
    let slot = define(shared, &mut counters, kind, entity, detail);
    counters.known.insert((kind, entity, detail), slot);
    slot
}

/// Makes a counter that [`counter`] does not find.
pub(crate) fn new_counter(shared: &Arc<Shared>, kind: CounterKind, entity: u64, detail: u64) -> CounterSlot {
    define(shared, &mut lock(&shared.counters), kind, entity, detail)
}

fn define(shared: &Shared, counters: &mut Counters, kind: CounterKind, entity: u64, detail: u64) -> CounterSlot {
    let slot = place(shared, counters);
    if !slot.id.is_none() {
        let definition = CounterDef { counter_id: slot.id, kind, unit: kind.unit(), entity, detail };
        lock(&shared.definitions).write(shared, &definition);
    }
    slot
}

fn place(shared: &Shared, counters: &mut Counters) -> CounterSlot {
    if (counters.next / COUNTERS_PER_BLOCK) as usize == counters.blocks.len() {
        let claim = Claim {
            kind: BlockKind::Counters,
            stream: StreamId::NONE,
            sequence: counters.blocks.len() as u64,
            ticks: shared.clock.now(),
            blocks: 1,
            patient: true,
        };
        match shared.space.claim(claim) {
            Some(block) => counters.blocks.push(block),
            None => {
                shared.space.drop_event(8);
                // It counts, but for the program alone.
                return CounterSlot { id: CounterId::NONE, word: Box::leak(Box::new(AtomicU64::new(0))) };
            }
        }
    }
    let id = counters.next;
    counters.next += 1;
    let offset = counters.offset(id).expect("the block of the next id was claimed above");
    CounterSlot { id: CounterId(id), word: shared.space.map.word64(offset) }
}
