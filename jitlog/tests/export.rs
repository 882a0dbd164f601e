//! Exports hold what the log holds, whatever the log holds: counts, sums, names nobody should print, damage.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/rich.rs"]
mod rich;
#[path = "common/wire.rs"]
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output};

use common::scratch;
use jitlog::format::layout::block_offset;
use jitlog::*;
use serde_json::Value;
use wire::{Message, Wire};

/// Every format that is one file.
const FORMATS: [&str; 6] = ["jsonl", "firefox", "perfetto", "folded", "pprof", "speedscope"];

fn export(format: &str, log: &Path, options: &[&str]) -> Output {
    let tool = env!("CARGO_BIN_EXE_jitlog");
    Command::new(tool).args(["export", format]).arg(log).args(options).output().unwrap()
}

/// A format's output, which must have been written without complaint.
fn exported(format: &str, log: &Path) -> Vec<u8> {
    let output = export(format, log, &["-o", "-"]);
    assert_eq!(output.status.code(), Some(0), "{format}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{format}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn json(format: &str, log: &Path) -> Value {
    serde_json::from_slice(&exported(format, log)).unwrap()
}

/// Records by event, as the reader gives them.
fn counts(log: &Path) -> HashMap<&'static str, usize> {
    let mut counts = HashMap::new();
    for entry in Reader::open(log).unwrap().events().types(Types::all()).flatten() {
        *counts.entry(spec_of(entry.event_type).unwrap().name).or_default() += 1;
    }
    counts
}

fn samples(log: &Path) -> Vec<Sample> {
    let entries = Reader::open(log).unwrap().events().types(Types::of(&[Sample::TYPE]));
    let sample = |entry: Entry| if let Event::Sample(sample) = entry.event() { Some(sample) } else { None };
    entries.flatten().filter_map(sample).collect()
}

fn rich_log() -> (tempfile::TempDir, std::path::PathBuf) {
    let (directory, path) = scratch();
    rich::write(&path, rich::Size::SMALL);
    (directory, path)
}

/// What a Perfetto trace holds, in words: `begin NAME`, `end`, `instant NAME`, by track; and counters' last values.
struct Perfetto {
    events: Vec<(String, u64, String)>,
    counters: BTreeMap<String, Vec<u64>>,
}

fn perfetto(bytes: &[u8]) -> Perfetto {
    let mut tracks: HashMap<u64, String> = HashMap::new();
    let mut names: HashMap<u64, String> = HashMap::new();
    let mut found = Perfetto { events: Vec::new(), counters: BTreeMap::new() };
    for packet in Message::parse(bytes).messages(1) {
        for data in packet.messages(12) {
            for name in data.messages(2) {
                names.insert(name.number(1).unwrap(), name.text(2).unwrap().to_string());
            }
        }
        for track in packet.messages(60) {
            let thread = track.messages(4).first().and_then(|thread| thread.text(5).map(str::to_string));
            let parent = track.number(5).and_then(|parent| tracks.get(&parent)).cloned().unwrap_or_default();
            let name = match (track.text(2), thread) {
                (Some(name), _) if parent.is_empty() => name.to_string(),
                (Some(name), _) => format!("{parent}/{name}"),
                (None, thread) => thread.unwrap_or_default(),
            };
            tracks.insert(track.number(1).unwrap(), name);
        }
        for event in packet.messages(11) {
            let track = tracks[&event.number(11).unwrap()].clone();
            let name = event.number(10).map(|iid| names[&iid].clone()).unwrap_or_default();
            let words = match event.number(9).unwrap() {
                1 => format!("begin {name}"),
                2 => "end".to_string(),
                3 => format!("instant {name}"),
                4 => {
                    found.counters.entry(track).or_default().push(event.number(30).unwrap());
                    continue;
                }
                other => panic!("type {other}"),
            };
            found.events.push((track, packet.number(8).unwrap(), words));
        }
    }
    found
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut raw).unwrap();
    raw
}

/// The stacks of a thread's samples; those that mark the ends of the log have none.
fn firefox_stacks(thread: &Value) -> impl Iterator<Item = u64> {
    thread["samples"]["stack"].as_array().unwrap().iter().filter_map(Value::as_u64)
}

