//! The record of a JIT compiler: a crash-proof log format, its writer and its reader.
#![doc = include_str!("../README.md")]

pub mod format;

pub use format::event::*;
pub use format::field::{Address, Fingerprint, Hash16, RawWord, Value};
pub use format::ids::*;
pub use format::kinds::*;
pub use format::record::{Class, EventSpec, FieldSpec, Record, Unknown, spec_named, spec_of};
