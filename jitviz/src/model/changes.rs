//! How much more there is of things than in another log of the program, once somebody compared the two.

use std::collections::BTreeMap;

use super::{GuardId, Place, SourceId, TraceId};

/// After minus before; what stands in several places at once has it at the one with most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Executions.
    pub traces: BTreeMap<TraceId, i64>,
    /// Failures.
    pub guards: BTreeMap<GuardId, i64>,
    /// Recordings given up, by reason and place.
    pub aborts: BTreeMap<(u16, Place), i64>,
    /// Nanoseconds where both runs were sampled, else executions of the traces that start there.
    pub lines: BTreeMap<(SourceId, u32), i64>,
    /// Whether `lines` are nanoseconds.
    pub sampled: bool,
    /// Bytes of sampled allocations, by type and place.
    pub sites: BTreeMap<(String, Place), i64>,
    /// Nanoseconds by frame of the flame of all states; none unless both runs were sampled.
    pub frames: BTreeMap<usize, i64>,
}
