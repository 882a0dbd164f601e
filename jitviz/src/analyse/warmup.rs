//! Warm-up: how the speed of the program changes over the run, when it is steady, and which events changed it.
//!
//! The speed is the time of iterations where the program marks them; else the time per unit of counted work; else, from
//! samples, the part of the time that is not spent in compiled code or builtins.

use serde::Serialize;

pub use super::classify::Class;
use super::classify::{FEWEST, Same, classify};
use crate::model::{Model, Part};
use crate::units::plural;

/// From what the speed is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Nanoseconds of each iteration.
    Iterations,
    /// Nanoseconds per thousand turns and calls.
    Work,
    /// Thousandths of the time outside compiled code and builtins.
    Samples,
}

/// One value: how slow the program was between two moments.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    pub from_ns: u64,
    pub to_ns: u64,
    pub value: u64,
}

/// A moment at which the speed changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub at_ns: u64,
    /// Index of the first value after it.
    pub index: usize,
    /// Means before and after.
    pub from: u64,
    pub to: u64,
    /// The events that explain it, the likeliest first; empty if the JIT did nothing near.
    pub causes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Warmup {
    pub basis: Basis,
    /// `None` with too few values to tell.
    pub class: Option<Class>,
    /// `None` if it is never steady, or that is not known.
    pub steady_from_ns: Option<u64>,
    pub points: Vec<Point>,
    pub changes: Vec<Change>,
    /// Values left out of the search for changes.
    pub outliers: usize,
}

/// More are put together.
const MOST: usize = 2_000;
/// Levels closer than this part of the fastest are the same.
const SAME: f64 = 0.01;
/// The same for thousandths of time, of which samples give no more.
const SAME_SHARE: f64 = 30.0;
/// `None` if nothing in the log tells the speed.
pub fn warmup(model: &Model) -> Option<Warmup> {
    let (basis, points) = series(model)?;
    Some(explain(model, basis, points))
}

fn series(model: &Model) -> Option<(Basis, Vec<Point>)> {
    let between = |pair: &[u64]| {
        let (from_ns, to_ns) = (pair[0], pair[1].max(pair[0]));
        Point { from_ns, to_ns, value: to_ns - from_ns }
    };
    if model.iterations.len() > 1 {
        // The last iteration has no end in the log but that of the program, which may do other things then.
        return Some((Basis::Iterations, model.iterations.windows(2).map(between).collect()));
    }
    if model.work.len() > FEWEST {
        let times: Vec<u64> = model.work.iter().map(|w| w.0).collect();
        let points = times.windows(2).map(between).zip(model.work.iter().skip(1));
        let points = points.map(|(p, &(_, work))| Point { value: p.value.saturating_mul(1_000) / work.max(1), ..p });
        return Some((Basis::Work, points.collect()));
    }
    if model.samples.is_empty() {
        return None;
    }
    let timeline = model.samples.timeline.coarse(200);
    let points = timeline.stretches.iter().zip(0..).filter_map(|(stretch, at)| {
        let awake = stretch.iter().sum::<u64>() - stretch[Part::Idle as usize];
        let fast = stretch[Part::Compiled as usize] + stretch[Part::Native as usize];
        let value = (awake - fast).saturating_mul(1_000).checked_div(awake)?;
        let from_ns = at * timeline.stretch_ns;
        Some(Point { from_ns, to_ns: from_ns + timeline.stretch_ns, value })
    });
    Some((Basis::Samples, points.collect()))
}

/// Puts values together until there are few enough: the median of each group, over its time.
fn grouped(points: Vec<Point>) -> Vec<Point> {
    let size = points.len().div_ceil(MOST).max(1);
    let middle = |group: &[Point]| {
        let mut values: Vec<u64> = group.iter().map(|p| p.value).collect();
        values.sort();
        Point { from_ns: group[0].from_ns, to_ns: group[group.len() - 1].to_ns, value: values[values.len() / 2] }
    };
    points.chunks(size).map(middle).collect()
}

