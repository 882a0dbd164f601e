//! Logs of other VMs made into logs of ours: which formats there are, how a file's kind is told, and the way of a file.
//!
//! Each format is one file (or folder) that takes lines and writes events through a [`Sink`]. What a line says that a log of ours
//! has no place for is passed over knowingly; a line nobody understands is counted and named, never guessed at. Memory
//! is bounded by what is defined (places, traces, guards), not by the length of the file.
#![forbid(unsafe_code)]

mod exits;
mod hotspot;
mod input;
mod ir;
mod iterations;
mod luajit;
mod perf;
mod pypy_jitlog;
mod pypylog;
mod sink;
mod v8;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::{Fact, UnreadKind};
use input::Input;
pub(crate) use input::Line;
pub(crate) use sink::Sink;

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Pypylog,
    PypyJitlog,
    Luajit,
    V8,
    Hotspot,
    Iterations,
    Perf,
}

impl Format {
    /// Every format with its name on the command line and what it is.
    pub const ALL: [(Format, &'static str, &'static str); 7] = [
        (Format::Pypylog, "pypylog", "PyPy: PYPYLOG=jit,gc:FILE"),
        (Format::PypyJitlog, "pypy-jitlog", "PyPy: JITLOG=FILE"),
        (Format::Luajit, "luajit", "LuaJIT: -jv, -jdump, -jp, or times with jitlog-events.lua"),
        (Format::V8, "v8", "node: --log-code --log-deopt --log-ic, or --trace-opt --trace-deopt"),
        (Format::Hotspot, "hotspot", "java: -XX:+LogCompilation, -XX:+PrintCompilation, -Xlog:jit*"),
        (Format::Iterations, "iterations", "times of iterations: CSV, pyperf, hyperfine or JMH JSON"),
        (Format::Perf, "perf", "Linux perf: perf script's text or perf.data, and the log of the same run"),
    ];

    pub fn name(self) -> &'static str {
        Format::ALL.iter().find(|(format, _, _)| *format == self).map_or("", |(_, name, _)| name)
    }

    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.iter().find(|(_, known, _)| *known == name).map(|(format, _, _)| *format)
    }
}

/// How an import is made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Ticks per second of the time stamps of a PYPYLOG, where the file does not tell them.
    pub tsc_hz: Option<f64>,
    /// Counts the bytes read, for whoever shows how far it is.
    pub read: Arc<AtomicU64>,
}

/// A place in a file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    pub kind: UnreadKind,
    pub file: String,
    /// From 1; 0 in a binary file.
    pub line: u64,
    pub byte: u64,
    pub text: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: byte {}: {}: {}", self.file, self.byte, self.kind, self.text),
            line => write!(out, "{}:{line} (byte {}): {}: {}", self.file, self.byte, self.kind, self.text),
        }
    }
}

/// What an import came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub bytes: u64,
    pub lines: u64,
    pub events: u64,
    /// Events that found no room in the log.
    pub dropped: u64,
    /// The first of what could not be read.
    pub unread: Vec<Unread>,
    pub unread_count: u64,
    pub absent: Vec<(Fact, String)>,
    /// What the user should know, e.g. where the times come from.
    pub notes: Vec<String>,
}

/// Why there is no log.
#[derive(Debug)]
pub enum ImportError {
    Read(PathBuf, io::Error),
    Write(PathBuf, io::Error),
    /// Nobody knows what the file is, or it is not what it was said to be.
    Kind(PathBuf, String),
}

impl fmt::Display for ImportError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportError::Read(path, error) | ImportError::Write(path, error) => {
                write!(out, "{}: {error}", path.display())
            }
            ImportError::Kind(path, text) => write!(out, "{}: {text}", path.display()),
        }
    }
}

impl std::error::Error for ImportError {}

/// What takes the lines of a text format.
pub(crate) trait Importer {
    fn line(&mut self, line: &Line<'_>, out: &mut Sink);
    /// A file is over; another of the same run may follow.
    fn end_of_file(&mut self, _out: &mut Sink) {}
    fn end(&mut self, out: &mut Sink);
}

/// How much of a file tells its kind.
const HEAD: usize = 64 << 10;

/// The kind of a file, from its first bytes; `None` if it is none of ours.
pub fn recognise(path: &Path) -> io::Result<Option<Format>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(recognise_bytes(&head))
}

