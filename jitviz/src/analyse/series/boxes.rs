//! Charts of boxes: the flame chart, the time line of the JIT, the map of machine code, and two runs side by side.

use std::collections::BTreeMap;

use super::{Chart, ChartBox, Series, Shape, Unit};
use crate::analyse::diff::Diff;
use crate::model::{FuncId, Model, Part, TraceKind, Weight};
use crate::units;

/// Boxes narrower than this part of the chart are put together.
const NARROWEST: u64 = 1_000;
/// Deepest row of the flame chart; what is called further is in the box above.
const DEEPEST: usize = 40;
/// Rows of the map of machine code.
const MAP_ROWS: u64 = 12;
/// Functions in the chart of two runs.
const MOST_FUNCTIONS: usize = 12;

fn names(names: &[&str]) -> Vec<Series> {
    names.iter().map(|name| Series { name: (*name).into(), points: Vec::new() }).collect()
}

/// A node of the tree of stacks.
#[derive(Default)]
struct Node {
    /// Nanoseconds in the interpreter, compiled code and builtins, callees included.
    ns: [u64; 3],
    below: BTreeMap<FuncId, Node>,
}

impl Node {
    fn total(&self) -> u64 {
        self.ns.iter().fold(0, |sum: u64, ns| sum.saturating_add(*ns))
    }

    fn depth(&self) -> u32 {
        self.below.values().map(|node| node.depth() + 1).max().unwrap_or(0)
    }
}

/// Who called whom, as wide as the time in it.
pub fn flame(model: &Model) -> Chart {
    let mut root = Node::default();
    for ((stack, part, _), Weight { ns, .. }) in &model.samples.by_stack {
        let column = match part {
            Part::Interp => 0,
            Part::Compiled => 1,
            Part::Native => 2,
            _ => continue,
        };
        let frames = model.program.frames(*stack, 4_096);
        let functions = frames.iter().rev().filter_map(|loc| model.program.locs.get(loc)).map(|loc| loc.func);
        let mut node = &mut root;
        node.ns[column] = node.ns[column].saturating_add(*ns);
        for function in functions.take(DEEPEST) {
            node = node.below.entry(function).or_default();
            node.ns[column] = node.ns[column].saturating_add(*ns);
        }
    }
    let width = root.total();
    let mut boxes = Vec::new();
    let mut folded = 0;
    place(model, &root, 0, 0, width / NARROWEST, &mut boxes, &mut folded);
    Chart {
        kind: "flame",
        title: "Where the time is spent, by caller",
        how_to_read: "Below each function are those it called, as wide as the time spent in them, from samples; the \
                      colour and the letter are the state in which most of it was spent. From left to right they stand in no order of \
                      time.",
        unit: Unit::Nanoseconds,
        shape: Shape::Boxes,
        duration_ns: model.duration_ns,
        series: if boxes.is_empty() { Vec::new() } else { names(&["interp", "compiled", "native"]) },
        has_letters: true,
        rows: (0..root.depth()).map(|_| String::new()).collect(),
        width,
        boxes,
        thinned: folded,
        ..Chart::default()
    }
}

/// Places the boxes of what a node called; those too narrow become one.
fn place(model: &Model, node: &Node, row: u32, from: u64, least: u64, boxes: &mut Vec<ChartBox>, folded: &mut u64) {
    let mut below: Vec<(&FuncId, &Node)> = node.below.iter().collect();
    below.sort_by_key(|(id, node)| (std::cmp::Reverse(node.total()), **id));
    let (wide, narrow): (Vec<_>, Vec<_>) = below.into_iter().partition(|(_, node)| node.total() > least);
    let mut at = from;
    for (id, child) in wide {
        let to = at.saturating_add(child.total());
        let name = model.program.title(*id).unwrap_or("?").to_owned();
        let series = (0..3).max_by_key(|&i| (child.ns[i], 2 - i)).unwrap_or(0);
        boxes.push(ChartBox { row, from: at, to, name, series });
        place(model, child, row + 1, at, least, boxes, folded);
        at = to;
    }
    let rest = narrow.iter().map(|(_, node)| node.total()).fold(0, u64::saturating_add);
    if rest > 0 {
        *folded += narrow.len() as u64;
        let name = format!("others ({})", narrow.len());
        boxes.push(ChartBox { row, from: at, to: at.saturating_add(rest), name, series: 0 });
    }
}

