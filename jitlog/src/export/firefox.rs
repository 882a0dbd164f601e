//! Firefox Profiler: a processed profile with samples by state, markers and counters.
//!
//! The format is columns by thread, so the crate that knows it holds the profile in memory until it is written, and so
//! does the profiler: of a large log the profile has a part that is spread evenly ([`Thinning`]).

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use fxprof_processed_profile::*;
use jitlog::{CounterUnit, Definitions, Event, FrameKind, LocId, Mark, Reader, Sample, SampleState, spec_of};

use crate::export::fields::{Field, FieldValue, Shape, shapes};
use crate::export::frames::{Place, Standing};
use crate::export::native::{Chain, Natives};
use crate::export::thinning::{Limits, Thinning};
use crate::export::threads::Threads;
use crate::export::timeline::{self, Category, End, Instant, Series, Sink, Slice, text_of};
use crate::tool::show::plain;

/// The states of samples: category, colour, and what of it the state is.
const STATES: [(SampleState, &str, CategoryColor); 9] = [
    (SampleState::Interp, "Interpreter", CategoryColor::Yellow),
    (SampleState::Trace, "Compiled", CategoryColor::Green),
    (SampleState::Native, "Native", CategoryColor::Blue),
    (SampleState::Gc, "GC", CategoryColor::Orange),
    (SampleState::Record, "JIT", CategoryColor::Purple),
    (SampleState::Opt, "JIT", CategoryColor::Purple),
    (SampleState::Codegen, "JIT", CategoryColor::Purple),
    (SampleState::Deopt, "Exit", CategoryColor::Red),
    (SampleState::Idle, "Idle", CategoryColor::Transparent),
];

/// What samples are supposed to be apart when the log does not tell.
const USUAL_INTERVAL_NS: u64 = 1_000_000;

/// One kind of marker: its fields are those of the event it begins with and of the one it ends with.
struct MarkerKind {
    handle: MarkerTypeHandle,
    keys: Vec<(&'static str, Shape)>,
}

struct Firefox<'d> {
    profile: Profile,
    definitions: &'d Definitions,
    process: ProcessHandle,
    threads: HashMap<usize, ThreadHandle>,
    has_main: bool,
    states: HashMap<SampleState, CategoryPairHandle>,
    categories: HashMap<Category, CategoryHandle>,
    other: CategoryPairHandle,
    kinds: HashMap<(u16, Option<u16>), MarkerKind>,
    stacks: HashMap<(usize, Standing), Option<StackHandle>>,
    counters: HashMap<Series, Counter>,
    natives: Natives,
    thinning: Thinning,
    /// The least weight of the samples so far: how far apart they were meant to be.
    interval: Option<u64>,
    /// The times of the first and the last marker.
    markers: Option<(u64, u64)>,
}

/// A counter's last value that the profile has, and the one after it if that waits for its time.
struct Counter {
    handle: CounterHandle,
    value: u64,
    t_ns: u64,
    waiting: Option<(u64, u64)>,
}

/// Writes the profile; says what of the log it leaves out.
pub fn write(reader: &Reader, limits: Limits, out: &mut impl Write) -> io::Result<Option<String>> {
    let page = reader.static_page();
    let definitions = reader.defs();
    let start = ReferenceTimestamp::from_millis_since_unix_epoch(page.start_real_ns as f64 / 1e6);
    let process = definitions.process();
    let product = process.map_or("jitlog", |process| process.vm_name);
    let mut profile = Profile::new(&plain(product), start, SamplingInterval::from_nanos(USUAL_INTERVAL_NS));
    let arguments: Vec<String> =
        process.and_then(|process| serde_json::from_str(process.argv).ok()).unwrap_or_default();
    let program = arguments.first().map_or(product, String::as_str);
    if let Some(process) = process.filter(|process| !process.os.is_empty()) {
        profile.set_os_name(&plain(process.os));
    }
    profile.set_symbolicated(true);
    let main = profile.add_process(&plain(program), page.pid, Timestamp::from_nanos_since_reference(0));
    let mut by_name: HashMap<&str, CategoryHandle> = HashMap::new();
    let mut states = HashMap::new();
    for (state, name, colour) in STATES {
        let category = *by_name.entry(name).or_insert_with(|| profile.add_category(name, colour));
        let words = state.to_string();
        states.insert(state, profile.add_subcategory(category, &words));
    }
    let mut categories = HashMap::new();
    for category in Category::ALL {
        let name = category.name();
        let handle = *by_name.entry(name).or_insert_with(|| profile.add_category(name, CategoryColor::LightBlue));
        categories.insert(category, handle);
    }
    let firefox = Firefox {
        other: CategoryHandle::OTHER.into(),
        profile,
        definitions,
        process: main,
        threads: HashMap::new(),
        has_main: false,
        states,
        categories,
        kinds: HashMap::new(),
        stacks: HashMap::new(),
        counters: HashMap::new(),
        natives: Natives::of(reader),
        thinning: Thinning::of(reader, limits),
        interval: None,
        markers: None,
    };
    let mut firefox = timeline::read(reader, firefox)?;
    let note = firefox.finish();
    if let Some(interval) = firefox.interval {
        firefox.profile.set_interval(SamplingInterval::from_nanos(interval));
    }
    serde_json::to_writer(&mut *out, &firefox.profile)?;
    out.write_all(b"\n")?;
    Ok(note)
}

