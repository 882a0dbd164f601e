//! Ticks: the time-stamp counter where it is invariant, CLOCK_MONOTONIC elsewhere, a plain count in tests.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::ClockSource;

/// A source of ticks.
pub struct Clock {
    source: ClockSource,
    logical: AtomicU64,
    /// What a logical clock advances by per record.
    step: u64,
}

/// What the logical clock of tests advances by per record.
pub const LOGICAL_STEP: u64 = 1000;

/// One reading of all clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    pub ticks: u64,
    pub mono_ns: u64,
    pub real_ns: u64,
}

impl Clock {
    pub fn new(logical: bool) -> Clock {
        let source = match (logical, invariant_tsc()) {
            (true, _) => ClockSource::Logical,
            (false, true) => ClockSource::Tsc,
            (false, false) => ClockSource::Monotonic,
        };
        Clock { source, logical: AtomicU64::new(0), step: LOGICAL_STEP }
    }

    /// A clock that shows what it was set to.
    pub fn told() -> Clock {
        Clock { source: ClockSource::Logical, logical: AtomicU64::new(0), step: 0 }
    }

    /// Sets a logical clock; nothing with real clocks.
    pub fn set(&self, nanoseconds: u64) {
        if self.source == ClockSource::Logical {
            self.logical.store(nanoseconds, Ordering::Relaxed);
        }
    }

    pub fn source(&self) -> ClockSource {
        self.source
    }

    /// The time of a new record.
    #[inline]
    pub fn record(&self) -> u64 {
        match self.source {
            ClockSource::Tsc => tsc(),
            ClockSource::Logical => self.logical.fetch_add(self.step, Ordering::Relaxed) + self.step,
            _ => system_ns(libc::CLOCK_MONOTONIC),
        }
    }

    /// The time now; a logical clock stands still.
    pub fn now(&self) -> u64 {
        match self.source {
            ClockSource::Tsc => tsc(),
            ClockSource::Logical => self.logical.load(Ordering::Relaxed),
            _ => system_ns(libc::CLOCK_MONOTONIC),
        }
    }

    /// Lets logical time pass; nothing with real clocks.
    pub fn advance(&self, nanoseconds: u64) {
        if self.source == ClockSource::Logical {
            self.logical.fetch_add(nanoseconds, Ordering::Relaxed);
        }
    }

    /// Ticks and system clocks at (nearly) one moment: the closest of three tries.
    pub fn read(&self) -> Reading {
        if self.source == ClockSource::Logical {
            let ticks = self.now();
            return Reading { ticks, mono_ns: ticks, real_ns: ticks };
        }
        let mut best = Reading::default();
        let mut narrowest = u64::MAX;
        for _ in 0..3 {
            let before = self.now();
            let mono_ns = system_ns(libc::CLOCK_MONOTONIC);
            let after = self.now();
            if after.wrapping_sub(before) < narrowest {
                narrowest = after.wrapping_sub(before);
                let real_ns = system_ns(libc::CLOCK_REALTIME);
                best = Reading { ticks: before + narrowest / 2, mono_ns, real_ns };
            }
        }
        best
    }
}

/// How far time offsets are shifted: as far as a resolution of 10 ns allows.
pub fn dt_shift(ticks_per_second: u64) -> u8 {
    let mut shift = 0;
    while shift < 16 && (2u128 << shift) * 1_000_000_000 <= 10 * u128::from(ticks_per_second) {
        shift += 1;
    }
    shift
}

/// A system clock in nanoseconds.
pub fn system_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec that lives through the call.
    let status = unsafe { libc::clock_gettime(clock, &mut time) };
    if status == 0 { time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64 } else { 0 }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn tsc() -> u64 {
    // SAFETY: RDTSC exists on every x86-64 processor and touches no memory.
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
fn tsc() -> u64 {
    system_ns(libc::CLOCK_MONOTONIC)
}

#[cfg(target_arch = "x86_64")]
fn invariant_tsc() -> bool {
    use std::arch::x86_64::__cpuid;
    __cpuid(0x8000_0000).eax >= 0x8000_0007 && __cpuid(0x8000_0007).edx & (1 << 8) != 0
}

#[cfg(not(target_arch = "x86_64"))]
fn invariant_tsc() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_resolve_10_ns_and_last_10_s() {
        for (rate, shift) in [(1_000_000_000, 3), (2_500_000_000, 4), (5_000_000_000, 5), (24_000_000, 0)] {
            assert_eq!(dt_shift(rate), shift, "{rate}");
            assert!(((1u64 << 32) << shift) / rate >= 10, "{rate}");
        }
    }
}
