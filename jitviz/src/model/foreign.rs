//! Logs of other VMs, opened as if they were ours: imported to a temporary file that goes at once.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use jitlog::Reader;
use jitlog::import::{self, Options};

use super::load::OpenError;

/// Tells apart the files of one process.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The log made of a file of another VM; nothing if the file is of no kind that is known.
pub fn open(path: &Path) -> Option<Result<Reader, OpenError>> {
    let format = import::recognise(path).ok().flatten()?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let to = std::env::temp_dir().join(format!("jitviz-{}-{number}.jlog", std::process::id()));
    let imported = import::import(Some(format), &[path.to_path_buf()], &to, &Options::default());
    let reader = imported.map_err(OpenError::Import).and_then(|_| Reader::open(&to).map_err(OpenError::Read));
    // The reader has the file open, so its name is not needed any more; one that stays harms nobody.
    let _ = std::fs::remove_file(&to);
    Some(reader)
}
