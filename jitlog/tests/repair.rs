//! Repair: what was readable before is in the repaired log, which has nothing wrong with it.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Output};

use common::{Everything, Seeded, read_everything, scratch, synthetic};
use jitlog::format::layout::{BLOCK, ENTRY, block_offset};
use jitlog::rewrite::{Repaired, repair};
use jitlog::*;

fn repaired(path: &Path) -> (Repaired, Everything) {
    let out = path.with_extension("new");
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&out).unwrap();
    let report = repair(path, &file).unwrap();
    let reader = Reader::open(&out).unwrap();
    assert_eq!(reader.verify().problems, []);
    assert_eq!(reader.health(), Health::Clean);
    assert_eq!(reader.file_len(), report.bytes);
    (report, common::everything(&reader))
}

#[test]
fn a_whole_log_stays_the_same() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let (report, after) = repaired(&path);
    assert_eq!(after, read_everything(&path).unwrap());
    assert_eq!((report.partial, report.rebuilt, report.lost), (0, 0, 0));
}

/// The directory, the first header included, is gone: everything is found by prologues.
#[test]
fn lost_directories_are_rebuilt() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let whole = read_everything(&path).unwrap();
    let mut raw = std::fs::read(&path).unwrap();
    raw[..BLOCK].fill(0);
    std::fs::write(&path, &raw).unwrap();
    assert!(Reader::open(&path).is_err());
    let (report, after) = repaired(&path);
    assert_eq!(after, whole);
    assert!(report.rebuilt > 4 && report.whole == 0, "{report:?}");
}

/// One lost entry after the other, also that of a jumbo record's run.
#[test]
fn each_lost_entry_is_rebuilt() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let counter = log.counter(CounterKind::LoopIter, TraceId(1), 0);
    let mut stream = log.stream("main", StreamKind::Mutator);
    for number in 0..4_000 {
        stream.invalidate(&Invalidate { trace_id: TraceId(number), ..Default::default() });
        if number.is_multiple_of(1000) {
            let bytes = vec![number as u8; 200_000];
            stream.code(&Code { trace_id: TraceId(number), bytes: &bytes, ..Default::default() });
        }
    }
    counter.add(77);
    drop(stream);
    log.close();
    let whole = read_everything(&path).unwrap();
    let pristine = std::fs::read(&path).unwrap();
    for entry in 2..pristine.len() / BLOCK {
        let mut raw = pristine.clone();
        raw[entry * ENTRY + 20..entry * ENTRY + 50].fill(0xEE);
        std::fs::write(&path, &raw).unwrap();
        let (report, after) = repaired(&path);
        assert_eq!(after, whole, "entry {entry}: {report:?}");
        assert_eq!(report.lost, 0);
    }
}

#[test]
fn a_lost_block_costs_itself_and_counters_are_added_up_again() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let whole = read_everything(&path).unwrap();
    let pristine = std::fs::read(&path).unwrap();
    let blocks = pristine.len() / BLOCK;
    for block in 2..blocks {
        let mut raw = pristine.clone();
        raw[block * BLOCK + 70] ^= 4;
        std::fs::write(&path, &raw).unwrap();
        let (report, after) = repaired(&path);
        assert_eq!((report.lost, report.problems.len()), (1, 1), "block {block}");
        let is_counters = raw[block * ENTRY] == BlockKind::Counters.0;
        if is_counters {
            assert_eq!((after.records, after.counters), (whole.records.clone(), whole.counters.clone()));
        } else {
            assert!(after.records.values().map(Vec::len).sum::<usize>() > 0);
            let before: usize = whole.records.values().map(Vec::len).sum();
            assert!(after.records.values().map(Vec::len).sum::<usize>() < before, "block {block}");
        }
    }
}

#[test]
fn what_a_reader_gets_of_a_cut_log_is_in_the_repaired_one() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let length = std::fs::metadata(&path).unwrap().len();
    let mut seeded = Seeded(0xABCD);
    let pristine = std::fs::read(&path).unwrap();
    for _ in 0..60 {
        let cut = block_offset(2) + seeded.below(length - block_offset(2));
        std::fs::write(&path, &pristine[..cut as usize]).unwrap();
        let before = read_everything(&path).unwrap();
        let (_, after) = repaired(&path);
        assert_eq!(after.records, before.records, "cut at {cut}");
    }
}

#[test]
fn noise_never_panics_and_what_comes_out_is_clean() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let pristine = std::fs::read(&path).unwrap();
    let mut seeded = Seeded(7);
    for _ in 0..200 {
        let mut raw = pristine.clone();
        for _ in 0..1 + seeded.below(5) {
            let at = if seeded.below(2) == 0 { seeded.below(1024) } else { seeded.below(raw.len() as u64) } as usize;
            let end = (at + seeded.below(200) as usize).min(raw.len());
            raw[at..end].fill(seeded.next() as u8);
        }
        std::fs::write(&path, &raw).unwrap();
        let file = std::fs::File::create(path.with_extension("new")).unwrap();
        if repair(&path, &file).is_ok() {
            let reader = Reader::open(path.with_extension("new")).unwrap();
            assert_eq!(reader.verify().problems, []);
        }
    }
}

/// What a damaged header says of the file is not believed.
#[test]
fn a_damaged_header_does_not_make_the_new_log_unreadable() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let whole = read_everything(&path).unwrap();
    let pristine = std::fs::read(&path).unwrap();
    // Another major version is refused, not repaired.
    for byte in 10..60 {
        let mut raw = pristine.clone();
        raw[byte] ^= 1;
        std::fs::write(&path, &raw).unwrap();
        let (_, after) = repaired(&path);
        assert_eq!(after, whole, "byte {byte}");
    }
}

fn tool(arguments: &[&str], paths: [&Path; 2]) -> Output {
    let [log, out] = paths;
    let mut command = Command::new(env!("CARGO_BIN_EXE_jitlog"));
    command.arg("repair").arg(log).arg("-o").arg(out).args(arguments).output().unwrap()
}

#[test]
fn outputs_are_whole_or_not_there_and_replace_nothing_unasked() {
    let (directory, path) = scratch();
    synthetic(&path);
    let out = directory.path().join("out.jlog");
    assert_eq!(tool(&[], [&path, &out]).status.code(), Some(0));
    assert_eq!(read_everything(&out).unwrap(), read_everything(&path).unwrap());
    std::fs::write(&out, "precious").unwrap();
    let refused = tool(&[], [&path, &out]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("--force"));
    assert_eq!(std::fs::read(&out).unwrap(), b"precious");
    assert_eq!(tool(&["--force"], [&path, &out]).status.code(), Some(0));
    assert!(read_everything(&out).is_ok());
    let bad = directory.path().join("bad.jlog");
    std::fs::write(&bad, "no log").unwrap();
    let none = directory.path().join("none.jlog");
    assert_eq!(tool(&[], [&bad, &none]).status.code(), Some(2));
    assert!(!none.exists());
    let piped = tool(&[], [&path, Path::new("-")]);
    assert_eq!(piped.stdout, std::fs::read(&out).unwrap());
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3, "no temporary files are left");
}
