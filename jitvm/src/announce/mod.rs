//! Tells other programs about machine code while it runs: Linux perf by a map or a dump, gdb by images in memory.
//!
//! Each piece of code becomes a [`Unit`] that every wanted form is given before the code is first entered. None of
//! them may fail the program: one that cannot be written is given up with a message.
//!
//! All code keeps its frame in rbp, and so does the VM (`.cargo/config.toml`), which is the one way of walking the
//! stack that every tool knows; exact unwinding tables (`frames`) go with it for those that ask for more. Names are
//! CPython's, `py::QUALNAME:FILE`, with the trace behind them.

mod frames;
mod gdb;
mod image;
mod jitdump;
mod perf_map;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::codegen::{Arena, CodeRange};
use crate::ir::Origin;
use crate::runtime::vm::Vm;
use crate::trace::Trace;
use gdb::Images;
use jitdump::Dump;
use perf_map::Map;

/// Which programs to tell, from the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// `/tmp/perf-PID.map`.
    pub perf_map: bool,
    /// The directory of `jit-PID.dump`.
    pub jitdump: Option<PathBuf>,
    pub gdb: bool,
}

impl Wanted {
    pub fn anything(&self) -> bool {
        self.perf_map || self.jitdump.is_some() || self.gdb
    }
}

/// How a piece of code treats its native frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame {
    /// It begins with `push rbp; mov rbp, rsp`.
    Made,
    /// rbp is that of a frame made elsewhere.
    Inherited,
}

/// The source line of the code from an offset on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// From the start of the code, in bytes.
    pub offset: u32,
    pub file: Arc<str>,
    pub line: u32,
}

/// A piece of machine code.
#[derive(Clone, PartialEq, Debug)]
pub struct Unit {
    /// What a debugger takes for a function: `py::QUALNAME`.
    pub function: String,
    /// What a profiler lists: the function, its file and which trace it is.
    pub name: String,
    pub range: CodeRange,
    pub frame: Frame,
    /// Ascending; the first is at 0.
    pub rows: Vec<Row>,
}

/// What is being told, and to whom.
#[derive(Debug)]
pub struct Announcer {
    map: Option<Map>,
    dump: Option<Dump>,
    images: Option<Images>,
    stubs_told: bool,
}

impl Announcer {
    /// Opens what is wanted; what cannot be opened is given up with a message.
    pub fn new(wanted: &Wanted) -> Announcer {
        let map = wanted.perf_map.then(Map::create).and_then(|made| reported("--perf-map", made));
        let dump = wanted.jitdump.as_deref().map(Dump::create).and_then(|made| reported("--jitdump", made));
        Announcer { map, dump, images: wanted.gdb.then(Images::default), stubs_told: false }
    }

    /// Bytes that must stay free behind each piece of code: perf maps a dump's unwinding table there.
    pub fn gap(&self) -> usize {
        if self.dump.is_some() { frames::ROOM } else { 0 }
    }

    /// Whether what was told of an address holds for the whole run: lines of a map have no time.
    pub fn is_believed_for_good(&self) -> bool {
        self.map.is_some()
    }

    /// A piece of code is gone. A dump knows the time at which something else is said to be there.
    pub fn forget(&mut self, range: CodeRange) {
        if let Some(images) = &mut self.images {
            images.remove(range);
        }
    }

    /// Tells of a piece of code whose bytes are `code`. It may stand where another stood before.
    pub fn tell(&mut self, unit: Unit, code: &[u8]) {
        if let Some(Err(error)) = self.map.as_mut().map(|map| map.add(&unit)) {
            give_up("--perf-map", &error);
            self.map = None;
        }
        if let Some(Err(error)) = self.dump.as_mut().map(|dump| dump.add(&unit, code)) {
            give_up("--jitdump", &error);
            self.dump = None;
        }
        if let Some(images) = &mut self.images {
            images.add(unit);
        }
    }
}

fn give_up(option: &str, error: &io::Error) {
    eprintln!("jitvm: {option}: {error}; going on without it");
}

fn reported<T>(option: &str, made: io::Result<T>) -> Option<T> {
    made.inspect_err(|error| give_up(option, error)).ok()
}

/// The unwinding table of all machine code for this process's own unwinder: right at every call.
///
/// # Errors
/// The table cannot be encoded.
pub fn whole_arena(range: CodeRange) -> Result<Vec<u8>, gimli::write::Error> {
    frames::for_unwinder(range)
}

/// Tells what is wanted about a trace that was just compiled.
pub fn compiled(vm: &mut Vm, trace: &Trace) {
    let Some(mut announcer) = vm.jit.announcer.take() else { return };
    if let (Some(artifact), Some(arena)) = (&trace.artifact, &vm.jit.arena) {
        if !announcer.stubs_told {
            announcer.stubs_told = true;
            announcer.tell(exit_path(arena), arena.bytes(arena.exit_code()));
        }
        let code = &vm.codes[trace.code.index()];
        let function = format!("py::{}", code.proto.qualname.replace(['(', ')', ';'], "_"));
        let place = match (trace.parent, code.proto.loops.get(trace.loop_index as usize)) {
            (Some(parent), _) => format!("trace {} side of {}", trace.id.0, parent.trace.0),
            (None, Some(&pc)) => {
                let line = row_of(vm, Origin { code: trace.code, pc }).map_or(0, |(_, line)| line);
                format!("trace {} line {line}", trace.id.0)
            }
            (None, None) => format!("trace {}", trace.id.0),
        };
        let unit = Unit {
            name: format!("{function}:{} [{place}]", code.source.path),
            function,
            range: artifact.code,
            frame: if trace.parent.is_some() { Frame::Inherited } else { Frame::Made },
            rows: rows(vm, trace, &artifact.map),
        };
        announcer.tell(unit, arena.bytes(artifact.code));
    }
    vm.jit.announcer = Some(announcer);
}

/// The trace's code is about to be gone.
pub fn freed(vm: &mut Vm, trace: &Trace) {
    if let (Some(announcer), Some(artifact)) = (&mut vm.jit.announcer, &trace.artifact) {
        announcer.forget(artifact.code);
    }
}

/// The path that all exits share.
fn exit_path(arena: &Arena) -> Unit {
    let name = "jitvm::exit".to_owned();
    let rows = vec![];
    Unit { function: name.clone(), name, range: arena.exit_code(), frame: Frame::Inherited, rows }
}

/// File and line of a bytecode.
fn row_of(vm: &Vm, origin: Origin) -> Option<(Arc<str>, u32)> {
    let code = &vm.codes[origin.code.index()];
    let position = code.proto.positions.get(origin.pc as usize)?;
    let line = code.source.line_column(position.span.start).0;
    Some((Arc::from(code.source.path.as_str()), line))
}

/// The line table of a trace. What precedes the first instruction belongs to it.
fn rows(vm: &Vm, trace: &Trace, map: &[(u32, u16)]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for &(offset, instruction) in map {
        let Some(&origin) = trace.body.origins.get(instruction as usize) else { continue };
        let Some((file, line)) = row_of(vm, origin) else { continue };
        match rows.last_mut() {
            Some(last) if last.line == line && last.file == file => {}
            Some(last) if last.offset == offset => *last = Row { offset, file, line },
            _ => rows.push(Row { offset: if rows.is_empty() { 0 } else { offset }, file, line }),
        }
    }
    rows
}
