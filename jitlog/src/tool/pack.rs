//! `jitlog pack`: a compressed archive that reads like the log.

use std::path::Path;

use jitlog::rewrite::pack_watched;

use crate::tool::progress::Progress;
use crate::tool::repair::make;
use crate::tool::{Failure, ToArgs};

pub fn run(log: &Path, to: &ToArgs) -> Result<u8, Failure> {
    let found = make(to, |file| pack_watched(log, file, |reader| Progress::of(reader, 2)))?;
    Ok(if found.problems.is_empty() { 0 } else { 2 })
}
