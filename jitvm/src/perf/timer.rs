//! The clock that samples: a POSIX timer on monotonic time whose signal goes to the VM's thread.
//!
//! Timers on processor time tick with the kernel's scheduler, 250 times a second and not 1000, and do not tick while
//! the thread waits.

use std::io;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::sampler::Sampler;

/// Samples per second that can be asked for.
pub const MAX_HZ: u32 = 10_000;

/// Samples per second unless told, if that is cheap.
const DEFAULT_HZ: u32 = 1000;
/// And if it is not: no fewer, since the states of a short run could not be told from so few.
const LEAST_HZ: u32 = 250;
/// Nothing for so many times as long as a tick takes: under 1 % with what the handler does.
const PERIOD_IN_TICKS: u64 = 150;

/// What ticks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A timer on monotonic time.
    Timer,
    /// The kernel's perf events, on the thread's processor time.
    Perf,
}

/// How often to sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rate {
    /// So many a second; 0 for none.
    Given(u32),
    /// As many as are cheap on this machine.
    Cheap,
}

/// A rate, and how it came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Chosen {
    /// Samples per second; 0 for none.
    pub hz: u32,
    /// As asked for; 0 if it was ours to choose.
    pub asked_hz: u32,
    /// What a tick takes, if it was measured.
    pub tick_ns: u64,
}

impl Rate {
    /// Where the rate is ours to choose, some ticks of a timer are tried: an interrupt takes 2 µs on some machines, and
    /// 20 µs in a virtual machine within another.
    pub fn choose(self) -> Chosen {
        match self {
            Rate::Given(hz) => Chosen { hz: hz.min(MAX_HZ), asked_hz: hz, tick_ns: 0 },
            Rate::Cheap => {
                let tick_ns = price_ns().unwrap_or(0);
                let hz = 1_000_000_000 / (tick_ns * PERIOD_IN_TICKS).max(1);
                Chosen { hz: hz.clamp(u64::from(LEAST_HZ), u64::from(DEFAULT_HZ)) as u32, asked_hz: 0, tick_ns }
            }
        }
    }
}

/// What the handler samples with; null when it must do nothing.
static SAMPLER: AtomicPtr<Sampler> = AtomicPtr::new(std::ptr::null_mut());
/// Ticks that came while there was nothing to sample with.
static IDLE_TICKS: AtomicUsize = AtomicUsize::new(0);
/// The timer plus one, or 0.
static TIMER: AtomicUsize = AtomicUsize::new(0);

/// Monotonic time in nanoseconds.
pub fn now_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is the call's to write.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

extern "C" fn on_tick(_signal: libc::c_int, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: errno is the interrupted code's to keep; the kernel passes a valid context under SA_SIGINFO; the sampler
    // lives as long as the process and no other handler interrupts this one on it.
    unsafe {
        let errno = *libc::__errno_location();
        if let Some(sampler) = SAMPLER.load(Ordering::Relaxed).as_mut() {
            sampler.tick(&*context.cast::<libc::ucontext_t>());
        } else {
            IDLE_TICKS.fetch_add(1, Ordering::Relaxed);
        }
        *libc::__errno_location() = errno;
    }
}

/// Makes `on_tick` the handler of SIGPROF.
fn handle() -> io::Result<()> {
    // SAFETY: a zeroed structure of the C library is valid before its fields are set, and lives through the calls;
    // the handler has the signature SA_SIGINFO asks for.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_tick as *const () as usize;
        // Interrupted system calls go on.
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        libc::sigemptyset(&mut action.sa_mask);
        if libc::sigaction(libc::SIGPROF, &action, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// A timer that sends SIGPROF to the calling thread.
fn create() -> io::Result<libc::timer_t> {
    handle()?;
    // SAFETY: zeroed structures of the C library are valid before their fields are set, and live through the calls.
    unsafe {
        let mut event: libc::sigevent = std::mem::zeroed();
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = libc::SIGPROF;
        event.sigev_notify_thread_id = libc::gettid();
        let mut timer: libc::timer_t = std::ptr::null_mut();
        match libc::timer_create(libc::CLOCK_MONOTONIC, &mut event, &mut timer) {
            0 => Ok(timer),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

fn set(timer: libc::timer_t, first_ns: i64, period_ns: i64) -> io::Result<()> {
    let time = |ns: i64| libc::timespec { tv_sec: ns / 1_000_000_000, tv_nsec: ns % 1_000_000_000 };
    let times = libc::itimerspec { it_interval: time(period_ns), it_value: time(first_ns) };
    // SAFETY: the timer exists and the structure lives through the call.
    match unsafe { libc::timer_settime(timer, 0, &times, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What a tick takes from the program, its handler doing nothing: the shortest of a few, since others may come between.
/// Takes under half a millisecond. None if it could not be measured.
fn price_ns() -> Option<u64> {
    const TRIES: usize = 5;
    const AFTER_NS: u64 = 40_000;
    let timer = create().ok()?;
    let mut least: Option<u64> = None;
    for _ in 0..TRIES {
        let ticks = IDLE_TICKS.load(Ordering::Relaxed);
        if set(timer, AFTER_NS as i64, 0).is_err() {
            break;
        }
        // The longest gap between two looks at the clock is the tick.
        let began = now_ns();
        let (mut last, mut longest) = (began, 0);
        while last < began + 2 * AFTER_NS {
            let now = now_ns();
            longest = longest.max(now - last);
            last = now;
        }
        if IDLE_TICKS.load(Ordering::Relaxed) != ticks + 1 {
            continue;
        }
        least = Some(least.map_or(longest, |least| least.min(longest)));
    }
    // SAFETY: the timer is ours and deleted once.
    unsafe { libc::timer_delete(timer) };
    least
}

/// Lets the handler run on the calling thread `hz` times a second.
pub fn start(sampler: *mut Sampler, hz: u32) -> io::Result<()> {
    let timer = create()?;
    SAMPLER.store(sampler, Ordering::Relaxed);
    TIMER.store(timer as usize + 1, Ordering::Relaxed);
    let period = 1_000_000_000 / i64::from(hz.clamp(1, MAX_HZ));
    set(timer, period, period).inspect_err(|_| stop())
}

/// As [`start`], but the sampler's own event of the kernel ticks.
pub fn start_kernel(sampler: *mut Sampler) -> io::Result<()> {
    handle()?;
    SAMPLER.store(sampler, Ordering::Relaxed);
    // SAFETY: the sampler lives as long as the process; until it ticks no handler looks at it.
    match unsafe { sampler.as_mut() }.and_then(Sampler::kernel) {
        Some(kernel) => kernel.enable().inspect_err(|_| stop()),
        None => Ok(()),
    }
}

/// After this the handler touches nothing, even if a signal is still on its way.
pub fn stop() {
    SAMPLER.store(std::ptr::null_mut(), Ordering::Release);
    let timer = TIMER.swap(0, Ordering::Relaxed);
    if timer != 0 {
        // SAFETY: the timer was made by `start` and is deleted once.
        unsafe { libc::timer_delete((timer - 1) as libc::timer_t) };
    }
}
