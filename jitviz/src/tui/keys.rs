//! The keys: one table that maps them, fills the footer and the help, and writes the section of the README.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, ViewId};

/// Where a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Everywhere,
    /// Lists in columns.
    Tables,
    Timeline,
    Traces,
    Trace,
    Flame,
}

impl Scope {
    pub const ALL: [Scope; 6] =
        [Scope::Everywhere, Scope::Tables, Scope::Timeline, Scope::Traces, Scope::Trace, Scope::Flame];

    pub fn title(self) -> &'static str {
        match self {
            Scope::Everywhere => "Everywhere",
            Scope::Tables => "In Traces, Guards, Aborts and Memory",
            Scope::Timeline => "In Timeline",
            Scope::Traces => "In Traces",
            Scope::Trace => "In Trace",
            Scope::Flame => "In Flame",
        }
    }

    pub fn holds_in(self, view: ViewId) -> bool {
        match self {
            Scope::Everywhere => true,
            Scope::Tables => matches!(view, ViewId::Traces | ViewId::Guards | ViewId::Aborts | ViewId::Memory),
            Scope::Timeline => view == ViewId::Timeline,
            Scope::Flame => view == ViewId::Flame,
            Scope::Traces => view == ViewId::Traces,
            Scope::Trace => view == ViewId::Trace,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Code(KeyCode),
}

impl Key {
    fn is(self, event: &KeyEvent) -> bool {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        match self {
            Key::Char(c) => event.code == KeyCode::Char(c) && !ctrl && !alt,
            Key::Ctrl(c) => event.code == KeyCode::Char(c) && ctrl && !alt,
            Key::Code(code) => event.code == code && !ctrl && !alt,
        }
    }

    pub fn name(self) -> String {
        match self {
            Key::Char(' ') => "Space".into(),
            Key::Char(c) => c.to_string(),
            Key::Ctrl(c) => format!("Ctrl-{c}"),
            Key::Code(KeyCode::BackTab) => "Shift-Tab".into(),
            Key::Code(KeyCode::PageUp) => "PgUp".into(),
            Key::Code(KeyCode::PageDown) => "PgDn".into(),
            Key::Code(code) => format!("{code:?}").replace("F(1)", "F1"),
        }
    }
}

pub struct Binding {
    pub keys: &'static [Key],
    pub action: Action,
    pub scope: Scope,
    /// For the footer; empty for keys that are not worth its room.
    pub short: &'static str,
    pub text: &'static str,
}

const fn bind(scope: Scope, keys: &'static [Key], action: Action, short: &'static str, text: &'static str) -> Binding {
    Binding { keys, action, scope, short, text }
}

use Key::{Char, Code, Ctrl};
use Scope::{Everywhere, Flame, Tables, Timeline, Trace, Traces};

/// In the order of the footer and the help.
pub const KEYS: &[Binding] = &[
    bind(Timeline, &[Char('+'), Char('=')], Action::Zoom(true), "zoom", "half as much time around the cursor"),
    bind(Timeline, &[Char('-')], Action::Zoom(false), "", "twice as much time"),
    bind(Timeline, &[Char('[')], Action::RangeStart, "range", "a range begins at the cursor"),
    bind(
        Timeline,
        &[Char(']')],
        Action::RangeEnd,
        "",
        "the range ends at the cursor: from here on every view is of the range alone",
    ),
    bind(Timeline, &[Char('F')], Action::Fit, "", "the range, or the whole run, fills the width"),
    bind(Flame, &[Char('+'), Char('=')], Action::Zoom(true), "zoom", "the function under the cursor fills the width"),
    bind(Flame, &[Char('-')], Action::Zoom(false), "", "out by one function"),
    bind(
        Trace,
        &[Char(']'), Char('p')],
        Action::StageNext,
        "next stage",
        "the next stage: what the next pass made of the IR",
    ),
    bind(
        Trace,
        &[Char('['), Char('P')],
        Action::StagePrevious,
        "stage before",
        "the stage before; first of all the bytecode",
    ),
    bind(
        Trace,
        &[Char('c')],
        Action::Origin,
        "made by",
        "the stage, and so the pass, in which the instruction under the cursor first appears",
    ),
    bind(Tables, &[Char('s')], Action::SortNext, "sort", "sort by the next column (or click its title)"),
    bind(Tables, &[Char('S')], Action::SortReverse, "", "reverse the order"),
    bind(Traces, &[Char('t')], Action::Tree, "tree", "bridges below the traces they leave, or a flat list"),
    bind(
        Everywhere,
        &[Code(KeyCode::Enter)],
        Action::Open,
        "open",
        "go to the evidence: the trace and instruction; on a guard in Trace, its bridge; in Flame zoom in",
    ),
    bind(Everywhere, &[Char('o')], Action::Line, "source", "the line of source of what is under the cursor"),
    bind(
        Everywhere,
        &[Char('T')],
        Action::Row,
        "",
        "the traces that hold the line under the cursor; in Trace the guard in the list of guards",
    ),
    bind(Everywhere, &[Code(KeyCode::Tab)], Action::Next, "next", "the next pane in Trace, the next view elsewhere"),
    bind(Everywhere, &[Code(KeyCode::BackTab)], Action::Previous, "", "the pane or view before"),
    bind(Everywhere, &[Char('/')], Action::Search, "search", "search; matches are counted as you type"),
    bind(
        Everywhere,
        &[Char('f')],
        Action::Filter,
        "filter",
        "filter a list: words, key:value (line:12 kind:guard state:interp), key>number, -not; keys as in --json",
    ),
    bind(Everywhere, &[Char('n')], Action::NextMatch, "", "the next match"),
    bind(Everywhere, &[Char('N')], Action::PreviousMatch, "", "the match before"),
    bind(
        Everywhere,
        &[Char('e')],
        Action::Explain,
        "explain",
        "explain the word, column or operation under the cursor",
    ),
    bind(
        Everywhere,
        &[Code(KeyCode::Esc)],
        Action::Back,
        "back",
        "one level back: search, filter, zoom, reading, then the way you came; never quits",
    ),
    bind(Everywhere, &[Char('?'), Code(KeyCode::F(1))], Action::Help, "help", "this help; / searches in it"),
    bind(Everywhere, &[Char('q'), Ctrl('c')], Action::Quit, "quit", "quit"),
    bind(
        Everywhere,
        &[Char(',')],
        Action::Step { forward: false, of_traces: false },
        "",
        "time: one event back; every view shows the run as of then",
    ),
    bind(Everywhere, &[Char('.')], Action::Step { forward: true, of_traces: false }, ", . step", "time: one event on"),
    bind(
        Everywhere,
        &[Char('<')],
        Action::Step { forward: false, of_traces: true },
        "",
        "time: back to where a trace was installed, aborted, invalidated or freed",
    ),
    bind(
        Everywhere,
        &[Char('>')],
        Action::Step { forward: true, of_traces: true },
        "",
        "time: on to the next of these",
    ),
    bind(Everywhere, &[Char(' ')], Action::Play, "play", "time: play, or stop"),
    bind(Everywhere, &[Char('}')], Action::Speed(1), "", "play twice as fast"),
    bind(Everywhere, &[Char('{')], Action::Speed(-1), "", "play half as fast"),
    bind(Everywhere, &[Char('w')], Action::WholeRun, "", "time: the whole run again"),
    bind(Everywhere, &[Char('1')], Action::View(ViewId::Overview), "", "Overview: the run on one page"),
    bind(
        Everywhere,
        &[Char('2')],
        Action::View(ViewId::Timeline),
        "",
        "Timeline: the run along its time, event by event",
    ),
    bind(
        Everywhere,
        &[Char('3')],
        Action::View(ViewId::Traces),
        "",
        "Traces: what was recorded, and what became of it",
    ),
    bind(Everywhere, &[Char('4')], Action::View(ViewId::Trace), "", "Trace: source, IR and machine code side by side"),
    bind(Everywhere, &[Char('5')], Action::View(ViewId::Guards), "", "Guards: what fails, and what was seen instead"),
    bind(
        Everywhere,
        &[Char('6')],
        Action::View(ViewId::Aborts),
        "",
        "Aborts: recordings given up, by reason and place",
    ),
    bind(Everywhere, &[Char('7')], Action::View(ViewId::Source), "", "Source: the program by line, heat in the margin"),
    bind(
        Everywhere,
        &[Char('8')],
        Action::View(ViewId::Memory),
        "",
        "Memory: heap, collector, code, and who allocates",
    ),
    bind(Everywhere, &[Char('9')], Action::View(ViewId::Flame), "", "Flame: time by stack of functions"),
    bind(
        Everywhere,
        &[Char('0')],
        Action::View(ViewId::Diff),
        "",
        "Diff: what changed between two logs (jitviz BEFORE AFTER)",
    ),
    bind(
        Everywhere,
        &[Char('j'), Code(KeyCode::Down)],
        Action::Move(1),
        "",
        "one line down; in Timeline an event, in Flame the callee with most time",
    ),
    bind(
        Everywhere,
        &[Char('k'), Code(KeyCode::Up)],
        Action::Move(-1),
        "",
        "one line up; in Timeline an event, in Flame the caller",
    ),
    bind(Everywhere, &[Code(KeyCode::PageDown), Ctrl('f')], Action::HalfPages(2), "", "one page down"),
    bind(Everywhere, &[Code(KeyCode::PageUp), Ctrl('b')], Action::HalfPages(-2), "", "one page up"),
    bind(Everywhere, &[Ctrl('d')], Action::HalfPages(1), "", "half a page down"),
    bind(Everywhere, &[Ctrl('u')], Action::HalfPages(-1), "", "half a page up"),
    bind(Everywhere, &[Char('g'), Code(KeyCode::Home)], Action::Top, "", "the first line"),
    bind(Everywhere, &[Char('G'), Code(KeyCode::End)], Action::Bottom, "", "the last line"),
    bind(
        Everywhere,
        &[Char('l'), Code(KeyCode::Right)],
        Action::Shift(8),
        "",
        "scroll right; in Timeline later, in Flame the next function of the row",
    ),
    bind(
        Everywhere,
        &[Char('h'), Code(KeyCode::Left)],
        Action::Shift(-8),
        "",
        "scroll left; in Timeline earlier, in Flame the function before",
    ),
    bind(Everywhere, &[Char('y')], Action::Copy, "", "copy the line under the cursor (OSC 52, works over SSH)"),
    bind(Everywhere, &[Char('R')], Action::Reset, "", "reset order, search, filter, zoom and scrolling"),
    bind(Everywhere, &[Char('m')], Action::ToggleMouse, "", "let go of the mouse to select text, or take it back"),
    bind(Everywhere, &[Ctrl('z')], Action::Suspend, "", "suspend; `fg` comes back to the same place"),
];

/// The action of a key press in a view; the view's own keys come first.
pub fn action_of(event: &KeyEvent, view: ViewId) -> Option<Action> {
    let matching = KEYS.iter().filter(|b| b.scope.holds_in(view) && b.keys.iter().any(|k| k.is(event)));
    matching.min_by_key(|b| b.scope == Scope::Everywhere).map(|b| b.action)
}

/// Keys and labels for the footer of a view, most useful first.
pub fn footer(view: ViewId) -> impl Iterator<Item = (String, &'static str)> {
    KEYS.iter().filter(move |b| b.scope.holds_in(view) && !b.short.is_empty()).map(|b| match b.short {
        // Two keys that belong together.
        ", . step" => (", .".to_string(), "step"),
        short => (b.keys[0].name(), short),
    })
}

/// Names of a binding's keys: `j Down`.
pub fn names(binding: &Binding) -> String {
    binding.keys.iter().map(|k| k.name()).collect::<Vec<_>>().join(" ")
}

/// The keys as the README shows them.
pub fn markdown() -> String {
    let mut out = String::new();
    for scope in Scope::ALL {
        out.push_str(&format!("| {} | |\n|---|---|\n", scope.title()));
        for binding in KEYS.iter().filter(|b| b.scope == scope) {
            let keys: Vec<String> = binding.keys.iter().map(|k| format!("`{}`", k.name())).collect();
            out.push_str(&format!("| {} | {} |\n", keys.join(" "), binding.text));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_view() {
        for view in ViewId::ALL {
            let here: Vec<Key> =
                KEYS.iter().filter(|b| b.scope.holds_in(view)).flat_map(|b| b.keys.iter().copied()).collect();
            for (i, key) in here.iter().enumerate() {
                assert!(!here[..i].contains(key), "{} twice in {}", key.name(), view.name());
            }
        }
    }

    #[test]
    fn every_view_has_its_number() {
        for view in ViewId::ALL {
            let event = KeyEvent::new(KeyCode::Char(view.key()), KeyModifiers::NONE);
            assert_eq!(action_of(&event, ViewId::Overview), Some(Action::View(view)));
        }
    }

    #[test]
    fn the_readme_lists_the_keys() {
        let readme = include_str!("../../README.md");
        assert!(readme.contains(&markdown()), "README.md: replace the keys by\n\n{}", markdown());
    }
}
