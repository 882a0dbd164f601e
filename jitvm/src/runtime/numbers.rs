//! Making and reading ints and floats, whatever their representation.

use dashu_int::{IBig, Sign, UBig};

use super::object::{BigInt, FloatBox, ShapeId};
use super::value::{FIXNUM_MAX, FIXNUM_MIN, Value};
use super::vm::{Outcome, Vm};

/// An integer as sign and limbs (lowest first, the top one not 0), borrowed from a heap object or a buffer.
#[derive(Clone, Copy, Debug)]
pub struct Limbs<'a> {
    pub negative: bool,
    pub limbs: &'a [u64],
}

impl<'a> Limbs<'a> {
    /// Of an `i64`, in the caller's buffer.
    pub fn of_small(i: i64, buffer: &'a mut [u64; 1]) -> Limbs<'a> {
        buffer[0] = i.unsigned_abs();
        Limbs { negative: i < 0, limbs: &buffer[..(i != 0) as usize] }
    }

    /// Of an int object; fixnums go through the caller's buffer.
    pub fn of(value: Value, buffer: &'a mut [u64; 1]) -> Limbs<'a> {
        if value.is_int() { Limbs::of_small(value.as_fixnum(), buffer) } else { Limbs::of_big(value) }
    }

    /// Of a BIG_INT.
    pub fn of_big(value: Value) -> Limbs<'a> {
        debug_assert!(value.has_layout(ShapeId::BIG_INT));
        let big = value.object::<BigInt>();
        // SAFETY: the shape was checked; the limbs follow the size. Objects do not move, and the slice's address
        // keeps this one alive.
        unsafe {
            let size = (*big).size;
            let limbs = std::slice::from_raw_parts(big.byte_add(BigInt::LIMBS).cast(), size.unsigned_abs() as usize);
            Limbs { negative: size < 0, limbs }
        }
    }

    pub fn bit_length(self) -> u64 {
        self.limbs.last().map_or(0, |&top| self.limbs.len() as u64 * 64 - u64::from(top.leading_zeros()))
    }

    pub fn to_ibig(self) -> IBig {
        let sign = if self.negative { Sign::Negative } else { Sign::Positive };
        IBig::from_parts(sign, UBig::from_words(self.limbs))
    }

    /// Nearest f64, ties to even; `None` when it would be infinite.
    pub fn to_f64(self) -> Option<f64> {
        let bits = self.bit_length();
        if bits > 1024 {
            return None;
        }
        if bits <= 64 {
            let magnitude = self.limbs.first().copied().unwrap_or(0) as f64;
            return Some(if self.negative { -magnitude } else { magnitude });
        }
        // The top 64 bits, with a sticky lowest bit: 11 bits more than a significand has, so rounding is right.
        let shift = bits - 64;
        let mut top = self.bits_from(shift);
        if self.has_bits_below(shift) {
            top |= 1;
        }
        let magnitude = top as f64 * 2f64.powi(shift as i32);
        magnitude.is_finite().then_some(if self.negative { -magnitude } else { magnitude })
    }

    /// The 64 bits from bit `shift` up.
    pub fn bits_from(self, shift: u64) -> u64 {
        let (limb, bit) = ((shift / 64) as usize, shift % 64);
        let low = self.limbs.get(limb).copied().unwrap_or(0) >> bit;
        if bit == 0 { low } else { low | self.limbs.get(limb + 1).copied().unwrap_or(0) << (64 - bit) }
    }

    /// One of the lowest `count` bits is set.
    pub fn has_bits_below(self, count: u64) -> bool {
        let (limb, bit) = ((count / 64) as usize, count % 64);
        self.limbs.iter().take(limb).any(|&word| word != 0)
            || (bit != 0 && self.limbs.get(limb).is_some_and(|&word| word << (64 - bit) != 0))
    }
}

impl Vm {
    /// A float; rare exponents get a box.
    #[inline]
    pub fn float(&mut self, x: f64) -> Value {
        match Value::try_float(x) {
            Some(value) => value,
            None => self.float_box(x),
        }
    }