/// What the JIT and the collector did when.
pub fn timeline(model: &Model) -> Chart {
    const LANES: [&str; 6] = ["recording", "compiling", "aborted", "invalid", "gc", "failures"];
    let mut boxes = Vec::new();
    let start = super::start(model);
    let mut add = |row: usize, from: u64, to: u64, name: String| {
        if to < start {
            return;
        }
        // Counted from where the part of the run begins.
        let from = from.max(start) - start;
        let to = (to - start).min(model.duration_ns).max(from);
        boxes.push(ChartBox { row: row as u32, from, to, name, series: row });
    };
    for trace in model.traces.values() {
        let place = || model.program.place(trace.loc).short();
        let name = || format!("{} {}", trace.id, place());
        let recorded = trace.stop.as_ref().map(|s| s.record_ns);
        if let Some(abort) = &trace.abort {
            add(2, trace.started_ns, trace.started_ns.saturating_add(abort.record_ns), name());
        } else {
            let end = trace.started_ns.saturating_add(recorded.unwrap_or(0));
            add(0, trace.started_ns, end, name());
        }
        if let (Some(compile), Some(at)) = (&trace.compile, trace.installed_ns) {
            add(1, at.saturating_sub(compile.compile_ns), at, name());
        }
        if let Some(at) = trace.invalidated_ns {
            add(3, at, at, name());
        }
    }
    for collection in &model.collections {
        let name = units::bytes(collection.before_bytes.saturating_sub(collection.after_bytes));
        add(4, collection.at_ns.saturating_sub(collection.pause_ns), collection.at_ns, name);
    }
    for guard in model.guards.values() {
        for (at, n) in &guard.failed_at {
            add(5, *at, *at, format!("guard {} {}", guard.id, units::count(*n)));
        }
    }
    let (boxes, thinned) = thin(boxes, model.duration_ns);
    Chart {
        kind: "timeline",
        from_ns: start,
        title: "What the JIT did when",
        how_to_read: "One row for each sort of event; a box is as wide as it took, and what took no time to speak of is \
                      a thin line. After the warm-up the rows should be empty.",
        unit: Unit::Nanoseconds,
        shape: Shape::Boxes,
        duration_ns: model.duration_ns,
        series: if boxes.is_empty() { Vec::new() } else { names(&LANES) },
        rows: LANES.iter().map(|lane| lane.to_string()).collect(),
        width: model.duration_ns,
        boxes,
        thinned,
        ..Chart::default()
    }
}

/// Boxes of a row that would fall on the same spot become one.
fn thin(mut boxes: Vec<ChartBox>, width: u64) -> (Vec<ChartBox>, u64) {
    boxes.sort_by(|a, b| (a.row, a.from, a.to, &a.name).cmp(&(b.row, b.from, b.to, &b.name)));
    let before = boxes.len();
    let least = (width / NARROWEST).max(1);
    boxes.dedup_by(|next, last| {
        let same = next.row == last.row
            && next.from < last.from.saturating_add(least)
            && next.to < last.to.saturating_add(least);
        if same {
            last.to = last.to.max(next.to);
        }
        same
    });
    let thinned = (before - boxes.len()) as u64;
    (boxes, thinned)
}

