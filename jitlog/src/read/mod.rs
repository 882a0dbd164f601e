//! Reading a log: [`Reader`], its events, definitions, counters and bulk payloads.
//!
//! Reading never panics and never trusts: what can be read is given, what cannot is a [`Problem`]. Files are read
//! with positioned reads, so a log may grow or shrink meanwhile.
#![forbid(unsafe_code)]

pub(crate) mod block;
mod blocks;
mod bulk;
mod counters;
mod definitions;
mod describe;
pub(crate) mod directory;
mod events;
mod file;
mod follow;
mod health;
mod open;
#[cfg(feature = "pack")]
mod packed;
mod parallel;
mod problem;
mod typed;
mod types;
mod verify;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::StreamId;
use crate::format::layout::{ExtentHeader, HotPage, StaticPage};
use crate::format::schema::FileSchema;
use crate::format::time::TimeScale;
use block::Block;
use bulk::BulkIndex;
use directory::{BlockRef, Directory};
use file::LogFile;
use open::Demand;

pub use blocks::BlockRecords;
pub use bulk::{BytecodeDump, CodeDump, IrDump};
pub use counters::{CounterPoint, CounterTotal};
pub use definitions::Definitions;
pub use events::{Entry, Events, RecordView};
pub use follow::{Follow, Writer};
pub use health::{Health, Loss};
pub use problem::{Problem, ProblemKind, ReadError};
pub use typed::parse_ns;
pub use types::Types;
pub use verify::{KindUse, Verification};

/// A log opened for reading. Clones share what was read; all methods may be called from any thread.
#[derive(Clone)]
pub struct Reader {
    inner: Arc<Inner>,
}

struct Inner {
    file: LogFile,
    file_len: u64,
    header: ExtentHeader,
    page: StaticPage,
    hot: HotPage,
    /// Whether the state page's own checksum (closed) or the lock (open) vouches for it.
    closed: bool,
    live: bool,
    schema: FileSchema,
    directory: Directory,
    time: TimeScale,
    problems: Mutex<Vec<Problem>>,
    definitions: OnceLock<Definitions>,
    bulk: OnceLock<BulkIndex>,
}

impl Reader {
    /// Opens a log: its first pages and its directories, not its contents.
    pub fn open(path: impl AsRef<Path>) -> Result<Reader, ReadError> {
        open::open(path.as_ref(), Demand::Header).map(|inner| Reader { inner: Arc::new(inner) })
    }

    /// Opens what is left of a log, also without its first header.
    pub(crate) fn open_remains(path: &Path) -> Result<Reader, ReadError> {
        open::open(path, Demand::Anything).map(|inner| Reader { inner: Arc::new(inner) })
    }

    pub fn path(&self) -> &Arc<Path> {
        &self.inner.file.path
    }

    /// Size of the file when it was opened.
    pub fn file_len(&self) -> u64 {
        self.inner.file_len
    }

    /// Version, run id and process id.
    pub fn header(&self) -> &ExtentHeader {
        &self.inner.header
    }

    /// Clock, start times and machine facts.
    pub fn static_page(&self) -> &StaticPage {
        &self.inner.page
    }

    /// The writer's state when the log was opened.
    pub fn state(&self) -> &HotPage {
        &self.inner.hot
    }

    /// The schema embedded in the file.
    #[inline]
    pub fn schema(&self) -> &FileSchema {
        &self.inner.schema
    }

    /// From ticks to nanoseconds.
    #[inline]
    pub fn time(&self) -> &TimeScale {
        &self.inner.time
    }

    /// What was found wrong so far: at opening, and in every block read since.
    pub fn problems(&self) -> Vec<Problem> {
        self.noted().clone()
    }

    /// The events of all streams in time order.
    pub fn events(&self) -> Events {
        Events::new(self.clone())
    }

    /// The log as it grows, from its start.
    pub fn follow(&self) -> Follow {
        Follow::new(self.clone())
    }

    /// The definitions; read on first use.
    pub fn defs(&self) -> &Definitions {
        self.inner.definitions.get_or_init(|| Definitions::read(self))
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.inner.directory
    }

    #[inline]
    pub(crate) fn dt_shift(&self) -> u8 {
        self.inner.page.dt_shift
    }

    pub(crate) fn load(&self, reference: BlockRef) -> Block {
        Block::load(&self.inner.file, reference)
    }

    pub(crate) fn load_into(&self, reference: BlockRef, spare: Vec<u8>) -> Block {
        Block::load_into(&self.inner.file, reference, spare)
    }

    /// Bytes read so far, for whoever shows how far a long command is; [`Reader::file_len`] is about what one pass reads.
    pub fn bytes_read(&self) -> u64 {
        self.inner.file.bytes_read()
    }

    /// Bytes of the file as they are; fewer where it ends.
    pub(crate) fn raw(&self, offset: u64, bytes: usize) -> std::io::Result<Vec<u8>> {
        self.inner.file.read(offset, bytes)
    }

    fn noted(&self) -> MutexGuard<'_, Vec<Problem>> {
        self.inner.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a problem once: per block and kind, and a truncation once per log.
    pub(crate) fn note(&self, problem: &Problem) {
        let mut noted = self.noted();
        let same = |known: &&Problem| match (known.kind, problem.kind) {
            (ProblemKind::Truncated { .. }, ProblemKind::Truncated { .. }) => true,
            (mine, theirs) => mine == theirs && known.block == problem.block,
        };
        if noted.iter().find(same).is_none() {
            noted.push(problem.clone());
        }
    }

    /// A stream's name, if definitions were read; an error message is no reason to read them.
    pub(crate) fn stream_name(&self, stream: StreamId) -> Option<Arc<str>> {
        let name = self.inner.definitions.get()?.stream(stream)?.name;
        Some(name.into())
    }
}
