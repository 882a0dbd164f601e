//! Machine code of traces against plain evaluation of the same operations.

mod allocation;
mod evaluate;
mod loops;
mod operations;
mod random;
mod sides;
mod support;
