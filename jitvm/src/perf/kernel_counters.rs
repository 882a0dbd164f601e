//! What the kernel counts of the VM's thread: software events everywhere, those of the processor where it lets us.
//!
//! Each counter is asked for on its own. One that is not there is told with the reason, and nothing else changes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use jitlog::{PerfCount, PerfCounter};
use perf_event::events::{Event, Hardware, Software};
use perf_event::{Builder, Counter};

use super::timer::now_ns;

/// Every counter of perf events with the kernel's name of it. Context switches happen in the kernel, so they can be counted only with
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

/// How long the thread was ready to run while others had the processors: what a busy machine adds to a run.
struct Waiting {
    file: File,
    before_ns: u64,
    began_ns: u64,
}

impl Waiting {
    fn start() -> io::Result<Waiting> {
        let file = File::open("/proc/thread-self/schedstat")?;
        let before_ns = run_queue_ns(&file)?;
        Ok(Waiting { file, before_ns, began_ns: now_ns() })
    }

    fn read(&self) -> io::Result<PerfCount> {
        let value = run_queue_ns(&self.file)?.saturating_sub(self.before_ns);
        let enabled_ns = now_ns().saturating_sub(self.began_ns);
        Ok(PerfCount { counter: PerfCounter::RunQueue, value, enabled_ns, running_ns: enabled_ns })
    }
}

/// The second of three numbers: time on a processor, time waiting for one, turns.
fn run_queue_ns(schedstat: &File) -> io::Result<u64> {
    let mut text = [0; 96];
    let length = schedstat.read_at(&mut text, 0)?;
    let text = std::str::from_utf8(&text[..length]).map_err(io::Error::other)?;
    let number = text.split_whitespace().nth(1).ok_or(io::ErrorKind::UnexpectedEof)?;
    number.parse().map_err(io::Error::other)
}

/// The counters that run.
#[derive(Default)]
pub struct KernelCounters {
    running: Vec<(PerfCounter, Counter)>,
    waiting: Option<Waiting>,
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
        let waiting = Waiting::start();
        if let Err(error) = &waiting {
            missing(PerfCounter::RunQueue, &format!("the kernel does not tell ({error})"));
        }
        KernelCounters { running, waiting: waiting.ok() }
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
        if let Some(count) = self.waiting.as_ref().and_then(|waiting| waiting.read().ok()) {
            each(count);
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
        let kernels = PerfCounter::ALL.iter().map(|known| known.0).filter(|known| *known != PerfCounter::TakingSamples);
        assert_eq!(with, kernels.collect::<Vec<_>>());
    }
}
