//! One record as a line, text or JSON, for the commands that print records.

use std::io::{self, Write};

use jitlog::format::IdKind;
use jitlog::format::json::serialize_fields;
use jitlog::{Definitions, Entry, Event, Value};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::tool::show::plain;
use crate::tool::time::seconds;

/// A record as one JSON object.
pub struct Line<'a> {
    pub entry: &'a Entry,
    pub definitions: Option<&'a Definitions>,
    /// Whether a record that no checksum vouches for says so. Those of a log being written are all like that.
    pub says_unverified: bool,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.entry.event();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("t", &self.entry.t_ns)?;
        map.serialize_entry("stream", &self.entry.stream.0)?;
        if let Some(name) = self.definitions.and_then(|definitions| stream_name(definitions, self.entry)) {
            map.serialize_entry("stream_name", &name)?;
        }
        match &event {
            Event::Unknown(unknown) => {
                map.serialize_entry("ev", "unknown")?;
                map.serialize_entry("type", &unknown.event_type)?;
            }
            known => map.serialize_entry("ev", known.spec().map_or("", |spec| spec.name))?,
        }
        serialize_fields(&mut map, |visit| event.fields(visit))?;
        if let Some(definitions) = self.definitions {
            let mut result = Ok(());
            event.fields(&mut |name, value| {
                if let (Ok(()), Some((name, text))) = (&result, definitions.describe_field(name, value)) {
                    result = map.serialize_entry(&name, &text);
                }
            });
            result?;
        }
        if self.says_unverified && !self.entry.is_verified() {
            map.serialize_entry("unverified", &true)?;
        }
        map.end()
    }
}

fn stream_name(definitions: &Definitions, entry: &Entry) -> Option<String> {
    definitions.describe(IdKind::Stream, entry.stream.into())
}

/// A record as one line of text.
pub fn text_line<W: Write>(out: &mut W, entry: &Entry, definitions: Option<&Definitions>) -> io::Result<()> {
    let event = entry.event();
    let stream = definitions.and_then(|definitions| stream_name(definitions, entry));
    let stream = stream.unwrap_or_else(|| entry.stream.to_string());
    write!(out, "{:>14} {:<11} ", seconds(entry.t_ns), plain(&stream))?;
    match &event {
        Event::Unknown(unknown) => write!(out, "unknown type={}", unknown.event_type)?,
        known => write!(out, "{}", known.spec().map_or("", |spec| spec.name))?,
    }
    let mut text = String::new();
    event.fields(&mut |name, value| {
        text.push(' ');
        text.push_str(name);
        text.push('=');
        push_value(&mut text, value);
        if let Some((_, words)) = definitions.and_then(|definitions| definitions.describe_field(name, value)) {
            text.push_str(&format!("({})", plain(&words)));
        }
    });
    writeln!(out, "{text}")
}

fn push_value(text: &mut String, value: Value<'_>) {
    match value {
        Value::Unsigned(raw) | Value::Id(_, raw) | Value::Name(None, raw) => text.push_str(&raw.to_string()),
        Value::Signed(raw) => text.push_str(&raw.to_string()),
        Value::Float(raw) => text.push_str(&raw.to_string()),
        Value::Hex(raw) => text.push_str(&format!("0x{raw:x}")),
        Value::Hash(raw) => text.push_str(&format!("{raw:032x}")),
        Value::Name(Some(name), _) => text.push_str(name),
        Value::Text(words) => {
            text.push('"');
            text.push_str(&plain(words).replace('"', "\\\""));
            text.push('"');
        }
        Value::Bytes(data) => text.push_str(&format!("<{} bytes>", data.len())),
    }
}
