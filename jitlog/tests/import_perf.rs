//! Linux perf joined to a log: a kept recording of 36 samples and the log of its run, whole, cut, damaged, misplaced.
//!
//! Made by `perf record -k mono -e cpu-clock/freq=250/,page-faults/period=400/ -g -- jitvm --sample 0 --perf-map --log
//! perf.jlog perf.py` and `perf script --ns -F comm,pid,tid,time,period,event,ip,sym,dso`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use jitlog::import::{Format, ImportError, Options, Report, import, recognise};
use jitlog::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/foreign").join(name)
}

fn text() -> String {
    // What now lies where the recorded program lay is no business of these tests.
    std::fs::read_to_string(fixture("perf.txt")).unwrap().replace("/work/main/", "/nowhere/")
}

/// Time, stream and sample.
type Taken = (u64, StreamId, Sample);

/// The kept log joined to a text, with the samples of the new one.
fn joined(text: &str) -> Result<(Report, Reader, Vec<Taken>), ImportError> {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("perf.txt"), directory.path().join("out.jlog"));
    std::fs::write(&from, text).unwrap();
    let report = import(Some(Format::Perf), &[from, fixture("perf.jlogz")], &to, &Options::default())?;
    let reader = Reader::open(&to).unwrap();
    assert_eq!(reader.verify().problems, []);
    let samples = samples(&reader);
    Ok((report, reader, samples))
}

fn samples(reader: &Reader) -> Vec<Taken> {
    let mut samples = Vec::new();
    for entry in reader.events().types(Types::of(&[Sample::TYPE])) {
        let entry = entry.unwrap();
        if let Event::Sample(sample) = entry.event() {
            samples.push((entry.t_ns, entry.stream, sample));
        }
    }
    samples
}

fn refused(text: &str) -> String {
    joined(text).map(|_| ()).unwrap_err().to_string()
}

/// Names of the frames of a stack, outermost first.
fn frames(reader: &Reader, mut stack: StackId) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(frame) = reader.defs().stack(stack) {
        let func = reader.defs().loc(frame.loc_id).and_then(|loc| reader.defs().func(loc.func_id));
        names.push(func.map_or("?".into(), |func| func.name.to_string()));
        stack = frame.parent_stack;
    }
    names.reverse();
    names
}

/// What the text says of its samples, read in another way: time in nanoseconds, event, innermost address and symbol.
fn told(text: &str) -> Vec<(u64, String, u64, String)> {
    let mut told = Vec::new();
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        let mut lines = paragraph.lines();
        let head: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
        let inner: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
        let t_ns = head[2].trim_end_matches(':').replace('.', "").parse().unwrap();
        let event = head[4].trim_end_matches(':').to_string();
        told.push((t_ns, event, u64::from_str_radix(inner[0], 16).unwrap(), inner[1].to_string()));
    }
    told
}

#[test]
fn a_log_keeps_all_it_had_and_gets_the_samples() {
    let old = Reader::open(fixture("perf.jlogz")).unwrap();
    let (report, new, samples) = joined(&text()).unwrap();
    assert_eq!(report.unread, []);
    assert_eq!(report.events, 36);
    assert_eq!(report.bytes, text().len() as u64);
    let without_samples = Types::all().without(Sample::TYPE);
    let all = |reader: &Reader| {
        let entries = reader.events().types(without_samples).map(|entry| entry.unwrap());
        let lines: Vec<String> = entries.map(|entry| format!("{} {:?}", entry.t_ns, entry.event())).collect();
        lines
    };
    let (before, after) = (all(&old), all(&new));
    assert_eq!(
        before.len(),
        after.iter().filter(|line| before.binary_search(line).is_ok() || before.contains(line)).count()
    );
    assert_eq!(old.counters().len(), new.counters().len());
    assert_eq!(old.header().run_id, new.header().run_id);

    // Each sample where and when the text says, in the code the log installed there.
    let told = told(&text());
    assert_eq!((told.len(), samples.len()), (36, 36));
    let start = new.time().start_mono_ns();
    let mut installed = BTreeMap::new();
    for entry in new.events().types(Types::of(&[CodeInstall::TYPE])) {
        if let Event::CodeInstall(code) = entry.unwrap().event() {
            installed.insert(code.trace_id, (code.addr.0, code.addr.0 + u64::from(code.bytes)));
        }
    }
    let mut in_trace = 0;
    for ((at, event, addr, symbol), (t_ns, stream, sample)) in told.iter().zip(&samples) {
        assert!(at.saturating_sub(start).abs_diff(*t_ns) <= 100, "{at} {t_ns}");
        let name = new.defs().stream(*stream).unwrap().name.to_string();
        assert_eq!(name, format!("perf {event} jitvm"));
        let names = frames(&new, sample.stack_id);
        let leaf = names.last().unwrap();
        if sample.state == SampleState::Trace {
            in_trace += 1;
            let (first, end) = installed[&sample.trace_id];
            assert_eq!(first + u64::from(sample.code_off), *addr);
            assert!(*addr < end);
            // perf's own name of it, from the perf map, and the place of the code map agree on the function.
            assert_eq!(symbol.split(':').nth(2), Some(leaf.as_str()), "{symbol}");
            let line = new.defs().loc(sample.loc_id).unwrap().line;
            assert!((1..=14).contains(&line), "{line}");
        } else if !symbol.starts_with("py::") {
            assert!(leaf.starts_with(symbol.as_str()), "{leaf} {symbol}");
        }
        let is_clock = event.starts_with("cpu-clock");
        assert!(if is_clock {
            sample.weight_ns == 4_000_000 || sample.trace_id.is_none()
        } else {
            sample.weight_ns == 0
        });
    }
    let named = told.iter().filter(|(_, _, _, symbol)| symbol.starts_with("py::")).count();
    assert!(in_trace == named && named > 5, "{in_trace} {named}");
}

