//! The inside of one trace: bytecode as recorded, the IR at each stage, and the machine code with its map.

use jitlog::format::payload::{self, CONSTANT_REF};

use super::ids::{LocId, OpIx, StageIx, TraceId};
use super::problem::{Problem, Problems};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    pub bytecode: Option<Vec<BytecodeOp>>,
    /// Ordered by stage: as recorded, then after each pass that changed something.
    pub stages: Vec<IrStage>,
    pub code: Option<Code>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BytecodeOp {
    pub word: u64,
    pub loc: LocId,
    /// How many calls deep the recorder had inlined.
    pub depth: u32,
    /// The disassembled line, written by the VM.
    pub text: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct IrStage {
    pub stage: StageIx,
    pub ins: Vec<Ins>,
    /// Constants in the VM's own words.
    pub consts: Vec<String>,
    pub snaps: Vec<Snap>,
}

impl IrStage {
    /// The snapshot a guard at this index restores: the last one taken at or before it.
    pub fn snap_of(&self, op: OpIx) -> Option<&Snap> {
        self.snaps.iter().rev().find(|s| s.first <= op)
    }
}

/// One instruction of the VM's IR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ins {
    pub op: u8,
    pub ty: u8,
    pub a: Ref,
    pub b: Ref,
    pub c: u32,
    pub loc: LocId,
}

impl Ins {
    /// Op 0 marks a place where an instruction was removed.
    pub fn is_nop(&self) -> bool {
        self.op == 0
    }
}

/// An operand: an instruction, or from 0x8000 on a constant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ref(pub u16);

pub enum Operand {
    Op(OpIx),
    Const(usize),
}

impl Ref {
    pub fn operand(self) -> Operand {
        if self.0 < CONSTANT_REF {
            Operand::Op(OpIx(self.0.into()))
        } else {
            Operand::Const(usize::from(self.0 - CONSTANT_REF))
        }
    }
}

/// How to rebuild the interpreter's frames when a guard fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snap {
    pub first: OpIx,
    /// Outermost first.
    pub frames: Vec<LocId>,
    pub slots: Vec<(u16, Ref)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    pub addr: u64,
    pub arch: jitlog::Arch,
    pub bytes: Vec<u8>,
    /// Ordered by offset: from here on the bytes belong to this instruction and place.
    pub map: Vec<CodeMark>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeMark {
    pub offset: u32,
    pub op: OpIx,
    pub loc: LocId,
}

/// An operation of a VM's instruction set, as its log defines it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpDef {
    pub name: String,
    pub flags: OpFlags,
}

/// What an operation's operands are and what it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpFlags(pub u32);

impl OpFlags {
    /// Tests a bit of [`jitlog::ir_flags`].
    pub fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }
}

/// Puts a body together from the bulk records of one trace, in any order.
#[derive(Debug, Default)]
pub struct BodyBuilder {
    body: Body,
    problems: Problems,
    map: Vec<CodeMark>,
}

impl BodyBuilder {
    pub fn bytecode(&mut self, record: &jitlog::Bytecode<'_>) {
        let trace = TraceId(record.trace_id.0);
        if record.format != payload::FORMAT_1 {
            return self.problems.malformed(trace, "bytecode format", unknown_format("bytecode", record.format));
        }
        let ops = payload::parse_bytecode(record.bytes);
        if ops.len() != record.n as usize {
            let what = format!("its bytecode holds {} of {} instructions", ops.len(), record.n);
            self.problems.malformed(trace, "bytecode length", what);
        }
        let mut notes = payload::parse_texts(record.notes).into_iter();
        let ops = ops.into_iter().map(|op| BytecodeOp {
            word: op.word,
            loc: LocId(op.loc_id.0),
            depth: op.depth,
            text: notes.next().unwrap_or_default(),
        });
        self.body.bytecode = Some(ops.collect());
    }

    pub fn ir(&mut self, record: &jitlog::Ir<'_>) {
        let trace = TraceId(record.trace_id.0);
        if record.format != payload::FORMAT_1 {
            return self.problems.malformed(trace, "IR format", unknown_format("IR", record.format));
        }
        let ops = payload::parse_ops(record.ops);
        if ops.len() != record.n_ops as usize {
            let what =
                format!("its IR at stage {} holds {} of {} instructions", record.pass_index, ops.len(), record.n_ops);
            self.problems.malformed(trace, "IR length", what);
        }
        let locs = payload::parse_locs(record.locs);
        let ins = ops.iter().enumerate().map(|(i, op)| Ins {
            op: op.op,
            ty: op.ty,
            a: Ref(op.a),
            b: Ref(op.b),
            c: op.c,
            loc: locs.get(i).map_or(LocId(0), |l| LocId(l.0)),
        });
        let snaps = payload::parse_snapshots(record.snaps).into_iter().map(|s| Snap {
            first: OpIx(s.first_ins.into()),
            frames: s.frames.iter().map(|l| LocId(l.0)).collect(),
            slots: s.slots.iter().map(|&(slot, r)| (slot, Ref(r))).collect(),
        });
        let stage = IrStage {
            stage: StageIx(record.pass_index),
            ins: ins.collect(),
            consts: payload::parse_texts(record.consts),
            snaps: snaps.collect(),
        };
        match self.body.stages.binary_search_by_key(&stage.stage, |s| s.stage) {
            Ok(at) => self.body.stages[at] = stage,
            Err(at) => self.body.stages.insert(at, stage),
        }
    }

    pub fn code(&mut self, record: &jitlog::Code<'_>) {
        let code = Code { addr: record.addr.0, arch: record.arch, bytes: record.bytes.to_vec(), map: Vec::new() };
        self.body.code = Some(code);
    }

    pub fn code_map(&mut self, record: &jitlog::CodeMap<'_>) {
        let marks = payload::parse_code_map(record.entries).into_iter().map(|entry| CodeMark {
            offset: entry.code_off,
            op: OpIx(entry.ir_op_id.0),
            loc: LocId(entry.loc_id.0),
        });
        self.map.extend(marks);
    }

    pub fn finish(mut self) -> (Body, Vec<Problem>) {
        if let Some(code) = &mut self.body.code {
            self.map.sort_by_key(|m| m.offset);
            code.map = self.map;
        }
        (self.body, self.problems.into_vec())
    }
}

fn unknown_format(what: &str, format: u8) -> String {
    format!("its {what} is in format {format}, which this version of jitviz cannot read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_restores_the_last_snapshot_before_it() {
        let snap = |first| Snap { first: OpIx(first), ..Snap::default() };
        let stage = IrStage { snaps: vec![snap(0), snap(4), snap(9)], ..IrStage::default() };
        assert_eq!(stage.snap_of(OpIx(4)).map(|s| s.first), Some(OpIx(4)));
        assert_eq!(stage.snap_of(OpIx(8)).map(|s| s.first), Some(OpIx(4)));
        assert_eq!(IrStage::default().snap_of(OpIx(1)), None);
    }
}
