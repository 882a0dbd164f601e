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

/// What each finding is made of.
const NEEDS: &[(&str, &[Fact])] = &[
    ("unstable-types", &[Fact::Guards, Fact::GuardFailures, Fact::ObservedTypes]),
    ("trace-abort", &[Fact::Aborts, Fact::AbortReasons]),
    ("guard-storm", &[Fact::Guards, Fact::GuardFailures]),
    ("interpreter-only", &[Fact::Guards, Fact::GuardFailures]),
    ("never-hot", &[Fact::Samples, Fact::Times]),
    ("megamorphic-call", &[Fact::Guards, Fact::ObservedTypes]),
    ("polymorphic-shape", &[Fact::ObservedTypes]),
    ("trace-explosion", &[Fact::Traces]),
    ("invalidation-loop", &[Fact::Invalidations]),
    ("escaping-allocation", &[Fact::Ir, Fact::Samples]),
    ("native-wall", &[Fact::Samples]),
    ("gc-pressure", &[Fact::Collections, Fact::GcPauses]),
    ("memory-overhead", &[Fact::CodeSize]),
    ("bigint-in-loop", &[Fact::Guards, Fact::Ir, Fact::Bytecode, Fact::Samples]),
    ("deep-recursion", &[Fact::Samples]),
    ("exception-in-loop", &[Fact::Aborts, Fact::AbortReasons, Fact::Samples]),
    ("list-kind-change", &[Fact::Guards, Fact::GuardFailures, Fact::ObservedTypes, Fact::Ir]),
    ("short-run", &[Fact::Times, Fact::Traces, Fact::CompileTimes, Fact::Samples]),
];

/// Findings that go by the names of jitvm's own operations and abort reasons: no switch of another VM supplies them.
const OURS: &[&str] =
    &["bigint-in-loop", "escaping-allocation", "exception-in-loop", "interpreter-only", "list-kind-change"];

pub fn missing(model: &Model, looked_for: &[&'static str]) -> Vec<Missing> {
    let needing = |fact: Fact| -> Vec<&'static str> {
        let needs = NEEDS.iter().filter(|(id, facts)| facts.contains(&fact) && looked_for.contains(id));
        needs.map(|(id, _)| *id).collect()
    };
    let absent = model.absent.iter().map(|(fact, switch)| Missing {
        fact: fact.to_string(),
        switch: (!switch.is_empty()).then(|| switch.clone()),
        findings: needing(*fact),
    });
    let ours = Missing {
        fact: "operations and abort reasons named as jitvm names them".into(),
        switch: None,
        findings: OURS.iter().copied().filter(|id| looked_for.contains(id)).collect(),
    };
    absent.chain(model.is_imported().then_some(ours)).collect()
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
    use std::collections::BTreeSet;

    #[test]
    fn every_finding_says_what_it_is_made_of() {
        let all: BTreeSet<&str> = KINDS.iter().map(|kind| kind.id).collect();
        let known: Vec<&str> = NEEDS.iter().map(|(id, _)| *id).collect();
        assert_eq!((known.len(), known.into_iter().collect::<BTreeSet<&str>>()), (all.len(), all.clone()));
        assert!(NEEDS.iter().all(|(_, facts)| !facts.is_empty()));
        assert!(OURS.iter().all(|id| all.contains(id)));
    }

    /// A log that holds nothing names each finding, and with each fact the switch for it or that there is none.
    #[test]
    fn no_finding_is_passed_over_in_silence() {
        let mut model = Model::default();
        for fact in (1..=20).map(Fact) {
            model.absent.insert(fact, if fact == Fact::Samples { "vm --sample".into() } else { String::new() });
        }
        let looked_for: Vec<&str> = KINDS.iter().map(|kind| kind.id).collect();
        let found = missing(&model, &looked_for);
        for id in &looked_for {
            assert!(found.iter().any(|missing| missing.findings.contains(id)), "{id}");
        }
        let samples = found.iter().find(|missing| missing.fact == "samples").unwrap();
        assert_eq!(samples.switch.as_deref(), Some("vm --sample"));
        assert!(line(&found[0]).contains("this VM logs it nowhere"));
        // Our own logs hold all of it.
        assert_eq!(missing(&Model::default(), &looked_for), []);
    }

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
