//! What a signal handler must know of code: places of code objects, and what machine code was made from.
//!
//! The tables have their memory from the start and never move: an entry is complete before the length counts it.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering, compiler_fence};

use jitlog::{FuncId, LocDef, LocId, Places};

use crate::codegen::CodeRange;
use crate::codegen::arena::ALIGNMENT;
use crate::interp::helpers;
use crate::ir::{Body, Const, Op, Origin};
use crate::runtime::vm::Code;
use crate::trace::Trace;

/// A list that grows without moving, up to a limit.
pub struct Fixed<T> {
    entries: Vec<T>,
    /// Entries that are complete.
    count: AtomicUsize,
}

impl<T> Fixed<T> {
    pub fn new(limit: usize) -> Fixed<T> {
        Fixed { entries: Vec::with_capacity(limit), count: AtomicUsize::new(0) }
    }

    /// Adds an entry; beyond the limit it is forgotten.
    pub fn push(&mut self, entry: T) {
        if self.entries.len() < self.entries.capacity() {
            self.entries.push(entry);
            self.count.store(self.entries.len(), Ordering::Release);
        }
    }

    /// Puts an entry where one was that nothing refers to.
    pub fn replace(&mut self, index: usize, entry: T) {
        self.entries[index] = entry;
    }

    /// First address and size in bytes of its memory, most of which is untouched.
    pub fn range(&self) -> (usize, usize) {
        (self.entries.as_ptr() as usize, self.entries.capacity() * size_of::<T>())
    }

    /// The entries that are complete.
    pub fn complete(&self) -> &[T] {
        let count = self.count.load(Ordering::Acquire);
        // SAFETY: so many entries have been written, the memory does not move, and complete ones do not change.
        unsafe { std::slice::from_raw_parts(self.entries.as_ptr(), count) }
    }
}

/// A code object.
pub struct CodeEntry {
    pub code: *const Code,
    pub func: FuncId,
    pub places: Places,
    /// By instruction: the id of its place, once it has one.
    pub locs: Box<[Cell<LocId>]>,
}

impl CodeEntry {
    /// # Safety
    /// `code` lives as long as the process.
    pub unsafe fn new(code: *const Code, func: FuncId, places: Places) -> CodeEntry {
        // SAFETY: by the caller.
        let linked = unsafe { &*code };
        let count = linked.proto.instructions.len();
        CodeEntry { code, func, places, locs: vec![Cell::new(LocId::NONE); count].into() }
    }

    /// Definition of the place of an instruction. Allocates nothing.
    pub fn definition(&self, loc_id: LocId, pc: u32) -> LocDef {
        // SAFETY: by `new`; code objects do not change but for the operation of loop headers.
        let code = unsafe { &*self.code };
        let start = code.proto.positions.get(pc as usize).map_or(0, |position| position.span.start);
        let (line, column) = code.source.line_column(start);
        LocDef {
            loc_id,
            func_id: self.func,
            bc_off: pc,
            line,
            col: column.min(u32::from(u16::MAX)) as u16,
            loc_fp: self.places.fingerprint(pc),
        }
    }

    /// The instruction at an address, if it is this code's.
    pub fn pc_of(&self, address: usize) -> Option<u32> {
        // SAFETY: by `new`.
        let words = unsafe { &(*self.code).words };
        let offset = address.checked_sub(words.as_ptr() as usize)?;
        let pc = offset / size_of_val(words.first()?);
        (pc < words.len()).then_some(pc as u32)
    }
}

/// Where a piece of machine code comes from.
#[derive(Clone, Copy)]
struct Piece {
    offset: u32,
    /// Its frames: so many from there on in the list of the trace.
    first: u32,
    count: u32,
    /// The number of the builtin that it calls.
    builtin: Option<u32>,
    /// It calls compiled code.
    is_native_call: bool,
}

/// Machine code of one trace.
pub struct TraceEntry {
    pub id: u32,
    pub start: usize,
    end: usize,
    /// Offsets of the stubs of its exits.
    stubs: std::ops::Range<u32>,
    pieces: Box<[Piece]>,
    frames: Box<[LocId]>,
}

