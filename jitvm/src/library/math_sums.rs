//! The module `math`: sums, products and norms of many numbers, and the gamma function.

use super::math::{c, split_exponent};
use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::iterate::{self, Iteration};
use crate::runtime::operators;
use crate::runtime::sequences::items;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("math");
    "dist" Arity::Range(2, 2), dist, "Distance of two points.";
    "fsum" Arity::One, fsum, "Sum of floats without loss of precision.";
    "hypot" Arity::Free, hypot, "Length of a vector.";
    "prod" Arity::Free, prod, "Product of the items.";
}

fn prod(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [start] = arguments.only_keywords(vm, "prod", ["start"])?;
    let [iterable] = *arguments.positional() else {
        let given = arguments.positional().len();
        return Err(vm.type_error(format!("prod() takes exactly 1 positional argument ({given} given)")));
    };
    let mut total = start.unwrap_or(Value::from_fixnum(1));
    let mut iteration = Iteration::new(vm, iterable)?;
    while let Some(item) = iteration.next(vm)? {
        total = operators::mul(vm, total, item, false)?;
    }
    Ok(total)
}

/// Shewchuk's algorithm: partial sums that do not overlap hold the exact total.
fn fsum(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let mut partials: Vec<f64> = Vec::new();
    let (mut special, mut infinities) = (0.0, 0.0);
    let mut iteration = Iteration::new(vm, arguments.positional()[0])?;
    while let Some(item) = iteration.next(vm)? {
        let original = vm.to_f64(item)?;
        let mut x = original;
        let mut kept = 0;
        for index in 0..partials.len() {
            let mut y = partials[index];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let high = x + y;
            let low = y - (high - x);
            if low != 0.0 {
                partials[kept] = low;
                kept += 1;
            }
            x = high;
        }
        partials.truncate(kept);
        if x == 0.0 {
            continue;
        }
        if x.is_finite() {
            partials.push(x);
        } else if original.is_finite() {
            return Err(vm.overflow_error("intermediate overflow in fsum"));
        } else {
            if original.is_infinite() {
                infinities += original;
            }
            special += original;
            partials.clear();
        }
    }
    if special != 0.0 {
        if infinities.is_nan() {
            return Err(vm.value_error("-inf + inf in fsum"));
        }
        return Ok(vm.float(special));
    }
    let Some(mut high) = partials.pop() else { return Ok(vm.float(0.0)) };
    let mut low = 0.0;
    while let Some(y) = partials.pop() {
        let x = high;
        high = x + y;
        low = y - (high - x);
        if low != 0.0 {
            break;
        }
    }
    // Half-way cases are decided by the partials below.
    if let Some(&next) = partials.last()
        && ((low < 0.0 && next < 0.0) || (low > 0.0 && next > 0.0))
    {
        let twice = low * 2.0;
        let rounded = high + twice;
        if twice == rounded - high {
            high = rounded;
        }
    }
    Ok(vm.float(high))
}

fn hypot(vm: &mut Vm, arguments: Arguments) -> Outcome {
    if arguments.has_keywords() {
        return Err(vm.type_error("math.hypot() takes no keyword arguments"));
    }
    let mut coordinates = Vec::new();
    for &value in arguments.positional() {
        coordinates.push(vm.to_f64(value)?.abs());
    }
    Ok(vm.float(vector_norm(&coordinates)))
}

fn dist(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let p = iterate::tuple_of(vm, arguments.positional()[0])?;
    let q = iterate::tuple_of(vm, arguments.positional()[1])?;
    let (p, q) = (items(p), items(q));
    if p.len() != q.len() {
        return Err(vm.value_error("both points must have the same number of dimensions"));
    }
    let mut coordinates = Vec::new();
    for (&a, &b) in p.iter().zip(q) {
        let (x, y) = (vm.to_f64(a)?, vm.to_f64(b)?);
        coordinates.push((x - y).abs());
    }
    Ok(vm.float(vector_norm(&coordinates)))
}

/// A sum that starts at 1 and keeps what each addition rounds away; terms are small, so 1 dominates.
#[derive(Clone, Copy)]
struct Compensated {
    sum: f64,
    lost: [f64; 3],
}

impl Compensated {
    fn add(&mut self, term: f64, slot: usize) {
        let before = self.sum;
        self.sum += term;
        self.lost[slot] += (before - self.sum) + term;
    }
    fn less_one(&self) -> f64 {
        self.sum - 1.0 + (self.lost[0] + self.lost[1] + self.lost[2])
    }
}

/// Upper and lower half of a significand, so that products of halves are exact.
fn halves(x: f64) -> (f64, f64) {
    let t = x * 134_217_729.0;
    let high = t - (t - x);
    (high, x - high)
}

/// Euclidean norm of magnitudes, nearly correctly rounded: squares are summed exactly in halves, and the root gets one
/// correction step.
fn vector_norm(coordinates: &[f64]) -> f64 {
    if coordinates.iter().any(|x| x.is_infinite()) {
        return f64::INFINITY;
    }
    if coordinates.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let largest = coordinates.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 || coordinates.len() <= 1 {
        return largest;
    }
    let (_, exponent) = split_exponent(largest);
    let mut total = Compensated { sum: 1.0, lost: [0.0; 3] };
    if exponent < -1023 {
        for x in coordinates {
            let x = x / largest;
            total.add(x * x, 0);
        }
        return largest * total.less_one().sqrt();
    }
    let scale = c::ldexp(1.0, -exponent as i32);
    for x in coordinates {
        let (high, low) = halves(x * scale);
        total.add(high * high, 0);
        total.add(2.0 * high * low, 1);
        total.lost[2] += low * low;
    }
    let root = total.less_one().sqrt();
    let (high, low) = halves(root);
    total.add(-high * high, 0);
    total.add(-2.0 * high * low, 1);
    total.add(-low * low, 2);
    (root + total.less_one() / (2.0 * root)) / scale
}

