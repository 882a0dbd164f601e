//! Following: each look sees what was committed before it, the end of the writer is noticed, and nothing comes twice.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{scratch, synthetic};
use jitlog::read::{Follow, Writer};
use jitlog::*;

const PATH: &str = "JITLOG_TEST_FOLLOWED";

fn numbers(batch: Vec<Result<Entry, Problem>>) -> Vec<u32> {
    let number = |item: Result<Entry, Problem>| match item.unwrap().event() {
        Event::Invalidate(event) => Some(event.trace_id.0),
        Event::Code(code) => Some(code.trace_id.0),
        _ => None,
    };
    batch.into_iter().filter_map(number).collect()
}

fn drain(follow: &mut Follow) -> Vec<Result<Entry, Problem>> {
    std::iter::from_fn(|| follow.poll()).flatten().collect()
}

#[test]
fn each_look_sees_exactly_what_is_new() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let mut follow = Reader::open(&path).unwrap().follow();
    let mut streams = [log.stream("a", StreamKind::Mutator), log.stream("b", StreamKind::Compiler)];
    let defs = log.defs();
    let source = defs.source("a.py", b"");
    let mut written = 0;
    for round in 0..60u32 {
        let place = defs.loc(defs.func(source, "f", round, round), 0, round, 0);
        for _ in 0..round * 37 {
            let trace_id = TraceId(written);
            let stream = &mut streams[written as usize % 2];
            if written.is_multiple_of(500) {
                stream.code(&Code { trace_id, bytes: &vec![1; 90_000], ..Default::default() });
            } else {
                stream.invalidate(&Invalidate { trace_id, loc_id: place, ..Default::default() });
            }
            written += 1;
        }
        let before = written - round * 37;
        assert_eq!(numbers(follow.poll().unwrap()), (before..written).collect::<Vec<_>>(), "round {round}");
        assert_eq!(follow.defs().loc(place).unwrap().line, round);
        assert_eq!(follow.writer(), Writer::Writing);
    }
    drop(streams);
    log.close();
    assert!(numbers(drain(&mut follow)).is_empty());
    assert_eq!(follow.writer(), Writer::Finished);
    assert!(follow.poll().is_none());
}

#[test]
fn a_finished_log_is_given_in_order_and_whole() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let reader = Reader::open(&path).unwrap();
    let shown = |entry: Entry| format!("{} {} {:?}", entry.t_ns, entry.stream, entry.event());
    let mut all: Vec<String> = reader.events().types(Types::all()).map(|entry| shown(entry.unwrap())).collect();
    let mut follow = reader.follow();
    let given: Vec<Entry> = drain(&mut follow).into_iter().map(Result::unwrap).collect();
    assert!(given.is_sorted_by_key(|entry| entry.t_ns));
    let mut given: Vec<String> = given.into_iter().map(shown).collect();
    given.sort();
    all.sort();
    assert_eq!(given, all);
    assert_eq!(follow.writer(), Writer::Finished);
}

#[test]
fn a_long_log_is_caught_up_with_in_parts_and_in_order() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let mut slow = log.stream("slow", StreamKind::Gc);
    let mut fast = log.stream("fast", StreamKind::Mutator);
    for number in 0..3_000 {
        fast.code(&Code { trace_id: TraceId(number), bytes: &[7; 16_000], ..Default::default() });
        if number.is_multiple_of(100) {
            slow.invalidate(&Invalidate { trace_id: TraceId(1_000_000), ..Default::default() });
        }
    }
    drop((slow, fast));
    log.close();
    let mut follow = Reader::open(&path).unwrap().follow().types(Types::of(&[Code::TYPE, Invalidate::TYPE]));
    let first = follow.poll().unwrap();
    assert!(follow.is_behind() && first.len() < 2_000, "{}", first.len());
    let times: Vec<u64> = first.into_iter().chain(drain(&mut follow)).map(|item| item.unwrap().t_ns).collect();
    assert!(times.is_sorted());
    assert_eq!(times.len(), 3_030);
}

/// A process that writes an event every millisecond and never closes its log.
#[test]
#[ignore = "run by the tests below"]
fn writer() {
    let Ok(path) = std::env::var(PATH) else {
        return;
    };
    let log = Log::create(LogOptions::new(path)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    for n in 0.. {
        stream.samples_lost(&SamplesLost { n });
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn start_writer(path: &Path) -> Child {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "writer"])
        .env(PATH, path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while Reader::open(path).map_or(true, |reader| reader.events().count() == 0) {
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

fn follow_tool(path: &Path, event: &str) -> Child {
    let tool = env!("CARGO_BIN_EXE_jitlog");
    let arguments = ["follow", "--resolve", "--type", event];
    Command::new(tool).args(arguments).arg(path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_killed_writer_is_noticed() {
    let (_directory, path) = scratch();
    let mut writer = start_writer(&path);
    let mut tool = follow_tool(&path, "samples_lost");
    let mut lines = BufReader::new(tool.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("samples_lost n=0"));
    writer.kill().unwrap();
    writer.wait().unwrap();
    let rest = lines.count();
    let output = tool.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "jitlog: the writer ended without closing the log\n");
    let written = Reader::open(&path).unwrap().events().types(Types::of(&[SamplesLost::TYPE])).count();
    assert_eq!(rest + 1, written);
}

#[test]
fn a_closed_pipe_is_noticed_without_a_record_to_write() {
    let (_directory, path) = scratch();
    let mut writer = start_writer(&path);
    let mut tool = follow_tool(&path, "blacklist");
    drop(tool.stdout.take());
    let start = Instant::now();
    let status = tool.wait().unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(status.code(), Some(0));
    let mut complaints = String::new();
    tool.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
    assert_eq!(complaints, "");
    writer.kill().unwrap();
    writer.wait().unwrap();
}
