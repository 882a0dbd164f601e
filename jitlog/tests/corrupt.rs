//! Damage: a log cut at any byte, and a log with any bit flipped, gives an exact part of what was written and one
//! precise problem. Never a panic.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs::OpenOptions;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;

use common::{Everything, Seeded, read_everything, scratch, synthetic};
use jitlog::format::layout::{BLOCK, DirEntry, ENTRY, block_offset};
use jitlog::{BlockKind, Health, ProblemKind, ReadError, Reader};

/// Byte ranges of the file that hold something.
fn used_ranges(path: &Path) -> Vec<(u64, u64)> {
    let raw = std::fs::read(path).unwrap();
    let mut ranges = vec![(0, 16 * ENTRY as u64), (block_offset(1), block_offset(1) + 96)];
    ranges.push((block_offset(1) + 4096, block_offset(1) + 4096 + 128));
    for (index, entry) in raw[..BLOCK].chunks_exact(ENTRY).enumerate().skip(2) {
        let entry = DirEntry::decode(entry);
        if entry.kind != BlockKind::Free {
            let used = if entry.kind == BlockKind::Counters { 256 } else { u64::from(entry.used) };
            ranges.push((block_offset(index as u32), block_offset(index as u32) + used));
        }
    }
    ranges
}

/// Whether each list of `part` is a prefix of the one in `whole`.
fn is_prefix(part: &Everything, whole: &Everything) -> bool {
    part.records.iter().all(|(key, records)| whole.records.get(key).is_some_and(|all| all.starts_with(records)))
}

/// Whether each list of `part` is what remains of the one in `whole` when records are left out.
fn is_subset(part: &Everything, whole: &Everything) -> bool {
    part.records.iter().all(|(key, records)| {
        let mut all = whole.records.get(key).into_iter().flatten();
        records.iter().all(|record| all.any(|other| other == record))
    })
}

#[test]
fn a_cut_log_gives_an_exact_prefix_and_says_where_it_ends() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let whole = read_everything(&path).unwrap();
    assert_eq!(whole.problems, []);
    let length = std::fs::metadata(&path).unwrap().len();
    let used = used_ranges(&path);
    let mut cuts: Vec<u64> = used.iter().flat_map(|(from, to)| *from..*to + 2).collect();
    cuts.extend((0..length).step_by(1021));
    cuts.extend((0..length / 4096).flat_map(|page| [page * 4096, (page * 4096 + 1).min(length - 1)]));
    cuts.sort_unstable();
    cuts.dedup();
    assert!(cuts.len() > 5_000, "{} cuts", cuts.len());
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    for cut in cuts.into_iter().rev() {
        file.set_len(cut).unwrap();
        match Reader::open(&path) {
            Ok(reader) => {
                let part = common::everything(&reader);
                assert!(is_prefix(&part, &whole), "cut at {cut}");
                assert!(
                    matches!(part.problems[..], [ProblemKind::Truncated { found, .. }] if found == cut),
                    "cut at {cut}: {:?}",
                    part.problems
                );
                assert_eq!(reader.health(), Health::Truncated { at: cut });
            }
            Err(ReadError::NotALog { .. }) => assert!(cut < 8),
            Err(ReadError::Damaged(problem)) => assert!(cut < block_offset(2), "cut at {cut}: {problem}"),
            Err(other) => panic!("cut at {cut}: {other}"),
        }
    }
}

