//! Time travel: parts of a log add up to the whole, views follow the cursor, a growing log ends as a read one.

#[path = "support/screen.rs"]
mod screen;
mod support;

use std::ops::ControlFlow;

use jitlog::{CounterKind, Log, LogOptions, Sample, SampleState, StreamKind, TraceId, TraceStart};
use jitviz::analyse::{guards, summary, traces};
use jitviz::model::{self, Model, Span};
use jitviz::tui::action::{Action, ViewId};
use jitviz::tui::app::{App, update};
use jitviz::tui::lists::Seen;
use screen::{press, settle, text};
use support::{Fixture, write_demo, write_sampled};

fn part(whole: &Model, from_ns: u64, to_ns: u64) -> Model {
    whole.part(Span { from_ns, to_ns }, &mut |_| ControlFlow::Continue(())).expect("it was read from a log")
}

fn demo(keys: &str) -> App {
    press(screen::app(Fixture::new(write_demo).model(), (100, 30), false), keys)
}

#[test]
fn two_parts_are_the_whole() {
    for write in [write_demo, write_sampled] {
        let fixture = Fixture::new(write);
        let whole = fixture.model();
        for cut in [
            1,
            50_000_000,
            50_300_000,
            96_100_000,
            97_200_000,
            134_700_000,
            150_000_000,
            250_000_000,
            whole.duration_ns,
        ] {
            let (first, second) = (part(&whole, 0, cut), part(&whole, cut, u64::MAX));
            for state in [SampleState::Interp, SampleState::Trace, SampleState::Native, SampleState::Idle] {
                assert_eq!(first.samples.ns(state) + second.samples.ns(state), whole.samples.ns(state));
            }
            let jit = summary::jit_ns;
            assert_eq!(jit(&first) + jit(&second), jit(&whole), "cut at {cut}");
            let gc = |m: &Model| summary::states(m).gc.unwrap_or(0);
            assert_eq!(gc(&first) + gc(&second), gc(&whole), "cut at {cut}");
            let collections = |m: &Model| m.collections.len();
            assert_eq!(collections(&first) + collections(&second), collections(&whole));
            assert_eq!(first.health.events + second.health.events, whole.health.events);
            assert_eq!(first.duration_ns + second.duration_ns, whole.duration_ns);
            // Counters are of the part in which they were read.
            let failures = |m: &Model| summary::summary(m).guards.failures.unwrap_or(0);
            let of_both = |m: &Model| failures(m).max(m.guards.values().filter_map(|g| g.failures).sum());
            if first.guards.len() == whole.guards.len() {
                assert_eq!(of_both(&first) + of_both(&second), failures(&whole), "cut at {cut}");
            }
        }
    }
}

#[test]
fn no_state_takes_longer_than_the_part() {
    let fixture = Fixture::new(write_sampled);
    let whole = fixture.model();
    // Within a sample, within the pause of a collection, after all the JIT did, and after all that was sampled.
    for (from, to) in
        [(50_200_000, 50_300_000), (190_000_000, 190_100_000), (150_000_000, 160_000_000), (1 << 40, u64::MAX)]
    {
        let part = part(&whole, from, to);
        for (name, ns) in summary::states(&part).list() {
            assert!(ns.unwrap_or(0) <= part.duration_ns, "{name} {ns:?} of {}", part.duration_ns);
        }
    }
    let sum = |states: summary::States| states.interp.unwrap_or(0);
    assert_eq!(sum(summary::states(&part(&whole, 50_200_000, 50_300_000))), 100_000, "a sample's part");
    assert_eq!(summary::states(&part(&whole, 150_000_000, 160_000_000)).jit, Some(0), "none then");
}

#[test]
fn failures_are_when_their_bailouts_were() {
    let fixture = Fixture::new(write_demo);
    let whole = fixture.model();
    // The counters of this log are read once, at its end.
    let part = part(&whole, 0, 60_000_000);
    let sums = summary::summary(&part).guards;
    assert_eq!((sums.failing, sums.failures), (Some(2), Some(3)));
    let rows = guards::rows(&part);
    assert_eq!((rows[0].first_ns, rows[0].last_ns, rows[0].last_exact), (Some(22_022_000), Some(25_023_000), true));
    assert!(!rows[0].observed.is_empty(), "what bailouts saw is known too");
    assert!(!guards::rows(&whole)[0].last_exact, "of most failures only a reading of the counter tells");
}

#[test]
fn a_part_shows_only_what_was_there() {
    let fixture = Fixture::new(write_sampled);
    let whole = fixture.model();
    let before = part(&whole, 0, 96_000_000);
    assert!(before.traces.is_empty() && before.guards.is_empty() && before.problems.len() <= whole.problems.len());
    let after = part(&whole, 150_000_000, u64::MAX);
    assert_eq!(traces::rows(&after).len(), 1, "a trace that was compiled before the part is still there");
    assert_eq!(guards::rows(&after)[0].failures, Some(40_000));
    let aborted = Fixture::new(write_demo).model();
    let late = part(&aborted, 200_000_000, u64::MAX);
    assert_eq!(summary::summary(&late).traces.aborted, Some(0), "aborts are of the time in which they happened");
}

