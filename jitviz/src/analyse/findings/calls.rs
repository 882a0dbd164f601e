//! What of compiled code's time was in functions of the VM that it called, other than for attributes: work that stays
//! whatever the shapes of objects are, since the same keys are looked up and the same texts made.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Body, LocId, Model, TraceId};

/// The instruction of jitvm's IR that calls a function of the VM.
const CALL: &str = "CALLH";
/// What names of bytecodes contain that look attributes up. Where shapes are many these call too, and that is what shapes
/// cost; calling the method that was found is work.
const LOOKS_UP: [&str; 2] = ["_ATTR", "LOAD_METHOD"];

/// If calls for attributes take so much of compiled code, shapes are more than its bridges can tell apart.
const MUCH: f64 = 0.1;

/// What a sample in compiled code was taken at.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    /// An instruction of its own.
    Code,
    /// A call that looks an attribute up.
    LookUp,
    /// Any other call.
    Work,
}

/// Samples at calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calls {
    /// Of work, by the trace and the place.
    work: BTreeMap<(TraceId, LocId), u64>,
    /// Of attributes.
    look_ups_ns: u64,
}

impl Calls {
    /// Of these traces.
    pub fn new(model: &Model, traces: &BTreeSet<TraceId>) -> Calls {
        let mut sampled: BTreeMap<TraceId, Vec<(LocId, u32, u64)>> = BTreeMap::new();
        for ((trace, loc, offset), ns) in &model.samples.by_offset {
            if traces.contains(trace) {
                sampled.entry(*trace).or_default().push((*loc, *offset, *ns));
            }
        }
        let mut calls = Calls::default();
        for (trace, samples) in sampled {
            let (body, _) = model.body(trace);
            for (loc, offset, ns) in samples {
                let sum = match at(model, &body, offset) {
                    At::Code => continue,
                    At::LookUp => &mut calls.look_ups_ns,
                    At::Work => calls.work.entry((trace, loc)).or_default(),
                };
                *sum = sum.saturating_add(ns);
            }
        }
        calls
    }

    /// Time of work called at a place of a trace.
    pub fn ns(&self, trace: TraceId, loc: LocId) -> u64 {
        self.work.get(&(trace, loc)).copied().unwrap_or(0)
    }

    /// True if attributes are looked up for much of this time.
    pub fn look_up(&self, compiled_ns: u64) -> bool {
        self.look_ups_ns as f64 > compiled_ns as f64 * MUCH
    }

    #[cfg(test)]
    pub fn at(calls: &[(TraceId, LocId, u64)]) -> Calls {
        let work = calls.iter().map(|(trace, loc, ns)| ((*trace, *loc), *ns)).collect();
        Calls { work, look_ups_ns: 0 }
    }
}

/// What the machine code at an offset is of. What a call returns to belongs to the next instruction, but the log has the
/// place of the call itself.
fn at(model: &Model, body: &Body, offset: u32) -> At {
    let (Some(code), Some(last)) = (&body.code, body.stages.last()) else { return At::Code };
    let after = code.map.partition_point(|mark| mark.offset <= offset);
    let ins = after.checked_sub(1).and_then(|at| last.ins.get(code.map[at].op.0 as usize));
    let is_call = |op: u8| model.words.ir_ops.get(&u16::from(op)).is_some_and(|def| def.name == CALL);
    let Some(ins) = ins.filter(|ins| is_call(ins.op)) else { return At::Code };
    let bytecode = body.bytecode.iter().flatten().find(|op| op.loc == ins.loc);
    let looks_up = |text: &str| {
        // The position may stand before the operation.
        let mut words = text.split_whitespace().take(2);
        words.any(|word| LOOKS_UP.iter().any(|name| word.contains(name)))
    };
    if bytecode.is_some_and(|op| looks_up(&op.text)) { At::LookUp } else { At::Work }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BytecodeOp, Code, CodeMark, Ins, IrStage, OpDef, OpFlags, OpIx};

    fn body() -> (Model, Body) {
        let mut model = Model::default();
        let op = |name: &str| OpDef { name: name.into(), flags: OpFlags(0) };
        model.words.ir_ops.extend([(1, op(CALL)), (2, op("ADD"))]);
        let ins = |op: u8, loc: u32| Ins { op, loc: LocId(loc), ..Ins::default() };
        let mark = |offset, at| CodeMark { offset, op: OpIx(at), loc: LocId(0) };
        let text = |loc, text: &str| BytecodeOp { word: 0, loc: LocId(loc), depth: 0, text: text.into() };
        let body = Body {
            bytecode: Some(vec![text(1, "0040 GET_ATTR r16, r6, name"), text(2, "0041 IN r15, r16, r2")]),
            stages: vec![IrStage { ins: vec![ins(1, 1), ins(1, 2), ins(2, 2)], ..IrStage::default() }],
            code: Some(Code { map: vec![mark(16, 0), mark(32, 1), mark(48, 2)], ..code() }),
        };
        (model, body)
    }

    fn code() -> Code {
        Code { addr: 0, arch: jitlog::Arch::X86_64, bytes: Vec::new(), map: Vec::new() }
    }

    #[test]
    fn calls_for_attributes_are_no_work() {
        let (model, body) = body();
        let found = [0, 16, 31, 32, 47, 48, 500].map(|offset| at(&model, &body, offset));
        assert_eq!(found, [At::Code, At::LookUp, At::LookUp, At::Work, At::Work, At::Code, At::Code]);
        assert_eq!(at(&model, &Body::default(), 32), At::Code);
        let method = |name: &str| {
            let mut body = body.clone();
            body.bytecode.iter_mut().flatten().for_each(|op| op.text = format!("0041 {name} r15, r16"));
            at(&model, &body, 32)
        };
        assert_eq!([method("LOAD_METHOD"), method("CALL_METHOD")], [At::LookUp, At::Work]);
    }

    #[test]
    fn attributes_are_looked_up_where_that_takes_much() {
        let calls = Calls { look_ups_ns: 20, ..Calls::at(&[(TraceId(2), LocId(9), 7)]) };
        assert!(calls.look_up(100) && !calls.look_up(200));
        assert_eq!((calls.ns(TraceId(2), LocId(9)), calls.ns(TraceId(2), LocId(1))), (7, 0));
    }
}
