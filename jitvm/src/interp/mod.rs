//! The interpreter.

pub mod helpers;