fn explain(model: &Model, basis: Basis, points: Vec<Point>) -> Warmup {
    let points = grouped(points);
    let mut found = Warmup { basis, class: None, steady_from_ns: None, points, changes: Vec::new(), outliers: 0 };
    let values: Vec<f64> = found.points.iter().map(|p| p.value as f64).collect();
    let same = if basis == Basis::Samples { Same::Within(SAME_SHARE) } else { Same::Part(SAME) };
    let Some(classified) = classify(&values, same) else { return found };
    let class = classified.class;
    found.class = Some(class);
    found.outliers = classified.outliers;
    found.steady_from_ns = classified.steady.map(|i| found.points[i].from_ns);
    if class == Class::Flat {
        return found;
    }
    for pair in classified.stretches.windows(2) {
        let (before, after) = (pair[0].level, pair[1].level);
        // A change of the spread alone is none of the speed.
        if (before.mean - after.mean).abs() <= classified.same {
            continue;
        }
        // Between the two may be values that belong to neither, and a segment has at least two values: the change is
        // somewhere from the last but one of the first level to the first of the second.
        let (first, reached) = (pair[0].values.end, pair[1].values.start);
        let near = found.points[first.saturating_sub(2)].from_ns..=found.points[reached].to_ns;
        found.changes.push(Change {
            at_ns: found.points[reached].from_ns,
            index: reached,
            from: before.mean.round() as u64,
            to: after.mean.round() as u64,
            causes: causes(model, &near, after.mean < before.mean),
        });
    }
    found
}

/// What the JIT and the collector did in some time, those things first that make a program faster or slower.
fn causes(model: &Model, near: &std::ops::RangeInclusive<u64>, faster: bool) -> Vec<String> {
    let place = |loc| model.program.place(loc).short();
    let traces = || model.traces.values();
    let is_near = |t: Option<u64>| t.is_some_and(|t| near.contains(&t));
    let names = |list: Vec<String>, what: &str| {
        let more = list.len().saturating_sub(2);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let shown = list.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
        (!list.is_empty()).then(|| format!("{what} {shown}{more}"))
    };
    let kind = |t: &crate::model::Trace| format!("{} {} at {}", t.kind.name().unwrap_or("trace"), t.id, place(t.loc));
    let compiled = names(traces().filter(|t| is_near(t.installed_ns)).map(kind).collect(), "compiled");
    let invalid = names(traces().filter(|t| is_near(t.invalidated_ns)).map(kind).collect(), "invalidated");
    let aborted = traces().filter(|t| is_near(t.abort.as_ref().map(|a| a.at_ns))).map(|t| place(t.loc)).collect();
    let aborted = names(aborted, "recording aborted at");
    let pauses: u64 = model.collections.iter().filter(|c| is_near(Some(c.at_ns))).map(|c| c.pause_ns).sum();
    let span = near.end() - near.start();
    let gc = (pauses > span / 20).then(|| format!("collections, {}", crate::units::ns(pauses)));
    let order = if faster { [compiled, invalid, aborted, gc] } else { [invalid, aborted, gc, compiled] };
    order.into_iter().flatten().collect()
}

