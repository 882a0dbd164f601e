//! What the system does to a writer: forks, files cut under it, file-size limits. The program runs on.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::scratch;
use jitlog::*;

const PATH: &str = "JITLOG_TEST_HARDENING";

/// Runs one of the ignored tests in a process of its own: what it does to itself concerns the whole process.
fn alone(test: &str, path: &Path) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", test, "--nocapture"]).env(PATH, path);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
}

fn own_path() -> Option<std::ffi::OsString> {
    std::env::var_os(PATH)
}

fn traces(path: &Path) -> Vec<u32> {
    let reader = Reader::open(path).unwrap();
    let number = |item: Result<Entry, Problem>| match item.unwrap().event() {
        Event::Invalidate(event) => event.trace_id.0,
        other => panic!("{other:?}"),
    };
    reader.events().types(Types::of(&[Invalidate::TYPE])).map(number).collect()
}

fn invalidate(stream: &mut Stream, number: u32) {
    stream.invalidate(&Invalidate { trace_id: TraceId(number), ..Default::default() });
}

#[test]
#[ignore = "run by the test below"]
fn forking() {
    let Some(path) = own_path() else {
        return;
    };
    let path = Path::new(&path);
    let log = Log::create(LogOptions::new(path).counter_interval(Duration::from_millis(1))).unwrap();
    let counter = log.counter(CounterKind::LoopIter, TraceId(1), 0);
    let mut stream = log.stream("main", StreamKind::Mutator);
    let defs = log.defs();
    let source = defs.source("a.py", b"");
    for round in 0..20u32 {
        invalidate(&mut stream, round);
        counter.increment();
        // SAFETY: the child uses nothing that a thread it does not have could hold, and ends with _exit.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // Everything goes on working, into nowhere; and the child can have a log of its own.
            for n in 0..10_000 {
                invalidate(&mut stream, 1_000_000 + n);
                counter.increment();
            }
            defs.func(source, "child", 1, 1);
            log.counter(CounterKind::TraceExec, TraceId(9), 0).increment();
            stream.code(&Code { bytes: &[1; 100_000], ..Default::default() });
            let own = Log::create(LogOptions::new(path.with_extension(round.to_string()))).unwrap();
            let mut mine = own.stream("child", StreamKind::Mutator);
            invalidate(&mut mine, round);
            drop((mine, stream));
            own.close();
            log.close();
            drop(log);
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(0) };
        }
        let mut status = 0;
        // SAFETY: waits for the child just made.
        unsafe { libc::waitpid(child, &mut status, 0) };
        assert_eq!(status, 0, "round {round}");
    }
    drop(stream);
    assert_eq!(log.close().dropped_events, 0);
}

#[test]
fn a_forked_child_writes_nothing_into_the_parents_log() {
    let (_directory, path) = scratch();
    alone("forking", &path);
    assert_eq!(traces(&path), (0..20).collect::<Vec<_>>());
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.health(), Health::Clean);
    assert_eq!(reader.verify().problems, []);
    let values: Vec<u64> = reader.counters().iter().map(|total| total.value).collect();
    assert_eq!(values, [20]);
    assert_eq!(reader.defs().funcs().count(), 0);
    for round in 0..20 {
        let child = path.with_extension(round.to_string());
        assert_eq!(traces(&child), [round]);
        assert_eq!(Reader::open(&child).unwrap().health(), Health::Clean);
    }
}

/// The parent is killed while its child lives: readers must see that nobody writes any more.
#[test]
#[ignore = "run by the test below"]
fn dying_with_a_child() {
    let Some(path) = own_path() else {
        return;
    };
    let _log = Log::create(LogOptions::new(path)).unwrap();
    // SAFETY: the child only sleeps; the parent ends itself.
    unsafe {
        if libc::fork() == 0 {
            // The test's pipes must not wait for this child.
            for descriptor in 0..3 {
                libc::close(descriptor);
            }
            libc::sleep(5);
            libc::_exit(0);
        }
        libc::_exit(0);
    }
}

#[test]
fn a_child_does_not_keep_its_parents_log_open() {
    let (_directory, path) = scratch();
    alone("dying_with_a_child", &path);
    assert!(matches!(Reader::open(&path).unwrap().health(), Health::Killed { .. }));
}

