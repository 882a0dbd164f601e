//! The guards of the traces: what each tested, how often it failed, and what was seen instead.

use std::collections::BTreeMap;

use super::ids::{GuardId, LocId, OpIx, TraceId};

#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    pub id: GuardId,
    pub trace: TraceId,
    pub ordinal: u16,
    pub kind: u16,
    pub op: OpIx,
    pub loc: LocId,
    pub expected: String,
    /// From the counter: exact. `None` when the log has no counter for this guard.
    pub failures: Option<u64>,
    /// Failures by observed type, from counters: exact.
    pub observed: BTreeMap<u32, u64>,
    /// Bailouts the log holds in full, the first few of each guard and then one in N.
    pub bailouts: Vec<Bailout>,
    /// Failures as the counter grew: time and increment.
    pub failed_at: Vec<(u64, u64)>,
    /// First and last time the counter or a bailout shows a failure.
    pub first_ns: Option<u64>,
    pub last_ns: Option<u64>,
    pub bridge: Option<TraceId>,
    /// The same for the same guard of the same recording in any run; 0 if the log has none.
    pub fingerprint: u64,
}

impl Guard {
    pub fn new(id: GuardId, trace: TraceId) -> Guard {
        Guard {
            id,
            trace,
            ordinal: 0,
            kind: 0,
            op: OpIx(0),
            loc: LocId(0),
            expected: String::new(),
            failures: None,
            observed: BTreeMap::new(),
            bailouts: Vec::new(),
            failed_at: Vec::new(),
            first_ns: None,
            last_ns: None,
            bridge: None,
            fingerprint: 0,
        }
    }

    /// A failure was seen at this time.
    pub fn seen_at(&mut self, t_ns: u64) {
        self.first_ns = Some(self.first_ns.map_or(t_ns, |t| t.min(t_ns)));
        self.last_ns = Some(self.last_ns.map_or(t_ns, |t| t.max(t_ns)));
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bailout {
    pub observed_type: u32,
    pub observed_text: String,
    /// Failures it stands for.
    pub weight: u32,
    /// What leaving cost, if the VM measured it; else 0.
    pub cost_ns: u64,
}
