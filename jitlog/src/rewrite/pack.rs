//! A plan as a packed log.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use crate::format::layout::{ExtentHeader, checksum};
use crate::format::packed::{FLAG_PACKED, FRAME_BYTES, Frame, INCOMPATIBLE_PACKED, Index, Label, Trailer};
use crate::read::Reader;
use crate::rewrite::image::{self, Sink};
use crate::rewrite::plan::Plan;

/// zstd's own default: higher levels take several times as long for a few percent.
const LEVEL: i32 = 3;

/// Writes the plan to an empty file as a packed log; its length.
pub fn write(reader: &Reader, plan: &Plan, repaired: bool, out: &File) -> io::Result<u64> {
    let header = ExtentHeader {
        flags: FLAG_PACKED,
        incompatible: INCOMPATIBLE_PACKED,
        compatible: reader.header().compatible,
        ..*reader.header()
    };
    let mut packer = Packer {
        out: BufWriter::with_capacity(1 << 18, out),
        offset: 0,
        index: Index::default(),
        open: BTreeMap::new(),
        compressor: zstd::bulk::Compressor::new(LEVEL)?,
    };
    packer.append(&header.encode())?;
    image::write(reader, plan, repaired, &mut packer)?;
    packer.finish()
}

struct Packer<'f> {
    out: BufWriter<&'f File>,
    offset: u64,
    index: Index,
    /// Frames not full yet, by group.
    open: BTreeMap<(u8, u32), (Frame, Vec<u8>)>,
    compressor: zstd::bulk::Compressor<'static>,
}

impl Packer<'_> {
    fn append(&mut self, data: &[u8]) -> io::Result<()> {
        self.offset += data.len() as u64;
        self.out.write_all(data)
    }

    fn close(&mut self, mut frame: Frame, raw: &[u8]) -> io::Result<()> {
        let packed = self.compressor.compress(raw)?;
        frame.packed_bytes = packed.len() as u32;
        frame.raw_bytes = raw.len() as u32;
        let label = Label { blocks: self.index.blocks, frame };
        self.append(&label.encode())?;
        let mut frame = label.frame;
        frame.offset = self.offset;
        self.append(&packed)?;
        self.index.frames.push(frame);
        Ok(())
    }

    fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        let raw = self.index.encode();
        let packed = self.compressor.compress(&raw)?;
        let trailer = Trailer {
            index_offset: self.offset,
            packed_bytes: packed.len() as u32,
            raw_bytes: raw.len() as u32,
            crc: checksum(&packed),
        };
        self.append(&packed)?;
        self.append(&trailer.encode())?;
        self.out.flush()?;
        Ok(self.offset)
    }
}

impl Sink for Packer<'_> {
    fn begin(&mut self, blocks: u32) {
        self.index.blocks = blocks;
    }

    fn flush(&mut self) -> io::Result<()> {
        std::mem::take(&mut self.open).into_values().try_for_each(|(frame, raw)| self.close(frame, &raw))
    }

    fn put(&mut self, block: u32, group: (u8, u32), data: &[u8]) -> io::Result<()> {
        let (frame, raw) = self.open.entry(group).or_default();
        frame.pieces.push((block, data.len() as u32));
        raw.extend_from_slice(data);
        if raw.len() < FRAME_BYTES {
            return Ok(());
        }
        let (frame, raw) = (std::mem::take(frame), std::mem::take(raw));
        self.close(frame, &raw)
    }
}