/// Where in memory the machine code of each trace is, and how hot it is.
pub fn codemap(model: &Model) -> Chart {
    const HEAT: [&str; 4] = ["under 1 %", "1 to 10 %", "10 to 40 %", "over 40 %"];
    let traces = model.traces.values().filter_map(|t| Some((t, t.address?, u64::from(t.compile.as_ref()?.code_bytes))));
    let mut blocks: Vec<_> = traces.filter(|(_, _, bytes)| *bytes > 0).collect();
    blocks.sort_by_key(|(t, address, _)| (*address, t.id));
    let start = blocks.first().map_or(0, |b| b.1);
    let end = blocks.iter().map(|(_, a, n)| a.saturating_add(*n)).max().unwrap_or(0);
    let width = (end - start).div_ceil(MAP_ROWS).max(1);
    let time = |id| model.samples.by_trace.get(&id).map_or(0, |t| t.compiled_ns);
    let all = blocks.iter().map(|b| time(b.0.id)).fold(0, u64::saturating_add).max(1);
    let mut boxes = Vec::new();
    for (trace, address, bytes) in blocks {
        let permille = (u128::from(time(trace.id)) * 1_000 / u128::from(all)) as u64;
        let series = [10, 100, 400].iter().filter(|&&step| permille >= step).count();
        let kind = if trace.kind == TraceKind::Bridge { "bridge" } else { "trace" };
        let (mut from, end) = (address - start, address - start + bytes);
        while from < end {
            let row = from / width;
            let to = end.min((row + 1) * width);
            let name = format!("{kind} {}", trace.id);
            boxes.push(ChartBox { row: row as u32, from: from - row * width, to: to - row * width, name, series });
            from = to;
        }
    }
    let (boxes, thinned) = thin(boxes, width);
    let last = boxes.iter().map(|b| b.row + 1).max().unwrap_or(0);
    Chart {
        kind: "codemap",
        title: "Machine code by address",
        how_to_read: "The memory of machine code from its first byte, row by row; each box is a trace, and its colour \
                      says what part of the time in compiled code was spent in it. What is empty is free or was freed.",
        unit: Unit::Bytes,
        shape: Shape::Boxes,
        duration_ns: model.duration_ns,
        series: if boxes.is_empty() { Vec::new() } else { names(&HEAT) },
        is_heat: true,
        rows: (0..u64::from(last)).map(|row| format!("+{}", units::bytes(row * width))).collect(),
        width,
        boxes,
        thinned,
        ..Chart::default()
    }
}

/// Time by function before and after.
pub fn diff(diff: &Diff) -> Chart {
    let mut boxes = Vec::new();
    let mut rows = Vec::new();
    for function in diff.functions.iter().take(MOST_FUNCTIONS) {
        let Some(time) = function.number("time_ns") else { continue };
        for (series, (side, value)) in [("before", time.before), ("after", time.after)].into_iter().enumerate() {
            let to = value.map_or(0, |m| m.mean.round() as u64);
            boxes.push(ChartBox { row: rows.len() as u32, from: 0, to, name: side.into(), series });
            // Many files have a function of that name, and all have one called `<module>`.
            rows.push(if series == 0 { function.name.clone() } else { format!("   at {}", function.place.short()) });
        }
    }
    let width = boxes.iter().map(|b| b.to).max().unwrap_or(0);
    Chart {
        kind: "diff",
        title: "Time by function, before and after",
        how_to_read: "Two bars for each function, the run before above the run after, those that changed most first; \
                      beside them the function, and the line that takes most of its time. Means, where there are \
                      several runs. From samples.",
        unit: Unit::Nanoseconds,
        shape: Shape::Boxes,
        duration_ns: width,
        series: if boxes.is_empty() { Vec::new() } else { names(&["before", "after"]) },
        has_values: true,
        rows,
        width,
        boxes,
        ..Chart::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Func, Loc, LocId, SourceId, Stack, StackId};

    #[test]
    fn callees_stand_below_their_callers_and_fill_them() {
        let mut model = Model::default();
        for (id, name) in [(1, "main"), (2, "work"), (3, "rare")] {
            model.program.funcs.insert(FuncId(id), Func { source: SourceId(1), name: name.into() });
            model.program.locs.insert(LocId(id), Loc { func: FuncId(id), line: id });
        }
        for (id, parent, loc) in [(1, None, 1), (2, Some(1), 2), (3, Some(1), 3)] {
            model.program.stacks.insert(StackId(id), Stack { parent: parent.map(StackId), loc: LocId(loc) });
        }
        for (stack, part, ns) in [(1, Part::Interp, 1_000), (2, Part::Compiled, 9_000_000), (3, Part::Interp, 1_000)] {
            model.samples.by_stack.insert((StackId(stack), part, FuncId(0)), Weight { ns, samples: 1 });
        }
        let chart = flame(&model);
        let shown: Vec<_> = chart.boxes.iter().map(|b| (b.row, b.from, b.to, b.name.as_str(), b.series)).collect();
        assert_eq!(
            shown,
            [(0, 0, 9_002_000, "main", 1), (1, 0, 9_000_000, "work", 1), (1, 9_000_000, 9_001_000, "others (1)", 0)]
        );
        assert_eq!((chart.rows.len(), chart.thinned), (2, 1));
    }
}
