//! The other direction of `numbers.rs`: whatever number stands on a screen, the matching commands print it with `--json`.

#[path = "support/screen.rs"]
mod screen;
mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use jitviz::analyse::diff::ways::Comparison;
use jitviz::tui::app::App;
use jitviz::units;
use screen::{press, text};
use serde_json::Value;
use support::{Fixture, write_allocating, write_demo, write_sampled};

const WIDE: (u16, u16) = (260, 80);
/// Columns of the lanes of a timeline so wide.
const COLUMNS: u64 = 237;

/// A view's keys, and the commands whose numbers it shows; `ID` is the trace that is open.
const VIEWS: &[(&str, &[&str])] = &[
    ("1", &["summary", "explain", "traces", "guards", "aborts"]),
    ("2", &["timeline --columns 237"]),
    ("3", &["traces"]),
    ("3 j j", &["traces"]),
    ("4", &["trace ID", "guards", "lines"]),
    ("4 [", &["trace ID", "guards", "lines"]),
    ("4 [ [ [ [", &["trace ID", "guards", "lines"]),
    ("5", &["guards"]),
    ("5 j j", &["guards"]),
    ("6", &["aborts", "lines"]),
    ("7", &["lines"]),
    ("8", &["memory"]),
    ("9", &["flame"]),
    ("9 j j", &["flame"]),
];

/// Keys that choose a part of the time.
const TIMES: [&str; 3] = ["", "2 G < <", "2 g > [ > > ]"];

/// The units behind a number.
const UNITS: [&str; 11] = ["ns", "µs", "ms", "s", "B", "KiB", "MiB", "GiB", "TiB", "%", "min"];

/// The numbers in a text with their units; what is part of a name or an address is none.
fn numbers(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let before = at.checked_sub(1).map_or(' ', |i| chars[i]);
        if !chars[at].is_ascii_digit() || is_word(before) || "%#.,".contains(before) {
            at += 1;
            continue;
        }
        let start = at;
        let digit = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
        while digit(at) || (matches!(chars.get(at), Some(',' | '.')) && digit(at + 1)) {
            at += 1;
        }
        if chars.get(at).is_some_and(|c| is_word(*c)) {
            while chars.get(at).is_some_and(|c| is_word(*c)) {
                at += 1;
            }
            continue;
        }
        let mut number: String = chars[start..at].iter().collect();
        if number.matches('.').count() > 1 {
            // A version.
            continue;
        }
        if chars.get(at) == Some(&' ') {
            let word: String = chars[at + 1..].iter().take_while(|c| is_word(**c) || **c == '%').collect();
            if UNITS.contains(&word.as_str()) {
                number = format!("{number} {word}");
            }
        }
        found.push(number);
    }
    found
}

#[derive(Default)]
struct Known {
    numbers: Vec<f64>,
    /// However a view may write them.
    shown: BTreeSet<String>,
}

