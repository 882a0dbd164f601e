//! Bounds of Ints: from what computed them and from the guards they passed.

use super::emit::Emitter;
use crate::ir::{Op, Ref, Ty};
use crate::runtime::value::{FIXNUM_MAX, FIXNUM_MIN};

/// Smallest and largest value an Int can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bounds {
    pub low: i64,
    pub high: i64,
}

/// How far operands of operands are followed; every step may look through all guards.
const DEPTH: u32 = 3;

/// No tuple is longer than the address space.
const TUPLE_LENGTH_MAX: i64 = 1 << 44;

impl Bounds {
    const ALL: Bounds = Bounds { low: FIXNUM_MIN, high: FIXNUM_MAX };

    pub const fn is_natural(self) -> bool {
        self.low >= 0
    }
    /// An operation that stayed in the fixnum range, or is known to.
    fn clamped(low: i128, high: i128) -> Bounds {
        let clamp = |x: i128| x.clamp(i128::from(FIXNUM_MIN), i128::from(FIXNUM_MAX)) as i64;
        Bounds { low: clamp(low), high: clamp(high) }
    }
    pub fn sum_fits(self, other: Bounds) -> bool {
        self.low + other.low >= FIXNUM_MIN && self.high + other.high <= FIXNUM_MAX
    }
    pub fn difference_fits(self, other: Bounds) -> bool {
        self.low - other.high >= FIXNUM_MIN && self.high - other.low <= FIXNUM_MAX
    }
}

impl Emitter<'_> {
    pub fn bounds(&self, r: Ref) -> Bounds {
        self.bounds_within(r, DEPTH)
    }

    fn bounds_within(&self, r: Ref, depth: u32) -> Bounds {
        if let Some(i) = self.int(r) {
            return Bounds { low: i, high: i };
        }
        if r.is_constant() || r.is_none() || depth == 0 {
            return Bounds::ALL;
        }
        self.narrowed_by_guards(r, self.bounds_of_operation(r, depth - 1), depth - 1)
    }

    fn bounds_of_operation(&self, r: Ref, depth: u32) -> Bounds {
        if self.is_opaque(r) {
            let low = if self.natural[r.index()] { 0 } else { FIXNUM_MIN };
            return Bounds { low, ..Bounds::ALL };
        }
        let ins = self.body.ins[r.index()];
        let a = || self.bounds_within(ins.a, depth);
        let b = || self.bounds_within(ins.b, depth);
        match ins.op {
            Op::ListLen | Op::StrLen => Bounds { low: 0, high: i64::from(u32::MAX) },
            Op::TupleLen => Bounds { low: 0, high: TUPLE_LENGTH_MAX },
            Op::Add | Op::AddOv => {
                let (a, b) = (a(), b());
                Bounds::clamped(i128::from(a.low) + i128::from(b.low), i128::from(a.high) + i128::from(b.high))
            }
            Op::Sub | Op::SubOv => {
                let (a, b) = (a(), b());
                Bounds::clamped(i128::from(a.low) - i128::from(b.high), i128::from(a.high) - i128::from(b.low))
            }
            Op::MulOv => {
                let (a, b) = (a(), b());
                let corners = [(a.low, b.low), (a.low, b.high), (a.high, b.low), (a.high, b.high)]
                    .map(|(x, y)| i128::from(x) * i128::from(y));
                Bounds::clamped(
                    corners.into_iter().fold(i128::MAX, i128::min),
                    corners.into_iter().fold(i128::MIN, i128::max),
                )
            }
            // The divisor's sign is the remainder's.
            Op::Mod if b().low > 0 => Bounds { low: 0, high: b().high - 1 },
            Op::Div => match self.int(ins.b) {
                Some(divisor) if divisor > 0 => {
                    Bounds { low: a().low.div_euclid(divisor), high: a().high.div_euclid(divisor) }
                }
                _ => Bounds::ALL,
            },
            Op::Shr => match self.int(ins.b) {
                Some(count) if count >= 0 => Bounds { low: a().low >> count.min(63), high: a().high >> count.min(63) },
                _ => Bounds::ALL,
            },
            Op::And => {
                let (a, b) = (a(), b());
                match (a.is_natural(), b.is_natural()) {
                    (true, true) => Bounds { low: 0, high: a.high.min(b.high) },
                    (true, false) => Bounds { low: 0, high: a.high },
                    (false, true) => Bounds { low: 0, high: b.high },
                    (false, false) => Bounds::ALL,
                }
            }
            Op::Or | Op::Xor => {
                let (a, b) = (a(), b());
                if a.is_natural() && b.is_natural() {
                    // No bit above the highest of either operand.
                    let ones = u64::MAX.checked_shr(((a.high | b.high) as u64).leading_zeros()).unwrap_or(0);
                    Bounds { low: 0, high: ones as i64 }
                } else {
                    Bounds::ALL
                }
            }
            Op::Min => Bounds { low: a().low.min(b().low), high: a().high.min(b().high) },
            Op::Max => Bounds { low: a().low.max(b().low), high: a().high.max(b().high) },
            Op::Sel if ins.ty == Ty::Int => Bounds { low: a().low.min(b().low), high: a().high.max(b().high) },
            _ => Bounds::ALL,
        }
    }

    fn narrowed_by_guards(&self, r: Ref, mut bounds: Bounds, depth: u32) -> Bounds {
        let floor = self.first_about(r);
        for (op, least) in [(Op::G_Lt, 1), (Op::G_Le, 0)] {
            for (_, guard) in self.chain(op, floor) {
                if guard.a == r {
                    bounds.high = bounds.high.min(self.bounds_within(guard.b, depth).high - least);
                } else if guard.b == r {
                    bounds.low = bounds.low.max(self.bounds_within(guard.a, depth).low + least);
                }
            }
        }
        for (_, guard) in self.chain(Op::G_Ult, floor).filter(|(_, guard)| guard.a == r) {
            let limit = self.bounds_within(guard.b, depth);
            if limit.is_natural() {
                bounds.low = bounds.low.max(0);
                bounds.high = bounds.high.min(limit.high - 1);
            }
        }
        bounds
    }
}
