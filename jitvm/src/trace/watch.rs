//! Watches: what compiled code relies on without looking, and how it is told that it is so no longer.
//!
//! Functions and classes are globals that hardly ever change, and a class hardly ever gets another version. Such a fact
//! lives in a [`Cell`]: that of the global, or of the class's version. `G_WATCH` says that a trace relies on what the cell
//! holds; its machine code is an instruction of five bytes that does nothing. Who gives a watched cell another value goes
//! through [`Vm::set_cell`], which first makes these five bytes, in every trace there is, a jump to the guard's exit: also
//! in those that are running, since a call that changed the cell comes back to somewhere before the next such guard.
//!
//! * A cell that has changed while it was watched is not watched again: traces look at it as at any memory.
//! * Nor is one that compiled code stores to, so that its stores need not ask.
//! * The word `aux` of the cell's header has both flags. Traces are compiled between two bytecodes, so a fact that held
//!   when `may_watch` looked holds when the code is installed.

use std::collections::HashMap;

use super::Trace;
use crate::ir::{Body, Op, TraceId};
use crate::runtime::object::{Cell, ShapeId};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

/// Compiled code relies on the cell's value.
const WATCHED: u16 = 1;
/// The cell is not to be watched.
const CHANGES: u16 = 2;

/// A guard in machine code that passes until it is made a jump.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WatchPoint {
    /// Address of the cell.
    pub cell: u64,
    /// Offset in the trace's code of the five bytes, and of the stub.
    pub at: u32,
    pub stub: u32,
}

/// By cell: the guards that rely on it, with their addresses.
#[derive(Debug, Default)]
pub struct Watches {
    by_cell: HashMap<u64, Vec<(TraceId, usize, usize)>>,
}

impl Watches {
    /// The code of a trace is there.
    pub fn installed(&mut self, trace: &Trace) {
        let Some(artifact) = &trace.artifact else { return };
        for point in &artifact.watches {
            let place = (trace.id, artifact.code.start + point.at as usize, artifact.code.start + point.stub as usize);
            self.by_cell.entry(point.cell).or_default().push(place);
            // SAFETY: the cell is kept alive by the VM (`Const::Raw`), and `may_watch` has seen that it is one.
            unsafe { (*(point.cell as *mut Cell)).header.aux |= WATCHED };
        }
    }

    /// The code of a trace is gone.
    pub fn freed(&mut self, trace: &Trace) {
        for point in trace.artifact.iter().flat_map(|artifact| &artifact.watches) {
            if let Some(places) = self.by_cell.get_mut(&point.cell) {
                places.retain(|place| place.0 != trace.id);
            }
        }
    }
}

/// Whether a trace may rely on the object at this address, without looking, to go on holding this word.
pub fn may_watch(vm: &Vm, address: u64, word: u64) -> bool {
    // SAFETY: it is a cell.
    cell_at(vm, address).is_some_and(|cell| unsafe { (*cell).header.aux & CHANGES == 0 && (*cell).value.0 == word })
}

/// The cell at an address that a trace loads from or stores to; a field of the VM (what is being handled) is none,
/// though treated as one.
fn cell_at(vm: &Vm, address: u64) -> Option<*mut Cell> {
    let cell = address as *mut Cell;
    // SAFETY: what a trace refers to in the heap is alive.
    (vm.heap.is_among_objects(address as usize) && unsafe { (*cell).header.shape == ShapeId::CELL }).then_some(cell)
}

/// A cell that is written without [`Vm::set_cell`]: nothing is to rely on it.
pub fn never(cell: Value) {
    // SAFETY: callers pass cells.
    unsafe { (*cell.object::<Cell>()).header.aux |= CHANGES };
}

/// Whether code that watched the cell at this address leaves, whatever it holds by now.
pub fn has_changed(address: u64) -> bool {
    // SAFETY: traces that watch it keep it alive.
    unsafe { (*(address as *const Cell)).header.aux & CHANGES != 0 }
}

/// A trace is going to store to these cells by itself.
pub fn is_stored_by(vm: &mut Vm, body: &Body) {
    for ins in body.ins.iter().filter(|ins| ins.op == Op::CellStore && ins.a.is_constant()) {
        if let Some(cell) = cell_at(vm, body.constants[ins.a.constant_index()].word()) {
            changes(vm, cell);
        }
    }
}

/// The cell is about to change, or may from now on: what relies on it leaves at its guards.
#[cold]
#[inline(never)]
fn changes(vm: &mut Vm, cell: *mut Cell) {
    // SAFETY: callers pass cells.
    unsafe { (*cell).header.aux = (*cell).header.aux & !WATCHED | CHANGES };
    let places = vm.jit.watches.by_cell.remove(&(cell as u64)).unwrap_or_default();
    let Some(arena) = &mut vm.jit.arena else { return };
    for (_, at, stub) in places {
        // Going on with code that relies on what is no longer so would be wrong.
        arena.divert(at, stub).expect("installed code can be written to");
    }
}

impl Vm {
    /// Gives a global, or the cell of a class's version, a value.
    ///
    /// # Safety
    /// `cell` is a live `Cell`.
    #[inline(always)]
    pub unsafe fn set_cell(&mut self, cell: *mut Cell, value: Value) {
        // SAFETY: by the caller.
        unsafe {
            if (*cell).header.aux & WATCHED != 0 && (*cell).value != value {
                changes(self, cell);
            }
            (*cell).value = value;
        }
    }
}
