//! A comparison for somebody who looks at the log after: where in it each row of the comparison is.

use std::collections::BTreeMap;

use super::changes::changes;
use super::key::{self, Key};
use super::{Diff, Row, diff_of};
use crate::model::{Changes, Domain, LocId, Model, OpIx, TraceId};

/// Where a row leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Trace(TraceId, Option<OpIx>),
    Line(LocId),
}

/// What changed, and the ways from it.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub diff: Diff,
    functions: BTreeMap<Key, Way>,
    traces: BTreeMap<Key, Way>,
    guards: BTreeMap<Key, Way>,
    aborts: BTreeMap<Key, Way>,
    /// For the lists of the log after.
    pub changes: Changes,
}

impl Comparison {
    pub fn of(before: &Model, after: &Model) -> Comparison {
        // The first of several that are alike is as good as any.
        fn first(pairs: impl Iterator<Item = (Key, Way)>) -> BTreeMap<Key, Way> {
            let mut map = BTreeMap::new();
            pairs.for_each(|(key, way)| {
                map.entry(key).or_insert(way);
            });
            map
        }
        // The line of a function that took most of its time.
        let mut lines: Vec<_> = after.samples.by_loc.iter().collect();
        lines.sort_by_key(|(_, t)| std::cmp::Reverse(t.interp_ns + t.compiled_ns + t.native_ns));
        let functions = first(lines.into_iter().map(|(loc, _)| (key::function(after, *loc), Way::Line(*loc))));
        let compiled = after.traces.values().filter(|t| t.became_code());
        let traces = first(compiled.map(|t| (key::trace(after, t), Way::Trace(t.id, None))));
        let failing = after.guards.values().filter(|g| g.failures.unwrap_or(0) > 0);
        let guards = first(failing.map(|g| (key::guard(after, g), Way::Trace(g.trace, Some(g.op)))));
        let aborts = first(after.traces.values().filter_map(|t| {
            let abort = t.abort.as_ref()?;
            let reason = after.words.reason(Domain::Abort, abort.reason);
            Some((key::abort(after, &reason, abort.loc.known().unwrap_or(t.loc)), Way::Trace(t.id, None)))
        }));
        let changes = changes(before, after);
        Comparison { diff: diff_of(&[before], &[after]), functions, traces, guards, aborts, changes }
    }

    /// Where in the log after a row of one of the tables of the page is.
    pub fn way(&self, table: usize, row: &Row) -> Option<Way> {
        let map = match table {
            0 => &self.functions,
            1 | 2 => &self.traces,
            3 => &self.guards,
            4 => &self.aborts,
            _ => return None,
        };
        map.get(&row.key).copied()
    }
}
