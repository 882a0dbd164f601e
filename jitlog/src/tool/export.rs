//! `jitlog export`: a log in the formats of other tools.

use std::io::{BufWriter, Write};

use jitlog::Reader;

use crate::export;
use crate::tool::output::OutputFile;
use crate::tool::progress::Progress;
use crate::tool::{ExportArgs, Failure, Output, complain, open, say_what_is_wrong};

pub fn run(args: &ExportArgs, out: &mut Output<'_>) -> Result<u8, Failure> {
    let reader = open(&args.log)?;
    let progress = Progress::of(&reader, export::passes(args.format));
    if args.format == export::Format::Parquet {
        tables(args, &reader)?;
        drop(progress);
        return Ok(say_what_is_wrong(&reader));
    }
    let note;
    if args.to.output.as_os_str() == "-" {
        note = export::write(args.format, &reader, out)?;
        out.flush()?;
        drop(progress);
    } else {
        let output = OutputFile::create(&args.to)?;
        let mut buffer = BufWriter::with_capacity(1 << 18, output.file());
        let written = export::write(args.format, &reader, &mut buffer).and_then(|note| buffer.flush().map(|()| note));
        note = written.map_err(|error| output.failed(error))?;
        drop((buffer, progress));
        output.finish()?;
    }
    if let Some(note) = note {
        complain(&note);
    }
    Ok(say_what_is_wrong(&reader))
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