    #[cold]
    fn float_box(&mut self, x: f64) -> Value {
        let object = self.allocate(size_of::<FloatBox>(), ShapeId::FLOAT_BOX).cast::<FloatBox>();
        // SAFETY: the allocation has room for a `FloatBox`.
        unsafe { (*object).value = x };
        Value::of(object)
    }

    #[inline]
    pub fn integer(&mut self, i: i64) -> Value {
        match Value::try_fixnum(i) {
            Some(value) => value,
            None => self.integer_from_limbs(i < 0, &[i.unsigned_abs()]),
        }
    }

    #[inline]
    pub fn integer_wide(&mut self, i: i128) -> Value {
        if i >= i128::from(FIXNUM_MIN) && i <= i128::from(FIXNUM_MAX) {
            return Value::from_fixnum(i as i64);
        }
        let magnitude = i.unsigned_abs();
        let (low, high) = (magnitude as u64, (magnitude >> 64) as u64);
        let count = 1 + usize::from(high != 0);
        let big = self.allocate(BigInt::LIMBS + count * 8, ShapeId::BIG_INT).cast::<BigInt>();
        // SAFETY: the allocation has room for a `BigInt` and as many limbs.
        unsafe {
            let limbs = big.byte_add(BigInt::LIMBS).cast::<u64>();
            limbs.write(low);
            if high != 0 {
                limbs.add(1).write(high);
            }
            (*big).size = if i < 0 { -(count as i64) } else { count as i64 };
        }
        Value::of(big)
    }

    pub fn integer_big(&mut self, i: &IBig) -> Outcome {
        let (sign, limbs) = i.as_sign_words();
        self.try_integer_from_limbs(sign == Sign::Negative, limbs)
    }

    /// An integer of a size that cannot exhaust memory; high zero limbs are allowed.
    pub fn integer_from_limbs(&mut self, negative: bool, limbs: &[u64]) -> Value {
        debug_assert!(limbs.len() < 1 << 16);
        self.try_integer_from_limbs(negative, limbs).unwrap_or(Value::EXC)
    }

    pub fn try_integer_from_limbs(&mut self, negative: bool, limbs: &[u64]) -> Outcome {
        let used = limbs.iter().rposition(|&limb| limb != 0).map_or(0, |last| last + 1);
        if let Some(fixnum) = fixnum_of(negative, &limbs[..used]) {
            return Ok(fixnum);
        }
        let mut big = self.allocate_big(used)?;
        big.limbs().copy_from_slice(&limbs[..used]);
        Ok(big.finish(negative))
    }

    /// Room for an integer of `count` limbs, all of which the caller fills before the next allocation.
    pub fn allocate_big(&mut self, count: usize) -> Outcome<NewInteger> {
        let big = self.try_allocate(BigInt::LIMBS + count * 8, ShapeId::BIG_INT)?.cast::<BigInt>();
        // SAFETY: the allocation has room for a `BigInt`.
        unsafe { (*big).size = 0 };
        Ok(NewInteger { big, count })
    }
}

/// An integer under construction.
pub struct NewInteger {
    big: *mut BigInt,
    count: usize,
}

impl NewInteger {
    /// Lowest first.
    pub fn limbs(&mut self) -> &mut [u64] {
        // SAFETY: `allocate_big` made room for this many limbs, and no one else has seen the object.
        unsafe { std::slice::from_raw_parts_mut(self.big.byte_add(BigInt::LIMBS).cast(), self.count) }
    }

