//! The module `math`: functions of one or two floats, rounding, constants.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::iterate::to_index;
use crate::runtime::numbers::{Limbs, as_float, as_i64, as_integer};
use crate::runtime::object::ShapeId;
use crate::runtime::percent_format::float_to_integer;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Raised, Vm};

builtins! {
    FUNCTIONS of Owner::Module("math");
    "acos" Arity::One, acos, "Arc cosine in radians.";
    "acosh" Arity::One, acosh, "Inverse hyperbolic cosine.";
    "asin" Arity::One, asin, "Arc sine in radians.";
    "asinh" Arity::One, asinh, "Inverse hyperbolic sine.";
    "atan" Arity::One, atan, "Arc tangent in radians.";
    "atan2" Arity::Range(2, 2), atan2, "Arc tangent of y/x in the right quadrant.";
    "atanh" Arity::One, atanh, "Inverse hyperbolic tangent.";
    "cbrt" Arity::One, cbrt, "Cube root.";
    "ceil" Arity::One, ceil, "Smallest int not below.";
    "copysign" Arity::Range(2, 2), copysign, "Magnitude of the first with the sign of the second.";
    "cos" Arity::One, cos, "Cosine of radians.";
    "cosh" Arity::One, cosh, "Hyperbolic cosine.";
    "degrees" Arity::One, degrees, "Radians as degrees.";
    "erf" Arity::One, erf, "Error function.";
    "erfc" Arity::One, erfc, "Complementary error function.";
    "exp" Arity::One, exp, "Power of e.";
    "exp2" Arity::One, exp2, "Power of 2.";
    "expm1" Arity::One, expm1, "Power of e less 1.";
    "fabs" Arity::One, fabs, "Absolute value as a float.";
    "floor" Arity::One, floor, "Largest int not above.";
    "fmod" Arity::Range(2, 2), fmod, "Remainder with the sign of the first.";
    "frexp" Arity::One, frexp, "Significand below 1 and exponent.";
    "gamma" Arity::One, gamma, "Gamma function.";
    "isclose" Arity::Free, isclose, "True if two numbers are nearly equal.";
    "isfinite" Arity::One, isfinite, "True if neither infinite nor NaN.";
    "isinf" Arity::One, isinf, "True if infinite.";
    "isnan" Arity::One, isnan, "True if NaN.";
    "ldexp" Arity::Range(2, 2), ldexp, "x times a power of 2.";
    "lgamma" Arity::One, lgamma, "Logarithm of the gamma function's magnitude.";
    "log" Arity::Free, log, "Logarithm, natural or to a base.";
    "log10" Arity::One, log10, "Logarithm to base 10.";
    "log1p" Arity::One, log1p, "Natural logarithm of 1+x.";
    "log2" Arity::One, log2, "Logarithm to base 2.";
    "modf" Arity::One, modf, "Fraction and whole part.";
    "nextafter" Arity::Range(2, 2), nextafter, "The next float in a direction.";
    "pow" Arity::Range(2, 2), pow, "Power of floats.";
    "radians" Arity::One, radians, "Degrees as radians.";
    "remainder" Arity::Range(2, 2), remainder, "Remainder of the nearest quotient.";
    "sin" Arity::One, sin, "Sine of radians.";
    "sinh" Arity::One, sinh, "Hyperbolic sine.";
    "sqrt" Arity::One, sqrt, "Square root.";
    "tan" Arity::One, tan, "Tangent of radians.";
    "tanh" Arity::One, tanh, "Hyperbolic tangent.";
    "trunc" Arity::One, trunc, "The int towards zero.";
    "ulp" Arity::One, ulp, "Value of the least significant bit.";
}

pub fn fill(vm: &mut Vm, module: Value) -> Outcome<()> {
    use std::f64::consts;
    let constants =
        [("pi", consts::PI), ("e", consts::E), ("tau", consts::TAU), ("inf", f64::INFINITY), ("nan", f64::NAN)];
    for (name, x) in constants {
        let value = vm.float(x);
        vm.set_global(module, name, value);
    }
    Ok(())
}

