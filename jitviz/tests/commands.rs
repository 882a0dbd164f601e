//! The commands as a script sees them: output, exit codes, messages, broken pipes.

mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::{Fixture, expect, write_demo, write_hostile};

fn jitviz(args: &[&str], log: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jitviz"));
    command.env_remove("NO_COLOR").env_remove("LC_ALL").env_remove("LC_CTYPE").env("LANG", "C.UTF-8");
    for arg in args {
        match *arg {
            "LOG" => command.arg(log),
            arg => command.arg(arg),
        };
    }
    command.stdin(Stdio::null()).output().expect("jitviz runs")
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

/// The message of a command that must fail.
fn refusal(args: &[&str], log: &Path) -> String {
    let output = jitviz(args, log);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8(output.stderr).expect("messages are UTF-8")
}

#[test]
fn answers_as_text_and_json() {
    let fixture = Fixture::new(write_demo);
    for (name, args) in [
        ("summary", &["summary", "LOG"][..]),
        ("traces", &["traces", "LOG"]),
        ("traces-top", &["traces", "LOG", "--sort", "compile_ns", "--limit", "2"]),
        ("guards", &["guards", "LOG"]),
        ("aborts", &["aborts", "LOG"]),
        ("allocs", &["allocs", "LOG"]),
        ("memory", &["memory", "LOG"]),
        ("objects", &["objects", "LOG"]),
        ("decisions", &["decisions", "LOG"]),
        ("passes", &["passes", "LOG"]),
        ("lines", &["lines", "LOG"]),
        ("lines-top", &["lines", "LOG", "--sort", "failures", "--limit", "2", "--no-source"]),
        ("explain", &["explain", "LOG"]),
        ("explain-all", &["explain", "LOG", "--all"]),
        ("trace", &["trace", "LOG", "1"]),
        ("trace-asm", &["trace", "LOG", "1", "--stage", "asm", "--no-source"]),
        ("trace-final", &["trace", "LOG", "1", "--stage", "final", "--color", "always"]),
        ("trace-aborted", &["trace", "LOG", "4"]),
    ] {
        expect(&format!("{name}.txt"), &stdout(&jitviz(args, &fixture.path)));
        let mut args = args.to_vec();
        args.push("--json");
        let json = stdout(&jitviz(&args, &fixture.path));
        serde_json::from_str::<serde_json::Value>(&json).unwrap();
        if !name.contains('-') {
            expect(&format!("{name}.json"), &json);
        }
    }
}

#[test]
fn two_runs_are_compared_and_a_slower_one_fails_if_asked() {
    let (a, b) = (Fixture::new(write_demo), Fixture::new(support::write_sampled));
    let [a, b] = [&a, &b].map(|f| f.path.to_str().expect("a path of text").to_string());
    let here = Path::new(".");
    let shown = |args: &[&str]| stdout(&jitviz(args, here)).replace(&a, "a.jlog").replace(&b, "b.jlog");
    expect("diff.txt", &shown(&["diff", &a, &b]));
    expect("diff.json", &shown(&["diff", &a, &b, "--json"]));
    expect("diff-sets.txt", &shown(&["diff", &a, &a, "--with", &b, &b]));
    assert_eq!(shown(&["diff", &a, &a, "--", &b, &b]), shown(&["diff", &a, &a, "--with", &b, &b]));
    let status = |args: &[&str]| jitviz(args, here).status.code();
    // The demo takes longer.
    assert_eq!(status(&["diff", &b, &a, "--fail-over", "10"]), Some(1));
    assert_eq!(status(&["diff", &a, &b, "--fail-over", "10"]), Some(0));
    assert_eq!(status(&["diff", &a, &a, "--fail-over", "0"]), Some(0));
    assert_eq!(status(&["diff", &a]), Some(2));
    assert_eq!(status(&["diff", &a, &b, &b]), Some(2));
    assert_eq!(status(&["diff", &a, "missing.jlog"]), Some(2));
    // Two logs without a command are compared: here, without a terminal, as text.
    assert_eq!(shown(&[&a, &b]), shown(&["diff", &a, &b]));
    for missing in [[a.as_str(), "missing.jlog"], ["missing.jlog", a.as_str()]] {
        let out = jitviz(&missing, here);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2));
        assert!(said.contains("missing.jlog") && !said.contains(&a), "{said}");
    }
}

#[test]
fn without_a_terminal_the_summary_is_printed() {
    let fixture = Fixture::new(write_demo);
    assert_eq!(stdout(&jitviz(&["LOG"], &fixture.path)), stdout(&jitviz(&["summary", "LOG"], &fixture.path)));
}

