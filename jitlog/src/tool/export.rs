//! `jitlog export`: a log in the formats of other tools.

use std::io::{BufWriter, Write};

use crate::export;
use crate::tool::output::OutputFile;
use crate::tool::{ExportArgs, Failure, Output, complain, open};

pub fn run(args: &ExportArgs, out: &mut Output<'_>) -> Result<u8, Failure> {
    let reader = open(&args.log)?;
    if args.to.output.as_os_str() == "-" {
        export::write(args.format, &reader, out)?;
        out.flush()?;
    } else {
        let output = OutputFile::create(&args.to)?;
        let mut buffer = BufWriter::with_capacity(1 << 18, output.file());
        let written = export::write(args.format, &reader, &mut buffer).and_then(|()| buffer.flush());
        written.map_err(|error| output.failed(error))?;
        drop(buffer);
        output.finish()?;
    }
    let problems = reader.problems();
    problems.iter().for_each(|problem| complain(&problem.to_string()));
    Ok(if problems.is_empty() { 0 } else { 2 })
}
