//! The schema: the event table as JSON, embedded in every log so that a stranger can read it.
//!
//! `{"jitlog":[major,minor],"events":[{"id","name","class","fixed","doc","fields":[[name,physical,offset,meaning],…]}],
//! "names":{"TraceKind":{"0":"loop",…}}}`. A field whose meaning equals its physical type has three elements.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::format::event::EVENTS;
use crate::format::layout::{MAJOR, MINOR, checksum};
use crate::format::record::{EventSpec, FieldSpec};
use crate::format::{kinds, record::spec_of};

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
    events: HashMap<u16, (usize, String)>,
}

impl FileSchema {
    /// The schema of this version.
    pub fn current() -> FileSchema {
        let events = EVENTS.iter().map(|spec| (spec.id, (spec.fixed, spec.name.to_string()))).collect();
        FileSchema { text: own().to_string(), events }
    }

    /// None if the text is not a schema.
    pub fn parse(text: &str) -> Option<FileSchema> {
        if text.len() == own().len() && checksum(text.as_bytes()) == checksum(own().as_bytes()) {
            return Some(FileSchema::current());
        }
        let json: Value = serde_json::from_str(text).ok()?;
        let mut events = HashMap::new();
        for event in json.get("events")?.as_array()? {
            let id = u16::try_from(event.get("id")?.as_u64()?).ok()?;
            let fixed = usize::try_from(event.get("fixed")?.as_u64()?).ok()?;
            let name = event.get("name")?.as_str()?.to_string();
            events.insert(id, (fixed, name));
        }
        Some(FileSchema { text: text.to_string(), events })
    }

    /// The JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of the fixed part of an event as the file's writer laid it.
    pub fn fixed(&self, event_type: u16) -> usize {
        match self.events.get(&event_type) {
            Some((fixed, _)) => *fixed,
            None => spec_of(event_type).map_or(0, |spec| spec.fixed),
        }
    }

    /// An event's name according to the file.
    pub fn name(&self, event_type: u16) -> Option<&str> {
        self.events.get(&event_type).map(|(_, name)| name.as_str())
    }
}
