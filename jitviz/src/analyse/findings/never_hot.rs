//! `never-hot`: code that the program spends its time in never became hot enough to be recorded: the whole program, or,
//! where samples tell, a function. Cost: samples in the interpreter there. Saving: compiled code in its place.

use serde_json::json;

use super::stake::Stake;
use super::{Finding, share};
use crate::analyse::blame::{NeverHot, blame};
use crate::model::{MODULE, Model, Part, Place, SampleState};
use crate::units::ns;

pub const ID: &str = "never-hot";

/// A program this short is over before compiling could pay, which is another matter.
const SHORT_NS: u64 = 50_000_000;

/// States of a log that lost what was written.
const CUT: [&str; 2] = ["truncated", "corrupt"];

pub fn find(model: &Model) -> Vec<Finding> {
    // A log without even the name of its VM says nothing about what was not recorded.
    if model.duration_ns == 0 || model.program.process.vm_name.is_empty() {
        return Vec::new();
    }
    // Recursion is another matter, with a finding of its own.
    let recursion = super::places::recursion(model, super::deep_recursion::TIMES);
    let recursive = |ns: u64| recursion.values().fold(0, |sum: u64, n| sum.saturating_add(*n)) > ns / 2;
    if !model.traces.is_empty() {
        return functions(model);
    }
    // Profiles of other VMs tell of no recordings, whether there were any or not.
    let (outside, inside) = outside_and_inside(model);
    if model.is_imported() || model.duration_ns.saturating_sub(outside) < SHORT_NS {
        return Vec::new();
    }
    // Only samples tell the interpreter from builtins, waiting and the rest.
    let interpreted = (!model.samples.is_empty()).then(|| model.samples.ns(SampleState::Interp));
    // That a log which was cut or damaged has no recording says nothing: what it lost may have had some.
    if interpreted.is_none() && CUT.contains(&model.health.word.as_str()) {
        return Vec::new();
    }
    if interpreted.is_some_and(recursive) {
        return Vec::new();
    }
    let stake = interpreted.map(|_| {
        let mut stake = Stake::default();
        stake.claim(model, |cell| cell.part == Part::Interp && cell.loc.0 != 0);
        stake.claim_at_most(model, inside, |cell| cell.part == Part::Interp && cell.loc.0 == 0);
        stake.claim_gc_in_proportion(model);
        stake
    });
    let interpreted = stake.as_ref().map(Stake::cost_ns);
    vec![Finding {
        id: ID,
        place: Place { file: model.program.process.argv.first().cloned(), ..Place::default() },
        cost_ns: interpreted,
        share: interpreted.and_then(|cost| share(cost, model)),
        saving_ns: stake.as_ref().map(Stake::saving_ns),
        cause: format!(
            "In {} no loop or function ran often enough to be recorded, so nothing was compiled.",
            ns(model.duration_ns)
        ),
        advice:
            "If the work is spread over much code that runs rarely, a lower threshold helps (--jit-param); if it is \
                 in builtins or waiting, a JIT cannot help."
                .into(),
        evidence: json!({
            "duration_ns": model.duration_ns,
            "recordings": 0,
            "sampled": interpreted.is_some(),
            "how": match interpreted {
                Some(_) => "samples taken in the interpreter",
                None => "no estimate: without samples the interpreter cannot be told from builtins and waiting",
            },
        }),
        target: None,
        whatever_it_costs: true,
        stake,
    }]
}

/// What the samples without a place say was before the program's first instruction or after its last, and the rest of them.
fn outside_and_inside(model: &Model) -> (u64, u64) {
    let samples = &model.samples;
    let outside = samples.starting.ns.saturating_add(samples.ending.ns);
    let all = samples.cells.iter().filter(|(cell, _)| cell.part == Part::Interp && cell.loc.0 == 0);
    let all = all.map(|(_, ns)| *ns).fold(0, u64::saturating_add);
    (outside, all.saturating_sub(outside))
}

