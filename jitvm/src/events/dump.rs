//! The bytes that a trace's instructions, constants and snapshots are written as.

use jitlog::LocId;

use super::vocabulary::constant_text;
use crate::ir::{Body, Ins, Origin, Snapshot};
use crate::sizes;

/// Each trace is written after every pass that changed it, in memory that is used again.
#[derive(Default)]
pub(super) struct Dump {
    pub ops: Vec<u8>,
    pub locs: Vec<u8>,
    pub consts: Vec<u8>,
    pub snaps: Vec<u8>,
    number: String,
}

impl Dump {
    /// `loc` gives the log's name of a place.
    pub fn fill(&mut self, body: &Body, mut loc: impl FnMut(Origin) -> LocId) {
        self.ops.clear();
        self.ops.resize(body.ins.len() * 16, 0);
        for (out, ins) in self.ops.chunks_exact_mut(16).zip(&body.ins) {
            out.copy_from_slice(&encode(ins));
        }
        self.locs.clear();
        self.locs.resize(body.ins.len() * 4, 0);
        for (out, &origin) in self.locs.chunks_exact_mut(4).zip(&body.origins) {
            out.copy_from_slice(&loc(origin).0.to_le_bytes());
        }
        self.consts.clear();
        for constant in &body.constants {
            self.number.clear();
            text(&mut self.consts, constant_text(constant, &mut self.number));
        }
        self.snapshots(&body.snapshots, loc);
    }

    /// Pairs of 16-bit numbers: of each snapshot where it is, how many frames and how many slots it has, 0, its frames
    /// (of 32 bits), its slots with their values.
    fn snapshots(&mut self, snapshots: &[Snapshot], mut loc: impl FnMut(Origin) -> LocId) {
        let pairs = snapshots.iter().map(|snapshot| 2 + snapshot.frames.len() + snapshot.slots.len());
        self.snaps.clear();
        self.snaps.resize(4 + 4 * pairs.sum::<usize>(), 0);
        let mut room = self.snaps.chunks_exact_mut(4);
        let mut put = |word: u32| {
            if let Some(out) = room.next() {
                out.copy_from_slice(&word.to_le_bytes());
            }
        };
        let pair = |low: u16, high: u16| u32::from(low) | u32::from(high) << 16;
        put(snapshots.len() as u32);
        for snapshot in snapshots {
            put(pair(snapshot.at, snapshot.frames.len() as u16));
            put(pair(snapshot.slots.len() as u16, 0));
            for frame in &snapshot.frames {
                put(loc(Origin { code: frame.code, pc: frame.pc }).0);
            }
            for slot in &snapshot.slots {
                put(pair(slot.slot, slot.value.0));
            }
        }
    }

    /// Memory, about.
    pub fn table_bytes(&self) -> usize {
        [&self.ops, &self.locs, &self.consts, &self.snaps].into_iter().map(sizes::list).sum::<usize>()
            + sizes::text(&self.number)
    }
}

/// A text of a list: its length, then its bytes.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    let mut end = text.len().min(usize::from(u16::MAX));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    out.extend_from_slice(&(end as u16).to_le_bytes());
    out.extend_from_slice(&text.as_bytes()[..end]);
}

fn encode(ins: &Ins) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[0] = ins.op as u8;
    bytes[1] = ins.ty as u8;
    bytes[2] = ins.flags;
    bytes[3] = ins.register;
    bytes[4..6].copy_from_slice(&ins.a.0.to_le_bytes());
    bytes[6..8].copy_from_slice(&ins.b.0.to_le_bytes());
    bytes[8..12].copy_from_slice(&ins.c.to_le_bytes());
    bytes[12..14].copy_from_slice(&ins.previous.0.to_le_bytes());
    bytes[14..16].copy_from_slice(&ins.spill.to_le_bytes());
    bytes
}
