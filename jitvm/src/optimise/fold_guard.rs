//! Fold rules of guards: those that are known to pass go away.

use super::emit::Emitter;
use super::fold_rules::{Fold, Kind, are_different_kinds, gone_if, kind, use_int};
use crate::ir::{Const, Ins, Op, Ty};
use crate::runtime::object::Tuple;
use crate::runtime::value::Value;

pub(super) fn int_known(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    if emitter.ty(ins.a) == Ty::Int {
        return Some(Fold::Use(ins.a));
    }
    match emitter.constant(ins.a) {
        Some(Const::Val(value, _)) if value.is_int() => {
            let i = value.as_fixnum();
            use_int(emitter, i)
        }
        _ => None,
    }
}

pub(super) fn shape_known(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let (shape, object) = emitter.known_shape(ins.a)?;
    (shape == ins.c && emitter.ty(object) == Ty::Obj).then_some(Fold::Use(object))
}

pub(super) fn shape_stored(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    gone_if(emitter.known_shape(ins.a).is_some_and(|(shape, _)| shape == ins.c))
}

pub(super) fn new_length(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let new = emitter.made_by(ins.a).and_then(|new| emitter.ins(new))?;
    let bytes = emitter.body.new_object(new)?.bytes as usize;
    use_int(emitter, (bytes.checked_sub(Tuple::ITEMS)? / 8) as i64)
}

pub(super) fn words(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let constants = emitter.constant(ins.a).zip(emitter.constant(ins.b));
    let known_same = emitter.root(ins.a) == emitter.root(ins.b)
        || constants.is_some_and(|(a, b)| a.ty() != Ty::Flt && b.ty() != Ty::Flt && a.word() == b.word());
    if ins.op == Op::G_Eq {
        return gone_if(known_same);
    }
    let kinds = kind(emitter, ins.a).zip(kind(emitter, ins.b));
    let known_different = constants.is_some_and(|(a, b)| a.word() != b.word())
        || kinds.is_some_and(|(a, b)| are_different_kinds(a, b))
        || emitter.are_different_by_origin(ins.a, ins.b)
        || emitter.is_guarded(Op::G_Lt, ins.a, ins.b)
        || emitter.is_guarded(Op::G_Lt, ins.b, ins.a);
    gone_if(known_different && !known_same)
}

pub(super) fn int_compare(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let (a, b) = (emitter.bounds(ins.a), emitter.bounds(ins.b));
    gone_if(match ins.op {
        Op::G_Lt => a.high < b.low,
        Op::G_Le => a.high <= b.low || ins.a == ins.b || emitter.is_guarded(Op::G_Lt, ins.a, ins.b),
        // Unsigned, so a negative b is a large one: only a natural a below a natural b is told here.
        _ => a.is_natural() && (a.high < b.low || emitter.is_guarded(Op::G_Lt, ins.a, ins.b)),
    })
}

pub(super) fn float_compare(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    if ins.op == Op::G_FltNlt && ins.a == ins.b {
        return Some(Fold::Gone);
    }
    let (a, b) = (emitter.float(ins.a)?, emitter.float(ins.b)?);
    let (less, less_or_equal) = (a < b, a <= b);
    gone_if(match ins.op {
        Op::G_FltLt => less,
        Op::G_FltNlt => !less,
        Op::G_FltLe => less_or_equal,
        Op::G_FltNle => !less_or_equal,
        Op::G_FltEq => a == b,
        _ => a != b,
    })
}

pub(super) fn no_exception(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    gone_if(match emitter.constant(ins.a) {
        Some(constant) => constant.word() != Value::EXC.0,
        None => {
            matches!(kind(emitter, ins.a), Some(Kind::Int | Kind::Pointer | Kind::AnyFloat | Kind::Float))
                || emitter.ty(ins.a) == Ty::Bool
        }
    })
}
