//! The clock that samples: a POSIX timer on monotonic time whose signal goes to the VM's thread.
//!
//! Timers on processor time tick with the kernel's scheduler, 250 times a second and not 1000, and do not tick while
//! the thread waits.

use std::io;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::sampler::Sampler;

/// Samples per second that can be asked for.
pub const MAX_HZ: u32 = 10_000;

/// Samples per second unless told.
pub const DEFAULT_HZ: u32 = 1000;

/// What the handler samples with; null when it must do nothing.
static SAMPLER: AtomicPtr<Sampler> = AtomicPtr::new(std::ptr::null_mut());
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
        }
        *libc::__errno_location() = errno;
    }
}

/// Lets the handler run on the calling thread `hz` times a second.
pub fn start(sampler: *mut Sampler, hz: u32) -> io::Result<()> {
    // SAFETY: zeroed structures of the C library are valid before their fields are set, and live through the calls;
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
        let mut event: libc::sigevent = std::mem::zeroed();
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = libc::SIGPROF;
        event.sigev_notify_thread_id = libc::gettid();
        let mut timer: libc::timer_t = std::ptr::null_mut();
        if libc::timer_create(libc::CLOCK_MONOTONIC, &mut event, &mut timer) != 0 {
            return Err(io::Error::last_os_error());
        }
        SAMPLER.store(sampler, Ordering::Relaxed);
        TIMER.store(timer as usize + 1, Ordering::Relaxed);
        let nanoseconds = 1_000_000_000 / i64::from(hz.clamp(1, MAX_HZ));
        let period = libc::timespec { tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000 };
        let times = libc::itimerspec { it_interval: period, it_value: period };
        if libc::timer_settime(timer, 0, &times, std::ptr::null_mut()) != 0 {
            let error = io::Error::last_os_error();
            stop();
            return Err(error);
        }
    }
    Ok(())
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
