//! Which changes explain a difference in time: the functions whose time changed, with what the JIT did otherwise there.

use serde::Serialize;

use super::{Diff, Row, Status};
use crate::model::Place;
use crate::units;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// A function, or a state that is not spent in functions of the program.
    pub name: String,
    #[serde(flatten)]
    pub place: Place,
    /// After minus before.
    pub change_ns: f64,
    pub interval_ns: Option<[f64; 2]>,
    /// The part of the whole difference, in percent; differences the other way are negative.
    pub percent_of_change: Option<f64>,
    /// Changes of the JIT in this function, and the state in which the time changed most.
    pub because: Vec<String>,
}

/// Changes below this part of the run are not worth a word.
const WORTH_NS: f64 = 0.005;
/// In percent of the difference.
const MUCH: f64 = 20.0;
/// Samples of a shorter run are too few.
const SHORT_NS: f64 = 50e6;
/// More reasons than these say less.
const MOST: usize = 4;

pub fn explanations(diff: &Diff) -> Vec<Explanation> {
    let whole = diff.whole().before.map_or(0.0, |m| m.mean);
    let change = diff.whole().change.unwrap_or(0.0);
    let share = |ns: f64| (change != 0.0 && diff.whole().is_change()).then(|| ns / change * 100.0);
    let mut out = Vec::new();
    for row in &diff.functions {
        let Some(time) = row.number("time_ns").filter(|n| n.is_change()) else { continue };
        let change_ns = time.change.unwrap_or(0.0);
        if change_ns.abs() < whole * WORTH_NS {
            continue;
        }
        let mut because = state(row);
        because.extend(jit(diff, &row.place));
        because.truncate(MOST);
        out.push(Explanation {
            name: row.name.clone(),
            place: row.place.clone(),
            change_ns,
            interval_ns: time.interval,
            percent_of_change: share(change_ns),
            because,
        });
    }
    for state in diff.states.iter().filter(|s| ["gc", "jit", "idle", "unaccounted"].contains(&s.name) && s.is_change())
    {
        let change_ns = state.change.unwrap_or(0.0);
        if change_ns.abs() < whole * WORTH_NS {
            continue;
        }
        // It is nobody's fault unless the run changed, and much of that is here.
        if state.name == "unaccounted" && share(change_ns).is_none_or(|percent| percent < MUCH) {
            continue;
        }
        let of = |name: &str| diff.counts.iter().find(|c| c.name == name).and_then(|c| Some((c.before?, c.after?)));
        let (title, counted) = match state.name {
            "gc" => ("garbage collection", of("collections").map(|c| ("collections", c))),
            "jit" => ("recording and compiling", of("aborted").map(|c| ("aborted recordings", c))),
            "idle" => ("waiting", None),
            _ => ("start of the VM, and time between samples", None),
        };
        let mut because: Vec<String> = counted
            .map(|(what, (a, b))| format!("{what} {:.0} before, {:.0} after", a.mean, b.mean))
            .into_iter()
            .collect();
        if state.name == "unaccounted" && whole < SHORT_NS {
            because.push("the run is too short for samples to say where; compare longer runs, or more of them".into());
        }
        out.push(Explanation {
            name: title.into(),
            place: Place::default(),
            change_ns,
            interval_ns: state.interval,
            percent_of_change: share(change_ns),
            because,
        });
    }
    out.sort_by(|a, b| b.change_ns.abs().total_cmp(&a.change_ns.abs()));
    out
}

/// In which state the time of a function changed, if in one most of all.
fn state(row: &Row) -> Vec<String> {
    let total = row.number("time_ns").and_then(|n| n.change).unwrap_or(0.0);
    let states =
        [("interp_ns", "in the interpreter"), ("compiled_ns", "in compiled code"), ("native_ns", "in builtins")];
    let most = states.into_iter().find(|(name, _)| {
        let change = row.number(name).and_then(|n| n.change).unwrap_or(0.0);
        change * total > 0.0 && change.abs() > total.abs() * 0.6
    });
    most.map(|(_, text)| text.to_string()).into_iter().collect()
}

/// What the JIT did otherwise in a function.
fn jit(diff: &Diff, function: &Place) -> Vec<String> {
    let file = |place: &Place| place.file.as_deref().unwrap_or_default().rsplit('/').next().map(str::to_string);
    let here = |row: &&Row| row.place.function == function.function && file(&row.place) == file(function);
    let mut out = Vec::new();
    let numbers = |row: &Row, name: &str| {
        let number = row.number(name)?;
        Some((number.before?.mean.round() as u64, number.after?.mean.round() as u64)).filter(|(a, b)| a != b)
    };
    for row in diff.aborts.iter().filter(here).filter(|r| r.status != Status::Both || r.changed) {
        if let Some((before, after)) = numbers(row, "count") {
            out.push(format!(
                "recordings aborted at {} ({}): {before} before, {after} after",
                row.place.short(),
                row.name
            ));
        }
    }
    for row in diff.guards.iter().filter(here).filter(|r| r.changed) {
        if let Some((before, after)) = numbers(row, "failures").filter(|(a, b)| a.abs_diff(*b) >= 1_000) {
            let (before, after) = (units::count(before), units::count(after));
            out.push(format!("failures of {} at {}: {before} before, {after} after", row.name, row.place.short()));
        }
    }
    for row in diff.loops.iter().filter(here) {
        let at = row.place.short();
        match row.status {
            Status::Lost => out.push(format!("{} at {at} is no longer compiled", row.name)),
            Status::New => out.push(format!("{} at {at} is compiled now", row.name)),
            Status::Both => {
                // More of the same work is no fault of the JIT, and the first thing to know.
                let turns = row.number("turns").filter(|turns| turns.is_change());
                if let Some((before, after)) = turns.and_then(|_| numbers(row, "turns")) {
                    let (before, after) = (units::count(before), units::count(after));
                    out.push(format!("turns of the {} at {at}: {before} before, {after} after", row.name));
                }
                if let Some(stage) = &row.first_difference {
                    out.push(format!("the IR of the {} at {at} differs from `{stage}` on", row.name));
                }
            }
        }
    }
    for row in diff.bridges.iter().filter(here).filter(|r| r.status != Status::Both) {
        let what = if row.status == Status::New { "new" } else { "lost" };
        out.push(format!("{what} bridge at {} ({})", row.place.short(), row.name));
    }
    out
}
