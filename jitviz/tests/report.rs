//! The report and the charts: same log, same bytes; nothing of a log becomes markup; files are never lost.

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use jitviz::model::{
    Collection, Compile, Func, FuncId, Guard, GuardId, Loc, LocId, Model, Source, SourceId, Trace, TraceId,
};
use jitviz::report::report;
use support::{Fixture, expect, write_demo, write_hostile, write_quiet, write_sampled};

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
    expect("report.html", &without_the_machine(&page));
    assert_eq!(stdout(&["report", "LOG", "-o", "-"], &fixture.path), page);
    for kind in ["traces", "guards", "memory", "gc", "codemap", "timeline"] {
        expect(&format!("plot-{kind}.svg"), &stdout(&["plot", kind, "LOG", "-o", "-"], &fixture.path));
        expect(&format!("plot-{kind}.json"), &stdout(&["plot", kind, "LOG", "--json"], &fixture.path));
    }
}

/// When and where the log was made is not the same for all who run this test.
fn without_the_machine(page: &str) -> String {
    let varies = |line: &&str| !["<dt>Started<", "<dt>Machine<"].iter().any(|start| line.starts_with(start));
    page.lines().filter(varies).map(|line| format!("{line}\n")).collect()
}

/// What stands between a text and the next quote, wherever the text is.
fn quoted<'p>(page: &'p str, before: &str) -> Vec<&'p str> {
    page.split(before).skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect()
}

#[test]
fn the_head_says_what_ran_where_and_when() {
    let page = stdout(&["report", "LOG", "-o", "-"], &Fixture::new(write_demo).path);
    for fact in ["Duration", "VM", "Format of the log", "Exit status", "Log"] {
        assert!(page.contains(&format!("<dt>{fact}</dt><dd>")), "{fact}");
    }
}

#[test]
fn the_explorer_holds_every_stage_and_bridges_inside_their_parents() {
    let page = stdout(&["report", "LOG", "-o", "-"], &Fixture::new(write_demo).path);
    let explorer = page.split("<h2>Trace explorer</h2>").nth(1).expect("the explorer is there");
    assert_eq!(page.matches("<details").count(), page.matches("</details>").count());
    let at = |text: &str| explorer.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    let depth = |at: usize| explorer[..at].matches("<details").count() - explorer[..at].matches("</details>").count();
    assert_eq!(depth(at("<details id=\"trace-1\"")), 0);
    assert_eq!(depth(at("<details id=\"trace-2\"")), 1, "a bridge is inside its loop");
    assert_eq!(depth(at("<details id=\"trace-3\"")), 2, "and its own inside it");
    for stage in ["bytecode", "recorded", "fold", "loop", "asm"] {
        assert!(explorer.contains(&format!("<details><summary>{stage}")), "{stage}");
    }
    assert!(!page.contains("<script"), "folding needs none");
}

#[test]
fn every_link_leads_somewhere_and_every_chart_is_told_in_words() {
    for write in [write_demo, write_sampled, write_hostile] {
        let page = stdout(&["report", "LOG", "-o", "-"], &Fixture::new(write).path);
        let ids = quoted(&page, " id=\"");
        for (i, id) in ids.iter().enumerate() {
            assert!(!ids[..i].contains(id), "{id} twice");
        }
        no_link_is_dead(&page);
        let charts = page.matches("<svg ").count();
        assert!(charts > 0 && page.matches("role=\"img\" aria-label=\"").count() == charts);
        assert!(
            page.matches("<desc>").count() == charts
                && page.matches("<th ").count() == page.matches("scope=\"col\"").count()
        );
        for svg in page.split("<svg ").skip(1) {
            let after = svg.split("</svg>").nth(1).unwrap_or_default();
            assert!(after.split("<h").next().unwrap_or_default().contains("<p class=\"soft\">"), "how to read it");
        }
    }
}

fn no_link_is_dead(page: &str) {
    let ids: BTreeSet<&str> = quoted(page, " id=\"").into_iter().collect();
    for to in quoted(page, "href=\"#") {
        assert!(ids.contains(&to), "{to}");
    }
}

#[test]
fn every_trace_is_on_paper() {
    let style = stdout(&["report", "LOG", "-o", "-"], &Fixture::new(write_quiet).path);
    let paper = style.split("@media print").nth(1).expect("there are rules for paper");
    assert!(paper.contains("details[id]::details-content") && paper.contains("break-inside: avoid"));
}

