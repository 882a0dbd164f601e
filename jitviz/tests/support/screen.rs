//! Drives the UI without a terminal: keys in, state and screen out.
#![allow(dead_code, reason = "each test uses a part")]

use std::ops::ControlFlow;
use std::sync::Arc;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use jitviz::analyse::diff::ways::Comparison;
use jitviz::analyse::lines;
use jitviz::model::Model;
use jitviz::styled::Charset;
use jitviz::tui::action::{Action, Effect};
use jitviz::tui::app::{App, Options, update};
use jitviz::tui::lists::{Seen, SourceLines};
use jitviz::tui::views::diff::DiffPage;
use jitviz::tui::{draw, feed, input};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub fn options(ascii: bool, color: bool) -> Options {
    Options { color, charset: Charset { ascii }, mouse: true, source: true }
}

pub fn app(model: Model, size: (u16, u16), ascii: bool) -> App {
    App::new(Arc::new(model), options(ascii, false), size)
}

/// Presses keys: names in angle brackets or single characters, blanks between them.
pub fn press(mut app: App, keys: &str) -> App {
    for key in keys.split_whitespace() {
        let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
        let event = match key {
            "<Enter>" => plain(KeyCode::Enter),
            "<Esc>" => plain(KeyCode::Esc),
            "<Tab>" => plain(KeyCode::Tab),
            "<BackTab>" => KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT),
            "<Back>" => plain(KeyCode::Backspace),
            "<Space>" => plain(KeyCode::Char(' ')),
            "<Up>" => plain(KeyCode::Up),
            "<Right>" => plain(KeyCode::Right),
            "<Left>" => plain(KeyCode::Left),
            "<Down>" => plain(KeyCode::Down),
            "<PgDn>" => plain(KeyCode::PageDown),
            key if key.starts_with("<C-") => {
                let c = key.chars().nth(3).expect("a control key has a letter");
                KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)
            }
            key => {
                assert_eq!(key.chars().count(), 1, "{key:?} is no key");
                plain(KeyCode::Char(key.chars().next().expect("one character was counted")))
            }
        };
        for action in input::actions(&app, &Event::Key(event)) {
            app = settle(update(app, action));
        }
    }
    app
}

/// Does at once what the threads that read would do in their time.
pub fn settle(app: App) -> App {
    let mut app = read_lists(read_parts(app));
    if let Some(at) = app.effects.iter().position(|e| *e == Effect::Lines) {
        app.effects.remove(at);
        let rows = Arc::new(lines::rows(&app.model, app.options.source));
        app.lines_arrived(SourceLines { model: app.model.clone(), rows });
        return settle(app);
    }
    app
}

/// Takes in a comparison of the model that is shown, as the thread that compares hands it over.
pub fn take_comparison(app: &mut App, found: Comparison) {
    let span = app.model.span;
    let seen = (span.is_none()).then(|| *feed::with_changes(&app.model, &found, app.options.charset));
    app.compared(Arc::new(DiffPage::new(found)), span, seen);
}

/// Arranges and searches long lists that somebody asked for.
pub fn read_lists(mut app: App) -> App {
    let mut take = |effect: Effect| {
        let had = app.effects.contains(&effect);
        app.effects.retain(|e| *e != effect);
        had
    };
    let (arrange, find) = (take(Effect::Arrange), take(Effect::Find));
    if arrange {
        for job in app.arranging() {
            app.arranged(job(&|| true).expect("nobody gives it up"));
        }
        return read_lists(app);
    }
    if find {
        let finding = app.finding().expect("a list was searched");
        app.found(finding.find(&|| true).expect("nobody gives it up"));
        return read_lists(app);
    }
    app
}

/// Reads the parts of the log that were asked for.
pub fn read_parts(mut app: App) -> App {
    let spans: Vec<_> =
        app.effects.iter().filter_map(|e| if let Effect::Read(span) = e { Some(*span) } else { None }).collect();
    app.effects.retain(|e| !matches!(e, Effect::Read(_)));
    for span in spans {
        let part = app.whole.part(span, &mut |_| ControlFlow::Continue(()));
        app.arrived(Seen::new(part.expect("the model was read from a log"), app.options.charset));
    }
    app
}

pub fn resize(app: App, size: (u16, u16)) -> App {
    update(app, Action::Resize(size.0, size.1))
}

pub fn buffer(app: &App) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, app.size.0, app.size.1));
    draw::draw(app, &mut buffer);
    buffer
}

/// The screen as text, without the blanks at the ends of lines.
pub fn text(app: &App) -> String {
    let buffer = buffer(app);
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let row: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}
