//! What the charts show: numbers over time, thinned to what a chart can show.

mod boxes;

use std::collections::BTreeMap;

use serde::Serialize;

pub use boxes::diff;

use super::break_even::tally;
use super::guards;
use super::several::several;
use super::warmup::{Basis, Change, warmup};
use crate::model::{Collection, Compile, Model, Part, Resident, Timeline, Trace};
use crate::units;

/// A chart's worth of numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Chart {
    pub kind: &'static str,
    pub title: &'static str,
    pub how_to_read: &'static str,
    pub unit: Unit,
    pub shape: Shape,
    /// Where its time begins, if it shows a part of the run.
    #[serde(skip_serializing_if = "is_zero")]
    pub from_ns: u64,
    pub duration_ns: u64,
    pub series: Vec<Series>,
    /// Of charts of that shape, with what their rows are called, top first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub boxes: Vec<ChartBox>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<String>,
    /// Where a chart of boxes ends; 0 for charts over time, which end with the run.
    #[serde(skip_serializing_if = "is_zero")]
    pub width: u64,
    /// Moments worth a line across the chart, and what happened there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// What the chart comes to, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Charts of the same subject that stand below, with axes of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub panels: Vec<Chart>,
    /// The series are steps of one scale, from cold to hot.
    #[serde(skip)]
    pub is_heat: bool,
    /// The first letter of its series stands in each shape.
    #[serde(skip)]
    pub has_letters: bool,
    /// Boxes tell their lengths.
    #[serde(skip)]
    pub has_values: bool,
    /// Points left out because they would not show; in each stretch of time the lowest, highest and last are kept.
    pub thinned: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    #[default]
    Count,
    Bytes,
    Nanoseconds,
    /// Thousandths of the whole.
    Permille,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// A value holds until the next point.
    #[default]
    Steps,
    /// Each point stands alone, as a line from the ground.
    Spikes,
    /// Each point stands alone.
    Points,
    /// Steps on top of each other; all series have points at the same times.
    Stacked,
    /// Straight lines on top of each other; all series have points at the same times.
    Layers,
    /// Of one series: each point is the least value of a bar and how many have it.
    Bars,
    /// Boxes in rows.
    Boxes,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mark {
    pub at_ns: u64,
    pub text: String,
}

/// Something from here to there in one row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChartBox {
    pub row: u32,
    pub from: u64,
    pub to: u64,
    pub name: String,
    /// Which of the series' colours it has.
    pub series: usize,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    pub name: String,
    /// Time since the start and value, in the order of time.
    pub points: Vec<(u64, u64)>,
}

/// A kind of chart, as `plot` calls it.
pub struct Kind {
    pub id: &'static str,
    make: fn(&Model) -> Chart,
}

pub const KINDS: &[Kind] = &[
    Kind { id: "states", make: states },
    Kind { id: "warmup", make: warm_up },
    Kind { id: "traces", make: traces },
    Kind { id: "guards", make: guard_failures },
    Kind { id: "memory", make: memory },
    Kind { id: "gc", make: gc },
    Kind { id: "codemap", make: boxes::codemap },
    Kind { id: "flame", make: boxes::flame },
    Kind { id: "timeline", make: boxes::timeline },
];

/// The chart of a kind.
pub fn chart(model: &Model, kind: &Kind) -> Chart {
    let mut chart = finish((kind.make)(model), model);
    let panels = std::mem::take(&mut chart.panels).into_iter().map(|panel| finish(panel, model));
    chart.panels = panels.filter(|panel| !panel.series.is_empty()).collect();
    chart
}

/// Without what would not show.
fn finish(mut chart: Chart, model: &Model) -> Chart {
    if !matches!(chart.shape, Shape::Boxes | Shape::Bars) {
        (chart.from_ns, chart.duration_ns) = (start(model), model.duration_ns);
        for series in &mut chart.series {
            series.points = within(std::mem::take(&mut series.points), chart.from_ns, chart.shape);
        }
        chart.marks.retain(|mark| mark.at_ns >= chart.from_ns);
    }
    if matches!(chart.shape, Shape::Steps | Shape::Spikes | Shape::Points) {
        for series in &mut chart.series {
            let before = series.points.len();
            series.points = thin(std::mem::take(&mut series.points), model.duration_ns);
            chart.thinned += (before - series.points.len()) as u64;
        }
    }
    if chart.shape != Shape::Boxes {
        chart.series.retain(|s| !s.points.is_empty());
    }
    chart
}

