//! What takes long is made off the UI's thread: in steps that can be given up, the latest only, and what was there
//! before stays on screen until then.

#[path = "support/screen.rs"]
mod screen;
mod support;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use jitviz::analyse::lines;
use jitviz::model::{Guard, GuardId, Log, Model, Moment, Span, TraceId, What};
use jitviz::styled::Charset;
use jitviz::tui::action::{Action, Effect, ViewId};
use jitviz::tui::app::{App, Reading, update};
use jitviz::tui::feed::{Feed, News};
use jitviz::tui::lists::{LISTS, Seen, SourceLines};
use screen::{options, press, read_lists, read_parts, settle, take_comparison, text};
use support::{Fixture, write_demo, write_sampled};

fn model() -> Arc<Model> {
    Arc::new(Fixture::new(write_demo).model())
}

fn feed(before: Option<&Fixture>) -> (Fixture, Feed, Receiver<News>) {
    let fixture = Fixture::new(write_demo);
    let (tell, told) = channel();
    let before = before.map(|b| Log::open(&b.path).expect("the log opens"));
    let log = Log::open(&fixture.path).expect("the log opens");
    (fixture, Feed::start(log, before, options(false, false), move |news| tell.send(news).is_ok()), told)
}

fn wait_for<T>(told: &Receiver<News>, mut is: impl FnMut(News) -> Option<T>) -> T {
    loop {
        if let Some(found) = is(told.recv().expect("the threads answer")) {
            return found;
        }
    }
}

