//! For each thing of the log after how much more of it there is than in the log before: the column `change` of the
//! lists, matched as everything is ([`super::key`]).

use std::collections::BTreeMap;

use serde::Serialize;

use super::key::{self, Key};
use crate::analyse::flame::{Flame, flame};
use crate::model::{Changes, Domain, LocId, Model, Place};

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
        sites: matched(sites(before), sites(after)),
        frames: if sampled { frames(&flame(before, None), &flame(after, None)) } else { BTreeMap::new() },
    }
}

/// Sampled allocations by type and place.
fn sites(model: &Model) -> Vec<(Key, (String, Place), u64)> {
    let of = |(&(loc, ty), allocated): (&(LocId, u32), &crate::model::allocs::AllocSum)| {
        let ty = model.words.type_name(ty);
        (Key(format!("{ty} {}", key::place(model, loc).0)), (ty, model.program.place(loc)), allocated.bytes)
    };
    model.allocs.by_site.iter().map(of).collect()
}

/// How much more time there is in each frame of the flame after, matched by the names from the root on.
fn frames(before: &Flame, after: &Flame) -> BTreeMap<usize, i64> {
    let signed = |ns: u64| i64::try_from(ns).unwrap_or(i64::MAX);
    let mut changes = BTreeMap::new();
    let mut open = vec![(Some(0), 0)];
    while let Some((was, is)) = open.pop() {
        let (was, is) = (was.and_then(|id: usize| before.frames.get(id)), &after.frames[is]);
        changes.insert(is.id, signed(is.total_ns).saturating_sub(signed(was.map_or(0, |f| f.total_ns))));
        let names: BTreeMap<(&str, bool), usize> = (was.iter().flat_map(|f| &f.children))
            .map(|&child| ((before.frames[child].function.as_str(), before.frames[child].builtin), child))
            .collect();
        for &child in &is.children {
            let frame = &after.frames[child];
            open.push((names.get(&(frame.function.as_str(), frame.builtin)).copied(), child));
        }
    }
    changes
}

/// A line that allocates more of a type, or less.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SiteChange {
    #[serde(rename = "type")]
    pub ty: String,
    #[serde(flatten)]
    pub place: Place,
    pub change_bytes: i64,
}

/// A function, as it was called, that took more time or less.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrameChange {
    /// The functions from the root on.
    pub path: Vec<String>,
    pub change_ns: i64,
}

impl Changes {
    /// As `--json` prints them, what changed most first.
    pub fn of_sites(&self) -> Vec<SiteChange> {
        let of = |((ty, place), change): (&(String, Place), &i64)| SiteChange {
            ty: ty.clone(),
            place: place.clone(),
            change_bytes: *change,
        };
        let mut rows: Vec<SiteChange> = self.sites.iter().filter(|(_, change)| **change != 0).map(of).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.change_bytes.unsigned_abs()));
        rows
    }

    /// The same of the frames of the flame of the log after.
    pub fn of_frames(&self, after: &Model) -> Vec<FrameChange> {
        if self.frames.is_empty() {
            return Vec::new();
        }
        let flame = flame(after, None);
        let path = |id: usize| {
            let up = std::iter::successors(flame.frames.get(id), |f| flame.frames.get(f.parent?));
            let mut names: Vec<String> = up.map(|f| f.function.clone()).collect();
            names.reverse();
            names
        };
        let mut rows: Vec<(usize, i64)> = self.frames.iter().map(|(id, ns)| (*id, *ns)).filter(|r| r.1 != 0).collect();
        rows.sort_by_key(|(id, ns)| (std::cmp::Reverse(ns.unsigned_abs()), *id));
        rows.into_iter().map(|(id, change_ns)| FrameChange { path: path(id), change_ns }).collect()
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
    fn frames_are_matched_by_their_names_from_the_root_on() {
        let frame = |id, parent, function: &str, total_ns, children: &[usize]| crate::analyse::flame::Frame {
            id,
            parent,
            function: function.into(),
            total_ns,
            children: children.to_vec(),
            ..Default::default()
        };
        let before = Flame {
            frames: vec![
                frame(0, None, "all", 10, &[1]),
                frame(1, Some(0), "f", 10, &[2]),
                frame(2, Some(1), "g", 4, &[]),
            ],
            ..Flame::default()
        };
        let after = Flame {
            frames: vec![
                frame(0, None, "all", 17, &[2, 1]),
                frame(1, Some(0), "g", 5, &[]),
                frame(2, Some(0), "f", 12, &[3]),
                frame(3, Some(2), "g", 1, &[]),
            ],
            ..Flame::default()
        };
        assert_eq!(frames(&before, &after), BTreeMap::from([(0, 7), (1, 5), (2, 2), (3, -3)]));
    }

    #[test]
    fn what_is_alike_is_summed_and_what_is_new_is_all_change() {
        let key = |name: &str| Key(name.into());
        let before = vec![(key("a"), 1, 10), (key("a"), 2, 5), (key("lost"), 3, 7)];
        let after = vec![(key("a"), 7, 4), (key("a"), 8, 20), (key("new"), 9, 3)];
        assert_eq!(matched(before, after), BTreeMap::from([(8, 9), (9, 3)]));
    }
}