/// When the part of the run that is looked at begins.
fn start(model: &Model) -> u64 {
    model.span.map_or(0, |span| span.from_ns)
}

/// And when it ends.
fn end(model: &Model) -> u64 {
    start(model).saturating_add(model.duration_ns)
}

/// Without the points before the start; what holds until the next point holds then.
fn within(mut points: Vec<(u64, u64)>, from: u64, shape: Shape) -> Vec<(u64, u64)> {
    let before = points.iter().take_while(|p| p.0 < from).count();
    let holds = matches!(shape, Shape::Steps | Shape::Stacked | Shape::Layers);
    let kept = points.split_off(before);
    let held = points.last().filter(|_| holds && kept.first().is_none_or(|p| p.0 > from)).map(|p| (from, p.1));
    held.into_iter().chain(kept).collect()
}

/// Stretches of time a chart tells apart.
const STRETCHES: u64 = 400;

/// Of each stretch of time the lowest, the highest and the last point.
fn thin(points: Vec<(u64, u64)>, duration_ns: u64) -> Vec<(u64, u64)> {
    let stretch = |p: &(u64, u64)| u128::from(p.0) * u128::from(STRETCHES) / u128::from(duration_ns.max(1));
    let mut out = Vec::new();
    for part in points.chunk_by(|a, b| stretch(a) == stretch(b)) {
        let at = |i: Option<usize>| i.unwrap_or(0);
        let lowest = at((0..part.len()).min_by_key(|&i| part[i].1));
        let highest = at((0..part.len()).max_by_key(|&i| part[i].1));
        let mut kept = vec![lowest, highest, part.len() - 1];
        kept.sort();
        kept.dedup();
        out.extend(kept.into_iter().map(|i| part[i]));
    }
    out
}

/// Running sums over increments, which need not come in order.
fn running(name: impl Into<String>, mut increments: Vec<(u64, u64)>) -> Series {
    increments.sort();
    let mut sum = 0u64;
    for point in &mut increments {
        sum = sum.saturating_add(point.1);
        point.1 = sum;
    }
    Series { name: name.into(), points: increments }
}

/// Stretches of the chart of states.
const STATES_STRETCHES: usize = 128;

fn states(model: &Model) -> Chart {
    // Without samples only some states would show, as if the others had not been.
    let timeline = match model.samples.is_empty() {
        true => Timeline::default(),
        false => model.samples.timeline.coarse(STATES_STRETCHES),
    };
    let share = |ns: u64, at: u64| {
        let whole = timeline.stretch_ns.min(end(model).saturating_sub(at)).max(1);
        (ns.saturating_mul(1_000) / whole).min(1_000)
    };
    let times = || (0..).map(|i| i * timeline.stretch_ns).zip(&timeline.stretches);
    let part = |&(part, name): &(Part, &str)| Series {
        name: name.into(),
        points: times().map(|(at, stretch)| (at, share(stretch[part as usize], at))).collect(),
    };
    Chart {
        kind: "states",
        title: "Time by state",
        how_to_read: "How the time of each stretch divides between the states, from samples; gc, jit and idle as they \
                      were timed. What is left empty at the top was not accounted for. A program that warms up moves \
                      from interp to compiled. Each area has the first letter of its state where there is room.",
        unit: Unit::Permille,
        shape: Shape::Stacked,
        duration_ns: model.duration_ns,
        series: Part::ALL.iter().map(part).collect(),
        has_letters: true,
        ..Chart::default()
    }
}

