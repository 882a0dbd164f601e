//! Two runs compared, as text: time and counts, what explains the difference, then what changed of each sort.

use crate::analyse::diff::measure::{Compared, Measure};
use crate::analyse::diff::{Diff, Row, Status};
use crate::analyse::series::Unit;
use crate::styled::{Line, Role};
use crate::text::columns;
use crate::units::{bytes, count, ns, plural};

/// Rows of each sort; `--json` has all.
const MOST: usize = 12;
const NAME_AT: usize = 2;
const VALUES_AT: usize = 34;

/// A line, and the row it is about: which of [`tables`], and which row of it.
#[derive(Clone, Debug)]
pub struct PageLine {
    pub line: Line,
    pub about: Option<(usize, usize)>,
}

/// The tables of a comparison in the order they are shown.
pub fn tables(diff: &Diff) -> [(&'static str, &[Row]); 6] {
    [
        ("Functions", &diff.functions),
        ("Loops and functions compiled", &diff.loops),
        ("Bridges", &diff.bridges),
        ("Guards that fail", &diff.guards),
        ("Aborted recordings", &diff.aborts),
        ("Passes", &diff.passes),
    ]
}

/// The page of the command.
pub fn lines(diff: &Diff) -> Vec<Line> {
    page(diff, MOST).into_iter().map(|l| l.line).collect()
}

/// The page with at most so many rows of each sort.
pub fn page(diff: &Diff, most: usize) -> Vec<PageLine> {
    let mut out = vec![
        side("before", &diff.before),
        side("after", &diff.after),
        Line::new(),
        compared("duration", &diff.duration, true),
    ];
    if let Some(own) = &diff.own {
        out.push(compared("own time", own, true));
        let text = "  without what the runs waited for a processor, as are all times below";
        out.push(Line::of(Role::Dim, text));
    }
    if diff.duration.significant.is_none() {
        let text = "  with one run a side nothing tells the noise: changes under 5 % are taken for it";
        out.push(Line::of(Role::Dim, text));
    }
    section(&mut out, "Time by state", diff.states.iter().map(|s| compared(s.name, s, false)));
    let counts = diff.counts.iter().chain(&diff.memory).filter(|c| c.change.is_some_and(|n| n != 0.0));
    section(&mut out, "Counts and memory that changed", counts.map(|c| compared(&c.name.replace('_', " "), c, false)));
    explanations(&mut out, diff);
    let mut out: Vec<PageLine> = out.into_iter().map(|line| PageLine { line, about: None }).collect();
    for (table, (title, rows)) in tables(diff).into_iter().enumerate() {
        changed(&mut out, title, (table, rows), most);
    }
    if out.iter().all(|l| l.about.is_none()) {
        let text = "nothing that the JIT did changed by more than the noise";
        out.push(PageLine { line: Line::of(Role::Dim, text), about: None });
    }
    out
}

fn side(name: &str, logs: &[String]) -> Line {
    let mut line = Line::of(Role::Dim, name);
    line.pad_to(8);
    let text = match logs {
        [only] => only.clone(),
        _ => format!("{}: {}", plural(logs.len() as u64, "run"), logs.join(", ")),
    };
    line.with(Role::Name, text)
}

fn section(out: &mut Vec<Line>, title: &str, lines: impl Iterator<Item = Line>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        out.push(Line::new());
        out.push(Line::of(Role::Title, title));
        out.extend(lines);
    }
}

fn explanations(out: &mut Vec<Line>, diff: &Diff) {
    let lines = diff.explanations.iter().take(MOST).flat_map(|e| {
        let mut head = Line::of(Role::Plain, "  ");
        head.push(Role::Name, if e.place.is_known() { columns::place(&e.place) } else { e.name.clone() });
        head.pad_to(VALUES_AT);
        head.push(if e.change_ns > 0.0 { Role::Bad } else { Role::Good }, signed(e.change_ns, Unit::Nanoseconds));
        if let Some(share) = e.percent_of_change {
            head.push(Role::Plain, format!("  {share:.0} % of the difference"));
        }
        let because = e.because.iter().map(|text| Line::of(Role::Plain, format!("      {text}")));
        std::iter::once(head).chain(because).collect::<Vec<_>>()
    });
    section(out, "What explains the difference", lines);
    if diff.explanations.is_empty() {
        out.push(Line::new());
        let sampled = !diff.functions.is_empty();
        let text = if sampled {
            "no function's time changed beyond the noise"
        } else {
            "no samples: time by function is not known"
        };
        out.push(Line::of(Role::Dim, text));
    }
}

