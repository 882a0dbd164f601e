//! Logs of other VMs, kept ones and ones made now where the VM is installed, checked against facts counted another way.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use jitlog::import::{Format, Options, Report, import, recognise};
use jitlog::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/foreign").join(name)
}

/// What an import came to, as far as the tests look.
struct Imported {
    report: Report,
    reader: Reader,
    _directory: tempfile::TempDir,
}

fn imported(path: &Path) -> Imported {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("out.jlog");
    let report = import(None, &[path.to_path_buf()], &to, &Options::default()).unwrap();
    let reader = Reader::open(&to).unwrap();
    assert_eq!(reader.verify().problems, []);
    Imported { report, reader, _directory: directory }
}

impl Imported {
    /// Everything was understood, and every byte was read.
    fn whole(path: &Path) -> Imported {
        let imported = imported(path);
        let unread: Vec<String> = imported.report.unread.iter().map(|unread| unread.to_string()).collect();
        assert_eq!(unread, Vec::<String>::new());
        assert_eq!(imported.report.bytes, path.metadata().unwrap().len());
        imported
    }

    fn count(&self, name: &str) -> usize {
        self.events(name).len()
    }

    /// Records of one kind as JSON.
    fn events(&self, name: &str) -> Vec<serde_json::Value> {
        let mut found = Vec::new();
        for entry in self.reader.events().types(Types::all()) {
            let entry = entry.unwrap();
            if spec_of(entry.event_type).is_some_and(|spec| spec.name == name) {
                let mut value = serde_json::to_value(entry.event()).unwrap();
                value["t_ns"] = entry.t_ns.into();
                found.push(value);
            }
        }
        found
    }

    fn counters(&self, kind: CounterKind) -> BTreeMap<u64, u64> {
        let totals = self.reader.counters();
        let wanted = totals.iter().filter(|total| total.definition.kind == kind);
        wanted.map(|total| (total.definition.entity, total.value)).collect()
    }

    fn absent(&self, fact: Fact) -> Option<&str> {
        self.report.absent.iter().find(|(known, _)| *known == fact).map(|(_, switch)| switch.as_str())
    }

    /// Each bridge starts at a guard that is defined, of the trace it names.
    fn bridges_are_joined(&self) -> usize {
        let guards = self.events("guard");
        let guard = |id: &serde_json::Value| guards.iter().find(|guard| guard["guard_id"] == *id);
        let attached = self.events("bridge_attach");
        for attach in &attached {
            assert!(guard(&attach["guard_id"]).is_some(), "{attach}");
        }
        for start in self.events("trace_start").iter().filter(|start| start["kind"] == "bridge") {
            let from = guard(&start["parent_guard"]).unwrap_or_else(|| panic!("{start}"));
            assert_eq!(from["trace_id"], start["parent_trace"]);
        }
        attached.len()
    }
}

fn lines_with(path: &Path, what: &str) -> usize {
    let raw = std::fs::read(path).unwrap();
    String::from_utf8_lossy(&raw).lines().filter(|line| line.contains(what)).count()
}

#[test]
fn kinds_are_recognised_by_content() {
    for (name, format) in [
        ("polymorphic.pypylog", Format::Pypylog),
        ("polymorphic.jitlog", Format::PypyJitlog),
        ("polymorphic.ljevents", Format::Luajit),
        ("aborts.jv", Format::Luajit),
        ("aborts.jdump", Format::Luajit),
        ("aborts.ansi.jdump", Format::Luajit),
        ("polymorphic.jp", Format::Luajit),
        ("polymorphic.v8.log", Format::V8),
        ("polymorphic.v8.txt", Format::V8),
        ("polymorphic.hotspot.xml", Format::Hotspot),
        ("polymorphic.hotspot.txt", Format::Hotspot),
        ("polymorphic.xlog.txt", Format::Hotspot),
        ("times.csv", Format::Iterations),
        ("times.pyperf.json", Format::Iterations),
        ("times.hyperfine.json", Format::Iterations),
        ("times.jmh.json", Format::Iterations),
    ] {
        assert_eq!(recognise(&fixture(name)).unwrap(), Some(format), "{name}");
    }
    for name in ["polymorphic.py", "polymorphic.js", "polymorphic.lua", "Polymorphic.java", "make"] {
        assert_eq!(recognise(&fixture(name)).unwrap(), None, "{name}");
    }
}

