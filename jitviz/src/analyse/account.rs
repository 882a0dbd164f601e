//! The memory account: what the VM holds for which purpose, at the end and when it held most, beside what the kernel says.
//!
//! Parts do not overlap, so they add up. What the log does not measure is in no part; it is the remainder where the log
//! has the resident size, and otherwise nobody's guess.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::{Domain, Fact, Model, Resident};

/// Memory held for one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    pub what: String,
    pub at_end: u64,
    /// When all parts together were largest.
    pub at_peak: u64,
    /// Moments of the accounts that the VM wrote, and the bytes then; empty where it wrote none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub over_time: Vec<(u64, u64)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    pub parts: Vec<Part>,
    pub sum_at_end: u64,
    pub sum_at_peak: u64,
    /// When that was; `None` if nothing was measured.
    pub peak_at_ns: Option<u64>,
    /// What the kernel said was resident then, and at the end.
    pub resident_at_end: Option<u64>,
    pub resident_at_peak: Option<u64>,
    /// What of it is in no part; below 0 where parts come to more.
    pub remainder_at_end: Option<i64>,
    pub remainder_at_peak: Option<i64>,
    /// The most that was ever resident, by the kernel.
    pub resident_peak: Option<u64>,
    /// Of the file; only the part of it that is being written is in memory.
    pub log_file: u64,
}

/// What collections were started by, one row per cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CauseRow {
    /// `None` if the log does not say.
    pub cause: Option<String>,
    pub collections: u64,
    pub pause_ns: u64,
}

/// What collections spend their pauses on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhaseRow {
    pub phase: String,
    pub total_ns: u64,
    pub max_ns: u64,
}

/// Collections by the length of their pause: longer than the row before says, and at most this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PauseRow {
    pub at_most_ns: u64,
    pub collections: u64,
    pub pause_ns: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Collections {
    pub causes: Vec<CauseRow>,
    /// In steps of 1, 2, 5 and 10; empty where pauses are not logged.
    pub pauses: Vec<PauseRow>,
    pub phases: Vec<PhaseRow>,
    /// Of what was in use before a collection that much was afterwards, in thousandths, over all collections.
    pub survived_permille: Option<u64>,
    pub freed_objects: Option<u64>,
}

/// Steps of a part over time: when it changed, and to what.
struct Steps {
    what: &'static str,
    points: Vec<(u64, u64)>,
}

impl Steps {
    fn at(&self, t_ns: u64) -> u64 {
        let after = self.points.partition_point(|point| point.0 <= t_ns);
        after.checked_sub(1).map_or(0, |last| self.points[last].1)
    }
}

/// By the accounts that the VM wrote; without those, by the events that tell of single parts.
pub fn account(model: &Model) -> Account {
    match (model.resident.last(), model.resident.iter().max_by_key(|account| account.bytes)) {
        (Some(last), Some(peak)) => told(model, last, peak),
        _ => pieced_together(model),
    }
}

fn told(model: &Model, last: &Resident, peak: &Resident) -> Account {
    let of = |account: &Resident, purpose| {
        let parts = account.parts.iter().filter(|part| part.0 == purpose);
        parts.fold(0_u64, |sum, part| sum.saturating_add(part.1))
    };
    let purposes: BTreeSet<_> = last.parts.iter().chain(&peak.parts).map(|part| part.0).collect();
    let parts = purposes.into_iter().map(|purpose| Part {
        what: purpose.to_string(),
        at_end: of(last, purpose),
        at_peak: of(peak, purpose),
        over_time: model.resident.iter().map(|account| (account.at_ns, of(account, purpose))).collect(),
    });
    let mut parts: Vec<Part> = parts.filter(|part| part.at_end > 0 || part.at_peak > 0).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.at_peak));
    let sum = |account: &Resident| account.parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.1));
    let rest = |account: &Resident| {
        let rest = i128::from(account.bytes) - i128::from(sum(account));
        rest.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    };
    Account {
        sum_at_end: sum(last),
        sum_at_peak: sum(peak),
        peak_at_ns: Some(peak.at_ns),
        resident_at_end: Some(last.bytes),
        resident_at_peak: Some(peak.bytes),
        remainder_at_end: Some(rest(last)),
        remainder_at_peak: Some(rest(peak)),
        resident_peak: model.resident.iter().map(|account| account.peak_bytes).max(),
        parts,
        log_file: model.health.file_bytes,
    }
}

