//! What a defect of the VM looks like: a panic says where, and with `RUST_BACKTRACE=1` how the program got there.
//!
//! A panic aborts (`panic = "abort"`), as CPython's fatal errors do: it means that an invariant of the VM is broken, so
//! running on, with a heap and machine code that may be wrong, would turn a defect into wrong results. Nothing is lost by
//! it: logs and dumps are whole at every moment. Machine code is on the native stack like any other, but nobody has told
//! the unwinder of it; it is told when the backtrace is wanted, so that a run without defects pays nothing.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::announce::whole_arena;
use crate::codegen::CodeRange;

/// The memory of machine code, for a thread that panics; 0 bytes before there is any.
static START: AtomicUsize = AtomicUsize::new(0);
static SIZE: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    /// Of the unwinder that std uses: adds a `.eh_frame` table, which must stay where it is.
    fn __register_frame(table: *const u8);
}

/// Notes where machine code will be.
pub fn machine_code_is_at(range: CodeRange) {
    START.store(range.start, Ordering::Relaxed);
    SIZE.store(range.size, Ordering::Release);
}

/// From here on a panic reports itself as a defect of jitvm.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        static REPORTING: AtomicBool = AtomicBool::new(false);
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("?");
        eprintln!("jitvm: internal error in thread '{name}': {panic}");
        // A report that panics itself ends here.
        if REPORTING.swap(true, Ordering::Relaxed) {
            return;
        }
        tell_unwinder();
        let backtrace = Backtrace::capture();
        match backtrace.status() {
            BacktraceStatus::Captured => eprintln!("{backtrace}"),
            _ => eprintln!("jitvm: this is a defect of jitvm; RUST_BACKTRACE=1 shows how it got there"),
        }
    }));
}

/// All machine code keeps its frame in rbp, and whoever panics was called by it, so one rule covers it.
fn tell_unwinder() {
    let range = CodeRange { size: SIZE.load(Ordering::Acquire), start: START.load(Ordering::Relaxed) };
    if range.size == 0 {
        return;
    }
    if let Ok(table) = whole_arena(range) {
        // SAFETY: the table is whole, ends with a zero, and is leaked, so it stays.
        unsafe { __register_frame(Vec::leak(table).as_ptr()) };
    }
}
