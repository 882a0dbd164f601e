//! Evolution: a log of a newer minor version is read as far as it is understood, and a log of each version we froze
//! decodes to the same text for ever.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};

use common::{everything, read_everything, scratch, synthetic};
use jitlog::format::layout::{
    BLOCK, DirEntry, ENTRY, HeaderWord, PROLOGUE, SCHEMA_OFFSET, STATIC_BYTES, STATIC_COPY, checksum,
};
use jitlog::format::walk::{Step, Walker};
use jitlog::rewrite::{pack, repair};
use jitlog::*;

/// An event number and a block kind that do not exist yet.
const NEW_EVENT: u16 = 777;
const NEW_KIND: BlockKind = BlockKind(99);
/// Bytes every event's fixed part has grown by.
const GROWTH: usize = 8;

/// Makes a log what a later minor version might write: each event has a new field, there is a new event among the others,
/// a new kind of block, and new features that readers may ignore.
fn age(path: &Path) -> u64 {
    let mut raw = std::fs::read(path).unwrap();
    let reader = Reader::open(path).unwrap();
    let dt_shift = reader.static_page().dt_shift;
    let mut inserted = 0;
    for number in 2..raw.len() / BLOCK {
        let mut entry = DirEntry::decode(&raw[number * ENTRY..]);
        if !matches!(entry.kind, BlockKind::Defs | BlockKind::Events | BlockKind::Bulk) {
            continue;
        }
        let block = &mut raw[number * BLOCK..(number + 1) * BLOCK];
        let mut aged = block[..PROLOGUE].to_vec();
        let mut walker = Walker::new(entry.t_first, dt_shift);
        let mut records = 0;
        while let Step::Record(record) = walker.step(block) {
            let old = HeaderWord(u64::from_le_bytes(block[record.at..record.at + 8].try_into().unwrap()));
            let (fixed, tail) = block[record.body.0..record.body.1].split_at(reader.schema().fixed(record.event_type));
            aged.extend(HeaderWord::new(old.event_type(), old.words() + 1, old.dt()).0.to_le_bytes());
            aged.extend_from_slice(fixed);
            aged.extend_from_slice(&[0xAB; GROWTH]);
            aged.extend_from_slice(tail);
            records += 1;
            if entry.kind == BlockKind::Events && records % 3 == 0 {
                aged.extend(HeaderWord::new(NEW_EVENT, 3, old.dt()).0.to_le_bytes());
                aged.extend_from_slice(&[0xCD; 16]);
                inserted += 1;
            }
        }
        entry.used = aged.len() as u32;
        entry.records += if entry.kind == BlockKind::Events { records / 3 } else { 0 };
        entry.type_mask |= 1 << (NEW_EVENT & 63);
        block[..aged.len()].copy_from_slice(&aged);
        entry.crc = checksum(&aged);
        entry.entry_crc = entry.seal_crc();
        raw[number * ENTRY..(number + 1) * ENTRY].copy_from_slice(&entry.encode());
    }
    add_block(&mut raw);
    set_schema(&mut raw, &newer_schema(reader.schema().text()));
    raw[10] = 9;
    raw[48] |= 0xF0;
    let crc = checksum(&raw[..56]);
    raw[56..60].copy_from_slice(&crc.to_le_bytes());
    std::fs::write(path, raw).unwrap();
    inserted
}

fn newer_schema(text: &str) -> String {
    let mut schema: serde_json::Value = serde_json::from_str(text).unwrap();
    let events = schema["events"].as_array_mut().unwrap();
    for event in events.iter_mut() {
        let fixed = event["fixed"].as_u64().unwrap();
        event["fixed"] = (fixed + GROWTH as u64).into();
        event["fields"].as_array_mut().unwrap().push(serde_json::json!(["novelty", "u64", fixed, "u64"]));
    }
    events.push(serde_json::json!({"id": NEW_EVENT, "name": "quantum", "class": "event", "fixed": 16, "doc": "",
        "fields": [["amount", "u64", 0, "u64"], ["phase", "u64", 8, "u64"]]}));
    schema["future"] = "what nobody knows yet".into();
    schema.to_string()
}

