//! The module `time`: clocks and sleeping.

use super::{Arguments, Arity, Owner, builtins};
use crate::interp::signal;
use crate::perf::{self, State};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("time");
    "__getattr__" Arity::One, late_attribute, "Makes what is written in Python when it is first asked for.";
    "monotonic" Arity::Zero, monotonic, "Seconds of a clock that never goes back.";
    "monotonic_ns" Arity::Zero, monotonic_ns, "Nanoseconds of a clock that never goes back.";
    "perf_counter" Arity::Zero, monotonic, "Seconds of the clock for measuring.";
    "perf_counter_ns" Arity::Zero, monotonic_ns, "Nanoseconds of the clock for measuring.";
    "process_time" Arity::Zero, process_time, "Seconds of processor time.";
    "process_time_ns" Arity::Zero, process_time_ns, "Nanoseconds of processor time.";
    "sleep" Arity::One, sleep, "Waits so many seconds.";
    "time" Arity::Zero, time, "Seconds since 1970.";
    "time_ns" Arity::Zero, time_ns, "Nanoseconds since 1970.";
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

fn late_attribute(vm: &mut Vm, arguments: Arguments) -> Outcome {
    super::sys::late_attribute_of(vm, "time", "_time_rest", arguments.positional()[0])
}

/// Nanoseconds of a system clock.
fn clock(id: libc::clockid_t) -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is the call's to write.
    unsafe { libc::clock_gettime(id, &mut now) };
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

fn seconds(vm: &mut Vm, id: libc::clockid_t) -> Outcome {
    let nanoseconds = clock(id);
    Ok(vm.float(nanoseconds as f64 / 1e9))
}

fn nanoseconds(vm: &mut Vm, id: libc::clockid_t) -> Outcome {
    Ok(vm.integer(clock(id)))
}

fn time(vm: &mut Vm, _: Arguments) -> Outcome {
    seconds(vm, libc::CLOCK_REALTIME)
}
fn time_ns(vm: &mut Vm, _: Arguments) -> Outcome {
    nanoseconds(vm, libc::CLOCK_REALTIME)
}
fn monotonic(vm: &mut Vm, _: Arguments) -> Outcome {
    seconds(vm, libc::CLOCK_MONOTONIC)
}
fn monotonic_ns(vm: &mut Vm, _: Arguments) -> Outcome {
    nanoseconds(vm, libc::CLOCK_MONOTONIC)
}
fn process_time(vm: &mut Vm, _: Arguments) -> Outcome {
    seconds(vm, libc::CLOCK_PROCESS_CPUTIME_ID)
}
fn process_time_ns(vm: &mut Vm, _: Arguments) -> Outcome {
    nanoseconds(vm, libc::CLOCK_PROCESS_CPUTIME_ID)
}

fn sleep(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    let Some(wanted) = crate::runtime::numbers::as_f64(value) else {
        let name = vm.type_name(value);
        return Err(vm.type_error(format!("'{name}' object cannot be interpreted as an integer")));
    };
    if wanted.is_nan() {
        return Err(vm.value_error("Invalid value NaN (not a number)"));
    }
    if wanted < 0.0 {
        return Err(vm.value_error("sleep length must be non-negative"));
    }
    if wanted > 9e9 {
        return Err(vm.overflow_error("timestamp too large to convert to C _PyTime_t"));
    }
    let idle = vm.perf.enter_timed(State::Idle);
    let until = clock(libc::CLOCK_MONOTONIC) + (wanted * 1e9).ceil() as i64;
    // A signal ends the system call early; the VM looks at its request after this function has returned.
    while !signal::is_pending() {
        let rest = until - clock(libc::CLOCK_MONOTONIC);
        if rest <= 0 {
            break;
        }
        let request = libc::timespec { tv_sec: rest / 1_000_000_000, tv_nsec: rest % 1_000_000_000 };
        // SAFETY: the request is a valid time, and no remainder is asked for.
        unsafe { libc::nanosleep(&request, std::ptr::null_mut()) };
    }
    vm.perf.leave_timed(State::Idle, idle);
    perf::flush(vm);
    Ok(Value::NONE)
}
