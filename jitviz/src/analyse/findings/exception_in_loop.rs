//! `exception-in-loop`: a hot loop raises and catches, so its recordings abort, or its trace is left whenever it does, or
//! makes exceptions in compiled code. Cost: time in the interpreter and in builtins in the loop's function and in the one
//! that catches, and the collector's share; of a trace that is left, what exits cost anywhere (`exit_cost.rs`); of
//! compiled code see `caught.rs`. Saving: what takes the place of the exception is a test or another call of a builtin,
//! so more is left than of other interpreted code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::exit_cost::{self, Exits, exits};
use super::stake::{GONE, Leaves, Stake};
use super::{Finding, share};
use crate::model::{Domain, LocId, Model, Part, Place, Trace};
use crate::units::{count, ns, plural};

pub const ID: &str = "exception-in-loop";

pub const ADVICE: &str = "Test before: dict.get or `in` instead of KeyError, str.isdigit instead of ValueError, a bound instead of IndexError.";

/// What a test in the place of the exception leaves.
pub const LEFT: [f64; 2] = [0.06, 0.52];

/// True if the recording stopped because the program raised.
pub fn is_exception(model: &Model, trace: &Trace) -> bool {
    trace.abort.as_ref().is_some_and(|a| model.words.reason(Domain::Abort, a.reason) == "exception")
}

pub fn find(model: &Model) -> Vec<Finding> {
    let mut groups: BTreeMap<Place, Vec<&Trace>> = BTreeMap::new();
    for trace in model.traces.values().filter(|t| is_exception(model, t)) {
        groups.entry(model.program.place(trace.loc)).or_default().push(trace);
    }
    let jit = super::places::JitTime::new(model);
    let finding = |(head, aborted): (Place, Vec<&Trace>)| {
        let last = aborted.last()?;
        let abort = last.abort.as_ref()?;
        let given_up = crate::analyse::blame::given_up(model).contains(&last.loc);
        let place = model.program.place(abort.loc.known().unwrap_or(last.loc));
        let mut functions = vec![head.clone()];
        if (&place.function, &place.file) != (&head.function, &head.file) {
            functions.push(place.clone());
        }
        let here = |loc: LocId| {
            let place = model.program.place(loc);
            functions.iter().any(|f| (&f.function, &f.file) == (&place.function, &place.file))
        };
        let locs: BTreeSet<LocId> = model.samples.by_loc.keys().copied().filter(|loc| here(*loc)).collect();
        let mut stake = Stake::that(Leaves { interp: LEFT, native: LEFT, gc: GONE, ..Leaves::default() });
        if given_up {
            stake.claim(model, |cell| cell.part != Part::Compiled && locs.contains(&cell.loc));
            stake.claim_called_from(model, &stake.lines(model));
            stake.claim_gc_in_proportion(model);
        }
        stake.claim_jit(&jit, aborted.iter().map(|t| t.id));
        let cost = stake.cost_ns();
        Some(Finding {
            id: ID,
            cost_ns: Some(cost),
            share: share(cost, model),
            saving_ns: Some(stake.saving_ns()),
            cause: format!(
                "An exception is raised here while the loop runs, which stopped {}{}; it takes {}.",
                plural(aborted.len() as u64, "recording"),
                if given_up { ", and the loop was left to the interpreter" } else { "" },
                ns(cost),
            ),
            advice: ADVICE.into(),
            evidence: json!({
                "recordings": aborted.len(),
                "traces": aborted.iter().map(|t| t.id).collect::<Vec<_>>(),
                "operation": abort.detail,
                "loop_line": head.line,
                "given_up": given_up,
                "how": "samples in the interpreter and in builtins, in the functions of the loop and of the exception",
            }),
            target: Some((last.id, None)),
            whatever_it_costs: false,
            place,
            stake: Some(stake),
        })
    };
    let mut found: Vec<Finding> = groups.into_iter().filter_map(finding).collect();
    found.extend(exits(model, exit_cost::is_exception).into_iter().map(|exits| left(model, exits)));
    found.extend(super::caught::find(model));
    found
}

/// Compiled code that is left each time something it calls raises.
fn left(model: &Model, exits: Exits) -> Finding {
    let (cost, saving) = exits.cost_and_saving(model);
    Finding {
        id: ID,
        cost_ns: Some(cost),
        share: share(cost, model),
        saving_ns: Some(saving),
        cause: format!(
            "An exception was raised here {} times while compiled code ran, and each left it for the interpreter.",
            count(exits.exits)
        ),
        advice: ADVICE.into(),
        evidence: json!({
            "exits": exits.exits,
            "guards": exits.ids(),
            "traces": exits.traces(),
            "exit_cost": exits.cost,
        }),
        target: exits.guards.first().map(|g| (g.trace, Some(g.op))),
        whatever_it_costs: false,
        place: exits.place,
        stake: exits.stake,
    }
}
