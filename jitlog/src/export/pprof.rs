//! pprof: a gzipped profile.proto of the samples, by stack, state, thread and trace.
//!
//! Field numbers are those of the published profile.proto.

use std::collections::HashMap;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use jitlog::{Definitions, Event, FuncId, LocId, Reader, SampleState, TraceId, TraceStart};

use crate::export::entries;
use crate::export::frames::{Place, Standing};
use crate::export::native::Natives;
use crate::export::proto::Message;
use crate::export::threads::Threads;
use crate::export::timed::{self, Timed};
use crate::tool::show::plain;

/// Profile.
mod profile {
    pub const SAMPLE_TYPE: u32 = 1;
    pub const SAMPLE: u32 = 2;
    pub const MAPPING: u32 = 3;
    pub const LOCATION: u32 = 4;
    pub const FUNCTION: u32 = 5;
    pub const STRING: u32 = 6;
    pub const TIME_NANOS: u32 = 9;
    pub const DURATION_NANOS: u32 = 10;
    pub const PERIOD_TYPE: u32 = 11;
    pub const PERIOD: u32 = 12;
    pub const COMMENT: u32 = 13;
    pub const DEFAULT_SAMPLE_TYPE: u32 = 14;
}

/// What samples that become one share.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    thread: usize,
    standing: Standing,
    trace: TraceId,
}

#[derive(Default)]
struct Sum {
    samples: u64,
    nanoseconds: u64,
}

/// The string table: number 0 is the empty string.
struct Strings {
    numbers: HashMap<String, u64>,
    list: Vec<String>,
}

impl Strings {
    fn new() -> Strings {
        Strings { numbers: HashMap::from([(String::new(), 0)]), list: vec![String::new()] }
    }

    /// The number of a text, made safe to print: pprof prints names as they are.
    fn number(&mut self, text: &str) -> u64 {
        let text = plain(text);
        if let Some(number) = self.numbers.get(text.as_ref()) {
            return *number;
        }
        let number = self.list.len() as u64;
        self.list.push(text.to_string());
        self.numbers.insert(text.into_owned(), number);
        number
    }
}

pub fn write(reader: &Reader, out: &mut impl Write) -> io::Result<()> {
    let definitions = reader.defs();
    let mut threads = Threads::of(definitions);
    let mut sums: HashMap<Key, Sum> = HashMap::new();
    let mut kinds = HashMap::new();
    let mut interval: Option<u64> = None;
    let mut timed = Timed::default();
    let mut natives = Natives::of(reader);
    for entry in entries(reader, timed::types().with(TraceStart::TYPE)) {
        let event = entry.event();
        let thread = threads.of_stream(entry.stream);
        timed.see(thread, &event);
        natives.see(thread, &event);
        match event {
            Event::TraceStart(start) => {
                kinds.insert(start.trace_id, start.kind);
            }
            Event::Sample(sample) => {
                let standing = Standing::of(&sample, natives.take(thread));
                let key = Key { thread, standing, trace: sample.trace_id };
                let sum = sums.entry(key).or_default();
                sum.samples += 1;
                sum.nanoseconds = sum.nanoseconds.saturating_add(sample.weight_ns);
                if sample.weight_ns != 0 {
                    interval = Some(interval.map_or(sample.weight_ns, |known| known.min(sample.weight_ns)));
                }
            }
            _ => {}
        }
    }
    for rest in timed.rest() {
        let key = Key { thread: rest.thread, standing: Standing::nowhere(rest.state), trace: TraceId::NONE };
        let sum = sums.entry(key).or_default();
        sum.nanoseconds = sum.nanoseconds.saturating_add(rest.ns);
    }
    let mut gzip = GzEncoder::new(out, Compression::fast());
    let mut writer = Pprof {
        out: &mut gzip,
        definitions,
        strings: Strings::new(),
        locations: HashMap::new(),
        functions: HashMap::new(),
        unknown_function: None,
        states: HashMap::new(),
        natives: &natives,
        native: HashMap::new(),
        part: Message::new(),
    };
    writer.head(reader, interval)?;
    let mut sums: Vec<(Key, Sum)> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|(key, _)| *key);
    for (key, sum) in sums {
        let mut labels =
            vec![("state", key.standing.state.to_string()), ("thread", threads.get(key.thread).name.clone())];
        if !key.trace.is_none() {
            let kind = kinds.get(&key.trace).map_or_else(|| "trace".to_string(), ToString::to_string);
            labels.push(("trace", format!("{kind} {}", key.trace)));
        }
        writer.sample(&key, &sum, &labels)?;
    }
    writer.strings()?;
    gzip.finish().map(drop)
}

