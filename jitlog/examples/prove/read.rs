//! How fast a large log is opened, sought, decoded and printed, and what memory that takes.

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use jitlog::format::layout::{BLOCK, checksum};
use jitlog::*;

use crate::Setting;
use crate::logs::{self, cpu_ns};
use crate::report::Report;

pub fn run(setting: &Setting, report: &mut Report) {
    let path = setting.folder.join("big.jlog");
    let (bytes, definitions) = if setting.quick { (24 << 20, 1_000) } else { (2 << 30, 200_000) };
    let events = logs::write_big(&path, bytes, definitions);
    report.note("the large log", format!("{:.2} GB, {events} events", bytes as f64 / 1e9));
    // In a process of its own, whose memory is the reader's.
    let mut command = Command::new(std::env::current_exe().unwrap());
    let status = command.arg("measure-reader").arg(&path).arg(if setting.quick { "quick" } else { "full" }).status();
    if !status.unwrap().success() {
        report.fact("reading the large log", "see above".into(), "", false);
    }
    std::fs::remove_file(&path).unwrap();
    merge(setting, report);
    json_lines(setting, report);
}

/// Reads the large log in all ways.
pub fn measure(path: &Path, quick: bool) -> ExitCode {
    let mut report = Report::new(quick);
    let start = Instant::now();
    let cold = (0..5).filter(|_| forget(path)).map(|_| {
        let start = Instant::now();
        drop(Reader::open(path).unwrap());
        start.elapsed().as_secs_f64() * 1e3
    });
    let cold = cold.fold(f64::MAX, f64::min);
    report.at_most("opening it, nothing in the page cache, best of 5", cold, 50.0, "ms");
    let warm = (0..20).map(|_| {
        let start = Instant::now();
        drop(Reader::open(path).unwrap());
        start.elapsed().as_secs_f64() * 1e3
    });
    report.at_most("opening it again", warm.fold(f64::MAX, f64::min), 10.0, "ms");
    let reader = Reader::open(path).unwrap();
    let end = reader.last_ns();
    let seek = |part: u64| {
        let at = end / 100 * part;
        let start = Instant::now();
        assert!(reader.events().range(at..u64::MAX).next().is_some());
        start.elapsed().as_secs_f64() * 1e3
    };
    forget(path);
    // Cold means the first look at each place.
    let mut cold: Vec<f64> = (1..100).map(seek).collect();
    cold.sort_by(f64::total_cmp);
    report.at_most("seeking to a time, first look there, median of 99", cold[49], 2.0, "ms");
    let warm = (1..100).map(seek).fold(f64::MAX, f64::min);
    report.note("seeking to a time again, best", format!("{warm:.3} ms"));

    let types = Types::class(Class::E);
    // The first pass only fills the page cache.
    decode(&reader, types, 1);
    // The machine does other things too: the least of three is what it takes.
    let least = |work: &dyn Fn()| {
        let seconds = (0..3).map(|_| {
            let start = cpu_ns();
            work();
            (cpu_ns() - start) as f64 / 1e9
        });
        seconds.fold(f64::MAX, f64::min)
    };
    let plain = least(&|| read_and_check(path));
    let (count, bytes) = decode(&reader, types, 1);
    let seconds = least(&|| _ = decode(&reader, types, 1));
    report.at_least("decoding, one core: bytes of the blocks", bytes as f64 / 1e9 / seconds, 2.0, "GB/s");
    report.note("decoding, one core: events", format!("{:.2} M/s", count as f64 / 1e6 / seconds));
    let what = "reading and checking the same blocks, nothing else";
    report.note(what, format!("{:.2} GB/s", bytes as f64 / 1e9 / plain));
    let in_memory = count as f64 / 1e6 / (seconds - plain).max(1e-9);
    report.at_least("decoding without that, events in memory", in_memory, 100.0, "M/s");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let start_parallel = Instant::now();
    let (parallel, _) = decode(&reader, types, threads);
    let seconds = start_parallel.elapsed().as_secs_f64();
    let what = format!("decoding on {threads} threads, wall clock");
    report.note(&what, format!("{:.0} M events/s", count as f64 / 1e6 / seconds));
    report.fact("the same events as on one", format!("{parallel}"), "equal", parallel == count);
    let (found, _) = decode(&reader, Types::of(&[GcBegin::TYPE]), 1);
    let seconds = least(&|| _ = decode(&reader, Types::of(&[GcBegin::TYPE]), 1));
    let what = "passing over all but one type: events passed";
    report.note(what, format!("{:.2} M/s", count as f64 / 1e6 / seconds));
    let start_none = Instant::now();
    assert_eq!(reader.events().types(Types::of(&[Heap::TYPE])).count(), 0);
    report.note("asking for a type it does not have", format!("{:.2} ms", start_none.elapsed().as_secs_f64() * 1e3));

    let start_ordered = cpu_ns();
    let (mut ordered, mut sum) = (0u64, 0);
    logs::visit(reader.events().types(types), |view| {
        sum ^= look(&view.unwrap().event());
        ordered += 1;
    });
    std::hint::black_box(sum);
    let per_event = (cpu_ns() - start_ordered) as f64 / ordered as f64;
    report.note("decoding in time order, one core", format!("{:.0} M events/s", 1e3 / per_event));
    report.fact("the same events in time order", ordered.to_string(), "equal", ordered == count);
    let mut slices = 0;
    let start_slices = Instant::now();
    let done: ControlFlow<()> = reader.events().types(types).in_parallel(threads, Iterator::count, |part| {
        slices += part as u64;
        ControlFlow::Continue(())
    });
    assert!(done.is_continue());
    let seconds = start_slices.elapsed().as_secs_f64();
    let what = format!("in time order on {threads} threads, entries kept, wall clock");
    report.note(&what, format!("{:.0} M events/s", count as f64 / 1e6 / seconds));
    report.fact("the same events in slices", slices.to_string(), "equal", slices == count);
    let checked = reader.verify_on(1);
    report.fact("blocks verified", checked.verified.to_string(), "all", checked.problems.is_empty());
    let counted = checked.by_type.get(&GcBegin::TYPE).copied().unwrap_or(0);
    report.fact("events of one type, passed to and counted", found.to_string(), "equal", found == counted);
    let definitions = checked.by_kind.get(&BlockKind::Defs).map_or(0, |kind| kind.used);
    let resident = peak_memory();
    let rest = resident.saturating_sub(definitions) as f64 / f64::from(1 << 20);
    let what = "memory of the reader after all of that, at its highest";
    report.note(what, format!("{:.1} MiB", resident as f64 / f64::from(1 << 20)));
    let what = format!("the same without {:.1} MB of definitions", definitions as f64 / 1e6);
    report.fact(&what, format!("{rest:.1} MiB"), "<= 64 MiB", rest <= 64.0);
    report.note("all of these readings", format!("{:.1} s", start.elapsed().as_secs_f64()));
    ExitCode::from(u8::from(report.failed()))
}

