//! `jitlog repair`: all that can be read, as a clean log.

use jitlog::rewrite::{Keep, RepairError, Repaired, repair_watched as repair};

use crate::tool::output::OutputFile;
use crate::tool::progress::Progress;
use crate::tool::{Failure, RepairArgs, ToArgs, complain};

pub fn run(args: &RepairArgs) -> Result<u8, Failure> {
    let keep = if args.verified { Keep::Verified } else { Keep::Everything };
    let found = make(&args.to, |file| repair(&args.log, file, keep, |reader| Progress::of(reader, 2)))?;
    complain(&format!(
        "kept {} records in {} whole blocks, {} in part and {} without an entry; lost {} blocks",
        found.records, found.whole, found.partial, found.rebuilt, found.lost
    ));
    if found.unverified > 0 {
        complain(&format!("no checksum vouches for {} of them; the new log says which", found.unverified));
    }
    if found.left_out > 0 {
        complain(&format!("left out {} records that no checksum vouches for", found.left_out));
    }
    Ok(0)
}

/// Makes a log from a log and says what was wrong with the old one.
pub fn make(
    to: &ToArgs,
    write: impl FnOnce(&std::fs::File) -> Result<Repaired, RepairError>,
) -> Result<Repaired, Failure> {
    let output = OutputFile::create(to)?;
    let found = match write(output.file()) {
        Ok(found) => found,
        Err(RepairError::Read(error)) => return Err(Failure::Read(error)),
        Err(RepairError::Write(error)) => return Err(output.failed(error)),
    };
    output.finish()?;
    found.problems.iter().for_each(|problem| complain(&problem.to_string()));
    Ok(found)
}
