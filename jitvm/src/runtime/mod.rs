//! Values, objects, the heap, and what Python operators do.

pub mod heap;
pub mod object;
pub mod value;
pub mod vm;
