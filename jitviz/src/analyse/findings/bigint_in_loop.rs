//! `bigint-in-loop`: ints in a hot loop are too large for a machine word. Cost: samples in compiled code on the lines that
//! compute with them, exits of guards that met one, all of their loops if that is much of them (calls keep values in memory
//! around them), and the collector's share. Saving: an instruction of the machine is left of each call of the VM.
//!
//! Such arithmetic is a call of the VM in the trace, as is that of objects with operators of their own: the log does not
//! say which, so the words leave it open unless a guard, or a constant, shows an int of that size.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::places::{JitTime, Trees, burden};
use super::stake::{COMPILED_INSTEAD, Leaves, Stake};
use super::{Finding, share};
use crate::analyse::guards::{self, GuardRow};
use crate::model::{Body, GuardId, LocId, Model, Place, TraceId};
use crate::units::ns;

pub const ID: &str = "bigint-in-loop";

/// What the log calls an int of more than a word.
const BIG: &str = "int (big)";
/// Operations that on ints within a word are instructions of the machine. Not addition, which joins texts too.
const ARITHMETIC: [&str; 6] = ["SUB", "MUL", "AND", "XOR", "OR", "SHIFT"];
const LEAST: f64 = 0.1;

#[derive(Default)]
struct Lines {
    places: BTreeSet<Place>,
    traces: Vec<TraceId>,
    guards: Vec<GuardRow>,
    /// Something in the log shows an int of that size.
    certain: bool,
}

