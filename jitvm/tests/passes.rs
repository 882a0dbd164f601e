//! Golden tests of the passes: text in, text out, one file per case in `fixtures/ir`.
//!
//! A file says in comments what it shows, then `passes fold peel`, perhaps `link 7` for a side trace and where it goes, and
//! `into peel_list` if that is the loop made of the input of that file,
//! `input` with a trace, and `expected` with what the last of the passes makes of it (or `abort: ...`). With `BLESS=1` the expected parts are written anew.

mod ir_support;

use std::fs;
use std::path::{Path, PathBuf};

use ir_support::HELPERS;
use jitvm::ir::check::check;
use jitvm::ir::parse::parse;
use jitvm::ir::text::print;
use jitvm::ir::{Label, Recorded, TraceId};
use jitvm::optimise::{self, PASSES, PassOptions};

/// The way into the loop that all passes make of a fixture's input.
fn label_of(name: &str) -> Label {
    let path = folder().join(name).with_extension("ir");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let input = text.split("\ninput\n").nth(1).and_then(|rest| rest.split("\nexpected\n").next()).expect("an input");
    let parsed = parse(input, HELPERS).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let closing = parsed.closing.expect("the input has a closing state");
    let mut options = PassOptions::default();
    options.helpers = HELPERS;
    let recorded = Recorded { body: parsed.body, closing, link: None };
    let (_, label) =
        optimise::run_on(recorded, None, None, &|_, _| true, &options, &mut |_| {}).expect("it becomes a loop");
    label.expect("the loop can be entered")
}

/// Puts the input through the named passes.
fn transform(input: &str, passes: &[&str], link: Option<TraceId>, into: Option<&Label>) -> String {
    let parsed = parse(input, HELPERS).unwrap_or_else(|error| panic!("input: {error}"));
    let closing = parsed.closing.expect("the input has a closing state");
    let mut options = PassOptions::default();
    options.helpers = HELPERS;
    for pass in PASSES {
        options.set(pass.name, passes.contains(&pass.name));
    }
    let last = passes.last().expect("a pass is named");
    let mut output = String::new();
    // A trace with values that it keeps for the loop comes from the loop's body.
    let since = (!parsed.body.kept.is_empty()).then(optimise::Clobbers::default);
    let into = into.map(|label| optimise::Target { label, since, is_of_side: true });
    let recorded = Recorded { body: parsed.body, closing, link };
    let result = optimise::run_on(recorded, None, into, &|_, _| true, &options, &mut |report| {
        if report.pass.name == *last {
            output = print(report.body, report.closing, HELPERS);
            assert_eq!(check(report.body, report.closing, HELPERS), []);
        }
    });
    match result {
        Ok(_) => output,
        Err(abort) => format!("abort: {abort}\n"),
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/ir")
}

fn fixtures() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("fixtures/ir is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "ir"));
    paths.sort();
    paths
}

#[test]
fn ir_passes_make_what_the_fixtures_say() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = String::new();
    for path in fixtures() {
        let text = fs::read_to_string(&path).expect("readable");
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let (head, rest) = text.split_once("\ninput\n").unwrap_or_else(|| panic!("{name}: no input"));
        let (input, expected) = rest.split_once("\nexpected\n").unwrap_or_else(|| panic!("{name}: no expected"));
        let passes = head.lines().find_map(|line| line.strip_prefix("passes ")).expect("a line with passes");
        let passes: Vec<&str> = passes.split_whitespace().collect();
        let link = head.lines().find_map(|line| line.strip_prefix("link ")?.parse().ok().map(TraceId));
        let into = head.lines().find_map(|line| line.strip_prefix("into ")).map(label_of);
        let output = transform(input, &passes, link, into.as_ref());
        if output == expected {
            continue;
        }
        if bless {
            fs::write(&path, format!("{head}\ninput\n{input}\nexpected\n{output}")).expect("writable");
        } else {
            wrong += &format!("== {name}: expected\n{expected}== but it is\n{output}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn ir_printed_traces_parse_to_themselves() {
    if std::env::var_os("BLESS").is_some() {
        // The files are being written.
        return;
    }
    for path in fixtures() {
        let text = fs::read_to_string(&path).expect("readable");
        for part in text.split("\ninput\n").nth(1).expect("an input").split("\nexpected\n") {
            if part.starts_with("abort") {
                continue;
            }
            let parsed = parse(part, HELPERS).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let printed = print(&parsed.body, parsed.closing.as_ref(), HELPERS);
            let again = parse(&printed, HELPERS).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(parsed == again, "{}", path.display());
            assert_eq!(printed, print(&again.body, again.closing.as_ref(), HELPERS), "{}", path.display());
        }
    }
}

#[test]
fn ir_passes_are_switched_by_name() {
    let mut options = PassOptions::default();
    assert!(options.set("peel", false) && !options.set("no such pass", false));
    assert!(options.is_on(1) && !options.is_on(2) && options.is_on(3));
}
