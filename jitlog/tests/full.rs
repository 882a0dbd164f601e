//! No room: events stop and are counted, definitions and counters go on, the program does not notice.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::Command;

use jitlog::*;

const PATH: &str = "JITLOG_TEST_FULL";

/// Fills a log; checks that what was kept and what was dropped add up.
fn fill(path: &Path, max_bytes: u64, expected: StopReason) {
    const EVENTS: u32 = 400_000;
    let log = Log::create(LogOptions::new(path).max_bytes(max_bytes)).unwrap();
    let defs = log.defs();
    let counter = log.counter(CounterKind::TraceExec, TraceId(1), 0);
    let mut stream = log.stream("main", StreamKind::Mutator);
    let source = defs.source("a.py", b"");
    for number in 0..EVENTS {
        stream.invalidate(&Invalidate { trace_id: TraceId(number), ..Default::default() });
        counter.increment();
    }
    stream.code(&Code { trace_id: TraceId(1), bytes: &[1; 300_000], ..Default::default() });
    let dropped = log.dropped_events();
    assert!(dropped > 1 && dropped < u64::from(EVENTS));
    // After events have stopped, names and counters still find their place.
    let late = defs.func(source, "late", 1, 2);
    let more = log.counter(CounterKind::TraceExec, TraceId(2), 0);
    more.add(7);
    drop(stream);
    let closed = log.close();
    assert_eq!((closed.stopped, closed.dropped_events), (Some(expected), dropped));
    assert!(closed.bytes <= max_bytes);
    assert_eq!(std::fs::metadata(path).unwrap().len(), closed.bytes);

    let reader = Reader::open(path).unwrap();
    assert_eq!(reader.health(), Health::Clean);
    assert_eq!(reader.loss().dropped_events, dropped);
    assert_eq!(reader.loss().stopped, Some(expected));
    let kept = reader.events().types(Types::of(&[Invalidate::TYPE])).map(|entry| match entry.unwrap().event() {
        Event::Invalidate(event) => event.trace_id.0,
        other => panic!("{other:?}"),
    });
    let kept: Vec<u32> = kept.collect();
    assert!(kept.iter().copied().eq(0..kept.len() as u32), "what was kept is a prefix");
    // The code record is among the dropped.
    assert_eq!(kept.len() as u64 + dropped, u64::from(EVENTS) + 1);
    assert_eq!(reader.defs().func(late).unwrap().name, "late");
    let totals: Vec<u64> = reader.counters().iter().map(|total| total.value).collect();
    assert_eq!(totals, [u64::from(EVENTS), 7]);
    assert_eq!(reader.verify().problems, []);
}

#[test]
fn at_max_bytes_events_stop_and_counters_go_on() {
    let (_directory, path) = common::scratch();
    fill(&path, 4 << 20, StopReason::MaxBytes);
}

/// Runs in a process of its own, since the limit is the process's. SIGXFSZ keeps its default action: the log must not
/// provoke it.
#[test]
#[ignore = "run by the test below"]
fn under_a_file_size_limit() {
    let Ok(path) = std::env::var(PATH) else {
        return;
    };
    let limit = libc::rlimit { rlim_cur: 6 << 20, rlim_max: 6 << 20 };
    // SAFETY: `limit` is a valid rlimit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) }, 0);
    fill(Path::new(&path), 64 << 20, StopReason::NoSpace);
}

#[test]
fn a_file_size_limit_is_a_full_log_and_no_signal() {
    let (_directory, path) = common::scratch();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "under_a_file_size_limit"])
        .env(PATH, &path)
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}

#[test]
fn a_full_disk_is_a_full_log_and_no_signal() {
    let directory = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
        .arg(directory.path())
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        println!("skipped: no tmpfs can be mounted here");
        return;
    }
    let result = std::panic::catch_unwind(|| fill(&directory.path().join("a.jlog"), 64 << 20, StopReason::NoSpace));
    let unmounted = Command::new("umount").arg("-l").arg(directory.path()).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}
