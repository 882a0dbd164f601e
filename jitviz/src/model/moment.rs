//! What happened to the JIT, in the order of time: the events one steps through.

use super::ids::{GuardId, LocId, TraceId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at_ns: u64,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Recording(TraceId),
    Recorded(TraceId),
    Aborted(TraceId),
    Installed(TraceId),
    Freed(TraceId),
    Invalidated(TraceId),
    Attached {
        guard: GuardId,
        bridge: TraceId,
    },
    GivenUp(LocId),
    /// The first failure of a guard that the log shows.
    FirstFailure(GuardId),
    /// Index of the collection.
    Collected(usize),
    Flushed,
    Ended,
}

impl What {
    /// The trace it is about.
    pub fn trace(self) -> Option<TraceId> {
        match self {
            What::Recording(id)
            | What::Recorded(id)
            | What::Aborted(id)
            | What::Installed(id)
            | What::Freed(id)
            | What::Invalidated(id)
            | What::Attached { bridge: id, .. } => Some(id),
            _ => None,
        }
    }

    /// Whether a trace begins, ends or changes what it is: the larger steps.
    pub fn is_of_a_trace(self) -> bool {
        matches!(self, What::Aborted(_) | What::Installed(_) | What::Invalidated(_) | What::Freed(_))
    }
}
