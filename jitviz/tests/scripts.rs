//! Sequences of keys and what they make of the state.

#[path = "support/screen.rs"]
mod screen;
mod support;

use jitviz::model::TraceId;
use jitviz::tui::action::{Action, Effect, ViewId};
use jitviz::tui::app::{App, update};
use jitviz::tui::views::trace::Pane;
use screen::{press, text};
use support::{Fixture, write_demo, write_quiet};

fn demo(keys: &str) -> App {
    press(screen::app(Fixture::new(write_demo).model(), (100, 30), false), keys)
}

/// The line under the cursor.
fn line(app: &App) -> String {
    let list = app.list();
    list.text(list.scroll().cursor).trim().to_string()
}

fn trace(app: &App) -> &jitviz::tui::views::trace::TraceView {
    app.trace.as_ref().expect("a trace is open")
}

#[test]
fn numbers_and_tab_choose_the_view() {
    assert_eq!(demo("").view, ViewId::Overview);
    assert_eq!(demo("3").view, ViewId::Traces);
    assert_eq!(demo("4").view, ViewId::Trace);
    assert_eq!(demo("<Tab>").view, ViewId::Timeline);
    assert_eq!(demo("<BackTab>").view, ViewId::Flame);
    assert_eq!(demo("5").view, ViewId::Guards);
}

#[test]
fn esc_goes_back_one_level_and_never_quits() {
    let app = demo("3 j <Enter>");
    assert_eq!((app.view, trace(&app).id()), (ViewId::Trace, TraceId(2)));
    let app = press(app, "<Esc>");
    assert_eq!((app.view, app.traces.selected().unwrap().id), (ViewId::Traces, TraceId(2)));
    let app = press(app, "<Esc> <Esc> <Esc>");
    assert_eq!((app.view, app.quit), (ViewId::Overview, false));
    assert!(press(app, "q").quit);
    assert!(demo("<C-c>").quit);
}

