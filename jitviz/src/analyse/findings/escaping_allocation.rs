//! `escaping-allocation`: a hot trace makes objects that the optimiser could not remove. Cost: the samples in compiled
//! code on the line that makes them. Saving: about all of it.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Finding, about, share};
use crate::model::{Model, Place, TraceId};
use crate::units::{ns, plural};

pub const ID: &str = "escaping-allocation";

const LEAST: f64 = 0.05;

#[derive(Default)]
struct Site {
    traces: Vec<TraceId>,
    made: u64,
    through: Vec<String>,
}

pub fn find(model: &Model) -> Vec<Finding> {
    let mut sites: BTreeMap<Place, Site> = BTreeMap::new();
    let name = |op: u8| model.words.ir_ops.get(&u16::from(op)).map_or("", |def| def.name.as_str());
    for trace in model.traces.values().filter(|t| t.became_code()) {
        if !model.samples.by_trace.contains_key(&trace.id) {
            continue;
        }
        let (body, _) = model.body(trace.id);
        let Some(last) = body.stages.last() else { continue };
        for (i, ins) in last.ins.iter().enumerate().filter(|(_, ins)| name(ins.op) == "NEW" && !ins.is_sunk()) {
            let site = sites.entry(model.program.place(ins.loc)).or_default();
            site.made += 1;
            if site.traces.last() != Some(&trace.id) {
                site.traces.push(trace.id);
            }
            let at = i as u16;
            for user in last
                .ins
                .iter()
                .skip(i + 1)
                .filter(|u| [u.a.0, u.b.0].contains(&at) || name(u.op).contains("STORE") && u.c == u32::from(at))
            {
                let text = match name(user.op) {
                    "ELEM_STORE" if user.a.0 != at => "a list or dict",
                    "FIELD_STORE" if user.a.0 != at => "an attribute of another object",
                    "CELL_STORE" => "a global or captured variable",
                    "CALLH" | "CARG" => "a call of the VM",
                    "PHI" => "the next turn of the loop",
                    _ => continue,
                };
                if !site.through.iter().any(|known| known == text) {
                    site.through.push(text.to_string());
                }
            }
        }
    }
    let finding = |(place, site): (Place, Site)| {
        let cost = super::places::compiled_on(model, &place);
        (cost as f64 >= model.duration_ns as f64 * LEAST).then(|| Finding {
            id: ID,
            cost_ns: Some(cost),
            share: share(cost, model),
            saving_ns: Some(about(model, cost)),
            cause: format!(
                "Compiled code makes {} on this line in every turn, because the object escapes through {}; the line takes {}.",
                plural(site.made, "object"),
                if site.through.is_empty() { "an exit of the trace".to_string() } else { site.through.join(" and ") },
                ns(cost),
            ),
            advice: "Keep the object inside the loop: store its numbers instead of itself, or make it once and change it."
                .into(),
            evidence: json!({
                "traces": site.traces,
                "allocations": site.made,
                "escapes_through": site.through,
                "how": "samples in compiled code on the line that makes the objects",
            }),
            target: site.traces.first().map(|t| (*t, None)),
            whatever_it_costs: false,
            place,
        })
    };
    sites.into_iter().filter_map(finding).collect()
}
