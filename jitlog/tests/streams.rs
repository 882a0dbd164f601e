//! Streams, time and space: order across threads, ranges, filters, time bases, jumbo records, extents, determinism.
#![allow(clippy::unwrap_used)]

mod common;

use std::ops::ControlFlow;
use std::time::Duration;

use common::scratch;
use jitlog::format::layout::{BLOCK, EXTENT};
use jitlog::*;

fn numbers(events: jitlog::Events) -> Vec<u32> {
    events
        .filter_map(|entry| match entry.unwrap().event() {
            Event::Invalidate(event) => Some(event.trace_id.0),
            _ => None,
        })
        .collect()
}

fn invalidate(stream: &mut Stream, number: u32) {
    stream.invalidate(&Invalidate { trace_id: TraceId(number), ..Default::default() });
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    let (_first_directory, first) = scratch();
    let (_second_directory, second) = scratch();
    common::synthetic(&first);
    common::synthetic(&second);
    assert!(std::fs::read(&first).unwrap() == std::fs::read(&second).unwrap());
}

#[test]
fn everything_written_can_be_asked_for() {
    let (_directory, path) = scratch();
    common::synthetic(&path);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.health(), Health::Clean);
    let defs = reader.defs();
    assert_eq!(defs.process().unwrap().argv, r#"["prog.py","10"]"#);
    assert_eq!(defs.describe_loc(LocId(2)).unwrap(), "prog.py:2 in main");
    assert_eq!(defs.opcode(OpcodeSet::Ir, 7).unwrap().name, "G_INT");
    assert_eq!(defs.ir_type(1).unwrap().name, "Int");
    assert_eq!(defs.reason(ReasonDomain::Abort, 2).unwrap().text, "The trace got too long.");
    assert_eq!(defs.describe(format::IdKind::Guard, 1).unwrap(), "int int at prog.py:2 in main");
    let stack = defs.describe(format::IdKind::Stack, 2).unwrap();
    assert_eq!(stack, "prog.py:2 in main < prog.py:1 in main");
    let ir = reader.ir(TraceId(1), 1).unwrap();
    assert_eq!((ir.ops.len(), ir.constants[0].as_str(), ir.locs.len(), ir.snapshots.len()), (2, "42", 2, 1));
    assert_eq!(reader.ir_passes(TraceId(1)), [0, 1]);
    assert_eq!(reader.ir(TraceId(3), 0), None);
    assert_eq!(reader.code(TraceId(2)).unwrap().bytes, [0x90; 33]);
    assert_eq!(reader.code_map(TraceId(2)).unwrap().len(), 1);
    assert_eq!(reader.bytecode(TraceId(2)).unwrap().instructions[1].1, "ADD r0 r1");
    assert_eq!(reader.source_text(SourceId(1)).unwrap(), b"for i in range(10): pass\n");
    let totals: Vec<u64> = reader.counters().iter().map(|total| total.value).collect();
    assert_eq!(totals, [10, 20, 40, 50, 60]);
    let mut sums = [0; 6];
    reader.counter_points().for_each(|point| sums[point.counter_id.0 as usize] += point.delta);
    assert_eq!(sums[1..], totals);
    assert_eq!(reader.problems(), []);
}

#[test]
fn threads_are_merged_in_time_order() {
    let (_directory, path) = scratch();
    const EACH: u32 = 20_000;
    let log = Log::create(LogOptions::new(&path)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4u32 {
            let mut stream = log.stream(&format!("thread {thread}"), StreamKind::Mutator);
            scope.spawn(move || (0..EACH).for_each(|number| invalidate(&mut stream, thread * EACH + number)));
        }
    });
    log.close();
    let reader = Reader::open(&path).unwrap();
    let mut next = [0; 4];
    let mut last = 0;
    for entry in reader.events().types(Types::of(&[Invalidate::TYPE])) {
        let entry = entry.unwrap();
        assert!(entry.t_ns >= last);
        last = entry.t_ns;
        let Event::Invalidate(event) = entry.event() else { panic!() };
        let thread = (event.trace_id.0 / EACH) as usize;
        assert_eq!(event.trace_id.0 % EACH, next[thread]);
        next[thread] += 1;
    }
    assert_eq!(next, [EACH; 4]);
    assert_eq!(reader.health(), Health::Clean);
}

