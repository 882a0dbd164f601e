//! Perfetto: TrackEvent packets. A track per thread with its instants and one below it per lane of slices; samples as
//! instants with call stacks; counters as tracks of the process.
//!
//! Field numbers are those of Perfetto's published protos, named where they are used.

use std::collections::HashMap;
use std::hash::Hash;
use std::io::{self, Write};

use jitlog::{CounterUnit, Definitions, Event, LocId, Reader, Sample, StackId, StringId};

use crate::export::fields::{Field, FieldValue};
use crate::export::frames::{Place, Standing};
use crate::export::native::{Chain, Natives};
use crate::export::proto::Message;
use crate::export::threads::Threads;
use crate::export::timeline::{self, Category, End, Instant, Lane, Series, Sink, Slice};

/// BuiltinClock: times are CLOCK_MONOTONIC's, as the log's.
const CLOCK_REALTIME: u64 = 1;
const CLOCK_MONOTONIC: u64 = 3;
/// The one sequence of packets this writes.
const SEQUENCE: u64 = 1;
/// The process's track; others follow it.
const PROCESS_TRACK: u64 = 1;
/// Distinct texts that are remembered; later ones are written out each time.
const MAX_INTERNED: usize = 1 << 20;

/// TracePacket.
mod packet {
    pub const CLOCK_SNAPSHOT: u32 = 6;
    pub const TIMESTAMP: u32 = 8;
    pub const SEQUENCE_ID: u32 = 10;
    pub const TRACK_EVENT: u32 = 11;
    pub const INTERNED_DATA: u32 = 12;
    pub const SEQUENCE_FLAGS: u32 = 13;
    pub const CLOCK_ID: u32 = 58;
    pub const DEFAULTS: u32 = 59;
    pub const TRACK_DESCRIPTOR: u32 = 60;
    pub const FIRST_ON_SEQUENCE: u32 = 87;
    /// SEQ_INCREMENTAL_STATE_CLEARED and SEQ_NEEDS_INCREMENTAL_STATE.
    pub const CLEARED: u64 = 1;
    pub const NEEDS_STATE: u64 = 2;
}

/// TrackDescriptor and what it contains.
mod track {
    pub const UUID: u32 = 1;
    pub const NAME: u32 = 2;
    pub const PROCESS: u32 = 3;
    pub const THREAD: u32 = 4;
    pub const PARENT: u32 = 5;
    pub const COUNTER: u32 = 8;
}

/// TrackEvent.
mod event {
    pub const CATEGORY_IIDS: u32 = 3;
    pub const ANNOTATIONS: u32 = 4;
    pub const TYPE: u32 = 9;
    pub const NAME_IID: u32 = 10;
    pub const TRACK: u32 = 11;
    pub const NAME: u32 = 23;
    pub const COUNTER_VALUE: u32 = 30;
    pub const CALLSTACK_IID: u32 = 56;
    pub const CALLSTACK_WEIGHT: u32 = 57;
    pub const SLICE_BEGIN: u64 = 1;
    pub const SLICE_END: u64 = 2;
    pub const INSTANT: u64 = 3;
    pub const COUNTER: u64 = 4;
}

/// InternedData.
mod interned {
    pub const CATEGORIES: u32 = 1;
    pub const EVENT_NAMES: u32 = 2;
    pub const ANNOTATION_NAMES: u32 = 3;
    pub const FUNCTION_NAMES: u32 = 5;
    pub const FRAMES: u32 = 6;
    pub const CALLSTACKS: u32 = 7;
    pub const MAPPING_PATHS: u32 = 17;
    pub const SOURCE_PATHS: u32 = 18;
    pub const MAPPINGS: u32 = 19;
}

/// What tracks there are besides a thread's own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Track {
    Thread(usize),
    Lane(usize, Lane),
    Samples(usize),
    Counter(Series),
}

/// What a frame of a call stack is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Frame {
    Place(LocId),
    /// The number of a native function.
    Native(u32),
}

/// Numbers for things that are written once and referred to.
struct Interner<K>(HashMap<K, u64>);

impl<K: Hash + Eq> Interner<K> {
    fn new() -> Interner<K> {
        Interner(HashMap::new())
    }

    /// The number, and whether it is new.
    fn number(&mut self, key: K) -> (u64, bool) {
        let next = self.0.len() as u64 + 1;
        let number = *self.0.entry(key).or_insert(next);
        (number, number == next)
    }
}

struct Perfetto<'r, W> {
    out: W,
    definitions: &'r Definitions,
    pid: u32,
    start_ns: u64,
    tracks: HashMap<Track, u64>,
    categories: Interner<&'static str>,
    names: Interner<String>,
    keys: Interner<&'static str>,
    functions: Interner<String>,
    sources: Interner<String>,
    frames: Interner<Frame>,
    stacks: Interner<(StackId, LocId, Chain)>,
    natives: Natives,
    /// What the packet being made introduces.
    introduced: Message,
    event: Message,
    packet: Message,
}

