//! `escaping-allocation`: a hot trace makes objects that the optimiser could not remove. Cost: the samples in compiled
//! code on the lines that make them, hand them on and read their attributes, and the collector's time, shared out by the
//! time on such lines; what the loop does on its other lines is its own work. Saving: the work of those lines and the
//! stores that keep the values instead remain. What an object escapes through the log's decisions say, else the IR.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::places::Trees;
use super::stake::{Leaves, NO_OBJECTS_INSTEAD, Stake};
use super::{Finding, share};
use crate::model::{Domain, Ins, LocId, Model, Part, Place, Trace, TraceId};
use crate::units::{ns, plural};

pub const ID: &str = "escaping-allocation";

const LEAST: f64 = 0.05;

#[derive(Default)]
struct Site {
    traces: Vec<TraceId>,
    made: u64,
    through: Vec<String>,
    /// Where they are made, where they escape, and where their attributes are read again.
    lines: BTreeSet<Place>,
    /// The layouts they get.
    layouts: BTreeSet<u32>,
}

impl Site {
    fn passes_through(&mut self, text: &str) {
        if !self.through.iter().any(|known| known == text) {
            self.through.push(text.to_string());
        }
    }
}

/// Why the optimiser left an object, in words of people who write programs.
const REASONS: [(&str, &str); 10] = [
    ("passed", "a call"),
    ("element", "a list or dict"),
    ("attribute", "an attribute of another object"),
    ("variable", "a global or captured variable"),
    ("returned", "the trace's result"),
    ("operand", "an operation that needs the object itself"),
    ("end-of-trace", "the end of the trace"),
    ("next-turn", "the next turn of the loop"),
    ("differs", "the next turn of the loop"),
    ("half-made", "an exit of the trace"),
];

/// What the log says of the objects that a trace makes at a place, and where they are needed.
fn decided(model: &Model, trace: &Trace, loc: LocId) -> Vec<(&'static str, Option<Place>)> {
    let here = trace.decisions.iter().filter(|d| d.loc == loc && d.about.to_string() == "allocation");
    let told = here.filter_map(|d| {
        let reason = model.words.reason(Domain::Decision, d.reason);
        let (_, text) = REASONS.iter().find(|(name, _)| *name == reason)?;
        Some((*text, d.because.known().map(|loc| model.program.place(loc))))
    });
    told.collect()
}

pub fn find(model: &Model) -> Vec<Finding> {
    let mut sites: BTreeMap<Place, Site> = BTreeMap::new();
    let name = |op: u8| model.words.ir_ops.get(&u16::from(op)).map_or("", |def| def.name.as_str());
    let mut tested: Vec<(TraceId, u32, Place)> = Vec::new();
    let trees = Trees::new(model);
    for trace in model.traces.values().filter(|t| t.became_code()) {
        if !model.samples.by_trace.contains_key(&trace.id) {
            continue;
        }
        let (body, _) = model.body(trace.id);
        let Some(last) = body.stages.last() else { continue };
        let tests = last.ins.iter().filter(|ins| name(ins.op) == "G_SHAPE");
        tested.extend(tests.map(|ins| (trees.root(trace.id), ins.c, model.program.place(ins.loc))));
        for (i, ins) in last.ins.iter().enumerate().filter(|(_, ins)| name(ins.op) == "NEW" && !ins.is_sunk()) {
            let site = sites.entry(model.program.place(ins.loc)).or_default();
            site.made += 1;
            site.lines.insert(model.program.place(ins.loc));
            if site.traces.last() != Some(&trace.id) {
                site.traces.push(trace.id);
            }
            let told = decided(model, trace, ins.loc);
            for (text, because) in &told {
                site.lines.extend(because.clone());
                site.passes_through(text);
            }
            let at = i as u16;
            let grows = |user: &&Ins| name(user.op) == "SHAPE_STORE" && user.a.0 == at;
            site.layouts.insert(ins.c);
            site.layouts.extend(last.ins.iter().skip(i + 1).filter(grows).map(|user| user.c));
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
                site.lines.insert(model.program.place(user.loc));
                if told.is_empty() {
                    site.passes_through(text);
                }
            }
        }
    }
    for site in sites.values_mut() {
        let roots = trees.roots(site.traces.iter().copied());
        let read = tested.iter().filter(|(root, layout, _)| roots.contains(root) && site.layouts.contains(layout));
        site.lines.extend(read.map(|(_, _, place)| place.clone()));
    }
    let stake = |site: &Site| {
        let here = |loc: LocId| site.lines.contains(&model.program.place(loc));
        let locs: BTreeSet<LocId> = model.samples.by_loc.keys().copied().filter(|loc| here(*loc)).collect();
        let mut stake = Stake::that(Leaves { compiled: NO_OBJECTS_INSTEAD, ..Leaves::default() });
        stake.claim(model, |cell| cell.part == Part::Compiled && locs.contains(&cell.loc));
        stake
    };
    let all: u64 = sites.values().map(|site| stake(site).sampled_ns()).fold(0, u64::saturating_add);
    let finding = |(place, site): (Place, Site)| {
        let mut stake = stake(&site);
        let sampled_ns = stake.sampled_ns();
        let gc_ns = super::places::gc_ns(model) as f64 * sampled_ns as f64 / all.max(1) as f64;
        stake.claim_part_of_gc(gc_ns as u64);
        let cost = stake.cost_ns();
        (cost as f64 >= model.duration_ns as f64 * LEAST).then(|| Finding {
            id: ID,
            cost_ns: Some(cost),
            share: share(cost, model),
            saving_ns: Some(stake.saving_ns()),
            cause: format!(
                "Compiled code makes {} on this line in every turn, because the object escapes through {}; making and keeping them takes {}.",
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
                "how": "samples in compiled code on the lines that make the objects, hand them on and read them, and the share of the collector",
            }),
            target: site.traces.first().map(|t| (*t, None)),
            whatever_it_costs: false,
            place,
            stake: Some(stake),
        })
    };
    sites.into_iter().filter_map(finding).collect()
}
