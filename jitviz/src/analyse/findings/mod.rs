//! What is wrong with the program's way through the JIT, most costly first: the list `jitviz explain` prints.
//!
//! One file per kind of finding, and one table of them. A cost is given only where the log supports an estimate; how it
//! was made stands in the evidence.

pub mod exit_cost;
pub(super) mod places;

mod bigint_in_loop;
mod calls;
mod caught;
mod deep_recursion;
mod escaping_allocation;
mod exception_in_loop;
mod gc_pressure;
mod guard_storm;
pub(super) mod interpreter_only;
mod invalidation_loop;
mod list_kind_change;
mod megamorphic_call;
mod memory_overhead;
mod native_wall;
mod never_hot;
mod polymorphic_shape;
mod short_run;
pub(super) mod stake;
mod taken_over;
mod trace_abort;
mod trace_explosion;
mod unstable_types;

use serde::Serialize;

use crate::model::{Model, OpIx, Place, SourceId, TraceId};

/// A kind of finding.
pub struct Kind {
    pub id: &'static str,
    find: fn(&Model) -> Vec<Finding>,
}

/// Where somebody is led who wants to see a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Trace(TraceId, Option<OpIx>),
    Line(SourceId, u32),
    Whole(Whole),
}

/// A view of the run as a whole, for what is about no trace and no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    Timeline,
    Memory,
    Flame,
}

/// Everything that is looked for, what says most about the cause first: of two that claim the same time the first is
/// kept. Terms of the same ids explain the kinds.
pub const KINDS: &[Kind] = &[
    Kind { id: deep_recursion::ID, find: deep_recursion::find },
    Kind { id: exception_in_loop::ID, find: exception_in_loop::find },
    Kind { id: megamorphic_call::ID, find: megamorphic_call::find },
    Kind { id: polymorphic_shape::ID, find: polymorphic_shape::find },
    Kind { id: list_kind_change::ID, find: list_kind_change::find },
    Kind { id: invalidation_loop::ID, find: invalidation_loop::find },
    Kind { id: unstable_types::ID, find: unstable_types::find },
    Kind { id: bigint_in_loop::ID, find: bigint_in_loop::find },
    Kind { id: trace_abort::ID, find: trace_abort::find },
    Kind { id: gc_pressure::ID, find: gc_pressure::find },
    Kind { id: escaping_allocation::ID, find: escaping_allocation::find },
    Kind { id: trace_explosion::ID, find: trace_explosion::find },
    Kind { id: interpreter_only::ID, find: interpreter_only::find },
    Kind { id: guard_storm::ID, find: guard_storm::find },
    Kind { id: native_wall::ID, find: native_wall::find },
    Kind { id: never_hot::ID, find: never_hot::find },
    Kind { id: memory_overhead::ID, find: memory_overhead::find },
    Kind { id: short_run::ID, find: short_run::find },
];

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub id: &'static str,
    #[serde(flatten)]
    pub place: Place,
    /// `None` where the log does not say enough for an estimate.
    pub cost_ns: Option<u64>,
    /// The cost as a part of the run.
    pub share: Option<f64>,
    /// Between what and what the run would be shorter.
    pub saving_ns: Option<[u64; 2]>,
    pub cause: String,
    pub advice: String,
    pub evidence: serde_json::Value,
    /// Where the evidence is in the log.
    #[serde(skip)]
    pub target: Option<(TraceId, Option<OpIx>)>,
    /// Shown even if the cost that is known is small, because most of the cost is not in the log.
    #[serde(skip)]
    pub whatever_it_costs: bool,
    /// The time it claims; `None` where the cost is no sum of measured time.
    #[serde(skip)]
    pub stake: Option<stake::Stake>,
}

