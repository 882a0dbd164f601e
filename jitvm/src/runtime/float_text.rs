//! Floats as text: the shortest digits that round-trip, and digits to a given precision.

/// Significant decimal digits `0.d1d2d3... * 10^point`, without sign; zero has the digits "0" and point 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Decimal {
    pub digits: String,
    pub point: i32,
}

impl Decimal {
    /// From Rust's `{:e}` format: `d.ddde-x`.
    fn from_scientific(text: &str) -> Decimal {
        let (mantissa, exponent) = text.split_once('e').expect("scientific format has an exponent");
        let digits = mantissa.replace('.', "");
        Decimal { digits, point: exponent.parse::<i32>().expect("the exponent is a number") + 1 }
    }

    /// The fewest digits that give the same float, and of those the nearest; halfway, the even ones.
    pub fn shortest(x: f64) -> Decimal {
        let shortest = format!("{:e}", x.abs());
        let decimal = Decimal::from_scientific(&shortest);
        // Rust rounds halves up here. They are possible only with many digits.
        if decimal.digits.len() >= 15 {
            let rounded = format!("{:.*e}", decimal.digits.len() - 1, x.abs());
            if rounded != shortest && rounded.parse() == Ok(x.abs()) {
                return Decimal::from_scientific(&rounded);
            }
        }
        decimal
    }

    /// Correctly rounded to `precision` significant digits (at least one).
    pub fn significant(x: f64, precision: usize) -> Decimal {
        Decimal::from_scientific(&format!("{:.*e}", precision.max(1) - 1, x.abs()))
    }
}

/// `repr(x)`.
pub fn repr(x: f64) -> String {
    if let Some(text) = not_finite(x) {
        return text.to_owned();
    }
    let decimal = Decimal::shortest(x);
    let sign = if x.is_sign_negative() { "-" } else { "" };
    let exponent = decimal.point - 1;
    if (-4..16).contains(&exponent) {
        let mut text = positional(&decimal);
        if !text.contains('.') {
            text.push_str(".0");
        }
        return format!("{sign}{text}");
    }
    format!("{sign}{}", scientific(&decimal.digits, exponent, 'e'))
}

/// `inf`, `-inf` or `nan`.
pub fn not_finite(x: f64) -> Option<&'static str> {
    if x.is_nan() {
        Some("nan")
    } else if x.is_infinite() {
        Some(if x > 0.0 { "inf" } else { "-inf" })
    } else {
        None
    }
}

/// Digits without an exponent, and without a point if they need none.
pub fn positional(decimal: &Decimal) -> String {
    let Decimal { digits, point } = decimal;
    if *point <= 0 {
        return format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize));
    }
    let whole = *point as usize;
    if digits.len() <= whole {
        return format!("{digits}{}", "0".repeat(whole - digits.len()));
    }
    format!("{}.{}", &digits[..whole], &digits[whole..])
}

/// `d.ddde+xx`, the exponent with a sign and at least two digits.
pub fn scientific(digits: &str, exponent: i32, letter: char) -> String {
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{rest}{letter}{sign}{:02}", exponent.unsigned_abs())
}

/// How `e`, `f`, `g` and `%` formats of a finite magnitude look; the sign is the caller's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FloatFormat {
    /// `e`, `f`, `g` or `r` (shortest digits, in the layout of `g` with the precision of `repr`).
    pub kind: char,
    pub precision: usize,
    /// `#`: keep the point and trailing zeros.
    pub alternate: bool,
    pub upper: bool,
    /// Like `g`, but always with a digit after the point (`repr`, and the empty format type).
    pub point_zero: bool,
}

/// The digits of a magnitude in a format.
pub fn format(x: f64, how: FloatFormat) -> String {
    let letter = if how.upper { 'E' } else { 'e' };
    let mut text = match how.kind {
        'f' => format!("{:.*}", how.precision, x.abs()),
        'e' => {
            let decimal = Decimal::significant(x, how.precision + 1);
            scientific(&decimal.digits, decimal.point - 1, letter)
        }
        _ => general(x, how, letter),
    };
    if how.alternate && !text.contains('.') {
        let at = text.find(letter).unwrap_or(text.len());
        text.insert(at, '.');
    }
    text
}

fn general(x: f64, how: FloatFormat, letter: char) -> String {
    let precision = how.precision.max(1);
    let mut decimal = if how.kind == 'r' { Decimal::shortest(x) } else { Decimal::significant(x, precision) };
    let exponent = if x == 0.0 { 0 } else { decimal.point - 1 };
    if !how.alternate {
        let kept = decimal.digits.trim_end_matches('0').len().max(1);
        decimal.digits.truncate(kept);
    }
    // With a digit after the point, one digit fewer fits before it.
    let limit = if how.kind == 'r' { 16 } else { precision as i32 - i32::from(how.point_zero) };
    if exponent < -4 || exponent >= limit.max(if how.point_zero { 0 } else { 1 }) {
        return scientific(&decimal.digits, exponent, letter);
    }
    let mut text = positional(&decimal);
    if how.point_zero && !text.contains('.') {
        text.push_str(".0");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repr_as_cpython() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (5e-324, "5e-324"),
            (251459337388340.62, "251459337388340.62"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ];
        for (x, text) in cases {
            assert_eq!(repr(x), text);
        }
    }

    #[test]
    fn repr_round_trips() {
        let mut bits = 0x1234_5678_9abc_def0_u64;
        for _ in 0..20_000 {
            bits = bits.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let x = f64::from_bits(bits);
            if x.is_finite() {
                assert_eq!(repr(x).parse::<f64>().expect("a float").to_bits(), x.to_bits());
            }
        }
    }
}
