//! Where a series changes its level: PELT with a normal cost of mean and variance, outliers left out before.
//!
//! As in Barrett et al., "Virtual Machine Warmup Blows Hot and Cold" (OOPSLA 2017), but segments are told apart by
//! standard deviations, not by variances against seconds.

use std::ops::Range;

/// Values on each side that decide whether a value is an outlier.
const WINDOW: usize = 100;

/// What a cut must be worth, times the logarithm of the number of values. With Barrett's 15, made for 2,000 values, a
/// late change of few values is not seen; with 4 noise alone is cut. `tests/warmup.rs` counts both.
const PENALTY: f64 = 6.0;

/// Indices of the values that are no outliers: within the median of their surroundings ± 3 times the distance between
/// its tenth and ninetieth percentile. The first values are kept, since a run may well begin slowly.
pub fn without_outliers(values: &[f64]) -> Vec<usize> {
    let is_plain = |&i: &usize| {
        if i < WINDOW {
            return true;
        }
        let mut around: Vec<f64> = values[i - WINDOW..(i + WINDOW).min(values.len())].to_vec();
        around.sort_by(f64::total_cmp);
        let at = |share: f64| around[((around.len() - 1) as f64 * share).round() as usize];
        (values[i] - at(0.5)).abs() <= 3.0 * (at(0.9) - at(0.1))
    };
    (0..values.len()).filter(is_plain).collect()
}

/// Mean and standard deviation of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    pub mean: f64,
    pub deviation: f64,
}

/// Sums up to each index, of values and their squares; of values near 0, so that little is lost.
struct Sums {
    sums: Vec<(f64, f64)>,
    least_variance: f64,
}

impl Sums {
    fn cost(&self, part: Range<usize>) -> f64 {
        let n = part.len() as f64;
        let (sum, squares) =
            (self.sums[part.end].0 - self.sums[part.start].0, self.sums[part.end].1 - self.sums[part.start].1);
        let variance = (squares / n - (sum / n) * (sum / n)).max(self.least_variance);
        n * ((2.0 * std::f64::consts::PI * variance).ln() + 1.0)
    }
}

/// The series cut where its mean or variance changes: segments of at least two values, which cover it. Deviations below
/// `resolution` are not told apart.
pub fn segments(values: &[f64], resolution: f64) -> Vec<Range<usize>> {
    let n = values.len();
    if n < 4 {
        return std::iter::once(0..n).filter(|all| !all.is_empty()).collect();
    }
    let centre = values.iter().sum::<f64>() / n as f64;
    let mut sums = vec![(0.0, 0.0)];
    for value in values {
        let (sum, squares) = sums.last().copied().unwrap_or_default();
        let v = value - centre;
        sums.push((sum + v, squares + v * v));
    }
    let sums = Sums { sums, least_variance: (resolution * resolution).max(f64::MIN_POSITIVE) };
    let penalty = PENALTY * (n as f64).ln();
    // best[t]: the least cost of the values before t; last[t]: where the last segment of that begins.
    let mut best = vec![f64::INFINITY; n + 1];
    let mut last = vec![0; n + 1];
    best[0] = -penalty;
    let mut candidates = vec![0_usize];
    let mut costs = Vec::new();
    for t in 2..=n {
        let cost_of = |s: usize| if t - s < 2 { f64::NEG_INFINITY } else { best[s] + sums.cost(s..t) };
        costs.clear();
        costs.extend(candidates.iter().map(|&s| cost_of(s)));
        let usable = candidates.iter().zip(&costs).filter(|(_, cost)| **cost > f64::NEG_INFINITY);
        let Some((&start, cost)) = usable.min_by(|a, b| a.1.total_cmp(b.1)) else { continue };
        best[t] = cost + penalty;
        last[t] = start;
        // What costs more now than a cut here would can never be best again.
        let limit = best[t];
        let mut cost = costs.iter();
        candidates.retain(|_| cost.next().is_some_and(|c| *c <= limit));
        candidates.push(t - 1);
    }
    let mut cuts = Vec::new();
    let mut end = n;
    while end > 0 {
        cuts.push(last[end]..end);
        end = last[end];
    }
    cuts.reverse();
    cuts
}

pub fn level(values: &[f64]) -> Level {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
    Level { mean, deviation: variance.sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers between -1 and 1 that look random and are always the same.
    fn noise(seed: u64) -> impl Iterator<Item = f64> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        })
    }

    fn series(parts: &[(usize, f64, f64)], seed: u64) -> Vec<f64> {
        let mut noise = noise(seed);
        let of = |&(n, mean, spread): &(usize, f64, f64)| {
            (0..n).map(|_| mean + spread * noise.next().expect("endless")).collect::<Vec<_>>()
        };
        parts.iter().flat_map(of).collect()
    }

    fn cuts(values: &[f64]) -> Vec<usize> {
        segments(values, 1e-3).iter().skip(1).map(|s| s.start).collect()
    }

    #[test]
    fn noise_alone_has_no_change() {
        for seed in 1..40 {
            assert!(cuts(&series(&[(300, 10.0, 1.0)], seed)).is_empty(), "seed {seed}");
        }
    }

    #[test]
    fn a_change_of_the_mean_is_found_where_it_is() {
        for seed in 1..40 {
            let found = cuts(&series(&[(60, 20.0, 1.0), (240, 10.0, 1.0)], seed));
            assert_eq!(found, [60], "seed {seed}");
            let found = cuts(&series(&[(50, 20.0, 0.5), (50, 10.0, 0.5), (100, 14.0, 0.5)], seed));
            assert_eq!(found, [50, 100], "seed {seed}");
        }
    }

    #[test]
    fn a_change_of_the_variance_is_one_too() {
        let found = cuts(&series(&[(150, 10.0, 0.1), (150, 10.0, 3.0)], 5));
        assert!(found.len() == 1 && found[0].abs_diff(150) <= 3, "{found:?}");
    }

    #[test]
    fn equal_values_and_short_series_are_whole() {
        assert_eq!(segments(&[5.0; 100], 1e-3).first(), Some(&(0..100)));
        assert_eq!(segments(&[1.0, 9.0, 1.0], 1e-3).first(), Some(&(0..3)));
        assert!(segments(&[], 1e-3).is_empty());
    }

    #[test]
    fn single_slow_values_are_outliers() {
        let mut values = series(&[(400, 10.0, 1.0)], 3);
        (values[0], values[250]) = (500.0, 500.0);
        let kept = without_outliers(&values);
        assert!(kept.contains(&0) && !kept.contains(&250));
        assert!(kept.len() >= 395);
    }
}