fn pieced_together(model: &Model) -> Account {
    let steps = steps(model);
    let mut times: Vec<u64> = steps.iter().flat_map(|part| part.points.iter().map(|point| point.0)).collect();
    times.sort_unstable();
    times.dedup();
    // One walk over all changes: the sum at each of them.
    let mut next = vec![0; steps.len()];
    let mut held = vec![0_u64; steps.len()];
    let mut peak: Option<(u64, u64)> = None;
    for &time in &times {
        for (part, (next, held)) in steps.iter().zip(next.iter_mut().zip(&mut held)) {
            while let Some(point) = part.points.get(*next).filter(|point| point.0 <= time) {
                *held = point.1;
                *next += 1;
            }
        }
        let sum = held.iter().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
        if peak.is_none_or(|(_, most)| sum > most) {
            peak = Some((time, sum));
        }
    }
    let parts = steps.iter().map(|part| Part {
        what: part.what.to_string(),
        at_end: part.points.last().map_or(0, |point| point.1),
        at_peak: peak.map_or(0, |(time, _)| part.at(time)),
        over_time: Vec::new(),
    });
    let parts: Vec<Part> = parts.collect();
    Account {
        sum_at_end: parts.iter().fold(0, |sum, part| sum.saturating_add(part.at_end)),
        sum_at_peak: peak.map_or(0, |(_, sum)| sum),
        peak_at_ns: peak.map(|(time, _)| time),
        parts,
        log_file: model.health.file_bytes,
        ..Account::default()
    }
}

/// The parts that the log measures; objects and the free rest of the heap are two, so that neither hides the other.
fn steps(model: &Model) -> Vec<Steps> {
    let mut parts = Vec::new();
    let mut part = |what, mut points: Vec<(u64, u64)>| {
        points.sort_by_key(|point| point.0);
        if points.iter().any(|point| point.1 > 0) {
            parts.push(Steps { what, points });
        }
    };
    if model.known(Fact::Heap, ()).is_some() {
        let before = model.collections.iter().map(|c| (c.at_ns.saturating_sub(c.pause_ns), c.before_bytes));
        let after = model.collections.iter().map(|c| (c.at_ns, c.after_bytes));
        let read = model.heap.iter().map(|heap| (heap.at_ns, heap.used));
        let used: Vec<_> = before.chain(after).chain(read).collect();
        part("objects of the program", used.clone());
        // A collection changes what is in use, not what was taken from the system.
        let committed: Vec<_> = model.heap.iter().map(|heap| (heap.at_ns, heap.committed)).collect();
        part("heap, free", rest(committed, used));
    }
    if model.known(Fact::CodeSize, ()).is_some() {
        part("machine code", model.code_mem.clone());
        part("memory for machine code, free", rest(model.code_committed.clone(), model.code_mem.clone()));
    }
    part("metadata of traces: IR, snapshots, exits", metadata(model));
    parts
}

/// What is left of the first, over time; before its first point nothing is known to be.
fn rest(mut whole: Vec<(u64, u64)>, mut used: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    whole.sort_by_key(|point| point.0);
    used.sort_by_key(|point| point.0);
    let (whole, used) = (Steps { what: "", points: whole }, Steps { what: "", points: used });
    let mut times: Vec<u64> = whole.points.iter().chain(&used.points).map(|point| point.0).collect();
    times.sort_unstable();
    times.dedup();
    times.into_iter().map(|time| (time, whole.at(time).saturating_sub(used.at(time)))).collect()
}

