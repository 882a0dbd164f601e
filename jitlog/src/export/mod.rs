//! A log in the formats of other tools: one file per format, each a function of a reader and an output.
//!
//! What the formats share is here too: what a log's threads are ([`threads`]), where a sample stands ([`frames`]) and what native code ran there ([`native`]), time
//! that no sample stands for ([`timed`]), an event's fields in words ([`fields`]), and the reading of events as slices, instants and counters ([`timeline`]).
//! What a log does not hold is left out, never given as zero.

mod fields;
mod firefox;
mod folded;
#[cfg(feature = "parquet")]
mod folder;
mod frames;
mod json;
mod jsonl;
mod native;
#[cfg(feature = "parquet")]
mod parquet;
mod perfetto;
mod pprof;
mod proto;
mod speedscope;
mod thinning;
mod threads;
mod timed;
mod timeline;

use std::io::{self, Write};

use clap::ValueEnum;
use jitlog::{Entry, Reader, Types};
use thinning::LIMITS;

#[cfg(feature = "parquet")]
pub use folder::{OutputFolder, Refused};
pub use jsonl::{line as json_record, lines};
#[cfg(feature = "parquet")]
pub use parquet::{TABLES, write as write_tables};

/// What a log can be exported to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON Lines: a header object, then one object per record, definitions included
    Jsonl,
    /// Firefox Profiler (profiler.firefox.com): samples, markers, counters
    Firefox,
    /// Perfetto (ui.perfetto.dev): tracks with slices and instants, counter tracks, samples with call stacks
    Perfetto,
    /// Collapsed stacks of the samples, in nanoseconds, for flame graphs
    Folded,
    /// pprof (go tool pprof, Pyroscope): samples by state, line and function
    Pprof,
    /// speedscope (speedscope.app): samples by thread
    Speedscope,
    /// Apache Parquet: OUT is a folder with a file for each table
    Parquet,
}

/// About how many times a format reads the log, for whoever shows how far it is.
pub fn passes(format: Format) -> u64 {
    match format {
        Format::Firefox => 2,
        // Once for the stacks, then stacks and weights of each thread; most logs have one that is sampled.
        Format::Speedscope => 3,
        _ => 1,
    }
}

/// Writes a log in a format that is one file. Damaged parts are left out and stay among the reader's problems. What the
/// format has no room for is said in the note.
pub fn write(format: Format, reader: &Reader, out: &mut impl Write) -> io::Result<Option<String>> {
    match format {
        Format::Firefox => return firefox::write(reader, LIMITS, out),
        Format::Jsonl => jsonl::write(reader, out),
        Format::Perfetto => perfetto::write(reader, out),
        Format::Folded => folded::write(reader, out),
        Format::Pprof => pprof::write(reader, out),
        Format::Speedscope => speedscope::write(reader, out),
        Format::Parquet => Err(io::Error::other("parquet is a folder of files")),
    }
    .map(|()| None)
}

/// The readable records of these types in time order.
fn entries(reader: &Reader, types: Types) -> impl Iterator<Item = Entry> {
    reader.events().types(types).flatten()
}
