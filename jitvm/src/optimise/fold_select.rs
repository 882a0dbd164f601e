//! Fold rules of comparisons that give a bool, of choices by one, and of guards on them.

use super::emit::Emitter;
use super::fold_rules::{Fold, are_different_kinds, kind};
use crate::ir::{Const, Ins, Op, Ref, Ty};
use crate::runtime::value::Value;

/// The guards that establish a comparison, and its opposite.
struct Guards {
    yes: Op,
    no: Op,
    /// The opposite has the operands turned round.
    turned: bool,
}

const fn guards(comparison: Op) -> Option<Guards> {
    let (yes, no, turned) = match comparison {
        Op::Lt => (Op::G_Lt, Op::G_Le, true),
        Op::Le => (Op::G_Le, Op::G_Lt, true),
        Op::Eq => (Op::G_Eq, Op::G_Ne, false),
        // Where one of them is NaN, neither a < b nor b <= a.
        Op::LtF => (Op::G_FltLt, Op::G_FltNlt, false),
        Op::LeF => (Op::G_FltLe, Op::G_FltNle, false),
        Op::EqF => (Op::G_FltEq, Op::G_FltNe, false),
        _ => return None,
    };
    Some(Guards { yes, no, turned })
}

/// The guard that passes where a comparison gives `truth`.
fn guard_of(ins: Ins, truth: bool) -> Option<Ins> {
    let Guards { yes, no, turned } = guards(ins.op)?;
    let (a, b) = if turned && !truth { (ins.b, ins.a) } else { (ins.a, ins.b) };
    Some(Ins::new(if truth { yes } else { no }, Ty::Nil, a, b, 0))
}

fn use_bool(emitter: &mut Emitter<'_>, truth: bool) -> Option<Fold> {
    let text = if truth { "True" } else { "False" };
    Some(Fold::Use(emitter.body.constant(Const::Val(Value::from_bool(truth), text.into()))))
}

fn known_bool(emitter: &Emitter<'_>, r: Ref) -> Option<bool> {
    match emitter.constant(r)? {
        Const::Val(value, _) if value.is_bool() => Some(*value == Value::TRUE),
        _ => None,
    }
}

/// What guards that have passed say of a comparison.
fn established(emitter: &Emitter<'_>, ins: Ins) -> Option<bool> {
    [true, false].into_iter().find(|&truth| {
        guard_of(ins, truth).is_some_and(|mut guard| {
            if guard.op.is_commutative() && guard.a > guard.b && !guard.b.is_constant() {
                (guard.a, guard.b) = (guard.b, guard.a);
            }
            emitter.is_guarded(guard.op, guard.a, guard.b)
        })
    })
}

pub(super) fn comparison(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let known = if ins.op == Op::Eq {
        let constants = emitter.constant(ins.a).zip(emitter.constant(ins.b));
        let kinds = kind(emitter, ins.a).zip(kind(emitter, ins.b));
        if emitter.root(ins.a) == emitter.root(ins.b) || constants.is_some_and(|(a, b)| a.word() == b.word()) {
            Some(true)
        } else if constants.is_some() || kinds.is_some_and(|(a, b)| are_different_kinds(a, b)) {
            Some(false)
        } else {
            None
        }
    } else {
        let (a, b) = (emitter.bounds(ins.a), emitter.bounds(ins.b));
        let is_less = a.high < b.low || emitter.is_guarded(Op::G_Lt, ins.a, ins.b);
        let is_greater = b.high < a.low || emitter.is_guarded(Op::G_Lt, ins.b, ins.a);
        match ins.op {
            Op::Lt if is_less => Some(true),
            Op::Lt if a.low >= b.high || ins.a == ins.b || is_greater => Some(false),
            Op::Le if a.high <= b.low || ins.a == ins.b || is_less => Some(true),
            Op::Le if is_greater => Some(false),
            _ => None,
        }
    };
    let truth = known.or_else(|| established(emitter, ins))?;
    use_bool(emitter, truth)
}

pub(super) fn float_comparison(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let truth = match emitter.float(ins.a).zip(emitter.float(ins.b)) {
        Some((a, b)) => match ins.op {
            Op::LtF => a < b,
            Op::LeF => a <= b,
            _ => a == b,
        },
        None if ins.op == Op::LtF && ins.a == ins.b => false,
        None => established(emitter, ins)?,
    };
    use_bool(emitter, truth)
}

pub(super) fn choice(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    if ins.a == ins.b {
        return Some(Fold::Use(ins.a));
    }
    match known_bool(emitter, ins.c_ref()) {
        Some(true) => Some(Fold::Use(ins.a)),
        Some(false) => Some(Fold::Use(ins.b)),
        None => {
            let is_itself = known_bool(emitter, ins.a) == Some(true) && known_bool(emitter, ins.b) == Some(false);
            is_itself.then_some(Fold::Use(ins.c_ref()))
        }
    }
}

/// The bool that is the opposite of the one a choice by this one gives.
fn not(emitter: &Emitter<'_>, r: Ref) -> Option<Ref> {
    let choice = emitter.ins_of(r, Op::Sel)?;
    let turns = known_bool(emitter, choice.a) == Some(false) && known_bool(emitter, choice.b) == Some(true);
    turns.then(|| choice.c_ref())
}

pub(super) fn turned(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let opposite = not(emitter, ins.c_ref())?;
    if known_bool(emitter, ins.a) == Some(false) && known_bool(emitter, ins.b) == Some(true) {
        return Some(Fold::Use(opposite));
    }
    Some(Fold::Ins(Ins { a: ins.b, b: ins.a, c: u32::from(opposite.0), ..ins }))
}

pub(super) fn least(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let by = emitter.ins(ins.c_ref()).filter(|by| matches!(by.op, Op::Lt | Op::Le))?;
    let op = match (ins.a, ins.b) {
        (a, b) if (a, b) == (by.a, by.b) => Op::Min,
        (a, b) if (a, b) == (by.b, by.a) => Op::Max,
        _ => return None,
    };
    Some(Fold::Ins(Ins::new(op, Ty::Int, ins.a, ins.b, 0)))
}

/// Operands are in order, so that the constant is b.
pub(super) fn guarded(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let wanted = emitter.constant(ins.b)?.word();
    let asked = emitter.ins(ins.a)?;
    if asked.op == Op::Sel {
        let is_wanted = |arm: Ref| emitter.constant(arm).map(|constant| constant.word() == wanted);
        let truth = match (is_wanted(asked.a)?, is_wanted(asked.b)?) {
            (true, false) => true,
            (false, true) => false,
            _ => return None,
        };
        let text = if truth { "True" } else { "False" };
        let b = emitter.body.constant(Const::Val(Value::from_bool(truth), text.into()));
        return Some(Fold::Ins(Ins { a: asked.c_ref(), b, ..ins }));
    }
    guard_of(asked, known_bool(emitter, ins.b)?).map(|guard| Fold::Ins(Ins { flags: ins.flags, ..guard }))
}
