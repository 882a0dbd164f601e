//! Other versions: a newer log is refused in clear words or read as far as it is understood; the schema only grows.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};

use common::{scratch, synthetic};
use jitlog::format::layout::{BLOCK, DirEntry, ENTRY, HeaderWord, PROLOGUE, checksum};
use jitlog::*;

/// Changes a log's first header and makes its checksum right again.
fn patch_header(path: &Path, change: impl Fn(&mut [u8])) {
    let mut raw = std::fs::read(path).unwrap();
    change(&mut raw[..56]);
    let crc = checksum(&raw[..56]);
    raw[56..60].copy_from_slice(&crc.to_le_bytes());
    std::fs::write(path, raw).unwrap();
}

fn refusal(path: &Path) -> String {
    match Reader::open(path) {
        Ok(_) => panic!("a newer log was opened"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_newer_major_version_is_named() {
    let (_directory, path) = scratch();
    synthetic(&path);
    patch_header(&path, |raw| raw[8..12].copy_from_slice(&[2, 0, 7, 0]));
    let text = refusal(&path);
    assert!(text.contains("written by a newer jitlog (major 2, version 2.7); this one reads major 1"), "{text}");
}

#[test]
fn an_unknown_incompatible_feature_is_named() {
    let (_directory, path) = scratch();
    synthetic(&path);
    patch_header(&path, |raw| {
        raw[10] = 9;
        raw[40] = 0b1000;
    });
    let text = refusal(&path);
    assert!(text.contains("written by a newer jitlog (major 1, version 1.9)") && text.ends_with("bit 3"), "{text}");
}

#[test]
fn a_newer_minor_version_and_compatible_features_are_read() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let whole = common::read_everything(&path).unwrap();
    patch_header(&path, |raw| {
        raw[10] = 9;
        raw[48] = 0xFF;
    });
    assert_eq!(common::read_everything(&path).unwrap(), whole);
}

#[test]
fn what_is_no_log_is_not_one() {
    let (_directory, path) = scratch();
    for contents in [&b""[..], b"\x89JL", b"hello, world, this is text and long enough to be a header, is it not?"] {
        std::fs::write(&path, contents).unwrap();
        assert!(refusal(&path).ends_with("not a jitlog file"));
    }
    assert!(Reader::open(path.with_extension("missing")).is_err());
}

/// Reseals the first block of a kind after a change.
fn patch_block(path: &Path, kind: BlockKind, change: impl Fn(&mut DirEntry, &mut [u8])) {
    let mut raw = std::fs::read(path).unwrap();
    let number = (2..).find(|number| raw[number * ENTRY] == kind.0).unwrap();
    let mut entry = DirEntry::decode(&raw[number * ENTRY..]);
    let start = number * BLOCK;
    change(&mut entry, &mut raw[start..start + BLOCK]);
    entry.crc = checksum(&raw[start..start + entry.used as usize]);
    entry.entry_crc = entry.seal_crc();
    raw[number * ENTRY..(number + 1) * ENTRY].copy_from_slice(&entry.encode());
    std::fs::write(path, raw).unwrap();
}

#[test]
fn unknown_events_are_skipped_and_counted() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let known = Reader::open(&path).unwrap().events().count();
    patch_block(&path, BlockKind::Events, |entry, block| {
        let word = HeaderWord(u64::from_le_bytes(block[PROLOGUE..PROLOGUE + 8].try_into().unwrap()));
        let newer = HeaderWord::new(777, word.words(), word.dt());
        block[PROLOGUE..PROLOGUE + 8].copy_from_slice(&newer.0.to_le_bytes());
        entry.type_mask |= 1 << (777 & 63);
    });
    let reader = Reader::open(&path).unwrap();
    let mut events = reader.events();
    assert_eq!(events.by_ref().filter(Result::is_ok).count(), known - 1);
    assert_eq!(events.unknown_skipped(), 1);
    assert_eq!(reader.problems(), []);
    let mut all = reader.events().types(Types::all());
    assert!(all.any(|entry| matches!(entry.unwrap().event(), Event::Unknown(unknown) if unknown.event_type == 777)));
}

#[test]
fn unknown_block_kinds_are_skipped_and_counted() {
    let (_directory, path) = scratch();
    synthetic(&path);
    patch_block(&path, BlockKind::Bulk, |entry, _| entry.kind = BlockKind(99));
    let reader = Reader::open(&path).unwrap();
    let found = reader.verify();
    assert_eq!((found.unknown_blocks, found.problems.len()), (1, 0));
    assert_eq!(reader.ir(TraceId(1), 0), None);
}

/// One line per event and field; every released line must stay.
fn schema_lines() -> Vec<String> {
    let line = |spec: &&EventSpec| {
        let fields = spec.fields.iter().map(|field| format!(" {}:{}@{}", field.name, field.physical, field.offset));
        format!("{} {} {}{}", spec.id, spec.name, spec.class.name(), fields.collect::<String>())
    };
    EVENTS.iter().map(line).collect()
}

/// Regenerate with `JITLOG_LOCK=write cargo test -p jitlog --test versions` after adding an event or a field.
#[test]
fn the_schema_only_grows() {
    let lock: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.lock");
    let now = schema_lines();
    let locked = std::fs::read_to_string(&lock).unwrap_or_default();
    for line in locked.lines() {
        let id = line.split(' ').next().unwrap();
        let current = now.iter().find(|current| current.split(' ').next() == Some(id));
        let current = current.unwrap_or_else(|| panic!("event {id} is gone"));
        assert!(current == line || current.starts_with(&format!("{line} ")), "changed:\n{line}\n{current}");
    }
    if std::env::var_os("JITLOG_LOCK").is_some() {
        std::fs::write(&lock, now.join("\n") + "\n").unwrap();
    } else {
        assert!(locked.lines().eq(now.iter()), "schema.lock is behind the table");
    }
}

/// The list of events in README.md comes from the table too.
#[test]
fn the_readme_lists_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("<!-- events -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end of events -->").unwrap();
    let row = |spec: &&EventSpec| {
        let fields: Vec<&str> = spec.fields.iter().map(|field| field.name).collect();
        let doc = spec.doc.trim();
        format!("| {} | {} | {:?} | {} | {doc} |\n", spec.id, spec.name, spec.class, fields.join(", "))
    };
    let rows: String = EVENTS.iter().map(row).collect();
    let list = format!("| id | name | class | fields | what |\n|---|---|---|---|---|\n{rows}");
    let wanted = format!("{before}<!-- events -->\n{list}<!-- end of events -->{after}");
    if std::env::var_os("JITLOG_LOCK").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    } else {
        assert!(text == wanted, "README.md is behind the table");
    }
}

