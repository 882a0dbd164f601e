//! Opening: the first extent header, the SUPER block, the directories.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use crate::format::bytes;
use crate::format::layout::{
    BLOCK, ENTRY, EXTENT, ExtentHeader, HOT_PAGE, HotPage, KNOWN_INCOMPATIBLE, MAGIC, MAJOR, MINOR, SCHEMA_OFFSET,
    SCHEMA_ROOM, STATIC_COPY, SUPER_BLOCK, StaticPage, block_offset, checksum, hot,
};
use crate::format::schema::FileSchema;
use crate::format::time::TimeScale;
use crate::read::Inner;
use crate::read::directory::{BlockRef, Directory, Expectation};
use crate::read::file::LogFile;
use crate::read::problem::{Problem, ProblemKind, ReadError};

/// What is asked of a file before it is taken for a log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Its first header.
    Header,
    /// Its first header or, where that is lost, the static page: enough to rescue the rest.
    Anything,
}

pub(crate) fn open(path: &Path, demand: Demand) -> Result<Inner, ReadError> {
    let shown: Arc<Path> = path.into();
    let failed = |source: io::Error| ReadError::Io { file: shown.clone(), source };
    let file = LogFile::open(path).map_err(failed)?;
    let mut problems = Vec::new();
    let header = match read_header(&file, &failed, &mut problems) {
        Err(ReadError::NotALog { .. } | ReadError::Damaged(_)) if demand == Demand::Anything => {
            problems.push(Problem::new(&file.path, ProblemKind::ExtentHeader, 0, 0));
            lost_header(&file).ok_or(ReadError::NotALog { file: file.path.clone() })?
        }
        header => header?,
    };

    // The lock is asked first and the length last: a writer that ends in between then looks closed, not killed, and
    // what it claimed is inside the length.
    let live = file.is_being_written();
    let super_block = file.read(block_offset(SUPER_BLOCK), BLOCK).map_err(failed)?;
    let file_len = file.len().map_err(failed)?;
    let page = read_static_page(&file, &super_block, file_len, &mut problems)?;
    let hot_raw = super_block.get(HOT_PAGE..HOT_PAGE + hot::END).unwrap_or_default();
    let mut hot_page = HotPage::decode(hot_raw);
    let close_crc = bytes::u32_at(hot_raw, hot::CLOSE_CRC);
    let closed = close_crc != 0 && close_crc == HotPage::close_crc(hot_raw);
    // A writer that closed the log sealed every block before; a page that it never wrote says that nothing was claimed.
    let was_closed = closed || !live && (close_crc != 0 || bytes::u32_at(hot_raw, hot::STATE) != 0);
    let is_blank = hot_page.claimed_blocks <= u64::from(SUPER_BLOCK);
    if !hot_raw.is_empty() && !closed && !live && (was_closed || is_blank) {
        problems.push(Problem::new(&file.path, ProblemKind::HotPage, SUPER_BLOCK, HOT_PAGE));
        // The first estimate of the tick rate serves better than a damaged synchronisation.
        hot_page.sync = None;
    }
    let schema = read_schema(&file, &page, &super_block, &mut problems);
    let claimed = closed.then_some(hot_page.claimed_blocks);
    let expectation = Expectation { file_len, closed: claimed, was_closed, live };
    let directory = Directory::read(&file, &expectation, &mut problems).map_err(failed)?;
    if let Some(cut) = find_cut(&file, &directory, file_len, claimed) {
        problems.insert(0, cut);
    }
    if let Some(lost) = lost_index(&file, &directory) {
        problems.insert(0, lost);
    }
    Ok(Inner {
        time: TimeScale::new(&page, &hot_page),
        file_len,
        header,
        page,
        hot: hot_page,
        closed,
        live,
        schema,
        directory,
        problems: Mutex::new(problems),
        definitions: OnceLock::new(),
        bulk: OnceLock::new(),
        file,
    })
}

fn read_header(
    file: &LogFile,
    failed: &impl Fn(io::Error) -> ReadError,
    problems: &mut Vec<Problem>,
) -> Result<ExtentHeader, ReadError> {
    let raw = file.read(0, ENTRY).map_err(failed)?;
    if !raw.starts_with(&MAGIC) {
        return Err(ReadError::NotALog { file: file.path.clone() });
    }
    let header = ExtentHeader::decode(&raw);
    let (major, minor) = (header.major, header.minor);
    let intact = ExtentHeader::is_intact(&raw);
    // A later major may have another layout, checksum included; only this version's own can be called damaged.
    if major != MAJOR && (intact || major > MAJOR) {
        return Err(ReadError::Version { file: file.path.clone(), major, minor });
    }
    if !intact {
        let problem = Problem::new(&file.path, ProblemKind::ExtentHeader, 0, 0);
        if major != MAJOR || raw.len() < ENTRY {
            return Err(ReadError::Damaged(problem));
        }
        problems.push(problem);
    } else if header.incompatible & !KNOWN_INCOMPATIBLE != 0 {
        let bits = header.incompatible & !KNOWN_INCOMPATIBLE;
        return Err(ReadError::Features { file: file.path.clone(), major, minor, bits });
    }
    Ok(header)
}

