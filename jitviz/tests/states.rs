//! Time by state, by line and by trace, and warm-up, from a log with samples: every command, the charts, the report, the
//! first page of the UI.

mod support;

use std::process::Command;

use jitviz::analyse::summary::summary;
use jitviz::analyse::warmup::{Basis, Class, warmup};
use support::{Fixture, expect, write_demo, write_sampled};

fn stdout(args: &[&str], fixture: &Fixture) -> String {
    let args = args.iter().map(|a| if *a == "LOG" { fixture.path.as_os_str() } else { a.as_ref() });
    let output = Command::new(env!("CARGO_BIN_EXE_jitviz")).args(args).output().expect("jitviz runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

#[test]
fn the_commands_show_the_time() {
    let fixture = Fixture::new(write_sampled);
    for command in ["summary", "lines", "traces", "explain", "blame"] {
        expect(&format!("sampled-{command}.txt"), &stdout(&[command, "LOG"], &fixture));
        expect(&format!("sampled-{command}.json"), &stdout(&[command, "LOG", "--json"], &fixture));
    }
}

#[test]
fn the_charts_of_states_and_warm_up_are_always_the_same() {
    let fixture = Fixture::new(write_sampled);
    for kind in ["states", "warmup", "flame"] {
        expect(&format!("plot-{kind}.svg"), &stdout(&["plot", kind, "LOG", "-o", "-"], &fixture));
        expect(&format!("plot-{kind}.json"), &stdout(&["plot", kind, "LOG", "--json"], &fixture));
    }
    let page = stdout(&["report", "LOG", "-o", "-"], &fixture);
    expect("sampled-report.html", &page);
    assert_eq!(stdout(&["report", "LOG", "-o", "-"], &fixture), page);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(at("Time by state") < at("<h3>Warm-up") && at("<h3>Warm-up") < at("Traces over time"));
}

#[test]
fn the_account_adds_up() {
    let model = Fixture::new(write_sampled).model();
    let summary = summary(&model);
    let sum: u64 = summary.states.list().iter().map(|(_, ns)| ns.expect("every state is known")).sum();
    assert_eq!(sum, summary.duration_ns.unwrap());
    let ms = |ns: Option<u64>| ns.unwrap_or(0) / 1_000_000;
    let s = &summary.states;
    assert_eq!((ms(s.interp), ms(s.native), ms(s.gc), ms(s.idle)), (13 * 8 + 11, 12, 2, 50));
    assert_eq!(s.jit, Some(900_000), "timed, not what the recording took with the program in it");
    let lines = jitviz::analyse::lines::rows(&model, false);
    let by_line: u64 = lines.iter().filter_map(|line| line.time_ns).sum();
    assert_eq!(Some(by_line), Some(s.interp.unwrap_or(0) + s.compiled.unwrap_or(0) + s.native.unwrap_or(0)));
}

#[test]
fn the_interpreters_and_the_builtins_time_is_charged_to_the_last_nanosecond() {
    let model = Fixture::new(write_sampled).model();
    let states = summary(&model).states;
    let found = jitviz::analyse::charges::charges(&model);
    assert_eq!((Some(found.interp_ns), Some(found.native_ns)), (states.interp, states.native));
    assert_eq!(found.interp.iter().map(|row| row.ns).sum::<u64>(), found.interp_ns);
    assert_eq!(found.causes.iter().map(|(_, ns)| ns).sum::<u64>(), found.interp_ns);
    assert_eq!(found.native.iter().map(|row| row.ns).sum::<u64>(), found.native_ns);
}

#[test]
fn the_warm_up_is_explained_by_the_trace() {
    let model = Fixture::new(write_sampled).model();
    let found = warmup(&model).expect("iterations are marked");
    assert_eq!((found.basis, found.class), (Basis::Iterations, Some(Class::WarmUp)));
    assert_eq!(found.changes.len(), 1);
    assert!(found.changes[0].index.abs_diff(12) <= 1);
    assert_eq!(found.changes[0].causes, ["compiled loop 1 at shapes.py:12"]);
    let unsampled = Fixture::new(write_demo).model();
    assert_eq!(warmup(&unsampled), None);
}