#[test]
fn each_export_counts_what_the_log_counts() {
    let (_directory, path) = rich_log();
    let (counts, samples) = (counts(&path), samples(&path));
    let weight: u64 = samples.iter().map(|sample| sample.weight_ns).sum();
    assert_eq!((samples.len(), counts["trace_abort"], counts["gc_begin"]), (480, 10, 40), "the log is what it was");

    let lines = exported("jsonl", &path);
    let lines = std::str::from_utf8(&lines).unwrap().lines();
    let records: Vec<Value> = lines.skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), counts.values().sum::<usize>());
    let folded = exported("folded", &path);
    let folded = std::str::from_utf8(&folded).unwrap().lines();
    assert_eq!(folded.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum::<u64>(), weight);

    let speedscope = json("speedscope", &path);
    let profiles = speedscope["profiles"].as_array().unwrap();
    let stacks = |profile: &Value| profile["samples"].as_array().unwrap().len();
    assert_eq!(profiles.iter().map(stacks).sum::<usize>(), samples.len());
    let weights = profiles.iter().flat_map(|profile| profile["weights"].as_array().unwrap());
    assert_eq!(weights.map(|weight| weight.as_u64().unwrap()).sum::<u64>(), weight);

    let raw = gunzip(&exported("pprof", &path));
    let profile = Message::parse(&raw);
    let values: Vec<Vec<u64>> = profile.messages(2).iter().map(|sample| sample.packed(2)).collect();
    assert_eq!(values.iter().map(|values| values[0]).sum::<u64>(), samples.len() as u64);
    assert_eq!(values.iter().map(|values| values[1]).sum::<u64>(), weight);

    let bytes = exported("perfetto", &path);
    let trace = perfetto(&bytes);
    let on = |track: &str, words: &str| {
        let same = |event: &&(String, u64, String)| event.0.ends_with(track) && event.2.starts_with(words);
        trace.events.iter().filter(same).count()
    };
    assert_eq!(on("/samples", "instant"), samples.len());
    assert_eq!(on("/recording", "begin record"), counts["trace_start"]);
    // The last recording never ends.
    assert_eq!(on("/recording", "end"), counts["trace_start"] - 1);
    assert_eq!(on("/compiling", "begin compile"), counts["compile_start"]);
    assert_eq!(on("/compiling", "end"), counts["compile_end"]);
    assert_eq!(on("/passes", "begin"), counts["pass_end"]);
    assert_eq!(on("/collections", "begin minor collection"), counts["gc_begin"]);
    assert_eq!(on("main", "instant abort"), counts["trace_abort"]);
    assert_eq!(on("main", "instant bailout"), counts["bailout"]);
    assert_eq!(on("main", "instant iteration"), 40);
    assert_eq!(trace.counters["heap used"].len(), counts["heap"]);
    let failures: u64 = Reader::open(&path).unwrap().counters().iter().map(|total| total.value).sum();
    assert_eq!(trace.counters["guard_fail"].last(), Some(&failures));

    let firefox = json("firefox", &path);
    let threads = firefox["threads"].as_array().unwrap();
    let length = |table: &str| threads.iter().map(|thread| thread[table]["length"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(threads.iter().flat_map(firefox_stacks).count(), samples.len());
    assert_eq!(length("samples"), samples.len() as u64 + 2, "one of no weight at either end of the log");
    let mut markers: HashMap<String, usize> = HashMap::new();
    for data in threads.iter().flat_map(|thread| thread["markers"]["data"].as_array().unwrap()) {
        *markers.entry(data["type"].as_str().unwrap().to_string()).or_default() += 1;
    }
    for name in ["bailout", "trace_abort", "mark", "hot", "code_install", "pass_end", "gc_phase", "alloc_sample"] {
        assert_eq!(markers[name], counts[name], "{name}");
    }
    assert_eq!(markers["gc_begin-gc_end"], counts["gc_end"]);
    assert_eq!(markers["trace_start-trace_stop"], counts["trace_stop"]);
    assert_eq!(markers["trace_start-trace_abort"], counts["trace_abort"]);
    assert_eq!(markers["trace_start"], 1, "the last recording never ends");
    assert_eq!(markers["compile_start-compile_end"], counts["compile_end"]);
}

/// Two threads of two samples each, a collection during a recording, a mark.
fn small_log(path: &Path) {
    let log = Log::create(LogOptions::new(path).logical_clock(true)).unwrap();
    log.process(VmInfo { name: "vm", version: "1", commit: "c", argv: &["p.py".to_string()], config: "{}" });
    let defs = log.defs();
    let source = defs.source("d/p.py", b"");
    let (outer, inner) = (defs.func(source, "outer", 1, 9), defs.func(source, "inner", 10, 19));
    let (call, body) = (defs.loc(outer, 2, 5, 3), defs.loc(inner, 4, 12, 0));
    let stack = defs.stack(StackId::NONE, call, FrameKind::Interp);
    let stack_id = defs.stack(stack, body, FrameKind::Compiled);
    let mut main = log.stream("main", StreamKind::Mutator);
    let mut gc = log.stream("gc", StreamKind::Gc);
    let trace_id = TraceId(1);
    main.trace_start(&TraceStart { trace_id, kind: TraceKind::Loop, loc_id: body, ..Default::default() });
    gc.gc_begin(&GcBegin { gc_id: GcId(1), kind: GcKind::Major, ..Default::default() });
    main.sample(&Sample { state: SampleState::Record, stack_id, weight_ns: 1000, ..Default::default() });
    gc.sample(&Sample { state: SampleState::Gc, weight_ns: 500, ..Default::default() });
    gc.gc_end(&GcEnd { gc_id: GcId(1), pause_ns: 2000, ..Default::default() });
    main.trace_stop(&TraceStop { trace_id, ..Default::default() });
    let state = SampleState::Trace;
    main.sample(&Sample { state, trace_id, stack_id, loc_id: call, weight_ns: 2000, ..Default::default() });
    main.mark(&Mark { name_str: defs.string("lap"), count: 7, ..Default::default() });
    drop((main, gc));
    log.close();
}

#[test]
fn small_outputs_are_exactly_these() {
    let (_directory, path) = scratch();
    small_log(&path);
    let text = |format| String::from_utf8(exported(format, &path)).unwrap();
    assert_eq!(
        text("folded"),
        "[gc] 500\nd/p.py:5 in outer;d/p.py:12 in inner;[record] 1000\nd/p.py:5 in outer;d/p.py:5 in outer;[trace] 2000\n"
    );
    let version = env!("CARGO_PKG_VERSION");
    let expected = [
        r#"{"$schema":"https://www.speedscope.app/file-format-schema.json","exporter":"jitlog VERSION","name":"p.py""#,
        r#","activeProfileIndex":0,"shared":{"frames":[{"name":"outer","file":"d/p.py","line":5,"col":3},"#,
        r#"{"name":"inner","file":"d/p.py","line":12},{"name":"[record]"},{"name":"[gc]"},{"name":"[trace]"}]},"profiles":["#,
        "\n",
        r#"{"type":"sampled","name":"main","unit":"nanoseconds","startValue":0,"endValue":3000,"#,
        r#""samples":[[0,1,2],[0,0,4]],"weights":[1000,2000]},"#,
        "\n",
        r#"{"type":"sampled","name":"gc","unit":"nanoseconds","startValue":0,"endValue":500,"samples":[[3]],"weights":[500]}]}"#,
        "\n",
    ];
    assert_eq!(text("speedscope"), expected.concat().replace("VERSION", version));

    let start = Reader::open(&path).unwrap().static_page().start_mono_ns;
    let bytes = exported("perfetto", &path);
    let events: Vec<String> = perfetto(&bytes)
        .events
        .iter()
        .map(|(track, t_ns, words)| format!("{} {track}: {words}", t_ns - start))
        .collect();
    let expected = [
        "2000 main/recording: begin record loop p.py:12",
        "3000 gc/collections: begin major collection",
        "4000 main/samples: instant record",
        "5000 gc/samples: instant gc",
        "6000 gc/collections: end",
        "7000 main/recording: end",
        "8000 main/samples: instant trace",
        "9000 main: instant lap",
    ];
    assert_eq!(events, expected);

    let raw = gunzip(&exported("pprof", &path));
    let profile = Message::parse(&raw);
    let strings: Vec<&str> = profile.data(6).into_iter().map(|text| std::str::from_utf8(text).unwrap()).collect();
    let function = |id: u64| {
        let functions = profile.messages(5);
        let found = functions.iter().find(|function| function.number(1) == Some(id)).unwrap();
        assert_eq!(found.number(3), None, "a system name would be taken for a C++ name");
        strings[found.number(2).unwrap() as usize]
    };
    let frames = |sample: &Message<'_>| -> Vec<String> {
        let locations = profile.messages(4);
        let place = |id: &u64| {
            let location = locations.iter().find(|location| location.number(1) == Some(*id)).unwrap();
            let line = &location.messages(4)[0];
            format!("{}:{}", function(line.number(1).unwrap()), line.number(2).unwrap_or(0))
        };
        sample.packed(1).iter().map(place).collect()
    };
    let label = |label: &Message<'_>| {
        let part = |field| strings[label.number(field).unwrap() as usize];
        format!("{}={}", part(1), part(2))
    };
    let lines: Vec<String> = profile
        .messages(2)
        .iter()
        .map(|sample| {
            let labels: Vec<String> = sample.messages(3).iter().map(label).collect();
            format!("{} {:?} {}", frames(sample).join("<"), sample.packed(2), labels.join(" "))
        })
        .collect();
    let expected = [
        "inner:12<outer:5 [1, 1000] state=record thread=main",
        "outer:5<outer:5 [1, 2000] state=trace thread=main trace=loop 1",
        "[gc]:0 [1, 500] state=gc thread=gc",
    ];
    let mut lines = lines;
    lines.sort_by_key(|line| expected.iter().position(|expected| expected == line));
    assert_eq!(lines, expected);
    assert_eq!(profile.all(12).next(), Some(&Wire::Varint(500)), "the period is the least weight");

    let firefox = json("firefox", &path);
    let main = &firefox["threads"].as_array().unwrap().iter().find(|thread| thread["isMainThread"] == true).unwrap();
    let category = |index: u64| firefox["meta"]["categories"][index as usize]["name"].as_str().unwrap();
    let leaf = |stack: &u64| {
        let frame = main["stackTable"]["frame"][*stack as usize].as_u64().unwrap() as usize;
        category(main["frameTable"]["category"][frame].as_u64().unwrap())
    };
    let leaves: Vec<&str> = firefox_stacks(main).map(|stack| leaf(&stack)).collect();
    assert_eq!(leaves, ["JIT", "Compiled"]);
}