#[test]
fn a_flipped_bit_is_found_and_costs_at_most_its_block() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let whole = read_everything(&path).unwrap();
    let pristine = std::fs::read(&path).unwrap();
    let used = used_ranges(&path);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let mut seeded = Seeded(0x1234_5678_9ABC_DEF1);
    let mut found = 0;
    const FLIPS: u32 = 20_000;
    for flip in 0..FLIPS {
        let byte = if flip % 10 == 0 {
            seeded.below(pristine.len() as u64)
        } else {
            let (from, to) = used[seeded.below(used.len() as u64) as usize];
            from + seeded.below(to - from)
        };
        let old = pristine[byte as usize];
        file.write_at(&[old ^ (1 << seeded.below(8))], byte).unwrap();
        match read_everything(&path) {
            Ok(part) => {
                assert!(is_subset(&part, &whole), "byte {byte}");
                assert!(part.problems.len() <= 1, "byte {byte}: {:?}", part.problems);
                found += u32::from(!part.problems.is_empty());
                if part.problems.is_empty() {
                    assert_eq!(part, whole, "byte {byte} was changed and nothing was said");
                }
            }
            Err(_) => found += 1,
        }
        file.write_at(&[old], byte).unwrap();
    }
    // What is not found lies in unused parts of blocks.
    assert!(found > FLIPS * 8 / 10, "{found} of {FLIPS}");
}

/// A log as after a kill: nothing is sealed or closed, so that no checksum keeps noise from the decoder.
fn unsealed(path: &Path) -> Vec<u8> {
    let mut raw = std::fs::read(path).unwrap();
    for entry in raw[ENTRY..BLOCK].chunks_exact_mut(ENTRY) {
        entry[24..44].fill(0);
        entry[44..56].fill(0);
        entry[60..64].fill(0);
    }
    raw[BLOCK + 4096 + 16..BLOCK + 4096 + 32].fill(0);
    raw
}

/// What the mutation loop of scripts/prove-log found.
#[test]
fn impossible_entries_are_left_out_and_repaired() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let whole = read_everything(&path).unwrap();
    let pristine = unsealed(&path);
    let of_kind = |kind: BlockKind| (2..).map(|index| index * ENTRY).find(|at| pristine[*at] == kind.0).unwrap();
    // A run of so many blocks that adding its place overflows.
    let mut raw = pristine.clone();
    let at = of_kind(BlockKind::Events) + 56;
    raw[at..at + 4].copy_from_slice(&(u32::MAX - 2).to_le_bytes());
    std::fs::write(&path, &raw).unwrap();
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.problems()[0].kind, ProblemKind::Contradiction);
    let mut follow = reader.follow();
    let mut found = Vec::new();
    while let Some(batch) = follow.poll() {
        found.extend(batch.into_iter().filter_map(Result::err).map(|problem| problem.kind));
    }
    assert!(found.contains(&ProblemKind::Contradiction));
    // A stream's events that say they are counters: found again by their prologue.
    let mut raw = pristine.clone();
    raw[of_kind(BlockKind::Events)] = BlockKind::Counters.0;
    std::fs::write(&path, &raw).unwrap();
    assert_eq!(Reader::open(&path).unwrap().problems()[0].kind, ProblemKind::Contradiction);
    let repaired = path.with_extension("repaired");
    jitlog::rewrite::repair(&path, &std::fs::File::create(&repaired).unwrap()).unwrap();
    assert_eq!(read_everything(&repaired).unwrap(), whole);
    // Counters at a place no log has.
    let mut raw = pristine.clone();
    let at = of_kind(BlockKind::Counters) + 8;
    raw[at..at + 8].copy_from_slice(&(1u64 << 56).to_le_bytes());
    std::fs::write(&path, &raw).unwrap();
    jitlog::rewrite::repair(&path, &std::fs::File::create(&repaired).unwrap()).unwrap();
    let part = read_everything(&repaired).unwrap();
    assert_eq!((part.problems, part.counters), (vec![], whole.counters));
    // A closed log whose entry reads as zeros.
    synthetic(&path);
    let mut raw = std::fs::read(&path).unwrap();
    let at = of_kind(BlockKind::Bulk);
    raw[at..at + ENTRY].fill(0);
    std::fs::write(&path, &raw).unwrap();
    assert_eq!(Reader::open(&path).unwrap().problems()[0].kind, ProblemKind::Entry);
}

