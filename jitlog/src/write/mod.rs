//! Writing a log: [`Log`], its streams, definitions and counters.
//!
//! Writing never fails the program. After creation no method returns an error: what finds no room is counted, and
//! [`Log::close`] and the log itself say so.

mod behind;
mod clock;
mod counters;
mod create;
mod cursor;
mod defs;
mod fork;
mod housekeeping;
mod map;
mod options;
mod process;
mod signal_stream;
mod signals;
mod space;
mod stream;
mod words;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::format::layout::{self, hot};
use crate::{ClockSource, CounterKind, ProcessDef, StopReason, StreamDef, StreamId, StreamKind};
use clock::Clock;
use counters::Counters;
use defs::{Definitions, lock};
use housekeeping::Housekeeping;
use process::Machine;
use space::Space;

pub use counters::CounterSlot;
pub use defs::{Defs, Places, fingerprint};
pub use options::{DEFAULT_MAX_BYTES, LogOptions, MIN_BYTES};
pub use process::VmInfo;
pub use signal_stream::SignalStream;
pub use stream::Stream;

/// What streams, definitions and housekeeping have in common.
pub(crate) struct Shared {
    space: Space,
    clock: Clock,
    dt_shift: u8,
    definitions: Mutex<Definitions>,
    counters: Mutex<Counters>,
    streams: AtomicU32,
}

impl Shared {
    fn is_logical(&self) -> bool {
        self.clock.source() == ClockSource::Logical
    }
}

/// A log being written. Clones are the same log; it is closed by [`Log::close`] or with the last of them.
#[derive(Clone)]
pub struct Log {
    owner: Arc<Owner>,
}

/// What a closed log came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// Size of the file.
    pub bytes: u64,
    pub dropped_events: u64,
    pub dropped_bytes: u64,
    /// Why events were dropped, if any were.
    pub stopped: Option<StopReason>,
    /// The system's error number behind it; 0 if none.
    pub errno: u32,
}

struct Owner {
    shared: Arc<Shared>,
    /// Only the process that made the log may close it: a forked child has no helper thread, and the file is not its.
    pid: u32,
    work: Mutex<Work>,
    stop: Arc<AtomicBool>,
    /// Puts the file on disk now and then, if that was asked for.
    syncer: Mutex<Option<JoinHandle<()>>>,
}

enum Work {
    Thread(JoinHandle<Housekeeping>),
    Here(Box<Housekeeping>),
    Done(Closed),
}

impl Log {
    /// Creates the file and starts its helper thread. An existing log is replaced, one that is being written or a file
    /// that is no log is not.
    pub fn create(options: LogOptions) -> io::Result<Log> {
        signals::install();
        let shared = Arc::new(create::create(&options)?);
        fork::register(&shared);
        let log = Log {
            owner: Arc::new(Owner {
                shared: shared.clone(),
                pid: std::process::id(),
                work: Mutex::new(Work::Done(Closed::default())),
                stop: Arc::new(AtomicBool::new(false)),
                syncer: Mutex::new(None),
            }),
        };
        let stream = log.stream("log", StreamKind::Helper);
        let mut housekeeping = Housekeeping::new(shared.clone(), stream);
        housekeeping.sync_clock();
        housekeeping.write_behind();
        let work = if options.logical_clock {
            Work::Here(Box::new(housekeeping))
        } else {
            let thread = start_helper(housekeeping, log.owner.stop.clone(), options.counter_interval)?;
            shared.space.set_helper(thread.thread().clone());
            Work::Thread(thread)
        };
        *lock(&log.owner.work) = work;
        if let Some(interval) = options.sync_interval {
            *lock(&log.owner.syncer) = Some(start_syncer(shared, log.owner.stop.clone(), interval)?);
        }
        Ok(log)
    }

    /// Memory that the writer has beside the mapped file, about: what it knows to be defined, and its counters.
    pub fn table_bytes(&self) -> usize {
        let shared = &self.owner.shared;
        lock(&shared.definitions).table_bytes() + lock(&shared.counters).table_bytes()
    }