/// Decodes every event of these types; how many, and bytes of the records.
fn decode(reader: &Reader, types: Types, threads: usize) -> (u64, u64) {
    let (mut count, mut bytes) = (0, 0);
    let done: ControlFlow<()> = reader.blocks_in_parallel(
        types,
        threads,
        |records| {
            let (mut count, mut bytes, mut sum) = (0u64, 0u64, 0u64);
            records.for_each(|view| {
                count += 1;
                bytes += 8 + view.body().len() as u64;
                sum = sum.wrapping_add(look(&view.event()) ^ view.t_ns);
            });
            std::hint::black_box(sum);
            (count, bytes)
        },
        |(some, part)| {
            count += some;
            bytes += part;
            ControlFlow::Continue(())
        },
    );
    assert!(done.is_continue());
    (count, bytes)
}

/// What decoding cannot do without: positioned reads and checksums, block by block.
fn read_and_check(path: &Path) {
    let file = File::open(path).unwrap();
    let mut block = vec![0; BLOCK];
    let mut at = 0;
    while let Ok(read @ 1..) = file.read_at(&mut block, at) {
        std::hint::black_box(checksum(&block[..read]));
        at += read as u64;
    }
}

/// Uses the fields, so that decoding them cannot be left out.
fn look(event: &Event<'_>) -> u64 {
    match event {
        Event::TraceStart(start) => u64::from(start.trace_id.0 ^ start.loc_id.0),
        Event::GuardHot(hot) => u64::from(hot.guard_id.0 ^ hot.count),
        Event::Invalidate(event) => u64::from(event.trace_id.0 ^ event.loc_id.0),
        Event::Hot(hot) => u64::from(hot.loc_id.0 ^ hot.count ^ hot.threshold),
        Event::GcBegin(begin) => u64::from(begin.gc_id.0),
        Event::CompileStart(start) => u64::from(start.trace_id.0) ^ start.queue_ns,
        Event::CodeInstall(install) => install.addr.0 ^ u64::from(install.bytes),
        Event::Blacklist(event) => u64::from(event.loc_id.0 ^ event.until_count),
        _ => 0,
    }
}

