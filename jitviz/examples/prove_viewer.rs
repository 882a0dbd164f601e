//! Makes large logs and measures the viewer on them: time to the first screen, memory, frames. `scripts/prove-viewer`
//! runs it: `make FILE MIB` writes a log, `measure FILE` prints what it found and fails beyond the limits, `--counts`
//! judges counts and memory only.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use jitlog::format::payload::{Delta, encode_deltas};
use jitlog::*;
use jitviz::model;
use jitviz::styled::Charset;
use jitviz::tui::action::{Action, Effect, ViewId};
use jitviz::tui::app::{App, Options, Reading, update};
use jitviz::tui::draw;
use jitviz::tui::feed::{Feed, News};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const TRACES: u32 = 2_000;
const GUARDS: u32 = 10_000;
const LINES: u32 = 5_000;
const STACKS: u32 = 20_000;
/// A frame may take this long, the first screen that long.
const FRAME: Duration = Duration::from_millis(16);
const OPEN: Duration = Duration::from_millis(100);
const MEMORY_MIB: u64 = 256;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", file, mib] => make(Path::new(file), mib.parse::<u64>().expect("a size in MiB") << 20),
        ["measure", file] => return measure(Path::new(file), false),
        ["measure", file, "--counts"] => return measure(Path::new(file), true),
        _ => {
            eprintln!("usage: prove_viewer make FILE MIB | measure FILE [--counts]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// A log as a VM under a sampler writes it: mostly samples with stacks, then counters, failures, collections, and every
/// thousand events the IR of a trace.
fn make(path: &Path, bytes: u64) {
    let log = Log::create(LogOptions::new(path).logical_clock(true).max_bytes(bytes + (64 << 20))).expect("a new file");
    let argv = ["big.py".to_string()];
    log.process(VmInfo { name: "prove", version: "1", commit: "", argv: &argv, config: "{}" });
    let defs = log.defs();
    let source = defs.source("big.py", "pass\n".repeat(LINES as usize).as_bytes());
    let funcs: Vec<FuncId> =
        (0..100).map(|n| defs.func(source, &format!("function_{n}"), n * 50 + 1, n * 50 + 50)).collect();
    let locs: Vec<LocId> = (0..LINES).map(|n| defs.loc(funcs[(n / 50) as usize], n, n + 1, 0)).collect();
    let mut stacks = vec![StackId::NONE];
    for n in 0..STACKS {
        let parent = stacks[(n / 4) as usize];
        stacks.push(defs.stack(parent, locs[(n * 37 % LINES) as usize], FrameKind::Interp));
    }
    let mut stream = log.stream("main", StreamKind::Mutator);
    let mut guards = Vec::new();
    for n in 0..TRACES {
        let (trace_id, loc_id) = (TraceId(n + 1), locs[(n * 2 % LINES) as usize]);
        stream.trace_start(&TraceStart { trace_id, loc_id, tier: 2, ..Default::default() });
        stream.trace_stop(&TraceStop { trace_id, n_bytecodes: 40, n_ir: 60, record_ns: 9_000, ..Default::default() });
        stream.compile_end(&CompileEnd { trace_id, compile_ns: 70_000, code_bytes: 700, ..Default::default() });
        stream.code_install(&CodeInstall { trace_id, bytes: 700, ..Default::default() });
        for ordinal in 0..GUARDS / TRACES {
            let guard_id = defs.new_guard_id();
            let slot = log.counter(CounterKind::GuardFail, guard_id, 0);
            let counter_id = slot.id();
            let ordinal = ordinal as u16;
            defs.guard(&GuardDef {
                guard_id,
                trace_id,
                ordinal,
                loc_id,
                counter_id,
                expected: "int",
                ..Default::default()
            });
            guards.push((guard_id, counter_id));
        }
        log.advance_clock(Duration::from_micros(200));
    }
    let ops = vec![7_u8; 4096];
    let mut seed = 42_u64;
    let mut events = 0_u64;
    let states = [SampleState::Interp, SampleState::Trace, SampleState::Trace, SampleState::Native];
    while log.bytes() < bytes {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let pick = |of: u32| (seed >> 24) as u32 % of;
        let (guard_id, counter_id) = guards[pick(GUARDS) as usize];
        let (loc_id, trace_id) = (locs[pick(LINES) as usize], TraceId(pick(TRACES) + 1));
        match events % 1000 {
            0 => stream.ir(&Ir { trace_id, ops: &ops, ..Default::default() }),
            1 => stream.gc_end(&GcEnd {
                pause_ns: 90_000,
                before_bytes: 4 << 20,
                after_bytes: 1 << 20,
                ..Default::default()
            }),
            2 => stream.heap(&Heap { used_bytes: 1 << 20, allocated_total_bytes: events << 10, ..Default::default() }),
            3 => {
                let entries = encode_deltas(&[Delta { counter_id, delta: 9 }]);
                stream.counter_delta(&CounterDelta { n: 1, entries: &entries });
            }
            4..14 => stream.bailout(&Bailout {
                guard_id,
                trace_id,
                loc_id,
                weight: 1,
                observed_text: "3.5",
                ..Default::default()
            }),
            _ => stream.sample(&Sample {
                state: states[pick(4) as usize],
                trace_id,
                loc_id,
                stack_id: stacks[pick(STACKS) as usize + 1],
                weight_ns: 1_000_000,
                ..Default::default()
            }),
        }
        events += 1;
        log.advance_clock(Duration::from_micros(100));
    }
    stream.exit_status(&ExitStatus { status: 0, how: ExitHow::Normal });
    drop(stream);
    let lost = log.close().dropped_events;
    println!("wrote {events} events, {lost} dropped");
}

struct Verdict {
    failed: bool,
    counts_only: bool,
}

impl Verdict {
    /// Judged by the time on the processor: on a busy machine the clock says how busy it is.
    fn time(&mut self, what: &str, took: Took, limit: Option<Duration>) {
        let bad = !self.counts_only && limit.is_some_and(|limit| took.processor > limit);
        let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e3);
        let found = format!("{} ms, clock {}", ms(took.processor), ms(took.clock));
        self.line(what, found, limit.map(|l| format!("{} ms", l.as_millis())), bad);
    }

    /// What threads did in the background.
    fn background(&mut self, what: &str, start: Instant) {
        self.line(what, format!("clock {:.1} ms", start.elapsed().as_secs_f64() * 1e3), None, false);
    }

    fn line(&mut self, what: &str, found: String, limit: Option<String>, bad: bool) {
        self.failed |= bad;
        let limit = limit.map(|l| format!("at most {l}")).unwrap_or_default();
        println!("{what:38} {found:>26}   {limit:18} {}", if bad { "FAILED" } else { "" });
    }
}

/// How long something took: this thread on the processor, and by the clock.
#[derive(Clone, Copy, Default)]
struct Took {
    processor: Duration,
    clock: Duration,
}

impl Took {
    fn to<T>(make: impl FnOnce() -> T) -> (Took, T) {
        let (start, before) = (Instant::now(), on_processor());
        let made = make();
        let (after, clock) = (on_processor(), start.elapsed());
        let processor = before.zip(after).map_or(clock, |(before, after)| after.saturating_sub(before));
        (Took { processor, clock }, made)
    }

    fn or_worse(self, other: Took) -> Took {
        Took { processor: self.processor.max(other.processor), clock: self.clock.max(other.clock) }
    }
}

/// How long this thread has been on the processor, if the kernel says so.
fn on_processor() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_string()
}

