//! A table as a command prints it: title line, rows, and what was left out.

use super::table::{self, Column, Sort};
use crate::styled::{Line, Role};
use crate::text::paint::Paint;
use crate::units;

/// The lines of a table. `total` is how many rows there are beyond those given.
pub fn lines<R>(columns: &[Column<R>], rows: &[R], sort: Option<Sort>, total: usize, paint: &Paint) -> Vec<Line> {
    let widths = table::widths(columns, rows, paint.charset);
    let shown = table::layout(columns, &widths, sort, paint.width.unwrap_or(usize::MAX));
    let mut out = vec![table::head(columns, &shown, sort, paint.charset)];
    out.extend(rows.iter().map(|r| table::row(columns, &shown, r, paint.charset)));
    let hidden = total - rows.len().min(total);
    if hidden > 0 {
        let text = format!("… {} more; --limit {total} shows all", units::plural(hidden as u64, "row"));
        out.push(Line::of(Role::Dim, text));
    }
    let left_out = |i: &usize| widths[*i] > 0 && shown.iter().all(|s| s.0 != *i);
    let missing: Vec<&str> = (0..columns.len()).filter(left_out).map(|i| columns[i].title).collect();
    if !missing.is_empty() {
        let text = format!("not shown for want of room: {}; --json has all", missing.join(", "));
        out.push(Line::of(Role::Dim, text));
    }
    out
}
