//! The inside of one trace: bytecode as recorded, the IR at each stage, and the machine code with its map.

use jitlog::Reader;
use jitlog::format::payload::{self, CONSTANT_REF};

use super::ids::{LocId, OpIx, StageIx, TraceId};
use super::problem::{Problem, ProblemKind, Problems};

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
    /// The VM's marks on it; see [`Ins::is_sunk`].
    pub flags: u8,
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

    /// An allocation that was left to the exits that need the object.
    pub fn is_sunk(&self) -> bool {
        self.flags & SUNK != 0
    }
}

/// jitvm's mark of an object that is made at exits only.
const SUNK: u8 = 1;

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

/// Reads what the log has on a trace, and what was wrong with it.
pub fn read(reader: &Reader, id: TraceId) -> (Body, Vec<Problem>) {
    let trace = jitlog::TraceId(id.0);
    let mut problems = Problems::default();
    let known = reader.problems().len();
    let bytecode = reader.bytecode(trace).map(|dump| {
        let op = |(op, text): (payload::BytecodeIns, String)| BytecodeOp {
            word: op.word,
            loc: LocId(op.loc_id.0),
            depth: op.depth,
            text,
        };
        dump.instructions.into_iter().map(op).collect()
    });
    let mut stages = Vec::new();
    for dump in reader.ir_passes(trace).into_iter().filter_map(|pass| reader.ir(trace, pass)) {
        if dump.format != payload::FORMAT_1 {
            let (stage, format) = (dump.pass_index, dump.format);
            let what = format!("its IR at stage {stage} is in format {format}, which this version cannot read");
            problems.malformed(id, "IR format", what);
            continue;
        }
        if dump.locs.len() != dump.ops.len() {
            let what = format!("{} instructions of its IR have {} places", dump.ops.len(), dump.locs.len());
            problems.malformed(id, "IR places", what);
        }
        stages.push(stage(dump));
    }
    let code = reader.code(trace).map(|dump| {
        let marks = reader.code_map(trace).unwrap_or_default();
        let mark =
            |m: payload::CodeMapEntry| CodeMark { offset: m.code_off, op: OpIx(m.ir_op_id.0), loc: LocId(m.loc_id.0) };
        let mut map: Vec<CodeMark> = marks.into_iter().map(mark).collect();
        map.sort_by_key(|m| m.offset);
        Code { addr: dump.addr.0, arch: dump.arch, bytes: dump.bytes, map }
    });
    for damage in reader.problems().iter().skip(known) {
        problems.add(ProblemKind::Damage, "block", || damage.to_string());
    }
    (Body { bytecode, stages, code }, problems.into_vec())
}

fn stage(dump: jitlog::read::IrDump) -> IrStage {
    let ins = dump.ops.iter().enumerate().map(|(i, op)| Ins {
        op: op.op,
        ty: op.ty,
        flags: op.flags,
        a: Ref(op.a),
        b: Ref(op.b),
        c: op.c,
        loc: dump.locs.get(i).map_or(LocId(0), |l| LocId(l.0)),
    });
    let snap = |s: &payload::Snapshot| Snap {
        first: OpIx(s.first_ins.into()),
        frames: s.frames.iter().map(|l| LocId(l.0)).collect(),
        slots: s.slots.iter().map(|&(slot, r)| (slot, Ref(r))).collect(),
    };
    IrStage {
        stage: StageIx(dump.pass_index),
        ins: ins.collect(),
        snaps: dump.snapshots.iter().map(snap).collect(),
        consts: dump.constants,
    }
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
