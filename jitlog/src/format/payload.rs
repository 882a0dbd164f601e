//! What is inside bulk payloads: IR instructions, constants, snapshots, bytecode lines, code map, counter deltas.
//!
//! The writer's `encode_*` functions and the reader's `parse_*` functions stand side by side. Parsing never fails: a
//! payload that ends early gives what was there.

use crate::format::bytes;
use crate::format::ids::{CounterId, IrOpId, LocId};

/// The `format` of bytecode and IR payloads described here.
pub const FORMAT_1: u8 = 1;
/// Operand references from here on name constants.
pub const CONSTANT_REF: u16 = 0x8000;

/// One IR instruction, INS16_V1. Its id is its index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Ins {
    pub op: u8,
    pub ty: u8,
    pub flags: u8,
    /// Register after allocation.
    pub reg: u8,
    pub a: u16,
    pub b: u16,
    pub c: u32,
    /// Previous instruction of the same opcode, as the optimiser chains them.
    pub prev: u16,
    pub spill: u16,
}

/// A snapshot: the frames and slots an exit restores.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Snapshot {
    /// The first instruction it holds for.
    pub first_ins: u16,
    /// Locations of its frames, outermost first.
    #[serde(serialize_with = "as_numbers")]
    pub frames: Vec<LocId>,
    /// (slot, reference) pairs.
    pub slots: Vec<(u16, u16)>,
}

fn as_numbers<S: serde::Serializer>(frames: &[LocId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(frames.iter().map(|frame| frame.0))
}

/// One recorded bytecode instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BytecodeIns {
    pub word: u64,
    pub loc_id: LocId,
    /// How many calls deep in the trace.
    pub depth: u32,
}

/// Machine code from `code_off` on comes from this instruction and place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeMapEntry {
    pub code_off: u32,
    pub ir_op_id: IrOpId,
    pub loc_id: LocId,
}

/// Increments of one counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    pub counter_id: CounterId,
    pub delta: u32,
}

