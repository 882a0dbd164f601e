//! Findings as `explain` prints them: what it costs and where, then cause, advice and evidence.

use serde_json::Value;

use super::columns;
use super::wrap::wrap;
use crate::analyse::findings::{Finding, Findings};
use crate::clean::clean;
use crate::styled::{Line, Role};
use crate::units::{self, ns, plural};

/// Sentences longer than this are hard to read, however wide the terminal.
const WIDEST: usize = 100;
const INDENT: usize = 2;
/// The column where a sentence begins.
const TEXT_AT: usize = 12;

pub fn lines(found: &Findings, width: Option<usize>) -> Vec<Line> {
    let room = width.unwrap_or(WIDEST).min(WIDEST).saturating_sub(TEXT_AT).max(20);
    let mut out = Vec::new();
    if found.findings.is_empty() {
        out.push(
            Line::of(Role::Good, "no findings")
                .with(Role::Dim, format!("  looked for {}", found.looked_for.join(", "))),
        );
    }
    for finding in &found.findings {
        if !out.is_empty() {
            out.push(Line::new());
        }
        out.push(head(finding));
        for (label, text) in [("cause", &finding.cause), ("advice", &finding.advice)] {
            paragraph(&mut out, label, clean(text).as_ref(), room);
        }
        paragraph(&mut out, "evidence", &evidence(&finding.evidence), room);
    }
    if found.not_shown > 0 {
        out.push(Line::of(
            Role::Dim,
            format!("{} of little weight not shown; --all shows all", plural(found.not_shown, "finding")),
        ));
    }
    out
}

fn head(finding: &Finding) -> Line {
    let mut line = Line::of(Role::Bad, finding.id);
    line.push(Role::Name, format!("  {}", columns::place(&finding.place)));
    line.push(Role::Title, format!("  {}", cost(finding)));
    if let Some([low, high]) = finding.saving_ns {
        line.push(Role::Dim, format!("  saves {} to {}", ns(low), ns(high)));
    }
    line
}

/// `costs about 1.07 s, 33.0 % of the run`
pub fn cost(finding: &Finding) -> String {
    match (finding.cost_ns, finding.share) {
        (Some(cost), Some(share)) => format!("costs about {}, {} of the run", ns(cost), units::percent(share)),
        (Some(cost), None) => format!("costs about {}", ns(cost)),
        (None, _) => "cost not measured".into(),
    }
}

fn paragraph(out: &mut Vec<Line>, label: &str, text: &str, room: usize) {
    for (i, text) in wrap(text, room).iter().enumerate() {
        let mut line = Line::of(Role::Plain, " ".repeat(INDENT)).with(Role::Dim, if i == 0 { label } else { "" });
        line.pad_to(TEXT_AT);
        line.push(Role::Plain, text);
        out.push(line);
    }
}

/// `exits 4288725; guards 5, 7; expected == 0`: the keys of the JSON, in words.
pub fn evidence(value: &Value) -> String {
    let Value::Object(map) = value else { return short(value) };
    let says = |key: &str, v: &Value| {
        (!v.is_null() || SAMPLED.contains(&key)) && *v != "" && v.as_array().is_none_or(|list| !list.is_empty())
    };
    let known = map.iter().filter(|(key, v)| says(key, v));
    let parts: Vec<String> = known.map(|(key, v)| named(key, v)).collect();
    clean(&parts.join("; ")).into_owned()
}

/// Times that only samples tell: of what was too short or too seldom for a sample nobody knows what it took.
const SAMPLED: [&str; 3] = ["exits_ns", "compiled_ns", "in_bridges_ns"];

/// What has numbers for names. As a number it says how many there are.
const NAMED_BY_NUMBER: [(&str, &str); 3] = [("traces", "trace"), ("guards", "guard"), ("bridges", "bridge")];

/// `guards 5, 1207`, `trace 68`, `176 traces`: names are written as the views write them, without separators.
fn numbered(key: &str, value: &Value) -> Option<String> {
    let (_, one) = NAMED_BY_NUMBER.iter().find(|(many, _)| *many == key)?;
    match value {
        Value::Number(number) => Some(plural(number.as_u64()?, one)),
        Value::Array(list) => {
            let name = if list.len() == 1 { one } else { key };
            Some(format!("{name} {}", listed(list, |id| id.as_u64().map_or_else(|| short(id), |id| id.to_string()))))
        }
        _ => None,
    }
}

fn listed(list: &[Value], of: impl Fn(&Value) -> String) -> String {
    let shown: Vec<String> = list.iter().take(MOST).map(of).collect();
    let more = if list.len() > MOST { format!(" and {} more", list.len() - MOST) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// A number whose key names its unit is written in that.
fn named(key: &str, value: &Value) -> String {
    let words = |key: &str| if key == "how" { "measured by".to_owned() } else { key.replace('_', " ") };
    if let Some(text) = numbered(key, value) {
        return text;
    }
    if value.is_null() {
        return format!("{} not sampled", words(key.trim_end_matches("_ns")));
    }
    let unit = |suffix: &str| value.as_u64().and_then(|number| Some((key.strip_suffix(suffix)?, number)));
    match (unit("_ns"), unit("_bytes")) {
        (Some((key, time)), _) => format!("{} {}", words(key), ns(time)),
        _ if key == "bytes" => format!("size {}", value.as_u64().map_or_else(|| short(value), units::bytes)),
        (_, Some((key, size))) => format!("{} {}", words(key), units::bytes(size)),
        _ => format!("{} {}", words(key), short(value)),
    }
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_u64().map_or_else(|| number.to_string(), units::count),
        Value::Array(list) => listed(list, short),
        Value::Object(map) => {
            let known = map.iter().filter(|(_, v)| !v.is_null());
            let parts: Vec<String> = known.map(|(key, v)| named(key, v)).collect();
            format!("({})", parts.join(", "))
        }
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Null => "unknown".into(),
    }
}

/// Longer lists are in the JSON.
const MOST: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_told_from_numbers() {
        let text = evidence(&json!({
            "bridges": [2],
            "guards": [1909, 964],
            "traces": 176,
            "bytes": 1_459_544,
            "other_ways": 1_314_880,
            "expected": null,
            "recordings": [],
        }));
        assert_eq!(text, "bridge 2; guards 1909, 964; 176 traces; size 1.39 MiB; other ways 1,314,880");
    }

    #[test]
    fn what_no_sample_fell_on_is_not_nothing() {
        assert_eq!(evidence(&json!({ "exits_ns": null, "jit_ns": null })), "exits not sampled");
        assert_eq!(evidence(&json!({ "exits_ns": 1_500 })), "exits 1.50 µs");
    }
}
