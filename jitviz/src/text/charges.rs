//! Who is to blame for time in the interpreter and in builtins, as text.

use super::columns;
use crate::analyse::charges::Charges;
use crate::model::Part;
use crate::styled::{Line, Role};
use crate::units::{ns, share};

/// Rows of each list; `--json` has all.
const ROWS: usize = 20;

pub fn lines(charges: &Charges) -> Vec<Line> {
    let mut lines = Vec::new();
    lines.push(Line::of(Role::Title, format!("Interpreter: {}", ns(charges.interp_ns))));
    for (cause, time) in &charges.causes {
        let part = share(*time, charges.interp_ns).unwrap_or_default();
        lines.push(Line::of(Role::Plain, format!("{:>9} {part:>7}  {}", ns(*time), cause.text())));
    }
    if !charges.interp.is_empty() {
        lines.push(Line::new());
    }
    for row in charges.interp.iter().take(ROWS) {
        let part = share(row.ns, charges.interp_ns).unwrap_or_default();
        let mut line = Line::of(Role::Plain, format!("{:>9} {part:>7}  {:20} ", ns(row.ns), row.cause.text()));
        line.push(Role::Name, columns::place(&row.place));
        if let Some(guard) = row.guard {
            line.push(Role::Dim, format!("  guard {guard}"));
        }
        if let Some(trace) = row.trace {
            line.push(Role::Dim, format!(" of trace {trace}"));
        }
        if let Some(why) = &row.why {
            line.push(Role::Dim, format!("  {why}"));
        }
        lines.push(line);
    }
    more(charges.interp.len(), &mut lines);
    lines.push(Line::new());
    lines.push(Line::of(Role::Title, format!("Builtins: {}", ns(charges.native_ns))));
    for row in charges.native.iter().take(ROWS) {
        let part = share(row.ns, charges.native_ns).unwrap_or_default();
        let name = row.builtin.as_deref().unwrap_or("not named");
        let line = Line::of(Role::Plain, format!("{:>9} {part:>7}  ", ns(row.ns)));
        lines.push(line.with(Role::Name, name).with(Role::Plain, format!(" called at {}", columns::place(&row.place))));
    }
    more(charges.native.len(), &mut lines);
    native_functions(charges, &mut lines);
    lines
}

/// What the kernel's samples found running below the Python frames.
fn native_functions(charges: &Charges, lines: &mut Vec<Line>) {
    if charges.functions.is_empty() {
        return;
    }
    let all = charges.functions.iter().fold(0_u64, |sum, row| sum.saturating_add(row.ns));
    lines.push(Line::new());
    lines.push(Line::of(Role::Title, format!("Native functions, by themselves: {}", ns(all))));
    for row in charges.functions.iter().take(ROWS) {
        let part = share(row.ns, all).unwrap_or_default();
        let state = Part::ALL.iter().find(|(part, _)| *part == row.state).map_or("", |(_, name)| name);
        let line = Line::of(Role::Plain, format!("{:>9} {part:>7}  {state:8} ", ns(row.ns)));
        lines.push(line.with(Role::Name, &row.function));
    }
    more(charges.functions.len(), lines);
    for note in &charges.notes {
        lines.push(Line::of(Role::Dim, note.clone()));
    }
}

fn more(rows: usize, lines: &mut Vec<Line>) {
    if rows > ROWS {
        lines.push(Line::of(Role::Dim, format!("{} more with --json", rows - ROWS)));
    }
}