/// Lanczos' approximation with g = 6.0246...: a quotient of polynomials.
const LANCZOS_G: f64 = 6.024_680_040_776_73;
#[allow(clippy::excessive_precision, reason = "the coefficients as published")]
const LANCZOS_NUMERATOR: [f64; 13] = [
    23531376880.410759688572007674451636754734846804940,
    42919803642.649098768957899047001988850926355848959,
    35711959237.355668049440185451547166705960488635843,
    17921034426.037209699919755754458931112671403265390,
    6039542586.3520280050642916443072979210699388420708,
    1439720407.3117216736632230727949123939715485786372,
    248874557.86205415651146038641322942321632125127801,
    31426415.585400194380614231628318205362874684987640,
    2876370.6289353724412254090516208496135991145378768,
    186056.26539522349504029498971604569928220784236328,
    8071.6720023658162106380029022722506138218516325024,
    210.82427775157934587250973392071336271166969580291,
    2.5066282746310002701649081771338373386264310793408,
];
const LANCZOS_DENOMINATOR: [f64; 13] = [
    0.0,
    39916800.0,
    120543840.0,
    150917976.0,
    105258076.0,
    45995730.0,
    13339535.0,
    2637558.0,
    357423.0,
    32670.0,
    1925.0,
    66.0,
    1.0,
];

fn lanczos_sum(x: f64) -> f64 {
    let (mut numerator, mut denominator) = (0.0, 0.0);
    // From the end that keeps terms small.
    if x < 5.0 {
        for index in (0..13).rev() {
            numerator = numerator * x + LANCZOS_NUMERATOR[index];
            denominator = denominator * x + LANCZOS_DENOMINATOR[index];
        }
    } else {
        for index in 0..13 {
            numerator = numerator / x + LANCZOS_NUMERATOR[index];
            denominator = denominator / x + LANCZOS_DENOMINATOR[index];
        }
    }
    numerator / denominator
}

/// Sine of pi times `x`, exact in the argument's reduction.
fn sin_pi(x: f64) -> f64 {
    use std::f64::consts::PI;
    let y = x.abs() % 2.0;
    let result = match (2.0 * y).round() as i32 {
        0 => (PI * y).sin(),
        1 => (PI * (y - 0.5)).cos(),
        2 => (PI * (1.0 - y)).sin(),
        3 => -(PI * (y - 1.5)).cos(),
        _ => (PI * (y - 2.0)).sin(),
    };
    1f64.copysign(x) * result
}

/// The gamma function; NaN at its poles, infinite where it overflows.
pub fn gamma(x: f64) -> f64 {
    if !x.is_finite() {
        return if x == f64::NEG_INFINITY { f64::NAN } else { x };
    }
    if x == 0.0 || (x < 0.0 && x == x.floor()) {
        return f64::NAN;
    }
    if x == x.floor() && x <= 23.0 {
        return (2..x as u64).map(|factor| factor as f64).product();
    }
    let magnitude = x.abs();
    if magnitude < 1e-20 {
        return 1.0 / x;
    }
    if magnitude > 200.0 {
        return if x < 0.0 { 0.0 / sin_pi(x) } else { f64::INFINITY };
    }
    let y = magnitude + LANCZOS_G - 0.5;
    // What rounding `y` lost.
    let lost = if magnitude > LANCZOS_G - 0.5 {
        (y - magnitude) - (LANCZOS_G - 0.5)
    } else {
        (y - (LANCZOS_G - 0.5)) - magnitude
    };
    let z = lost * LANCZOS_G / y;
    let root = |result: f64, divide: bool| {
        let exponent = if magnitude < 140.0 { magnitude - 0.5 } else { magnitude / 2.0 - 0.25 };
        let power = y.powf(exponent);
        let times = if magnitude < 140.0 { 1 } else { 2 };
        (0..times).fold(result, |result, _| if divide { result / power } else { result * power })
    };
    if x < 0.0 {
        let mut result = -std::f64::consts::PI / sin_pi(magnitude) / magnitude * y.exp() / lanczos_sum(magnitude);
        result -= z * result;
        root(result, true)
    } else {
        let mut result = lanczos_sum(magnitude) / y.exp();
        result += z * result;
        root(result, false)
    }
}

/// Natural logarithm of the gamma function's magnitude; infinite at its poles.
pub fn lgamma(x: f64) -> f64 {
    if !x.is_finite() {
        return if x.is_nan() { x } else { f64::INFINITY };
    }
    if x == x.floor() && x <= 2.0 {
        return if x <= 0.0 { f64::NAN } else { 0.0 };
    }
    let magnitude = x.abs();
    if magnitude < 1e-20 {
        return -magnitude.ln();
    }
    let mut result = lanczos_sum(magnitude).ln() - LANCZOS_G;
    result += (magnitude - 0.5) * ((magnitude + LANCZOS_G - 0.5).ln() - 1.0);
    if x < 0.0 {
        result = std::f64::consts::PI.ln() - sin_pi(magnitude).abs().ln() - magnitude.ln() - result;
    }
    result
}
