//! A log that is not mapped: written with `write(2)` from memory, and in the file what a mapped one would be.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{everything, scratch};
use jitlog::*;

const PATH: &str = "JITLOG_TEST_BEHIND";

/// Small events, a jumbo record, definitions, counters, more than an extent.
fn write(log: &Log) {
    let defs = log.defs();
    let source = defs.source("a.py", b"pass");
    let counter = log.counter(CounterKind::TraceExec, TraceId(1), 0);
    let mut streams: Vec<Stream> = (0..3).map(|n| log.stream(&n.to_string(), StreamKind::Mutator)).collect();
    let large = vec![7; 900_000];
    for n in 0..60_000u32 {
        let stream = &mut streams[n as usize % 3];
        stream.invalidate(&Invalidate { trace_id: TraceId(n), ..Default::default() });
        counter.increment();
        if n % 700 == 0 {
            defs.func(source, "f", n, n);
            stream.code(&Code { trace_id: TraceId(n), bytes: &large, ..Default::default() });
        }
    }
}

#[test]
fn the_file_is_the_same_as_a_mapped_one() {
    let (_directory, path) = scratch();
    let other = path.with_extension("behind");
    for (path, mapped) in [(&path, true), (&other, false)] {
        let log = Log::create(LogOptions::new(path).logical_clock(true).mapped(mapped)).unwrap();
        write(&log);
        log.snapshot_counters();
        assert_eq!(log.close().stopped, None);
    }
    assert!(std::fs::metadata(&path).unwrap().len() > 64 << 20);
    let whole = everything(&Reader::open(&path).unwrap());
    let reader = Reader::open(&other).unwrap();
    assert_eq!(everything(&reader), whole);
    assert_eq!((reader.health(), reader.verify().problems), (Health::Clean, vec![]));
    let (one, two) = (std::fs::read(&path).unwrap(), std::fs::read(&other).unwrap());
    let first = one.iter().zip(&two).position(|(one, two)| one != two);
    assert_eq!((first, one.len()), (None, two.len()), "byte for byte");
}

#[test]
fn it_can_be_followed_and_its_memory_is_given_back() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).mapped(false).sync_interval(Some(Duration::from_millis(5)))).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    let mut follow = Reader::open(&path).unwrap().follow().types(Types::of(&[Invalidate::TYPE]));
    let mut next = 0;
    for round in 1..=5u32 {
        for n in 0..20_000 {
            let trace_id = TraceId((round - 1) * 20_000 + n);
            stream.invalidate(&Invalidate { trace_id, ..Default::default() });
        }
        let start = Instant::now();
        while next < round * 20_000 {
            for entry in follow.poll().unwrap() {
                if let Event::Invalidate(event) = entry.unwrap().event() {
                    assert_eq!(event.trace_id.0, next);
                    next += 1;
                }
            }
            assert!(start.elapsed() < Duration::from_secs(30), "round {round}: {next}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    drop(stream);
    assert_eq!(log.close().dropped_events, 0);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.events().types(Types::of(&[Invalidate::TYPE])).count(), 100_000);
    assert_eq!(reader.verify().problems, []);
}

#[test]
#[ignore = "run by the test below"]
fn victim() {
    let Some(path) = std::env::var_os(PATH) else {
        return;
    };
    let log = Log::create(LogOptions::new(Path::new(&path)).mapped(false)).unwrap();
    let counter = log.counter(CounterKind::TraceExec, TraceId(1), 0);
    let mut stream = log.stream("main", StreamKind::Mutator);
    for n in 0.. {
        stream.invalidate(&Invalidate { trace_id: TraceId(n), ..Default::default() });
        counter.increment();
    }
}

#[test]
fn after_a_kill_it_is_a_log_up_to_the_last_writing() {
    let (_directory, path) = scratch();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "victim"])
        .env(PATH, &path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !Reader::open(&path)
        .is_ok_and(|reader| reader.events().types(Types::of(&[Invalidate::TYPE])).count() > 10_000)
    {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let reader = Reader::open(&path).unwrap();
    assert!(matches!(reader.health(), Health::Killed { .. }), "{:?}", reader.health());
    let mut next = 0;
    for entry in reader.events().types(Types::of(&[Invalidate::TYPE])) {
        if let Event::Invalidate(event) = entry.unwrap().event() {
            assert_eq!(event.trace_id.0, next);
            next += 1;
        }
    }
    assert!(next > 10_000);
    assert!(reader.counters()[0].value > 0);
    assert_eq!(reader.verify().problems, []);
}
