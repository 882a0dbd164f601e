//! Arithmetic on integers of any size: linear operations here, the others by dashu-int's kernels.

use std::arch::x86_64::{_addcarry_u64, _subborrow_u64};
use std::cmp::Ordering;

use dashu_int::ops::{BitTest, DivRem};
use dashu_int::{IBig, Sign, UBig};

use super::numbers::Limbs;
use super::object::ShapeId;
use super::value::Value;
use super::vm::{Outcome, Vm};

/// Results above this many bits are MemoryError without an attempt: 2 GiB.
const LARGEST_BITS: u64 = 1 << 34;

pub fn compare_magnitudes(a: &[u64], b: &[u64]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

pub fn compare(a: Limbs, b: Limbs) -> Ordering {
    match (a.negative, b.negative) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => compare_magnitudes(a.limbs, b.limbs),
        (true, true) => compare_magnitudes(b.limbs, a.limbs),
    }
}

/// `a + b`, or `a - b` when `subtract`.
pub fn add(vm: &mut Vm, a: Limbs, b: Limbs, subtract: bool) -> Outcome {
    if let (Some(x), Some(y)) = (two_limbs(a), two_limbs(b)) {
        return Ok(vm.integer_wide(if subtract { x - y } else { x + y }));
    }
    add_limbs(vm, a, b, subtract)
}

/// `a + b` or `a - b` of two ints not far beyond the fixnums, where most large ones are; `None` for all others.
#[inline(never)]
pub fn near_sum(vm: &mut Vm, a: Value, b: Value, subtract: bool) -> Option<Value> {
    let (x, y) = (near(a)?, near(b)?);
    Some(vm.integer_wide(if subtract { x - y } else { x + y }))
}

#[inline(always)]
fn near(value: Value) -> Option<i128> {
    if value.is_int() {
        return Some(i128::from(value.as_fixnum()));
    }
    if value.has_shape(ShapeId::BIG_INT) { two_limbs(Limbs::of_big(value)) } else { None }
}

/// An integer of at most 126 bits, so that the sum of two is an `i128`.
#[inline(always)]
fn two_limbs(a: Limbs) -> Option<i128> {
    let magnitude = match *a.limbs {
        [] => 0,
        [low] => i128::from(low),
        [low, high] if high < 1 << 62 => i128::from(high) << 64 | i128::from(low),
        _ => return None,
    };
    Some(if a.negative { -magnitude } else { magnitude })
}

fn add_limbs(vm: &mut Vm, a: Limbs, b: Limbs, subtract: bool) -> Outcome {
    let b_negative = b.negative != subtract;
    if a.negative == b_negative {
        return add_magnitudes(vm, a.negative, a.limbs, b.limbs);
    }
    match compare_magnitudes(a.limbs, b.limbs) {
        Ordering::Equal => Ok(Value::from_fixnum(0)),
        Ordering::Greater => subtract_magnitudes(vm, a.negative, a.limbs, b.limbs),
        Ordering::Less => subtract_magnitudes(vm, b_negative, b.limbs, a.limbs),
    }
}

fn add_magnitudes(vm: &mut Vm, negative: bool, a: &[u64], b: &[u64]) -> Outcome {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut big = vm.allocate_big(long.len() + 1)?;
    let (result, last) = big.limbs().split_at_mut(long.len());
    last[0] = u64::from(combine(result, long, short, |x, y, carry, sum| _addcarry_u64(carry, x, y, sum)));
    Ok(big.finish(negative))
}

/// `long - short`, where `long` is the larger one.
fn subtract_magnitudes(vm: &mut Vm, negative: bool, long: &[u64], short: &[u64]) -> Outcome {
    let mut big = vm.allocate_big(long.len())?;
    combine(big.limbs(), long, short, |x, y, borrow, difference| _subborrow_u64(borrow, x, y, difference));
    Ok(big.finish(negative))
}

/// Fills `result`, as long as `long`, limb by limb from the lowest; what is carried out of the last.
#[inline(always)]
fn combine(result: &mut [u64], long: &[u64], short: &[u64], step: impl Fn(u64, u64, u8, &mut u64) -> u8) -> u8 {
    let (both, rest) = long.split_at(short.len());
    let (low, high) = result.split_at_mut(short.len());
    let mut carry = 0;
    for ((limb, &x), &y) in low.iter_mut().zip(both).zip(short) {
        carry = step(x, y, carry, limb);
    }
    for (limb, &x) in high.iter_mut().zip(rest) {
        carry = step(x, 0, carry, limb);
    }
    carry
}

