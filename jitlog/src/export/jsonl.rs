//! JSON Lines: a header object, then one object per record, byte for byte the lines of `cat --json`.

use std::io::{self, Write};

use jitlog::{Entry, Event, Reader, Types};

use crate::export::{entries, json};
use crate::tool::log_header;
use crate::tool::show::json_line;

const CHUNK: usize = 1 << 16;

pub fn write(reader: &Reader, out: &mut impl Write) -> io::Result<()> {
    json_line(out, &log_header(reader))?;
    let mut buffer = Vec::with_capacity(2 * CHUNK);
    for entry in entries(reader, Types::all()) {
        line(&mut buffer, &entry);
        if buffer.len() >= CHUNK {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)
}

fn line(out: &mut Vec<u8>, entry: &Entry) {
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
    out.extend_from_slice(b"}\n");
}