pub fn write(reader: &Reader, out: &mut impl Write) -> io::Result<()> {
    let page = reader.static_page();
    let mut perfetto = Perfetto {
        out,
        definitions: reader.defs(),
        pid: page.pid,
        start_ns: page.start_mono_ns,
        tracks: HashMap::new(),
        categories: Interner::new(),
        names: Interner::new(),
        keys: Interner::new(),
        functions: Interner::new(),
        sources: Interner::new(),
        frames: Interner::new(),
        stacks: Interner::new(),
        natives: Natives::of(reader),
        introduced: Message::new(),
        event: Message::new(),
        packet: Message::new(),
    };
    perfetto.start(reader)?;
    timeline::read(reader, perfetto).map(drop)
}

impl<W: Write> Perfetto<'_, W> {
    /// Clocks, the process, and what every packet shares.
    fn start(&mut self, reader: &Reader) -> io::Result<()> {
        let page = reader.static_page();
        let mut snapshot = Message::new();
        for (clock, time) in [(CLOCK_MONOTONIC, page.start_mono_ns), (CLOCK_REALTIME, page.start_real_ns)] {
            let mut message = Message::new();
            // ClockSnapshot.clocks: clock_id 1, timestamp 2.
            message.unsigned(1, clock).unsigned(2, time);
            snapshot.message(1, &message);
        }
        // primary_trace_clock.
        snapshot.unsigned(2, CLOCK_MONOTONIC);
        self.packet.message(packet::CLOCK_SNAPSHOT, &snapshot);
        self.put()?;

        let mut mapping = Message::new();
        // Frames of older readers need a mapping: Mapping iid 1, path_string_ids 7.
        mapping.unsigned(1, 1).unsigned(7, 1);
        let mut path = Message::new();
        path.unsigned(1, 1).text(2, "program");
        let mut introduced = Message::new();
        introduced.message(interned::MAPPING_PATHS, &path).message(interned::MAPPINGS, &mapping);
        let mut defaults = Message::new();
        defaults.unsigned(packet::CLOCK_ID, CLOCK_MONOTONIC);
        self.packet
            .unsigned(packet::SEQUENCE_FLAGS, packet::CLEARED | packet::NEEDS_STATE)
            .unsigned(packet::FIRST_ON_SEQUENCE, 1)
            .message(packet::DEFAULTS, &defaults)
            .message(packet::INTERNED_DATA, &introduced);
        self.put()?;

        let mut process = Message::new();
        // ProcessDescriptor: pid 1, cmdline 2, process_name 6.
        process.signed(1, i64::from(page.pid));
        if let Some(definition) = self.definitions.process() {
            let arguments: Vec<String> = serde_json::from_str(definition.argv).unwrap_or_default();
            arguments.iter().for_each(|argument| {
                process.text(2, argument);
            });
            let program = arguments.first().map(String::as_str).filter(|name| !name.is_empty());
            process.text(6, program.unwrap_or(definition.vm_name));
        }
        let mut descriptor = Message::new();
        descriptor.unsigned(track::UUID, PROCESS_TRACK).message(track::PROCESS, &process);
        self.packet.message(packet::TRACK_DESCRIPTOR, &descriptor);
        self.put()
    }

    /// Ends a packet: Trace.packet.
    fn put(&mut self) -> io::Result<()> {
        self.packet.unsigned(packet::SEQUENCE_ID, SEQUENCE);
        let mut head = Message::new();
        head.raw_varint(0x0A);
        head.raw_varint(self.packet.bytes().len() as u64);
        self.out.write_all(head.bytes())?;
        self.out.write_all(self.packet.bytes())?;
        self.packet.clear();
        Ok(())
    }

    /// Ends a packet with the event made so far and what it introduced.
    fn put_event(&mut self, t_ns: u64) -> io::Result<()> {
        self.packet.unsigned(packet::TIMESTAMP, self.start_ns.saturating_add(t_ns));
        self.packet.message(packet::TRACK_EVENT, &self.event).unsigned(packet::SEQUENCE_FLAGS, packet::NEEDS_STATE);
        self.event.clear();
        if !self.introduced.bytes().is_empty() {
            self.packet.message(packet::INTERNED_DATA, &self.introduced);
            self.introduced.clear();
        }
        self.put()
    }

    /// The number of a track, which is described first if it is new.
    fn track(&mut self, threads: &Threads, track: Track) -> io::Result<u64> {
        if let Some(number) = self.tracks.get(&track) {
            return Ok(*number);
        }
        let mut descriptor = Message::new();
        match track {
            Track::Thread(thread) => {
                let thread = threads.get(thread);
                let mut message = Message::new();
                // ThreadDescriptor: pid 1, tid 2, thread_name 5.
                message.signed(1, self.pid.into()).signed(2, thread.tid.into()).text(5, &thread.name);
                // Its process is the track above it.
                descriptor.message(track::THREAD, &message);
            }
            Track::Lane(thread, lane) => {
                let parent = self.track(threads, Track::Thread(thread))?;
                descriptor.unsigned(track::PARENT, parent).text(track::NAME, &self.lane_name(lane));
            }
            Track::Samples(thread) => {
                let parent = self.track(threads, Track::Thread(thread))?;
                descriptor.unsigned(track::PARENT, parent).text(track::NAME, "samples");
            }
            Track::Counter(series) => {
                let mut counter = Message::new();
                // CounterDescriptor.unit 3: UNIT_TIME_NS 1, UNIT_COUNT 2, UNIT_SIZE_BYTES 3.
                let unit = match series.unit() {
                    CounterUnit::Bytes => 3,
                    CounterUnit::Nanoseconds => 1,
                    _ => 2,
                };
                counter.unsigned(3, unit);
                descriptor.unsigned(track::PARENT, PROCESS_TRACK).text(track::NAME, &series.name());
                descriptor.message(track::COUNTER, &counter);
            }
        }
        let number = PROCESS_TRACK + 1 + self.tracks.len() as u64;
        self.tracks.insert(track, number);
        descriptor.unsigned(track::UUID, number);
        self.packet.message(packet::TRACK_DESCRIPTOR, &descriptor);
        self.put()?;
        Ok(number)
    }

    fn lane_name(&self, lane: Lane) -> String {
        match lane {
            Lane::Recording => "recording".into(),
            Lane::Compiling => "compiling".into(),
            Lane::Passes => "passes".into(),
            Lane::Collection => "collections".into(),
            Lane::Phases => "collection phases".into(),
            Lane::Span(StringId::NONE) => "spans".into(),
            Lane::Span(name) => self.definitions.string(name).unwrap_or("spans").into(),
        }
    }

    /// What slices and instants have in common.
    fn describe(&mut self, track: u64, kind: u64, category: &'static str, name: &str) {
        self.event.unsigned(event::TYPE, kind).unsigned(event::TRACK, track);
        let (iid, new) = self.categories.number(category);
        self.event.unsigned(event::CATEGORY_IIDS, iid);
        if new {
            introduce(&mut self.introduced, interned::CATEGORIES, iid, category);
        }
        if self.names.0.len() >= MAX_INTERNED && !self.names.0.contains_key(name) {
            self.event.text(event::NAME, name);
            return;
        }
        let (iid, new) = match self.names.0.get(name) {
            Some(iid) => (*iid, false),
            None => self.names.number(name.to_string()),
        };
        self.event.unsigned(event::NAME_IID, iid);
        if new {
            introduce(&mut self.introduced, interned::EVENT_NAMES, iid, name);
        }
    }

    fn annotate(&mut self, fields: &[Field]) {
        for (key, value) in fields {
            let (iid, new) = self.keys.number(key);
            if new {
                introduce(&mut self.introduced, interned::ANNOTATION_NAMES, iid, key);
            }
            let mut annotation = Message::new();
            annotation.unsigned(1, iid);
            // DebugAnnotation: uint_value 3, int_value 4, double_value 5, string_value 6.
            match value {
                FieldValue::Unsigned(number) => annotation.unsigned(3, *number),
                FieldValue::Signed(number) => annotation.signed(4, *number),
                FieldValue::Float(number) => annotation.double(5, *number),
                FieldValue::Text(text) => annotation.text(6, text),
            };
            self.event.message(event::ANNOTATIONS, &annotation);
        }
    }

    /// Attaches a call stack, if there is one.
    fn stack(&mut self, stack: StackId, place: LocId, chain: Chain) -> bool {
        let places = match self.stacks.0.get(&(stack, place, chain)) {
            Some(iid) => {
                self.event.unsigned(event::CALLSTACK_IID, *iid);
                return true;
            }
            None => Standing { stack, place, state: Default::default(), chain }.places(self.definitions),
        };
        if places.is_empty() {
            return false;
        }
        let functions = self.natives.functions(chain).iter().copied().map(Frame::Native);
        let frames: Vec<Frame> = places.into_iter().map(Frame::Place).chain(functions).collect();
        let frames: Vec<u64> = frames.into_iter().map(|frame| self.frame(frame)).collect();
        let (iid, _) = self.stacks.number((stack, place, chain));
        let mut callstack = Message::new();
        callstack.unsigned(1, iid);
        for frame in frames {
            callstack.unsigned(2, frame);
        }
        self.introduced.message(interned::CALLSTACKS, &callstack);
        self.event.unsigned(event::CALLSTACK_IID, iid);
        true
    }

    fn frame(&mut self, frame: Frame) -> u64 {
        let (iid, new) = self.frames.number(frame);
        if !new {
            return iid;
        }
        let (name, file, line, address) = match frame {
            Frame::Place(loc) => {
                let place = Place::of(self.definitions, loc);
                // Older readers show the name alone, so it says where it is.
                let name = match place.short() {
                    Some(short) => format!("{} ({short})", place.name()),
                    None => place.name().to_string(),
                };
                (name, place.file.map(str::to_string), place.line, u64::from(loc))
            }
            Frame::Native(number) => {
                let function = self.natives.function(number);
                // Addresses only tell frames apart; those of places are below.
                (function.name.clone(), function.file.clone(), 0, 1 << 32 | u64::from(number))
            }
        };
        let (function, new) = self.functions.number(name.clone());
        if new {
            introduce(&mut self.introduced, interned::FUNCTION_NAMES, function, &name);
        }
        let mut frame = Message::new();
        // Frame: iid 1, function_name_id 2, mapping_id 3, rel_pc 4, source_path_iid 5, line_number 6.
        frame.unsigned(1, iid).unsigned(2, function).unsigned(3, 1).unsigned(4, address);
        if let Some(file) = file {
            let (source, new) = self.sources.number(file.clone());
            if new {
                introduce(&mut self.introduced, interned::SOURCE_PATHS, source, &file);
            }
            frame.unsigned(5, source);
        }
        if line != 0 {
            frame.unsigned(6, line.into());
        }
        self.introduced.message(interned::FRAMES, &frame);
        iid
    }
}

