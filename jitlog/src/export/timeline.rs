//! A log's events as a time line: slices that begin and end, instants, counters and samples, each of a thread.
//!
//! One place knows which events open and close a slice; Perfetto and Firefox differ only in how they write them.

use std::collections::HashMap;
use std::io;

use jitlog::format::payload::parse_deltas;
use jitlog::*;

use crate::export::entries;
use crate::export::fields::{Field, FieldValue, fields};
use crate::export::frames::Place;
use crate::export::threads::Threads;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// Recording and compiling, and what becomes of the code.
    Jit,
    /// Leaving traces.
    Exit,
    Gc,
    /// What the program or the VM marked.
    Program,
    /// The log itself.
    Log,
}

impl Category {
    pub const ALL: [Category; 5] = [Category::Jit, Category::Exit, Category::Gc, Category::Program, Category::Log];

    pub fn name(self) -> &'static str {
        match self {
            Category::Jit => "JIT",
            Category::Exit => "Exit",
            Category::Gc => "GC",
            Category::Program => "Program",
            Category::Log => "Log",
        }
    }

    pub fn of(event_type: u16) -> Category {
        match event_type {
            Bailout::TYPE | GuardHot::TYPE => Category::Exit,
            GcBegin::TYPE | GcEnd::TYPE | GcPhase::TYPE | AllocSample::TYPE => Category::Gc,
            Mark::TYPE | SpanBegin::TYPE | SpanEnd::TYPE | ExitStatus::TYPE => Category::Program,
            SamplesLost::TYPE => Category::Log,
            _ => Category::Jit,
        }
    }
}

/// Slices of one lane of a thread nest; those of different lanes may overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    Recording,
    Compiling,
    Passes,
    Collection,
    Phases,
    /// Spans of one name.
    Span(StringId),
}

/// Something with a beginning and an end.
pub struct Slice {
    pub thread: usize,
    pub lane: Lane,
    /// Of the event it begins with, or is.
    pub event_type: u16,
    pub name: String,
    pub start_ns: u64,
    pub fields: Vec<Field>,
    /// What its end refers to it by.
    id: u32,
}

/// How a slice ended.
pub struct End<'a> {
    pub t_ns: u64,
    /// The event that says so; None if that event is missing and the end follows from others.
    pub event_type: Option<u16>,
    pub fields: &'a [Field],
}

/// A value over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Series {
    HeapUsed,
    HeapCommitted,
    HeapObjects,
    Allocated,
    CodeUsed,
    CodeCommitted,
    Traces,
    LogBytes,
    /// The sum of all counters of a kind.
    Counter(CounterKind),
}

impl Series {
    pub fn name(self) -> String {
        match self {
            Series::HeapUsed => "heap used".into(),
            Series::HeapCommitted => "heap committed".into(),
            Series::HeapObjects => "heap objects".into(),
            Series::Allocated => "allocated in total".into(),
            Series::CodeUsed => "machine code used".into(),
            Series::CodeCommitted => "machine code committed".into(),
            Series::Traces => "traces".into(),
            Series::LogBytes => "log bytes".into(),
            Series::Counter(kind) => kind.to_string(),
        }
    }

    pub fn unit(self) -> CounterUnit {
        match self {
            Series::HeapObjects | Series::Traces => CounterUnit::Count,
            Series::Counter(kind) => kind.unit(),
            _ => CounterUnit::Bytes,
        }
    }
}

