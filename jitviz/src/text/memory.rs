//! The memory account as text: parts and their sum, the collector, then what allocates and what was taken out.

use super::columns;
use crate::analyse::memory::MemoryReport;
use crate::styled::{Line, Role};
use crate::units::{bytes, count, ns, plural, share};

/// Rows of the lists; `--json` has all.
const ROWS: usize = 10;
/// The column at which numbers end.
const NUMBER: usize = 12;

/// Everything but the table of lines that allocate.
pub fn lines(report: &MemoryReport) -> Vec<Line> {
    let mut lines = Vec::new();
    account(report, &mut lines);
    collector(report, &mut lines);
    if let Some(alive) = &report.alive_most {
        super::objects::living("Alive when a collection left most", alive, &mut lines);
    }
    let types = report.types.iter().map(|row| {
        let part = share(row.permille, 1_000).unwrap_or_default();
        Line::of(Role::Plain, format!("{:>NUMBER$} {part:>8}  ", bytes(row.bytes))).with(Role::Name, &row.ty)
    });
    section("Allocated by type, from samples", "types", types.collect(), &mut lines);
    let removed = report.removed.iter().map(|row| {
        let text = format!("{:>NUMBER$} of {:<5}  ", count(row.recorded - row.left), count(row.recorded));
        Line::of(Role::Plain, text).with(Role::Name, columns::place(&row.place))
    });
    section("Allocations taken out of traces", "lines", removed.collect(), &mut lines);
    let traces = report.traces.iter().map(|row| {
        let text = format!("{:>NUMBER$} {:>NUMBER$}  trace {:<5} ", bytes(row.code), bytes(row.metadata), row.trace);
        Line::of(Role::Plain, text).with(Role::Name, columns::place(&row.place))
    });
    section("Traces by size: code and metadata", "traces", traces.collect(), &mut lines);
    lines
}

/// The account: a title, a line for each part in their order, then sums and what the kernel says.
pub fn account(report: &MemoryReport, lines: &mut Vec<Line>) {
    let account = &report.account;
    let head = format!("{:>NUMBER$} {:>NUMBER$}", "at the end", "at the peak");
    let mut title = Line::of(Role::Title, head);
    if let Some(at) = account.peak_at_ns {
        title.push(Role::Dim, format!("  (after {})", ns(at)));
    }
    lines.push(title);
    let row = |end: u64, peak: u64, what: &str| format!("{:>NUMBER$} {:>NUMBER$}  {what}", bytes(end), bytes(peak));
    for part in &account.parts {
        lines.push(Line::of(Role::Plain, row(part.at_end, part.at_peak, &part.what)));
    }
    lines.push(Line::of(
        Role::Title,
        row(account.sum_at_end, account.sum_at_peak, "in all, as far as the log measures it"),
    ));
    if let (Some(end), Some(peak)) = (account.resident_at_end, account.resident_at_peak) {
        lines.push(Line::of(Role::Plain, row(end, peak, "resident, as the kernel says")));
        let signed = |rest: Option<i64>| {
            let rest = rest.unwrap_or(0);
            format!("{}{}", if rest < 0 { "-" } else { "" }, bytes(rest.unsigned_abs()))
        };
        let rest = [account.remainder_at_end, account.remainder_at_peak].map(signed);
        let part = share(account.remainder_at_peak.unwrap_or(0).unsigned_abs(), peak).unwrap_or_default();
        let text = format!("{:>NUMBER$} {:>NUMBER$}  remainder, {part} at the peak", rest[0], rest[1]);
        lines.push(Line::of(Role::Plain, text));
    }
    lines
        .push(Line::of(Role::Dim, format!("{:>NUMBER$} {:>NUMBER$}  the log, as a file", bytes(account.log_file), "")));
    match (report.memory.heap_allocated, report.sampled_bytes) {
        (Some(counted), Some(sampled)) => {
            let part = share(sampled, counted).unwrap_or_default();
            let text = format!(
                "{:>NUMBER$} allocated over the time; samples stand for {} ({part})",
                bytes(counted),
                bytes(sampled)
            );
            lines.push(Line::of(Role::Plain, text));
        }
        (Some(counted), None) => {
            lines.push(Line::of(Role::Plain, format!("{:>NUMBER$} allocated over the time", bytes(counted))));
        }
        _ => {}
    }
}

fn collector(report: &MemoryReport, lines: &mut Vec<Line>) {
    let Some(collections) = report.gc.collections else { return };
    lines.push(Line::new());
    let pause = |total: Option<u64>| total.map_or("not measured".into(), ns);
    let mut text = plural(collections, "collection");
    if collections > 0 {
        text.push_str(&format!(", {}, the longest {}", pause(report.gc.pause_ns), pause(report.gc.pause_max_ns)));
    }
    if let Some(survived) = report.collections.survived_permille {
        text.push_str(&format!("; {} survived", share(survived, 1_000).unwrap_or_default()));
    }
    lines.push(Line::of(Role::Title, text));
    for row in &report.collections.causes {
        let cause = row.cause.as_deref().unwrap_or("cause not logged");
        lines.push(Line::of(
            Role::Plain,
            format!("{:>NUMBER$} {:>NUMBER$}  {cause}", count(row.collections), ns(row.pause_ns)),
        ));
    }
    for row in report.collections.pauses.iter().filter(|_| collections > 1) {
        let text = format!(
            "{:>NUMBER$} {:>NUMBER$}  pauses of up to {}",
            count(row.collections),
            ns(row.pause_ns),
            ns(row.at_most_ns)
        );
        lines.push(Line::of(Role::Dim, text));
    }
    for row in &report.collections.phases {
        let text = format!(
            "{:>NUMBER$} {:>NUMBER$}  phase {}",
            ns(row.total_ns),
            format!("max {}", ns(row.max_ns)),
            row.phase
        );
        lines.push(Line::of(Role::Dim, text));
    }
}

fn section(title: &str, name: &str, rows: Vec<Line>, lines: &mut Vec<Line>) {
    if rows.is_empty() {
        return;
    }
    let more = rows.len().saturating_sub(ROWS);
    lines.push(Line::new());
    lines.push(Line::of(Role::Title, title));
    lines.extend(rows.into_iter().take(ROWS));
    if more > 0 {
        lines.push(Line::of(Role::Dim, format!("{more} more {name} with --json")));
    }
}
