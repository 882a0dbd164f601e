//! The tagged 64-bit value: every Python object as one machine word.
//!
//! ```text
//! int      i << 2                  v & 3 == 0     -2^61 <= i < 2^61, the same bits in a list, a register and the IR
//! pointer  address + 1             v & 7 == 1     8-byte aligned heap object; a field is at v + offset - 1
//! special  (k << 3) + 5            v & 7 == 5     None, False, True and a few the program never sees
//! float    rotl(bits, 4) + 3       v & 2 != 0     all but |x| in about [1e-77, 1e-231] and [1e78, 1e231], which
//!                                                 live in a heap `FloatBox`
//! ```
//!
//! Float self-tagging after Melançon, Serrano and Feeley (OOPSLA 2025): the three top exponent bits become the low
//! bits, and the common groups (011, 100: ordinary numbers; 000: zero; 111: infinities and NaN) land on a tag with
//! bit 1 set. Low tags were chosen over NaN boxing for the integers: a fixnum addition is `add; jo`.

use std::fmt;

/// One Python value. Equality is identity of words, not Python's `==`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Value(pub u64);

/// Smallest and largest integer that fits a word; others are heap big integers.
pub const FIXNUM_MIN: i64 = -(1 << 61);
pub const FIXNUM_MAX: i64 = (1 << 61) - 1;

macro_rules! specials {
    ($($name:ident = $k:literal, $text:literal;)*) => {
        impl Value {
            $(pub const $name: Value = Value(($k << 3) + 5);)*

            /// Name of a special value for listings, or `None` if the word is not one.
            pub fn special_name(self) -> Option<&'static str> {
                match self { $(Value::$name => Some($text),)* _ => None }
            }
        }
    };
}

specials! {
    NONE = 0, "None";
    FALSE = 1, "False";
    TRUE = 2, "True";
    ELLIPSIS = 3, "Ellipsis";
    NOT_IMPLEMENTED = 4, "NotImplemented";
    // An unassigned local or global; reading one is an UnboundLocalError or NameError.
    UNDEF = 5, "UNDEF";
    // Returned by native code when `Vm::exception` is set.
    EXC = 6, "EXC";
    // Stands in an iterator register for a range unboxed into the registers that follow it.
    RANGE_STATE = 7, "RANGE_STATE";
    // An iterator register whose iterable is used up.
    EXHAUSTED = 8, "EXHAUSTED";
    // Returned to the interpreter by compiled code that was left through an exit: to go on, or with an exception.
    LEFT = 9, "LEFT";
    LEFT_RAISING = 10, "LEFT_RAISING";
}

impl Value {
    #[inline(always)]
    pub const fn is_int(self) -> bool {
        self.0 & 3 == 0
    }
    #[inline(always)]
    pub const fn is_float(self) -> bool {
        self.0 & 2 != 0
    }
    #[inline(always)]
    pub const fn is_pointer(self) -> bool {
        self.0 & 7 == 1
    }
    #[inline(always)]
    pub const fn is_special(self) -> bool {
        self.0 & 7 == 5
    }
    #[inline(always)]
    pub const fn is_bool(self) -> bool {
        self.0 == Value::TRUE.0 || self.0 == Value::FALSE.0
    }

    /// The caller has checked the range, or knows it (lengths, small constants).
    #[inline(always)]
    pub const fn from_fixnum(i: i64) -> Value {
        debug_assert!(i >= FIXNUM_MIN && i <= FIXNUM_MAX);
        Value((i as u64) << 2)
    }
    /// `None` if the integer needs a heap big integer.
    #[inline(always)]
    pub const fn try_fixnum(i: i64) -> Option<Value> {
        if i >= FIXNUM_MIN && i <= FIXNUM_MAX { Some(Value((i as u64) << 2)) } else { None }
    }
    #[inline(always)]
    pub const fn as_fixnum(self) -> i64 {
        debug_assert!(self.is_int());
        (self.0 as i64) >> 2
    }
    #[inline(always)]
    pub const fn from_bool(b: bool) -> Value {
        if b { Value::TRUE } else { Value::FALSE }
    }

    /// `None` for the rare exponents that need a `FloatBox`.
    #[inline(always)]
    pub const fn try_float(x: f64) -> Option<Value> {
        let word = x.to_bits().rotate_left(4).wrapping_add(3);
        if word & 2 != 0 { Some(Value(word)) } else { None }
    }
    #[inline(always)]
    pub const fn as_float(self) -> f64 {
        debug_assert!(self.is_float());
        f64::from_bits(self.0.wrapping_sub(3).rotate_right(4))
    }

    /// `address` is that of a heap object's header, 8-byte aligned.
    #[inline(always)]
    pub fn from_address(address: usize) -> Value {
        debug_assert!(address & 7 == 0);
        Value(address as u64 + 1)
    }
    /// Address of the heap object's header.
    #[inline(always)]
    pub const fn address(self) -> usize {
        debug_assert!(self.is_pointer());
        (self.0 - 1) as usize
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_int() {
            write!(f, "int {}", self.as_fixnum())
        } else if self.is_float() {
            write!(f, "float {:?}", self.as_float())
        } else if let Some(name) = self.special_name() {
            f.write_str(name)
        } else if self.is_pointer() {
            write!(f, "object {:#x}", self.address())
        } else {
            write!(f, "word {:#x}", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_has_exactly_one_tag() {
        for v in [Value::NONE, Value::TRUE, Value::EXC, Value::EXHAUSTED] {
            assert!(v.is_special() && !v.is_int() && !v.is_float() && !v.is_pointer());
        }
        let p = Value::from_address(0x7f00_1000);
        assert!(p.is_pointer() && !p.is_int() && !p.is_float() && !p.is_special());
    }

    #[test]
    fn floats_round_trip_or_ask_for_a_box() {
        let immediate =
            [0.0, -0.0, 1.0, -1.5, 1e70, 1e-70, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300];
        for x in immediate {
            let v = Value::try_float(x).expect("immediate");
            assert!(v.is_float() && !v.is_int() && !v.is_pointer());
            assert_eq!(v.as_float().to_bits(), x.to_bits());
        }
        for x in [1e-77 / 8.0, 1e78, -1e154, 1e-154] {
            assert!(Value::try_float(x).is_none(), "{x}");
        }
    }

    #[test]
    fn fixnums_end_at_62_bits() {
        assert_eq!(Value::try_fixnum(FIXNUM_MAX).map(Value::as_fixnum), Some(FIXNUM_MAX));
        assert_eq!(Value::try_fixnum(FIXNUM_MIN).map(Value::as_fixnum), Some(FIXNUM_MIN));
        assert!(Value::try_fixnum(FIXNUM_MAX + 1).is_none());
    }
}
