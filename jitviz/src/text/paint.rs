//! Writes styled lines to a stream: with ANSI colours or without, in Unicode or ASCII.

use std::io::{self, Write};

use crate::styled::{Charset, Line, Role};
use crate::theme::{Ink, look_of};

/// How a stream wants its text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paint {
    pub color: bool,
    pub charset: Charset,
    /// The width of the terminal; `None` for a file or pipe, where lines are never cut.
    pub width: Option<usize>,
}

impl Paint {
    pub fn line(&self, out: &mut dyn Write, line: &Line) -> io::Result<()> {
        for span in &line.spans {
            let text = self.charset.show(&span.text);
            match sgr(span.role).filter(|_| self.color) {
                Some(sgr) => write!(out, "\x1b[{sgr}m{text}\x1b[0m")?,
                None => out.write_all(text.as_bytes())?,
            }
        }
        out.write_all(b"\n")
    }

    pub fn lines(&self, out: &mut dyn Write, lines: &[Line]) -> io::Result<()> {
        lines.iter().try_for_each(|line| self.line(out, line))
    }
}

fn sgr(role: Role) -> Option<String> {
    let look = look_of(role);
    let mut parts = Vec::new();
    if look.bold {
        parts.push("1");
    }
    if look.dim {
        parts.push("2");
    }
    if look.ink != Ink::Default {
        parts.push(look.ink.sgr());
    }
    (!parts.is_empty()).then(|| parts.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_there_is_no_escape() {
        let line = Line::of(Role::Bad, "rot").with(Role::Plain, " → é");
        let show = |paint: Paint| {
            let mut out = Vec::new();
            paint.line(&mut out, &line).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(show(Paint::default()), "rot → é\n");
        assert_eq!(show(Paint { charset: Charset::ASCII, ..Paint::default() }), "rot -> \\xe9\n");
        assert_eq!(show(Paint { color: true, ..Paint::default() }), "\x1b[31mrot\x1b[0m → é\n");
    }
}