fn pypylog_equals_its_own_counts(path: &Path) -> Imported {
    let log = Imported::whole(path);
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let summary = |name: &str| -> u64 {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().last().unwrap().rsplit(':').next().unwrap().parse().unwrap()
    };
    let starts = log.events("trace_start");
    let aborted: BTreeSet<String> =
        log.events("trace_abort").iter().map(|abort| abort["trace_id"].to_string()).collect();
    let of = |kind: &str| {
        starts.iter().filter(|start| start["kind"] == kind && !aborted.contains(&start["trace_id"].to_string())).count()
    };
    assert_eq!(of("loop") as u64, summary("Total # of loops:"));
    assert_eq!(of("bridge") as u64, summary("Total # of bridges:"));
    assert_eq!(log.bridges_are_joined(), text.matches("{jit-log-opt-bridge").count());
    let mut entries = 0_u64;
    for line in text.lines() {
        let count = || line.rsplit(':').next().unwrap().parse::<u64>().unwrap();
        entries += if line.starts_with("entry ") || line.starts_with("bridge 1") { count() } else { 0 };
    }
    assert_eq!(log.counters(CounterKind::TraceExec).values().sum::<u64>(), entries);
    assert_eq!(
        log.count("gc_end"),
        lines_with(path, "{gc-minor") - lines_with(path, "{gc-minor-walkroots") + lines_with(path, "{gc-collect-step")
    );
    log
}

#[test]
fn a_pypylog_agrees_with_its_own_summary() {
    let log = pypylog_equals_its_own_counts(&fixture("polymorphic.pypylog"));
    let guards = log.events("guard");
    assert!(guards.iter().all(|guard| guard["loc_id"] != 0), "every guard has a place");
    assert_eq!(log.counters(CounterKind::GuardFail).values().filter(|count| **count > 900_000).count(), 1);
    assert_eq!(log.absent(Fact::Samples), Some("vmprof"));
    assert!(log.absent(Fact::GuardFailures).is_none());
}

#[test]
fn a_jitlog_is_read_to_its_last_byte() {
    let log = Imported::whole(&fixture("polymorphic.jitlog"));
    assert_eq!((log.count("trace_start"), log.bridges_are_joined()), (2, 1));
    assert_eq!(log.count("ir"), 6, "three stages of two traces");
    assert_eq!(log.counters(CounterKind::GuardFail).values().filter(|count| **count > 900_000).count(), 1);
    assert!(log.absent(Fact::Times).unwrap().contains("PYPYLOG"));
}

#[test]
fn luajit_s_own_list_is_met() {
    let verbose = fixture("aborts.jv");
    let log = Imported::whole(&verbose);
    let aborts = lines_with(&verbose, "[TRACE --- ");
    let traces = lines_with(&verbose, "[TRACE ") - aborts;
    assert_eq!((log.count("code_install"), log.count("trace_abort")), (traces, aborts));
    assert_eq!(
        log.bridges_are_joined(),
        lines_with(&verbose, "] (") + lines_with(&verbose, "/") - lines_with(&verbose, "--- (")
    );
    let details: BTreeSet<String> = log.events("trace_abort").iter().map(|abort| abort["detail"].to_string()).collect();
    assert!(details.contains("\"FNEW\""), "{details:?}");
    for name in ["aborts.jdump", "aborts.ansi.jdump"] {
        let path = fixture(name);
        let dump = Imported::whole(&path);
        assert_eq!(dump.count("code_install"), lines_with(&path, " stop -> "), "{name}");
        assert_eq!(dump.count("trace_abort"), lines_with(&path, " abort "), "{name}");
        let raw = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let exits = raw.lines().filter(|line| line.starts_with("---- TRACE ") && line.contains(" exit ")).count();
        assert_eq!(dump.counters(CounterKind::GuardFail).values().sum::<u64>(), exits as u64, "{name}");
        assert_eq!(
            dump.bridges_are_joined(),
            dump.events("trace_start").iter().filter(|s| s["kind"] == "bridge").count() - aborted_bridges(&dump)
        );
        assert!(dump.count("ir") >= dump.count("code_install"));
    }
}

