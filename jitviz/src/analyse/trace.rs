//! One trace in full: every stage from the bytecode recorded to the machine code, and what each pass did to it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::asm::{self, AsmListing};
use super::decisions::{self, DecisionNote, TraceDecision};
use super::expected::expected;
use super::ir::{self, IrLine, IrListing, Mark};
use super::passes::{RuleCount, rules};
use super::traces::{self, TraceRow};
use super::{GuardNote, guards};
use crate::model::{Decision, Domain, LocId, Model, OpIx, Place, Problem, StageIx, TraceId};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceReport {
    pub trace: TraceRow,
    pub passes: Vec<PassRow>,
    pub guards: Vec<guards::GuardRow>,
    pub decisions: Vec<TraceDecision>,
    pub stages: Vec<Stage>,
    pub problems: Vec<Problem>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PassRow {
    pub name: String,
    pub stage: StageIx,
    pub dur_ns: u64,
    pub ops_in: u32,
    pub ops_out: u32,
    pub guards_in: u32,
    pub guards_out: u32,
    pub changed: bool,
    pub rules: Vec<RuleCount>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stage {
    /// What `--stage` calls it: `bytecode`, `recorded`, the pass, `asm`.
    pub name: String,
    #[serde(flatten)]
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Content {
    Bytecode { lines: Vec<BytecodeLine> },
    Ir(IrListing),
    Asm(AsmListing),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BytecodeLine {
    pub word: u64,
    pub text: String,
    pub depth: u32,
    #[serde(flatten)]
    pub place: Place,
    #[serde(skip)]
    pub loc: LocId,
    /// What the recorder decided about it.
    #[serde(skip)]
    pub decision: Option<DecisionNote>,
}

/// Everything the log has on one trace; `None` if it has no such trace.
pub fn report(model: &Model, id: TraceId) -> Option<TraceReport> {
    report_of(model, traces::rows(model).into_iter().find(|r| r.id == id)?)
}

/// The same for whoever has the rows of all traces.
pub fn report_of(model: &Model, row: TraceRow) -> Option<TraceReport> {
    let id = row.id;
    let trace = model.traces.get(&id)?;
    let (body, problems) = model.body(id);
    let of_trace = model.guards_of(id);
    let notes: BTreeMap<OpIx, GuardNote> = of_trace
        .iter()
        .map(|g| {
            let note = GuardNote {
                id: g.id,
                kind: model.words.reason(Domain::GuardKind, g.kind),
                expected: expected(&g.expected).unwrap_or_default(),
                failures: g.failures,
                bridge: g.bridge,
            };
            (g.op, note)
        })
        .collect();
    let mut passes: Vec<PassRow> = trace
        .passes
        .iter()
        .map(|p| PassRow {
            name: model.words.pass(p.id),
            stage: p.stage,
            dur_ns: p.dur_ns,
            ops_in: p.ops_in,
            ops_out: p.ops_out,
            guards_in: p.guards_in,
            guards_out: p.guards_out,
            changed: p.changed,
            rules: rules(model, p.rules.iter().map(|(code, count)| (*code, (*count).into()))),
        })
        .collect();
    passes.sort_by_key(|p| p.stage);

    let decisions = decisions::of_trace(model, id);
    let decided: BTreeMap<(StageIx, u32), DecisionNote> =
        decisions.iter().map(|known| ((known.stage, known.index), known.note.clone())).collect();
    let mut stages = Vec::new();
    if let Some(ops) = &body.bytecode {
        let lines = ops.iter().zip(0..).map(|(op, index)| BytecodeLine {
            word: op.word,
            text: op.text.clone(),
            depth: op.depth,
            place: model.program.place(op.loc),
            loc: op.loc,
            decision: decided.get(&(StageIx(0), index)).cloned(),
        });
        stages.push(Stage { name: "bytecode".into(), content: Content::Bytecode { lines: lines.collect() } });
    }
    let cx = ir::Context { program: &model.program, words: &model.words, guards: &notes, decisions: &decided };
    let mut before = None;
    for stage in &body.stages {
        let name = match (stage.stage, passes.iter().find(|p| p.stage == stage.stage)) {
            (StageIx(0), _) => "recorded".to_string(),
            (_, Some(pass)) => pass.name.clone(),
            (ix, None) => format!("pass{ix}"),
        };
        stages.push(Stage { name, content: Content::Ir(ir::listing(&cx, stage, before)) });
        // Other VMs number the instructions of each stage anew, so nothing can be compared.
        before = (!model.is_imported()).then_some(stage);
    }
    if let Some(code) = &body.code {
        let ops = body.stages.last().map_or(0, |b| b.ins.len());
        stages.push(Stage { name: "asm".into(), content: Content::Asm(asm::listing(&model.program, code, ops)) });
    }
    if !model.is_imported()
        && let Some(Content::Ir(listing)) =
            stages.iter_mut().map(|s| &mut s.content).rfind(|c| matches!(c, Content::Ir(_)))
    {
        decided_before(listing, model.traces.get(&id).map_or(&[], |t| &t.decisions), &decisions);
    }
    let guards = of_trace.iter().map(|g| guards::row(model, g)).collect();
    Some(TraceReport { trace: row, passes, guards, decisions, stages, problems })
}

/// What is left at the end shows what was decided about it in earlier stages: in the IR about the instruction itself, while
/// recording about the first instruction of its place.
fn decided_before(listing: &mut IrListing, decisions: &[Decision], told: &[TraceDecision]) {
    for (decision, told) in decisions.iter().zip(told) {
        let is_its = |line: &IrLine| match decision.stage {
            StageIx(0) => decision.loc.known().is_some() && line.loc == decision.loc,
            _ => line.id == OpIx(decision.index),
        };
        let line = listing.lines.iter_mut().find(|line| line.mark != Mark::Removed && is_its(line));
        if let Some(line) = line.filter(|line| line.decision.is_none()) {
            line.decision = Some(told.note.clone());
        }
    }
}

impl TraceReport {
    /// Index of the last stage of the IR, which `final` means.
    pub fn last_ir(&self) -> Option<usize> {
        self.stages.iter().rposition(|s| matches!(s.content, Content::Ir(_)))
    }

    /// The stages `--stage` asks for. The error lists what there is.
    pub fn select(&self, wanted: &str) -> Result<Vec<&Stage>, String> {
        let found: Vec<&Stage> = match wanted {
            "all" => return Ok(self.stages.iter().collect()),
            "final" => self.last_ir().map(|i| &self.stages[i]).into_iter().collect(),
            name => self.stages.iter().filter(|s| s.name == name).collect(),
        };
        if !found.is_empty() {
            return Ok(found);
        }
        if self.passes.iter().any(|p| p.name == wanted) {
            return Err(format!(
                "pass '{wanted}' changed nothing in trace {}, so there is no stage to show",
                self.trace.id
            ));
        }
        let names: Vec<&str> = self.stages.iter().map(|s| s.name.as_str()).collect();
        Err(match names.is_empty() {
            true => format!("trace {} has no stages in this log: it was written without them", self.trace.id),
            false => {
                format!("trace {} has no stage '{wanted}'; it has {}, final and all", self.trace.id, names.join(", "))
            }
        })
    }
}
