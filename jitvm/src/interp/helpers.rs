//! The one table of functions that traces call (`CALLH`), with their effects.
//!
//! A helper has the C ABI, takes the VM and up to five words, and returns a tagged value, or `EXC` with
//! `Vm::exception` set. It may collect garbage; it may run Python code only where its effects say `any`.

use crate::runtime::vm::Vm;

/// What a helper may do besides returning a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effects {
    /// Same operands, same result, nothing else changes: calls may be shared and dropped.
    pub pure: bool,
    /// May write lists, cells or fields that the trace has read.
    pub writes: bool,
    /// May return `EXC`.
    pub raises: bool,
}

/// Address of a helper, by number of arguments after the VM.
#[derive(Clone, Copy, Debug)]
pub enum Entry {
    A1(extern "C" fn(*mut Vm, u64) -> u64),
    A2(extern "C" fn(*mut Vm, u64, u64) -> u64),
    A3(extern "C" fn(*mut Vm, u64, u64, u64) -> u64),
    A4(extern "C" fn(*mut Vm, u64, u64, u64, u64) -> u64),
    A5(extern "C" fn(*mut Vm, u64, u64, u64, u64, u64) -> u64),
}

impl Entry {
    pub const fn arguments(self) -> usize {
        match self {
            Entry::A1(_) => 1,
            Entry::A2(_) => 2,
            Entry::A3(_) => 3,
            Entry::A4(_) => 4,
            Entry::A5(_) => 5,
        }
    }
    pub fn address(self) -> usize {
        match self {
            Entry::A1(f) => f as usize,
            Entry::A2(f) => f as usize,
            Entry::A3(f) => f as usize,
            Entry::A4(f) => f as usize,
            Entry::A5(f) => f as usize,
        }
    }
    /// Calls the helper; `arguments` has as many words as the entry takes.
    pub fn call(self, vm: *mut Vm, w: &[u64]) -> u64 {
        match self {
            Entry::A1(f) => f(vm, w[0]),
            Entry::A2(f) => f(vm, w[0], w[1]),
            Entry::A3(f) => f(vm, w[0], w[1], w[2]),
            Entry::A4(f) => f(vm, w[0], w[1], w[2], w[3]),
            Entry::A5(f) => f(vm, w[0], w[1], w[2], w[3], w[4]),
        }
    }
}

/// Index into [`HELPERS`]; the `c` operand of `CALLH`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HelperId(pub u16);

#[derive(Clone, Copy, Debug)]
pub struct Helper {
    pub name: &'static str,
    pub entry: Entry,
    pub effects: Effects,
}

/// Every helper; filled by the recorder's needs.
pub const HELPERS: &[Helper] = &[];