fn warm_up(model: &Model) -> Chart {
    let found = warmup(model);
    let unit = match found.as_ref().map(|w| w.basis) {
        Some(Basis::Samples) => Unit::Permille,
        _ => Unit::Nanoseconds,
    };
    let show = |value: u64| {
        if unit == Unit::Permille { units::share(value, 1_000).unwrap_or_default() } else { units::ns(value) }
    };
    let mark = |change: &Change| Mark {
        at_ns: change.at_ns,
        text: format!(
            "{} to {}: {}",
            show(change.from),
            show(change.to),
            if change.causes.is_empty() { "the JIT did nothing near".into() } else { change.causes.join("; ") }
        ),
    };
    let series = found
        .iter()
        .map(|w| Series { name: w.unit().into(), points: w.points.iter().map(|p| (p.from_ns, p.value)).collect() });
    Chart {
        kind: "warmup",
        title: "Warm-up",
        how_to_read: "How long each iteration took; without iterations, how slow the work went or how much time went \
                      outside compiled code. Lines stand where the level changes, with the events around that moment \
                      that explain it.",
        unit,
        shape: Shape::Points,
        duration_ns: model.duration_ns,
        series: series.collect(),
        marks: found.iter().flat_map(|w| w.changes.iter().map(mark)).collect(),
        outcome: found.as_ref().map(|w| match tally(model) {
            Some(paid) => format!("{}; {}", w.sentence(), paid.sentence()),
            None => w.sentence(),
        }),
        ..Chart::default()
    }
}

/// The warm-up of several runs; `None` if their speed is not known in the same way.
pub fn warm_ups(models: &[Model]) -> Option<Chart> {
    let found: Vec<_> = models.iter().filter_map(warmup).collect();
    let together = several(&found)?;
    let runs = found.iter().zip(1..).map(|(w, i): (_, u32)| Series {
        name: format!("run {i}"),
        points: w.points.iter().map(|p| (p.from_ns, p.value)).collect(),
    });
    let longest = models.iter().max_by_key(|m| m.duration_ns)?;
    let chart =
        Chart { outcome: Some(together.sentence()), series: runs.collect(), marks: Vec::new(), ..warm_up(longest) };
    Some(finish(chart, longest))
}

fn traces(model: &Model) -> Chart {
    let all = || model.traces.values();
    let compiled = || all().filter_map(|t| t.compile.as_ref()).filter(|c| c.succeeded());
    let panel =
        |title, unit, series| Chart { kind: "traces", title, unit, shape: Shape::Bars, series, ..Chart::default() };
    let sizes = histogram("traces", compiled().map(|c| c.code_bytes.into()));
    let times = histogram("traces", compiled().map(|c| c.compile_ns));
    Chart {
        kind: "traces",
        title: "Traces over time",
        how_to_read: "Each line counts up: recordings begun, code installed, recordings aborted. A program that has \
                      warmed up makes no more steps. Below, how many traces have so much machine code and took so long \
                      to compile: each bar is from the value below it to twice that.",
        unit: Unit::Count,
        shape: Shape::Steps,
        duration_ns: model.duration_ns,
        series: vec![
            running("recordings begun", all().map(|t| (t.started_ns, 1)).collect()),
            running("code installed", all().filter_map(|t| t.installed_ns).map(|t| (t, 1)).collect()),
            running("recordings aborted", all().filter_map(|t| t.abort.as_ref()).map(|a| (a.at_ns, 1)).collect()),
        ],
        panels: vec![
            panel("Machine code of a trace", Unit::Bytes, sizes),
            panel("Time to compile a trace", Unit::Nanoseconds, times),
        ],
        ..Chart::default()
    }
}

/// Guards that get a line of their own.
const TOP: usize = 5;