fn aborted_bridges(log: &Imported) -> usize {
    let aborted: BTreeSet<String> =
        log.events("trace_abort").iter().map(|abort| abort["trace_id"].to_string()).collect();
    let bridge =
        |start: &&serde_json::Value| start["kind"] == "bridge" && aborted.contains(&start["trace_id"].to_string());
    log.events("trace_start").iter().filter(bridge).count()
}

#[test]
fn luajit_s_events_have_times() {
    let path = fixture("polymorphic.ljevents");
    let log = Imported::whole(&path);
    assert_eq!(log.count("code_install"), lines_with(&path, "\"ev\":\"stop\""));
    assert_eq!(log.counters(CounterKind::GuardFail).values().sum::<u64>(), lines_with(&path, "\"ev\":\"exit\"") as u64);
    assert!(log.absent(Fact::Times).is_none());
    let profile = Imported::whole(&fixture("polymorphic.jp"));
    assert!(profile.count("sample") > 0);
}

fn v8_accounts_for_every_line(path: &Path) {
    let log = Imported::whole(path);
    let text = std::fs::read_to_string(path).unwrap();
    let fields = |name: &'static str| text.lines().filter(move |line| line.split(',').next() == Some(name));
    let compiled =
        fields("code-creation").filter(|line| line.ends_with(",*") || line.ends_with(",^") || line.ends_with(",+"));
    let regexps = fields("code-creation").filter(|line| line.starts_with("code-creation,RegExp"));
    assert_eq!(log.count("code_install"), compiled.count() + regexps.count());
    assert_eq!(log.count("bailout"), fields("code-deopt").count());
    let ics = text.lines().filter(|line| line.split(',').next().is_some_and(|name| name.ends_with("IC"))).count();
    assert_eq!(log.counters(CounterKind::IcMiss).values().sum::<u64>(), ics as u64);
    assert!(log.count("bailout") > 0 && ics > 0);
    assert_eq!(log.count("sample"), fields("tick").count());
}

#[test]
fn every_line_of_a_v8_log_is_accounted_for() {
    v8_accounts_for_every_line(&fixture("polymorphic.v8.log"));
    let path = fixture("polymorphic.v8.txt");
    let text = Imported::whole(&path);
    assert_eq!(text.count("bailout"), lines_with(&path, "[bailout (kind"));
    assert_eq!(text.count("compile_end"), lines_with(&path, "[completed compiling"));
    assert!(text.events("compile_end").iter().all(|end| end["compile_ns"].as_u64() > Some(0)));
}

fn hotspot_shows_every_deoptimisation(path: &Path) {
    let log = Imported::whole(path);
    let left = lines_with(path, "<uncommon_trap thread=") + lines_with(path, "<deoptimized ");
    let bailouts = log.events("bailout");
    assert_eq!(bailouts.len(), left);
    assert!(left > 0 && bailouts.iter().all(|bailout| bailout["reason"] != 0 && bailout["loc_id"] != 0));
    assert_eq!(log.count("code_install"), lines_with(path, "<nmethod "));
    assert_eq!(log.count("compile_start"), lines_with(path, "<task compile_id"));
}

#[test]
fn every_deoptimisation_of_a_hotspot_log_is_shown() {
    let path = fixture("polymorphic.hotspot.xml");
    hotspot_shows_every_deoptimisation(&path);
    let guards = Imported::whole(&path).events("guard");
    let expected = |guard: &serde_json::Value| guard["expected"].as_str().unwrap_or_default().to_string();
    assert!(guards.iter().any(|guard| expected(guard).contains("Polymorphic$Square")), "{guards:?}");
    for name in ["polymorphic.hotspot.txt", "polymorphic.xlog.txt"] {
        let log = Imported::whole(&fixture(name));
        assert!(log.count("code_install") > 10 && log.count("invalidate") > 0, "{name}");
        assert!(log.absent(Fact::Guards).unwrap().contains("LogCompilation"));
    }
}

