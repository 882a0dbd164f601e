//! The schema: the event table as JSON, embedded in every log so that a stranger can read it.
//!
//! `{"jitlog":[major,minor],"events":[{"id","name","class","fixed","doc","fields":[[name,physical,offset,meaning],…]}],
//! "names":{"TraceKind":{"0":"loop",…}}}`. A field whose meaning equals its physical type has three elements.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::format::event::EVENTS;
use crate::format::kinds;
use crate::format::layout::{MAJOR, MINOR, checksum};
use crate::format::record::{EventSpec, FieldSpec};

fn field_json(field: &FieldSpec) -> Value {
    if field.physical == field.semantic {
        json!([field.name, field.physical, field.offset])
    } else {
        json!([field.name, field.physical, field.offset, field.semantic])
    }
}

fn event_json(spec: &EventSpec) -> Value {
    let docs: Vec<String> = std::iter::once(spec.doc.trim().to_string())
        .chain(
            spec.fields
                .iter()
                .filter(|field| !field.doc.is_empty())
                .map(|field| format!("{}: {}", field.name, field.doc.trim())),
        )
        .collect();
    json!({
        "id": spec.id,
        "name": spec.name,
        "class": spec.class.name(),
        "fixed": spec.fixed,
        "doc": docs.join(" "),
        "fields": spec.fields.iter().map(field_json).collect::<Vec<_>>(),
    })
}

/// The schema of this version.
pub fn own() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let names: Map<String, Value> = kinds::vocabularies()
            .into_iter()
            .map(|(kind, values)| {
                let values: Map<String, Value> =
                    values.into_iter().map(|(code, name)| (code.to_string(), json!(name))).collect();
                (kind.to_string(), Value::Object(values))
            })
            .collect();
        let events: Vec<Value> = EVENTS.iter().map(|spec| event_json(spec)).collect();
        json!({ "jitlog": [MAJOR, MINOR], "events": events, "names": names }).to_string()
    })
}

/// What a reader needs of a file's schema: the sizes of fixed parts, and names of events it does not know.
#[derive(Clone, Debug, Default)]
pub struct FileSchema {
    text: String,
    names: HashMap<u16, String>,
    /// By event number, since it is asked for every record.
    fixed: Vec<u32>,
}

/// Event numbers there can be.
const NUMBERS: usize = 1 << 12;

impl FileSchema {
    fn new(text: &str, events: impl Iterator<Item = (u16, usize, String)>) -> FileSchema {
        let mut schema = FileSchema { text: text.to_string(), names: HashMap::new(), fixed: vec![0; NUMBERS] };
        // A damaged schema may lack events this version knows.
        for spec in EVENTS {
            schema.fixed[usize::from(spec.id)] = spec.fixed as u32;
        }
        for (number, fixed, name) in events {
            if let Some(slot) = schema.fixed.get_mut(usize::from(number)) {
                *slot = u32::try_from(fixed).unwrap_or(u32::MAX);
                schema.names.insert(number, name);
            }
        }
        schema
    }

    /// The schema of this version.
    pub fn current() -> FileSchema {
        FileSchema::new(own(), EVENTS.iter().map(|spec| (spec.id, spec.fixed, spec.name.to_string())))
    }

    /// None if the text is not a schema.
    pub fn parse(text: &str) -> Option<FileSchema> {
        if text.len() == own().len() && checksum(text.as_bytes()) == checksum(own().as_bytes()) {
            return Some(FileSchema::current());
        }
        let json: Value = serde_json::from_str(text).ok()?;
        let mut events = Vec::new();
        for event in json.get("events")?.as_array()? {
            let number = u16::try_from(event.get("id")?.as_u64()?).ok()?;
            let fixed = usize::try_from(event.get("fixed")?.as_u64()?).ok()?;
            events.push((number, fixed, event.get("name")?.as_str()?.to_string()));
        }
        Some(FileSchema::new(text, events.into_iter()))
    }

    /// The JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of the fixed part of an event as the file's writer laid it.
    #[inline]
    pub fn fixed(&self, event_type: u16) -> usize {
        self.fixed.get(usize::from(event_type)).map_or(0, |fixed| *fixed as usize)
    }

    /// An event's name according to the file.
    pub fn name(&self, event_type: u16) -> Option<&str> {
        self.names.get(&event_type).map(String::as_str)
    }
}