struct Pprof<'d, W> {
    out: W,
    definitions: &'d Definitions,
    strings: Strings,
    /// Places and, per place, the number of its location; functions the same.
    locations: HashMap<LocId, u64>,
    functions: HashMap<FuncId, u64>,
    unknown_function: Option<u64>,
    /// For samples that stand nowhere, a function named for their state and its location.
    states: HashMap<SampleState, u64>,
    natives: &'d Natives,
    /// Native functions by number, with a location each.
    native: HashMap<u32, u64>,
    part: Message,
}

impl<W: Write> Pprof<'_, W> {
    /// Writes out what was made of the profile so far: its fields may come in any order.
    fn put(&mut self) -> io::Result<()> {
        self.out.write_all(self.part.bytes())?;
        self.part.clear();
        Ok(())
    }

    fn head(&mut self, reader: &Reader, interval: Option<u64>) -> io::Result<()> {
        // ValueType: type 1, unit 2.
        let mut value_type = |name: &str, unit: &str| {
            let mut message = Message::new();
            message.unsigned(1, self.strings.number(name)).unsigned(2, self.strings.number(unit));
            message
        };
        let (count, wall) = (value_type("samples", "count"), value_type("wall", "nanoseconds"));
        self.part.message(profile::SAMPLE_TYPE, &count).message(profile::SAMPLE_TYPE, &wall);
        self.part.unsigned(profile::DEFAULT_SAMPLE_TYPE, self.strings.number("wall"));
        if let Some(interval) = interval {
            self.part.message(profile::PERIOD_TYPE, &wall).unsigned(profile::PERIOD, interval);
        }
        self.part.unsigned(profile::TIME_NANOS, reader.static_page().start_real_ns);
        self.part.unsigned(profile::DURATION_NANOS, reader.last_ns());
        if let Some(process) = self.definitions.process() {
            let comment = format!("{} {} {}", process.vm_name, process.vm_version, process.vm_commit);
            self.part.unsigned(profile::COMMENT, self.strings.number(comment.trim_end()));
            let arguments: Vec<String> = serde_json::from_str(process.argv).unwrap_or_default();
            if let Some(program) = arguments.first() {
                let mut mapping = Message::new();
                // Mapping: id 1, filename 5, has_functions 7, has_filenames 8, has_line_numbers 9.
                mapping.unsigned(1, 1).unsigned(5, self.strings.number(program));
                mapping.unsigned(7, 1).unsigned(8, 1).unsigned(9, 1);
                self.part.message(profile::MAPPING, &mapping);
            }
        }
        self.put()
    }

    fn sample(&mut self, key: &Key, sum: &Sum, labels: &[(&str, String)]) -> io::Result<()> {
        let mut locations = Vec::new();
        // pprof has the leaf first.
        for number in self.natives.functions(key.standing.chain).iter().rev() {
            locations.push(self.native(*number));
        }
        for place in key.standing.places(self.definitions).into_iter().rev() {
            locations.push(self.location(place));
        }
        if locations.is_empty() {
            // pprof does not show samples without a place.
            locations.push(self.nowhere(key.standing.state));
        }
        let mut sample = Message::new();
        // Sample: location_id 1, value 2, label 3. Label: key 1, str 2.
        sample.packed(1, locations).packed(2, [sum.samples, sum.nanoseconds.min(i64::MAX as u64)]);
        for (name, text) in labels {
            let mut label = Message::new();
            label.unsigned(1, self.strings.number(name)).unsigned(2, self.strings.number(text));
            sample.message(3, &label);
        }
        self.part.message(profile::SAMPLE, &sample);
        self.put()
    }

    fn next_location(&self) -> u64 {
        (self.locations.len() + self.states.len() + self.native.len()) as u64 + 1
    }

    fn next_function(&self) -> u64 {
        (self.functions.len() + self.states.len() + self.native.len()) as u64
            + 1
            + u64::from(self.unknown_function.is_some())
    }

    fn nowhere(&mut self, state: SampleState) -> u64 {
        if let Some(location) = self.states.get(&state) {
            return *location;
        }
        let number = self.named(&format!("[{state}]"), None);
        self.states.insert(state, number);
        number
    }

    fn native(&mut self, number: u32) -> u64 {
        if let Some(location) = self.native.get(&number) {
            return *location;
        }
        let function = self.natives.function(number);
        let location = self.named(&function.name, function.file.as_deref());
        self.native.insert(number, location);
        location
    }

    /// A new function and its location, which has no line.
    fn named(&mut self, name: &str, file: Option<&str>) -> u64 {
        let (number, function) = (self.next_location(), self.next_function());
        let (mut described, mut line, mut location) = (Message::new(), Message::new(), Message::new());
        described.unsigned(1, function).unsigned(2, self.strings.number(name));
        if let Some(file) = file {
            described.unsigned(4, self.strings.number(file));
        }
        line.unsigned(1, function);
        location.unsigned(1, number).message(4, &line);
        self.part.message(profile::FUNCTION, &described).message(profile::LOCATION, &location);
        number
    }

    fn location(&mut self, loc: LocId) -> u64 {
        if let Some(number) = self.locations.get(&loc) {
            return *number;
        }
        let number = self.next_location();
        self.locations.insert(loc, number);
        let function = self.function(loc);
        let place = Place::of(self.definitions, loc);
        let mut line = Message::new();
        // Line: function_id 1, line 2, column 3. Location: id 1, line 4.
        line.unsigned(1, function).unsigned(2, place.line.into());
        if place.column != 0 {
            line.unsigned(3, place.column.into());
        }
        let mut location = Message::new();
        location.unsigned(1, number).message(4, &line);
        self.part.message(profile::LOCATION, &location);
        number
    }

    fn function(&mut self, loc: LocId) -> u64 {
        let id = self.definitions.loc(loc).map(|loc| loc.func_id);
        let known = match id {
            Some(id) => self.functions.get(&id).copied(),
            None => self.unknown_function,
        };
        if let Some(number) = known {
            return number;
        }
        let number = self.next_function();
        match id {
            Some(id) => {
                self.functions.insert(id, number);
            }
            None => self.unknown_function = Some(number),
        }
        let place = Place::of(self.definitions, loc);
        let name = self.strings.number(place.name());
        let mut function = Message::new();
        // Function: id 1, name 2, filename 4, start_line 5. With system_name 3 the same as the name, pprof would take it
        // for a C++ name and drop what stands in angle brackets.
        function.unsigned(1, number).unsigned(2, name);
        if let Some(file) = place.file {
            function.unsigned(4, self.strings.number(file));
        }
        if place.first_line != 0 {
            function.unsigned(5, place.first_line.into());
        }
        self.part.message(profile::FUNCTION, &function);
        number
    }

    fn strings(&mut self) -> io::Result<()> {
        for text in std::mem::take(&mut self.strings.list) {
            self.part.text(profile::STRING, &text);
            self.put()?;
        }
        Ok(())
    }
}
