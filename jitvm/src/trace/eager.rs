//! Places that come to more than one thing: which exits get side traces early, and where there are so many shapes or
//! functions that the trace is not specialised for one.
//!
//! The interpreter has seen the place before it was compiled. A conditional jump that has gone both ways will do so again,
//! and an attribute, method or call that has come to a few shapes or functions is going to come to the others: what the
//! trace was recorded with is one of some, and the rest would only be interpreted longer. So their exits need fewer failures
//! (`side-eager`).
//!
//! Each side trace at such a place checks for one more. After some (`shapes`), or a few where the interpreter has seen
//! very many, the next one does the same for whatever comes: it looks the attribute up, or calls the function, by a helper.

use super::recorder::{Parent, Recorder};
use crate::bytecode::Op;
use crate::interp::helpers;
use crate::interp::words::{callees, rarer_way};
use crate::ir::{Body, Op as IrOp, Origin, Ref, Ty};
use crate::runtime::attributes;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Vm};

/// How often of seven times a jump has gone the way that it goes less often: each failure of the guard is as likely to be
/// the first of a path that is rare, and what a side trace goes through is what comes then.
const RARER: u32 = 2;
/// As many shapes or functions get eager side traces each.
const MOST_EAGER: u32 = 4;
/// The interpreter has seen more than can be told apart.
const VERY_MANY: u32 = 32;

/// How many shapes or functions the interpreter has seen an instruction come to, or more.
fn seen(code: &Code, pc: usize) -> u32 {
    match code.proto.instructions[pc].op {
        // SAFETY: it is one of the instructions that have a cache.
        Op::GetAttr | Op::SetAttr | Op::LoadMethod => unsafe { code.caches.at(pc) }.shapes(),
        Op::Call | Op::CallMethod => callees(code.words[pc]),
        _ => 0,
    }
}

/// Whether the guard at this index is one that the interpreter has seen go otherwise. `chosen` are the jumps both of whose
/// ways the trace does: no way of theirs leads through a guard.
pub(super) fn is_eager(vm: &Vm, body: &Body, chosen: &[Origin], guard: u16) -> bool {
    let Some(&Origin { code, pc }) = body.origins.get(usize::from(guard)) else { return false };
    let (id, code, pc) = (code, &vm.codes[code.index()], pc as usize);
    let instructions = &code.proto.instructions;
    let Some(ins) = instructions.get(pc) else { return false };
    let jumps = |at: usize| instructions.get(at).is_some_and(|ins| matches!(ins.op, Op::JumpIfTrue | Op::JumpIfFalse));
    let is_chosen = |at: usize| chosen.contains(&Origin { code: id, pc: at as u32 });
    let goes_both_ways = |at: usize| rarer_way(code.words[at]) >= RARER && !is_chosen(at);
    if jumps(pc) {
        // Of None or an object, its type decides.
        return goes_both_ways(pc);
    }
    if jumps(pc + 1) && instructions[pc + 1].a == ins.a && goes_both_ways(pc + 1) {
        return !matches!(body.ins[usize::from(guard)].op, IrOp::G_Int | IrOp::G_Flt | IrOp::G_Shape);
    }
    (2..=MOST_EAGER).contains(&seen(code, pc))
}

/// Whether a side trace at this exit is to serve any shape or function that its place comes to.
pub(super) fn is_for_any(vm: &Vm, parent: Parent) -> bool {
    let (jit, params) = (&vm.jit, &vm.jit.params);
    let Some(place) = jit.trace(parent.trace).place(parent.exit) else { return false };
    let seen = seen(&vm.codes[place.code.index()], place.pc as usize);
    let most = if seen > VERY_MANY { params.most_shapes.min(u64::from(MOST_EAGER)) } else { params.most_shapes };
    // The root trace has one, and each before this one.
    seen > 0 && jit.chained_to(parent) + 1 >= most
}

impl Recorder {
    /// Whether the attribute or method being recorded is looked up in whatever comes.
    pub(super) fn is_generic(&self, object: Ref) -> bool {
        self.for_any
            && self.bytecodes.len() == 1
            && !object.is_constant()
            && self.body.ins[object.index()].op != IrOp::New
    }

    /// Whether whatever function comes is called by a helper. Such a call shows the function no inlined frames.
    pub(super) fn calls_any(&self, callee: Ref) -> bool {
        self.frames.len() == 1 && (self.is_generic(callee) || self.any_method == Some(callee))
    }

    /// The method that an object's class has, whichever class that is; nothing if it is not simply found in the one now.
    pub(super) fn method_of_any(&mut self, vm: &mut Vm, receiver: Ref, object: Value, name: Value) -> Option<Ref> {
        let is_found = self.frames.len() == 1 && attributes::plain_method(vm, object, name).is_some();
        if !is_found {
            return None;
        }
        let (name, none) = (self.constant(vm, name), self.constant(vm, Value::UNDEF));
        let method = self.call(helpers::PLAIN_METHOD, &[receiver, name]);
        self.guard(IrOp::G_Ne, Ty::Nil, method, none, 0);
        self.any_method = Some(method);
        Some(method)
    }
}
