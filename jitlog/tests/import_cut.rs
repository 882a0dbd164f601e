//! Logs of other VMs cut off at any byte, and mixed with what the program prints: what precedes the cut is there, and the
//! place of the damage is named.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jitlog::import::{Format, Options, Report, import};
use jitlog::*;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/foreign").join(name)).unwrap()
}

/// A folder in memory: thousands of logs are made in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    fn out(&self) -> PathBuf {
        self.0.path().join("out.jlog")
    }

    fn import(&self, format: Format, raw: &[u8]) -> Report {
        let from = self.0.path().join("in");
        std::fs::write(&from, raw).unwrap();
        import(Some(format), &[from], &self.out(), &Options::default()).unwrap()
    }

    /// How many events of each kind there are, and what the counters come to.
    fn held(&self) -> BTreeMap<String, u64> {
        let reader = Reader::open(self.out()).unwrap();
        let mut held = BTreeMap::new();
        for entry in reader.events().types(Types::all()) {
            let name = spec_of(entry.unwrap().event_type).map_or("", |spec| spec.name);
            *held.entry(name.to_string()).or_default() += 1;
        }
        for total in reader.counters() {
            *held.entry(format!("{:?}", total.definition.kind)).or_default() += total.value;
        }
        held
    }
}

/// An event of the log, and what makes a whole line of the text one of it.
type Fact = (&'static str, fn(&str) -> bool);

const VERBOSE: &[Fact] = &[
    ("code_install", |line| line.starts_with("[TRACE ") && !line.starts_with("[TRACE --- ")),
    ("trace_abort", |line| line.starts_with("[TRACE --- ")),
];
const DUMP: &[Fact] =
    &[("code_install", |line| line.contains(" stop -> ")), ("trace_abort", |line| line.contains(" abort "))];
const EVENTS: &[Fact] = &[
    ("code_install", |line| line.contains("\"ev\":\"stop\"")),
    ("CounterKind(guard_fail)", |line| line.contains("\"ev\":\"exit\"")),
];
const TRACES: &[Fact] = &[
    ("bailout", |line| line.starts_with("[bailout (kind")),
    ("compile_end", |line| line.starts_with("[completed compiling")),
];
const V8: &[Fact] = &[
    ("bailout", |line| line.starts_with("code-deopt,")),
    ("CounterKind(ic_miss)", |line| line.split(',').next().is_some_and(|name| name.ends_with("IC"))),
    ("sample", |line| line.starts_with("tick,")),
];
const XML: &[Fact] = &[
    ("bailout", |line| line.starts_with("<uncommon_trap thread=") || line.starts_with("<deoptimized ")),
    ("compile_start", |line| line.starts_with("<task compile_id")),
];
const PYPY: &[Fact] = &[("gc_end", |line| line.ends_with("] gc-minor}") || line.ends_with("] gc-collect-step}"))];

/// Every line is read up to the cut, and of the line that is cut the place is said.
fn cut_at(folder: &Folder, name: &str, format: Format, facts: &[Fact], raw: &[u8], cut: usize) {
    let part = &raw[..cut];
    let report = folder.import(format, part);
    let last_start = part.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let whole = String::from_utf8_lossy(&part[..last_start]).into_owned();
    assert_eq!(report.bytes, cut as u64, "{name} cut at {cut}");
    assert!(
        report.unread.iter().all(|unread| unread.kind == UnreadKind::Cut),
        "{name} cut at {cut}: {:?}",
        report.unread
    );
    if last_start < cut {
        let place = (whole.lines().count() as u64 + 1, last_start as u64);
        let named = report.unread.iter().any(|unread| (unread.line, unread.byte) == place);
        assert!(named, "{name} cut at {cut}: {:?} instead of {place:?}", report.unread);
    }
    let held = folder.held();
    for (event, is_one) in facts {
        let before = whole.lines().filter(|line| is_one(line)).count() as u64;
        let found = held.get(*event).copied().unwrap_or(0);
        // The line that is cut may lack its end alone.
        assert!(
            (before..=before + u64::from(last_start < cut)).contains(&found),
            "{name} cut at {cut}: {found} of {before} {event}"
        );
    }
}

#[test]
fn a_small_log_cut_at_every_byte_keeps_what_precedes() {
    for (name, format, facts) in [("aborts.jv", Format::Luajit, VERBOSE), ("polymorphic.v8.txt", Format::V8, TRACES)] {
        let raw = fixture(name);
        cut_at_each(name, format, facts, &raw, &(0..=raw.len()).collect::<Vec<usize>>());
    }
    cut_at_lines("polymorphic.ljevents", Format::Luajit, EVENTS, &fixture("polymorphic.ljevents"), 3);
    cut_at_lines("polymorphic.hotspot.txt", Format::Hotspot, &[], &fixture("polymorphic.hotspot.txt"), 3);
}

/// An import waits for the log's helper thread more than it works, so several run at once.
fn cut_at_each(name: &str, format: Format, facts: &[Fact], raw: &[u8], cuts: &[usize]) {
    std::thread::scope(|scope| {
        for part in cuts.chunks(cuts.len().div_ceil(8)) {
            scope.spawn(move || {
                let folder = Folder::new();
                for cut in part {
                    cut_at(&folder, name, format, facts, raw, *cut);
                }
            });
        }
    });
}

/// At the end of every line, where nothing is cut that could be told, and at every so manieth byte.
fn cut_at_lines(name: &str, format: Format, facts: &[Fact], raw: &[u8], step: usize) {
    let ends = raw.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let mut cuts: Vec<usize> = ends.chain((0..raw.len()).step_by(step)).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cut_at_each(name, format, facts, raw, &cuts);
}

#[test]
fn a_dump_of_luajit_is_cut() {
    cut_at_lines("aborts.jdump", Format::Luajit, DUMP, &fixture("aborts.jdump"), 97);
}

#[test]
fn a_pypylog_is_cut() {
    cut_at_lines("polymorphic.pypylog", Format::Pypylog, PYPY, &fixture("polymorphic.pypylog"), 97);
}

#[test]
fn texts_of_hotspot_are_cut() {
    cut_at_lines("polymorphic.xlog.txt", Format::Hotspot, &[], &fixture("polymorphic.xlog.txt"), 97);
    cut_at_lines("polymorphic.hotspot.xml", Format::Hotspot, XML, &fixture("polymorphic.hotspot.xml"), 97);
}

/// A megabyte, so its interesting end alone: the lines about the first deoptimisations.
#[test]
fn a_log_of_v8_is_cut() {
    let raw = fixture("polymorphic.v8.log");
    let first = raw.windows(11).position(|bytes| bytes == b"code-deopt,").unwrap();
    let from = raw[..first - 30_000].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let head = raw.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let end = (first + 10_000).min(raw.len());
    cut_at_lines("polymorphic.v8.log", Format::V8, V8, &[&raw[..head], &raw[from..end]].concat(), 97);
}

#[test]
fn a_binary_log_is_cut_at_every_97th_byte() {
    let folder = Folder::new();
    let raw = fixture("polymorphic.jitlog");
    let mut traces = 0;
    for cut in (1..raw.len()).step_by(97).chain(raw.len() - 40..raw.len()) {
        let report = folder.import(Format::PypyJitlog, &raw[..cut]);
        assert_eq!(report.bytes, cut as u64);
        // Between two records nothing tells of the cut.
        for unread in &report.unread {
            assert!(unread.kind == UnreadKind::Cut && unread.byte < cut as u64, "cut at {cut}: {unread}");
        }
        let found = folder.held().get("trace_start").copied().unwrap_or(0);
        assert!(found >= traces, "cut at {cut}: a trace that was there is gone");
        traces = found;
    }
    assert_eq!(traces, 2);
}

/// The times an import came to, in seconds.
fn times(folder: &Folder) -> Vec<f64> {
    let reader = Reader::open(folder.out()).unwrap();
    let mut marks = Vec::new();
    for entry in reader.events().types(Types::all()) {
        let entry = entry.unwrap();
        if spec_of(entry.event_type).is_some_and(|spec| spec.name == "mark") {
            marks.push(entry.t_ns);
        }
    }
    marks.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e9).collect()
}

