//! The command: output, exit codes, pipes, and text from logs that must not reach the terminal raw.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::{scratch, synthetic};
use jitlog::format::layout::block_offset;
use jitlog::*;

fn jitlog(arguments: &[&str], log: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_jitlog")).args(arguments).arg(log).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn info_says_what_is_in_a_log() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let text = jitlog(&["info"], &path);
    assert_eq!(text.status.code(), Some(0));
    for expected in
        ["health    clean", "vm        jitvm 0.1 abc", "trace_start                 6", "dropped   0 events"]
    {
        assert!(stdout(&text).contains(expected), "{expected}\n{}", stdout(&text));
    }
    let json: serde_json::Value = serde_json::from_str(&stdout(&jitlog(&["info", "--json"], &path))).unwrap();
    assert_eq!(json["health"], "clean");
    assert_eq!(json["events"]["trace_start"], 6);
    assert_eq!(json["process"]["vm_name"], "jitvm");
    assert_eq!(json["counters"], 5);
}

#[test]
fn cat_prints_records_in_time_order() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let output = jitlog(&["cat", "--json"], &path);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["jitlog"][0], 1);
    let times: Vec<u64> = lines[1..].iter().map(|line| line["t"].as_u64().unwrap()).collect();
    assert!(times.is_sorted());
    let reader = Reader::open(&path).unwrap();
    assert_eq!(times.len(), reader.events().types(Types::all()).count());

    let aborts = jitlog(&["cat", "--resolve", "--type", "trace_abort,hot"], &path);
    let text = stdout(&aborts);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(r#"reason=2(too_long) loc_id=4(prog.py:4 in main)"#), "{text}");
    assert!(text.contains(r#"detail="CALL_NATIVE""#) && text.contains(" main "), "{text}");

    let part = jitlog(&["cat", "--type", "gc_end", "--from", "4ms", "--to", "7ms"], &path);
    assert_eq!(stdout(&part).lines().count(), 1, "{}", stdout(&part));
}

#[test]
fn wrong_usage_and_unreadable_input_are_2() {
    let (_directory, path) = scratch();
    assert_eq!(jitlog(&["info"], &path).status.code(), Some(2));
    std::fs::write(&path, "no log").unwrap();
    for arguments in [&["info"][..], &["cat"], &["check"], &["frobnicate"], &["cat", "--type", "nonsense"], &[]] {
        let output = jitlog(arguments, &path);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn check_says_what_is_damaged_and_what_is_readable() {
    let (_directory, path) = scratch();
    synthetic(&path);
    let whole = jitlog(&["check"], &path);
    assert_eq!(whole.status.code(), Some(0), "{}", stdout(&whole));
    assert!(stdout(&whole).contains(": clean"));
    let mut raw = std::fs::read(&path).unwrap();
    let bulk = (2..).find(|number| raw[number * 64] == BlockKind::Bulk.0).unwrap();
    raw[block_offset(bulk as u32) as usize + 99] ^= 1;
    std::fs::write(&path, raw).unwrap();
    let damaged = jitlog(&["check"], &path);
    let text = stdout(&damaged);
    assert_eq!(damaged.status.code(), Some(1), "{text}");
    assert!(text.contains("corrupt") && text.contains(&format!("(block {bulk}, stream 2")), "{text}");
    assert!(text.contains("checksum") && text.contains("1 damaged"), "{text}");
    let cat = jitlog(&["cat"], &path);
    assert_eq!(cat.status.code(), Some(2));
    assert!(stderr(&cat).contains("checksum") && stdout(&cat).contains("trace_start"));
}

#[test]
fn a_closed_pipe_ends_silently_with_0() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    (0..50_000).for_each(|n| stream.samples_lost(&SamplesLost { n }));
    drop(stream);
    log.close();
    let mut child = Command::new(env!("CARGO_BIN_EXE_jitlog"))
        .arg("cat")
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn control_characters_of_a_log_never_reach_the_terminal() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let evil = "\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\r\n";
    let defs = log.defs();
    let source = defs.source(evil, b"");
    let place = defs.loc(defs.func(source, evil, 1, 1), 0, 1, 0);
    log.process(VmInfo { name: evil, version: evil, commit: evil, argv: &[evil.to_string()], config: evil });
    let mut stream = log.stream(evil, StreamKind::Mutator);
    stream.mark(&Mark { name_str: defs.string(evil), text: evil, ..Default::default() });
    stream.invalidate(&Invalidate { loc_id: place, ..Default::default() });
    drop(stream);
    log.close();
    for arguments in [
        &["info"][..],
        &["info", "--json"],
        &["cat"],
        &["cat", "--resolve"],
        &["cat", "--json", "--resolve"],
        &["check"],
    ] {
        let text = stdout(&jitlog(arguments, &path));
        let raw =
            text.chars().find(|character| (character.is_control() && *character != '\n') || *character == '\u{202e}');
        assert_eq!(raw, None, "{arguments:?}");
        assert!(text.contains("owned"), "{arguments:?}");
    }
}

#[test]
fn help_has_an_example_for_every_command() {
    for command in ["info", "cat", "check", "follow", "repair", "pack"] {
        let output = Command::new(env!("CARGO_BIN_EXE_jitlog")).args([command, "--help"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains(&format!("Example:\n  jitlog {command} run.jlog")), "{}", stdout(&output));
    }
    let output = Command::new(env!("CARGO_BIN_EXE_jitlog")).args(["export", "--help"]).output().unwrap();
    assert!(stdout(&output).contains("Example:\n  jitlog export jsonl run.jlog"));
    let output = Command::new(env!("CARGO_BIN_EXE_jitlog")).arg("--help").output().unwrap();
    assert!(stdout(&output).contains("Example:"));
}

fn export(format: &str, log: &Path, out: &str) -> Output {
    let tool = env!("CARGO_BIN_EXE_jitlog");
    Command::new(tool).args(["export", format]).arg(log).args(["-o", out]).output().unwrap()
}

#[test]
fn json_lines_are_those_of_cat() {
    let (directory, path) = scratch();
    synthetic(&path);
    let file = directory.path().join("run.jsonl");
    assert_eq!(export("jsonl", &path, file.to_str().unwrap()).status.code(), Some(0));
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(written, stdout(&jitlog(&["cat", "--json"], &path)));
    assert_eq!(written, stdout(&export("jsonl", &path, "-")));
    assert_eq!(export("jsonl", &path, file.to_str().unwrap()).status.code(), Some(2), "the file exists");
}

/// Slices of time are made on several threads: nothing is lost or doubled where they meet, and the order stays.
#[test]
fn a_log_of_many_slices_is_printed_in_order() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let mut streams = ["one", "two"].map(|name| log.stream(name, StreamKind::Mutator));
    for n in 0..120_000 {
        streams[n as usize / 700 % 2].samples_lost(&SamplesLost { n });
    }
    drop(streams);
    log.close();
    let blocks = std::fs::metadata(&path).unwrap().len() / 65536;
    assert!(blocks > 24, "more than one slice: {blocks} blocks");
    for arguments in [&["cat", "--json", "--type", "samples_lost"][..], &["cat", "--type", "samples_lost"]] {
        let text = stdout(&jitlog(arguments, &path));
        let numbers = text.lines().filter_map(|line| {
            let at = line.find("\"n\":").map(|at| at + 4).or(line.find(" n=").map(|at| at + 3))?;
            line[at..].trim_end_matches('}').parse::<u32>().ok()
        });
        assert!(numbers.eq(0..120_000), "{arguments:?}");
    }
}

#[test]
fn folded_stacks_add_up_to_the_samples() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let defs = log.defs();
    let source = defs.source("a;b.py", b"");
    let [main, inner] = ["main", "inner"].map(|name| defs.func(source, name, 1, 9));
    let outer = defs.stack(StackId::NONE, defs.loc(main, 0, 2, 0), FrameKind::Interp);
    let place = defs.loc(inner, 0, 5, 0);
    let stack_id = defs.stack(outer, place, FrameKind::Compiled);
    let mut stream = log.stream("sampler", StreamKind::Sampler);
    for _ in 0..3 {
        let sample = Sample { stack_id, state: SampleState::Trace, weight_ns: 1000, ..Default::default() };
        stream.sample(&sample);
        stream.sample(&Sample { loc_id: place, ..sample });
    }
    stream.sample(&Sample { state: SampleState::Gc, weight_ns: 7, ..Default::default() });
    drop(stream);
    log.close();
    let output = export("folded", &path, "-");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stdout(&output), "[gc] 7\na,b.py:2 in main;a,b.py:5 in inner;[trace] 6000\n");
}

#[test]
fn completions_and_man_page_name_every_command() {
    let run = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_jitlog")).args(arguments).output().unwrap();
    let commands = ["info", "cat", "check", "repair", "pack", "export", "follow", "completions", "man"];
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        let text = stdout(&output);
        assert!(commands.iter().all(|command| text.contains(command)) && text.contains("resolve"), "{shell}");
    }
    assert_eq!(run(&["completions", "cmd"]).status.code(), Some(2));
    let page = stdout(&run(&["man"]));
    assert!(page.contains(".TH jitlog") && commands.iter().all(|command| page.contains(command)), "{page}");
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    assert_eq!(run(&["man", "--to", to]).status.code(), Some(0));
    for command in commands {
        let page = std::fs::read_to_string(folder.path().join(format!("jitlog-{command}.1"))).unwrap();
        assert!(page.contains("Example:"), "{command}");
    }
    assert_eq!(run(&["man", "--to", "/no/such/folder"]).status.code(), Some(2));
}
