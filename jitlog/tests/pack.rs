//! Packed logs: the same contents through the same reader, and damage is found.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Seeded, everything, read_everything, scratch, synthetic};
use jitlog::rewrite::pack;
use jitlog::*;

fn packed(path: &Path) -> PathBuf {
    let out = path.with_extension("jlogz");
    let report = pack(path, &File::create(&out).unwrap()).unwrap();
    assert_eq!(std::fs::metadata(&out).unwrap().len(), report.bytes);
    out
}

#[test]
fn a_packed_log_reads_the_same() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let out = packed(&path);
    let (plain, small) = (Reader::open(&path).unwrap(), Reader::open(&out).unwrap());
    assert_eq!(everything(&small), everything(&plain));
    assert_eq!(small.health(), Health::Clean);
    assert_eq!(small.verify().problems, []);
    assert_eq!(small.header(), plain.header());
    assert_eq!(small.last_ns(), plain.last_ns());
    for trace in (1..=6).map(TraceId) {
        assert_eq!(small.ir(trace, 1), plain.ir(trace, 1));
        assert_eq!(small.code(trace), plain.code(trace));
    }
    let all: usize = std::iter::from_fn({
        let mut follow = small.follow();
        move || follow.poll()
    })
    .map(|batch| batch.len())
    .sum();
    assert_eq!(all, plain.events().types(Types::all()).count());
    let (before, after) = (std::fs::metadata(&path).unwrap().len(), std::fs::metadata(&out).unwrap().len());
    assert!(after * 10 < before, "{after} bytes of {before}");
}

#[test]
fn many_frames_and_jumbo_records_pack() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let mut streams = [log.stream("a", StreamKind::Mutator), log.stream("b", StreamKind::Compiler)];
    let mut seeded = Seeded(5);
    for number in 0..60_000u32 {
        let trace_id = TraceId(number);
        let stream = &mut streams[number as usize % 2];
        let record_ns = seeded.below(100_000);
        stream.trace_stop(&TraceStop { trace_id, record_ns, ..Default::default() });
        if number.is_multiple_of(5_000) {
            let bytes: Vec<u8> = (0..1_000_000).map(|_| seeded.next() as u8 & 15).collect();
            stream.code(&Code { trace_id, bytes: &bytes, ..Default::default() });
        }
    }
    drop(streams);
    log.close();
    let out = packed(&path);
    assert_eq!(read_everything(&out).unwrap(), read_everything(&path).unwrap());
    let reader = Reader::open(&out).unwrap();
    let part = reader.events().range(20_000_000..20_100_000).count();
    assert_eq!(part, Reader::open(&path).unwrap().events().range(20_000_000..20_100_000).count());
    assert!(part > 50);
}

#[test]
fn damage_is_found() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let whole = read_everything(&path).unwrap();
    let out = packed(&path);
    let pristine = std::fs::read(&out).unwrap();
    let mut seeded = Seeded(11);
    for _ in 0..3_000 {
        let mut raw = pristine.clone();
        let at = seeded.below(raw.len() as u64) as usize;
        raw[at] ^= 1 << seeded.below(8);
        std::fs::write(&out, &raw).unwrap();
        if let Ok(part) = read_everything(&out) {
            assert!(part == whole || !part.problems.is_empty(), "byte {at}");
            for (key, records) in &part.records {
                let mut all = whole.records[key].iter();
                assert!(records.iter().all(|record| all.any(|other| other == record)), "byte {at}");
            }
        }
    }
}

#[test]
fn a_cut_packed_log_is_read_as_far_as_it_goes() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let whole = read_everything(&path).unwrap();
    let out = packed(&path);
    let file = std::fs::OpenOptions::new().write(true).open(&out).unwrap();
    let length = file.metadata().unwrap().len();
    let (mut before, mut opened, mut partly) = (usize::MAX, 0, 0);
    for cut in (0..length).rev() {
        file.set_len(cut).unwrap();
        let Ok(reader) = Reader::open(&out) else {
            continue;
        };
        opened += 1;
        let part = common::everything(&reader);
        for (key, records) in &part.records {
            assert!(whole.records[key].starts_with(records), "cut at {cut}");
        }
        let count = part.records.values().map(Vec::len).sum();
        assert!(count <= before, "cut at {cut}");
        before = count;
        match part.problems[..] {
            [ProblemKind::PackedIndex] => assert_eq!(part.records, whole.records),
            [ProblemKind::Truncated { expected, found }] => {
                assert!(found < expected);
                assert!(matches!(reader.health(), jitlog::Health::Truncated { at } if at <= cut));
                partly += u32::from(count > 0 && part.records != whole.records);
            }
            _ => panic!("cut at {cut}: {:?}", part.problems),
        }
    }
    assert!(opened > 100 && partly > 100, "{opened} opened, {partly} in part, of {length}");
    assert_eq!(before, 0, "directories and SUPER block alone open, with nothing in them");
}

#[test]
fn the_commands_take_packed_logs() {
    let (directory, path) = scratch();
    synthetic(&path);
    let out = directory.path().join("run.jlogz");
    let run = |arguments: &[&Path]| Command::new(env!("CARGO_BIN_EXE_jitlog")).args(arguments).output().unwrap();
    let status = run(&[Path::new("pack"), &path, Path::new("-o"), &out]);
    assert_eq!(status.status.code(), Some(0), "{}", String::from_utf8_lossy(&status.stderr));
    for command in ["cat", "check"] {
        let [plain, small] = [&path, &out].map(|log| run(&[Path::new(command), log]));
        assert_eq!(small.status.code(), Some(0));
        let name = |text: Vec<u8>| String::from_utf8(text).unwrap().replace(".jlogz", ".jlog");
        assert_eq!(name(small.stdout), name(plain.stdout));
    }
    let again = directory.path().join("again.jlog");
    assert_eq!(run(&[Path::new("repair"), &out, Path::new("-o"), &again]).status.code(), Some(0));
    assert_eq!(read_everything(&again).unwrap(), read_everything(&path).unwrap());
}