#[test]
fn the_files_in_either_order_and_their_kind_from_the_content() {
    assert_eq!(recognise(&fixture("perf.txt")).unwrap(), Some(Format::Perf));
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("out.jlog");
    import(None, &[fixture("perf.jlogz"), fixture("perf.txt")], &to, &Options::default()).unwrap();
    assert_eq!(samples(&Reader::open(&to).unwrap()).len(), 36);
    // A log that samples were added to takes more.
    let again = directory.path().join("again.jlog");
    import(None, &[fixture("perf.txt"), to], &again, &Options::default()).unwrap();
    let reader = Reader::open(&again).unwrap();
    assert_eq!(reader.verify().problems, []);
    assert_eq!(samples(&reader).len(), 72);
    for files in [vec![fixture("perf.txt")], vec![fixture("perf.jlogz")]] {
        let error = import(Some(Format::Perf), &files, &again, &Options::default()).unwrap_err().to_string();
        assert!(error.contains("PERF.txt RUN.jlog"), "{error}");
    }
}

#[test]
fn cut_anywhere_the_whole_samples_before_are_there() {
    let text = text();
    for end in (0..text.len()).step_by(1009) {
        let part = &text[..text.floor_char_boundary(end)];
        let whole = part.matches("\n\n").count();
        match joined(part) {
            Ok((report, _, samples)) => {
                assert_eq!(samples.len(), whole, "cut at {end}");
                let is_cut = !part.ends_with("\n\n");
                assert_eq!(report.unread_count, u64::from(is_cut), "cut at {end}");
                if is_cut {
                    assert_eq!(report.unread[0].kind, UnreadKind::Cut);
                }
            }
            Err(error) => assert!(whole == 0, "cut at {end}: {error}"),
        }
    }
}

#[test]
fn damaged_lines_are_counted_with_their_place() {
    let text = text();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1] = "\tzz no address (nowhere)";
    lines.insert(0, "what is this");
    let (report, _, samples) = joined(&(lines.join("\n") + "\n\n")).unwrap();
    assert_eq!(samples.len(), 36);
    let found: Vec<(u64, UnreadKind)> = report.unread.iter().map(|unread| (unread.line, unread.kind)).collect();
    assert_eq!(found, [(1, UnreadKind::Unknown), (3, UnreadKind::Unknown)]);
    // A damaged first line: its frames belong to nobody.
    let broken = text.replacen("jitvm", "", 1).replacen(" cpu-clock", " ", 1);
    let (report, reader, samples) = joined(&broken).unwrap();
    assert_eq!(samples.len(), 35);
    assert!(report.unread_count > 1);
    let unread = reader.events().types(Types::of(&[UnreadDef::TYPE])).count();
    assert_eq!(unread as u64, report.unread_count.min(100));
}

