//! A log cut at every byte, and a log with any bit flipped.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use jitlog::format::layout::{BLOCK, DirEntry, ENTRY, block_offset};
use jitlog::*;

use crate::Setting;
use crate::logs::{Contents, Seeded, contents, write_small};
use crate::report::Report;

/// Runs `part` on every processor, each with its number and a copy of the small log.
fn on_all_processors(setting: &Setting, part: impl Fn(u64, u64, &Path) + Sync) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        for number in 0..threads {
            let part = &part;
            scope.spawn(move || {
                let path = setting.folder.join(format!("damaged{number}.jlog"));
                write_small(&path);
                part(number, threads, &path);
            });
        }
    });
}

fn pristine(setting: &Setting) -> (Contents, u64) {
    let path = setting.folder.join("whole.jlog");
    write_small(&path);
    let whole = contents(&Reader::open(&path).unwrap());
    assert_eq!(whole.problems, []);
    (whole, std::fs::metadata(&path).unwrap().len())
}

/// Every length the file can have.
pub fn truncate(setting: &Setting, report: &mut Report) {
    let (whole, length) = pristine(setting);
    let step = if setting.quick { 97 } else { 1 };
    let [cuts, opened, inexact, imprecise] = [const { AtomicU64::new(0) }; 4];
    on_all_processors(setting, |number, threads, path| {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        let (from, to) = (length * number / threads, length * (number + 1) / threads);
        for cut in (from..to).rev().step_by(step) {
            file.set_len(cut).unwrap();
            cuts.fetch_add(1, Ordering::Relaxed);
            match Reader::open(path) {
                Ok(reader) => {
                    opened.fetch_add(1, Ordering::Relaxed);
                    let part = contents(&reader);
                    // Counters of a cut block read as far as they are there, then as 0.
                    inexact.fetch_add(u64::from(!part.is_prefix_of(&whole)), Ordering::Relaxed);
                    let said = part.problems.first().is_some_and(|problem| {
                        problem.byte == cut
                            && matches!(problem.kind, ProblemKind::Truncated { found, .. } if found == cut)
                    });
                    let precise = said && part.problems.len() == 1 && reader.health() == Health::Truncated { at: cut };
                    imprecise.fetch_add(u64::from(!precise), Ordering::Relaxed);
                }
                Err(ReadError::NotALog { .. }) if cut < 8 => {}
                Err(ReadError::Damaged(problem)) if cut < block_offset(2) => {
                    imprecise.fetch_add(u64::from(problem.byte > cut), Ordering::Relaxed);
                }
                Err(_) => _ = imprecise.fetch_add(1, Ordering::Relaxed),
            }
        }
    });
    let [cuts, opened, inexact, imprecise] = [cuts, opened, inexact, imprecise].map(AtomicU64::into_inner);
    let what = format!("cuts of a log of {length} bytes and {} records", whole.count());
    report.fact(&what, cuts.to_string(), if setting.quick { "" } else { "every byte" }, step > 1 || cuts == length);
    report.note("of those, opened (header and super block are there)", opened.to_string());
    report.fact("not an exact prefix of each stream", inexact.to_string(), "0", inexact == 0);
    report.fact("without exactly one precise error", imprecise.to_string(), "0", imprecise == 0);
}

/// Byte ranges of the file that hold something.
pub fn used_ranges(raw: &[u8]) -> Vec<(u64, u64)> {
    let at = block_offset(1);
    let mut ranges = vec![(0, 16 * ENTRY as u64), (at, at + 96), (at + 4096, at + 4224), (at + 8192, at + 9000)];
    for (index, entry) in raw[..BLOCK].chunks_exact(ENTRY).enumerate().skip(2) {
        let entry = DirEntry::decode(entry);
        if entry.kind != BlockKind::Free {
            let start = block_offset(index as u32);
            ranges.push((start, start + u64::from(entry.used).clamp(64, 3000)));
            ranges.push((start, start + u64::from(entry.used).max(64)));
        }
    }
    ranges
}

/// One bit at a time, nine of ten where something is.
pub fn flip(setting: &Setting, report: &mut Report) {
    let (whole, length) = pristine(setting);
    let flips: u64 = if setting.quick { 2_000 } else { 100_000 };
    let [found, accepted, imprecise, more] = [const { AtomicU64::new(0) }; 4];
    on_all_processors(setting, |number, threads, path| {
        let raw = std::fs::read(path).unwrap();
        let used = used_ranges(&raw);
        let file = OpenOptions::new().write(true).open(path).unwrap();
        let mut seeded = Seeded(0x1234_5678_9ABC_DEF1 + number);
        for flip in (number..flips).step_by(threads as usize) {
            let byte = if flip % 10 == 0 {
                seeded.below(length)
            } else {
                let (from, to) = used[seeded.below(used.len() as u64) as usize];
                from + seeded.below(to - from)
            };
            let old = raw[byte as usize];
            file.write_at(&[old ^ (1 << seeded.below(8))], byte).unwrap();
            let Ok(reader) = Reader::open(path) else {
                found.fetch_add(1, Ordering::Relaxed);
                file.write_at(&[old], byte).unwrap();
                continue;
            };
            let part = contents(&reader);
            let wrong = !part.is_part_of(&whole) || part.problems.is_empty() && part != whole;
            accepted.fetch_add(u64::from(wrong), Ordering::Relaxed);
            more.fetch_add(u64::from(part.problems.len() > 1), Ordering::Relaxed);
            if let Some(problem) = part.problems.first() {
                found.fetch_add(1, Ordering::Relaxed);
                let precise = problem.byte / BLOCK as u64 == byte / BLOCK as u64;
                imprecise.fetch_add(u64::from(!precise), Ordering::Relaxed);
            }
            file.write_at(&[old], byte).unwrap();
        }
    });
    let [found, accepted, imprecise, more] = [found, accepted, imprecise, more].map(AtomicU64::into_inner);
    report.fact("bits flipped", flips.to_string(), "", true);
    report.fact("noticed (the others lie where nothing is)", found.to_string(), "> 80 %", found > flips * 8 / 10);
    report.fact("wrong values accepted, or records lost unsaid", accepted.to_string(), "0", accepted == 0);
    report.fact("first error not in the block that was hit", imprecise.to_string(), "0", imprecise == 0);
    report.fact("more than one error for one bit", more.to_string(), "0", more == 0);
}