/// What the first header said, from the next extent's header or, in a short log, from the static page.
fn lost_header(file: &LogFile) -> Option<ExtentHeader> {
    let next = file.read(EXTENT, ENTRY).ok().filter(|raw| raw.starts_with(&MAGIC) && ExtentHeader::is_intact(raw));
    if let Some(raw) = next {
        return Some(ExtentHeader { extent: 0, ..ExtentHeader::decode(&raw) });
    }
    let raw = file.read(block_offset(SUPER_BLOCK), BLOCK).ok()?;
    let page = StaticPage::decode(&raw).or_else(|| raw.get(STATIC_COPY..).and_then(StaticPage::decode))?;
    Some(ExtentHeader {
        major: MAJOR,
        minor: MINOR,
        extent: 0,
        flags: 0,
        pid: page.pid,
        run_id: [0; 16],
        incompatible: 0,
        compatible: 0,
    })
}

fn read_static_page(
    file: &LogFile,
    super_block: &[u8],
    file_len: u64,
    problems: &mut Vec<Problem>,
) -> Result<StaticPage, ReadError> {
    if let Some(page) = StaticPage::decode(super_block) {
        return Ok(page);
    }
    let copy = super_block.get(STATIC_COPY..).and_then(StaticPage::decode);
    let problem = Problem::new(&file.path, ProblemKind::StaticPage, SUPER_BLOCK, 0);
    match copy {
        Some(page) => {
            problems.push(problem);
            Ok(page)
        }
        None if super_block.len() < BLOCK => {
            let expected = block_offset(SUPER_BLOCK + 1);
            let kind = ProblemKind::Truncated { expected, found: file_len };
            Err(ReadError::Damaged(Problem { kind, byte: file_len, ..problem }))
        }
        None => Err(ReadError::Damaged(problem)),
    }
}

fn read_schema(file: &LogFile, page: &StaticPage, super_block: &[u8], problems: &mut Vec<Problem>) -> FileSchema {
    let length = (page.schema_len as usize).min(SCHEMA_ROOM);
    let text = super_block.get(SCHEMA_OFFSET..SCHEMA_OFFSET + length).unwrap_or_default();
    let parsed = (checksum(text) == page.schema_crc)
        .then(|| std::str::from_utf8(text).ok().and_then(FileSchema::parse))
        .flatten();
    parsed.unwrap_or_else(|| {
        // A cut this early is reported as a cut.
        if super_block.len() == BLOCK {
            problems.push(Problem::new(&file.path, ProblemKind::Schema, SUPER_BLOCK, SCHEMA_OFFSET));
        }
        FileSchema::current()
    })
}

/// A packed log without its end: what is missing, or that only the index is.
fn lost_index(file: &LogFile, directory: &Directory) -> Option<Problem> {
    let byte = file.lost_index()?;
    let problem = |kind, block| Problem { byte, ..Problem::new(&file.path, kind, block, 0) };
    let bytes = |blocks: &mut dyn Iterator<Item = &BlockRef>| blocks.map(|block| u64::from(block.entry.used)).sum();
    let missing = directory.blocks.iter().find(|block| !file.has(block.number));
    Some(match missing {
        Some(first) => {
            let expected = bytes(&mut directory.blocks.iter());
            let found = bytes(&mut directory.blocks.iter().filter(|block| file.has(block.number)));
            problem(ProblemKind::Truncated { expected, found }, first.number).of_stream(first.entry.stream)
        }
        None => problem(ProblemKind::PackedIndex, directory.end),
    })
}

/// Whether the file ends before its blocks do, and where.
fn find_cut(file: &LogFile, directory: &Directory, file_len: u64, claimed: Option<u64>) -> Option<Problem> {
    let expected = claimed.unwrap_or(u64::from(directory.end)) * BLOCK as u64;
    if file_len >= expected {
        return None;
    }
    let kind = ProblemKind::Truncated { expected, found: file_len };
    let block = (file_len / BLOCK as u64) as u32;
    let problem = Problem { byte: file_len, ..Problem::new(&file.path, kind, block, 0) };
    Some(match directory.first_cut(file_len) {
        Some(first) => Problem { block: first.number, ..problem }.of_stream(first.entry.stream),
        None => problem,
    })
}
