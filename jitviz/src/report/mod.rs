//! The report: one HTML file without network and script, findings first, then charts, then tables.
//!
//! Every number in it is one that a command prints with `--json`. The same log gives the same bytes.

mod bitmap;
pub mod chart;
pub mod html;

use serde_json::Value;

use crate::analyse::findings::Finding;
use crate::analyse::overview::overview;
use crate::analyse::series::{self, Chart, KINDS};
use crate::analyse::{aborts, guards, lines, traces};
use crate::model::Model;
use crate::text::columns::{self, ABORTS, GUARDS, LINES, TRACES};
use crate::text::table::{Align, Column, Sort};
use crate::text::{findings, page};
use crate::units::{ns, plural};
use chart::Ground;
use html::escape;

/// Rows of a table; the rest is for the command the report names.
const MOST_ROWS: usize = 100;
/// Lines of source; longer programs show those on which something happened.
const MOST_LINES: usize = 2_000;

pub fn report(model: &Model, with_source: bool) -> Result<String, String> {
    let overview = overview(model);
    let title = match &overview.summary.program {
        Some(_) => escape(&overview.summary.argv.join(" ")),
        None => escape(&overview.name),
    };
    let mut out = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    out.push_str(&format!(
        "<title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n<h1>{title}</h1>\n",
        include_str!("style.css")
    ));
    problems(&mut out, model);

    out.push_str("<h2>Findings</h2>\n");
    if overview.findings.findings.is_empty() {
        out.push_str(&format!(
            "<p>No findings. Looked for {}.</p>\n",
            escape(&overview.findings.looked_for.join(", "))
        ));
    }
    for finding in &overview.findings.findings {
        one_finding(&mut out, finding);
    }
    if overview.findings.not_shown > 0 {
        let more = plural(overview.findings.not_shown, "finding");
        out.push_str(&format!("<p class=\"soft\">{more} of little weight: jitviz explain --all</p>\n"));
    }

    out.push_str("<h2>The run</h2>\n<dl>\n");
    let duration = overview.summary.duration_ns.map_or("not in the log".into(), ns);
    out.push_str(&format!("<dt>Duration</dt><dd>{duration}</dd>\n"));
    out.push_str(&format!("<dt>VM</dt><dd>{}</dd>\n", escape(&overview.vm)));
    if let Some(exit) = &overview.summary.exit {
        out.push_str(&format!("<dt>Exit status</dt><dd>{} ({})</dd>\n", exit.status, escape(&exit.how)));
    }
    for (name, text) in page::fact_texts(&overview) {
        out.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(&text)));
    }
    out.push_str("</dl>\n");

    out.push_str("<h2>Over time</h2>\n");
    for kind in KINDS {
        let chart = series::chart(model, kind);
        out.push_str(&format!("<h3>{}</h3>\n", escape(chart.title)));
        if chart.series.is_empty() {
            out.push_str("<p class=\"soft\">Nothing of it is in this log.</p>\n");
            continue;
        }
        if let Some(outcome) = &chart.outcome {
            out.push_str(&format!("<p>{}.</p>\n", escape(&capital(outcome))));
        }
        out.push_str(&chart::svg(&chart, Ground::Page)?);
        marks(&mut out, &chart);
        out.push_str(&format!("<p class=\"soft\">{}", escape(chart.how_to_read)));
        if chart.thinned > 0 {
            out.push_str(&format!(" {} too close to others to show were left out.", plural(chart.thinned, "point")));
        }
        out.push_str("</p>\n");
    }

    table(&mut out, "Traces", "traces", TRACES, "executions", traces::rows(model));
    table(&mut out, "Guards", "guards", GUARDS, "failures", guards::rows(model));
    table(&mut out, "Aborted recordings", "aborts", ABORTS, "count", aborts::rows(model));
    if with_source {
        source(&mut out, model);
    }
    out.push_str("</body>\n</html>\n");
    Ok(out)
}