/// Every kind of interned text: iid 1, the text 2.
fn introduce(introduced: &mut Message, field: u32, iid: u64, text: &str) {
    let mut message = Message::new();
    message.unsigned(1, iid).text(2, text);
    introduced.message(field, &message);
}

impl<W: Write> Sink for Perfetto<'_, W> {
    fn begin(&mut self, threads: &Threads, slice: &Slice) -> io::Result<()> {
        let track = self.track(threads, Track::Lane(slice.thread, slice.lane))?;
        self.describe(track, event::SLICE_BEGIN, Category::of(slice.event_type).name(), &slice.name);
        self.annotate(&slice.fields);
        self.put_event(slice.start_ns)
    }

    fn end(&mut self, threads: &Threads, slice: Slice, end: &End<'_>) -> io::Result<()> {
        let track = self.track(threads, Track::Lane(slice.thread, slice.lane))?;
        self.event.unsigned(event::TYPE, event::SLICE_END).unsigned(event::TRACK, track);
        self.annotate(end.fields);
        self.put_event(end.t_ns)
    }

    fn unended(&mut self, _threads: &Threads, _slice: Slice) -> io::Result<()> {
        // A slice without an end is one to Perfetto too.
        Ok(())
    }

    fn instant(&mut self, threads: &Threads, instant: &Instant<'_>) -> io::Result<()> {
        let track = self.track(threads, Track::Thread(instant.thread))?;
        self.describe(track, event::INSTANT, Category::of(instant.event_type).name(), instant.name);
        self.annotate(instant.fields);
        if !instant.stack.is_none() {
            self.stack(instant.stack, LocId::NONE, Chain::NONE);
        }
        self.put_event(instant.t_ns)
    }

    fn counter(&mut self, threads: &Threads, t_ns: u64, series: Series, value: u64) -> io::Result<()> {
        let track = self.track(threads, Track::Counter(series))?;
        self.event.unsigned(event::TYPE, event::COUNTER).unsigned(event::TRACK, track);
        self.event.signed(event::COUNTER_VALUE, i64::try_from(value).unwrap_or(i64::MAX));
        self.put_event(t_ns)
    }

    fn native_stack(&mut self, thread: usize, stack: &Event<'_>) {
        self.natives.see(thread, stack);
    }

    fn sample(&mut self, threads: &Threads, thread: usize, t_ns: u64, sample: &Sample) -> io::Result<()> {
        let track = self.track(threads, Track::Samples(thread))?;
        let state = sample.state.name().map_or_else(|| format!("state {}", sample.state), str::to_string);
        self.describe(track, event::INSTANT, "sample", &state);
        if !sample.trace_id.is_none() {
            self.annotate(&[("trace_id", FieldValue::Unsigned(sample.trace_id.into()))]);
        }
        if sample.weight_ns != 0 {
            self.annotate(&[("weight_ns", FieldValue::Unsigned(sample.weight_ns))]);
        }
        let chain = self.natives.take(thread);
        if self.stack(sample.stack_id, sample.loc_id, chain) && sample.weight_ns != 0 {
            self.event.double(event::CALLSTACK_WEIGHT, sample.weight_ns as f64);
        }
        self.put_event(t_ns)
    }
}
