//! What each role looks like: the one table that the ANSI output and the TUI both paint from.
//!
//! Only the sixteen named colours, and never a background, so the user's own terminal theme stays in charge; every role
//! that matters also has a sign or a weight, so that nothing is said by colour alone.

use crate::styled::Role;

/// A colour of the terminal's own palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Default,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
}

impl Ink {
    /// The SGR parameter of the colour as foreground.
    pub fn sgr(self) -> &'static str {
        match self {
            Ink::Default => "39",
            Ink::Red => "31",
            Ink::Green => "32",
            Ink::Yellow => "33",
            Ink::Blue => "34",
            Ink::Magenta => "35",
            Ink::Cyan => "36",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub ink: Ink,
    pub bold: bool,
    pub dim: bool,
}

const fn look(ink: Ink) -> Look {
    Look { ink, bold: false, dim: false }
}

pub fn look_of(role: Role) -> Look {
    match role {
        Role::Plain => look(Ink::Default),
        Role::Dim => Look { dim: true, ..look(Ink::Default) },
        Role::Title => Look { bold: true, ..look(Ink::Default) },
        Role::Name => look(Ink::Cyan),
        Role::Op => Look { bold: true, ..look(Ink::Default) },
        Role::Good | Role::Added => look(Ink::Green),
        Role::Warn | Role::Changed => look(Ink::Yellow),
        Role::Bad | Role::Removed => look(Ink::Red),
        Role::Source => look(Ink::Blue),
    }
}
