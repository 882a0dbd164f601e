//! `jitlog check`: every block verified; what is damaged, and what is still readable.

use std::io::Write;

use jitlog::Health;

use crate::tool::progress::Progress;
use crate::tool::show::plain;
use crate::tool::time::seconds;
use crate::tool::{CheckArgs, Failure, Output, open};

pub fn run(args: &CheckArgs, out: &mut Output<'_>) -> Result<u8, Failure> {
    let reader = open(&args.log)?;
    let progress = Progress::of(&reader, 1);
    let found = reader.verify();
    drop(progress);
    let health = reader.health();
    writeln!(out, "{}: {}", plain(&reader.path().to_string_lossy()), health.name())?;
    if let Health::Killed { last_ns } = health {
        writeln!(out, "  the writer ended without closing it; last sign of life at {} s", seconds(last_ns))?;
    }
    for problem in &found.problems {
        writeln!(out, "  damaged: {}", plain(&problem.to_string()))?;
    }
    writeln!(
        out,
        "  blocks: {} verified, {} without a checksum but well-formed, {} damaged",
        found.verified, found.unverified, found.damaged
    )?;
    if found.unknown_blocks > 0 {
        writeln!(out, "  {} blocks of kinds only a newer jitlog knows were not looked at", found.unknown_blocks)?;
    }
    writeln!(out, "  readable: {} records", found.records())?;
    for (stream, records) in &found.by_stream {
        let name = reader.defs().stream(*stream).map_or("?", |stream| stream.name);
        writeln!(out, "    stream {stream} {:?}: {records}", plain(name))?;
    }
    let loss = reader.loss();
    if loss.dropped_events > 0 {
        writeln!(out, "  dropped by the writer for want of room: {} events", loss.dropped_events)?;
    }
    Ok(u8::from(!found.problems.is_empty()))
}