#[test]
fn a_report_of_a_great_log_stays_small() {
    let mut model = Model { duration_ns: 1_000_000_000, ..Model::default() };
    for id in 1..=20_000 {
        let mut trace = Trace::new(TraceId(id));
        trace.installed_ns = Some(u64::from(id) * 40_000);
        trace.compile = Some(Compile { code_bytes: 300 + id % 900, compile_ns: 70_000, ..Compile::default() });
        trace.address = Some(0x1000 + u64::from(id) * 1_200);
        model.traces.insert(trace.id, trace);
        let mut guard = Guard::new(GuardId(id), TraceId(id));
        // The last lines are those of the guards that fail most, and more than the page has room for.
        guard.loc = LocId(id % 3_000);
        guard.failures = Some(id.into());
        guard.failed_at = (1..20).map(|i| (u64::from(id) * 40_000 + i, 1)).collect();
        model.guards.insert(guard.id, guard);
        model.collections.push(Collection { at_ns: u64::from(id) * 50_000, pause_ns: 9, ..Collection::default() });
    }
    model.program.sources.insert(SourceId(1), Source { path: "a.py".into(), ..Source::default() });
    model.program.funcs.insert(FuncId(1), Func { source: SourceId(1), name: "f".into() });
    for line in 1..3_000 {
        model.program.locs.insert(LocId(line), Loc { func: FuncId(1), line });
    }
    let page = report(&model, true).expect("it can be drawn");
    no_link_is_dead(&page);
    assert!(page.contains("href=\"#trace-") && page.contains("href=\"#line-"), "there are links");
    assert!(page.len() < 5 << 20, "{} bytes", page.len());
    assert!(
        page.contains(" more, which ran less") && page.contains("rows more: jitviz guards"),
        "what is left out is told"
    );
}

#[test]
fn a_part_of_the_run_is_drawn_and_reported_as_such() {
    let fixture = Fixture::new(write_sampled);
    let part = |args: &[&str]| stdout(&[args, &["--from", "80ms", "--to", "140ms"]].concat(), &fixture.path);
    let page = part(&["report", "LOG", "-o", "-"]);
    assert!(page.contains("Only the part of the run from 80.0 ms to 140 ms."));
    for kind in ["states", "warmup", "traces", "timeline"] {
        let chart: serde_json::Value = serde_json::from_str(&part(&["plot", kind, "LOG", "--json"])).unwrap();
        assert_eq!((chart["from_ns"].as_u64(), chart["duration_ns"].as_u64()), (Some(80_000_000), Some(60_000_000)));
        let series = chart["series"].as_array().expect("series");
        let points = series.iter().flat_map(|s| s["points"].as_array().expect("points"));
        let times: Vec<u64> = points.filter_map(|p| p[0].as_u64()).collect();
        assert!(times.iter().all(|t| (80_000_000..=140_000_000).contains(t)), "{kind}: {times:?}");
        assert!(kind == "timeline" || !times.is_empty(), "{kind}");
    }
    let output = jitviz(&["plot", "gc", "LOG", "--from", "2s", "--to", "1s", "-o", "-"], &fixture.path);
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not before"));
}

#[test]
fn a_file_that_is_called_png_is_one() {
    let fixture = Fixture::new(write_sampled);
    let path = fixture.dir.path().join("flame.PNG");
    stdout(&["plot", "flame", "LOG", "-o", path.to_str().expect("the path is text")], &fixture.path);
    let file = std::fs::read(&path).unwrap();
    assert!(file.starts_with(b"\x89PNG\r\n\x1a\n"));
    let output = jitviz(&["plot", "flame", "LOG", "--format", "png", "-o", "-"], &fixture.path);
    assert_eq!(output.stdout, file, "the same bytes");
    assert!(stdout(&["plot", "flame", "LOG", "-o", "-"], &fixture.path).starts_with("<svg "));
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
fn a_log_that_was_cut_says_so_before_anything_else() {
    let fixture = Fixture::new(write_demo);
    let bytes = std::fs::read(&fixture.path).expect("the log is there");
    let cut = fixture.path.with_file_name("cut.jlog");
    std::fs::write(&cut, &bytes[..bytes.len() * 3 / 4]).expect("the folder is writable");
    let page = stdout(&["report", "LOG", "-o", "-"], &cut);
    let at = |what: &str| page.find(what).unwrap_or_else(|| panic!("{what} is not in the page"));
    assert!(at("<p class=\"warn\">The log is ") < at("<h2>Findings"), "what distorts all numbers comes first");
}

#[test]
fn tables_have_headings_for_screen_readers_and_room_on_paper() {
    let fixture = Fixture::new(write_sampled);
    let page = stdout(&["report", "LOG", "-o", "-"], &fixture.path);
    assert!(!page.contains("<th>") && page.matches("<th scope=\"col\"").count() > 20, "each heading says of what");
    assert_eq!(
        page.matches("<table").count(),
        page.matches("aria-label=\"").count() - page.matches("role=\"img\"").count()
    );
    let (_, traces) = page.split_once("<h2>Traces").expect("there are traces");
    assert!(traces.split("<tbody>").next().is_some_and(|head| head.contains(" many\"") || head.contains("\"many\"")));
    assert!(page.contains(".many { font-size") && page.contains("break-after: avoid"));
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
