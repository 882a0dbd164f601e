//! Seeded mutations of closed, killed and packed logs, several at a time, every way of reading tried on each.
//!
//! Half of them repair the checksums they break, so that noise reaches the decoders; of those only survival is asked.
//! Of the others nothing wrong may be accepted where a checksum covers it. No checksum covers what is left of a block
//! that the file's end cuts through: such records are given, as many as there are, but the reader must say that they are
//! unverified and what is wrong with their block.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jitlog::format::layout::{BLOCK, DirEntry, ENTRY, ExtentHeader, checksum};
use jitlog::*;

use crate::Setting;
use crate::damage::used_ranges;
use crate::logs::{Contents, Seeded, contents, write_small};
use crate::report::Report;

/// Ten minutes, as the issue asks.
const FULL: Duration = Duration::from_secs(600);
const QUICK_ROUNDS: u64 = 400;
/// Longer than any of these logs may take to be read in every way.
const SLOW: Duration = Duration::from_secs(10);

/// Changes and problems that are listed of a case at most.
const SHOWN: usize = 12;

/// A log to damage.
struct Base {
    name: &'static str,
    raw: Vec<u8>,
    whole: Contents,
    /// Whether checksums cover all that is read.
    covered: bool,
    used: Vec<(u64, u64)>,
}

fn bases(folder: &Path) -> Vec<Base> {
    let path = folder.join("base.jlog");
    write_small(&path);
    let closed = std::fs::read(&path).unwrap();
    let used = used_ranges(&closed);
    let packed = folder.join("base.jlogz");
    rewrite::pack(&path, &std::fs::File::create(&packed).unwrap()).unwrap();
    // As after a kill: nothing is sealed or closed.
    let mut killed = closed.clone();
    for entry in killed[ENTRY..BLOCK].chunks_exact_mut(ENTRY) {
        entry[24..56].fill(0);
        entry[60..64].fill(0);
    }
    killed[BLOCK + 4096 + 16..BLOCK + 4096 + 32].fill(0);
    let base = |name, raw: Vec<u8>, covered, used| {
        let path = folder.join(name);
        std::fs::write(&path, &raw).unwrap();
        let whole = contents(&Reader::open(&path).unwrap());
        assert_eq!(whole.problems, [], "{name}");
        Base { name, raw, whole, covered, used }
    };
    let packed = std::fs::read(packed).unwrap();
    let everywhere = vec![(0, packed.len() as u64)];
    vec![
        base("closed", closed, true, used.clone()),
        base("killed", killed, false, used),
        base("packed", packed, true, everywhere),
    ]
}

