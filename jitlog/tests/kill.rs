//! SIGKILL at random moments: nothing acknowledged is lost, nothing is torn, counters are exact.
//!
//! The test runs itself as the victim. The victim writes numbered records of mixed sizes and, every few, tells how many
//! it has written through a pipe (its standard error).
#![allow(clippy::unwrap_used)]

mod common;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::Seeded;
use jitlog::read::Health;
use jitlog::*;

const PATH: &str = "JITLOG_TEST_VICTIM";
const KILLS: u64 = 40;

/// The victim: writes until it is killed.
#[test]
#[ignore = "run by the test below"]
fn victim() {
    let Ok(path) = std::env::var(PATH) else {
        return;
    };
    let log = Log::create(LogOptions::new(path).counter_interval(Duration::from_millis(3))).unwrap();
    let defs = log.defs();
    let written = log.counter(CounterKind::LoopIter, TraceId(1), 0);
    let mut stream = log.stream("victim", StreamKind::Mutator);
    let mut acknowledge = std::io::stderr();
    let large = vec![0x5A; 3000];
    let jumbo = vec![0xA5; 150_000];
    for number in 0.. {
        let trace_id = TraceId(number);
        match number % 16 {
            3 => stream.code(&Code { trace_id, arch: Arch::X86_64, bytes: &large, ..Default::default() }),
            7 => stream.trace_abort(&TraceAbort { trace_id, detail: "something", ..Default::default() }),
            11 => {
                defs.guard(&GuardDef { guard_id: GuardId(number + 1), trace_id, ..Default::default() });
                stream.trace_start(&TraceStart { trace_id, ..Default::default() });
            }
            15 if number % 1024 == 15 => stream.code(&Code { trace_id, bytes: &jumbo, ..Default::default() }),
            _ => stream.invalidate(&Invalidate { trace_id, ..Default::default() }),
        }
        written.increment();
        if number % 16 == 15 {
            acknowledge.write_all(&(number + 1).to_le_bytes()).unwrap();
        }
    }
}

/// Runs the victim, kills it, and returns the last number it acknowledged.
fn run_and_kill(path: &Path, seeded: &mut Seeded) -> u32 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "victim", "--nocapture", "--test-threads=1"])
        .env(PATH, path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stderr.take().unwrap();
    let mut acknowledged = vec![0; 4];
    pipe.read_exact(&mut acknowledged).unwrap();
    // A pipe holds 64 KiB: the victim must not wait for a reader.
    let reader = std::thread::spawn(move || {
        pipe.read_to_end(&mut acknowledged).unwrap();
        acknowledged
    });
    std::thread::sleep(Duration::from_micros(seeded.below(40_000)));
    child.kill().unwrap();
    child.wait().unwrap();
    let acknowledged = reader.join().unwrap();
    let whole = acknowledged.chunks_exact(4).last().unwrap();
    u32::from_le_bytes(whole.try_into().unwrap())
}

fn number_of(event: &Event<'_>) -> Option<u32> {
    Some(match event {
        Event::Code(code) => {
            let filler = if code.trace_id.0 % 16 == 3 { (3000, 0x5A) } else { (150_000, 0xA5) };
            assert_eq!(code.bytes.len(), filler.0);
            assert!(code.bytes.iter().all(|byte| *byte == filler.1));
            code.trace_id.0
        }
        Event::TraceAbort(abort) => {
            assert_eq!(abort.detail, "something");
            abort.trace_id.0
        }
        Event::TraceStart(start) => start.trace_id.0,
        Event::Invalidate(invalidate) => invalidate.trace_id.0,
        _ => return None,
    })
}

#[test]
fn a_killed_writer_loses_nothing() {
    let mut seeded = Seeded(0xC0FFEE);
    let mut total = 0u64;
    for kill in 0..KILLS {
        let (_directory, path) = common::scratch();
        let acknowledged = run_and_kill(&path, &mut seeded);
        let reader = Reader::open(&path).unwrap();
        assert!(matches!(reader.health(), Health::Killed { .. }), "{:?}", reader.health());
        let types = Types::class(Class::E).union(Types::class(Class::B));
        let numbers = reader.events().types(types).filter_map(|entry| number_of(&entry.unwrap().event()));
        let numbers: Vec<u32> = numbers.collect();
        let count = numbers.len() as u32;
        assert!(numbers.iter().copied().eq(0..count), "kill {kill}: numbers are consecutive");
        assert!(count >= acknowledged, "kill {kill}: {acknowledged} acknowledged, {count} found");
        let counters = reader.counters();
        let counted = counters[0].value as u32;
        assert!(counted <= count && counted + 1 >= count, "kill {kill}: {counted} counted, {count} found");
        let placed: u64 = reader.counter_points().map(|point| point.delta).sum();
        assert_eq!(placed, counters[0].value);
        let guards = reader.defs().guards().count() as u32;
        assert!(guards >= acknowledged / 16, "kill {kill}: {guards} guards");
        assert_eq!(reader.verify().problems, []);
        assert_eq!(reader.loss().dropped_events, 0);
        total += u64::from(count);
    }
    println!("{KILLS} kills, {total} events, none lost");
}