#[test]
fn lists_are_made_in_steps_that_can_be_given_up() {
    let model = model();
    let mut steps = Vec::new();
    let mut count = |done| {
        steps.push(done);
        ControlFlow::Continue(())
    };
    assert!(Seen::watched(model.clone(), Charset::UNICODE, &mut count).is_some());
    assert_eq!(steps, (0..LISTS).collect::<Vec<_>>());
    for last in 0..LISTS {
        let mut until = |done| if done == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        assert!(Seen::watched(model.clone(), Charset::UNICODE, &mut until).is_none(), "given up at {last}");
    }
    let mut traces = 0;
    let mut first_two = |_| {
        traces += 1;
        if traces > 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert!(lines::rows_watched(&model, true, &mut first_two).is_none());
    assert_eq!(traces, 3);
}

#[test]
fn the_threads_answer_what_is_asked_and_the_latest_only() {
    let before = Fixture::new(write_sampled);
    let (_fixture, feed, told) = feed(Some(&before));
    let mut listed = 0;
    let whole = wait_for(&told, |news| match news {
        News::Listing { done } => {
            assert_eq!(done, listed);
            listed += 1;
            None
        }
        News::Whole { seen, more: false } => Some(seen),
        _ => None,
    });
    assert_eq!(listed, LISTS, "it tells how far it is");
    assert_eq!(whole.guards.rows.len(), whole.model.guards.len());
    let part = |to_ns| Span { from_ns: 0, to_ns };
    for to_ns in 1..200 {
        feed.ask(part(to_ns * 100_000));
    }
    let mut answers = 0;
    let last = wait_for(&told, |news| match news {
        News::Part(seen) => {
            answers += 1;
            (seen.model.span == Some(part(19_900_000))).then_some(seen)
        }
        _ => None,
    });
    assert!(answers < 199, "what is outdated is given up");
    feed.ask_lines(whole.model.clone());
    feed.ask_lines(last.model.clone());
    wait_for(&told, |news| match news {
        News::Lines(lines) => Arc::ptr_eq(&lines.model, &last.model).then_some(()),
        _ => None,
    });
    for model in [&whole.model, &last.model, &whole.model] {
        feed.ask_comparison(model.clone());
        let (page, span, seen) = wait_for(&told, |news| match news {
            News::Compared { page, span, seen } => Some((page, span, seen)),
            _ => None,
        });
        assert_eq!((span, seen.is_some()), (model.span, model.span.is_none()));
        assert!(page.found().is_some_and(|found| {
            found.diff.duration.after.as_ref().map(|m| m.mean as u64) == Some(model.duration_ns)
        }));
    }
}

/// The lines that were asked for.
fn lines_of(model: &Arc<Model>) -> SourceLines {
    SourceLines { model: model.clone(), rows: Arc::new(lines::rows(model, true)) }
}

fn took(app: &mut App, effect: &Effect) -> bool {
    let had = app.effects.contains(effect);
    app.effects.retain(|e| e != effect);
    had
}

#[test]
fn the_source_is_made_when_it_is_looked_at_and_the_last_stays_meanwhile() {
    let app = App::new(model(), options(false, false), (100, 30));
    assert!(app.effects.is_empty(), "nobody looked");
    let mut app = update(app, Action::View(ViewId::Source));
    assert!(took(&mut app, &Effect::Lines));
    assert!(text(&app).contains("the inside of the traces is being read"), "{}", text(&app));
    app.lines_under_way(3, 8);
    assert!(text(&app).contains("3 of 8"), "{}", text(&app));
    let mut app = update(app, Action::Move(1));
    assert!(!took(&mut app, &Effect::Lines), "once is enough");
    let first = app.model.clone();
    app.lines_arrived(lines_of(&first));
    assert!(text(&app).contains("def total(shapes, n)") && app.lines_late().is_none());
    // The cursor of time moves: the lines of before stay, marked, until those of then are there.
    let back = Action::Step { forward: false, of_traces: true };
    let mut app = read_parts(update(read_parts(update(app, back)), back));
    assert!(app.model.span.is_some() && took(&mut app, &Effect::Lines));
    assert!(text(&app).contains("… as of") && text(&app).contains("def total(shapes, n)"), "{}", text(&app));
    app.lines_arrived(lines_of(&first));
    assert!(text(&app).contains("… as of"), "those of another time are not taken");
    let now = app.model.clone();
    app.lines_arrived(lines_of(&now));
    assert!(!text(&app).contains("… as of") && text(&app).contains("as of"), "{}", text(&app));
}

#[test]
fn ways_to_the_source_wait_for_its_lines_unless_something_else_is_done() {
    let to_source = || {
        let app = press(App::new(model(), options(false, false), (100, 30)), "5");
        let mut app = update(app, Action::Line);
        assert!(took(&mut app, &Effect::Lines) && app.view == ViewId::Source);
        app
    };
    let mut app = to_source();
    let now = app.model.clone();
    app.lines_arrived(lines_of(&now));
    let list = app.list();
    assert!(list.text(list.scroll().cursor).contains("return self.w * self.h"), "{}", text(&app));
    let mut app = update(to_source(), Action::Back);
    app.lines_arrived(lines_of(&now));
    assert_eq!(app.view, ViewId::Guards, "Esc went back, and nothing pulls the user away");
    let mut app = update(press(App::new(now.clone(), options(false, false), (100, 30)), "5"), Action::Row);
    assert!(took(&mut app, &Effect::Lines) && app.notice.is_some());
    app.lines_arrived(lines_of(&now));
    assert_eq!(app.view, ViewId::Traces);
}

#[test]
fn esc_stops_the_lists_and_the_tab_line_says_what_is_shown() {
    let mut app = App::new(model(), options(false, false), (100, 30));
    app.reading = Reading::Listing { done: 2 };
    assert!(text(&app).contains("making the lists") && text(&app).contains("Esc stops"), "{}", text(&app));
    let mut app = update(app, Action::Back);
    assert!(took(&mut app, &Effect::Stop));
    app.reading = Reading::Stopped;
    assert!(text(&app).contains("partly read"), "{}", text(&app));
}

#[test]
fn the_comparison_follows_the_time_that_is_shown_and_can_be_stopped() {
    let mut app = App::new(model(), options(false, false), (100, 30));
    app.diff.wait_for("old.jlog");
    app.reading = Reading::Under { done: 1, total: 2 };
    let mut app = update(app, Action::View(ViewId::Diff));
    assert!(!took(&mut app, &Effect::Compare), "both logs are read first");
    app.reading = Reading::Done;
    let mut app = update(app, Action::Top);
    assert!(took(&mut app, &Effect::Compare));
    app.diff.progress(10, 100);
    assert!(text(&app).contains("reading 10 B of 100 B of old.jlog"), "{}", text(&app));
    let mut app = update(app, Action::Back);
    assert!(took(&mut app, &Effect::StopComparing) && app.view == ViewId::Diff);
    assert!(text(&app).contains("was stopped; R makes it"), "{}", text(&app));
    let mut app = update(app, Action::Reset);
    assert!(took(&mut app, &Effect::Compare));
    let found = |app: &App| jitviz::analyse::diff::ways::Comparison::of(&app.model, &app.model);
    let whole = found(&app);
    take_comparison(&mut app, whole);
    assert!(text(&app).contains("duration") && text(&app).contains("both whole runs"), "{}", text(&app));
    // Another time: what was found stays on screen until the comparison of that time is there.
    let mut app = settle(update(app, Action::Step { forward: false, of_traces: true }));
    assert!(app.model.span.is_some() && took(&mut app, &Effect::Compare));
    assert!(text(&app).contains("comparing with old.jlog") && text(&app).contains("duration"), "{}", text(&app));
    let part = found(&app);
    take_comparison(&mut app, part);
    assert!(text(&app).contains("of both runs; w shows the whole"), "{}", text(&app));
}

/// A run with more guards and events than are put in order at once.
fn long() -> Arc<Model> {
    let mut model = Model { duration_ns: 10_000, ..Model::default() };
    for id in 1..=2_000_u32 {
        let mut guard = Guard::new(GuardId(id), TraceId(1));
        guard.failures = Some(u64::from(id) * 7 % 2_003);
        model.guards.insert(GuardId(id), guard);
        model.moments.push(Moment { at_ns: u64::from(id), what: What::FirstFailure(GuardId(id)) });
    }
    Arc::new(model)
}

#[test]
fn a_long_list_is_put_in_order_elsewhere_and_the_last_order_stays_meanwhile() {
    let app = App::new(long(), options(false, false), (100, 30));
    assert!(app.guards.is_late());
    let app = read_lists(press(app, "5"));
    assert_eq!(app.guards.selected().map(|row| row.failures), Some(Some(2_002)), "most failures first");
    // The first letters of a filter: what was there stays, marked, and the cursor can be moved.
    let mut app = update(app, Action::Filter);
    for c in "failures<10".chars() {
        app = update(app, Action::Type(c));
    }
    let mut app = update(app, Action::Move(1));
    assert!(text(&app).contains('…') && app.list().len() == 2_000, "{}", text(&app));
    let outdated = app.arranging();
    app = update(app, Action::Erase);
    for job in outdated {
        app.arranged(job(&|| true).expect("nobody gives it up"));
    }
    assert_eq!(app.list().len(), 2_000, "what is not wanted any more is not taken");
    let app = read_lists(update(app, Action::Type('0')));
    assert!(!app.list_is_late() && app.list().len() < 20, "{}", text(&app));
    assert!(long().guards.len() > 500 && app.waste.len() > 1, "what is not needed any more is handed on");
    // It can be given up.
    let mut app = update(app, Action::Reset);
    assert!(app.arranging().into_iter().all(|job| job(&|| false).is_none()));
}

#[test]
fn a_long_list_is_searched_elsewhere_and_the_cursor_goes_there_when_it_is_known() {
    let mut app = read_lists(press(App::new(long(), options(false, false), (100, 30)), "2"));
    app = update(app, Action::Search);
    for c in "guard 77".chars() {
        app = update(app, Action::Type(c));
    }
    assert!(text(&app).contains("searching…") && app.list().scroll().cursor == 1_999, "{}", text(&app));
    let outdated = app.finding().expect("a list is searched").find(&|| true).expect("nobody gives it up");
    app = update(app, Action::Type('7'));
    app.found(outdated);
    assert!(text(&app).contains("searching…"), "what is not wanted any more is not taken");
    let app = read_lists(app);
    assert_eq!(app.list().scroll().cursor, 776, "{}", text(&app));
    assert!(text(&app).contains("777"), "{}", text(&app));
    let app = update(update(app, Action::Enter), Action::NextMatch);
    assert_eq!(app.list().scroll().cursor, 776, "one match is the next after itself");
    // Esc ends it, and an answer that comes then moves nothing.
    let mut app = update(app, Action::Search);
    app = update(app, Action::Type('9'));
    let finding = app.finding().expect("a list is searched");
    assert!(finding.find(&|| false).is_none(), "it can be given up");
    let late = finding.find(&|| true).expect("nobody gives it up");
    let mut app = update(app, Action::Back);
    app.found(late);
    assert!(app.search.matches.is_empty() && app.list().scroll().cursor == 776);
}
