//! One trace as text: its head, and the lines of each stage with what links them to the other stages.

use crate::analyse::asm::AsmListing;
use crate::analyse::decisions::DecisionNote;
use crate::analyse::ir::{IrLine, IrListing, Mark};
use crate::analyse::trace::{BytecodeLine, Content, PassRow, Stage, TraceReport};
use crate::model::{LocId, Model, OpIx, Place};
use crate::styled::{Line, Role};
use crate::terms;
use crate::text::columns::list_of_rules;
use crate::units::{bytes, count, ns, plural};

/// A line of a stage and where it belongs: what moves the other panes along.
#[derive(Clone, Debug)]
pub struct StageLine {
    pub line: Line,
    pub op: Option<OpIx>,
    pub loc: LocId,
    pub term: &'static str,
    /// A heading among the lines, which the cursor passes over.
    pub is_comment: bool,
    /// What was decided about it, in words.
    pub remark: Option<Line>,
}

/// What the layout of stages needs besides the report.
#[derive(Clone, Copy)]
pub struct Context<'m> {
    pub model: &'m Model,
    /// Show the program's text between the lines.
    pub with_source: bool,
}

/// What the trace is, in a few lines.
pub fn head(report: &TraceReport) -> Vec<Line> {
    let t = &report.trace;
    let mut first = Line::of(Role::Title, format!("{} {}", t.kind, t.id));
    first.push(Role::Name, format!("  {}", super::columns::place(&t.place)));
    let role = if t.reason.is_some() { Role::Bad } else { Role::Good };
    first.push(role, format!("  {}", t.state.name()));
    if let Some(reason) = &t.reason {
        first.push(Role::Bad, format!(": {reason}"));
    }
    if let Some(detail) = &t.detail {
        first.push(Role::Plain, format!(" ({detail})"));
    }
    if let Some(parent) = t.parent {
        first.push(Role::Plain, format!("  leaves trace {parent}"));
        if let Some(guard) = t.parent_guard {
            first.push(Role::Plain, format!(" at guard {guard}"));
        }
    }
    let mut facts = Vec::new();
    if let Some(n) = t.executions {
        facts.push(format!("ran {} times", count(n)));
    }
    if let Some(n) = t.exits {
        facts.push(format!(
            "{} through {} of {}",
            plural(n, "exit"),
            count(t.guards_failing),
            plural(t.guards, "guard")
        ));
    }
    if let (Some(before), Some(after)) = (t.ir_recorded, t.ir_final) {
        facts.push(format!("IR {} → {}", count(before), count(after)));
    }
    if let Some(n) = t.code_bytes {
        facts.push(format!("code {}", bytes(n)));
    }
    if let Some(n) = t.record_ns {
        facts.push(format!("recorded in {}", ns(n)));
    }
    if let Some(n) = t.compile_ns {
        facts.push(format!("compiled in {}", ns(n)));
    }
    match (&t.link, t.link_trace) {
        (Some(link), Some(to)) => facts.push(format!("ends in {link} to trace {to}")),
        (Some(link), None) => facts.push(format!("ends in {link}")),
        (None, _) => {}
    }
    let mut lines = vec![first];
    if !facts.is_empty() {
        lines.push(Line::of(Role::Plain, facts.join(" · ")));
    }
    lines
}

/// The passes as a short table: what each did and what it cost.
pub fn passes(passes: &[PassRow]) -> Vec<Line> {
    let name_width = passes.iter().map(|p| p.name.chars().count()).max().unwrap_or(0).max(4);
    let of = |before: u32, after: u32| match before == after {
        true => before.to_string(),
        false => format!("{before} → {after}"),
    };
    let row = |p: &PassRow| {
        let role = if p.changed { Role::Plain } else { Role::Dim };
        let text = format!(
            "  {:name_width$}  {:>14}  {:>14}  {:>9}",
            p.name,
            of(p.ops_in, p.ops_out),
            of(p.guards_in, p.guards_out),
            ns(p.dur_ns)
        );
        Line::of(role, text)
    };
    let head = format!("  {:name_width$}  {:>14}  {:>14}  {:>9}", "pass", "instructions", "guards", "time");
    let rules = |p: &PassRow| {
        (!p.rules.is_empty())
            .then(|| Line::of(Role::Dim, format!("  {:name_width$}  by {}", "", list_of_rules(&p.rules, usize::MAX))))
    };
    let rows = passes.iter().flat_map(|p| std::iter::once(row(p)).chain(rules(p)));
    std::iter::once(Line::of(Role::Title, head)).chain(rows).collect()
}