#[test]
fn a_hostile_log_reaches_neither_terminal_nor_json() {
    let fixture = Fixture::new(write_hostile);
    for args in [
        &["summary", "LOG"][..],
        &["traces", "LOG"],
        &["guards", "LOG"],
        &["aborts", "LOG"],
        &["allocs", "LOG"],
        &["decisions", "LOG"],
        &["passes", "LOG"],
        &["lines", "LOG"],
        &["explain", "LOG", "--all"],
        &["trace", "LOG", "1"],
    ] {
        for json in [false, true] {
            let mut args = args.to_vec();
            args.extend(json.then_some("--json"));
            let shown = stdout(&jitviz(&args, &fixture.path));
            let bad: Vec<char> = shown.chars().filter(|c| *c != '\n' && jitviz::clean::is_hostile(*c)).collect();
            assert!(bad.is_empty(), "{args:?}: {bad:?}");
            args.extend(["--ascii", "--color", "never"]);
            let shown = stdout(&jitviz(&args, &fixture.path));
            assert!(json || shown.is_ascii(), "{args:?}: {shown}");
        }
    }
}

#[test]
fn refusals_name_the_file_and_what_to_do() {
    let fixture = Fixture::new(write_demo);
    let here = fixture.dir.path();
    assert!(refusal(&["summary", "missing.jlog"], here).contains("missing.jlog: No such file"));
    let other = here.join("notes.txt");
    std::fs::write(&other, "not a log at all, only text that is long enough to be one").unwrap();
    assert!(refusal(&["LOG"], &other).contains("jitvm --log"));
    let empty = here.join("empty.jlog");
    std::fs::write(&empty, "").unwrap();
    assert!(refusal(&["summary", "LOG"], &empty).contains("the file is empty"));
    let mut newer = std::fs::read(&fixture.path).unwrap();
    newer[8] = 9;
    let path = here.join("newer.jlog");
    std::fs::write(&path, newer).unwrap();
    let message = refusal(&["summary", "LOG"], &path);
    assert!(message.contains("newer") && message.contains("use the jitviz that came with"), "{message}");

    assert!(refusal(&["trace", "LOG", "99"], &fixture.path).contains("numbered 1 to 8"));
    assert!(refusal(&["trace", "LOG", "1", "--stage", "nope"], &fixture.path).contains("it has bytecode, recorded"));
    assert!(refusal(&["trace", "LOG", "1", "--stage", "range"], &fixture.path).contains("changed nothing"));
    assert!(refusal(&["traces", "LOG", "--sort", "nope"], &fixture.path).contains("possible values"));
    assert!(refusal(&["LOG", "summary", "LOG"], &fixture.path).contains("write it after"));
    refusal(&[], &fixture.path);
    refusal(&["traces", "LOG", "--limit", "-1"], &fixture.path);
}

