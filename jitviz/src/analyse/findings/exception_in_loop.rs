//! `exception-in-loop`: a hot loop raises and catches, so its recordings abort. Cost: time in the interpreter and in
//! builtins in the loop's function and in the one that catches. Saving: about all of it.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Finding, about, share};
use crate::model::{Domain, Model, Place, Trace};
use crate::units::{ns, plural};

pub const ID: &str = "exception-in-loop";

/// True if the recording stopped because the program raised.
pub fn is_exception(model: &Model, trace: &Trace) -> bool {
    trace.abort.as_ref().is_some_and(|a| model.words.reason(Domain::Abort, a.reason) == "exception")
}

pub fn find(model: &Model) -> Vec<Finding> {
    let mut groups: BTreeMap<Place, Vec<&Trace>> = BTreeMap::new();
    for trace in model.traces.values().filter(|t| is_exception(model, t)) {
        groups.entry(model.program.place(trace.loc)).or_default().push(trace);
    }
    let jit = super::places::JitTime::new(model);
    let finding = |(head, aborted): (Place, Vec<&Trace>)| {
        let last = aborted.last()?;
        let abort = last.abort.as_ref()?;
        let given_up = crate::analyse::blame::given_up(model).contains(&last.loc);
        let place = model.program.place(abort.loc.known().unwrap_or(last.loc));
        let mut functions = vec![head.clone()];
        if (&place.function, &place.file) != (&head.function, &head.file) {
            functions.push(place.clone());
        }
        let time = functions.iter().map(|f| super::places::uncompiled_in(model, f)).fold(0, u64::saturating_add);
        let wasted = aborted.iter().map(|t| jit.of(t.id)).fold(0, u64::saturating_add);
        let cost = if given_up { time } else { wasted };
        Some(Finding {
            id: ID,
            cost_ns: Some(cost),
            share: share(cost, model),
            saving_ns: Some(about(model, cost)),
            cause: format!(
                "An exception is raised here while the loop runs, which stopped {}{}; it takes {}.",
                plural(aborted.len() as u64, "recording"),
                if given_up { ", and the loop was left to the interpreter" } else { "" },
                ns(cost),
            ),
            advice: "Test before: dict.get or `in` instead of KeyError, str.isdigit instead of ValueError, a bound \
                     instead of IndexError."
                .into(),
            evidence: json!({
                "recordings": aborted.len(),
                "traces": aborted.iter().map(|t| t.id).collect::<Vec<_>>(),
                "operation": abort.detail,
                "loop_line": head.line,
                "given_up": given_up,
                "how": "samples in the interpreter and in builtins, in the functions of the loop and of the exception",
            }),
            target: Some((last.id, None)),
            whatever_it_costs: false,
            place,
        })
    };
    groups.into_iter().filter_map(finding).collect()
}
