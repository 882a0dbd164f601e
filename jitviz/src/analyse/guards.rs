//! The guards: what each tested, how often it failed, what was seen instead, and whether a bridge took over.

use serde::Serialize;

use super::expected::expected;
use crate::model::{Costs, Domain, Guard, GuardId, Model, OpIx, Place, TraceId};

/// A type seen where the guard expected another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Observed {
    pub r#type: String,
    pub count: u64,
    /// One of the values, in the VM's words.
    pub example: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GuardRow {
    pub id: GuardId,
    pub trace: TraceId,
    pub op: OpIx,
    pub kind: String,
    #[serde(flatten)]
    pub place: Place,
    pub expected: Option<String>,
    pub failures: Option<u64>,
    pub observed: Vec<Observed>,
    /// False when the counts of `observed` come from sampled bailouts and only approximate.
    pub observed_exact: bool,
    pub first_ns: Option<u64>,
    pub last_ns: Option<u64>,
    /// False when the last failure may be earlier: then `last_ns` is when its counter was read.
    pub last_exact: bool,
    pub bailouts: u64,
    /// What one of those took on average, of those that were measured: restoring what the interpreter needs.
    pub exit_ns: Option<u64>,
    pub bridge: Option<TraceId>,
    /// How often the bridge was entered: failures that never became an exit.
    pub bridge_entries: Option<u64>,
    /// What was seen at the failures and at the entries of the bridge: the counts add up to both.
    pub types: Vec<Observed>,
    /// How much more than in the log it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<i64>,
}

/// One row per guard, most failures first.
pub fn rows(model: &Model) -> Vec<GuardRow> {
    let mut rows: Vec<GuardRow> = model.guards.values().map(|g| row(model, g)).collect();
    rows.sort_by(|a, b| b.failures.cmp(&a.failures).then(a.id.cmp(&b.id)));
    rows
}

pub fn row(model: &Model, guard: &Guard) -> GuardRow {
    GuardRow {
        id: guard.id,
        trace: guard.trace,
        op: guard.op,
        kind: model.words.reason(Domain::GuardKind, guard.kind),
        place: model.program.place(guard.loc),
        expected: expected(&guard.expected),
        failures: guard.failures,
        observed: observed(model, guard),
        observed_exact: is_counted(guard),
        first_ns: guard.first_ns,
        last_ns: guard.last_ns,
        last_exact: !guard.last_is_a_reading,
        bailouts: guard.bailouts.count,
        exit_ns: guard.bailouts.costs.map(Costs::average_ns),
        bridge: guard.bridge,
        bridge_entries: guard.bridge.and_then(|bridge| model.counts.trace_exec.get(&bridge).copied()),
        types: types(model, guard),
        change: model.changes.get().and_then(|c| c.guards.get(&guard.id).copied()),
    }
}

/// Guards whose success says what the type is.
const OF_TYPES: [&str; 3] = ["G_INT", "G_FLT", "G_SHAPE"];

/// A bridge starts by testing the value that failed the guard: what passes there is of the type it tests, the others
/// fail there in turn or go on to its own bridge. A bridge that starts otherwise takes everything untested.
fn types(model: &Model, guard: &Guard) -> Vec<Observed> {
    let mut list: Vec<Observed> = Vec::new();
    let mut add = |seen: Observed| match list.iter_mut().find(|known| known.r#type == seen.r#type) {
        Some(known) => known.count = known.count.saturating_add(seen.count),
        None => list.push(seen),
    };
    let entries =
        |bridge: Option<TraceId>| bridge.and_then(|bridge| model.counts.trace_exec.get(&bridge).copied()).unwrap_or(0);
    let mut guard = guard;
    // A damaged log may lead back to where it came from.
    for _ in 0..model.guards.len() {
        observed(model, guard).into_iter().for_each(&mut add);
        let Some(bridge) = guard.bridge else { break };
        let first = model.guards.values().filter(|g| g.trace == bridge).min_by_key(|g| g.op);
        let tests_type = |g: &Guard| {
            OF_TYPES.contains(&model.words.reason(Domain::GuardKind, g.kind).as_str())
                && model.program.place(g.loc) == model.program.place(guard.loc)
        };
        let Some(first) = first.filter(|g| tests_type(g)) else {
            add(Observed { r#type: "not tested".to_owned(), count: entries(Some(bridge)), example: None });
            break;
        };
        let others = first.failures.unwrap_or(0).saturating_add(entries(first.bridge));
        let count = entries(Some(bridge)).saturating_sub(others);
        add(Observed { r#type: expected(&first.expected).unwrap_or_default(), count, example: None });
        guard = first;
    }
    list.retain(|seen| seen.count > 0);
    list.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.r#type.cmp(&b.r#type)));
    list
}

/// Whether counters tell the types. They are read now and then: in a part of the time bailouts may tell of more.
fn is_counted(guard: &Guard) -> bool {
    let counted = guard.observed.values().fold(0_u64, |sum, n| sum.saturating_add(*n));
    let seen = guard.bailouts.seen.values().fold(0_u64, |sum, seen| sum.saturating_add(seen.weight));
    !guard.observed.is_empty() && counted >= seen
}

fn observed(model: &Model, guard: &Guard) -> Vec<Observed> {
    let mut counts = guard.observed.clone();
    if !is_counted(guard) {
        counts.clear();
        counts.extend(guard.bailouts.seen.iter().map(|(code, seen)| (*code, seen.weight)));
    }
    let mut list: Vec<Observed> = counts
        .into_iter()
        // Other VMs may say that a guard failed and not on what.
        .filter(|(code, count)| *count > 0 && !(*code == 0 && model.is_imported()))
        .map(|(code, count)| Observed {
            r#type: model.words.reason(Domain::ObservedType, code),
            count,
            example: guard.bailouts.seen.get(&code).and_then(|seen| seen.example.clone()),
        })
        .collect();
    list.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.r#type.cmp(&b.r#type)));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_outrank_samples() {
        let mut guard = Guard::new(GuardId(1), TraceId(1));
        guard.bailouts.add(2, "'x'", 10, 0);
        let sampled = row(&Model::default(), &guard);
        assert_eq!((sampled.observed[0].count, sampled.observed_exact), (10, false));
        guard.observed.insert(2, 9);
        assert!(!row(&Model::default(), &guard).observed_exact, "there are bailouts that nobody counted yet");
        guard.observed.insert(2, 330);
        let exact = row(&Model::default(), &guard);
        assert_eq!((exact.observed[0].count, exact.observed_exact), (330, true));
        assert_eq!(exact.observed[0].example.as_deref(), Some("'x'"));
    }
}