impl TraceEntry {
    /// `loc` gives the log's name of a place. None without machine code.
    pub fn new(trace: &Trace, loc: &mut dyn FnMut(Origin) -> LocId) -> Option<TraceEntry> {
        let artifact = trace.artifact.as_ref()?;
        let mut frames = Vec::new();
        let mut pieces: Vec<Piece> = Vec::with_capacity(artifact.map.len() + artifact.slow_map.len() + 1);
        // The stubs of exits come from no instruction.
        let stubs = [(artifact.stubs, u16::MAX)];
        for &(offset, ins) in artifact.map.iter().chain(&stubs).chain(&artifact.slow_map) {
            let first = frames.len() as u32;
            frames.extend(origins(&trace.body, ins as usize).map(&mut *loc));
            // Out of line a call goes through the interpreter.
            let calls = offset < artifact.stubs && trace.body.ins[ins as usize].op == Op::CallF;
            pieces.push(Piece {
                offset,
                first,
                count: frames.len() as u32 - first,
                builtin: builtin_called(&trace.body, ins as usize),
                is_native_call: calls,
            });
        }
        Some(TraceEntry {
            id: trace.id.0,
            start: artifact.code.start,
            end: artifact.code.end(),
            stubs: artifact.stubs..artifact.slow_map.first().map_or(u32::MAX, |&(offset, _)| offset),
            pieces: pieces.into(),
            frames: frames.into(),
        })
    }

    /// The Python frames at an offset, outermost first: that of the loop, then inlined ones. Empty if unknown.
    pub fn frames(&self, offset: u32) -> &[LocId] {
        let piece = self.piece(offset);
        let range = piece.map(|piece| piece.first as usize..(piece.first + piece.count) as usize);
        range.and_then(|range| self.frames.get(range)).unwrap_or_default()
    }

    /// The number of the builtin that is called at an offset.
    pub fn builtin(&self, offset: u32) -> Option<u32> {
        self.piece(offset)?.builtin
    }

    /// Whether the code at an offset calls compiled code.
    pub fn is_native_call(&self, offset: u32) -> bool {
        self.piece(offset).is_some_and(|piece| piece.is_native_call)
    }

    fn piece(&self, offset: u32) -> Option<&Piece> {
        let at = self.pieces.partition_point(|piece| piece.offset <= offset);
        at.checked_sub(1).and_then(|at| self.pieces.get(at))
    }
}

/// The number of the builtin that an instruction calls by one of the helpers that take a callee.
fn builtin_called(body: &Body, ins: usize) -> Option<u32> {
    let call = body.ins.get(ins).filter(|call| call.op == Op::CallH)?;
    let helper = helpers::HelperId(call.c as u16);
    let of_any = [helpers::CALL_TUPLE, helpers::GATHER].contains(&helper) || helpers::CALL.contains(&helper);
    if !of_any && !helpers::NATIVE.contains(&helper) && !helpers::SCALAR.contains(&helper) {
        return None;
    }
    let callee = *body.arguments(call.a).first().filter(|callee| callee.is_constant())?;
    match body.constants.get(callee.constant_index())? {
        Const::Val(value, _) => super::builtin_number(*value),
        _ => None,
    }
}

/// The places an instruction of a trace stands for, outermost first: those of the frames below it from the snapshot it
/// would leave with, then its own.
fn origins(body: &Body, ins: usize) -> impl Iterator<Item = Origin> + '_ {
    let own = body.origins.get(ins).copied();
    let snapshot = own.and_then(|_| body.snapshot_of(ins));
    let frames = snapshot.map_or(&[][..], |snapshot| &body.snapshots[snapshot].frames);
    // A snapshot is of the state before an instruction, which may have entered or left a function since.
    let depth = frames.iter().rposition(|frame| own.is_some_and(|own| frame.code == own.code));
    let below = &frames[..depth.unwrap_or(frames.len().min(1))];
    below.iter().map(|frame| Origin { code: frame.code, pc: frame.pc }).chain(own)
}

