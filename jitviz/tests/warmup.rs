//! The class of generated series of known class, by sort and size of noise: a table of what was taken for what.
//!
//! `scripts/prove-warmup` makes more series and prints the table.

#[path = "support/levels.rs"]
mod levels;

use jitviz::analyse::classify::{Class, Same, classify};
use levels::{CLASSES, NOISES, SHAPES, series};

/// What of a hundred is right at least; of noise of a tenth, steps of four deviations in few values are at the limit.
fn least(noise: f64) -> u64 {
    if noise > 0.05 { 85 } else { 95 }
}

#[test]
fn generated_series_are_classed_as_they_were_made() {
    assert_eq!(Class::ALL.map(Class::name), CLASSES);
    let count: u64 = std::env::var("JITVIZ_WARMUP_SERIES").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let mut wrong = Vec::new();
    println!(
        "{:8} {:>6} {:16} {:>6} {:>8} {:>10} {:>16}",
        "noise", "size", "made", "flat", "warm-up", "slow-down", "no-steady-state"
    );
    for shape in SHAPES {
        for noise in NOISES {
            for (made, class) in CLASSES.iter().enumerate() {
                let mut found = [0_u64; 4];
                for seed in 0..count {
                    let values = series(class, noise, shape, seed * 7_919 + made as u64);
                    let class = classify(&values, Same::Part(0.01)).expect("there are enough values").class;
                    found[class as usize] += 1;
                }
                let [flat, warm, slow, never] = found;
                let row =
                    format!("{shape:<8?} {:5.1}% {class:16} {flat:6} {warm:8} {slow:10} {never:16}", noise * 100.0);
                println!("{row}");
                // Of few series one is more than it should be.
                if (found[made] + 1) * 100 < least(noise) * count {
                    wrong.push(row);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "too often wrong:\n{}", wrong.join("\n"));
}