#[test]
fn a_damaged_log_is_read_as_far_as_it_goes() {
    let fixture = Fixture::new(write_demo);
    let whole = std::fs::read(&fixture.path).unwrap();
    let path = fixture.dir.path().join("damaged.jlog");
    for cut in (1..whole.len()).step_by(whole.len() / 23) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let output = jitviz(&["summary", "LOG"], &path);
        assert!(matches!(output.status.code(), Some(0 | 2)), "cut at {cut}");
    }
    // Flips all over the file, in steps that hit every part of it.
    for at in (0..whole.len()).step_by(whole.len() / 29) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
        for args in [&["summary", "LOG"][..], &["trace", "LOG", "1"]] {
            let code = jitviz(args, &path).status.code();
            assert!(matches!(code, Some(0 | 2)), "flip at {at}: {code:?}");
        }
    }
    std::fs::write(&path, &whole[..whole.len() - 70_000]).unwrap();
    let shown = stdout(&jitviz(&["summary", "LOG"], &path));
    assert!(shown.contains("truncated") && shown.contains("Problems with this log"), "{shown}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let fixture = Fixture::new(write_demo);
    let mut child = Command::new(env!("CARGO_BIN_EXE_jitviz"))
        .args(["trace", fixture.path.to_str().unwrap(), "1", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn a_full_disk_is_an_error() {
    let fixture = Fixture::new(write_demo);
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let output = Command::new(env!("CARGO_BIN_EXE_jitviz"))
        .args(["summary", fixture.path.to_str().unwrap()])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("writing failed"));
}

#[test]
fn help_lists_the_commands_that_exist() {
    let fixture = Fixture::new(write_demo);
    let commands = [
        "",
        "summary",
        "explain",
        "traces",
        "trace",
        "guards",
        "aborts",
        "allocs",
        "decisions",
        "passes",
        "diff",
        "lines",
        "plot",
        "report",
        "follow",
        "timeline",
        "memory",
        "objects",
        "blame",
        "flame",
        "completions",
        "man",
    ];
    for command in commands {
        let args: Vec<&str> = [command, "--help"].into_iter().filter(|a| !a.is_empty()).collect();
        let name = if command.is_empty() { "help".to_string() } else { format!("help-{command}") };
        expect(&format!("{name}.txt"), &stdout(&jitviz(&args, &fixture.path)));
    }
    assert!(stdout(&jitviz(&["--version"], &fixture.path)).starts_with("jitviz 0."));
}

#[test]
fn completions_and_man_pages_list_what_the_help_lists() {
    let fixture = Fixture::new(write_demo);
    let run = |args: &[&str]| stdout(&jitviz(args, &fixture.path));
    let help = run(&["--help"]);
    let section = |title: &str| -> Vec<&str> {
        help.lines().skip_while(|l| *l != title).skip(1).take_while(|l| !l.is_empty()).collect()
    };
    let word = |l: &&str| Some(l.strip_prefix("  ")?.split(' ').next()?.to_string());
    let mut commands: Vec<String> = section("Commands:").iter().filter_map(word).collect();
    commands.retain(|c| !c.is_empty() && c != "help");
    let long = |l: &&str| Some(format!("--{}", l.split_once("--")?.1.split([' ', '=']).next()?));
    let flags: Vec<String> = section("Options:").iter().filter_map(long).collect();
    assert!(commands.len() > 15 && flags.contains(&"--no-mouse".to_string()), "{commands:?} {flags:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = run(&["completions", shell]);
        let has = |word: &String| text.contains(word.trim_start_matches('-'));
        assert!(commands.iter().chain(&flags).all(has), "{shell}");
    }
    assert_eq!(jitviz(&["completions", "cmd"], &fixture.path).status.code(), Some(2));
    let page = run(&["man"]).replace('\\', "");
    assert!(page.contains(".TH jitviz") && commands.iter().chain(&flags).all(|word| page.contains(word)), "{page}");
    let folder = fixture.dir.path().to_str().expect("a path of text");
    run(&["man", "--to", folder]);
    for command in &commands {
        let page = std::fs::read_to_string(fixture.dir.path().join(format!("jitviz-{command}.1"))).unwrap();
        assert!(page.contains("Example"), "{command}");
    }
    assert_eq!(jitviz(&["man", "--to", "/no/such/folder"], &fixture.path).status.code(), Some(2));
}

#[test]
fn a_name_of_a_file_that_is_no_text_is_shown_as_text() {
    use std::os::unix::ffi::OsStrExt;
    let fixture = Fixture::new(write_demo);
    let hostile = std::ffi::OsStr::from_bytes(b"a\x1b[2J\xff\xe2\x80\xae.jlog");
    let path = fixture.dir.path().join(hostile);
    std::fs::rename(&fixture.path, &path).unwrap();
    let shown = stdout(&jitviz(&["summary", "LOG"], &path));
    assert!(shown.contains("shapes.py"), "{shown}");
    let said =
        refusal(&["summary", "LOG"], &fixture.dir.path().join(std::ffi::OsStr::from_bytes(b"\x1b]0;no\x07\xff")));
    assert!(said.contains("\\x1b]0;no") && !said.contains('\x1b'), "{said:?}");
}

#[test]
fn following_without_a_terminal_prints_the_summary_at_the_end() {
    let fixture = Fixture::new(write_demo);
    let followed = stdout(&jitviz(&["follow", "LOG"], &fixture.path));
    assert_eq!(followed, stdout(&jitviz(&["summary", "LOG"], &fixture.path)));
    assert_eq!(jitviz(&["follow", "LOG"], &fixture.dir.path().join("none.jlog")).status.code(), Some(2));
}

#[test]
fn a_log_that_is_followed_may_come_a_moment_later() {
    let fixture = Fixture::new(write_demo);
    let later = fixture.dir.path().join("later.jlog");
    let (from, to) = (fixture.path.clone(), later.clone());
    let program = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        std::fs::rename(from, to)
    });
    let output = Command::new(env!("CARGO_BIN_EXE_jitviz")).arg("follow").arg(&later).output().expect("jitviz runs");
    program.join().expect("the thread ends").expect("the log is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