#[test]
fn times_cut_at_every_byte_are_those_before() {
    let folder = Folder::new();
    for name in ["times.csv", "times.pyperf.json", "times.hyperfine.json", "times.jmh.json"] {
        let raw = fixture(name);
        assert_eq!(folder.import(Format::Iterations, &raw).unread, []);
        let all = times(&folder);
        let end = raw.trim_ascii_end().len();
        let mut most = 0;
        for cut in 0..end {
            let report = folder.import(Format::Iterations, &raw[..cut]);
            let found = times(&folder);
            // A number that lacks digits is not told from a whole one at the end of a CSV: that is noted.
            let sure = if report.notes.is_empty() { found.len() } else { found.len() - 1 };
            assert!(sure <= all.len(), "{name} cut at {cut}: {found:?}");
            assert_eq!(found[..sure], all[..sure], "{name} cut at {cut}");
            let between_lines = cut == 0 || raw[cut - 1] == b'\n';
            let told = !report.notes.is_empty()
                || report.unread.iter().any(|unread| unread.byte <= cut as u64 && unread.line > 0);
            assert!(told || name == "times.csv" && between_lines, "{name} cut at {cut}: {:?}", report.unread);
            assert!(sure >= most, "{name} cut at {cut}: a time is gone");
            most = sure;
        }
        assert!(most + 1 >= all.len(), "{name}: {most} of {}", all.len());
    }
}

