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
    // `[0] * n` repeats, `a[:n] + b` joins, and neither computes: what is known of the registers of each frame.
    let mut known: BTreeMap<(u32, &str), Kind> = BTreeMap::new();
    let mut places = Vec::new();
    for op in body.bytecode.iter().flatten() {
        let (name, operands) = parts(&op.text);
        let kind = |register: &&str| known.get(&(op.depth, *register)).copied();
        let has = |wanted: Kind| operands.iter().skip(1).any(|register| kind(register) == Some(wanted));
        let computes = |wanted: &[&str]| name.split('_').any(|part| wanted.contains(&part));
        let is_of_sequences = (computes(wanted) || computes(&["ADD", "MUL"])) && has(Kind::Sequence);
        if computes(wanted) && !is_of_sequences && called.contains(&op.loc) {
            places.push(model.program.place(op.loc));
        }
        let result = match name {
            "BUILD_SLICE" => Some(Kind::Slice),
            "GET_ITEM" if has(Kind::Slice) => Some(Kind::Sequence),
            "MOVE" => operands.get(1).and_then(kind),
            _ => (is_of_sequences || makes_sequence(name, &operands)).then_some(Kind::Sequence),
        };
        if let Some(&register) = operands.first() {
            match result {
                Some(kind) => known.insert((op.depth, register), kind),
                None => known.remove(&(op.depth, register)),
            };
        }
    }
    places
}

/// What a register holds, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A list, a tuple or a text.
    Sequence,
    Slice,
}

/// The name of a bytecode and its operands; its position may stand before them.
fn parts(text: &str) -> (&str, Vec<&str>) {
    let text = text.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let (name, operands) = text.split_once(' ').unwrap_or((text, ""));
    (name, operands.split(", ").collect())
}

/// A bytecode whose result is a list, a tuple or a text.
fn makes_sequence(name: &str, operands: &[&str]) -> bool {
    match name {
        "BUILD_LIST" | "BUILD_TUPLE" | "BUILD_STRING" => true,
        "LOAD_CONST" => operands.get(1).is_some_and(|constant| constant.starts_with(['\'', '"', '('])),
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
        let makes = |text| {
            let (name, operands) = parts(text);
            makes_sequence(name, &operands)
        };
        assert!(makes("0001 BUILD_LIST r2, r2.., 1") && makes("BUILD_TUPLE r2, r2.., 1"));
        assert!(makes("0000 LOAD_CONST r2, 'x'") && !makes("0000 LOAD_CONST r2, True"));
        assert!(!makes("0003 MUL r1, r2, r3"));
        assert_eq!(parts("0003 MUL r1, r2, r3"), ("MUL", vec!["r1", "r2", "r3"]));
    }

    #[test]
    fn a_list_repeated_is_no_number() {
        use crate::model::{BytecodeOp, Func, FuncId, Ins, IrStage, Loc, OpDef, Source, SourceId};
        let mut model = Model::default();
        model.words.ir_ops.insert(7, OpDef { name: "CALLH".into(), ..OpDef::default() });
        model.program.sources.insert(SourceId(1), Source::default());
        model.program.funcs.insert(FuncId(1), Func { source: SourceId(1), name: "f".into() });
        for id in 1..=4 {
            model.program.locs.insert(LocId(id), Loc { func: FuncId(1), line: id });
        }
        let op = |loc, depth, text: &str| BytecodeOp { word: 0, loc: LocId(loc), depth, text: text.into() };
        let bytecode = vec![
            op(1, 0, "0001 BUILD_LIST r2, r2.., 1"),
            op(2, 0, "0002 MUL r2, r2, r1"),
            op(3, 1, "0000 MUL r2, r2, r1"),
            op(3, 0, "0003 MOVE r2, r1"),
            op(4, 0, "0004 MUL r3, r2, r1"),
        ];
        let ins = |loc| Ins { op: 7, loc: LocId(loc), ..Ins::default() };
        let stages = vec![IrStage { ins: (1..=4).map(ins).collect(), ..IrStage::default() }];
        let body = Body { bytecode: Some(bytecode), stages, ..Body::default() };
        let lines: Vec<_> = called_arithmetic(&model, &body, &ARITHMETIC).into_iter().filter_map(|p| p.line).collect();
        assert_eq!(lines, [3, 4], "another frame's register, and one that was set anew");
    }

    #[test]
    fn slices_joined_are_no_numbers() {
        use crate::model::{BytecodeOp, Func, FuncId, Ins, IrStage, Loc, OpDef, Source, SourceId};
        let mut model = Model::default();
        model.words.ir_ops.insert(7, OpDef { name: "CALLH".into(), ..OpDef::default() });
        model.program.sources.insert(SourceId(1), Source::default());
        model.program.funcs.insert(FuncId(1), Func { source: SourceId(1), name: "f".into() });
        for id in 1..=2 {
            model.program.locs.insert(LocId(id), Loc { func: FuncId(1), line: id });
        }
        let op = |loc, text: &str| BytecodeOp { word: 0, loc: LocId(loc), depth: 0, text: text.into() };
        let bytecode = vec![
            op(1, "0004 BUILD_SLICE r2, r2.., 3"),
            op(1, "0005 GET_ITEM r2, r0, r2"),
            op(1, "0006 MOVE r5, r2"),
            op(1, "0011 ADD r2, r4, r5"),
            op(1, "0018 ADD r3, r2, r6"),
            op(2, "0020 GET_ITEM r2, r0, r6"),
            op(2, "0021 ADD r3, r2, r6"),
        ];
        let ins = |loc| Ins { op: 7, loc: LocId(loc), ..Ins::default() };
        let stages = vec![IrStage { ins: (1..=2).map(ins).collect(), ..IrStage::default() }];
        let body = Body { bytecode: Some(bytecode), stages, ..Body::default() };
        let lines: Vec<_> = called_arithmetic(&model, &body, &["ADD"]).into_iter().filter_map(|p| p.line).collect();
        assert_eq!(lines, [2]);
    }

    #[test]
    fn what_is_large() {
        let large = ["18446744073709551615", "-2305843009213693952", "99999999999999999999999999999999999999999999"];
        assert!(large.iter().all(|text| is_large(text)));
        assert!(["+1", "'x'", "0", "2.5", "2305843009213693951"].iter().all(|text| !is_large(text)));
    }
}