#[test]
fn the_last_stage_shows_what_was_decided_before_and_e_tells_all_of_it() {
    let app = demo("/ R e c t ( <Enter> <Enter>");
    assert_eq!((app.view, trace(&app).stage + 1), (ViewId::Trace, trace(&app).stages()), "the last stage");
    assert!(line(&app).contains("; guard: hoisted"), "{}", line(&app));
    let app = press(screen::resize(app, (60, 24)), "e");
    let shown = text(&app).replace(['│', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("tested once, before the loop."), "{shown}");
    assert!(shown.contains("restores"), "and what the guard restores: {shown}");
    let called = demo("/ R e c t ( <Enter> <Enter> g / i n l i n e d <Enter>");
    assert!(line(&called).contains("; call Rect.area: inlined"), "{}", line(&called));
}

#[test]
fn a_failing_guard_on_the_overview_leads_to_its_instruction_and_on_to_its_bridge() {
    let app = demo("/ R e c t ( <Enter>");
    assert!(line(&app).contains("expected Rect"), "{}", line(&app));
    let app = press(app, "<Enter>");
    assert_eq!((app.view, trace(&app).id()), (ViewId::Trace, TraceId(1)));
    assert!(line(&app).contains("%8"), "{}", line(&app));
    let app = press(app, "<Esc> <Enter> <Enter>");
    assert_eq!(trace(&app).id(), TraceId(2), "Enter on the guard follows its bridge");
    let app = press(app, "<Esc>");
    assert_eq!((app.view, trace(&app).id()), (ViewId::Trace, TraceId(1)));
}

#[test]
fn guards_and_source_lead_to_the_evidence_and_back() {
    let app = demo("5");
    assert_eq!(app.guards.selected().unwrap().failures, Some(333_333));
    let app = press(app, "<Enter>");
    assert_eq!((app.view, trace(&app).id()), (ViewId::Trace, TraceId(1)));
    assert!(line(&app).contains("%8"), "{}", line(&app));
    let app = press(app, "o");
    assert_eq!(app.view, ViewId::Source);
    assert!(line(&app).contains("return self.w * self.h"), "{}", line(&app));
    let app = press(app, "<Esc> <Esc>");
    assert_eq!(app.view, ViewId::Guards);
    let app = press(app, "o <Enter>");
    assert_eq!(app.view, ViewId::Trace, "Enter on a line goes to the guard that fails there");
    let app = press(demo("7 g <Enter>"), "o");
    assert_eq!((app.view, app.notice.is_none()), (ViewId::Source, true));
    let app = demo("5 s S");
    assert_eq!(app.guards.selected().unwrap().failures, Some(333_333), "the cursor stays on its guard");
}

#[test]
fn stages_step_from_the_last_to_the_bytecode_and_keep_the_instruction() {
    let app = demo("4 G");
    assert!(line(&app).contains("%18"), "{}", line(&app));
    let app = press(app, "[");
    assert!(text(&app).contains("[4/5] loop"), "{}", text(&app));
    assert!(line(&app).contains("%18"), "{}", line(&app));
    let app = press(app, "[ [ [ [");
    assert!(text(&app).contains("[1/5] bytecode"));
    assert_eq!(app.notice.as_deref(), Some("this is the first stage"));
    let app = press(app, "p p p p p");
    assert!(text(&app).contains("[5/5] dce"));
}

#[test]
fn moving_in_one_pane_moves_the_others() {
    // %17 belongs to line 7, in the inlined function.
    let app = press(demo("4"), "/ % 1 8 <Enter> <Esc>");
    assert!(line(&app).contains("%18"), "{}", line(&app));
    let screen = text(&app);
    assert!(screen.contains("shapes.py:14"), "the source follows:\n{screen}");
    let app = press(app, "<Tab>");
    assert_eq!(trace(&app).focus, Pane::Asm);
    assert!(line(&app).contains("inc"), "the machine code follows: {}", line(&app));
    let app = press(app, "<Tab>");
    assert_eq!(trace(&app).focus, Pane::Source);
    assert!(line(&app).starts_with("14"), "{}", line(&app));
    let app = press(app, "k <Tab>");
    assert!(line(&app).contains("%5") || line(&app).contains("%6"), "line 13 begins at %5: {}", line(&app));
}

#[test]
fn search_counts_goes_round_and_ends() {
    let app = demo("3 / b r i d");
    assert!(text(&app).contains("/brid_  1 of 2"), "{}", text(&app));
    let app = press(app, "<Enter> n");
    assert!(text(&app).contains("2 of 2"));
    assert!(text(&press(app, "n")).contains("1 of 2"));
    let app = demo("3 / z z");
    assert!(text(&app).contains("no match"));
    let app = press(app, "<Esc>");
    assert!(!app.search.is_active());
    assert_eq!(app.traces.selected().unwrap().id, TraceId(1), "the cursor is back where the search began");
    assert!(!demo("3 / q").quit, "letters are text while a search is typed");
    assert!(demo("3 / <C-c>").quit);
}

#[test]
fn sorting_goes_through_the_columns_on_screen_and_turns_round() {
    let first = demo("3").traces.columns.sort;
    let app = demo("3 s");
    assert_ne!(app.traces.columns.sort.column, first.column);
    let descending = app.traces.columns.sort.descending;
    assert_eq!(press(app, "S").traces.columns.sort.descending, !descending);
    let app = demo("3 t");
    assert_eq!(app.traces.selected().unwrap().id, TraceId(1), "the cursor stays on its trace");
    assert_eq!(demo("3 t g").traces.selected().unwrap().id, TraceId(2), "flat, the most executed comes first");
    assert_eq!(demo("3 t s S R").traces.columns.sort, first);
}

#[test]
fn help_is_searched_and_explanations_close_on_any_key() {
    let app = demo("? / s u s p e n d");
    assert!(text(&app).contains("Ctrl-z") && !text(&app).contains("Shift-Tab"), "{}", text(&app));
    let app = press(app, "<Esc> <Esc>");
    assert!(app.overlay.is_none() && !app.quit);
    let app = demo("3 e");
    assert!(app.overlay.is_some());
    assert!(press(app, "x").overlay.is_none());
    assert!(demo("? q").quit);
}

#[test]
fn copy_and_suspend_are_left_to_the_loop() {
    let app = demo("y");
    assert!(matches!(&app.effects[..], [Effect::Copy(text)] if text.contains("trace-abort")), "{:?}", app.effects);
    assert_eq!(demo("<C-z>").effects, [Effect::Suspend]);
    assert_eq!(demo("m").effects, [Effect::Mouse(false)]);
}

#[test]
fn clicks_choose_and_open() {
    let app = update(demo(""), Action::Click(27, 0));
    assert_eq!(app.view, ViewId::Traces, "a click on a tab");
    let app = update(app, Action::Click(10, 3));
    assert_eq!(app.traces.selected().unwrap().id, TraceId(2));
    let app = update(app, Action::Click(10, 3));
    assert_eq!((app.view, trace(&app).id()), (ViewId::Trace, TraceId(2)));
    let app = update(demo("3"), Action::Click(2, 1));
    assert_eq!(app.traces.columns.sort.column, 0, "a click on a title sorts");
    let app = update(demo("4"), Action::Wheel(5, 4, 3));
    assert_eq!(trace(&app).focus, Pane::Source, "the wheel turns what is under it");
    for y in 0..40 {
        for x in [0, 50, 99, 200] {
            for keys in ["", "2", "3", "4", "6", "8", "9", "?"] {
                update(demo(keys), Action::Click(x, y));
            }
            if y > 3 {
                break;
            }
        }
    }
}

#[test]
fn a_held_key_counts_and_letting_it_go_does_not() {
    use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
    let app = demo("3");
    let of = |kind| {
        let key = KeyEvent::new_with_kind(KeyCode::Char('j'), KeyModifiers::NONE, kind);
        jitviz::tui::input::actions(&app, &Event::Key(key))
    };
    assert_eq!(of(KeyEventKind::Press), [Action::Move(1)]);
    assert_eq!(of(KeyEventKind::Repeat), [Action::Move(1)]);
    assert_eq!(of(KeyEventKind::Release), []);
}

#[test]
fn the_mouse_does_something_in_every_view() {
    for keys in ["1", "2", "3", "4", "5", "6", "7"] {
        let app = demo(keys);
        let before = (text(&app), app.view);
        let clicked = update(demo(keys), Action::Click(30, 14));
        let turned = update(demo(keys), Action::Wheel(30, 20, -3));
        let clicked_high = update(demo(keys), Action::Click(30, 3));
        let any = [clicked, turned, clicked_high].iter().any(|app| (text(app), app.view) != before);
        assert!(any, "view {keys}");
    }
}

#[test]
fn a_paste_is_text_only_where_text_is_typed() {
    use crossterm::event::Event;
    let paste = Event::Paste("q\x1bqq".into());
    assert_eq!(jitviz::tui::input::actions(&demo("3"), &paste), []);
    assert_eq!(jitviz::tui::input::actions(&demo("3 /"), &paste), [Action::Type('q'); 3]);
}

#[test]
fn a_quiet_log_leads_nowhere_gracefully() {
    let app = press(screen::app(Fixture::new(write_quiet).model(), (80, 24), false), "4");
    assert_eq!((app.view, app.notice.as_deref()), (ViewId::Overview, Some("there is no trace in this log")));
    let app = press(app, "3 <Enter> j G n e y <Tab> <Enter>");
    assert!(!app.quit);
}
