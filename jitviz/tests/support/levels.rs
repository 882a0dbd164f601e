//! Generated series of iteration times whose class is known, with noise of several sorts and sizes.

/// Numbers that look random and are always the same.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd1b5_4a32_d192_ed03)
    }

    /// From 0 to 1.
    pub fn unit(&mut self) -> f64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// About normal, with deviation 1.
    fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// Classes as the viewer names them.
pub const CLASSES: [&str; 4] = ["flat", "warm-up", "slow-down", "no-steady-state"];
/// Deviation of the noise, as a part of the value.
pub const NOISES: [f64; 5] = [0.001, 0.005, 0.01, 0.03, 0.1];

/// No stretch is shorter: fewer values are taken for a pause, or are too few to tell from noise.
const FEWEST: usize = 8;

/// How the noise is shaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As often faster as slower.
    Even,
    /// Mostly a little faster, seldom much slower.
    Skewed,
    /// Each value is somewhat like the one before.
    Sticky,
    /// Even, and one value in fifty is a pause.
    Pauses,
}

pub const SHAPES: [Shape; 4] = [Shape::Even, Shape::Skewed, Shape::Sticky, Shape::Pauses];

/// How many iterations and how fast each stretch of a run is, before the noise.
fn plan(class: &str, noise: f64, dice: &mut Dice) -> Vec<(usize, f64)> {
    let n = [40, 100, 250, 600][(dice.unit() * 4.0) as usize];
    let part = |share: f64| ((n as f64 * share) as usize).max(FEWEST);
    // A step that is there to be seen: more than noise and more than what counts as the same speed.
    let step = |dice: &mut Dice| 1.0 + dice.between(0.05_f64.max(4.0 * noise), 1.5_f64.max(8.0 * noise));
    let fast = 10f64.powf(dice.between(4.0, 9.0));
    let variant = dice.unit();
    let plan: Vec<(usize, f64)> = match class {
        "flat" => vec![(n, fast)],
        "warm-up" if variant < 0.5 => vec![(part(dice.between(0.05, 0.5)), fast * step(dice)), (n, fast)],
        "warm-up" => {
            let middle = fast * step(dice);
            let slow = middle * step(dice);
            vec![(part(dice.between(0.05, 0.25)), slow), (part(dice.between(0.1, 0.3)), middle), (n, fast)]
        }
        "slow-down" if variant < 0.5 => vec![(part(dice.between(0.1, 0.5)), fast), (n, fast * step(dice))],
        // Warms up first.
        "slow-down" => {
            let end = fast * step(dice);
            vec![(part(dice.between(0.05, 0.2)), end * step(dice)), (part(dice.between(0.15, 0.4)), fast), (n, end)]
        }
        // Changes once, late. Of too few values nobody tells a going to and fro.
        _ if variant < 0.4 || n < 6 * FEWEST => {
            let (a, b) = (fast, fast * step(dice));
            let (a, b) = if dice.unit() < 0.5 { (a, b) } else { (b, a) };
            vec![(((n as f64 * dice.between(0.78, 0.9)) as usize).min(n - FEWEST), a), (n, b)]
        }
        // Goes to and fro.
        _ => {
            let slow = fast * step(dice);
            let turns = (2 * dice.between(3.0, 7.0) as usize).min(n / FEWEST / 2 * 2);
            (0..turns).map(|i| (part(1.0 / turns as f64), if i % 2 == 0 { fast } else { slow })).collect()
        }
    };
    // The last stretch has what is left.
    let mut left = n;
    let last = plan.len() - 1;
    let take = |(i, (n, value)): (usize, (usize, f64))| {
        let n = if i == last { left } else { n.min(left) };
        left -= n;
        (n, value)
    };
    plan.into_iter().enumerate().map(take).collect()
}

/// Times of iterations of a run of this class.
pub fn series(class: &str, noise: f64, shape: Shape, seed: u64) -> Vec<f64> {
    let mut dice = Dice::new(seed);
    let plan = plan(class, noise, &mut dice);
    let mut before = 0.0;
    let mut out = Vec::new();
    for (n, value) in plan {
        for _ in 0..n {
            let off = match shape {
                Shape::Even | Shape::Pauses => dice.bell(),
                Shape::Skewed => -dice.unit().max(1e-9).ln() - 1.0,
                Shape::Sticky => 0.3 * before + 0.95 * dice.bell(),
            };
            before = off;
            let pause = shape == Shape::Pauses && dice.unit() < 0.02;
            let factor = if pause { dice.between(2.0, 8.0) } else { 1.0 };
            out.push((value * factor * (1.0 + noise * off)).max(1.0).round());
        }
    }
    out
}
