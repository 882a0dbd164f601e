//! One number in two sets of runs: means, the interval of their difference, and whether it is more than noise.

use serde::Serialize;

use super::rank;
use crate::analyse::series::Unit;

/// What a number was over the runs of one side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measure {
    pub mean: f64,
    pub lowest: f64,
    pub highest: f64,
    pub runs: usize,
}

/// One number before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    pub name: &'static str,
    pub unit: Unit,
    /// `None` where no run of the side has the number.
    pub before: Option<Measure>,
    pub after: Option<Measure>,
    /// After minus before.
    pub change: Option<f64>,
    pub percent: Option<f64>,
    /// Where the true difference of the means is, as far as several runs on both sides tell.
    pub interval: Option<[f64; 2]>,
    /// False within the noise; `None` if one run on a side cannot tell.
    pub significant: Option<bool>,
}

/// Of so many differences that are none, one is taken for one. A page compares some hundred numbers, and two sets of
/// runs of the same program should differ in nothing.
pub const CHANCE: f64 = 1e-4;
/// A smaller change of a number that varies is not worth a word, however sure it is.
const SMALLEST: f64 = 0.005;

/// Values of each run; a run without the number is left out.
pub fn compare(name: &'static str, unit: Unit, before: &[Option<f64>], after: &[Option<f64>]) -> Compared {
    compare_at(CHANCE, name, unit, before, after)
}

/// The same where another chance of a difference that is none is allowed.
pub fn compare_at(
    chance: f64,
    name: &'static str,
    unit: Unit,
    before: &[Option<f64>],
    after: &[Option<f64>],
) -> Compared {
    let values = |side: &[Option<f64>]| side.iter().flatten().copied().collect::<Vec<f64>>();
    let (a, b) = (values(before), values(after));
    let mut out = Compared {
        name,
        unit,
        before: measure(&a),
        after: measure(&b),
        change: None,
        percent: None,
        interval: None,
        significant: None,
    };
    let (Some(x), Some(y)) = (out.before, out.after) else { return out };
    let change = y.mean - x.mean;
    out.change = Some(change);
    out.percent = (x.mean != 0.0).then(|| change / x.mean.abs() * 100.0);
    if x.runs < 2 || y.runs < 2 {
        return out;
    }
    // Welch: the variances of the two sides need not be the same.
    let error = |values: &[f64], m: &Measure| {
        let sum: f64 = values.iter().map(|v| (v - m.mean) * (v - m.mean)).sum();
        sum / (m.runs - 1) as f64 / m.runs as f64
    };
    let (ea, eb) = (error(&a, &x), error(&b, &y));
    let all = ea + eb;
    let freedom = match all > 0.0 {
        true => all * all / (ea * ea / (x.runs - 1) as f64 + eb * eb / (y.runs - 1) as f64),
        false => 1.0,
    };
    // Two ways to find a difference, each of which may be wrong half as often, and at either end.
    let chance = chance / 4.0;
    let spread = if all > 0.0 { student(1.0 - chance, freedom) * all.sqrt() } else { 0.0 };
    let by_mean = [change - spread, change + spread];
    let excludes_none = |[low, high]: [f64; 2]| low > 0.0 || high < 0.0;
    let by_rank = rank::interval(&a, &b, chance).filter(|interval| excludes_none(*interval));
    let interval = if excludes_none(by_mean) { by_mean } else { by_rank.unwrap_or(by_mean) };
    out.interval = Some(interval);
    let base = x.mean.abs().max(y.mean.abs());
    // The interval by rank need not hold the change of the means.
    let size = if interval == by_mean { change } else { (interval[0] + interval[1]) / 2.0 };
    out.significant = Some(excludes_none(interval) && size.abs() >= base * SMALLEST);
    out
}

/// Where the true mean is at 95 %; `None` for fewer than two values.
pub fn around(values: &[f64]) -> Option<[f64; 2]> {
    let found = measure(values).filter(|m| m.runs > 1)?;
    let sum: f64 = values.iter().map(|v| (v - found.mean) * (v - found.mean)).sum();
    let freedom = (found.runs - 1) as f64;
    let spread = student(0.975, freedom) * (sum / freedom / found.runs as f64).sqrt();
    Some([found.mean - spread, found.mean + spread])
}

