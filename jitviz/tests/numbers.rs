//! Each number a view shows is one that the matching command prints with `--json`.

#[path = "support/screen.rs"]
mod screen;
mod support;

use std::process::Command;

use jitviz::units;
use screen::{press, text};
use serde_json::Value;
use support::{Fixture, write_demo, write_sampled};

type Show = fn(u64) -> String;
/// Fields, and how a view shows them.
type Fields = &'static [(&'static str, Show)];

/// A view's keys, the command, the list in its JSON, and which fields of a row the view shows how.
const TABLES: &[(&str, &str, &str, Fields)] = &[
    (
        "3 t",
        "traces",
        "/traces",
        &[("id", id), ("executions", units::count), ("exits", units::count), ("code_bytes", units::bytes)],
    ),
    ("5", "guards", "/guards", &[("failures", units::count), ("id", id), ("trace", id), ("bridge", id)]),
    ("6", "aborts", "/aborts", &[("count", units::count), ("record_ns", units::ns), ("bytecodes", units::count)]),
    ("7", "lines", "/lines", &[("executions", units::count), ("failures", units::count)]),
    ("8", "memory", "/sites", &[("bytes", units::bytes)]),
    ("9", "flame", "/frames", &[]),
    ("2", "timeline", "/moments", &[("at_ns", units::ns)]),
];

/// Single numbers.
const FACTS: &[(&str, &str, Fields)] = &[
    (
        "1",
        "summary",
        &[
            ("/duration_ns", units::ns),
            ("/states/gc", units::ns),
            ("/states/jit", units::ns),
            ("/traces/aborted", id),
            ("/guards/total", id),
            ("/guards/failures", units::count),
            ("/memory/heap_peak", units::bytes),
            ("/memory/code", units::bytes),
            ("/gc/collections", id),
            ("/gc/pause_max_ns", units::ns),
            ("/log/events", units::count),
        ],
    ),
    (
        "8",
        "memory",
        &[
            ("/memory/heap_peak", units::bytes),
            ("/memory/code", units::bytes),
            ("/memory/metadata", units::bytes),
            ("/memory/log", units::bytes),
            ("/gc/collections", id),
            ("/gc/pause_ns", units::ns),
            ("/gc/pause_max_ns", units::ns),
        ],
    ),
];

fn id(number: u64) -> String {
    number.to_string()
}

fn json(fixture: &Fixture, command: &str, range: &[String]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_jitviz"))
        .args([command, "--json"])
        .args(range)
        .arg(&fixture.path)
        .output()
        .expect("jitviz runs");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// Keys that choose a part of the time: none, "as of", and ranges.
const TIMES: [&str; 4] = ["", "2 G < <", "2 g > [ > > ]", "2 g [ . . . . . . . . ]"];

#[test]
fn numbers_on_screen_are_those_of_the_commands() {
    for write in [write_demo, write_sampled] {
        let fixture = Fixture::new(write);
        for time in TIMES {
            let shown = |keys: &str| {
                let app = press(screen::app(fixture.model(), (260, 80), false), &format!("{time} {keys}"));
                let range = app.clock.span().map(|s| format!("--from={}ns --to={}ns", s.from_ns, s.to_ns));
                assert_eq!(app.model.span.is_some(), !time.is_empty(), "{time} chose a part");
                let range: Vec<String> = range.iter().flat_map(|r| r.split(' ')).map(String::from).collect();
                (text(&app), range)
            };
            for (keys, command, list, fields) in TABLES {
                let (screen, range) = shown(keys);
                for row in json(&fixture, command, &range).pointer(list).and_then(Value::as_array).expect(command) {
                    for (field, show) in *fields {
                        let Some(value) = row[*field].as_u64() else { continue };
                        assert!(screen.contains(&show(value)), "{command} {field} {value} is not in\n{screen}");
                    }
                }
            }
            for (keys, command, facts) in FACTS {
                let (screen, range) = shown(keys);
                let answer = json(&fixture, command, &range);
                for (pointer, show) in *facts {
                    let Some(value) = answer.pointer(pointer).and_then(Value::as_u64) else { continue };
                    // A page leaves out what did not happen in a part.
                    if value == 0 && !time.is_empty() {
                        continue;
                    }
                    assert!(screen.contains(&show(value)), "{time}: {command} {pointer} {value} is not in\n{screen}");
                }
            }
        }
        lanes_and_frames(&fixture);
    }
}

fn lanes_and_frames(fixture: &Fixture) {
    let app = press(screen::app(fixture.model(), (260, 80), false), "2");
    let screen = text(&app);
    for lane in json(fixture, "timeline", &[]).pointer("/lanes/lanes").and_then(Value::as_array).expect("lanes") {
        let total = lane["total"].as_u64().expect("a sum");
        let shown = match lane["unit"].as_str() {
            _ if total == 0 => continue,
            Some("bytes") => units::bytes(total),
            Some("count") => units::count(total),
            // Each cell is rounded down, so the sum depends on their number by less than a nanosecond each.
            _ => continue,
        };
        assert!(screen.contains(&shown), "{} {shown} is not in\n{screen}", lane["id"]);
    }
    let screen = text(&press(app, "9"));
    let flame = json(fixture, "flame", &[]);
    let frames = flame["frames"].as_array().expect("frames");
    let whole = frames[0]["total_ns"].as_u64().expect("a time");
    for frame in frames.iter().filter(|_| whole > 0) {
        let ns = frame["total_ns"].as_u64().expect("a time");
        let shown = units::share(ns, whole).expect("there is a whole");
        let wide = ns * 260 / whole > 30;
        assert!(!wide || screen.contains(&shown), "{} {shown} is not in\n{screen}", frame["function"]);
    }
}

#[test]
fn the_lanes_of_a_finer_timeline_add_up_to_the_same() {
    let fixture = Fixture::new(write_sampled);
    let model = fixture.model();
    let total = |columns| {
        let lanes = jitviz::analyse::timeline::lanes(&model, 0, model.duration_ns, columns);
        lanes.lanes.iter().map(|l| (l.id, l.total)).collect::<Vec<_>>()
    };
    for (coarse, fine) in total(10).into_iter().zip(total(777)) {
        assert!(coarse.1.abs_diff(fine.1) <= 777 || coarse.0 == "heap", "{coarse:?} {fine:?}");
    }
}

#[test]
fn a_range_of_a_command_is_checked() {
    let fixture = Fixture::new(write_demo);
    let run = |range: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jitviz"));
        let output = command.arg("summary").arg(&fixture.path).args(range).output().expect("jitviz runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(run(&["--from", "1ms", "--to", "0.2"]).0, Some(0));
    let mut command = Command::new(env!("CARGO_BIN_EXE_jitviz"));
    let output = command.arg("guards").arg(&fixture.path).args(["--to", "1us"]).output().expect("jitviz runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("no guards in this part of the run"));
    let (status, said) = run(&["--from", "2ms", "--to", "1ms"]);
    assert_eq!(status, Some(2));
    assert!(said.contains("not before"), "{said}");
    let (status, said) = run(&["--from", "soon"]);
    assert_eq!(status, Some(2));
    assert!(said.contains("a number with s, ms, us or ns"), "{said}");
}