fn metadata(model: &Model) -> Vec<(u64, u64)> {
    let mut changes: Vec<(u64, bool, u64)> = Vec::new();
    for trace in model.traces.values().filter(|trace| trace.became_code()) {
        let bytes = trace.compile.as_ref().map_or(0, |compile| u64::from(compile.data_bytes));
        if let Some(at) = trace.installed_ns.filter(|_| bytes > 0) {
            changes.push((at, true, bytes));
            changes.extend(trace.freed_ns.map(|at| (at, false, bytes)));
        }
    }
    changes.sort_by_key(|change| change.0);
    let mut held = 0_u64;
    let step = |(at, grows, bytes): (u64, bool, u64)| {
        held = if grows { held.saturating_add(bytes) } else { held.saturating_sub(bytes) };
        (at, held)
    };
    changes.into_iter().map(step).collect()
}

pub fn collections(model: &Model) -> Collections {
    let mut causes: Vec<CauseRow> = Vec::new();
    let mut phases: Vec<(u16, PhaseRow)> = Vec::new();
    let (mut before, mut after) = (0_u64, 0_u64);
    for collection in &model.collections {
        let cause = collection.cause.map(|code| model.words.reason(Domain::GcCause, code));
        let row = match causes.iter_mut().find(|row| row.cause == cause) {
            Some(row) => row,
            None => {
                causes.push(CauseRow { cause, collections: 0, pause_ns: 0 });
                causes.last_mut().expect("it was just pushed")
            }
        };
        row.collections += 1;
        row.pause_ns = row.pause_ns.saturating_add(collection.pause_ns);
        for &(phase, ns) in &collection.phases {
            let row = match phases.iter_mut().find(|(code, _)| *code == phase) {
                Some((_, row)) => row,
                None => {
                    let name = model.words.reason(Domain::GcPhase, phase);
                    phases.push((phase, PhaseRow { phase: name, total_ns: 0, max_ns: 0 }));
                    &mut phases.last_mut().expect("it was just pushed").1
                }
            };
            row.total_ns = row.total_ns.saturating_add(ns);
            row.max_ns = row.max_ns.max(ns);
        }
        before = before.saturating_add(collection.before_bytes);
        after = after.saturating_add(collection.after_bytes);
    }
    causes.sort_by_key(|row| std::cmp::Reverse(row.pause_ns));
    phases.sort_by_key(|(_, row)| std::cmp::Reverse(row.total_ns));
    let freed = model.collections.iter().fold(0_u64, |sum, c| sum.saturating_add(c.freed_objects));
    Collections {
        causes,
        pauses: pauses(model),
        phases: phases.into_iter().map(|(_, row)| row).collect(),
        survived_permille: (before > 0)
            .then(|| (u128::from(after) * 1_000 / u128::from(before)).min(u128::from(u64::MAX)) as u64),
        freed_objects: (freed > 0).then_some(freed),
    }
}

fn pauses(model: &Model) -> Vec<PauseRow> {
    let mut rows: BTreeMap<u64, PauseRow> = BTreeMap::new();
    for pause_ns in model.collections.iter().map(|collection| collection.pause_ns).filter(|ns| *ns > 0) {
        let at_most_ns = round_up(pause_ns);
        let row = rows.entry(at_most_ns).or_insert(PauseRow { at_most_ns, collections: 0, pause_ns: 0 });
        row.collections += 1;
        row.pause_ns = row.pause_ns.saturating_add(pause_ns);
    }
    rows.into_values().collect()
}