impl Warmup {
    /// What the values are, for a legend.
    pub fn unit(&self) -> &'static str {
        match self.basis {
            Basis::Iterations => "time of an iteration",
            Basis::Work => "time per 1,000 turns and calls",
            Basis::Samples => "time outside compiled code and builtins",
        }
    }

    /// `warm-up: steady from 1.2 s on`, and what changed.
    pub fn sentence(&self) -> String {
        let Some(class) = self.class else {
            return format!("too short to tell: {}", plural(self.points.len() as u64, "value"));
        };
        match self.steady_from_ns {
            Some(ns) if class != Class::Flat => format!("{}: steady from {} on", class.name(), crate::units::ns(ns)),
            _ => class.name().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Trace, TraceId};

    fn run(durations: impl IntoIterator<Item = u64>) -> (Model, Warmup) {
        let mut model = Model::default();
        let mut t = 1_000_000;
        model.iterations.push(t);
        for (i, duration) in durations.into_iter().enumerate() {
            // A spread of two thousandths, so that nothing is exactly equal.
            t += duration + (i as u64 * 7_919 % 5) * duration / 2_000;
            model.iterations.push(t);
        }
        let found = warmup(&model).expect("iterations are there");
        (model, found)
    }

    fn repeat(n: usize, value: u64) -> impl Iterator<Item = u64> {
        std::iter::repeat_n(value, n)
    }

    #[test]
    fn the_four_classes() {
        let (_, flat) = run(repeat(100, 5_000_000));
        assert_eq!((flat.class, flat.changes.len(), flat.steady_from_ns), (Some(Class::Flat), 0, Some(1_000_000)));
        let (_, warm) = run(repeat(20, 9_000_000).chain(repeat(80, 5_000_000)));
        assert_eq!((warm.class, warm.changes.len()), (Some(Class::WarmUp), 1));
        assert_eq!(warm.changes[0].index, 20);
        assert_eq!(warm.steady_from_ns, Some(warm.points[20].from_ns));
        let (_, slow) = run(repeat(20, 5_000_000).chain(repeat(80, 9_000_000)));
        assert_eq!(slow.class, Some(Class::SlowDown));
        let (_, never) = run(repeat(85, 5_000_000).chain(repeat(15, 9_000_000)));
        assert_eq!((never.class, never.steady_from_ns), (Some(Class::NoSteadyState), None));
    }

    #[test]
    fn a_small_difference_is_none() {
        let (_, found) = run(repeat(50, 5_000_000).chain(repeat(50, 5_020_000)));
        assert_eq!((found.class, found.changes.len()), (Some(Class::Flat), 0));
    }

    #[test]
    fn pauses_are_no_levels() {
        let pause = || [5_000_000, 14_000_000, 5_000_000].into_iter();
        let (_, found) = run(repeat(20, 5_000_000).chain(pause()).chain(repeat(30, 5_000_000)).chain(pause()));
        assert_eq!((found.class, found.changes.len()), (Some(Class::Flat), 0));
        let compiling = std::iter::once(15_000_000);
        let (_, found) = run(repeat(20, 9_000_000).chain(compiling).chain(repeat(50, 5_000_000)));
        assert_eq!((found.class, found.changes.len()), (Some(Class::WarmUp), 1));
        assert!(found.changes[0].index.abs_diff(20) <= 1, "a segment has at least two values");
    }

    #[test]
    fn many_iterations_are_put_together() {
        let (_, found) = run(repeat(10_000, 2_000).chain(repeat(40_000, 1_000)));
        assert!(found.points.len() <= MOST);
        assert_eq!((found.class, found.changes.len()), (Some(Class::WarmUp), 1));
    }

    #[test]
    fn a_change_is_explained_by_what_was_compiled_there() {
        let (mut model, found) = run(repeat(20, 9_000_000).chain(repeat(80, 5_000_000)));
        let mut trace = Trace::new(TraceId(4));
        trace.installed_ns = Some(found.points[19].to_ns - 10);
        model.traces.insert(TraceId(4), trace.clone());
        trace.id = TraceId(5);
        trace.installed_ns = Some(found.points[60].to_ns);
        model.traces.insert(TraceId(5), trace);
        let changes = warmup(&model).expect("as before").changes;
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].causes, ["compiled loop 4 at ?"]);
    }

    #[test]
    fn without_anything_to_tell_the_speed_there_is_nothing() {
        assert_eq!(warmup(&Model::default()), None);
        let (_, short) = run(repeat(3, 5));
        assert_eq!((short.class, short.points.len()), (None, 3));
    }
}