fn time(t_ns: u64) -> Timestamp {
    Timestamp::from_nanos_since_reference(t_ns)
}

/// A marker's values, by the fields of its kind.
struct Values {
    handle: MarkerTypeHandle,
    name: StringHandle,
    category: CategoryHandle,
    /// By field.
    values: Vec<MarkerValue>,
}

enum MarkerValue {
    Text(StringHandle),
    Number(f64),
}

impl Marker for Values {
    fn marker_type(&self, _profile: &mut Profile) -> MarkerTypeHandle {
        self.handle
    }
    fn name(&self, _profile: &mut Profile) -> StringHandle {
        self.name
    }
    fn category(&self, _profile: &mut Profile) -> CategoryHandle {
        self.category
    }
    fn string_field_value(&self, field: u32) -> StringHandle {
        match self.values[field as usize] {
            MarkerValue::Text(text) => text,
            MarkerValue::Number(_) => self.name,
        }
    }
    fn number_field_value(&self, field: u32) -> f64 {
        match self.values[field as usize] {
            MarkerValue::Text(_) => f64::NAN,
            MarkerValue::Number(number) => number,
        }
    }
}

impl Firefox<'_> {
    /// Gives what still waited; a note of what was left out is a marker too.
    fn finish(&mut self) -> Option<String> {
        for (index, t_ns, sample) in self.thinning.last_samples() {
            if let Some(thread) = self.threads.get(&index).copied() {
                self.add_sample(thread, index, t_ns, &sample, Chain::NONE);
            }
        }
        for counter in self.counters.values_mut() {
            if let Some((t_ns, value)) = counter.waiting.take() {
                let change = value as f64 - counter.value as f64;
                self.profile.add_counter_sample(counter.handle, time(t_ns), change, 0);
            }
        }
        let note = self.thinning.note();
        let first = self.threads.iter().min_by_key(|(index, _)| **index).map(|(_, thread)| *thread);
        if let (Some(note), Some(thread), Some((start, _))) = (&note, first, self.markers) {
            self.marker(thread, MarkerTiming::Instant(time(start)), note, (Mark::TYPE, None), &[]);
        }
        self.mark_ends();
        note
    }

    fn add_sample(&mut self, thread: ThreadHandle, index: usize, t_ns: u64, sample: &Sample, chain: Chain) {
        let stack = self.stack(index, thread, Standing::of(sample, chain));
        // A sample that stands for several intervals weighs as much; where nothing is said it is one sample.
        let interval = self.interval.unwrap_or(USUAL_INTERVAL_NS);
        let weight = (sample.weight_ns.saturating_add(interval / 2) / interval).clamp(1, i32::MAX as u64);
        let busy = if sample.state == SampleState::Idle { 0 } else { sample.weight_ns };
        self.profile.add_sample(thread, time(t_ns), stack, CpuDelta::from_nanos(busy), weight as i32);
    }

    /// Marks the time of the first and the last marker with a sample of nothing, of no weight: the profiler shows only the markers that lie
    /// between the first sample and the last.
    fn mark_ends(&mut self) {
        let Some((first, last)) = self.markers else { return };
        if let Some((_, thread)) = self.threads.iter().min_by_key(|(index, _)| **index) {
            for t_ns in [first, last] {
                self.profile.add_sample(*thread, time(t_ns), None, CpuDelta::ZERO, 0);
            }
        }
    }

    /// The handle of a thread, which is added when something of it is met.
    fn thread(&mut self, threads: &Threads, index: usize) -> ThreadHandle {
        if let Some(handle) = self.threads.get(&index) {
            return *handle;
        }
        let thread = threads.get(index);
        // The profiler shows one thread as the process's own: the first that runs the program.
        let is_main = thread.runs_program && !std::mem::replace(&mut self.has_main, true);
        let handle = self.profile.add_thread(self.process, thread.tid, time(0), is_main);
        self.profile.set_thread_name(handle, &plain(&thread.name));
        self.profile.set_thread_show_markers_in_timeline(handle, true);
        self.threads.insert(index, handle);
        handle
    }

    /// Widens the span of the markers.
    fn reach(&mut self, t_ns: u64) {
        let (first, last) = self.markers.unwrap_or((t_ns, t_ns));
        self.markers = Some((first.min(t_ns), last.max(t_ns)));
    }

    /// Registers a kind of marker when it is first met.
    fn kind(&mut self, first: u16, last: Option<u16>) {
        if self.kinds.contains_key(&(first, last)) {
            return;
        }
        let mut keys = shapes(first);
        for (key, shape) in last.into_iter().flat_map(shapes) {
            if !keys.iter().any(|(known, _)| *known == key) {
                keys.push((key, shape));
            }
        }
        let name = |event_type| spec_of(event_type).map_or("", |spec| spec.name);
        let fields = keys.iter().map(|(key, shape)| RuntimeSchemaMarkerField {
            key: safe_key(key).into(),
            label: key.replace('_', " "),
            format: match shape {
                Shape::Nanoseconds => MarkerFieldFormat::Duration,
                Shape::Bytes => MarkerFieldFormat::Bytes,
                Shape::Number => MarkerFieldFormat::Integer,
                Shape::Decimal => MarkerFieldFormat::Decimal,
                Shape::Text => MarkerFieldFormat::String,
            },
            flags: MarkerFieldFlags::SEARCHABLE,
        });
        let schema = RuntimeSchemaMarkerSchema {
            type_name: last.map_or_else(|| name(first).into(), |last| format!("{}-{}", name(first), name(last))),
            locations: MarkerLocations::MARKER_CHART
                | MarkerLocations::MARKER_TABLE
                | MarkerLocations::TIMELINE_OVERVIEW,
            chart_label: Some("{marker.name}".into()),
            tooltip_label: None,
            table_label: None,
            fields: fields.collect(),
            graphs: Vec::new(),
            description: spec_of(first).map(|spec| spec.doc.trim().to_string()),
        };
        let handle = self.profile.register_marker_type(schema);
        self.kinds.insert((first, last), MarkerKind { handle, keys });
    }

    fn marker(
        &mut self,
        thread: ThreadHandle,
        timing: MarkerTiming,
        name: &str,
        types: (u16, Option<u16>),
        fields: &[Field],
    ) -> MarkerHandle {
        self.kind(types.0, types.1);
        let kind = &self.kinds[&types];
        let mut values = Vec::with_capacity(kind.keys.len());
        for (key, shape) in &kind.keys {
            // The last one counts: what an end says is newer.
            let value = fields.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value);
            // NaN becomes null: the profiler shows nothing.
            let number = value.map_or(f64::NAN, number);
            values.push(match shape {
                Shape::Text => {
                    let text = value.map(text_of).unwrap_or_default();
                    MarkerValue::Text(self.profile.intern_string(&plain(&text)))
                }
                Shape::Nanoseconds => MarkerValue::Number(number / 1e6),
                _ => MarkerValue::Number(number),
            });
        }
        let name = self.profile.intern_string(&plain(name));
        let category = self.categories[&Category::of(types.0)];
        self.profile.add_marker(thread, timing, Values { handle: kind.handle, name, category, values })
    }

    fn stack(&mut self, index: usize, thread: ThreadHandle, standing: Standing) -> Option<StackHandle> {
        if let Some(stack) = self.stacks.get(&(index, standing)) {
            return *stack;
        }
        let places = standing.places(self.definitions);
        let category = self.states.get(&standing.state).copied().unwrap_or(self.other);
        let compiled: HashSet<LocId> = self
            .definitions
            .frames(standing.stack)
            .filter(|frame| frame.frame_kind == FrameKind::Compiled)
            .map(|frame| frame.loc_id)
            .collect();
        let callers = |place: &LocId| {
            let state = if compiled.contains(place) { SampleState::Trace } else { SampleState::Interp };
            self.states.get(&state).copied().unwrap_or(self.other)
        };
        let count = places.len();
        let mut frames: Vec<(String, CategoryPairHandle)> = Vec::new();
        for (index, place) in places.iter().enumerate() {
            let words = Place::of(self.definitions, *place);
            let name = match words.short() {
                Some(short) => format!("{} ({short})", words.name()),
                None => words.name().to_string(),
            };
            frames.push((name, if index + 1 == count { category } else { callers(place) }));
        }
        let functions = self.natives.functions(standing.chain).iter();
        frames.extend(functions.map(|number| (self.natives.function(*number).name.clone(), category)));
        if frames.is_empty() {
            frames.push((format!("[{}]", standing.state), category));
        }
        let frames: Vec<FrameInfo> = frames
            .into_iter()
            .map(|(name, category_pair)| FrameInfo {
                frame: Frame::Label(self.profile.intern_string(&plain(&name))),
                category_pair,
                flags: FrameFlags::IS_RELEVANT_FOR_JS,
            })
            .collect();
        let stack = self.profile.intern_stack_frames(thread, frames.into_iter());
        self.stacks.insert((index, standing), stack);
        stack
    }
}