#[test]
fn hostile_names_never_come_out_raw() {
    let (_directory, path) = rich_log();
    for format in ["jsonl", "firefox", "folded", "speedscope"] {
        let text = String::from_utf8(exported(format, &path)).unwrap();
        let raw = text.chars().find(|character| {
            (character.is_control() && *character != '\n') || ('\u{202a}'..='\u{202e}').contains(character)
        });
        assert_eq!(raw, None, "{format}");
        assert!(text.contains("ev"), "{format}");
    }
    // pprof prints its strings as they are; Perfetto's viewer does not, and keeps the name as it is.
    let raw = gunzip(&exported("pprof", &path));
    for text in Message::parse(&raw).data(6) {
        assert!(!std::str::from_utf8(text).unwrap().chars().any(char::is_control));
    }
    let bytes = exported("perfetto", &path);
    assert!(perfetto(&bytes).events.iter().any(|(track, ..)| track == rich::HOSTILE));
    // A frame's name cannot split a collapsed stack: every line ends in a number, and has no more frames than deep.
    let folded = String::from_utf8(exported("folded", &path)).unwrap();
    assert!(folded.lines().all(|line| line.split(';').count() <= 14));
}

#[test]
fn a_truncated_log_gives_what_precedes_and_says_what_is_missing() {
    let (_directory, path) = scratch();
    rich::write(&path, rich::Size { rounds: 400, recording_every: 20 });
    let whole = samples(&path).len();
    let raw = std::fs::read(&path).unwrap();
    // Within the last block of the samples' stream.
    let last =
        (2..).take_while(|number| raw[number * 64] != 0).filter(|number| raw[number * 64] == BlockKind::Events.0);
    let last = last.last().unwrap();
    std::fs::write(&path, &raw[..block_offset(last as u32) as usize + 2000]).unwrap();
    let kept = samples(&path).len();
    assert!(0 < kept && kept < whole, "{kept} of {whole}");
    for format in FORMATS {
        let output = export(format, &path, &["-o", "-"]);
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{format}");
        assert!(complaint.contains("truncated") && complaint.lines().count() == 1, "{format}: {complaint}");
        let found = match format {
            "jsonl" => String::from_utf8(output.stdout).unwrap().matches(r#""ev":"sample""#).count(),
            "speedscope" => {
                let profile: Value = serde_json::from_slice(&output.stdout).unwrap();
                let profiles = profile["profiles"].as_array().unwrap();
                profiles.iter().map(|profile| profile["samples"].as_array().unwrap().len()).sum()
            }
            "firefox" => {
                let profile: Value = serde_json::from_slice(&output.stdout).unwrap();
                let threads = profile["threads"].as_array().unwrap();
                threads.iter().flat_map(firefox_stacks).count()
            }
            "perfetto" => {
                perfetto(&output.stdout).events.iter().filter(|(track, ..)| track.ends_with("/samples")).count()
            }
            "pprof" => {
                let raw = gunzip(&output.stdout);
                Message::parse(&raw).messages(2).iter().map(|sample| sample.packed(2)[0] as usize).sum()
            }
            _ => kept,
        };
        assert_eq!(found, kept, "{format}");
    }
}

#[test]
fn a_log_without_samples_or_with_nothing_at_all_exports() {
    let (_directory, path) = scratch();
    Log::create(LogOptions::new(&path).logical_clock(true)).unwrap().close();
    for format in FORMATS {
        let output = exported(format, &path);
        match format {
            "firefox" | "speedscope" => drop(serde_json::from_slice::<Value>(&output).unwrap()),
            "folded" => assert!(output.is_empty()),
            "pprof" => assert!(Message::parse(&gunzip(&output)).messages(2).is_empty()),
            "perfetto" => assert!(perfetto(&output).events.is_empty()),
            _ => {}
        }
    }
}

#[test]
fn streams_of_one_thread_are_one_thread() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let mut sampler = log.stream("sampler", StreamKind::Sampler);
    let mut main = log.stream("main", StreamKind::Mutator);
    sampler.sample(&Sample { weight_ns: 5, ..Default::default() });
    main.mark(&Mark { name_str: log.defs().string("lap"), ..Default::default() });
    drop((sampler, main));
    log.close();
    let bytes = exported("perfetto", &path);
    let tracks: Vec<String> = perfetto(&bytes).events.into_iter().map(|(track, ..)| track).collect();
    assert_eq!(tracks, ["main/samples", "main"]);
    assert_eq!(json("speedscope", &path)["profiles"][0]["name"], "main");
    let firefox = json("firefox", &path);
    let threads = firefox["threads"].as_array().unwrap();
    let length = |table: &str| threads[0][table]["length"].as_u64().unwrap();
    assert_eq!((threads.len(), firefox_stacks(&threads[0]).count(), length("markers")), (1, 1, 1));
}

