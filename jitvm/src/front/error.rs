//! What is wrong with a source file: its place, its text as CPython prints it, and the table of unsupported features.

use std::fmt;

use crate::bytecode::{Source, Span};

/// Of a bytes literal.
pub const NOT_ASCII: &str = "bytes can only contain ASCII literal characters";

/// Which of the two ways a source file is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// It is no Python; printed like CPython's `SyntaxError`.
    Syntax,
    /// As `Syntax`, but CPython calls it `IndentationError`.
    Indentation,
    /// As `Syntax`, but CPython calls it `TabError`.
    Tab,
    /// It is Python that jitvm does not run yet.
    Unsupported,
}

macro_rules! features {
    ($($feature:ident $name:literal;)*) => {
        /// Python that jitvm does not run yet.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Feature { $($feature,)* }

        /// Every unsupported feature with the name users read.
        pub const FEATURES: &[(Feature, &str)] = &[$((Feature::$feature, $name),)*];
    };
}

features! {
    Nesting "nesting deeper than 3000 levels";
    Size "function with more than 65535 registers, constants or names";
    SourceSize "source file over 4 GiB";
}

impl Feature {
    pub fn name(self) -> &'static str {
        FEATURES[self as usize].1
    }
}

/// Why a source file was not compiled. Displays as CPython prints it (or, for [`ErrorKind::Unsupported`], in our own
/// form), without a trailing newline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompileError {
    pub kind: ErrorKind,
    pub message: String,
    pub path: String,
    /// 1-based; 0 where no place is known.
    pub line: u32,
    /// 0-based, in characters.
    pub column: u32,
    /// 0-based, in characters; exclusive. Equal to `column` where nothing is underlined.
    pub end_column: u32,
    /// The line itself, as it stands in the file.
    pub text: String,
}

/// An error before it knows its file: what the passes of the front end return.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub kind: ErrorKind,
    pub message: String,
    pub span: Span,
    /// Whether the span is shown; CPython underlines nothing for some errors of indentation.
    pub underlined: bool,
    /// Shown instead of the line, with the place in it: CPython compiles an f-string's expression as a text of its own.
    pub excerpt: Option<(String, Span)>,
}

/// What a source that compiles makes CPython warn of (`SyntaxWarning`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// Where, in bytes.
    pub offset: u32,
    pub message: String,
}

impl Fault {
    pub fn syntax(message: impl Into<String>, span: Span) -> Fault {
        Fault { kind: ErrorKind::Syntax, message: message.into(), span, underlined: true, excerpt: None }
    }

    pub fn unsupported(feature: Feature, span: Span) -> Fault {
        Fault {
            kind: ErrorKind::Unsupported,
            message: feature.name().to_owned(),
            span,
            underlined: true,
            excerpt: None,
        }
    }

    /// Gives the error its file.
    pub fn locate(self, source: &Source) -> CompileError {
        let (line, start) = source.line_column(self.span.start);
        let (text, start, end) = match &self.excerpt {
            Some((text, place)) => (text.as_str(), place.start, place.end),
            None => {
                let text = source.line_text(line);
                let (end_line, end) = source.line_column(self.span.end);
                (text, start, if end_line == line { end } else { text.len() as u32 })
            }
        };
        let column = characters(text, start);
        let end_column = if self.underlined { characters(text, end).max(column + 1) } else { column };
        CompileError {
            kind: self.kind,
            message: self.message,
            path: source.path.clone(),
            line,
            column,
            end_column,
            text: text.to_owned(),
        }
    }
}

/// Characters in the first `bytes` bytes of a line; places past its end count on.
fn characters(text: &str, bytes: u32) -> u32 {
    let within = text.char_indices().take_while(|&(index, _)| index < bytes as usize).count() as u32;
    within + bytes.saturating_sub(text.len() as u32)
}

impl CompileError {
    /// Name of the Python exception this is, if it is one.
    pub fn exception(&self) -> Option<&'static str> {
        match self.kind {
            ErrorKind::Syntax => Some("SyntaxError"),
            ErrorKind::Indentation => Some("IndentationError"),
            ErrorKind::Tab => Some("TabError"),
            ErrorKind::Unsupported => None,
        }
    }

    /// The source line without its indent, and the line of carets below it.
    fn write_excerpt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stripped = self.text.trim_start_matches([' ', '\t', '\x0c']);
        let indent = self.text[..self.text.len() - stripped.len()].chars().count() as u32;
        write!(f, "    {stripped}")?;
        if self.end_column > self.column {
            let before = self.column.saturating_sub(indent) as usize;
            let mut carets = self.end_column.saturating_sub(self.column.max(indent)).max(1) as usize;
            if self.message == NOT_ASCII {
                // CPython counts these in bytes.
                carets = self.text.chars().skip(self.column as usize).take(carets).map(char::len_utf8).sum();
            }
            write!(f, "\n    {}{}", " ".repeat(before), "^".repeat(carets))?;
        }
        Ok(())
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exception() {
            // Of a text that could not be read.
            Some(exception) if self.line == 0 => write!(f, "{exception}: {}", self.message),
            Some(exception) => {
                writeln!(f, "  File \"{}\", line {}", self.path, self.line)?;
                self.write_excerpt(f)?;
                write!(f, "\n{exception}: {}", self.message)
            }
            None => {
                writeln!(f, "{}:{}:{}: not supported yet: {}", self.path, self.line, self.column + 1, self.message)?;
                self.write_excerpt(f)
            }
        }
    }
}

impl std::error::Error for CompileError {}
