#![doc = include_str!("../README.md")]

pub mod format;
#[cfg(feature = "import")]
pub mod import;
#[cfg(feature = "symbols")]
pub mod native;
#[cfg(feature = "read")]
pub mod read;
#[cfg(feature = "read")]
pub mod rewrite;
#[cfg(feature = "symbols")]
pub mod symbols;
#[cfg(feature = "write")]
pub mod write;

pub use format::event::*;
pub use format::field::{Address, Fingerprint, Hash16, RawWord, Value};
pub use format::ids::*;
pub use format::kinds::*;
pub use format::record::{Class, EventSpec, FieldSpec, Record, Unknown, spec_named, spec_of};
#[cfg(feature = "read")]
pub use read::{
    Definitions, Entry, Events, Follow, Health, Problem, ProblemKind, ReadError, Reader, RecordView, Types,
};
#[cfg(feature = "write")]
pub use write::{Closed, CounterSlot, Defs, Log, LogOptions, Places, SignalStream, Stream, VmInfo, fingerprint};

#[cfg(all(test, feature = "read", feature = "write"))]
mod roundtrip;