#[test]
fn native_functions_stand_below_the_frames() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    log.process(VmInfo { name: "vm", version: "1", commit: "c", argv: &["p.py".to_string()], config: "{}" });
    let defs = log.defs();
    let function = defs.func(defs.source("d/p.py", b""), "outer", 1, 9);
    let place = defs.loc(function, 2, 5, 3);
    for (start, path) in [(0x1000_u64, "/nowhere/vm;1"), (0x5000, "/nowhere/libm.so")] {
        defs.mapping(&MappingDef { start: start.into(), end: (start + 0x1000).into(), file_offset: 0, path });
    }
    let stack_id = defs.stack(StackId::NONE, place, FrameKind::Interp);
    let mut main = log.stream("main", StreamKind::Mutator);
    let sample = Sample { state: SampleState::Native, loc_id: place, stack_id, weight_ns: 5, ..Default::default() };
    // In a library, called by the VM, called by machine code, which the VM had entered.
    let chain: Vec<u8> = [0x5010_u64, 0x1020, 0x9000, 0x1040].iter().flat_map(|word| word.to_le_bytes()).collect();
    main.native_stack(&NativeStack { n: 4, addresses: &chain });
    main.sample(&sample);
    main.sample(&sample);
    main.native_stack(&NativeStack { n: 1, addresses: &chain[16..24] });
    main.sample(&sample);
    drop(main);
    log.close();
    let folded = String::from_utf8(exported("folded", &path)).unwrap();
    // The second sample has no chain, the third one in machine code alone.
    assert_eq!(folded, "d/p.py:5 in outer;[native] 10\nd/p.py:5 in outer;[vm,1];[libm.so];[native] 5\n");
    let speedscope = json("speedscope", &path);
    let name = |index: &Value| speedscope["shared"]["frames"][index.as_u64().unwrap() as usize]["name"].clone();
    let stacks = speedscope["profiles"][0]["samples"].as_array().unwrap();
    let names: Vec<Vec<Value>> =
        stacks.iter().map(|stack| stack.as_array().unwrap().iter().map(name).collect()).collect();
    assert_eq!(names[0], ["outer", "[vm;1]", "[libm.so]", "[native]"]);
    assert_eq!((&names[1], &names[2]), (&vec!["outer".into(), "[native]".into()], &names[1]));
    let firefox = json("firefox", &path);
    let frames: Vec<u64> = firefox_stacks(&firefox["threads"][0]).collect();
    assert_ne!(frames[0], frames[1]);
    assert_eq!(frames[1], frames[2]);
    for (format, bytes) in [
        ("firefox", exported("firefox", &path)),
        ("perfetto", exported("perfetto", &path)),
        ("pprof", gunzip(&exported("pprof", &path))),
    ] {
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("[libm.so]") && text.contains("[vm;1]"), "{format}");
    }
    let raw = gunzip(&exported("pprof", &path));
    let depths: Vec<usize> = Message::parse(&raw).messages(2).iter().map(|sample| sample.packed(1).len()).collect();
    assert_eq!(depths.iter().sum::<usize>(), 4, "outer alone, and with two functions: {depths:?}");
}