impl Ins {
    pub fn encode(self) -> [u8; 16] {
        let mut out = [self.op, self.ty, self.flags, self.reg, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        out[4..6].copy_from_slice(&self.a.to_le_bytes());
        out[6..8].copy_from_slice(&self.b.to_le_bytes());
        out[8..12].copy_from_slice(&self.c.to_le_bytes());
        out[12..14].copy_from_slice(&self.prev.to_le_bytes());
        out[14..16].copy_from_slice(&self.spill.to_le_bytes());
        out
    }

    pub fn decode(raw: &[u8]) -> Ins {
        Ins {
            op: bytes::u8_at(raw, 0),
            ty: bytes::u8_at(raw, 1),
            flags: bytes::u8_at(raw, 2),
            reg: bytes::u8_at(raw, 3),
            a: bytes::u16_at(raw, 4),
            b: bytes::u16_at(raw, 6),
            c: bytes::u32_at(raw, 8),
            prev: bytes::u16_at(raw, 12),
            spill: bytes::u16_at(raw, 14),
        }
    }
}

/// `ops` of an ir record, for writers whose instructions do not already lie that way in memory.
pub fn encode_ops(ops: &[Ins]) -> Vec<u8> {
    ops.iter().flat_map(|ins| ins.encode()).collect()
}

pub fn parse_ops(raw: &[u8]) -> Vec<Ins> {
    raw.chunks_exact(16).map(Ins::decode).collect()
}

/// `consts` of an ir record and `notes` of a bytecode record. A text over 65535 bytes is cut at a character.
pub fn encode_texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut out = Vec::new();
    for text in texts {
        let text = text.as_ref();
        let text = &text[..text.floor_char_boundary(usize::from(u16::MAX))];
        out.extend_from_slice(&(text.len() as u16).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    out
}

pub fn parse_texts(mut raw: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    while let Some((length, rest)) = raw.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (text, rest) = rest.split_at(length);
        out.push(String::from_utf8_lossy(text).into_owned());
        raw = rest;
    }
    out
}

/// `locs` of an ir record.
pub fn encode_locs(locs: &[LocId]) -> Vec<u8> {
    locs.iter().flat_map(|loc| loc.0.to_le_bytes()).collect()
}

pub fn parse_locs(raw: &[u8]) -> Vec<LocId> {
    raw.chunks_exact(4).map(|word| LocId(bytes::u32_at(word, 0))).collect()
}

/// `snaps` of an ir record.
pub fn encode_snapshots(snapshots: &[Snapshot]) -> Vec<u8> {
    let mut out = (snapshots.len() as u32).to_le_bytes().to_vec();
    for snapshot in snapshots {
        for part in [snapshot.first_ins, snapshot.frames.len() as u16, snapshot.slots.len() as u16, 0] {
            out.extend_from_slice(&part.to_le_bytes());
        }
        out.extend(encode_locs(&snapshot.frames));
        for (slot, reference) in &snapshot.slots {
            out.extend_from_slice(&slot.to_le_bytes());
            out.extend_from_slice(&reference.to_le_bytes());
        }
    }
    out
}

pub fn parse_snapshots(raw: &[u8]) -> Vec<Snapshot> {
    let mut out = Vec::new();
    let mut at = 4;
    for _ in 0..bytes::u32_at(raw, 0) {
        if at + 8 > raw.len() {
            break;
        }
        let frames_end = at + 8 + usize::from(bytes::u16_at(raw, at + 2)) * 4;
        let slots_end = frames_end + usize::from(bytes::u16_at(raw, at + 4)) * 4;
        let frames = raw.get(at + 8..frames_end).unwrap_or_default();
        let slots = raw.get(frames_end..slots_end).unwrap_or_default();
        out.push(Snapshot {
            first_ins: bytes::u16_at(raw, at),
            frames: parse_locs(frames),
            slots: slots.chunks_exact(4).map(|pair| (bytes::u16_at(pair, 0), bytes::u16_at(pair, 2))).collect(),
        });
        at = slots_end;
    }
    out
}

/// `bytes` of a bytecode record.
pub fn encode_bytecode(instructions: &[BytecodeIns]) -> Vec<u8> {
    let mut out = Vec::with_capacity(instructions.len() * 16);
    for ins in instructions {
        out.extend_from_slice(&ins.word.to_le_bytes());
        out.extend_from_slice(&ins.loc_id.0.to_le_bytes());
        out.extend_from_slice(&ins.depth.to_le_bytes());
    }
    out
}

pub fn parse_bytecode(raw: &[u8]) -> Vec<BytecodeIns> {
    let decode = |raw: &[u8]| BytecodeIns {
        word: bytes::u64_at(raw, 0),
        loc_id: LocId(bytes::u32_at(raw, 8)),
        depth: bytes::u32_at(raw, 12),
    };
    raw.chunks_exact(16).map(decode).collect()
}

/// `entries` of a code_map record.
pub fn encode_code_map(entries: &[CodeMapEntry]) -> Vec<u8> {
    let words = entries.iter().flat_map(|entry| [entry.code_off, entry.ir_op_id.0, entry.loc_id.0]);
    words.flat_map(u32::to_le_bytes).collect()
}

pub fn parse_code_map(raw: &[u8]) -> Vec<CodeMapEntry> {
    let decode = |raw: &[u8]| CodeMapEntry {
        code_off: bytes::u32_at(raw, 0),
        ir_op_id: IrOpId(bytes::u32_at(raw, 4)),
        loc_id: LocId(bytes::u32_at(raw, 8)),
    };
    raw.chunks_exact(12).map(decode).collect()
}

/// `entries` of a counter_delta record.
pub fn encode_deltas(deltas: &[Delta]) -> Vec<u8> {
    deltas.iter().flat_map(|entry| [entry.counter_id.0, entry.delta]).flat_map(u32::to_le_bytes).collect()
}

pub fn parse_deltas(raw: &[u8]) -> impl Iterator<Item = Delta> + '_ {
    raw.chunks_exact(8)
        .map(|pair| Delta { counter_id: CounterId(bytes::u32_at(pair, 0)), delta: bytes::u32_at(pair, 4) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_round_trip() {
        let ops = [Ins { op: 1, ty: 2, flags: 3, reg: 4, a: 5, b: 0x8001, c: 7, prev: 8, spill: 9 }, Ins::default()];
        assert_eq!(parse_ops(&encode_ops(&ops)), ops);
        let texts = ["", "x", "naïve"];
        assert_eq!(parse_texts(&encode_texts(texts)), texts);
        let snapshots = [
            Snapshot { first_ins: 3, frames: vec![LocId(1), LocId(9)], slots: vec![(0, 5), (2, 0x8000)] },
            Snapshot::default(),
        ];
        assert_eq!(parse_snapshots(&encode_snapshots(&snapshots)), snapshots);
        let bytecode = [BytecodeIns { word: u64::MAX, loc_id: LocId(4), depth: 1 }];
        assert_eq!(parse_bytecode(&encode_bytecode(&bytecode)), bytecode);
        let map = [CodeMapEntry { code_off: 1, ir_op_id: IrOpId(2), loc_id: LocId(3) }];
        assert_eq!(parse_code_map(&encode_code_map(&map)), map);
    }

    #[test]
    fn a_payload_that_ends_early_gives_what_was_there() {
        let whole =
            encode_snapshots(&vec![Snapshot { first_ins: 1, frames: vec![LocId(7)], slots: vec![(1, 2); 3] }; 4]);
        for cut in 0..whole.len() {
            assert!(parse_snapshots(&whole[..cut]).len() <= 4);
        }
        assert_eq!(parse_texts(&[200, 0, b'a']), ["a"]);
    }
}
