//! The trace explorer of the report: each trace with its bridges inside it, and every stage from bytecode to machine
//! code, to fold and unfold without a script.

use std::collections::{BTreeMap, BTreeSet};

use super::html::escape;
use crate::analyse::trace::{Content, TraceReport, report_of};
use crate::analyse::traces::{self, TraceRow};
use crate::model::{Model, TraceId};
use crate::styled::{Line, Role};
use crate::text::columns::place;
use crate::text::trace::{self, Context};
use crate::units::{count, ns, plural};

/// Bytes of stages; what is beyond is for `jitviz trace`.
const MOST: usize = 2 << 20;
/// More are for `jitviz trace` too, though they be small.
const MOST_TRACES: usize = 1_000;
/// Deeper bridges stand beside their parents.
const DEEPEST: usize = 8;

/// Where a trace stands in the page.
pub fn anchor(id: TraceId) -> String {
    format!("trace-{id}")
}

/// The explorer, and which traces it shows: the hottest traces first, and inside a trace its hottest bridges.
pub fn explorer(model: &Model, with_source: bool) -> (String, BTreeSet<TraceId>) {
    let out = &mut String::new();
    let rows: BTreeMap<TraceId, TraceRow> = traces::rows(model).into_iter().map(|row| (row.id, row)).collect();
    let coded = |id: &TraceId| model.traces.get(id).is_some_and(|t| t.became_code());
    let mut below: BTreeMap<Option<TraceId>, Vec<&TraceRow>> = BTreeMap::new();
    for row in rows.values().filter(|row| coded(&row.id)) {
        let parent = row.parent.filter(|p| *p != row.id && coded(p) && rows.contains_key(p));
        below.entry(parent).or_default().push(row);
    }
    for list in below.values_mut() {
        list.sort_by_key(|row| (std::cmp::Reverse((row.time_ns, row.executions)), row.id));
    }
    out.push_str("<h2>Trace explorer</h2>\n");
    let total = below.values().map(Vec::len).sum::<usize>();
    if total == 0 {
        out.push_str("<p class=\"soft\">No trace became machine code.</p>\n");
        return (std::mem::take(out), BTreeSet::new());
    }
    let mut explorer = Explorer { model, with_source, below, left: MOST, shown: BTreeSet::new() };
    for row in explorer.below.get(&None).cloned().unwrap_or_default() {
        explorer.one(out, row, 0);
    }
    let hidden = total - explorer.shown.len();
    if hidden > 0 {
        let text = format!("{} more, which ran less, would make this file too large", plural(hidden as u64, "trace"));
        out.push_str(&format!("<p class=\"soft\">{text}: jitviz traces, jitviz trace</p>\n"));
    }
    (std::mem::take(out), explorer.shown)
}

struct Explorer<'m, 'r> {
    model: &'m Model,
    with_source: bool,
    below: BTreeMap<Option<TraceId>, Vec<&'r TraceRow>>,
    left: usize,
    shown: BTreeSet<TraceId>,
}

impl Explorer<'_, '_> {
    fn one(&mut self, out: &mut String, row: &TraceRow, depth: usize) {
        if self.left == 0 || self.shown.len() >= MOST_TRACES {
            return;
        }
        let Some(report) = report_of(self.model, row.clone()) else { return };
        let start = out.len();
        self.shown.insert(row.id);
        let mut summary = format!("<strong>{} {}</strong> {}", escape(&row.kind), row.id, escape(&place(&row.place)));
        let facts = [
            row.time_ns.map(ns),
            row.executions.map(|n| format!("ran {} times", count(n))),
            row.exits.filter(|n| *n > 0).map(|n| plural(n, "exit")),
        ];
        for fact in facts.into_iter().flatten() {
            summary.push_str(&format!(" · {}", escape(&fact)));
        }
        out.push_str(&format!("<details id=\"{}\"><summary>{summary}</summary>\n", anchor(row.id)));
        for line in trace::head(&report).iter().skip(1) {
            out.push_str(&format!("<p>{}</p>\n", escape(&line.plain())));
        }
        for problem in &report.problems {
            out.push_str(&format!("<p class=\"warn\">{}</p>\n", escape(&problem.to_string())));
        }
        if !report.passes.is_empty() {
            pre(out, trace::passes(&report.passes).iter());
        }
        self.stages(out, &report);
        self.left = self.left.saturating_sub(out.len() - start);
        let bridges = self.below.get(&Some(row.id)).cloned().unwrap_or_default();
        if depth >= DEEPEST {
            out.push_str("</details>\n");
        }
        for bridge in bridges {
            self.one(out, bridge, depth + 1);
        }
        if depth < DEEPEST {
            out.push_str("</details>\n");
        }
    }

    fn stages(&self, out: &mut String, report: &TraceReport) {
        let ir = report.last_ir().and_then(|i| match &report.stages[i].content {
            Content::Ir(listing) => Some(listing),
            _ => None,
        });
        let cx = Context { model: self.model, with_source: self.with_source };
        for stage in &report.stages {
            out.push_str(&format!("<details><summary>{}</summary>\n", escape(&trace::title(stage))));
            let lines = trace::lines(cx, stage, ir);
            pre(out, lines.iter().map(|l| &l.line));
            out.push_str("</details>\n");
        }
    }
}

/// Lines as they stand in a terminal; what a pass took out, put in or changed has its sign and its weight.
fn pre<'l>(out: &mut String, lines: impl Iterator<Item = &'l Line>) {
    out.push_str("<pre tabindex=\"0\">");
    for line in lines {
        for span in &line.spans {
            let class = match span.role {
                Role::Added => "added",
                Role::Removed => "removed",
                Role::Source | Role::Dim => "soft",
                Role::Title => "title",
                _ => {
                    out.push_str(&escape(&span.text));
                    continue;
                }
            };
            out.push_str(&format!("<span class=\"{class}\">{}</span>", escape(&span.text)));
        }
        out.push('\n');
    }
    out.push_str("</pre>\n");
}
