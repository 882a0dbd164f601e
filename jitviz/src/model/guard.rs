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
    /// Bailouts the log holds in full, the first few of each guard and then one in N, added up.
    pub bailouts: Bailouts,
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
            bailouts: Bailouts::default(),
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

/// Bailouts of one guard. A long run has millions, so none is kept: what they saw is added up by type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bailouts {
    pub count: u64,
    pub seen: BTreeMap<u32, Seen>,
    /// What leaving cost, of those that the VM measured.
    pub costs: Option<Costs>,
}

/// What bailouts saw instead of what was expected, of one type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Failures that they stand for.
    pub weight: u64,
    /// The first value that the log tells.
    pub example: Option<String>,
}

/// Times that were measured. One that stands for several failures counts as often, so that the first ones, which find
/// nothing in the caches, do not outweigh the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    pub count: u64,
    pub sum_ns: u64,
    pub least_ns: u64,
    pub most_ns: u64,
}

impl Costs {
    pub fn average_ns(self) -> u64 {
        self.sum_ns / self.count.max(1)
    }

    /// Of both together.
    pub fn with(self, other: Costs) -> Costs {
        Costs {
            count: self.count.saturating_add(other.count),
            sum_ns: self.sum_ns.saturating_add(other.sum_ns),
            least_ns: self.least_ns.min(other.least_ns),
            most_ns: self.most_ns.max(other.most_ns),
        }
    }
}

impl Bailouts {
    /// One more, which stands for `weight` failures and took `cost_ns`, or 0 if nobody measured that.
    pub fn add(&mut self, observed_type: u32, observed_text: &str, weight: u32, cost_ns: u64) {
        self.count += 1;
        let seen = self.seen.entry(observed_type).or_default();
        seen.weight = seen.weight.saturating_add(weight.max(1).into());
        if seen.example.is_none() && !observed_text.is_empty() {
            seen.example = Some(observed_text.to_string());
        }
        if cost_ns > 0 {
            let count = u64::from(weight.max(1));
            let cost = Costs { count, sum_ns: cost_ns.saturating_mul(count), least_ns: cost_ns, most_ns: cost_ns };
            self.costs = Some(self.costs.map_or(cost, |costs| costs.with(cost)));
        }
    }
}
