//! What the environment says about the output: terminal or not, colours, character set, width.

use std::ffi::OsString;
use std::io::{IsTerminal, stdout};

use crate::cli::{Look, When};
use crate::styled::Charset;
use crate::text::paint::Paint;
use crate::tui::app::Options;

/// The facts, read once; decisions are functions of them.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub terminal: bool,
    pub dumb: bool,
    pub no_color: bool,
    pub utf8: bool,
    pub width: Option<usize>,
}

impl Environment {
    pub fn read() -> Environment {
        let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
        let terminal = stdout().is_terminal();
        Environment {
            terminal,
            dumb: var("TERM").is_some_and(|t| t == "dumb"),
            no_color: var("NO_COLOR").is_some(),
            utf8: is_utf8(["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(var)),
            width: terminal.then(crossterm::terminal::size).and_then(Result::ok).map(|(width, _)| width.into()),
        }
    }

    /// Whether a full-screen interface can work.
    pub fn is_interactive(&self) -> bool {
        self.terminal && !self.dumb
    }

    fn color(&self, when: When) -> bool {
        match when {
            When::Always => true,
            When::Never => false,
            When::Auto => self.terminal && !self.dumb && !self.no_color,
        }
    }

    fn charset(&self, look: &Look) -> Charset {
        Charset { ascii: look.ascii || !self.utf8 }
    }

    pub fn paint(&self, look: &Look) -> Paint {
        Paint { color: self.color(look.color), charset: self.charset(look), width: self.width.filter(|w| *w > 0) }
    }

    pub fn options(&self, look: &Look) -> Options {
        Options {
            color: self.color(look.color),
            charset: self.charset(look),
            mouse: !look.no_mouse,
            source: !look.no_source,
        }
    }
}

/// The first locale variable that is set decides. None set says nothing (containers), and terminals speak UTF-8.
fn is_utf8(locale: Option<OsString>) -> bool {
    match locale {
        Some(locale) => locale.to_string_lossy().to_ascii_lowercase().replace('-', "").contains("utf8"),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_is_read_however_it_is_written() {
        for (locale, utf8) in [("en_US.utf8", true), ("C.UTF-8", true), ("C", false), ("POSIX", false)] {
            assert_eq!(is_utf8(Some(locale.into())), utf8, "{locale}");
        }
        assert!(is_utf8(None));
    }

    #[test]
    fn the_option_outranks_the_environment() {
        let terminal = Environment { terminal: true, utf8: true, ..Environment::default() };
        assert!(terminal.color(When::Auto));
        let quiet = Environment { no_color: true, ..terminal.clone() };
        assert!(!quiet.color(When::Auto) && quiet.color(When::Always));
        assert!(!Environment { dumb: true, ..terminal.clone() }.color(When::Auto));
        assert!(!terminal.color(When::Never));
    }
}
