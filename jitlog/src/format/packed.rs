//! The bytes of a packed log (.jlogz): the blocks of an ordinary log in compressed frames, and where each block is.
//!
//! Extent header with the PACKED flag and feature · zstd frames, each some blocks of one chain behind a label · the index,
//! a zstd frame · trailer. What unpacks is an ordinary log, checksums included. Directories and SUPER block come first, so
//! that a file that lost its index is read as far as it goes: label by label.

use crate::format::bytes;
use crate::format::layout::{BLOCK, MAGIC, MAX_JUMBO_BLOCKS, checksum};

/// Flag of the extent header.
pub const FLAG_PACKED: u8 = 1;
/// Incompatible feature, bit 0: the file is packed.
pub const INCOMPATIBLE_PACKED: u64 = 1;
/// Bytes of the trailer.
pub const TRAILER: usize = 32;
/// Bytes of blocks a frame holds before it is closed.
pub const FRAME_BYTES: usize = 256 << 10;
/// The largest frame that can exist: a jumbo run on top of one that was nearly full.
pub const MAX_FRAME_BYTES: usize = FRAME_BYTES + MAX_JUMBO_BLOCKS as usize * BLOCK;
/// The largest index, enough for a log of half a terabyte.
pub const MAX_INDEX_BYTES: usize = 64 << 20;

/// One compressed frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    pub offset: u64,
    pub packed_bytes: u32,
    pub raw_bytes: u32,
    /// Block and bytes of each piece, in their order in the frame.
    pub pieces: Vec<(u32, u32)>,
}

/// Where everything is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Blocks of the unpacked log.
    pub blocks: u32,
    pub frames: Vec<Frame>,
}

/// What stands before a frame, as a skippable frame of zstd: the same as the index says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Blocks of the unpacked log.
    pub blocks: u32,
    /// Without the offset, which is where the label ends.
    pub frame: Frame,
}

/// First word of a skippable frame of zstd.
const SKIPPABLE: u32 = 0x184D_2A50;
/// Bytes of a label before its pieces: zstd's two words, then ours.
pub const LABEL_HEAD: usize = 8 + 16;
/// More pieces than a frame can have, since each is at least a prologue.
const MAX_PIECES: usize = MAX_FRAME_BYTES / 16;

impl Label {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(LABEL_HEAD + self.frame.pieces.len() * 8);
        let Frame { packed_bytes, raw_bytes, .. } = self.frame;
        let length = (LABEL_HEAD - 8 + self.frame.pieces.len() * 8) as u32;
        for word in [SKIPPABLE, length, packed_bytes, raw_bytes, self.blocks, 0] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for (block, bytes) in &self.frame.pieces {
            out.extend_from_slice(&block.to_le_bytes());
            out.extend_from_slice(&bytes.to_le_bytes());
        }
        let crc = checksum(&out);
        out[LABEL_HEAD - 4..LABEL_HEAD].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Bytes of the label these bytes begin; None if it is none.
    pub fn length(head: &[u8]) -> Option<usize> {
        let length = bytes::u32_at(head, 4) as usize;
        let sound = bytes::u32_at(head, 0) == SKIPPABLE && (16..=16 + MAX_PIECES * 8).contains(&length);
        (sound && length.is_multiple_of(8)).then_some(8 + length)
    }

    /// None if it is damaged or cut. `offset` is where it stands in the file.
    pub fn decode(raw: &[u8], offset: u64) -> Option<Label> {
        if Label::length(raw)? != raw.len() {
            return None;
        }
        let mut zeroed = raw.to_vec();
        zeroed[LABEL_HEAD - 4..LABEL_HEAD].fill(0);
        let pieces = raw[LABEL_HEAD..].chunks_exact(8).map(|pair| (bytes::u32_at(pair, 0), bytes::u32_at(pair, 4)));
        let frame = Frame {
            offset: offset + raw.len() as u64,
            packed_bytes: bytes::u32_at(raw, 8),
            raw_bytes: bytes::u32_at(raw, 12),
            pieces: pieces.collect(),
        };
        let intact = checksum(&zeroed) == bytes::u32_at(raw, LABEL_HEAD - 4) && frame.is_consistent();
        intact.then_some(Label { blocks: bytes::u32_at(raw, 16), frame })
    }
}

impl Frame {
    fn is_consistent(&self) -> bool {
        let sum: u64 = self.pieces.iter().map(|(_, bytes)| u64::from(*bytes)).sum();
        sum == u64::from(self.raw_bytes) && self.raw_bytes as usize <= MAX_FRAME_BYTES
    }
}

impl Index {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.blocks.to_le_bytes().to_vec();
        out.extend_from_slice(&(self.frames.len() as u32).to_le_bytes());
        for frame in &self.frames {
            out.extend_from_slice(&frame.offset.to_le_bytes());
            for word in [frame.packed_bytes, frame.raw_bytes, frame.pieces.len() as u32, 0] {
                out.extend_from_slice(&word.to_le_bytes());
            }
            for (block, bytes) in &frame.pieces {
                out.extend_from_slice(&block.to_le_bytes());
                out.extend_from_slice(&bytes.to_le_bytes());
            }
        }
        out
    }

    /// None if the bytes contradict themselves.
    pub fn decode(raw: &[u8]) -> Option<Index> {
        let mut index = Index { blocks: bytes::u32_at(raw, 0), frames: Vec::new() };
        let mut at = 8;
        for _ in 0..bytes::u32_at(raw, 4) {
            let pieces = bytes::u32_at(raw, at + 16) as usize;
            let end = pieces.checked_mul(8)?.checked_add(at + 24)?;
            let body = raw.get(at + 24..end)?;
            let frame = Frame {
                offset: bytes::u64_at(raw, at),
                packed_bytes: bytes::u32_at(raw, at + 8),
                raw_bytes: bytes::u32_at(raw, at + 12),
                pieces: body.chunks_exact(8).map(|pair| (bytes::u32_at(pair, 0), bytes::u32_at(pair, 4))).collect(),
            };
            if !frame.is_consistent() {
                return None;
            }
            index.frames.push(frame);
            at = end;
        }
        Some(index)
    }
}

/// The last bytes of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    pub index_offset: u64,
    pub packed_bytes: u32,
    pub raw_bytes: u32,
    /// CRC32C of the compressed index.
    pub crc: u32,
}

impl Trailer {
    pub fn encode(&self) -> [u8; TRAILER] {
        let mut out = [0u8; TRAILER];
        out[0..8].copy_from_slice(&self.index_offset.to_le_bytes());
        out[8..12].copy_from_slice(&self.packed_bytes.to_le_bytes());
        out[12..16].copy_from_slice(&self.raw_bytes.to_le_bytes());
        out[16..20].copy_from_slice(&self.crc.to_le_bytes());
        let crc = checksum(&out[0..20]);
        out[20..24].copy_from_slice(&crc.to_le_bytes());
        out[24..32].copy_from_slice(&MAGIC);
        out
    }

    /// None if it is none.
    pub fn decode(raw: &[u8]) -> Option<Trailer> {
        let intact = raw.len() == TRAILER && raw[24..] == MAGIC && checksum(&raw[..20]) == bytes::u32_at(raw, 20);
        intact.then(|| Trailer {
            index_offset: bytes::u64_at(raw, 0),
            packed_bytes: bytes::u32_at(raw, 8),
            raw_bytes: bytes::u32_at(raw, 12),
            crc: bytes::u32_at(raw, 16),
        })
    }
}