/// Peak of this process's memory.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:"));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) >> 10
}

/// The first answer of the threads that is wanted.
fn answer<T>(told: &Receiver<News>, mut wanted: impl FnMut(News) -> Option<T>) -> T {
    loop {
        if let Some(found) = wanted(told.recv().expect("the threads answer")) {
            return found;
        }
    }
}

/// Changes of the state, each with the drawing of its frame: what the UI's thread does.
struct Frames<'b> {
    app: App,
    feed: &'b Feed,
    told: &'b Receiver<News>,
    buffer: &'b mut Buffer,
    worst: Took,
    /// The longest wait for lists that other threads put in order or searched.
    waited: Duration,
}

impl<'b> Frames<'b> {
    fn of(app: App, feed: &'b Feed, told: &'b Receiver<News>, buffer: &'b mut Buffer) -> Frames<'b> {
        Frames { app, feed, told, buffer, worst: Took::default(), waited: Duration::ZERO }
    }

    fn show(&mut self, change: impl FnOnce(&mut App)) {
        let (took, ()) = Took::to(|| {
            change(&mut self.app);
            draw::draw(&self.app, self.buffer);
            self.hand_over();
        });
        self.worst = self.worst.or_worse(took);
    }

    /// What the loop of the UI hands to the threads.
    fn hand_over(&mut self) {
        for effect in [Effect::Arrange, Effect::Find] {
            if !self.app.effects.contains(&effect) {
                continue;
            }
            match effect {
                Effect::Arrange => self.feed.ask_arranging(self.app.arranging()),
                _ => self.app.finding().into_iter().for_each(|finding| self.feed.ask_finding(finding)),
            }
        }
        self.app.effects.retain(|effect| !matches!(effect, Effect::Arrange | Effect::Find));
        self.feed.discard(std::mem::take(&mut self.app.waste));
    }

    /// Waits until the list on screen is as it is wanted and searched; what arrives is taken in as frames.
    fn settle(&mut self) {
        let start = Instant::now();
        while self.app.list_is_late() || self.app.search.late.is_some() {
            match self.told.recv().expect("the threads answer") {
                News::Arranged(made) => self.show(|app| app.arranged(made)),
                News::Found(found) => self.show(|app| app.found(found)),
                _ => {}
            }
        }
        self.waited = self.waited.max(start.elapsed());
    }

    fn act(&mut self, action: Action) {
        let idle = App::new(Arc::default(), self.app.options, self.app.size);
        let app = std::mem::replace(&mut self.app, idle);
        self.show(|shown| *shown = update(app, action));
    }
}

fn measure(path: &Path, counts_only: bool) -> ExitCode {
    let mut verdict = Verdict { failed: false, counts_only };
    let bytes = std::fs::metadata(path).map(|m| m.len()).unwrap_or(0);
    verdict.line("log", format!("{} MiB", bytes >> 20), None, false);
    verdict.line("load of the machine", load(), None, false);
    let area = Rect::new(0, 0, 200, 60);
    let mut buffer = Buffer::empty(area);
    let options = Options { color: true, charset: Charset::UNICODE, mouse: false, source: true };

    let (took, opened) = Took::to(|| {
        let log = model::Log::open(path)?;
        let mut app = App::new(Arc::new(log.unread()), options, (area.width, area.height));
        app.reading = Reading::Under { done: 0, total: log.bytes() };
        draw::draw(&app, &mut buffer);
        Ok::<_, model::log::OpenError>((log, app))
    });
    let (log, mut app) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    verdict.time("first screen", took, Some(OPEN));

    let (tell, told) = channel();
    let start = Instant::now();
    let feed = Feed::start(log, None, options, move |news| tell.send(news).is_ok());
    let (mut shown, mut worst) = (0, Took::default());
    loop {
        match told.recv().expect("the threads tell until the end") {
            News::Progress { done_bytes, total_bytes } => {
                app.reading = Reading::Under { done: done_bytes, total: total_bytes };
                shown += 1;
            }
            News::Whole { seen, more } => {
                let mut frames = Frames::of(app, &feed, &told, &mut buffer);
                frames.show(|app| app.grown(*seen));
                worst = worst.or_worse(frames.worst);
                app = frames.app;
                if !more {
                    break;
                }
            }
            _ => {}
        }
    }
    verdict.background("whole log read, in the background", start);
    verdict.line("progress told", format!("{shown} times"), None, false);
    verdict.time("taking in what was read", worst, Some(FRAME));
    let dull = app.whole.traces.len() != TRACES as usize || app.whole.guards.len() != GUARDS as usize;
    verdict.line("traces and guards", format!("{}, {}", app.whole.traces.len(), app.whole.guards.len()), None, dull);
    let samples: u64 = app.whole.samples.by_state.values().map(|w| w.samples).sum();
    let all = app.whole.health.events;
    verdict.line("samples of events", format!("{samples} of {all}"), None, samples * 10 < all * 9);

    for view in ViewId::ALL.into_iter().filter(|view| *view != ViewId::Diff) {
        let mut frames = Frames::of(app, &feed, &told, &mut buffer);
        frames.act(Action::View(view));
        frames.settle();
        if frames.app.effects.contains(&Effect::Lines) {
            frames.app.effects.clear();
            let start = Instant::now();
            feed.ask_lines(frames.app.model.clone());
            let lines = answer(&told, |news| if let News::Lines(lines) = news { Some(lines) } else { None });
            verdict.background("lines of the source, in the background", start);
            frames.show(|app| app.lines_arrived(lines));
        }
        verdict.time(&format!("slowest first look at {}", view.name()), frames.worst, Some(FRAME));
        frames.worst = Took::default();
        for action in [Action::Move(1), Action::HalfPages(2), Action::Bottom, Action::Top, Action::Move(3)].repeat(4) {
            frames.act(action);
        }
        verdict.time(&format!("slowest frame of {}", view.name()), frames.worst, Some(FRAME));
        (frames.worst, frames.waited) = Default::default();
        for start in [Action::Search, Action::Filter] {
            frames.act(start);
            for c in "function_7".chars() {
                frames.act(Action::Type(c));
            }
            frames.settle();
            frames.act(Action::Back);
            frames.settle();
        }
        for action in [Action::SortNext, Action::SortReverse, Action::Reset] {
            frames.act(action);
            frames.settle();
        }
        verdict.time("  searching, filtering, sorting", frames.worst, Some(FRAME));
        let waited = format!("clock {:.1} ms", frames.waited.as_secs_f64() * 1e3);
        verdict.line("  its answer, in the background", waited, None, false);
        app = frames.app;
    }
    app.effects.clear();
    let start = Instant::now();
    let (from_ns, to_ns) = (app.whole.duration_ns / 2, app.whole.duration_ns / 2 + app.whole.duration_ns / 100);
    let span = model::Span { from_ns, to_ns };
    app.clock.range = Some((from_ns, to_ns));
    feed.ask(span);
    let seen = answer(&told, |news| if let News::Part(seen) = news { Some(seen) } else { None });
    verdict.background("a hundredth of the run, chosen", start);
    let mut frames = Frames::of(app, &feed, &told, &mut buffer);
    frames.show(|app| app.arrived(*seen));
    frames.settle();
    frames.act(Action::WholeRun);
    frames.settle();
    verdict.time("taking it in, and back to the whole", frames.worst, Some(FRAME));
    let peak = peak_mib();
    verdict.line("memory, peak", format!("{peak} MiB"), Some(format!("{MEMORY_MIB} MiB")), peak > MEMORY_MIB);
    ExitCode::from(u8::from(verdict.failed))
}
