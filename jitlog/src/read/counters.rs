//! Counters: their totals, and their increments over time.

use crate::format::bytes;
use crate::format::event::{CounterDelta, Event};
use crate::format::layout::{BLOCK, COUNTERS_PER_BLOCK, COUNTERS_PROLOGUE};
use crate::format::payload::parse_deltas;
use crate::read::Reader;
use crate::read::types::Types;
use crate::{BlockKind, CounterDef, CounterId};

/// A counter and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CounterTotal {
    pub definition: CounterDef,
    pub value: u64,
}

/// Increments of a counter up to a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterPoint {
    pub t_ns: u64,
    pub counter_id: CounterId,
    pub delta: u64,
}

impl Reader {
    /// Every defined counter with its value now, in order of definition. Exact also after a kill.
    pub fn counters(&self) -> Vec<CounterTotal> {
        let values = self.counter_values();
        let total = |definition: CounterDef| CounterTotal {
            definition,
            value: values.get(definition.counter_id.0 as usize).copied().unwrap_or(0),
        };
        self.defs().counters().map(total).collect()
    }

    /// Slot values by counter id.
    fn counter_values(&self) -> Vec<u64> {
        let mut values = Vec::new();
        let blocks = self.directory().blocks.iter().filter(|block| block.entry.kind == BlockKind::Counters);
        for reference in blocks {
            let block = self.load(*reference);
            if let Some(problem) = &block.problem {
                self.note(problem);
            }
            let first = reference.entry.sequence.saturating_mul(u64::from(COUNTERS_PER_BLOCK));
            // An open block's entry has no checksum: a sequence no log can have is not worth the memory.
            let Some(first) = usize::try_from(first).ok().filter(|first| *first <= self.slot_limit()) else {
                continue;
            };
            let slots = block.data.get(COUNTERS_PROLOGUE..).unwrap_or_default().chunks_exact(8);
            values.resize(values.len().max(first + slots.len()), 0);
            for (value, slot) in values[first..].iter_mut().zip(slots) {
                *value = bytes::u64_at(slot, 0);
            }
        }
        values
    }

    /// Slots the file could hold at most.
    fn slot_limit(&self) -> usize {
        (self.inner.file_len as usize / BLOCK + 1) * COUNTERS_PER_BLOCK as usize
    }

    /// Increments over time, in time order, their sum per counter equal to its total: what no record placed in time
    /// (the last moments before a kill) comes last, at the log's last time.
    pub fn counter_points(&self) -> impl Iterator<Item = CounterPoint> {
        let totals = self.counter_values();
        let mut placed = vec![0u64; totals.len()];
        let mut events = self.events().types(Types::of(&[CounterDelta::TYPE]));
        let mut pending: std::vec::IntoIter<CounterPoint> = Vec::new().into_iter();
        let mut rest: Option<std::vec::IntoIter<CounterPoint>> = None;
        let reader = self.clone();
        std::iter::from_fn(move || {
            loop {
                if let Some(point) = pending.next() {
                    return Some(point);
                }
                if let Some(rest) = &mut rest {
                    return rest.next();
                }
                match events.next() {
                    Some(Ok(entry)) => {
                        if let Event::CounterDelta(record) = entry.event() {
                            let points = parse_deltas(record.entries).map(|delta| CounterPoint {
                                t_ns: entry.t_ns,
                                counter_id: delta.counter_id,
                                delta: u64::from(delta.delta),
                            });
                            pending = points.collect::<Vec<_>>().into_iter();
                            for point in pending.as_slice() {
                                if let Some(sum) = placed.get_mut(point.counter_id.0 as usize) {
                                    *sum = sum.wrapping_add(point.delta);
                                }
                            }
                        }
                    }
                    // Noted by the reader; the points lost with a block reappear in the remainder.
                    Some(Err(_)) => {}
                    None => {
                        let t_ns = reader.last_ns();
                        let remainder = totals.iter().zip(&placed).enumerate().filter_map(|(id, (total, sum))| {
                            let delta = total.saturating_sub(*sum);
                            (delta > 0).then_some(CounterPoint { t_ns, counter_id: CounterId(id as u32), delta })
                        });
                        rest = Some(remainder.collect::<Vec<_>>().into_iter());
                    }
                }
            }
        })
    }
}