pub fn multiply(vm: &mut Vm, a: Limbs, b: Limbs) -> Outcome {
    let negative = a.negative != b.negative;
    let (long, short) = if a.limbs.len() >= b.limbs.len() { (a.limbs, b.limbs) } else { (b.limbs, a.limbs) };
    match *short {
        [] => Ok(Value::from_fixnum(0)),
        [factor] => {
            let mut big = vm.allocate_big(long.len() + 1)?;
            let (result, last) = big.limbs().split_at_mut(long.len());
            let mut carry = 0_u64;
            for (slot, &limb) in result.iter_mut().zip(long) {
                let product = u128::from(limb) * u128::from(factor) + u128::from(carry);
                *slot = product as u64;
                carry = (product >> 64) as u64;
            }
            last[0] = carry;
            Ok(big.finish(negative))
        }
        _ if a.bit_length() + b.bit_length() > LARGEST_BITS => Err(vm.raise_memory_error()),
        _ => {
            let product = UBig::from_words(long) * UBig::from_words(short);
            vm.try_integer_from_limbs(negative, product.as_words())
        }
    }
}

/// Floor division; `b` is not 0.
pub fn floor_divide(vm: &mut Vm, a: Limbs, b: Limbs) -> Outcome {
    if let Some(quotient) = short_quotient(a, b) {
        return Ok(vm.integer_wide(quotient));
    }
    Ok(divide(vm, a, b)?.0)
}

/// The quotient rounded down of two long integers that are about as long, if the highest bits tell it. They mostly do.
fn short_quotient(a: Limbs, b: Limbs) -> Option<i128> {
    let (long, short) = (a.bit_length(), b.bit_length());
    if long <= 128 || short > long || long - short > 60 {
        return None;
    }
    // The highest 128 bits of a, and those of b at the same places; what is below makes either greater by less than 1.
    let shift = long - 128;
    let (dividend, divisor) = (bits_from(a.limbs, shift), bits_from(b.limbs, shift));
    let quotient = dividend / divisor;
    if divisor.checked_add(1).map_or(0, |above| dividend / above) != quotient {
        return None;
    }
    let quotient = quotient as u64;
    if a.negative == b.negative {
        return Some(i128::from(quotient));
    }
    // Rounded away from 0, if there is a remainder, as the lowest limbs may show.
    let has_rest = a.limbs[0] != b.limbs[0].wrapping_mul(quotient);
    has_rest.then(|| -i128::from(quotient) - 1)
}

/// 128 bits of a magnitude, from a bit on.
fn bits_from(limbs: &[u64], bit: u64) -> u128 {
    let (first, offset) = ((bit / 64) as usize, bit % 64);
    let limb = |index: usize| u128::from(limbs.get(first + index).copied().unwrap_or(0));
    let low = (limb(1) << 64 | limb(0)) >> offset;
    if offset == 0 { low } else { low | limb(2) << (128 - offset) }
}

/// Floor division and remainder; `b` is not 0.
pub fn divide(vm: &mut Vm, a: Limbs, b: Limbs) -> Outcome<(Value, Value)> {
    if compare_magnitudes(a.limbs, b.limbs) == Ordering::Less {
        // |a| < |b|: the quotient is 0 or -1.
        if a.limbs.is_empty() || a.negative == b.negative {
            let remainder = vm.try_integer_from_limbs(a.negative, a.limbs)?;
            return Ok((Value::from_fixnum(0), remainder));
        }
        let remainder = add(vm, a, b, false)?;
        return Ok((Value::from_fixnum(-1), remainder));
    }
    let negative = a.negative != b.negative;
    let (quotient, remainder) = if let [divisor] = *b.limbs {
        let mut big = vm.allocate_big(a.limbs.len() + 1)?;
        let result = big.limbs();
        result[a.limbs.len()] = 0;
        let mut remainder = 0_u64;
        for (index, &limb) in a.limbs.iter().enumerate().rev() {
            let dividend = u128::from(remainder) << 64 | u128::from(limb);
            result[index] = (dividend / u128::from(divisor)) as u64;
            remainder = (dividend % u128::from(divisor)) as u64;
        }
        if remainder != 0 && negative {
            increment(result);
            remainder = divisor - remainder;
        }
        let quotient = big.finish(negative);
        (quotient, vm.integer_from_limbs(b.negative, &[remainder]))
    } else {
        let divisor = UBig::from_words(b.limbs);
        let (mut quotient, mut remainder) = UBig::from_words(a.limbs).div_rem(&divisor);
        if negative && !remainder.is_zero() {
            quotient += 1_u8;
            remainder = divisor - remainder;
        }
        let quotient = vm.try_integer_from_limbs(negative, quotient.as_words())?;
        (quotient, vm.try_integer_from_limbs(b.negative, remainder.as_words())?)
    };
    Ok((quotient, remainder))
}

