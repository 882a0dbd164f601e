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
    /// Failures in time, and how many: as bailouts tell, which have their own times; of those that none stands for, when
    /// the counter was read.
    pub failed_at: Vec<(u64, u64)>,
    /// First and last time the counter or a bailout shows a failure.
    pub first_ns: Option<u64>,
    pub last_ns: Option<u64>,
    /// The last failure may be earlier: only the counter tells of it.
    pub last_is_a_reading: bool,
    told: Told,
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
            last_is_a_reading: false,
            told: Told::default(),
            bridge: None,
            fingerprint: 0,
        }
    }

    /// The counter was read and had grown so much; `before` the part of the time that is read.
    pub fn counted(&mut self, t_ns: u64, failures: u64, before: bool) {
        self.told.by_counter = self.told.by_counter.saturating_add(failures);
        if self.place(t_ns, before) {
            self.last_is_a_reading = true;
        }
    }

    /// A bailout was logged that stands for so many failures, itself the last of them.
    pub fn left(&mut self, t_ns: u64, weight: u32, before: bool) {
        self.told.by_bailouts = self.told.by_bailouts.saturating_add(weight.max(1).into());
        self.place(t_ns, before);
        if !before {
            self.first_ns = self.first_ns.or(Some(t_ns));
            (self.last_ns, self.last_is_a_reading) = (Some(t_ns), false);
        }
    }

    /// What nobody had told of until now happened by now.
    fn place(&mut self, t_ns: u64, before: bool) -> bool {
        let told = self.told.by_counter.max(self.told.by_bailouts);
        let new = told - self.told.in_all;
        self.told.in_all = told;
        if before {
            (self.told.before, self.told.counted_before) = (told, self.told.by_counter);
            return false;
        }
        if new == 0 {
            return false;
        }
        self.first_ns = self.first_ns.or(Some(t_ns));
        self.last_ns = Some(t_ns);
        let is_full = self.failed_at.len() >= MOST_TIMES;
        match self.failed_at.last_mut().filter(|_| is_full) {
            Some(last) => *last = (t_ns, last.1.saturating_add(new)),
            None => self.failed_at.push((t_ns, new)),
        }
        true
    }

    /// Failures within the part, if the counter grew so much within: bailouts may be known that no reading has counted.
    pub fn failures_of(&self, counted: u64) -> u64 {
        let in_all = counted.saturating_add(self.told.counted_before).max(self.told.in_all);
        in_all.saturating_sub(self.told.before)
    }
}

/// Times of one guard's failures; later ones share the last.
const MOST_TIMES: usize = 1 << 14;

/// How many failures counter and bailouts told of so far. Each may lag behind the other: counters are read now and then,
/// and of many bailouts one in N is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Told {
    by_counter: u64,
    by_bailouts: u64,
    /// By either.
    in_all: u64,
    /// Before the part of the time that is read, by either and by the counter.
    before: u64,
    counted_before: u64,
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
            let cost = Costs { count, sum_ns: cost_ns.saturating_mul(count), least_ns: cost_ns };
            self.costs = Some(self.costs.map_or(cost, |costs| costs.with(cost)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_when_bailouts_say_and_else_by_the_next_reading() {
        let mut guard = Guard::new(GuardId(1), TraceId(1));
        guard.left(10, 1, false);
        guard.left(20, 1, false);
        guard.counted(250, 2, false);
        assert_eq!((&guard.failed_at[..], guard.last_ns), (&[(10, 1), (20, 1)][..], Some(20)));
        assert!(!guard.last_is_a_reading);
        guard.counted(500, 30, false);
        assert_eq!((guard.failed_at.last(), guard.last_ns), (Some(&(500, 30)), Some(500)));
        assert!(guard.last_is_a_reading, "no bailout stands for them");
        guard.left(600, 32, false);
        assert_eq!(guard.failed_at.last(), Some(&(600, 2)), "the others of its 32 were counted before");
        assert_eq!((guard.first_ns, guard.last_is_a_reading), (Some(10), false));
        assert_eq!(
            (guard.failures_of(32), guard.failures_of(40)),
            (34, 40),
            "the counter of a log that was cut is behind"
        );
    }

    #[test]
    fn what_was_before_a_part_is_not_in_it() {
        let mut guard = Guard::new(GuardId(1), TraceId(1));
        guard.left(10, 1, true);
        guard.left(20, 1, true);
        assert!(guard.first_ns.is_none() && guard.failed_at.is_empty());
        guard.counted(250, 5, false);
        assert_eq!((&guard.failed_at[..], guard.failures_of(5)), (&[(250, 3)][..], 3));
    }
}
