//! `short-run`: the program ends before compiling paid for itself. Cost: the time of the JIT, less what its code ran, and
//! what its first use takes outside of the time it is given: its own code and tables come into memory, and the program's
//! out of the caches. Saving: without the JIT the interpreter does what was done while recording and in compiled code.

use serde_json::json;

use super::{Finding, share};
use crate::analyse::summary::jit_ns;
use crate::model::{Model, Place, SampleState};
use crate::units::{ns, plural};

pub const ID: &str = "short-run";

/// Longer runs have had their chance.
const SHORT_NS: u64 = 200_000_000;
/// Interpreting against compiled code.
const SLOWER: u64 = 20;
/// What of the time of the JIT goes without it, at least: while it records, the program goes on. Measured with two and
/// with thirty loops, 25 runs each.
const GOES: f64 = 0.6;
/// What the first use takes, at least and at most: as measured by the same, where they saved more than the JIT's time.
const FIRST_USE_NS: [u64; 2] = [450_000, 1_000_000];
/// Of so many traces the time is not lost by the shortness of the run.
pub const MANY_TRACES: usize = 50;

pub fn find(model: &Model) -> Vec<Finding> {
    let installed = model.traces.values().filter(|t| t.became_code()).count();
    let compiled = model.samples.ns(SampleState::Trace);
    let jit = jit_ns(model);
    // Logs of other VMs without samples do not say what was spent in compiled code; a program of ours without is too short
    // for a sample, or its code seldom runs.
    let is_unknown = model.samples.is_empty() && model.is_imported();
    if is_unknown || installed == 0 || installed >= MANY_TRACES || model.duration_ns > SHORT_NS || compiled >= jit {
        return Vec::new();
    }
    let jit = (jit as f64 * super::places::Shares::of(model).timed) as u64;
    let cost = jit.saturating_sub(compiled).saturating_add(FIRST_USE_NS[1]).min(model.duration_ns);
    let least = (jit as f64 * GOES) as u64 + FIRST_USE_NS[0];
    vec![Finding {
        id: ID,
        place: Place { file: model.program.process.argv.first().cloned(), ..Place::default() },
        cost_ns: Some(cost),
        share: share(cost, model),
        saving_ns: Some([least.saturating_sub(compiled.saturating_mul(SLOWER)).min(cost), cost]),
        cause: format!(
            "The run is over after {}: compiling {} took {}, and {}.",
            ns(model.duration_ns),
            plural(installed as u64, "trace"),
            ns(jit),
            if compiled > 0 {
                format!("only {} were spent in their code", ns(compiled))
            } else {
                "no sample fell into their code".to_string()
            },
        ),
        advice: "Measure a longer run; for runs that are short by nature compiling can be left out (--jit off).".into(),
        evidence: json!({ "jit_ns": jit, "compiled_ns": (compiled > 0).then_some(compiled), "traces": installed, "how": "time of the JIT, and samples in compiled code" }),
        target: None,
        whatever_it_costs: false,
        stake: None,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Compile, Trace, TraceId};

    #[test]
    fn what_nobody_sampled_is_not_short() {
        let mut model = Model { duration_ns: SHORT_NS / 2, ..Model::default() };
        let mut trace = Trace::new(TraceId(1));
        trace.installed_ns = Some(1);
        trace.compile = Some(Compile { compile_ns: 5_000_000, ..Compile::default() });
        model.traces.insert(trace.id, trace);
        let found = find(&model);
        assert!(found[0].cause.ends_with("took 5.00 ms, and no sample fell into their code."), "{}", found[0].cause);
        assert!(found[0].evidence["compiled_ns"].is_null());
        model.absent.insert(crate::model::Fact::Samples, String::new());
        assert!(find(&model).is_empty(), "another VM's log without samples");
    }
}