#[test]
fn ranges_are_half_open_and_types_are_filtered() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    // The log's own first record is at 1000 ns.
    for number in 0..20_000 {
        invalidate(&mut stream, number);
        stream.samples_lost(&SamplesLost { n: number });
    }
    drop(stream);
    log.close();
    let reader = Reader::open(&path).unwrap();
    let first = reader.events().types(Types::of(&[Invalidate::TYPE])).next().unwrap().unwrap();
    let start = first.t_ns;
    let range = start + 2_000 * 5_000..start + 2_000 * 5_010;
    assert_eq!(numbers(reader.events().range(range.clone())), (5_000..5_010).collect::<Vec<_>>());
    assert_eq!(reader.events().types(Types::of(&[SamplesLost::TYPE])).range(range).count(), 10);
    assert_eq!(Types::named(["sample", "nonsense"]), Err("nonsense"));
}

#[test]
fn long_pauses_get_a_new_time_base() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    for number in 0..10 {
        invalidate(&mut stream, number);
        log.advance_clock(Duration::from_secs(100));
    }
    drop(stream);
    log.close();
    let reader = Reader::open(&path).unwrap();
    let times: Vec<u64> =
        reader.events().types(Types::of(&[Invalidate::TYPE])).map(|entry| entry.unwrap().t_ns).collect();
    let gaps: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(gaps, [100_000_001_000; 9]);
    // Nine here and one for the log's own last records.
    assert_eq!(reader.verify().by_type[&Timebase::TYPE], 10);
}

#[test]
fn records_larger_than_a_block_and_files_larger_than_an_extent_are_whole() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    let sizes: Vec<usize> = vec![0, 65_400, 65_480, 65_488, 65_489, 65_520, 65_536, 1_000_000, 16_000_000];
    let filler = |size: usize| (0..size).map(|index| (index % 251) as u8).collect::<Vec<u8>>();
    let mut sources = 0;
    for round in 0..5u32 {
        for size in &sizes {
            sources += 1;
            stream.source_text(&SourceText { source_id: SourceId(sources), bytes: &filler(*size) });
            invalidate(&mut stream, sources);
        }
        assert!(round > 3 || log.bytes() < 2 * EXTENT);
    }
    // Over 16 MiB is dropped and counted.
    stream.source_text(&SourceText { source_id: SourceId(999), bytes: &vec![1; 17 << 20] });
    assert_eq!(log.dropped_events(), 1);
    // A long definition is as safe.
    let long = "x".repeat(200_000);
    let id = log.defs().string(&long);
    drop(stream);
    let closed = log.close();
    assert!(closed.bytes > EXTENT, "the test crosses an extent");
    let reader = Reader::open(&path).unwrap();
    assert_eq!(numbers(reader.events()), (1..=sources).collect::<Vec<_>>());
    for source in 1..=sources {
        let size = sizes[(source as usize - 1) % sizes.len()];
        assert!(reader.source_text(SourceId(source)).unwrap() == filler(size), "{size}");
    }
    assert_eq!(reader.defs().string(id).unwrap(), long);
    assert_eq!(reader.verify().problems, []);
    assert_eq!(reader.health(), Health::Clean);
}

#[test]
fn a_short_run_makes_a_small_file() {
    use std::os::unix::fs::MetadataExt;
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    let counter = log.counter(CounterKind::TraceExec, TraceId(1), 0);
    counter.increment();
    invalidate(&mut stream, 1);
    drop(stream);
    let closed = log.close();
    assert!(closed.bytes <= 8 * BLOCK as u64, "{closed:?}");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), closed.bytes);
    println!("{} bytes, {} on disk", closed.bytes, std::fs::metadata(&path).unwrap().blocks() * 512);
    // Closing twice, counting and writing afterwards are harmless.
    assert_eq!(log.close(), closed);
    counter.increment();
    assert_eq!(counter.get(), 2);
    invalidate(&mut log.stream("late", StreamKind::Mutator), 2);
    drop(log);
    assert_eq!(Reader::open(&path).unwrap().counters()[0].value, 1);
    assert_eq!(numbers(Reader::open(&path).unwrap().events()), [1]);
}

#[test]
fn a_log_can_be_read_while_it_is_written() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    let counter = log.counter(CounterKind::TraceExec, TraceId(1), 0);
    for number in 0..10_000 {
        invalidate(&mut stream, number);
        counter.increment();
    }
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.health(), Health::Open);
    assert_eq!(numbers(reader.events()), (0..10_000).collect::<Vec<_>>());
    assert_eq!(reader.counters()[0].value, 10_000);
    assert_eq!(reader.problems(), []);
}

