//! The IR of one stage as text, compared with the stage before it.
//!
//! Passes never renumber, so comparing two stages needs no alignment: instruction n before is instruction n after.

use std::collections::BTreeMap;

use jitlog::ir_flags;
use serde::Serialize;

use super::GuardNote;
use super::decisions::DecisionNote;
use super::findings::interpreter_only;
use crate::model::{Ins, IrStage, LocId, OpFlags, OpIx, Operand, Place, Program, Ref, Snap, StageIx, Words};

/// How an instruction differs from the stage before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    Same,
    Added,
    Removed,
    Changed,
}

impl Mark {
    pub fn sign(self) -> &'static str {
        match self {
            Mark::Same => " ",
            Mark::Added => "+",
            Mark::Removed => "-",
            Mark::Changed => "~",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IrLine {
    pub id: OpIx,
    pub mark: Mark,
    pub op: String,
    pub r#type: String,
    pub operands: Vec<String>,
    /// The instruction in the stage before, if it differs.
    pub was: Option<String>,
    pub is_guard: bool,
    pub guard: Option<GuardNote>,
    /// What this pass decided about it.
    #[serde(skip)]
    pub decision: Option<DecisionNote>,
    pub snapshot: Option<SnapNote>,
    /// The line that separates what runs once from the body of the loop.
    pub is_loop_head: bool,
    #[serde(flatten)]
    pub place: Place,
    #[serde(skip)]
    pub loc: LocId,
}

impl IrLine {
    /// `ADD %3, 1`
    pub fn text(&self) -> String {
        join(&self.op, &self.operands)
    }
}

/// The frames and slots a failing guard rebuilds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SnapNote {
    pub frames: Vec<Place>,
    pub slots: Vec<(u16, String)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IrListing {
    pub removed: u64,
    pub added: u64,
    pub changed: u64,
    pub lines: Vec<IrLine>,
}

/// What the listing of a stage needs besides the stage.
pub struct Context<'m> {
    pub program: &'m Program,
    pub words: &'m Words,
    /// Guards of the trace by the instruction they belong to.
    pub guards: &'m BTreeMap<OpIx, GuardNote>,
    /// Of the trace, by the pass and the instruction.
    pub decisions: &'m BTreeMap<(StageIx, u32), DecisionNote>,
}

pub fn listing(cx: &Context<'_>, stage: &IrStage, before: Option<&IrStage>) -> IrListing {
    let mut out = IrListing::default();
    let len = stage.ins.len().max(before.map_or(0, |b| b.ins.len()));
    for i in 0..len {
        let id = OpIx(i as u32);
        let now = stage.ins.get(i).filter(|ins| !ins.is_nop());
        let was = before.and_then(|b| b.ins.get(i).filter(|ins| !ins.is_nop()).map(|ins| (b, ins)));
        let line = match (now, was) {
            (None, None) => continue,
            (Some(ins), _) if before.is_none() => cx.line(stage, id, ins, Mark::Same),
            (Some(ins), None) => cx.line(stage, id, ins, Mark::Added),
            (None, Some((b, ins))) => cx.line(b, id, ins, Mark::Removed),
            (Some(ins), Some((b, old))) => {
                let mut line = cx.line(stage, id, ins, Mark::Same);
                let old = cx.line(b, id, old, Mark::Same);
                if (&line.op, &line.r#type, &line.operands) != (&old.op, &old.r#type, &old.operands) {
                    line.mark = Mark::Changed;
                    line.was = Some(old.text());
                }
                line
            }
        };
        let decision = cx.decisions.get(&(stage.stage, i as u32)).filter(|_| stage.stage != StageIx(0));
        let line = IrLine { decision: decision.cloned(), ..line };
        match line.mark {
            Mark::Same => {}
            Mark::Added => out.added += 1,
            Mark::Removed => out.removed += 1,
            Mark::Changed => out.changed += 1,
        }
        out.lines.push(line);
    }
    out
}

impl Context<'_> {
    fn line(&self, stage: &IrStage, id: OpIx, ins: &Ins, mark: Mark) -> IrLine {
        let def = self.words.ir_ops.get(&ins.op.into());
        let op = def.map_or_else(|| format!("op#{}", ins.op), |d| d.name.clone());
        let flags = def.map_or(OpFlags::default(), |d| d.flags);
        let is_guard = flags.has(ir_flags::GUARD) || self.guards.contains_key(&id);
        IrLine {
            id,
            mark,
            is_loop_head: op.eq_ignore_ascii_case("loop"),
            r#type: self.words.ir_types.get(&ins.ty).cloned().unwrap_or_else(|| format!("t{}", ins.ty)),
            operands: match self.guards.get(&id).filter(|_| op == interpreter_only::KIND) {
                Some(guard) => vec![interpreter_only::reason(&guard.expected).to_owned()],
                None => operands(stage, ins, flags, &op),
            },
            op,
            was: None,
            is_guard,
            guard: self.guards.get(&id).cloned(),
            decision: None,
            snapshot: is_guard.then(|| stage.snap_of(id)).flatten().map(|s| self.snap(stage, s)),
            place: self.program.place(ins.loc),
            loc: ins.loc,
        }
    }

