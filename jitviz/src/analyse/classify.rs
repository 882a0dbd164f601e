//! What becomes of the speed of a run: flat, warm-up, slow-down or never steady, from the time of each iteration.
//!
//! The classes are those of Barrett et al., "Virtual Machine Warmup Blows Hot and Cold" (OOPSLA 2017). Levels are told
//! apart by what their means may be off, not by a variance against seconds.

use std::ops::Range;

use serde::Serialize;

use super::change::{Level, level, segments, without_outliers};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    Flat,
    #[serde(rename = "warm-up")]
    WarmUp,
    #[serde(rename = "slow-down")]
    SlowDown,
    NoSteadyState,
}

impl Class {
    pub const ALL: [Class; 4] = [Class::Flat, Class::WarmUp, Class::SlowDown, Class::NoSteadyState];

    pub fn name(self) -> &'static str {
        match self {
            Class::Flat => "flat",
            Class::WarmUp => "warm-up",
            Class::SlowDown => "slow-down",
            Class::NoSteadyState => "no-steady-state",
        }
    }
}

/// Fewer values say nothing about steadiness.
pub const FEWEST: usize = 10;
/// So many values in a row are no level of their own.
const BRIEF: usize = 3;
/// The last part of the run, which must have one level for it to be steady.
const STEADY_PART: f64 = 0.25;

/// When two levels are the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Same {
    /// Closer than this part of the fastest.
    Part(f64),
    /// Closer than this.
    Within(f64),
}

/// A stretch of values of one level.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Of the values as they were given, outliers among them.
    pub values: Range<usize>,
    pub level: Level,
}

/// What the values say.
#[derive(Clone, Debug, PartialEq)]
pub struct Classified {
    pub class: Class,
    /// In order; what belongs to none was a pause.
    pub stretches: Vec<Stretch>,
    /// The first value of the steady state; none if there is no such state.
    pub steady: Option<usize>,
    pub outliers: usize,
    /// Means closer than this are the same speed.
    pub same: f64,
}

/// `None` with too few values to tell.
pub fn classify(all: &[f64], same: Same) -> Option<Classified> {
    if all.len() < FEWEST {
        return None;
    }
    let kept = without_outliers(all);
    let values: Vec<f64> = kept.iter().map(|&i| all[i]).collect();
    // A tenth of what counts as the same speed; samples have steps of their own.
    let resolution = match same {
        Same::Part(part) => level(&values).mean * part / 10.0,
        Same::Within(near) => near / 3.0,
    };
    let mut parts = segments(&values, resolution);
    let count = parts.len();
    // A few values on their own are a pause or a compilation, not a speed of the program; but those it begins with are.
    let mut position = 0;
    parts.retain(|part| {
        position += 1;
        position == 1 || part.len() > BRIEF || values.len() < 2 * FEWEST && position == count
    });
    let levels: Vec<Level> = parts.iter().map(|part| level(&values[part.clone()])).collect();
    let fastest = levels.iter().map(|l| l.mean).fold(f64::INFINITY, f64::min);
    let same = match same {
        Same::Part(part) => fastest * part,
        Same::Within(near) => near,
    };
    let last = *levels.last()?;
    let (low, high) = (last.mean - last.deviation.max(same), last.mean + last.deviation.max(same));
    let is_like_last = |l: &Level| l.mean - l.deviation <= high && l.mean + l.deviation >= low;
    let steady = levels.iter().rposition(|l| !is_like_last(l)).map_or(0, |other| other + 1);
    let other = || levels[..steady].iter().filter(|l| !is_like_last(l));
    let begins_late = steady > 0 && parts[steady].start as f64 > values.len() as f64 * (1.0 - STEADY_PART);
    let class = if begins_late {
        Class::NoSteadyState
    } else if other().any(|l| l.mean < last.mean) {
        Class::SlowDown
    } else if other().next().is_some() {
        Class::WarmUp
    } else {
        Class::Flat
    };
    let stretches = parts
        .iter()
        .zip(&levels)
        .map(|(part, level)| Stretch { values: kept[part.start]..kept[part.end - 1] + 1, level: *level })
        .collect();
    Some(Classified {
        class,
        stretches,
        steady: (class != Class::NoSteadyState).then(|| kept[parts[steady].start]),
        outliers: all.len() - kept.len(),
        same,
    })
}
