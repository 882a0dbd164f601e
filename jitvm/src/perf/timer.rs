//! The clock that samples: a POSIX timer on monotonic time whose signal goes to the VM's thread.
//!
//! Timers on processor time tick with the kernel's scheduler, 250 times a second and not 1000, and do not tick while
//! the thread waits.

use std::io;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::sampler::Sampler;

/// Samples per second that can be asked for.
pub const MAX_HZ: u32 = 10_000;

/// Samples per second unless told: the first that is cheap, or the last, since the states of a short run could not be told
/// from fewer.
const DEFAULT_HZ: [u32; 3] = [1000, 500, 250];
/// What ticks may take of a second: with what log and handler take, samples stay under 1 %.
const BUDGET_NS: u64 = 7_500_000;

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
    /// What the ticks' times are multiples of; 0 if they may come at any time.
    pub grid_ns: u64,
}

impl Rate {
    /// Where the rate is ours to choose, some ticks of a timer are tried: an interrupt takes 2 µs on some machines, and
    /// 20 µs in a virtual machine within another.
    pub fn choose(self) -> Chosen {
        match self {
            Rate::Given(hz) => Chosen { hz: hz.min(MAX_HZ), asked_hz: hz, ..Chosen::default() },
            Rate::Cheap => affordable(price_ns().unwrap_or(0), kernel_tick_ns()),
        }
    }
}

/// The highest rate that costs little if an interrupt takes `tick_ns`. Where it is dear, the timer expires together with
/// the kernel's own tick (every `kernel_ns`; 0 if unknown) as often as it can: those ticks need no interrupt of their own.
/// Where it is cheap it does not, since a program that keeps time with the kernel would show one phase of itself only.
fn affordable(tick_ns: u64, kernel_ns: u64) -> Chosen {
    // In a program, whose caches it displaces, a tick takes half as long again as where it was tried; one that the
    // kernel shares, half of that (both measured).
    let (own_ns, shared_ns) = (tick_ns + tick_ns / 2, tick_ns - tick_ns / 4);
    let kernel_hz = 1_000_000_000_u64.checked_div(kernel_ns).unwrap_or(0);
    let aligned = |hz: u32| {
        let period = 1_000_000_000 / u64::from(hz);
        kernel_ns > 0 && (period.is_multiple_of(kernel_ns) || kernel_ns.is_multiple_of(period))
    };
    let chosen = |hz: u32, grid_ns: u64| Chosen { hz, asked_hz: 0, tick_ns, grid_ns };
    let [most, .., least] = DEFAULT_HZ;
    if u64::from(most) * own_ns <= BUDGET_NS {
        return chosen(most, 0);
    }
    let cost = |hz: u32| {
        let ticks = u64::from(hz);
        let shared = if aligned(hz) { ticks.min(kernel_hz) } else { 0 };
        shared * shared_ns + (ticks - shared) * own_ns
    };
    let hz = DEFAULT_HZ.into_iter().find(|&hz| cost(hz) <= BUDGET_NS).unwrap_or(least);
    chosen(hz, if aligned(hz) { kernel_ns } else { 0 })
}

/// Nanoseconds between two ticks of the kernel, which come at multiples of that on the monotonic clock; 0 if it does not say.
fn kernel_tick_ns() -> u64 {
    let mut tick = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is the call's to write.
    match unsafe { libc::clock_getres(libc::CLOCK_MONOTONIC_COARSE, &mut tick) } {
        0 => tick.tv_nsec as u64,
        _ => 0,
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

/// Lets the timer expire at `first_ns` on the monotonic clock and, unless `period_ns` is 0, every `period_ns` from then on.
fn set(timer: libc::timer_t, first_ns: u64, period_ns: u64) -> io::Result<()> {
    let time = |ns: u64| libc::timespec {
        tv_sec: (ns / 1_000_000_000) as libc::time_t,
        tv_nsec: (ns % 1_000_000_000) as libc::c_long,
    };
    let times = libc::itimerspec { it_interval: time(period_ns), it_value: time(first_ns) };
    // SAFETY: the timer exists and the structure lives through the call.
    match unsafe { libc::timer_settime(timer, libc::TIMER_ABSTIME, &times, std::ptr::null_mut()) } {
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
        if set(timer, now_ns() + AFTER_NS, 0).is_err() {
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

/// Lets the handler run on the calling thread at a rate.
pub fn start(sampler: *mut Sampler, rate: Chosen) -> io::Result<()> {
    let timer = create()?;
    SAMPLER.store(sampler, Ordering::Relaxed);
    TIMER.store(timer as usize + 1, Ordering::Relaxed);
    let period = 1_000_000_000 / u64::from(rate.hz.clamp(1, MAX_HZ));
    let first = (now_ns() + period).next_multiple_of(rate.grid_ns.max(1));
    set(timer, first, period).inspect_err(|_| stop())
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

#[cfg(test)]
mod tests {
    use super::*;

    const KERNEL: u64 = 4_000_000;

    fn rate(tick_ns: u64, kernel_ns: u64) -> (u32, u64) {
        let chosen = affordable(tick_ns, kernel_ns);
        assert_eq!((chosen.asked_hz, chosen.tick_ns), (0, tick_ns));
        (chosen.hz, chosen.grid_ns)
    }

    #[test]
    fn dear_interrupts_are_fewer_and_shared_with_the_kernels() {
        assert_eq!(rate(0, KERNEL), (1000, 0), "not measured");
        assert_eq!(rate(2_000, KERNEL), (1000, 0), "cheap ones come at any time");
        assert_eq!(rate(5_500, KERNEL), (1000, KERNEL));
        assert_eq!(rate(9_000, KERNEL), (500, KERNEL));
        assert_eq!(rate(14_000, KERNEL), (250, KERNEL));
        assert_eq!(rate(1_000_000, KERNEL), (250, KERNEL), "no fewer, however dear");
        assert_eq!(rate(9_000, 1_000_000), (1000, 1_000_000), "all are shared");
        // A kernel's tick whose multiples a rate does not meet, and an unknown one.
        assert_eq!(rate(14_000, 3_333_333), (250, 0));
        assert_eq!(rate(14_000, 0), (250, 0));
    }
}
