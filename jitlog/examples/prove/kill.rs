//! SIGKILL at random moments: nothing acknowledged is lost, nothing is torn, counters are exact.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use jitlog::*;

use crate::Setting;
use crate::logs::{Seeded, visit};
use crate::report::Report;

const LARGE: usize = 3000;
const JUMBO: usize = 150_000;

/// The victim: numbered records of mixed sizes on one thread, small ones on another, until it is killed. Every 64 it
/// tells how many it has written.
pub fn victim(path: &Path) -> ExitCode {
    let log = Log::create(LogOptions::new(path).counter_interval(Duration::from_millis(3))).unwrap();
    let defs = log.defs();
    let written = log.counter(CounterKind::LoopIter, TraceId(1), 0);
    let beside = log.clone();
    std::thread::spawn(move || {
        let counter = beside.counter(CounterKind::GuardFail, GuardId(1), 0);
        let mut stream = beside.stream("beside", StreamKind::Compiler);
        for count in 0.. {
            stream.guard_hot(&GuardHot { guard_id: GuardId(1), count, ..Default::default() });
            counter.increment();
            std::hint::spin_loop();
        }
    });
    let mut stream = log.stream("victim", StreamKind::Mutator);
    let mut acknowledge = std::io::stdout();
    let large = vec![0x5A; LARGE];
    let jumbo = vec![0xA5; JUMBO];
    for number in 0.. {
        let trace_id = TraceId(number);
        match number % 64 {
            3 => stream.code(&Code { trace_id, arch: Arch::X86_64, bytes: &large, ..Default::default() }),
            7 | 23 => stream.trace_abort(&TraceAbort { trace_id, detail: "something", ..Default::default() }),
            11 => {
                defs.guard(&GuardDef { guard_id: GuardId(number + 1), trace_id, ..Default::default() });
                stream.trace_start(&TraceStart { trace_id, ..Default::default() });
            }
            63 if number % 4096 == 63 => stream.code(&Code { trace_id, bytes: &jumbo, ..Default::default() }),
            _ => stream.invalidate(&Invalidate { trace_id, ..Default::default() }),
        }
        written.increment();
        if number % 64 == 63 {
            acknowledge.write_all(&(number + 1).to_le_bytes()).unwrap();
            acknowledge.flush().unwrap();
        }
    }
    ExitCode::SUCCESS
}

/// Runs the victim, kills it, and returns the last number it acknowledged.
fn run_and_kill(path: &Path, after: Duration) -> u32 {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let mut child = child.arg("victim").arg(path).stdout(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let mut acknowledged = vec![0; 4];
    pipe.read_exact(&mut acknowledged).unwrap();
    // A pipe holds 64 KiB: the victim must not wait for a reader.
    let reader = std::thread::spawn(move || {
        pipe.read_to_end(&mut acknowledged).unwrap();
        acknowledged
    });
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    let acknowledged = reader.join().unwrap();
    u32::from_le_bytes(acknowledged.chunks_exact(4).last().unwrap().try_into().unwrap())
}

/// What the kills came to.
#[derive(Default)]
struct Sum {
    events: u64,
    acknowledged: u64,
    lost: u64,
    torn: u64,
    beyond: u64,
    counters_off: u64,
    damaged: u64,
}

pub fn run(setting: &Setting, report: &mut Report) {
    let (kills, least) = if setting.quick { (10, 10_000) } else { (200, 10_000_000) };
    let mut seeded = Seeded(0xC0FFEE);
    let mut sum = Sum::default();
    let mut killed = 0u64;
    while killed < kills || sum.events < least {
        let path = setting.folder.join("victim.jlog");
        let acknowledged = run_and_kill(&path, Duration::from_micros(seeded.below(30_000)));
        inspect(&path, acknowledged, &mut sum);
        std::fs::remove_file(&path).unwrap();
        killed += 1;
    }
    report.fact("kills at random moments", killed.to_string(), &format!(">= {kills}"), killed >= kills);
    report.fact("events they left", sum.events.to_string(), &format!(">= {least}"), sum.events >= least);
    report.fact("of those acknowledged, lost", format!("{} of {}", sum.lost, sum.acknowledged), "0", sum.lost == 0);
    report.fact("torn or out of place", sum.torn.to_string(), "0", sum.torn == 0);
    report.note("committed and not acknowledged yet", sum.beyond.to_string());
    report.fact("counters not exact", sum.counters_off.to_string(), "0", sum.counters_off == 0);
    report.fact("logs with damage", sum.damaged.to_string(), "0", sum.damaged == 0);
}

fn inspect(path: &Path, acknowledged: u32, sum: &mut Sum) {
    let reader = Reader::open(path).unwrap();
    let events = reader.events().types(Types::class(Class::E).union(Types::class(Class::B)));
    let (mut main, mut beside, mut end) = (0, 0, 0);
    // Records of two chains may change places within the clock's resolution, those of one never.
    let mut next = [0; 2];
    visit(events, |item| {
        let Ok(view) = item else {
            sum.damaged += 1;
            return;
        };
        let number = match view.event() {
            Event::Code(code) => {
                let whole = if code.trace_id.0 % 64 == 3 { (LARGE, 0x5A) } else { (JUMBO, 0xA5) };
                let intact = code.bytes.len() == whole.0 && code.bytes.iter().all(|byte| *byte == whole.1);
                sum.torn += u64::from(!intact);
                code.trace_id.0
            }
            Event::TraceAbort(abort) => {
                sum.torn += u64::from(abort.detail != "something");
                abort.trace_id.0
            }
            Event::TraceStart(start) => start.trace_id.0,
            Event::Invalidate(invalidate) => invalidate.trace_id.0,
            Event::GuardHot(hot) => {
                sum.torn += u64::from(hot.count != beside);
                beside += 1;
                return;
            }
            _ => return,
        };
        let next = &mut next[usize::from(matches!(view.event(), Event::Code(_)))];
        sum.torn += u64::from(number < *next);
        *next = number + 1;
        end = end.max(number + 1);
        main += 1;
    });
    // Ascending in both chains and as many as the last number says: each is there once.
    sum.torn += u64::from(end.abs_diff(main));
    sum.events += u64::from(main) + u64::from(beside);
    sum.acknowledged += u64::from(acknowledged);
    sum.lost += u64::from(acknowledged.saturating_sub(main));
    sum.beyond += u64::from(main.saturating_sub(acknowledged));
    let guards = reader.defs().guards().count() as u32;
    sum.lost += u64::from((acknowledged / 64).saturating_sub(guards));
    for total in reader.counters() {
        // Counted after it was written: one may be behind.
        let written = u64::from(if total.definition.kind == CounterKind::LoopIter { main } else { beside });
        let exact = total.value <= written && total.value + 1 >= written;
        let placed: u64 = reader
            .counter_points()
            .filter(|point| point.counter_id == total.definition.counter_id)
            .map(|point| point.delta)
            .sum();
        sum.counters_off += u64::from(!exact || placed != total.value);
    }
    let sound = matches!(reader.health(), Health::Killed { .. }) && reader.verify().problems.is_empty();
    sum.damaged += u64::from(!sound || reader.loss().dropped_events > 0);
}
