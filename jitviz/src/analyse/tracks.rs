//! What lanes are drawn from: each thing over time, put in order once, so that any part of the run in any number of
//! cells is found without walking through all of it.

use serde::Serialize;

use super::timeline;
use crate::model::{Model, Part, What};

/// One thing over time. `None` where it was not measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lane {
    pub id: &'static str,
    pub unit: LaneUnit,
    /// What explains it (see `terms.rs`).
    #[serde(skip)]
    pub term: &'static str,
    pub cells: Vec<Option<u64>>,
    /// The sum over the cells of what is counted or timed, the greatest of what is held.
    pub total: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LaneUnit {
    /// Nanoseconds within the cell.
    Nanoseconds,
    Count,
    /// Bytes held at the end of the cell.
    Bytes,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lanes {
    pub from_ns: u64,
    pub to_ns: u64,
    pub lanes: Vec<Lane>,
}

/// Everything that has a lane.
#[derive(Clone, Debug, Default)]
pub struct Tracks {
    tracks: Vec<Track>,
}

#[derive(Clone, Debug)]
struct Track {
    id: &'static str,
    unit: LaneUnit,
    term: &'static str,
    points: Points,
}

#[derive(Clone, Debug)]
enum Points {
    /// Nanoseconds in each of a row of stretches of time, all of one length.
    Stretches {
        length_ns: u64,
        within: Vec<u64>,
    },
    Counted(Counted),
    Held(Held),
}

/// When something happened, ascending, and how often until then, each included.
#[derive(Clone, Debug, Default)]
struct Counted {
    at_ns: Vec<u64>,
    /// Empty if it happened once each time.
    sums: Vec<u64>,
}

/// Values that stay until the next, in the order of time.
#[derive(Clone, Debug, Default)]
struct Held {
    points: Vec<(u64, u64)>,
    /// The greatest of every [`BLOCK`] points.
    greatest: Vec<u64>,
}

/// Points whose greatest is known beforehand.
const BLOCK: usize = 128;

/// Cells of equal length between two moments.
struct Cells {
    from_ns: u64,
    to_ns: u64,
    columns: usize,
}

impl Cells {
    fn start(&self, column: usize) -> u64 {
        let length = u128::from(self.to_ns - self.from_ns);
        self.from_ns + (length * column as u128).div_ceil(self.columns.max(1) as u128) as u64
    }
}

impl Counted {
    fn once(times: impl Iterator<Item = u64>) -> Counted {
        let mut at_ns: Vec<u64> = times.collect();
        at_ns.sort_unstable();
        Counted { at_ns, sums: Vec::new() }
    }

    fn times(times: impl Iterator<Item = (u64, u64)>) -> Counted {
        let mut times: Vec<(u64, u64)> = times.collect();
        times.sort_unstable();
        let mut sum = 0_u64;
        let sums = times.iter().map(|(_, n)| {
            sum = sum.saturating_add(*n);
            sum
        });
        Counted { sums: sums.collect(), at_ns: times.iter().map(|(at, _)| *at).collect() }
    }

    /// How often before a moment.
    fn before(&self, ns: u64) -> u64 {
        let until = self.at_ns.partition_point(|at| *at < ns);
        match self.sums.is_empty() {
            true => until as u64,
            false => until.checked_sub(1).map_or(0, |last| self.sums[last]),
        }
    }

    fn cells(&self, cells: &Cells) -> Vec<Option<u64>> {
        let edges: Vec<u64> = (0..=cells.columns).map(|column| self.before(cells.start(column))).collect();
        edges.windows(2).map(|pair| Some(pair[1] - pair[0]).filter(|n| *n > 0)).collect()
    }
}

impl Held {
    fn new(points: Vec<(u64, u64)>) -> Held {
        let greatest = points.chunks(BLOCK).map(|block| block.iter().map(|p| p.1).max().unwrap_or(0)).collect();
        Held { points, greatest }
    }

    /// The greatest of a row of points.
    fn greatest(&self, from: usize, to: usize) -> Option<u64> {
        let max = |points: &[(u64, u64)]| points.iter().map(|p| p.1).max();
        let (first, last) = (from.div_ceil(BLOCK), to / BLOCK);
        if first >= last {
            return max(&self.points[from..to]);
        }
        let blocks = self.greatest[first..last].iter().copied().max();
        [max(&self.points[from..first * BLOCK]), blocks, max(&self.points[last * BLOCK..to])]
            .into_iter()
            .flatten()
            .max()
    }

    /// What was held at the end of each cell; a peak within the cell is worth more than where it ends.
    fn cells(&self, cells: &Cells) -> Vec<Option<u64>> {
        let value = |column: usize| {
            let (start, end) = (cells.start(column), cells.start(column + 1).max(cells.start(column) + 1));
            let until = self.points.partition_point(|p| p.0 < end);
            let since = self.points.partition_point(|p| p.0 < start);
            let within = self.greatest(since.min(until), until);
            within.or(until.checked_sub(1).map(|last| self.points[last].1))
        };
        (0..cells.columns).map(value).collect()
    }
}

/// Time in a state per cell, from stretches that may be longer or shorter than a cell.
fn in_state(length_ns: u64, within: &[u64], cells: &Cells) -> Vec<Option<u64>> {
    let of = |column: usize| {
        let (start, end) = (cells.start(column), cells.start(column + 1));
        let first = (start / length_ns.max(1)) as usize;
        let mut sum = 0_u64;
        for (time, at) in within.iter().zip(0_u64..).skip(first) {
            let (low, high) = (at * length_ns, (at + 1) * length_ns);
            if low >= end {
                break;
            }
            let shared = high.min(end).saturating_sub(low.max(start));
            sum += (u128::from(*time) * u128::from(shared) / u128::from(length_ns)) as u64;
        }
        (sum > 0).then_some(sum)
    };
    (0..cells.columns).map(of).collect()
}

impl Tracks {
    /// Takes as long as there are events.
    pub fn of(model: &Model) -> Tracks {
        let mut tracks = Vec::new();
        let mut track = |id, unit, term, points| tracks.push(Track { id, unit, term, points });
        let states = &model.samples.timeline;
        let sampled = !model.samples.is_empty();
        for (part, name) in Part::ALL {
            let is_timed = matches!(part, Part::Gc | Part::Jit | Part::Idle);
            let within: Vec<u64> = states.stretches.iter().map(|s| s[part as usize]).collect();
            if sampled || is_timed && within.iter().any(|ns| *ns > 0) {
                let points = Points::Stretches { length_ns: states.stretch_ns, within };
                track(name, LaneUnit::Nanoseconds, "states", points);
            }
        }
        let moments = |is: fn(What) -> bool| {
            let times = model.moments.iter().filter(move |m| is(m.what)).map(|m| m.at_ns);
            Points::Counted(Counted::once(times))
        };
        track("recordings", LaneUnit::Count, "recording", moments(|w| matches!(w, What::Recording(_))));
        track("aborted", LaneUnit::Count, "abort", moments(|w| matches!(w, What::Aborted(_))));
        track("installed", LaneUnit::Count, "code", moments(|w| matches!(w, What::Installed(_))));
        track("bridges", LaneUnit::Count, "bridge", moments(|w| matches!(w, What::Attached { .. })));
        track("invalidated", LaneUnit::Count, "invalidated", moments(|w| matches!(w, What::Invalidated(_))));
        track("given up", LaneUnit::Count, "blacklist", moments(|w| matches!(w, What::GivenUp(_))));
        let failures = model.guards.values().flat_map(|g| g.failed_at.iter().copied());
        track("failures", LaneUnit::Count, "failures", Points::Counted(Counted::times(failures)));
        track("heap", LaneUnit::Bytes, "heap", Points::Held(Held::new(timeline::heap(model))));
        track("code", LaneUnit::Bytes, "code", Points::Held(Held::new(timeline::code(model))));
        Tracks { tracks }
    }

    /// The lanes between two moments in so many cells of equal length. Takes as long as there are cells, with little for
    /// the length of the run.
    pub fn lanes(&self, from_ns: u64, to_ns: u64, columns: usize) -> Lanes {
        let to_ns = to_ns.max(from_ns.saturating_add(1));
        let cells = Cells { from_ns, to_ns, columns };
        let lane = |track: &Track| {
            let cells = match &track.points {
                Points::Stretches { length_ns, within } => in_state(*length_ns, within, &cells),
                Points::Counted(counted) => counted.cells(&cells),
                Points::Held(held) => held.cells(&cells),
            };
            let known = cells.iter().flatten().copied();
            let total = match track.unit {
                LaneUnit::Bytes => known.max().unwrap_or(0),
                _ => known.fold(0, u64::saturating_add),
            };
            Lane { id: track.id, unit: track.unit, term: track.term, cells, total }
        };
        Lanes { from_ns, to_ns, lanes: self.tracks.iter().map(lane).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_shows_the_peak_of_what_is_held() {
        let cells = Cells { from_ns: 0, to_ns: 100, columns: 4 };
        let held = Held::new(vec![(30, 9), (45, 2), (80, 3)]);
        assert_eq!(held.cells(&cells), [None, Some(9), Some(2), Some(3)]);
    }

    #[test]
    fn blocks_find_what_walking_finds() {
        let points: Vec<(u64, u64)> = (0..1_000).map(|n| (n, n * 7_919 % 1_009)).collect();
        let held = Held::new(points.clone());
        for (from, to) in [(0, 1_000), (1, 999), (127, 129), (128, 256), (300, 300), (5, 6), (0, 128), (250, 513)] {
            let walked = points[from..to].iter().map(|p| p.1).max();
            assert_eq!(held.greatest(from, to), walked, "{from}..{to}");
        }
    }

    #[test]
    fn what_is_counted_several_times_is_summed() {
        let counted = Counted::times([(40, 2), (10, 3), (99, 5), (100, 7)].into_iter());
        let cells = Cells { from_ns: 0, to_ns: 100, columns: 2 };
        assert_eq!(counted.cells(&cells), [Some(5), Some(5)]);
    }
}
