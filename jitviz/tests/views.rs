//! What the views look like: every view at three sizes, in Unicode and ASCII, and no panic at any size.

#[path = "support/screen.rs"]
mod screen;
mod support;

use ratatui::style::{Color, Modifier};
use screen::{app, buffer, options, press, resize, text};
use support::hostile::SHOWN;
use support::{Fixture, expect, write_allocating, write_demo, write_hostile, write_quiet, write_sampled};

const VIEWS: [(&str, &str); 9] = [
    ("overview", "1"),
    ("timeline", "2 k k k"),
    ("traces", "3"),
    ("trace", "4 j j j j j j j j j j"),
    ("guards", "5 j"),
    ("aborts", "6"),
    ("source", "7"),
    ("memory", "8"),
    ("flame", "9"),
];

#[test]
fn every_view_at_three_sizes() {
    let fixture = Fixture::new(write_demo);
    for (name, keys) in VIEWS {
        at_three_sizes(name, &fixture, keys);
    }
}

/// What a view looks like at each size, without colour, in Unicode and in ASCII.
#[track_caller]
fn at_three_sizes(name: &str, fixture: &Fixture, keys: &str) {
    for size in [(40, 10), (80, 24), (200, 60)] {
        for ascii in [false, true] {
            let app = press(app(fixture.model(), size, ascii), keys);
            let mode = if ascii { "-ascii" } else { "" };
            expect(&format!("{name}-{}x{}{mode}.txt", size.0, size.1), &text(&app));
        }
    }
}

#[test]
fn time_is_shown_where_it_was_sampled() {
    let fixture = Fixture::new(write_sampled);
    for (name, keys) in
        [("overview", "1"), ("timeline", "2"), ("traces", "3"), ("source", "7"), ("memory", "8"), ("flame", "9 j j")]
    {
        at_three_sizes(&format!("sampled-{name}"), &fixture, keys);
    }
}

#[test]
fn who_allocates_is_shown_where_it_was_sampled() {
    at_three_sizes("allocating-memory", &Fixture::new(write_allocating), "8 j");
}

#[test]
fn overlays() {
    let fixture = Fixture::new(write_demo);
    let app = app(fixture.model(), (80, 24), false);
    expect("help-80x24.txt", &text(&press(app, "4 ?")));
    let app = screen::app(fixture.model(), (80, 24), false);
    expect("explain-80x24.txt", &text(&press(app, "3 s e")));
}

#[test]
fn no_size_is_too_small() {
    for write in [write_demo, write_hostile, write_quiet, write_sampled] {
        let fixture = Fixture::new(write);
        for keys in [
            "1",
            "2",
            "2 , , + + [ . . . ]",
            "3",
            "4",
            "4 <Tab>",
            "4 <Tab> <Tab>",
            "4 [ [ [",
            "5",
            "6",
            "7",
            "7 l l",
            "8",
            "9",
            "9 j j l + / w",
            "?",
            "3 e",
            "/ x",
            "3 l l l",
            "3 f x",
        ] {
            let mut app = press(app(fixture.model(), (80, 24), false), keys);
            let small = (0..=45).flat_map(|w| (0..=17).map(move |h| (w, h)));
            let large = [(60, 20), (100, 8), (120, 40), (150, 12), (200, 60), (300, 100), (20, 200), (65535, 3)];
            for size in small.chain(large) {
                app = resize(app, size);
                for cell in buffer(&app).content() {
                    assert!(!cell.symbol().chars().any(jitviz::clean::is_hostile), "{:?}", cell.symbol());
                }
            }
        }
    }
}

#[test]
fn ascii_is_ascii() {
    for write in [write_demo, write_hostile] {
        let fixture = Fixture::new(write);
        for keys in ["1", "2 , ,", "3", "4", "4 [ [", "5", "6", "7", "8", "9", "?", "3 e", "3 S", "3 f z"] {
            let app = press(app(fixture.model(), (97, 33), true), keys);
            assert!(text(&app).is_ascii(), "{}", text(&app));
        }
    }
}

#[test]
fn hostile_names_are_shown_in_every_view_and_not_obeyed() {
    let fixture = Fixture::new(write_hostile);
    for (name, keys) in [
        ("overview", "1"),
        ("timeline", "2 g"),
        ("traces", "3"),
        ("trace", "4 g"),
        ("trace's bytecode", "4 [ [ ["),
        ("guards", "5"),
        ("aborts", "6"),
        ("source", "7"),
        ("memory", "8 G"),
        ("flame", "9 j"),
    ] {
        for ascii in [false, true] {
            // Lines that are longer than the screen are scrolled to their end.
            for (size, further) in [((200, 60), ""), ((200, 60), "l l l l l"), ((80, 24), "j j"), ((40, 10), "G k")] {
                let app = press(app(fixture.model(), size, ascii), &format!("{keys} {further}"));
                let screen = text(&app);
                assert!(size.0 < 200 || !further.is_empty() || screen.contains(SHOWN), "{name}:\n{screen}");
                assert!(!ascii || screen.is_ascii(), "{name}:\n{screen}");
                let is_hostile = |c: char| c != '\n' && jitviz::clean::is_hostile(c);
                assert!(!screen.contains(is_hostile), "{name}:\n{screen}");
            }
        }
        // What is copied, searched and told is no way round.
        let app = press(app(fixture.model(), (80, 24), false), &format!("{keys} / o w n e d <Enter> n N y e <Esc> T"));
        for line in 0..app.list().len() {
            assert!(!app.list().text(line).contains(jitviz::clean::is_hostile), "{name}: {}", app.list().text(line));
        }
        for effect in &app.effects {
            if let jitviz::tui::action::Effect::Copy(text) = effect {
                assert!(!text.contains(jitviz::clean::is_hostile), "{name}: {text}");
            }
        }
    }
}

#[test]
fn colours_are_the_terminals_own_and_none_without_colour() {
    let fixture = Fixture::new(write_demo);
    for color in [false, true] {
        // There is nothing to point at where nothing was sampled.
        for (_, keys) in VIEWS.into_iter().filter(|(name, _)| !["memory", "flame"].contains(name)) {
            let app = jitviz::tui::app::App::new(fixture.model().into(), options(false, color), (120, 40));
            let buffer = buffer(&press(app, keys));
            let cells = buffer.content();
            assert!(cells.iter().all(|c| c.bg == Color::Reset), "no background is set");
            assert_eq!(cells.iter().any(|c| c.fg != Color::Reset), color);
            // The cursor shows without colour: a bar, and a sign in its first column.
            let bar = cells.iter().enumerate().filter(|(_, c)| c.modifier.contains(Modifier::REVERSED));
            assert!(bar.clone().count() > 40, "the cursor has a bar");
            assert!(cells.iter().any(|c| c.symbol() == "▸"));
        }
    }
}
