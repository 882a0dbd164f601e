//! The filter of a list: words and `key:value` conditions, which rows must meet all.
//!
//! Keys are those of the row's JSON, so what a filter can ask is what `--json` prints.

use serde_json::Value;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub text: String,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    /// Rows that meet it are left out.
    not: bool,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    /// Stands anywhere in the line as it is shown.
    Word(String),
    Holds(String, String),
    Above(String, u64),
    Below(String, u64),
}

impl Filter {
    pub fn new(text: &str) -> Filter {
        let conditions = text.split_whitespace().filter_map(condition).collect();
        Filter { text: text.to_string(), conditions }
    }

    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether a row, as it is shown and as its JSON, meets every condition.
    pub fn accepts(&self, shown: &str, row: &impl serde::Serialize) -> bool {
        if self.is_empty() {
            return true;
        }
        let value = serde_json::to_value(row).unwrap_or_default();
        let shown = shown.to_lowercase();
        self.conditions.iter().all(|c| c.test.holds(&shown, &value) != c.not)
    }

    /// A key no row has, which is more likely a slip than meant.
    pub fn unknown_key(&self, row: &impl serde::Serialize) -> Option<String> {
        let value = serde_json::to_value(row).unwrap_or_default();
        let keys = self.conditions.iter().filter_map(|c| match &c.test {
            Test::Word(_) => None,
            Test::Holds(key, _) | Test::Above(key, _) | Test::Below(key, _) => Some(key),
        });
        keys.into_iter().find(|key| find(&value, key).is_none()).cloned()
    }
}

fn condition(word: &str) -> Option<Condition> {
    let (not, word) = match word.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    let word = word.to_lowercase();
    let number = |text: &str| number(text);
    let split = |sign: char| word.split_once(sign).filter(|(key, value)| !key.is_empty() && !value.is_empty());
    let test = if let Some((key, value)) = split(':') {
        Test::Holds(key.into(), value.into())
    } else if let Some((key, value)) = split('>').and_then(|(k, v)| Some((k, number(v)?))) {
        Test::Above(key.into(), value)
    } else if let Some((key, value)) = split('<').and_then(|(k, v)| Some((k, number(v)?))) {
        Test::Below(key.into(), value)
    } else if word.is_empty() || word.ends_with(':') {
        // Still being typed.
        return None;
    } else {
        Test::Word(word)
    };
    Some(Condition { not, test })
}

/// `1500`, `2k`, `3ms`, `4us`, `1s`, `8kib`
fn number(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let factor = match &text[digits..] {
        "" | "ns" | "b" => 1.0,
        "k" | "us" | "µs" => 1e3,
        "m" | "ms" => 1e6,
        "g" | "s" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        _ => return None,
    };
    Some((text[..digits].parse::<f64>().ok()? * factor) as u64)
}

/// The value of a key; `time` also finds `time_ns`, `state:interp` the time in that state.
fn find<'v>(row: &'v Value, key: &str) -> Option<&'v Value> {
    let row = row.as_object()?;
    row.get(key).or_else(|| row.get(&format!("{key}_ns"))).or_else(|| row.get(&format!("{key}_bytes")))
}

impl Test {
    fn holds(&self, shown: &str, row: &Value) -> bool {
        let number = |key: &str| find(row, key).and_then(Value::as_u64);
        match self {
            Test::Word(word) => shown.contains(word),
            Test::Above(key, than) => number(key).is_some_and(|n| n > *than),
            Test::Below(key, than) => number(key).is_some_and(|n| n < *than),
            // Rows about places have time by state instead of a state.
            Test::Holds(key, value) if key == "state" && find(row, key).is_none() => {
                number(value).is_some_and(|ns| ns > 0)
            }
            Test::Holds(key, value) => match find(row, key) {
                Some(Value::String(text)) => text.to_lowercase().contains(value),
                Some(Value::Number(n)) => value.split(',').any(|one| n.to_string() == one),
                Some(Value::Bool(b)) => b.to_string().starts_with(value.as_str()) || (*b == (value == "yes")),
                Some(Value::Array(list)) => list.iter().any(|v| v.to_string().to_lowercase().contains(value)),
                _ => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn accepts(filter: &str) -> bool {
        let row = json!({"line": 12, "kind": "G_INT", "failures": 330, "time_ns": 2_000_000, "file": "/a/Demo.py"});
        Filter::new(filter).accepts("Demo.py:12 G_INT", &row)
    }

    #[test]
    fn conditions_are_all_met() {
        for yes in [
            "",
            "line:12",
            "kind:int",
            "kind:INT line:12",
            "demo",
            "-bridge",
            "line:3,12",
            "failures>329",
            "time>1ms",
            "file:demo",
        ] {
            assert!(accepts(yes), "{yes}");
        }
        for no in ["line:1", "kind:flt", "line:12 kind:flt", "-demo", "failures>330", "time<1ms", "nokey:1"] {
            assert!(!accepts(no), "{no}");
        }
    }

    #[test]
    fn states_are_times_where_a_row_has_no_state() {
        let row = json!({"interp_ns": 5, "compiled_ns": 0});
        assert!(Filter::new("state:interp").accepts("", &row));
        assert!(!Filter::new("state:compiled").accepts("", &row));
    }

    #[test]
    fn half_a_condition_hides_nothing() {
        assert!(accepts("kind:") && accepts("-"));
        assert_eq!(Filter::new("knd:x").unknown_key(&json!({"kind": 1})), Some("knd".into()));
    }
}