pub fn find(model: &Model) -> Vec<Finding> {
    let mut functions: BTreeMap<Place, Lines> = BTreeMap::new();
    let is_big = |g: &GuardRow| {
        let met = g.observed.iter().any(|o| o.r#type == BIG && o.count >= 100);
        g.expected.as_deref() == Some(BIG) || met || g.kind.ends_with("OV") && g.failures.unwrap_or(0) >= 100
    };
    for row in guards::rows(model).into_iter().filter(is_big) {
        let lines = functions.entry(Place { line: None, ..row.place.clone() }).or_default();
        lines.places.insert(row.place.clone());
        lines.certain = true;
        lines.guards.push(row);
    }
    for trace in model.traces.values().filter(|t| t.became_code() && model.samples.by_trace.contains_key(&t.id)) {
        let (body, _) = model.body(trace.id);
        let big = body.stages.first().is_some_and(|s| s.consts.iter().any(|text| is_large(text)));
        let computing = called_arithmetic(model, &body, &ARITHMETIC);
        // Beside those, additions are of numbers too.
        let added = if computing.is_empty() { Vec::new() } else { called_arithmetic(model, &body, &["ADD"]) };
        for place in computing.into_iter().chain(added) {
            let lines = functions.entry(Place { line: None, ..place.clone() }).or_default();
            lines.places.insert(place);
            lines.certain |= big;
            if lines.traces.last() != Some(&trace.id) {
                lines.traces.push(trace.id);
            }
        }
    }
    functions.into_values().filter_map(|lines| finding(model, lines)).collect()
}

fn finding(model: &Model, lines: Lines) -> Option<Finding> {
    let time = |place: &Place| super::places::compiled_on(model, place);
    let guards: BTreeSet<GuardId> = lines.guards.iter().map(|g| g.id).collect();
    let here = |loc: LocId| lines.places.contains(&model.program.place(loc));
    let locs: BTreeSet<LocId> = model.samples.by_loc.keys().copied().filter(|loc| here(*loc)).collect();
    let mut own = Stake::default();
    own.claim(model, |cell| cell.trace.0 != 0 && locs.contains(&cell.loc) || guards.contains(&cell.guard));
    let (trees, jit) = (Trees::new(model), JitTime::new(model));
    let roots = trees.roots(lines.traces.iter().copied().chain(lines.guards.iter().map(|g| g.trace)));
    let mut stake = burden(own, trees.stake(model, &roots, &jit));
    stake.leaves(Leaves { compiled: COMPILED_INSTEAD, ..Leaves::default() });
    stake.claim_gc_in_proportion(model);
    let cost = stake.cost_ns();
    if (cost as f64) < model.duration_ns as f64 * LEAST {
        return None;
    }
    let place = lines.places.iter().max_by_key(|p| time(p)).cloned().unwrap_or_default();
    let what = match lines.certain {
        true => "Ints on this line are larger than 62 bits",
        false => {
            "Numbers on this line are no machine words: ints larger than 62 bits, or objects with operators of their own"
        }
    };
    let target = lines.guards.first().map(|g| (g.trace, Some(g.op)));
    Some(Finding {
        id: ID,
        cost_ns: Some(cost),
        share: share(cost, model),
        saving_ns: Some(stake.saving_ns()),
        cause: format!("{what}, so each operation is a call that makes an object: {}.", ns(cost)),
        advice:
            "Keep the numbers small: a smaller modulus or mask inside the loop, count from 0 and add the offset at the \
                 end, or use floats if they are exact enough."
                .into(),
        evidence: json!({
            "guards": lines.guards.iter().map(|g| g.id).collect::<Vec<_>>(),
            "traces": lines.traces,
            "lines": lines.places.iter().filter_map(|p| p.line).collect::<Vec<_>>(),
            "seen": lines.certain,
            "how": "samples in compiled code on lines whose arithmetic is called, not done by instructions",
        }),
        target: target.or(lines.traces.first().map(|t| (*t, None))),
        whatever_it_costs: false,
        place,
        stake: Some(stake),
    })
}

/// Places whose bytecode computes and whose IR calls the VM for it.
fn called_arithmetic(model: &Model, body: &Body, wanted: &[&str]) -> Vec<Place> {
    let Some(last) = body.stages.last() else { return Vec::new() };
    let calls = |op: u8| model.words.ir_ops.get(&u16::from(op)).is_some_and(|def| def.name == "CALLH");
    let called: BTreeSet<_> = last.ins.iter().filter(|ins| calls(ins.op)).map(|ins| ins.loc).collect();
    let computes = |text: &str| {
        // The position may stand before the operation.
        let mut words = text.split_whitespace().take(2).flat_map(|word| word.split('_'));
        words.any(|part| wanted.contains(&part))
    };
    let bytecode = body.bytecode.as_deref().unwrap_or_default();
    // `[0] * n` repeats, and computes nothing.
    let repeated: BTreeSet<_> = bytecode.iter().filter(|op| makes_sequence(&op.text)).map(|op| op.loc).collect();
    let found =
        bytecode.iter().filter(|op| called.contains(&op.loc) && computes(&op.text) && !repeated.contains(&op.loc));
    found.map(|op| model.program.place(op.loc)).collect()
}

/// A bytecode whose result is a list, a tuple or a text.
fn makes_sequence(text: &str) -> bool {
    let mut words = text.split_whitespace().skip_while(|word| word.bytes().all(|b| b.is_ascii_digit()));
    match words.next() {
        Some("BUILD_LIST" | "BUILD_TUPLE" | "BUILD_STRING") => true,
        Some("LOAD_CONST") => words.nth(1).is_some_and(|constant| constant.starts_with(['\'', '"', '('])),
        _ => false,
    }
}

/// A whole number of 62 bits and more.
fn is_large(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u128>().map_or(digits.len() > 19, |n| n >= 1 << 61)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_a_sequence() {
        assert!(makes_sequence("0001 BUILD_LIST r2, r2.., 1") && makes_sequence("BUILD_TUPLE r2, r2.., 1"));
        assert!(makes_sequence("0000 LOAD_CONST r2, 'x'") && !makes_sequence("0000 LOAD_CONST r2, True"));
        assert!(!makes_sequence("0003 MUL r1, r2, r3"));
    }

    #[test]
    fn what_is_large() {
        let large = ["18446744073709551615", "-2305843009213693952", "99999999999999999999999999999999999999999999"];
        assert!(large.iter().all(|text| is_large(text)));
        assert!(["+1", "'x'", "0", "2.5", "2305843009213693951"].iter().all(|text| !is_large(text)));
    }
}