/// Threads of the VM write by turns, also between the lines of one deoptimisation.
#[test]
fn writers_of_a_hotspot_log_are_untangled() {
    let trap = |thread: u32, id: u32, reason: &str| {
        format!(
            "<uncommon_trap thread='{thread}' reason='{reason}' action='none' compile_id='{id}' compiler='c2' level='4' stamp='0.05{id}'>\n"
        )
    };
    let frame = |method: &str, bci: u32| format!("<jvms bci='{bci}' method='{method}' bytes='37' count='1'/>\n");
    let writer = |thread: u32| format!("<writer thread='{thread}'/>\n");
    let queued = |id: u32, method: &str| {
        format!(
            "<task_queued compile_id='{id}' method='{method}' bytes='9' count='1' stamp='0.01' comment='tiered'/>\n"
        )
    };
    let text = [
        "<?xml version='1.0' encoding='UTF-8'?>\n<hotspot_log version='160 1' process='1' time_ms='1'>\n<tty>\n"
            .to_string(),
        queued(1, "A one ()V"),
        queued(2, "B two ()V"),
        writer(11),
        trap(11, 1, "class_check"),
        writer(22),
        trap(22, 2, "unstable_if"),
        writer(11),
        frame("A one ()V", 7),
        writer(22),
        frame("B two ()V", 9),
        "</uncommon_trap>\n".to_string(),
        writer(11),
        "</uncommon_trap>\n</tty>\n<hotspot_log_done stamp='0.1'/>\n</hotspot_log>\n".to_string(),
    ]
    .concat();
    let folder = Folder::new();
    assert_eq!(folder.import(Format::Hotspot, text.as_bytes()).unread, []);
    let reader = Reader::open(folder.out()).unwrap();
    let mut found = Vec::new();
    for entry in reader.events().types(Types::all()) {
        if let Event::Bailout(bailout) = entry.unwrap().event() {
            let place = reader.defs().describe_loc(bailout.loc_id).unwrap();
            found.push((reader.defs().reason(ReasonDomain::Exit, bailout.reason.0).unwrap().name.to_string(), place));
        }
    }
    found.sort();
    let words: Vec<(&str, bool, bool)> = found
        .iter()
        .map(|(reason, place)| (reason.as_str(), place.contains("A::one"), place.contains("B::two")))
        .collect();
    assert_eq!(words, [("class_check", true, false), ("unstable_if", false, true)], "{found:?}");
}