#[test]
fn times_of_iterations_are_marks() {
    for (name, seconds) in [
        ("times.csv", vec![0.1205, 0.08025, 0.04, 0.0405]),
        ("times.pyperf.json", vec![0.25, 0.2, 0.1, 0.125, 0.25, 0.1, 0.1]),
        ("times.hyperfine.json", vec![0.21, 0.2, 0.19, 1.0, 1.01]),
        ("times.jmh.json", vec![0.012, 0.0125, 0.013, 0.0125, 0.0125, 0.0125, 0.01, 0.008]),
    ] {
        let log = Imported::whole(&fixture(name));
        let times: Vec<u64> = log.events("mark").iter().map(|mark| mark["t_ns"].as_u64().unwrap()).collect();
        let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e9).collect();
        assert_eq!(gaps.len(), seconds.len(), "{name}");
        assert!(gaps.iter().zip(&seconds).all(|(gap, second)| (gap - second).abs() < 1e-6), "{name}: {gaps:?}");
    }
}

/// A folder in memory: thousands of logs are made in it.
fn fast_directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Reads a damaged file; whatever it is, it ends in a log.
fn survives(directory: &Path, format: Format, raw: &[u8]) -> Report {
    let (from, to) = (directory.join("in"), directory.join("out.jlog"));
    std::fs::write(&from, raw).unwrap();
    let report = import(Some(format), &[from], &to, &Options::default()).unwrap();
    Reader::open(&to).unwrap();
    report
}

const DAMAGED: [(&str, Format); 12] = [
    ("polymorphic.pypylog", Format::Pypylog),
    ("polymorphic.jitlog", Format::PypyJitlog),
    ("polymorphic.ljevents", Format::Luajit),
    ("aborts.jv", Format::Luajit),
    ("aborts.jdump", Format::Luajit),
    ("aborts.ansi.jdump", Format::Luajit),
    ("polymorphic.v8.log", Format::V8),
    ("polymorphic.v8.txt", Format::V8),
    ("polymorphic.hotspot.xml", Format::Hotspot),
    ("polymorphic.hotspot.txt", Format::Hotspot),
    ("polymorphic.xlog.txt", Format::Hotspot),
    ("times.pyperf.json", Format::Iterations),
];

/// The part of a log with the most in it, short enough to cut at every byte.
fn excerpt(raw: &[u8], format: Format) -> Vec<u8> {
    const ROOM: usize = 400;
    let text = String::from_utf8_lossy(raw);
    let from = match format {
        Format::Pypylog => text.find("{jit-log-opt-bridge").map(|at| text[..at].rfind('\n').unwrap() + 1),
        Format::V8 => text.find("code-deopt,").map(|at| at.saturating_sub(ROOM / 2)),
        Format::Hotspot => text.find("<uncommon_trap thread").map(|at| at.saturating_sub(ROOM / 2)),
        _ => None,
    };
    raw.iter().skip(from.unwrap_or(0)).take(ROOM).copied().collect()
}

#[test]
fn a_log_cut_at_any_byte_is_read_up_to_there() {
    let directory = fast_directory();
    for (name, format) in DAMAGED {
        let raw = std::fs::read(fixture(name)).unwrap();
        let part = excerpt(&raw, format);
        for cut in 0..part.len() {
            survives(directory.path(), format, &part[..cut]);
        }
        // And the whole at some places.
        for cut in (0..10).map(|tenth| raw.len() * tenth / 10 + tenth) {
            survives(directory.path(), format, &raw[..cut.min(raw.len())]);
        }
    }
    let whole = std::fs::read(fixture("polymorphic.jitlog")).unwrap();
    let report = survives(directory.path(), Format::PypyJitlog, &whole[..whole.len() - 3]);
    assert_eq!(report.unread[0].kind, UnreadKind::Cut);
    let whole = std::fs::read(fixture("polymorphic.pypylog")).unwrap();
    let half = survives(directory.path(), Format::Pypylog, &whole[..whole.len() / 2]);
    assert!(half.unread.iter().any(|unread| unread.kind == UnreadKind::Cut), "{:?}", half.unread);
}

