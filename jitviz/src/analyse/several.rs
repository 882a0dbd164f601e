//! The warm-up of several runs of one program together: which classes they have, and from when on and how fast they are
//! steady, with intervals.

use serde::Serialize;

use super::diff::measure::around;
use super::warmup::{Basis, Class, Warmup};
use crate::units::{ns, plural, share};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Several {
    pub runs: usize,
    /// How many runs have which class; those too short to tell have none.
    pub classes: Vec<(Class, usize)>,
    /// All runs that tell have the same class.
    pub consistent: bool,
    /// Mean and interval, at 95 %, over the runs that become steady.
    pub steady_from_ns: Option<Interval>,
    /// Of the values from then on: time of an iteration, or what the basis counts.
    pub steady_value: Option<Interval>,
    basis: Basis,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    pub mean: f64,
    /// `None` for one run, which tells no interval.
    pub interval: Option<[f64; 2]>,
}

/// `None` without runs, or if their speed is known in different ways, which nothing makes comparable.
pub fn several(runs: &[Warmup]) -> Option<Several> {
    let basis = runs.first()?.basis;
    if runs.iter().any(|run| run.basis != basis) {
        return None;
    }
    let count = |class: &Class| runs.iter().filter(|run| run.class == Some(*class)).count();
    let classes: Vec<_> = Class::ALL.iter().map(|class| (*class, count(class))).filter(|(_, n)| *n > 0).collect();
    let steady = |of: &dyn Fn(&Warmup, u64) -> Option<f64>| {
        let values: Vec<f64> = runs.iter().filter_map(|run| of(run, run.steady_from_ns?)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (!values.is_empty()).then(|| Interval { mean, interval: around(&values) })
    };
    Some(Several {
        runs: runs.len(),
        consistent: classes.len() == 1,
        classes,
        steady_from_ns: steady(&|_, from| Some(from as f64)),
        // The median of a run, which pauses do not move.
        steady_value: steady(&|run, from| {
            let mut values: Vec<u64> = run.points.iter().filter(|p| p.from_ns >= from).map(|p| p.value).collect();
            values.sort();
            values.get(values.len() / 2).map(|v| *v as f64)
        }),
        basis,
    })
}

impl Several {
    /// `10 runs: 9 warm-up, 1 flat; steady from 1.20 s (1.10 s to 1.30 s) on, then 5.02 ms (5.00 ms to 5.04 ms)`
    pub fn sentence(&self) -> String {
        let classes: Vec<String> = self.classes.iter().map(|(class, n)| format!("{n} {}", class.name())).collect();
        let mut text = plural(self.runs as u64, "run");
        match classes.is_empty() {
            true => text.push_str(": too short to tell"),
            false => text.push_str(&format!(": {}", classes.join(", "))),
        }
        let value = |value: f64| match self.basis {
            Basis::Samples => share(value.max(0.0) as u64, 1_000).unwrap_or_default(),
            _ => ns(value.max(0.0) as u64),
        };
        let time = |value: f64| ns(value.max(0.0) as u64);
        let show = |found: Interval, show: &dyn Fn(f64) -> String| match found.interval {
            Some([low, high]) => format!("{} ({} to {})", show(found.mean), show(low), show(high)),
            None => show(found.mean),
        };
        if let Some(from) = self.steady_from_ns {
            text.push_str(&format!("; steady from {} on", show(from, &time)));
        }
        if let Some(steady) = self.steady_value {
            text.push_str(&format!(", then {}", show(steady, &value)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::warmup::warmup;
    use crate::model::Model;

    fn run(warm_up: usize, steady_ns: u64) -> Warmup {
        let mut model = Model::default();
        let mut at = 0;
        model.iterations.push(at);
        for i in 0..100 {
            at += if i < warm_up { 9_000_000 } else { steady_ns } + i as u64 % 3 * 1_000;
            model.iterations.push(at);
        }
        warmup(&model).expect("iterations are there")
    }

    #[test]
    fn runs_are_put_together_with_intervals() {
        let runs: Vec<Warmup> = (0..5).map(|i| run(20, 5_000_000 + i * 10_000)).collect();
        let found = several(&runs).expect("they have one basis");
        assert_eq!((found.runs, found.consistent), (5, true));
        assert_eq!(found.classes, [(Class::WarmUp, 5)]);
        let steady = found.steady_value.expect("all are steady");
        let [low, high] = steady.interval.expect("five tell");
        assert!(low < 5_020_000.0 && 5_020_000.0 < high && high - low < 60_000.0, "{low} {high}");
        assert!(found.sentence().starts_with("5 runs: 5 warm-up; steady from 180 ms ("), "{}", found.sentence());
    }

    #[test]
    fn runs_that_differ_are_told_apart() {
        let found = several(&[run(20, 5_000_000), run(0, 5_000_000)]).expect("they have one basis");
        assert!(!found.consistent);
        assert_eq!(found.classes, [(Class::Flat, 1), (Class::WarmUp, 1)]);
        let one = several(&[run(20, 5_000_000)]).expect("one is enough");
        assert_eq!(one.steady_value.expect("it is steady").interval, None);
        assert_eq!(several(&[]), None);
    }
}