impl Known {
    fn add(&mut self, value: &Value) {
        match value {
            Value::Number(number) => self.number(number.as_f64().expect("a number of JSON")),
            Value::String(text) => self.shown.extend(numbers(text)),
            Value::Array(list) => {
                self.number(list.len() as f64);
                list.iter().for_each(|v| self.add(v));
            }
            Value::Object(map) => map.values().for_each(|v| self.add(v)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn number(&mut self, number: f64) {
        self.numbers.push(number);
        let whole = number.abs().round() as u64;
        let ways =
            [whole.to_string(), format!("{whole:x}"), units::count(whole), units::ns(whole), units::bytes(whole)];
        self.shown.extend(ways);
        self.shown.insert(units::percent(number.abs()));
        // A share may be told in thousandths.
        self.shown.insert(units::percent(number.abs() / 1_000.0));
        self.shown.insert(format!("{:.1} %", number.abs()));
    }

    fn has(&self, shown: &str) -> bool {
        if self.shown.contains(shown) {
            return true;
        }
        // A share is of two numbers that are there.
        let Some(percent) = shown.strip_suffix(" %").and_then(|n| n.replace(',', "").parse::<f64>().ok()) else {
            return false;
        };
        let decimals = shown.split_once('.').map_or(0, |(_, rest)| rest.len() - " %".len());
        let rounding = 0.5 / 10_f64.powi(decimals as i32) + 1e-9;
        let near = |a: f64, b: f64| (a / b * 100.0 - percent).abs() <= rounding;
        self.numbers.iter().any(|a| self.numbers.iter().any(|b| *b > 0.0 && near(*a, *b)))
    }
}

fn json(args: &[String]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_jitviz")).args(args).arg("--json").output().expect("jitviz runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{args:?}: {said}"))
}

/// `--from` and `--to` of what the views show.
fn range(app: &App) -> Vec<String> {
    let span = app.clock.span().map(|s| vec![format!("--from={}ns", s.from_ns), format!("--to={}ns", s.to_ns)]);
    span.unwrap_or_default()
}

fn check(app: &App, known: &Known, what: &str, first_line: usize) {
    let screen = text(app);
    let lines: Vec<&str> = screen.lines().collect();
    // The first line has the views, the last the keys.
    for line in &lines[first_line..lines.len() - 1] {
        for number in numbers(line) {
            assert!(known.has(&number), "{what}: {number:?} of {line:?} is in no --json; the screen is\n{screen}");
        }
    }
}

#[test]
fn every_number_on_a_screen_is_in_the_json_of_its_commands() {
    for write in [write_demo as fn(&Path), write_sampled, write_allocating] {
        let fixture = Fixture::new(write);
        let log = fixture.path.to_str().expect("a path of text").to_string();
        for time in TIMES {
            for (keys, commands) in VIEWS {
                let app = press(screen::app(fixture.model(), WIDE, false), &format!("{time} {keys}"));
                let mut known = Known::default();
                // Less than this is said to be less.
                known.shown.insert("0.01 %".into());
                // And this is the rate that the advice to sample names.
                known.shown.insert("1000".into());
                if *keys == "4" && app.trace.is_none() {
                    continue;
                }
                for command in *commands {
                    let mut args: Vec<String> = command.split(' ').map(String::from).collect();
                    if let Some(at) = args.iter().position(|a| a == "ID") {
                        let Some(trace) = &app.trace else { continue };
                        args[at] = trace.id().to_string();
                    }
                    args.insert(1, log.clone());
                    // The timeline is always of the whole run.
                    if args[0] != "timeline" {
                        args.extend(range(&app));
                    }
                    known.add(&json(&args));
                }
                // Of a timeline the axis is a scale, and the shares of a column are of its length.
                let is_timeline = *keys == "2";
                if is_timeline {
                    known.number(((app.timeline.to_ns - app.timeline.from_ns) / COLUMNS) as f64);
                    app.clock.now.iter().for_each(|now| known.number(*now as f64));
                    app.clock.range.iter().for_each(|(from, to)| {
                        [*from, *to, to - from].into_iter().for_each(|ns| known.number(ns as f64));
                    });
                }
                check(&app, &known, &format!("{time} {keys}"), if is_timeline { 2 } else { 1 });
            }
        }
    }
}

#[test]
fn every_number_of_a_comparison_is_in_the_json_of_diff() {
    let (before, after) = (Fixture::new(write_sampled), Fixture::new(write_demo));
    for time in TIMES {
        let mut app = press(screen::app(after.model(), WIDE, false), time);
        app.diff.wait_for("before");
        let mut app = press(app, "0");
        app.effects.clear();
        let of = app.model.span;
        let earlier = before.model();
        let earlier = match of {
            Some(span) => earlier.part(span, &mut |_| std::ops::ControlFlow::Continue(())).expect("it is of a log"),
            None => earlier,
        };
        let found = Comparison::of(&earlier, &app.model);
        screen::take_comparison(&mut app, found);
        let mut args = vec!["diff".to_string()];
        args.extend([&before, &after].map(|f| f.path.to_str().expect("a path of text").to_string()));
        args.extend(range(&app));
        let mut known = Known::default();
        known.add(&json(&args));
        // The time that is compared, and the share that is taken for noise.
        app.model.span.iter().for_each(|s| [s.from_ns, s.to_ns].into_iter().for_each(|ns| known.number(ns as f64)));
        known.shown.insert("5 %".into());
        for _ in 0..4 {
            check(&app, &known, &format!("{time} diff"), 1);
            app = press(app, "<PgDn>");
        }
    }
}
