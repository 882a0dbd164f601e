//! The first and the last moments of a log file: opening it, its SUPER block, closing it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;

use crate::format::layout::{
    BLOCK, DirEntry, ExtentHeader, KNOWN_INCOMPATIBLE, MAGIC, MAJOR, MINOR, SCHEMA_OFFSET, SCHEMA_ROOM, STATIC_COPY,
    SUPER_BLOCK, StaticPage, checksum, pad8,
};
use crate::format::schema;
use crate::write::clock::{Clock, Reading, dt_shift};
use crate::write::counters::Counters;
use crate::write::defs::Definitions;
use crate::write::housekeeping::LastWork;
use crate::write::options::LogOptions;
use crate::write::space::Space;
use crate::write::{Closed, Shared, process};
use crate::{BlockKind, BlockState, ClockSource, StopReason, StreamDef, StreamId, StreamKind};

/// Everything of a log but its helper. A file that cannot become a log is not left behind.
pub(crate) fn create(options: &LogOptions) -> io::Result<Shared> {
    let clock = if options.imported.is_some() { Clock::told() } else { Clock::new(options.logical_clock) };
    let start = clock.read();
    let file = open(&options.path)?;
    fill(file, clock, start, options).inspect_err(|_| {
        // The first error is the one to report.
        let _ = std::fs::remove_file(&options.path);
    })
}

/// Lays out the first blocks.
fn fill(file: File, clock: Clock, start: Reading, options: &LogOptions) -> io::Result<Shared> {
    let logical = clock.source() == ClockSource::Logical;
    let header = ExtentHeader {
        major: MAJOR,
        minor: MINOR,
        extent: 0,
        flags: 0,
        pid: if logical { 1 } else { std::process::id() },
        run_id: match options.imported {
            Some(run_id) => run_id,
            None if logical => [0x10; 16],
            None => uuid::Uuid::now_v7().into_bytes(),
        },
        incompatible: KNOWN_INCOMPATIBLE,
        compatible: 0,
    };
    let space = Space::new(file, header, options.max_bytes, options.mapped)?;
    let ticks_per_second = match clock.source() {
        ClockSource::Tsc => tick_rate(&clock, start),
        _ => 1_000_000_000,
    };
    let dt_shift = dt_shift(ticks_per_second);
    let schema = schema::own().as_bytes();
    assert!(schema.len() <= SCHEMA_ROOM, "the schema fits the SUPER block");
    let page = StaticPage {
        boot_id: if logical { [0; 16] } else { process::boot_id() },
        pid: header.pid,
        parent_pid: if logical { 0 } else { std::os::unix::process::parent_id() },
        page_bytes: if logical { 4096 } else { process::page_bytes() },
        start_real_ns: start.real_ns,
        start_mono_ns: start.mono_ns,
        start_ticks: start.ticks,
        ticks_per_second,
        dt_shift,
        clock: clock.source(),
        schema_len: schema.len() as u32,
        schema_crc: checksum(schema),
    };
    let super_at = SUPER_BLOCK as usize * BLOCK;
    let mut padded = schema.to_vec();
    padded.resize(pad8(schema.len()), 0);
    space.map.store(super_at + SCHEMA_OFFSET, &padded);
    space.map.store(super_at, &page.encode());
    space.map.store(super_at + STATIC_COPY, &page.encode());
    space.store_entry(SUPER_BLOCK, &super_entry());
    let shared = Shared {
        space,
        clock,
        dt_shift,
        definitions: Mutex::new(Definitions::new()),
        counters: Mutex::new(Counters::new()),
        streams: AtomicU32::new(0),
    };
    let definitions =
        StreamDef { stream_id: StreamId::NONE, os_tid: 0, kind: StreamKind::Definitions, name: "definitions" };
    crate::write::defs::lock(&shared.definitions).write(&shared, &definitions);
    Ok(shared)
}

fn super_entry() -> DirEntry {
    let mut entry = DirEntry::decode(&[0; 64]);
    entry.kind = BlockKind::Super;
    entry.state = BlockState::Open;
    entry.blocks = 1;
    entry
}

/// Closes the file; says what the log came to.
pub(crate) fn finish(shared: &Shared, last: &LastWork) -> Closed {
    let space = &shared.space;
    space.stop();
    let (state, bytes) = space.finish(last);
    let failed = bytes.as_ref().err().map(|error| error.raw_os_error().unwrap_or(0) as u32);
    let stopped = match (state.stop_reason, failed) {
        // What the state page said went with the file.
        _ if space.map.is_lost() => Some(StopReason::Truncated),
        (StopReason::None, None) => None,
        // A log that could not be finished reads like one whose writer was killed.
        (StopReason::None, Some(_)) => Some(StopReason::IoError),
        (reason, _) => Some(reason),
    };
    Closed {
        bytes: bytes.unwrap_or(space.claimed() * BLOCK as u64),
        dropped_events: state.dropped_events,
        dropped_bytes: state.dropped_bytes,
        stopped,
        errno: failed.unwrap_or(state.stop_errno),
    }
}

/// Opens a new file under the path, and locks it for as long as the log lives.
fn open(path: &Path) -> io::Result<File> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(existing) => make_way(path, existing)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
    lock_file(&file)?;
    Ok(file)
}

/// Takes the writer's lock. A reader that just asks whether there is a writer holds it for a moment.
fn lock_file(file: &File) -> io::Result<()> {
    for _ in 0..20 {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(1)),
        }
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "another process is writing this log"))
}

/// Removes an old log, so that whoever reads it keeps what they have.
fn make_way(path: &Path, mut existing: File) -> io::Result<()> {
    if !existing.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a log must be a regular file"));
    }
    let mut start = [0u8; 8];
    let read = existing.read(&mut start)?;
    if read > 0 && start != MAGIC {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the file exists and is not a log"));
    }
    lock_file(&existing)?;
    std::fs::remove_file(path)
}

/// A first estimate of the tick rate, over at least 200 microseconds.
pub(crate) fn tick_rate(clock: &Clock, start: Reading) -> u64 {
    loop {
        let now = clock.read();
        let nanoseconds = now.mono_ns.saturating_sub(start.mono_ns);
        if nanoseconds >= 200_000 {
            let ticks = u128::from(now.ticks.wrapping_sub(start.ticks));
            return (ticks * 1_000_000_000 / u128::from(nanoseconds)) as u64;
        }
        std::hint::spin_loop();
    }
}
