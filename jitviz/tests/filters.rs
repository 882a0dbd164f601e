//! Filters and the links between views.

#[path = "support/screen.rs"]
mod screen;
mod support;

use jitviz::tui::action::ViewId;
use jitviz::tui::app::App;
use screen::{press, text};
use support::{Fixture, write_demo, write_sampled};

fn demo(keys: &str) -> App {
    press(screen::app(Fixture::new(write_demo).model(), (100, 30), false), keys)
}

/// Types a filter.
fn filter(app: App, text: &str) -> App {
    let keys: Vec<String> = text.chars().map(|c| if c == ' ' { "<Space>".into() } else { c.to_string() }).collect();
    press(press(press(app, "f"), &keys.join(" ")), "<Enter>")
}

#[test]
fn lists_leave_out_what_a_filter_does() {
    let app = filter(demo("5"), "kind:shape");
    assert_eq!(app.list().len(), 1);
    assert!(text(&app).contains("filter: kind:shape  1 of 5"), "{}", text(&app));
    let app = press(app, "<Esc>");
    assert_eq!((app.view, app.list().len()), (ViewId::Guards, 5), "Esc ends the filter before it leaves");
    assert_eq!(filter(demo("5"), "failures>16 -branch").list().len(), 3);
    assert_eq!(filter(demo("3"), "state:aborted line:19").list().len(), 3);
    assert_eq!(filter(demo("6"), "too-long").list().len(), 1);
    assert!(text(&filter(demo("3"), "knd:x")).contains("no row has knd"));
    let app = filter(demo("7"), "failures>0");
    assert_eq!(app.list().len(), 2, "{}", text(&app));
    assert_eq!(demo("1 f").notice.as_deref(), Some("this view leaves nothing out; filters work in lists"));
}

#[test]
fn states_filter_places_and_stacks() {
    let sampled = || screen::app(Fixture::new(write_sampled).model(), (100, 30), false);
    let app = filter(press(sampled(), "7"), "state:native");
    assert_eq!(app.list().len(), 1, "{}", text(&app));
    let all = press(sampled(), "9").list().len();
    let app = filter(press(sampled(), "9"), "state:native");
    assert!(app.list().len() <= all && text(&app).contains("sum"), "{}", text(&app));
}

#[test]
fn a_line_leads_to_its_traces_and_a_guard_to_its_row() {
    let app = demo("7 / r e t u r n <Space> s e l f <Enter> <Esc> T");
    assert_eq!(app.view, ViewId::Traces);
    assert!(app.list().len() < app.whole.traces.len() && !app.list().is_empty());
    let app = press(app, "<Esc> <Esc>");
    assert_eq!(app.view, ViewId::Source, "Esc ends the filter, then goes back");
    let app = demo("5 <Enter> T");
    assert_eq!((app.view, app.guards.selected().and_then(|g| g.failures)), (ViewId::Guards, Some(333_333)));
}

#[test]
fn an_instruction_leads_to_the_pass_that_made_it_and_esc_to_where_it_was() {
    let app = demo("4 G c");
    assert!(text(&app).contains("[4/5] loop"), "%18 was made by the pass loop:\n{}", text(&app));
    assert!(app.notice.as_deref().is_some_and(|n| n.contains("loop")), "{:?}", app.notice);
    let app = demo("5 <Enter> <Enter> <Esc>");
    let list = app.list();
    assert!(list.text(list.scroll().cursor).contains("%8"), "Esc comes back to the instruction");
}

#[test]
fn aborts_timeline_memory_and_flame_lead_on() {
    let app = demo("6 <Enter>");
    assert_eq!(app.view, ViewId::Trace);
    let app = press(app, "<Esc> o");
    assert_eq!(app.view, ViewId::Source);
    let app = press(demo("2 g"), "<Enter>");
    assert_eq!(app.view, ViewId::Trace);
    let sampled = screen::app(Fixture::new(write_sampled).model(), (100, 30), false);
    let app = press(sampled, "9 j j <Enter>");
    assert!(app.flame.is_zoomed());
    let app = press(app, "o");
    assert_eq!(app.view, ViewId::Source);
    let app = press(app, "<Esc> <Esc> <Esc>");
    assert!(!app.flame.is_zoomed() && app.view == ViewId::Flame);
    let app = press(app, "/ a r e a <Enter>");
    assert!(text(&app).contains("matched 53.1 %"), "{}", text(&app));
}