impl Finding {
    /// To the evidence, else to the line, else to the hottest line of the function, else to what shows the whole of it.
    pub fn way(&self, model: &Model) -> Way {
        if let Some((trace, op)) = self.target.filter(|(trace, _)| model.traces.contains_key(trace)) {
            return Way::Trace(trace, op);
        }
        let hottest = || self.place.function.is_some().then(|| places::lines_of_function(model, &self.place)).flatten();
        let line = self.place.line.or_else(|| hottest()?.line);
        let is_file = |source: &crate::model::Source| Some(&source.path) == self.place.file.as_ref();
        let source = model.program.sources.iter().find(|(_, source)| is_file(source)).map(|(id, _)| *id);
        match (source, line) {
            (Some(source), Some(line)) => Way::Line(source, line),
            _ if self.id == gc_pressure::ID => Way::Whole(Whole::Memory),
            _ if self.id == short_run::ID || model.samples.is_empty() => Way::Whole(Whole::Timeline),
            _ => Way::Whole(Whole::Flame),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Findings {
    pub findings: Vec<Finding>,
    /// How many more there are that cost less than [`WORTH_SHOWING`] of the run, or of a run too short to matter.
    pub not_shown: u64,
    pub looked_for: Vec<&'static str>,
}

/// A finding that costs a smaller part of the run is shown only if asked for.
pub const WORTH_SHOWING: f64 = 0.02;

/// All findings, or those worth showing; most costly first, those of unknown cost last.
pub fn findings(model: &Model, all: bool) -> Findings {
    let list: Vec<Finding> = KINDS.iter().flat_map(|kind| (kind.find)(model)).collect();
    let mut list = apart(list, model);
    let found = list.len();
    list.retain(|f| all || f.whatever_it_costs || f.share.is_some_and(|share| share >= WORTH_SHOWING));
    list.sort_by_key(|f| std::cmp::Reverse(f.cost_ns));
    Findings {
        not_shown: (found - list.len()) as u64,
        findings: list,
        looked_for: KINDS.iter().map(|kind| kind.id).collect(),
    }
}

/// Smaller stakes are not compared with each other, which takes time by the square of their number.
const WORTH_COMPARING: f64 = 0.002;
/// Findings that share more of their time than this speak of the same.
const THE_SAME: f64 = 0.6;

/// Takes overlaps out. Of findings that claim the same time the one that says most about the cause is kept; time that two
/// claim is the first's; and all together never cost more than the run.
fn apart(list: Vec<Finding>, model: &Model) -> Vec<Finding> {
    let worth = (model.duration_ns as f64 * WORTH_COMPARING) as u64;
    let (mut open, small): (Vec<Finding>, Vec<Finding>) =
        list.into_iter().partition(|f| f.stake.as_ref().is_some_and(|stake| stake.cost_ns() > worth));
    let mut kept: Vec<Finding> = Vec::new();
    let mut gc_ns = places::gc_ns(model);
    let of = |f: &Finding| f.stake.as_ref().map_or(0, stake::Stake::cost_ns);
    while let Some(most) = open.iter().max_by_key(|f| of(f)) {
        let same = |f: &&Finding| {
            let shared = f.stake.as_ref().zip(most.stake.as_ref()).map_or(0, |(f, most)| f.shared_ns(most));
            shared as f64 >= of(most) as f64 * THE_SAME
        };
        // The list is in the order of the table.
        let at = open.iter().position(|f| same(&f)).unwrap_or(0);
        let mut first = open.remove(at);
        if let Some(stake) = first.stake.as_mut().filter(|_| kept.is_empty()) {
            // What it leaves is too little to be shown as anything.
            let rest = stake::everything(model).saturating_sub(stake.cost_ns());
            if rest as f64 <= model.duration_ns as f64 * WORTH_SHOWING {
                stake.claim_everything(model);
            }
        }
        if let Some(claimed) = &first.stake {
            for stake in open.iter_mut().filter_map(|f| f.stake.as_mut()) {
                stake.give_up(claimed, gc_ns);
            }
            gc_ns = gc_ns.saturating_sub(claimed.gc_ns());
        }
        open.retain(|f| of(f) > worth && of(f) as f64 >= f.cost_ns.unwrap_or(0) as f64 * (1.0 - THE_SAME));
        kept.push(first);
    }
    kept.extend(small);
    kept.sort_by_key(|f| std::cmp::Reverse(f.stake.as_ref().map(stake::Stake::cost_ns).or(f.cost_ns)));
    let mut lines: std::collections::BTreeSet<Place> = std::collections::BTreeSet::new();
    kept.retain(|f| f.place.line.is_none() || f.stake.is_some() || lines.insert(f.place.clone()));
    let shares = places::Shares::of(model);
    let mut left = model.duration_ns;
    let sampled = model.samples.cells.values().fold(0, |sum: u64, ns| sum.saturating_add(*ns));
    for finding in kept.iter_mut() {
        let mut error = 0.0;
        if let Some(stake) = &finding.stake {
            let stake = stake.clone().scaled(shares);
            finding.cost_ns = Some(stake.cost_ns());
            finding.saving_ns = Some(stake.saving_ns());
            let period = model.samples.tick.period_ns();
            error = stake.deviation_ns(sampled as f64 * shares.sampled, period);
        }
        let Some(cost) = finding.cost_ns.map(|cost| cost.min(left)) else { continue };
        left -= cost;
        (finding.cost_ns, finding.share) = (Some(cost), share(cost, model));
        // It may have cost more than the samples say that fell on it, but never more than there is. An interval that would
        // be too wide to mean anything is as wide as it may be.
        finding.saving_ns = finding.saving_ns.map(|[low, high]| {
            let high = high.min(cost);
            let more = error * high as f64 / cost.max(1) as f64;
            let low = low.min(cost);
            let most = model.duration_ns.min(low.saturating_mul(2)).max(high);
            [low, high.saturating_add(more as u64).min(most)]
        });
    }
    kept
}

/// A finding about a line on which traces part.
fn fork_finding(model: &Model, id: &'static str, fork: places::Fork, cause: String, advice: &str) -> Finding {
    let first = fork.guards.first();
    let cost = fork.stake.cost_ns();
    Finding {
        id,
        cost_ns: Some(cost),
        share: share(cost, model),
        saving_ns: Some(fork.stake.saving_ns()),
        cause,
        advice: advice.into(),
        evidence: serde_json::json!({
            "other_ways": fork.passes,
            "guards": fork.guards.iter().map(|g| g.id).collect::<Vec<_>>(),
            "bridges": fork.bridges,
            "expected": first.and_then(|g| g.expected.as_ref()),
            "observed": first.map(|g| &g.observed),
            "exits_ns": (fork.exits_ns > 0).then_some(fork.exits_ns),
            "bridges_made_in_ns": fork.jit_ns,
            "compiled_ns": (fork.line_ns > 0).then_some(fork.line_ns),
            "how": fork.how(),
        }),
        target: first.map(|g| (g.trace, Some(g.op))),
        whatever_it_costs: false,
        place: fork.place,
        stake: Some(fork.stake),
    }
}

/// A part of the run, to a millionth: more would pretend a precision that estimates do not have.
fn share(cost_ns: u64, model: &Model) -> Option<f64> {
    let share = cost_ns as f64 / model.duration_ns as f64;
    (model.duration_ns > 0).then(|| (share * 1e6).round() / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_which_nothing_happened_has_no_finding() {
        let none = findings(&Model::default(), true);
        assert_eq!((none.findings.len(), none.not_shown), (0, 0));
        assert_eq!(none.looked_for.len(), 18);
    }

    /// A finding of some kind that claims these places.
    fn claiming(model: &Model, id: &'static str, locs: &[u32]) -> Finding {
        let mut stake = stake::Stake::default();
        stake.claim(model, |cell| locs.contains(&cell.loc.0));
        Finding {
            id,
            place: Place::default(),
            cost_ns: Some(stake.cost_ns()),
            share: None,
            saving_ns: None,
            cause: String::new(),
            advice: String::new(),
            evidence: serde_json::Value::Null,
            target: None,
            whatever_it_costs: false,
            stake: Some(stake),
        }
    }

    #[test]
    fn what_two_findings_claim_is_counted_once() {
        use crate::model::{Cell, GuardId, LocId, Part};
        let mut model = Model { duration_ns: 1_000, ..Model::default() };
        for (loc, ns) in [(1, 400), (2, 300), (3, 150), (4, 100)] {
            let cell = Cell { part: Part::Interp, trace: TraceId(0), guard: GuardId(0), loc: LocId(loc) };
            model.samples.cells.insert(cell, ns);
        }
        let list = vec![
            claiming(&model, "cause", &[1, 2]),
            claiming(&model, "other", &[3, 4]),
            claiming(&model, "symptom", &[1, 2, 3]),
            claiming(&model, "part", &[2, 4]),
        ];
        let found = apart(list, &model);
        let costs: Vec<_> = found.iter().map(|f| (f.id, f.cost_ns)).collect();
        // The symptom is the cause seen from further away, and most of the part is in it.
        assert_eq!(costs, [("cause", Some(700)), ("other", Some(250))]);
        for finding in &found {
            let [low, high] = finding.saving_ns.expect("claimed time has a saving");
            assert!(low <= high && Some(high) <= finding.cost_ns && high <= 2 * low);
        }
    }

    #[test]
    fn estimates_do_not_add_up_to_more_than_the_run() {
        let mut model = Model { duration_ns: 1_000, ..Model::default() };
        model.program.process.vm_name = "jitvm".into();
        let estimate = |cost: u64| Finding {
            cost_ns: Some(cost),
            saving_ns: Some([cost / 2, cost * 2]),
            stake: None,
            ..claiming(&model, "estimate", &[])
        };
        let found = apart(vec![estimate(700), estimate(600), estimate(50)], &model);
        assert_eq!(found.iter().filter_map(|f| f.cost_ns).sum::<u64>(), 1_000);
        assert_eq!(
            found.iter().map(|f| f.saving_ns).collect::<Vec<_>>(),
            [Some([350, 700]), Some([300, 300]), Some([0, 0])]
        );
    }

    #[test]
    fn every_finding_leads_somewhere() {
        use crate::model::{Func, FuncId, Loc, LocId, PlaceTime, Source, Trace};
        let mut model = Model::default();
        let mut finding = claiming(&model, gc_pressure::ID, &[]);
        assert_eq!(finding.way(&model), Way::Whole(Whole::Memory));
        finding.id = never_hot::ID;
        assert_eq!(finding.way(&model), Way::Whole(Whole::Timeline), "without samples there is no flame");
        model.samples.by_state.insert(crate::model::SampleState::Interp, Default::default());
        assert_eq!(finding.way(&model), Way::Whole(Whole::Flame));
        model.program.sources.insert(SourceId(3), Source { path: "a.py".into(), ..Source::default() });
        model.program.funcs.insert(FuncId(1), Func { source: SourceId(3), name: "f".into() });
        model.program.locs.insert(LocId(1), Loc { func: FuncId(1), line: 7 });
        model.samples.by_loc.insert(LocId(1), PlaceTime { interp_ns: 5, ..PlaceTime::default() });
        finding.place = Place { line: None, ..model.program.place(LocId(1)) };
        assert_eq!(finding.way(&model), Way::Line(SourceId(3), 7), "the hottest line of the function");
        finding.place.line = Some(2);
        assert_eq!(finding.way(&model), Way::Line(SourceId(3), 2));
        finding.target = Some((TraceId(9), None));
        assert_eq!(finding.way(&model), Way::Line(SourceId(3), 2), "a trace that is not there");
        model.traces.insert(TraceId(9), Trace::new(TraceId(9)));
        assert_eq!(finding.way(&model), Way::Trace(TraceId(9), None));
    }

    #[test]
    fn every_kind_is_explained() {
        for kind in KINDS {
            assert!(crate::terms::term(kind.id).is_some(), "{}", kind.id);
        }
    }
}