    /// The integer without its high zero limbs, as a fixnum if it fits.
    pub fn finish(mut self, negative: bool) -> Value {
        let limbs = self.limbs();
        let used = limbs.iter().rposition(|&limb| limb != 0).map_or(0, |last| last + 1);
        if let Some(fixnum) = fixnum_of(negative, &limbs[..used]) {
            return fixnum;
        }
        // SAFETY: the object is a `BigInt` that only this value refers to.
        unsafe { (*self.big).size = if negative { -(used as i64) } else { used as i64 } };
        Value::of(self.big)
    }
}

fn fixnum_of(negative: bool, limbs: &[u64]) -> Option<Value> {
    match *limbs {
        [] => Some(Value::from_fixnum(0)),
        [limb] if limb <= FIXNUM_MAX as u64 => {
            Some(Value::from_fixnum(if negative { -(limb as i64) } else { limb as i64 }))
        }
        [limb] if negative && limb == FIXNUM_MIN.unsigned_abs() => Some(Value::from_fixnum(FIXNUM_MIN)),
        _ => None,
    }
}

/// The f64 in a float value, boxed or not.
#[inline(always)]
pub fn as_float(value: Value) -> Option<f64> {
    if value.is_float() {
        return Some(value.as_float());
    }
    value.has_layout(ShapeId::FLOAT_BOX).then(|| boxed_float(value))
}

/// The f64 in a value of the type float itself, boxed or not.
#[inline(always)]
pub fn exact_float(value: Value) -> Option<f64> {
    if value.is_float() {
        return Some(value.as_float());
    }
    value.has_shape(ShapeId::FLOAT_BOX).then(|| boxed_float(value))
}

fn boxed_float(value: Value) -> f64 {
    // SAFETY: the caller has checked for a FLOAT_BOX.
    unsafe { (*value.object::<FloatBox>()).value }
}

/// Bools as the ints they are; other values as they come.
#[inline(always)]
pub fn bool_to_int(value: Value) -> Value {
    match value {
        Value::TRUE => Value::from_fixnum(1),
        Value::FALSE => Value::from_fixnum(0),
        _ => value,
    }
}

/// An int or bool that fits an `i64`.
#[inline]
pub fn as_i64(value: Value) -> Option<i64> {
    let value = bool_to_int(value);
    if value.is_int() {
        return Some(value.as_fixnum());
    }
    if !value.has_layout(ShapeId::BIG_INT) {
        return None;
    }
    let (negative, limb) = match Limbs::of_big(value) {
        Limbs { limbs: &[], .. } => return Some(0),
        Limbs { negative, limbs: &[limb] } => (negative, limb),
        _ => return None,
    };
    if negative { (limb <= 1 << 63).then(|| (limb as i64).wrapping_neg()) } else { i64::try_from(limb).ok() }
}

/// An int or bool of any size; `None` for other types.
pub fn as_integer(value: Value) -> Option<Value> {
    let value = bool_to_int(value);
    if value.is_instance() && value.has_layout(ShapeId::BIG_INT) {
        // An instance of a derived class may hold any int.
        let Limbs { negative, limbs } = Limbs::of_big(value);
        return Some(fixnum_of(negative, limbs).unwrap_or(value));
    }
    value.is_integer().then_some(value)
}

/// The f64 nearest to an int, bool or float; `None` for other types, and for ints too large.
#[inline]
pub fn as_f64(value: Value) -> Option<f64> {
    if value.is_int() {
        return Some(value.as_fixnum() as f64);
    }
    if value.is_float() {
        return Some(value.as_float());
    }
    match value.layout() {
        ShapeId::FLOAT_BOX => Some(boxed_float(value)),
        ShapeId::BIG_INT => Limbs::of_big(value).to_f64(),
        _ => value.is_bool().then_some((value == Value::TRUE) as i64 as f64),
    }
}

impl Vm {
    /// The f64 of a number, with Python's errors: what `math` functions and `float` arithmetic accept.
    pub fn to_f64(&mut self, value: Value) -> Outcome<f64> {
        if let Some(x) = as_f64(value) {
            return Ok(x);
        }
        if value.has_layout(ShapeId::BIG_INT) {
            return Err(self.overflow_error("int too large to convert to float"));
        }
        if value.is_instance() {
            if let Some(x) = super::dispatch::float(self, value)? {
                return self.to_f64(x);
            }
            if let Some(integer) = super::iterate::as_index(self, value)? {
                return self.to_f64(integer);
            }
        }
        let name = self.type_name(value);
        Err(self.type_error(format!("must be real number, not {name}")))
    }
}