/// Changes some bytes in one of many ways.
fn mutate(raw: &mut Vec<u8>, used: &[(u64, u64)], seeded: &mut Seeded) {
    for _ in 0..1 + seeded.below(5) {
        let (from, to) = used[seeded.below(used.len() as u64) as usize];
        let place = |seeded: &mut Seeded, raw: &Vec<u8>| {
            ((from + seeded.below(to - from)) as usize).min(raw.len().saturating_sub(1))
        };
        let at = place(seeded, raw);
        if raw.is_empty() {
            return;
        }
        match seeded.below(10) {
            0 | 1 => raw[at] ^= 1 << seeded.below(8),
            2 => raw[at] = seeded.next() as u8,
            3 => {
                let value =
                    [0, 1, 0x7F, 0xFF, 0xFFFF, 0x8000_0000, u64::MAX, i64::MAX as u64][seeded.below(8) as usize];
                let at = at & !7;
                let end = (at + 8).min(raw.len());
                raw[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
            }
            4 => {
                let end = (at + 1 + seeded.below(300) as usize).min(raw.len());
                raw[at..end].fill(0);
            }
            5 => {
                let end = (at + 1 + seeded.below(64) as usize).min(raw.len());
                raw[at..end].iter_mut().for_each(|byte| *byte = seeded.next() as u8);
            }
            6 => {
                let from = place(seeded, raw);
                let length = (1 + seeded.below(256) as usize).min(raw.len() - from.max(at));
                raw.copy_within(from..from + length, at);
            }
            7 if seeded.below(4) == 0 => raw.truncate(at),
            8 if seeded.below(4) == 0 => {
                // A page that was never written back.
                let page = at & !4095;
                let end = (page + 4096).min(raw.len());
                raw[page..end].fill(0);
            }
            9 if seeded.below(4) == 0 => {
                let end = (at + 1 + seeded.below(16) as usize).min(raw.len());
                raw.drain(at..end);
            }
            _ => raw[at] = raw[at].wrapping_add(1),
        }
    }
}

/// Makes the checksums of the first directory right again.
fn reseal(raw: &mut [u8]) {
    if raw.len() < 2 * BLOCK {
        return;
    }
    let crc = checksum(&raw[..56]);
    raw[56..60].copy_from_slice(&crc.to_le_bytes());
    for index in 2..raw.len() / BLOCK {
        let at = index * ENTRY;
        let mut entry = DirEntry::decode(&raw[at..at + ENTRY]);
        if entry.entry_crc != 0 {
            let start = index * BLOCK;
            let end = start.saturating_add(entry.used as usize).min(raw.len());
            entry.crc = checksum(&raw[start..end]);
            entry.entry_crc = entry.seal_crc();
            raw[at..at + ENTRY].copy_from_slice(&entry.encode());
        }
    }
    debug_assert!(ExtentHeader::is_intact(raw));
}

/// Every way of reading.
fn read_in_all_ways(path: &Path, reader: &Reader, thorough: bool) {
    let _ = (reader.counter_points().count(), reader.verify_on(1), reader.health(), reader.loss());
    for id in 0..4 {
        let trace = TraceId(id);
        let _ = (reader.ir(trace, 0), reader.bytecode(trace), reader.code(trace), reader.code_map(trace));
        let _ = reader.defs().describe(format::IdKind::Stack, id.into());
        let _ = reader.defs().describe(format::IdKind::Guard, id.into());
    }
    let middle = reader.last_ns() / 2;
    let mut text = 0;
    for entry in reader.events().range(middle..u64::MAX).filter_map(Result::ok) {
        text += serde_json::to_string(&entry.event()).unwrap().len();
    }
    std::hint::black_box(text);
    let mut follow = reader.follow();
    for _ in 0..100 {
        if follow.poll().is_none() {
            break;
        }
    }
    if thorough {
        repair(path);
    }
}

/// What comes out of a repair has nothing wrong with it.
fn repair(path: &Path) {
    let target = path.with_extension("repaired");
    let made = rewrite::repair(path, &std::fs::File::create(&target).unwrap());
    if made.is_ok() {
        let reader = Reader::open(&target).unwrap();
        let found = reader.verify_on(1).problems;
        assert_eq!(found, [], "a repaired log is clean");
    }
    // Packing a damaged log must not fall over either.
    let _ = rewrite::pack(path, &std::fs::File::create(&target).unwrap());
}

/// What a log with changed bytes gives that it must not.
fn accepted(part: &Contents, whole: &Contents) -> Option<&'static str> {
    // With a damaged state page the reader does not know that the log was closed: blocks may then be unsealed.
    let without_checksum = |problem: &Problem| {
        matches!(problem.kind, ProblemKind::Truncated { .. } | ProblemKind::Unsealed | ProblemKind::HotPage)
    };
    if !part.is_verified_part_of(whole) {
        Some("a wrong record that a checksum vouches for")
    } else if part.problems.is_empty() && part != whole {
        Some("records lost or unverified, and nothing said")
    } else if part.has_unverified() && !part.problems.iter().any(without_checksum) {
        Some("unverified records, and no problem that tells why")
    } else {
        None
    }
}