/// To 1, 2 or 5 times a power of ten.
fn round_up(ns: u64) -> u64 {
    let powers = std::iter::successors(Some(1_u64), |power| power.checked_mul(10));
    let steps = powers.flat_map(|power| [1, 2, 5].map(|times| power.saturating_mul(times)));
    steps.into_iter().find(|step| ns <= *step).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Collection, Compile, Heap, Trace, TraceId};

    #[test]
    fn parts_add_up_at_the_end_and_at_the_peak() {
        let mut model = Model::default();
        let heap = |at_ns, used, committed| Heap { at_ns, used, committed, ..Heap::default() };
        model.heap = vec![heap(10, 100, 160), heap(30, 40, 160)];
        let collection =
            Collection { at_ns: 20, pause_ns: 2, before_bytes: 130, after_bytes: 40, ..Collection::default() };
        model.collections = vec![collection];
        model.code_mem = vec![(5, 7)];
        model.code_committed = vec![(5, 10)];
        let mut trace = Trace::new(TraceId(1));
        trace.installed_ns = Some(25);
        trace.compile = Some(Compile { data_bytes: 9, ..Compile::default() });
        model.traces.insert(TraceId(1), trace);
        let account = account(&model);
        let shown: Vec<_> = account.parts.iter().map(|part| (part.what.as_str(), part.at_end, part.at_peak)).collect();
        let expected = [
            ("objects of the program", 40, 40),
            ("heap, free", 120, 120),
            ("machine code", 7, 7),
            ("memory for machine code, free", 3, 3),
            ("metadata of traces: IR, snapshots, exits", 9, 9),
        ];
        assert_eq!(shown, expected);
        // Before the metadata was there the heap had the same size, so the peak comes with it.
        assert_eq!((account.sum_at_end, account.sum_at_peak, account.peak_at_ns), (179, 179, Some(25)));
    }

    #[test]
    fn what_the_kernel_says_is_more_than_the_parts_by_the_remainder() {
        use jitlog::MemoryPurpose as Purpose;
        let resident = |at_ns, bytes, parts| Resident { at_ns, bytes, peak_bytes: 1_100, parts };
        let model = Model {
            resident: vec![
                resident(1, 1_000, vec![(Purpose::HeapBlocks, 600), (Purpose::Log, 350)]),
                resident(2, 700, vec![(Purpose::HeapBlocks, 400), (Purpose::Log, 310)]),
            ],
            ..Model::default()
        };
        let account = account(&model);
        let shown: Vec<_> = account.parts.iter().map(|part| (part.what.as_str(), part.at_end, part.at_peak)).collect();
        assert_eq!(shown, [("heap blocks", 400, 600), ("log", 310, 350)]);
        assert_eq!(account.parts[1].over_time, [(1, 350), (2, 310)]);
        assert_eq!((account.sum_at_peak, account.remainder_at_peak, account.peak_at_ns), (950, Some(50), Some(1)));
        assert_eq!(
            (account.sum_at_end, account.remainder_at_end, account.resident_peak),
            (710, Some(-10), Some(1_100))
        );
    }

    #[test]
    fn collections_are_summed_by_cause_and_phase() {
        let mut model = Model::default();
        let collection = |cause, pause_ns, phases| Collection {
            cause,
            pause_ns,
            phases,
            before_bytes: 100,
            after_bytes: 25,
            freed_objects: 3,
            ..Collection::default()
        };
        model.collections = vec![
            collection(Some(1), 5, vec![(1, 2), (2, 3)]),
            collection(Some(1), 50, vec![(1, 20), (2, 30)]),
            collection(None, 7, vec![]),
        ];
        let found = collections(&model);
        let causes: Vec<_> = found.causes.iter().map(|c| (c.cause.as_deref(), c.collections, c.pause_ns)).collect();
        assert_eq!(causes, [(Some("#1"), 2, 55), (None, 1, 7)]);
        let phases: Vec<_> = found.phases.iter().map(|p| (p.phase.as_str(), p.total_ns, p.max_ns)).collect();
        assert_eq!(phases, [("#2", 33, 30), ("#1", 22, 20)]);
        assert_eq!((found.survived_permille, found.freed_objects), (Some(250), Some(9)));
        let pauses: Vec<_> = found.pauses.iter().map(|p| (p.at_most_ns, p.collections, p.pause_ns)).collect();
        assert_eq!(pauses, [(5, 1, 5), (10, 1, 7), (50, 1, 50)]);
        assert_eq!([1, 11, 999_999, u64::MAX].map(round_up), [1, 20, 1_000_000, u64::MAX]);
    }
}
