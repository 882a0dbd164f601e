//! The report: one HTML file without network and script, findings first, then charts, then tables.
//!
//! Every number in it is one that a command prints with `--json`. The same log gives the same bytes.

mod bitmap;
pub mod chart;
mod colours;
mod explorer;
mod facts;
pub mod html;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::analyse::findings::Finding;
use crate::analyse::lines::LineRow;
use crate::analyse::overview::overview;
use crate::analyse::series::{self, Chart, KINDS};
use crate::analyse::{aborts, allocs, decisions, guards, lines, passes, traces};
use crate::model::{Model, Place, TraceId};
use crate::text::columns::{self, ABORTS, ALLOCS, DECISIONS, GUARDS, LINES, PASSES, TRACES};
use crate::text::table::{Align, Column, Sort};
use crate::text::{findings, page};
use crate::units::{ns, plural};
use chart::Ground;
use html::escape;

/// Rows of a table; the rest is for the command the report names.
const MOST_ROWS: usize = 100;
/// Wider tables are printed small.
const MANY_COLUMNS: usize = 11;
/// Lines of source; longer programs show those on which something happened.
const MOST_LINES: usize = 2_000;

pub fn report(model: &Model, with_source: bool) -> Result<String, String> {
    let overview = overview(model);
    let (explorer, shown) = explorer::explorer(model, with_source);
    let source = with_source.then(|| Source::of(model));
    let links = Links { traces: shown, lines: source.iter().flat_map(Source::anchors).collect() };
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
        one_finding(&mut out, finding, &evidence_link(&links, finding));
    }
    if overview.findings.not_shown > 0 {
        let more = plural(overview.findings.not_shown, "finding");
        out.push_str(&format!("<p class=\"soft\">{more} of little weight: jitviz explain --all</p>\n"));
    }

    out.push_str("<h2>The run</h2>\n<dl>\n");
    let facts = facts::facts(model, &overview).into_iter().chain(page::fact_texts(&overview));
    for (name, text) in facts {
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
        out.push_str("<div class=\"wide\" tabindex=\"0\">\n");
        out.push_str(&chart::svg(&chart, Ground::Page)?);
        out.push_str("</div>\n");
        marks(&mut out, &chart);
        out.push_str(&format!("<p class=\"soft\">{}", escape(chart.how_to_read)));
        if chart.thinned > 0 {
            out.push_str(&format!(" {} too close to others to show were left out.", plural(chart.thinned, "point")));
        }
        out.push_str("</p>\n");
    }

    let rows = traces::rows(model);
    let by = if rows.iter().any(|r| r.time_ns.is_some_and(|ns| ns > 0)) { "time_ns" } else { "executions" };
    let mut page = Page { out };
    page.table("Traces", "traces", TRACES, by, rows, |r| links.trace(r.id));
    page.table("Guards", "guards", GUARDS, "failures", guards::rows(model), |r| links.line(&r.place));
    page.table("Aborted recordings", "aborts", ABORTS, "count", aborts::rows(model), |r| links.line(&r.place));
    page.table("Optimiser passes", "passes", PASSES, "", passes::rows(model), |_| None);
    let decisions = decisions::rows(model);
    page.table("Decisions", "decisions", DECISIONS, "", decisions.clone(), |r| links.line(&r.place));
    page.meanings(&columns::reasons(&decisions[..decisions.len().min(MOST_ROWS)]));
    page.table("Allocations by line", "allocs", ALLOCS, "bytes", allocs::rows(model), |r| links.line(&r.place));
    if let Some(source) = source {
        source.write(&mut page, &links);
    }
    let mut out = page.out;
    out.push_str(&explorer);
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
    if let Some(span) = model.span {
        let to = if span.to_ns == u64::MAX { "its end".into() } else { ns(span.to_ns) };
        let part = format!("Only the part of the run from {} to {to}.", ns(span.from_ns));
        out.push_str(&format!("<p class=\"warn\">{}</p>\n", escape(&part)));
    }
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

/// What the page holds that can be led to: a great log has more traces and lines than a file for a browser.
struct Links {
    /// In the explorer.
    traces: BTreeSet<TraceId>,
    /// In the source, by their anchors.
    lines: BTreeSet<String>,
}

impl Links {
    fn trace(&self, id: TraceId) -> Option<String> {
        self.traces.contains(&id).then(|| explorer::anchor(id))
    }

    fn line(&self, place: &Place) -> Option<String> {
        Some(line_anchor(place.file.as_deref()?, place.line?)).filter(|anchor| self.lines.contains(anchor))
    }
}

/// Where the page shows what a finding is about.
fn evidence_link(links: &Links, finding: &Finding) -> String {
    let trace = finding.target.and_then(|(id, _)| links.trace(id)).map(|to| (to, "its trace"));
    let line = links.line(&finding.place).map(|to| (to, "its line"));
    let links = [line, trace].into_iter().flatten();
    links.map(|(to, text)| format!(" <a href=\"#{to}\">{text}</a>")).collect()
}

