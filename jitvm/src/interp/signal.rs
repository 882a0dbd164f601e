//! SIGINT: a handler that only sets flags, which loops poll.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use crate::runtime::vm::Vm;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// `Vm::poll` of the running VM.
static POLL: AtomicPtr<AtomicU32> = AtomicPtr::new(std::ptr::null_mut());

extern "C" fn on_interrupt(_signal: libc::c_int) {
    INTERRUPTED.store(true, Ordering::Relaxed);
    let poll = POLL.load(Ordering::Relaxed);
    if !poll.is_null() {
        // SAFETY: `install` was given a VM that lives as long as the process.
        unsafe { (*poll).store(1, Ordering::Relaxed) };
    }
}

/// Whether SIGINT has come since the last question.
pub fn take_interrupt() -> bool {
    INTERRUPTED.swap(false, Ordering::Relaxed)
}

/// Installs the handler, unless SIGINT is ignored (as in a background job).
///
/// # Safety
/// `vm` lives as long as the process.
pub unsafe fn install(vm: *mut Vm) {
    // SAFETY: `poll` is a u32 that only atomics and plain loads of the same thread touch.
    POLL.store(unsafe { &raw mut (*vm).poll }.cast::<AtomicU32>(), Ordering::Relaxed);
    // SAFETY: the handler only stores to atomics, which is async-signal-safe. SA_RESTART is left out so that a
    // blocking call returns and the program is interrupted.
    unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGINT, std::ptr::null(), &mut old);
        if old.sa_sigaction == libc::SIG_IGN {
            return;
        }
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_interrupt as extern "C" fn(libc::c_int) as usize;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(libc::SIGINT, &action, std::ptr::null_mut());
    }
}

/// Ends the process as SIGINT does by default, so that a shell sees status 130.
pub fn die_of_interrupt() -> ! {
    // SAFETY: restores the default action and raises the signal; neither touches memory of ours.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_DFL);
        libc::raise(libc::SIGINT);
    }
    std::process::exit(130)
}
