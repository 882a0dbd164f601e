//! Hotness, recording, and the traces there are.

pub mod policy;

/// All traces and what decides about them.
pub struct Jit;