/// The machine code of all traces, by address.
pub struct TraceTable {
    entries: Fixed<TraceEntry>,
    /// Places of entries whose code is gone.
    free: Vec<usize>,
    /// Where code memory begins; 0 before there is any.
    base: AtomicUsize,
    /// By [`GRAIN`] bytes of code memory: 1 + the index of what is there, or 0.
    grains: Vec<u32>,
}

/// No two pieces of code share so many bytes.
const GRAIN: usize = ALIGNMENT;

impl TraceTable {
    pub fn new(limit: usize) -> TraceTable {
        TraceTable { entries: Fixed::new(limit), free: Vec::new(), base: AtomicUsize::new(0), grains: Vec::new() }
    }

    /// Adds the code of a trace; beyond the limit it is forgotten.
    pub fn add(&mut self, entry: TraceEntry, region: CodeRange) {
        if self.base.load(Ordering::Relaxed) == 0 {
            // Its pages come zeroed, and only some are ever touched.
            self.grains = vec![0; region.size.div_ceil(GRAIN)];
            self.base.store(region.start, Ordering::Release);
        }
        let range = CodeRange { start: entry.start, size: entry.end - entry.start };
        let index = match self.free.pop() {
            Some(index) => {
                self.entries.replace(index, entry);
                index
            }
            None => {
                let index = self.entries.complete().len();
                self.entries.push(entry);
                index
            }
        };
        if index < self.entries.complete().len() {
            self.mark(range, index as u32 + 1);
        }
    }

    /// The code of a trace is gone.
    pub fn remove(&mut self, range: CodeRange) {
        if let Some((index, 0)) = self.at(range.start) {
            self.mark(range, 0);
            self.free.push(index);
        }
    }

    fn mark(&mut self, range: CodeRange, word: u32) {
        let base = self.base.load(Ordering::Relaxed);
        let first = (range.start - base) / GRAIN;
        let last = (range.end() - base).div_ceil(GRAIN);
        // The entry is complete by now.
        compiler_fence(Ordering::SeqCst);
        for grain in self.grains.iter_mut().take(last).skip(first) {
            // SAFETY: it is a reference; the handler, on this thread, reads whole words.
            unsafe { std::ptr::from_mut(grain).write_volatile(word) };
        }
        compiler_fence(Ordering::SeqCst);
    }

    /// The trace that an address lies in, as its index, and the offset in it.
    pub fn at(&self, address: usize) -> Option<(usize, u32)> {
        let base = self.base.load(Ordering::Acquire);
        let grain = address.checked_sub(base).filter(|_| base != 0)? / GRAIN;
        // SAFETY: it is a reference. This may interrupt `mark`.
        let word = unsafe { std::ptr::from_ref(self.grains.get(grain)?).read_volatile() };
        let index = word.checked_sub(1)? as usize;
        let entry = self.entries.complete().get(index)?;
        (entry.start..entry.end).contains(&address).then(|| (index, (address - entry.start) as u32))
    }

    /// Whether the instruction at an address is on the way out of a trace: in a stub, or in what all stubs end in.
    pub fn leaves_at(&self, address: usize) -> bool {
        let base = self.base.load(Ordering::Acquire);
        let size = self.grains.len() * GRAIN;
        match self.at(address) {
            Some((index, offset)) => self.entry(index).stubs.contains(&offset),
            None => base != 0 && (base..base + size).contains(&address),
        }
    }

    /// The trace of an index that [`TraceTable::at`] gave.
    pub fn entry(&self, index: usize) -> &TraceEntry {
        &self.entries.complete()[index]
    }

    /// First address and size in bytes of its memory, most of which is untouched.
    pub fn ranges(&self) -> [(usize, usize); 2] {
        [self.entries.range(), (self.grains.as_ptr() as usize, self.grains.capacity() * size_of::<u32>())]
    }
}