    fn snap(&self, stage: &IrStage, snap: &Snap) -> SnapNote {
        SnapNote {
            frames: snap.frames.iter().map(|&loc| self.program.place(loc)).collect(),
            slots: snap.slots.iter().map(|&(slot, r)| (slot, reference(stage, r))).collect(),
        }
    }
}

fn operands(stage: &IrStage, ins: &Ins, flags: OpFlags, op: &str) -> Vec<String> {
    let mut list = Vec::new();
    for (r, is_ref, is_imm) in
        [(ins.a, ir_flags::A_IS_REF, ir_flags::A_IS_IMMEDIATE), (ins.b, ir_flags::B_IS_REF, ir_flags::B_IS_IMMEDIATE)]
    {
        if flags.has(is_ref) {
            list.push(reference(stage, r));
        } else if flags.has(is_imm) {
            list.push(format!("#{}", r.0));
        }
    }
    if flags.has(ir_flags::C_IS_REF) {
        // The third operand has room for more than a reference; only the low half is one.
        list.push(reference(stage, Ref(ins.c as u16)));
    } else if flags.has(ir_flags::C_IS_IMMEDIATE) {
        match ins.c >> 16 {
            // The rest of an activation: the upper half counts the loops of the code from 1 on.
            from @ 1.. if op.eq_ignore_ascii_case("callf") => {
                list.push(format!("#{}", ins.c & 0xffff));
                list.push(format!("from loop {from}"));
            }
            _ => list.push(format!("#{}", ins.c)),
        }
    }
    list
}

/// The reference that names nothing.
const NONE: u32 = 0x7fff;

/// A reference in words: `%12`, a constant, or the bare number in brackets if it points nowhere.
fn reference(stage: &IrStage, r: Ref) -> String {
    match r.operand() {
        Operand::Op(id) if (id.0 as usize) < stage.ins.len() => format!("%{id}"),
        // So jitvm writes an operand that is missing, as the rest of a list of arguments.
        Operand::Op(OpIx(NONE)) => "-".into(),
        Operand::Op(id) => format!("[%{id}?]"),
        Operand::Const(k) => stage.consts.get(k).cloned().unwrap_or_else(|| format!("[k{k}?]")),
    }
}

fn join(op: &str, operands: &[String]) -> String {
    if operands.is_empty() { op.to_string() } else { format!("{op} {}", operands.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OpDef;

    fn words() -> Words {
        let mut words = Words::default();
        let def = |name: &str, flags| OpDef { name: name.into(), flags: OpFlags(flags) };
        words.ir_ops.insert(1, def("SLOAD", ir_flags::A_IS_IMMEDIATE));
        words.ir_ops.insert(2, def("ADD", ir_flags::A_IS_REF | ir_flags::B_IS_REF));
        words.ir_ops.insert(3, def("G_INT", ir_flags::A_IS_REF | ir_flags::GUARD));
        words.ir_types.insert(1, "int".into());
        words
    }

    fn ins(op: u8, a: u16, b: u16) -> Ins {
        Ins { op, ty: 1, a: Ref(a), b: Ref(b), ..Ins::default() }
    }

    fn show(stage: &IrStage, before: Option<&IrStage>) -> Vec<String> {
        let (program, words, guards) = (Program::default(), words(), BTreeMap::new());
        let cx = Context { program: &program, words: &words, guards: &guards, decisions: &BTreeMap::new() };
        let listing = listing(&cx, stage, before);
        listing.lines.iter().map(|l| format!("{}%{} {}", l.mark.sign(), l.id, l.text())).collect()
    }

    #[test]
    fn a_stage_is_compared_instruction_by_instruction() {
        let consts = vec!["1".to_string(), "2".to_string()];
        let before = IrStage {
            ins: vec![ins(1, 4, 0), ins(3, 0, 0), ins(2, 0, 0x8000)],
            consts: consts.clone(),
            ..IrStage::default()
        };
        let after = IrStage {
            ins: vec![ins(1, 4, 0), Ins::default(), ins(2, 0, 0x8001), ins(2, 2, 2)],
            consts,
            ..IrStage::default()
        };
        assert_eq!(show(&before, None), [" %0 SLOAD #4", " %1 G_INT %0", " %2 ADD %0, 1"]);
        assert_eq!(show(&after, Some(&before)), [" %0 SLOAD #4", "-%1 G_INT %0", "~%2 ADD %0, 2", "+%3 ADD %2, %2"]);
    }

    #[test]
    fn references_to_nowhere_are_shown_as_such() {
        let stage = IrStage { ins: vec![ins(2, 9, 0xffff), ins(77, 0, 0)], ..IrStage::default() };
        assert_eq!(show(&stage, None), [" %0 ADD [%9?], [k32767?]", " %1 op#77"]);
    }
}
