//! What the modules `signal`, `time` and `importlib` ask of the system: signals, local time, what is embedded.

use super::{Arguments, Arity, Owner, builtins, embedded};
use crate::interp::signal::{self, Action};
use crate::runtime::iterate::to_index;
use crate::runtime::strings::as_text;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("_jitvm");
    "alarm" Arity::One, alarm, "Has SIGALRM sent after so many seconds; those that were left.";
    "has_module" Arity::One, has_module, "Whether a module comes with jitvm.";
    "localtime" Arity::One, localtime, "Fields of a time in seconds, as struct tm has them, and the zone's name.";
    "mktime" Arity::Range(7, 7), mktime, "Seconds of a local time.";
    "send_signal" Arity::Range(2, 2), send_signal, "Sends a signal to a process.";
    "set_timer" Arity::Range(2, 2), set_timer, "Has SIGALRM sent after and then every so many microseconds.";
    "signal_action" Arity::One, signal_action, "0 default, 1 ignored, 2 caught, None: no such signal.";
    "signal_set_action" Arity::Range(2, 2), signal_set_action, "Sets what is done with a signal.";
}

fn number(vm: &mut Vm, arguments: Arguments, index: usize) -> Outcome<i32> {
    let value = to_index(vm, arguments.positional()[index])?;
    i32::try_from(value).map_err(|_| vm.overflow_error("Python int too large to convert to C int"))
}

fn system_error(vm: &mut Vm) -> Outcome {
    let error = std::io::Error::last_os_error();
    Err(vm.raise_os_error(&error))
}

fn alarm(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let seconds = number(vm, arguments, 0)?;
    // SAFETY: touches no memory.
    let left = unsafe { libc::alarm(seconds.max(0) as u32) };
    Ok(vm.integer(i64::from(left)))
}

fn set_timer(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let mut times = [libc::timeval { tv_sec: 0, tv_usec: 0 }; 2];
    for (index, time) in times.iter_mut().enumerate() {
        let micros = to_index(vm, arguments.positional()[index])?.max(0);
        *time = libc::timeval { tv_sec: micros / 1_000_000, tv_usec: micros % 1_000_000 };
    }
    let timer = libc::itimerval { it_value: times[0], it_interval: times[1] };
    // SAFETY: the structure is read by the call.
    if unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) } != 0 {
        return system_error(vm);
    }
    Ok(Value::NONE)
}

fn send_signal(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (process, signal) = (number(vm, arguments, 0)?, number(vm, arguments, 1)?);
    // One for the process itself goes to this thread, so that it is there when the call returns.
    // SAFETY: touches no memory.
    let failed = unsafe {
        match process == libc::getpid() {
            true => libc::raise(signal),
            false => libc::kill(process, signal),
        }
    };
    if failed != 0 {
        return system_error(vm);
    }
    // Python runs the handler before it goes on.
    match signal::take() {
        Some(number) => signal::deliver(vm, number).map(|()| Value::NONE),
        None => Ok(Value::NONE),
    }
}

fn signal_action(vm: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(match signal::action(number(vm, arguments, 0)?) {
        None => Value::NONE,
        Some(action) => Value::from_fixnum(action as i64),
    })
}

fn signal_set_action(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let action = match number(vm, arguments, 1)? {
        0 => Action::Default,
        1 => Action::Ignore,
        _ => Action::Catch,
    };
    if !signal::set_action(number(vm, arguments, 0)?, action) {
        return system_error(vm);
    }
    Ok(Value::NONE)
}

fn has_module(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let known = as_text(arguments.positional()[0])
        .is_some_and(|name| embedded::find(name).is_some() || super::modules::is_builtin(name));
    let _ = vm;
    Ok(if known { Value::TRUE } else { Value::FALSE })
}

fn localtime(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let seconds = to_index(vm, arguments.positional()[0])?;
    // SAFETY: the structure is the call's to write; its zone is a name that the C library keeps.
    let (fields, zone) = unsafe {
        let mut fields: libc::tm = std::mem::zeroed();
        if libc::localtime_r(&seconds, &mut fields).is_null() {
            return Err(vm.overflow_error("timestamp out of range for platform time_t"));
        }
        let zone = std::ffi::CStr::from_ptr(fields.tm_zone).to_string_lossy().into_owned();
        (fields, zone)
    };
    let numbers = [
        i64::from(fields.tm_year) + 1900,
        i64::from(fields.tm_mon) + 1,
        i64::from(fields.tm_mday),
        i64::from(fields.tm_hour),
        i64::from(fields.tm_min),
        i64::from(fields.tm_sec),
        i64::from((fields.tm_wday + 6) % 7),
        i64::from(fields.tm_yday) + 1,
        i64::from(fields.tm_isdst),
        fields.tm_gmtoff,
    ];
    let [n0, n1, n2, n3, n4, n5, n6, n7, n8, n9] = numbers.map(Value::from_fixnum);
    let zone = vm.str(&zone);
    // An array, which the collector sees on the native stack.
    vm.tuple(&[n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, zone])
}

fn mktime(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let mut numbers = [0; 7];
    for (index, field) in numbers.iter_mut().enumerate() {
        *field = number(vm, arguments, index)?;
    }
    let [year, month, day, hour, minute, second, dst] = numbers;
    // SAFETY: the structure is read and written by the call.
    let seconds = unsafe {
        let mut fields: libc::tm = std::mem::zeroed();
        (fields.tm_year, fields.tm_mon, fields.tm_mday) = (year.wrapping_sub(1900), month - 1, day);
        (fields.tm_hour, fields.tm_min, fields.tm_sec, fields.tm_isdst) = (hour, minute, second, dst);
        // The call fills this field in; if it did not, the time could not be told.
        fields.tm_wday = -1;
        let seconds = libc::mktime(&mut fields);
        if seconds == -1 && fields.tm_wday == -1 {
            return Err(vm.overflow_error("mktime argument out of range"));
        }
        seconds
    };
    Ok(vm.integer(seconds))
}
