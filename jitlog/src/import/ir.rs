//! IR that other VMs print as text, as instructions of ours: operands that name an earlier result become references.

use std::collections::HashMap;

use crate::format::payload::{self, CONSTANT_REF, Ins, Snapshot};
use crate::import::sink::{LaneId, Sink};
use crate::ir_flags::{A_IS_REF, B_IS_REF, GUARD};
use crate::{Ir, LocId, TraceId};

/// Instructions of a stage that can be named.
const MOST: usize = CONSTANT_REF as usize;

/// One stage of one trace while it is read.
#[derive(Default)]
pub struct TextIr {
    ops: Vec<Ins>,
    locs: Vec<LocId>,
    consts: Vec<String>,
    const_index: HashMap<String, u16>,
    results: HashMap<String, u16>,
    snapshots: Vec<Snapshot>,
    /// Instructions beyond those that can be named.
    pub lost: u64,
}

impl TextIr {
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Adds an instruction; its index. Up to two operands are references or constants, more are one text.
    pub fn op(
        &mut self,
        out: &mut Sink,
        name: &str,
        result: Option<&str>,
        ty: &str,
        operands: &[&str],
        loc: LocId,
        is_guard: bool,
    ) -> u32 {
        if self.ops.len() >= MOST {
            self.lost += 1;
            return 0;
        }
        let (a, b) = match operands {
            [] => (None, None),
            [one] => (Some(self.operand(one)), None),
            [one, two] => (Some(self.operand(one)), Some(self.operand(two))),
            many => {
                let shown: Vec<String> = many.iter().map(|text| self.shown(text)).collect();
                (Some(self.constant(&shown.join(", "))), None)
            }
        };
        let flag = |present: bool, flag: u32| if present { flag } else { 0 };
        let flags = flag(a.is_some(), A_IS_REF) | flag(b.is_some(), B_IS_REF) | flag(is_guard, GUARD);
        let op = out.opcode(name, flags);
        let ty = out.ir_type(ty);
        let index = self.ops.len();
        self.ops.push(Ins { op, ty, a: a.unwrap_or(0), b: b.unwrap_or(0), ..Ins::default() });
        self.locs.push(loc);
        if let Some(result) = result {
            self.results.insert(result.to_string(), index as u16);
        }
        index as u32
    }

    fn operand(&mut self, text: &str) -> u16 {
        match self.results.get(text) {
            Some(index) => *index,
            None => self.constant(text),
        }
    }

    /// Operands of many in one text: `%12` as the listings name instructions.
    fn shown(&self, text: &str) -> String {
        match self.results.get(text) {
            Some(index) => format!("%{index}"),
            None => text.to_string(),
        }
    }

    fn constant(&mut self, text: &str) -> u16 {
        if let Some(index) = self.const_index.get(text) {
            return *index;
        }
        // The last constant stands for those that find no number.
        let index = self.consts.len().min(MOST - 1);
        let reference = CONSTANT_REF | index as u16;
        if self.consts.len() < MOST {
            self.consts.push(text.to_string());
            self.const_index.insert(text.to_string(), reference);
        }
        reference
    }

    pub fn write(&self, out: &mut Sink, lane: LaneId, t_ns: u64, trace_id: TraceId, pass_index: u16) {
        let record = Ir {
            trace_id,
            pass_index,
            format: payload::FORMAT_1,
            n_ops: self.ops.len() as u32,
            ops: &payload::encode_ops(&self.ops),
            consts: &payload::encode_texts(&self.consts),
            locs: &payload::encode_locs(&self.locs),
            snaps: &payload::encode_snapshots(&self.snapshots),
        };
        out.emit(lane, t_ns, &record);
    }
}