#[test]
fn flipped_bits_are_no_panic() {
    let directory = fast_directory();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for (name, format) in DAMAGED {
        let raw = std::fs::read(fixture(name)).unwrap();
        for round in 0..60 {
            let mut damaged =
                if round % 2 == 0 { excerpt(&raw, format) } else { raw.iter().take(40_000).copied().collect() };
            for _ in 0..1 + random(12) {
                let at = random(damaged.len());
                damaged[at] ^= 1 << random(8);
            }
            survives(directory.path(), format, &damaged);
        }
    }
}

#[test]
fn an_unknown_line_is_named_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let raw = std::fs::read_to_string(fixture("polymorphic.v8.log")).unwrap();
    let mut lines: Vec<&str> = raw.lines().collect();
    lines.insert(5, "code-wonder,1,2");
    lines.insert(7, "code-deopt,notatime,1");
    let report = survives(directory.path(), Format::V8, (lines.join("\n") + "\n").as_bytes());
    let found: Vec<(u64, UnreadKind)> = report.unread.iter().map(|unread| (unread.line, unread.kind)).collect();
    assert_eq!(found, [(6, UnreadKind::Unknown), (8, UnreadKind::Damaged)]);
    let reader = Reader::open(directory.path().join("out.jlog")).unwrap();
    let kept = reader
        .events()
        .types(Types::all())
        .filter(|entry| matches!(entry.as_ref().unwrap().event(), Event::UnreadDef(_)));
    assert_eq!(kept.count(), 2);
}

#[test]
fn interleaved_sections_are_untangled() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[10] {jit-tracing\nf;a.py:1-2~#0 LOAD\n[20] {gc-minor\n[30] jit-tracing}\n[40] gc-minor}\n[50] {gc-minor\nminor collect, total memory used: 7\n[60] gc-minor}\n";
    let report = survives(directory.path(), Format::Pypylog, text.as_bytes());
    let kinds: Vec<(u64, UnreadKind)> = report.unread.iter().map(|unread| (unread.line, unread.kind)).collect();
    assert_eq!(kinds, [(4, UnreadKind::Damaged), (5, UnreadKind::Damaged)]);
    assert!(report.events >= 4);
}

/// The command, if the VM is installed.
fn vm(name: &str) -> Option<Command> {
    let found = Command::new(name).arg(if name == "luajit" { "-v" } else { "--version" }).output().is_ok();
    found.then(|| Command::new(name))
}

#[test]
fn pypy_s_seconds_are_those_of_the_clock() {
    let Some(mut pypy) = vm("pypy3") else { return };
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("p.py");
    // Between two forced collections nothing is collected, and the program measures how long that takes.
    let text = "import gc, time\ngc.collect()\nt = time.time()\nn = 0\nwhile time.time() - t < 0.4: n += 1\nd = time.time() - t\ngc.collect()\nprint(d)\n";
    std::fs::write(&program, text).unwrap();
    let path = directory.path().join("run.pypylog");
    // A machine under load may stop the program between the clock and the collection: then once more.
    let mut off = f64::MAX;
    for _ in 0..5 {
        let output = pypy.env("PYPYLOG", format!("jit,gc:{}", path.display())).arg(&program).output().unwrap();
        let measured: f64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        let log = pypylog_equals_its_own_counts(&path);
        let starts: Vec<u64> = log
            .events("gc_begin")
            .iter()
            .filter(|gc| gc["kind"] == "major")
            .map(|gc| gc["t_ns"].as_u64().unwrap())
            .collect();
        let longest = starts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap() as f64 / 1e9;
        off = off.min((longest / measured - 1.0).abs());
        if off < 0.01 {
            return;
        }
        pypy = vm("pypy3").unwrap();
    }
    panic!("{:.2} % off", off * 100.0);
}

