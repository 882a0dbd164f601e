//! What no checksum vouches for is never presented as verified: not by the reader of a log whose state page is damaged,
//! not by the tool, and not by a repaired or packed log.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::{scratch, synthetic};
use jitlog::format::layout::{BLOCK, DirEntry, ENTRY, HOT_PAGE, block_offset, hot};
use jitlog::rewrite::{Keep, repair_watched};
use jitlog::*;

const HOT: usize = BLOCK + HOT_PAGE;

/// The first block of a kind.
fn first(raw: &[u8], kind: BlockKind) -> usize {
    (2..raw.len() / BLOCK).find(|block| raw[block * ENTRY] == kind.0).unwrap()
}

/// Takes the seal off a block, as if its writer had never left it.
fn unseal(raw: &mut [u8], block: usize) {
    raw[block * ENTRY + 24..block * ENTRY + 56].fill(0);
    raw[block * ENTRY + 60..block * ENTRY + 64].fill(0);
}

fn problems(raw: &[u8], path: &Path) -> Vec<ProblemKind> {
    std::fs::write(path, raw).unwrap();
    Reader::open(path).unwrap().problems().iter().map(|problem| problem.kind).collect()
}

/// Records in all, and those of them that are verified.
fn records(path: &Path) -> (usize, usize) {
    let reader = Reader::open(path).unwrap();
    let entries: Vec<Entry> = reader.events().types(Types::all()).flatten().collect();
    (entries.len(), entries.iter().filter(|entry| entry.is_verified()).count())
}

fn tool(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_jitlog")).args(arguments).output().unwrap()
}

#[test]
fn a_damaged_state_page_does_not_make_a_closed_log_one_that_was_killed() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let pristine = std::fs::read(&path).unwrap();
    assert_eq!(problems(&pristine, &path), []);
    let block = first(&pristine, BlockKind::Events);
    // The seal and any one thing of the state page.
    for at in [hot::CLOSE_CRC, hot::STATE, hot::CLAIMED, hot::HEARTBEAT] {
        let mut raw = pristine.clone();
        raw[HOT + at..HOT + at + 4].fill(0);
        if raw == pristine {
            continue;
        }
        assert_eq!(problems(&raw, &path), [ProblemKind::HotPage], "offset {at}");
        unseal(&mut raw, block);
        assert_eq!(problems(&raw, &path), [ProblemKind::HotPage, ProblemKind::Unsealed], "offset {at}");
    }
    // A page that was never written back says nothing, but that itself is said.
    let mut raw = pristine.clone();
    raw[HOT..HOT + hot::END].fill(0);
    assert_eq!(problems(&raw, &path), [ProblemKind::HotPage]);
    // A kill leaves a page that says how far the writer was.
    let mut raw = pristine;
    (2..raw.len() / BLOCK).for_each(|block| unseal(&mut raw, block));
    raw[HOT + hot::STATE..HOT + hot::HEARTBEAT].fill(0);
    assert_eq!(problems(&raw, &path), []);
    assert!(matches!(Reader::open(&path).unwrap().health(), Health::Killed { .. }));
}

#[test]
fn a_repair_does_not_vouch_for_what_it_found() {
    let (directory, path) = scratch();
    synthetic(&path);
    let pristine = std::fs::read(&path).unwrap();
    let last = (2..pristine.len() / BLOCK).rfind(|block| pristine[block * ENTRY] == BlockKind::Events.0).unwrap();
    let entry = DirEntry::decode(&pristine[last * ENTRY..]);
    let cut = block_offset(last as u32) as usize + entry.used as usize / 2;
    // Cut inside the last block of events, where noise is noticed by nobody.
    let mut raw = pristine[..cut].to_vec();
    raw[block_offset(last as u32) as usize + 40] ^= 0x10;
    std::fs::write(&path, &raw).unwrap();
    let (all, verified) = records(&path);
    assert!(0 < verified && verified < all, "{verified} of {all}");

    let repaired = directory.path().join("whole.jlog");
    for (keep, expected) in [(Keep::Everything, (all, verified)), (Keep::Verified, (verified, verified))] {
        let made = repair_watched(&path, &std::fs::File::create(&repaired).unwrap(), keep, |_| ()).unwrap();
        assert_eq!(records(&repaired), expected, "{keep:?}");
        let reader = Reader::open(&repaired).unwrap();
        assert_eq!((reader.verify().problems, reader.health()), (Vec::new(), Health::Clean));
        assert_eq!(made.left_out as usize, all - expected.0);
    }
    // Neither does a second repair, nor a packed log; both take over what the first says.
    repair_watched(&path, &std::fs::File::create(&repaired).unwrap(), Keep::Everything, |_| ()).unwrap();
    let again = directory.path().join("again.jlog");
    let packed = directory.path().join("packed.jlogz");
    let twice = rewrite::repair(&repaired, &std::fs::File::create(&again).unwrap()).unwrap();
    rewrite::pack(&repaired, &std::fs::File::create(&packed).unwrap()).unwrap();
    assert_eq!((records(&again), records(&packed)), ((all, verified), (all, verified)));
    assert!(twice.unverified as usize >= all - verified);
    // Its checksum still tells of every change since.
    let mut raw = std::fs::read(&repaired).unwrap();
    let flagged = (2..raw.len() / BLOCK).find(|block| {
        let entry = DirEntry::decode(&raw[block * ENTRY..]);
        entry.kind == BlockKind::Events && !entry.vouches()
    });
    raw[block_offset(flagged.unwrap() as u32) as usize + 40] ^= 0x10;
    std::fs::write(&repaired, raw).unwrap();
    assert_eq!(Reader::open(&repaired).unwrap().verify().problems.len(), 1);
}

#[test]
fn the_tool_says_what_is_unverified() {
    let (directory, path) = scratch();
    synthetic(&path);
    let mut raw = std::fs::read(&path).unwrap();
    let block = first(&raw, BlockKind::Events);
    (2..raw.len() / BLOCK).filter(|other| *other == block).for_each(|block| unseal(&mut raw, block));
    // As after a kill.
    raw[HOT + hot::STATE..HOT + hot::HEARTBEAT].fill(0);
    std::fs::write(&path, &raw).unwrap();
    let (all, verified) = records(&path);
    let log = path.to_str().unwrap();
    let marked = |text: &[u8]| {
        String::from_utf8(text.to_vec()).unwrap().lines().filter(|line| line.ends_with(",\"unverified\":true}")).count()
    };
    for arguments in
        [&["cat", "--json", log][..], &["cat", "--json", "--resolve", log], &["export", "jsonl", log, "-o", "-"]]
    {
        let output = tool(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: a kill is no damage");
        assert_eq!(marked(&output.stdout), all - verified, "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said, "jitlog: no checksum vouches for what is in 1 blocks\n", "{arguments:?}");
    }
    let out = directory.path().join("out.jlog");
    let out = out.to_str().unwrap();
    let said = String::from_utf8(tool(&["repair", log, "-o", out]).stderr).unwrap();
    assert!(said.contains(&format!("no checksum vouches for {} of them", all - verified)), "{said}");
    let checked = String::from_utf8(tool(&["check", out]).stdout).unwrap();
    assert!(checked.contains(": clean") && checked.contains(" 1 without a checksum"), "{checked}");
    let said = String::from_utf8(tool(&["repair", "--verified", "--force", log, "-o", out]).stderr).unwrap();
    assert!(said.contains(&format!("left out {} records", all - verified)), "{said}");
    assert_eq!(records(Path::new(out)), (verified, verified));
    assert_eq!(tool(&["cat", out]).stderr, b"");
}