/// The marks of a chart as a list, for those who do not see it and for those that found no room in it.
fn marks(out: &mut String, chart: &Chart) {
    if chart.marks.is_empty() {
        return;
    }
    out.push_str("<ol>\n");
    for mark in chart.marks.iter().take(MOST_ROWS) {
        out.push_str(&format!("<li>At {}: {}</li>\n", ns(mark.at_ns), escape(&mark.text)));
    }
    out.push_str("</ol>\n");
}

/// What may distort every number below.
fn problems(out: &mut String, model: &Model) {
    if !model.health.text.is_empty() {
        out.push_str(&format!(
            "<p class=\"warn\">The log is {}: {}.</p>\n",
            escape(&model.health.word),
            escape(&model.health.text)
        ));
    }
    for problem in &model.problems {
        out.push_str(&format!("<p class=\"warn\">{}</p>\n", escape(&problem.to_string())));
    }
}

fn one_finding(out: &mut String, finding: &Finding) {
    let place = columns::place(&finding.place);
    out.push_str(&format!("<div class=\"finding\">\n<h3>{} at {}</h3>\n", escape(finding.id), escape(&place)));
    out.push_str(&format!("<p>{} {}", escape(&finding.cause), escape(&capital(&findings::cost(finding)))));
    if let Some([low, high]) = finding.saving_ns {
        out.push_str(&format!("; without it the run would be {} to {} shorter", ns(low), ns(high)));
    }
    out.push_str(&format!(".</p>\n<p>{}</p>\n", escape(&finding.advice)));
    let empty = Value::Null;
    let evidence = if finding.evidence.is_object() { &finding.evidence } else { &empty };
    out.push_str(&format!("<p class=\"soft\">Evidence: {}</p>\n</div>\n", escape(&findings::evidence(evidence))));
}

/// The text as the start of a sentence.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// One of the lists, without columns that have no value at all.
fn table<R>(out: &mut String, title: &str, command: &str, columns: &[Column<R>], sort: &str, mut rows: Vec<R>) {
    if let Some(sort) = Sort::by(columns, sort) {
        sort.apply(columns, &mut rows);
    }
    out.push_str(&format!("<h2>{}</h2>\n", escape(title)));
    if rows.is_empty() {
        out.push_str("<p class=\"soft\">None in this log.</p>\n");
        return;
    }
    let total = rows.len();
    rows.truncate(MOST_ROWS);
    body(out, "", columns, &rows);
    if total > rows.len() {
        let more = plural((total - rows.len()) as u64, "row");
        out.push_str(&format!("<p class=\"soft\">{more} more: jitviz {command}</p>\n"));
    }
}

fn body<R>(out: &mut String, class: &str, columns: &[Column<R>], rows: &[R]) {
    let cells: Vec<Vec<String>> = rows.iter().map(|r| columns.iter().map(|c| (c.cell)(r)).collect()).collect();
    let shown: Vec<usize> = (0..columns.len()).filter(|&i| cells.iter().any(|row| !row[i].is_empty())).collect();
    let side = |i: usize| if columns[i].align == Align::Right { " class=\"right\"" } else { "" };
    out.push_str(&format!("<div class=\"wide\" tabindex=\"0\">\n<table class=\"{class}\">\n<thead><tr>"));
    for &i in &shown {
        out.push_str(&format!("<th scope=\"col\"{}>{}</th>", side(i), escape(columns[i].title)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &cells {
        out.push_str("<tr>");
        for &i in &shown {
            out.push_str(&format!("<td{}>{}</td>", side(i), escape(&row[i])));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

fn source(out: &mut String, model: &Model) {
    let mut rows = lines::rows(model, true);
    out.push_str("<h2>Source</h2>\n");
    if rows.len() > MOST_LINES {
        let before = rows.len();
        rows.retain(|r| r.heat > 0 || r.aborts > 0 || !r.traces.is_empty());
        rows.truncate(MOST_LINES);
        let hidden = plural((before - rows.len()) as u64, "line");
        out.push_str(&format!("<p class=\"soft\">{hidden} on which little happened: jitviz lines</p>\n"));
    }
    body(out, "code", LINES, &rows);
}
