//! `jitlog repair`: all that can be read, as a clean log.

use jitlog::rewrite::{RepairError, repair};

use crate::tool::output::OutputFile;
use crate::tool::{Failure, Output, RepairArgs, complain};

pub fn run(args: &RepairArgs, out: &mut Output<'_>) -> Result<u8, Failure> {
    // Standard output is held by the buffer, which this command has no lines for.
    let _ = out;
    let output = OutputFile::create(&args.to)?;
    let found = match repair(&args.log, output.file()) {
        Ok(found) => found,
        Err(RepairError::Read(error)) => return Err(Failure::Read(error)),
        Err(RepairError::Write(error)) => return Err(output.failed(error)),
    };
    output.finish()?;
    found.problems.iter().for_each(|problem| complain(&problem.to_string()));
    complain(&format!(
        "kept {} records in {} whole blocks, {} in part and {} without an entry; lost {} blocks",
        found.records, found.whole, found.partial, found.rebuilt, found.lost
    ));
    Ok(0)
}
