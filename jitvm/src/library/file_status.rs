//! What the system knows of files: `stat`, `lstat`, `fstat`, and their `os.stat_result`.
//!
//! A result made here is a tuple of ten ints with an instance's word of attributes; behind it lie, in words of their own
//! that hold no values, the numbers the other attributes are made of when asked for. The header's `aux` says so.

use std::io;
use std::mem::MaybeUninit;

use super::posix::{Named, fail, path_named, path_or_integer, with_c_path};
use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::iterate::{as_index, to_c_int, to_index};
use crate::runtime::numbers::{Limbs, as_i64};
use crate::runtime::object::{Header, ShapeId, Tuple};
use crate::runtime::operators::truth;
use crate::runtime::types::{TypeId, type_id};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("posix");
    "fstat" Arity::Free, fstat, "What is known of an open file.";
    "know_stat_result" Arity::One, know_stat_result, "Tells which class is that of results.";
    "lstat" Arity::Free, lstat, "What is known of a file or link.";
    "stat" Arity::Free, stat, "What is known of a file.";
    "stat_field" Arity::Range(2, 2), stat_field, "A number of a result behind the ten; None of one made elsewhere.";
}

/// `aux` of tuples with the numbers of [`Rest`]; no structure of the table has it.
const HAS_REST: u16 = 0x8000;

/// Items of the tuple.
const ITEMS: usize = 10;

/// Where the times are among them.
const TIMES: usize = 7;

/// What is behind the tuple: the nanoseconds of its three times, and what is there on Unix only.
#[derive(Clone, Copy)]
#[repr(C)]
struct Rest {
    nanoseconds: [i64; 3],
    unix: [i64; 3],
}

/// The class of results, once `os` is imported; a plain tuple before that.
fn know_stat_result(vm: &mut Vm, arguments: Arguments) -> Outcome {
    vm.stat_result = type_id(arguments.positional()[0]);
    Ok(Value::NONE)
}

fn result_of(vm: &mut Vm, status: &libc::stat) -> Outcome {
    let numbers = [
        i64::from(status.st_mode),
        status.st_ino as i64,
        status.st_dev as i64,
        status.st_nlink as i64,
        i64::from(status.st_uid),
        i64::from(status.st_gid),
        status.st_size,
        status.st_atime,
        status.st_mtime,
        status.st_ctime,
    ];
    let values = numbers.map(|number| vm.integer(number));
    let class = vm.stat_result;
    if class == TypeId::TUPLE {
        return vm.tuple(&values);
    }
    let rest = Rest {
        nanoseconds: [status.st_atime_nsec, status.st_mtime_nsec, status.st_ctime_nsec],
        unix: [status.st_blksize, status.st_blocks, status.st_rdev as i64],
    };
    let shape = vm.root_shape(class);
    let tuple = vm.allocate(REST + size_of::<Rest>(), shape).cast::<Tuple>();
    // SAFETY: the allocation has room for the tuple, its items, the word of attributes and the rest. `values` is on the
    // stack, where the collector sees them.
    unsafe {
        (*tuple).header.kind = ShapeId::TUPLE.0 as u8;
        (*tuple).header.aux = HAS_REST;
        (*tuple).length = ITEMS as u64;
        tuple.byte_add(Tuple::ITEMS).cast::<[Value; ITEMS]>().write(values);
        tuple.byte_add(REST - 8).cast::<Value>().write(Value::UNDEF);
        tuple.byte_add(REST).cast::<Rest>().write(rest);
    }
    Ok(Value::of(tuple))
}

/// Where the rest begins: behind the items and the word of attributes.
const REST: usize = Tuple::ITEMS + ITEMS * 8 + 8;

/// `stat_field(result, index)`: 10 to 12 are the times as floats, 13 to 15 in nanoseconds, 16 to 18 blocks and device.
fn stat_field(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let result = arguments.positional()[0];
    let index = to_index(vm, arguments.positional()[1])? as usize;
    if !result.has_layout(ShapeId::TUPLE) || !result.is_instance() || !(10..19).contains(&index) {
        return Ok(Value::NONE);
    }
    // SAFETY: the layout was checked, and the flag says that the rest is there.
    let (items, rest) = unsafe {
        let tuple = result.object::<Tuple>();
        if (*tuple.cast::<Header>()).aux != HAS_REST {
            return Ok(Value::NONE);
        }
        let items = tuple.byte_add(Tuple::ITEMS).cast::<[Value; ITEMS]>().read();
        (items, *tuple.byte_add(REST).cast::<Rest>())
    };
    let which = (index - ITEMS) % 3;
    if index >= 16 {
        return Ok(vm.integer(rest.unix[which]));
    }
    let seconds = to_index(vm, items[TIMES + which])?;
    Ok(match index {
        ..13 => vm.float(seconds as f64 + 1e-9 * rest.nanoseconds[which] as f64),
        _ => vm.integer(seconds * 1_000_000_000 + rest.nanoseconds[which]),
    })
}

