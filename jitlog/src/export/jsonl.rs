//! JSON Lines: a header object, then one object per record, byte for byte the lines of `cat --json`.

use std::io::{self, Write};
use std::ops::ControlFlow;

use jitlog::{Entry, Event, Events, Health, Reader, Types};

use crate::export::json;
use crate::tool::log_header;
use crate::tool::show::json_line;

const CHUNK: usize = 1 << 16;

pub fn write(reader: &Reader, out: &mut impl Write) -> io::Result<()> {
    json_line(out, &log_header(reader))?;
    lines(reader, reader.events().types(Types::all()), out, line)
}

/// Writes each record as `line` makes it, in order of time, on as many threads as there are processors. Damaged parts
/// are left out.
pub fn lines(
    reader: &Reader,
    events: Events,
    out: &mut impl Write,
    line: impl Fn(&mut Vec<u8>, &Entry) + Sync,
) -> io::Result<()> {
    // Where a checksum vouches for every block, slices of time have each record once, in its place.
    let is_sound = reader.health() == Health::Clean && reader.unverified_blocks() == 0;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    if is_sound && threads > 1 {
        let part = |slice: Events| {
            let mut lines = Vec::new();
            slice.flatten().for_each(|entry| line(&mut lines, &entry));
            lines
        };
        let done = events.in_parallel(threads, part, |lines| match out.write_all(&lines) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        });
        return done.break_value().map_or(Ok(()), Err);
    }
    let mut buffer = Vec::with_capacity(2 * CHUNK);
    for entry in events.flatten() {
        line(&mut buffer, &entry);
        if buffer.len() >= CHUNK {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)
}

pub fn line(out: &mut Vec<u8>, entry: &Entry) {
    let event = entry.event();
    out.extend_from_slice(b"{\"t\":");
    json::unsigned(out, entry.t_ns);
    out.extend_from_slice(b",\"stream\":");
    json::unsigned(out, entry.stream.into());
    out.extend_from_slice(b",\"ev\":\"");
    match &event {
        Event::Unknown(unknown) => {
            out.extend_from_slice(b"unknown\",\"type\":");
            json::unsigned(out, unknown.event_type.into());
        }
        known => {
            out.extend_from_slice(known.spec().map_or("", |spec| spec.name).as_bytes());
            out.push(b'"');
        }
    }
    event.fields(&mut |name, value| {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        json::value(out, value);
    });
    if !entry.is_verified() {
        out.extend_from_slice(b",\"unverified\":true");
    }
    out.extend_from_slice(b"}\n");
}