#[test]
fn noise_in_an_unsealed_log_never_panics() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let pristine = unsealed(&path);
    std::fs::write(&path, &pristine).unwrap();
    let whole = read_everything(&path).unwrap();
    assert_eq!(whole.problems, []);
    assert!(matches!(Reader::open(&path).unwrap().health(), Health::Killed { .. }));
    let used = used_ranges_unsealed(&path);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let mut seeded = Seeded(99);
    for _ in 0..3_000 {
        let mut undo = Vec::new();
        for _ in 0..1 + seeded.below(6) {
            let (from, to) = used[seeded.below(used.len() as u64) as usize];
            let byte = from + seeded.below(to - from);
            undo.push(byte);
            file.write_at(&[seeded.next() as u8], byte).unwrap();
        }
        if let Ok(reader) = Reader::open(&path) {
            let _ = reader
                .events()
                .types(jitlog::Types::all())
                .filter_map(Result::ok)
                .map(|entry| format!("{:?}", entry.event()).len())
                .sum::<usize>();
            let _ = (reader.counters(), reader.counter_points().count(), reader.verify(), reader.health());
            for id in 0..8 {
                let trace = jitlog::TraceId(id);
                let _ = (reader.ir(trace, 1), reader.bytecode(trace), reader.code_map(trace));
                let _ = reader.defs().describe(jitlog::format::IdKind::Stack, id.into());
            }
        }
        for byte in undo {
            file.write_at(&[pristine[byte as usize]], byte).unwrap();
        }
    }
}

fn used_ranges_unsealed(path: &Path) -> Vec<(u64, u64)> {
    let raw = std::fs::read(path).unwrap();
    let mut ranges = vec![(64, 16 * ENTRY as u64), (block_offset(1), block_offset(1) + 8300)];
    let blocks = raw.len() / BLOCK;
    ranges.extend((2..blocks as u32).map(|block| (block_offset(block), block_offset(block) + 3000)));
    ranges
}

/// What the mutation loop of scripts/prove-log found: no checksum covers what is left of a block that the file's end cuts
/// through. It is given, and no way of reading says that it is verified.
#[test]
fn noise_before_a_cut_is_never_called_verified() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let whole = read_everything(&path).unwrap();
    let pristine = std::fs::read(&path).unwrap();
    let mut wrong = 0;
    let mut seeded = Seeded(465);
    for _ in 0..300 {
        let used = used_ranges(&path);
        let mut raw = pristine.clone();
        let (from, to) = loop {
            let (from, to) = used[seeded.below(used.len() as u64) as usize];
            if from >= block_offset(2) && to - from > 64 {
                break (from, to);
            }
        };
        let cut = from + 48 + seeded.below(to - from - 48);
        raw[(from + 16 + seeded.below(cut - from - 16)) as usize] ^= 1 << seeded.below(8);
        raw.truncate(cut as usize);
        std::fs::write(&path, &raw).unwrap();
        let reader = Reader::open(&path).unwrap();
        let part = common::everything(&reader);
        wrong += u32::from(!is_subset(&part, &whole));
        assert!(
            matches!(part.problems[0], ProblemKind::Truncated { found, .. } if found == cut),
            "{:?}",
            part.problems
        );
        let problem = &reader.problems()[0];
        assert_eq!(u64::from(problem.block), cut / BLOCK as u64);
        let mut verified = Everything { records: Default::default(), ..part };
        let mut entries = Vec::new();
        for entry in reader.events().types(jitlog::Types::all()).filter_map(Result::ok) {
            entries.push((entry.t_ns, entry.is_verified()));
            if entry.is_verified() {
                let event = entry.event();
                let class = event.spec().map_or("unknown", |spec| spec.class.name());
                let text = format!("{} {}", entry.t_ns, serde_json::to_string(&event).unwrap());
                verified.records.entry((entry.stream.0, class)).or_default().push(text);
            }
        }
        assert!(is_subset(&verified, &whole), "cut at {cut}");
        let mut views = Vec::new();
        let done: ControlFlow<()> = reader.events().types(jitlog::Types::all()).visit(|item| {
            views.extend(item.ok().map(|view| (view.t_ns, view.is_verified())));
            ControlFlow::Continue(())
        });
        assert!(done.is_continue());
        assert_eq!(views, entries);
        std::fs::write(&path, &pristine).unwrap();
    }
    assert!(wrong > 50, "{wrong}");
}
