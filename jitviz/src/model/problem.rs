//! What the loader could not read or join: shown with the numbers it may distort, never a reason to stop.

use std::fmt;

use serde::Serialize;

use super::ids::TraceId;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub kind: ProblemKind,
    /// How often it happened.
    pub count: u64,
    /// The first occurrence in words.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The file is damaged: what follows the damage is missing.
    Damage,
    /// The writer had no room and dropped events.
    Dropped,
    /// An event, counter or format this version does not know.
    Unknown,
    /// An event names something the log does not define.
    Dangling,
    /// A record whose content contradicts itself.
    Malformed,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            0 | 1 => f.write_str(&self.detail),
            n => write!(f, "{} (and {} more)", self.detail, n - 1),
        }
    }
}

/// Collects problems; those alike are counted, not repeated.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    list: Vec<(&'static str, Problem)>,
}

impl Problems {
    /// `about` groups: a second problem about the same thing only counts.
    pub fn add(&mut self, kind: ProblemKind, about: &'static str, detail: impl FnOnce() -> String) {
        match self.list.iter_mut().find(|(a, p)| *a == about && p.kind == kind) {
            Some((_, known)) => known.count += 1,
            None => self.list.push((about, Problem { kind, count: 1, detail: detail() })),
        }
    }

    pub fn malformed(&mut self, trace: TraceId, about: &'static str, detail: impl fmt::Display) {
        self.add(ProblemKind::Malformed, about, || format!("trace {trace}: {detail}"));
    }

    pub fn into_vec(self) -> Vec<Problem> {
        self.list.into_iter().map(|(_, p)| p).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_problems_are_counted() {
        let mut problems = Problems::default();
        for id in 0..3 {
            problems.malformed(TraceId(id), "ir length", "its IR is cut short");
        }
        let list = problems.into_vec();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].to_string(), "trace 0: its IR is cut short (and 2 more)");
    }
}
