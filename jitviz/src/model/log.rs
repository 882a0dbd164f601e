//! A log that was opened: all of it or a part of its time becomes a model, with word of how far the reading is.
//!
//! Opening looks at the directories only, so it takes no longer for a larger log; reading can be watched and stopped.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;

use jitlog::{
    BridgeAttach, Class, CodeFree, CodeInstall, Codemem, CompileEnd, CounterDelta, CounterId, Follow, GcEnd,
    Invalidate, PassEnd, ReadError, Reader, RuleUse, Shape, StateTime, TraceAbort, TraceStart, TraceStop, Types,
};

pub use jitlog::read::Writer;

use super::load::Loader;
use super::{foreign, *};

/// Why there is no model at all.
#[derive(Debug)]
pub enum OpenError {
    Empty(String),
    /// It is another VM's log, and could not be imported.
    Import(jitlog::import::ImportError),
    /// Standard input is a pipe, in which one cannot go back.
    Pipe,
    Read(ReadError),
}

impl fmt::Display for OpenError {
    /// What is wrong, and what to do about it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match self {
            OpenError::Empty(name) => {
                return write!(f, "{name}: the file is empty; nothing was logged yet, or it was not written as a log");
            }
            OpenError::Pipe => {
                return f
                    .write_str("standard input is a pipe, but a log is read out of order; redirect a file: - < LOG");
            }
            OpenError::Import(error) => return error.fmt(f),
            OpenError::Read(error) => {
                write!(f, "{error}")?;
                match error {
                    ReadError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                        "check the name, or write a log with: jitvm --log FILE.jlog PROGRAM.py"
                    }
                    ReadError::Io { .. } => return Ok(()),
                    ReadError::NotALog { .. } => "write one with: jitvm --log FILE.jlog PROGRAM.py",
                    ReadError::Version { .. } | ReadError::Features { .. } => {
                        "use the jitviz that came with its writer"
                    }
                    ReadError::Damaged(_) => "jitlog check says what is still readable",
                }
            }
        };
        write!(f, "; {advice}")
    }
}

/// Opens and reads a log. Once it is known to be one this never fails: what is wrong with it is in the model's problems.
pub fn open(path: &Path) -> Result<Model, OpenError> {
    Ok(Log::open(path)?.read(None, &mut |_| ControlFlow::Continue(())))
}

/// A part of the time of a log, in nanoseconds since its creation, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from_ns: u64,
    /// `u64::MAX` is the end of the log, whenever that is.
    pub to_ns: u64,
}

impl Span {
    pub const WHOLE: Span = Span { from_ns: 0, to_ns: u64::MAX };

    /// Everything up to a moment, what happens at that moment included.
    pub fn until(now_ns: u64) -> Span {
        Span { from_ns: 0, to_ns: now_ns.saturating_add(1) }
    }
}

/// What happens to traces: this is known as of the end of a part also if it happened before its start.
const LASTING: &[u16] = &[
    TraceStart::TYPE,
    TraceAbort::TYPE,
    TraceStop::TYPE,
    PassEnd::TYPE,
    RuleUse::TYPE,
    jitlog::Decision::TYPE,
    CompileEnd::TYPE,
    CodeInstall::TYPE,
    CodeFree::TYPE,
    BridgeAttach::TYPE,
    Invalidate::TYPE,
    Codemem::TYPE,
    Shape::TYPE,
    // What was counted before does not count again.
    jitlog::Bailout::TYPE,
    CounterDelta::TYPE,
];

/// Who is not sampled for longer than this was not running.
const LONGEST_REACH_NS: u64 = 1_000_000_000;

/// Events between two looks of whoever watches the reading.
const WATCHED: u64 = 1 << 14;

#[derive(Clone)]
pub struct Log {
    name: String,
    reader: Reader,
}

/// A reading that is under way.
pub struct Reading<'a> {
    pub done_bytes: u64,
    pub total_bytes: u64,
    log: &'a Log,
    loader: &'a Loader,
}

impl Reading<'_> {
    /// What was read so far, as a model.
    pub fn so_far(&self) -> Model {
        self.log.finish(self.loader.clone(), None)
    }
}