    /// The definitions.
    pub fn defs(&self) -> Defs {
        Defs::new(self.owner.shared.clone())
    }

    /// Describes the process; call it once, first.
    pub fn process(&self, vm: VmInfo<'_>) {
        let shared = &self.owner.shared;
        let machine = if shared.is_logical() { Machine::logical() } else { Machine::here() };
        let argv = serde_json::to_string(vm.argv).unwrap_or_default();
        let process = ProcessDef {
            vm_name: vm.name,
            vm_version: vm.version,
            vm_commit: vm.commit,
            argv: &argv,
            cwd: &machine.cwd,
            exe: &machine.exe,
            host: &machine.host,
            os: &machine.os,
            arch: machine.arch,
            cpu_model: &machine.cpu_model,
            ncpu: machine.ncpu,
            page_bytes: machine.page_bytes,
            config: vm.config,
        };
        self.write_definition(&process);
    }

    pub(crate) fn write_definition<R: crate::Record>(&self, record: &R) {
        let shared = &self.owner.shared;
        lock(&shared.definitions).write(shared, record);
    }

    /// Describes a process that is not this one.
    pub fn other_process(&self, process: &ProcessDef<'_>) {
        self.write_definition(process);
    }

    /// A kind of fact that this log does not hold, and what would have supplied it.
    pub fn absent(&self, fact: crate::Fact, switch: &str) {
        self.write_definition(&crate::AbsentDef { fact, switch });
    }

    /// Something of the imported file that could not be read.
    pub fn unread(&self, unread: &crate::UnreadDef<'_>) {
        self.write_definition(unread);
    }

    /// A new stream for the calling thread (or the one it is sent to).
    pub fn stream(&self, name: &str, kind: StreamKind) -> Stream {
        let shared = &self.owner.shared;
        let stream_id = StreamId(shared.streams.fetch_add(1, Ordering::Relaxed) + 1);
        let os_tid = if shared.is_logical() { stream_id.0 } else { thread_id() };
        self.write_definition(&StreamDef { stream_id, os_tid, kind, name });
        Stream::new(shared.clone(), stream_id)
    }

    /// A new stream that a signal handler of the calling thread writes.
    pub fn signal_stream(&self, name: &str) -> SignalStream {
        let shared = &self.owner.shared;
        let stream_id = StreamId(shared.streams.fetch_add(1, Ordering::Relaxed) + 1);
        let os_tid = if shared.is_logical() { stream_id.0 } else { thread_id() };
        self.write_definition(&StreamDef { stream_id, os_tid, kind: StreamKind::Sampler, name });
        SignalStream::new(shared.clone(), stream_id)
    }

    /// The counter of a kind for an entity; asked again, the same one.
    pub fn counter(&self, kind: CounterKind, entity: impl Into<u64>, detail: u64) -> CounterSlot {
        counters::counter(&self.owner.shared, kind, entity.into(), detail)
    }

    /// A counter for an entity that has none of the kind: whoever makes it keeps it, since [`Log::counter`] does not
    /// find it.
    pub fn new_counter(&self, kind: CounterKind, entity: impl Into<u64>, detail: u64) -> CounterSlot {
        counters::new_counter(&self.owner.shared, kind, entity.into(), detail)
    }

    /// Events dropped so far for want of room.
    pub fn dropped_events(&self) -> u64 {
        self.owner.shared.space.hot64(hot::DROPPED_EVENTS).load(Ordering::Relaxed)
    }

    /// Bytes of the file in use so far.
    pub fn bytes(&self) -> u64 {
        self.owner.shared.space.claimed() * layout::BLOCK as u64
    }

    /// Ticks now, for what the VM measures itself; not comparable between logs.
    pub fn now(&self) -> u64 {
        self.owner.shared.clock.now()
    }

