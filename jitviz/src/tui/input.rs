//! From what the terminal sends to actions: keys by the table, text while a search is typed, clicks and the wheel.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};

use super::action::Action;
use super::app::App;
use super::keys;
use super::overlay::Overlay;

/// The actions an event stands for in this state; a paste is several.
pub fn actions(app: &App, event: &Event) -> Vec<Action> {
    match event {
        // Repeats count, or a held key would do nothing; releases do not.
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            let action = match &app.overlay {
                _ if is_typing(app) => typed(key),
                // Any key closes an explanation.
                Some(Overlay::Explain(..)) => keys::action_of(key, app.view).or(Some(Action::Back)),
                _ => keys::action_of(key, app.view),
            };
            action.into_iter().collect()
        }
        Event::Paste(text) if is_typing(app) => {
            text.chars().filter(|c| !c.is_control()).take(256).map(Action::Type).collect()
        }
        Event::Mouse(mouse) => {
            let (x, y) = (mouse.column, mouse.row);
            match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => vec![Action::Click(x, y)],
                MouseEventKind::ScrollDown => vec![Action::Wheel(x, y, 3)],
                MouseEventKind::ScrollUp => vec![Action::Wheel(x, y, -3)],
                _ => Vec::new(),
            }
        }
        Event::Resize(width, height) => vec![Action::Resize(*width, *height)],
        _ => Vec::new(),
    }
}

fn is_typing(app: &App) -> bool {
    match &app.overlay {
        Some(overlay) => overlay.is_typing(),
        None => app.search.typing || app.filtering,
    }
}

/// Keys while text is typed: the letters are text, and what moves or quits still does.
fn typed(key: &KeyEvent) -> Option<Action> {
    let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Char(c) if plain => Some(Action::Type(c)),
        KeyCode::Char('c') if !plain => Some(Action::Quit),
        KeyCode::Char('z') if !plain => Some(Action::Suspend),
        KeyCode::Backspace => Some(Action::Erase),
        KeyCode::Enter => Some(Action::Enter),
        KeyCode::Esc => Some(Action::Back),
        KeyCode::Down => Some(Action::NextMatch),
        KeyCode::Up => Some(Action::PreviousMatch),
        _ => None,
    }
}
