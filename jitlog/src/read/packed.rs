//! A packed log as the bytes of the ordinary log in it.
//!
//! Reading at an offset unpacks the frame that holds the block there; the frames used last are kept, up to a fixed sum.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::format::layout::{BLOCK, ENTRY, ExtentHeader, MAGIC, block_offset, checksum};
use crate::format::packed::{FLAG_PACKED, Frame, Index, LABEL_HEAD, Label, MAX_INDEX_BYTES, TRAILER, Trailer};

/// Bytes of unpacked frames kept.
const CACHE_BYTES: usize = 24 << 20;

/// Positioned reads of the file itself.
pub type ReadAt<'a> = &'a dyn Fn(u64, usize) -> io::Result<Vec<u8>>;

pub struct Packed {
    blocks: u32,
    frames: Vec<Frame>,
    /// First block of each piece to frame, offset in it and bytes.
    pieces: BTreeMap<u32, (usize, usize, usize)>,
    cache: Mutex<VecDeque<(usize, Arc<Vec<u8>>)>>,
    /// Where the last whole frame ends, if the index is lost.
    lost_index_at: Option<u64>,
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the {what} of the packed log is damaged or cut off"))
}

/// None if the end of the file is no intact index.
fn read_index(file_len: u64, read: ReadAt<'_>) -> io::Result<Option<Index>> {
    let at = file_len.saturating_sub(TRAILER as u64);
    let Some(trailer) = Trailer::decode(&read(at, TRAILER)?) else {
        return Ok(None);
    };
    if trailer.raw_bytes as usize > MAX_INDEX_BYTES || u64::from(trailer.packed_bytes) > file_len {
        return Ok(None);
    }
    let raw = read(trailer.index_offset, trailer.packed_bytes as usize)?;
    if checksum(&raw) != trailer.crc {
        return Ok(None);
    }
    let raw = zstd::bulk::decompress(&raw, trailer.raw_bytes as usize).ok();
    let index = raw.and_then(|raw| Index::decode(&raw));
    Ok(index.filter(|index| index.frames.iter().all(|frame| u64::from(frame.packed_bytes) <= file_len)))
}

/// The frames by their labels, up to the first that is not whole; where that is.
fn find_frames(file_len: u64, read: ReadAt<'_>) -> io::Result<(Index, u64)> {
    let mut index = Index::default();
    let mut at = ENTRY as u64;
    loop {
        let Some(length) = Label::length(&read(at, LABEL_HEAD)?) else {
            return Ok((index, at));
        };
        let Some(label) = Label::decode(&read(at, length)?, at) else {
            return Ok((index, at));
        };
        let end = label.frame.offset + u64::from(label.frame.packed_bytes);
        if end > file_len {
            return Ok((index, at));
        }
        index.blocks = label.blocks;
        index.frames.push(label.frame);
        at = end;
    }
}

impl Packed {
    /// None if the file is not packed.
    pub fn open(file_len: u64, read: ReadAt<'_>) -> io::Result<Option<Packed>> {
        let head = read(0, ENTRY)?;
        let packed = head.starts_with(&MAGIC)
            && ExtentHeader::is_intact(&head)
            && ExtentHeader::decode(&head).flags & FLAG_PACKED != 0;
        if !packed {
            return Ok(None);
        }
        let (index, lost_index_at) = match read_index(file_len, read)? {
            Some(index) => (index, None),
            None => {
                let (index, end) = find_frames(file_len, read)?;
                // Without directories and SUPER block there is nothing to read.
                if index.frames.is_empty() {
                    return Err(damaged("end"));
                }
                (index, Some(end))
            }
        };
        let mut pieces = BTreeMap::new();
        for (number, frame) in index.frames.iter().enumerate() {
            let mut at = 0;
            for (block, bytes) in &frame.pieces {
                pieces.insert(*block, (number, at, *bytes as usize));
                at += *bytes as usize;
            }
        }
        Ok(Some(Packed { blocks: index.blocks, frames: index.frames, pieces, cache: Mutex::default(), lost_index_at }))
    }

    /// Where the last whole frame ends, if the index is lost.
    pub fn lost_index(&self) -> Option<u64> {
        self.lost_index_at
    }

    /// Whether a block's bytes are there.
    pub fn has(&self, block: u32) -> bool {
        self.pieces.contains_key(&block)
    }

    /// Bytes of the log inside.
    pub fn len(&self) -> u64 {
        block_offset(self.blocks)
    }

    /// Up to `bytes` of the log inside; shorter only at its end.
    pub fn read(&self, offset: u64, bytes: usize, read: ReadAt<'_>) -> io::Result<Vec<u8>> {
        let bytes = usize::try_from(self.len().saturating_sub(offset)).unwrap_or(usize::MAX).min(bytes);
        let mut out = vec![0u8; bytes];
        let end = offset + bytes as u64;
        let mut there = offset;
        // The piece that began before the offset may reach over it.
        let first = u32::try_from(offset / BLOCK as u64).unwrap_or(u32::MAX);
        let before = self.pieces.range(..first).next_back();
        let inside = self.pieces.range(first..).take_while(|(block, _)| block_offset(**block) < end);
        for (block, (frame, at, length)) in before.into_iter().chain(inside) {
            let start = block_offset(*block);
            let (from, to) = (start.max(offset), (start + *length as u64).min(end));
            if from < to {
                // What no piece says is zeros; but with the index lost it may as well be lost too.
                if from > there && self.lost_index_at.is_some() {
                    break;
                }
                there = to;
                let raw = self.frame(*frame, read)?;
                let source = at + (from - start) as usize..at + (to - start) as usize;
                let source = raw.get(source).ok_or_else(|| damaged("data"))?;
                out[(from - offset) as usize..(to - offset) as usize].copy_from_slice(source);
            }
        }
        if self.lost_index_at.is_some() {
            out.truncate((there - offset) as usize);
        }
        Ok(out)
    }

    fn frame(&self, number: usize, read: ReadAt<'_>) -> io::Result<Arc<Vec<u8>>> {
        if let Some(raw) = self.cached(number) {
            return Ok(raw);
        }
        let frame = self.frames.get(number).ok_or_else(|| damaged("index"))?;
        let packed = read(frame.offset, frame.packed_bytes as usize)?;
        let raw = zstd::bulk::decompress(&packed, frame.raw_bytes as usize).map_err(|_| damaged("data"))?;
        let raw = Arc::new(raw);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.push_back((number, raw.clone()));
        let mut sum: usize = cache.iter().map(|(_, raw)| raw.len()).sum();
        while sum > CACHE_BYTES && cache.len() > 1 {
            sum -= cache.pop_front().map_or(0, |(_, raw)| raw.len());
        }
        Ok(raw)
    }

    fn cached(&self, number: usize) -> Option<Arc<Vec<u8>>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let place = cache.iter().position(|(cached, _)| *cached == number)?;
        let found = cache.remove(place)?;
        let raw = found.1.clone();
        cache.push_back(found);
        Some(raw)
    }
}