#[test]
fn slices_end_in_order_even_if_the_log_does_not_say_so() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let mut main = log.stream("main", StreamKind::Mutator);
    let start = |trace_id| TraceStart { trace_id: TraceId(trace_id), ..Default::default() };
    // An end without a beginning; a beginning whose end is missing within another; a flood of beginnings.
    main.trace_stop(&TraceStop { trace_id: TraceId(9), ..Default::default() });
    main.trace_start(&start(1));
    main.trace_start(&start(2));
    main.trace_stop(&TraceStop { trace_id: TraceId(1), ..Default::default() });
    (10..200).for_each(|trace_id| main.trace_start(&start(trace_id)));
    main.compile_end(&CompileEnd { trace_id: TraceId(1), ..Default::default() });
    drop(main);
    log.close();
    let bytes = exported("perfetto", &path);
    let events = perfetto(&bytes).events;
    let words: Vec<&str> = events.iter().take(5).map(|(_, _, words)| words.as_str()).collect();
    assert_eq!(words, ["instant trace_stop", "begin record loop", "begin record loop", "end", "end"]);
    assert_eq!(events.last().unwrap().2, "instant compile_end");
    let firefox = json("firefox", &path);
    let phases = firefox["threads"][0]["markers"]["phase"].as_array().unwrap();
    let of = |phase: u64| phases.iter().filter(|found| **found == phase).count();
    // Instants, intervals, and intervals that only start.
    assert_eq!((of(0), of(1), of(2)), (2, 2, 190));
}