/// Rows that are on one side only, or that differ.
fn changed(out: &mut Vec<PageLine>, title: &str, (table, rows): (usize, &[Row]), most: usize) {
    let list: Vec<(usize, &Row)> =
        rows.iter().enumerate().filter(|(_, r)| r.changed || r.status != Status::Both).collect();
    let plain = |line| PageLine { line, about: None };
    if !list.is_empty() {
        out.extend([plain(Line::new()), plain(Line::of(Role::Title, title))]);
    }
    out.extend(list.iter().take(most).map(|(at, row)| {
        let (sign, role) = match row.status {
            Status::New => ("+", Role::Added),
            Status::Lost => ("-", Role::Removed),
            Status::Both => ("~", Role::Changed),
        };
        let mut line = Line::of(role, sign).with(Role::Plain, " ");
        line.push(Role::Op, &row.name);
        if row.place.is_known() {
            let is_name = row.place.function.as_ref() == Some(&row.name);
            let place = if is_name { row.place.short() } else { columns::place(&row.place) };
            line.push(Role::Name, format!(" {place}"));
        }
        line.pad_to(VALUES_AT);
        let numbers = row.numbers.iter().filter(|n| n.is_change());
        let number = |n: &Compared| {
            let show = |m: Option<Measure>| m.map_or("none".into(), |m| value(m.mean, n.unit));
            format!("{} {} → {}", title_of(n), show(n.before), show(n.after))
        };
        let shown: Vec<String> = numbers.take(3).map(number).collect();
        line.push(Role::Plain, shown.join(", "));
        PageLine { line, about: Some((table, *at)) }
    }));
    if list.len() > most {
        let more = format!("  {} more; --json has all", plural((list.len() - most) as u64, "row"));
        out.push(plain(Line::of(Role::Dim, more)));
    }
}

fn title_of(number: &Compared) -> String {
    number.name.trim_end_matches("_ns").replace('_', " ")
}

fn compared(name: &str, number: &Compared, whole: bool) -> Line {
    let mut line = Line::of(Role::Plain, " ".repeat(if whole { 0 } else { NAME_AT }));
    line.push(if whole { Role::Title } else { Role::Plain }, name);
    line.pad_to(18);
    let show = |m: Option<Measure>| m.map_or("not measured".into(), |m| value(m.mean, number.unit));
    line.push(Role::Plain, format!("{} → {}", show(number.before), show(number.after)));
    line.pad_to(44);
    let Some(change) = number.change else { return line };
    let mut text = signed(change, number.unit);
    if let Some(percent) = number.percent {
        text.push_str(&format!(", {percent:+.1} %"));
    }
    let role = match (number.is_change(), change > 0.0) {
        (false, _) => Role::Dim,
        (true, true) => Role::Bad,
        (true, false) => Role::Good,
    };
    line.push(role, text);
    if let Some([low, high]) = number.interval {
        line.push(Role::Dim, format!("  ({} to {})", signed(low, number.unit), signed(high, number.unit)));
    }
    if number.significant == Some(false) {
        line.push(Role::Dim, "  within the noise");
    }
    line
}

fn value(value: f64, unit: Unit) -> String {
    let whole = value.abs().round() as u64;
    match unit {
        Unit::Nanoseconds => ns(whole),
        Unit::Bytes => bytes(whole),
        Unit::Count | Unit::Permille if value.fract().abs() > 0.05 && value.abs() < 100.0 => format!("{value:.1}"),
        Unit::Count | Unit::Permille => count(whole),
    }
}

fn signed(change: f64, unit: Unit) -> String {
    format!("{}{}", if change < 0.0 { "-" } else { "+" }, value(change.abs(), unit))
}