impl Log {
    pub fn open(path: &Path) -> Result<Log, OpenError> {
        let stdin = Path::new("/dev/stdin");
        let path = if path == Path::new("-") { stdin } else { path };
        let name = path.display().to_string();
        if std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() == 0) {
            return Err(OpenError::Empty(name));
        }
        let reader = match Reader::open(path) {
            Err(error @ ReadError::NotALog { .. }) => foreign::open(path).unwrap_or(Err(OpenError::Read(error)))?,
            Err(ReadError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotSeekable => {
                return Err(OpenError::Pipe);
            }
            Err(error) => return Err(OpenError::Read(error)),
            Ok(reader) => reader,
        };
        Ok(Log { name, reader })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn bytes(&self) -> u64 {
        self.reader.file_len()
    }

    /// Whether a program was writing it when it was opened.
    pub fn is_live(&self) -> bool {
        matches!(self.reader.health(), jitlog::Health::Open)
    }

    /// The same log as it is now, opened anew; as it was if that fails.
    pub fn again(&self) -> Log {
        let reader = Reader::open(self.reader.path()).unwrap_or_else(|_| self.reader.clone());
        Log { name: self.name.clone(), reader }
    }

    /// A model of what the log is, before any event was read.
    pub fn unread(&self) -> Model {
        self.finish(Loader::new(&self.name), None)
    }

    /// Reads all of it, or what happened in a part of its time: what traces and guards became is then as of the part's
    /// end, and everything that is counted or timed is of the part alone. `watch` may stop it: the model holds what was
    /// read until then, and says so.
    pub fn read(&self, span: Option<Span>, watch: &mut dyn FnMut(&Reading<'_>) -> ControlFlow<()>) -> Model {
        let mut loader = Loader::new(&self.name);
        loader.model.span = span;
        // Definitions first: events may be in blocks before those of what they name.
        for entry in self.reader.events().types(Types::class(Class::D)).flatten() {
            loader.define(&entry.event());
        }
        let began = self.reader.bytes_read();
        let mut stopped = false;
        let mut unknown = 0;
        let mut pass = |loader: &mut Loader, mut events: jitlog::Events| {
            let mut count = 0_u64;
            let _ = events.visit(|record| {
                // What is wrong in its place is among the reader's problems.
                let Ok(record) = record else { return ControlFlow::Continue(()) };
                loader.event(record.t_ns, &record.event());
                count += 1;
                if !count.is_multiple_of(WATCHED) {
                    return ControlFlow::Continue(());
                }
                let total_bytes = self.reader.file_len();
                let done_bytes = (self.reader.bytes_read() - began).min(total_bytes);
                let flow = watch(&Reading { done_bytes, total_bytes, log: self, loader });
                stopped |= flow.is_break();
                flow
            });
            unknown += events.unknown_skipped();
        };
        match span {
            Some(span) => {
                if span.from_ns > 0 {
                    loader.begin_before();
                    pass(&mut loader, self.reader.events().types(Types::of(LASTING)).range(0..span.from_ns));
                    loader.begin_within();
                }
                pass(&mut loader, self.reader.events().range(span.from_ns..span.to_ns));
                self.read_edge(&mut loader, span);
            }
            None => pass(&mut loader, self.reader.events()),
        }
        loader.unknown(unknown);
        if stopped {
            loader.stopped();
        }
        self.finish(loader, span)
    }

    /// What events after a part say of its time, and whether the log times its JIT at all.
    fn read_edge(&self, loader: &mut Loader, span: Span) {
        let edge = Types::of(&[jitlog::Sample::TYPE, StateTime::TYPE, GcEnd::TYPE]);
        let after = span.to_ns..span.to_ns.saturating_add(LONGEST_REACH_NS);
        let _ = self.reader.events().types(edge).range(after).visit(|record| match record {
            Ok(record) => loader.reaches_in(record.t_ns, &record.event()),
            Err(_) => ControlFlow::Continue(()),
        });
        let timed = self.reader.events().types(Types::of(&[StateTime::TYPE])).visit(|record| {
            let is_jit = |record: &jitlog::read::RecordView<'_>| match record.event() {
                jitlog::Event::StateTime(e) => Part::of(e.state) == Some(Part::Jit),
                _ => false,
            };
            if record.is_ok_and(|record| is_jit(&record)) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if timed.is_break() {
            loader.times_jit();
        }
    }

    fn finish(&self, mut loader: Loader, span: Option<Span>) -> Model {
        // Totals are those of the end, which a part need not reach.
        let to_the_end = span.is_none_or(|span| span.to_ns == u64::MAX);
        for counter in self.reader.counters() {
            let id = counter.definition.counter_id;
            let value = if to_the_end { loader.since(id, counter.value) } else { loader.grown(id) };
            loader.counter(id, value);
        }
        // What stopped the iterators is among the reader's problems.
        for damage in self.reader.problems() {
            loader.problem(ProblemKind::Damage, "file", || damage.to_string());
        }
        let health = Health {
            word: self.reader.health().name().to_string(),
            text: health_text(&self.reader),
            dropped: self.reader.loss().dropped_events,
            file_bytes: self.reader.file_len(),
            events: 0,
        };
        let mut model = loader.finish(health);
        model.bodies = Bodies::Log(self.reader.clone());
        let header = self.reader.header();
        model.format = format!("jitlog {}.{}", header.major, header.minor);
        model.started_real_ns = Some(self.reader.static_page().start_real_ns).filter(|ns| *ns > 0);
        let vm = model.program.process.vm_name.clone();
        model.samples.native.name(&vm, self.reader.static_page().start_real_ns as i64);
        model
    }

    /// Waits until the program that writes it ends, and reads all of it.
    pub fn at_its_end(&self) -> Model {
        let mut growing = self.follow();
        while growing.take_in().is_some() {
            if !growing.is_behind() {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        }
        self.again().read(None, &mut |_| ControlFlow::Continue(()))
    }

    /// The log as it grows.
    pub fn follow(&self) -> Growing {
        Growing {
            log: self.clone(),
            loader: Loader::new(&self.name),
            follow: self.reader.follow().types(Types::class(Class::D).union(Types::class(Class::E))),
        }
    }
}

impl Model {
    /// A part of the time of the log this was read from; `None` if it was read from none.
    pub fn part(&self, span: Span, watch: &mut dyn FnMut(&Reading<'_>) -> ControlFlow<()>) -> Option<Model> {
        match &self.bodies {
            Bodies::Log(reader) => {
                Some(Log { name: self.name.clone(), reader: reader.clone() }.read(Some(span), watch))
            }
            Bodies::None => None,
        }
    }
}

/// A log that is read while it is written.
pub struct Growing {
    log: Log,
    loader: Loader,
    follow: Follow,
}

impl Growing {
    /// Takes in what is new: how many records; `None` once the writer has ended and everything was read.
    pub fn take_in(&mut self) -> Option<usize> {
        let records = self.follow.poll()?;
        // A record may name what is defined only later in its batch, and joins by id are made as events come.
        for entry in records.iter().flatten() {
            self.loader.define(&entry.event());
        }
        for entry in records.iter().flatten().filter(|entry| Types::class(Class::E).contains(entry.event_type)) {
            self.loader.event(entry.t_ns, &entry.event());
        }
        Some(records.len())
    }

    /// Whether the next call gives more at once.
    pub fn is_behind(&self) -> bool {
        self.follow.is_behind()
    }

    /// What became of the program that writes the log.
    pub fn writer(&self) -> Writer {
        self.follow.writer()
    }

    /// What was read so far. Bodies of traces and totals of counters are those of the log as it is now.
    pub fn so_far(&mut self) -> Model {
        self.log = self.log.again();
        self.log.finish(self.loader.clone(), None)
    }
}

/// What the log's state means; nothing if it is clean.
fn health_text(reader: &Reader) -> String {
    match reader.health() {
        jitlog::Health::Clean => String::new(),
        jitlog::Health::Open => "the program is still writing it".into(),
        jitlog::Health::Killed { last_ns } => {
            format!("the program was killed; the log is whole up to {}", crate::units::ns(last_ns))
        }
        jitlog::Health::Truncated { at } => format!("the file was cut at byte {at}; what is left was read"),
        jitlog::Health::Corrupt(_) => "parts are damaged and were left out, see the problems".into(),
    }
}

/// How counters grew before and within a part of the time.
#[derive(Clone, Debug, Default)]
pub struct Growth {
    before: BTreeMap<CounterId, u64>,
    within: BTreeMap<CounterId, u64>,
}

impl Growth {
    pub fn add(&mut self, id: CounterId, delta: u64, before: bool) {
        let sums = if before { &mut self.before } else { &mut self.within };
        let sum = sums.entry(id).or_default();
        *sum = sum.saturating_add(delta);
    }

    pub fn before(&self, id: CounterId) -> u64 {
        self.before.get(&id).copied().unwrap_or(0)
    }

    pub fn within(&self, id: CounterId) -> u64 {
        self.within.get(&id).copied().unwrap_or(0)
    }
}