    /// Lets time pass on a logical clock; nothing on a real one.
    pub fn advance_clock(&self, time: Duration) {
        self.owner.shared.clock.advance(time.as_nanos() as u64);
    }

    /// Sets a logical clock to a time since the start of the log. It may go back, for another stream: within a stream time
    /// must not fall.
    pub fn set_time(&self, nanoseconds: u64) {
        self.owner.shared.clock.set(nanoseconds);
    }

    /// On a logical clock, seals the blocks that were left and lets go of their memory; otherwise the helper does.
    pub fn seal_left(&self) {
        if let Work::Here(housekeeping) = &mut *lock(&self.owner.work) {
            housekeeping.seal_left();
        }
    }

    /// On a logical clock, puts the counters on the time line now; otherwise the helper thread does.
    pub fn snapshot_counters(&self) {
        if let Work::Here(housekeeping) = &mut *lock(&self.owner.work) {
            housekeeping.snapshot_counters();
        }
    }

    /// Seals everything and cuts the file to size. Streams still open lose what they write afterwards.
    pub fn close(&self) -> Closed {
        self.owner.close()
    }
}

impl Owner {
    fn close(&self) -> Closed {
        if std::process::id() != self.pid {
            return Closed::default();
        }
        let mut work = lock(&self.work);
        self.stop.store(true, Ordering::Release);
        if let Some(syncer) = lock(&self.syncer).take() {
            syncer.thread().unpark();
            // It returns nothing, and a panic of it is not the program's.
            let _ = syncer.join();
        }
        let housekeeping = match std::mem::replace(&mut *work, Work::Done(Closed::default())) {
            Work::Done(closed) => {
                *work = Work::Done(closed);
                return closed;
            }
            Work::Here(housekeeping) => Some(*housekeeping),
            Work::Thread(thread) => {
                thread.thread().unpark();
                // A helper that panicked aborted the process; if not, its work is lost but the log is whole.
                thread.join().ok()
            }
        };
        let last = housekeeping.map(Housekeeping::finish).unwrap_or_default();
        let closed = create::finish(&self.shared, &last);
        *work = Work::Done(closed);
        closed
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.close();
    }
}

fn start_helper(
    housekeeping: Housekeeping,
    stop: Arc<AtomicBool>,
    interval: Duration,
) -> io::Result<JoinHandle<Housekeeping>> {
    start_thread("jitlog", move || housekeeping.run(&stop, interval))
}

/// Starts the thread that puts the file on disk: not the helper, which must not wait for disks.
fn start_syncer(shared: Arc<Shared>, stop: Arc<AtomicBool>, interval: Duration) -> io::Result<JoinHandle<()>> {
    start_thread("jitlog-sync", move || {
        while !stop.load(Ordering::Acquire) {
            std::thread::park_timeout(interval);
            shared.space.sync();
        }
    })
}

/// Starts a thread with all signals blocked, since they are the program's; only those a thread causes itself are its.
fn start_thread<T: Send + 'static>(name: &str, body: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
    // SAFETY: both sets are valid for the calls; the old mask is restored below whatever happened.
    let old = unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut old: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        for own in [libc::SIGBUS, libc::SIGSEGV, libc::SIGILL, libc::SIGFPE] {
            libc::sigdelset(&mut all, own);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
        old
    };
    let thread = std::thread::Builder::new().name(name.into()).spawn(body);
    // SAFETY: restores the mask read above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &old, std::ptr::null_mut()) };
    thread
}

/// Ticks per second of this machine's time-stamp counter, for logs that have ticks and do not say how long one is.
pub fn ticks_per_second_here() -> Option<f64> {
    let clock = Clock::new(false);
    (clock.source() == ClockSource::Tsc).then(|| create::tick_rate(&clock, clock.read()) as f64)
}

fn thread_id() -> u32 {
    // SAFETY: gettid has no preconditions.
    unsafe { libc::gettid() as u32 }
}
