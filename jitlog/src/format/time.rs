//! From ticks to nanoseconds since the log was created.

use crate::format::layout::{HotPage, StaticPage};

/// A straight line from ticks to nanoseconds: exact at creation, and at the last synchronisation if there was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeScale {
    start_ticks: u64,
    /// Nanoseconds per tick in 2^-SHIFT units.
    factor: u64,
    start_real_ns: u64,
    start_mono_ns: u64,
}

const SHIFT: u32 = 40;

impl TimeScale {
    pub fn new(page: &StaticPage, hot: &HotPage) -> TimeScale {
        let (nanoseconds, ticks) = match hot.sync {
            // Under a millisecond the clock reads themselves would dominate the quotient.
            Some((ticks, mono, _)) if mono.saturating_sub(page.start_mono_ns) >= 1_000_000 => {
                (mono - page.start_mono_ns, ticks.saturating_sub(page.start_ticks))
            }
            _ => (1_000_000_000, page.ticks_per_second),
        };
        let factor = (u128::from(nanoseconds) << SHIFT) / u128::from(ticks.max(1));
        TimeScale {
            start_ticks: page.start_ticks,
            factor: u64::try_from(factor).unwrap_or(u64::MAX),
            start_real_ns: page.start_real_ns,
            start_mono_ns: page.start_mono_ns,
        }
    }

    /// Nanoseconds since creation; times before it are 0.
    #[inline]
    pub fn nanoseconds(&self, ticks: u64) -> u64 {
        let ticks = u128::from(ticks.saturating_sub(self.start_ticks));
        u64::try_from((ticks * u128::from(self.factor)) >> SHIFT).unwrap_or(u64::MAX)
    }

    /// The first tick whose time is at or after the given nanoseconds.
    pub fn ticks(&self, nanoseconds: u64) -> u64 {
        let scaled = (u128::from(nanoseconds) << SHIFT).div_ceil(u128::from(self.factor.max(1)));
        self.start_ticks.saturating_add(u64::try_from(scaled).unwrap_or(u64::MAX))
    }

    /// CLOCK_REALTIME at creation.
    pub fn start_real_ns(&self) -> u64 {
        self.start_real_ns
    }

    /// CLOCK_MONOTONIC at creation.
    pub fn start_mono_ns(&self) -> u64 {
        self.start_mono_ns
    }
}
