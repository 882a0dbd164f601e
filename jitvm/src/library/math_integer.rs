//! The module `math`: functions of ints.

use dashu_int::ops::{DivRem, Gcd};
use dashu_int::{IBig, UBig};

use super::math::integer_argument;
use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::numbers::{Limbs, as_i64};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("math");
    "comb" Arity::Range(2, 2), comb, "Ways to choose k of n.";
    "factorial" Arity::One, factorial, "Product of all ints up to n.";
    "gcd" Arity::Free, gcd, "Greatest common divisor.";
    "isqrt" Arity::One, isqrt, "Square root rounded down.";
    "lcm" Arity::Free, lcm, "Least common multiple.";
    "perm" Arity::Range(1, 2), perm, "Ways to choose k of n in order.";
}

fn magnitude(value: Value) -> UBig {
    let mut buffer = [0];
    UBig::from_words(Limbs::of(value, &mut buffer).limbs)
}

fn is_negative(value: Value) -> bool {
    let mut buffer = [0];
    Limbs::of(value, &mut buffer).negative
}

fn result(vm: &mut Vm, value: UBig) -> Outcome {
    vm.integer_big(&IBig::from(value))
}

fn gcd(vm: &mut Vm, arguments: Arguments) -> Outcome {
    fold(vm, arguments, UBig::ZERO, |a, b| if a.is_zero() || b.is_zero() { a + b } else { a.gcd(b) })
}

fn lcm(vm: &mut Vm, arguments: Arguments) -> Outcome {
    fold(vm, arguments, UBig::ONE, |a, b| {
        if a.is_zero() || b.is_zero() {
            return UBig::ZERO;
        }
        let divisor = (&a).gcd(&b);
        a / divisor * b
    })
}

fn fold(vm: &mut Vm, arguments: Arguments, start: UBig, step: fn(UBig, UBig) -> UBig) -> Outcome {
    let mut total = start;
    for &value in arguments.positional() {
        let integer = integer_argument(vm, value)?;
        total = step(total, magnitude(integer));
    }
    result(vm, total)
}

fn isqrt(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let integer = integer_argument(vm, arguments.positional()[0])?;
    if is_negative(integer) {
        return Err(vm.value_error("isqrt() argument must be nonnegative"));
    }
    result(vm, magnitude(integer).nth_root(2))
}

/// The product of `low..=high`, by halves so that factors are of similar size.
fn product(low: u64, high: u64) -> UBig {
    match high.checked_sub(low) {
        None => UBig::ONE,
        Some(count) if count < 8 => (low..=high).fold(UBig::ONE, |total, factor| total * factor),
        Some(count) => {
            let middle = low + count / 2;
            product(low, middle) * product(middle + 1, high)
        }
    }
}

fn factorial(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let integer = integer_argument(vm, arguments.positional()[0])?;
    if is_negative(integer) {
        return Err(vm.value_error("factorial() not defined for negative values"));
    }
    match as_i64(integer) {
        Some(n) => result(vm, product(2, n as u64)),
        None => {
            let limit = i64::MAX;
            Err(vm.overflow_error(format!("factorial() argument should not exceed {limit}")))
        }
    }
}

/// `n * (n - 1) * ...`, `k` factors.
fn falling(n: &UBig, k: u64) -> UBig {
    match u64::try_from(n) {
        Ok(n) => product(n - k + 1, n),
        Err(_) => (0..k).fold(UBig::ONE, |total, index| total * (n - UBig::from(index))),
    }
}

/// `n` and `k` of a choice, checked.
fn choice(vm: &mut Vm, n: Value, k: Value) -> Outcome<(UBig, UBig)> {
    let (n, k) = (integer_argument(vm, n)?, integer_argument(vm, k)?);
    for (name, value) in [("n", n), ("k", k)] {
        if is_negative(value) {
            return Err(vm.value_error(format!("{name} must be a non-negative integer")));
        }
    }
    Ok((magnitude(n), magnitude(k)))
}

fn too_many(vm: &mut Vm, name: &str) -> crate::runtime::vm::Raised {
    let limit = i64::MAX;
    vm.overflow_error(format!("{name} must not exceed {limit}"))
}

fn perm(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let Some(&k) = values.get(1).filter(|&&k| k != Value::NONE) else {
        return factorial(vm, Arguments::positional_only(&values[..1]));
    };
    let (n, k) = choice(vm, values[0], k)?;
    if k > n {
        return Ok(Value::from_fixnum(0));
    }
    match u64::try_from(&k) {
        Ok(k) => result(vm, falling(&n, k)),
        Err(_) => Err(too_many(vm, "k")),
    }
}

fn comb(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let (n, k) = choice(vm, values[0], values[1])?;
    if k > n {
        return Ok(Value::from_fixnum(0));
    }
    let k = (&n - &k).min(k);
    match u64::try_from(&k) {
        Ok(k) => {
            let (quotient, _) = falling(&n, k).div_rem(product(2, k));
            result(vm, quotient)
        }
        Err(_) => Err(too_many(vm, "min(n - k, k)")),
    }
}
