//! What sent the program to the interpreter, as far as it was not a guard just before: loops that were given up, and code
//! that never got hot. Time on lines that are compiled too (before they were, or on the way there) is nobody's fault.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{FuncId, LocId, Model, SourceId, Weight};

/// Time in the interpreter by what it is blamed on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blame {
    /// By the place of a loop (or function) of which every recording was aborted.
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

/// What time in the interpreter at a place is charged to, where no exit just before is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// The line is compiled, or may be in the body of a loop that is.
    Compiled,
    /// The loop around was given up for good.
    GivenUp(LocId),
    /// Recordings of the loop around were aborted, and none has succeeded.
    Aborted(LocId),
    /// Nothing there was ever recorded.
    NeverHot(FuncId),
    /// The place is not known.
    Nobody,
}

/// Loops by function and line of their heads.
type Heads = BTreeMap<FuncId, BTreeMap<u32, LocId>>;

/// What is compiled where, and what is not.
pub struct Ground {
    compiled: BTreeSet<(SourceId, u32)>,
    /// The first compiled loop of each function.
    first: BTreeMap<FuncId, u32>,
    given_up: Heads,
    aborted: Heads,
}

impl Ground {
    pub fn of(model: &Model) -> Ground {
        let program = &model.program;
        let starts = model.traces.values().filter(|t| t.became_code()).map(|t| t.loc);
        let guarded = model.guards.values().map(|g| g.loc);
        let sampled = model.samples.by_loc.iter().filter(|(_, time)| time.compiled_ns > 0).map(|(loc, _)| *loc);
        let compiled = starts.chain(guarded).chain(sampled).filter_map(|loc| program.line_of(loc)).collect();
        // Where the body of a compiled loop ends is not known, so what follows its head may be its body.
        let mut first: BTreeMap<FuncId, u32> = BTreeMap::new();
        for at in model.traces.values().filter(|t| t.became_code()).filter_map(|t| program.locs.get(&t.loc)) {
            let first = first.entry(at.func).or_insert(at.line);
            *first = at.line.min(*first);
        }
        let heads = |places: BTreeSet<LocId>| {
            let mut heads = Heads::new();
            for loc in places {
                if let Some(at) = program.locs.get(&loc) {
                    heads.entry(at.func).or_default().insert(at.line, loc);
                }
            }
            heads
        };
        let mut aborted: BTreeSet<LocId> = model.traces.values().filter(|t| t.abort.is_some()).map(|t| t.loc).collect();
        for trace in model.traces.values().filter(|t| t.became_code()) {
            aborted.remove(&trace.loc);
        }
        Ground { compiled, first, given_up: heads(given_up(model)), aborted: heads(aborted) }
    }

    pub fn charge(&self, model: &Model, loc: LocId) -> Charge {
        let program = &model.program;
        let (Some(at), Some(line)) = (program.locs.get(&loc), program.line_of(loc)) else { return Charge::Nobody };
        if self.compiled.contains(&line) {
            return Charge::Compiled;
        }
        // A loop comes before its body, and the nearest before is the innermost around most lines.
        let around = |heads: &Heads| heads.get(&at.func)?.range(..=at.line).next_back().map(|(_, head)| *head);
        if let Some(head) = around(&self.given_up) {
            return Charge::GivenUp(head);
        }
        if self.first.get(&at.func).is_some_and(|&first| at.line >= first) {
            return Charge::Compiled;
        }
        around(&self.aborted).map_or(Charge::NeverHot(at.func), Charge::Aborted)
    }
}

pub fn blame(model: &Model) -> Blame {
    let ground = Ground::of(model);
    let mut found = Blame::default();
    for (loc, weight) in &model.samples.unblamed {
        let (sum, locs) = match ground.charge(model, *loc) {
            Charge::Compiled | Charge::Nobody => continue,
            // None of its recordings succeeded, given up or not.
            Charge::GivenUp(head) | Charge::Aborted(head) => {
                let place = found.given_up.entry(head).or_default();
                (&mut place.weight, &mut place.locs)
            }
            Charge::NeverHot(_) => {
                let Some(at) = model.program.locs.get(loc) else { continue };
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
    use crate::model::{Func, Loc, PlaceTime, Trace, TraceId};

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
