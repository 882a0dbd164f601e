//! What variables, labels and guards of PyPy's IR are called, in words of a log of ours.

/// The type letter of a variable.
pub fn type_of(variable: &str) -> &'static str {
    match variable.as_bytes().first() {
        Some(b'i') => "int",
        Some(b'p' | b'r') => "ref",
        Some(b'f') => "float",
        Some(b'v') => "vec",
        _ => "",
    }
}

/// The number of a label.
pub fn token(descr: &str) -> Option<u64> {
    descr.strip_prefix("TargetToken(")?.strip_suffix(')')?.parse().ok()
}

/// The kind of a guard and what it expects, in words. A test of the map of an object is a test of its shape.
pub fn guard_words(name: &str, args: &[&str], on_map: bool) -> (String, String) {
    let what = args.get(1).copied().unwrap_or_default();
    let class = what.strip_prefix("ConstClass(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(what);
    match name {
        "guard_value" if on_map => ("guard_value (shape)".into(), format!("shape {what}")),
        "guard_class" | "guard_nonnull_class" | "guard_exact_class" => (format!("{name} (type)"), class.to_string()),
        "guard_value" => (name.into(), format!("== {what}")),
        "guard_true" | "guard_false" | "guard_isnull" | "guard_nonnull" => {
            (name.into(), name.trim_start_matches("guard_").to_string())
        }
        _ => (name.into(), what.to_string()),
    }
}
