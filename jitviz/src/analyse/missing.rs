//! What a log of another VM does not hold: which findings cannot be made of it, and which switch would supply the rest.

use serde::Serialize;

use crate::model::{Fact, Model};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Missing {
    pub fact: String,
    /// As that VM's user types it; `None` if nothing supplies it.
    pub switch: Option<String>,
    /// Findings that need it.
    pub findings: Vec<&'static str>,
}

/// What each finding is made of. One that is not here needs nothing that a log may lack.
const NEEDS: &[(&str, &[Fact])] = &[
    ("unstable-types", &[Fact::Guards, Fact::GuardFailures, Fact::ObservedTypes]),
    ("trace-abort", &[Fact::Aborts, Fact::AbortReasons]),
    ("guard-storm", &[Fact::Guards, Fact::GuardFailures]),
    ("never-hot", &[Fact::Samples, Fact::Times]),
    ("megamorphic-call", &[Fact::Guards, Fact::ObservedTypes]),
    ("polymorphic-shape", &[Fact::ObservedTypes]),
    ("trace-explosion", &[Fact::Traces]),
    ("invalidation-loop", &[Fact::Invalidations]),
    ("escaping-allocation", &[Fact::Ir, Fact::Samples]),
    ("native-wall", &[Fact::Samples]),
    ("gc-pressure", &[Fact::Collections, Fact::GcPauses]),
    ("memory-overhead", &[Fact::CodeSize]),
];

pub fn missing(model: &Model, looked_for: &[&'static str]) -> Vec<Missing> {
    let needing = |fact: Fact| -> Vec<&'static str> {
        let needs = NEEDS.iter().filter(|(id, facts)| facts.contains(&fact) && looked_for.contains(id));
        needs.map(|(id, _)| *id).collect()
    };
    (model.absent.iter())
        .map(|(fact, switch)| Missing {
            fact: fact.to_string(),
            switch: (!switch.is_empty()).then(|| switch.clone()),
            findings: needing(*fact),
        })
        .collect()
}

/// One line of it: `guard failures: node --log-deopt (for unstable-types)`.
pub fn line(missing: &Missing) -> String {
    let switch = missing.switch.as_deref().unwrap_or("this VM logs it nowhere");
    let findings = match missing.findings.is_empty() {
        true => String::new(),
        false => format!(" (needed for {})", missing.findings.join(", ")),
    };
    format!("{}: {switch}{findings}", missing.fact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::findings::KINDS;

    #[test]
    fn what_is_missing_names_the_findings_that_need_it() {
        let mut model = Model::default();
        model.absent.insert(Fact::GuardFailures, "vm --more".into());
        let looked_for: Vec<&str> = KINDS.iter().map(|kind| kind.id).collect();
        let found = missing(&model, &looked_for);
        assert!(found[0].findings.contains(&"guard-storm"));
        assert!(line(&found[0]).starts_with("guard failures: vm --more (needed for "));
    }
}