pub(super) mod c {
    //! What the C library has and Rust's `f64` does not.
    unsafe extern "C" {
        pub safe fn erf(x: f64) -> f64;
        pub safe fn erfc(x: f64) -> f64;
        pub safe fn remainder(x: f64, y: f64) -> f64;
        pub safe fn nextafter(x: f64, y: f64) -> f64;
        pub safe fn acosh(x: f64) -> f64;
        pub safe fn asinh(x: f64) -> f64;
        pub safe fn atanh(x: f64) -> f64;
        pub safe fn ldexp(x: f64, exponent: i32) -> f64;
    }
}

/// The C library's, whose last digit is not always that of the one Rust links.
fn cube_root(x: f64) -> f64 {
    static OF_C: std::sync::OnceLock<Option<extern "C" fn(f64) -> f64>> = std::sync::OnceLock::new();
    let of_c = OF_C.get_or_init(|| {
        // SAFETY: the name ends with a zero; what has it in the C library is a function of this type.
        unsafe {
            let found = libc::dlsym(libc::RTLD_DEFAULT, c"cbrt".as_ptr());
            (!found.is_null()).then(|| std::mem::transmute::<*mut libc::c_void, extern "C" fn(f64) -> f64>(found))
        }
    });
    of_c.map_or_else(|| x.cbrt(), |of_c| of_c(x))
}

fn domain_error(vm: &mut Vm) -> Raised {
    vm.value_error("math domain error")
}

fn range_error(vm: &mut Vm) -> Raised {
    vm.overflow_error("math range error")
}

fn argument(vm: &mut Vm, arguments: Arguments, index: usize) -> Outcome<f64> {
    vm.to_f64(arguments.positional()[index])
}

/// A function whose infinite results from finite arguments are range errors, or domain errors if it has poles.
fn apply(vm: &mut Vm, arguments: Arguments, overflows: bool, function: fn(f64) -> f64) -> Outcome {
    let x = argument(vm, arguments, 0)?;
    let result = function(x);
    if result.is_nan() && !x.is_nan() {
        return Err(domain_error(vm));
    }
    if result.is_infinite() && x.is_finite() {
        return Err(if overflows { range_error(vm) } else { domain_error(vm) });
    }
    Ok(vm.float(result))
}

macro_rules! plain_functions {
    ($($name:ident $overflows:literal $function:expr;)*) => {
        $(fn $name(vm: &mut Vm, arguments: Arguments) -> Outcome {
            apply(vm, arguments, $overflows, $function)
        })*
    };
}

plain_functions! {
    acos false f64::acos;
    acosh false |x| c::acosh(x);
    asin false f64::asin;
    asinh false |x| c::asinh(x);
    atan false f64::atan;
    atanh false |x| c::atanh(x);
    cbrt false cube_root;
    cos false f64::cos;
    cosh true f64::cosh;
    erf false |x| c::erf(x);
    erfc false |x| c::erfc(x);
    exp true f64::exp;
    exp2 true f64::exp2;
    expm1 true f64::exp_m1;
    fabs false f64::abs;
    gamma true super::math_sums::gamma;
    lgamma true super::math_sums::lgamma;
    log1p false f64::ln_1p;
    sin false f64::sin;
    sinh true f64::sinh;
    sqrt false f64::sqrt;
    tan false f64::tan;
    tanh false f64::tanh;
}

/// What the method of an instance gives, if its class has one.
fn by_method(vm: &mut Vm, value: Value, name: &str) -> Option<Outcome> {
    if !value.is_instance() {
        return None;
    }
    let name = vm.intern(name);
    let method = vm.special(value, name)?;
    Some(crate::runtime::descriptors::call_unbound(vm, method, value, &[]))
}

macro_rules! integer_results {
    ($($name:ident $round:expr;)*) => {
        $(fn $name(vm: &mut Vm, arguments: Arguments) -> Outcome {
            let value = arguments.positional()[0];
            if let Some(integer) = as_integer(value) {
                return Ok(integer);
            }
            if let Some(result) = by_method(vm, value, concat!("__", stringify!($name), "__")) {
                return result;
            }
            let x = vm.to_f64(value)?;
            float_to_integer(vm, $round(x))
        })*
    };
}

