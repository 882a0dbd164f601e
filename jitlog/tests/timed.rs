//! Exports of samples show the time of states that are timed at their transitions, as far as no sample stands for it.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::Command;

use common::scratch;
use jitlog::*;

/// Of 1000 ns 400 in the interpreter, 300 collecting, of which a sample has 200, 250 waiting and 50 optimising.
fn timed_log(path: &Path) {
    let log = Log::create(LogOptions::new(path).logical_clock(true)).unwrap();
    let defs = log.defs();
    let source = defs.source("a.py", b"");
    let stack_id = defs.stack(StackId::NONE, defs.loc(defs.func(source, "main", 1, 9), 0, 2, 0), FrameKind::Interp);
    let mut main = log.stream("main", StreamKind::Mutator);
    main.sample(&Sample { stack_id, state: SampleState::Interp, weight_ns: 400, ..Default::default() });
    main.gc_begin(&GcBegin { gc_id: GcId(1), ..Default::default() });
    main.sample(&Sample { stack_id, state: SampleState::Gc, weight_ns: 200, ..Default::default() });
    main.gc_end(&GcEnd { gc_id: GcId(1), pause_ns: 300, ..Default::default() });
    main.state_time(&StateTime { state: SampleState::Idle, dur_ns: 250 });
    main.state_time(&StateTime { state: SampleState::Opt, dur_ns: 50 });
    drop(main);
    log.close();
}

fn export(format: &str, path: &Path) -> Vec<u8> {
    let output =
        Command::new(env!("CARGO_BIN_EXE_jitlog")).args(["export", format, "-o", "-"]).arg(path).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn flame_graphs_show_the_whole_run() {
    let (_directory, path) = scratch();
    timed_log(&path);
    let folded = String::from_utf8(export("folded", &path)).unwrap();
    let expected = "[gc] 100\n[idle] 250\n[opt] 50\na.py:2 in main;[gc] 200\na.py:2 in main;[interp] 400\n";
    assert_eq!(folded, expected);

    let speedscope: serde_json::Value = serde_json::from_slice(&export("speedscope", &path)).unwrap();
    let profile = &speedscope["profiles"][0];
    assert_eq!(profile["endValue"], 1000);
    assert_eq!(profile["weights"], serde_json::json!([400, 200, 100, 50, 250]));
    let frames: Vec<&str> = speedscope["shared"]["frames"]
        .as_array()
        .unwrap()
        .iter()
        .map(|frame| frame["name"].as_str().unwrap())
        .collect();
    assert!(["[gc]", "[idle]", "[opt]"].iter().all(|state| frames.contains(state)), "{frames:?}");
    let last = profile["samples"].as_array().unwrap().last().unwrap();
    assert_eq!(frames[last[0].as_u64().unwrap() as usize], "[idle]", "a stack of nothing but the state");
}

#[cfg(feature = "parquet")]
#[test]
fn the_table_of_samples_has_a_row_for_what_no_sample_stands_for() {
    use parquet::file::reader::{FileReader, SerializedFileReader};

    let (directory, path) = scratch();
    timed_log(&path);
    let folder = directory.path().join("tables");
    let mut command = Command::new(env!("CARGO_BIN_EXE_jitlog"));
    assert!(command.args(["export", "parquet"]).arg(&path).arg("-o").arg(&folder).status().unwrap().success());
    let file = std::fs::File::open(folder.join("sample.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let column = |row: &parquet::record::Row, wanted: &str| {
        let text = row.get_column_iter().find(|(name, _)| *name == wanted).unwrap().1.to_string();
        text.parse::<u64>().unwrap()
    };
    let rows: Vec<(u64, u64, u64)> = reader
        .get_row_iter(None)
        .unwrap()
        .map(Result::unwrap)
        .map(|row| (column(&row, "state"), column(&row, "weight_ns"), column(&row, "samples")))
        .collect();
    assert_eq!(rows, [(0, 400, 1), (3, 200, 1), (3, 100, 0), (5, 50, 0), (8, 250, 0)]);
}
