//! What a log is created with.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the log goes and how large it may become.
#[derive(Clone, Debug)]
pub struct LogOptions {
    pub(crate) path: PathBuf,
    pub(crate) max_bytes: u64,
    pub(crate) counter_interval: Duration,
    pub(crate) logical_clock: bool,
    pub(crate) imported: Option<[u8; 16]>,
    pub(crate) mapped: bool,
    pub(crate) sync_interval: Option<Duration>,
}

/// Unless told otherwise, events stop at this size and counters go on.
pub const DEFAULT_MAX_BYTES: u64 = 8 << 30;
/// The first allocation; a log cannot be told to stay smaller.
pub const MIN_BYTES: u64 = 1 << 20;

impl LogOptions {
    pub fn new(path: impl AsRef<Path>) -> LogOptions {
        LogOptions {
            path: path.as_ref().to_path_buf(),
            max_bytes: DEFAULT_MAX_BYTES,
            counter_interval: Duration::from_millis(250),
            logical_clock: false,
            imported: None,
            mapped: true,
            sync_interval: None,
        }
    }

    /// At this size events stop and are counted as dropped; definitions have a reserve of up to 4 MiB within it, and
    /// counters go on. At least 1 MiB.
    pub fn max_bytes(mut self, bytes: u64) -> LogOptions {
        self.max_bytes = bytes.max(MIN_BYTES);
        self
    }

    /// How often counter increments are put on the time line.
    pub fn counter_interval(mut self, interval: Duration) -> LogOptions {
        self.counter_interval = interval;
        self
    }

    /// Whether to map the file, as is the default. A file that cannot be mapped, or of which this says no, is written with
    /// `write(2)` every 20 ms from memory: then a killed process loses what it committed since.
    pub fn mapped(mut self, on: bool) -> LogOptions {
        self.mapped = on;
        self
    }

    /// How often the file is put on disk, so that a power loss costs no more than this. Never by default: the kernel
    /// does it within about 30 s. A thread of its own does it.
    pub fn sync_interval(mut self, interval: Option<Duration>) -> LogOptions {
        self.sync_interval = interval;
        self
    }

    /// For tests: time is a count that advances 1000 ns per event or bulk record, the run has fixed ids, and no helper
    /// thread runs, so the same calls give the same bytes.
    pub fn logical_clock(mut self, on: bool) -> LogOptions {
        self.logical_clock = on;
        self
    }

    /// For a log made from another VM's: time is what [`Log::set_time`](crate::Log::set_time) says, the run has the id
    /// given here, and no helper thread runs.
    pub fn imported(mut self, run_id: [u8; 16]) -> LogOptions {
        self.logical_clock = true;
        self.imported = Some(run_id);
        self
    }
}