fn cut_while_writing(to: u64) {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).counter_interval(Duration::from_millis(1))).unwrap();
    let counter = log.counter(CounterKind::LoopIter, TraceId(1), 0);
    let mut stream = log.stream("main", StreamKind::Mutator);
    let defs = log.defs();
    let source = defs.source("a.py", b"");
    for n in 0..200_000 {
        if n == 100_000 {
            OpenOptions::new().write(true).open(&path).unwrap().set_len(to).unwrap();
        }
        invalidate(&mut stream, n);
        counter.increment();
        if n % 1000 == 0 {
            defs.func(source, "f", n, n);
            log.counter(CounterKind::TraceExec, TraceId(n), 0).increment();
        }
    }
    std::thread::sleep(Duration::from_millis(20));
    drop(stream);
    let closed = log.close();
    assert_eq!(closed.stopped, Some(StopReason::Truncated));
    counter.increment();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), to, "the file is left as it was cut");
    // The next log of the process is as good as any.
    let log = Log::create(LogOptions::new(path.with_extension("next"))).unwrap();
    assert_eq!(log.close().stopped, None);
}

#[test]
fn a_log_emptied_under_its_writer_ends_and_the_program_does_not() {
    cut_while_writing(0);
}

#[test]
fn a_log_cut_under_its_writer_ends_and_the_program_does_not() {
    cut_while_writing(300_000);
}

#[test]
fn a_log_cut_after_it_was_closed_harms_no_counter() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let counter = log.counter(CounterKind::LoopIter, TraceId(1), 0);
    log.close();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    counter.increment();
    counter.increment();
    assert_eq!(counter.get(), 2);
}

/// A bus error elsewhere still ends the program as it should.
#[test]
#[ignore = "run by the test below"]
fn foreign_bus_error() {
    let Some(path) = own_path() else {
        return;
    };
    let _log = Log::create(LogOptions::new(&path)).unwrap();
    let empty = Path::new(&path).with_extension("empty");
    let empty = OpenOptions::new().read(true).write(true).create_new(true).open(empty).unwrap();
    let descriptor = std::os::fd::AsRawFd::as_raw_fd(&empty);
    // SAFETY: not sound, and not meant to be: a page of an empty file is read.
    unsafe {
        let page = libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ, libc::MAP_PRIVATE, descriptor, 0);
        page.cast::<u8>().read_volatile();
    }
}

#[test]
fn other_bus_errors_are_not_hidden() {
    use std::os::unix::process::ExitStatusExt;
    let (_directory, path) = scratch();
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--ignored", "--exact", "foreign_bus_error"]).env(PATH, &path).output().unwrap();
    assert_eq!(output.status.signal(), Some(libc::SIGBUS));
}

/// A limit lowered below what the file has already: its last bytes cannot be written.
#[test]
#[ignore = "run by the test below"]
fn limit_lowered() {
    let Some(path) = own_path() else {
        return;
    };
    let log = Log::create(LogOptions::new(path)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    (0..10_000).for_each(|n| invalidate(&mut stream, n));
    let limit = libc::rlimit { rlim_cur: 4096, rlim_max: 4096 };
    // SAFETY: `limit` is a valid rlimit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) }, 0);
    (0..100_000).for_each(|n| invalidate(&mut stream, n));
    drop(stream);
    assert!(log.close().stopped.is_some());
}

#[test]
fn a_lowered_file_size_limit_is_no_signal() {
    let (_directory, path) = scratch();
    alone("limit_lowered", &path);
    assert!(traces(&path).len() >= 10_000);
}

fn resident_file_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    };
    line("RssFile:") + line("RssShmem:")
}

/// Writes 160 MB; the helper must give the memory back.
#[test]
#[ignore = "run by the test below"]
fn growing() {
    let Some(path) = own_path() else {
        return;
    };
    let before = resident_file_bytes();
    let log = Log::create(LogOptions::new(path)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    let ops = vec![0x11; 10_000];
    for trace in 0..16_000 {
        stream.ir(&Ir { trace_id: TraceId(trace), ops: &ops, ..Default::default() });
    }
    assert!(log.bytes() > 150 << 20);
    let start = Instant::now();
    while resident_file_bytes() - before > 32 << 20 {
        assert!(start.elapsed() < Duration::from_secs(20), "{} bytes resident", resident_file_bytes() - before);
        std::thread::sleep(Duration::from_millis(10));
    }
    eprintln!("{} MB resident of {} MB", (resident_file_bytes() - before) >> 20, log.bytes() >> 20);
    drop(stream);
    log.close();
}

#[test]
fn written_memory_is_given_back() {
    let (_directory, path) = scratch();
    alone("growing", &path);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.events().types(Types::of(&[Ir::TYPE])).count(), 16_000);
    assert_eq!(reader.verify().problems, []);
}
