//! Signals: a handler that only sets flags, which loops poll; what the program wants done for them is in `lib/signal.py`.

use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use crate::runtime::attributes;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

/// A bit for each signal that has come and was not delivered yet.
static PENDING: AtomicU64 = AtomicU64::new(0);
/// `Vm::poll` of the running VM.
static POLL: AtomicPtr<AtomicU32> = AtomicPtr::new(std::ptr::null_mut());

extern "C" fn on_signal(signal: libc::c_int) {
    PENDING.fetch_or(1 << (signal & 63), Ordering::Relaxed);
    let poll = POLL.load(Ordering::Relaxed);
    if !poll.is_null() {
        // SAFETY: `install` was given a VM that lives as long as the process.
        unsafe { (*poll).store(1, Ordering::Relaxed) };
    }
}

/// A signal that has come since the last question.
pub fn take() -> Option<i32> {
    let pending = PENDING.load(Ordering::Relaxed);
    if pending == 0 {
        return None;
    }
    let number = pending.trailing_zeros();
    PENDING.fetch_and(!(1 << number), Ordering::Relaxed);
    Some(number as i32)
}

/// A signal has come that was not delivered yet.
pub fn is_pending() -> bool {
    PENDING.load(Ordering::Relaxed) != 0
}

/// Does what the program wants done for a signal: without the module `signal` that can only be SIGINT's default.
///
/// # Errors
/// KeyboardInterrupt, or what the program's handler raised.
pub fn deliver(vm: &mut Vm, number: i32) -> Outcome<()> {
    let Some(module) = vm.find_module("signal") else {
        return Err(vm.raise_with(TypeId::KEYBOARD_INTERRUPT, &[]));
    };
    let name = vm.intern("_deliver");
    let function = attributes::get_attr(vm, module, name)?;
    vm.call(function, &[Value::from_fixnum(i64::from(number))]).map(drop)
}

/// What the system shall do with a signal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Default,
    Ignore,
    /// Have it delivered to the program.
    Catch,
}

/// Sets what the system does with a signal; whether it could.
pub fn set_action(number: i32, action: Action) -> bool {
    // SAFETY: the handler only stores to atomics, which is async-signal-safe. SA_RESTART is left out so that a
    // blocking call returns and the program is interrupted.
    unsafe {
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = match action {
            Action::Default => libc::SIG_DFL,
            Action::Ignore => libc::SIG_IGN,
            Action::Catch => on_signal as extern "C" fn(libc::c_int) as usize,
        };
        libc::sigemptyset(&mut new.sa_mask);
        libc::sigaction(number, &new, std::ptr::null_mut()) == 0
    }
}

/// What the system does with a signal now.
pub fn action(number: i32) -> Option<Action> {
    // SAFETY: the structure is the call's to write.
    unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(number, std::ptr::null(), &mut old) != 0 {
            return None;
        }
        Some(match old.sa_sigaction {
            libc::SIG_DFL => Action::Default,
            libc::SIG_IGN => Action::Ignore,
            _ => Action::Catch,
        })
    }
}

/// Installs the handler of SIGINT, unless it is ignored (as in a background job).
///
/// # Safety
/// `vm` lives as long as the process.
pub unsafe fn install(vm: *mut Vm) {
    // SAFETY: `poll` is a u32 that only atomics and plain loads of the same thread touch.
    POLL.store(unsafe { &raw mut (*vm).poll }.cast::<AtomicU32>(), Ordering::Relaxed);
    if action(libc::SIGINT) != Some(Action::Ignore) {
        set_action(libc::SIGINT, Action::Catch);
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
