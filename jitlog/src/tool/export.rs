//! `jitlog export`: a log in the formats of other tools.

use std::io::{BufWriter, Write};

use clap::ValueEnum;
use jitlog::{Reader, Types};

use crate::tool::output::OutputFile;
use crate::tool::record::Line;
use crate::tool::show::json_line;
use crate::tool::{ExportArgs, Failure, Output, complain, folded, info, open};

/// What a log can be exported to.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON Lines: a header object, then one object per record, definitions included
    Jsonl,
    /// Collapsed stacks of the samples, in nanoseconds, for flame graphs
    Folded,
}

pub fn run(args: &ExportArgs, out: &mut Output<'_>) -> Result<u8, Failure> {
    let reader = open(&args.log)?;
    if args.to.output.as_os_str() == "-" {
        write(args.format, &reader, out)?;
        out.flush()?;
    } else {
        let output = OutputFile::create(&args.to)?;
        let mut buffer = BufWriter::with_capacity(1 << 18, output.file());
        let written = write(args.format, &reader, &mut buffer).and_then(|()| buffer.flush());
        written.map_err(|error| output.failed(error))?;
        drop(buffer);
        output.finish()?;
    }
    let problems = reader.problems();
    problems.iter().for_each(|problem| complain(&problem.to_string()));
    Ok(if problems.is_empty() { 0 } else { 2 })
}

fn write(format: Format, reader: &Reader, out: &mut impl Write) -> std::io::Result<()> {
    match format {
        Format::Jsonl => jsonl(reader, out),
        Format::Folded => folded::write(reader, out),
    }
}

/// The same lines as `cat --json`. What is damaged is left out and stays among the reader's problems.
fn jsonl(reader: &Reader, out: &mut impl Write) -> std::io::Result<()> {
    json_line(out, &info::header(reader))?;
    for entry in reader.events().types(Types::all()).flatten() {
        json_line(out, &Line { entry: &entry, definitions: None })?;
    }
    Ok(())
}
