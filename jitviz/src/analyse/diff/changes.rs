//! For each thing of the log after how much more of it there is than in the log before: the column `change` of the
//! lists, matched as everything is ([`super::key`]).

use std::collections::BTreeMap;

use super::key::{self, Key};
use crate::model::{Changes, Domain, LocId, Model};

pub fn changes(before: &Model, after: &Model) -> Changes {
    let traces = |model: &Model| -> Vec<_> {
        let coded = model.traces.values().filter(|t| t.became_code());
        coded.map(|t| (key::trace(model, t), t.id, model.counts.trace_exec.get(&t.id).copied().unwrap_or(0))).collect()
    };
    let guards = |model: &Model| -> Vec<_> {
        let failing = model.guards.values().filter(|g| g.failures.unwrap_or(0) > 0);
        failing.map(|g| (key::guard(model, g), g.id, g.failures.unwrap_or(0))).collect()
    };
    let aborts = |model: &Model| -> Vec<_> {
        let of = |trace: &crate::model::Trace| {
            let abort = trace.abort.as_ref()?;
            let loc = abort.loc.known().unwrap_or(trace.loc);
            let reason = model.words.reason(Domain::Abort, abort.reason);
            Some((key::abort(model, &reason, loc), (abort.reason, model.program.place(loc)), 1))
        };
        model.traces.values().filter_map(of).collect()
    };
    let sampled = !before.samples.is_empty() && !after.samples.is_empty();
    let lines = |model: &Model| -> Vec<_> {
        let at = |loc: LocId, value: u64| Some((key::place(model, loc), model.program.line_of(loc)?, value));
        match sampled {
            true => {
                let time = |t: &crate::model::PlaceTime| t.interp_ns + t.compiled_ns + t.native_ns;
                model.samples.by_loc.iter().filter_map(|(loc, t)| at(*loc, time(t))).collect()
            }
            false => {
                let ran = |t: &crate::model::Trace| at(t.loc, model.counts.trace_exec.get(&t.id).copied()?);
                model.traces.values().filter_map(ran).collect()
            }
        }
    };
    Changes {
        traces: matched(traces(before), traces(after)),
        guards: matched(guards(before), guards(after)),
        aborts: matched(aborts(before), aborts(after)),
        lines: matched(lines(before), lines(after)),
        sampled,
    }
}

/// After minus before by key, for the item of each key that has most after.
fn matched<T: Ord + Clone>(before: Vec<(Key, T, u64)>, after: Vec<(Key, T, u64)>) -> BTreeMap<T, i64> {
    let mut sums: BTreeMap<Key, i64> = BTreeMap::new();
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    for (key, _, n) in before {
        let sum = sums.entry(key).or_default();
        *sum = sum.saturating_sub(signed(n));
    }
    let mut most: BTreeMap<Key, (u64, T)> = BTreeMap::new();
    for (key, item, n) in after {
        let sum = sums.entry(key.clone()).or_default();
        *sum = sum.saturating_add(signed(n));
        if most.get(&key).is_none_or(|m| m.0 < n) {
            most.insert(key, (n, item));
        }
    }
    let mut out = BTreeMap::new();
    for (key, (_, item)) in most {
        // Two keys may share a line; their changes add up.
        let sum = out.entry(item).or_insert(0_i64);
        *sum = sum.saturating_add(sums.get(&key).copied().unwrap_or(0));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_summed_and_what_is_new_is_all_change() {
        let key = |name: &str| Key(name.into());
        let before = vec![(key("a"), 1, 10), (key("a"), 2, 5), (key("lost"), 3, 7)];
        let after = vec![(key("a"), 7, 4), (key("a"), 8, 20), (key("new"), 9, 3)];
        assert_eq!(matched(before, after), BTreeMap::from([(8, 9), (9, 3)]));
    }
}
