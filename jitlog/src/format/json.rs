//! Records as JSON: one object per record, fields by their names.

use serde::Serializer;
use serde::ser::{Serialize, SerializeMap};

use crate::format::event::Event;
use crate::format::field::Value;
use crate::format::record::Record;

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Value::Unsigned(raw) | Value::Id(_, raw) | Value::Name(None, raw) => serializer.serialize_u64(raw),
            Value::Signed(raw) => serializer.serialize_i64(raw),
            Value::Float(raw) => serializer.serialize_f64(raw),
            Value::Hex(raw) => serializer.collect_str(&format_args!("0x{raw:x}")),
            Value::Hash(raw) => serializer.collect_str(&format_args!("{raw:032x}")),
            Value::Name(Some(name), _) => serializer.serialize_str(name),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bytes(data) => serializer.collect_str(&HexBytes(data)),
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub struct HexBytes<'a>(pub &'a [u8]);

impl std::fmt::Display for HexBytes<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for chunk in self.0.chunks(32) {
            let mut text = [0u8; 64];
            for (pair, byte) in text.chunks_exact_mut(2).zip(chunk) {
                pair[0] = DIGITS[usize::from(byte >> 4)];
                pair[1] = DIGITS[usize::from(byte & 15)];
            }
            out.write_str(std::str::from_utf8(&text[..chunk.len() * 2]).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Adds a record's fields to an open map.
pub fn serialize_fields<M: SerializeMap>(
    map: &mut M,
    show: impl FnOnce(&mut dyn FnMut(&'static str, Value<'_>)),
) -> Result<(), M::Error> {
    let mut result = Ok(());
    show(&mut |name, value| {
        if result.is_ok() {
            result = map.serialize_entry(name, &value);
        }
    });
    result
}

/// A struct of the table: `{"trace_id": 1, …}`.
pub fn serialize_record<R: Record, S: Serializer>(record: &R, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    serialize_fields(&mut map, |visit| record.fields(visit))?;
    map.end()
}

/// Any event: the same with its name first, `{"ev": "trace_start", "trace_id": 1, …}`.
impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match (self.spec(), self) {
            (Some(spec), _) => map.serialize_entry("ev", spec.name)?,
            (None, Event::Unknown(unknown)) => {
                map.serialize_entry("ev", "unknown")?;
                map.serialize_entry("type", &unknown.event_type)?;
            }
            (None, _) => {}
        }
        serialize_fields(&mut map, |visit| self.fields(visit))?;
        map.end()
    }
}