fn set_schema(raw: &mut [u8], schema: &str) {
    let at = BLOCK + SCHEMA_OFFSET;
    raw[at..at + schema.len()].copy_from_slice(schema.as_bytes());
    for page in [BLOCK, BLOCK + STATIC_COPY] {
        raw[page + 76..page + 80].copy_from_slice(&(schema.len() as u32).to_le_bytes());
        raw[page + 80..page + 84].copy_from_slice(&checksum(schema.as_bytes()).to_le_bytes());
        let crc = checksum(&raw[page + 4..page + STATIC_BYTES]);
        raw[page..page + 4].copy_from_slice(&crc.to_le_bytes());
    }
}

/// A block of a kind that does not exist yet, behind the others.
fn add_block(raw: &mut Vec<u8>) {
    let number = raw.len() / BLOCK;
    raw.resize(raw.len() + BLOCK, 0x77);
    let mut entry = DirEntry::decode(&[0; ENTRY]);
    (entry.kind, entry.state, entry.blocks, entry.used) = (NEW_KIND, BlockState::Sealed, 1, BLOCK as u32);
    entry.crc = checksum(&raw[number * BLOCK..]);
    entry.entry_crc = entry.seal_crc();
    raw[number * ENTRY..(number + 1) * ENTRY].copy_from_slice(&entry.encode());
}

#[test]
fn a_log_from_the_future_gives_all_that_is_known_of_it() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let known = read_everything(&path).unwrap();
    let inserted = age(&path);
    assert!(inserted > 5);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.schema().name(NEW_EVENT), Some("quantum"));
    let check = |reader: &Reader| {
        let mut now = everything(reader);
        let unknown: usize =
            now.records.iter().filter(|((_, class), _)| *class == "unknown").map(|(_, r)| r.len()).sum();
        assert_eq!(unknown as u64, inserted);
        now.records.retain(|(_, class), _| *class != "unknown");
        assert_eq!(now, known);
        let found = reader.verify();
        assert_eq!((found.problems.len(), found.unknown_blocks), (0, 1));
        assert_eq!(found.by_type[&NEW_EVENT], inserted);
        assert_eq!(reader.health(), Health::Clean);
        let mut events = reader.events();
        events.by_ref().for_each(drop);
        assert_eq!(events.unknown_skipped(), inserted);
        assert_eq!(reader.ir(TraceId(1), 1).unwrap().constants, ["42"]);
    };
    check(&reader);
    // What is not understood is kept all the same.
    for (name, rewrite) in [("packed", pack as fn(&Path, &std::fs::File) -> _), ("repaired", repair)] {
        let out = path.with_extension(name);
        rewrite(&path, &std::fs::File::create(&out).unwrap()).unwrap();
        check(&Reader::open(&out).unwrap());
    }
}

/// Everything a log says, one line per fact.
fn dump(reader: &Reader) -> String {
    let mut text = String::new();
    for entry in reader.events().types(Types::all()) {
        let entry = entry.unwrap();
        let event = serde_json::to_string(&entry.event()).unwrap();
        text.push_str(&format!("{} {} {event}\n", entry.t_ns, entry.stream));
    }
    for total in reader.counters() {
        text.push_str(&format!("counter {} {}\n", total.definition.counter_id, total.value));
    }
    text
}

/// The events of later issues are not all in, so version 0 may be made anew, with a reason in the commit:
/// `JITLOG_GOLDEN=write cargo test -p jitlog --test future`. Once version 1 is frozen its files never change.
#[test]
fn golden_logs_decode_as_ever() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    if std::env::var_os("JITLOG_GOLDEN").is_some() {
        let (_directory, path) = scratch();
        synthetic(&path);
        std::fs::create_dir_all(&folder).unwrap();
        pack(&path, &std::fs::File::create(folder.join("v0.jlogz")).unwrap()).unwrap();
        std::fs::write(folder.join("v0.txt"), dump(&Reader::open(&path).unwrap())).unwrap();
    }
    let logs: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    let logs: Vec<&PathBuf> = logs.iter().filter(|path| path.extension().is_some_and(|end| end == "jlogz")).collect();
    assert!(!logs.is_empty());
    for log in logs {
        let reader = Reader::open(log).unwrap();
        assert_eq!(reader.verify().problems, []);
        let expected = std::fs::read_to_string(log.with_extension("txt")).unwrap();
        for (number, (now, then)) in dump(&reader).lines().zip(expected.lines()).enumerate() {
            assert_eq!(now, then, "{} line {}", log.display(), number + 1);
        }
        assert_eq!(dump(&reader).lines().count(), expected.lines().count(), "{}", log.display());
    }
}
