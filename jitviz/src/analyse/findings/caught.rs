//! `exception-in-loop` where compiled code raises and catches. Cost, where the program itself raises: the traces that go to
//! a handler, or all of the loop if that burdens it, since its values go through memory around them; where a builtin
//! raises: those traces and the time in the builtin, which makes the exception; where an operation raises (a key that is
//! not there): what those traces take from the operation to the handler, and the collector's time for what is allocated
//! there. Saving: a test takes its place, and what was raised for nothing is a builtin not called.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::exception_in_loop::{ADVICE, ID, LEFT};
use super::places::{JitTime, Trees, burden, gc_ns};
use super::stake::{Leaves, STRAIGHT_INSTEAD, Stake, TESTED_INSTEAD};
use super::{Finding, share};
use crate::analyse::guards::{self, GuardRow};
use crate::model::{Ins, IrStage, LocId, Model, Operand, Part, Place, TraceId};
use crate::units::{count, ns};

/// Less of the run is not worth a change: of builtins less is what any program does.
const LEAST: f64 = 0.05;
const LEAST_IN_BUILTINS: f64 = 0.2;
/// Of the loop: where exceptions take less, a test in every turn takes as much as it saves (one unknown key in 64 turns,
/// 17 % of the loop: nothing; one in 9, 40 %: a third of the run by `dict.get`, nothing by `in`).
const LEAST_OF_LOOP: f64 = 0.25;
/// Fewer exceptions are what exceptions are for.
const OFTEN: u64 = 1_000;

/// The cell that a trace writes to when it goes to a handler.
const HANDLED: &str = "exception being handled";

/// What a guard of a call expects that raised when it was recorded.
const RAISED: &str = "EXC";

/// Traces that go to a handler with what was raised on one line.
#[derive(Default)]
struct Raised {
    traces: BTreeSet<TraceId>,
    times: u64,
    /// The line of what raised, if none of the traces raises itself.
    called_at: Option<Place>,
    /// From the operation that raised to its handler.
    ways: BTreeSet<(TraceId, LocId)>,
}

pub fn find(model: &Model) -> Vec<Finding> {
    let behind: BTreeMap<TraceId, GuardRow> =
        guards::rows(model).into_iter().filter_map(|row| Some((row.bridge?, row))).collect();
    let mut places: BTreeMap<Place, Raised> = BTreeMap::new();
    for trace in model.traces.values().filter(|t| t.became_code() && model.samples.by_trace.contains_key(&t.id)) {
        let (body, _) = model.body(trace.id);
        let Some(raised_at) = body.stages.last().and_then(|stage| raised(model, stage)) else { continue };
        let times = model.counts.trace_exec.get(&trace.id).copied().unwrap_or(0);
        let guard = behind.get(&trace.id);
        if guard.is_some() && times < OFTEN {
            continue;
        }
        let called = guard.filter(|row| super::exit_cost::is_exception(row)).map(|row| row.place.clone());
        let called = called.or_else(|| raised_at.by_call.map(|loc| model.program.place(loc)));
        let place = called.clone().unwrap_or_else(|| model.program.place(raised_at.loc));
        let raised = places.entry(place).or_default();
        raised.traces.insert(trace.id);
        raised.times = raised.times.saturating_add(if guard.is_some() { times } else { 0 });
        raised.called_at = called;
        raised.ways.extend(raised_at.way.into_iter().map(|loc| (trace.id, loc)));
    }
    places.into_iter().filter_map(|(place, raised)| finding(model, place, &raised)).collect()
}

/// Where what a trace hands to a handler comes from.
struct Source {
    loc: LocId,
    /// The call that raised, if the trace holds it.
    by_call: Option<LocId>,
    /// What lies between the call and the handler.
    way: BTreeSet<LocId>,
}

fn raised(model: &Model, stage: &IrStage) -> Option<Source> {
    let name = |ins: &Ins| model.words.ir_ops.get(&u16::from(ins.op)).map_or("", |def| def.name.as_str());
    let is_cell = |ins: &Ins| match ins.a.operand() {
        Operand::Const(at) => stage.consts.get(at).is_some_and(|text| text == HANDLED),
        Operand::Op(_) => false,
    };
    let is_raised = |ins: &&Ins| match ins.b.operand() {
        Operand::Const(at) => name(ins) == "G_EQ" && stage.consts.get(at).is_some_and(|text| text == RAISED),
        Operand::Op(_) => false,
    };
    let stores = stage.ins.iter().enumerate().filter(|(_, ins)| name(ins) == "CELL_STORE" && is_cell(ins));
    // What was handled before is stored again behind the handler.
    let mut sources = stores.filter_map(|(handler, ins)| match ins.b.operand() {
        Operand::Op(at) => {
            let source = stage.ins.get(at.0 as usize).filter(|source| name(source).starts_with("CALL"))?;
            let call = stage.ins[..at.0 as usize].iter().rposition(|ins| is_raised(&ins));
            let way = call.map(|call| stage.ins[call..handler].iter().map(|ins| ins.loc).collect());
            let by_call = call.map(|call| stage.ins[call].loc);
            Some(Source { loc: source.loc, by_call, way: way.unwrap_or_default() })
        }
        Operand::Const(_) => None,
    });
    sources.next()
}

