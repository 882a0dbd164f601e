//! Objects as text: the living by type, hidden classes by class, inline caches that miss.

use super::columns;
use crate::analyse::objects::{Living, ObjectReport};
use crate::styled::{Line, Role};
use crate::units::{bytes, count, ns, plural, share};

/// Rows of the lists; `--json` has all.
const ROWS: usize = 15;
/// The column at which numbers end.
const NUMBER: usize = 12;
/// Types named of a cache.
const TYPES: usize = 4;

pub fn lines(report: &ObjectReport) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(alive) = &report.alive_most {
        living("Alive when a collection left most", alive, &mut lines);
    }
    if let Some(alive) = report.alive_last.as_ref().filter(|last| Some(*last) != report.alive_most.as_ref()) {
        living("Alive after the last collection that was counted", alive, &mut lines);
    }
    let classes = report.classes.iter().map(|row| {
        let mut text = format!("{:>NUMBER$} ", count(row.shapes));
        text.push_str(&format!("{:>7} {:>10}  ", count(row.forks), row.attributes));
        let mut line = Line::of(Role::Plain, text).with(Role::Name, &row.class);
        if let Some(place) = &row.last {
            line.push(Role::Dim, format!("  last at {}", columns::place(place)));
        }
        if row.has_dictionaries {
            line.push(Role::Dim, "  some keep attributes in a dict");
        }
        line
    });
    let head = format!("{:>NUMBER$} {:>7} {:>10}  class", "classes", "forks", "attributes");
    section("Hidden classes", &head, "classes", classes.collect(), &mut lines);
    if report.classes_with_one > 0 {
        let text = format!("{:>NUMBER$} with one hidden class", plural(report.classes_with_one, "class"));
        lines.push(Line::of(Role::Dim, text));
    }
    let caches = report.caches.iter().map(|row| {
        let mut types = row.types.iter().take(TYPES).cloned().collect::<Vec<_>>().join(", ");
        if row.types.len() > TYPES {
            types.push_str(", …");
        }
        let text = format!("{:>NUMBER$} {:>7}  {:13}", count(u64::from(row.misses)), row.entries, row.kind);
        Line::of(Role::Plain, text).with(Role::Name, columns::place(&row.place)).with(Role::Dim, format!("  {types}"))
    });
    let head = format!("{:>NUMBER$} {:>7}  {:13}where, types of the objects", "misses", "entries", "instruction");
    section("Inline caches that missed more than once", &head, "caches", caches.collect(), &mut lines);
    if lines.is_empty() {
        lines.push(Line::of(Role::Dim, "nothing about objects in this log"));
    }
    lines
}

/// What was alive at one collection.
pub fn living(title: &str, alive: &Living, lines: &mut Vec<Line>) {
    let rows = alive.types.iter().map(|row| {
        let part = share(row.bytes, alive.bytes).unwrap_or_default();
        let text = format!("{:>NUMBER$} {part:>8} {:>12}  ", bytes(row.bytes), count(row.objects));
        Line::of(Role::Plain, text).with(Role::Name, &row.ty)
    });
    let title = format!("{title}: {} after {}", bytes(alive.bytes), ns(alive.at_ns));
    let head = format!("{:>NUMBER$} {:>8} {:>12}  type", "bytes", "share", "objects");
    section(&title, &head, "types", rows.collect(), lines);
}

fn section(title: &str, head: &str, name: &str, rows: Vec<Line>, lines: &mut Vec<Line>) {
    if rows.is_empty() {
        return;
    }
    if !lines.is_empty() {
        lines.push(Line::new());
    }
    let more = rows.len().saturating_sub(ROWS);
    lines.push(Line::of(Role::Title, title));
    lines.push(Line::of(Role::Dim, head));
    lines.extend(rows.into_iter().take(ROWS));
    if more > 0 {
        lines.push(Line::of(Role::Dim, format!("{more} more {name} with --json")));
    }
}
