//! The one table of rewriting rules that the emitter applies until none does.
//!
//! A rule sees one instruction whose operands are final and either leaves it alone, or says what takes its place. It may
//! look at what computed the operands and at what guards have established. A guard that is certain to fail stays: its
//! exit is where the trace ends.

use std::sync::LazyLock;

use super::emit::{Emitter, shape_is_stable};
use super::fold_float as float;
use super::fold_guard as guard;
use super::fold_int as int;
use super::fold_select as select;
use crate::ir::{Const, Ins, OPERATIONS, Op, Ref, Ty};
use crate::runtime::value::{FIXNUM_MAX, FIXNUM_MIN};

/// What becomes of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fold {
    /// This instruction instead (the rules are tried again on it).
    Ins(Ins),
    /// A value that is there already.
    Use(Ref),
    /// Nothing: a guard that cannot fail, or a store without effect.
    Gone,
}

pub struct Rule {
    pub name: &'static str,
    /// Why the rule is right.
    pub reason: &'static str,
    ops: &'static [Op],
    apply: fn(&mut Emitter<'_>, Ins) -> Option<Fold>,
}

macro_rules! rules {
    ($($name:literal [$($op:ident)+] $apply:path, $reason:literal;)*) => {
        /// In the order in which they are tried.
        pub const RULES: &[Rule] =
            &[$(Rule { name: $name, reason: $reason, ops: &[$(Op::$op),+], apply: $apply },)*];
    };
}

rules! {
    "int constants" [AddOv SubOv MulOv Add Sub Div Mod And Or Xor ShlOv Shr Min Max] int::constants,
        "The result is known; an operation that is certain to overflow stays.";
    "subtract constant" [Sub SubOv] int::subtract_constant,
        "x - c = x + (-c), and both leave the range together; one form is easier to recognise.";
    "int neutral" [AddOv SubOv MulOv Add Sub Div And Or Xor ShlOv Shr] int::neutral,
        "x + 0, x - 0, x * 1, x // 1, x & -1, x | 0, x ^ 0, x << 0, x >> 0 are x.";
    "int absorbing" [MulOv Mod And Or ShlOv Shr] int::absorbing,
        "x * 0, x % 1, x & 0, 0 << c, 0 >> x are 0 and x | -1 is -1: ints have no NaN.";
    "int same" [Sub SubOv And Or Xor Min Max] int::same,
        "x - x and x ^ x are 0; x & x, x | x, min(x, x), max(x, x) are x.";
    "double" [MulOv] int::double,
        "x * 2 = x + x, and both leave the range together.";
    "power of two" [Div Mod] int::power_of_two,
        "Floor division and remainder by 2^k are an arithmetic shift and a mask, for negative numbers too.";
    "int reassociate" [Add And Or Xor Shr] int::reassociate,
        "(x . c) . d = x . (c . d) where neither step can leave the range.";
    "in range already" [And Mod Min Max] int::in_range,
        "A mask, remainder or limit changes nothing about a value that bounds show to be inside.";
    "no overflow" [AddOv SubOv] int::no_overflow,
        "Bounds of the operands, say from i < n, show that the result is a fixnum.";

    "float constants" [AddF SubF MulF DivF NegF AbsF SqrtF] float::constants,
        "The same IEEE operation is done here as there.";
    "float neutral" [AddF SubF MulF DivF] float::neutral,
        "x * 1.0, x / 1.0, x - 0.0 and x + -0.0 are x, zeros and infinities included; x + 0.0 is not, for -0.0.";
    "reciprocal" [DivF] float::reciprocal,
        "Dividing by 2^k and multiplying by 2^-k round the same exact value.";
    "float sign" [NegF AbsF] float::sign,
        "-(-x) is x; |-x| and ||x|| are |x|.";
    "conversion" [IntToFlt IntToFltExact FltToInt] float::conversion,
        "Known numbers are converted here, bounds show exactness, and an exact conversion is undone exactly.";
    "box" [BoxF] float::boxed,
        "Boxing what was unboxed is the boxed value; a constant is boxed here if it needs no object.";
    "unbox" [G_Flt] float::unboxed,
        "A float that was boxed, or is a constant, is at hand.";

    "type known" [G_Int] guard::int_known,
        "The static type says Int.";
    "shape known" [G_Shape] guard::shape_known,
        "A guard, NEW or SHAPE_STORE before it says so, and nothing that may change it comes between.";
    "shape stored" [ShapeStore] guard::shape_stored,
        "The object has the shape already.";
    "new length" [TupleLen] guard::new_length,
        "How long a tuple is that the trace has made is known.";
    "comparison" [Lt Le Eq] select::comparison,
        "Constants, bounds, kinds of values, or a guard that has passed decide it.";
    "float comparison" [LtF LeF EqF] select::float_comparison,
        "Constants or a guard that has passed decide it, and nothing is less than itself.";
    "choice" [Sel SelF] select::choice,
        "What it depends on is known, both values are one, or it is that bool itself.";
    "turned choice" [Sel SelF] select::turned,
        "`b if not c else a` is `a if c else b`.";
    "choice of the least" [Sel] select::least,
        "`a if a < b else b` is the smaller of two ints, the other one the larger.";
    "guarded comparison" [G_Eq] select::guarded,
        "That a comparison is true or false is what its own guard asks; so of a choice between constants.";
    "words" [G_Eq G_Ne] guard::words,
        "Equal references and constants are the same word; values of different kinds are not.";
    "int compare" [G_Lt G_Le G_Ult] guard::int_compare,
        "Constants, bounds, or an equal or stronger guard decide it.";
    "float compare" [G_FltLt G_FltNlt G_FltLe G_FltNle G_FltEq G_FltNe] guard::float_compare,
        "Constants decide it, and nothing is less than itself.";
    "no exception" [G_NoExc] guard::no_exception,
        "A value of a known type is not the mark of an exception.";
}

/// How often each of [`RULES`] applied.
pub type Applied = [u32; RULES.len()];

/// Indices in [`RULES`].
static BY_OPERATION: LazyLock<Vec<Vec<usize>>> = LazyLock::new(|| {
    let of = |op| RULES.iter().enumerate().filter(move |(_, rule)| rule.ops.contains(op));
    OPERATIONS.iter().map(|entry| of(&entry.0).map(|(index, _)| index).collect()).collect()
});

/// The first rule that applies; it is counted.
pub(super) fn apply(emitter: &mut Emitter<'_>, ins: Ins) -> Option<Fold> {
    BY_OPERATION[ins.op as usize].iter().find_map(|&index| {
        let fold = (RULES[index].apply)(emitter, ins)?;
        emitter.applied[index] += 1;
        Some(fold)
    })
}

/// What a tagged word can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Int,
    Float,
    Special,
    Pointer,
    /// The result of BOXF: mostly immediate, sometimes a pointer to a box.
    AnyFloat,
}

