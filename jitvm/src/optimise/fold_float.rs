//! Fold rules of float arithmetic, conversions and boxes.

use super::emit::Emitter;
use super::fold_rules::{Fold, use_float, use_int};
use crate::ir::{Const, Ins, Op, Ref, Ty};
use crate::runtime::value::Value;

/// Largest magnitude up to which every integer has a float.
const EXACT_INT: i64 = 1 << 53;

pub(super) fn constants(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let a = emitter.float(ins.a)?;
    let b = || emitter.float(ins.b);
    let result = match ins.op {
        Op::AddF => a + b()?,
        Op::SubF => a - b()?,
        Op::MulF => a * b()?,
        Op::DivF => a / b()?,
        Op::NegF => -a,
        Op::AbsF => a.abs(),
        Op::SqrtF => a.sqrt(),
        _ => return None,
    };
    use_float(emitter, result)
}

pub(super) fn neutral(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let neutral: f64 = match ins.op {
        Op::AddF => -0.0,
        Op::SubF => 0.0,
        _ => 1.0,
    };
    (emitter.float(ins.b)?.to_bits() == neutral.to_bits()).then_some(Fold::Use(ins.a))
}

pub(super) fn reciprocal(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    const FRACTION: u64 = (1 << 52) - 1;
    let divisor = emitter.float(ins.b)?;
    let inverse = 1.0 / divisor;
    if divisor.to_bits() & FRACTION != 0 || !divisor.is_normal() || !inverse.is_normal() {
        return None;
    }
    let b = emitter.body.constant(Const::Flt(inverse));
    Some(Fold::Ins(Ins::new(Op::MulF, Ty::Flt, ins.a, b, 0)))
}

pub(super) fn sign(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    let inside = emitter.ins(ins.a)?;
    match (ins.op, inside.op) {
        (Op::NegF, Op::NegF) => Some(Fold::Use(inside.a)),
        (Op::AbsF, Op::AbsF) => Some(Fold::Use(ins.a)),
        (Op::AbsF, Op::NegF) => Some(Fold::Ins(Ins { a: inside.a, ..ins })),
        _ => None,
    }
}

pub(super) fn conversion(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    match ins.op {
        Op::IntToFlt => {
            let i = emitter.int(ins.a)?;
            use_float(emitter, i as f64)
        }
        Op::IntToFltExact => is_exact(emitter, ins.a).then_some(Fold::Ins(Ins { op: Op::IntToFlt, ..ins })),
        _ => match emitter.float(ins.a) {
            // 2^61 is a float; the range of fixnums ends just below.
            Some(x) if x.trunc() >= -(2f64.powi(61)) && x.trunc() < 2f64.powi(61) => use_int(emitter, x as i64),
            Some(_) => None,
            None => match emitter.ins(ins.a)? {
                exact if exact.op == Op::IntToFltExact => Some(Fold::Use(exact.a)),
                other if other.op == Op::IntToFlt && is_exact(emitter, other.a) => Some(Fold::Use(other.a)),
                _ => None,
            },
        },
    }
}

fn is_exact(emitter: &Emitter<'_>, int: Ref) -> bool {
    let bounds = emitter.bounds(int);
    bounds.low >= -EXACT_INT && bounds.high <= EXACT_INT
}

pub(super) fn boxed(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    if let Some(x) = emitter.float(ins.a) {
        let value = Value::try_float(x)?;
        let text = format!("{x:?}").into_boxed_str();
        return Some(Fold::Use(emitter.body.constant(Const::Val(value, text))));
    }
    emitter.ins_of(ins.a, Op::G_Flt).map(|unboxed| Fold::Use(unboxed.a))
}

pub(super) fn unboxed(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    if let Some(Const::Val(value, _)) = emitter.constant(ins.a) {
        return if value.is_float() { use_float(emitter, value.as_float()) } else { None };
    }
    // Also of a value that is carried round the loop: whoever enters the body has both, the one got from the other.
    let boxed = (!ins.a.is_constant()).then(|| emitter.body.ins[ins.a.index()]).filter(|made| made.op == Op::BoxF)?;
    Some(Fold::Use(boxed.a))
}