/// The part of all sampled bytes that is allocated at these places; `None` if nobody sampled allocations.
fn allocated(model: &Model, locs: &BTreeSet<LocId>) -> Option<f64> {
    let sum = |wanted: &dyn Fn(LocId) -> bool| {
        let sites = model.allocs.by_site.iter().filter(|((loc, _), _)| wanted(*loc));
        sites.map(|(_, sum)| sum.bytes).fold(0, u64::saturating_add)
    };
    let all = sum(&|_| true);
    (all > 0).then(|| sum(&|loc| locs.contains(&loc)) as f64 / all as f64)
}

fn finding(model: &Model, place: Place, raised: &Raised) -> Option<Finding> {
    let mut own = Stake::default();
    own.claim(model, |cell| raised.traces.contains(&cell.trace));
    let (trees, jit) = (Trees::new(model), JitTime::new(model));
    let roots = trees.roots(raised.traces.iter().copied());
    let mut in_operation = false;
    let mut stake = match &raised.called_at {
        None => burden(own, trees.stake(model, &roots, &jit)),
        Some(at) => {
            let is_line = |loc: LocId| model.program.place(loc) == *at;
            let lines: BTreeSet<LocId> = model.samples.by_loc.keys().copied().filter(|loc| is_line(*loc)).collect();
            let mut called = Stake::default();
            called.claim(model, |cell| cell.part == Part::Native && lines.contains(&cell.loc));
            in_operation = (called.cost_ns() as f64) < model.duration_ns as f64 * LEAST_IN_BUILTINS;
            if in_operation {
                own = Stake::default();
                own.claim(model, |cell| cell.part == Part::Compiled && raised.ways.contains(&(cell.trace, cell.loc)));
                let all = trees.stake(model, &roots, &jit);
                if (own.cost_ns() as f64) < all.cost_ns() as f64 * LEAST_OF_LOOP {
                    return None;
                }
            } else {
                own.claim(model, |cell| cell.part == Part::Native && lines.contains(&cell.loc));
            }
            own
        }
    };
    let compiled = if in_operation { TESTED_INSTEAD } else { STRAIGHT_INSTEAD };
    stake.leaves(Leaves { native: LEFT, compiled, ..Leaves::default() });
    let ways: BTreeSet<LocId> = raised.ways.iter().map(|(_, loc)| *loc).collect();
    match allocated(model, &ways).filter(|_| in_operation) {
        Some(part) => stake.claim_part_of_gc((gc_ns(model) as f64 * part) as u64),
        None => stake.claim_gc_in_proportion(model),
    }
    let cost = stake.cost_ns();
    if (cost as f64) < model.duration_ns as f64 * LEAST {
        return None;
    }
    let times = if raised.times > 0 { format!("{} times", count(raised.times)) } else { "turn after turn".into() };
    let (what, advice) = match raised.called_at {
        Some(_) if in_operation => (
            "An operation raises an exception here that the program catches",
            format!(
                "{ADVICE} What is raised must be made, allocated and caught, which takes many times what a test does."
            ),
        ),
        Some(_) => ("A builtin raises an exception here that the program catches", ADVICE.to_string()),
        None => (
            "The program raises an exception here and catches it",
            format!("Return a value that says what was wrong, such as None, instead of raising. {ADVICE}"),
        ),
    };
    Some(Finding {
        id: ID,
        cost_ns: Some(cost),
        share: share(cost, model),
        saving_ns: Some(stake.saving_ns()),
        cause: format!(
            "{what}, {times}, in compiled code: making exceptions and finding their handlers is most of the {} around it.",
            ns(cost)
        ),
        advice,
        evidence: json!({
            "times": (raised.times > 0).then_some(raised.times),
            "traces": raised.traces,
            "in_a_builtin": raised.called_at.is_some() && !in_operation,
            "in_an_operation": in_operation,
            "each_ns": (raised.times > 0 && in_operation).then(|| cost / raised.times),
            "how": if in_operation {
                "samples in compiled code from the operation that raises to the handler, in the traces that go there, \
                 and the collector's time by what is allocated there"
            } else {
                "samples in the traces that go to the handler and in the builtins that raise; where the program \
                 raises and that is much of the loop, all of its time"
            },
        }),
        target: raised.traces.first().map(|trace| (*trace, None)),
        whatever_it_costs: false,
        place,
        stake: Some(stake),
    })
}
