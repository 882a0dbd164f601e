//! An event's fields for tools that show key and value: ids in words, what the log does not say left out.

use jitlog::format::IdKind;
use jitlog::{Definitions, Event, Value};

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
}

/// What a field's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Nanoseconds,
    Bytes,
    Number,
    Decimal,
    Text,
}

pub type Field = (&'static str, FieldValue);

/// Ids that identify: a number to search for.
fn is_number(kind: IdKind) -> bool {
    matches!(kind, IdKind::Trace | IdKind::Guard | IdKind::Collection | IdKind::IrOp | IdKind::Stream)
}

/// Ids that stand for words; a guard has both where its two fields have two names.
fn is_words(kind: IdKind, name: &'static str) -> bool {
    !is_number(kind) || (kind == IdKind::Guard && stem(name) != name)
}

/// The name of a field that holds the words instead of the id.
fn stem(name: &'static str) -> &'static str {
    name.strip_suffix("_id").or_else(|| name.strip_suffix("_str")).unwrap_or(name)
}

/// The fields of an event that say something.
pub fn fields(definitions: &Definitions, event: &Event<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    event.fields(&mut |name, value| match value {
        Value::Unsigned(raw) => fields.push((name, FieldValue::Unsigned(raw))),
        Value::Name(None, raw) => fields.push((name, FieldValue::Text(raw.to_string()))),
        Value::Name(Some(text), _) => fields.push((name, FieldValue::Text(text.to_string()))),
        Value::Signed(raw) => fields.push((name, FieldValue::Signed(raw))),
        Value::Float(raw) => fields.push((name, FieldValue::Float(raw))),
        Value::Hex(0) | Value::Hash(_) | Value::Bytes(_) | Value::Text("") => {}
        Value::Hex(raw) => fields.push((name, FieldValue::Text(format!("0x{raw:x}")))),
        Value::Text(text) => fields.push((name, FieldValue::Text(text.to_string()))),
        Value::Id(kind, id) => {
            if is_number(kind) && id != 0 {
                fields.push((name, FieldValue::Unsigned(id)));
            }
            if is_words(kind, name) {
                let undefined = || (id != 0).then(|| id.to_string());
                if let Some(text) = definitions.describe(kind, id).or_else(undefined) {
                    fields.push((stem(name), FieldValue::Text(text)));
                }
            }
        }
    });
    fields
}

/// Every field an event of a type may have here.
pub fn shapes(event_type: u16) -> Vec<(&'static str, Shape)> {
    let mut shapes = Vec::new();
    // A record without a body has every field, each empty.
    Event::decode(event_type, &[], 0).fields(&mut |name, value| match value {
        Value::Unsigned(_) if name.ends_with("_ns") => shapes.push((name, Shape::Nanoseconds)),
        Value::Unsigned(_) if name.ends_with("bytes") => shapes.push((name, Shape::Bytes)),
        Value::Unsigned(_) | Value::Signed(_) => shapes.push((name, Shape::Number)),
        Value::Float(_) => shapes.push((name, Shape::Decimal)),
        Value::Name(..) | Value::Hex(_) | Value::Text(_) => shapes.push((name, Shape::Text)),
        Value::Hash(_) | Value::Bytes(_) => {}
        Value::Id(kind, _) => {
            if is_number(kind) {
                shapes.push((name, Shape::Number));
            }
            if is_words(kind, name) {
                shapes.push((stem(name), Shape::Text));
            }
        }
    });
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;
    use jitlog::{EVENTS, GuardDef};

    #[test]
    fn every_field_has_a_shape_and_a_key_of_its_own() {
        for spec in EVENTS {
            let shapes = shapes(spec.id);
            let default = Event::decode(spec.id, &[], 0);
            for (key, _) in fields(&Definitions::default(), &default) {
                assert!(shapes.iter().any(|(name, _)| *name == key), "{} of {}", key, spec.name);
            }
            let mut keys: Vec<_> = shapes.iter().map(|(key, _)| key).collect();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), shapes.len(), "{}", spec.name);
        }
        assert!(shapes(GuardDef::TYPE).contains(&("guard", Shape::Text)));
    }
}