/// Who writes a time line down.
pub trait Sink {
    fn begin(&mut self, threads: &Threads, slice: &Slice) -> io::Result<()>;
    fn end(&mut self, threads: &Threads, slice: Slice, end: &End<'_>) -> io::Result<()>;
    /// A slice that lasted longer than the log.
    fn unended(&mut self, threads: &Threads, slice: Slice) -> io::Result<()>;
    fn instant(&mut self, threads: &Threads, instant: &Instant<'_>) -> io::Result<()>;
    fn counter(&mut self, threads: &Threads, t_ns: u64, series: Series, value: u64) -> io::Result<()>;
    /// Native frames of the thread's next sample.
    fn native_stack(&mut self, thread: usize, stack: &Event<'_>);
    fn sample(&mut self, threads: &Threads, thread: usize, t_ns: u64, sample: &Sample) -> io::Result<()>;
}

/// Something that happened at a moment.
pub struct Instant<'a> {
    pub thread: usize,
    pub t_ns: u64,
    pub event_type: u16,
    pub name: &'a str,
    pub fields: &'a [Field],
    /// Where it happened, if it says.
    pub stack: StackId,
}

/// Slices a lane keeps open at most; a log that never closes them must not cost memory.
const MAX_OPEN: usize = 64;

struct Timeline<'r, S> {
    reader: &'r Reader,
    definitions: &'r Definitions,
    threads: Threads,
    sink: S,
    open: HashMap<(usize, Lane), Vec<Slice>>,
    /// Where the last finished slice of a lane ended.
    ended: HashMap<(usize, Lane), u64>,
    /// What traces are called, from their start to the end of their compilation.
    traces: HashMap<TraceId, String>,
    totals: HashMap<CounterKind, u64>,
    /// Time never runs backwards here, whatever a damaged block says.
    now: u64,
}

/// Reads the whole log once, handing everything to the sink in time order.
pub fn read<S: Sink>(reader: &Reader, sink: S) -> io::Result<S> {
    let definitions = reader.defs();
    let mut timeline = Timeline {
        reader,
        definitions,
        threads: Threads::of(definitions),
        sink,
        open: HashMap::new(),
        ended: HashMap::new(),
        traces: HashMap::new(),
        totals: HashMap::new(),
        now: 0,
    };
    let skipped = [Timebase::TYPE, ClockSync::TYPE];
    let types = skipped.iter().fold(Types::class(Class::E), |types, number| types.without(*number));
    for entry in entries(reader, types) {
        timeline.now = timeline.now.max(entry.t_ns);
        timeline.event(&entry)?;
    }
    timeline.finish()?;
    Ok(timeline.sink)
}

impl<S: Sink> Timeline<'_, S> {
    fn event(&mut self, entry: &Entry) -> io::Result<()> {
        let event = entry.event();
        let (at, thread) = (self.now, self.threads.of_stream(entry.stream));
        match &event {
            Event::Sample(sample) => return self.sink.sample(&self.threads, thread, at, sample),
            Event::NativeStack(_) => {
                self.sink.native_stack(thread, &event);
                return Ok(());
            }
            Event::CounterDelta(record) => return self.deltas(at, record.entries),
            Event::Heap(heap) => {
                self.sink.counter(&self.threads, at, Series::HeapUsed, heap.used_bytes)?;
                self.known(at, Series::HeapCommitted, heap.committed_bytes)?;
                self.known(at, Series::HeapObjects, heap.live_objs)?;
                return self.known(at, Series::Allocated, heap.allocated_total_bytes);
            }
            Event::Codemem(code) => {
                self.sink.counter(&self.threads, at, Series::CodeUsed, code.used_bytes)?;
                self.known(at, Series::CodeCommitted, code.committed_bytes)?;
                return self.sink.counter(&self.threads, at, Series::Traces, code.n_traces.into());
            }
            Event::LogStats(log) => return self.known(at, Series::LogBytes, log.bytes_written),
            _ => {}
        }
        let fields = fields(self.definitions, &event);
        let begin = |lane, id, name| Slice {
            thread,
            lane,
            event_type: entry.event_type,
            name,
            start_ns: at,
            fields: fields.clone(),
            id,
        };
        match &event {
            Event::TraceStart(start) => {
                let place = Place::of(self.definitions, start.loc_id).short();
                let name = [start.kind.to_string()].into_iter().chain(place).collect::<Vec<_>>().join(" ");
                let slice = begin(Lane::Recording, start.trace_id.0, format!("record {name}"));
                self.traces.insert(start.trace_id, name);
                self.begin(slice)
            }
            Event::CompileStart(start) => {
                let name = self.traces.get(&start.trace_id).map_or("trace", String::as_str);
                let slice = begin(Lane::Compiling, start.trace_id.0, format!("compile {name}"));
                self.begin(slice)
            }
            Event::GcBegin(start) => {
                self.begin(begin(Lane::Collection, start.gc_id.0, format!("{} collection", start.kind)))
            }
            Event::SpanBegin(start) => {
                let name = self.definitions.string(start.name_str).unwrap_or("span").to_string();
                self.begin(begin(Lane::Span(start.name_str), 0, name))
            }
            Event::PassEnd(pass) => {
                let name = self.definitions.pass(pass.pass_id).map_or("pass", |pass| pass.name).to_string();
                self.whole(begin(Lane::Passes, 0, name), pass.dur_ns)
            }
            Event::GcPhase(phase) => {
                let name = self.definitions.reason(ReasonDomain::GcPhase, phase.phase.0);
                let name = name.map_or("phase", |reason| reason.name).to_string();
                self.whole(begin(Lane::Phases, 0, name), phase.dur_ns)
            }
            Event::TraceStop(stop) => self.end(entry, thread, Lane::Recording, stop.trace_id.0, &fields),
            Event::CompileEnd(end) => {
                self.traces.remove(&end.trace_id);
                self.end(entry, thread, Lane::Compiling, end.trace_id.0, &fields)
            }
            Event::GcEnd(end) => self.end(entry, thread, Lane::Collection, end.gc_id.0, &fields),
            Event::SpanEnd(end) => self.end(entry, thread, Lane::Span(end.name_str), 0, &fields),
            Event::TraceAbort(abort) => {
                // Recording ends with it; a compilation has an end of its own.
                if self.is_open(thread, Lane::Recording, abort.trace_id.0) {
                    self.end(entry, thread, Lane::Recording, abort.trace_id.0, &fields)?;
                }
                self.instant(entry, thread, "abort", &fields, StackId::NONE)
            }
            Event::Mark(mark) => {
                let name = self.definitions.string(mark.name_str).unwrap_or("mark");
                self.instant(entry, thread, name, &fields, StackId::NONE)
            }
            Event::Bailout(bailout) => self.instant(entry, thread, "bailout", &fields, bailout.stack_id),
            Event::AllocSample(sample) => self.instant(entry, thread, "alloc_sample", &fields, sample.stack_id),
            other => self.instant(entry, thread, other.spec().map_or("", |spec| spec.name), &fields, StackId::NONE),
        }
    }

