//! The module `posix`: what the operating system does with files and directories, for `os` and `io` to build on.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Arguments, Arity, Owner, builtins};
use crate::interp::{signal, special};
use crate::runtime::bytes;
use crate::runtime::iterate::to_index;
use crate::runtime::numbers::as_f64;
use crate::runtime::strings::as_text;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Raised, Vm};
use crate::runtime::{codecs, surrogates};

builtins! {
    FUNCTIONS of Owner::Module("posix");
    "access" Arity::Range(2, 2), access, "True if a file may be used in this way.";
    "chdir" Arity::One, chdir, "Changes the current directory.";
    "chmod" Arity::Range(2, 2), chmod, "Sets the permissions of a file.";
    "close" Arity::One, close, "Closes a descriptor.";
    "cpu_count" Arity::Zero, cpu_count, "Processors there are.";
    "dup" Arity::One, dup, "A second descriptor of an open file.";
    "environ_items" Arity::Zero, environ_items, "Names and values of the environment.";
    "_exit" Arity::One, exit_now, "Ends the process at once.";
    "fspath" Arity::One, fspath, "The str or bytes of a path.";
    "fstat" Arity::One, fstat, "What is known of an open file.";
    "ftruncate" Arity::Range(2, 2), ftruncate, "Sets the length of an open file.";
    "getcwd" Arity::Zero, getcwd, "The current directory.";
    "getpid" Arity::Zero, getpid, "The number of this process.";
    "getppid" Arity::Zero, getppid, "The number of the parent process.";
    "getuid" Arity::Zero, getuid, "The number of the user.";
    "isatty" Arity::One, isatty, "True if a descriptor is a terminal.";
    "listdir" Arity::One, listdir, "Names in a directory.";
    "link" Arity::Range(2, 2), link, "A second name for a file.";
    "lseek" Arity::Range(3, 3), lseek, "Sets the position in an open file.";
    "lstat" Arity::One, lstat, "What is known of a file or link.";
    "mkdir" Arity::Range(1, 2), mkdir, "Makes a directory.";
    "open" Arity::Range(2, 3), open, "Opens a file; its descriptor.";
    "read" Arity::Range(2, 2), read, "Reads up to so many bytes.";
    "read_all" Arity::One, read_all, "Reads to the end.";
    "readlink" Arity::One, readlink, "What a link refers to.";
    "realpath" Arity::One, realpath, "The path without links, or None.";
    "rename" Arity::Range(2, 2), rename, "Renames a file.";
    "rmdir" Arity::One, rmdir, "Removes an empty directory.";
    "stat" Arity::One, stat, "What is known of a file.";
    "strerror" Arity::One, strerror, "Words for an error number.";
    "symlink" Arity::Range(2, 2), symlink, "Makes a symbolic link.";
    "truncate" Arity::Range(2, 2), truncate, "Sets the length of a file.";
    "unlink" Arity::One, unlink, "Removes a file.";
    "urandom" Arity::One, urandom, "Random bytes of the system.";
    "utime" Arity::Range(5, 5), utime, "Sets the times of a file: in nanoseconds or seconds, of a link itself or of what it names.";
    "write" Arity::Range(2, 2), write, "Writes bytes; how many were written.";
}

/// Constants of `posix` and `os`.
const CONSTANTS: &[(&str, i32)] = &[
    ("F_OK", libc::F_OK),
    ("R_OK", libc::R_OK),
    ("W_OK", libc::W_OK),
    ("X_OK", libc::X_OK),
    ("O_RDONLY", libc::O_RDONLY),
    ("O_WRONLY", libc::O_WRONLY),
    ("O_RDWR", libc::O_RDWR),
    ("O_CREAT", libc::O_CREAT),
    ("O_EXCL", libc::O_EXCL),
    ("O_TRUNC", libc::O_TRUNC),
    ("O_APPEND", libc::O_APPEND),
    ("O_CLOEXEC", libc::O_CLOEXEC),
    ("O_DIRECTORY", libc::O_DIRECTORY),
    ("O_NONBLOCK", libc::O_NONBLOCK),
    ("O_SYNC", libc::O_SYNC),
    ("EX_OK", 0),
];

pub fn fill(vm: &mut Vm, module: Value) -> Outcome<()> {
    for &(name, value) in CONSTANTS {
        vm.set_global(module, name, Value::from_fixnum(i64::from(value)));
    }
    Ok(())
}

