//! What the parts share: clocks, random numbers, logs to read, and what a log gives as comparable numbers.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use jitlog::*;

/// CPU nanoseconds of this thread.
pub fn cpu_ns() -> u64 {
    clock(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Nanoseconds of a clock all processes share.
pub fn monotonic_ns() -> u64 {
    clock(libc::CLOCK_MONOTONIC)
}

fn clock(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for the call.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// xorshift: the same numbers in every run.
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

/// A log of about `bytes` bytes as a busy VM writes it: a mix of small events on four streams that take turns of a
/// hundred, one IR record of 4 kB per thousand events, definitions. The number of small events.
pub fn write_big(path: &Path, bytes: u64, definitions: u32) -> u64 {
    let log = Log::create(LogOptions::new(path).max_bytes(bytes + (64 << 20))).unwrap();
    let defs = log.defs();
    let source = defs.source("big.py", b"pass");
    let func = defs.func(source, "main", 1, 1000);
    for n in 0..definitions {
        defs.loc(func, n, n / 8 + 1, (n % 80) as u16);
    }
    let mut streams: Vec<Stream> = (0..4).map(|n| log.stream(&format!("thread {n}"), StreamKind::Mutator)).collect();
    let ops: Vec<u8> = (0..4096u32).map(|n| ((n * n) >> 3) as u8).collect();
    let mut seeded = Seeded(42);
    let mut events = 0;
    while log.bytes() < bytes {
        for stream in &mut streams {
            for _ in 0..100 {
                small_event(stream, events, &mut seeded);
                events += 1;
                if events % 1000 == 0 {
                    stream.ir(&Ir { trace_id: TraceId(events as u32 / 1000), ops: &ops, ..Default::default() });
                }
            }
        }
    }
    drop(streams);
    assert_eq!(log.close().dropped_events, 0);
    events
}

/// The mix: what a VM logs in time, in equal parts.
pub fn small_event(stream: &mut Stream, number: u64, seeded: &mut Seeded) {
    let word = seeded.next();
    let (trace_id, loc_id) = (TraceId(word as u32 % 300 + 1), LocId((word >> 32) as u32 % 5000 + 1));
    let guard_id = GuardId((word >> 20) as u32 % 5000 + 1);
    match number % 8 {
        0 => stream.trace_start(&TraceStart { trace_id, loc_id, tier: 1, ..Default::default() }),
        1 => stream.guard_hot(&GuardHot { guard_id, count: 200, ..Default::default() }),
        2 => stream.invalidate(&Invalidate { trace_id, loc_id, ..Default::default() }),
        3 => stream.hot(&Hot { loc_id, count: 1000, threshold: 1000, ..Default::default() }),
        4 => stream.gc_begin(&GcBegin { gc_id: GcId(number as u32), ..Default::default() }),
        5 => stream.compile_start(&CompileStart { trace_id, queue_ns: word & 0xFFFF, ..Default::default() }),
        6 => stream.code_install(&CodeInstall { trace_id, addr: Address(word & 0xFFF_FFFF), bytes: 512 }),
        _ => stream.blacklist(&Blacklist { loc_id, until_count: 7, ..Default::default() }),
    }
}

/// A small log with something of everything, the same bytes each time; two streams, bulk, jumbo, counters.
pub fn write_small(path: &Path) {
    let log = Log::create(LogOptions::new(path).logical_clock(true)).unwrap();
    let defs = log.defs();
    let source = defs.source("small.py", b"for i in range(10): pass");
    let func = defs.func(source, "main", 1, 9);
    let mut main = log.stream("main", StreamKind::Mutator);
    let mut gc = log.stream("gc", StreamKind::Gc);
    let mut seeded = Seeded(7);
    for n in 0..40u32 {
        let loc_id = defs.loc(func, n * 2, n, 1);
        let guard_id = defs.new_guard_id();
        let failures = log.counter(CounterKind::GuardFail, guard_id, 0);
        failures.add(u64::from(n) * 3 + 1);
        let expected = "int";
        defs.guard(&GuardDef { guard_id, loc_id, counter_id: failures.id(), expected, ..Default::default() });
        (0..8).for_each(|event| small_event(&mut main, event, &mut seeded));
        main.ir(&Ir { trace_id: TraceId(n), ops: &[n as u8; 48], ..Default::default() });
        main.bailout(&Bailout { guard_id, loc_id, observed_text: "'abc'", ..Default::default() });
        gc.gc_begin(&GcBegin { gc_id: GcId(n), ..Default::default() });
        log.advance_clock(Duration::from_micros(300));
        gc.gc_end(&GcEnd { gc_id: GcId(n), pause_ns: 300_000, ..Default::default() });
        if n % 10 == 0 {
            log.snapshot_counters();
        }
    }
    main.exit_status(&ExitStatus { status: 0, how: ExitHow::Normal });
    drop((main, gc));
    log.close();
}

/// Shows all events.
pub fn visit(mut events: Events, mut see: impl FnMut(Result<RecordView<'_>, Problem>)) {
    let done: ControlFlow<()> = events.visit(|item| {
        see(item);
        ControlFlow::Continue(())
    });
    assert!(done.is_continue());
}

/// Numbers of records by stream and class, in order.
type Records = BTreeMap<(u32, u8), Vec<u64>>;

/// All a log gives: a number for each record; counters; the problems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    pub records: Records,
    /// Those of them that the reader says a checksum vouches for.
    pub verified: Records,
    pub counters: Vec<u64>,
    pub problems: Vec<Problem>,
}

pub fn contents(reader: &Reader) -> Contents {
    let (mut records, mut verified) = (Records::new(), Records::new());
    let mut last = 0;
    visit(reader.events().types(Types::all()), |item| {
        let Ok(view) = item else {
            return;
        };
        assert!(view.t_ns >= last, "time runs backwards");
        last = view.t_ns;
        let class = spec(view.event_type);
        let stamp = view.t_ns.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(view.event_type) << 48;
        let number = stamp ^ xxhash_rust::xxh3::xxh3_64(view.body());
        records.entry((view.stream.0, class)).or_default().push(number);
        if view.is_verified() {
            verified.entry((view.stream.0, class)).or_default().push(number);
        }
    });
    let counters = reader.counters().iter().map(|total| total.value).collect();
    Contents { records, verified, counters, problems: reader.problems() }
}

fn spec(event_type: u16) -> u8 {
    match spec_of(event_type).map(|spec| spec.class) {
        Some(Class::D) => 1,
        Some(Class::E) => 2,
        Some(Class::B) => 3,
        None => 0,
    }
}

impl Contents {
    pub fn count(&self) -> usize {
        self.records.values().map(Vec::len).sum()
    }

    /// Whether each list is a prefix of the one in `whole`.
    pub fn is_prefix_of(&self, whole: &Contents) -> bool {
        self.records.iter().all(|(key, mine)| whole.records.get(key).is_some_and(|all| all.starts_with(mine)))
    }

    /// Whether each list is what remains of the one in `whole` when records are left out.
    pub fn is_part_of(&self, whole: &Contents) -> bool {
        is_part(&self.records, &whole.records)
    }

    /// The same of the records that a checksum vouches for.
    pub fn is_verified_part_of(&self, whole: &Contents) -> bool {
        is_part(&self.verified, &whole.records)
    }

    /// Whether there are records that no checksum vouches for.
    pub fn has_unverified(&self) -> bool {
        self.records != self.verified
    }
}

fn is_part(part: &Records, whole: &Records) -> bool {
    part.iter().all(|(key, mine)| {
        let mut all = whole.get(key).into_iter().flatten();
        mine.iter().all(|record| all.any(|other| other == record))
    })
}

/// The tool beside this program.
pub fn tool() -> std::path::PathBuf {
    let own = std::env::current_exe().unwrap();
    let tool = own.parent().and_then(Path::parent).unwrap().join("jitlog");
    assert!(tool.exists(), "{} is not built; scripts/prove-log builds it", tool.display());
    tool
}