/// A descriptor that stands for a path or a directory: an int of C.
fn descriptor_of(vm: &mut Vm, value: Value) -> Outcome<i32> {
    let is_negative = match as_i64(value) {
        Some(number) => match i32::try_from(number) {
            Ok(descriptor) => return Ok(descriptor),
            Err(_) => number < 0,
        },
        None => Limbs::of_big(value).negative,
    };
    Err(vm.overflow_error(if is_negative { "fd is less than minimum" } else { "fd is greater than maximum" }))
}

/// Asks the system about a file; `paths` are what an error names.
fn ask(vm: &mut Vm, paths: &[Value], call: impl FnOnce(*mut libc::stat) -> i32) -> Outcome {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    if call(status.as_mut_ptr()) < 0 {
        let error = io::Error::last_os_error();
        return Err(fail(vm, &error, paths));
    }
    // SAFETY: the call succeeded, so it filled the structure.
    result_of(vm, &unsafe { status.assume_init() })
}

fn status_at(vm: &mut Vm, directory: i32, path: Value, flags: i32) -> Outcome {
    with_c_path(vm, path, |vm, name| {
        // SAFETY: the path ends in 0, and the result has room.
        ask(vm, &[path], |status| unsafe { libc::fstatat(directory, name.as_ptr(), status, flags) })
    })?
}

fn status_of(vm: &mut Vm, descriptor: i32, paths: &[Value]) -> Outcome {
    // As CPython, for which -1 is no descriptor but a path that is missing.
    if descriptor == -1 && !paths.is_empty() {
        return Err(fail(vm, &io::Error::from_raw_os_error(libc::EFAULT), paths));
    }
    // SAFETY: the descriptor is only asked about, and the result has room.
    ask(vm, paths, |status| unsafe { libc::fstat(descriptor, status) })
}

/// The arguments of a function with one that may be given by position, the first, and others by name only.
fn arguments_of<const N: usize>(
    vm: &mut Vm,
    arguments: Arguments,
    function: &str,
    names: [&str; N],
) -> Outcome<(Value, [Option<Value>; N])> {
    let given = arguments.positional();
    if given.len() > 1 {
        let count = given.len();
        let what = if N > 1 { "positional argument" } else { "argument" };
        return Err(vm.type_error(format!("{function}() takes exactly 1 {what} ({count} given)")));
    }
    if let ([first], false) = (given, arguments.has_keywords()) {
        return Ok((*first, [None; N]));
    }
    let found = arguments.bind(vm, function, names)?;
    match found[0] {
        Some(first) => Ok((first, found)),
        None => {
            let name = names[0];
            Err(vm.type_error(format!("{function}() missing required argument '{name}' (pos 1)")))
        }
    }
}

/// The directory that `dir_fd` is, or the current one.
fn directory_of(vm: &mut Vm, given: Option<Value>) -> Outcome<i32> {
    match given {
        None | Some(Value::NONE) => Ok(libc::AT_FDCWD),
        Some(value) => match as_index(vm, value)? {
            Some(number) => descriptor_of(vm, number),
            None => {
                let name = vm.type_name(value);
                Err(vm.type_error(format!("argument should be integer or None, not {name}")))
            }
        },
    }
}

/// `stat(path, *, dir_fd=None, follow_symlinks=True)`
fn stat(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (path, [_, directory, follow]) = arguments_of(vm, arguments, "stat", ["path", "dir_fd", "follow_symlinks"])?;
    let directory = directory_of(vm, directory)?;
    let follows = match follow {
        Some(follow) => truth(vm, follow)?,
        None => true,
    };
    match path_or_integer(vm, path, "stat: path should be string, bytes, os.PathLike or integer")? {
        Named::Path(path) => status_at(vm, directory, path, if follows { 0 } else { libc::AT_SYMLINK_NOFOLLOW }),
        Named::Integer(number) => {
            let descriptor = descriptor_of(vm, number)?;
            if directory != libc::AT_FDCWD {
                return Err(vm.value_error("stat: can't specify dir_fd without matching path"));
            }
            if !follows {
                return Err(vm.value_error("stat: cannot use fd and follow_symlinks together"));
            }
            status_of(vm, descriptor, &[path])
        }
    }
}

/// `lstat(path, *, dir_fd=None)`
fn lstat(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (path, [_, directory]) = arguments_of(vm, arguments, "lstat", ["path", "dir_fd"])?;
    let directory = directory_of(vm, directory)?;
    let path = path_named(vm, path, "lstat: path should be string, bytes or os.PathLike")?;
    status_at(vm, directory, path, libc::AT_SYMLINK_NOFOLLOW)
}

/// `fstat(fd)`
fn fstat(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (descriptor, _) = arguments_of(vm, arguments, "fstat", ["fd"])?;
    let descriptor = to_c_int(vm, descriptor)?;
    status_of(vm, descriptor, &[])
}
