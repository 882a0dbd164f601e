//! speedscope: one sampled profile per thread, in nanoseconds.
//!
//! A profile has its stacks in one array and its weights in another, so each thread's samples are read twice rather
//! than kept.

use std::collections::HashMap;
use std::io::{self, Write};

use jitlog::{Definitions, Event, LocId, NativeStack, Reader, Sample, SampleState, Types};

use crate::export::frames::{Place, Standing};
use crate::export::native::Natives;
use crate::export::threads::Threads;
use crate::export::timed::{self, Rest, Timed};
use crate::export::{entries, json};

const CHUNK: usize = 1 << 16;

/// What a frame is: a place, native code, or what the innermost was doing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Frame {
    Place(LocId),
    /// The number of a native function.
    Native(u32),
    State(SampleState),
}

/// What one thread's samples span.
#[derive(Clone, Copy)]
struct Profile {
    thread: usize,
    /// Sum of the weights: a sampled profile's time is made of them.
    weight_ns: u64,
}

pub fn write(reader: &Reader, out: &mut impl Write) -> io::Result<()> {
    let definitions = reader.defs();
    let mut threads = Threads::of(definitions);
    let mut frames: HashMap<Frame, usize> = HashMap::new();
    let mut order: Vec<Frame> = Vec::new();
    // Per distinct standing its stack as JSON.
    let mut stacks: HashMap<Standing, Vec<u8>> = HashMap::new();
    let mut profiles: Vec<Profile> = Vec::new();
    let mut timed = Timed::default();
    let mut natives = Natives::of(reader);
    let mut add = |natives: &Natives, thread: usize, standing: Standing, ns: u64| {
        match profiles.iter_mut().find(|profile| profile.thread == thread) {
            Some(profile) => profile.weight_ns = profile.weight_ns.saturating_add(ns),
            None => profiles.push(Profile { thread, weight_ns: ns }),
        }
        stacks.entry(standing).or_insert_with_key(|standing| {
            let places = standing.places(definitions).into_iter().map(Frame::Place);
            let mut text = vec![b'['];
            let functions = natives.functions(standing.chain).iter().copied().map(Frame::Native);
            for (index, frame) in places.chain(functions).chain([Frame::State(standing.state)]).enumerate() {
                let number = *frames.entry(frame).or_insert_with(|| {
                    order.push(frame);
                    order.len() - 1
                });
                if index > 0 {
                    text.push(b',');
                }
                json::unsigned(&mut text, number as u64);
            }
            text.push(b']');
            text
        });
    };
    for entry in entries(reader, timed::types()) {
        let (event, thread) = (entry.event(), threads.of_stream(entry.stream));
        timed.see(thread, &event);
        natives.see(thread, &event);
        if let Event::Sample(sample) = event {
            let standing = Standing::of(&sample, natives.take(thread));
            add(&natives, thread, standing, weight(&sample));
        }
    }
    let rests = timed.rest();
    rests.iter().for_each(|rest| add(&natives, rest.thread, Standing::nowhere(rest.state), rest.ns));
    let name = program(definitions);
    let mut buffer = Vec::with_capacity(2 * CHUNK);
    buffer.extend_from_slice(
        b"{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"exporter\":\"jitlog ",
    );
    buffer.extend_from_slice(env!("CARGO_PKG_VERSION").as_bytes());
    buffer.extend_from_slice(b"\",\"name\":");
    json::string(&mut buffer, &name);
    if !profiles.is_empty() {
        buffer.extend_from_slice(b",\"activeProfileIndex\":0");
    }
    buffer.extend_from_slice(b",\"shared\":{\"frames\":[");
    for (index, frame) in order.iter().enumerate() {
        if index > 0 {
            buffer.push(b',');
        }
        describe(&mut buffer, definitions, &natives, *frame);
        drain(&mut buffer, out, CHUNK)?;
    }
    buffer.extend_from_slice(b"]},\"profiles\":[");
    // A profile per thread that was sampled, the busiest first.
    profiles.sort_by_key(|profile| (std::cmp::Reverse(profile.weight_ns), profile.thread));
    for (index, profile) in profiles.iter().enumerate() {
        if index > 0 {
            buffer.push(b',');
        }
        buffer.extend_from_slice(b"\n{\"type\":\"sampled\",\"name\":");
        json::string(&mut buffer, &threads.get(profile.thread).name);
        buffer.extend_from_slice(b",\"unit\":\"nanoseconds\",\"startValue\":0,\"endValue\":");
        json::unsigned(&mut buffer, profile.weight_ns);
        for (key, weights) in [(&b",\"samples\":["[..], false), (b",\"weights\":[", true)] {
            buffer.extend_from_slice(key);
            let mut first = true;
            for (standing, ns) in stretches(reader, &mut threads, &mut natives, &rests, profile.thread) {
                if !std::mem::take(&mut first) {
                    buffer.push(b',');
                }
                if weights {
                    json::unsigned(&mut buffer, ns);
                } else if let Some(text) = stacks.get(&standing) {
                    buffer.extend_from_slice(text);
                }
                drain(&mut buffer, out, CHUNK)?;
            }
            buffer.push(b']');
        }
        buffer.push(b'}');
    }
    buffer.extend_from_slice(b"]}\n");
    drain(&mut buffer, out, 0)
}

