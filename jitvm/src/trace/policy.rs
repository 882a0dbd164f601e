//! When to record.

/// Hotness and trace of one loop.
#[derive(Debug, Default)]
pub struct LoopState;
