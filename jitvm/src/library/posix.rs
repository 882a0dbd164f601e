//! The module `posix`: what the operating system does with files and directories, for `os` and `io` to build on.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::{Arguments, Arity, Owner, builtins};
use crate::interp::{signal, special};
use crate::runtime::bytes;
use crate::runtime::iterate::{as_index, to_index};
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
    "ftruncate" Arity::Range(2, 2), ftruncate, "Sets the length of an open file.";
    "getcwd" Arity::Zero, getcwd, "The current directory.";
    "getpid" Arity::Zero, getpid, "The number of this process.";
    "getppid" Arity::Zero, getppid, "The number of the parent process.";
    "getuid" Arity::Zero, getuid, "The number of the user.";
    "isatty" Arity::One, isatty, "True if a descriptor is a terminal.";
    "listdir" Arity::One, listdir, "Names in a directory.";
    "link" Arity::Range(2, 2), link, "A second name for a file.";
    "lseek" Arity::Range(3, 3), lseek, "Sets the position in an open file.";
    "mkdir" Arity::Range(1, 2), mkdir, "Makes a directory.";
    "open" Arity::Range(2, 3), open, "Opens a file; its descriptor.";
    "read" Arity::Range(2, 2), read, "Reads up to so many bytes.";
    "read_all" Arity::One, read_all, "Reads to the end.";
    "readlink" Arity::One, readlink, "What a link refers to.";
    "realpath" Arity::One, realpath, "The path without links, or None.";
    "rename" Arity::Range(2, 2), rename, "Renames a file.";
    "rmdir" Arity::One, rmdir, "Removes an empty directory.";
    "scan" Arity::One, scan, "Names in a directory, and what each is.";
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

/// The path that an argument is: a str, bytes, or what an object's `__fspath__` gives; `None` of other objects.
fn path_if_any(vm: &mut Vm, value: Value) -> Outcome<Option<Value>> {
    if as_text(value).is_some() || bytes::is_bytes(value) {
        return Ok(Some(value));
    }
    match special::call_method(vm, value, "__fspath__")? {
        Some(path) if as_text(path).is_none() && !bytes::is_bytes(path) => {
            let (own, given) = (vm.type_name(value), vm.type_name(path));
            Err(vm.type_error(format!("expected {own}.__fspath__() to return str or bytes, not {given}")))
        }
        path => Ok(path),
    }
}

fn fspath_value(vm: &mut Vm, value: Value) -> Outcome {
    path_named(vm, value, "expected str, bytes or os.PathLike object")
}

/// The path that an argument is; `expected` is what the error for other objects begins with.
pub fn path_named(vm: &mut Vm, value: Value, expected: &str) -> Outcome {
    match path_if_any(vm, value)? {
        Some(path) => Ok(path),
        None => {
            let name = vm.type_name(value);
            Err(vm.type_error(format!("{expected}, not {name}")))
        }
    }
}

/// What an argument names a file by.
pub enum Named {
    Path(Value),
    /// Any int, for a descriptor.
    Integer(Value),
}

/// As [`path_named`], of functions that take a descriptor as well.
pub fn path_or_integer(vm: &mut Vm, value: Value, expected: &str) -> Outcome<Named> {
    if as_text(value).is_none()
        && let Some(number) = as_index(vm, value)?
    {
        return Ok(Named::Integer(number));
    }
    path_named(vm, value, expected).map(Named::Path)
}

/// The bytes of a path (a str or bytes) as the system takes them.
fn system_bytes<'a>(vm: &mut Vm, path: Value) -> Outcome<Cow<'a, [u8]>> {
    let data = match as_text(path) {
        Some(text) => match surrogates::to_system(text) {
            Some(data) => data,
            None => codecs::encode(vm, path, "utf-8", "surrogateescape")?.into(),
        },
        None => bytes::data(path).into(),
    };
    if data.contains(&0) {
        return Err(vm.value_error("embedded null byte"));
    }
    Ok(data)
}

/// What `call` makes of a path (a str or bytes) with a null byte at its end.
pub fn with_c_path<R>(vm: &mut Vm, path: Value, call: impl FnOnce(&mut Vm, &CStr) -> R) -> Outcome<R> {
    let data = system_bytes(vm, path)?;
    // Most paths are short enough for the native stack.
    let mut short = [0; 256];
    let mut long;
    let room = match short.get_mut(..data.len() + 1) {
        Some(room) => room,
        None => {
            long = vec![0; data.len() + 1];
            &mut long[..]
        }
    };
    room[..data.len()].copy_from_slice(&data);
    match CStr::from_bytes_with_nul(room) {
        Ok(path) => Ok(call(vm, path)),
        Err(_) => Err(vm.value_error("embedded null byte")),
    }
}

fn path_of(vm: &mut Vm, value: Value) -> Outcome<PathBuf> {
    let value = fspath_value(vm, value)?;
    let data = system_bytes(vm, value)?;
    Ok(PathBuf::from(OsString::from_vec(data.into_owned())))
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

pub fn fail(vm: &mut Vm, error: &io::Error, paths: &[Value]) -> Raised {
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

/// The entries of a directory but itself and the one above: `each` is given the name and the `d_type` of each.
fn for_each_entry(vm: &mut Vm, path: Value, mut each: impl FnMut(&mut Vm, &[u8], u8) -> Outcome<()>) -> Outcome<()> {
    // SAFETY: the path ends with a null byte.
    let stream = with_c_path(vm, path, |_, path| unsafe { libc::opendir(path.as_ptr()) })?;
    if stream.is_null() {
        let error = io::Error::last_os_error();
        return Err(fail(vm, &error, &[path]));
    }
    let result = loop {
        // SAFETY: the stream is open; the entry is there until the next one is read, and its name ends with a null byte.
        let (name, kind) = unsafe {
            *libc::__errno_location() = 0;
            let entry = libc::readdir64(stream);
            if entry.is_null() {
                let error = io::Error::last_os_error();
                break match error.raw_os_error() {
                    None | Some(0) => Ok(()),
                    Some(_) => Err(fail(vm, &error, &[path])),
                };
            }
            (CStr::from_ptr((&raw const (*entry).d_name).cast()).to_bytes(), (*entry).d_type)
        };
        if name != b"." && name != b".." {
            let added = each(vm, name, kind);
            if added.is_err() {
                break added;
            }
        }
    };
    // SAFETY: the stream is open and not used any more.
    unsafe { libc::closedir(stream) };
    result
}

/// The name of an entry: bytes if the directory is named by bytes.
fn entry_name(vm: &mut Vm, path: Value, name: &[u8]) -> Outcome {
    if bytes::is_bytes(path) {
        return vm.bytes(name);
    }
    Ok(match name.is_ascii().then(|| std::str::from_utf8(name)) {
        Some(Ok(name)) => vm.str(name),
        _ => text_of_path(vm, OsStr::from_bytes(name)),
    })
}

fn listdir(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = fspath_value(vm, arguments.positional()[0])?;
    let list = vm.list(&[])?;
    for_each_entry(vm, path, |vm, name, _| {
        let name = entry_name(vm, path, name)?;
        vm.push(list, name)
    })?;
    Ok(list)
}

/// `scan(path)`: a list of names and, behind each, what the directory says it is (`DT_DIR` and so on).
fn scan(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let path = fspath_value(vm, arguments.positional()[0])?;
    let list = vm.list(&[])?;
    for_each_entry(vm, path, |vm, name, kind| {
        let name = entry_name(vm, path, name)?;
        vm.push(list, name)?;
        vm.push(list, Value::from_fixnum(i64::from(kind)))
    })?;
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
