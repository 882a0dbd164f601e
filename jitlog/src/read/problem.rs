//! What can be wrong with a log, said precisely: file, byte, block, stream, and how much was read before.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::StreamId;
use crate::format::layout::{MAJOR, block_offset};
use crate::format::packed::INCOMPATIBLE_PACKED;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The file ends before the data does.
    Truncated { expected: u64, found: u64 },
    /// An extent's header fails its checksum or is missing.
    ExtentHeader,
    /// The SUPER block's static page fails its checksum; its copy was used.
    StaticPage,
    /// The state page of a closed log fails its checksum.
    HotPage,
    /// The embedded schema fails its checksum; this version's was used.
    Schema,
    /// A directory entry fails its checksum; the block was left out.
    Entry,
    /// A directory entry contradicts itself or the format.
    Contradiction,
    /// A block of a closed log was never sealed.
    Unsealed,
    /// A block's bytes fail their checksum; the block was left out.
    Checksum { expected: u32, found: u32 },
    /// A block does not start as its entry says; the block was left out.
    Prologue,
    /// A header word that cannot be one; the rest of the block was left out.
    Header,
    /// A sealed block has another number of records than its entry says.
    Count { expected: u32, found: u32 },
    /// A stream's blocks are not consecutive.
    Gap { expected: u64, found: u64 },
    /// The index of a packed log is damaged or cut off; all its frames were found without.
    PackedIndex,
    /// The system could not read the file; its error number.
    Io(i32),
}

impl ProblemKind {
    /// A short name for JSON.
    pub fn name(self) -> &'static str {
        match self {
            ProblemKind::Truncated { .. } => "truncated",
            ProblemKind::ExtentHeader => "extent_header",
            ProblemKind::StaticPage => "static_page",
            ProblemKind::HotPage => "hot_page",
            ProblemKind::Schema => "schema",
            ProblemKind::Entry => "entry",
            ProblemKind::Contradiction => "contradiction",
            ProblemKind::Unsealed => "unsealed",
            ProblemKind::Checksum { .. } => "checksum",
            ProblemKind::Prologue => "prologue",
            ProblemKind::Header => "header_word",
            ProblemKind::Count { .. } => "count",
            ProblemKind::Gap { .. } => "gap",
            ProblemKind::PackedIndex => "packed_index",
            ProblemKind::Io(_) => "io",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            ProblemKind::Truncated { expected, found } => {
                write!(out, "truncated: {expected} bytes should be there, {found} are")
            }
            ProblemKind::ExtentHeader => write!(out, "the extent header is damaged"),
            ProblemKind::StaticPage => write!(out, "the first page of the super block is damaged, its copy was used"),
            ProblemKind::HotPage => write!(out, "the state page of the super block is damaged"),
            ProblemKind::Schema => write!(out, "the schema is damaged, this version's was used"),
            ProblemKind::Entry => write!(out, "the directory entry is damaged, the block was left out"),
            ProblemKind::Contradiction => {
                write!(out, "the directory entry contradicts the format, the block was left out")
            }
            ProblemKind::Unsealed => write!(out, "the log is closed but the block was not sealed"),
            ProblemKind::Checksum { expected, found } => {
                write!(out, "checksum {found:08x} instead of {expected:08x}, the block was left out")
            }
            ProblemKind::Prologue => write!(out, "the block does not start as its entry says, it was left out"),
            ProblemKind::Header => write!(out, "no record can start here, the rest of the block was left out"),
            ProblemKind::Count { expected, found } => {
                write!(out, "{found} records where the entry says {expected}")
            }
            ProblemKind::Gap { expected, found } => {
                write!(out, "block {found} of the stream follows where block {expected} should")
            }
            ProblemKind::PackedIndex => {
                write!(out, "the index of the packed log is damaged or cut off, its frames were found without")
            }
            ProblemKind::Io(0) => write!(out, "the compressed data is damaged, the block was left out"),
            ProblemKind::Io(errno) => write!(out, "{}", io::Error::from_raw_os_error(errno)),
        }
    }
}

/// Something wrong with a log that can still be read in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: Arc<Path>,
    /// Offset in the file.
    pub byte: u64,
    pub block: u32,
    /// The stream it concerns, with its name where definitions are known.
    pub stream: Option<(StreamId, Option<Arc<str>>)>,
    pub kind: ProblemKind,
    /// Events that were read before, and the time of the last, if events were being read.
    pub progress: Option<(u64, u64)>,
}

impl Problem {
    pub(crate) fn new(file: &Arc<Path>, kind: ProblemKind, block: u32, offset: usize) -> Problem {
        let byte = block_offset(block) + offset as u64;
        Problem { file: file.clone(), byte, block, stream: None, kind, progress: None }
    }

    pub(crate) fn of_stream(mut self, stream: StreamId) -> Problem {
        self.stream = Some((stream, None));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: byte {} (block {}", self.file.display(), self.byte, self.block)?;
        match &self.stream {
            Some((id, Some(name))) => write!(out, ", stream {id} {name:?})")?,
            Some((id, None)) => write!(out, ", stream {id})")?,
            None => write!(out, ")")?,
        }
        write!(out, ": {}", self.kind)?;
        match self.progress {
            Some((0, _)) => write!(out, "; no event was read before"),
            Some((events, last)) => {
                write!(
                    out,
                    "; {events} events up to t={}.{:09} s were read",
                    last / 1_000_000_000,
                    last % 1_000_000_000
                )
            }
            None => Ok(()),
        }
    }
}

/// Why a log cannot be opened at all.
#[derive(Debug)]
pub enum ReadError {
    Io {
        file: Arc<Path>,
        source: io::Error,
    },
    NotALog {
        file: Arc<Path>,
    },
    /// Another major version.
    Version {
        file: Arc<Path>,
        major: u16,
        minor: u16,
    },
    /// Features without which the file would be misread.
    Features {
        file: Arc<Path>,
        major: u16,
        minor: u16,
        bits: u64,
    },
    /// Too damaged to start.
    Damaged(Problem),
}

impl fmt::Display for ReadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io { file, source } => write!(out, "{}: {source}", file.display()),
            ReadError::NotALog { file } => write!(out, "{}: not a jitlog file", file.display()),
            ReadError::Version { file, major, minor } if *major > MAJOR => write!(
                out,
                "{}: written by a newer jitlog (major {major}, version {major}.{minor}); this one reads major {MAJOR}",
                file.display()
            ),
            ReadError::Version { file, major, minor } => write!(
                out,
                "{}: written by jitlog format {major}.{minor}, which this version (major {MAJOR}) does not read",
                file.display()
            ),
            ReadError::Features { file, bits: INCOMPATIBLE_PACKED, .. } => {
                write!(out, "{}: a packed log; this program was built without reading them", file.display())
            }
            ReadError::Features { file, major, minor, bits } => {
                let bits: Vec<String> =
                    (0..64).filter(|bit| bits & (1 << bit) != 0).map(|bit| bit.to_string()).collect();
                write!(
                    out,
                    "{}: written by a newer jitlog (major {major}, version {major}.{minor}) with features this one \
                     does not know: bit {}",
                    file.display(),
                    bits.join(", ")
                )
            }
            ReadError::Damaged(problem) => problem.fmt(out),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
