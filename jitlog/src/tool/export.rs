//! `jitlog export`: a log in the formats of other tools.

use std::io::{BufWriter, Write};

use jitlog::Reader;

use crate::export;
use crate::tool::output::OutputFile;
use crate::tool::{ExportArgs, Failure, Output, complain, open};

pub fn run(args: &ExportArgs, out: &mut Output<'_>) -> Result<u8, Failure> {
    let reader = open(&args.log)?;
    if args.format == export::Format::Parquet {
        tables(args, &reader)?;
        return Ok(say_what_is_wrong(&reader));
    }
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
    Ok(say_what_is_wrong(&reader))
}

/// Names what was left out; the exit status.
fn say_what_is_wrong(reader: &Reader) -> u8 {
    let problems = reader.problems();
    problems.iter().for_each(|problem| complain(&problem.to_string()));
    if problems.is_empty() { 0 } else { 2 }
}

/// Parquet is a folder of files.
#[cfg(feature = "parquet")]
fn tables(args: &ExportArgs, reader: &Reader) -> Result<(), Failure> {
    let path = &args.to.output;
    if path.as_os_str() == "-" {
        return Err(Failure::Usage("parquet is a folder of files: give its name with -o".into()));
    }
    let ours = |name: &str| export::TABLES.iter().any(|table| name.strip_suffix(".parquet") == Some(table.name));
    let folder = export::OutputFolder::create(path, args.to.force, &ours).map_err(|refused| match refused {
        export::Refused::Exists => Failure::Usage(format!("{}: it exists; --force replaces it", path.display())),
        export::Refused::Foreign => {
            Failure::Usage(format!("{}: not a folder of an earlier export and not replaced", path.display()))
        }
        export::Refused::Io(error) => Failure::File(path.clone(), error),
    })?;
    let failed = |error| Failure::File(path.clone(), error);
    export::write_tables(reader, folder.path()).map_err(failed)?;
    folder.finish().map_err(failed)
}

#[cfg(not(feature = "parquet"))]
fn tables(_args: &ExportArgs, _reader: &Reader) -> Result<(), Failure> {
    Err(Failure::Usage(
        "this jitlog was built without parquet: cargo build --release -p jitlog --features parquet".into(),
    ))
}