#[test]
fn the_cursor_of_time_moves_every_view() {
    let app = demo("2 g");
    assert_eq!(app.clock.now, Some(app.whole.moments[0].at_ns));
    assert!(app.model.span.is_some() && app.pending.is_none());
    assert_eq!(press(app, "3").list().len(), 1, "only the first recording has begun");
    let app = demo("2 g > 5");
    assert!(text(&app).contains("as of"), "{}", text(&app));
    assert!(app.list().len() < app.whole.guards.len());
    let app = press(app, "w");
    assert_eq!((app.model.span, app.list().len()), (None, app.whole.guards.len()));
    let app = demo(", , ,");
    assert!(app.clock.now < Some(app.whole.duration_ns) && app.clock.now.is_some());
    let app = press(app, ". . . . .");
    assert_eq!(app.clock.now, None, "stepping on from the last event is the whole run");
}

#[test]
fn a_range_is_chosen_and_let_go() {
    let sampled = screen::app(Fixture::new(write_sampled).model(), (100, 30), false);
    let app = press(sampled, "2 k [ k k k ] 1");
    let (from, to) = app.clock.range.expect("a range was chosen");
    assert_eq!(app.model.span, Some(Span { from_ns: from, to_ns: to }));
    assert_eq!(summary::summary(&app.model).duration_ns, Some(to - from));
    assert!(text(&app).contains(".."), "{}", text(&app));
    let app = press(app, "2 F");
    assert!(app.timeline.is_zoomed());
    let app = press(app, "<Esc>");
    assert!(!app.timeline.is_zoomed() && app.view == ViewId::Timeline);
    assert_eq!(press(app, "w").model.span, None);
}

#[test]
fn playing_ends_at_the_end() {
    let mut app = demo("2 g <Space>");
    assert!(app.clock.playing);
    let mut steps = 0;
    while app.clock.playing {
        app = settle(update(app, Action::Tick));
        steps += 1;
        assert!(steps < 500, "it ends");
    }
    assert!(steps > 20 && app.model.span.is_none());
    let slow = press(demo("2 g"), "{ <Space>");
    assert_eq!(slow.clock.speed, -1);
}

#[test]
fn zooming_keeps_the_cursor_on_screen() {
    let mut app = demo("2 k k k");
    for key in ["+", "+", "+", "l", "h", "+", "-", "-", "h", "h", "F"] {
        app = press(app, key);
        let now = app.clock.now.unwrap_or(app.timeline.end());
        assert!(app.timeline.from_ns <= now && now <= app.timeline.to_ns, "{key}");
        assert!(app.timeline.to_ns <= app.timeline.end());
    }
}

#[test]
fn a_part_that_comes_too_late_is_not_shown() {
    let app = demo("2 g");
    let mut app = press(app, "w");
    let late = part(&app.whole, 0, 5);
    app.arrived(Seen::new(late, app.options.charset));
    assert_eq!(app.model.span, None);
}

#[test]
fn a_growing_log_ends_as_a_read_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("live.jlog");
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let defs = log.defs();
    let func = defs.func(defs.source("a.py", b"pass\n"), "f", 1, 1);
    let loc_id = defs.loc(func, 0, 1, 0);
    let mut stream = log.stream("main", StreamKind::Mutator);
    let opened = model::Log::open(&path).unwrap();
    assert!(opened.is_live());
    let mut growing = opened.follow();
    for id in 1..20 {
        let trace_id = TraceId(id);
        stream.trace_start(&TraceStart { trace_id, loc_id, ..Default::default() });
        stream.sample(&Sample { state: SampleState::Interp, loc_id, weight_ns: 1_000, ..Default::default() });
        log.counter(CounterKind::TraceExec, trace_id, 0).add(u64::from(id));
        log.advance_clock(std::time::Duration::from_millis(1));
        growing.take_in().expect("the log is open");
        let now = growing.so_far();
        assert_eq!((now.traces.len(), now.samples.by_state.len()), (id as usize, 1));
        assert_eq!(now.counts.trace_exec.len(), id as usize);
    }
    drop(stream);
    log.close();
    while growing.take_in().is_some() {}
    let (followed, read) = (growing.so_far(), model::load::open(&path).unwrap());
    assert_eq!(summary::summary(&followed), summary::summary(&read));
    assert_eq!(traces::rows(&followed), traces::rows(&read));
}

#[test]
fn a_reading_can_be_stopped_and_says_so() {
    let fixture = Fixture::new(write_demo);
    let log = model::Log::open(&fixture.path).unwrap();
    let unread = log.unread();
    assert!(unread.traces.is_empty());
    // A small log is read before anybody looks; a stopped one has a problem.
    let all = log.read(None, &mut |_| ControlFlow::Break(()));
    assert!(all.traces.len() == 8 || all.problems.iter().any(|p| p.detail.contains("stopped")));
    let app = press(screen::app(unread, (80, 24), false), "2 3 4 5 6 7 8 9 1 , . <Space>");
    assert!(!app.quit);
}
