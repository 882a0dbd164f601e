//! Times as people type them on a command line: which part of a log is to be read.

/// Units a time may have, and their nanoseconds.
const UNITS: [(&str, f64); 5] = [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];

/// A time in nanoseconds from `1.5s`, `200ms`, `10us` or `5ns`; a plain number is seconds. The error is a sentence for
/// the user.
pub fn parse_ns(text: &str) -> Result<u64, String> {
    let found = UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (number, factor) = found.unwrap_or((text, 1e9));
    match number.trim().parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok((value * factor).round() as u64),
        _ => Err("a time is a number with s, ms, us or ns, e.g. 1.5s".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_parse_with_their_units() {
        let typed = ["1.5s", "200ms", "10us", "7ns", "2"].map(parse_ns);
        assert_eq!(typed, [1_500_000_000, 200_000_000, 10_000, 7, 2_000_000_000].map(Ok));
        assert!(parse_ns("-1s").is_err() && parse_ns("soon").is_err());
    }
}