#[test]
fn logs_made_now_are_understood() {
    let directory = tempfile::tempdir().unwrap();
    let out = |name: &str| directory.path().join(name);
    let run = |command: &mut Command| assert!(command.current_dir(directory.path()).output().unwrap().status.success());
    if let Some(mut pypy) = vm("pypy3") {
        run(pypy.env("JITLOG", out("j")).arg(fixture("polymorphic.py")));
        Imported::whole(&out("j")).bridges_are_joined();
        run(vm("pypy3").unwrap().env("PYPYLOG", out("m")).arg(fixture("polymorphic.py")));
        assert_eq!(imported(&out("m")).report.unread, [], "markers alone");
    }
    if vm("luajit").is_some() {
        for option in ["-jv=v", "-jdump=+rsaxT,d", "-jdump=+rsaxXH,h", "-jdump=tT,t", "-jp=rfi1,r", "-jp=vfi1,p"] {
            run(vm("luajit").unwrap().arg(option).arg(fixture("aborts.lua")));
            let file = out(option.rsplit(['=', ',']).next().unwrap());
            let unread = import(Some(Format::Luajit), &[file], &out("o.jlog"), &Options::default()).unwrap().unread;
            assert_eq!(unread, [], "{option}");
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("lib/jitlog-events.lua");
        let load = format!("dofile({:?})", script.display().to_string());
        run(vm("luajit").unwrap().env("LJ_EVENTS", out("e")).arg("-e").arg(load).arg(fixture("aborts.lua")));
        Imported::whole(&out("e")).bridges_are_joined();
    }
    if let Some(mut node) = vm("node") {
        let logfile = format!("--logfile={}", out("v8.log").display());
        let flags = [
            "--log-code",
            "--log-deopt",
            "--log-ic",
            "--prof",
            "--log-source-code",
            "--log-function-events",
            "--no-logfile-per-isolate",
        ];
        run(node.args(flags).arg(logfile).arg(fixture("polymorphic.js")));
        // Other versions have lines of their own.
        let version = std::fs::read_to_string(out("v8.log")).unwrap();
        if version.starts_with("v8-version,11,3,") {
            v8_accounts_for_every_line(&out("v8.log"));
        }
    }
}

#[test]
fn a_log_of_the_jdk_made_now_shows_every_deoptimisation() {
    let Some(mut compiler) = vm("javac") else { return };
    let directory = tempfile::tempdir().unwrap();
    let out = |name: &str| directory.path().join(name);
    let status = compiler.arg("-d").arg(directory.path()).arg(fixture("Polymorphic.java")).status().unwrap();
    assert!(status.success());
    let version = Command::new("java").arg("--version").output().unwrap().stdout;
    // Other versions have lines of their own.
    if !String::from_utf8_lossy(&version).starts_with("openjdk 17.") {
        return;
    }
    let run = |flags: &[String]| {
        let mut java = Command::new("java");
        let output = java.args(flags).arg("-cp").arg(directory.path()).arg("Polymorphic").output().unwrap();
        assert!(output.status.success(), "{flags:?}");
        output.stderr
    };
    let unlocked = "-XX:+UnlockDiagnosticVMOptions".to_string();
    let to = format!("-XX:LogFile={}", out("lc.xml").display());
    run(&[unlocked.clone(), "-XX:+LogCompilation".into(), to]);
    hotspot_shows_every_deoptimisation(&out("lc.xml"));
    // Apart from the program's lines, which may fall anywhere into the JVM's.
    let apart = "-XX:+DisplayVMOutputToStderr".into();
    let text = run(&[unlocked, "-XX:+PrintCompilation".into(), "-XX:+PrintInlining".into(), apart]);
    std::fs::write(out("pc.txt"), text).unwrap();
    run(&[format!("-Xlog:jit*=debug,codecache*=debug:file={}:uptime,level,tags", out("jit.txt").display())]);
    for name in ["pc.txt", "jit.txt"] {
        // Every line is understood, and none is missing at the end.
        let log = Imported::whole(&out(name));
        assert!(log.count("code_install") > 10, "{name}");
    }
}
