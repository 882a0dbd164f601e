//! What a guard expected, in the words the rest of jitviz uses: `%12 < %3` instead of the writer's `0012 < 0003`.
//!
//! jitvm copies operands from the text of its IR, where an instruction is four digits and a constant integer carries a
//! sign. Everywhere else here an instruction is `%12` and a constant is itself, so both are rewritten.

/// The text with operands as the listings show them; nothing if there is no text.
pub fn expected(raw: &str) -> Option<String> {
    let words: Vec<String> = raw.split(' ').map(word).collect();
    (!raw.is_empty()).then(|| words.join(" "))
}

fn word(word: &str) -> String {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match word.strip_prefix('+') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest.to_string(),
        _ if word.len() == 4 && digits(word) => format!("%{}", word.trim_start_matches('0').parse().unwrap_or(0u32)),
        _ => word.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_read_as_in_the_listings() {
        for (raw, shown) in [
            ("0012 < 0003", "%12 < %3"),
            ("!= +1", "!= 1"),
            ("+5 <= 0037", "5 <= %37"),
            ("== 0000", "== %0"),
            ("fits 62 bits", "fits 62 bits"),
            ("an int of at most 62 bits", "an int of at most 62 bits"),
            ("+", "+"),
        ] {
            assert_eq!(expected(raw).as_deref(), Some(shown));
        }
        assert_eq!(expected(""), None);
    }
}