fn increment(limbs: &mut [u64]) {
    for limb in limbs {
        let (sum, carry) = limb.overflowing_add(1);
        *limb = sum;
        if !carry {
            return;
        }
    }
}

/// `base ** exponent` for an exponent that is not negative.
pub fn power(vm: &mut Vm, base: Limbs, exponent: Limbs) -> Outcome {
    let exponent = match *exponent.limbs {
        [] => return Ok(Value::from_fixnum(1)),
        [limb] => limb,
        // 0, 1 and -1 stay small, whatever the exponent.
        [limb, ..] if matches!(base.limbs, [] | [1]) => limb & 1 | 2,
        _ => return Err(vm.raise_memory_error()),
    };
    match *base.limbs {
        [] => return Ok(Value::from_fixnum(0)),
        [1] => return Ok(Value::from_fixnum(if base.negative && exponent & 1 == 1 { -1 } else { 1 })),
        _ => {}
    }
    if (base.bit_length() - 1).checked_mul(exponent).is_none_or(|bits| bits > LARGEST_BITS) {
        return Err(vm.raise_memory_error());
    }
    let negative = base.negative && exponent & 1 == 1;
    let result = UBig::from_words(base.limbs).pow(exponent as usize);
    vm.try_integer_from_limbs(negative, result.as_words())
}

/// `pow(base, exponent, modulus)`, the modulus not 0; `None` if a negative exponent asks for an inverse there is not.
pub fn power_modulo(base: IBig, exponent: IBig, modulus: IBig) -> Option<IBig> {
    let (modulus_sign, magnitude) = modulus.into_parts();
    let (exponent_sign, exponent) = exponent.into_parts();
    let negative = exponent_sign == Sign::Negative && !exponent.is_zero();
    let mut square = floor_modulo(base, &magnitude);
    if negative {
        square = inverse(square, &magnitude)?;
    }
    let mut result = UBig::ONE % &magnitude;
    for bit in 0..exponent.bit_len() {
        if exponent.bit(bit) {
            result = result * &square % &magnitude;
        }
        square = square.sqr() % &magnitude;
    }
    let result = IBig::from(result);
    let below_zero = modulus_sign == Sign::Negative && !result.is_zero();
    Some(if below_zero { result - IBig::from(magnitude) } else { result })
}

fn floor_modulo(x: IBig, modulus: &UBig) -> UBig {
    let (sign, magnitude) = x.into_parts();
    let remainder = magnitude % modulus;
    if sign == Sign::Negative && !remainder.is_zero() { modulus - remainder } else { remainder }
}

/// The inverse of `x` modulo `modulus`, by Euclid's algorithm.
fn inverse(x: UBig, modulus: &UBig) -> Option<UBig> {
    if *modulus == UBig::ONE {
        return Some(UBig::ZERO);
    }
    let (mut a, mut b) = (modulus.clone(), x);
    let (mut s, mut t) = (IBig::ZERO, IBig::ONE);
    while !b.is_zero() {
        let (quotient, remainder) = a.div_rem(&b);
        (a, b) = (b, remainder);
        let next = s - IBig::from(quotient) * &t;
        (s, t) = (t, next);
    }
    (a == UBig::ONE).then(|| floor_modulo(s, modulus))
}

/// `a << count`.
pub fn shift_left(vm: &mut Vm, a: Limbs, count: Limbs) -> Outcome {
    if a.limbs.is_empty() {
        return Ok(Value::from_fixnum(0));
    }
    let count = match *count.limbs {
        [] => 0,
        [limb] if limb <= LARGEST_BITS => limb,
        // CPython counts digits of 30 bits in a machine word.
        _ if count.bit_length() <= 65 => return Err(vm.raise_memory_error()),
        _ => return Err(vm.overflow_error("too many digits in integer")),
    };
    let (words, bits) = ((count / 64) as usize, count % 64);
    let total = a.limbs.len() + words + 1;
    let mut big = vm.allocate_big(total)?;
    let result = big.limbs();
    result[..words].fill(0);
    let mut carry = 0;
    for (index, &limb) in a.limbs.iter().enumerate() {
        result[words + index] = limb << bits | carry;
        carry = if bits == 0 { 0 } else { limb >> (64 - bits) };
    }
    result[total - 1] = carry;
    Ok(big.finish(a.negative))
}