/// What the program printed without an end of line stands before the VM's own line.
#[test]
fn lines_behind_a_program_s_output_are_found() {
    let folder = Folder::new();
    for (name, format) in [("polymorphic.v8.txt", Format::V8), ("polymorphic.hotspot.txt", Format::Hotspot)] {
        let raw = String::from_utf8(fixture(name)).unwrap();
        assert_eq!(folder.import(format, raw.as_bytes()).unread, []);
        let alone = folder.held();
        let before: String = raw.lines().map(|line| format!("a line [of 3] the program\n{line}\n\n")).collect();
        assert_eq!(folder.import(format, before.as_bytes()).unread, [], "{name}");
        assert_eq!(folder.held(), alone, "{name}, whole lines between");
        // Each third line of it begins with what the program printed; what was inlined must not be taken for compiled.
        let is_vm = |line: &str| {
            if format == Format::V8 {
                line.starts_with('[')
            } else {
                !line.trim_start().starts_with(['@', '\\', '!', 's'])
            }
        };
        let mut number = 0;
        let mixed: String = raw
            .lines()
            .map(|line| {
                number += 1;
                if number > 3 && number % 3 == 0 && is_vm(line) {
                    format!("{number} done... {line}\n")
                } else {
                    format!("{line}\n")
                }
            })
            .collect();
        assert_eq!(folder.import(format, mixed.as_bytes()).unread, [], "{name}");
        assert_eq!(folder.held(), alone, "{name}, within the line");
    }
}

/// The program printed in the middle of a line of the VM's: that line is lost, and said to be.
#[test]
fn lines_torn_by_a_program_s_output_are_named() {
    let folder = Folder::new();
    for (name, format, what) in [
        ("polymorphic.v8.txt", Format::V8, "[bailout (kind"),
        ("polymorphic.v8.txt", Format::V8, "[completed optimizing"),
        ("polymorphic.hotspot.txt", Format::Hotspot, "Polymorphic::total"),
    ] {
        let raw = String::from_utf8(fixture(name)).unwrap();
        let at = raw.find(what).unwrap();
        let (number, at) = match format {
            Format::V8 => {
                (raw[..at].lines().count() as u64 + 1, at + what.len() + raw[at + what.len()..].find("sfi").unwrap())
            }
            _ => (raw[..at].lines().count() as u64, at),
        };
        let torn = format!("{}42 and\nmore\n{}", &raw[..at], &raw[at..]);
        let report = folder.import(format, torn.as_bytes());
        let places: Vec<(u64, UnreadKind)> = report.unread.iter().map(|unread| (unread.line, unread.kind)).collect();
        let after = if format == Format::V8 { number } else { number + 2 };
        assert_eq!(places, [(after, UnreadKind::Damaged)], "{what}: {:?}", report.unread);
    }
}

/// HotSpot prints the time by itself: a line of the program's may stand between that and the rest.
#[test]
fn a_compilation_parted_from_its_time_is_found() {
    let folder = Folder::new();
    let raw = String::from_utf8(fixture("polymorphic.hotspot.txt")).unwrap();
    assert_eq!(folder.import(Format::Hotspot, raw.as_bytes()).unread, []);
    let alone = folder.held();
    let mut parted = 0;
    let mixed: String = raw
        .lines()
        .enumerate()
        .map(|(at, line)| {
            let digits = line.trim_start().bytes().take_while(u8::is_ascii_digit).count();
            let after = line.len() - line.trim_start().len() + digits;
            // The first line tells what log it is.
            if at < 3 || digits == 0 || at % 3 != 0 {
                return format!("{line}\n");
            }
            parted += 1;
            format!("{} 13000000\n{}\n", &line[..after], &line[after..])
        })
        .collect();
    assert!(parted > 5, "{parted}");
    assert_eq!(folder.import(Format::Hotspot, mixed.as_bytes()).unread, []);
    assert_eq!(folder.held(), alone);
}
