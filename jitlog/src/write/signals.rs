//! Signals the kernel answers file trouble with: SIGBUS when the file was cut under its mapping, SIGXFSZ at a file-size
//! limit. Neither may end the program.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::OnceLock;

use crate::write::map::Map;

/// What the process did on SIGBUS before.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// Puts the handlers in place, once per process. A handler the program sets later takes precedence.
pub fn install() {
    BEFORE.get_or_init(|| {
        ignore_file_size_signal();
        let before = disposition(libc::SIGBUS);
        // SAFETY: an all-zero sigaction is valid; the handler has the signature SA_SIGINFO asks for.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_bus_error as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut());
        }
        before
    });
}

fn disposition(signal: c_int) -> libc::sigaction {
    let mut before = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: only asks, into memory that lives through the call; all zeros are valid if asking fails.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), before.as_mut_ptr());
        before.assume_init()
    }
}

/// A transgressing write is then an error like others. A handler of the program's own stays.
fn ignore_file_size_signal() {
    if disposition(libc::SIGXFSZ).sa_sigaction == libc::SIG_DFL {
        // SAFETY: ignoring a signal involves no code of ours.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    }
}

/// Gives the log whose file was cut memory of the process's own; anything else is not ours.
extern "C" fn on_bus_error(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes a valid siginfo, and errno is the interrupted thread's to keep.
    let (fault, address, errno) =
        unsafe { ((*info).si_code > 0, (*info).si_addr() as usize, *libc::__errno_location()) };
    // What another process sends has no address.
    let ours = fault && Map::all().find(|map| map.contains(address)).is_some_and(Map::lose);
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
    if !ours {
        forward(signal, info, context);
    }
}

/// What would have happened without this handler.
fn forward(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let before = BEFORE.get();
    match before.map_or(libc::SIG_DFL, |before| before.sa_sigaction) {
        libc::SIG_DFL | libc::SIG_IGN => {
            // SAFETY: both are async-signal-safe; the signal is delivered again when this handler returns.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
                libc::raise(signal);
            }
        }
        handler if before.is_some_and(|before| before.sa_flags & libc::SA_SIGINFO != 0) => {
            // SAFETY: the process registered a function of this signature under SA_SIGINFO.
            let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                unsafe { std::mem::transmute(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: the process registered a function of this signature.
            let handler: extern "C" fn(c_int) = unsafe { std::mem::transmute(handler) };
            handler(signal);
        }
    }
}
