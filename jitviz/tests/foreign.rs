//! Logs of other VMs opened directly: the same cause at the same line in all of them, and nothing made up.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use jitviz::analyse::findings::findings;
use jitviz::analyse::missing::missing;
use jitviz::analyse::overview::overview;
use jitviz::analyse::summary::summary;
use jitviz::analyse::trace::report;
use jitviz::model::{Model, load};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/foreign").join(name)
}

fn model(name: &str) -> Model {
    let model = load::open(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(model.problems, [], "{name}");
    model
}

/// Files and lines of a kind of finding.
fn places(model: &Model, id: &str) -> Vec<(String, u32)> {
    let found = findings(model, true).findings;
    let place = |f: &jitviz::analyse::findings::Finding| {
        let file = f.place.file.clone().unwrap_or_default();
        (file.rsplit('/').next().unwrap_or_default().to_string(), f.place.line.unwrap_or(0))
    };
    found.iter().filter(|f| f.id == id).map(place).collect()
}

/// The line of the three programs, which are aligned, where a shape is asked for its area.
const LINE: u32 = 19;

#[test]
fn the_same_cause_is_named_at_the_same_line() {
    let aligned = ["polymorphic.py", "polymorphic.lua", "polymorphic.js"];
    for name in aligned {
        let text = std::fs::read_to_string(fixture(name)).unwrap();
        assert!(text.lines().nth(LINE as usize - 1).unwrap().contains("area()"), "{name}");
    }
    // polymorphic.jlogz is jitvm's own log of the same program.
    for (log, program) in [
        ("polymorphic.pypylog", "polymorphic.py"),
        ("polymorphic.jitlog", "polymorphic.py"),
        ("polymorphic.ljevents", "polymorphic.lua"),
        ("polymorphic.v8.log", "polymorphic.js"),
        ("polymorphic.jlogz", "polymorphic.py"),
    ] {
        let found = places(&model(log), "unstable-types");
        assert!(found.contains(&(program.to_string(), LINE)), "{log}: {found:?}");
    }
}

#[test]
fn what_is_not_in_a_log_is_unknown() {
    let luajit = model("aborts.jv");
    let answer = serde_json::to_value(summary(&luajit)).unwrap();
    for pointer in
        ["/duration_ns", "/gc/collections", "/gc/pause_ns", "/guards/failures", "/memory/heap_peak", "/states/interp"]
    {
        assert!(answer.pointer(pointer).unwrap().is_null(), "{pointer}");
    }
    assert_eq!(answer["traces"]["aborted"], 9);
    let missing = missing(&luajit, &findings(&luajit, false).looked_for);
    let failures = missing.iter().find(|missing| missing.fact == "guard failures").unwrap();
    assert_eq!(failures.switch.as_deref(), Some("luajit -jdump=+x,FILE or jitlog-events.lua"));
    assert!(failures.findings.contains(&"guard-storm"));
    let pypy = serde_json::to_value(summary(&model("polymorphic.pypylog"))).unwrap();
    assert!(pypy["duration_ns"].as_u64() > Some(0) && pypy["gc"]["pause_ns"].as_u64() > Some(0));
    assert!(pypy["memory"]["heap_allocated"].is_null() && pypy["states"]["interp"].is_null());
}

#[test]
fn every_view_of_every_log_has_an_answer() {
    let logs = [
        "polymorphic.pypylog",
        "polymorphic.jitlog",
        "polymorphic.ljevents",
        "aborts.jv",
        "aborts.jdump",
        "polymorphic.v8.log",
        "polymorphic.v8.txt",
        "polymorphic.hotspot.xml",
        "polymorphic.hotspot.txt",
        "polymorphic.xlog.txt",
        "times.csv",
    ];
    for name in logs {
        let model = model(name);
        assert!(model.is_imported());
        overview(&model);
        for id in model.traces.keys().take(20) {
            let report = report(&model, *id).unwrap();
            assert_eq!(report.problems, [], "{name} trace {id}");
        }
    }
    let aborts = jitviz::analyse::aborts::rows(&model("aborts.jv"));
    assert!(aborts.iter().any(|row| row.reason == "NYI: bytecode" && row.detail.as_deref() == Some("FNEW")));
}

#[test]
fn a_file_of_no_known_kind_is_refused_as_before() {
    let error = load::open(&fixture("polymorphic.py")).unwrap_err().to_string();
    assert!(error.contains("not a jitlog file"), "{error}");
}
