//! The pass `watch`: guards that a global or class still is what it was become watches, for which machine code does
//! nothing.
//!
//! A recorded `G_EQ` of a `CELL_LOAD` with a constant is such a guard. It runs late, since until then the passes follow
//! what cells hold as they follow all memory; what is left are the guards of which nothing is known, mostly behind calls.
//! `trace::watch` has the other half of the story.

use super::{PassAbort, Unit};
use crate::ir::{Const, Ins, Op, Ref, Ty};

pub(super) fn watch(unit: &mut Unit<'_>) -> Result<bool, PassAbort> {
    let body = &mut unit.body;
    let word = |r: Ref| match body.constants.get(r.constant_index()) {
        Some(Const::Flt(_)) | None => None,
        Some(constant) => Some(constant.word()),
    };
    // What a trace stores to itself is not worth watching.
    let is_stored = |cell: Ref| body.ins.iter().any(|ins| ins.op == Op::CellStore && ins.a == cell);
    let watched = |ins: &Ins| {
        let is_guard = ins.op == Op::G_Eq && ins.b.is_constant() && !ins.a.is_constant();
        let load = is_guard.then(|| body.ins[ins.a.index()]).filter(|load| load.op == Op::CellLoad)?;
        let (cell, value) = (load.a.is_constant().then(|| word(load.a))??, word(ins.b)?);
        (!is_stored(load.a) && (unit.may_watch)(cell, value)).then_some(load.a)
    };
    let cells: Vec<Option<Ref>> = body.ins.iter().map(watched).collect();
    for (ins, cell) in body.ins.iter_mut().zip(&cells) {
        if let Some(cell) = *cell {
            *ins = Ins { flags: ins.flags, ..Ins::new(Op::G_Watch, Ty::Nil, cell, ins.b, 0) };
        }
    }
    Ok(cells.iter().any(Option::is_some))
}
