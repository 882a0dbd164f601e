//! What the kernel counts of the VM's thread: software events everywhere, those of the processor where it lets us.
//!
//! Each counter is asked for on its own. One that is not there is told with the reason, and nothing else changes.

use std::io;

use jitlog::{PerfCount, PerfCounter};
use perf_event::events::{Event, Hardware, Software};
use perf_event::{Builder, Counter};

/// Every counter with the kernel's name of it. Context switches happen in the kernel, so they can be counted only with
/// it; the others are of the program's own code.
fn table() -> [(PerfCounter, Event); 7] {
    [
        (PerfCounter::TaskClock, Software::TASK_CLOCK.into()),
        (PerfCounter::PageFaults, Software::PAGE_FAULTS.into()),
        (PerfCounter::ContextSwitches, Software::CONTEXT_SWITCHES.into()),
        (PerfCounter::Cycles, Hardware::CPU_CYCLES.into()),
        (PerfCounter::Instructions, Hardware::INSTRUCTIONS.into()),
        (PerfCounter::BranchMisses, Hardware::BRANCH_MISSES.into()),
        (PerfCounter::CacheMisses, Hardware::CACHE_MISSES.into()),
    ]
}

/// The counters that run.
#[derive(Default)]
pub struct KernelCounters {
    running: Vec<(PerfCounter, Counter)>,
}

impl KernelCounters {
    /// Begins to count the calling thread. `missing` is told of each counter that cannot run, and why.
    pub fn start(missing: &mut dyn FnMut(PerfCounter, &str)) -> KernelCounters {
        let mut running = Vec::new();
        for (name, event) in table() {
            let mut builder = Builder::new().kind(event);
            if name == PerfCounter::ContextSwitches {
                builder.include_kernel();
            }
            match builder.build().and_then(|mut counter| counter.enable().map(|()| counter)) {
                Ok(counter) => running.push((name, counter)),
                Err(error) => missing(name, &reason(&error)),
            }
        }
        KernelCounters { running }
    }

    /// Gives every count so far; one that can be read no more is left out.
    pub fn read(&mut self, each: &mut dyn FnMut(PerfCount)) {
        for (name, counter) in &mut self.running {
            if let Ok(read) = counter.read_count_and_time() {
                each(PerfCount {
                    counter: *name,
                    value: read.count,
                    enabled_ns: read.time_enabled,
                    running_ns: read.time_running,
                });
            }
        }
    }
}

/// Why the kernel refused, in words.
fn reason(error: &io::Error) -> String {
    let why = match error.raw_os_error() {
        Some(libc::ENOENT | libc::EOPNOTSUPP | libc::ENODEV) => "the processor has no such counter for this machine",
        Some(libc::EACCES | libc::EPERM) => "not allowed: see /proc/sys/kernel/perf_event_paranoid and seccomp",
        Some(libc::EMFILE | libc::ENFILE) => "no file descriptor left",
        Some(libc::ENOSYS) => "the kernel was built without perf events",
        _ => "the kernel refused",
    };
    format!("{why} ({error})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_runs_or_has_a_reason() {
        let mut without = Vec::new();
        let mut counters = KernelCounters::start(&mut |counter, reason| {
            assert!(!reason.is_empty());
            without.push(counter);
        });
        let mut with = Vec::new();
        counters.read(&mut |count| with.push(count.counter));
        with.extend(without);
        with.sort_unstable();
        assert_eq!(with, PerfCounter::ALL.iter().map(|known| known.0).collect::<Vec<_>>());
    }
}
