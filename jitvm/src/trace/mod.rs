//! Hotness, recording, and the traces there are.

pub mod policy;

use crate::runtime::value::Value;

/// All traces and what decides about them.
#[derive(Default)]
pub struct Jit;

impl Jit {
    /// Constants of traces.
    pub fn visit_roots(&self, _f: &mut dyn FnMut(Value)) {}
}
