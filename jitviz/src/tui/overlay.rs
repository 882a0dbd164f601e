//! What lies over a view: the help with its own search, and the explanation of a term.

use super::action::{Action, ViewId};
use super::keys::{self, KEYS, Scope};
use super::layout;
use crate::styled::{Line, Role};
use crate::terms::{self, Term};
use crate::text::wrap::wrap;

/// Columns for what a key does.
const TEXT: usize = 58;

#[derive(Clone, Debug)]
pub enum Overlay {
    Help(Help),
    /// A term, and before it what the line under the cursor says of it in full.
    Explain(&'static Term, Option<String>),
}

#[derive(Clone, Debug)]
pub struct Help {
    view: ViewId,
    pub filter: String,
    pub typing: bool,
    pub top: usize,
}

impl std::fmt::Debug for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl Overlay {
    pub fn help(view: ViewId) -> Overlay {
        Overlay::Help(Help { view, filter: String::new(), typing: false, top: 0 })
    }

    pub fn explain(term: &str, said: Option<String>) -> Option<Overlay> {
        terms::term(term).map(|term| Overlay::Explain(term, said))
    }

    pub fn is_typing(&self) -> bool {
        matches!(self, Overlay::Help(help) if help.typing)
    }

    /// The overlay after an action; `Err` hands an action that is not its own to the view below.
    pub fn update(self, action: Action, size: (u16, u16)) -> Result<Option<Overlay>, Action> {
        match (self, action) {
            (_, Action::Quit | Action::Suspend) => Err(action),
            (overlay, Action::Tick) => Ok(Some(overlay)),
            (overlay @ Overlay::Explain(..), Action::Move(_) | Action::Wheel(..)) => Ok(Some(overlay)),
            (Overlay::Explain(..), _) => Ok(None),
            (Overlay::Help(help), action) => Ok(help.update(action, size).map(Overlay::Help)),
        }
    }
}

impl Help {
    fn update(mut self, action: Action, size: (u16, u16)) -> Option<Help> {
        let page = usize::from(layout::help(size).height.saturating_sub(2)).max(1);
        let step = |top: usize, by: isize| top.saturating_add_signed(by);
        match action {
            Action::Help => return None,
            Action::Back if self.typing || !self.filter.is_empty() => {
                self.typing = false;
                self.filter.clear();
            }
            Action::Back => return None,
            Action::Search => self.typing = true,
            Action::Type(c) => self.filter.push(c),
            Action::Erase => {
                self.filter.pop();
            }
            Action::Enter | Action::Open => self.typing = false,
            Action::Move(lines) | Action::Wheel(_, _, lines) => self.top = step(self.top, lines),
            Action::HalfPages(halves) => self.top = step(self.top, halves * (page as isize / 2).max(1)),
            Action::Top => self.top = 0,
            Action::Bottom => self.top = usize::MAX,
            _ => {}
        }
        self.top = self.top.min(self.lines().len().saturating_sub(page));
        Some(self)
    }

    /// The keys that work here, then the others; those that hold the filter.
    pub fn lines(&self) -> Vec<Line> {
        let filter = self.filter.to_lowercase();
        // The view's own keys first.
        let mut scopes = Scope::ALL;
        scopes.sort_by_key(|s| *s == Scope::Everywhere || !s.holds_in(self.view));
        let mut lines = Vec::new();
        for scope in scopes {
            let found = |b: &&keys::Binding| {
                let text = format!("{} {}", keys::names(b), b.text).to_lowercase();
                b.scope == scope && text.contains(&filter)
            };
            let bindings: Vec<_> = KEYS.iter().filter(found).collect();
            if bindings.is_empty() {
                continue;
            }
            lines.push(Line::of(Role::Title, scope.title()));
            for binding in bindings {
                let mut line = Line::of(Role::Name, format!("  {}", keys::names(binding)));
                line.pad_to(16);
                // Sixteen columns of names, two of frame.
                for (i, text) in wrap(binding.text, TEXT).into_iter().enumerate() {
                    if i > 0 {
                        lines.push(std::mem::take(&mut line));
                        line.push(Role::Plain, " ".repeat(16));
                    }
                    line.push(Role::Plain, text);
                }
                lines.push(line);
            }
        }
        if lines.is_empty() {
            lines.push(Line::of(Role::Dim, "no key does that"));
        } else if filter.is_empty() {
            lines.push(Line::of(Role::Dim, "Shift-drag selects text while the mouse is ours"));
        }
        lines
    }
}
