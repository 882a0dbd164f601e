//! `never-hot`: the program ran for a while and nothing in it ever became hot enough to be recorded.

use serde_json::json;

use super::{Finding, share};
use crate::model::{Model, Place, SampleState};
use crate::units::ns;

pub const ID: &str = "never-hot";

/// A program this short is over before compiling could pay, which is another matter.
const SHORT_NS: u64 = 50_000_000;

pub fn find(model: &Model) -> Vec<Finding> {
    // A log without even the name of its VM says nothing about what was not recorded.
    if !model.traces.is_empty() || model.duration_ns == 0 || model.program.process.vm_name.is_empty() {
        return Vec::new();
    }
    // Only samples tell the interpreter from builtins, waiting and the rest.
    let interpreted = (!model.samples.is_empty()).then(|| model.samples.ns(SampleState::Interp));
    vec![Finding {
        id: ID,
        place: Place { file: model.program.process.argv.first().cloned(), ..Place::default() },
        cost_ns: interpreted,
        share: interpreted.and_then(|cost| share(cost, model)),
        saving_ns: interpreted.map(|cost| [0, cost]),
        cause: format!(
            "In {} no loop or function ran often enough to be recorded, so nothing was compiled.",
            ns(model.duration_ns)
        ),
        advice:
            "If the work is spread over much code that runs rarely, a lower threshold helps (--jit-param); if it is \
                 in builtins or waiting, a JIT cannot help."
                .into(),
        evidence: json!({
            "duration_ns": model.duration_ns,
            "recordings": 0,
            "sampled": interpreted.is_some(),
            "how": match interpreted {
                Some(_) => "samples taken in the interpreter",
                None => "no estimate: without samples the interpreter cannot be told from builtins and waiting",
            },
        }),
        target: None,
        whatever_it_costs: model.duration_ns >= SHORT_NS,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Weight;

    #[test]
    fn without_samples_there_is_no_cost() {
        let mut model = Model { duration_ns: SHORT_NS, ..Model::default() };
        assert!(find(&model).is_empty());
        model.program.process.vm_name = "jitvm".into();
        let found = find(&model);
        assert_eq!((found.len(), found[0].cost_ns, found[0].whatever_it_costs), (1, None, true));
        model.samples.by_state.insert(SampleState::Interp, Weight { samples: 40, ns: 40_000_000 });
        assert_eq!(find(&model)[0].share, Some(0.8));
    }
}
