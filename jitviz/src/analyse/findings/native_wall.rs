//! `native-wall`: the time goes into a builtin, which the JIT cannot see into. Cost: samples in
//! the builtins that one function calls, in what those call back and on the lines of the calls, and the collector's share. Saving: the model is that the calls go away, or nearly
//! so.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::places::root_of;
use super::stake::{GONE, Leaves, Stake};
use super::{Finding, share};
use crate::model::{Cell, FuncId, LocId, Model, Part, Place, TraceKind};
use crate::units::ns;

pub const ID: &str = "native-wall";

/// Less of the run is what any program does.
const LEAST: f64 = 0.2;
/// Fewer samples are chance.
const FEW: u64 = 4;

/// What to do instead, where it is known of a builtin.
const BETTER: &[(&str, &str)] = &[
    (
        "list.pop",
        "pop(0) moves every item that follows. Take from the end, or from a collections.deque, whose popleft() moves none.",
    ),
    (
        "list.insert",
        "insert(0, …) moves every item that follows. Append and reverse once, or use a collections.deque, whose \
         appendleft() moves none.",
    ),
    ("list.index", "It compares with one item after the other. Keep a dict from item to place beside the list."),
    ("list.count", "It compares with every item. Count once, with collections.Counter or a dict."),
    ("list.remove", "It compares with one item after the other, and moves those that follow. Use a dict or a set."),
    (
        "list.__contains__",
        "`in` compares with one item after the other. Keep the items in a set, or a dict, beside the list.",
    ),
    ("tuple.__contains__", "`in` compares with one item after the other. A set or a frozenset finds it at once."),
    (
        "str.__contains__",
        "`in` searches the whole text. Search once and keep the result, or split the text and keep its words in a set.",
    ),
    ("list.__getitem__", "A slice copies its items. Pass the bounds along, or take items with itertools.islice."),
    ("tuple.__getitem__", "A slice copies its items. Pass the bounds along, or take items with itertools.islice."),
    (
        "str.__getitem__",
        "A slice copies its characters. Pass positions along: find, startswith and regular expressions take them.",
    ),
    ("bytes.__getitem__", "A slice copies its bytes. Take slices of a memoryview, which copy none."),
    ("bytearray.__getitem__", "A slice copies its bytes. Take slices of a memoryview, which copy none."),
    (
        "list.__delitem__",
        "del moves every item that follows. Delete from the end, use a collections.deque, or build a new list of what stays, once.",
    ),
    ("list.__setitem__", "Assigning to a slice of another length moves every item that follows. Build the list once."),
    ("list.__add__", "`+` copies both lists. Append or extend in place, and make one list at the end."),
    ("tuple.__add__", "`+` copies both tuples. Collect in a list and make one tuple at the end."),
    ("bytes.__add__", "`+` copies both. Collect in a bytearray or a list, and join once."),
    (
        "list.__eq__",
        "It compares item by item. Compare something smaller first: a length, a counter of changes, a hash.",
    ),
];

const OTHERWISE: &str = "Call it less: take what does not change out of the loop, keep results, or choose a structure that \
                         makes the call unnecessary.";

/// Builtins that one function calls.
#[derive(Default)]
struct Calls {
    ns: u64,
    samples: u64,
    by_call: BTreeMap<(Place, FuncId), u64>,
    locs: BTreeSet<LocId>,
}

pub fn find(model: &Model) -> Vec<Finding> {
    // By function: a fix seldom stops at one line.
    let mut functions: BTreeMap<Place, Calls> = BTreeMap::new();
    for ((loc, builtin), weight) in &model.samples.native_at {
        let place = model.program.place(*loc);
        let calls = functions.entry(Place { line: None, ..place.clone() }).or_default();
        calls.ns = calls.ns.saturating_add(weight.ns);
        calls.samples += weight.samples;
        calls.locs.insert(*loc);
        let sum = calls.by_call.entry((place, *builtin)).or_default();
        *sum = sum.saturating_add(weight.ns);
    }
    let is_wall = |calls: &Calls| calls.samples >= FEW && calls.ns as f64 >= model.duration_ns as f64 * LEAST;
    let found = functions.into_values().filter(is_wall);
    let finding = |calls: Calls| {
        let samples = calls.samples;
        let mut stake = Stake::that(Leaves { native: GONE, interp: GONE, ..Leaves::default() });
        stake.claim(model, |cell| cell.part == Part::Native && calls.locs.contains(&cell.loc));
        // What the builtins call back, and the calling.
        let lines = stake.lines(model);
        stake.claim_called_from(model, &lines);
        stake.claim_loops_of_builtins(model, &lines);
        let calls_here = |loc| model.program.line_of(loc).is_some_and(|line| lines.contains(&line));
        let around: BTreeSet<LocId> = model.samples.by_loc.keys().copied().filter(|loc| calls_here(*loc)).collect();
        let is_function = |id| model.traces.get(&root_of(model, id)).is_some_and(|t| t.kind == TraceKind::Func);
        stake.claim(model, |cell| (cell.trace.0 == 0 || is_function(cell.trace)) && around.contains(&cell.loc));
        stake.claim_gc_in_proportion(model);
        let cost = stake.cost_ns();
        let in_code = |cell: &Cell| cell.part == Part::Native && cell.trace.0 != 0 && calls.locs.contains(&cell.loc);
        let cells = model.samples.cells.iter().filter(|(cell, _)| in_code(cell));
        let target = cells.max_by_key(|(_, ns)| **ns).map(|(cell, _)| (cell.trace, None));
        let hottest = calls.by_call.into_iter().max_by_key(|(_, ns)| *ns).map(|(call, _)| call);
        let (place, builtin) = hottest.unwrap_or_default();
        let name = model.program.funcs.get(&builtin).map_or("a builtin", |f| f.name.as_str());
        Finding {
            id: ID,
            place,
            cost_ns: Some(cost),
            share: share(cost, model),
            saving_ns: Some(stake.saving_ns()),
            cause: format!(
                "This function spends {} inside builtins, most of it here in {name}, which is part of the VM: no trace contains it.",
                ns(calls.ns)
            ),
            advice: BETTER.iter().find(|row| row.0 == name).map_or(OTHERWISE, |row| row.1).into(),
            evidence: json!({ "builtin": name, "samples": samples, "how": "samples taken in builtins that this function calls" }),
            target,
            whatever_it_costs: false,
            stake: Some(stake),
        }
    };
    found.map(finding).collect()
}