fn measure(values: &[f64]) -> Option<Measure> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let fold = |f: fn(f64, f64) -> f64, from| values.iter().copied().fold(from, f);
    (!values.is_empty()).then(|| Measure {
        mean,
        lowest: fold(f64::min, f64::INFINITY),
        highest: fold(f64::max, f64::NEG_INFINITY),
        runs: values.len(),
    })
}

/// The point below which Student's t lies with probability `p` (over a half).
fn student(p: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while cumulative(high, freedom) < p && high < 1e9 {
        high *= 2.0;
    }
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if cumulative(middle, freedom) < p { low = middle } else { high = middle }
    }
    high
}

/// Student's distribution up to `t` over 0, by the regularised incomplete beta function.
fn cumulative(t: f64, freedom: f64) -> f64 {
    1.0 - incomplete_beta(freedom / (freedom + t * t), freedom / 2.0, 0.5) / 2.0
}

fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front = (log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    // The continued fraction converges fast on this side only.
    match x < (a + 1.0) / (a + b + 2.0) {
        true => front * fraction(x, a, b) / a,
        false => 1.0 - front * fraction(1.0 - x, b, a) / b,
    }
}

/// Lentz's way to evaluate the continued fraction of the incomplete beta function.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let keep = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d) = (1.0, 1.0 / keep(1.0 - (a + b) * x / (a + 1.0)));
    let mut value = d;
    for m in 1..300 {
        let m = f64::from(m);
        for step in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / keep(1.0 + step * d);
            c = keep(1.0 + step / c);
            value *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-14 {
            break;
        }
    }
    value
}

/// Stirling's series, after shifting the argument to where it is exact enough.
fn log_gamma(x: f64) -> f64 {
    let mut shift = 0.0;
    let mut x = x;
    while x < 12.0 {
        shift -= x.ln();
        x += 1.0;
    }
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    shift + (x - 0.5) * x.ln() - x + (2.0 * std::f64::consts::PI).ln() / 2.0 + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_points_are_those_of_the_tables() {
        for (p, freedom, t) in [(0.975, 9.0, 2.262), (0.975, 18.0, 2.101), (0.995, 5.0, 4.032), (0.975, 1.0, 12.706)] {
            assert!((student(p, freedom) - t).abs() < 0.001, "{p} {freedom}: {}", student(p, freedom));
        }
    }

    /// Numbers around `mean` that look normal and are always the same.
    fn runs(mean: f64, deviation: f64, seed: u64) -> Vec<Option<f64>> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut uniform = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..10).map(|_| Some(mean + deviation * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0))).collect()
    }

    #[test]
    fn the_same_twice_is_no_difference_and_five_percent_is_one() {
        let mut wrong = 0;
        for page in 0..100 {
            // A page of a hundred numbers with 2 % of noise.
            let differs = |i: u64| {
                let seed = page * 1_000 + i * 2 + 1;
                let found = compare("x", Unit::Count, &runs(100.0, 2.0, seed), &runs(100.0, 2.0, seed + 1));
                found.significant == Some(true)
            };
            wrong += usize::from((0..100).any(differs));
        }
        assert!(wrong <= 5, "{wrong} of 100 pages show a difference that is none");
        for seed in 1..50 {
            let found = compare("x", Unit::Count, &runs(100.0, 1.0, seed), &runs(105.0, 1.0, seed + 99));
            assert_eq!(found.significant, Some(true));
            let [low, high] = found.interval.expect("ten runs a side");
            assert!(low < 5.0 && high > 5.0 || found.change.expect("both sides") > low);
        }
    }

    #[test]
    fn more_chance_finds_smaller_differences() {
        let found = |chance, seed| {
            let (before, after) = (runs(100.0, 3.0, seed), runs(105.0, 3.0, seed + 99));
            compare_at(chance, "x", Unit::Count, &before, &after).significant == Some(true)
        };
        let of = |chance| (1..100).filter(|seed| found(chance, *seed)).count();
        assert!(of(2.5e-3) > 2 * of(CHANCE), "{} and {}", of(2.5e-3), of(CHANCE));
    }

    #[test]
    fn one_run_cannot_tell_noise() {
        let found = compare("x", Unit::Count, &[Some(10.0)], &[Some(15.0)]);
        assert_eq!((found.change, found.percent, found.significant), (Some(5.0), Some(50.0), None));
        assert_eq!(compare("x", Unit::Count, &[None], &[Some(1.0)]).change, None);
    }
}