/// The path that an argument is: a str, bytes, or an object with `__fspath__`.
fn fspath_value(vm: &mut Vm, value: Value) -> Outcome {
    if as_text(value).is_some() || bytes::is_bytes(value) {
        return Ok(value);
    }
    match special::call_method(vm, value, "__fspath__")? {
        Some(path) if as_text(path).is_some() || bytes::is_bytes(path) => Ok(path),
        Some(path) => {
            let (own, given) = (vm.type_name(value), vm.type_name(path));
            Err(vm.type_error(format!("expected {own}.__fspath__() to return str or bytes, not {given}")))
        }
        None => {
            let name = vm.type_name(value);
            Err(vm.type_error(format!("expected str, bytes or os.PathLike object, not {name}")))
        }
    }
}

fn path_of(vm: &mut Vm, value: Value) -> Outcome<PathBuf> {
    let value = fspath_value(vm, value)?;
    let data = match as_text(value) {
        Some(text) => match surrogates::to_system(text) {
            Some(data) => data,
            None => codecs::encode(vm, value, "utf-8", "surrogateescape")?.into(),
        },
        None => bytes::data(value).into(),
    };
    if data.contains(&0) {
        return Err(vm.value_error("embedded null byte"));
    }
    Ok(PathBuf::from(OsString::from_vec(data.to_vec())))
}

fn c_path(vm: &mut Vm, value: Value) -> Outcome<CString> {
    let path = path_of(vm, value)?;
    CString::new(path.as_os_str().as_bytes()).map_err(|_| vm.value_error("embedded null byte"))
}

fn text_of_path(vm: &mut Vm, path: &OsStr) -> Value {
    vm.str(&surrogates::from_system(path.as_bytes()))
}

fn number(vm: &mut Vm, arguments: Arguments, index: usize) -> Outcome<i32> {
    let value = to_index(vm, arguments.positional()[index])?;
    i32::try_from(value).map_err(|_| vm.overflow_error("Python int too large to convert to C int"))
}

/// Ok for a result of a system call that is not negative.
fn check(vm: &mut Vm, result: i64) -> Outcome {
    if result < 0 {
        let error = io::Error::last_os_error();
        return Err(vm.raise_os_error(&error));
    }
    Ok(vm.integer(result))
}

/// As [`check`], for a call about a file: the error names it.
fn check_path(vm: &mut Vm, result: i64, path: Value) -> Outcome {
    if result < 0 {
        let error = io::Error::last_os_error();
        return Err(fail(vm, &error, &[path]));
    }
    Ok(vm.integer(result))
}

fn fail(vm: &mut Vm, error: &io::Error, paths: &[Value]) -> Raised {
    // The error names the path as text also if an object stood for it.
    let mut named = [Value::NONE; 2];
    for (name, &path) in named.iter_mut().zip(paths) {
        *name = if path.is_instance() && as_text(path).is_none() {
            match fspath_value(vm, path) {
                Ok(path) => path,
                Err(raised) => return raised,
            }
        } else {
            path
        };
    }
    vm.raise_os_error_about(error, &named[..paths.len().min(2)])
}

fn done(vm: &mut Vm, result: io::Result<()>, paths: &[Value]) -> Outcome {
    match result {
        Ok(()) => Ok(Value::NONE),
        Err(error) => Err(fail(vm, &error, paths)),
    }
}

fn fspath(vm: &mut Vm, arguments: Arguments) -> Outcome {
    fspath_value(vm, arguments.positional()[0])
}

fn open(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = c_path(vm, arguments.positional()[0])?;
    let flags = number(vm, arguments, 1)?;
    let mode = if arguments.positional().len() > 2 { number(vm, arguments, 2)? } else { 0o777 };
    // SAFETY: the path ends with a null byte.
    let result = unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, mode as libc::mode_t) };
    check_path(vm, i64::from(result), arguments.positional()[0])
}

fn close(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let descriptor = number(vm, arguments, 0)?;
    // SAFETY: closing a descriptor touches no memory.
    let result = unsafe { libc::close(descriptor) };
    check(vm, i64::from(result)).map(|_| Value::NONE)
}

