//! Which allocations are sampled: a point falls on the bytes of each size class at random distances, and the object that
//! it falls into stands for the bytes since the point before.
//!
//! The distances do not depend on what is allocated, so the expected weight of an object is its size, whatever allocates
//! it: sums by site and by type are unbiased. And the weights add up to the bytes up to the last point, not only on the
//! average.

use super::heap::CELL_SIZES;

/// Shortest mean distance of two points, in bytes.
const LEAST_MEAN: u64 = 16 << 10;
/// The mean distance is this part of what the class has allocated, so the number of samples grows with the logarithm of
/// that.
const PART: u64 = 128;

/// One size class.
#[derive(Clone, Copy, Debug)]
struct Clock {
    /// Bytes from the first that is not yet allocated to the next point.
    until: u64,
    /// Bytes from the point before to the next.
    distance: u64,
    /// Bytes up to the next point.
    total: u64,
}

/// The clocks of all size classes, and last that of large objects.
#[derive(Clone, Debug)]
pub struct AllocationClocks {
    clocks: [Clock; CELL_SIZES.len() + 1],
    random: u64,
}

impl Default for AllocationClocks {
    /// With the first points set.
    fn default() -> AllocationClocks {
        let none = Clock { until: 0, distance: 0, total: 0 };
        let mut clocks = AllocationClocks { clocks: [none; CELL_SIZES.len() + 1], random: 0x9e37_79b9_7f4a_7c15 };
        (0..clocks.clocks.len()).for_each(|class| clocks.next_point(class));
        clocks
    }
}

impl AllocationClocks {
    /// Puts the next point of a class behind the one before, at an exponentially distributed distance.
    fn next_point(&mut self, class: usize) {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        // In (0, 1].
        let uniform = ((self.random >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        let clock = &mut self.clocks[class];
        let mean = LEAST_MEAN.max(clock.total / PART) as f64;
        clock.distance = (-uniform.ln() * mean) as u64 + 1;
        clock.until += clock.distance;
        clock.total += clock.distance;
    }

    /// What the next object of a class stands for, if it has so many bytes: 0 if no point falls into it. Points in it are
    /// used up.
    pub fn weight(&mut self, class: usize, bytes: u64) -> u64 {
        let mut weight = 0;
        while self.clocks[class].until < bytes {
            weight += self.clocks[class].distance;
            self.next_point(class);
        }
        weight
    }

    /// Bytes of all classes that no sample stands for yet: those since their last points. Intervals are retired.
    pub fn rest(&self) -> u64 {
        self.clocks.iter().map(|clock| clock.distance - clock.until.min(clock.distance)).sum()
    }

    /// Bytes that the class can allocate before the object with the next point.
    pub fn until(&self, class: usize) -> u64 {
        self.clocks[class].until
    }

    /// So many bytes of the class were allocated, none of them with a point.
    pub fn pass(&mut self, class: usize, bytes: u64) {
        let clock = &mut self.clocks[class];
        debug_assert!(bytes <= clock.until, "a point was passed");
        clock.until = clock.until.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_and_have_no_favourites() {
        const RUNS: u64 = 32;
        let mut shares = 0.0;
        for seed in 1..=RUNS {
            let mut clocks = AllocationClocks::default();
            clocks.random = clocks.random.wrapping_mul(2 * seed + 1);
            // Two sites take turns on one class, the second three times in a row.
            let (mut total, mut weights) = (0, [0, 0]);
            for number in 0..500_000_u64 {
                weights[usize::from(number % 4 > 0)] += clocks.weight(3, 64);
                clocks.pass(3, 64);
                total += 64;
            }
            let sum = weights[0] + weights[1];
            assert_eq!(sum + clocks.rest(), total);
            shares += weights[1] as f64 / sum as f64;
        }
        // One run's share varies by 0.04, by the number of its samples.
        let share = shares / RUNS as f64;
        assert!((share - 0.75).abs() < 0.03, "{share}");
    }

    #[test]
    fn an_object_may_hold_several_points() {
        let mut clocks = AllocationClocks::default();
        let (mut total, mut sum) = (0, 0);
        for bytes in (0..2000).map(|number| 4096 + number % 7 * 100_000) {
            sum += clocks.weight(CELL_SIZES.len(), bytes);
            clocks.pass(CELL_SIZES.len(), bytes);
            total += bytes;
        }
        assert_eq!(sum + clocks.rest(), total);
    }
}