/// `a >> count`, rounding down.
pub fn shift_right(vm: &mut Vm, a: Limbs, count: Limbs) -> Outcome {
    let count = match *count.limbs {
        [] => 0,
        [limb] => limb,
        _ => u64::MAX,
    };
    let (words, bits) = ((count / 64) as usize, count % 64);
    if words >= a.limbs.len() {
        return Ok(Value::from_fixnum(if a.negative { -1 } else { 0 }));
    }
    let round_away = a.negative && a.has_bits_below(count);
    let total = a.limbs.len() - words + 1;
    let mut big = vm.allocate_big(total)?;
    let result = big.limbs();
    for (index, limb) in result.iter_mut().enumerate() {
        let low = a.limbs.get(words + index).copied().unwrap_or(0);
        let high = a.limbs.get(words + index + 1).copied().unwrap_or(0);
        *limb = if bits == 0 { low } else { low >> bits | high << (64 - bits) };
    }
    if round_away {
        increment(result);
    }
    Ok(big.finish(a.negative))
}

/// Bits of a two's complement number, limb by limb.
struct Complement<'a> {
    number: Limbs<'a>,
    carry: bool,
}

impl Complement<'_> {
    fn limb(&mut self, index: usize) -> u64 {
        let limb = self.number.limbs.get(index).copied().unwrap_or(0);
        if !self.number.negative {
            return limb;
        }
        let (result, carry) = (!limb).overflowing_add(u64::from(self.carry));
        self.carry = carry;
        result
    }
}

/// A bitwise operation on two's complement numbers without end.
pub fn bitwise(vm: &mut Vm, a: Limbs, b: Limbs, operation: impl Fn(u64, u64) -> u64) -> Outcome {
    let count = a.limbs.len().max(b.limbs.len()) + 1;
    let mut big = vm.allocate_big(count)?;
    let result = big.limbs();
    let (mut left, mut right) = (Complement { number: a, carry: true }, Complement { number: b, carry: true });
    for (index, limb) in result.iter_mut().enumerate() {
        *limb = operation(left.limb(index), right.limb(index));
    }
    let negative = result[count - 1] >> 63 == 1;
    if negative {
        result.iter_mut().for_each(|limb| *limb = !*limb);
        increment(result);
    }
    Ok(big.finish(negative))
}

/// `a / b` rounded to the nearest f64, ties to even; `None` when it overflows. `b` is not 0.
pub fn true_divide(a: Limbs, b: Limbs) -> Option<f64> {
    let negative = a.negative != b.negative;
    let sign = if negative { -1.0 } else { 1.0 };
    if a.limbs.is_empty() {
        // As CPython: 0 / -5 is -0.0.
        return Some(if b.negative { -0.0 } else { 0.0 });
    }
    const EXACT: u64 = 1 << 53;
    if let ([x], [y]) = (a.limbs, b.limbs)
        && *x <= EXACT
        && *y <= EXACT
    {
        return Some(sign * (*x as f64 / *y as f64));
    }
    // A quotient of at least 64 bits with a sticky bit, rounded once to the bits the result has room for.
    let exponent = a.bit_length() as i64 - b.bit_length() as i64;
    if exponent > 1025 {
        return None;
    }
    if exponent < -1080 {
        return Some(sign * 0.0);
    }
    let shift = 65 - exponent;
    let (x, y) = (UBig::from_words(a.limbs), UBig::from_words(b.limbs));
    let (x, y) = if shift >= 0 { (x << shift as usize, y) } else { (x, y << (-shift) as usize) };
    let (quotient, remainder) = x.div_rem(&y);
    let words = quotient.as_words();
    let quotient = u128::from(words[0]) | u128::from(words.get(1).copied().unwrap_or(0)) << 64;
    let result = round_scaled(quotient, !remainder.is_zero(), -shift);
    result.is_finite().then_some(sign * result)
}