fn dup(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let descriptor = number(vm, arguments, 0)?;
    // SAFETY: touches no memory.
    let result = unsafe { libc::dup(descriptor) };
    check(vm, i64::from(result))
}

fn read(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let descriptor = number(vm, arguments, 0)?;
    let size = to_index(vm, arguments.positional()[1])?;
    let mut data = vec![0; usize::try_from(size).unwrap_or(0).min(1 << 30)];
    let count = read_some(vm, descriptor, &mut data)?;
    vm.bytes(&data[..count])
}

fn read_some(vm: &mut Vm, descriptor: i32, data: &mut [u8]) -> Outcome<usize> {
    loop {
        // SAFETY: the buffer is a slice's.
        let count = unsafe { libc::read(descriptor, data.as_mut_ptr().cast(), data.len()) };
        if count >= 0 {
            return Ok(count as usize);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted || signal::is_pending() {
            return Err(vm.raise_os_error(&error));
        }
    }
}

fn read_all(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let descriptor = number(vm, arguments, 0)?;
    let mut data = Vec::new();
    let mut part = vec![0; 64 << 10];
    loop {
        let count = read_some(vm, descriptor, &mut part)?;
        if count == 0 {
            return vm.bytes(&data);
        }
        data.extend_from_slice(&part[..count]);
    }
}

fn write(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let descriptor = number(vm, arguments, 0)?;
    let data = bytes::buffer(vm, arguments.positional()[1])?;
    // What the program printed comes before what it writes past it.
    if descriptor == libc::STDOUT_FILENO {
        vm.out.flush().map_err(|error| vm.raise_os_error(&error))?;
    }
    crate::runtime::output::write_all(descriptor, &data).map_err(|error| vm.raise_os_error(&error))?;
    Ok(Value::from_fixnum(data.len() as i64))
}

fn lseek(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (descriptor, whence) = (number(vm, arguments, 0)?, number(vm, arguments, 2)?);
    let offset = to_index(vm, arguments.positional()[1])?;
    // SAFETY: touches no memory.
    let result = unsafe { libc::lseek(descriptor, offset, whence) };
    check(vm, result)
}

fn ftruncate(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let descriptor = number(vm, arguments, 0)?;
    let length = to_index(vm, arguments.positional()[1])?;
    // SAFETY: touches no memory.
    let result = unsafe { libc::ftruncate(descriptor, length) };
    check(vm, i64::from(result)).map(|_| Value::NONE)
}

fn truncate(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = c_path(vm, arguments.positional()[0])?;
    let length = to_index(vm, arguments.positional()[1])?;
    // SAFETY: the path ends with a null byte.
    let result = unsafe { libc::truncate(path.as_ptr(), length) };
    check_path(vm, i64::from(result), arguments.positional()[0]).map(|_| Value::NONE)
}

fn isatty(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let descriptor = number(vm, arguments, 0)?;
    // SAFETY: isatty only looks at the descriptor.
    Ok(Value::from_bool(unsafe { libc::isatty(descriptor) } == 1))
}

/// What `os.stat_result` has, in its order: the ten numbers of the tuple, the times with their fractions, in nanoseconds,
/// and what is there on Unix only.
fn stat_values(vm: &mut Vm, metadata: &std::fs::Metadata) -> Outcome {
    let times = [
        (metadata.atime(), metadata.atime_nsec()),
        (metadata.mtime(), metadata.mtime_nsec()),
        (metadata.ctime(), metadata.ctime_nsec()),
    ];
    let numbers = [
        i64::from(metadata.mode()),
        metadata.ino() as i64,
        metadata.dev() as i64,
        metadata.nlink() as i64,
        i64::from(metadata.uid()),
        i64::from(metadata.gid()),
        metadata.size() as i64,
    ];
    let unix = [metadata.blksize() as i64, metadata.blocks() as i64, metadata.rdev() as i64];
    let list = vm.list_with_capacity(numbers.len() + 3 * times.len() + unix.len())?;
    let seconds = times.map(|(seconds, _)| seconds);
    for number in numbers.into_iter().chain(seconds) {
        let number = vm.integer(number);
        vm.push(list, number)?;
    }
    for (seconds, nanoseconds) in times {
        let time = vm.float(seconds as f64 + 1e-9 * nanoseconds as f64);
        vm.push(list, time)?;
    }
    let whole = times.map(|(seconds, nanoseconds)| seconds * 1_000_000_000 + nanoseconds);
    for number in whole.into_iter().chain(unix) {
        let number = vm.integer(number);
        vm.push(list, number)?;
    }
    vm.tuple(crate::runtime::sequences::items(list))
}

fn stat(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = path_of(vm, arguments.positional()[0])?;
    match std::fs::metadata(path) {
        Ok(metadata) => stat_values(vm, &metadata),
        Err(error) => Err(fail(vm, &error, &arguments.positional()[..1])),
    }
}

fn lstat(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = path_of(vm, arguments.positional()[0])?;
    match std::fs::symlink_metadata(path) {
        Ok(metadata) => stat_values(vm, &metadata),
        Err(error) => Err(fail(vm, &error, &arguments.positional()[..1])),
    }
}

fn fstat(vm: &mut Vm, arguments: Arguments) -> Outcome {
    use std::os::fd::FromRawFd;
    let descriptor = number(vm, arguments, 0)?;
    if descriptor < 0 {
        return Err(vm.raise_os_error(&io::Error::from_raw_os_error(libc::EBADF)));
    }
    // SAFETY: the descriptor is only asked about; ManuallyDrop leaves it open.
    let file = std::mem::ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(descriptor) });
    match file.metadata() {
        Ok(metadata) => stat_values(vm, &metadata),
        Err(error) => Err(vm.raise_os_error(&error)),
    }
}