fn recognise_bytes(head: &[u8]) -> Option<Format> {
    if head.starts_with(&crate::format::layout::MAGIC) {
        return None;
    }
    if pypy_jitlog::is_one(head) {
        return Some(Format::PypyJitlog);
    }
    let text = String::from_utf8_lossy(head);
    let lines: Vec<&str> = text.lines().take(2000).collect();
    let some = |test: fn(&str) -> bool| lines.iter().any(|line| test(line));
    if some(hotspot::is_xml) {
        return Some(Format::Hotspot);
    }
    if some(v8::is_csv) {
        return Some(Format::V8);
    }
    if lines.iter().any(|line| pypylog::is_section(line)) {
        return Some(Format::Pypylog);
    }
    if some(luajit::is_one) {
        return Some(Format::Luajit);
    }
    if some(v8::is_trace) {
        return Some(Format::V8);
    }
    if some(hotspot::is_text) {
        return Some(Format::Hotspot);
    }
    if luajit::is_profile(&lines) {
        return Some(Format::Luajit);
    }
    if perf::is_one(head, &lines) {
        return Some(Format::Perf);
    }
    iterations::is_one(&text).then_some(Format::Iterations)
}

/// Imports files of one run into a new log at `to`. Without a format the first file's content tells it.
pub fn import(format: Option<Format>, files: &[PathBuf], to: &Path, options: &Options) -> Result<Report, ImportError> {
    let Some(first) = files.first() else {
        return Err(ImportError::Kind(PathBuf::new(), "no file was named".into()));
    };
    let read_error = |path: &Path| {
        let path = path.to_path_buf();
        move |error| ImportError::Read(path, error)
    };
    let format = match format {
        Some(format) => format,
        // A log of ours is what perf's samples are joined to.
        None if files.len() > 1 && perf::is_log(first) => Format::Perf,
        None => recognise(first).map_err(read_error(first))?.ok_or_else(|| {
            let names: Vec<&str> = Format::ALL.iter().map(|(_, name, _)| *name).collect();
            let text = format!("its content is of no kind that is known; name one: {}", names.join(", "));
            ImportError::Kind(first.clone(), text)
        })?,
    };
    if files.len() > 1 && matches!(format, Format::Pypylog | Format::PypyJitlog) {
        let text = "one process is one log: import the files one by one".to_string();
        return Err(ImportError::Kind(files[1].clone(), text));
    }
    if format == Format::Perf {
        return perf::import(files, to, options);
    }
    let mut inputs = Vec::new();
    for path in files {
        inputs.push(Input::open(path, options.read.clone()).map_err(read_error(path))?);
    }
    let run_id = run_id(files).map_err(read_error(first))?;
    let mut out = Sink::create(to, run_id).map_err(|error| ImportError::Write(to.to_path_buf(), error))?;
    let mut importer: Box<dyn Importer> = match format {
        Format::Pypylog => {
            let rate = pypylog::Rate::find(first, options.tsc_hz).map_err(read_error(first))?;
            Box::new(pypylog::Pypylog::new(rate, &mut out))
        }
        Format::Luajit => Box::new(luajit::Luajit::new(&mut out)),
        Format::V8 => Box::new(v8::V8::new(&mut out)),
        Format::Hotspot => Box::new(hotspot::Hotspot::new(&mut out)),
        Format::PypyJitlog => {
            for input in &mut inputs {
                out.file(input.name());
                pypy_jitlog::read(input, &mut out).map_err(read_error(first))?;
            }
            return Ok(out.finish(&inputs));
        }
        Format::Iterations => {
            for input in &mut inputs {
                out.file(input.name());
                iterations::read(input, &mut out).map_err(read_error(first))?;
            }
            return Ok(out.finish(&inputs));
        }
        Format::Perf => unreachable!("perf is imported above: it makes a log from a log"),
    };
    for (path, input) in files.iter().zip(&mut inputs) {
        out.file(input.name());
        while let Some(line) = input.line().map_err(read_error(path))? {
            out.here(&line);
            importer.line(&line, &mut out);
            if line.cut {
                out.unread(UnreadKind::Cut, line.text);
            }
        }
        importer.end_of_file(&mut out);
    }
    importer.end(&mut out);
    Ok(out.finish(&inputs))
}

/// The id of the run: the same for the same files, so that an import can be repeated.
fn run_id(files: &[PathBuf]) -> io::Result<[u8; 16]> {
    let mut state = xxhash_rust::xxh3::Xxh3::new();
    for path in files {
        let mut head = Vec::new();
        let file = File::open(path)?;
        state.update(&file.metadata()?.len().to_le_bytes());
        file.take(1 << 20).read_to_end(&mut head)?;
        state.update(&head);
    }
    Ok(state.digest128().to_be_bytes())
}
