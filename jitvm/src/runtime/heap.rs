//! The heap.
pub struct Heap;
