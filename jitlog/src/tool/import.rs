//! `jitlog import`: a log made from one of another VM.

use std::sync::atomic::Ordering;

use jitlog::import::{Format, ImportError, Options, import};

use crate::tool::output::OutputFile;
use crate::tool::progress::Progress;
use crate::tool::{Failure, ImportArgs, complain};

pub fn run(args: &ImportArgs) -> Result<u8, Failure> {
    let format = Format::named(&args.format);
    let options = Options { tsc_hz: args.tsc_hz, ..Options::default() };
    let total = args.files.iter().filter_map(|path| path.metadata().ok()).map(|file| file.len()).sum();
    let read = options.read.clone();
    let output = OutputFile::create(&args.to)?;
    let progress = Progress::counting(move || read.load(Ordering::Relaxed), total);
    let imported = import(format, &args.files, output.path(), &options);
    drop(progress);
    let report = imported.map_err(|error| match error {
        ImportError::Write(_, error) => output.failed(error),
        ImportError::Read(path, error) => Failure::File(path, error),
        error => Failure::Usage(error.to_string()),
    })?;
    output.finish()?;
    report.notes.iter().for_each(|note| complain(note));
    for (fact, switch) in &report.absent {
        let how = if switch.is_empty() { String::new() } else { format!("; it would have them with: {switch}") };
        complain(&format!("the log does not hold {fact}{how}"));
    }
    for unread in &report.unread {
        complain(&unread.to_string());
    }
    let more = report.unread_count.saturating_sub(report.unread.len() as u64);
    if more > 0 {
        complain(&format!("and {more} more that were not understood"));
    }
    if report.dropped > 0 {
        complain(&format!("{} events found no room", report.dropped));
    }
    Ok(if report.unread_count + report.dropped > 0 { 2 } else { 0 })
}
