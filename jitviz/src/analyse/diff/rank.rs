//! Whether one set of runs is above another by rank: what a busy machine adds to a few of the runs hides a difference from
//! means and variances, but hardly changes the order of the others.

/// Where all differences between a value of the second and one of the first lie, but for one in `chance` at each end:
/// the interval of Hodges and Lehmann. `None` if there are too few runs to tell.
pub fn interval(before: &[f64], after: &[f64], chance: f64) -> Option<[f64; 2]> {
    let outside = most_outside(before.len(), after.len(), chance)?;
    let mut differences: Vec<f64> = after.iter().flat_map(|b| before.iter().map(move |a| b - a)).collect();
    differences.sort_by(f64::total_cmp);
    let low = differences.get(outside)?;
    let high = differences.get(differences.len().checked_sub(outside + 1)?)?;
    (low <= high).then_some([*low, *high])
}

/// How many of the pairs may be the other way round: the greatest U of Mann and Whitney that, with all orders as likely,
/// comes up at most once in `chance`.
fn most_outside(n: usize, m: usize, chance: f64) -> Option<usize> {
    let ways = orders(n, m);
    let all: f64 = ways.iter().sum();
    let mut sum = 0.0;
    let fits = ways.iter().take_while(|ways| {
        sum += **ways;
        sum / all <= chance
    });
    fits.count().checked_sub(1)
}

/// The number of orders of n and m values with U = 0, 1, …, n·m: those in which the last is of the first set, by which
/// nothing is added, and those in which it is of the second.
fn orders(n: usize, m: usize) -> Vec<f64> {
    // By m, for the n at hand; counts are products of small factors, so that floats hold them well enough.
    let mut by_m: Vec<Vec<f64>> = (0..=m).map(|_| vec![1.0]).collect();
    for i in 1..=n {
        let mut next: Vec<Vec<f64>> = vec![vec![1.0]];
        for j in 1..=m {
            let mut ways = vec![0.0; i * j + 1];
            for (u, count) in by_m[j].iter().enumerate() {
                ways[u + j] += count;
            }
            for (u, count) in next[j - 1].iter().enumerate() {
                ways[u] += count;
            }
            next.push(ways);
        }
        by_m = next;
    }
    by_m.pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_those_of_the_tables() {
        assert_eq!(orders(2, 2), [1.0, 1.0, 2.0, 1.0, 1.0]);
        assert_eq!(orders(10, 10).iter().sum::<f64>(), 184_756.0);
        // Critical values of U, two-sided at 5 % and 1 %.
        for (n, m, chance, u) in [(10, 10, 0.025, 23), (8, 6, 0.025, 8), (10, 10, 0.005, 16), (5, 5, 0.025, 2)] {
            assert_eq!(most_outside(n, m, chance), Some(u));
        }
        assert_eq!(most_outside(3, 3, 0.001), None);
    }

    #[test]
    fn a_run_that_was_held_up_hides_nothing() {
        let before: Vec<f64> = (0..10).map(|i| 100.0 + f64::from(i) * 0.1).collect();
        let mut after: Vec<f64> = before.iter().map(|x| x + 5.0).collect();
        after[3] = 400.0;
        let [low, high] = interval(&before, &after, 5e-5).expect("ten runs a side");
        assert!(low > 4.0 && high > 5.0);
        let [low, high] = interval(&before, &before, 5e-5).expect("ten runs a side");
        assert!(low < 0.0 && high > 0.0);
    }
}
