//! What logging costs: the figures of the README. Not run by default.
//!
//! `cargo test --release -p jitlog --test cost -- --ignored --nocapture --test-threads=1`
#![allow(clippy::unwrap_used)]

mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::scratch;
use jitlog::*;

/// CPU nanoseconds of this thread.
fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The least CPU time per call over several rounds.
fn per_call(rounds: u32, calls: u32, mut round: impl FnMut(u32)) -> f64 {
    let mut best = f64::MAX;
    for number in 0..rounds {
        let start = cpu_ns();
        round(number);
        best = best.min((cpu_ns() - start) as f64 / f64::from(calls));
    }
    best
}

#[test]
#[ignore = "a measurement"]
fn writing() {
    const CALLS: u32 = 1_000_000;
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    let counter = log.counter(CounterKind::GuardFail, GuardId(1), 0);
    let word = counter.as_ptr();

    let empty = per_call(7, CALLS, |_| (0..CALLS).for_each(|n| _ = black_box(n)));
    let count = per_call(7, CALLS, |_| {
        for n in 0..CALLS {
            black_box(n);
            // SAFETY: the slot is valid for the life of the process.
            unsafe { word.write_volatile(word.read_volatile() + 1) };
        }
    });
    let clock = per_call(7, CALLS, |_| (0..CALLS).for_each(|_| _ = black_box(log.now())));
    let small = per_call(7, CALLS, |_| {
        for n in 0..CALLS {
            stream.samples_lost(&SamplesLost { n: black_box(n) });
        }
    });
    let event = per_call(7, CALLS, |_| {
        for n in 0..CALLS {
            stream.invalidate(&Invalidate {
                trace_id: TraceId(black_box(n)),
                reason: InvalidateReason(1),
                loc_id: LocId(n),
            });
        }
    });
    let ops = vec![0x33u8; 10_000];
    let bulk = per_call(5, 20_000, |_| {
        for n in 0..20_000 {
            stream.ir(&Ir { trace_id: TraceId(n), ops: black_box(&ops), ..Default::default() });
        }
    });
    println!("empty loop                      {empty:6.2} ns");
    println!("counter increment               {:6.2} ns added", count - empty);
    println!("reading the clock               {clock:6.2} ns");
    println!("event of 16 bytes               {small:6.2} ns, clock included");
    println!("event of 24 bytes               {event:6.2} ns, clock included");
    println!("IR record of 10 kB              {bulk:6.0} ns");
    assert_eq!(log.dropped_events(), 0);
    drop(stream);
    let start = Instant::now();
    let closed = log.close();
    println!("close of {} MB in {:?}", closed.bytes / 1_000_000, start.elapsed());

    let create = (0..20).map(|_| {
        let (_directory, path) = scratch();
        let start = Instant::now();
        let log = Log::create(LogOptions::new(&path)).unwrap();
        let taken = start.elapsed();
        log.close();
        taken
    });
    println!("create                          {:?} at best", create.min().unwrap());
}

#[test]
#[ignore = "a measurement"]
fn reading() {
    const EVENTS: u32 = 20_000_000;
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let mut streams: Vec<Stream> = (0..4).map(|n| log.stream(&n.to_string(), StreamKind::Mutator)).collect();
    for n in 0..EVENTS {
        let stream = &mut streams[(n / 1000 % 4) as usize];
        stream.invalidate(&Invalidate { trace_id: TraceId(n), ..Default::default() });
    }
    drop(streams);
    let bytes = log.close().bytes;
    let open = (0..10).map(|_| {
        let start = Instant::now();
        black_box(Reader::open(&path).unwrap());
        start.elapsed()
    });
    println!("open of {} MB                  {:?} at best", bytes / 1_000_000, open.min().unwrap());
    let reader = Reader::open(&path).unwrap();
    let mut sum = 0u64;
    let start = cpu_ns();
    for entry in reader.events() {
        if let Event::Invalidate(event) = entry.unwrap().event() {
            sum += u64::from(event.trace_id.0);
        }
    }
    let merged = cpu_ns() - start;
    assert_eq!(sum, u64::from(EVENTS) * u64::from(EVENTS - 1) / 2);
    println!("merge of 4 streams and decoding {:6.1} ns per event", merged as f64 / f64::from(EVENTS));
    let start = cpu_ns();
    let found = reader.verify();
    let checked = cpu_ns() - start;
    println!("verify                          {:6.2} GB/s", bytes as f64 / checked as f64);
    assert_eq!(found.problems, []);
    let middle = reader.events().nth(EVENTS as usize / 2).unwrap().unwrap().t_ns;
    let start = Instant::now();
    let found = reader.events().range(middle..middle + 1_000).count();
    println!("seek to the middle, {found} events  {:?}", start.elapsed());
}

/// How late an event is seen by who looks every 20 ms, as `jitlog follow` does.
#[test]
#[ignore = "a measurement"]
fn following() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let mut follow = Reader::open(&path).unwrap().follow().types(Types::of(&[Mark::TYPE]));
    let start = Instant::now();
    let mut stream = log.stream("main", StreamKind::Mutator);
    let writer = std::thread::spawn(move || {
        for _ in 0..2_000 {
            stream.mark(&Mark { count: start.elapsed().as_nanos() as i64, ..Default::default() });
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let mut latencies = Vec::new();
    let cpu = cpu_ns();
    while !writer.is_finished() {
        let batch = follow.poll().unwrap();
        let now = start.elapsed().as_nanos() as i64;
        for entry in batch {
            if let Event::Mark(mark) = entry.unwrap().event() {
                latencies.push(now - mark.count);
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let share = (cpu_ns() - cpu) as f64 / start.elapsed().as_nanos() as f64;
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100] as f64 / 1e6;
    println!(
        "follow: median {:.1} ms, 99 % {:.1} ms, worst {:.1} ms; {:.2} % of a core",
        at(50),
        at(99),
        at(100),
        share * 100.0
    );
}

#[test]
#[ignore = "a measurement"]
fn rewriting() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    let mut seeded = common::Seeded(3);
    for n in 0..5_000_000u32 {
        let (trace_id, guard_id) = (TraceId(seeded.below(300) as u32), GuardId(seeded.below(5_000) as u32));
        match n % 8 {
            0 => stream.trace_start(&TraceStart { trace_id, ..Default::default() }),
            1..4 => {
                stream.sample(&Sample { trace_id, weight_ns: 1_000_000 + seeded.below(5_000), ..Default::default() })
            }
            _ => stream.bailout(&Bailout { guard_id, trace_id, weight: 1, ..Default::default() }),
        }
    }
    drop(stream);
    let bytes = log.close().bytes;
    let run = |name: &str, rewrite: fn(&std::path::Path, &std::fs::File) -> u64| {
        let start = cpu_ns();
        let size = rewrite(&path, &std::fs::File::create(path.with_extension(name)).unwrap());
        let seconds = (cpu_ns() - start) as f64 / 1e9;
        println!("{name}: {bytes} -> {size} bytes, {:.0} MB/s", bytes as f64 / 1e6 / seconds);
    };
    run("repair", |path, out| jitlog::rewrite::repair(path, out).unwrap().bytes);
    run("pack", |path, out| jitlog::rewrite::pack(path, out).unwrap().bytes);
    for name in ["repair", "pack"] {
        let reader = Reader::open(path.with_extension(name)).unwrap();
        let start = cpu_ns();
        let events = reader.events().count();
        println!("reading {name}: {:.1} ns per event", (cpu_ns() - start) as f64 / events as f64);
    }
}