#[test]
fn counters_of_a_log_that_was_not_closed_are_exact() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let counter = log.counter(CounterKind::GuardFail, GuardId(1), 0);
    counter.add(5);
    log.snapshot_counters();
    counter.add(7);
    let bytes = exported("perfetto", &path);
    assert_eq!(perfetto(&bytes).counters["guard_fail"], [5, 12]);
    drop(log);
}

#[test]
fn no_damage_and_no_value_makes_an_export_fail_otherwise() {
    let (_directory, path) = scratch();
    // A log that was not closed: what is in its blocks is believed.
    let log = rich::fill(&path, rich::Size::SMALL);
    let raw = std::fs::read(&path).unwrap();
    drop(log);
    let used: Vec<usize> = (block_offset(2) as usize..raw.len()).filter(|at| raw[*at] != 0).collect();
    let mut random = common::Seeded(7);
    for round in 0..48 {
        let mut damaged = raw.clone();
        for _ in 0..1 + round {
            damaged[used[random.below(used.len() as u64) as usize]] = random.next() as u8;
        }
        std::fs::write(&path, damaged).unwrap();
        if cfg!(feature = "parquet") && round % 4 == 3 {
            let tables = path.with_extension("tables");
            let output = export("parquet", &path, &["--force", "-o", tables.to_str().unwrap()]);
            assert!(matches!(output.status.code(), Some(0 | 2)), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let output = export(FORMATS[round % FORMATS.len()], &path, &["-o", "-"]);
        assert!(matches!(output.status.code(), Some(0 | 2)), "{round}: {}", String::from_utf8_lossy(&output.stderr));
    }
    std::fs::remove_file(&path).unwrap();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let mut main = log.stream("main", StreamKind::Mutator);
    let most = u64::MAX;
    for _ in 0..3 {
        let sample = Sample { state: SampleState(99), loc_id: LocId(9), stack_id: StackId(9), ..Default::default() };
        main.sample(&Sample { weight_ns: most, trace_id: TraceId(u32::MAX), ..sample });
        main.sample(&Sample { weight_ns: 0, ..sample });
        main.heap(&Heap { used_bytes: most, committed_bytes: most, live_objs: most, ..Default::default() });
        main.pass_end(&PassEnd { dur_ns: most, pass_id: PassId(9), ..Default::default() });
        main.gc_end(&GcEnd { pause_ns: most, before_bytes: most, ..Default::default() });
        main.mark(&Mark { value: f64::NAN, count: i64::MIN, ..Default::default() });
    }
    drop(main);
    log.close();
    for format in FORMATS {
        exported(format, &path);
    }
}

#[test]
fn outputs_are_whole_or_not_there() {
    let (directory, path) = rich_log();
    for format in FORMATS {
        let file = directory.path().join(format);
        let name = file.to_str().unwrap();
        assert_eq!(export(format, &path, &["-o", name]).status.code(), Some(0), "{format}");
        assert_eq!(std::fs::read(&file).unwrap(), exported(format, &path), "{format}");
        assert_eq!(export(format, &path, &["-o", name]).status.code(), Some(2), "{format} exists");
        assert_eq!(export(format, &path, &["-o", name, "--force"]).status.code(), Some(0), "{format}");
    }
    let nowhere = directory.path().join("no/such/folder");
    assert_eq!(export("pprof", &path, &["-o", nowhere.to_str().unwrap()]).status.code(), Some(2));
    let full = Path::new("/dev/full");
    if full.exists() {
        for format in FORMATS {
            assert_eq!(export(format, &path, &["-o", "/dev/full"]).status.code(), Some(2), "{format}");
        }
    }
    let parts = std::fs::read_dir(directory.path()).unwrap().flatten();
    assert!(parts.map(|file| file.file_name()).all(|name| !name.to_str().unwrap().ends_with(".part")));
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_tool_without_parquet_says_so() {
    let (directory, path) = rich_log();
    let out = directory.path().join("tables");
    let output = export("parquet", &path, &["-o", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--features parquet"));
    assert!(!out.exists());
}

#[cfg(feature = "parquet")]
mod tables {
    use super::*;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    /// A table's rows, by column.
    fn rows(folder: &Path, table: &str) -> Vec<HashMap<String, Field>> {
        let file = std::fs::File::open(folder.join(format!("{table}.parquet"))).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        reader.get_row_iter(None).unwrap().map(|row| row.unwrap().into_columns().into_iter().collect()).collect()
    }

    fn long(field: &Field) -> i64 {
        match field {
            Field::Long(number) | Field::TimestampMicros(number) => *number,
            Field::ULong(number) => *number as i64,
            other => panic!("{other:?} is no number"),
        }
    }

    #[test]
    fn tables_count_what_the_log_counts() {
        let (directory, path) = rich_log();
        let folder = directory.path().join("tables");
        let output = export("parquet", &path, &["-o", folder.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let counts = counts(&path);
        for (table, event) in [
            ("sample", "sample"),
            ("bailout", "bailout"),
            ("alloc_sample", "alloc_sample"),
            ("heap_ts", "heap"),
            ("codemem", "codemem"),
            ("pass", "pass_end"),
            ("gc", "gc_begin"),
            ("trace", "trace_start"),
            ("guard", "guard"),
            ("loc", "loc"),
            ("stack", "stack"),
            ("decision", "decision"),
        ] {
            assert_eq!(rows(&folder, table).len(), counts[event], "{table}");
        }
        let weights = samples(&path).iter().map(|sample| sample.weight_ns as i64).sum::<i64>();
        assert_eq!(rows(&folder, "sample").iter().map(|row| long(&row["weight_ns"])).sum::<i64>(), weights);
        let total: u64 = Reader::open(&path).unwrap().counters().iter().map(|total| total.value).sum();
        assert_eq!(rows(&folder, "counter_ts").iter().map(|row| long(&row["delta"])).sum::<i64>(), total as i64);
        assert_eq!(rows(&folder, "guard").iter().map(|row| long(&row["fail_count"])).sum::<i64>(), total as i64);

        let traces = rows(&folder, "trace");
        let outcome = |name: &str| {
            let same = |row: &&HashMap<String, Field>| row["outcome"] == Field::Str(name.to_string());
            traces.iter().filter(same).count()
        };
        assert_eq!((outcome("abort"), outcome("installed")), (10, 30));
        assert_eq!(traces[0]["n_ir_in"], Field::Long(12));
        assert_eq!(traces[0]["n_ir_out"], Field::Long(9));
        // What the log does not say is null, not 0.
        for column in ["parent_trace", "trace_fp", "freed_t_ns", "exec_count", "abort_reason"] {
            assert_eq!(traces[0][column], Field::Null, "{column}");
        }
        let process = &rows(&folder, "process")[0];
        assert_eq!(process["service"], Field::Null);
        assert_eq!(process["exit_kind"], Field::Str("clean".into()));
        assert_eq!(rows(&folder, "bailout")[0]["observed_text"], Field::Str(rich::HOSTILE.into()));
        let gc = &rows(&folder, "gc")[0];
        assert_eq!((&gc["pause_ns"], &gc["promoted_bytes"]), (&Field::Long(32_000), &Field::Null));
        // The places of the deepest stack, innermost first.
        let places: Vec<i64> = rows(&folder, "loc").iter().map(|row| long(&row["loc_fp"])).collect();
        let stacks = rows(&folder, "stack");
        let Field::ListInternal(list) = &stacks.last().unwrap()["loc_fps"] else { panic!("no list") };
        let listed: Vec<i64> = list.elements().iter().map(long).collect();
        assert_eq!(listed, places.into_iter().rev().collect::<Vec<_>>());
    }

    #[test]
    fn only_a_folder_of_tables_is_ever_replaced() {
        let (directory, path) = rich_log();
        let folder = directory.path().join("tables");
        let name = folder.to_str().unwrap();
        let run = |options: &[&str]| {
            let mut all = vec!["-o", name];
            all.extend(options);
            export("parquet", &path, &all).status.code()
        };
        assert_eq!(run(&[]), Some(0));
        assert_eq!(run(&[]), Some(2), "it exists");
        assert_eq!(run(&["--force"]), Some(0));
        std::fs::write(folder.join("mine.txt"), "mine").unwrap();
        assert_eq!(run(&["--force"]), Some(2), "somebody's file is in it");
        assert_eq!(std::fs::read(folder.join("mine.txt")).unwrap(), b"mine");
        assert_eq!(export("parquet", &path, &["-o", "-"]).status.code(), Some(2));
        assert_eq!(export("parquet", &path, &["-o", path.to_str().unwrap(), "--force"]).status.code(), Some(2));
        assert!(Reader::open(&path).is_ok());
    }

    #[test]
    fn a_truncated_log_gives_the_rows_that_precede() {
        let (directory, path) = scratch();
        rich::write(&path, rich::Size { rounds: 400, recording_every: 20 });
        let raw = std::fs::read(&path).unwrap();
        std::fs::write(&path, &raw[..raw.len() * 2 / 3]).unwrap();
        let folder = directory.path().join("tables");
        let output = export("parquet", &path, &["-o", folder.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("truncated"));
        assert_eq!(rows(&folder, "sample").len(), samples(&path).len());
        assert_eq!(rows(&folder, "process")[0]["exit_kind"], Field::Str("truncated".into()));
    }
}