fn access(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = c_path(vm, arguments.positional()[0])?;
    let mode = number(vm, arguments, 1)?;
    // SAFETY: the path ends with a null byte.
    Ok(Value::from_bool(unsafe { libc::access(path.as_ptr(), mode) } == 0))
}

fn chdir(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = path_of(vm, arguments.positional()[0])?;
    done(vm, std::env::set_current_dir(path), arguments.positional())
}

fn chmod(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = c_path(vm, arguments.positional()[0])?;
    let mode = number(vm, arguments, 1)?;
    // SAFETY: the path ends with a null byte.
    let result = unsafe { libc::chmod(path.as_ptr(), mode as libc::mode_t) };
    check_path(vm, i64::from(result), arguments.positional()[0]).map(|_| Value::NONE)
}

fn cpu_count(_: &mut Vm, _: Arguments) -> Outcome {
    Ok(std::thread::available_parallelism().map_or(Value::NONE, |count| Value::from_fixnum(count.get() as i64)))
}

fn environ_items(vm: &mut Vm, _: Arguments) -> Outcome {
    let list = vm.list(&[])?;
    for (name, value) in std::env::vars_os() {
        let name = text_of_path(vm, &name);
        vm.push(list, name)?;
        let value = text_of_path(vm, &value);
        vm.push(list, value)?;
    }
    Ok(list)
}

fn exit_now(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let status = number(vm, arguments, 0)?;
    // SAFETY: ends the process without running anything of it.
    unsafe { libc::_exit(status) }
}

fn getcwd(vm: &mut Vm, _: Arguments) -> Outcome {
    match std::env::current_dir() {
        Ok(path) => Ok(text_of_path(vm, path.as_os_str())),
        Err(error) => Err(vm.raise_os_error(&error)),
    }
}

fn getpid(_: &mut Vm, _: Arguments) -> Outcome {
    Ok(Value::from_fixnum(i64::from(std::process::id())))
}

fn getppid(_: &mut Vm, _: Arguments) -> Outcome {
    Ok(Value::from_fixnum(i64::from(std::os::unix::process::parent_id())))
}

fn getuid(_: &mut Vm, _: Arguments) -> Outcome {
    // SAFETY: cannot fail.
    Ok(Value::from_fixnum(i64::from(unsafe { libc::getuid() })))
}

fn listdir(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let given = fspath_value(vm, arguments.positional()[0])?;
    let path = path_of(vm, given)?;
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => return Err(fail(vm, &error, &arguments.positional()[..1])),
    };
    let list = vm.list(&[])?;
    for entry in entries {
        match entry {
            Ok(entry) => {
                let name = entry.file_name();
                let name = match bytes::is_bytes(given) {
                    true => vm.bytes(name.as_bytes())?,
                    false => text_of_path(vm, &name),
                };
                vm.push(list, name)?;
            }
            Err(error) => return Err(fail(vm, &error, &arguments.positional()[..1])),
        }
    }
    Ok(list)
}