/// The kind of a tagged value, where its type, what made it or its constant tells.
pub(super) fn kind(emitter: &Emitter<'_>, r: Ref) -> Option<Kind> {
    if let Some(Const::Val(value, _)) = emitter.constant(r) {
        return Some(match value {
            v if v.is_int() => Kind::Int,
            v if v.is_float() => Kind::Float,
            v if v.is_pointer() => Kind::Pointer,
            _ => Kind::Special,
        });
    }
    match emitter.ty(r) {
        Ty::Int => Some(Kind::Int),
        Ty::Bool => Some(Kind::Special),
        Ty::Obj => Some(Kind::Pointer),
        Ty::Val => emitter.ins_of(r, Op::BoxF).map(|_| Kind::AnyFloat),
        Ty::Flt | Ty::Raw | Ty::Nil => None,
    }
}

/// Whether two tagged values cannot be the same word.
pub(super) fn are_different_kinds(one: Kind, other: Kind) -> bool {
    match (one, other) {
        (Kind::AnyFloat, Kind::Float | Kind::Pointer) | (Kind::Float | Kind::Pointer, Kind::AnyFloat) => false,
        _ => one != other,
    }
}

/// Whether a guard is certain to fail: of types, and of numbers of which the opposite has been established.
pub(super) fn never_passes(emitter: &Emitter<'_>, ins: Ins) -> bool {
    let is_guarded = |op| emitter.is_guarded(op, ins.a, ins.b);
    match ins.op {
        Op::G_Eq if is_guarded(Op::G_Ne) => return true,
        Op::G_Ne if is_guarded(Op::G_Eq) => return true,
        _ => {}
    }
    let Some(kind) = kind(emitter, ins.a) else { return false };
    match ins.op {
        Op::G_Int => kind != Kind::Int,
        Op::G_Flt => !matches!(kind, Kind::Float | Kind::AnyFloat),
        Op::G_Shape if emitter.made_by(ins.a).is_some() => {
            emitter.known_shape(ins.a).is_some_and(|(shape, _)| shape != ins.c)
        }
        Op::G_Shape => match emitter.ins_of(ins.a, Op::G_Shape) {
            Some(earlier) => earlier.c != ins.c && (shape_is_stable(earlier.c) || shape_is_stable(ins.c)),
            None => matches!(kind, Kind::Int | Kind::Float | Kind::Special),
        },
        _ => false,
    }
}

pub(super) fn use_int(emitter: &mut Emitter<'_>, i: i64) -> Option<Fold> {
    (FIXNUM_MIN..=FIXNUM_MAX).contains(&i).then(|| Fold::Use(emitter.body.constant(Const::Int(i))))
}

pub(super) fn use_float(emitter: &mut Emitter<'_>, x: f64) -> Option<Fold> {
    Some(Fold::Use(emitter.body.constant(Const::Flt(x))))
}

pub(super) fn gone_if(decided: bool) -> Option<Fold> {
    decided.then_some(Fold::Gone)
}
