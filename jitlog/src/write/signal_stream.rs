//! A stream that a signal handler writes: samples and the definitions they need, with no lock and no allocation.
//!
//! It writes blocks of its own that the helper thread made ready before; where none is ready a record is dropped, and
//! the next that finds room is preceded by the number of the lost ones. Nothing here touches what the interrupted code
//! may be in the middle of: blocks are claimed by one atomic exchange, and records are committed as everywhere.

use std::sync::Arc;

use crate::format::record::{Class, Record};
use crate::write::Shared;
use crate::write::cursor::Cursor;
use crate::{AllocSample, BlockKind, LocDef, NativeStack, Sample, SamplesLost, StackDef, StreamId};

/// A signal handler's way into the log. Its methods are async-signal-safe; whoever calls them makes sure that one
/// handler does not interrupt another on the same stream.
pub struct SignalStream {
    shared: Arc<Shared>,
    id: StreamId,
    samples: Cursor,
    definitions: Cursor,
    /// Samples that found no room since the last that did.
    lost: u32,
}

impl SignalStream {
    /// First id of the places and stacks to define here: those of [`crate::Defs`] stay below.
    pub const FIRST_ID: u32 = 1 << 31;

    pub(crate) fn new(shared: Arc<Shared>, id: StreamId) -> SignalStream {
        SignalStream {
            samples: Cursor::impatient(BlockKind::Events, id),
            definitions: Cursor::impatient(BlockKind::Defs, id),
            shared,
            id,
            lost: 0,
        }
    }

    pub fn id(&self) -> StreamId {
        self.id
    }

    /// Writes a sample. False if it found no room.
    pub fn sample(&mut self, sample: &Sample) -> bool {
        let ticks = self.shared.clock.record();
        if self.lost > 0 && self.samples.write(&self.shared, ticks, &SamplesLost { n: self.lost }) {
            self.lost = 0;
        }
        let written = self.lost == 0 && self.samples.write(&self.shared, ticks, sample);
        self.lost = self.lost.saturating_add(u32::from(!written));
        written
    }

    /// Writes the native frames of the sample that follows. False if they found no room.
    pub fn native_stack(&mut self, stack: &NativeStack) -> bool {
        let ticks = self.shared.clock.record();
        self.samples.write(&self.shared, ticks, stack)
    }

    /// Writes a sampled allocation. False if it found no room: its weight is for the next then.
    pub fn allocation(&mut self, sample: &AllocSample) -> bool {
        let ticks = self.shared.clock.record();
        self.samples.write(&self.shared, ticks, sample)
    }

    /// Defines a place under an id from [`SignalStream::FIRST_ID`] on. False if it found no room.
    pub fn loc(&mut self, loc: &LocDef) -> bool {
        self.define(loc)
    }

    /// Defines a stack under an id from [`SignalStream::FIRST_ID`] on. False if it found no room.
    pub fn stack(&mut self, stack: &StackDef) -> bool {
        self.define(stack)
    }

    fn define<R: Record>(&mut self, record: &R) -> bool {
        const { assert!(matches!(R::CLASS, Class::D), "events go through `sample`") };
        let ticks = self.shared.clock.now();
        self.definitions.write(&self.shared, ticks, record)
    }
}

impl Drop for SignalStream {
    fn drop(&mut self) {
        if self.lost > 0 {
            let ticks = self.shared.clock.record();
            self.samples.write(&self.shared, ticks, &SamplesLost { n: self.lost });
        }
        self.samples.leave(&self.shared);
        self.definitions.leave(&self.shared);
    }
}