/// `recorded  42 instructions`, `fold  42 instructions  -12  +3  ~4`
pub fn title(stage: &Stage) -> String {
    match &stage.content {
        Content::Bytecode { lines } => format!("{}  {}", stage.name, plural(lines.len() as u64, "instruction")),
        Content::Ir(ir) => {
            let left = ir.lines.iter().filter(|l| l.mark != Mark::Removed).count();
            let mut text = format!("{}  {}", stage.name, plural(left as u64, "instruction"));
            for (sign, n) in [("-", ir.removed), ("+", ir.added), ("~", ir.changed)] {
                if n > 0 {
                    text.push_str(&format!("  {sign}{n}"));
                }
            }
            text
        }
        Content::Asm(asm) => {
            format!("{}  {} at {}", stage.name, bytes(asm.code_bytes), asm.addr)
        }
    }
}

/// The lines of a stage. `ir` is the last stage of the IR, whose instructions head the machine code made for them.
pub fn lines(cx: Context<'_>, stage: &Stage, ir: Option<&IrListing>) -> Vec<StageLine> {
    match &stage.content {
        Content::Bytecode { lines } => bytecode(cx, lines),
        Content::Ir(listing) => ir_lines(cx, listing),
        Content::Asm(listing) => asm(cx, listing, ir),
    }
}

/// Tells when the place changes from one line to the next.
struct Places {
    last: Option<(Option<String>, Option<u32>)>,
}

impl Places {
    fn moved_to(&mut self, place: &Place) -> bool {
        let key = (place.file.clone(), place.line);
        let moved = place.line.is_some() && self.last.as_ref() != Some(&key);
        if moved {
            self.last = Some(key);
        }
        moved
    }
}

/// `demo.py:13 work  total += i`
fn source_comment(cx: Context<'_>, place: &Place, loc: LocId, depth: usize) -> StageLine {
    let mut line = Line::of(Role::Plain, "  ".repeat(depth));
    line.push(Role::Source, super::columns::place(place));
    if let Some(text) = cx.model.source_line(loc).filter(|_| cx.with_source) {
        line.push(Role::Source, format!("  {}", crate::clean::expand_tabs(text).trim_start()));
    }
    StageLine { line, op: None, loc, term: "source", is_comment: true, remark: None }
}

/// Nobody inlines this deep; more is a damaged log, and must not make a line endless.
const DEEPEST: usize = 16;

fn bytecode(cx: Context<'_>, ops: &[BytecodeLine]) -> Vec<StageLine> {
    let mut out = Vec::new();
    let mut places = Places { last: None };
    for op in ops {
        let depth = (op.depth as usize).min(DEEPEST);
        if places.moved_to(&op.place) {
            out.push(source_comment(cx, &op.place, op.loc, depth));
        }
        let (name, rest) = op.text.split_once(' ').unwrap_or((&op.text, ""));
        let mut line = Line::of(Role::Plain, "  ".repeat(depth + 1));
        match name.is_empty() {
            true => line.push(Role::Op, format!("{:#x}", op.word)),
            false => line.push(Role::Op, name),
        }
        if !rest.is_empty() {
            line.push(Role::Plain, format!(" {rest}"));
        }
        add_decision(&mut line, op.decision.as_ref());
        let term = if op.decision.is_some() { "decision" } else { "bytecode" };
        let remark = op.decision.as_ref().map(decision);
        out.push(StageLine { line, op: None, loc: op.loc, term, is_comment: false, remark });
    }
    out
}

fn ir_lines(cx: Context<'_>, listing: &IrListing) -> Vec<StageLine> {
    let mut out = Vec::new();
    let mut places = Places { last: None };
    for ins in &listing.lines {
        if places.moved_to(&ins.place) {
            out.push(source_comment(cx, &ins.place, ins.loc, 0));
        }
        let term = if ins.decision.is_some() { "decision" } else { terms::of_operation(&ins.op, ins.is_guard) };
        let remark = ins.decision.as_ref().map(decision);
        let line = ir_line(ins);
        out.push(StageLine { line, op: Some(ins.id), loc: ins.loc, term, is_comment: false, remark });
    }
    out
}

/// The column where the note on a guard begins, if the instruction leaves room.
const NOTE_AT: usize = 44;

