//! Traces that are not entered any more, while the program goes on: their loops and functions are recorded anew.

use std::collections::HashSet;

use super::abort::RetireReason;
use super::function::{self, ENTRY};
use super::{TraceId, policy};
use crate::bytecode::Op;
use crate::ir::{Body, Op as IrOp};
use crate::runtime::object::ShapeId;
use crate::runtime::types::TypeId;
use crate::runtime::vm::Vm;

/// The loop or function of a root trace is to be recorded again when it is hot again.
pub(super) fn retire(vm: &mut Vm, id: TraceId, reason: RetireReason) {
    let trace = vm.jit.trace_mut(id);
    trace.retired = true;
    let (code, loop_index) = (trace.code, trace.loop_index);
    vm.jit.totals.retired += 1;
    if let Some(mut events) = vm.jit.events.take() {
        events.retire(vm, id, reason);
        vm.jit.events = Some(events);
    }
    let again = policy::threshold(vm, loop_index, 0);
    let state = policy::state(vm, code, loop_index);
    if state.trace != Some(id) {
        return;
    }
    state.trace = None;
    state.countdown.set(again);
    if loop_index == ENTRY {
        function::set_entry(vm, code, None);
    }
    policy::patch_header(vm, code, loop_index, Op::LoopHeader);
}

/// Retires what was made for instances of a class: those made from now on have other shapes. They are no versions that
/// failed, so they do not count as such.
#[cold]
pub fn made_for(vm: &mut Vm, class: TypeId) {
    let mentions = |body: &Body| {
        let shapes = body.ins.iter().filter(|ins| matches!(ins.op, IrOp::G_Shape | IrOp::New | IrOp::ShapeStore));
        let mut shapes = shapes.map(|ins| ShapeId(ins.c)).filter(|shape| shape.is_dynamic());
        shapes.any(|shape| vm.shapes.class(shape) == class)
    };
    let traces = vm.jit.traces.iter().filter(|trace| !trace.evicted && mentions(&trace.body));
    let roots: HashSet<TraceId> = traces.map(|trace| trace.root).collect();
    let mut roots: Vec<TraceId> = roots.into_iter().filter(|&id| !vm.jit.trace(id).retired).collect();
    roots.sort_unstable();
    for id in roots {
        let trace = vm.jit.trace(id);
        let (code, loop_index) = (trace.code, trace.loop_index);
        let state = policy::state(vm, code, loop_index);
        state.versions = state.versions.saturating_sub(1);
        retire(vm, id, RetireReason::ShapesOpened);
    }
}
