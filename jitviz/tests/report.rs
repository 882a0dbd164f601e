//! The report and the charts: same log, same bytes; nothing of a log becomes markup; files are never lost.

mod support;

use std::path::Path;
use std::process::{Command, Output};

use support::{Fixture, expect, write_demo, write_hostile, write_quiet};

fn jitviz(args: &[&str], log: &Path) -> Output {
    let args = args.iter().map(|a| if *a == "LOG" { log.as_os_str() } else { a.as_ref() });
    Command::new(env!("CARGO_BIN_EXE_jitviz")).args(args).output().expect("jitviz runs")
}

fn stdout(args: &[&str], log: &Path) -> String {
    let output = jitviz(args, log);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

#[test]
fn the_same_log_gives_the_same_bytes() {
    let fixture = Fixture::new(write_demo);
    let page = stdout(&["report", "LOG", "-o", "-"], &fixture.path);
    expect("report.html", &page);
    assert_eq!(stdout(&["report", "LOG", "-o", "-"], &fixture.path), page);
    for kind in ["traces", "guards", "memory", "gc", "codemap", "timeline"] {
        expect(&format!("plot-{kind}.svg"), &stdout(&["plot", kind, "LOG", "-o", "-"], &fixture.path));
        expect(&format!("plot-{kind}.json"), &stdout(&["plot", kind, "LOG", "--json"], &fixture.path));
    }
}

#[test]
fn the_report_is_whole_by_itself_and_findings_come_first() {
    for write in [write_demo, write_hostile, write_quiet] {
        let page = stdout(&["report", "LOG", "-o", "-"], &Fixture::new(write).path);
        for outside in ["http://", "https://", "src=", "@import", "<script", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
        assert!(at("<h2>Findings") < at("<h2>Over time") && at("<h2>Over time") < at("<h2>Traces"));
        assert!(page.contains("prefers-color-scheme: dark") && page.contains("@media print"));
        assert!(page.len() < 5 << 20);
    }
}

#[test]
fn a_hostile_log_becomes_no_markup() {
    let fixture = Fixture::new(write_hostile);
    let page = stdout(&["report", "LOG", "-o", "-"], &fixture.path);
    assert!(page.contains("&lt;b&gt;"), "the name is shown");
    for page in [page, stdout(&["plot", "guards", "LOG", "-o", "-"], &fixture.path)] {
        assert!(!page.contains("<b>"), "{page}");
        assert!(!page.chars().any(|c| c != '\n' && jitviz::clean::is_hostile(c)));
    }
}

#[test]
fn the_source_stays_out_if_asked() {
    let fixture = Fixture::new(write_demo);
    assert!(stdout(&["report", "LOG", "-o", "-"], &fixture.path).contains("return self.w * self.h"));
    let page = stdout(&["report", "LOG", "-o", "-", "--no-source"], &fixture.path);
    assert!(!page.contains("return self.w * self.h"));
}

#[test]
fn files_are_kept_unless_force_is_given() {
    let fixture = Fixture::new(write_demo);
    let path = fixture.dir.path().join("out.html");
    let file = path.to_str().expect("the path is text");
    std::fs::write(&path, "mine").unwrap();
    for args in [&["report", "LOG", "-o", file][..], &["plot", "gc", "LOG", "-o", file]] {
        let output = jitviz(args, &fixture.path);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--force"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
    stdout(&["report", "LOG", "-o", file, "--force"], &fixture.path);
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("<!DOCTYPE html>"));
    assert_eq!(jitviz(&["report", "LOG"], &fixture.path).status.code(), Some(2), "a report needs a file");
    assert_eq!(jitviz(&["plot", "gc", "LOG", "--json", "-o", "-"], &fixture.path).status.code(), Some(2));
    let quiet = Fixture::new(write_quiet);
    let output = jitviz(&["plot", "gc", "LOG", "-o", "-"], &quiet.path);
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing to draw"));
}