fn mkdir(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = c_path(vm, arguments.positional()[0])?;
    let mode = if arguments.positional().len() > 1 { number(vm, arguments, 1)? } else { 0o777 };
    // SAFETY: the path ends with a null byte.
    let result = unsafe { libc::mkdir(path.as_ptr(), mode as libc::mode_t) };
    check_path(vm, i64::from(result), arguments.positional()[0]).map(|_| Value::NONE)
}

fn rmdir(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = path_of(vm, arguments.positional()[0])?;
    done(vm, std::fs::remove_dir(path), arguments.positional())
}

fn unlink(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = path_of(vm, arguments.positional()[0])?;
    done(vm, std::fs::remove_file(path), arguments.positional())
}

fn two_paths(vm: &mut Vm, arguments: Arguments) -> Outcome<[PathBuf; 2]> {
    Ok([path_of(vm, arguments.positional()[0])?, path_of(vm, arguments.positional()[1])?])
}

fn rename(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [from, to] = two_paths(vm, arguments)?;
    done(vm, std::fs::rename(from, to), arguments.positional())
}

fn link(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [from, to] = two_paths(vm, arguments)?;
    done(vm, std::fs::hard_link(from, to), arguments.positional())
}

fn symlink(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [from, to] = two_paths(vm, arguments)?;
    done(vm, std::os::unix::fs::symlink(from, to), arguments.positional())
}

fn readlink(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = path_of(vm, arguments.positional()[0])?;
    match std::fs::read_link(path) {
        Ok(path) => Ok(text_of_path(vm, path.as_os_str())),
        Err(error) => Err(fail(vm, &error, arguments.positional())),
    }
}

/// The real path of as much as exists, the rest joined to it.
fn realpath(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = path_of(vm, arguments.positional()[0])?;
    let Ok(absolute) = std::path::absolute(&path) else { return Ok(Value::NONE) };
    let mut existing: &Path = &absolute;
    let mut rest = Vec::new();
    loop {
        if let Ok(real) = std::fs::canonicalize(existing) {
            let full = rest.iter().rev().fold(real, |path, part| path.join(part));
            return Ok(text_of_path(vm, full.as_os_str()));
        }
        let (Some(name), Some(parent)) = (existing.file_name(), existing.parent()) else { return Ok(Value::NONE) };
        rest.push(name);
        existing = parent;
    }
}

fn strerror(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let number = number(vm, arguments, 0)?;
    let text = crate::runtime::exceptions::error_words(&io::Error::from_raw_os_error(number));
    Ok(vm.str(&text))
}

fn urandom(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let size = to_index(vm, arguments.positional()[0])?;
    let Ok(size) = usize::try_from(size) else { return Err(vm.value_error("negative argument not allowed")) };
    let mut data = vec![0; size.min(1 << 30)];
    for part in data.chunks_mut(256) {
        // SAFETY: the buffer is a slice's; up to 256 bytes come whole.
        unsafe { libc::getrandom(part.as_mut_ptr().cast(), part.len(), 0) };
    }
    vm.bytes(&data)
}

fn utime(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = c_path(vm, arguments.positional()[0])?;
    let in_nanoseconds = arguments.positional()[3] == Value::TRUE;
    let time = |value: Value| {
        if value.is_int() {
            let (whole, unit) = (value.as_fixnum(), if in_nanoseconds { 1_000_000_000 } else { 1 });
            let rest = whole.rem_euclid(unit);
            return libc::timespec { tv_sec: whole.div_euclid(unit), tv_nsec: rest };
        }
        let seconds = as_f64(value).unwrap_or(0.0) / if in_nanoseconds { 1e9 } else { 1.0 };
        let whole = seconds.floor();
        libc::timespec { tv_sec: whole as i64, tv_nsec: ((seconds - whole) * 1e9) as i64 }
    };
    let times = [time(arguments.positional()[1]), time(arguments.positional()[2])];
    let flags = if arguments.positional()[4] == Value::TRUE { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    // SAFETY: the path ends with a null byte; two times are passed.
    let result = unsafe { libc::utimensat(libc::AT_FDCWD, path.as_ptr(), times.as_ptr(), flags) };
    check_path(vm, i64::from(result), arguments.positional()[0]).map(|_| Value::NONE)
}