/// Functions beside what was compiled that only the interpreter ran.
fn functions(model: &Model) -> Vec<Finding> {
    let of = |never: NeverHot, (where_, advice): (&str, &str)| {
        let samples = never.weight.samples;
        let mut stake = Stake::default();
        stake.claim(model, |cell| cell.part == Part::Interp && cell.guard.0 == 0 && never.locs.contains(&cell.loc));
        stake.claim_gc_in_proportion(model);
        let cost = stake.cost_ns();
        let place = model.program.place(never.hottest);
        Finding {
            id: ID,
            cost_ns: Some(cost),
            share: share(cost, model),
            saving_ns: Some(stake.saving_ns()),
            cause: format!(
                "The interpreter spent {} {where_}, in code that no trace contains, because no loop there ran often \
                 enough to be recorded.",
                ns(cost)
            ),
            advice: advice.into(),
            evidence: json!({
                "samples": samples,
                "hottest_line": place.line,
                "how": "samples taken in the interpreter on these lines, which are in no trace",
            }),
            target: None,
            whatever_it_costs: false,
            place,
            stake: Some(stake),
        }
    };
    let is_of_module = |never: &NeverHot| model.program.place(never.hottest).function.as_deref() == Some(MODULE);
    let (modules, functions): (Vec<NeverHot>, Vec<NeverHot>) =
        blame(model).never_hot.into_values().partition(is_of_module);
    // What loads a program is one thing, however many files it has.
    let loading = modules.into_iter().reduce(|mut all, never| {
        if never.weight.ns > all.weight.ns {
            all.hottest = never.hottest;
        }
        all.weight.samples += never.weight.samples;
        all.weight.ns = all.weight.ns.saturating_add(never.weight.ns);
        all.locs.extend(never.locs);
        all
    });
    let found = functions.into_iter().map(|never| of(never, IN_FUNCTION));
    found.chain(loading.map(|never| of(never, IN_MODULES))).collect()
}

/// Where, and what to do about it.
const IN_FUNCTION: (&str, &str) = (
    "in this function",
    "Do the work in a loop that runs long rather than in many calls or short loops; if it runs rarely by nature, a \
     lower threshold helps (--jit-param).",
);
const IN_MODULES: (&str, &str) = (
    "outside of functions, where definitions and imports run once",
    "Nothing is wrong if that is all there is: measure a longer run, or import less. Work that stands there belongs in a \
     function with a loop, which can be compiled.",
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cell, GuardId, LocId, TraceId, Weight};

    #[test]
    fn a_log_that_was_cut_before_its_events_says_nothing() {
        let mut model = Model { duration_ns: SHORT_NS, ..Model::default() };
        model.program.process.vm_name = "jitvm".into();
        for (word, findings) in [("clean", 1), ("killed", 1), ("truncated", 0), ("corrupt", 0)] {
            model.health.word = word.into();
            assert_eq!(find(&model).len(), findings, "{word}");
        }
    }

    #[test]
    fn what_is_before_the_program_is_not_its_own() {
        let mut model = Model { duration_ns: 2 * SHORT_NS, ..Model::default() };
        model.program.process.vm_name = "jitvm".into();
        model.samples.by_state.insert(SampleState::Interp, Weight { samples: 90, ns: 90_000_000 });
        for (loc, ns) in [(0, 30_000_000), (1, 60_000_000)] {
            let cell = Cell { part: Part::Interp, trace: TraceId(0), guard: GuardId(0), loc: LocId(loc) };
            model.samples.cells.insert(cell, ns);
        }
        model.samples.starting = Weight { samples: 20, ns: 20_000_000 };
        assert_eq!(find(&model)[0].cost_ns, Some(70_000_000), "10 ms have no place but are the program's");
        let mut imported = Model { absent: [(crate::model::Fact::Samples, String::new())].into(), ..model };
        assert!(find(&imported).is_empty(), "a profile of another VM tells of no recordings");
        imported.absent.clear();
        let mut model = imported;
        model.samples.starting = Weight { samples: 60, ns: 60_000_000 };
        assert!(find(&model).is_empty(), "the program itself is short");
    }

    #[test]
    fn without_samples_there_is_no_cost() {
        let mut model = Model { duration_ns: SHORT_NS, ..Model::default() };
        assert!(find(&model).is_empty());
        model.program.process.vm_name = "jitvm".into();
        let found = find(&model);
        assert_eq!((found.len(), found[0].cost_ns, found[0].whatever_it_costs), (1, None, true));
        model.samples.by_state.insert(SampleState::Interp, Weight { samples: 40, ns: 40_000_000 });
        let cell = Cell { part: Part::Interp, trace: TraceId(0), guard: GuardId(0), loc: LocId(1) };
        model.samples.cells.insert(cell, 40_000_000);
        assert_eq!(find(&model)[0].share, Some(0.8));
    }
}