integer_results! {
    ceil f64::ceil;
    floor f64::floor;
}

fn trunc(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    if let Some(integer) = as_integer(value) {
        return Ok(integer);
    }
    match as_float(value) {
        Some(x) => float_to_integer(vm, x),
        None => {
            if let Some(result) = by_method(vm, value, "__trunc__") {
                return result;
            }
            let name = vm.type_name(value);
            Err(vm.type_error(format!("type {name} doesn't define __trunc__ method")))
        }
    }
}

fn degrees(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let x = argument(vm, arguments, 0)?;
    Ok(vm.float(x * (180.0 / std::f64::consts::PI)))
}

fn radians(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let x = argument(vm, arguments, 0)?;
    Ok(vm.float(x * (std::f64::consts::PI / 180.0)))
}

fn atan2(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (y, x) = (argument(vm, arguments, 0)?, argument(vm, arguments, 1)?);
    Ok(vm.float(y.atan2(x)))
}

fn copysign(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (x, y) = (argument(vm, arguments, 0)?, argument(vm, arguments, 1)?);
    Ok(vm.float(x.copysign(y)))
}

fn fmod(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (x, y) = (argument(vm, arguments, 0)?, argument(vm, arguments, 1)?);
    two_float_result(vm, x, y, x % y)
}

fn remainder(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (x, y) = (argument(vm, arguments, 0)?, argument(vm, arguments, 1)?);
    two_float_result(vm, x, y, c::remainder(x, y))
}

fn two_float_result(vm: &mut Vm, x: f64, y: f64, result: f64) -> Outcome {
    if result.is_nan() && !x.is_nan() && !y.is_nan() {
        return Err(domain_error(vm));
    }
    Ok(vm.float(result))
}

fn nextafter(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (x, y) = (argument(vm, arguments, 0)?, argument(vm, arguments, 1)?);
    Ok(vm.float(c::nextafter(x, y)))
}

fn pow(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (x, y) = (argument(vm, arguments, 0)?, argument(vm, arguments, 1)?);
    let result = x.powf(y);
    if result.is_nan() && !x.is_nan() && !y.is_nan() {
        return Err(domain_error(vm));
    }
    if result.is_infinite() && x.is_finite() && y.is_finite() {
        return Err(if x == 0.0 { domain_error(vm) } else { range_error(vm) });
    }
    Ok(vm.float(result))
}

fn ulp(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let x = argument(vm, arguments, 0)?.abs();
    if !x.is_finite() {
        return Ok(vm.float(x));
    }
    let above = x.next_up();
    Ok(vm.float(if above.is_infinite() { x - x.next_down() } else { above - x }))
}

/// The logarithm of a number; ints too large for a float are taken apart.
fn logarithm(vm: &mut Vm, value: Value, function: fn(f64) -> f64) -> Outcome<f64> {
    if value.has_layout(ShapeId::BIG_INT) {
        let number = Limbs::of_big(value);
        if number.negative {
            return Err(domain_error(vm));
        }
        if let Some(x) = number.to_f64() {
            return Ok(function(x));
        }
        let bits = number.bit_length();
        // The top 64 bits as a significand in [0.5, 1).
        let significand = number.bits_from(bits - 64) as f64 / 2f64.powi(64);
        return Ok(function(significand) + function(2.0) * bits as f64);
    }
    let x = vm.to_f64(value)?;
    if x <= 0.0 {
        return Err(domain_error(vm));
    }
    Ok(function(x))
}

fn log(vm: &mut Vm, arguments: Arguments) -> Outcome {
    if arguments.has_keywords() {
        return Err(vm.type_error("math.log() takes no keyword arguments"));
    }
    match *arguments.positional() {
        [value] => {
            let result = logarithm(vm, value, f64::ln)?;
            Ok(vm.float(result))
        }
        [value, base] => {
            let numerator = logarithm(vm, value, f64::ln)?;
            let denominator = logarithm(vm, base, f64::ln)?;
            if denominator == 0.0 {
                return Err(vm.zero_division_error("float division by zero"));
            }
            Ok(vm.float(numerator / denominator))
        }
        _ => Err(vm.type_error("math.log requires 1 to 2 arguments")),
    }
}