fn one_finding(out: &mut String, finding: &Finding, links: &str) {
    let place = columns::place(&finding.place);
    out.push_str(&format!("<div class=\"finding\">\n<h3>{} at {}</h3>\n", escape(finding.id), escape(&place)));
    out.push_str(&format!("<p>{} {}", escape(&finding.cause), escape(&capital(&findings::cost(finding)))));
    if let Some([low, high]) = finding.saving_ns {
        out.push_str(&format!("; without it the run would be {} to {} shorter", ns(low), ns(high)));
    }
    out.push_str(&format!(".</p>\n<p>{}</p>\n", escape(&finding.advice)));
    let empty = Value::Null;
    let evidence = if finding.evidence.is_object() { &finding.evidence } else { &empty };
    out.push_str(&format!(
        "<p class=\"soft\">Evidence: {}.{links}</p>\n</div>\n",
        escape(&findings::evidence(evidence))
    ));
}

/// The text as the start of a sentence.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A page that is being written.
struct Page {
    out: String,
}

impl Page {
    /// One of the lists, without columns that have no value at all; the place or else the id leads where `link` says.
    fn table<R>(
        &mut self,
        title: &str,
        command: &str,
        columns: &[Column<R>],
        sort: &str,
        mut rows: Vec<R>,
        link: impl Fn(&R) -> Option<String>,
    ) {
        if let Some(sort) = Sort::by(columns, sort) {
            sort.apply(columns, &mut rows);
        }
        self.out.push_str(&format!("<h2>{}</h2>\n", escape(title)));
        if rows.is_empty() {
            self.out.push_str("<p class=\"soft\">None in this log.</p>\n");
            return;
        }
        let total = rows.len();
        rows.truncate(MOST_ROWS);
        self.body(title, "", columns, &rows, |_| String::new(), link);
        if total > rows.len() {
            let more = plural((total - rows.len()) as u64, "row");
            self.out.push_str(&format!("<p class=\"soft\">{more} more: jitviz {command}</p>\n"));
        }
    }

    /// What words of the table above mean.
    fn meanings(&mut self, words: &[(&str, &str)]) {
        for (word, text) in words {
            self.out.push_str(&format!("<p class=\"soft\">{}: {}</p>\n", escape(word), escape(text)));
        }
    }

    fn body<R>(
        &mut self,
        title: &str,
        class: &str,
        columns: &[Column<R>],
        rows: &[R],
        attributes: impl Fn(&R) -> String,
        link: impl Fn(&R) -> Option<String>,
    ) {
        let cells: Vec<Vec<String>> = rows.iter().map(|r| columns.iter().map(|c| (c.cell)(r)).collect()).collect();
        let shown: Vec<usize> = (0..columns.len()).filter(|&i| cells.iter().any(|row| !row[i].is_empty())).collect();
        let side = |i: usize| if columns[i].align == Align::Right { " class=\"right\"" } else { "" };
        let linked = shown.iter().find(|&&i| columns[i].align == Align::Place).or(shown.first()).copied();
        // Paper has no room for so many unless they are small.
        let class = if shown.len() > MANY_COLUMNS { format!("{class} many") } else { class.to_string() };
        let (class, out) = (class.trim(), &mut self.out);
        out.push_str(&format!(
            "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">\n<table class=\"{class}\">\n<thead><tr>",
            escape(title)
        ));
        for &i in &shown {
            out.push_str(&format!("<th scope=\"col\"{}>{}</th>", side(i), escape(columns[i].title)));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for (row, cells) in rows.iter().zip(&cells) {
            out.push_str(&format!("<tr{}>", attributes(row)));
            for &i in &shown {
                let text = escape(&cells[i]);
                match link(row).filter(|_| Some(i) == linked && !text.is_empty()) {
                    Some(to) => out.push_str(&format!("<td{}><a href=\"#{to}\">{text}</a></td>", side(i))),
                    None => out.push_str(&format!("<td{}>{text}</td>", side(i))),
                }
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n</div>\n");
    }
}

/// Where a line of source stands in the page.
fn line_anchor(file: &str, line: u32) -> String {
    let file: String = file.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("line-{file}-{line}")
}

/// The lines of the source that the page shows.
struct Source {
    rows: Vec<LineRow>,
    hidden: usize,
}

impl Source {
    fn of(model: &Model) -> Source {
        let mut rows = lines::rows(model, true);
        let all = rows.len();
        if all > MOST_LINES {
            rows.retain(|r| r.heat > 0 || r.aborts > 0 || !r.traces.is_empty());
            rows.truncate(MOST_LINES);
        }
        Source { hidden: all - rows.len(), rows }
    }

    fn anchors(&self) -> impl Iterator<Item = String> + '_ {
        self.rows.iter().map(|r| line_anchor(&r.file, r.line))
    }

    fn write(&self, page: &mut Page, links: &Links) {
        page.out.push_str("<h2>Source</h2>\n");
        if self.hidden > 0 {
            let hidden = plural(self.hidden as u64, "line");
            page.out.push_str(&format!("<p class=\"soft\">{hidden} on which little happened: jitviz lines</p>\n"));
        }
        page.out.push_str(
            "<p class=\"soft\">The bar beside a line is its heat, by orders of magnitude of time, or of executions and \
             failures where the run was not sampled. A line with a trace leads to it.</p>\n",
        );
        let attributes = |r: &LineRow| format!(" id=\"{}\" class=\"heat{}\"", line_anchor(&r.file, r.line), r.heat);
        let link = |r: &LineRow| r.target.and_then(|(id, _)| links.trace(id));
        page.body("Source", "code", LINES, &self.rows, attributes, link);
    }
}