/// Writes the buffer out once it holds so much.
fn drain(buffer: &mut Vec<u8>, out: &mut impl Write, limit: usize) -> io::Result<()> {
    if buffer.len() > limit {
        out.write_all(buffer)?;
        buffer.clear();
    }
    Ok(())
}

/// A thread's samples, and behind them what no sample stands for.
fn stretches(
    reader: &Reader,
    threads: &mut Threads,
    natives: &mut Natives,
    rests: &[Rest],
    thread: usize,
) -> impl Iterator<Item = (Standing, u64)> {
    let types = Types::of(&[Sample::TYPE, NativeStack::TYPE]);
    let samples = entries(reader, types).filter_map(move |entry| {
        let event = entry.event();
        if threads.of_stream(entry.stream) != thread {
            return None;
        }
        natives.see(thread, &event);
        match event {
            Event::Sample(sample) => Some((Standing::of(&sample, natives.take(thread)), weight(&sample))),
            _ => None,
        }
    });
    let rests = rests.iter().filter(move |rest| rest.thread == thread);
    samples.chain(rests.map(|rest| (Standing::nowhere(rest.state), rest.ns)))
}

/// A sample whose weight its writer did not know still counts.
fn weight(sample: &Sample) -> u64 {
    sample.weight_ns.max(1)
}

fn program(definitions: &Definitions) -> String {
    let process = definitions.process();
    let arguments: Vec<String> =
        process.and_then(|process| serde_json::from_str(process.argv).ok()).unwrap_or_default();
    let vm = process.map_or("jitlog", |process| process.vm_name);
    arguments.into_iter().next().unwrap_or_else(|| vm.to_string())
}

fn describe(out: &mut Vec<u8>, definitions: &Definitions, natives: &Natives, frame: Frame) {
    match frame {
        Frame::State(state) => {
            out.extend_from_slice(b"{\"name\":");
            json::string(out, &format!("[{state}]"));
        }
        Frame::Native(number) => {
            let function = natives.function(number);
            out.extend_from_slice(b"{\"name\":");
            json::string(out, &function.name);
            if let Some(file) = &function.file {
                out.extend_from_slice(b",\"file\":");
                json::string(out, file);
            }
        }
        Frame::Place(place) => {
            let place = Place::of(definitions, place);
            out.extend_from_slice(b"{\"name\":");
            json::string(out, place.name());
            if let Some(file) = place.file {
                out.extend_from_slice(b",\"file\":");
                json::string(out, file);
            }
            if place.line != 0 {
                out.extend_from_slice(b",\"line\":");
                json::unsigned(out, place.line.into());
                if place.column != 0 {
                    out.extend_from_slice(b",\"col\":");
                    json::unsigned(out, place.column.into());
                }
            }
        }
    }
    out.push(b'}');
}
