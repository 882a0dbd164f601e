//! Places of the program as the log names them: sources, functions, instructions and stacks, each asked for once.

use std::sync::Arc;

use jitlog::{FrameKind, FuncId, LocId, Log, SourceId, SourceText, StackId, Stream};

use super::dump;
use crate::bytecode::Source;
use crate::front;
use crate::interp::call;
use crate::ir::{CodeId, Origin, Snapshot};
use crate::runtime::vm::Vm;
use crate::sizes;

/// What the log knows of a code object.
struct Function {
    id: FuncId,
    /// By instruction, NONE where it was not asked for. Each dump of a trace asks for those of all its instructions.
    locs: Vec<LocId>,
    /// Of each instruction that was recorded: its text, as lists of texts have it.
    notes: Vec<Box<[u8]>>,
}

/// The names given so far.
#[derive(Default)]
pub(super) struct PlaceTable {
    sources: Vec<(Arc<Source>, SourceId)>,
    /// By code.
    functions: Vec<Option<Function>>,
    /// The stack asked for last, outermost frame first: those of a trace's exits mostly begin alike.
    stack: Vec<(Origin, StackId)>,
}

impl PlaceTable {
    fn source(&mut self, log: &Log, stream: &mut Stream, source: &Arc<Source>) -> SourceId {
        if let Some((_, id)) = self.sources.iter().find(|(known, _)| Arc::ptr_eq(known, source)) {
            return *id;
        }
        let id = log.defs().source(&source.path, source.text.as_bytes());
        stream.source_text(&SourceText { source_id: id, bytes: source.text.as_bytes() });
        self.sources.push((Arc::clone(source), id));
        id
    }

    pub fn function(&mut self, log: &Log, stream: &mut Stream, vm: &Vm, code: CodeId) -> FuncId {
        if let Some(Some(known)) = self.functions.get(code.index()) {
            return known.id;
        }
        // SAFETY: code objects live as long as the VM.
        let linked = unsafe { &*call::code_pointer(vm, code) };
        let source = self.source(log, stream, &linked.source);
        let last = linked.proto.positions.iter().map(|p| p.span.end).max().unwrap_or(0);
        let (last_line, _) = linked.source.line_column(last.saturating_sub(1));
        let id = log.defs().func(source, &linked.proto.qualname, linked.proto.first_line, last_line);
        if self.functions.len() <= code.index() {
            self.functions.resize_with(code.index() + 1, || None);
        }
        self.functions[code.index()] = Some(Function { id, locs: Vec::new(), notes: Vec::new() });
        id
    }

    #[inline]
    pub fn loc(&mut self, log: &Log, stream: &mut Stream, vm: &Vm, origin: Origin) -> LocId {
        let function = self.functions.get(origin.code.index()).and_then(Option::as_ref);
        match function.and_then(|function| function.locs.get(origin.pc as usize)) {
            Some(&known) if !known.is_none() => known,
            _ => self.new_loc(log, stream, vm, origin),
        }
    }

    #[cold]
    fn new_loc(&mut self, log: &Log, stream: &mut Stream, vm: &Vm, origin: Origin) -> LocId {
        let id = self.function(log, stream, vm, origin.code);
        // SAFETY: code objects live as long as the VM.
        let linked = unsafe { &*call::code_pointer(vm, origin.code) };
        let positions = &linked.proto.positions;
        let start = positions.get(origin.pc as usize).map_or(0, |p| p.span.start);
        let (line, column) = linked.source.line_column(start);
        let loc = log.defs().loc(id, origin.pc, line, column.min(u32::from(u16::MAX)) as u16);
        if let Some(Some(function)) = self.functions.get_mut(origin.code.index()) {
            if function.locs.is_empty() {
                function.locs = vec![LocId::NONE; positions.len()];
            }
            if let Some(known) = function.locs.get_mut(origin.pc as usize) {
                *known = loc;
            }
        }
        loc
    }

    /// Adds an instruction's text to a list of texts. The log knows its place.
    pub fn note(&mut self, vm: &Vm, origin: Origin, notes: &mut Vec<u8>) {
        let pc = origin.pc as usize;
        let Some(Some(function)) = self.functions.get_mut(origin.code.index()) else { return };
        if function.notes.len() <= pc {
            function.notes.resize_with(function.locs.len().max(pc + 1), Box::default);
        }
        if function.notes[pc].is_empty() {
            let written = written(vm, origin);
            let mut note = Vec::with_capacity(written.len() + 2);
            dump::text(&mut note, &written);
            function.notes[pc] = note.into();
        }
        notes.extend_from_slice(&function.notes[pc]);
    }

    pub fn stack(&mut self, log: &Log, stream: &mut Stream, vm: &Vm, snapshot: &Snapshot) -> StackId {
        let mut stack = StackId::NONE;
        for (depth, frame) in snapshot.frames.iter().enumerate() {
            let origin = Origin { code: frame.code, pc: frame.pc };
            match self.stack.get(depth) {
                Some(&(known, id)) if known == origin => stack = id,
                _ => {
                    let loc = self.loc(log, stream, vm, origin);
                    let kind = if depth == 0 { FrameKind::Compiled } else { FrameKind::Inlined };
                    stack = log.defs().stack(stack, loc, kind);
                    self.stack.truncate(depth);
                    self.stack.push((origin, stack));
                }
            }
        }
        stack
    }

    /// Other codes take the numbers of `count` codes from `first` on.
    pub fn forget(&mut self, first: CodeId, count: usize) {
        for known in self.functions.iter_mut().skip(first.index()).take(count).flatten() {
            (known.locs, known.notes) = (Vec::new(), Vec::new());
        }
        self.stack.clear();
    }

    /// Memory, about.
    pub fn table_bytes(&self) -> usize {
        let of_function = |known: &Function| {
            let notes = known.notes.iter().map(|note| sizes::boxed(note)).sum::<usize>();
            sizes::list(&known.locs) + sizes::list(&known.notes) + notes
        };
        self.functions.iter().flatten().map(of_function).sum::<usize>()
            + sizes::list(&self.sources)
            + sizes::list(&self.functions)
            + sizes::list(&self.stack)
    }
}

/// An instruction as listings have it.
fn written(vm: &Vm, origin: Origin) -> String {
    // SAFETY: code objects live as long as the VM.
    let proto = unsafe { &(*call::code_pointer(vm, origin.code)).proto };
    let mut written = String::new();
    front::disassemble::write_instruction(proto, origin.pc as usize, &mut written);
    written
}
