//! The columns of every table. Text output, `--sort` and the TUI all read them here.

use super::table::{Align, Column, maybe};
use crate::analyse::aborts::AbortRow;
use crate::analyse::allocs::AllocRow;
use crate::analyse::decisions::DecisionRow;
use crate::analyse::guards::{GuardRow, Observed};
use crate::analyse::lines::LineRow;
use crate::analyse::passes::{PassChange, PassTotals, RuleCount};
use crate::analyse::traces::TraceRow;
use crate::model::{GuardId, Place, TraceId};
use crate::styled::Role;
use crate::units;

/// The name of a field as JSON has it.
const fn key(field: &'static str) -> &'static str {
    match field.as_bytes() {
        b"r#type" => "type",
        _ => field,
    }
}

/// A column of numbers, greatest first.
macro_rules! number {
    ($key:ident, $title:literal, $term:literal, $rank:literal, $show:expr) => {
        Column {
            key: key(stringify!($key)),
            title: $title,
            align: Align::Right,
            role: Role::Plain,
            term: $term,
            rank: $rank,
            descending: true,
            cell: |r| maybe(Into::<Option<u64>>::into(r.$key), $show),
            order: |a, b| a.$key.cmp(&b.$key),
        }
    };
}

/// The column of the difference to another log; without one it is empty, and takes no room.
macro_rules! change {
    () => {
        Column {
            key: CHANGE,
            title: "change",
            align: Align::Right,
            role: Role::Warn,
            term: "change",
            rank: 1,
            descending: true,
            cell: |r| r.change.map(|n| signed(n, units::count)).unwrap_or_default(),
            order: |a, b| a.change.map(i64::unsigned_abs).cmp(&b.change.map(i64::unsigned_abs)),
        }
    };
}

/// The key of the difference, which only two logs have.
pub const CHANGE: &str = "change";

/// `+1,200`, `-30`; nothing for no change.
pub fn signed(value: i64, show: fn(u64) -> String) -> String {
    match value {
        0 => String::new(),
        value => format!("{}{}", if value > 0 { '+' } else { '-' }, show(value.unsigned_abs())),
    }
}

/// When a trace had earned its price at the latest, or that this is not certain, or that it had not.
fn pays_after(bounds: [Option<u64>; 2]) -> String {
    match bounds {
        [_, Some(latest)] => units::ns(latest),
        [Some(_), None] => "maybe".into(),
        [None, None] => "no".into(),
    }
}

/// A column of ids, smallest first.
macro_rules! id {
    ($key:ident: $of:ty, $title:literal, $term:literal, $rank:literal) => {
        Column {
            key: key(stringify!($key)),
            title: $title,
            align: Align::Right,
            role: Role::Plain,
            term: $term,
            rank: $rank,
            descending: false,
            cell: |r| maybe(Into::<Option<$of>>::into(r.$key), |id| id.to_string()),
            order: |a, b| a.$key.cmp(&b.$key),
        }
    };
}

/// A column of words.
macro_rules! word {
    ($key:ident, $title:literal, $term:literal, $rank:literal, $role:expr, $cell:expr) => {
        Column {
            key: key(stringify!($key)),
            title: $title,
            align: Align::Left,
            role: $role,
            term: $term,
            rank: $rank,
            descending: false,
            cell: $cell,
            order: |a, b| a.$key.cmp(&b.$key),
        }
    };
}

/// The column of places; its key is the JSON's `file`, sorted by file and line.
macro_rules! place {
    ($rank:literal) => {
        Column {
            key: "file",
            title: "where",
            align: Align::Place,
            role: Role::Name,
            term: "place",
            rank: $rank,
            descending: false,
            cell: |r| place(&r.place),
            order: |a, b| a.place.cmp(&b.place),
        }
    };
}

pub const TRACES: &[Column<TraceRow>] = &[
    id!(id: TraceId, "id", "trace", 0),
    word!(kind, "kind", "trace", 2, Role::Plain, |r| r.kind.clone()),
    Column {
        role: Role::Plain,
        cell: |r| match &r.reason {
            Some(reason) => format!("{}: {reason}", r.state.name()),
            None => r.state.name().to_string(),
        },
        ..word!(state, "state", "state", 4, Role::Plain, |r| r.state.name().to_string())
    },
    place!(1),
    number!(time_ns, "time", "time", 5, units::ns),
    number!(native_ns, "builtins", "native", 9, units::ns),
    number!(executions, "ran", "executions", 3, units::count),
    change!(),
    number!(iterations, "turns", "iterations", 9, units::count),
    number!(exits, "exits", "exits", 4, units::count),
    number!(bridges, "bridges", "bridge", 8, units::count),
    number!(guards, "guards", "guard", 10, units::count),
    number!(ir_recorded, "IR in", "ir", 7, units::count),
    number!(ir_final, "IR out", "ir", 7, units::count),
    number!(code_bytes, "code", "code", 6, units::bytes),
    number!(record_ns, "recording", "recording", 12, units::ns),
    number!(compile_ns, "compiling", "compile", 11, units::ns),
    Column {
        key: "break_even_ns",
        title: "pays after",
        align: Align::Right,
        role: Role::Plain,
        term: "break-even",
        rank: 10,
        descending: true,
        cell: |r| r.break_even_ns.map(pays_after).unwrap_or_default(),
        // Those that never do come after the latest.
        order: |a, b| {
            let late = |r: &TraceRow| r.break_even_ns.map(|[low, high]| (low.is_none(), high.is_none(), high.or(low)));
            late(a).cmp(&late(b))
        },
    },
    Column { descending: false, ..number!(started_ns, "started", "started", 13, units::ns) },
    id!(parent: TraceId, "parent", "bridge", 14),
    id!(parent_guard: GuardId, "at guard", "guard", 15),
];

pub const GUARDS: &[Column<GuardRow>] = &[
    number!(failures, "failures", "failures", 0, units::count),
    change!(),
    id!(id: GuardId, "guard", "guard", 4),
    id!(trace: TraceId, "trace", "trace", 5),
    word!(kind, "kind", "guard-kind", 2, Role::Op, |r| r.kind.clone()),
    place!(1),
    word!(expected, "expected", "guard", 3, Role::Plain, |r| r.expected.clone().unwrap_or_default()),
    Column {
        key: "observed",
        title: "seen instead",
        align: Align::Left,
        role: Role::Warn,
        term: "observed",
        rank: 2,
        descending: true,
        cell: |r| observed(&r.types, r.observed_exact),
        order: |a, b| a.observed.len().cmp(&b.observed.len()),
    },
    id!(bridge: TraceId, "bridge", "bridge", 5),
    Column {
        descending: false,
        cell: |r| {
            let by = if r.bailouts > 0 { "" } else { "by " };
            r.first_ns.map(|ns| format!("{by}{}", units::ns(ns))).unwrap_or_default()
        },
        ..number!(first_ns, "first", "failed-at", 6, units::ns)
    },
    Column {
        cell: |r| {
            let by = if r.last_exact { "" } else { "by " };
            r.last_ns.map(|ns| format!("{by}{}", units::ns(ns))).unwrap_or_default()
        },
        ..number!(last_ns, "last", "failed-at", 6, units::ns)
    },
    number!(exit_ns, "an exit", "exit-time", 7, units::ns),
    number!(bailouts, "in full", "bailout", 8, units::count),
];

pub const ABORTS: &[Column<AbortRow>] = &[
    number!(count, "times", "abort", 0, units::count),
    change!(),
    word!(reason, "reason", "abort", 1, Role::Bad, |r| r.reason.clone()),
    place!(1),
    word!(detail, "detail", "abort", 2, Role::Plain, |r| r.detail.clone().unwrap_or_default()),
    number!(retries, "to retry", "retry", 4, units::count),
    word!(blacklisted, "given up", "blacklist", 3, Role::Warn, |r| if r.blacklisted { "yes" } else { "no" }.into()),
    number!(bytecodes, "bytecodes", "bytecode", 7, units::count),
    number!(record_ns, "recording", "recording", 5, units::ns),
    Column { descending: false, ..number!(first_ns, "first", "abort", 6, units::ns) },
    number!(last_ns, "last", "abort", 6, units::ns),
];

pub const LINES: &[Column<LineRow>] = &[
    Column { cell: |r| heat(r.heat).to_string(), ..number!(heat, "heat", "heat", 3, units::count) },
    Column {
        key: "file",
        title: "line",
        align: Align::Place,
        role: Role::Name,
        term: "place",
        rank: 0,
        descending: false,
        cell: |r| format!("{}:{}", r.file.rsplit('/').next().unwrap_or_default(), r.line),
        order: |a, b| (a.source, a.line).cmp(&(b.source, b.line)),
    },
    number!(time_ns, "time", "line-time", 1, units::ns),
    number!(interp_ns, "interp", "interp", 5, units::ns),
    number!(compiled_ns, "compiled", "compiled", 5, units::ns),
    number!(native_ns, "builtins", "native", 5, units::ns),
    number!(executions, "ran", "executions", 2, units::count),
    number!(failures, "failures", "failures", 2, units::count),
    Column {
        cell: |r| if r.aborts > 0 { units::count(r.aborts) } else { String::new() },
        ..number!(aborts, "aborts", "abort", 3, units::count)
    },
    Column {
        key: "traces",
        title: "traces",
        align: Align::Right,
        role: Role::Plain,
        term: "trace",
        rank: 4,
        descending: true,
        cell: |r| if r.traces.is_empty() { String::new() } else { r.traces.len().to_string() },
        order: |a, b| a.traces.len().cmp(&b.traces.len()),
    },
    word!(text, "text", "source", 1, Role::Plain, |r| {
        r.text.as_deref().map(crate::clean::expand_tabs).unwrap_or_default().into_owned()
    }),
];

pub const ALLOCS: &[Column<AllocRow>] = &[
    number!(bytes, "bytes", "allocs", 0, units::bytes),
    number!(share_permille, "share", "allocs", 2, |share| units::share(share, 1_000).unwrap_or_default()),
    place!(1),
    word!(r#type, "type", "allocs", 1, Role::Name, |r| r.r#type.clone().unwrap_or_default()),
    Column {
        cell: |r| if r.recorded > 0 { units::count(r.recorded) } else { String::new() },
        ..number!(recorded, "in traces", "allocs-removed", 3, units::count)
    },
    Column {
        cell: |r| if r.recorded > 0 { units::count(r.left) } else { String::new() },
        ..number!(left, "left", "allocs-removed", 3, units::count)
    },
    number!(samples, "samples", "allocs", 6, units::count),
];

pub const PASSES: &[Column<PassTotals>] = &[
    word!(pass, "pass", "pass", 0, Role::Name, |r| r.pass.clone()),
    number!(dur_ns, "time", "pass", 1, units::ns),
    number!(share_permille, "share", "pass", 3, |share| units::share(share, 1_000).unwrap_or_default()),
    number!(runs, "traces", "pass", 4, units::count),
    number!(changed, "changed", "pass", 5, units::count),
    number!(ops_in, "IR in", "ir", 2, units::count),
    number!(ops_out, "IR out", "ir", 2, units::count),
    number!(guards_in, "guards in", "guard", 6, units::count),
    number!(guards_out, "guards out", "guard", 6, units::count),
    Column {
        key: "changes",
        title: "what it did",
        align: Align::Left,
        role: Role::Plain,
        term: "pass",
        rank: 1,
        descending: true,
        cell: |r| changes(&r.changes),
        order: |a, b| a.changes.len().cmp(&b.changes.len()),
    },
    Column {
        key: "rules",
        title: "by which rules",
        align: Align::Left,
        role: Role::Dim,
        term: "pass",
        rank: 7,
        descending: true,
        cell: |r| list_of_rules(&r.rules, 3),
        order: |a, b| a.rules.len().cmp(&b.rules.len()),
    },
];

pub const DECISIONS: &[Column<DecisionRow>] = &[
    number!(count, "count", "decision-count", 2, units::count),
    number!(compiled, "in code", "decision-compiled", 5, units::count),
    number!(time_ns, "time", "decision-time", 3, units::ns),
    place!(0),
    Column {
        key: "about",
        title: "about",
        align: Align::Left,
        role: Role::Plain,
        term: "decision",
        rank: 4,
        descending: false,
        cell: |r| r.note.about.clone(),
        order: |a, b| a.note.about.cmp(&b.note.about),
    },
    Column {
        key: "callee",
        title: "callee",
        align: Align::Left,
        role: Role::Name,
        term: "decision",
        rank: 3,
        descending: false,
        cell: |r| r.note.callee.clone().unwrap_or_default(),
        order: |a, b| a.note.callee.cmp(&b.note.callee),
    },
    Column {
        key: "reason",
        title: "decision",
        align: Align::Left,
        role: Role::Plain,
        term: "decision",
        rank: 0,
        descending: false,
        cell: |r| r.note.reason.clone(),
        order: |a, b| a.note.reason.cmp(&b.note.reason),
    },
    Column {
        key: "because",
        title: "because of",
        align: Align::Left,
        role: Role::Name,
        term: "decision",
        rank: 5,
        descending: false,
        cell: |r| r.note.because.as_ref().map(place).unwrap_or_default(),
        order: |a, b| a.note.because.cmp(&b.note.because),
    },
];

/// What the decisions of a table mean, each once: in the log's words, which are as long as the rest of a row.
pub fn reasons(rows: &[DecisionRow]) -> Vec<(&str, &str)> {
    let mut reasons: Vec<(&str, &str)> = Vec::new();
    for row in rows {
        let Some(text) = row.note.text.as_deref() else { continue };
        if reasons.iter().all(|(reason, _)| *reason != row.note.reason) {
            reasons.push((&row.note.reason, text));
        }
    }
    reasons
}

/// `-12 G_INT, +3 PHI, 2 ADDOV > ADD`: the operations that a pass changed most.
pub fn changes(list: &[PassChange]) -> String {
    let one = |c: &PassChange| {
        let mut text = String::new();
        for (sign, n) in [("-", c.removed), ("+", c.added), ("", c.replaced)] {
            if n > 0 {
                text.push_str(&format!("{}{sign}{}", if text.is_empty() { "" } else { " " }, units::count(n)));
            }
        }
        format!("{text} {}", c.operation)
    };
    let more =
        if list.len() > SHOWN_CHANGES { format!(", {} more", list.len() - SHOWN_CHANGES) } else { String::new() };
    format!("{}{more}", list.iter().take(SHOWN_CHANGES).map(one).collect::<Vec<_>>().join(", "))
}

/// More are in the JSON.
const SHOWN_CHANGES: usize = 4;

/// The first rules of a list: `no overflow ×12, box ×3`.
pub fn list_of_rules(list: &[RuleCount], shown: usize) -> String {
    let one = |rule: &RuleCount| format!("{} ×{}", rule.rule, units::count(rule.count));
    let more = if list.len() > shown { format!(", {} more", list.len() - shown) } else { String::new() };
    format!("{}{more}", list.iter().take(shown).map(one).collect::<Vec<_>>().join(", "))
}

/// A bar as high as the heat.
pub fn heat(step: u64) -> &'static str {
    ["", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"].get(step as usize).copied().unwrap_or("█")
}

/// `demo.py:12 work`
pub fn place(place: &Place) -> String {
    match &place.function {
        Some(function) => format!("{} {function}", place.short()),
        None => place.short(),
    }
}

/// `float like 3.5 ×12,000, str ×330`: type, the first value seen, how often; approximate counts carry a tilde.
pub fn observed(list: &[Observed], exact: bool) -> String {
    let about = if exact { "" } else { "~" };
    let one = |o: &Observed| match o.example.as_ref().filter(|e| e.chars().count() <= LONGEST_EXAMPLE) {
        Some(example) => format!("{} like {example} ×{about}{}", o.r#type, units::count(o.count)),
        None => format!("{} ×{about}{}", o.r#type, units::count(o.count)),
    };
    list.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Longer values only push the counts out of sight.
const LONGEST_EXAMPLE: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::{aborts, allocs, decisions, guards, lines, passes, traces};
    use crate::model::{Abort, Guard, Model, Trace};

    fn check<R: serde::Serialize>(columns: &[Column<R>], row: &R) {
        let json = serde_json::to_value(row).unwrap();
        for column in columns {
            let is_there = json.get(column.key).is_some() || column.key == CHANGE;
            assert!(is_there, "column {} is no key of the JSON", column.key);
            assert!(crate::terms::term(column.term).is_some(), "column {} has no term {}", column.key, column.term);
        }
    }

    #[test]
    fn every_column_is_a_key_of_the_json_and_has_a_term() {
        let mut model = Model::default();
        let mut trace = Trace::new(TraceId(1));
        trace.abort = Some(Abort::default());
        model.traces.insert(TraceId(1), trace);
        model.guards.insert(GuardId(1), Guard::new(GuardId(1), TraceId(1)));
        check(TRACES, &traces::rows(&model)[0]);
        check(GUARDS, &guards::rows(&model)[0]);
        check(ABORTS, &aborts::rows(&model)[0]);
        check(LINES, &lines::LineRow::default());
        model.words.types.insert(1, "list".into());
        model.allocs.add(crate::model::LocId(1), 1, 8);
        check(ALLOCS, &allocs::rows(&model)[0]);
        model.traces.values_mut().for_each(|t| t.passes.push(crate::model::Pass::default()));
        check(PASSES, &passes::rows(&model)[0]);
        model.traces.values_mut().for_each(|t| t.decisions.push(crate::model::Decision::default()));
        check(DECISIONS, &decisions::rows(&model)[0]);
    }
}
