//! What writing costs the program.

use std::hint::black_box;
use std::time::Instant;

use jitlog::*;

use crate::Setting;
use crate::logs::{Seeded, cpu_ns, small_event, visit};
use crate::report::Report;

/// The least CPU time per call over several rounds.
fn per_call(rounds: u32, calls: u32, mut round: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..rounds {
        let start = cpu_ns();
        round();
        best = best.min((cpu_ns() - start) as f64 / f64::from(calls));
    }
    best
}

pub fn run(setting: &Setting, report: &mut Report) {
    let calls = if setting.quick { 20_000 } else { 1_000_000 };
    let path = setting.folder.join("cost.jlog");
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    let counter = log.counter(CounterKind::GuardFail, GuardId(1), 0);
    let empty = per_call(7, calls, || (0..calls).for_each(|n| _ = black_box(n)));
    let count = per_call(7, calls, || {
        (0..calls).for_each(|n| {
            black_box(n);
            counter.increment();
        });
    });
    let clock = per_call(7, calls, || (0..calls).for_each(|_| _ = black_box(log.now())));
    let mut sizes = [(16, 0.0), (24, 0.0), (32, 0.0)];
    sizes[0].1 = per_call(7, calls, || {
        (0..calls).for_each(|n| stream.samples_lost(&SamplesLost { n: black_box(n) }));
    });
    sizes[1].1 = per_call(7, calls, || {
        (0..calls).for_each(|n| {
            let reason = InvalidateReason(1);
            stream.invalidate(&Invalidate { trace_id: TraceId(black_box(n)), reason, loc_id: LocId(n) });
        });
    });
    sizes[2].1 = per_call(7, calls, || {
        (0..calls).for_each(|n| {
            let loc_id = LocId(black_box(n));
            stream.trace_start(&TraceStart { trace_id: TraceId(n), loc_id, tier: 1, ..Default::default() });
        });
    });
    report.at_most("counter increment, added to an empty loop", count - empty, 1.0, "ns");
    report.note("reading the clock alone", format!("{clock:.2} ns"));
    for (bytes, cost) in sizes {
        let what = format!("event of {bytes} bytes, time stamp included, warm pages");
        report.at_most(&what, cost, 15.0, "ns");
    }
    let mut written = 3 * 7 * u64::from(calls);
    let mut seeded = Seeded(5);
    let before = log.bytes();
    let cost = per_call(3, calls, || (0..calls).for_each(|n| small_event(&mut stream, n.into(), &mut seeded)));
    written += 3 * u64::from(calls);
    let mixed = log.bytes() - before;
    report.note("event of the small mix, making it up included", format!("{cost:.2} ns"));
    let per_event = mixed as f64 / f64::from(3 * calls);
    report.note("small mix in the file", format!("{per_event:.1} bytes per event"));
    let ops = vec![0x33u8; 10_000];
    let records = calls / 50;
    let bulk = per_call(3, records, || {
        (0..records).for_each(|n| stream.ir(&Ir { trace_id: TraceId(n), ops: black_box(&ops), ..Default::default() }));
    });
    written += 3 * u64::from(records);
    report.note("IR record of 10 kB", format!("{bulk:.0} ns"));
    drop(stream);
    let start = Instant::now();
    let closed = log.close();
    let what = format!("closing a log of {} MB", closed.bytes / 1_000_000);
    report.note(&what, format!("{:.1} ms", start.elapsed().as_secs_f64() * 1e3));
    let reader = Reader::open(&path).unwrap();
    let types = Types::class(Class::E).union(Types::class(Class::B));
    let own = Types::of(&[ClockSync::TYPE, LogStats::TYPE, CounterDelta::TYPE, Timebase::TYPE]);
    let mut read = 0u64;
    visit(reader.events().types(types), |view| read += u64::from(!own.contains(view.unwrap().event_type)));
    let holds = read == written && closed.dropped_events == 0 && reader.counters()[0].value == 7 * u64::from(calls);
    report.fact("records read of those written; counter exact", format!("{read} of {written}"), "all", holds);
    let create = (0..20).map(|number| {
        let start = Instant::now();
        let log = Log::create(LogOptions::new(setting.folder.join(format!("{number}.jlog")))).unwrap();
        let taken = start.elapsed();
        log.close();
        taken
    });
    let best = create.min().unwrap().as_secs_f64() * 1e3;
    report.note("creating a log", format!("{best:.2} ms"));
    size_of_the_mix(setting, report, calls.min(500_000));
}

/// Bytes per event of the mix, as it is and packed.
fn size_of_the_mix(setting: &Setting, report: &mut Report, events: u32) {
    let path = setting.folder.join("mix.jlog");
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    let mut seeded = Seeded(5);
    (0..events).for_each(|n| small_event(&mut stream, n.into(), &mut seeded));
    drop(stream);
    log.close();
    let reader = Reader::open(&path).unwrap();
    let (mut sum, mut count) = (0, 0);
    visit(reader.events(), |view| {
        sum += 8 + view.unwrap().body().len();
        count += 1;
    });
    let bytes = sum as f64 / f64::from(count);
    report.fact("bytes per event of the small mix", format!("{bytes:.1}"), "<= 28", bytes <= 28.0);
    let packed = std::fs::File::create(setting.folder.join("mix.jlogz")).unwrap();
    let size = jitlog::rewrite::pack(&path, &packed).unwrap().bytes as f64 / f64::from(events);
    report.time("the same packed", format!("{size:.1}"), "<= 14", size <= 14.0);
}