fn guard_failures(model: &Model) -> Chart {
    let rows: Vec<_> = guards::rows(model).into_iter().filter(|g| g.failures.is_some_and(|n| n > 0)).collect();
    let increments = |row: &guards::GuardRow| {
        let mut points = model.guards.get(&row.id).map(|g| g.failed_at.clone()).unwrap_or_default();
        let placed = points.iter().fold(0, |sum: u64, p| sum.saturating_add(p.1));
        // What the counter reached after the last time it was read.
        let rest = row.failures.unwrap_or(0).saturating_sub(placed);
        points.extend((rest > 0).then_some((end(model), rest)));
        points
    };
    let name = |g: &guards::GuardRow| format!("guard {} {} {}", g.id, g.kind, g.place.short());
    let mut series: Vec<Series> = rows.iter().take(TOP).map(|g| running(name(g), increments(g))).collect();
    let others: Vec<(u64, u64)> = rows.iter().skip(TOP).flat_map(increments).collect();
    if !others.is_empty() {
        series.push(running(format!("{} others", rows.len() - TOP), others));
    }
    Chart {
        kind: "guards",
        title: "Guard failures over time",
        how_to_read: "Each line counts the failures of one guard; a steep line fails often. Failures that are in the log \
                      in full have their own time; the others are only counted a few times a second, so a step may \
                      stand for failures just before it.",
        unit: Unit::Count,
        shape: Shape::Steps,
        duration_ns: model.duration_ns,
        series,
        ..Chart::default()
    }
}

fn memory(model: &Model) -> Chart {
    let collected = model.collections.iter().flat_map(|c| {
        let began = c.at_ns.saturating_sub(c.pause_ns);
        [(began, c.before_bytes), (c.at_ns, c.after_bytes)]
    });
    let mut heap: Vec<(u64, u64)> = match model.collections.is_empty() {
        false => collected.collect(),
        true => model.heap.iter().filter(|h| h.used > 0).map(|h| (h.at_ns, h.used)).collect(),
    };
    if !heap.is_empty() && model.span.is_none() {
        // A run begins with an empty heap.
        heap.push((0, 0));
    }
    heap.sort_by_key(|p| p.0);
    let before = heap.len();
    let heap = thin(heap, model.duration_ns);
    let installed = |bytes: fn(&Compile) -> u32| {
        let of = |t: &Trace| {
            let compile = t.compile.as_ref().filter(|c| c.succeeded())?;
            Some((t.installed_ns?, u64::from(bytes(compile))))
        };
        thin(running("", model.traces.values().filter_map(of).collect()).points, model.duration_ns)
    };
    let (code, data) = (installed(|c| c.code_bytes), installed(|c| c.data_bytes));
    // What the log takes of the process's memory, of VMs that account for it.
    let of_log = |account: &Resident| {
        let part = account.parts.iter().find(|(purpose, _)| *purpose == jitlog::MemoryPurpose::Log)?;
        Some((account.at_ns, part.1))
    };
    let log = thin(model.resident.iter().filter_map(of_log).collect(), model.duration_ns);
    // A step is two points, one just before it.
    let moments = code.iter().chain(&data).chain(&log).flat_map(|p| [p.0.saturating_sub(1), p.0]);
    let mut times: Vec<u64> = heap.iter().map(|p| p.0).chain(moments).chain([start(model), end(model)]).collect();
    times.sort();
    times.dedup();
    let at = |name: &str, points: &[(u64, u64)], is_step: bool| Series {
        name: name.into(),
        points: times.iter().map(|&t| (t, between(points, t, is_step))).collect(),
    };
    let all = [("heap in use", &heap, false), ("code", &code, true), ("metadata", &data, true), ("log", &log, true)];
    Chart {
        kind: "memory",
        title: "Memory over time",
        how_to_read: "The heap, empty at first, as each collection found it and left it: the line between two points is not measured. \
                      On top of it machine code and what belongs to it, as they were installed, and what the log itself \
                      takes of the process's memory.",
        unit: Unit::Bytes,
        shape: Shape::Layers,
        duration_ns: model.duration_ns,
        series: all.iter().filter(|s| !s.1.is_empty()).map(|(name, points, step)| at(name, points, *step)).collect(),
        thinned: (before - heap.len()) as u64,
        ..Chart::default()
    }
}

/// What a series of points in order is at a time: the value before it, or one on the line to the next.
fn between(points: &[(u64, u64)], at: u64, is_step: bool) -> u64 {
    let after = points.partition_point(|p| p.0 <= at);
    let (Some(&(from, low)), next) = (after.checked_sub(1).and_then(|i| points.get(i)), points.get(after)) else {
        return 0;
    };
    match next {
        Some(&(to, high)) if !is_step => {
            let part = i128::from(at - from) * (i128::from(high) - i128::from(low)) / i128::from((to - from).max(1));
            (i128::from(low) + part).max(0) as u64
        }
        _ => low,
    }
}