#[test]
fn clocks_and_processes_that_do_not_match_are_refused() {
    let text = text();
    let times: Vec<String> = told(&text).iter().map(|(t_ns, ..)| format!("{}.", t_ns / 1_000_000_000)).collect();
    let shifted = times.iter().fold(text.clone(), |text, time| text.replace(&format!(" {time}"), " 17."));
    let error = refused(&shifted);
    assert!(error.contains("the clocks do not match") && error.contains("-k mono"), "{error}");
    let error = refused(&format!("# cmdline : perf record -g\n{text}"));
    assert!(error.contains("perf's own clock"), "{error}");
    let error = refused(&format!("# clockid: boottime (7)\n{text}"));
    assert!(error.contains("not CLOCK_MONOTONIC"), "{error}");
    assert!(joined(&format!("# cmdline : perf record -k mono\n# clockid: monotonic (1)\n{text}")).is_ok());
    let pid = Reader::open(fixture("perf.jlogz")).unwrap().header().pid;
    let error = refused(&text.replace(&format!(" {pid}/"), " 1/"));
    assert!(error.contains(&format!("no sample of process {pid}")), "{error}");
}

#[test]
fn perf_data_without_perf_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("perf.data");
    std::fs::write(&data, b"PERFILE2 and nothing more").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_jitlog"))
        .args(["import", "perf"])
        .args([&data, &fixture("perf.jlogz")])
        .args([Path::new("-o"), &directory.path().join("out.jlog")])
        .env("PATH", directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("perf.data") && said.contains("perf script --ns -F comm,pid,tid"), "{said}");
    assert!(!directory.path().join("out.jlog").exists());
}

/// A program with an inlined function, and the offset in it of the marked place inside.
#[cfg(feature = "symbols")]
fn native_program(directory: &Path) -> (PathBuf, u64) {
    use object::{Object, ObjectSegment, ObjectSymbol};

    let (source, program) = (directory.join("native.c"), directory.join("native"));
    let text = "static inline __attribute__((always_inline)) int inner(int x) {\n\
                    __asm__ volatile(\".globl marked\\nmarked: nop\");\n    return x * 3;\n}\n\
                __attribute__((noinline)) int outer(int x) {\n    return inner(x) + 1;\n}\n\
                int main(int n, char **v) { (void)v; return outer(n); }\n";
    std::fs::write(&source, text).unwrap();
    let made = Command::new("cc").args(["-g", "-O1", "-o"]).args([&program, &source]).status().unwrap();
    assert!(made.success());
    let bytes = std::fs::read(&program).unwrap();
    let object = object::File::parse(&*bytes).unwrap();
    let address = object.symbols().find(|symbol| symbol.name() == Ok("marked")).unwrap().address();
    let holds = |s: &object::Segment<'_, '_>| (s.address()..s.address() + s.size()).contains(&address);
    let segment = object.segments().find(holds).unwrap();
    (program, address - segment.address() + segment.file_range().0)
}

#[cfg(feature = "symbols")]
#[test]
fn native_frames_have_lines_and_what_is_inlined_in_them() {
    let directory = tempfile::tempdir().unwrap();
    let (program, offset) = native_program(directory.path());
    let head = text().lines().next().unwrap().to_string();
    let frame = |symbol: &str, dso: &Path| format!("{head}\n\t{offset:x} {symbol} ({})\n\n", dso.display());
    let places = |text: &str| {
        let (report, reader, samples) = joined(text).unwrap();
        let (_, _, sample) = &samples[0];
        let leaf = reader.defs().loc(sample.loc_id).unwrap();
        let source = reader.defs().func(leaf.func_id).and_then(|func| reader.defs().source(func.source_id)).unwrap();
        (frames(&reader, sample.stack_id), leaf.line, source.path.to_string(), report.notes)
    };
    let (names, line, source, notes) = places(&frame("outer", &program));
    assert_eq!((names, line), (vec!["outer".to_string(), "inner".to_string()], 2));
    assert!(source.ends_with("native.c"), "{source}");
    assert!(!notes.iter().any(|note| note.contains("native")), "{notes:?}");
    // Another program than the recorded one: its lines would be wrong.
    let (names, line, source, _) = places(&frame("different", &program));
    assert_eq!((names, line, source), (vec!["different".to_string()], 0, program.display().to_string()));
    assert!(Command::new("strip").arg(&program).status().unwrap().success());
    let (names, _, _, notes) = places(&frame("outer", &program));
    assert_eq!(names, ["outer"]);
    assert!(notes.iter().any(|note| note.contains("native") && note.contains("stripped")), "{notes:?}");
}
