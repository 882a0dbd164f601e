//! What takes long is made off the UI's thread: in steps that can be given up, the latest only, and what was there
//! before stays on screen until then.

#[path = "support/screen.rs"]
mod screen;
mod support;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use jitviz::analyse::lines;
use jitviz::model::{Log, Model, Span};
use jitviz::styled::Charset;
use jitviz::tui::action::{Action, Effect, ViewId};
use jitviz::tui::app::{App, Reading, update};
use jitviz::tui::feed::{Feed, News};
use jitviz::tui::lists::{LISTS, Seen, SourceLines};
use screen::{options, press, read_parts, settle, text};
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
        let (found, span) = wait_for(&told, |news| match news {
            News::Compared { found, span } => Some((found, span)),
            _ => None,
        });
        assert_eq!(span, model.span);
        assert_eq!(found.diff.duration.after.as_ref().map(|m| m.mean as u64), Some(model.duration_ns));
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
    app.compared(whole, None);
    assert!(text(&app).contains("duration") && text(&app).contains("both whole runs"), "{}", text(&app));
    // Another time: what was found stays on screen until the comparison of that time is there.
    let mut app = settle(update(app, Action::Step { forward: false, of_traces: true }));
    assert!(app.model.span.is_some() && took(&mut app, &Effect::Compare));
    assert!(text(&app).contains("comparing with old.jlog") && text(&app).contains("duration"), "{}", text(&app));
    let (part, span) = (found(&app), app.model.span);
    app.compared(part, span);
    assert!(text(&app).contains("of both runs; w shows the whole"), "{}", text(&app));
}