#[test]
fn a_file_that_is_no_log_is_not_replaced_and_a_live_log_neither() {
    let (_directory, path) = scratch();
    std::fs::write(&path, "print('precious')").unwrap();
    assert!(Log::create(LogOptions::new(&path)).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "print('precious')");
    std::fs::remove_file(&path).unwrap();
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let error = Log::create(LogOptions::new(&path)).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ResourceBusy);
    log.close();
    Log::create(LogOptions::new(&path)).unwrap().close();
    assert_eq!(Reader::open(&path).unwrap().health(), Health::Clean);
}

#[test]
fn threads_that_count_and_write_on_while_the_log_is_closed_do_no_harm() {
    use std::sync::atomic::{AtomicBool, Ordering};
    for _ in 0..20 {
        let (_directory, path) = scratch();
        let log = Log::create(LogOptions::new(&path)).unwrap();
        let counter = log.counter(CounterKind::TraceExec, TraceId(1), 0);
        let mut stream = log.stream("main", StreamKind::Mutator);
        let (started, stop) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0.. {
                    counter.increment();
                    if number < 1_000 {
                        invalidate(&mut stream, number);
                    }
                    started.store(true, Ordering::Relaxed);
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
            while !started.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            log.close();
            stop.store(true, Ordering::Relaxed);
        });
        let reader = Reader::open(&path).unwrap();
        let found = numbers(reader.events());
        assert!(found.iter().copied().eq(0..found.len() as u32));
        assert!(reader.counters()[0].value >= 1);
        assert_eq!((reader.health(), reader.verify().problems), (Health::Clean, vec![]));
    }
}

/// Each event as time, stream and number.
fn stamp(view: &RecordView<'_>) -> (u64, u32, u32) {
    match view.event() {
        Event::Invalidate(event) => (view.t_ns, view.stream.0, event.trace_id.0),
        _ => (view.t_ns, view.stream.0, 0),
    }
}

#[test]
fn all_ways_of_reading_give_the_same_events_in_the_same_order() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let mut streams: Vec<Stream> = (0..5).map(|n| log.stream(&n.to_string(), StreamKind::Mutator)).collect();
    for n in 0..200_000u32 {
        invalidate(&mut streams[(n / 7 % 5) as usize], n);
    }
    drop(streams);
    log.close();
    let reader = Reader::open(&path).unwrap();
    let end = reader.last_ns();
    for range in [0..u64::MAX, end / 3..end / 2, end..end + 1, 5..6] {
        let events = || reader.events().range(range.clone());
        let kept: Vec<(u64, u32, u32)> = events()
            .map(|entry| {
                let entry = entry.unwrap();
                match entry.event() {
                    Event::Invalidate(event) => (entry.t_ns, entry.stream.0, event.trace_id.0),
                    _ => (entry.t_ns, entry.stream.0, 0),
                }
            })
            .collect();
        let seen = |mut events: Events| {
            let mut seen = Vec::new();
            let done: ControlFlow<()> = events.visit(|view| {
                seen.push(stamp(&view.unwrap()));
                ControlFlow::Continue(())
            });
            assert!(done.is_continue());
            seen
        };
        assert_eq!(seen(events()), kept, "{range:?}");
        let mut joined = Vec::new();
        let done: ControlFlow<()> = events().in_parallel(3, seen, |part| {
            joined.extend(part);
            ControlFlow::Continue(())
        });
        assert!(done.is_continue());
        assert_eq!(joined, kept, "{range:?}");
    }
    // Unmerged: the same events, each stream in its order; and `take` may end it.
    let types = Types::of(&[Invalidate::TYPE]);
    let part = |records: &mut jitlog::read::BlockRecords<'_>| {
        let mut part = Vec::new();
        records.for_each(|view| part.push(stamp(&view)));
        part
    };
    let mut all = Vec::new();
    let done: ControlFlow<()> = reader.blocks_in_parallel(types, 3, part, |part| {
        all.extend(part);
        ControlFlow::Continue(())
    });
    assert!(done.is_continue());
    all.sort_unstable();
    assert!(all.iter().map(|event| event.2).eq(0..200_000));
    assert_eq!(reader.blocks_in_parallel(types, 3, part, |part| ControlFlow::Break(part.len() > 1)), {
        ControlFlow::Break(true)
    });
    // A visit that breaks off goes on where it was.
    let mut events = reader.events().types(types);
    assert_eq!(events.visit(|view| ControlFlow::Break(stamp(&view.unwrap()).2)), ControlFlow::Break(0));
    assert_eq!(events.visit(|view| ControlFlow::Break(stamp(&view.unwrap()).2)), ControlFlow::Break(1));
    assert!(matches!(events.next().unwrap().unwrap().event(), Event::Invalidate(event) if event.trace_id.0 == 2));
}
