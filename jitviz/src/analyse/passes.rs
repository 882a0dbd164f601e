//! The optimiser's passes over all traces: time, instructions in and out, and which operations each pass took out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{Domain, IrStage, Model, PassId, StageIx};

/// Operations of one name that a pass changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PassChange {
    /// The operation; for one that was replaced `OLD > NEW`.
    pub operation: String,
    pub removed: u64,
    pub added: u64,
    pub replaced: u64,
}

/// How often a pass rewrote an instruction by a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleCount {
    pub rule: String,
    pub count: u64,
}

/// Counts by the code of the rule, the most frequent first.
pub fn rules(model: &Model, counts: impl IntoIterator<Item = (u16, u64)>) -> Vec<RuleCount> {
    let named =
        counts.into_iter().map(|(code, count)| RuleCount { rule: model.words.reason(Domain::Rule, code), count });
    let mut rules: Vec<RuleCount> = named.collect();
    rules.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.rule.cmp(&b.rule)));
    rules
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PassTotals {
    pub pass: String,
    /// How many traces went through it, and how many of them it changed.
    pub runs: u64,
    pub changed: u64,
    pub dur_ns: u64,
    /// The part of all passes' time, in thousandths.
    pub share_permille: Option<u64>,
    pub ops_in: u64,
    pub ops_out: u64,
    pub guards_in: u64,
    pub guards_out: u64,
    /// What it did by operation, the most frequent first; empty if the log has no IR.
    pub changes: Vec<PassChange>,
    /// The rules it rewrote by; empty if the log does not tell them.
    pub rules: Vec<RuleCount>,
}

/// One row per pass, in the order in which they run.
pub fn rows(model: &Model) -> Vec<PassTotals> {
    let mut sums: BTreeMap<PassId, (StageIx, PassTotals, Changes, BTreeMap<u16, u64>)> = BTreeMap::new();
    for trace in model.traces.values().filter(|t| !t.passes.is_empty()) {
        let (body, _) = model.body(trace.id);
        for pass in &trace.passes {
            let (first, sum, changes, used) = sums.entry(pass.id).or_insert_with(|| {
                let name = model.words.pass(pass.id);
                (pass.stage, PassTotals::new(name), Changes::new(), BTreeMap::new())
            });
            *first = pass.stage.min(*first);
            for (rule, count) in &pass.rules {
                *used.entry(*rule).or_default() += u64::from(*count);
            }
            sum.runs += 1;
            sum.changed += u64::from(pass.changed);
            sum.dur_ns = sum.dur_ns.saturating_add(pass.dur_ns);
            sum.ops_in += u64::from(pass.ops_in);
            sum.ops_out += u64::from(pass.ops_out);
            sum.guards_in += u64::from(pass.guards_in);
            sum.guards_out += u64::from(pass.guards_out);
            let after = body.stages.iter().find(|s| s.stage == pass.stage);
            let before = body.stages.iter().rev().find(|s| s.stage < pass.stage);
            if let (Some(after), Some(before)) = (after, before) {
                compare(model, before, after, changes);
            }
        }
    }
    let mut rows: Vec<(StageIx, PassTotals)> = sums
        .into_values()
        .map(|(first, mut sum, changes, used)| {
            sum.rules = rules(model, used);
            sum.changes = changes
                .into_iter()
                .map(|(operation, [removed, added, replaced])| PassChange { operation, removed, added, replaced })
                .collect();
            sum.changes.sort_by_key(|c| std::cmp::Reverse(c.removed + c.added + c.replaced));
            (first, sum)
        })
        .collect();
    rows.sort_by(|a, b| (a.0, &a.1.pass).cmp(&(b.0, &b.1.pass)));
    let all = rows.iter().map(|r| r.1.dur_ns).fold(0, u64::saturating_add);
    for (_, row) in &mut rows {
        row.share_permille = (all > 0).then(|| (u128::from(row.dur_ns) * 1_000 / u128::from(all)) as u64);
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Operations removed, added and replaced, by name.
type Changes = BTreeMap<String, [u64; 3]>;

/// Passes never renumber: what stands at an index before is what stands there after.
fn compare(model: &Model, before: &IrStage, after: &IrStage, changes: &mut Changes) {
    let name = |op: u8| {
        let def = model.words.ir_ops.get(&u16::from(op));
        def.map_or_else(|| format!("op#{op}"), |def| def.name.clone())
    };
    for i in 0..before.ins.len().max(after.ins.len()) {
        let of = |stage: &IrStage| stage.ins.get(i).copied().filter(|ins| !ins.is_nop());
        let (key, column) = match (of(before), of(after)) {
            (Some(old), None) => (name(old.op), 0),
            (None, Some(new)) => (name(new.op), 1),
            (Some(old), Some(new)) if old.op != new.op => (format!("{} > {}", name(old.op), name(new.op)), 2),
            // Left to the exits: gone from the way that is taken.
            (Some(old), Some(new)) if new.is_sunk() && !old.is_sunk() => (name(old.op), 0),
            _ => continue,
        };
        changes.entry(key).or_default()[column] += 1;
    }
}

impl PassTotals {
    fn new(pass: String) -> PassTotals {
        PassTotals {
            pass,
            runs: 0,
            changed: 0,
            dur_ns: 0,
            share_permille: None,
            ops_in: 0,
            ops_out: 0,
            guards_in: 0,
            guards_out: 0,
            changes: Vec::new(),
            rules: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ins, OpDef, Pass, Ref, Trace, TraceId};

    #[test]
    fn what_a_pass_did_is_told_by_operation() {
        let mut model = Model::default();
        for (op, name) in [(0, "NOP"), (1, "ADD"), (2, "ADDOV"), (3, "NEW")] {
            model.words.ir_ops.insert(op, OpDef { name: name.into(), ..OpDef::default() });
        }
        let ins = |op, flags| Ins { op, flags, a: Ref(0), ..Ins::default() };
        let stage = |ins: Vec<Ins>| IrStage { ins, ..IrStage::default() };
        let mut changes = Changes::new();
        let before = stage(vec![ins(1, 0), ins(2, 0), ins(3, 0), ins(1, 0)]);
        let after = stage(vec![ins(0, 0), ins(1, 0), ins(3, 1), ins(1, 0), ins(2, 0)]);
        compare(&model, &before, &after, &mut changes);
        let list: Vec<(&str, [u64; 3])> = changes.iter().map(|(k, v)| (k.as_str(), *v)).collect();
        assert_eq!(list, [("ADD", [1, 0, 0]), ("ADDOV", [0, 1, 0]), ("ADDOV > ADD", [0, 0, 1]), ("NEW", [1, 0, 0])]);
    }

    #[test]
    fn passes_come_in_the_order_they_run() {
        let mut model = Model::default();
        let mut trace = Trace::new(TraceId(1));
        let pass = |id, stage, dur_ns| Pass {
            id: PassId(id),
            stage: StageIx(stage),
            dur_ns,
            ops_in: 10,
            ops_out: 7,
            ..Pass::default()
        };
        trace.passes = vec![pass(9, 1, 300), pass(2, 2, 700)];
        model.traces.insert(TraceId(1), trace.clone());
        trace.id = TraceId(2);
        model.traces.insert(TraceId(2), trace);
        let rows = rows(&model);
        assert_eq!(
            rows.iter().map(|r| (r.runs, r.dur_ns, r.share_permille)).collect::<Vec<_>>(),
            [(2, 600, Some(300)), (2, 1_400, Some(700))]
        );
        assert_eq!((rows[0].ops_in, rows[0].ops_out, rows[0].pass.as_str()), (20, 14, "pass 9"));
    }
}
