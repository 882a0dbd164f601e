//! The inside of one trace: bytecode as recorded, the IR at each stage, and the machine code with its map.

use super::ids::{GuardId, LocId, OpIx, StageIx};

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

/// One 16-byte instruction of the VM's IR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ins {
    pub op: u8,
    pub ty: u8,
    pub flags: u8,
    pub reg: u8,
    pub a: Ref,
    pub b: Ref,
    pub c: u32,
    pub spill: u16,
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
        if self.0 & 0x8000 == 0 { Operand::Op(OpIx(self.0.into())) } else { Operand::Const(usize::from(self.0 & 0x7fff)) }
    }
}

/// How to rebuild the interpreter's frames when a guard fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snap {
    pub first: OpIx,
    /// Innermost frame last.
    pub frames: Vec<LocId>,
    pub slots: Vec<(u16, Ref)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    pub addr: u64,
    pub arch: u8,
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
    pub const A_REF: u32 = 1;
    pub const B_REF: u32 = 2;
    pub const C_IMM: u32 = 4;
    pub const GUARD: u32 = 8;
    pub const EFFECT: u32 = 16;
    pub const A_IMM: u32 = 32;
    pub const B_IMM: u32 = 64;
    pub const C_REF: u32 = 128;

    pub fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }
}

/// Where a trace's guards sit, for marking lines.
pub type GuardAt = (OpIx, GuardId);

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
