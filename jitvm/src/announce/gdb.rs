//! gdb's interface for code made at run time: a list of ELF images in memory, and a function gdb stops at.
//!
//! gdb sorts all it knows whenever an image comes or goes, so many small images cost it quadratic time. They are
//! joined like carries of a binary counter: two images of the same rank become one of the next, so there are never more
//! than the logarithm of the number of traces.

use std::ptr;

use super::{Unit, image};
use crate::codegen::CodeRange;

const NOTHING: u32 = 0;
const REGISTER: u32 = 1;
const UNREGISTER: u32 = 2;

#[repr(C)]
struct Entry {
    next: *mut Entry,
    previous: *mut Entry,
    image: *const u8,
    size: u64,
}

#[repr(C)]
pub struct Descriptor {
    version: u32,
    action: u32,
    relevant: *mut Entry,
    first: *mut Entry,
}

/// gdb reads the list from here; the name is its own.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "gdb looks for this name")]
pub static mut __jit_debug_descriptor: Descriptor =
    Descriptor { version: 1, action: NOTHING, relevant: ptr::null_mut(), first: ptr::null_mut() };

/// gdb has a breakpoint here and then looks at the descriptor.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn __jit_debug_register_code() {
    // SAFETY: nothing is executed; it keeps calls of this function from being optimised away.
    unsafe { core::arch::asm!("", options(nomem, nostack, preserves_flags)) };
}

/// An image that gdb knows.
#[derive(Debug)]
struct Image {
    units: Vec<Unit>,
    rank: u32,
    /// What gdb reads; it must not move.
    _bytes: Box<[u8]>,
    entry: *mut Entry,
}

/// All images, the largest first.
#[derive(Debug, Default)]
pub(super) struct Images {
    images: Vec<Image>,
    failed: bool,
}

impl Images {
    pub(super) fn add(&mut self, unit: Unit) {
        if self.failed {
            return;
        }
        let (mut units, mut rank) = (vec![unit], 0);
        while let Some(last) = self.images.pop_if(|last| last.rank == rank) {
            let mut joined = unregister(last);
            joined.append(&mut units);
            units = joined;
            rank += 1;
        }
        self.show(self.images.len(), units, rank);
    }

    /// The unit of this range is gone; the others of its image stay.
    pub(super) fn remove(&mut self, range: CodeRange) {
        let Some(at) = self.images.iter().position(|image| image.units.iter().any(|unit| unit.range == range)) else {
            return;
        };
        let image = self.images.remove(at);
        let rank = image.rank;
        let mut units = unregister(image);
        units.retain(|unit| unit.range != range);
        if !units.is_empty() {
            self.show(at, units, rank);
        }
    }

    fn show(&mut self, at: usize, units: Vec<Unit>, rank: u32) {
        match image::build(&units) {
            Ok(bytes) => self.images.insert(at, register(units, rank, bytes.into_boxed_slice())),
            Err(message) => {
                eprintln!("jitvm: --gdb-jit: {message}; going on without it");
                self.failed = true;
            }
        }
    }
}

fn register(units: Vec<Unit>, rank: u32, bytes: Box<[u8]>) -> Image {
    let entry =
        Entry { next: ptr::null_mut(), previous: ptr::null_mut(), image: bytes.as_ptr(), size: bytes.len() as u64 };
    let entry = Box::into_raw(Box::new(entry));
    // SAFETY: the VM has one thread that gets here, entries live until they are taken from the list, and gdb reads
    // while this thread is stopped.
    unsafe {
        let descriptor = &raw mut __jit_debug_descriptor;
        (*entry).next = (*descriptor).first;
        if let Some(first) = (*descriptor).first.as_mut() {
            first.previous = entry;
        }
        (*descriptor).first = entry;
        tell(REGISTER, entry);
    }
    Image { units, rank, _bytes: bytes, entry }
}

fn unregister(image: Image) -> Vec<Unit> {
    // SAFETY: as in `register`; the entry is in the list, and freed after gdb has seen it go.
    unsafe {
        let descriptor = &raw mut __jit_debug_descriptor;
        let (next, previous) = ((*image.entry).next, (*image.entry).previous);
        match previous.as_mut() {
            Some(previous) => previous.next = next,
            None => (*descriptor).first = next,
        }
        if let Some(next) = next.as_mut() {
            next.previous = previous;
        }
        tell(UNREGISTER, image.entry);
        drop(Box::from_raw(image.entry));
    }
    image.units
}

/// # Safety
/// The entry is or was just in the list.
unsafe fn tell(action: u32, entry: *mut Entry) {
    let descriptor = &raw mut __jit_debug_descriptor;
    // SAFETY: one thread writes the descriptor. Volatile, since gdb reads it behind the compiler's back.
    unsafe {
        (&raw mut (*descriptor).relevant).write_volatile(entry);
        (&raw mut (*descriptor).action).write_volatile(action);
        __jit_debug_register_code();
        (&raw mut (*descriptor).action).write_volatile(NOTHING);
    }
}
