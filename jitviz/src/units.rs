//! Numbers as people read them: durations, sizes, counts and shares, each with three significant digits at most.

/// A duration: `812 ns`, `8.31 µs`, `12.1 ms`, `1.24 s`, `3 min 12 s`.
pub fn ns(value: u64) -> String {
    const STEPS: [(u64, &str); 3] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")];
    if value >= 120_000_000_000 {
        let seconds = value / 1_000_000_000;
        return format!("{} min {} s", count(seconds / 60), seconds % 60);
    }
    for (step, unit) in STEPS {
        // 999 999 ns would print as 1000 µs: rounding decides which unit is next.
        if value as f64 / step as f64 >= 0.9995 {
            return format!("{} {unit}", three(value as f64 / step as f64));
        }
    }
    format!("{value} ns")
}

/// A size in binary units: `212 B`, `14.2 KiB`, `1.50 GiB`.
pub fn bytes(value: u64) -> String {
    const STEPS: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (step, unit) in STEPS {
        if value >= step {
            return format!("{} {unit}", three(value as f64 / step as f64));
        }
    }
    format!("{value} B")
}

/// A count, with thousands apart: `12,330`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun in the right number: `1 loop`, `2 loops`.
pub fn plural(value: u64, one: &str) -> String {
    let many = match one {
        "entry" => "entries".to_string(),
        "class" => "classes".to_string(),
        one => format!("{one}s"),
    };
    format!("{} {}", count(value), if value == 1 { one } else { &many })
}

/// A share of a whole as a percentage; nothing when there is no whole.
pub fn share(part: u64, whole: u64) -> Option<String> {
    (whole > 0).then(|| format!("{} %", three(part as f64 * 100.0 / whole as f64)))
}

/// A part of 1 as a percentage.
pub fn percent(part: f64) -> String {
    match part * 100.0 {
        percent if percent > 0.0 && percent < 0.005 => "under 0.01 %".into(),
        percent => format!("{} %", three(percent)),
    }
}

fn three(value: f64) -> String {
    if value >= 99.95 {
        count(value.round() as u64)
    } else if value >= 9.995 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_round_into_the_right_unit() {
        let shown: Vec<String> =
            [0, 999, 1_000, 8_310, 999_900, 12_100_000, 1_240_000_000, 192_000_000_000].map(ns).into();
        assert_eq!(shown, ["0 ns", "999 ns", "1.00 µs", "8.31 µs", "1.00 ms", "12.1 ms", "1.24 s", "3 min 12 s"]);
        assert_eq!(ns(u64::MAX), "307,445,734 min 33 s");
    }

    #[test]
    fn sizes_and_counts() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(14_541), "14.2 KiB");
        assert_eq!(bytes(u64::MAX), "16,777,216 TiB");
        assert_eq!((count(7), count(1234), count(1_234_567)), ("7".into(), "1,234".into(), "1,234,567".into()));
        assert_eq!(plural(1, "entry"), "1 entry");
        assert_eq!(plural(2, "entry"), "2 entries");
    }

    #[test]
    fn a_share_of_nothing_is_nothing() {
        assert_eq!(share(1, 0), None);
        assert_eq!(share(1, 3).as_deref(), Some("33.3 %"));
    }
}
