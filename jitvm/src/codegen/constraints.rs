//! What operations ask of the register allocator beyond operands and a result in registers.

use super::registers::{Register, RegisterSet};
use crate::ir::{Body, Const, Ins, Op, Ref};

/// k of a constant operand 2^k, k >= 0.
pub(super) fn power_of_two(body: &Body, operand: Ref) -> Option<u32> {
    if !operand.is_constant() {
        return None;
    }
    match body.constants[operand.constant_index()] {
        Const::Int(i) if i > 0 && i & (i - 1) == 0 => Some(i.trailing_zeros()),
        _ => None,
    }
}

/// Registers the operation's code uses besides its operands, result and the scratch registers: nothing that lives on
/// may be there.
pub(super) fn clobbers(body: &Body, ins: Ins) -> RegisterSet {
    match ins.op {
        Op::Div | Op::Mod if power_of_two(body, ins.b).is_none() => Register::RAX.set().or(Register::RDX.set()),
        Op::Shr | Op::ShlOv if !ins.b.is_constant() => Register::RCX.set(),
        Op::SelF => Register::RAX.set(),
        _ => RegisterSet::EMPTY,
    }
}

/// Where the operation's code has the result for free, if that is not wherever operand `a` is.
pub(super) fn result(body: &Body, ins: Ins) -> Register {
    match ins.op {
        Op::Div if power_of_two(body, ins.b).is_none() => Register::RAX,
        Op::Mod if power_of_two(body, ins.b).is_none() => Register::RDX,
        Op::CallH | Op::CallF => Register::RAX,
        _ => Register::NONE,
    }
}

/// Guards whose result may replace operand `a` although the exit needs it: the stub undoes the operation.
pub(super) const fn undoes(op: Op) -> bool {
    matches!(op, Op::AddOv | Op::SubOv)
}

/// Guards whose result is operand `a` itself, the same bits.
pub(super) const fn passes_on(op: Op) -> bool {
    matches!(op, Op::G_Int | Op::G_Shape)
}

/// Operations whose code is best when the result is in operand `a`'s register.
pub(super) const fn two_operand(op: Op) -> bool {
    matches!(
        op,
        Op::G_Int
            | Op::G_Shape
            | Op::AddOv
            | Op::SubOv
            | Op::Add
            | Op::Sub
            | Op::Div
            | Op::Mod
            | Op::And
            | Op::Or
            | Op::Xor
            | Op::Shr
            | Op::Min
            | Op::Max
            | Op::Sel
            | Op::AddF
            | Op::SubF
            | Op::MulF
            | Op::DivF
            | Op::NegF
            | Op::AbsF
    )
}

/// Operations that read what their snapshot lists.
pub(super) const fn leaves(op: Op) -> bool {
    op.is_guard() || matches!(op, Op::Close)
}