fn ir_line(ins: &IrLine) -> Line {
    let role = match ins.mark {
        Mark::Same => None,
        Mark::Added => Some(Role::Added),
        Mark::Removed => Some(Role::Removed),
        Mark::Changed => Some(Role::Changed),
    };
    let mut line = Line::of(role.unwrap_or(Role::Plain), ins.mark.sign());
    line.push(role.unwrap_or(Role::Dim), format!("{:>5}  ", format!("%{}", ins.id)));
    line.push(role.unwrap_or(Role::Dim), format!("{:<5} ", ins.r#type));
    line.push(role.unwrap_or(Role::Op), &ins.op);
    if !ins.operands.is_empty() {
        line.push(role.unwrap_or(Role::Plain), format!(" {}", ins.operands.join(", ")));
    }
    if ins.is_loop_head {
        line.push(role.unwrap_or(Role::Dim), " ──────────");
    }
    if let Some(was) = &ins.was {
        line.push(Role::Dim, format!("  was {was}"));
    }
    if let Some(guard) = ins.guard.as_ref().filter(|_| ins.mark != Mark::Removed) {
        line.pad_to(NOTE_AT);
        line.push(Role::Dim, format!("guard {}", guard.id));
        if let Some(failures) = guard.failures.filter(|n| *n > 0) {
            line.push(Role::Warn, format!(" failed {}", count(failures)));
        }
        if let Some(bridge) = guard.bridge {
            line.push(Role::Dim, format!(" → bridge {bridge}"));
        }
    }
    add_decision(&mut line, ins.decision.as_ref());
    line
}

/// `; call area: inlined`
fn add_decision(line: &mut Line, decision: Option<&DecisionNote>) {
    if let Some(decision) = decision {
        line.push(Role::Dim, format!("  ; {}", decision.short()));
    }
}

/// A decision in words, for the line below the panes.
fn decision(note: &DecisionNote) -> Line {
    let mut line = Line::of(Role::Title, note.short());
    if let Some(text) = &note.text {
        line.push(Role::Plain, format!("; {text}"));
    }
    line
}

/// The column where the operands of machine instructions begin.
const OPERANDS_AT: usize = 16;

fn asm(cx: Context<'_>, listing: &AsmListing, ir: Option<&IrListing>) -> Vec<StageLine> {
    let mut out: Vec<StageLine> = Vec::new();
    let mut places = Places { last: None };
    let mut last_op = None;
    for ins in &listing.lines {
        if places.moved_to(&ins.place) {
            out.push(source_comment(cx, &ins.place, ins.loc, 0));
        }
        if ins.op != last_op {
            last_op = ins.op;
            let made_for = ins.op.and_then(|op| ir?.lines.iter().find(|l| l.id == op && l.mark != Mark::Removed));
            if let Some(made_for) = made_for {
                let mut line = Line::of(Role::Dim, format!("  %{} {}", made_for.id, made_for.text()));
                if let Some(guard) = &made_for.guard {
                    line.push(Role::Dim, format!("  guard {}", guard.id));
                }
                let term = terms::of_operation(&made_for.op, made_for.is_guard);
                out.push(StageLine { line, op: ins.op, loc: ins.loc, term, is_comment: true, remark: None });
            }
        }
        let (name, rest) = ins.text.split_once(' ').unwrap_or((&ins.text, ""));
        let mut line = Line::of(Role::Dim, format!("{:>6x}  ", ins.offset));
        line.push(Role::Op, name);
        // Inside the trace the offset says more than the address.
        let operands = ins.target.map_or(rest.trim_start().to_string(), |target| format!("→ {target:x}"));
        if !operands.is_empty() {
            line.pad_to(OPERANDS_AT);
            line.push(Role::Plain, operands);
        }
        out.push(StageLine { line, op: ins.op, loc: ins.loc, term: "code", is_comment: false, remark: None });
    }
    out
}

/// The snapshot of a guard in words, for the line below the panes.
pub fn snapshot(ins: &IrLine) -> Option<Line> {
    let snap = ins.snapshot.as_ref()?;
    let mut line = Line::new();
    if let Some(guard) = &ins.guard {
        line.push(Role::Title, format!("guard {}", guard.id));
        line.push(Role::Plain, format!(" {}", guard.kind));
        if !guard.expected.is_empty() {
            line.push(Role::Plain, format!(" expects {}", guard.expected));
        }
        line.push(Role::Plain, "; ");
    }
    let frames: Vec<String> = snap.frames.iter().map(Place::short).collect();
    line.push(Role::Dim, format!("restores {}", if frames.is_empty() { "?".into() } else { frames.join(" > ") }));
    let slots: Vec<String> = snap.slots.iter().map(|(slot, value)| format!("r{slot}={value}")).collect();
    if !slots.is_empty() {
        line.push(Role::Dim, format!(" with {}", slots.join(" ")));
    }
    Some(line)
}
