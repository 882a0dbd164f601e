//! Two logs in the UI: the view Diff, its ways into the other views, and what is said without a second log.

#[path = "support/screen.rs"]
mod screen;
mod support;

use jitviz::analyse::diff::ways::Comparison;
use jitviz::text::diff;
use jitviz::tui::action::{Action, Effect, ViewId};
use jitviz::tui::app::{App, update};
use jitviz::tui::views::Listing;
use screen::{buffer, press, resize, text};
use support::hostile::SHOWN;
use support::{Fixture, expect, write_demo, write_hostile, write_quiet, write_sampled};

/// The UI on a log, and the one before.
fn two(before: fn(&std::path::Path), after: fn(&std::path::Path), size: (u16, u16), ascii: bool) -> App {
    let after = Fixture::new(after).model();
    let mut found = Comparison::of(&Fixture::new(before).model(), &after);
    // Fixtures lie in a folder of another name each time.
    (found.diff.before, found.diff.after) = (vec!["before.jlog".into()], vec!["after.jlog".into()]);
    let mut app = screen::app(after, size, ascii);
    app.diff.wait_for("before.jlog");
    let mut app = update(app, Action::Top);
    assert_eq!(app.effects, [Effect::Compare], "it is asked for as soon as the log is read");
    app.effects.clear();
    screen::take_comparison(&mut app, found);
    app
}

#[test]
fn three_sizes() {
    for (name, before) in [("diff-view", write_sampled as fn(&std::path::Path)), ("diff-same", write_demo)] {
        for size in [(40, 10), (80, 24), (200, 60)] {
            for ascii in [false, true] {
                let app = press(two(before, write_demo, size, ascii), "0");
                let mode = if ascii { "-ascii" } else { "" };
                expect(&format!("{name}-{}x{}{mode}.txt", size.0, size.1), &text(&app));
            }
        }
    }
}

#[test]
fn no_size_is_too_small_and_no_name_is_hostile() {
    for (before, after) in
        [(write_demo as fn(&std::path::Path), write_hostile as fn(&std::path::Path)), (write_hostile, write_quiet)]
    {
        let mut app = press(two(before, after, (80, 24), false), "0 j j");
        let small = (0..=45).flat_map(|w| (0..=17).map(move |h| (w, h)));
        // The names are there, and only as text.
        assert!((0..app.diff.len()).any(|line| app.diff.text(line).contains(SHOWN)));
        for size in small.chain([(60, 20), (200, 60), (65535, 3)]) {
            app = resize(app, size);
            for cell in buffer(&app).content() {
                assert!(!cell.symbol().chars().any(jitviz::clean::is_hostile), "{:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn rows_lead_to_their_evidence_and_back() {
    let mut app = press(two(write_quiet, write_demo, (100, 40), false), "0");
    let (mut traces, mut instructions) = (0, 0);
    for line in 0..app.diff.len() {
        app = press(app, "g");
        for _ in 0..line {
            app = press(app, "j");
        }
        let shown = app.list().text(line).into_owned();
        app = press(app, "<Enter>");
        match app.view {
            ViewId::Diff => assert!(app.notice.is_some(), "{shown}: Enter says nothing"),
            ViewId::Trace => {
                traces += 1;
                instructions += usize::from(app.trace.as_ref().is_some_and(|t| t.op().is_some()));
                app = press(app, "<Esc>");
            }
            _ => app = press(app, "<Esc>"),
        }
        assert_eq!((app.view, app.list().scroll().cursor), (ViewId::Diff, line), "{shown}: Esc comes back");
    }
    assert!(traces >= 3 && instructions >= 1, "{traces} and {instructions}");
}

#[test]
fn the_lists_tell_how_much_more_there_is() {
    let all = |app: &App| app.traces.selected().and_then(|row| row.change);
    let app = press(two(write_quiet, write_demo, (160, 40), false), "3");
    assert!(text(&app).contains("change"), "{}", text(&app));
    assert_eq!(all(&app), app.traces.selected().and_then(|row| row.executions).map(|n| n as i64), "all of it is new");
    for (keys, least) in [("5", "+333,333"), ("6", "+3"), ("7", "+1,000")] {
        let app = press(two(write_quiet, write_demo, (160, 40), false), keys);
        assert!(text(&app).contains("change") && text(&app).contains(least), "{keys}: {}", text(&app));
    }
    // The same log twice has no change, and one log no such column.
    let same = press(two(write_demo, write_demo, (160, 40), false), "3");
    assert_eq!(all(&same), Some(0));
    let one = press(screen::app(Fixture::new(write_demo).model(), (160, 40), false), "3");
    assert!(all(&one).is_none() && !text(&one).contains("change"), "{}", text(&one));
}

#[test]
fn what_is_only_before_says_so() {
    let app = press(two(write_demo, write_quiet, (100, 40), false), "0");
    let lost = (0..app.diff.len()).find(|line| app.diff.text(*line).starts_with("- ")).expect("the demo has more");
    let app = press(app, &format!("g {} <Enter>", "j ".repeat(lost)));
    assert!(app.notice.as_deref().unwrap_or_default().contains("only in the log before"), "{:?}", app.notice);
}

#[test]
fn the_lines_are_those_of_the_command() {
    let app = two(write_quiet, write_demo, (200, 60), false);
    let mut found = Comparison::of(&Fixture::new(write_quiet).model(), &Fixture::new(write_demo).model()).diff;
    (found.before, found.after) = (vec!["before.jlog".into()], vec!["after.jlog".into()]);
    let shown: Vec<String> = (0..app.diff.len()).map(|line| app.diff.text(line).into_owned()).collect();
    for line in diff::lines(&found).iter().map(|l| l.plain()).filter(|l| !l.ends_with("--json has all")) {
        assert!(shown.contains(&line), "{line:?} is not in the view");
    }
}

#[test]
fn search_copy_and_explain_work_in_it() {
    let app = press(two(write_quiet, write_demo, (100, 40), false), "0 / d u r a t i o n <Down>");
    assert!(text(&app).contains("duration"));
    let app = press(two(write_quiet, write_demo, (100, 40), false), "0 e");
    assert!(app.overlay.is_some());
    assert!(text(&app).contains("are matched by"));
}

#[test]
fn without_a_second_log_the_key_says_what_opens_two() {
    let app = press(screen::app(Fixture::new(write_demo).model(), (80, 24), false), "0");
    assert_eq!(app.view, ViewId::Overview);
    assert!(app.notice.as_deref().unwrap_or_default().contains("jitviz BEFORE AFTER"), "{:?}", app.notice);
    assert!(!app.views().any(|view| view == ViewId::Diff));
}

#[test]
fn while_the_other_log_is_read_the_view_says_so() {
    let mut app = screen::app(Fixture::new(write_demo).model(), (80, 24), false);
    app.diff.wait_for("old.jlog");
    let app = press(app, "0 j k G <Enter> y e / x");
    assert!(text(&app).contains("comparing with old.jlog"), "{}", text(&app));
}