/// A reader in another language, which knows the README and the schema in the file, and is short.
#[test]
fn a_stranger_reads_the_same() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("read_jlog.py");
    let lines = std::fs::read_to_string(&script).unwrap();
    let code = lines.lines().filter(|line| !line.is_empty() && !line.starts_with("\"\"\""));
    assert!(code.count() <= 30);
    let Ok(output) = std::process::Command::new("python3").arg(script).arg(&path).output() else {
        println!("skipped: no python3 here");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut theirs: Vec<String> = Vec::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
        let map = record.as_object_mut().unwrap();
        map.remove("_ticks");
        map.remove("_stream");
        // Python prints hexadecimal values as numbers.
        theirs.push(comparable(&record));
    }
    let reader = Reader::open(&path).unwrap();
    let ours = reader.events().types(Types::all());
    let mut ours: Vec<String> =
        ours.map(|entry| comparable(&serde_json::to_value(entry.unwrap().event()).unwrap())).collect();
    theirs.sort();
    ours.sort();
    assert_eq!(theirs.len(), ours.len());
    theirs.iter().zip(&ours).for_each(|(theirs, ours)| assert_eq!(theirs, ours));
}

fn comparable(record: &serde_json::Value) -> String {
    let mut fields: Vec<String> = Vec::new();
    for (name, value) in record.as_object().unwrap() {
        let value = match value.as_str().and_then(|text| text.strip_prefix("0x")) {
            Some(hex) => u64::from_str_radix(hex, 16).unwrap().to_string(),
            None => value.to_string(),
        };
        fields.push(format!("{name}={value}"));
    }
    fields.sort();
    fields.join(" ")
}