/// Where the file was changed, what the reader said of it, and the records that the log never had.
fn difference(base: &Base, raw: &[u8], part: &Contents) -> String {
    let mut lines = vec![format!("    {} bytes instead of {}", raw.len(), base.raw.len())];
    let changed = (0..raw.len().min(base.raw.len())).filter(|at| raw[*at] != base.raw[*at]);
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for at in changed {
        match ranges.last_mut() {
            Some((_, end)) if at <= *end + 8 => *end = at + 1,
            _ => ranges.push((at, at + 1)),
        }
    }
    for (from, to) in ranges.into_iter().take(SHOWN) {
        let (block, inside, shown) = (from / BLOCK, from % BLOCK, to.min(from + 32));
        lines.push(format!(
            "    bytes {from}..{to} (block {block} + {inside}): {:02x?} were {:02x?}",
            &raw[from..shown],
            &base.raw[from..shown]
        ));
    }
    lines.extend(part.problems.iter().take(SHOWN).map(|problem| format!("    said: {problem}")));
    for (key, mine) in &part.records {
        let all = base.whole.records.get(key).map_or(&[][..], Vec::as_slice);
        let verified = part.verified.get(key).map_or(&[][..], Vec::as_slice);
        let foreign = mine.iter().filter(|record| !all.contains(record));
        let trusted = foreign.clone().filter(|record| verified.contains(record)).count();
        if mine.len() != all.len() || foreign.clone().count() > 0 {
            lines.push(format!(
                "    stream {} class {}: {} records of {}, {} called verified, {} never written, {trusted} of them called verified",
                key.0,
                key.1,
                mine.len(),
                all.len(),
                verified.len(),
                foreign.count()
            ));
        }
    }
    lines.join("\n")
}

pub fn run(setting: &Setting, report: &mut Report) {
    let bases = bases(&setting.folder);
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let start = Instant::now();
    let [rounds, opened, labelled, slow] = [const { AtomicU64::new(0) }; 4];
    let wrong = Mutex::new(Vec::<String>::new());
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (bases, rounds, opened, slow) = (&bases, &rounds, &opened, &slow);
            let (wrong, labelled) = (&wrong, &labelled);
            let path: PathBuf = setting.folder.join(format!("mutant{thread}.jlog"));
            scope.spawn(move || {
                for round in (thread..).step_by(threads as usize) {
                    let over = if setting.quick { round >= QUICK_ROUNDS } else { start.elapsed() >= FULL };
                    if over {
                        break;
                    }
                    let mut seeded = Seeded(0x9E37_79B9_7F4A_7C15 ^ (round + 1).wrapping_mul(0xD134_2543_DE82_EF95));
                    let base = &bases[seeded.below(bases.len() as u64) as usize];
                    let resealed = base.name != "packed" && seeded.below(2) == 0;
                    let mut raw = base.raw.clone();
                    mutate(&mut raw, &base.used, &mut seeded);
                    if resealed {
                        reseal(&mut raw);
                    }
                    std::fs::write(&path, &raw).unwrap();
                    let begun = Instant::now();
                    rounds.fetch_add(1, Ordering::Relaxed);
                    if let Ok(reader) = Reader::open(&path) {
                        opened.fetch_add(1, Ordering::Relaxed);
                        let part = contents(&reader);
                        if base.covered && !resealed {
                            if let Some(what) = accepted(&part, &base.whole) {
                                let told =
                                    format!("round {round}, {}: {what}\n{}", base.name, difference(base, &raw, &part));
                                wrong.lock().unwrap().push(told);
                            }
                            labelled.fetch_add(u64::from(!part.is_part_of(&base.whole)), Ordering::Relaxed);
                        }
                        read_in_all_ways(&path, &reader, round % 16 < 2);
                    }
                    slow.fetch_add(u64::from(begun.elapsed() > SLOW), Ordering::Relaxed);
                }
            });
        }
    });
    let [rounds, opened, labelled, slow] = [rounds, opened, labelled, slow].map(AtomicU64::into_inner);
    let wrong = wrong.into_inner().unwrap();
    let seconds = start.elapsed().as_secs_f64();
    report.time("mutating for", format!("{seconds:.0} s"), ">= 600 s", seconds >= FULL.as_secs_f64());
    report.note("mutated logs", rounds.to_string());
    report.note("of those, opened and read in every way", opened.to_string());
    report.fact("panics", "0".into(), "0", true);
    report.fact("wrong values accepted, or records lost unsaid", wrong.len().to_string(), "0", wrong.is_empty());
    // Each with its seed and all there is to know: a case that is not explained is a bug.
    wrong.iter().for_each(|told| println!("{told}"));
    report.note("noise before a cut in its block, given as unverified", labelled.to_string());
    report.fact("readings that took over 10 s", slow.to_string(), "0", slow == 0);
}