fn log2(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let result = logarithm(vm, arguments.positional()[0], f64::log2)?;
    Ok(vm.float(result))
}

fn log10(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let result = logarithm(vm, arguments.positional()[0], f64::log10)?;
    Ok(vm.float(result))
}

fn isnan(vm: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(Value::from_bool(argument(vm, arguments, 0)?.is_nan()))
}

fn isinf(vm: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(Value::from_bool(argument(vm, arguments, 0)?.is_infinite()))
}

fn isfinite(vm: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(Value::from_bool(argument(vm, arguments, 0)?.is_finite()))
}

fn modf(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let x = argument(vm, arguments, 0)?;
    let (fraction, whole) =
        if x.is_infinite() { (0f64.copysign(x), x) } else { ((x - x.trunc()).copysign(x), x.trunc()) };
    let (fraction, whole) = (vm.float(fraction), vm.float(whole));
    vm.tuple(&[fraction, whole])
}

fn frexp(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let x = argument(vm, arguments, 0)?;
    let (significand, exponent) = split_exponent(x);
    let significand = vm.float(significand);
    vm.tuple(&[significand, Value::from_fixnum(exponent)])
}

/// `x` as a significand in [0.5, 1) and a power of two.
pub fn split_exponent(x: f64) -> (f64, i64) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    // Subnormals are scaled into the normal range first.
    let (x, bias) = if x.abs() < f64::MIN_POSITIVE { (x * 2f64.powi(64), 64) } else { (x, 0) };
    let raw = (x.to_bits() >> 52 & 0x7ff) as i64;
    let significand = f64::from_bits(x.to_bits() & !(0x7ff << 52) | 1022 << 52);
    (significand, raw - 1022 - bias)
}

fn ldexp(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let x = argument(vm, arguments, 0)?;
    let exponent = arguments.positional()[1];
    let Some(integer) = as_integer(exponent) else {
        return Err(vm.type_error("Expected an int as second argument to ldexp."));
    };
    let exponent = as_i64(integer).unwrap_or_else(|| if Limbs::of_big(integer).negative { i64::MIN } else { i64::MAX });
    let limit = i64::from(i32::MAX);
    let result = c::ldexp(x, exponent.clamp(-limit, limit) as i32);
    if result.is_infinite() && x.is_finite() {
        return Err(range_error(vm));
    }
    Ok(vm.float(result))
}

fn isclose(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [a, b, relative, absolute] = arguments.only_keywords(vm, "isclose", ["a", "b", "rel_tol", "abs_tol"])?;
    let values = arguments.positional();
    if values.len() > 2 {
        let given = values.len();
        return Err(vm.type_error(format!("isclose() takes exactly 2 positional arguments ({given} given)")));
    }
    let mut numbers = [0.0; 2];
    for (index, (name, keyword)) in [("a", a), ("b", b)].into_iter().enumerate() {
        let Some(value) = keyword.or(arguments.get(index)) else {
            let position = index + 1;
            let message = format!("isclose() missing required argument '{name}' (pos {position})");
            return Err(vm.type_error(message));
        };
        numbers[index] = vm.to_f64(value)?;
    }
    let [a, b] = numbers;
    let relative = relative.map_or(Ok(1e-9), |value| vm.to_f64(value))?;
    let absolute = absolute.map_or(Ok(0.0), |value| vm.to_f64(value))?;
    if relative < 0.0 || absolute < 0.0 {
        return Err(vm.value_error("tolerances must be non-negative"));
    }
    if a == b {
        return Ok(Value::TRUE);
    }
    let difference = (b - a).abs();
    let near = difference <= (relative * b).abs() || difference <= (relative * a).abs() || difference <= absolute;
    Ok(Value::from_bool(a.is_finite() && b.is_finite() && near))
}

/// An int argument of a function on ints.
pub fn integer_argument(vm: &mut Vm, value: Value) -> Outcome {
    match as_integer(value) {
        Some(integer) => Ok(integer),
        None => to_index(vm, value).map(Value::from_fixnum),
    }
}
