//! Fold rules of integer arithmetic.

use super::emit::Emitter;
use super::fold_rules::{Fold, use_int};
use crate::ir::{Const, Ins, Op, Ref, Ty};
use crate::runtime::value::{FIXNUM_MAX, FIXNUM_MIN};

/// Result of an operation on fixnums; `None` if it exits or is not defined. The result may not be a fixnum.
fn calculate(op: Op, a: i64, b: i64) -> Option<i64> {
    match op {
        Op::AddOv | Op::Add => a.checked_add(b),
        Op::SubOv | Op::Sub => a.checked_sub(b),
        Op::MulOv => a.checked_mul(b),
        Op::Div => floor_division(a, b),
        Op::Mod => Some(a - b * floor_division(a, b)?),
        Op::And => Some(a & b),
        Op::Or => Some(a | b),
        Op::Xor => Some(a ^ b),
        Op::ShlOv if (0..=60).contains(&b) => i64::try_from(i128::from(a) << b).ok(),
        Op::Shr if b >= 0 => Some(a >> b.min(63)),
        Op::Min => Some(a.min(b)),
        Op::Max => Some(a.max(b)),
        _ => None,
    }
}

/// Rounds towards minus infinity, as Python does; the IR knows of no division by 0 or -1.
fn floor_division(a: i64, b: i64) -> Option<i64> {
    if b == 0 || b == -1 {
        return None;
    }
    let quotient = a / b;
    Some(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

pub(super) fn constants(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let result = calculate(ins.op, emitter.int(ins.a)?, emitter.int(ins.b)?)?;
    use_int(emitter, result)
}

pub(super) fn subtract_constant(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let negated = -emitter.int(ins.b)?;
    if negated > FIXNUM_MAX {
        return None;
    }
    let op = if ins.op == Op::Sub { Op::Add } else { Op::AddOv };
    let b = emitter.body.constant(Const::Int(negated));
    Some(Fold::Ins(Ins::new(op, Ty::Int, ins.a, b, 0)))
}

pub(super) fn neutral(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let neutral = match ins.op {
        Op::MulOv | Op::Div => 1,
        Op::And => -1,
        _ => 0,
    };
    (emitter.int(ins.b) == Some(neutral)).then_some(Fold::Use(ins.a))
}

pub(super) fn absorbing(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let (a, b) = (emitter.int(ins.a), emitter.int(ins.b));
    match ins.op {
        Op::MulOv | Op::And if b == Some(0) => use_int(emitter, 0),
        Op::Mod if b == Some(1) => use_int(emitter, 0),
        Op::Or if b == Some(-1) => use_int(emitter, -1),
        Op::ShlOv if a == Some(0) && b.is_some_and(|count| (0..=60).contains(&count)) => use_int(emitter, 0),
        Op::Shr if a == Some(0) => use_int(emitter, 0),
        _ => None,
    }
}

pub(super) fn same(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    if ins.a != ins.b {
        return None;
    }
    match ins.op {
        Op::Sub | Op::SubOv | Op::Xor => use_int(emitter, 0),
        _ => Some(Fold::Use(ins.a)),
    }
}

pub(super) fn double(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    (emitter.int(ins.b) == Some(2)).then_some(Fold::Ins(Ins::new(Op::AddOv, Ty::Int, ins.a, ins.a, 0)))
}

pub(super) fn power_of_two(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let divisor = emitter.int(ins.b).filter(|d| *d > 1 && d.count_ones() == 1)?;
    let (op, number) = match ins.op {
        Op::Div => (Op::Shr, i64::from(divisor.trailing_zeros())),
        _ => (Op::And, divisor - 1),
    };
    let b = emitter.body.constant(Const::Int(number));
    Some(Fold::Ins(Ins::new(op, Ty::Int, ins.a, b, 0)))
}

pub(super) fn reassociate(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let outer = emitter.int(ins.b)?;
    let inside = emitter.ins_of(ins.a, ins.op)?;
    if emitter.is_from_before_loop(ins.a) {
        // It would carry one more value round the loop, and save nothing.
        return None;
    }
    let inner = emitter.int(inside.b)?;
    let number = match ins.op {
        Op::Shr if inner >= 0 && outer >= 0 => inner.saturating_add(outer).min(63),
        Op::Shr => return None,
        op => calculate(op, inner, outer)?,
    };
    if !(FIXNUM_MIN..=FIXNUM_MAX).contains(&number) {
        return None;
    }
    let b = emitter.body.constant(Const::Int(number));
    Some(Fold::Ins(Ins::new(ins.op, Ty::Int, inside.a, b, 0)))
}

pub(super) fn in_range(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let (a, b) = (emitter.bounds(ins.a), emitter.bounds(ins.b));
    let kept: Option<Ref> = match ins.op {
        Op::And => {
            let mask = emitter.int(ins.b).filter(|mask| *mask >= 0 && (mask + 1).count_ones() == 1)?;
            (a.is_natural() && a.high <= mask).then_some(ins.a)
        }
        Op::Mod => (a.is_natural() && a.high < b.low).then_some(ins.a),
        Op::Min if a.high <= b.low => Some(ins.a),
        Op::Min if b.high <= a.low => Some(ins.b),
        Op::Max if a.low >= b.high => Some(ins.a),
        Op::Max if b.low >= a.high => Some(ins.b),
        _ => None,
    };
    kept.map(Fold::Use)
}

pub(super) fn no_overflow(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let (a, b) = (emitter.bounds(ins.a), emitter.bounds(ins.b));
    let op = match ins.op {
        Op::AddOv if a.sum_fits(b) => Op::Add,
        Op::SubOv if a.difference_fits(b) => Op::Sub,
        _ => return None,
    };
    Some(Fold::Ins(Ins { op, ..ins }))
}