/// `(value + a bit if sticky) * 2^exponent`, rounded once; `value` has more bits than a significand.
fn round_scaled(value: u128, sticky: bool, exponent: i64) -> f64 {
    let bits = i64::from(128 - value.leading_zeros());
    // Lowest bit of the result: 53 bits below its top, but not below the smallest subnormal.
    let lowest = (bits + exponent - 53).max(-1074);
    let drop = lowest - exponent;
    if drop > 127 {
        return 0.0;
    }
    let kept = value >> drop;
    let rest = value & ((1 << drop) - 1);
    let half = 1_u128 << (drop - 1);
    let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
    let significand = (kept as u64 + u64::from(up)) as f64;
    // Two steps: a power of two below 2^-1022 times 2^53 is exact, and so is each product.
    if lowest > 971 {
        return if lowest == 972 && significand == 0.0 {
            0.0
        } else {
            significand * 2f64.powi(971) * 2f64.powi((lowest - 971) as i32)
        };
    }
    significand * power_of_two(lowest)
}

/// `2^exponent` for exponents from -1074 to 1023.
fn power_of_two(exponent: i64) -> f64 {
    if exponent >= -1022 {
        f64::from_bits(((exponent + 1023) as u64) << 52)
    } else {
        f64::from_bits(1 << (exponent + 1074))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::object::ShapeId;
    use crate::runtime::operators::{self, Binary};

    struct Random(u64);

    impl Random {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }
        /// Limbs of zeros and ones are as likely as random ones: carries go far in them.
        fn integer(&mut self) -> IBig {
            let limbs: Vec<u64> = (0..self.next() % 5)
                .map(|_| match self.next() % 4 {
                    0 => 0,
                    1 => u64::MAX,
                    2 => self.next() >> (self.next() % 64),
                    _ => self.next(),
                })
                .collect();
            let sign = if self.next() & 1 == 0 { Sign::Positive } else { Sign::Negative };
            IBig::from_parts(sign, UBig::from_words(&limbs))
        }
    }

    fn to_ibig(value: Value) -> IBig {
        assert!(value.is_int() || value.has_layout(ShapeId::BIG_INT));
        let mut buffer = [0];
        let limbs = Limbs::of(value, &mut buffer);
        // Normal form: fixnums where they fit, no high zeros.
        assert!(limbs.limbs.last() != Some(&0));
        assert!(value.is_int() || limbs.bit_length() > 61, "{limbs:?}");
        limbs.to_ibig()
    }

    fn floor(a: &IBig, b: &IBig) -> (IBig, IBig) {
        let (quotient, remainder) = a.div_rem(b);
        if !remainder.is_zero() && remainder.sign() != b.sign() {
            return (quotient - IBig::ONE, remainder + b);
        }
        (quotient, remainder)
    }

    #[test]
    fn operators_agree_with_dashu() {
        let mut vm = Vm::new(Vec::new());
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..20_000 {
            let (a, b) = (random.integer(), random.integer());
            let x = vm.integer_big(&a).expect("memory");
            let y = vm.integer_big(&b).expect("memory");
            let mut check = |op: Binary, y: Value, expected: IBig| {
                let result = operators::binary(&mut vm, op, x, y, false).expect("no error");
                assert_eq!(to_ibig(result), expected, "{a} {op:?} {b}");
            };
            check(Binary::Add, y, &a + &b);
            check(Binary::Sub, y, &a - &b);
            check(Binary::Mul, y, &a * &b);
            check(Binary::BitAnd, y, &a & &b);
            check(Binary::BitOr, y, &a | &b);
            check(Binary::BitXor, y, &a ^ &b);
            if !b.is_zero() {
                let (quotient, remainder) = floor(&a, &b);
                check(Binary::FloorDiv, y, quotient);
                check(Binary::Mod, y, remainder);
            }
            let count = (random.next() % 200) as usize;
            check(Binary::LeftShift, Value::from_fixnum(count as i64), &a << count);
            check(Binary::RightShift, Value::from_fixnum(count as i64), &a >> count);
            let order = crate::runtime::compare::compare_integers(x, y);
            assert_eq!(order, a.cmp(&b), "{a} <=> {b}");
            let parsed = vm.integer_big(&a.to_string().parse().expect("digits")).expect("memory");
            assert_eq!(to_ibig(parsed), a);
        }
    }

    #[test]
    fn conversions_to_floats_round_to_even() {
        let mut random = Random(7);
        for _ in 0..20_000 {
            let a = random.integer();
            let (sign, words) = a.as_sign_words();
            let limbs = Limbs { negative: sign == Sign::Negative, limbs: words };
            // Rust parses decimal digits with correct rounding.
            let expected: f64 = a.to_string().parse().expect("digits");
            assert_eq!(limbs.to_f64(), Some(expected), "{a}");
            let one = Limbs { negative: false, limbs: &[1] };
            assert_eq!(true_divide(limbs, one), Some(expected), "{a} / 1");
        }
    }
}