fn number(value: &FieldValue) -> f64 {
    match value {
        FieldValue::Unsigned(number) => *number as f64,
        FieldValue::Signed(number) => *number as f64,
        FieldValue::Float(number) => *number,
        FieldValue::Text(_) => f64::NAN,
    }
}

/// The profiler keeps two keys for itself.
fn safe_key(key: &'static str) -> &'static str {
    match key {
        "cause" => "why",
        "type" => "event_type",
        other => other,
    }
}

impl Sink for Firefox<'_> {
    fn begin(&mut self, _threads: &Threads, _slice: &Slice) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, threads: &Threads, slice: Slice, end: &End<'_>) -> io::Result<()> {
        let thread = self.thread(threads, slice.thread);
        let types = (slice.event_type, end.event_type.filter(|event_type| *event_type != slice.event_type));
        let fields: Vec<Field> = slice.fields.iter().chain(end.fields).cloned().collect();
        let timing = MarkerTiming::Interval(time(slice.start_ns), time(end.t_ns));
        self.reach(slice.start_ns);
        self.reach(end.t_ns);
        if !self.thinning.marker(slice.event_type, end.t_ns.saturating_sub(slice.start_ns)) {
            return Ok(());
        }
        self.marker(thread, timing, &slice.name, types, &fields);
        Ok(())
    }

    fn unended(&mut self, threads: &Threads, slice: Slice) -> io::Result<()> {
        let thread = self.thread(threads, slice.thread);
        let timing = MarkerTiming::IntervalStart(time(slice.start_ns));
        self.reach(slice.start_ns);
        self.marker(thread, timing, &slice.name, (slice.event_type, None), &slice.fields);
        Ok(())
    }

    fn instant(&mut self, threads: &Threads, instant: &Instant<'_>) -> io::Result<()> {
        let thread = self.thread(threads, instant.thread);
        let timing = MarkerTiming::Instant(time(instant.t_ns));
        self.reach(instant.t_ns);
        if !self.thinning.marker(instant.event_type, 0) {
            return Ok(());
        }
        let marker = self.marker(thread, timing, instant.name, (instant.event_type, None), instant.fields);
        if !instant.stack.is_none() {
            let standing =
                Standing { stack: instant.stack, place: LocId::NONE, state: SampleState::Interp, chain: Chain::NONE };
            let stack = self.stack(instant.thread, thread, standing);
            self.profile.set_marker_stack(thread, marker, stack);
        }
        Ok(())
    }

    fn counter(&mut self, _threads: &Threads, t_ns: u64, series: Series, value: u64) -> io::Result<()> {
        let (process, profile) = (self.process, &mut self.profile);
        let is_new = !self.counters.contains_key(&series);
        let counter = self.counters.entry(series).or_insert_with(|| {
            // The profiler draws counters of the category Memory in bytes.
            let category = if series.unit() == CounterUnit::Bytes { "Memory" } else { "Other" };
            let handle = profile.add_counter(process, &series.name(), category, &series.name());
            Counter { handle, value: 0, t_ns, waiting: None }
        });
        if !is_new && t_ns.saturating_sub(counter.t_ns) < self.thinning.spacing_ns {
            counter.waiting = Some((t_ns, value));
            return Ok(());
        }
        // The profile has differences: those left out are in the next.
        profile.add_counter_sample(counter.handle, time(t_ns), value as f64 - counter.value as f64, 0);
        (counter.value, counter.t_ns, counter.waiting) = (value, t_ns, None);
        Ok(())
    }

    fn native_stack(&mut self, thread: usize, stack: &Event<'_>) {
        self.natives.see(thread, stack);
    }

    fn sample(&mut self, threads: &Threads, index: usize, t_ns: u64, sample: &Sample) -> io::Result<()> {
        let thread = self.thread(threads, index);
        if sample.weight_ns != 0 {
            self.interval = Some(self.interval.map_or(sample.weight_ns, |interval| interval.min(sample.weight_ns)));
        }
        let chain = self.natives.take(index);
        if let Some(sample) = self.thinning.sample(index, t_ns, sample) {
            self.add_sample(thread, index, t_ns, &sample, chain);
        }
        Ok(())
    }
}
