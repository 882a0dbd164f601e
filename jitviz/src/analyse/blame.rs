//! What sent the program to the interpreter, as far as it was not a guard just before: loops that were given up, and code
//! that never got hot. Time on lines that are compiled too (before they were, or on the way there) is nobody's fault.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{FuncId, LocId, Model, Weight};

/// Time in the interpreter by what it is blamed on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blame {
    /// By the place of a loop (or function) that was given up.
    pub given_up: BTreeMap<LocId, GivenUp>,
    /// By function: code that is in no trace.
    pub never_hot: BTreeMap<FuncId, NeverHot>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct NeverHot {
    pub weight: Weight,
    pub locs: BTreeSet<LocId>,
    /// The place with most of it.
    pub hottest: LocId,
    hottest_ns: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct GivenUp {
    pub weight: Weight,
    pub locs: BTreeSet<LocId>,
}

/// Places whose recording was given up for good and that have no code.
pub fn given_up(model: &Model) -> BTreeSet<LocId> {
    let aborted = model.traces.values().filter(|t| t.abort.as_ref().is_some_and(|a| a.blacklisted)).map(|t| t.loc);
    let mut places: BTreeSet<LocId> = model.blacklisted.iter().copied().chain(aborted).collect();
    for trace in model.traces.values().filter(|t| t.became_code() && t.invalidated.is_empty()) {
        places.remove(&trace.loc);
    }
    places
}

pub fn blame(model: &Model) -> Blame {
    let program = &model.program;
    let starts = model.traces.values().filter(|t| t.became_code()).map(|t| t.loc);
    let guarded = model.guards.values().map(|g| g.loc);
    let sampled = model.samples.by_loc.iter().filter(|(_, time)| time.compiled_ns > 0).map(|(loc, _)| *loc);
    let compiled: BTreeSet<_> = starts.chain(guarded).chain(sampled).filter_map(|loc| program.line_of(loc)).collect();
    // Where the body of a compiled loop ends is not known, so what follows its head may be its body.
    let mut heads: BTreeMap<FuncId, u32> = BTreeMap::new();
    for at in model.traces.values().filter(|t| t.became_code()).filter_map(|t| program.locs.get(&t.loc)) {
        let first = heads.entry(at.func).or_insert(at.line);
        *first = at.line.min(*first);
    }
    // A loop comes before its body, and the nearest before is the innermost around most lines.
    let mut loops: BTreeMap<FuncId, BTreeMap<u32, LocId>> = BTreeMap::new();
    for loc in given_up(model) {
        if let Some(at) = program.locs.get(&loc) {
            loops.entry(at.func).or_default().insert(at.line, loc);
        }
    }
    let mut found = Blame::default();
    for (loc, weight) in &model.samples.unblamed {
        let (Some(at), Some(line)) = (program.locs.get(loc), program.line_of(*loc)) else { continue };
        if compiled.contains(&line) {
            continue;
        }
        let around = loops.get(&at.func).and_then(|of| of.range(..=at.line).next_back());
        if around.is_none() && heads.get(&at.func).is_some_and(|&head| at.line >= head) {
            continue;
        }
        let (sum, locs) = match around {
            Some((_, head)) => {
                let place = found.given_up.entry(*head).or_default();
                (&mut place.weight, &mut place.locs)
            }
            None => {
                let function = found.never_hot.entry(at.func).or_default();
                if weight.ns > function.hottest_ns {
                    (function.hottest, function.hottest_ns) = (*loc, weight.ns);
                }
                (&mut function.weight, &mut function.locs)
            }
        };
        locs.insert(*loc);
        sum.samples += weight.samples;
        sum.ns = sum.ns.saturating_add(weight.ns);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Func, Loc, PlaceTime, SourceId, Trace, TraceId};

    #[test]
    fn time_goes_to_the_loop_around_or_to_the_function() {
        let mut model = Model::default();
        let func = |id| (FuncId(id), Func { source: SourceId(1), name: "f".into() });
        model.program.funcs.extend([func(1), func(2)]);
        for (loc, of, line) in [(1, 1, 10), (2, 1, 12), (3, 1, 5), (4, 2, 30), (5, 2, 31), (6, 1, 13)] {
            model.program.locs.insert(LocId(loc), Loc { func: FuncId(of), line });
        }
        model.blacklisted = vec![LocId(1)];
        for (loc, ns) in [(2, 20), (3, 3), (4, 40), (5, 50), (6, 60)] {
            model.samples.unblamed.insert(LocId(loc), Weight { samples: 1, ns });
        }
        model.samples.by_loc.insert(LocId(6), PlaceTime { compiled_ns: 1, ..PlaceTime::default() });
        let found = blame(&model);
        let of_loop = GivenUp { weight: Weight { samples: 1, ns: 20 }, locs: [LocId(2)].into() };
        assert_eq!(found.given_up, BTreeMap::from([(LocId(1), of_loop)]));
        assert_eq!(found.never_hot[&FuncId(1)].weight.ns, 3, "before the loop");
        let second = &found.never_hot[&FuncId(2)];
        assert_eq!((second.weight.ns, second.hottest), (90, LocId(5)));
        assert_eq!(found.never_hot.len(), 2, "what is compiled too is nobody's fault");
        let mut trace = Trace::new(TraceId(1));
        (trace.loc, trace.installed_ns) = (LocId(4), Some(1));
        model.traces.insert(TraceId(1), trace);
        assert_eq!(blame(&model).never_hot.len(), 1, "31 may be in the loop of 30");
    }
}