    fn begin(&mut self, slice: Slice) -> io::Result<()> {
        self.sink.begin(&self.threads, &slice)?;
        let open = self.open.entry((slice.thread, slice.lane)).or_default();
        open.push(slice);
        if open.len() > MAX_OPEN {
            let oldest = open.remove(0);
            return self.sink.unended(&self.threads, oldest);
        }
        Ok(())
    }

    fn is_open(&self, thread: usize, lane: Lane, id: u32) -> bool {
        self.open.get(&(thread, lane)).is_some_and(|open| open.iter().any(|slice| slice.id == id))
    }

    /// Ends the innermost open slice with this id, and those inside it whose end is missing. One that never began is
    /// an instant.
    fn end(&mut self, entry: &Entry, thread: usize, lane: Lane, id: u32, fields: &[Field]) -> io::Result<()> {
        let open = self.open.entry((thread, lane)).or_default();
        let Some(place) = open.iter().rposition(|slice| slice.id == id) else {
            let name = spec_of(entry.event_type).map_or("", |spec| spec.name);
            return self.instant(entry, thread, name, fields, StackId::NONE);
        };
        let mut inside = open.split_off(place).into_iter();
        let slice = inside.next();
        let missing = End { t_ns: self.now, event_type: None, fields: &[] };
        for slice in inside.rev() {
            self.sink.end(&self.threads, slice, &missing)?;
        }
        let end = End { t_ns: self.now, event_type: Some(entry.event_type), fields };
        slice.map_or(Ok(()), |slice| self.sink.end(&self.threads, slice, &end))
    }

    /// A slice known by its end and its duration.
    fn whole(&mut self, mut slice: Slice, duration_ns: u64) -> io::Result<()> {
        let ended = self.ended.entry((slice.thread, slice.lane)).or_default();
        let t_ns = slice.start_ns;
        // Its duration was taken by another reading of the clock: neighbours must not seem to overlap.
        slice.start_ns = t_ns.saturating_sub(duration_ns).max(*ended);
        *ended = t_ns;
        let event_type = Some(slice.event_type);
        self.sink.begin(&self.threads, &slice)?;
        self.sink.end(&self.threads, slice, &End { t_ns, event_type, fields: &[] })
    }

    fn instant(
        &mut self,
        entry: &Entry,
        thread: usize,
        name: &str,
        fields: &[Field],
        stack: StackId,
    ) -> io::Result<()> {
        let instant = Instant { thread, t_ns: self.now, event_type: entry.event_type, name, fields, stack };
        self.sink.instant(&self.threads, &instant)
    }

    /// A value whose 0 means that the writer did not know it.
    fn known(&mut self, t_ns: u64, series: Series, value: u64) -> io::Result<()> {
        if value == 0 { Ok(()) } else { self.sink.counter(&self.threads, t_ns, series, value) }
    }

    fn deltas(&mut self, t_ns: u64, entries: &[u8]) -> io::Result<()> {
        let mut changed: Vec<CounterKind> = Vec::new();
        for delta in parse_deltas(entries) {
            let Some(counter) = self.definitions.counter(delta.counter_id) else {
                continue;
            };
            *self.totals.entry(counter.kind).or_default() += u64::from(delta.delta);
            if !changed.contains(&counter.kind) {
                changed.push(counter.kind);
            }
        }
        changed.sort_unstable();
        for kind in changed {
            let total = self.totals.get(&kind).copied().unwrap_or_default();
            self.sink.counter(&self.threads, t_ns, Series::Counter(kind), total)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        // What no record placed in time, the last moments before a kill, belongs to the end.
        let mut totals: HashMap<CounterKind, u64> = HashMap::new();
        for counter in self.reader.counters() {
            let total = totals.entry(counter.definition.kind).or_default();
            *total = total.saturating_add(counter.value);
        }
        let mut rest: Vec<(CounterKind, u64)> = totals.into_iter().collect();
        rest.retain(|(kind, total)| *total > self.totals.get(kind).copied().unwrap_or_default());
        rest.sort_unstable();
        let last = if rest.is_empty() { 0 } else { self.reader.last_ns().max(self.now) };
        for (kind, total) in rest {
            self.sink.counter(&self.threads, last, Series::Counter(kind), total)?;
        }
        let mut open: Vec<_> = self.open.drain().collect();
        open.sort_unstable_by_key(|(key, _)| *key);
        for slice in open.into_iter().flat_map(|(_, slices)| slices) {
            self.sink.unended(&self.threads, slice)?;
        }
        Ok(())
    }
}

/// A field's value as text, for tools that have only text.
pub fn text_of(value: &FieldValue) -> String {
    match value {
        FieldValue::Unsigned(number) => number.to_string(),
        FieldValue::Signed(number) => number.to_string(),
        FieldValue::Float(number) => number.to_string(),
        FieldValue::Text(text) => text.clone(),
    }
}
