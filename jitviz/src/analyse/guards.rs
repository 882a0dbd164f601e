//! The guards: what each tested, how often it failed, what was seen instead, and whether a bridge took over.

use serde::Serialize;

use super::expected::expected;
use crate::model::{Domain, Guard, GuardId, Model, OpIx, Place, TraceId};

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
    pub bailouts: u64,
    pub bridge: Option<TraceId>,
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
        observed_exact: !guard.observed.is_empty(),
        first_ns: guard.first_ns,
        last_ns: guard.last_ns,
        bailouts: guard.bailouts.len() as u64,
        bridge: guard.bridge,
    }
}

fn observed(model: &Model, guard: &Guard) -> Vec<Observed> {
    let mut counts = guard.observed.clone();
    if counts.is_empty() {
        for bailout in &guard.bailouts {
            let count = counts.entry(bailout.observed_type).or_default();
            *count = count.saturating_add(bailout.weight.max(1).into());
        }
    }
    let mut list: Vec<Observed> = counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(code, count)| Observed {
            r#type: model.words.reason(Domain::ObservedType, code),
            count,
            example: guard
                .bailouts
                .iter()
                .find(|b| b.observed_type == code && !b.observed_text.is_empty())
                .map(|b| b.observed_text.clone()),
        })
        .collect();
    list.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.r#type.cmp(&b.r#type)));
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Bailout;

    #[test]
    fn counters_outrank_samples() {
        let mut guard = Guard::new(GuardId(1), TraceId(1));
        guard.bailouts.push(Bailout { observed_type: 2, weight: 10, observed_text: "'x'".into(), cost_ns: 0 });
        let sampled = row(&Model::default(), &guard);
        assert_eq!((sampled.observed[0].count, sampled.observed_exact), (10, false));
        guard.observed.insert(2, 330);
        let exact = row(&Model::default(), &guard);
        assert_eq!((exact.observed[0].count, exact.observed_exact), (330, true));
        assert_eq!(exact.observed[0].example.as_deref(), Some("'x'"));
    }
}