/// Lets the page cache forget the file.
fn forget(path: &Path) -> bool {
    let file = File::open(path).unwrap();
    // SAFETY: plain system calls on a descriptor that is open.
    file.sync_all().is_ok() && unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) == 0 }
}

fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Eight streams merged: each event on another stream, and in turns of a hundred.
fn merge(setting: &Setting, report: &mut Report) {
    let events: u32 = if setting.quick { 80_000 } else { 8_000_000 };
    for (what, turn) in [("each on another", 1), ("in turns of 100", 100)] {
        let path = setting.folder.join(format!("merge{turn}.jlog"));
        let log = Log::create(LogOptions::new(&path)).unwrap();
        let mut streams: Vec<Stream> = (0..8).map(|n| log.stream(&n.to_string(), StreamKind::Mutator)).collect();
        for n in 0..events {
            let trace_id = TraceId(n);
            streams[(n / turn % 8) as usize].invalidate(&Invalidate { trace_id, ..Default::default() });
        }
        drop(streams);
        log.close();
        let reader = Reader::open(&path).unwrap();
        let types = Types::of(&[Invalidate::TYPE]);
        let mut best = u64::MAX;
        for _ in 0..3 {
            let (start, mut sum) = (cpu_ns(), 0);
            logs::visit(reader.events().types(types), |view| sum ^= look(&view.unwrap().event()));
            std::hint::black_box(sum);
            best = best.min(cpu_ns() - start);
        }
        let (mut next, mut last, mut found, mut exact) = ([0; 8], 0, 0, true);
        logs::visit(reader.events().types(types), |view| {
            let view = view.unwrap();
            if let Event::Invalidate(event) = view.event() {
                // Two stores within the clock's resolution may change places, two of one stream never.
                let stream = (event.trace_id.0 / turn % 8) as usize;
                exact &= view.t_ns >= last && event.trace_id.0 >= next[stream];
                next[stream] = event.trace_id.0 + 1;
                last = view.t_ns;
                found += 1;
            }
        });
        exact &= found == events;
        let speed = f64::from(events) * 1e3 / best as f64;
        let what = format!("merging 8 streams, {what}, reading them included");
        report.at_least(&what, speed, 30.0, "M events/s");
        report.fact("all of them, in order of time and stream", events.to_string(), "exact", exact);
    }
}

/// The command itself, into a pipe: CPU time of the process.
fn json_lines(setting: &Setting, report: &mut Report) {
    let path = setting.folder.join("json.jlog");
    logs::write_big(&path, if setting.quick { 4 << 20 } else { 256 << 20 }, 1_000);
    let lines = Reader::open(&path).unwrap().events().types(Types::all()).count() as u64;
    let before = child_seconds();
    let mut child =
        Command::new(logs::tool()).args(["cat", "--json"]).arg(&path).stdout(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    let mut pipe = child.stdout.take().unwrap();
    let mut buffer = vec![0u8; 1 << 20];
    let (mut bytes, mut found) = (0u64, 0u64);
    while let Ok(read @ 1..) = pipe.read(&mut buffer) {
        bytes += read as u64;
        found += buffer[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    let wall = start.elapsed().as_secs_f64();
    assert!(child.wait().unwrap().success());
    let own = child_seconds() - before;
    report.at_least("JSON Lines, per core", bytes as f64 / 1e6 / own, 300.0, "MB/s");
    report.note("JSON Lines, wall clock into a pipe", format!("{:.0} MB/s", bytes as f64 / 1e6 / wall));
    // A header line comes first.
    report.fact("JSON Lines: events printed", format!("{} of {lines}", found - 1), "all", found == lines + 1);
}

/// CPU seconds of the children that were waited for.
fn child_seconds() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is valid for the call, and all zeros are valid if it fails.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
        usage.assume_init()
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
