//! What is on disk: layout, the event table, vocabularies, payloads, schema. Shared by writer and reader.
#![forbid(unsafe_code)]

pub mod bytes;
pub mod event;
pub mod field;
pub mod ids;
pub mod json;
pub mod kinds;
pub mod layout;
#[cfg(test)]
mod layout_tests;
pub mod packed;
pub mod payload;
pub mod record;
pub mod schema;
mod table;
pub mod time;
pub mod walk;

pub use ids::IdKind;
#[cfg(feature = "write")]
pub(crate) use table::event_table;