fn gc(model: &Model) -> Chart {
    let of = |value: fn(&Collection) -> u64| model.collections.iter().map(|c| (c.at_ns, value(c))).collect();
    let bytes = |name: &str, value| Series { name: name.into(), points: of(value) };
    let mut sum = 0_u64;
    let mut last = 0;
    let mut allocated = Vec::new();
    for collection in &model.collections {
        sum = sum.saturating_add(collection.before_bytes.saturating_sub(last));
        last = collection.after_bytes;
        allocated.push((collection.at_ns, sum));
    }
    let panel = |title, how_to_read, series| Chart {
        kind: "gc",
        title,
        how_to_read,
        unit: Unit::Bytes,
        shape: Shape::Steps,
        duration_ns: model.duration_ns,
        series,
        ..Chart::default()
    };
    let live = panel("Live after each collection", "", vec![bytes("live", |c| c.after_bytes)]);
    let allocated =
        panel("Allocated until each collection", "", vec![Series { name: "allocated".into(), points: allocated }]);
    Chart {
        kind: "gc",
        title: "Pauses of the garbage collector",
        how_to_read: "One line per collection, as high as the program stood still for it; below, what it left, and what \
                      the program had allocated by then, the living and the dead.",
        unit: Unit::Nanoseconds,
        shape: Shape::Spikes,
        duration_ns: model.duration_ns,
        series: vec![Series { name: "pause".into(), points: of(|c| c.pause_ns) }],
        panels: vec![live, allocated],
        ..Chart::default()
    }
}

/// How many values lie between each power of two and the next.
fn histogram(name: &str, values: impl Iterator<Item = u64>) -> Vec<Series> {
    let mut bars: BTreeMap<u32, u64> = BTreeMap::new();
    for value in values.filter(|v| *v > 0) {
        *bars.entry(value.ilog2()).or_default() += 1;
    }
    let (Some((&first, _)), Some((&last, _))) = (bars.first_key_value(), bars.last_key_value()) else {
        return Vec::new();
    };
    let points = (first..=last).map(|i| (1 << i, bars.get(&i).copied().unwrap_or(0))).collect();
    vec![Series { name: name.into(), points }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Guard, GuardId, TraceId};

    #[test]
    fn thinning_keeps_the_extremes_and_the_end() {
        let points: Vec<(u64, u64)> = (0..100_000).map(|t| (t, if t == 777 { 9 } else { t % 5 })).collect();
        let thinned = thin(points, 100_000);
        assert!(thinned.len() <= 3 * STRETCHES as usize + 3);
        assert!(thinned.contains(&(777, 9)) && thinned.last() == Some(&(99_999, 4)));
        assert!(thinned.is_sorted_by_key(|p| p.0));
    }

    #[test]
    fn a_part_begins_with_what_holds_there() {
        let points = vec![(1, 5), (4, 7), (9, 8)];
        assert_eq!(within(points.clone(), 6, Shape::Steps), [(6, 7), (9, 8)]);
        assert_eq!(within(points.clone(), 4, Shape::Steps), [(4, 7), (9, 8)]);
        assert_eq!(within(points.clone(), 6, Shape::Points), [(9, 8)]);
        assert_eq!(within(points, 0, Shape::Steps), [(1, 5), (4, 7), (9, 8)]);
    }

    #[test]
    fn failures_add_up_to_the_counter() {
        let mut model = Model { duration_ns: 100, ..Model::default() };
        for id in 1..=7 {
            let mut guard = Guard::new(GuardId(id), TraceId(1));
            (guard.failures, guard.failed_at) = (Some(10), vec![(20, 4), (10, 1)]);
            model.guards.insert(GuardId(id), guard);
        }
        let chart = chart(&model, &KINDS[3]);
        let ends: Vec<u64> = chart.series.iter().filter_map(|s| s.points.last()).map(|p| p.1).collect();
        assert_eq!(ends, [10, 10, 10, 10, 10, 20]);
        assert_eq!(chart.series[0].points, [(10, 1), (20, 5), (100, 10)]);
    }
}
