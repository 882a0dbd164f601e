//! Logs made from logs: a clean one from what is left of a damaged one, a packed one from any.
//!
//! A plan says which blocks the new log has and what their directory entries say; an image is the plan as bytes. Only
//! whole facts are taken over: a block whose checksum fails is left out, one that was cut or never sealed is kept as far
//! as its records go, and one whose directory entry is lost is found again by its prologue.
#![forbid(unsafe_code)]

pub(crate) mod image;
#[cfg(feature = "pack")]
mod pack;
pub(crate) mod plan;
pub(crate) mod rebuild;

use std::fs::File;
use std::io;
use std::path::Path;

use crate::format::layout::block_offset;
use crate::read::{Problem, ReadError, Reader};
use plan::Plan;

/// Which records a repair takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// All that can be read. The new log says which of them no checksum vouches for, as the old one did.
    #[default]
    Everything,
    /// Those that a checksum of the writer's vouches for. Counters stay, whatever is known of them.
    Verified,
}

/// What of a log is in the one made from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Blocks taken over as they were.
    pub whole: u64,
    /// Blocks kept as far as their records went: never sealed, or cut.
    pub partial: u64,
    /// Blocks found by their prologue, since their directory entry was lost.
    pub rebuilt: u64,
    /// Blocks left out.
    pub lost: u64,
    /// Records and counter slots in the new log.
    pub records: u64,
    /// Of those, the ones that no checksum of the writer's vouches for.
    pub unverified: u64,
    /// Records left out for want of a checksum, where only verified ones were asked for.
    pub left_out: u64,
    /// Bytes of the new log.
    pub bytes: u64,
    /// What was wrong with the old one.
    pub problems: Vec<Problem>,
}

/// Why there is no new log.
#[derive(Debug)]
pub enum RepairError {
    /// Too little is left of the old log.
    Read(ReadError),
    /// The new one cannot be written.
    Write(io::Error),
}

/// Writes all that can be read of a log into an empty file, as a clean log.
pub fn repair(path: &Path, out: &File) -> Result<Repaired, RepairError> {
    repair_watched(path, out, Keep::Everything, |_| ())
}

/// The same, or less; what `watch` makes of the reader lives as long as the work, which reads the log about twice.
pub fn repair_watched<W>(
    path: &Path,
    out: &File,
    keep: Keep,
    watch: impl FnOnce(&Reader) -> W,
) -> Result<Repaired, RepairError> {
    let reader = Reader::open_remains(path).map_err(RepairError::Read)?;
    let _watch = watch(&reader);
    let plan = Plan::new(&reader, keep);
    let mut sink = out;
    let blocks = image::write(&reader, &plan, true, &mut sink).map_err(RepairError::Write)?;
    let bytes = block_offset(blocks);
    out.set_len(bytes).map_err(RepairError::Write)?;
    Ok(Repaired { bytes, problems: reader.problems(), ..plan.kept })
}

/// Writes a log into an empty file, packed. Of a damaged log it takes what can be read, as [`repair`] does.
#[cfg(feature = "pack")]
pub fn pack(path: &Path, out: &File) -> Result<Repaired, RepairError> {
    pack_watched(path, out, |_| ())
}

/// The same; what `watch` makes of the reader lives as long as the work, which reads the log about twice.
#[cfg(feature = "pack")]
pub fn pack_watched<W>(path: &Path, out: &File, watch: impl FnOnce(&Reader) -> W) -> Result<Repaired, RepairError> {
    let reader = Reader::open(path).map_err(RepairError::Read)?;
    let _watch = watch(&reader);
    let plan = Plan::new(&reader, Keep::Everything);
    let problems = reader.problems();
    let bytes = pack::write(&reader, &plan, !problems.is_empty(), out).map_err(RepairError::Write)?;
    Ok(Repaired { bytes, problems, ..plan.kept })
}
